/* A run that is stopped between two units of work and goes on from its state, on other ranks, is
 * the run without a break: skeleton, separating sets, counts, strengths and graph, byte by byte.
 * Some thousand searches: under the sanitizers they take minutes.
 * seconds: 240 */
#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "mpi/random.h"
#include "solvers/fisher_z.h"
#include "solvers/pc.h"
#include "tests/support/tap.h"

#include <gsl/gsl_cdf.h>
#include <stdlib.h>
#include <string.h>

/* --- studies ---------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    int64_t p, n;
    double alpha, joined; /* joined: how often a column depends on one of the twelve before it */
    int listed, knows;
    int64_t max_order;
    int most; /* pauses that are tried */
} study;

/* Where a run takes place, and what it gives without a break. */
typedef struct {
    dsep_context *ctx;
    dsep_correlation *correlation;
    dsep_citest *test;
    dsep_pc *wanted;
} site;

enum { WORLD, NODES_OF_1, NODES_OF_2, ALONE, SITES };

static dsep_context *contexts[SITES];

static dsep_table *make_table(dsep_context *ctx, const study *what) {
    dsep_table *table = NULL;
    const int64_t p = what->p, n = what->n;
    const dsep_random noise = {5, 3100, 0}, arcs = {5, 3101, 0};
    double *row = calloc((size_t)p, sizeof *row);
    if (dsep_table_create(ctx, n, p, &table))
        return NULL;
    for (int64_t s = 0; s < n; s++)
        for (int64_t j = 0; j < p; j++) {
            row[j] = gsl_cdf_ugaussian_Pinv(dsep_random_uniform(noise, (uint64_t)(s * p + j)));
            for (int64_t i = j > 12 ? j - 12 : 0; i < j; i++)
                if (dsep_random_uniform(arcs, (uint64_t)(i * p + j)) < what->joined)
                    row[j] += .6 * row[i];
            if (j >= table->mine.first && j < table->mine.first + table->mine.count)
                table->values[(j - table->mine.first) * n + s] = row[j];
        }
    free(row);
    return table;
}

static dsep_knowledge *make_knowledge(const study *what) {
    dsep_knowledge *knowledge = NULL;
    if (!what->knows || dsep_knowledge_create(what->p, NULL, &knowledge))
        return NULL;
    dsep_knowledge_require(knowledge, 1, what->p - 1, NULL);
    for (int64_t x = 0; x + 2 < what->p; x += 5) {
        dsep_knowledge_forbid(knowledge, x, x + 2, NULL);
        dsep_knowledge_forbid(knowledge, x + 2, x, NULL);
    }
    char **names = calloc((size_t)what->p, sizeof *names);
    for (int64_t x = 0; x < what->p; x++)
        names[x] = "x";
    dsep_knowledge_settle(knowledge, names, NULL);
    free(names);
    return knowledge;
}

/* --- pauses ----------------------------------------------------------------------------------- */

/* Keeps the state at a question, whole on every rank, and stops there. */
typedef struct {
    int64_t at;    /* the question's number, from 1 on; 0: none */
    int64_t asked; /* questions so far */
    int kept;
    dsep_state state;
} keeper;

static int due(dsep_context *ctx, double seconds, void *data) {
    keeper *k = data;
    (void)ctx;
    return ++k->asked == k->at && seconds == 0;
}

static int keep(dsep_context *ctx, const dsep_state *state, void *data, int *stop) {
    int code = DSEP_OK;
    keeper *k = data;
    dsep_state_clear(&k->state);
    for (int b = 0; b < state->n_blocks; b++) {
        const dsep_state_block *block = &state->block[b];
        void *all = dsep_array(block->bytes, 1);
        int64_t bytes = block->bytes;
        if (block->record > 0) {
            free(all);
            DSEP_TRY(dsep_gather_all(ctx, block->data, block->bytes, &all, &bytes));
        } else if (bytes > 0) {
            memcpy(all, block->data, (size_t)bytes);
        }
        DSEP_TRY(dsep_state_give(&k->state, block->name, block->record, all, bytes, NULL));
    }
    k->kept = *stop = 1;
cleanup:
    return code;
}

