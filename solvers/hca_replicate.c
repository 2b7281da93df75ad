#include "mpi/memory.h"
#include "solvers/assignment.h"
#include "solvers/dense.h"
#include "solvers/hca_factors.h"
#include "solvers/hca_separate.h"
#include "solvers/resample.h"
#include "solvers/rotation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int64_t dsep_hca_null_values(const dsep_hca *fit) {
    return DSEP_HCA_IC + fit->n_environments;
}

int64_t dsep_hca_values(const dsep_hca *fit) {
    return dsep_hca_null_values(fit) + fit->n_environments * fit->n_factors * fit->n_factors;
}

static void tell(const dsep_hca *fit, const dsep_hca_judge *judge, dsep_hca_score score,
                 int converged, double *values) {
    values[DSEP_HCA_MIC] = score.mic;
    values[DSEP_HCA_SUM_IC] = score.sum;
    values[DSEP_HCA_CONVERGED] = converged;
    memcpy(values + DSEP_HCA_IC, judge->ic, (size_t)fit->n_environments * sizeof *values);
}

/* --- null ----------------------------------------------------------------------------------------
 */

/* Q_k G_kl Q_l' of every block; rotation: [K x d x d]. */
static void rotate_gram(const dsep_hca *fit, const double *rotation, double *gram) {
    const int64_t d = fit->n_factors, rows = d * fit->n_environments;
    const double *from = fit->work->gram;
    for (int64_t a = 0; a < rows; a++)
        for (int64_t b = 0; b <= a; b++) {
            const double *left = rotation + a * d, *right = rotation + b * d;
            const int64_t k = a / d * d, l = b / d * d;
            double sum = 0;
            for (int64_t i = 0; i < d; i++)
                for (int64_t j = 0; j < d; j++)
                    sum += left[i] * right[j] * from[(k + i) * rows + l + j];
            gram[a * rows + b] = gram[b * rows + a] = sum;
        }
}

int dsep_hca_null(const dsep_hca *fit, int64_t draw, dsep_error *error, double *values) {
    const int64_t d = fit->n_factors, count = fit->n_environments, rows = d * count;
    int code = DSEP_OK;
    dsep_hca_judge *judge = NULL;
    dsep_hca_score score;
    int64_t judged = 0;
    double *gram = dsep_array(rows * rows + rows * d, sizeof *gram);
    int32_t *row = dsep_array(rows, sizeof *row);
    if (!gram || !row)
        DSEP_TRY(dsep_out_of_memory(error, "a draw of the null"));
    double *rotation = gram + rows * rows;
    for (int64_t k = 0; k < count; k++)
        dsep_rotation(dsep_hca_source(fit->work, DSEP_STREAM_ROTATION, k, draw), 0, d,
                      rotation + k * d * d);
    rotate_gram(fit, rotation, gram);
    DSEP_TRY(dsep_hca_judge_create(d, count, gram, error, &judge));
    DSEP_TRY(
        dsep_hca_search_run(NULL, judge, &fit->work->settings.search, error, row, &score, &judged));
    dsep_hca_judge_order(judge, row, 0);
    tell(fit, judge, score, 1, values);
cleanup:
    dsep_hca_judge_destroy(&judge);
    free(gram);
    free(row);
    return code;
}

/* --- bootstrap -----------------------------------------------------------------------------------
 */

typedef struct {
    double *unmixing;      /* [K x d x p] rows matched to the fit's */
    double *h;             /* [d x p] */
    double *gram;          /* [Kd x Kd] */
    double *turn;          /* [d x d] */
    double *b, *weight;    /* [K x d x d] */
    double *cost;          /* [d x d] */
    int32_t *row, *counts; /* [K x d]; [rows of the largest environment] */
    int64_t *factor;       /* [d] the fit's factor that stands at a place */
} room;

static void close_room(room *r) {
    free(r->unmixing);
    free(r->h);
    free(r->gram);
    free(r->turn);
    free(r->b);
    free(r->weight);
    free(r->cost);
    free(r->row);
    free(r->counts);
    free(r->factor);
}

static int open_room(const dsep_hca *fit, dsep_error *error, room *r) {
    const int64_t d = fit->n_factors, p = fit->n_variables, rows = d * fit->n_environments;
    int64_t most = 0;
    for (int64_t k = 0; k < fit->n_environments; k++)
        if (fit->work->environments->rows[k] > most)
            most = fit->work->environments->rows[k];
    *r = (room){.unmixing = dsep_array(rows * p, sizeof(double)),
                .h = dsep_array(d * p, sizeof(double)),
                .gram = dsep_array(rows * rows, sizeof(double)),
                .turn = dsep_array(d * d, sizeof(double)),
                .b = dsep_array(rows * d, sizeof(double)),
                .weight = dsep_array(rows * d, sizeof(double)),
                .cost = dsep_array(d * d, sizeof(double)),
                .row = dsep_array(rows, sizeof *r->row),
                .counts = dsep_array(most, sizeof *r->counts),
                .factor = dsep_array(d, sizeof *r->factor)};
    if (r->unmixing && r->h && r->gram && r->turn && r->b && r->weight && r->cost && r->row &&
        r->counts && r->factor)
        return DSEP_OK;
    close_room(r);
    return dsep_out_of_memory(error, "a replicate");
}

