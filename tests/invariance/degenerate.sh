#!/usr/bin/env bash
# shellcheck disable=SC2016 # programs for awk
# Degenerate data: identical columns, columns that others determine, hardly any samples, hubs,
# columns with one cell that differs, columns of extreme size. What docs/methods.md says of each, and
# the same bytes, numbers of singular sets among them, from both paths on 1 to 4 ranks.
# seconds: 400
. tests/support/tap.sh
. tests/support/fingerprint.sh

# derive FILE AWK-PROGRAM: the table with other columns; the program sees fields and header lines
derive() {
    awk -F, -v OFS=, -v CONVFMT=%.17g -v OFMT=%.17g "$2" "$1"
}

# levels COLUMN RESULT: a column of the table of orders, separated by blanks
levels() {
    content "$2" | tr -d ' \n' | sed "s/.*\"levels\"[^}]*\"$1\":\[\([0-9,]*\)\].*/\1/;s/,/ /g"
}

# neighbours VARIABLE: with whom it has an edge in the result, copies left out
neighbours() {
    "$DSEP" export "$scratch/r.h5" --format csv | awk -F, -v name="$1" '
        NR > 1 && $1 == name { print $2 }
        NR > 1 && $2 == name { print $1 }' | grep -vxE 's|t|u|V3|V7' | sort | tr '\n' ' '
}

# same NAME TABLE ARGUMENTS...: both paths, on 2 and 4 ranks the one and on 1 and 3 the other; the
# result stays in $scratch/r.h5
same() {
    local name=$1 first n path
    shift
    run "$DSEP" discover "$@" --correlation whole -q -o "$scratch/r.h5"
    is "$status" 0 "$name: runs"
    first=$(fingerprint "$scratch/r.h5")
    for n in 1 2 3 4; do
        path=$([ $((n % 2)) = 0 ] && echo whole || echo tiled)
        rm -f "$scratch/n.h5"
        DSEP_NODE_RANKS=$((n / 2 + 1)) ranks "$n" discover "$@" --correlation "$path" -q \
            -o "$scratch/n.h5"
        is "$(fingerprint "$scratch/n.h5")" "$first" "$name: $path on $n ranks"
    done
}

base=$scratch/base.csv table=$scratch/table.csv
run "$DSEP" simulate -p 12 -n 80 --degree 4 --seed 3 -q -o "$base"

# --- identical columns ----------------------------------------------------------------------------
# a and b are one variable, c depends on it. (a, b | c) exists, from both ends, and finds |r| = 1;
# (a, c | b) and (b, c | a) do not, from both ends.
derive "$base" 'NR == 1 { print "a,b,c"; next } { print $1, $1, $1 + $2 }' >"$table"
same "two identical columns" "$table"
is "$(levels tests "$scratch/r.h5"); $(levels singular "$scratch/r.h5")" "3 2; 0 4" \
    "two identical columns: 2 tests of one variable, 4 that do not exist"
is "$(levels edges "$scratch/r.h5")" "3 3" "two identical columns: all edges stay"
# copies, and copies in other units, among other variables
derive "$base" 'NR == 1 { print $0, "s", "t", "u"; next } { print $0, $3, 4 * $3, -2 * $7 }' >"$table"
same "copies in other units" "$table" --alpha .05
ok "copies in other units: some sets are singular" \
    grep -qE '[1-9]' <<<"$(levels singular "$scratch/r.h5")"
is "$("$DSEP" export "$scratch/r.h5" --format csv | grep -cE '^(V3,[st]|[st],V3|s,t|t,s|V7,u|u,V7),')" 4 \
    "copies in other units: every copy is joined to what it copies"
is "$(neighbours s) $(neighbours t) $(neighbours u)" \
    "$(neighbours V3) $(neighbours V3) $(neighbours V7)" \
    "copies in other units: a copy has the neighbours of what it copies"

# --- one column is the sum of others --------------------------------------------------------------
# With c = a + b and d near all: given d or nothing the three are alike; each two determine the
# third. So (x, d | the other two) does not exist for x = a, b, c, from both ends; the other three
# pairs are tested from both ends and find |r| = 1.
derive "$base" 'NR == 1 { print "a,b,c,d"; next }
    { a = $1 + $2; b = $1 - .5 * $2; print a, b, a + b, a + 3 * b + .5 * $3 }' >"$table"
