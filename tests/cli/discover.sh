#!/usr/bin/env bash
# What users type: help, wrong options, wrong data, exit codes and messages, default names, drops,
# knowledge, dry runs, refusals.
# seconds: 300
. tests/support/tap.sh

table=docs/example/breast-cancer.csv

# What must be the same on one rank and on two: all but how much memory ranks need.
said() {
    grep '^dsep: ' <<<"$err" | sed -E 's/needs [0-9.]+ [kMG]B/needs memory/'
}

# refused CODE PATTERN NAME ARGUMENTS...: on one rank and on two the same code and one message
refused() {
    local code=$1 pattern=$2 name=$3 alone
    shift 3
    run "$DSEP" "$@"
    is "$status" "$code" "$name: exit code"
    like "$err" "$pattern" "$name: message"
    alone=$(said)
    ranks 2 "$@"
    is "$status $(said)" "$code $alone" "$name: the same on two ranks"
}

run "$DSEP" --help
like "$out" 'discover +DATA' "help lists the commands"
run "$DSEP" --version
like "$out" '^HDF5 +[0-9.]+, parallel' "version tells how it was built"
for command in discover plan simulate compare show export; do
    run "$DSEP" "$command" --help
    is "$status" 0 "$command --help"
    like "$out" 'Examples' "$command --help teaches by example"
    is "$(awk 'length > 100' <<<"$out")" "" "$command --help fits the screen"
done
run "$DSEP" help export
like "$out" '^dsep export RESULT' "help COMMAND is COMMAND --help"
run "$DSEP"
is "$status" 2 "no command: exit code"

refused 2 "'learn' is no command" "unknown command" learn x.csv
run "$DSEP" dicover x.csv
like "$err" "'dicover' is no command of dsep .*; did you mean 'discover'\?; see dsep --help" "a slip in a command"
refused 2 "--alfa is no option of dsep discover" "unknown option" discover $table --alfa 1
refused 2 "--alpha 2: expected a number from" "out of range" discover $table --alpha 2
refused 2 "--alpha zero: expected" "no number" discover $table --alpha zero
refused 2 "--method fci: expected one of pc" "a method that is not there" discover $table --method fci
refused 2 "needs DATA" "no data" discover
refused 2 "does not know what to do with" "too much" discover $table $table
refused 2 "no such column" "unknown column" discover $table --drop diagnosys
like "$err" "diagnosis" "unknown column: the nearest name is offered"
refused 2 "a name in .h5" "a result that is no .h5" discover $table --drop diagnosis -o r.csv
refused 5 "nothing.csv" "no such file" discover nothing.csv
refused 5 "." "a folder" discover docs -o "$scratch/r.h5"
refused 3 "diagnosis" "text column" discover $table -o "$scratch/r.h5"
like "$err" "--drop 'diagnosis'" "text column: the remedy"
refused 5 "known.txt" "no knowledge file" discover $table --drop diagnosis --knowledge known.txt
refused 4 "needs .* [kMG]B" "too little memory" discover $table --drop diagnosis --memory-per-node 1K
refused 4 "needs .* and 1.07 GB are there" "plan of another method" plan $table --drop diagnosis --method exact \
    --memory-per-node 1G
refused 4 "needs .* [kMG]B" "too little memory, planned" plan $table --drop diagnosis --memory-per-node 1K
refused 5 "no-such-folder" "no folder for the result" discover $table --drop diagnosis -o no-such-folder/r.h5
is "$(find "$scratch" -name '*.h5*')" "" "no refusal leaves a file"

bad() { # bad TABLE PATTERN NAME
    printf '%b' "$1" >"$scratch/bad.csv"
    refused 3 "$2" "$3" discover "$scratch/bad.csv" -o "$scratch/r.h5"
}
bad 'a,b,c\n1,2,3\n4,x5,6\n7,8,9\n1,0,0\n' 'bad.csv.*3.*b' "a cell that is no number"
bad 'a,b,c\n1,2,3\n4,5\n7,8,9\n1,0,0\n' 'bad.csv.*3' "a ragged line"
bad 'a,b,a\n1,2,3\n4,5,6\n7,8,9\n1,0,0\n' 'a' "a name that stands twice"
bad 'a,b,c\n1,2,3\n4,NA,6\n7,8,9\n1,0,0\n2,1,1\n' 'incomplete' "a missing cell"
bad 'a,b,c\n1,2,3\n4,2,6\n7,2,9\n1,2,0\n2,2,1\n' 'constant' "a constant column"
bad 'a,b,c\n1,2,3\n4,1,6\n7,2,9\n' 'sample' "too few samples"
bad 'a,b,c\n1,2,3\n4,inf,6\n7,8,9\n1,0,0\n' 'infini' "an infinity"
bad '' 'empty' "an empty file"

