#include "solvers/hca.h"

#include "mpi/exchange.h"
#include "mpi/layout.h"
#include "mpi/memory.h"
#include "solvers/dense.h"
#include "solvers/hca_factors.h"
#include "solvers/hca_naming.h"
#include "solvers/hca_separate.h"
#include "solvers/rotation.h"
#include "solvers/scalapack.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dsep_hca_default_settings(dsep_hca_settings *settings) {
    *settings = (dsep_hca_settings){.n_factors = 3,
                                    .n_min = 50,
                                    .starts = 5,
                                    .search = {50000, 20, 4},
                                    .grid_from = DSEP_GRID_FROM};
    dsep_fastica_default_settings(&settings->ica);
}

/* --- what cannot be fitted -----------------------------------------------------------------------
 */

static void name_environment(const dsep_environments *environments, const char *const *names,
                             int64_t which, char text[256]) {
    if (names)
        snprintf(text, 256, "'%s'", names[which]);
    else
        snprintf(text, 256, "%d", environments->label[which]);
}

static int check_settings(const dsep_hca_settings *s, dsep_error *error) {
    if (s->n_factors < 1 || s->n_factors > DSEP_ROTATION_LARGEST)
        return dsep_error_set(error, DSEP_ERROR_USAGE, "the number of factors is 1 to %d, not %lld",
                              DSEP_ROTATION_LARGEST, (long long)s->n_factors);
    if (s->starts < 1 || s->ica.max_iterations < 1 || !(s->ica.tolerance >= 0))
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "independent component analysis needs a start, an iteration and a "
                              "tolerance that is not negative");
    if (s->search.beam < 1 || s->search.descents < 1 || s->search.exhaustive > 1000000000)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "the search for an order needs a beam and descents of 1 at least; it "
                              "tries at most 1,000,000,000 orders");
    return DSEP_OK;
}

static int check_rows(const dsep_environments *e, const char *const *names,
                      const dsep_hca_settings *s, dsep_error *error) {
    const int64_t least = s->n_min > s->n_factors + 1 ? s->n_min : s->n_factors + 1;
    char name[256];
    if (e->n_environments < 2)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "hierarchical component analysis compares environments: it needs 2 "
                              "at least, and there is %lld",
                              (long long)e->n_environments);
    if (s->n_factors > e->n_variables)
        return dsep_error_set(error, DSEP_ERROR_USAGE, "%lld factors of %lld variables: give fewer",
                              (long long)s->n_factors, (long long)e->n_variables);
    for (int64_t k = 0; k < e->n_environments; k++) {
        if (e->rows[k] >= least)
            continue;
        name_environment(e, names, k, name);
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "environment %s has %lld rows; %lld are needed at least for %lld "
                              "factors. Leave it out, or give fewer factors",
                              name, (long long)e->rows[k], (long long)least,
                              (long long)s->n_factors);
    }
    return DSEP_OK;
}

/* --- independent components of all environments --------------------------------------------------
 */

/* Numbers of an environment: unmixing [d x p], directions [p x d], and these. */
enum { EXPLAINED, ITERATIONS, CONVERGED, FIGURES };

/* The smaller of rows and variables. */
static int64_t order_of(const dsep_environments *e, int64_t which) {
    return e->rows[which] < e->n_variables ? e->rows[which] : e->n_variables;
}

/* Principal directions of large environments, by all ranks together; kept where they are mine. */
static int whiten_large(dsep_context *ctx, dsep_hca *fit, dsep_block mine, dsep_whitening **white) {
    int code = DSEP_OK;
    const dsep_environments *e = fit->work->environments;
    dsep_grid *grid = NULL;
    for (int64_t k = 0; k < e->n_environments; k++) {
        dsep_whitening *one = NULL;
        if (order_of(e, k) < fit->work->settings.grid_from)
            continue;
        if (!grid)
            DSEP_TRY(dsep_grid_create(ctx, &grid));
        DSEP_TRY(dsep_whitening_grid(ctx, grid, e, k, NULL, fit->n_factors, &one));
        if (k >= mine.first && k < mine.first + mine.count)
            white[k] = one;
        else
            dsep_whitening_destroy(&one);
    }
cleanup:
    dsep_grid_destroy(&grid);
    return code;
}

