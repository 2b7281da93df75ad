#include "jobs/status_print.h"

#include "jobs/show_text.h"
#include "mpi/amount.h"
#include "mpi/clock.h"
#include "mpi/memory.h"
#include "slurm/batch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- pieces ---------------------------------------------------------------------------------- */

/* The path as seen from here, where it is below. Lent. */
static const char *from_here(const char *path) {
    static char here[4096];
    if (!getcwd(here, sizeof here))
        return path;
    const size_t length = strlen(here);
    return strncmp(path, here, length) == 0 && path[length] == '/' ? path + length + 1 : path;
}

static const char *output_of(const dsep_job_view *view) {
    const char *told = dsep_job_text(view->job, "output");
    return *told ? told : dsep_job_text(view->parts->progress, "output");
}

static int is_alive(const dsep_job_part *part) {
    return part->state == DSEP_JOB_RUNNING || part->state == DSEP_JOB_SUSPENDED;
}

static void tell_amount(double amount, char *text, size_t size) {
    char digits[64];
    snprintf(digits, sizeof digits, "%.0f", amount);
    const int length = (int)strlen(digits);
    size_t at = 0;
    for (int i = 0; i < length && at + 2 < size; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
}

/* "1,204 of 5,000 tasks (24 %)", or what there is of it. */
static void tell_done(const json_t *progress, char *text, size_t size) {
    char done[64], total[64];
    const double n = dsep_job_number_of(progress, "done", 0);
    const double all = dsep_job_number_of(progress, "total", 0);
    *text = '\0';
    if (!(all > 0))
        return;
    tell_amount(n, done, sizeof done);
    tell_amount(all, total, sizeof total);
    snprintf(text, size, "%s of %s %s (%.0f %%)", done, total, dsep_job_text(progress, "unit"),
             100 * n / all);
}

static void tell_left(const json_t *progress, char *text, size_t size) {
    const double left = dsep_job_number_of(progress, "seconds_left", -1);
    *text = '\0';
    if (left >= 0)
        dsep_clock_span(left, text, size);
}

/* --- tables ---------------------------------------------------------------------------------- */

enum { COLUMNS = 7, CELL = 256 };

typedef struct {
    char cell[COLUMNS][CELL];
} row;

/* Columns as wide as what is in them; the last is not filled up. */
static void print_rows(FILE *stream, const row *rows, int64_t count, int n_columns) {
    size_t width[COLUMNS] = {0};
    for (int64_t i = 0; i < count; i++)
        for (int c = 0; c < n_columns; c++) {
            const size_t length = strlen(rows[i].cell[c]);
            width[c] = length > width[c] ? length : width[c];
        }
    for (int64_t i = 0; i < count; i++) {
        int last = n_columns - 1;
        while (last > 0 && !*rows[i].cell[last])
            last--;
        for (int c = 0; c < last; c++)
            fprintf(stream, "%-*s  ", (int)width[c], rows[i].cell[c]);
        fprintf(stream, "%s\n", rows[i].cell[last]);
    }
}

static void set(row *r, int column, const char *text) {
    snprintf(r->cell[column], CELL, "%s", text);
}

/* Phase, done and time left; of who does not run what it had reached. */
static void set_progress(row *r, int column, const dsep_job_part *part) {
    const int waits = part->state == DSEP_JOB_PENDING || part->state == DSEP_JOB_REQUEUED;
    if (part->state == DSEP_JOB_DONE || part->state == DSEP_JOB_STARTING)
        return;
    if (waits && part->slurm.number > 0) {
        if (strcmp(part->slurm.reason, "None") != 0)
            snprintf(r->cell[column], CELL, "(%.40s)", part->slurm.reason);
        tell_done(part->progress, r->cell[column + 1], CELL);
        return;
    }
    set(r, column, dsep_job_text(part->progress, "phase"));
    tell_done(part->progress, r->cell[column + 1], CELL);
    if (is_alive(part))
        tell_left(part->progress, r->cell[column + 2], CELL);
}

static void set_array(row *r, const dsep_job_view *view) {
    int64_t done = 0;
    double longest = -1;
    for (int64_t i = 0; i < view->n_shares; i++) {
        const dsep_job_part *part = &view->parts[i];
        const double left =
            is_alive(part) ? dsep_job_number_of(part->progress, "seconds_left", -1) : -1;
        done += part->state == DSEP_JOB_DONE;
        longest = left > longest ? left : longest;
    }
    if (done == view->n_shares)
        set(r, 2, view->parts[view->n_shares].state == DSEP_JOB_DONE ? "" : "merge");
    else
        set(r, 2, "parts");
    snprintf(r->cell[3], CELL, "%lld of %lld parts", (long long)done, (long long)view->n_shares);
    if (longest >= 0)
        dsep_clock_span(longest, r->cell[4], CELL);
}

static int64_t requeues(const dsep_job_view *view) {
    int64_t sum = 0;
    for (int64_t i = 0; i < view->n_parts; i++) {
        const dsep_job_part *part = &view->parts[i];
        sum += part->slurm.number > 0 ? part->slurm.restarts
                                      : (int64_t)dsep_job_number_of(part->progress, "restarts", 0);
    }
    return sum;
}

static void set_number(row *r, int column, const dsep_job_view *view, const dsep_job_part *part) {
    const char *told = dsep_job_text(view->job, part->part == DSEP_JOB_MERGE ? "merge_job" : "job");
    const dsep_slurm_word *word = &part->slurm;
    if (part->part > 0 && word->array > 0)
        snprintf(r->cell[column], CELL, "%lld_%lld", (long long)word->array, (long long)part->part);
    else if (word->number > 0 && (view->n_shares == 0 || part->part == DSEP_JOB_MERGE))
        snprintf(r->cell[column], CELL, "%lld", (long long)word->number);
    else if (*told && part->part > 0)
        snprintf(r->cell[column], CELL, "%.100s_%lld", told, (long long)part->part);
    else
        set(r, column, *told ? told : dsep_job_text(part->progress, "job"));
    if (!*r->cell[column])
        set(r, column, "-");
}

/* The number of the whole: of an array the one that it was submitted as. */
static void set_job(row *r, const dsep_job_view *view) {
    const char *told = dsep_job_text(view->job, "job");
    if (view->n_shares > 0 && *told)
        set(r, 0, told);
    else
        set_number(r, 0, view, view->parts);
}

int dsep_status_table(FILE *stream, dsep_job_view *const *views, int64_t count, dsep_error *error) {
    static const char *const heads[COLUMNS] = {"JOB",  "STATE",    "PHASE", "DONE",
                                               "LEFT", "REQUEUES", "OUTPUT"};
    row *rows = dsep_array(count + 1, sizeof *rows);
    if (!rows)
        return dsep_out_of_memory(error, "a table of jobs");
    for (int c = 0; c < COLUMNS; c++)
        set(&rows[0], c, heads[c]);
    for (int64_t i = 0; i < count; i++) {
        row *r = &rows[i + 1];
        set_job(r, views[i]);
        set(r, 1, dsep_job_state_name(dsep_job_whole_state(views[i])));
        if (views[i]->n_shares > 0)
            set_array(r, views[i]);
        else
            set_progress(r, 2, views[i]->parts);
        snprintf(r->cell[5], CELL, "%lld", (long long)requeues(views[i]));
        set(r, 6, from_here(output_of(views[i])));
    }
    print_rows(stream, rows, count + 1, COLUMNS);
    free(rows);
    return DSEP_OK;
}

/* --- details --------------------------------------------------------------------------------- */

/* A line; lines after the first are set under it. Nothing where the text is empty. */
static void line(FILE *stream, const char *label, const char *text) {
    if (!*text)
        return;
    dsep_show_label(stream, label);
    for (const char *c = text; *c; c++) {
        fputc((unsigned char)*c < 0x20 && *c != '\n' ? ' ' : *c, stream);
        if (*c == '\n' && c[1])
            dsep_show_label(stream, "");
    }
    if (text[strlen(text) - 1] != '\n')
        fputc('\n', stream);
}

static void print_phase(FILE *stream, const dsep_job_part *part) {
    char done[200], left[64], speed[128] = "", text[512];
    const double rate = dsep_job_number_of(part->progress, "rate", 0);
    const char *phase = dsep_job_text(part->progress, "phase");
    tell_done(part->progress, done, sizeof done);
    tell_left(part->progress, left, sizeof left);
    if (!*done || !is_alive(part))
        snprintf(text, sizeof text, "%s%s%s%s",
                 is_alive(part) ? ""
                 : *phase       ? "it had reached "
                                : "",
                 phase, *done ? ": " : "", done);
    else {
        if (rate > 0)
            snprintf(speed, sizeof speed, ", %.3g %s a second", rate,
                     dsep_job_text(part->progress, "unit"));
        snprintf(text, sizeof text, "%s: %s%s%s%s%s", phase, done, speed, *left ? ", " : "", left,
                 *left ? " left in this phase" : "");
    }
    if (part->state != DSEP_JOB_DONE)
        line(stream, "phase", text);
}

static void print_time(FILE *stream, const dsep_job_part *part) {
    char now[64], before[64], text[256];
    const double earlier = dsep_job_number_of(part->progress, "seconds_before", 0);
    if (!part->progress)
        return;
    dsep_clock_span(dsep_job_number_of(part->progress, "seconds", 0), now, sizeof now);
    dsep_clock_span(earlier, before, sizeof before);
    if (earlier > 0)
        snprintf(text, sizeof text, "%s in the last run, %s carried over from runs before", now,
                 before);
    else
        snprintf(text, sizeof text, "%s", now);
    line(stream, "time", text);
}

/* Whether the phase ends before Slurm ends the allocation. */
static void print_allocation(FILE *stream, const dsep_job_part *part) {
    char span[64], text[512];
    const int64_t end = dsep_slurm_moment(part->slurm.end);
    const double left = dsep_job_number_of(part->progress, "seconds_left", -1);
    if (part->state != DSEP_JOB_RUNNING || end < 0)
        return;
    const double rest = (double)(end - dsep_clock_now());
    dsep_clock_span(rest > 0 ? rest : 0, span, sizeof span);
    snprintf(text, sizeof text, "%s left of %s, until %s%s", span, part->slurm.limit,
             part->slurm.end,
             left < 0       ? ""
             : left <= rest ? "; this phase ends in it"
                            : "; then it keeps a checkpoint, is requeued and goes on");
    line(stream, "allocation", text);
}

static void print_requeues(FILE *stream, const dsep_job_view *view, const dsep_job_part *part) {
    char text[256];
    const double most = dsep_job_number_of(view->job, "most_requeues", -1);
    const int64_t so_far = part->slurm.number > 0
                               ? part->slurm.restarts
                               : (int64_t)dsep_job_number_of(part->progress, "restarts", 0);
    if (so_far == 0 && (most < 0 || part->state >= DSEP_JOB_DONE))
        return;
    if (most < 0)
        snprintf(text, sizeof text, "%lld", (long long)so_far);
    else
        snprintf(text, sizeof text, "%lld; after a stop at most %.0f", (long long)so_far, most);
    line(stream, "requeues", text);
}

static void print_output(FILE *stream, const dsep_job_view *view) {
    const char *output = output_of(view);
    char text[4600], word[4200] = "";
    dsep_amount size;
    struct stat status;
    if (!*output)
        return;
    const int there = stat(output, &status) == 0;
    if (there) {
        FILE *quoted = fmemopen(word, sizeof word, "w"); /* to be typed */
        if (quoted) {
            dsep_batch_word(quoted, from_here(output));
            fclose(quoted);
        }
        snprintf(text, sizeof text, "%s (%s): dsep show %s", from_here(output),
                 dsep_amount_bytes((double)status.st_size, size), word);
    } else
        snprintf(text, sizeof text, "%s (not there%s)", from_here(output),
                 dsep_job_whole_state(view) < DSEP_JOB_DONE ? " yet" : "");
    line(stream, "result", text);
}

/* The last lines of the log that say something. Owner: the caller; NULL where there are none. */
static char *last_lines(const char *path) {
    enum { LINES = 3, MOST = 1500 };
    char *text = calloc(1, MOST + 1), *start = text;
    FILE *file = path ? fopen(path, "r") : NULL;
    if (file && text) {
        if (fseek(file, -MOST, SEEK_END) != 0)
            rewind(file);
        text[fread(text, 1, MOST, file)] = '\0';
        size_t length = strlen(text);
        while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == ' '))
            text[--length] = '\0';
        int lines = 0;
        for (start = text + length; start > text && lines < LINES;)
            lines += *--start == '\n';
        start += *start == '\n';
    }
    if (file)
        fclose(file);
    char *copy = start && *start ? strdup(start) : NULL;
    free(text);
    return copy;
}

