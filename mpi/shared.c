#include "mpi/shared.h"

#include "mpi/amount.h"
#include "mpi/layout.h"
#include "mpi/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE = 64, PAGE = 4096, HUGE = 2 * 1024 * 1024, PIECE = 1 << 27 };

struct dsep_shared {
    MPI_Win window;
    int64_t bytes;
    void *data;
    void *alone; /* where data lies in ordinary memory; else NULL */
};

/* What this rank holds of an array and touches first, so that the pages of a large one come from
 * all ranks at once. */
static size_t part_of(dsep_context *ctx, int64_t bytes) {
    if (bytes < 8 * HUGE)
        return dsep_node_rank(ctx) == 0 ? (size_t)bytes + 8 + LINE : 0;
    const int64_t pages = (bytes + LINE + HUGE - 1) / HUGE;
    return (size_t)dsep_layout_block(pages, dsep_node_size(ctx), dsep_node_rank(ctx)).count * HUGE;
}

/* The first line at or after a place: windows begin anywhere in a page, though in the same place on
 * all ranks. */
static void *line_at(void *place) {
    return (char *)place + (LINE - (uintptr_t)place % LINE) % LINE;
}

/* Windows cost system calls to make, and cannot have huge pages everywhere. */
static int open_alone(int64_t bytes, dsep_shared *made) {
    made->alone = dsep_array(bytes + 8 + LINE, 1);
    made->data = line_at(made->alone);
    return made->alone ? DSEP_OK : DSEP_ERROR_RESOURCES;
}

static int open_window(dsep_context *ctx, int64_t bytes, dsep_shared *made) {
    const size_t mine = part_of(ctx, bytes);
    char *own = NULL;
    MPI_Comm_set_errhandler(dsep_node_comm(ctx), MPI_ERRORS_RETURN);
    if (MPI_Win_allocate_shared((MPI_Aint)mine, 1, MPI_INFO_NULL, dsep_node_comm(ctx), &own,
                                &made->window))
        return DSEP_ERROR_RESOURCES;
    MPI_Aint length = 0;
    int unit = 0;
    MPI_Win_shared_query(made->window, 0, &length, &unit, &made->data);
    made->data = line_at(made->data);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, made->window);
    if (mine >= HUGE) { /* advice only; where it is refused small pages serve */
        const uintptr_t aligned = ((uintptr_t)own + PAGE - 1) / PAGE * PAGE;
        (void)!madvise((void *)aligned, mine - (aligned - (uintptr_t)own), MADV_HUGEPAGE);
    }
    memset(own, 0, mine);
    return DSEP_OK;
}

int dsep_shared_create(dsep_context *ctx, int64_t bytes, const char *purpose,
                       dsep_shared **shared) {
    int code = DSEP_OK;
    *shared = NULL;
    dsep_shared *made = calloc(1, sizeof *made);
    if (made)
        made->window = MPI_WIN_NULL;
    DSEP_AGREE(ctx, made && bytes >= 0 ? DSEP_OK
                                       : dsep_fail(ctx, DSEP_ERROR_RESOURCES,
                                                   "the size of %s does not fit", purpose));
    made->bytes = bytes;
    dsep_amount size;
    int mine = dsep_node_size(ctx) == 1 ? open_alone(bytes, made) : open_window(ctx, bytes, made);
    if (mine)
        dsep_fail(ctx, mine,
                  "cannot get %s of shared memory for %s; ask for more memory per node, or "
                  "give /dev/shm more room",
                  dsep_amount_bytes((double)bytes, size), purpose);
    DSEP_AGREE(ctx, mine);
    dsep_shared_sync(ctx, made);
    *shared = made;
    made = NULL;
cleanup:
    dsep_shared_destroy(&made);
    return code;
}

void dsep_shared_destroy(dsep_shared **shared) {
    if (!shared || !*shared)
        return;
    if ((*shared)->window != MPI_WIN_NULL) {
        MPI_Win_unlock_all((*shared)->window);
        MPI_Win_free(&(*shared)->window);
    }
    free((*shared)->alone);
    free(*shared);
    *shared = NULL;
}

void *dsep_shared_data(const dsep_shared *shared) {
    return shared->data;
}

void dsep_shared_clear(dsep_context *ctx, dsep_shared *shared) {
    dsep_shared_sync(ctx, shared);
    if (dsep_nodes(ctx) == 1)
        return;
    if (dsep_node_rank(ctx) == 0)
        memset(shared->data, 0, (size_t)shared->bytes);
    dsep_shared_sync(ctx, shared);
}

void dsep_shared_sync(dsep_context *ctx, dsep_shared *shared) {
    if (shared->window == MPI_WIN_NULL)
        return;
    MPI_Win_sync(shared->window);
    MPI_Barrier(dsep_node_comm(ctx));
    MPI_Win_sync(shared->window);
}

void dsep_shared_unite(dsep_context *ctx, dsep_shared *shared) {
    dsep_shared_sync(ctx, shared);
    if (dsep_nodes(ctx) > 1 && dsep_node_rank(ctx) == 0) {
        char *at = shared->data;
        for (int64_t left = shared->bytes; left > 0;) {
            const int now = left < PIECE ? (int)left : PIECE;
            MPI_Allreduce(MPI_IN_PLACE, at, now, MPI_BYTE, MPI_BOR, dsep_leader_comm(ctx));
            at += now;
            left -= now;
        }
    }
    dsep_shared_sync(ctx, shared);
}
