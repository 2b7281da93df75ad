#!/usr/bin/env bash
# dsep sensitivity: errors with remedies, the same tables on any ranks, figures that can be made by
# hand with the seeds of the file, studies that stop and go on.
# seconds: 300
. tests/support/tap.sh
python=${PYTHON:-/usr/bin/python3}

# tables FILE: what is in a result but where and when it was made
tables() {
    "$DSEP" show "$1" --json 2>/dev/null | grep -vE '^  "(command|created|runs|seconds|study)":'
}

# refused CODE MESSAGE NAME ARGUMENTS...
refused() {
    refuses "$1" "$2" "$3" "$DSEP" sensitivity "${@:4}"
}

run "$DSEP" simulate -p 20 -n 300 --seed 5 -o "$scratch/data.csv"
table=$scratch/data.csv

run "$DSEP" sensitivity --help
is "$status" 0 "--help"
is "$(awk 'length > 100' <<<"$out")" "" "--help fits the screen"
refused 2 'needs DATA, a RESULT of discover, or --simulate' "nothing to study"
refused 2 'leave out .x\.csv' "data for a simulation" --simulate x.csv
refused 2 '--alpha 2: expected a number from .* or several' "a level" "$table" --alpha 0.01,2
refused 2 '--alpha: 0\.01 stands twice' "a level twice" "$table" --alpha 0.01,0.05,0.01
refused 2 '--samples: 300 stands twice' "all rows twice" "$table" --samples 300,all
refused 2 'the data have only 300 rows' "too many rows" "$table" --samples 200,301
refused 2 'leaves fewer than 5' "too few rows" "$table" --samples 40 --subsample 0.1
refused 2 '--degree is about a simulation' "a model for data" "$table" --degree 2,3
refused 2 '--edges is about edges of a result' "edges of a table" "$table" --edges A:B
refused 2 '--prior-y is about edges of a result' "a prior for a table" "$table" --prior-y point:0.1
refused 2 '--draws is about edges of a result' "draws of a simulation" --simulate --variables 9 --samples 50 --draws 9
refused 2 '--drop is about a table' "a column of a simulation" --simulate --variables 9 --samples 50 --drop A
refused 2 '--weights is about a simulation' "weights for data" "$table" --weights 1,2
refused 2 '--cells is about a random design' "cells of a grid" "$table" --cells 9
refused 2 '--subsample is about data' "rows of a simulation" --simulate --variables 9 --samples 50 --subsample 0.5
refused 2 'give --variables P' "no size" --simulate --samples 50
refused 2 '--samples all is about data' "all rows of nothing" --simulate --variables 9 --samples all
refused 2 'expected two numbers LO,HI' "weights" --simulate --variables 9 --samples 50 --weights 1
refused 2 '--degree 20' "a degree" --simulate --variables 9,30 --samples 50 --degree 3,20
refused 2 'give fewer levels' "too much" --simulate --variables 9 --samples 50,60,70,80,90 \
    --degree 1,2,3,4 --alpha 0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,0.05,0.01 --replicates 10000000
refused 5 'nothing\.csv' "no such file" nothing.csv
refused 4 'kB are there' "too little memory" --simulate --variables 100 --samples 50 --memory-per-node 1K -o "$scratch/x.h5"
is "$(find "$scratch" -name '*.h5*')" "" "no refusal leaves a file"

# --- a table ---------------------------------------------------------------------------------------

study=(sensitivity "$table" --alpha '0.01,0.1' --samples '100,all' --measurement-error '0,0.5'
    --drop-variables '0,0.1' --replicates 6 --seed 3 -q)
run "$DSEP" "${study[@]}" -o "$scratch/one.h5"
is "$status" 0 "a grid over a table"
ranks 3 "${study[@]}" -o "$scratch/dry.h5" --dry-run
is "$status$(ls "$scratch/dry.h5" 2>/dev/null)" 0 "--dry-run writes nothing"
like "$out" 'Forecast for sensitivity of .* on 3 ranks' "it forecasts"
like "$out" 'units of work +96, which' "all runs"
run "$DSEP" "${study[@]}" --dry-run --memory-per-node 1M
is "$status" 4 "and refuses what does not fit"
for how in 2:1 3:2 3:3; do
    ranks "${how%:*}" "${study[@]}" --ranks-per-replicate "${how#*:}" -o "$scratch/more.h5"
    is "$status" 0 "the same on ranks:ranks a run $how"
    ok "and the same tables" cmp -s <(tables "$scratch/one.h5") <(tables "$scratch/more.h5")
    rm "$scratch/more.h5"
done
DSEP_NODE_RANKS=2 ranks 3 "${study[@]}" --ranks-per-replicate 3 -o "$scratch/more.h5"
ok "and on two nodes" cmp -s <(tables "$scratch/one.h5") <(tables "$scratch/more.h5")
run "$DSEP" "${study[@]}" --seed 4 -o "$scratch/other.h5"
is "$(cmp -s <(tables "$scratch/one.h5") <(tables "$scratch/other.h5") && echo same)" "" \
    "another seed gives others"
