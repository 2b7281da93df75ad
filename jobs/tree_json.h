/* A result file as JSON. */
#ifndef DSEP_JOBS_TREE_JSON_H
#define DSEP_JOBS_TREE_JSON_H

#include "io/h5tree.h"

#include <jansson.h>

/* The tree as a JSON value: groups are objects, attributes and arrays their members; an array that
 * was not loaded is an object of its shape and type; numbers that are not finite are null. A
 * member hides an attribute of its name. Not collective. NULL without memory. Owner: the caller,
 * json_decref(). */
json_t *dsep_tree_json(const dsep_h5tree *tree);

#endif
