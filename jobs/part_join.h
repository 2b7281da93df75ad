/* Parts of a campaign made one: what several commands with --part have kept, as one command without
 * it would have kept it. */
#ifndef DSEP_JOBS_PART_JOIN_H
#define DSEP_JOBS_PART_JOIN_H

#include "jobs/campaign.h"

/* The state of the whole. */
typedef struct {
    char *key;                 /* that all parts share */
    dsep_state state;          /* as dsep_running_keep() would leave it when all units are done */
    dsep_campaign_shape shape; /* of the campaign */
    dsep_campaign *whole;      /* all of its units, which the state borrows */
    char *words;               /* of the command, as dsep_option_words() gives them */
    int64_t words_bytes;
    char *folder; /* where the first part's command was given */
} dsep_part_joined;

/* Reads parts and unites them. Collective. paths: [count] in any order, which does not show.
 * What is done is what one of the parts has done; allocations, seconds and sections are those of
 * all; what every part holds in the same way is the first one's. Errors, of which the text names
 * the file: DSEP_ERROR_IO where one is not there or cannot be read; DSEP_ERROR_DATA where one is
 * damaged, is no part, is not whole, or is of another study, with what differs; where two have
 * units in common, with these; where units are in none, with the parts that are missing;
 * DSEP_ERROR_RESOURCES; agreed. Memory: two parts at a time, and on every rank what the campaign
 * holds. Owner of what *joined holds, whether it fails or not: the caller,
 * dsep_part_joined_clear(). */
int dsep_part_join(dsep_context *ctx, char *const *paths, int64_t count, dsep_part_joined *joined);

/* Frees what it holds; accepts zeros. Not collective. */
void dsep_part_joined_clear(dsep_part_joined *joined);

#endif
