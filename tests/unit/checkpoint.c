/* Checkpoints: what is written is read back on every rank; a file that is damaged at any byte, cut
 * anywhere or made to mislead never gives wrong data, the one before it is used; a write that fails
 * at any point leaves what was there.
 *
 * With arguments it is a tool for tests of several runs: `write FILE N` keeps state N, `loop FILE`
 * states 1, 2, ..., and `read FILE` checks what is there and prints its number and the notes;
 * `big FILE` keeps half a megabyte that cannot be compressed. */
#include "io/checkpoint.h"
#include "io/checkpoint_file.h"
#include "io/replace_file.h"
#include "mpi/exchange.h"
#include "mpi/fault.h"
#include "mpi/layout.h"
#include "mpi/memory.h"
#include "tests/support/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

static dsep_context *ctx;
static int rank, size;
static char path[600], old[620];

/* --- states ---------------------------------------------------------------------------------- */

static unsigned char noise(int64_t number, int64_t i) {
    uint64_t x = (uint64_t)number * 0x9e3779b97f4a7c15u + (uint64_t)i * 0xbf58476d1ce4e5b9u;
    x ^= x >> 31;
    x *= 0x94d049bb133111ebu;
    return (unsigned char)(x >> 56);
}

static struct {
    const char *name;
    int64_t record, count; /* count: bytes of what is equal on all ranks, else records on all */
} blocks[] = {
    {"settings", 0, 37}, {"empty", 0, 0}, {"records", 24, 1000}, {"few", 5, 2}, {"none", 8, 0}};
enum { BLOCKS = sizeof blocks / sizeof *blocks, RECORDS = 2 };

/* Ranks share out records unevenly: the last has most of them, rank 0 none but where it is alone.
 */
static dsep_block uneven(int64_t count) {
    const int64_t first = size > 1 ? count * rank * rank / (size * size) : 0;
    const int64_t end = count * (rank + 1) * (rank + 1) / (size * size);
    return rank == 0 && size > 1 ? (dsep_block){0, end} : (dsep_block){first, end - first};
}

static int make_state(int number, dsep_state *state) {
    *state = (dsep_state){0};
    for (int b = 0; b < BLOCKS; b++) {
        const int64_t each = blocks[b].record ? blocks[b].record : 1;
        const dsep_block mine =
            each > 1 ? uneven(blocks[b].count) : (dsep_block){0, blocks[b].count};
        unsigned char *data = dsep_array(mine.count, (size_t)each);
        for (int64_t i = 0; i < mine.count * each; i++)
            data[i] = noise(number + b, mine.first * each + i);
        if (dsep_state_give(state, blocks[b].name, blocks[b].record, data, mine.count * each,
                            dsep_context_error(ctx)))
            return 0;
    }
    return 1;
}

static int is_state(const dsep_state *state, int number) {
    int good = state->n_blocks == BLOCKS;
    for (int b = 0; b < BLOCKS && good; b++) {
        const dsep_state_block *block = dsep_state_find(state, blocks[b].name);
        const int64_t each = blocks[b].record ? blocks[b].record : 1;
        const dsep_block mine = each > 1 ? dsep_layout_block(blocks[b].count, size, rank)
                                         : (dsep_block){0, blocks[b].count};
        good = block && block->record == blocks[b].record && block->bytes == mine.count * each;
        for (int64_t i = 0; good && i < block->bytes; i++)
            good =
                ((const unsigned char *)block->data)[i] == noise(number + b, mine.first * each + i);
    }
    return good;
}

static int keep(int number) {
    dsep_state state;
    char key[32];
    snprintf(key, sizeof key, "state = %d\n", number);
    const int code =
        make_state(number, &state) ? dsep_checkpoint_write(ctx, path, key, &state) : -1;
    dsep_state_clear(&state);
    return code;
}

/* Whether state `number` is read from `file` (NULL: none is to be found), with notes that have
 * `say` in them ("": there are none). */
