#include "solvers/fisher_z_kernel.h"

#include "solvers/flag_word.h"
#include "solvers/simd.h"

#include <math.h>
#include <string.h>

DSEP_CLONES
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
DSEP_CLONES
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

DSEP_CLONES
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

DSEP_CLONES
int dsep_fisher_z_any_below(const dsep_fisher_z_row *row, double share) {
    const double ij = row->ij, jj = row->jj;
    const double *ik = row->ik, *kj = row->kj, *bound = row->bound;
    int64_t count = 0;
#pragma omp simd reduction(+ : count)
    for (int64_t m = 0; m < row->n; m++) {
        const double kk = row->kk ? row->kk[m] : 1;
        const double joint = ij * kk - ik[m] * kj[m], left = jj * kk - kj[m] * kj[m];
        count += (bound[m] >= 0) & (joint * joint <= share * bound[m] * left);
    }
    return count > 0;
}

/* Squared partial correlations; infinite where no test exists. */
DSEP_CLONES
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

DSEP_CLONES
void dsep_fisher_z_eliminate(int64_t n, double factor, const double *pivot, const double *source,
                             double *target) {
#pragma omp simd
    for (int64_t j = 0; j < n; j++)
        target[j] = source[j] - factor * pivot[j];
}

DSEP_CLONES
void dsep_fisher_z_eliminate_diagonal(int64_t n, double kk, const double *pivot,
                                      const double *source, double *target) {
    const double scale = 1 / kk;
#pragma omp simd
    for (int64_t j = 0; j < n; j++)
        target[j] = source[j] - pivot[j] * pivot[j] * scale;
}

DSEP_CLONES
static void test_word(const double *r, double threshold, uint8_t dependent[64]) {
#pragma omp simd
    for (int j = 0; j < 64; j++)
        dependent[j] = !(r[j] * r[j] <= threshold);
}

void dsep_fisher_z_pairs(int64_t n, double threshold, const double *r, uint64_t *dependent) {
    uint8_t bytes[64];
    for (int64_t first = 0; first < n; first += 64) {
        double rest[64] = {0};
        const double *at = r + first;
        if (n - first < 64)
            at = memcpy(rest, at, (size_t)(n - first) * sizeof *rest);
        test_word(at, threshold, bytes);
        dependent[first / 64] = dsep_flag_word(bytes);
    }
}
