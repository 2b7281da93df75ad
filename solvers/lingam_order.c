#include "solvers/lingam_order.h"

#include "mpi/exchange.h"
#include "mpi/layout.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/inner_product.h"
#include "solvers/lingam_kernel.h"
#include "solvers/standardise.h"

#include <math.h>
#include <stdlib.h>

/* Most pairs a step may choose by a guess for one variable, and a variable for all of them. */
enum { GUESSES = 16, PAIRS_EACH = 32 };

typedef struct {
    int32_t low, high;
} pair;

/* What a pair adds to the M of its lower and of its higher variable. */
typedef struct {
    double low, high;
} gains;

typedef struct {
    dsep_lingam_columns *columns;
    int64_t p, n_active, round, n_tasks, room;
    int whole;
    dsep_shared *gain_memory, *seen_memory;
    double *gain;    /* node-shared [p x p]: what the pair (i, j) adds to M_i, as last seen */
    int32_t *seen;   /* node-shared [p x p]: in which round, the first being 1 */
    int32_t *active; /* [n_active] ascending */
    double *entropy; /* [n_groups x p] of this round's columns */
    double *left;    /* [n_groups x p] shares of their first variance that columns still have, of
                      * those this rank updates */
    double *sum;     /* [p] of what this round's pairs added */
    double *guess;   /* [p] what the others would add */
    double *m;       /* [p] M where every pair is seen, else infinite */
    int64_t *done;   /* [p] pairs seen */
    pair *tasks;     /* [room] */
    dsep_lingam_effort *effort;
} search;

/* --- columns ----------------------------------------------------------------------------------
 */

static double *column(const dsep_lingam_columns *c, int64_t group, int64_t variable) {
    return c->values[group] + variable * c->stride[group];
}

int dsep_lingam_columns_create(dsep_context *ctx, int64_t n_variables, int64_t n_groups,
                               const int64_t *rows, dsep_lingam_columns **columns) {
    int code = DSEP_OK;
    int64_t stride = 0;
    dsep_lingam_columns *made = dsep_array(1, sizeof *made);
    *columns = NULL;
    if (made) {
        made->n_variables = n_variables;
        made->n_groups = n_groups;
        made->rows = dsep_array(n_groups, sizeof *made->rows);
        made->stride = dsep_array(n_groups, sizeof *made->stride);
        made->values = dsep_array(n_groups, sizeof *made->values);
    }
    DSEP_AGREE(ctx, made && made->rows && made->stride && made->values
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "the columns"));
    for (int64_t g = 0; g < n_groups; g++) {
        made->rows[g] = rows[g];
        stride += made->stride[g] = dsep_inner_stride(rows[g]);
    }
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(stride, n_variables, sizeof(double)),
                                "standardised columns", &made->memory));
    double *next = dsep_shared_data(made->memory);
    for (int64_t g = 0; g < n_groups; g++) {
        made->values[g] = next;
        next += made->stride[g] * n_variables;
    }
    *columns = made;
    made = NULL;
cleanup:
    dsep_lingam_columns_destroy(&made);
    return code;
}

void dsep_lingam_columns_destroy(dsep_lingam_columns **columns) {
    if (!columns || !*columns)
        return;
    dsep_shared_destroy(&(*columns)->memory);
    free((*columns)->rows);
    free((*columns)->stride);
    free((*columns)->values);
    free(*columns);
    *columns = NULL;
}

static double correlation(const dsep_lingam_columns *c, int64_t group, int64_t i, int64_t j) {
    const double *x = column(c, group, i), *y = column(c, group, j);
    double r;
    dsep_inner_products(c->stride[group], &x, 1, &y, 1, &r, 1);
    return r;
}

/* Takes variable `root` out of a column; one that has nothing left becomes NaN. */
static void update_column(search *s, int64_t group, int64_t root, int64_t variable) {
    const dsep_lingam_columns *c = s->columns;
    const double r = correlation(c, group, root, variable);
    const double *from = column(c, group, root);
    double *x = column(c, group, variable), mean, sd;
    double *left = &s->left[group * s->p + variable];
    for (int64_t k = 0; k < c->rows[group]; k++)
        x[k] -= r * from[k];
    *left *= (1 - r) * (1 + r);
    if (*left > DSEP_LINGAM_SINGULAR)
        dsep_standardise(x, c->rows[group], x, &mean, &sd);
    else
        x[0] = NAN;
}