/* How records come to ranks. */
typedef enum { IN_ORDER, BACKWARD, ON_THE_LAST, SCATTERED, DEALINGS } dealing;

static int owner_of(dsep_context *ctx, dealing how, int64_t record, int64_t count) {
    const int size = dsep_size(ctx);
    switch (how) {
    case IN_ORDER:
        return (int)dsep_layout_owner(count, size, record);
    case BACKWARD:
        return size - 1 - (int)dsep_layout_owner(count, size, record);
    case ON_THE_LAST:
        return size - 1;
    default:
        return (int)(record * 7919 / 3 % size);
    }
}

/* This rank's part of a whole state. */
static void deal(dsep_context *ctx, const dsep_state *whole, dealing how, dsep_state *part) {
    *part = (dsep_state){0};
    for (int b = 0; b < whole->n_blocks; b++) {
        const dsep_state_block *block = &whole->block[b];
        if (block->record == 0) {
            dsep_state_lend(part, block->name, 0, block->data, block->bytes, NULL);
            continue;
        }
        const int64_t size = block->record, count = block->bytes / size;
        char *mine = dsep_array(block->bytes, 1);
        int64_t bytes = 0;
        for (int64_t i = 0; i < count; i++) {
            const int64_t k = how == SCATTERED ? count - 1 - i : i;
            if (owner_of(ctx, how, k, count) != dsep_rank(ctx))
                continue;
            memcpy(mine + bytes, (const char *)block->data + k * size, (size_t)size);
            bytes += size;
        }
        dsep_state_give(part, block->name, size, mine, bytes, NULL);
    }
}

/* --- runs ------------------------------------------------------------------------------------- */

typedef struct {
    const study *what;
    dsep_knowledge *knowledge;
    site site[SITES];
} bench;

/* One run at a place; k: NULL never pauses; from: NULL from the start. */
static int run(const bench *b, int place, keeper *k, const dsep_state *from, int partial,
               dsep_pc **pc) {
    const dsep_pauses pauses = {.due = due, .keep = keep, .data = k};
    const dsep_pc_settings settings = {.search = {.max_order = b->what->max_order,
                                                  .listed = b->what->listed,
                                                  .pauses = k ? &pauses : NULL,
                                                  .resume = from},
                                       .orientation = DSEP_ORIENTATION_MAJORITY,
                                       .partial = partial};
    const site *at = &b->site[place];
    return dsep_pc_run(at->ctx, at->test, b->knowledge, &settings, pc);
}

/* The same from a whole state, dealt anew. */
static int go_on(const bench *b, int place, keeper *k, const dsep_state *from, dealing how,
                 int partial, dsep_pc **pc) {
    dsep_state part;
    deal(b->site[place].ctx, from, how, &part);
    const int code = run(b, place, k, &part, partial, pc);
    dsep_state_clear(&part);
    return code;
}

static void open_bench(bench *b) {
    b->knowledge = make_knowledge(b->what);
    for (int i = 0; i < SITES; i++) {
        site *at = &b->site[i];
        at->ctx = contexts[i];
        dsep_table *table = make_table(at->ctx, b->what);
        dsep_correlation_create(at->ctx, table, !b->what->listed, &at->correlation);
        dsep_fisher_z_create(at->correlation, b->what->alpha, NULL, &at->test);
        dsep_table_destroy(&table);
        run(b, i, NULL, NULL, 0, &at->wanted);
    }
}

static void close_bench(bench *b) {
    for (int i = 0; i < SITES; i++) {
        dsep_pc_destroy(&b->site[i].wanted);
        dsep_fisher_z_destroy(&b->site[i].test);
        dsep_correlation_destroy(&b->site[i].correlation);
    }
    dsep_knowledge_destroy(&b->knowledge);
}

/* --- comparing -------------------------------------------------------------------------------- */

static int same_bytes(const void *a, const void *b, int64_t count, size_t size) {
    return count == 0 || memcmp(a, b, (size_t)count * size) == 0;
}

