/* Monte Carlo of an unmeasured common cause: shares that theory knows, numerical integration, and
 * the same figures on any number of ranks. */
#include "jobs/edge_robustness.h"
#include "io/h5tree.h"
#include "io/h5write.h"
#include "mpi/random.h"
#include "solvers/prior.h"
#include "solvers/robustness.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 200, EDGES = 4 };
static const double ALPHA = .05;
static const double weights[EDGES] = {.5, -.3, .16, 1};
static const int64_t orders[EDGES] = {2, 0, 1, 0};
static const char *const names[] = {"a", "b:1", "c, d", "e"};

/* a -> b:1, a - c, d; b:1 -> c, d; b:1 - e */
static const char *store(dsep_context *ctx, int recorded) {
    static char path[600];
    static const char *const marks[] = {"tail", "arrow"};
    static const int64_t source[] = {0, 0, 1, 1}, target[] = {1, 2, 2, 3};
    static const int8_t at_source[EDGES] = {0}, at_target[EDGES] = {1, 0, 1, 0};
    const dsep_block rows = {0, dsep_rank(ctx) == 0 ? EDGES : 0};
    double until[EDGES];
    dsep_h5write *file;
    snprintf(path, sizeof path, "%s", tap_path(recorded ? "result.h5" : "old.h5"));
    for (int e = 0; e < EDGES; e++)
        until[e] = dsep_robustness_value(
                       weights[e],
                       dsep_robustness_critical(ALPHA, dsep_robustness_dof(SAMPLES, orders[e])))
                       .robustness_ci;
    if (dsep_h5write_create(ctx, path, &file))
        return path;
    dsep_h5write_attribute_text(file, "/", "encoding-type", "dsep-result");
    dsep_h5write_attribute_text(file, "/graph", "kind", "cpdag");
    if (recorded) {
        dsep_h5write_attribute_integer(file, "/graph", "n_samples", SAMPLES);
        dsep_h5write_attribute_real(file, "/graph", "robustness_alpha", ALPHA);
    }
    dsep_h5write_table(file, "/variables", 4, 1, names);
    dsep_h5write_table(file, "/graph/edges", EDGES, 0, NULL);
    dsep_h5write_column(file, "source", DSEP_H5_INT64, rows, source);
    dsep_h5write_column(file, "target", DSEP_H5_INT64, rows, target);
    dsep_h5write_categories(file, "mark_source", marks, 2, rows, at_source);
    dsep_h5write_categories(file, "mark_target", marks, 2, rows, at_target);
    dsep_h5write_column(file, "weight", DSEP_H5_DOUBLE, rows, weights);
    dsep_h5write_column(file, "order", DSEP_H5_INT64, rows, orders);
    dsep_h5write_column(file, "robustness_ci", DSEP_H5_DOUBLE, rows, until);
    if (dsep_h5write_commit(&file))
        tap_note("%s", dsep_context_error(ctx)->text);
    return path;
}

static char result[600], output[600];

/* Runs it and reads the table back; NULL when it fails. */
static dsep_h5tree *run(dsep_context *ctx, const char *edges, const char *prior_y,
                        const char *prior_d, int64_t draws, int bias) {
    dsep_common_settings common = {.seed = 1};
    const dsep_invocation call = {.settings = &common, .line = "dsep sensitivity", .study = ""};
    const dsep_edge_robustness_options options = {(char *)edges, (char *)prior_y, (char *)prior_d,
                                                  draws, bias};
    const dsep_edge_robustness_settings settings = {&call, result, output, 5, 1, &options};
    dsep_h5tree *tree = NULL;
    if (!dsep_edge_robustness_run(ctx, &settings))
        dsep_h5tree_read(output, NULL, NULL, &tree);
    return tree;
}

static double value(const dsep_h5tree *tree, const char *column, int64_t row) {
    char path[100];
    snprintf(path, sizeof path, "sensitivity/robustness/%s", column);
    const dsep_h5tree *node = tree ? dsep_h5tree_find(tree, path) : NULL;
    return node && node->reals && row < node->count ? node->reals[row] : NAN;
}

/* A cause of known strength undoes an edge exactly when it is stronger than the robustness value.
 */
