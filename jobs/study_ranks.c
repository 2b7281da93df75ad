#include "jobs/study_ranks.h"

#include "mpi/amount.h"
#include "mpi/exchange.h"
#include "mpi/log.h"
#include "mpi/memory.h"
#include "solvers/replicate.h"

/* The fewest ranks a group with which all groups of a node fit into its memory; 0: none. */
static int64_t fewest_ranks(int64_t node_ranks, int64_t memory, int64_t bytes) {
    for (int64_t each = 1; each <= node_ranks; each++)
        if (bytes >= 0 && bytes <= memory / ((node_ranks + each - 1) / each))
            return each;
    return 0;
}

int dsep_study_ranks_choose(dsep_context *ctx, const dsep_sensitivity_settings *settings,
                            const dsep_study_design *design, int64_t n_samples, int64_t n_variables,
                            dsep_study_ranks *ranks) {
    const int64_t size = dsep_size(ctx), per_node = (size + dsep_nodes(ctx) - 1) / dsep_nodes(ctx);
    const int64_t columns = settings->simulate ? 2 : 1; /* a simulated table itself, too */
    int64_t memory =
        settings->memory_per_node ? settings->memory_per_node : dsep_memory_available();
    int64_t fewest = 0, bytes = 0;
    dsep_min_i64(ctx, &memory, 1);
    for (int whole = 1; whole >= 0 && fewest == 0; whole--) {
        bytes = dsep_replicator_bytes(columns * n_samples, n_variables, whole);
        fewest = fewest_ranks(per_node, memory, bytes);
        ranks->whole = whole;
    }
    dsep_amount needed, there;
    if (fewest == 0)
        return dsep_fail(ctx, DSEP_ERROR_RESOURCES,
                         "a run of %lld rows and %lld variables needs %s on a node, and %s "
                         "are there; use nodes with more memory, or fewer variables",
                         (long long)n_samples, (long long)n_variables,
                         dsep_amount_bytes((double)bytes, needed),
                         dsep_amount_bytes((double)memory, there));
    const int64_t spare = design->n_units < size ? size / design->n_units : 1;
    ranks->each = settings->ranks_each ? settings->ranks_each : fewest > spare ? fewest : spare;
    ranks->each = ranks->each < size ? ranks->each : size;
    dsep_log_line(ctx, "%lld run%s: %lld cell%s of %lld replicate%s, %lld rank%s a run",
                  (long long)design->n_units, dsep_plural(design->n_units),
                  (long long)design->n_cells, dsep_plural(design->n_cells),
                  (long long)design->n_replicates, dsep_plural(design->n_replicates),
                  (long long)ranks->each, dsep_plural(ranks->each));
    return DSEP_OK;
}
