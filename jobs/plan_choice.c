#include "jobs/plan_choice.h"

#include "mpi/amount.h"
#include "mpi/memory.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* More nodes are for users to ask for. */
enum { MOST_NODES = 64, MOST_TRIED = 4096 };

static const double ENOUGH = 1800, MARGIN = 1.25, LEAST_TIME = 600, STEP_TIME = 300;
static const int64_t ROOM = 64 << 20,
                     STEP = 100 << 20; /* bytes that are asked for more; in steps */

static void say(dsep_plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(dsep_plan *plan, const char *format, ...) {
    va_list values;
    if (plan->n_reasons == DSEP_PLAN_REASONS)
        return;
    va_start(values, format);
    vsnprintf(plan->reason[plan->n_reasons++], DSEP_PLAN_REASON, format, values);
    va_end(values);
}

static int64_t ceiling(int64_t a, int64_t b) {
    return a / b + (a % b > 0);
}

/* What to ask for, for so much. */
static int64_t wish_of(int64_t bytes) {
    const double wish = (double)bytes * MARGIN + (double)ROOM;
    return wish < 9e18 ? (int64_t)wish / STEP * STEP + STEP : bytes;
}

/* --- what there is --------------------------------------------------------------------------- */

/* What is not said is as on this machine. */
typedef struct {
    int64_t cores, memory, parts;
    const dsep_plan_shape *asked;
} machine;

static machine machine_of(const dsep_plan_needs *needs, const dsep_plan_shape *shape) {
    const int64_t here = sysconf(_SC_NPROCESSORS_ONLN);
    const int64_t memory = shape->memory        ? shape->memory
                           : shape->node_memory ? shape->node_memory
                                                : needs->memory_available;
    return (machine){.cores = shape->node_cores ? shape->node_cores
                              : here > 0        ? here
                                                : 1,
                     .memory = memory < needs->memory_given ? memory : needs->memory_given,
                     .parts = shape->parts > 1 ? shape->parts : 1,
                     .asked = shape};
}

static int check_shape(const dsep_plan_shape *s, dsep_error *error) {
    if (s->ranks && s->nodes > s->ranks)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "%lld ranks on %lld nodes: each node needs at least one rank",
                              (long long)s->ranks, (long long)s->nodes);
    if (s->ranks && s->nodes && s->ranks_per_node && s->ranks > s->nodes * s->ranks_per_node)
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "%lld nodes of %lld ranks are fewer than %lld ranks: give two of "
                              "the three",
                              (long long)s->nodes, (long long)s->ranks_per_node,
                              (long long)s->ranks);
    return DSEP_OK;
}

/* --- nodes and ranks ------------------------------------------------------------------------- */

/* Nodes that the user has said, directly or by ranks and ranks a node; 0: none. */
static int64_t nodes_said(const dsep_plan_shape *s) {
    if (s->nodes || !s->ranks || !s->ranks_per_node)
        return s->nodes;
    return ceiling(s->ranks, s->ranks_per_node);
}

/* Ranks on a node at least, where there are so many nodes. */
static int64_t least_ranks(const dsep_plan_shape *s, int64_t nodes) {
    if (s->ranks_per_node)
        return s->ranks_per_node;
    return s->ranks ? ceiling(s->ranks, nodes) : 1;
}

/* The fewest nodes whose memory holds the run; 0: none. */
static int64_t fewest_nodes(dsep_plan_needs *needs, const machine *m) {
    const int64_t most = m->asked->ranks ? m->asked->ranks : MOST_TRIED;
    for (int64_t nodes = 1; nodes <= most; nodes++)
        if (dsep_plan_needs_bytes(needs, nodes, least_ranks(m->asked, nodes), m->memory) <=
            m->memory)
            return nodes;
    return 0;
}

/* What a node needs where no number of nodes will do: of one node, or of as many as there are
 * ranks. */
static int64_t least_bytes(dsep_plan_needs *needs, const machine *m, dsep_plan *plan) {
    plan->nodes = m->asked->ranks ? m->asked->ranks : 1;
    plan->ranks_per_node = least_ranks(m->asked, plan->nodes);
    plan->ranks = plan->nodes * plan->ranks_per_node;
    return dsep_plan_needs_bytes(needs, plan->nodes, plan->ranks_per_node, m->memory);
}

