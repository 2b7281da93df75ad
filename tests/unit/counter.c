/* Every task is taken once, however many nodes there are; slow nodes get fewer; ranks may leave. */
#include "mpi/counter.h"

#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "mpi/schedule.h"
#include "mpi/shared.h"
#include "tests/support/tap.h"

#include <stdlib.h>

static int taken_once(dsep_context *ctx, dsep_counter *counter, int64_t tasks) {
    int64_t *times = dsep_array(tasks, sizeof *times), before = -1;
    int ascending = 1, once = 1;
    dsep_counter_reset(ctx, counter, tasks);
    for (int64_t task; (task = dsep_counter_next(counter)) >= 0; before = task) {
        const int64_t taken = dsep_counter_taken(counter);
        ascending &= task > before && task < tasks && taken > task && taken <= tasks;
        times[task]++;
    }
    const int64_t taken = dsep_counter_taken(counter);
    const int none_left = dsep_counter_next(counter) == -1;
    dsep_counter_finish(ctx, counter);
    dsep_sum_i64(ctx, times, tasks);
    for (int64_t task = 0; task < tasks; task++)
        once &= times[task] == 1;
    free(times);
    return ascending && once && none_left && taken == tasks;
}

static void test_tasks(dsep_context *ctx, const char *nodes) {
    dsep_counter *counter = NULL;
    tap_ok(dsep_counter_create(ctx, &counter) == DSEP_OK, "%s: a counter is made", nodes);
    const int64_t tasks[] = {10000, 0, 1, 3, 17, 200000};
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        tap_ok(taken_once(ctx, counter, tasks[i]), "%s: each of %lld tasks is taken once", nodes,
               (long long)tasks[i]);
    dsep_counter_destroy(&counter);
    tap_ok(!counter, "%s: destroyed", nodes);
}

/* A message of an old round, or of the other counter, would be answered with wrong tasks. */
static void test_rounds(dsep_context *ctx, const char *nodes) {
    enum { ROUNDS = 200 };
    dsep_counter *counters[2] = {NULL, NULL};
    int good = dsep_counter_create(ctx, &counters[0]) == DSEP_OK &&
               dsep_counter_create(ctx, &counters[1]) == DSEP_OK;
    for (int round = 0; good && round < ROUNDS; round++) {
        int64_t sum = 0;
        const int64_t tasks = round * 7 % 50;
        dsep_counter *counter = counters[round % 3 == 0];
        dsep_counter_reset(ctx, counter, tasks);
        for (int64_t task; (task = dsep_counter_next(counter)) >= 0;)
            sum += task + 1;
        dsep_counter_finish(ctx, counter);
        if (round % 10 == 9) { /* seldom, so that rounds run into each other */
            dsep_sum_i64(ctx, &sum, 1);
            good = sum == tasks * (tasks + 1) / 2;
        }
    }
    tap_ok(good, "%s: %d rounds of two counters", nodes, ROUNDS);
    dsep_counter_destroy(&counters[0]);
    dsep_counter_destroy(&counters[1]);
}

/* Rank 0 leaves at once, again and again, so that others begin a round while it ends the last: all
 * but the tasks dealt to it must be done. Nodes of one rank. */
static void test_hurry(dsep_context *ctx, const char *nodes) {
    enum { ROUNDS = 400, TASKS = 30 };
    dsep_counter *counter = NULL;
    int64_t done = 0;
    dsep_counter_create(ctx, &counter);
    for (int round = 0; round < ROUNDS; round++) {
        dsep_counter_reset(ctx, counter, TASKS);
        while (dsep_rank(ctx) > 0 && dsep_counter_next(counter) >= 0)
            done++;
        dsep_counter_finish(ctx, counter);
    }
    dsep_sum_i64(ctx, &done, 1);
    tap_ok(done == (dsep_size(ctx) == 1 ? 0 : ROUNDS * (TASKS - 1)),
           "%s: rank 0 leaves %d rounds at once", nodes, ROUNDS);
    dsep_counter_destroy(&counter);
}

