#include "jobs/sensitivity_options.h"

#include "jobs/option_scope.h"
#include "mpi/memory.h"

#include <stdlib.h>
#include <string.h>

#define FIELD(name) offsetof(dsep_sensitivity_settings, name)

/* Choices as other commands have them, too: their numbers are those of the enums. */
#define GRAPHS "er|sf|layered"
#define NOISES "gaussian|laplace|uniform|exponential|student"
#define ORIENTATIONS "standard|conservative|majority"
#define TESTS "fisher-z"

static const dsep_option choice_options[] = {
    {"alpha", 'a', DSEP_OPTION_REALS, FIELD(alpha), "A,...", "0.01", 1e-300, 0.999999, NULL,
     "significance levels of each test"},
    {"samples", 'n', DSEP_OPTION_INTEGERS, FIELD(samples), "N,...", NULL, 5, 2147483647, "all",
     "rows: of data so many are drawn, each at most once, all if not said; of a simulation so many "
     "are made"},
    {"subsample", 0, DSEP_OPTION_REALS, FIELD(subsample), "SHARE,...", NULL, 1e-6, 1, NULL,
     "share of these rows that a run uses, drawn for each run; 1 if not said (data only)"},
    {"measurement-error", 0, DSEP_OPTION_REALS, FIELD(error), "SD,...", "0", 0, 1e6, NULL,
     "standard deviation of normal noise that is added to every column, in units of the column's "
     "own"},
    {"drop-variables", 0, DSEP_OPTION_REALS, FIELD(drop), "SHARE,...", NULL, 0, 0.99, NULL,
     "share of the variables that a run leaves out, drawn for each run; 0 if not said (data only)"},
    {"max-order", 0, DSEP_OPTION_INTEGERS, FIELD(max_order), "L,...", "-1", -1, 250, NULL,
     "largest separating sets to try; -1 has no limit"},
    {"orientation", 0, DSEP_OPTION_CHOICES, FIELD(orientation), ORIENTATIONS ",...", "standard", 0,
     0, ORIENTATIONS, "how v-structures are judged"},
    {"test", 0, DSEP_OPTION_CHOICES, FIELD(test), TESTS ",...", "fisher-z", 0, 0, TESTS,
     "fisher-z: partial correlations of continuous data"},
    {0},
};

static const dsep_option simulation_options[] = {
    {"simulate", 0, DSEP_OPTION_FLAG, FIELD(simulate), NULL, NULL, 0, 0, NULL,
     "draw models and data instead of reading DATA, and compare with the truth"},
    {"variables", 'p', DSEP_OPTION_INTEGERS, FIELD(variables), "P,...", NULL, 2, 1e6, NULL,
     "numbers of variables"},
    {"degree", 0, DSEP_OPTION_REALS, FIELD(degree), "D,...", NULL, 0, 1e6, NULL,
     "expected numbers of neighbours of a variable; 3 if not said"},
    {"graph", 0, DSEP_OPTION_CHOICES, FIELD(graph), GRAPHS ",...", NULL, 0, 0, GRAPHS,
     "kinds of random graphs, as in dsep simulate; er if not said"},
    {"noise", 0, DSEP_OPTION_CHOICES, FIELD(noise), NOISES ",...", NULL, 0, 0, NOISES,
     "noise of every variable, mean 0, variance 1; gaussian if not said"},
    {"layers", 0, DSEP_OPTION_INTEGER, FIELD(layers), "L", "4", 2, 1e6, NULL,
     "layers of a layered graph"},
    {"weights", 0, DSEP_OPTION_REALS, FIELD(weights), "LO,HI", "0.3,1.0", 0, 1e6, NULL,
     "range of the size of coefficients; signs are random"},
    {0},
};

