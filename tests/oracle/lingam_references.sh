#!/usr/bin/env bash
# Orders, graphs and coefficients that others published: the Python package lingam, from its example
# notebooks UsingSampleData (6vars.csv), DirectLiNGAM (made from its seed) and VARLiNGAM, and pcalg's
# test of LINGAM(), whose graphs DirectLiNGAM and ICA-LiNGAM must both find.
# seconds: 240
. tests/support/tap.sh
python=${PYTHON:-/usr/bin/python3}
if [ -z "$data" ] || ! "$python" -c 'import h5py' 2>/dev/null; then
    skip "LiNGAM references" "../shared/data or h5py is absent"
    finish
fi

cat >"$scratch/order.py" <<'PYTHON'
import sys
import h5py
print(*h5py.File(sys.argv[1], "r")["lingam/order"][()])
PYTHON

cat >"$scratch/hash.py" <<'PYTHON'
import sys
import h5py
print(h5py.File(sys.argv[1], "r").attrs["graph-hash"])
PYTHON

# learned N ARGUMENTS...: the order that N ranks find
learned() {
    local n=$1
    shift
    ranks "$n" discover "$@" --quiet -o "$scratch/r.h5"
    if [ "$status" = 0 ]; then
        "$python" "$scratch/order.py" "$scratch/r.h5"
    else
        echo "$err"
    fi
}

is "$(learned 2 "$data/lingam-6vars/6vars.csv" --method lingam)" "3 0 2 4 5 1" "6vars.csv: the order"

"$python" - "$scratch/seed.csv" <<'PYTHON'
import sys
import numpy as np
np.random.seed(100)
def noise():
    return np.random.uniform(size=1000)
x3 = noise()
x0 = 3 * x3 + noise()
x2 = 6 * x3 + noise()
x1 = 3 * x0 + 2 * x2 + noise()
x5 = 4 * x0 + noise()
x4 = 8 * x0 - x2 + noise()
np.savetxt(sys.argv[1], np.c_[x0, x1, x2, x3, x4, x5], delimiter=",", fmt="%.17g")
PYTHON
is "$(learned 3 "$scratch/seed.csv" --method lingam)" "3 0 2 1 4 5" "the notebook's data: the order"

for k in 1 2 3; do
    folder=$data/pcalg-lingam$k
    table=$(find "$folder" -maxdepth 1 -name 'data.csv*')
    for method in lingam ica-lingam; do
        learned 2 "$table" --method $method >"$scratch/order"
        like "$(cat "$scratch/order")" '^[0-9 ]+$' "pcalg $k: $method has an order"
        edges=$("$DSEP" export "$scratch/r.h5" --format csv | awk -F, 'NR > 1 { print $1 "," $2 }' | sort)
        is "$edges" "$(awk -F, 'NR > 1 { print $1 "," $2 }' "$folder/truth_and_reference_B.csv" | sort)" \
            "pcalg $k: $method finds the graph"
    done
done

# Replicates: rows drawn again, on any ranks and groups, of tables with and without environments.
awk -F, 'NR == 1 { print $0 ",site" } NR > 1 { print $0 "," (NR % 3 ? "north" : "south") }' \
    "$data/lingam-6vars/6vars.csv" >"$scratch/sites.csv"
cp "$data/lingam-6vars/6vars.csv" "$scratch/plain.csv"
for options in "plain.csv --method ica-lingam --resample subsample" \
    "sites.csv --method lingam --environment site --resample environment" \
    "plain.csv --method lingam --resample permutation"; do
    shares=()
    for each in "1 auto" "3 2"; do
        # shellcheck disable=SC2086 # words
        ranks "${each% *}" discover $scratch/$options --replicates 12 --quiet -o "$scratch/r.h5" \
            --ranks-per-replicate "${each#* }"
        shares+=("$("$DSEP" export "$scratch/r.h5" --what replicates)")
    done
    like "${shares[0]}" '^x[0-9],x[0-9],' "replicates, $options: pairs are counted"
    ok "the same on any ranks" test "${shares[1]}" = "${shares[0]}"
done

series=$(find "$data/varlingam-sample" -name 'data.csv*')
cat >"$scratch/compare.py" <<'PYTHON'
import sys
import h5py
import numpy as np
file = h5py.File(sys.argv[1], "r")
folder = sys.argv[2]
wanted = [np.loadtxt(f"{folder}/reference_B{l}.csv", delimiter=",", skiprows=1) for l in (0, 1)]
found = file["lingam/B"][()]
print(int(file["lingam"].attrs["lags"]), np.abs(found - np.array(wanted)).max() <= 5.001e-4)
PYTHON
is "$(learned 3 "$series" --header yes --method var-lingam)" "1 0 3 2 4" "the series: the order"
is "$("$python" "$scratch/compare.py" "$scratch/r.h5" "$data/varlingam-sample")" "1 True" \
    "the series: one lag, and every coefficient to the decimals that were printed"
cp "$scratch/r.h5" "$scratch/three.h5"
learned 1 "$series" --header yes --method var-lingam --lags 1 >"$scratch/order"
is "$("$python" "$scratch/hash.py" "$scratch/r.h5")" "$("$python" "$scratch/hash.py" "$scratch/three.h5")" \
    "the series: the same graph on one rank"
finish