static int finds(const char *file, int number, const char *say) {
    dsep_checkpoint found;
    char key[32];
    snprintf(key, sizeof key, "state = %d\n", number);
    const int code = dsep_checkpoint_read(ctx, path, &found);
    int good = code == DSEP_OK && (*say ? strstr(found.notes, say) != NULL : !*found.notes);
    if (file)
        good = good && found.file && strcmp(found.file, file) == 0 && strcmp(found.key, key) == 0 &&
               *found.moment && is_state(&found.state, number);
    else
        good = good && !found.file && !found.key && found.state.n_blocks == 0;
    if (!good)
        tap_note("%d; found '%s', notes '%s', wanted '%s'", code, found.file ? found.file : "none",
                 found.notes, say);
    dsep_checkpoint_clear(&found);
    return good;
}

/* --- files, all of them rank 0's ------------------------------------------------------------- */

typedef struct {
    unsigned char *data;
    int64_t bytes;
} content;

static content load(const char *name) {
    content c = {NULL, -1};
    FILE *file = fopen(name, "rb");
    if (!file)
        return c;
    c.data = calloc(1, 1 << 20);
    c.bytes = (int64_t)fread(c.data, 1, 1 << 20, file);
    fclose(file);
    return c;
}

static void store(const char *name, const void *data, int64_t bytes) {
    if (rank == 0) {
        FILE *file = fopen(name, "wb");
        fwrite(data, 1, (size_t)bytes, file);
        fclose(file);
    }
    dsep_barrier(ctx);
}

static int same_content(const char *name, content wanted) {
    content c = load(name);
    const int same = c.bytes == wanted.bytes && memcmp(c.data, wanted.data, (size_t)c.bytes) == 0;
    free(c.data);
    return same;
}

/* Whether a file is there, or is not, as wanted; what rank 0 does in files it has done first. */
static int there(const char *name, int wanted) {
    struct stat found;
    return rank > 0 || (lstat(name, &found) == 0) == wanted;
}

/* --- tests ----------------------------------------------------------------------------------- */

static void test_round_trip(void) {
    tap_ok(finds(NULL, 0, ""), "nothing is there");
    tap_ok(keep(1) == DSEP_OK && finds(path, 1, ""), "what was kept is read back");
    tap_ok(keep(2) == DSEP_OK && finds(path, 2, ""), "and what was kept next");
    tap_ok(there(old, 1) && tap_nothing_beside(path), "the one before stays, nothing else");
    dsep_barrier(ctx);
    if (rank == 0)
        unlink(path);
    dsep_barrier(ctx);
    tap_ok(finds(old, 1, "' is not there; '") && finds(old, 1, " is used"),
           "a process that was killed between the renames leaves it");
    tap_ok(keep(3) == DSEP_OK && finds(path, 3, ""), "and the next one is written");
    dsep_checkpoint_remove(ctx, path);
    tap_ok(there(path, 0) && there(old, 0) && finds(NULL, 0, ""), "all of it is removed");
    dsep_checkpoint_remove(ctx, path);
    tap_ok(1, "and where nothing is there is nothing to do");
}

/* Reads after `damage` of the file's bytes by value i, for all i, or on many ranks, where that
 * takes long, every third; they must give what was before.
 */
static int survives(content good, int64_t cases,
                    int64_t (*damage)(unsigned char *, int64_t, int64_t)) {
    int fine = 1;
    unsigned char *bytes = malloc((size_t)good.bytes + 16);
    for (int64_t i = 0; i < cases && fine; i += size > 1 ? 3 : 1) {
        memcpy(bytes, good.data, (size_t)good.bytes);
        const int64_t left = damage(bytes, good.bytes, i);
        store(path, bytes, left);
        fine = finds(old, 4, " is used");
        if (!fine)
            tap_note("case %lld", (long long)i);
        int64_t all = fine;
        dsep_min_i64(ctx, &all, 1);
        fine = (int)all;
    }
    free(bytes);
    return fine;
}

static int64_t flip(unsigned char *bytes, int64_t length, int64_t i) {
    bytes[i] ^= (unsigned char)(1 << noise(5, i) % 8);
    return length;
}

static int64_t cut(unsigned char *bytes, int64_t length, int64_t i) {
    (void)bytes;
    (void)length;
    return i;
}

static int64_t lengthen(unsigned char *bytes, int64_t length, int64_t i) {
    memset(bytes + length, (int)i, (size_t)i + 1);
    return length + i + 1;
}

