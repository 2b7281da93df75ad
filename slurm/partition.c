#include "slurm/partition.h"

#include "slurm/scheduler.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* D-HH:MM:SS, HH:MM:SS, MM:SS; 0 for "infinite" and whatever else is no time. */
static double read_time(const char *text) {
    char *end = NULL;
    double days = 0, seconds = 0;
    const char *dash = strchr(text, '-');
    if (dash) {
        days = strtod(text, &end);
        text = dash + 1;
    }
    for (;;) {
        const double part = strtod(text, &end);
        if (!isdigit((unsigned char)*text)) /* strtod() would know "infinite" */
            return 0;
        seconds = 60 * seconds + part;
        if (*end != ':')
            return 86400 * days + seconds;
        text = end + 1;
    }
}

/* Keeps kinds of nodes in the order of their memory. */
static void add_kind(dsep_partition *p, int64_t nodes, int64_t cores, int64_t memory) {
    if (p->n_kinds == DSEP_PARTITION_KINDS)
        return;
    int at = p->n_kinds++;
    for (; at > 0 && p->kind[at - 1].memory < memory; at--)
        p->kind[at] = p->kind[at - 1];
    p->kind[at].nodes = nodes;
    p->kind[at].cores = cores;
    p->kind[at].memory = memory;
}

/* One line of sinfo; of several partitions (a list was asked for) the longest limit counts. */
static void read_line(char *line, const char *wanted, dsep_partition *p) {
    char *field[5] = {0};
    for (int i = 0; i < 5; i++)
        field[i] = strsep(&line, "|");
    if (!field[4])
        return;
    char *star = strrchr(field[0], '*');
    if (star && !star[1])
        *star = '\0';
    else if (!wanted)
        return;
    const double seconds = read_time(field[4]);
    snprintf(p->name, sizeof p->name, "%s", wanted ? wanted : field[0]);
    if (!p->found || seconds == 0 || (p->seconds > 0 && seconds > p->seconds))
        p->seconds = seconds;
    p->found = 1;
    add_kind(p, strtoll(field[1], NULL, 10), strtoll(field[2], NULL, 10),
             strtoll(field[3], NULL, 10) * (1 << 20));
}

void dsep_partition_read(const char *text, const char *name, dsep_partition *partition) {
    *partition = (dsep_partition){0};
    char *copy = strdup(text), *rest = copy;
    for (char *line; (line = strsep(&rest, "\n"));)
        read_line(line, name, partition);
    free(copy);
}

int dsep_partition_ask(const char *name, dsep_partition *partition, dsep_error *error) {
    char *output = NULL;
    int status = 0;
    char *argv[] = {"sinfo",      "-h", "-e", "-o", "%P|%D|%c|%m|%l", name ? "-p" : NULL,
                    (char *)name, NULL};
    *partition = (dsep_partition){0};
    const int code = dsep_scheduler_run(argv, &output, &status, error);
    if (!code && status == 0)
        dsep_partition_read(output, name, partition);
    free(output);
    return code;
}

static double gigabytes(int64_t bytes) {
    return (double)bytes / (1 << 30);
}

int dsep_partition_holds(const dsep_partition *p, int64_t nodes, int64_t ranks, int64_t memory_node,
                         dsep_error *error) {
    int64_t large = 0, all = 0, cores = 0, places = 0; /* large, places: of what is taken */
    if (!p->found || p->n_kinds == 0)
        return DSEP_OK;
    for (int i = 0; i < p->n_kinds && p->kind[i].memory >= memory_node; i++) {
        int64_t taken = p->kind[i].nodes;
        if (nodes > 0 && taken > nodes - large)
            taken = nodes - large;
        places += taken * p->kind[i].cores;
        all += p->kind[i].nodes;
        cores += p->kind[i].nodes * p->kind[i].cores;
        large += taken;
    }
    if (large == 0)
        return dsep_error_set(error, DSEP_ERROR_RESOURCES,
                              "it needs %.1f GiB on a node, and no node of partition %s has more "
                              "than %.1f GiB; name one with larger nodes by --partition",
                              gigabytes(memory_node), p->name, gigabytes(p->kind[0].memory));
    if (large < nodes || places < ranks)
        return dsep_error_set(
            error, DSEP_ERROR_RESOURCES,
            "%lld rank%s on %lld node%s of %.1f GiB do not fit partition %s, "
            "which has %lld such node%s with %lld cores; --nodes %lld --ranks %lld "
            "would fit",
            (long long)ranks, ranks == 1 ? "" : "s", (long long)(nodes > 0 ? nodes : large),
            nodes == 1 || (nodes == 0 && large == 1) ? "" : "s", gigabytes(memory_node), p->name,
            (long long)all, all == 1 ? "" : "s", (long long)cores, (long long)large,
            (long long)(places < ranks ? places : ranks));
    return DSEP_OK;
}
