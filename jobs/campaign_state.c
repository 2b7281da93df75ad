#include "jobs/campaign_state.h"

#include "mpi/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum {
    DONE,    /* [n_units] of uint8_t */
    VALUES,  /* [n_units x n_values] of double */
    N_EDGES, /* [n_tallies] of int64_t */
    EDGES,   /* of all tallies, one after another */
    N_KINDS
} kind;

/* --- blocks ---------------------------------------------------------------------------------- */

static void name_block(const dsep_campaign_shape *shape, kind k, char name[DSEP_STATE_NAME]) {
    static const char *const names[] = {"done", "values", "n_edges", "edges"};
    snprintf(name, DSEP_STATE_NAME, "%.15s.%s", shape->name, names[k]);
}

static const dsep_state_block *find(const dsep_state *state, const dsep_campaign_shape *shape,
                                    kind k) {
    char name[DSEP_STATE_NAME];
    name_block(shape, k, name);
    return dsep_state_find(state, name);
}

/* How long a block is; that of the edges only the state itself tells. */
static int64_t bytes_of(const dsep_campaign_shape *shape, kind k) {
    return k == DONE     ? shape->n_units
           : k == VALUES ? dsep_bytes(shape->n_units, shape->n_values, sizeof(double))
                         : dsep_bytes(shape->n_tallies, sizeof(int64_t), 1);
}

int dsep_campaign_is_kept(const dsep_state *state, const dsep_campaign_shape *shape) {
    return find(state, shape, DONE) != NULL;
}

int dsep_campaign_has_block(const dsep_campaign_shape *shape, const char *block) {
    char name[DSEP_STATE_NAME];
    int found = 0;
    for (kind k = DONE; k < N_KINDS; k++) {
        name_block(shape, k, name);
        found |= strcmp(block, name) == 0;
    }
    return found;
}

/* Whether the edges are as many as the numbers of edges say. */
static int has_edges(const dsep_state *state, const dsep_campaign_shape *shape) {
    const dsep_state_block *counts = find(state, shape, N_EDGES),
                           *edges = find(state, shape, EDGES);
    int64_t left = edges ? edges->bytes / (int64_t)sizeof(dsep_tally_edge) : 0;
    for (int64_t t = 0; t < shape->n_tallies; t++) {
        int64_t n;
        memcpy(&n, (const int64_t *)counts->data + t, sizeof n);
        if (n < 0 || n > left)
            return 0;
        left -= n;
    }
    return 1;
}

int dsep_campaign_is_sound(const dsep_state *state, const dsep_campaign_shape *shape) {
    int sound = memchr(shape->name, '\0', sizeof shape->name) &&
                memchr(shape->units, '\0', sizeof shape->units) && shape->n_units >= 0 &&
                shape->n_values >= 0 && shape->n_tallies >= 0;
    for (kind k = DONE; k <= N_EDGES && sound; k++) {
        const dsep_state_block *block = find(state, shape, k);
        sound = block && block->record == 0 && block->bytes == bytes_of(shape, k);
    }
    return sound && has_edges(state, shape);
}

/* --- out ------------------------------------------------------------------------------------- */

static int64_t *count_edges(const dsep_campaign *campaign, int64_t *total) {
    int64_t *counts = dsep_array(campaign->n_tallies, sizeof *counts);
    *total = 0;
    for (int64_t t = 0; counts && t < campaign->n_tallies; t++)
        *total += counts[t] = campaign->tally[t]->n_edges;
    return counts;
}

static dsep_tally_edge *join_edges(const dsep_campaign *campaign, int64_t total) {
    dsep_tally_edge *edges = dsep_array(total, sizeof *edges);
    int64_t at = 0;
    for (int64_t t = 0; edges && t < campaign->n_tallies; t++)
        for (int64_t e = 0; e < campaign->tally[t]->n_edges; e++)
            edges[at++] = campaign->tally[t]->edges[e];
    return edges;
}

