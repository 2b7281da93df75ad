#include "mpi/groups.h"

#include "mpi/counter.h"
#include "mpi/exchange.h"
#include "mpi/layout.h"
#include "mpi/memory.h"

#include <stdlib.h>
#include <string.h>

struct dsep_groups {
    int mine, count;
    dsep_context *group;
    dsep_context *firsts;  /* the first rank of every group; NULL on the others */
    dsep_counter *counter; /* of firsts: hands units out */
};

/* A context of the ranks that give the same colour; NULL for MPI_UNDEFINED. */
static int split(dsep_context *ctx, int colour, dsep_context **part) {
    MPI_Comm comm = MPI_COMM_NULL;
    int code = MPI_Comm_split(dsep_comm(ctx), colour, dsep_rank(ctx), &comm)
                   ? dsep_fail(ctx, DSEP_ERROR_INTERNAL, "no communicator for a group of ranks")
                   : DSEP_OK;
    if (!code && comm != MPI_COMM_NULL)
        code = dsep_context_create(comm, part);
    if (comm != MPI_COMM_NULL)
        MPI_Comm_free(&comm);
    return code;
}

int dsep_groups_create(dsep_context *ctx, int64_t each, dsep_groups **groups) {
    int code = DSEP_OK;
    dsep_groups *made = dsep_array(1, sizeof *made);
    *groups = NULL;
    DSEP_AGREE(ctx, made ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "groups"));
    const int64_t size = dsep_size(ctx), wanted = each < 1 ? 1 : each < size ? each : size;
    made->count = (int)((size + wanted - 1) / wanted);
    made->mine = (int)dsep_layout_owner(size, made->count, dsep_rank(ctx));
    DSEP_AGREE(ctx, split(ctx, made->mine, &made->group));
    DSEP_AGREE(ctx, split(ctx, dsep_rank(made->group) == 0 ? 0 : MPI_UNDEFINED, &made->firsts));
    DSEP_AGREE(ctx, made->firsts ? dsep_counter_create(made->firsts, &made->counter) : DSEP_OK);
    *groups = made;
    made = NULL;
cleanup:
    dsep_groups_destroy(&made);
    return code;
}

void dsep_groups_destroy(dsep_groups **groups) {
    if (!groups || !*groups)
        return;
    dsep_counter_destroy(&(*groups)->counter);
    dsep_context_destroy(&(*groups)->firsts);
    dsep_context_destroy(&(*groups)->group);
    free(*groups);
    *groups = NULL;
}

dsep_context *dsep_groups_context(const dsep_groups *groups) {
    return groups->group;
}

int dsep_groups_mine(const dsep_groups *groups) {
    return groups->mine;
}

int dsep_groups_count(const dsep_groups *groups) {
    return groups->count;
}

/* The next turn of this group, or -1; the same on all its ranks. Collective over the group. */
static int64_t next_turn(dsep_groups *groups, const dsep_groups_work *work) {
    int64_t turn = -1;
    if (groups->counter && !(work->stop && work->stop(work->data)))
        turn = dsep_counter_next(groups->counter);
    dsep_broadcast(groups->group, &turn, sizeof turn, 0);
    return turn;
}

/* Takes units until none is left; sets a bit for each that this group has done. */
static int work_units(dsep_groups *groups, const dsep_groups_work *work, const int64_t *todo,
                      int64_t *bits) {
    int code = DSEP_OK;
    for (int64_t turn; !code && (turn = next_turn(groups, work)) >= 0;) {
        code = work->run(groups->group, todo[turn], work->data);
        if (!code && groups->counter)
            bits[turn / 32] |= (int64_t)1 << turn % 32;
        if (!code && groups->counter && work->tell)
            work->tell(dsep_counter_taken(groups->counter), work->data);
    }
    return code;
}

int dsep_groups_run(dsep_context *ctx, dsep_groups *groups, const dsep_groups_work *work,
                    const int64_t *todo, int64_t count, uint8_t *done) {
    int code = DSEP_OK;
    const int64_t words = (count + 31) / 32;
    int64_t *bits = dsep_array(words, sizeof *bits);
    DSEP_AGREE(ctx, bits ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "units"));
    if (groups->counter)
        dsep_counter_reset(groups->firsts, groups->counter, count);
    const int mine = work_units(groups, work, todo, bits);
    if (groups->counter)
        dsep_counter_finish(groups->firsts, groups->counter);
    if (mine)
        *dsep_context_error(ctx) = *dsep_context_error(groups->group);
    DSEP_AGREE(ctx, mine);
    dsep_sum_i64(ctx, bits, words); /* each bit from one rank */
    for (int64_t k = 0; k < count; k++)
        done[k] = bits[k / 32] >> k % 32 & 1;
cleanup:
    free(bits);
    return code;
}
