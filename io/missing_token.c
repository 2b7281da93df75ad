#include "io/missing_token.h"

#include "io/text_parse.h"
#include "mpi/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int64_t count_items(const char *list) {
    int64_t count = 1;
    for (; *list; list++)
        count += *list == ',';
    return count;
}

static void add_token(dsep_missing *missing, char *begin, char *end) {
    const dsep_text_style comma = {.separator = ','};
    begin = (char *)dsep_text_skip(comma, begin, end);
    end = (char *)dsep_text_trim(comma, begin, end);
    *end = 0;
    if (begin == end)
        return;
    missing->tokens[missing->n_tokens++] = begin;
    if (dsep_text_is_number(begin, end))
        dsep_text_number(begin, &missing->values[missing->n_values++]);
}

int dsep_missing_parse(const char *list, dsep_missing *missing, dsep_error *error) {
    const char *used = list ? list : "NA,NaN,nan";
    const int64_t items = count_items(used);
    *missing = (dsep_missing){.text = strdup(used),
                              .tokens = dsep_array(items, sizeof(char *)),
                              .values = dsep_array(items, sizeof(double))};
    if (!missing->text || !missing->tokens || !missing->values)
        return dsep_out_of_memory(error, "the list of missing tokens");
    char *at = missing->text;
    for (int64_t i = 0; i < items; i++) {
        char *end = at + strcspn(at, ",");
        char *next = end + 1;
        add_token(missing, at, end);
        at = next;
    }
    return DSEP_OK;
}

void dsep_missing_clear(dsep_missing *missing) {
    free(missing->text);
    free(missing->tokens);
    free(missing->values);
    *missing = (dsep_missing){0};
}

int dsep_missing_is(const dsep_missing *missing, const char *begin, const char *end) {
    const size_t length = (size_t)(end - begin);
    if (length == 0)
        return 1;
    for (int64_t i = 0; i < missing->n_tokens; i++)
        if (strlen(missing->tokens[i]) == length && memcmp(missing->tokens[i], begin, length) == 0)
            return 1;
    return 0;
}

void dsep_missing_replace(const dsep_missing *missing, double *values, int64_t count) {
    for (int64_t k = 0; k < missing->n_values; k++)
        for (int64_t i = 0; i < count; i++)
            values[i] = values[i] == missing->values[k] ? NAN : values[i];
}
