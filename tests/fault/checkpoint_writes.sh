#!/usr/bin/env bash
# Checkpoints that could not be written to the end: on a full disk, and by processes that were
# killed. The one before it is read.
# seconds: 200

# Mounts of its own end with it, however it ends.
if [ -z "${own_mounts:-}" ] && unshare -m true 2>/dev/null; then
    own_mounts=yes exec unshare -m bash "$0"
fi
. tests/support/tap.sh

limit=60
program=${BUILD:-build}/tests/unit/checkpoint

# tool RANKS ARGUMENTS...: what it says about them
tool() {
    local n=$1
    shift
    run "$MPIRUN" --quiet -n "$n" "$program" "$@"
    out=$(head -n 1 <<<"$out")
}

# --- a full disk: a file system of its own, of 64 kB -----------------------------------------------
small=$scratch/small
mkdir "$small"
if [ -n "${own_mounts:-}" ] && mount -t tmpfs -o size=64k none "$small"; then
    tool 2 write "$small/c" 7
    is "$status $out" "0 0 kept" "there is room for a first checkpoint"
    tool 2 big "$small/c"
    is "$status $out" "5 5 cannot write: No space left on device" "a large one meets a full disk"
    is "$(ls "$small")" c "and leaves nothing beside the first"
    tool 3 read "$small/c"
    is "$status $out" "0 7 " "which is read"
    head -c 30000 /dev/zero >"$small/other"
    for number in 8 9 10; do
        tool 2 write "$small/c" "$number"
    done
    like "$status $out" "^5 .*No space left on device" "a disk that others fill up"
    tool 1 read "$small/c"
    like "$out" "^[789] $" "the last one that had room is read"
    rm "$small/other"
    tool 2 write "$small/c" 11
    tool 2 read "$small/c"
    is "$status $out" "0 11 " "and with room again the next one"
    umount "$small"
else
    skip "a full disk" "no right to mount a small file system here"
fi

# --- killed at any moment -------------------------------------------------------------------------
for trial in 1 2 3 4 5 6 7 8; do
    # Without a launcher between, so that the moment is the writer's.
    : >"$scratch/numbers"
    "$program" loop "$scratch/k" >"$scratch/numbers" 2>"$scratch/err" </dev/null &
    writer=$!
    for _ in $(seq 2000); do
        kill -0 "$writer" 2>/dev/null || break
        [ "$(wc -l <"$scratch/numbers")" -ge $((trial * 3)) ] && break
        sleep 0.02
    done
    sleep "0.00$trial"
    kill -9 "$writer"
    wait "$writer" 2>/dev/null
    told=$(tail -n 1 "$scratch/numbers")
    tool $((trial % 3 + 1)) read "$scratch/k"
    number=${out%% *}
    ok "trial $trial: after $told were kept, $number is read" test "${number:-0}" -ge "${told:-1}"
done
finish
