#!/usr/bin/env bash
# What `dsep plan` forecasts of memory on a node and of time, beside what a run takes, on 1 and 2 ranks.
# Measured memory: tests/tools/peak.py. Measured time: wall time from start to end, and the processors'
# time of a rank, which neighbours on the machine lengthen less.
#   PLANS="1000:500:3:.001 ..."   tables to draw, variables:samples:degree:alpha[:replicates]
#   DATA=../shared/data           where S. aureus is, too, if it is there
#   RANKS="1 2"
#   METHODS="lingam hca exact dagma study"   of these the time alone
# Tables of up to 160 MB are simulated into ${TMPDIR:-/tmp} and removed.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${PLANS=1000:500:3:.001 5000:300:3:.001 20000:200:3:.001 100000:200:2:1e-5 1000:500:3:.01:100}"
: "${METHODS=lingam hca exact dagma study}"
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
[ -z "$PLANS" ] || {
    # shellcheck disable=SC2059
    printf "$row" table ranks load 'forecast,MB' 'peak,MB' ratio 'forecast,s' 'wall,s' ratio 'CPU,s'
    echo '|---|---|---|---|---|---|---|---|---|---|'
}
for plan in $PLANS; do
    IFS=: read -r p n degree alpha replicates <<<"$plan"
    simulated "$p" "$n" "$degree" "$work/table.npy"
    for ranks in $RANKS; do
        beside "$p x $n${replicates:+, R = $replicates}" "$ranks" "$work/table.npy" --alpha "$alpha" \
            ${replicates:+--replicates "$replicates"}
    done
    rm "$work/table.npy"
done
if [ -n "$PLANS" ] && [ -e "$DATA/saureus/data.csv.gz" ]; then
    for ranks in $RANKS; do
        beside "S. aureus, 2810 x 160" "$ranks" "$DATA/saureus/data.csv.gz" --alpha .05
    done
elif [ -n "$PLANS" ]; then
    echo "SKIPPED: no $DATA/saureus"
fi

# --- other methods: time alone, as a job of one node would ask for it

row='| %-52s | %5s | %5s | %10s | %10s | %10s |\n'

# timed RANKS COMMAND...
timed() {
    local ranks=$1 load forecast measured name
    shift
    name=$*
    read -r load _ </proc/loadavg
    forecast=$("$DSEP" submit --print --nodes 1 --ranks "$ranks" "$@" |
        sed -n 's/.*twice the forecast of \(.*\), at least.*/\1/p')
    measured=$("$PYTHON" tests/tools/peak.py "$DSEP" "${mpirun[@]}" --quiet -n "$ranks" "$DSEP" "$@" \
        --quiet -o "$work/result.h5")
    awk -v format="$row" -v name="${name//"$work/"/}" -v ranks="$ranks" -v load="$load" -v forecast="$forecast" \
        '{ printf format, name, ranks, load, forecast, sprintf("%.2f", $2), sprintf("%.2f", $3 / ranks) }' \
        <<<"$measured"
    rm -f "$work"/result.h5*
}

# drawn NAME OPTIONS...
drawn() {
    local name=$1
    shift
    "$DSEP" simulate "$@" --seed 1 --quiet -o "$work/$name"
}

[ -z "$METHODS" ] || {
    # shellcheck disable=SC2059
    printf "\n$row" run ranks load forecast 'wall, s' 'CPU, s'
    echo '|---|---|---|---|---|---|'
}
for method in $METHODS; do
    case $method in
    lingam)
        for p in 50 100 200 400; do drawn "l$p.npy" -p $p -n 3000 --degree 4 --noise laplace; done
        for ranks in $RANKS; do
            timed "$ranks" discover "$work/l100.npy" --method lingam
            timed "$ranks" discover "$work/l200.npy" --method lingam
            timed "$ranks" discover "$work/l400.npy" --method lingam
            timed "$ranks" discover "$work/l50.npy" --method lingam --replicates 50
        done
        drawn i10.npy -p 10 -n 5000 --noise laplace
        drawn i20.npy -p 20 -n 5000 --noise laplace
        drawn i40.npy -p 40 -n 5000 --noise laplace
        for p in 10 20 40; do timed 1 discover "$work/i$p.npy" --method ica-lingam; done
        for p in 50 100 200; do timed 1 discover "$work/l$p.npy" --method var-lingam; done
        ;;
    hca)
        drawn h1.npy -p 400 -n 200 --factors 4 --environments 6 --noise laplace --observation-noise .1
        drawn h2.npy -p 1000 -n 800 --factors 6 --environments 8 --noise laplace --observation-noise .1
        drawn h3.npy -p 100 -n 500 --factors 8 --environments 20 --noise laplace --observation-noise .1
        drawn m1.npy -p 300 -n 1000 --factors 4 --environments 5 --shift hard
        for ranks in $RANKS; do
            timed "$ranks" represent "$work/h1.npy" --environment V401 -d 4 -R 40 --null 40
            timed "$ranks" represent "$work/h2.npy" --environment V1001 -d 6 -R 10 --null 10
            timed "$ranks" represent "$work/h3.npy" --environment V101 -d 8 -R 4 --null 4
        done
        timed 1 represent "$work/m1.npy" --environment V301 -d 4 --method interventional -R 100
        timed 1 represent "$work/m1.npy" --environment V301 -d 4 --method lscale -R 100
        ;;
    exact)
        for p in 16 18 20; do drawn "e$p.npy" -p $p -n 500 --degree 3; done
        drawn e18.0.npy -p 18 -n 500 --degree 0
        for p in 16 18 20 18.0; do timed 1 discover "$work/e$p.npy" --method exact; done
        ;;
    dagma)
        for p in 100 200 400; do drawn "d$p.npy" -p $p -n 1000 --degree 2; done
        for p in 100 200 400; do timed 1 discover "$work/d$p.npy" --method dagma; done
        for p in 100 200; do timed 1 discover "$work/d$p.npy" --method notears; done
        ;;
    study)
        timed 1 sensitivity --simulate -p 20 -n 500 --degree 3 --replicates 1000
        timed 1 sensitivity --simulate -p 50,200 -n 200,1000 --degree 2,4 --alpha .01,.05 --replicates 20
        timed 1 sensitivity --simulate -p 1000 -n 500 --degree 3 --replicates 40
        ;;
    esac
done
