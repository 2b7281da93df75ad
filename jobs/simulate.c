/* dsep simulate: data from a random or given linear model, with its truth. */
#include "io/edge_csv.h"
#include "io/edge_csv_write.h"
#include "io/table_write.h"
#include "jobs/commands.h"
#include "jobs/option_scope.h"
#include "jobs/output_path.h"
#include "jobs/provenance.h"
#include "jobs/simulate_latent.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/random_dag.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    dsep_common_settings common;
    dsep_latent_options latent;
    int64_t variables, samples, layers;
    double degree;
    int graph, noise, dry_run;
    char *weights, *model, *truth;
} settings;

#define FIELD(name) offsetof(settings, name)

static const dsep_option model_options[] = {
    {"variables", 'p', DSEP_OPTION_INTEGER, FIELD(variables), "P", NULL, 2, 1e7, NULL,
     "number of variables (columns)"},
    {"graph", 0, DSEP_OPTION_CHOICE, FIELD(graph), NULL, "er", 0, 0, "er|sf|layered",
     "er: every pair with the same probability; sf: scale-free, a few hubs; layered: edges only "
     "from one layer to the next"},
    {"degree", 0, DSEP_OPTION_REAL, FIELD(degree), "D", "3", 0, 1e7, NULL,
     "expected number of neighbours of a variable"},
    {"layers", 0, DSEP_OPTION_INTEGER, FIELD(layers), "L", "4", 2, 1e7, NULL,
     "layers of a layered graph"},
    {"weights", 0, DSEP_OPTION_TEXT, FIELD(weights), "LO,HI", "0.3,1.0", 0, 0, NULL,
     "range of the size of coefficients; signs are random"},
    {"model", 0, DSEP_OPTION_TEXT, FIELD(model), "FILE", NULL, 0, 0, NULL,
     "an edge CSV with a weight column instead of a random graph; variables are its names, in "
     "order of first appearance"},
    {0},
};

static const dsep_option data_options[] = {
    {"samples", 'n', DSEP_OPTION_INTEGER, FIELD(samples), "N", NULL, 1, 1e12, NULL,
     "number of samples (rows)"},
    {"noise", 0, DSEP_OPTION_CHOICE, FIELD(noise), NULL, "gaussian", 0, 0,
     "gaussian|laplace|uniform|exponential|student",
     "the noise of every variable; mean 0, variance 1 (student: 5 degrees of freedom)"},
    {"dry-run", 0, DSEP_OPTION_FLAG, FIELD(dry_run), NULL, NULL, 0, 0, NULL,
     "check everything and tell what would be drawn, but write nothing"},
    {"truth", 0, DSEP_OPTION_TEXT, FIELD(truth), "FILE", NULL, 0, 0, NULL,
     "write the graph and its coefficients as an edge CSV; with --factors a result file (.h5)"},
    {0},
};

static const dsep_option_group groups[] = {
    {"Model", model_options, 0, NULL},
    {"Data", data_options, 0, NULL},
    {"Latent factors", dsep_latent_option_table, FIELD(latent), NULL},
    {"Common", dsep_common_options, FIELD(common), NULL},
    {0},
};

/* The model, the names of its variables, and how its rows are drawn. */
typedef struct {
    dsep_context *ctx;
    dsep_linear_model *model;
    char **names;
    int64_t n_names;
    dsep_noise noise;
    uint64_t seed;
    int64_t samples;
} simulation;

static int parse_weights(const char *text, dsep_random_dag_settings *random, dsep_error *error) {
    char *end = NULL, *last = NULL;
    random->weight_low = strtod(text, &end);
    if (end != text && *end == ',') {
        random->weight_high = strtod(end + 1, &last);
        if (last != end + 1 && *last == '\0')
            return DSEP_OK;
    }
    return dsep_error_set(error, DSEP_ERROR_USAGE,
                          "--weights %s: expected two numbers LO,HI such as 0.3,1.0", text);
}

static int names_hdf5(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot && (strcmp(dot, ".h5") == 0 || strcmp(dot, ".hdf5") == 0);
}

