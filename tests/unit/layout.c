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

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    int all = 1;
    for (int64_t total = 0; total < 40; total++)
        for (int64_t parts = 1; parts < 20; parts++)
            all &= covers(total, parts);
    tap_ok(all, "every element has one owner, also with more owners than elements");
    return tap_end();
}
