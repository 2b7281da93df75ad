#include "solvers/exact.h"

#include "mpi/clock.h"
#include "mpi/counter.h"
#include "mpi/exchange.h"
#include "mpi/layout.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/exact_walk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNKS = 256 }; /* tasks of a layer, on any number of ranks: the order of sums is theirs */

typedef struct {
    dsep_context *ctx;
    int p;
    uint32_t all;
    dsep_shared *inside, *outside, *phi, *layer, *partial;
    dsep_counter *counter;
    dsep_exact_walk walk;
    int top;          /* half of the variables: a block is all sets with the same of these */
    int *owner;       /* [2^top] the rank that adds a block up */
    int64_t *home;    /* [2^top] and its node */
    uint32_t *larger; /* [2^top] blocks at hand */
    int64_t step;     /* top + 1 rounds of blocks, then p layers */
    int64_t sums; /* [2 p^2 + 1] edges, paths (on the diagonal: the sum of q), squared magnitudes */
    long double *total;
    const dsep_pauses *pauses;
    double rate, since; /* terms a second; seconds since anybody was asked */
    double terms, done; /* in all, and by the step at hand */
} posterior;

static int64_t choose(int n, int k) {
    int64_t c = 1;
    for (int i = 0; i < k; i++)
        c = c * (n - i) / (i + 1);
    return k > n ? 0 : c;
}

/* The set of k variables at this place in increasing order, and the one after a set. */
static uint32_t set_number(int p, int k, int64_t place) {
    uint32_t set = 0;
    for (int j = p - 1; j >= 0 && k > 0; j--)
        if (place >= choose(j, k)) {
            place -= choose(j, k--);
            set |= 1U << j;
        }
    return set;
}

static uint32_t next_set(uint32_t set) {
    const uint32_t low = set & -set, up = set + low;
    return set ? up | (((set ^ up) >> 2) / low) : 0;
}

/* --- steps ----------------------------------------------------------------------------------- */

static int in_rounds(const posterior *o) {
    return o->step <= o->top;
}

static int64_t steps(const posterior *o) {
    return o->top + 1 + o->p;
}

/* The size of the layer that is next. */
static int layer_of(const posterior *o) {
    return (int)(steps(o) - 1 - o->step);
}

static double step_terms(const posterior *o) {
    const int round = (int)o->step, k = layer_of(o);
    if (in_rounds(o))
        return (double)choose(o->top, round) * ldexp(pow(3, o->p - o->top), o->top - round);
    return (double)choose(o->p, k) * ldexp(1, o->p - k);
}

/* How far it is, with this share of the step at hand. */
static void tell(const posterior *o, double share) {
    dsep_log_progress(o->ctx, "posterior", o->done + share * step_terms(o), o->terms, "terms");
}

/* Terms of all steps, and of those that are done. */
static void count_terms(posterior *o) {
    const int64_t here = o->step;
    o->terms = o->done = 0;
    for (o->step = 0; o->step < steps(o); o->step++) {
        o->done += o->step < here ? step_terms(o) : 0;
        o->terms += step_terms(o);
    }
    o->step = here;
}

/* --- inside weights, in rounds of blocks: sets that agree in the highest variables ----------- */

/* Deals blocks by falling cost, there and back. */
static void deal_blocks(posterior *o) {
    const int size = dsep_size(o->ctx);
    int dealt = 0;
    for (int k = o->top; k >= 0; k--)
        for (int block = 0; block < 1 << o->top; block++)
            if (__builtin_popcount((unsigned)block) == k) {
                const int turn = dealt++ % (2 * size);
                o->owner[block] = turn < size ? turn : 2 * size - 1 - turn;
            }
}

/* The weights of a block are complete but for what its own sets give each other, in order. */
static void finish_block(posterior *o, uint32_t block) {
    const int low = o->p - o->top;
    for (uint32_t set = block << low; set < (block + 1) << low; set++) {
        dsep_exact_take(&o->walk, set);
        dsep_exact_push(&o->walk, block);
    }
}

