#!/usr/bin/env bash
# The whole correlation matrix and tiles that are made and dropped: the same bytes, on 1, 2, 3 and 4
# ranks and on pretended nodes of 1 and of 2.
# seconds: 400
. tests/support/tap.sh
. tests/support/fingerprint.sh

# path_of RESULT: which way the correlations were made
path_of() {
    "$DSEP" show "$1" --json | sed -n 's/.*"correlation": "\([a-z]*\)".*/\1/p'
}

# discovered RANKS RANKS-OF-A-NODE PATH ARGUMENTS...: its fingerprint, or what went wrong
discovered() {
    local n=$1 nodes=$2 path=$3
    shift 3
    rm -f "$scratch/n.h5"
    DSEP_NODE_RANKS=$nodes ranks "$n" discover "$@" --correlation "$path" -q -o "$scratch/n.h5"
    if [ "$status" = 0 ] && [ "$(path_of "$scratch/n.h5")" = "$path" ]; then
        fingerprint "$scratch/n.h5"
    else
        echo "$path failed: $err"
    fi
}

# same NAME ARGUMENTS...: discover gives one fingerprint everywhere; it is left in $first
same() {
    local name=$1 run path n nodes
    shift
    run "$DSEP" discover "$@" --correlation whole -q -o "$scratch/first.h5"
    is "$status" 0 "$name: whole matrix, one rank, no mpirun"
    first=$(fingerprint "$scratch/first.h5")
    for run in whole:2:1 whole:3:2 whole:4:2 tiled:1:1 tiled:2:2 tiled:3:1 tiled:4:1 tiled:4:2; do
        IFS=: read -r path n nodes <<<"$run"
        is "$(discovered "$n" "$nodes" "$path" "$@")" "$first" \
            "$name: $path, $n ranks on nodes of $nodes"
    done
}

run "$DSEP" simulate --variables 150 --samples 400 --degree 5 --seed 11 -q -o "$scratch/s.csv"
same simulated "$scratch/s.csv" --alpha .05 --orientation majority
like "$(content "$scratch/first.h5")" '"order": \[' "the content has the levels"
highest=$("$DSEP" show "$scratch/first.h5" --json | tr -d ' \n' |
    sed 's/.*"levels"[^}]*"order":\[\([0-9,]*\)\].*/\1/;s/.*,//')
ok "the search came to sets of 4 variables or more" test "$highest" -ge 4
run "$DSEP" discover "$scratch/s.csv" --alpha .05 --orientation majority --max-order 3 -q \
    -o "$scratch/other.h5"
ok "a search that stops early has another fingerprint" \
    test "$(fingerprint "$scratch/other.h5")" != "$first"

if [ -z "$data" ]; then
    skip "real tables" "../shared/data is absent"
    finish
fi
same golub-leukemia "$data/golub-leukemia/data.csv.gz"

genes=$data/saureus/data.csv.gz
whole=$(discovered 2 2 whole "$genes")
like "$whole" '^[0-9]+ [0-9]+$' "saureus at alpha .01: whole matrix, 2 ranks"
is "$(discovered 2 2 tiled "$genes")" "$whole" "saureus at alpha .01: tiled, 2 ranks"
discovered 2 2 whole "$genes" --alpha .05 >/dev/null
is "$(content "$scratch/n.h5" | sed -n 's/.*"graph-hash": "\(.*\)".*/\1/p')" 9cfa4833648a6e4d \
    "saureus at alpha .05: the graph that has always been found"
finish
