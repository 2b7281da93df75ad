#include "jobs/study_print.h"

#include "mpi/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CELLS = 36, MOST_EDGES = 10, MOST_COLUMNS = 24, WIDTH = 48 };

/* A column as it is shown. */
typedef struct {
    char title[WIDTH];
    const dsep_h5tree *value, *mcse;
    int digits; /* behind the point; -1: as short as can be */
    int width;
} column;

/* Figures that are shown where the file has them, in this order. */
static const struct {
    const char *name, *title;
    int digits;
} figures[] = {
    {"n_edges", "edges", 1},
    {"n_directed", "directed", 1},
    {"shd", "SHD", 1},
    {"skeleton_precision", "skeleton precision", 3},
    {"skeleton_recall", "skeleton recall", 3},
    {"skeleton_f1", "skeleton F1", 3},
    {"arrowhead_precision", "arrowhead precision", 3},
    {"arrowhead_recall", "arrowhead recall", 3},
};

/* Columns are named for programs, choices for the command line: max_order is max-order there. */
static void name_choice(char text[WIDTH], const char *name, int length) {
    snprintf(text, WIDTH, "%.*s", length, name);
    for (char *c = text; *c; c++)
        *c = *c == '_' ? '-' : *c;
}

/* --- one value ------------------------------------------------------------------------------- */

static void print_real(char text[WIDTH], double value, double mcse, int digits) {
    if (isnan(value))
        snprintf(text, WIDTH, "-");
    else if (digits < 0)
        snprintf(text, WIDTH, "%.10g", value);
    else if (isnan(mcse))
        snprintf(text, WIDTH, "%.*f", digits, value);
    else
        snprintf(text, WIDTH, "%.*f (%.*f)", digits, value, digits, mcse);
}

/* A category: a group of codes and the names that they stand for. */
static void print_category(char text[WIDTH], const dsep_h5tree *value, int64_t row) {
    const dsep_h5tree *codes = dsep_h5tree_find(value, "codes");
    const dsep_h5tree *names = dsep_h5tree_find(value, "categories");
    snprintf(text, WIDTH, "-");
    if (codes && names && codes->integers && names->texts && row < codes->count &&
        codes->integers[row] >= 0 && codes->integers[row] < names->count)
        snprintf(text, WIDTH, "%s", names->texts[codes->integers[row]]);
}

static void print_value(char text[WIDTH], const column *c, int64_t row) {
    const dsep_h5tree *value = c->value, *mcse = c->mcse;
    const int known = mcse && mcse->reals && row < mcse->count;
    if (value->kind == DSEP_H5TREE_GROUP)
        print_category(text, value, row);
    else if (row >= value->count)
        snprintf(text, WIDTH, "-");
    else if (value->texts)
        snprintf(text, WIDTH, "%s", value->texts[row]);
    else if (value->integers)
        snprintf(text, WIDTH, "%" PRId64, value->integers[row]);
    else if (value->reals)
        print_real(text, value->reals[row], known ? mcse->reals[row] : NAN, c->digits);
    else
        snprintf(text, WIDTH, "...");
}

static int varies(const column *c, int64_t rows) {
    char first[WIDTH], text[WIDTH];
    print_value(first, c, 0);
    for (int64_t row = 1; row < rows; row++) {
        print_value(text, c, row);
        if (strcmp(text, first) != 0)
            return 1;
    }
    return 0;
}

/* --- a table --------------------------------------------------------------------------------- */

static void print_rule(FILE *stream, const column *columns, int count) {
    for (int c = 0; c < count; c++) {
        fputs(c ? " | " : "| ", stream);
        for (int i = 1; i < columns[c].width; i++)
            fputc('-', stream);
        fputc(':', stream);
    }
    fputs(" |\n", stream);
}

static void print_table(FILE *stream, column *columns, int count, int64_t rows) {
    char text[WIDTH];
    for (int c = 0; c < count; c++) {
        columns[c].width = (int)strlen(columns[c].title);
        for (int64_t row = 0; row < rows; row++) {
            print_value(text, &columns[c], row);
            columns[c].width = (int)fmax(columns[c].width, (double)strlen(text));
        }
        fprintf(stream, "%s%*s", c ? " | " : "| ", columns[c].width, columns[c].title);
    }
    fputs(" |\n", stream);
    print_rule(stream, columns, count);
    for (int64_t row = 0; row < rows; row++) {
        for (int c = 0; c < count; c++) {
            print_value(text, &columns[c], row);
            fprintf(stream, "%s%*s", c ? " | " : "| ", columns[c].width, text);
        }
        fputs(" |\n", stream);
    }
}

