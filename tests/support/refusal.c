#include "tests/support/refusal.h"

#include "mpi/exchange.h"
#include "tests/support/tap.h"

#include <stdio.h>
#include <string.h>

int refusal_same_text(dsep_context *ctx, const char *text) {
    char first[2048] = "";
    snprintf(first, sizeof first, "%s", text);
    dsep_broadcast(ctx, first, sizeof first, 0);
    return strcmp(first, text) == 0;
}

void refusal_of_table(dsep_context *ctx, const dsep_table_settings *settings, int code,
                      const char *phrase, const char *what) {
    dsep_table *table = NULL;
    const int got = dsep_table_read(ctx, settings, &table);
    const char *text = dsep_context_error(ctx)->text;
    const int same = refusal_same_text(ctx, text);
    const int good = got == code && !table && strstr(text, phrase) && same;
    if (!good)
        tap_note("code %d, expected %d '%s': %s", got, code, phrase, got ? text : "none");
    tap_ok(good, "%s", what);
    dsep_table_destroy(&table);
}
