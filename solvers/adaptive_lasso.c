#include "solvers/adaptive_lasso.h"

#include "mpi/memory.h"
#include "solvers/dense.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int64_t k, n, n_active;
    const double *gram, *cross;
    double *weight;    /* [k] magnitudes of least-squares coefficients */
    double *beta;      /* [k] of the scaled predictors, at this knot */
    double *residual;  /* [k] scaled predictors' products with what is left of the target */
    double *slope;     /* [k] how these fall as the penalty does */
    double *direction; /* [k] of the active, in their order */
    double *factor;    /* [k x k] Cholesky factor of the active, row after row */
    int64_t factored;  /* rows of it that are right */
    int64_t *active;   /* [n_active] */
    int8_t *inside;    /* [k] */
    double penalty, noise, full;
} path;

/* Least squares with some of the predictors; 0 when they determine one another. */
static int fit(int64_t k, const double *gram, const double *cross, const int64_t *which,
               int64_t count, double *block, double *solution) {
    for (int64_t a = 0; a < count; a++) {
        solution[a] = cross[which[a]];
        for (int64_t b = 0; b < count; b++)
            block[a * count + b] = gram[which[a] * k + which[b]];
    }
    if (dsep_dense_cholesky(count, block))
        return 0;
    dsep_dense_cholesky_solve(count, block, 1, solution);
    return 1;
}

int dsep_least_squares(int64_t k, const double *gram, const double *cross, double *coefficient,
                       dsep_error *error) {
    int code = DSEP_OK;
    double *factor = dsep_array(k * k, sizeof *factor);
    if (!factor)
        return dsep_out_of_memory(error, "a regression");
    memcpy(factor, gram, (size_t)(k * k) * sizeof *factor);
    memcpy(coefficient, cross, (size_t)k * sizeof *cross);
    if (k > 0 && dsep_dense_cholesky(k, factor))
        code = dsep_error_set(error, DSEP_ERROR_DATA,
                              "some variables are linear combinations of others, so regressions on "
                              "them have no single answer");
    else if (k > 0)
        dsep_dense_cholesky_solve(k, factor, 1, coefficient);
    free(factor);
    return code;
}

/* BIC at this knot, in units in which rows have weight 1 / n. */
static double criterion(const path *l) {
    double rss = 1;
    int64_t used = 0;
    for (int64_t a = 0; a < l->n_active; a++) {
        const int64_t j = l->active[a];
        rss -= l->beta[j] * (l->weight[j] * l->cross[j] + l->residual[j]);
        used += l->beta[j] != 0;
    }
    return (double)l->n * rss / l->noise + log((double)l->n) * (double)used;
}

static double bound(const path *l) {
    return (double)l->n * l->full / l->noise + log((double)l->n) * (double)l->n_active / 2;
}

/* Adds rows to the factor for what came in since; 0 where predictors determine one another. */
static int extend_factor(path *l) {
    const int64_t k = l->k;
    for (; l->factored < l->n_active; l->factored++) {
        const int64_t r = l->factored, i = l->active[r];
        double *row = l->factor + r * k;
        for (int64_t c = 0; c <= r; c++) {
            const double *other = l->factor + c * k;
            const int64_t j = l->active[c];
            double left = l->gram[i * k + j] * l->weight[i] * l->weight[j];
            const double whole = left;
            for (int64_t m = 0; m < c; m++)
                left -= row[m] * other[m];
            if (c == r && !(left > 1e-12 * whole))
                return 0;
            row[c] = c < r ? left / other[c] : sqrt(left);
        }
    }
    return 1;
}

static void solve(const path *l, double *x) {
    const int64_t k = l->k, count = l->n_active;
    for (int64_t r = 0; r < count; r++) {
        for (int64_t c = 0; c < r; c++)
            x[r] -= l->factor[r * k + c] * x[c];
        x[r] /= l->factor[r * k + r];
    }
    for (int64_t r = count - 1; r >= 0; r--) {
        x[r] /= l->factor[r * k + r];
        for (int64_t c = 0; c < r; c++)
            x[c] -= l->factor[r * k + c] * x[r];
    }
}

/* How the active coefficients move, and the products of all predictors with the rest. */
static int find_direction(path *l) {
    const int64_t k = l->k, count = l->n_active;
    if (!extend_factor(l))
        return 0;
    for (int64_t a = 0; a < count; a++)
        l->direction[a] = copysign(1, l->residual[l->active[a]]);
    solve(l, l->direction);
    memset(l->slope, 0, (size_t)k * sizeof *l->slope);
    for (int64_t a = 0; a < count; a++) {
        const double *row = l->gram + l->active[a] * k;
        const double factor = l->weight[l->active[a]] * l->direction[a];
        for (int64_t j = 0; j < k; j++)
            l->slope[j] += row[j] * factor;
    }
    for (int64_t j = 0; j < k; j++)
        l->slope[j] *= l->weight[j];
    return 1;
}

