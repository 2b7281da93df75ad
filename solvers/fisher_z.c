#include "solvers/fisher_z.h"

#include "mpi/memory.h"
#include "solvers/fisher_z_kernel.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Residual covariances given a prefix of the set. Rows are pivots, which come after the prefix;
 * `pivots` holds their upper triangle, `targets` the columns of the current targets. */
typedef struct {
    double ii;
    double *ik, *kk; /* [adjacent] node with pivots; the pivots' own */
    double *pivots;  /* [adjacent x adjacent] */
    double *ij, *jj; /* [targets] node with targets; the targets' own */
    double *targets; /* [adjacent x targets], rows `width` apart */
} level;

typedef struct {
    const double *matrix; /* [p x p] */
    int64_t n_samples, p;
    double z; /* the two-sided quantile of the normal distribution */
    double threshold;
    int64_t node, n_adjacent, n_targets, width, order, depth;
    const int32_t *adjacent;
    int32_t *variables; /* [targets] which variables the targets are */
    double *row;        /* [targets] a row fetched from the matrix */
    level *levels;      /* [order] for sets of 0 .. order - 1 variables */
    double *memory;
    int64_t capacity; /* doubles in memory */
    int64_t room_adjacent, room_levels;
} fisher_z;

/* Squared partial correlation at which the test turns from dependent to independent. */
static double threshold_at(const fisher_z *test, int64_t order) {
    const double t = tanh(test->z / sqrt((double)(test->n_samples - order - 3)));
    return t * t;
}

/* --- workspace ------------------------------------------------------------------------------- */

/* Order 1 reads its rows from the matrix; only longer sets need blocks. */
static int64_t level_doubles(int64_t n_adjacent, int64_t order) {
    const int64_t vectors = 4 * n_adjacent;
    return order < 2 ? vectors : vectors + 2 * n_adjacent * n_adjacent;
}

int64_t dsep_fisher_z_bytes(int64_t n_adjacent, int64_t order) {
    const int64_t levels = order < 1 ? 1 : order;
    return dsep_bytes(level_doubles(n_adjacent, order) * levels + n_adjacent, sizeof(double), 1);
}

static void place_level(level *place, double **at, int64_t n_adjacent, int64_t order) {
    double **vectors[] = {&place->ik, &place->kk, &place->ij, &place->jj};
    for (int i = 0; i < 4; i++, *at += n_adjacent)
        *vectors[i] = *at;
    place->pivots = place->targets = NULL;
    if (order < 2)
        return;
    place->pivots = *at;
    place->targets = *at + n_adjacent * n_adjacent;
    *at += 2 * n_adjacent * n_adjacent;
}

static int reserve(void *state, int64_t n_adjacent, int64_t order, dsep_error *error) {
    fisher_z *test = state;
    const int64_t levels = order < 1 ? 1 : order;
    const int64_t needed = dsep_fisher_z_bytes(n_adjacent, order) / (int64_t)sizeof(double);
    if (needed > test->capacity) {
        free(test->memory);
        test->memory = malloc((size_t)needed * sizeof(double));
        test->capacity = test->memory ? needed : 0;
    }
    if (levels > test->room_levels) {
        free(test->levels);
        test->levels = dsep_array(levels, sizeof *test->levels);
        test->room_levels = test->levels ? levels : 0;
    }
    if (n_adjacent > test->room_adjacent) {
        free(test->variables);
        test->variables = dsep_array(n_adjacent, sizeof *test->variables);
        test->room_adjacent = test->variables ? n_adjacent : 0;
    }
    if (!test->memory || !test->levels || (!test->variables && n_adjacent > 0))
        return dsep_out_of_memory(error, "the tests of a variable with many neighbours");
    return DSEP_OK;
}

/* --- walking the tree ------------------------------------------------------------------------ */

static const double *matrix_row(const fisher_z *test, int64_t variable) {
    return test->matrix + variable * test->p;
}

/* Copies what tests of longer sets need out of the matrix, once a node. */
static void copy_blocks(fisher_z *test, level *base) {
    for (int64_t k = 0; k < test->n_adjacent; k++) {
        const double *from = matrix_row(test, test->adjacent[k]);
        dsep_fisher_z_gather(test->n_adjacent, test->adjacent, from,
                             base->pivots + k * test->n_adjacent);
        dsep_fisher_z_gather(test->n_targets, test->variables, from,
                             base->targets + k * test->width);
    }
}

static void begin(void *state, int64_t node, const int32_t *adjacent, int64_t n_adjacent,
                  const int32_t *targets, int64_t n_targets, int64_t order) {
    fisher_z *test = state;
    test->node = node;
    test->adjacent = adjacent;
    test->n_adjacent = n_adjacent;
    test->n_targets = test->width = n_targets;
    test->order = order;
    test->depth = 0;
    test->threshold = threshold_at(test, order);
    double *at = test->memory;
    test->row = at;
    at += n_adjacent;
    for (int64_t d = 0; d < (order < 1 ? 1 : order); d++)
        place_level(&test->levels[d], &at, n_adjacent, order);
    for (int64_t m = 0; m < n_targets; m++)
        test->variables[m] = adjacent[targets[m]];
    level *base = &test->levels[0];
    base->ii = 1;
    dsep_fisher_z_gather(n_adjacent, adjacent, matrix_row(test, node), base->ik);
    dsep_fisher_z_gather(n_targets, test->variables, matrix_row(test, node), base->ij);
    for (int64_t k = 0; k < n_adjacent; k++)
        base->kk[k] = base->jj[k] = 1;
    if (order >= 2)
        copy_blocks(test, base);
}

