# shellcheck shell=bash
# What the benchmarks share; sourced, never run. Sets the environment and makes the folder $work,
# which is removed at the end. A run leaves NAME.facts, lines of `key value`:
#   p n edges tests orderK          from the result (`dsep show`); orderK is the tests of order K
#   reading ... orientation         seconds of the slowest rank in a section, from the result
#   writing total                   the same from the log, as the result is closed before they end
#   memory                          kB, see peak_memory; only where it was asked for
: "${MPIRUN:=mpirun}" "${DSEP:=$PWD/dsep}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 LC_ALL=C
read -ra mpirun <<<"$MPIRUN"
work=$(mktemp -d "${TMPDIR:-/tmp}/dsep-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT

# The lines that make figures comparable: machine, kernels, versions, date.
machine() {
    local model
    model=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
    printf '%s, %s cores, %s; %s\n' "${model:-$(uname -m)}" "$(nproc --all)" "$(date -u +%F)" \
        "$("$DSEP" --version | awk 'NR == 1 { v = $0 } $1 == "MPI" { m = $2 " " $3 " " $4 }
            /^BLAS/ { b = $2 " " $3; sub(/.*, kernels/, "kernels"); sub(/,.*/, ""); b = b ", " $0 }
            END { print v ", " m ", " b }')"
}

# simulated P N DEGREE FILE
simulated() {
    "${mpirun[@]}" --quiet -n 2 "$DSEP" simulate --variables "$1" --samples "$2" --degree "$3" \
        --seed 1 --quiet -o "$4"
}

# shared_pages: the node's shared memory, kB
shared_pages() {
    awk '$1 == "Shmem:" { print $2 }' /proc/meminfo
}

# peak_memory SECONDS BEFORE: prints in kB the greatest sum, looked at every SECONDS for as long as
# $work/pids is there, of the private memory (RssAnon) of the processes that have a file in it, and of
# what they share, once: by how much the node's shared memory grew since it was BEFORE, but not less
# than the RssShmem of one process and not more than that of all, so that neighbours cannot spoil it.
# Program text and mapped files are left out. (Pss says the same, but to read it walks every page.)
peak_memory() {
    local peak=0 file name kb private largest all grown
    while [ -d "$work/pids" ]; do
        private=0 largest=0 all=0
        for file in "$work"/pids/*; do
            while read -r name kb _; do
                case $name in
                RssAnon:) private=$((private + kb)) ;;
                RssShmem:) all=$((all + kb)) largest=$((kb > largest ? kb : largest)) ;;
                esac
            done 2>/dev/null <"/proc/${file##*/}/status" || true
        done
        grown=$all
        while read -r name kb _; do
            [ "$name" != Shmem: ] || grown=$((kb - $2))
        done </proc/meminfo
        grown=$((grown > largest ? grown : largest))
        grown=$((grown < all ? grown : all))
        peak=$((private + grown > peak ? private + grown : peak))
        read -r -t "$1" <>"$work/never" || true
    done
    echo "$peak"
}

# run NAME RANKS TABLE OPTIONS...: one discovery, or another $command
run() {
    local name=$work/$1 ranks=$2 code=0
    shift 2
    # shellcheck disable=SC2016 # expanded by the rank's shell, which dsep then replaces
    "${mpirun[@]}" --quiet -n "$ranks" sh -c '[ ! -d "$0" ] || : >"$0/$$"; exec "$@"' "$work/pids" \
        "$DSEP" "${command:-discover}" "$@" -o "$name.h5" >"$name.out" 2>"$name.log" || code=$?
    if [ "$code" -ne 0 ]; then
        cat "$name.log" >&2
        return "$code"
    fi
    "$DSEP" show "$name.h5" >"$name.show"
    awk 'FNR == 1 { file++ }
        file == 1 && ($1 == "total" || $1 == "writing") { print $1, $(1 == NF - 1 ? 2 : 4) }
        file == 1 { next }
        /^[A-Z]/ { part = $1 }
        part == "Run" && $1 == "input" {
            for (i = 2; i < NF; i++) if ($(i + 1) == "samples") print "n", $i }
        part == "Graph" && $1 == "kind" { for (i = 2; i < NF; i++) if ($i == "over") print "p", $(i + 1) }
        part == "Graph" && $1 == "edges" { print "edges", $2 + 0 }
        part == "Tests," && $1 ~ /^[0-9]+$/ { printf "order%d %.0f\n", $1, $2; tests += $2 }
        part == "Time," && $NF ~ /^[0-9.e+-]+$/ { print $1 (NF > 4 ? "-" $2 : ""), $NF }
        END { printf "tests %.0f\n", tests }' "$name.log" "$name.show" >"$name.facts"
    rm -f "$name.h5"
}

