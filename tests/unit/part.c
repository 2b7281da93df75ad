/* Parts of a campaign: who does which units, what a part leaves, what is made of all of them, and
 * what is refused.
 * ranks: 1 3 */
#include "io/checkpoint.h"
#include "jobs/option_words.h"
#include "jobs/part_join.h"
#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "tests/support/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UNITS = 23, VALUES = 2, PARTS = 3 };

static dsep_context *ctx;

typedef struct {
    dsep_common_settings common;
    dsep_running_options running;
    double alpha;
    int64_t lags;
    int flag;
    char *drop;
} settings;

#define FIELD(name) offsetof(settings, name)

static const dsep_option own[] = {
    {"alpha", 'a', DSEP_OPTION_REAL, FIELD(alpha), "A", "0.010", 0, 1, NULL, ""},
    {"lags", 0, DSEP_OPTION_INTEGER, FIELD(lags), "N", "auto", 1, 9, "auto", ""},
    {"flag", 0, DSEP_OPTION_FLAG, FIELD(flag), NULL, NULL, 0, 0, NULL, ""},
    {"drop", 0, DSEP_OPTION_TEXT, FIELD(drop), "LIST", NULL, 0, 0, NULL, ""},
    {0},
};
static const dsep_option_group groups[] = {
    {"Own", own, 0, NULL},
    {"Running", dsep_running_option_table, FIELD(running), NULL},
    {"Common", dsep_common_options, FIELD(common), NULL},
    {0},
};
static const dsep_command command = {
    .name = "try", .max_arguments = 2, .groups = groups, .settings_size = sizeof(settings)};

/* --- numbers --------------------------------------------------------------------------------- */

static int is_part(const char *text, int64_t number, int64_t count) {
    dsep_part part = {7, 7};
    return dsep_part_parse(text, NULL, &part) == DSEP_OK && part.number == number &&
           part.count == count;
}

static void test_parse(void) {
    static const char *const wrong[] = {"",     "1",     "0/3",  "4/3",      "-1/3",
                                        "1/-3", "1/3x",  "1//3", "1 / 3",    "+1/3",
                                        "/3",   "1/3/3", "1/",   "1/100001", "1/99999999999999"};
    dsep_part part;
    tap_ok(is_part(NULL, 0, 0) && is_part("1/1", 1, 1) && is_part("3/8", 3, 8) &&
               is_part("100000/100000", 100000, 100000),
           "K/N");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        tap_ok(dsep_part_parse(wrong[i], NULL, &part) == DSEP_ERROR_USAGE, "not '%s'", wrong[i]);
}

static void test_shares(void) {
    int wrong = 0;
    for (int64_t n = 0; n < 30; n++)
        for (int64_t count = 1; count < 35; count++)
            for (int64_t u = 0; u < n; u++) {
                int owners = 0;
                for (int64_t k = 1; k <= count; k++)
                    owners += dsep_part_has((dsep_part){k, count}, u);
                wrong += owners != 1;
            }
    tap_ok(wrong == 0, "every unit is in one part");
    for (int64_t n = 0; n < 30; n++)
        for (int64_t count = 0; count < 35; count++)
            for (int64_t k = count > 0; k <= count; k++) {
                int64_t has = 0;
                for (int64_t u = 0; u < n; u++)
                    has += dsep_part_has((dsep_part){k, count}, u);
                wrong += has != dsep_part_units((dsep_part){k, count}, n);
            }
    tap_ok(wrong == 0, "and the units of a part are counted right");
}

/* --- words ----------------------------------------------------------------------------------- */

/* The words of a line, with | behind each. */
static int gives(const char *line, const char *wanted) {
    char words[800], *argv[40], *rest = words;
    int argc = 0;
    size_t bytes = 0;
    dsep_invocation *call = NULL;
    snprintf(words, sizeof words, "%s", line);
    while (rest)
        argv[argc++] = strsep(&rest, " ");
    argv[argc] = NULL;
    if (dsep_options_parse(&command, argc, argv, dsep_context_error(ctx), &call))
        return 0;
    char *key = dsep_options_key(call), *text = dsep_option_words(call, key, &bytes);
    for (size_t i = 0; text && i < bytes; i++)
        text[i] = text[i] ? text[i] : '|';
    const int good = text && strcmp(text, wanted) == 0;
    if (!good)
        tap_note("%s", text);
    dsep_invocation_destroy(&call);
    free(key);
    free(text);
    return good;
}

