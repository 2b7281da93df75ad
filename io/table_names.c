#include "io/table_names.h"

#include "io/text_parse.h"
#include "io/utf8.h"
#include "mpi/exchange.h"
#include "mpi/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LISTED_MAX = 10, SHOWN_MAX = 48 };

int dsep_name_block_add(dsep_name_block *block, const char *begin, const char *end,
                        dsep_error *error) {
    const int64_t length = end - begin;
    const int code = dsep_array_reserve((void **)&block->text, &block->capacity,
                                        block->bytes + length + 1, 1, error);
    if (code)
        return code;
    if (length > 0)
        memcpy(block->text + block->bytes, begin, (size_t)length);
    block->text[block->bytes + length] = 0;
    block->bytes += length + 1;
    return DSEP_OK;
}

void dsep_name_block_clear(dsep_name_block *block) {
    free(block->text);
    *block = (dsep_name_block){0};
}

int dsep_names_unpack(const char *text, int64_t bytes, int64_t count, char ***names,
                      dsep_error *error) {
    char **made = dsep_array(count, sizeof *made);
    const char *at = text, *end = text + bytes;
    int64_t done = 0;
    *names = NULL;
    while (made && done < count && at < end && (made[done] = strdup(at))) {
        at += strlen(at) + 1;
        done++;
    }
    if (made && done == count && at == end) {
        *names = made;
        return DSEP_OK;
    }
    dsep_names_free(&made, count);
    return at < end ? dsep_out_of_memory(error, "column names")
                    : dsep_error_set(error, DSEP_ERROR_INTERNAL, "column names went astray");
}

int dsep_names_numbered(int64_t count, char ***names, dsep_error *error) {
    char **made = dsep_array(count, sizeof *made);
    char name[32];
    int complete = made != NULL;
    for (int64_t j = 0; complete && j < count; j++) {
        snprintf(name, sizeof name, "V%" PRId64, j + 1);
        complete = (made[j] = strdup(name)) != NULL;
    }
    if (!complete)
        dsep_names_free(&made, count);
    *names = made;
    return complete ? DSEP_OK : dsep_out_of_memory(error, "column names");
}

void dsep_names_free(char ***names, int64_t count) {
    if (!names || !*names)
        return;
    for (int64_t j = 0; j < count; j++)
        free((*names)[j]);
    free(*names);
    *names = NULL;
}

int dsep_names_share(dsep_context *ctx, const dsep_name_block *block, int64_t count,
                     char ***names) {
    int code = DSEP_OK;
    char *copy = NULL;
    int64_t bytes = dsep_rank(ctx) == 0 ? block->bytes : 0;
    *names = NULL;
    dsep_broadcast(ctx, &bytes, sizeof bytes, 0);
    if (bytes == 0 && count > 0) {
        DSEP_AGREE(ctx, dsep_names_numbered(count, names, dsep_context_error(ctx)));
        return DSEP_OK;
    }
    copy = dsep_array(bytes, 1);
    DSEP_AGREE(ctx, copy ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "column names"));
    if (dsep_rank(ctx) == 0)
        memcpy(copy, block->text, (size_t)bytes);
    dsep_broadcast(ctx, copy, bytes, 0);
    DSEP_AGREE(ctx, dsep_names_unpack(copy, bytes, count, names, dsep_context_error(ctx)));
cleanup:
    free(copy);
    if (code)
        dsep_names_free(names, count);
    return code;
}

int dsep_name_is_utf8(const char *text) {
    uint32_t point = 0;
    int length = 1;
    for (; *text && length; text += length)
        length = dsep_utf8_next(text, &point);
    return length > 0;
}

typedef struct {
    const char *name;
    int64_t position;
} placed_name;

static int by_name(const void *a, const void *b) {
    const placed_name *x = a, *y = b;
    const int order = strcmp(x->name, y->name);
    return order ? order : (x->position > y->position) - (x->position < y->position);
}

/* The pair of equal names whose second stands first in the table. */
static int64_t find_twins(const placed_name *sorted, int64_t count) {
    int64_t found = -1;
    for (int64_t i = 1; i < count; i++)
        if (strcmp(sorted[i - 1].name, sorted[i].name) == 0 &&
            (found < 0 || sorted[i].position < sorted[found].position))
            found = i;
    return found;
}

static int check_twins(const char *path, char *const *names, const int64_t *chosen, int64_t count,
                       dsep_error *error) {
    placed_name *sorted = dsep_array(count, sizeof *sorted);
    if (!sorted)
        return dsep_out_of_memory(error, "column names");
    for (int64_t i = 0; i < count; i++)
        sorted[i] = (placed_name){names[chosen[i]], chosen[i] + 1};
    qsort(sorted, (size_t)count, sizeof *sorted, by_name);
    const int64_t twin = find_twins(sorted, count);
    int code = DSEP_OK;
    if (twin > 0) {
        char shown[SHOWN_MAX];
        const char *name = sorted[twin].name;
        const int64_t second = sorted[twin].position;
        dsep_text_excerpt(name, name + strlen(name), shown, sizeof shown);
        code = dsep_error_set(
            error, DSEP_ERROR_DATA,
            "%s: columns %" PRId64 " and %" PRId64
            " have the same name '%s', expected a name of its own for every column; rename one in "
            "the header, or leave it out with --drop %" PRId64,
            path, sorted[twin - 1].position, second, shown, second);
    }
    free(sorted);
    return code;
}

int dsep_names_check(const char *path, char *const *names, const int64_t *chosen, int64_t count,
                     dsep_error *error) {
    for (int64_t i = 0; i < count; i++) {
        const int64_t position = chosen[i] + 1;
        if (!*names[chosen[i]])
            return dsep_error_set(error, DSEP_ERROR_DATA,
                                  "%s: column %" PRId64
                                  " has an empty name, expected a name in the header; name it, or "
                                  "leave it out with --drop %" PRId64,
                                  path, position, position);
        if (!dsep_name_is_utf8(names[chosen[i]]))
            return dsep_error_set(error, DSEP_ERROR_DATA,
                                  "%s: the name of column %" PRId64
                                  " is not UTF-8; convert the file, for example with iconv -f "
                                  "LATIN1 -t UTF-8",
                                  path, position);
    }
    return check_twins(path, names, chosen, count, error);
}

void dsep_names_list(char *const *names, const int64_t *which, int64_t count, char *buffer,
                     int64_t room) {
    int64_t used = 0;
    *buffer = 0;
    for (int64_t i = 0; i < count && i < LISTED_MAX && used < room; i++) {
        char shown[SHOWN_MAX];
        const char *name = names[which[i]];
        dsep_text_excerpt(name, name + strlen(name), shown, sizeof shown);
        used += snprintf(buffer + used, (size_t)(room - used), "%s%s", i ? ", " : "", shown);
    }
    if (count > LISTED_MAX && used < room)
        snprintf(buffer + used, (size_t)(room - used), " and %" PRId64 " more", count - LISTED_MAX);
}
