/* The fast search against a slow and obvious one: PC-stable with a fresh solution of the normal
 * equations in long double for every test. Removed edges, separating sets, numbers of tests and
 * the weakest test of every edge must be equal. */
#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "mpi/random.h"
#include "solvers/fisher_z.h"
#include "solvers/pc.h"
#include "tests/support/slow_pc.h"
#include "tests/support/tap.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

enum { P = SLOW_P };

static dsep_context *ctx;

/* --- data and comparison --------------------------------------------------------------------- */

/* A table with strong dependence, so that all orders are met. */
static dsep_table *make_table(uint64_t seed, int64_t n) {
    dsep_table *table = NULL;
    const dsep_random source = {seed, 3000, 0};
    if (dsep_table_create(ctx, n, P, &table))
        return NULL;
    for (int64_t s = 0; s < n; s++) {
        double row[P];
        for (int j = 0; j < P; j++) {
            const uint64_t index = (uint64_t)(s * P + j);
            row[j] = gsl_cdf_ugaussian_Pinv(dsep_random_uniform(source, index));
            for (int i = 0; i < j; i++)
                if (dsep_random_uniform((dsep_random){seed, 3001, 0}, (uint64_t)(i * P + j)) < .35)
                    row[j] += row[i] * .6;
            if (j >= table->mine.first && j < table->mine.first + table->mine.count)
                table->values[(j - table->mine.first) * n + s] = row[j];
        }
    }
    return table;
}

static void copy_correlation(slow_pc *s, const dsep_correlation *c) {
    for (int32_t x = 0; x < P; x++)
        for (int32_t y = 0; y < P; y++) {
            double r;
            dsep_correlation_block(c, &x, 1, &y, 1, &r, 1);
            s->c[x][y] = r;
        }
}

static int same_sepset(const slow_pc *s, const dsep_sepsets *sets, int x, int y) {
    const int64_t at = dsep_sepsets_find(sets, x, y);
    int members = 0;
    for (int z = 0; z < P; z++)
        members += s->sepset[x][y][z];
    if (at < 0)
        return members == 0;
    if (sets->offset[at + 1] - sets->offset[at] != members)
        return 0;
    for (int z = 0; z < P; z++)
        if (dsep_sepsets_contains(sets, at, z) != s->sepset[x][y][z])
            return 0;
    return 1;
}

/* Each rank looks at the pairs whose separating sets it holds. */
static int same_result(const slow_pc *s, const dsep_pc *pc) {
    int good = pc->skeleton->n_levels == s->orders;
    for (int l = 0; l < s->orders && good; l++)
        good &=
            pc->skeleton->levels[l].tests == s->tests[l] && pc->skeleton->levels[l].singular == 0;
    const dsep_block mine = dsep_layout_pairs(P, dsep_size(ctx), dsep_rank(ctx));
    int64_t pair = 0;
    for (int x = 0; x < P; x++)
        for (int y = x + 1; y < P; y++) {
            good &= (dsep_graph_find(pc->graph, x, y) >= 0) == s->adjacent[x][y];
            if (!good)
                return 0;
            if (x >= mine.first && x < mine.first + mine.count && !s->adjacent[x][y])
                good &= same_sepset(s, pc->skeleton->sepsets, x, y);
            if (s->adjacent[x][y]) {
                good &= fabs(pc->strength->weight[pair] - s->r[x][y]) < 1e-10 &&
                        fabs(pc->strength->p_max[pair] - s->p_max[x][y]) < 1e-9;
                pair++;
            }
        }
    return good;
}

static int agrees_so(uint64_t seed, int64_t n, double alpha, int tiled) {
    dsep_table *table = make_table(seed, n);
    dsep_correlation *correlation = NULL;
    dsep_citest *test = NULL;
    dsep_pc *pc = NULL;
    const dsep_pc_settings settings = {.search = {.max_order = -1, .listed = tiled},
                                       .skeleton_only = 1};
    slow_pc *s = calloc(1, sizeof *s);
    int good = table && !dsep_correlation_create(ctx, table, !tiled, &correlation) &&
               !dsep_fisher_z_create(correlation, alpha, NULL, &test) &&
               !dsep_pc_run(ctx, test, NULL, &settings, &pc);
    if (good) {
        s->n = n;
        s->alpha = alpha;
        copy_correlation(s, correlation);
        slow_pc_search(s);
        slow_pc_measure(s);
        good = same_result(s, pc);
    }
    if (!good)
        tap_note("seed %llu, n %lld, alpha %g, %s", (unsigned long long)seed, (long long)n, alpha,
                 tiled ? "tiled" : "whole");
    free(s);
    dsep_pc_destroy(&pc);
    dsep_fisher_z_destroy(&test);
    dsep_correlation_destroy(&correlation);
    dsep_table_destroy(&table);
    return good;
}

/* With a whole matrix, and without. */
static int agrees(uint64_t seed, int64_t n, double alpha) {
    return agrees_so(seed, n, alpha, 0) & agrees_so(seed, n, alpha, 1);
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    int good = 1;
    for (uint64_t seed = 1; seed <= 40; seed++)
        good &= agrees(seed, 200, .05);
    tap_ok(good, "40 tables of 200 samples: the same edges, sets, tests and strengths");
    good = 1;
    for (uint64_t seed = 1; seed <= 20; seed++)
        good &= agrees(100 + seed, 1000, .2);
    tap_ok(good, "20 tables of 1,000 samples at alpha .2");
    good = 1;
    for (uint64_t seed = 1; seed <= 20; seed++)
        good &= agrees(200 + seed, 16, .3);
    tap_ok(good, "20 tables of 16 samples, the least that orders up to 12 can have");
    return tap_end();
}
