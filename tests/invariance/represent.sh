#!/usr/bin/env bash
# Representations: the same bytes on 1 to 4 ranks and on pretended nodes, after a run that was stopped
# in good order, and after runs whose ranks were killed.
# seconds: 300
. tests/support/tap.sh

# content RESULT: all that a representation is, without times and what a run is told by
content() {
    "$DSEP" show "$1" --json | awk '
        /^  "/ { kept = /^  "(graph|representation|variables)": \{/ }
        kept || /^  "(graph-hash|complete)"/ { print }' | cksum
}

"$DSEP" simulate -p 7 -n 400 --factors 3 --noise laplace --observation-noise 0.05 --seed 3 -q \
    -o "$scratch/hca.csv"
"$DSEP" simulate -p 7 -n 400 --factors 3 --shift hard --degree 2 --seed 3 -q -o "$scratch/hard.csv"
by=(--environment environment -d 3)

# same NAME LAYOUTS ARGUMENTS...: layouts are ranks, or ranks:ranks of a pretended node
same() {
    local name=$1 layouts=$2 differ="" layout first
    shift 2
    run "$DSEP" represent "$@" "${by[@]}" --scores -q -o "$scratch/one.h5"
    is "$status" 0 "$name: one rank"
    first=$(content "$scratch/one.h5")
    ok "$name: there is content" test "$(cut -d' ' -f2 <<<"$first")" -gt 5000
    for layout in $layouts; do
        rm -f "$scratch/n.h5"
        export DSEP_NODE_RANKS=${layout#*:}
        ranks "${layout%:*}" represent "$@" "${by[@]}" --scores -q -o "$scratch/n.h5"
        unset DSEP_NODE_RANKS
        [ "$status $(content "$scratch/n.h5")" = "0 $first" ] || differ="$differ $layout"
    done
    is "$differ" "" "$name: the same bytes in other layouts"
}

same hca "2 3 4:2" "$scratch/hca.csv" -R 12 --null 12
same interventional "3" "$scratch/hard.csv" -R 30 --method interventional
same lscale "4:2" "$scratch/hard.csv" -R 30 --method lscale

# --- stopped in good order -------------------------------------------------------------------------

long=(represent "$scratch/hca.csv" "${by[@]}" -R 250 --null 30)
run "$DSEP" "${long[@]}" -q -o "$scratch/whole.h5"
whole=$(content "$scratch/whole.h5")
ok "an undisturbed run" test "$(cut -d' ' -f2 <<<"$whole")" -gt 5000
for n in 1 3; do
    ranks "$n" "${long[@]}" --max-time 0.01 -q -o "$scratch/stopped.h5"
    is "$status" 85 "out of time on $n ranks"
done
run "$DSEP" "${long[@]}" -q -o "$scratch/stopped.h5"
is "$status" 0 "the same command comes to its end"
is "$(content "$scratch/stopped.h5")" "$whole" "with the same bytes"
run "$DSEP" "${long[@]}" --max-time 0.01 --allow-partial -q -o "$scratch/partial.h5"
is "$status" 0 "--allow-partial"
run "$DSEP" show "$scratch/partial.h5"
like "$out" '^PARTIAL' "is labelled"

# --- killed ----------------------------------------------------------------------------------------

# a_rank N: the N-th rank of the run, once it has kept something; empty when it is over before
a_rank() {
    local mpirun
    victim=
    for _ in $(seq 1000); do
        kill -0 "$running" 2>/dev/null || return
        mpirun=$(pgrep -P "$running") && victim=$(pgrep -P "$mpirun" | sed -n "$1p")
        [ -z "$victim" ] || [ ! "$scratch/killed.h5.checkpoint" -nt "$scratch/began" ] || return
        sleep 0.01
    done
}

kills=0
for round in 1 2; do
    touch "$scratch/began"
    timeout -k 5 60 "$MPIRUN" --quiet -n 2 "$DSEP" "${long[@]}" --checkpoint-every 0 -q \
        -o "$scratch/killed.h5" >"$scratch/out" 2>"$scratch/err" </dev/null &
    running=$!
    a_rank "$round"
    if [ -n "$victim" ] && kill -9 "$victim" 2>/dev/null; then
        kills=$((kills + 1))
    fi
    wait "$running"
done
ok "$kills of 2 runs were killed" test "$kills" -ge 1
ranks 3 "${long[@]}" -q -o "$scratch/killed.h5"
is "$status" 0 "the same command goes on"
is "$(content "$scratch/killed.h5")" "$whole" "with the same bytes"
finish
