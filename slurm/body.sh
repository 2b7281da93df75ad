# The same in all scripts of dsep jobs from here on: launch the command, pass signals on, have a run
# that stopped with a checkpoint started again, and say in the log what is carried over.
# shellcheck shell=bash disable=SC2154,SC2317

set -u
if [ -z "${SLURM_JOB_ID:-}" ]; then
    echo "this is a batch script: give it to sbatch" >&2
    exit 2
fi
job=$SLURM_JOB_ID script=$directory/job.sh made=$output of=''
case $kind in
    array)
        if [ -z "${SLURM_ARRAY_TASK_ID:-}" ]; then
            echo "this is the script of a job array: sbatch --array=K" >&2
            exit 2
        fi
        part=$SLURM_ARRAY_TASK_ID of=-$SLURM_ARRAY_TASK_ID
        job=${SLURM_ARRAY_JOB_ID}_$part # the number alone would mean the whole array
        made=$output.part-$part-of-$parts
        command+=(--part "$part/$parts")
        ;;
    merge)
        script=$directory/merge.sh of=-merge
        for ((k = 1; k <= parts; k++)); do command+=("$output.part-$k-of-$parts"); done
        ;;
esac
runs=$directory/runs$of.txt progress=$directory/progress$of.json
command+=(--progress-file "$progress")
again="sbatch ${part:+--array=$part }$(printf %q "$script")"

# One thread a rank, and what Open MPI needs under srun; set otherwise, that stands.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
export OMPI_MCA_osc="${OMPI_MCA_osc-^ucx}"
export OMPI_MCA_mpi_yield_when_idle="${OMPI_MCA_mpi_yield_when_idle-1}"
export PMIX_MCA_gds="${PMIX_MCA_gds-hash}"

# Where srun cannot start Open MPI programs: launch=(mpirun)
launch=(srun --mpi=pmix --kill-on-bad-exit=1 --export=ALL --ntasks="$SLURM_NTASKS")

say() { printf 'dsep job: %s\n' "$*"; }

# The runs of this job are remembered: a line where one begins and one where it ends.
note() { printf '%s job %s %s\n' "$(date '+%F %T')" "$job" "$*" >>"$runs"; }

requeues() {
    local count
    count=$(grep -c " job $job run .*; requeued for run " "$runs" 2>/dev/null)
    echo "${count:-0}"
}

# What there is to go on from.
kept() {
    local file
    for file in "$made.checkpoint" "$made.checkpoint.old"; do
        [ -s "$file" ] || continue
        echo "$file of $(date -r "$file" '+%F %T')"
        return 0
    done
    return 1
}

# srun can end with 0 when the network fails: whether this run says that it is done.
whole() {
    [ -e "$made" ] && { [ ! "$made" -ot "$runs" ] || { [ ! "$progress" -ot "$runs" ] &&
        grep -q '"state": *"done"' "$progress"; }; }
}

fail() {
    say "$2"
    note "run $run failed ($1): $2"
    exit "$1"
}

# A signal to this script goes on to the ranks; SIGTERM is the end of the job.
step='' caught='' ending=''
pass() {
    caught=$1
    [ -z "$step" ] || kill -s "$1" "$step" 2>/dev/null
}
trap 'pass USR1' USR1
trap 'ending=yes; pass TERM' TERM

run=1 last=''
if [ -s "$runs" ]; then
    run=$(($(grep -c ' began on ' "$runs") + 1))
    last=$(tail -n 1 "$runs")
fi
here="$SLURM_JOB_NUM_NODES node(s) ($SLURM_JOB_NODELIST), $SLURM_NTASKS rank(s)"
say "$(date '+%F %T') run $run, job $job, on $here"
case $last in
    '') ;;
    *' began on '*) say "the run before ended without a word: its node failed, or it was killed (${last:0:19} began)" ;;
    *) say "the run before: $last" ;;
esac
if [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ]; then
    say "Slurm has started this job $((SLURM_RESTART_COUNT + 1)) times"
fi
note "run $run began on $here" || say "cannot write $runs"

