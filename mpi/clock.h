/* What time it is, and how people say it. Clocks may stop a job, never choose a number. */
#ifndef DSEP_MPI_CLOCK_H
#define DSEP_MPI_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Seconds of a clock that only goes forward. Not collective. */
double dsep_clock(void);

/* Seconds that processors have worked for this process. Not collective. */
double dsep_clock_worked(void);

/* The calendar's time, as seconds since 1970, and as ISO 8601 in UTC. Not collective. */
int64_t dsep_clock_now(void);
void dsep_clock_date(int64_t seconds, char text[32]);

/* A span of time as people say it: "5 s", "3 min 02 s", "2 h 05 min". Not collective. */
void dsep_clock_span(double seconds, char *text, size_t size);

#endif
