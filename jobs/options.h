/* Options are data: one table gives parsing, range errors, --help and the study file's keys. */
#ifndef DSEP_JOBS_OPTIONS_H
#define DSEP_JOBS_OPTIONS_H

#include "mpi/context.h"

#include <stddef.h>

/* What an option takes, and the type it fills in the settings. */
typedef enum {
    DSEP_OPTION_FLAG,    /* nothing; int 1 */
    DSEP_OPTION_INTEGER, /* int64_t in [min, max] */
    DSEP_OPTION_REAL,    /* double in [min, max] */
    DSEP_OPTION_TEXT,    /* char *, owned by the invocation; NULL when not given */
    DSEP_OPTION_LINES,   /* like TEXT; given again, it adds a line */
    DSEP_OPTION_CHOICE,  /* int: which of `choices` */
    DSEP_OPTION_SIZE,    /* int64_t bytes: 500M, 4G, 1.5T; 0 when not given */
    DSEP_OPTION_TIME,    /* double seconds: HH:MM:SS, MM:SS or SS; 0 when not given */
    /* Comma lists, all of them a dsep_list; empty when not given. */
    DSEP_OPTION_INTEGERS, /* whole numbers in [min, max] */
    DSEP_OPTION_REALS,    /* numbers in [min, max] */
    DSEP_OPTION_CHOICES   /* which of `choices` */
} dsep_option_kind;

/* A list as an option gives it. */
typedef struct {
    int64_t count;
    double *values; /* [count] owned by the invocation */
} dsep_list;

typedef struct {
    const char *name; /* without dashes; NULL ends a table */
    char letter;      /* short form, or 0 */
    dsep_option_kind kind;
    size_t offset;        /* of the field in its group's struct */
    const char *metavar;  /* what the value is called in --help */
    const char *fallback; /* value when not given, as a user would write it; NULL for none */
    double min, max;      /* range of numbers */
    const char *choices;  /* "a|b|c" of choices; of whole numbers a word that means 0 */
    const char *help;
} dsep_option;

/* Options that several commands share: a table and where its struct stands in the settings. */
typedef struct {
    const char *title;
    const dsep_option *options;
    size_t offset;
    const char *methods; /* that its options are for, "pc" or "dagma notears"; NULL: all */
} dsep_option_group;

/* What every command takes; `common` is the first member of every settings struct. */
typedef struct {
    char *output, *study, *log_json, *progress_file;
    int64_t seed;
    double progress;
    int quiet, help, version;
} dsep_common_settings;

typedef struct dsep_command dsep_command;

/* A parsed command line. */
typedef struct {
    const dsep_command *command;
    void *settings;   /* the command's own struct, filled */
    char **arguments; /* what was no option; lent from argv */
    int n_arguments;
    char *line;  /* the command line as text, for provenance */
    char *study; /* every option that differs from its default, as a study file */
} dsep_invocation;

struct dsep_command {
    const char *name, *arguments, *summary, *description, *examples;
    int min_arguments, max_arguments;
    const dsep_option_group *groups; /* ends with a NULL title */
    size_t settings_size;
    /* Collective; returns the exit code, agreed, with the text in the context's error. */
    int (*run)(dsep_context *ctx, const dsep_invocation *call);
    const char *study_of; /* the command whose sections of a study file are its own, too, or NULL */
    int leads; /* its options end at the first argument: what follows is another command's */
    /* Of one that leads: the study file that the other command names, NULL where it names none.
     * Its section for this command counts where no --study stands before the other. Not collective.
     * Owner of *path: the caller. */
    int (*study_behind)(int n_words, char **words, dsep_error *error, char **path);
};

extern const dsep_option dsep_common_options[];

/* Parses argv (argv[0] is the command's name): defaults, then the study file, then the line.
 * Not collective: every rank parses the same. Errors: DSEP_ERROR_USAGE with a remedy.
 * Owner of *call: the caller, dsep_invocation_destroy(). */
int dsep_options_parse(const dsep_command *command, int argc, char **argv, dsep_error *error,
                       dsep_invocation **call);

/* What parsing gives where no option is given. Not collective. Errors: DSEP_ERROR_RESOURCES. Owner
 * of *call: the caller. */
int dsep_options_defaults(const dsep_command *command, dsep_error *error, dsep_invocation **call);

/* The options that can change the result, as they are set, one `name = value` a line. An option
 * that takes a FILE is told by what is in it, where it can be read. Not collective. Owner: the
 * caller, free(). NULL without memory. */
char *dsep_options_key(const dsep_invocation *call);

/* The field that an option fills, of the type that its kind says; NULL where the command has no
 * option of this name. Not collective. Lent. */
const void *dsep_options_field(const dsep_invocation *call, const char *name);

/* The word that an option of choices is set to, "" where the command has none of this name. Not
 * collective. text [size]. */
void dsep_options_choice(const dsep_invocation *call, const char *name, char *text, size_t size);

/* Frees the invocation and sets *call to NULL; accepts NULL. Not collective. */
void dsep_invocation_destroy(dsep_invocation **call);

/* Prints a command's help to standard output. Not collective. */
void dsep_options_help(const dsep_command *command);

#endif
