#include "solvers/fisher_z.h"

#include "mpi/memory.h"
#include "solvers/fisher_z_kernel.h"
#include "solvers/fisher_z_screen.h"

#include <float.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A block of pivots is tested at once; the first block of a scan is small, because most targets
 * are separated early. */
enum { FIRST_BLOCK = 32, LARGEST_BLOCK = 512 };

/* Whole rows of the matrix are not prepared for fewer targets. */
enum { FEW_TARGETS = 4 };

/* Residual covariances given a prefix of the set. Pivots come after the prefix, and `pivots` holds
 * their upper triangle; `targets` has a row for each target. */
typedef struct {
    double ii;
    double *ik, *kk, *bound; /* [adjacent] node with pivots; the pivots' own; see the kernel */
    double *pivots;          /* [adjacent x adjacent] */
    double *ij, *jj;         /* [targets] node with targets; the targets' own */
    double *targets;         /* [targets x adjacent] */
} level;

typedef struct {
    const dsep_correlation *correlation;
    dsep_fisher_z_screen *screen; /* where there is no whole matrix */
    int64_t n_samples, p;
    double z; /* the two-sided quantile of the normal distribution */
    double threshold;
    int64_t node, n_adjacent, n_targets, order, depth;
    const int32_t *adjacent;
    int32_t *variables, *rows; /* [targets] which variable a target is; its row in the levels */
    level *levels;             /* [order] for sets of 0 .. order - 1 variables */
    double *memory;
    int64_t capacity; /* doubles in memory */
    int64_t room_adjacent, room_levels;
    /* Sets of one member of a node with many neighbours: whole rows of the matrix are walked, and
     * places that are no neighbours are no pivots. */
    int dense;
    int32_t *place;     /* [p] position among the adjacent */
    double *wide_bound; /* [p] */
    double fetched[LARGEST_BLOCK], squared[LARGEST_BLOCK];
    int64_t independent[LARGEST_BLOCK];
} fisher_z;

/* Squared partial correlation at which the test turns from dependent to independent. */
static double threshold_at(const fisher_z *test, int64_t order) {
    const double t = tanh(test->z / sqrt((double)(test->n_samples - order - 3)));
    return fmin(t * t, 1 - DBL_EPSILON); /* where it rounds to 1: |r| = 1 is never independent */
}

/* --- workspace ------------------------------------------------------------------------------- */

/* Sets of one member read their rows from the matrix; only longer ones need blocks. */
static int64_t level_doubles(int64_t n_adjacent, int64_t order) {
    const int64_t vectors = 5 * n_adjacent;
    return order < 2 ? vectors : vectors + 2 * n_adjacent * n_adjacent;
}

int64_t dsep_fisher_z_bytes(int64_t n_adjacent, int64_t order) {
    const int64_t levels = order < 1 ? 1 : order;
    return dsep_bytes(level_doubles(n_adjacent, order), levels, sizeof(double));
}

static void place_level(level *place, double **at, int64_t n_adjacent, int64_t order) {
    double **vectors[] = {&place->ik, &place->kk, &place->bound, &place->ij, &place->jj};
    for (int i = 0; i < 5; i++, *at += n_adjacent)
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
    const int64_t bytes = dsep_fisher_z_bytes(n_adjacent, order);
    if (bytes > test->capacity * (int64_t)sizeof(double)) {
        free(test->memory);
        test->memory = malloc((size_t)bytes);
        test->capacity = test->memory ? bytes / (int64_t)sizeof(double) : 0;
    }
    if (levels > test->room_levels) {
        free(test->levels);
        test->levels = dsep_array(levels, sizeof *test->levels);
        test->room_levels = test->levels ? levels : 0;
    }
    if (n_adjacent > test->room_adjacent) {
        free(test->variables);
        free(test->rows);
        test->variables = dsep_array(n_adjacent, sizeof *test->variables);
        test->rows = dsep_array(n_adjacent, sizeof *test->rows);
        test->room_adjacent = test->variables && test->rows ? n_adjacent : 0;
    }
    if (bytes < 0 || bytes > test->capacity * (int64_t)sizeof(double) ||
        levels > test->room_levels || n_adjacent > test->room_adjacent)
        return dsep_out_of_memory(error, "the tests of a variable with many neighbours");
    return DSEP_OK;
}

