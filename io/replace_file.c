#include "io/replace_file.h"

#include "mpi/fault.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *dsep_replace_temporary(const char *path) {
    const size_t size = strlen(path) + sizeof ".tmp";
    char *text = malloc(size);
    if (text)
        snprintf(text, size, "%s.tmp", path);
    return text;
}

static int flush_path(const char *path, int flags) {
    const int file = open(path, flags | O_CLOEXEC);
    if (file < 0)
        return -1;
    const int failed = fsync(file);
    return close(file) || failed ? -1 : 0;
}

void dsep_replace_flush_folder(const char *path) {
    char *folder = strdup(path);
    if (!folder)
        return;
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    (void)!flush_path(slash ? folder : ".", O_RDONLY | O_DIRECTORY);
    free(folder);
}

static int rename_flushed(dsep_context *ctx, const char *temporary, const char *path) {
    if (flush_path(temporary, O_RDWR))
        return dsep_fail(ctx, DSEP_ERROR_IO, "cannot flush '%s' to disk: %m", temporary);
    if (rename(temporary, path))
        return dsep_fail(ctx, DSEP_ERROR_IO, "cannot rename '%s' to '%s': %m", temporary, path);
    dsep_replace_flush_folder(path);
    return DSEP_OK;
}

int dsep_replace_finish(dsep_context *ctx, int mine, const char *temporary, const char *path) {
    if (!mine)
        mine = dsep_fault(ctx, "write-rename");
    int code = dsep_agree(ctx, mine);
    if (!code) {
        mine = dsep_rank(ctx) == 0 ? rename_flushed(ctx, temporary, path) : DSEP_OK;
        code = dsep_agree(ctx, mine);
    }
    if (code && temporary && dsep_rank(ctx) == 0)
        unlink(temporary);
    return code;
}
