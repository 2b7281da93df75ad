#include "jobs/show_replicates.h"

#include "jobs/show_text.h"
#include "mpi/memory.h"
#include "solvers/share.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { SHOWN = 5 };

/* --- how many, how well known ---------------------------------------------------------------- */

static void print_number(FILE *stream, const dsep_replicates_found *found) {
    const double confidence = dsep_h5tree_real(found->tree, "replicates/confidence", NAN);
    const double known = dsep_h5tree_real(found->tree, "replicates/half_width", NAN);
    const double asked = dsep_h5tree_real(found->tree, "replicates/until_stable", 0);
    const int64_t stable = dsep_h5tree_integer(found->tree, "replicates/stable", 0);
    dsep_show_label(stream, "done");
    fprintf(stream, "%" PRId64 " of %" PRId64 " (%s)%s\n", found->done, found->requested,
            dsep_h5tree_text(found->tree, "replicates/scheme", "scheme not recorded"),
            found->done == found->requested ? ""
            : stable                        ? ": enough for --until-stable"
                                            : ": PARTIAL, the run was stopped before its end");
    if (found->done == 0)
        return;
    dsep_show_label(stream, "shares");
    if (isnan(known))
        fputs("of environments left out one by one: nothing is drawn", stream);
    else
        fprintf(stream, "each known to +-%.3f or better at %g %% confidence", known,
                100 * confidence);
    if (asked > 0)
        fprintf(stream, "; --until-stable asked for %g%s", asked,
                stable ? "" : ", which takes more replicates");
    fputc('\n', stream);
}

/* Bounds that do not hold are not told. */
static void print_bound(FILE *stream, const dsep_h5tree *tree, const char *path,
                        const char *assumed) {
    const double bound = dsep_h5tree_real(tree, path, NAN);
    if (!isnan(bound))
        fprintf(stream, ", %.3g %s", bound, assumed);
}

static void print_stability(FILE *stream, const dsep_replicates_found *found) {
    static const char *const at = "replicates/stability";
    const dsep_h5tree *tree = found->tree;
    const double any = dsep_h5tree_real(tree, "replicates/stability/bound", NAN);
    if (!dsep_h5tree_find(tree, at))
        return;
    dsep_show_label(stream, "stable");
    fprintf(stream, "%" PRId64 " pairs are joined in a share of at least %.3g\n",
            dsep_h5tree_integer(tree, "replicates/stability/selected", 0),
            dsep_h5tree_real(tree, "replicates/stability/threshold", NAN));
    dsep_show_label(stream, "");
    if (isnan(any)) {
        fputs("no bound on errors: the threshold has to be above 1/2\n", stream);
        return;
    }
    fprintf(stream, "expected among them of pairs no likelier than chance: at most %.3g%s", any,
            any >= (double)dsep_h5tree_integer(tree, "replicates/stability/selected", 0)
                ? " (which says nothing: raise --threshold)"
                : "");
    print_bound(stream, tree, "replicates/stability/bound_unimodal", "if shares are unimodal");
    print_bound(stream, tree, "replicates/stability/bound_r_concave", "if r-concave");
    fputc('\n', stream);
}

/* --- edges ----------------------------------------------------------------------------------- */

typedef struct {
    dsep_edge edge;
    int64_t same, joined;
} counted;

static int by_pair(const counted *a, const counted *b) {
    if (a->edge.source != b->edge.source)
        return a->edge.source < b->edge.source ? -1 : 1;
    return (a->edge.target > b->edge.target) - (a->edge.target < b->edge.target);
}

/* Least joined first, then those that had these marks least. */
static int rarest_first(const void *left, const void *right) {
    const counted *a = left, *b = right;
    if (a->joined != b->joined)
        return a->joined < b->joined ? -1 : 1;
    if (a->same != b->same)
        return a->same < b->same ? -1 : 1;
    return by_pair(a, b);
}

static int commonest_first(const void *left, const void *right) {
    const counted *a = left, *b = right;
    if (a->joined != b->joined)
        return a->joined > b->joined ? -1 : 1;
    return by_pair(a, b);
}