static void test_words(void) {
    char path[600], line[700];
    snprintf(path, sizeof path, "%s", tap_path("study.txt"));
    if (dsep_rank(ctx) == 0) {
        FILE *file = fopen(path, "w");
        fputs("alpha = 0.5\npart = 1/2\nrestart = yes\ndrop = \" a\"\n", file);
        fclose(file);
    }
    dsep_barrier(ctx);
    tap_ok(gives("try", "try|--|") && gives("try a b", "try|--|a|b|"), "no options");
    tap_ok(gives("try a --alpha .01 --lags auto --seed 1 --part 2/3 -o x -q --restart --resume "
                 "--max-time 9 --allow-partial --log-json l",
                 "try|--|a|"),
           "none that are as they would be, or change no result");
    tap_ok(gives("try --flag a -a 0.25 --lags=3 --drop V1,V2 --seed 9",
                 "try|--alpha=0.25|--lags=3|--flag|--drop=V1,V2|--seed=9|--|a|"),
           "those that count");
    snprintf(line, sizeof line, "try --study %s --lags 2", path);
    tap_ok(gives(line, "try|--alpha=0.5|--lags=2|--drop= a|--|"), "those of a study file, too");
}

/* --- units ----------------------------------------------------------------------------------- */

static dsep_tally_edge edge_of(int64_t unit) {
    dsep_tally_edge edge = {.x = (int32_t)(unit % 5), .y = 9};
    edge.count[unit % DSEP_TALLY_MARKS] = 1;
    return edge;
}

static int run_unit(dsep_context *group, int64_t unit, double *values, dsep_tally **tally,
                    void *data) {
    int64_t *seen = data;
    int mine = DSEP_OK;
    values[0] = (double)unit;
    values[1] = 1. / (double)(unit + 1);
    seen[unit] += dsep_rank(group) == 0;
    if (dsep_rank(group) == 0) {
        const dsep_tally_edge edge = edge_of(unit);
        mine = dsep_tally_add_edge(tally[unit % 2], &edge, dsep_context_error(group));
    }
    return dsep_agree(group, mine);
}

typedef struct {
    const char *part; /* "2/3", or NULL */
    int64_t n_units, seed;
    double max_time;
    int restart;
} how;

/* One run; `seen` counts its units. Returns its exit code. */
static int run(how h, const char *output, int64_t *seen, dsep_campaign **made, int *finished) {
    int code = DSEP_OK;
    dsep_groups *all = NULL;
    dsep_running running = {0};
    dsep_state with = {0};
    dsep_campaign *campaign = NULL;
    settings given = {.common.seed = h.seed};
    const dsep_invocation call = {
        .command = &command, .settings = &given, .line = "try", .study = ""};
    const dsep_running_options options = {.checkpoint_every = 1e9,
                                          .part = (char *)h.part,
                                          .max_time = h.max_time,
                                          .restart = h.restart};
    const dsep_campaign_plan plan = {.name = "bench",
                                     .units = "units",
                                     .n_units = h.n_units,
                                     .n_values = VALUES,
                                     .n_tallies = 2,
                                     .run = run_unit,
                                     .data = seen,
                                     .with = &with};
    *finished = 0;
    DSEP_TRY(dsep_state_lend(&with, "beside", 0, "beside", 6, dsep_context_error(ctx)));
    DSEP_TRY(dsep_groups_create(ctx, 1, &all));
    DSEP_TRY(dsep_running_open(ctx, &call, &options, output, "d1", dsep_clock(), &running));
    *finished = running.finished;
    if (running.finished)
        goto cleanup;
    DSEP_TRY(dsep_campaign_run(ctx, all, &plan, &running, &campaign));
    if (campaign->stopped)
        code = dsep_running_stopped(ctx, &running, NULL);
    if (made)
        *made = campaign;
    else
        dsep_campaign_destroy(&campaign);
cleanup:
    dsep_running_close(&running);
    dsep_groups_destroy(&all);
    dsep_state_clear(&with);
    return code;
}

