#!/usr/bin/env bash
# dsep represent, and what simulate, show, export and compare know of representations: errors with
# remedies, the fields of results as h5py sees them, known truths found again.
# seconds: 240
. tests/support/tap.sh
python=${PYTHON:-/usr/bin/python3}

# refused CODE MESSAGE NAME ARGUMENTS...
refused() {
    refuses "$1" "$2" "$3" "$DSEP" represent "${@:4}" -o "$scratch/no.h5"
}

# --- simulated representations ---------------------------------------------------------------------

run "$DSEP" simulate -p 8 -n 600 --factors 3 --noise laplace --observation-noise 0.01 --seed 5 \
    --truth "$scratch/hca.truth.h5" -o "$scratch/hca.csv"
is "$status" 0 "simulate --factors"
like "$out" '3 factors, 4 environments' "says what it drew"
ranks 3 simulate -p 8 -n 600 --factors 3 --noise laplace --observation-noise 0.01 --seed 5 -q \
    -o "$scratch/again.csv"
ok "the same bytes on 3 ranks" cmp -s "$scratch/hca.csv" "$scratch/again.csv"
"$DSEP" simulate -p 8 -n 20000 --factors 3 --shift hard --degree 2 --seed 2 -q \
    --truth "$scratch/hard.truth.h5" -o "$scratch/hard.npy"
run "$DSEP" simulate -p 6 -n 60 --factors 2 --dry-run -o "$scratch/no.csv" --truth "$scratch/no.h5"
like "$out" '180 samples x 6 variables' "simulate --dry-run tells what it would draw"
is "$(echo "$scratch"/no.*)" "$scratch/no.*" "and writes nothing"
run "$DSEP" simulate -p 3 -n 60 --factors 4 -o "$scratch/no.csv"
is "$status" 2 "more factors than variables"
like "$err" 'at most as many as --variables, 3' "are refused"
run "$DSEP" simulate -p 6 -n 60 --factors 2 --graph sf -o "$scratch/no.csv"
like "$err" 'leave out --model and --graph' "a graph of variables is refused"
run "$DSEP" simulate -p 6 -n 60 --observation-noise 1 -o "$scratch/no.csv"
is "$status" 2 "noise on factors that are not there"
like "$err" '--observation-noise is about latent factors' "is refused"
run "$DSEP" simulate -p 6 -n 60 --layers 3 -o "$scratch/no.csv"
like "$err" '--layers is about layered graphs' "so are layers of another graph"
run "$DSEP" simulate --model "$scratch/none.csv" -n 60 --degree 1 -o "$scratch/no.csv"
like "$err" '--degree is about a random graph' "and a degree for a model"
run "$DSEP" simulate -p 6 -n 60 --factors 2 --truth "$scratch/no.csv" -o "$scratch/no.npy"
like "$err" 'give it a name in \.h5' "so is a truth in text"

# --- what is refused -------------------------------------------------------------------------------

table=$scratch/hca.csv
by=(--environment environment)
run "$DSEP" represent --help
is "$status" 0 "--help"
is "$(awk 'length > 100' <<<"$out")" "" "--help fits the screen"
refused 2 'give --environment COLUMN' "no column of environments" "$table" -d 3
refused 2 'give --factors D' "no number of factors" "$table" "${by[@]}"
refused 2 "no row has the label 'x'; there are '0' \(600 rows\), '1' \(600 rows\)" "a wrong label" \
    "$table" "${by[@]}" -d 3 --environments 0,x
refused 2 "'1' stands twice" "a label twice" "$table" "${by[@]}" -d 3 --environments 1,0,1
refused 2 'is one environment; name two or more of' "one label" "$table" "${by[@]}" -d 3 --environments 1
refused 2 'has only 8 variables' "too many factors" "$table" "${by[@]}" -d 9
refused 2 '--observational means nothing with --method hca' "an option of another method" \
    "$table" "${by[@]}" -d 3 --observational 0
