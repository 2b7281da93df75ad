#include "solvers/subsets.h"

static int is_member(const dsep_walk *walk, int64_t target, int64_t members) {
    for (int64_t d = 0; d < members; d++)
        if (walk->set[d] == walk->targets[target])
            return 1;
    return 0;
}

int dsep_walk_member(const dsep_walk *walk, int64_t target) {
    return is_member(walk, target, walk->order - 1);
}

dsep_citest_scan dsep_walk_scan(dsep_walk *walk, int64_t target, int32_t start) {
    const dsep_citest_scan found = walk->test->scan(walk->test->state, target, start);
    const int64_t end = found.pivot < 0 ? walk->n_adjacent : found.pivot + 1;
    const int64_t own = walk->targets[target]; /* the target as its own pivot is no test at all */
    walk->tests += end - start - found.singular;
    walk->singular += found.singular - (own >= start && own < end);
    return found;
}

void dsep_walk_drop(dsep_walk *walk, int64_t target) {
    walk->targets[target] = walk->targets[--walk->n_targets];
    walk->test->drop(walk->test->state, target);
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
    int64_t earlier = 0, later = 0;
    for (int64_t m = 0; m < walk->n_targets; m++) {
        later += walk->targets[m] > pivot;
        earlier += walk->targets[m] < pivot && !is_member(walk, m, members);
    }
    const __int128 sum = (__int128)earlier * choose(after, missing) +
                         (__int128)later * choose(after - 1, missing) + walk->singular;
    walk->singular = sum > INT64_MAX ? INT64_MAX : (int64_t)sum;
}

/* Entries that a push works on: one row a target, and the pivots' triangle unless the set is then
 * complete but for one. */
static int64_t push_steps(const dsep_walk *walk, int64_t depth, int64_t pivot) {
    const int64_t after = walk->n_adjacent - pivot - 1;
    return after * (walk->n_targets + 2) + (depth + 2 < walk->order ? after * after / 2 : 0);
}

/* Completes a prefix of `depth` members with positions from `start` on. */
static int descend(dsep_walk *walk, int64_t depth, int32_t start) {
    if (depth == walk->order - 1)
        return walk->visit(walk, start);
    const int64_t end = walk->n_adjacent - (walk->order - 1 - depth);
    int stop = 0;
    for (int32_t pivot = start; pivot < end && !stop && walk->n_targets > 0; pivot++) {
        walk->set[depth] = pivot;
        if (walk->test->push(walk->test->state, pivot)) {
            walk->steps += push_steps(walk, depth, pivot);
            stop = descend(walk, depth + 1, pivot + 1);
            walk->test->pop(walk->test->state);
        } else {
            count_singular(walk, depth + 1);
        }
    }
    return stop;
}

void dsep_walk_subsets(dsep_walk *walk) {
    const int64_t rows = walk->order > 1 ? walk->n_adjacent + walk->n_targets : 1;
    walk->steps += rows * walk->n_adjacent;
    walk->test->begin(walk->test->state, walk->node, walk->adjacent, walk->n_adjacent,
                      walk->targets, walk->n_targets, walk->order);
    descend(walk, 0, 0);
}