static char output[600], file[PARTS + 2][640]; /* of part k at [k] */

static void name_files(void) {
    snprintf(output, sizeof output, "%s", tap_path("out.h5"));
    for (int k = 0; k < PARTS + 2; k++)
        snprintf(file[k], sizeof file[k], "%s.part-%d-of-%d", output, k, PARTS);
}

static int exists(const char *path, const char *end) {
    char name[700];
    snprintf(name, sizeof name, "%s%s", path, end);
    return access(name, F_OK) == 0;
}

/* Whether just the units of a part were done, once each. */
static int did(const int64_t *seen, int k) {
    int64_t all[UNITS];
    memcpy(all, seen, sizeof all);
    dsep_sum_i64(ctx, all, UNITS);
    for (int64_t u = 0; u < UNITS; u++)
        if (all[u] != (u % PARTS == k - 1))
            return 0;
    return 1;
}

static how part(const char *text) {
    return (how){.part = text, .n_units = UNITS, .seed = 1};
}

static void test_parts(void) {
    int finished = 0, stops = 0, code = DSEP_STOPPED;
    for (int k = 1; k <= 2; k++) {
        int64_t seen[UNITS] = {0};
        char text[16];
        snprintf(text, sizeof text, "%d/%d", k, PARTS);
        tap_ok(run(part(text), output, seen, NULL, &finished) == DSEP_OK && did(seen, k),
               "part %d of %d: its units, once each", k, PARTS);
        tap_ok(exists(file[k], "") && !exists(file[k], ".checkpoint") &&
                   !exists(file[k], ".checkpoint.old") && !exists(output, ""),
               "and is there alone");
    }
    int64_t seen[UNITS] = {0};
    how h = part("3/3");
    h.max_time = 1e-9;
    for (int i = 0; i < UNITS && code == DSEP_STOPPED; i++) {
        code = run(h, output, seen, NULL, &finished);
        stops += code == DSEP_STOPPED;
        if (code == DSEP_STOPPED && (exists(file[3], "") || !exists(file[3], ".checkpoint")))
            code = -1;
    }
    tap_ok(code == DSEP_OK && stops > 0 && did(seen, 3), "part 3, stopped %d times", stops);
    tap_ok(exists(file[3], "") && !exists(file[3], ".checkpoint") &&
               !exists(file[3], ".checkpoint.old"),
           "is there alone, too");
    int64_t none[UNITS] = {0};
    tap_ok(run(part("2/3"), output, none, NULL, &finished) == DSEP_OK && finished && !none[1],
           "what is there already is not made again");
    h = part("2/3");
    h.restart = 1;
    tap_ok(run(h, output, none, NULL, &finished) == DSEP_OK && !finished && did(none, 2),
           "unless with --restart");
}

/* --- joining --------------------------------------------------------------------------------- */

/* What is refused: exit code and text. */
static int refuses(const char *const *names, int count, int code, const char *text) {
    char *paths[PARTS + 3];
    dsep_part_joined joined;
    for (int i = 0; i < count; i++)
        paths[i] = (char *)names[i];
    const int got = dsep_part_join(ctx, paths, count, &joined);
    const int good = got == code && strstr(dsep_context_error(ctx)->text, text);
    if (!good)
        tap_note("%d %s", got, dsep_context_error(ctx)->text);
    dsep_part_joined_clear(&joined);
    return good;
}

static int same_campaigns(const dsep_campaign *a, const dsep_campaign *b) {
    int same = a->n_done == UNITS && b->n_done == UNITS &&
               memcmp(a->values, b->values, sizeof(double) * UNITS * VALUES) == 0;
    for (int t = 0; t < 2 && same; t++)
        same = a->tally[t]->n_edges == b->tally[t]->n_edges &&
               memcmp(a->tally[t]->edges, b->tally[t]->edges,
                      sizeof(dsep_tally_edge) * (size_t)a->tally[t]->n_edges) == 0;
    return same;
}

