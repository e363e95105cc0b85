/*-------------------------------------------------------------------------
 *
 * store_item.h
 *	  The tuples of ours in a TOAST relation; for store.c only, and for those
 *	  who check them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_STORE_ITEM_H
#define FOCUS_STORE_ITEM_H

#include "access/htup.h"
#include "access/tupdesc.h"
#include "access/transam.h"

#include "columnar/store.h"

/*
 * Chunk ids; the server's begin at FirstNormalObjectId.
 */
#define FOCUS_DIRECTORY_ID		((Oid) 1)
#define FOCUS_COUNTER_ID		((Oid) 2)
#define FOCUS_REMOVED_ID		((Oid) 3)
#define FOCUS_TOMBSTONE_ID		((Oid) 4096)
#define FOCUS_ITEM_ID_LAST		((Oid) (FirstNormalObjectId - 1))

/* Groups whose tombstones have the same chunk id */
#define FOCUS_TOMBSTONE_GROUPS	4096

static inline Oid
focus_tombstone_id(uint32 group)
{
	return FOCUS_TOMBSTONE_ID + group / FOCUS_TOMBSTONE_GROUPS;
}

static inline int32
focus_tombstone_seq(uint32 group, uint32 row)
{
	return (int32) (group % FOCUS_TOMBSTONE_GROUPS << 19 | row << 3);
}

typedef enum FocusItemKind
{
	FOCUS_ITEM_STRANGE = 0,		/* nothing that this version writes */
	FOCUS_ITEM_GROUP,
	FOCUS_ITEM_COUNTER,
	FOCUS_ITEM_REMOVED,
	FOCUS_ITEM_TOMBSTONE
} FocusItemKind;

typedef enum FocusItemState
{
	FOCUS_ITEM_SOUND = 0,
	FOCUS_ITEM_DAMAGED,
	FOCUS_ITEM_UNKNOWN_VERSION
} FocusItemState;

typedef struct FocusStoreItem
{
	FocusItemKind kind;
	FocusItemState state;
	int			version;
	Oid			id;				/* as are the following, by chunk_id and */
	uint32		number;			/* chunk_seq: of the group */
	uint32		row;			/* TOMBSTONE */
	ItemPointerData entry;
	FocusGroup	group;			/* of a sound GROUP */
	FocusTombstone tombstone;	/* of a sound TOMBSTONE */
} FocusStoreItem;

/* The longest chunk_data of ours */
#define FOCUS_ITEM_BYTES_MAX	32

/* Write chunk_data, and return its length. */
extern Size focus_store_write_group(const FocusGroup *group, uint8 *data);
extern Size focus_store_write_tombstone(uint32 group, uint32 row,
										const FocusTombstone *tombstone, uint8 *data);

/* Raises no error whatever the tuple holds. */
extern void focus_store_read_item(TupleDesc desc, HeapTuple tuple, FocusStoreItem *item);

#endif							/* FOCUS_STORE_ITEM_H */
