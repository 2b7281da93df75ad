/* Sums, broadcasts, gathers and the all-to-all exchange, with ranks that have nothing. */
#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "tests/support/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dsep_context *ctx;
static int rank, size;

static void test_reductions(void) {
    const int64_t ranks = size;
    int64_t sum[2] = {rank, 1}, most = rank * 10, least = rank - 5;
    double high = rank + 0.5, low = -rank, total = 0.25;
    dsep_sum_i64(ctx, sum, 2);
    dsep_max_i64(ctx, &most, 1);
    dsep_min_i64(ctx, &least, 1);
    dsep_max_f64(ctx, &high, 1);
    dsep_min_f64(ctx, &low, 1);
    dsep_sum_f64(ctx, &total, 1);
    tap_ok(sum[0] == ranks * (ranks - 1) / 2 && sum[1] == ranks, "sums of whole numbers");
    tap_ok(most == (ranks - 1) * 10 && least == -5, "maximum and minimum of whole numbers");
    tap_ok(high == size - 0.5 && low == 1 - size && total == 0.25 * size,
           "maximum, minimum and sum of reals");
    int64_t wide[2] = {INT64_C(1) << 40, 0};
    dsep_sum_i64(ctx, wide, 1);
    tap_ok(wide[0] == ranks << 40 && wide[1] == 0, "64 bits, and nothing beyond the count");
    dsep_sum_i64(ctx, NULL, 0);
    const int64_t before = dsep_sum_before(ctx, rank + 1);
    tap_ok(before == (int64_t)rank * (rank + 1) / 2, "sum over lower ranks");
}

static void test_broadcast(void) {
    char word[8] = "";
    const int root = size - 1;
    if (rank == root)
        memcpy(word, "causes", 7);
    dsep_broadcast(ctx, word, sizeof word, root);
    tap_ok(strcmp(word, "causes") == 0, "broadcast from the last rank");
    char own[] = "a block of unknown length";
    void *block = rank == root ? own : NULL;
    int64_t bytes = rank == root ? (int64_t)sizeof own : 0;
    const int code = dsep_broadcast_block(ctx, &block, &bytes, root);
    tap_ok(code == DSEP_OK && bytes == sizeof own && strcmp(block, own) == 0,
           "a block of unknown length");
    if (rank != root)
        free(block);
}

/* Rank r gives r bytes: rank 0 nothing. */
static void test_gather(void) {
    char mine[64];
    void *all = NULL;
    int64_t total = -1;
    memset(mine, 'a' + rank, sizeof mine);
    const int code = dsep_gather_all(ctx, mine, rank, &all, &total);
    int good = code == DSEP_OK && total == (int64_t)size * (size - 1) / 2;
    const char *at = all;
    for (int r = 0; good && r < size; r++)
        for (int i = 0; i < r; i++)
            good &= *at++ == 'a' + r;
    tap_ok(good, "gathered in rank order, with a rank that has nothing");
    free(all);
    dsep_gather_all(ctx, NULL, 0, &all, &total);
    tap_ok(all && total == 0, "nothing gathered from nobody");
    free(all);
}

static int64_t amount(int from, int to) {
    return from == to && from == 0 ? 0 : (from + 2 * to) % 4 * 1000;
}

/* From r to s go amount(r, s) numbers, each naming sender, receiver and place. */
static void test_exchange(void) {
    int64_t *out = dsep_array(size, sizeof *out), *in = dsep_array(size, sizeof *in);
    int64_t sent = 0, got = 0, at = 0;
    for (int r = 0; r < size; r++) {
        sent += out[r] = amount(rank, r);
        got += in[r] = amount(r, rank);
    }
    int64_t *send = dsep_array(sent, sizeof *send), *recv = dsep_array(got, sizeof *recv);
    for (int r = 0; r < size; r++)
        for (int64_t i = 0; i < out[r]; i++)
            send[at++] = rank * INT64_C(1000000000) + r * INT64_C(1000000) + i;
    int good = dsep_exchange(ctx, send, out, recv, in, sizeof *send) == DSEP_OK;
    at = 0;
    for (int r = 0; r < size; r++)
        for (int64_t i = 0; i < in[r]; i++)
            good &= recv[at++] == r * INT64_C(1000000000) + rank * INT64_C(1000000) + i;
    tap_ok(good, "every number goes where it belongs, some pairs have none");
    free(out);
    free(in);
    free(send);
    free(recv);
}

static void test_agreement(void) {
    const int last = size - 1;
    tap_ok(dsep_agree(ctx, DSEP_OK) == DSEP_OK, "all is well");
    int mine = rank == last ? dsep_fail(ctx, DSEP_ERROR_DATA, "line %d", rank) : DSEP_OK;
    char text[32];
    snprintf(text, sizeof text, "line %d", last);
    tap_ok(dsep_agree(ctx, mine) == DSEP_ERROR_DATA &&
               strcmp(dsep_context_error(ctx)->text, text) == 0,
           "one rank's failure and text are everyone's");
    mine = dsep_fail(ctx, rank == last ? DSEP_ERROR_INTERNAL : DSEP_ERROR_IO, "rank %d", rank);
    snprintf(text, sizeof text, "rank %d", last);
    tap_ok(dsep_agree(ctx, mine) == DSEP_ERROR_INTERNAL &&
               strcmp(dsep_context_error(ctx)->text, text) == 0,
           "the worst code wins");
    mine = dsep_fail(ctx, DSEP_ERROR_DATA, "rank %d", rank);
    tap_ok(dsep_agree_first(ctx, mine, size - rank) == DSEP_ERROR_DATA &&
               strcmp(dsep_context_error(ctx)->text, text) == 0,
           "the lowest key speaks");
    mine = rank == 0 ? dsep_fail(ctx, DSEP_STOPPED, "stop") : DSEP_OK;
    tap_ok(dsep_agree(ctx, mine) == DSEP_STOPPED, "a stop is agreed on");
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    rank = dsep_rank(ctx);
    size = dsep_size(ctx);
    test_reductions();
    test_broadcast();
    test_gather();
    test_exchange();
    test_agreement();
    return tap_end();
}
