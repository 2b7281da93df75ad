/* Inner products: bit for bit those of a slow sum in the documented order, whatever block of
 * columns they are made in and whichever column comes first; nothing outside the block is read or
 * written. ranks: 1 2 */
#include "solvers/inner_product.h"
#include "mpi/random.h"
#include "solvers/simd.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 14, COLUMNS = 18, BOTH = ROWS + COLUMNS, WIDEST = COLUMNS + 3, GUARD = 8 };
enum { OUT = GUARD + ROWS * WIDEST + GUARD };

static uint64_t drawn;

static double between(double low, double high) {
    return low + (high - low) * dsep_random_uniform((dsep_random){12, 1500, 0}, drawn++);
}

static int same(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

/* --- the documented order -------------------------------------------------------------------- */

/* Whether this build's products are added without rounding them first. */
static int is_fused(void) {
#if DSEP_SIMD == 0
    __builtin_cpu_init();
    return __builtin_cpu_supports("x86-64-v3") != 0;
#elif DSEP_SIMD > 1 || defined(__FP_FAST_FMA)
    return 1;
#else
    return 0;
#endif
}

/* volatile: whatever the compiler's flags, a product is rounded before it is added. */
static double add_product(double sum, double x, double y, int fused) {
    volatile double product = x * y;
    return fused ? fma(x, y, sum) : sum + product;
}

static double slow_piece(const double *x, const double *y, int64_t n, int fused) {
    double lane[8] = {0};
    for (int64_t k = 0; k < n; k++)
        lane[k % 8] = add_product(lane[k % 8], x[k], y[k], fused);
    for (int half = 4; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            lane[l] += lane[l + half];
    return lane[0];
}

static double slow_product(const double *x, const double *y, int64_t stride, int fused) {
    double sum = 0;
    for (int64_t first = 0; first < stride; first += 512) {
        const int64_t n = stride - first < 512 ? stride - first : 512;
        const double piece = slow_piece(x + first, y + first, n, fused);
        sum = first == 0 ? piece : sum + piece;
    }
    return sum;
}

static double plain_sum(const double *x, const double *y, int64_t stride) {
    volatile double sum = 0;
    for (int64_t k = 0; k < stride; k++)
        sum = sum + x[k] * y[k];
    return sum;
}

/* --- columns with something around them ------------------------------------------------------ */

/* Column c is memory + c * room + GUARD; between them stands what is no number, so that a product
 * that reads beyond its column is none. */
typedef struct {
    int64_t stride, room;
    double *memory;
    const double *column[BOTH];
} columns;

/* Numbers of many sizes: every order of summation has other bits. `used` samples, then zeros. */
static columns draw(int64_t stride, int64_t used) {
    columns c = {.stride = stride, .room = stride + GUARD + 1};
    c.memory = malloc((size_t)(BOTH * c.room + GUARD) * sizeof *c.memory);
    for (int64_t k = 0; k < BOTH * c.room + GUARD; k++)
        c.memory[k] = NAN;
    for (int64_t j = 0; j < BOTH; j++) {
        double *column = c.memory + j * c.room + GUARD;
        for (int64_t k = 0; k < stride; k++)
            column[k] = k < used ? ldexp(between(-1, 1), (int)between(-12, 12)) : 0;
        c.column[j] = column;
    }
    return c;
}

/* Asks for the first rows x wide products, compares them with wanted[ROWS x COLUMNS], and looks at
 * all that is not theirs. */
static int block_right(const columns *c, int rows, int wide, int leading, const double *wanted) {
    const double *x[ROWS + GUARD] = {0}, *y[COLUMNS + GUARD] = {0}; /* nothing behind the lists */
    double out[OUT], guard;
    memset(out, 0x55, sizeof out);
    guard = out[0];
    memcpy(x, c->column, (size_t)rows * sizeof *x);
    memcpy(y, c->column + ROWS, (size_t)wide * sizeof *y);
    dsep_inner_products(c->stride, x, rows, y, wide, out + GUARD, leading);
    int good = 1;
    for (int at = 0; at < OUT; at++) {
        const int i = (at - GUARD) / leading, j = (at - GUARD) % leading;
        const int inside = at >= GUARD && i < rows && j < wide;
        good &= same(out[at], inside ? wanted[i * COLUMNS + j] : guard);
    }
    return good;
}

static int alone_right(const columns *c, const double *wanted) {
    int good = 1;
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++) {
            double one, other;
            dsep_inner_products(c->stride, &c->column[i], 1, &c->column[ROWS + j], 1, &one, 1);
            dsep_inner_products(c->stride, &c->column[ROWS + j], 1, &c->column[i], 1, &other, 1);
            good &= same(one, wanted[i * COLUMNS + j]) && same(other, one);
        }
    return good;
}

static int turned_right(const columns *c, const double *wanted) {
    double out[COLUMNS * ROWS];
    int good = 1;
    dsep_inner_products(c->stride, c->column + ROWS, COLUMNS, c->column, ROWS, out, ROWS);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++)
            good &= same(out[j * ROWS + i], wanted[i * COLUMNS + j]);
    return good;
}

