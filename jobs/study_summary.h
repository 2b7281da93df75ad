/* What the replicates of a study say: figures of each graph, their means, and how exact those are.
 *
 * Nothing here is collective; everything is summed in the order of units. Reproducibility: class
 * A. */
#ifndef DSEP_JOBS_STUDY_SUMMARY_H
#define DSEP_JOBS_STUDY_SUMMARY_H

#include "jobs/study_design.h"
#include "mpi/graph.h"

/* The figures of one graph beside another: of data the reference, of a simulation the truth. */
enum { DSEP_STUDY_VALUES = 10 };

/* Their names; `truth`: beside a truth. Not collective. */
const char *dsep_study_value_name(int value, int truth);

/* Fills values [DSEP_STUDY_VALUES]: edges and directed edges of `graph`, edges of `beside`, the
 * structural Hamming distance, and precision, recall and F1 of skeleton and arrowheads, NaN where
 * they are 0 / 0 (solvers/metrics.h). Not collective. Errors: as dsep_metrics_compare(). */
int dsep_study_values(const dsep_graph *graph, const dsep_graph *beside, dsep_error *error,
                      double *values);

/* Means over rows of something: replicates of a cell, cells of a group. */
typedef struct {
    int64_t n_rows, n_values;
    int64_t *count; /* [n_rows] units that were done */
    double *mean;   /* [n_rows x n_values] over what is not NaN; NaN without any */
    double *mcse;   /* [n_rows x n_values] Monte Carlo standard error of the mean: sd / sqrt(n) with
                     * divisor n - 1; NaN for fewer than two */
} dsep_study_summary;

/* A row for each cell. Not collective. values: [n_units x n_values], done: [n_units]. Errors:
 * DSEP_ERROR_RESOURCES. Owner of *summary: the caller. */
int dsep_study_summarise_cells(const dsep_study_design *design, int64_t n_values,
                               const double *values, const uint8_t *done, dsep_error *error,
                               dsep_study_summary **summary);

/* A row for each group of each factor that varies (dsep_study_effect()): the mean of the means of
 * its cells. Of a grid the error is what the cells' errors leave; cells that were drawn at random
 * are themselves the sample. Not collective. Errors and owner: as before. */
int dsep_study_summarise_groups(const dsep_study_design *design, const dsep_study_summary *cells,
                                dsep_error *error, dsep_study_summary **summary);

/* Frees it and sets *summary to NULL; accepts NULL. Not collective. */
void dsep_study_summary_destroy(dsep_study_summary **summary);

#endif
