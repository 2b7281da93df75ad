#include "jobs/sensitivity_edges.h"

#include "mpi/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sets of units as bits: those that kept a variable, those of a group that are done. */
typedef struct {
    int64_t words;
    uint64_t *kept;  /* [n_variables x words]; NULL where no run drops any */
    uint64_t *group; /* [(1 + n_effects) x words] all, then each group */
} unit_sets;

static void put(uint64_t *set, int64_t unit) {
    set[unit / 64] |= (uint64_t)1 << unit % 64;
}

static int mark_kept(const dsep_study_design *design, const uint8_t *done, int64_t n_variables,
                     unit_sets *sets) {
    int32_t *list = dsep_array(n_variables, sizeof *list);
    int code = list ? DSEP_OK : DSEP_ERROR_RESOURCES;
    for (int64_t unit = 0; !code && unit < design->n_units; unit++) {
        const double share =
            dsep_study_value(design, unit / design->n_replicates, "drop-variables", 0);
        const int64_t stay = dsep_study_kept(n_variables, share);
        if (!done[unit])
            continue;
        code = dsep_study_keep(dsep_study_unit_seed(design, unit), n_variables, stay, list);
        for (int64_t k = 0; k < stay && !code; k++)
            put(sets->kept + list[k] * sets->words, unit);
    }
    free(list);
    return code;
}

static int drops_any(const dsep_study_design *design) {
    for (int64_t cell = 0; cell < design->n_cells; cell++)
        if (dsep_study_value(design, cell, "drop-variables", 0) > 0)
            return 1;
    return 0;
}

static int create_sets(const dsep_study_design *design, const uint8_t *done, int64_t n_variables,
                       unit_sets *sets, dsep_error *error) {
    *sets = (unit_sets){.words = (design->n_units + 63) / 64};
    sets->group = dsep_array((1 + dsep_study_effects(design)) * sets->words, sizeof *sets->group);
    if (drops_any(design))
        sets->kept = dsep_array(n_variables * sets->words, sizeof *sets->kept);
    if (!sets->group || (drops_any(design) && !sets->kept))
        return dsep_out_of_memory(error, "the runs of each variable");
    for (int64_t unit = 0; unit < design->n_units; unit++) {
        if (!done[unit])
            continue;
        put(sets->group, unit);
        for (int f = 0; f < design->n_factors; f++) {
            const int64_t effect = dsep_study_effect_in(design, unit / design->n_replicates, f);
            if (effect >= 0)
                put(sets->group + (1 + effect) * sets->words, unit);
        }
    }
    if (sets->kept && mark_kept(design, done, n_variables, sets))
        return dsep_out_of_memory(error, "the runs of each variable");
    return DSEP_OK;
}

/* Runs of a group that had both variables. */
static int64_t runs_with(const unit_sets *sets, int64_t group, int32_t x, int32_t y) {
    int64_t count = 0;
    const uint64_t *of = sets->group + group * sets->words;
    for (int64_t w = 0; w < sets->words; w++) {
        uint64_t both = of[w];
        if (sets->kept)
            both &= sets->kept[x * sets->words + w] & sets->kept[y * sets->words + w];
        count += __builtin_popcountll(both);
    }
    return count;
}

static int by_pair(const void *left, const void *right) {
    const dsep_tally_edge *a = left, *b = right;
    if (a->x != b->x)
        return a->x < b->x ? -1 : 1;
    return (a->y > b->y) - (a->y < b->y);
}

static double share_in(const unit_sets *sets, const dsep_tally *tally, int64_t group,
                       const dsep_tally_edge *edge) {
    const dsep_tally_edge *found =
        bsearch(edge, tally->edges, (size_t)tally->n_edges, sizeof *edge, by_pair);
    const int64_t runs = runs_with(sets, group, edge->x, edge->y);
    return runs ? (double)(found ? dsep_tally_joined(found) : 0) / (double)runs : NAN;
}

static void fill(const unit_sets *sets, const dsep_graph *reference, dsep_tally *const *tally,
                 dsep_sensitivity_edges *made) {
    const int forward = dsep_tally_kind(DSEP_MARK_TAIL, DSEP_MARK_ARROW);
    const int backward = dsep_tally_kind(DSEP_MARK_ARROW, DSEP_MARK_TAIL);
    for (int64_t e = 0; e < made->n_edges; e++) {
        const dsep_tally_edge *edge = &made->tally->edges[e];
        const double runs = (double)runs_with(sets, 0, edge->x, edge->y);
        made->reference[e] = dsep_graph_find(reference, edge->x, edge->y) >= 0;
        made->share[e] = (double)dsep_tally_joined(edge) / runs;
        made->forward[e] = edge->count[forward] / runs;
        made->backward[e] = edge->count[backward] / runs;
        for (int64_t g = 0; g < made->n_effects; g++)
            made->by_effect[e * made->n_effects + g] = share_in(sets, tally[1 + g], 1 + g, edge);
    }
}

