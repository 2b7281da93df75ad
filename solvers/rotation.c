#include "solvers/rotation.h"

#include <math.h>

/* Numbers 2 i and 2 i + 1 come from draw i of the matrix's own indices. */
static void fill_normal(dsep_random source, uint64_t index, int64_t count, double *values) {
    const uint64_t first = index * ((uint64_t)DSEP_ROTATION_LARGEST * DSEP_ROTATION_LARGEST / 2);
    for (int64_t i = 0; i < count; i += 2) {
        double u[2];
        dsep_random_uniform2(source, first + (uint64_t)(i / 2), u);
        const double radius = sqrt(-2 * log(u[0])), angle = 2 * M_PI * u[1];
        values[i] = radius * cos(angle);
        if (i + 1 < count)
            values[i + 1] = radius * sin(angle);
    }
}

static double product(int64_t d, const double *x, const double *y) {
    double sum = 0;
    for (int64_t j = 0; j < d; j++)
        sum += x[j] * y[j];
    return sum;
}

/* Gram-Schmidt, each row twice: orthogonal to rounding. */
void dsep_rotation(dsep_random source, uint64_t index, int64_t d, double *rotation) {
    fill_normal(source, index, d * d, rotation);
    for (int64_t i = 0; i < d; i++) {
        double *row = rotation + i * d;
        for (int64_t h = 0; h < 2 * i; h++) {
            const double *before = rotation + h % i * d;
            const double along = product(d, row, before);
            for (int64_t j = 0; j < d; j++)
                row[j] -= along * before[j];
        }
        const double scale = 1 / sqrt(product(d, row, row));
        for (int64_t j = 0; j < d; j++)
            row[j] *= scale;
    }
}