cat >"$scratch/study.ini" <<'INI'
[sensitivity]
alpha = 0.01,0.1
samples = 100,all
measurement-error = 0,0.5
drop-variables = 0,0.1
replicates = 6
seed = 3
INI
run "$DSEP" sensitivity "$table" --study "$scratch/study.ini" -o "$scratch/ini.h5"
like "$err" "^input: .*, 300 samples x " "the log says what was read"
is "$status" 0 "the same from a study file"
ok "and the same tables" cmp -s <(tables "$scratch/one.h5") <(tables "$scratch/ini.h5")
like "$out" '^\| +alpha \| +0\.1 \|' "the table is printed"
run "$DSEP" show "$scratch/one.h5"
like "$out" '16 cells \(grid\) of 6 replicates' "show prints it"
like "$out" '^\| V[0-9]+, V[0-9]+ \| 0\.' "and edges that move"
run "$DSEP" sensitivity "$table" --alpha 0.001,0.1 --max-order 0,1 --design random --cells 12 \
    --replicates 2 -o "$scratch/random.h5"
like "$out" '^\| +alpha +\| >= 0\.01 \|' "a random design: halves of the range"

run "$DSEP" discover "$table" --alpha 0.1 -q -o "$scratch/d.h5"
hand=$("$DSEP" show "$scratch/d.h5" --json)
"$DSEP" show "$scratch/one.h5" --json >"$scratch/one.json"
cat >"$scratch/check.py" <<'PYTHON'
import json, sys
study = json.load(open(sys.argv[1]))["sensitivity"]
hand = json.loads(sys.argv[2])["graph"]
cells, edges, runs = study["cells"], study["edges"], study["replicates"]
n = len(cells["alpha"])
def cell(**wanted):
    return [c for c in range(n) if all(cells[k][c] == v for k, v in wanted.items())]
base = cell(alpha=.01, samples=300, measurement_error=0, drop_variables=0)
whole = cell(alpha=.1, samples=300, measurement_error=0, drop_variables=0)
print(n == 16 and len(base) == len(whole) == 1, "cells")
print(cells["shd"][base[0]] == 0 and cells["skeleton_f1"][base[0]] == 1
      and cells["n_edges"][base[0]] == study["reference_edges"], "reference")
print(cells["n_edges"][whole[0]] == hand["n_edges"]
      and cells["n_directed"][whole[0]] == hand["n_directed"], "discover")
print(cells["n_edges_mcse"][whole[0]] == 0 and cells["replicates"][whole[0]] == 6, "not-drawn")
mean = lambda c: sum(runs["n_edges"][6 * c:6 * c + 6]) / 6
print(all(abs(mean(c) - cells["n_edges"][c]) < 1e-12 for c in range(n)), "means")
print(len(set(runs["seed"])) == 96, "seeds")
print(all(0 < s <= 1 for s in edges["share"])
      and all(f + b <= s + 1e-12 for f, b, s in
              zip(edges["share_forward"], edges["share_backward"], edges["share"])), "shares")
at = dict((l, i) for i, l in enumerate(zip(study["levels"]["factor"], study["levels"]["level"])))
part = [c for c in range(n) if cells["alpha"][c] == .1]
print(abs(study["levels"]["n_edges"][at["alpha", "0.1"]]
          - sum(cells["n_edges"][c] for c in part) / len(part)) < 1e-12, "levels")
print(all(a <= s + 1e-12 and s <= b + 1e-12 for a, s, b in
          zip(edges["samples_least"], edges["share"], edges["samples_greatest"])), "between")
PYTHON
while read -r good what; do
    is "$good" True "figures: $what"
done < <("$python" "$scratch/check.py" "$scratch/one.json" "$hand")

run "$DSEP" sensitivity "$scratch/d.h5" --draws 100 -o "$scratch/edges.h5"
is "$status" 0 "edges of a result"
like "$out" '^[0-9]+ edges of .* and an unmeasured common cause' "are told"
run "$DSEP" show "$scratch/edges.h5"
like "$out" 'Robustness to an unmeasured common cause' "are told what a common cause would do"
refused 2 '--alpha is about searches' "a level for a result" "$scratch/d.h5" --alpha 0.1
run "$DSEP" discover "$table" --method lingam -q -o "$scratch/lingam.h5"
refused 3 'for results of dsep discover --method pc' "edges without tests" "$scratch/lingam.h5"

