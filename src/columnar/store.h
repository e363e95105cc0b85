/*-------------------------------------------------------------------------
 *
 * store.h
 *	  Where row groups live: in the table's TOAST relation.
 *
 * The only place that knows how.  Everything is ordinary tuples there, which
 * appear, disappear, crash and replicate with the transaction that wrote
 * them; so whether a group or a tombstone exists is a question of the
 * snapshot one asks with, of any kind.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_STORE_H
#define FOCUS_STORE_H

#include "storage/itemptr.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

/* What focus_store_read() needs beside the bytes */
#define FOCUS_STORE_READ_SPACE	VARHDRSZ

/* The open TOAST relation of a table */
typedef struct FocusStore
{
	Relation	rel;
	Relation	toast;			/* NULL: the table has none, so no groups */
	Relation   *indexes;
	int			nindexes;
	int			valid_index;	/* the one to search with */
	LOCKMODE	lockmode;
} FocusStore;

/* A row group as its directory entry tells it */
typedef struct FocusGroup
{
	uint32		number;
	uint32		rows;
	Oid			value_id;		/* of the body */
	uint32		body_size;
	uint32		header_size;	/* of the body's header */
	uint64		stamp;			/* differs from that of any other group that
								 * ever had this value_id */
	TransactionId xmin;			/* of the entry, as are the following */
	CommandId	cmin;			/* valid for an xmin of this transaction */
	ItemPointerData entry;
} FocusGroup;

/* How a group went away */
typedef struct FocusGroupRemoval
{
	TransactionId xmax;
	CommandId	cmax;			/* valid for an xmax of this transaction */
	bool		moved;			/* its rows are in another group now */
} FocusGroupRemoval;

/* What became of a row of a group */
typedef enum FocusTombstoneKind
{
	FOCUS_DELETED = 0,
	FOCUS_UPDATED = 1,			/* forward is the new version */
	FOCUS_MOVED = 2,			/* to another partition */
	FOCUS_KEY_KEPT = 3			/* updated, and the key is the same */
} FocusTombstoneKind;

typedef struct FocusTombstone
{
	FocusTombstoneKind kind;
	ItemPointerData forward;
	TransactionId xmin;			/* who deleted the row */
	CommandId	cmin;			/* valid for an xmin of this transaction */
	ItemPointerData entry;
} FocusTombstone;

static inline bool
focus_tombstone_has_forward(const FocusTombstone *tombstone)
{
	return tombstone->kind == FOCUS_UPDATED || tombstone->kind == FOCUS_KEY_KEPT;
}

/* Calls back for each tombstone in the order of group and row. */
typedef void (*FocusTombstoneCallback) (uint32 group, uint32 row,
										const ItemPointerData *entry, void *arg);

/* Calls back for each tuple that is not part of a value; see store_item.h. */
struct FocusStoreItem;
typedef void (*FocusStoreCallback) (const struct FocusStoreItem *item, void *arg);

extern void focus_store_open(FocusStore *store, Relation rel, LOCKMODE lockmode);
extern void focus_store_close(FocusStore *store);

/* Groups */
extern bool focus_store_find_group(FocusStore *store, uint32 number,
								   Snapshot snapshot, FocusGroup *group);
extern bool focus_store_find_removed(FocusStore *store, uint32 number, FocusGroup *group,
									 FocusGroupRemoval *removal);
extern FocusGroup *focus_store_groups(FocusStore *store, Snapshot snapshot,
									  int *count);
extern void focus_store_walk(FocusStore *store, Snapshot snapshot,
							 FocusStoreCallback callback, void *arg);

/* Bytes of a body, into space for so many and FOCUS_STORE_READ_SPACE more */
extern const uint8 *focus_store_read(FocusStore *store, const FocusGroup *group,
									 uint32 offset, uint32 length, void *space);

extern struct varlena *focus_store_read_body(FocusStore *store, const FocusGroup *group);

/* The last block of the TOAST relation that has something of the group */
extern BlockNumber focus_store_last_block(FocusStore *store, const FocusGroup *group);

extern bool focus_store_can_add_groups(Relation rel);
extern uint32 focus_store_add_group(Relation rel, struct varlena *body,
									uint32 rows, CommandId cid, bool frozen);
extern void focus_store_remove_group(FocusStore *store, const FocusGroup *group, bool moved,
									 CommandId cid);

/* Deletes what tells of numbers below the highest; nobody else may add groups. */
extern void focus_store_forget_numbers(FocusStore *store);

/* Numbers of groups that are gone for every snapshot, but not from indexes yet */
extern uint32 *focus_store_removed_groups(FocusStore *store, int *count);
extern void focus_store_forget_removed_groups(FocusStore *store, const uint32 *numbers,
											  int count, CommandId cid);

/* Tombstones */
extern bool focus_store_find_tombstone(FocusStore *store, uint32 group, uint32 row,
									   Snapshot snapshot, FocusTombstone *tombstone);
extern int64 focus_store_tombstones(FocusStore *store, uint32 first_group,
									uint32 last_group, Snapshot snapshot,
									FocusTombstoneCallback callback, void *arg);
extern void focus_store_add_tombstone(FocusStore *store, uint32 group, uint32 row,
									  const FocusTombstone *tombstone, CommandId cid);
extern void focus_store_remove_tombstones(FocusStore *store, uint32 group);

#endif							/* FOCUS_STORE_H */