refused 2 "--observational 9 is none of the environments" "no such observational environment" \
    "$table" "${by[@]}" -d 3 --method interventional --observational 9
refused 3 '3 factors need at least 4 environments' "too few interventions" \
    "$table" "${by[@]}" -d 3 --method interventional --environments 0,1,2
refused 3 '2 factors need 3 environments' "too many for lscale" "$table" "${by[@]}" -d 2 --method lscale
refused 3 "fewer than 601 rows are in environment '0' \(600\), '1' \(600\)" "too few rows" \
    "$table" "${by[@]}" -d 3 --min-rows 601
refused 3 "expected at least 2402; use more rows, or lower --min-rows" "too few for two environments" \
    "$table" "${by[@]}" -d 3 --min-rows 1201
awk -F, -v OFS=, 'NR == 1 || $9 < 2 && (n[$9]++ < 300 || $9 == 1)' "$table" >"$scratch/small.csv"
refused 3 "environment '0' \(300\): leave it out with --environments 1," "one too small" \
    "$scratch/small.csv" "${by[@]}" -d 3 --min-rows 301
awk -F, -v OFS=, 'NR == 1 || $9 == 1' "$table" >"$scratch/single.csv"
refused 3 "has one environment, '1' \(600 rows\)" "one environment" "$scratch/single.csv" "${by[@]}" -d 3
refused 4 'kB are there' "too little memory" "$table" "${by[@]}" -d 3 --memory-per-node 100K
refused 5 'nothing\.csv' "no such file" nothing.csv "${by[@]}" -d 3
is "$(find "$scratch" -name 'no.*')" "" "no refusal leaves a file"
awk -F, -v OFS=, 'NR > 1 { $1 = $1 "e200" } 1' "$table" >"$scratch/huge.csv"
refused 3 "of 'V1' is too large to be squared" "values without squares" "$scratch/huge.csv" "${by[@]}" -d 3
run "$DSEP" represent "$table" "${by[@]}" -d 3 -o "$scratch/nowhere/no.h5"
is "$status" 5 "nowhere to write: exit code"
like "$err" 'Nothing was begun; make the folder, or choose another place' "is said before the work"
run "$DSEP" represent "$table" "${by[@]}" -d 3 --dry-run -o "$scratch/no.h5"
like "$out" '3 factors of 8 variables, 2400 rows in 4 environments' "--dry-run"
ok "runs nothing" test ! -e "$scratch/no.h5"

# --- interventions ---------------------------------------------------------------------------------

