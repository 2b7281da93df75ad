#include "solvers/hca_naming.h"

#include "mpi/exchange.h"
#include "mpi/layout.h"
#include "mpi/memory.h"
#include "solvers/dense.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDE = 64 }; /* variables that are centred at a time */

/* --- products of factors and variables -----------------------------------------------------------
 */

/* Sums over rows, centred in their environment; one block of numbers. */
typedef struct {
    double *zz; /* [d x d] */
    double *zx; /* [p x d] */
    double *xx; /* [p] */
} products;

static int64_t products_size(int64_t p, int64_t d) {
    return d * d + p * d + p;
}

static products products_at(double *memory, int64_t p, int64_t d) {
    return (products){memory, memory + d * d, memory + d * d + p * d};
}

static void centre(const double *x, int64_t rows, int64_t columns, double *piece) {
    for (int64_t j = 0; j < columns; j++) {
        double sum = 0;
        for (int64_t i = 0; i < rows; i++)
            sum += x[j * rows + i];
        for (int64_t i = 0; i < rows; i++)
            piece[j * rows + i] = x[j * rows + i] - sum / (double)rows;
    }
}

/* Of one environment; z: [rows x d], piece: [rows x WIDE]. */
static void multiply(const double *x, int64_t rows, int64_t p, int64_t d, const double *h,
                     double *z, double *piece, double *block, products to) {
    for (int64_t first = 0; first < p; first += WIDE) {
        const int64_t wide = p - first < WIDE ? p - first : WIDE;
        centre(x + first * rows, rows, wide, piece);
        for (int64_t i = 0; i < d; i++)
            memcpy(block + i * wide, h + i * p + first, (size_t)wide * sizeof *block);
        dsep_dense_product(rows, d, wide, 1, piece, 0, block, 0, first > 0, z);
    }
    dsep_dense_gram(rows, d, 1, z, 0, to.zz);
    for (int64_t first = 0; first < p; first += WIDE) {
        const int64_t wide = p - first < WIDE ? p - first : WIDE;
        centre(x + first * rows, rows, wide, piece);
        dsep_dense_product(d, wide, rows, 1, z, 1, piece, 0, 0, to.zx + first * d);
        for (int64_t j = 0; j < wide; j++)
            dsep_dense_gram(rows, 1, 1, piece + j * rows, 0, to.xx + first + j);
    }
}

static int multiply_mine(dsep_error *error, const dsep_environments *environments, dsep_block mine,
                         int64_t d, const double *h, double *memory) {
    const int64_t p = environments->n_variables, size = products_size(p, d);
    int64_t most = 0;
    for (int64_t k = 0; k < mine.count; k++)
        if (environments->rows[mine.first + k] > most)
            most = environments->rows[mine.first + k];
    double *z = dsep_array(dsep_bytes(most, d + WIDE, 1) + WIDE * d, sizeof *z);
    if (!z)
        return dsep_out_of_memory(error, "names of factors");
    double *piece = z + most * d, *block = piece + most * WIDE;
    for (int64_t k = 0; k < mine.count; k++)
        multiply(environments->values[mine.first + k], environments->rows[mine.first + k], p, d, h,
                 z, piece, block, products_at(memory + k * size, p, d));
    free(z);
    return DSEP_OK;
}

/* The sum over environments, in their order, into *sum (the caller's, free()). */
static int pool(dsep_context *ctx, const dsep_environments *environments, int64_t d,
                const double *h, double **sum) {
    const int64_t count = environments->n_environments;
    const int64_t size = products_size(environments->n_variables, d);
    const dsep_block mine = dsep_layout_block(count, dsep_size(ctx), dsep_rank(ctx));
    double *memory = dsep_array(dsep_bytes(mine.count, size, 1), sizeof *memory), *all = NULL;
    int64_t total = 0;
    int code = memory ? multiply_mine(dsep_context_error(ctx), environments, mine, d, h, memory)
                      : dsep_out_of_memory(dsep_context_error(ctx), "names of factors");
    DSEP_AGREE(ctx, code);
    DSEP_TRY(dsep_gather_all(ctx, memory, mine.count * size * (int64_t)sizeof *memory,
                             (void **)&all, &total));
    for (int64_t k = 1; k < count; k++)
        for (int64_t i = 0; i < size; i++)
            all[i] += all[k * size + i];
    *sum = all;
    all = NULL;
cleanup:
    free(memory);
    free(all);
    return code;
}

/* --- names ---------------------------------------------------------------------------------------
 */

/* coefficient = (zz of the factors before i)^-1 right; scratch: [d x d]. */
static void solve_before(products s, int64_t d, int64_t i, double *right, double *scratch) {
    for (int64_t a = 0; a < i; a++)
        memcpy(scratch + a * i, s.zz + a * d, (size_t)i * sizeof *scratch);
    if (i > 0 && !dsep_dense_cholesky(i, scratch))
        dsep_dense_cholesky_solve(i, scratch, 1, right);
}

