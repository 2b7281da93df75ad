#include "jobs/discover_result.h"

#include "io/graph_hash.h"
#include "io/h5write.h"
#include "io/named_graph.h"
#include "jobs/graph_result.h"
#include "jobs/knowledge_file.h"
#include "jobs/provenance.h"
#include "jobs/replicates_result.h"
#include "jobs/search_tables.h"
#include "jobs/variables_table.h"
#include "jobs/whole_write.h"
#include "mpi/exchange.h"
#include "mpi/memory.h"
#include "solvers/robustness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- tables ---------------------------------------------------------------------------------- */

static void write_graph_attributes(dsep_h5write *file, const dsep_pc *pc) {
    dsep_graph_result_attributes(file, pc->graph, pc->valid);
    dsep_h5write_attribute_integer(file, "/graph", "n_v_structures", pc->v_structures);
    dsep_h5write_attribute_integer(file, "/graph", "n_ambiguous", pc->ambiguous);
    dsep_h5write_attribute_integer(file, "/graph", "n_conflicts", pc->conflicts.count);
}

/* The edges in file order; every rank has them all and writes its part. */
typedef struct {
    dsep_edge *edges;
    int64_t *pair, *order;
    double *weight, *p_max, *robustness[DSEP_ROBUSTNESS_VALUES];
} edge_columns;

static void release_columns(edge_columns *c) {
    void *columns[] = {c->edges,
                       c->pair,
                       c->order,
                       c->weight,
                       c->p_max,
                       c->robustness[DSEP_PARTIAL_R2],
                       c->robustness[DSEP_ROBUSTNESS],
                       c->robustness[DSEP_ROBUSTNESS_CI]};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        free(columns[i]);
}

static int fill_columns(const dsep_pc *pc, edge_columns *c, dsep_error *error) {
    int code = DSEP_OK;
    const int64_t n = pc->graph->n_edges;
    *c = (edge_columns){.edges = dsep_array(n, sizeof *c->edges),
                        .pair = dsep_array(n, sizeof *c->pair),
                        .order = dsep_array(n, sizeof *c->order),
                        .weight = dsep_array(n, sizeof *c->weight),
                        .p_max = dsep_array(n, sizeof *c->p_max)};
    if (!c->edges || !c->pair || !c->order || !c->weight || !c->p_max)
        return dsep_out_of_memory(error, "the edges");
    DSEP_TRY(dsep_graph_edges(pc->graph, error, c->edges, c->pair));
    for (int64_t e = 0; e < n; e++) {
        c->order[e] = pc->strength->order[c->pair[e]];
        c->weight[e] = pc->strength->weight[c->pair[e]];
        c->p_max[e] = pc->strength->p_max[c->pair[e]];
    }
cleanup:
    return code;
}

/* Against an unmeasured common cause, from the weakest test of each of this rank's edges. */
static int fill_robustness(edge_columns *c, dsep_block mine, int64_t n_samples, double alpha,
                           dsep_error *error) {
    for (int k = 0; k < DSEP_ROBUSTNESS_VALUES; k++)
        if (!(c->robustness[k] = dsep_array(mine.count, sizeof(double))))
            return dsep_out_of_memory(error, "the robustness of edges");
    for (int64_t e = 0; e < mine.count; e++) {
        const double dof = dsep_robustness_dof(n_samples, c->order[mine.first + e]);
        const dsep_robustness found =
            dsep_robustness_value(c->weight[mine.first + e], dsep_robustness_critical(alpha, dof));
        c->robustness[DSEP_PARTIAL_R2][e] = found.partial_r2;
        c->robustness[DSEP_ROBUSTNESS][e] = found.robustness;
        c->robustness[DSEP_ROBUSTNESS_CI][e] = found.robustness_ci;
    }
    return DSEP_OK;
}

/* How often replicates had each edge, and how often they joined its ends. */
static int write_shares(dsep_context *ctx, dsep_h5write *file, const dsep_campaign *campaign,
                        dsep_block mine, const dsep_edge *edges) {
    int code = DSEP_OK;
    double *share = dsep_array(2 * mine.count, sizeof *share);
    DSEP_AGREE(ctx, share ? DSEP_OK
                          : dsep_out_of_memory(dsep_context_error(ctx), "the shares of edges"));
    for (int64_t e = 0; e < mine.count; e++) {
        int64_t same, joined;
        dsep_tally_count(campaign->tally[0], edges[e], &same, &joined);
        share[e] = (double)same / (double)campaign->n_done;
        share[mine.count + e] = (double)joined / (double)campaign->n_done;
    }
    DSEP_TRY(dsep_h5write_column(file, dsep_share_names[DSEP_SHARE], DSEP_H5_DOUBLE, mine, share));
    DSEP_TRY(dsep_h5write_column(file, dsep_share_names[DSEP_SHARE_JOINED], DSEP_H5_DOUBLE, mine,
                                 share + mine.count));
cleanup:
    free(share);
    return code;
}

