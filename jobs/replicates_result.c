#include "jobs/replicates_result.h"

#include "mpi/amount.h"
#include "mpi/memory.h"
#include "solvers/ensemble.h"
#include "solvers/share.h"
#include "solvers/stability.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const marks[] = {"tail", "arrow", "circle"};

/* Mean and standard deviation of one of the values over the replicates that were done. */
static void spread(const dsep_campaign *c, int value, double *mean, double *sd) {
    double sum = 0, squares = 0;
    int64_t n = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int64_t u = 0, done = 0; done < c->n_done; u++) {
            if (!c->done[u])
                continue;
            done++;
            const double x = c->values[u * DSEP_REPLICATE_VALUES + value];
            if (pass == 0) {
                sum += x;
                n++;
            } else {
                squares += (x - sum / (double)n) * (x - sum / (double)n);
            }
        }
    *mean = sum / (double)n;
    *sd = n > 1 ? sqrt(squares / (double)(n - 1)) : NAN;
}

static int64_t n_converged(const dsep_campaign *c, int64_t requested) {
    int64_t n = 0;
    for (int64_t u = 0; u < requested; u++)
        n += c->done[u] && c->values[u * DSEP_REPLICATE_VALUES + DSEP_REPLICATE_CONVERGED] != 0;
    return n;
}

static void write_attributes(dsep_h5write *file, const dsep_replicates *r) {
    static const char *const at = "/replicates";
    const dsep_campaign *c = r->campaign;
    double mean, sd;
    dsep_h5write_attribute_integer(file, at, "requested", r->requested);
    dsep_h5write_attribute_integer(file, at, "done", c->n_done);
    dsep_h5write_attribute_text(file, at, "scheme", dsep_resample_name(r->resample.scheme));
    dsep_h5write_attribute_integer(file, at, "seed", (int64_t)r->resample.seed);
    if (r->resample.scheme == DSEP_RESAMPLE_SUBSAMPLE)
        dsep_h5write_attribute_real(file, at, "fraction", r->resample.fraction);
    if (r->resample.scheme == DSEP_RESAMPLE_BLOCK)
        dsep_h5write_attribute_integer(file, at, "block", dsep_resample_block(&r->resample));
    dsep_h5write_attribute_real(file, at, "confidence", r->confidence);
    dsep_h5write_attribute_real(file, at, "half_width", r->worst);
    if (r->until_stable > 0) {
        dsep_h5write_attribute_real(file, at, "until_stable", r->until_stable);
        dsep_h5write_attribute_integer(file, at, "stable", r->worst <= r->until_stable);
    }
    spread(c, DSEP_REPLICATE_EDGES, &mean, &sd);
    dsep_h5write_attribute_real(file, at, "edges_mean", mean);
    dsep_h5write_attribute_real(file, at, "edges_sd", sd);
    spread(c, DSEP_REPLICATE_DIRECTED, &mean, &sd);
    dsep_h5write_attribute_real(file, at, "directed_mean", mean);
    dsep_h5write_attribute_real(file, at, "directed_sd", sd);
    spread(c, DSEP_REPLICATE_CONSTANT, &mean, &sd);
    dsep_h5write_attribute_real(file, at, "constant_mean", mean);
    if (r->iterates)
        dsep_h5write_attribute_integer(file, at, "converged", n_converged(c, r->requested));
}

/* --- counts ---------------------------------------------------------------------------------- */

/* Which marks a graph of this kind can have. */
static int possible(dsep_graph_kind kind, int marks_of) {
    const int circle = dsep_tally_mark_x(marks_of) == DSEP_MARK_CIRCLE ||
                       dsep_tally_mark_y(marks_of) == DSEP_MARK_CIRCLE;
    return kind == DSEP_GRAPH_PAG || (!circle && kind != DSEP_GRAPH_SKELETON) ||
           marks_of == dsep_tally_kind(DSEP_MARK_TAIL, DSEP_MARK_TAIL);
}