same "a sum of two columns" "$table" --alpha .9
is "$(levels edges "$scratch/r.h5")" "6 6 6" "a sum of two columns: all edges stay"
is "$(levels tests "$scratch/r.h5"); $(levels singular "$scratch/r.h5")" "6 24 6; 0 0 6" \
    "a sum of two columns: 6 tests of two variables, 6 that do not exist"
# more sums than variables: half of the columns are determined
derive "$base" 'NR == 1 { print; next }
    { print $1, $2, $3, $4, $1 + $2, $1 - $2, $1 + $3, $2 + $3 - $4, $1 + $2 + $3 + $4, $5, $6, $7 }' \
    >"$table"
same "many sums" "$table" --alpha .05
ok "many sums: some sets are singular" grep -qE '[1-9]' <<<"$(levels singular "$scratch/r.h5")"

# --- hardly any samples ---------------------------------------------------------------------------
for n in 4 5 6; do
    run "$DSEP" simulate -p 12 -n "$n" --degree 6 --seed 5 -q -o "$table"
    same "$n samples" "$table" --alpha .999
    is "$(levels order "$scratch/r.h5")" "$(seq -s ' ' 0 $((n - 4)))" \
        "$n samples: sets of up to $((n - 4)) variables"
    like "$(content "$scratch/r.h5")" '"ended": "too few samples' "$n samples: the result says why"
done

# --- hubs -----------------------------------------------------------------------------------------
# model CHILDREN OTHERS: a hub in the middle, its children and variables of which it knows nothing
model() {
    awk -v children="$1" -v others="$2" 'BEGIN {
        print "source,target,mark_source,mark_target,weight"
        for (k = 1; k <= others; k += 2) print "o" k ",o" k + 1 ",tail,arrow,0.1"
        for (k = 1; k <= children; k++) print "hub,c" k ",tail,arrow," 0.8 + 0.4 * (k % 2)
    }'
}
model 299 0 >"$scratch/model.csv"
run "$DSEP" simulate --model "$scratch/model.csv" -n 250 --seed 6 -q -o "$table"
same "a hub of all" "$table" --max-order 1
is "$(levels max_degree "$scratch/r.h5")" "299 299" "a hub of all: 299 neighbours, and it keeps them"
is "$(neighbours hub | wc -w)" 299 "a hub of all: they are the hub's"
model 60 340 >"$scratch/model.csv"
run "$DSEP" simulate --model "$scratch/model.csv" -n 500 --seed 7 -q -o "$table"
same "a hub of 60" "$table" --alpha .05 --max-order 3
is "$("$DSEP" export "$scratch/r.h5" --format csv | grep -cE '^(hub,c[0-9]*|c[0-9]*,hub),')" 60 \
    "a hub of 60 keeps every child"
is "$(levels order "$scratch/r.h5")" "0 1 2 3" "a hub of 60: sets of up to 3 variables"

# --- one cell differs -----------------------------------------------------------------------------
# e and f differ at the same sample, so they are one variable; g differs elsewhere.
derive "$base" 'NR == 1 { print $0, "e", "f", "g"; next }
    { print $0, (NR == 9) ? 1 : 0, (NR == 9) ? -7.5 : 3, (NR == 11) ? 1e9 : 0 }' >"$table"
same "one cell differs" "$table" --alpha .2
is "$("$DSEP" export "$scratch/r.h5" --format csv | grep -cE '^(e,f|f,e),')" 1 \
    "one cell differs: at the same sample, the columns are identical"

# --- extreme size ---------------------------------------------------------------------------------
# Powers of two change no bit of a correlation: the edges are those of the plain table, byte for byte.
same "plain size" "$base" --alpha .05
"$DSEP" export "$scratch/r.h5" --format csv >"$scratch/plain.csv"
derive "$base" 'NR == 1 { print; next }
    { for (j = 1; j <= NF; j++) $j = sprintf("%.17g", $j * 2 ^ ((j % 3 - 1) * 996)); print }' >"$table"
ok "some cells are beyond 1e299 and some below 1e-299" \
    test "$(grep -c 'e+299.*e-30\|e-30.*e+299' "$table")" -gt 20
same "columns from 1e-300 to 1e300" "$table" --alpha .05
is "$("$DSEP" export "$scratch/r.h5" --format csv | cksum)" "$(cksum <"$scratch/plain.csv")" \
    "columns from 1e-300 to 1e300: the edges of the plain table, byte for byte"
finish
