#!/usr/bin/env bash
# keeper.sh BASE OWNER SECONDS NODE...: holds the nodes of a private cluster and ends them all when
# the process OWNER is gone, when SECONDS have passed, or when it is ended itself, even by kill -9:
# every node is the child of an unshare that dies with the keeper, and dies with that unshare.
#
# A node is a name, a network, a /dev/shm and a tree of processes of its own. Its first process is
# written to BASE/run/NODE; kill -9 of that process is the crash of the node. What is written to
# BASE/run/keeper: `start NODE` makes a node anew, `end` ends all.
set -u
base=$1 owner=$2 life=$3
shift 3

# born PROCESS: when it started, or nothing when it is gone
born() {
    local line fields
    { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
    read -ra fields <<<"${line##*) }"
    [ "${fields[0]}" = Z ] || echo "${fields[19]}"
}

# What a node's first process does: it only adopts those who lose their parent.
start_node() {
    setpriv --pdeathsig KILL unshare --net --uts --ipc --mount --pid --fork --kill-child --mount-proc \
        --propagation private -- bash -c "hostname $1 &&
            mount -t tmpfs -o size=1g,mode=1777 tmpfs /dev/shm && ip link set lo up &&
            touch $base/run/up.$1
            while :; do sleep 1000 & wait \$!; done" </dev/null >>"$base/log/nodes.log" 2>&1 &
    local holder=$! first
    for _ in $(seq 500); do
        [ ! -e "$base/run/up.$1" ] || break
        [ -n "$(born $holder)" ] || return
        sleep 0.02
    done
    rm -f "$base/run/up.$1"
    read -r first <"/proc/$holder/task/$holder/children"
    echo "$first" >"$base/run/$1.new" && mv "$base/run/$1.new" "$base/run/$1"
}

# All that was started ends here, by number. A node's first process goes last of all of its node.
end() {
    local holders nodes first
    mapfile -t holders < <(jobs -p)
    nodes=("$base"/run/n[0-9]*)
    [ ${#holders[@]} = 0 ] || kill -9 "${holders[@]}" 2>/dev/null
    wait
    for node in "${nodes[@]}"; do
        read -r first <"$node" || continue
        for _ in $(seq 250); do
            [ "$(born "$first")" ] || break
            sleep 0.02
        done
    done
    rm -rf "$base"
}

trap 'exit 0' TERM INT HUP
trap end EXIT
exec 3<>"$base/run/keeper" >>"$base/log/keeper.log" 2>&1
[ "$(born "$owner")" ] || exit 1
wanted=$(born "$owner")
for node; do
    start_node "$node"
done
while [ "$(born "$owner")" = "$wanted" ] && [ "$SECONDS" -lt "$life" ]; do
    read -r -t 0.5 -u 3 word node || continue
    case $word in
    start) start_node "$node" ;;
    end) break ;;
    esac
done
