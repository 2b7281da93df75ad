/* Shares of edges against a slow and obvious implementation: given the draws, rows are really
 * copied, correlations are made in long double, every replicate is searched by slow_pc.h, and marks
 * are counted in a cell for every pair. Counts must be equal, on any number of ranks and groups,
 * with a whole matrix and without. */
#include "mpi/groups.h"
#include "mpi/random.h"
#include "solvers/meek.h"
#include "solvers/replicate.h"
#include "solvers/tally.h"
#include "tests/support/slow_pc.h"
#include "tests/support/tap.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { P = SLOW_P, N = 61, REPLICATES = 60 };

static const double ALPHA = .05;

static dsep_context *ctx;
static double cell[P][N]; /* the table */

typedef int32_t counts[P][P][DSEP_TALLY_MARKS];

/* --- data ------------------------------------------------------------------------------------ */

static void draw_table(uint64_t seed) {
    const dsep_random source = {seed, 3000, 0};
    for (int s = 0; s < N; s++)
        for (int j = 0; j < P; j++) {
            cell[j][s] = gsl_cdf_ugaussian_Pinv(dsep_random_uniform(source, (uint64_t)(s * P + j)));
            for (int i = 0; i < j; i++)
                if (dsep_random_uniform((dsep_random){seed, 3001, 0}, (uint64_t)(i * P + j)) < .25)
                    cell[j][s] += .6 * cell[i][s];
        }
}

static dsep_table *make_table(void) {
    dsep_table *table = NULL;
    if (dsep_table_create(ctx, N, P, &table))
        return NULL;
    for (int64_t j = 0; j < table->mine.count; j++)
        memcpy(table->values + j * N, cell[table->mine.first + j], sizeof cell[0]);
    return table;
}

/* --- slow ------------------------------------------------------------------------------------ */

/* The rows of a replicate of variable j, one after another, repeats and all; returns how many. */
static int copy_rows(const dsep_resample *how, int64_t replicate, int j, double *rows) {
    int32_t weight[N], order[N];
    int n = 0;
    dsep_resample_weights(how, replicate, weight);
    for (int s = 0; s < N; s++)
        order[s] = s;
    if (how->scheme == DSEP_RESAMPLE_PERMUTATION)
        dsep_resample_order(how, replicate, j, order);
    for (int s = 0; s < N; s++)
        for (int32_t k = 0; k < weight[s]; k++)
            rows[n++] = cell[j][order[s]];
    return n;
}

static long double product(const double *x, const double *y, int n) {
    long double mean_x = 0, mean_y = 0, sum = 0;
    for (int s = 0; s < n; s++) {
        mean_x += x[s];
        mean_y += y[s];
    }
    mean_x /= n;
    mean_y /= n;
    for (int s = 0; s < n; s++)
        sum += (x[s] - mean_x) * (y[s] - mean_y);
    return sum;
}

static void correlate(const dsep_resample *how, int64_t replicate, slow_pc *s) {
    static double rows[P][N];
    for (int j = 0; j < P; j++)
        s->n = copy_rows(how, replicate, j, rows[j]);
    for (int x = 0; x < P; x++)
        for (int y = 0; y < P; y++)
            s->c[x][y] =
                product(rows[x], rows[y], (int)s->n) /
                sqrtl(product(rows[x], rows[x], (int)s->n) * product(rows[y], rows[y], (int)s->n));
}

/* Orients the skeleton by its separating sets. */
static dsep_graph *orient(const slow_pc *s) {
    dsep_edge edges[P * P];
    dsep_triple triples[P * P * P];
    dsep_graph *graph = NULL;
    dsep_conflicts conflicts = {0};
    int64_t n_edges = 0, n_triples = 0;
    for (int x = 0; x < P; x++)
        for (int y = x + 1; y < P; y++) {
            if (s->adjacent[x][y])
                edges[n_edges++] = (dsep_edge){x, y, DSEP_MARK_TAIL, DSEP_MARK_TAIL};
            for (int z = 0; z < P && !s->adjacent[x][y]; z++)
                if (s->adjacent[x][z] && s->adjacent[y][z] && !s->sepset[x][y][z])
                    triples[n_triples++] = (dsep_triple){x, z, y, DSEP_TRIPLE_COLLIDER};
        }
    if (dsep_graph_create(P, n_edges, edges, DSEP_GRAPH_CPDAG, NULL, &graph) ||
        dsep_meek_orient(graph, triples, n_triples, NULL, &conflicts, NULL))
        tap_note("no graph");
    free(conflicts.list);
    return graph;
}

static void count_graph(const dsep_graph *graph, counts table) {
    for (int x = 0; x < P; x++)
        for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++)
            if (graph->neighbour[k] > x)
                table[x][graph->neighbour[k]]
                     [3 * (graph->mark[k] - 1) + graph->mark[graph->twin[k]] - 1]++;
}

