/* What a command will need, and the Slurm request that fits: for dsep plan and dsep submit. */
#ifndef DSEP_JOBS_PLANNING_H
#define DSEP_JOBS_PLANNING_H

#include "jobs/options.h"

/* The machine that it is planned for; 0 means: let the plan choose, or as this machine has. */
typedef struct {
    int64_t nodes, ranks, ranks_per_node;
    int64_t node_cores, node_memory; /* of a node; bytes */
    int64_t memory;                  /* a node, as asked by the user, bytes */
    int64_t parts;                   /* of an array, which share its replicates or cells */
} dsep_plan_shape;

enum { DSEP_PLAN_REASONS = 8, DSEP_PLAN_REASON = 200 };

typedef struct {
    int64_t nodes, ranks, ranks_per_node; /* of one part */
    int64_t bytes_node;                   /* forecast peak on a node; 0: not known */
    int64_t memory_node;                  /* what a node has, or the user asks for */
    int64_t bytes_asked;                  /* what to ask Slurm for: the same and a margin */
    double seconds;                       /* forecast of one part; 0: not known */
    double seconds_asked;                 /* wall time to ask for: the same and a margin */
    double tests;                         /* in all, about; 0: not known */
    int64_t bytes_disk, bytes_checkpoint; /* of the result, and of the checkpoint with the one
                                           * before it; 0: not known */
    int n_reasons;
    char reason[DSEP_PLAN_REASONS][DSEP_PLAN_REASON]; /* why these numbers, each a line */
} dsep_plan;

/* Plans a parsed command (discover of any method, represent, sensitivity) on a shape. Collective.
 * Reads its data, looks at a sample of their columns, and measures this machine for some seconds.
 * What is not known for a method is 0 and said in a reason. Errors: those of reading;
 * DSEP_ERROR_USAGE for a command that is never a long job; DSEP_ERROR_RESOURCES where the memory
 * that the user asks for, or that a node has, is less than it needs, with what would fit; agreed.
 * Nothing in it is a promise: times come from a clock. */
int dsep_plan_make(dsep_context *ctx, const dsep_invocation *call, const dsep_plan_shape *shape,
                   dsep_plan *plan);

#endif
