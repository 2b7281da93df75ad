/* Distances between representations: known permutations, signs and scales cost nothing, known
 * changes cost what they should; and the models that are drawn are what they promise.
 * ranks: 1 */
#include "solvers/representation_metrics.h"
#include "solvers/latent_model.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { P = 7, D = 4, K = 5 };

static dsep_representation *draw(dsep_shift shift, uint64_t seed) {
    const dsep_latent_settings settings = {P, D, K, shift, 2, 0.5, 1.5, seed};
    dsep_representation *made = NULL;
    dsep_latent_create(&settings, NULL, &made);
    return made;
}

/* The same with factor i called to[i], and multiplied by scale[i]. */
static dsep_representation *renamed(const dsep_representation *r, const int64_t *to,
                                    const double *scale) {
    dsep_representation *made = NULL;
    dsep_representation_create(P, D, K, NULL, &made);
    for (int64_t i = 0; i < D; i++) {
        made->order[i] = to[r->order[i]];
        for (int64_t j = 0; j < P; j++) {
            made->h[to[i] * P + j] = scale[i] * r->h[i * P + j];
            made->g[j * D + to[i]] = r->g[j * D + i] / scale[i];
        }
        for (int64_t k = 0; k < K; k++)
            for (int64_t c = 0; c < D; c++) {
                made->b[(k * D + to[i]) * D + to[c]] = r->b[(k * D + i) * D + c] / scale[c];
                made->weight[(k * D + to[i]) * D + to[c]] =
                    r->weight[(k * D + i) * D + c] * scale[i] / scale[c];
            }
    }
    for (int64_t k = 0; k < K; k++)
        made->target[k] = r->target[k] < 0 ? -1 : to[r->target[k]];
    return made;
}

/* An edge cause -> effect wherever an environment has a weight. */
static dsep_graph *graph_of(const dsep_representation *r) {
    dsep_edge edges[D * D];
    int64_t n_edges = 0;
    dsep_graph *graph = NULL;
    for (int64_t cause = 0; cause < D; cause++)
        for (int64_t effect = 0; effect < D; effect++) {
            double most = 0;
            for (int64_t k = 0; k < K; k++)
                most = fmax(most, fabs(r->weight[(k * D + effect) * D + cause]));
            if (effect != cause && most > 1e-9)
                edges[n_edges++] = (dsep_edge){cause, effect, DSEP_MARK_TAIL, DSEP_MARK_ARROW};
        }
    dsep_graph_create(D, n_edges, edges, DSEP_GRAPH_DAG, NULL, &graph);
    return graph;
}

static dsep_representation_metrics compare(const dsep_representation *a,
                                           const dsep_representation *b) {
    static const int64_t same[K] = {0, 1, 2, 3, 4};
    dsep_representation_side sides[2] = {{a, NULL}, {b, NULL}};
    dsep_graph *graphs[2] = {graph_of(a), graph_of(b)};
    dsep_representation_metrics found = {0};
    for (int s = 0; s < 2; s++)
        sides[s].graph = graphs[s];
    tap_ok(dsep_representation_compare(&sides[0], &sides[1], same, NULL, &found) == DSEP_OK,
           "two representations are compared");
    dsep_graph_destroy(&graphs[0]);
    dsep_graph_destroy(&graphs[1]);
    return found;
}

static void test_same(dsep_shift shift) {
    static const int64_t to[D] = {2, 0, 3, 1};
    static const double scale[D] = {-1, 4, -0.25, 2};
    dsep_representation *truth = draw(shift, 3), *other = renamed(truth, to, scale);
    dsep_representation_metrics m = compare(other, truth);
    tap_ok(m.by_covariance && fabs(m.mcc - 1) < 1e-12, "permuted and scaled: MCC 1, got %.17g",
           m.mcc);
    tap_ok(m.h_error < 1e-7, "and no error of H, got %g", m.h_error);
    tap_ok(m.latent_shd == 0, "and the same graph");
    tap_ok(memcmp(m.match, to, sizeof to) == 0, "the permutation is found");
    tap_ok(m.n_targets == (shift == DSEP_SHIFT_HCA ? 0 : K - 1) && m.n_targets_right == m.n_targets,
           "targets are right");
    dsep_representation_metrics_release(&m);
    dsep_representation_destroy(&truth);
    dsep_representation_destroy(&other);
}

