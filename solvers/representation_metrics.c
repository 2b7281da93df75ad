#include "solvers/representation_metrics.h"

#include "mpi/memory.h"
#include "solvers/assignment.h"
#include "solvers/dense.h"
#include "solvers/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- how alike two factors are --------------------------------------------------------------- */

/* Adds (B'B)^-1 to sum [d x d]; 0 where there is none. B is row after row: as LAPACK sees it, B'.
 */
static int add_covariance(int64_t d, const double *b, double *work, double *sum) {
    double log_determinant;
    int sign;
    memcpy(work, b, (size_t)(d * d) * sizeof *work);
    if (dsep_dense_inverse(d, work, &log_determinant, &sign) != 0)
        return 0;
    for (int64_t i = 0; i < d * d; i++)
        if (!isfinite(work[i]))
            return 0;
    /* work is (B')^-1 column after column, which is T = B^-1 row after row: Cov z = T T' */
    dsep_dense_product(d, d, d, 1, work, 1, work, 0, 1, sum);
    return 1;
}

/* Sum over environments; 0 where one of them has none, or no B at all is known. */
static int pooled_covariance(const dsep_representation *r, double *work, double *sum) {
    const int64_t d = r->n_factors;
    for (int64_t k = 0; k < r->n_environments; k++)
        if (!add_covariance(d, r->b + k * d * d, work, sum))
            return 0;
    return r->n_environments > 0;
}

static double dot(const double *a, const double *b, int64_t count) {
    double sum = 0;
    for (int64_t j = 0; j < count; j++)
        sum += a[j] * b[j];
    return sum;
}

static double ratio(double product, double first, double second) {
    return first > 0 && second > 0 ? fmin(fabs(product) / sqrt(first * second), 1) : 0;
}

/* |cosine| of rows of H: cosine [d x d], row = factor of the truth. */
static void fill_cosines(const dsep_representation *learned, const dsep_representation *truth,
                         double *cosine) {
    const int64_t d = truth->n_factors, p = truth->n_variables;
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j < d; j++) {
            const double *t = truth->h + i * p, *l = learned->h + j * p;
            cosine[i * d + j] = ratio(dot(t, l, p), dot(t, t, p), dot(l, l, p));
        }
}

/* |correlation| of truth factor i and learned factor j. z^ = H^ G z = M z, so that the covariance
 * of z^_j and z_i is (M C)_ji. mc: [d x d] room for M C, m: for M. */
static void fill_correlations(const dsep_representation *learned, const dsep_representation *truth,
                              const double *covariance, double *m, double *mc, double *size) {
    const int64_t d = truth->n_factors, p = truth->n_variables;
    for (int64_t j = 0; j < d; j++)
        for (int64_t i = 0; i < d; i++) {
            m[j * d + i] = 0;
            for (int64_t v = 0; v < p; v++)
                m[j * d + i] += learned->h[j * p + v] * truth->g[v * d + i];
        }
    for (int64_t j = 0; j < d; j++)
        for (int64_t i = 0; i < d; i++)
            mc[j * d + i] = dot(m + j * d, covariance + i * d, d);
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j < d; j++)
            size[i * d + j] =
                ratio(mc[j * d + i], dot(mc + j * d, m + j * d, d), covariance[i * d + i]);
}

/* --- after the assignment -------------------------------------------------------------------- */

/* The learned graph over the factors of the truth. */
static int rename_graph(const dsep_graph *graph, const int64_t *match, dsep_error *error,
                        dsep_graph **renamed) {
    const int64_t d = graph->n_nodes;
    int64_t *place = dsep_array(d, sizeof *place);
    dsep_edge *edges = dsep_array(graph->n_edges, sizeof *edges);
    int code = place && edges ? DSEP_OK : dsep_out_of_memory(error, "a graph of factors");
    if (!code)
        code = dsep_graph_edges(graph, error, edges, NULL);
    for (int64_t i = 0; i < d && !code; i++)
        place[match[i]] = i;
    for (int64_t e = 0; e < graph->n_edges && !code; e++) {
        edges[e].source = place[edges[e].source];
        edges[e].target = place[edges[e].target];
    }
    if (!code)
        code = dsep_graph_create(d, graph->n_edges, edges, graph->kind, error, renamed);
    free(place);
    free(edges);
    return code;
}

static int compare_graphs(const dsep_graph *learned, const dsep_graph *truth,
                          dsep_representation_metrics *m, dsep_error *error) {
    dsep_graph *renamed = NULL;
    dsep_metrics compared;
    int code = rename_graph(learned, m->match, error, &renamed);
    if (!code)
        code = dsep_metrics_compare(renamed, truth, error, &compared);
    if (!code)
        m->latent_shd = compared.shd;
    dsep_graph_destroy(&renamed);
    return code;
}

static void compare_targets(const dsep_representation *learned, const dsep_representation *truth,
                            const int64_t *environment, dsep_representation_metrics *m) {
    for (int64_t k = 0; k < truth->n_environments; k++) {
        if (truth->target[k] < 0 || environment[k] < 0)
            continue;
        m->n_targets++;
        m->n_targets_right += learned->target[environment[k]] == m->match[truth->target[k]];
    }
}

