/* The cells of a study: which choices each is made with, and the seeds of its replicates.
 *
 * A factor is a list of levels. A grid has a cell for every combination of them; a random design
 * draws every cell's choices. A unit of work is one replicate of one cell:
 * unit = cell * n_replicates + replicate, and its numbers are a function of (seed, cell, replicate)
 * alone. */
#ifndef DSEP_JOBS_STUDY_DESIGN_H
#define DSEP_JOBS_STUDY_DESIGN_H

#include "mpi/error.h"
#include "mpi/random.h"

enum { DSEP_STUDY_FACTORS = 12 };

/* How a random design draws from a factor's levels. */
typedef enum {
    DSEP_FACTOR_REAL,   /* uniform between the least and the greatest */
    DSEP_FACTOR_LOG,    /* the same on the scale of logarithms */
    DSEP_FACTOR_WHOLE,  /* a whole number between them, both included */
    DSEP_FACTOR_MEMBER, /* one of them */
    DSEP_FACTOR_CHOICE  /* one of them; a level is the number of a name in `choices` */
} dsep_factor_kind;

typedef struct {
    const char *name; /* of the option */
    dsep_factor_kind kind;
    const char *choices; /* "a|b|c" of DSEP_FACTOR_CHOICE */
    int64_t n_levels;
    const double *levels; /* [n_levels] */
} dsep_factor;

typedef struct {
    uint64_t seed;
    int random;
    int64_t n_cells, n_replicates, n_units;
    int n_factors;
    dsep_factor factor[DSEP_STUDY_FACTORS]; /* levels are copies */
    double *levels;                         /* of all factors, one after another */
    double *value;                          /* [n_cells x n_factors] */
    int32_t *group; /* [n_cells x n_factors] the level, of a grid; what is drawn between two
                     * numbers is 0 below their middle and 1 above */
} dsep_study_design;

/* Makes the cells: of a grid, the last factor changes fastest. Not collective: the same on every
 * rank. draws: cells of a random design; 0 for a grid. Numbers that are drawn are rounded to four
 * digits, so that a cell can be run again by hand. Errors: DSEP_ERROR_USAGE for a level that
 * stands twice and for more than 2^31 units; DSEP_ERROR_RESOURCES. Owner of *design: the caller.
 * Reproducibility: class A. */
int dsep_study_design_create(const dsep_factor *factors, int n_factors, int64_t draws,
                             int64_t replicates, uint64_t seed, dsep_error *error,
                             dsep_study_design **design);

/* Frees it and sets *design to NULL; accepts NULL. Not collective. */
void dsep_study_design_destroy(dsep_study_design **design);

/* Seeds below 2^62, which --seed takes. Not collective. */
uint64_t dsep_study_cell_seed(const dsep_study_design *design, int64_t cell);
uint64_t dsep_study_unit_seed(const dsep_study_design *design, int64_t unit);

/* Where the measurement error of a unit is drawn from. Not collective. */
dsep_random dsep_study_noise(uint64_t unit_seed);

/* What a factor is in a cell, or the fallback where no factor has this name. Cell -1 has the first
 * level of each. Not collective. */
double dsep_study_value(const dsep_study_design *design, int64_t cell, const char *name,
                        double fallback);

/* A group of cells that are alike in one factor: one of its levels, or half of its range. */
typedef struct {
    int factor;
    int64_t group;
} dsep_study_effect;

/* The groups of all factors that vary, one factor after another: how many; which one; and the
 * number of the one that a cell belongs to, -1 for a factor that does not vary. Not collective. */
int64_t dsep_study_effects(const dsep_study_design *design);
dsep_study_effect dsep_study_effect_of(const dsep_study_design *design, int64_t effect);
int64_t dsep_study_effect_in(const dsep_study_design *design, int64_t cell, int factor);

/* A value as users write it; what a group is called. Not collective. Returns `text`. */
const char *dsep_study_value_text(const dsep_factor *factor, double value, char text[64]);
const char *dsep_study_effect_text(const dsep_study_design *design, dsep_study_effect effect,
                                   char text[64]);

/* How many of `count` variables stay when a share of them is dropped: at least two. Not
 * collective. */
int64_t dsep_study_kept(int64_t count, double share);

/* Which `stay` of `count` variables stay, drawn for a unit's seed, ascending, into kept [stay]. Not
 * collective. Errors: DSEP_ERROR_RESOURCES. Reproducibility: class A. */
int dsep_study_keep(uint64_t seed, int64_t count, int64_t stay, int32_t *kept);

#endif
