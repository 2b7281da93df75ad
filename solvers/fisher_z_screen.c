#include "solvers/fisher_z_screen.h"

#include "mpi/memory.h"
#include "solvers/citest.h"
#include "solvers/simd.h"

#include <cblas.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct dsep_fisher_z_screen {
    const dsep_correlation *correlation;
    dsep_block held; /* whose columns stand in rows: tiles of one row follow one another */
    float *rows, *columns, *products;
};

int dsep_fisher_z_screen_create(const dsep_correlation *correlation, dsep_error *error,
                                dsep_fisher_z_screen **screen) {
    const int64_t stride = correlation->stride;
    dsep_fisher_z_screen *made = dsep_array(1, sizeof *made);
    *screen = made;
    if (made) {
        made->correlation = correlation;
        made->rows = dsep_array(DSEP_CITEST_ROWS, (size_t)stride * sizeof(float));
        made->columns = dsep_array(DSEP_CITEST_COLUMNS, (size_t)stride * sizeof(float));
        made->products = dsep_array(DSEP_CITEST_ROWS * DSEP_CITEST_COLUMNS, sizeof(float));
        if (made->rows && made->columns && made->products)
            return DSEP_OK;
    }
    dsep_fisher_z_screen_destroy(screen);
    return dsep_out_of_memory(error, "a tile of correlations");
}

void dsep_fisher_z_screen_destroy(dsep_fisher_z_screen **screen) {
    if (!screen || !*screen)
        return;
    free((*screen)->rows);
    free((*screen)->columns);
    free((*screen)->products);
    free(*screen);
    *screen = NULL;
}

DSEP_CLONES
static void narrow(const double *from, int64_t count, float *to) {
#pragma omp simd
    for (int64_t k = 0; k < count; k++)
        to[k] = (float)from[k];
}

DSEP_CLONES
static float largest(const float *r, int64_t count) {
    float most = 0;
#pragma omp simd reduction(max : most)
    for (int64_t k = 0; k < count; k++)
        most = fabsf(r[k]) > most ? fabsf(r[k]) : most;
    return most;
}

/* How far the screen may be off: columns have length 1, so that n products sum to an absolute value
 * of at most 1; each is rounded three times (both factors, the product) and the sum n times more
 * (Higham 2002, section 3.1). */
static float cut_of(double threshold, int64_t n) {
    const double unit = FLT_EPSILON / 2, rounding = ((double)n + 8) * unit;
    const double margin = rounding < 0.5 ? 1.01 * rounding / (1 - rounding) : 2;
    return (float)fmax(0, (sqrt(threshold) - margin) * (1 - FLT_EPSILON));
}

/* Decides up to 64 pairs of x that the screen let through. */
static uint64_t decide(const dsep_correlation *c, double threshold, int64_t x, int64_t first,
                       int64_t count, const float *screened, float cut) {
    const int32_t of_x = (int32_t)x;
    int32_t candidates[64] = {0};
    double r[64];
    int n_candidates = 0;
    for (int64_t k = 0; k < count; k++)
        if (!(fabsf(screened[k]) < cut) && first + k > x)
            candidates[n_candidates++] = (int32_t)(first + k);
    dsep_correlation_block(c, &of_x, 1, candidates, n_candidates, r, 64);
    uint64_t bits = 0;
    for (int k = 0; k < n_candidates; k++)
        bits |= (uint64_t) !(r[k] * r[k] <= threshold) << (candidates[k] - first);
    return bits;
}

static void multiply(dsep_fisher_z_screen *screen, dsep_block rows, dsep_block columns) {
    const int64_t stride = screen->correlation->stride;
    const double *from = screen->correlation->columns;
    if (screen->held.first != rows.first || screen->held.count != rows.count)
        narrow(from + rows.first * stride, rows.count * stride, screen->rows);
    screen->held = rows;
    narrow(from + columns.first * stride, columns.count * stride, screen->columns);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows.count, (int)columns.count,
                (int)stride, 1, screen->rows, (int)stride, screen->columns, (int)stride, 0,
                screen->products, DSEP_CITEST_COLUMNS);
}

void dsep_fisher_z_screen_pairs(dsep_fisher_z_screen *screen, double threshold, dsep_block rows,
                                dsep_block columns, uint64_t *dependent) {
    const float cut = cut_of(threshold, screen->correlation->stride);
    const int64_t words = (columns.count + 63) / 64;
    multiply(screen, rows, columns);
    for (int64_t i = 0; i < rows.count; i++) {
        const float *row = screen->products + i * DSEP_CITEST_COLUMNS;
        for (int64_t word = 0; word < words; word++) {
            const int64_t at = 64 * word, left = columns.count - at, count = left < 64 ? left : 64;
            dependent[i * words + word] = 0;
            if (!(largest(row + at, count) < cut))
                dependent[i * words + word] = decide(screen->correlation, threshold, rows.first + i,
                                                     columns.first + at, count, row + at, cut);
        }
    }
}