/* The factor of each of the truth with which sizes add up to most. */
static int assign(int64_t d, const double *size, double *cost, int64_t *match, dsep_error *error) {
    for (int64_t i = 0; i < d * d; i++)
        cost[i] = -size[i];
    return dsep_assignment(d, cost, error, match, NULL);
}

/* Means over assigned factors. size, cosine: [d x d], row = factor of the truth. */
static void summarise(int64_t d, const double *size, const double *cosine,
                      dsep_representation_metrics *m) {
    double left = 0;
    for (int64_t i = 0; i < d; i++) {
        const double c = cosine[i * d + m->match[i]];
        m->size[i] = size[i * d + m->match[i]];
        m->mcc += m->size[i] / (double)d;
        left += (1 - c) * (1 + c) / (double)d;
    }
    m->h_error = sqrt(left);
}

int dsep_representation_compare(const dsep_representation_side *learned,
                                const dsep_representation_side *truth, const int64_t *environment,
                                dsep_error *error, dsep_representation_metrics *metrics) {
    int code = DSEP_OK;
    const dsep_representation *a = learned->representation, *b = truth->representation;
    const int64_t d = b->n_factors;
    double *room = dsep_array(5 * d * d, sizeof *room);
    double *covariance = room, *size = room + d * d, *cosine = size + d * d, *work = cosine + d * d;
    *metrics = (dsep_representation_metrics){.match = dsep_array(d, sizeof *metrics->match),
                                             .size = dsep_array(d, sizeof *metrics->size)};
    if (!room || !metrics->match || !metrics->size) {
        code = dsep_out_of_memory(error, "a comparison of factors");
        goto cleanup;
    }
    if (a->n_factors != d || a->n_variables != b->n_variables) {
        code = dsep_error_set(error, DSEP_ERROR_DATA,
                              "representations of %lld and %lld factors cannot be compared",
                              (long long)a->n_factors, (long long)d);
        goto cleanup;
    }
    fill_cosines(a, b, cosine);
    metrics->by_covariance = pooled_covariance(b, work, covariance);
    if (metrics->by_covariance)
        fill_correlations(a, b, covariance, work, work + d * d, size);
    else
        memcpy(size, cosine, (size_t)(d * d) * sizeof *size);
    DSEP_TRY(assign(d, size, work, metrics->match, error));
    summarise(d, size, cosine, metrics);
    compare_targets(a, b, environment, metrics);
    DSEP_TRY(compare_graphs(learned->graph, truth->graph, metrics, error));
cleanup:
    free(room);
    if (code)
        dsep_representation_metrics_release(metrics);
    return code;
}

/* --- what is unique of an order of factors --------------------------------------------------- */

/* Gram-Schmidt along the order: H becomes Q with H = L Q; 0 where a row depends on those before. */
static int orthonormalise(dsep_representation *r, double *l) {
    const int64_t d = r->n_factors, p = r->n_variables;
    for (int64_t place = 0; place < d; place++) {
        const int64_t i = r->order[place];
        double *h = r->h + i * p;
        const double before = dot(h, h, p);
        for (int64_t k = 0; k < place; k++) {
            const int64_t j = r->order[k];
            l[i * d + j] = dot(h, r->h + j * p, p);
            for (int64_t v = 0; v < p; v++)
                h[v] -= l[i * d + j] * r->h[j * p + v];
        }
        const double length = l[i * d + i] = sqrt(dot(h, h, p));
        if (!(length * length > 1e-20 * before))
            return 0;
        for (int64_t v = 0; v < p; v++)
            h[v] /= length;
    }
    return 1;
}

/* A [rows x d] becomes A L; room: [d]. */
static void times(int64_t rows, int64_t d, const double *l, double *a, double *room) {
    for (int64_t r = 0; r < rows; r++) {
        memcpy(room, a + r * d, (size_t)d * sizeof *room);
        for (int64_t j = 0; j < d; j++) {
            a[r * d + j] = 0;
            for (int64_t i = 0; i < d; i++)
                a[r * d + j] += room[i] * l[i * d + j];
        }
    }
}

int dsep_representation_straighten(dsep_representation *r, dsep_error *error) {
    int code = DSEP_OK;
    const int64_t d = r->n_factors, k = r->n_environments;
    double *l = dsep_array(d * d, sizeof *l), *room = dsep_array(d, sizeof *room);
    if (!l || !room)
        code = dsep_out_of_memory(error, "a comparison of factors");
    else if (!orthonormalise(r, l))
        code = dsep_error_set(error, DSEP_ERROR_DATA,
                              "rows of H depend on each other: such factors cannot be compared");
    if (!code) {
        times(r->n_variables, d, l, r->g, room);
        times(k * d, d, l, r->b, room);
        for (int64_t i = 0; i < k * d * d; i++) {
            const double own = r->b[i / d * d + i / d % d];
            r->weight[i] = i % d == i / d % d ? 0 : -r->b[i] / own;
        }
    }
    free(l);
    free(room);
    return code;
}

void dsep_representation_metrics_release(dsep_representation_metrics *metrics) {
    free(metrics->match);
    free(metrics->size);
    *metrics = (dsep_representation_metrics){0};
}
