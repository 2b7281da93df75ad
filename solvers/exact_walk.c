#include "solvers/exact_walk.h"

#include <float.h>
#include <math.h>
#include <string.h>

_Static_assert(LDBL_MANT_DIG >= 64 && LDBL_MAX_EXP >= 16384, "long double is too short");

void dsep_exact_potential(const dsep_parent_sums *sums, int32_t *phi) {
    const int p = sums->n_variables;
    phi[0] = 0;
    for (uint32_t set = 1; set < 1U << p; set++) {
        int32_t best = INT32_MIN;
        for (uint32_t left = set; left; left &= left - 1) {
            const int j = __builtin_ctz(left);
            const uint32_t rest = set ^ 1U << j;
            const int32_t e = phi[rest] + sums->exponent[dsep_parent_place(p, j, rest)];
            best = e > best ? e : best;
        }
        phi[set] = best;
    }
}

void dsep_exact_walk_init(dsep_exact_walk *walk, const dsep_parent_sums *sums, int top,
                          const int32_t *phi, long double *inside, const long double *outside) {
    memset(walk, 0, sizeof *walk);
    walk->sums = sums;
    walk->p = sums->n_variables;
    walk->top = top;
    walk->lowest = -70 - 2 * walk->p;
    walk->phi = phi;
    walk->inside = inside;
    walk->outside = outside;
    for (int i = 0; i < 512; i++)
        walk->power[i] = ldexp(1, i - 256);
}

/* Products of all subsets of the lowest variables. */
static void make_table(dsep_exact_walk *walk) {
    int n = 0;
    while (n < DSEP_EXACT_TABLE && n < walk->m &&
           walk->variable[walk->m - 1 - n] < walk->p - walk->top)
        n++;
    walk->n_high = walk->m - n;
    walk->places = 1 << n;
    walk->low_set[0] = 0;
    walk->low_exponent[0] = 0;
    walk->low_factor[0] = 1;
    for (int s = 1; s < walk->places; s++) {
        const int i = walk->m - 1 - __builtin_ctz((unsigned)s), before = s & (s - 1);
        walk->low_set[s] = walk->low_set[before] | walk->bit[i];
        walk->low_exponent[s] = walk->low_exponent[before] + walk->exponent[i];
        walk->low_factor[s] = walk->low_factor[before] * walk->factor[i];
    }
}

void dsep_exact_take(dsep_exact_walk *walk, uint32_t set) {
    const dsep_parent_sums *sums = walk->sums;
    int shift;
    walk->set = set;
    walk->m = 0;
    walk->start = -frexpl(walk->inside[set], &shift);
    walk->start_exponent = walk->phi[set] + shift;
    for (int j = walk->p - 1; j >= 0; j--) {
        if (set >> j & 1)
            continue;
        const int64_t at = dsep_parent_place(walk->p, j, set);
        walk->variable[walk->m] = j;
        walk->bit[walk->m] = 1U << j;
        walk->factor[walk->m] = -(long double)sums->mantissa[at];
        walk->exponent[walk->m] = sums->exponent[at];
        walk->m++;
    }
    make_table(walk);
}

/* --- inside ---------------------------------------------------------------------------------- */

/* Adds the terms of `set` with what the table has, from place `first` on. */
static void push_table(const dsep_exact_walk *w, int first, uint32_t set, long double product,
                       int32_t exponent) {
    const double *power = w->power + 256;
    for (int s = first; s < w->places; s++) {
        const uint32_t larger = set | w->low_set[s];
        const int32_t shift = exponent + w->low_exponent[s] - w->phi[larger];
        if (shift >= w->lowest)
            w->inside[larger] += product * w->low_factor[s] * power[shift];
    }
}

/* The same with variables from place `from` on and the table. */
static void push(const dsep_exact_walk *w, int from, int first, uint32_t set, long double product,
                 int32_t exponent) {
    push_table(w, first, set, product, exponent);
    for (int i = from; i < w->n_high; i++) {
        const uint32_t larger = set | w->bit[i];
        const int32_t e = exponent + w->exponent[i];
        if (e - w->phi[larger] >= w->lowest)
            push(w, i + 1, 0, larger, product * w->factor[i], e);
    }
}

void dsep_exact_push(dsep_exact_walk *walk, uint32_t block) {
    const uint32_t join = block << (walk->p - walk->top) & ~walk->set;
    uint32_t set = walk->set;
    long double product = walk->start;
    int32_t exponent = walk->start_exponent;
    int i = 0;
    for (; i < walk->n_high && walk->variable[i] >= walk->p - walk->top; i++) {
        if (!(join & walk->bit[i]))
            continue;
        set |= walk->bit[i];
        product *= walk->factor[i];
        exponent += walk->exponent[i];
    }
    if (exponent - walk->phi[set] >= walk->lowest)
        push(walk, i, !join, set, product, exponent);
}

/* --- outside --------------------------------------------------------------------------------- */

static long double pull_table(dsep_exact_walk *w, int first, uint32_t set, long double product,
                              int32_t exponent) {
    const double *power = w->power + 256;
    long double total = 0, magnitude = 0;
    for (int s = first; s < w->places; s++) {
        const uint32_t larger = set | w->low_set[s];
        const int32_t shift = exponent + w->low_exponent[s] - w->phi[larger];
        if (shift < w->lowest)
            continue;
        const long double term = product * w->low_factor[s] * power[shift] * w->outside[larger];
        w->low_sum[s] += term;
        total += term;
        magnitude += fabsl(term);
    }
    w->magnitude += magnitude;
    return total;
}

/* The sum over all sets that hold `set` and may hold variables from place `from` on. */
static long double pull(dsep_exact_walk *w, int from, int first, uint32_t set, long double product,
                        int32_t exponent) {
    long double total = pull_table(w, first, set, product, exponent);
    for (int i = from; i < w->n_high; i++) {
        const uint32_t larger = set | w->bit[i];
        const int32_t e = exponent + w->exponent[i];
        if (e - w->phi[larger] < w->lowest)
            continue;
        const long double with = pull(w, i + 1, 0, larger, product * w->factor[i], e);
        w->alone[i] += with;
        total += with;
    }
    return total;
}

void dsep_exact_pull(dsep_exact_walk *walk) {
    walk->magnitude = 0;
    for (int i = 0; i < walk->m; i++)
        walk->alone[i] = 0;
    for (int s = 0; s < walk->places; s++)
        walk->low_sum[s] = 0;
    walk->total = pull(walk, 0, 1, walk->set, walk->start, walk->start_exponent);
    for (int s = 0; s < walk->places; s++)
        for (unsigned left = (unsigned)s; left; left &= left - 1)
            walk->alone[walk->m - 1 - __builtin_ctz(left)] += walk->low_sum[s];
}