printf 'a,b,c,d\n1,2,3,1\n4,NA,6,1\n7,8,9,1\n1,0,0,1\n2,1,1,1\n3,3,3,1\n' >"$scratch/holes.csv"
run "$DSEP" discover "$scratch/holes.csv" --incomplete drop-rows --constant drop -o "$scratch/r.h5"
is "$status" 0 "drops that were asked for"
like "$("$DSEP" show "$scratch/r.h5" --json | grep input-notes)" 'row' "are recorded in the result"

refused 2 "--drop and --environment both name column 31 " "an environment to be dropped" \
    discover $table --drop diagnosis --environment diagnosis
printf 'a,site,b\n1,x,2\n4,,6\n7,x,9\n1,y,0\n2,y,1\n3,y,3\n' >"$scratch/sites.csv"
refused 3 "sites.csv: line 3, column 2 \('site'\): .*--incomplete drop-rows" "a row without environment" \
    discover "$scratch/sites.csv" --environment site
refused 3 "found 479 different labels in 569 rows" "a column that names no environment" \
    discover $table --drop diagnosis --environment 2
run "$DSEP" discover "$scratch/sites.csv" --environment site --incomplete drop-rows -o "$scratch/r.h5"
like "$("$DSEP" show "$scratch/r.h5")" "environment site: 2 environments, 2 to 3 rows" "environments of a result"
models=$data/llm-hca/data.csv.gz
if [ -n "$data" ] && [ -e "$models" ]; then
    for column in env base; do
        other=$([ $column = env ] && echo base || echo env)
        run "$DSEP" discover "$models" --environment $column --drop "$other,fullname" -o "$scratch/r.h5"
        like "$err" "environment $column: 8 environments, 135 to 756 rows" "base models by $column"
    done
else
    skip "environments of base models" "no ../shared/data/llm-hca"
fi

(cd "$scratch" && "$DSEP" discover "$OLDPWD/$table" --drop diagnosis -q) && default=yes || default=no
is "$default $(ls "$scratch"/*.dsep.h5)" "yes $scratch/breast-cancer.dsep.h5" "the default name of a result"
run "$DSEP" discover $table --drop diagnosis -q -o "$scratch/q.h5"
is "$out$err" "" "quiet is quiet"
run "$DSEP" discover $table --drop diagnosis --dry-run -o "$scratch/dry.h5"
is "$status $(ls "$scratch"/dry* 2>/dev/null)" "0 " "a dry run leaves nothing"
like "$out" "memory on each node" "a dry run forecasts"
run "$DSEP" plan $table --drop diagnosis --json
like "$out" '"order_0": 435' "plan as JSON"

printf '[discover]\nalpha = 0.2\ndrop = diagnosis\nmax-order = 1\n[simulate]\nnoise = laplace\n' >"$scratch/study.ini"
run "$DSEP" discover $table --study "$scratch/study.ini" --alpha .001 -q -o "$scratch/s.h5"
is "$status" 0 "a study file"
like "$("$DSEP" show "$scratch/s.h5" --json)" '"alpha": 0.001' "the line wins over the study file"
like "$("$DSEP" show "$scratch/s.h5" --json)" '"max_order": 1' "the study file wins over the default"

run "$DSEP" plan $table --study "$scratch/study.ini" --json
like "$out" '"n_variables": 30' "a plan reads the section of discover"

cat >"$scratch/known.txt" <<'TXT'
requiredirect
radius_mean perimeter_mean
forbiddirect
texture_mean texture_worst
TXT
run "$DSEP" discover $table --drop diagnosis --knowledge "$scratch/known.txt" -o "$scratch/k.h5"
like "$out" "knowledge every constraint holds" "the certificate"
csv=$("$DSEP" export "$scratch/k.h5" --format csv)
like "$csv" '^radius_mean,perimeter_mean,tail,arrow' "a required edge is there"
like "$csv" '^texture_worst,texture_mean,tail,arrow' "a forbidden direction is not"
echo 'requiredirect
radius_mean colour' >"$scratch/known.txt"
refused 3 "known.txt:2: the table has no variable 'colour'" "an unknown name in the knowledge" \
    discover $table --drop diagnosis --knowledge "$scratch/known.txt" -o "$scratch/k2.h5"
refused 2 "stops before edges are oriented" "an orientation of a skeleton" \
    discover $table --drop diagnosis --skeleton-only --orientation majority -o "$scratch/k2.h5"
run "$DSEP" discover $table --drop diagnosis --skeleton-only --max-order 0 -q -o "$scratch/sk.h5"
like "$("$DSEP" show "$scratch/sk.h5" --json)" '"kind": "skeleton"' "a skeleton only"
run "$DSEP" discover $table --drop diagnosis --log-json "$scratch/log.json" -q -o "$scratch/sk.h5"
is "$(grep -cv '^{.*}$' "$scratch/log.json")" 0 "the JSON log is a record a line"
finish
