#include "jobs/simulate_latent.h"

#include "io/h5write.h"
#include "io/table_write.h"
#include "jobs/provenance.h"
#include "jobs/representation_result.h"
#include "mpi/log.h"
#include "mpi/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(name) offsetof(dsep_latent_options, name)

const dsep_option dsep_latent_option_table[] = {
    {"factors", 'd', DSEP_OPTION_INTEGER, FIELD(factors), "D", "0", 0, 1000, NULL,
     "draw D latent factors that cause each other, and variables that are mixtures of them; "
     "--degree is then of factors, --samples of each environment"},
    {"environments", 0, DSEP_OPTION_INTEGER, FIELD(environments), "K", "auto", 1, 1e6, "auto",
     "number of environments; auto: one more than factors"},
    {"shift", 0, DSEP_OPTION_CHOICE, FIELD(shift), NULL, "hca", 0, 0, "hca|soft|hard",
     "how environments differ. hca: all weights; soft: the first is observational, each other one "
     "changes one factor's weights and noise; hard: it cuts the factor from its causes, too"},
    {"observation-noise", 0, DSEP_OPTION_REAL, FIELD(observed), "SD", "0", 0, 1e6, NULL,
     "standard deviation of normal noise on every variable"},
    {0},
};

typedef struct {
    const dsep_latent_plan *plan;
    dsep_context *ctx;
    dsep_representation *model;
    char **names;   /* [p + 1] of columns, the last being `environment` */
    char **labels;  /* [K] */
    int64_t *rows;  /* [K] */
    double *factor; /* [d] room */
} latent;

static int name_all(latent *run, dsep_error *error) {
    const int64_t p = run->model->n_variables, k = run->model->n_environments;
    run->names = dsep_array(p + 1, sizeof *run->names);
    run->labels = dsep_array(k, sizeof *run->labels);
    run->rows = dsep_array(k, sizeof *run->rows);
    run->factor = dsep_array(run->model->n_factors, sizeof *run->factor);
    int good = run->names && run->labels && run->rows && run->factor;
    for (int64_t j = 0; j < p && good; j++)
        good = asprintf(&run->names[j], "V%lld", (long long)j + 1) >= 0;
    for (int64_t e = 0; e < k && good; e++) {
        good = asprintf(&run->labels[e], "%lld", (long long)e) >= 0;
        run->rows[e] = run->plan->samples;
    }
    good = good && (run->names[p] = strdup("environment"));
    return good ? DSEP_OK : dsep_out_of_memory(error, "the names of variables");
}

static void release(latent *run) {
    for (int64_t j = 0; run->names && j <= run->model->n_variables; j++)
        free(run->names[j]);
    for (int64_t e = 0; run->labels && e < run->model->n_environments; e++)
        free(run->labels[e]);
    free(run->names);
    free(run->labels);
    free(run->rows);
    free(run->factor);
    dsep_representation_destroy(&run->model);
}

static void fill(const void *state, int64_t first, int64_t count, double *rows) {
    const latent *run = state;
    const dsep_latent_plan *plan = run->plan;
    dsep_log_progress(run->ctx, "simulate", (double)first,
                      (double)(plan->samples * run->model->n_environments), "rows");
    dsep_latent_rows(run->model, plan->noise, plan->observed, plan->model.seed, plan->samples,
                     first, count, run->factor, rows);
}

static int write_truth(latent *run) {
    int code = DSEP_OK;
    char hash[17];
    dsep_h5write *file = NULL;
    dsep_factor_edge *edges = NULL;
    static const char *const methods[] = {"truth: shift hca", "truth: shift soft",
                                          "truth: shift hard"};
    dsep_representation_parts parts = {.method = methods[run->plan->model.shift],
                                       .weight = "weight: that of largest size over environments",
                                       .representation = run->model,
                                       .variables = run->names,
                                       .labels = run->labels,
                                       .rows = run->rows};
    DSEP_AGREE(run->ctx,
               dsep_factor_edges(run->model, dsep_context_error(run->ctx), &edges, &parts.n_edges));
    parts.edges = edges;
    DSEP_TRY(dsep_h5write_create(run->ctx, run->plan->truth, &file));
    dsep_provenance_write(run->ctx, file, run->plan->call, 1, NULL);
    dsep_h5write_attribute_text(file, "/", "input", "simulated");
    DSEP_TRY(dsep_h5write_table(file, "/variables", run->model->n_variables, 1,
                                (const char *const *)run->names));
    DSEP_TRY(dsep_representation_write(run->ctx, file, &parts, hash));
    DSEP_TRY(dsep_factors_table(run->ctx, file, &parts));
    DSEP_TRY(dsep_environments_table(run->ctx, file, &parts));
    DSEP_TRY(dsep_h5write_commit(&file));
cleanup:
    dsep_h5write_abandon(&file);
    free(edges);
    return code;
}

static void print_summary(const latent *run) {
    const dsep_latent_plan *plan = run->plan;
    printf("model   %lld factors, %lld environments\n", (long long)run->model->n_factors,
           (long long)run->model->n_environments);
    printf("data    %s: %lld samples x %lld variables, and the column environment\n", plan->data,
           (long long)(plan->samples * run->model->n_environments),
           (long long)run->model->n_variables);
    if (plan->truth)
        printf("truth   %s\n", plan->truth);
    if (plan->dry_run)
        printf("nothing was written (--dry-run)\n");
}

static int check(const dsep_latent_plan *plan, dsep_error *error) {
    const size_t length = plan->truth ? strlen(plan->truth) : 0;
    if (plan->truth && (length < 3 || strcmp(plan->truth + length - 3, ".h5") != 0))
        return dsep_error_set(error, DSEP_ERROR_USAGE,
                              "--truth %s: the truth of a representation is an HDF5 file; give it "
                              "a name in .h5",
                              plan->truth);
    return dsep_latent_check(&plan->model, error);
}

int dsep_simulate_latent(dsep_context *ctx, const dsep_latent_plan *plan) {
    int code = DSEP_OK;
    latent run = {.plan = plan, .ctx = ctx};
    DSEP_AGREE(ctx, check(plan, dsep_context_error(ctx)));
    DSEP_AGREE(ctx, dsep_latent_create(&plan->model, dsep_context_error(ctx), &run.model));
    DSEP_AGREE(ctx, name_all(&run, dsep_context_error(ctx)));
    const dsep_row_source source = {.n_samples = plan->samples * run.model->n_environments,
                                    .n_variables = run.model->n_variables + 1,
                                    .names = run.names,
                                    .fill = fill,
                                    .state = &run};
    if (!plan->dry_run)
        DSEP_TRY(dsep_table_write(ctx, plan->data, &source));
    if (plan->truth && !plan->dry_run)
        DSEP_TRY(write_truth(&run));
    if (dsep_rank(ctx) == 0 && (plan->dry_run || !plan->quiet))
        print_summary(&run);
cleanup:
    release(&run);
    return code;
}