/* What the program said at its end; of one that could not, the end of the log. */
static void print_message(FILE *stream, const dsep_job_part *part) {
    const char *message = dsep_job_text(part->progress, "message");
    if (dsep_job_is_current(part))
        line(stream, "it said", message);
    if (part->state < DSEP_JOB_STOPPED || (dsep_job_is_current(part) && *message))
        return;
    char *end = last_lines(part->log_path);
    if (end)
        line(stream, "log's end", end);
    free(end);
}

static void print_part(FILE *stream, const dsep_job_view *view, const dsep_job_part *part) {
    char why[1024], advice[2048], state[1200];
    dsep_job_why(part, why, sizeof why);
    dsep_job_advice(view, part, advice, sizeof advice);
    const int apart = part->state != DSEP_JOB_RUNNING && part->state != DSEP_JOB_STARTING;
    snprintf(state, sizeof state, "%s%s%s", dsep_job_state_name(part->state),
             !*why   ? ""
             : apart ? ": "
                     : " ",
             why);
    line(stream, "state", state);
    print_phase(stream, part);
    print_allocation(stream, part);
    print_time(stream, part);
    print_requeues(stream, view, part);
    print_message(stream, part);
    if (part->log_path)
        line(stream, "log", from_here(part->log_path));
    line(stream, "what to do", advice);
}

