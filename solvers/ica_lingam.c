#include "solvers/ica_lingam.h"

#include "mpi/exchange.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/assignment.h"
#include "solvers/dense.h"
#include "solvers/environments.h"
#include "solvers/whitening.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- the order of a matrix ---------------------------------------------------------------------
 */

static double sum_above(int64_t p, const double *b, const int64_t *order) {
    double sum = 0;
    for (int64_t a = 0; a < p; a++)
        for (int64_t c = a + 1; c < p; c++)
            sum += b[order[a] * p + order[c]] * b[order[a] * p + order[c]];
    return sum;
}

/* least[S]: of orders that begin with the set S, what their effects owe to causes that come later;
 * last[S]: the last of S in the best. */
static void search_sets(int64_t p, const double *b, double *least, int8_t *last) {
    for (uint32_t set = 1; set < 1u << p; set++) {
        least[set] = INFINITY;
        for (int64_t v = 0; v < p; v++) {
            if (!(set >> v & 1))
                continue;
            double sum = least[set ^ 1u << v];
            for (int64_t j = 0; j < p; j++)
                sum += set >> j & 1 ? 0 : b[v * p + j] * b[v * p + j];
            if (sum < least[set]) {
                least[set] = sum;
                last[set] = (int8_t)v;
            }
        }
    }
}

