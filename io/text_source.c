#include "io/text_source.h"

#include "mpi/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { PACKED_BYTES = 1 << 18, SKIP_BYTES = 1 << 20 };

struct dsep_text_source {
    int file;
    const char *shown;
    dsep_error failure;

    char *window; /* [capacity], `length` bytes of it from byte `base` of the text */
    int64_t base, length, capacity;
    int ended;

    int gzip;
    int in_member;  /* inside a gzip member */
    int64_t packed; /* bytes of the file taken so far */
    z_stream stream;
    unsigned char *input; /* [PACKED_BYTES] */
};

static int start_gzip(dsep_text_source *source, dsep_error *error) {
    source->input = malloc(PACKED_BYTES);
    if (!source->input || inflateInit2(&source->stream, 15 + 16) != Z_OK)
        return dsep_out_of_memory(error, "inflating a gzip file");
    source->gzip = 1;
    source->in_member = 1;
    return DSEP_OK;
}

int dsep_text_source_open(const char *path, const char *shown, dsep_text_source **source,
                          dsep_error *error) {
    int code = DSEP_OK;
    unsigned char magic[2] = {0, 0};
    dsep_text_source *made = calloc(1, sizeof *made);
    *source = NULL;
    if (!made)
        return dsep_out_of_memory(error, "a file reader");
    made->shown = shown;
    made->file = open(path, O_RDONLY | O_CLOEXEC);
    if (made->file < 0)
        DSEP_TRY(
            dsep_error_set(error, DSEP_ERROR_IO, "%s: cannot open: %s", shown, strerror(errno)));
    if (pread(made->file, magic, sizeof magic, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b)
        DSEP_TRY(start_gzip(made, error));
    *source = made;
    made = NULL;
cleanup:
    dsep_text_source_close(&made);
    return code;
}

void dsep_text_source_close(dsep_text_source **source) {
    if (!source || !*source)
        return;
    if ((*source)->gzip)
        inflateEnd(&(*source)->stream);
    if ((*source)->file >= 0)
        close((*source)->file);
    free((*source)->input);
    free((*source)->window);
    free(*source);
    *source = NULL;
}

int dsep_text_source_failure(const dsep_text_source *source, dsep_error *error) {
    if (source->failure.code)
        return dsep_error_set(error, source->failure.code, "%s", source->failure.text);
    return DSEP_OK;
}

/* Up to `bytes` of the file from `at`; fewer at its end or when reading fails. */
static int64_t read_file(dsep_text_source *source, void *to, int64_t bytes, int64_t at) {
    int64_t done = 0;
    while (done < bytes) {
        const ssize_t now =
            pread(source->file, (char *)to + done, (size_t)(bytes - done), at + done);
        if (now < 0 && errno == EINTR)
            continue;
        if (now < 0)
            dsep_error_set(&source->failure, DSEP_ERROR_IO, "%s: reading failed: %s", source->shown,
                           strerror(errno));
        if (now <= 0)
            break;
        done += now;
    }
    return done;
}

static void gzip_fails(dsep_text_source *source, const char *what) {
    dsep_error_set(&source->failure, DSEP_ERROR_DATA,
                   "%s: %s, expected a whole gzip file; copy or download it again (gzip -t tells "
                   "whether it is good)",
                   source->shown, what);
    source->ended = 1;
}

static void fill_input(dsep_text_source *source) {
    if (source->stream.avail_in > 0)
        return;
    const int64_t got = read_file(source, source->input, PACKED_BYTES, source->packed);
    source->packed += got;
    source->stream.next_in = source->input;
    source->stream.avail_in = (unsigned)got;
}

/* After a member: another one, padding with zeros, or the end. */
static void next_member(dsep_text_source *source) {
    fill_input(source);
    while (source->stream.avail_in > 0 && *source->stream.next_in == 0) {
        source->stream.next_in++;
        source->stream.avail_in--;
        fill_input(source);
    }
    if (source->stream.avail_in == 0)
        source->ended = 1;
    else if (inflateReset2(&source->stream, 15 + 16) != Z_OK)
        gzip_fails(source, "the gzip reader failed");
    else
        source->in_member = 1;
}

static int64_t inflate_some(dsep_text_source *source, char *to, int64_t bytes) {
    z_stream *stream = &source->stream;
    int64_t done = 0;
    while (done < bytes && !source->ended) {
        if (!source->in_member)
            next_member(source);
        fill_input(source);
        if (source->ended || source->failure.code)
            break;
        const int64_t now = bytes - done < SKIP_BYTES ? bytes - done : SKIP_BYTES;
        stream->next_out = (unsigned char *)to + done;
        stream->avail_out = (unsigned)now;
        const int no_input = stream->avail_in == 0;
        const int outcome = inflate(stream, Z_NO_FLUSH);
        done += now - stream->avail_out;
        if (outcome == Z_STREAM_END)
            source->in_member = 0;
        else if (no_input && outcome == Z_BUF_ERROR)
            gzip_fails(source, "the gzip stream ends too early");
        else if (outcome != Z_OK && outcome != Z_BUF_ERROR)
            gzip_fails(source, "the gzip stream is damaged");
    }
    return done;
}

/* Appends up to `bytes` to the window, for which there is room. */
static void extend(dsep_text_source *source, int64_t bytes) {
    char *to = source->window + source->length;
    const int64_t got = source->gzip ? inflate_some(source, to, bytes)
                                     : read_file(source, to, bytes, source->base + source->length);
    source->length += got;
    source->ended |= got < bytes;
}

static int reserve(dsep_text_source *source, int64_t bytes, dsep_error *error) {
    return dsep_array_reserve((void **)&source->window, &source->capacity, bytes + 1, 1, error);
}

/* Drops what stands before `from`; gzip has to inflate its way there. */
static int advance(dsep_text_source *source, int64_t from, dsep_error *error) {
    int code = DSEP_OK;
    if (from > source->base + source->length && !source->gzip) {
        source->base = from;
        source->length = 0;
    }
    while (from > source->base + source->length && !source->ended && !code) {
        const int64_t gap = from - source->base - source->length;
        source->base += source->length;
        source->length = 0;
        code = reserve(source, SKIP_BYTES, error);
        if (!code)
            extend(source, gap < SKIP_BYTES ? gap : SKIP_BYTES);
    }
    if (code)
        return code;
    const int64_t gone =
        from - source->base < source->length ? from - source->base : source->length;
    source->length -= gone;
    source->base += gone;
    if (gone > 0 && source->length > 0)
        memmove(source->window, source->window + gone, (size_t)source->length);
    return DSEP_OK;
}

int dsep_text_source_window(dsep_text_source *source, int64_t from, int64_t wanted,
                            const char **text, int64_t *got, dsep_error *error) {
    int code = advance(source, from, error);
    if (!code)
        code = reserve(source, wanted, error);
    if (code)
        return code;
    if (source->length < wanted && !source->ended)
        extend(source, wanted - source->length);
    source->window[source->length] = 0;
    *text = source->window;
    *got = source->base == from ? source->length : 0;
    return DSEP_OK;
}
