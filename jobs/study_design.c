#include "jobs/study_design.h"

#include "mpi/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is drawn under one seed; its own numbers each. */
enum { DRAW_SEED, DRAW_KEPT, DRAW_FACTOR };

static dsep_random source(uint64_t seed, int what) {
    return (dsep_random){seed, DSEP_STREAM_DESIGN, (uint32_t)what};
}

static uint64_t draw_seed(uint64_t seed, int64_t index) {
    uint32_t bits[4];
    dsep_random_bits(source(seed, DRAW_SEED), (uint64_t)index, bits);
    return ((uint64_t)bits[0] << 32 | bits[1]) >> 2;
}

uint64_t dsep_study_cell_seed(const dsep_study_design *design, int64_t cell) {
    return draw_seed(design->seed, cell);
}

uint64_t dsep_study_unit_seed(const dsep_study_design *design, int64_t unit) {
    return draw_seed(dsep_study_cell_seed(design, unit / design->n_replicates),
                     unit % design->n_replicates);
}

dsep_random dsep_study_noise(uint64_t unit_seed) {
    return (dsep_random){unit_seed, DSEP_STREAM_ADDED, 0};
}

/* --- levels ---------------------------------------------------------------------------------- */

static int is_range(const dsep_study_design *design, const dsep_factor *factor) {
    return design->random && factor->n_levels > 1 && factor->kind < DSEP_FACTOR_MEMBER;
}

static double least(const dsep_factor *factor) {
    double found = factor->levels[0];
    for (int64_t i = 1; i < factor->n_levels; i++)
        found = fmin(found, factor->levels[i]);
    return found;
}

static double greatest(const dsep_factor *factor) {
    double found = factor->levels[0];
    for (int64_t i = 1; i < factor->n_levels; i++)
        found = fmax(found, factor->levels[i]);
    return found;
}

static double rounded(double value) {
    char text[32];
    snprintf(text, sizeof text, "%.3e", value);
    return strtod(text, NULL);
}

/* The number at `part` of the way, 0 .. 1. */
static double between(const dsep_factor *factor, double part) {
    const double low = least(factor), high = greatest(factor);
    const double there = factor->kind == DSEP_FACTOR_LOG
                             ? exp(log(low) + part * (log(high) - log(low)))
                             : low + part * (high - low);
    return fmin(fmax(rounded(there), low), high);
}

static void draw(const dsep_study_design *design, int64_t cell, int f) {
    const dsep_factor *factor = &design->factor[f];
    const dsep_random from = source(design->seed, DRAW_FACTOR + f);
    double *value = &design->value[cell * design->n_factors + f];
    int32_t *group = &design->group[cell * design->n_factors + f];
    if (!is_range(design, factor)) {
        *group = (int32_t)dsep_random_below(from, (uint64_t)cell, (uint64_t)factor->n_levels);
        *value = factor->levels[*group];
        return;
    }
    if (factor->kind == DSEP_FACTOR_WHOLE) {
        const double low = least(factor), count = greatest(factor) - low + 1;
        *value = low + floor(dsep_random_uniform(from, (uint64_t)cell) * count);
    } else {
        *value = between(factor, dsep_random_uniform(from, (uint64_t)cell));
    }
    *group = *value >= between(factor, 0.5);
}

static void combine(const dsep_study_design *design, int64_t cell) {
    int64_t rest = cell;
    for (int f = design->n_factors - 1; f >= 0; f--) {
        const dsep_factor *factor = &design->factor[f];
        const int64_t level = rest % factor->n_levels;
        rest /= factor->n_levels;
        design->group[cell * design->n_factors + f] = (int32_t)level;
        design->value[cell * design->n_factors + f] = factor->levels[level];
    }
}

/* --- the design ------------------------------------------------------------------------------ */

static int check_levels(const dsep_factor *factor, dsep_error *error) {
    char text[64];
    for (int64_t i = 0; i < factor->n_levels; i++)
        for (int64_t j = 0; j < i; j++)
            if (factor->levels[i] == factor->levels[j])
                return dsep_error_set(error, DSEP_ERROR_USAGE,
                                      "--%s: %s stands twice; give each level once", factor->name,
                                      dsep_study_value_text(factor, factor->levels[i], text));
    return DSEP_OK;
}

static int count_units(dsep_study_design *design, int64_t draws, dsep_error *error) {
    double cells = 1;
    for (int f = 0; f < design->n_factors; f++)
        cells *= (double)design->factor[f].n_levels;
    cells = draws ? (double)draws : cells;
    const double units = cells * (double)design->n_replicates;
    if (units > 0x1p31)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "%.3g cells of %lld replicates are %.3g runs; give fewer levels, "
                              "fewer --replicates, or --design random with --draws",
                              cells, (long long)design->n_replicates, units);
    design->n_cells = (int64_t)cells;
    design->n_units = (int64_t)units;
    return DSEP_OK;
}

static int copy_levels(dsep_study_design *design, dsep_error *error) {
    int64_t total = 0, next = 0;
    for (int f = 0; f < design->n_factors; f++)
        total += design->factor[f].n_levels;
    design->levels = dsep_array(total, sizeof *design->levels);
    if (!design->levels)
        return dsep_out_of_memory(error, "the levels of a study");
    for (int f = 0; f < design->n_factors; f++) {
        dsep_factor *factor = &design->factor[f];
        memcpy(design->levels + next, factor->levels,
               (size_t)factor->n_levels * sizeof *factor->levels);
        factor->levels = design->levels + next;
        next += factor->n_levels;
    }
    return DSEP_OK;
}

