/* What a checkpoint keeps, as `name=value` for shell tests: kept FILE */
#include "io/checkpoint.h"
#include "solvers/skeleton.h"
#include "tests/support/tap.h"

#include <stdio.h>
#include <string.h>

/* How many are in a block; -1 where there is none. */
static int64_t elements(const dsep_state *state, const char *name, size_t size) {
    const dsep_state_block *block = dsep_state_find(state, name);
    return block ? block->bytes / (int64_t)size : -1;
}

/* Strengths that were measured: the second number of a block. */
static int64_t strengths(const dsep_state *state) {
    const dsep_state_block *block = dsep_state_find(state, "strength.progress");
    int64_t at[2] = {0};
    if (block && block->bytes == (int64_t)sizeof at)
        memcpy(at, block->data, sizeof at);
    return at[1];
}

static int64_t count_done(const dsep_state *state) {
    const dsep_state_block *done = dsep_state_find(state, "replicates.done");
    int64_t count = 0;
    for (int64_t u = 0; done && u < done->bytes; u++)
        count += ((const uint8_t *)done->data)[u];
    return count;
}

int main(int argc, char **argv) {
    dsep_context *ctx = tap_begin(&argc, &argv);
    dsep_checkpoint found = {0};
    const int whole = argc == 2 && dsep_checkpoint_read(ctx, argv[1], &found) == DSEP_OK &&
                      found.file && strcmp(found.file, argv[1]) == 0;
    printf("whole=%d replicates=%lld orders=%lld tasks=%lld strengths=%lld\n", whole,
           (long long)count_done(&found.state),
           (long long)elements(&found.state, "skeleton.levels", sizeof(dsep_level)),
           (long long)elements(&found.state, "skeleton.tasks", 3 * sizeof(int32_t)),
           (long long)strengths(&found.state));
    dsep_checkpoint_clear(&found);
    tap_end();
    return whole ? 0 : 1;
}
