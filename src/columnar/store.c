/*-------------------------------------------------------------------------
 *
 * store.c
 *	  Where row groups live: in the table's TOAST relation.
 *
 * A TOAST relation has rows (chunk_id oid, chunk_seq integer, chunk_data
 * bytea) and a unique index on the first two.  The server takes chunk ids
 * from FirstNormalObjectId (16384) on, so that smaller ones are ours:
 *
 *	chunk_id			chunk_seq			chunk_data
 *	1					group				directory entry
 *	2					group				empty: the number has been given away
 *	3					group				empty: removed, but its entries may be
 *											in the table's indexes
 *	4096 + group/4096	(group % 4096) << 19 | row << 3
 *											tombstone
 *	>= 16384			0, 1, ...			bodies of groups, and values out of line
 *
 * Numbers of groups are never used twice, so that an index entry of a group
 * that is gone can never lead to a row of another one.  Rows of chunk_id 2 are
 * therefore frozen as soon as they are in the index: they outlive a rollback.
 *
 * What is in chunk_data is the business of store_item.c.
 *
 * No tuple of ours is ever updated.  None is decoded logically, because
 * decoding takes tuples of TOAST relations for parts of values.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/genam.h"
#include "access/heapam.h"
#include "access/heaptoast.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/toast_internals.h"
#include "access/xact.h"
#include "access/xloginsert.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "storage/shmem.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "columnar/body.h"
#include "columnar/stop_point.h"
#include "columnar/store.h"
#include "columnar/store_item.h"
#include "columnar/tid.h"
#include "compat.h"

/* For an error's context */
typedef struct GroupOfTable
{
	FocusStore *store;
	const FocusGroup *group;
} GroupOfTable;

static void read_slice(FocusStore *store, const FocusGroup *group, uint32 offset,
					   uint32 length, struct varlena *slice);
static bool same_age(Relation a, Relation b);
static uint32 next_number(FocusStore *store, CommandId cid);
static ItemPointerData insert_tuple(FocusStore *store, uint32 chunk_id, int32 chunk_seq,
									const void *data, Size size, CommandId cid, int options);
static void freeze_tuple(FocusStore *store, const ItemPointerData *tid);
static SysScanDesc begin_scan(FocusStore *store, Snapshot snapshot, uint32 first_id,
							  uint32 last_id, int32 seq, bool any_seq);
static void read_item(FocusStore *store, HeapTuple tuple, FocusStoreItem *item);
static void reading_group(void *arg);
static Datum body_pointer(FocusStore *store, const FocusGroup *group);

/*
 * Opens the TOAST relation, if there is one.
 */
void
focus_store_open(FocusStore *store, Relation rel, LOCKMODE lockmode)
{
	store->rel = rel;
	store->lockmode = lockmode;
	store->toast = NULL;
	if (!OidIsValid(rel->rd_rel->reltoastrelid))
		return;
	store->toast = table_open(rel->rd_rel->reltoastrelid, lockmode);
	store->valid_index = toast_open_indexes(store->toast, lockmode,
											&store->indexes, &store->nindexes);
}

/*
 * Locks for writing are kept until the transaction ends, as those of TOAST
 * values are.
 */
void
focus_store_close(FocusStore *store)
{
	LOCKMODE	lockmode = store->lockmode >= RowExclusiveLock ? NoLock : store->lockmode;

	if (store->toast == NULL)
		return;
	toast_close_indexes(store->indexes, store->nindexes, lockmode);
	table_close(store->toast, lockmode);
	store->toast = NULL;
}

/*
 * Looks for a group.  Under a dirty snapshot the snapshot says who is at work
 * on its entry.
 */
bool
focus_store_find_group(FocusStore *store, uint32 number, Snapshot snapshot,
					   FocusGroup *group)
{
	SysScanDesc scan;
	HeapTuple	tuple;
	FocusStoreItem item;

	if (store->toast == NULL)
		return false;
	scan = begin_scan(store, snapshot, FOCUS_DIRECTORY_ID, FOCUS_DIRECTORY_ID, (int32) number, false);
	tuple = systable_getnext_ordered(scan, ForwardScanDirection);
	if (tuple != NULL)
	{
		read_item(store, tuple, &item);
		*group = item.group;
	}
	systable_endscan_ordered(scan);
	return tuple != NULL;
}

