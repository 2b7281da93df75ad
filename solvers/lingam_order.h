/* The causal order of DirectLiNGAM, of one group of rows or of several that share it.
 *
 * Round after round the variable that looks most like a cause of all others is taken out and what
 * is left is regressed on it (Shimizu et al. 2011, JMLR 12:1225). How little it looks so is
 *   M_i = sum over the others j of min(0, H(x_j) + H(r_i|j) - H(x_i) - H(r_j|i))^2,
 * Hyvarinen & Smith 2013 (JMLR 14:111); groups add theirs, weighted by their rows (Shimizu 2012,
 * Neurocomputing 81:104). The smallest M is taken, of equals the lowest variable.
 *
 * One evaluation serves both variables of a pair, and M only grows as pairs are added: a variable
 * whose sum has passed a whole one is out of its round. Which pairs to try first is guessed from
 * the round before. This spares work and changes no result. */
#ifndef DSEP_SOLVERS_LINGAM_ORDER_H
#define DSEP_SOLVERS_LINGAM_ORDER_H

#include "mpi/shared.h"

/* Columns by group, once a node. */
typedef struct {
    int64_t n_variables, n_groups;
    int64_t *rows;   /* [n_groups] */
    int64_t *stride; /* [n_groups] rows and the zeros behind them */
    double **values; /* [n_groups] each [n_variables x stride], node-shared */
    dsep_shared *memory;
} dsep_lingam_columns;

/* Makes them, all zeros. Collective. Errors: DSEP_ERROR_RESOURCES, agreed. Memory: 8 bytes a value,
 * once a node. Owner of *columns: the caller, whose ranks each fill the variables of their
 * dsep_layout_block() as dsep_standardise() does and then call dsep_shared_unite(). */
int dsep_lingam_columns_create(dsep_context *ctx, int64_t n_variables, int64_t n_groups,
                               const int64_t *rows, dsep_lingam_columns **columns);

/* Frees them and sets *columns to NULL; accepts NULL. Collective. */
void dsep_lingam_columns_destroy(dsep_lingam_columns **columns);

typedef struct {
    int whole; /* evaluate every pair of every round: for tests */
} dsep_lingam_order_settings;

/* What an order took. */
typedef struct {
    int64_t evaluated; /* pairs, of every group */
    int64_t pairs;     /* that there are in all rounds */
} dsep_lingam_effort;

/* The causal order into order[n_variables]. Collective. The columns are used up.
 * names: [n_variables] for messages. Errors: DSEP_ERROR_DATA, agreed, where a variable is a linear
 * combination of others; DSEP_ERROR_RESOURCES, agreed. Cost: 4 exponentials a row and evaluated
 * pair, spread over the ranks, and 10 flops a row, pair and node; an exchange of 16 bytes a pair.
 * Memory: 12 bytes a pair of variables, once a node. Reproducibility: class A; the same on any
 * number of ranks. Shown by tests/oracle/lingam.c. */
int dsep_lingam_order(dsep_context *ctx, dsep_lingam_columns *columns, char *const *names,
                      const dsep_lingam_order_settings *settings, int64_t *order,
                      dsep_lingam_effort *effort);

#endif
