/* Replicates of DAGMA and NOTEARS against a slow way: given the draws, rows are really copied into
 * a table of one rank, whose fit's edges are counted. Counts must be equal, on any number of ranks
 * and groups, and after a stop. All |w| stay further from the threshold than rounding can reach.
 * ranks: 1 3 */
#include "jobs/continuous_replicates.h"
#include "io/checkpoint.h"
#include "mpi/clock.h"
#include "mpi/random.h"
#include "solvers/petsc.h"
#include "tests/support/tap.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { P = 7, N = 60, REPLICATES = 6 };

static dsep_context *ctx;
static double cell[P][N]; /* the table */

typedef int64_t counts[P][P];

static void draw_table(uint64_t seed) {
    for (int s = 0; s < N; s++)
        for (int j = 0; j < P; j++) {
            const dsep_random source = {seed, 3100, 0};
            cell[j][s] = gsl_cdf_ugaussian_Pinv(dsep_random_uniform(source, (uint64_t)(s * P + j)));
            if (j > 0)
                cell[j][s] += cell[(j - 1) / 2][s];
        }
}

static dsep_table *make_table(dsep_context *of, int64_t n, double (*rows)[N]) {
    dsep_table *table = NULL;
    if (dsep_table_create(of, n, P, &table))
        return NULL;
    for (int64_t j = 0; j < table->mine.count; j++)
        memcpy(table->values + j * n, rows[table->mine.first + j], (size_t)n * sizeof(double));
    return table;
}

/* --- slow ------------------------------------------------------------------------------------ */

static int64_t copy_rows(const dsep_resample *how, int64_t replicate, double (*rows)[N]) {
    int32_t weight[N], order[N];
    int64_t n = 0;
    dsep_resample_weights(how, replicate, weight);
    for (int j = 0; j < P; j++) {
        n = 0;
        for (int s = 0; s < N; s++)
            order[s] = s;
        if (how->scheme == DSEP_RESAMPLE_PERMUTATION)
            dsep_resample_order(how, replicate, j, order);
        for (int s = 0; s < N; s++)
            for (int32_t k = 0; k < weight[s]; k++)
                rows[j][n++] = cell[j][order[s]];
    }
    return n;
}

/* Edges x -> y of all replicates; returns how near any |w| came to the threshold. */
static double count_slowly(dsep_context *alone, const dsep_resample *how,
                           const dsep_continuous_settings *settings, counts table) {
    static double rows[P][N];
    double margin = INFINITY;
    memset(table, 0, sizeof(counts));
    for (int64_t r = 0; r < REPLICATES; r++) {
        dsep_correlation *correlation = NULL;
        dsep_continuous *result = NULL;
        dsep_table *copied = make_table(alone, copy_rows(how, r, rows), rows);
        if (!copied || dsep_correlation_create(alone, copied, 1, &correlation) ||
            dsep_continuous_run(alone, correlation, settings, &result))
            return NAN;
        const dsep_graph *graph = result->answer->graph;
        for (int x = 0; x < P; x++)
            for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++)
                table[x][graph->neighbour[k]] += graph->mark[k] == DSEP_MARK_TAIL;
        margin = fmin(margin, result->answer->kept - settings->threshold);
        margin = fmin(margin, settings->threshold - result->answer->dropped);
        dsep_continuous_destroy(&result);
        dsep_correlation_destroy(&correlation);
        dsep_table_destroy(&copied);
    }
    return margin;
}

/* --- the real path --------------------------------------------------------------------------- */

static const dsep_option no_options[] = {{0}};
static const dsep_option_group groups_of_options[] = {{"None", no_options, 0, NULL}, {0}};
static const dsep_command command = {.name = "bench", .groups = groups_of_options};

/* One allocation. hurried: time is over when the first replicates are done. */
static int replicate(const dsep_resample *how, const dsep_continuous_settings *settings,
                     int64_t each, int hurried, dsep_replicates *r) {
    int code = DSEP_OK;
    char none[8] = "";
    const dsep_invocation call = {.command = &command, .settings = none, .line = "bench"};
    const dsep_discover_settings discover = {.common = {.seed = (int64_t)how->seed},
                                             .replicate = {.replicates = REPLICATES,
                                                           .scheme = (int)how->scheme,
                                                           .fraction = how->fraction,
                                                           .block = how->block,
                                                           .confidence = .95,
                                                           .ranks_each = each}};
    const dsep_discovery discovery = {.call = &call, .settings = &discover};
    dsep_dag_run run = {.discovery = &discovery, .memory_available = (int64_t)1 << 40};
    run.table = make_table(ctx, N, cell);
    DSEP_AGREE(ctx, run.table ? DSEP_OK : DSEP_ERROR_INTERNAL);
    DSEP_TRY(dsep_continuous_replicates_plan(ctx, &run, settings->kind, r));
    DSEP_TRY(dsep_running_open(ctx, &call, &discover.running, tap_path("bench"), "", dsep_clock(),
                               &run.running));
    if (hurried)
        run.running.stop.deadline = 1e-9;
    DSEP_TRY(dsep_continuous_replicates_run(ctx, &run, settings, NULL, r));
cleanup:
    if (code)
        tap_note("%s", dsep_context_error(ctx)->text);
    dsep_dag_run_close(&run);
    return code;
}

