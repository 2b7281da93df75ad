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
