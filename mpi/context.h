/* The context: which ranks work together, where they sit, and what has gone wrong.
 *
 * It owns a duplicated communicator, so nothing the program does can meet a stranger's message.
 * There are no globals: all that a function needs to know about its surroundings is in here. */
#ifndef DSEP_MPI_CONTEXT_H
#define DSEP_MPI_CONTEXT_H

#include "mpi/error.h"

#include <mpi.h>
#include <stddef.h>
#include <stdint.h>

typedef struct dsep_context dsep_context;
typedef struct dsep_log dsep_log;

/* Makes a context from a communicator. Collective over `comm`.
 * Ranks that share memory form a node. The environment variable DSEP_NODE_RANKS=k splits every
 * node into pretended nodes of k ranks: tests use it to run the paths between nodes on one
 * machine. Errors: DSEP_ERROR_INTERNAL when MPI fails. Owner of *ctx: the caller. */
int dsep_context_create(MPI_Comm comm, dsep_context **ctx);

/* Frees the context and sets *ctx to NULL; accepts NULL. Collective. */
void dsep_context_destroy(dsep_context **ctx);

/* Rank and number of ranks. Not collective. */
int dsep_rank(const dsep_context *ctx);
int dsep_size(const dsep_context *ctx);

/* The same inside this node; which node this is; how many there are. Not collective. */
int dsep_node_rank(const dsep_context *ctx);
int dsep_node_size(const dsep_context *ctx);
int dsep_node(const dsep_context *ctx);
int dsep_nodes(const dsep_context *ctx);

/* The communicators: all ranks; this node's ranks; the first rank of every node (MPI_COMM_NULL
 * on all others). Lent. Not collective. */
MPI_Comm dsep_comm(const dsep_context *ctx);
MPI_Comm dsep_node_comm(const dsep_context *ctx);
MPI_Comm dsep_leader_comm(const dsep_context *ctx);

/* The batch system's number for this job, or "none"; lent. Not collective. */
const char *dsep_job_number(void);

/* How often the batch system has begun this job again; 0 outside of one. Not collective. */
int64_t dsep_job_restarts(void);

/* Name and version of the MPI library into text[size]. Not collective. */
void dsep_mpi_version(char *text, size_t size);

/* This rank's error record, lent; after an agreement it is the same on every rank. Not
 * collective. */
dsep_error *dsep_context_error(dsep_context *ctx);

/* The log that belongs to this context, or NULL. The context does not own it. Not collective. */
dsep_log *dsep_context_log(const dsep_context *ctx);
void dsep_context_set_log(dsep_context *ctx, dsep_log *log);

/* Sets this rank's error and returns its code. Not collective. */
int dsep_fail(dsep_context *ctx, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Turns each rank's outcome into one for all: the worst code wins, then the lowest rank, whose
 * text every rank then holds. Collective. Cost: one reduction; one broadcast more on failure. */
int dsep_agree(dsep_context *ctx, int mine);

/* The same, but among the failed ranks the one with the lowest key speaks (a line number, say),
 * so that the message does not depend on how the work was spread. Collective. */
int dsep_agree_first(dsep_context *ctx, int mine, int64_t key);

/* Goes to `cleanup` on every rank when any rank failed. Collective. */
#define DSEP_AGREE(ctx, mine) DSEP_TRY(dsep_agree(ctx, mine))

#endif
