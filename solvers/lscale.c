#include "solvers/lscale.h"

#include "mpi/memory.h"
#include "solvers/dense.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int64_t d;
    const dsep_precisions *precisions;
    double *rows, *ordered;      /* [d x d] leading vectors by environment, in causal order */
    double *strength;            /* [d x d] squared: row = effect, column = cause */
    double *root;                /* [d x d] square root of the factors' correlations */
    double *one, *two, *inverse; /* [d x d] */
    double *value, *deviation;   /* [d] */
    double *work;                /* [4 d x d] */
    dsep_error *error;
} search;

static const double *observed(const double *matrices, const dsep_precisions *precisions) {
    return matrices + precisions->observational * precisions->n_factors * precisions->n_factors;
}

static void difference(const search *s, int64_t environment, double *out) {
    const int64_t square = s->d * s->d;
    const double *precision = s->precisions->precision + environment * square,
                 *base = observed(s->precisions->precision, s->precisions);
    for (int64_t i = 0; i < square; i++)
        out[i] = precision[i] - base[i];
}

/* Row i: the leading eigenvector of the second moment R of the difference between the scores of
 * environment i and of the observational one. */
static int leading_rows(search *s, dsep_intervened *fit) {
    const int64_t d = s->d;
    for (int64_t i = 0; i < d; i++) {
        difference(s, fit->environment[i], s->one);
        dsep_intervened_congruence(d, s->one, observed(s->precisions->covariance, s->precisions),
                                   s->two, s->inverse);
        const int code = dsep_dense_eigen(d, s->inverse, d, s->value, s->two, s->error);
        if (code)
            return code;
        double sum = 0;
        for (int64_t j = 0; j < d; j++)
            sum += s->value[j] * s->value[j];
        fit->rank_one[i] = sum > 0 ? s->value[0] * s->value[0] / sum : 0;
        fit->left[i] = 1;
        memcpy(s->rows + i * d, s->two, (size_t)d * sizeof *s->rows);
    }
    return DSEP_OK;
}

/* What is needed to see score differences in units of the factors of an encoder: its inverse,
 * standard deviations, and the root of the correlations, which knows no order of factors. */
static int prepare(search *s, const double *encoder) {
    const int64_t d = s->d;
    double log_determinant;
    int sign;
    for (int64_t i = 0; i < d * d; i++)
        s->inverse[i] = encoder[i % d * d + i / d];
    if (dsep_dense_inverse(d, s->inverse, &log_determinant, &sign))
        memset(s->inverse, 0, (size_t)(d * d) * sizeof *s->inverse);
    dsep_intervened_congruence(d, encoder, observed(s->precisions->covariance, s->precisions),
                               s->one, s->two);
    for (int64_t i = 0; i < d; i++)
        s->deviation[i] = sqrt(s->two[i * d + i]);
    for (int64_t i = 0; i < d * d; i++)
        s->two[i] /= s->deviation[i / d] * s->deviation[i % d];
    const int code = dsep_dense_eigen(d, s->two, d, s->value, s->one, s->error);
    if (code)
        return code;
    for (int64_t i = 0; i < d * d; i++)
        s->two[i] = s->one[i] * sqrt(fmax(s->value[i / d], 0));
    dsep_dense_product(d, d, d, 1, s->two, 0, s->one, 1, 0, s->root);
    return DSEP_OK;
}

/* evidence [d effects x d causes x d]: row j of the difference that effect i's environment makes to
 * the factors' scores, in standard deviations; its squared norm is Dec_j' R_i Dec_j sd_j^2. */
static int score_differences(search *s, const double *encoder, const int64_t *environment,
                             double *evidence) {
    const int64_t d = s->d;
    const int code = prepare(s, encoder);
    for (int64_t i = 0; i < d && !code; i++) {
        difference(s, environment[i], s->one);
        dsep_intervened_congruence(d, s->inverse, s->one, s->two, s->one);
        for (int64_t j = 0; j < d * d; j++)
            s->one[j] *= s->deviation[j / d] * s->deviation[j % d];
        dsep_dense_product(d, d, d, 1, s->root, 0, s->one, 0, 0, evidence + i * d * d);
    }
    return code;
}

/* What the factors that are left do to one of them, as a share of all in its score difference. */
static double incoming(const search *s, int64_t effect, const int64_t *left, int64_t count) {
    double sum = 0, whole = 0;
    for (int64_t j = 0; j < s->d; j++)
        whole += s->strength[effect * s->d + j];
    for (int64_t c = 0; c < count; c++)
        sum += left[c] == effect ? 0 : s->strength[effect * s->d + left[c]];
    return sum / whole;
}