static void print_head(FILE *stream, const dsep_job_view *view) {
    row r = {0};
    const char *name = dsep_job_text(view->job, "name");
    set_job(&r, view);
    if (!view->directory)
        fprintf(stream, "run of %s", from_here(view->parts->progress_path));
    else
        fprintf(stream, "job %s", r.cell[0]);
    fprintf(stream, "%s%s", *name ? ", " : "", name);
    if (view->n_shares > 0)
        fprintf(stream, ", an array of %lld parts", (long long)view->n_shares);
    fputc('\n', stream);
}

static void print_command(FILE *stream, const dsep_job_view *view) {
    const json_t *words = json_object_get(view->job, "command"), *word;
    size_t i;
    if (json_array_size(words) == 0)
        return;
    dsep_show_label(stream, "command");
    fputs("dsep", stream);
    json_array_foreach(words, i, word) {
        fputc(' ', stream);
        dsep_batch_word(stream, json_is_string(word) ? json_string_value(word) : "?");
    }
    fputc('\n', stream);
}

static int print_parts(FILE *stream, const dsep_job_view *view, dsep_error *error) {
    static const char *const heads[] = {"PART", "JOB",  "STATE",   "PHASE",
                                        "DONE", "LEFT", "REQUEUES"};
    row *rows = dsep_array(view->n_parts + 1, sizeof *rows);
    if (!rows)
        return dsep_out_of_memory(error, "a table of parts");
    for (int c = 0; c < COLUMNS; c++)
        set(&rows[0], c, heads[c]);
    for (int64_t i = 0; i < view->n_parts; i++) {
        const dsep_job_part *part = &view->parts[i];
        row *r = &rows[i + 1];
        set_number(r, 1, view, part);
        if (part->part == DSEP_JOB_MERGE) {
            set(r, 0, "merge");
        } else {
            snprintf(r->cell[0], CELL, "%lld", (long long)part->part);
        }
        set(r, 2, dsep_job_state_name(part->state));
        set_progress(r, 3, part);
        snprintf(r->cell[6], CELL, "%.0f",
                 part->slurm.number > 0 ? (double)part->slurm.restarts
                                        : dsep_job_number_of(part->progress, "restarts", 0));
    }
    print_rows(stream, rows, view->n_parts + 1, COLUMNS);
    free(rows);
    return DSEP_OK;
}

