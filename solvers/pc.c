#include "solvers/pc.h"

#include "mpi/fault.h"
#include "mpi/log.h"
#include "mpi/memory.h"

#include <stdlib.h>

static int by_conflict(const void *left, const void *right) {
    const dsep_conflict *a = left, *b = right;
    const int64_t first[] = {a->x, a->y, (int64_t)a->kind},
                  second[] = {b->x, b->y, (int64_t)b->kind};
    for (int i = 0; i < 3; i++)
        if (first[i] != second[i])
            return first[i] < second[i] ? -1 : 1;
    return 0;
}

static int orient(dsep_context *ctx, dsep_citest *test, const dsep_knowledge *knowledge,
                  const dsep_pc_settings *settings, dsep_pc *pc) {
    int code = DSEP_OK;
    dsep_error *error = dsep_context_error(ctx);
    dsep_triple *triples = NULL;
    int64_t count = 0;
    DSEP_TRY(dsep_triples_judge(ctx, test, pc->skeleton, pc->graph, knowledge,
                                settings->orientation, &triples, &count));
    for (int64_t t = 0; t < count; t++) {
        pc->v_structures += triples[t].kind == DSEP_TRIPLE_COLLIDER;
        pc->ambiguous += triples[t].kind == DSEP_TRIPLE_AMBIGUOUS;
    }
    int mine = dsep_fault(ctx, "orientation");
    if (!mine)
        mine = dsep_meek_orient(pc->graph, triples, count, knowledge, &pc->conflicts, error);
    if (!mine && !settings->graph_alone)
        mine = dsep_cpdag_valid(pc->graph, knowledge != NULL, error, &pc->valid);
    DSEP_AGREE(ctx, mine);
    if (pc->conflicts.count > 0)
        qsort(pc->conflicts.list, (size_t)pc->conflicts.count, sizeof *pc->conflicts.list,
              by_conflict);
cleanup:
    free(triples);
    return code;
}

/* Strengths of the skeleton, in units unless the search was stopped. */
static int measure(dsep_context *ctx, dsep_citest *test, const dsep_pc_settings *settings,
                   dsep_pc *pc) {
    int code = DSEP_OK;
    const dsep_skeleton_settings at_once = {0};
    DSEP_AGREE(ctx,
               dsep_adjacency_graph(pc->skeleton->adjacency, dsep_context_error(ctx), &pc->graph));
    if (settings->graph_alone)
        goto cleanup;
    DSEP_TRY(dsep_strength_measure(ctx, test, pc->skeleton, pc->graph,
                                   pc->stopped ? &at_once : &settings->search, &pc->strength));
    if (pc->strength)
        goto cleanup;
    pc->stopped = 1;
    dsep_graph_destroy(&pc->graph);
cleanup:
    return code;
}

int dsep_pc_run(dsep_context *ctx, dsep_citest *test, const dsep_knowledge *knowledge,
                const dsep_pc_settings *settings, dsep_pc **pc) {
    int code = DSEP_OK;
    dsep_pc *made = dsep_array(1, sizeof *made);
    *pc = NULL;
    DSEP_AGREE(ctx, made ? DSEP_OK : dsep_out_of_memory(dsep_context_error(ctx), "the result"));
    made->valid = 1;
    dsep_log_section_begin(ctx, "skeleton");
    DSEP_TRY(dsep_skeleton_search(ctx, test, knowledge, &settings->search, &made->skeleton));
    made->stopped = made->skeleton->stop == DSEP_SKELETON_STOPPED;
    if (!made->stopped || (settings->partial && made->skeleton->adjacency)) {
        dsep_log_section_begin(ctx, "edge strengths");
        DSEP_TRY(measure(ctx, test, settings, made));
    }
    if (made->graph) {
        dsep_log_section_begin(ctx, "orientation");
        if (!settings->skeleton_only)
            DSEP_TRY(orient(ctx, test, knowledge, settings, made));
        made->certificate = dsep_knowledge_certify(knowledge, made->graph);
    }
    *pc = made;
    made = NULL;
cleanup:
    dsep_pc_destroy(&made);
    return code;
}

void dsep_pc_destroy(dsep_pc **pc) {
    if (!pc || !*pc)
        return;
    dsep_skeleton_destroy(&(*pc)->skeleton);
    dsep_graph_destroy(&(*pc)->graph);
    dsep_strength_destroy(&(*pc)->strength);
    free((*pc)->conflicts.list);
    free(*pc);
    *pc = NULL;
}
