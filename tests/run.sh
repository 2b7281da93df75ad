#!/usr/bin/env bash
# Runs the tests: every C test on 1, 2, 3 and 4 ranks (or as its "ranks:" line says), every shell
# test once. tests/run.sh [GROUP...]: unit oracle invariance fault cli slurm; all by default.
# RANKS="1 3" in the environment runs C tests on those numbers of ranks only; one that runs on none
# of them runs on its first.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${BUILD:=build}" "${MPIRUN:=mpirun}" "${DSEP:=$PWD/dsep}"
export BUILD MPIRUN DSEP
# shellcheck source=tests/support/mpi.sh
source tests/support/mpi.sh
export LC_ALL=C TZ=UTC
unset "${!SLURM_@}" # a job that this runs in has an end and a memory of its own
# Looking for leaks takes whole stacks at every allocation, six times the time of a start: only where
# LEAKS=1 asks for it, and where a test does.
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
export WITH_LEAKS=$ASAN_OPTIONS:detect_leaks=1:fast_unwind_on_malloc=0
[ "${LEAKS:-0}" = 0 ] || ASAN_OPTIONS=$WITH_LEAKS
export LSAN_OPTIONS=suppressions=$PWD/tests/support/leaks.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1

groups=("$@")
[ ${#groups[@]} -gt 0 ] || groups=(unit oracle invariance fault cli slurm)
list=$BUILD/t
rm -rf "$list"
mkdir -p "$list"

# The limits are those of the usual build, some times what a test takes there: they end what hangs.
slower=1
case $BUILD in */asan) slower=4 ;; esac

# test_file NAME SECONDS COMMAND: a script for prove; each has a folder of its own for temporary
# files and for what Open MPI keeps while it runs
test_file() {
    echo "$2 $list/$1.t" >>"$list/order"
    cat >"$list/$1.t" <<END
scratch=\$(mktemp -d "${TMPDIR:-/tmp}/dsep-XXXXXX")
trap 'rm -rf "\$scratch"' EXIT
export TMPDIR=\$scratch OMPI_MCA_orte_tmpdir_base=\$scratch
timeout -k 5 $(($2 * slower)) $3
END
}

# setting FILE NAME: what a comment of the file says about it
setting() {
    sed -n "s/^[ #*\/]*$2: *\([0-9 ]*[0-9]\).*/\1/p" "$1" | head -n 1
}

# chosen LIST: the numbers of ranks of a test's list that are to run
chosen() {
    local n kept=()
    for n in $1; do
        [[ " ${RANKS:-$n} " != *" $n "* ]] || kept+=("$n")
    done
    echo "${kept[*]:-${1%% *}}"
}

for group in "${groups[@]}"; do
    for source in tests/"$group"/*.c; do
        [ -e "$source" ] || continue
        name=$(basename "$source" .c) ranks=$(setting "$source" ranks)
        seconds=$(setting "$source" seconds)
        for n in $(chosen "${ranks:-1 2 3 4}"); do
            test_file "$group-$name-n$n" "${seconds:-60}" \
                "$MPIRUN --quiet -n $n $BUILD/tests/$group/$name"
        done
    done
    for script in tests/"$group"/*.sh; do
        [ -e "$script" ] || continue
        seconds=$(setting "$script" seconds)
        test_file "$group-$(basename "$script" .sh)" "${seconds:-120}" "bash $script"
    done
done
sort -s -k1,1nr "$list/order" | cut -d' ' -f2 | # the long ones first: none is left alone at the end
    prove --timer --failures --comments --exec 'bash' -j "${PROVE_JOBS:-2}" - | tee "$BUILD/prove.log"