/* The plan keeps what it was refused for. */
static int refuse(const dsep_plan_needs *needs, const machine *m, int64_t bytes, dsep_plan *plan,
                  dsep_error *error) {
    char more[80] = "", fits[DSEP_FITTING] = "";
    dsep_amount needed, there;
    plan->bytes_node = bytes;
    plan->memory_node = m->memory;
    if (m->asked->memory || m->asked->node_memory)
        snprintf(more, sizeof more, "ask for --memory %lldM or more, ",
                 (long long)(wish_of(bytes) >> 20));
    if (needs->is_pc)
        dsep_discover_input_fitting(&needs->input, m->memory, fits);
    return dsep_error_set(error, DSEP_ERROR_RESOURCES,
                          "this run needs %s of memory on each node and %s are there%s"
                          "%s%schoose variables with --columns or --drop, use nodes with more "
                          "memory, or raise --memory-per-node if it was set too low",
                          dsep_amount_bytes((double)bytes, needed),
                          dsep_amount_bytes((double)m->memory, there), *fits ? ". " : ": ", fits,
                          more);
}

static int fits(dsep_plan_needs *needs, const machine *m, int64_t nodes, int64_t each) {
    return dsep_plan_needs_bytes(needs, nodes, each, m->memory) <= m->memory;
}

/* Ranks a node, the fewest that are fast enough, or as many as help; more nodes where those of
 * these do not do. */
static void choose_ranks(dsep_plan_needs *needs, const machine *m, int fixed, dsep_plan *plan) {
    const int64_t first = plan->nodes, last = fixed ? first : MOST_NODES;
    double best = INFINITY;
    if (!needs->timed) {
        while (plan->ranks_per_node < m->cores &&
               fits(needs, m, plan->nodes, plan->ranks_per_node + 1))
            plan->ranks_per_node++;
        return;
    }
    for (int64_t nodes = first; nodes <= (last > first ? last : first); nodes++) {
        for (int64_t each = 1; each <= m->cores && fits(needs, m, nodes, each); each++) {
            const double seconds = dsep_plan_needs_seconds(needs, nodes * each, m->parts);
            if (seconds < best * .95 || (best > ENOUGH && seconds <= ENOUGH)) {
                best = seconds;
                plan->nodes = nodes;
                plan->ranks_per_node = each;
            }
            if (seconds <= ENOUGH)
                return;
        }
    }
}

static int choose_shape(dsep_plan_needs *needs, const machine *m, dsep_error *error,
                        dsep_plan *plan) {
    const dsep_plan_shape *s = m->asked;
    const int64_t said = nodes_said(s);
    plan->nodes = said ? said : fewest_nodes(needs, m);
    if (plan->nodes == 0)
        return refuse(needs, m, least_bytes(needs, m, plan), plan, error);
    plan->ranks_per_node = least_ranks(s, plan->nodes);
    plan->ranks = s->ranks ? s->ranks : plan->nodes * plan->ranks_per_node;
    const int64_t bytes =
        dsep_plan_needs_bytes(needs, plan->nodes, plan->ranks_per_node, m->memory);
    if (bytes > m->memory)
        return refuse(needs, m, bytes, plan, error);
    if (!s->ranks && !s->ranks_per_node)
        choose_ranks(needs, m, said > 0, plan);
    else if (s->ranks && !s->ranks_per_node && !said)
        while (plan->ranks_per_node > m->cores)
            plan->ranks_per_node = ceiling(s->ranks, ++plan->nodes);
    plan->ranks = s->ranks ? s->ranks : plan->nodes * plan->ranks_per_node;
    return DSEP_OK;
}

/* --- what to ask for ------------------------------------------------------------------------- */

