#include "tests/support/interventions.h"

#include "mpi/random.h"
#include "solvers/dense.h"

#include <math.h>
#include <string.h>

/* Streams of the tests' own, beside the program's. */
enum { STREAM_MODEL = 1001, STREAM_NORMAL = 1002 };

double model_normal(uint64_t seed, uint32_t number, uint64_t index) {
    double u[2];
    dsep_random_uniform2((dsep_random){seed, STREAM_NORMAL, number}, index, u);
    return sqrt(-2 * log(u[0])) * cos(2 * M_PI * u[1]);
}

static double between(dsep_random source, uint64_t *index, double low, double high) {
    return low + (high - low) * dsep_random_uniform(source, (*index)++);
}

void model_draw(uint64_t seed, uint32_t number, int64_t d, int64_t p, double density, model *m) {
    const dsep_random source = {seed, STREAM_MODEL, number};
    uint64_t at = 0;
    memset(m, 0, sizeof *m);
    m->d = d;
    m->p = p;
    for (int64_t i = 0; i < d; i++) {
        const double root = between(source, &at, 2, 4);
        m->b[0][i][i] = root;
        for (int64_t j = i + 1; j < d; j++) {
            const int arc = between(source, &at, 0, 1) < density;
            const double size = between(source, &at, .25, 1), turn = between(source, &at, -1, 1);
            m->b[0][i][j] = arc ? -root * (turn < 0 ? -size : size) : 0;
        }
        double largest = 0;
        for (int64_t v = 0; v < p; v++) {
            m->h[i][v] = between(source, &at, -2, 2);
            largest = fabs(m->h[i][v]) > fabs(largest) ? m->h[i][v] : largest;
        }
        for (int64_t v = 0; v < p; v++)
            m->h[i][v] /= largest;
    }
    m->target[0] = -1;
    for (int64_t k = 1; k <= d; k++) { /* a shuffle */
        const int64_t other = 1 + (int64_t)dsep_random_below(source, at++, (uint64_t)k);
        m->target[k] = m->target[other];
        m->target[other] = k - 1;
    }
    for (int64_t k = 1; k <= d; k++) {
        const int64_t t = m->target[k];
        memcpy(m->b[k], m->b[0], sizeof m->b[0]);
        memset(m->b[k][t], 0, sizeof m->b[k][t]);
        m->b[k][t][t] = between(source, &at, 6, 8);
    }
}

void model_precision(const model *m, int64_t k, double *theta) {
    double c[MODEL_FACTORS][MODEL_VARIABLES] = {{0}};
    for (int64_t i = 0; i < m->d; i++)
        for (int64_t j = i; j < m->d; j++)
            for (int64_t v = 0; v < m->p; v++)
                c[i][v] += m->b[k][i][j] * m->h[j][v];
    for (int64_t v = 0; v < m->p; v++)
        for (int64_t w = 0; w < m->p; w++) {
            theta[v * m->p + w] = 0;
            for (int64_t i = 0; i < m->d; i++)
                theta[v * m->p + w] += c[i][v] * c[i][w];
        }
}

void model_decoder(const model *m, double *g) {
    double h[MODEL_FACTORS * MODEL_VARIABLES];
    for (int64_t i = 0; i < m->d; i++)
        memcpy(h + i * m->p, m->h[i], (size_t)m->p * sizeof *h);
    dsep_dense_pinv(m->p, m->d, h, 1e-12, g, NULL, NULL);
}

/* Solves B_k z = noise from the last factor on. */
static void solve(const model *m, int64_t k, double *z) {
    for (int64_t i = m->d - 1; i >= 0; i--) {
        for (int64_t j = i + 1; j < m->d; j++)
            z[i] -= m->b[k][i][j] * z[j];
        z[i] /= m->b[k][i][i];
    }
}

/* The root of a chi-squared number of many degrees of freedom: Marsaglia & Tsang 2000. */
static double chi(double degrees, uint64_t seed, uint32_t number, uint64_t first) {
    const double shape = degrees / 2 - 1. / 3, scale = 1 / sqrt(9 * shape);
    for (uint64_t i = first;; i++) {
        const double x = model_normal(seed, number, i), v = pow(1 + scale * x, 3),
                     u = dsep_random_uniform((dsep_random){seed, STREAM_MODEL, number}, i);
        if (v > 0 && log(u) < x * x / 2 + shape * (1 - v + log(v)))
            return sqrt(2 * shape * v);
    }
}

void model_covariance(const model *m, int64_t k, int64_t n, uint64_t seed, uint32_t number,
                      double *covariance) {
    const int64_t d = m->d;
    double root[MODEL_FACTORS][MODEL_FACTORS] = {{0}}; /* column j: of the noise, then of z */
    const uint64_t base = (uint64_t)(k + 1) << 32;
    for (int64_t j = 0; j < d; j++) {
        double column[MODEL_FACTORS] = {0};
        const uint64_t at = base + (uint64_t)j * 1000000;
        column[j] = chi((double)(n - j), seed, number, at + 1000);
        for (int64_t i = j + 1; i < d; i++)
            column[i] = model_normal(seed, number, at + (uint64_t)i);
        solve(m, k, column);
        for (int64_t i = 0; i < d; i++)
            root[i][j] = column[i];
    }
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j < d; j++) {
            double sum = 0;
            for (int64_t l = 0; l < d; l++)
                sum += root[i][l] * root[j][l];
            covariance[i * d + j] = sum / (double)n;
        }
}

void model_factors(const model *m, int64_t k, int64_t n, uint64_t seed, uint32_t number,
                   double *z) {
    for (int64_t s = 0; s < n; s++) {
        double row[MODEL_FACTORS];
        for (int64_t i = 0; i < m->d; i++)
            row[i] = model_normal(seed, number,
                                  (uint64_t)(((k + 100) * 1000000 + s) * MODEL_FACTORS + i));
        solve(m, k, row);
        for (int64_t i = 0; i < m->d; i++)
            z[i * n + s] = row[i];
    }
}

int model_order_holds(const model *m, const int64_t *place) {
    for (int64_t i = 0; i < m->d; i++)
        for (int64_t j = i + 1; j < m->d; j++)
            if (m->b[0][i][j] != 0 && place[j] > place[i])
                return 0;
    return 1;
}
