/*-------------------------------------------------------------------------
 *
 * group_list.h
 *	  The row groups and tombstones that a snapshot sees.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_GROUP_LIST_H
#define FOCUS_GROUP_LIST_H

#include "columnar/body.h"
#include "columnar/store.h"

typedef struct FocusGroupList
{
	int			count;
	FocusGroup *groups;			/* by number, ascending */
	uint64	  **dead;			/* a bit for each row that has a tombstone;
								 * NULL for a group without any */
	int64		rows;			/* of all groups, dead ones included */
	int64		tombstones;
} FocusGroupList;

/* In the current memory context */
extern FocusGroupList *focus_group_list_create(FocusStore *store, Snapshot snapshot);

static inline bool
focus_group_list_is_dead(const FocusGroupList *list, int index, uint32 row)
{
	return list->dead[index] != NULL &&
		(list->dead[index][row / 64] >> (row % 64) & 1) != 0;
}

#endif							/* FOCUS_GROUP_LIST_H */
