#include "io/text_escape.h"

#include "io/edge_csv_write.h"
#include "io/utf8.h"

#include <math.h>

void dsep_print_xml(FILE *file, const char *text) {
    for (const char *c = text; *c; c++)
        switch (*c) {
        case '&':
            fputs("&amp;", file);
            break;
        case '<':
            fputs("&lt;", file);
            break;
        case '>':
            fputs("&gt;", file);
            break;
        case '"':
            fputs("&quot;", file);
            break;
        case '\t':
        case '\n':
        case '\r': /* a reader would turn them into blanks */
            fprintf(file, "&#%d;", *c);
            break;
        default:
            if ((unsigned char)*c < 0x20)
                fputs("\xEF\xBF\xBD", file);
            else
                fputc(*c, file);
        }
}

void dsep_print_json(FILE *file, const char *text) {
    fputc('"', file);
    for (const char *c = text; *c; c++)
        if (*c == '"' || *c == '\\')
            fprintf(file, "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            fprintf(file, "\\u%04x", *c);
        else
            fputc(*c, file);
    fputc('"', file);
}

void dsep_print_json_number(FILE *file, double value) {
    char text[32];
    if (isfinite(value))
        dsep_csv_format_number(value, text);
    fputs(isfinite(value) ? text : "null", file);
}

void dsep_print_gml(FILE *file, const char *text) {
    fputc('"', file);
    while (*text) {
        uint32_t point = 0;
        const int length = dsep_utf8_next(text, &point);
        if (length == 0)
            fputc('?', file);
        else if (point == '&' || point == '"' || point < 0x20 || point > 0x7E)
            fprintf(file, "&#%u;", (unsigned)point);
        else
            fputc((int)point, file);
        text += length ? length : 1;
    }
    fputc('"', file);
}

void dsep_print_quoted(FILE *file, const char *text) {
    fputc('"', file);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', file);
        fputc(*text, file);
    }
    fputc('"', file);
}
