#include "jobs/represent_options.h"

#define FIELD(name) offsetof(dsep_represent_settings, name)

static const dsep_option options[] = {
    {"method", 0, DSEP_OPTION_CHOICE, FIELD(method), NULL, "hca", 0, 0, "hca|interventional|lscale",
     "hca: factors whose causal order all environments share, found by independent components; "
     "interventional: from an observational environment and one perfect intervention on each "
     "factor; lscale: the same from differences of scores, one environment for each factor"},
    {"factors", 'd', DSEP_OPTION_INTEGER, FIELD(factors), "D", NULL, 1, 1024, NULL,
     "number of latent factors; must be given"},
    {"environments", 0, DSEP_OPTION_TEXT, FIELD(environments), "LIST", NULL, 0, 0, NULL,
     "labels of the environments to use, in this order, with commas (one that holds a comma "
     "in double quotes); without it all, in the order of the rows"},
    {"min-rows", 0, DSEP_OPTION_INTEGER, FIELD(min_rows), "N", "50", 2, 1e12, NULL,
     "rows that every environment must have at least"},
    {"replicates", 'R', DSEP_OPTION_INTEGER, FIELD(replicates), "R", "200", 0, 1e8, NULL,
     "bootstrap replicates, drawn within each environment, for intervals; 0: none"},
    {"confidence", 0, DSEP_OPTION_REAL, FIELD(confidence), "C", "0.95", 0.5, 0.999999, NULL,
     "confidence of intervals, which decide what is an edge"},
    {"scores", 0, DSEP_OPTION_FLAG, FIELD(scores), NULL, NULL, 0, 0, NULL,
     "store the factors of every row"},
    {"memory-per-node", 0, DSEP_OPTION_SIZE, FIELD(memory_per_node), "SIZE", NULL, 0, 0, NULL,
     "memory that may be used on each node; without it what the node has"},
    {"dry-run", 0, DSEP_OPTION_FLAG, FIELD(dry_run), NULL, NULL, 0, 0, NULL,
     "check everything and say what the run needs, without running it"},
    {0},
};

#define HCA(name) offsetof(dsep_represent_hca_options, name)

static const dsep_option hca_options[] = {
    {"null", 0, DSEP_OPTION_INTEGER, HCA(null_draws), "N", "200", 0, 1e8, NULL,
     "random rotations of the sources: what MIC is where environments share no order; 0: none"},
    {"contrast", 0, DSEP_OPTION_CHOICE, HCA(contrast), NULL, "logcosh", 0, 0, "logcosh|exp|cube",
     "contrast of FastICA"},
    {"tolerance", 0, DSEP_OPTION_REAL, HCA(tolerance), "EPS", "1e-12", 1e-15, 0.1, NULL,
     "FastICA has converged where no component turns by more"},
    {"max-iterations", 0, DSEP_OPTION_INTEGER, HCA(max_iterations), "N", "10000", 1, 1e9, NULL,
     "most iterations of FastICA"},
    {"starts", 0, DSEP_OPTION_INTEGER, HCA(starts), "N", "5", 1, 1e6, NULL,
     "random starts of FastICA in each environment, of which the best is kept"},
    {0},
};

static const dsep_option intervention_options[] = {
    {"observational", 0, DSEP_OPTION_TEXT,
     offsetof(dsep_represent_intervention_options, observational), "LABEL", NULL, 0, 0, NULL,
     "the environment without an intervention; without it the first one"},
    {0},
};

static const dsep_option pruning_options[] = {
    {"threshold", 0, DSEP_OPTION_REAL, offsetof(dsep_represent_pruning_options, threshold), "GAMMA",
     "0.99", 0, 1, NULL,
     "an earlier factor is no ancestor where the share of rank one without taking it out is "
     "above"},
    {0},
};

static const dsep_option lscale_options[] = {
    {"soft", 0, DSEP_OPTION_FLAG, offsetof(dsep_represent_lscale_options, soft), NULL, NULL, 0, 0,
     NULL,
     "interventions change their target and do not cut it from its causes; edges are then those "
     "of ancestors"},
    {0},
};

const dsep_option_group dsep_represent_groups[] = {
    {"Representation", options, 0, NULL},
    {"Hierarchical component analysis", hca_options, FIELD(hca), "hca"},
    {"Interventions", intervention_options, FIELD(interventions), "interventional lscale"},
    {"Disentanglement", pruning_options, FIELD(pruning), "interventional"},
    {"Scores", lscale_options, FIELD(lscale), "lscale"},
    {"Running", dsep_running_option_table, FIELD(running), NULL},
    {"Data", dsep_data_option_table, FIELD(data), NULL},
    {"Common", dsep_common_options, FIELD(common), NULL},
    {0},
};
