#include "mpi/memory.h"
#include "solvers/disentangle.h"
#include "solvers/lscale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

dsep_intervened_settings dsep_intervened_defaults(dsep_intervened_method method) {
    return (dsep_intervened_settings){.method = method, .gamma = .99, .hard = 1};
}

int dsep_intervened_fit(const dsep_precisions *precisions, const dsep_intervened_settings *settings,
                        dsep_error *error, dsep_intervened **fit) {
    if (settings->method == DSEP_METHOD_DISENTANGLE)
        return dsep_disentangle(precisions, settings->gamma, error, fit);
    return dsep_lscale(precisions, settings->hard, error, fit);
}

int64_t dsep_intervened_values(int64_t n_factors) {
    return 1 + n_factors + 2 * n_factors * n_factors;
}

/* The factor of a replicate that is factor i of the fit, and 1, or -1 where it has the opposite
 * sign; false where that is no permutation. */
static int align(const dsep_intervened *fit, const dsep_intervened *other, int64_t *place,
                 double *sign) {
    const int64_t d = fit->representation->n_factors;
    for (int64_t i = 0; i < d; i++) {
        place[i] = other->representation->target[fit->environment[i]];
        for (int64_t j = 0; j < i; j++)
            if (place[j] == place[i])
                return 0;
        double product = 0;
        for (int64_t m = 0; m < d; m++)
            product += fit->encoder[i * d + m] * other->encoder[place[i] * d + m];
        if (isnan(product))
            return 0;
        sign[i] = product < 0 ? -1 : 1;
    }
    return 1;
}

static void compare(const dsep_intervened *fit, const dsep_intervened *other, const int64_t *place,
                    const double *sign, double *values) {
    const int64_t d = fit->representation->n_factors, width = fit->width;
    double *strength = values + 1 + d, *distance = strength + d * d;
    values[0] = 1;
    for (int64_t i = 0; i < d; i++) {
        values[1 + i] = (double)place[i];
        for (int64_t j = 0; j < d; j++) {
            const int64_t there = place[i] * d + place[j];
            double sum = 0;
            for (int64_t w = 0; w < width; w++) {
                const int64_t its = width == 1 ? 0 : place[w];
                const double turn = sign[j] * (width == 1 ? sign[i] : sign[w]);
                const double difference = turn * other->evidence[there * width + its] -
                                          fit->evidence[(i * d + j) * width + w];
                sum += difference * difference;
            }
            strength[i * d + j] = other->strength[there] * (width == 1 ? sign[i] * sign[j] : 1);
            distance[i * d + j] = sqrt(sum);
        }
    }
}

