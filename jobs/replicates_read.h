/* Replicates as a result file has them. */
#ifndef DSEP_JOBS_REPLICATES_READ_H
#define DSEP_JOBS_REPLICATES_READ_H

#include "io/h5tree.h"
#include "io/named_graph.h"
#include "solvers/ensemble.h"

typedef struct {
    const dsep_named_graph *learned; /* from all rows; lent */
    dsep_h5tree *tree;               /* attributes of /replicates are found as "replicates/NAME" */
    dsep_tally *tally;               /* sorted */
    int64_t requested, done;
    double threshold;               /* NaN where none is done */
    int possible[DSEP_TALLY_MARKS]; /* whether edges of this kind of graph can have these marks */
} dsep_replicates_found;

/* Reads /replicates and checks that it agrees with itself. Not collective. learned: the graph of
 * the same file. Errors: DSEP_ERROR_USAGE where the result has none or none is done, with a remedy;
 * DSEP_ERROR_DATA where it is damaged; DSEP_ERROR_IO, DSEP_ERROR_RESOURCES. Cost: the pairs seen.
 * Owner of what it holds, whether it fails or not: the caller, dsep_replicates_close(). */
int dsep_replicates_open(const char *path, const dsep_named_graph *learned, dsep_error *error,
                         dsep_replicates_found *found);

/* Frees what it holds; accepts zeros. Not collective. */
void dsep_replicates_close(dsep_replicates_found *found);

/* An ensemble graph with the shares of each edge. Not collective. Owner of *graph: the caller. */
int dsep_replicates_ensemble(const dsep_replicates_found *found, dsep_ensemble_rule rule,
                             dsep_error *error, dsep_named_graph **graph);

/* Every pair that was seen, with its most frequent marks, the share that joined it and the share of
 * each pair of marks. Not collective. Owner of *graph: the caller. */
int dsep_replicates_pairs(const dsep_replicates_found *found, dsep_error *error,
                          dsep_named_graph **graph);

#endif