/* The tasks that a node gets whose ranks each hold one until the others have done `enough`; *late:
 * they never do. done: of the others, in memory that all ranks share. */
static int64_t slow_share(dsep_context *ctx, dsep_counter *counter, int64_t tasks, int slow,
                          int64_t enough, int64_t *done, int *late) {
    int64_t mine = 0;
    const double began = dsep_clock();
    dsep_counter_reset(ctx, counter, tasks);
    while (dsep_counter_next(counter) >= 0) {
        if (dsep_node(ctx) != slow) {
            __atomic_fetch_add(done, 1, __ATOMIC_SEQ_CST);
            continue;
        }
        mine++;
        while (!*late && __atomic_load_n(done, __ATOMIC_SEQ_CST) < enough) {
            *late = dsep_clock() - began > 20;
            dsep_counter_serve(counter);
        }
    }
    dsep_counter_finish(ctx, counter);
    dsep_sum_i64(ctx, &mine, 1);
    return mine;
}

/* At most two thirds of what round robin would give it: the others do the rest meanwhile. */
static void test_balance(dsep_context *one, dsep_context *ctx, const char *nodes) {
    enum { TASKS = 600 };
    dsep_counter *counter = NULL;
    dsep_shared *memory = NULL;
    const int64_t most = 2 * TASKS / (3 * dsep_nodes(ctx));
    dsep_counter_create(ctx, &counter);
    for (int slow = 0; slow < dsep_nodes(ctx); slow++) {
        int late = 0;
        dsep_shared_create(one, sizeof(int64_t), "a number of tasks", &memory);
        const int64_t share =
            slow_share(ctx, counter, TASKS, slow, TASKS - most, dsep_shared_data(memory), &late);
        const int good = !late && share > 0 && share <= most;
        if (!tap_ok(good, "%s: node %d is slow and gets few tasks", nodes, slow))
            tap_note("%lld of %d", (long long)share, TASKS);
        dsep_shared_destroy(&memory);
    }
    dsep_counter_destroy(&counter);
}

/* Rank 0's first task lasts until the others have done most of the rest, for which they need its
 * answers. */
static void test_serve(dsep_context *one, dsep_context *ctx, const char *nodes) {
    enum { TASKS = 1000 };
    dsep_counter *counter = NULL;
    dsep_shared *memory = NULL;
    int waited = 0, late = 0;
    dsep_counter_create(ctx, &counter);
    dsep_shared_create(one, sizeof(int64_t), "a number of tasks", &memory);
    int64_t *done = dsep_shared_data(memory);
    const int64_t enough = dsep_nodes(ctx) > 1 ? TASKS * 6 / 10 : 0;
    dsep_counter_reset(ctx, counter, TASKS);
    while (dsep_counter_next(counter) >= 0) {
        const double began = dsep_clock();
        for (; dsep_rank(ctx) == 0 && !waited && !late;) {
            waited = __atomic_load_n(done, __ATOMIC_SEQ_CST) >= enough;
            late = dsep_clock() - began > 20;
            dsep_counter_serve(counter);
        }
        __atomic_fetch_add(done, 1, __ATOMIC_SEQ_CST);
    }
    dsep_counter_finish(ctx, counter);
    dsep_shared_sync(one, memory);
    tap_ok(!late && *done == TASKS, "%s: rank 0 answers in the middle of a task", nodes);
    dsep_shared_destroy(&memory);
    dsep_counter_destroy(&counter);
}

/* Rank `leaver` does `stays` tasks and no more. Nothing is done twice, and only what its node had
 * been granted may stay undone, if it has no other rank. */
