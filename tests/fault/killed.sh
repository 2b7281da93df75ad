#!/usr/bin/env bash
# A rank that dies ends the whole run, and the last good result stays.
# seconds: 200
. tests/support/tap.sh

limit=60
"$DSEP" simulate --variables 1500 --samples 400 --degree 6 --quiet -o "$scratch/data.npy"
echo "the last good result" >"$scratch/r.h5"
old=$(cksum <"$scratch/r.h5")

# ranks_of PID: the ranks of the mpirun that this timeout started
ranks_of() {
    local mpirun
    mpirun=$(pgrep -P "$1") || return 0
    pgrep -P "$mpirun" || true
}

for trial in 1 2 3 4 5 6; do
    timeout -k 5 "$limit" "$MPIRUN" --quiet -n 3 "$DSEP" discover "$scratch/data.npy" --alpha .2 -q -o "$scratch/r.h5" \
        >"$scratch/out" 2>"$scratch/err" </dev/null &
    run=$!
    for _ in $(seq 200); do
        [ "$(ranks_of "$run" | wc -l)" = 3 ] && break
        sleep 0.02
    done
    sleep "0.$((trial * 11))"
    victim=$(ranks_of "$run" | sed -n "$((trial % 3 + 1))p")
    killed=no
    [ -n "$victim" ] && kill -9 "$victim" 2>/dev/null && killed=yes
    wait "$run"
    status=$?
    if [ "$killed" = yes ] && [ "$status" != 0 ]; then
        ok "trial $trial: the run fails" test "$status" -ne 0
        is "$(cksum <"$scratch/r.h5")" "$old" "trial $trial: the last good result is untouched"
    else
        skip "trial $trial" "the run was over before the kill"
        echo "the last good result" >"$scratch/r.h5"
    fi
done
ranks 3 discover "$scratch/data.npy" --alpha .2 -q -o "$scratch/r.h5"
is "$status" 0 "the same command then succeeds"
is "$(ls "$scratch"/r.h5*)" "$scratch/r.h5" "and nothing is left beside the result"
finish
