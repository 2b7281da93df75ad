#include "jobs/replicates.h"

#include "mpi/amount.h"
#include "mpi/memory.h"
#include "solvers/replicate.h"
#include "solvers/share.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

/* Shares are looked at whenever so many more replicates are done: the same numbers whatever the
 * ranks. */
enum { ROUND = 50 };

/* --- plan ------------------------------------------------------------------------------------ */

/* The fewest ranks a group with which all groups of a node fit into its memory; 0: none. */
static int64_t fewest_ranks(dsep_context *ctx, int64_t bytes, int64_t left) {
    const int64_t node_ranks = (dsep_size(ctx) + dsep_nodes(ctx) - 1) / dsep_nodes(ctx);
    for (int64_t each = 1; each <= node_ranks; each++)
        if (bytes >= 0 && bytes <= left / ((node_ranks + each - 1) / each))
            return each;
    return 0;
}

/* Ranks that would have no replicate join another group. */
int dsep_replicates_choose_ranks(dsep_context *ctx, int64_t bytes, int64_t left, int64_t asked,
                                 dsep_replicates *r) {
    const int64_t fewest = fewest_ranks(ctx, bytes, left), size = dsep_size(ctx);
    r->bytes = bytes;
    const int64_t spare = r->requested < size ? size / r->requested : 1;
    r->ranks_each = fewest > spare ? fewest : spare;
    if (asked > 0)
        r->ranks_each = asked < size ? asked : size;
    if (fewest > 0)
        return DSEP_OK;
    dsep_amount needed, there;
    return dsep_fail(ctx, DSEP_ERROR_RESOURCES,
                     "a replicate needs %s on a node beside the table, and %s "
                     "are there: use nodes with more memory, or fewer variables",
                     dsep_amount_bytes((double)bytes, needed),
                     dsep_amount_bytes((double)left, there));
}

/* What another scheme of --resample would have used. */
static int check_scheme(const dsep_replicate_options *o, dsep_error *error) {
    if (o->fraction != 0.5 && o->scheme != DSEP_RESAMPLE_SUBSAMPLE)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--subsample is about --resample subsample: give both");
    if (o->until_stable > 0 && o->scheme == DSEP_RESAMPLE_ENVIRONMENT)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--until-stable is about draws, and --resample environment draws "
                              "nothing: leave out one of them");
    if (o->block > 0 && o->scheme != DSEP_RESAMPLE_BLOCK)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--block is about --resample block: give both");
    return DSEP_OK;
}

int dsep_replicates_check(const dsep_replicate_options *o, dsep_error *error) {
    if (o->replicates > 0 || (o->scheme == DSEP_RESAMPLE_BOOTSTRAP && o->until_stable <= 0 &&
                              o->threshold <= 0 && o->ranks_each == 0 && o->confidence == 0.95))
        return check_scheme(o, error);
    return dsep_error_set(
        error, DSEP_ERROR_USAGE,
        "--resample, --threshold, --until-stable, --confidence and --ranks-per-replicate are "
        "about replicates: say how many with --replicates R");
}

/* Halves and subsamples are for bounds of independent rows; a permutation tears times apart. */
static int check_series(dsep_resample_scheme scheme, dsep_error *error) {
    if (scheme == DSEP_RESAMPLE_BOOTSTRAP || scheme == DSEP_RESAMPLE_BLOCK)
        return DSEP_OK;
    return dsep_error_set(error, DSEP_ERROR_USAGE,
                          "--resample %s has no meaning for a series, whose rows are times that "
                          "follow each other: use --resample block, or bootstrap",
                          dsep_resample_name(scheme));
}

