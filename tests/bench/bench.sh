#!/usr/bin/env bash
# Times `dsep discover` on stated data on 1 and 2 ranks, and pcalg on the same tables where Rscript
# finds it (nothing is installed). Prints a Markdown table; docs/performance.md explains its columns.
#   RUNS=5              runs of each row; seconds are medians
#   SETS="er2000 ..."   some sets only: er2000 er5000 er10000 saureus riboflavin factors
#   PCALG_SECONDS=600   the time that pcalg is given for a set; PCALG_CORES=1
# Memory is of one more run that is not timed: private memory of all ranks and what they share, once,
# the greatest of a look every 5 ms (measure.sh, peak_memory).
# Real tables are taken from ../shared/data where they are; the others are made here.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${RUNS:=5}" "${SETS:=er2000 er5000 er10000 saureus riboflavin factors}"
: "${PCALG_SECONDS:=600}" "${PCALG_CORES:=1}"
# shellcheck source=tests/bench/measure.sh
source tests/bench/measure.sh

has_pcalg() {
    command -v Rscript >/dev/null &&
        Rscript -e 'quit(status = !requireNamespace("pcalg", quietly = TRUE))' >/dev/null 2>&1
}

# pcalg_row SET TABLE ALPHA: one run, as it can take long
pcalg_row() {
    local code=0
    timeout -k 10 "$PCALG_SECONDS" Rscript tests/bench/pcalg.R "$2" "$3" "$PCALG_CORES" \
        >"$work/pcalg.facts" 2>"$work/pcalg.log" || code=$?
    case $code in
    0) row "$1" "pcalg $PCALG_CORES" "$3" "$work/pcalg.facts" ;;
    124 | 137) echo "| $1 | pcalg $PCALG_CORES | stopped after $PCALG_SECONDS s |" ;;
    *)
        echo "| $1 | pcalg $PCALG_CORES | failed with code $code: $(tail -n 1 "$work/pcalg.log") |"
        ;;
    esac
}

# measure SET TABLE ALPHA [TABLE FOR PCALG]
measure() {
    local set=$1 table=$2 alpha=$3 ranks i facts
    for ranks in 1 2; do
        facts=()
        for ((i = 0; i < RUNS; i++)); do
            run "run$i" "$ranks" "$table" --alpha "$alpha"
            facts+=("$work/run$i.facts")
        done
        run_watched .005 watched "$ranks" "$table" --alpha "$alpha"
        medians "${facts[@]}" >"$work/median.facts"
        grep '^memory' "$work/watched.facts" >>"$work/median.facts"
        row "$set" "$ranks" "$alpha" "$work/median.facts"
    done
    [ -z "$pcalg" ] || pcalg_row "$set" "${4:-$table}" "$alpha"
}

# measure_er P N ALPHA: pcalg reads the same values as text
measure_er() {
    local table=$work/er.npy text=$work/er.csv
    simulated "$1" "$2" 3 "$table"
    [ -z "$pcalg" ] || simulated "$1" "$2" 3 "$text"
    measure "Erdos-Renyi" "$table" "$3" "$text"
    rm -f "$table" "$text"
}

# measure_real NAME ALPHA
measure_real() {
    local table=../shared/data/$1/data.csv.gz
    if [ -e "$table" ]; then
        measure "$1" "$table" "$2"
    else
        echo "| $1 | SKIPPED: $table is absent |"
    fi
}

measure_factors() {
    awk -v p=1190 -v n=47 -v factors=20 -v noise=.5 -v seed=1 -f tests/bench/factors.awk >"$work/factors.csv"
    measure "20 factors" "$work/factors.csv" .05
}

pcalg=
has_pcalg && pcalg=yes
echo "$(machine); RUNS=$RUNS"
echo
header
for set in $SETS; do
    case $set in
    er2000) measure_er 2000 500 .01 ;;
    er5000) measure_er 5000 500 .001 ;;
    er10000) measure_er 10000 500 .001 ;;
    saureus) measure_real saureus .05 ;;
    riboflavin) measure_real riboflavin .01 ;;
    factors) measure_factors ;;
    *)
        echo "bench: no set is called '$set'" >&2
        exit 2
        ;;
    esac
done
cat <<END

Seconds: medians of the runs (RUNS=$RUNS), the slowest rank of each. Mtest/s: millions of tests in a second of the
skeleton phase. GB: 1e9 bytes over all ranks, a shared page once. Erdos-Renyi: dsep simulate --degree 3
--seed 1. 20 factors: x = L f + .5 e for 47 samples of 1,190 variables, in which loadings L, 20 factors f
and noise e are independent standard normal (tests/bench/factors.awk, seed 1): the shape of the NCI-60
table and the dense dependence of expression data, but simulated.
END
if [ -n "$pcalg" ]; then
    echo "pcalg: skeleton(method = \"stable.fast\", numCores = $PCALG_CORES), one run, no orientation; GB: VmHWM of R."
else
    echo "pcalg: not found (Rscript with the package pcalg), not compared."
fi