static int check_files(const settings *given, dsep_error *error) {
    if (!given->common.output)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "where should the data go? give -o FILE (.csv, .tsv, .csv.gz, .npy "
                              "or .h5)");
    if (given->truth && given->latent.factors == 0 && names_hdf5(given->truth))
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--truth %s: the truth of a model is an edge CSV; give it a name in "
                              ".csv",
                              given->truth);
    return dsep_table_write_check(given->common.output, error);
}

/* What would be ignored in silence. */
static int check_scope(const dsep_invocation *call, const settings *given, dsep_error *error) {
    static const char *const random[] = {"graph", "degree", "layers", "weights"};
    int code = DSEP_OK;
    for (int i = 0; i < 4 && given->model && !code; i++)
        code = dsep_option_refuse(call, &groups[0], random[i],
                                  "is about a random graph; leave it out, or leave out --model",
                                  error);
    if (!code && given->graph != DSEP_RANDOM_DAG_LAYERED)
        code = dsep_option_refuse(call, &groups[0], "layers",
                                  "is about layered graphs; leave it out, or give --graph layered",
                                  error);
    if (!code && given->latent.factors == 0)
        code =
            dsep_option_refuse(call, &groups[2], NULL,
                               "is about latent factors; leave it out, or give --factors D", error);
    return code;
}

/* Everything that can be wrong with the line is found before anything is made. */
static int check(const settings *given, dsep_random_dag_settings *random, dsep_error *error) {
    int code = DSEP_OK;
    DSEP_TRY(check_files(given, error));
    if (given->samples == 0)
        return dsep_error_set(error, DSEP_ERROR_USAGE, "how many rows? give --samples N");
    if (given->model)
        return DSEP_OK;
    if (given->variables == 0)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "how many columns? give --variables P, or a model with --model FILE");
    *random = (dsep_random_dag_settings){.kind = (dsep_random_dag_kind)given->graph,
                                         .n_nodes = given->variables,
                                         .degree = given->degree,
                                         .layers = given->layers,
                                         .seed = (uint64_t)given->common.seed};
    DSEP_TRY(parse_weights(given->weights, random, error));
    if (given->latent.factors == 0)
        code = dsep_random_dag_check(random, error);
cleanup:
    return code;
}

/* Every rank holds the graph and a few rows; refused here when a node cannot give that. */
static int forecast(dsep_context *ctx, const dsep_random_dag_settings *random) {
    const double name_bytes = 48; /* text and pointer of a variable's name */
    const double rank = dsep_random_dag_bytes(random) + name_bytes * (double)random->n_nodes +
                        dsep_table_write_bytes(random->n_nodes);
    const double need = rank * dsep_node_size(ctx), free_now = (double)dsep_memory_available();
    int mine = DSEP_OK;
    if (need > free_now)
        mine = dsep_fail(ctx, DSEP_ERROR_RESOURCES,
                         "%lld variables with degree %g need %.2f GB on each of %d ranks, %.2f GB "
                         "on a node that has %.2f GB free; use fewer ranks per node, a lower "
                         "--degree or fewer --variables",
                         (long long)random->n_nodes, random->degree, rank / 1e9,
                         dsep_node_size(ctx), need / 1e9, free_now / 1e9);
    return dsep_agree(ctx, mine);
}

static int name_variables(simulation *run, int64_t count, dsep_error *error) {
    run->names = dsep_array(count, sizeof *run->names);
    run->n_names = count;
    for (int64_t j = 0; run->names && j < count; j++) {
        char name[32];
        snprintf(name, sizeof name, "V%lld", (long long)j + 1);
        run->names[j] = strdup(name);
        if (!run->names[j])
            return dsep_out_of_memory(error, "the names of variables");
    }
    return run->names ? DSEP_OK : dsep_out_of_memory(error, "the names of variables");
}

static int make_random(simulation *run, const dsep_random_dag_settings *random) {
    dsep_error *error = dsep_context_error(run->ctx);
    int code = forecast(run->ctx, random);
    if (code)
        return code;
    int mine = dsep_random_dag_create(random, error, &run->model);
    if (!mine)
        mine = name_variables(run, random->n_nodes, error);
    return dsep_agree(run->ctx, mine);
}

