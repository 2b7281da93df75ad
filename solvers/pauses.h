/* Long work in units, between which its state can be kept.
 *
 * Tasks are handed out in units that last about as long as was asked for. Clocks choose where a
 * unit ends and so what a kept state holds, never a result. */
#ifndef DSEP_SOLVERS_PAUSES_H
#define DSEP_SOLVERS_PAUSES_H

#include "mpi/context.h"
#include "mpi/state.h"

/* What is asked between two units. */
typedef struct {
    double seconds; /* about how long a unit is to last; 0: as short as can be */

    /* Whether the state is to be kept now. seconds: about what the next unit needs. Collective: the
     * same on every rank. */
    int (*due)(dsep_context *ctx, double seconds, void *data);

    /* Takes the state, which is lent; *stop: the work is to end here. Collective. Errors are
     * agreed, and then the work's. */
    int (*keep)(dsep_context *ctx, const dsep_state *state, void *data, int *stop);
    void *data;
} dsep_pauses;

/* Work that is cut into units. Equal on all ranks. */
typedef struct {
    const dsep_pauses *pauses; /* NULL: all is one unit */
    double rate;               /* cost that all ranks do in a second; 0: not known */
    double since;              /* seconds of units since the last question */
    double measured;           /* seconds of units; the owner may set it to 0 */
} dsep_units;

/* What tasks cost: a double every `stride` bytes, all in the unit of dsep_units.rate. */
typedef struct {
    const void *first;
    size_t stride;
    int64_t count;
} dsep_unit_costs;

/* Where the unit ends that begins at task `next`; *cost: what it is forecast to cost. The last
 * takes up to half a unit more. At a rate that is not known a unit is a few tasks a rank. Not
 * collective: the same on every rank. */
int64_t dsep_units_end(dsep_context *ctx, const dsep_units *units, dsep_unit_costs costs,
                       int64_t next, double *cost);

/* Seconds that this unit is forecast to need; 0 where that is not known. Not collective: the same
 * on every rank. */
double dsep_units_ahead(dsep_context *ctx, const dsep_units *units, dsep_unit_costs costs,
                        int64_t next);

/* Learns the rate from a unit that began at `began` on this rank's dsep_clock(). Collective. Cost:
 * one reduction. */
void dsep_units_measure(dsep_context *ctx, dsep_units *units, double cost, double began);

/* Whether the state is to be kept before `seconds` of further work. Nobody is asked, and there is
 * no communication, while the time since the last question is short. Collective. */
int dsep_units_due(dsep_context *ctx, dsep_units *units, double seconds);

#endif