/* The blocks of this round go from their owners to every node. */
static void spread_blocks(posterior *o, int round) {
    const int64_t each = 1L << (o->p - o->top), blocks = choose(o->top, round);
    const size_t bytes = (size_t)each * sizeof(long double);
    long double *layer = dsep_shared_data(o->layer), *inside = dsep_shared_data(o->inside);
    dsep_shared_clear(o->ctx, o->layer);
    uint32_t block = set_number(o->top, round, 0);
    for (int64_t i = 0; i < blocks; i++, block = next_set(block))
        if (o->owner[block] == dsep_rank(o->ctx))
            memcpy(layer + i * each, inside + block * each, bytes);
    dsep_shared_unite(o->ctx, o->layer);
    block = set_number(o->top, round, 0);
    for (int64_t i = 0; i < blocks; i++, block = next_set(block))
        if (i % dsep_node_size(o->ctx) == dsep_node_rank(o->ctx))
            memcpy(inside + block * each, layer + i * each, bytes);
    dsep_shared_sync(o->ctx, o->inside);
}

/* A block whose weights are known gives to the larger ones that are this rank's. */
static void give_block(posterior *o, uint32_t block) {
    const int low = o->p - o->top;
    int count = 0;
    for (uint32_t larger = block + 1; larger < 1U << o->top; larger++)
        if (o->owner[larger] == dsep_rank(o->ctx) && !(block & ~larger))
            o->larger[count++] = larger;
    for (uint32_t set = block << low; count > 0 && set < (block + 1) << low; set++) {
        dsep_exact_take(&o->walk, set);
        for (int i = 0; i < count; i++)
            dsep_exact_push(&o->walk, o->larger[i]);
    }
}

static void inside_round(posterior *o, int round) {
    const int64_t blocks = choose(o->top, round);
    uint32_t block = set_number(o->top, round, 0);
    for (int64_t i = 0; i < blocks; i++, block = next_set(block))
        if (o->owner[block] == dsep_rank(o->ctx))
            finish_block(o, block);
    spread_blocks(o, round);
    block = set_number(o->top, round, 0);
    for (int64_t i = 0; i < blocks; i++, block = next_set(block))
        give_block(o, block);
}

/* --- outside weights and marginals, in layers of sets of one size ---------------------------- */

/* What q of the set at hand says about edges and paths, into sums. */
static void add_marginals(const dsep_exact_walk *w, long double weight, long double *sums) {
    const int p = w->p;
    long double *edge = sums, *path = sums + (int64_t)p * p;
    for (int s = 0; s < w->m; s++) {
        const int j = w->variable[s];
        const long double q = w->alone[s] / weight;
        if (fabsl(q) < w->power[256 - 120])
            continue;
        for (int d = 0; d < w->m; d++)
            path[j * p + w->variable[d]] += q;
        for (uint32_t left = w->set; left; left &= left - 1) {
            const int i = __builtin_ctz(left);
            const int64_t at = dsep_parent_place(p, j, w->set ^ 1U << i);
            const int32_t shift = w->sums->exponent[at] - w->exponent[s];
            if (shift < -200)
                edge[i * p + j] += q;
            else
                edge[i * p + j] +=
                    q + q * w->power[256 + shift] * w->sums->mantissa[at] / w->factor[s];
        }
    }
    sums[2 * (int64_t)p * p] += w->magnitude / weight * (w->magnitude / weight);
}

static void outside_task(posterior *o, int k, dsep_block sets, long double *sums) {
    long double *layer = dsep_shared_data(o->layer);
    const long double *inside = dsep_shared_data(o->inside);
    uint32_t set = set_number(o->p, k, sets.first);
    for (int64_t i = 0; i < sets.count; i++, set = next_set(set)) {
        dsep_counter_serve(o->counter);
        dsep_exact_take(&o->walk, set);
        dsep_exact_pull(&o->walk);
        add_marginals(&o->walk, inside[o->all], sums);
        const long double weight = o->walk.total / inside[set];
        layer[sets.first + i] = fabsl(weight) < 1e-4000L ? 0 : weight;
    }
}

/* The layer goes to the place of its sets on every node. */
static void spread_layer(posterior *o, int k) {
    const long double *layer = dsep_shared_data(o->layer);
    long double *outside = dsep_shared_data(o->outside);
    const dsep_block mine =
        dsep_layout_block(choose(o->p, k), dsep_node_size(o->ctx), dsep_node_rank(o->ctx));
    uint32_t set = set_number(o->p, k, mine.first);
    for (int64_t i = 0; i < mine.count; i++, set = next_set(set))
        outside[set] = layer[mine.first + i];
    dsep_shared_sync(o->ctx, o->outside);
}

