/* The two long loops of the exact posterior: from a set of variables to all its unions with others,
 * depth first, so that each product costs one multiplication.
 *
 * Weights are kept as long double times 2^phi(U), where phi(U) is the exponent of the best order of
 * U. A term's exponent then never grows along a branch, so a branch whose terms no longer count is
 * left, and nothing overflows whatever the scores. */
#ifndef DSEP_SOLVERS_EXACT_WALK_H
#define DSEP_SOLVERS_EXACT_WALK_H

#include "solvers/parent_sums.h"

/* Exponents of terms stay below DSEP_EXACT_HIGHEST: 25! is less than 2^84. The lowest variables
 * that join a set, up to DSEP_EXACT_TABLE of them, come by a table of their products. */
enum { DSEP_EXACT_HIGHEST = 160, DSEP_EXACT_TABLE = 6 };

typedef struct {
    const dsep_parent_sums *sums;
    int p, top;                 /* a block: sets that agree in the `top` highest variables */
    int lowest;                 /* a term below 2^lowest does not count */
    const int32_t *phi;         /* [2^p] */
    long double *inside;        /* [2^p] weight of all DAGs on a set / 2^phi */
    const long double *outside; /* [2^p] weight of all ways to complete one / 2^(phi(V) - phi) */
    double power[512];          /* 2^(i - 256) */

    /* The set at hand: what joins it, highest variable first. */
    uint32_t set;
    int m, n_high; /* the others come by the table; none is among the `top` highest */
    int variable[DSEP_EXACT_MOST];
    uint32_t bit[DSEP_EXACT_MOST];
    long double factor[DSEP_EXACT_MOST]; /* - mantissa of the variable's sum over subsets of set */
    int32_t exponent[DSEP_EXACT_MOST];
    long double start; /* - inside(set) is start * 2^start_exponent, 1/2 <= |start| < 1 */
    int32_t start_exponent;

    /* What joins it by the table: bit b of a place is variable[m - 1 - b]. */
    int places; /* 2^(m - n_high) */
    uint32_t low_set[1 << DSEP_EXACT_TABLE];
    int32_t low_exponent[1 << DSEP_EXACT_TABLE];
    long double low_factor[1 << DSEP_EXACT_TABLE], low_sum[1 << DSEP_EXACT_TABLE];

    /* What dsep_exact_pull() finds, as parts of the weight of all DAGs / 2^phi(V). */
    long double total;                  /* DAGs in which no parent of the set is outside it */
    long double alone[DSEP_EXACT_MOST]; /* ... and this variable alone could join it next */
    long double magnitude;              /* of the terms that were added */
} dsep_exact_walk;

/* phi of all sets [2^p]. Not collective. Cost: p 2^(p-1) additions. */
void dsep_exact_potential(const dsep_parent_sums *sums, int32_t *phi);

/* Makes a walk; the arrays are lent. Not collective. */
void dsep_exact_walk_init(dsep_exact_walk *walk, const dsep_parent_sums *sums, int top,
                          const int32_t *phi, long double *inside, const long double *outside);

/* Takes a set, whose inside weight is known, at hand. Not collective. */
void dsep_exact_take(dsep_exact_walk *walk, uint32_t set);

/* Adds what the set at hand gives to the inside weight of all larger sets of a block. Not
 * collective. Cost: up to 2^m terms. */
void dsep_exact_push(dsep_exact_walk *walk, uint32_t block);

/* Adds up what the set at hand gets from the outside weights of all larger sets. Not collective.
 * Cost: 2^m terms. */
void dsep_exact_pull(dsep_exact_walk *walk);

#endif
