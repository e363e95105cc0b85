/*-------------------------------------------------------------------------
 *
 * tid.h
 *	  TIDs of rows in row groups.
 *
 * Rows of the delta have the TIDs of heap, in blocks below 2^31.  Row r of
 * group g has block 2^31 + 256 * g + r / 256 and offset r % 256 + 1, so that
 * TIDs ascend with group and row, and all offsets are such as a page of heap
 * could have.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_TID_H
#define FOCUS_TID_H

#include "storage/itemptr.h"

#include "columnar/body.h"

#define FOCUS_TID_FIRST_BLOCK		((BlockNumber) 0x80000000)
/* Rows with the same block number */
#define FOCUS_TID_BLOCK_ROWS		256
#define FOCUS_TID_GROUP_BLOCKS		(FOCUS_BODY_ROWS_MAX / FOCUS_TID_BLOCK_ROWS)

/* Numbers of groups; the last block of one more would be InvalidBlockNumber */
#define FOCUS_GROUP_FIRST			1
#define FOCUS_GROUP_LAST			((uint32) 0x7FFFFE)

static inline bool
focus_tid_is_grouped(const ItemPointerData *tid)
{
	return ItemPointerGetBlockNumberNoCheck(tid) >= FOCUS_TID_FIRST_BLOCK;
}

static inline uint32
focus_tid_group(const ItemPointerData *tid)
{
	return (ItemPointerGetBlockNumberNoCheck(tid) - FOCUS_TID_FIRST_BLOCK) /
		FOCUS_TID_GROUP_BLOCKS;
}

/* The row; of a TID that is not one of ours it may exceed the group. */
static inline uint32
focus_tid_row(const ItemPointerData *tid)
{
	return (ItemPointerGetBlockNumberNoCheck(tid) - FOCUS_TID_FIRST_BLOCK) %
		FOCUS_TID_GROUP_BLOCKS * FOCUS_TID_BLOCK_ROWS +
		ItemPointerGetOffsetNumberNoCheck(tid) - 1;
}

static inline void
focus_tid_set(ItemPointerData *tid, uint32 group, uint32 row)
{
	ItemPointerSet(tid,
				   FOCUS_TID_FIRST_BLOCK + group * FOCUS_TID_GROUP_BLOCKS +
				   row / FOCUS_TID_BLOCK_ROWS,
				   row % FOCUS_TID_BLOCK_ROWS + 1);
}

#endif							/* FOCUS_TID_H */