static const dsep_option design_options[] = {
    {"design", 0, DSEP_OPTION_CHOICE, FIELD(random), NULL, "grid", 0, 0, "grid|random",
     "grid: a cell for every combination of the lists; random: every cell draws each choice, a "
     "number between the least and the greatest of its list (alpha on the scale of logarithms), "
     "or a member of it for --max-order and for names"},
    {"cells", 0, DSEP_OPTION_INTEGER, FIELD(cells), "N", "100", 1, 1e7, NULL,
     "cells of a random design"},
    {"replicates", 'R', DSEP_OPTION_INTEGER, FIELD(replicates), "R", "20", 1, 1e7, NULL,
     "runs of each cell, each with its own draws; a cell in which nothing is drawn is run once"},
    {"ranks-per-replicate", 0, DSEP_OPTION_INTEGER, FIELD(ranks_each), "N", "auto", 1, 1e6, "auto",
     "ranks that work on a run together; the result is the same for any"},
    {"memory-per-node", 0, DSEP_OPTION_SIZE, FIELD(memory_per_node), "SIZE", NULL, 0, 0, NULL,
     "what all runs of a node may use; without it what the node has free"},
    {"dry-run", 0, DSEP_OPTION_FLAG, FIELD(dry_run), NULL, NULL, 0, 0, NULL,
     "check everything and forecast, but run nothing"},
    {0},
};

const dsep_option_group dsep_sensitivity_groups[] = {
    {"Choices: lists with commas, of which the first members make the reference", choice_options, 0,
     NULL},
    {"Simulation", simulation_options, 0, NULL},
    {"Design", design_options, 0, NULL},
    {"Edges of a result", dsep_edge_robustness_option_table, FIELD(robustness), NULL},
    {"Running", dsep_running_option_table, FIELD(running), NULL},
    {"Data", dsep_data_option_table, FIELD(data), NULL},
    {"Common", dsep_common_options, FIELD(common), NULL},
    {0},
};

/* --- what goes with what --------------------------------------------------------------------- */

enum { CHOICES, SIMULATION, DESIGN, EDGES, RUNNING, DATA };

#define NOT_OF_A_RESULT                                                                            \
    "is about searches, and a result is looked at as it is; leave it out, or name a table"
#define NOT_OF_A_TABLE "is about a simulation; leave it out, or give --simulate"

static const struct {
    dsep_sensitivity_subject of;
    int group;
    const char *why;
} foreign[] = {
    {DSEP_SENSITIVITY_OF_RESULT, CHOICES, NOT_OF_A_RESULT},
    {DSEP_SENSITIVITY_OF_RESULT, SIMULATION, NOT_OF_A_RESULT},
    {DSEP_SENSITIVITY_OF_RESULT, DESIGN, NOT_OF_A_RESULT},
    {DSEP_SENSITIVITY_OF_RESULT, DATA, NOT_OF_A_RESULT},
    {DSEP_SENSITIVITY_OF_TABLE, SIMULATION, NOT_OF_A_TABLE},
    {DSEP_SENSITIVITY_OF_TABLE, EDGES,
     "is about edges of a result, and this is a table; make one with dsep discover"},
    {DSEP_SENSITIVITY_OF_SIMULATION, EDGES,
     "is about edges of a result; leave it out, or name a result instead of --simulate"},
    {DSEP_SENSITIVITY_OF_SIMULATION, DATA,
     "is about a table; leave it out, or name a table instead of --simulate"},
};

int dsep_sensitivity_scope(const dsep_invocation *call, dsep_sensitivity_subject subject,
                           dsep_error *error) {
    int code = DSEP_OK;
    const dsep_sensitivity_settings *s = call->settings;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign && !code; i++)
        if (foreign[i].of == subject)
            code = dsep_option_refuse(call, &dsep_sensitivity_groups[foreign[i].group], NULL,
                                      foreign[i].why, error);
    if (!code && !s->random)
        code = dsep_option_refuse(call, &dsep_sensitivity_groups[DESIGN], "cells",
                                  "is about a random design; leave it out, or give --design random",
                                  error);
    return code;
}

/* --- factors --------------------------------------------------------------------------------- */

