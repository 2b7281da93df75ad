#include "mpi/table.h"

#include "mpi/exchange.h"
#include "mpi/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

int dsep_table_create(dsep_context *ctx, int64_t n_samples, int64_t n_variables,
                      dsep_table **table) {
    int code = DSEP_OK, mine = DSEP_OK;
    *table = NULL;
    dsep_table *made = calloc(1, sizeof *made);
    if (made) {
        made->n_samples = n_samples;
        made->n_variables = n_variables;
        made->mine = dsep_layout_block(n_variables, dsep_size(ctx), dsep_rank(ctx));
        const int64_t cells = dsep_bytes(n_samples, made->mine.count, 1);
        made->values = cells < 0 ? NULL : dsep_array(cells, sizeof *made->values);
        made->names = dsep_array(n_variables, sizeof *made->names);
        made->n_missing = dsep_array(n_variables, sizeof *made->n_missing);
        made->notes = strdup("");
    }
    if (!made || !made->values || !made->names || !made->n_missing || !made->notes)
        mine = dsep_out_of_memory(dsep_context_error(ctx), "the table");
    DSEP_AGREE(ctx, mine);
    *table = made;
    made = NULL;
cleanup:
    dsep_table_destroy(&made);
    return code;
}

void dsep_table_destroy(dsep_table **table) {
    if (!table || !*table)
        return;
    if ((*table)->names)
        for (int64_t j = 0; j < (*table)->n_variables; j++)
            free((*table)->names[j]);
    for (int64_t e = 0; e < (*table)->n_environments; e++)
        free((*table)->environment_names[e]);
    free((*table)->environment_names);
    free((*table)->environment);
    free((*table)->names);
    free((*table)->values);
    free((*table)->n_missing);
    free((*table)->source);
    free((*table)->notes);
    free(*table);
    *table = NULL;
}

int dsep_table_note(dsep_table *table, dsep_error *error, const char *format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    const size_t before = strlen(table->notes), more = strlen(line);
    char *grown = realloc(table->notes, before + more + 2);
    if (!grown)
        return dsep_out_of_memory(error, "a note");
    snprintf(grown + before, more + 2, "%s\n", line);
    table->notes = grown;
    return DSEP_OK;
}

static void hash_environments(XXH64_state_t *state, const dsep_table *table) {
    XXH64_update(state, table->environment, (size_t)table->n_samples * sizeof *table->environment);
    for (int64_t e = 0; e < table->n_environments; e++)
        XXH64_update(state, table->environment_names[e], strlen(table->environment_names[e]) + 1);
}

/* A hash of each column, then a hash of the hashes: nothing depends on who owns what. */
int dsep_table_checksum(dsep_context *ctx, dsep_table *table) {
    int code = DSEP_OK;
    const int64_t shape[2] = {table->n_samples, table->n_variables};
    uint64_t *mine = dsep_array(table->mine.count, sizeof *mine), *all = NULL;
    int64_t bytes = 0;
    XXH64_state_t *state = XXH64_createState();
    DSEP_AGREE(ctx,
               mine && state ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a checksum"));
    for (int64_t j = 0; j < table->mine.count; j++)
        mine[j] = XXH64(table->values + j * table->n_samples,
                        (size_t)table->n_samples * sizeof(double), 0);
    DSEP_TRY(dsep_gather_all(ctx, mine, table->mine.count * (int64_t)sizeof *mine, (void **)&all,
                             &bytes));
    XXH64_reset(state, 0);
    XXH64_update(state, shape, sizeof shape);
    for (int64_t j = 0; j < table->n_variables; j++)
        XXH64_update(state, table->names[j], strlen(table->names[j]) + 1);
    XXH64_update(state, all, (size_t)bytes);
    if (table->environment)
        hash_environments(state, table);
    snprintf(table->checksum, sizeof table->checksum, "%016llx",
             (unsigned long long)XXH64_digest(state));
cleanup:
    XXH64_freeState(state);
    free(mine);
    free(all);
    return code;
}
