/* Uniformly random orthogonal matrices, a function of (source, index). */
#ifndef DSEP_SOLVERS_ROTATION_H
#define DSEP_SOLVERS_ROTATION_H

#include "mpi/random.h"

enum { DSEP_ROTATION_LARGEST = 1024 };

/* Fills rotation [d x d], row after row, d up to DSEP_ROTATION_LARGEST: the orthogonal factor of a
 * matrix of independent normal numbers, its triangular one having a positive diagonal, which makes
 * it Haar distributed (Mezzadri 2007, Notices of the AMS 54:592). Not collective. Cost: 4 d^3
 * flops. */
void dsep_rotation(dsep_random source, uint64_t index, int64_t d, double *rotation);

#endif
