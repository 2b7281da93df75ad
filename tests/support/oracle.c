#include "tests/support/oracle.h"

#include "mpi/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

oracle_dag oracle_random_dag(uint64_t seed, int n, double probability) {
    const dsep_random source = {seed, 1000, 0};
    oracle_dag dag = {.n = n};
    int order[ORACLE_MAX];
    for (int i = 0; i < n; i++)
        order[i] = i;
    for (int i = n - 1; i > 0; i--) {
        const int j = (int)dsep_random_below(source, (uint64_t)i, (uint64_t)i + 1);
        const int swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++)
            if (dsep_random_uniform(source, (uint64_t)(1000 + i * n + j)) < probability)
                dag.arc[order[i]][order[j]] = 1;
    return dag;
}

static int descends_into(const oracle_dag *dag, int x, const int *in_set) {
    if (in_set[x])
        return 1;
    for (int y = 0; y < dag->n; y++)
        if (dag->arc[x][y] && descends_into(dag, y, in_set))
            return 1;
    return 0;
}

/* Walks trails: at node v, having come along an arc into v (down = 1) or out of it (down = 0). */
static int reaches(const oracle_dag *dag, int v, int down, int goal, const int *in_set,
                   int seen[ORACLE_MAX][2]) {
    if (v == goal)
        return 1;
    if (seen[v][down])
        return 0;
    seen[v][down] = 1;
    for (int w = 0; w < dag->n; w++) {
        const int to_child = dag->arc[v][w], to_parent = dag->arc[w][v];
        if (to_child && !in_set[v] && reaches(dag, w, 1, goal, in_set, seen))
            return 1;
        if (to_parent && (down ? descends_into(dag, v, in_set) : !in_set[v]) &&
            reaches(dag, w, 0, goal, in_set, seen))
            return 1;
    }
    return 0;
}

int oracle_separated(const oracle_dag *dag, int x, int y, const int *in_set) {
    int seen[ORACLE_MAX][2] = {{0}};
    for (int w = 0; w < dag->n; w++) {
        if (dag->arc[x][w] && reaches(dag, w, 1, y, in_set, seen))
            return 0;
        if (dag->arc[w][x] && reaches(dag, w, 0, y, in_set, seen))
            return 0;
    }
    return 1;
}

/* --- Chickering's labelling ------------------------------------------------------------------ */

static void sort_nodes(const oracle_dag *dag, int *order) {
    int placed[ORACLE_MAX] = {0};
    for (int i = 0; i < dag->n; i++)
        for (int x = 0; x < dag->n; x++) {
            int ready = !placed[x];
            for (int w = 0; w < dag->n; w++)
                ready &= !dag->arc[w][x] || placed[w];
            if (ready) {
                order[i] = x;
                placed[x] = 1;
                break;
            }
        }
}

enum { UNKNOWN = 1, COMPELLED = 2, REVERSIBLE = 3 };

/* Labels the edges into y; the unlabelled one from the last parent in order decides. */
static void label_into(const oracle_dag *dag, const int *order, int y,
                       int label[ORACLE_MAX][ORACLE_MAX]) {
    for (int i = dag->n - 1; i >= 0; i--) {
        const int x = order[i];
        if (label[x][y] != UNKNOWN)
            continue;
        int all = 0;
        for (int w = 0; w < dag->n && !all; w++)
            if (label[w][x] == COMPELLED) {
                if (dag->arc[w][y])
                    label[w][y] = COMPELLED;
                else
                    all = 1;
            }
        for (int z = 0; z < dag->n && !all; z++)
            all = dag->arc[z][y] && z != x && !dag->arc[z][x];
        if (all) {
            for (int z = 0; z < dag->n; z++)
                if (dag->arc[z][y])
                    label[z][y] = COMPELLED;
            return;
        }
        for (int z = 0; z < dag->n; z++)
            if (label[z][y] == UNKNOWN)
                label[z][y] = REVERSIBLE;
    }
}

/* The paper orders edges by their head, then by the last parent first; one more rule of it: an
 * edge from x is labelled only once all edges into x are, which the order of heads ensures. */
void oracle_cpdag(const oracle_dag *dag, int mark[ORACLE_MAX][ORACLE_MAX]) {
    int order[ORACLE_MAX], label[ORACLE_MAX][ORACLE_MAX] = {{0}};
    sort_nodes(dag, order);
    for (int x = 0; x < dag->n; x++)
        for (int y = 0; y < dag->n; y++)
            label[x][y] = dag->arc[x][y] ? UNKNOWN : 0;
    for (int i = 0; i < dag->n; i++)
        label_into(dag, order, order[i], label);
    memset(mark, 0, sizeof(int[ORACLE_MAX][ORACLE_MAX]));
    for (int x = 0; x < dag->n; x++)
        for (int y = 0; y < dag->n; y++)
            if (dag->arc[x][y]) {
                mark[x][y] = label[x][y] == COMPELLED ? DSEP_MARK_ARROW : DSEP_MARK_TAIL;
                mark[y][x] = DSEP_MARK_TAIL;
            }
}

