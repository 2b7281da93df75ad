#include "mpi/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every point that ends a run, in the order in which a run meets them, with the code it fails with.
 */
static const struct {
    const char *name;
    int code;
} points[] = {
    {"table-open", DSEP_ERROR_IO},           {"table-read", DSEP_ERROR_IO},
    {"table-exchange", DSEP_ERROR_INTERNAL}, {"knowledge-read", DSEP_ERROR_IO},
    {"correlation", DSEP_ERROR_RESOURCES},   {"skeleton-memory", DSEP_ERROR_RESOURCES},
    {"skeleton-task", DSEP_ERROR_INTERNAL},  {"orientation", DSEP_ERROR_INTERNAL},
    {"write-open", DSEP_ERROR_IO},           {"write-data", DSEP_ERROR_IO},
    {"write-close", DSEP_ERROR_IO},          {"write-rename", DSEP_ERROR_IO},
};

/* Points of io/checkpoint.c, all of which fail with DSEP_ERROR_IO. */
static const char *const checkpoint_points[] = {
    "checkpoint-open",   "checkpoint-write",    "checkpoint-sync",
    "checkpoint-rename", "checkpoint-rename-2", "checkpoint-read",
};

const char *dsep_fault_name(int i) {
    return i >= 0 && i < (int)(sizeof points / sizeof *points) ? points[i].name : NULL;
}

const char *dsep_fault_checkpoint_name(int i) {
    const int count = sizeof checkpoint_points / sizeof *checkpoint_points;
    return i >= 0 && i < count ? checkpoint_points[i] : NULL;
}

int dsep_fault(dsep_context *ctx, const char *point) {
    const char *asked = getenv("DSEP_FAULT");
    if (!asked)
        return DSEP_OK;
    char everywhere[128], here[128];
    snprintf(everywhere, sizeof everywhere, "%s@all", point);
    snprintf(here, sizeof here, "%s@%d", point, dsep_rank(ctx));
    if (strcmp(asked, everywhere) != 0 && strcmp(asked, here) != 0)
        return DSEP_OK;
    int code = strncmp(point, "checkpoint-", 11) == 0 ? DSEP_ERROR_IO : DSEP_ERROR_INTERNAL;
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        if (strcmp(points[i].name, point) == 0)
            code = points[i].code;
    return dsep_fail(ctx, code, "fault point '%s' was switched on by DSEP_FAULT", point);
}
