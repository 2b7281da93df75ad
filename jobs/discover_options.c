#include "jobs/discover_options.h"

#define FIELD(name) offsetof(dsep_discover_settings, name)

const dsep_option dsep_discover_option_table[] = {
    {"method", 0, DSEP_OPTION_CHOICE, FIELD(method), NULL, "pc", 0, 0,
     "pc|lingam|ica-lingam|var-lingam|exact|dagma|notears",
     "pc: PC-stable, a CPDAG; assumes that no common cause is unmeasured. lingam: DirectLiNGAM, a "
     "DAG with coefficients of linear non-Gaussian data, of several environments one order; "
     "ica-lingam: the same from independent components; var-lingam: of a time series, with lags. "
     "exact: the probability of every edge and path over all DAGs of up to 25 variables. "
     "dagma, notears: a DAG by continuous optimisation of linear weights"},
    {"dry-run", 0, DSEP_OPTION_FLAG, FIELD(dry_run), NULL, NULL, 0, 0, NULL,
     "check everything and forecast, but run nothing"},
    {"memory-per-node", 0, DSEP_OPTION_SIZE, FIELD(memory_per_node), "SIZE", NULL, 0, 0, NULL,
     "what the run may use; without it what the node has free"},
    {0},
};

const dsep_option dsep_pc_option_table[] = {
    {"test", 0, DSEP_OPTION_CHOICE, FIELD(test), NULL, "fisher-z", 0, 0, "fisher-z",
     "fisher-z: partial correlations of continuous data"},
    {"alpha", 'a', DSEP_OPTION_REAL, FIELD(alpha), "A", "0.01", 1e-300, 0.999999, NULL,
     "significance level of each test; smaller gives a sparser graph"},
    {"max-order", 0, DSEP_OPTION_INTEGER, FIELD(max_order), "L", "-1", -1, 250, NULL,
     "largest separating set to try; -1 has no limit"},
    {"correlation", 0, DSEP_OPTION_CHOICE, FIELD(correlation), NULL, "auto", 0, 0,
     "auto|whole|tiled",
     "whole: one p x p matrix a node; tiled: parts of it when they are needed, for more variables; "
     "auto: whole where it fits and saves time. The result is the same"},
    {"trace", 0, DSEP_OPTION_FLAG, FIELD(trace), NULL, NULL, 0, 0, NULL,
     "store what every task of the search cost, for dsep plan --replay"},
    {"orientation", 0, DSEP_OPTION_CHOICE, FIELD(orientation), NULL, "standard", 0, 0,
     "standard|conservative|majority", "how v-structures are judged"},
    {"skeleton-only", 0, DSEP_OPTION_FLAG, FIELD(skeleton_only), NULL, NULL, 0, 0, NULL,
     "stop before edges are oriented"},
    {0},
};

const dsep_option dsep_knowledge_option_table[] = {
    {"knowledge", 0, DSEP_OPTION_TEXT, FIELD(knowledge), "FILE", NULL, 0, 0, NULL,
     "forbidden edges, required edges and tiers, in Tetrad's format"},
    {0},
};

#define LINGAM(name) offsetof(dsep_lingam_options, name)

const dsep_option dsep_lingam_option_table[] = {
    {"prune", 0, DSEP_OPTION_CHOICE, LINGAM(pruning), NULL, "adaptive-lasso", 0, 0,
     "adaptive-lasso|none",
     "which coefficients are edges: adaptive-lasso: those that it keeps by BIC, fitted again; "
     "none: "
     "all that the order allows"},
    {0},
};

const dsep_option dsep_ica_lingam_option_table[] = {
    {"starts", 0, DSEP_OPTION_INTEGER, LINGAM(starts), "N", "5", 1, 1e6, NULL,
     "random starts of the independent components, of which the best is taken"},
    {0},
};

const dsep_option dsep_var_lingam_option_table[] = {
    {"lags", 0, DSEP_OPTION_INTEGER, LINGAM(lags), "N", "auto", 1, 1e6, "auto",
     "how many earlier times have an effect; auto: the least BIC"},
    {"max-lags", 0, DSEP_OPTION_INTEGER, LINGAM(max_lags), "N", "10", 1, 1e6, NULL,
     "most lags that --lags auto considers"},
    {0},
};

const dsep_option dsep_exact_option_table[] = {
    {"edge-probability", 0, DSEP_OPTION_REAL, FIELD(edge_probability), "P", "0.5", 0.5, 1, NULL,
     "the graph has the edges that are more probable than P; the result has all probabilities"},
    {0},
};

