/* How near a learned graph is to the truth. */
#ifndef DSEP_SOLVERS_METRICS_H
#define DSEP_SOLVERS_METRICS_H

#include "mpi/graph.h"

/* Precision tp / (tp + fp), recall tp / (tp + fn), F1 2 tp / (2 tp + fp + fn); 0 / 0 is NaN. */
typedef struct {
    int64_t true_positive, false_positive, false_negative;
    double precision, recall, f1;
} dsep_score;

typedef struct {
    int64_t n_nodes, edges_learned, edges_truth;
    int64_t shd;
    dsep_score skeleton;  /* pairs that are joined */
    dsep_score arrowhead; /* ends of edges with an arrow: of those learned, how many are true */
} dsep_metrics;

/* Compares two graphs over the same nodes, as they are given. Not collective.
 * The structural Hamming distance is the number of pairs whose edge differs: missing, extra, or
 * with other marks each count 1 (Tsamardinos, Brown, Aliferis 2006,
 * doi:10.1007/s10994-006-6889-7; a PDAG against a PDAG). A CPDAG against a DAG therefore pays for
 * every edge that the data cannot direct. An arrowhead of x *-> y is true when the truth has an
 * arrow at y on an edge between x and y. Errors: DSEP_ERROR_DATA for different numbers of nodes.
 * Cost: both graphs' edges once. Reproducibility: class A. Example: tests/unit/metrics.c. */
int dsep_metrics_compare(const dsep_graph *learned, const dsep_graph *truth, dsep_error *error,
                         dsep_metrics *metrics);

#endif
