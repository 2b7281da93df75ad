#!/usr/bin/env bash
# Runs that die or are stopped at random moments, and the same command again until it is done, on
# other numbers of ranks: every byte of the result is that of a run that nobody disturbed, and at
# most one unit of work is lost each time.
#
# What is asserted of the loss, from the log of the run that was killed (a line for every task) and
# from the checkpoint that it left:
#   replicates   those that had been handed out less those that are kept: at most one a group
#   search       of the large tasks of order 5 and of the edge strengths, those handed out less
#                those that are kept: at most the four a rank that a unit has of such tasks, and
#                half as many more where it is the last unit
# A checkpoint never holds less than the one that the run began with.
#
# make soak (SOAK=100): so many kills of each kind of run; SEED=n draws other moments. Arguments
# choose parts: search replicates checkpoint tiles.
# seconds: 600
. tests/support/tap.sh
. tests/support/fingerprint.sh
. tests/support/hub.sh

: "${BUILD:=build}"
limit=60
RANDOM=${SEED:=20261122}
echo "# SEED=$SEED"

# --- data ------------------------------------------------------------------------------------

"$DSEP" simulate --variables 200 --samples 200 --degree 4 --seed 3 --quiet -o "$scratch/rows.csv"
hub 58 >"$scratch/hub.csv"
large=58
replicates=("$scratch/rows.csv" --replicates 60)
search=("$scratch/hub.csv" --alpha .05 --max-order 5)

# --- runs ------------------------------------------------------------------------------------

result=$scratch/r.h5
log=$scratch/log.json

now() {
    date +%s%3N
}

# below N: a random whole number in 0 .. N - 1
below() {
    draw=$(((RANDOM * 32768 + RANDOM) % $1))
}

# start N ARGUMENTS...: the command in the background, for $limit seconds at most
start() {
    local n=$1
    shift
    rm -f "$log"
    timeout -k 5 "$limit" "$MPIRUN" --quiet -n "$n" "$DSEP" discover "$@" --checkpoint-every 0 \
        --progress 0 --log-json "$log" -q -o "$result" >"$scratch/out" 2>"$scratch/err" </dev/null &
    running=$!
}

# finished: waits for it; its exit code is in $status
finished() {
    wait "$running"
    # shellcheck disable=SC2034
    status=$? err=$(tr -d '\0' <"$scratch/err")
}

# a_rank N: waits until all ranks are there, and names one; empty when it is over before
a_rank() {
    local found mpirun
    for _ in $(seq 500); do
        mpirun=$(pgrep -P "$running") && found=$(pgrep -P "$mpirun") || found=
        [ "$(wc -w <<<"$found")" = "$1" ] && break
        kill -0 "$running" 2>/dev/null || break
        sleep 0.01
    done
    below "$1"
    victim=$(sed -n "$((draw + 1))p" <<<"$found")
}

# pause MILLISECONDS
pause() {
    sleep "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))"
}

# waits_for REGEX TIMES: until the log has so many such lines; fails when the run is over before
waits_for() {
    for _ in $(seq 2000); do
        [ "$(grep -c "$1" "$log" 2>/dev/null)" -ge "$2" ] 2>/dev/null && return 0
        kill -0 "$running" 2>/dev/null || return 1
        sleep 0.01
    done
    return 1
}

# kept: what the checkpoint holds, as shell variables; as if nothing was done without one
kept() {
    line=$("$BUILD/tests/tools/kept" "$result.checkpoint" 2>/dev/null | grep whole=1) ||
        line=$("$BUILD/tests/tools/kept" "$result.checkpoint.old" 2>/dev/null | grep whole=1) || line=
    kept_replicates=0 kept_orders=0 kept_half=0 kept_tasks=-1 kept_strengths=0
    for pair in $line; do
        declare -g "kept_$pair"
    done
}

fresh() {
    rm -f "$result"*
}

# --- what was lost ---------------------------------------------------------------------------

# last_of PHASE: done and total of its last line in the log, or nothing
last_of() {
    sed -n "s|.*\"text\": \"$1: \([0-9]*\)/\([0-9]*\) .*|\1 \2|p" "$log" 2>/dev/null | tail -n 1
}

most() {
    echo $(($1 > $2 ? $1 : $2))
}

least() {
    echo $(($1 < $2 ? $1 : $2))
}

# lost_replicates N: into $lost and $allowed
lost_replicates() {
    local taken _
    read -r taken _ <<<"$(last_of replicates)"
    allowed=$1
    lost=$((${taken:-$kept_replicates} - kept_replicates))
}