/*
 * Looks for a group that has been removed by this transaction or one that has
 * committed, but that some snapshot still sees.
 */
bool
focus_store_find_removed(FocusStore *store, uint32 number, FocusGroup *group,
						 FocusGroupRemoval *removal)
{
	SysScanDesc scan;
	HeapTuple	tuple;
	FocusStoreItem item;

	if (store->toast == NULL)
		return false;
	scan = begin_scan(store, SnapshotAny, FOCUS_DIRECTORY_ID, FOCUS_DIRECTORY_ID, (int32) number, false);
	tuple = systable_getnext_ordered(scan, ForwardScanDirection);
	if (tuple != NULL)
	{
		read_item(store, tuple, &item);
		*group = item.group;
		removal->xmax = HeapTupleHeaderGetUpdateXid(tuple->t_data);
		removal->cmax = TransactionIdIsCurrentTransactionId(removal->xmax) ?
			HeapTupleHeaderGetCmax(tuple->t_data) : InvalidCommandId;
		removal->moved = HeapTupleHeaderIndicatesMovedPartitions(tuple->t_data);
	}
	systable_endscan_ordered(scan);
	return tuple != NULL;
}

/*
 * All groups, in the order of their numbers, in the current memory context.
 */
FocusGroup *
focus_store_groups(FocusStore *store, Snapshot snapshot, int *count)
{
	SysScanDesc scan;
	HeapTuple	tuple;
	FocusStoreItem item;
	FocusGroup *groups = NULL;
	int			limit = 0;

	*count = 0;

	/*
	 * While TRUNCATE builds the indexes of the table, the TOAST relation is
	 * empty, and its index still the old one.
	 */
	if (store->toast == NULL || RelationGetNumberOfBlocks(store->toast) == 0)
		return NULL;
	scan = begin_scan(store, snapshot, FOCUS_DIRECTORY_ID, FOCUS_DIRECTORY_ID, 0, true);
	while ((tuple = systable_getnext_ordered(scan, ForwardScanDirection)) != NULL)
	{
		if (*count == limit)
		{
			limit = limit == 0 ? 16 : limit * 2;
			groups = groups == NULL ? palloc(mul_size(limit, sizeof(FocusGroup))) :
				repalloc_huge(groups, mul_size(limit, sizeof(FocusGroup)));
		}
		read_item(store, tuple, &item);
		groups[(*count)++] = item.group;
	}
	systable_endscan_ordered(scan);
	return groups;
}

/*
 * Calls back for each tuple of ours that the snapshot sees, sound or not, in
 * the order of the TOAST index; so groups come before counters and tombstones.
 */
void
focus_store_walk(FocusStore *store, Snapshot snapshot, FocusStoreCallback callback, void *arg)
{
	SysScanDesc scan;
	HeapTuple	tuple;
	FocusStoreItem item;

	if (store->toast == NULL)
		return;
	scan = begin_scan(store, snapshot, 0, FOCUS_ITEM_ID_LAST, 0, true);
	while ((tuple = systable_getnext_ordered(scan, ForwardScanDirection)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		focus_store_read_item(store->toast->rd_att, tuple, &item);
		callback(&item, arg);
	}
	systable_endscan_ordered(scan);
}

const uint8 *
focus_store_read(FocusStore *store, const FocusGroup *group, uint32 offset, uint32 length,
				 void *space)
{
	read_slice(store, group, offset, length, space);
	return (const uint8 *) VARDATA(space);
}

/*
 * The whole body as focus_store_add_group() takes it.
 */
struct varlena *
focus_store_read_body(FocusStore *store, const FocusGroup *group)
{
	struct varlena *body = palloc_extended(add_size(group->body_size, VARHDRSZ), MCXT_ALLOC_HUGE);

	read_slice(store, group, 0, group->body_size, body);
	return body;
}

static void
read_slice(FocusStore *store, const FocusGroup *group, uint32 offset, uint32 length,
		   struct varlena *slice)
{
	GroupOfTable reading = {store, group};
	ErrorContextCallback context = {error_context_stack, reading_group, &reading};

	if (offset > group->body_size || length > group->body_size - offset)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("row group %u of table \"%s\" ends before its columns do",
						group->number, RelationGetRelationName(store->rel))));
	SET_VARSIZE(slice, length + VARHDRSZ);
	if (length > 0)
	{
		error_context_stack = &context;
		table_relation_fetch_toast_slice(store->toast, group->value_id, group->body_size,
										 offset, length, slice);
		error_context_stack = context.previous;
	}
}

