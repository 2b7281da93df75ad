#include "jobs/data_options.h"

#define FIELD(name) offsetof(dsep_data_options, name)

const dsep_option dsep_data_option_table[] = {
    {"transpose", 0, DSEP_OPTION_FLAG, FIELD(transpose), NULL, NULL, 0, 0, NULL,
     "rows are variables and columns are samples"},
    {"header", 0, DSEP_OPTION_CHOICE, FIELD(header), NULL, "auto", 0, 0, "auto|yes|no",
     "whether the first line holds names; a line of numbers is a header only with yes"},
    {"separator", 0, DSEP_OPTION_TEXT, FIELD(separator), "CHARACTER", NULL, 0, 0, NULL,
     "comma, tab, semicolon or blank are detected; this forces one: , ; tab blank"},
    {"missing", 0, DSEP_OPTION_TEXT, FIELD(missing), "LIST", NULL, 0, 0, NULL,
     "what stands for a missing cell; without it: empty, NA, NaN"},
    {"columns", 0, DSEP_OPTION_TEXT, FIELD(columns), "LIST", NULL, 0, 0, NULL,
     "use only these columns: names, numbers from 1, ranges such as 3-7"},
    {"drop", 0, DSEP_OPTION_TEXT, FIELD(drop), "LIST", NULL, 0, 0, NULL, "leave these columns out"},
    {"environment", 0, DSEP_OPTION_TEXT, FIELD(environment), "COLUMN", NULL, 0, 0, NULL,
     "the column that names the environment (site, batch, base model) of each row; it is no "
     "variable"},
    {"incomplete", 0, DSEP_OPTION_CHOICE, FIELD(incomplete), NULL, "error", 0, 0,
     "error|drop-rows|drop-columns", "what to do about missing cells; drops are recorded"},
    {"constant", 0, DSEP_OPTION_CHOICE, FIELD(constant), NULL, "error", 0, 0, "error|drop",
     "what to do about columns that do not vary"},
    {0},
};

dsep_table_settings dsep_data_settings(const dsep_data_options *options, const char *path,
                                       int64_t min_samples) {
    dsep_table_settings settings = dsep_table_default_settings();
    settings.path = path;
    settings.transpose = options->transpose;
    settings.header = (dsep_header)options->header;
    settings.separator = options->separator;
    settings.missing = options->missing;
    settings.columns = options->columns;
    settings.drop = options->drop;
    settings.environment = options->environment;
    settings.incomplete = (dsep_incomplete)options->incomplete;
    settings.constant = (dsep_constant)options->constant;
    settings.min_samples = min_samples;
    return settings;
}
