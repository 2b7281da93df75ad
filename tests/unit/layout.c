/* Blocks cover everything once, and the owner of an index is who holds it. */
#include "mpi/layout.h"
#include "tests/support/tap.h"

static int covers(int64_t total, int64_t parts) {
    int64_t next = 0;
    for (int64_t part = 0; part < parts; part++) {
        const dsep_block block = dsep_layout_block(total, parts, part);
        if (block.first != next || block.count < total / parts || block.count > total / parts + 1)
            return 0;
        for (int64_t i = block.first; i < block.first + block.count; i++)
            if (dsep_layout_owner(total, parts, i) != part)
                return 0;
        next += block.count;
    }
    return next == total;
}

/* No part has more than its share of the pairs and those of one node. */
static int covers_pairs(int64_t total, int64_t parts) {
    int64_t next = 0;
    for (int64_t part = 0; part < parts; part++) {
        const dsep_block block = dsep_layout_pairs(total, parts, part);
        int64_t pairs = 0;
        if (block.first != next || block.count < 0)
            return 0;
        for (int64_t x = block.first; x < block.first + block.count; x++) {
            pairs += total - 1 - x;
            if (dsep_layout_pairs_owner(total, parts, x) != part)
                return 0;
        }
        if (pairs > total * (total - 1) / 2 / parts + total)
            return 0;
        next += block.count;
    }
    return next == total;
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    int all = 1;
    for (int64_t total = 0; total < 40; total++)
        for (int64_t parts = 1; parts < 20; parts++)
            all &= covers(total, parts);
    tap_ok(all, "every element has one owner, also with more owners than elements");
    all = 1;
    for (int64_t total = 0; total < 60; total++)
        for (int64_t parts = 1; parts < 20; parts++)
            all &= covers_pairs(total, parts);
    tap_ok(all && covers_pairs(2810, 2) && covers_pairs(5000, 64),
           "every node has one owner by pairs, and owners have about equally many");
    tap_ok(dsep_layout_pairs(1000000, 4, 0).count == 133975, "a quarter of the pairs of a million");
    return tap_end();
}
