#!/usr/bin/env bash
# Hierarchical component analysis of p = 2,000 variables, d = 8 factors, 20 environments of 1,000 rows,
# with its bootstrap and its null: seconds and memory.
#   VARIABLES=2000 ENVIRONMENTS=20 ROWS=1000 REPLICATES=200 NULL=200 RANKS="2"   what to run
# Seconds are of the slowest rank, from the log; memory is looked at ten times a second (measure.sh).
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${VARIABLES:=2000}" "${ENVIRONMENTS:=20}" "${ROWS:=1000}" "${REPLICATES:=200}" "${NULL:=200}" "${RANKS:=2}"
# shellcheck source=tests/bench/measure.sh
source tests/bench/measure.sh
# shellcheck disable=SC2034 # measure.sh runs it
command=represent

machine
table=$work/table.npy
"${mpirun[@]}" --quiet -n 2 "$DSEP" simulate --variables "$VARIABLES" --samples "$ROWS" --factors 8 \
    --environments "$ENVIRONMENTS" --noise laplace --observation-noise 0.1 --seed 1 --quiet -o "$table"
format='| %5s | %10s | %5s | %10s | %8s | %14s | %10s | %6s |\n'
# shellcheck disable=SC2059 # the format is ours
printf "$format" ranks replicates null 's, reading' 's, fit' 's, replicates' 's, total' GB
echo '|---|---|---|---|---|---|---|---|'
for ranks in $RANKS; do
    run_watched .1 one "$ranks" "$table" --environment "V$((VARIABLES + 1))" --factors 8 \
        --replicates "$REPLICATES" --null "$NULL"
    # shellcheck disable=SC2059
    printf "$format" "$ranks" "$REPLICATES" "$NULL" "$(fact "$work/one.facts" reading)" \
        "$(fact "$work/one.facts" fit)" "$(fact "$work/one.facts" replicates)" \
        "$(fact "$work/one.facts" total)" \
        "$(awk -v kb="$(fact "$work/one.facts" memory)" 'BEGIN { printf "%.3f", kb * 1024 / 1e9 }')"
    sed -n '/^Representation/,/^$/p' "$work/one.out"
done
