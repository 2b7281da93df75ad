#!/usr/bin/env bash
# Jobs on a real Slurm: too little memory; four ranks on two nodes; warned, requeued, and resumed on
# another number of nodes; a rank killed. Every result has the bytes of a run of one rank in a terminal.
# seconds: 240
. tests/slurm/cluster/study.sh
study_on 600 3 4
alone
request+=(--nodes 2 --ranks 4)

submit two --nodes 2 --ranks 4 "${study[@]}"
ended 60 "$job"
is "$ended" COMPLETED "two nodes"
like "$(cat two.job/log.txt)" "4 ranks on 2 nodes" "two nodes: said"
is "$("$DSEP" export two.h5 --format csv | cksum)" "$("$DSEP" export one.h5 --format csv | cksum)" \
    "two nodes: the same bytes"
is "$(fingerprint two.h5)" "$wanted" "two nodes: the same graph, sets and replicates"
is "$(state two)" "done" "two nodes: status"

refusal=$(on n0 "$DSEP" submit --nodes 2 --ranks 4 --memory 4M "${study[@]}" -o small.h5 2>&1)
is $? 4 "less memory than it needs: refused"
like "$refusal" "memory" "less memory than it needs: said"
is "$(on n0 squeue --noheader --states all | wc -l) $(find . -name 'small*')" "1 " \
    "less memory than it needs: nothing was submitted"

# --- held, then let go ---------------------------------------------------------------------------

submit held "${request[@]}" --sbatch --hold "${study[@]}"
is "$(state held)" pending "held: status"
like "$(on n0 "$DSEP" status held.job)" 'is held by its owner \(JobHeldUser\).*' "held: why"
on n0 scontrol release "$job"
ended 60 "$job"
is "$ended $(state held)" "COMPLETED done" "held: done once it is let go"
is "$(fingerprint held.h5)" "$wanted" "held: the same bytes"

# --- warned: stopped in good order, requeued, resumed on one node --------------------------------

submit warned "${request[@]}" "${study[@]}" --checkpoint-every .2
ok "warned: a checkpoint is there" soon 30 test -e warned.h5.checkpoint
script=$(field "$job" BatchHost)
a_rank "$script" "$job.0"
on "$script" /bin/kill -STOP "$rank" # so that the job is not done before it is warned
is "$(state warned)" running "warned: status before"
clock
on n0 scancel --batch --signal=USR1 "$job"
on "$script" /bin/kill -CONT "$rank"
ok "warned: requeued" soon 30 is_field "$job" JobState PENDING
echo "# requeued $(passed) s after the warning"
on n0 scontrol update JobId="$job" NumNodes=1
is "$(state warned)" requeued "warned: status between"
ended 60 "$job"
is "$ended $(field "$job" NumNodes) $(field "$job" Restarts)" "COMPLETED 1 1" "warned: done on one node"
log=$(cat warned.job/log.txt)
like "$log" "stopped with checkpoint .*requeued" "warned: said"
like "$log" "$carried" "warned: what is gone on from"
like "$log" "4 ranks on 1 node" "warned: one node"
like "$(on n0 "$DSEP" status warned.job)" "requeues +1" "warned: status tells of the requeue"
is "$(fingerprint warned.h5)" "$wanted" "warned: the same bytes"

# --- a rank is killed ------------------------------------------------------------------------

submit killed "${request[@]}" "${study[@]}" --checkpoint-every .2
ok "a rank killed: a checkpoint is there" soon 30 test -e killed.h5.checkpoint
clock
a_rank n2 "$job.0"
on n2 /bin/kill -9 "$rank"
ended 30 "$job"
echo "# $ended $(passed) s after kill -9 of a rank"
is "$ended $(field "$job" ExitCode)" "FAILED 137:0" "a rank killed: the job fails"
like "$(cat killed.job/log.txt)" "a rank was killed" "a rank killed: said"
ok "a rank killed: no result" test ! -e killed.h5
is "$(state killed)" failed "a rank killed: status"
job=$(on n0 sbatch --parsable --nodes=3 --ntasks=3 killed.job/job.sh)
ended 60 "$job"
is "$ended" COMPLETED "a rank killed: submitted again"
log=$(cat killed.job/log.txt)
like "$log" "3 ranks on 3 nodes" "a rank killed: on other nodes"
like "$log" "$carried" "a rank killed: what is gone on from"
is "$(fingerprint killed.h5)" "$wanted" "a rank killed: the same bytes"

done_with_cluster ./*.submit ./*.job/log*.txt
