/* A run in several allocations: what it carries along, when another command's checkpoint is not
 * used and what is said then, failures to keep one, the options of all long runs. */
#include "jobs/running.h"
#include "io/checkpoint.h"
#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "tests/support/tap.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    dsep_common_settings common;
    dsep_running_options running;
    double alpha;
    int flag;
    char *knowledge;
} settings;

#define FIELD(name) offsetof(settings, name)

static const dsep_option own[] = {
    {"alpha", 'a', DSEP_OPTION_REAL, FIELD(alpha), "A", "0.01", 0, 1, NULL, ""},
    {"flag", 0, DSEP_OPTION_FLAG, FIELD(flag), NULL, NULL, 0, 0, NULL, ""},
    {"knowledge", 0, DSEP_OPTION_TEXT, FIELD(knowledge), "FILE", NULL, 0, 0, NULL, ""},
    {0},
};
static const dsep_option_group groups[] = {
    {"Own", own, 0, NULL},
    {"Running", dsep_running_option_table, FIELD(running), NULL},
    {"Common", dsep_common_options, FIELD(common), NULL},
    {0},
};
static const dsep_command command = {
    .name = "try", .max_arguments = 1, .groups = groups, .settings_size = sizeof(settings)};

static dsep_context *ctx;
static char output[600], said[4096]; /* said: what rank 0 wrote to standard error */

/* --- one allocation -------------------------------------------------------------------------- */

typedef struct {
    dsep_invocation *call;
    dsep_running running;
    dsep_log *log;
    int code;
} run;

static int capture(void) {
    char name[32], path[640];
    snprintf(name, sizeof name, "stderr-%d", dsep_rank(ctx));
    snprintf(path, sizeof path, "%s", tap_path(name));
    const int before = dup(STDERR_FILENO);
    const int file = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
    dup2(file, STDERR_FILENO);
    close(file);
    return before;
}

static void release(int before) {
    fflush(stderr);
    lseek(STDERR_FILENO, 0, SEEK_SET);
    const ssize_t got = read(STDERR_FILENO, said, sizeof said - 1);
    said[got > 0 ? got : 0] = '\0';
    dup2(before, STDERR_FILENO);
    close(before);
}

/* Whether rank 0 said this; NULL: whether it said nothing. */
static int heard(const char *text) {
    const int good = dsep_rank(ctx) > 0 || (text ? strstr(said, text) != NULL : !*said);
    if (!good)
        tap_note("said: %s", said);
    return good;
}

/* Starts `line`; began: seconds ago. */
static run start(const char *line, const char *input, double began) {
    static char words[1024], *argv[20];
    const dsep_log_settings quiet = {.interval = 1e9};
    run r = {.code = -1};
    int argc = 0;
    snprintf(words, sizeof words, "try %s", line);
    char *rest = words;
    for (char *word; (word = strsep(&rest, " "));)
        if (*word)
            argv[argc++] = word;
    argv[argc] = NULL;
    if (dsep_options_parse(&command, argc, argv, dsep_context_error(ctx), &r.call) ||
        dsep_log_create(ctx, &quiet, &r.log)) {
        tap_note("%s", dsep_context_error(ctx)->text);
        return r;
    }
    const settings *given = r.call->settings;
    const int before = capture();
    r.code = dsep_running_open(ctx, r.call, &given->running, output, input, dsep_clock() - began,
                               &r.running);
    release(before);
    return r;
}

static void end(run *r) {
    dsep_running_close(&r->running);
    dsep_log_destroy(ctx, &r->log);
    dsep_invocation_destroy(&r->call);
}

static int keep(run *r, int64_t number) {
    dsep_state state = {0};
    dsep_state_lend(&state, "number", 0, &number, sizeof number, NULL);
    const int before = capture();
    const int kept = dsep_running_keep(ctx, &r->running, &state);
    release(before);
    dsep_state_clear(&state);
    return kept;
}

/* Starts, keeps a number, and is killed. */
static int keeps(const char *line, const char *input, int64_t number) {
    run r = start(line, input, 0);
    const int kept = !r.code && keep(&r, number);
    end(&r);
    return kept;
}

static int goes_on(run *r, int64_t number) {
    int64_t got = 0;
    return r->code == DSEP_OK && r->running.found &&
           dsep_state_read(&r->running.state, "number", &got, sizeof got, NULL) == DSEP_OK &&
           got == number;
}

