#include "io/checkpoint.h"

#include "io/checkpoint_file.h"
#include "io/replace_file.h"
#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "mpi/fault.h"
#include "mpi/layout.h"
#include "mpi/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The stream begins with lengths of its parts. */
typedef struct {
    int64_t key, n_blocks;
} sizes;

typedef struct {
    char name[DSEP_STATE_NAME];
    int64_t record, bytes;
} entry;

/* The names of the files beside PATH. */
typedef struct {
    char *temporary, *old;
} names;

static char *old_name(const char *path) {
    const size_t size = strlen(path) + sizeof ".old";
    char *old = malloc(size);
    if (old)
        snprintf(old, size, "%s.old", path);
    return old;
}

/* Collective. */
static int make_names(dsep_context *ctx, const char *path, names *n) {
    int code = DSEP_OK;
    n->old = old_name(path);
    DSEP_AGREE(ctx, n->old ? DSEP_OK
                           : dsep_out_of_memory(dsep_context_error(ctx), "the name of a file"));
    code = dsep_replace_begin(ctx, path, &n->temporary);
cleanup:
    return code;
}

/* --- writing --------------------------------------------------------------------------------- */

typedef struct {
    dsep_context *ctx;
    dsep_checkpoint_file *file;
} sink;

static int take(const void *piece, int64_t bytes, void *data) {
    const sink *to = data;
    return dsep_checkpoint_file_put(to->file, piece, bytes, dsep_context_error(to->ctx));
}

/* What stands before the blocks' bytes. totals: [n_blocks] bytes on all ranks. */
static int put_head(sink *to, const char *key, const dsep_state *state, const int64_t *totals) {
    int code = DSEP_OK;
    const sizes s = {(int64_t)strlen(key), state->n_blocks};
    DSEP_TRY(take(&s, sizeof s, to));
    for (int i = 0; i < state->n_blocks; i++) {
        entry e = {.record = state->block[i].record, .bytes = totals[i]};
        memcpy(e.name, state->block[i].name, sizeof e.name);
        DSEP_TRY(take(&e, sizeof e, to));
    }
    code = take(key, s.key, to);
cleanup:
    return code;
}

static int put_blocks(dsep_context *ctx, sink *to, const char *key, const dsep_state *state) {
    int code = DSEP_OK;
    const int first = dsep_rank(ctx) == 0;
    int64_t totals[DSEP_STATE_BLOCKS];
    for (int i = 0; i < state->n_blocks; i++)
        totals[i] = state->block[i].record > 0 || first ? state->block[i].bytes : 0;
    dsep_sum_i64(ctx, totals, state->n_blocks);
    int mine = first ? put_head(to, key, state, totals) : DSEP_OK;
    if (!mine)
        mine = dsep_fault(ctx, "checkpoint-write");
    DSEP_AGREE(ctx, mine);
    for (int i = 0; i < state->n_blocks; i++) {
        const dsep_state_block *block = &state->block[i];
        DSEP_TRY(dsep_collect(ctx, block->data, block->record > 0 || first ? block->bytes : 0, take,
                              to));
    }
cleanup:
    return code;
}

static int is_whole(const char *path) {
    char why[128];
    dsep_checkpoint_file *file = NULL;
    const int whole = dsep_checkpoint_file_open(path, &file, why, sizeof why);
    dsep_checkpoint_file_close(&file);
    return whole == DSEP_CHECKPOINT_WHOLE;
}

/* Between the two renames the old one alone is there, which is enough. A PATH that is not whole
 * must not take the place of a PATH.old that may be. */
static int rename_both(dsep_context *ctx, const char *path, const names *n) {
    const int keep = is_whole(path);
    if (keep && rename(path, n->old))
        return dsep_fail(ctx, DSEP_ERROR_IO, "cannot rename '%s' to '%s': %m", path, n->old);
    int code = dsep_fault(ctx, "checkpoint-rename-2");
    if (!code && rename(n->temporary, path))
        code = dsep_fail(ctx, DSEP_ERROR_IO, "cannot rename '%s' to '%s': %m", n->temporary, path);
    if (code && keep)
        (void)!rename(n->old, path);
    dsep_replace_flush_folder(path);
    return code;
}

