#include "io/h5probe.h"

#include "mpi/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 20, BYTES_PER_SECOND = 10 << 20, BYTES_OF_MEMORY = 1 << 30, UNPACKED = 64 };

typedef struct {
    unsigned seconds;
    int64_t bytes; /* of memory, besides what the process has */
} limits;

static limits limits_for(const char *path) {
    struct stat found;
    const int64_t size = stat(path, &found) == 0 ? (int64_t)found.st_size : 0;
    const int64_t unpacked = dsep_bytes(size, UNPACKED, 1);
    return (limits){SECONDS + (unsigned)(size / BYTES_PER_SECOND),
                    unpacked > BYTES_OF_MEMORY ? unpacked : BYTES_OF_MEMORY};
}

/* A damaged length can make HDF5 fill all the memory of the machine. */
static void limit_memory(int64_t bytes) {
    long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file)
        return;
    const int found = fscanf(file, "%lld", &pages);
    fclose(file);
    const rlim_t all = (rlim_t)(pages * sysconf(_SC_PAGESIZE) + bytes);
    const struct rlimit limit = {all, all};
    if (found == 1)
        setrlimit(RLIMIT_AS, &limit);
}

/* MPI installs handlers that print backtraces; here a crash is an answer, not an accident. */
static void prepare_child(limits allowed) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM, SIGTERM};
    const struct rlimit none = {0, 0};
    sigset_t all;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_DFL);
    sigfillset(&all);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    setrlimit(RLIMIT_CORE, &none);
    const int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere >= 0)
        dup2(nowhere, STDERR_FILENO);
    limit_memory(allowed.bytes);
    alarm(allowed.seconds);
}

/* The child's error comes through a pipe, which it fills at the very end. */
static void run_child(limits allowed, int pipe_end, const char *path,
                      int (*walk)(const char *path, void *argument, dsep_error *error),
                      void *argument) {
    dsep_error found = {0};
    prepare_child(allowed);
    found.code = walk(path, argument, &found);
    _exit(write(pipe_end, &found, sizeof found) == (ssize_t)sizeof found ? 0 : 1);
}

/* All of it, or 0: a child that died has written nothing. */
static int receive(int pipe_end, dsep_error *found) {
    size_t done = 0;
    while (done < sizeof *found) {
        const ssize_t got = read(pipe_end, (char *)found + done, sizeof *found - done);
        if (got == 0 || (got < 0 && errno != EINTR))
            return 0;
        done += got > 0 ? (size_t)got : 0;
    }
    return 1;
}

static int judge_death(const char *path, int status, unsigned seconds, dsep_error *error) {
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "'%s' could not be read within %u seconds: it is damaged, or its "
                              "disk is very slow",
                              path, seconds);
    return dsep_error_set(error, DSEP_ERROR_DATA,
                          "the HDF5 library itself fails on '%s': the file is damaged. Write it "
                          "again, or take a copy of it",
                          path);
}

static int no_child(const char *path, dsep_error *error) {
    return dsep_error_set(error, DSEP_ERROR_RESOURCES,
                          "cannot start the process that checks '%s': %s", path, strerror(errno));
}

int dsep_h5_probe(const char *path,
                  int (*walk)(const char *path, void *argument, dsep_error *error), void *argument,
                  dsep_error *error) {
    const limits allowed = limits_for(path);
    dsep_error found = {0};
    int ends[2], status = 0;
    if (pipe(ends) != 0)
        return no_child(path, error);
    const pid_t child = fork();
    if (child == 0)
        run_child(allowed, ends[1], path, walk, argument);
    close(ends[1]);
    const int whole = child > 0 && receive(ends[0], &found);
    close(ends[0]);
    if (child < 0)
        return no_child(path, error);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!whole || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return judge_death(path, status, allowed.seconds, error);
    return found.code ? dsep_error_set(error, found.code, "%s", found.text) : DSEP_OK;
}