static int write_edges(dsep_context *ctx, dsep_h5write *file, const dsep_discover_result *r) {
    int code = DSEP_OK;
    const dsep_campaign *campaign = r->replicates->campaign;
    const dsep_pc *pc = r->pc;
    const int64_t n_samples = r->input->table->n_samples;
    const double alpha = r->settings->alpha;
    const int64_t n = pc->graph->n_edges;
    const dsep_block mine = dsep_layout_block(n, dsep_size(ctx), dsep_rank(ctx));
    const int64_t f = mine.first;
    edge_columns c;
    DSEP_AGREE(ctx, fill_columns(pc, &c, dsep_context_error(ctx)));
    DSEP_AGREE(ctx, fill_robustness(&c, mine, n_samples, alpha, dsep_context_error(ctx)));
    dsep_h5write_attribute_integer(file, "/graph", "n_samples", n_samples);
    dsep_h5write_attribute_real(file, "/graph", "robustness_alpha", alpha);
    DSEP_TRY(dsep_graph_result_edges(ctx, file, n, mine, c.edges + f));
    DSEP_TRY(dsep_h5write_column(file, "weight", DSEP_H5_DOUBLE, mine, c.weight + f));
    DSEP_TRY(dsep_h5write_column(file, "p_max", DSEP_H5_DOUBLE, mine, c.p_max + f));
    DSEP_TRY(dsep_h5write_column(file, "order", DSEP_H5_INT64, mine, c.order + f));
    for (int k = 0; k < DSEP_ROBUSTNESS_VALUES; k++)
        DSEP_TRY(dsep_h5write_column(file, dsep_robustness_names[k], DSEP_H5_DOUBLE, mine,
                                     c.robustness[k]));
    if (campaign && campaign->n_done > 0)
        DSEP_TRY(write_shares(ctx, file, campaign, mine, c.edges + f));
cleanup:
    release_columns(&c);
    return code;
}

/* A pair that is not adjacent and not listed was independent without any condition. */
static int write_sepsets(dsep_context *ctx, dsep_h5write *file, const dsep_sepsets *sets) {
    int code = DSEP_OK;
    const int last = dsep_rank(ctx) == dsep_size(ctx) - 1;
    int64_t totals[2] = {sets->count, sets->offset[sets->count]};
    const int64_t pairs_before = dsep_sum_before(ctx, totals[0]);
    const int64_t members_before = dsep_sum_before(ctx, totals[1]);
    dsep_sum_i64(ctx, totals, 2);
    const dsep_block pairs = {pairs_before, sets->count};
    const dsep_block ends = {pairs_before, sets->count + last};
    const dsep_block members = {members_before, sets->offset[sets->count]};
    const int small = totals[1] <= INT32_MAX;
    int64_t *indptr = dsep_array(ends.count, sizeof *indptr);
    DSEP_AGREE(ctx,
               indptr ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "separating sets"));
    for (int64_t k = 0; k < ends.count; k++)
        if (small)
            ((int32_t *)indptr)[k] = (int32_t)(members_before + sets->offset[k]);
        else
            indptr[k] = members_before + sets->offset[k];
    const dsep_h5write_slab by_pair = dsep_h5write_line(totals[0], pairs);
    const dsep_h5write_slab by_end = dsep_h5write_line(totals[0] + 1, ends);
    const dsep_h5write_slab by_member = dsep_h5write_line(totals[1], members);
    DSEP_TRY(
        dsep_h5write_array(file, "/graph/sepsets/first", DSEP_H5_INT32, &by_pair, sets->first));
    DSEP_TRY(
        dsep_h5write_array(file, "/graph/sepsets/second", DSEP_H5_INT32, &by_pair, sets->second));
    DSEP_TRY(dsep_h5write_array(file, "/graph/sepsets/indptr",
                                small ? DSEP_H5_INT32 : DSEP_H5_INT64, &by_end, indptr));
    DSEP_TRY(dsep_h5write_array(file, "/graph/sepsets/indices", DSEP_H5_INT32, &by_member,
                                sets->member));
