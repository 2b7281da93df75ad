/* Units of work: where they end, what they learn, and when somebody is asked. */
#include "solvers/pauses.h"

#include "mpi/clock.h"
#include "tests/support/tap.h"

enum { TASKS = 1000 };

/* What the hook was told. */
typedef struct {
    int asked;
    double seconds;
} witness;

static int due(dsep_context *ctx, double seconds, void *data) {
    witness *w = data;
    (void)ctx;
    w->asked++;
    w->seconds = seconds;
    return 1;
}

/* Every task is in one unit, no unit is empty, and all but the last two cost what they should. */
static void test_cuts(dsep_context *ctx, const double *costs, double total) {
    static const struct {
        double seconds, rate;
    } cases[] = {{1, 100}, {2, 1e3}, {1, 7e3}, {1, 1e9}, {1, 1e-9}, {0, 100}, {5, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const dsep_pauses pauses = {.seconds = cases[i].seconds, .due = due};
        const dsep_units units = {.pauses = &pauses, .rate = cases[i].rate};
        const dsep_unit_costs list = {costs, 2 * sizeof *costs, TASKS};
        const double wanted = cases[i].seconds * cases[i].rate;
        const int64_t few = dsep_size(ctx) * (cases[i].seconds > 0 ? 4 : 1);
        int good = 1, n_units = 0;
        double sum = 0, cost = 0;
        for (int64_t next = 0, end; next < TASKS; next = end, n_units++) {
            end = dsep_units_end(ctx, &units, list, next, &cost);
            const double ahead = dsep_units_ahead(ctx, &units, list, next);
            good &= end > next && end <= TASKS && cost <= 1.5 * wanted + (double)few * costs[0];
            good &= end == TASKS || cost >= wanted || end - next == few;
            good &= ahead == (cases[i].rate > 0 ? cost / cases[i].rate : 0);
            sum += cost;
            if (end <= next)
                break;
        }
        tap_ok(good && sum == total, "%g s at a rate of %g: %d units", cases[i].seconds,
               cases[i].rate, n_units);
    }
    const dsep_units none = {.rate = 1};
    double cost = 0;
    const dsep_unit_costs list = {costs, 2 * sizeof *costs, TASKS};
    tap_ok(dsep_units_end(ctx, &none, list, 10, &cost) == TASKS && cost < total,
           "without pauses all that is left is one unit");
    const double one = 1;
    const dsep_unit_costs same = {&one, 0, 50000};
    const dsep_pauses pauses = {.seconds = 3};
    const dsep_units units = {.pauses = &pauses, .rate = 1000};
    tap_ok(dsep_units_end(ctx, &units, same, 500, &cost) == 3500 && cost == 3000,
           "tasks that all cost the same");
}

static void test_questions(dsep_context *ctx) {
    witness w = {0};
    const dsep_pauses pauses = {.seconds = 10, .due = due, .data = &w};
    dsep_units units = {.pauses = &pauses, .since = 3}, none = {0};
    tap_ok(!dsep_units_due(ctx, &units, 6.5) && w.asked == 0, "nobody is asked too early");
    tap_ok(dsep_units_due(ctx, &units, 7) && w.asked == 1 && w.seconds == 7 && units.since == 0,
           "asked before a unit that would make it late");
    tap_ok(dsep_units_due(ctx, &units, 1e9) && w.seconds == 10,
           "no unit is longer than it is to be");
    tap_ok(!dsep_units_due(ctx, &none, 1e9), "without pauses nobody is asked");
}

static void test_measure(dsep_context *ctx) {
    dsep_units units = {.rate = 5};
    dsep_units_measure(ctx, &units, 50, dsep_clock() - (dsep_rank(ctx) == 0 ? 2 : 1));
    tap_ok(units.since >= 2 && units.since < 3 && units.measured == units.since &&
               units.rate == 50 / units.since,
           "the slowest rank's seconds count");
    const double rate = units.rate;
    dsep_units_measure(ctx, &units, 0, dsep_clock());
    tap_ok(units.rate == rate, "a unit of nothing tells no rate");
}

int main(int argc, char **argv) {
    dsep_context *ctx = tap_begin(&argc, &argv);
    double costs[2 * TASKS], total = 0; /* every second one is a task's: largest first */
    for (int t = 0; t < TASKS; t++) {
        costs[2 * t] = (double)(TASKS / (t + 1) + 1);
        costs[2 * t + 1] = -1e9;
        total += costs[2 * t];
    }
    test_cuts(ctx, costs, total);
    test_questions(ctx);
    test_measure(ctx);
    return tap_end();
}
