/* Groups of ranks that each take whole units of work: world = groups x ranks in a group.
 *
 * A unit (a replicate, a cell of a study) is done by one group; which group does it never shows. */
#ifndef DSEP_MPI_GROUPS_H
#define DSEP_MPI_GROUPS_H

#include "mpi/context.h"

typedef struct dsep_groups dsep_groups;

/* Parts the ranks into groups of about `each` neighbouring ranks: size / each of them, rounded up,
 * as even as can be. Collective. Errors: DSEP_ERROR_RESOURCES, DSEP_ERROR_INTERNAL, agreed. Owner
 * of *groups: the caller. */
int dsep_groups_create(dsep_context *ctx, int64_t each, dsep_groups **groups);

/* Frees them and sets *groups to NULL; accepts NULL. Collective. */
void dsep_groups_destroy(dsep_groups **groups);

/* This rank's group as a context of its own; lent. It has no log. Not collective. */
dsep_context *dsep_groups_context(const dsep_groups *groups);

/* Which group this is; how many there are. Not collective. */
int dsep_groups_mine(const dsep_groups *groups);
int dsep_groups_count(const dsep_groups *groups);

/* What groups are to do. */
typedef struct {
    /* One unit. Collective over the group; agreed there. */
    int (*run)(dsep_context *group, int64_t unit, void *data);
    /* Whether to take no more units; NULL: never. Asked on the first rank of each group before
     * each unit. Not collective. */
    int (*stop)(void *data);
    /* After each unit, on the first rank of the group: how many are taken, judged by it; may be
     * NULL. Not collective. */
    void (*tell)(int64_t taken, void *data);
    void *data;
} dsep_groups_work;

/* Hands units todo[0 .. count - 1] to groups as they become free. Collective over all ranks.
 * done: [count] 1 for every unit that was finished, 0 where `stop` came first; the same on every
 * rank. Errors: the first group's that failed, agreed; then done is not to be relied on. */
int dsep_groups_run(dsep_context *ctx, dsep_groups *groups, const dsep_groups_work *work,
                    const int64_t *todo, int64_t count, uint8_t *done);

#endif
