#!/usr/bin/env bash
# What a job meets: a node that dies, under the batch script or elsewhere; a cable that is out, for a
# moment or for so long that Slurm gives the node up; its time limit. Slurm starts such jobs again;
# there is no result before it is whole, and it has the bytes of a run that nobody disturbed.
# seconds: 240
. tests/slurm/cluster/study.sh
study_on 600 11 2
alone
request+=(--nodes 2 --ranks 4)

# begin NAME SUBMIT-OPTION...: a job that has a checkpoint; its first node is in $script, the other
# in $other
begin() {
    submit "$1" "${request[@]}" "${@:2}" "${study[@]}" --checkpoint-every .2
    ok "$1: a checkpoint is there" soon 60 test -e "$1.h5.checkpoint"
    script=$(field "$job" BatchHost)
    other=$(on n0 scontrol show hostnames "$(field "$job" NodeList)" | tail -n 1)
}

# --- out for a moment ------------------------------------------------------------------------

begin moment
wire "$other" down
sleep 1
before=$(stat -c %Y.%y moment.h5.checkpoint)
sleep 1
is "$(stat -c %Y.%y moment.h5.checkpoint)" "$before" "moment: the job waits"
wire "$other" up
ended 60 "$job"
is "$ended $(field "$job" Restarts)" "COMPLETED 0" "moment: the job goes on"
is "$(fingerprint moment.h5)" "$wanted" "moment: the same bytes"

# --- given up --------------------------------------------------------------------------------

# again NAME JOB: that Slurm has started it again
again() {
    ok "$1: Slurm starts it again" soon 90 is_field "$2" Restarts 1
    echo "# $1: requeued after $(passed) s"
}

# whole NAME JOB: that all is well with it in the end
whole() {
    ended 90 "$2"
    echo "# $1: $ended after $(passed) s"
    is "$ended" COMPLETED "$1: done"
    like "$(cat "$1.job/log.txt")" "$carried" "$1: what is gone on from"
    is "$(fingerprint "$1.h5")" "$wanted" "$1: the same bytes"
}

# Slurm looks twice a minute for jobs to warn, and warns up to half a minute early: this one of five
# minutes 20 to 50 s after its start. It is held until then; the warning wakes it.
begin limit --sbatch "--signal=USR1@250"
limit_job=$job
a_rank "$script" "$job.0"
on "$script" /bin/kill -STOP "$rank"

begin cut
wire "$script" down
lost=$script cut=$job
clock
begin other
killed_node "$other"
other_job=$job
begin script
killed_node "$script"
script_job=$job
ok "no result yet" test ! -e other.h5 -a ! -e script.h5 -a ! -e cut.h5

# The node that was cut off comes back, with its ranks of the first run, in the middle of the second.
again cut "$cut"
soon 30 is_field "$cut" JobState RUNNING
held=$(field "$cut" BatchHost)
ok "cut: the second run works" soon 60 grep -q "$carried" cut.job/log.txt
ok "cut: and has ranks" a_rank "$held" "$cut.1"
still=$rank
on "$held" /bin/kill -STOP "$still"
ok "cut: the first run still has ranks" a_rank "$lost" "$cut.0"
plugged_in "$lost"
ok "cut: they are ended" soon 60 is_free "$lost"
ok "cut: and nothing else" a_rank "$held" "$cut.1"
echo "# cut: the node is free after $(passed) s"
on "$held" /bin/kill -CONT "$still"
whole cut "$cut"
again other "$other_job"
whole other "$other_job"
again script "$script_job"
whole script "$script_job"
whole limit "$limit_job"
like "$(cat limit.job/log.txt)" "SIGUSR1 ended the run" "limit: by the warning"
like "$(cat limit.job/log.txt)" "stopped with checkpoint .*requeued" "limit: requeued"

done_with_cluster ./*.submit ./*.job/log*.txt