int dsep_checkpoint_write(dsep_context *ctx, const char *path, const char *key,
                          const dsep_state *state) {
    int code = DSEP_OK;
    const int first = dsep_rank(ctx) == 0;
    names n = {0};
    sink to = {.ctx = ctx};
    dsep_error *error = dsep_context_error(ctx);
    DSEP_TRY(make_names(ctx, path, &n));
    int mine = dsep_fault(ctx, "checkpoint-open");
    if (!mine && first)
        mine = dsep_checkpoint_file_create(n.temporary, error, &to.file);
    DSEP_AGREE(ctx, mine);
    DSEP_TRY(put_blocks(ctx, &to, key, state));
    mine = dsep_fault(ctx, "checkpoint-sync");
    if (!mine && first)
        mine = dsep_checkpoint_file_finish(&to.file, error);
    DSEP_AGREE(ctx, mine);
    DSEP_AGREE(ctx, dsep_fault(ctx, "checkpoint-rename"));
    DSEP_AGREE(ctx, first ? rename_both(ctx, path, &n) : DSEP_OK);
cleanup:
    dsep_checkpoint_file_close(&to.file);
    if (code && first && n.temporary)
        unlink(n.temporary);
    free(n.temporary);
    free(n.old);
    return code;
}

void dsep_checkpoint_remove(dsep_context *ctx, const char *path) {
    char *old = dsep_rank(ctx) == 0 ? old_name(path) : NULL;
    if (old) {
        dsep_replace_clear(path);
        unlink(old);
        unlink(path);
        dsep_replace_flush_folder(path);
    }
    free(old);
    dsep_barrier(ctx);
}

/* --- reading --------------------------------------------------------------------------------- */

/* What rank 0 has found, as it tells it to the others. */
typedef struct {
    int condition; /* dsep_checkpoint_condition */
    char why[256]; /* goes on from the file's name */
    char moment[32];
    sizes s;
    entry blocks[DSEP_STATE_BLOCKS];
} table_of_contents;

typedef struct {
    dsep_context *ctx;
    dsep_checkpoint_file *file;
} source;

static int give(void *piece, int64_t bytes, void *data) {
    const source *from = data;
    return dsep_checkpoint_file_get(from->file, piece, bytes, dsep_context_error(from->ctx));
}

static int entry_is_sound(const entry *e, int64_t left) {
    return memchr(e->name, '\0', sizeof e->name) && e->record >= 0 && e->bytes >= 0 &&
           e->bytes <= left && (e->record == 0 || e->bytes % e->record == 0);
}

/* Lengths that add up to what the stream holds. */
static int get_contents(source *from, table_of_contents *t) {
    int code = DSEP_OK;
    DSEP_TRY(give(&t->s, sizeof t->s, from));
    if (t->s.n_blocks < 0 || t->s.n_blocks > DSEP_STATE_BLOCKS)
        return DSEP_ERROR_DATA;
    DSEP_TRY(give(t->blocks, t->s.n_blocks * (int64_t)sizeof *t->blocks, from));
    int64_t left = dsep_checkpoint_file_left(from->file) - t->s.key;
    if (t->s.key < 0 || left < 0)
        return DSEP_ERROR_DATA;
    for (int i = 0; i < t->s.n_blocks; i++) {
        if (!entry_is_sound(&t->blocks[i], left))
            return DSEP_ERROR_DATA;
        left -= t->blocks[i].bytes;
    }
    return left == 0 ? DSEP_OK : DSEP_ERROR_DATA;
cleanup:
    return code;
}

static void look_at(const char *path, source *from, table_of_contents *t) {
    t->condition = dsep_checkpoint_file_open(path, &from->file, t->why, sizeof t->why);
    if (t->condition != DSEP_CHECKPOINT_WHOLE)
        return;
    dsep_clock_date(dsep_checkpoint_file_moment(from->file), t->moment);
    if (get_contents(from, t) == DSEP_OK)
        return;
    t->condition = DSEP_CHECKPOINT_UNUSABLE;
    snprintf(t->why, sizeof t->why, "is damaged (contents)");
}