static void test_points(dsep_context *ctx) {
    const double dof = SAMPLES - 4, r = weights[0];
    const dsep_robustness known = dsep_robustness_value(r, dsep_robustness_critical(ALPHA, dof));
    const double strengths[] = {0, known.robustness_ci - 1e-9, known.robustness_ci + 1e-9,
                                known.robustness - 1e-9, known.robustness + 1e-9};
    for (int i = 0; i < 5; i++) {
        char prior[40];
        snprintf(prior, sizeof prior, "point:%.17g", strengths[i]);
        dsep_h5tree *tree = run(ctx, "a:b:1", prior, prior, 100, DSEP_BIAS_TOWARDS_ZERO);
        tap_ok(value(tree, "kept", 0) == (i < 2) && value(tree, "not_significant", 0) == (i >= 2) &&
                   value(tree, "sign_changed", 0) == (i == 4),
               "%s: %s", prior,
               i < 2   ? "kept"
               : i < 4 ? "not significant"
                       : "sign changed");
        const double t = r * sqrt(dof / (1 - r * r)), x = strengths[i];
        const double moved = (t - x / sqrt(1 - x) * sqrt(dof)) / sqrt(dof / (dof - 1));
        const double wanted = moved / sqrt(moved * moved + dof - 1);
        tap_ok(fabs(value(tree, "adjusted_5", 0) - wanted) < 1e-12 &&
                   value(tree, "adjusted_5", 0) == value(tree, "adjusted_95", 0),
               "all draws give %.4f", wanted);
        dsep_h5tree_destroy(&tree);
    }
}

typedef struct {
    double sign, lost, kept;
} shares;

/* Strengths uniform up to 0.5 and from 0.1 to 0.6, on a grid, by t. either: half in each direction.
 */
static shares integrate(double r, double dof, double critical_t, int either) {
    enum { GRID = 1500 };
    shares sum = {0, 0, 0};
    const double t = fabs(r) * sqrt(dof / (1 - r * r));
    for (int i = 0; i < GRID; i++)
        for (int j = 0; j < GRID; j++)
            for (int way = 0; way <= either; way++) {
                const double y = .5 * (i + .5) / GRID, d = .1 + .5 * (j + .5) / GRID;
                const double bias = sqrt(y * d / (1 - d) * dof) * (way ? -1 : 1);
                const double moved = (t - bias) / sqrt((1 - y) / (1 - d) * dof / (dof - 1));
                sum.sign += moved < 0;
                sum.lost += fabs(moved) < critical_t;
                sum.kept += moved >= critical_t;
            }
    const double all = (double)GRID * GRID * (1 + either);
    return (shares){sum.sign / all, sum.lost / all, sum.kept / all};
}

/* Four standard errors of a share of so many draws are 2 / sqrt(draws) at most. */
static void test_uniform(dsep_context *ctx) {
    enum { DRAWS = 40000 };
    const double near = 2 / sqrt((double)DRAWS);
    for (int either = 0; either < 2; either++) {
        dsep_h5tree *tree =
            run(ctx, "a:\"c, d\",a:b:1", "uniform:0,0.5", "uniform:0.1,0.6", DRAWS, either);
        for (int k = 0; k < 2; k++) {
            const int e = 1 - k;
            const double dof = SAMPLES - 2 - (double)orders[e];
            const double critical = dsep_robustness_critical(ALPHA, dof) * sqrt(dof - 1);
            const shares wanted = integrate(weights[e], dof, critical, either);
            const double sign = value(tree, "sign_changed", k), kept = value(tree, "kept", k);
            const double lost = value(tree, "not_significant", k);
            tap_ok(fabs(sign - wanted.sign) < near && fabs(lost - wanted.lost) < near &&
                       fabs(kept - wanted.kept) < near && kept > .01 && kept < .99,
                   "edge %d, bias %s: sign %.4f (%.4f), lost %.4f (%.4f), kept %.4f (%.4f)", e,
                   either ? "either way" : "towards zero", sign, wanted.sign, lost, wanted.lost,
                   kept, wanted.kept);
        }
        dsep_h5tree_destroy(&tree);
    }
}

