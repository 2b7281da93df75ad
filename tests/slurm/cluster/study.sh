# shellcheck shell=bash
# What the tests on a cluster run, and what they compare with: source it, then call study_on.
. tests/support/tap.sh
. tests/support/fingerprint.sh
. tests/slurm/cluster/cluster.sh

# shellcheck disable=SC2034
request=(--no-plan --memory 500M --time 00:05:00) # none of the tests is about plans
# shellcheck disable=SC2034
carried="going on from [^ ]*checkpoint of [^ ]*: 1 run, "

# study_on REPLICATES NODES CPUS: a cluster, its folder with data, and the command in $study
study_on() {
    cluster "$2" "$3"
    cd "$scratch" || exit
    run "$DSEP" simulate --variables 200 --samples 200 --degree 4 --seed 3 --quiet -o rows.csv
    study=(discover rows.csv --replicates "$1")
}

# alone: the study on one rank in a terminal: one.h5, and what each result must be in $wanted
alone() {
    run "$DSEP" "${study[@]}" --quiet -o one.h5
    # shellcheck disable=SC2154
    is "$status" 0 "one rank in a terminal"
    # shellcheck disable=SC2034
    wanted=$(fingerprint one.h5)
}
