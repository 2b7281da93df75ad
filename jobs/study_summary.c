#include "jobs/study_summary.h"

#include "mpi/memory.h"
#include "solvers/metrics.h"

#include <math.h>
#include <stdlib.h>

const char *dsep_study_value_name(int value, int truth) {
    static const char *const names[DSEP_STUDY_VALUES] = {
        "n_edges",     "n_directed",          "n_edges_reference",
        "shd",         "skeleton_precision",  "skeleton_recall",
        "skeleton_f1", "arrowhead_precision", "arrowhead_recall",
        "arrowhead_f1"};
    return value == 2 && truth ? "n_edges_truth" : names[value];
}

int dsep_study_values(const dsep_graph *graph, const dsep_graph *beside, dsep_error *error,
                      double *values) {
    dsep_metrics m;
    int64_t directed = 0;
    const int code = dsep_metrics_compare(graph, beside, error, &m);
    if (code)
        return code;
    for (int64_t k = 0; k < 2 * graph->n_edges; k++)
        directed += dsep_graph_place_directed(graph, k);
    const double all[DSEP_STUDY_VALUES] = {
        (double)m.edges_learned, (double)directed,  (double)m.edges_truth, (double)m.shd,
        m.skeleton.precision,    m.skeleton.recall, m.skeleton.f1,         m.arrowhead.precision,
        m.arrowhead.recall,      m.arrowhead.f1};
    for (int v = 0; v < DSEP_STUDY_VALUES; v++)
        values[v] = all[v];
    return DSEP_OK;
}

/* --- means ----------------------------------------------------------------------------------- */

static int create(int64_t n_rows, int64_t n_values, dsep_error *error,
                  dsep_study_summary **summary) {
    dsep_study_summary *made = dsep_array(1, sizeof *made);
    *summary = NULL;
    if (!made)
        return dsep_out_of_memory(error, "the summary of a study");
    *made = (dsep_study_summary){.n_rows = n_rows,
                                 .n_values = n_values,
                                 .count = dsep_array(n_rows, sizeof *made->count),
                                 .mean = dsep_array(n_rows * n_values, sizeof *made->mean),
                                 .mcse = dsep_array(n_rows * n_values, sizeof *made->mcse)};
    *summary = made;
    if (made->count && made->mean && made->mcse)
        return DSEP_OK;
    dsep_study_summary_destroy(summary);
    return dsep_out_of_memory(error, "the summary of a study");
}

void dsep_study_summary_destroy(dsep_study_summary **summary) {
    if (!summary || !*summary)
        return;
    free((*summary)->count);
    free((*summary)->mean);
    free((*summary)->mcse);
    free(*summary);
    *summary = NULL;
}

/* Mean of what is not NaN among x[0], x[stride], ..., and the standard error of that mean: first
 * the mean, then the squares around it. */
static void average(const double *x, int64_t count, int64_t stride, double *mean, double *error) {
    int64_t n = 0;
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < count; i++)
        if (!isnan(x[i * stride])) {
            sum += x[i * stride];
            n++;
        }
    *mean = n > 0 ? sum / (double)n : NAN;
    for (int64_t i = 0; i < count; i++)
        if (!isnan(x[i * stride]))
            squares += (x[i * stride] - *mean) * (x[i * stride] - *mean);
    *error = n > 1 ? sqrt(squares / (double)(n - 1) / (double)n) : NAN;
}

int dsep_study_summarise_cells(const dsep_study_design *design, int64_t n_values,
                               const double *values, const uint8_t *done, dsep_error *error,
                               dsep_study_summary **summary) {
    const int64_t replicates = design->n_replicates;
    const int code = create(design->n_cells, n_values, error, summary);
    for (int64_t cell = 0; !code && cell < design->n_cells; cell++) {
        for (int64_t r = 0; r < replicates; r++)
            (*summary)->count[cell] += done[cell * replicates + r];
        for (int64_t v = 0; v < n_values; v++)
            average(values + cell * replicates * n_values + v, replicates, n_values,
                    &(*summary)->mean[cell * n_values + v], &(*summary)->mcse[cell * n_values + v]);
    }
    return code;
}

/* The cells of one group, side by side. */
typedef struct {
    int64_t count;
    double *mean, *mcse; /* [count x n_values] */
} gathered;

static int64_t gather(const dsep_study_design *design, const dsep_study_summary *cells,
                      dsep_study_effect effect, gathered *side) {
    int64_t units = 0;
    side->count = 0;
    for (int64_t cell = 0; cell < design->n_cells; cell++) {
        if (design->group[cell * design->n_factors + effect.factor] != effect.group)
            continue;
        for (int64_t v = 0; v < cells->n_values; v++) {
            side->mean[side->count * cells->n_values + v] = cells->mean[cell * cells->n_values + v];
            side->mcse[side->count * cells->n_values + v] = cells->mcse[cell * cells->n_values + v];
        }
        side->count++;
        units += cells->count[cell];
    }
    return units;
}

/* The standard error of a mean of `count` means that are each known to mcse. */
static double pooled(const double *mean, const double *mcse, int64_t count, int64_t stride) {
    double squares = 0;
    int64_t n = 0;
    for (int64_t i = 0; i < count; i++)
        if (!isnan(mean[i * stride])) {
            squares += mcse[i * stride] * mcse[i * stride];
            n++;
        }
    return n > 0 ? sqrt(squares) / (double)n : NAN;
}

int dsep_study_summarise_groups(const dsep_study_design *design, const dsep_study_summary *cells,
                                dsep_error *error, dsep_study_summary **summary) {
    const int64_t n = cells->n_values, rows = dsep_study_effects(design);
    gathered side = {0, dsep_array(cells->n_rows * n, sizeof *side.mean),
                     dsep_array(cells->n_rows * n, sizeof *side.mcse)};
    int code = side.mean && side.mcse ? create(rows, n, error, summary)
                                      : dsep_out_of_memory(error, "the summary of a study");
    for (int64_t row = 0; !code && row < rows; row++) {
        (*summary)->count[row] = gather(design, cells, dsep_study_effect_of(design, row), &side);
        for (int64_t v = 0; v < n; v++) {
            double *mean = &(*summary)->mean[row * n + v], *mcse = &(*summary)->mcse[row * n + v];
            average(side.mean + v, side.count, n, mean, mcse);
            if (!design->random)
                *mcse = pooled(side.mean + v, side.mcse + v, side.count, n);
        }
    }
    free(side.mean);
    free(side.mcse);
    return code;
}
