#!/usr/bin/env bash
# The same bytes on 1, 2, 3 and 4 ranks, on pretended nodes, and for ranks that own nothing: every
# export, the graph-hash, the tests of every order, the separating sets; and simulated data.
# seconds: 300
. tests/support/tap.sh
. tests/support/fingerprint.sh

# same NAME ARGUMENTS...: discover gives one fingerprint everywhere
same() {
    local name=$1 first n layout
    shift
    run "$DSEP" discover "$@" -q -o "$scratch/1.h5"
    is "$status" 0 "$name: one rank, no mpirun"
    first=$(fingerprint "$scratch/1.h5")
    for layout in 1:1 2:2 3:3 4:4 4:1 4:2; do
        n=${layout%:*}
        rm -f "$scratch/n.h5"
        DSEP_NODE_RANKS=${layout#*:} ranks "$n" discover "$@" -q -o "$scratch/n.h5"
        is "$(fingerprint "$scratch/n.h5")" "$first" "$name: $n ranks on nodes of ${layout#*:}"
    done
}

# exports RESULT: every export, as checksums
exports() {
    local format
    for format in csv graphml dot gml tetrad json pcalg dagitty adjacency; do
        "$DSEP" export "$1" --format "$format" | cksum
    done
}

for n in 1 2 3 4; do
    ranks "$n" simulate --variables 120 --samples 300 --degree 4 --seed 7 --quiet \
        -o "$scratch/s$n.csv" --truth "$scratch/t$n.csv"
    is "$(cksum <"$scratch/s$n.csv") $(cksum <"$scratch/t$n.csv")" \
        "$(cksum <"$scratch/s1.csv") $(cksum <"$scratch/t1.csv")" "simulate on $n ranks"
done
same standard "$scratch/s1.csv"
is "$(exports "$scratch/n.h5")" "$(exports "$scratch/1.h5")" "standard: every export"
same majority "$scratch/s1.csv" --orientation majority --alpha .05
same conservative "$scratch/s1.csv" --orientation conservative --alpha .001
same knowledge "$scratch/s1.csv" --knowledge tests/support/known.txt
same skeleton "$scratch/s1.csv" --skeleton-only --max-order 1
printf 'a,b,c\n1,2,2\n2,1,4\n3,5,1\n4,4,0\n5,2,3\n6,6,1\n' >"$scratch/tiny.csv"
same "more ranks than variables" "$scratch/tiny.csv"
printf 'a,b,c,d\n1,2,2,1\n2,1,4,2\n3,5,1,3\n4,4,0,4\n5,2,3,5\n6,6,1,6\n' >"$scratch/twins.csv"
same "identical columns" "$scratch/twins.csv" --alpha .3
finish
