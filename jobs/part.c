#include "jobs/part.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A whole number without sign or blanks; -1 for anything else. */
static int64_t parse_number(const char *text, char end, const char **rest) {
    char *last = NULL;
    if (!isdigit((unsigned char)*text) || strspn(text, "0123456789") > 9)
        return -1;
    const int64_t number = strtoll(text, &last, 10);
    *rest = last + 1;
    return *last == end ? number : -1;
}

int dsep_part_parse(const char *text, dsep_error *error, dsep_part *part) {
    const char *rest = text;
    *part = (dsep_part){0};
    if (!text)
        return DSEP_OK;
    const int64_t number = parse_number(text, '/', &rest);
    const int64_t count = number > 0 ? parse_number(rest, '\0', &rest) : -1;
    if (number < 1 || count < number || count > DSEP_PART_MOST)
        return dsep_error_set(
            error, DSEP_ERROR_USAGE,
            "--part %s: expected K/N such as 3/8, the third of eight parts, with K "
            "from 1 to N and N up to %d",
            text, DSEP_PART_MOST);
    *part = (dsep_part){number, count};
    return DSEP_OK;
}

int dsep_part_has(dsep_part part, int64_t unit) {
    return part.count == 0 || unit % part.count == part.number - 1;
}

int64_t dsep_part_units(dsep_part part, int64_t n_units) {
    if (part.count == 0)
        return n_units;
    return n_units < part.number ? 0 : (n_units - part.number) / part.count + 1;
}

int dsep_part_same(dsep_part a, dsep_part b) {
    return a.number == b.number && a.count == b.count;
}

char *dsep_part_path(const char *output, dsep_part part) {
    char *path = NULL;
    if (part.count == 0)
        return strdup(output);
    return asprintf(&path, "%s.part-%lld-of-%lld", output, (long long)part.number,
                    (long long)part.count) < 0
               ? NULL
               : path;
}
