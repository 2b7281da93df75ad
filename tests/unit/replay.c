/* The replay of the scheduler against a slow, obvious one, and against what no schedule can beat.
 * ranks: 1 */
#include "mpi/replay.h"

#include "mpi/memory.h"
#include "mpi/random.h"
#include "mpi/schedule.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4000, NODES = 40, NEVER = -1 };

/* --- the slow one: looks at every rank and every node for what comes next ----------------------
 */

typedef struct {
    int64_t list[MOST], count, taken; /* the node's tasks in its order */
    int64_t asked_until;              /* when its answer comes, or NEVER */
    int64_t promised, promised_size;  /* what the answer will be */
    int closed;
} slow_node;

typedef struct {
    const int64_t *cost;
    int64_t tasks, ranks, node_ranks, nodes, latency, position;
    int64_t free_at[MOST]; /* of each rank; NEVER once it waits for its node */
    slow_node node[NODES];
    int64_t makespan, requests;
} slow;

static int64_t ranks_of(const slow *s, int64_t node) {
    const int64_t left = s->ranks - node * s->node_ranks;
    return left < s->node_ranks ? left : s->node_ranks;
}

static int64_t waiting(const slow *s, int64_t node) {
    int64_t count = 0;
    for (int64_t i = 0; i < ranks_of(s, node); i++)
        count += s->free_at[node * s->node_ranks + i] == NEVER;
    return count;
}

static void append(slow_node *n, int64_t first, int64_t size) {
    n->closed |= size == 0;
    for (int64_t i = 0; i < size; i++)
        n->list[n->count++] = first + i;
}

/* Whoever waits takes what is there. */
static void begin_tasks(slow *s, int64_t node, int64_t now) {
    slow_node *n = &s->node[node];
    for (int64_t i = 0; i < ranks_of(s, node); i++) {
        int64_t *at = &s->free_at[node * s->node_ranks + i];
        if (*at != NEVER || n->taken == n->count)
            continue;
        *at = now + s->cost[n->list[n->taken++]];
        s->makespan = *at > s->makespan ? *at : s->makespan;
    }
}

static void ask_while_low(slow *s, int64_t node, int64_t now) {
    slow_node *n = &s->node[node];
    while (!n->closed && n->asked_until == NEVER &&
           dsep_schedule_asks(n->count - n->taken - waiting(s, node), ranks_of(s, node))) {
        const int64_t size = dsep_schedule_chunk(s->tasks, s->ranks, s->nodes, s->position);
        if (node == 0) {
            append(n, s->position, size);
            begin_tasks(s, node, now);
        } else {
            n->promised = s->position;
            n->promised_size = size;
            n->asked_until = now + s->latency;
            s->requests++;
        }
        s->position += size;
    }
}

/* The earliest thing to happen: ranks before answers, then by number. */
static int next_event(const slow *s, int64_t *number) {
    int64_t best = INT64_MAX;
    for (int64_t i = 0; i < s->ranks; i++)
        if (s->free_at[i] != NEVER && s->free_at[i] < best) {
            best = s->free_at[i];
            *number = i;
        }
    for (int64_t i = 0; i < s->nodes; i++)
        if (s->node[i].asked_until != NEVER && s->node[i].asked_until < best) {
            best = s->node[i].asked_until;
            *number = s->ranks + i;
        }
    return best < INT64_MAX;
}

static void run_slow(slow *s) {
    int64_t number = 0;
    const int64_t share = dsep_schedule_share(s->tasks, s->ranks, s->nodes);
    for (int64_t t = 0; t < share; t++)
        append(&s->node[t % s->nodes], t, 1);
    for (int64_t i = 0; i < s->nodes; i++) {
        s->node[i].asked_until = NEVER;
        s->node[i].closed = share == s->tasks;
    }
    s->position = share;
    while (next_event(s, &number)) {
        const int answer = number >= s->ranks;
        const int64_t node = answer ? number - s->ranks : number / s->node_ranks;
        slow_node *n = &s->node[node];
        const int64_t now = answer ? n->asked_until : s->free_at[number];
        if (answer) {
            n->asked_until = NEVER;
            append(n, n->promised, n->promised_size);
        } else {
            s->free_at[number] = NEVER;
        }
        begin_tasks(s, node, now);
        ask_while_low(s, node, now);
    }
}

/* --- tests ------------------------------------------------------------------------------------ */

/* Heavy-tailed costs, largest first only by a forecast that knows half of it. */
static void draw_costs(uint64_t set, int64_t tasks, int64_t *cost) {
    const dsep_random source = {7, DSEP_STREAM_SAMPLE, set};
    for (int64_t t = 0; t < tasks; t++) {
        const double chance = dsep_random_uniform(source, (uint64_t)t);
        cost[t] = (int64_t)(exp(8 * chance) * 10 * (double)tasks / (double)(t + tasks / 10 + 1));
    }
}

