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

/* Waits for every rank. Collective. */
void dsep_barrier(dsep_context *ctx);

#endif
