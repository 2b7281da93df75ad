#!/usr/bin/env bash
# What replicates leave in a result, and what export and show make of it: every share is counted
# again from the file by h5py.
# seconds: 300
. tests/support/tap.sh
python=${PYTHON:-/usr/bin/python3}
cd "$scratch" || exit 1
run "$DSEP" simulate --variables 15 --samples 200 --degree 3 --seed 5 --truth truth.csv -o data.csv
is "$status" 0 "data are simulated"
ranks 2 discover data.csv --replicates 60 -o cpdag.h5
is "$status" 0 "a result with replicates"
like "$out" 'replicates 60 of 60 \(bootstrap\)' "the summary tells them"
ranks 3 discover data.csv --replicates 40 --resample halves --threshold 0.75 -o halves.h5
like "$out" 'stability selection: [0-9]+ edges' "halves: stability selection"
run "$DSEP" discover data.csv --replicates 4 --resample halves --threshold 0.4 -o low.h5
like "$out" 'selection: [0-9]+ edges; no bound on errors: the threshold has to be above 1/2' "a threshold without a bound"
run "$DSEP" discover data.csv --replicates 30 --resample subsample --skeleton-only -o skeleton.h5
is "$status" 0 "a skeleton with replicates"
run "$DSEP" discover data.csv -o plain.h5
is "$status" 0 "a result without"

cat >check.py <<'PYTHON'
"""Counts again what FILE.h5 holds and compares it with what export made of it in FILE.WHAT.csv, .json."""
import csv
import json
import sys
import h5py

def check(name, good):
    print(("yes " if good else "NO  ") + name)

def text(x):
    return x.decode() if isinstance(x, bytes) else str(x)

MARKS = ["tail", "arrow", "circle"]
# which marks win among equals, x < y
TIES = ["circle_circle", "tail_tail", "circle_arrow", "arrow_circle", "tail_arrow", "arrow_tail",
        "arrow_arrow", "tail_circle", "circle_tail"]
stem = sys.argv[1]
file = h5py.File(stem + ".h5", "r")
names = [text(n) for n in file["variables/_index"][()]]
place = {name: i for i, name in enumerate(names)}
attributes = file["replicates"].attrs
done = int(attributes["done"])
table = file["replicates/edges"]
kinds = [text(c) for c in table.attrs["column-order"] if text(c) not in ("source", "target", "joined")]
wanted = ["tail_tail"] if stem == "skeleton" else ["tail_tail", "tail_arrow", "arrow_tail", "arrow_arrow"]
check("the file counts the marks that can be", kinds == wanted)
pairs = list(zip(table["source"][()].tolist(), table["target"][()].tolist()))
check("pairs are sorted and stand once", pairs == sorted(set(pairs)) and all(x < y for x, y in pairs))
counts = {}
for row, pair in enumerate(pairs):
    counts[pair] = {kind: int(table[kind][row]) for kind in kinds}
    counts[pair]["joined"] = int(table["joined"][row])
check("marks add up to joined, at most all",
      all(sum(c[k] for k in kinds) == c["joined"] and 0 < c["joined"] <= done for c in counts.values()))

def turned(kind):
    return "_".join(reversed(kind.split("_")))

def count(source, target, kind):
    """How often source - target was seen with these marks at source and target."""
    pair = (min(source, target), max(source, target))
    if kind != "joined" and source > target:
        kind = turned(kind)
    return counts.get(pair, {}).get(kind, 0)

def most_frequent(pair):
    return min(kinds, key=lambda k: (-counts[pair][k], TIES.index(k)))

def load(what):
    with open(f"{stem}.{what}.csv") as lines:
        rows = list(csv.DictReader(lines))
    with open(f"{stem}.{what}.json") as stream:
        tree = json.load(stream)
    check(f"{what}: JSON has the nodes and the kind",
          tree["nodes"] == names and tree["kind"] == text(file["graph"].attrs["kind"]))
    same = len(rows) == len(tree["edges"])
    for row, edge in zip(rows, tree["edges"]):
        same &= list(row) == list(edge)
        for column in row:
            if column.startswith("share"):
                same &= float(row[column]) == edge[column]
            elif column in ("source", "target", "mark_source", "mark_target"):
                same &= row[column] == edge[column]
    check(f"{what}: CSV and JSON tell the same", same)
    ends = [(place[r["source"]], place[r["target"]]) for r in rows]
    check(f"{what}: sorted, from tail to arrow or by column",
          ends == sorted(ends) and all(s < t or (r["mark_source"], r["mark_target"]) == ("tail", "arrow")
                                       for r, (s, t) in zip(rows, ends)))
    return rows, ends

