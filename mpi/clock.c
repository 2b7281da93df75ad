#include "mpi/clock.h"

#include <stdio.h>
#include <time.h>

double dsep_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double dsep_clock_worked(void) {
    return (double)clock() / CLOCKS_PER_SEC;
}

void dsep_clock_date(int64_t seconds, char text[32]) {
    const time_t moment = (time_t)seconds;
    struct tm parts;
    if (!gmtime_r(&moment, &parts) || strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        snprintf(text, 32, "an unknown time");
}

int64_t dsep_clock_now(void) {
    return (int64_t)time(NULL);
}

void dsep_clock_span(double seconds, char *text, size_t size) {
    const long whole = seconds < 3e9 ? (long)(seconds + 0.5) : 0, day = 86400;
    if (!(seconds < 3e9))
        snprintf(text, size, "some hundred years or more");
    else if (whole >= 2 * day)
        snprintf(text, size, "%ld days %ld h", whole / day, whole % day / 3600);
    else if (whole >= 3600)
        snprintf(text, size, "%ld h %02ld min", whole / 3600, whole / 60 % 60);
    else if (whole >= 60)
        snprintf(text, size, "%ld min %02ld s", whole / 60, whole % 60);
    else
        snprintf(text, size, "%ld s", whole);
}
