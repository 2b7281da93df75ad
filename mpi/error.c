#include "mpi/error.h"

#include <stdarg.h>
#include <stdio.h>

int dsep_error_set(dsep_error *error, int code, const char *format, ...) {
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
        error->code = code;
    }
    return code;
}

int dsep_error_severity(int code) {
    switch (code) {
    case DSEP_OK:
        return 0;
    case DSEP_STOPPED:
        return 1;
    default:
        return code + 1;
    }
}