static double product(int64_t n, const double *x, const double *y) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

/* What is left of a variable given the factors before i, and of its product with factor i.
 * coefficient: [d] on those factors. */
static void residual(products s, int64_t d, int64_t i, int64_t v, double *coefficient,
                     double *scratch, double *own, double *with) {
    const double *zx = s.zx + v * d;
    memcpy(coefficient, zx, (size_t)i * sizeof *coefficient);
    solve_before(s, d, i, coefficient, scratch);
    *own = s.xx[v] - product(i, coefficient, zx);
    *with = zx[i] - product(i, coefficient, s.zz + i * d);
}

/* The variable of factor i. */
static void choose(products s, int64_t p, int64_t d, int64_t i, double *scratch,
                   dsep_hca_names *names) {
    double *coefficient = scratch + d * d, best = 0;
    for (int64_t v = 0; v < p; v++) {
        double own, with;
        residual(s, d, i, v, coefficient, scratch, &own, &with);
        if (own > 1e-10 * s.xx[v] && with * with / own > best) {
            best = with * with / own;
            names->variable[i] = v;
        }
    }
    memcpy(coefficient, s.zz + i * d, (size_t)i * sizeof *coefficient);
    solve_before(s, d, i, coefficient, scratch);
    const double all = s.zz[i * d + i], before = product(i, coefficient, s.zz + i * d);
    names->r2[i] = names->variable[i] >= 0 ? fmin(1, (before + best) / all) : NAN;
}

/* z_i = a x + sum c_j z_j: c_j is what z_i has of z_j less a times what x has. */
static void turn_factor(products s, int64_t d, int64_t i, double *scratch, dsep_hca_names *names) {
    double *of_x = scratch + d * d, *of_z = of_x + d, *turn = names->turn + i * d;
    double own = 0, with = 0, square = 1, zz = 0;
    turn[i] = 1;
    if (names->variable[i] < 0)
        return;
    residual(s, d, i, names->variable[i], of_x, scratch, &own, &with);
    memcpy(of_z, s.zz + i * d, (size_t)i * sizeof *of_z);
    solve_before(s, d, i, of_z, scratch);
    for (int64_t j = 0; j < i; j++) {
        turn[j] = -(of_z[j] - with / own * of_x[j]);
        square += turn[j] * turn[j];
    }
    const double scale = (with < 0 ? -1 : 1) / sqrt(square);
    for (int64_t j = 0; j <= i; j++)
        turn[j] *= scale;
    for (int64_t j = 0; j <= i; j++)
        zz += turn[j] * product(i + 1, turn, s.zz + j * d);
    const double zx = product(i + 1, turn, s.zx + names->variable[i] * d);
    names->alone[i] = zx * zx / (zz * s.xx[names->variable[i]]);
}

int dsep_hca_names_create(dsep_context *ctx, const dsep_environments *environments,
                          int64_t n_factors, const double *h, dsep_hca_names **names) {
    const int64_t d = n_factors, p = environments->n_variables;
    dsep_hca_names *made = dsep_array(1, sizeof *made);
    double *sum = NULL, *scratch = dsep_array(d * d + 2 * d, sizeof *scratch);
    int code = DSEP_OK;
    *names = NULL;
    if (made)
        *made = (dsep_hca_names){.turn = dsep_array(d * d, sizeof *made->turn),
                                 .variable = dsep_array(d, sizeof *made->variable),
                                 .r2 = dsep_array(d, sizeof *made->r2),
                                 .alone = dsep_array(d, sizeof *made->alone)};
    if (!scratch || !made || !made->turn || !made->variable || !made->r2 || !made->alone)
        code = dsep_out_of_memory(dsep_context_error(ctx), "names of factors");
    DSEP_AGREE(ctx, code);
    DSEP_TRY(pool(ctx, environments, d, h, &sum));
    const products s = products_at(sum, p, d);
    for (int64_t i = 0; i < d; i++) {
        made->variable[i] = -1;
        made->r2[i] = made->alone[i] = NAN;
        choose(s, p, d, i, scratch, made);
        turn_factor(s, d, i, scratch, made);
    }
    *names = made;
    made = NULL;
cleanup:
    dsep_hca_names_destroy(&made);
    free(sum);
    free(scratch);
    return code;
}

void dsep_hca_names_destroy(dsep_hca_names **names) {
    if (!names || !*names)
        return;
    free((*names)->turn);
    free((*names)->variable);
    free((*names)->r2);
    free((*names)->alone);
    free(*names);
    *names = NULL;
}