/* Outside weights of sets larger than k are known, and then those of size k. */
static void outside_layer(posterior *o, int k) {
    const int64_t sets = choose(o->p, k), tasks = sets < CHUNKS ? sets : CHUNKS;
    long double *partial = dsep_shared_data(o->partial);
    dsep_shared_clear(o->ctx, o->layer);
    dsep_shared_clear(o->ctx, o->partial);
    dsep_counter_reset(o->ctx, o->counter, tasks);
    for (int64_t t; (t = dsep_counter_next(o->counter)) >= 0;) {
        memset(partial + t * o->sums, 0, (size_t)o->sums * sizeof *partial);
        outside_task(o, k, dsep_layout_block(sets, tasks, t), partial + t * o->sums);
        tell(o, (double)dsep_counter_taken(o->counter) / (double)tasks);
    }
    dsep_counter_finish(o->ctx, o->counter);
    dsep_shared_unite(o->ctx, o->layer);
    dsep_shared_unite(o->ctx, o->partial);
    spread_layer(o, k);
    for (int64_t t = 0; t < tasks; t++)
        for (int64_t i = 0; i < o->sums; i++)
            o->total[i] += partial[t * o->sums + i];
}

/* --- between layers -------------------------------------------------------------------------- */

/* Inside weights that are not known yet are added up on one node each: others hold zeros. */
static void forget(posterior *o) {
    long double *inside = dsep_shared_data(o->inside);
    if (dsep_nodes(o->ctx) > 1 && in_rounds(o) && dsep_node_rank(o->ctx) == 0)
        for (uint32_t set = 0; set <= o->all; set++)
            if (__builtin_popcount(set >> (o->p - o->top)) >= o->step &&
                o->home[set >> (o->p - o->top)] != dsep_node(o->ctx))
                memset(&inside[set], 0, sizeof *inside);
    dsep_shared_sync(o->ctx, o->inside);
}

static int keep(posterior *o, int *stop) {
    int code = DSEP_OK;
    dsep_error *error = dsep_context_error(o->ctx);
    const int64_t bytes = dsep_bytes(1L << o->p, sizeof(long double), 1);
    dsep_state state = {0};
    dsep_shared_unite(o->ctx, o->inside);
    int mine = dsep_state_lend(&state, "exact.step", 0, &o->step, sizeof o->step, error);
    if (!mine)
        mine = dsep_state_lend(&state, "exact.total", 0, o->total,
                               o->sums * (int64_t)sizeof *o->total, error);
    if (!mine)
        mine =
            dsep_state_lend(&state, "exact.inside", 0, dsep_shared_data(o->inside), bytes, error);
    if (!mine)
        mine =
            dsep_state_lend(&state, "exact.outside", 0, dsep_shared_data(o->outside), bytes, error);
    DSEP_AGREE(o->ctx, mine);
    DSEP_TRY(o->pauses->keep(o->ctx, &state, o->pauses->data, stop));
    forget(o);
cleanup:
    dsep_state_clear(&state);
    return code;
}

/* Takes up what was kept. */
static int go_on(posterior *o, const dsep_state *from) {
    dsep_error *error = dsep_context_error(o->ctx);
    const int64_t bytes = dsep_bytes(1L << o->p, sizeof(long double), 1);
    int code = DSEP_OK;
    DSEP_AGREE(o->ctx, dsep_state_read(from, "exact.step", &o->step, sizeof o->step, error));
    DSEP_AGREE(o->ctx, dsep_state_read(from, "exact.total", o->total,
                                       o->sums * (int64_t)sizeof *o->total, error));
    int mine = DSEP_OK;
    if (dsep_node_rank(o->ctx) == 0) {
        mine = dsep_state_read(from, "exact.inside", dsep_shared_data(o->inside), bytes, error);
        if (!mine)
            mine =
                dsep_state_read(from, "exact.outside", dsep_shared_data(o->outside), bytes, error);
    }
    DSEP_AGREE(o->ctx, mine);
    forget(o);
    dsep_shared_sync(o->ctx, o->outside);
cleanup:
    return code;
}

