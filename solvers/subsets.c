#include "solvers/subsets.h"

/* How many of the first `count` members of the set are targets. Both lists ascend. */
static int64_t members_among_targets(const dsep_walk *walk, int64_t count) {
    int64_t members = 0;
    for (int64_t d = 0; d < count; d++) {
        int64_t low = 0, high = walk->n_targets;
        while (low < high) {
            const int64_t middle = low + (high - low) / 2;
            if (walk->targets[middle] < walk->set[d])
                low = middle + 1;
            else
                high = middle;
        }
        members += low < walk->n_targets && walk->targets[low] == walk->set[d];
    }
    return members;
}

void dsep_walk_count(dsep_walk *walk, int64_t singular) {
    walk->tests += walk->n_targets - singular;
    walk->singular += singular - members_among_targets(walk, walk->order);
}

void dsep_walk_retain(dsep_walk *walk, const int32_t *kept, int64_t count) {
    for (int64_t m = 0; m < count; m++)
        walk->targets[m] = walk->targets[kept[m]];
    walk->n_targets = count;
    walk->test->retain(walk->test->state, kept, count);
}

static int64_t choose(int64_t n, int64_t k) {
    if (k < 0 || k > n)
        return 0;
    __int128 value = 1;
    for (int64_t i = 1; i <= k; i++) {
        value = value * (n - k + i) / i;
        if (value > INT64_MAX)
            return INT64_MAX;
    }
    return (int64_t)value;
}

/* All tests below a prefix of `members` whose last pivot is determined by the others do not
 * exist: counts them without walking there. */
static void count_singular(dsep_walk *walk, int64_t members) {
    const int32_t pivot = walk->set[members - 1];
    const int64_t after = walk->n_adjacent - pivot - 1, missing = walk->order - members;
    int64_t later = 0;
    for (int64_t m = 0; m < walk->n_targets; m++)
        later += walk->targets[m] > pivot;
    const int64_t earlier = walk->n_targets - later - members_among_targets(walk, members);
    __int128 sum = (__int128)earlier * choose(after, missing) +
                   (__int128)later * choose(after - 1, missing) + walk->singular;
    walk->singular = sum > INT64_MAX ? INT64_MAX : (int64_t)sum;
}

/* Completes a set of `depth` members with positions from `start` on. */
static int descend(dsep_walk *walk, int64_t depth, int32_t start) {
    const int leaf = depth == walk->order - 1;
    const int64_t end = walk->n_adjacent - (walk->order - 1 - depth);
    int stop = 0;
    for (int32_t pivot = start; pivot < end && !stop && walk->n_targets > 0; pivot++) {
        walk->set[depth] = pivot;
        if (leaf) {
            stop = walk->visit(walk, pivot);
        } else if (walk->test->push(walk->test->state, pivot)) {
            stop = descend(walk, depth + 1, pivot + 1);
            walk->test->pop(walk->test->state);
        } else {
            count_singular(walk, depth + 1);
        }
    }
    return stop;
}

void dsep_walk_subsets(dsep_walk *walk) {
    walk->test->begin(walk->test->state, walk->node, walk->adjacent, walk->n_adjacent,
                      walk->targets, walk->n_targets, walk->order);
    if (walk->order == 0)
        walk->visit(walk, -1);
    else
        descend(walk, 0, 0);
}
