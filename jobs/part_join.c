#include "jobs/part_join.h"

#include "io/checkpoint.h"
#include "io/file_sum.h"
#include "mpi/exchange.h"
#include "mpi/log.h"
#include "mpi/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 5 }; /* units or parts that a message lists */

/* One that was read. */
typedef struct {
    const char *path;
    dsep_part part;
    char sum[17]; /* of the file */
    char *runs;
    double seconds;
} part_read;

typedef struct {
    dsep_context *ctx;
    dsep_part_joined *made;
    part_read *parts; /* [n_parts] */
    int64_t n_parts;
    int32_t *owner; /* [n_units] 1 + which part has done it; 0: none */
    dsep_log_section *sections;
    int64_t n_sections;
    dsep_checkpoint first, now; /* now: the part that is looked at; empty where that is the first */
} joining;

/* Whether a block is made anew for the whole. */
static int is_own(const dsep_campaign_shape *shape, const char *block) {
    static const char *const beside[] = {
        DSEP_RUNNING_RUNS,      DSEP_RUNNING_SECONDS, DSEP_RUNNING_SECTIONS, DSEP_RUNNING_PART,
        DSEP_RUNNING_ARGUMENTS, DSEP_RUNNING_FOLDER,  DSEP_RUNNING_PARTS,    DSEP_CAMPAIGN_BLOCK};
    int found = dsep_campaign_has_block(shape, block);
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
        found |= strcmp(block, beside[i]) == 0;
    return found;
}

/* --- messages -------------------------------------------------------------------------------- */

/* "3, 7, 11" and, where there are more, ", ...": numbers for which `wanted` says yes. */
static void list_numbers(int64_t from, int64_t to, int (*wanted)(const void *data, int64_t number),
                         const void *data, char *text, size_t room) {
    size_t used = 0;
    int shown = 0;
    *text = '\0';
    for (int64_t i = from; i < to && used < room && shown <= SHOWN; i++)
        if (wanted(data, i)) {
            used += shown++ < SHOWN ? (size_t)snprintf(text + used, room - used, "%s%lld",
                                                       shown > 1 ? ", " : "", (long long)i)
                                    : (size_t)snprintf(text + used, room - used, ", ...");
        }
}

typedef struct {
    const joining *j;
    const uint8_t *done;
    int32_t owner;
} common_units;

static int in_both(const void *data, int64_t unit) {
    const common_units *c = data;
    return c->done[unit] && c->j->owner[unit] == c->owner;
}

static int in_none(const void *data, int64_t unit) {
    return ((const joining *)data)->owner[unit] == 0;
}

/* Whether part `number` of as many as the first one's is not there. */
static int is_missing(const void *data, int64_t number) {
    const joining *j = data;
    const dsep_part wanted = {number, j->parts[0].part.count};
    for (int64_t i = 0; i < j->n_parts; i++)
        if (dsep_part_same(j->parts[i].part, wanted))
            return 0;
    return dsep_part_units(wanted, j->made->shape.n_units) > 0;
}

static int64_t count_missing(const joining *j) {
    int64_t missing = 0;
    for (int64_t number = 1; number <= j->parts[0].part.count; number++)
        missing += is_missing(j, number);
    return missing;
}

/* --- one part -------------------------------------------------------------------------------- */

static int read_part(joining *j, const char *path) {
    dsep_context *ctx = j->ctx;
    dsep_checkpoint *now = &j->now;
    const int code = dsep_checkpoint_read(ctx, path, now);
    if (code)
        return code;
    if (now->file && strcmp(now->file, path) == 0)
        return DSEP_OK;
    if (!*now->notes)
        return dsep_fail(ctx, DSEP_ERROR_IO,
                         "there is no '%s'; dsep merge takes the files that "
                         "commands with --part leave",
                         path);
    return dsep_fail(ctx, DSEP_ERROR_DATA,
                     "%s; dsep merge takes the files that commands with --part leave: if this was "
                     "one, make it again",
                     now->notes);
}