/* Asks, where a state could be wanted, and keeps it. */
static int pause_here(posterior *o, int *stop) {
    const double ahead = o->rate > 0 ? step_terms(o) / o->rate : 0;
    if (!o->pauses || o->since + ahead < o->pauses->seconds)
        return DSEP_OK;
    o->since = 0;
    return o->pauses->due(o->ctx, ahead, o->pauses->data) ? keep(o, stop) : DSEP_OK;
}

/* All layers that are left. */
static int run(posterior *o, int *stopped) {
    int code = DSEP_OK;
    count_terms(o);
    for (*stopped = 0; o->step < steps(o); o->step++) {
        tell(o, 0);
        DSEP_TRY(pause_here(o, stopped));
        if (*stopped)
            break;
        double seconds = dsep_clock();
        if (in_rounds(o))
            inside_round(o, (int)o->step);
        else
            outside_layer(o, layer_of(o));
        seconds = dsep_clock() - seconds;
        dsep_max_f64(o->ctx, &seconds, 1);
        o->rate = seconds > 0 ? step_terms(o) / seconds : 0;
        o->since += seconds;
        o->done += step_terms(o);
    }
cleanup:
    return code;
}

/* --- from sums to the result ----------------------------------------------------------------- */

/* Logarithm of the number of DAGs on p nodes (Robinson 1977). */
static long double log_dags(int p) {
    long double dags[DSEP_EXACT_MOST + 1] = {1};
    for (int n = 1; n <= p; n++)
        for (int k = 1; k <= n; k++)
            dags[n] += (k % 2 ? 1 : -1) * choose(n, k) * ldexpl(dags[n - k], k * (n - k));
    return logl(dags[p]);
}

static double within(long double probability) {
    return (double)fminl(fmaxl(probability, 0), 1);
}

static void conclude(const posterior *o, dsep_exact *exact) {
    const int p = o->p;
    const long double *inside = dsep_shared_data(o->inside),
                      *outside = dsep_shared_data(o->outside);
    const int32_t *phi = dsep_shared_data(o->phi);
    const long double weight = inside[o->all];
    exact->complete = 1;
    exact->log_evidence = (double)(o->walk.sums->log_scale + phi[o->all] * logl(2) + logl(weight));
    exact->log_dags = (double)log_dags(p);
    long double wrong = fabsl(outside[0] / weight - 1);
    for (int i = 0; i < p; i++)
        for (int j = 0; j < p; j++) {
            const long double path = o->total[(p + i) * p + j];
            exact->edge[i * p + j] = within(o->total[i * p + j]);
            exact->path[i * p + j] = i == j ? 0 : within(path);
            if (i == j)
                wrong = fmaxl(wrong, fabsl(path - 1));
        }
    /* Roundings of different sets are independent; those of the parent sums are p to 53 bits. */
    wrong = fmaxl(wrong, ldexpl(sqrtl(o->total[2 * p * p]), -62));
    exact->digits = (double)-log10l(wrong + ldexpl(p, -53));
}

/* --- the whole ------------------------------------------------------------------------------- */

/* Sets of the largest layer or round. */
static int64_t layer_room(int p) {
    const int top = p / 2;
    const int64_t layer = choose(p, p / 2), round = choose(top, top / 2) << (p - top);
    return layer > round ? layer : round;
}

int64_t dsep_exact_memory(int64_t n_variables) {
    if (n_variables < 1 || n_variables > DSEP_EXACT_MOST)
        return -1;
    const int p = (int)n_variables;
    const int64_t sums = p * (8 + 4) / 2 + 1, weights = 2 * (int64_t)sizeof(long double) + 4;
    return ((sums + weights) << p) +
           (layer_room(p) + CHUNKS * (2L * p * p + 1)) * (int64_t)sizeof(long double);
}

double dsep_exact_terms(int64_t n_variables) {
    return 2 * pow(3, (double)n_variables);
}

