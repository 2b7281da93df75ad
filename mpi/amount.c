#include "mpi/amount.h"

#include "mpi/clock.h"

#include <stddef.h>
#include <stdio.h>

/* The unit in which three digits have no exponent, or NULL where none is large enough. */
static const char *unit_of(double *value, const char *const *units) {
    while (*units && !(*value < 999.5)) {
        *value /= 1000;
        units++;
    }
    return *units;
}

const char *dsep_plural(int64_t count) {
    return count == 1 ? "" : "s";
}

const char *dsep_amount_bytes(double bytes, dsep_amount text) {
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB", NULL};
    const char *unit = unit_of(&bytes, units);
    if (bytes == 1 && unit == units[0])
        snprintf(text, sizeof(dsep_amount), "1 byte");
    else if (unit)
        snprintf(text, sizeof(dsep_amount), "%.3g %s", bytes, unit);
    else
        snprintf(text, sizeof(dsep_amount), "over 1000 PB");
    return text;
}

const char *dsep_amount_seconds(double seconds, dsep_amount text) {
    if (seconds < 0.01)
        snprintf(text, sizeof(dsep_amount), "under 0.01 s");
    else if (seconds < 9.95)
        snprintf(text, sizeof(dsep_amount), "%.2g s", seconds);
    else
        dsep_clock_span(seconds, text, sizeof(dsep_amount));
    return text;
}

const char *dsep_amount_count(double count, dsep_amount text) {
    static const char *const units[] = {"", " million", " billion", " trillion", NULL};
    double value = count / 1000;
    if (count < 99999.5)
        snprintf(text, sizeof(dsep_amount), "%.0f", count);
    else if (value < 999.5)
        snprintf(text, sizeof(dsep_amount), "%.0f,000", value);
    else {
        const char *unit = unit_of(&value, units);
        if (unit)
            snprintf(text, sizeof(dsep_amount), "%.3g%s", value, unit);
        else
            snprintf(text, sizeof(dsep_amount), "%.2g", count);
    }
    return text;
}
