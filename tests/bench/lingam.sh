#!/usr/bin/env bash
# DirectLiNGAM on Erdos-Renyi models with Laplace noise: seconds of the sections of whole runs,
# medians, and how many pairs had to be evaluated.
#   SIZES="200:5000 ..." (p:n) RANKS="1 2" DEGREE=4 RUNS=3   what to run
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${SIZES:=50:5000 100:5000 200:5000}" "${RANKS:=1 2}" "${DEGREE:=4}" "${RUNS:=3}"
# shellcheck source=tests/bench/measure.sh
source tests/bench/measure.sh

machine
format='| %5s | %5s | %6s | %12s | %12s | %12s | %s |\n'
# shellcheck disable=SC2059 # the format is ours
printf "$format" ranks p n 's, order' 's, coefficients' 's, total' pairs
echo '|---|---|---|---|---|---|---|'
for size in $SIZES; do
    p=${size%:*} n=${size#*:}
    table=$work/table$p.npy
    "$DSEP" simulate --variables "$p" --samples "$n" --degree "$DEGREE" --noise laplace --seed 1 \
        --quiet -o "$table"
    for ranks in $RANKS; do
        for ((turn = 0; turn < RUNS; turn++)); do
            run "turn$turn" "$ranks" "$table" --method lingam
        done
        medians "$work"/turn*.facts >"$work/facts"
        # shellcheck disable=SC2059
        printf "$format" "$ranks" "$p" "$n" "$(fact "$work/facts" causal-order)" \
            "$(fact "$work/facts" coefficients)" "$(fact "$work/facts" total)" \
            "$(sed -n 's/^  pairs *//p' "$work/turn0.out")"
    done
done