interventional=(represent "$scratch/hard.npy" --environment V9 -d 3)
run "$DSEP" "${interventional[@]}" --method interventional -R 50 --scores -o "$scratch/hard.h5"
is "$status" 0 "--method interventional"
like "$out" '50 bootstrap replicates' "says how many replicates"
run "$DSEP" compare "$scratch/hard.h5" "$scratch/hard.truth.h5" --json
is "$(sed -n 's/^ *"\(targets_right\|latent_shd\|mcc_of\)": "*\([^",]*\).*/\2/p' <<<"$out" | xargs)" \
    "0 1.0 correlations" "finds targets and graph"
like "$out" '"mcc": (1\.0|0\.99)' "and the factors"
run "$DSEP" "${interventional[@]}" --method lscale -R 0 -q -o "$scratch/lscale.h5"
is "$status" 0 "--method lscale"
run "$DSEP" compare "$scratch/lscale.h5" "$scratch/hard.truth.h5"
like "$out" '^targets right +3 of 3' "finds targets"
run "$DSEP" show "$scratch/lscale.h5"
like "$out" 'replicates +none: nothing is known of how sure this is' "says what is not known"
like "$out" '^strength: change of the effect' "and what the numbers of causes are"
like "$out" 'over 3 latent factors from [0-9]+ samples' "the sentence for a paper speaks of factors"
run "$DSEP" export "$scratch/hard.h5"
like "$out" '^Z[123],Z[123],tail,arrow' "export names factors"
"$DSEP" simulate -p 6 -n 60 --factors 3 --truth "$scratch/six.h5" -q -o "$scratch/six.npy"
run "$DSEP" compare "$scratch/hard.h5" "$scratch/six.h5"
is "$status" 3 "other variables"
like "$err" 'has 8 variables and .* has 6' "are not compared"

# --- hierarchical component analysis ---------------------------------------------------------------

run "$DSEP" represent "$table" "${by[@]}" -d 3 -R 40 --null 40 --scores -o "$scratch/hca.h5"
is "$status" 0 "--method hca"
like "$out" 'MIC 0\.0[0-9]+, 95 % bootstrap interval 0\.0' "MIC has its interval"
like "$out" '0 of 40 random rotations .*p = 0\.0244' "and its null"
like "$out" 'agree better than chance' "which is beaten"
like "$out" '^  Z1 +[+-]0\.[0-9]+ V[0-9]' "what a factor is made of"
like "$out" 'named by +V[0-9] \(squared correlation [01]\.' "what it is named by"
run "$DSEP" compare "$scratch/hca.h5" "$scratch/hca.truth.h5" --json
like "$out" '"mcc": (1\.0|0\.99)' "the truth is found"
run "$DSEP" compare "$scratch/hca.truth.h5" "$scratch/hca.truth.h5"
like "$out" '^MCC +1\.0000' "a representation is like itself"
like "$out" '^latent SHD +0 of 3' "and its graph"
run "$DSEP" show "$scratch/hca.h5" --json
like "$out" '"mic_interval": \[' "show --json tells the interval"
run "$DSEP" represent "$table" "${by[@]}" -d 3 -R 40 --max-time 0.000001 --allow-partial -o "$scratch/partial.h5"
is "$status" 0 "a partial representation"
like "$out" '^  PARTIAL +the run was stopped before its end' "says that it is one"
run "$DSEP" represent "$table" "${by[@]}" -d 3 -R 0 --null 0 --max-iterations 2 -o "$scratch/short.h5"
is "$status" 0 "FastICA that does not converge is no error"
like "$out" 'null +not drawn: whether chance does as well is not known' "so is a null that was not drawn"
like "$out" "CAUTION +FastICA did not converge in environment '0'" "but a reason"
run "$DSEP" represent "$table" "${by[@]}" -d 3 --environments 3,1 -R 0 --null 0 -q -o "$scratch/two.h5"
run "$DSEP" show "$scratch/two.h5"
is "$(sed -n '/^Environments/,/^$/p' <<<"$out" | awk 'NR > 2 { print $1 }' | xargs)" "3 1" \
    "environments stand in the order asked for"
like "$out" 'from 1200 samples' "and their rows alone are counted"
"$DSEP" simulate -p 8 -n 200 --factors 2 --seed 1 -q -o "$scratch/rank.csv"
refused 3 'rank' "a rank below the number of factors" "$scratch/rank.csv" "${by[@]}" -d 3

# --- a writer that fails ---------------------------------------------------------------------------

echo "the old result" >"$scratch/old.h5"
for point in write-open@2 write-data@1 write-close@0 write-rename@0; do
    export DSEP_FAULT=$point
    ranks 3 "${interventional[@]}" --method lscale -R 0 -q --scores -o "$scratch/old.h5"
    unset DSEP_FAULT
    is "$status $(grep -c "fault point '${point%@*}'" <<<"$err")" "5 1" "$point: the exit code, said once"
    is "$(cat "$scratch/old.h5") $(cd "$scratch" && echo old.h5*)" "the old result old.h5" \
        "$point: the old file is untouched"
done

# --- as h5py sees it -------------------------------------------------------------------------------

if ! "$python" -c 'import h5py, numpy' 2>/dev/null; then
    skip "h5py reads a representation" "$python has no h5py"
    finish
fi
cat >"$scratch/read.py" <<'PYTHON'
import sys
import h5py
import numpy as np

def text(x):
    return x.decode() if isinstance(x, bytes) else str(x)

def check(name, good):
    print(("yes " if good else "NO  ") + name)

folder = sys.argv[1]
for name, table, p, d, k in (("hca", "hca.csv", 8, 3, 4), ("hard", "hard.npy", 8, 3, 4)):
    file = h5py.File(f"{folder}/{name}.h5", "r")
    r = file["representation"]
    H, G, B, W = (r[x][()] for x in ("H", "G", "B", "weights"))
    check(f"{name}: shapes", H.shape == (d, p) and G.shape == (p, d) and
          B.shape == W.shape == (k, d, d) and sorted(r["order"][()]) == list(range(d)))
    check(f"{name}: G is the inverse of H", np.allclose(H @ G, np.eye(d), atol=1e-8))
    place = np.argsort(r["order"][()])
    later = place[:, None] < place[None, :]
    check(f"{name}: causes come first", not B[:, later].any() and not W[:, later].any())
    T = B / np.einsum("kii->ki", B)[:, :, None]
    check(f"{name}: weights are those of B", np.allclose(W, np.eye(d) - T, atol=1e-8))
    nodes = [text(x) for x in file["graph/nodes/_index"][()]]
    check(f"{name}: factors have names", nodes == ["Z1", "Z2", "Z3"] ==
          [text(x) for x in r["factors/_index"][()]])
    check(f"{name}: environments", [text(x) for x in r["environments/_index"][()]] == list("0123"))
    data = (np.genfromtxt(f"{folder}/{table}", delimiter=",", skip_header=1)
            if table.endswith("csv") else np.load(f"{folder}/{table}"))
    z = np.zeros((len(data), d))
    for e in range(k):
        rows = data[:, -1] == e
        z[rows] = (data[rows, :p] - data[rows, :p].mean(0)) @ H.T
    row = r["scores_row"][()]
    check(f"{name}: scores", np.allclose(r["scores"][()], z[row], atol=1e-8) and
          sorted(row) == list(range(len(data))))
    check(f"{name}: and whose they are", (r["scores_environment"][()] == data[row, -1]).all())
    e = file["graph/edges"]
    check(f"{name}: weights of edges lie in their intervals",
          ((e["lowest"][()] <= e["weight"][()]) & (e["weight"][()] <= e["highest"][()])).all())
    check(f"{name}: one rule, told", text(r.attrs["linear_algebra"]).startswith("LAPACK"))
r = h5py.File(f"{folder}/hca.h5", "r")["representation"]
low, high = r["mic_interval"][()]
check("MIC: interval and null are ordered", low < high and (np.diff(r["mic_null"][()]) >= 0).all())
check("MIC is the largest IC", r.attrs["mic"] == r["environments/ic"][()].max())
check("the null's p-value", r.attrs["mic_p_value"] == (1 + r.attrs["null_as_low"]) / 41)
interval = r["weights_interval"][()]
check("intervals of weights", interval.shape == (4, 3, 3, 2) and
      (interval[..., 0] <= interval[..., 1]).all())
check("FastICA converged", r["environments/converged"][()].all() and
      (r["environments/ica_iterations"][()] > 0).all() and text(r.attrs["reason"]) == "")
named = [text(x) for x in r["factors/named_by"][()]]
check("factors are named", all(x in [f"V{i}" for i in range(1, 9)] for x in named) and
      ((r["factors/named_r2"][()] > 0) & (r["factors/named_r2"][()] <= 1)).all())
PYTHON
run "$python" "$scratch/read.py" "$scratch"
is "$status" 0 "h5py reads both"
while read -r good what; do
    is "$good" yes "h5py: $what"
done <<<"$out"
finish
