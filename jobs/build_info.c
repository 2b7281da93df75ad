#include "jobs/build_info.h"

#include "io/h5version.h"
#include "mpi/context.h"
#include "solvers/blas.h"
#include "solvers/petsc.h"

#include <stdio.h>

static const char *simd(void) {
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"))
        return "AVX-512";
    return __builtin_cpu_supports("avx2") ? "AVX2" : "SSE2";
#else
    return "generic";
#endif
}

void dsep_build_info(char *text, size_t size) {
    char mpi[256], hdf5[32], petsc[256];
    dsep_mpi_version(mpi, sizeof mpi);
    dsep_h5_version(hdf5, sizeof hdf5);
    dsep_petsc_version(petsc, sizeof petsc);
    snprintf(
        text, size,
        "compiler   gcc %s\nflags      %s\nMPI        %s\nBLAS       %s, kernels %s, 1 thread\n"
        "ScaLAPACK  %s\nHDF5       %s, parallel\nPETSc      %s\n"
        "SIMD       %s",
        __VERSION__, DSEP_CFLAGS, mpi, dsep_blas_description(), dsep_blas_core(),
        DSEP_SCALAPACK_VERSION, hdf5, petsc, simd());
}
