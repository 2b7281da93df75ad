#include "solvers/latent_model.h"

#include "mpi/memory.h"
#include "mpi/random.h"
#include "solvers/dense.h"

#include <math.h>
#include <stdlib.h>

/* What the draws of a model are for: the replicate of their stream. */
enum { MIXING, ORDER, EDGES, TARGETS, MECHANISM };

int dsep_latent_check(const dsep_latent_settings *s, dsep_error *error) {
    if (s->n_factors > s->n_variables)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--factors %lld: at most as many as --variables, %lld",
                              (long long)s->n_factors, (long long)s->n_variables);
    if (s->shift == DSEP_SHIFT_HCA && s->n_environments < 2)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--shift hca needs at least two environments: --environments 2");
    if (!(s->weight_low > 0 && s->weight_high >= s->weight_low))
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--weights %g,%g: expected 0 < LO <= HI, such as 0.3,1.0",
                              s->weight_low, s->weight_high);
    return DSEP_OK;
}

static dsep_random source_of(const dsep_latent_settings *s, uint32_t what) {
    return (dsep_random){s->seed, DSEP_STREAM_LATENT, what};
}

/* --- the mixing ------------------------------------------------------------------------------ */

/* Orthonormal columns of G, whose transpose is H. */
static int orthonormal(dsep_representation *m, const double *normal, dsep_error *error) {
    const int64_t p = m->n_variables, d = m->n_factors;
    const int code = dsep_dense_qr(p, d, normal, m->h, NULL, error); /* each column a row of H */
    for (int64_t i = 0; i < d && !code; i++)
        for (int64_t j = 0; j < p; j++)
            m->g[j * d + i] = m->h[i * p + j];
    return code;
}

/* H = pinv(G); a factor's scale is free, and is set on both. */
static int oblique(dsep_representation *m, const double *normal, dsep_error *error) {
    const int64_t p = m->n_variables, d = m->n_factors;
    double *inverse = dsep_array(d * p, sizeof *inverse);
    int code = inverse ? dsep_dense_pinv(p, d, normal, 1e-12, inverse, NULL, error)
                       : dsep_out_of_memory(error, "a model of factors");
    for (int64_t i = 0; i < d && !code; i++) {
        double largest = 0;
        for (int64_t j = 0; j < p; j++)
            largest = fabs(inverse[j * d + i]) > fabs(largest) ? inverse[j * d + i] : largest;
        for (int64_t j = 0; j < p; j++) {
            m->h[i * p + j] = inverse[j * d + i] / largest;
            m->g[j * d + i] = normal[i * p + j] * largest;
        }
    }
    free(inverse);
    return code;
}

static int draw_mixing(const dsep_latent_settings *s, dsep_representation *m, dsep_error *error) {
    const dsep_random source = source_of(s, MIXING);
    const int64_t count = s->n_variables * s->n_factors;
    double *normal = dsep_array(count, sizeof *normal), u[2]; /* [p x d] column after column */
    int code = normal ? DSEP_OK : dsep_out_of_memory(error, "a model of factors");
    for (int64_t i = 0; i < count && !code; i++) {
        dsep_random_uniform2(source, (uint64_t)i, u);
        normal[i] = dsep_noise_shape(DSEP_NOISE_GAUSSIAN, u);
    }
    if (!code)
        code =
            s->shift == DSEP_SHIFT_HCA ? orthonormal(m, normal, error) : oblique(m, normal, error);
    free(normal);
    return code;
}

/* --- mechanisms ------------------------------------------------------------------------------ */

/* Whether the factor at place `from` of the order causes that at place `to`, from < to. */
static int is_edge(const dsep_latent_settings *s, int64_t from, int64_t to) {
    const double share = s->n_factors > 1 ? s->degree / (double)(s->n_factors - 1) : 0;
    const uint64_t pair = (uint64_t)(to * s->n_factors + from);
    return dsep_random_uniform(source_of(s, EDGES), pair) < share;
}

/* Draws how a factor, at this place of the order, follows from its causes; `version` numbers the
 * draws of the same factor. */
