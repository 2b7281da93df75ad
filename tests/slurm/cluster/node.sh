#!/usr/bin/env bash
# node.sh BASE K: plugs node nK into the private cluster at BASE and starts its slurmd. A node that
# was killed is made anew first.
set -u
base=$1 k=$2
node=n$k

on() {
    "$base/on" "$@"
}

read -r first <"$base/run/$node"
if [ ! -d "/proc/$first" ]; then
    rm "$base/run/$node"
    echo "start $node" >"$base/run/keeper"
    for _ in $(seq 500); do
        [ ! -e "$base/run/$node" ] || break
        sleep 0.02
    done
    read -r first <"$base/run/$node" || exit 1
    on n0 ip link del "v$k" 2>/dev/null
fi
read -r first_of_n0 <"$base/run/n0"
on n0 ip link add "v$k" type veth peer name "w$k" && on n0 ip link set "v$k" master br0 up &&
    nsenter -t "$first_of_n0" -n ip link set "w$k" netns "$first" &&
    on "$node" ip link set "w$k" name eth0 && on "$node" ip addr add "10.88.0.$k/24" dev eth0 &&
    on "$node" ip link set eth0 up && on "$node" slurmd -N "$node" >>"$base/log/slurmd.$node.log" 2>&1
