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

/* Number `place` of a block; 0 where there is none. */
static int64_t number(const dsep_state *state, const char *name, int64_t place) {
    const dsep_state_block *block = dsep_state_find(state, name);
    return block && block->bytes / (int64_t)sizeof place > place
               ? ((const int64_t *)block->data)[place]
               : 0;
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
    printf("whole=%d replicates=%lld orders=%lld half=%lld tasks=%lld strengths=%lld\n", whole,
           (long long)count_done(&found.state),
           (long long)elements(&found.state, "skeleton.levels", sizeof(dsep_level)),
           (long long)number(&found.state, "skeleton.progress", 4),
           (long long)elements(&found.state, "skeleton.tasks", 3 * sizeof(int32_t)),
           (long long)number(&found.state, "strength.progress", 1));
    dsep_checkpoint_clear(&found);
    tap_end();
    return whole ? 0 : 1;
}
