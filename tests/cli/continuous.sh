#!/usr/bin/env bash
# discover --method dagma and notears: the graph data were drawn from, on any number of ranks; what is
# said about scales, reasons and options; stopping and going on; replicates with background knowledge;
# and a program without PETSc.
. tests/support/tap.sh
. tests/support/fingerprint.sh

# Without PETSc: the adapter alone, and what it says.
without=$scratch/petsc.o
run "${MPICC:-mpicc}" -std=gnu11 -D_GNU_SOURCE -I. -c -o "$without" solvers/petsc.c
is "$status" 0 "PETSC=no: the adapter compiles without PETSc's headers"
is "$(nm -u "$without" | grep -cE 'Petsc|Tao|Vec')" 0 "and calls nothing of it"
like "$(strings "$without")" 'make PETSC=no.*libpetsc-real-dev' "and says how to get it"

run "$DSEP" --version
if grep -q 'PETSc .*left out' <<<"$out"; then
    run "$DSEP" discover tests/no.csv --method dagma
    is "$status" 2 "without PETSc the method is refused"
    like "$err" 'needs PETSc.*make PETSC=no' "with the reason"
    finish
fi
like "$out" 'PETSc +[0-9]+\.[0-9]+' "--version tells PETSc's"

run "$DSEP" simulate -p 20 -n 1000 --degree 2 --weights 0.5,2 --seed 4 --truth "$scratch/truth.csv" \
    -o "$scratch/x.csv"
for method in dagma notears; do
    ranks 2 discover "$scratch/x.csv" --method $method --scale raw -o "$scratch/$method.h5"
    is "$status" 0 "$method runs on 2 ranks"
    like "$err" 'warning: raw scales' "a warning about raw scales"
    like "$out" ': converged' "it converged"
    like "$out" '% of the edges lead to the larger variance' "what the variances alone would say"
    run "$DSEP" compare "$scratch/$method.h5" "$scratch/truth.csv"
    like "$out" 'SHD +0 ' "the true graph"
done
run "$DSEP" discover "$scratch/x.csv" --method dagma --scale raw -o "$scratch/one.h5"
run "$DSEP" compare "$scratch/one.h5" "$scratch/dagma.h5"
like "$out" 'SHD +0 ' "one rank finds the graph of two"
run "$DSEP" show "$scratch/one.h5"
like "$out" 'valid +yes, without a cycle' "show says that it is a DAG"

run "$DSEP" discover "$scratch/x.csv" --method dagma --max-iterations 4 --threshold-weight 0.01 \
    -o "$scratch/short.h5"
is "$status" 0 "too few iterations are no error"
like "$out" 'NOT CONVERGED' "but said"
like "$out" 'raised from 0.01' "and so is a threshold that left cycles"
is "$(grep -c 'warning: raw' <<<"$err")" 0 "standardised data need no warning"

run "$DSEP" discover "$scratch/x.csv" --method dagma --alpha 0.1
is "$status" 2 "--alpha is not for dagma"
run "$DSEP" discover "$scratch/x.csv" --scale raw
is "$status" 2 "--scale is not for pc"

# Stopped twice, then left alone: the same command goes on and finds the same.
run "$DSEP" simulate -p 100 -n 400 --degree 2 --seed 5 -o "$scratch/y.csv"
long=(discover "$scratch/y.csv" --method dagma --lambda 0.02)
run "$DSEP" "${long[@]}" -o "$scratch/whole.h5"
is "$status" 0 "a run without a stop"
run "$DSEP" "${long[@]}" -o "$scratch/parts.h5" --max-time 0.000001
is "$status" 85 "a run that is stopped: $(tail -n 1 "$scratch/err")"
run "$DSEP" "${long[@]}" -o "$scratch/parts.h5" --max-time 0.000001
is "$status" 85 "and stopped again"
run "$DSEP" "${long[@]}" -o "$scratch/parts.h5"
is "$status" 0 "comes to an end"
run "$DSEP" compare "$scratch/parts.h5" "$scratch/whole.h5"
like "$out" 'SHD +0 ' "with the graph of the one without a stop"

