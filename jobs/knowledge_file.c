#include "jobs/knowledge_file.h"

#include "io/name_index.h"
#include "mpi/exchange.h"
#include "mpi/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE = 1 << 28 };

typedef enum { NOWHERE, TIERS, FORBIDDEN, REQUIRED } section;

typedef struct {
    const char *path;
    const dsep_table *table;
    dsep_name_index *names;
    dsep_knowledge *knowledge;
    section section;
    int line;
    dsep_error *error;
} reader;

/* --- words ----------------------------------------------------------------------------------- */

static int is_gap(char c) {
    return c == ',' || c == ' ' || c == '\t' || c == '\r';
}

/* Cuts the next word out of *at in place and moves on; NULL at the end of the line. */
static char *next_word(char **at) {
    while (is_gap(**at))
        ++*at;
    if (**at == '\0' || **at == '#')
        return NULL;
    const int quoted = **at == '"';
    char *word = *at += quoted;
    while (**at && (quoted ? **at != '"' : !is_gap(**at)))
        ++*at;
    if (**at)
        *(*at)++ = '\0';
    return word;
}

static int complain(const reader *r, const char *what, const char *word) {
    return dsep_error_set(r->error, DSEP_ERROR_DATA, "%s:%d: %s '%.200s'", r->path, r->line, what,
                          word);
}

static int variable_of(const reader *r, const char *word, int64_t *variable) {
    *variable = dsep_name_index_find(r->names, word, (int64_t)strlen(word));
    return *variable < 0 ? complain(r, "the table has no variable", word) : DSEP_OK;
}

/* --- lines ----------------------------------------------------------------------------------- */

static int read_tier(reader *r, char *word, char *rest) {
    int code = DSEP_OK;
    char *end = NULL;
    const long tier = strtol(word, &end, 10);
    const int closed = *end == '*';
    if (end == word || end[closed] || tier < 0 || tier > 1000000)
        return complain(r, "expected the number of a tier, perhaps with *, found", word);
    for (char *name; (name = next_word(&rest));) {
        int64_t variable = 0;
        DSEP_TRY(variable_of(r, name, &variable));
        if (r->knowledge->tier[variable] >= 0)
            return complain(r, "a variable can be in one tier only:", name);
        r->knowledge->tier[variable] = (int32_t)tier;
        r->knowledge->closed[variable] = (uint8_t)closed;
    }
cleanup:
    return code;
}

static int read_arc(reader *r, char *word, char *rest) {
    int code = DSEP_OK;
    int64_t from = 0, to = 0;
    char *second = next_word(&rest);
    if (second && strcmp(second, "-->") == 0)
        second = next_word(&rest);
    if (!second)
        return complain(r, "expected two names, found only", word);
    char *third = next_word(&rest);
    if (third)
        return complain(r, "expected two names; quote names with blanks. Found a third:", third);
    DSEP_TRY(variable_of(r, word, &from));
    DSEP_TRY(variable_of(r, second, &to));
    if (from == to)
        return complain(r, "an edge needs two different variables, found twice", word);
    code = r->section == REQUIRED ? dsep_knowledge_require(r->knowledge, from, to, r->error)
                                  : dsep_knowledge_forbid(r->knowledge, from, to, r->error);
cleanup:
    return code;
}

/* Whether a quote that was opened before any comment stays open. */
static int quote_is_open(const char *line) {
    int open = 0;
    for (; *line && (open || *line != '#'); line++)
        open ^= *line == '"';
    return open;
}

static int read_line(reader *r, char *line) {
    static const struct {
        const char *word;
        section section;
    } sections[] = {{"/knowledge", NOWHERE},
                    {"addtemporal", TIERS},
                    {"forbiddirect", FORBIDDEN},
                    {"requiredirect", REQUIRED}};
    if (quote_is_open(line))
        return complain(r, "a quote is not closed:", line);
    char *word = next_word(&line);
    if (!word)
        return DSEP_OK;
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (strcmp(word, sections[i].word) == 0) {
            r->section = sections[i].section;
            return DSEP_OK;
        }
    if (r->section == NOWHERE)
        return complain(r, "expected addtemporal, forbiddirect or requiredirect, found", word);
    return r->section == TIERS ? read_tier(r, word, line) : read_arc(r, word, line);
}

