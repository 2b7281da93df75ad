#!/usr/bin/env bash
# Bootstrap replicates of PC on p = 1,000, n = 1,000, degree 3: seconds and memory against their number.
#   REPLICATES="100 1000" RANKS="1 2"   what to run
# Seconds are of the whole program, from its log; memory is looked at ten times a second (measure.sh).
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${REPLICATES:=100 1000}" "${RANKS:=2}"
# shellcheck source=tests/bench/measure.sh
source tests/bench/measure.sh

machine
table=$work/table.npy
simulated 1000 1000 3 "$table"
format='| %5s | %10s | %9s | %14s | %10s | %7s |\n'
# shellcheck disable=SC2059 # the format is ours
printf "$format" ranks replicates 'pairs' 's, replicates' 's, total' 'GB'
echo '|---|---|---|---|---|---|'
for ranks in $RANKS; do
    for replicates in $REPLICATES; do
        run_watched .1 one "$ranks" "$table" --replicates "$replicates"
        pairs=$(sed -n 's/.*): \([0-9]*\) pairs were ever joined.*/\1/p' "$work/one.out")
        # shellcheck disable=SC2059
        printf "$format" "$ranks" "$replicates" "$pairs" "$(fact "$work/one.facts" replicates)" \
            "$(fact "$work/one.facts" total)" \
            "$(awk -v kb="$(fact "$work/one.facts" memory)" 'BEGIN { printf "%.3f", kb * 1024 / 1e9 }')"
    done
done
