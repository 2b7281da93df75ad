/* The BLAS that was loaded: the right kernels, one thread. */
#ifndef DSEP_SOLVERS_BLAS_H
#define DSEP_SOLVERS_BLAS_H

/* Makes OpenBLAS use this CPU's kernels and one thread; to be called first in main(), before MPI
 * starts. OpenBLAS chooses its kernels when it is loaded, and one that does not know a newer CPU
 * falls back to SSE, five times slower: then OPENBLAS_CORETYPE is set and the program starts
 * again, once. chosen: that variable's value; when it is set the user's choice stands. Other BLAS
 * libraries are left alone. Not collective. */
void dsep_blas_guard(char **argv, const char *chosen);

/* The kernels in use ("SkylakeX"), or "unknown" where the library does not tell. Not
 * collective. */
const char *dsep_blas_core(void);

/* The library's own description, or "unknown". Not collective. */
const char *dsep_blas_description(void);

#endif