static int lines_in(const dsep_state *state, const char *name) {
    int lines = 0;
    const dsep_state_block *block = dsep_state_find(state, name);
    for (int64_t i = 0; block && i < block->bytes; i++)
        lines += ((const char *)block->data)[i] == '\n';
    return lines;
}

static int block_is(const dsep_state *state, const char *name, const char *text) {
    const dsep_state_block *block = dsep_state_find(state, name);
    return block && block->bytes == (int64_t)strlen(text) &&
           memcmp(block->data, text, strlen(text)) == 0;
}

static void test_join(void) {
    int finished = 0;
    char *paths[] = {file[3], file[1], file[2]}, whole[620], to[640], head[700];
    int64_t seen[UNITS] = {0}, before = 0;
    dsep_campaign *a = NULL, *b = NULL;
    dsep_part_joined joined;
    snprintf(whole, sizeof whole, "%s", tap_path("whole.h5"));
    snprintf(to, sizeof to, "%s.checkpoint", output);
    int good = run((how){.n_units = UNITS, .seed = 1}, whole, seen, &a, &finished) == DSEP_OK &&
               dsep_part_join(ctx, paths, PARTS, &joined) == DSEP_OK;
    tap_ok(good && joined.shape.n_units == UNITS && strcmp(joined.shape.units, "units") == 0 &&
               joined.words_bytes == 7 && memcmp(joined.words, "try\0--", 7) == 0,
           "three parts are one");
    snprintf(head, sizeof head, "%s 1/3 ", file[1]);
    const dsep_state_block *parts = good ? dsep_state_find(&joined.state, "parts") : NULL;
    tap_ok(parts && lines_in(&joined.state, "parts") == 3 &&
               memcmp(parts->data, head, strlen(head)) == 0 &&
               lines_in(&joined.state, "runs") > 3 && !dsep_state_find(&joined.state, "part") &&
               block_is(&joined.state, "beside", "beside"),
           "with the lines of all, in their order, and what each has kept beside");
    good = good && dsep_checkpoint_write(ctx, to, joined.key, &joined.state) == DSEP_OK &&
           (memcpy(seen, (int64_t[UNITS]){0}, sizeof seen), 1) &&
           run((how){.n_units = UNITS, .seed = 1}, output, seen, &b, &finished) == DSEP_OK;
    for (int u = 0; u < UNITS; u++)
        before += seen[u];
    dsep_max_i64(ctx, &before, 1);
    tap_ok(good && before == 0 && same_campaigns(a, b), "a run goes on from there: the same bits");
    dsep_part_joined_clear(&joined);
    dsep_campaign_destroy(&a);
    dsep_campaign_destroy(&b);
}

static void damage(const char *path) {
    if (dsep_rank(ctx) == 0) {
        FILE *stream = fopen(path, "r+");
        fseek(stream, 90, SEEK_SET);
        fputs("damage", stream);
        fclose(stream);
    }
    dsep_barrier(ctx);
}

