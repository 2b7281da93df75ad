/* Tests without any condition where no correlation matrix can be held: a tile of correlations is
 * made in single precision and dropped at once. Pairs that it cannot rule out, with a proven margin
 * for its rounding, are decided in double precision, so that no decision depends on it. */
#ifndef DSEP_SOLVERS_FISHER_Z_SCREEN_H
#define DSEP_SOLVERS_FISHER_Z_SCREEN_H

#include "solvers/correlation.h"

typedef struct dsep_fisher_z_screen dsep_fisher_z_screen;

/* Makes a screen over columns, which are lent and must outlive it. Not collective.
 * Errors: DSEP_ERROR_RESOURCES. Owner of *screen: the caller. */
int dsep_fisher_z_screen_create(const dsep_correlation *correlation, dsep_error *error,
                                dsep_fisher_z_screen **screen);

/* Frees it and sets *screen to NULL; accepts NULL. Not collective. */
void dsep_fisher_z_screen_destroy(dsep_fisher_z_screen **screen);

/* dependent bit (x, y) = r^2 > threshold for the pairs of a block, shaped as dsep_citest's pairs().
 * Not collective. Bits of pairs y <= x have no meaning. Cost: 2 n flops a pair in single precision;
 * 2 n in double for each pair near or above the threshold. Reproducibility: class A. */
void dsep_fisher_z_screen_pairs(dsep_fisher_z_screen *screen, double threshold, dsep_block rows,
                                dsep_block columns, uint64_t *dependent);

#endif