/* A model needs one direction and one coefficient for every edge. */
static int check_model(const settings *given, const dsep_named_graph *file, dsep_error *error) {
    if (file->n_edges == 0)
        return dsep_error_set(error, DSEP_ERROR_DATA, "'%s' has no edges; a model needs some",
                              given->model);
    if (given->variables != 0 && given->variables != file->n_nodes)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--variables %lld, but '%s' has %lld; leave out --variables",
                              (long long)given->variables, given->model, (long long)file->n_nodes);
    for (int64_t e = 0; e < file->n_edges; e++) {
        const dsep_edge edge = file->edges[e];
        const char *source = file->names[edge.source], *target = file->names[edge.target];
        if (edge.mark_source != DSEP_MARK_TAIL || edge.mark_target != DSEP_MARK_ARROW)
            return dsep_error_set(error, DSEP_ERROR_DATA,
                                  "'%s': the edge of %s and %s is not directed; a model needs "
                                  "tail at the source and arrow at the target",
                                  given->model, source, target);
        if (!isfinite(file->weight[e]))
            return dsep_error_set(error, DSEP_ERROR_DATA,
                                  "'%s': %s -> %s has no weight; a model needs a column `weight` "
                                  "with a number for every edge",
                                  given->model, source, target);
    }
    return DSEP_OK;
}

static int read_model(simulation *run, const settings *given) {
    dsep_error *error = dsep_context_error(run->ctx);
    dsep_named_graph *file = NULL;
    int mine = dsep_edge_csv_read(given->model, error, &file);
    if (!mine)
        mine = check_model(given, file, error);
    if (!mine)
        mine = dsep_linear_model_create(file->n_nodes, file->n_edges, file->edges, file->weight,
                                        error, &run->model);
    if (!mine) { /* the names go over to the simulation */
        run->names = file->names;
        run->n_names = file->n_nodes;
        file->names = NULL;
        file->n_nodes = 0;
    }
    dsep_named_graph_destroy(&file);
    return dsep_agree(run->ctx, mine);
}

static void fill(const void *state, int64_t first, int64_t count, double *rows) {
    const simulation *run = state;
    dsep_log_progress(run->ctx, "simulate", (double)first, (double)run->samples, "rows");
    dsep_simulate_rows(run->model, run->noise, run->seed, first, count, rows);
}

static int tell_times(dsep_context *ctx) {
    dsep_log_section *sections = NULL;
    int64_t count = 0;
    const int code = dsep_log_sections(ctx, &sections, &count);
    if (!code)
        dsep_log_table(ctx, sections, count);
    free(sections);
    return code;
}

static int write_files(simulation *run, const settings *given) {
    int code = DSEP_OK;
    const dsep_graph *graph = run->model->graph;
    dsep_log_section_begin(run->ctx, "drawing and writing");
    const dsep_row_source source = {.n_samples = given->samples,
                                    .n_variables = graph->n_nodes,
                                    .names = run->names,
                                    .fill = fill,
                                    .state = run};
    DSEP_TRY(dsep_table_write(run->ctx, given->common.output, &source));
    if (given->truth)
        DSEP_TRY(dsep_edge_csv_write(run->ctx, given->truth, run->names, graph->n_edges,
                                     run->model->edges, run->model->weight));
    DSEP_TRY(tell_times(run->ctx));
cleanup:
    return code;
}

static void print_summary(const simulation *run, const settings *given) {
    const dsep_graph *graph = run->model->graph;
    int64_t most = 0;
    for (int64_t x = 0; x < graph->n_nodes; x++)
        most = dsep_graph_degree(graph, x) > most ? dsep_graph_degree(graph, x) : most;
    printf("model   %lld variables, %lld edges; neighbours: mean %.2f, most %lld\n",
           (long long)graph->n_nodes, (long long)graph->n_edges,
           2 * (double)graph->n_edges / (double)graph->n_nodes, (long long)most);
    printf("data    %s: %lld samples x %lld variables\n", given->common.output,
           (long long)given->samples, (long long)graph->n_nodes);
    if (given->truth)
        printf("truth   %s\n", given->truth);
    if (given->dry_run)
        printf("nothing was written (--dry-run)\n");
}

