#!/usr/bin/env bash
# dsep submit with stand-ins for Slurm's commands: what it asks for, what it refuses, and the batch
# script, which is run for real: done, out of time and requeued, out of requeues, killed, signalled,
# as an array with its merge.
# seconds: 120
. tests/support/tap.sh
unset OMPI_MCA_pml OMPI_MCA_btl OMPI_MCA_osc
slurm=$scratch/slurm
mkdir -p "$slurm" "$scratch/it's here"
cp docs/example/breast-cancer.csv "$scratch/it's here/my data.csv"
cd "$scratch/it's here" || exit 1
stop_words="requeued for run"

# stand_in NAME: standard input as a program of PATH; $slurm in it is where all of them write
stand_in() {
    { printf '#!/bin/bash\nslurm=%q\n' "$slurm" && cat; } >"$slurm/$1"
    chmod +x "$slurm/$1"
}

stand_in sbatch <<'END'
if [ -e "$slurm/refuse" ]; then
    echo "sbatch: error: invalid partition specified: nowhere" >&2
    exit 1
fi
job=$(($(cat "$slurm/number" 2>/dev/null || echo 100) + 1))
echo $job >"$slurm/number"
printf '%s\n' "$@" >"$slurm/sbatch.$job"
env >"$slurm/environment.$job"
echo "sbatch: lua: welcome" >&2
echo "$job;cluster"
END
stand_in sinfo <<'END'
[[ $* == *"-p short" ]] || echo "long|2|8|64000|infinite"
[[ $* == *"-p long" ]] || echo "short*|4|4|8000|1:00:00"
END
stand_in squeue <<'END'
case "$*" in
*%e*) date -d '+1 hour' '+%FT%T' ;;
*) cat "$slurm/queue" 2>/dev/null ;;
esac
END
stand_in scontrol <<'END'
echo "$*" >>"$slurm/requeues"
END
# It does what the file `acts` says in its next line: run, or leave a checkpoint (or not) and a code.
stand_in srun <<'END'
if [ "$1" = --mpi=list ]; then
    printf 'MPI plugin types are...\n\t%s\n' "$(cat "$slurm/plugins" 2>/dev/null || echo pmix)"
    exit
fi
if [ "${*: -1}" = true ]; then
    echo "a step without work" >>"$slurm/requeues"
    exit
fi
printf '%s\n' "$@" >"$slurm/srun.words"
env >"$slurm/srun.environment"
while [[ $1 == -* ]]; do shift; done
act=$(head -n 1 "$slurm/acts")
sed -i 1d "$slurm/acts"
checkpoint=$(cat "$slurm/checkpoint" 2>/dev/null)
case $act in
run) exec "${MPIRUN:-mpirun}" --quiet -n "$SLURM_NTASKS" "$@" ;;
keep*) echo "$RANDOM" >"$checkpoint" && touch -d "@$((1700000000 + $(wc -l <"$slurm/requeues")))" "$checkpoint" ;;
wait)
    trap 'echo kept >"$checkpoint"; echo USR1 >"$slurm/got"; exit 85' USR1
    trap 'echo kept >"$checkpoint"; echo TERM >"$slurm/got"; exit 85' TERM
    touch "$slurm/waiting"
    for ((i = 0; i < 600; i++)); do sleep .05; done
    ;;
done) rm -f "$checkpoint" && touch "${checkpoint%.checkpoint}" && exit 0 ;;
esac
exit "${act##* }"
END
PATH=$slurm:$PATH
export PATH

# acts LINE...: what srun will do
acts() {
    printf '%s\n' "$@" >"$slurm/acts"
    : >"$slurm/requeues"
    rm -f "$slurm/waiting" "$slurm/got"
}

# job SCRIPT RESTARTS [TASK]: runs it as Slurm would; its log in $log and its exit code in $status.
# With $signal set, the script gets that signal while srun waits.
job() {
    local task=() i
    [ -z "${3:-}" ] || task=(SLURM_ARRAY_TASK_ID="$3" SLURM_ARRAY_JOB_ID=77)
    env SLURM_JOB_ID="${number:-101}" SLURM_NTASKS=2 SLURM_JOB_NUM_NODES=2 SLURM_JOB_NODELIST='n[1-2]' \
        SLURM_RESTART_COUNT="$2" "${task[@]}" bash "$1" >"$scratch/log" 2>&1 &
    for ((i = 0; i < 400; i++)); do
        [ -z "${signal:-}" ] || [ -e "$slurm/waiting" ] && break
        sleep .05
    done
    [ -z "${signal:-}" ] || kill -s "$signal" $!
    wait $!
    status=$?
    log=$(cat "$scratch/log")
}

