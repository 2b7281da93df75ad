#include "solvers/resample.h"

#include "mpi/random.h"

#include <string.h>

/* --- how many rows ---------------------------------------------------------------------------- */

static int64_t subsample_size(const dsep_resample *resample) {
    const double rounding = 1 + 0x1p-50; /* .29 * 100 is 29 */
    return (int64_t)(resample->fraction * (double)resample->n_samples * rounding);
}

int64_t dsep_resample_block(const dsep_resample *resample) {
    int64_t block = resample->block;
    if (block == 0)
        while (block * block * block < resample->n_samples)
            block++;
    return block;
}

/* --- checks ----------------------------------------------------------------------------------- */

static int check_rows(int64_t rows, const dsep_resample *resample, const char *remedy,
                      dsep_error *error) {
    if (rows >= DSEP_RESAMPLE_LEAST)
        return DSEP_OK;
    return dsep_error_set(error, DSEP_ERROR_USAGE,
                          "--resample %s leaves %lld of %lld rows, and at least %d are needed; %s",
                          dsep_resample_name(resample->scheme), (long long)rows,
                          (long long)resample->n_samples, DSEP_RESAMPLE_LEAST, remedy);
}

static int check_subsample(const dsep_resample *resample, dsep_error *error) {
    if (!(resample->fraction > 0 && resample->fraction < 1))
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "a subsample of the fraction %g is not possible; give a fraction "
                              "above 0 and below 1, such as 0.5",
                              resample->fraction);
    return check_rows(subsample_size(resample), resample, "take a larger fraction", error);
}

static int check_block(const dsep_resample *resample, dsep_error *error) {
    if (resample->block < 0 || resample->block > resample->n_samples)
        return dsep_error_set(
            error, DSEP_ERROR_USAGE,
            "blocks of %lld rows are not possible with %lld rows; give 1 to %lld, "
            "or 0 to have n^(1/3)",
            (long long)resample->block, (long long)resample->n_samples,
            (long long)resample->n_samples);
    return DSEP_OK;
}

static int64_t rows_of(const dsep_resample *resample, int64_t environment) {
    int64_t rows = 0;
    for (int64_t s = 0; s < resample->n_samples; s++)
        rows += resample->environment[s] == environment;
    return rows;
}

static int check_environment(const dsep_resample *resample, dsep_error *error) {
    if (!resample->environment || resample->n_environments < 2)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--resample environment needs rows of two environments or more; "
                              "name the column that tells them with --environment");
    for (int64_t s = 0; s < resample->n_samples; s++)
        if (resample->environment[s] < 0 || resample->environment[s] >= resample->n_environments)
            return dsep_error_set(error, DSEP_ERROR_USAGE,
                                  "row %lld is of environment %d, of %lld; number them from 0",
                                  (long long)s, (int)resample->environment[s],
                                  (long long)resample->n_environments);
    /* One that leaves fewer than so many rows has one of the first so many. */
    int code = DSEP_OK;
    for (int s = 0; s < DSEP_RESAMPLE_LEAST && !code; s++)
        code = check_rows(resample->n_samples - rows_of(resample, resample->environment[s]),
                          resample, "take another scheme", error);
    return code;
}

int dsep_resample_check(const dsep_resample *resample, dsep_error *error) {
    if (resample->n_samples > INT32_MAX)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "%lld rows are too many to resample; the most are %d",
                              (long long)resample->n_samples, INT32_MAX);
    const int code = check_rows(resample->n_samples, resample, "give more rows", error);
    if (code)
        return code;
    switch (resample->scheme) {
    case DSEP_RESAMPLE_SUBSAMPLE:
        return check_subsample(resample, error);
    case DSEP_RESAMPLE_HALVES:
        return check_rows(resample->n_samples / 2, resample, "give more rows", error);
    case DSEP_RESAMPLE_BLOCK:
        return check_block(resample, error);
    case DSEP_RESAMPLE_ENVIRONMENT:
        return check_environment(resample, error);
    default:
        return DSEP_OK;
    }
}

int64_t dsep_resample_most(const dsep_resample *resample) {
    return resample->scheme == DSEP_RESAMPLE_ENVIRONMENT ? resample->n_environments
                                                         : INT64_C(1) << 32;
}

/* --- draws ------------------------------------------------------------------------------------ */

