#include "jobs/compare_representation.h"

#include "io/name_index.h"
#include "jobs/json_print.h"
#include "jobs/representation_read.h"
#include "mpi/memory.h"
#include "solvers/representation_metrics.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- bringing two files together ------------------------------------------------------------- */

static int refuse(const dsep_representation_found *a, const dsep_representation_found *b,
                  const char *what, int64_t in_a, int64_t in_b, dsep_error *error) {
    return dsep_error_set(error, DSEP_ERROR_DATA,
                          "'%s' has %" PRId64 " %s and '%s' has %" PRId64
                          ": such representations cannot be compared",
                          a->path, in_a, what, b->path, in_b);
}

/* Where each name of b stands in a, -1 where it does not; how many do. */
static int find_names(char *const *a, int64_t n_a, char *const *b, int64_t n_b, int64_t *where,
                      int64_t *known, dsep_error *error) {
    dsep_name_index *index = NULL;
    const int code = dsep_name_index_create(a, n_a, error, &index);
    *known = 0;
    for (int64_t i = 0; i < n_b && !code; i++) {
        where[i] = dsep_name_index_find(index, b[i], (int64_t)strlen(b[i]));
        *known += where[i] >= 0;
    }
    dsep_name_index_destroy(&index);
    return code;
}

/* Puts the columns of H and the rows of G into the order in which the other side has them. */
static int reorder(dsep_representation *r, const int64_t *from, dsep_error *error) {
    const int64_t p = r->n_variables, d = r->n_factors;
    double *h = dsep_array(d * p, sizeof *h), *g = dsep_array(p * d, sizeof *g);
    if (!h || !g) {
        free(h);
        free(g);
        return dsep_out_of_memory(error, "a comparison of factors");
    }
    for (int64_t j = 0; j < p; j++)
        for (int64_t i = 0; i < d; i++) {
            h[i * p + j] = r->h[i * p + from[j]];
            g[j * d + i] = r->g[from[j] * d + i];
        }
    free(r->h);
    free(r->g);
    r->h = h;
    r->g = g;
    return DSEP_OK;
}

static int match_sides(dsep_representation_found *a, const dsep_representation_found *b,
                       int64_t *environment, dsep_error *error) {
    int code = DSEP_OK;
    int64_t known = 0;
    const int64_t p = b->representation->n_variables, k = b->representation->n_environments;
    int64_t *where = dsep_array(p, sizeof *where);
    if (!where)
        return dsep_out_of_memory(error, "a comparison of factors");
    if (a->representation->n_factors != b->representation->n_factors)
        code = refuse(a, b, "factors", a->representation->n_factors, b->representation->n_factors,
                      error);
    else if (a->representation->n_variables != p)
        code = refuse(a, b, "variables", a->representation->n_variables, p, error);
    if (!code)
        code = find_names(a->variables, p, b->variables, p, where, &known, error);
    if (!code && known < p)
        code = dsep_error_set(error, DSEP_ERROR_DATA,
                              "'%s' and '%s' are not about the same variables: %" PRId64
                              " of %" PRId64 " names are in both",
                              a->path, b->path, known, p);
    if (!code)
        code = reorder(a->representation, where, error);
    if (!code)
        code = find_names(a->labels, a->representation->n_environments, b->labels, k, environment,
                          &known, error);
    free(where);
    return code;
}

static const char *method_of(const dsep_representation_found *found) {
    return dsep_h5tree_text(found->tree, "representation/method", "");
}

/* Whether both sides are known only up to multiples of earlier factors; then those are chosen. */
static int straighten(dsep_representation_found *a, dsep_representation_found *b, int *done,
                      dsep_error *error) {
    *done = strstr(method_of(a), "hca") && strstr(method_of(b), "hca");
    if (!*done)
        return DSEP_OK;
    const int code = dsep_representation_straighten(a->representation, error);
    return code ? code : dsep_representation_straighten(b->representation, error);
}

