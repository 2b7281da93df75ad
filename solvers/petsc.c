#include "solvers/petsc.h"

#include <stdio.h>

#ifdef DSEP_PETSC
#include "mpi/exchange.h"

#include <math.h>
#include <petsctao.h>
#include <petsctaolinesearch.h>
#include <stdlib.h>
#include <string.h>

#if defined(PETSC_USE_COMPLEX) || !defined(PETSC_USE_REAL_DOUBLE)
#error "this PETSc has no real numbers of double precision: take another one, or make PETSC=no"
#endif

/* One minimisation, for the functions that PETSc calls back. */
typedef struct {
    dsep_context *ctx;
    const dsep_minimisation *problem;
    int code; /* of the caller's functions or of PETSc's first complaint */
    int64_t evaluations;
    Tao tao;
    Vec x, lower, upper;
} call;

/* PETSc's first complaint becomes our error; nothing is printed, nothing ends. */
static PetscErrorCode complain(MPI_Comm comm, int line, const char *function, const char *file,
                               PetscErrorCode number, PetscErrorType type, const char *text,
                               void *data) {
    call *c = data;
    (void)comm, (void)type;
    if (!c->code)
        c->code =
            dsep_fail(c->ctx, number == PETSC_ERR_MEM ? DSEP_ERROR_RESOURCES : DSEP_ERROR_INTERNAL,
                      "PETSc: %s (error %d in %s, %s:%d)", text ? text : "no text", (int)number,
                      function, file, line);
    return number;
}

static PetscErrorCode evaluate(Tao tao, Vec x, PetscReal *value, Vec gradient, void *data) {
    call *c = data;
    const PetscScalar *at;
    PetscScalar *slope;
    (void)tao;
    PetscCall(VecGetArrayRead(x, &at));
    PetscCall(VecGetArrayWrite(gradient, &slope));
    c->code = c->problem->evaluate(c->ctx, at, value, slope, c->problem->evaluate_data);
    c->evaluations++;
    PetscCall(VecRestoreArrayWrite(gradient, &slope));
    PetscCall(VecRestoreArrayRead(x, &at));
    return c->code ? PETSC_ERR_USER : 0;
}

/* TAO's own test, and ours: the norm alone counts, and the caller may stop. */
static PetscErrorCode test_convergence(Tao tao, void *data) {
    call *c = data;
    PetscInt iteration;
    PetscReal value, norm;
    int stop = 0;
    PetscCall(TaoGetSolutionStatus(tao, &iteration, &value, &norm, NULL, NULL, NULL));
    if (norm <= c->problem->tolerance)
        return TaoSetConvergedReason(tao, TAO_CONVERGED_GATOL);
    if (iteration > 0 && c->problem->look)
        c->code = c->problem->look(c->ctx, iteration, value, c->problem->look_data, &stop);
    if (c->code)
        return PETSC_ERR_USER;
    if (stop)
        return TaoSetConvergedReason(tao, TAO_CONVERGED_USER);
    if (iteration >= c->problem->max_iterations)
        return TaoSetConvergedReason(tao, TAO_DIVERGED_MAXITS);
    return 0;
}

static dsep_minimum_reason reason_of(TaoConvergedReason reason) {
    switch (reason) {
    case TAO_CONVERGED_USER:
        return DSEP_MINIMUM_STOPPED;
    case TAO_DIVERGED_MAXITS:
        return DSEP_MINIMUM_ITERATIONS;
    case TAO_CONVERGED_GATOL:
        return DSEP_MINIMUM_CONVERGED;
    default:
        return DSEP_MINIMUM_STALLED;
    }
}

/* The line search compares with the slope along a direction that was not projected, and variables
 * that are held at 0 can make most of it: any decrease that is more than rounding must do. The
 * database of options, the one way to say so, holds none but ours. */
static PetscErrorCode configure(call *c) {
    TaoLineSearch search;
    PetscCall(TaoSetType(c->tao, TAOBLMVM));
    PetscCall(TaoSetSolution(c->tao, c->x));
    PetscCall(TaoSetVariableBounds(c->tao, c->lower, c->upper));
    PetscCall(TaoSetObjectiveAndGradient(c->tao, NULL, evaluate, c));
    PetscCall(TaoSetConvergenceTest(c->tao, test_convergence, c));
    PetscCall(TaoGetLineSearch(c->tao, &search));
    PetscCall(TaoLineSearchSetType(search, TAOLINESEARCHARMIJO));
    PetscCall(PetscOptionsSetValue(NULL, "-tao_ls_armijo_sigma", "1e-8"));
    PetscCall(TaoLineSearchSetFromOptions(search));
    return 0;
}

