#!/usr/bin/env bash
# A job array on a real Slurm: four parts of a study, one of them killed and submitted again, and the
# job that unites them. The result has the bytes of one run in a terminal.
# seconds: 240
. tests/slurm/cluster/study.sh
study_on 1200 4 2
submit all --array 4 "${request[@]}" --nodes 1 --ranks 2 "${study[@]}" --checkpoint-every .2
merge=$(told all merge_job)
is "$(field "$merge" JobState)" PENDING "the job that unites the parts waits for them"

ok "part 3 is running" soon 60 test -e all.h5.part-3-of-4.checkpoint
third=$(field "${job}_3" JobId)
node=$(field "$third" BatchHost)
a_rank "$node" "$third.0"
on "$node" /bin/kill -9 "$rank"
ended 60 "$third"
is "$ended" FAILED "part 3 is killed: it fails"
alone
for part in 1 2 4; do
    ended 60 "$(field "${job}_$part" JobId)"
    is "$ended" COMPLETED "part $part is done"
done
ok "three parts are there, and no result" test -e all.h5.part-1-of-4 -a -e all.h5.part-2-of-4 -a \
    -e all.h5.part-4-of-4 -a ! -e all.h5.part-3-of-4 -a ! -e all.h5
ended 30 "$merge"
is "$ended" CANCELLED "they are not united without it"
is "$(state all)" failed "status: part 3 failed"
like "$(on n0 "$DSEP" status all.job)" "sbatch --array=3" "status: what to do"

again=$(on n0 sbatch --parsable --array=3 all.job/job.sh)
merge=$(on n0 sbatch --parsable --dependency="afterok:$again" all.job/merge.sh)
ended 90 "$merge"
is "$ended" COMPLETED "part 3 again, and all are united"
like "$(cat all.job/log-3.txt)" "$carried" "part 3 went on"
is "$(fingerprint all.h5)" "$wanted" "the same bytes as of one run"
is "$(state all)" "done" "status: done"

cp all.h5.part-1-of-4 all.h5.part-3-of-4
run "$DSEP" merge all.h5.part-*-of-4 -o overlapping.h5
is "$status" 3 "parts that overlap are refused"
like "$err" "part-1-of-4' and .*part-3-of-4' overlap" "and the reason is told"
ok "without a result" test ! -e overlapping.h5

done_with_cluster ./*.submit ./*.job/log*.txt
