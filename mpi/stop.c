#include "mpi/stop.h"

#include "mpi/clock.h"
#include "mpi/exchange.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

/* The only global of the program: a signal handler is given nothing but a number. */
static struct {
    volatile sig_atomic_t signal, moment; /* which one came, and when, in milliseconds */
} asked;

enum { SAME_REQUEST = 1000 };

/* The handler may call nothing that is not safe in a signal; all of this is. */
static int milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int)((now.tv_sec * 1000LL + now.tv_nsec / 1000000) & INT32_MAX);
}

static void on_signal(int number) {
    const int before = errno, now = milliseconds();
    const int urgent = asked.signal == SIGINT || asked.signal == SIGTERM;
    if (!urgent) {
        asked.moment = now;
        asked.signal = number;
    } else if (number != SIGUSR1 && ((now - asked.moment) & INT32_MAX) >= SAME_REQUEST) {
        signal(number, SIG_DFL);
        raise(number);
    }
    errno = before;
}

void dsep_stop_listen(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
}

int dsep_stop_signal(void) {
    return asked.signal;
}

/* Seconds until this Slurm job must have written everything; 0 without an end to believe in. */
static double slurm_left(void) {
    const char *text = getenv("SLURM_JOB_END_TIME");
    if (!getenv("SLURM_JOB_ID") || !text || !*text)
        return 0;
    char *rest = NULL;
    const double left = (double)(strtoll(text, &rest, 10) - time(NULL));
    if (*rest || !(left > 0))
        return 0;
    return left - (left / 20 < 30 ? left / 20 : 30);
}

dsep_stop dsep_stop_create(dsep_context *ctx, double started, double max_time) {
    const double now = dsep_clock(), slurm = slurm_left();
    /* A wish that is over already still is one: less than nothing is left. */
    struct {
        double left;
        int limited, slurm;
    } told = {started + max_time - now, max_time > 0, 0};
    if (slurm > 0 && (!told.limited || slurm < told.left)) {
        told.left = slurm;
        told.limited = told.slurm = 1;
    }
    dsep_broadcast(ctx, &told, sizeof told, 0);
    return (dsep_stop){told.limited ? dsep_clock() + told.left : 0, told.slurm};
}

int dsep_stop_wanted(const dsep_stop *stop, double seconds) {
    return asked.signal || (stop->deadline != 0 && dsep_clock() + seconds > stop->deadline);
}

int dsep_stop_agree(dsep_context *ctx, const dsep_stop *stop, double seconds) {
    int64_t wanted = dsep_stop_wanted(stop, seconds);
    dsep_max_i64(ctx, &wanted, 1);
    return (int)wanted;
}

const char *dsep_stop_reason(dsep_context *ctx, const dsep_stop *stop) {
    int64_t number = asked.signal;
    dsep_max_i64(ctx, &number, 1);
    switch (number) {
    case SIGTERM:
        return "SIGTERM";
    case SIGINT:
        return "SIGINT";
    case SIGUSR1:
        return "SIGUSR1";
    default:
        return stop->slurm           ? "the end of the Slurm job"
               : stop->deadline != 0 ? "--max-time"
                                     : "nothing";
    }
}
