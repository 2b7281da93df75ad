#include "jobs/show_representation.h"

#include "jobs/representation_read.h"
#include "jobs/show_text.h"
#include "mpi/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 6 }; /* entries of a row of H that are shown */

static double real_at(const dsep_representation_found *found, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "representation/%s", name);
    return dsep_h5tree_real(found->tree, path, NAN);
}

static int64_t integer_at(const dsep_representation_found *found, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "representation/%s", name);
    return dsep_h5tree_integer(found->tree, path, -1);
}

/* --- how sure -------------------------------------------------------------------------------- */

/* MIC beside its interval and its null: alone it says little. */
static void print_mic(FILE *stream, const dsep_representation_found *found) {
    const dsep_h5tree *interval = dsep_h5tree_find(found->tree, "representation/mic_interval");
    const dsep_h5tree *null = dsep_h5tree_find(found->tree, "representation/mic_null");
    const double mic = real_at(found, "mic"), p = real_at(found, "mic_p_value");
    if (isnan(mic))
        return;
    dsep_show_label(stream, "inexactness");
    fprintf(stream, "MIC %.4g", mic);
    if (interval && interval->reals && interval->count == 2)
        fprintf(stream, ", %g %% bootstrap interval %.4g to %.4g",
                100 * real_at(found, "confidence"), interval->reals[0], interval->reals[1]);
    fputc('\n', stream);
    dsep_show_label(stream, "");
    fputs("(0: one order of causes explains every environment exactly)\n", stream);
    if (interval && interval->reals && interval->count == 2 && mic < interval->reals[0]) {
        dsep_show_label(stream, "");
        fputs("(below its interval: rows that are drawn twice raise the MIC of replicates)\n",
              stream);
    }
    dsep_show_label(stream, "null");
    if (!null || !null->reals || null->count < 3 || isnan(p)) {
        fputs("not drawn: whether chance does as well is not known\n", stream);
        return;
    }
    fprintf(stream,
            "%" PRId64 " of %" PRId64
            " random rotations reach as low a MIC (their median %.4g, p = %.3g):\n",
            integer_at(found, "null_as_low"), integer_at(found, "null_draws"), null->reals[2], p);
    dsep_show_label(stream, "");
    fputs(p <= 0.05 ? "the environments agree better than chance\n"
                    : "NOT BEATEN: chance does as well, so this MIC is no evidence for an order of "
                      "factors\n",
          stream);
}

static void print_replicates(FILE *stream, const dsep_representation_found *found) {
    const int64_t done = integer_at(found, "replicates"),
                  fitted = integer_at(found, "replicates_fitted");
    const int64_t converged = integer_at(found, "replicates_converged");
    const double agreeing = real_at(found, "replicates_agreeing");
    dsep_show_label(stream, "replicates");
    if (done < 1)
        fputs("none: nothing is known of how sure this is; edges are all that the order allows\n",
              stream);
    else
        fprintf(stream, "%" PRId64 " bootstrap replicates", done);
    if (done > 0 && fitted < done)
        fprintf(stream, ", of which %" PRId64 " could be fitted", fitted);
    if (done > 0 && converged >= 0 && converged < done)
        fprintf(stream, ", %" PRId64 " with FastICA converged everywhere", converged);
    if (done > 0 && !isnan(agreeing))
        fprintf(stream, "; %.3g %% have the same order", 100 * agreeing);
    if (done > 0)
        fputc('\n', stream);
}

/* How far interventions are from what the method takes them to be. */
static void print_spill(FILE *stream, const dsep_representation_found *found) {
    const double spill = real_at(found, "spill");
    if (isnan(spill))
        return;
    dsep_show_label(stream, "spill");
    fprintf(stream,
            "%.3g %% of what interventions change is not their target's mechanism (0: the "
            "model is exact)\n",
            100 * spill);
}