/* Part and shape of what was read. */
static int know_part(joining *j, const dsep_checkpoint *file, const char *path, dsep_part *part,
                     dsep_campaign_shape *shape) {
    const dsep_state *state = &file->state;
    dsep_error *error = dsep_context_error(j->ctx);
    if (dsep_state_read(state, DSEP_RUNNING_PART, part, sizeof *part, NULL))
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "'%s' is no part: it is the checkpoint of a run without --part, and "
                              "the same command goes on from it",
                              path);
    if (dsep_state_read(state, DSEP_CAMPAIGN_BLOCK, shape, sizeof *shape, NULL))
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "'%s' is part %lld of %lld, but nothing of it is done yet; the same "
                              "command goes on from it",
                              path, (long long)part->number, (long long)part->count);
    if (!dsep_campaign_is_sound(state, shape) || part->number < 1 || part->count < part->number)
        return dsep_error_set(error, DSEP_ERROR_DATA, "'%s' is no part that can be united", path);
    return DSEP_OK;
}

static int check_study(const joining *j, const dsep_checkpoint *file, const char *path,
                       const dsep_campaign_shape *shape) {
    dsep_error *error = dsep_context_error(j->ctx);
    if (strcmp(j->made->key, file->key) != 0) {
        char *which =
            dsep_running_differences(j->made->key, "in the first", file->key, "in the second");
        char *more = which && strncmp(which, "command: ", 9) == 0 ? strchr(which, ',') : NULL;
        more = more ? strchr(more + 1, ',') : NULL;
        if (more)
            *more = '\0'; /* another command has other options, too */
        const int code = dsep_error_set(
            error, DSEP_ERROR_DATA, "'%.600s' and '%.600s' are of different studies (%.700s)",
            j->parts[0].path, path, which ? which : "some settings differ");
        free(which);
        return code;
    }
    if (memcmp(shape, &j->made->shape, sizeof *shape) != 0)
        return dsep_error_set(error, DSEP_ERROR_DATA, "'%s' and '%s' have different %s",
                              j->parts[0].path, path, shape->units);
    return DSEP_OK;
}

/* Units that are done in this part: in no other, and all of its share. */
static int take_units(joining *j, const char *path, dsep_part part, const uint8_t *done) {
    char units[160];
    int64_t n_done = 0;
    dsep_error *error = dsep_context_error(j->ctx);
    const dsep_campaign_shape *shape = &j->made->shape;
    const int32_t me = (int32_t)(j->n_parts + 1);
    for (int64_t u = 0; u < shape->n_units; u++) {
        if (done[u] && j->owner[u]) {
            const common_units common = {j, done, j->owner[u]};
            list_numbers(u, shape->n_units, in_both, &common, units, sizeof units);
            return dsep_error_set(error, DSEP_ERROR_DATA,
                                  "'%.800s' and '%.800s' overlap: %s %s are in both; give every "
                                  "part once",
                                  j->parts[common.owner - 1].path, path, shape->units, units);
        }
        n_done += done[u] != 0;
    }
    const int64_t wanted = dsep_part_units(part, shape->n_units);
    if (n_done != wanted)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "'%s' is not whole: %lld of the %lld %s of part %lld of %lld are "
                              "done; the same command goes on from it",
                              path, (long long)n_done, (long long)wanted, shape->units,
                              (long long)part.number, (long long)part.count);
    for (int64_t u = 0; u < shape->n_units; u++)
        if (done[u])
            j->owner[u] = me;
    return DSEP_OK;
}

/* What running kept beside. */
static int take_beside(joining *j, const dsep_state *state, part_read *read) {
    dsep_error *error = dsep_context_error(j->ctx);
    const dsep_state_block *runs = dsep_state_find(state, DSEP_RUNNING_RUNS);
    const dsep_state_block *sections = dsep_state_find(state, DSEP_RUNNING_SECTIONS);
    const int64_t more = sections ? sections->bytes / (int64_t)sizeof *j->sections : 0;
    if (!runs || dsep_state_read(state, DSEP_RUNNING_SECONDS, &read->seconds, sizeof(double), NULL))
        return dsep_error_set(error, DSEP_ERROR_DATA, "'%s' lacks what a run keeps", read->path);
    read->runs = strndup(runs->data, (size_t)runs->bytes);
    dsep_log_section *room = dsep_array(j->n_sections + more, sizeof *room);
    if (!read->runs || !room) {
        free(room);
        return dsep_out_of_memory(error, "a part's runs");
    }
    for (int64_t i = 0; i < j->n_sections; i++)
        room[i] = j->sections[i];
    free(j->sections);
    j->sections = room;
    for (int64_t i = 0; i < more; i++) {
        dsep_log_section section;
        memcpy(&section, (const dsep_log_section *)sections->data + i, sizeof section);
        section.name[sizeof section.name - 1] = '\0';
        dsep_running_add_section(j->sections, &j->n_sections, &section);
    }
    return DSEP_OK;
}

