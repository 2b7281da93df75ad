#include "jobs/planning.h"

#include "jobs/plan_choice.h"
#include "jobs/plan_needs.h"

int dsep_plan_make(dsep_context *ctx, const dsep_invocation *call, const dsep_plan_shape *shape,
                   dsep_plan *plan) {
    int code = DSEP_OK;
    dsep_plan_needs needs = {0};
    *plan = (dsep_plan){0};
    DSEP_TRY(dsep_plan_needs_read(ctx, call, &needs));
    DSEP_AGREE(ctx, dsep_plan_choose(&needs, shape, dsep_context_error(ctx), plan));
cleanup:
    dsep_plan_needs_release(&needs);
    return code;
}