static void ask(const dsep_plan_needs *needs, const machine *m, dsep_plan *plan) {
    const int64_t wish = wish_of(plan->bytes_node);
    plan->bytes_asked = m->asked->memory ? m->asked->memory : wish < m->memory ? wish : m->memory;
    plan->seconds = dsep_plan_needs_seconds(needs, plan->ranks, m->parts);
    if (needs->timed)
        plan->seconds_asked =
            fmax(LEAST_TIME, ceil((2 * plan->seconds + 60) / STEP_TIME) * STEP_TIME);
    plan->tests = needs->tests;
    plan->memory_node = m->memory;
    plan->bytes_disk = needs->disk;
    plan->bytes_checkpoint = 2 * needs->checkpoint;
}

static void tell_nodes(const dsep_plan_needs *needs, const machine *m, dsep_plan *plan) {
    const dsep_plan_shape *s = m->asked;
    dsep_amount there, needed;
    const char *plural = plan->nodes == 1 ? "" : "s";
    if (nodes_said(s))
        say(plan, "%lld node%s, as asked", (long long)plan->nodes, plural);
    else
        say(plan,
            "%lld node%s: the fewest whose memory of %s holds the %s that each "
            "needs%s",
            (long long)plan->nodes, plural, dsep_amount_bytes((double)m->memory, there),
            dsep_amount_bytes((double)plan->bytes_node, needed),
            plan->ranks > m->cores ? ", and that have enough cores" : "");
    if (s->ranks || s->ranks_per_node)
        say(plan, "%lld rank%s, as asked", (long long)plan->ranks, plan->ranks == 1 ? "" : "s");
    else if (!needs->timed)
        say(plan,
            "%lld rank%s: one a core of %lld, where memory allows; how long it takes is not "
            "known",
            (long long)plan->ranks, plan->ranks == 1 ? "" : "s", (long long)m->cores);
    else
        say(plan, "%lld rank%s: %s", (long long)plan->ranks, plan->ranks == 1 ? "" : "s",
            plan->seconds <= ENOUGH ? "the fewest with which it takes at most half an hour"
                                    : "more would not help enough");
}

static void tell(const dsep_plan_needs *needs, const machine *m, dsep_plan *plan) {
    dsep_amount memory, time;
    dsep_amount_bytes((double)plan->bytes_node, memory);
    tell_nodes(needs, m, plan);
    if (m->asked->memory)
        say(plan, "memory as asked; the forecast is %s a node", memory);
    else
        say(plan, "memory: the forecast of %s a node, a quarter more and some room", memory);
    if (needs->timed)
        say(plan,
            "time: twice the forecast of %s, at least ten minutes; a job that needs more "
            "goes on from its checkpoint",
            dsep_amount_seconds(plan->seconds, time));
    else
        say(plan,
            "the time of %s is not forecast, as a sample could not be fitted: ask for what the "
            "queue gives; a job that needs more goes on from its checkpoint",
            needs->subject);
    if (needs->timed && needs->by_iterations)
        say(plan, "how many iterations it needs is known only by those of a sample: it may be "
                  "three times as long or a third");
    if (needs->timed && needs->input.forecast.cut)
        say(plan,
            "sets of %lld variables take long even in a small sample: more may follow; "
            "--max-order would bound it",
            (long long)needs->input.forecast.cut);
    if (m->parts > 1)
        say(plan, "%lld parts share %lld units of work; each part is such a job",
            (long long)m->parts, (long long)needs->units);
    if (needs->timed)
        say(plan, "nodes are taken to be as fast as this one, on which the kernels were measured");
}

int dsep_plan_choose(dsep_plan_needs *needs, const dsep_plan_shape *shape, dsep_error *error,
                     dsep_plan *plan) {
    const machine m = machine_of(needs, shape);
    int code = check_shape(shape, error);
    if (!code)
        code = choose_shape(needs, &m, error, plan);
    if (code)
        return code;
    plan->bytes_node = dsep_plan_needs_bytes(needs, plan->nodes, plan->ranks_per_node, m.memory);
    if (plan->bytes_node > m.memory)
        return refuse(needs, &m, plan->bytes_node, plan, error);
    ask(needs, &m, plan);
    tell(needs, &m, plan);
    return DSEP_OK;
}
