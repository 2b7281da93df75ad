#include "solvers/intervened.h"

#include "mpi/memory.h"
#include "solvers/dense.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Unit rows whose last pivot is below this (squared distance from the span of the others) span
 * too little. */
static const double DEPENDENT = 1e-14;

int dsep_intervened_create(const dsep_precisions *precisions, int64_t width, dsep_error *error,
                           dsep_intervened **made) {
    const int64_t d = precisions->n_factors;
    dsep_intervened *fit = dsep_array(1, sizeof *fit);
    *made = fit;
    if (!fit)
        return dsep_out_of_memory(error, "a representation");
    *fit = (dsep_intervened){.environment = dsep_array(d, sizeof *fit->environment),
                             .encoder = dsep_array(d * d, sizeof *fit->encoder),
                             .rank_one = dsep_array(d, sizeof *fit->rank_one),
                             .left = dsep_array(d, sizeof *fit->left),
                             .pruning = dsep_array(d * d, sizeof *fit->pruning),
                             .ancestor = dsep_array(d * d, sizeof *fit->ancestor),
                             .strength = dsep_array(d * d, sizeof *fit->strength),
                             .width = width,
                             .evidence = dsep_array(d * d * width, sizeof *fit->evidence),
                             .concerned = {-1, -1}};
    int code =
        fit->environment && fit->encoder && fit->rank_one && fit->left && fit->pruning &&
                fit->ancestor && fit->strength && fit->evidence
            ? dsep_representation_create(precisions->n_variables, d, precisions->n_environments,
                                         error, &fit->representation)
            : dsep_out_of_memory(error, "a representation");
    if (code)
        dsep_intervened_destroy(made);
    else
        for (int64_t i = 0; i < d * d; i++)
            fit->pruning[i] = NAN;
    return code;
}

void dsep_intervened_destroy(dsep_intervened **made) {
    dsep_intervened *fit = made ? *made : NULL;
    if (!fit)
        return;
    dsep_representation_destroy(&fit->representation);
    free(fit->environment);
    free(fit->encoder);
    free(fit->rank_one);
    free(fit->left);
    free(fit->pruning);
    free(fit->ancestor);
    free(fit->strength);
    free(fit->evidence);
    free(fit);
    *made = NULL;
}

const char *dsep_intervened_reason_text(dsep_intervened_reason reason) {
    switch (reason) {
    case DSEP_INTERVENED_SAME_TARGET:
        return "two environments seem to intervene on the same factor";
    case DSEP_INTERVENED_SINGULAR:
        return "the environments do not tell the factors apart";
    case DSEP_INTERVENED_NO_CHANGE:
        return "an environment does not differ from the observational one";
    default:
        return "";
    }
}

void dsep_intervened_congruence(int64_t d, const double *e, const double *m, double *work,
                                double *out) {
    dsep_dense_product(d, d, d, 1, e, 1, m, 0, 0, work);
    dsep_dense_product(d, d, d, 1, work, 0, e, 0, 0, out);
}

void dsep_intervened_measure(dsep_intervened *fit) {
    const int64_t d = fit->representation->n_factors, width = fit->width;
    for (int64_t i = 0; i < d * d; i++) {
        const double *evidence = fit->evidence + i * width;
        double sum = 0;
        for (int64_t w = 0; w < width; w++)
            sum += evidence[w] * evidence[w];
        fit->strength[i] = width == 1 ? evidence[0] : sqrt(sum);
    }
}

typedef struct {
    int64_t d;
    const dsep_precisions *precisions;
    double *one, *two; /* [d x d] */
    double *observed;  /* [d x d] column after column: lower factor L of the factors' covariance */
    double *noise;     /* [d x d] row after row: B = L^-1 */
} workspace;

/* B of an environment for the encoder e, row after row, and its inverse L column after column.
 * 0, or the place of a pivot that is not positive. */
static int64_t noise_of(workspace *work, const double *e, int64_t environment, double *l,
                        double *b) {
    const int64_t d = work->d;
    dsep_intervened_congruence(d, e, work->precisions->covariance + environment * d * d, work->one,
                               l);
    const int64_t failed = dsep_dense_cholesky(d, l);
    memset(b, 0, (size_t)(d * d) * sizeof *b);
    for (int64_t j = 0; j < d && !failed; j++) {
        b[j * d + j] = 1 / l[j * d + j];
        for (int64_t i = j + 1; i < d; i++) {
            double sum = 0;
            for (int64_t m = j; m < i; m++)
                sum += l[m * d + i] * b[m * d + j];
            b[i * d + j] = -sum / l[i * d + i];
        }
    }
    return failed;
}

/* Logarithm of the determinant of share a + (1 - share) b. */
static double log_determinant_of(int64_t d, const double *a, double share, const double *b,
                                 double *work) {
    double sum = 0;
    for (int64_t i = 0; i < d * d; i++)
        work[i] = share * a[i] + (1 - share) * b[i];
    if (dsep_dense_cholesky(d, work))
        return NAN;
    for (int64_t i = 0; i < d; i++)
        sum += 2 * log(work[i * d + i]);
    return sum;
}

