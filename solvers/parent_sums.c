#include "solvers/parent_sums.h"

#include "mpi/memory.h"

#include <math.h>
#include <stdlib.h>

static const long double FARTHEST = 1L << 26; /* 25 exponents of it still add up in an int32_t */

/* The set that stands at place `at` among those without `variable`. */
static uint32_t set_at(int variable, uint32_t at) {
    const uint32_t low = (1U << variable) - 1;
    return (at & low) | (at & ~low) << 1;
}

/* Terms of the sums, the largest being 1/2 * 2. Returns whether all can be represented. */
static int terms(int p, int variable, dsep_local_score *score, const void *data, double *mantissa,
                 int32_t *exponent, long double *largest) {
    const uint32_t sets = 1U << (p - 1);
    *largest = score(data, variable, 0);
    for (uint32_t at = 1; at < sets; at++)
        *largest = fmaxl(*largest, score(data, variable, set_at(variable, at)));
    for (uint32_t at = 0; at < sets; at++) {
        const long double s =
            (score(data, variable, set_at(variable, at)) - *largest) * (1 / logl(2.0L));
        if (!(s >= -FARTHEST && s <= 0))
            return 0;
        int shift;
        mantissa[at] = frexp((double)exp2l(s - floorl(s)), &shift);
        exponent[at] = (int32_t)floorl(s) + shift;
    }
    return 1;
}

/* (a, ea) += (b, eb). */
static void add(double *a, int32_t *ea, double b, int32_t eb, const double *power) {
    const int32_t e = *ea > eb ? *ea : eb, da = e - *ea, db = e - eb;
    double sum = (da < 64 ? *a * power[da] : 0) + (db < 64 ? b * power[db] : 0);
    const int over = sum >= 1;
    *a = over ? sum / 2 : sum;
    *ea = e + over;
}

/* Turns terms into sums over subsets, one variable after another. */
static void sum_subsets(int p, double *mantissa, int32_t *exponent) {
    double power[64];
    for (int d = 0; d < 64; d++)
        power[d] = ldexp(1, -d);
    for (int i = 0; i < p - 1; i++)
        for (uint32_t at = 0; at < 1U << (p - 1); at++)
            if (at >> i & 1)
                add(&mantissa[at], &exponent[at], mantissa[at ^ 1U << i], exponent[at ^ 1U << i],
                    power);
}

int dsep_parent_sums_create(dsep_context *ctx, int n_variables, dsep_local_score *score,
                            const void *data, dsep_parent_sums **sums) {
    const int p = n_variables;
    const int64_t each = 1L << (p - 1);
    int code = DSEP_OK, good = 1;
    *sums = NULL;
    dsep_parent_sums *made = calloc(1, sizeof *made);
    DSEP_AGREE(ctx, made ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "parent sets"));
    const int64_t entry = sizeof(double) + sizeof(int32_t);
    DSEP_TRY(dsep_shared_create(ctx, p * (int64_t)sizeof(long double) + p * each * entry,
                                "the sums over parent sets", &made->memory));
    long double *largest = dsep_shared_data(made->memory);
    double *mantissa = (double *)(largest + p);
    int32_t *exponent = (int32_t *)(mantissa + p * each);
    for (int j = dsep_rank(ctx); j < p && good; j += dsep_size(ctx)) {
        good = terms(p, j, score, data, mantissa + j * each, exponent + j * each, &largest[j]);
        sum_subsets(p, mantissa + j * each, exponent + j * each);
    }
    DSEP_AGREE(ctx, good ? DSEP_OK
                         : dsep_fail(ctx, DSEP_ERROR_DATA,
                                     "the scores of parent sets differ too much to be summed"));
    dsep_shared_unite(ctx, made->memory);
    made->n_variables = p;
    made->mantissa = mantissa;
    made->exponent = exponent;
    for (int j = 0; j < p; j++)
        made->log_scale += largest[j];
cleanup:
    if (code)
        dsep_parent_sums_destroy(&made);
    *sums = made;
    return code;
}

void dsep_parent_sums_destroy(dsep_parent_sums **sums) {
    if (!*sums)
        return;
    dsep_shared_destroy(&(*sums)->memory);
    free(*sums);
    *sums = NULL;
}
