#include "io/checkpoint_file.h"

#include "io/checkpoint.h"
#include "mpi/clock.h"
#include "mpi/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_STATIC_LINKING_ONLY /* a state in a struct */
#include <xxhash.h>
#include <zlib.h>

enum { BUFFER = 1 << 18, FASTEST = 1, PART = 1 << 30, BYTE_ORDER_MARK = 0x01020304 };

typedef struct {
    char magic[8];
    uint32_t byte_order, version;
    int64_t moment;
    int64_t stored, held; /* bytes of the stream, and of what it holds */
} header;

static const char magic[8] = "dsepckpt";

struct dsep_checkpoint_file {
    int descriptor, writing;
    header head;
    int64_t left; /* reading: bytes of the stream not read yet */
    int64_t held; /* reading: bytes not given yet */
    XXH64_state_t sum;
    z_stream z;
    unsigned char buffer[BUFFER];
};

void dsep_checkpoint_file_close(dsep_checkpoint_file **file) {
    if (!file || !*file)
        return;
    if ((*file)->writing)
        deflateEnd(&(*file)->z);
    else
        inflateEnd(&(*file)->z);
    if ((*file)->descriptor >= 0)
        close((*file)->descriptor);
    free(*file);
    *file = NULL;
}

/* --- writing --------------------------------------------------------------------------------- */

static int write_whole(int descriptor, const void *data, size_t bytes, dsep_error *error) {
    for (const char *at = data; bytes > 0;) {
        const ssize_t done = write(descriptor, at, bytes);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return dsep_error_set(error, DSEP_ERROR_IO, "cannot write: %m");
        at += done;
        bytes -= (size_t)done;
    }
    return DSEP_OK;
}

int dsep_checkpoint_file_create(const char *path, dsep_error *error, dsep_checkpoint_file **file) {
    int code = DSEP_OK;
    *file = NULL;
    dsep_checkpoint_file *made = dsep_array(1, sizeof *made);
    if (!made)
        return dsep_out_of_memory(error, "a checkpoint");
    made->writing = 1;
    made->descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (made->descriptor < 0)
        code = dsep_error_set(error, DSEP_ERROR_IO, "cannot open: %m");
    else if (deflateInit(&made->z, FASTEST) != Z_OK)
        code = dsep_out_of_memory(error, "compressing a checkpoint");
    else
        code = write_whole(made->descriptor, &made->head, sizeof made->head, error);
    made->head = (header){.byte_order = BYTE_ORDER_MARK,
                          .version = DSEP_CHECKPOINT_VERSION,
                          .moment = dsep_clock_now()};
    memcpy(made->head.magic, magic, sizeof magic);
    XXH64_reset(&made->sum, 0);
    if (code)
        dsep_checkpoint_file_close(&made);
    *file = made;
    return code;
}

/* Compresses what zlib has been given, and with Z_FINISH what it has kept back. */
static int compress_on(dsep_checkpoint_file *file, int flush, dsep_error *error) {
    int code = DSEP_OK;
    do {
        file->z.next_out = file->buffer;
        file->z.avail_out = BUFFER;
        deflate(&file->z, flush);
        const size_t made = BUFFER - file->z.avail_out;
        XXH64_update(&file->sum, file->buffer, made);
        file->head.stored += (int64_t)made;
        code = write_whole(file->descriptor, file->buffer, made, error);
    } while (!code && file->z.avail_out == 0);
    return code;
}

int dsep_checkpoint_file_put(dsep_checkpoint_file *file, const void *data, int64_t bytes,
                             dsep_error *error) {
    int code = DSEP_OK;
    file->z.next_in = (unsigned char *)data; /* zlib only reads it */
    file->head.held += bytes;
    while (bytes > 0 && !code) {
        file->z.avail_in = bytes < PART ? (unsigned)bytes : PART;
        bytes -= file->z.avail_in;
        code = compress_on(file, Z_NO_FLUSH, error);
    }
    return code;
}

/* The header tells the stream's length, so it is written last. */
static int write_ends(dsep_checkpoint_file *file, dsep_error *error) {
    int code = DSEP_OK;
    XXH64_update(&file->sum, &file->head, sizeof file->head);
    const uint64_t sum = XXH64_digest(&file->sum);
    DSEP_TRY(write_whole(file->descriptor, &sum, sizeof sum, error));
    if (pwrite(file->descriptor, &file->head, sizeof file->head, 0) != sizeof file->head)
        code = dsep_error_set(error, DSEP_ERROR_IO, "cannot write: %m");
    else if (fsync(file->descriptor))
        code = dsep_error_set(error, DSEP_ERROR_IO, "cannot flush to disk: %m");
cleanup:
    return code;
}

int dsep_checkpoint_file_finish(dsep_checkpoint_file **file, dsep_error *error) {
    dsep_checkpoint_file *made = *file;
    int code = compress_on(made, Z_FINISH, error);
    if (!code)
        code = write_ends(made, error);
    if (close(made->descriptor) && !code)
        code = dsep_error_set(error, DSEP_ERROR_IO, "cannot close: %m");
    made->descriptor = -1;
    dsep_checkpoint_file_close(file);
    return code;
}

/* --- reading --------------------------------------------------------------------------------- */

/* Up to `bytes` bytes, fewer only at the end of the file; -1 where the system failed. */
static int64_t read_some(int descriptor, void *data, int64_t bytes) {
    int64_t got = 0;
    while (got < bytes) {
        const ssize_t now = read(descriptor, (char *)data + got, (size_t)(bytes - got));
        if (now < 0 && errno == EINTR)
            continue;
        if (now < 0)
            return -1;
        if (now == 0)
            break;
        got += now;
    }
    return got;
}

