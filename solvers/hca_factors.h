/* From an order of rows to factors: H, B_k and structural weights (hca.h). */
#ifndef DSEP_SOLVERS_HCA_FACTORS_H
#define DSEP_SOLVERS_HCA_FACTORS_H

#include "solvers/hca_judge.h"

/* Orthonormal rows of H [d x p] of the order that was judged last. Not collective.
 * unmixing: [K x d x p] the rows that the judge's inner products are of. */
void dsep_hca_axes(const dsep_hca_judge *judge, const int32_t *row, int64_t n_variables,
                   const double *unmixing, double *h);

/* B_k [K x d x d] of factors turned by a lower triangular matrix [d x d]: the lower triangle of
 * M_k H', which is the least squares fit of B_k H to M_k, times the inverse of the turn. Not
 * collective. A turn without inverse gives NaN. */
void dsep_hca_mixing(const dsep_hca_judge *judge, const int32_t *row, const double *turn,
                     double *b);

/* Structural weights I - diag(T_k) T_k^-1, T_k = B_k^-1, that is -B_ij / B_ii beside the diagonal:
 * factor i's row in terms of its causes j. Not collective. */
void dsep_hca_weights(int64_t n_factors, int64_t n_environments, const double *b, double *weight);

/* rows = turn rows: [d x p] in place, turn lower triangular. Not collective. */
void dsep_hca_turn(int64_t n_factors, int64_t n_variables, const double *turn, double *rows);

#endif
