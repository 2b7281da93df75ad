/* Structure learning as continuous optimisation: DAGMA and NOTEARS.
 *
 * Weights W of a linear model are found by least squares with an L1 penalty under a smooth measure
 * of cycles that is driven to 0; what is left above a threshold is the DAG. All data enter through
 * the correlations. Weights that knowledge forbids are 0 from the first iteration to the last;
 * edges that it requires have no penalty, count in the measure whatever their weight, and stay
 * however small it is. DAGMA: Bello, Aragam & Ravikumar 2022, arXiv:2209.08037; NOTEARS: Zheng,
 * Aragam, Ravikumar & Xing 2018, arXiv:1803.01422. */
#ifndef DSEP_SOLVERS_CONTINUOUS_H
#define DSEP_SOLVERS_CONTINUOUS_H

#include "solvers/acyclic.h"
#include "solvers/correlation.h"
#include "solvers/pauses.h"
#include "solvers/weight_graph.h"

typedef struct {
    dsep_acyclic_kind kind; /* of the measure: DAGMA or NOTEARS */
    int raw;                /* covariances instead of correlations */
    double lambda;          /* L1 penalty */
    double threshold;       /* edges with |w| below it are dropped */
    double tolerance;       /* a stage is done when 100 iterations lower its value by less than this
                             * share; all but DAGMA's last use 100 times as much */
    int64_t max_iterations; /* of a stage */
    const dsep_knowledge *knowledge; /* settled; NULL: none */
    const double *sd; /* [n_variables] of the variables; NULL: the correlations have them */
    const dsep_pauses *pauses; /* NULL: never asked */
    const dsep_state *resume;  /* that an earlier run kept, or its `end`; NULL: none */
    dsep_state *end;           /* takes what gives the same result again without a search, where the
                                * run was not stopped; the caller clears it; NULL: not wanted */
} dsep_continuous_settings;

/* How a stage ended. */
typedef enum {
    DSEP_STAGE_GRADIENT,  /* its norm is at most 1e-4 fit sqrt(p) */
    DSEP_STAGE_SETTLED,   /* the value hardly falls any more */
    DSEP_STAGE_ITERATIONS /* max_iterations were not enough */
} dsep_stage_end;

/* One minimisation of fit (loss + lambda |W|_1) + linear h + quadratic h^2 / 2. */
typedef struct {
    double fit, determinant;  /* DAGMA: mu and s */
    double linear, quadratic; /* NOTEARS: multiplier and penalty */
    int64_t iterations, evaluations, end;
    double value, loss, norm, h, gradient_norm; /* at its end; norm: of what is penalised */
} dsep_continuous_stage;

enum { DSEP_CONTINUOUS_STAGES = 100 };

typedef struct {
    int stopped;   /* the state was kept and the run asked to stop: there is no graph */
    int converged; /* every stage's value settled and, for NOTEARS, h is at most 1e-8 */
    int64_t n_stages;
    dsep_continuous_stage stages[DSEP_CONTINUOUS_STAGES];
    dsep_weight_graph *answer;
    double ascending; /* share of edges whose effect has the larger variance; NaN without edges:
                       * near 1 on raw scales, the order of the variances may be all that was found
                       * (Reisach, Seiler & Weichwald 2021, arXiv:2102.13647) */
} dsep_continuous;

/* Runs it. Collective. Variables that do not vary, with correlations of 0, have no edges but
 * required ones. Errors: DSEP_ERROR_USAGE where PETSc was left out, DSEP_ERROR_RESOURCES,
 * DSEP_ERROR_DATA for a damaged state, those of the pauses, agreed. Cost: per evaluation 2 p^3
 * flops for the product and 2 p^3 (DAGMA) or some 22 p^3 (NOTEARS) for the measure, over all
 * ranks; 1.2 evaluations an iteration, some hundred to thousand iterations. Memory:
 * dsep_continuous_bytes(). A state holds the weights as they were when the present unit of 400
 * iterations began, with no memory of the ones before, so a run that goes on does what one without
 * a stop does. Reproducibility: class B; the margin at the threshold is in the answer. Owner of
 * *result: the caller. Shown by tests/oracle/dagma.c and
 * continuous_knowledge.c. */
int dsep_continuous_run(dsep_context *ctx, const dsep_correlation *correlation,
                        const dsep_continuous_settings *settings, dsep_continuous **result);

/* Frees it and sets *result to NULL; accepts NULL. Not collective. */
void dsep_continuous_destroy(dsep_continuous **result);

/* Bytes it needs over all ranks beside the correlations. Not collective. */
int64_t dsep_continuous_bytes(dsep_acyclic_kind kind, int64_t n_variables);

#endif
