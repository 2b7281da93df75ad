/* Separating sets: whoever finds them, in whatever order, after settling each pair lies sorted
 * with the owner of its first node and gives its members back. */
#include "mpi/sepsets.h"
#include "mpi/exchange.h"
#include "mpi/layout.h"
#include "mpi/random.h"
#include "tests/support/tap.h"

#include <xxhash.h>

enum { LONGEST = 9 };

/* The set of a pair as a function of its nodes: members ascend. Returns their number; 0: the pair
 * is not listed. */
static int set_of(int64_t p, int64_t x, int64_t y, int32_t *member) {
    const dsep_random source = {21, 1300, (uint32_t)(x * p + y)};
    if (dsep_random_uniform(source, 0) < .4)
        return 0;
    const double share = (double)(1 + dsep_random_below(source, 1, LONGEST)) / (double)p;
    int count = 0;
    for (int64_t z = 0; z < p && count < LONGEST; z++)
        if (z != x && z != y && dsep_random_uniform(source, 2 + (uint64_t)z) < share)
            member[count++] = (int32_t)z;
    return count;
}

/* How pairs are dealt: which rank finds one, and in which order a rank meets them. */
typedef enum { SPREAD, ONE_RANK, BACKWARD } dealing;

static int finder(dsep_context *ctx, dealing how, int64_t x, int64_t y) {
    const int size = dsep_size(ctx);
    if (how == ONE_RANK)
        return size - 1;
    const uint64_t draw = dsep_random_below((dsep_random){(uint64_t)how, 1301, 0},
                                            (uint64_t)(x * 1000 + y), (uint64_t)size);
    return (int)draw;
}

static int add_pair(dsep_context *ctx, dealing how, dsep_sepsets *sets, int64_t x, int64_t y) {
    int32_t member[LONGEST];
    const int count = set_of(sets->n_nodes, x, y, member);
    if (count == 0 || finder(ctx, how, x, y) != dsep_rank(ctx))
        return 1;
    const int swap = (x + y) % 3 == 0;
    return dsep_sepsets_add(sets, swap ? y : x, swap ? x : y, member, count, NULL) == DSEP_OK;
}

static dsep_sepsets *gather_sets(dsep_context *ctx, int64_t p, dealing how) {
    dsep_sepsets *sets = NULL;
    int good = dsep_sepsets_create(p, NULL, &sets) == DSEP_OK;
    for (int64_t i = 0; i < p; i++)
        for (int64_t j = 0; j < p; j++) {
            const int64_t x = how == BACKWARD ? p - 1 - i : i, y = how == BACKWARD ? p - 1 - j : j;
            if (x < y)
                good &= add_pair(ctx, how, sets, x, y);
        }
    good &= dsep_sepsets_settle(ctx, sets) == DSEP_OK;
    tap_ok(good, "%lld nodes, dealing %d: added and settled", (long long)p, (int)how);
    return sets;
}

static int ascending(dsep_context *ctx, const dsep_sepsets *sets) {
    const dsep_block mine = dsep_layout_pairs(sets->n_nodes, dsep_size(ctx), dsep_rank(ctx));
    int good = sets->offset[0] == 0;
    for (int64_t k = 0; k < sets->count; k++) {
        const int64_t x = sets->first[k], y = sets->second[k];
        good &= x < y && x >= mine.first && x < mine.first + mine.count;
        if (k > 0)
            good &= sets->first[k - 1] < x || (sets->first[k - 1] == x && sets->second[k - 1] < y);
        for (int64_t i = sets->offset[k] + 1; i < sets->offset[k + 1]; i++)
            good &= sets->member[i - 1] < sets->member[i];
    }
    return good;
}

/* Every pair of this rank's nodes is found exactly when it should be, with its members. */
static int complete(dsep_context *ctx, const dsep_sepsets *sets) {
    const int64_t p = sets->n_nodes;
    const dsep_block mine = dsep_layout_pairs(p, dsep_size(ctx), dsep_rank(ctx));
    int good = 1;
    int64_t listed = 0;
    for (int64_t x = mine.first; x < mine.first + mine.count; x++)
        for (int64_t y = x + 1; y < p; y++) {
            int32_t member[LONGEST];
            const int count = set_of(p, x, y, member);
            const int64_t at = dsep_sepsets_find(sets, x, y);
            if (count == 0 || at < 0) {
                good &= count == 0 && at == -1;
                continue;
            }
            listed++;
            int wanted = 0;
            for (int64_t z = 0; z < p; z++) {
                wanted += wanted < count && member[wanted] == z;
                good &=
                    dsep_sepsets_contains(sets, at, z) == (wanted > 0 && member[wanted - 1] == z);
            }
            good &= sets->offset[at + 1] - sets->offset[at] == count;
        }
    return good && listed == sets->count;
}

/* The bytes that a later step could see. */
static uint64_t hash_of(const dsep_sepsets *sets) {
    XXH64_state_t *state = XXH64_createState();
    const size_t count = (size_t)sets->count, members = (size_t)sets->offset[sets->count];
    XXH64_reset(state, 0);
    XXH64_update(state, sets->offset, (count + 1) * sizeof *sets->offset);
    if (count > 0) {
        XXH64_update(state, sets->first, count * sizeof *sets->first);
        XXH64_update(state, sets->second, count * sizeof *sets->second);
        XXH64_update(state, sets->member, members * sizeof *sets->member);
    }
    const uint64_t hash = XXH64_digest(state);
    XXH64_freeState(state);
    return hash;
}