submit=("$DSEP" submit)
short=(--ranks 2 --memory 1G --time 20:00 --no-plan)

# --- printing and refusing ---
run env PATH=/nonexistent "$DSEP" submit --print discover "my data.csv" --drop diagnosis -o r.h5
is "$status" 0 "--print needs no Slurm"
ok "bash accepts the script" bash -n "$scratch/out"
like "$(env PATH=/nonexistent "$DSEP" submit --print --no-plan --ranks 1 --memory 1G --time 1-02:30 discover x.csv)" \
    "#SBATCH --time=26:30:00" "days as Slurm writes them"
like "$out" "^#SBATCH --mem=[0-9]+M$" "it asks for the memory of the plan"
like "$out" "^command=\(discover 'my data.csv' --drop diagnosis --output '/.*/it'\\\\''s here/r.h5'\)$" \
    "the command is there, its result with its whole path"
ok "nothing was made" test ! -e r.job
run env PATH=/nonexistent "$DSEP" submit "${short[@]}" discover "my data.csv" -o r.h5
is "$status" 5 "without sbatch: exit code"
like "$err" "there is no sbatch here.*--print" "without sbatch: remedy"
touch "$slurm/refuse"
run "${submit[@]}" "${short[@]}" --partition long discover "my data.csv" -o r.h5
is "$status" 5 "sbatch refuses: exit code"
like "$err" "sbatch refused the job: sbatch: error: invalid partition specified: nowhere" "in Slurm's words"
ok "and nothing is left" test ! -e r.job
rm "$slurm/refuse"

# --- a study file behind the command ---
printf 'drop = diagnosis\n[discover]\nalpha = 0.02\n[submit]\nprint = yes\nno-plan = yes\nranks = 3\nmemory = 2G\ntime = 11:00\n' >f.ini
run "${submit[@]}" --time 12:00 discover "my data.csv" --study f.ini -o r.h5
is "$status $(grep -E '^#SBATCH --(ntasks|mem|time)=' <<<"$out" | tr '\n' ' ')" \
    "0 #SBATCH --ntasks=3 #SBATCH --mem=2048M #SBATCH --time=00:12:00 " \
    "its [submit] section counts; the line wins"
printf 'print = yes\nno-plan = yes\nmemory = 2G\n' >g.ini
run "${submit[@]}" --study g.ini --time 12:00 --ranks 2 discover "my data.csv" --study f.ini -o r.h5
is "$status $(grep -E '^#SBATCH --(ntasks|time)=' <<<"$out" | tr '\n' ' ')" \
    "0 #SBATCH --ntasks=2 #SBATCH --time=00:12:00 " "one before the command is the only one"

# refused CODE PATTERN WORDS...
refused() {
    local code=$1 pattern=$2
    shift 2
    run "${submit[@]}" "$@"
    is "$status" "$code" "refused: ${*//$'\n'/ }"
    like "$err" "$pattern" "why: ${*//$'\n'/ }"
}
refused 2 "'show' is nothing to submit" show r.h5
"$DSEP" discover "my data.csv" --drop diagnosis -q -o done.h5
refused 2 "'done.h5' is a result: .* needs no job; run dsep sensitivity done.h5 itself" --ranks 1 sensitivity done.h5
refused 2 "alpa is no option of dsep discover" discover x.csv --alpa 1
refused 2 "--time is for the job and stands before the command: dsep submit --time HH:MM:SS discover" \
    discover x.csv --time 10:00