/* The step to the next knot: which predictor comes in or, below 0, ~ which place goes out; k where
 * none does before the penalty ends. */
static double find_step(const path *l, int64_t *event) {
    const double least = 1e-14 * l->penalty;
    double step = l->penalty;
    *event = l->k;
    for (int64_t j = 0; j < l->k; j++)
        for (int sign = -1; sign <= 1 && !l->inside[j]; sign += 2) {
            const double gap = l->penalty - sign * l->residual[j], closing = 1 - sign * l->slope[j];
            if (closing > 0 && gap > least && gap < step * closing) {
                step = gap / closing;
                *event = j;
            }
        }
    for (int64_t a = 0; a < l->n_active; a++) {
        const double way = -l->beta[l->active[a]] / l->direction[a];
        if (way > least && way < step) {
            step = way;
            *event = ~a;
        }
    }
    return step;
}

static void take_step(path *l, double step, int64_t event) {
    for (int64_t a = 0; a < l->n_active; a++)
        l->beta[l->active[a]] += step * l->direction[a];
    for (int64_t j = 0; j < l->k; j++)
        l->residual[j] -= step * l->slope[j];
    l->penalty -= step;
    if (event < 0) {
        const int64_t out = l->active[~event];
        l->beta[out] = 0;
        l->inside[out] = 0;
        memmove(l->active + ~event, l->active + ~event + 1,
                (size_t)(l->n_active - ~event - 1) * sizeof *l->active);
        l->n_active--;
        l->factored = l->factored < ~event ? l->factored : ~event;
    } else if (event < l->k) {
        l->inside[event] = 1;
        l->active[l->n_active++] = event;
    }
}

/* Follows the path; the predictors of the best knot into kept: how many. */
static int64_t follow(path *l, int64_t *kept) {
    int64_t n_kept = 0, event = 0;
    double best = criterion(l);
    for (int64_t j = 0; j < l->k; j++) {
        l->residual[j] = l->weight[j] * l->cross[j];
        if (fabs(l->residual[j]) > fabs(l->residual[event]))
            event = j;
    }
    l->penalty = fabs(l->residual[event]);
    take_step(l, 0, event);
    while (event < l->k && l->penalty > 0 && bound(l) < best && find_direction(l)) {
        const double step = find_step(l, &event);
        take_step(l, step, event);
        const double here = criterion(l);
        if (here >= best)
            continue;
        best = here;
        n_kept = 0;
        for (int64_t a = 0; a < l->n_active; a++)
            if (l->beta[l->active[a]] != 0)
                kept[n_kept++] = l->active[a];
    }
    return n_kept;
}

static void release(path *l) {
    free(l->weight);
    free(l->beta);
    free(l->residual);
    free(l->slope);
    free(l->direction);
    free(l->factor);
    free(l->active);
    free(l->inside);
}

static int prepare(path *l, const double *coefficient) {
    const int64_t k = l->k;
    l->weight = dsep_array(k, sizeof *l->weight);
    l->beta = dsep_array(k, sizeof *l->beta);
    l->residual = dsep_array(k, sizeof *l->residual);
    l->slope = dsep_array(k, sizeof *l->slope);
    l->direction = dsep_array(k, sizeof *l->direction);
    l->factor = dsep_array(k * k, sizeof *l->factor);
    l->active = dsep_array(k + 1, sizeof *l->active);
    l->inside = dsep_array(k, sizeof *l->inside);
    if (!l->weight || !l->beta || !l->residual || !l->slope || !l->direction || !l->factor ||
        !l->active || !l->inside)
        return 0;
    l->full = 1;
    for (int64_t j = 0; j < k; j++) {
        l->weight[j] = fabs(coefficient[j]);
        l->full -= coefficient[j] * l->cross[j];
    }
    l->full = fmax(l->full, 1e-15);
    l->noise = (double)l->n * l->full / (double)(l->n - k - 1);
    return 1;
}

int dsep_adaptive_lasso(int64_t k, int64_t n, const double *gram, const double *cross,
                        double *coefficient, dsep_error *error) {
    path l = {.k = k, .n = n, .gram = gram, .cross = cross};
    int64_t *kept = dsep_array(k, sizeof *kept), n_kept = 0;
    int code = dsep_least_squares(k, gram, cross, coefficient, error);
    if (!code && k > 0) {
        if (!kept || !prepare(&l, coefficient))
            code = dsep_out_of_memory(error, "a regression");
        else
            n_kept = follow(&l, kept);
    }
    if (!code && k > 0) {
        memset(coefficient, 0, (size_t)k * sizeof *coefficient);
        if (n_kept > 0 && fit(k, gram, cross, kept, n_kept, l.factor, l.direction))
            for (int64_t a = 0; a < n_kept; a++)
                coefficient[kept[a]] = l.direction[a];
    }
    release(&l);
    free(kept);
    return code;
}