/*
 * Errors of the server's own name the TOAST relation only.
 */
static void
reading_group(void *arg)
{
	GroupOfTable *reading = arg;

	errcontext("while reading row group %u of table \"%s\"", reading->group->number,
			   RelationGetRelationName(reading->store->rel));
}

BlockNumber
focus_store_last_block(FocusStore *store, const FocusGroup *group)
{
	BlockNumber last = ItemPointerGetBlockNumber(&group->entry);
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(group->value_id));
	scan = systable_beginscan_ordered(store->toast, store->indexes[store->valid_index], SnapshotSelf,
									  1, &key);
	while ((tuple = systable_getnext_ordered(scan, ForwardScanDirection)) != NULL)
		last = Max(last, ItemPointerGetBlockNumber(&tuple->t_self));
	systable_endscan_ordered(scan);
	return last;
}

/*
 * May this transaction add groups?  A number must not be given away again, but
 * is kept in a TOAST relation and an index that may both have new storage,
 * which goes when the transaction is rolled back.  That of the index alone is
 * new after REINDEX; the table's own indexes keep theirs, and with it entries
 * of the group, under ALTER TABLE SET TABLESPACE.
 */
bool
focus_store_can_add_groups(Relation rel)
{
	FocusStore	store;
	Relation	index;
	bool		result;

	focus_store_open(&store, rel, AccessShareLock);
	if (store.toast == NULL)
		return false;
	index = store.indexes[store.valid_index];
	result = same_age(index, store.toast) &&
		(index->rd_firstRelfilelocatorSubid == InvalidSubTransactionId || !rel->rd_rel->relhasindex);
	focus_store_close(&store);
	return result;
}

/*
 * Have the relations got their storage in the same subtransaction, or neither
 * of them in this transaction?
 */
static bool
same_age(Relation a, Relation b)
{
	return a->rd_createSubid == b->rd_createSubid &&
		a->rd_newRelfilelocatorSubid == b->rd_newRelfilelocatorSubid &&
		a->rd_firstRelfilelocatorSubid == b->rd_firstRelfilelocatorSubid;
}

/*
 * Writes a group and returns its number.  body is a varlena, not compressed.
 * frozen: it is visible to everyone at once, as COPY FREEZE wants it.
 */
uint32
focus_store_add_group(Relation rel, struct varlena *body, uint32 rows, CommandId cid,
					  bool frozen)
{
	FocusStore	store;
	FocusGroup	group = {0};
	uint8		entry[FOCUS_ITEM_BYTES_MAX];
	struct varatt_external pointer;
	struct varlena *value;

	focus_store_open(&store, rel, RowExclusiveLock);
	Assert(store.toast != NULL);
	group.number = next_number(&store, cid);
	FOCUS_STOP_POINT("flush: number taken");

	value = (struct varlena *) DatumGetPointer(toast_save_datum(rel, PointerGetDatum(body), NULL,
																HEAP_INSERT_NO_LOGICAL));
	VARATT_EXTERNAL_GET_POINTER(pointer, value);
	FOCUS_STOP_POINT("flush: body written");

	group.rows = rows;
	group.value_id = pointer.va_valueid;
	group.body_size = VARSIZE(body) - VARHDRSZ;
	group.header_size = focus_body_header_size((uint8 *) VARDATA(body), group.body_size);
	if (!pg_strong_random(&group.stamp, sizeof(group.stamp)))
		elog(ERROR, "no random number to be had");
	insert_tuple(&store, FOCUS_DIRECTORY_ID, (int32) group.number, entry,
				 focus_store_write_group(&group, entry), cid,
				 HEAP_INSERT_NO_LOGICAL | (frozen ? HEAP_INSERT_FROZEN : 0));
	FOCUS_STOP_POINT("flush: entry written");
	focus_store_close(&store);
	return group.number;
}

/*
 * Removes a group with its body; moved tells whether its rows live on in
 * another one.  Its tombstones stay until focus_store_remove_tombstones().
 */