refused 2 "means nothing with --method lingam" discover x.csv --method lingam --orientation majority
refused 2 "nodez is no option of dsep submit" --nodez 1 discover x.csv
refused 2 "needs COMMAND" --nodes 1
printf '[submit]\nnodez = 1\n' >h.ini
refused 2 "h.ini:2: 'nodez' is no option of dsep submit" discover x.csv --study h.ini
refused 5 "cannot read the study file 'i.ini'" discover x.csv --study i.ini
refused 2 "try dsep submit --print" discover x.csv --dry-run
refused 2 "needs --ranks, --memory and --time" --no-plan --ranks 1 discover x.csv
refused 2 "expected an option of sbatch" --sbatch exclusive discover x.csv
refused 2 "nothing to share out" --array 3 discover x.csv
refused 2 "there are 2 replicates" --array 3 discover x.csv --replicates 2
refused 2 "line end" "${short[@]}" --job-name "$(printf 'a\nb')" discover x.csv
refused 5 "missing.csv" discover missing.csv
refused 4 "needs .* of memory|is less than" --memory 1M discover "my data.csv" --drop diagnosis
refused 4 "no node of partition short has more than 7.8 GiB" --ranks 2 --memory 20G --time 1:00 --no-plan discover x.csv
refused 4 "do not fit partition long, which has 2 such nodes with 16 cores; --nodes 2 --ranks 6 would fit" --nodes 3 "${short[@]}" --ranks 6 --partition long discover x.csv
refused 2 "30 minutes are --time 30:00" --no-plan --ranks 1 --memory 1G --time 30 discover x.csv
refused 4 "with --time 01:00:00 it goes on" "${short[@]}" --time 2:00:00 discover x.csv
ok "nothing was submitted" test ! -e "$slurm/number"

# --- a job ---
run env -u PMIX_MCA_gds SLURM_JOB_ID=9 SLURM_MEM_PER_CPU=3 "${submit[@]}" "${short[@]}" --account "my group" \
    --sbatch --exclusive --sbatch "--mail-type=END" discover "my data.csv" --drop diagnosis -o r.h5
is "$status" 0 "submitted: exit code"
like "$out" "submitted job 101: 2 ranks, 1 GiB a node, 00:20:00 a run" "its number"
like "$out" "cancel +scancel 101" "how to cancel"
like "$err" "warning: sbatch: lua: welcome" "and what Slurm says besides"
like "$(cat r.job/job.sh)" '^#SBATCH --account="my group"$' "the account"
like "$(cat r.job/job.sh)" "^#SBATCH --mail-type=END$" "lines of sbatch"
is "$(tail -n 1 "$slurm/sbatch.101")" "$PWD/r.job/job.sh" "sbatch was given the script"
like "$(tr -d ' \n' <r.job/job.json)" '"job":"101".*"parts":0.*"merge_job":null' "job.json"
is "$(grep -cE '^(OMPI_MCA_(pml|btl|osc|sharedfp|ess.*)|PMIX_.*|OMPI_COMM.*|SLURM.*|OPENBLAS_CORETYPE)=' "$slurm/environment.101")" \
    0 "nothing of this run is in the job's environment"
like "$(cat "$slurm/environment.101")" "^OMPI_ALLOW_RUN_AS_ROOT=|^HOME=" "the user's own environment is"
acts run
job r.job/job.sh 0
is "$status" 0 "the job is done: exit code"
like "$log" "run 1, job 101, on 2 node" "its log says where it runs"
like "$log" "from the beginning: there is no checkpoint" "and that it begins"
like "$(cat "$slurm/srun.words")" "^--mpi=pmix$" "srun has its plugin"
like "$(cat "$slurm/srun.environment")" "^SLURM_JOB_END_TIME=1[0-9]{9}$" "the job knows its end"
"$DSEP" discover "my data.csv" --drop diagnosis -q -o direct.h5 >/dev/null
is "$("$DSEP" export r.h5 | cksum)" "$("$DSEP" export direct.h5 | cksum)" "the result is that of a run by hand"
like "$(cat r.job/runs.txt)" "job 101 run 1 done \(0\)" "its runs are remembered"
run "$MPIRUN" --quiet -n 2 "${submit[@]}" --quiet "${short[@]}" discover "my data.csv" -o r.h5
is "$status $(cat "$slurm/number") $out" "0 102 102" "two ranks submit one job"
like "$err" "r.h5' is there, and will be replaced" "a result that is there is said"
is "$(grep -cE '^(OMPI_COMM.*|PMIX_RANK|OMPI_MCA_ess)=' "$slurm/environment.102")" 0 "nothing of mpirun is in its environment"
echo "102|RUNNING|$PWD/r.job/job.sh" >"$slurm/queue"
refused 2 "job 102 of '.*r.job' is there already \(RUNNING\); cancel it with .scancel 102" "${short[@]}" discover "my data.csv" -o r.h5
rm "$slurm/queue"

touch "$slurm/refuse"
refused 5 "sbatch refused.*; nothing runs, but the scripts in '.*r.job' are new" "${short[@]}" discover "my data.csv" -o r.h5
rm "$slurm/refuse"

