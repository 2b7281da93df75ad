#include "mpi/log.h"

#include "mpi/amount.h"
#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "mpi/json_text.h"
#include "mpi/memory.h"
#include "mpi/progress_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_SECTIONS = 32 };

struct dsep_log {
    int rank, quiet;
    double interval, started;
    FILE *json;
    double progress_last;             /* when a progress line was last written */
    char phase[64];                   /* the phase it was about */
    double phase_started, phase_done; /* when it began, and what was done by then */
    dsep_progress_file *file;         /* NULL for none, and on all ranks but 0 */
    double file_last;                 /* when it was last written */
    int file_failed;                  /* a warning was given */
    double before;                    /* seconds of earlier runs */
    char stage[64], unit[32];         /* what the file tells: a phase, or a section without any */
    double done, total, rate;
    int n_sections, current; /* current: -1 outside of any */
    double section_started;
    struct {
        char name[32];
        double seconds;
    } sections[MAX_SECTIONS];
};

/* --- the progress file ----------------------------------------------------------------------- */

static void write_file(dsep_context *ctx, dsep_log *log, const char *state, int code,
                       const char *message) {
    dsep_error why = {0};
    if (!log->file)
        return;
    const double now = dsep_clock();
    const dsep_progress_state what = {.state = state,
                                      .code = code,
                                      .message = message,
                                      .seconds = now - log->started,
                                      .seconds_before = log->before,
                                      .phase = log->stage,
                                      .unit = log->unit,
                                      .done = log->done,
                                      .total = log->total,
                                      .rate = log->rate};
    log->file_last = now;
    if (dsep_progress_file_write(log->file, &what, &why) && !log->file_failed) {
        log->file_failed = 1;
        dsep_log_warning(ctx, "%s; the run goes on, but dsep status cannot follow it", why.text);
    }
}

/* Cheap where only the numbers are new. */
static void set_stage(dsep_log *log, const char *stage, double done, double total, const char *unit,
                      double rate) {
    if (!log->file)
        return;
    if (strncmp(log->stage, stage, sizeof log->stage - 1) != 0 ||
        strncmp(log->unit, unit, sizeof log->unit - 1) != 0) {
        snprintf(log->stage, sizeof log->stage, "%s", stage);
        snprintf(log->unit, sizeof log->unit, "%s", unit);
    }
    log->done = done;
    log->total = total;
    log->rate = rate;
}

/* Later calls tell again what did not come in time for its second. */
static void tell_file(dsep_context *ctx, dsep_log *log, int at_once) {
    if (log->file && (at_once || dsep_clock() - log->file_last >= 1))
        write_file(ctx, log, "running", DSEP_OK, "");
}

void dsep_log_before(dsep_context *ctx, double seconds) {
    dsep_log *log = dsep_context_log(ctx);
    if (!log)
        return;
    log->before = seconds;
    tell_file(ctx, log, 1);
}

/* A record is begun, may be given more members, and is ended; nothing without a JSON log. */
static int json_begin(dsep_log *log, const char *kind, const char *text) {
    if (!log->json)
        return 0;
    fprintf(log->json,
            "{\"seconds\": %.3f, \"kind\": \"%s\", \"text\": ", dsep_clock() - log->started, kind);
    dsep_json_text(log->json, text);
    return 1;
}

static void json_end(dsep_log *log) {
    fputs("}\n", log->json);
    fflush(log->json);
}

void dsep_log_end(dsep_context *ctx, int code, const char *message) {
    dsep_log *log = dsep_context_log(ctx);
    if (!log)
        return;
    write_file(ctx, log,
               code == DSEP_OK        ? "done"
               : code == DSEP_STOPPED ? "stopped"
                                      : "failed",
               code, message);
    if (!json_begin(log, "end", message))
        return;
    fprintf(log->json, ", \"code\": %d", code);
    json_end(log);
}

/* --- life ------------------------------------------------------------------------------------ */

/* What rank 0 writes to. */
static int open_files(dsep_context *ctx, const dsep_log_settings *settings, dsep_log *log) {
    if (settings->json_path)
        log->json = fopen(settings->json_path, "w");
    if (settings->json_path && !log->json)
        return dsep_fail(ctx, DSEP_ERROR_IO,
                         "cannot write the log '%s': %m; give --log-json another path",
                         settings->json_path);
    if (settings->progress_path)
        return dsep_progress_file_create(settings->progress_path, settings->output, dsep_size(ctx),
                                         dsep_nodes(ctx), dsep_context_error(ctx), &log->file);
    return DSEP_OK;
}