void
focus_store_remove_group(FocusStore *store, const FocusGroup *group, bool moved, CommandId cid)
{
	ItemPointerData entry = group->entry;
	TM_FailureData tmfd;

	/* Heap's mark for tuples of another partition outlives the transaction. */
	if (heap_delete(store->toast, &entry, cid, InvalidSnapshot, true, &tmfd, moved) != TM_Ok)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent removal of row group %u of table \"%s\"",
						group->number, RelationGetRelationName(store->rel))));
	toast_delete_datum(store->rel, body_pointer(store, group), false);
	insert_tuple(store, FOCUS_REMOVED_ID, (int32) group->number, NULL, 0, cid,
				 HEAP_INSERT_NO_LOGICAL);
}

/*
 * Removed groups whose entries may still be in the table's indexes, and that
 * no snapshot sees any more: VACUUM has taken away their directory entries.
 */
uint32 *
focus_store_removed_groups(FocusStore *store, int *count)
{
	SysScanDesc scan;
	HeapTuple	tuple;
	FocusStoreItem item;
	uint32	   *numbers = NULL;
	int			limit = 0;
	int			gone = 0;
	int			i;

	*count = 0;
	if (store->toast == NULL)
		return NULL;
	scan = begin_scan(store, SnapshotSelf, FOCUS_REMOVED_ID, FOCUS_REMOVED_ID, 0, true);
	while ((tuple = systable_getnext_ordered(scan, ForwardScanDirection)) != NULL)
	{
		if (*count == limit)
		{
			limit = limit == 0 ? 64 : limit * 2;
			numbers = numbers == NULL ? palloc(mul_size(limit, sizeof(uint32))) :
				repalloc_huge(numbers, mul_size(limit, sizeof(uint32)));
		}
		focus_store_read_item(store->toast->rd_att, tuple, &item);
		numbers[(*count)++] = item.number;
	}
	systable_endscan_ordered(scan);

	for (i = 0; i < *count; i++)
	{
		FocusGroup	group;
		FocusGroupRemoval removal;

		if (!focus_store_find_removed(store, numbers[i], &group, &removal))
			numbers[gone++] = numbers[i];
	}
	*count = gone;
	return numbers;
}

void
focus_store_forget_removed_groups(FocusStore *store, const uint32 *numbers, int count,
								  CommandId cid)
{
	int			i;

	for (i = 0; i < count; i++)
	{
		SysScanDesc scan = begin_scan(store, SnapshotSelf, FOCUS_REMOVED_ID, FOCUS_REMOVED_ID,
									  (int32) numbers[i], false);
		HeapTuple	tuple = systable_getnext_ordered(scan, ForwardScanDirection);
		ItemPointerData tid;

		if (tuple != NULL)
		{
			tid = tuple->t_self;
			simple_heap_delete(store->toast, &tid);
		}
		systable_endscan_ordered(scan);
	}
}

void
focus_store_forget_numbers(FocusStore *store)
{
	SysScanDesc scan = begin_scan(store, SnapshotSelf, FOCUS_COUNTER_ID, FOCUS_COUNTER_ID, 0, true);
	HeapTuple	tuple;
	ItemPointerData lower;

	ItemPointerSetInvalid(&lower);
	while ((tuple = systable_getnext_ordered(scan, ForwardScanDirection)) != NULL)
	{
		if (ItemPointerIsValid(&lower))
			simple_heap_delete(store->toast, &lower);
		lower = tuple->t_self;
	}
	systable_endscan_ordered(scan);
}

/*
 * Looks for the tombstone of a row, with the snapshot as of
 * focus_store_find_group().
 */
bool
focus_store_find_tombstone(FocusStore *store, uint32 group, uint32 row,
						   Snapshot snapshot, FocusTombstone *tombstone)
{
	SysScanDesc scan;
	HeapTuple	tuple;
	FocusStoreItem item;

	if (store->toast == NULL)
		return false;
	scan = begin_scan(store, snapshot, focus_tombstone_id(group), focus_tombstone_id(group),
					  focus_tombstone_seq(group, row), false);
	tuple = systable_getnext_ordered(scan, ForwardScanDirection);
	if (tuple != NULL)
	{
		read_item(store, tuple, &item);
		*tombstone = item.tombstone;
	}
	systable_endscan_ordered(scan);
	return tuple != NULL;
}