static int separate_mine(dsep_hca *fit, const char *const *names, dsep_block mine,
                         dsep_whitening **white, dsep_error *error, double *numbers, int64_t *key) {
    const int64_t d = fit->n_factors, p = fit->n_variables, size = 2 * d * p + FIGURES;
    for (int64_t k = 0; k < mine.count; k++) {
        double *unmixing = numbers + k * size, *figures = unmixing + 2 * d * p;
        char name[256];
        dsep_hca_separation s;
        *key = mine.first + k;
        const int code = dsep_hca_separate(fit->work, *key, NULL, NULL, white[*key], error,
                                           unmixing + d * p, unmixing, &s);
        if (code)
            return code;
        name_environment(fit->work->environments, names, *key, name);
        if (s.rank < d)
            return dsep_error_set(error, DSEP_ERROR_DATA,
                                  "the rows of environment %s have rank %lld, below the %lld "
                                  "factors asked for. Give fewer factors, or leave it out",
                                  name, (long long)s.rank, (long long)d);
        figures[EXPLAINED] = s.explained;
        figures[ITERATIONS] = (double)s.outcome.iterations;
        figures[CONVERGED] = s.outcome.converged;
    }
    return DSEP_OK;
}

/* 1 - mean singular value of U_i'U_j. */
static int screen(dsep_hca *fit, const double *numbers, int64_t size, dsep_error *error) {
    const int64_t d = fit->n_factors, p = fit->n_variables, count = fit->n_environments;
    double *small = dsep_array(d * d + d, sizeof *small);
    int code = small ? DSEP_OK : dsep_out_of_memory(error, "principal subspaces");
    for (int64_t i = 0; !code && i < count; i++)
        for (int64_t j = 0; !code && j < i; j++) {
            const double *one = numbers + i * size + d * p, *two = numbers + j * size + d * p;
            double sum = 0;
            dsep_dense_product(d, d, p, 1, one, 1, two, 0, 0, small);
            code = dsep_dense_svd(d, d, small, small + d * d, NULL, NULL, error);
            for (int64_t c = 0; c < d; c++)
                sum += small[d * d + c];
            fit->screening[i * count + j] = fit->screening[j * count + i] =
                fmax(0, 1 - sum / (double)d);
        }
    free(small);
    return code;
}

static int separate_all(dsep_context *ctx, dsep_hca *fit, const char *const *names) {
    const int64_t d = fit->n_factors, p = fit->n_variables, size = 2 * d * p + FIGURES;
    const dsep_block mine = dsep_layout_block(fit->n_environments, dsep_size(ctx), dsep_rank(ctx));
    double *own = dsep_array(dsep_bytes(mine.count, size, 1), sizeof *own), *all = NULL;
    dsep_whitening **white = dsep_array(fit->n_environments, sizeof *white);
    int64_t total = 0, key = 0;
    dsep_error *error = dsep_context_error(ctx);
    int code = DSEP_OK;
    DSEP_AGREE(ctx, own && white ? DSEP_OK : dsep_out_of_memory(error, "independent components"));
    DSEP_TRY(whiten_large(ctx, fit, mine, white));
    code = separate_mine(fit, names, mine, white, error, own, &key);
    DSEP_TRY(dsep_agree_first(ctx, code, key));
    DSEP_TRY(
        dsep_gather_all(ctx, own, mine.count * size * (int64_t)sizeof *own, (void **)&all, &total));
    for (int64_t k = 0; k < fit->n_environments; k++) {
        const double *figures = all + k * size + 2 * d * p;
        memcpy(fit->unmixing + k * d * p, all + k * size, (size_t)(d * p) * sizeof *all);
        fit->explained[k] = figures[EXPLAINED];
        fit->iterations[k] = (int64_t)figures[ITERATIONS];
        fit->converged[k] = figures[CONVERGED] > 0;
    }
    DSEP_AGREE(ctx, screen(fit, all, size, error));
cleanup:
    for (int64_t k = 0; white && k < fit->n_environments; k++)
        dsep_whitening_destroy(&white[k]);
    free(white);
    free(own);
    free(all);
    return code;
}

