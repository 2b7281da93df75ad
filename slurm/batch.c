#include "slurm/batch.h"

#include <math.h>
#include <string.h>

/* Slurm looks at the clock once a minute: a warning may come that much too early, and a job of a
 * few minutes would be warned before it has begun. */
enum { SHORTEST_WARNED = 300 };

/* One of the two scripts. */
typedef struct {
    const dsep_batch *batch;
    FILE *file;
    const char *script; /* its name */
    int merge, array;
} sheet;

/* --- words ------------------------------------------------------------------------------------ */

static int is_plain(unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c && strchr("_./:=,+@%-", c));
}

static int all_plain(const char *text) {
    const char *at = text;
    while (is_plain((unsigned char)*at))
        at++;
    return !*at && at > text;
}

void dsep_batch_word(FILE *file, const char *word) {
    if (all_plain(word)) {
        fputs(word, file);
        return;
    }
    fputc('\'', file);
    for (const char *at = word; *at; at++)
        fputs(*at == '\'' ? "'\\''" : (char[]){*at, '\0'}, file);
    fputc('\'', file);
}

/* A value behind #SBATCH, where double quotes keep all but themselves and backslashes. */
static void sbatch_text(FILE *file, const char *text) {
    if (all_plain(text)) {
        fputs(text, file);
        return;
    }
    fputc('"', file);
    for (const char *at = text; *at; at++) {
        if (*at == '"' || *at == '\\')
            fputc('\\', file);
        fputc(*at, file);
    }
    fputc('"', file);
}

static void sbatch_option(const sheet *s, const char *name, const char *value) {
    if (!value)
        return;
    fprintf(s->file, "#SBATCH --%s=", name);
    sbatch_text(s->file, value);
    fputc('\n', s->file);
}

static void words(const sheet *s) {
    const dsep_batch *b = s->batch;
    for (int i = 0; i < b->n_arguments; i++) {
        fputc(i > 0 ? ' ' : '(', s->file);
        dsep_batch_word(s->file, b->arguments[i]);
    }
    fputs(")\n", s->file);
}

static void variable(const sheet *s, const char *name, const char *value) {
    fprintf(s->file, "%s=", name);
    dsep_batch_word(s->file, value);
    fputc('\n', s->file);
}

/* --- checks ----------------------------------------------------------------------------------- */

static int check_text(const char *text, dsep_error *error) {
    for (const char *at = text; at && *at; at++)
        if ((unsigned char)*at < 32 || *at == 127)
            return dsep_error_set(error, DSEP_ERROR_USAGE,
                                  "'%s' has a line end or another control character in it, which a "
                                  "batch script cannot have; choose another name",
                                  text);
    return DSEP_OK;
}

static int check_texts(const char *const *texts, int count, dsep_error *error) {
    int code = DSEP_OK;
    for (int i = 0; i < count && !code; i++)
        code = check_text(texts[i], error);
    return code;
}

static int check(const dsep_batch *b, dsep_error *error) {
    int code = DSEP_OK;
    const char *const own[] = {b->program,   b->where,   b->directory, b->output,    b->name,
                               b->partition, b->account, b->qos,       b->constraint};
    DSEP_TRY(check_texts(own, sizeof own / sizeof *own, error));
    DSEP_TRY(check_texts(b->arguments, b->n_arguments, error));
    DSEP_TRY(check_texts(b->extra, b->n_extra, error));
    DSEP_TRY(check_texts(b->reasons, b->n_reasons, error));
    if (strchr(b->directory, '\\'))
        code = dsep_error_set(error, DSEP_ERROR_USAGE,
                              "'%s' has a backslash in it, with which Slurm cannot write a log; "
                              "give the result another path with -o",
                              b->directory);
cleanup:
    return code;
}

/* --- the head --------------------------------------------------------------------------------- */

/* A path in a comment, for a shell. */
static void comment_path(const sheet *s, const char *before, const char *end, const char *after) {
    char path[8192];
    fputs(before, s->file);
    snprintf(path, sizeof path, "%s%s", s->batch->directory, end);
    dsep_batch_word(s->file, path);
    fputs(after, s->file);
}

static void head(const sheet *s) {
    const dsep_batch *b = s->batch;
    FILE *f = s->file;
    fputs("#!/bin/bash\n", f);
    if (s->merge)
        fprintf(f, "# Unites the %lld parts of a job array of dsep, when all are whole:\n#  ",
                (long long)b->parts);
    else if (s->array)
        fprintf(f, "# A job array of dsep: task K does part K of %lld of\n#  ",
                (long long)b->parts);
    else
        fputs("# A job of dsep:\n#  ", f);
    for (int i = 0; i < b->n_arguments; i++) {
        fputc(' ', f);
        dsep_batch_word(f, b->arguments[i]);
    }
    comment_path(s, "\n#\n#   follow          dsep status ", "", "\n");
    if (!s->merge && s->array)
        comment_path(s, "#   a part again    sbatch --array=K ", "/job.sh",
                     "    goes on from its checkpoint\n");
    else
        comment_path(s, "#   submit again    sbatch ", s->script,
                     "    goes on from a checkpoint\n");
    if (!s->merge && s->array)
        comment_path(s, "#   then unite      sbatch ", "/merge.sh", "\n");
    fputs("#   stop, and go on at once      scancel --batch --signal=USR1 JOB\n"
          "#   stop for good                scancel JOB    (keeps a checkpoint if it can)\n",
          f);
    for (int i = 0; i < b->n_reasons && !s->merge; i++)
        fprintf(f, "%s#   %s\n", i == 0 ? "#\n# Why these numbers\n" : "", b->reasons[i]);
    fputs("#\n", f);
}

