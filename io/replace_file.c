#include "io/replace_file.h"

#include "mpi/exchange.h"
#include "mpi/fault.h"
#include "mpi/memory.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* --- names ----------------------------------------------------------------------------------- */

/* Seconds: when a file of another host is forgotten; by how much a file server's clock may differ.
 */
enum { HOST = 64, FORGOTTEN = 600, CLOCKS = 5 };

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

/* Seconds since the process began; endless below 0 where there is none, or a dead one that its
 * parent has yet to notice: a container's first process may never. */
static double age_of(long pid) {
    char name[64], text[1024] = "", state = 'Z';
    unsigned long long began = 0;
    struct timespec now;
    snprintf(name, sizeof name, "/proc/%ld/stat", pid);
    FILE *file = fopen(name, "r");
    if (!file)
        return kill((pid_t)pid, 0) && errno == ESRCH ? -INFINITY : INFINITY;
    (void)!fread(text, 1, sizeof text - 1, file);
    fclose(file);
    const char *rest = strrchr(text, ')'); /* ends the name, in which anything may be */
    if (!rest ||
        sscanf(rest + 1,
               " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
               &state, &began) != 2 ||
        state == 'Z' || state == 'X')
        return -INFINITY;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9 -
           (double)began / (double)sysconf(_SC_CLK_TCK);
}

/* A process that began after the file was last written has been given the number of the writer. */
static int is_gone(int folder, const char *name, const char *host, long pid) {
    char here[HOST];
    struct stat file;
    struct timespec now;
    if (pid == getpid() || fstatat(folder, name, &file, 0))
        return 0;
    clock_gettime(CLOCK_REALTIME, &now);
    const double untouched = (double)(now.tv_sec - file.st_mtim.tv_sec) +
                             (double)(now.tv_nsec - file.st_mtim.tv_nsec) * 1e-9;
    host_name(here);
    return strcmp(host, here) == 0 ? untouched > age_of(pid) + CLOCKS : untouched > FORGOTTEN;
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
