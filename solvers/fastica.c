#include "solvers/fastica.h"

#include "mpi/memory.h"
#include "solvers/rotation.h"
#include "solvers/simd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sums have eight lanes whatever the CPU, so that they are the same bits on all. */
enum { LANES = 8, BLOCK = 512, SWEEPS = 60 };

void dsep_fastica_default_settings(dsep_fastica_settings *settings) {
    *settings = (dsep_fastica_settings){
        .contrast = DSEP_CONTRAST_LOGCOSH, .tolerance = 1e-12, .max_iterations = 10000};
}

/* --- the contrast's derivatives ------------------------------------------------------------------
 */

typedef union {
    double number;
    int64_t bits;
} word;

/* The smaller of two numbers >= 0, through their bits: a comparison of doubles may trap, and so
 * keeps loops from being vectorised. */
static inline double smaller(double x, double y) {
    const word a = {.number = x}, b = {.number = y};
    return (word){.bits = a.bits < b.bits ? a.bits : b.bits}.number;
}

typedef struct {
    double power, rest; /* exp(y) = power (1 + rest) */
} split_exp;

/* For y in [-700, 700]: y = k log 2 + r, |r| <= log(2) / 2, power = 2^k, rest = exp(r) - 1 by its
 * series, whose first term left out is below 1e-17 of it. */
static inline split_exp exp_of(double y) {
    static const double high = 0x1.62e42fee00000p-1, low = 0x1.a39ef35793c76p-33; /* log 2 */
    static const double magic = 0x1.8p52;
    const word shifted = {.number = y * 1.4426950408889634 + magic};
    const double k = shifted.number - magic, r = y - k * high - k * low;
    double sum = 1. / 6227020800 * r + 1. / 479001600;
    sum = sum * r + 1. / 39916800;
    sum = sum * r + 1. / 3628800;
    sum = sum * r + 1. / 362880;
    sum = sum * r + 1. / 40320;
    sum = sum * r + 1. / 5040;
    sum = sum * r + 1. / 720;
    sum = sum * r + 1. / 120;
    sum = sum * r + 1. / 24;
    sum = sum * r + 1. / 6;
    sum = sum * r + 1. / 2;
    const word power = {.bits = (int64_t)((uint64_t)(shifted.bits + 1023) << 52)};
    return (split_exp){power.number, r + r * r * sum};
}

/* exp(2 |u|) - 1 over itself + 2, exact also where u is small; 1 from 20 on. */
static inline double tanh_of(double u) {
    const split_exp e = exp_of(smaller(2 * fabs(u), 40));
    const double less_one = e.power * e.rest + (e.power - 1);
    return copysign(less_one / (less_one + 2), u);
}

static inline double bell_of(double u) {
    const split_exp e = exp_of(-smaller(u * u / 2, 700));
    return e.power + e.power * e.rest;
}

/* g(u) in place of u, and its slope g'(u). */
DSEP_CLONES
static void apply_logcosh(int64_t n, double *restrict u, double *restrict slope) {
#pragma omp simd
    for (int64_t m = 0; m < n; m++) {
        const double g = tanh_of(u[m]);
        slope[m] = 1 - g * g;
        u[m] = g;
    }
}

DSEP_CLONES
static void apply_exp(int64_t n, double *restrict u, double *restrict slope) {
#pragma omp simd
    for (int64_t m = 0; m < n; m++) {
        const double s = u[m], e = bell_of(s);
        slope[m] = (1 - s * s) * e;
        u[m] = s * e;
    }
}

DSEP_CLONES
static void apply_cube(int64_t n, double *restrict u, double *restrict slope) {
#pragma omp simd
    for (int64_t m = 0; m < n; m++) {
        const double s = u[m];
        slope[m] = 3 * (s * s);
        u[m] = s * s * s;
    }
}

static void apply(dsep_contrast contrast, int64_t n, double *u, double *slope) {
    if (contrast == DSEP_CONTRAST_EXP)
        apply_exp(n, u, slope);
    else if (contrast == DSEP_CONTRAST_CUBE)
        apply_cube(n, u, slope);
    else
        apply_logcosh(n, u, slope);
}

/* --- one step of one component -------------------------------------------------------------------
 */

typedef struct {
    int64_t n, d, stride; /* rows that count; stride: n in whole lanes */
    double total;         /* sum of their weights */
    double *scores;       /* [d x stride], zeros behind the rows */
    double *weight;       /* [stride], zeros behind the rows */
    double *next;         /* [d x d] of an iteration */
    double *turn;         /* [d x d] of the decorrelation */
} problem;

