/* PC-stable once more, slow and obvious: a fresh elimination in long double for every test. */
#ifndef DSEP_TESTS_SUPPORT_SLOW_PC_H
#define DSEP_TESTS_SUPPORT_SLOW_PC_H

#include <stdint.h>

enum { SLOW_P = 14, SLOW_ORDERS = 12 };

typedef struct {
    int64_t n;
    double alpha;
    long double c[SLOW_P][SLOW_P]; /* correlations */
    int adjacent[SLOW_P][SLOW_P];
    int removed_at[SLOW_P][SLOW_P],
        sepset[SLOW_P][SLOW_P][SLOW_P];       /* sepset[x][y][z]: z is in it */
    int history[SLOW_ORDERS][SLOW_P][SLOW_P]; /* who was adjacent when an order began */
    int64_t tests[SLOW_ORDERS];
    int orders;
    double r[SLOW_P][SLOW_P], p_max[SLOW_P][SLOW_P];
} slow_pc;

/* From n, alpha and c, with zeros in all else: the skeleton, separating sets and tests. Not
 * collective. */
void slow_pc_search(slow_pc *s);

/* After it: the weakest test of every edge into r and p_max. Not collective. */
void slow_pc_measure(slow_pc *s);

#endif