static void release(simulation *run) {
    if (run->names)
        for (int64_t j = 0; j < run->n_names; j++)
            free(run->names[j]);
    free(run->names);
    dsep_linear_model_destroy(&run->model);
}

static int check_places(const settings *given, dsep_error *error) {
    const int code = dsep_output_writable(given->common.output, error);
    return code || !given->truth ? code : dsep_output_writable(given->truth, error);
}

/* Data of latent factors; `random` has passed its checks. */
static int simulate_latent(dsep_context *ctx, const dsep_invocation *call,
                           const dsep_random_dag_settings *random) {
    const settings *given = call->settings;
    const dsep_latent_options *o = &given->latent;
    if (given->model || given->graph != 0)
        return dsep_fail(ctx, DSEP_ERROR_USAGE,
                         "--factors draws its own graph: leave out --model and --graph");
    const dsep_latent_plan plan = {
        .call = call,
        .model = {.n_variables = given->variables,
                  .n_factors = o->factors,
                  .n_environments = o->environments ? o->environments : o->factors + 1,
                  .shift = (dsep_shift)o->shift,
                  .degree = given->degree,
                  .weight_low = random->weight_low,
                  .weight_high = random->weight_high,
                  .seed = random->seed},
        .noise = (dsep_noise)given->noise,
        .observed = o->observed,
        .samples = given->samples,
        .data = given->common.output,
        .truth = given->truth,
        .dry_run = given->dry_run,
        .quiet = given->common.quiet};
    return dsep_simulate_latent(ctx, &plan);
}

static int simulate(dsep_context *ctx, const dsep_invocation *call) {
    int code = DSEP_OK;
    const settings *given = call->settings;
    dsep_random_dag_settings random = {0};
    simulation run = {.ctx = ctx,
                      .noise = (dsep_noise)given->noise,
                      .seed = (uint64_t)given->common.seed,
                      .samples = given->samples};
    DSEP_AGREE(ctx, check(given, &random, dsep_context_error(ctx)));
    DSEP_AGREE(ctx, check_scope(call, given, dsep_context_error(ctx)));
    DSEP_AGREE(ctx, dsep_rank(ctx) == 0 ? check_places(given, dsep_context_error(ctx)) : 0);
    dsep_provenance_log(ctx, call);
    if (given->latent.factors > 0) {
        dsep_log_section_begin(ctx, "drawing and writing");
        DSEP_TRY(simulate_latent(ctx, call, &random));
        return given->dry_run ? DSEP_OK : tell_times(ctx);
    }
    dsep_log_section_begin(ctx, "model");
    DSEP_TRY(given->model ? read_model(&run, given) : make_random(&run, &random));
    if (!given->dry_run)
        DSEP_TRY(write_files(&run, given));
    if (dsep_rank(ctx) == 0 && (given->dry_run || !given->common.quiet))
        print_summary(&run, given);
cleanup:
    release(&run);
    return code;
}

const dsep_command dsep_command_simulate = {
    .name = "simulate",
    .arguments = "",
    .summary = "draw data from a random or given model, with its truth",
    .description =
        "Draws rows of data from a linear model on a DAG: each variable is the weighted sum of its "
        "causes plus noise of variance 1. The graph is random, or given with --model; with "
        "--factors the graph is over latent factors that the variables are mixtures of. The "
        "columns "
        "of a random model stand in a random order, so their order tells nothing about causes. "
        "The same seed gives the same file on any number of ranks.",
    .examples =
        "  dsep simulate --variables 100 --samples 1000 --truth truth.csv -o data.csv\n"
        "  dsep simulate -p 100000 -n 500 --graph sf --noise laplace -o data.h5\n"
        "  dsep simulate --model truth.csv -n 1000 --seed 2 -o more.csv\n"
        "  dsep simulate -p 10 -n 1000 --factors 3 --degree 2 --shift hard --truth z.h5 -o x.csv\n",
    .min_arguments = 0,
    .max_arguments = 0,
    .groups = groups,
    .settings_size = sizeof(settings),
    .run = simulate,
};
