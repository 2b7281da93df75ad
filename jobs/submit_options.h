/* Options of submit: what is asked of Slurm. */
#ifndef DSEP_JOBS_SUBMIT_OPTIONS_H
#define DSEP_JOBS_SUBMIT_OPTIONS_H

#include "jobs/options.h"

typedef struct {
    dsep_common_settings common;
    int print, no_plan;
    int64_t nodes, ranks, ranks_per_node, memory; /* 0: as the plan says */
    double time, warning;                         /* seconds; time 0: as the plan says */
    int64_t parts;                                /* 0: no array */
    int64_t most_requeues;
    char *partition, *account, *qos, *constraint, *job_name;
    char *sbatch; /* lines; NULL for none */
} dsep_submit_settings;

extern const dsep_option_group dsep_submit_groups[];

/* The command that is submitted, from its name on: parsed by its own table. Not collective: every
 * rank parses the same. words: changed by the parser, lent to *call. Errors: DSEP_ERROR_USAGE for
 * a command that is never a long job, and as of dsep_options_parse(). Owner of *call: the
 * caller. */
int dsep_submit_command(int n_words, char **words, dsep_error *error, dsep_invocation **call);

/* The study file that the command names, NULL where it names none or cannot be parsed. Not
 * collective. Errors: DSEP_ERROR_RESOURCES. Owner of *path: the caller. */
int dsep_submit_study(int n_words, char **words, dsep_error *error, char **path);

/* Whether submit's options make sense, with one another and for this command. Not collective: the
 * same on every rank. Errors: DSEP_ERROR_USAGE. */
int dsep_submit_check(const dsep_submit_settings *settings, const dsep_invocation *inner,
                      dsep_error *error);

/* Whether an option that is a flag of the command is set. Not collective. */
int dsep_submit_flag(const dsep_invocation *inner, const char *name);

#endif