def check_shares(what, rows, ends, columns):
    good = in_range = True
    for row, (s, t) in zip(rows, ends):
        for column in columns:
            kind = column[len("share_"):] if column != "share" else \
                row["mark_source"] + "_" + row["mark_target"]
            value = float(row[column])
            in_range &= 0 <= value <= 1
            good &= value == count(s, t, kind) / done
    check(f"{what}: shares are between 0 and 1", in_range)
    check(f"{what}: shares are counts over replicates", good)

def marks_of(rows, ends):
    found = {}
    for row, (s, t) in zip(rows, ends):
        kind = row["mark_source"] + "_" + row["mark_target"]
        found[(min(s, t), max(s, t))] = kind if s < t else turned(kind)
    return found

FIRST = ["source", "target", "mark_source", "mark_target"]
rows, ends = load("replicates")
columns = ["share_joined"] + ["share_" + k for k in kinds]
check("replicates: columns", list(rows[0]) == FIRST + columns)
check("replicates: every pair, with its most frequent marks",
      marks_of(rows, ends) == {pair: most_frequent(pair) for pair in pairs})
check_shares("replicates", rows, ends, columns)

threshold = float(attributes["threshold_share"])
if stem == "halves":
    check("the threshold is what was asked for",
          threshold == 0.75 and text(attributes["threshold_from"]) == "--threshold")
else:
    above = [c["joined"] for c in counts.values() if 2 * c["joined"] > done]
    check("the threshold is the least share above 1/2",
          threshold == min(above) / done and text(attributes["threshold_from"]) == "the shares")
most = {pair: counts[pair][most_frequent(pair)] for pair in pairs}
rules = {
    "preserved": lambda pair: True,
    "highest": lambda pair: most[pair] > done - counts[pair]["joined"],
    "majority": lambda pair: 2 * most[pair] > done,
    "threshold": lambda pair: counts[pair]["joined"] / done >= threshold,
}
for what, rule in rules.items():
    rows, ends = load(what)
    check(f"{what}: columns", list(rows[0]) == FIRST + ["share", "share_joined"])
    check(f"{what}: the edges of its rule",
          marks_of(rows, ends) == {pair: most_frequent(pair) for pair in pairs if rule(pair)})
    check_shares(what, rows, ends, ["share", "share_joined"])
    stored = file["replicates/" + what]
    check(f"{what}: the file holds the same",
          [names[i] for i in stored["source"][()]] == [r["source"] for r in rows] and
          [MARKS[i] for i in stored["mark_target/codes"][()]] == [r["mark_target"] for r in rows] and
          stored["share"][()].tolist() == [float(r["share"]) for r in rows])

rows, ends = load("graph")
check("graph: columns", list(rows[0]) == FIRST + ["weight", "p_max", "order", "partial_r2", "robustness",
                                                  "robustness_ci", "share", "share_joined"])
check_shares("graph", rows, ends, ["share", "share_joined"])
check("graph: the file has the shares",
      file["graph/edges/share"][()].tolist() == [float(r["share"]) for r in rows] and
      file["graph/edges/share_joined"][()].tolist() == [float(r["share_joined"]) for r in rows])
PYTHON

for stem in cpdag halves skeleton; do
    for what in graph replicates preserved highest majority threshold; do
        run "$DSEP" export $stem.h5 --what $what -o $stem.$what.csv
        [ "$status" -eq 0 ] && run "$DSEP" export $stem.h5 --what $what --format json -o $stem.$what.json
        is "$status" 0 "$stem: export --what $what"
    done
    if ! "$python" -c 'import h5py' 2>/dev/null; then
        skip "$stem: shares are counts over replicates" "$python has no h5py: NOTHING WAS COUNTED AGAIN"
        continue
    fi
    run "$python" check.py $stem
    is "$status" 0 "$stem: h5py counts again"
    [ "$status" -eq 0 ] || sed 's/^/# /' err
    while read -r good name; do
        is "$good" yes "$stem: $name"
    done <<<"$out"
done
for format in graphml dot gml tetrad pcalg dagitty adjacency; do
    run "$DSEP" export cpdag.h5 --what majority --format $format
    ok "export --what majority --format $format" test "$status" -eq 0 -a -n "$out"
done
run "$DSEP" export cpdag.h5 --what replicates --format graphml
is "$(grep -c 'key="weight"' out) $(grep -c 'key="share_arrow_tail"' out)" \
    "$(($(wc -l <cpdag.replicates.csv) - 1)) $(($(wc -l <cpdag.replicates.csv) - 1))" \
    "graphml has a weight and shares for every pair"
run "$DSEP" compare halves.threshold.csv cpdag.h5
is "$status" 0 "an exported ensemble can be compared"

