/* What is asked of Slurm, from needs that are given: the fewest nodes whose memory does, the fewest
 * ranks that are fast enough, margins, parts of an array, and what is refused.
 * ranks: 1 */
#include "jobs/plan_choice.h"
#include "jobs/discover_input.h"
#include "jobs/plan_report.h"
#include "tests/support/tap.h"

#include <math.h>
#include <string.h>

static const int64_t GB = 1000000000, MB = 1 << 20;

/* A node: 1 GB, its part of 60, 10 MB of files; a rank 100 MB. An hour and a half of one rank, of
 * which a minute cannot be shared. */
static dsep_plan_needs needs_of(void) {
    return (dsep_plan_needs){.subject = "discover --method test",
                             .n_samples = 10,
                             .n_variables = 1000,
                             .memory_available = 16 * GB,
                             .memory_given = INT64_MAX,
                             .timed = 1,
                             .serial = 60,
                             .search = 5400,
                             .base = {100000000, 10000000},
                             .node = GB,
                             .table = 60 * GB};
}

static int choose(dsep_plan_needs *needs, dsep_plan_shape shape, dsep_error *error,
                  dsep_plan *plan) {
    *plan = (dsep_plan){0};
    *error = (dsep_error){0};
    return dsep_plan_choose(needs, &shape, error, plan);
}

static int says(const dsep_plan *plan, const char *words) {
    for (int i = 0; i < plan->n_reasons; i++)
        if (strstr(plan->reason[i], words))
            return 1;
    return 0;
}

static void test_bytes(void) {
    dsep_plan_needs needs = needs_of();
    int64_t last = INT64_MAX;
    int falls = 1;
    tap_ok(dsep_plan_needs_bytes(&needs, 1, 1, GB) == 61 * GB + 110000000,
           "one node: everything, and one rank");
    tap_ok(dsep_plan_needs_bytes(&needs, 4, 8, GB) == 16 * GB + 810000000,
           "four nodes: a quarter of the table, files once, ranks each");
    for (int64_t nodes = 1; nodes < 100; nodes++) {
        const int64_t bytes = dsep_plan_needs_bytes(&needs, nodes, 2, GB);
        falls &= bytes < last;
        last = bytes;
    }
    tap_ok(falls, "more nodes need less on each");
    needs.rank = INT64_MAX / 2;
    tap_ok(dsep_plan_needs_bytes(&needs, 1, 4, GB) == INT64_MAX, "what overflows is the most");
}

static void test_seconds(void) {
    dsep_plan_needs needs = needs_of();
    tap_ok(dsep_plan_needs_seconds(&needs, 1, 1) == 5460 &&
               dsep_plan_needs_seconds(&needs, 10, 1) == 600,
           "ranks share the search, not the rest");
    needs.units = 100;
    needs.unit = 30;
    tap_ok(dsep_plan_needs_seconds(&needs, 10, 1) == 600 + 10 * 30, "units, ten for each rank");
    tap_ok(dsep_plan_needs_seconds(&needs, 30, 1) == 60 + 180 + 4 * 30.,
           "the last round has free ranks");
    tap_ok(dsep_plan_needs_seconds(&needs, 10, 4) == 600 + 3 * 30.,
           "a part of four has 25 units, three rounds");
    tap_ok(dsep_plan_needs_seconds(&needs, 200, 1) == 60 + 27 + 15., "ranks share a unit");
    needs.timed = 0;
    tap_ok(dsep_plan_needs_seconds(&needs, 10, 1) == 0, "unknown is 0");
}

static void test_free_choice(void) {
    dsep_plan_needs needs = needs_of();
    dsep_error error;
    dsep_plan plan;
    const dsep_plan_shape eight = {.node_cores = 8};
    tap_ok(!choose(&needs, eight, &error, &plan) && plan.nodes == 5,
           "five nodes of 16 GB: 12 GB of the table on each and 1 GB");
    tap_ok(plan.ranks == 5 && plan.ranks_per_node == 1 && plan.seconds == 60 + 5400 / 5.,
           "five ranks take less than half an hour");
    tap_ok(plan.bytes_node == 13 * GB + 110000000 && plan.bytes_asked <= 16 * GB &&
               plan.bytes_asked >= plan.bytes_node,
           "no more is asked for than a node has");
    tap_ok(plan.seconds_asked == 2400 && says(&plan, "5 nodes: the fewest whose memory"),
           "twice the time in steps of five minutes, and reasons");
    needs.table = GB;
    tap_ok(!choose(&needs, eight, &error, &plan) && plan.nodes == 1 && plan.ranks == 4,
           "one node, four ranks: three take longer than half an hour");
    tap_ok(plan.bytes_asked % (100 * MB) == 0 &&
               (double)plan.bytes_asked >= 1.25 * (double)plan.bytes_node + 64e6 &&
               (double)plan.bytes_asked <= 1.25 * (double)plan.bytes_node + 64e6 + 110 * (double)MB,
           "a quarter more, some room, in steps of 100 MB");
    needs.search = 60;
    tap_ok(!choose(&needs, eight, &error, &plan) && plan.ranks == 1 && plan.seconds_asked == 600,
           "little work: one rank, ten minutes");
    needs.search = 200000;
    tap_ok(!choose(&needs, eight, &error, &plan) && plan.nodes == 15 && plan.ranks_per_node == 8,
           "much work: the fewest nodes with all cores that need half an hour");
    needs.search = 1e9;
    tap_ok(!choose(&needs, eight, &error, &plan) && plan.nodes > 60 && plan.nodes <= 64 &&
               says(&plan, "more would not help enough"),
           "beyond 64 nodes the user must ask");
    needs.rank = 3 * GB;
    tap_ok(!choose(&needs, eight, &error, &plan) && plan.ranks_per_node == 4,
           "memory bounds the ranks of a node");
    needs.timed = 0;
    needs.rank = 0;
    tap_ok(!choose(&needs, eight, &error, &plan) && plan.nodes == 1 && plan.ranks == 8 &&
               plan.seconds == 0 && plan.seconds_asked == 0 && says(&plan, "is not forecast"),
           "no time is known: all cores of the fewest nodes");
}

