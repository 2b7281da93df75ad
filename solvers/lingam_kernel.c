#include "solvers/lingam_kernel.h"

#include "solvers/inner_product.h"
#include "solvers/simd.h"

#include <math.h>

/* A product of 512 numbers of at most 2 is finite. */
enum { LANES = DSEP_INNER_LANES, FACTORS = 512 };

typedef double lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(8)));
typedef int64_t words __attribute__((vector_size(LANES * sizeof(int64_t)), aligned(8)));

#define INLINE static inline __attribute__((always_inline))

/* exp(-a): 2^k exp(f), k the nearest whole number and |f| <= log(2) / 2. The polynomial goes
 * through exp at 11 Chebyshev points; it is off by 3.5e-16 at most. */
INLINE lanes exp_minus(lanes a) {
    const double to_whole = 0x1.8p52;
    const lanes shifted = to_whole - a * 0x1.71547652b82fep+0;
    const lanes k = shifted - to_whole;
    const lanes f = (-a - k * 0x1.62e42fefa0000p-1) - k * 0x1.cf79abc9e3b3ap-40;
    lanes e = f * 0x1.28a2f14d67e43p-22 + 0x1.72fb3925533b7p-19;
    e = e * f + 0x1.a019a63bb0bc2p-16;
    e = e * f + 0x1.a01978808c6bap-13;
    e = e * f + 0x1.6c16c17f52666p-10;
    e = e * f + 0x1.1111112dec9fcp-7;
    e = e * f + 0x1.5555555552079p-5;
    e = e * f + 0x1.555555554b6b4p-3;
    e = e * f + 0x1.0000000000005p-1;
    e = e * f + 0x1.000000000001fp+0;
    e = e * f + 1;
    return (lanes)((words)e + ((words)shifted << 52));
}

/* Running sums over one variable, a lane each. */
typedef struct {
    lanes magnitude; /* |u| */
    lanes product;   /* of 1 + exp(-2 |u|) */
    lanes weighted;  /* u exp(-u^2 / 2) */
} sums;

/* Beyond 37 both exponentials are as good as 0. */
INLINE void add(sums *s, lanes u) {
    const double beyond = 37;
    const lanes most = beyond - (lanes){0};
    const lanes magnitude = (lanes)((words)u & INT64_MAX);
    const words within = magnitude < most;
    const lanes a = (lanes)(((words)magnitude & within) | ((words)most & ~within));
    s->magnitude += magnitude;
    s->product += s->product * exp_minus(a + a);
    s->weighted += u * exp_minus(a * a * 0.5);
}

INLINE double fold(lanes v) {
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

/* The logarithm of what the lanes multiplied, which then begin anew. */
INLINE double take_product(sums *s) {
    lanes logarithm = {0};
    for (int l = 0; l < LANES; l++)
        logarithm[l] = log(s->product[l]);
    s->product = 1 + (lanes){0};
    return fold(logarithm);
}

/* The zeros behind the samples add log cosh 0 = 0, made of log 2 - log 2. */
INLINE double entropy(int64_t n, int64_t stride, const sums *s, double logarithms) {
    const double most = 1.4189385332046727417803; /* (1 + log 2 pi) / 2 */
    const double log_cosh = (fold(s->magnitude) + logarithms - (double)stride * M_LN2) / (double)n;
    const double weighted = fold(s->weighted) / (double)n, tail = log_cosh - 0.37457;
    return most - 79.047 * tail * tail - 7.4129 * weighted * weighted;
}

DSEP_CLONES
double dsep_lingam_entropy(int64_t n, int64_t stride, const double *x) {
    sums s = {.product = 1 + (lanes){0}};
    const double scale = sqrt((double)n);
    double logarithms = 0;
    for (int64_t first = 0; first < stride; first += FACTORS * LANES) {
        const int64_t end = first + FACTORS * LANES < stride ? first + FACTORS * LANES : stride;
        for (int64_t k = first; k < end; k += LANES)
            add(&s, *(const lanes *)(x + k) * scale);
        logarithms += take_product(&s);
    }
    return entropy(n, stride, &s, logarithms);
}

DSEP_CLONES
double dsep_lingam_difference(int64_t n, int64_t stride, const double *x, const double *y,
                              double r) {
    sums of_x = {.product = 1 + (lanes){0}}, of_y = of_x;
    const double own = sqrt((double)n / ((1 - r) * (1 + r))), other = -r * own;
    double logarithms_x = 0, logarithms_y = 0;
    for (int64_t first = 0; first < stride; first += FACTORS * LANES) {
        const int64_t end = first + FACTORS * LANES < stride ? first + FACTORS * LANES : stride;
        for (int64_t k = first; k < end; k += LANES) {
            const lanes at_x = *(const lanes *)(x + k), at_y = *(const lanes *)(y + k);
            add(&of_x, at_x * own + at_y * other);
            add(&of_y, at_y * own + at_x * other);
        }
        logarithms_x += take_product(&of_x);
        logarithms_y += take_product(&of_y);
    }
    return entropy(n, stride, &of_x, logarithms_x) - entropy(n, stride, &of_y, logarithms_y);
}

DSEP_CLONES
void dsep_lingam_exp(int64_t count, const double *a, double *out) {
    for (int64_t k = 0; k < count; k += LANES)
        *(lanes *)(out + k) = exp_minus(*(const lanes *)(a + k));
}
