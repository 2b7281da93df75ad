/* TAP for parallel tests: ok() is collective, all ranks must agree, rank 0 prints. */
#ifndef DSEP_TESTS_SUPPORT_TAP_H
#define DSEP_TESTS_SUPPORT_TAP_H

#include "mpi/context.h"

/* Starts MPI and gives the context over all ranks. Collective. */
dsep_context *tap_begin(int *argc, char ***argv);

/* Passes when `good` holds on every rank. Collective. Returns whether it passed. */
int tap_ok(int good, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Records tests that cannot run here, and why. Collective. */
void tap_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How many of `whole` draws to make: a fifth under the sanitizers, which look for faults of memory
 * and are ten times slower. Not collective. */
int tap_draws(int whole);

/* A line for the reader of a failure. Not collective; any rank may. */
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints the plan, ends MPI; the result is main()'s. Collective. */
int tap_end(void);

/* A fresh directory for this test's files, the same on all ranks; removed by tap_end().
 * Collective. */
const char *tap_directory(void);

/* Path of a file in that directory; a static buffer that the next call reuses. Not collective. */
const char *tap_path(const char *name);

/* Whether nothing is being written beside `path`: no name there is that of `path`, a dot, and
 * something that ends in ".tmp". Collective. */
int tap_nothing_beside(const char *path);

/* The folder of real tables beside the project, or NULL where it is absent. Not collective. */
const char *tap_data(void);

#endif
