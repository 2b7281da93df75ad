/* Background knowledge as users write it: Tetrad's knowledge format.
 *
 *   /knowledge
 *   addtemporal
 *   1 Age Sex              tiers, the earliest first; 1* forbids edges inside the tier, too
 *   2 Smoking
 *   forbiddirect
 *   Smoking Age            no edge Smoking -> Age
 *   requiredirect
 *   Smoking Cancer         an edge Smoking -> Cancer
 *
 * Names are separated by blanks, tabs or commas, and quoted with " where they hold such; # starts
 * a comment; the first line and any section may be left out. */
#ifndef DSEP_JOBS_KNOWLEDGE_FILE_H
#define DSEP_JOBS_KNOWLEDGE_FILE_H

#include "mpi/table.h"
#include "solvers/knowledge.h"

/* Reads and checks a knowledge file against a table's names. Collective: rank 0 reads, all parse.
 * Errors, agreed: DSEP_ERROR_IO when it cannot be read; DSEP_ERROR_DATA with file and line for
 * unknown names and for what is malformed or cannot hold at once. Owner of *knowledge: the
 * caller. */
int dsep_knowledge_file_read(dsep_context *ctx, const char *path, const dsep_table *table,
                             dsep_knowledge **knowledge);

#endif
