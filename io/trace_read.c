#include "io/trace_read.h"

#include <stdio.h>

enum { MOST_TASKS = INT32_MAX };

static const int64_t MOST_BYTES = INT64_MAX >> 21; /* all phases; a million nodes of it fit */

/* Finds a column of integers; every column of a table has the rows of its first. */
static const int64_t *column(const dsep_trace *trace, const char *table, const char *name,
                             int64_t *rows) {
    char path[64];
    snprintf(path, sizeof path, "search/%s/%s", table, name);
    const dsep_h5tree *node = dsep_h5tree_find(trace->tree, path);
    if (!node || node->type != DSEP_H5TREE_INTEGER || node->dimensions != 1 || !node->integers ||
        (*rows >= 0 && node->count != *rows))
        return NULL;
    *rows = node->count;
    return node->integers;
}

static int wrong(const char *path, const char *what, dsep_error *error) {
    return dsep_error_set(error, DSEP_ERROR_DATA,
                          "the trace in '%s' does not agree with itself: %s. Repeat the run that "
                          "wrote it",
                          path, what);
}

/* order, half: [n_tasks] of each task. */
static int check(const dsep_trace *t, const int64_t *order, const int64_t *half, const char *path,
                 dsep_error *error) {
    int64_t row = 0, sum = 0, bytes = 0;
    for (int64_t i = 0; i < t->n_phases; i++) {
        if (t->tasks[i] < 0 || t->tasks[i] > t->n_tasks - row || t->bytes[i] < 0 ||
            t->bytes[i] > MOST_BYTES - bytes)
            return wrong(path, "a phase has a number of tasks or bytes that cannot be", error);
        bytes += t->bytes[i];
        for (const int64_t end = row + t->tasks[i]; row < end; row++) {
            if (order[row] != t->order[i] || half[row] != t->half[i])
                return wrong(path, "its tasks are not in the order of its phases", error);
            if (t->cost[row] < 0 || __builtin_add_overflow(sum, t->cost[row], &sum) ||
                sum > INT64_MAX / 2)
                return wrong(path, "a task has a cost that cannot be", error);
        }
    }
    return row == t->n_tasks ? DSEP_OK : wrong(path, "it has tasks of no phase", error);
}

static int find_columns(dsep_trace *t, const char *path, dsep_error *error) {
    t->n_tasks = t->n_phases = -1;
    if (!dsep_h5tree_find(t->tree, "search/tasks") || !dsep_h5tree_find(t->tree, "search/phases"))
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "'%s' does not tell what its tasks cost. Repeat the run with `dsep "
                              "discover --trace`",
                              path);
    const int64_t *order = column(t, "tasks", "order", &t->n_tasks);
    const int64_t *half = column(t, "tasks", "half", &t->n_tasks);
    t->cost = column(t, "tasks", "cost", &t->n_tasks);
    t->order = column(t, "phases", "order", &t->n_phases);
    t->half = column(t, "phases", "half", &t->n_phases);
    t->tasks = column(t, "phases", "tasks", &t->n_phases);
    t->bytes = column(t, "phases", "bytes", &t->n_phases);
    if (!order || !half || !t->cost || !t->order || !t->half || !t->tasks || !t->bytes)
        return wrong(path, "a column is missing, shorter than others, or not of whole numbers",
                     error);
    return check(t, order, half, path, error);
}

int dsep_trace_read(const char *path, dsep_error *error, dsep_trace *trace) {
    static const char *const branches[] = {"/search/tasks", "/search/phases", NULL};
    const dsep_h5tree_settings settings = {.limit = MOST_TASKS, .branches = branches};
    *trace = (dsep_trace){0};
    int code = dsep_h5tree_read(path, &settings, error, &trace->tree);
    if (!code)
        code = dsep_h5tree_check_result(trace->tree, path, error);
    if (!code)
        code = find_columns(trace, path, error);
    if (code)
        dsep_trace_release(trace);
    return code;
}

void dsep_trace_release(dsep_trace *trace) {
    dsep_h5tree_destroy(&trace->tree);
    *trace = (dsep_trace){0};
}
