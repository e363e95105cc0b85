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
 *	1					group				directory entry, see GroupEntry
 *	2					group				empty: the number has been given away
 *	4096 + group/4096	(group % 4096) << 19 | row << 3
 *											tombstone, see TombstoneEntry
 *	>= 16384			0, 1, ...			bodies of groups, and values out of line
 *
 * Numbers of groups are never used twice, so that an index entry of a group
 * that is gone can never lead to a row of another one.  Rows of chunk_id 2 are
 * therefore inserted frozen: they outlive a rollback.
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
#include "miscadmin.h"
#include "port/pg_crc32c.h"
#include "storage/lmgr.h"
#include "storage/shmem.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "columnar/body.h"
#include "columnar/store.h"
#include "columnar/tid.h"
#include "compat.h"

#define DIRECTORY_ID		1
#define COUNTER_ID			2
#define TOMBSTONE_ID		4096
#define TOMBSTONE_GROUPS	4096	/* groups with the same chunk_id */

#define ENTRY_VERSION		1

/* What chunk_data of a directory entry holds; not aligned on disk */
typedef struct GroupEntry
{
	uint16		version;
	uint16		reserved;
	uint32		rows;
	uint32		value_id;
	uint32		body_size;
	uint32		header_size;
	pg_crc32c	checksum;		/* of the rest and the group's number */
	uint64		stamp;
} GroupEntry;

StaticAssertDecl(sizeof(GroupEntry) == 32, "size of a directory entry on disk");

/* What chunk_data of a tombstone holds */
typedef struct TombstoneEntry
{
	uint8		version;
	uint8		kind;
	ItemPointerData forward;
} TombstoneEntry;

StaticAssertDecl(sizeof(TombstoneEntry) == 8, "size of a tombstone on disk");

static struct varlena *read_slice(FocusStore *store, const FocusGroup *group, uint32 offset,
								  uint32 length);
static uint32 next_number(FocusStore *store, CommandId cid);
static void insert_tuple(FocusStore *store, uint32 chunk_id, int32 chunk_seq,
						 const void *data, Size size, CommandId cid, int options);
static SysScanDesc begin_scan(FocusStore *store, Snapshot snapshot, uint32 first_id,
							  uint32 last_id, int32 seq, bool any_seq);
static void read_group(FocusStore *store, HeapTuple tuple, FocusGroup *group);
static int32 chunk_seq_of(FocusStore *store, HeapTuple tuple);
static void entry_of(FocusStore *store, HeapTuple tuple, void *entry, Size size);
static pg_crc32c group_checksum(GroupEntry entry, uint32 number);
static Datum body_pointer(FocusStore *store, const FocusGroup *group);

static inline uint32
tombstone_id(uint32 group)
{
	return TOMBSTONE_ID + group / TOMBSTONE_GROUPS;
}

static inline int32
tombstone_seq(uint32 group, uint32 row)
{
	return (int32) (group % TOMBSTONE_GROUPS << 19 | row << 3);
}

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

	if (store->toast == NULL)
		return false;
	scan = begin_scan(store, snapshot, DIRECTORY_ID, DIRECTORY_ID, (int32) number, false);
	tuple = systable_getnext_ordered(scan, ForwardScanDirection);
	if (tuple != NULL)
		read_group(store, tuple, group);
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

	if (store->toast == NULL)
		return false;
	scan = begin_scan(store, SnapshotAny, DIRECTORY_ID, DIRECTORY_ID, (int32) number, false);
	tuple = systable_getnext_ordered(scan, ForwardScanDirection);
	if (tuple != NULL)
	{
		read_group(store, tuple, group);
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
	FocusGroup *groups = NULL;
	int			limit = 0;

	*count = 0;
	if (store->toast == NULL)
		return NULL;
	scan = begin_scan(store, snapshot, DIRECTORY_ID, DIRECTORY_ID, 0, true);
	while ((tuple = systable_getnext_ordered(scan, ForwardScanDirection)) != NULL)
	{
		if (*count == limit)
		{
			limit = limit == 0 ? 16 : limit * 2;
			groups = groups == NULL ? palloc(mul_size(limit, sizeof(FocusGroup))) :
				repalloc_huge(groups, mul_size(limit, sizeof(FocusGroup)));
		}
		read_group(store, tuple, &groups[(*count)++]);
	}
	systable_endscan_ordered(scan);
	return groups;
}

/*
 * Bytes of a group's body, in the current memory context, of which they take
 * a few more.
 */
const uint8 *
focus_store_read(FocusStore *store, const FocusGroup *group, uint32 offset, uint32 length)
{
	return (const uint8 *) VARDATA(read_slice(store, group, offset, length));
}