static void forget(void) {
    char path[640];
    snprintf(path, sizeof path, "%s.checkpoint", output);
    dsep_checkpoint_remove(ctx, path);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void spend(double seconds) {
    for (const double until = dsep_clock() + seconds; dsep_clock() < until;)
        ;
}

static int lines_in(const char *text) {
    int lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static void test_allocations(void) {
    run r = start("", "d1", 100);
    tap_ok(!r.code && !r.running.found && heard(NULL), "a first run finds nothing");
    dsep_log_section_begin(ctx, "read");
    spend(.02);
    dsep_log_section_begin(ctx, "search");
    spend(.02);
    tap_ok(keep(&r, 41) && heard(NULL), "it keeps a state");
    spend(.02);
    tap_ok(keep(&r, 42), "and the next");
    end(&r);
    r = start("--checkpoint-every 5 --resume", "d1", 20);
    tap_ok(goes_on(&r, 42) && heard("going on from ") && heard("out.h5.checkpoint of 2") &&
               heard(": 1 run, 1"),
           "the same command goes on, whatever its options of running are");
    dsep_log_section *list = NULL;
    int64_t count = 0;
    dsep_log_section_begin(ctx, "search");
    spend(.02);
    tap_ok(keep(&r, 43), "and keeps its own");
    end(&r);
    r = start("", "d1", 3);
    tap_ok(goes_on(&r, 43) && heard(": 2 runs, 1"), "a third one");
    dsep_log_section_begin(ctx, "write");
    spend(.02);
    const int code = dsep_running_sections(ctx, &r.running, &list, &count);
    tap_ok(!code && count == 3 && strcmp(list[0].name, "read") == 0 &&
               strcmp(list[1].name, "search") == 0 && strcmp(list[2].name, "write") == 0,
           "knows the sections of all");
    tap_ok(!code && count == 3 && list[0].min >= .02 && list[1].min >= .06 && list[2].min >= .02 &&
               list[1].mean >= .06 && list[1].max >= list[1].mean,
           "with the sum of their times");
    free(list);
    char *lines = dsep_running_lines(ctx, &r.running), ranks[64];
    snprintf(ranks, sizeof ranks, " ranks=%d nodes=1 slurm-job=none\n", dsep_size(ctx));
    tap_ok(lines && lines_in(lines) == 3 && strstr(lines, ranks) && lines[10] == 'T' &&
               lines[20] == ' ' && lines[19] == 'Z',
           "one line for each");
    free(lines);
    const double seconds = dsep_running_seconds(&r.running);
    tap_ok(seconds > 123 && seconds < 143, "and the total time");
    dsep_running_done(ctx, &r.running);
    end(&r);
    r = start("", "d1", 0);
    tap_ok(!r.code && !r.running.found && heard(NULL), "what is done leaves nothing");
    end(&r);
}

static int differs(const char *line, const char *input, const char *say) {
    run r = start(line, input, 0);
    const int good = !r.code && !r.running.found && heard("is of another command (") &&
                     heard("; the run begins anew") && heard(say);
    end(&r);
    return good;
}

static void write_text(const char *path, const char *text) {
    if (dsep_rank(ctx) == 0) {
        FILE *file = fopen(path, "w");
        fputs(text, file);
        fclose(file);
    }
    dsep_barrier(ctx);
}

static void test_key(void) {
    char with[700], other[700], known[600], again[600];
    snprintf(known, sizeof known, "%s", tap_path("known.txt"));
    snprintf(again, sizeof again, "%s", tap_path("again.txt"));
    write_text(known, "x y\n");
    write_text(again, "x y\n");
    tap_ok(keeps("--alpha .02", "d1", 1), "a checkpoint");
    tap_ok(differs("--alpha .05", "d1", "(alpha: 0.02 there, 0.05 here)"), "another setting");
    tap_ok(differs("--alpha .02", "d2", "(the data differ)"), "other data");
    tap_ok(differs("--alpha .02 --flag --seed 9", "d1",
                   "(flag: not given there, yes here, seed: 1 there, 9 here)"),
           "a flag and the seed");
    tap_ok(keeps("--flag", "d1", 2) && differs("", "d1", "(flag: yes there, not given here)"),
           "a flag that is gone");
    snprintf(with, sizeof with,
             "--progress-file %s --flag -q --progress 3 --max-time 1:00 "
             "--allow-partial --checkpoint-every 0",
             known);
    run r = start(with, "d1", 0);
    tap_ok(goes_on(&r, 2), "options that change no result may change");
    tap_ok(r.call && r.call->study && !strstr(r.call->study, "progress-file"),
           "a study does not say where a run tells how far it is");
    end(&r);
    snprintf(with, sizeof with, "--knowledge %s", known);
    snprintf(other, sizeof other, "--knowledge %s", again);
    tap_ok(keeps(with, "d1", 3), "with a file");
    r = start(other, "d1", 0);
    tap_ok(goes_on(&r, 3), "which may have another name");
    end(&r);
    write_text(known, "y x\n");
    tap_ok(differs(with, "d1", "(the file of --knowledge differs)"), "but not other contents");
    forget();
}

static int refused(const char *line, const char *say) {
    run r = start(line, "d1", 0);
    const int good = r.code == DSEP_ERROR_USAGE && strstr(dsep_context_error(ctx)->text, say);
    if (!good)
        tap_note("%d %s", r.code, dsep_context_error(ctx)->text);
    end(&r);
    return good;
}

static void damage(const char *path) {
    if (dsep_rank(ctx) == 0 && truncate(path, 60))
        tap_note("%m");
    dsep_barrier(ctx);
}

static void test_choices(void) {
    char path[640], older[660];
    snprintf(path, sizeof path, "%s.checkpoint", output);
    snprintf(older, sizeof older, "%s.old", path);
    tap_ok(refused("--resume", "nothing to go on from: there is no '") &&
               refused("--resume", "out.h5.checkpoint'. Leave out --resume"),
           "--resume without a checkpoint");
    tap_ok(refused("--resume --restart", "contradict"), "--resume with --restart");
    keeps("", "d1", 1);
    tap_ok(refused("--resume --alpha .3", "another command (alpha: 0.01 there, 0.3 here)"),
           "--resume of another command");
    run r = start("--restart", "d1", 0);
    tap_ok(!r.code && !r.running.found && r.running.seconds_before == 0 && heard(NULL),
           "--restart looks at none");
    tap_ok(keep(&r, 2), "and keeps its own");
    end(&r);
    damage(path);
    r = start("", "d1", 0);
    tap_ok(goes_on(&r, 1) && heard("warning: '") && heard("' ends early; '") &&
               heard(".checkpoint.old' of 2"),
           "a damaged one: the one before it, and it is said");
    end(&r);
    damage(older);
    tap_ok(refused("--resume", "' ends early. Leave out"), "both damaged: --resume has nothing");
    r = start("", "d1", 0);
    tap_ok(!r.code && !r.running.found && heard("; the run begins anew"), "without it a new run");
    end(&r);
    setenv("DSEP_FAULT", "checkpoint-read@0", 1);
    damage(older);
    if (dsep_rank(ctx) == 0)
        unlink(older);
    r = start("", "d1", 0);
    tap_ok(r.code == DSEP_ERROR_IO && strstr(dsep_context_error(ctx)->text, "--restart"),
           "one that cannot be read is the user's to decide on");
    end(&r);
    unsetenv("DSEP_FAULT");
    forget();
}

static void test_failures(void) {
    run r = start("", "d1", 0);
    setenv("DSEP_FAULT", dsep_size(ctx) > 1 ? "checkpoint-sync@1" : "checkpoint-sync@0", 1);
    tap_ok(!keep(&r, 1) && heard("warning: no checkpoint was kept in '") &&
               heard("checkpoint-sync") && heard("the run goes on without one"),
           "a checkpoint that fails is a warning");
    unsetenv("DSEP_FAULT");
    tap_ok(keep(&r, 2) && heard(NULL), "the next one is kept");
    setenv("DSEP_FAULT", "checkpoint-rename@0", 1);
    tap_ok(!keep(&r, 3) && heard("; the one of 2") && heard(" is still there"),
           "and stays where a later one fails");
    unsetenv("DSEP_FAULT");
    dsep_state full = {0};
    for (int i = 0; i < DSEP_STATE_BLOCKS; i++) {
        char name[16];
        snprintf(name, sizeof name, "b%d", i);
        dsep_state_lend(&full, name, 0, "", 0, NULL);
    }
    const int before = capture();
    const int kept = dsep_running_keep(ctx, &r.running, &full);
    release(before);
    tap_ok(!kept && heard("takes no block"), "a state without room is refused");
    end(&r);
    r = start("", "d1", 0);
    tap_ok(goes_on(&r, 2), "what was kept is there");
    end(&r);
    forget();
}

static void test_due(void) {
    run r = start("--checkpoint-every 0", "d1", 0);
    tap_ok(dsep_running_due(ctx, &r.running), "after every unit");
    end(&r);
    r = start("--checkpoint-every 1000", "d1", 0);
    tap_ok(!dsep_running_due(ctx, &r.running), "not yet");
    if (dsep_rank(ctx) == 0)
        r.running.kept -= 2000;
    tap_ok(dsep_running_due(ctx, &r.running), "rank 0's clock decides for all");
    tap_ok(keep(&r, 1) && !dsep_running_due(ctx, &r.running), "and counts from the last one");
    end(&r);
    r = start("--checkpoint-every 1000 --max-time 30", "d1", 100);
    tap_ok(dsep_running_due(ctx, &r.running), "time is up");
    end(&r);
    r = start("--checkpoint-every 1000", "d1", 0);
    if (dsep_rank(ctx) == dsep_size(ctx) - 1)
        raise(SIGUSR1);
    tap_ok(dsep_running_due(ctx, &r.running), "a signal to any rank");
    end(&r);
    forget();
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    tap_directory();
    unsetenv("SLURM_JOB_ID");
    snprintf(output, sizeof output, "%s", tap_path("out.h5"));
    test_allocations();
    test_key();
    test_choices();
    test_failures();
    test_due();
    return tap_end();
}
