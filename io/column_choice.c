#include "io/column_choice.h"

#include "io/text_parse.h"
#include "mpi/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DISTANCE_MAX = 64, SHOWN_MAX = 48 };

typedef struct {
    const char *name;
    int64_t position;
} entry;

/* What all items of both lists are looked up in. */
typedef struct {
    const char *path, *option, *also; /* also: where else there is none, or "" */
    char *const *names;
    entry *sorted; /* [count] by name */
    int64_t count;
    char *marked; /* [count] */
} choice;

static int by_name(const void *a, const void *b) {
    return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

int dsep_edit_distance(const char *a, const char *b) {
    int row[DISTANCE_MAX + 1];
    const int m = (int)strnlen(a, DISTANCE_MAX), n = (int)strnlen(b, DISTANCE_MAX);
    for (int j = 0; j <= n; j++)
        row[j] = j;
    for (int i = 1; i <= m; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            const int change = diagonal + (a[i - 1] != b[j - 1]);
            const int step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < step ? change : step;
        }
    }
    return row[n];
}

/* First place in the sorted names that is not before `name`. */
static int64_t lower_bound(const choice *all, const char *name) {
    int64_t low = 0, high = all->count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (strcmp(all->sorted[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int mark_name(choice *all, const char *name) {
    int found = 0;
    for (int64_t i = lower_bound(all, name);
         i < all->count && strcmp(all->sorted[i].name, name) == 0; i++, found = 1)
        all->marked[all->sorted[i].position] = 1;
    return found;
}

/* A whole number up to `end`, -1 when it is none. */
static int64_t whole_number(const char *begin, const char *end) {
    int64_t value = 0;
    if (begin == end || end - begin > 15)
        return -1;
    for (; begin < end; begin++) {
        if (*begin < '0' || *begin > '9')
            return -1;
        value = value * 10 + (*begin - '0');
    }
    return value;
}

static int mark_range(choice *all, const char *item) {
    const char *end = item + strlen(item), *dash = strchr(item, '-');
    const int64_t first = whole_number(item, dash ? dash : end);
    const int64_t last = dash ? whole_number(dash + 1, end) : first;
    if (first < 1 || last < first || last > all->count)
        return 0;
    memset(all->marked + first - 1, 1, (size_t)(last - first + 1));
    return 1;
}

/* The name that was probably meant; "" where none has even a third in common with the item. */
static const char *nearest_name(const choice *all, const char *item) {
    const char *best = NULL;
    int least = DISTANCE_MAX + 1;
    for (int64_t j = 0; j < all->count; j++) {
        const int distance = dsep_edit_distance(item, all->names[j]);
        if (distance < least && *all->names[j]) {
            least = distance;
            best = all->names[j];
        }
    }
    if (!best)
        return "";
    const size_t a = strlen(item), b = strlen(best), longest = a > b ? a : b;
    return 3 * (size_t)least <= 2 * longest ? best : "";
}

static int unknown(const choice *all, const char *item, dsep_error *error) {
    char shown[SHOWN_MAX], near[SHOWN_MAX];
    const char *suggestion = nearest_name(all, item);
    dsep_text_excerpt(item, item + strlen(item), shown, sizeof shown);
    dsep_text_excerpt(suggestion, suggestion + strlen(suggestion), near, sizeof near);
    return dsep_error_set(
        error, DSEP_ERROR_USAGE,
        "%s: %s names '%s', but there is no such column%s%s%s%s Expected a name of "
        "the table, or a number or range within 1-%" PRId64,
        all->path, all->option, shown, all->also, *near ? "; did you mean '" : "", near,
        *near ? "'?" : ".", all->count);
}

static int mark_item(choice *all, char *item, char *end, int quoted, dsep_error *error) {
    const dsep_text_style comma = {.separator = ','};
    if (!quoted) {
        item = (char *)dsep_text_skip(comma, item, end);
        end = (char *)dsep_text_trim(comma, item, end);
    }
    const char after = *end;
    *end = 0;
    if (item == end)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "%s has an empty item; expected names, numbers or ranges such as "
                              "age,3,5-7",
                              all->option);
    const int found = mark_name(all, item) || (!quoted && mark_range(all, item));
    const int code = found ? DSEP_OK : unknown(all, item, error);
    *end = after;
    return code;
}

/* Marks what a list names. */
static int mark_list(choice *all, const char *list, dsep_error *error) {
    const dsep_text_style comma = {.separator = ','};
    char *copy = strdup(list);
    int code = copy ? DSEP_OK : dsep_out_of_memory(error, all->option);
    const char *end = copy ? copy + strlen(copy) : NULL;
    for (const char *at = copy; at && !code;) {
        const dsep_text_field field = dsep_text_next_field(comma, at, end);
        char *unquoted = field.quoted ? dsep_text_field_copy(&field) : NULL;
        if (field.fault || (field.quoted && !unquoted))
            code = dsep_error_set(error, DSEP_ERROR_USAGE,
                                  "%s: a quoted name must end with a quote before the next comma",
                                  all->option);
        else if (unquoted)
            code = mark_item(all, unquoted, unquoted + strlen(unquoted), 1, error);
        else
            code = mark_item(all, (char *)field.begin, (char *)field.end, 0, error);
        free(unquoted);
        at = dsep_text_after(comma, field.next, end);
    }
    free(copy);
    return code;
}

static int start_choice(choice *all, int by_names, char *wanted, dsep_error *error) {
    all->sorted = dsep_array(all->count, sizeof *all->sorted);
    all->marked = dsep_array(all->count, 1);
    if (!all->sorted || !all->marked || !wanted)
        return dsep_out_of_memory(error, "the choice of columns");
    for (int64_t j = 0; j < all->count; j++)
        all->sorted[j] = (entry){all->names[j], j};
    if (by_names)
        qsort(all->sorted, (size_t)all->count, sizeof *all->sorted, by_name);
    memset(wanted, 1, (size_t)all->count);
    return DSEP_OK;
}

/* The one column that an option names; a whole name may hold commas even without quotes. */
static int find_one(choice *all, const char *item, int64_t *position, dsep_error *error) {
    int64_t found = 0;
    const int code = mark_name(all, item) ? DSEP_OK : mark_list(all, item, error);
    for (int64_t j = 0; j < all->count; j++)
        if (all->marked[j]) {
            all->marked[j] = 0;
            *position = j;
            found++;
        }
    if (code || found == 1)
        return code;
    return dsep_error_set(error, DSEP_ERROR_USAGE,
                          "%s: %s %s names %" PRId64 " columns, expected one; give its number",
                          all->path, all->option, item, found);
}

static int check_environment(const choice *all, int64_t position, dsep_error *error) {
    if (position < 0 || !all->marked[position])
        return DSEP_OK;
    return dsep_error_set(error, DSEP_ERROR_USAGE,
                          "%s: --drop and --environment both name column %" PRId64
                          " ('%.48s'); the environment is no variable anyway, so leave it out of "
                          "--drop",
                          all->path, position + 1, all->names[position]);
}

static int collect(const choice *all, const char *wanted, dsep_column_set *chosen,
                   dsep_error *error) {
    int64_t *made = dsep_array(all->count, sizeof *made), n = 0;
    if (!made)
        return dsep_out_of_memory(error, "the choice of columns");
    for (int64_t j = 0; j < all->count; j++)
        if (wanted[j] && j != chosen->environment)
            made[n++] = j;
    if (n == 0) {
        free(made);
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "%s: no column of %" PRId64
                              " is left after --columns and --drop; drop fewer",
                              all->path, all->count);
    }
    chosen->kept = made;
    chosen->n_kept = n;
    return DSEP_OK;
}

int dsep_column_choice(const char *path, char *const *names, int64_t count,
                       const dsep_column_wishes *wishes, dsep_column_set *chosen,
                       dsep_error *error) {
    int code = DSEP_OK;
    choice all = {.path = path, .also = "", .names = names, .count = count};
    char *wanted = dsep_array(count, 1);
    *chosen = (dsep_column_set){.environment = -1};
    if (count == 0)
        DSEP_TRY(dsep_error_set(error, DSEP_ERROR_DATA,
                                "%s: the table has no columns, expected at least two", path));
    DSEP_TRY(
        start_choice(&all, wishes->columns || wishes->drop || wishes->environment, wanted, error));
    all.option = "--environment";
    all.also = wishes->also ? wishes->also : "";
    if (wishes->environment)
        DSEP_TRY(find_one(&all, wishes->environment, &chosen->environment, error));
    all.also = "";
    all.option = "--columns";
    if (wishes->columns) {
        DSEP_TRY(mark_list(&all, wishes->columns, error));
        memcpy(wanted, all.marked, (size_t)count);
        memset(all.marked, 0, (size_t)count);
    }
    all.option = "--drop";
    if (wishes->drop)
        DSEP_TRY(mark_list(&all, wishes->drop, error));
    DSEP_TRY(check_environment(&all, chosen->environment, error));
    for (int64_t j = 0; j < count; j++)
        wanted[j] = wanted[j] && !all.marked[j];
    DSEP_TRY(collect(&all, wanted, chosen, error));
cleanup:
    free(wanted);
    free(all.sorted);
    free(all.marked);
    return code;
}
