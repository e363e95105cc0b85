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

#include "columnar/arena.h"
#include "columnar/body.h"
#include "columnar/store.h"

typedef struct FocusGroupReader FocusGroupReader;

/* Lives in an arena of its own, of blocks of the pool. */
extern FocusGroupReader *focus_group_reader_create(FocusStore *store, const FocusGroup *group,
												   FocusArenaPool *pool);
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

/*
 * For scans, which look at a vector at a time.  The column is one that the
 * group has.  What is returned is the reader's; values of the rows of a vector
 * are valid until another vector of the column is asked for.
 */
extern const FocusBodyColumn *focus_group_reader_column(FocusGroupReader *reader,
														FocusStore *store, int column);

/* A column in the form of codes */
extern const uint16 *focus_group_reader_codes(FocusGroupReader *reader, FocusStore *store,
											  int column, uint32 vector);

/* A column in the form of numbers; scales may be a NULL pointer. */
extern const int64 *focus_group_reader_numbers(FocusGroupReader *reader, FocusStore *store,
											   int column, uint32 vector,
											   const bool **nulls, const uint8 **scales);

/* Of such a column of decimals, what focus_body_decimals() says */
extern const uint8 *focus_group_reader_decimals(FocusGroupReader *reader, FocusStore *store,
												int column, uint32 vector);

/* The datum of an entry of the dictionary, valid as long as the reader */
extern Datum focus_group_reader_entry(FocusGroupReader *reader, FocusStore *store,
									  TupleDesc desc, int column, uint32 entry);

/*
 * The same, for whoever looks at each entry once: valid until an entry of the
 * column is asked for so again.
 */
extern Datum focus_group_reader_entry_once(FocusGroupReader *reader, FocusStore *store,
										   TupleDesc desc, int column, uint32 entry);

#endif							/* FOCUS_GROUP_READER_H */