/* A part of the file is something else: zeros, as after a crash of the machine, or noise. */
static int64_t smear(unsigned char *bytes, int64_t length, int64_t i) {
    const int64_t from = (noise(6, i) * 256 + noise(7, i)) * length / 65536;
    const int64_t end = from + 2 + noise(8, i) < length ? from + 2 + noise(8, i) : length;
    unsigned char before[2048];
    memcpy(before, bytes + from, (size_t)(end - from));
    for (int64_t k = from; k < end; k++)
        bytes[k] = i % 2 ? noise(9, i + k) : 0;
    if (memcmp(before, bytes + from, (size_t)(end - from)) == 0)
        bytes[from] ^= 1;
    return length;
}

static void test_damage(void) {
    blocks[RECORDS].count = 5; /* a file so small that all of its bytes can be tried */
    keep(4);
    keep(5);
    content good = load(path);
    dsep_barrier(ctx);
    tap_ok(good.bytes > 200 && survives(good, good.bytes, flip),
           "damaged at any byte, it is not used");
    tap_ok(survives(good, good.bytes, cut) && survives(good, 1, lengthen), "cut short, or longer");
    tap_ok(survives(good, 150, smear), "with a part of it written over");
    good.data[45] ^= 1;
    store(path, good.data, good.bytes);
    tap_ok(finds(old, 4, "' is damaged (checksum); '"), "the checksum is named");
    store(path, good.data, good.bytes - 1);
    tap_ok(finds(old, 4, "' ends early; '"), "a file that ends early");
    store(path, good.data, good.bytes);
    tap_ok(keep(6) == DSEP_OK && finds(path, 6, ""), "a damaged one is written over");
    if (rank == 0)
        unlink(path);
    dsep_barrier(ctx);
    tap_ok(finds(old, 4, " is used"), "and never takes the place of a good one before it");
    good.data[12]++;
    store(path, good.data, good.bytes);
    tap_ok(finds(old, 4, "' is of another version; '"), "another version");
    good.data[12]--;
    for (int i = 0; i < 2; i++) {
        const unsigned char one = good.data[8 + i];
        good.data[8 + i] = good.data[11 - i];
        good.data[11 - i] = one;
    }
    store(path, good.data, good.bytes);
    tap_ok(finds(old, 4, "' is of a machine with another byte order; '"), "another byte order");
    store(old, "text", 4);
    tap_ok(finds(NULL, 0, "order; '"), "with neither whole there is none");
    blocks[RECORDS].count = 1000;
    free(good.data);
    dsep_checkpoint_remove(ctx, path);
}

/* --- files that are whole and mislead -------------------------------------------------------- */

typedef struct {
    int64_t key, n_blocks;
    struct {
        char name[DSEP_STATE_NAME];
        int64_t record, bytes;
    } block[2];
} contents;

/* A file with this beginning and `more` bytes behind it, all of whose sums are right. */
static void make_file(contents c, int64_t more) {
    if (rank == 0) {
        dsep_checkpoint_file *file = NULL;
        dsep_error *error = dsep_context_error(ctx);
        char *rest = calloc(1, (size_t)more + 1);
        if (dsep_checkpoint_file_create(path, error, &file) ||
            dsep_checkpoint_file_put(file, &c, sizeof c, error) ||
            dsep_checkpoint_file_put(file, rest, more, error) ||
            dsep_checkpoint_file_finish(&file, error))
            tap_note("%s", error->text);
        free(rest);
    }
    dsep_barrier(ctx);
}

static int misleads(contents c, int64_t more) {
    make_file(c, more);
    return finds(NULL, 0, "is damaged");
}

