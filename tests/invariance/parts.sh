#!/usr/bin/env bash
# A study in parts: made on different numbers of ranks, one of them stopped and gone on with, and
# merged, it gives the bytes of one whole run: every export, and all that `show --json` tells but
# where and when it was made. What is refused, and a merge that is killed.
# seconds: 300
. tests/support/tap.sh

# all_of RESULT: what it holds but for its making; `timing` and seconds are of the clock
all_of() {
    "$DSEP" show "$1" --json | awk '
        /^  "/ { kept = !/^  "(command|created|parts|runs|seconds|study|timing)":/ }
        /"[a-z_]*seconds[a-z_]*": \[/ { timed = 1 }
        kept && !timed && !/"[a-z_]*seconds[a-z_]*":/ { print }
        /\]/ { timed = 0 }' | cksum
}

# exports RESULT: its graph, and the shares of replicates
exports() {
    "$DSEP" export "$1" --format csv | cksum
    "$DSEP" export "$1" --format csv --what replicates | cksum
}

# on N ARGUMENTS...: the program on N ranks; one needs no launcher
on() {
    if [ "$1" = 1 ]; then run "$DSEP" "${@:2}"; else ranks "$@"; fi
}

# in_parts N FILE ARGUMENTS...: parts 1 .. N of a command, part K on 1 + K % 3 ranks
in_parts() {
    local count=$1 file=$2 k
    shift 2
    for k in $(seq "$count"); do
        on $((1 + k % 3)) "$@" -o "$file" --part "$k/$count" -q
        [ "$status" = 0 ] || echo "part $k: $status $err"
    done
}

# stopped_part K/N FILE ARGUMENTS...: one part whose time is always over after one unit a group, until
# it is whole; how often it was stopped is in $stops
stopped_part() {
    local part=$1 file=$2
    shift 2
    stops=0
    for _ in $(seq 40); do
        on $((1 + stops % 2)) "$@" -o "$file" --part "$part" -q --max-time 0.000001 \
            --progress-file progress.json
        [ "$status" = 85 ] || break
        stops=$((stops + 1))
    done
}

# left FILE: what lies beside it
left() {
    (cd "$scratch" && echo "$1"*)
}

"$DSEP" simulate --variables 12 --samples 80 --degree 2 --seed 9 -q -o "$scratch/s.csv"
cd "$scratch" || exit 1 # paths in messages are short

# --- replicates of a search --------------------------------------------------------------------

printf 'forbiddirect\nV1 V2\n' >known.txt
search=(discover s.csv --replicates 11 --alpha .05 --knowledge known.txt)
ranks 2 "${search[@]}" -o whole.h5 -q
is "$status" 0 "a whole run"
is "$(in_parts 4 r.h5 "${search[@]}")" "" "four parts on 1, 2 and 3 ranks"
is "$(left r.h5)" "r.h5.part-1-of-4 r.h5.part-2-of-4 r.h5.part-3-of-4 r.h5.part-4-of-4" \
    "leave a file each"
run "$DSEP" "${search[@]}" -o r.h5 --part 2/4
like "$err" "part 2 of 4 is whole already: r.h5.part-2-of-4 of 2" "one that is there is not made again"
rm r.h5.part-3-of-4
run "$DSEP" merge r.h5.part-*-of-4 -o r.h5
is "$status $(left r.h5)" "3 r.h5.part-1-of-4 r.h5.part-2-of-4 r.h5.part-4-of-4" "one is missing"
like "$err" "dsep: part 3 of 4 is missing; the same command with --part 3/4 makes it" "and is named"
stopped_part 3/4 r.h5 "${search[@]}"
ok "it is made in $((stops + 1)) runs" test "$status" = 0 -a "$stops" -gt 0
ranks 3 merge r.h5.part-4-of-4 r.h5.part-1-of-4 r.h5.part-2-of-4 r.h5.part-3-of-4 -o r.h5 -q
is "$status $(left r.h5)" \
    "0 r.h5 r.h5.part-1-of-4 r.h5.part-2-of-4 r.h5.part-3-of-4 r.h5.part-4-of-4" "merged on 3 ranks"
is "$(exports r.h5) $(all_of r.h5)" "$(exports whole.h5) $(all_of whole.h5)" \
    "the bytes of one whole run"
"$DSEP" show r.h5 --json >r.json
is "$(grep -c '"command": "dsep discover s.csv --alpha=0.05 --knowledge=known.txt --replicates=11 --output=r.h5"' r.json)" 1 \
    "its command is the study's"
is "$(sed -n 's/^  "runs": "\(.*\)",$/\1/p' r.json | grep -o slurm-job | wc -l)" $((5 + stops)) \
    "a line for each run"
like "$(sed -n 's/^  "parts": "\(.*\)",$/\1/p' r.json)" \
    '^(r.h5.part-[1-4]-of-4 [1-4]/4 [0-9a-f]{16}\\n){4}$' "and for each part"

# --- refusals ----------------------------------------------------------------------------------

# refused CODE MESSAGE NAME ARGUMENTS...
refused() {
    local code=$1 message=$2 name=$3
    shift 3
    run "$DSEP" "$@"
    is "$status $(grep '^dsep: ' <<<"$err")" "$code dsep: $message" "$name"
}
none="there are no replicates that could be shared out; say how many with --replicates R, or leave out --part"
refused 2 "--part 1/2: $none" "--part without replicates" discover s.csv --part 1/2 -o x.h5
refused 2 "--part 1/2: $none" "of a method without" discover s.csv --method exact --part 1/2 -o x.h5
refused 2 "--part 1/2: --until-stable has to see all replicates; leave out one of the two" \
    "with --until-stable" discover s.csv --replicates 9 --until-stable .1 --part 1/2 -o x.h5