/* --- printing -------------------------------------------------------------------------------- */

static int print_json(FILE *stream, const dsep_representation_found *a,
                      const dsep_representation_found *b, const dsep_representation_metrics *m,
                      int straight, dsep_error *error) {
    const int64_t d = b->representation->n_factors;
    json_t *list = json_array();
    for (int64_t i = 0; i < d; i++)
        json_array_append_new(list, json_pack("{s:s,s:s,s:f}", "truth", b->result->graph->names[i],
                                              "learned", a->result->graph->names[m->match[i]],
                                              "correlation", m->size[i]));
    const double share = (double)m->n_targets_right / (double)m->n_targets;
    json_t *root = json_pack(
        "{s:f,s:f,s:I,s:o,s:I,s:s,s:b,s:o}", "mcc", m->mcc, "h_error", m->h_error, "latent_shd",
        (json_int_t)m->latent_shd, "targets_right", m->n_targets ? json_real(share) : json_null(),
        "n_targets", (json_int_t)m->n_targets, "mcc_of",
        m->by_covariance ? "correlations" : "cosines", "straightened", straight, "factors", list);
    return dsep_json_print(stream, root, error);
}

static void print_table(FILE *stream, const dsep_representation_found *a,
                        const dsep_representation_found *b, const dsep_representation_metrics *m,
                        int straight) {
    const int64_t d = b->representation->n_factors;
    fprintf(stream, "Learned        %s\nTruth          %s\n\n", a->path, b->path);
    fprintf(stream, "MCC            %.4f   (mean |%s| of factors after the best assignment)\n",
            m->mcc, m->by_covariance ? "correlation" : "cosine of rows of H");
    fprintf(stream, "error of H     %.4g   (relative, each row at its best scale)\n", m->h_error);
    if (straight)
        fprintf(stream,
                "               both after their rows of H are made orthonormal in the order "
                "of the factors, as hca\n               finds a factor up to multiples of "
                "earlier ones; edges are as each file has them\n");
    fprintf(stream, "latent SHD     %" PRId64 " of %" PRId64 " pairs of factors\n", m->latent_shd,
            d * (d - 1) / 2);
    if (m->n_targets > 0)
        fprintf(stream, "targets right  %" PRId64 " of %" PRId64 "\n", m->n_targets_right,
                m->n_targets);
    fprintf(stream, "\n%-12s %-12s %10s\n", "truth", "learned", "alike");
    for (int64_t i = 0; i < d; i++)
        fprintf(stream, "%-12s %-12s %10.4f\n", b->result->graph->names[i],
                a->result->graph->names[m->match[i]], m->size[i]);
}

int dsep_compare_representations(FILE *stream, const char *learned, const char *truth, int json,
                                 dsep_error *error) {
    int code = DSEP_OK;
    dsep_representation_found a = {0}, b = {0};
    dsep_representation_metrics metrics = {0};
    int64_t *environment = NULL;
    int straight = 0;
    DSEP_TRY(dsep_representation_open(learned, error, &a));
    DSEP_TRY(dsep_representation_open(truth, error, &b));
    environment = dsep_array(b.representation->n_environments, sizeof *environment);
    if (!environment) {
        code = dsep_out_of_memory(error, "a comparison of factors");
        goto cleanup;
    }
    DSEP_TRY(match_sides(&a, &b, environment, error));
    DSEP_TRY(straighten(&a, &b, &straight, error));
    const dsep_representation_side sides[] = {{a.representation, a.result->graph->graph},
                                              {b.representation, b.result->graph->graph}};
    DSEP_TRY(dsep_representation_compare(&sides[0], &sides[1], environment, error, &metrics));
    if (json)
        code = print_json(stream, &a, &b, &metrics, straight, error);
    else
        print_table(stream, &a, &b, &metrics, straight);
cleanup:
    dsep_representation_metrics_release(&metrics);
    free(environment);
    dsep_representation_close(&a);
    dsep_representation_close(&b);
    return code;
}
