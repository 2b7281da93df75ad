#include "solvers/disentangle.h"

#include "mpi/memory.h"
#include "solvers/dense.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is left of a difference below this part of it is rounding. */
static const double NOTHING = 1e-9;

typedef struct {
    int64_t d, found; /* factors; those found so far */
    double gamma;
    const double *difference;    /* [K x d x d] precision less that of the observational one */
    double *row;                 /* [d x d] their leading vectors, as found */
    double *chosen, *orthogonal; /* [d x d] of those that are taken out */
    double *left, *work, *value, *vector; /* [d x d], [d x d], [d], [d x d] */
    uint8_t *out;                         /* [d] which of the found are taken out */
    dsep_error *error;
} search;

/* The difference of an environment with the chosen factors' rows taken out on both sides, and its
 * norm over that of the whole. */
static int deflate(search *s, int64_t environment, double *part) {
    const int64_t d = s->d;
    const double *whole = s->difference + environment * d * d;
    int64_t count = 0;
    for (int64_t i = 0; i < s->found; i++)
        if (s->out[i])
            memcpy(s->chosen + d * count++, s->row + i * d, (size_t)d * sizeof *s->chosen);
    memcpy(s->left, whole, (size_t)(d * d) * sizeof *s->left);
    if (count) {
        const int code = dsep_dense_qr(d, count, s->chosen, s->orthogonal, NULL, s->error);
        if (code)
            return code;
        for (int side = 0; side < 2; side++) { /* left -= Q (Q' left), then of its transpose */
            double *from = side ? s->vector : s->left, *to = side ? s->left : s->vector;
            dsep_dense_product(count, d, d, 1, s->orthogonal, 1, from, 0, 0, s->work);
            dsep_dense_product(d, d, count, -1, s->orthogonal, 0, s->work, 0, 1, from);
            for (int64_t i = 0; i < d; i++)
                for (int64_t j = 0; j < d; j++)
                    to[i * d + j] = from[j * d + i];
        }
    }
    double norm = 0, before = 0;
    for (int64_t i = 0; i < d * d; i++) {
        norm += s->left[i] * s->left[i];
        before += whole[i] * whole[i];
    }
    *part = before > 0 ? sqrt(norm / before) : 0;
    return DSEP_OK;
}

/* s1^2 / sum s^2 of what is left, 0 where that is nothing; and its leading vector, unless NULL. */
static int rank_one(search *s, double part, double *ratio, double *leading) {
    const int64_t d = s->d;
    memcpy(s->work, s->left, (size_t)(d * d) * sizeof *s->work);
    const int code = dsep_dense_eigen(d, s->work, d, s->value, s->vector, s->error);
    if (code)
        return code;
    const int64_t first = fabs(s->value[0]) >= fabs(s->value[d - 1]) ? 0 : d - 1;
    double sum = 0;
    for (int64_t i = 0; i < d; i++)
        sum += s->value[i] * s->value[i];
    *ratio = part > NOTHING ? s->value[first] * s->value[first] / sum : 0;
    if (leading)
        memcpy(leading, s->vector + first * d, (size_t)d * sizeof *leading);
    return DSEP_OK;
}

static int score(search *s, int64_t environment, double *ratio, double *part, double *leading) {
    const int code = deflate(s, environment, part);
    return code ? code : rank_one(s, *part, ratio, leading);
}

/* The environment whose difference without all factors found is nearest rank one; the first of
 * equals. */
static int pick(search *s, const dsep_precisions *precisions, const uint8_t *taken,
                dsep_intervened *fit) {
    int64_t best = -1;
    double most = -1, its = 0;
    memset(s->out, 1, (size_t)s->d);
    for (int64_t k = 0; k < precisions->n_environments; k++) {
        double ratio, part;
        if (taken[k])
            continue;
        const int code = score(s, k, &ratio, &part, NULL);
        if (code)
            return code;
        if (ratio > most) {
            best = k;
            most = ratio;
            its = part;
        }
    }
    fit->environment[s->found] = best;
    fit->rank_one[s->found] = most;
    fit->left[s->found] = its;
    return DSEP_OK;
}

/* Who of the found is an ancestor of the new one: whose row must be taken out for rank one, and
 * their ancestors; then its row. */
static int settle(search *s, dsep_intervened *fit) {
    const int64_t d = s->d, new = s->found;
    uint8_t *ancestor = fit->ancestor + new *d;
    double ratio, part;
    memset(s->out, 1, (size_t)d);
    for (int64_t i = 0; i < new; i++) {
        s->out[i] = 0;
        const int code = score(s, fit->environment[new], &ratio, &part, NULL);
        if (code)
            return code;
        s->out[i] = 1;
        fit->pruning[new *d + i] = ratio;
        ancestor[i] |= ratio <= s->gamma;
        for (int64_t j = 0; j < i && ratio <= s->gamma; j++)
            ancestor[j] |= fit->ancestor[i * d + j];
    }
    memcpy(s->out, ancestor, (size_t)d);
    return score(s, fit->environment[new], &ratio, &part, s->row + new *d);
}

/* Signed: what one standard deviation of a cause does, in units of the effect's noise. */
static void measure(const dsep_precisions *precisions, search *s, dsep_intervened *fit) {
    const int64_t d = s->d, observational = precisions->observational * d * d;
    const double *b = fit->representation->b + observational;
    dsep_intervened_congruence(d, fit->encoder, precisions->covariance + observational, s->work,
                               s->left);
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j < i; j++)
            fit->evidence[i * d + j] = -b[i * d + j] * sqrt(s->left[j * d + j]);
    dsep_intervened_measure(fit);
}

static int run(const dsep_precisions *precisions, search *s, uint8_t *taken, dsep_intervened *fit) {
    taken[precisions->observational] = 1;
    for (s->found = 0; s->found < s->d; s->found++) {
        int code = pick(s, precisions, taken, fit);
        code = code ? code : settle(s, fit);
        if (code)
            return code;
        taken[fit->environment[s->found]] = 1;
    }
    const int code = dsep_intervened_complete(precisions, s->row, 1, s->error, fit);
    if (!code)
        measure(precisions, s, fit);
    return code;
}

int dsep_disentangle(const dsep_precisions *precisions, double gamma, dsep_error *error,
                     dsep_intervened **fit) {
    const int64_t d = precisions->n_factors, n = precisions->n_environments, square = d * d;
    double *memory = dsep_array((n + 6) * square + d, sizeof *memory);
    uint8_t *flags = dsep_array(n + d, 1);
    *fit = NULL;
    int code = memory && flags ? dsep_intervened_create(precisions, 1, error, fit)
                               : dsep_out_of_memory(error, "disentanglement");
    if (!code) {
        double *scratch = memory + n * square;
        search s = {.d = d,
                    .gamma = gamma,
                    .difference = memory,
                    .row = scratch,
                    .chosen = scratch + square,
                    .orthogonal = scratch + 2 * square,
                    .left = scratch + 3 * square,
                    .work = scratch + 4 * square,
                    .vector = scratch + 5 * square,
                    .value = scratch + 6 * square,
                    .out = flags + n,
                    .error = error};
        const double *observed = precisions->precision + precisions->observational * square;
        for (int64_t i = 0; i < n * square; i++)
            memory[i] = precisions->precision[i] - observed[i % square];
        code = run(precisions, &s, flags, *fit);
        if (code)
            dsep_intervened_destroy(fit);
    }
    free(memory);
    free(flags);
    return code;
}