static int settle(const reader *r) {
    dsep_error found;
    const int code = dsep_knowledge_settle(r->knowledge, r->table->names, &found);
    return code ? dsep_error_set(r->error, code, "%s: %s", r->path, found.text) : DSEP_OK;
}

static int parse(reader *r, char *text, int64_t bytes) {
    int code = DSEP_OK;
    if ((int64_t)strlen(text) + 1 != bytes)
        return dsep_error_set(r->error, DSEP_ERROR_DATA,
                              "%s: a zero byte stands in it; this is no text file", r->path);
    DSEP_TRY(dsep_name_index_create(r->table->names, r->table->n_variables, r->error, &r->names));
    DSEP_TRY(dsep_knowledge_create(r->table->n_variables, r->error, &r->knowledge));
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        r->line++;
        DSEP_TRY(read_line(r, line));
    }
    DSEP_TRY(settle(r));
cleanup:
    dsep_name_index_destroy(&r->names);
    return code;
}

/* --- the file -------------------------------------------------------------------------------- */

static int slurp(const char *path, char **text, int64_t *bytes, dsep_error *error) {
    FILE *file = fopen(path, "rb");
    size_t room = 1 << 16, length = 0;
    *text = malloc(room);
    while (file && *text && length < MAX_FILE) {
        const size_t got = fread(*text + length, 1, room - length - 1, file);
        length += got;
        if (got == 0)
            break;
        if (length + 1 == room) {
            char *grown = realloc(*text, room *= 2);
            if (!grown)
                free(*text);
            *text = grown;
        }
    }
    const int failed = !file || !*text || ferror(file) || length >= MAX_FILE;
    if (file)
        fclose(file);
    if (failed)
        return dsep_error_set(error, DSEP_ERROR_IO, "cannot read the knowledge file '%s': %m",
                              path);
    (*text)[length] = '\0';
    *bytes = (int64_t)length + 1;
    return DSEP_OK;
}

int dsep_knowledge_file_read(dsep_context *ctx, const char *path, const dsep_table *table,
                             dsep_knowledge **knowledge) {
    int code = DSEP_OK, mine = dsep_fault(ctx, "knowledge-read");
    char *text = NULL;
    int64_t bytes = 0;
    *knowledge = NULL;
    if (!mine && dsep_rank(ctx) == 0)
        mine = slurp(path, &text, &bytes, dsep_context_error(ctx));
    DSEP_AGREE(ctx, mine);
    DSEP_TRY(dsep_broadcast_block(ctx, (void **)&text, &bytes, 0));
    reader r = {.path = path, .table = table, .error = dsep_context_error(ctx)};
    mine = parse(&r, text, bytes);
    *knowledge = r.knowledge;
    DSEP_AGREE(ctx, mine);
cleanup:
    if (code)
        dsep_knowledge_destroy(knowledge);
    free(text);
    return code;
}

/* --- in results ------------------------------------------------------------------------------ */

void dsep_knowledge_result_write(dsep_h5write *file, const char *path,
                                 dsep_certificate certificate) {
    const char *at = "/knowledge";
    dsep_h5write_attribute_text(file, at, "file", path);
    dsep_h5write_attribute_integer(file, at, "required", certificate.required);
    dsep_h5write_attribute_integer(file, at, "forbidden", certificate.forbidden);
    dsep_h5write_attribute_integer(file, at, "in_tiers", certificate.tiers);
    dsep_h5write_attribute_integer(file, at, "violations", certificate.violations);
    dsep_h5write_attribute_text(file, at, "certificate",
                                certificate.violations ? "violated" : "every constraint holds");
}