int dsep_log_create(dsep_context *ctx, const dsep_log_settings *settings, dsep_log **log) {
    int code = DSEP_OK, mine = DSEP_OK;
    dsep_log *made = calloc(1, sizeof *made);
    *log = NULL;
    if (!made) {
        mine = dsep_out_of_memory(dsep_context_error(ctx), "the log");
    } else {
        made->rank = dsep_rank(ctx);
        made->quiet = settings->quiet;
        made->interval = settings->interval;
        made->started = made->progress_last = dsep_clock();
        made->current = -1;
        if (made->rank == 0)
            mine = open_files(ctx, settings, made);
    }
    DSEP_AGREE(ctx, mine);
    dsep_context_set_log(ctx, made);
    *log = made;
    set_stage(made, "starting", 0, 0, "", 0);
    tell_file(ctx, made, 1);
    made = NULL;
cleanup:
    dsep_log_destroy(ctx, &made);
    return code;
}

void dsep_log_destroy(dsep_context *ctx, dsep_log **log) {
    if (!log || !*log)
        return;
    if (dsep_context_log(ctx) == *log)
        dsep_context_set_log(ctx, NULL);
    if ((*log)->json)
        fclose((*log)->json);
    dsep_progress_file_destroy(&(*log)->file);
    free(*log);
    *log = NULL;
}

static void speak(dsep_log *log, const char *kind, int aloud, const char *text) {
    if (json_begin(log, kind, text))
        json_end(log);
    if (aloud)
        fprintf(stderr, "%s\n", text);
}

void dsep_log_line(dsep_context *ctx, const char *format, ...) {
    dsep_log *log = dsep_context_log(ctx);
    if (!log || log->rank != 0)
        return;
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    speak(log, "line", !log->quiet, text);
}

void dsep_log_warning(dsep_context *ctx, const char *format, ...) {
    dsep_log *log = dsep_context_log(ctx);
    if (!log || log->rank != 0)
        return;
    char text[2048] = "warning: ";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + 9, sizeof text - 9, format, arguments);
    va_end(arguments);
    speak(log, "warning", 1, text);
}

static void json_progress(dsep_log *log, const char *text, double done, double total,
                          const char *unit, double rate) {
    if (!json_begin(log, "progress", text))
        return;
    fputs(", \"phase\": ", log->json);
    dsep_json_text(log->json, log->phase);
    fputs(", \"unit\": ", log->json);
    dsep_json_text(log->json, unit);
    fprintf(log->json,
            ", \"done\": %.0f, \"total\": %.0f, \"rate\": %.3f, \"seconds_left\": ", done, total,
            rate);
    if (rate > 0)
        fprintf(log->json, "%.1f", (total - done) / rate);
    else
        fputs("null", log->json);
    fprintf(log->json, ", \"memory\": %lld", (long long)dsep_memory_resident());
    json_end(log);
}

void dsep_log_progress(dsep_context *ctx, const char *phase, double done, double total,
                       const char *unit) {
    dsep_log *log = dsep_context_log(ctx);
    if (!log || log->rank != 0)
        return;
    const double now = dsep_clock();
    if (strncmp(log->phase, phase, sizeof log->phase - 1) != 0) {
        snprintf(log->phase, sizeof log->phase, "%s", phase);
        log->phase_started = now;
        log->phase_done = done;
    }
    const double passed = now - log->phase_started, more = done - log->phase_done;
    const double rate = passed > 0 && more > 0 ? more / passed : 0; /* 0: not known yet */
    const int first = log->total == 0 && total > 0;                 /* since the section began */
    set_stage(log, phase, done, total, unit, rate);
    tell_file(ctx, log, first);
    if (now - log->progress_last < log->interval)
        return;
    log->progress_last = now;
    char speed[128] = "", left[64], text[512];
    dsep_amount memory;
    dsep_clock_span(rate > 0 ? (total - done) / rate : 0, left, sizeof left);
    if (rate > 0)
        snprintf(speed, sizeof speed, rate < 10 ? " %.2g %s/s, %s left," : " %.0f %s/s, %s left,",
                 rate, unit, left);
    snprintf(text, sizeof text, "%s: %.0f/%.0f %s (%.0f %%),%s %s a rank", phase, done, total, unit,
             total > 0 ? 100 * done / total : 100, speed,
             dsep_amount_bytes((double)dsep_memory_resident(), memory));
    json_progress(log, text, done, total, unit, rate);
    if (!log->quiet)
        fprintf(stderr, "%s\n", text);
}