static PetscErrorCode solve(call *c, double *values, dsep_minimum *minimum) {
    TaoConvergedReason reason;
    PetscInt iterations;
    PetscCall(VecCreateMPIWithArray(dsep_comm(c->ctx), 1, (PetscInt)c->problem->count, PETSC_DECIDE,
                                    values, &c->x));
    PetscCall(VecDuplicate(c->x, &c->lower));
    PetscCall(VecDuplicate(c->x, &c->upper));
    PetscCall(VecSet(c->lower, 0));
    PetscCall(VecSet(c->upper, PETSC_INFINITY));
    PetscCall(TaoCreate(dsep_comm(c->ctx), &c->tao));
    PetscCall(configure(c));
    PetscCall(TaoSolve(c->tao));
    PetscCall(TaoGetSolutionStatus(c->tao, &iterations, &minimum->value, &minimum->gradient_norm,
                                   NULL, NULL, &reason));
    minimum->reason = reason_of(reason);
    minimum->iterations = iterations;
    minimum->evaluations = c->evaluations;
    return 0;
}

/* Frees what solve() made, whether it failed or not. */
static void release(call *c) {
    TaoDestroy(&c->tao);
    VecDestroy(&c->upper);
    VecDestroy(&c->lower);
    VecDestroy(&c->x);
}

/* Starts PETSc, once a process: it cannot start again after its end. Its world is this rank, so
 * that it depends on nobody's communicator; what it makes stands on the caller's. It is deaf to the
 * user's environment, and signals stay ours. */
static int start(dsep_context *ctx) {
    PetscBool there = PETSC_FALSE, over = PETSC_FALSE;
    PetscInitialized(&there);
    PetscFinalized(&over);
    if (there && !over)
        return DSEP_OK;
    unsetenv("PETSC_OPTIONS");
    unsetenv("PETSC_OPTIONS_YAML");
    PETSC_COMM_WORLD = PETSC_COMM_SELF;
    if (over || PetscOptionsSetValue(NULL, "-skip_petscrc", "true") ||
        PetscOptionsSetValue(NULL, "-no_signal_handler", "true") || PetscInitializeNoArguments())
        return dsep_fail(ctx, DSEP_ERROR_INTERNAL, "PETSc could not be started");
    return DSEP_OK;
}

void dsep_petsc_end(void) {
    PetscBool there = PETSC_FALSE, over = PETSC_FALSE;
    PetscInitialized(&there);
    PetscFinalized(&over);
    if (there && !over)
        PetscFinalize();
}

int dsep_petsc_minimise(dsep_context *ctx, const dsep_minimisation *problem, double *x,
                        dsep_minimum *minimum) {
    int code = DSEP_OK;
    call c = {.ctx = ctx, .problem = problem};
    int64_t total = problem->count;
    memset(minimum, 0, sizeof *minimum);
    dsep_sum_i64(ctx, &total, 1);
    int mine =
        total > PETSC_MAX_INT
            ? dsep_fail(ctx, DSEP_ERROR_RESOURCES,
                        "%lld variables are more than this PETSc can count; it must be built "
                        "with 64-bit indices",
                        (long long)total)
            : start(ctx);
    DSEP_AGREE(ctx, mine);
    PetscPushErrorHandler(complain, &c);
    const PetscErrorCode failed = solve(&c, x, minimum);
    release(&c);
    PetscPopErrorHandler();
    if (failed && !c.code)
        c.code = dsep_fail(ctx, DSEP_ERROR_INTERNAL, "PETSc failed: error %d", failed);
    DSEP_AGREE(ctx, c.code);
cleanup:
    return code;
}

int dsep_petsc_check(dsep_error *error) {
    (void)error;
    return DSEP_OK;
}

void dsep_petsc_version(char *text, size_t size) {
    int major = 0, minor = 0, patch = 0;
    PetscGetVersionNumber(&major, &minor, &patch, NULL);
    snprintf(text, size, "%d.%d.%d", major, minor, patch);
}

#else

int dsep_petsc_minimise(dsep_context *ctx, const dsep_minimisation *problem, double *x,
                        dsep_minimum *minimum) {
    (void)problem, (void)x, (void)minimum;
    return dsep_agree(ctx, dsep_petsc_check(dsep_context_error(ctx)));
}

void dsep_petsc_end(void) {}

int dsep_petsc_check(dsep_error *error) {
    char text[256];
    dsep_petsc_version(text, sizeof text);
    return dsep_error_set(error, DSEP_ERROR_USAGE, "this method needs PETSc, which was %s", text);
}

void dsep_petsc_version(char *text, size_t size) {
    snprintf(text, size,
             "left out of this program (make PETSC=no), and with it --method dagma and notears; "
             "install libpetsc-real-dev or set PETSC_DIR, and run make again");
}

#endif
