#include "solvers/hca_search.h"

#include "mpi/exchange.h"
#include "mpi/layout.h"
#include "mpi/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int64_t dsep_hca_orders(int64_t n_factors, int64_t n_environments) {
    int64_t all = 1, permutations = 1;
    for (int64_t i = 2; i <= n_factors; i++)
        if (__builtin_mul_overflow(permutations, i, &permutations))
            return INT64_MAX;
    for (int64_t k = 0; k < n_environments; k++)
        if (__builtin_mul_overflow(all, permutations, &all))
            return INT64_MAX;
    return all;
}

/* The best order so far. */
typedef struct {
    dsep_hca_score score;
    int32_t *row; /* [K x d] */
    int64_t length;
} best;

static void keep_better(best *b, const int32_t *row, dsep_hca_score score) {
    const size_t bytes = (size_t)b->length * sizeof *row;
    const int same = score.mic == b->score.mic && score.sum == b->score.sum;
    int earlier = 0;
    for (int64_t i = 0; same && !earlier && i < b->length && row[i] <= b->row[i]; i++)
        earlier = row[i] < b->row[i];
    if (dsep_hca_better(score, b->score) || earlier) {
        b->score = score;
        memcpy(b->row, row, bytes);
    }
}

/* --- all orders ----------------------------------------------------------------------------------
 */

static void swap(int32_t *row, int64_t i, int64_t j) {
    const int32_t old = row[i];
    row[i] = row[j];
    row[j] = old;
}

/* All choices of factor i from environment k on, then of the later factors. Chosen rows stand in
 * their place; the others of an environment stand behind, in some order. At factor 0 this rank
 * looks at its share of the choices only. */
typedef struct {
    dsep_hca_judge *judge;
    int32_t *row;
    best *best;
    int64_t choice; /* of factor 0, counted */
    dsep_block mine;
} walk;

static void walk_choices(walk *w, int64_t i, int64_t k) {
    dsep_hca_judge *judge = w->judge;
    if (k < judge->k) {
        int32_t *row = w->row + k * judge->d;
        for (int64_t j = i; j < judge->d; j++) {
            swap(row, i, j);
            walk_choices(w, i, k + 1);
            swap(row, i, j);
        }
    } else if (i > 0 || (w->choice >= w->mine.first && w->choice < w->mine.first + w->mine.count)) {
        if (i == judge->d - 1) {
            keep_better(w->best, w->row, dsep_hca_judge_order(judge, w->row, i));
        } else {
            dsep_hca_judge_factor(judge, w->row, i);
            walk_choices(w, i + 1, 0);
        }
    }
    w->choice += i == 0 && k == judge->k;
}

static int try_all(dsep_context *ctx, dsep_hca_judge *judge, int32_t *row, best *b) {
    const int64_t d = judge->d;
    int64_t choices = 1;
    for (int64_t k = 0; k < judge->k; k++)
        choices *= d;
    walk w = {.judge = judge, .row = row, .best = b};
    w.mine = dsep_layout_block(choices, ctx ? dsep_size(ctx) : 1, ctx ? dsep_rank(ctx) : 0);
    for (int64_t i = 0; i < d * judge->k; i++)
        row[i] = (int32_t)(i % d);
    walk_choices(&w, 0, 0);
    return DSEP_OK;
}

/* --- growing orders ------------------------------------------------------------------------------
 */

/* An order whose rows are chosen up to some factor and environment. Chosen rows stand in their
 * place, the others of the environment behind, ascending. */
typedef struct {
    double done;      /* sum of 1 - s1^2 / sum s^2 over the factors that are whole */
    double now;       /* of the factor that grows */
    int32_t *row;     /* [K x d] */
    double *products; /* [d x K d] of whole factors, as in the judge */
    double *small;    /* [K x K] inner products of the rows of the factor that grows */
} partial;

typedef struct {
    double score;
    int64_t parent, place; /* place: where the row stands in the parent */
    double now;
} candidate;

typedef struct {
    dsep_hca_judge *judge;
    int64_t width, count; /* partial orders: room for, how many */
    partial *now, *next;  /* [width] */
    candidate *candidates;
    double *matrix, *scratch, *vector; /* [K x K], of dsep_hca_leading(), [K] */
    double *memory;
    int32_t *rows;
} beam;

static void beam_destroy(beam *b) {
    free(b->now);
    free(b->next);
    free(b->candidates);
    free(b->memory);
    free(b->rows);
}