/* Factor 0 of the truth is replaced by one at a known angle, the target of an environment by
 * another, and an edge is taken away. */
static void test_changes(void) {
    static const int64_t same[D] = {0, 1, 2, 3};
    static const double one[D] = {1, 1, 1, 1};
    dsep_representation *truth = draw(DSEP_SHIFT_SOFT, 4), *other = renamed(truth, same, one);
    double *h = truth->h, *g = other->h, cosine, a = 0, b = 0, c = 0;
    for (int64_t j = 0; j < P; j++) {
        g[j] = h[j] + 0.3 * h[P + j];
        a += g[j] * h[j];
        b += g[j] * g[j];
        c += h[j] * h[j];
    }
    cosine = a / sqrt(b * c);
    other->target[2] = truth->target[2] == 0 ? 1 : 0;
    for (int64_t k = 0; k < K; k++) /* the last of the order loses its causes */
        for (int64_t i = 0; i < D; i++)
            other->weight[(k * D + truth->order[D - 1]) * D + i] = 0;
    int64_t lost = 0;
    for (int64_t i = 0; i < D; i++)
        lost += truth->weight[truth->order[D - 1] * D + i] != 0;
    dsep_representation_metrics m = compare(other, truth);
    tap_ok(fabs(m.h_error - sqrt((1 - cosine * cosine) / D)) < 1e-12, "a turned row of H");
    tap_ok(m.mcc < 1 - 1e-4 && m.mcc > 0.8 && fabs(m.size[1] - 1) < 1e-12 && m.size[0] < 1,
           "and its correlation");
    tap_ok(lost > 0 && m.latent_shd == lost, "%lld edges are missing", (long long)lost);
    tap_ok(m.n_targets == K - 1 && m.n_targets_right == K - 2, "a wrong target");
    dsep_representation_metrics_release(&m);
    for (int64_t i = 0; i < D * D; i++)
        truth->b[i] = 0;
    m = compare(other, truth);
    tap_ok(!m.by_covariance && fabs(m.mcc - (3 + cosine) / D) < 1e-12,
           "without covariances the cosines of H count");
    dsep_representation_metrics_release(&m);
    dsep_representation_destroy(&truth);
    dsep_representation_destroy(&other);
}

/* |correlation| from the model against that of rows drawn from it. */
static void test_rows(void) {
    enum { N = 20000 };
    dsep_representation *truth = draw(DSEP_SHIFT_HCA, 5), *other = draw(DSEP_SHIFT_HCA, 6);
    double *rows = calloc((size_t)K * N * (P + 1), sizeof *rows), room[D];
    double s[3] = {0}, m[2] = {0};
    dsep_latent_rows(truth, DSEP_NOISE_LAPLACE, 0, 9, N, 0, (int64_t)K * N, room, rows);
    dsep_representation_metrics found = compare(other, truth);
    for (int64_t r = 0; r < (int64_t)K * N; r++) {
        double z[2] = {0, 0};
        for (int64_t j = 0; j < P; j++) {
            z[0] += truth->h[j] * rows[r * (P + 1) + j];
            z[1] += other->h[found.match[0] * P + j] * rows[r * (P + 1) + j];
        }
        m[0] += z[0], m[1] += z[1];
        s[0] += z[0] * z[0], s[1] += z[1] * z[1], s[2] += z[0] * z[1];
    }
    const double total = (double)K * N;
    const double r = (s[2] - m[0] * m[1] / total) /
                     sqrt((s[0] - m[0] * m[0] / total) * (s[1] - m[1] * m[1] / total));
    tap_ok(fabs(fabs(r) - found.size[0]) < 0.02, "the correlation of rows: %.4f and %.4f", fabs(r),
           found.size[0]);
    double part[3 * (P + 1)];
    dsep_latent_rows(truth, DSEP_NOISE_LAPLACE, 0, 9, N, N - 1, 3, room, part);
    tap_ok(memcmp(part, rows + (N - 1) * (P + 1), sizeof part) == 0 && part[P] == 0 &&
               part[2 * P + 1] == 1,
           "rows do not depend on how many are drawn");
    free(rows);
    dsep_representation_metrics_release(&found);
    dsep_representation_destroy(&truth);
    dsep_representation_destroy(&other);
}

