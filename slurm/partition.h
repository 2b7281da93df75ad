/* What a partition of the cluster has: nodes, their cores and memory, and how long a job may be. */
#ifndef DSEP_SLURM_PARTITION_H
#define DSEP_SLURM_PARTITION_H

#include "mpi/error.h"

#include <stdint.h>

enum { DSEP_PARTITION_KINDS = 32 };

typedef struct {
    int found;      /* 0: there is no Slurm here, or it does not tell */
    char name[128]; /* as Slurm calls it */
    int n_kinds;    /* of nodes; those with most memory first */
    struct {
        int64_t nodes, cores, memory; /* of each; bytes */
    } kind[DSEP_PARTITION_KINDS];
    double seconds; /* the longest job; 0: no limit */
} dsep_partition;

/* Asks sinfo. name: NULL for the partition where jobs go that name none. Not collective. Errors:
 * DSEP_ERROR_RESOURCES, DSEP_ERROR_IO; a Slurm that is not there or does not answer is none. */
int dsep_partition_ask(const char *name, dsep_partition *partition, dsep_error *error);

/* Reads what `sinfo -h -e -o "%P|%D|%c|%m|%l"` printed. Not collective. */
void dsep_partition_read(const char *text, const char *name, dsep_partition *partition);

/* Whether a job could ever start there: so many nodes (0: any number) of so much memory each (0:
 * any), with cores for all ranks. Not collective. Errors: DSEP_ERROR_RESOURCES with what would
 * fit. */
int dsep_partition_holds(const dsep_partition *partition, int64_t nodes, int64_t ranks,
                         int64_t memory_node, dsep_error *error);

#endif