/* --- walking the tree ------------------------------------------------------------------------ */

/* Of a whole matrix. */
static const double *matrix_row(const fisher_z *test, int64_t variable) {
    return test->correlation->values + variable * test->p;
}

/* Brings together what tests of longer sets need, once a node. */
static void copy_blocks(fisher_z *test, level *base) {
    const int64_t a = test->n_adjacent;
    dsep_correlation_block(test->correlation, test->adjacent, a, test->adjacent, a, base->pivots,
                           a);
    dsep_correlation_block(test->correlation, test->variables, test->n_targets, test->adjacent, a,
                           base->targets, a);
}

/* Bounds for whole rows of the matrix: all variables but the adjacent ones are no pivots. */
static void bound_wide(fisher_z *test) {
    const int64_t first = test->adjacent[0], end = test->adjacent[test->n_adjacent - 1] + 1;
    for (int64_t k = first; k < end; k++)
        test->wide_bound[k] = DSEP_FISHER_Z_NO_PIVOT;
    for (int64_t m = 0; m < test->n_adjacent; m++) {
        test->wide_bound[test->adjacent[m]] = test->levels[0].bound[m];
        test->place[test->adjacent[m]] = (int32_t)m;
    }
}

static void begin(void *state, int64_t node, const int32_t *adjacent, int64_t n_adjacent,
                  const int32_t *targets, int64_t n_targets, int64_t order) {
    fisher_z *test = state;
    test->node = node;
    test->adjacent = adjacent;
    test->n_adjacent = n_adjacent;
    test->n_targets = n_targets;
    test->order = order;
    test->depth = 0;
    test->threshold = threshold_at(test, order);
    double *at = test->memory;
    for (int64_t d = 0; d < order; d++)
        place_level(&test->levels[d], &at, n_adjacent, order);
    level *base = &test->levels[0];
    base->ii = 1;
    const int32_t own = (int32_t)node;
    dsep_correlation_block(test->correlation, &own, 1, adjacent, n_adjacent, base->ik, n_adjacent);
    for (int64_t k = 0; k < n_adjacent; k++)
        base->kk[k] = 1;
    for (int64_t m = 0; m < n_targets; m++) {
        test->variables[m] = adjacent[targets[m]];
        test->rows[m] = (int32_t)m;
        base->ij[m] = base->ik[targets[m]];
        base->jj[m] = 1;
    }
    test->dense = order == 1 && test->correlation->values && 4 * n_adjacent >= test->p &&
                  n_targets >= FEW_TARGETS;
    if (order == 1)
        dsep_fisher_z_bounds(n_adjacent, 1, test->threshold, base->ik, NULL, base->bound);
    else
        copy_blocks(test, base);
    if (test->dense)
        bound_wide(test);
}

/* Takes a pivot out of the pivots after it. */
static void push_pivots(const fisher_z *test, const level *from, level *to, int64_t pivot) {
    const int64_t a = test->n_adjacent, after = pivot + 1;
    const double *row = from->pivots + pivot * a;
    const double kk = from->kk[pivot];
    dsep_fisher_z_eliminate(a - after, from->ik[pivot] / kk, row + after, from->ik + after,
                            to->ik + after);
    dsep_fisher_z_eliminate_diagonal(a - after, kk, row + after, from->kk + after, to->kk + after);
    if (test->depth + 2 == test->order) { /* the set wants one pivot more: they are tested next */
        dsep_fisher_z_bounds(a - after, to->ii, test->threshold, to->ik + after, to->kk + after,
                             to->bound + after);
        return;
    }
    for (int64_t v = after; v < a; v++)
        dsep_fisher_z_eliminate(a - v - 1, row[v] / kk, row + v + 1, from->pivots + v * a + v + 1,
                                to->pivots + v * a + v + 1);
}

/* Takes a pivot out of the targets. */
static void push_targets(const fisher_z *test, const level *from, level *to, int64_t pivot) {
    const int64_t a = test->n_adjacent, after = pivot + 1;
    const double *row = from->pivots + pivot * a;
    const double ik = from->ik[pivot], kk = from->kk[pivot];
    for (int64_t m = 0; m < test->n_targets; m++) {
        const int64_t r = test->rows[m];
        const double *source = from->targets + r * a;
        const double factor = source[pivot] / kk;
        to->ij[r] = from->ij[r] - factor * ik;
        to->jj[r] = from->jj[r] - factor * source[pivot];
        dsep_fisher_z_eliminate(a - after, factor, row + after, source + after,
                                to->targets + r * a + after);
    }
}