int dsep_ica_lingam_triangle(int64_t p, const double *b, int64_t *order, double *above,
                             dsep_error *error) {
    if (p > DSEP_ICA_LINGAM_EVERY)
        return dsep_ica_lingam_prune(p, b, order, above, error);
    double *least = dsep_array(1 << p, sizeof *least);
    int8_t *last = dsep_array(1 << p, sizeof *last);
    const int good = least && last;
    if (good) {
        search_sets(p, b, least, last);
        uint32_t set = (1u << p) - 1;
        for (int64_t place = p - 1; place >= 0; set ^= 1u << order[place], place--)
            order[place] = last[set];
        *above = sum_above(p, b, order);
    }
    free(least);
    free(last);
    return good ? DSEP_OK : dsep_out_of_memory(error, "causal orders");
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* An order of the entries of at least this magnitude: 1, or 0 where they have a cycle. Of variables
 * that nothing left points to the lowest comes first. */
static int has_order(int64_t p, const double *b, double magnitude, int64_t *order, int8_t *out) {
    memset(out, 0, (size_t)p);
    for (int64_t place = 0; place < p; place++) {
        int64_t found = -1;
        for (int64_t i = 0; i < p && found < 0; i++) {
            int free_of = !out[i];
            for (int64_t j = 0; j < p && free_of; j++)
                free_of = j == i || out[j] || fabs(b[i * p + j]) < magnitude;
            if (free_of)
                found = i;
        }
        if (found < 0)
            return 0;
        order[place] = found;
        out[found] = 1;
    }
    return 1;
}

/* As few of the smallest entries as can be: the more are away, the more have an order. */
int dsep_ica_lingam_prune(int64_t p, const double *b, int64_t *order, double *above,
                          dsep_error *error) {
    const int64_t n = p * (p - 1);
    double *sizes = dsep_array(n + 1, sizeof *sizes);
    int8_t *out = dsep_array(p, 1);
    const int good = sizes && out;
    if (good) {
        for (int64_t i = 0, at = 0; i < p; i++)
            for (int64_t j = 0; j < p; j++)
                if (i != j)
                    sizes[at++] = fabs(b[i * p + j]);
        sizes[n] = INFINITY;
        qsort(sizes, (size_t)n, sizeof *sizes, by_value);
        int64_t low = 0, high = n;
        while (low < high) {
            const int64_t middle = (low + high) / 2;
            if (has_order(p, b, sizes[middle], order, out))
                high = middle;
            else
                low = middle + 1;
        }
        has_order(p, b, sizes[low], order, out);
        *above = sum_above(p, b, order);
    }
    free(sizes);
    free(out);
    return good ? DSEP_OK : dsep_out_of_memory(error, "causal orders");
}

/* --- components --------------------------------------------------------------------------------
 */

/* Components of standardised variables: w [p x p] becomes W times the whitening, in those units. */
static int to_variables(const dsep_whitening *whitening, double *w, dsep_error *error) {
    const int64_t p = whitening->n_variables;
    double *turned = dsep_array(p * p, sizeof *turned);
    if (!turned)
        return dsep_out_of_memory(error, "components");
    for (int64_t j = 0; j < p; j++) {
        double variance = 0;
        for (int64_t d = 0; d < p; d++)
            variance += whitening->dewhitening[d * p + j] * whitening->dewhitening[d * p + j];
        for (int64_t i = 0; i < p; i++) {
            double sum = 0;
            for (int64_t d = 0; d < p; d++)
                sum += w[i * p + d] * whitening->whitening[d * p + j];
            turned[i * p + j] = sum * sqrt(variance);
        }
    }
    memcpy(w, turned, (size_t)(p * p) * sizeof *w);
    free(turned);
    return DSEP_OK;
}

/* Each variable gets the component that it has most to do with. b: what disturbances of variance 1
 * owe to one another, B_ij sd(e_j) / sd(e_i), which is w_ij / w_jj whatever the variables' units.
 */
static int to_coefficients(int64_t p, const double *w, double *b, dsep_error *error) {
    int64_t *variable = dsep_array(p, sizeof *variable);
    double *cost = dsep_array(p * p, sizeof *cost), *own = dsep_array(p, sizeof *own);
    int code = DSEP_OK;
    if (!variable || !cost || !own)
        code = dsep_out_of_memory(error, "an assignment");
    for (int64_t k = 0; k < p * p && !code; k++)
        cost[k] = 1 / fmax(fabs(w[k]), 1e-12);
    if (!code)
        code = dsep_assignment(p, cost, error, variable, NULL);
    for (int64_t i = 0; i < p && !code; i++)
        own[variable[i]] = fmax(fabs(w[i * p + variable[i]]), 1e-12);
    for (int64_t i = 0; i < p && !code; i++)
        for (int64_t j = 0; j < p; j++)
            b[variable[i] * p + j] = j == variable[i] ? 0 : w[i * p + j] / own[j];
    free(variable);
    free(cost);
    free(own);
    return code;
}

static int find(const dsep_environments *rows, uint64_t seed, int64_t starts, int64_t *order,
                dsep_ica_lingam_outcome *outcome, dsep_error *error) {
    const int64_t p = rows->n_variables, n = rows->rows[0];
    dsep_fastica_settings settings;
    dsep_whitening *white = NULL;
    double *w = dsep_array(p * p, sizeof *w), *b = dsep_array(p * p, sizeof *b);
    int code = w && b ? DSEP_OK : dsep_out_of_memory(error, "components");
    dsep_fastica_default_settings(&settings);
    settings.tolerance = 1e-10;
    settings.max_iterations = 2000;
    if (!code)
        code = dsep_whitening_create(rows->values[0], n, p, NULL, NULL, p, error, &white);
    if (!code && white->rank < p)
        code = dsep_error_set(error, DSEP_ERROR_DATA,
                              "the %lld variables have only %lld independent directions: some are "
                              "linear combinations of others, or there are too few rows",
                              (long long)p, (long long)white->rank);
    if (!code)
        code = dsep_fastica_best(n, p, white->scores, NULL, &settings, (dsep_random){.seed = seed},
                                 starts, w, error, &outcome->ica);
    if (!code)
        code = to_variables(white, w, error);
    if (!code)
        code = to_coefficients(p, w, b, error);
    if (!code)
        code = dsep_ica_lingam_triangle(p, b, order, &outcome->above, error);
    outcome->all = 0;
    for (int64_t k = 0; k < p * p && !code; k++)
        outcome->all += b[k] * b[k];
    dsep_whitening_destroy(&white);
    free(w);
    free(b);
    return code;
}

int dsep_ica_lingam_order(dsep_context *ctx, const dsep_table *table, uint64_t seed, int64_t starts,
                          int64_t *order, dsep_ica_lingam_outcome *outcome) {
    int code = DSEP_OK;
    dsep_environments *rows = NULL;
    const int32_t label = 0;
    if (table->n_environments > 1)
        return dsep_fail(ctx, DSEP_ERROR_DATA,
                         "ICA-LiNGAM takes the rows of one environment, and these are of %lld: "
                         "DirectLiNGAM finds one order for several",
                         (long long)table->n_environments);
    dsep_log_section_begin(ctx, "components");
    DSEP_TRY(dsep_environments_create(ctx, table, &label, 1, &rows));
    DSEP_AGREE(ctx, dsep_rank(ctx) == 0
                        ? find(rows, seed, starts, order, outcome, dsep_context_error(ctx))
                        : DSEP_OK);
    dsep_broadcast(ctx, order, table->n_variables * (int64_t)sizeof *order, 0);
    dsep_broadcast(ctx, outcome, sizeof *outcome, 0);
cleanup:
    dsep_environments_destroy(&rows);
    return code;
}
