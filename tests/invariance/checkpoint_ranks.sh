#!/usr/bin/env bash
# A checkpoint that some number of ranks wrote is read by any other.
. tests/support/tap.sh

limit=60
tool=${BUILD:-build}/tests/unit/checkpoint
for writers in 1 3 4; do
    run "$MPIRUN" --quiet -n "$writers" "$tool" write "$scratch/c" "$writers"
    is "$status $out" "0 0 kept" "$writers ranks write"
    for readers in 1 2 3 4; do
        run "$MPIRUN" --quiet -n "$readers" "$tool" read "$scratch/c"
        is "$status $out" "0 $writers " "and $readers read the same"
    done
done
finish