refused 2 "--part leaves no result that could be partial: leave out --allow-partial" \
    "with --allow-partial" "${search[@]}" --allow-partial --part 1/2 -o x.h5
refused 2 "--part 1/2: a result has no runs that could be shared out; leave out --part" \
    "of a result" sensitivity r.h5 --part 1/2
refused 2 "--part 3/2: expected K/N such as 3/8, the third of eight parts, with K from 1 to N and N up to 100000" \
    "no part" "${search[@]}" --part 3/2 -o x.h5
run "$DSEP" "${search[@]}" --seed 2 -o two.h5 --part 2/4 -q
refused 3 "'r.h5.part-1-of-4' and 'two.h5.part-2-of-4' are of different studies (seed: 1 in the first, 2 in the second)" \
    "a part of another seed" merge r.h5.part-1-of-4 two.h5.part-2-of-4 -o x.h5
run "$DSEP" sensitivity s.csv --subsample .6 --replicates 4 -o three.h5 --part 2/4 -q
refused 3 "'r.h5.part-1-of-4' and 'three.h5.part-2-of-4' are of different studies (command: discover in the first, sensitivity in the second)" \
    "a part of another command" merge r.h5.part-1-of-4 three.h5.part-2-of-4 -o x.h5
refused 3 "'r.h5.part-1-of-4' and 'r.h5.part-1-of-4' overlap: replicates 0, 4, 8 are in both; give every part once" \
    "a part twice" merge r.h5.part-1-of-4 r.h5.part-1-of-4 -o x.h5
head -c 300 r.h5.part-2-of-4 >damaged
refused 3 "'damaged' ends early; dsep merge takes the files that commands with --part leave: if this was one, make it again" \
    "a part that is damaged" merge r.h5.part-1-of-4 damaged -o x.h5
refused 3 "'s.csv' is no checkpoint of dsep; dsep merge takes the files that commands with --part leave: if this was one, make it again" \
    "a file that is no part" merge s.csv -o x.h5
sed '2s/^-*[0-9.]*/1/' s.csv >other.csv
refused 3 "the parts were made from something else than what is here (the data differ)" \
    "other data" merge r.h5.part-*-of-4 --data other.csv -o x.h5
is "$(left x.h5)" "x.h5*" "nothing of all that leaves anything"
mv s.csv moved.csv
refused 5 "s.csv: cannot open: No such file or directory" "data that are gone" \
    merge r.h5.part-*-of-4 -o x.h5
run "$DSEP" merge r.h5.part-*-of-4 --data moved.csv -o x.h5 -q
is "$status $(exports x.h5)" "0 $(exports whole.h5)" "and that have moved"

# --- killed ------------------------------------------------------------------------------------

sums=$(cksum r.h5.part-*)
mv moved.csv s.csv
mv known.txt kept.txt
mkfifo known.txt # who reads it waits
rm x.h5
"$DSEP" merge r.h5.part-*-of-4 -o x.h5 -q >killed.txt 2>&1 &
killed=$!
disown
for _ in $(seq 1000); do
    if [ -e x.h5.checkpoint ] || ! kill -0 "$killed" 2>/dev/null; then break; fi
    sleep 0.01
done
kill -9 "$killed"
for _ in $(seq 1000); do
    kill -0 "$killed" 2>/dev/null || break
    sleep 0.01
done
is "$(left x.h5)" "x.h5.checkpoint" "a merge that is killed leaves no result"
[ -e x.h5.checkpoint ] || sed 's/^/# /' killed.txt
is "$(cksum r.h5.part-*)" "$sums" "and the parts as they were"
mv kept.txt known.txt
run "$DSEP" merge r.h5.part-*-of-4 -o x.h5 -q
is "$status $(left x.h5) $(exports x.h5)" "0 x.h5 $(exports whole.h5)" "once more, it is right"
run "$DSEP" "${search[@]}" --alpha .1 -o x.h5 -q --max-time 0.000001
run "$DSEP" merge r.h5.part-*-of-4 -o x.h5
is "$status $(left x.h5)" "0 x.h5 x.h5.checkpoint.other" "another command's checkpoint stays"

# --- other studies -----------------------------------------------------------------------------

# same NAME PARTS ARGUMENTS...: of which the first part is stopped whenever it can be
same() {
    local name=$1 count=$2 k
    shift 2
    run "$DSEP" "$@" -o w.h5 -q
    stopped_part "1/$count" p.h5 "$@"
    is "$status" 0 "$name: a part in $((stops + 1)) runs"
    ok "$name: it was stopped" test "$stops" -gt 0
    for k in $(seq 2 "$count"); do
        on "$k" "$@" -o p.h5 --part "$k/$count" -q
    done
    run "$DSEP" merge p.h5.part-*-of-"$count" -o p.h5 -q
    is "$status $(all_of p.h5)" "0 $(all_of w.h5)" "$name: merged, the same bytes"
    rm -f p.h5* w.h5*
}

same "simulation" 2 sensitivity --simulate --variables 5 --samples 40,60 --replicates 2
same "sensitivity" 2 sensitivity s.csv --subsample .6,1 --replicates 2
same "lingam" 2 discover s.csv --method lingam --replicates 4
"$DSEP" simulate --variables 8 --samples 150 --factors 2 --degree 1 --noise laplace --seed 4 -q \
    --truth f.h5 -o f.csv
same "represent" 2 represent f.csv --environment environment --factors 2 --replicates 2 --null 2
finish
