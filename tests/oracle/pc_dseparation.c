/* With perfect answers about d-separation PC must return the CPDAG exactly, by every rule of
 * orientation; with true knowledge every edge that it directs must be as in the DAG.
 * seconds: 240 */
#include "mpi/random.h"
#include "solvers/pc.h"
#include "tests/support/oracle.h"
#include "tests/support/tap.h"

static dsep_context *ctx;

static int agrees_with_dag(const dsep_graph *graph, const oracle_dag *dag) {
    for (int64_t x = 0; x < graph->n_nodes; x++)
        for (int64_t y = 0; y < graph->n_nodes; y++)
            if (dsep_graph_directed(graph, x, y) && !dag->arc[x][y])
                return 0;
    return 1;
}

static dsep_pc *learn(const oracle_dag *dag, const dsep_knowledge *knowledge,
                      dsep_orientation rule) {
    dsep_pc *pc = NULL;
    dsep_citest *test = oracle_test_create(dag);
    const dsep_pc_settings settings = {.search.max_order = -1, .orientation = rule};
    if (dsep_pc_run(ctx, test, knowledge, &settings, &pc))
        tap_note("%s", dsep_context_error(ctx)->text);
    oracle_test_destroy(&test);
    return pc;
}

static int recovers(uint64_t seed, dsep_orientation rule) {
    const dsep_random source = {seed, 2000, 0};
    const int n = 3 + (int)dsep_random_below(source, 0, 10);
    const oracle_dag dag = oracle_random_dag(seed, n, 0.05 + 0.5 * dsep_random_uniform(source, 1));
    int mark[ORACLE_MAX][ORACLE_MAX];
    oracle_cpdag(&dag, mark);
    dsep_pc *pc = learn(&dag, NULL, rule);
    const int good = pc && oracle_has_marks(pc->graph, mark) && pc->valid &&
                     pc->conflicts.count == 0 && pc->ambiguous == 0;
    if (!good)
        tap_note("seed %llu, %d nodes", (unsigned long long)seed, n);
    dsep_pc_destroy(&pc);
    return good;
}

/* Requires one true edge in three, forbids one absent or reverse arc in three. */
static int uses_knowledge(uint64_t seed) {
    const dsep_random source = {seed, 2001, 0};
    const int n = 4 + (int)dsep_random_below(source, 0, 8);
    const oracle_dag dag = oracle_random_dag(seed, n, 0.4);
    dsep_knowledge *knowledge = NULL;
    char *names[ORACLE_MAX];
    for (int x = 0; x < n; x++)
        names[x] = "v";
    dsep_knowledge_create(n, dsep_context_error(ctx), &knowledge);
    for (int x = 0; x < n; x++)
        for (int y = 0; y < n; y++) {
            const int chosen = dsep_random_uniform(source, (uint64_t)(10 + x * n + y)) < 1.0 / 3;
            if (x != y && chosen && dag.arc[x][y])
                dsep_knowledge_require(knowledge, x, y, NULL);
            else if (x != y && chosen)
                dsep_knowledge_forbid(knowledge, x, y, NULL);
        }
    const int settled = dsep_knowledge_settle(knowledge, names, dsep_context_error(ctx));
    dsep_pc *pc = settled ? NULL : learn(&dag, knowledge, DSEP_ORIENTATION_STANDARD);
    int edges = 0;
    for (int x = 0; x < n; x++)
        for (int y = 0; y < n; y++)
            edges += dag.arc[x][y];
    const int good = pc && pc->graph->n_edges == edges && agrees_with_dag(pc->graph, &dag) &&
                     pc->valid && pc->certificate.violations == 0 && pc->conflicts.count == 0;
    if (!good)
        tap_note("knowledge, seed %llu, %d nodes", (unsigned long long)seed, n);
    dsep_pc_destroy(&pc);
    dsep_knowledge_destroy(&knowledge);
    return good;
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    static const char *const names[] = {"standard", "conservative", "majority"};
    const int draws = tap_draws(200);
    for (int rule = 0; rule < 3; rule++) {
        int good = 1;
        for (int seed = 1; seed <= draws; seed++)
            good &= recovers((uint64_t)(seed + 1000 * rule), (dsep_orientation)rule);
        tap_ok(good, "the CPDAG of %d random DAGs comes back exactly, %s rule", draws, names[rule]);
    }
    int good = 1;
    for (int seed = 1; seed <= draws / 2; seed++)
        good &= uses_knowledge((uint64_t)seed);
    tap_ok(good, "true knowledge is kept and nothing is directed against %d DAGs", draws / 2);
    return tap_end();
}
