# shellcheck shell=bash
# What of a result must not depend on ranks, nodes, or the path through the correlations. Source it
# after tap.sh.

# content RESULT: its variables, graph, edges with their strengths, separating sets, all of its
# replicates, and the search with its tests, removals and singular sets by order; without times, and
# without the name of the path that was taken
content() {
    "$DSEP" show "$1" --json | awk '
        /^  "/ { kept = /^  "(graph|replicates|search|variables)": \{/ }
        /^  "graph-hash"/ { print }
        /"seconds": \[/ { timed = 1 }
        kept && !timed && !/"(correlation|[a-z_]*seconds[a-z_]*)":/ { print }
        /\]/ { timed = 0 }'
}

# fingerprint RESULT: the content and the edge CSV, as checksums
fingerprint() {
    content "$1" | cksum
    "$DSEP" export "$1" --format csv | cksum
}
