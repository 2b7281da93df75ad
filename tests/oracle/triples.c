/* V-structures and ambiguous triples against plain enumeration: every subset of either end's
 * neighbours is tested by its own elimination in long double, and counted once, for the
 * conservative and the majority rule and for pairs that knowledge parted. */
#include "solvers/triples.h"
#include "mpi/layout.h"
#include "mpi/random.h"
#include "solvers/fisher_z.h"
#include "tests/support/tap.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

enum { P = 8, SAMPLES = 60 };

static dsep_context *ctx;
static const double alpha = .1;

/* --- the slow judgement ---------------------------------------------------------------------- */

/* p-value of x and y given the variables of a bit set. */
static double slow_p(const dsep_correlation *c, int x, int y, int set) {
    long double m[P][P];
    int v[P] = {x, y}, k = 2;
    for (int z = 0; z < P; z++)
        if (set >> z & 1)
            v[k++] = z;
    for (int i = 0; i < k; i++)
        for (int j = 0; j < k; j++)
            m[i][j] = c->values[v[i] * P + v[j]];
    for (int e = k - 1; e >= 2; e--)
        for (int i = 0; i < e; i++)
            for (int j = 0; j < e; j++)
                m[i][j] -= m[i][e] * m[e][j] / m[e][e];
    const double r = (double)(m[0][1] / sqrtl(m[0][0] * m[1][1]));
    return 2 * gsl_cdf_ugaussian_Q(sqrt((double)(SAMPLES - (k - 2) - 3)) * atanh(fabs(r)));
}

static int neighbours(const dsep_graph *graph, int x) {
    int bits = 0;
    for (int y = 0; y < P; y++)
        bits |= (dsep_graph_find(graph, x, y) >= 0) << y;
    return bits;
}

/* Separating sets of a pair, and how many of them hold each variable. */
typedef struct {
    int sets, with[P];
} tally;

static tally count_sets(const dsep_correlation *c, const dsep_graph *graph, int x, int y,
                        int64_t max_order) {
    tally t = {0};
    const int left = neighbours(graph, x), right = neighbours(graph, y);
    for (int set = 0; set < 1 << P; set++) {
        const int allowed = (set & ~left) == 0 || (set & ~right) == 0;
        if (!allowed || __builtin_popcount((unsigned)set) > max_order ||
            slow_p(c, x, y, set) < alpha)
            continue;
        t.sets++;
        for (int z = 0; z < P; z++)
            t.with[z] += set >> z & 1;
    }
    return t;
}

/* -1: a non-collider, else a dsep_triple_kind. */
static int slow_kind(tally t, int z, dsep_orientation rule) {
    const int with = t.with[z], without = t.sets - with;
    if (rule == DSEP_ORIENTATION_MAJORITY)
        return with < without ? DSEP_TRIPLE_COLLIDER : with > without ? -1 : DSEP_TRIPLE_AMBIGUOUS;
    if (t.sets == 0 || (with > 0 && without > 0))
        return DSEP_TRIPLE_AMBIGUOUS;
    return with == 0 ? DSEP_TRIPLE_COLLIDER : -1;
}

/* --- one table ------------------------------------------------------------------------------- */

typedef struct {
    dsep_correlation *correlation;
    dsep_citest *test;
    dsep_skeleton *skeleton;
    dsep_graph *graph;
    dsep_knowledge *knowledge;
    int64_t seen[2]; /* of each kind, so that the comparison can be seen to have met them */
} study;

static dsep_table *make_table(uint64_t seed) {
    dsep_table *table = NULL;
    if (dsep_table_create(ctx, SAMPLES, P, &table))
        return NULL;
    for (int64_t s = 0; s < SAMPLES; s++) {
        double row[P];
        for (int j = 0; j < P; j++) {
            const uint64_t index = (uint64_t)(s * P + j);
            row[j] =
                gsl_cdf_ugaussian_Pinv(dsep_random_uniform((dsep_random){seed, 3100, 0}, index));
            for (int i = 0; i < j; i++)
                if (dsep_random_uniform((dsep_random){seed, 3101, 0}, (uint64_t)(i * P + j)) < .35)
                    row[j] += row[i] * .45;
            if (j >= table->mine.first && j < table->mine.first + table->mine.count)
                table->values[(j - table->mine.first) * SAMPLES + s] = row[j];
        }
    }
    return table;
}

/* Parts two pairs by force, whatever the data say. */
static void part_pairs(study *s, uint64_t seed) {
    static char *const names[P] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    dsep_knowledge_create(P, NULL, &s->knowledge);
    for (uint64_t i = 0; i < 2; i++) {
        const int x = (int)dsep_random_below((dsep_random){seed, 3102, 0}, i, P);
        const int y = (x + 1 + (int)dsep_random_below((dsep_random){seed, 3103, 0}, i, P - 1)) % P;
        dsep_knowledge_forbid(s->knowledge, x, y, NULL);
        dsep_knowledge_forbid(s->knowledge, y, x, NULL);
    }
    dsep_knowledge_settle(s->knowledge, names, NULL);
}

