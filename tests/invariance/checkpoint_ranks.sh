#!/usr/bin/env bash
# A checkpoint that some number of ranks wrote is read by any other.
. tests/support/tap.sh

limit=60
# tool RANKS ARGUMENTS...: what it says about them
tool() {
    local n=$1
    shift
    run "$MPIRUN" --quiet -n "$n" "${BUILD:-build}/tests/unit/checkpoint" "$@"
    out=$(head -n 1 <<<"$out")
}

for writers in 1 3 4; do
    tool "$writers" write "$scratch/c" "$writers"
    is "$status $out" "0 0 kept" "$writers ranks write"
    for readers in 1 2 3 4; do
        tool "$readers" read "$scratch/c"
        is "$status $out" "0 $writers " "and $readers read the same"
    done
done
finish