static int beam_create(beam *b, dsep_hca_judge *judge, int64_t width, dsep_error *error) {
    const int64_t d = judge->d, k = judge->k, each = d * d * k + k * k;
    *b = (beam){.judge = judge, .width = width, .count = 1};
    b->now = dsep_array(width, sizeof *b->now);
    b->next = dsep_array(width, sizeof *b->next);
    b->candidates = dsep_array(width * d, sizeof *b->candidates);
    b->memory = dsep_array(dsep_bytes(2 * width, each, 1) + dsep_hca_leading_scratch(k) + k * k + k,
                           sizeof *b->memory);
    b->rows = dsep_array(dsep_bytes(2 * width, d, k), sizeof *b->rows);
    if (!b->now || !b->next || !b->candidates || !b->memory || !b->rows) {
        beam_destroy(b);
        return dsep_out_of_memory(error, "orders of factors");
    }
    b->matrix = b->memory + 2 * width * each;
    b->scratch = b->matrix + k * k;
    b->vector = b->scratch + dsep_hca_leading_scratch(k);
    for (int64_t i = 0; i < 2 * width; i++) {
        partial *p = i < width ? b->now + i : b->next + (i - width);
        p->products = b->memory + i * each;
        p->small = p->products + d * d * k;
        p->row = b->rows + i * d * k;
    }
    for (int64_t i = 0; i < d * k; i++)
        b->now[0].row[i] = (int32_t)(i % d);
    return DSEP_OK;
}

/* The inner products of a residual row of environment k with the chosen ones before, into the last
 * row of its partial order's matrix. */
static void place_row(const beam *b, const partial *p, int64_t i, int64_t k, int32_t row,
                      double *last) {
    const int64_t d = b->judge->d, rows = d * b->judge->k, a = k * d + row;
    for (int64_t l = 0; l <= k; l++) {
        const int64_t other = l * d + (l < k ? p->row[l * d + i] : row);
        last[l] = b->judge->gram[a * rows + other];
        for (int64_t j = 0; j < i; j++)
            last[l] -= p->products[j * rows + a] * p->products[j * rows + other];
    }
}

/* 1 - s1^2 / sum s^2 of the chosen rows and one more. */
static double disagreement(const beam *b, const partial *p, int64_t i, int64_t k, int32_t row) {
    const int64_t all = b->judge->k, n = k + 1;
    double *m = b->matrix, trace = 0;
    for (int64_t h = 0; h < k; h++)
        memcpy(m + h * n, p->small + h * all, (size_t)k * sizeof *m);
    place_row(b, p, i, k, row, m + k * n);
    for (int64_t h = 0; h < k; h++)
        m[h * n + k] = m[k * n + h];
    for (int64_t h = 0; h < n; h++)
        trace += m[h * n + h];
    return trace > 0 ? 1 - dsep_hca_leading(n, m, b->scratch, b->vector) / trace : 0;
}