/* What is wrong with the header of a file of `size` bytes, or NULL. zlib makes nothing smaller than
 * a 1032nd: a header that says more is not its own. */
static const char *header_fault(const header *h, int64_t size) {
    static const uint32_t turned = 0x04030201;
    const int64_t around = sizeof *h + sizeof(uint64_t);
    if (memcmp(h->magic, magic, sizeof magic) != 0)
        return "is no checkpoint of dsep";
    if (h->byte_order == turned)
        return "is of a machine with another byte order";
    if (h->byte_order != BYTE_ORDER_MARK || h->stored < 0)
        return "is damaged (header)";
    if (h->version != DSEP_CHECKPOINT_VERSION)
        return "is of another version";
    if (size < around || h->stored > size - around)
        return "ends early";
    if (h->stored < size - around)
        return "is damaged (length)";
    return h->held < 0 || h->held / 1032 > h->stored ? "is damaged (header)" : NULL;
}

/* Whether the checksum is right; -1 where the system failed. */
static int sum_agrees(dsep_checkpoint_file *file) {
    uint64_t sum = 0;
    XXH64_reset(&file->sum, 0);
    for (int64_t left = file->head.stored; left > 0;) {
        const int64_t want = left < BUFFER ? left : BUFFER;
        const int64_t got = read_some(file->descriptor, file->buffer, want);
        if (got != want)
            return got < 0 ? -1 : 0;
        XXH64_update(&file->sum, file->buffer, (size_t)got);
        left -= got;
    }
    XXH64_update(&file->sum, &file->head, sizeof file->head);
    const int64_t got = read_some(file->descriptor, &sum, sizeof sum);
    return got < 0 ? -1 : got == sizeof sum && sum == XXH64_digest(&file->sum);
}

/* NULL where the file is whole and its stream begins next; `system` tells of a failure that is not
 * the file's. */
static const char *look_through(dsep_checkpoint_file *file, int *system) {
    struct stat found;
    const int64_t got = read_some(file->descriptor, &file->head, sizeof file->head);
    *system = got < 0 || fstat(file->descriptor, &found);
    if (*system)
        return "cannot be read";
    if (got < (int64_t)sizeof file->head)
        return "ends early";
    const char *fault = header_fault(&file->head, found.st_size);
    if (fault)
        return fault;
    const int agrees = sum_agrees(file);
    *system = agrees < 0 || lseek(file->descriptor, sizeof file->head, SEEK_SET) < 0;
    return *system ? "cannot be read" : agrees ? NULL : "is damaged (checksum)";
}

dsep_checkpoint_condition dsep_checkpoint_file_open(const char *path, dsep_checkpoint_file **file,
                                                    char *why, int room) {
    *file = NULL;
    *why = '\0';
    dsep_checkpoint_file *made = dsep_array(1, sizeof *made);
    if (made)
        made->descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (!made || made->descriptor < 0) {
        const int absent = made && errno == ENOENT;
        snprintf(why, (size_t)room, absent ? "is not there" : "cannot be opened (%m)");
        free(made);
        return absent ? DSEP_CHECKPOINT_ABSENT : DSEP_CHECKPOINT_UNREADABLE;
    }
    int system = 0;
    const char *fault = look_through(made, &system);
    if (fault)
        snprintf(why, (size_t)room, system ? "%s (%m)" : "%s", fault);
    else if (inflateInit(&made->z) != Z_OK) {
        system = 1;
        snprintf(why, (size_t)room, "cannot be read (memory is short)");
    }
    if (*why) {
        dsep_checkpoint_file_close(&made);
        return system ? DSEP_CHECKPOINT_UNREADABLE : DSEP_CHECKPOINT_UNUSABLE;
    }
    made->left = made->head.stored;
    made->held = made->head.held;
    *file = made;
    return DSEP_CHECKPOINT_WHOLE;
}

static int refill(dsep_checkpoint_file *file, dsep_error *error) {
    const int64_t want = file->left < BUFFER ? file->left : BUFFER;
    const int64_t got = read_some(file->descriptor, file->buffer, want);
    if (got < 0)
        return dsep_error_set(error, DSEP_ERROR_IO, "cannot be read (%m)");
    if (got == 0)
        return dsep_error_set(error, DSEP_ERROR_DATA, "is damaged (contents)");
    file->left -= got;
    file->z.next_in = file->buffer;
    file->z.avail_in = (unsigned)got;
    return DSEP_OK;
}

int dsep_checkpoint_file_get(dsep_checkpoint_file *file, void *data, int64_t bytes,
                             dsep_error *error) {
    int code = DSEP_OK;
    file->z.next_out = data;
    while (bytes > 0) {
        const unsigned part = bytes < PART ? (unsigned)bytes : PART;
        if (file->z.avail_in == 0)
            DSEP_TRY(refill(file, error));
        file->z.avail_out = part;
        const int state = inflate(&file->z, Z_NO_FLUSH);
        const int64_t got = part - file->z.avail_out;
        bytes -= got;
        file->held -= got;
        if (state != Z_OK && !(state == Z_STREAM_END && bytes == 0))
            return dsep_error_set(error, DSEP_ERROR_DATA, "is damaged (contents)");
    }
cleanup:
    return code;
}

int64_t dsep_checkpoint_file_left(const dsep_checkpoint_file *file) {
    return file->held;
}

int64_t dsep_checkpoint_file_moment(const dsep_checkpoint_file *file) {
    return file->head.moment;
}