run "$DSEP" show halves.h5
like "$out" 'done +40 of 40 \(halves\)$' "show tells how many are done"
like "$out" 'seed 1, replicates 40 by halves; it has' "and so does the sentence for a paper"
like "$out" 'each known to \+-0\.[0-9]{3} or better at 95 % confidence' "how well shares are known"
like "$out" 'pairs are joined in a share of at least 0\.75' "what is stable"
like "$out" 'no likelier than chance: at most [0-9.]+, [0-9.]+ if shares are unimodal' "how many by chance"
like "$out" 'V[0-9]+ (-->|---|<->) V[0-9]+ +joined in [01]\.[0-9]{3}, with these marks in' "and edges to doubt"
awk -F, -v OFS=, '{ print $0, NR == 1 ? "site" : "s" NR % 3 }' data.csv >sites.csv
run "$DSEP" discover sites.csv --environment site --replicates 9 --resample environment -o sites.h5
like "$out" 'shares of environments left out one by one: nothing is drawn' "what is not drawn has no width"
run "$DSEP" show sites.h5
like "$out" '^  shares +of environments left out one by one: nothing is drawn$' "nor in show"
run "$DSEP" show plain.h5
ok "show is silent where there are no replicates" test -z "$(grep -i replicate out)"

ranks 2 discover data.csv --replicates 1000000 --max-time 2 --allow-partial -o partial.h5
is "$status" 0 "time ends the replicates; what is done is accepted"
run "$DSEP" show partial.h5
like "$out" 'done +[0-9]+ of 1000000 \(bootstrap\): PARTIAL' "show says so"
run "$DSEP" export partial.h5 --what replicates
is "$status" 0 "the shares of those that are done are exported"

if "$python" -c 'import h5py' 2>/dev/null; then
    cp cpdag.h5 spoilt.h5
    "$python" -c 'import h5py
h5py.File("spoilt.h5", "r+")["replicates/edges/joined"][0] += 1'
    run "$DSEP" export spoilt.h5 --what replicates
    is "$status" 3 "counts that do not add up"
    like "$err" "does not agree with itself: /replicates/edges" "are refused"
    run "$DSEP" show spoilt.h5
    is "$status" 3 "by show, too"
else
    skip "counts that do not add up" "$python has no h5py: NOTHING WAS SPOILT"
fi

run "$DSEP" export cpdag.h5 --what marginals
is "$status" 2 "a wrong --what"
like "$err" '--what marginals: expected one of graph.*threshold' "names what there is"
for what in replicates threshold; do
    run "$DSEP" export plain.h5 --what $what
    is "$status" 2 "--what $what of a result without replicates"
    like "$err" "'plain.h5' has no shares of replicates; make some with dsep discover --replicates" "says how to make some"
done

# refused NAME PATTERN OPTIONS...
refused() {
    local name=$1 pattern=$2
    shift 2
    run "$DSEP" discover data.csv --replicates 10 "$@" -o refused.h5
    is "$status" 2 "$name: exit code"
    like "$err" "$pattern" "$name: message"
    ok "$name: no file" test ! -e refused.h5 -a ! -e refused.h5.checkpoint
}
refused "an empty subsample" 'give a fraction above 0 and below 1' --resample subsample --subsample 0
refused "environments that nobody named" 'with --environment' --resample environment
refused "a stability that means nothing" '--until-stable 2: expected a number from 0 to 0.5' --until-stable 2
refused "a scheme without replicates" 'say how many with --replicates R' --resample halves --replicates 0
refused "a confidence without replicates" 'say how many with --replicates R' --confidence 0.9 --replicates 0
refused "ranks that are none" '--ranks-per-replicate 0: expected a whole number from 1 to .* or auto' \
    --ranks-per-replicate 0
refused "the most of given lags" '--max-lags is about --lags auto; leave it out' --method var-lingam --lags 2 --max-lags 1
refused "no lags" '--lags 0: expected a whole number from 1 to .* or auto' --method var-lingam --lags 0
refused "draws that are none" '--resample environment draws nothing' --resample environment --until-stable 0.1
refused "ranks that are no number" '--ranks-per-replicate x: expected a whole number .* or auto' \
    --ranks-per-replicate x
refused "a scheme that is not there" '--resample jackknife: expected one of bootstrap' --resample jackknife
refused "halves of a series" 'no meaning for a series.*use --resample block' --method var-lingam --resample halves
refused "replicates of the exact posterior" '--replicates means nothing with --method exact: it is for' --method exact
refused "a share that nobody takes" '--subsample is about --resample subsample' --subsample 0.3
refused "blocks that nobody draws" '--block is about --resample block' --resample halves --block 7
refused "blocks longer than the table" 'block' --resample block --block 201
finish