static void print_head(FILE *stream, const dsep_representation_found *found) {
    const dsep_representation *r = found->representation;
    const char *reason = dsep_h5tree_text(found->tree, "representation/reason", "");
    fputs("\nRepresentation\n", stream);
    dsep_show_label(stream, "method");
    fprintf(stream,
            "%s: %" PRId64 " factor%s of %" PRId64 " variables in %" PRId64 " environments\n",
            dsep_h5tree_text(found->tree, "representation/method", "not recorded"), r->n_factors,
            r->n_factors == 1 ? "" : "s", r->n_variables, r->n_environments);
    if (!dsep_h5tree_integer(found->tree, "complete", 1)) {
        dsep_show_label(stream, "PARTIAL");
        fputs("the run was stopped before its end: not all that was asked for is drawn\n", stream);
    }
    print_mic(stream, found);
    print_spill(stream, found);
    if (integer_at(found, "replicates") >= 0)
        print_replicates(stream, found);
    if (*reason) {
        dsep_show_label(stream, "CAUTION");
        fprintf(stream, "%s\n", reason);
    }
}

/* --- a factor -------------------------------------------------------------------------------- */

typedef struct {
    double weight;
    int64_t variable;
} entry;

static int by_size(const void *left, const void *right) {
    const entry *a = left, *b = right;
    if (fabs(a->weight) != fabs(b->weight))
        return fabs(a->weight) > fabs(b->weight) ? -1 : 1;
    return (a->variable > b->variable) - (a->variable < b->variable);
}

/* What a factor is made of, variables measured in their standard deviations where these are known.
 */
static void print_entries(FILE *stream, const dsep_representation_found *found, int64_t factor,
                          entry *list) {
    const int64_t p = found->representation->n_variables;
    const dsep_h5tree *sd = dsep_h5tree_find(found->tree, "variables/sd");
    double length = 0;
    for (int64_t j = 0; j < p; j++) {
        const double scale = sd && sd->reals && sd->count == p ? sd->reals[j] : 1;
        list[j] = (entry){found->representation->h[factor * p + j] * scale, j};
        length += list[j].weight * list[j].weight;
    }
    qsort(list, (size_t)p, sizeof *list, by_size);
    for (int64_t j = 0; j < p && j < LARGEST; j++)
        fprintf(stream, "%s%+.2f %s", j ? "  " : "", list[j].weight / sqrt(length),
                found->variables[list[j].variable]);
    fputs(p > LARGEST ? "  ...\n" : "\n", stream);
}

/* The columns of /graph/edges, checked to be of one length; NULL where they are not. */
typedef struct {
    const dsep_h5tree *source, *target, *weight, *lowest, *highest, *environment;
} edge_columns;

static int find_edges(const dsep_representation_found *found, edge_columns *c) {
    static const char *const names[] = {"source", "target", "environment",
                                        "weight", "lowest", "highest"};
    const dsep_h5tree **to[] = {&c->source, &c->target, &c->environment,
                                &c->weight, &c->lowest, &c->highest};
    for (int i = 0; i < 6; i++) {
        char path[64];
        snprintf(path, sizeof path, "graph/edges/%s", names[i]);
        *to[i] = dsep_h5tree_find(found->tree, path);
        if (!*to[i] || !(i < 3 ? (void *)(*to[i])->integers : (void *)(*to[i])->reals) ||
            (*to[i])->count != c->source->count)
            return 0;
    }
    return 1;
}

/* The other ends of a factor's edges: its causes, or its effects. */
static void print_edges(FILE *stream, const dsep_representation_found *found, const edge_columns *c,
                        int64_t factor, int effects) {
    int64_t count = 0;
    const dsep_representation *r = found->representation;
    const int64_t *mine = effects ? c->source->integers : c->target->integers;
    const int64_t *other = effects ? c->target->integers : c->source->integers;
    for (int64_t e = 0; e < c->source->count; e++) {
        const int64_t k = c->environment->integers[e];
        if (mine[e] != factor || other[e] < 0 || other[e] >= r->n_factors)
            continue;
        dsep_show_label(stream, count++ ? "" : effects ? "  causes" : "  caused by");
        fprintf(stream, "%s %+.3g", found->result->graph->names[other[e]], c->weight->reals[e]);
        if (!isnan(c->lowest->reals[e]))
            fprintf(stream, " [%+.3g, %+.3g]", c->lowest->reals[e], c->highest->reals[e]);
        if (k >= 0 && k < r->n_environments && isnan(real_at(found, "spill")))
            fprintf(stream, " (in environment %s)", found->labels[k]);
        fputc('\n', stream);
    }
    if (count == 0 && !effects) {
        dsep_show_label(stream, "  caused by");
        fputs("no other factor\n", stream);
    }
}