int dsep_replicates_prepare(const dsep_discover_settings *settings, const dsep_table *table,
                            dsep_graph_kind kind, dsep_error *error, dsep_replicates *r) {
    const dsep_replicate_options *o = &settings->replicate;
    int code = DSEP_OK;
    *r = (dsep_replicates){.resample = {.scheme = (dsep_resample_scheme)o->scheme,
                                        .seed = (uint64_t)settings->common.seed,
                                        .n_samples = table->n_samples,
                                        .fraction = o->fraction,
                                        .block = o->block,
                                        .environment = table->environment,
                                        .n_environments = table->n_environments},
                           .n_variables = table->n_variables,
                           .kind = kind,
                           .confidence = o->confidence,
                           .until_stable = o->until_stable,
                           .threshold = o->threshold};
    if (o->replicates > 0 && settings->method == DSEP_METHOD_VAR_LINGAM)
        code = check_series((dsep_resample_scheme)o->scheme, error);
    if (!code && o->replicates > 0)
        code = dsep_resample_check(&r->resample, error);
    if (!code && o->replicates > 0) {
        const int64_t most = dsep_resample_most(&r->resample);
        r->requested = o->replicates < most ? o->replicates : most;
    }
    return code;
}

int dsep_replicates_plan(dsep_context *ctx, const dsep_discover_settings *settings,
                         const dsep_discover_input *input, dsep_replicates *r) {
    const dsep_table *table = input->table;
    const int64_t asked = settings->replicate.ranks_each;
    const dsep_forecast *f = &input->forecast;
    const int64_t left =
        input->memory_available - f->bytes_base - f->bytes_table - f->bytes_own - f->bytes_columns;
    int code = dsep_replicates_prepare(
        settings, table, settings->skeleton_only ? DSEP_GRAPH_SKELETON : DSEP_GRAPH_CPDAG,
        dsep_context_error(ctx), r);
    for (r->whole = input->whole; !code; r->whole = 0) {
        const int64_t bytes = dsep_replicator_bytes(table->n_samples, table->n_variables, r->whole);
        code = dsep_replicates_choose_ranks(ctx, bytes, left, asked, r);
        if (!code || !r->whole)
            return code;
        code = DSEP_OK;
    }
    return code;
}

/* --- run ------------------------------------------------------------------------------------- */

typedef struct {
    const dsep_discover_settings *settings;
    const dsep_discover_input *input;
    dsep_replicates *r;
    dsep_replicator *replicator;
    int32_t *weight; /* [n_samples] */
} replication;

static int run_one(dsep_context *group, int64_t unit, double *values, dsep_tally **tally,
                   void *data) {
    int code = DSEP_OK;
    replication *run = data;
    dsep_replicate made = {0};
    const dsep_resample *resample = &run->r->resample;
    const int permutes = resample->scheme == DSEP_RESAMPLE_PERMUTATION;
    const dsep_variation variation = {.weight = permutes ? NULL : run->weight,
                                      .permutation = permutes ? resample : NULL,
                                      .permuted = unit,
                                      .alpha = run->settings->alpha};
    const dsep_pc_settings searching = {.search = {.max_order = run->settings->max_order},
                                        .orientation = (dsep_orientation)run->settings->orientation,
                                        .skeleton_only = run->settings->skeleton_only};
    if (!permutes)
        dsep_resample_weights(resample, unit, run->weight);
    DSEP_TRY(dsep_replicator_run(group, run->replicator, &variation, run->input->knowledge,
                                 &searching, &made));
    values[DSEP_REPLICATE_EDGES] = (double)made.graph->n_edges;
    values[DSEP_REPLICATE_DIRECTED] = (double)dsep_graph_count_directed(made.graph);
    values[DSEP_REPLICATE_CONSTANT] = (double)made.constant;
    values[DSEP_REPLICATE_LEVELS] = (double)made.n_levels;
    values[DSEP_REPLICATE_CONVERGED] = 1;
    const int mine = dsep_rank(group) == 0
                         ? dsep_tally_add(tally[0], made.graph, NULL, dsep_context_error(group))
                         : DSEP_OK;
    DSEP_AGREE(group, mine);
cleanup:
    dsep_graph_destroy(&made.graph);
    return code;
}

/* Half the width of the widest interval of a reported share: of every pair of marks that was seen,
 * and of being joined at all. */
