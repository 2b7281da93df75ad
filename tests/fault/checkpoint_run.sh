#!/usr/bin/env bash
# A run whose checkpoints cannot be written goes on; one that must stop then uses the checkpoint
# before, and says so. Nothing that was kept is lost.
# seconds: 200

# Mounts of its own end with it, however it ends.
if [ -z "${own_mounts:-}" ] && unshare -m true 2>/dev/null; then
    own_mounts=yes exec unshare -m bash "$0"
fi
. tests/support/tap.sh

"$DSEP" simulate --variables 60 --samples 200 --degree 3 --seed 3 -o "$scratch/x.csv" -q
study=("$scratch/x.csv" --alpha .05 --replicates 20 --checkpoint-every 0)
long=("$scratch/x.csv" --alpha .05 --replicates 100000 --checkpoint-every 0 --max-time 3)

# shares RESULT: all that replicates left in it
shares() {
    "$DSEP" show "$1" --json | sed -n '/^  "replicates"/,/^  }/p' | cksum
}

run "$DSEP" discover "${study[@]}" -o "$scratch/whole.h5"
is "$status" 0 "an undisturbed run"

# --- every point of a checkpoint's way to the disk, in all of a run's checkpoints ------------------
for point in open write sync rename rename-2; do
    for rank in 0 all; do
        result=$scratch/$point-$rank.h5
        DSEP_FAULT=checkpoint-$point@$rank ranks 2 discover "${study[@]}" -o "$result"
        is "$status" 0 "checkpoint-$point@$rank: the run goes on"
        like "$err" "warning: no checkpoint was kept in .*checkpoint-$point" "and says so"
        is "$(shares "$result")" "$(shares "$scratch/whole.h5")" "with the same result"
        is "$(find "$scratch" -name "$point-$rank.h5.*" | wc -l)" 0 "and nothing left beside it"
    done
done

# --- a stop whose own checkpoint fails ------------------------------------------------------------
ranks 2 discover "${long[@]}" -o "$scratch/s.h5"
is "$status" 85 "time ends a run: exit code"
kept=$(cksum <"$scratch/s.h5.checkpoint")
DSEP_FAULT=checkpoint-write@all ranks 2 discover "${long[@]}" -o "$scratch/s.h5"
is "$status" 85 "its next allocation cannot write: exit code"
like "$err" "no checkpoint was kept .* the one of [0-9T:Z-]+ is still there" "the message names the one before"
is "$(cksum <"$scratch/s.h5.checkpoint")" "$kept" "which is as it was"
DSEP_FAULT=checkpoint-write@all ranks 2 discover "${long[@]}" -o "$scratch/none.h5"
is "$status" 5 "a run that could never write: exit code"
like "$err" "could not be written: what was done is lost" "and message"
DSEP_FAULT=checkpoint-read@0 ranks 2 discover "${long[@]}" -o "$scratch/s.h5"
is "$status" 85 "the newest cannot be read: the run goes on"
like "$err" "checkpoint-read.*checkpoint.old' of [0-9T:Z-]+ is used" "from the one before, and says so"

# --- a full disk: a file system of its own -----------------------------------------------------------
small=$scratch/small
mkdir "$small"
if [ -n "${own_mounts:-}" ] && mount -t tmpfs -o size=4m none "$small"; then
    ranks 2 discover "${study[@]}" --max-time 0.000001 -o "$small/r.h5" # no time: one unit
    is "$status" 85 "a first allocation"
    kept=$(cksum <"$small/r.h5.checkpoint")
    dd if=/dev/zero of="$small/filler" bs=1k status=none 2>/dev/null
    ranks 3 discover "${study[@]}" -o "$small/r.h5"
    like "$err" "no checkpoint was kept .*No space left on device.* is still there" \
        "a full disk: the run says that the checkpoint before is there"
    is "$status" 5 "and ends as one that could not write its result"
    is "$(cksum <"$small/r.h5.checkpoint")" "$kept" "the checkpoint is as it was"
    rm "$small/filler"
    ranks 1 discover "${study[@]}" -o "$small/r.h5"
    is "$status" 0 "with room again it goes on"
    like "$err" "going on from" "from the checkpoint"
    is "$(shares "$small/r.h5")" "$(shares "$scratch/whole.h5")" "to the same result"
    is "$(ls "$small")" r.h5 "and leaves it alone there"
    umount "$small"
else
    skip "a full disk" "no right to mount a small file system here"
fi
finish
