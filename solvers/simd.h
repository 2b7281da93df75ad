/* One body of a kernel, compiled for each kind of CPU and chosen when the program starts.
 *
 * DSEP_SIMD=1, 3 or 4 builds for one level of x86-64 alone, so that tests can compare them.
 * Sanitizers and analysers cannot work with the resolver: they get the baseline. */
#ifndef DSEP_SOLVERS_SIMD_H
#define DSEP_SOLVERS_SIMD_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__)
#ifndef DSEP_SIMD
#define DSEP_SIMD 0
#endif
#define DSEP_TARGET_V3 __attribute__((target("arch=x86-64-v3")))
#define DSEP_TARGET_V4 __attribute__((target("arch=x86-64-v4")))
#else
#undef DSEP_SIMD
#define DSEP_SIMD 1
#define DSEP_TARGET_V3
#define DSEP_TARGET_V4
#endif

#if DSEP_SIMD == 0
#define DSEP_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#elif DSEP_SIMD == 3
#define DSEP_CLONES DSEP_TARGET_V3
#elif DSEP_SIMD == 4
#define DSEP_CLONES DSEP_TARGET_V4
#else
#define DSEP_CLONES
#endif

#endif