static int left_early(dsep_context *ctx, dsep_counter *counter, int leaver, int64_t stays) {
    enum { TASKS = 500 };
    int64_t times[TASKS] = {0}, left = 0, alone = 0, once = 1;
    const int leaves = leaver == dsep_rank(ctx) || leaver < 0;
    dsep_counter_reset(ctx, counter, TASKS);
    for (int64_t task, i = 0; (!leaves || i < stays) && (task = dsep_counter_next(counter)) >= 0;
         i++)
        times[task]++;
    dsep_counter_finish(ctx, counter);
    dsep_sum_i64(ctx, times, TASKS);
    for (int task = 0; task < TASKS; task++) {
        once &= times[task] <= 1;
        left += times[task] == 0;
    }
    alone = leaves && dsep_node_size(ctx) == 1;
    dsep_max_i64(ctx, &alone, 1);
    return once && (leaver < 0 || (alone ? left < TASKS / 2 || dsep_size(ctx) == 1 : left == 0));
}

static void test_leavers(dsep_context *ctx, const char *nodes) {
    dsep_counter *counter = NULL;
    dsep_counter_create(ctx, &counter);
    for (int leaver = -1; leaver < dsep_size(ctx); leaver++)
        for (int64_t stays = 0; stays < 3; stays++)
            tap_ok(left_early(ctx, counter, leaver, stays), "%s: rank %d leaves after %lld tasks",
                   nodes, leaver, (long long)stays);
    tap_ok(taken_once(ctx, counter, 100), "%s: the next round is whole", nodes);
    dsep_counter_destroy(&counter);
}

/* The chunks of a round: one after the other, each one task a rank or a part of what went before
 * it and of what is left, and no more of them than a counter has room for. */
static int chunks_fit(int64_t tasks, int64_t ranks, int64_t nodes) {
    int64_t at = dsep_schedule_share(tasks, ranks, nodes), chunks = 0, dealt = 0;
    int good = at <= tasks;
    for (int64_t node = 0; node < nodes; node++)
        dealt += dsep_schedule_turns(at, node, nodes);
    good &= dealt == at;
    for (int64_t size; (size = dsep_schedule_chunk(tasks, ranks, nodes, at)) > 0; at += size) {
        good &= size <= ranks / nodes || (size * nodes * 2 <= at && size * nodes * 2 <= tasks - at);
        chunks++;
    }
    return good && at == tasks && chunks <= dsep_schedule_chunks_most(nodes);
}

static void test_chunks(void) {
    int good = 1;
    for (int64_t nodes = 1; nodes <= 1000; nodes = nodes * 3 + 1)
        for (int64_t tasks = 0; tasks < 10000000000000; tasks = tasks * 5 + 1)
            good &= chunks_fit(tasks, nodes, nodes) && chunks_fit(tasks, nodes * 16, nodes);
    tap_ok(good, "chunks cover every task and have room");
    tap_ok(dsep_schedule_share(5, 100, 10) == 5 && dsep_schedule_turns(5, 4, 10) == 1 &&
               dsep_schedule_turns(5, 5, 10) == 0 && dsep_schedule_share(5, 2, 1) == 5,
           "few tasks, and tasks of one node, are all dealt by stride");
}

static void test_all(dsep_context *one, dsep_context *ctx, const char *nodes) {
    test_tasks(ctx, nodes);
    test_rounds(ctx, nodes);
    if (dsep_nodes(ctx) > 1)
        test_balance(one, ctx, nodes);
    test_serve(one, ctx, nodes);
    test_leavers(ctx, nodes);
}

int main(int argc, char **argv) {
    dsep_context *one = tap_begin(&argc, &argv), *many = NULL;
    test_chunks();
    test_all(one, one, "one node");
    setenv("DSEP_NODE_RANKS", "1", 1);
    tap_ok(dsep_context_create(MPI_COMM_WORLD, &many) == DSEP_OK &&
               dsep_nodes(many) == dsep_size(one),
           "every rank pretends to be a node");
    test_all(one, many, "many nodes");
    test_hurry(many, "many nodes");
    dsep_context_destroy(&many);
    setenv("DSEP_NODE_RANKS", "2", 1);
    dsep_context_create(MPI_COMM_WORLD, &many);
    test_all(one, many, "nodes of two ranks");
    dsep_context_destroy(&many);
    return tap_end();
}