/* --- the order -----------------------------------------------------------------------------------
 */

/* Rows of each environment in the order that was found. */
static int sort_rows(dsep_hca *fit, const int32_t *row, dsep_error *error) {
    const int64_t d = fit->n_factors, p = fit->n_variables;
    double *old = dsep_array(d * p, sizeof *old);
    if (!old)
        return dsep_out_of_memory(error, "orders of factors");
    for (int64_t k = 0; k < fit->n_environments; k++) {
        double *own = fit->unmixing + k * d * p;
        memcpy(old, own, (size_t)(d * p) * sizeof *old);
        for (int64_t i = 0; i < d; i++)
            memcpy(own + i * p, old + row[k * d + i] * p, (size_t)p * sizeof *old);
    }
    free(old);
    return DSEP_OK;
}

static void make_gram(dsep_hca *fit) {
    dsep_dense_gram(fit->n_variables, fit->n_factors * fit->n_environments, 1, fit->unmixing, 0,
                    fit->work->gram);
}

/* Finds the order, puts the rows into it, and gives a judge whose last order is theirs. row: [K x
 * d] becomes 0 .. d - 1 for every environment. */
static int find_order(dsep_context *ctx, dsep_hca *fit, int32_t *row, dsep_hca_judge **judge) {
    int code = DSEP_OK;
    const int64_t d = fit->n_factors, count = fit->n_environments;
    dsep_error *error = dsep_context_error(ctx);
    const dsep_hca_search *search = &fit->work->settings.search;
    dsep_hca_score score;
    fit->exhaustive = dsep_hca_orders(d, count) <= search->exhaustive;
    make_gram(fit);
    DSEP_AGREE(ctx, dsep_hca_judge_create(d, count, fit->work->gram, error, judge));
    DSEP_TRY(dsep_hca_search_run(ctx, *judge, search, error, row, &score, &fit->judged));
    DSEP_AGREE(ctx, sort_rows(fit, row, error));
    for (int64_t i = 0; i < d * count; i++)
        row[i] = (int32_t)(i % d);
    make_gram(fit);
    dsep_hca_judge_destroy(judge);
    DSEP_AGREE(ctx, dsep_hca_judge_create(d, count, fit->work->gram, error, judge));
    score = dsep_hca_judge_order(*judge, row, 0);
    fit->mic = score.mic;
    fit->sum_ic = score.sum;
    memcpy(fit->ic, (*judge)->ic, (size_t)count * sizeof *fit->ic);
    memcpy(fit->diagnostic, (*judge)->diagnostic, (size_t)d * sizeof *fit->diagnostic);
cleanup:
    return code;
}

/* --- factors -------------------------------------------------------------------------------------
 */

static int name_factors(dsep_context *ctx, dsep_hca *fit, const dsep_hca_judge *judge,
                        const int32_t *row) {
    int code = DSEP_OK;
    dsep_representation *r = fit->representation;
    const int64_t d = fit->n_factors, p = fit->n_variables;
    dsep_hca_names *names = NULL;
    double *h = dsep_array(d * p, sizeof *h);
    dsep_error *error = dsep_context_error(ctx);
    DSEP_AGREE(ctx, h ? DSEP_OK : dsep_out_of_memory(error, "factors"));
    dsep_hca_axes(judge, row, p, fit->unmixing, r->h);
    DSEP_TRY(dsep_hca_names_create(ctx, fit->work->environments, d, r->h, &names));
    dsep_hca_turn(d, p, names->turn, r->h);
    dsep_hca_mixing(judge, row, names->turn, r->b);
    dsep_hca_weights(d, fit->n_environments, r->b, r->weight);
    for (int64_t i = 0; i < d; i++) {
        r->named_by[i] = names->variable[i];
        r->named_r2[i] = names->r2[i];
        fit->named_alone[i] = names->alone[i];
    }
    memcpy(h, r->h, (size_t)(d * p) * sizeof *h);
    DSEP_AGREE(ctx, dsep_dense_pinv(p, d, h, 1e-13, r->g, NULL, error));
cleanup:
    dsep_hca_names_destroy(&names);
    free(h);
    return code;
}

