#!/usr/bin/env bash
# Runs the tests: every C test on 1, 2, 3 and 4 ranks (or as its "ranks:" line says), every shell
# test once. tests/run.sh [GROUP...]: unit oracle invariance fault cli slurm; all by default.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${BUILD:=build}" "${MPIRUN:=mpirun}" "${DSEP:=$PWD/dsep}"
export BUILD MPIRUN DSEP
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_btl_vader_single_copy_mechanism=none
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
export ASAN_OPTIONS=fast_unwind_on_malloc=0:detect_leaks=1:allocator_may_return_null=1
export LSAN_OPTIONS=suppressions=$PWD/tests/support/leaks.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1

groups=("$@")
[ ${#groups[@]} -gt 0 ] || groups=(unit oracle invariance fault cli slurm)
list=$BUILD/t
rm -rf "$list"
mkdir -p "$list"
for group in "${groups[@]}"; do
    for source in tests/"$group"/*.c; do
        [ -e "$source" ] || continue
        name=$(basename "$source" .c)
        ranks=$(sed -n 's/^ *\** *ranks: *\([0-9 ]*\).*/\1/p' "$source" | head -n 1)
        seconds=$(sed -n 's/^ *\** *seconds: *\([0-9]*\).*/\1/p' "$source" | head -n 1)
        for n in ${ranks:-1 2 3 4}; do
            printf 'exec timeout -k 5 %s %s --quiet -n %s %s\n' "${seconds:-60}" "$MPIRUN" "$n" \
                "$BUILD/tests/$group/$name" >"$list/$group-$name-n$n.t"
        done
    done
    for script in tests/"$group"/*.sh; do
        [ -e "$script" ] || continue
        printf 'exec timeout -k 5 %s bash %s\n' \
            "$(sed -n 's/^# seconds: *\([0-9]*\).*/\1/p' "$script" | grep . || echo 120)" \
            "$script" >"$list/$group-$(basename "$script" .sh).t"
    done
done
prove --exec 'bash' -j "${PROVE_JOBS:-2}" "$list" | tee "$BUILD/prove.log"