/*
 * The whole body as focus_store_add_group() takes it.
 */
struct varlena *
focus_store_read_body(FocusStore *store, const FocusGroup *group)
{
	return read_slice(store, group, 0, group->body_size);
}

static struct varlena *
read_slice(FocusStore *store, const FocusGroup *group, uint32 offset, uint32 length)
{
	struct varlena *slice;

	if (offset > group->body_size || length > group->body_size - offset)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("row group %u of table \"%s\" ends before its columns do",
						group->number, RelationGetRelationName(store->rel))));
	slice = palloc_extended(add_size(length, VARHDRSZ), MCXT_ALLOC_HUGE);
	SET_VARSIZE(slice, length + VARHDRSZ);
	if (length > 0)
		table_relation_fetch_toast_slice(store->toast, group->value_id, group->body_size,
										 offset, length, slice);
	return slice;
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
	GroupEntry	entry = {ENTRY_VERSION};
	struct varatt_external pointer;
	struct varlena *value;
	uint32		number;

	focus_store_open(&store, rel, RowExclusiveLock);
	Assert(store.toast != NULL);
	number = next_number(&store, cid);

	value = (struct varlena *) DatumGetPointer(toast_save_datum(rel, PointerGetDatum(body), NULL,
																HEAP_INSERT_NO_LOGICAL));
	VARATT_EXTERNAL_GET_POINTER(pointer, value);

	entry.rows = rows;
	entry.value_id = pointer.va_valueid;
	entry.body_size = VARSIZE(body) - VARHDRSZ;
	entry.header_size = focus_body_header_size((uint8 *) VARDATA(body), entry.body_size);
	if (!pg_strong_random(&entry.stamp, sizeof(entry.stamp)))
		elog(ERROR, "no random number to be had");
	entry.checksum = group_checksum(entry, number);
	insert_tuple(&store, DIRECTORY_ID, (int32) number, &entry, sizeof(entry), cid,
				 HEAP_INSERT_NO_LOGICAL | (frozen ? HEAP_INSERT_FROZEN : 0));
	focus_store_close(&store);
	return number;
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
	TombstoneEntry entry;

	if (store->toast == NULL)
		return false;
	scan = begin_scan(store, snapshot, tombstone_id(group), tombstone_id(group),
					  tombstone_seq(group, row), false);
	tuple = systable_getnext_ordered(scan, ForwardScanDirection);
	if (tuple != NULL)
	{
		entry_of(store, tuple, &entry, sizeof(entry));
		tombstone->kind = entry.kind;
		tombstone->forward = entry.forward;
		tombstone->entry = tuple->t_self;
		tombstone->xmin = HeapTupleHeaderGetXmin(tuple->t_data);
		tombstone->cmin = TransactionIdIsCurrentTransactionId(tombstone->xmin) ?
			HeapTupleHeaderGetCmin(tuple->t_data) : InvalidCommandId;
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
	int64		count = 0;

	if (store->toast == NULL)
		return 0;
	scan = begin_scan(store, snapshot, tombstone_id(first_group), tombstone_id(last_group),
					  0, true);
	while ((tuple = systable_getnext_ordered(scan, ForwardScanDirection)) != NULL)
	{
		bool		isnull;
		uint32		id = DatumGetObjectId(fastgetattr(tuple, 1, store->toast->rd_att, &isnull));
		uint32		seq = (uint32) chunk_seq_of(store, tuple);
		uint32		group = (id - TOMBSTONE_ID) * TOMBSTONE_GROUPS + (seq >> 19);

		if (group > last_group)
			break;
		if (group < first_group)
			continue;
		count++;
		if (callback != NULL)
			callback(group, seq >> 3 & 0xFFFF, &tuple->t_self, arg);
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
	TombstoneEntry entry = {ENTRY_VERSION};

	entry.kind = tombstone->kind;
	entry.forward = tombstone->forward;
	insert_tuple(store, tombstone_id(group), tombstone_seq(group, row), &entry,
				 sizeof(entry), cid, HEAP_INSERT_NO_LOGICAL);
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
	uint32		number = FOCUS_GROUP_FIRST;

	/* No tuple has this TID. */
	ItemPointerSet(&tag, MaxBlockNumber, MaxOffsetNumber);
	LockTuple(store->toast, &tag, ExclusiveLock);

	scan = begin_scan(store, SnapshotAny, COUNTER_ID, COUNTER_ID, 0, true);
	tuple = systable_getnext_ordered(scan, BackwardScanDirection);
	if (tuple != NULL)
		number = (uint32) chunk_seq_of(store, tuple) + 1;
	systable_endscan_ordered(scan);
	if (number > FOCUS_GROUP_LAST)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("table \"%s\" has used up its numbers of row groups",
						RelationGetRelationName(store->rel)),
				 errhint("VACUUM FULL numbers them anew.")));
	insert_tuple(store, COUNTER_ID, (int32) number, NULL, 0, cid,
				 HEAP_INSERT_NO_LOGICAL | HEAP_INSERT_FROZEN);

	UnlockTuple(store->toast, &tag, ExclusiveLock);
	return number;
}