enum { OF_BOTH, OF_DATA, OF_SIMULATION };

static const struct {
    const char *name;
    size_t field;
    dsep_factor_kind kind;
    const char *choices;
    double fallback;
    int of;
} factors[] = {
    {"variables", FIELD(variables), DSEP_FACTOR_WHOLE, NULL, 0, OF_SIMULATION},
    {"degree", FIELD(degree), DSEP_FACTOR_REAL, NULL, 3, OF_SIMULATION},
    {"graph", FIELD(graph), DSEP_FACTOR_CHOICE, GRAPHS, 0, OF_SIMULATION},
    {"noise", FIELD(noise), DSEP_FACTOR_CHOICE, NOISES, 0, OF_SIMULATION},
    {"samples", FIELD(samples), DSEP_FACTOR_WHOLE, NULL, 0, OF_BOTH},
    {"subsample", FIELD(subsample), DSEP_FACTOR_REAL, NULL, 1, OF_DATA},
    {"measurement-error", FIELD(error), DSEP_FACTOR_REAL, NULL, 0, OF_BOTH},
    {"drop-variables", FIELD(drop), DSEP_FACTOR_REAL, NULL, 0, OF_DATA},
    {"alpha", FIELD(alpha), DSEP_FACTOR_LOG, NULL, 0.01, OF_BOTH},
    {"max-order", FIELD(max_order), DSEP_FACTOR_MEMBER, NULL, -1, OF_BOTH},
    {"orientation", FIELD(orientation), DSEP_FACTOR_CHOICE, ORIENTATIONS, 0, OF_BOTH},
    {"test", FIELD(test), DSEP_FACTOR_CHOICE, TESTS, 0, OF_BOTH},
};

enum { N_FACTORS = sizeof factors / sizeof *factors };

static dsep_list list_of(const dsep_sensitivity_settings *settings, int factor) {
    return *(const dsep_list *)((const char *)settings + factors[factor].field);
}

static int check_belonging(const dsep_sensitivity_settings *s, dsep_error *error) {
    const int others = s->simulate ? OF_DATA : OF_SIMULATION;
    for (int f = 0; f < N_FACTORS; f++)
        if (factors[f].of == others && list_of(s, f).count > 0)
            return dsep_error_set(error, DSEP_ERROR_USAGE,
                                  s->simulate ? "--%s is about data; leave it out, or leave out "
                                                "--simulate and name a table"
                                              : "--%s is about a simulation; leave it out, or "
                                                "give --simulate",
                                  factors[f].name);
    return DSEP_OK;
}

static int check_simulation(const dsep_sensitivity_settings *s, dsep_error *error) {
    if (s->variables.count == 0 || s->samples.count == 0)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "how large are the simulated tables? give --variables P,... and "
                              "--samples N,...");
    for (int64_t i = 0; i < s->samples.count; i++)
        if (s->samples.values[i] == 0)
            return dsep_error_set(error, DSEP_ERROR_USAGE,
                                  "--samples all is about data; say how many rows to make");
    if (s->weights.count != 2)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--weights: expected two numbers LO,HI such as 0.3,1.0");
    return DSEP_OK;
}

static int check_rows(const dsep_sensitivity_settings *s, int64_t n_samples, dsep_error *error) {
    for (int64_t i = 0; i < s->samples.count; i++)
        if (s->samples.values[i] > (double)n_samples)
            return dsep_error_set(error, DSEP_ERROR_USAGE,
                                  "--samples %.0f: the data have only %lld rows; give at most so "
                                  "many, or all",
                                  s->samples.values[i], (long long)n_samples);
    return DSEP_OK;
}

/* --- cells ----------------------------------------------------------------------------------- */