static void test_misleading(void) {
    const contents sound = {2, 2, {{"a", 0, 3}, {"b", 4, 8}}};
    contents c = sound;
    tap_ok(misleads(c, 12) && misleads(c, 14), "lengths that do not add up");
    c.n_blocks = 33;
    tap_ok(misleads(c, 13), "more blocks than there can be");
    c.n_blocks = -1;
    tap_ok(misleads(c, 13), "fewer than none");
    c = sound;
    c.key = INT64_MAX;
    tap_ok(misleads(c, 13), "a key without end");
    c.key = -9;
    tap_ok(misleads(c, 13), "a key of negative length");
    c = sound;
    c.block[0].bytes = INT64_C(1) << 60;
    tap_ok(misleads(c, 13), "a block that no memory holds");
    c.block[0].bytes = -3;
    tap_ok(misleads(c, 13), "a block of negative length");
    c = sound;
    c.block[1].record = 3;
    tap_ok(misleads(c, 13), "records that do not fill their block");
    c.block[1].record = -4;
    tap_ok(misleads(c, 13), "records of negative length");
    c = sound;
    memset(c.block[0].name, 'a', DSEP_STATE_NAME);
    tap_ok(misleads(c, 13), "a name without an end");
    c = sound;
    c.block[1].name[0] = 'a';
    tap_ok(misleads(c, 13), "two blocks of one name");
    dsep_checkpoint found;
    make_file(sound, 13);
    tap_ok(dsep_checkpoint_read(ctx, path, &found) == DSEP_OK && found.file &&
               found.state.n_blocks == 2,
           "while a sound one made in this way is read");
    dsep_checkpoint_clear(&found);
    dsep_checkpoint_remove(ctx, path);
}

/* Puts the right checksum under bytes that are wrong. */
static void sign(content c) {
    XXH64_state_t *state = XXH64_createState();
    XXH64_reset(state, 0);
    XXH64_update(state, c.data + 40, (size_t)c.bytes - 48);
    XXH64_update(state, c.data, 40);
    const uint64_t sum = XXH64_digest(state);
    memcpy(c.data + c.bytes - 8, &sum, 8);
    XXH64_freeState(state);
    store(path, c.data, c.bytes);
}

static void test_signed(void) {
    keep(8);
    content c = load(path);
    dsep_barrier(ctx);
    sign(c);
    tap_ok(finds(path, 8, ""), "this is how files are signed");
    const int64_t much = INT64_C(1) << 60;
    memcpy(c.data + 32, &much, 8);
    sign(c);
    tap_ok(finds(NULL, 0, "is damaged (header)"), "a header that promises more than can be");
    memcpy(c.data + 24, &much, 8);
    sign(c);
    tap_ok(finds(NULL, 0, "ends early"), "or more than there is");
    free(c.data);
    dsep_barrier(ctx);
    dsep_checkpoint_remove(ctx, path);
    keep(8);
    c = load(path);
    dsep_barrier(ctx);
    for (int64_t i = 0; i < 60; i++) {
        const int64_t at = 40 + (noise(1, i) * 256 + noise(2, i)) * (c.bytes - 48) / 65536;
        c.data[at] ^= noise(3, i);
        store(path, c.data, c.bytes);
        sign(c);
        dsep_checkpoint found;
        const int code = dsep_checkpoint_read(ctx, path, &found);
        if (code)
            tap_note("%d %s", code, dsep_context_error(ctx)->text);
        dsep_checkpoint_clear(&found);
    }
    tap_ok(1, "a signed stream of anything crashes nothing");
    free(c.data);
    dsep_checkpoint_remove(ctx, path);
}

/* --- writes that fail ------------------------------------------------------------------------ */

static void test_faults(void) {
    char asked[64];
    int points = 0;
    for (; dsep_fault_checkpoint_name(points); points++) {
        const char *name = dsep_fault_checkpoint_name(points);
        if (strcmp(name, "checkpoint-read") == 0)
            continue;
        const int ranks = strcmp(name, "checkpoint-rename-2") == 0 ? 1 : size;
        for (int r = 0; r < ranks; r++) {
            dsep_checkpoint_remove(ctx, path);
            keep(1);
            keep(2);
            content before = load(path);
            dsep_barrier(ctx);
            snprintf(asked, sizeof asked, "%s@%d", name, r);
            setenv("DSEP_FAULT", asked, 1);
            const int code = keep(3);
            unsetenv("DSEP_FAULT");
            tap_ok(code == DSEP_ERROR_IO && strstr(dsep_context_error(ctx)->text, name),
                   "%s: an error on every rank", asked);
            tap_ok(same_content(path, before) && tap_nothing_beside(path) && finds(path, 2, ""),
                   "%s: what was there is untouched", asked);
            tap_ok(keep(4) == DSEP_OK && finds(path, 4, ""), "%s: and the next write works", asked);
            free(before.data);
        }
    }
    tap_ok(points >= 6, "all points were tried");
}

