#include "jobs/submit_options.h"

#include "jobs/commands.h"
#include "jobs/option_scope.h"
#include "mpi/memory.h"

#include <stdlib.h>
#include <string.h>

#define FIELD(name) offsetof(dsep_submit_settings, name)
#define COMMON(name) offsetof(dsep_common_settings, name)

static const dsep_option request[] = {
    {"nodes", 0, DSEP_OPTION_INTEGER, FIELD(nodes), "N", NULL, 1, 1e6, NULL, "nodes of the job"},
    {"ranks", 0, DSEP_OPTION_INTEGER, FIELD(ranks), "N", NULL, 1, 1e7, NULL,
     "ranks in all, one a core"},
    {"ranks-per-node", 0, DSEP_OPTION_INTEGER, FIELD(ranks_per_node), "K", NULL, 1, 1e6, NULL,
     "ranks on each node"},
    {"memory", 0, DSEP_OPTION_SIZE, FIELD(memory), "SIZE", NULL, 0, 0, NULL,
     "memory of a node: 500M, 64G; less than the plan needs is refused"},
    {"time", 0, DSEP_OPTION_TIME, FIELD(time), "HH:MM:SS", NULL, 0, 0, NULL,
     "wall time of one run, also D-HH:MM:SS; a job that needs more goes on from its checkpoint"},
    {"partition", 0, DSEP_OPTION_TEXT, FIELD(partition), "NAME", NULL, 0, 0, NULL, "where to run"},
    {"account", 0, DSEP_OPTION_TEXT, FIELD(account), "NAME", NULL, 0, 0, NULL, "who pays"},
    {"qos", 0, DSEP_OPTION_TEXT, FIELD(qos), "NAME", NULL, 0, 0, NULL, "quality of service"},
    {"constraint", 0, DSEP_OPTION_TEXT, FIELD(constraint), "FEATURES", NULL, 0, 0, NULL,
     "which nodes will do"},
    {"sbatch", 0, DSEP_OPTION_LINES, FIELD(sbatch), "LINE", NULL, 0, 0, NULL,
     "any other option of sbatch, such as \"--exclusive\"; may be given again"},
    {"job-name", 0, DSEP_OPTION_TEXT, FIELD(job_name), "NAME", NULL, 0, 0, NULL,
     "without it, dsep- and the result's name"},
    {0},
};

static const dsep_option submission[] = {
    {"print", 0, DSEP_OPTION_FLAG, FIELD(print), NULL, NULL, 0, 0, NULL,
     "print the batch script; submit nothing, make nothing"},
    {"dry-run", 0, DSEP_OPTION_FLAG, FIELD(print), NULL, NULL, 0, 0, NULL, "the same as --print"},
    {"array", 0, DSEP_OPTION_INTEGER, FIELD(parts), "N", NULL, 2, 1e5, NULL,
     "share out replicates or a study's cells over N tasks of a job array, and unite them by a "
     "job that waits for all"},
    {"most-requeues", 0, DSEP_OPTION_INTEGER, FIELD(most_requeues), "R", "20", 0, 1e6, NULL,
     "how often a job that stopped with a checkpoint is started again; those after a node failed "
     "do not count"},
    {"warning", 0, DSEP_OPTION_REAL, FIELD(warning), "SECONDS", "120", 0, 65535, NULL,
     "how long before its end Slurm warns the job; at most a fifth of its time"},
    {"no-plan", 0, DSEP_OPTION_FLAG, FIELD(no_plan), NULL, NULL, 0, 0, NULL,
     "do not look at the data here; needs --ranks, --memory and --time"},
    {0},
};

static const dsep_option common[] = {
    {"study", 0, DSEP_OPTION_TEXT, COMMON(study), "FILE", NULL, 0, 0, NULL,
     "read these options from a file of `name = value` lines, under [submit]; without it, from the "
     "file of COMMAND's own --study"},
    {"progress", 0, DSEP_OPTION_REAL, COMMON(progress), "SECONDS", "30", 0, 1e9, NULL,
     "at most one progress line in this time, while it plans"},
    {"quiet", 'q', DSEP_OPTION_FLAG, COMMON(quiet), NULL, NULL, 0, 0, NULL,
     "print nothing but the job's number, errors and warnings"},
    {"help", 'h', DSEP_OPTION_FLAG, COMMON(help), NULL, NULL, 0, 0, NULL, "this text"},
    {"version", 0, DSEP_OPTION_FLAG, COMMON(version), NULL, NULL, 0, 0, NULL,
     "the version and how it was built"},
    {0},
};

const dsep_option_group dsep_submit_groups[] = {
    {"Request (without these, what dsep plan says)", request, 0, NULL},
    {"Job", submission, 0, NULL},
    {"Common", common, FIELD(common), NULL},
    {0},
};

/* An option for the job that stands behind the command, whose own options stand there. */
static void explain_place(const char *command, dsep_error *error) {
    static const dsep_option *const own[] = {request, submission};
    const size_t length = strcspn(error->text, " =");
    for (int i = 0; i < 2; i++)
        for (const dsep_option *o = own[i]; o->name; o++)
            if (strncmp(error->text, "--", 2) == 0 && strlen(o->name) + 2 == length &&
                strncmp(error->text + 2, o->name, length - 2) == 0) {
                dsep_error_set(error, DSEP_ERROR_USAGE,
                               "--%s is for the job and stands before the command: dsep submit "
                               "--%s%s%s %s ...",
                               o->name, o->name, o->metavar ? " " : "",
                               o->metavar ? o->metavar : "", command);
                return;
            }
}

