#include "io/replace_file.h"

#include "mpi/exchange.h"
#include "mpi/fault.h"
#include "mpi/memory.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* --- names ----------------------------------------------------------------------------------- */

enum { HOST = 64, FORGOTTEN = 600 /* seconds */ };

/* This host's name up to its first dot, which ends the host in a temporary file's name. */
static void host_name(char host[HOST]) {
    if (gethostname(host, HOST))
        snprintf(host, HOST, "host");
    host[HOST - 1] = '\0';
    host[strcspn(host, "./")] = '\0';
}

/* The folder of `path`, and in *base its name there; NULL without memory. Owner: the caller. */
static char *folder_of(const char *path, const char **base) {
    const char *slash = strrchr(path, '/');
    *base = slash ? slash + 1 : path;
    return !slash ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* Whether `name` is BASE.HOST-PID.tmp; of which host and process. */
static int is_temporary(const char *name, const char *base, char host[HOST], long *pid) {
    const size_t length = strlen(base);
    if (strncmp(name, base, length) != 0 || name[length] != '.')
        return 0;
    const char *first = name + length + 1, *dot = strchr(first, '.');
    if (!dot || strcmp(dot, ".tmp") != 0)
        return 0;
    const char *digits = dot;
    while (digits > first && isdigit((unsigned char)digits[-1]))
        digits--;
    if (digits == dot || digits < first + 2 || digits[-1] != '-' || digits - first > HOST)
        return 0;
    snprintf(host, HOST, "%.*s", (int)(digits - first) - 1, first);
    *pid = strtol(digits, NULL, 10);
    return 1;
}

static int is_gone(int folder, const char *name, const char *host, long pid) {
    char here[HOST];
    struct stat file;
    host_name(here);
    if (strcmp(host, here) == 0)
        return pid != getpid() && kill((pid_t)pid, 0) && errno == ESRCH;
    return fstatat(folder, name, &file, 0) == 0 && time(NULL) - file.st_mtime > FORGOTTEN;
}

/* Removes the temporary files of `path`: all, or those of runs that are gone. */
static void remove_temporaries(const char *path, int all) {
    const char *base;
    char *name = folder_of(path, &base), host[HOST];
    DIR *folder = name ? opendir(name) : NULL;
    long pid;
    for (struct dirent *e; folder && (e = readdir(folder));)
        if (is_temporary(e->d_name, base, host, &pid) &&
            (all || is_gone(dirfd(folder), e->d_name, host, pid)))
            unlinkat(dirfd(folder), e->d_name, 0);
    if (folder)
        closedir(folder);
    free(name);
}

int dsep_replace_begin(dsep_context *ctx, const char *path, char **temporary) {
    const size_t size = strlen(path) + HOST + sizeof ".-.tmp" + 20;
    char host[HOST];
    *temporary = calloc(size, 1);
    if (*temporary && dsep_rank(ctx) == 0) {
        host_name(host);
        remove_temporaries(path, 0);
        snprintf(*temporary, size, "%s.%s-%ld.tmp", path, host, (long)getpid());
    }
    const int code = dsep_agree(
        ctx,
        *temporary ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "the name of a file"));
    if (!code)
        dsep_broadcast(ctx, *temporary, (int64_t)size, 0);
    else {
        free(*temporary);
        *temporary = NULL;
    }
    return code;
}

void dsep_replace_clear(const char *path) {
    remove_temporaries(path, 1);
}

/* --- the disk -------------------------------------------------------------------------------- */

static int flush_path(const char *path, int flags) {
    const int file = open(path, flags | O_CLOEXEC);
    if (file < 0)
        return -1;
    const int failed = fsync(file);
    return close(file) || failed ? -1 : 0;
}

void dsep_replace_flush_folder(const char *path) {
    const char *base;
    char *folder = folder_of(path, &base);
    if (folder)
        (void)!flush_path(folder, O_RDONLY | O_DIRECTORY);
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
