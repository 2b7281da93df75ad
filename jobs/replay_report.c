#include "jobs/replay_report.h"

#include "io/trace_read.h"
#include "jobs/json_print.h"
#include "jobs/output.h"
#include "mpi/memory.h"
#include "mpi/replay.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

/* Time that ranks lose, in makespans: to a task longer than an even share of the work, and to all
 * else, which is waiting at the end of a phase. */
typedef struct {
    double task, tail;
} loss;

typedef struct {
    const dsep_replay_settings *settings;
    dsep_trace trace;
    dsep_replay *phase; /* [n_phases] */
    dsep_replay sum;    /* of all phases; largest: the largest of all */
    loss lost;
    int64_t nodes, bytes; /* bytes: a node's */
} report;

static loss lost_by(const dsep_replay *played, int64_t ranks) {
    const double even = (double)played->total / (double)ranks, largest = (double)played->largest;
    const double least = largest > even ? largest : even;
    return (loss){least - even, (double)played->makespan - least};
}

static const char *limit(loss lost, const dsep_replay *played) {
    if (lost.task + lost.tail <= .05 * (double)played->makespan)
        return "nothing";
    return lost.task > lost.tail ? "largest task" : "tail";
}

/* --- playing --------------------------------------------------------------------------------- */

static void add_up(report *r, const dsep_replay *played) {
    const loss lost = lost_by(played, r->settings->ranks);
    r->sum.tasks += played->tasks;
    r->sum.total += played->total;
    r->sum.makespan += played->makespan;
    r->sum.requests += played->requests;
    r->sum.messages += played->messages;
    r->sum.largest = played->largest > r->sum.largest ? played->largest : r->sum.largest;
    r->lost.task += lost.task;
    r->lost.tail += lost.tail;
}

static int play(report *r, dsep_error *error) {
    const dsep_replay_settings *settings = r->settings;
    const dsep_replay_machine machine = {settings->ranks, settings->ranks_per_node, 0};
    int code = dsep_trace_read(settings->result, error, &r->trace);
    if (code)
        return code;
    r->nodes = (settings->ranks - 1) / settings->ranks_per_node + 1;
    r->phase = dsep_array(r->trace.n_phases, sizeof *r->phase);
    if (!r->phase)
        return dsep_out_of_memory(error, "a replay");
    for (int64_t i = 0, first = 0; i < r->trace.n_phases && !code; i++) {
        code = dsep_replay_phase(r->trace.cost + first, r->trace.tasks[i], &machine, error,
                                 &r->phase[i]);
        first += r->trace.tasks[i];
        r->bytes += r->nodes > 1 ? r->trace.bytes[i] : 0;
        add_up(r, &r->phase[i]);
    }
    return code;
}

/* --- printing -------------------------------------------------------------------------------- */

static void print_phase(FILE *stream, const report *r, int64_t i) {
    const dsep_replay *p = &r->phase[i];
    const int64_t ranks = r->settings->ranks;
    fprintf(stream,
            "  %5" PRId64 " %4" PRId64 " %9" PRId64 " %14" PRId64 " %12" PRId64 " %14" PRId64
            " %10.3f %13" PRId64 "  %s\n",
            r->trace.order[i], r->trace.half[i], p->tasks, p->total, p->largest, p->makespan,
            dsep_replay_efficiency(p, ranks), r->nodes > 1 ? r->trace.bytes[i] : 0,
            limit(lost_by(p, ranks), p));
}

static int print_text(FILE *stream, void *data, dsep_error *error) {
    (void)error;
    const report *r = data;
    const int64_t ranks = r->settings->ranks;
    fprintf(stream,
            "Replay of '%s' on %" PRId64 " rank%s, %" PRId64 " node%s; work in units, one a test\n",
            r->settings->result, ranks, ranks == 1 ? "" : "s", r->nodes, r->nodes == 1 ? "" : "s");
    fprintf(stream, "  %5s %4s %9s %14s %12s %14s %10s %13s  %s\n", "order", "half", "tasks",
            "work", "largest", "makespan", "efficiency", "bytes a node", "limited by");
    for (int64_t i = 0; i < r->trace.n_phases; i++)
        print_phase(stream, r, i);
    fprintf(
        stream,
        "  overall: efficiency %.3f, limited by %s; lost to largest tasks %.3f, to tails %.3f\n",
        dsep_replay_efficiency(&r->sum, ranks), limit(r->lost, &r->sum),
        r->sum.makespan ? r->lost.task / (double)r->sum.makespan : 0,
        r->sum.makespan ? r->lost.tail / (double)r->sum.makespan : 0);
    fprintf(stream,
            "  communication: %" PRId64 " bytes a node, %" PRId64 " in all; %" PRId64
            " messages of the scheduler\n",
            r->bytes, r->bytes * r->nodes, r->sum.messages);
    return DSEP_OK;
}

static json_t *figures_json(const dsep_replay *p, int64_t ranks, loss lost, int64_t bytes) {
    return json_pack("{s:I, s:I, s:I, s:I, s:f, s:I, s:I, s:I, s:s}", "tasks", (json_int_t)p->tasks,
                     "work", (json_int_t)p->total, "largest", (json_int_t)p->largest, "makespan",
                     (json_int_t)p->makespan, "efficiency", dsep_replay_efficiency(p, ranks),
                     "bytes_per_node", (json_int_t)bytes, "requests", (json_int_t)p->requests,
                     "messages", (json_int_t)p->messages, "limited_by", limit(lost, p));
}

static json_t *phases_json(const report *r) {
    const int64_t ranks = r->settings->ranks;
    json_t *list = json_array();
    for (int64_t i = 0; list && i < r->trace.n_phases; i++) {
        json_t *phase = figures_json(&r->phase[i], ranks, lost_by(&r->phase[i], ranks),
                                     r->nodes > 1 ? r->trace.bytes[i] : 0);
        if (!phase || json_object_set_new(phase, "order", json_integer(r->trace.order[i])) ||
            json_object_set_new(phase, "half", json_integer(r->trace.half[i])) ||
            json_array_append_new(list, phase)) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static int print_json(FILE *stream, void *data, dsep_error *error) {
    const report *r = data;
    const int64_t bytes = r->bytes * r->nodes;
    json_t *phases = phases_json(r);
    json_t *overall = figures_json(&r->sum, r->settings->ranks, r->lost, r->bytes);
    json_t *tree =
        phases && overall
            ? json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "result", r->settings->result,
                        "ranks", (json_int_t)r->settings->ranks, "ranks_per_node",
                        (json_int_t)r->settings->ranks_per_node, "nodes", (json_int_t)r->nodes,
                        "bytes", (json_int_t)bytes, "phases", phases, "overall", overall)
            : NULL;
    return dsep_json_print(stream, tree, error);
}

int dsep_replay_report(dsep_context *ctx, const dsep_replay_settings *settings) {
    int code = DSEP_OK;
    report r = {.settings = settings};
    DSEP_AGREE(ctx, dsep_rank(ctx) == 0 ? play(&r, dsep_context_error(ctx)) : DSEP_OK);
    code = dsep_output_print(ctx, settings->output, settings->json ? print_json : print_text, &r);
cleanup:
    dsep_trace_release(&r.trace);
    free(r.phase);
    return code;
}