/* Environments that do not differ from the observational one: the likelihood ratio of equal
 * covariances of normal rows (Anderson 2003, An Introduction to Multivariate Statistical Analysis,
 * section 10.2), by its chi-squared limit at level .05; of given matrices, equal to rounding. */
static void look_for_change(workspace *work, dsep_intervened *fit) {
    const dsep_precisions *pr = work->precisions;
    const int64_t d = work->d, observational = pr->observational;
    const double *base = pr->covariance + observational * d * d;
    for (int64_t k = 0; k < pr->n_environments && !fit->reason; k++) {
        const double *here = pr->covariance + k * d * d;
        const int sampled = pr->rows[k] > 0 && pr->rows[observational] > 0;
        const double n = sampled ? (double)pr->rows[k] : 1,
                     n0 = sampled ? (double)pr->rows[observational] : 1,
                     chance = sampled ? gsl_cdf_chisq_Pinv(.95, (double)(d * (d + 1)) / 2) : 1e-12;
        const double ratio = (n + n0) * log_determinant_of(d, here, n / (n + n0), base, work->one) -
                             n * log_determinant_of(d, here, 1, base, work->one) -
                             n0 * log_determinant_of(d, here, 0, base, work->one);
        if (k != observational && ratio < chance) {
            fit->reason = DSEP_INTERVENED_NO_CHANGE;
            fit->concerned[0] = k;
        }
    }
}

/* Whether unit rows are independent; where not, who is to be suspected. */
static int independent(workspace *work, const double *rows, dsep_intervened *fit) {
    const int64_t d = work->d;
    dsep_dense_product(d, d, d, 1, rows, 1, rows, 0, 0, work->one);
    memcpy(work->two, work->one, (size_t)(d * d) * sizeof *work->two);
    int good = dsep_dense_cholesky(d, work->two) == 0;
    for (int64_t i = 0; i < d && good; i++)
        good = work->two[i * d + i] * work->two[i * d + i] > DEPENDENT;
    if (good || fit->reason)
        return good;
    double largest = 0;
    for (int64_t i = 1; i < d; i++)
        for (int64_t j = 0; j < i; j++)
            if (!(fabs(work->one[i * d + j]) <= largest)) {
                largest = fabs(work->one[i * d + j]);
                fit->concerned[0] = fit->environment[j];
                fit->concerned[1] = fit->environment[i];
            }
    fit->reason = largest > .999 ? DSEP_INTERVENED_SAME_TARGET : DSEP_INTERVENED_SINGULAR;
    return 0;
}

/* Frees row i of those before it, by regression in the environment that intervenes on it. */
static int64_t sharpen(workspace *work, const double *rows, const int64_t *environment,
                       double *encoder) {
    const int64_t d = work->d;
    for (int64_t i = 0; i < d; i++) {
        const int64_t failed = noise_of(work, rows, environment[i], work->two, work->noise);
        if (failed)
            return failed;
        dsep_dense_product(d, 1, d, 1, rows, 0, work->noise + i * d, 0, 0, encoder + i * d);
    }
    return 0;
}

/* H with rows whose largest entry is 1, and its pseudo-inverse G = basis' E^-1. */
static int64_t spread(workspace *work, dsep_intervened *fit) {
    dsep_representation *r = fit->representation;
    const int64_t d = work->d, p = r->n_variables;
    const double *basis = work->precisions->basis;
    dsep_dense_product(p, d, d, 1, basis, 0, fit->encoder, 0, 0, r->h);
    for (int64_t i = 0; i < d; i++) {
        double *row = r->h + i * p, largest = row[0];
        for (int64_t v = 1; v < p; v++)
            if (fabs(row[v]) > fabs(largest))
                largest = row[v];
        for (int64_t v = 0; v < p; v++)
            row[v] /= largest;
        for (int64_t j = 0; j < d; j++)
            fit->encoder[i * d + j] /= largest;
    }
    double log_determinant;
    int sign;
    memcpy(work->one, fit->encoder, (size_t)(d * d) * sizeof *work->one);
    const int64_t failed = dsep_dense_inverse(d, work->one, &log_determinant, &sign);
    if (!failed)
        dsep_dense_product(d, p, d, 1, work->one, 0, basis, 1, 0, r->g);
    return failed;
}

/* Squared distance of row i of B_k B_0^-1 from that of the identity: what environment k changes in
 * the mechanism of factor i, in units of its noise. */
static double change(const workspace *work, int64_t i) {
    const int64_t d = work->d;
    double sum = 0;
    for (int64_t j = 0; j <= i; j++) {
        double entry = i == j ? -1 : 0;
        for (int64_t m = j; m <= i; m++)
            entry += work->noise[i * d + m] * work->observed[j * d + m];
        sum += entry * entry;
    }
    return sum;
}