/* Every node updates its own columns, its ranks every so many of them. */
static void update(dsep_context *ctx, search *s, int64_t root) {
    for (int64_t a = 0; a < s->n_active; a++)
        if (s->active[a] % dsep_node_size(ctx) == dsep_node_rank(ctx))
            for (int64_t g = 0; g < s->columns->n_groups; g++)
                update_column(s, g, root, s->active[a]);
    dsep_shared_sync(ctx, s->columns->memory);
}

/* --- evaluating --------------------------------------------------------------------------------
 */

static int dependent(dsep_context *ctx, const char *name) {
    return dsep_fail(ctx, DSEP_ERROR_DATA,
                     "variable '%s' is a linear combination of other variables: what they leave of "
                     "it is less than %g of its variance, so it has no place in a causal order; "
                     "drop it, or one of the others",
                     name, DSEP_LINGAM_SINGULAR);
}

/* Entropies of all columns that are left. */
static int find_entropies(dsep_context *ctx, search *s, char *const *names) {
    int code = DSEP_OK;
    const dsep_lingam_columns *c = s->columns;
    const int64_t tasks = s->n_active * c->n_groups;
    const dsep_block mine = dsep_layout_block(tasks, dsep_size(ctx), dsep_rank(ctx));
    double *own = dsep_array(mine.count, sizeof *own), *all = NULL;
    int64_t bytes;
    DSEP_AGREE(ctx, own ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "entropies"));
    for (int64_t t = 0; t < mine.count; t++) {
        const int64_t g = (mine.first + t) / s->n_active, a = (mine.first + t) % s->n_active;
        own[t] = dsep_lingam_entropy(c->rows[g], c->stride[g], column(c, g, s->active[a]));
    }
    DSEP_TRY(dsep_gather_all(ctx, own, mine.count * (int64_t)sizeof *own, (void **)&all, &bytes));
    for (int64_t t = 0; t < tasks && !code; t++) {
        const int64_t variable = s->active[t % s->n_active];
        s->entropy[t / s->n_active * s->p + variable] = all[t];
        if (isnan(all[t]))
            code = dependent(ctx, names[variable]);
    }
cleanup:
    free(own);
    free(all);
    return code;
}

/* NaN where one of the two determines the other. */
static gains evaluate(const search *s, pair of) {
    const dsep_lingam_columns *c = s->columns;
    gains gained = {0, 0};
    double total = 0;
    for (int64_t g = 0; g < c->n_groups; g++)
        total += (double)c->rows[g];
    for (int64_t g = 0; g < c->n_groups; g++) {
        const double r = correlation(c, g, of.low, of.high), *h = s->entropy + g * s->p;
        if (!((1 - r) * (1 + r) > DSEP_LINGAM_SINGULAR))
            return (gains){NAN, NAN};
        const double d = h[of.high] - h[of.low] +
                         dsep_lingam_difference(c->rows[g], c->stride[g], column(c, g, of.low),
                                                column(c, g, of.high), r);
        *(d < 0 ? &gained.low : &gained.high) += d * d * ((double)c->rows[g] / total);
    }
    return gained;
}

/* Counts what the tasks' pairs added. One rank of a node writes what all of it read. */
static void absorb(dsep_context *ctx, search *s, const gains *of) {
    for (int64_t t = 0; t < s->n_tasks; t++) {
        const int64_t i = s->tasks[t].low, j = s->tasks[t].high;
        s->sum[i] += of[t].low;
        s->sum[j] += of[t].high;
        s->done[i]++;
        s->done[j]++;
        if (dsep_node_rank(ctx) != 0)
            continue;
        s->gain[i * s->p + j] = of[t].low;
        s->gain[j * s->p + i] = of[t].high;
        s->seen[i * s->p + j] = s->seen[j * s->p + i] = (int32_t)s->round + 1;
    }
    s->effort->evaluated += s->n_tasks * s->columns->n_groups;
    dsep_shared_sync(ctx, s->gain_memory);
    for (int64_t a = 0; a < s->n_active; a++) {
        const int64_t i = s->active[a];
        if (s->done[i] != s->n_active - 1 || !isinf(s->m[i]))
            continue;
        s->m[i] = 0; /* in one order, whatever was evaluated first */
        for (int64_t b = 0; b < s->n_active; b++)
            if (b != a)
                s->m[i] += s->gain[i * s->p + s->active[b]];
    }
}