static void test_asked(void) {
    dsep_plan_needs needs = needs_of();
    dsep_error error;
    dsep_plan plan;
    const dsep_plan_shape ranks = {.ranks = 20, .node_cores = 8}, nodes = {.nodes = 12},
                          both = {.ranks = 20, .ranks_per_node = 4},
                          part = {.node_cores = 8, .parts = 4};
    tap_ok(!choose(&needs, ranks, &error, &plan) && plan.ranks == 20 && plan.nodes == 5 &&
               plan.ranks_per_node == 4,
           "20 ranks on the five nodes whose memory does");
    tap_ok(!choose(&needs, both, &error, &plan) && plan.nodes == 5, "20 ranks, four a node");
    tap_ok(!choose(&needs, nodes, &error, &plan) && plan.nodes == 12 && plan.ranks == 12 &&
               says(&plan, "12 nodes, as asked"),
           "twelve nodes, one rank on each is enough");
    needs.units = 4000;
    needs.unit = 10;
    tap_ok(!choose(&needs, part, &error, &plan) && says(&plan, "4 parts share 4000 units") &&
               plan.seconds <= 1800,
           "a part of an array");
}

static void test_refusals(void) {
    dsep_plan_needs needs = needs_of();
    dsep_error error;
    dsep_plan plan;
    tap_ok(choose(&needs, (dsep_plan_shape){.ranks = 2, .nodes = 3}, &error, &plan) ==
               DSEP_ERROR_USAGE,
           "fewer ranks than nodes");
    tap_ok(choose(&needs, (dsep_plan_shape){.ranks = 9, .nodes = 2, .ranks_per_node = 4}, &error,
                  &plan) == DSEP_ERROR_USAGE,
           "more ranks than there is room for");
    tap_ok(choose(&needs, (dsep_plan_shape){.nodes = 4}, &error, &plan) == DSEP_ERROR_RESOURCES &&
               strstr(error.text, "needs 16.1 GB of memory on each node and 16 GB are there"),
           "too few nodes: %s", error.text);
    tap_ok(plan.bytes_node == 16 * GB + 110000000 && plan.memory_node == 16 * GB,
           "the plan keeps what was refused");
    tap_ok(choose(&needs, (dsep_plan_shape){.ranks = 1, .memory = 60 * GB}, &error, &plan) ==
                   DSEP_ERROR_RESOURCES &&
               strstr(error.text, "ask for --memory 73000M or more"),
           "less memory than it needs: %s", error.text);
    tap_ok(!choose(&needs, (dsep_plan_shape){.ranks = 1, .memory = 73000 * MB}, &error, &plan) &&
               plan.bytes_asked == 73000 * MB,
           "as much as it was said to need");
    needs.memory_given = GB;
    tap_ok(choose(&needs, (dsep_plan_shape){.memory = 100 * GB}, &error, &plan) ==
               DSEP_ERROR_RESOURCES,
           "--memory-per-node of the command counts, too");
}

static void test_fitting(void) {
    char text[DSEP_FITTING];
    dsep_discover_input input = {.bytes_node = 1100,
                                 .forecast = {.n_variables = 1000, .bytes_base = 100}};
    tap_ok(
        !strcmp(dsep_discover_input_fitting(&input, 600, text), "About 475 variables would fit: "),
        "half the room that variables need, and a little off");
    input.whole = 1;
    tap_ok(
        !strcmp(dsep_discover_input_fitting(&input, 350, text), "About 475 variables would fit: "),
        "a matrix grows with their square");
    tap_ok(!strcmp(dsep_discover_input_fitting(&input, 99, text), "No two variables would fit: "),
           "less than the program itself takes");
}

static void test_time(void) {
    char text[32];
    tap_ok(!strcmp(dsep_plan_time(600, text), "00:10:00"), "ten minutes");
    tap_ok(!strcmp(dsep_plan_time(86399.5, text), "1-00:00:00"), "seconds are rounded up to a day");
    tap_ok(!strcmp(dsep_plan_time(3 * 86400 + 3600 + 65, text), "3-01:01:05"), "days");
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    test_bytes();
    test_seconds();
    test_free_choice();
    test_asked();
    test_refusals();
    test_fitting();
    test_time();
    return tap_end();
}
