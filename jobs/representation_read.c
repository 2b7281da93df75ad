#include "jobs/representation_read.h"

#include "mpi/memory.h"

#include <string.h>

int dsep_representation_is_in(const dsep_h5tree *tree) {
    return dsep_h5tree_find(tree, "representation/H") != NULL;
}

int dsep_representation_is_at(const char *path) {
    static const char *const branches[] = {"/representation/H", NULL};
    const dsep_h5tree_settings settings = {DSEP_H5TREE_SMALL, branches};
    dsep_error ignored = {0};
    dsep_h5tree *tree = NULL;
    const int there = dsep_result_is_hdf5(path) &&
                      dsep_h5tree_read(path, &settings, &ignored, &tree) == DSEP_OK &&
                      dsep_representation_is_in(tree);
    dsep_h5tree_destroy(&tree);
    return there;
}

static int wrong(const dsep_representation_found *found, const char *what, dsep_error *error) {
    return dsep_error_set(
        error, DSEP_ERROR_DATA,
        "'%s' does not agree with itself: %s. Run the command that wrote it again", found->path,
        what);
}

/* A dataset of /representation with this shape; unused dimensions are 0. */
static const dsep_h5tree *find_array(const dsep_representation_found *found, const char *path,
                                     dsep_h5tree_type type, const int64_t shape[3]) {
    const dsep_h5tree *node = dsep_h5tree_find(found->tree, path);
    if (!node || node->type != type || !(node->reals || node->integers))
        return NULL;
    for (int k = 0; k < 3; k++)
        if (k < node->dimensions ? node->shape[k] != shape[k] : shape[k] != 0)
            return NULL;
    return node->dimensions <= 3 ? node : NULL;
}

static int copy(const dsep_representation_found *found, const char *path, const int64_t shape[3],
                double *to, dsep_error *error) {
    const dsep_h5tree *node = find_array(found, path, DSEP_H5TREE_REAL, shape);
    if (!node)
        return wrong(found, "a matrix of /representation is missing or has another shape", error);
    memcpy(to, node->reals, (size_t)node->count * sizeof *to);
    return DSEP_OK;
}

static int copy_order(dsep_representation_found *found, dsep_error *error) {
    dsep_representation *r = found->representation;
    const int64_t shape[3] = {r->n_factors, 0, 0};
    const dsep_h5tree *order =
        find_array(found, "representation/order", DSEP_H5TREE_INTEGER, shape);
    for (int64_t i = 0; order && i < r->n_factors; i++)
        r->order[i] = order->integers[i];
    return order ? DSEP_OK : wrong(found, "the order of its factors is missing", error);
}

/* Where a name stands in a list, -1 where it does not. */
static int64_t place_of(const char *name, char *const *list, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (strcmp(list[i], name) == 0)
            return i;
    return -1;
}

/* The names that tables tell of: what factors are named by, and targets of environments. */
static void read_names(dsep_representation_found *found) {
    dsep_representation *r = found->representation;
    const dsep_named_graph *graph = found->result->graph;
    const dsep_h5tree *named = dsep_h5tree_find(found->tree, "representation/factors/named_by");
    const dsep_h5tree *r2 = dsep_h5tree_find(found->tree, "representation/factors/named_r2");
    const dsep_h5tree *target = dsep_h5tree_find(found->tree, "representation/environments/target");
    for (int64_t i = 0; i < r->n_factors; i++) {
        if (named && named->texts && i < named->count)
            r->named_by[i] = place_of(named->texts[i], found->variables, r->n_variables);
        if (r2 && r2->reals && i < r2->count)
            r->named_r2[i] = r2->reals[i];
    }
    for (int64_t k = 0; k < r->n_environments; k++)
        if (target && target->texts && k < target->count)
            r->target[k] = place_of(target->texts[k], graph->names, graph->n_nodes);
}

static const dsep_h5tree *find_names(const dsep_representation_found *found, const char *path) {
    const dsep_h5tree *names = dsep_h5tree_find(found->tree, path);
    return names && names->texts && names->count > 0 ? names : NULL;
}

static int fill(dsep_representation_found *found, dsep_error *error) {
    int code = DSEP_OK;
    const dsep_h5tree *variables = find_names(found, "variables/_index");
    const dsep_h5tree *labels = find_names(found, "representation/environments/_index");
    const int64_t d = found->result->graph->n_nodes;
    if (!variables || !labels || d < 1)
        return wrong(found, "its variables, environments or factors have no names", error);
    const int64_t p = variables->count, k = labels->count;
    found->variables = variables->texts;
    found->labels = labels->texts;
    DSEP_TRY(dsep_representation_create(p, d, k, error, &found->representation));
    dsep_representation *r = found->representation;
    DSEP_TRY(copy(found, "representation/H", (int64_t[3]){d, p}, r->h, error));
    DSEP_TRY(copy(found, "representation/G", (int64_t[3]){p, d}, r->g, error));
    DSEP_TRY(copy(found, "representation/B", (int64_t[3]){k, d, d}, r->b, error));
    DSEP_TRY(copy(found, "representation/weights", (int64_t[3]){k, d, d}, r->weight, error));
    DSEP_TRY(copy_order(found, error));
    read_names(found);
cleanup:
    return code;
}

int dsep_representation_open(const char *path, dsep_error *error,
                             dsep_representation_found *found) {
    static const char *const branches[] = {
        "/",
        "/variables",
        "/graph/edges",
        "/representation/H",
        "/representation/G",
        "/representation/B",
        "/representation/weights",
        "/representation/order",
        "/representation/factors",
        "/representation/environments",
        "/representation/mic_interval",
        "/representation/mic_null",
        NULL,
    };
    const dsep_h5tree_settings settings = {INT32_MAX, branches};
    int code = DSEP_OK;
    *found = (dsep_representation_found){.path = path};
    DSEP_TRY(dsep_h5tree_read(path, &settings, error, &found->tree));
    DSEP_TRY(dsep_h5tree_check_result(found->tree, path, error));
    if (!dsep_representation_is_in(found->tree))
        return dsep_error_set(error, DSEP_ERROR_DATA,
                              "'%s' has no representation. Name the result of `dsep represent`, or "
                              "the truth of `dsep simulate --factors`",
                              path);
    DSEP_TRY(dsep_result_read(path, error, &found->result));
    DSEP_TRY(fill(found, error));
cleanup:
    return code;
}

void dsep_representation_close(dsep_representation_found *found) {
    dsep_representation_destroy(&found->representation);
    dsep_result_destroy(&found->result);
    dsep_h5tree_destroy(&found->tree);
}
