#include "solvers/representation.h"

#include "mpi/memory.h"

#include <math.h>
#include <stdlib.h>

int dsep_representation_create(int64_t n_variables, int64_t n_factors, int64_t n_environments,
                               dsep_error *error, dsep_representation **made) {
    const int64_t p = n_variables, d = n_factors, k = n_environments;
    dsep_representation *r = dsep_array(1, sizeof *r);
    *made = r;
    if (r)
        *r = (dsep_representation){.n_variables = p,
                                   .n_factors = d,
                                   .n_environments = k,
                                   .h = dsep_array(d * p, sizeof *r->h),
                                   .g = dsep_array(p * d, sizeof *r->g),
                                   .b = dsep_array(k * d * d, sizeof *r->b),
                                   .weight = dsep_array(k * d * d, sizeof *r->weight),
                                   .order = dsep_array(d, sizeof *r->order),
                                   .target = dsep_array(k, sizeof *r->target),
                                   .named_by = dsep_array(d, sizeof *r->named_by),
                                   .named_r2 = dsep_array(d, sizeof *r->named_r2)};
    if (!r || !r->h || !r->g || !r->b || !r->weight || !r->order || !r->target || !r->named_by ||
        !r->named_r2) {
        dsep_representation_destroy(made);
        return dsep_out_of_memory(error, "a representation");
    }
    for (int64_t i = 0; i < d; i++) {
        r->order[i] = i;
        r->named_by[i] = -1;
        r->named_r2[i] = NAN;
    }
    for (int64_t e = 0; e < k; e++)
        r->target[e] = -1;
    return DSEP_OK;
}

void dsep_representation_destroy(dsep_representation **representation) {
    dsep_representation *r = representation ? *representation : NULL;
    if (!r)
        return;
    free(r->h);
    free(r->g);
    free(r->b);
    free(r->weight);
    free(r->order);
    free(r->target);
    free(r->named_by);
    free(r->named_r2);
    free(r);
    *representation = NULL;
}
