#!/usr/bin/env bash
# One discovery of each size near the machine's limit, on 2 ranks, beside what `dsep plan` forecast
# of it. A size that does not fit (exit code 4 of plan) is said and left out.
#   LARGE="20000 100000 1000000"   the numbers of variables to run
# Tables are simulated into ${TMPDIR:-/tmp} and removed: 80 MB, 160 MB and 800 MB. Memory is looked at
# ten times a second in the run that is timed (measure.sh, peak_memory).
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${LARGE:=20000 100000 1000000}"
# shellcheck source=tests/bench/measure.sh
source tests/bench/measure.sh

# model P: samples, degree and alpha of a size
model() {
    case $1 in
    20000) echo 500 3 .001 ;;
    100000) echo 200 2 1e-5 ;;
    1000000) echo 100 2 1e-8 ;;
    *)
        echo "bench-large: no model for '$1'; there are 20000, 100000 and 1000000" >&2
        return 2
        ;;
    esac
}

# space P N: whether the table fits the disk
space() {
    local needs=$(($1 * $2 * 8 / 1000000)) has
    has=$(df -P -k "$work" | awk 'NR == 2 { printf "%d", $4 * 1024 / 1e6 }')
    echo "$1 variables: a table of $needs MB in ${TMPDIR:-/tmp}, where $has MB are free"
    ((needs < has))
}

# planned FILE KEY: a number of the forecast, or -
planned() {
    awk -v key="\"$2\":" '$1 == key && x == "" { x = $2; sub(/,$/, "", x) } END { print x == "" ? "-" : x }' "$1"
}

# beside WHAT FORECAST MEASURED SCALE FORMAT
beside() {
    awk -v what="$1" -v forecast="$2" -v measured="$3" -v scale="$4" -v format="$5" '
        function text(x) { return x == "-" || x == "" ? "-" : sprintf(format, x / scale) }
        BEGIN { printf "  %-36s %12s %12s\n", what, text(forecast), text(measured) }'
}

# compare PLAN FACTS
compare() {
    local kilobytes
    kilobytes=$(fact "$2" memory)
    printf "  %-36s %12s %12s\n" "" forecast measured
    beside "memory, GB" "$(planned "$1" peak)" $((kilobytes * 1024)) 1e9 %.2f
    beside "tests of order 0, millions" "$(planned "$1" order_0)" "$(fact "$2" order0)" 1e6 %.1f
    beside "tests of order 1, millions, at most" "$(planned "$1" order_1_at_most)" \
        "$(fact "$2" order1)" 1e6 %.1f
    beside "seconds" "$(planned "$1" seconds)" "$(fact "$2" total)" 1 %.1f
}

# large P: exit code 4 of the forecast is no error of the benchmark
large() {
    local p=$1 n degree alpha code=0 table=$work/table.npy
    read -r n degree alpha <<<"$(model "$p")"
    if ! space "$p" "$n"; then
        echo "  SKIPPED: not enough disk"
        return
    fi
    simulated "$p" "$n" "$degree" "$table"
    "${mpirun[@]}" --quiet -n 2 "$DSEP" plan "$table" --alpha "$alpha" --json --quiet \
        >"$work/plan.json" 2>"$work/plan.log" || code=$?
    if [ "$code" -eq 4 ]; then
        echo "  SKIPPED: dsep plan says that it does not fit: $(planned "$work/plan.json" peak) bytes needed," \
            "$(planned "$work/plan.json" memory_available) there"
    elif [ "$code" -ne 0 ]; then
        cat "$work/plan.log" >&2
        return "$code"
    else
        run_watched .1 large 2 "$table" --alpha "$alpha"
        compare "$work/plan.json" "$work/large.facts"
        row "Erdos-Renyi degree $degree" 2 "$alpha" "$work/large.facts" >>"$work/rows"
    fi
    rm -f "$table"
}

for p in $LARGE; do
    model "$p" >/dev/null
done
machine
for p in $LARGE; do
    large "$p"
done
echo
header
[ ! -e "$work/rows" ] || cat "$work/rows"
