/* What methods that give a DAG have in common: the table in, the result out. */
#ifndef DSEP_JOBS_DAG_RUN_H
#define DSEP_JOBS_DAG_RUN_H

#include "io/h5write.h"
#include "jobs/discovery.h"
#include "mpi/graph.h"
#include "mpi/table.h"
#include "solvers/knowledge.h"

typedef struct {
    const dsep_discovery *discovery;
    dsep_table *table;
    dsep_knowledge *knowledge; /* NULL when none was given */
    int64_t memory_available;  /* a node, bytes: the least of all nodes, or as the user says */
    dsep_running running;      /* opened by dsep_dag_run_begin() */
} dsep_dag_run;

/* What was found. */
typedef struct {
    const char *method, *title; /* "lingam", "DirectLiNGAM" */
    const dsep_graph *graph;    /* on every rank */
    int valid;                  /* whether it was certified to be a DAG */
    const double *weight;       /* [n_edges] in the order of dsep_graph_edges() */
    const char *meaning;        /* of weights, for people: "posterior probability" */
    const char *const *nodes;   /* [graph->n_nodes] names where nodes are not the variables */
    int complete;               /* 0: a labelled partial result */
    /* What the method adds to the file. Collective; may be NULL. Errors: agreed. */
    int (*more)(dsep_context *ctx, dsep_h5write *file, const void *data);
    /* What it adds to the summary on standard output, lines that begin with two blanks. Rank 0
     * alone; may be NULL. */
    void (*print)(const void *data);
    const void *data;
} dsep_dag_found;

/* Reads the table, says so in the log, and reads the knowledge that options name. Collective.
 * least: the fewest rows that make sense. Errors: those of the readers, agreed. Owner of what *run
 * holds, whether it fails or not: the caller, dsep_dag_run_close(). */
int dsep_dag_run_open(dsep_context *ctx, const dsep_discovery *discovery, int64_t least,
                      dsep_dag_run *run);

/* Refuses what does not fit and opens the running; says what is needed with --dry-run, when *dry is
 * set and nothing more is to be done; likewise where the part is there already. Collective. bytes:
 * a node needs beside the table; what: in words, "correlations, 2 p x p matrices". Errors:
 * DSEP_ERROR_RESOURCES, those of dsep_running_open(), agreed. */
int dsep_dag_run_begin(dsep_context *ctx, dsep_dag_run *run, int64_t bytes, const char *what,
                       int *dry);

/* Writes the result, the closing table and the summary, and ends the running where it is complete.
 * Collective. Errors: DSEP_ERROR_IO, DSEP_ERROR_RESOURCES, agreed. */
int dsep_dag_run_write(dsep_context *ctx, dsep_dag_run *run, const dsep_dag_found *found);

/* Frees what it holds; accepts zeros. Not collective. */
void dsep_dag_run_close(dsep_dag_run *run);

#endif
