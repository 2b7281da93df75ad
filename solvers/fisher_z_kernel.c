#include "solvers/fisher_z_kernel.h"

#include <math.h>

/* One body, compiled for each kind of CPU and chosen when the program starts. Sanitizers and
 * analysers cannot work with the resolver. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__)
#define CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define CLONES
#endif

CLONES
void dsep_fisher_z_bounds(int64_t n, double ii, double threshold, const double *ik,
                          const double *kk, double *bound) {
#pragma omp simd
    for (int64_t m = 0; m < n; m++) {
        const double own = kk ? kk[m] : 1;
        const double left = ii * own - ik[m] * ik[m];
        const int exists = own > DSEP_FISHER_Z_SINGULAR && left > DSEP_FISHER_Z_SINGULAR * own;
        bound[m] = exists ? threshold * left : DSEP_FISHER_Z_NO_TEST;
    }
}

/* Sets of one member: every kk is 1. */
CLONES
static dsep_fisher_z_block test_first(const dsep_fisher_z_row *row, int64_t *independent) {
    const double ij = row->ij, *ik = row->ik, *kj = row->kj, *bound = row->bound;
    int64_t separated = 0, singular = 0;
#pragma omp simd reduction(+ : separated, singular)
    for (int64_t m = 0; m < row->n; m++) {
        const double joint = ij - ik[m] * kj[m];
        const double left = 1 - kj[m] * kj[m];
        const int64_t exists = (left > DSEP_FISHER_Z_SINGULAR) & (bound[m] >= 0);
        const int64_t weak = joint * joint <= bound[m] * left;
        independent[m] = exists & weak;
        separated += exists & weak;
        singular += (bound[m] >= DSEP_FISHER_Z_NO_TEST) & (1 - exists);
    }
    return (dsep_fisher_z_block){separated, singular};
}

CLONES
static dsep_fisher_z_block test_longer(const dsep_fisher_z_row *row, int64_t *independent) {
    const double ij = row->ij, jj = row->jj;
    const double *ik = row->ik, *kk = row->kk, *kj = row->kj, *bound = row->bound;
    int64_t separated = 0, singular = 0;
#pragma omp simd reduction(+ : separated, singular)
    for (int64_t m = 0; m < row->n; m++) {
        const double joint = ij * kk[m] - ik[m] * kj[m];
        const double left = jj * kk[m] - kj[m] * kj[m];
        const int64_t exists = (left > DSEP_FISHER_Z_SINGULAR * kk[m]) & (bound[m] >= 0);
        const int64_t weak = joint * joint <= bound[m] * left;
        independent[m] = exists & weak;
        separated += exists & weak;
        singular += (bound[m] >= DSEP_FISHER_Z_NO_TEST) & (1 - exists);
    }
    return (dsep_fisher_z_block){separated, singular};
}

dsep_fisher_z_block dsep_fisher_z_test(const dsep_fisher_z_row *row, int64_t *independent) {
    return row->kk ? test_longer(row, independent) : test_first(row, independent);
}

/* Squared partial correlations; infinite where no test exists. */
CLONES
static double square_all(const dsep_fisher_z_row *row, double ii, double *squared) {
    const double ij = row->ij, jj = row->jj;
    const double *ik = row->ik, *kj = row->kj, *bound = row->bound;
    double least = INFINITY;
#pragma omp simd reduction(min : least)
    for (int64_t m = 0; m < row->n; m++) {
        const double kk = row->kk ? row->kk[m] : 1;
        const double joint = ij * kk - ik[m] * kj[m];
        const double i_left = ii * kk - ik[m] * ik[m], j_left = jj * kk - kj[m] * kj[m];
        const int exists = (bound[m] >= 0) & (j_left > DSEP_FISHER_Z_SINGULAR * kk);
        const double value = joint * joint / (i_left * j_left);
        squared[m] = exists ? value : INFINITY;
        least = squared[m] < least ? squared[m] : least;
    }
    return least;
}

double dsep_fisher_z_least(const dsep_fisher_z_row *row, double ii, double *squared,
                           int64_t *pivot) {
    const double least = square_all(row, ii, squared);
    *pivot = -1;
    for (int64_t m = 0; m < row->n && *pivot < 0; m++)
        if (squared[m] == least && !isinf(least))
            *pivot = m;
    return least;
}

CLONES
void dsep_fisher_z_eliminate(int64_t n, double factor, const double *pivot, const double *source,
                             double *target) {
#pragma omp simd
    for (int64_t j = 0; j < n; j++)
        target[j] = source[j] - factor * pivot[j];
}

CLONES
void dsep_fisher_z_eliminate_diagonal(int64_t n, double kk, const double *pivot,
                                      const double *source, double *target) {
    const double scale = 1 / kk;
#pragma omp simd
    for (int64_t j = 0; j < n; j++)
        target[j] = source[j] - pivot[j] * pivot[j] * scale;
}

CLONES
void dsep_fisher_z_gather(int64_t n, const int32_t *places, const double *source, double *row) {
#pragma omp simd
    for (int64_t m = 0; m < n; m++)
        row[m] = source[places[m]];
}

CLONES
int64_t dsep_fisher_z_pairs(int64_t n, double threshold, const double *r, uint8_t *independent) {
    int64_t count = 0;
#pragma omp simd reduction(+ : count)
    for (int64_t j = 0; j < n; j++) {
        const uint8_t weak = r[j] * r[j] <= threshold;
        independent[j] = weak;
        count += weak;
    }
    return count;
}