static int section_index(dsep_log *log, const char *name) {
    for (int i = 0; i < log->n_sections; i++)
        if (strncmp(log->sections[i].name, name, sizeof log->sections[i].name - 1) == 0)
            return i;
    if (log->n_sections == MAX_SECTIONS)
        return MAX_SECTIONS - 1;
    snprintf(log->sections[log->n_sections].name, sizeof log->sections[0].name, "%s", name);
    return log->n_sections++;
}

void dsep_log_section_begin(dsep_context *ctx, const char *name) {
    dsep_log *log = dsep_context_log(ctx);
    if (!log)
        return;
    const double now = dsep_clock();
    if (log->current >= 0)
        log->sections[log->current].seconds += now - log->section_started;
    log->section_started = now;
    const int known = log->n_sections;
    log->current = name ? section_index(log, name) : -1;
    if (name) {
        set_stage(log, name, 0, 0, "", 0);
        tell_file(ctx, log, log->n_sections > known);
    }
}

int dsep_log_sections(dsep_context *ctx, dsep_log_section **sections, int64_t *count) {
    int code = DSEP_OK;
    dsep_log *log = dsep_context_log(ctx);
    int64_t known = log ? log->n_sections : 0;
    *sections = NULL;
    *count = 0;
    const int current = log ? log->current : -1;
    dsep_log_section_begin(ctx, NULL);
    if (log)
        log->current = current; /* it goes on */
    dsep_broadcast(ctx, &known, sizeof known, 0);
    dsep_log_section *made = dsep_array(known, sizeof *made);
    DSEP_AGREE(ctx, made ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "the timings"));
    for (int64_t i = 0; i < known; i++) {
        dsep_log_section *row = &made[i];
        if (dsep_rank(ctx) == 0)
            memcpy(row->name, log->sections[i].name, sizeof row->name);
        dsep_broadcast(ctx, row->name, sizeof row->name, 0);
        row->min = row->max = row->mean =
            log ? log->sections[section_index(log, row->name)].seconds : 0;
        dsep_min_f64(ctx, &row->min, 1);
        dsep_max_f64(ctx, &row->max, 1);
        dsep_sum_f64(ctx, &row->mean, 1);
        row->mean /= dsep_size(ctx);
    }
    *sections = made;
    *count = known;
cleanup:
    return code;
}

static void tell_section(dsep_context *ctx, const dsep_log_section *section, double share) {
    dsep_log *log = dsep_context_log(ctx);
    char text[256];
    if (!log || log->rank != 0)
        return;
    snprintf(text, sizeof text, "%-24s %10.3f %10.3f %10.3f %5.1f %%", section->name, section->min,
             section->mean, section->max, 100 * share);
    if (json_begin(log, "section", text)) {
        fputs(", \"section\": ", log->json);
        dsep_json_text(log->json, section->name);
        fprintf(log->json, ", \"min\": %.6f, \"mean\": %.6f, \"max\": %.6f, \"share\": %.4f",
                section->min, section->mean, section->max, share);
        json_end(log);
    }
    if (!log->quiet)
        fprintf(stderr, "%s\n", text);
}

void dsep_log_table(dsep_context *ctx, const dsep_log_section *sections, int64_t count) {
    double total = 0;
    for (int64_t i = 0; i < count; i++)
        total += sections[i].max;
    dsep_log_line(ctx, "%-24s %10s %10s %10s %7s", "section (seconds)", "min", "mean", "max",
                  "share");
    for (int64_t i = 0; i < count; i++)
        tell_section(ctx, &sections[i], total > 0 ? sections[i].max / total : 0);
    dsep_log_line(ctx, "%-24s %10s %10s %10.3f", "total", "", "", total);
}
