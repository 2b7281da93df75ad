#include "mpi/json_text.h"

#include <stdint.h>

/* Bytes of the UTF-8 letter that starts here, 0 where none does. */
static int letter_length(const unsigned char *c) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const int length = c[0] < 0x80       ? 1
                       : c[0] >> 5 == 6  ? 2
                       : c[0] >> 4 == 14 ? 3
                       : c[0] >> 3 == 30 ? 4
                                         : 0;
    uint32_t letter = length > 1 ? c[0] & (0x7f >> length) : c[0];
    for (int i = 1; i < length; i++) {
        if (c[i] >> 6 != 2)
            return 0;
        letter = letter << 6 | (c[i] & 0x3f);
    }
    return letter < least[length] || letter > 0x10ffff || letter >> 11 == 27 ? 0 : length;
}

void dsep_json_text(FILE *file, const char *text) {
    fputc('"', file);
    for (const unsigned char *c = (const unsigned char *)text; *c;) {
        const int length = letter_length(c);
        if (length == 0)
            fputs("\\ufffd", file);
        else if (*c == '"' || *c == '\\')
            fprintf(file, "\\%c", *c);
        else if (*c < 0x20)
            fprintf(file, "\\u%04x", *c);
        else
            fwrite(c, 1, (size_t)length, file);
        c += length ? length : 1;
    }
    fputc('"', file);
}
