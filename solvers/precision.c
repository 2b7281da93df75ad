#include "solvers/precision.h"

#include "mpi/memory.h"
#include "solvers/dense.h"
#include "solvers/moments.h"
#include "solvers/resample.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Eigenvalues below this part of the largest are rounding. */
static const double NEGLIGIBLE = 1e-13;

static int check(int64_t p, int64_t n_environments, int64_t observational, int64_t d,
                 dsep_error *error) {
    if (d < 1 || d > p)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "%" PRId64 " factors cannot be found in %" PRId64
                              " variables: ask for 1 to %" PRId64,
                              d, p, p);
    if (observational < 0 || observational >= n_environments)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "no observational environment: say which of the %" PRId64
                              " environments has no intervention",
                              n_environments);
    if (n_environments < d + 1)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "%" PRId64 " environments do not tell %" PRId64
                              " factors: one without intervention and one for each factor are "
                              "needed, %" PRId64 " in all",
                              n_environments, d, d + 1);
    return DSEP_OK;
}

int dsep_precisions_create(int64_t n_variables, int64_t n_environments, int64_t observational,
                           int64_t n_factors, dsep_error *error, dsep_precisions **made) {
    const int64_t p = n_variables, d = n_factors, k = n_environments;
    *made = NULL;
    const int code = check(p, k, observational, d, error);
    if (code)
        return code;
    dsep_precisions *pr = *made = dsep_array(1, sizeof *pr);
    if (pr)
        *pr = (dsep_precisions){.n_variables = p,
                                .n_factors = d,
                                .n_environments = k,
                                .observational = observational,
                                .basis = dsep_array(d * p, sizeof *pr->basis),
                                .precision = dsep_array(k * d * d, sizeof *pr->precision),
                                .covariance = dsep_array(k * d * d, sizeof *pr->covariance),
                                .rows = dsep_array(k, sizeof *pr->rows)};
    if (!pr || !pr->basis || !pr->precision || !pr->covariance || !pr->rows) {
        dsep_precisions_destroy(made);
        return dsep_out_of_memory(error, "precision matrices");
    }
    return DSEP_OK;
}

void dsep_precisions_destroy(dsep_precisions **precisions) {
    dsep_precisions *pr = precisions ? *precisions : NULL;
    if (!pr)
        return;
    for (int64_t k = 0; k < pr->n_environments && pr->coordinate; k++)
        free(pr->coordinate[k]);
    free(pr->coordinate);
    free(pr->basis);
    free(pr->precision);
    free(pr->covariance);
    free(pr->rows);
    free(pr);
    *precisions = NULL;
}

int dsep_precisions_span(dsep_precisions *pr, const double *values, const double *vectors,
                         double trace, dsep_error *error) {
    const int64_t p = pr->n_variables, d = pr->n_factors;
    int64_t rank = 0;
    double sum = 0;
    for (int64_t i = 0; i < d; i++) {
        rank += values[i] > NEGLIGIBLE * values[0];
        sum += values[i];
    }
    if (rank < d)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "all environments together have rank %" PRId64 ": %" PRId64
                              " factors cannot be told apart; ask for %" PRId64 " at most",
                              rank, d, rank);
    memcpy(pr->basis, vectors, (size_t)(d * p) * sizeof *vectors);
    pr->kept = sum / trace;
    pr->gap = p > d ? values[d] / values[d - 1] : 0;
    if (pr->gap < NEGLIGIBLE)
        pr->gap = 0;
    return DSEP_OK;
}

/* The inverse of one symmetric matrix; false where its rank is too low. work: [2 d x d + d] */
static int invert(int64_t d, const double *from, double *to, double *work, dsep_error *error,
                  int *code) {
    double *vectors = work + d * d, *values = vectors + d * d;
    memcpy(work, from, (size_t)(d * d) * sizeof *from);
    *code = dsep_dense_eigen(d, work, d, values, vectors, error);
    if (*code || !(values[d - 1] > NEGLIGIBLE * values[0]))
        return 0;
    memcpy(to, from, (size_t)(d * d) * sizeof *from);
    if (dsep_dense_cholesky(d, to))
        return 0;
    dsep_dense_cholesky_inverse(d, to);
    return 1;
}

int dsep_precisions_invert(dsep_precisions *pr, const double *from, double *to, dsep_error *error) {
    const int64_t d = pr->n_factors;
    double *work = dsep_array(2 * d * d + d, sizeof *work);
    int code = work ? DSEP_OK : dsep_out_of_memory(error, "precision matrices");
    for (int64_t k = 0; k < pr->n_environments && !code; k++)
        if (!invert(d, from + k * d * d, to + k * d * d, work, error, &code) && !code)
            code = dsep_error_set(error, DSEP_ERROR_DATA,
                                  "environment %" PRId64 " of %" PRId64
                                  " has rank below the number of factors, %" PRId64
                                  ": ask for fewer factors or leave it out",
                                  k + 1, pr->n_environments, d);
    free(work);
    return code;
}