static void test_read_fault(void) {
    dsep_checkpoint found;
    dsep_checkpoint_remove(ctx, path);
    keep(1);
    setenv("DSEP_FAULT", size > 1 ? "checkpoint-read@1" : "checkpoint-read@0", 1);
    tap_ok(dsep_checkpoint_read(ctx, path, &found) == DSEP_ERROR_IO && !found.file &&
               strstr(found.notes, path),
           "what cannot be read, and there is no other, is an error");
    dsep_checkpoint_clear(&found);
    keep(2);
    tap_ok(finds(old, 1, "checkpoint-read"), "else the one before is used");
    unsetenv("DSEP_FAULT");
    tap_ok(finds(path, 2, ""), "and later the newest");
    dsep_checkpoint_remove(ctx, path);
}

static void test_no_place(void) {
    char *temporary = NULL;
    keep(1);
    dsep_replace_begin(ctx, path, &temporary);
    if (rank == 0)
        mkdir(temporary, 0700);
    dsep_barrier(ctx);
    tap_ok(keep(2) == DSEP_ERROR_IO &&
               strcmp(dsep_context_error(ctx)->text, "cannot open: Is a directory") == 0 &&
               finds(path, 1, ""),
           "the temporary name is taken by a folder");
    if (rank == 0) {
        rmdir(temporary);
        unlink(path);
        mkdir(path, 0700);
    }
    dsep_barrier(ctx);
    tap_ok(keep(2) == DSEP_ERROR_IO && strstr(dsep_context_error(ctx)->text, "cannot rename") &&
               tap_nothing_beside(path),
           "the name itself is taken by a folder");
    dsep_barrier(ctx);
    if (rank == 0)
        rmdir(path);
    char kept[600];
    memcpy(kept, path, sizeof kept);
    snprintf(path, sizeof path, "%s/nowhere/c", tap_directory());
    tap_ok(keep(2) == DSEP_ERROR_IO &&
               strcmp(dsep_context_error(ctx)->text, "cannot open: No such file or directory") == 0,
           "there is no such folder");
    memcpy(path, kept, sizeof path);
    free(temporary);
}

/* --- a tool ---------------------------------------------------------------------------------- */

static int read_and_tell(void) {
    dsep_checkpoint found;
    int number = -1, code = dsep_checkpoint_read(ctx, path, &found);
    if (!code && found.file && sscanf(found.key, "state = %d", &number) == 1)
        code = dsep_agree(ctx, is_state(&found.state, number)
                                   ? DSEP_OK
                                   : dsep_fail(ctx, DSEP_ERROR_DATA, "wrong data"));
    if (rank == 0)
        printf("%d %s\n", code ? -code : number,
               code ? dsep_context_error(ctx)->text : found.notes);
    dsep_checkpoint_clear(&found);
    return code;
}

static int keep_big(void) {
    enum { MUCH = 1 << 19 };
    dsep_state state = {0};
    unsigned char *data = malloc(MUCH);
    for (int i = 0; i < MUCH; i++)
        data[i] = noise(0, i);
    dsep_state_give(&state, "big", 0, data, MUCH, NULL);
    const int code = dsep_checkpoint_write(ctx, path, "big\n", &state);
    dsep_state_clear(&state);
    return code;
}

static int tool(int argc, char **argv) {
    int code = DSEP_OK;
    snprintf(path, sizeof path, "%s", argv[2]);
    if (strcmp(argv[1], "read") == 0)
        return read_and_tell();
    if (strcmp(argv[1], "loop") == 0)
        for (int i = 1; !code; i++) {
            code = keep(i);
            if (rank == 0)
                printf("%d\n", i);
        }
    else
        code = argc > 3 ? keep((int)strtol(argv[3], NULL, 10)) : keep_big();
    if (rank == 0)
        printf("%d %s\n", code, code ? dsep_context_error(ctx)->text : "kept");
    return code;
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    rank = dsep_rank(ctx);
    size = dsep_size(ctx);
    if (argc > 2) {
        const int code = tool(argc, argv);
        tap_end();
        return code;
    }
    tap_directory();
    snprintf(path, sizeof path, "%s", tap_path("c"));
    snprintf(old, sizeof old, "%s.old", path);
    test_round_trip();
    test_damage();
    test_misleading();
    test_signed();
    test_faults();
    test_read_fault();
    test_no_place();
    return tap_end();
}
