#!/usr/bin/env bash
# What `dsep plan` forecasts of memory on a node and of time, beside what a run takes, on 1 and 2 ranks.
# Measured memory: tests/tools/peak.py. Measured time: wall time from start to end, and the processors'
# time of a rank, which neighbours on the machine lengthen less.
#   PLANS="1000:500:3:.001 ..."   tables to draw, variables:samples:degree:alpha[:replicates]
#   DATA=../shared/data           where S. aureus is, too, if it is there
#   RANKS="1 2"
# Tables of up to 160 MB are simulated into ${TMPDIR:-/tmp} and removed.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${PLANS:=1000:500:3:.001 5000:300:3:.001 20000:200:3:.001 100000:200:2:1e-5 1000:500:3:.01:100}"
: "${DATA:=../shared/data}" "${RANKS:=1 2}" "${PYTHON:=/usr/bin/python3}"
# shellcheck source=tests/bench/measure.sh
source tests/bench/measure.sh

row='| %-22s | %5s | %7s | %11s | %11s | %6s | %10s | %10s | %6s | %10s |\n'

# planned RANKS TABLE OPTIONS...: bytes and seconds
planned() {
    local ranks=$1
    shift
    "$DSEP" plan "$@" --ranks "$ranks" --nodes 1 --json --quiet |
        "$PYTHON" -c 'import json, sys; p = json.load(sys.stdin)
print(p["memory_per_node"]["peak"], p["seconds"])'
}

# beside NAME RANKS TABLE OPTIONS...
beside() {
    local name=$1 ranks=$2 load forecast measured
    shift 2
    read -r load _ </proc/loadavg
    forecast=$(planned "$ranks" "$@")
    measured=$("$PYTHON" tests/tools/peak.py "$DSEP" "${mpirun[@]}" --quiet -n "$ranks" "$DSEP" \
        discover "$@" --quiet -o "$work/result.h5")
    awk -v format="$row" -v name="$name" -v ranks="$ranks" -v load="$load" '
        { printf format, name, ranks, load, sprintf("%.1f", $1 / 1e6), sprintf("%.1f", $3 / 1e6),
            sprintf("%.2f", $1 / $3), sprintf("%.2f", $2), sprintf("%.2f", $4),
            sprintf("%.2f", $2 / $4), sprintf("%.2f", $5 / ranks) }' <<<"$forecast $measured"
    rm -f "$work"/result.h5*
}

machine
# shellcheck disable=SC2059
printf "$row" table ranks load 'forecast,MB' 'peak,MB' ratio 'forecast,s' 'wall,s' ratio 'CPU,s'
echo '|---|---|---|---|---|---|---|---|---|---|'
for plan in $PLANS; do
    IFS=: read -r p n degree alpha replicates <<<"$plan"
    simulated "$p" "$n" "$degree" "$work/table.npy"
    for ranks in $RANKS; do
        beside "$p x $n${replicates:+, R = $replicates}" "$ranks" "$work/table.npy" --alpha "$alpha" \
            ${replicates:+--replicates "$replicates"}
    done
    rm "$work/table.npy"
done
if [ -e "$DATA/saureus/data.csv.gz" ]; then
    for ranks in $RANKS; do
        beside "S. aureus, 2810 x 160" "$ranks" "$DATA/saureus/data.csv.gz" --alpha .05
    done
else
    echo "SKIPPED: no $DATA/saureus"
fi
