#!/usr/bin/env bash
# DAGMA on simulated tables: n = 2,000, as many edges as variables, weights +-[.5, 2], raw scales.
#   SIZES_P="300 1000" RANKS="1 2" METHOD=dagma   what to run
# Seconds are of the whole program, from its log.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${SIZES_P:=1000}" "${RANKS:=2}" "${METHOD:=dagma}"
# shellcheck source=tests/bench/measure.sh
source tests/bench/measure.sh

machine
format='| %5s | %5s | %10s | %11s | %12s | %8s | %5s | %5s |\n'
# shellcheck disable=SC2059 # the format is ours
printf "$format" ranks p iterations evaluations 'optimise, s' 'total, s' edges SHD
echo '|---|---|---|---|---|---|---|---|'
for p in $SIZES_P; do
    "$DSEP" simulate -p "$p" -n 2000 --degree 2 --weights 0.5,2 --seed 1 --truth "$work/truth.csv" \
        --quiet -o "$work/x.npy" >/dev/null
    for ranks in $RANKS; do
        "${mpirun[@]}" --quiet -n "$ranks" "$DSEP" discover "$work/x.npy" --method "$METHOD" \
            --scale raw -o "$work/r.h5" >"$work/out" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
        read -r iterations evaluations < <(awk '{ for (i = 2; i <= NF; i++) {
                if ($i ~ /^iterations,/) its += $(i - 1)
                if ($i ~ /^evaluations;/) evals += $(i - 1) } } END { print its, evals }' "$work/log")
        "$DSEP" compare "$work/r.h5" "$work/truth.csv" >"$work/compare"
        # shellcheck disable=SC2059
        printf "$format" "$ranks" "$p" "$iterations" "$evaluations" \
            "$(awk '$1 == "optimisation" && NF == 6 { print $4 }' "$work/log")" \
            "$(awk '$1 == "total" { print $2 }' "$work/log")" \
            "$(awk '$1 == "edges" { print $2 }' "$work/out")" \
            "$(awk '$1 == "SHD" { print $2 }' "$work/compare")"
    done
done