static int is_same(const dsep_tally *tally, counts table) {
    int64_t e = 0;
    for (int x = 0; x < P; x++)
        for (int y = x + 1; y < P; y++) {
            if (table[x][y] + table[y][x] == 0)
                continue;
            if (e == tally->n_edges || tally->edges[e].x != x || tally->edges[e].y != y)
                return 0;
            const int32_t *count = tally->edges[e++].count;
            if (count[dsep_tally_kind(DSEP_MARK_TAIL, DSEP_MARK_ARROW)] != table[x][y] ||
                count[dsep_tally_kind(DSEP_MARK_ARROW, DSEP_MARK_TAIL)] != table[y][x])
                return 0;
        }
    return e == tally->n_edges;
}

/* --- tests ----------------------------------------------------------------------------------- */

static void test_scheme(dsep_context *alone, dsep_acyclic_kind kind, int raw,
                        dsep_resample_scheme scheme) {
    const dsep_resample how = {
        .scheme = scheme, .seed = 5, .n_samples = N, .fraction = .7, .block = 7};
    const dsep_continuous_settings settings = {.kind = kind,
                                               .raw = raw,
                                               .lambda = .03,
                                               .threshold = .2,
                                               .tolerance = 1e-5,
                                               .max_iterations = 5000};
    counts slow;
    const double margin = count_slowly(alone, &how, &settings, slow);
    tap_ok(margin > 1e-3, "%s: no |w| within %.2g of the threshold", dsep_resample_name(scheme),
           margin);
    for (int64_t each = 1; each <= dsep_size(ctx); each++) {
        dsep_replicates r = {0};
        const int good = replicate(&how, &settings, each, 0, &r) == DSEP_OK;
        tap_ok(good && r.campaign->n_done == REPLICATES && is_same(r.campaign->tally[0], slow),
               "%s%s, %s: the same counts, %d ranks a group (%d pairs)",
               kind == DSEP_ACYCLIC_LOGDET ? "DAGMA" : "NOTEARS", raw ? " on raw scales" : "",
               dsep_resample_name(scheme), (int)each,
               good ? (int)r.campaign->tally[0]->n_edges : 0);
        dsep_replicates_release(&r);
        dsep_checkpoint_remove(ctx, tap_path("bench.checkpoint"));
    }
    dsep_replicates r = {0};
    int good = replicate(&how, &settings, 1, 1, &r) == DSEP_OK && r.campaign->stopped;
    const int64_t before = good ? r.campaign->n_done : 0;
    dsep_replicates_release(&r);
    good = good && replicate(&how, &settings, dsep_size(ctx), 0, &r) == DSEP_OK;
    tap_ok(good && before > 0 && before < REPLICATES && r.campaign->n_done == REPLICATES &&
               is_same(r.campaign->tally[0], slow),
           "stopped after %d replicates and gone on: the same counts", (int)before);
    dsep_replicates_release(&r);
    dsep_checkpoint_remove(ctx, tap_path("bench.checkpoint"));
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    if (dsep_petsc_check(NULL)) {
        tap_skip("PETSc was left out");
        return tap_end();
    }
    dsep_groups *single = NULL;
    dsep_groups_create(ctx, 1, &single);
    dsep_context *alone = dsep_groups_context(single);
    tap_directory();
    draw_table(3);
    test_scheme(alone, DSEP_ACYCLIC_LOGDET, 0, DSEP_RESAMPLE_BOOTSTRAP);
    test_scheme(alone, DSEP_ACYCLIC_LOGDET, 1, DSEP_RESAMPLE_SUBSAMPLE);
    test_scheme(alone, DSEP_ACYCLIC_LOGDET, 0, DSEP_RESAMPLE_HALVES);
    test_scheme(alone, DSEP_ACYCLIC_LOGDET, 1, DSEP_RESAMPLE_PERMUTATION);
    test_scheme(alone, DSEP_ACYCLIC_EXPONENTIAL, 0, DSEP_RESAMPLE_BLOCK);
    dsep_groups_destroy(&single);
    dsep_petsc_end();
    return tap_end();
}