static int get_block(dsep_context *ctx, source *from, const entry *e, dsep_state *state) {
    int code = DSEP_OK;
    const int64_t count = e->record > 0 ? e->bytes / e->record : 0;
    const int64_t mine = dsep_layout_block(count, dsep_size(ctx), dsep_rank(ctx)).count;
    const int64_t bytes = e->record > 0 ? mine * e->record : e->bytes;
    void *data = dsep_array(bytes, 1);
    DSEP_AGREE(ctx, data ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a checkpoint"));
    if (e->record > 0) {
        DSEP_TRY(dsep_deal(ctx, count, e->record, data, give, from));
    } else {
        DSEP_AGREE(ctx, dsep_rank(ctx) == 0 ? give(data, bytes, from) : DSEP_OK);
        dsep_broadcast(ctx, data, bytes, 0);
    }
    code = dsep_state_give(state, e->name, e->record, data, bytes, dsep_context_error(ctx));
    data = NULL;
cleanup:
    free(data);
    return code;
}

static int get_key(dsep_context *ctx, source *from, int64_t bytes, char **key) {
    int code = DSEP_OK;
    *key = dsep_array(bytes + 1, 1);
    DSEP_AGREE(ctx, *key ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a checkpoint"));
    DSEP_AGREE(ctx, dsep_rank(ctx) == 0 ? give(*key, bytes, from) : DSEP_OK);
    dsep_broadcast(ctx, *key, bytes, 0);
cleanup:
    return code;
}

/* Reads one file. With DSEP_OK t->condition says whether it was whole; else memory was short. */
static int read_file(dsep_context *ctx, const char *path, int fault, dsep_checkpoint *checkpoint,
                     table_of_contents *t) {
    int code = DSEP_OK;
    source from = {.ctx = ctx};
    *t = (table_of_contents){0};
    DSEP_TRY(dsep_agree(ctx, fault));
    if (dsep_rank(ctx) == 0)
        look_at(path, &from, t);
    dsep_broadcast(ctx, t, sizeof *t, 0);
    if (t->condition != DSEP_CHECKPOINT_WHOLE)
        goto cleanup;
    DSEP_TRY(get_key(ctx, &from, t->s.key, &checkpoint->key));
    for (int i = 0; i < t->s.n_blocks; i++)
        DSEP_TRY(get_block(ctx, &from, &t->blocks[i], &checkpoint->state));
    memcpy(checkpoint->moment, t->moment, sizeof checkpoint->moment);
    checkpoint->file = strdup(path);
    DSEP_AGREE(ctx, checkpoint->file ? DSEP_OK
                                     : dsep_out_of_memory(dsep_context_error(ctx), "a checkpoint"));
cleanup:
    dsep_checkpoint_file_close(&from.file);
    if (!code)
        return DSEP_OK;
    dsep_checkpoint_clear(checkpoint);
    if (code == DSEP_ERROR_RESOURCES)
        return code;
    t->condition = code == DSEP_ERROR_IO ? DSEP_CHECKPOINT_UNREADABLE : DSEP_CHECKPOINT_UNUSABLE;
    const char *why = dsep_context_error(ctx)->text;
    snprintf(t->why, sizeof t->why, "%.200s", code == DSEP_ERROR_INTERNAL ? "is damaged" : why);
    return DSEP_OK;
}

static void note(dsep_checkpoint *checkpoint, const char *path, const char *why) {
    const size_t used = strlen(checkpoint->notes);
    snprintf(checkpoint->notes + used, sizeof checkpoint->notes - used, "%s'%.500s' %s",
             used ? "; " : "", path, why);
}

int dsep_checkpoint_read(dsep_context *ctx, const char *path, dsep_checkpoint *checkpoint) {
    int code = DSEP_OK;
    char *old_path = old_name(path);
    table_of_contents newest, old;
    *checkpoint = (dsep_checkpoint){0};
    DSEP_AGREE(ctx, old_path ? DSEP_OK
                             : dsep_out_of_memory(dsep_context_error(ctx), "the name of a file"));
    DSEP_TRY(read_file(ctx, path, dsep_fault(ctx, "checkpoint-read"), checkpoint, &newest));
    if (checkpoint->file)
        goto cleanup;
    DSEP_TRY(read_file(ctx, old_path, DSEP_OK, checkpoint, &old));
    const int absent = old.condition == DSEP_CHECKPOINT_ABSENT;
    if (newest.condition != DSEP_CHECKPOINT_ABSENT || !absent)
        note(checkpoint, path, newest.why);
    if (checkpoint->file) {
        char used[128];
        snprintf(used, sizeof used, "of %s is used", checkpoint->moment);
        note(checkpoint, old_path, used);
    } else if (!absent) {
        note(checkpoint, old_path, old.why);
    }
    if (!checkpoint->file && (newest.condition == DSEP_CHECKPOINT_UNREADABLE ||
                              old.condition == DSEP_CHECKPOINT_UNREADABLE))
        code = dsep_fail(ctx, DSEP_ERROR_IO, "the checkpoint %s", checkpoint->notes);
cleanup:
    free(old_path);
    return code;
}

void dsep_checkpoint_clear(dsep_checkpoint *checkpoint) {
    free(checkpoint->file);
    free(checkpoint->key);
    dsep_state_clear(&checkpoint->state);
    *checkpoint = (dsep_checkpoint){0};
}
