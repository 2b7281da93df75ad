#include "jobs/method_memory.h"

#include "solvers/continuous.h"
#include "solvers/exact.h"
#include "solvers/lingam.h"
#include "solvers/var_lingam.h"

/* A node's share of the grid, the correlations, the columns that they come from. */
static int64_t continuous(dsep_acyclic_kind kind, const dsep_table *table, double share) {
    const double p = (double)table->n_variables, n = (double)table->n_samples;
    const double bytes =
        share * (double)dsep_continuous_bytes(kind, table->n_variables) + 8 * p * (p + n);
    return bytes < 9e18 ? (int64_t)bytes : -1;
}

int64_t dsep_method_memory(const dsep_discover_settings *settings, const dsep_table *table,
                           double share) {
    const int64_t n = table->n_samples, p = table->n_variables;
    const int64_t groups = table->n_environments > 1 ? table->n_environments : 1;
    const dsep_lingam_options *lingam = &settings->lingam;
    switch ((dsep_method)settings->method) {
    case DSEP_METHOD_LINGAM:
        return dsep_lingam_bytes(n, p, groups);
    case DSEP_METHOD_ICA_LINGAM: /* and whitened columns, in three places */
        return dsep_lingam_bytes(n, p, 1) + 24 * n * p;
    case DSEP_METHOD_VAR_LINGAM:
        return dsep_var_lingam_bytes(n, p, lingam->lags ? lingam->lags : lingam->max_lags);
    case DSEP_METHOD_EXACT:
        return dsep_exact_memory(p);
    case DSEP_METHOD_DAGMA:
        return continuous(DSEP_ACYCLIC_LOGDET, table, share);
    case DSEP_METHOD_NOTEARS:
        return continuous(DSEP_ACYCLIC_EXPONENTIAL, table, share);
    case DSEP_METHOD_PC:
        break;
    }
    return -1;
}
