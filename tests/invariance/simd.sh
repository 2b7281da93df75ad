#!/usr/bin/env bash
# Programs for one level of x86-64 each (SSE2, AVX2, AVX-512) beside the one that chooses: the same
# graph from all, the same bytes from all that have fused multiply-add; and the unit tests of the
# kernels on each level.
# seconds: 400
. tests/support/tap.sh
. tests/support/fingerprint.sh
: "${BUILD:=build}"
kernels=(inner_product fisher_z_screen fisher_z_kernel fisher_z_walk correlation lingam)

# reason LEVEL: why it cannot be built or run here; nothing if it can
reason() {
    local wanted=() compiler flags
    case $1 in
    3) wanted=(avx avx2 bmi1 bmi2 f16c fma abm movbe) ;;
    4) wanted=(avx avx2 bmi1 bmi2 f16c fma abm movbe avx512f avx512bw avx512cd avx512dq avx512vl) ;;
    esac
    [ "$(uname -m)" = x86_64 ] || { echo "this is no x86-64"; return; }
    read -r compiler flags <"$BUILD/flags" 2>/dev/null || { echo "there is no $BUILD/flags"; return; }
    case $flags in *-fsanitize*) echo "a sanitized build has one level only" && return ;; esac
    "$compiler" --version | grep -qi clang && { echo "clang builds one level only"; return; }
    local has
    has=" $(grep -m 1 '^flags' /proc/cpuinfo) "
    for flag in "${wanted[@]}"; do
        [[ $has == *" $flag "* ]] || { echo "this CPU has no $flag"; return; }
    done
}

# result PROGRAM NAME ARGUMENTS...: runs discover, leaves the result in $scratch/NAME.h5
result() {
    local program=$1 name=$2
    shift 2
    rm -f "$scratch/$name.h5"
    run "$program" discover "$@" -q -o "$scratch/$name.h5"
    is "$status" 0 "$name: runs"
}

hash_of() {
    "$DSEP" show "$1" --json | sed -n 's/.*"graph-hash": "\(.*\)".*/\1/p'
}

# same LEVEL NAME ARGUMENTS...: that level gives what the usual program gives
same() {
    local level=$1 name=$2 path
    shift 2
    for path in whole tiled; do
        [ -f "$scratch/$name.h5" ] || result "$DSEP" "$name" "$@" --correlation whole
        result "$BUILD/simd$level/dsep" "$name-$path-simd$level" "$@" --correlation "$path"
        is "$(hash_of "$scratch/$name-$path-simd$level.h5")" "$(hash_of "$scratch/$name.h5")" \
            "$name, $path: the graph of level $level"
        [ "$level" = 1 ] ||
            is "$(fingerprint "$scratch/$name-$path-simd$level.h5")" \
                "$(fingerprint "$scratch/$name.h5")" "$name, $path: every byte of level $level"
    done
}

run "$DSEP" simulate --variables 300 --samples 250 --degree 5 --seed 12 -q -o "$scratch/s.csv"
is "$status" 0 "data are simulated"
for level in 1 3 4; do
    why=$(reason "$level")
    if [ -n "$why" ]; then
        skip "level $level of x86-64 was NOT tested" "$why"
        continue
    fi
    run env MAKEFLAGS= MAKELEVEL= make -s VARIANT="simd$level" "$BUILD/simd$level/dsep" \
        "${kernels[@]/#/$BUILD/simd$level/tests/unit/}"
    is "$status" 0 "level $level is built"
    [ "$status" = 0 ] || sed 's/^/# /' "$scratch/err"
    for kernel in "${kernels[@]}"; do
        run "$MPIRUN" --quiet -n 1 "$BUILD/simd$level/tests/unit/$kernel"
        is "$status $(grep -c '^not ok' "$scratch/out")" "0 0" "level $level: unit test $kernel"
    done
    same "$level" simulated "$scratch/s.csv" --alpha .05
    if [ -n "$data" ]; then
        same "$level" golub-leukemia "$data/golub-leukemia/data.csv.gz"
    else
        skip "level $level: golub-leukemia" "../shared/data is absent"
    fi
done
finish