lost_search() {
    local taken total
    lost=0 allowed=0
    read -r taken total <<<"$(last_of 'edge strengths')"
    if [ -n "$taken" ]; then
        lost=$(($(least "$taken" "$large") - $(least "$kept_strengths" "$large")))
    else
        read -r taken total <<<"$(last_of 'order 5, first half')"
        [ -n "$taken" ] || return
        [ "$kept_orders" = 5 ] && [ "$kept_half" = 0 ] || [ "$kept_orders" -lt 5 ] || kept_tasks=0
        [ "$kept_orders" -ge 5 ] && [ "$kept_tasks" -ge 0 ] || kept_tasks=$total
        lost=$((taken - (total - kept_tasks)))
    fi
    allowed=$(($1 * (taken < total ? 4 : 6)))
}

# --- kill -9 ---------------------------------------------------------------------------------

# undisturbed NAME ARGUMENTS...: its fingerprint and how many milliseconds it takes
undisturbed() {
    local name=$1 began
    shift
    fresh
    began=$(now)
    start 2 "$@"
    finished
    lasts=$(($(now) - began))
    is "$status" 0 "$name: a run that nobody disturbs, $lasts ms"
    wanted=$(fingerprint "$result")
}

# kill_one NAME ARGUMENTS...: one start that is killed somewhere, unless it is over before
kill_one() {
    local name=$1 n before=$progress began
    shift
    below 4
    n=$((draw + 1))
    start "$n" "$@"
    a_rank "$n"
    below "$lasts"
    pause "$draw"
    [ -n "$victim" ] && kill -9 "$victim" 2>/dev/null
    began=$(now)
    finished
    [ "$status" != 0 ] || return 0
    kills=$((kills + 1))
    [ $(($(now) - began)) -lt 20000 ] || hangs=$((hangs + 1))
    [ ! -e "$result" ] || return 0
    kept
    progress=$((kept_replicates + 1000 * kept_orders + 450 * kept_half + 10 * kept_strengths))
    [ "$kept_tasks" -lt 0 ] || progress=$((progress + 400 - kept_tasks))
    [ "$progress" -ge "$before" ] || {
        backward=$((backward + 1))
        echo "# $name on $n ranks: from $before to $progress; $line; $(tail -n 1 "$log")"
    }
    if [ "$name" = search ]; then lost_search "$n"; else lost_replicates "$n"; fi
    [ "$lost" -le "$allowed" ] || {
        too_much=$((too_much + 1))
        echo "# $name on $n ranks: $lost were lost, $allowed are a unit; $(tail -n 1 "$log")"
    }
    worst=$(most "$worst" "$lost")
    [ "$progress" = 0 ] || resumable=$((resumable + 1))
}

# kill_many NAME KILLS ARGUMENTS...
kill_many() {
    local name=$1 goal=$2 rounds=0 differ=0 failed=0 began
    local kills=0 hangs=0 too_much=0 backward=0 worst=0 resumable=0 progress
    shift 2
    undisturbed "$name" "$@"
    began=$(now)
    while [ "$kills" -lt "$goal" ] && [ "$rounds" -lt $((2 * goal + 10)) ]; do
        fresh
        rounds=$((rounds + 1)) progress=0
        for _ in 1 2 3; do
            [ -e "$result" ] || [ "$kills" -ge "$goal" ] || kill_one "$name" "$@"
        done
        below 4
        start $((draw + 1)) "$@"
        finished
        [ "$(fingerprint "$result" 2>&1)" = "$wanted" ] || differ=$((differ + 1))
        [ "$status $(echo "$result"*)" = "0 $result" ] || {
            failed=$((failed + 1))
            echo "# $name, round $rounds: exit code $status, left $(echo "$result"*); $err"
        }
    done
    echo "# $name: $kills kills of a running job in $rounds rounds, $resumable of them left a" \
        "checkpoint; $worst units or tasks lost at worst; $((($(now) - began) / 1000)) s"
    ok "$name: $goal kills hit a running job" test "$kills" -ge "$goal"
    is "$failed $hangs" "0 0" "$name: every run then ends, alone beside no checkpoint; none hangs"
    is "$differ" 0 "$name: the same bytes every time"
    is "$too_much $backward" "0 0" "$name: at most one unit of work is lost, and none that was kept"
}

# --- stops in good order ---------------------------------------------------------------------

