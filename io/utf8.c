#include "io/utf8.h"

#include <stdlib.h>
#include <string.h>

/* Shortest forms only, no surrogates, nothing above U+10FFFF. */
static int is_allowed(uint32_t point, int length) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    return point >= least[length] && point <= 0x10FFFF && !(point >= 0xD800 && point <= 0xDFFF);
}

int dsep_utf8_next(const char *text, uint32_t *point) {
    const unsigned char *at = (const unsigned char *)text;
    const int length = *at < 0x80             ? 1
                       : (*at & 0xE0) == 0xC0 ? 2
                       : (*at & 0xF0) == 0xE0 ? 3
                       : (*at & 0xF8) == 0xF0 ? 4
                                              : 0;
    if (*at == 0 || length == 0)
        return 0;
    *point = length == 1 ? *at : *at & (0xFFu >> (length + 1));
    for (int i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        *point = *point << 6 | (at[i] & 0x3Fu);
    }
    return is_allowed(*point, length) ? length : 0;
}

char *dsep_utf8_copy(const char *text) {
    char *copy = strdup(text);
    for (char *at = copy; at && *at;) {
        uint32_t point;
        const int length = dsep_utf8_next(at, &point);
        if (length == 0)
            *at = '?';
        at += length ? length : 1;
    }
    return copy;
}
