/* Reading an HDF5 file into a tree of groups, attributes and datasets.
 *
 * Every process reads alone. The file may be hostile: a child process reads it first, sizes are
 * checked before memory is asked for, and groups may be nested 16 deep. */
#ifndef DSEP_IO_H5TREE_H
#define DSEP_IO_H5TREE_H

#include "mpi/error.h"

#include <stdint.h>

enum { DSEP_H5TREE_DIMENSIONS = 8, DSEP_H5TREE_SMALL = 65536 };

typedef enum { DSEP_H5TREE_GROUP, DSEP_H5TREE_ATTRIBUTE, DSEP_H5TREE_DATASET } dsep_h5tree_kind;

typedef enum {
    DSEP_H5TREE_NONE, /* a group, or a type that is none of the others */
    DSEP_H5TREE_INTEGER,
    DSEP_H5TREE_REAL,
    DSEP_H5TREE_TEXT
} dsep_h5tree_type;

typedef struct dsep_h5tree dsep_h5tree;

struct dsep_h5tree {
    char *name; /* last part of the path; "/" for the file */
    dsep_h5tree_kind kind;
    dsep_h5tree_type type;
    int dimensions; /* 0 for a single value */
    int64_t shape[DSEP_H5TREE_DIMENSIONS];
    int64_t count;     /* number of values */
    int64_t *integers; /* [count] the values, in the one array of its type; NULL in all three */
    double *reals;     /* when they were not loaded */
    char **texts;      /* valid UTF-8 */
    dsep_h5tree **children; /* [n_children] attributes, then members by name */
    int64_t n_children, capacity;
};

typedef struct {
    int64_t limit;               /* arrays of more values are described, not loaded */
    const char *const *branches; /* paths that are wanted, "/" for the file's own attributes,
                                    ending with NULL; a NULL list wants everything */
} dsep_h5tree_settings;

/* Reads a file. Not collective. settings: NULL wants everything up to DSEP_H5TREE_SMALL values.
 * Errors: DSEP_ERROR_IO for a file that is missing or not readable; DSEP_ERROR_DATA for one that
 * is damaged or no HDF5; DSEP_ERROR_RESOURCES. Owner of *tree: the caller. Cost: two reads. */
int dsep_h5tree_read(const char *path, const dsep_h5tree_settings *settings, dsep_error *error,
                     dsep_h5tree **tree);

/* Frees the tree and sets *tree to NULL; accepts NULL. Not collective. */
void dsep_h5tree_destroy(dsep_h5tree **tree);

/* The node at a path such as "graph/edges/source" below `tree`, or NULL; attributes are found like
 * members, which come first where both have the name (`_index` of tables). Not collective. */
const dsep_h5tree *dsep_h5tree_find(const dsep_h5tree *tree, const char *path);

/* The single text, integer or real at a path, or the fallback when there is none of that type.
 * Not collective. */
const char *dsep_h5tree_text(const dsep_h5tree *tree, const char *path, const char *fallback);
int64_t dsep_h5tree_integer(const dsep_h5tree *tree, const char *path, int64_t fallback);
double dsep_h5tree_real(const dsep_h5tree *tree, const char *path, double fallback);

/* Whether the tree is that of a result of this program: DSEP_OK, or DSEP_ERROR_DATA. Not
 * collective. */
int dsep_h5tree_check_result(const dsep_h5tree *tree, const char *path, dsep_error *error);

#endif