# Where nothing is dropped, shares are plain counts: their sum is the mean number of edges.
run "$DSEP" sensitivity "$table" --alpha 0.01,0.1 --subsample 0.5 --replicates 7 -q -o "$scratch/plain.h5"
"$DSEP" show "$scratch/plain.h5" --json >"$scratch/plain.json"
is "$("$python" -c "
import json
s = json.load(open('$scratch/plain.json'))['sensitivity']
print(abs(sum(s['edges']['share']) - sum(s['replicates']['n_edges']) / 14) < 1e-9,
      abs(sum(s['edges']['share_forward'] + s['edges']['share_backward'])
          - sum(s['replicates']['n_directed']) / 14) < 1e-9)")" "True True" "shares add up to edges"

# --- simulations -----------------------------------------------------------------------------------

study=(sensitivity --simulate --variables '15,30' --samples '50,200,2000' --degree 2 --replicates 20 --seed 2)
run "$DSEP" "${study[@]}" -o "$scratch/one.h5"
is "$status" 0 "a simulation study"
rows=$(grep -E '^\| +(15|30) \|' <<<"$out")
is "$(wc -l <<<"$rows")" 6 "a row for each cell"
f1=$(awk -F'|' '{ split($9, f, " "); print f[1] }' <<<"$rows")
is "$(awk 'NR % 3 != 1 && $1 <= last { print "falls" } { last = $1 }' <<<"$f1")" "" \
    "F1 rises with the rows: $(tr '\n' ' ' <<<"$f1")"
ranks 3 "${study[@]}" -q --ranks-per-replicate 2 -o "$scratch/three.h5"
ok "the same on 3 ranks, 2 a run" cmp -s <(tables "$scratch/one.h5") <(tables "$scratch/three.h5")

# A run of the study, made by hand with its seed.
read -r seed shd f1 < <("$DSEP" show "$scratch/one.h5" --json | "$python" -c '
import json, sys
r = json.load(sys.stdin)["simulation"]["replicates"]
print(r["seed"][83], int(r["shd"][83]), "%.6f" % r["skeleton_f1"][83])') # cell 4: 30 x 200
run "$DSEP" simulate -p 30 -n 200 --degree 2 --seed "$seed" -o "$scratch/s.npy" --truth "$scratch/s.csv"
run "$DSEP" discover "$scratch/s.npy" -q -o "$scratch/s.h5"
run "$DSEP" compare "$scratch/s.h5" "$scratch/s.csv" --json
is "$("$python" -c '
import json, sys
m = json.load(sys.stdin)
print(m["shd_cpdag"], "%.6f" % m["skeleton"]["f1"])' <<<"$out")" "$shd $f1" \
    "simulate, discover and compare give a run's figures"

# --- stopping and going on -------------------------------------------------------------------------

study=(sensitivity --simulate --variables 300 --samples '150,300' --degree 4 --replicates 50 -q
    --checkpoint-every 0)

# interrupt SIGNAL ARGUMENTS...: sends a signal to one of three ranks as soon as there is a
# checkpoint of parts.h5; the exit code in $status
interrupt() {
    local signal=$1 job
    shift
    for _ in 1 2 3 4 5 6; do # until the signal comes before the end
        rm -f "$scratch"/parts.h5*
        timeout -k 5 120 "$MPIRUN" --quiet -n 3 "$DSEP" "${study[@]}" -o "$scratch/parts.h5" "$@" \
            >"$scratch/out" 2>&1 </dev/null &
        job=$!
        for _ in $(seq 1000); do
            [ -e "$scratch/parts.h5.checkpoint" ] && break
            sleep 0.02
        done
        kill "-$signal" "$(pgrep -P "$(pgrep -P "$job")" | sed -n 2p)"
        wait "$job"
        status=$?
        [ ! -e "$scratch/parts.h5.checkpoint" ] || break
    done
}

# goes_on NAME: the same command ends what was interrupted, with the tables of an undisturbed run
goes_on() {
    ranks 2 "${study[@]}" --resume -o "$scratch/parts.h5"
    is "$status" 0 "$1: the same command goes on"
    ok "$1: with the same tables" cmp -s <(tables "$scratch/whole.h5") <(tables "$scratch/parts.h5")
    is "$(find "$scratch" -name '*checkpoint*')" "" "$1: and leaves no checkpoint"
    rm "$scratch/parts.h5"
}

ranks 2 "${study[@]}" -o "$scratch/whole.h5"
is "$status" 0 "an undisturbed study"
interrupt USR1
is "$status" 85 "asked to stop: exit code 85"
is "$(find "$scratch" -name parts.h5)" "" "asked to stop: there is no result"
goes_on "asked to stop"
interrupt KILL
ok "a rank is killed: the run fails" test "$status" -ne 0
is "$(find "$scratch" -name parts.h5)" "" "a rank is killed: there is no result"
goes_on "a rank is killed"
interrupt USR1 --allow-partial
is "$status" 0 "--allow-partial is content"
run "$DSEP" show "$scratch/parts.h5"
like "$out" 'PARTIAL: [0-9]+ of 100 runs' "with what is done, and says so"
goes_on "a partial result"
finish