/* --- the test -------------------------------------------------------------------------------- */

typedef struct {
    oracle_dag dag;
    int in_set[ORACLE_MAX], depth;
    int32_t stack[ORACLE_MAX], targets[ORACLE_MAX];
    const int32_t *adjacent;
    int64_t node, n_adjacent, n_targets;
} oracle_state;

static int reserve(void *state, int64_t n_adjacent, int64_t order, dsep_error *error) {
    (void)state, (void)n_adjacent, (void)order, (void)error;
    return DSEP_OK;
}

static void begin(void *state, int64_t node, const int32_t *adjacent, int64_t n_adjacent,
                  const int32_t *targets, int64_t n_targets, int64_t order) {
    (void)order;
    oracle_state *o = state;
    o->n_adjacent = n_adjacent;
    memset(o->in_set, 0, sizeof o->in_set);
    o->depth = 0;
    o->node = node;
    o->adjacent = adjacent;
    o->n_targets = n_targets;
    for (int64_t m = 0; m < n_targets; m++)
        o->targets[m] = adjacent[targets[m]];
}

static int push(void *state, int32_t pivot) {
    oracle_state *o = state;
    o->stack[o->depth++] = o->adjacent[pivot];
    o->in_set[o->adjacent[pivot]] = 1;
    return 1;
}

static void pop(void *state) {
    oracle_state *o = state;
    o->in_set[o->stack[--o->depth]] = 0;
}

static void drop(void *state, int64_t target) {
    oracle_state *o = state;
    o->targets[target] = o->targets[--o->n_targets];
}

static int separated_alone(const oracle_state *o, int64_t x, int64_t y) {
    const int none[ORACLE_MAX] = {0};
    return oracle_separated(&o->dag, (int)x, (int)y, none);
}

static void pairs(void *state, dsep_block rows, dsep_block columns, uint64_t *dependent) {
    const int64_t words = (columns.count + 63) / 64;
    memset(dependent, 0, (size_t)(rows.count * words) * sizeof *dependent);
    for (int64_t i = 0; i < rows.count; i++)
        for (int64_t k = 0; k < columns.count; k++)
            if (columns.first + k > rows.first + i &&
                !separated_alone(state, rows.first + i, columns.first + k))
                dependent[i * words + k / 64] |= (uint64_t)1 << k % 64;
}

static double marginal(void *state, int64_t x, int64_t y) {
    return separated_alone(state, x, y) ? 0 : .5;
}

static dsep_citest_scan scan(void *state, int64_t target, int32_t start) {
    oracle_state *o = state;
    dsep_citest_scan found = {-1, 0};
    for (int32_t k = start; k < o->n_adjacent && found.pivot < 0; k++) {
        if (o->adjacent[k] == o->targets[target]) {
            found.singular++;
            continue;
        }
        push(o, k);
        if (oracle_separated(&o->dag, (int)o->node, o->targets[target], o->in_set))
            found.pivot = k;
        pop(o);
    }
    return found;
}

static double weakest(void *state, int64_t target, int32_t start, double least) {
    (void)least;
    return scan(state, target, start).pivot >= 0 ? 0 : .5;
}

static double statistic(void *state, double association, int64_t order) {
    (void)state, (void)order;
    return fabs(association);
}

static double p_value(void *state, double value) {
    (void)state;
    return value > 0 ? 0 : 1;
}

dsep_citest *oracle_test_create(const oracle_dag *dag) {
    dsep_citest *test = calloc(1, sizeof *test);
    oracle_state *state = calloc(1, sizeof *state);
    state->dag = *dag;
    *test = (dsep_citest){.state = state,
                          .n_variables = dag->n,
                          .max_order = dag->n,
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
    return test;
}

void oracle_test_destroy(dsep_citest **test) {
    free((*test)->state);
    free(*test);
    *test = NULL;
}

int oracle_has_marks(const dsep_graph *graph, int mark[ORACLE_MAX][ORACLE_MAX]) {
    for (int64_t x = 0; x < graph->n_nodes; x++)
        for (int64_t y = 0; y < graph->n_nodes; y++) {
            const int64_t place = dsep_graph_find(graph, x, y);
            if (place < 0 ? mark[x][y] != 0 : graph->mark[graph->twin[place]] != mark[x][y])
                return 0;
        }
    return 1;
}

int oracle_same_graph(const dsep_graph *a, const dsep_graph *b) {
    return a && b && a->n_nodes == b->n_nodes && a->n_edges == b->n_edges &&
           memcmp(a->offset, b->offset, (size_t)(a->n_nodes + 1) * sizeof *a->offset) == 0 &&
           memcmp(a->neighbour, b->neighbour, (size_t)(2 * a->n_edges) * sizeof *a->neighbour) ==
               0 &&
           memcmp(a->mark, b->mark, (size_t)(2 * a->n_edges)) == 0;
}