/* Evaluates the tasks, each rank its block of them. */
static int do_tasks(dsep_context *ctx, search *s, char *const *names) {
    int code = DSEP_OK;
    const dsep_block mine = dsep_layout_block(s->n_tasks, dsep_size(ctx), dsep_rank(ctx));
    gains *own = dsep_array(mine.count, sizeof *own), *all = NULL;
    int64_t bytes;
    DSEP_AGREE(ctx, own ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "pairs"));
    for (int64_t t = 0; t < mine.count; t++)
        own[t] = evaluate(s, s->tasks[mine.first + t]);
    DSEP_TRY(dsep_gather_all(ctx, own, mine.count * (int64_t)sizeof *own, (void **)&all, &bytes));
    for (int64_t t = 0; t < s->n_tasks && !code; t++)
        if (isnan(all[t].low))
            code = dependent(ctx, names[s->tasks[t].high]);
    if (!code)
        absorb(ctx, s, all);
cleanup:
    free(own);
    free(all);
    return code;
}

/* --- choosing pairs ----------------------------------------------------------------------------
 */

static int is_stale(const search *s, int64_t i, int64_t j) {
    return i != j && s->seen[i * s->p + j] <= s->round;
}

static void add_task(search *s, int64_t i, int64_t j) {
    s->tasks[s->n_tasks++] = (pair){(int32_t)(i < j ? i : j), (int32_t)(i < j ? j : i)};
}

static void add_all(search *s, int64_t i) {
    for (int64_t b = 0; b < s->n_active; b++)
        if (is_stale(s, i, s->active[b]))
            add_task(s, i, s->active[b]);
}

/* The pairs that should do most to pass `enough`, best first. */
static void add_best(search *s, int64_t i, double enough) {
    int32_t chosen[GUESSES];
    double sum = s->sum[i];
    for (int count = 0; count < GUESSES && sum <= enough; count++) {
        int64_t best = -1;
        for (int64_t b = 0; b < s->n_active; b++) {
            const int64_t j = s->active[b];
            int taken = !is_stale(s, i, j);
            for (int k = 0; k < count; k++)
                taken |= chosen[k] == j;
            if (!taken && (best < 0 || s->gain[i * s->p + j] > s->gain[i * s->p + best]))
                best = j;
        }
        if (best < 0)
            return;
        sum += s->gain[i * s->p + best];
        chosen[count] = (int32_t)best;
        add_task(s, i, best);
    }
}

static int by_place(const void *a, const void *b) {
    const pair *x = a, *y = b;
    return x->low != y->low ? (x->low < y->low ? -1 : 1)
                            : (x->high > y->high) - (x->high < y->high);
}

/* Each pair once, in order; what was guessed of it is a guess no more. */
static void settle_tasks(search *s) {
    int64_t kept = 0;
    qsort(s->tasks, (size_t)s->n_tasks, sizeof *s->tasks, by_place);
    for (int64_t t = 0; t < s->n_tasks; t++)
        if (t == 0 || by_place(&s->tasks[t], &s->tasks[t - 1]))
            s->tasks[kept++] = s->tasks[t];
    s->n_tasks = kept;
    for (int64_t t = 0; t < kept; t++) {
        const int64_t i = s->tasks[t].low, j = s->tasks[t].high;
        s->guess[i] -= s->gain[i * s->p + j];
        s->guess[j] -= s->gain[j * s->p + i];
    }
}

static int64_t lowest(const search *s, const double *of) {
    int64_t best = s->active[0];
    for (int64_t a = 1; a < s->n_active; a++)
        if (of[s->active[a]] < of[best])
            best = s->active[a];
    return best;
}

/* Pairs for the variables that can still win: sums in another order may be off by rounding. */
static void choose(search *s) {
    const double best = s->m[lowest(s, s->m)], rounding = 1e-9, clearly = 1.1;
    s->n_tasks = 0;
    for (int64_t a = 0; a < s->n_active && s->n_tasks + s->n_active <= s->room; a++) {
        const int64_t i = s->active[a];
        if (s->done[i] == s->n_active - 1 || (s->sum[i] > best * (1 + rounding) && !s->whole))
            continue;
        if (s->whole || s->sum[i] + s->guess[i] <= best)
            add_all(s, i);
        else
            add_best(s, i, clearly * best);
    }
    settle_tasks(s);
}

