/*-------------------------------------------------------------------------
 *
 * copy_out.h
 *	  COPY table TO.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_COPY_OUT_H
#define FOCUS_COPY_OUT_H

#include "nodes/parsenodes.h"

/*
 * The statement with a query in place of the table, for a table of ours that
 * COPY may read so; else NULL.
 */
extern CopyStmt *focus_copy_out_by_query(const CopyStmt *stmt);

#endif							/* FOCUS_COPY_OUT_H */
