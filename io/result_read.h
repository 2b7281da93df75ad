/* Reading back what a run found. */
#ifndef DSEP_IO_RESULT_READ_H
#define DSEP_IO_RESULT_READ_H

#include "io/named_graph.h"

typedef struct {
    dsep_named_graph *graph;
    char *command;     /* the command line that made it; "" when not recorded */
    char hash[17];     /* the recorded graph-hash; "" when not recorded */
    int own_nodes;     /* whether the nodes are not the variables: /graph/nodes names them */
    int complete;      /* 0 for a labelled partial result */
    int64_t n_samples; /* that tests were made with; 0 when not recorded */
    double alpha;      /* level of the robustness of edges; NaN when not recorded */
} dsep_result;

/* Reads names (those of /graph/nodes, or else of the variables) and graph of a result file and
 * checks that they belong together: lengths, ranges, and the graph-hash where there is one. Not
 * collective. Errors: DSEP_ERROR_IO when it cannot be read; DSEP_ERROR_DATA when it is damaged,
 * inconsistent, no result, or has no graph. Owner of *result: the caller. */
int dsep_result_read(const char *path, dsep_error *error, dsep_result **result);

/* Whether a file begins as HDF5 files do; 0 too when it cannot be read. Not collective. */
int dsep_result_is_hdf5(const char *path);

/* Frees the result and sets *result to NULL; accepts NULL. Not collective. */
void dsep_result_destroy(dsep_result **result);

#endif