/* --- set-up --------------------------------------------------------------------------------------
 */

static int allocate(dsep_hca *fit, dsep_error *error) {
    const int64_t d = fit->n_factors, p = fit->n_variables, k = fit->n_environments;
    fit->named_alone = dsep_array(d, sizeof(double));
    fit->ic = dsep_array(k, sizeof(double));
    fit->diagnostic = dsep_array(d, sizeof(double));
    fit->screening = dsep_array(k * k, sizeof(double));
    fit->explained = dsep_array(k, sizeof(double));
    fit->unmixing = dsep_array(dsep_bytes(k, d, p), sizeof(double));
    fit->iterations = dsep_array(k, sizeof *fit->iterations);
    fit->converged = dsep_array(k, sizeof *fit->converged);
    fit->work->gram = dsep_array(dsep_bytes(k * d, k * d, 1), sizeof(double));
    if (!fit->named_alone || !fit->ic || !fit->diagnostic || !fit->screening || !fit->explained ||
        !fit->unmixing || !fit->iterations || !fit->converged || !fit->work->gram)
        return dsep_out_of_memory(error, "hierarchical component analysis");
    return dsep_representation_create(p, d, k, error, &fit->representation);
}

static int create(const dsep_environments *environments, const char *const *names,
                  const dsep_hca_settings *settings, dsep_error *error, dsep_hca **fit) {
    int code = check_settings(settings, error);
    if (!code)
        code = check_rows(environments, names, settings, error);
    if (code)
        return code;
    dsep_hca *made = *fit = dsep_array(1, sizeof *made);
    if (made)
        made->work = dsep_array(1, sizeof *made->work);
    if (!made || !made->work)
        return dsep_out_of_memory(error, "hierarchical component analysis");
    made->n_factors = settings->n_factors;
    made->n_variables = environments->n_variables;
    made->n_environments = environments->n_environments;
    made->work->environments = environments;
    made->work->settings = *settings;
    return allocate(made, error);
}

static void tell_arithmetic(dsep_context *ctx, dsep_hca *fit) {
    int64_t largest = 0;
    for (int64_t k = 0; k < fit->n_environments; k++)
        if (order_of(fit->work->environments, k) > largest)
            largest = order_of(fit->work->environments, k);
    dsep_grid_tell(ctx, largest >= fit->work->settings.grid_from, fit->arithmetic,
                   sizeof fit->arithmetic);
}

int dsep_hca_fit(dsep_context *ctx, const dsep_environments *environments, const char *const *names,
                 const dsep_hca_settings *settings, dsep_hca **fit) {
    int code = DSEP_OK;
    dsep_hca *made = NULL;
    dsep_hca_judge *judge = NULL;
    int32_t *row = NULL;
    dsep_error *error = dsep_context_error(ctx);
    *fit = NULL;
    DSEP_AGREE(ctx, create(environments, names, settings, error, &made));
    row = dsep_array(made->n_factors * made->n_environments, sizeof *row);
    DSEP_AGREE(ctx, row ? DSEP_OK : dsep_out_of_memory(error, "orders of factors"));
    DSEP_TRY(dsep_row_products_create(ctx, environments, &made->work->products));
    tell_arithmetic(ctx, made);
    DSEP_TRY(separate_all(ctx, made, names));
    DSEP_TRY(find_order(ctx, made, row, &judge));
    DSEP_TRY(name_factors(ctx, made, judge, row));
    *fit = made;
    made = NULL;
cleanup:
    dsep_hca_judge_destroy(&judge);
    dsep_hca_destroy(&made);
    free(row);
    return code;
}

void dsep_hca_destroy(dsep_hca **fit) {
    dsep_hca *old = fit ? *fit : NULL;
    if (!old)
        return;
    dsep_representation_destroy(&old->representation);
    free(old->named_alone);
    free(old->ic);
    free(old->diagnostic);
    free(old->screening);
    free(old->explained);
    free(old->unmixing);
    free(old->iterations);
    free(old->converged);
    if (old->work) {
        dsep_row_products_destroy(&old->work->products);
        free(old->work->gram);
    }
    free(old->work);
    free(old);
    *fit = NULL;
}
