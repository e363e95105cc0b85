/*-------------------------------------------------------------------------
 *
 * store_item.c
 *	  The tuples of ours in a TOAST relation: what their bytes mean.
 *
 * chunk_data begins with the version, one byte.  A later version keeps that,
 * and a reader that does not know the version believes nothing else.
 *
 * Checksums cover chunk_id and chunk_seq, too, so that no tuple can pass for
 * that of another group or row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "port/pg_crc32c.h"

#include "columnar/body.h"
#include "columnar/store_item.h"
#include "columnar/tid.h"
#include "compat.h"

#define ITEM_VERSION	1

/* What chunk_data of a directory entry holds; not aligned on disk */
typedef struct GroupEntry
{
	uint8		version;
	uint8		reserved[3];
	uint32		rows;
	uint32		value_id;
	uint32		body_size;
	uint32		header_size;
	pg_crc32c	checksum;
	uint64		stamp;
} GroupEntry;

StaticAssertDecl(sizeof(GroupEntry) == 32, "size of a directory entry on disk");

/* What chunk_data of a tombstone holds */
typedef struct TombstoneEntry
{
	uint8		version;
	uint8		kind;
	ItemPointerData forward;
	pg_crc32c	checksum;
} TombstoneEntry;

StaticAssertDecl(sizeof(TombstoneEntry) == 12, "size of a tombstone on disk");

static FocusItemState copy_data(HeapTuple tuple, Datum data, void *entry, Size size,
								int *version);
static void read_group(HeapTuple tuple, const GroupEntry *entry, FocusStoreItem *item);
static void read_tombstone(HeapTuple tuple, const TombstoneEntry *entry, FocusStoreItem *item);
static pg_crc32c item_checksum(const void *entry, Size size, Oid id, int32 seq);

Size
focus_store_write_group(const FocusGroup *group, uint8 *data)
{
	GroupEntry	entry = {ITEM_VERSION};

	entry.rows = group->rows;
	entry.value_id = group->value_id;
	entry.body_size = group->body_size;
	entry.header_size = group->header_size;
	entry.stamp = group->stamp;
	entry.checksum = item_checksum(&entry, sizeof(entry), FOCUS_DIRECTORY_ID,
								   (int32) group->number);
	memcpy(data, &entry, sizeof(entry));
	return sizeof(entry);
}

Size
focus_store_write_tombstone(uint32 group, uint32 row, const FocusTombstone *tombstone, uint8 *data)
{
	TombstoneEntry entry = {ITEM_VERSION};

	entry.kind = tombstone->kind;
	entry.forward = tombstone->forward;
	entry.checksum = item_checksum(&entry, sizeof(entry), focus_tombstone_id(group),
								   focus_tombstone_seq(group, row));
	memcpy(data, &entry, sizeof(entry));
	return sizeof(entry);
}

void
focus_store_read_item(TupleDesc desc, HeapTuple tuple, FocusStoreItem *item)
{
	Datum		values[3];
	bool		isnull[3];
	union
	{
		GroupEntry	group;
		TombstoneEntry tombstone;
	}			entry;
	Size		size = 0;
	int32		seq;

	memset(item, 0, sizeof(*item));
	item->entry = tuple->t_self;
	heap_deform_tuple(tuple, desc, values, isnull);
	if (isnull[0] || isnull[1] || isnull[2])
	{
		item->state = FOCUS_ITEM_DAMAGED;
		return;
	}
	item->id = DatumGetObjectId(values[0]);
	seq = DatumGetInt32(values[1]);
	item->number = (uint32) seq;
	if (item->id == FOCUS_DIRECTORY_ID)
	{
		item->kind = FOCUS_ITEM_GROUP;
		size = sizeof(GroupEntry);
	}
	else if (item->id == FOCUS_COUNTER_ID)
	{
		item->kind = FOCUS_ITEM_COUNTER;
		return;
	}
	else if (item->id == FOCUS_REMOVED_ID)
	{
		item->kind = FOCUS_ITEM_REMOVED;
		return;
	}
	else if (item->id >= FOCUS_TOMBSTONE_ID &&
			 item->id <= focus_tombstone_id(FOCUS_GROUP_LAST))
	{
		item->kind = FOCUS_ITEM_TOMBSTONE;
		item->number = (item->id - FOCUS_TOMBSTONE_ID) * FOCUS_TOMBSTONE_GROUPS +
			((uint32) seq >> 19);
		item->row = (uint32) seq >> 3 & 0xFFFF;
		size = sizeof(TombstoneEntry);
	}
	else
	{
		item->state = FOCUS_ITEM_DAMAGED;
		return;
	}

	if (item->kind == FOCUS_ITEM_TOMBSTONE && (seq & 7) != 0)
		item->state = FOCUS_ITEM_DAMAGED;
	else
		item->state = copy_data(tuple, values[2], &entry, size, &item->version);
	if (item->state != FOCUS_ITEM_SOUND)
		return;
	if (item->kind == FOCUS_ITEM_GROUP)
		read_group(tuple, &entry.group, item);
	else
		read_tombstone(tuple, &entry.tombstone, item);
}