static int64_t changed_row(const workspace *work) {
    int64_t changed = 0;
    for (int64_t i = 1; i < work->d; i++)
        if (change(work, i) > change(work, changed))
            changed = i;
    return changed;
}

/* B_k is B_0 with another row for the target. */
static void intervene(const workspace *work, int hard, int64_t k, dsep_representation *r) {
    const int64_t d = work->d, t = r->target[k];
    double *b = r->b + k * d * d;
    memcpy(b, r->b + work->precisions->observational * d * d, (size_t)(d * d) * sizeof *b);
    double variance = 0; /* of the target, 1 / B_tt^2 where it has no causes */
    for (int64_t j = 0; j <= t; j++)
        variance += work->two[j * d + t] * work->two[j * d + t];
    for (int64_t j = 0; j < d; j++)
        b[t * d + j] = !hard ? work->noise[t * d + j] : j == t ? 1 / sqrt(variance) : 0;
}

static int64_t environments(workspace *work, int hard, dsep_intervened *fit) {
    dsep_representation *r = fit->representation;
    const int64_t d = work->d, observational = work->precisions->observational;
    int64_t failed =
        noise_of(work, fit->encoder, observational, work->observed, r->b + observational * d * d);
    for (int64_t i = 0; i < d; i++)
        r->target[fit->environment[i]] = i;
    for (int64_t k = 0; k < r->n_environments && !failed; k++) {
        if (k == observational)
            continue;
        failed = noise_of(work, fit->encoder, k, work->two, work->noise);
        if (failed)
            break;
        const int64_t changed = changed_row(work);
        if (r->target[k] < 0) {
            r->target[k] = changed;
        } else if (r->target[k] != changed && !fit->reason) {
            fit->reason = DSEP_INTERVENED_SAME_TARGET;
            fit->concerned[0] = fit->environment[changed];
            fit->concerned[1] = k;
        }
        intervene(work, hard, k, r);
    }
    for (int64_t k = 0; k < r->n_environments; k++)
        for (int64_t i = 0; i < d; i++)
            for (int64_t j = 0; j < i; j++) {
                const double *row = r->b + (k * d + i) * d;
                r->weight[(k * d + i) * d + j] = row[j] != 0 ? -row[j] / row[i] : 0;
            }
    return failed;
}

/* Numbers that mean nothing are not left to be read. */
static void spoil(dsep_intervened *fit) {
    dsep_representation *r = fit->representation;
    const int64_t d = r->n_factors, p = r->n_variables, all = r->n_environments * d * d;
    for (int64_t i = 0; i < d * p; i++)
        r->h[i] = r->g[i] = NAN;
    for (int64_t i = 0; i < all; i++)
        r->b[i] = r->weight[i] = NAN;
    for (int64_t i = 0; i < d * d; i++)
        fit->encoder[i] = NAN;
    fit->spill = NAN;
    if (!fit->reason)
        fit->reason = DSEP_INTERVENED_SINGULAR;
}

static workspace workspace_of(const dsep_precisions *precisions, double *memory) {
    const int64_t d = precisions->n_factors;
    return (workspace){
        d, precisions, memory, memory + d * d, memory + 2 * d * d, memory + 3 * d * d};
}

double dsep_intervened_spill(const dsep_precisions *precisions, const double *rows,
                             const int64_t *environment, double *memory, double *share) {
    const int64_t d = precisions->n_factors;
    workspace work = workspace_of(precisions, memory);
    double spilt = 0, all = 0;
    int64_t failed = noise_of(&work, rows, precisions->observational, work.observed, work.noise);
    for (int64_t t = 0; t < d && !failed; t++) {
        failed = noise_of(&work, rows, environment[t], work.two, work.noise);
        for (int64_t i = 0; i < d && !failed; i++) {
            const double here = change(&work, i);
            all += here;
            spilt += i == t ? 0 : here;
        }
    }
    if (share)
        *share = failed || !(all > 0) ? NAN : spilt / all;
    return failed ? INFINITY : spilt;
}

int dsep_intervened_complete(const dsep_precisions *precisions, const double *rows, int hard,
                             dsep_error *error, dsep_intervened *fit) {
    const int64_t d = precisions->n_factors;
    double *memory = dsep_array(4 * d * d, sizeof *memory);
    if (!memory)
        return dsep_out_of_memory(error, "a representation");
    workspace work = {
        d, precisions, memory, memory + d * d, memory + 2 * d * d, memory + 3 * d * d};
    look_for_change(&work, fit);
    int good = independent(&work, rows, fit);
    if (good && hard)
        good = sharpen(&work, rows, fit->environment, fit->encoder) == 0;
    else
        memcpy(fit->encoder, rows, (size_t)(d * d) * sizeof *rows);
    good = good && spread(&work, fit) == 0 && environments(&work, hard, fit) == 0;
    if (good)
        dsep_intervened_spill(precisions, fit->encoder, fit->environment, memory, &fit->spill);
    else
        spoil(fit);
    free(memory);
    return DSEP_OK;
}