static void test_size(dsep_context *ctx, int64_t p) {
    uint64_t hash[3];
    for (dealing how = SPREAD; how <= BACKWARD; how++) {
        dsep_sepsets *sets = gather_sets(ctx, p, how);
        tap_ok(ascending(ctx, sets), "%lld nodes: sorted, each pair with the owner of its first",
               (long long)p);
        tap_ok(complete(ctx, sets), "%lld nodes: nothing lost, nothing added, members right",
               (long long)p);
        hash[how] = hash_of(sets);
        int64_t total = sets->count;
        dsep_sum_i64(ctx, &total, 1);
        tap_ok(p < 10 || total > p * p / 8, "%lld nodes: %lld pairs", (long long)p,
               (long long)total);
        dsep_sepsets_destroy(&sets);
    }
    tap_ok(hash[0] == hash[1] && hash[1] == hash[2],
           "%lld nodes: who found what, and in which order, leaves no trace", (long long)p);
}

static void test_empty(dsep_context *ctx) {
    dsep_sepsets *sets = NULL;
    dsep_sepsets_create(5, NULL, &sets);
    tap_ok(sets->count == 0 && dsep_sepsets_find(sets, 0, 1) == -1, "a new collection is empty");
    tap_ok(dsep_sepsets_settle(ctx, sets) == DSEP_OK && sets->count == 0 && sets->n_nodes == 5 &&
               dsep_sepsets_find(sets, 0, 1) == -1,
           "and so it is when settled");
    dsep_sepsets_destroy(&sets);
    dsep_sepsets_destroy(&sets);
    dsep_sepsets_destroy(NULL);
    tap_ok(!sets, "destroyed, twice and none");
}

/* What is settled can be added to and settled again, as a search does after every order. */
static void test_twice(dsep_context *ctx) {
    const int32_t first[] = {2}, second[] = {0, 3};
    dsep_sepsets *sets = NULL;
    dsep_sepsets_create(6, NULL, &sets);
    if (dsep_rank(ctx) == 0)
        dsep_sepsets_add(sets, 4, 1, first, 1, NULL);
    dsep_sepsets_settle(ctx, sets);
    if (dsep_rank(ctx) == dsep_size(ctx) - 1)
        dsep_sepsets_add(sets, 1, 2, second, 2, NULL);
    dsep_sepsets_settle(ctx, sets);
    const int owner = (int)dsep_layout_pairs_owner(6, dsep_size(ctx), 1);
    const int64_t at = dsep_sepsets_find(sets, 1, 2);
    const int here = at == 0 && sets->count == 2 && dsep_sepsets_find(sets, 1, 4) == 1 &&
                     dsep_sepsets_contains(sets, 0, 3) && !dsep_sepsets_contains(sets, 0, 2) &&
                     dsep_sepsets_contains(sets, 1, 2);
    tap_ok(dsep_rank(ctx) == owner ? here : sets->count == 0, "settled, added to, settled again");
    dsep_sepsets_destroy(&sets);
}

/* What an order added is taken back, another one adds less and more than it did, and all is
 * settled: as if the order had not been. */
static void test_truncate(dsep_context *ctx) {
    enum { NODES = 30 };
    dsep_sepsets *sets = NULL, *wanted = NULL;
    dsep_sepsets_create(NODES, NULL, &sets);
    dsep_sepsets_create(NODES, NULL, &wanted);
    int good = 1;
    int64_t kept = 0;
    for (int64_t order = 1; order <= 4; order++) {
        const int given_up = order % 2 == 0;
        const int64_t before = sets->count;
        for (int64_t x = 0; x < NODES; x++)
            for (int64_t y = x + 1; y < NODES; y++) {
                const int32_t member[] = {(int32_t)order, 7, 8, 9};
                if ((x + 3 * y) % 5 != order || (x + y) % dsep_size(ctx) != dsep_rank(ctx))
                    continue;
                good &= dsep_sepsets_add(sets, y, x, member, order, NULL) == DSEP_OK;
                if (!given_up)
                    good &= dsep_sepsets_add(wanted, x, y, member, order, NULL) == DSEP_OK;
            }
        good &= sets->count > before;
        if (given_up)
            dsep_sepsets_truncate(sets, before);
        dsep_sepsets_truncate(sets, sets->count + 5); /* more than there are: all stay */
        good &= sets->count == wanted->count;
    }
    good &= dsep_sepsets_settle(ctx, sets) == DSEP_OK &&
            dsep_sepsets_settle(ctx, wanted) == DSEP_OK && hash_of(sets) == hash_of(wanted);
    kept = sets->count;
    dsep_sum_i64(ctx, &kept, 1);
    tap_ok(good && kept > NODES, "two of four orders taken back: the %lld pairs of the others",
           (long long)kept);
    dsep_sepsets_truncate(sets, 0);
    good = dsep_sepsets_settle(ctx, sets) == DSEP_OK && sets->count == 0;
    tap_ok(good && dsep_sepsets_find(sets, 0, 1) == -1, "all taken back: nothing is left");
    dsep_sepsets_destroy(&sets);
    dsep_sepsets_destroy(&wanted);
}

int main(int argc, char **argv) {
    dsep_context *ctx = tap_begin(&argc, &argv);
    test_empty(ctx);
    test_twice(ctx);
    test_truncate(ctx);
    test_size(ctx, 3);
    test_size(ctx, 40);
    test_size(ctx, 101);
    return tap_end();
}
