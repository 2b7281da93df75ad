/* Minimisation under bounds by PETSc's TAO: the one adapter to that library.
 *
 * Built with `make PETSC=no` it says that it is not there. */
#ifndef DSEP_SOLVERS_PETSC_H
#define DSEP_SOLVERS_PETSC_H

#include "mpi/context.h"

/* How a minimisation ended. */
typedef enum {
    DSEP_MINIMUM_CONVERGED,  /* the projected gradient is small enough */
    DSEP_MINIMUM_ITERATIONS, /* as many iterations as were allowed */
    DSEP_MINIMUM_STALLED,    /* no lower point along the direction: rounding errors rule */
    DSEP_MINIMUM_STOPPED     /* by the caller's `look` */
} dsep_minimum_reason;

typedef struct {
    dsep_minimum_reason reason;
    int64_t iterations, evaluations;
    double value, gradient_norm; /* Euclidean norm of the projected gradient */
} dsep_minimum;

/* A function of variables that are spread over the ranks, all of them >= 0. */
typedef struct {
    int64_t count;          /* variables on this rank; may be 0 */
    int64_t max_iterations; /* the same on every rank, as is what follows */
    double tolerance;       /* of the gradient's norm */

    /* Value and this rank's part of the gradient at x [count]. INFINITY outside the function's
     * domain: steps are halved until they stay inside; then the gradient is not looked at. A
     * variable whose gradient is 0 wherever it is 0 stays 0. Collective: value and returned code
     * are the same on every rank. */
    int (*evaluate)(dsep_context *ctx, const double *x, double *value, double *gradient,
                    void *data);
    void *evaluate_data;

    /* Asked after every iteration; *stop ends the minimisation there. NULL: never. Collective: the
     * same on every rank. */
    int (*look)(dsep_context *ctx, int64_t iteration, double value, void *data, int *stop);
    void *look_data;
} dsep_minimisation;

/* Minimises from x [count] >= 0, which must be inside the domain, and leaves the best point there.
 * Collective. Limited-memory BFGS, projected (TAO's BLMVM), with steps halved until the value falls
 * (Armijo). PETSc gets none of the user's PETSC_OPTIONS and handles no signals. Errors: those of
 * evaluate and look; DSEP_ERROR_USAGE where PETSc was left out; DSEP_ERROR_INTERNAL for PETSc's
 * own; agreed. Memory: about 25 vectors of count. Reproducibility: class B. Source: Benson & More
 * 2001, ANL/MCS-P909-0901. */
int dsep_petsc_minimise(dsep_context *ctx, const dsep_minimisation *problem, double *x,
                        dsep_minimum *minimum);

/* Ends PETSc where it was started, before MPI ends; it cannot start again. Collective. */
void dsep_petsc_end(void);

/* DSEP_OK where PETSc was built in. Not collective. Errors: DSEP_ERROR_USAGE where it was left out,
 * which says how to get it. */
int dsep_petsc_check(dsep_error *error);

/* Its version, or how to get it, into text[size]. Not collective. */
void dsep_petsc_version(char *text, size_t size);

#endif
