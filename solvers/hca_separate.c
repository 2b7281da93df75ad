#include "solvers/hca_separate.h"

#include "mpi/memory.h"
#include "solvers/assignment.h"
#include "solvers/dense.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

dsep_random dsep_hca_source(const struct dsep_hca_work *work, dsep_stream stream, int64_t which,
                            int64_t replicate) {
    uint32_t bits[4];
    const dsep_random own = {work->settings.seed, stream, UINT32_MAX};
    dsep_random_bits(own, (uint64_t)work->environments->label[which], bits);
    return (dsep_random){(uint64_t)bits[0] << 32 | bits[1], stream, (uint32_t)replicate};
}

/* --- sources that are to be found again ----------------------------------------------------------
 */

/* Correlations of the start's sources with the scores, rows of length 1: [d x d] row after row. */
static void start_from(const dsep_whitening *white, const double *start, double *w) {
    const int64_t d = white->n_directions;
    dsep_dense_product(d, d, white->n_variables, 1, white->dewhitening, 1, start, 0, 0, w);
    for (int64_t i = 0; i < d; i++) {
        double square = 0;
        for (int64_t j = 0; j < d; j++)
            square += w[i * d + j] * w[i * d + j];
        for (int64_t j = 0; square > 0 && j < d; j++)
            w[i * d + j] /= sqrt(square);
    }
}

/* Sources in the order of the start's and with their signs: the largest sum of |correlations|. */
static int match(int64_t d, const double *start, double *w, dsep_error *error) {
    double *cost = dsep_array(2 * d * d, sizeof *cost);
    int64_t *column = dsep_array(d, sizeof *column);
    int code = cost && column ? DSEP_OK : dsep_out_of_memory(error, "matching of sources");
    if (!code) {
        double *old = cost + d * d;
        memcpy(old, w, (size_t)(d * d) * sizeof *w);
        for (int64_t i = 0; i < d; i++)
            for (int64_t j = 0; j < d; j++) {
                double sum = 0;
                for (int64_t c = 0; c < d; c++)
                    sum += start[i * d + c] * w[j * d + c];
                cost[i * d + j] = -fabs(sum);
            }
        code = dsep_assignment(d, cost, error, column, NULL);
        for (int64_t i = 0; !code && i < d; i++) {
            double sum = 0;
            for (int64_t c = 0; c < d; c++)
                sum += start[i * d + c] * old[column[i] * d + c];
            for (int64_t c = 0; c < d; c++)
                w[i * d + c] = (sum < 0 ? -1 : 1) * old[column[i] * d + c];
        }
    }
    free(cost);
    free(column);
    return code;
}

/* --- one environment -----------------------------------------------------------------------------
 */

/* FastICA wants a mean square of 1, the scores have a variance of 1. w: [2 d d], of which the
 * second half holds the start. */
static int separate_scores(const struct dsep_hca_work *work, int64_t which, dsep_whitening *white,
                           int random, dsep_error *error, double *w,
                           dsep_fastica_outcome *outcome) {
    const dsep_hca_settings *settings = &work->settings;
    const int64_t d = settings->n_factors;
    const double scale = sqrt(white->weight / (white->weight - 1));
    for (int64_t i = 0; i < white->rows * d; i++)
        white->scores[i] *= scale;
    if (random)
        return dsep_fastica_best(white->rows, d, white->scores, white->often, &settings->ica,
                                 dsep_hca_source(work, DSEP_STREAM_ICA, which, 0), settings->starts,
                                 w, error, outcome);
    memcpy(w, w + d * d, (size_t)(d * d) * sizeof *w);
    const int code = dsep_fastica(white->rows, d, white->scores, white->often, &settings->ica, w,
                                  error, outcome);
    return code ? code : match(d, w + d * d, w, error);
}

int dsep_hca_separate(const struct dsep_hca_work *work, int64_t which, const int32_t *weight,
                      const double *start, dsep_whitening *made, dsep_error *error,
                      double *directions, double *unmixing, dsep_hca_separation *separation) {
    const dsep_environments *e = work->environments;
    const int64_t d = work->settings.n_factors, p = e->n_variables;
    double *w = dsep_array(2 * d * d, sizeof *w), sum = 0;
    dsep_whitening *own = NULL;
    int code = DSEP_OK;
    *separation = (dsep_hca_separation){0};
    if (!w)
        DSEP_TRY(dsep_out_of_memory(error, "independent components"));
    if (!made)
        DSEP_TRY(dsep_whitening_create(e->values[which], e->rows[which], p, weight,
                                       dsep_row_products_of(work->products, which), d, error,
                                       &own));
    dsep_whitening *white = made ? made : own;
    separation->rank = white->rank;
    if (white->rank < d)
        goto cleanup;
    for (int64_t i = 0; i < d; i++)
        sum += white->variance[i];
    separation->explained = sum / white->total;
    if (start)
        start_from(white, start, w + d * d);
    DSEP_TRY(separate_scores(work, which, white, !start, error, w, &separation->outcome));
    dsep_dense_product(p, d, d, 1, white->whitening, 0, w, 0, 0, unmixing);
    for (int64_t i = 0; directions && i < d; i++)
        for (int64_t v = 0; v < p; v++)
            directions[i * p + v] = white->dewhitening[i * p + v] / sqrt(white->variance[i]);
cleanup:
    dsep_whitening_destroy(&own);
    free(w);
    return code;
}