/* --- the first one says what all are --------------------------------------------------------- */

static char *text_of(const dsep_state *state, const char *block, int64_t *bytes) {
    const dsep_state_block *found = dsep_state_find(state, block);
    char *text = dsep_array((found ? found->bytes : 0) + 1, 1);
    if (text && found && found->bytes > 0)
        memcpy(text, found->data, (size_t)found->bytes);
    *bytes = found ? found->bytes : 0;
    return text;
}

static int begin(joining *j, const dsep_campaign_shape *shape) {
    int64_t bytes = 0;
    dsep_part_joined *made = j->made;
    dsep_error *error = dsep_context_error(j->ctx);
    made->shape = *shape;
    made->key = strdup(j->first.key);
    made->words = text_of(&j->first.state, DSEP_RUNNING_ARGUMENTS, &made->words_bytes);
    made->folder = text_of(&j->first.state, DSEP_RUNNING_FOLDER, &bytes);
    j->owner = dsep_array(shape->n_units, sizeof *j->owner);
    if (!made->key || !made->words || !made->folder || !j->owner)
        return dsep_out_of_memory(error, "what parts hold");
    return dsep_campaign_create(error, shape, &made->whole);
}

/* What the file that was read adds. Not collective: the same on every rank. */
static int take_part(joining *j, const char *path) {
    int code = DSEP_OK;
    dsep_part part;
    dsep_campaign_shape shape;
    if (j->n_parts == 0) {
        j->first = j->now;
        j->now = (dsep_checkpoint){0};
    }
    const dsep_checkpoint *file = j->n_parts == 0 ? &j->first : &j->now;
    part_read *read = &j->parts[j->n_parts];
    read->path = path;
    DSEP_TRY(know_part(j, file, path, &part, &shape));
    read->part = part;
    DSEP_TRY(j->n_parts == 0 ? begin(j, &shape) : check_study(j, file, path, &shape));
    DSEP_TRY(take_units(j, path, part, dsep_campaign_kept_units(&file->state, &shape)));
    DSEP_TRY(dsep_campaign_take(&file->state, &shape, j->made->whole, dsep_context_error(j->ctx)));
    DSEP_TRY(take_beside(j, &file->state, read));
    j->n_parts++;
cleanup:
    return code;
}

static int add_part(joining *j, const char *path) {
    int code = DSEP_OK;
    char sum[17] = "";
    DSEP_TRY(read_part(j, path));
    if (dsep_rank(j->ctx) == 0)
        dsep_file_sum(path, sum);
    dsep_broadcast(j->ctx, sum, sizeof sum, 0);
    memcpy(j->parts[j->n_parts].sum, sum, sizeof sum);
    DSEP_AGREE(j->ctx, take_part(j, path));
cleanup:
    dsep_checkpoint_clear(&j->now);
    return code;
}

/* --- all of them ----------------------------------------------------------------------------- */

/* Whether no unit is left. */
static int check_all(const joining *j) {
    char text[160];
    dsep_error *error = dsep_context_error(j->ctx);
    const dsep_campaign_shape *shape = &j->made->shape;
    int64_t none = 0;
    for (int64_t u = 0; u < shape->n_units; u++)
        none += in_none(j, u);
    if (none == 0)
        return DSEP_OK;
    const int64_t of = j->parts[0].part.count, missing = count_missing(j);
    for (int64_t i = 0; i < j->n_parts; i++)
        if (j->parts[i].part.count != of) {
            list_numbers(0, shape->n_units, in_none, j, text, sizeof text);
            return dsep_error_set(error, DSEP_ERROR_DATA, "%s %s are in none of these parts",
                                  shape->units, text);
        }
    list_numbers(1, of + 1, is_missing, j, text, sizeof text);
    return dsep_error_set(error, DSEP_ERROR_DATA,
                          "part%s %s of %lld %s missing; the same command with --part %s%s%lld "
                          "makes %s",
                          missing == 1 ? "" : "s", text, (long long)of, missing == 1 ? "is" : "are",
                          missing == 1 ? text : "K", "/", (long long)of,
                          missing == 1 ? "it" : "each");
}

static int in_order(const void *left, const void *right) {
    const part_read *a = left, *b = right;
    if (a->part.count != b->part.count)
        return a->part.count < b->part.count ? -1 : 1;
    return (a->part.number > b->part.number) - (a->part.number < b->part.number);
}

