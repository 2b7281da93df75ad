#!/usr/bin/env bash
# A variable that keeps sixty neighbours, under --max-order and under a time budget: without
# --allow-partial a checkpoint and exit code 85; with it a result that says what it is, and is what
# --max-order would have given; traces do not depend on ranks.
# seconds: 300
. tests/support/tap.sh
. tests/support/hub.sh

hub 60 >"$scratch/hub.csv"
hub="$scratch/hub.csv"

# value NAME RESULT
value() {
    "$DSEP" show "$2" --json | sed -n "s/^ *\"$1\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" | head -n 1
}

run "$DSEP" discover "$hub" --alpha .05 --max-order 2 -o "$scratch/o2.h5"
is "$status $(value complete "$scratch/o2.h5")" "0 1" "what --max-order asks for is complete"
like "$out" "next +sets of 3 variables: at most [0-9.e+]+ tests" "it says what the next order would need"
like "$err" "order 3 would need at most" "and so does the log"

# An order 7 of 60 neighbours takes minutes; orders up to 4 take a fraction of a second.
for n in 1 2 3; do
    ranks "$n" discover "$hub" --alpha .05 --max-time 4 --allow-partial -o "$scratch/b$n.h5"
    is "$status $(value complete "$scratch/b$n.h5")" "0 0" "$n ranks: time ends the search; partial"
    like "$out" "PARTIAL +complete for sets of up to [0-9]+ variables" "$n ranks: the summary says so"
    done=$(($(value next_order "$scratch/b$n.h5") - 1))
    ok "$n ranks: orders up to $done are complete" test "$done" -ge 2
    run "$DSEP" discover "$hub" --alpha .05 --max-order "$done" -o "$scratch/m.h5"
    is "$("$DSEP" export "$scratch/b$n.h5" | cksum)" "$("$DSEP" export "$scratch/m.h5" | cksum)" \
        "$n ranks: the same bytes as --max-order $done"
done
run "$DSEP" show "$scratch/b1.h5"
like "$out" "PARTIAL" "show says that it is partial"
like "$out" "max-time" "and why"

ranks 2 discover "$hub" --alpha .05 --max-time 3 -o "$scratch/strict.h5"
is "$status" 85 "without --allow-partial: exit code 85"
like "$err" "max-time ended the run; what is done is kept in '.*strict.h5.checkpoint'" "and a remedy"
ok "a checkpoint is there" test -s "$scratch/strict.h5.checkpoint"
ok "a result is not" test ! -e "$scratch/strict.h5"
ranks 3 discover "$hub" --alpha .05 --max-time 3 -o "$scratch/strict.h5"
is "$status" 85 "again: it stops again"
like "$err" "going on from .*strict.h5.checkpoint of .*: 1 run" "having gone on where it was"
run "$DSEP" discover docs/example/breast-cancer.csv --drop diagnosis --max-time 1:00:00 -o "$scratch/whole.h5"
is "$status $(value complete "$scratch/whole.h5")" "0 1" "enough time: complete"
run "$DSEP" discover docs/example/breast-cancer.csv --drop diagnosis --max-time 1-02:30 --dry-run
is "$status" 0 "days as Slurm writes them"
for wrong in 0 soon 1:60 1:2:3:4 -5 1- 1-24 1.5-00 1-1:2:3:4; do
    run "$DSEP" discover "$hub" --max-time="$wrong" -o "$scratch/w.h5"
    is "$status" 2 "--max-time $wrong: exit code"
    like "$err" "expected a time" "--max-time $wrong: message"
done

for n in 1 3; do
    DSEP_NODE_RANKS=2 ranks "$n" discover "$hub" --alpha .05 --max-order 4 --trace -o "$scratch/t$n.h5"
    is "$status" 0 "a traced run on $n ranks"
    "$DSEP" plan --replay "$scratch/t$n.h5" --ranks 8 >"$scratch/replay$n" 2>&1
done
like "$(cat "$scratch/replay1")" "overall: efficiency" "its replay"
is "$(grep -v -e "Replay of" "$scratch/replay3" | cksum)" "$(grep -v -e "Replay of" "$scratch/replay1" | cksum)" \
    "the cost of every task is the same on 1 rank and on 3"
ok "the hub is cut into many tasks" test "$(awk '$1 == 4 && $2 == 0 { print $3 }' "$scratch/replay1")" -ge 10
finish