static void test_against_slow(void) {
    static const int64_t tasks[] = {0, 1, 5, 60, 300, 4000}, ranks[] = {1, 2, 7, 32, 40};
    static const int64_t latencies[] = {0, 500, 100000};
    slow *s = dsep_array(1, sizeof *s);
    int64_t cost[MOST];
    int equal = 1, runs = 0;
    for (int64_t run = 0; s && run < 6 * 5 * 3 * 3; run++) {
        const int64_t n = tasks[run % 6], all = ranks[run / 6 % 5];
        const int64_t node_ranks = (int64_t[]){1, 3, 40}[run / 30 % 3];
        const int64_t latency = latencies[run / 90];
        draw_costs((uint64_t)run, n, cost);
        memset(s, 0, sizeof *s);
        *s = (slow){.cost = cost,
                    .tasks = n,
                    .ranks = all,
                    .node_ranks = node_ranks,
                    .nodes = (all + node_ranks - 1) / node_ranks,
                    .latency = latency};
        run_slow(s);
        dsep_replay played;
        const dsep_replay_machine machine = {all, node_ranks, latency};
        const int code = dsep_replay_phase(cost, n, &machine, NULL, &played);
        if (code || played.makespan != s->makespan || played.requests != s->requests) {
            tap_note("%lld tasks, %lld ranks by %lld, latency %lld: %lld against %lld",
                     (long long)n, (long long)all, (long long)node_ranks, (long long)latency,
                     (long long)played.makespan, (long long)s->makespan);
            equal = 0;
        }
        runs++;
    }
    tap_ok(equal && runs == 270, "makespan and requests are those of the slow simulation");
    free(s);
}

static void test_bounds(void) {
    int64_t cost[MOST];
    int good = 1;
    for (uint64_t set = 0; set < 50; set++) {
        const dsep_replay_machine machine = {1 + (int64_t)set * 3, 1 << 20, 0};
        dsep_replay played;
        draw_costs(set, MOST, cost);
        good &= dsep_replay_phase(cost, MOST, &machine, NULL, &played) == DSEP_OK;
        const int64_t share = (played.total + machine.ranks - 1) / machine.ranks;
        good &= played.makespan >= share && played.makespan >= played.largest &&
                played.makespan <= share + played.largest && played.messages == 0;
    }
    tap_ok(good, "on one node the makespan lies between the bounds of list scheduling");
}

static void test_figures(void) {
    const int64_t cost[] = {8, 4, 4, 2, 2};
    dsep_replay played;
    dsep_replay_machine machine = {2, 2, 0};
    dsep_replay_phase(cost, 5, &machine, NULL, &played);
    tap_ok(played.makespan == 10 && played.total == 20 && played.largest == 8 &&
               played.tasks == 5 && fabs(dsep_replay_efficiency(&played, 2) - 1) < 1e-15,
           "five tasks on two ranks end at 10");
    machine.node_ranks = 1;
    machine.latency = 1000;
    dsep_replay_phase(cost, 5, &machine, NULL, &played);
    tap_ok(played.makespan == 1002 && played.requests > 0 && played.messages == 2 * played.requests,
           "a late answer brings its task late");
    dsep_replay_phase(NULL, 0, &machine, NULL, &played);
    tap_ok(played.makespan == 0 && dsep_replay_efficiency(&played, 2) == 1, "no tasks, no time");
}

typedef struct {
    double forecast, cost;
} drawn;

static int by_forecast(const void *left, const void *right) {
    const drawn *a = left, *b = right;
    return (a->forecast < b->forecast) - (a->forecast > b->forecast);
}

/* Lognormal costs, sigma 2, ordered by a forecast whose logarithm has correlation 1/2 with theirs;
 * none is above a tenth of an even share of `ranks`, which no scheduler could help. */
static void draw_lognormal(int64_t tasks, int64_t ranks, int64_t *cost) {
    const dsep_random source = {11, DSEP_STREAM_SAMPLE, 0};
    drawn *list = dsep_array(tasks, sizeof *list);
    double sum = 0;
    for (int64_t t = 0; list && t < tasks; t++) {
        double u[2];
        dsep_random_uniform2(source, (uint64_t)t, u);
        const double radius = sqrt(-2 * log(u[0])), turn = 2 * M_PI * u[1];
        const double a = radius * cos(turn), b = radius * sin(turn);
        list[t] = (drawn){a, 1000 * exp(a + sqrt(3) * b)};
        sum += list[t].cost;
    }
    if (list)
        qsort(list, (size_t)tasks, sizeof *list, by_forecast);
    for (int64_t t = 0; list && t < tasks; t++)
        cost[t] = (int64_t)fmin(list[t].cost, sum / (double)ranks / 10);
    free(list);
}

static double spread(const int64_t *cost, int64_t tasks, int64_t ranks, int64_t node_ranks) {
    dsep_replay played;
    const dsep_replay_machine machine = {ranks, node_ranks, 0};
    dsep_replay_phase(cost, tasks, &machine, NULL, &played);
    return dsep_replay_efficiency(&played, ranks);
}

static void test_policy(void) {
    enum { TASKS = 200000 };
    int64_t *cost = dsep_array(TASKS, sizeof *cost);
    draw_lognormal(TASKS, 64, cost);
    const double one = spread(cost, TASKS, 64, 64), four = spread(cost, TASKS, 64, 16);
    tap_ok(one > .95 && four > .95, "64 ranks are busy: %.3f on one node, %.3f on 4", one, four);
    draw_lognormal(TASKS, 1024, cost);
    const double all = spread(cost, TASKS, 1024, 1024), many = spread(cost, TASKS, 1024, 16);
    tap_ok(all > .85 && many > .85 && many > .97 * all,
           "1,024 ranks are busy: %.3f on one node, %.3f on 64", all, many);
    free(cost);
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    test_against_slow();
    test_bounds();
    test_figures();
    test_policy();
    return tap_end();
}