static int fill_cells(dsep_study_design *design, dsep_error *error) {
    const int64_t size = design->n_cells * design->n_factors;
    design->value = dsep_array(size, sizeof *design->value);
    design->group = dsep_array(size, sizeof *design->group);
    if (!design->value || !design->group)
        return dsep_out_of_memory(error, "the cells of a study");
    for (int64_t cell = 0; cell < design->n_cells; cell++)
        if (!design->random)
            combine(design, cell);
        else
            for (int f = 0; f < design->n_factors; f++)
                draw(design, cell, f);
    return DSEP_OK;
}

int dsep_study_design_create(const dsep_factor *factors, int n_factors, int64_t draws,
                             int64_t replicates, uint64_t seed, dsep_error *error,
                             dsep_study_design **design) {
    int code = DSEP_OK;
    dsep_study_design *made = dsep_array(1, sizeof *made);
    *design = NULL;
    if (!made)
        return dsep_out_of_memory(error, "the design of a study");
    made->seed = seed;
    made->random = draws > 0;
    made->n_replicates = replicates;
    made->n_factors = n_factors;
    memcpy(made->factor, factors, (size_t)n_factors * sizeof *factors);
    for (int f = 0; f < n_factors; f++)
        DSEP_TRY(check_levels(&factors[f], error));
    DSEP_TRY(count_units(made, draws, error));
    DSEP_TRY(copy_levels(made, error));
    DSEP_TRY(fill_cells(made, error));
    *design = made;
    made = NULL;
cleanup:
    dsep_study_design_destroy(&made);
    return code;
}

void dsep_study_design_destroy(dsep_study_design **design) {
    if (!design || !*design)
        return;
    free((*design)->levels);
    free((*design)->value);
    free((*design)->group);
    free(*design);
    *design = NULL;
}

/* --- looking up ------------------------------------------------------------------------------ */

double dsep_study_value(const dsep_study_design *design, int64_t cell, const char *name,
                        double fallback) {
    for (int f = 0; f < design->n_factors; f++)
        if (strcmp(design->factor[f].name, name) == 0)
            return cell < 0 ? design->factor[f].levels[0]
                            : design->value[cell * design->n_factors + f];
    return fallback;
}

/* How many groups a factor makes; none when it does not vary. */
static int64_t groups_of(const dsep_study_design *design, int factor) {
    const dsep_factor *f = &design->factor[factor];
    return is_range(design, f) ? 2 : f->n_levels > 1 ? f->n_levels : 0;
}

static int64_t first_effect(const dsep_study_design *design, int factor) {
    int64_t count = 0;
    for (int f = 0; f < factor; f++)
        count += groups_of(design, f);
    return count;
}

int64_t dsep_study_effects(const dsep_study_design *design) {
    return first_effect(design, design->n_factors);
}

dsep_study_effect dsep_study_effect_of(const dsep_study_design *design, int64_t effect) {
    int f = 0;
    for (; effect >= groups_of(design, f); f++)
        effect -= groups_of(design, f);
    return (dsep_study_effect){f, effect};
}

int64_t dsep_study_effect_in(const dsep_study_design *design, int64_t cell, int factor) {
    if (groups_of(design, factor) == 0)
        return -1;
    return first_effect(design, factor) + design->group[cell * design->n_factors + factor];
}

const char *dsep_study_value_text(const dsep_factor *factor, double value, char text[64]) {
    const char *at = factor->choices;
    if (factor->kind != DSEP_FACTOR_CHOICE) {
        snprintf(text, 64, "%.10g", value);
        return text;
    }
    for (int64_t i = (int64_t)value; i > 0; i--)
        at = strchr(at, '|') + 1;
    snprintf(text, 64, "%.*s", (int)strcspn(at, "|"), at);
    return text;
}

const char *dsep_study_effect_text(const dsep_study_design *design, dsep_study_effect effect,
                                   char text[64]) {
    const dsep_factor *factor = &design->factor[effect.factor];
    if (!is_range(design, factor))
        return dsep_study_value_text(factor, factor->levels[effect.group], text);
    snprintf(text, 64, effect.group ? ">= %.4g" : "< %.4g", between(factor, 0.5));
    return text;
}

/* --- variables that stay --------------------------------------------------------------------- */

typedef struct {
    double key;
    int32_t variable;
} keyed;

static int by_key(const void *left, const void *right) {
    const keyed *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return (a->variable > b->variable) - (a->variable < b->variable);
}

static int by_number(const void *left, const void *right) {
    const int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return (a > b) - (a < b);
}

int64_t dsep_study_kept(int64_t count, double share) {
    const int64_t least_kept = count < 2 ? count : 2, stay = count - llround(share * (double)count);
    return stay < least_kept ? least_kept : stay;
}

int dsep_study_keep(uint64_t seed, int64_t count, int64_t stay, int32_t *kept) {
    keyed *keys = dsep_array(count, sizeof *keys);
    if (!keys)
        return DSEP_ERROR_RESOURCES;
    for (int64_t j = 0; j < count; j++)
        keys[j] = (keyed){dsep_random_uniform(source(seed, DRAW_KEPT), (uint64_t)j), (int32_t)j};
    qsort(keys, (size_t)count, sizeof *keys, by_key);
    for (int64_t k = 0; k < stay; k++)
        kept[k] = keys[k].variable;
    qsort(kept, (size_t)stay, sizeof *kept, by_number);
    free(keys);
    return DSEP_OK;
}