/* The factors of a table stand before its column `end`; the means of figures behind it. */
typedef struct {
    const dsep_h5tree *table, *order;
    const char *end;
    int64_t rows;
} source;

static int open_table(const dsep_h5tree *place, const char *name, const char *end, source *from) {
    const dsep_h5tree *table = dsep_h5tree_find(place, name);
    const dsep_h5tree *order = table ? dsep_h5tree_find(table, "column-order") : NULL;
    const dsep_h5tree *count = table ? dsep_h5tree_find(table, "replicates") : NULL;
    *from = (source){table, order, end, count ? count->count : 0};
    return order && order->texts && count && count->integers && count->count > 0;
}

static int add_factors(FILE *stream, const source *from, column *columns) {
    int shown = 0, fixed = 0;
    char text[WIDTH];
    for (int64_t k = 0; k < from->order->count && shown < MOST_COLUMNS / 2; k++) {
        const char *name = from->order->texts[k];
        if (strcmp(name, from->end) == 0)
            break;
        column c = {.value = dsep_h5tree_find(from->table, name), .digits = -1};
        name_choice(c.title, name, (int)strlen(name));
        if (!c.value)
            continue;
        if (varies(&c, from->rows)) {
            columns[shown++] = c;
        } else {
            print_value(text, &c, 0);
            fprintf(stream, "%s%s %s", fixed++ ? ", " : "In each cell: ", c.title, text);
        }
    }
    fputs(fixed ? ".\n\n" : "\n", stream);
    return shown;
}

static column figure_column(const char *title, const dsep_h5tree *value, const dsep_h5tree *mcse,
                            int digits) {
    column made = {.value = value, .mcse = mcse, .digits = digits};
    snprintf(made.title, sizeof made.title, "%s", title);
    return made;
}

static int add_figures(const source *from, column *columns) {
    int shown = 0;
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s_mcse", figures[i].name);
        const dsep_h5tree *value = dsep_h5tree_find(from->table, figures[i].name);
        if (value)
            columns[shown++] = figure_column(
                figures[i].title, value, dsep_h5tree_find(from->table, name), figures[i].digits);
    }
    return shown;
}

/* Cells where one factor varies; of a simulation, where they are not too many. */
static int shows_cells(const dsep_h5tree *place, int truth) {
    source levels;
    const int64_t cells = dsep_h5tree_integer(place, "n_cells", 0);
    if (!open_table(place, "levels", "replicates", &levels))
        return cells == 1;
    return cells <= (truth ? MOST_CELLS : levels.rows);
}

static void print_means(FILE *stream, const dsep_h5tree *place, int truth) {
    column columns[MOST_COLUMNS];
    source from;
    int count = 0;
    if (shows_cells(place, truth) && open_table(place, "cells", "seed", &from)) {
        count = add_factors(stream, &from, columns);
    } else if (open_table(place, "levels", "replicates", &from)) {
        fputs("Means over all cells that share a level; cells are in the result.\n\n", stream);
        columns[count++] =
            (column){.title = "factor", .value = dsep_h5tree_find(from.table, "factor")};
        columns[count++] =
            (column){.title = "level", .value = dsep_h5tree_find(from.table, "level")};
        if (!columns[0].value || !columns[1].value)
            return;
    } else {
        return;
    }
    count += add_figures(&from, columns + count);
    print_table(stream, columns, count, from.rows);
}

/* --- edges ----------------------------------------------------------------------------------- */

/* How far the levels of one factor move the share of an edge. */
typedef struct {
    int64_t edge;
    int factor;
    double least, greatest;
} move;

static int by_move(const void *left, const void *right) {
    const move *a = left, *b = right;
    const double x = a->greatest - a->least, y = b->greatest - b->least;
    if (x != y)
        return x > y ? -1 : 1;
    return (a->edge > b->edge) - (a->edge < b->edge);
}

/* The columns X_least and X_greatest of the factors. */
typedef struct {
    int count;
    const char *name[MOST_COLUMNS];
    const dsep_h5tree *least[MOST_COLUMNS], *greatest[MOST_COLUMNS];
} extremes;

static extremes find_extremes(const dsep_h5tree *edges, int64_t rows) {
    static const char ending[] = "_least";
    extremes found = {0};
    for (int64_t i = 0; i < edges->n_children && found.count < MOST_COLUMNS; i++) {
        const dsep_h5tree *least = edges->children[i];
        const size_t length = strlen(least->name), end = sizeof ending - 1;
        char name[128];
        if (length <= end || strcmp(least->name + length - end, ending) != 0)
            continue;
        snprintf(name, sizeof name, "%.*s_greatest", (int)(length - end), least->name);
        const dsep_h5tree *greatest = dsep_h5tree_find(edges, name);
        if (!least->reals || least->count != rows || !greatest || !greatest->reals ||
            greatest->count != rows)
            continue;
        found.name[found.count] = least->name;
        found.least[found.count] = least;
        found.greatest[found.count++] = greatest;
    }
    return found;
}