static int begin(study *s, uint64_t seed, int with_knowledge) {
    dsep_table *table = make_table(seed);
    if (with_knowledge)
        part_pairs(s, seed);
    const dsep_skeleton_settings settings = {.max_order = -1};
    const int good = table && !dsep_correlation_create(ctx, table, 1, &s->correlation) &&
                     !dsep_fisher_z_create(s->correlation, alpha, NULL, &s->test) &&
                     !dsep_skeleton_search(ctx, s->test, s->knowledge, &settings, &s->skeleton) &&
                     !dsep_adjacency_graph(s->skeleton->adjacency, NULL, &s->graph);
    dsep_table_destroy(&table);
    return good;
}

static void end(study *s) {
    dsep_graph_destroy(&s->graph);
    dsep_skeleton_destroy(&s->skeleton);
    dsep_fisher_z_destroy(&s->test);
    dsep_correlation_destroy(&s->correlation);
    dsep_knowledge_destroy(&s->knowledge);
}

static int found_kind(const dsep_triple *list, int64_t count, int x, int z, int y) {
    int kind = -1;
    for (int64_t t = 0; t < count; t++)
        if (list[t].x == x && list[t].z == z && list[t].y == y)
            kind = list[t].kind;
    return kind;
}

static int ascending(const dsep_triple *list, int64_t count) {
    int good = 1;
    for (int64_t t = 0; t < count; t++) {
        good &= list[t].x < list[t].y;
        if (t > 0) {
            const int before = (list[t - 1].x * P + list[t - 1].y) * P + list[t - 1].z;
            good &= before < (list[t].x * P + list[t].y) * P + list[t].z;
        }
    }
    return good;
}

/* What the rule says of a triple: -1 for a non-collider, -2 where this rank cannot know. */
static int wanted_kind(const study *s, tally t, int x, int z, int y, dsep_orientation rule) {
    if (rule != DSEP_ORIENTATION_STANDARD)
        return slow_kind(t, z, rule);
    if (dsep_knowledge_parts(s->knowledge, x, y))
        return slow_kind(t, z, DSEP_ORIENTATION_CONSERVATIVE);
    if (dsep_layout_pairs_owner(P, dsep_size(ctx), x) != dsep_rank(ctx))
        return -2;
    const int64_t set = dsep_sepsets_find(s->skeleton->sepsets, x, y);
    return set >= 0 && dsep_sepsets_contains(s->skeleton->sepsets, set, z) ? -1
                                                                           : DSEP_TRIPLE_COLLIDER;
}

static int judges_right(study *s, dsep_orientation rule) {
    dsep_triple *list = NULL;
    int64_t count = 0, listed = 0;
    if (dsep_triples_judge(ctx, s->test, s->skeleton, s->graph, s->knowledge, rule, &list, &count))
        return 0;
    int good = ascending(list, count);
    for (int x = 0; x < P; x++)
        for (int y = x + 1; y < P; y++) {
            const int middle = neighbours(s->graph, x) & neighbours(s->graph, y);
            if (dsep_graph_find(s->graph, x, y) >= 0 || !middle)
                continue;
            const tally t = count_sets(s->correlation, s->graph, x, y, s->skeleton->n_levels - 1);
            for (int z = 0; z < P; z++) {
                if (!(middle >> z & 1))
                    continue;
                const int wanted = wanted_kind(s, t, x, z, y, rule);
                const int found = found_kind(list, count, x, z, y);
                good &= wanted == -2 || wanted == found;
                good &= dsep_triples_ambiguous(list, count, y, z, x) ==
                        (found == DSEP_TRIPLE_AMBIGUOUS);
                listed += found >= 0;
                if (found >= 0)
                    s->seen[found]++;
            }
        }
    free(list);
    return good && listed == count;
}

static void test_rule(const char *name, dsep_orientation rule, int with_knowledge) {
    int good = 1;
    const int draws = tap_draws(60);
    int64_t seen[2] = {0, 0};
    for (int seed = 1; seed <= draws; seed++) {
        study s = {0};
        const int right = begin(&s, (uint64_t)seed, with_knowledge) && judges_right(&s, rule);
        if (!right)
            tap_note("%s, seed %d: %s", name, seed, dsep_context_error(ctx)->text);
        good &= right;
        seen[0] += s.seen[0];
        seen[1] += s.seen[1];
        end(&s);
    }
    const int met_all = seen[DSEP_TRIPLE_COLLIDER] > draws / 3 &&
                        (seen[DSEP_TRIPLE_AMBIGUOUS] > draws / 3 ||
                         (rule == DSEP_ORIENTATION_STANDARD && !with_knowledge));
    tap_ok(good && met_all, "%s rule%s: %d noisy tables, %lld v-structures, %lld ambiguous", name,
           with_knowledge ? " with parted pairs" : "", draws, (long long)seen[DSEP_TRIPLE_COLLIDER],
           (long long)seen[DSEP_TRIPLE_AMBIGUOUS]);
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    for (int with = 0; with < 2; with++) {
        test_rule("standard", DSEP_ORIENTATION_STANDARD, with);
        test_rule("conservative", DSEP_ORIENTATION_CONSERVATIVE, with);
        test_rule("majority", DSEP_ORIENTATION_MAJORITY, with);
    }
    return tap_end();
}
