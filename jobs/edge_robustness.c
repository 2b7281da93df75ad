#include "jobs/edge_robustness.h"

#include "io/h5tree.h"
#include "io/h5write.h"
#include "io/name_index.h"
#include "io/result_read.h"
#include "jobs/discover_result.h"
#include "jobs/provenance.h"
#include "jobs/show_text.h"
#include "mpi/amount.h"
#include "mpi/exchange.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "mpi/random.h"
#include "solvers/prior.h"
#include "solvers/robustness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAGILE = 20 };

#define FIELD(name) offsetof(dsep_edge_robustness_options, name)

const dsep_option dsep_edge_robustness_option_table[] = {
    {"edges", 0, DSEP_OPTION_TEXT, FIELD(edges), "A:B,C:D", NULL, 0, 0, NULL,
     "edges of the result, each by its two variables; put one whose names hold a comma in double "
     "quotes. Without it the 20 most fragile ones"},
    {"prior-y", 0, DSEP_OPTION_TEXT, FIELD(prior_y), "PRIOR", "uniform:0,0.3", 0, 0, NULL,
     "what part of the variance of the edge's target an unmeasured common cause explains, of what "
     "is left given the source and the set: uniform:LO,HI, beta:A,B or point:V"},
    {"prior-d", 0, DSEP_OPTION_TEXT, FIELD(prior_d), "PRIOR", "uniform:0,0.3", 0, 0, NULL,
     "the same of the source given the set"},
    {"draws", 0, DSEP_OPTION_INTEGER, FIELD(draws), "N", "10000", 1, 1e7, NULL,
     "draws from the priors for each edge"},
    {"bias", 0, DSEP_OPTION_CHOICE, FIELD(bias), NULL, "towards-zero", 0, 0, "towards-zero|either",
     "towards-zero: the common cause made every edge look stronger than it is; either: or weaker, "
     "with the same probability"},
    {0},
};

/* What is reported of an edge. */
typedef struct {
    int64_t edge; /* its number in the result */
    double dof;   /* of its weakest test */
    double least; /* least |partial correlation| that is significant given the cause, too */
    double low, median, high;                   /* adjusted partial correlations: 5, 50, 95 % */
    double sign_changed, not_significant, kept; /* shares of draws */
} row;

typedef struct {
    const dsep_edge_robustness_settings *settings;
    dsep_result *result;
    dsep_prior prior_y, prior_d;
    row *rows;
    int64_t n_rows, capacity;
} study;

/* --- which edges -------------------------------------------------------------------------------
 */

static int add_edge(study *s, int64_t edge, dsep_error *error) {
    const dsep_named_graph *graph = s->result->graph;
    if (isnan(graph->weight[edge]) || graph->order[edge] < 0)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "'%s' does not say how strong the edge of %s and %s is",
                              s->settings->result, graph->names[graph->edges[edge].source],
                              graph->names[graph->edges[edge].target]);
    const int code =
        dsep_array_reserve((void **)&s->rows, &s->capacity, s->n_rows + 1, sizeof *s->rows, error);
    if (code)
        return code;
    const double dof = dsep_robustness_dof(s->result->n_samples, graph->order[edge]);
    const double critical = dsep_robustness_critical(s->result->alpha, dof);
    s->rows[s->n_rows++] =
        (row){.edge = edge,
              .dof = dof,
              .least = isinf(critical) ? 1 : critical / sqrt(1 + critical * critical)};
    return DSEP_OK;
}

typedef struct {
    double until;
    int64_t edge;
} fragile;

static int by_fragility(const void *left, const void *right) {
    const fragile *a = left, *b = right;
    if (a->until != b->until)
        return a->until < b->until ? -1 : 1;
    return (a->edge > b->edge) - (a->edge < b->edge);
}

static int choose_fragile(study *s, dsep_error *error) {
    const dsep_named_graph *graph = s->result->graph;
    int64_t known = 0;
    int code = DSEP_OK;
    fragile *list = dsep_array(graph->n_edges, sizeof *list);
    if (!list)
        return dsep_out_of_memory(error, "a list of edges");
    for (int64_t e = 0; e < graph->n_edges; e++)
        if (!isnan(graph->robustness[DSEP_ROBUSTNESS_CI][e]))
            list[known++] = (fragile){graph->robustness[DSEP_ROBUSTNESS_CI][e], e};
    if (known > 1)
        qsort(list, (size_t)known, sizeof *list, by_fragility);
    for (int64_t i = 0; !code && i < known && i < FRAGILE; i++)
        code = add_edge(s, list[i].edge, error);
    free(list);
    return code;
}

