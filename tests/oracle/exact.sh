#!/usr/bin/env bash
# The exact posterior of published tables, and what the command says and refuses.
# seconds: 120
. tests/support/tap.sh
python=${PYTHON:-/usr/bin/python3}
"$python" -c 'import h5py, numpy' 2>/dev/null || python=

# marginals FILE: both matrices, written out in full
marginals() {
    "$python" -c 'import h5py, sys
g = h5py.File(sys.argv[1])["graph"]
print(repr(float(g.attrs["log_evidence"])), repr(float(g.attrs["digits"])))
print(g["edge_marginals"][:].tolist(), g["path_marginals"][:].tolist())' "$1"
}

if [ -z "$data" ] || [ -z "$python" ]; then
    skip "the catalogue of elliptical galaxies" "../shared/data or h5py is absent"
else
    folder=$data/bge-elliptical
    for n in 1 2 3 4; do
        ranks "$n" discover "$folder/causal_BH_ell.csv" --method exact -o "$scratch/$n.h5"
        is "$status" 0 "elliptical galaxies on $n ranks"
        is "$(marginals "$scratch/$n.h5")" "$(marginals "$scratch/1.h5")" "the bits of one rank"
    done
    # computed apart by the origin that the data's README names, to 12 decimals
    is "$("$python" -c 'import h5py, numpy, sys
g = h5py.File(sys.argv[1])["graph"]
for name in "edge", "path":
    wanted = numpy.loadtxt(f"{sys.argv[2]}/expected_{name}_ell.csv", delimiter=",")
    print(wanted.shape == (7, 7), abs(g[name + "_marginals"][:] - wanted).max() < 1e-11)
print(abs(g.attrs["log_evidence"] + 259.667935) < 1e-6, g.attrs["digits"] > 14,
      *[g[n].attrs["log_evidence"] == g.attrs["log_evidence"] for n in ("edge_marginals", "path_marginals")])' \
        "$scratch/1.h5" "$folder" | tr '\n' ' ')" "True True True True True True True True " \
        "edges, paths and evidence of elliptical galaxies"
    run "$DSEP" show "$scratch/1.h5"
    like "$out" 'log_sigma0 --> M_BH +0\.7769  other way 0\.1922  no edge 0\.0308' "show tells edges"
    like "$out" 'log_sigma0 --> M_BH +0\.7949  other way 0\.1982  as an edge 0\.7769' \
        "show tells causes"
    like "$out" 'DAG over 7 variables' "show tells the graph"
    run "$DSEP" export "$scratch/1.h5"
    is "$(grep -c 'tail,arrow' <<<"$out")" 8 "export writes the edges above 1/2"
    ranks 2 discover "$folder/causal_BH_ell.csv" --method exact --edge-probability 0.75 \
        -o "$scratch/sure.h5"
    run "$DSEP" export "$scratch/sure.h5"
    is "$(grep -c 'tail,arrow' <<<"$out")" 3 "--edge-probability takes fewer"
fi

table=$scratch/table.csv
run "$DSEP" simulate --variables 16 --samples 300 --degree 2 --seed 3 -o "$table"
if [ -n "$python" ]; then
    ranks 2 discover "$table" --method exact -o "$scratch/whole.h5"
    is "$status" 0 "16 variables"
    ranks 1 discover "$table" --method exact --max-time 0.1 --checkpoint-every 0 -o "$scratch/part.h5"
    is "$status" 85 "--max-time stops between layers"
    ranks 3 discover "$table" --method exact -o "$scratch/part.h5"
    is "$status" 0 "the same command goes on"
    like "$err" 'go(es|ing)? on|resum|checkpoint' "and says so"
    is "$(marginals "$scratch/part.h5")" "$(marginals "$scratch/whole.h5")" "to the same bits"
else
    skip "16 variables, stopped" "h5py is absent"
fi
ranks 2 discover "$table" --method exact --memory-per-node 5M -o "$scratch/x.h5"
is "$status" 4 "too little memory"
like "$err" '16 are too many; 1[0-5] fit into' "which says how many variables fit"
run "$DSEP" simulate --variables 26 --samples 100 --seed 3 -o "$scratch/wide.csv"
run "$DSEP" discover "$scratch/wide.csv" --method exact -o "$scratch/x.h5"
is "$status" 4 "too many variables"
like "$err" '26 are too many for any computer; 2[0-9] fit' "which says so"
run "$DSEP" discover "$table" --method exact --dry-run
like "$(tr "\n" " " <<<"$out")" "16 variables.*[0-9] [kMG]B on each node" "--dry-run tells the memory"
run "$DSEP" discover "$table" --method exact --alpha 0.1 -o "$scratch/x.h5"
is "$status" 2 "--alpha is of another method"
ok "no refused run leaves a file" test ! -e "$scratch/x.h5"
finish
