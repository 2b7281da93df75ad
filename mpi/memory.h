/* Memory whose size is a product: the product is checked before anything is asked for. */
#ifndef DSEP_MPI_MEMORY_H
#define DSEP_MPI_MEMORY_H

#include "mpi/error.h"

#include <stddef.h>
#include <stdint.h>

/* Makes large arrays cheap to have for the first time; once, before any is asked for. Not
 * collective. */
void dsep_memory_prepare(void);

/* Zeroed array of `count` elements of `size` bytes; NULL when the product overflows, the count
 * is negative or memory is short. A count of 0 gives a valid pointer. Not collective. Owner: the
 * caller, who frees it with free(). */
void *dsep_array(int64_t count, size_t size);

/* Grows *array to hold at least `needed` elements, doubling; *capacity is kept in elements.
 * On failure the array is unchanged. Not collective. */
int dsep_array_reserve(void **array, int64_t *capacity, int64_t needed, size_t size,
                       dsep_error *error);

/* a * b * c in bytes, or -1 when it does not fit int64_t or a factor is negative. Not collective.
 */
int64_t dsep_bytes(int64_t a, int64_t b, int64_t c);

/* The error for memory that could not be had: what it was for. Not collective. */
int dsep_out_of_memory(dsep_error *error, const char *purpose);

/* Bytes of memory this process has resident, 0 where unknown. Not collective. */
int64_t dsep_memory_resident(void);

/* Bytes that this process has resident for itself alone, and of the program, libraries and other
 * files, which processes of a node share; zeros where unknown. Not collective. */
typedef struct {
    int64_t private, files;
} dsep_memory_own;
dsep_memory_own dsep_memory_look(void);

/* Bytes of memory this node can still give to the job: the smallest of the kernel's estimate,
 * the control group's limit and Slurm's allocation. Not collective. */
int64_t dsep_memory_available(void);

#endif