/* Parts that wait, or have ended badly: one sentence for all that share it. */
static void print_troubles(FILE *stream, const dsep_job_view *view) {
    char why[1024], last[1024] = "", advice[2048], label[64];
    for (int64_t i = 0; i < view->n_parts; i++) {
        const dsep_job_part *part = &view->parts[i];
        const int waits = part->state == DSEP_JOB_PENDING || part->state == DSEP_JOB_REQUEUED;
        if (!waits && part->state < DSEP_JOB_STOPPED)
            continue;
        dsep_job_why(part, why, sizeof why);
        if (waits && strcmp(why, last) == 0)
            continue;
        snprintf(last, sizeof last, "%s", why);
        if (part->part == DSEP_JOB_MERGE)
            snprintf(label, sizeof label, "merge");
        else
            snprintf(label, sizeof label, "part %lld", (long long)part->part);
        line(stream, label, why);
        print_message(stream, part);
        dsep_job_advice(view, part, advice, sizeof advice);
        line(stream, "what to do", advice);
    }
}

int dsep_status_details(FILE *stream, const dsep_job_view *view, int64_t only, dsep_error *error) {
    print_head(stream, view);
    print_command(stream, view);
    for (int64_t i = 0; i < view->n_parts; i++)
        if (view->n_shares == 0 || (only != DSEP_JOB_WHOLE && view->parts[i].part == only))
            print_part(stream, view, &view->parts[i]);
    if (view->n_shares > 0 && only == DSEP_JOB_WHOLE) {
        line(stream, "state", dsep_job_state_name(dsep_job_whole_state(view)));
        print_output(stream, view);
        fputc('\n', stream);
        const int code = print_parts(stream, view, error);
        fputc('\n', stream);
        print_troubles(stream, view);
        return code;
    }
    print_output(stream, view);
    return DSEP_OK;
}

