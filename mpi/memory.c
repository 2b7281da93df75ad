#include "mpi/memory.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int64_t dsep_bytes(int64_t a, int64_t b, int64_t c) {
    int64_t product = 0;
    if (a < 0 || b < 0 || c < 0 || __builtin_mul_overflow(a, b, &product) ||
        __builtin_mul_overflow(product, c, &product))
        return -1;
    return product;
}

/* Large arrays come fresh from the kernel, in huge pages where it gives them: first touching a
 * large array page by page costs more than filling it. */
enum { LARGE = 1 << 22, PAGE = 4096, MOST_MAPPINGS = 65536 };

/* SuperLU_DIST, which PETSc brings along, forbids mappings and returning memory when it is loaded:
 * what was freed after reading would stay until the end. */
void dsep_memory_prepare(void) {
    mallopt(M_MMAP_MAX, MOST_MAPPINGS);
    mallopt(M_TRIM_THRESHOLD, LARGE);
    mallopt(M_MMAP_THRESHOLD, LARGE);
}

/* The whole of what malloc mapped: a mapping that was advised in part could not grow in place. */
static void *advise(void *array, int64_t bytes) {
    if (array && bytes >= LARGE) {
        const uintptr_t first = (uintptr_t)array / PAGE * PAGE;
        const uintptr_t end = (uintptr_t)array + malloc_usable_size(array);
        (void)!madvise((void *)first, end - first, MADV_HUGEPAGE);
    }
    return array;
}

void *dsep_array(int64_t count, size_t size) {
    const int64_t bytes = dsep_bytes(count, (int64_t)size, 1);
    return bytes < 0 ? NULL : advise(calloc(count ? (size_t)count : 1, size), bytes);
}

int dsep_out_of_memory(dsep_error *error, const char *purpose) {
    return dsep_error_set(error, DSEP_ERROR_RESOURCES,
                          "out of memory for %s; ask for more memory per node or use more nodes",
                          purpose);
}

int dsep_array_reserve(void **array, int64_t *capacity, int64_t needed, size_t size,
                       dsep_error *error) {
    if (needed <= *capacity)
        return DSEP_OK;
    int64_t target = *capacity < 16 ? 16 : *capacity;
    while (target < needed && target < INT64_MAX / 2)
        target *= 2;
    const int64_t bytes = dsep_bytes(target, (int64_t)size, 1);
    void *grown = bytes < 0 ? NULL : advise(realloc(*array, (size_t)bytes), bytes);
    if (!grown)
        return dsep_out_of_memory(error, "a growing list");
    *array = grown;
    *capacity = target;
    return DSEP_OK;
}

int64_t dsep_memory_resident(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file)
        return 0;
    int64_t size = 0, resident = 0;
    const int found = fscanf(file, "%" SCNd64 " %" SCNd64, &size, &resident);
    fclose(file);
    return found == 2 ? resident * sysconf(_SC_PAGESIZE) : 0;
}

dsep_memory_own dsep_memory_look(void) {
    dsep_memory_own own = {0, 0};
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    int64_t kib = 0;
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "RssAnon: %" SCNd64, &kib) == 1)
            own.private = kib * 1024;
        else if (sscanf(line, "RssFile: %" SCNd64, &kib) == 1)
            own.files = kib * 1024;
    }
    if (file)
        fclose(file);
    return own;
}

/* One number out of a file such as a control group's limit; `fallback` when it says none. */
static int64_t number_in_file(const char *path, int64_t fallback) {
    FILE *file = fopen(path, "r");
    if (!file)
        return fallback;
    int64_t value = 0;
    const int found = fscanf(file, "%" SCNd64, &value);
    fclose(file);
    return found == 1 && value > 0 ? value : fallback;
}

static int64_t kernel_estimate(void) {
    FILE *file = fopen("/proc/meminfo", "r");
    if (!file)
        return INT64_MAX;
    char line[256];
    int64_t kib = -1;
    while (kib < 0 && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %" SCNd64, &kib) != 1)
            kib = -1;
    fclose(file);
    return kib < 0 ? INT64_MAX : kib * 1024;
}

static int64_t slurm_allocation(void) {
    const char *text = getenv("SLURM_MEM_PER_NODE"); /* MiB */
    const int64_t mib = text ? strtoll(text, NULL, 10) : 0;
    return mib > 0 ? mib * 1024 * 1024 : INT64_MAX;
}

int64_t dsep_memory_available(void) {
    int64_t least = kernel_estimate();
    const int64_t limits[] = {
        number_in_file("/sys/fs/cgroup/memory.max", INT64_MAX),
        number_in_file("/sys/fs/cgroup/memory/memory.limit_in_bytes", INT64_MAX),
        slurm_allocation(),
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (limits[i] < least)
            least = limits[i];
    return least;
}
