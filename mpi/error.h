/* Errors: a code that becomes the exit code, and a text that tells a user what to do.
 *
 * A local function fails into a dsep_error that its caller lends; a collective function fails
 * into its context's error, and after dsep_agree() every rank holds the same one. */
#ifndef DSEP_MPI_ERROR_H
#define DSEP_MPI_ERROR_H

/* What every fallible function returns; also the program's exit codes. */
typedef enum {
    DSEP_OK = 0,
    DSEP_ERROR_USAGE = 2,     /* wrong command line or study file */
    DSEP_ERROR_DATA = 3,      /* wrong data */
    DSEP_ERROR_RESOURCES = 4, /* does not fit; said before the run */
    DSEP_ERROR_IO = 5,        /* reading or writing failed */
    DSEP_ERROR_INTERNAL = 70, /* a fault of the program */
    DSEP_STOPPED = 85         /* stopped in good order; the same command goes on */
} dsep_code;

typedef struct {
    int code;
    char text[2048];
} dsep_error;

/* Sets code and text, and returns the code. Not collective.
 * error: lent; NULL only returns the code. Texts too long for the buffer are cut. */
int dsep_error_set(dsep_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* How bad a code is; agreement lets the worst one win. Not collective. */
int dsep_error_severity(int code);

/* Inside a function with `int code` and a label `cleanup`: go there when the call fails. */
#define DSEP_TRY(call)                                                                             \
    do {                                                                                           \
        code = (call);                                                                             \
        if (code)                                                                                  \
            goto cleanup;                                                                          \
    } while (0)

#endif
