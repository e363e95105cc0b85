/*-------------------------------------------------------------------------
 *
 * group_builder.h
 *	  Rows -> the body of a row group.
 *
 * A column is coded as it fills: each distinct value is kept once, and each
 * row has a code, 0 for NULL.  So a caller that knows a value to be one that
 * it has given before may pass the code again and need not make a datum.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_GROUP_BUILDER_H
#define FOCUS_GROUP_BUILDER_H

#include "access/tupdesc.h"
#include "executor/tuptable.h"

typedef struct FocusGroupBuilder FocusGroupBuilder;

/* Everything lives in a memory context of the builder's, a child of parent. */
extern FocusGroupBuilder *focus_group_builder_create(TupleDesc desc, MemoryContext parent);
extern void focus_group_builder_free(FocusGroupBuilder *builder);

/*
 * The code of a value in column attno - 1.  The datum is copied; it may be
 * toasted.  Valid until focus_group_builder_reset().
 */
extern uint16 focus_group_builder_code(FocusGroupBuilder *builder, int column,
									   Datum value);

/*
 * The same in two steps, for callers that have values of several columns at
 * hand and no datums: what the second one needs is on its way into the
 * processor's cache then.  Bytes are those behind the length word of a varlena
 * that is not numeric, inline and uncompressed, and stay where they are until
 * the second step; a decimal is a numeric, number / 10^scale, scale being 63 at
 * most.  No row is added in between.
 */
typedef struct FocusGroupValue
{
	int64		number;
	uint8		scale;
	const char *bytes;
	Size		length;
	uint64		hash;
} FocusGroupValue;

extern void focus_group_builder_seek_bytes(FocusGroupBuilder *builder, int column,
										   const char *bytes, Size length,
										   FocusGroupValue *value);
extern void focus_group_builder_seek_decimal(FocusGroupBuilder *builder, int column,
											 int64 number, uint8 scale,
											 FocusGroupValue *value);
extern uint16 focus_group_builder_find(FocusGroupBuilder *builder, int column,
									   const FocusGroupValue *value);

/* Adds a row: a code per column, dropped columns included (0). */
extern void focus_group_builder_add(FocusGroupBuilder *builder, const uint16 *codes);
extern void focus_group_builder_add_slot(FocusGroupBuilder *builder, TupleTableSlot *slot);

extern uint32 focus_group_builder_rows(FocusGroupBuilder *builder);

/* Bytes of memory, all in all */
extern Size focus_group_builder_memory(FocusGroupBuilder *builder);

/* No further row may be added before focus_group_builder_reset(). */
extern bool focus_group_builder_full(FocusGroupBuilder *builder);

/*
 * The rows as a varlena whose data is a body (see body.h), in the current
 * memory context.  Unless order is NULL, row i of the body is the row that
 * was added as number order[i].  sort: rows may be reordered.
 */
extern struct varlena *focus_group_builder_body(FocusGroupBuilder *builder, bool sort,
												uint16 *order);

/*
 * Gives back row i as it was added; used to move rows elsewhere.  Its values
 * are allocated in the current memory context.
 */
extern void focus_group_builder_get(FocusGroupBuilder *builder, uint32 row,
									TupleTableSlot *slot);

/* Forgets all rows and codes, and keeps memory for the next ones. */
extern void focus_group_builder_reset(FocusGroupBuilder *builder);

#endif							/* FOCUS_GROUP_BUILDER_H */
