#include "solvers/fisher_z_kernel.h"

/* One body, compiled for each kind of CPU and chosen when the program starts. Sanitizers and
 * analysers cannot work with the resolver. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__)
#define CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define CLONES
#endif

CLONES
dsep_citest_row dsep_fisher_z_decide(const dsep_fisher_z_row *row, int64_t *independent) {
    const double ik = row->ik, kk = row->kk, least = DSEP_FISHER_Z_SINGULAR * kk;
    const double i_left = row->ii * kk - ik * ik, bound = row->threshold * i_left;
    const double *ij = row->ij, *jj = row->jj, *kj = row->kj;
    const int64_t n = row->n;
    int64_t separated = 0, singular = 0;
    if (!(kk > DSEP_FISHER_Z_SINGULAR) || !(i_left > least))
        return (dsep_citest_row){.separated = 0, .singular = n};
#pragma omp simd reduction(+ : separated, singular)
    for (int64_t m = 0; m < n; m++) {
        const double joint = ij[m] * kk - ik * kj[m];
        const double j_left = jj[m] * kk - kj[m] * kj[m];
        const int64_t exists = j_left > least;
        const int64_t weak = joint * joint <= bound * j_left;
        independent[m] = exists & weak;
        separated += exists & weak;
        singular += 1 - exists;
    }
    return (dsep_citest_row){separated, singular};
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
