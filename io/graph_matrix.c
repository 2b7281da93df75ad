#include "io/graph_matrix.h"

#include "io/edge_csv_write.h"
#include "mpi/memory.h"

#include <stdlib.h>
#include <string.h>

/* An arrowhead at the row is 1; both ends of an undirected edge are 1; pcalg marks a <-> that two
 * rules disagree about with 2. */
char dsep_entry_cpdag(dsep_mark row, dsep_mark column) {
    if (row == DSEP_MARK_ARROW && column == DSEP_MARK_ARROW)
        return '2';
    return row == DSEP_MARK_TAIL && column == DSEP_MARK_ARROW ? '0' : '1';
}

char dsep_entry_pag(dsep_mark row, dsep_mark column) {
    (void)row;
    return column == DSEP_MARK_CIRCLE ? '1' : column == DSEP_MARK_ARROW ? '2' : '3';
}

char dsep_entry_cause(dsep_mark row, dsep_mark column) {
    (void)column;
    return row == DSEP_MARK_ARROW ? '0' : '1';
}

static void print_row(FILE *file, const dsep_named_graph *named, int64_t x, char *line,
                      char (*entry)(dsep_mark row, dsep_mark column)) {
    const dsep_graph *graph = named->graph;
    for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++)
        line[2 * graph->neighbour[k] + 1] = entry(graph->mark[k], graph->mark[graph->twin[k]]);
    dsep_csv_print_field(file, named->names[x], ',');
    fwrite(line, 1, (size_t)(2 * named->n_nodes), file);
    fputc('\n', file);
    for (int64_t k = graph->offset[x]; k < graph->offset[x + 1]; k++)
        line[2 * graph->neighbour[k] + 1] = '0';
}

/* A matrix grows with the square of the variables; those who ask for one seldom want terabytes. */
static int check_size(const dsep_named_graph *graph, dsep_error *error) {
    enum { MOST = 100000 };
    if (graph->n_nodes <= MOST)
        return DSEP_OK;
    return dsep_error_set(error, DSEP_ERROR_USAGE,
                          "a matrix of %lld variables would be %.0f GB of text, and is written for "
                          "at most %d; choose a format that lists edges, such as csv",
                          (long long)graph->n_nodes,
                          2e-9 * (double)graph->n_nodes * (double)graph->n_nodes, MOST);
}

int dsep_graph_matrix_print(FILE *file, const dsep_named_graph *graph,
                            char (*entry)(dsep_mark row, dsep_mark column), dsep_error *error) {
    const int code = check_size(graph, error);
    if (code)
        return code;
    char *line = dsep_array(graph->n_nodes, 2);
    if (!line)
        return dsep_out_of_memory(error, "a row of a matrix");
    for (int64_t x = 0; x < graph->n_nodes; x++) {
        fputc(',', file);
        dsep_csv_print_field(file, graph->names[x], ',');
        memcpy(line + 2 * x, ",0", 2);
    }
    fputc('\n', file);
    for (int64_t x = 0; x < graph->n_nodes && !ferror(file); x++)
        print_row(file, graph, x, line, entry);
    free(line);
    return DSEP_OK;
}