static double least_known(const dsep_tally *tally, int64_t n, double confidence) {
    const double z = gsl_cdf_ugaussian_Qinv((1 - confidence) / 2);
    double widest = dsep_share_half_width(0, n, z);
    for (int64_t e = 0; e < tally->n_edges; e++) {
        const dsep_tally_edge *edge = &tally->edges[e];
        widest = fmax(widest, dsep_share_half_width(dsep_tally_joined(edge), n, z));
        for (int kind = 0; kind < DSEP_TALLY_MARKS; kind++)
            widest = fmax(widest, dsep_share_half_width(edge->count[kind], n, z));
    }
    return widest;
}

/* A campaign whose shares are looked at. */
typedef struct {
    dsep_replicate_unit run;
    void *data;
    const dsep_replicates *r;
} counted;

static int run_counted(dsep_context *group, int64_t unit, double *values, dsep_tally **tally,
                       void *data) {
    const counted *of = data;
    return of->run(group, unit, values, tally, of->data);
}

static int stable(int64_t done, const double *values, dsep_tally *const *tally, void *data) {
    (void)values;
    const dsep_replicates *r = ((const counted *)data)->r;
    return least_known(tally[0], done, r->confidence) <= r->until_stable;
}

int dsep_replicates_campaign(dsep_context *ctx, dsep_groups *groups, dsep_replicate_unit run,
                             void *data, dsep_running *running, const dsep_state *with,
                             dsep_replicates *r) {
    int code = DSEP_OK;
    counted of = {.run = run, .data = data, .r = r};
    const dsep_campaign_plan plan = {.name = "replicates",
                                     .units = "replicates",
                                     .n_units = r->requested,
                                     .n_values = DSEP_REPLICATE_VALUES,
                                     .n_tallies = 1,
                                     .round = ROUND,
                                     .run = run_counted,
                                     .enough = r->until_stable > 0 ? stable : NULL,
                                     .data = &of,
                                     .with = with};
    r->n_groups = dsep_groups_count(groups);
    dsep_log_line(ctx, "%lld replicates (%s): %d group%s of up to %lld rank%s",
                  (long long)r->requested, dsep_resample_name(r->resample.scheme), r->n_groups,
                  r->n_groups == 1 ? "" : "s", (long long)r->ranks_each,
                  r->ranks_each == 1 ? "" : "s");
    DSEP_TRY(dsep_campaign_run(ctx, groups, &plan, running, &r->campaign));
    r->worst = r->resample.scheme == DSEP_RESAMPLE_ENVIRONMENT
                   ? NAN
                   : least_known(r->campaign->tally[0], r->campaign->n_done, r->confidence);
cleanup:
    return code;
}

static int run_groups(dsep_context *ctx, dsep_groups *groups, const dsep_correlation *source,
                      replication *run, dsep_running *running, const dsep_state *with) {
    int code = DSEP_OK;
    dsep_context *group = dsep_groups_context(groups);
    const int mine = dsep_replicator_create(group, source, run->r->whole, &run->replicator);
    if (mine)
        *dsep_context_error(ctx) = *dsep_context_error(group);
    DSEP_AGREE(ctx, mine);
    DSEP_TRY(dsep_replicates_campaign(ctx, groups, run_one, run, running, with, run->r));
cleanup:
    dsep_replicator_destroy(&run->replicator);
    return code;
}

int dsep_replicates_run(dsep_context *ctx, const dsep_discover_settings *settings,
                        const dsep_discover_input *input, dsep_running *running,
                        const dsep_state *with, dsep_replicates *r) {
    int code = DSEP_OK;
    dsep_correlation *source = NULL;
    dsep_groups *groups = NULL;
    replication run = {.settings = settings, .input = input, .r = r};
    dsep_log_section_begin(ctx, "replicates");
    run.weight = dsep_array(input->table->n_samples, sizeof *run.weight);
    DSEP_AGREE(ctx,
               run.weight ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "the weights"));
    DSEP_TRY(dsep_correlation_create(ctx, input->table, 0, &source));
    DSEP_TRY(dsep_groups_create(ctx, r->ranks_each, &groups));
    DSEP_TRY(run_groups(ctx, groups, source, &run, running, with));
cleanup:
    dsep_groups_destroy(&groups);
    dsep_correlation_destroy(&source);
    free(run.weight);
    return code;
}

void dsep_replicates_release(dsep_replicates *r) {
    dsep_campaign_destroy(&r->campaign);
}