static void print_list(FILE *stream, const dsep_replicates_found *found, const counted *list,
                       int64_t count) {
    dsep_edge edges[SHOWN] = {0};
    const int64_t shown = count < SHOWN ? count : SHOWN;
    const double done = (double)found->done;
    for (int64_t i = 0; i < shown; i++)
        edges[i] = list[i].edge;
    const int width = dsep_show_width(found->learned->names, edges, shown);
    for (int64_t i = 0; i < shown; i++) {
        dsep_show_edge(stream, found->learned->names, edges[i], width);
        fprintf(stream, "  joined in %.3f, with these marks in %.3f\n",
                (double)list[i].joined / done, (double)list[i].same / done);
    }
    if (shown < count)
        fprintf(stream, "  and %" PRId64 " more: dsep export --what replicates lists every pair\n",
                count - shown);
}

static int print_least_certain(FILE *stream, const dsep_replicates_found *found,
                               dsep_error *error) {
    int64_t always = 0, doubted = 0;
    const dsep_named_graph *learned = found->learned;
    counted *list = dsep_array(learned->n_edges, sizeof *list);
    if (!list)
        return dsep_out_of_memory(error, "a list of edges");
    for (int64_t e = 0; e < learned->n_edges; e++) {
        counted at = {.edge = learned->edges[e]};
        dsep_tally_count(found->tally, at.edge, &at.same, &at.joined);
        always += at.joined == found->done;
        if (at.joined < found->done)
            list[doubted++] = at;
    }
    dsep_show_label(stream, "always joined");
    fprintf(stream, "%" PRId64 " of the %" PRId64 " edges of the graph\n", always,
            learned->n_edges);
    if (doubted > 1)
        qsort(list, (size_t)doubted, sizeof *list, rarest_first);
    if (doubted > 0)
        fputs("\nLeast certain edges of the graph (shares of replicates)\n", stream);
    print_list(stream, found, list, doubted);
    free(list);
    return DSEP_OK;
}

/* Pairs that replicates join as often as the threshold asks. */
static int print_lacking(FILE *stream, const dsep_replicates_found *found, dsep_error *error) {
    int code = DSEP_OK;
    int64_t count = 0;
    dsep_named_graph *often = NULL;
    counted *list = NULL;
    DSEP_TRY(dsep_replicates_ensemble(found, DSEP_ENSEMBLE_THRESHOLD, error, &often));
    list = dsep_array(often->n_edges, sizeof *list);
    DSEP_TRY(list ? DSEP_OK : dsep_out_of_memory(error, "a list of edges"));
    for (int64_t e = 0; e < often->n_edges; e++) {
        counted at = {.edge = often->edges[e]};
        dsep_tally_count(found->tally, at.edge, &at.same, &at.joined);
        if (dsep_graph_find(found->learned->graph, at.edge.source, at.edge.target) < 0)
            list[count++] = at;
    }
    if (count > 1)
        qsort(list, (size_t)count, sizeof *list, commonest_first);
    if (count > 0)
        fprintf(stream, "\nPairs that the graph lacks and at least %.3g of the replicates join\n",
                found->threshold);
    print_list(stream, found, list, count);
cleanup:
    free(list);
    dsep_named_graph_destroy(&often);
    return code;
}

/* --- the whole ------------------------------------------------------------------------------- */

int dsep_show_replicates(FILE *stream, const char *path, const dsep_named_graph *learned,
                         dsep_error *error) {
    dsep_replicates_found found;
    int code = dsep_replicates_open(path, learned, error, &found);
    if (!code || code == DSEP_ERROR_USAGE) {
        fputs("\nReplicates\n", stream);
        print_number(stream, &found);
    }
    if (!code) {
        print_stability(stream, &found);
        code = print_least_certain(stream, &found, error);
    }
    if (!code)
        code = print_lacking(stream, &found, error);
    dsep_replicates_close(&found);
    return code == DSEP_ERROR_USAGE ? DSEP_OK : code;
}