static int by_value(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The draws of edge 1 one after another, by one rank: bit for bit the same on any number. */
static int is_serial(const dsep_h5tree *tree, int64_t row) {
    enum { DRAWS = 1000 };
    static double drawn[DRAWS];
    dsep_prior y, d;
    dsep_prior_parse("beta:2,8", "", NULL, &y);
    dsep_prior_parse("uniform:0,0.3", "", NULL, &d);
    for (uint64_t i = 0; i < DRAWS; i++) {
        const dsep_random source = {5, DSEP_STREAM_PRIOR, 1};
        const int away = dsep_random_uniform(source, i + (UINT64_C(1) << 63)) >= .5;
        double u[2];
        dsep_random_uniform2(source, i, u);
        drawn[i] = dsep_robustness_adjust(weights[1], SAMPLES - 2, dsep_prior_quantile(&y, u[0]),
                                          dsep_prior_quantile(&d, u[1]), away ? -1 : 1);
    }
    qsort(drawn, DRAWS, sizeof *drawn, by_value);
    return drawn[49] == value(tree, "adjusted_5", row) &&
           drawn[499] == value(tree, "adjusted_50", row) &&
           drawn[949] == value(tree, "adjusted_95", row) && drawn[49] < drawn[949];
}

static void test_reproduced(dsep_context *ctx) {
    dsep_h5tree *all = run(ctx, NULL, "beta:2,8", "uniform:0,0.3", 1000, DSEP_BIAS_EITHER);
    dsep_h5tree *one = run(ctx, "c, d:a", "beta:2,8", "uniform:0,0.3", 1000, DSEP_BIAS_EITHER);
    tap_ok(all && !one, "a comma outside quotes divides");
    one = run(ctx, "\"c, d:a\"", "beta:2,8", "uniform:0,0.3", 1000, DSEP_BIAS_EITHER);
    const dsep_h5tree *source = all ? dsep_h5tree_find(all, "sensitivity/robustness/source") : NULL;
    tap_ok(source && source->count == EDGES && strcmp(source->texts[0], "b:1") == 0 &&
               value(all, "weight", 0) == .16 && value(all, "weight", 3) == 1,
           "without --edges the most fragile come first");
    static const char *const columns[] = {"adjusted_5",   "adjusted_50",     "adjusted_95",
                                          "sign_changed", "not_significant", "kept"};
    int same = 1;
    for (int c = 0; c < 6; c++)
        same &= value(all, columns[c], 1) == value(one, columns[c], 0);
    tap_ok(same && value(one, "weight", 0) == -.3, "an edge's draws are its own");
    tap_ok(value(all, "adjusted_5", 3) == 1 && value(all, "kept", 3) == 1, "|r| = 1 stays");
    tap_ok(is_serial(one, 0), "the same on any number of ranks");
    dsep_h5tree_destroy(&all);
    dsep_h5tree_destroy(&one);
}

static void is_refused(dsep_context *ctx, const char *edges, const char *prior, int code,
                       const char *message) {
    dsep_h5tree *tree = run(ctx, edges, prior, "point:0", 10, DSEP_BIAS_TOWARDS_ZERO);
    const dsep_error *error = dsep_context_error(ctx);
    tap_ok(!tree && error->code == code && strstr(error->text, message), "%s", message);
    dsep_h5tree_destroy(&tree);
}

static void test_refusals(dsep_context *ctx) {
    is_refused(ctx, "a:x", "point:0", DSEP_ERROR_USAGE, "'a:x' is not two variables");
    is_refused(ctx, "a:b:1,", "point:0", DSEP_ERROR_USAGE, "'' is not two variables");
    is_refused(ctx, "a:e", "point:0", DSEP_ERROR_USAGE, "a and e are not joined");
    is_refused(ctx, "a:b:1", "point:2", DSEP_ERROR_USAGE, "--prior-y point:2");
    snprintf(result, sizeof result, "%s", store(ctx, 0));
    is_refused(ctx, "a:b:1", "point:0", DSEP_ERROR_DATA,
               "does not say with how many samples and at which level");
    snprintf(result, sizeof result, "nothing.h5");
    is_refused(ctx, "a:b:1", "point:0", DSEP_ERROR_IO, "nothing.h5");
}

int main(int argc, char **argv) {
    dsep_context *ctx = tap_begin(&argc, &argv);
    tap_directory();
    snprintf(output, sizeof output, "%s", tap_path("drawn.h5"));
    snprintf(result, sizeof result, "%s", store(ctx, 1));
    test_points(ctx);
    test_uniform(ctx);
    test_reproduced(ctx);
    test_refusals(ctx);
    return tap_end();
}