/* s = sum over j of w[j] scores[j], rows first .. first + n - 1. */
DSEP_CLONES
static void project(const problem *p, const double *w, int64_t first, int64_t n, double *s) {
    memset(s, 0, (size_t)n * sizeof *s);
    for (int64_t j = 0; j < p->d; j++) {
        const double *y = p->scores + j * p->stride + first;
        const double factor = w[j];
#pragma omp simd
        for (int64_t m = 0; m < n; m++)
            s[m] += factor * y[m];
    }
}

/* The sum of x y; n is a multiple of LANES. */
DSEP_CLONES
static double sum_of(int64_t n, const double *x, const double *y) {
    double lane[LANES] = {0}, sum = 0;
    for (int64_t m = 0; m < n; m += LANES)
#pragma omp simd
        for (int l = 0; l < LANES; l++)
            lane[l] += x[m + l] * y[m + l];
    for (int l = 0; l < LANES; l++)
        sum += lane[l];
    return sum;
}

/* next = E[y g(w'y)] - E[g'(w'y)] w */
static void step(const problem *p, dsep_contrast contrast, const double *w, double *next) {
    double g[BLOCK], slope[BLOCK], mean_slope = 0;
    memset(next, 0, (size_t)p->d * sizeof *next);
    for (int64_t first = 0; first < p->stride; first += BLOCK) {
        const int64_t n = p->stride - first < BLOCK ? p->stride - first : BLOCK;
        const double *weight = p->weight + first;
        project(p, w, first, n, g);
        apply(contrast, n, g, slope);
        mean_slope += sum_of(n, weight, slope);
        for (int64_t m = 0; m < n; m++)
            g[m] *= weight[m];
        for (int64_t j = 0; j < p->d; j++)
            next[j] += sum_of(n, g, p->scores + j * p->stride + first);
    }
    for (int64_t j = 0; j < p->d; j++)
        next[j] = (next[j] - mean_slope * w[j]) / p->total;
}

/* --- orthogonal again ----------------------------------------------------------------------------
 */

static double product(int64_t d, const double *x, const double *y) {
    double sum = 0;
    for (int64_t j = 0; j < d; j++)
        sum += x[j] * y[j];
    return sum;
}

static void rotate(int64_t d, double cosine, double sine, double *x, double *y) {
    for (int64_t j = 0; j < d; j++) {
        const double old = x[j];
        x[j] = cosine * old - sine * y[j];
        y[j] = sine * old + cosine * y[j];
    }
}

/* Makes two rows orthogonal; whether they were not. */
static int make_orthogonal(int64_t d, double *x, double *y, double *turn_x, double *turn_y) {
    const double xx = product(d, x, x), yy = product(d, y, y), xy = product(d, x, y);
    if (!(fabs(xy) > 1e-16 * sqrt(xx * yy)))
        return 0;
    const double zeta = (yy - xx) / (2 * xy);
    const double tangent = copysign(1 / (fabs(zeta) + sqrt(1 + zeta * zeta)), zeta);
    const double cosine = 1 / sqrt(1 + tangent * tangent);
    rotate(d, cosine, cosine * tangent, x, y);
    rotate(d, cosine, cosine * tangent, turn_x, turn_y);
    return 1;
}

/* W = (A A')^-1/2 A by the singular value decomposition of A (`next`, used up), one-sided Jacobi:
 * turn A has orthogonal rows, W = turn' (these at length 1). 0 where A is singular. */
static int decorrelate(const problem *p, double *w) {
    const int64_t d = p->d;
    double *a = p->next, *turn = p->turn;
    memset(turn, 0, (size_t)(d * d) * sizeof *turn);
    for (int64_t i = 0; i < d; i++)
        turn[i * d + i] = 1;
    for (int sweep = 0, turned = 1; turned && sweep < SWEEPS; sweep++) {
        turned = 0;
        for (int64_t i = 0; i < d; i++)
            for (int64_t j = i + 1; j < d; j++)
                turned |= make_orthogonal(d, a + i * d, a + j * d, turn + i * d, turn + j * d);
    }
    double largest = 0;
    for (int64_t i = 0; i < d; i++)
        largest = fmax(largest, product(d, a + i * d, a + i * d));
    memset(w, 0, (size_t)(d * d) * sizeof *w);
    for (int64_t i = 0; i < d; i++) {
        const double square = product(d, a + i * d, a + i * d);
        if (!(square > 1e-28 * largest))
            return 0;
        for (int64_t r = 0; r < d; r++)
            for (int64_t c = 0; c < d; c++)
                w[r * d + c] += turn[i * d + r] * (a[i * d + c] / sqrt(square));
    }
    return 1;
}

/* 1 - |new'old| of two rows of length 1, without cancellation. */
static double turned_by(int64_t d, const double *new, const double *old) {
    const double sign = product(d, new, old) < 0 ? -1 : 1;
    double sum = 0;
    for (int64_t j = 0; j < d; j++)
        sum += (new[j] - sign *old[j]) * (new[j] - sign *old[j]);
    return sum / 2;
}

