#include "jobs/show_text.h"

#include "io/graph_format.h"

#include "io/utf8.h"

#include <string.h>

enum { NAME_WIDTH = 32 };

void dsep_show_label(FILE *stream, const char *name) {
    char text[64];
    snprintf(text, sizeof text, "%s", strncmp(name, "n_", 2) == 0 ? name + 2 : name);
    for (char *c = text; *c; c++)
        *c = *c == '_' ? ' ' : *c;
    fprintf(stream, "  %-14s ", text);
}

/* The characters of a name, at most `most` of them; a byte that is no UTF-8 is one. */
static int count_characters(const char *name, int most, size_t *bytes) {
    int count = 0;
    for (*bytes = 0; name[*bytes] && count < most; count++) {
        uint32_t point = 0;
        const int length = dsep_utf8_next(name + *bytes, &point);
        *bytes += length > 0 ? (size_t)length : 1;
    }
    return count;
}

void dsep_show_name(FILE *stream, const char *name, int width) {
    size_t bytes = 0;
    const int count = count_characters(name, NAME_WIDTH, &bytes);
    const int wide = width < 0 ? -width : width, blanks = wide > count ? wide - count : 0;
    fprintf(stream, "%*s%.*s%*s", width > 0 ? blanks : 0, "", (int)bytes, name,
            width < 0 ? blanks : 0, "");
}

int dsep_show_width(char *const *names, const dsep_edge *edges, int64_t count) {
    int width = 1;
    for (int64_t i = 0; i < count; i++) {
        size_t bytes = 0;
        const int a = count_characters(names[edges[i].source], NAME_WIDTH, &bytes),
                  b = count_characters(names[edges[i].target], NAME_WIDTH, &bytes);
        width = a > width ? a : width;
        width = b > width ? b : width;
    }
    return width;
}

void dsep_show_edge(FILE *stream, char *const *names, dsep_edge edge, int width) {
    fputs("  ", stream);
    dsep_show_name(stream, names[edge.source], width);
    fprintf(stream, " %s ", dsep_graph_arrow(edge.mark_source, edge.mark_target));
    dsep_show_name(stream, names[edge.target], -width);
}
