#include "solvers/pauses.h"

#include "mpi/clock.h"
#include "mpi/exchange.h"

/* Tasks a rank of a unit whose rate is not known. */
enum { PROBE = 4 };

static double cost_of(dsep_unit_costs costs, int64_t task) {
    return *(const double *)((const char *)costs.first + (size_t)task * costs.stride);
}

int64_t dsep_units_end(dsep_context *ctx, const dsep_units *units, dsep_unit_costs costs,
                       int64_t next, double *cost) {
    const dsep_pauses *pauses = units->pauses;
    const double wanted = pauses ? pauses->seconds * units->rate : 0;
    const int64_t least = next + dsep_size(ctx) * (pauses && pauses->seconds > 0 ? PROBE : 1);
    int64_t end = next;
    double sum = 0, rest = 0;
    while (end < costs.count && (!pauses || end < least || sum < wanted))
        sum += cost_of(costs, end++);
    for (int64_t t = end; t < costs.count && rest <= wanted / 2; t++)
        rest += cost_of(costs, t);
    const int last = rest <= wanted / 2;
    *cost = last ? sum + rest : sum;
    return last ? costs.count : end;
}

double dsep_units_ahead(dsep_context *ctx, const dsep_units *units, dsep_unit_costs costs,
                        int64_t next) {
    double cost;
    dsep_units_end(ctx, units, costs, next, &cost);
    return units->rate > 0 ? cost / units->rate : 0;
}

void dsep_units_measure(dsep_context *ctx, dsep_units *units, double cost, double began) {
    double seconds = dsep_clock() - began;
    dsep_max_f64(ctx, &seconds, 1);
    units->since += seconds;
    units->measured += seconds;
    if (seconds > 0 && cost > 0)
        units->rate = cost / seconds;
}

int dsep_units_due(dsep_context *ctx, dsep_units *units, double seconds) {
    const dsep_pauses *pauses = units->pauses;
    if (!pauses || units->since + seconds < pauses->seconds)
        return 0;
    units->since = 0;
    return pauses->due(ctx, seconds < pauses->seconds ? seconds : pauses->seconds, pauses->data);
}
