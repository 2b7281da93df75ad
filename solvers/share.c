#include "solvers/share.h"

#include <math.h>

int dsep_share_reaches(int64_t k, int64_t n, double t) {
    return n > 0 && (double)k / (double)n >= t;
}

double dsep_share_half_width(int64_t k, int64_t n, double z) {
    if (n <= 0)
        return 0.5;
    const double with = (double)k, without = (double)(n - k), all = (double)n;
    return z / (all + z * z) * sqrt(with * without / all + z * z / 4);
}
