#!/usr/bin/env bash
# What show, export and compare print, and how they fail.
# seconds: 120
. tests/support/tap.sh
python=${PYTHON:-/usr/bin/python3}
cd "$scratch" || exit 1
run "$DSEP" simulate --variables 12 --samples 2000 --degree 2 --seed 3 --truth truth.csv -o data.csv
is "$status" 0 "data are simulated"
like "$err" '^dsep [0-9.]+ on .*, 1 rank on 1 node, .* seed 3$' "a log says how"
like "$err" '^drawing and writing +[0-9.]+ ' "and how long it took"
ranks 2 discover data.csv -o result.h5
is "$status" 0 "a result is written"

run "$DSEP" show result.h5
is "$status" 0 "show"
like "$out" 'data.csv: 2000 samples x 12 variables' "show tells what was read"
like "$out" 'CPDAG over 12 variables' "show tells what was found"
like "$out" 'V[0-9]+ (-->|---|<->) V[0-9]+ +[+-]0\.[0-9]{4}' "show draws edges"
like "$out" 'not significant from [0-9.]+ % on, zero at [0-9.]+ %' "show names fragile edges"
like "$out" 'We learned a CPDAG over 12 variables from 2000 samples' "show has a sentence to paste"
one=$out
run "$DSEP" discover data.csv --method lingam -q -o lingam.h5
run "$DSEP" show lingam.h5
like "$out" '^  order +V[0-9]+ V[0-9]+ V' "show tells a causal order"
ranks 3 show result.h5
is "$out" "$one" "show says it once on any number of ranks"
run "$DSEP" show result.h5 --json
is "$status" 0 "show --json"
if "$python" -c 'import json' 2>/dev/null; then
    is "$("$python" -c 'import json,sys; d=json.load(sys.stdin); e=d["graph"]["edges"]
print(d["graph"]["n_edges"] == len(e["source"]) > 0, d["variables"]["_index"][0])' <"$scratch/out")" \
        "True V1" "show --json is JSON with groups as objects"
else
    skip "show --json is JSON" "no $python"
fi

run "$DSEP" export result.h5
is "$status" 0 "export"
is "$(head -n 1 "$scratch/out")" "source,target,mark_source,mark_target,weight,p_max,order,partial_r2,robustness,robustness_ci" \
    "an edge CSV has its header"
cp "$scratch/out" edges.csv
for format in graphml dot gml tetrad json pcalg dagitty adjacency; do
    run "$DSEP" export result.h5 --format "$format"
    ok "export --format $format" test "$status" -eq 0 -a -n "$out"
done
ranks 2 export result.h5 --format csv -o again.csv
is "$status" 0 "export -o"
ok "export -o writes the same" cmp -s edges.csv again.csv
is "$(echo again.csv*)" again.csv "and nothing beside it"
run "$DSEP" export result.h5 -o nowhere/edges.csv
is "$status" 5 "export into a folder that is not there"
like "$err" "cannot write 'nowhere/edges.csv': No such file or directory" "names the file as it was given"
run "$DSEP" simulate -p 5 -n 10 -o other.csv --truth nowhere/truth.csv
is "$status$(ls other.csv 2>/dev/null)" 5 "a truth that cannot be written is found before the data are"
run "$DSEP" export result.h5 -o graph.graphml
like "$(cat graph.graphml)" "^<graphml " "the end of the name tells the format"
run "$DSEP" export result.h5 -o graph.json --format csv
ok "where --format does not" cmp -s edges.csv graph.json
run "$DSEP" discover result.h5 -o other.h5
is "$status" 3 "a result is no table"
like "$err" "result.h5: is a result of dsep, expected a table; dsep show tells what is in it" "is said"
run "$DSEP" simulate --model result.h5 -n 10 -o other.csv
like "$err" "'result.h5' is an HDF5 file, expected an edge CSV; dsep export makes one" "nor a model"
run "$DSEP" discover - -o other.h5
like "$err" "standard input is no table here" "neither is standard input"
kept=$(sha256sum result.h5 data.csv)
run "$DSEP" export result.h5 -o ./result.h5
is "$status" 2 "export over its own result"
like "$err" "--output ./result.h5 would be written over 'result.h5', which is read; choose another name" "is refused"
ranks 2 sensitivity result.h5 -o result.h5
is "$status" 2 "so is sensitivity of a result over it"
run "$DSEP" discover data.csv -o other.h5 --log-json data.csv
is "$status" 2 "a log over the data"
run "$DSEP" discover data.csv -o other.h5 --progress-file other.h5
like "$err" "--progress-file and --output are both 'other.h5'; give two files" "two outputs in one file"
is "$(sha256sum result.h5 data.csv)" "$kept" "and what is read stays as it was"
run "$DSEP" simulate -p 5 -n 10 -o other.csv --truth truth.h5
like "$err" "--truth truth.h5: the truth of a model is an edge CSV; give it a name in .csv" "an edge CSV is not called .h5"
run "$DSEP" export result.h5 --what replicates
is "$status" 2 "no replicates"
like "$err" "has no shares of replicates; make some with dsep discover --replicates" "is said, with the remedy"

run "$DSEP" compare result.h5 edges.csv
is "$status" 0 "compare"
like "$out" '^SHD +0 ' "a result is like its own edges"
like "$out" '^skeleton +1\.000 +1\.000 +1\.000' "in its skeleton"
ranks 2 compare result.h5 truth.csv --json
is "$status" 0 "compare --json"
like "$out" '"shd": [0-9]+' "has the distance"
like "$out" '"skeleton": \{' "and scores"
run "$DSEP" compare edges.csv truth.csv
is "$status" 0 "two edge CSVs are compared"
# MPI's folder for a job's files cannot be made here; programs without mpirun would remove each other's
OMPI_MCA_orte_tmpdir_base=$PWD/edges.csv/x run "$DSEP" compare edges.csv truth.csv
is "$status" 0 "without mpirun nothing is kept in a folder that programs share"
printf 'source,target,mark_source,mark_target\nV1,nobody,tail,arrow\n' >other.csv
run "$DSEP" compare result.h5 other.csv
is "$status" 3 "a name that the result does not know"
like "$err" "'nobody'" "is named"
printf 'source,target,mark_source,mark_target\n' >none.csv
run "$DSEP" compare none.csv none.csv --json
like "$out" '"f1": null' "0 / 0 is null"

for command in show export; do
    run "$DSEP" "$command" nothing.h5
    is "$status" 5 "$command: no file"
    run "$DSEP" "$command" data.csv
    is "$status" 3 "$command: no HDF5"
    head -c 4000 result.h5 >half.h5
    run "$DSEP" "$command" half.h5
    is "$status" 3 "$command: half a file"
    run "$DSEP" "$command"
    is "$status" 2 "$command: no argument"
done
run "$DSEP" discover data.csv -o twice.h5
is "$(grep -c replaced <<<"$err")" 0 "a new result replaces nothing"
run "$DSEP" discover data.csv -o twice.h5
like "$err" '^twice.h5 is there and will be replaced; -o FILE.h5 keeps both$' "a result that is replaced is said"
if [ -w /dev/full ]; then
    "$DSEP" show result.h5 >/dev/full 2>err
    is "$?" 5 "a full disk behind standard output"
else
    skip "a full disk behind standard output" "no /dev/full"
fi
{
    "$DSEP" export result.h5 --format graphml 2>err
    echo $? >code
} | true
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s code ] || sleep 0.2; done
is "$(cat code err)" 0 "a reader that leaves early, as head does, is no failure"
finish