/* Their mean, [p x p], and its trace. */
static double mean_of(int64_t p, int64_t count, const double *const *matrix, double *mean) {
    double trace = 0;
    for (int64_t i = 0; i < p * p; i++) {
        mean[i] = 0;
        for (int64_t k = 0; k < count; k++)
            mean[i] += matrix[k][i];
        mean[i] /= (double)count;
    }
    for (int64_t i = 0; i < p; i++)
        trace += mean[i * p + i];
    return trace;
}

int dsep_precisions_of_matrices(int64_t n_variables, int64_t n_environments,
                                const double *const *theta, int64_t observational,
                                int64_t n_factors, dsep_error *error, dsep_precisions **made) {
    const int64_t p = n_variables, d = n_factors, wanted = d < p ? d + 1 : d;
    int code = dsep_precisions_create(p, n_environments, observational, d, error, made);
    if (code)
        return code;
    dsep_precisions *pr = *made;
    double *mean = dsep_array(p * p, sizeof *mean), *values = dsep_array(wanted, sizeof *values),
           *vectors = dsep_array(p * wanted, sizeof *vectors);
    code = mean && values && vectors ? DSEP_OK : dsep_out_of_memory(error, "precision matrices");
    if (!code) {
        const double trace = mean_of(p, n_environments, theta, mean);
        code = dsep_dense_eigen(p, mean, wanted, values, vectors, error);
        code = code ? code : dsep_precisions_span(pr, values, vectors, trace, error);
    }
    for (int64_t k = 0; k < n_environments && !code; k++) { /* V' Theta V */
        dsep_dense_product(p, d, p, 1, theta[k], 0, pr->basis, 0, 0, vectors);
        dsep_dense_product(d, d, p, 1, pr->basis, 1, vectors, 0, 0, pr->precision + k * d * d);
        dsep_dense_mirror(d, pr->precision + k * d * d);
    }
    code = code ? code : dsep_precisions_invert(pr, pr->precision, pr->covariance, error);
    snprintf(pr->arithmetic, sizeof pr->arithmetic, "LAPACK on each rank");
    free(mean);
    free(values);
    free(vectors);
    if (code)
        dsep_precisions_destroy(made);
    return code;
}

/* Covariance of an environment's drawn rows. */
static int draw(const dsep_precisions *pr, int64_t k, uint64_t seed, int64_t replicate,
                int32_t *weight, dsep_error *error, double *covariance) {
    const dsep_resample how = {
        .scheme = DSEP_RESAMPLE_BOOTSTRAP, .seed = seed, .n_samples = pr->rows[k]};
    dsep_resample_weights(&how, replicate * pr->n_environments + k, weight);
    dsep_moments *moments = NULL;
    const int code =
        dsep_moments_create(pr->coordinate[k], pr->rows[k], pr->n_factors, weight, error, &moments);
    if (!code)
        dsep_moments_covariance(moments, 1, covariance);
    dsep_moments_destroy(&moments);
    return code;
}

int dsep_precisions_resample(const dsep_precisions *pr, uint64_t seed, int64_t replicate,
                             dsep_error *error, dsep_precisions **resampled) {
    const int64_t p = pr->n_variables, d = pr->n_factors;
    int64_t most = 0;
    for (int64_t k = 0; k < pr->n_environments; k++)
        most = pr->rows[k] > most ? pr->rows[k] : most;
    int code =
        dsep_precisions_create(p, pr->n_environments, pr->observational, d, error, resampled);
    if (code)
        return code;
    dsep_precisions *made = *resampled;
    int32_t *weight = dsep_array(most, sizeof *weight);
    code = weight ? DSEP_OK : dsep_out_of_memory(error, "a replicate");
    memcpy(made->basis, pr->basis, (size_t)(d * p) * sizeof *pr->basis);
    memcpy(made->rows, pr->rows, (size_t)pr->n_environments * sizeof *pr->rows);
    made->kept = pr->kept;
    made->gap = pr->gap;
    for (int64_t k = 0; k < pr->n_environments && !code; k++)
        code = draw(pr, k, seed, replicate, weight, error, made->covariance + k * d * d);
    code = code ? code : dsep_precisions_invert(made, made->covariance, made->precision, error);
    free(weight);
    if (code)
        dsep_precisions_destroy(resampled);
    return code;
}