# Replicates, with knowledge: the same bytes on any ranks, in parts, and from a checkpoint.
run "$DSEP" simulate -p 8 -n 60 --degree 2 --seed 4 -q -o "$scratch/z.csv"
printf 'addtemporal\n1 V1 V2\n2 V3\nrequiredirect\nV1 V8\nforbiddirect\nV4 V8\nV8 V4\n' >"$scratch/known.txt"
shares=(discover "$scratch/z.csv" --method dagma --threshold-weight 0.1 --replicates 6
    --knowledge "$scratch/known.txt")
run "$DSEP" "${shares[@]}" -o "$scratch/r.h5"
is "$status" 0 "replicates of dagma"
like "$out" 'replicates 6 of 6 \(bootstrap\)' "the summary tells them"
like "$out" 'knowledge every constraint holds' "and the certificate"
like "$("$DSEP" show "$scratch/r.h5")" 'certificate +every constraint holds' "show tells it"
csv=$("$DSEP" export "$scratch/r.h5" --what replicates)
like "$csv" 'V1,V8,tail,arrow,1,0,1,0,0' "a required edge is in every replicate"
is "$(awk -F, '/^V[48],V[48],/ || /^V[12],V3,/ && $8 > 0 || /^V3,V[12],/ && $7 > 0' <<<"$csv")" "" \
    "what is forbidden in none"
first=$(fingerprint "$scratch/r.h5")
ok "pairs are there" test "$("$DSEP" export "$scratch/r.h5" --what replicates | wc -l)" -gt 8
for each in 1 2; do
    ranks 3 "${shares[@]}" --ranks-per-replicate $each -o "$scratch/r3.h5"
    is "$status $(fingerprint "$scratch/r3.h5")" "0 $first" "3 ranks, $each a replicate: the same bytes"
done
for part in 1 2; do
    run "$DSEP" "${shares[@]}" -o "$scratch/m.h5" --part $part/2
done
run "$DSEP" merge "$scratch"/m.h5.part-*-of-2 -o "$scratch/m.h5"
is "$status $(fingerprint "$scratch/m.h5")" "0 $first" "two parts, merged: the same bytes"
DSEP_FAULT=write-close@0 run "$DSEP" "${shares[@]}" --checkpoint-every 0 -o "$scratch/f.h5"
ok "a run whose result cannot be written leaves its checkpoint" test -e "$scratch/f.h5.checkpoint"
run "$DSEP" "${shares[@]}" --checkpoint-every 0 -o "$scratch/f.h5"
is "$status $(fingerprint "$scratch/f.h5")" "0 $first" "the same command goes on to the same bytes"
is "$(grep -c '^mu ' <<<"$err")" 0 "without another search"
DSEP_FAULT=write-close@0 run "$DSEP" "${shares[@]}" --checkpoint-every 0 -o "$scratch/f.h5"
echo V5 V4 >>"$scratch/known.txt"
run "$DSEP" "${shares[@]}" -o "$scratch/f.h5"
like "$err" 'another command \(the file of --knowledge differs\)' "not with other knowledge in the file"
like "$err" 'mu 1' "which is fitted anew"
run "$DSEP" "${shares[@]}" --max-iterations 3 -o "$scratch/f.h5"
like "$out" 'NOT CONVERGED: 6 of them' "replicates that did not converge are counted"
run "$DSEP" "${shares[@]}" --dry-run
like "$out" 'replicates +6 \(bootstrap\), each on 1 rank' "a dry run tells of replicates"
run "$DSEP" "${shares[@]}" --memory-per-node 40k
is "$status" 4 "replicates that do not fit are refused"
run "$DSEP" discover "$scratch/z.csv" --method notears --resample halves
is "$status" 2 "--resample without replicates is refused"
like "$err" 'say how many with --replicates R' "with a remedy"
run "$DSEP" discover "$scratch/z.csv" --method notears --replicates 4 --resample environment
is "$status" 2 "so are environments that nobody named"
like "$err" '\-\-environment' "with a remedy"
printf 'requiredirect\nV1 V2\nV2 V3\nV3 V1\n' >"$scratch/known.txt"
for command in discover plan; do
    run "$DSEP" $command "$scratch/z.csv" --method notears --knowledge "$scratch/known.txt"
    is "$status" 3 "$command: required edges that are a cycle are refused"
    like "$err" 'known.txt: the required edges have a cycle' "with the file"
done
run "$DSEP" discover "$scratch/z.csv" --method lingam --knowledge "$scratch/known.txt"
is "$status" 2 "knowledge is not for lingam"
finish
