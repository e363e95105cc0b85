/*-------------------------------------------------------------------------
 *
 * compact_tail.c
 *	  Row groups at the end of the TOAST relation that would fit before it.
 *
 * Groups that are moved leave free space at their old places, and only space
 * at the end of a file can be given back.  So focus_compact() moves what is
 * behind that space into it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heaptoast.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "storage/bufmgr.h"
#include "storage/freespace.h"
#include "utils/rel.h"

#include "columnar/maintain.h"
#include "columnar/store.h"

/* Moving pays if the relation gets shorter by this part, and so many blocks. */
#define SHORTER_PART	10
#define SHORTER_BLOCKS	32

/* This part of the free space is left, because groups come out a bit larger. */
#define ROOM_PART		8

typedef struct PlacedGroup
{
	uint32		number;
	BlockNumber last;			/* block with something of it */
	int64		chunks;
} PlacedGroup;

static int	take_tail(Relation toast, int64 room, const PlacedGroup *groups, int count);
static int64 all_free_chunks(Relation toast);
static int	free_chunks(Relation toast, BlockNumber block);
static BlockNumber worthwhile(BlockNumber blocks);
static int	compare_last(const void *a, const void *b);

/*
 * Numbers of the groups to move; NULL if that does not pay.  Goes by the free
 * space map, so VACUUM should have been there.
 */
Bitmapset *
focus_tail_groups(Relation rel, Snapshot snapshot)
{
	FocusStore	store;
	Bitmapset  *result = NULL;
	int64		room;

	focus_store_open(&store, rel, AccessShareLock);
	if (store.toast == NULL)
		return NULL;
	room = all_free_chunks(store.toast);
	if (room / EXTERN_TUPLES_PER_PAGE >= worthwhile(RelationGetNumberOfBlocks(store.toast)))
	{
		int			count;
		FocusGroup *groups = focus_store_groups(&store, snapshot, &count);
		PlacedGroup *placed = palloc(mul_size(Max(count, 1), sizeof(PlacedGroup)));
		int			i;

		for (i = 0; i < count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			placed[i].number = groups[i].number;
			placed[i].last = focus_store_last_block(&store, &groups[i]);
			placed[i].chunks = groups[i].body_size / TOAST_MAX_CHUNK_SIZE + 1;
		}
		qsort(placed, count, sizeof(PlacedGroup), compare_last);
		for (i = take_tail(store.toast, room, placed, count); i > 0; i--)
			result = bms_add_member(result, (int) placed[i - 1].number);
	}
	focus_store_close(&store);
	return result;
}

/*
 * How many of the groups, the last one first, fit into the room before the one
 * that is then the last.
 */
static int
take_tail(Relation toast, int64 room, const PlacedGroup *groups, int count)
{
	BlockNumber blocks = RelationGetNumberOfBlocks(toast);
	BlockNumber end = blocks;
	int64		chunks = 0;
	int			taken = 0;
	int			i;

	for (i = 0; i < count; i++)
	{
		BlockNumber next = i + 1 < count ? groups[i + 1].last + 1 : 0;

		while (end > next)
			room -= free_chunks(toast, --end);
		chunks += groups[i].chunks;
		if (chunks > room - room / ROOM_PART)
			break;
		if (blocks - end >= worthwhile(blocks))
			taken = i + 1;
	}
	return taken;
}

static int64
all_free_chunks(Relation toast)
{
	BlockNumber blocks = RelationGetNumberOfBlocks(toast);
	BlockNumber block;
	int64		result = 0;

	for (block = 0; block < blocks; block++)
	{
		CHECK_FOR_INTERRUPTS();
		result += free_chunks(toast, block);
	}
	return result;
}

static int
free_chunks(Relation toast, BlockNumber block)
{
	return (int) Min(GetRecordedFreeSpace(toast, block) / EXTERN_TUPLE_MAX_SIZE, EXTERN_TUPLES_PER_PAGE);
}

/* Blocks by which the relation has to get shorter */
static BlockNumber
worthwhile(BlockNumber blocks)
{
	return Max(blocks / SHORTER_PART, SHORTER_BLOCKS);
}

static int
compare_last(const void *a, const void *b)
{
	BlockNumber left = ((const PlacedGroup *) a)->last;
	BlockNumber right = ((const PlacedGroup *) b)->last;

	return left > right ? -1 : left < right;
}
