#!/usr/bin/env bash
# dsep status: every state of a job in plain words, from Slurm's recorded answers (slurm-answers.txt)
# and progress files; what it does without Slurm, without a progress file, and with damaged files.
# shellcheck source=tests/support/tap.sh
. tests/support/tap.sh
answers=$PWD/tests/cli/slurm-answers.txt
DSEP=$(realpath "$DSEP")

# --- a Slurm that plays the answers ------------------------------------------------------------

mkdir -p "$scratch/bin" "$scratch/jobs" "$scratch/none"
cd "$scratch/jobs" || exit 1
sed -e '/^#/d' -e "s|@DIR@|$PWD|g" -e "/JobName=running/s|EndTime=[^ ]*|EndTime=@END@|" \
    "$answers" >"$scratch/answers"
cat >"$scratch/bin/scontrol" <<END
#!/bin/bash
[ "\$1 \$2 \$3" = "--oneliner show job" ] || { echo "scontrol \$*" >&2; exit 3; }
sed "s|@END@|\$(date -d '+30 min' +%FT%T)|" "$scratch/answers" |
    grep -E "^JobId=\$4 |^JobId=[0-9]+ ArrayJobId=\$4 " ||
    { echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1; }
END
cat >"$scratch/bin/squeue" <<END
#!/bin/bash
sed -E 's/^JobId=([0-9]+) (ArrayJobId=([0-9]+))?.* Command=(.*) WorkDir=.*/\\1:\\3 \\4/; s/^[0-9]+:([0-9]+)/\\1/; s/:.?//' \
    "$scratch/answers"
END
chmod +x "$scratch/bin/scontrol" "$scratch/bin/squeue"

# job NAME NUMBER [PARTS MERGE-JOB]: what dsep submit leaves
job() {
    mkdir -p "$1.job"
    printf '{"job": "%s", "merge_job": %s, "command": ["discover", "my d.csv"], "output": "%s", "parts": %s,
"submitted": "2026-11-23T00:00:00Z", "most_requeues": 20, "name": "%s"}\n' "$2" "${4:-null}" \
        "$PWD/$1.h5" "${3:-0}" "$1" >"$1.job/job.json"
}

# progress FILE MEMBER...: a progress file; members as in JSON replace those of a run that goes on
progress() {
    local file=$1 now
    now=$(date -u +%FT%TZ)
    shift
    local IFS=,
    printf '{"state": "running", "code": 0, "message": "", "phase": "order 2", "done": 1204,
"total": 5000, "unit": "tasks", "rate": 12.5, "seconds_left": 303.7, "seconds": 96.2,
"seconds_before": 0, "memory": 48107520, "ranks": 2, "nodes": 2, "job": "12", "restarts": 0,
"host": "elsewhere", "pid": 1, "started": "%s", "updated": "%s", "output": "x.h5"%s}\n' \
        "$now" "$now" "${*:+,$*}" >"$file"
}

# status ARGUMENTS...: with that Slurm
status() {
    run env PATH="$scratch/bin:$PATH" "$DSEP" status "$@"
}

# look NAME...: all that is known of these jobs
look() {
    status "${@/%/.job}"
    is "$status$err" 0 "status of $*"
    all=$out
}

# says NAME REGEX...: what was said of the job holds a line for each
says() {
    local name=$1 said line
    shift
    said=$(awk -v name="$name" -v RS= '$1 == "job" && $3 == name' <<<"$all")
    for line; do like "$said" "$line" "$name: $line"; done
}

# --- nothing there yet -------------------------------------------------------------------------

status
is "$status $out" "0 no jobs below this directory: dsep submit makes X.job beside the result X.h5" \
    "no jobs"

for pair in done:1 failed:2 killed:3 bound:4 crashed:5 timeout:6 never:7 nodefail:8 nodedown:9 \
    requeued:10 cancelled:11 running:12 wide:15 behind:16 held:17 long:18 gone:77; do
    job "${pair%:*}" "${pair#*:}"
done
job parts 13 4 '"14"'
job shares 113 4 '"114"'

# --- each state --------------------------------------------------------------------------------

progress done.job/progress.json '"state": "done"' '"job": "1"' '"phase": "writing"' '"total": 0'
echo result >done.h5
progress failed.job/progress.json '"state": "failed"' '"code": 3' '"message": "d.csv:7: no number"' '"job": "2"'
progress killed.job/progress.json '"job": "3"'
printf 'one\ntwo\n\nsrun: error: n1: task 0: Killed\n' >killed.job/log.txt
progress requeued.job/progress.json '"state": "stopped"' '"code": 85' '"job": "10"' \
    '"message": "SIGUSR1 ended the run"' '"seconds_before": 3600'
look 'done' failed killed bound crashed timeout never nodefail nodedown requeued cancelled wide behind \
    held long gone running
