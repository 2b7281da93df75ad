#!/usr/bin/env bash
# Times `dsep discover` on stated data, 1 and 2 ranks, median of five runs each. Whole program:
# reading and writing included, the start of MPI apart ("total" of the run's own closing table).
# Real tables are taken from ../shared/data where they are; simulated ones are made here.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${MPIRUN:=mpirun}" "${DSEP:=$PWD/dsep}" "${RUNS:=5}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
work=$(mktemp -d "${TMPDIR:-/tmp}/dsep-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT

# seconds SECTION LOG: the slowest rank's seconds in a section of the closing table
seconds() {
    awk -v section="$1" 'index($0, section " ") == 1 && NF >= 2 { line = $0
        sub("^" section " *", "", line); split(line, v, " +")
        print (section == "total") ? v[1] : v[3] }' "$2"
}

median() {
    sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# measure NAME TABLE OPTIONS...
measure() {
    local name=$1 table=$2 ranks section log
    shift 2
    for ranks in 1 2; do
        for ((i = 0; i < RUNS; i++)); do
            /usr/bin/env time -f '%M' -o "$work/rss$i" "$MPIRUN" --quiet -n "$ranks" "$DSEP" \
                discover "$table" "$@" -o "$work/r.h5" >"$work/out$i" 2>"$work/log$i" ||
                { cat "$work/log$i" >&2; exit 1; }
        done
        printf '%-22s %5s' "$name" "$ranks"
        for section in reading correlation skeleton "edge strengths" orientation writing total; do
            for ((i = 0; i < RUNS; i++)); do
                log=$work/log$i
                seconds "$section" "$log"
            done | median | awk '{ printf " %9.3f", $1 }'
        done
        awk '/^  tests/ { tests = $2 } /^  edges/ { edges = $2 } END { printf " %12s %8s\n", tests, edges }' \
            "$work/out0" | tr -d ','
    done
}

model=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
echo "machine: $model, $(nproc --all) cores; $(date -u +%F); median of $RUNS runs; seconds"
"$DSEP" --version | sed -n 's/^BLAS.*kernels/kernels:/p'
printf '%-22s %5s %9s %9s %9s %9s %9s %9s %9s %12s %8s\n' \
    set ranks reading correl. skeleton strengths orient. writing total tests edges
simulated() {
    "$DSEP" simulate --variables "$1" --samples "$2" --degree 3 --seed 1 --quiet -o "$work/$1.npy"
}
simulated 2000 500
measure "ER p=2000 n=500 .01" "$work/2000.npy" --alpha .01
simulated 5000 500
measure "ER p=5000 n=500 .001" "$work/5000.npy" --alpha .001
for set in saureus:.05 riboflavin:.01; do
    table=../shared/data/${set%:*}/data.csv.gz
    if [ -e "$table" ]; then
        measure "${set%:*} ${set#*:}" "$table" --alpha "${set#*:}"
    else
        echo "${set%:*}: skipped, $table is absent"
    fi
done