# --restart: the first run begins anew, those that follow go on.
if [ -n "$restart" ] && [ "$run" = 1 ]; then
    rm -f -- "$made.checkpoint" "$made.checkpoint.old"
    [ "$kind" != array ] || rm -f -- "$made"
fi

if before=$(kept); then say "going on from checkpoint $before"; else
    before=''
    say "from the beginning: there is no checkpoint"
fi

cd -- "$where" || fail 5 "the directory $where is not on this node"
[ -x "$program" ] || fail 5 "$program is not on this node"
if [ "${launch[0]}" = srun ] && ! srun --mpi=list 2>&1 | grep -q pmix; then
    fail 5 "srun has no pmix here (srun --mpi=list): write launch=(mpirun) into $script and submit it again, or ask for Slurm's pmix plugin"
fi

# dsep keeps a checkpoint before the job must end. Newer Slurms tell it when.
if [ -z "${SLURM_JOB_END_TIME:-}" ]; then
    end=$(SLURM_TIME_FORMAT=standard squeue -h -j "$job" -o %e 2>/dev/null)
    [ -n "$end" ] && end=$(date -d "$end" +%s 2>/dev/null) && export SLURM_JOB_END_TIME="$end"
fi

# A node that was lost and comes back would end the step that has the number of its own, and so
# each start after a loss has another.
lost=$((${SLURM_RESTART_COUNT:-0} - $(requeues)))
for ((i = 0; i < lost && i < 100; i++)); do srun --ntasks=1 --nodes=1 true; done

code=85
if [ -z "$caught" ]; then
    "${launch[@]}" "$program" "${command[@]}" &
    step=$!
    caught=waiting
    while [ -n "$caught" ]; do # a signal ends wait
        caught=''
        wait "$step"
        code=$?
    done
fi

case $code in
    0)
        whole || fail 1 "srun ended with 0, but nothing says that $made is whole: a node or the network failed. Slurm starts the job again when it has given the node up; otherwise $again goes on from the last checkpoint"
        say "done: $made"
        note "run $run done (0)"
        exit 0
        ;;
    85) ;; # stopped in good order: see below
    2 | 3) fail $code "dsep refused the command or its data and says above what to change" ;;
    4) fail 4 "it does not fit this job; dsep says above what would. Submit it again with more" ;;
    5) fail 5 "reading or writing failed, as dsep says above; when that is mended, $again goes on from the last checkpoint" ;;
    70) fail 70 "a fault of dsep, which says more above; please report it" ;;
    137) fail 137 "a rank was killed (SIGKILL): out of memory, by a person, or its node is going down. $again goes on from the last checkpoint; out of memory, submit it with more --memory" ;;
    138) fail 138 "the warning came before anything could be kept; submit it with more --time" ;;
    143) fail 143 "the job was ended (SIGTERM) before this run was in good order; $again goes on from the last checkpoint" ;;
    *) fail "$code" "a rank or the launch failed with $code, see above; $again goes on from the last checkpoint" ;;
esac

after=$(kept) || after=''
carried="stopped with checkpoint $after"
[ "$after" != "$before" ] || carried="stopped with nothing new kept"
if [ -n "$ending" ]; then
    fail 85 "$carried; the job was cancelled or its time is over. $again goes on"
fi
if [ "$after" = "$before" ] && [[ $last == *'nothing new kept'* ]]; then
    fail 85 "$carried, like the run before: each run needs more --time"
fi
requeues=$(requeues)
if [ "$requeues" -ge "$most_requeues" ]; then
    fail 85 "$carried; it was requeued $requeues times, which is the most (--most-requeues). $again goes on"
fi
say "$carried; requeued for run $((run + 1)), $((most_requeues - requeues - 1)) left"
note "run $run $carried; requeued for run $((run + 1))" ||
    fail 85 "cannot write $runs, so it is not requeued; $again goes on"
trap '' TERM # requeuing ends this script
scontrol requeue "$job" || fail 85 "Slurm would not requeue it; $again goes on"
exit 85
