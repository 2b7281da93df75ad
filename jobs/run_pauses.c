#include "jobs/run_pauses.h"

#include <math.h>

static int is_due(dsep_context *ctx, double seconds, void *data) {
    dsep_run_pausing *p = data;
    p->ahead = seconds;
    const int stop = dsep_stop_agree(ctx, &p->running->stop, seconds);
    return stop || dsep_running_due(ctx, p->running);
}

static int keep(dsep_context *ctx, const dsep_state *state, void *data, int *stop) {
    dsep_run_pausing *p = data;
    dsep_running_keep(ctx, p->running, state);
    *stop = dsep_stop_agree(ctx, &p->running->stop, p->ahead);
    return DSEP_OK;
}

dsep_pauses dsep_run_pauses(dsep_run_pausing *pausing) {
    const double shortest = 0.05, longest = 5;
    return (dsep_pauses){.seconds = fmin(fmax(pausing->running->every, shortest), longest),
                         .due = is_due,
                         .keep = keep,
                         .data = pausing};
}
