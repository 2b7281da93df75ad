/* Published vectors of Philox4x32-10, and draws that look uniform and independent. */
#include "mpi/random.h"
#include "tests/support/tap.h"

#include <Random123/philox.h>
#include <string.h>

/* Random123 1.14, kat_vectors: philox4x32, 10 rounds. */
static int known_answer(const uint32_t counter[4], const uint32_t key[2],
                        const uint32_t wanted[4]) {
    const philox4x32_ctr_t c = {{counter[0], counter[1], counter[2], counter[3]}};
    const philox4x32_key_t k = {{key[0], key[1]}};
    const philox4x32_ctr_t got = philox4x32(c, k);
    return memcmp(got.v, wanted, sizeof got.v) == 0;
}

static void test_vectors(void) {
    const uint32_t none[4] = {0}, all[4] = {~0u, ~0u, ~0u, ~0u};
    const uint32_t pi[4] = {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344};
    const uint32_t pi_key[2] = {0xa4093822, 0x299f31d0};
    tap_ok(known_answer(none, none, (uint32_t[]){0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}),
           "known answer: zeros");
    tap_ok(known_answer(all, all, (uint32_t[]){0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}),
           "known answer: ones");
    tap_ok(known_answer(pi, pi_key, (uint32_t[]){0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}),
           "known answer: digits of pi");
}

static int differs(dsep_random a, uint64_t i, dsep_random b, uint64_t j) {
    uint32_t x[4], y[4];
    dsep_random_bits(a, i, x);
    dsep_random_bits(b, j, y);
    int same = 0;
    for (int k = 0; k < 4; k++)
        same += x[k] == y[k];
    return same == 0;
}

static void test_arguments(void) {
    const dsep_random base = {7, DSEP_STREAM_NOISE, 0};
    tap_ok(!differs(base, 5, base, 5), "the same arguments give the same draw");
    tap_ok(differs(base, 5, base, 6) && differs(base, 5, base, 5 + (UINT64_C(1) << 32)),
           "both halves of the index matter");
    tap_ok(differs(base, 5, (dsep_random){7, DSEP_STREAM_EDGES, 0}, 5), "the stream matters");
    tap_ok(differs(base, 5, (dsep_random){7, DSEP_STREAM_NOISE, 1}, 5), "the replicate matters");
    tap_ok(differs(base, 5, (dsep_random){8, DSEP_STREAM_NOISE, 0}, 5) &&
               differs(base, 5, (dsep_random){7 + (UINT64_C(1) << 32), DSEP_STREAM_NOISE, 0}, 5),
           "both halves of the seed matter");
}

enum { DRAWS = 200000, CELLS = 100 };

static double chi_square(const int *count, int cells, double expected) {
    double sum = 0;
    for (int i = 0; i < cells; i++)
        sum += (count[i] - expected) * (count[i] - expected) / expected;
    return sum;
}

/* Chi-square of 99 degrees: mean 99, standard deviation 14.1; below 170 with p > 1e-5. The seed
 * is fixed, so the figure is too. */
static void test_uniform(void) {
    const dsep_random source = {2024, DSEP_STREAM_NOISE, 0};
    int one[CELLS] = {0}, neighbours[CELLS] = {0}, halves[CELLS] = {0}, inside = 1;
    double before = 0.5;
    for (int i = 0; i < DRAWS; i++) {
        double u[2];
        dsep_random_uniform2(source, (uint64_t)i, u);
        const double draw = dsep_random_uniform(source, (uint64_t)i);
        inside &= draw > 0 && draw < 1 && u[0] > 0 && u[0] < 1 && u[1] > 0 && u[1] < 1;
        one[(int)(draw * CELLS)]++;
        neighbours[(int)(before * 10) * 10 + (int)(draw * 10)]++;
        halves[(int)(u[0] * 10) * 10 + (int)(u[1] * 10)]++;
        before = draw;
    }
    const double expected = (double)DRAWS / CELLS;
    tap_ok(inside, "uniform draws are inside (0, 1)");
    tap_ok(chi_square(one, CELLS, expected) < 170, "they are uniform: chi-square %.1f of 99",
           chi_square(one, CELLS, expected));
    tap_ok(chi_square(neighbours, CELLS, expected) < 170,
           "neighbouring indices are independent: chi-square %.1f of 99",
           chi_square(neighbours, CELLS, expected));
    tap_ok(chi_square(halves, CELLS, expected) < 170,
           "the two numbers of one call are independent: chi-square %.1f of 99",
           chi_square(halves, CELLS, expected));
}

/* Also across the border of 32 bits of the index. */
static void test_run(void) {
    enum { LENGTH = 300 };
    const dsep_random source = {77, DSEP_STREAM_NOISE, 5};
    const uint64_t starts[] = {0, 12345, UINT32_MAX - 150ull};
    int same = 1;
    for (int s = 0; s < 3; s++) {
        double run[LENGTH][2], one[2];
        dsep_random_uniform2_run(source, starts[s], LENGTH, run);
        for (int i = 0; i < LENGTH; i++) {
            dsep_random_uniform2(source, starts[s] + (uint64_t)i, one);
            same &= run[i][0] == one[0] && run[i][1] == one[1];
        }
    }
    tap_ok(same, "a run of draws is the same as one by one");
}

static void test_below(void) {
    const dsep_random source = {3, DSEP_STREAM_ORDER, 0};
    int count[7] = {0}, inside = 1;
    for (int i = 0; i < 70000; i++) {
        const uint64_t drawn = dsep_random_below(source, (uint64_t)i, 7);
        inside &= drawn < 7;
        count[drawn % 7]++;
    }
    tap_ok(inside && chi_square(count, 7, 10000) < 35, "whole numbers are uniform: %.1f of 6",
           chi_square(count, 7, 10000));
    tap_ok(dsep_random_below(source, 1, 1) == 0, "below 1 there is only 0");
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    test_vectors();
    test_arguments();
    test_uniform();
    test_run();
    test_below();
    return tap_end();
}