static int push(void *state, int32_t pivot) {
    fisher_z *test = state;
    const level *from = &test->levels[test->depth];
    level *to = &test->levels[test->depth + 1];
    const double kk = from->kk[pivot], ik = from->ik[pivot];
    if (!(kk > DSEP_FISHER_Z_SINGULAR))
        return 0;
    to->ii = from->ii - ik * ik / kk;
    push_pivots(test, from, to, pivot);
    push_targets(test, from, to, pivot);
    test->depth++;
    return 1;
}

static void pop(void *state) {
    ((fisher_z *)state)->depth--;
}

static void drop(void *state, int64_t target) {
    fisher_z *test = state;
    const int64_t last = --test->n_targets;
    test->variables[target] = test->variables[last];
    test->rows[target] = test->rows[last];
}

/* --- tests ----------------------------------------------------------------------------------- */

/* Pivots from `first` on, at most LARGEST_BLOCK, as the kernel wants them. */
static dsep_fisher_z_row block_of(fisher_z *test, int64_t target, int64_t first, int64_t n) {
    const level *here = &test->levels[test->depth];
    const int64_t r = test->rows[target];
    dsep_fisher_z_row row = {.ij = here->ij[r], .jj = here->jj[r], .n = n};
    if (test->dense) {
        row.ik = matrix_row(test, test->node) + first;
        row.kj = matrix_row(test, test->variables[target]) + first;
        row.bound = test->wide_bound + first;
        return row;
    }
    row.ik = here->ik + first;
    row.bound = here->bound + first;
    if (test->order > 1) {
        row.kk = here->kk + first;
        row.kj = here->targets + r * test->n_adjacent + first;
    } else {
        dsep_correlation_block(test->correlation, &test->variables[target], 1,
                               test->adjacent + first, n, test->fetched, n);
        row.kj = test->fetched;
    }
    return row;
}

/* Pivots are counted by position, or by variable where whole rows are walked. */
static int64_t end_place(const fisher_z *test) {
    return test->dense ? test->adjacent[test->n_adjacent - 1] + 1 : test->n_adjacent;
}

static int64_t first_place(const fisher_z *test, int32_t start) {
    if (!test->dense)
        return start;
    return start < test->n_adjacent ? test->adjacent[start] : end_place(test);
}

static int64_t position_of(const fisher_z *test, int64_t place) {
    return test->dense ? test->place[place] : place;
}

/* The first pivot of a block that separates; there is one. Pivots behind it count as not tested. */
static dsep_citest_scan first_of_block(fisher_z *test, dsep_fisher_z_row row, int64_t first,
                                       int64_t singular) {
    int64_t hit = 0;
    while (!test->independent[hit])
        hit++;
    row.n = hit + 1;
    if (singular > 0) /* before the hit or behind it */
        singular = dsep_fisher_z_test(&row, test->independent).singular;
    return (dsep_citest_scan){position_of(test, first + hit), singular};
}

static int64_t next_size(int64_t size) {
    return 2 * size < LARGEST_BLOCK ? 2 * size : LARGEST_BLOCK;
}

static dsep_citest_scan scan(void *state, int64_t target, int32_t start) {
    fisher_z *test = state;
    const int64_t end = end_place(test);
    int64_t singular = 0, size = FIRST_BLOCK;
    for (int64_t first = first_place(test, start); first < end;) {
        const int64_t n = end - first < size ? end - first : size;
        const dsep_fisher_z_row row = block_of(test, target, first, n);
        const dsep_fisher_z_block block = dsep_fisher_z_test(&row, test->independent);
        if (block.separated > 0) {
            dsep_citest_scan found = first_of_block(test, row, first, block.singular);
            found.singular += singular;
            return found;
        }
        singular += block.singular;
        first += n;
        size = next_size(size);
    }
    return (dsep_citest_scan){-1, singular};
}

