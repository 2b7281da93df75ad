/* Rows by environment, and their moments, against long double. */
#include "solvers/moments.h"

#include "mpi/memory.h"
#include "mpi/random.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdlib.h>

static dsep_context *ctx;

/* Far from zero, so that sums of squares would lose ten digits. */
static double value(int64_t i, int64_t j) {
    return 1e5 * (double)(j + 1) +
           dsep_random_uniform((dsep_random){3, 1, 0}, (uint64_t)(i * 1000 + j));
}

static double *rows_of(int64_t first, int64_t rows, int64_t p) {
    double *x = dsep_array(rows * p, sizeof *x);
    for (int64_t j = 0; j < p; j++)
        for (int64_t i = 0; i < rows; i++)
            x[j * rows + i] = value(first + i, j);
    return x;
}

static int32_t weight_of(int64_t i) {
    return (int32_t)(i * 7 % 4);
}

/* Mean and scatter of rows first .. first + rows - 1 in long double; weighted where asked. The
 * rounding of a mean of 1e5 is 1e-11; scatter has its square, united scatter itself. */
static int agrees(const dsep_moments *m, int64_t first, int64_t rows, int weighted,
                  long double tolerance) {
    const int64_t p = m->n_variables;
    long double weight = 0, *mean = dsep_array(p, sizeof *mean);
    for (int64_t i = 0; i < rows; i++) {
        const long double w = weighted ? weight_of(i) : 1;
        weight += w;
        for (int64_t j = 0; j < p; j++)
            mean[j] += w * value(first + i, j);
    }
    int good = m->weight == (double)weight;
    for (int64_t j = 0; j < p; j++) {
        mean[j] /= weight;
        good &= fabsl(m->mean[j] - mean[j]) < 1e-15L * fabsl(mean[j]);
    }
    for (int64_t j = 0; j < p; j++)
        for (int64_t k = 0; k < p; k++) {
            long double sum = 0;
            for (int64_t i = 0; i < rows; i++)
                sum += (weighted ? weight_of(i) : 1) * (value(first + i, j) - mean[j]) *
                       (value(first + i, k) - mean[k]);
            good &= fabsl(m->scatter[j * p + k] - sum) < tolerance * weight;
            good &= m->scatter[j * p + k] == m->scatter[k * p + j];
        }
    free(mean);
    return good;
}

static void test_moments(int64_t rows, int64_t p) {
    int32_t *weight = dsep_array(rows, sizeof *weight);
    for (int64_t i = 0; i < rows; i++)
        weight[i] = weight_of(i);
    double *x = rows_of(0, rows, p);
    dsep_moments *plain = NULL, *weighted = NULL;
    int code = dsep_moments_create(x, rows, p, NULL, dsep_context_error(ctx), &plain);
    code |= dsep_moments_create(x, rows, p, weight, dsep_context_error(ctx), &weighted);
    tap_ok(!code && agrees(plain, 0, rows, 0, 1e-12L) && agrees(weighted, 0, rows, 1, 1e-12L),
           "moments of %lld rows of %lld, plain and weighted", (long long)rows, (long long)p);
    double *covariance = dsep_array(p * p, sizeof *covariance);
    dsep_moments_covariance(weighted, 1, covariance);
    tap_ok(fabs(covariance[p * p - 1] * (weighted->weight - 1) - weighted->scatter[p * p - 1]) <
               1e-12,
           "the divisor of a covariance");
    free(weight), free(x), free(covariance);
    dsep_moments_destroy(&plain);
    dsep_moments_destroy(&weighted);
}

static void test_merge(void) {
    enum { P = 6 };
    static const int64_t parts[] = {1, 40, 0, 9};
    dsep_moments *all = NULL;
    int64_t first = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        double *x = rows_of(first, parts[i], P);
        dsep_moments *part = NULL;
        dsep_moments_create(x, parts[i], P, NULL, dsep_context_error(ctx), &part);
        if (i == 0)
            all = part;
        else
            dsep_moments_merge(all, part);
        if (i > 0)
            dsep_moments_destroy(&part);
        first += parts[i];
        free(x);
    }
    tap_ok(agrees(all, 0, first, 0, 1e-10L),
           "moments of parts are united, one without rows among them");
    dsep_moments_destroy(&all);
}

/* A table whose row i is in environment i^2 mod 5, of which there are 0, 1 and 4; -1: none. */
static void test_environments(int with) {
    enum { ROWS = 23, P = 7 };
    static const int32_t asked[] = {2, 0}, only[] = {0};
    static const int32_t label[] = {0, 1, 2, 2, 1};
    dsep_table *table = NULL;
    dsep_environments *e = NULL;
    dsep_table_create(ctx, ROWS, P, &table);
    for (int64_t j = 0; j < table->mine.count; j++)
        for (int64_t i = 0; i < ROWS; i++)
            table->values[j * ROWS + i] = value(i, table->mine.first + j);
    if (with) {
        table->n_environments = 3;
        table->environment_names = dsep_array(3, sizeof *table->environment_names);
        table->environment = dsep_array(ROWS, sizeof *table->environment);
        for (int64_t i = 0; i < ROWS; i++)
            table->environment[i] = label[i % 5];
    }
    const int64_t count = with ? 2 : 1;
    const int code = dsep_environments_create(ctx, table, with ? asked : only, count, &e);
    int good = !code && e->n_environments == count && e->n_variables == P;
    for (int64_t k = 0; good && k < count; k++) {
        int64_t row = 0;
        for (int64_t i = 0; i < ROWS; i++)
            if (!with || label[i % 5] == asked[k]) {
                for (int64_t j = 0; j < P; j++)
                    good &= e->values[k][j * e->rows[k] + row] == value(i, j);
                row++;
            }
        good &= row == e->rows[k] && e->label[k] == (with ? asked[k] : 0);
    }
    tap_ok(good, with ? "rows of the environments asked for, in their order"
                      : "a table without environments is one");
    dsep_environments_destroy(&e);
    tap_ok(!e, "and they are gone");
    dsep_table_destroy(&table);
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    if (dsep_size(ctx) == 1) {
        test_moments(2, 1);
        test_moments(37, 5);
        test_moments(1500, 3); /* more than one piece of rows */
        test_merge();
    }
    test_environments(1);
    test_environments(0);
    return tap_end();
}