/*
 * As the server inserts chunks of values.
 */
static void
insert_tuple(FocusStore *store, uint32 chunk_id, int32 chunk_seq, const void *data,
			 Size size, CommandId cid, int options)
{
	union
	{
		struct varlena header;
		char		bytes[VARHDRSZ + sizeof(GroupEntry)];
	}			chunk;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};
	HeapTuple	tuple;
	int			i;

	Assert(size <= sizeof(GroupEntry));
	SET_VARSIZE(&chunk, VARHDRSZ + size);
	if (size > 0)
		memcpy(VARDATA(&chunk), data, size);
	values[0] = ObjectIdGetDatum(chunk_id);
	values[1] = Int32GetDatum(chunk_seq);
	values[2] = PointerGetDatum(&chunk);
	tuple = heap_form_tuple(store->toast->rd_att, values, nulls);
	heap_insert(store->toast, tuple, cid, options, NULL);
	for (i = 0; i < store->nindexes; i++)
	{
		Relation	index = store->indexes[i];

		if (index->rd_index->indisready)
			index_insert(index, values, nulls, &tuple->t_self, store->toast,
						 index->rd_index->indisunique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO,
						 false, NULL);
	}
	heap_freetuple(tuple);
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

static void
read_group(FocusStore *store, HeapTuple tuple, FocusGroup *group)
{
	GroupEntry	entry;

	group->number = (uint32) chunk_seq_of(store, tuple);
	entry_of(store, tuple, &entry, sizeof(entry));
	if (entry.checksum != group_checksum(entry, group->number) ||
		entry.rows == 0 || entry.rows > FOCUS_BODY_ROWS_MAX ||
		entry.header_size > entry.body_size)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("directory entry of row group %u of table \"%s\" is damaged",
						group->number, RelationGetRelationName(store->rel))));
	group->rows = entry.rows;
	group->value_id = entry.value_id;
	group->body_size = entry.body_size;
	group->header_size = entry.header_size;
	group->stamp = entry.stamp;
	group->entry = tuple->t_self;
	group->xmin = HeapTupleHeaderGetXmin(tuple->t_data);
	group->cmin = TransactionIdIsCurrentTransactionId(group->xmin) ?
		HeapTupleHeaderGetCmin(tuple->t_data) : InvalidCommandId;
}

static int32
chunk_seq_of(FocusStore *store, HeapTuple tuple)
{
	bool		isnull;

	return DatumGetInt32(fastgetattr(tuple, 2, store->toast->rd_att, &isnull));
}

/*
 * Copies chunk_data, which begins with its version, in one or two bytes of
 * which the first is never zero in a version that we know.
 */
static void
entry_of(FocusStore *store, HeapTuple tuple, void *entry, Size size)
{
	bool		isnull;
	struct varlena *chunk = (struct varlena *)
		DatumGetPointer(fastgetattr(tuple, 3, store->toast->rd_att, &isnull));
	Size		found = VARSIZE_ANY_EXHDR(chunk);
	uint8		version = found == 0 ? 0 : *(uint8 *) VARDATA_ANY(chunk);

	if (version > ENTRY_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("table \"%s\" has row groups of format version %d, which this version of focus does not know",
						RelationGetRelationName(store->rel), version)));
	if (version != ENTRY_VERSION || found != size)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("row groups of table \"%s\" have a damaged entry at (%u,%u) in their TOAST table",
						RelationGetRelationName(store->rel),
						ItemPointerGetBlockNumber(&tuple->t_self),
						ItemPointerGetOffsetNumber(&tuple->t_self))));
	memcpy(entry, VARDATA_ANY(chunk), size);
}

static pg_crc32c
group_checksum(GroupEntry entry, uint32 number)
{
	pg_crc32c	checksum;

	entry.checksum = 0;
	INIT_CRC32C(checksum);
	COMP_CRC32C(checksum, &entry, sizeof(entry));
	COMP_CRC32C(checksum, &number, sizeof(number));
	FIN_CRC32C(checksum);
	return checksum;
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
