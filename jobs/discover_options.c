#include "jobs/discover_options.h"

#define FIELD(name) offsetof(dsep_discover_settings, name)

const dsep_option dsep_discover_option_table[] = {
    {"method", 0, DSEP_OPTION_CHOICE, FIELD(method), NULL, "pc", 0, 0, "pc",
     "pc: PC-stable, a CPDAG; assumes that no common cause is unmeasured"},
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
    {"max-time", 0, DSEP_OPTION_TIME, FIELD(max_time), "HH:MM:SS", NULL, 0, 0, NULL,
     "end the search in good order so that the program ends about then; the result then holds the "
     "orders that are complete, and is marked as partial"},
    {"allow-partial", 0, DSEP_OPTION_FLAG, FIELD(allow_partial), NULL, NULL, 0, 0, NULL,
     "exit code 0, not 4, where --max-time ended the search"},
    {"trace", 0, DSEP_OPTION_FLAG, FIELD(trace), NULL, NULL, 0, 0, NULL,
     "store what every task of the search cost, for dsep plan --replay"},
    {"orientation", 0, DSEP_OPTION_CHOICE, FIELD(orientation), NULL, "standard", 0, 0,
     "standard|conservative|majority", "how v-structures are judged"},
    {"knowledge", 0, DSEP_OPTION_TEXT, FIELD(knowledge), "FILE", NULL, 0, 0, NULL,
     "forbidden edges, required edges and tiers, in Tetrad's format"},
    {"skeleton-only", 0, DSEP_OPTION_FLAG, FIELD(skeleton_only), NULL, NULL, 0, 0, NULL,
     "stop before edges are oriented"},
    {"dry-run", 0, DSEP_OPTION_FLAG, FIELD(dry_run), NULL, NULL, 0, 0, NULL,
     "check everything and forecast, but run nothing"},
    {"memory-per-node", 0, DSEP_OPTION_SIZE, FIELD(memory_per_node), "SIZE", NULL, 0, 0, NULL,
     "what the run may use; without it what the node has free"},
    {0},
};

const dsep_option_group dsep_discover_groups[] = {
    {"Discovery", dsep_discover_option_table, 0},
    {"Data", dsep_data_option_table, FIELD(data)},
    {"Common", dsep_common_options, FIELD(common)},
    {0},
};
