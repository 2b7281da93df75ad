#include "mpi/layout.h"

dsep_block dsep_layout_block(int64_t total, int64_t parts, int64_t part) {
    const int64_t even = total / parts, longer = total % parts;
    const int64_t before = part < longer ? part : longer;
    return (dsep_block){.first = part * even + before, .count = even + (part < longer)};
}

int64_t dsep_layout_owner(int64_t total, int64_t parts, int64_t index) {
    const int64_t even = total / parts, longer = total % parts;
    const int64_t boundary = longer * (even + 1);
    return index < boundary ? index / (even + 1) : longer + (index - boundary) / even;
}

/* The first node of a part: as few as have part / parts of all pairs before them. */
static int64_t cut(int64_t total, int64_t parts, int64_t part) {
    int64_t low = 0, high = total;
    while (low < high) {
        const int64_t x = low + (high - low) / 2;
        const __int128 before = (__int128)x * (2 * total - x - 1) * parts;
        if (before < (__int128)total * (total - 1) * part)
            low = x + 1;
        else
            high = x;
    }
    return low;
}

dsep_block dsep_layout_pairs(int64_t total, int64_t parts, int64_t part) {
    const int64_t first = part > 0 ? cut(total, parts, part) : 0;
    const int64_t end = part + 1 < parts ? cut(total, parts, part + 1) : total;
    return (dsep_block){first, end - first};
}

int64_t dsep_layout_pairs_owner(int64_t total, int64_t parts, int64_t x) {
    int64_t low = 0, high = parts - 1; /* the last part that begins at x or before */
    while (low < high) {
        const int64_t part = low + (high - low + 1) / 2;
        if (cut(total, parts, part) <= x)
            low = part;
        else
            high = part - 1;
    }
    return low;
}
