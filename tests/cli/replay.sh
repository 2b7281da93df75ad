#!/usr/bin/env bash
# dsep plan --replay: a trace made by h5py, replayed, against list scheduling in Python.
# seconds: 120
. tests/support/tap.sh
python=${PYTHON:-/usr/bin/python3}

# refused CODE MESSAGE NAME ARGUMENTS...
refused() {
    refuses "$1" "$2" "$3" "$DSEP" plan "${@:4}"
}

refused 2 'needs --ranks' "a replay without ranks" --replay x.h5
refused 2 'leave out .x\.csv' "a replay and data" --replay x.h5 --ranks 4 x.csv
refused 2 'needs DATA, or --replay' "neither" --json
refused 2 'whole number from 1 to 1000000' "too many ranks" --replay x.h5 --ranks 1000001
refused 5 'x\.h5' "no such file" --replay "$scratch/x.h5" --ranks 4

run "$DSEP" simulate --variables 12 --samples 300 --seed 3 -o "$scratch/data.csv"
run "$DSEP" discover "$scratch/data.csv" -o "$scratch/bare.h5"
is "$status" 0 "a result without a trace is written"
refused 3 'discover --trace' "a result without a trace" --replay "$scratch/bare.h5" --ranks 4

if ! "$python" -c 'import h5py' 2>/dev/null; then
    skip "replays of traces" "$python has no h5py"
    finish
fi

cat >"$scratch/make.py" <<'PYTHON'
import sys
import h5py
import numpy as np

out = sys.argv[1]
random = np.random.default_rng(5)
phases = [(0, 0, 400, 0), (1, 0, 300, 5000), (1, 1, 2, 5000), (2, 0, 0, 700)]

def write(name, change=None):
    tasks = {"order": [], "half": [], "cost": []}
    for order, half, count, _ in phases:
        forecast = np.sort(random.lognormal(5, 1, count))[::-1]
        tasks["order"] += [order] * count
        tasks["half"] += [half] * count
        tasks["cost"] += list((forecast * random.uniform(.1, 1, count)).astype(int))
    tables = {"tasks": tasks, "phases": {k: [p[i] for p in phases] for i, k in
                                         enumerate(["order", "half", "tasks", "bytes"])}}
    if change:
        change(tables)
    with h5py.File(f"{out}/{name}.h5", "w") as file:
        file.attrs["encoding-type"] = "dsep-result"
        for table, columns in tables.items():
            for column, values in columns.items():
                kind = float if any(isinstance(v, float) for v in values) else np.int64
                file[f"search/{table}/{column}"] = np.array(values, dtype=kind)

def put(table, column, row, value):
    def change(tables):
        tables[table][column][row] = value
    return change

write("good")
write("negative", put("tasks", "cost", 3, -1))
write("huge", put("tasks", "cost", 3, 2**62))
write("real", put("tasks", "cost", 3, 1.5))
write("mixed", put("tasks", "order", 3, 1))
write("phase", put("phases", "tasks", 0, 401))
write("fewer", put("phases", "tasks", 3, 1))
write("bytes", put("phases", "bytes", 0, -1))
write("short", lambda t: t["tasks"]["half"].pop())
write("missing", lambda t: t["phases"].pop("bytes"))
PYTHON
run "$python" "$scratch/make.py" "$scratch"
is "$status" 0 "traces are made"
for bad in negative huge real mixed phase fewer bytes short missing; do
    refused 3 'does not agree with itself' "a trace that is wrong: $bad" \
        --replay "$scratch/$bad.h5" --ranks 4
done

cat >"$scratch/check.py" <<'PYTHON'
import heapq
import json
import sys
import h5py

file = h5py.File(sys.argv[1])["search"]
found = json.load(open(sys.argv[2]))
ranks = found["ranks"]

def check(name, good):
    print(("yes " if good else "NO  ") + name)

first = work = makespans = 0
for i, phase in enumerate(found["phases"]):
    n = int(file["phases/tasks"][i])
    cost = [int(c) for c in file["tasks/cost"][first:first + n]]
    first += n
    free = [0] * ranks
    for c in cost:
        heapq.heapreplace(free, free[0] + c)
    name = f"{ranks} ranks, phase {i}: "
    check(name + "work", phase["work"] == sum(cost) and phase["largest"] == max(cost, default=0))
    if found["nodes"] == 1:
        check(name + "makespan of list scheduling", phase["makespan"] == max(free))
        check(name + "nothing is sent", phase["messages"] == phase["bytes_per_node"] == 0)
    else:
        check(name + "makespan in its bounds", max(max(cost, default=0), sum(cost) / ranks)
              <= phase["makespan"] <= 1.25 * max(free))
        check(name + "bytes", phase["bytes_per_node"] == file["phases/bytes"][i])
    work += sum(cost)
    makespans += phase["makespan"]
overall = found["overall"]
check("overall efficiency", abs(overall["efficiency"] - work / (ranks * makespans)) < 1e-12)
check("overall bytes", found["bytes"] == found["nodes"] * overall["bytes_per_node"])
check("what limits", overall["limited_by"] in ("nothing", "largest task", "tail"))
PYTHON
for machine in "1 64" "8 64" "16 4" "6 1"; do
    read -r n k <<<"$machine"
    run "$DSEP" plan --replay "$scratch/good.h5" --ranks "$n" --ranks-per-node "$k" --json
    is "$status" 0 "$n ranks by $k: replayed"
    cp "$scratch/out" "$scratch/played.json"
    run "$python" "$scratch/check.py" "$scratch/good.h5" "$scratch/played.json"
    is "$status" 0 "$n ranks by $k: checked"
    [ "$status" -eq 0 ] || sed 's/^/# /' "$scratch/err"
    while read -r good name; do
        is "$good" yes "$name"
    done <<<"$out"
done

run "$DSEP" plan --replay "$scratch/good.h5" --ranks 1
like "$out" 'overall: efficiency 1\.000, limited by nothing' "one rank never waits"
run "$DSEP" plan --replay "$scratch/good.h5" --ranks 1000000
like "$out" '15625 nodes' "a million ranks"
like "$out" 'limited by largest task' "a million ranks wait for the largest task"
cp "$scratch/out" "$scratch/alone"
ranks 3 plan --replay "$scratch/good.h5" --ranks 1000000 -o "$scratch/report.txt"
ok "the same from three ranks, to a file" cmp -s "$scratch/alone" "$scratch/report.txt"
finish