/* The lines of all parts: their runs, and what they are. */
static int write_lines(joining *j, char **runs, char **parts) {
    size_t runs_size = 0, parts_size = 0;
    FILE *first = open_memstream(runs, &runs_size), *second = open_memstream(parts, &parts_size);
    for (int64_t i = 0; i < j->n_parts && first && second; i++) {
        const part_read *p = &j->parts[i];
        fputs(p->runs, first);
        fprintf(second, "%s %lld/%lld %s\n", p->path, (long long)p->part.number,
                (long long)p->part.count, p->sum);
    }
    const int failed = !first || !second;
    const int first_failed = first && fclose(first), second_failed = second && fclose(second);
    return failed || first_failed || second_failed
               ? dsep_out_of_memory(dsep_context_error(j->ctx), "the lines of parts")
               : DSEP_OK;
}

/* Moves an array into the state, which frees it. */
static int give(joining *j, const char *name, void **data, int64_t bytes) {
    void *own = *data;
    *data = NULL;
    return dsep_state_give(&j->made->state, name, 0, own, bytes, dsep_context_error(j->ctx));
}

/* Blocks that every part has in the same way change their owner. */
static void move_rest(joining *j) {
    dsep_state *from = &j->first.state, *to = &j->made->state;
    for (int i = 0; i < from->n_blocks; i++)
        if (!is_own(&j->made->shape, from->block[i].name)) {
            to->block[to->n_blocks++] = from->block[i];
            from->block[i].own = NULL;
        }
}

static int give_beside(joining *j) {
    int code = DSEP_OK;
    char *runs = NULL, *parts = NULL;
    double *seconds = dsep_array(1, sizeof *seconds);
    DSEP_TRY(seconds ? write_lines(j, &runs, &parts)
                     : dsep_out_of_memory(dsep_context_error(j->ctx), "the times of parts"));
    for (int64_t i = 0; i < j->n_parts; i++)
        *seconds += j->parts[i].seconds;
    DSEP_TRY(give(j, DSEP_RUNNING_RUNS, (void **)&runs, (int64_t)strlen(runs)));
    DSEP_TRY(give(j, DSEP_RUNNING_PARTS, (void **)&parts, (int64_t)strlen(parts)));
    DSEP_TRY(give(j, DSEP_RUNNING_SECONDS, (void **)&seconds, sizeof *seconds));
    DSEP_TRY(give(j, DSEP_RUNNING_SECTIONS, (void **)&j->sections,
                  j->n_sections * (int64_t)sizeof *j->sections));
cleanup:
    free(runs);
    free(parts);
    free(seconds);
    return code;
}

/* Not collective: the same on every rank. */
static int finish(joining *j) {
    int code = DSEP_OK;
    DSEP_TRY(check_all(j));
    qsort(j->parts, (size_t)j->n_parts, sizeof *j->parts, in_order);
    move_rest(j);
    DSEP_TRY(dsep_campaign_lend(&j->made->state, &j->made->shape, j->made->whole,
                                dsep_context_error(j->ctx)));
    DSEP_TRY(give_beside(j));
cleanup:
    return code;
}

static void release(joining *j, int64_t count) {
    for (int64_t i = 0; j->parts && i < count; i++)
        free(j->parts[i].runs);
    free(j->parts);
    free(j->owner);
    free(j->sections);
    dsep_checkpoint_clear(&j->first);
    dsep_checkpoint_clear(&j->now);
}

int dsep_part_join(dsep_context *ctx, char *const *paths, int64_t count, dsep_part_joined *made) {
    int code = DSEP_OK;
    joining j = {.ctx = ctx, .made = made, .parts = dsep_array(count, sizeof *j.parts)};
    *made = (dsep_part_joined){0};
    DSEP_AGREE(ctx, j.parts ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "parts"));
    for (int64_t i = 0; i < count; i++)
        DSEP_TRY(add_part(&j, paths[i]));
    DSEP_AGREE(ctx, finish(&j));
cleanup:
    release(&j, count);
    return code;
}

void dsep_part_joined_clear(dsep_part_joined *made) {
    free(made->key);
    free(made->words);
    free(made->folder);
    dsep_state_clear(&made->state);
    dsep_campaign_destroy(&made->whole);
    *made = (dsep_part_joined){0};
}
