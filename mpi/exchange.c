#include "mpi/exchange.h"

#include "mpi/memory.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 1 << 30, TAG = 7 };

static void reduce(dsep_context *ctx, void *values, int64_t count, MPI_Datatype type, size_t size,
                   MPI_Op op) {
    char *at = values;
    while (count > 0) {
        const int now = count < PIECE / 8 ? (int)count : PIECE / 8;
        MPI_Allreduce(MPI_IN_PLACE, at, now, type, op, dsep_comm(ctx));
        at += (size_t)now * size;
        count -= now;
    }
}

void dsep_sum_i64(dsep_context *ctx, int64_t *values, int64_t count) {
    reduce(ctx, values, count, MPI_INT64_T, sizeof *values, MPI_SUM);
}

void dsep_max_i64(dsep_context *ctx, int64_t *values, int64_t count) {
    reduce(ctx, values, count, MPI_INT64_T, sizeof *values, MPI_MAX);
}

void dsep_min_i64(dsep_context *ctx, int64_t *values, int64_t count) {
    reduce(ctx, values, count, MPI_INT64_T, sizeof *values, MPI_MIN);
}

void dsep_max_f64(dsep_context *ctx, double *values, int64_t count) {
    reduce(ctx, values, count, MPI_DOUBLE, sizeof *values, MPI_MAX);
}

void dsep_min_f64(dsep_context *ctx, double *values, int64_t count) {
    reduce(ctx, values, count, MPI_DOUBLE, sizeof *values, MPI_MIN);
}

void dsep_sum_f64(dsep_context *ctx, double *values, int64_t count) {
    reduce(ctx, values, count, MPI_DOUBLE, sizeof *values, MPI_SUM);
}

int64_t dsep_sum_before(dsep_context *ctx, int64_t value) {
    int64_t before = 0;
    MPI_Exscan(&value, &before, 1, MPI_INT64_T, MPI_SUM, dsep_comm(ctx));
    return dsep_rank(ctx) == 0 ? 0 : before;
}

void dsep_broadcast(dsep_context *ctx, void *data, int64_t bytes, int root) {
    char *at = data;
    while (bytes > 0) {
        const int now = bytes < PIECE ? (int)bytes : PIECE;
        MPI_Bcast(at, now, MPI_BYTE, root, dsep_comm(ctx));
        at += now;
        bytes -= now;
    }
}

int dsep_broadcast_block(dsep_context *ctx, void **data, int64_t *bytes, int root) {
    int code = DSEP_OK;
    dsep_broadcast(ctx, bytes, sizeof *bytes, root);
    if (dsep_rank(ctx) != root)
        *data = dsep_array(*bytes, 1);
    DSEP_AGREE(ctx,
               *data ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a received block"));
    dsep_broadcast(ctx, *data, *bytes, root);
cleanup:
    return code;
}

static int64_t sum_to(const int64_t *counts, int end) {
    int64_t sum = 0;
    for (int r = 0; r < end; r++)
        sum += counts[r];
    return sum;
}

/* One call where an int can count the bytes; else rank after rank. */
static int join(dsep_context *ctx, const void *mine, const int64_t *bytes, int64_t sum,
                char *joined) {
    int code = DSEP_OK;
    const int size = dsep_size(ctx), rank = dsep_rank(ctx);
    int *counts = dsep_array(2 * size, sizeof *counts);
    DSEP_AGREE(ctx,
               counts ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "message counts"));
    int64_t at = 0;
    for (int r = 0; r < size; at += bytes[r++])
        if (sum <= INT32_MAX) {
            counts[r] = (int)bytes[r];
            counts[size + r] = (int)at;
        } else {
            if (r == rank && bytes[r] > 0)
                memcpy(joined + at, mine, (size_t)bytes[r]);
            dsep_broadcast(ctx, joined + at, bytes[r], r);
        }
    if (sum <= INT32_MAX)
        MPI_Allgatherv(mine, (int)bytes[rank], MPI_BYTE, joined, counts, counts + size, MPI_BYTE,
                       dsep_comm(ctx));
cleanup:
    free(counts);
    return code;
}

int dsep_gather_all(dsep_context *ctx, const void *mine, int64_t bytes, void **all,
                    int64_t *total) {
    int code = DSEP_OK;
    const int size = dsep_size(ctx);
    char *joined = NULL;
    int64_t *counts = dsep_array(size, sizeof *counts);
    *all = NULL;
    *total = 0;
    DSEP_AGREE(ctx,
               counts ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "message counts"));
    MPI_Allgather(&bytes, 1, MPI_INT64_T, counts, 1, MPI_INT64_T, dsep_comm(ctx));
    const int64_t sum = sum_to(counts, size);
    joined = dsep_array(sum, 1);
    DSEP_AGREE(ctx,
               joined ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "gathered records"));
    DSEP_TRY(join(ctx, mine, counts, sum, joined));
    *all = joined;
    *total = sum;
    joined = NULL;
cleanup:
    free(joined);
    free(counts);
    return code;
}

/* One step of the exchange: to one rank and from another, in pieces that fit an int. The two
 * lengths have nothing to do with each other: a side with nothing left takes no part. */
static int swap_blocks(dsep_context *ctx, const char *send, int64_t out, int to, char *recv,
                       int64_t in, int from) {
    while (out > 0 || in > 0) {
        const int out_now = out < PIECE ? (int)out : PIECE;
        const int in_now = in < PIECE ? (int)in : PIECE;
        if (MPI_Sendrecv(send, out_now, MPI_BYTE, out_now ? to : MPI_PROC_NULL, TAG, recv, in_now,
                         MPI_BYTE, in_now ? from : MPI_PROC_NULL, TAG, dsep_comm(ctx),
                         MPI_STATUS_IGNORE))
            return dsep_fail(ctx, DSEP_ERROR_INTERNAL, "exchange with ranks %d and %d failed", to,
                             from);
        send += out_now;
        out -= out_now;
        recv += in_now;
        in -= in_now;
    }
    return DSEP_OK;
}

int dsep_exchange(dsep_context *ctx, const void *send, const int64_t *send_counts, void *recv,
                  const int64_t *recv_counts, int64_t size) {
    int mine = DSEP_OK;
    const int ranks = dsep_size(ctx), rank = dsep_rank(ctx);
    for (int step = 0; step < ranks && !mine; step++) {
        const int to = (rank + step) % ranks, from = (rank - step + ranks) % ranks;
        const char *block = (const char *)send + sum_to(send_counts, to) * size;
        char *place = (char *)recv + sum_to(recv_counts, from) * size;
        if (step == 0)
            memcpy(place, block, (size_t)(send_counts[to] * size));
        else
            mine = swap_blocks(ctx, block, send_counts[to] * size, to, place,
                               recv_counts[from] * size, from);
    }
    return dsep_agree(ctx, mine);
}

void dsep_barrier(dsep_context *ctx) {
    MPI_Barrier(dsep_comm(ctx));
}