/* Names may hold colons: the first one that stands between two names divides. */
static int find_edge(const study *s, const dsep_name_index *index, const char *item, int64_t *edge,
                     dsep_error *error) {
    const dsep_named_graph *graph = s->result->graph;
    int64_t x = -1, y = -1;
    for (const char *colon = strchr(item, ':'); colon && (x < 0 || y < 0);
         colon = strchr(colon + 1, ':')) {
        x = dsep_name_index_find(index, item, colon - item);
        y = dsep_name_index_find(index, colon + 1, (int64_t)strlen(colon + 1));
    }
    if (x < 0 || y < 0)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--edges: '%s' is not two variables of '%s' with a colon between",
                              item, s->settings->result);
    for (*edge = 0; *edge < graph->n_edges; ++*edge) {
        const dsep_edge e = graph->edges[*edge];
        if ((e.source == x && e.target == y) || (e.source == y && e.target == x))
            return DSEP_OK;
    }
    return dsep_error_set(error, DSEP_ERROR_USAGE, "--edges: %s and %s are not joined in '%s'",
                          graph->names[x], graph->names[y], s->settings->result);
}

/* The text up to a comma outside quotes, without the quotes; returns where the next one begins. */
static const char *next_item(const char *at, char *item) {
    int quoted = 0;
    for (; *at && (quoted || *at != ','); at++)
        if (*at == '"')
            quoted = !quoted;
        else
            *item++ = *at;
    *item = '\0';
    return *at ? at + 1 : NULL;
}

static int choose_named(study *s, dsep_error *error) {
    int code = DSEP_OK;
    const dsep_named_graph *graph = s->result->graph;
    dsep_name_index *index = NULL;
    char *item = dsep_array((int64_t)strlen(s->settings->options->edges) + 1, 1);
    if (!item)
        return dsep_out_of_memory(error, "--edges");
    DSEP_TRY(dsep_name_index_create(graph->names, graph->n_nodes, error, &index));
    for (const char *at = s->settings->options->edges; at;) {
        int64_t edge = 0;
        at = next_item(at, item);
        DSEP_TRY(find_edge(s, index, item, &edge, error));
        DSEP_TRY(add_edge(s, edge, error));
    }
cleanup:
    dsep_name_index_destroy(&index);
    free(item);
    return code;
}

static int prepare(study *s, dsep_error *error) {
    int code = DSEP_OK;
    const dsep_edge_robustness_options *options = s->settings->options;
    DSEP_TRY(dsep_prior_parse(options->prior_y, "--prior-y", error, &s->prior_y));
    DSEP_TRY(dsep_prior_parse(options->prior_d, "--prior-d", error, &s->prior_d));
    DSEP_TRY(dsep_result_read(s->settings->result, error, &s->result));
    if (s->result->n_samples <= 0 || isnan(s->result->alpha))
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "'%s' does not say with how many samples and at which level its "
                              "edges were tested: this "
                              "is for results of dsep discover --method pc",
                              s->settings->result);
    DSEP_TRY(options->edges ? choose_named(s, error) : choose_fragile(s, error));
cleanup:
    return code;
}

/* --- draws -------------------------------------------------------------------------------------
 */

/* The strengths of draw i use the lower half of the indices, its direction the upper half. */
static void draw(const study *s, const row *of, dsep_block mine, double *adjusted) {
    const dsep_random source = {s->settings->seed, DSEP_STREAM_PRIOR, (uint32_t)of->edge};
    const double r = s->result->graph->weight[of->edge];
    for (int64_t i = 0; i < mine.count; i++) {
        const uint64_t index = (uint64_t)(mine.first + i);
        double u[2];
        int direction = 1;
        dsep_random_uniform2(source, index, u);
        if (s->settings->options->bias == DSEP_BIAS_EITHER)
            direction = dsep_random_uniform(source, index | UINT64_C(1) << 63) < .5 ? 1 : -1;
        adjusted[i] = dsep_robustness_adjust(r, of->dof, dsep_prior_quantile(&s->prior_y, u[0]),
                                             dsep_prior_quantile(&s->prior_d, u[1]), direction);
    }
}

