#include "mpi/exchange.h"

#include "mpi/layout.h"
#include "mpi/memory.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 1 << 30, TAG = 7, STREAM_PIECE = 1 << 24, STREAM_TAG = 8 };

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

/* --- streams through rank 0 ------------------------------------------------------------------ */

static int stream_piece(int64_t bytes) {
    return bytes < STREAM_PIECE ? (int)bytes : STREAM_PIECE;
}

static int send_pieces(dsep_context *ctx, const char *data, int64_t bytes, int to) {
    for (int64_t at = 0; at < bytes; at += STREAM_PIECE)
        if (MPI_Send(data + at, stream_piece(bytes - at), MPI_BYTE, to, STREAM_TAG, dsep_comm(ctx)))
            return dsep_fail(ctx, DSEP_ERROR_INTERNAL, "sending to rank %d failed", to);
    return DSEP_OK;
}

static int receive_pieces(dsep_context *ctx, char *data, int64_t bytes, int from) {
    for (int64_t at = 0; at < bytes; at += STREAM_PIECE)
        if (MPI_Recv(data + at, stream_piece(bytes - at), MPI_BYTE, from, STREAM_TAG,
                     dsep_comm(ctx), MPI_STATUS_IGNORE))
            return dsep_fail(ctx, DSEP_ERROR_INTERNAL, "receiving from rank %d failed", from);
    return DSEP_OK;
}

/* Rank 0 calls the others one by one, so that at most one of them is sending. A call of no says
 * that nothing is wanted any more. */
static int stream_from(dsep_context *ctx, int from, char *piece, int failed,
                       int (*take)(const void *piece, int64_t bytes, void *data), void *data) {
    int64_t wanted = !failed, bytes = 0;
    int code = send_pieces(ctx, (const char *)&wanted, sizeof wanted, from);
    if (failed || code)
        return failed ? failed : code;
    code = receive_pieces(ctx, (char *)&bytes, sizeof bytes, from);
    for (; bytes > 0; bytes -= STREAM_PIECE) {
        const int now = stream_piece(bytes);
        const int got = receive_pieces(ctx, piece, now, from);
        if (!code)
            code = got ? got : take(piece, now, data);
    }
    return code;
}

static int stream_to_zero(dsep_context *ctx, const char *mine, int64_t bytes) {
    int64_t wanted = 0;
    int code = receive_pieces(ctx, (char *)&wanted, sizeof wanted, 0);
    if (code || !wanted)
        return code;
    code = send_pieces(ctx, (const char *)&bytes, sizeof bytes, 0);
    return code ? code : send_pieces(ctx, mine, bytes, 0);
}

int dsep_collect(dsep_context *ctx, const void *mine, int64_t bytes,
                 int (*take)(const void *piece, int64_t bytes, void *data), void *data) {
    if (dsep_rank(ctx) != 0)
        return dsep_agree(ctx, stream_to_zero(ctx, mine, bytes));
    char *piece = dsep_array(dsep_size(ctx) > 1 ? STREAM_PIECE : 0, 1);
    int code = piece ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a received piece");
    for (int64_t at = 0; at < bytes && !code; at += STREAM_PIECE)
        code = take((const char *)mine + at, stream_piece(bytes - at), data);
    for (int r = 1; r < dsep_size(ctx); r++)
        code = stream_from(ctx, r, piece, code, take, data);
    free(piece);
    return dsep_agree(ctx, code);
}

/* One rank's block, from rank 0; after a failure an empty piece says that no more come. */
static int deal_to(dsep_context *ctx, int to, int64_t bytes, char *piece, int failed,
                   int (*give)(void *piece, int64_t bytes, void *data), void *data) {
    int code = failed;
    for (int64_t at = 0; at < bytes; at += STREAM_PIECE) {
        const int now = stream_piece(bytes - at);
        if (!code)
            code = give(piece, now, data);
        if (MPI_Send(piece, code ? 0 : now, MPI_BYTE, to, STREAM_TAG, dsep_comm(ctx)))
            return dsep_fail(ctx, DSEP_ERROR_INTERNAL, "sending to rank %d failed", to);
        if (code)
            break;
    }
    return code;
}

static int deal_from_zero(dsep_context *ctx, char *mine, int64_t bytes) {
    for (int64_t at = 0; at < bytes; at += STREAM_PIECE) {
        MPI_Status status;
        int got = 0;
        if (MPI_Recv(mine + at, stream_piece(bytes - at), MPI_BYTE, 0, STREAM_TAG, dsep_comm(ctx),
                     &status) ||
            MPI_Get_count(&status, MPI_BYTE, &got))
            return dsep_fail(ctx, DSEP_ERROR_INTERNAL, "receiving from rank 0 failed");
        if (got == 0)
            break;
    }
    return DSEP_OK;
}

int dsep_deal(dsep_context *ctx, int64_t records, int64_t size, void *mine,
              int (*give)(void *piece, int64_t bytes, void *data), void *data) {
    const int ranks = dsep_size(ctx);
    const int64_t here = dsep_layout_block(records, ranks, dsep_rank(ctx)).count * size;
    if (dsep_rank(ctx) != 0)
        return dsep_agree(ctx, deal_from_zero(ctx, mine, here));
    char *piece = dsep_array(ranks > 1 ? STREAM_PIECE : 0, 1);
    int code = piece ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a piece to send");
    for (int64_t at = 0; at < here && !code; at += STREAM_PIECE)
        code = give((char *)mine + at, stream_piece(here - at), data);
    for (int r = 1; r < ranks; r++)
        code = deal_to(ctx, r, dsep_layout_block(records, ranks, r).count * size, piece, code, give,
                       data);
    free(piece);
    return dsep_agree(ctx, code);
}

void dsep_barrier(dsep_context *ctx) {
    MPI_Barrier(dsep_comm(ctx));
}
