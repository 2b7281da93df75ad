/* The log: sections add up on every rank and come together as min, mean and max; the JSON log is
 * one valid object a line whatever the text; quiet silences all but warnings; the progress file is
 * whole at any moment, is written at most once a second, and tells how the run ended. */
#include "mpi/log.h"
#include "mpi/amount.h"
#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "tests/support/tap.h"

#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static dsep_context *ctx;

/* --- standard error as a text ---------------------------------------------------------------- */

typedef struct {
    char path[600];
    int before;
} capture;

/* Every rank writes to a file of its own from here on. */
static capture start_capture(void) {
    capture c;
    char name[32];
    snprintf(name, sizeof name, "stderr-%d", dsep_rank(ctx));
    snprintf(c.path, sizeof c.path, "%s", tap_path(name));
    fflush(stderr);
    c.before = dup(STDERR_FILENO);
    const int file = open(c.path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    dup2(file, STDERR_FILENO);
    close(file);
    return c;
}

static char *read_whole(const char *path) {
    char *text = calloc(1, 1 << 20);
    FILE *file = fopen(path, "r");
    if (file) {
        text[fread(text, 1, (1 << 20) - 1, file)] = '\0';
        fclose(file);
    }
    return text;
}

static char *end_capture(capture *c) {
    fflush(stderr);
    dup2(c->before, STDERR_FILENO);
    close(c->before);
    return read_whole(c->path);
}

static dsep_log *open_log(int quiet, double interval, const char *json_path) {
    const dsep_log_settings settings = {
        .quiet = quiet, .interval = interval, .json_path = json_path};
    dsep_log *log = NULL;
    if (dsep_log_create(ctx, &settings, &log))
        tap_note("%s", dsep_context_error(ctx)->text);
    return log;
}

static void spend(double seconds) {
    for (const double start = dsep_clock(); dsep_clock() < start + seconds;)
        ;
}

/* --- lines ----------------------------------------------------------------------------------- */

/* What a run with everything in it writes. */
static char *all_lines(int quiet, double interval) {
    dsep_log *log = open_log(quiet, interval, NULL);
    capture c = start_capture();
    dsep_log_line(ctx, "%d tables", 3);
    dsep_log_warning(ctx, "%s", "look here");
    dsep_log_progress(ctx, "search", 50, 200, "tests");
    dsep_log_progress(ctx, "search", 100, 200, "tests");
    char *text = end_capture(&c);
    dsep_log_destroy(ctx, &log);
    return text;
}

static void test_lines(void) {
    const int first = dsep_rank(ctx) == 0;
    char *text = all_lines(0, 1e9);
    tap_ok(strcmp(text, first ? "3 tables\nwarning: look here\n" : "") == 0,
           "rank 0 speaks whole lines, the others are silent");
    free(text);
    text = all_lines(1, 1e9);
    tap_ok(strcmp(text, first ? "warning: look here\n" : "") == 0, "quiet leaves warnings");
    free(text);
    text = all_lines(1, 0);
    tap_ok(strcmp(text, first ? "warning: look here\n" : "") == 0, "quiet has no progress");
    free(text);
    text = all_lines(0, 0);
    tap_ok(first ? strstr(text, "search: 50/200 tests (25 %)") &&
                       strstr(text, "search: 100/200 tests (50 %)")
                 : !*text,
           "progress: done, total and share");
    free(text);
}

static void test_without(void) {
    dsep_log_section *sections = NULL;
    int64_t count = -1;
    capture c = start_capture();
    dsep_log_line(ctx, "nobody hears this");
    dsep_log_warning(ctx, "nor this");
    dsep_log_progress(ctx, "search", 1, 2, "tests");
    dsep_log_section_begin(ctx, "nowhere");
    char *text = end_capture(&c);
    tap_ok(!*text && !dsep_context_log(ctx), "without a log nothing is said");
    tap_ok(dsep_log_sections(ctx, &sections, &count) == DSEP_OK && count == 0,
           "and there are no sections");
    free(sections);
    free(text);
}

/* --- sections -------------------------------------------------------------------------------- */

static const dsep_log_section *find(const dsep_log_section *list, int64_t count, const char *name) {
    const dsep_log_section *found = NULL;
    for (int64_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0) {
            if (found)
                return NULL; /* twice */
            found = &list[i];
        }
    return found;
}

static int ordered(const dsep_log_section *s) {
    return s && s->min >= 0 && s->min <= s->mean * (1 + 1e-12) && s->mean <= s->max * (1 + 1e-12);
}

/* The same numbers on every rank, to the bit. */
static int same_everywhere(const dsep_log_section *list, int64_t count) {
    int same = 1;
    for (int64_t i = 0; i < count; i++) {
        double values[] = {list[i].min, list[i].mean, list[i].max};
        double low[3], high[3];
        memcpy(low, values, sizeof low);
        memcpy(high, values, sizeof high);
        dsep_min_f64(ctx, low, 3);
        dsep_max_f64(ctx, high, 3);
        same &= memcmp(low, high, sizeof low) == 0;
    }
    return same;
}

/* Rank r spends (r + 1) / 100 seconds more in "search", which comes three times. */
static void test_sections(void) {
    dsep_log *log = open_log(1, 1e9, NULL);
    dsep_log_section *s = NULL;
    int64_t count = 0;
    const double more = .01 * (dsep_rank(ctx) + 1);
    const double began = dsep_clock();
    for (int i = 0; i < 3; i++) {
        dsep_log_section_begin(ctx, "read");
        spend(.002);
        dsep_log_section_begin(ctx, "search");
        spend(more);
    }
    dsep_log_section_begin(ctx, NULL);
    double inside = dsep_clock() - began;
    spend(.05); /* belongs to no section */
    if (dsep_rank(ctx) == dsep_size(ctx) - 1)
        dsep_log_section_begin(ctx, "search");
    tap_ok(dsep_log_sections(ctx, &s, &count) == DSEP_OK && count == 2 &&
               strcmp(s[0].name, "read") == 0 && strcmp(s[1].name, "search") == 0,
           "two sections in order of first use");
    const dsep_log_section *search = find(s, count, "search"), *reading = find(s, count, "read");
    dsep_max_f64(ctx, &inside, 1);
    tap_ok(ordered(search) && ordered(reading), "min <= mean <= max");
    tap_ok(search && search->min >= .03 && search->max >= .03 * dsep_size(ctx) &&
               search->mean >= .015 * (dsep_size(ctx) + 1) - 1e-9,
           "the times of a section that comes again add up, on each rank for itself");
    tap_ok(reading && reading->min >= .006 && reading->min + search->min <= inside + .02,
           "and time outside of sections belongs to none");
    tap_ok(same_everywhere(s, count), "all ranks hold the same table");
    free(s);
    dsep_log_destroy(ctx, &log);
}

/* Sections met only after the first look, in another order, and with a long name. */
static void test_more_sections(void) {
    dsep_log *log = open_log(1, 1e9, NULL);
    dsep_log_section *s = NULL;
    int64_t count = 0;
    const int first = dsep_rank(ctx) == 0;
    const char *longer = "a section whose name has more than 31 letters";
    dsep_log_section_begin(ctx, first ? "one" : "two");
    dsep_log_section_begin(ctx, first ? "two" : "one");
    tap_ok(dsep_log_sections(ctx, &s, &count) == DSEP_OK && count == 2 && find(s, count, "one") &&
               find(s, count, "two") && strcmp(s[0].name, "one") == 0,
           "ranks that meet sections in another order");
    free(s);
    for (int i = 0; i < 3; i++) {
        dsep_log_section_begin(ctx, longer);
        spend(.002);
        dsep_log_section_begin(ctx, NULL);
    }
    tap_ok(dsep_log_sections(ctx, &s, &count) == DSEP_OK && count == 3,
           "a long name met again is still one section");
    tap_ok(count == 3 && s[2].min >= .006, "with all of its time");
    free(s);
    dsep_log_section_begin(ctx, "on");
    for (int i = 0; i < 2; i++) {
        spend(.01);
        dsep_log_sections(ctx, &s, &count);
        tap_ok(count == 4 && s[3].min >= .01 * (i + 1), "a section goes on after it was asked for");
        free(s);
    }
    dsep_log_destroy(ctx, &log);
}

static void test_table(void) {
    dsep_log *log = open_log(0, 1e9, NULL);
    const dsep_log_section s[] = {{"read", 1, 2, 3}, {"search", 4, 5, 9}};
    capture c = start_capture();
    dsep_log_table(ctx, s, 2);
    char *text = end_capture(&c);
    tap_ok(dsep_rank(ctx) > 0 ? !*text
                              : strstr(text, "min") && strstr(text, "read ") &&
                                    strstr(text, "9.000  75.0 %") && strstr(text, "12.000"),
           "the closing table");
    free(text);
    dsep_log_destroy(ctx, &log);
}

/* --- JSON lines ------------------------------------------------------------------------------ */

/* Record i of the log, parsed; NULL where it is no object. */
static json_t *record(const char *text, int i) {
    for (; i > 0 && text; i--)
        text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL;
    const size_t length = text ? strcspn(text, "\n") : 0;
    json_error_t error;
    json_t *made = length > 0 ? json_loadb(text, length, JSON_REJECT_DUPLICATES, &error) : NULL;
    if (length > 0 && !made)
        tap_note("%.60s", error.text);
    return made;
}

static int is_record(const char *text, int i, const char *kind, const char *wanted) {
    json_t *made = record(text, i);
    const char *said = json_string_value(json_object_get(made, "text"));
    const char *found = json_string_value(json_object_get(made, "kind"));
    const int good = json_is_real(json_object_get(made, "seconds")) &&
                     json_real_value(json_object_get(made, "seconds")) >= 0 &&
                     json_object_size(made) == (strcmp(kind, "progress") ? 3U : 10U) && found &&
                     strcmp(found, kind) == 0 && said && (!wanted || strcmp(said, wanted) == 0);
    json_decref(made);
    return good;
}

static double number_in(const char *text, int i, const char *name) {
    json_t *made = record(text, i);
    const json_t *member = json_object_get(made, name);
    const double value = member ? json_number_value(member) : NAN;
    json_decref(made);
    return value;
}

/* Rank 0 wrote it, so rank 0 judges. */
static void test_json(void) {
    const dsep_log_section section = {"read", 1, 2, 3};
    const char *odd = "quote \" backslash \\ tab \t line\nend \x01 \x7f umlaut ä";
    const char *path = tap_path("log.json");
    char long_path[600];
    snprintf(long_path, sizeof long_path, "%s", path);
    dsep_log *log = open_log(1, 0, long_path);
    dsep_log_line(ctx, "plain");
    dsep_log_line(ctx, "%s", odd);
    dsep_log_warning(ctx, "%s", "careful");
    dsep_log_progress(ctx, "search", 1, 4, "tests");
    dsep_log_progress(ctx, "nothing", 0, 0, "tests");
    dsep_log_line(ctx, "%s", "");
    dsep_log_table(ctx, &section, 1);
    dsep_log_end(ctx, DSEP_ERROR_IO, "no room");
    dsep_log_destroy(ctx, &log);
    tap_ok(!log && !dsep_context_log(ctx), "a log that is closed hangs in no context");
    char *text = dsep_rank(ctx) == 0 ? read_whole(long_path) : NULL;
    tap_ok(!text || is_record(text, 0, "line", "plain"), "a line as a JSON object");
    tap_ok(!text || is_record(text, 1, "line", odd), "every sign comes back");
    tap_ok(!text || is_record(text, 2, "warning", "warning: careful"), "a warning");
    tap_ok(!text || (is_record(text, 3, "progress", NULL) && strstr(text, "search: 1/4 tests")),
           "progress");
    tap_ok(!text || is_record(text, 4, "progress", NULL), "progress of nothing at all");
    tap_ok(!text || number_in(text, 3, "done") == 1, "with its number done");
    tap_ok(!text || number_in(text, 3, "total") == 4, "of how many");
    tap_ok(!text || is_record(text, 5, "line", ""), "an empty line");
    tap_ok(!text || number_in(text, 7, "max") == 3, "a section of the closing table");
    tap_ok(!text || (number_in(text, 9, "code") == DSEP_ERROR_IO && strstr(text, "no room") &&
                     !record(text, 10)),
           "the end, and how, is last");
    free(text);
}

/* Names come from files: any bytes, and texts that are cut in the middle of a letter. */
static void test_json_bytes(void) {
    char path[600], *longer = calloc(1, 6001);
    snprintf(path, sizeof path, "%s", tap_path("bytes.json"));
    for (int i = 0; i < 6000; i += 2)
        memcpy(longer + i, "ä", 2);
    dsep_log *log = open_log(1, 1e9, path);
    dsep_log_line(ctx, "%s", longer);
    dsep_log_line(ctx, "x%s", longer);
    dsep_log_line(ctx, "Gr\xf6\xdf"
                       "e");
    dsep_log_destroy(ctx, &log);
    char *text = dsep_rank(ctx) == 0 ? read_whole(path) : NULL;
    tap_ok(!text || (is_record(text, 0, "line", NULL) && is_record(text, 1, "line", NULL)),
           "a text that is too long is cut between letters");
    tap_ok(!text || is_record(text, 2, "line", NULL), "bytes that are no UTF-8 stay valid JSON");
    free(text);
    free(longer);
}

static void test_dates(void) {
    char text[32];
    dsep_clock_date(0, text);
    tap_ok(strcmp(text, "1970-01-01T00:00:00Z") == 0, "the calendar begins");
    dsep_clock_date(1095379199, text);
    tap_ok(strcmp(text, "2004-09-16T23:59:59Z") == 0, "and goes on");
    dsep_clock_date(INT64_MAX, text);
    tap_ok(strcmp(text, "an unknown time") == 0, "until it ends");
    const double began = dsep_clock();
    const int64_t first = dsep_clock_now();
    spend(1.1);
    const int64_t passed = dsep_clock_now() - first;
    tap_ok(passed >= 1 && (double)passed <= dsep_clock() - began + 1, "it counts seconds");
}

static void test_refused(void) {
    char path[600];
    snprintf(path, sizeof path, "%s/nowhere/log.json", tap_directory());
    const dsep_log_settings settings = {.interval = 1, .json_path = path};
    dsep_log *log = NULL;
    const int code = dsep_log_create(ctx, &settings, &log);
    tap_ok(code == DSEP_ERROR_IO && !log && !dsep_context_log(ctx) &&
               strstr(dsep_context_error(ctx)->text, path) &&
               strstr(dsep_context_error(ctx)->text, "give --log-json another path"),
           "a log that cannot be written, on every rank");
    dsep_log_destroy(ctx, &log);
    dsep_log_destroy(ctx, NULL);
}

/* --- the progress file ----------------------------------------------------------------------- */

static char progress_path[600];

/* What the file holds now; NULL on ranks that do not judge, and where it is no JSON. */
static json_t *progress(void) {
    return dsep_rank(ctx) == 0 ? json_load_file(progress_path, 0, NULL) : NULL;
}

static int says_text(const json_t *made, const char *name, const char *wanted) {
    const char *text = json_string_value(json_object_get(made, name));
    const int good = dsep_rank(ctx) > 0 || (text && strcmp(text, wanted) == 0);
    if (!good)
        tap_note("%s: %s, not %s", name, text ? text : "no text", wanted);
    return good;
}

static int says_number(const json_t *made, const char *name, double wanted) {
    const json_t *value = json_object_get(made, name);
    const int good =
        dsep_rank(ctx) > 0 || (json_is_number(value) && json_number_value(value) == wanted);
    if (!good)
        tap_note("%s: %g, not %g", name, json_number_value(value), wanted);
    return good;
}

static dsep_log *open_progress(const char *path) {
    const dsep_log_settings settings = {
        .quiet = 1, .interval = 1e9, .progress_path = path, .output = "x.h5"};
    dsep_log *log = NULL;
    if (dsep_log_create(ctx, &settings, &log))
        tap_note("%s", dsep_context_error(ctx)->text);
    return log;
}

static void test_progress_begins(void) {
    json_t *made = progress();
    tap_ok(says_text(made, "state", "running") && says_text(made, "phase", "starting") &&
               says_text(made, "version", DSEP_VERSION) && says_number(made, "code", 0),
           "the progress file is there from the start");
    char *here = getcwd(NULL, 0), *output = NULL;
    if (asprintf(&output, "%s/x.h5", here) < 0)
        output = NULL;
    tap_ok(says_number(made, "ranks", dsep_size(ctx)) &&
               says_number(made, "nodes", dsep_nodes(ctx)) && says_text(made, "job", "47") &&
               says_number(made, "restarts", 2) && says_number(made, "pid", getpid()) &&
               says_text(made, "output", output),
           "who runs, where, and what it will write, seen from anywhere");
    free(here);
    free(output);
    json_decref(made);
}

/* Rank 0 alone looks at the file: the others wait for it in tap_ok(). */
static void test_progress_goes_on(void) {
    dsep_log_before(ctx, 12.5);
    dsep_log_section_begin(ctx, "search");
    json_t *made = progress();
    tap_ok(says_text(made, "phase", "search") && says_number(made, "total", 0) &&
               says_number(made, "seconds_before", 12.5) &&
               (!made || json_is_null(json_object_get(made, "seconds_left")) ||
                says_number(made, "seconds_left", 0)),
           "a new section is told at once, and the seconds before");
    json_decref(made);
    const double began = dsep_clock();
    dsep_log_progress(ctx, "order 1", 10, 40, "tasks");
    made = progress();
    tap_ok(says_text(made, "phase", "order 1") && says_number(made, "done", 10),
           "so is how much there is to do, once it is known");
    json_decref(made);
    dsep_log_progress(ctx, "order 1", 11, 40, "tasks");
    made = progress();
    tap_ok(dsep_clock() - began > 0.9 || says_number(made, "done", 10),
           "within a second nothing more is written");
    json_decref(made);
    spend(1.05);
    dsep_log_progress(ctx, "order 1", 20, 40, "tasks");
    made = progress();
    const double rate = json_number_value(json_object_get(made, "rate"));
    const double left = json_number_value(json_object_get(made, "seconds_left"));
    tap_ok(says_text(made, "phase", "order 1") && says_number(made, "done", 20) &&
               says_number(made, "total", 40) && says_text(made, "unit", "tasks"),
           "then phase, done and total, whatever --progress and --quiet say");
    tap_ok(!made || (rate > 0 && rate < 11 && fabs(left * rate - 20) < 1),
           "with rate and time left");
    json_decref(made);
    dsep_log_progress(ctx, "order 1", 39, 40, "tasks");
}

static void test_progress_ends(int code, const char *message, const char *state) {
    dsep_log_end(ctx, code, message);
    json_t *made = progress();
    tap_ok(says_text(made, "state", state) && says_number(made, "code", code) &&
               says_text(made, "message", message) && says_number(made, "done", 39),
           "the end is told: %s", state);
    json_decref(made);
}

static void test_progress(void) {
    snprintf(progress_path, sizeof progress_path, "%s", tap_path("progress.json"));
    setenv("SLURM_JOB_ID", "47", 1);
    setenv("SLURM_RESTART_COUNT", "2", 1);
    dsep_log *log = open_progress(progress_path);
    test_progress_begins();
    test_progress_goes_on();
    test_progress_ends(DSEP_STOPPED, "SIGUSR1 ended the run", "stopped");
    test_progress_ends(DSEP_ERROR_IO, "no \"room\"", "failed");
    test_progress_ends(DSEP_OK, "", "done");
    dsep_log_destroy(ctx, &log);
    unsetenv("SLURM_JOB_ID");
    unsetenv("SLURM_RESTART_COUNT");
    char beside[700];
    snprintf(beside, sizeof beside, "%s.tmp", progress_path);
    tap_ok(access(progress_path, F_OK) == 0 && access(beside, F_OK) != 0,
           "it stays, and nothing beside it");
}

static void test_progress_refused(void) {
    char path[600];
    snprintf(path, sizeof path, "%s/nowhere/progress.json", tap_directory());
    capture c = start_capture();
    dsep_log *log = open_progress(path);
    dsep_log_section_begin(ctx, "search");
    dsep_log_end(ctx, DSEP_OK, "");
    char *text = end_capture(&c);
    const char *first = strstr(text, "warning: cannot write");
    tap_ok(log && (dsep_rank(ctx) == 0
                       ? first && strstr(first, "the run goes on") && !strstr(first + 1, "warning")
                       : !*text),
           "one that cannot be written is one warning");
    dsep_log_destroy(ctx, &log);
    free(text);
}

static void test_amounts(void) {
    static const struct {
        const char *(*of)(double amount, dsep_amount text);
        double amount;
        const char *text;
    } cases[] = {{dsep_amount_bytes, 0, "0 bytes"},
                 {dsep_amount_bytes, 999, "999 bytes"},
                 {dsep_amount_bytes, 8200, "8.2 kB"},
                 {dsep_amount_bytes, 999600, "1 MB"},
                 {dsep_amount_bytes, 137.4e6, "137 MB"},
                 {dsep_amount_bytes, 24.58e9, "24.6 GB"},
                 {dsep_amount_bytes, 1.28e12, "1.28 TB"},
                 {dsep_amount_bytes, INFINITY, "over 1000 PB"},
                 {dsep_amount_seconds, 0.004, "under 0.01 s"},
                 {dsep_amount_seconds, 0.576, "0.58 s"},
                 {dsep_amount_seconds, 9.96, "10 s"},
                 {dsep_amount_seconds, 182, "3 min 02 s"},
                 {dsep_amount_seconds, 7500, "2 h 05 min"},
                 {dsep_amount_seconds, 2.36e5, "2 days 17 h"},
                 {dsep_amount_seconds, 1e30, "some hundred years or more"},
                 {dsep_amount_count, 9125, "9125"},
                 {dsep_amount_count, 124750, "125,000"},
                 {dsep_amount_count, 999800, "1 million"},
                 {dsep_amount_count, 8.211e7, "82.1 million"},
                 {dsep_amount_count, 4.273e9, "4.27 billion"},
                 {dsep_amount_count, 3.2e18, "3.2e+18"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dsep_amount text;
        cases[i].of(cases[i].amount, text);
        tap_ok(strcmp(text, cases[i].text) == 0, "%g is %s", cases[i].amount, cases[i].text);
    }
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    tap_directory();
    test_lines();
    test_without();
    test_sections();
    test_more_sections();
    test_table();
    test_json();
    test_json_bytes();
    test_dates();
    test_refused();
    test_amounts();
    test_progress();
    test_progress_refused();
    return tap_end();
}