static int same_sets(const dsep_sepsets *a, const dsep_sepsets *b) {
    return a->count == b->count && a->n_settled == b->n_settled &&
           same_bytes(a->first, b->first, a->count, sizeof *a->first) &&
           same_bytes(a->second, b->second, a->count, sizeof *a->second) &&
           same_bytes(a->offset, b->offset, a->count + 1, sizeof *a->offset) &&
           same_bytes(a->member, b->member, a->offset[a->count], sizeof *a->member);
}

static int same_levels(const dsep_skeleton *a, const dsep_skeleton *b) {
    int good = a->n_levels == b->n_levels;
    for (int64_t l = 0; good && l < a->n_levels; l++) {
        dsep_level x = a->levels[l], y = b->levels[l];
        x.seconds = y.seconds = 0;
        good = same_bytes(&x, &y, 1, sizeof x);
    }
    return good;
}

static int same_adjacency(const dsep_adjacency *a, const dsep_adjacency *b) {
    const int64_t places = a->offset[a->n_nodes];
    return same_bytes(a->offset, b->offset, a->n_nodes + 1, sizeof *a->offset) &&
           same_bytes(a->neighbour, b->neighbour, places, sizeof *a->neighbour) &&
           same_bytes(a->gone, b->gone, places, sizeof *a->gone);
}

static int same_skeleton(const dsep_skeleton *a, const dsep_skeleton *b) {
    return same_levels(a, b) && same_adjacency(a->adjacency, b->adjacency) &&
           same_sets(a->sepsets, b->sepsets) && a->next.order == b->next.order &&
           a->next.tests == b->next.tests;
}

static int same_pc(const dsep_pc *a, const dsep_pc *b) {
    if (!a || !b || !a->strength || !b->strength || !same_skeleton(a->skeleton, b->skeleton))
        return 0;
    const int64_t edges = a->graph->n_edges;
    return edges == b->graph->n_edges && a->v_structures == b->v_structures &&
           a->ambiguous == b->ambiguous && a->conflicts.count == b->conflicts.count &&
           same_bytes(a->graph->neighbour, b->graph->neighbour, 2 * edges, sizeof(int32_t)) &&
           same_bytes(a->graph->mark, b->graph->mark, 2 * edges, sizeof(uint8_t)) &&
           same_bytes(a->strength->weight, b->strength->weight, edges, sizeof(double)) &&
           same_bytes(a->strength->p_max, b->strength->p_max, edges, sizeof(double)) &&
           same_bytes(a->strength->order, b->strength->order, edges, sizeof(int64_t));
}

/* --- tests ------------------------------------------------------------------------------------ */

/* Stopped at question `at` at one place, going on at another. */
static int breaks_once(const bench *b, int64_t at, int from, int to, dealing how) {
    keeper k = {.at = at};
    dsep_pc *stopped = NULL, *whole = NULL;
    int good = !run(b, from, &k, NULL, 0, &stopped) && k.kept && stopped->stopped &&
               !stopped->strength && !stopped->graph;
    good = good && !go_on(b, to, NULL, &k.state, how, 0, &whole) && !whole->stopped &&
           whole->skeleton->stop == b->site[to].wanted->skeleton->stop &&
           same_pc(whole, b->site[to].wanted);
    if (!good)
        tap_note("%s: question %lld, from %d to %d, dealt %d", b->what->name, (long long)at, from,
                 to, (int)how);
    dsep_pc_destroy(&stopped);
    dsep_pc_destroy(&whole);
    dsep_state_clear(&k.state);
    return good;
}

/* All ranks must meet in what follows: a place that only some of them like is disliked by all. */
static int everywhere(int good) {
    int64_t all = good;
    dsep_min_i64(contexts[WORLD], &all, 1);
    return (int)all;
}

static int64_t count_questions(const bench *b, int place) {
    keeper k = {0};
    dsep_pc *pc = NULL;
    const int good = !run(b, place, &k, NULL, 0, &pc) && same_pc(pc, b->site[place].wanted);
    tap_ok(good, "%s, place %d: %lld units leave no trace", b->what->name, place,
           (long long)k.asked + 1);
    dsep_pc_destroy(&pc);
    return k.asked;
}