/* What has no meaning in a cell that combines two choices. */
static int check_cells(const dsep_sensitivity_settings *s, const dsep_study_design *design,
                       dsep_error *error) {
    int code = DSEP_OK;
    for (int64_t cell = 0; cell < design->n_cells && !code; cell++) {
        const double samples = dsep_study_value(design, cell, "samples", 0);
        const double share = dsep_study_value(design, cell, "subsample", 1);
        if (s->simulate) {
            const dsep_random_dag_settings model = dsep_sensitivity_model(s, design, cell, 0);
            code = dsep_random_dag_check(&model, error);
        } else if (samples * share < 5) {
            code = dsep_error_set(error, DSEP_ERROR_USAGE,
                                  "--subsample %g of %.0f rows leaves fewer than 5; give larger "
                                  "shares or larger --samples",
                                  share, samples);
        }
    }
    return code;
}

/* The levels of a factor; `all` stands for the rows of the data. */
static void put_levels(const dsep_sensitivity_settings *s, int f, double all, double *levels,
                       dsep_factor *factor) {
    const dsep_list list = list_of(s, f);
    const int rows = strcmp(factors[f].name, "samples") == 0;
    levels[0] = rows ? all : factors[f].fallback;
    for (int64_t i = 0; i < list.count; i++)
        levels[i] = rows && list.values[i] == 0 ? all : list.values[i];
    *factor = (dsep_factor){.name = factors[f].name,
                            .kind = factors[f].kind,
                            .choices = factors[f].choices,
                            .n_levels = list.count > 0 ? list.count : 1,
                            .levels = levels};
}

static int create_design(const dsep_sensitivity_settings *s, int64_t n_samples, dsep_error *error,
                         dsep_study_design **design) {
    int code = DSEP_OK, count = 0;
    double *levels[N_FACTORS] = {NULL};
    dsep_factor chosen[N_FACTORS];
    for (int f = 0; f < N_FACTORS && !code; f++) {
        if (factors[f].of == (s->simulate ? OF_DATA : OF_SIMULATION))
            continue;
        levels[f] = dsep_array(list_of(s, f).count + 1, sizeof **levels);
        if (levels[f])
            put_levels(s, f, (double)n_samples, levels[f], &chosen[count++]);
        else
            code = dsep_out_of_memory(error, "the levels of a study");
    }
    if (!code)
        code = dsep_study_design_create(chosen, count, s->random ? s->cells : 0, s->replicates,
                                        (uint64_t)s->common.seed, error, design);
    for (int f = 0; f < N_FACTORS; f++)
        free(levels[f]);
    return code;
}

int dsep_sensitivity_design(const dsep_sensitivity_settings *settings, int64_t n_samples,
                            dsep_error *error, dsep_study_design **design) {
    int code = DSEP_OK;
    *design = NULL;
    DSEP_TRY(check_belonging(settings, error));
    DSEP_TRY(settings->simulate ? check_simulation(settings, error)
                                : check_rows(settings, n_samples, error));
    DSEP_TRY(create_design(settings, n_samples, error, design));
    DSEP_TRY(check_cells(settings, *design, error));
cleanup:
    if (code)
        dsep_study_design_destroy(design);
    return code;
}

dsep_pc_settings dsep_sensitivity_search(const dsep_study_design *design, int64_t cell) {
    return (dsep_pc_settings){
        .search = {.max_order = (int64_t)dsep_study_value(design, cell, "max-order", -1)},
        .orientation = (dsep_orientation)dsep_study_value(design, cell, "orientation", 0)};
}

dsep_random_dag_settings dsep_sensitivity_model(const dsep_sensitivity_settings *settings,
                                                const dsep_study_design *design, int64_t cell,
                                                uint64_t seed) {
    return (dsep_random_dag_settings){
        .kind = (dsep_random_dag_kind)dsep_study_value(design, cell, "graph", 0),
        .n_nodes = (int64_t)dsep_study_value(design, cell, "variables", 0),
        .degree = dsep_study_value(design, cell, "degree", 0),
        .layers = settings->layers,
        .weight_low = settings->weights.values[0],
        .weight_high = settings->weights.values[1],
        .seed = seed};
}
