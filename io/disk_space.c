#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* fallocate */
#endif
#include "io/disk_space.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

int dsep_disk_reserve(int descriptor, int64_t bytes) {
    struct statvfs space;
    struct stat found;
#ifdef FALLOC_FL_KEEP_SIZE
    if (fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, bytes) == 0)
        return 0;
    if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
        return errno;
#endif
    if (fstatvfs(descriptor, &space) != 0 || fstat(descriptor, &found) != 0)
        return 0;
    const double available = (double)space.f_bavail * (double)space.f_frsize;
    return (double)bytes - 512.0 * (double)found.st_blocks > available ? ENOSPC : 0;
}