int dsep_submit_command(int n_words, char **words, dsep_error *error, dsep_invocation **call) {
    static const dsep_command *const long_ones[] = {&dsep_command_discover, &dsep_command_represent,
                                                    &dsep_command_sensitivity};
    *call = NULL;
    for (size_t i = 0; i < sizeof long_ones / sizeof *long_ones; i++) {
        if (strcmp(words[0], long_ones[i]->name) != 0)
            continue;
        const int code = dsep_options_parse(long_ones[i], n_words, words, error, call);
        if (code == DSEP_ERROR_USAGE && strstr(error->text, " is no option of "))
            explain_place(long_ones[i]->name, error);
        return code;
    }
    return dsep_error_set(error, DSEP_ERROR_USAGE,
                          "'%s' is nothing to submit: a job is dsep discover, represent or "
                          "sensitivity, the other commands are quick; see dsep submit --help",
                          words[0]);
}

int dsep_submit_study(int n_words, char **words, dsep_error *error, char **path) {
    int code = DSEP_OK;
    dsep_error later = {0}; /* what is wrong with the command is told when it is submitted */
    dsep_invocation *inner = NULL;
    char **copy = dsep_array(n_words + 1, sizeof *copy);
    *path = NULL;
    if (!copy)
        return dsep_out_of_memory(error, "the command line");
    memcpy(copy, words, (size_t)n_words * sizeof *copy);
    if (!dsep_submit_command(n_words, copy, &later, &inner)) {
        const char *study = ((const dsep_common_settings *)inner->settings)->study;
        *path = study ? strdup(study) : NULL;
        code = study && !*path ? dsep_out_of_memory(error, "a path") : DSEP_OK;
    }
    dsep_invocation_destroy(&inner);
    free(copy);
    return code;
}

int dsep_submit_flag(const dsep_invocation *inner, const char *name) {
    const int *flag = dsep_options_field(inner, name);
    return flag && *flag;
}

/* Each line begins like an option, or Slurm would take it for a comment. */
static int check_lines(const char *lines, dsep_error *error) {
    for (const char *at = lines; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        if (*at != '-')
            return dsep_error_set(error, DSEP_ERROR_USAGE,
                                  "--sbatch %.*s: expected an option of sbatch, such as "
                                  "\"--exclusive\"",
                                  (int)strcspn(at, "\n"), at);
    return DSEP_OK;
}

/* What is shared out must be there. */
static int check_parts(int64_t parts, const dsep_invocation *inner, dsep_error *error) {
    const int64_t *replicates = dsep_options_field(inner, "replicates");
    const int study = inner->command == &dsep_command_sensitivity;
    if (!study && (!replicates || *replicates == 0))
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--array %lld: there is nothing to share out; it is for replicates "
                              "(--replicates) and for the cells of dsep sensitivity",
                              (long long)parts);
    if (!study && *replicates < parts)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--array %lld: there are %lld replicates to share out",
                              (long long)parts, (long long)*replicates);
    return DSEP_OK;
}

int dsep_submit_check(const dsep_submit_settings *s, const dsep_invocation *inner,
                      dsep_error *error) {
    int code = DSEP_OK;
    char *const *part = dsep_options_field(inner, "part");
    if (dsep_submit_flag(inner, "dry-run"))
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--dry-run runs nothing; try dsep submit --print, or dsep plan");
    if (part && *part)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "leave out --part: dsep submit --array N gives each task its own");
    if (s->ranks > 0 && s->ranks_per_node > 0 && s->nodes > 0 &&
        s->ranks != s->nodes * s->ranks_per_node)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--ranks %lld is not --nodes %lld times --ranks-per-node %lld; leave "
                              "out one of them",
                              (long long)s->ranks, (long long)s->nodes,
                              (long long)s->ranks_per_node);
    if (s->ranks > 0 && s->ranks < s->nodes)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--ranks %lld leaves some of --nodes %lld without a rank",
                              (long long)s->ranks, (long long)s->nodes);
    if (s->time > 0 && s->time < 60)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--time is less than a minute, which Slurm does not know: HH:MM:SS, "
                              "MM:SS, or seconds; %g minutes are --time %g:00",
                              s->time, s->time);
    if (s->no_plan && (s->memory == 0 || s->time == 0 ||
                       (s->ranks == 0 && (s->nodes == 0 || s->ranks_per_node == 0))))
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--no-plan needs --ranks, --memory and --time: nothing else says "
                              "what to ask for");
    char method[64];
    dsep_options_choice(inner, "method", method, sizeof method);
    if (*method)
        DSEP_TRY(dsep_option_scope_check(inner, method, error));
    DSEP_TRY(check_lines(s->sbatch, error));
    if (s->parts > 0)
        DSEP_TRY(check_parts(s->parts, inner, error));
cleanup:
    return code;
}