says 'done' "command +dsep discover 'my d.csv'\$" 'state +done$' 'result +done.h5 .*dsep show done.h5'
says failed 'failed: exit code 3' 'it said +d.csv:7: no number' "once that is put right: sbatch .*/failed.job/job.sh goes on"
says killed 'a rank was killed \(exit code 137\)' 'had reached order 2: 1,204 of 5,000 tasks' \
    'srun: error: n1: task 0: Killed'
says bound 'stopped: in good order, with a checkpoint, and was not requeued' 'sbatch .*goes on'
says crashed 'failed: JobLaunchFailure, signal 11'
says timeout 'timeout: ended by Slurm at its limit of 00:01:00' 'dsep submit --time'
says never 'never starts: .*afterok:2\(failed\)' 'scancel 7; then sbatch .*never.job/job.sh'
says nodefail 'node failed: one of n3 failed'
says nodedown 'pending: waits for nodes that are down.*UnavailableNodes:n3'
says requeued 'requeued: waits for its time to begin .*begins about 2026-11-23T' 'requeues +1; after a stop at most 20' \
    '1 h 00 min carried over' 'had reached order 2: 1,204 of 5,000'
says cancelled 'cancelled: by hand'
says wide 'pending: waits for nodes that are down, drained or reserved'
says behind 'pending: waits behind jobs of higher priority \(Priority\); begins about 2026-'
says held 'is held by its owner' 'scontrol release 17'
says long 'asks for more time than the partition' 'scontrol update JobId=18'
says gone 'unknown: it has written no progress file, and Slurm tells nothing of it'
says running 'starting on n\[1-2\] since .*has not said anything yet'
sed '/^JobId=2 /s/JobState=FAILED/JobState=OUT_OF_MEMORY/' -i "$scratch/answers"
progress running.job/progress.json
printf 'slurmstepd-n3: error: StepId=3.0 exceeded memory limit (9 > 8), being killed\n' >>killed.job/log.txt
look failed killed running
says killed 'out of memory: a node had less'
says failed 'out of memory: a node had less' 'dsep submit --memory'

# --- running: with a progress file of this run, of the one before, and an old one ----------------

says running 'running on n\[1-2\] since' 'order 2: 1,204 of 5,000 tasks \(24 %\), 12.5 tasks a second, 5 min 04 s left' \
    '(29|30) min .*left of 00:10:00, until .*; this phase ends in it' 'requeues +0; after'
progress running.job/progress.json '"seconds_left": 7200'
look running
says running '; then it keeps a checkpoint, is requeued and goes on'
progress running.job/progress.json '"rate": 0' '"seconds_left": null'
look running
says running 'order 2: 1,204 of 5,000 tasks \(24 %\)$'
progress running.job/progress.json '"job": "11"'
look running
says running 'starting on' 'had reached order 2'
long_ago="\"updated\": \"$(date -u -d '3 days ago' +%FT%TZ)\""
progress running.job/progress.json "$long_ago"
look running
says running 'running on .*nothing was heard of it for [0-9]+ (h|days)'
progress running.job/progress.json

# --- arrays ------------------------------------------------------------------------------------

for k in 1 2; do progress "shares.job/progress-$k.json" "\"job\": \"11$((8 + k))\"" '"phase": "replicates"'; done
status shares.h5
like "$out" '^1 +113_1 +running +replicates +1,204 of 5,000 tasks \(24 %\) +5 min 04 s +0$' "array: a part"
like "$out" '^4 +113_4 +pending +\(JobArrayTaskLimit\) +0$' "array: parts that wait have one record"
like "$out" '^merge +114 +pending +\(Dependency\)' "array: the merge"
like "$out" '^  state +running$' "array: the whole"
is "$(grep -c 'as many parts run as the array allows' <<<"$out")" 1 "array: a reason is said once"
status parts
like "$out" '^2 +13_2 +failed' "an array with a part that failed"
like "$out" '^  part 2 +exit code 5' "which is told"
like "$out" 'sbatch --array=2 .*/parts.job/job.sh goes on with it; then sbatch .*/parts.job/merge.sh' "and how to go on"
like "$out" 'scancel 14; then sbatch .*/merge.sh unites the parts' "and about the merge that never starts"
status 13_2
like "$out" 'state +failed: exit code 5' "one part by number"
status 13_9
is "$status $err" "3 dsep: job 13 has no part 9: it has 4" "a part that is not there"
job again 999
sed -n "s|^JobId=12 |JobId=212 |; s|running.job|again.job|; /^JobId=212 /p" "$scratch/answers" >"$scratch/more"
cat "$scratch/more" >>"$scratch/answers"
look again
says again 'job 212' 'starting on n\[1-2\]'

# --- which job ---------------------------------------------------------------------------------