#define REPLICATE(name) offsetof(dsep_replicate_options, name)

const dsep_option dsep_replicate_option_table[] = {
    {"replicates", 'R', DSEP_OPTION_INTEGER, REPLICATE(replicates), "R", "0", 0, 1e8, NULL,
     "search again on R samples of the rows and tell how often each edge comes back"},
    {"resample", 0, DSEP_OPTION_CHOICE, REPLICATE(scheme), NULL, "bootstrap", 0, 0,
     "bootstrap|subsample|halves|block|environment|permutation",
     "bootstrap: rows with replacement; subsample: a fraction of them; halves: complementary "
     "halves, "
     "two replicates each, for stability selection; block: blocks of neighbours, for ordered rows; "
     "environment: all but one environment; permutation: what is found where nothing depends on "
     "anything"},
    {"subsample", 0, DSEP_OPTION_REAL, REPLICATE(fraction), "SHARE", "0.5", 0, 1, NULL,
     "share of the rows in a subsample"},
    {"block", 0, DSEP_OPTION_INTEGER, REPLICATE(block), "ROWS", "0", 0, 1e12, NULL,
     "rows of a block; 0: the cube root of the number of rows"},
    {"threshold", 0, DSEP_OPTION_REAL, REPLICATE(threshold), "SHARE", "0", 0, 1, NULL,
     "share of replicates from which on an edge is selected; 0: found from the shares"},
    {"until-stable", 0, DSEP_OPTION_REAL, REPLICATE(until_stable), "EPS", "0", 0, 0.5, NULL,
     "stop before R replicates as soon as every reported share is known to +-EPS; looked at every "
     "50 replicates"},
    {"confidence", 0, DSEP_OPTION_REAL, REPLICATE(confidence), "C", "0.95", 0.5, 0.999999, NULL,
     "confidence of what is said about each share"},
    {"ranks-per-replicate", 0, DSEP_OPTION_INTEGER, REPLICATE(ranks_each), "N", "auto", 1, 1e6,
     "auto", "ranks that work on a replicate together; the shares are the same for any"},
    {0},
};

#define CONTINUOUS(name) offsetof(dsep_continuous_options, name)

const dsep_option dsep_continuous_option_table[] = {
    {"lambda", 0, DSEP_OPTION_REAL, CONTINUOUS(lambda), "L", "0.03", 0, 1e6, NULL,
     "penalty on the sum of |weights|; larger gives a sparser graph"},
    {"threshold-weight", 0, DSEP_OPTION_REAL, CONTINUOUS(threshold), "W", "0.3", 0, 1e6, NULL,
     "edges with |weight| below W are dropped, but for required ones; it is raised where it would "
     "leave a cycle"},
    {"scale", 0, DSEP_OPTION_CHOICE, CONTINUOUS(raw), NULL, "standardised", 0, 0,
     "standardised|raw",
     "raw: variables as they are measured, whose order of variances these methods follow"},
    {"max-iterations", 0, DSEP_OPTION_INTEGER, CONTINUOUS(max_iterations), "N", "5000", 1, 1e9,
     NULL, "of each stage; a stage that needs more is reported as not converged"},
    {0},
};

const dsep_option_group dsep_discover_groups[] = {
    {"Discovery", dsep_discover_option_table, 0, NULL},
    {"PC", dsep_pc_option_table, 0, "pc"},
    {"Background knowledge", dsep_knowledge_option_table, 0, "pc dagma notears"},
    {"LiNGAM", dsep_lingam_option_table, FIELD(lingam), "lingam ica-lingam var-lingam"},
    {"ICA-LiNGAM", dsep_ica_lingam_option_table, FIELD(lingam), "ica-lingam"},
    {"VAR-LiNGAM", dsep_var_lingam_option_table, FIELD(lingam), "var-lingam"},
    {"Exact posterior", dsep_exact_option_table, 0, "exact"},
    {"DAGMA and NOTEARS", dsep_continuous_option_table, FIELD(continuous), "dagma notears"},
    {"Replicates", dsep_replicate_option_table, FIELD(replicate),
     "pc lingam ica-lingam var-lingam dagma notears"},
    {"Running", dsep_running_option_table, FIELD(running), NULL},
    {"Data", dsep_data_option_table, FIELD(data), NULL},
    {"Common", dsep_common_options, FIELD(common), NULL},
    {0},
};