/*
 * Copies chunk_data, of which not even the length is to be trusted.
 */
static FocusItemState
copy_data(HeapTuple tuple, Datum data, void *entry, Size size, int *version)
{
	struct varlena *chunk = (struct varlena *) DatumGetPointer(data);
	char	   *end = (char *) tuple->t_data + tuple->t_len;

	if (end - (char *) chunk < VARHDRSZ || VARATT_IS_EXTERNAL(chunk) ||
		VARATT_IS_COMPRESSED(chunk) || VARSIZE_ANY(chunk) > end - (char *) chunk ||
		VARSIZE_ANY_EXHDR(chunk) == 0)
		return FOCUS_ITEM_DAMAGED;
	*version = *(uint8 *) VARDATA_ANY(chunk);
	if (*version > ITEM_VERSION)
		return FOCUS_ITEM_UNKNOWN_VERSION;
	if (*version != ITEM_VERSION || VARSIZE_ANY_EXHDR(chunk) != size)
		return FOCUS_ITEM_DAMAGED;
	memcpy(entry, VARDATA_ANY(chunk), size);
	return FOCUS_ITEM_SOUND;
}

static void
read_group(HeapTuple tuple, const GroupEntry *entry, FocusStoreItem *item)
{
	GroupEntry	copy = *entry;
	FocusGroup *group = &item->group;

	copy.checksum = 0;
	if (entry->checksum != item_checksum(&copy, sizeof(copy), item->id, (int32) item->number) ||
		entry->rows == 0 || entry->rows > FOCUS_BODY_ROWS_MAX ||
		entry->header_size > entry->body_size)
	{
		item->state = FOCUS_ITEM_DAMAGED;
		return;
	}
	group->number = item->number;
	group->rows = entry->rows;
	group->value_id = entry->value_id;
	group->body_size = entry->body_size;
	group->header_size = entry->header_size;
	group->stamp = entry->stamp;
	group->entry = tuple->t_self;
	group->xmin = HeapTupleHeaderGetXmin(tuple->t_data);
	group->cmin = TransactionIdIsCurrentTransactionId(group->xmin) ?
		HeapTupleHeaderGetCmin(tuple->t_data) : InvalidCommandId;
}

static void
read_tombstone(HeapTuple tuple, const TombstoneEntry *entry, FocusStoreItem *item)
{
	TombstoneEntry copy = *entry;
	FocusTombstone *tombstone = &item->tombstone;

	copy.checksum = 0;
	if (entry->checksum != item_checksum(&copy, sizeof(copy), item->id,
										 focus_tombstone_seq(item->number, item->row)) ||
		entry->kind > FOCUS_KEY_KEPT)
	{
		item->state = FOCUS_ITEM_DAMAGED;
		return;
	}
	tombstone->kind = entry->kind;
	tombstone->forward = entry->forward;
	tombstone->entry = tuple->t_self;
	tombstone->xmin = HeapTupleHeaderGetXmin(tuple->t_data);
	tombstone->cmin = TransactionIdIsCurrentTransactionId(tombstone->xmin) ?
		HeapTupleHeaderGetCmin(tuple->t_data) : InvalidCommandId;
}

/*
 * Of an entry whose checksum is 0, and of its place
 */
static pg_crc32c
item_checksum(const void *entry, Size size, Oid id, int32 seq)
{
	pg_crc32c	checksum;

	INIT_CRC32C(checksum);
	COMP_CRC32C(checksum, entry, size);
	COMP_CRC32C(checksum, &id, sizeof(id));
	COMP_CRC32C(checksum, &seq, sizeof(seq));
	FIN_CRC32C(checksum);
	return checksum;
}