int dsep_sensitivity_edges_create(const dsep_study_design *design, const uint8_t *done,
                                  int64_t n_variables, const dsep_graph *reference,
                                  dsep_tally *const *tally, dsep_error *error,
                                  dsep_sensitivity_edges *edges) {
    const int64_t n = tally[0]->n_edges, effects = dsep_study_effects(design);
    unit_sets sets;
    int code = create_sets(design, done, n_variables, &sets, error);
    *edges = (dsep_sensitivity_edges){.n_edges = n,
                                      .n_effects = effects,
                                      .tally = tally[0],
                                      .share = dsep_array(n, sizeof *edges->share),
                                      .forward = dsep_array(n, sizeof *edges->forward),
                                      .backward = dsep_array(n, sizeof *edges->backward),
                                      .reference = dsep_array(n, 1),
                                      .by_effect = dsep_array(n * effects, sizeof(double))};
    if (!code && (!edges->share || !edges->forward || !edges->backward || !edges->reference ||
                  !edges->by_effect))
        code = dsep_out_of_memory(error, "the shares of edges");
    if (!code)
        fill(&sets, reference, tally, edges);
    else
        dsep_sensitivity_edges_release(edges);
    free(sets.kept);
    free(sets.group);
    return code;
}

void dsep_sensitivity_edges_release(dsep_sensitivity_edges *edges) {
    free(edges->share);
    free(edges->forward);
    free(edges->backward);
    free(edges->reference);
    free(edges->by_effect);
    *edges = (dsep_sensitivity_edges){0};
}

/* --- the table ------------------------------------------------------------------------------- */

/* The least and greatest share over the groups of one factor. */
static int write_extremes(dsep_h5write *file, const dsep_study_design *design, int factor,
                          const dsep_sensitivity_edges *edges, dsep_block mine, double *column) {
    int code = DSEP_OK;
    for (int greatest = 0; greatest < 2 && !code; greatest++) {
        char name[80];
        snprintf(name, sizeof name, "%s_%s", design->factor[factor].name,
                 greatest ? "greatest" : "least");
        for (char *c = name; *c; c++)
            *c = *c == '-' ? '_' : *c;
        for (int64_t i = 0; i < mine.count; i++) {
            column[i] = NAN;
            for (int64_t g = 0; g < edges->n_effects; g++) {
                const double share = edges->by_effect[(mine.first + i) * edges->n_effects + g];
                if (dsep_study_effect_of(design, g).factor == factor) /* fmin and fmax pass NaN */
                    column[i] = greatest ? fmax(column[i], share) : fmin(column[i], share);
            }
        }
        code = dsep_h5write_column(file, name, DSEP_H5_DOUBLE, mine, column);
    }
    return code;
}

static int write_ends(dsep_h5write *file, const dsep_sensitivity_edges *edges, dsep_block mine,
                      int64_t *ends) {
    int code = DSEP_OK;
    for (int64_t i = 0; i < mine.count; i++)
        ends[i] = edges->tally->edges[mine.first + i].x;
    DSEP_TRY(dsep_h5write_column(file, "source", DSEP_H5_INT64, mine, ends));
    for (int64_t i = 0; i < mine.count; i++)
        ends[i] = edges->tally->edges[mine.first + i].y;
    DSEP_TRY(dsep_h5write_column(file, "target", DSEP_H5_INT64, mine, ends));
cleanup:
    return code;
}

int dsep_sensitivity_edges_write(dsep_context *ctx, dsep_h5write *file,
                                 const dsep_study_design *design,
                                 const dsep_sensitivity_edges *edges) {
    int code = DSEP_OK;
    const dsep_block mine = dsep_layout_block(edges->n_edges, dsep_size(ctx), dsep_rank(ctx));
    double *column = dsep_array(mine.count, sizeof *column);
    int64_t *ends = dsep_array(mine.count, sizeof *ends);
    DSEP_AGREE(ctx,
               column && ends ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "a table"));
    DSEP_TRY(dsep_h5write_table(file, "/sensitivity/edges", edges->n_edges, 0, NULL));
    DSEP_TRY(write_ends(file, edges, mine, ends));
    DSEP_TRY(
        dsep_h5write_column(file, "reference", DSEP_H5_INT8, mine, edges->reference + mine.first));
    DSEP_TRY(dsep_h5write_column(file, "share", DSEP_H5_DOUBLE, mine, edges->share + mine.first));
    DSEP_TRY(dsep_h5write_column(file, "share_forward", DSEP_H5_DOUBLE, mine,
                                 edges->forward + mine.first));
    DSEP_TRY(dsep_h5write_column(file, "share_backward", DSEP_H5_DOUBLE, mine,
                                 edges->backward + mine.first));
    for (int f = 0; f < design->n_factors; f++)
        if (design->factor[f].n_levels > 1)
            DSEP_TRY(write_extremes(file, design, f, edges, mine, column));
cleanup:
    free(column);
    free(ends);
    return code;
}