/* How many questions a run in the world asks. */
static int64_t test_breaks(const bench *b) {
    static const int ways[][2] = {{WORLD, WORLD},      {WORLD, ALONE},
                                  {ALONE, WORLD},      {WORLD, NODES_OF_1},
                                  {NODES_OF_2, WORLD}, {NODES_OF_1, NODES_OF_2}};
    int64_t questions[SITES];
    const int breaks = tap_draws(b->what->most);
    int good = 1, tried = 0;
    for (int i = 0; i < SITES; i++)
        questions[i] = count_questions(b, i);
    for (int t = 0; t < breaks && good; t++) {
        const int *way = ways[t % 6];
        const int64_t at = 1 + t * questions[way[0]] / breaks;
        good = everywhere(breaks_once(b, at, way[0], way[1], (dealing)(t % DEALINGS)));
        tried++;
    }
    tap_ok(good && questions[WORLD] > 1 && questions[ALONE] > 1,
           "%s: stopped at %d of %lld questions, and went on elsewhere", b->what->name, tried,
           (long long)questions[ALONE]);
    return questions[WORLD];
}

/* Stopped again and again, each time after `step` units more: nothing is done twice. */
static void test_chain(const bench *b, int64_t step, int64_t questions) {
    dsep_state state = {0};
    dsep_pc *pc = NULL;
    int code = DSEP_OK, runs = 0, place = WORLD;
    do {
        keeper k = {.at = step};
        dsep_pc_destroy(&pc);
        place = runs % 2 ? NODES_OF_2 : WORLD;
        code = runs ? go_on(b, place, &k, &state, (dealing)(runs % DEALINGS), 0, &pc)
                    : run(b, place, &k, NULL, 0, &pc);
        dsep_state_clear(&state);
        state = k.state;
        runs++;
    } while (!code && pc->stopped && runs <= questions);
    tap_ok(!code && runs > 2 && runs == questions / step + 1 && same_pc(pc, b->site[place].wanted),
           "%s: stopped after every %lld units, %d runs", b->what->name, (long long)step, runs);
    dsep_pc_destroy(&pc);
    dsep_state_clear(&state);
}

static int always_due(dsep_context *ctx, double seconds, void *data) {
    keeper *k = data;
    (void)ctx;
    k->asked += seconds >= 0 && seconds <= .001;
    return 1;
}

static int keep_and_go_on(dsep_context *ctx, const dsep_state *state, void *data, int *stop) {
    const int code = keep(ctx, state, data, stop);
    *stop = 0;
    return code;
}

/* Units that a clock cuts: what they are depends on it, what comes of them does not. */
static void test_clock(const bench *b) {
    keeper k = {0};
    const dsep_pauses pauses = {
        .seconds = .001, .due = always_due, .keep = keep_and_go_on, .data = &k};
    const dsep_pc_settings settings = {
        .search = {.max_order = b->what->max_order, .listed = b->what->listed, .pauses = &pauses},
        .orientation = DSEP_ORIENTATION_MAJORITY};
    const site *at = &b->site[WORLD];
    dsep_pc *pc = NULL, *again = NULL;
    int good =
        !dsep_pc_run(at->ctx, at->test, b->knowledge, &settings, &pc) && same_pc(pc, at->wanted);
    if (k.kept)
        good = good && !go_on(b, WORLD, NULL, &k.state, SCATTERED, 0, &again) &&
               same_pc(again, at->wanted);
    tap_ok(good, "%s: in units of a millisecond", b->what->name);
    dsep_pc_destroy(&pc);
    dsep_pc_destroy(&again);
    dsep_state_clear(&k.state);
}

/* A search that stops in order k is the search for sets of up to k - 1; also when it was going on
 * from the middle of the order. */
