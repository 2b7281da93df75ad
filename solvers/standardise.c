#include "solvers/standardise.h"

#include <math.h>

/* Powers of two keep every bit, so columns of any magnitude can be squared safely. */
static double safe_scale(const double *column, int64_t n) {
    double largest = 0;
    for (int64_t s = 0; s < n; s++)
        largest = fmax(largest, fabs(column[s]));
    int exponent = 0;
    frexp(largest, &exponent);
    return ldexp(1, exponent > 1000 ? -1000 : exponent < -1000 ? 1000 : -exponent);
}

void dsep_standardise(const double *column, int64_t n, double *unit, double *mean, double *sd) {
    const double scale = safe_scale(column, n);
    double sum = 0, rest = 0, squares = 0;
    for (int64_t s = 0; s < n; s++)
        sum += column[s] * scale;
    const double centre = sum / (double)n;
    for (int64_t s = 0; s < n; s++)
        rest += unit[s] = column[s] * scale - centre;
    const double correction = rest / (double)n; /* what rounding left of the mean */
    for (int64_t s = 0; s < n; s++) {
        unit[s] -= correction;
        squares += unit[s] * unit[s];
    }
    const double length = sqrt(squares);
    for (int64_t s = 0; s < n; s++)
        unit[s] /= length;
    *mean = (centre + correction) / scale;
    *sd = length / sqrt((double)(n - 1)) / scale;
}
