/* Groups of ranks: every unit is done by one group, whoever is free; stops; failures. */
#include "mpi/groups.h"
#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "tests/support/tap.h"

#include <stdlib.h>
#include <string.h>

enum { UNITS = 37 };

/* What this rank saw. */
typedef struct {
    int64_t seen[UNITS]; /* how often this rank worked on a unit, as the first of its group */
    int64_t sizes;       /* ranks of the group, summed over units */
    int64_t taken, limit, failing;
} notes;

static int work(dsep_context *group, int64_t unit, void *data) {
    notes *n = data;
    int64_t ranks = 1;
    dsep_sum_i64(group, &ranks, 1); /* all ranks of the group are here */
    if (unit == n->failing)
        return dsep_fail(group, DSEP_ERROR_DATA, "unit %lld", (long long)unit);
    if (dsep_rank(group) == 0)
        n->seen[unit]++;
    n->sizes += ranks == dsep_size(group);
    n->taken++;
    return DSEP_OK;
}

static int enough(void *data) {
    const notes *n = data;
    return n->taken >= n->limit;
}

static void run_all(dsep_context *ctx, int64_t each) {
    dsep_groups *groups = NULL;
    notes n = {.limit = INT64_MAX, .failing = -1};
    int64_t todo[UNITS];
    uint8_t done[UNITS];
    for (int64_t k = 0; k < UNITS; k++)
        todo[k] = UNITS - 1 - k;
    tap_ok(dsep_groups_create(ctx, each, &groups) == DSEP_OK, "groups of %d", (int)each);
    const int64_t size = dsep_size(ctx), wanted = each > size ? size : each;
    tap_ok(dsep_groups_count(groups) == (size + wanted - 1) / wanted, "as many as fit");
    tap_ok(dsep_size(dsep_groups_context(groups)) <= wanted, "none is larger");
    const dsep_groups_work all = {.run = work, .data = &n};
    tap_ok(dsep_groups_run(ctx, groups, &all, todo, UNITS, done) == DSEP_OK, "all units run");
    dsep_sum_i64(ctx, n.seen, UNITS);
    int good = n.sizes == n.taken;
    for (int64_t k = 0; k < UNITS; k++)
        good = good && n.seen[k] == 1 && done[k] == 1;
    tap_ok(good, "each unit once, by a whole group, and marked as done");

    n = (notes){.limit = 2, .failing = -1};
    const dsep_groups_work some = {.run = work, .stop = enough, .data = &n};
    tap_ok(dsep_groups_run(ctx, groups, &some, todo, UNITS, done) == DSEP_OK, "a stop is no error");
    dsep_sum_i64(ctx, n.seen, UNITS);
    int64_t count = 0;
    good = 1;
    for (int64_t k = 0; k < UNITS; k++) {
        good = good && n.seen[todo[k]] == done[k];
        count += done[k];
    }
    const int64_t most = 2 * dsep_groups_count(groups);
    tap_ok(good && count == (most < UNITS ? most : UNITS), "what was done is marked, no more");

    n = (notes){.limit = INT64_MAX, .failing = 5};
    tap_ok(dsep_groups_run(ctx, groups, &all, todo, UNITS, done) == DSEP_ERROR_DATA &&
               strcmp(dsep_context_error(ctx)->text, "unit 5") == 0,
           "one group's failure is everyone's");
    tap_ok(dsep_groups_run(ctx, groups, &some, todo, 0, done) == DSEP_OK, "no units");
    dsep_groups_destroy(&groups);
    tap_ok(groups == NULL, "destroyed");
}

int main(int argc, char **argv) {
    dsep_context *ctx = tap_begin(&argc, &argv);
    for (int64_t each = 1; each <= 5; each++)
        run_all(ctx, each);
    return tap_end();
}