# run_watched SECONDS NAME RANKS TABLE OPTIONS...: the same, and memory in its facts; see peak_memory
run_watched() {
    local interval=$1 name=$2 code=0 sampler before
    shift
    before=$(shared_pages)
    mkdir "$work/pids"
    [ -e "$work/never" ] || mkfifo "$work/never"
    peak_memory "$interval" "$before" >"$work/peak" &
    sampler=$!
    run "$@" || code=$?
    rm -r "$work/pids"
    wait "$sampler"
    [ "$code" -ne 0 ] || echo "memory $(cat "$work/peak")" >>"$work/$name.facts"
    return "$code"
}

# medians FACTS...: one file of facts; edges and tests that differ between runs are an error
medians() {
    awk '!($1 in count) { names[++n] = $1 }
        { v[$1, ++count[$1]] = $2 }
        END {
            for (i = 1; i <= n; i++) {
                name = names[i]; k = count[name]
                for (a = 2; a <= k; a++)
                    for (b = a; b > 1 && v[name, b] + 0 < v[name, b - 1] + 0; b--) {
                        t = v[name, b]; v[name, b] = v[name, b - 1]; v[name, b - 1] = t
                    }
                if (name ~ /^(edges|tests|order)/ && v[name, 1] != v[name, k]) {
                    print "runs differ in " name > "/dev/stderr"
                    exit 1
                }
                print name, v[name, int((k + 1) / 2)]
            }
        }' "$@"
}

# fact FILE KEY
fact() {
    awk -v key="$2" '$1 == key { print $2 }' "$1"
}

# The table is Markdown, wide enough to be read as it is.
row_format='| %-22s | %-8s | %7s | %5s | %5s | %7s | %7s | %8s | %7s | %8s | %9s | %7s | %7s | %8s | %7s | %6s | %s |\n'
header() {
    # shellcheck disable=SC2059 # the format is ours
    printf "$row_format" set ranks p n alpha edges reading forecast correl. skeleton strengths orient. \
        writing total Mtest/s GB 'tests by order'
    echo '|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|'
}

# row SET RANKS ALPHA FACTS
row() {
    awk -v set="$1" -v ranks="$2" -v alpha="$3" -v format="$row_format" '
        # three digits and a letter
        function short(x,    letter) {
            letter = ""
            if (x >= 999.5e6) { x /= 1e9; letter = "G" }
            else if (x >= 999500) { x /= 1e6; letter = "M" }
            else if (x >= 1000) { x /= 1000; letter = "k" }
            return sprintf(letter == "" || x >= 99.95 ? "%.0f" : x >= 9.995 ? "%.1f" : "%.2f", x) letter
        }
        function seconds(name) {
            return name in v ? sprintf(v[name] < 100 ? "%.3f" : "%.1f", v[name]) : "-"
        }
        { v[$1] = $2 }
        END {
            orders = ""
            for (i = 0; ("order" i) in v; i++) orders = orders (i ? " " : "") short(v["order" i])
            printf format, set, ranks, v["p"], v["n"], alpha, v["edges"], seconds("reading"),
                seconds("forecast"), seconds("correlation"), seconds("skeleton"), seconds("edge-strengths"),
                seconds("orientation"), seconds("writing"), seconds("total"),
                (v["skeleton"] > 0) ? sprintf("%.1f", v["tests"] / v["skeleton"] / 1e6) : "-",
                "memory" in v ? sprintf("%.3f", v["memory"] * 1024 / 1e9) : "-", orders
        }' "$4"
}
