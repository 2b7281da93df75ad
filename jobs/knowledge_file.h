/* Background knowledge as users write it, in Tetrad's knowledge format, and what results say of it.
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

#include "io/h5write.h"
#include "mpi/table.h"
#include "solvers/knowledge.h"

/* Reads and checks a knowledge file against a table's names. Collective: rank 0 reads, all parse.
 * Errors, agreed: DSEP_ERROR_IO when it cannot be read; DSEP_ERROR_DATA with file and line for
 * unknown names and for what is malformed or cannot hold at once. Owner of *knowledge: the
 * caller. */
int dsep_knowledge_file_read(dsep_context *ctx, const char *path, const dsep_table *table,
                             dsep_knowledge **knowledge);

/* Writes /knowledge of a result: where the file is, and how the graph stands to it. Not collective;
 * only rank 0's call counts. Errors wait for the commit. */
void dsep_knowledge_result_write(dsep_h5write *file, const char *path,
                                 dsep_certificate certificate);

#endif
