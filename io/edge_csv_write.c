#include "io/edge_csv_write.h"

#include "io/replace_file.h"
#include "mpi/fault.h"
#include "mpi/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void dsep_csv_print_field(FILE *file, const char *text, char separator) {
    const char special[] = {separator, '"', '\n', '\r', '\0'};
    if (!strpbrk(text, special)) {
        fputs(text, file);
        return;
    }
    fputc('"', file);
    for (const char *c = text; *c; c++) {
        if (*c == '"')
            fputc('"', file);
        fputc(*c, file);
    }
    fputc('"', file);
}

int dsep_csv_format_number(double value, char text[32]) {
    if (isnan(value))
        return snprintf(text, 32, "NA");
    int length = 0;
    for (int digits = 15; digits <= 17; digits++) {
        length = snprintf(text, 32, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return length;
}

void dsep_edge_csv_print(FILE *file, char *const *names, int64_t n_edges, const dsep_edge *edges,
                         const double *weight) {
    fputs(weight ? "source,target,mark_source,mark_target,weight\n"
                 : "source,target,mark_source,mark_target\n",
          file);
    for (int64_t e = 0; e < n_edges; e++) {
        char number[32];
        dsep_csv_print_field(file, names[edges[e].source], ',');
        fputc(',', file);
        dsep_csv_print_field(file, names[edges[e].target], ',');
        fprintf(file, ",%s,%s", dsep_mark_name(edges[e].mark_source),
                dsep_mark_name(edges[e].mark_target));
        if (weight) {
            dsep_csv_format_number(weight[e], number);
            fprintf(file, ",%s", number);
        }
        fputc('\n', file);
    }
}

static int write_temporary(dsep_context *ctx, const char *temporary, char *const *names,
                           int64_t n_edges, const dsep_edge *edges, const double *weight) {
    FILE *file = fopen(temporary, "w");
    if (!file)
        return dsep_fail(ctx, DSEP_ERROR_IO,
                         "cannot write '%s': %m; choose another path, or make the folder",
                         temporary);
    dsep_edge_csv_print(file, names, n_edges, edges, weight);
    const int failed = ferror(file);
    if (fclose(file) || failed)
        return dsep_fail(ctx, DSEP_ERROR_IO, "writing '%s' failed: %m; is the disk full?",
                         temporary);
    return DSEP_OK;
}

int dsep_edge_csv_write(dsep_context *ctx, const char *path, char *const *names, int64_t n_edges,
                        const dsep_edge *edges, const double *weight) {
    char *temporary = NULL;
    int code = dsep_replace_begin(ctx, path, &temporary);
    if (code)
        return code;
    int mine = dsep_fault(ctx, "write-open");
    if (!mine && dsep_rank(ctx) == 0)
        mine = write_temporary(ctx, temporary, names, n_edges, edges, weight);
    if (!mine)
        mine = dsep_fault(ctx, "write-data");
    if (!mine)
        mine = dsep_fault(ctx, "write-close");
    code = dsep_replace_finish(ctx, mine, temporary, path);
    free(temporary);
    return code;
}
