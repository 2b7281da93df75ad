/* Every task is taken once, however many nodes there are. */
#include "mpi/counter.h"
#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "tests/support/tap.h"

#include <stdlib.h>

static int taken_once(dsep_context *ctx, dsep_counter *counter, int64_t tasks) {
    int64_t *times = dsep_array(tasks, sizeof *times), before = -1;
    int ascending = 1, once = 1;
    dsep_counter_reset(ctx, counter, tasks);
    for (int64_t task; (task = dsep_counter_next(counter)) >= 0; before = task) {
        ascending &= task > before && task < tasks;
        times[task]++;
    }
    const int64_t taken = dsep_counter_taken(counter);
    const int none_left = dsep_counter_next(counter) == -1;
    dsep_sum_i64(ctx, times, tasks);
    for (int64_t task = 0; task < tasks; task++)
        once &= times[task] == 1;
    free(times);
    return ascending && once && none_left && taken == tasks;
}

static void test_tasks(dsep_context *ctx, const char *nodes) {
    dsep_counter *counter = NULL;
    tap_ok(dsep_counter_create(ctx, &counter) == DSEP_OK, "%s: a counter is made", nodes);
    const int64_t tasks[] = {10000, 0, 1, 3, 17};
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        tap_ok(taken_once(ctx, counter, tasks[i]), "%s: each of %lld tasks is taken once", nodes,
               (long long)tasks[i]);
    dsep_counter_destroy(&counter);
    tap_ok(!counter, "%s: destroyed", nodes);
}

int main(int argc, char **argv) {
    dsep_context *one = tap_begin(&argc, &argv), *many = NULL;
    test_tasks(one, "one node");
    setenv("DSEP_NODE_RANKS", "1", 1);
    tap_ok(dsep_context_create(MPI_COMM_WORLD, &many) == DSEP_OK &&
               dsep_nodes(many) == dsep_size(one),
           "every rank pretends to be a node");
    test_tasks(many, "many nodes");
    dsep_context_destroy(&many);
    setenv("DSEP_NODE_RANKS", "2", 1);
    dsep_context_create(MPI_COMM_WORLD, &many);
    test_tasks(many, "nodes of two ranks");
    dsep_context_destroy(&many);
    return tap_end();
}
