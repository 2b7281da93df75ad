/* The few exchanges the program needs, with 64-bit counts and no order that depends on ranks.
 *
 * A floating-point sum depends on the number of ranks: dsep_sum_f64 is for times and other
 * figures that decide nothing. */
#ifndef DSEP_MPI_EXCHANGE_H
#define DSEP_MPI_EXCHANGE_H

#include "mpi/context.h"

/* Element-wise sum, maximum and minimum over all ranks, in place. Collective. */
void dsep_sum_i64(dsep_context *ctx, int64_t *values, int64_t count);
void dsep_max_i64(dsep_context *ctx, int64_t *values, int64_t count);
void dsep_min_i64(dsep_context *ctx, int64_t *values, int64_t count);
void dsep_max_f64(dsep_context *ctx, double *values, int64_t count);
void dsep_min_f64(dsep_context *ctx, double *values, int64_t count);
void dsep_sum_f64(dsep_context *ctx, double *values, int64_t count);

/* Sum of `value` over all lower ranks; 0 on rank 0. Collective. */
int64_t dsep_sum_before(dsep_context *ctx, int64_t value);

/* Copies `bytes` bytes from rank `root` to all. Collective. */
void dsep_broadcast(dsep_context *ctx, void *data, int64_t bytes, int root);

/* Copies a block of unknown length from `root`; elsewhere *data is allocated (caller frees) and
 * *bytes set. Collective. Errors: DSEP_ERROR_RESOURCES, agreed. */
int dsep_broadcast_block(dsep_context *ctx, void **data, int64_t *bytes, int root);

/* Concatenates every rank's bytes in rank order into *all (allocated, caller frees) on every
 * rank. Collective. Errors: DSEP_ERROR_RESOURCES, agreed. Memory: the total, on each rank. */
int dsep_gather_all(dsep_context *ctx, const void *mine, int64_t bytes, void **all, int64_t *total);

/* Sends send_counts[r] elements of `size` bytes to each rank r, blocks in rank order, and
 * receives recv_counts[r] from each, likewise in rank order. Messages are cut so that no count
 * overflows. Collective. Cost: size - 1 messages a rank, or a few more for huge blocks. */
int dsep_exchange(dsep_context *ctx, const void *send, const int64_t *send_counts, void *recv,
                  const int64_t *recv_counts, int64_t size);

/* Gives rank 0 every rank's bytes in rank order, a piece of at most 16 MB at a time. Collective.
 * take: called on rank 0 only; what it returns is this function's code, agreed. Once it has failed
 * it is not called again, and ranks that have not sent yet need not. Errors: those of `take`;
 * DSEP_ERROR_RESOURCES, DSEP_ERROR_INTERNAL, agreed. Cost: two messages a rank and one a piece;
 * memory: a piece on rank 0. */
int dsep_collect(dsep_context *ctx, const void *mine, int64_t bytes,
                 int (*take)(const void *piece, int64_t bytes, void *data), void *data);

/* The way back: rank 0 is given `records` records of `size` bytes in order, a piece at a time, and
 * each rank gets its dsep_layout_block() of them into `mine`, which has room for these. Collective.
 * give: fills a piece, on rank 0 only; what it returns is this function's code, agreed. Once it has
 * failed it is not called again, and what `mine` holds means nothing. Errors: those of `give`;
 * DSEP_ERROR_RESOURCES, DSEP_ERROR_INTERNAL, agreed. Cost: one message a rank and one a piece;
 * memory: a piece on rank 0. */
int dsep_deal(dsep_context *ctx, int64_t records, int64_t size, void *mine,
              int (*give)(void *piece, int64_t bytes, void *data), void *data);

/* Waits for every rank. Collective. */
void dsep_barrier(dsep_context *ctx);

#endif