int dsep_intervened_replicate(const dsep_precisions *precisions, const dsep_intervened *fit,
                              const dsep_intervened_settings *settings, uint64_t seed,
                              int64_t replicate, dsep_error *error, double *values) {
    const int64_t d = precisions->n_factors, n = dsep_intervened_values(d);
    dsep_precisions *resampled = NULL;
    dsep_intervened *other = NULL;
    int64_t *place = dsep_array(d, sizeof *place);
    double *sign = dsep_array(d, sizeof *sign);
    int code = place && sign
                   ? dsep_precisions_resample(precisions, seed, replicate, error, &resampled)
                   : dsep_out_of_memory(error, "a replicate");
    if (!code)
        code = dsep_intervened_fit(resampled, settings, error, &other);
    values[0] = 0;
    for (int64_t i = 1; i < n; i++)
        values[i] = NAN;
    if (code == DSEP_ERROR_DATA) /* a drawn covariance without an inverse is an outcome */
        code = DSEP_OK;
    else if (!code && align(fit, other, place, sign))
        compare(fit, other, place, sign, values);
    dsep_intervened_destroy(&other);
    dsep_precisions_destroy(&resampled);
    free(place);
    free(sign);
    return code;
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of sorted numbers, linear between order statistics. */
static double quantile(const double *sorted, int64_t count, double level) {
    const double place = level * (double)(count - 1);
    const int64_t below = (int64_t)place, above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (place - (double)below) * (sorted[above] - sorted[below]);
}

/* Number `which` of the rows that could be fitted. */
static int64_t pick(const double *values, int64_t n_replicates, int64_t width, int64_t which,
                    double *column) {
    int64_t count = 0;
    for (int64_t r = 0; r < n_replicates; r++)
        if (values[r * width] == 1)
            column[count++] = values[r * width + which];
    return count;
}

static void judge_pair(const dsep_intervened *fit, const double *values, int64_t pair,
                       double *column, dsep_intervened_edges *edges) {
    const int64_t d = edges->n_factors, width = dsep_intervened_values(d), n = edges->n_replicates;
    int64_t count = pick(values, n, width, 1 + d + d * d + pair, column);
    qsort(column, (size_t)count, sizeof *column, ascending);
    edges->threshold[pair] = quantile(column, count, edges->level);
    count = pick(values, n, width, 1 + d + pair, column);
    int64_t passing = 0;
    for (int64_t r = 0; r < count; r++)
        passing += fabs(column[r]) > edges->threshold[pair];
    edges->share[pair] = (double)passing / (double)count;
    qsort(column, (size_t)count, sizeof *column, ascending);
    edges->low[pair] = quantile(column, count, (1 - edges->level) / 2);
    edges->high[pair] = quantile(column, count, (1 + edges->level) / 2);
    edges->edge[pair] = fabs(fit->strength[pair]) > edges->threshold[pair];
}

/* Whether a replicate has the cause of every edge before its effect. */
static int agrees(const dsep_intervened_edges *edges, const double *place) {
    const int64_t d = edges->n_factors;
    for (int64_t i = 0; i < d * d; i++)
        if (edges->edge[i] && place[i % d] > place[i / d])
            return 0;
    return 1;
}

int dsep_intervened_judge(const dsep_intervened *fit, const double *values, int64_t n_replicates,
                          double level, dsep_error *error, dsep_intervened_edges **made) {
    const int64_t d = fit->representation->n_factors, width = dsep_intervened_values(d);
    double *column = dsep_array(n_replicates, sizeof *column);
    dsep_intervened_edges *edges = *made = dsep_array(1, sizeof *edges);
    if (edges)
        *edges = (dsep_intervened_edges){.n_factors = d,
                                         .n_replicates = n_replicates,
                                         .agreeing = NAN,
                                         .level = level,
                                         .threshold = dsep_array(d * d, sizeof(double)),
                                         .share = dsep_array(d * d, sizeof(double)),
                                         .low = dsep_array(d * d, sizeof(double)),
                                         .high = dsep_array(d * d, sizeof(double)),
                                         .edge = dsep_array(d * d, 1)};
    if (!column || !edges || !edges->threshold || !edges->share || !edges->low || !edges->high ||
        !edges->edge) {
        free(column);
        dsep_intervened_edges_destroy(made);
        return dsep_out_of_memory(error, "edges of factors");
    }
    edges->n_fitted = pick(values, n_replicates, width, 0, column);
    for (int64_t i = 0; i < d * d; i++) {
        edges->threshold[i] = edges->share[i] = edges->low[i] = edges->high[i] = NAN;
        if (edges->n_fitted > 1 && i / d != i % d)
            judge_pair(fit, values, i, column, edges);
    }
    int64_t agreeing = 0;
    for (int64_t r = 0; r < n_replicates; r++)
        agreeing += values[r * width] == 1 && agrees(edges, values + r * width + 1);
    if (edges->n_fitted > 1)
        edges->agreeing = (double)agreeing / (double)edges->n_fitted;
    free(column);
    return DSEP_OK;
}

void dsep_intervened_edges_destroy(dsep_intervened_edges **made) {
    dsep_intervened_edges *edges = made ? *made : NULL;
    if (!edges)
        return;
    free(edges->threshold);
    free(edges->share);
    free(edges->low);
    free(edges->high);
    free(edges->edge);
    free(edges);
    *made = NULL;
}
