/* One array a node: all write, all see it, and nodes unite what they wrote. */
#include "mpi/shared.h"
#include "mpi/exchange.h"
#include "mpi/layout.h"
#include "tests/support/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 100003 };

static int is_zero(const int64_t *values) {
    for (int i = 0; i < COUNT; i++)
        if (values[i] != 0)
            return 0;
    return 1;
}

static int is_filled(const int64_t *values) {
    for (int i = 0; i < COUNT; i++)
        if (values[i] != 3 * i + 1)
            return 0;
    return 1;
}

static void test_unite(dsep_context *ctx, const char *nodes) {
    dsep_shared *shared = NULL;
    tap_ok(dsep_shared_create(ctx, COUNT * (int64_t)sizeof(int64_t), "a test", &shared) == DSEP_OK,
           "%s: an array is made", nodes);
    int64_t *values = dsep_shared_data(shared);
    tap_ok((uintptr_t)values % 64 == 0, "%s: it begins with a cache line", nodes);
    tap_ok(is_zero(values), "%s: it is zero", nodes);
    dsep_barrier(ctx); /* all have looked before anyone writes */
    const dsep_block mine = dsep_layout_block(COUNT, dsep_size(ctx), dsep_rank(ctx));
    for (int64_t i = mine.first; i < mine.first + mine.count; i++)
        values[i] = 3 * i + 1;
    dsep_shared_sync(ctx, shared);
    int node_sees = 1;
    for (int r = dsep_rank(ctx) - dsep_node_rank(ctx), k = 0; k < dsep_node_size(ctx); k++) {
        const dsep_block theirs = dsep_layout_block(COUNT, dsep_size(ctx), r + k);
        for (int64_t i = theirs.first; i < theirs.first + theirs.count; i++)
            node_sees &= values[i] == 3 * i + 1;
    }
    tap_ok(node_sees, "%s: a node's ranks see each other's writing", nodes);
    dsep_shared_unite(ctx, shared);
    tap_ok(is_filled(values), "%s: united, every rank sees it all", nodes);
    dsep_shared_unite(ctx, shared);
    tap_ok(is_filled(values), "%s: united again, nothing changes", nodes);
    dsep_shared_destroy(&shared);
    tap_ok(!shared, "%s: destroyed", nodes);
}

/* The same tests where every `ranks` ranks pretend to be a node. */
static void test_nodes(const char *ranks) {
    dsep_context *ctx = NULL;
    char title[32];
    snprintf(title, sizeof title, "%s rank%s a node", ranks, *ranks == '1' ? "" : "s");
    setenv("DSEP_NODE_RANKS", ranks, 1);
    dsep_context_create(MPI_COMM_WORLD, &ctx);
    test_unite(ctx, title);
    dsep_context_destroy(&ctx);
}

int main(int argc, char **argv) {
    dsep_context *ctx = tap_begin(&argc, &argv);
    dsep_shared *shared = NULL;
    test_unite(ctx, "one node");
    test_nodes("1");
    test_nodes("2");
    tap_ok(dsep_shared_create(ctx, 0, "nothing", &shared) == DSEP_OK && dsep_shared_data(shared),
           "an empty array has an address");
    dsep_shared_unite(ctx, shared);
    dsep_shared_destroy(&shared);
    tap_ok(dsep_shared_create(ctx, -1, "what does not fit", &shared) == DSEP_ERROR_RESOURCES &&
               !shared && strstr(dsep_context_error(ctx)->text, "what does not fit"),
           "an impossible size is refused, naming its purpose");
    return tap_end();
}
