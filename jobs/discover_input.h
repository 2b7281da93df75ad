/* What discover and plan do first: read the table and the knowledge, and forecast the run. */
#ifndef DSEP_JOBS_DISCOVER_INPUT_H
#define DSEP_JOBS_DISCOVER_INPUT_H

#include "jobs/discover_options.h"
#include "mpi/memory.h"
#include "solvers/forecast.h"
#include "solvers/knowledge.h"

/* Bytes of the libraries that write results: their pages are not there before. */
enum { DSEP_FILES_LATER = 4000000 };

typedef struct {
    dsep_table *table;
    dsep_knowledge *knowledge; /* NULL when none was given */
    dsep_forecast forecast;
    dsep_memory_own base;     /* of a rank before it read, the most of all */
    int parsed;               /* whether the table was text */
    int64_t memory_available; /* a node, bytes: the least of all nodes, or as the user says */
    int whole;                /* whether a whole correlation matrix is to be held */
    int64_t bytes_node;       /* what that needs on a node */
} dsep_discover_input;

/* Reads and checks everything that the options name. Collective. Errors: those of the readers,
 * agreed. Owner of what *input holds: the caller. */
int dsep_discover_input_read(dsep_context *ctx, const dsep_discover_settings *settings,
                             const char *path, dsep_discover_input *input);

/* The machine of so many nodes and ranks, each like those that read. Not collective. */
dsep_forecast_layout dsep_discover_input_layout(const dsep_discover_input *input, int64_t nodes,
                                                int64_t ranks_per_node);

/* Forecasts memory on that machine, and chooses how correlations are kept there. Not collective. */
void dsep_discover_input_move(const dsep_discover_settings *settings,
                              const dsep_forecast_layout *layout, dsep_discover_input *input);

/* Frees what it holds; accepts what a failed read left. Not collective. */
void dsep_discover_input_release(dsep_discover_input *input);

enum { DSEP_FITTING = 64 };

/* How many variables would fit into `there` bytes of a node, as the beginning of a sentence. Not
 * collective. Returns `text`. */
const char *dsep_discover_input_fitting(const dsep_discover_input *input, int64_t there,
                                        char text[DSEP_FITTING]);

/* DSEP_OK, or DSEP_ERROR_RESOURCES with what would fit when the forecast does not. Not collective:
 * the same on every rank. */
int dsep_discover_input_fits(dsep_context *ctx, const dsep_discover_input *input);

#endif