static dsep_random source_of(const dsep_resample *resample, int64_t replicate) {
    return (dsep_random){resample->seed, DSEP_STREAM_RESAMPLE, (uint32_t)replicate};
}

/* The first `count` places of a shuffle of 0 .. n - 1; draw i has the index first + i. */
static void shuffle(dsep_random source, uint64_t first, int64_t n, int64_t count, int32_t *row) {
    for (int64_t i = 0; i < n; i++)
        row[i] = (int32_t)i;
    for (int64_t i = 0; i < count; i++) {
        const int64_t j =
            i + (int64_t)dsep_random_below(source, first + (uint64_t)i, (uint64_t)(n - i));
        const int32_t held = row[i];
        row[i] = row[j];
        row[j] = held;
    }
}

/* Turns a shuffle into weights where it stands: 1 for the rows in places from .. to - 1. A row is
 * marked by the complement of what stands at its place, which is negative. */
static void choose(int64_t n, int64_t from, int64_t to, int32_t *weight) {
    for (int64_t i = from; i < to; i++) {
        const int32_t row = weight[i] < 0 ? ~weight[i] : weight[i];
        weight[row] = ~weight[row];
    }
    for (int64_t s = 0; s < n; s++)
        weight[s] = weight[s] < 0;
}

static void bootstrap(dsep_random source, int64_t n, int32_t *weight) {
    memset(weight, 0, (size_t)n * sizeof *weight);
    for (int64_t i = 0; i < n; i++)
        weight[dsep_random_below(source, (uint64_t)i, (uint64_t)n)]++;
}

static void blocks(dsep_random source, int64_t n, int64_t block, int32_t *weight) {
    memset(weight, 0, (size_t)n * sizeof *weight);
    for (int64_t from = 0, b = 0; from < n; from += block, b++) {
        const int64_t start = (int64_t)dsep_random_below(source, (uint64_t)b, (uint64_t)n);
        for (int64_t i = 0; i < block && from + i < n; i++)
            weight[(start + i) % n]++;
    }
}

int64_t dsep_resample_weights(const dsep_resample *resample, int64_t replicate, int32_t *weight) {
    const int64_t n = resample->n_samples, half = n / 2;
    const int second = (int)(replicate % 2);
    int64_t rows = n;
    switch (resample->scheme) {
    case DSEP_RESAMPLE_BOOTSTRAP:
        bootstrap(source_of(resample, replicate), n, weight);
        break;
    case DSEP_RESAMPLE_SUBSAMPLE:
        rows = subsample_size(resample);
        shuffle(source_of(resample, replicate), 0, n, rows, weight);
        choose(n, 0, rows, weight);
        break;
    case DSEP_RESAMPLE_HALVES:
        shuffle(source_of(resample, replicate / 2), 0, n, 2 * half, weight);
        choose(n, second * half, (second + 1) * half, weight);
        rows = half;
        break;
    case DSEP_RESAMPLE_BLOCK:
        blocks(source_of(resample, replicate), n, dsep_resample_block(resample), weight);
        break;
    case DSEP_RESAMPLE_ENVIRONMENT:
        for (int64_t s = 0; s < n; s++)
            weight[s] = resample->environment[s] != replicate;
        rows = n - rows_of(resample, replicate);
        break;
    case DSEP_RESAMPLE_PERMUTATION:
        for (int64_t s = 0; s < n; s++)
            weight[s] = 1;
        break;
    }
    return rows;
}

void dsep_resample_order(const dsep_resample *resample, int64_t replicate, int64_t variable,
                         int32_t *row) {
    shuffle(source_of(resample, replicate), (uint64_t)variable << 32, resample->n_samples,
            resample->n_samples, row);
}

const char *dsep_resample_name(dsep_resample_scheme scheme) {
    static const char *const names[] = {
        [DSEP_RESAMPLE_BOOTSTRAP] = "bootstrap",     [DSEP_RESAMPLE_SUBSAMPLE] = "subsample",
        [DSEP_RESAMPLE_HALVES] = "halves",           [DSEP_RESAMPLE_BLOCK] = "block",
        [DSEP_RESAMPLE_ENVIRONMENT] = "environment", [DSEP_RESAMPLE_PERMUTATION] = "permutation"};
    return names[scheme];
}
