#include "solvers/inner_product.h"

#include "solvers/simd.h"

/* PIECE samples of some columns stay in the cache while all pairs use them. A block is ROWS x
 * COLUMNS at most: as many running sums as the widest registers hold. */
enum { PIECE = 512, ROWS = 6, COLUMNS = 8, SUMS = 24 };

typedef double lanes __attribute__((vector_size(DSEP_INNER_LANES * sizeof(double)), aligned(8)));
typedef double half __attribute__((vector_size(DSEP_INNER_LANES / 2 * sizeof(double)), aligned(8)));
typedef double quarter __attribute__((vector_size(2 * sizeof(double))));

#define INLINE static inline __attribute__((always_inline))

/* Folds what two halves of the lanes hold. */
INLINE double fold(half low, half high) {
    const half four = low + high;
    const quarter two =
        __builtin_shufflevector(four, four, 0, 1) + __builtin_shufflevector(four, four, 2, 3);
    return two[0] + two[1];
}

/* Products of `rows` with `columns` columns over one piece. Both are constants where this is
 * called, so that every sum has its register. */
INLINE void block_of_lanes(int64_t n, const double *const *x, const double *const *y, double *out,
                           const int rows, const int columns) {
    lanes sum[SUMS] = {0};
    for (int64_t k = 0; k < n; k += DSEP_INNER_LANES) {
        lanes of_y[COLUMNS];
#pragma GCC unroll 8
        for (int j = 0; j < columns; j++)
            of_y[j] = *(const lanes *)(y[j] + k);
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) {
            const lanes of_x = *(const lanes *)(x[i] + k);
#pragma GCC unroll 8
            for (int j = 0; j < columns; j++)
                sum[i * columns + j] += of_x * of_y[j];
        }
    }
#pragma GCC unroll 24
    for (int s = 0; s < rows * columns; s++)
        out[s] = fold(__builtin_shufflevector(sum[s], sum[s], 0, 1, 2, 3),
                      __builtin_shufflevector(sum[s], sum[s], 4, 5, 6, 7));
}

/* The same where a register holds half of the lanes. */
INLINE void block_of_halves(int64_t n, const double *const *x, const double *const *y, double *out,
                            const int rows, const int columns) {
    half low[SUMS] = {0}, high[SUMS] = {0};
    for (int64_t k = 0; k < n; k += DSEP_INNER_LANES)
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) {
            const half *of_x = (const half *)(x[i] + k);
#pragma GCC unroll 8
            for (int j = 0; j < columns; j++) {
                const half *of_y = (const half *)(y[j] + k);
                low[i * columns + j] += of_x[0] * of_y[0];
                high[i * columns + j] += of_x[1] * of_y[1];
            }
        }
#pragma GCC unroll 24
    for (int s = 0; s < rows * columns; s++)
        out[s] = fold(low[s], high[s]);
}

/* Columns of one piece, from `first` on; where none are left the last one stands in. */
INLINE void point(const double *const *columns, int64_t first, int64_t count, int64_t offset,
                  const double **at, const int wanted) {
    for (int i = 0; i < wanted; i++)
        at[i] = columns[first + i < count ? first + i : count - 1] + offset;
}

/* Adds one piece to all products, block by block. */
INLINE void add_piece(int64_t offset, int64_t n, const double *const *x, int64_t rows,
                      const double *const *y, int64_t columns, double *out, int64_t leading,
                      const int high, const int wide, const int whole_lanes) {
    const double *of_x[ROWS], *of_y[COLUMNS];
    double products[SUMS];
    for (int64_t i = 0; i < rows; i += high) {
        point(x, i, rows, offset, of_x, high);
        for (int64_t j = 0; j < columns; j += wide) {
            point(y, j, columns, offset, of_y, wide);
            if (whole_lanes)
                block_of_lanes(n, of_x, of_y, products, high, wide);
            else
                block_of_halves(n, of_x, of_y, products, high, wide);
            for (int a = 0; a < high && i + a < rows; a++)
                for (int b = 0; b < wide && j + b < columns; b++) {
                    double *at = &out[(i + a) * leading + j + b];
                    *at = offset == 0 ? products[a * wide + b] : *at + products[a * wide + b];
                }
        }
    }
}

INLINE void all_pieces(int64_t stride, const double *const *x, int64_t rows, const double *const *y,
                       int64_t columns, double *out, int64_t leading, const int high,
                       const int wide, const int whole_lanes) {
    for (int64_t offset = 0; offset < stride; offset += PIECE) {
        const int64_t n = stride - offset < PIECE ? stride - offset : PIECE;
        if (rows == 1)
            add_piece(offset, n, x, rows, y, columns, out, leading, 1, high * wide / 3,
                      whole_lanes);
        else
            add_piece(offset, n, x, rows, y, columns, out, leading, high, wide, whole_lanes);
    }
}

/* --- one shape of block for each kind of CPU: the sums fill its registers ----------------------
 */

typedef void products(int64_t stride, const double *const *x, int64_t rows, const double *const *y,
                      int64_t columns, double *out, int64_t leading);

#if DSEP_SIMD == 0 || DSEP_SIMD == 4
DSEP_TARGET_V4 static void products_v4(int64_t stride, const double *const *x, int64_t rows,
                                       const double *const *y, int64_t columns, double *out,
                                       int64_t leading) {
    all_pieces(stride, x, rows, y, columns, out, leading, 6, 4, 1);
}
#endif

#if DSEP_SIMD == 0 || DSEP_SIMD == 3
DSEP_TARGET_V3 static void products_v3(int64_t stride, const double *const *x, int64_t rows,
                                       const double *const *y, int64_t columns, double *out,
                                       int64_t leading) {
    all_pieces(stride, x, rows, y, columns, out, leading, 3, 2, 0);
}
#endif

#if DSEP_SIMD == 0 || DSEP_SIMD == 1
static void products_v1(int64_t stride, const double *const *x, int64_t rows,
                        const double *const *y, int64_t columns, double *out, int64_t leading) {
    all_pieces(stride, x, rows, y, columns, out, leading, 3, 1, 0);
}
#endif

#if DSEP_SIMD == 0
static products *choose_products(void) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("x86-64-v4"))
        return products_v4;
    return __builtin_cpu_supports("x86-64-v3") ? products_v3 : products_v1;
}

void dsep_inner_products(int64_t stride, const double *const *x, int64_t rows,
                         const double *const *y, int64_t columns, double *out, int64_t leading)
    __attribute__((ifunc("choose_products")));
#else
void dsep_inner_products(int64_t stride, const double *const *x, int64_t rows,
                         const double *const *y, int64_t columns, double *out, int64_t leading) {
#if DSEP_SIMD == 4
    products_v4(stride, x, rows, y, columns, out, leading);
#elif DSEP_SIMD == 3
    products_v3(stride, x, rows, y, columns, out, leading);
#else
    products_v1(stride, x, rows, y, columns, out, leading);
#endif
}
#endif

int64_t dsep_inner_stride(int64_t n) {
    return (n + DSEP_INNER_LANES - 1) / DSEP_INNER_LANES * DSEP_INNER_LANES;
}