static void test_stride(int64_t stride, int64_t used) {
    columns c = draw(stride, used);
    double wanted[ROWS * COLUMNS];
    int other_order = 0, other_rounding = 0, good = 1;
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++) {
            const double *x = c.column[i], *y = c.column[ROWS + j];
            wanted[i * COLUMNS + j] = slow_product(x, y, stride, is_fused());
            other_order += !same(wanted[i * COLUMNS + j], plain_sum(x, y, stride));
            other_rounding +=
                !same(wanted[i * COLUMNS + j], slow_product(x, y, stride, !is_fused()));
        }
    tap_ok(alone_right(&c, wanted) && other_order > 20 && (other_rounding > 20) == (stride > 8),
           "stride %lld: each alone has the bits of the documented order, either column first (%d "
           "would differ if added in turn, %d with the other rounding)",
           (long long)stride, other_order, other_rounding);
    for (int rows = 1; rows <= ROWS; rows++)
        for (int wide = 1; wide <= COLUMNS; wide++)
            good &= block_right(&c, rows, wide, wide + (rows + wide) % 4, wanted);
    tap_ok(good, "stride %lld: in every block of 1 to 14 by 1 to 18, and nothing else is written",
           (long long)stride);
    tap_ok(turned_right(&c, wanted), "stride %lld: and in the transposed block", (long long)stride);
    good = block_right(&c, 0, COLUMNS, COLUMNS, wanted) && block_right(&c, ROWS, 0, 3, wanted);
    tap_ok(good, "stride %lld: a block without rows or columns writes nothing", (long long)stride);
    free(c.memory);
}

/* --- small things ---------------------------------------------------------------------------- */

/* One lane: -1, then (1 + e)(1 - e) with e^2 lost when the product is rounded. */
static void test_rounding(void) {
    const double e = 0x1p-30;
    const double x[16] = {[0] = -1, [8] = 1 + e}, y[16] = {[0] = 1, [8] = 1 - e};
    const double *of_x[] = {x}, *of_y[] = {y};
    double out = 7;
    dsep_inner_products(16, of_x, 1, of_y, 1, &out, 1);
    tap_ok(same(out, is_fused() ? -e * e : 0), "products are %s before they are added",
           is_fused() ? "not rounded" : "rounded");
}

static void test_length(void) {
    int good = 1;
    for (int64_t n = 0; n <= 1100; n++) {
        const int64_t stride = dsep_inner_stride(n);
        good &= stride % 8 == 0 && stride >= n && stride < n + 8;
    }
    tap_ok(good && DSEP_INNER_LANES == 8, "strides are whole lanes, the fewest that hold a column");
}

/* The zeros behind the samples add nothing, whatever the length. */
static void test_padding(void) {
    int good = 1;
    for (int64_t n = 1; n <= 40; n++) {
        columns c = draw(dsep_inner_stride(n), n);
        double out, sum[8] = {0};
        dsep_inner_products(c.stride, c.column, 1, c.column + 1, 1, &out, 1);
        for (int64_t k = 0; k < n; k++)
            sum[k % 8] = add_product(sum[k % 8], c.column[0][k], c.column[1][k], is_fused());
        const double left = (sum[0] + sum[4]) + (sum[2] + sum[6]);
        good &= same(out, left + ((sum[1] + sum[5]) + (sum[3] + sum[7])));
        free(c.memory);
    }
    tap_ok(good, "1 to 40 samples: zeros behind them change nothing");
}

int main(int argc, char **argv) {
    static const int64_t strides[] = {8, 504, 512, 520, 1024, 1032, 4096};
    tap_begin(&argc, &argv);
    test_rounding();
    test_length();
    test_padding();
    for (size_t i = 0; i < sizeof strides / sizeof *strides; i++)
        test_stride(strides[i], strides[i] - (int64_t)i % 3);
    return tap_end();
}