static void count_slowly(const dsep_resample *how, counts table) {
    memset(table, 0, sizeof(counts));
    for (int64_t r = 0; r < REPLICATES; r++) {
        slow_pc *s = calloc(1, sizeof *s);
        s->alpha = ALPHA;
        correlate(how, r, s);
        slow_pc_search(s);
        dsep_graph *graph = orient(s);
        count_graph(graph, table);
        dsep_graph_destroy(&graph);
        free(s);
    }
}

/* --- the real path --------------------------------------------------------------------------- */

static int add_replicate(dsep_context *group, dsep_replicator *replicator, const dsep_resample *how,
                         int64_t r, dsep_tally *tally) {
    int32_t weight[N];
    dsep_replicate made = {0};
    const int permutes = how->scheme == DSEP_RESAMPLE_PERMUTATION;
    const dsep_variation variation = {.weight = permutes ? NULL : weight,
                                      .permutation = permutes ? how : NULL,
                                      .permuted = r,
                                      .alpha = ALPHA};
    const dsep_pc_settings settings = {.search = {.max_order = -1}};
    dsep_resample_weights(how, r, weight);
    int good = !dsep_replicator_run(group, replicator, &variation, NULL, &settings, &made);
    if (good && dsep_rank(group) == 0)
        good = !dsep_tally_add(tally, made.graph, NULL, NULL);
    dsep_graph_destroy(&made.graph);
    return good;
}

static dsep_tally *count_fast(const dsep_resample *how, int64_t each, int whole) {
    dsep_table *table = make_table();
    dsep_correlation *source = NULL;
    dsep_groups *groups = NULL;
    dsep_replicator *replicator = NULL;
    dsep_tally *tally = NULL, *sum = NULL;
    int good = table && !dsep_correlation_create(ctx, table, 0, &source) &&
               !dsep_groups_create(ctx, each, &groups) &&
               !dsep_replicator_create(dsep_groups_context(groups), source, whole, &replicator) &&
               !dsep_tally_create(NULL, &tally);
    for (int64_t r = 0; good && r < REPLICATES; r++)
        if (r % dsep_groups_count(groups) == dsep_groups_mine(groups))
            good = add_replicate(dsep_groups_context(groups), replicator, how, r, tally);
    if (dsep_agree(ctx, good ? DSEP_OK : DSEP_ERROR_INTERNAL) == DSEP_OK)
        dsep_tally_unite(ctx, tally, &sum);
    dsep_tally_destroy(&tally);
    dsep_replicator_destroy(&replicator);
    dsep_groups_destroy(&groups);
    dsep_correlation_destroy(&source);
    dsep_table_destroy(&table);
    return sum;
}

/* --- comparison ------------------------------------------------------------------------------ */

static int is_same(const dsep_tally *sum, counts table) {
    int64_t e = 0;
    for (int x = 0; x < P; x++)
        for (int y = x + 1; y < P; y++) {
            static const int32_t none[DSEP_TALLY_MARKS];
            if (memcmp(table[x][y], none, sizeof none) == 0)
                continue;
            if (e == sum->n_edges || sum->edges[e].x != x || sum->edges[e].y != y ||
                memcmp(sum->edges[e].count, table[x][y], sizeof none) != 0) {
                tap_note("%d - %d differs", x, y);
                return 0;
            }
            e++;
        }
    return e == sum->n_edges;
}

static void test_scheme(dsep_resample_scheme scheme, double fraction) {
    const dsep_resample how = {
        .scheme = scheme, .seed = 5, .n_samples = N, .fraction = fraction, .block = 7};
    static counts slow;
    count_slowly(&how, slow);
    for (int64_t each = 1; each <= dsep_size(ctx); each++)
        for (int whole = 0; whole <= 1; whole++) {
            dsep_tally *sum = count_fast(&how, each, whole);
            tap_ok(sum && is_same(sum, slow),
                   "%s: the same counts, %d ranks a group, %s (%d pairs)",
                   dsep_resample_name(scheme), (int)each, whole ? "whole" : "tiled",
                   sum ? (int)sum->n_edges : 0);
            dsep_tally_destroy(&sum);
        }
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    draw_table(2);
    test_scheme(DSEP_RESAMPLE_BOOTSTRAP, 0);
    test_scheme(DSEP_RESAMPLE_SUBSAMPLE, .7);
    test_scheme(DSEP_RESAMPLE_HALVES, 0);
    test_scheme(DSEP_RESAMPLE_BLOCK, 0);
    test_scheme(DSEP_RESAMPLE_PERMUTATION, 0);
    return tap_end();
}
