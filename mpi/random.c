#include "mpi/random.h"

#include <Random123/philox.h>

/* What a source fixes for all its draws. The key has 64 bits: the seed, turned by the stream
 * through a first pass of Philox, so that neighbouring seeds and streams share nothing. */
typedef struct {
    philox4x32_key_t key;
    uint32_t replicate, rest;
} prepared;

static prepared prepare(dsep_random source) {
    const philox4x32_key_t seed = {{(uint32_t)source.seed, (uint32_t)(source.seed >> 32)}};
    const philox4x32_ctr_t purpose = {{source.stream, 0, 0, 0x64736570}};
    const philox4x32_ctr_t mixed = philox4x32(purpose, seed);
    return (prepared){{{mixed.v[0], mixed.v[1]}}, source.replicate, mixed.v[2]};
}

static inline philox4x32_ctr_t draw(const prepared *from, uint64_t index) {
    const philox4x32_ctr_t counter = {
        {(uint32_t)index, (uint32_t)(index >> 32), from->replicate, from->rest}};
    return philox4x32(counter, from->key);
}

void dsep_random_bits(dsep_random source, uint64_t index, uint32_t bits[4]) {
    const prepared from = prepare(source);
    const philox4x32_ctr_t drawn = draw(&from, index);
    for (int i = 0; i < 4; i++)
        bits[i] = drawn.v[i];
}

/* 52 bits, centred in their cell so that neither end is reached. */
static inline double to_unit(uint32_t high, uint32_t low) {
    const uint64_t word = ((uint64_t)high << 32 | low) >> 12; /* 52 bits */
    return ((double)word + 0.5) * 0x1p-52;
}

double dsep_random_uniform(dsep_random source, uint64_t index) {
    uint32_t bits[4];
    dsep_random_bits(source, index, bits);
    return to_unit(bits[0], bits[1]);
}

void dsep_random_uniform2(dsep_random source, uint64_t index, double u[2]) {
    uint32_t bits[4];
    dsep_random_bits(source, index, bits);
    u[0] = to_unit(bits[0], bits[1]);
    u[1] = to_unit(bits[2], bits[3]);
}

void dsep_random_uniform2_run(dsep_random source, uint64_t first, int64_t count, double (*u)[2]) {
    const prepared from = prepare(source);
    for (int64_t i = 0; i < count; i++) {
        const philox4x32_ctr_t drawn = draw(&from, first + (uint64_t)i);
        u[i][0] = to_unit(drawn.v[0], drawn.v[1]);
        u[i][1] = to_unit(drawn.v[2], drawn.v[3]);
    }
}

uint64_t dsep_random_below(dsep_random source, uint64_t index, uint64_t below) {
    uint32_t bits[4];
    dsep_random_bits(source, index, bits);
    const uint64_t word = (uint64_t)bits[0] << 32 | bits[1];
    return (uint64_t)(((unsigned __int128)word * below) >> 64);
}

void dsep_random_shuffle(dsep_random source, int64_t count, int64_t *list) {
    for (int64_t i = 0; i < count; i++)
        list[i] = i;
    for (int64_t i = count - 1; i > 0; i--) {
        const int64_t k = (int64_t)dsep_random_below(source, (uint64_t)i, (uint64_t)i + 1);
        const int64_t other = list[k];
        list[k] = list[i];
        list[i] = other;
    }
}
