/* Sums, broadcasts, gathers, the all-to-all exchange and streams through rank 0, with ranks that
 * have nothing. */
#include "mpi/exchange.h"
#include "mpi/layout.h"
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

/* --- streams --------------------------------------------------------------------------------- */

enum { PIECE = 1 << 24 }; /* as the header says */

/* Byte i of a stream. */
static char letter(int64_t i) {
    return (char)(i * 7 + i / 1000);
}

typedef struct {
    int64_t at, calls, fail_at; /* fail_at: call that fails, -1 for none */
    int wrong;
} stream;

static int take(const void *piece, int64_t bytes, void *data) {
    stream *s = data;
    if (s->calls++ == s->fail_at)
        return dsep_fail(ctx, DSEP_ERROR_IO, "call %lld", (long long)s->fail_at);
    s->wrong |= bytes < 1 || bytes > PIECE;
    for (int64_t i = 0; i < bytes; i++)
        s->wrong |= ((const char *)piece)[i] != letter(s->at + i);
    s->at += bytes;
    return DSEP_OK;
}

static int give(void *piece, int64_t bytes, void *data) {
    stream *s = data;
    if (s->calls++ == s->fail_at)
        return dsep_fail(ctx, DSEP_ERROR_IO, "call %lld", (long long)s->fail_at);
    s->wrong |= bytes < 1 || bytes > PIECE;
    for (int64_t i = 0; i < bytes; i++)
        ((char *)piece)[i] = letter(s->at + i);
    s->at += bytes;
    return DSEP_OK;
}

/* How many bytes of the stream rank r has. */
static int64_t share(int r, int64_t much) {
    return r % 2 ? much + r : 0;
}

/* Collects `much` bytes from odd ranks, and from rank 0 as well where it is alone. */
static int collects(int64_t much, int64_t fail_at, int wanted) {
    int64_t before = 0, total = 0;
    for (int r = 0; r < size; r++) {
        before += r < rank ? share(r, much) : 0;
        total += share(r, much);
    }
    const int64_t mine = size == 1 ? total = much : share(rank, much);
    char *bytes = dsep_array(mine, 1);
    for (int64_t i = 0; i < mine; i++)
        bytes[i] = letter(before + i);
    stream s = {.fail_at = fail_at};
    const int code = dsep_collect(ctx, bytes, mine, take, &s);
    free(bytes);
    if (wanted)
        return code == wanted && (rank > 0 || s.calls == fail_at + 1);
    return code == DSEP_OK && !s.wrong && (rank == 0 ? s.at == total : s.calls == 0);
}

static void test_collect(void) {
    tap_ok(collects(1000, -1, DSEP_OK), "bytes of every second rank come in rank order");
    tap_ok(collects(2 * PIECE + 5, -1, DSEP_OK), "in pieces");
    tap_ok(collects(0, -1, DSEP_OK), "next to nothing");
    tap_ok(collects(1000, 0, DSEP_ERROR_IO) && strcmp(dsep_context_error(ctx)->text, "call 0") == 0,
           "who takes them may fail, on every rank");
    tap_ok(collects(2 * PIECE + 5, 1, DSEP_ERROR_IO), "in the middle, and is not called again");
}

static int deals(int64_t records, int64_t each, int64_t fail_at, int wanted) {
    const dsep_block mine = dsep_layout_block(records, size, rank);
    char *bytes = dsep_array(mine.count, (size_t)each);
    stream s = {.fail_at = fail_at};
    const int code = dsep_deal(ctx, records, each, bytes, give, &s);
    int good = code == wanted;
    for (int64_t i = 0; i < mine.count * each && !wanted; i++)
        good &= bytes[i] == letter(mine.first * each + i);
    free(bytes);
    if (wanted)
        return good && (rank > 0 || s.calls == fail_at + 1);
    return good && !s.wrong && (rank == 0 ? s.at == records * each : s.calls == 0);
}

static void test_deal(void) {
    tap_ok(deals(103, 24, -1, DSEP_OK), "records are dealt out in blocks");
    tap_ok(deals(2, 8, -1, DSEP_OK), "some ranks have none");
    tap_ok(deals(0, 8, -1, DSEP_OK), "nobody has any");
    tap_ok(deals(size * (PIECE / 8 + 100), 8, -1, DSEP_OK), "in pieces");
    tap_ok(deals(103, 24, 0, DSEP_ERROR_IO), "who gives them may fail, on every rank");
    tap_ok(deals(size * (PIECE / 8 + 100), 8, 1, DSEP_ERROR_IO),
           "in the middle, and is not called again");
    tap_ok(deals(size * (PIECE / 8 + 100), 8, 2 * size - 1, DSEP_ERROR_IO), "or at the very end");
    tap_ok(deals(103, 24, -1, DSEP_OK), "and no message is left over");
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
    test_collect();
    test_deal();
    test_agreement();
    return tap_end();
}
