#!/usr/bin/env bash
# dsep plan: what it tells, how it chooses nodes and ranks, what it refuses, and that a run takes the
# memory that it was said to take.
# seconds: 120
. tests/support/tap.sh
python=${PYTHON:-/usr/bin/python3}

# planned KEY...: a number of the JSON in $out
planned() {
    "$python" -c 'import json, sys
at = json.load(open(sys.argv[1]))
for key in sys.argv[2:]: at = at[key]
print("null" if at is None else at)' "$scratch/plan.json" "$@"
}

# plan ARGUMENTS...: a plan of $table as JSON
plan() {
    run "$DSEP" plan "$table" "$@" --json --quiet
    echo "$out" >"$scratch/plan.json"
}

# refused CODE MESSAGE NAME ARGUMENTS...
refused() {
    refuses "$1" "$2" "$3" "$DSEP" plan "${@:4}"
}

table=$scratch/table.npy
run "$DSEP" simulate --variables 1500 --samples 200 --degree 3 --seed 4 -o "$table"

# --- what it tells
run "$DSEP" plan "$table" --alpha .001 --replicates 20 --array 4 --quiet -o "$scratch/it's.h5"
is "$status" 0 "a plan"
like "$out" '^  #SBATCH --nodes=1$' "a plan: nodes for Slurm"
like "$out" '^  #SBATCH --mem=[0-9]+00M$' "a plan: memory in steps of 100 MB"
like "$out" '^  #SBATCH --time=00:10:00$' "a plan: ten minutes at least"
like "$out" '^  #SBATCH --array=1-4$' "a plan: the array"
like "$out" '^  # 1 node: the fewest whose memory' "a plan: reasons"
like "$out" "^  dsep submit --array 4 discover .*table.npy --alpha .001 --replicates 20 --quiet -o '.*'.*'" \
    "a plan: the command that submits it, without plan's own options"
is "$(grep -c 'submit.*--json' <<<"$out")" 0 "a plan: and only that"

plan --alpha .001 --ranks 6 --nodes 2
is "$(planned n_samples) $(planned n_variables)" "200 1500" "JSON: the table's shape"
is "$(planned tests order_0)" 1124250.0 "JSON: tests of order 0"
is "$(planned slurm nodes) $(planned slurm ntasks) $(planned slurm ntasks_per_node)" "2 6 3" "JSON: the shape that was asked for"
is "$(planned slurm time_seconds) $(planned fits) $(planned order_not_forecast)" "600.0 True null" "JSON: time"
for key in disk checkpoint seconds memory_available; do
    ok "JSON: $key" "$python" -c "import sys; sys.exit(not float('$(planned $key)') > 0)"
done
run "$DSEP" plan "$table" -o plan.txt
is "$status$(ls plan.txt 2>/dev/null)" 2 "a plan is printed, not written"
like "$err" "a plan is printed: dsep plan ... > plan.txt" "is said"
one=$(planned memory_per_node peak)
ok "JSON: the base of a rank and the files of a node are in the peak" \
    test "$one" -gt $((3 * $(planned memory_per_node rank_base) + $(planned memory_per_node files)))
ok "JSON: a quarter more than the forecast is asked for" \
    test $(($(planned slurm mem_mb) * 1048576)) -gt $((one * 5 / 4))
plan --alpha .001 --ranks 12 --nodes 2
ok "more ranks on a node need more" test "$(planned memory_per_node peak)" -gt "$one"
plan --alpha .001 --ranks 6 --nodes 6
ok "more nodes need less on each" test "$(planned memory_per_node peak)" -lt "$one"
plan --alpha .001 --ranks 10 --node-cores 4
is "$(planned slurm nodes) $(planned slurm ntasks_per_node)" "3 4" "more ranks than a node has cores"
plan --alpha .001 --replicates 100000000 --node-cores 4 --node-memory 64G
is "$(planned slurm ntasks_per_node)" 4 "long work gets all cores of its nodes"
ok "long work gets more nodes" test "$(planned slurm nodes)" -gt 1