/* Causal order: next is always who has least from those that are left, the first of equals. */
static void order_rows(search *s, dsep_intervened *fit, int64_t *left) {
    const int64_t d = s->d;
    int64_t *place = left + d; /* environments as they were */
    for (int64_t i = 0; i < d * d; i++) {
        s->strength[i] = 0;
        for (int64_t w = 0; w < d; w++)
            s->strength[i] += fit->evidence[i * d + w] * fit->evidence[i * d + w];
    }
    memcpy(place, fit->environment, (size_t)d * sizeof *place);
    memcpy(s->value, fit->rank_one, (size_t)d * sizeof *s->value);
    for (int64_t i = 0; i < d; i++)
        left[i] = i;
    for (int64_t found = 0; found < d; found++) {
        const int64_t count = d - found;
        int64_t best = 0;
        double least = INFINITY;
        for (int64_t c = 0; c < count; c++) {
            const double from_others = incoming(s, left[c], left, count);
            if (from_others < least) {
                least = from_others;
                best = c;
            }
        }
        const int64_t next = left[best];
        memcpy(s->ordered + found * d, s->rows + next * d, (size_t)d * sizeof *s->rows);
        fit->environment[found] = place[next];
        fit->rank_one[found] = s->value[next];
        memmove(left + best, left + best + 1, (size_t)(count - best - 1) * sizeof *left);
    }
}

/* Moves item `from` of a list to `to`. */
static void move(void *list, int64_t from, int64_t to, size_t size, void *spare) {
    char *at = list;
    memcpy(spare, at + (size_t)from * size, size);
    if (from < to)
        memmove(at + (size_t)from * size, at + (size_t)(from + 1) * size,
                (size_t)(to - from) * size);
    else
        memmove(at + (size_t)(to + 1) * size, at + (size_t)to * size, (size_t)(from - to) * size);
    memcpy(at + (size_t)to * size, spare, size);
}

static void move_factor(search *s, dsep_intervened *fit, int64_t from, int64_t to) {
    const size_t one = sizeof(double), row = (size_t)s->d * one;
    move(s->ordered, from, to, row, s->value);
    move(fit->environment, from, to, sizeof *fit->environment, s->value);
    move(fit->rank_one, from, to, one, s->value);
}

/* Moves factors in the order as long as interventions then change less of the mechanisms that are
 * not their target's: of a causal order nothing. Score differences alone tell a cause by what is
 * left of rank one, which is little where interventions are strong. work: [4 d x d] */
static void improve_order(search *s, dsep_intervened *fit, double *work) {
    const int64_t d = s->d;
    double least = dsep_intervened_spill(s->precisions, s->ordered, fit->environment, work, NULL);
    for (int moved = 1; moved && isfinite(least);) {
        moved = 0;
        for (int64_t from = 0; from < d; from++)
            for (int64_t to = 0; to < d; to++) {
                move_factor(s, fit, from, to);
                const double now =
                    dsep_intervened_spill(s->precisions, s->ordered, fit->environment, work, NULL);
                if (now < least * (1 - 1e-9) && least > 1e-20) {
                    least = now;
                    moved = 1;
                } else {
                    move_factor(s, fit, to, from);
                }
            }
    }
}

static int run(search *s, int hard, int64_t *left, dsep_intervened *fit) {
    const dsep_precisions *precisions = s->precisions;
    const int64_t d = s->d;
    for (int64_t k = 0, i = 0; k < precisions->n_environments; k++)
        if (k != precisions->observational)
            fit->environment[i++] = k;
    int code = leading_rows(s, fit);
    code = code ? code : score_differences(s, s->rows, fit->environment, fit->evidence);
    if (code)
        return code;
    order_rows(s, fit, left);
    improve_order(s, fit, s->work);
    code = dsep_intervened_complete(precisions, s->ordered, hard, s->error, fit);
    const int spoilt = isnan(fit->encoder[0]);
    if (!code && !spoilt)
        code = score_differences(s, fit->encoder, fit->environment, fit->evidence);
    for (int64_t i = 0; i < d * d && !code; i++) {
        fit->ancestor[i] = i % d < i / d;
        for (int64_t w = 0; w < d && (spoilt || i % d >= i / d); w++)
            fit->evidence[i * d + w] = spoilt ? NAN : 0;
    }
    dsep_intervened_measure(fit);
    return code;
}

int dsep_lscale(const dsep_precisions *precisions, int hard, dsep_error *error,
                dsep_intervened **fit) {
    const int64_t d = precisions->n_factors, square = d * d;
    *fit = NULL;
    if (precisions->n_environments != d + 1)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "LSCALE-I needs one environment for each factor beside the "
                              "observational one, %" PRId64 " in all: there are %" PRId64
                              ". Leave environments out or ask for %" PRId64 " factors",
                              d + 1, precisions->n_environments, precisions->n_environments - 1);
    double *memory = dsep_array(11 * square + 2 * d, sizeof *memory);
    int64_t *left = dsep_array(2 * d, sizeof *left);
    int code = memory && left ? dsep_intervened_create(precisions, d, error, fit)
                              : dsep_out_of_memory(error, "LSCALE-I");
    if (!code) {
        search s = {.d = d,
                    .precisions = precisions,
                    .rows = memory,
                    .ordered = memory + square,
                    .strength = memory + 2 * square,
                    .root = memory + 3 * square,
                    .one = memory + 4 * square,
                    .two = memory + 5 * square,
                    .inverse = memory + 6 * square,
                    .value = memory + 7 * square,
                    .deviation = memory + 7 * square + d,
                    .work = memory + 7 * square + 2 * d,
                    .error = error};
        code = run(&s, hard, left, *fit);
        if (code)
            dsep_intervened_destroy(fit);
    }
    free(memory);
    free(left);
    return code;
}
