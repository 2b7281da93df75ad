/* A plan as people and programs read it. */
#ifndef DSEP_JOBS_PLAN_REPORT_H
#define DSEP_JOBS_PLAN_REPORT_H

#include "jobs/plan_needs.h"
#include "jobs/planning.h"

typedef struct {
    const dsep_plan_needs *needs;
    const dsep_plan *plan;
    int fits; /* 0: it was refused for want of memory, and says only what it needs */
    const dsep_plan_shape *shape; /* as the user gave it */
    const dsep_option *own;       /* options of plan alone, which discover has not */
    const char *line;             /* of dsep plan */
} dsep_plan_told;

/* Prints it to standard output, as text with the lines for Slurm and the command that submits it,
 * or as JSON. Not collective. */
void dsep_plan_print(const dsep_plan_told *told, int json);

/* Prints what it needs, to standard output, as text. Not collective. */
void dsep_plan_print_needs(const dsep_plan_told *told);

/* A time limit as Slurm reads it, [D-]HH:MM:SS. Not collective. Returns `text`. */
const char *dsep_plan_time(double seconds, char text[32]);

#endif
