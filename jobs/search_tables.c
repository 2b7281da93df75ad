#include "jobs/search_tables.h"

#include "mpi/layout.h"
#include "mpi/memory.h"

#include <stdlib.h>
#include <string.h>

/* A column: a name and where its int64_t or double stands in a record. */
typedef struct {
    const char *name;
    size_t field;
    int real;
} column;

static const column level_columns[] = {{"order", offsetof(dsep_level, order), 0},
                                       {"tests", offsetof(dsep_level, tests), 0},
                                       {"removed", offsetof(dsep_level, removed), 0},
                                       {"edges", offsetof(dsep_level, edges), 0},
                                       {"max_degree", offsetof(dsep_level, max_degree), 0},
                                       {"singular", offsetof(dsep_level, singular), 0},
                                       {"seconds", offsetof(dsep_level, seconds), 1},
                                       {NULL, 0, 0}};

static const column task_columns[] = {{"order", offsetof(dsep_skeleton_task, order), 0},
                                      {"half", offsetof(dsep_skeleton_task, half), 0},
                                      {"node", offsetof(dsep_skeleton_task, node), 0},
                                      {"targets", offsetof(dsep_skeleton_task, targets), 0},
                                      {"cost", offsetof(dsep_skeleton_task, cost), 0},
                                      {NULL, 0, 0}};

static const column phase_columns[] = {{"order", offsetof(dsep_skeleton_phase, order), 0},
                                       {"half", offsetof(dsep_skeleton_phase, half), 0},
                                       {"tasks", offsetof(dsep_skeleton_phase, tasks), 0},
                                       {"bytes", offsetof(dsep_skeleton_phase, bytes), 0},
                                       {NULL, 0, 0}};

/* Every rank holds all records and writes its block of each column. */
static int write_records(dsep_context *ctx, dsep_h5write *file, const char *path,
                         const void *records, int64_t count, size_t size, const column *columns) {
    int code = DSEP_OK;
    const dsep_block mine = dsep_layout_block(count, dsep_size(ctx), dsep_rank(ctx));
    int64_t *values = dsep_array(mine.count, sizeof *values);
    DSEP_AGREE(ctx, values ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), path));
    DSEP_TRY(dsep_h5write_table(file, path, count, 0, NULL));
    for (; columns->name; columns++) {
        const char *from = (const char *)records + (size_t)mine.first * size + columns->field;
        for (int64_t k = 0; k < mine.count; k++)
            memcpy(&values[k], from + (size_t)k * size, sizeof *values);
        DSEP_TRY(dsep_h5write_column(file, columns->name,
                                     columns->real ? DSEP_H5_DOUBLE : DSEP_H5_INT64, mine, values));
    }
cleanup:
    free(values);
    return code;
}

int dsep_search_tables_write(dsep_context *ctx, dsep_h5write *file, const dsep_skeleton *skeleton) {
    int code = DSEP_OK;
    DSEP_TRY(write_records(ctx, file, "/search/levels", skeleton->levels, skeleton->n_levels,
                           sizeof *skeleton->levels, level_columns));
    if (skeleton->n_phases == 0)
        return DSEP_OK;
    DSEP_TRY(write_records(ctx, file, "/search/tasks", skeleton->tasks, skeleton->n_tasks,
                           sizeof *skeleton->tasks, task_columns));
    DSEP_TRY(write_records(ctx, file, "/search/phases", skeleton->phases, skeleton->n_phases,
                           sizeof *skeleton->phases, phase_columns));
cleanup:
    return code;
}
