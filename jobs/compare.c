/* dsep compare: how near a learned graph is to the truth. */
#include "io/edge_csv.h"
#include "io/name_index.h"
#include "io/result_read.h"
#include "jobs/commands.h"
#include "jobs/compare_representation.h"
#include "jobs/json_print.h"
#include "jobs/output.h"
#include "jobs/representation_read.h"
#include "mpi/memory.h"
#include "solvers/cpdag.h"
#include "solvers/metrics.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    dsep_common_settings common;
    int json;
} settings;

static const dsep_option compare_options[] = {
    {"json", 0, DSEP_OPTION_FLAG, offsetof(settings, json), NULL, NULL, 0, 0, NULL,
     "print JSON; undefined figures (0 / 0) are null"},
    {0},
};

static const dsep_option_group groups[] = {
    {"Compare", compare_options, 0, NULL},
    {"Common", dsep_common_options, offsetof(settings, common), NULL},
    {0},
};

/* One side of the comparison. */
typedef struct {
    const char *path;
    int is_result; /* its nodes are known; those of an edge CSV are only those with edges */
    dsep_named_graph *graph;
} side;

/* --- reading -----------------------------------------------------------------------------------
 */

static int read_side(const char *path, dsep_error *error, side *made) {
    *made = (side){.path = path, .is_result = dsep_result_is_hdf5(path)};
    if (!made->is_result)
        return dsep_edge_csv_read(path, error, &made->graph);
    dsep_result *result = NULL;
    const int code = dsep_result_read(path, error, &result);
    if (!code) {
        made->graph = result->graph;
        result->graph = NULL;
    }
    dsep_result_destroy(&result);
    return code;
}

/* Puts a side's graph over the nodes of `names`, which must hold all of its own. */
static int bring_over(side *moved, char *const *names, int64_t n_names, const char *owner,
                      dsep_error *error) {
    dsep_named_graph *mapped = NULL;
    dsep_error reason = {0};
    const int code = dsep_named_graph_map(moved->graph, names, n_names, &reason, &mapped);
    if (code == DSEP_ERROR_DATA)
        return dsep_error_set(error, code,
                              "'%s' and '%s' are not about the same variables. Of '%s', %s",
                              moved->path, owner, moved->path, reason.text);
    if (code)
        return dsep_error_set(error, code, "%s", reason.text);
    dsep_named_graph_destroy(&moved->graph);
    moved->graph = mapped;
    return DSEP_OK;
}

static int unite_names(const side *a, const side *b, dsep_error *error, char ***names,
                       int64_t *count) {
    dsep_name_index *index = NULL;
    int code = dsep_name_index_create(a->graph->names, a->graph->n_nodes, error, &index);
    *names = dsep_array(a->graph->n_nodes + b->graph->n_nodes, sizeof **names);
    *count = 0;
    if (!code && !*names)
        code = dsep_out_of_memory(error, "the names of two graphs");
    for (int64_t x = 0; !code && x < a->graph->n_nodes; x++)
        (*names)[(*count)++] = a->graph->names[x];
    for (int64_t x = 0; !code && x < b->graph->n_nodes; x++) {
        char *name = b->graph->names[x];
        if (dsep_name_index_find(index, name, (int64_t)strlen(name)) < 0)
            (*names)[(*count)++] = name;
    }
    dsep_name_index_destroy(&index);
    return code;
}

/* Two edge CSVs: a node of the one may be without edges in the other. */
static int unite(side *a, side *b, dsep_error *error) {
    int code = DSEP_OK;
    char **names = NULL, **kept = NULL;
    int64_t count = 0, copied = 0;
    DSEP_TRY(unite_names(a, b, error, &names, &count));
    kept = dsep_array(count, sizeof *kept); /* the names outlive the graphs that lend them */
    for (; kept && copied < count; copied++)
        if (!(kept[copied] = strdup(names[copied])))
            break;
    if (!kept || copied < count) {
        code = dsep_out_of_memory(error, "the names of two graphs");
        goto cleanup;
    }
    DSEP_TRY(bring_over(a, kept, count, b->path, error));
    DSEP_TRY(bring_over(b, kept, count, a->path, error));
cleanup:
    for (int64_t x = 0; kept && x < copied; x++)
        free(kept[x]);
    free(kept);
    free(names);
    return code;
}

static int match_nodes(side *learned, side *truth, dsep_error *error) {
    if (!learned->is_result && !truth->is_result)
        return unite(learned, truth, error);
    side *known = learned->is_result ? learned : truth,
         *other = learned->is_result ? truth : learned;
    const int64_t others = other->graph->n_nodes;
    int code = bring_over(other, known->graph->names, known->graph->n_nodes, known->path, error);
    if (code || !other->is_result || others == known->graph->n_nodes)
        return code;
    return dsep_error_set(error, DSEP_ERROR_DATA,
                          "'%s' has %" PRId64 " variables and '%s' only %" PRId64
                          ": graphs over different variables cannot be compared",
                          known->path, known->graph->n_nodes, other->path, others);
}

/* --- printing ----------------------------------------------------------------------------------
 */

static json_t *number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *score_json(const dsep_score *score) {
    return json_pack("{s:o,s:o,s:o,s:I,s:I,s:I}", "precision", number(score->precision), "recall",
                     number(score->recall), "f1", number(score->f1), "true_positive",
                     (json_int_t)score->true_positive, "false_positive",
                     (json_int_t)score->false_positive, "false_negative",
                     (json_int_t)score->false_negative);
}