static int makes_partial(const bench *b, int64_t at, dealing how, int *partial) {
    keeper k = {.at = at}, next = {.at = 1};
    dsep_pc *first = NULL, *second = NULL, *wanted = NULL;
    int good = !run(b, WORLD, &k, NULL, 1, &first) && k.kept && first->stopped;
    good = good && !go_on(b, WORLD, &next, &k.state, how, 1, &second);
    dsep_pc *const made[] = {first, second};
    for (int i = 0; i < 2 && good; i++) {
        const int64_t orders = made[i]->skeleton->n_levels;
        if (made[i]->skeleton->stop != DSEP_SKELETON_STOPPED || orders == 0) {
            good = !made[i]->stopped || !made[i]->strength; /* all, or nothing */
            continue;
        }
        study shorter = *b->what;
        shorter.max_order = orders - 1;
        bench other = *b;
        other.what = &shorter;
        good = !run(&other, WORLD, NULL, NULL, 0, &wanted) && same_pc(made[i], wanted);
        dsep_pc_destroy(&wanted);
        ++*partial;
    }
    dsep_pc_destroy(&first);
    dsep_pc_destroy(&second);
    dsep_state_clear(&k.state);
    dsep_state_clear(&next.state);
    return everywhere(good);
}

static void test_partial(const bench *b, int64_t questions) {
    int good = 1, partial = 0;
    for (int t = 0; t < 8 && good; t++)
        good = makes_partial(b, 1 + t * questions / 8, (dealing)(t % DEALINGS), &partial);
    tap_ok(good && partial > 4, "%s: %d partial results are those of shorter searches",
           b->what->name, partial);
}

/* With a trace units are whole orders, and the trace goes on. */
static void test_trace(const bench *b) {
    keeper k = {.at = 3};
    const dsep_pauses pauses = {.due = due, .keep = keep, .data = &k};
    const site *at = &b->site[WORLD];
    dsep_skeleton_settings settings = {.max_order = -1, .listed = b->what->listed, .trace = 1};
    dsep_skeleton *wanted = NULL, *stopped = NULL, *whole = NULL;
    dsep_state part;
    int code = dsep_skeleton_search(at->ctx, at->test, b->knowledge, &settings, &wanted);
    settings.pauses = &pauses;
    if (!code)
        code = dsep_skeleton_search(at->ctx, at->test, b->knowledge, &settings, &stopped);
    settings.pauses = NULL;
    deal(at->ctx, &k.state, SCATTERED, &part);
    settings.resume = &part;
    if (!code)
        code = dsep_skeleton_search(at->ctx, at->test, b->knowledge, &settings, &whole);
    tap_ok(!code && k.kept && stopped->n_levels == 3 && stopped->n_phases == 5 &&
               wanted->n_tasks > stopped->n_tasks && same_skeleton(wanted, whole) &&
               wanted->n_tasks == whole->n_tasks && wanted->n_phases == whole->n_phases &&
               same_bytes(wanted->tasks, whole->tasks, whole->n_tasks, sizeof *whole->tasks) &&
               same_bytes(wanted->phases, whole->phases, whole->n_phases, sizeof *whole->phases),
           "%s: a trace of %lld tasks is cut between orders", b->what->name,
           (long long)(whole ? whole->n_tasks : 0));
    dsep_state_clear(&part);
    dsep_state_clear(&k.state);
    dsep_skeleton_destroy(&wanted);
    dsep_skeleton_destroy(&stopped);
    dsep_skeleton_destroy(&whole);
}

/* --- damaged states --------------------------------------------------------------------------- */

typedef enum { MISSING, EMPTY, SHORT, ODD, REPEATED, GARBAGE, DAMAGES } damage;

/* The state with one block damaged. */
static void break_block(const dsep_state *whole, int broken, damage how, dsep_state *out) {
    *out = (dsep_state){0};
    for (int b = 0; b < whole->n_blocks; b++) {
        const dsep_state_block *block = &whole->block[b];
        const int64_t unit = block->record > 0 ? block->record : 4;
        char *copy = dsep_array(block->bytes + unit, 1);
        int64_t bytes = block->bytes;
        memcpy(copy, block->data, (size_t)bytes);
        if (b == broken && how == MISSING) {
            free(copy);
            continue;
        }
        if (b == broken && how == REPEATED) {
            memcpy(copy + bytes - unit, copy, (size_t)unit);
        } else if (b == broken && how == GARBAGE) {
            memset(copy, 0xa5, (size_t)bytes);
        } else if (b == broken) {
            bytes = how == EMPTY ? 0 : how == SHORT ? bytes - unit : bytes - 1;
        }
        const int64_t record = b == broken && how == ODD ? 0 : block->record;
        dsep_state_give(out, block->name, record, copy, bytes, NULL);
    }
}

