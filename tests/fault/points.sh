#!/usr/bin/env bash
# Every fault point on every rank: the same exit code whatever the rank, one message, in time, an
# old result untouched and nothing left beside it.
# seconds: 300
. tests/support/tap.sh

limit=30
"$DSEP" simulate --variables 40 --samples 100 --quiet -o "$scratch/data.csv"
echo 'requiredirect
V1 V2' >"$scratch/known.txt"
echo "the old result" >"$scratch/r.h5"
old=$(cksum <"$scratch/r.h5")

# no_trace NAME: the old file is whole and alone
no_trace() {
    is "$(cksum <"$scratch/r.h5") $(cd "$scratch" && echo r.h5*)" "$old r.h5" "$1: the old file is untouched"
}

points=$(grep -o '{"[a-z-]*", DSEP_ERROR' mpi/fault.c | cut -d'"' -f2)
expect() {
    case $1 in
    table-open | table-read | knowledge-read | write-*) echo 5 ;;
    correlation | skeleton-memory) echo 4 ;;
    *) echo 70 ;;
    esac
}

ok "there are points to try" test "$(wc -w <<<"$points")" -ge 12
usual=${ASAN_OPTIONS:-}
for point in $points; do
    for rank in 0 1 2 all; do
        export DSEP_FAULT=$point@$rank
        [ "$rank" != all ] || ASAN_OPTIONS=${WITH_LEAKS:-} # a sanitized build looks for leaks, too
        ranks 3 discover "$scratch/data.csv" --knowledge "$scratch/known.txt" -q -o "$scratch/r.h5"
        unset DSEP_FAULT
        ASAN_OPTIONS=$usual
        is "$status" "$(expect "$point")" "$point on rank $rank: exit code"
        is "$(grep -c "fault point '$point'" <<<"$err")" 1 "$point on rank $rank: said once"
        no_trace "$point on rank $rank"
    done
done
export DSEP_FAULT=table-read@7
ranks 3 discover "$scratch/data.csv" -q -o "$scratch/r.h5"
unset DSEP_FAULT
is "$status" 0 "a point on a rank that is not there changes nothing"
finish
