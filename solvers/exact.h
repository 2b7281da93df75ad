/* The exact posterior over all DAGs of up to 25 variables, for a weight that is a product of local
 * scores.
 *
 * For a set W of variables let q_s(W) be the probability that W is exactly what is not s and does
 * not descend from s. All that is asked for is linear in q, and q costs two passes of 3^p terms;
 * docs/methods.md has the formulas. */
#ifndef DSEP_SOLVERS_EXACT_H
#define DSEP_SOLVERS_EXACT_H

#include "solvers/parent_sums.h"
#include "solvers/pauses.h"

typedef struct {
    int n_variables;
    double *edge;        /* [p x p] P(i -> j), row i; diagonal 0 */
    double *path;        /* [p x p] P(i is an ancestor of j), row i; diagonal 0 */
    double log_evidence; /* logarithm of the sum over all DAGs of exp(sum of local scores) */
    double log_dags;     /* of their number: less this, the evidence under the uniform prior */
    double digits; /* that are right: the least of an estimate from the magnitudes of the terms
                    * and of two identities, the weight of all DAGs by either pass and the sum
                    * of q_s, which is 1 */
    int complete;  /* 0: stopped by `pauses`; nothing else then holds */
} dsep_exact;

/* Bytes that a node needs for p variables with everything that makes the scores; -1 where p is
 * beyond DSEP_EXACT_MOST. Not collective. */
int64_t dsep_exact_memory(int64_t n_variables);

/* Terms of both passes. Not collective. */
double dsep_exact_terms(int64_t n_variables);

/* Makes it. Collective. pauses: what is asked between two layers; NULL: nothing. from: a state that
 * was kept before, or NULL. Errors: DSEP_ERROR_RESOURCES, agreed; DSEP_ERROR_DATA for a state of
 * something else. Cost: 2 * 3^p terms over all ranks, less those that do not count; one exchange a
 * layer; 36 bytes a set on each node beside the sums. Reproducibility: class A. Owner of *exact:
 * the caller. Source: Tian & He 2009 (UAI, arXiv:1205.2612) for sums over DAGs by sinks. */
int dsep_exact_create(dsep_context *ctx, const dsep_parent_sums *sums, const dsep_pauses *pauses,
                      const dsep_state *from, dsep_exact **exact);

/* Frees it and sets *exact to NULL; accepts NULL. Not collective. */
void dsep_exact_destroy(dsep_exact **exact);

#endif