static int print_json(FILE *stream, const dsep_metrics *m, int64_t shd_cpdag, dsep_error *error) {
    json_t *root = json_pack(
        "{s:I,s:o,s:I,s:I,s:I,s:o,s:o}", "shd", (json_int_t)m->shd, "shd_cpdag",
        shd_cpdag < 0 ? json_null() : json_integer(shd_cpdag), "n_nodes", (json_int_t)m->n_nodes,
        "edges_learned", (json_int_t)m->edges_learned, "edges_truth", (json_int_t)m->edges_truth,
        "skeleton", score_json(&m->skeleton), "arrowhead", score_json(&m->arrowhead));
    return dsep_json_print(stream, root, error);
}

static void print_ratio(FILE *stream, double value) {
    if (isnan(value))
        fprintf(stream, "%10s", "-");
    else
        fprintf(stream, "%10.3f", value);
}

static void print_score(FILE *stream, const char *name, const dsep_score *score) {
    fprintf(stream, "%-10s", name);
    print_ratio(stream, score->precision);
    print_ratio(stream, score->recall);
    print_ratio(stream, score->f1);
    fprintf(stream, "%10" PRId64 "%10" PRId64 "%10" PRId64 "\n", score->true_positive,
            score->false_positive, score->false_negative);
}

static void print_table(FILE *stream, const side *learned, const side *truth, const dsep_metrics *m,
                        int64_t shd_cpdag) {
    fprintf(stream, "Learned    %s: %" PRId64 " edges (%s)\n", learned->path, m->edges_learned,
            dsep_graph_kind_name(learned->graph->graph->kind));
    fprintf(stream, "Truth      %s: %" PRId64 " edges (%s)\n", truth->path, m->edges_truth,
            dsep_graph_kind_name(truth->graph->graph->kind));
    fprintf(stream, "Nodes      %" PRId64 "\n\n", m->n_nodes);
    fprintf(stream,
            "SHD        %" PRId64 "   (pairs whose edge is missing, extra or has other marks)\n",
            m->shd);
    if (shd_cpdag >= 0)
        fprintf(stream,
                "           %" PRId64
                "   against the truth's CPDAG: directions that data can tell\n",
                shd_cpdag);
    fputc('\n', stream);
    fprintf(stream, "%-10s%10s%10s%10s%10s%10s%10s\n", "", "precision", "recall", "F1", "right",
            "extra", "missed");
    print_score(stream, "skeleton", &m->skeleton);
    print_score(stream, "arrowhead", &m->arrowhead);
}

/* The distance to what observations can tell of a DAG, or -1 where the truth is none. */
static int compare_with_cpdag(const dsep_graph *learned, const dsep_graph *truth, dsep_error *error,
                              int64_t *shd) {
    int code = DSEP_OK;
    dsep_graph *cpdag = NULL;
    dsep_metrics metrics;
    *shd = -1;
    if (truth->kind != DSEP_GRAPH_DAG)
        return DSEP_OK;
    DSEP_TRY(dsep_cpdag_from_dag(truth, error, &cpdag));
    DSEP_TRY(dsep_metrics_compare(learned, cpdag, error, &metrics));
    *shd = metrics.shd;
cleanup:
    dsep_graph_destroy(&cpdag);
    return code;
}

static int print(FILE *stream, void *data, dsep_error *error) {
    const dsep_invocation *call = data;
    int64_t shd_cpdag = -1;
    const settings *given = call->settings;
    side learned = {0}, truth = {0};
    dsep_metrics metrics;
    if (dsep_representation_is_at(call->arguments[0]) &&
        dsep_representation_is_at(call->arguments[1]))
        return dsep_compare_representations(stream, call->arguments[0], call->arguments[1],
                                            given->json, error);
    int code = read_side(call->arguments[0], error, &learned);
    if (!code)
        code = read_side(call->arguments[1], error, &truth);
    if (!code)
        code = match_nodes(&learned, &truth, error);
    if (!code)
        code = dsep_metrics_compare(learned.graph->graph, truth.graph->graph, error, &metrics);
    if (!code)
        code = compare_with_cpdag(learned.graph->graph, truth.graph->graph, error, &shd_cpdag);
    if (!code && given->json)
        code = print_json(stream, &metrics, shd_cpdag, error);
    else if (!code)
        print_table(stream, &learned, &truth, &metrics, shd_cpdag);
    dsep_named_graph_destroy(&learned.graph);
    dsep_named_graph_destroy(&truth.graph);
    return code;
}

static int run(dsep_context *ctx, const dsep_invocation *call) {
    const settings *given = call->settings;
    return dsep_output_print(ctx, given->common.output, print, (void *)call);
}

const dsep_command dsep_command_compare = {
    .name = "compare",
    .arguments = "LEARNED TRUTH",
    .summary = "graph metrics",
    .description =
        "Compares two graphs, each a result (.h5) or an edge CSV: structural Hamming "
        "distance, and precision, recall and F1 of the skeleton and of the arrowheads. "
        "Names join the two; an edge CSV may leave out nodes without edges, a result "
        "may not. Graphs are compared as they are, so a CPDAG against a DAG pays for "
        "each edge that data cannot direct; the distance to the CPDAG of a truth that "
        "is a DAG is given, too. Of two representations it tells after the best assignment of "
        "factors: mean correlation (MCC), error of H, SHD of the graphs over factors, and "
        "how many intervention targets are right.",
    .examples = "  dsep compare result.h5 truth.csv\n"
                "  dsep compare pc.h5 lingam.h5 --json\n"
                "  dsep compare factors.h5 truth.h5\n",
    .min_arguments = 2,
    .max_arguments = 2,
    .groups = groups,
    .settings_size = sizeof(settings),
    .run = run,
};
