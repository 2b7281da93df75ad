/* What a command will need of memory and time, on any machine whose cores are like these. */
#ifndef DSEP_JOBS_PLAN_NEEDS_H
#define DSEP_JOBS_PLAN_NEEDS_H

#include "jobs/discover_input.h"

typedef struct dsep_plan_needs {
    const char *subject; /* "discover --method pc", for people */
    int64_t n_samples, n_variables;
    int64_t memory_available; /* a node of this machine, or what the user gives the command */
    int64_t memory_given;     /* by --memory-per-node; INT64_MAX: not */
    int64_t units;            /* replicates or runs, which ranks and parts share; 0: none */
    int timed;                /* whether the seconds are known */
    int by_iterations;        /* and depend on how many iterations it will need */
    double serial;            /* seconds whatever the ranks: start, names, a result */
    double search, unit;      /* seconds of one rank for the main search, and for a unit */
    double tests;             /* in all, about; 0: not known */
    int64_t disk, checkpoint; /* bytes of the result, and of one checkpoint; 0: not known */

    /* Memory of what is no search of PC: fixed once a node, a part of it on each node, for each
     * rank; beside the table. */
    dsep_memory_own base;
    int64_t node, spread, rank, table;

    int is_pc;
    const dsep_discover_settings *discover; /* lent, where it is discover */
    dsep_discover_input input;              /* of PC */
} dsep_plan_needs;

/* Reads the data of discover, represent or sensitivity, looks at a sample, and measures this
 * machine for a moment. Collective. Errors: those of reading; DSEP_ERROR_USAGE for another command;
 * agreed. Owner of what *needs holds: the caller, dsep_plan_needs_release(). */
int dsep_plan_needs_read(dsep_context *ctx, const dsep_invocation *call, dsep_plan_needs *needs);

/* Frees what it holds; accepts zeros. Not collective. */
void dsep_plan_needs_release(dsep_plan_needs *needs);

/* Bytes on a node, at the most, on so many nodes with so many ranks each. Not collective. limit: of
 * a node; a matrix is held where it fits. INT64_MAX where it overflows. */
int64_t dsep_plan_needs_bytes(dsep_plan_needs *needs, int64_t nodes, int64_t ranks_per_node,
                              int64_t limit);

/* Seconds on so many ranks, of one of so many parts; 0 where not known. Not collective. */
double dsep_plan_needs_seconds(const dsep_plan_needs *needs, int64_t ranks, int64_t parts);

#endif