/* --- JSON ------------------------------------------------------------------------------------ */

static json_t *slurm_json(const dsep_slurm_word *word) {
    return word->number == 0
               ? json_null()
               : json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s}", "job",
                           (json_int_t)word->number, "state", word->state, "reason", word->reason,
                           "dependency", word->dependency, "nodes", word->nodes, "exit_code",
                           word->exit_code, "restarts", (json_int_t)word->restarts, "start",
                           word->start, "end", word->end, "time_limit", word->limit);
}

static json_t *part_json(const dsep_job_view *view, const dsep_job_part *part) {
    char why[1024], advice[2048];
    dsep_job_why(part, why, sizeof why);
    dsep_job_advice(view, part, advice, sizeof advice);
    json_t *which = part->part > 0                 ? json_integer((json_int_t)part->part)
                    : part->part == DSEP_JOB_MERGE ? json_string("merge")
                                                   : json_null();
    return json_pack("{s:o, s:s, s:s, s:s, s:b, s:o, s:O?, s:s?}", "part", which, "state",
                     dsep_job_state_name(part->state), "why", why, "advice", advice, "current",
                     dsep_job_is_current(part), "slurm", slurm_json(&part->slurm), "progress",
                     part->progress, "log", part->log_path);
}

json_t *dsep_status_json(const dsep_job_view *view) {
    json_t *parts = json_array();
    for (int64_t i = 0; parts && i < view->n_parts; i++)
        if (json_array_append_new(parts, part_json(view, &view->parts[i]))) {
            json_decref(parts);
            parts = NULL;
        }
    return json_pack("{s:s?, s:s, s:s, s:I, s:O?, s:o}", "directory", view->directory, "state",
                     dsep_job_state_name(dsep_job_whole_state(view)), "output", output_of(view),
                     "requeues", (json_int_t)requeues(view), "job", view->job, "parts", parts);
}