/* The log's name is a pattern to Slurm. */
static void log_option(const sheet *s) {
    FILE *f = s->file;
    fputs("#SBATCH --output=\"", f);
    for (const char *at = s->batch->directory; *at; at++)
        fputs(*at == '%' ? "%%" : *at == '"' ? "\\\"" : (char[]){*at, '\0'}, f);
    fprintf(f, "/log%s.txt\"\n#SBATCH --open-mode=append\n",
            s->merge   ? "-merge"
            : s->array ? "-%a"
                       : "");
}

static void request(const sheet *s) {
    const dsep_batch *b = s->batch;
    FILE *f = s->file;
    char name[300];
    snprintf(name, sizeof name, "%.250s%s", b->name, s->merge ? "-merge" : "");
    sbatch_option(s, "job-name", name);
    log_option(s);
    if (b->nodes > 0)
        fprintf(f, "#SBATCH --nodes=%lld\n", (long long)b->nodes);
    fprintf(f, "#SBATCH --ntasks=%lld\n", (long long)b->ranks);
    if (b->ranks_per_node > 0)
        fprintf(f, "#SBATCH --ntasks-per-node=%lld\n", (long long)b->ranks_per_node);
    fputs("#SBATCH --cpus-per-task=1\n", f);
    if (b->memory_node > 0)
        fprintf(f, "#SBATCH --mem=%lldM\n", (long long)((b->memory_node - 1) / (1 << 20) + 1));
    const int64_t seconds = (int64_t)ceil(b->seconds);
    if (seconds > 0)
        fprintf(f, "#SBATCH --time=%02lld:%02d:%02d\n", (long long)(seconds / 3600),
                (int)(seconds / 60 % 60), (int)(seconds % 60));
    if (b->warning >= 1 && (seconds == 0 || seconds >= SHORTEST_WARNED))
        fprintf(f, "#SBATCH --signal=USR1@%d\n", (int)fmin(b->warning, 65535));
    fputs("#SBATCH --requeue\n", f);
    sbatch_option(s, "partition", b->partition);
    sbatch_option(s, "account", b->account);
    sbatch_option(s, "qos", b->qos);
    sbatch_option(s, "constraint", b->constraint);
    if (s->array && !s->merge)
        fprintf(f, "#SBATCH --array=1-%lld\n", (long long)b->parts);
    for (int i = 0; i < b->n_extra; i++)
        fprintf(f, "#SBATCH %s\n", b->extra[i]);
}

/* --- the body --------------------------------------------------------------------------------- */

/* slurm/body.sh, whole: made part of the program when it is assembled. */
extern const char dsep_batch_body[];
__asm__(".pushsection .rodata\n"
        "dsep_batch_body: .incbin \"slurm/body.sh\"\n"
        ".byte 0\n"
        ".popsection\n");

/* What differs between jobs, as variables. */
static void variables(const sheet *s) {
    const dsep_batch *b = s->batch;
    fprintf(s->file, "\nkind=%s\n", s->merge ? "merge" : s->array ? "array" : "job");
    variable(s, "where", b->where);
    variable(s, "program", b->program);
    variable(s, "directory", b->directory);
    variable(s, "output", b->output);
    fprintf(s->file, "parts=%lld\nmost_requeues=%lld\nrestart=%s\n", (long long)b->parts,
            (long long)b->most_requeues, b->restart && !s->merge ? "yes" : "''");
    fputs("command=", s->file);
    if (s->merge)
        fputs("(merge --output \"$output\")\n", s->file);
    else
        words(s);
    fputc('\n', s->file);
}

static int write_sheet(const sheet *s, dsep_error *error) {
    const int code = check(s->batch, error);
    if (code)
        return code;
    head(s);
    request(s);
    variables(s);
    fputs(dsep_batch_body, s->file);
    if (fflush(s->file) || ferror(s->file))
        return dsep_error_set(error, DSEP_ERROR_IO, "cannot write the batch script");
    return DSEP_OK;
}

int dsep_batch_write(FILE *file, const dsep_batch *batch, dsep_error *error) {
    const sheet s = {batch, file, "/job.sh", 0, batch->parts > 0};
    return write_sheet(&s, error);
}

int dsep_batch_write_merge(FILE *file, const dsep_batch *batch, dsep_error *error) {
    const sheet s = {batch, file, "/merge.sh", 1, 1};
    return write_sheet(&s, error);
}