static int by_score(const void *left, const void *right) {
    const candidate *a = left, *b = right;
    if (a->score != b->score)
        return a->score < b->score ? -1 : 1;
    if (a->parent != b->parent)
        return a->parent < b->parent ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

/* A copy of the parent with the row at `place` in place i, the rest still ascending. */
static void give_birth(const beam *b, const candidate *c, int64_t i, int64_t k, partial *child) {
    const int64_t d = b->judge->d, all = b->judge->k;
    const partial *parent = b->now + c->parent;
    memcpy(child->row, parent->row, (size_t)(d * all) * sizeof *child->row);
    memcpy(child->products, parent->products, (size_t)(i * d * all) * sizeof(double));
    memcpy(child->small, parent->small, (size_t)(all * all) * sizeof(double));
    int32_t *row = child->row + k * d;
    const int32_t chosen = row[c->place];
    memmove(row + i + 1, row + i, (size_t)(c->place - i) * sizeof *row);
    row[i] = chosen;
    child->done = parent->done;
    child->now = c->now;
    place_row(b, parent, i, k, chosen, child->small + k * all);
    for (int64_t l = 0; l < k; l++)
        child->small[l * all + k] = child->small[k * all + l];
}

/* Chooses the row of factor i in environment k. */
static void grow(beam *b, int64_t i, int64_t k) {
    int64_t found = 0;
    for (int64_t parent = 0; parent < b->count; parent++) {
        const partial *p = b->now + parent;
        for (int64_t place = i; place < b->judge->d; place++) {
            const double now = disagreement(b, p, i, k, p->row[k * b->judge->d + place]);
            b->candidates[found++] = (candidate){p->done + now, parent, place, now};
        }
    }
    qsort(b->candidates, (size_t)found, sizeof *b->candidates, by_score);
    b->count = found < b->width ? found : b->width;
    for (int64_t c = 0; c < b->count; c++)
        give_birth(b, b->candidates + c, i, k, b->next + c);
    partial *old = b->now;
    b->now = b->next;
    b->next = old;
}

/* The factor is whole: its products by the judge. */
static void finish_factor(beam *b, int64_t i) {
    dsep_hca_judge *judge = b->judge;
    const int64_t rows = judge->d * judge->k;
    for (int64_t c = 0; c < b->count; c++) {
        partial *p = b->now + c;
        memcpy(judge->products, p->products, (size_t)(i * rows) * sizeof(double));
        dsep_hca_judge_factor(judge, p->row, i);
        memcpy(p->products + i * rows, judge->products + i * rows, (size_t)rows * sizeof(double));
        p->done += p->now;
    }
}

/* Whole orders, best first; place holds which. */
static void judge_all(beam *b) {
    for (int64_t c = 0; c < b->count; c++) {
        const dsep_hca_score score = dsep_hca_judge_order(b->judge, b->now[c].row, 0);
        b->candidates[c] = (candidate){score.mic, 0, c, score.sum};
    }
    qsort(b->candidates, (size_t)b->count, sizeof *b->candidates, by_score);
}

/* Descent d of the best is made by rank d modulo their number. */
static int grow_and_descend(dsep_context *ctx, dsep_hca_judge *judge, const dsep_hca_search *search,
                            dsep_error *error, int32_t *row, best *found) {
    beam b;
    const int64_t before = judge->judged;
    int code = beam_create(&b, judge, search->beam, error);
    if (code)
        return code;
    for (int64_t i = 0; i < judge->d; i++) {
        for (int64_t k = 0; k < judge->k; k++)
            grow(&b, i, k);
        finish_factor(&b, i);
    }
    judge_all(&b);
    if (ctx && dsep_rank(ctx))
        judge->judged = before; /* the first rank counts them */
    const int64_t step = ctx ? dsep_size(ctx) : 1;
    for (int64_t c = ctx ? dsep_rank(ctx) : 0; c < search->descents && c < b.count; c += step) {
        memcpy(row, b.now[b.candidates[c].place].row, (size_t)found->length * sizeof *row);
        const dsep_hca_score score = dsep_hca_judge_descend(judge, row);
        keep_better(found, row, score);
    }
    beam_destroy(&b);
    return DSEP_OK;
}

/* --- over ranks ----------------------------------------------------------------------------------
 */

static int unite(dsep_context *ctx, best *b) {
    const int64_t each = (int64_t)sizeof b->score + b->length * (int64_t)sizeof *b->row;
    char *mine = dsep_array(each, 1), *all = NULL;
    int64_t total = 0;
    int code = DSEP_OK;
    DSEP_AGREE(ctx, mine ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "orders"));
    memcpy(mine, &b->score, sizeof b->score);
    memcpy(mine + sizeof b->score, b->row, (size_t)(each - (int64_t)sizeof b->score));
    DSEP_TRY(dsep_gather_all(ctx, mine, each, (void **)&all, &total));
    for (int64_t at = 0; at < total; at += each) {
        dsep_hca_score score;
        memcpy(&score, all + at, sizeof score);
        keep_better(b, (const int32_t *)(all + at + sizeof score), score);
    }
cleanup:
    free(mine);
    free(all);
    return code;
}

int dsep_hca_search_run(dsep_context *ctx, dsep_hca_judge *judge, const dsep_hca_search *search,
                        dsep_error *error, int32_t *row, dsep_hca_score *score, int64_t *judged) {
    int code = DSEP_OK;
    best b = {.score = {INFINITY, INFINITY}, .row = row, .length = judge->d * judge->k};
    int32_t *now = dsep_array(b.length, sizeof *now);
    *judged = -judge->judged;
    if (!now)
        code = dsep_out_of_memory(error, "orders of factors");
    else if (dsep_hca_orders(judge->d, judge->k) <= search->exhaustive)
        code = try_all(ctx, judge, now, &b);
    else
        code = grow_and_descend(ctx, judge, search, error, now, &b);
    if (ctx)
        DSEP_AGREE(ctx, code);
    *judged += judge->judged;
    if (ctx && !code) {
        DSEP_TRY(unite(ctx, &b));
        dsep_sum_i64(ctx, judged, 1);
    }
    *score = b.score;
cleanup:
    free(now);
    return code;
}
