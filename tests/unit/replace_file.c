/* Temporary files: several writers of one name each have their own, the last to finish wins whole,
 * and what is left behind by the dead is removed, by the living is not.
 * ranks: 1 3 */
#include "io/replace_file.h"
#include "mpi/exchange.h"
#include "tests/support/tap.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static dsep_context *ctx, *alone;

/* --- writers at the same time ---------------------------------------------------------------- */

/* As much of rank `mark`'s letter as tells a mixture. */
static int write_some(const char *name, char mark, size_t count) {
    FILE *file = fopen(name, "a");
    for (size_t i = 0; file && i < count; i++)
        putc('a' + mark, file);
    return file && fclose(file) == 0;
}

/* The one letter of a file, or 0 where it has several, or another length. */
static int letter(const char *name, int64_t length) {
    FILE *file = fopen(name, "r");
    int first = file ? getc(file) : 0, c = first;
    int64_t count = 0;
    for (; file && c == first; c = getc(file))
        count++;
    if (file)
        fclose(file);
    return c == EOF && count == length ? first : 0;
}

static void test_writers(void) {
    char path[600], *mine = NULL;
    snprintf(path, sizeof path, "%s", tap_path("result"));
    int good = dsep_replace_begin(alone, path, &mine) == DSEP_OK;
    for (int piece = 0; good && piece < 5; piece++) {
        good = write_some(mine, (char)dsep_rank(ctx), 1000);
        dsep_barrier(ctx);
    }
    tap_ok(good && letter(mine, 5000) == 'a' + dsep_rank(ctx), "every run writes its own");
    for (int turn = 0; turn < dsep_size(ctx); turn++) {
        dsep_barrier(ctx);
        if (turn == dsep_rank(ctx))
            good = dsep_replace_finish(alone, DSEP_OK, mine, path) == DSEP_OK &&
                   letter(path, 5000) == 'a' + turn;
    }
    tap_ok(good, "and each leaves a whole file");
    tap_ok(tap_nothing_beside(path), "and nothing beside it");
    free(mine);
}

static void test_name(void) {
    char path[600], *name = NULL, *others = NULL;
    snprintf(path, sizeof path, "%s", tap_path("shared"));
    dsep_replace_begin(ctx, path, &name);
    others = name ? strdup(name) : NULL;
    dsep_broadcast(ctx, others, others ? (int64_t)strlen(name) : 0, 0);
    tap_ok(name && strcmp(name, others) == 0, "all ranks have the name of rank 0");
    free(others);
    free(name);
}

/* --- what was left behind -------------------------------------------------------------------- */

static pid_t dead(void) {
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    return child;
}

/* Its number stays taken until somebody waits for it. */
static pid_t dead_unnoticed(void) {
    siginfo_t info;
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
    return child;
}

static void leave(const char *name, int64_t seconds_ago) {
    const int file = open(tap_path(name), O_CREAT | O_WRONLY, 0600);
    const struct timespec then[2] = {{time(NULL) - seconds_ago, 0}, {time(NULL) - seconds_ago, 0}};
    futimens(file, then);
    close(file);
}

static int is_left(const char *name) {
    return access(tap_path(name), F_OK) == 0;
}

static void test_remains(void) {
    char here[64], killed[128], zombie[128], later[128], living[128], path[600], *mine = NULL;
    const pid_t unnoticed = dead_unnoticed();
    static const char *const others[] = {"x.tmp",      "x.notes",  "x.a.b-3.tmp",   "y.far-1.tmp",
                                         "x.far-.tmp", "x.-7.tmp", "x.far-7.tmp.gz"};
    gethostname(here, sizeof here);
    here[strcspn(here, ".")] = '\0';
    snprintf(killed, sizeof killed, "x.%s-%ld.tmp", here, (long)dead());
    snprintf(zombie, sizeof zombie, "x.%s-%ld.tmp", here, (long)unnoticed);
    snprintf(living, sizeof living, "x.%s-%ld.tmp", here, (long)getppid());
    snprintf(later, sizeof later, "x.%s-1.tmp", here);
    snprintf(path, sizeof path, "%s", tap_path("x"));
    leave(killed, 0);
    leave(zombie, 0);
    leave(living, 0);
    leave(later, 10LL * 365 * 86400);
    leave("x.far-1.tmp", 100000);
    leave("x.far-2.tmp", 10);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        leave(others[i], 100000);
    dsep_replace_begin(alone, path, &mine);
    tap_ok(!is_left(killed), "of a process that is gone: removed");
    tap_ok(!is_left(zombie), "of one that is dead and not yet noticed: removed");
    tap_ok(!is_left(later), "of one that began after the file was written: removed");
    tap_ok(is_left(living), "of one that lives: left");
    tap_ok(!is_left("x.far-1.tmp") && is_left("x.far-2.tmp"), "of another host: removed when old");
    dsep_replace_clear(path);
    tap_ok(!is_left(living) && !is_left("x.far-2.tmp"), "clear removes them all");
    int kept = 1;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        kept &= is_left(others[i]);
    tap_ok(kept, "other files are nobody's business");
    free(mine);
    waitpid(unnoticed, NULL, 0);
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    dsep_context_create(MPI_COMM_SELF, &alone);
    tap_directory();
    test_writers();
    test_name();
    if (dsep_size(ctx) == 1) /* files of one name */
        test_remains();
    dsep_context_destroy(&alone);
    return tap_end();
}