/*
 * Calls back for each tombstone of groups first_group to last_group, and
 * returns their number.  Costs one look into the index where there are none.
 */
int64
focus_store_tombstones(FocusStore *store, uint32 first_group, uint32 last_group,
					   Snapshot snapshot, FocusTombstoneCallback callback, void *arg)
{
	SysScanDesc scan;
	HeapTuple	tuple;
	FocusStoreItem item;
	int64		count = 0;

	if (store->toast == NULL)
		return 0;
	scan = begin_scan(store, snapshot, focus_tombstone_id(first_group), focus_tombstone_id(last_group),
					  0, true);
	while ((tuple = systable_getnext_ordered(scan, ForwardScanDirection)) != NULL)
	{
		read_item(store, tuple, &item);
		if (item.number > last_group)
			break;
		if (item.number < first_group)
			continue;
		count++;
		if (callback != NULL)
			callback(item.number, item.row, &item.entry, arg);
		if (count % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	systable_endscan_ordered(scan);
	return count;
}

void
focus_store_add_tombstone(FocusStore *store, uint32 group, uint32 row,
						  const FocusTombstone *tombstone, CommandId cid)
{
	uint8		entry[FOCUS_ITEM_BYTES_MAX];

	insert_tuple(store, focus_tombstone_id(group), focus_tombstone_seq(group, row), entry,
				 focus_store_write_tombstone(group, row, tombstone, entry), cid,
				 HEAP_INSERT_NO_LOGICAL);
}

static void
remove_tombstone(uint32 group, uint32 row, const ItemPointerData *entry, void *arg)
{
	ItemPointerData tid = *entry;

	simple_heap_delete(((FocusStore *) arg)->toast, &tid);
}

/*
 * Removes the tombstones of a group that is being removed, too.
 */
void
focus_store_remove_tombstones(FocusStore *store, uint32 group)
{
	SnapshotData dirty;

	InitDirtySnapshot(dirty);
	(void) focus_store_tombstones(store, group, group, &dirty, remove_tombstone, store);
}

/*
 * A number that no group of this storage has had.
 */
static uint32
next_number(FocusStore *store, CommandId cid)
{
	ItemPointerData tag;
	SysScanDesc scan;
	HeapTuple	tuple;
	FocusStoreItem item;
	ItemPointerData counter;
	uint32		number = FOCUS_GROUP_FIRST;

	/* No tuple has this TID. */
	ItemPointerSet(&tag, MaxBlockNumber, MaxOffsetNumber);
	LockTuple(store->toast, &tag, ExclusiveLock);

	scan = begin_scan(store, SnapshotAny, FOCUS_COUNTER_ID, FOCUS_COUNTER_ID, 0, true);
	tuple = systable_getnext_ordered(scan, BackwardScanDirection);
	if (tuple != NULL)
	{
		focus_store_read_item(store->toast->rd_att, tuple, &item);
		number = item.number + 1;
	}
	systable_endscan_ordered(scan);
	if (number > FOCUS_GROUP_LAST)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("table \"%s\" has used up its numbers of row groups",
						RelationGetRelationName(store->rel)),
				 errhint("VACUUM FULL numbers them anew.")));
	counter = insert_tuple(store, FOCUS_COUNTER_ID, (int32) number, NULL, 0, cid,
						   HEAP_INSERT_NO_LOGICAL);
	FOCUS_STOP_POINT("flush: number not kept");
	freeze_tuple(store, &counter);

	UnlockTuple(store->toast, &tag, ExclusiveLock);
	return number;
}

/*
 * As the server inserts chunks of values.
 */
static ItemPointerData
insert_tuple(FocusStore *store, uint32 chunk_id, int32 chunk_seq, const void *data,
			 Size size, CommandId cid, int options)
{
	ItemPointerData tid;
	union
	{
		struct varlena header;
		char		bytes[VARHDRSZ + FOCUS_ITEM_BYTES_MAX];
	}			chunk;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};
	HeapTuple	tuple;
	int			i;

	Assert(size <= FOCUS_ITEM_BYTES_MAX);
	SET_VARSIZE(&chunk, VARHDRSZ + size);
	if (size > 0)
		memcpy(VARDATA(&chunk), data, size);
	values[0] = ObjectIdGetDatum(chunk_id);
	values[1] = Int32GetDatum(chunk_seq);
	values[2] = PointerGetDatum(&chunk);
	tuple = heap_form_tuple(store->toast->rd_att, values, nulls);
	heap_insert(store->toast, tuple, cid, options, NULL);
	FOCUS_STOP_POINT("flush: tuple without index entry");
	for (i = 0; i < store->nindexes; i++)
	{
		Relation	index = store->indexes[i];

		if (index->rd_index->indisready)
			index_insert(index, values, nulls, &tuple->t_self, store->toast,
						 index->rd_index->indisunique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO,
						 false, NULL);
	}
	tid = tuple->t_self;
	heap_freetuple(tuple);
	return tid;
}

