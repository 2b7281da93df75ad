/* Principal directions of rows, and the rows' scores along them with unit variance.
 *
 * Through the covariance of the variables where there are at most as many of them as rows, else
 * through the products of the rows with each other (the Gram matrix, Kirby & Sirovich 1990, IEEE
 * Transactions on Pattern Analysis and Machine Intelligence 12:103): nothing is ever larger than
 * the smaller of the two. Reproducibility: class B. */
#ifndef DSEP_SOLVERS_WHITENING_H
#define DSEP_SOLVERS_WHITENING_H

#include "mpi/blockcyclic.h"
#include "solvers/environments.h"

typedef struct {
    int64_t rows; /* those of weight > 0 */
    int64_t n_variables, n_directions;
    int64_t rank;     /* how many of the directions have a variance above rounding: of the others
                       * scores, whitening and dewhitening are 0 */
    double weight;    /* sum of the weights */
    double total;     /* sum of the variances of all variables */
    int64_t *row;     /* [rows] which of the rows given these are, ascending */
    int32_t *often;   /* [rows] their weights */
    double *mean;     /* [n_variables] weighted */
    double *variance; /* [n_directions] descending, divisor weight - 1 */
    double *scores;   /* [rows x n_directions] column after column, weighted variance 1 */
    double
        *whitening; /* [n_directions x n_variables] row after row: scores = whitening (x - mean) */
    double *dewhitening; /* [n_variables x n_directions] column after column: x - mean is about
                          * dewhitening scores */
} dsep_whitening;

/* Finds the leading directions of rows x [rows x n_variables], column after column. Not collective.
 * weight: [rows] whole numbers, how often each row counts; NULL: once. A weighted row is the same
 * as a repeated one. products: what dsep_row_products_of() gave for the same x, whatever the
 * weights; or NULL. Signs: the largest entry of each direction is positive. Fewer than two rows, or
 * more directions than there are: a rank below n_directions. Errors: DSEP_ERROR_RESOURCES,
 * DSEP_ERROR_INTERNAL. Cost: with m the smaller of rows and n_variables, their product times m
 * flops, unless products are given, and 4/3 m^3. Owner of *whitening: the caller. */
int dsep_whitening_create(const double *x, int64_t rows, int64_t n_variables, const int32_t *weight,
                          const double *products, int64_t n_directions, dsep_error *error,
                          dsep_whitening **whitening);

/* The same of one environment, over a grid, with the same whitening on every rank. Collective.
 * weight: the same on every rank. For the smaller of rows and variables large.
 * Errors: as above, agreed. Memory on a rank: the result, and its pieces of the rows and of three
 * matrices of the smaller order. */
int dsep_whitening_grid(dsep_context *ctx, const dsep_grid *grid,
                        const dsep_environments *environments, int64_t which, const int32_t *weight,
                        int64_t n_directions, dsep_whitening **whitening);

/* Frees it and sets *whitening to NULL; accepts NULL. Not collective. */
void dsep_whitening_destroy(dsep_whitening **whitening);

/* Products of the rows with each other, centred, of each environment with fewer rows than
 * variables: what whitenings with other weights, of replicates say, need not make again. */
typedef struct dsep_row_products dsep_row_products;

/* Makes them, once a node. Collective: environments are spread over ranks. Errors:
 * DSEP_ERROR_RESOURCES, agreed. Memory: 8 rows^2 bytes an environment, once a node. Owner of
 * *products: the caller. */
int dsep_row_products_create(dsep_context *ctx, const dsep_environments *environments,
                             dsep_row_products **products);

/* Those of one environment, [rows x rows]; NULL where it has as many rows as variables. Lent. Not
 * collective. */
const double *dsep_row_products_of(const dsep_row_products *products, int64_t which);

/* Frees them and sets *products to NULL; accepts NULL. Collective. */
void dsep_row_products_destroy(dsep_row_products **products);

#endif
