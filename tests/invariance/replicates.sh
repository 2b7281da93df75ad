#!/usr/bin/env bash
# Replicates: the same shares bit for bit (all of /replicates, and every export) on 1 to 4 ranks, on
# pretended nodes, and with any number of ranks a replicate, for every scheme; --until-stable stops
# at the same number.
# seconds: 400
. tests/support/tap.sh
. tests/support/fingerprint.sh

# value NAME: an attribute of the last result
value() {
    "$DSEP" show "$scratch/n.h5" --json | sed -n "s/^ *\"$1\": *\"*\([^\",]*\)\"*,*$/\1/p" | head -n 1
}

# tables: of the last result's replicates, as a checksum and their length
tables() {
    content "$scratch/n.h5" | awk '
        /^  "/ { inside = /^  "replicates"/ }
        /^    "edges"/ { on = inside }
        inside && on' | cksum
}

# once N EACH NODE-RANKS ARGUMENTS...: "" as NODE-RANKS for one node
once() {
    local n=$1 each=$2 node=$3
    shift 3
    rm -f "$scratch/n.h5"
    if [ -n "$node" ]; then
        DSEP_NODE_RANKS=$node ranks "$n" discover "$@" --ranks-per-replicate "$each" -q -o "$scratch/n.h5"
    else
        ranks "$n" discover "$@" --ranks-per-replicate "$each" -q -o "$scratch/n.h5"
    fi
}

# ranks, ranks a replicate, ranks of a pretended node
few="2,1, 4,3,1 3,2,2"
all="2,1, 2,2, 3,1, 3,2, 3,3, 4,1, 4,2, 4,3, 2,1,1 2,2,1 3,2,1 3,3,2 4,1,2 4,2,1 4,2,2 4,3,1 4,3,2"

# same NAME LAYOUTS ARGUMENTS...
same() {
    local name=$1 layouts=$2 first differ="" n each node
    shift 2
    once 1 1 "" "$@"
    is "$status" 0 "$name: one rank"
    first=$(fingerprint "$scratch/n.h5")
    ok "$name: shares are there" test "$(value "done")" -gt 0
    ok "$name: and pairs" test "$(tables | cut -d" " -f2)" -gt 1000
    for layout in $layouts; do
        IFS=, read -r n each node <<<"$layout"
        once "$n" "$each" "$node" "$@"
        [ "$status $(fingerprint "$scratch/n.h5" 2>&1)" = "0 $first" ] || differ="$differ $layout"
    done
    is "$differ" "" "$name: the same bytes in $(wc -w <<<"$layouts") other layouts"
}

"$DSEP" simulate --variables 40 --samples 120 --degree 3 --seed 9 --quiet -o "$scratch/s.csv"
awk -F, 'NR == 1 { print $0 ",site" } NR > 1 { print $0 "," (NR % 7 < 3 ? "a" : NR % 5 < 2 ? "b" : "c") }' \
    "$scratch/s.csv" >"$scratch/sites.csv"

same bootstrap "$all" "$scratch/s.csv" --replicates 21
same tiled "$few" "$scratch/s.csv" --replicates 21 --correlation tiled
for scheme in subsample halves block permutation; do
    same "$scheme" "$few" "$scratch/s.csv" --replicates 21 --resample "$scheme" --alpha .05
done
same environment "$few" "$scratch/sites.csv" --replicates 21 --resample environment --environment site
is "$(value "done") $(value requested)" "3 3" "environment: as many replicates as environments"
same "another seed and threshold" "2,1," "$scratch/s.csv" --replicates 21 --seed 5 --threshold .8
same "--skeleton-only" "$few" "$scratch/s.csv" --replicates 13 --skeleton-only
same "--knowledge" "$few" "$scratch/s.csv" --replicates 13 --knowledge tests/support/known.txt
same "--orientation majority" "$few" "$scratch/s.csv" --replicates 13 --orientation majority

"$DSEP" simulate --variables 8 --samples 100 --degree 2 --seed 9 --quiet -o "$scratch/few.csv"
stable=("$scratch/few.csv" --replicates 5000 --until-stable .06)
same "--until-stable" "$few 2,2, 4,2,1" "${stable[@]}"
stop=$(value "done")
ok "--until-stable: $stop replicates are whole rounds, and not all" \
    test $((stop % 50)) = 0 -a "$stop" -lt 5000 -a "$stop" -gt 50
once 3 1 "" "$scratch/few.csv" --replicates "$stop"
first=$(tables)
once 2 1 "" "${stable[@]}"
is "$(tables)" "$first" \
    "--until-stable: the shares of the first $stop replicates"
finish