static void draw_factor(const dsep_latent_settings *s, const dsep_representation *m, int64_t place,
                        int64_t version, int alone, double *b, double *weight) {
    const int64_t d = m->n_factors, effect = m->order[place];
    const dsep_random source = source_of(s, (uint32_t)(MECHANISM + version));
    double u[2];
    for (int64_t j = 0; j < d; j++)
        b[effect * d + j] = weight[effect * d + j] = 0;
    dsep_random_uniform2(source, (uint64_t)(place * d + place), u);
    const double sd = pow(4, u[0] - 0.5); /* 0.5 .. 2 */
    for (int64_t from = 0; from < place && !alone; from++) {
        if (!is_edge(s, from, place))
            continue;
        dsep_random_uniform2(source, (uint64_t)(place * d + from), u);
        const double size = s->weight_low + u[0] * (s->weight_high - s->weight_low);
        const double w = u[1] < 0.5 ? -size : size;
        weight[effect * d + m->order[from]] = w;
        b[effect * d + m->order[from]] = -w / sd;
    }
    b[effect * d + effect] = 1 / sd;
}

static void draw_mechanisms(const dsep_latent_settings *s, dsep_representation *m,
                            const int64_t *targets) {
    const int64_t d = m->n_factors;
    const int all = s->shift == DSEP_SHIFT_HCA, hard = s->shift == DSEP_SHIFT_HARD;
    for (int64_t k = 0; k < m->n_environments; k++) {
        const int64_t target = all || k == 0 ? -1 : targets[(k - 1) % d];
        double *b = m->b + k * d * d, *weight = m->weight + k * d * d;
        m->target[k] = target;
        for (int64_t place = 0; place < d; place++) {
            const int hit = m->order[place] == target;
            draw_factor(s, m, place, all || hit ? k : 0, hit && hard, b, weight);
        }
    }
}

int dsep_latent_create(const dsep_latent_settings *s, dsep_error *error,
                       dsep_representation **model) {
    int code = DSEP_OK;
    int64_t *targets = NULL;
    dsep_representation *m = NULL;
    *model = NULL;
    DSEP_TRY(
        dsep_representation_create(s->n_variables, s->n_factors, s->n_environments, error, &m));
    targets = dsep_array(s->n_factors, sizeof *targets);
    if (!targets) {
        code = dsep_out_of_memory(error, "a model of factors");
        goto cleanup;
    }
    dsep_random_shuffle(source_of(s, ORDER), s->n_factors, m->order);
    dsep_random_shuffle(source_of(s, TARGETS), s->n_factors, targets);
    DSEP_TRY(draw_mixing(s, m, error));
    draw_mechanisms(s, m, targets);
    *model = m;
    m = NULL;
cleanup:
    dsep_representation_destroy(&m);
    free(targets);
    return code;
}

/* --- rows ------------------------------------------------------------------------------------ */

/* Factors from their noise: causes come before effects. */
static void draw_factors(const dsep_representation *m, int64_t k, dsep_noise noise,
                         dsep_random source, uint64_t row, double *z) {
    const int64_t d = m->n_factors;
    for (int64_t place = 0; place < d; place++) {
        const int64_t i = m->order[place];
        const double *b = m->b + (k * d + i) * d;
        double u[2];
        dsep_random_uniform2(source, row * (uint64_t)d + (uint64_t)i, u);
        double rest = dsep_noise_shape(noise, u);
        for (int64_t before = 0; before < place; before++)
            rest -= b[m->order[before]] * z[m->order[before]];
        z[i] = rest / b[i];
    }
}

void dsep_latent_rows(const dsep_representation *m, dsep_noise noise, double observed,
                      uint64_t seed, int64_t samples, int64_t first, int64_t count, double *factor,
                      double *rows) {
    const int64_t p = m->n_variables, d = m->n_factors;
    const dsep_random factors = {seed, DSEP_STREAM_FACTORS, 0};
    const dsep_random added = {seed, DSEP_STREAM_FACTORS, 1};
    for (int64_t r = 0; r < count; r++) {
        double *row = rows + r * (p + 1), u[2];
        const int64_t k = (first + r) / samples;
        draw_factors(m, k, noise, factors, (uint64_t)(first + r), factor);
        for (int64_t j = 0; j < p; j++) {
            double x = 0;
            for (int64_t i = 0; i < d; i++)
                x += m->g[j * d + i] * factor[i];
            if (observed > 0) {
                dsep_random_uniform2(added, (uint64_t)(first + r) * (uint64_t)p + (uint64_t)j, u);
                x += observed * dsep_noise_shape(DSEP_NOISE_GAUSSIAN, u);
            }
            row[j] = x;
        }
        row[p] = (double)k;
    }
}