/* --- the iterations ------------------------------------------------------------------------------
 */

/* Where an iteration comes back to where it was two steps ago, it goes on with shorter steps: the
 * rows move towards their new places by a part of the way only. The places that stay are the same.
 */
typedef struct {
    double part;
    double *before; /* [d x d] two steps ago */
} damping;

enum { LEAST_PART = 64 };

/* Row new towards which w goes, turned so as to point where w does. */
static void go_towards(int64_t d, double part, const double *w, double *new) {
    const double sign = product(d, new, w) < 0 ? -1 : 1;
    for (int64_t j = 0; j < d; j++)
        new[j] = (1 - part) * w[j] + part *sign *new[j];
}

/* Shorter steps after one that led back; w: where it began, new: where it led. */
static void look_back(damping *damped, int64_t count, int64_t d, const double *w,
                      const double *new) {
    double from_before = 0, from_last = 0;
    for (int64_t i = 0; i < count; i++) {
        from_before = fmax(from_before, turned_by(d, new + i *d, damped->before + i * d));
        from_last = fmax(from_last, turned_by(d, new + i *d, w + i * d));
    }
    if (from_before < from_last / 4 && damped->part > 1. / LEAST_PART)
        damped->part /= 2;
    memcpy(damped->before, w, (size_t)(count * d) * sizeof *w);
}

static int find_all(const problem *p, const dsep_fastica_settings *settings, double *w, double *new,
                    dsep_fastica_outcome *outcome) {
    const int64_t d = p->d;
    damping damped = {1, new + d *d};
    memcpy(p->next, w, (size_t)(d * d) * sizeof *w);
    if (!decorrelate(p, w))
        return 0;
    memset(damped.before, 0, (size_t)(d * d) * sizeof *w);
    while (outcome->iterations < settings->max_iterations) {
        double turned = 0;
        outcome->iterations++;
        for (int64_t i = 0; i < d; i++)
            step(p, settings->contrast, w + i * d, p->next + i * d);
        if (!decorrelate(p, new))
            return 0;
        for (int64_t i = 0; i < d; i++) {
            turned = fmax(turned, turned_by(d, new + i *d, w + i * d));
            go_towards(d, damped.part, w + i * d, new + i *d);
        }
        memcpy(p->next, new, (size_t)(d * d) * sizeof *w);
        if (damped.part < 1 && !decorrelate(p, new))
            return 0;
        look_back(&damped, d, d, w, new);
        memcpy(w, new, (size_t)(d * d) * sizeof *w);
        if (turned <= settings->tolerance)
            return 1;
    }
    return 0;
}

/* Takes away what row i has of the rows before it and makes it of length 1; 0 where nothing is
 * left. */
static int deflate(int64_t d, const double *w, int64_t i, double *row) {
    const double before = product(d, row, row);
    for (int64_t h = 0; h < 2 * i; h++) {
        const double along = product(d, row, w + h % i * d);
        for (int64_t j = 0; j < d; j++)
            row[j] -= along * w[h % i * d + j];
    }
    const double square = product(d, row, row);
    for (int64_t j = 0; j < d; j++)
        row[j] /= sqrt(square);
    return square > 1e-28 * before;
}

static int find_one(const problem *p, const dsep_fastica_settings *settings, double *w, int64_t i,
                    double *new, dsep_fastica_outcome *outcome) {
    const int64_t d = p->d;
    double *row = w + i * d;
    damping damped = {1, new + d};
    if (!deflate(d, w, i, row))
        return 0;
    memset(damped.before, 0, (size_t)d * sizeof *w);
    for (int64_t iteration = 1; iteration <= settings->max_iterations; iteration++) {
        if (outcome->iterations < iteration)
            outcome->iterations = iteration;
        step(p, settings->contrast, row, new);
        if (!deflate(d, w, i, new))
            return 0;
        const double turned = turned_by(d, new, row);
        go_towards(d, damped.part, row, new);
        if (damped.part < 1 && !deflate(d, w, i, new))
            return 0;
        look_back(&damped, 1, d, row, new);
        memcpy(row, new, (size_t)d * sizeof *w);
        if (turned <= settings->tolerance)
            return 1;
    }
    return 0;
}

