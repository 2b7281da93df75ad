#!/usr/bin/env bash
# Results are plain HDF5: h5py reads them by name, without this program.
# seconds: 120
. tests/support/tap.sh
python=${PYTHON:-/usr/bin/python3}
if ! "$python" -c 'import h5py' 2>/dev/null; then
    skip "h5py reads a result" "$python has no h5py"
    finish
fi

run "$DSEP" simulate --variables 12 --samples 300 --seed 3 --truth "$scratch/truth.csv" \
    -o "$scratch/data.csv"
is "$status" 0 "data are simulated"
ranks 3 discover "$scratch/data.csv" -o "$scratch/result.h5"
is "$status" 0 "a result is written by 3 ranks"

cat >"$scratch/read.py" <<'PYTHON'
import math
import sys
import h5py
import numpy as np

def text(x):
    return x.decode() if isinstance(x, bytes) else str(x)

def check(name, good):
    print(("yes " if good else "NO  ") + name)

def elements(dataset):
    return [text(x) for x in dataset[()]]

file = h5py.File(sys.argv[1], "r")
root = file.attrs
check("the file says what it is", text(root["encoding-type"]) == "dsep-result")
check("it is complete", int(root["complete"]) == 1)
check("texts are UTF-8", root.get_id("command").get_type().get_cset() == h5py.h5t.CSET_UTF8)

def tables(name, item):
    if isinstance(item, h5py.Group) and text(item.attrs.get("encoding-type", "")) == "dataframe":
        columns = [text(c) for c in item.attrs["column-order"]]
        index = item[text(item.attrs["_index"])]
        lengths = [len(item[c]["codes"] if isinstance(item[c], h5py.Group) else item[c])
                   for c in columns]
        check(f"table {name}: columns of one length", set(lengths) == {len(index)})
        check(f"table {name}: version", text(item.attrs["encoding-version"]) == "0.2.0")
    if isinstance(item, h5py.Dataset) and item.dtype.kind in "iuf" and not name.endswith("codes"):
        check(f"array {name}: type", text(item.attrs["encoding-type"]) == "array")

file.visititems(tables)
names = elements(file["variables/_index"])
check("variables have names", names == [f"V{i}" for i in range(1, 13)])
edges = file["graph/edges"]
check("edges are counted", len(edges["source"]) == int(file["graph"].attrs["n_edges"]) > 0)
for end in "source", "target":
    values = edges[end][()]
    check(f"{end} numbers variables", values.dtype.kind == "i" and
          ((values >= 0) & (values < len(names))).all())
    mark = edges["mark_" + end]
    check(f"mark_{end} is categorical", text(mark.attrs["encoding-type"]) == "categorical" and
          mark.attrs["ordered"] is np.bool_(False) and
          elements(mark["categories"]) == ["tail", "arrow", "circle"])
check("weights are correlations", (np.abs(edges["weight"][()]) <= 1).all())
def quantile(alpha, dof):
    """t with alpha / 2 above it, by Simpson's rule and bisection."""
    constant = math.exp(math.lgamma((dof + 1) / 2) - math.lgamma(dof / 2)) / math.sqrt(dof * math.pi)
    low, high = 0.0, 50.0
    while high - low > 1e-13:
        middle = (low + high) / 2
        x = np.linspace(0, middle, 4001)
        y = (1 + x * x / dof) ** (-(dof + 1) / 2)
        area = constant * middle / 12000 * (y[0] + y[-1] + 4 * y[1::2].sum() + 2 * y[2:-1:2].sum())
        low, high = (middle, high) if area < .5 - alpha / 2 else (low, middle)
    return low

alpha = float(file["graph"].attrs["robustness_alpha"])
check("robustness has the run's level", alpha == float(file["search"].attrs["alpha"]))
check("and its samples", int(file["graph"].attrs["n_samples"]) == 300)
agree = True
for r, order, r2, rv, ci in zip(edges["weight"][()], edges["order"][()], edges["partial_r2"][()],
                                edges["robustness"][()], edges["robustness_ci"][()]):
    dof = 300 - order - 2
    t = r * math.sqrt(dof / (1 - r * r))
    f = abs(t) / math.sqrt(dof)
    f_ci = f - quantile(alpha, dof - 1) / math.sqrt(dof - 1)
    agree &= abs(r2 - t * t / (t * t + dof)) < 1e-12
    agree &= abs(rv - .5 * (math.sqrt(f ** 4 + 4 * f ** 2) - f ** 2)) < 1e-12
    agree &= 0 < ci < rv and abs(ci - .5 * (math.sqrt(f_ci ** 4 + 4 * f_ci ** 2) - f_ci ** 2)) < 1e-11
check("robustness follows from r, order and n", agree)
pairs = list(zip(edges["source"][()], edges["target"][()]))
check("edges are sorted", pairs == sorted(pairs))
check("means are near 0", (np.abs(file["variables/mean"][()]) < 5).all())
sets = file["graph/sepsets"]
check("separating sets are rows", sets["indptr"][-1] == len(sets["indices"]) and
      len(sets["indptr"]) == len(sets["first"]) + 1)
PYTHON
run "$python" "$scratch/read.py" "$scratch/result.h5"
is "$status" 0 "h5py reads the result"
[ "$status" -eq 0 ] || sed 's/^/# /' "$scratch/err"
while read -r good name; do
    is "$good" yes "$name"
done <<<"$out"
finish
