#ifndef DSEP_MPI_AMOUNT_H
#define DSEP_MPI_AMOUNT_H

#include <stdint.h>

/* Amounts as people write them: no exponents, a unit that suits. Each fills and returns text. */

typedef char dsep_amount[40];

/* "640 bytes", "8.2 kB", "137 MB", "24.6 GB"; powers of 1000. Not collective. */
const char *dsep_amount_bytes(double bytes, dsep_amount text);

/* "under 0.01 s", "0.58 s", "17 s", "3 min 02 s", "2 h 05 min", "3 days 4 h". Not collective. */
const char *dsep_amount_seconds(double seconds, dsep_amount text);

/* "" for one of a thing, "s" for any other number of them. Not collective. The text is constant. */
const char *dsep_plural(int64_t count);

/* "9125", "82.1 million", "4.27 billion". Not collective. */
const char *dsep_amount_count(double count, dsep_amount text);

#endif