/*
 * Makes a tuple of this transaction everyone's and for ever.  To insert it so
 * would leave it without index entries where the server dies between the two,
 * and the number would be given away again.  WAL gets an image of the page:
 * once for each group, that is little.
 */
static void
freeze_tuple(FocusStore *store, const ItemPointerData *tid)
{
	Buffer		buffer = ReadBuffer(store->toast, ItemPointerGetBlockNumber(tid));
	Page		page = BufferGetPage(buffer);

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	START_CRIT_SECTION();
	HeapTupleHeaderSetXminFrozen((HeapTupleHeader)
								 PageGetItem(page, PageGetItemId(page, ItemPointerGetOffsetNumber(tid))));
	MarkBufferDirty(buffer);
	if (RelationNeedsWAL(store->toast))
		log_newpage_buffer(buffer, true);
	END_CRIT_SECTION();
	UnlockReleaseBuffer(buffer);
}

/*
 * A scan of the entries with chunk_id from first_id to last_id, and with the
 * given chunk_seq or any.
 */
static SysScanDesc
begin_scan(FocusStore *store, Snapshot snapshot, uint32 first_id, uint32 last_id,
		   int32 seq, bool any_seq)
{
	ScanKeyData keys[2];
	int			count = 0;

	if (first_id == last_id)
	{
		ScanKeyInit(&keys[count++], 1, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(first_id));
		if (!any_seq)
			ScanKeyInit(&keys[count++], 2, BTEqualStrategyNumber, F_INT4EQ,
						Int32GetDatum(seq));
	}
	else
	{
		ScanKeyInit(&keys[count++], 1, BTGreaterEqualStrategyNumber, F_OIDGE,
					ObjectIdGetDatum(first_id));
		ScanKeyInit(&keys[count++], 1, BTLessEqualStrategyNumber, F_OIDLE,
					ObjectIdGetDatum(last_id));
	}
	return systable_beginscan_ordered(store->toast, store->indexes[store->valid_index],
									  snapshot, count, keys);
}

/*
 * Reads a tuple that must be sound.
 */
static void
read_item(FocusStore *store, HeapTuple tuple, FocusStoreItem *item)
{
	const char *table = RelationGetRelationName(store->rel);

	focus_store_read_item(store->toast->rd_att, tuple, item);
	if (item->state == FOCUS_ITEM_SOUND)
		return;
	if (item->state == FOCUS_ITEM_UNKNOWN_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("row group %u of table \"%s\" has format version %d, which this version of focus does not know",
						item->number, table, item->version)));
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 item->kind == FOCUS_ITEM_TOMBSTONE ?
			 errmsg("deletion of row %u of row group %u of table \"%s\" is damaged",
					item->row, item->number, table) :
			 errmsg("directory entry of row group %u of table \"%s\" is damaged",
					item->number, table),
			 errdetail("The entry is at (%u,%u) in the TOAST table.",
					   ItemPointerGetBlockNumber(&item->entry),
					   ItemPointerGetOffsetNumber(&item->entry))));
}

/*
 * The body as a value out of line.
 */
static Datum
body_pointer(FocusStore *store, const FocusGroup *group)
{
	struct varatt_external pointer;
	struct varlena *result = palloc(TOAST_POINTER_SIZE);

	pointer.va_rawsize = group->body_size + VARHDRSZ;
	pointer.va_extinfo = group->body_size;
	pointer.va_valueid = group->value_id;
	pointer.va_toastrelid = RelationGetRelid(store->toast);
	SET_VARTAG_EXTERNAL(result, VARTAG_ONDISK);
	memcpy(VARDATA_EXTERNAL(result), &pointer, sizeof(pointer));
	return PointerGetDatum(result);
}
