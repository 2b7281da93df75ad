/* How this program was built and what it runs on. */
#ifndef DSEP_JOBS_BUILD_INFO_H
#define DSEP_JOBS_BUILD_INFO_H

#include <stddef.h>

/* The block that --version prints and every result carries, into text[size]. Not collective. */
void dsep_build_info(char *text, size_t size);

#endif
