# shellcheck shell=bash
# TAP for tests of the command line. Source it, call ok / is / like / skip, end with finish.
set -u
# shellcheck source=tests/support/mpi.sh
. tests/support/mpi.sh
: "${DSEP:=$PWD/dsep}" "${MPIRUN:=mpirun}"
tests=0 failures=0
scratch=$(mktemp -d "${TMPDIR:-/tmp}/dsep-test-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
data=../shared/data
[ -d "$data" ] && data=$(cd "$data" && pwd) || data=

# ok NAME COMMAND...: passes when the command succeeds
ok() {
    local name=$1
    shift
    tests=$((tests + 1))
    if "$@"; then
        echo "ok $tests - $name"
    else
        failures=$((failures + 1))
        echo "not ok $tests - $name"
    fi
}

# is GOT WANTED NAME
is() {
    ok "$3" test "$1" = "$2"
    [ "$1" = "$2" ] || printf '#   got:    %s\n#   wanted: %s\n' "$1" "$2"
}

# like TEXT EXTENDED-REGEX NAME
like() {
    if grep -qE -- "$2" <<<"$1"; then
        ok "$3" true
    else
        ok "$3" false
        printf '#   text:  %s\n#   wants: %s\n' "$1" "$2"
    fi
}

# skip NAME REASON
skip() {
    tests=$((tests + 1))
    echo "ok $tests - $1 # SKIP $2"
}

# run COMMAND...: leaves its output in $out, its messages in $err and its exit code in $status
run() {
    timeout -k 5 "${limit:-120}" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
    # shellcheck disable=SC2034
    status=$? out=$(tr -d '\0' <"$scratch/out") err=$(tr -d '\0' <"$scratch/err")
}

# ranks N ARGUMENTS...: the program on N ranks, results as run leaves them
ranks() {
    local n=$1
    shift
    run "$MPIRUN" --quiet -n "$n" "$DSEP" "$@"
}

# refuses CODE EXTENDED-REGEX NAME COMMAND...: it ends with that exit code and says why
refuses() {
    run "${@:4}"
    is "$status" "$1" "$3: exit code $1"
    like "$err" "$2" "$3: the message says so"
}

finish() {
    echo "1..$tests"
    exit $((failures > 0))
}
