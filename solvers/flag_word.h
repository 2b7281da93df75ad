/* Sixty-four flags as the bits of one word. */
#ifndef DSEP_SOLVERS_FLAG_WORD_H
#define DSEP_SOLVERS_FLAG_WORD_H

#include <stdint.h>
#include <string.h>

/* Bit k is flags[k], 0 or 1. Not collective. Cost: eight multiplications. */
static inline uint64_t dsep_flag_word(const uint8_t flags[64]) {
    uint64_t word = 0;
    for (int b = 0; b < 8; b++) {
        uint64_t eight;
        memcpy(&eight, flags + 8 * b, sizeof eight);
        word |= (eight * 0x0102040810204080ULL >> 56) << 8 * b;
    }
    return word;
}

#endif