static int give_tallies(dsep_state *state, const dsep_campaign_shape *shape,
                        const dsep_campaign *campaign, dsep_error *error) {
    int code = DSEP_OK;
    char name[DSEP_STATE_NAME];
    int64_t total;
    int64_t *counts = count_edges(campaign, &total);
    dsep_tally_edge *edges = join_edges(campaign, total);
    if (!counts || !edges) {
        free(counts);
        free(edges);
        return dsep_out_of_memory(error, "the edges of a checkpoint");
    }
    name_block(shape, N_EDGES, name);
    code = dsep_state_give(state, name, 0, counts, bytes_of(shape, N_EDGES), error);
    name_block(shape, EDGES, name);
    const int second =
        dsep_state_give(state, name, 0, edges, total * (int64_t)sizeof *edges, error);
    return code ? code : second;
}

int dsep_campaign_lend(dsep_state *state, const dsep_campaign_shape *shape,
                       const dsep_campaign *campaign, dsep_error *error) {
    int code = DSEP_OK;
    char name[DSEP_STATE_NAME];
    name_block(shape, DONE, name);
    DSEP_TRY(dsep_state_lend(state, name, 0, campaign->done, bytes_of(shape, DONE), error));
    name_block(shape, VALUES, name);
    DSEP_TRY(dsep_state_lend(state, name, 0, campaign->values, bytes_of(shape, VALUES), error));
    DSEP_TRY(give_tallies(state, shape, campaign, error));
cleanup:
    return code;
}

/* --- in -------------------------------------------------------------------------------------- */

const uint8_t *dsep_campaign_kept_units(const dsep_state *state, const dsep_campaign_shape *shape) {
    return find(state, shape, DONE)->data;
}

static void take_units(const dsep_state *state, const dsep_campaign_shape *shape,
                       dsep_campaign *campaign) {
    const uint8_t *done = dsep_campaign_kept_units(state, shape);
    const double *values = find(state, shape, VALUES)->data;
    const int64_t width = shape->n_values;
    for (int64_t u = 0; u < shape->n_units; u++) {
        if (!done[u])
            continue;
        campaign->done[u] = 1;
        campaign->n_done++;
        if (width > 0)
            memcpy(campaign->values + u * width, values + u * width,
                   (size_t)width * sizeof *values);
    }
}

int dsep_campaign_take(const dsep_state *state, const dsep_campaign_shape *shape,
                       dsep_campaign *campaign, dsep_error *error) {
    int code = DSEP_OK;
    const dsep_state_block *edges = find(state, shape, EDGES);
    const dsep_tally_edge *at = edges ? edges->data : NULL;
    take_units(state, shape, campaign);
    for (int64_t t = 0; t < shape->n_tallies && !code; t++) {
        int64_t n;
        memcpy(&n, (const int64_t *)find(state, shape, N_EDGES)->data + t, sizeof n);
        code = dsep_tally_merge(campaign->tally[t], at, n, error);
        at = n > 0 ? at + n : at;
    }
    return code;
}

/* --- life ------------------------------------------------------------------------------------ */

int dsep_campaign_create(dsep_error *error, const dsep_campaign_shape *shape,
                         dsep_campaign **campaign) {
    int code = DSEP_OK;
    dsep_campaign *made = dsep_array(1, sizeof *made);
    *campaign = NULL;
    if (!made)
        return dsep_out_of_memory(error, "units of work");
    made->n_tallies = shape->n_tallies;
    made->done = dsep_array(shape->n_units, 1);
    made->values = dsep_array(dsep_bytes(shape->n_units, shape->n_values, 1), sizeof(double));
    made->tally = dsep_array(shape->n_tallies, sizeof *made->tally);
    if (!made->done || !made->values || !made->tally)
        code = dsep_out_of_memory(error, "units of work");
    for (int64_t k = 0; !code && k < shape->n_units * shape->n_values; k++)
        made->values[k] = NAN;
    for (int64_t t = 0; !code && t < shape->n_tallies; t++)
        code = dsep_tally_create(error, &made->tally[t]);
    if (code)
        dsep_campaign_destroy(&made);
    *campaign = made;
    return code;
}

void dsep_campaign_destroy(dsep_campaign **campaign) {
    if (!campaign || !*campaign)
        return;
    for (int64_t t = 0; (*campaign)->tally && t < (*campaign)->n_tallies; t++)
        dsep_tally_destroy(&(*campaign)->tally[t]);
    free((*campaign)->tally);
    free((*campaign)->done);
    free((*campaign)->values);
    free(*campaign);
    *campaign = NULL;
}
