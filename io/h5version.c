#include "io/h5version.h"

#include <hdf5.h>
#include <stdio.h>

void dsep_h5_version(char *text, size_t size) {
    unsigned major = 0, minor = 0, release = 0;
    H5get_libversion(&major, &minor, &release);
    snprintf(text, size, "%u.%u.%u", major, minor, release);
}
