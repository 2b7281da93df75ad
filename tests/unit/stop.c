/* Requests to stop: a signal to one rank is everyone's, a second one ends the process, deadlines of
 * the user and of Slurm, nonsense in the environment, the same reason everywhere. */
#include "mpi/stop.h"
#include "mpi/clock.h"
#include "mpi/exchange.h"
#include "tests/support/tap.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static dsep_context *ctx;

static int reason_is(const dsep_stop *stop, const char *wanted) {
    const char *reason = dsep_stop_reason(ctx, stop);
    if (strcmp(reason, wanted) != 0)
        tap_note("reason '%s'", reason);
    return strcmp(reason, wanted) == 0;
}

/* --- deadlines ------------------------------------------------------------------------------- */

static void set_slurm(const char *job, const char *end) {
    unsetenv("SLURM_JOB_ID");
    unsetenv("SLURM_JOB_END_TIME");
    if (job)
        setenv("SLURM_JOB_ID", job, 1);
    if (end)
        setenv("SLURM_JOB_END_TIME", end, 1);
}

/* Slurm's end in `seconds` from now, on rank 0 alone: it speaks for all. */
static void end_in(int64_t seconds) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)(dsep_clock_now() + seconds));
    set_slurm("7", dsep_rank(ctx) == 0 ? text : NULL);
}

static int near(double left, double wanted) {
    const int good = fabs(left - wanted) < 3;
    if (!good)
        tap_note("%g s are left, %g were to be", left, wanted);
    return good;
}

static void test_max_time(void) {
    set_slurm(NULL, NULL);
    dsep_stop none = dsep_stop_create(ctx, dsep_clock(), 0);
    tap_ok(none.deadline == 0 && !dsep_stop_agree(ctx, &none, 1e12) && reason_is(&none, "nothing"),
           "without a limit nothing is ever late");
    dsep_stop stop = dsep_stop_create(ctx, dsep_clock() - 40, 100);
    tap_ok(near(stop.deadline - dsep_clock(), 60) && !stop.slurm,
           "--max-time counts from the start");
    tap_ok(!dsep_stop_wanted(&stop, 50) && dsep_stop_wanted(&stop, 70),
           "a unit that would be late is seen before it starts");
    tap_ok(!dsep_stop_agree(ctx, &stop, 50) && dsep_stop_agree(ctx, &stop, 70) &&
               reason_is(&stop, "--max-time"),
           "by all ranks");
    const double mine = dsep_rank(ctx) == dsep_size(ctx) - 1 ? 70 : 0;
    tap_ok(dsep_stop_agree(ctx, &stop, mine) == 1, "one rank's lateness counts for all");
    stop = dsep_stop_create(ctx, dsep_clock() - 40, 20);
    tap_ok(dsep_stop_wanted(&stop, 0), "a limit that is over at once");
}

static void test_slurm(void) {
    end_in(100000);
    dsep_stop stop = dsep_stop_create(ctx, dsep_clock(), 0);
    tap_ok(near(stop.deadline - dsep_clock(), 100000 - 30) && stop.slurm &&
               reason_is(&stop, "the end of the Slurm job"),
           "Slurm's end less 30 s");
    end_in(200);
    stop = dsep_stop_create(ctx, dsep_clock(), 0);
    tap_ok(near(stop.deadline - dsep_clock(), 190), "or less a twentieth where that is less");
    stop = dsep_stop_create(ctx, dsep_clock(), 100);
    tap_ok(near(stop.deadline - dsep_clock(), 100) && !stop.slurm, "--max-time before it");
    stop = dsep_stop_create(ctx, dsep_clock(), 1000);
    tap_ok(near(stop.deadline - dsep_clock(), 190) && stop.slurm, "--max-time after it");
}

static void test_nonsense(void) {
    static const char *const ends[] = {"", "soon", "12x", "-5", "0", "1000", "0x7fffffff"};
    int good = 1;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        set_slurm("7", ends[i]);
        good &= dsep_stop_create(ctx, dsep_clock(), 0).deadline == 0;
    }
    tap_ok(good, "an end that is no number, or over, is none");
    end_in(1000);
    unsetenv("SLURM_JOB_ID");
    tap_ok(dsep_stop_create(ctx, dsep_clock(), 0).deadline == 0, "nor is one outside of a job");
    set_slurm("7", NULL);
    tap_ok(dsep_stop_create(ctx, dsep_clock(), 0).deadline == 0, "a job without an end");
    set_slurm("7", "99999999999999999999999");
    tap_ok(!dsep_stop_agree(ctx, &(dsep_stop){0}, 0), "and an end that no number holds");
    const dsep_stop far = dsep_stop_create(ctx, dsep_clock(), 0);
    tap_ok(!dsep_stop_agree(ctx, &far, 1e9), "is far away");
    set_slurm(NULL, NULL);
}

/* --- signals --------------------------------------------------------------------------------- */

/* What becomes of a process that gets two signals with a pause between; MPI is not touched there.
 */
static int fate(int first, int pause, int second) {
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        dsep_stop_listen();
        raise(first);
        usleep((useconds_t)pause * 1000);
        raise(second);
        _exit(dsep_stop_signal());
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void test_second(void) {
    tap_ok(fate(SIGTERM, 1100, SIGTERM) == -SIGTERM, "a second SIGTERM ends the process");
    tap_ok(fate(SIGTERM, 1100, SIGINT) == -SIGINT, "so does a SIGINT after it");
    tap_ok(fate(SIGTERM, 0, SIGTERM) == SIGTERM, "at once it is the same request");
    tap_ok(fate(SIGUSR1, 1100, SIGTERM) == SIGTERM, "SIGTERM after SIGUSR1 is the first");
    tap_ok(fate(SIGINT, 1100, SIGUSR1) == SIGINT, "SIGUSR1 never ends it");
}

static void test_signal(void) {
    const dsep_stop none = {0};
    const int last = dsep_size(ctx) - 1;
    dsep_stop_listen();
    tap_ok(dsep_stop_signal() == 0 && !dsep_stop_agree(ctx, &none, 0), "no signal yet");
    if (dsep_rank(ctx) == last)
        raise(SIGUSR1);
    tap_ok(dsep_stop_signal() == (dsep_rank(ctx) == last ? SIGUSR1 : 0), "a signal to one rank");
    tap_ok(dsep_stop_wanted(&none, 0) == (dsep_rank(ctx) == last), "which wants to stop");
    tap_ok(dsep_stop_agree(ctx, &none, 0) == 1 && reason_is(&none, "SIGUSR1"), "stops all");
    if (dsep_rank(ctx) == 0)
        raise(SIGTERM);
    tap_ok(reason_is(&none, "SIGTERM"), "of several reasons all ranks name the same");
    const dsep_stop late = {.deadline = 1};
    tap_ok(reason_is(&late, "SIGTERM"), "a signal before a deadline");
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    test_max_time();
    test_slurm();
    test_nonsense();
    test_second();
    test_signal();
    return tap_end();
}