# --- out of time ---
echo "$PWD/r.h5.checkpoint" >"$slurm/checkpoint"
run "${submit[@]}" "${short[@]}" --most-requeues 2 discover "my data.csv" -o r.h5
number=$(cat "$slurm/number")
acts "keep 85" "done"
job r.job/job.sh 0
is "$status $(cat "$slurm/requeues")" "85 requeue $number" "out of time: requeued"
like "$log" "stopped with checkpoint .*r.h5.checkpoint of .*; $stop_words 3, 1 left" "the log says so"
job r.job/job.sh 1
is "$status" 0 "then it is done"
like "$log" "the run before: .* stopped with checkpoint" "the log says why it runs again"
like "$log" "going on from checkpoint .*r.h5.checkpoint of " "and from where it goes on"
acts "keep 85" "keep 137" "keep 85" "keep 85"
number=500
job r.job/job.sh 0
job r.job/job.sh 1
is "$status" 137 "a rank killed: exit code"
like "$log" "a rank was killed.*out of memory.*sbatch .*job.sh goes on" "and what it means"
job r.job/job.sh 2
echo "2026-01-01 00:00:00 job 500 run 9 began on 1 node" >>r.job/runs.txt
job r.job/job.sh 3
is "$status $(grep -c requeue "$slurm/requeues")" "85 2" "the third time out of time: no more"
like "$log" "requeued 2 times, which is the most \(--most-requeues\)\. sbatch .* goes on" "and how to go on"
like "$log" "the run before ended without a word" "a run that was lost is said"
is "$(grep -c "without work" "$slurm/requeues")" 2 "each start after a loss has a step number of its own"
acts "stay 85" "stay 85"
number=600
job r.job/job.sh 0
like "$log" "nothing new kept; $stop_words" "nothing kept: once more"
job r.job/job.sh 1
like "$log" "like the run before: each run needs more --time" "twice: no more"
is "$(cat "$slurm/requeues")" "requeue 600" "requeued once"
touch -d '1 hour ago' r.h5
acts "stay 0"
job r.job/job.sh 0
is "$status" 1 "srun ends with 0 and has made nothing: exit code"
like "$log" "nothing says that .*r.h5 is whole: a node or the network failed" "and what it means"
acts "stay 4"
job r.job/job.sh 0
is "$status" 4 "dsep's own codes come back"
echo "pmi2" >"$slurm/plugins"
job r.job/job.sh 0
is "$status" 5 "no pmix: exit code"
like "$log" "srun has no pmix here.*launch=\(mpirun\)" "and the remedy"
rm "$slurm/plugins"

# --- signals ---
# signalled NAME
signalled() {
    acts wait
    rm -f "$PWD/r.h5.checkpoint"
    signal=$1 job r.job/job.sh 0
}
number=700
signalled USR1
is "$(cat "$slurm/got") $(cat "$slurm/requeues")" "USR1 requeue 700" "USR1 goes on to the ranks; requeued"
signalled TERM
is "$(cat "$slurm/got")|$(cat "$slurm/requeues")" "TERM|" "so does TERM, and nothing is requeued"
like "$log" "the job was cancelled or its time is over. sbatch .* goes on" "the log says so"
rm -f r.h5.checkpoint "$slurm/checkpoint"

# --- an array ---
unset number
run "${submit[@]}" "${short[@]}" --array 3 discover "my data.csv" --drop diagnosis --replicates 7 -o a.h5
is "$status" 0 "an array: submitted"
first=$(($(cat "$slurm/number") - 1))
like "$out" "job $first, an array of 3" "its number"
like "$(cat "$slurm/sbatch.$((first + 1))")" "^--dependency=afterok:$first$" "the merge waits for it"
like "$(tr -d ' \n' <a.job/job.json)" "\"job\":\"$first\",\"merge_job\":\"$((first + 1))\".*\"parts\":3" "job.json has both"
acts run run run run
for k in 1 2 3; do
    job a.job/job.sh 0 "$k"
    is "$status" 0 "part $k"
done
like "$(cat "$slurm/srun.words")" "^3/3$" "a task does its part"
job a.job/merge.sh 0
is "$status" 0 "the merge"
"$DSEP" discover "my data.csv" --drop diagnosis --replicates 7 -q -o direct.h5 >/dev/null
is "$("$DSEP" export --what replicates a.h5 | cksum)" "$("$DSEP" export --what replicates direct.h5 | cksum)" \
    "is what one run gives"
acts "stay 5"
job a.job/job.sh 0 2
like "$log" "sbatch --array=2 .*job.sh goes on" "a part that failed says how to do it again"
finish
