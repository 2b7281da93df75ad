#include "jobs/whole_write.h"

dsep_block dsep_whole_on_zero(dsep_context *ctx, int64_t rows) {
    return (dsep_block){dsep_rank(ctx) == 0 ? 0 : rows, dsep_rank(ctx) == 0 ? rows : 0};
}

int dsep_whole_array(dsep_context *ctx, dsep_h5write *file, const char *path, dsep_h5_type type,
                     const int64_t shape[DSEP_H5WRITE_DIMENSIONS], const void *values) {
    dsep_h5write_slab slab = {0};
    while (slab.dimensions < DSEP_H5WRITE_DIMENSIONS && shape[slab.dimensions] > 0) {
        slab.shape[slab.dimensions] = shape[slab.dimensions];
        slab.count[slab.dimensions] = dsep_rank(ctx) == 0 ? shape[slab.dimensions] : 0;
        slab.dimensions++;
    }
    return dsep_h5write_array(file, path, type, &slab, values);
}