static int write_counts(dsep_context *ctx, dsep_h5write *file, const dsep_replicates *r) {
    int code = DSEP_OK;
    const dsep_tally *tally = r->campaign->tally[0];
    const dsep_block mine = dsep_layout_block(tally->n_edges, dsep_size(ctx), dsep_rank(ctx));
    const dsep_tally_edge *edges = tally->edges ? tally->edges + mine.first : NULL;
    int64_t *column = dsep_array(mine.count, sizeof *column);
    DSEP_AGREE(ctx,
               column ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "counts of edges"));
    DSEP_TRY(dsep_h5write_table(file, "/replicates/edges", tally->n_edges, 0, NULL));
    for (int64_t e = 0; e < mine.count; e++)
        column[e] = edges[e].x;
    DSEP_TRY(dsep_h5write_column(file, "source", DSEP_H5_INT64, mine, column));
    for (int64_t e = 0; e < mine.count; e++)
        column[e] = edges[e].y;
    DSEP_TRY(dsep_h5write_column(file, "target", DSEP_H5_INT64, mine, column));
    for (int64_t e = 0; e < mine.count; e++)
        column[e] = dsep_tally_joined(&edges[e]);
    DSEP_TRY(dsep_h5write_column(file, "joined", DSEP_H5_INT64, mine, column));
    for (int kind = 0; kind < DSEP_TALLY_MARKS; kind++) {
        char name[32];
        if (!possible(r->kind, kind))
            continue;
        snprintf(name, sizeof name, "%s_%s", dsep_mark_name(dsep_tally_mark_x(kind)),
                 dsep_mark_name(dsep_tally_mark_y(kind)));
        for (int64_t e = 0; e < mine.count; e++)
            column[e] = edges[e].count[kind];
        DSEP_TRY(dsep_h5write_column(file, name, DSEP_H5_INT64, mine, column));
    }
cleanup:
    free(column);
    return code;
}

/* --- graphs ---------------------------------------------------------------------------------- */

/* One ensemble graph as an edge table, with the share of replicates that had just these marks and
 * of those that joined the pair. */
static int write_graph(dsep_context *ctx, dsep_h5write *file, const dsep_replicates *r,
                       const char *path, const dsep_graph *graph) {
    int code = DSEP_OK;
    const int64_t n = graph->n_edges;
    const dsep_block mine = dsep_layout_block(n, dsep_size(ctx), dsep_rank(ctx));
    dsep_edge *edges = dsep_array(n, sizeof *edges);
    int64_t *ends = dsep_array(2 * mine.count, sizeof *ends);
    int8_t *end_marks = dsep_array(2 * mine.count, 1);
    double *shares = dsep_array(2 * mine.count, sizeof *shares);
    int code_here = edges && ends && end_marks && shares
                        ? dsep_graph_edges(graph, dsep_context_error(ctx), edges, NULL)
                        : dsep_out_of_memory(dsep_context_error(ctx), "an ensemble graph");
    DSEP_AGREE(ctx, code_here);
    for (int64_t e = 0; e < mine.count; e++) {
        const dsep_edge at = edges[mine.first + e];
        int64_t same, joined;
        dsep_tally_count(r->campaign->tally[0], at, &same, &joined);
        ends[e] = at.source;
        ends[mine.count + e] = at.target;
        end_marks[e] = (int8_t)(at.mark_source - 1);
        end_marks[mine.count + e] = (int8_t)(at.mark_target - 1);
        shares[e] = (double)same / (double)r->campaign->n_done;
        shares[mine.count + e] = (double)joined / (double)r->campaign->n_done;
    }
    DSEP_TRY(dsep_h5write_table(file, path, n, 0, NULL));
    DSEP_TRY(dsep_h5write_column(file, "source", DSEP_H5_INT64, mine, ends));
    DSEP_TRY(dsep_h5write_column(file, "target", DSEP_H5_INT64, mine, ends + mine.count));
    DSEP_TRY(dsep_h5write_categories(file, "mark_source", marks, 3, mine, end_marks));
    DSEP_TRY(dsep_h5write_categories(file, "mark_target", marks, 3, mine, end_marks + mine.count));
    DSEP_TRY(dsep_h5write_column(file, "share", DSEP_H5_DOUBLE, mine, shares));
    DSEP_TRY(dsep_h5write_column(file, "share_joined", DSEP_H5_DOUBLE, mine, shares + mine.count));
cleanup:
    free(edges);
    free(ends);
    free(end_marks);
    free(shares);
    return code;
}

static double threshold_of(const dsep_replicates *r) {
    return r->threshold > 0 ? r->threshold
                            : dsep_ensemble_threshold(r->campaign->tally[0], r->campaign->n_done);
}

static int write_ensembles(dsep_context *ctx, dsep_h5write *file, const dsep_replicates *r) {
    int code = DSEP_OK;
    dsep_graph *graph = NULL;
    const double threshold = threshold_of(r);
    for (int rule = DSEP_ENSEMBLE_PRESERVED; rule <= DSEP_ENSEMBLE_THRESHOLD && !code; rule++) {
        char path[64];
        snprintf(path, sizeof path, "/replicates/%s", dsep_ensemble_name((dsep_ensemble_rule)rule));
        DSEP_AGREE(ctx, dsep_ensemble_graph(r->campaign->tally[0], r->campaign->n_done,
                                            (dsep_ensemble_rule)rule, threshold, r->n_variables,
                                            r->kind, dsep_context_error(ctx), &graph));
        code = write_graph(ctx, file, r, path, graph);
        dsep_graph_destroy(&graph);
    }
    dsep_h5write_attribute_real(file, "/replicates", "threshold_share", threshold);
    dsep_h5write_attribute_text(file, "/replicates", "threshold_from",
                                r->threshold > 0 ? "--threshold" : "the shares");
cleanup:
    return code;
}