cleanup:
    free(indptr);
    return code;
}

static int write_conflicts(dsep_context *ctx, dsep_h5write *file, const dsep_conflicts *list) {
    int code = DSEP_OK;
    static const char *const kinds[] = {"v-structures", "knowledge", "rules"};
    const dsep_block mine = dsep_whole_on_zero(ctx, list->count);
    int64_t *first = dsep_array(list->count, sizeof *first);
    int64_t *second = dsep_array(list->count, sizeof *second);
    int8_t *kind = dsep_array(list->count, sizeof *kind);
    DSEP_AGREE(ctx, first && second && kind
                        ? DSEP_OK
                        : dsep_out_of_memory(dsep_context_error(ctx), "conflicts"));
    for (int64_t k = 0; k < list->count; k++) {
        first[k] = list->list[k].x;
        second[k] = list->list[k].y;
        kind[k] = (int8_t)list->list[k].kind;
    }
    DSEP_TRY(dsep_h5write_table(file, "/graph/conflicts", list->count, 0, NULL));
    DSEP_TRY(dsep_h5write_column(file, "first", DSEP_H5_INT64, mine, first));
    DSEP_TRY(dsep_h5write_column(file, "second", DSEP_H5_INT64, mine, second));
    DSEP_TRY(dsep_h5write_categories(file, "kind", kinds, 3, mine, kind));
cleanup:
    free(first);
    free(second);
    free(kind);
    return code;
}

static void write_search(dsep_h5write *file, const dsep_discover_result *r) {
    static const char *const stops[] = {
        "no variable has enough neighbours for a larger set",
        "the largest set asked for by --max-order", "too few samples to test with a larger set",
        "time: the next order was not done before the deadline", "it was asked to stop"};
    static const char *const rules[] = {"standard", "conservative", "majority"};
    dsep_h5write_attribute_text(file, "/search", "method", "pc");
    dsep_h5write_attribute_text(file, "/search", "test", "fisher-z");
    dsep_h5write_attribute_real(file, "/search", "alpha", r->settings->alpha);
    dsep_h5write_attribute_integer(file, "/search", "max_order", r->settings->max_order);
    dsep_h5write_attribute_text(file, "/search", "orientation",
                                r->settings->skeleton_only ? "none"
                                                           : rules[r->settings->orientation]);
    dsep_h5write_attribute_text(file, "/search", "correlation",
                                r->input->whole ? "whole" : "tiled");
    dsep_h5write_attribute_text(file, "/search", "ended", stops[r->pc->skeleton->stop]);
    const dsep_skeleton_next next = r->pc->skeleton->next;
    if (next.order < 0)
        return;
    dsep_h5write_attribute_integer(file, "/search", "next_order", next.order);
    dsep_h5write_attribute_real(file, "/search", "next_order_tests_at_most", next.tests);
    dsep_h5write_attribute_real(file, "/search", "next_order_seconds_at_most", next.seconds);
}

int dsep_discover_result_write(dsep_context *ctx, dsep_discover_result *r) {
    int code = DSEP_OK;
    dsep_h5write *file = NULL;
    dsep_graph_hash(r->pc->graph, r->input->table->names, r->hash);
    DSEP_TRY(dsep_h5write_create(ctx, r->path, &file));
    dsep_provenance_write(ctx, file, r->call, r->complete, r->running);
    dsep_provenance_input(file, r->input->table);
    dsep_h5write_attribute_text(file, "/", "graph-hash", r->hash);
    DSEP_TRY(
        dsep_variables_write(ctx, file, r->input->table, r->correlation->mean, r->correlation->sd));
    write_graph_attributes(file, r->pc);
    DSEP_TRY(write_edges(ctx, file, r));
    DSEP_TRY(write_sepsets(ctx, file, r->pc->skeleton->sepsets));
    if (r->pc->conflicts.count > 0)
        DSEP_TRY(write_conflicts(ctx, file, &r->pc->conflicts));
    write_search(file, r);
    DSEP_TRY(dsep_search_tables_write(ctx, file, r->pc->skeleton));
    if (r->settings->knowledge)
        dsep_knowledge_result_write(file, r->settings->knowledge, r->pc->certificate);
    if (r->replicates->campaign)
        DSEP_TRY(dsep_replicates_write(ctx, file, r->replicates));
    DSEP_TRY(dsep_provenance_timing(ctx, file, r->sections, r->n_sections));
    DSEP_TRY(dsep_h5write_commit(&file));
cleanup:
    dsep_h5write_abandon(&file);
    return code;
}