static double partial(const dsep_fisher_z_row *row, double ii, int64_t k) {
    const double kk = row->kk ? row->kk[k] : 1, ik = row->ik[k], kj = row->kj[k];
    const double r =
        (row->ij * kk - ik * kj) / sqrt((ii * kk - ik * ik) * (row->jj * kk - kj * kj));
    return fmax(-1, fmin(1, r));
}

/* Blocks with nothing weaker are passed over without a division; 1e-9 is far above rounding. */
static double weakest(void *state, int64_t target, int32_t start, double at_most) {
    fisher_z *test = state;
    double share = at_most * at_most / test->threshold * (1 + 1e-9);
    const double ii = test->levels[test->depth].ii;
    const int64_t end = end_place(test);
    double least = INFINITY, association = NAN;
    for (int64_t first = first_place(test, start), n, size = FIRST_BLOCK; first < end;
         first += n, size = next_size(size)) {
        n = end - first < size ? end - first : size;
        const dsep_fisher_z_row row = block_of(test, target, first, n);
        int64_t k = -1;
        if (share < INFINITY && !dsep_fisher_z_any_below(&row, share))
            continue;
        const double squared = dsep_fisher_z_least(&row, ii, test->squared, &k);
        if (squared < least) {
            least = squared;
            share = fmin(share, least / test->threshold * (1 + 1e-9));
            association = partial(&row, ii, k);
        }
    }
    return association;
}

/* Clears the bits of all y <= x. */
static void keep_higher(int64_t x, int64_t first, int64_t words, uint64_t *row) {
    for (int64_t word = 0; word < words && first + 64 * word <= x; word++) {
        const int64_t cleared = x - first - 64 * word + 1;
        row[word] &= cleared >= 64 ? 0 : ~(uint64_t)0 << cleared;
    }
}

static void pairs(void *state, dsep_block rows, dsep_block columns, uint64_t *dependent) {
    const fisher_z *test = state;
    const int64_t words = (columns.count + 63) / 64;
    if (test->screen)
        dsep_fisher_z_screen_pairs(test->screen, threshold_at(test, 0), rows, columns, dependent);
    for (int64_t i = 0; i < rows.count; i++) {
        const int64_t x = rows.first + i;
        if (!test->screen)
            dsep_fisher_z_pairs(columns.count, threshold_at(test, 0),
                                matrix_row(test, x) + columns.first, dependent + i * words);
        keep_higher(x, columns.first, words, dependent + i * words);
    }
}

static double marginal(void *state, int64_t x, int64_t y) {
    const fisher_z *test = state;
    const int32_t of_x = (int32_t)x, of_y = (int32_t)y;
    double r;
    dsep_correlation_block(test->correlation, &of_x, 1, &of_y, 1, &r, 1);
    return r;
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
    state->correlation = correlation;
    state->n_samples = correlation->n_samples;
    state->p = correlation->n_variables;
    state->z = gsl_cdf_ugaussian_Qinv(alpha / 2);
    state->place = dsep_array(state->p, sizeof *state->place);
    state->wide_bound = dsep_array(state->p, sizeof *state->wide_bound);
    **test = (dsep_citest){.state = state,
                           .n_variables = state->p,
                           .max_order = state->n_samples - 4,
                           .reserve = reserve,
                           .pairs = pairs,
                           .marginal = marginal,
                           .begin = begin,
                           .push = push,
                           .pop = pop,
                           .drop = drop,
                           .scan = scan,
                           .weakest = weakest,
                           .statistic = statistic,
                           .p_value = p_value};
    int code = state->place && state->wide_bound
                   ? DSEP_OK
                   : dsep_out_of_memory(error, "an independence test");
    if (!code && !correlation->values)
        code = dsep_fisher_z_screen_create(correlation, error, &state->screen);
    if (code)
        dsep_fisher_z_destroy(test);
    return code;
}

void dsep_fisher_z_destroy(dsep_citest **test) {
    if (!test || !*test)
        return;
    fisher_z *state = (*test)->state;
    free(state->memory);
    free(state->levels);
    free(state->variables);
    free(state->rows);
    dsep_fisher_z_screen_destroy(&state->screen);
    free(state->place);
    free(state->wide_bound);
    free(state);
    free(*test);
    *test = NULL;
}
