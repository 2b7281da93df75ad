#include "jobs/json_print.h"

#include "mpi/memory.h"

int dsep_json_print(FILE *stream, json_t *made, dsep_error *error) {
    if (!made)
        return dsep_out_of_memory(error, "JSON");
    json_dumpf(made, stream, JSON_INDENT(2));
    fputc('\n', stream);
    json_decref(made);
    return DSEP_OK;
}
