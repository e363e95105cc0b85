/*-------------------------------------------------------------------------
 *
 * check.h
 *	  What the files of focus_check share; nobody else includes it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_CHECK_H
#define FOCUS_CHECK_H

#include "fmgr.h"

#include "columnar/store.h"

/* A group whose directory entry the snapshot sees */
typedef struct FocusCheckGroup
{
	FocusGroup	group;
	bool		sound;			/* its entry is; else only the number counts */
	bool		damaged;		/* its body cannot be read as a whole */
	uint64	   *dead;			/* a bit for each row that has a tombstone, or NULL */
} FocusCheckGroup;

typedef struct FocusCheck
{
	FunctionCallInfo fcinfo;
	Relation	rel;
	Snapshot	snapshot;
	FocusStore	store;
	FocusCheckGroup *groups;	/* by number, ascending */
	int			ngroups;
	int			groups_size;
	uint32		last_number;	/* of a group that has been given away */
	uint32		last_group;		/* group and row of the last tombstone */
	int64		last_row;
	int64		items;			/* tuples but counters that the TOAST index leads to */
	int64		debris;			/* tombstones of groups that are gone */
	MemoryContext context;		/* of all this */
} FocusCheck;

/* Group 0, a NULL column and a NULL TID stand for none. */
extern void focus_check_report(FocusCheck *check, uint32 group, const char *column,
							   const ItemPointerData *tid, const char *format,...)
			pg_attribute_printf(5, 6);

/*
 * Runs a step.  What it raises because of damage becomes a problem of the
 * group, and false is returned.
 */
typedef void (*FocusCheckStep) (FocusCheck *check, void *arg);
extern bool focus_check_try(FocusCheck *check, uint32 group, FocusCheckStep step, void *arg);

extern FocusCheckGroup *focus_check_find_group(FocusCheck *check, uint32 number);

/* check_body.c, check_index.c */
extern void focus_check_body(FocusCheck *check, FocusCheckGroup *group);
extern void focus_check_indexes(FocusCheck *check);

#endif							/* FOCUS_CHECK_H */
