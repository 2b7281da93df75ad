#include "io/table_write_h5.h"

#include "mpi/fault.h"
#include "mpi/memory.h"

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

static int failed(dsep_context *ctx, const char *path, const char *what) {
    return dsep_fail(ctx, DSEP_ERROR_IO, "%s of '%s' failed; is the disk full?", what, path);
}

/* A new file that all ranks write together; negative on failure. */
static hid_t create_parallel(dsep_context *ctx, const char *path) {
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (dsep_size(ctx) > 1)
        H5Pset_fapl_mpio(access, dsep_comm(ctx), MPI_INFO_NULL);
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    return file;
}

/* A data set without the time of day, so that equal tables are equal files. */
static hid_t create_dataset(hid_t place, const char *name, hid_t type, int dimensions,
                            const hsize_t *shape) {
    const hid_t space = H5Screate_simple(dimensions, shape, NULL);
    const hid_t settings = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(settings, 0);
    H5Pset_alloc_time(settings, H5D_ALLOC_TIME_EARLY); /* as files of many ranks have it */
    const hid_t data = H5Dcreate2(place, name, type, space, H5P_DEFAULT, settings, H5P_DEFAULT);
    H5Pclose(settings);
    H5Sclose(space);
    return data;
}

/* One collective write; ranks without rows take part with an empty selection. */
static int write_piece(int together, hid_t data, int64_t first, int64_t count, int64_t n_variables,
                       const double *rows) {
    const hsize_t start[2] = {(hsize_t)first, 0};
    const hsize_t shape[2] = {(hsize_t)(count > 0 ? count : 1), (hsize_t)n_variables};
    const hid_t space = H5Dget_space(data), memory = H5Screate_simple(2, shape, NULL);
    const hid_t transfer = H5Pcreate(H5P_DATASET_XFER);
    if (together)
        H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE);
    if (count > 0) {
        H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, shape, NULL);
    } else {
        H5Sselect_none(space);
        H5Sselect_none(memory);
    }
    const herr_t status = H5Dwrite(data, H5T_NATIVE_DOUBLE, memory, space, transfer, rows);
    H5Pclose(transfer);
    H5Sclose(memory);
    H5Sclose(space);
    return status < 0;
}

static int write_rows(dsep_context *ctx, const char *path, hid_t data,
                      const dsep_row_source *source, int64_t piece, double *rows) {
    const int64_t n = source->n_samples, pieces = (n + piece - 1) / piece;
    int mine = dsep_fault(ctx, "write-data");
    for (int64_t round = 0; round * dsep_size(ctx) < pieces; round++) {
        const int code = dsep_agree(ctx, mine);
        if (code)
            return code;
        int64_t first = (round * dsep_size(ctx) + dsep_rank(ctx)) * piece;
        first = first < n ? first : n;
        const int64_t count = n - first < piece ? n - first : piece;
        if (count > 0)
            source->fill(source->state, first, count, rows);
        if (write_piece(dsep_size(ctx) > 1, data, first, count, source->n_variables, rows))
            mine = failed(ctx, path, "writing the values");
    }
    return dsep_agree(ctx, mine);
}

static int write_values(dsep_context *ctx, const char *path, const dsep_row_source *source,
                        int64_t piece) {
    int code = DSEP_OK;
    hid_t file = -1, data = -1;
    const hsize_t shape[2] = {(hsize_t)source->n_samples, (hsize_t)source->n_variables};
    double *rows = dsep_array(dsep_bytes(piece, source->n_variables, 1), sizeof *rows);
    int mine = rows ? dsep_fault(ctx, "write-open")
                    : dsep_out_of_memory(dsep_context_error(ctx), "rows to write");
    DSEP_AGREE(ctx, mine);
    file = create_parallel(ctx, path);
    mine = file < 0 ? dsep_fail(ctx, DSEP_ERROR_IO,
                                "cannot write '%s'; choose another path, or make the folder", path)
                    : DSEP_OK;
    DSEP_AGREE(ctx, mine);
    data = create_dataset(file, "/data", H5T_IEEE_F64LE, 2, shape);
    DSEP_AGREE(ctx, data < 0 ? failed(ctx, path, "making the matrix") : DSEP_OK);
    DSEP_TRY(write_rows(ctx, path, data, source, piece, rows));
cleanup:
    if (data >= 0)
        H5Dclose(data);
    if (file >= 0 && H5Fclose(file) < 0 && !code)
        code = failed(ctx, path, "closing");
    free(rows);
    return code;
}

static void put_text(hid_t object, const char *name, const char *value) {
    const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, type, &value);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
}

/* AnnData's table needs `column-order`, which is empty: the names are the index. */
static void put_no_columns(hid_t group) {
    const hsize_t none = 0;
    const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &none, NULL);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    const hid_t attribute =
        H5Acreate2(group, "column-order", type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
}

static int put_names(hid_t group, const dsep_row_source *source) {
    const hsize_t count = (hsize_t)source->n_variables;
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    const hid_t names = create_dataset(group, "_index", type, 1, &count);
    herr_t status = -1;
    if (names >= 0) {
        status = H5Dwrite(names, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, source->names);
        put_text(names, "encoding-type", "string-array");
        put_text(names, "encoding-version", "0.2.0");
        H5Dclose(names);
    }
    H5Tclose(type);
    return status < 0;
}

/* Strings of any length cannot be written by many ranks: rank 0 adds them alone. */
static int write_variables(dsep_context *ctx, const char *path, const dsep_row_source *source) {
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    if (file < 0)
        return failed(ctx, path, "reopening");
    const hid_t group = H5Gcreate2(file, "/variables", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    int bad = group < 0;
    if (!bad) {
        put_text(group, "encoding-type", "dataframe");
        put_text(group, "encoding-version", "0.2.0");
        put_text(group, "_index", "_index");
        put_no_columns(group);
        bad = put_names(group, source);
        H5Gclose(group);
    }
    if (H5Fclose(file) < 0 || bad)
        return failed(ctx, path, "writing the names");
    return DSEP_OK;
}

int dsep_table_write_h5(dsep_context *ctx, const char *path, const dsep_row_source *source,
                        int64_t piece_rows) {
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* errors are told by the context */
    int code = dsep_agree(ctx, write_values(ctx, path, source, piece_rows));
    if (code)
        return code;
    code = dsep_rank(ctx) == 0 ? write_variables(ctx, path, source) : DSEP_OK;
    return code ? code : dsep_fault(ctx, "write-close");
}