/* --- stability selection --------------------------------------------------------------------- */

static int selects(const dsep_replicates *r) {
    return r->resample.scheme == DSEP_RESAMPLE_HALVES ||
           (r->resample.scheme == DSEP_RESAMPLE_SUBSAMPLE && r->resample.fraction == 0.5);
}

/* Whether both halves of every shuffle are done, or neither. */
static int in_pairs(const dsep_campaign *c, int64_t requested) {
    for (int64_t u = 0; u < requested; u += 2)
        if (c->done[u] != (u + 1 < requested && c->done[u + 1]))
            return 0;
    return 1;
}

static dsep_stability assess(const dsep_replicates *r) {
    dsep_stability s;
    const int64_t p = r->n_variables;
    const int halves =
        r->resample.scheme == DSEP_RESAMPLE_HALVES && in_pairs(r->campaign, r->requested);
    dsep_stability_assess(r->campaign->tally[0], r->campaign->n_done, p * (p - 1) / 2,
                          threshold_of(r), halves, &s);
    return s;
}

static void write_stability(dsep_h5write *file, const dsep_replicates *r) {
    static const char *const at = "/replicates/stability";
    if (!selects(r))
        return;
    const dsep_stability s = assess(r);
    dsep_h5write_attribute_real(file, at, "threshold", s.threshold);
    dsep_h5write_attribute_integer(file, at, "selected", s.n_selected);
    dsep_h5write_attribute_real(file, at, "mean_joined", s.mean_joined);
    dsep_h5write_attribute_real(file, at, "theta", s.theta);
    dsep_h5write_attribute_real(file, at, "bound", s.any);
    dsep_h5write_attribute_real(file, at, "bound_unimodal", s.unimodal);
    dsep_h5write_attribute_real(file, at, "bound_r_concave", s.r_concave);
}

int dsep_replicates_write(dsep_context *ctx, dsep_h5write *file, const dsep_replicates *r) {
    int code = DSEP_OK;
    write_attributes(file, r);
    DSEP_TRY(write_counts(ctx, file, r));
    if (r->campaign->n_done > 0)
        DSEP_TRY(write_ensembles(ctx, file, r));
    if (r->campaign->n_done > 0)
        write_stability(file, r);
cleanup:
    return code;
}

/* --- summary --------------------------------------------------------------------------------- */

void dsep_replicates_print_plan(const dsep_replicates *r) {
    dsep_amount size;
    printf("  replicates              %lld (%s), each on %lld rank%s, %s a group of them\n",
           (long long)r->requested, dsep_resample_name(r->resample.scheme),
           (long long)r->ranks_each, r->ranks_each == 1 ? "" : "s",
           dsep_amount_bytes((double)r->bytes, size));
}

void dsep_replicates_print(const dsep_replicates *r) {
    const dsep_tally *tally = r->campaign->tally[0];
    const int64_t done = r->campaign->n_done;
    const double threshold = done > 0 ? threshold_of(r) : 1;
    int64_t often = 0, always = 0;
    for (int64_t e = 0; e < tally->n_edges; e++) {
        always += dsep_tally_joined(&tally->edges[e]) == done;
        often += dsep_share_reaches(dsep_tally_joined(&tally->edges[e]), done, threshold);
    }
    printf("  replicates %lld of %lld (%s): %lld pairs were ever joined, %lld in a share of at "
           "least %.3g, %lld always\n",
           (long long)done, (long long)r->requested, dsep_resample_name(r->resample.scheme),
           (long long)tally->n_edges, (long long)often, threshold, (long long)always);
    if (isnan(r->worst))
        printf("            shares of environments left out one by one: nothing is drawn\n");
    else
        printf("            every share is known to +-%.3f at %g %% confidence%s\n", r->worst,
               100 * r->confidence,
               r->until_stable <= 0 ? ""
               : r->worst <= r->until_stable
                   ? ", as --until-stable asked"
                   : "; --until-stable asked for less: raise --replicates");
    if (r->iterates && n_converged(r->campaign, r->requested) < done)
        printf("            NOT CONVERGED: %lld of them\n",
               (long long)(done - n_converged(r->campaign, r->requested)));
    if (done > 0 && selects(r)) {
        const dsep_stability s = assess(r);
        printf("            stability selection: %lld edges", (long long)s.n_selected);
        if (isnan(s.any))
            printf("; no bound on errors: the threshold has to be above 1/2\n");
        else if (s.any >= (double)s.n_selected)
            printf("; their bound on errors, %.3g, says nothing: raise --threshold\n", s.any);
        else
            printf(", at most %.3g of them expected to be there by chance\n", s.any);
    }
}
