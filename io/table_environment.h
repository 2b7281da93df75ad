/* The environment of each row: labels that ranks read, made into numbers that all know. */
#ifndef DSEP_IO_TABLE_ENVIRONMENT_H
#define DSEP_IO_TABLE_ENVIRONMENT_H

#include "io/missing_token.h"
#include "io/name_index.h"
#include "io/table_read.h"
#include "io/table_rows.h"
#include "mpi/context.h"
#include "mpi/table.h"

#include <stdint.h>

/* Labels of the rows that this rank read, in its order. All zero is empty. */
typedef struct {
    char **names; /* [n_names] different ones, in the order met */
    int64_t n_names, names_capacity;
    dsep_name_index *index;
    int64_t *of_row; /* [n_rows] which name each row has, -1 for a missing label */
    int64_t n_rows, rows_capacity;
} dsep_labels;

/* Appends the label of the next row; an empty one is missing. Not collective.
 * Errors: DSEP_ERROR_RESOURCES. */
int dsep_labels_add(dsep_labels *labels, const char *begin, const char *end, dsep_error *error);

/* Appends `count` numbers as labels in the form %.15g; NaN is missing. Not collective.
 * missing: values that stand for missing are turned into NaN first. Errors: as above. */
int dsep_labels_add_values(dsep_labels *labels, const dsep_missing *missing, double *values,
                           int64_t count, dsep_error *error);

/* How a number reads as a label; "" for NaN. Not collective. text: 32 bytes. */
void dsep_label_of_value(double value, char *text);

/* Frees what it holds. Not collective. */
void dsep_labels_clear(dsep_labels *labels);

/* Fills the table's environments, -1 where the label is missing. Collective.
 * segments: which rows each rank has labels of; NULL where one rank has all. Numbers mean nothing
 * before dsep_environments_settle().
 * Errors: DSEP_ERROR_DATA when more than half of the labels differ; DSEP_ERROR_RESOURCES; agreed.
 * Memory: 8 bytes for each different label of each rank, and for each row; the texts of different
 * labels once. Reproducibility: class A. */
int dsep_environments_unite(dsep_context *ctx, const dsep_table_settings *settings,
                            const dsep_labels *labels, const dsep_row_segments *segments,
                            dsep_table *table);

/* First row without a label, -1 when all have one. Not collective. */
int64_t dsep_environments_missing(const dsep_table *table);

/* Numbers environments by their first appearance in the rows that are left, forgets those without
 * rows, checks them, and notes their sizes; nothing for a table without. Collective.
 * Errors: DSEP_ERROR_DATA for names that are not UTF-8 or too many; DSEP_ERROR_RESOURCES; agreed.
 */
int dsep_environments_settle(dsep_context *ctx, const dsep_table_settings *settings,
                             dsep_table *table);

#endif