/* The factor that moves an edge most. */
static move find_move(const extremes *of, int64_t edge) {
    move most = {edge, -1, 0, 0};
    for (int f = 0; f < of->count; f++) {
        const double least = of->least[f]->reals[edge], greatest = of->greatest[f]->reals[edge];
        if (greatest - least > most.greatest - most.least)
            most = (move){edge, f, least, greatest};
    }
    return most;
}

static const char *name_of(const dsep_h5tree *names, const dsep_h5tree *ends, int64_t row) {
    const int64_t x = ends->integers[row];
    return names && names->texts && x >= 0 && x < names->count ? names->texts[x] : "?";
}

static int print_edges(FILE *stream, const dsep_h5tree *tree, const dsep_h5tree *edges,
                       dsep_error *error) {
    const dsep_h5tree *source_of = dsep_h5tree_find(edges, "source");
    const dsep_h5tree *target_of = dsep_h5tree_find(edges, "target");
    const dsep_h5tree *share = dsep_h5tree_find(edges, "share");
    const dsep_h5tree *names = dsep_h5tree_find(tree, "variables/_index");
    if (!source_of || !source_of->integers || !target_of || !target_of->integers || !share ||
        !share->reals || source_of->count != share->count || target_of->count != share->count)
        return DSEP_OK;
    const int64_t rows = share->count;
    const extremes of = find_extremes(edges, rows);
    move *moves = dsep_array(rows, sizeof *moves);
    if (!moves)
        return dsep_out_of_memory(error, "a list of edges");
    for (int64_t e = 0; e < rows; e++)
        moves[e] = find_move(&of, e);
    qsort(moves, (size_t)rows, sizeof *moves, by_move);
    if (rows > 0 && moves[0].factor >= 0)
        fputs("\nEdges that move most: share of runs that join them, over all cells, and least "
              "and greatest\nover the levels of the factor that moves them most\n\n"
              "| edge | share | factor | least | greatest |\n|---|--:|---|--:|--:|\n",
              stream);
    for (int64_t i = 0; i < rows && i < MOST_EDGES && moves[i].factor >= 0; i++) {
        const char *column_name = of.name[moves[i].factor];
        char factor[WIDTH];
        name_choice(factor, column_name, (int)(strlen(column_name) - strlen("_least")));
        fprintf(stream, "| %s, %s | %.3f | %s | %.3f | %.3f |\n",
                name_of(names, source_of, moves[i].edge), name_of(names, target_of, moves[i].edge),
                share->reals[moves[i].edge], factor, moves[i].least, moves[i].greatest);
    }
    free(moves);
    return DSEP_OK;
}

/* --- the whole ------------------------------------------------------------------------------- */

static void print_title(FILE *stream, const dsep_h5tree *place, const char *title) {
    const int64_t cells = dsep_h5tree_integer(place, "n_cells", 0);
    const int64_t replicates = dsep_h5tree_integer(place, "n_replicates", 0);
    const int64_t done = dsep_h5tree_integer(place, "n_done", 0);
    fprintf(stream,
            "\n%s: %" PRId64 " cells (%s) of %" PRId64 " replicates; means, with Monte Carlo "
            "standard errors in brackets.\n",
            title, cells, dsep_h5tree_text(place, "design", "?"), replicates);
    if (done < cells * replicates)
        fprintf(stream,
                "PARTIAL: %" PRId64 " of %" PRId64
                " runs are done; levels may be means of different "
                "cells.\n",
                done, cells * replicates);
}

int dsep_study_print(FILE *stream, const dsep_h5tree *tree, dsep_error *error) {
    static const char *const places[][2] = {{"sensitivity", "Sensitivity to analysis choices"},
                                            {"simulation", "Simulation study"}};
    int code = DSEP_OK;
    for (int i = 0; !code && i < 2; i++) {
        const dsep_h5tree *place = dsep_h5tree_find(tree, places[i][0]);
        if (!place || !dsep_h5tree_find(place, "n_cells"))
            continue;
        print_title(stream, place, places[i][1]);
        print_means(stream, place, i == 1);
        const dsep_h5tree *edges = dsep_h5tree_find(place, "edges");
        if (edges)
            code = print_edges(stream, tree, edges, error);
    }
    return code;
}
