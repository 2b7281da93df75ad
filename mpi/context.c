#include "mpi/context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dsep_context {
    MPI_Comm comm, node_comm, leader_comm;
    int rank, size, node_rank, node_size, node, nodes;
    dsep_error error;
    dsep_log *log;
};

/* Splits this node's communicator further where a test asks for small nodes. */
static int split_nodes(dsep_context *ctx) {
    MPI_Comm machine;
    if (MPI_Comm_split_type(ctx->comm, MPI_COMM_TYPE_SHARED, ctx->rank, MPI_INFO_NULL, &machine))
        return DSEP_ERROR_INTERNAL;
    int place = 0, there = 0;
    MPI_Comm_rank(machine, &place);
    MPI_Comm_size(machine, &there);
    const char *text = getenv("DSEP_NODE_RANKS");
    const long wanted = text ? strtol(text, NULL, 10) : 0;
    const int per_node = wanted > 0 && wanted < there ? (int)wanted : there;
    const int failed = MPI_Comm_split(machine, place / per_node, place, &ctx->node_comm);
    MPI_Comm_free(&machine);
    return failed ? DSEP_ERROR_INTERNAL : DSEP_OK;
}

static int number_nodes(dsep_context *ctx) {
    MPI_Comm_rank(ctx->node_comm, &ctx->node_rank);
    MPI_Comm_size(ctx->node_comm, &ctx->node_size);
    const int colour = ctx->node_rank == 0 ? 0 : MPI_UNDEFINED;
    if (MPI_Comm_split(ctx->comm, colour, ctx->rank, &ctx->leader_comm))
        return DSEP_ERROR_INTERNAL;
    int numbers[2] = {0, 0};
    if (ctx->leader_comm != MPI_COMM_NULL) {
        MPI_Comm_rank(ctx->leader_comm, &numbers[0]);
        MPI_Comm_size(ctx->leader_comm, &numbers[1]);
    }
    MPI_Bcast(numbers, 2, MPI_INT, 0, ctx->node_comm);
    ctx->node = numbers[0];
    ctx->nodes = numbers[1];
    return DSEP_OK;
}

int dsep_context_create(MPI_Comm comm, dsep_context **ctx) {
    int code = DSEP_OK;
    dsep_context *made = calloc(1, sizeof *made);
    *ctx = NULL;
    if (!made)
        return DSEP_ERROR_RESOURCES;
    made->comm = made->node_comm = made->leader_comm = MPI_COMM_NULL;
    if (MPI_Comm_dup(comm, &made->comm)) {
        code = DSEP_ERROR_INTERNAL;
        goto cleanup;
    }
    MPI_Comm_set_errhandler(made->comm, MPI_ERRORS_RETURN);
    MPI_Comm_rank(made->comm, &made->rank);
    MPI_Comm_size(made->comm, &made->size);
    DSEP_TRY(split_nodes(made));
    DSEP_TRY(number_nodes(made));
    *ctx = made;
    made = NULL;
cleanup:
    dsep_context_destroy(&made);
    return code;
}

static void free_comm(MPI_Comm *comm) {
    if (*comm != MPI_COMM_NULL)
        MPI_Comm_free(comm);
}

void dsep_context_destroy(dsep_context **ctx) {
    if (!ctx || !*ctx)
        return;
    free_comm(&(*ctx)->leader_comm);
    free_comm(&(*ctx)->node_comm);
    free_comm(&(*ctx)->comm);
    free(*ctx);
    *ctx = NULL;
}

int dsep_rank(const dsep_context *ctx) {
    return ctx->rank;
}

int dsep_size(const dsep_context *ctx) {
    return ctx->size;
}

int dsep_node_rank(const dsep_context *ctx) {
    return ctx->node_rank;
}

int dsep_node_size(const dsep_context *ctx) {
    return ctx->node_size;
}

int dsep_node(const dsep_context *ctx) {
    return ctx->node;
}

int dsep_nodes(const dsep_context *ctx) {
    return ctx->nodes;
}

MPI_Comm dsep_comm(const dsep_context *ctx) {
    return ctx->comm;
}

MPI_Comm dsep_node_comm(const dsep_context *ctx) {
    return ctx->node_comm;
}

MPI_Comm dsep_leader_comm(const dsep_context *ctx) {
    return ctx->leader_comm;
}

const char *dsep_job_number(void) {
    const char *job = getenv("SLURM_JOB_ID");
    return job ? job : "none";
}

int64_t dsep_job_restarts(void) {
    const char *text = getenv("SLURM_RESTART_COUNT");
    const long long count = text ? strtoll(text, NULL, 10) : 0;
    return count > 0 ? count : 0;
}

void dsep_mpi_version(char *text, size_t size) {
    char version[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int length = 0;
    MPI_Get_library_version(version, &length);
    snprintf(text, size, "%.*s", (int)strcspn(version, ",\n"), version);
}

dsep_error *dsep_context_error(dsep_context *ctx) {
    return &ctx->error;
}

dsep_log *dsep_context_log(const dsep_context *ctx) {
    return ctx->log;
}

void dsep_context_set_log(dsep_context *ctx, dsep_log *log) {
    ctx->log = log;
}

int dsep_fail(dsep_context *ctx, int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ctx->error.text, sizeof ctx->error.text, format, arguments);
    va_end(arguments);
    return ctx->error.code = code;
}

int dsep_agree_first(dsep_context *ctx, int mine, int64_t key) {
    /* Two reductions only on failure; the usual case costs one small one. */
    int worst = dsep_error_severity(mine);
    MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPI_INT, MPI_MAX, ctx->comm);
    if (worst == 0)
        return DSEP_OK;
    const int speaks = dsep_error_severity(mine) == worst;
    int64_t lowest = speaks ? key : INT64_MAX;
    MPI_Allreduce(MPI_IN_PLACE, &lowest, 1, MPI_INT64_T, MPI_MIN, ctx->comm);
    int speaker = speaks && key == lowest ? ctx->rank : ctx->size;
    MPI_Allreduce(MPI_IN_PLACE, &speaker, 1, MPI_INT, MPI_MIN, ctx->comm);
    if (ctx->rank == speaker)
        ctx->error.code = mine;
    MPI_Bcast(&ctx->error, (int)sizeof ctx->error, MPI_BYTE, speaker, ctx->comm);
    return ctx->error.code;
}

int dsep_agree(dsep_context *ctx, int mine) {
    return dsep_agree_first(ctx, mine, 0);
}