static void test_refusals(void) {
    int finished = 0, units = 0;
    int64_t seen[UNITS] = {0};
    char other[640], half[700], done[700], text[64];
    const char *const all[] = {file[1], file[2], file[3]};
    snprintf(other, sizeof other, "%s", tap_path("other.h5"));
    tap_ok(refuses(all, 2, DSEP_ERROR_DATA,
                   "part 3 of 3 is missing; the same command with --part "
                   "3/3 makes it"),
           "a missing part");
    tap_ok(refuses(all + 1, 1, DSEP_ERROR_DATA, "parts 1, 3 of 3 are missing"), "two of them");
    tap_ok(refuses((const char *[]){file[1], file[2], file[1]}, 3, DSEP_ERROR_DATA,
                   "overlap: units 0, 3, 6, 9, 12, ... are in both; give every part once"),
           "one twice");
    how h = part("2/3");
    h.seed = 2;
    run(h, other, seen, NULL, &finished);
    snprintf(half, sizeof half, "%s.part-2-of-3", other);
    tap_ok(refuses((const char *[]){file[1], half}, 2, DSEP_ERROR_DATA,
                   "of different studies (seed: 1 in the first, 2 in the second)"),
           "another seed");
    run(part("1/2"), other, seen, NULL, &finished);
    snprintf(half, sizeof half, "%s.part-1-of-2", other);
    tap_ok(refuses((const char *[]){file[1], half}, 2, DSEP_ERROR_DATA,
                   "overlap: units 0, 6, 12, 18 are in both"),
           "parts of other numbers overlap");
    run(part("3/6"), other, seen, NULL, &finished);
    snprintf(half, sizeof half, "%s.part-3-of-6", other);
    tap_ok(refuses((const char *[]){file[1], file[2], half}, 3, DSEP_ERROR_DATA,
                   "units 5, 11, 17 are in none of these parts"),
           "or do not make a whole");
    h = part("1/4");
    h.max_time = 1e-9;
    tap_ok(run(h, other, seen, NULL, &finished) == DSEP_STOPPED, "a part that was stopped");
    units = dsep_size(ctx) < 6 ? dsep_size(ctx) : 6;
    snprintf(half, sizeof half, "%s.part-1-of-4.checkpoint", other);
    snprintf(text, sizeof text, "' is not whole: %d of the 6 units of part 1 of 4 are done", units);
    tap_ok(refuses((const char *[]){half}, 1, DSEP_ERROR_DATA, text), "is refused");
    h = (how){.n_units = UNITS, .seed = 1, .max_time = 1e-9};
    run(h, other, seen, NULL, &finished);
    snprintf(half, sizeof half, "%s.checkpoint", other);
    tap_ok(refuses((const char *[]){half}, 1, DSEP_ERROR_DATA,
                   "is no part: it is the checkpoint of a run without --part"),
           "so is what is no part");
    tap_ok(refuses((const char *[]){file[1], file[4]}, 2, DSEP_ERROR_IO, "there is no '"),
           "and what is not there");
    snprintf(done, sizeof done, "' is damaged (checksum); dsep merge takes");
    damage(file[2]);
    tap_ok(refuses(all, 3, DSEP_ERROR_DATA, done), "and what is damaged");
}

/* More parts than units: some have nothing, and are not missed. */
static void test_empty(void) {
    int finished = 0;
    int64_t seen[UNITS] = {0};
    char few[620], paths[3][700], *names[3];
    dsep_part_joined joined;
    snprintf(few, sizeof few, "%s", tap_path("few.h5"));
    for (int k = 1; k <= 3; k++) {
        char text[16];
        snprintf(text, sizeof text, "%d/3", k);
        snprintf(paths[k - 1], sizeof paths[k - 1], "%s.part-%d-of-3", few, k);
        names[k - 1] = paths[k - 1];
        how h = part(text);
        h.n_units = 2;
        tap_ok(run(h, few, seen, NULL, &finished) == DSEP_OK && exists(paths[k - 1], ""),
               "2 units, part %d of 3", k);
    }
    tap_ok(dsep_part_join(ctx, names, 3, &joined) == DSEP_OK, "they are joined");
    dsep_part_joined_clear(&joined);
    tap_ok(dsep_part_join(ctx, names, 2, &joined) == DSEP_OK, "the empty one is not missed");
    dsep_part_joined_clear(&joined);
}

static void test_check(void) {
    dsep_error error;
    dsep_running_options o = {.allow_partial = 1};
    tap_ok(dsep_running_check(&o, "nothing there", &error) == DSEP_OK,
           "without --part all is well");
    o.part = "1/2";
    tap_ok(dsep_running_check(&o, "nothing there", &error) == DSEP_ERROR_USAGE &&
               strcmp(error.text, "--part 1/2: nothing there") == 0,
           "a command without units");
    tap_ok(dsep_running_check(&o, NULL, &error) == DSEP_ERROR_USAGE &&
               strstr(error.text, "leave out --allow-partial"),
           "--allow-partial");
    o.allow_partial = 0;
    tap_ok(dsep_running_check(&o, NULL, &error) == DSEP_OK, "a part");
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    tap_directory();
    unsetenv("SLURM_JOB_ID");
    name_files();
    test_parse();
    test_shares();
    test_words();
    test_check();
    test_parts();
    test_join();
    test_refusals();
    test_empty();
    return tap_end();
}
