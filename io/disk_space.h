/* Space on a disk, taken before it is needed. */
#ifndef DSEP_IO_DISK_SPACE_H
#define DSEP_IO_DISK_SPACE_H

#include <stdint.h>

/* Reserves the first `bytes` bytes of an open file without changing its length; where the file
 * system cannot reserve, its free space is looked at. Not collective. Returns 0, or errno's value
 * (ENOSPC, EDQUOT, EFBIG) when the file cannot have them. */
int dsep_disk_reserve(int descriptor, int64_t bytes);

#endif