# stop_one WAY SPAN ARGUMENTS...: one run that is asked to stop within SPAN milliseconds of work, by
# a signal to one rank or by time
stop_one() {
    local way=$1 span=$2 n
    shift 2
    below 3
    n=$((draw + 1))
    below "$span"
    if [ "$way" = time ]; then
        draw=$((draw + 50))
        start "$n" "$@" --max-time "$((draw / 1000)).$(printf %03d $((draw % 1000)))"
    else
        start "$n" "$@"
        a_rank "$n"
        waits_for correlations: 1
        pause "$draw"
        [ -n "$victim" ] && kill -s "$way" "$victim" 2>/dev/null
    fi
    finished
}

# well_stopped: whether a run is done, or stopped with something to go on from where there is any;
# 4 says that there was no time for a first unit
well_stopped() {
    case $status in
    0) [ ! -e "$result.checkpoint" ] && [ -e "$result" ] ;;
    85) [ ! -e "$result" ] && { [ -e "$result.checkpoint" ] ||
        grep -q "before anything was done" <<<"$err"; } ;;
    4) [ ! -e "$result.checkpoint" ] && grep -q "max-time left no time" <<<"$err" ;;
    *) false ;;
    esac
}

# stops NAME WAY ARGUMENTS...: stopped up to three times, then to the end; a run that is too fast is
# begun anew and stopped sooner
stops() {
    local name=$1 way=$2 stopped=0 wrong="" span=$lasts
    shift 2
    fresh
    for _ in 1 2 3 4 5 6; do
        stop_one "$way" "$span" "$@"
        well_stopped || wrong="$wrong $status: $err"
        [ "$status" != 85 ] || stopped=$((stopped + 1))
        [ "$stopped" -lt 3 ] || break
        [ "$status" != 0 ] || [ "$stopped" != 0 ] || fresh
        [ "$status" != 0 ] || [ "$stopped" = 0 ] || break
        [ "$status" != 0 ] || span=$((span / 2 + 1))
    done
    is "$wrong" "" "$name, $way: exit code 85 and a checkpoint, $stopped times"
    ok "$name, $way: it was stopped" test "$stopped" -gt 0
    start 2 "$@"
    finished
    is "$status $(fingerprint "$result")" "0 $wanted" "$name, $way: then the same bytes"
}

# stopped_at PHASE ARGUMENTS...: a run on 2 ranks that SIGUSR1 stops after some tasks of the phase
stopped_at() {
    local phase=$1
    shift
    start 2 "$@"
    a_rank 2
    waits_for "\"$phase: [0-9]*/" 10
    kill -s USR1 "$victim" 2>/dev/null
    finished
}

value() {
    "$DSEP" show "$result" --json | sed -n "s/^ *\"$1\": *\([0-9]*\),*$/\1/p" | head -n 1
}

partial() {
    local name=$1 phase=$2
    shift 2
    for _ in 1 2 3 4 5 6; do # until the signal comes before the end
        fresh
        stopped_at "$phase" "$@" --allow-partial
        [ "$status $(value complete)" = "0 1" ] || break
    done
    is "$status $(value complete)" "0 0" "$name: --allow-partial leaves a partial result"
    ok "$name: and a checkpoint" test -e "$result.checkpoint"
    start 3 "$@"
    finished
    is "$status $(value complete) $(fingerprint "$result")" "0 1 $wanted" \
        "$name: from which the same command makes it whole"
}

# --- what is there is not what is wanted -----------------------------------------------------

# once_more NAME REGEX ARGUMENTS...: what is said, and that the result is right
once_more() {
    local name=$1 regex=$2
    shift 2
    start 2 "$@"
    finished
    like "$(grep -v progress "$log")" "$regex" "$name: said"
    is "$status $(fingerprint "$result")" "0 $wanted" "$name: the same bytes"
}

