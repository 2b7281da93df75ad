/* Slow, obvious answers to compare with: d-separation, the CPDAG of a DAG, random DAGs. */
#ifndef DSEP_TESTS_SUPPORT_ORACLE_H
#define DSEP_TESTS_SUPPORT_ORACLE_H

#include "mpi/graph.h"
#include "solvers/citest.h"

enum { ORACLE_MAX = 32 };

/* A DAG as a matrix: arc[x][y] is 1 for x -> y. */
typedef struct {
    int n;
    int arc[ORACLE_MAX][ORACLE_MAX];
} oracle_dag;

/* A random DAG of n nodes, each pair joined with the given probability; the numbers carry no
 * order. Not collective. */
oracle_dag oracle_random_dag(uint64_t seed, int n, double probability);

/* Whether x and y are d-separated by the set (in_set[node] = 1): no active trail. Not
 * collective. */
int oracle_separated(const oracle_dag *dag, int x, int y, const int *in_set);

/* The CPDAG by labelling edges as compelled or reversible (Chickering 1995), as marks:
 * mark[x][y] is the mark at y's end of x - y, 0 where they are not joined. Not
 * collective. */
void oracle_cpdag(const oracle_dag *dag, int mark[ORACLE_MAX][ORACLE_MAX]);

/* Whether a graph has just these marks. Not collective. */
int oracle_has_marks(const dsep_graph *graph, int mark[ORACLE_MAX][ORACLE_MAX]);

/* Whether two graphs have the same nodes, edges and marks. Not collective. */
int oracle_same_graph(const dsep_graph *a, const dsep_graph *b);

/* A test that answers by d-separation. Freed with oracle_test_destroy(). Not
 * collective. */
dsep_citest *oracle_test_create(const oracle_dag *dag);
void oracle_test_destroy(dsep_citest **test);

#endif