/* (E G(s) - E G(normal))^2; G as in the header. */
static double contrast_of(const problem *p, dsep_contrast contrast, const double *w) {
    static const double normal[] = {0.3745672074914383, -M_SQRT1_2, .75};
    double sum = 0, s[BLOCK];
    for (int64_t first = 0; first < p->stride; first += BLOCK) {
        const int64_t n = p->stride - first < BLOCK ? p->stride - first : BLOCK;
        project(p, w, first, n, s);
        for (int64_t m = 0; m < n; m++) {
            const double u = fabs(s[m]);
            const double value = contrast == DSEP_CONTRAST_LOGCOSH ? u + log1p(exp(-2 * u)) - M_LN2
                                 : contrast == DSEP_CONTRAST_EXP   ? -exp(-u * u / 2)
                                                                   : u * u * u * u / 4;
            sum += p->weight[first + m] * value;
        }
    }
    const double beyond = sum / p->total - normal[contrast];
    return beyond * beyond;
}

/* --- set-up --------------------------------------------------------------------------------------
 */

static void fill(problem *p, int64_t rows, const double *scores, const int32_t *weight) {
    int64_t to = 0;
    for (int64_t m = 0; m < rows; m++) {
        if (weight && !weight[m])
            continue;
        for (int64_t j = 0; j < p->d; j++)
            p->scores[j * p->stride + to] = scores[j * rows + m];
        p->weight[to++] = weight ? weight[m] : 1;
        p->total += weight ? weight[m] : 1;
    }
}

static int create(problem *p, int64_t rows, const double *scores, const int32_t *weight,
                  dsep_error *error) {
    const int64_t d = p->d;
    for (int64_t m = 0; m < rows; m++)
        p->n += !weight || weight[m];
    p->stride = (p->n + LANES - 1) / LANES * LANES;
    p->scores = dsep_array(d * p->stride, sizeof *p->scores);
    p->weight = dsep_array(p->stride, sizeof *p->weight);
    p->next = dsep_array(d * d, sizeof *p->next);
    p->turn = dsep_array(d * d, sizeof *p->turn);
    if (!p->scores || !p->weight || !p->next || !p->turn)
        return dsep_out_of_memory(error, "independent component analysis");
    fill(p, rows, scores, weight);
    return DSEP_OK;
}

static void destroy(problem *p) {
    free(p->scores);
    free(p->weight);
    free(p->next);
    free(p->turn);
}

int dsep_fastica(int64_t n, int64_t d, const double *scores, const int32_t *weight,
                 const dsep_fastica_settings *settings, double *w, dsep_error *error,
                 dsep_fastica_outcome *outcome) {
    int code = DSEP_OK;
    problem p = {.d = d};
    double *new = dsep_array(2 * d * d, sizeof *new);
    *outcome = (dsep_fastica_outcome){0};
    if (!new)
        DSEP_TRY(dsep_out_of_memory(error, "independent component analysis"));
    DSEP_TRY(create(&p, n, scores, weight, error));
    if (settings->deflation) {
        outcome->converged = 1;
        for (int64_t i = 0; i < d; i++)
            outcome->converged &= find_one(&p, settings, w, i, new, outcome);
    } else {
        outcome->converged = find_all(&p, settings, w, new, outcome);
    }
    for (int64_t i = 0; i < d; i++)
        outcome->contrast += contrast_of(&p, settings->contrast, w + i * d);
cleanup:
    destroy(&p);
    free(new);
    return code;
}

static int better(const dsep_fastica_outcome *one, const dsep_fastica_outcome *other) {
    if (one->converged != other->converged)
        return one->converged;
    return one->contrast > other->contrast * (1 + 1e-6);
}

int dsep_fastica_best(int64_t n, int64_t d, const double *scores, const int32_t *weight,
                      const dsep_fastica_settings *settings, dsep_random source, int64_t starts,
                      double *w, dsep_error *error, dsep_fastica_outcome *outcome) {
    int code = DSEP_OK;
    double *tried = dsep_array(d * d, sizeof *tried);
    *outcome = (dsep_fastica_outcome){.contrast = -1};
    if (!tried)
        DSEP_TRY(dsep_out_of_memory(error, "independent component analysis"));
    for (int64_t start = 0; start < starts; start++) {
        dsep_fastica_outcome now;
        dsep_rotation(source, (uint64_t)start, d, tried);
        DSEP_TRY(dsep_fastica(n, d, scores, weight, settings, tried, error, &now));
        if (start && !better(&now, outcome))
            continue;
        *outcome = now;
        memcpy(w, tried, (size_t)(d * d) * sizeof *w);
    }
cleanup:
    free(tried);
    return code;
}

double dsep_fastica_kernel(dsep_contrast contrast, int64_t n, const double *u, double *g) {
    double slope[BLOCK], sum = 0;
    memcpy(g, u, (size_t)n * sizeof *g);
    for (int64_t first = 0; first < n; first += BLOCK) {
        const int64_t count = n - first < BLOCK ? n - first : BLOCK;
        apply(contrast, count, g + first, slope);
        for (int64_t m = 0; m < count; m++)
            sum += slope[m];
    }
    return sum / (double)n;
}
