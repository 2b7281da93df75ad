#include "tests/support/tap.h"

#include "solvers/blas.h"

#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static dsep_context *context;
static int tests, failures;
static char directory[256];

dsep_context *tap_begin(int *argc, char ***argv) {
    /* The kernels of the program: dsymv of OpenBLAS' SSE ones reads behind its matrix. */
    dsep_blas_guard(*argv, getenv("OPENBLAS_CORETYPE"));
    setvbuf(stdout, NULL, _IOLBF, 0);
    MPI_Init(argc, argv);
    if (dsep_context_create(MPI_COMM_WORLD, &context))
        MPI_Abort(MPI_COMM_WORLD, 1);
    return context;
}

int tap_ok(int good, const char *format, ...) {
    int all = good != 0;
    MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_MIN, dsep_comm(context));
    if (!good)
        printf("# rank %d of %d disagrees with the next test\n", dsep_rank(context),
               dsep_size(context));
    fflush(stdout);
    tests++;
    failures += !all;
    MPI_Barrier(dsep_comm(context));
    if (dsep_rank(context) == 0) {
        char text[1024];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        printf("%s %d - %s\n", all ? "ok" : "not ok", tests, text);
        fflush(stdout);
    }
    return all;
}

void tap_skip(const char *format, ...) {
    tests++;
    if (dsep_rank(context) != 0)
        return;
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    printf("ok %d # SKIP %s\n", tests, text);
}

int tap_draws(int whole) {
#ifdef __SANITIZE_ADDRESS__
    return (whole + 4) / 5;
#else
    return whole;
#endif
}

void tap_note(const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    printf("# [%d] %s\n", dsep_rank(context), text);
}

int tap_end(void) {
    if (dsep_rank(context) == 0)
        printf("1..%d\n", tests);
    MPI_Barrier(dsep_comm(context));
    if (*directory && dsep_rank(context) == 0) {
        char command[512];
        snprintf(command, sizeof command, "rm -rf '%s'", directory);
        if (system(command))
            printf("# could not remove %s\n", directory);
    }
    dsep_context_destroy(&context);
    MPI_Finalize();
    return failures > 0;
}

const char *tap_directory(void) {
    if (*directory)
        return directory;
    if (dsep_rank(context) == 0) {
        const char *base = getenv("TMPDIR");
        snprintf(directory, sizeof directory, "%s/dsep-test-XXXXXX", base ? base : "/tmp");
        if (!mkdtemp(directory))
            MPI_Abort(dsep_comm(context), 1);
    }
    MPI_Bcast(directory, sizeof directory, MPI_CHAR, 0, dsep_comm(context));
    return directory;
}

const char *tap_path(const char *name) {
    static char path[512];
    if (!*directory) { /* it would be a file of all tests, in the root */
        fprintf(stderr, "tap_path(\"%s\") before tap_directory()\n", name);
        MPI_Abort(dsep_comm(context), 1);
    }
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

int tap_nothing_beside(const char *path) {
    char pattern[600];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s.*.tmp", path);
    MPI_Barrier(dsep_comm(context)); /* rank 0 may be removing it */
    const int nothing = glob(pattern, 0, NULL, &found) == GLOB_NOMATCH;
    globfree(&found);
    return nothing;
}

const char *tap_data(void) {
    static const char *const path = "../shared/data";
    struct stat found;
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode) ? path : NULL;
}