/* How much of the factor, as it stands, is the variable that it is named by. */
static void print_name(FILE *stream, const dsep_representation_found *found, int64_t factor) {
    const dsep_representation *r = found->representation;
    const dsep_h5tree *alone = dsep_h5tree_find(found->tree, "representation/factors/named_alone");
    if (r->named_by[factor] < 0)
        return;
    dsep_show_label(stream, "  named by");
    fputs(found->variables[r->named_by[factor]], stream);
    if (alone && alone->reals && factor < alone->count)
        fprintf(stream, " (squared correlation %.3f)", alone->reals[factor]);
    fputc('\n', stream);
}

static int print_factors(FILE *stream, const dsep_representation_found *found, dsep_error *error) {
    edge_columns edges;
    const dsep_representation *r = found->representation;
    const int with_edges = find_edges(found, &edges);
    entry *list = dsep_array(r->n_variables, sizeof *list);
    if (!list)
        return dsep_out_of_memory(error, "the entries of a factor");
    fprintf(stream,
            "\nFactors, first causes first (what they are made of: weights of the variables, each "
            "in units of its\nstandard deviation; causes and effects, with intervals:\n%s)\n",
            dsep_h5tree_text(found->tree, "graph/weight", "weight"));
    for (int64_t place = 0; place < r->n_factors; place++) {
        const int64_t i = r->order[place];
        if (i < 0 || i >= r->n_factors)
            continue;
        dsep_show_label(stream, found->result->graph->names[i]);
        print_entries(stream, found, i, list);
        print_name(stream, found, i);
        if (with_edges)
            print_edges(stream, found, &edges, i, 0);
        if (with_edges)
            print_edges(stream, found, &edges, i, 1);
    }
    free(list);
    return DSEP_OK;
}

/* --- environments ---------------------------------------------------------------------------- */

static void print_cell(FILE *stream, const dsep_h5tree *column, int64_t row) {
    if (row >= column->count)
        fprintf(stream, " %14s", "");
    else if (column->texts)
        fprintf(stream, " %14s", column->texts[row]);
    else if (column->integers)
        fprintf(stream, " %14" PRId64, column->integers[row]);
    else if (column->reals)
        fprintf(stream, " %14.4g", column->reals[row]);
}

static void print_environments(FILE *stream, const dsep_representation_found *found) {
    const dsep_h5tree *table = dsep_h5tree_find(found->tree, "representation/environments");
    const dsep_h5tree *order = table ? dsep_h5tree_find(table, "column-order") : NULL;
    if (!order || !order->texts)
        return;
    fprintf(stream, "\nEnvironments\n  %-24s", "");
    for (int64_t c = 0; c < order->count; c++)
        fprintf(stream, " %14s", order->texts[c]);
    fputc('\n', stream);
    for (int64_t k = 0; k < found->representation->n_environments; k++) {
        fputs("  ", stream);
        dsep_show_name(stream, found->labels[k], -24);
        for (int64_t c = 0; c < order->count; c++) {
            const dsep_h5tree *column = dsep_h5tree_find(table, order->texts[c]);
            if (column)
                print_cell(stream, column, k);
        }
        fputc('\n', stream);
    }
}

int dsep_show_representation(FILE *stream, const char *path, dsep_error *error) {
    dsep_representation_found found = {0};
    int code = dsep_representation_open(path, error, &found);
    if (!code)
        print_head(stream, &found);
    if (!code)
        code = print_factors(stream, &found, error);
    if (!code)
        print_environments(stream, &found);
    dsep_representation_close(&found);
    return code;
}
