#include "solvers/rates.h"

#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/inner_product.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 64, COLUMNS = 512 };
static const double ENOUGH = 0.004, BYTES_A_SECOND = 2e9; /* memory written for the first time */

/* Seconds a pair of the best of some runs: others may use the machine as well. */
static double best_of(void (*run)(int64_t, const void *, void *), int64_t stride, const void *from,
                      void *out) {
    double best = 1e9;
    for (double began = dsep_clock(), now = began; now - began < ENOUGH;) {
        const double start = now;
        run(stride, from, out);
        now = dsep_clock();
        best = now - start < best ? now - start : best;
    }
    return best / ((double)ROWS * COLUMNS);
}

static void multiply_double(int64_t stride, const void *from, void *out) {
    const double *x[ROWS], *y[COLUMNS];
    for (int i = 0; i < ROWS; i++)
        x[i] = (const double *)from + i * stride;
    for (int j = 0; j < COLUMNS; j++)
        y[j] = (const double *)from + j * stride;
    dsep_inner_products(stride, x, ROWS, y, COLUMNS, out, COLUMNS);
}

static void multiply_single(int64_t stride, const void *from, void *out) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, ROWS, COLUMNS, (int)stride, 1, from,
                (int)stride, from, (int)stride, 0, out, COLUMNS);
}

dsep_rates dsep_rates_measure(const double *sample, int64_t n_samples) {
    dsep_rates rates = {0, 0};
    /* more samples only repeat themselves */
    const int64_t part = n_samples < 4096 ? n_samples : 4096, stride = dsep_inner_stride(part);
    double *from = dsep_array(COLUMNS, (size_t)stride * sizeof *from);
    float *narrow = dsep_array(COLUMNS, (size_t)stride * sizeof *narrow);
    double *out = dsep_array(ROWS * COLUMNS, sizeof *out);
    if (from && narrow && out && part > 0) {
        const double scale = (double)n_samples / (double)part;
        for (int64_t k = 0; k < COLUMNS * stride; k++)
            narrow[k] = (float)(from[k] = sample[k % part]);
        rates.whole = scale * best_of(multiply_double, stride, from, out) +
                      2 * sizeof(double) / BYTES_A_SECOND;
        rates.tiled = scale * best_of(multiply_single, stride, narrow, out);
    }
    free(from);
    free(narrow);
    free(out);
    return rates;
}