/* A factor plus multiples of earlier ones is the same finding of hierarchical component analysis.
 */
static void test_straighten(void) {
    static const int64_t same[D] = {0, 1, 2, 3};
    static const double one[D] = {1, -1, 3, 1};
    dsep_representation *truth = draw(DSEP_SHIFT_HCA, 8), *other = renamed(truth, same, one);
    const int64_t first = truth->order[0], last = truth->order[D - 1];
    for (int64_t j = 0; j < P; j++) { /* z_last + 2 z_first */
        other->h[last * P + j] += 2 * other->h[first * P + j];
        other->g[j * D + first] -= 2 * other->g[j * D + last];
    }
    for (int64_t k = 0; k < K * D; k++)
        other->b[k * D + first] -= 2 * other->b[k * D + last];
    dsep_representation_metrics m = compare(other, truth);
    tap_ok(m.mcc < 0.99 && m.h_error > 0.1, "turned factors are others");
    dsep_representation_metrics_release(&m);
    tap_ok(dsep_representation_straighten(other, NULL) == DSEP_OK, "they are straightened");
    m = compare(other, truth);
    tap_ok(fabs(m.mcc - 1) < 1e-12 && m.h_error < 1e-7, "and are the same: MCC %.15g", m.mcc);
    tap_ok(m.latent_shd == 0, "with the same graph");
    dsep_representation_metrics_release(&m);
    dsep_representation_destroy(&truth);
    dsep_representation_destroy(&other);
}

/* H G = I; what a shift changes. */
static void test_models(dsep_shift shift) {
    dsep_representation *m = draw(shift, 7);
    double off = 0, length = 0;
    int64_t changed = 0, causes = 0;
    for (int64_t i = 0; i < D; i++)
        for (int64_t c = 0; c < D; c++) {
            double product = 0, gram = 0;
            for (int64_t j = 0; j < P; j++) {
                product += m->h[i * P + j] * m->g[j * D + c];
                gram += m->h[i * P + j] * m->h[c * P + j];
            }
            off = fmax(off, fabs(product - (i == c)));
            length = fmax(length, fabs(gram - (i == c)));
        }
    tap_ok(off < 1e-12, "H G = I");
    tap_ok((length < 1e-12) == (shift == DSEP_SHIFT_HCA), "H is orthonormal for HCA alone");
    for (int64_t k = 1; k < K; k++)
        for (int64_t i = 0; i < D; i++) {
            changed += memcmp(m->b + i * D, m->b + (k * D + i) * D, D * sizeof *m->b) != 0;
            for (int64_t c = 0; c < D; c++)
                causes += i == m->target[k] && m->weight[(k * D + i) * D + c] != 0;
        }
    tap_ok(changed == (shift == DSEP_SHIFT_HCA ? D * (K - 1) : K - 1),
           "what the environments change");
    tap_ok((causes > 0) == (shift == DSEP_SHIFT_SOFT), "a hard shift cuts its target off");
    dsep_representation_destroy(&m);
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    for (int shift = DSEP_SHIFT_HCA; shift <= DSEP_SHIFT_HARD; shift++) {
        test_models((dsep_shift)shift);
        test_same((dsep_shift)shift);
    }
    test_changes();
    test_rows();
    test_straighten();
    return tap_end();
}
