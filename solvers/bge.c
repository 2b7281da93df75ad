#include "solvers/bge.h"

#include "mpi/memory.h"

#include <math.h>
#include <stdlib.h>

enum { TOP = 6 }; /* variables whose patterns are the tasks */

/* The symmetric matrix of the variables that are left, the m lowest. */
typedef struct {
    long double at[DSEP_EXACT_MOST][DSEP_EXACT_MOST];
} matrix;

/* What is left of the variables below k once k is taken into the set. */
static void eliminate(const matrix *r, int k, matrix *left) {
    for (int i = 0; i < k; i++)
        for (int j = 0; j <= i; j++)
            left->at[i][j] = r->at[i][j] - r->at[k][i] * r->at[k][j] / r->at[k][k];
}

/* Log determinants of `set` and of all its unions with variables below m. Returns whether all
 * pivots were positive. */
static int walk(const matrix *r, int m, uint32_t set, long double log_minor, long double *out) {
    int good = 1;
    out[set] = log_minor;
    for (int k = 0; k < m && good; k++) {
        matrix left;
        if (!(r->at[k][k] > 0))
            return 0;
        eliminate(r, k, &left);
        good = walk(&left, k, set | 1U << k, log_minor + logl(r->at[k][k]), out);
    }
    return good;
}

/* The same for all sets that have `pattern` of the highest variables. */
static int walk_pattern(matrix r, int p, int top, uint32_t pattern, long double *out) {
    long double log_minor = 0;
    for (int k = p - 1; k >= p - top; k--) {
        if (!(pattern >> (k - (p - top)) & 1))
            continue;
        if (!(r.at[k][k] > 0))
            return 0;
        log_minor += logl(r.at[k][k]);
        matrix left;
        eliminate(&r, k, &left);
        r = left;
    }
    return walk(&r, p - top, pattern << (p - top), log_minor, out);
}

/* What does not depend on the data but on their number, for l parents; t is the prior's scale. */
static long double constant_of(int64_t n_samples, int l, long double t) {
    const long double n = n_samples, pi = acosl(-1.0L);
    return -n / 2 * logl(pi) - logl(n + 1) / 2 + lgammal((n + l + 3) / 2) -
           lgammal((l + 3) / 2.0L) + (2 * l + 3) * logl(t) / 2;
}

int dsep_bge_create(dsep_context *ctx, int64_t n_samples, int n_variables,
                    const double *correlation, dsep_bge **bge) {
    const int p = n_variables, top = p < TOP ? p : TOP;
    const long double t = 0.5L; /* alpha_mu (alpha_w - p - 1) / (alpha_mu + 1) */
    int code = DSEP_OK, good = 1;
    *bge = NULL;
    dsep_bge *made = calloc(1, sizeof *made);
    DSEP_AGREE(ctx, made ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "BGe scores"));
    made->n_samples = n_samples;
    made->n_variables = p;
    for (int l = 0; l < p; l++)
        made->constant[l] = constant_of(n_samples, l, t);
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(1L << p, sizeof(long double), 1),
                                "the determinants of all sets of variables", &made->memory));
    long double *log_minor = dsep_shared_data(made->memory);
    matrix r = {{{0}}};
    for (int i = 0; i < p; i++)
        for (int j = 0; j <= i; j++)
            r.at[i][j] = (n_samples - 1) * (long double)correlation[i * p + j] + (i == j ? t : 0);
    for (int pattern = dsep_rank(ctx); pattern < 1 << top && good; pattern += dsep_size(ctx))
        good = walk_pattern(r, p, top, (uint32_t)pattern, log_minor);
    DSEP_AGREE(ctx, good ? DSEP_OK
                         : dsep_fail(ctx, DSEP_ERROR_DATA,
                                     "the correlations are not positive definite: no BGe score"));
    dsep_shared_unite(ctx, made->memory);
    made->log_minor = log_minor;
cleanup:
    if (code)
        dsep_bge_destroy(&made);
    *bge = made;
    return code;
}

long double dsep_bge_score(const void *data, int variable, uint32_t parents) {
    const dsep_bge *bge = data;
    const int l = __builtin_popcount(parents);
    const long double degrees = (long double)(bge->n_samples + 2 + l);
    return bge->constant[l] + degrees / 2 * bge->log_minor[parents] -
           (degrees + 1) / 2 * bge->log_minor[parents | 1U << variable];
}

void dsep_bge_destroy(dsep_bge **bge) {
    if (!*bge)
        return;
    dsep_shared_destroy(&(*bge)->memory);
    free(*bge);
    *bge = NULL;
}