/* Independent components of the drawn rows; *whole: no rank was below d. */
static int separate_drawn(const dsep_hca *fit, int64_t replicate, dsep_error *error, room *r,
                          int *whole, int *converged) {
    const int64_t d = fit->n_factors, p = fit->n_variables;
    *whole = *converged = 1;
    for (int64_t k = 0; *whole && k < fit->n_environments; k++) {
        const dsep_random own = dsep_hca_source(fit->work, DSEP_STREAM_RESAMPLE, k, 0);
        const dsep_resample how = {.scheme = DSEP_RESAMPLE_BOOTSTRAP,
                                   .seed = own.seed,
                                   .n_samples = fit->work->environments->rows[k]};
        dsep_hca_separation s;
        dsep_resample_weights(&how, replicate, r->counts);
        const int code = dsep_hca_separate(fit->work, k, r->counts, fit->unmixing + k * d * p, NULL,
                                           error, NULL, r->unmixing + k * d * p, &s);
        if (code)
            return code;
        *whole = s.rank >= d;
        *converged &= s.outcome.converged;
    }
    return DSEP_OK;
}

/* Which of the fit's factors stands at each place: that of most environments' rows; without a
 * majority the factor that stands there in the fit. */
static int match_factors(const dsep_hca *fit, dsep_error *error, room *r) {
    const int64_t d = fit->n_factors;
    for (int64_t i = 0; i < d * d; i++)
        r->cost[i] = i % (d + 1) ? 0 : -.5;
    for (int64_t k = 0; k < fit->n_environments; k++)
        for (int64_t i = 0; i < d; i++)
            r->cost[i * d + r->row[k * d + i]] -= 1;
    return dsep_assignment(d, r->cost, error, r->factor, NULL);
}

/* Turns factor i to where it is nearest to the fit's: the projection of that row of H on the rows
 * of this one up to i. */
static void turn_to_fit(const dsep_hca *fit, room *r) {
    const int64_t d = fit->n_factors, p = fit->n_variables;
    memset(r->turn, 0, (size_t)(d * d) * sizeof *r->turn);
    for (int64_t i = 0; i < d; i++) {
        const double *want = fit->representation->h + r->factor[i] * p;
        for (int64_t j = 0; j <= i; j++)
            for (int64_t v = 0; v < p; v++)
                r->turn[i * d + j] += want[v] * r->h[j * p + v];
    }
}

/* Weights by the fit's factors. */
static void tell_weights(const dsep_hca *fit, const room *r, double *values) {
    const int64_t d = fit->n_factors;
    for (int64_t k = 0; k < fit->n_environments; k++)
        for (int64_t i = 0; i < d; i++)
            for (int64_t j = 0; j < d; j++)
                values[(k * d + r->factor[i]) * d + r->factor[j]] = r->weight[(k * d + i) * d + j];
}

static int judge_drawn(const dsep_hca *fit, int converged, dsep_error *error, room *r,
                       double *values) {
    const int64_t d = fit->n_factors, p = fit->n_variables, count = fit->n_environments;
    dsep_hca_judge *judge = NULL;
    int code = DSEP_OK;
    dsep_dense_gram(p, d * count, 1, r->unmixing, 0, r->gram);
    for (int64_t i = 0; i < d * count; i++)
        r->row[i] = (int32_t)(i % d);
    DSEP_TRY(dsep_hca_judge_create(d, count, r->gram, error, &judge));
    const dsep_hca_score score = dsep_hca_judge_descend(judge, r->row);
    tell(fit, judge, score, converged, values);
    dsep_hca_axes(judge, r->row, p, r->unmixing, r->h);
    DSEP_TRY(match_factors(fit, error, r));
    turn_to_fit(fit, r);
    dsep_hca_mixing(judge, r->row, r->turn, r->b);
    dsep_hca_weights(d, count, r->b, r->weight);
    tell_weights(fit, r, values + dsep_hca_null_values(fit));
cleanup:
    dsep_hca_judge_destroy(&judge);
    return code;
}

int dsep_hca_bootstrap(const dsep_hca *fit, int64_t replicate, dsep_error *error, double *values) {
    int code = DSEP_OK, whole = 1, converged = 1;
    room r;
    DSEP_TRY(open_room(fit, error, &r));
    code = separate_drawn(fit, replicate, error, &r, &whole, &converged);
    if (!code && whole)
        code = judge_drawn(fit, converged, error, &r, values);
    for (int64_t i = 0; !whole && i < dsep_hca_values(fit); i++)
        values[i] = i == DSEP_HCA_CONVERGED ? 0 : NAN;
    close_room(&r);
cleanup:
    return code;
}