# --- memory that does not do
plan --alpha .001 --memory 10M
is "$status $(planned fits) $(planned slurm)" "4 False null" "too little memory: exit code 4, and JSON says why"
like "$err" 'needs [0-9.]+ MB of memory on each node and 10.5 MB are there' "too little memory: both are said"
like "$err" 'No two variables would fit: ask for --memory [0-9]+M or more' "too little memory: what would do"
enough=${err##*ask for --memory } enough=${enough%%M *}M
plan --alpha .001 --memory "$enough"
is "$status $(planned slurm mem_mb)M" "0 $enough" "what would do is taken as it is asked for"
plan --alpha .001 --memory-per-node 1M
is "$status" 4 "so is what the command itself may use"

# --- other methods, wrong options
run "$DSEP" simulate --variables 6 --samples 50 --seed 5 -o "$scratch/small.csv"
table=$scratch/small.csv
# longer NAME BEFORE: the plan says more seconds than BEFORE
longer() {
    ok "$1" "$python" -c "import sys; sys.exit(not float('$(planned seconds)') > float('$2'))"
}
methods=(lingam ica-lingam var-lingam exact)
if "$DSEP" --version | grep -q 'PETSc.*left out'; then
    refused 2 'needs PETSc, which was left out' "dagma without PETSc" "$table" --method dagma
else
    methods+=(dagma notears)
fi
for method in "${methods[@]}"; do
    plan --method "$method" --ranks 1
    is "$status $(planned plan_of) $(planned slurm time_seconds)" "0 discover --method $method 600.0" "a plan of $method: what to ask for"
    longer "a plan of $method: seconds" 0
    ok "a plan of $method: memory" test "$(planned memory_per_node peak)" -gt 5000000
done
plan --method lingam --ranks 64
one=$(planned seconds)
plan --method lingam --replicates 1000000 --ranks 64
many=$(planned seconds)
longer "replicates take their time" "$one"
plan --method lingam --replicates 1000000 --ranks 1
longer "which ranks share" "$many"
awk 'BEGIN { OFS = ","; print "a,b,c"; for (i = 1; i < 30; i++) print i * i % 17, i * 5 % 13, i * i % 17 + i * 5 % 13 }' \
    >"$scratch/sum.csv"
run "$DSEP" plan "$scratch/sum.csv" --method lingam --quiet
like "$out" 'the time of discover --method lingam is not forecast, as a sample could not be fitted' "no time where a sample fails"
run "$DSEP" simulate --variables 8 --samples 60 --factors 2 --environments 3 --shift hard --seed 5 -o "$scratch/mixed.csv"
for method in hca interventional lscale; do
    run "$DSEP" submit --print --ranks 1 represent "$scratch/mixed.csv" --environment environment --factors 2 --method $method
    like "$out" '# *time: twice the forecast of [0-9]' "a plan of represent --method $method: time"
done
if [[ ${methods[*]} = *dagma* ]]; then
    run "$DSEP" simulate --variables 60 --samples 50 --seed 5 -o "$scratch/wide.csv"
    for replicates in 0 8; do
        run "$DSEP" plan "$scratch/wide.csv" --method dagma --ranks 2 --replicates $replicates --json --quiet
        echo "$out" >"$scratch/plan.json"
        [ $replicates = 8 ] || alone=$(planned memory_per_node peak)
    done
    ok "replicates of dagma: a whole fit on every rank" \
        test "$(planned memory_per_node peak)" -gt $((alone + 2000000))
fi
run "$DSEP" submit --print --ranks 1 sensitivity --simulate --variables 10 --samples 50,100 --replicates 5
like "$out" '# *time: twice the forecast of [0-9]' "a plan of a simulation study: time"
table=$scratch/table.npy
refused 2 'each node needs at least one rank' "fewer ranks than nodes" "$table" --ranks 2 --nodes 4
refused 2 'give two of the three' "a shape that contradicts itself" "$table" --ranks 9 --nodes 2 --ranks-per-node 4
refused 2 '--lags means nothing' "an option of another method" "$table" --lags 3
refused 5 'nothing.csv' "no such file" nothing.csv

# --- a run: its greatest resident set, which the kernel keeps, within 15 %
if [[ ${BUILD:-} == */asan ]]; then
    skip "memory of a run" "the sanitizers need more"
else
    table=$scratch/larger.npy # so that what the libraries need is a small part
    run "$DSEP" simulate --variables 3000 --samples 600 --degree 3 --seed 4 -o "$table"
    plan --alpha .001 --ranks 1
    run "$python" tests/tools/peak.py "$DSEP" "$DSEP" discover "$table" --alpha .001 -q -o "$scratch/r.h5"
    read -r measured _ <<<"$out"
    forecast=$(planned memory_per_node peak)
    echo "# forecast $forecast, measured $measured bytes"
    ok "memory of a run within 15 % of its forecast" \
        test $((100 * forecast)) -gt $((85 * measured)) -a $((100 * forecast)) -lt $((115 * measured))
fi
finish