static int by_value(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The smallest draw that at least so many percent do not exceed. */
static double percentile(const double *sorted, int64_t count, int64_t percent) {
    return sorted[(count * percent + 99) / 100 - 1];
}

/* Of all draws of an edge, which are sorted here. */
static void summarise(row *of, double r, double *adjusted, int64_t count) {
    int64_t changed = 0, lost = 0, kept = 0;
    for (int64_t i = 0; i < count; i++) {
        changed += r > 0 ? adjusted[i] < 0 : adjusted[i] > 0;
        lost += fabs(adjusted[i]) < of->least;
        kept += copysign(1, r) * adjusted[i] >= of->least;
    }
    qsort(adjusted, (size_t)count, sizeof *adjusted, by_value);
    of->low = percentile(adjusted, count, 5);
    of->median = percentile(adjusted, count, 50);
    of->high = percentile(adjusted, count, 95);
    of->sign_changed = (double)changed / (double)count;
    of->not_significant = (double)lost / (double)count;
    of->kept = (double)kept / (double)count;
}

static int draw_all(dsep_context *ctx, study *s) {
    int code = DSEP_OK;
    const int64_t draws = s->settings->options->draws;
    const dsep_block mine = dsep_layout_block(draws, dsep_size(ctx), dsep_rank(ctx));
    double *part = dsep_array(mine.count, sizeof *part);
    DSEP_AGREE(ctx, part ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "draws"));
    for (int64_t k = 0; k < s->n_rows; k++) {
        void *all = NULL;
        int64_t bytes = 0;
        draw(s, &s->rows[k], mine, part);
        DSEP_TRY(dsep_gather_all(ctx, part, mine.count * (int64_t)sizeof *part, &all, &bytes));
        summarise(&s->rows[k], s->result->graph->weight[s->rows[k].edge], all, draws);
        free(all);
    }
cleanup:
    free(part);
    return code;
}

/* --- what comes out ----------------------------------------------------------------------------
 */

static const char *const bias_names[] = {"towards-zero", "either"};

/* The widest name of an end of an edge that is told. */
static int shown_width(const study *s) {
    const dsep_named_graph *graph = s->result->graph;
    int width = 4;
    for (int64_t k = 0; k < s->n_rows; k++) {
        const dsep_edge edge = graph->edges[s->rows[k].edge];
        const int wide = dsep_show_width(graph->names, &edge, 1);
        width = wide > width ? wide : width;
    }
    return width;
}

static void print_table(const study *s) {
    const dsep_edge_robustness_options *options = s->settings->options;
    const dsep_named_graph *graph = s->result->graph;
    const int width = shown_width(s);
    printf("%lld edge%s of %s and an unmeasured common cause that explains %s of the target and %s "
           "of the source; bias %s, alpha %g, seed %llu\n"
           "Partial correlation as found, and of %lld draws 5 %%, median, 95 %%; share of draws "
           "(+- %.3f at most) where the\nsign changes, it is not significant, it stays significant "
           "with its sign\n",
           (long long)s->n_rows, dsep_plural(s->n_rows), s->settings->result, options->prior_y,
           options->prior_d, bias_names[options->bias], s->result->alpha,
           (unsigned long long)s->settings->seed, (long long)options->draws,
           .98 / sqrt((double)options->draws));
    printf("  %*s %7s %8s %8s %8s %9s %9s %9s\n", 2 * width + 5, "", "found", "5 %", "median",
           "95 %", "sign", "not sig.", "stays");
    for (int64_t k = 0; k < s->n_rows; k++) {
        const row *of = &s->rows[k];
        const dsep_edge edge = graph->edges[of->edge];
        dsep_show_edge(stdout, graph->names, edge, width);
        printf(" %+7.4f %+8.4f %+8.4f %+8.4f %9.4f %9.4f %9.4f\n", graph->weight[of->edge], of->low,
               of->median, of->high, of->sign_changed, of->not_significant, of->kept);
    }
    fflush(stdout);
}

static void write_root(dsep_context *ctx, const study *s, dsep_h5write *file) {
    const dsep_edge_robustness_options *options = s->settings->options;
    static const char at[] = "/sensitivity/robustness";
    dsep_provenance_write(ctx, file, s->settings->call, 1, NULL);
    dsep_h5write_attribute_text(file, "/", "input", s->settings->result);
    dsep_h5write_attribute_text(file, at, "graph-hash", s->result->hash);
    dsep_h5write_attribute_text(file, at, "prior_y", options->prior_y);
    dsep_h5write_attribute_text(file, at, "prior_d", options->prior_d);
    dsep_h5write_attribute_text(file, at, "bias", bias_names[options->bias]);
    dsep_h5write_attribute_integer(file, at, "draws", options->draws);
    dsep_h5write_attribute_real(file, at, "alpha", s->result->alpha);
    dsep_h5write_attribute_integer(file, at, "n_samples", s->result->n_samples);
}

