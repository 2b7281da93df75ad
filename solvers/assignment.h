/* The assignment problem: who gets what at the least cost. */
#ifndef DSEP_SOLVERS_ASSIGNMENT_H
#define DSEP_SOLVERS_ASSIGNMENT_H

#include "mpi/error.h"

#include <stdint.h>

/* Gives every row a column of its own so that the sum of cost[row * n + column] is least. Not
 * collective.
 * Shortest augmenting paths with dual prices: Jonker & Volgenant 1987, "A shortest augmenting path
 * algorithm for dense and sparse linear assignment problems", Computing 38:325,
 * doi:10.1007/BF02278710. cost: [n x n] finite. Of several least assignments, which is found is a
 * function of the costs. column: [n]. total: may be NULL. Errors: DSEP_ERROR_RESOURCES. Cost:
 * O(n^3). */
int dsep_assignment(int64_t n, const double *cost, dsep_error *error, int64_t *column,
                    double *total);

#endif