/* Whether a damage can be seen: levels are believed, as are numbers in strengths and, within order
 * 0, pairs. */
static int is_seen(const dsep_state *whole, const dsep_state_block *block, damage how) {
    if (how == GARBAGE)
        return strcmp(block->name, "skeleton.levels") && strcmp(block->name, "strength.found");
    if (how == REPEATED)
        return block->record > 0 && block->bytes > block->record &&
               dsep_state_find(whole, "skeleton.levels")->bytes > 0;
    /* a state without it is of a search */
    return how != MISSING || strcmp(block->name, "strength.progress");
}

static void test_damage(const bench *b, int64_t at) {
    keeper k = {.at = at};
    dsep_pc *pc = NULL;
    int seen = 0, good = !run(b, WORLD, &k, NULL, 0, &pc) && k.kept;
    dsep_pc_destroy(&pc);
    for (int block = 0; block < k.state.n_blocks && good; block++)
        for (damage how = MISSING; how < DAMAGES && good; how++) {
            dsep_state broken;
            if (k.state.block[block].bytes == 0 || !is_seen(&k.state, &k.state.block[block], how))
                continue;
            break_block(&k.state, block, how, &broken);
            good = go_on(b, WORLD, NULL, &broken, how == ODD ? IN_ORDER : SCATTERED, 0, &pc) ==
                       DSEP_ERROR_DATA &&
                   !pc && dsep_context_error(b->site[WORLD].ctx)->text[0];
            if (!good)
                tap_note("%s: '%s' damaged by %d: %s", b->what->name, k.state.block[block].name,
                         (int)how, pc ? "it went on" : "another error");
            good = everywhere(good);
            dsep_pc_destroy(&pc);
            dsep_state_clear(&broken);
            seen++;
        }
    tap_ok(good && seen > 3, "%s: at question %lld %d damages are seen", b->what->name,
           (long long)at, seen);
    dsep_state_clear(&k.state);
}

static void test_study(const study *what) {
    bench b = {.what = what};
    open_bench(&b);
    const dsep_skeleton *wanted = b.site[WORLD].wanted->skeleton;
    tap_ok(wanted->n_levels >= (what->max_order < 0 ? 4 : what->max_order + 1), "%s: %lld orders",
           what->name, (long long)wanted->n_levels);
    const int64_t questions = test_breaks(&b);
    test_clock(&b);
    if (what->max_order < 0) {
        test_chain(&b, 1, questions);
        test_chain(&b, 7, questions);
        test_partial(&b, questions);
        test_trace(&b);
    } else {
        test_chain(&b, 1 + questions / 16, questions);
    }
    for (int part = 0; part < 4; part++)
        test_damage(&b, 1 + part * (questions - 1) / 3);
    close_bench(&b);
}

static dsep_context *nodes_of(const char *ranks) {
    dsep_context *ctx = NULL;
    setenv("DSEP_NODE_RANKS", ranks, 1);
    dsep_context_create(MPI_COMM_WORLD, &ctx);
    unsetenv("DSEP_NODE_RANKS");
    return ctx;
}

int main(int argc, char **argv) {
    static const study studies[] = {
        {"whole", 40, 120, .1, .3, 0, 0, -1, 36},
        {"listed", 40, 120, .1, .3, 1, 0, -1, 36},
        {"whole with knowledge", 30, 80, .2, .4, 0, 1, -1, 24},
        {"listed with knowledge", 30, 80, .2, .4, 1, 1, -1, 24},
        {"many tiles", 1100, 60, .005, .1, 1, 0, 1, 12},
    };
    contexts[WORLD] = tap_begin(&argc, &argv);
    contexts[NODES_OF_1] = nodes_of("1");
    contexts[NODES_OF_2] = nodes_of("2");
    dsep_context_create(MPI_COMM_SELF, &contexts[ALONE]);
    for (size_t i = 0; i < sizeof studies / sizeof *studies; i++)
        test_study(&studies[i]);
    for (int i = NODES_OF_1; i < SITES; i++)
        dsep_context_destroy(&contexts[i]);
    return tap_end();
}