static int push(void *state, int32_t pivot) {
    fisher_z *test = state;
    const level *from = &test->levels[test->depth];
    level *to = &test->levels[test->depth + 1];
    const double kk = from->kk[pivot], ik = from->ik[pivot];
    if (!(kk > DSEP_FISHER_Z_SINGULAR))
        return 0;
    const int64_t a = test->n_adjacent, after = pivot + 1;
    const int deeper = test->depth + 2 < test->order;
    const double *row = from->pivots + pivot * a, *targets = from->targets + pivot * test->width;
    to->ii = from->ii - ik * ik / kk;
    dsep_fisher_z_eliminate(a - after, ik / kk, row + after, from->ik + after, to->ik + after);
    dsep_fisher_z_eliminate_diagonal(a - after, kk, row + after, from->kk + after, to->kk + after);
    dsep_fisher_z_eliminate(test->n_targets, ik / kk, targets, from->ij, to->ij);
    dsep_fisher_z_eliminate_diagonal(test->n_targets, kk, targets, from->jj, to->jj);
    for (int64_t v = after; v < a; v++) {
        const double factor = row[v] / kk;
        dsep_fisher_z_eliminate(test->n_targets, factor, targets, from->targets + v * test->width,
                                to->targets + v * test->width);
        if (deeper)
            dsep_fisher_z_eliminate(a - v - 1, factor, row + v + 1, from->pivots + v * a + v + 1,
                                    to->pivots + v * a + v + 1);
    }
    test->depth++;
    return 1;
}

static void pop(void *state) {
    ((fisher_z *)state)->depth--;
}

static void keep_columns(double *values, const int32_t *kept, int64_t count) {
    for (int64_t m = 0; m < count; m++)
        values[m] = values[kept[m]];
}

static void retain(void *state, const int32_t *kept, int64_t count) {
    fisher_z *test = state;
    for (int64_t m = 0; m < count; m++)
        test->variables[m] = test->variables[kept[m]];
    for (int64_t d = 0; d <= test->depth; d++) {
        level *place = &test->levels[d];
        keep_columns(place->ij, kept, count);
        keep_columns(place->jj, kept, count);
        if (place->targets)
            for (int64_t k = 0; k < test->n_adjacent; k++)
                keep_columns(place->targets + k * test->width, kept, count);
    }
    test->n_targets = count;
}

/* --- tests ----------------------------------------------------------------------------------- */

/* The row of residual covariances that a test of `pivot` reads. */
static dsep_fisher_z_row fetch(fisher_z *test, int32_t pivot) {
    const level *here = &test->levels[test->depth];
    dsep_fisher_z_row row = {.ii = here->ii,
                             .ik = 0,
                             .kk = 1,
                             .threshold = test->threshold,
                             .n = test->n_targets,
                             .ij = here->ij,
                             .jj = here->jj,
                             .kj = test->row};
    if (pivot < 0) {
        memset(test->row, 0, (size_t)test->n_targets * sizeof *test->row);
        return row;
    }
    row.ik = here->ik[pivot];
    row.kk = here->kk[pivot];
    if (here->targets)
        row.kj = here->targets + pivot * test->width;
    else
        dsep_fisher_z_gather(test->n_targets, test->variables,
                             matrix_row(test, test->adjacent[pivot]), test->row);
    return row;
}

static dsep_citest_row decide(void *state, int32_t pivot, int64_t *independent) {
    const dsep_fisher_z_row row = fetch(state, pivot);
    return dsep_fisher_z_decide(&row, independent);
}

static void measure(void *state, int32_t pivot, double *association) {
    const dsep_fisher_z_row row = fetch(state, pivot);
    const double least = DSEP_FISHER_Z_SINGULAR * row.kk;
    const double i_left = row.ii * row.kk - row.ik * row.ik;
    const int exists = row.kk > DSEP_FISHER_Z_SINGULAR && i_left > least;
    for (int64_t m = 0; m < row.n; m++) {
        const double joint = row.ij[m] * row.kk - row.ik * row.kj[m];
        const double j_left = row.jj[m] * row.kk - row.kj[m] * row.kj[m];
        const double r = joint / sqrt(i_left * j_left);
        association[m] = exists && j_left > least ? fmax(-1, fmin(1, r)) : NAN;
    }
}

static double statistic(void *state, double association, int64_t order) {
    const fisher_z *test = state;
    return sqrt((double)(test->n_samples - order - 3)) * atanh(fabs(association));
}

static double p_value(void *state, double value) {
    (void)state;
    return isinf(value) ? 0 : 2 * gsl_cdf_ugaussian_Q(value);
}

/* --- life ------------------------------------------------------------------------------------ */

int dsep_fisher_z_create(const dsep_correlation *correlation, double alpha, dsep_error *error,
                         dsep_citest **test) {
    *test = dsep_array(1, sizeof **test);
    fisher_z *state = dsep_array(1, sizeof *state);
    if (!*test || !state) {
        free(state);
        free(*test);
        *test = NULL;
        return dsep_out_of_memory(error, "an independence test");
    }
    state->matrix = correlation->values;
    state->n_samples = correlation->n_samples;
    state->p = correlation->n_variables;
    state->z = gsl_cdf_ugaussian_Qinv(alpha / 2);
    **test = (dsep_citest){.state = state,
                           .n_variables = state->p,
                           .max_order = state->n_samples - 4,
                           .reserve = reserve,
                           .begin = begin,
                           .push = push,
                           .pop = pop,
                           .retain = retain,
                           .decide = decide,
                           .measure = measure,
                           .statistic = statistic,
                           .p_value = p_value};
    return DSEP_OK;
}

void dsep_fisher_z_destroy(dsep_citest **test) {
    if (!test || !*test)
        return;
    fisher_z *state = (*test)->state;
    free(state->memory);
    free(state->levels);
    free(state->variables);
    free(state);
    free(*test);
    *test = NULL;
}