damaged() {
    local bytes
    fresh
    for _ in 1 2; do # no time: a unit each, and two checkpoints
        start 2 "${replicates[@]}" --max-time 0.000001
        finished
    done
    is "$status" 85 "a stopped run"
    cp "$result.checkpoint" "$scratch/kept"
    cp "$result.checkpoint.old" "$scratch/kept.old"
    bytes=$(stat -c %s "$result.checkpoint")
    printf 'damage' | dd of="$result.checkpoint" bs=1 seek=$((bytes / 2)) conv=notrunc 2>/dev/null
    once_more "damaged in the middle" "going on from [^ ]*r.h5.checkpoint.old" "${replicates[@]}"
    like "$err" "warning: .*r.h5.checkpoint' is damaged" "damaged in the middle: a warning"
    cp "$scratch/kept" "$result.checkpoint"
    cp "$scratch/kept.old" "$result.checkpoint.old"
    truncate -s $((bytes / 3)) "$result.checkpoint"
    once_more "cut off" "going on from [^ ]*r.h5.checkpoint.old" "${replicates[@]}"
    cp "$scratch/kept.old" "$result.checkpoint.old"
    once_more "between the two renames" "going on from [^ ]*r.h5.checkpoint.old" "${replicates[@]}"
    head -c 100 /dev/urandom >"$result.checkpoint"
    cp "$result.checkpoint" "$result.checkpoint.old"
    once_more "both damaged" "the run begins anew" "${replicates[@]}"
    cp "$scratch/kept" "$result.checkpoint"
    once_more "--restart" '^.*replicates \(bootstrap\): 2 groups' "${replicates[@]}" --restart
    is "$(grep -c 'going on from' "$log")" 0 "--restart: nothing is used"
    cp "$scratch/kept" "$result.checkpoint"
    once_more "--resume" "going on from" "${replicates[@]}" --resume
    start 2 "${replicates[@]}" --resume
    finished
    is "$status" 2 "--resume with nothing there: exit code"
    like "$err" "there is no '.*r.h5.checkpoint'" "--resume with nothing there: message"
    cp "$scratch/kept" "$result.checkpoint"
    start 2 "${replicates[@]}" --alpha .02
    finished
    like "$err" "is of another command \(alpha: 0.01 there, 0.02 here\); the run begins anew" \
        "another alpha: said"
    is "$(cksum <"$result.checkpoint.other")" "$(cksum <"$scratch/kept")" \
        "another alpha: the other's checkpoint stays, under another name"
    is "$status $(fingerprint "$result" | head -n 1)" "0 $(
        start 1 "${replicates[@]}" --alpha .02
        finished
        fingerprint "$result" | head -n 1
    )" "another alpha: nothing of it is used"
}

# Killed within a listed order 0, and then with a whole matrix.
tiles() {
    local -a wide=("$scratch/wide.npy" --max-order 1)
    "$DSEP" simulate --variables 3000 --samples 2000 --degree 2 --seed 4 --quiet -o "$scratch/wide.npy"
    undisturbed "whole" "${wide[@]}" --correlation whole
    for way in KILL USR1; do
        for _ in 1 2 3 4 5 6; do # until the signal comes within order 0
            fresh
            start 2 "${wide[@]}" --correlation tiled
            a_rank 2
            for _ in $(seq 1000); do
                [ ! -e "$result.checkpoint" ] || break
                sleep 0.01
            done
            kill -s "$way" "$victim" 2>/dev/null
            finished
            kept
            [ "$status" = 0 ] || [ "$kept_orders" != 0 ] || break
        done
        ok "tiled, SIG$way: ended" test "$status" -ne 0
        is "$kept_orders $(grep -c '"order 0: [0-9]* tests' "$log")" "0 0" \
            "tiled, SIG$way: within order 0"
        ok "tiled, SIG$way: a checkpoint is there" test -e "$result.checkpoint"
        start 3 "${wide[@]}" --correlation whole
        finished
        like "$(grep -v progress "$log")" "going on from" "then --correlation whole goes on"
        is "$status $(fingerprint "$result")" "0 $wanted" "to the same bytes"
    done
}

# all_stops NAME ARGUMENTS...
all_stops() {
    local way
    for way in USR1 TERM time; do
        for _ in $(seq $((${SOAK:-0} / 10 + 1))); do
            stops "$1" "$way" "${@:2}"
        done
    done
}

# Under the sanitizers a run takes minutes, and the kills are those of the usual build.
parts=("$@") all=(search replicates checkpoint tiles)
case $BUILD in */asan) all=(checkpoint) ;; esac
[ ${#parts[@]} -gt 0 ] || parts=("${all[@]}")
for part in "${parts[@]}"; do
    case $part in
    search)
        kill_many search "${SOAK:-2}" "${search[@]}"
        partial search "order 5, first half" "${search[@]}"
        [ -z "${SOAK:-}" ] || all_stops search "${search[@]}"
        ;;
    replicates)
        kill_many replicates "${SOAK:-4}" "${replicates[@]}"
        partial replicates replicates "${replicates[@]}"
        all_stops replicates "${replicates[@]}"
        ;;
    checkpoint)
        undisturbed "replicates" "${replicates[@]}"
        damaged
        ;;
    tiles) tiles ;;
    esac
done
finish
