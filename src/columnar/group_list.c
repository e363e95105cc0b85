/*-------------------------------------------------------------------------
 *
 * group_list.c
 *	  The row groups and tombstones that a snapshot sees.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/snapmgr.h"

#include "columnar/group_list.h"

/* While tombstones are added, which come in the order of the groups */
typedef struct Marker
{
	FocusGroupList *list;
	int			index;			/* of the group of the last tombstone */
} Marker;

static void mark_dead(uint32 group, uint32 row, const ItemPointerData *entry, void *arg);

/*
 * Under SnapshotAny all groups and no tombstones, as for heap a deleted row is
 * a row then.
 */
FocusGroupList *
focus_group_list_create(FocusStore *store, Snapshot snapshot)
{
	FocusGroupList *list = palloc0(sizeof(FocusGroupList));
	int			i;

	list->groups = focus_store_groups(store, snapshot, &list->count);
	for (i = 0; i < list->count; i++)
		list->rows += list->groups[i].rows;
	list->dead = palloc0(mul_size(Max(list->count, 1), sizeof(uint64 *)));
	if (list->count > 0 && snapshot->snapshot_type != SNAPSHOT_ANY)
	{
		Marker		marker = {list, 0};

		focus_store_tombstones(store, list->groups[0].number,
							   list->groups[list->count - 1].number,
							   snapshot, mark_dead, &marker);
	}
	return list;
}

/*
 * A tombstone can outlive its group.
 */
static void
mark_dead(uint32 group, uint32 row, const ItemPointerData *entry, void *arg)
{
	Marker	   *marker = arg;
	FocusGroupList *list = marker->list;
	uint64	  **dead;

	while (marker->index < list->count && list->groups[marker->index].number < group)
		marker->index++;
	if (marker->index == list->count || list->groups[marker->index].number != group ||
		row >= list->groups[marker->index].rows)
		return;

	dead = &list->dead[marker->index];
	if (*dead == NULL)
		*dead = palloc0(FOCUS_BODY_ROWS_MAX / 8);
	(*dead)[row / 64] |= UINT64CONST(1) << (row % 64);
	list->tombstones++;
}
