#include "jobs/tree_json.h"

#include <math.h>

static json_t *value_json(const dsep_h5tree *node, int64_t i) {
    if (node->texts)
        return json_string(node->texts[i]);
    if (node->integers)
        return json_integer((json_int_t)node->integers[i]);
    return isfinite(node->reals[i]) ? json_real(node->reals[i]) : json_null();
}

/* Dimension d of an array, from value *next on. */
static json_t *array_json(const dsep_h5tree *node, int d, int64_t *next) {
    if (d == node->dimensions)
        return value_json(node, (*next)++);
    json_t *list = json_array();
    for (int64_t i = 0; list && i < node->shape[d]; i++)
        if (json_array_append_new(list, array_json(node, d + 1, next))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *description_json(const dsep_h5tree *node) {
    static const char *const types[] = {"other", "integer", "real", "text"};
    json_t *shape = json_array();
    for (int d = 0; d < node->dimensions; d++)
        json_array_append_new(shape, json_integer((json_int_t)node->shape[d]));
    return json_pack("{s:o,s:s}", "shape", shape, "type", types[node->type]);
}

static json_t *group_json(const dsep_h5tree *node) {
    json_t *object = json_object();
    for (int64_t i = 0; object && i < node->n_children; i++) {
        const dsep_h5tree *child = node->children[i];
        if (json_object_set_new(object, child->name, dsep_tree_json(child))) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

json_t *dsep_tree_json(const dsep_h5tree *tree) {
    int64_t next = 0;
    if (tree->kind == DSEP_H5TREE_GROUP)
        return group_json(tree);
    if (!tree->texts && !tree->integers && !tree->reals)
        return description_json(tree);
    if (tree->count == 0 && tree->dimensions != 1)
        return tree->dimensions ? json_array() : json_null();
    return array_json(tree, 0, &next);
}
