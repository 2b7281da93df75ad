# shellcheck shell=bash
# A private Slurm cluster for one test script: source it after tap.sh, then call cluster. It ends with
# the script. Where it cannot be, the whole script is skipped, loudly.
base='' cluster_scripts=$PWD/tests/slurm/cluster
[ "${#scratch}" -le 60 ] || scratch=$(mktemp -d /tmp/dsep-XXXXXX) # for the length of sockets' paths

# without REASON: the whole script is skipped
without() {
    echo "WARNING: $0 was NOT run: $1" >&2
    echo "1..0 # SKIP $1"
    exit
}

# cluster [NODES [CPUS [MEMORY]]]: the nodes n1 .. and a place to submit from, n0
cluster() {
    case $DSEP in */asan/*) without "under the sanitizers jobs need other memory and time" ;; esac
    base=$scratch/c
    trap 'bash "$cluster_scripts/down.sh" "$base"; rm -rf "$scratch"' EXIT
    bash "$cluster_scripts/up.sh" "$base" $$ "$@" 2>"$scratch/up"
    case $? in
    0) return ;;
    77) without "$(tr '\n' ' ' <"$scratch/up")" ;;
    esac
    sed 's/^/# /' "$scratch/up"
    echo "not ok 1 - a Slurm cluster on this machine"
    echo "1..1"
    exit 1
}

# on NODE COMMAND...: with the environment of somebody who has just logged in there, so that nothing
# that a job needs comes from the test
on() {
    local node=$1
    shift
    env -i PATH="$PATH" HOME="${HOME:-/}" LANG=C "$base/on" "$node" "$@"
}

# submit NAME SUBMIT-OPTION... discover ARGUMENT...: by dsep, its result NAME.h5; the number into $job
submit() {
    local name=$1
    shift
    on n0 "$DSEP" submit --quiet "$@" -o "$name.h5" >"$name.submit" 2>&1 || return
    # shellcheck disable=SC2034
    job=$(told "$name" job)
}

# told NAME KEY: what dsep submit has written down of a job
told() {
    sed -n "s/^ *\"$2\": \"\([0-9]*\)\".*/\1/p" "$1.job/job.json"
}

# state NAME: the one that dsep status tells
state() {
    on n0 "$DSEP" status "$1.job" --json | sed -n 's/^  "state": "\(.*\)",*$/\1/p'
}

# field JOB NAME: as scontrol tells it
field() {
    on n0 scontrol show job "$1" -o | tr ' ' '\n' | sed -n "s/^$2=//p" | head -n 1
}

# is_field JOB NAME EXTENDED-REGEX
is_field() {
    field "$1" "$2" | grep -qxE "$3"
}

# soon SECONDS COMMAND...: waits until the command succeeds; fails after so many seconds
soon() {
    local last=$(($(date +%s%3N) + $1 * 1000))
    shift
    until "$@"; do
        [ "$(date +%s%3N)" -lt "$last" ] || return 1
        sleep 0.05
    done
}

# ended SECONDS JOB: into $ended; waits until it is no more pending or running
ended() {
    soon "$1" is_field "$2" JobState "COMPLETED|FAILED|CANCELLED|TIMEOUT|OUT_OF_MEMORY|NODE_FAIL"
    # shellcheck disable=SC2034
    ended=$(field "$2" JobState)
}

# clock: starts a watch; passed: the seconds since then
clock() {
    began=$(date +%s%3N)
}
passed() {
    local t=$(($(date +%s%3N) - began))
    echo "$((t / 1000)).$((t % 1000 / 100))"
}

# a_rank NODE STEP: the number there of one of its ranks, into $rank; fails where it has none
a_rank() {
    rank=$(on "$1" scontrol listpids "$2" 2>/dev/null | awk '$5 ~ /^[0-9]+$/ { print $1; exit }')
    [ -n "$rank" ]
}

# killed_node NODE: all that runs there is gone at once
killed_node() {
    kill -9 "$(cat "$base/run/$1")"
}

# wire NODE up|down: its cable
wire() {
    on n0 ip link set "v${1#n}" "$2"
}

# plugged_in NODE: its cable again, and its slurmd anew: left alone, it would be seen within a minute
plugged_in() {
    local daemon
    read -r daemon <"$base/run/slurmd.$1.id"
    wire "$1" up
    on "$1" /bin/kill "$daemon"
    soon 10 on "$1" test ! -e "/proc/$daemon"
    on "$1" slurmd -N "$1"
}

# is_free NODE: Slurm knows it again, and no rank runs there
is_free() {
    [ "$(on n0 sinfo --noheader --nodes "$1" -o %T)" = idle ] && [ -z "$(on "$1" pgrep -f "^$DSEP ")" ]
}

# done_with_cluster FILE...: ends the script; where something failed, the ends of the files and of
# Slurm's logs are shown
done_with_cluster() {
    # shellcheck disable=SC2154
    if [ "$failures" -gt 0 ]; then
        for file in "$@" "$base"/log/slurm*; do
            echo "# == $file"
            tail -n 30 "$file" | sed 's/^/# /'
        done
    fi
    finish
}
