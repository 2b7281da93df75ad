#!/usr/bin/env bash
# down.sh BASE: ends the private cluster at BASE: its keeper, and with it every process of every node.
set -u
base=$1
{ read -r keeper <"$base/run/keeper.id"; } 2>/dev/null || exit 0
[[ "$(tr '\0' ' ' <"/proc/$keeper/cmdline")" == *keeper.sh\ $base\ * ]] || exit 0
echo end >"$base/run/keeper"
for _ in $(seq 500); do
    [ -e "$base" ] || exit 0
    sleep 0.02
done
kill -9 "$keeper"
