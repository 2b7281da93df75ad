/* Tables that are to be refused, in the same words on every rank. */
#ifndef DSEP_TESTS_SUPPORT_REFUSAL_H
#define DSEP_TESTS_SUPPORT_REFUSAL_H

#include "io/table_read.h"

/* Whether every rank has the same text. Collective. */
int refusal_same_text(dsep_context *ctx, const char *text);

/* Passes where reading ends with this code, no table, and a message with this phrase. Collective.
 */
void refusal_of_table(dsep_context *ctx, const dsep_table_settings *settings, int code,
                      const char *phrase, const char *what);

#endif
