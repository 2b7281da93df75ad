#include "jobs/output.h"

#include "io/replace_file.h"
#include "jobs/output_path.h"
#include "mpi/fault.h"
#include "mpi/memory.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    int (*print)(FILE *stream, void *data, dsep_error *error);
    void *data;
} printer;

/* Whether nobody reads standard output any more, as after `| head`: that is no failure. */
static int reader_left(void) {
    struct pollfd out = {.fd = STDOUT_FILENO};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

/* A reader that leaves early must not kill a rank: the others would wait for it. */
static int print_standard(dsep_context *ctx, printer what) {
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    dsep_error *error = dsep_context_error(ctx);
    sigaction(SIGPIPE, &ignore, &before);
    int code = what.print(stdout, what.data, error);
    errno = 0;
    const int failed = fflush(stdout) != 0 || ferror(stdout);
    if (!code && failed && !reader_left())
        code = dsep_error_set(error, DSEP_ERROR_IO, "writing to standard output failed%s%s",
                              errno ? ": " : "", errno ? strerror(errno) : "");
    sigaction(SIGPIPE, &before, NULL);
    return code;
}

static int print_file(dsep_context *ctx, const char *temporary, printer what) {
    dsep_error *error = dsep_context_error(ctx);
    FILE *file = fopen(temporary, "w");
    if (!file)
        return dsep_error_set(error, DSEP_ERROR_IO,
                              "cannot write '%s': %s; choose another path, or make the folder",
                              temporary, strerror(errno));
    int code = what.print(file, what.data, error);
    errno = 0;
    const int failed = fflush(file) != 0 || ferror(file);
    const int reason = errno;
    if ((fclose(file) != 0 || failed) && !code)
        code = dsep_error_set(error, DSEP_ERROR_IO, "writing '%s' failed: %s; free some space",
                              temporary, strerror(reason ? reason : EIO));
    return code;
}

int dsep_output_print(dsep_context *ctx, const char *path,
                      int (*print)(FILE *stream, void *data, dsep_error *error), void *data) {
    const printer what = {print, data};
    const int first = dsep_rank(ctx) == 0;
    if (!path)
        return dsep_agree(ctx, first ? print_standard(ctx, what) : DSEP_OK);
    char *temporary = NULL;
    int code =
        dsep_agree(ctx, first ? dsep_output_writable(path, dsep_context_error(ctx)) : DSEP_OK);
    if (!code)
        code = dsep_replace_begin(ctx, path, &temporary);
    if (code)
        return code;
    int mine = dsep_fault(ctx, "write-open");
    if (!mine && first)
        mine = print_file(ctx, temporary, what);
    code = dsep_replace_finish(ctx, mine, temporary, path);
    free(temporary);
    return code;
}
