#include "solvers/assignment.h"

#include "mpi/memory.h"

#include <math.h>
#include <stdlib.h>

/* Column n does not exist: it belongs to the row that is about to get one. */
typedef struct {
    int64_t n;
    const double *cost;
    double *row_price, *column_price; /* cost - both prices >= 0, and 0 where assigned */
    double *distance;                 /* [n] of the shortest path to each column */
    int64_t *owner;                   /* [n + 1] row of a column, -1 without */
    int64_t *before;                  /* [n] the column before it on that path */
    uint8_t *reached;                 /* [n + 1] */
} search;

/* Takes column `at` into the tree, shortens paths through its row, and returns the nearest column
 * that is not in the tree. */
static int64_t reach(search *s, int64_t at) {
    const int64_t n = s->n, row = s->owner[at];
    int64_t nearest = -1;
    s->reached[at] = 1;
    for (int64_t j = 0; j < n; j++) {
        if (s->reached[j])
            continue;
        const double reduced = s->cost[row * n + j] - s->row_price[row] - s->column_price[j];
        if (reduced < s->distance[j]) {
            s->distance[j] = reduced;
            s->before[j] = at;
        }
        if (nearest < 0 || s->distance[j] < s->distance[nearest])
            nearest = j;
    }
    return nearest;
}

/* Changes prices so that the path to the nearest column costs nothing more. */
static void reprice(search *s, double by) {
    for (int64_t j = 0; j <= s->n; j++)
        if (s->reached[j]) {
            s->row_price[s->owner[j]] += by;
            if (j < s->n)
                s->column_price[j] -= by;
        } else if (j < s->n) {
            s->distance[j] -= by;
        }
}

static void assign_row(search *s, int64_t row) {
    int64_t at = s->n;
    for (int64_t j = 0; j <= s->n; j++)
        s->reached[j] = 0;
    for (int64_t j = 0; j < s->n; j++)
        s->distance[j] = INFINITY;
    for (s->owner[at] = row; s->owner[at] >= 0;) {
        const int64_t next = reach(s, at);
        reprice(s, s->distance[next]);
        at = next;
    }
    for (; at != s->n; at = s->before[at])
        s->owner[at] = s->owner[s->before[at]];
}

int dsep_assignment(int64_t n, const double *cost, dsep_error *error, int64_t *column,
                    double *total) {
    int code = DSEP_OK;
    search s = {.n = n, .cost = cost};
    s.row_price = dsep_array(3 * n, sizeof *s.row_price);
    s.owner = dsep_array(2 * n + 1, sizeof *s.owner);
    s.reached = dsep_array(n + 1, sizeof *s.reached);
    if (!s.row_price || !s.owner || !s.reached)
        DSEP_TRY(dsep_out_of_memory(error, "an assignment"));
    s.column_price = s.row_price + n;
    s.distance = s.column_price + n;
    s.before = s.owner + n + 1;
    for (int64_t j = 0; j < n; j++)
        s.owner[j] = -1;
    for (int64_t i = 0; i < n; i++)
        assign_row(&s, i);
    double sum = 0;
    for (int64_t j = 0; j < n; j++)
        column[s.owner[j]] = j;
    for (int64_t i = 0; i < n; i++)
        sum += cost[i * n + column[i]];
    if (total)
        *total = sum;
cleanup:
    free(s.row_price);
    free(s.owner);
    free(s.reached);
    return code;
}
