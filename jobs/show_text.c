#include "jobs/show_text.h"

#include "io/graph_format.h"

#include <string.h>

enum { NAME_WIDTH = 32 };

void dsep_show_label(FILE *stream, const char *name) {
    char text[64];
    snprintf(text, sizeof text, "%s", strncmp(name, "n_", 2) == 0 ? name + 2 : name);
    for (char *c = text; *c; c++)
        *c = *c == '_' ? ' ' : *c;
    fprintf(stream, "  %-14s ", text);
}

int dsep_show_width(char *const *names, const dsep_edge *edges, int64_t count) {
    size_t width = 1;
    for (int64_t i = 0; i < count; i++) {
        const size_t a = strlen(names[edges[i].source]), b = strlen(names[edges[i].target]);
        width = a > width ? a : width;
        width = b > width ? b : width;
    }
    return width < NAME_WIDTH ? (int)width : NAME_WIDTH;
}

void dsep_show_edge(FILE *stream, char *const *names, dsep_edge edge, int width) {
    fprintf(stream, "  %*.*s %s %-*.*s", width, NAME_WIDTH, names[edge.source],
            dsep_graph_arrow(edge.mark_source, edge.mark_target), width, NAME_WIDTH,
            names[edge.target]);
}
