/*-------------------------------------------------------------------------
 *
 * group_reader.h
 *	  The rows of a row group.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_GROUP_READER_H
#define FOCUS_GROUP_READER_H

#include "access/htup.h"
#include "access/tupdesc.h"

#include "columnar/body.h"
#include "columnar/store.h"

typedef struct FocusGroupReader FocusGroupReader;

/* Lives in a memory context of its own, a child of parent. */
extern FocusGroupReader *focus_group_reader_create(FocusStore *store, const FocusGroup *group,
												   MemoryContext parent);
extern void focus_group_reader_free(FocusGroupReader *reader);

/*
 * A reader from the backend's cache.  It is the cache's, and valid until the
 * next call.
 */
extern FocusGroupReader *focus_group_reader_cached(FocusStore *store, const FocusGroup *group);

extern const FocusBodyHeader *focus_group_reader_header(FocusGroupReader *reader);

/* Reads the whole body, for a caller that wants all columns. */
extern void focus_group_reader_load(FocusGroupReader *reader, FocusStore *store);

/*
 * The following take the attributes as the caller has them: while ALTER TABLE
 * rewrites a table, they are not those of the relation.
 */

/* One value; a datum by reference is valid until the next call for the column. */
extern Datum focus_group_reader_value(FocusGroupReader *reader, FocusStore *store,
									  TupleDesc desc, int column, uint32 row,
									  bool *isnull);

/* All values of a row; valid until the next call. */
extern void focus_group_reader_row(FocusGroupReader *reader, FocusStore *store,
								   TupleDesc desc, uint32 row, Datum *values,
								   bool *isnull);

/* A row as a tuple with TID and xmin, in the current memory context */
extern HeapTuple focus_group_reader_tuple(FocusGroupReader *reader, FocusStore *store,
										  TupleDesc desc, uint32 row);

/* Bytes of memory, all in all */
extern Size focus_group_reader_memory(FocusGroupReader *reader);

#endif							/* FOCUS_GROUP_READER_H */