static int open_shared(posterior *o) {
    const int64_t sets = 1L << o->p, weight = sizeof(long double);
    const int64_t chunks = o->sums * CHUNKS;
    int code = DSEP_OK;
    DSEP_TRY(dsep_shared_create(o->ctx, sets * weight, "the weights of all sets", &o->inside));
    DSEP_TRY(dsep_shared_create(o->ctx, sets * weight, "the weights of all sets", &o->outside));
    DSEP_TRY(dsep_shared_create(o->ctx, sets * (int64_t)sizeof(int32_t),
                                "the exponents of all sets", &o->phi));
    DSEP_TRY(dsep_shared_create(o->ctx, layer_room(o->p) * weight, "a layer", &o->layer));
    DSEP_TRY(dsep_shared_create(o->ctx, chunks * weight, "sums of marginals", &o->partial));
    DSEP_TRY(dsep_counter_create(o->ctx, &o->counter));
cleanup:
    return code;
}

static int open_own(posterior *o) {
    const int64_t blocks = 1L << o->top;
    o->owner = dsep_array(blocks, sizeof *o->owner);
    o->home = dsep_array(blocks, sizeof *o->home);
    o->larger = dsep_array(blocks, sizeof *o->larger);
    o->total = dsep_array(o->sums, sizeof *o->total);
    const int good = o->owner && o->home && o->larger && o->total;
    return dsep_agree(o->ctx,
                      good ? DSEP_OK
                           : dsep_out_of_memory(dsep_context_error(o->ctx), "the exact posterior"));
}

/* Where the passes begin: one way to have no variables, one to complete a whole. */
static void begin(posterior *o, const dsep_parent_sums *sums) {
    long double *inside = dsep_shared_data(o->inside), *outside = dsep_shared_data(o->outside);
    deal_blocks(o);
    for (int block = 0; block < 1 << o->top; block++)
        o->home[block] = o->owner[block] == dsep_rank(o->ctx) ? dsep_node(o->ctx) : 0;
    dsep_max_i64(o->ctx, o->home, 1L << o->top);
    if (dsep_node_rank(o->ctx) == 0) {
        dsep_exact_potential(sums, dsep_shared_data(o->phi));
        inside[0] = outside[o->all] = 1;
    }
    dsep_shared_sync(o->ctx, o->phi);
    dsep_exact_walk_init(&o->walk, sums, o->top, dsep_shared_data(o->phi), inside, outside);
}

static void close_all(posterior *o) {
    dsep_counter_destroy(&o->counter);
    dsep_shared_destroy(&o->partial);
    dsep_shared_destroy(&o->layer);
    dsep_shared_destroy(&o->phi);
    dsep_shared_destroy(&o->outside);
    dsep_shared_destroy(&o->inside);
    free(o->total);
    free(o->larger);
    free(o->home);
    free(o->owner);
}

static dsep_exact *exact_alloc(int p) {
    dsep_exact *made = calloc(1, sizeof *made);
    if (!made)
        return NULL;
    made->n_variables = p;
    made->edge = dsep_array((int64_t)p * p, sizeof *made->edge);
    made->path = dsep_array((int64_t)p * p, sizeof *made->path);
    if (!made->edge || !made->path)
        dsep_exact_destroy(&made);
    return made;
}

int dsep_exact_create(dsep_context *ctx, const dsep_parent_sums *sums, const dsep_pauses *pauses,
                      const dsep_state *from, dsep_exact **exact) {
    const int p = sums->n_variables;
    posterior o = {.ctx = ctx, .p = p, .pauses = pauses};
    int code = DSEP_OK, stopped;
    o.all = (uint32_t)((1L << p) - 1);
    o.top = p / 2;
    o.sums = 2L * p * p + 1;
    dsep_exact *made = exact_alloc(p);
    DSEP_AGREE(ctx,
               made ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "the exact posterior"));
    DSEP_TRY(open_own(&o));
    DSEP_TRY(open_shared(&o));
    begin(&o, sums);
    if (from)
        DSEP_TRY(go_on(&o, from));
    DSEP_TRY(run(&o, &stopped));
    if (!stopped)
        conclude(&o, made);
cleanup:
    close_all(&o);
    if (code)
        dsep_exact_destroy(&made);
    *exact = made;
    return code;
}

void dsep_exact_destroy(dsep_exact **exact) {
    if (!*exact)
        return;
    free((*exact)->edge);
    free((*exact)->path);
    free(*exact);
    *exact = NULL;
}