static void begin_round(search *s) {
    for (int64_t a = 0; a < s->n_active; a++) {
        const int64_t i = s->active[a];
        s->sum[i] = s->guess[i] = 0;
        s->done[i] = 0;
        s->m[i] = INFINITY;
        for (int64_t b = 0; b < s->n_active; b++)
            s->guess[i] += b == a ? 0 : s->gain[i * s->p + s->active[b]];
    }
    s->n_tasks = 0;
    add_all(s, lowest(s, s->guess));
    settle_tasks(s);
}

/* --- the rounds --------------------------------------------------------------------------------
 */

static int find_root(dsep_context *ctx, search *s, char *const *names, int64_t *root) {
    int code = DSEP_OK;
    DSEP_TRY(find_entropies(ctx, s, names));
    begin_round(s);
    while (s->n_tasks > 0) {
        DSEP_TRY(do_tasks(ctx, s, names));
        choose(s);
    }
    *root = s->n_active == 1 ? s->active[0] : lowest(s, s->m);
cleanup:
    return code;
}

static void take_out(search *s, int64_t root) {
    int64_t kept = 0;
    for (int64_t a = 0; a < s->n_active; a++)
        if (s->active[a] != root)
            s->active[kept++] = s->active[a];
    s->n_active = kept;
}

static void release(search *s) {
    dsep_shared_destroy(&s->gain_memory);
    dsep_shared_destroy(&s->seen_memory);
    free(s->active);
    free(s->entropy);
    free(s->left);
    free(s->sum);
    free(s->guess);
    free(s->m);
    free(s->done);
    free(s->tasks);
}

static int prepare(dsep_context *ctx, search *s) {
    int code = DSEP_OK;
    const int64_t p = s->p, places = p * s->columns->n_groups;
    s->n_active = p;
    s->room = PAIRS_EACH * p;
    s->active = dsep_array(p, sizeof *s->active);
    s->entropy = dsep_array(places, sizeof *s->entropy);
    s->left = dsep_array(places, sizeof *s->left);
    s->sum = dsep_array(p, sizeof *s->sum);
    s->guess = dsep_array(p, sizeof *s->guess);
    s->m = dsep_array(p, sizeof *s->m);
    s->done = dsep_array(p, sizeof *s->done);
    s->tasks = dsep_array(s->room, sizeof *s->tasks);
    DSEP_AGREE(ctx, s->active && s->entropy && s->left && s->sum && s->guess && s->m && s->done &&
                            s->tasks
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "the causal order"));
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(p, p, sizeof *s->gain), "pairs of variables",
                                &s->gain_memory));
    DSEP_TRY(dsep_shared_create(ctx, dsep_bytes(p, p, sizeof *s->seen), "pairs of variables",
                                &s->seen_memory));
    s->gain = dsep_shared_data(s->gain_memory);
    s->seen = dsep_shared_data(s->seen_memory);
    for (int64_t i = 0; i < p; i++)
        s->active[i] = (int32_t)i;
    for (int64_t k = 0; k < places; k++)
        s->left[k] = 1;
cleanup:
    return code;
}

int dsep_lingam_order(dsep_context *ctx, dsep_lingam_columns *columns, char *const *names,
                      const dsep_lingam_order_settings *settings, int64_t *order,
                      dsep_lingam_effort *effort) {
    int code = DSEP_OK;
    const int64_t p = columns->n_variables;
    search s = {.columns = columns, .p = p, .whole = settings->whole, .effort = effort};
    *effort = (dsep_lingam_effort){.pairs = (p + 1) * p * (p - 1) / 6 * columns->n_groups};
    DSEP_TRY(prepare(ctx, &s));
    for (s.round = 0; s.round < p; s.round++) {
        DSEP_TRY(find_root(ctx, &s, names, &order[s.round]));
        take_out(&s, order[s.round]);
        update(ctx, &s, order[s.round]);
        dsep_log_progress(ctx, "causal order", (double)s.round + 1, (double)p, "variables");
    }
cleanup:
    release(&s);
    return code;
}