static int write_names(const study *s, dsep_h5write *file, dsep_error *error) {
    const dsep_named_graph *graph = s->result->graph;
    const char **names = dsep_array(s->n_rows, sizeof *names);
    if (!names)
        return dsep_out_of_memory(error, "the names of edges");
    for (int64_t k = 0; k < s->n_rows; k++)
        names[k] = graph->names[graph->edges[s->rows[k].edge].source];
    dsep_h5write_texts(file, "source", names);
    for (int64_t k = 0; k < s->n_rows; k++)
        names[k] = graph->names[graph->edges[s->rows[k].edge].target];
    dsep_h5write_texts(file, "target", names);
    free(names);
    return DSEP_OK;
}

static int write_numbers(dsep_context *ctx, const study *s, dsep_h5write *file) {
    static const struct {
        const char *name;
        size_t field;
    } columns[] = {{"dof", offsetof(row, dof)},
                   {"adjusted_5", offsetof(row, low)},
                   {"adjusted_50", offsetof(row, median)},
                   {"adjusted_95", offsetof(row, high)},
                   {"sign_changed", offsetof(row, sign_changed)},
                   {"not_significant", offsetof(row, not_significant)},
                   {"kept", offsetof(row, kept)}};
    int code = DSEP_OK;
    const dsep_named_graph *graph = s->result->graph;
    const dsep_block mine = dsep_layout_block(s->n_rows, dsep_size(ctx), dsep_rank(ctx));
    const row *rows = s->rows + mine.first;
    double *values = dsep_array(mine.count, sizeof *values);
    DSEP_AGREE(ctx, values ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a table"));
    for (int64_t k = 0; k < mine.count; k++)
        values[k] = graph->weight[rows[k].edge];
    DSEP_TRY(dsep_h5write_column(file, "weight", DSEP_H5_DOUBLE, mine, values));
    for (int j = 0; j < DSEP_ROBUSTNESS_VALUES; j++) {
        for (int64_t k = 0; k < mine.count; k++)
            values[k] = graph->robustness[j][rows[k].edge];
        DSEP_TRY(dsep_h5write_column(file, dsep_robustness_names[j], DSEP_H5_DOUBLE, mine, values));
    }
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
        for (int64_t k = 0; k < mine.count; k++)
            values[k] = *(const double *)((const char *)&rows[k] + columns[c].field);
        DSEP_TRY(dsep_h5write_column(file, columns[c].name, DSEP_H5_DOUBLE, mine, values));
    }
cleanup:
    free(values);
    return code;
}

static int write_file(dsep_context *ctx, const study *s) {
    int code = DSEP_OK;
    dsep_h5write *file = NULL;
    DSEP_TRY(dsep_h5write_create(ctx, s->settings->output, &file));
    write_root(ctx, s, file);
    DSEP_TRY(dsep_h5write_table(file, "/sensitivity/robustness", s->n_rows, 0, NULL));
    DSEP_AGREE(ctx, write_names(s, file, dsep_context_error(ctx)));
    DSEP_TRY(write_numbers(ctx, s, file));
    DSEP_TRY(dsep_h5write_commit(&file));
cleanup:
    dsep_h5write_abandon(&file);
    return code;
}

int dsep_edge_robustness_run(dsep_context *ctx, const dsep_edge_robustness_settings *settings) {
    int code = DSEP_OK;
    study s = {.settings = settings};
    DSEP_AGREE(ctx, prepare(&s, dsep_context_error(ctx)));
    DSEP_TRY(draw_all(ctx, &s));
    if (settings->output)
        DSEP_TRY(write_file(ctx, &s));
    if (dsep_rank(ctx) == 0 && !settings->quiet)
        print_table(&s);
cleanup:
    dsep_result_destroy(&s.result);
    free(s.rows);
    return code;
}

int dsep_edge_robustness_takes(dsep_context *ctx, const char *path) {
    static const char *const branches[] = {"/", NULL};
    const dsep_h5tree_settings settings = {DSEP_H5TREE_SMALL, branches};
    dsep_error ignored = {0};
    dsep_h5tree *tree = NULL;
    int64_t found = 0;
    if (dsep_rank(ctx) == 0 && dsep_result_is_hdf5(path) &&
        dsep_h5tree_read(path, &settings, &ignored, &tree) == DSEP_OK)
        found = strcmp(dsep_h5tree_text(tree, "encoding-type", ""), "dsep-result") == 0;
    dsep_h5tree_destroy(&tree);
    dsep_max_i64(ctx, &found, 1);
    return (int)found;
}