status 12
like "$out" '^job 12, running$' "by number"
mkdir -p far
(cd far && status 12 && like "$out" '^job 12, running$' "by number, from elsewhere" && echo "$tests $failures" >"$scratch/count")
read -r tests failures <"$scratch/count"
status 77
like "$out" '^job 77, gone$' "a number that Slurm has forgotten"
status 4711
is "$status" 3 "an unknown number"
like "$err" 'no job 4711: Slurm does not know it .any more., and no job.json below .*dsep status X.job' "with its remedy"
status nothing.h5
is "$status" 3 "an unknown path"
like "$err" "no job 'nothing.h5': expected a job's directory" "with its remedy"
status "$scratch/none/"
like "$out" "^no jobs below $scratch/none/" "a directory without jobs"

# --- all of them -------------------------------------------------------------------------------

progress requeued.job/progress.json '"job": "10"'
status
is "$status" 0 "a table of all"
like "$out" '^JOB +STATE +PHASE +DONE +LEFT +REQUEUES +OUTPUT$' "with a head"
like "$out" '^12 +running +order 2 +1,204 of 5,000 tasks \(24 %\) +5 min 04 s +0 +running.h5$' "one that runs"
like "$out" '^10 +requeued +\(BeginTime\) +1,204 of .* 1 +requeued.h5$' "one that was requeued"
like "$out" '^13 +failed +parts +3 of 4 parts +0 +parts.h5$' "an array"
is "$(wc -l <<<"$out")" 21 "all are there"
status --json
like "$out" '"state": "out of memory"' "JSON of all"
ok "which is valid" /usr/bin/env python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); sys.exit(len(d) != 20)' "$scratch/out"
status 113 --json
ok "JSON of one" /usr/bin/env python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
p = d["parts"]
sys.exit(not (d["state"] == "running" and len(p) == 5 and p[0]["slurm"]["job"] == 119 and
              p[0]["progress"]["done"] == 1204 and p[4]["part"] == "merge" and p[3]["progress"] is None))' "$scratch/out"
status 113 running.job . --json
ok "JSON of several, a directory among them, is one array" /usr/bin/env python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
sys.exit(not (len(d) == 22 and d[0]["parts"][0]["slurm"]["job"] == 119 and
              d[1]["directory"].endswith("running.job") and all(len(j["parts"]) for j in d)))' "$scratch/out"
status 113 4711 --json
is "$status $(/usr/bin/env python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))))' "$scratch/out")" \
    "3 1" "one of them is not there: the others are a whole array"

# --- without Slurm -----------------------------------------------------------------------------

alone() {
    run env PATH="$scratch/none" "$DSEP" status "$@"
}
progress alone.json '"job": null'
alone alone.json
is "$status" 0 "a progress file alone"
like "$out" 'there is no Slurm on this machine' "which is said"
like "$out" 'state +running on elsewhere since' "what it says"
progress alone.json '"job": null' "\"host\": \"$(hostname)\"" '"pid": 999999999'
alone alone.json
like "$out" 'silent: its process is gone without a word' "a run that was killed"
progress alone.json '"job": null' "$long_ago"
alone alone.json
like "$out" 'silent: nothing was heard of it for [0-9]+ (h|days)' "an old one"
alone failed
like "$out" 'failed: exit code 3' "a job's own words"
printf '#!/bin/bash\necho "slurm_load_jobs error: Unable to contact slurm controller" >&2\nexit 1\n' >"$scratch/none/squeue"
chmod +x "$scratch/none/squeue"
run env PATH="$scratch/none:/bin" "$DSEP" status running.job
like "$out" 'Slurm does not answer .*Unable to contact slurm controller' "a Slurm that does not answer"

printf "#!/bin/bash\necho \"squeue: unrecognized option '--me'\" >&2\nexit 1\n" >"$scratch/none/squeue"
run env PATH="$scratch/none:$scratch/bin:$PATH" "$DSEP" status running.job
like "$out" 'running on n\[1-2\] since' "a Slurm too old to tell whose jobs are whose"

# --- damaged files -----------------------------------------------------------------------------

for text in '' '{' '[1]' '{"state": 3, "done": "x", "total": [], "job": {}}' '{"state": "running", "done": 1e308, "total": 1e-308}'; do
    printf '%s' "$text" >long.job/progress.json
    status long.job
    case $text in
    '{"'*) is "$status" 0 "members of other kinds: $text" ;;
    *) is "$status $(grep -c "long.job/progress.json' is damaged" <<<"$err")" "3 1" "damaged: '$text'" ;;
    esac
done
echo '{' >long.job/job.json
status
is "$status" 3 "one damaged job among others"
like "$err" "long.job/job.json' is damaged" "is named"
like "$out" '^12 +running' "and the others are told"
echo '{"parts": -1}' >long.job/job.json
status long.job
is "$status" 3 "a wrong number of parts"
rm long.job/job.json
status long.job
like "$err" 'there is no job.json in it' "a directory without job.json"
finish
