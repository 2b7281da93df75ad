#include "solvers/blas.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef char *(*text_function)(void);

/* Looked up at run time, so that any BLAS can stand in OpenBLAS' place. dlsym gives an object
 * pointer; POSIX promises that it converts. */
static const char *ask(const char *name) {
    text_function function = NULL;
    *(void **)&function = dlsym(RTLD_DEFAULT, name);
    return function ? function() : "unknown";
}

const char *dsep_blas_core(void) {
    return ask("openblas_get_corename");
}

const char *dsep_blas_description(void) {
    return ask("openblas_get_config");
}

static void one_thread(void) {
    void (*set_threads)(int) = NULL;
    *(void **)&set_threads = dlsym(RTLD_DEFAULT, "openblas_set_num_threads");
    if (set_threads)
        set_threads(1);
}

static int is_sse_core(const char *core) {
    static const char *const cores[] = {"Prescott",  "Core2",  "Penryn",   "Dunnington",
                                        "Nehalem",   "Atom",   "Katmai",   "Coppermine",
                                        "Northwood", "Banias", "Barcelona"};
    for (size_t i = 0; i < sizeof cores / sizeof *cores; i++)
        if (strcmp(core, cores[i]) == 0)
            return 1;
    return 0;
}

void dsep_blas_guard(char **argv, const char *chosen) {
    one_thread();
#ifdef __x86_64__
    const char *better = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
                             ? "SkylakeX"
                         : __builtin_cpu_supports("avx2") ? "Haswell"
                                                          : NULL;
    if (!better || !is_sse_core(dsep_blas_core()) || chosen)
        return;
    setenv("OPENBLAS_CORETYPE", better, 1);
    execv("/proc/self/exe", argv);
    /* Where it cannot start again it goes on, only slower. */
#else
    (void)argv, (void)chosen;
#endif
}
