#!/usr/bin/env bash
# How time grows: `dsep discover` on 2 ranks against the number of variables p (n = 500) and of
# samples n (p = 2000), on Erdos-Renyi models of degree 3 at alpha .001. Writes OUT/scaling.csv
# and draws OUT/scaling.svg (scaling.awk), with slopes fitted to the upper half of the sizes.
#   RUNS=3 OUT=docs SIZES_P="250 500 ..." SIZES_N="100 200 ..."
#   DRAW=only           draws OUT/scaling.csv again, measures nothing
# The tables go to ${TMPDIR:-/tmp}, one at a time, up to 410 MB.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${RUNS:=3}" "${OUT:=docs}" "${SIZES_P:=250 500 1000 2000 4000 8000 16000 32000 64000}" "${DRAW:=}"
: "${SIZES_N:=100 200 400 800 1600 3200 6400 12800 25600}"
# shellcheck source=tests/bench/measure.sh
source tests/bench/measure.sh

# measure VARIED P N: a line of the CSV
measure() {
    local table=$work/table.npy i facts=()
    simulated "$2" "$3" 3 "$table"
    for ((i = 0; i < RUNS; i++)); do
        run "run$i" 2 "$table" --alpha .001
        facts+=("$work/run$i.facts")
    done
    medians "${facts[@]}" >"$work/median.facts"
    rm -f "$table"
    awk -v head="$1,$2,$3" '{ v[$1] = $2 }
        END { print head "," v["reading"] "," v["correlation"] + v["skeleton"] "," v["total"] \
            "," v["tests"] "," v["edges"] }' "$work/median.facts" | tee -a "$work/scaling.csv"
}

mkdir -p "$OUT"
if [ "$DRAW" != only ]; then
    {
        echo "# Erdos-Renyi models of degree 3, seed 1; alpha .001; 2 ranks, median of $RUNS"
        machine | sed 's/; /\n/; s/^/# /; s/\n/\n# /'
        echo "varied,p,n,reading,search,total,tests,edges"
    } | tee "$work/scaling.csv"
    for p in $SIZES_P; do measure p "$p" 500; done
    for n in $SIZES_N; do measure n 2000 "$n"; done
    mv "$work/scaling.csv" "$OUT/scaling.csv"
fi
awk -f tests/bench/scaling.awk "$OUT/scaling.csv" >"$work/scaling.svg"
mv "$work/scaling.svg" "$OUT/scaling.svg"
echo "$OUT/scaling.csv $OUT/scaling.svg"
