/*-------------------------------------------------------------------------
 *
 * check_index.c
 *	  Do indexes have the rows of row groups, and no others?
 *
 * The index is read from one end to the other, and the entries of each group
 * are marked in a bitmap.  Then the rows are walked as they would be indexed:
 * each living one has to be marked.  In a btree the keys are compared, too, by
 * sums of their hashes for each group, so that rows need not be looked up in
 * the order of the index.
 *
 * An index of hash cannot be read as a whole.  There each row that is not
 * marked yet is looked up, and all that the look-up finds is marked.
 *
 * Expressions of indexes are run as the table's owner, as CREATE INDEX does.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/genam.h"
#include "access/hash.h"
#include "access/itup.h"
#include "access/relscan.h"
#include "catalog/index.h"
#include "catalog/pg_am_d.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "columnar/check.h"
#include "columnar/group_walk.h"
#include "columnar/tid.h"
#include "compat.h"

/* What an index has of one group */
typedef struct IndexedRows
{
	uint64	   *marks;			/* a bit for each row, NULL: none */
	uint64		keys;			/* sum of the hashes of living rows */
	uint32		beyond;			/* entries of rows that the group does not have */
	ItemPointerData first_beyond;
	uint32		missing;		/* rows without entry */
	ItemPointerData first_missing;
} IndexedRows;

typedef struct IndexCheck
{
	FocusCheck *check;
	Relation	index;
	IndexInfo  *info;
	bool		compares_keys;
	IndexedRows *rows;			/* by group */
	int			at;				/* group that is being walked */
	uint64		keys;			/* of its rows, as they should be indexed */
	IndexScanDesc lookup;		/* for hash */
	ScanKeyData key;
} IndexCheck;

static void check_index(FocusCheck *check, void *arg);
static void read_entries(IndexCheck *ic);
static bool mark(IndexCheck *ic, const ItemPointerData *tid, int *at);
static bool is_marked(const uint64 *marks, uint32 row);
static void check_rows(IndexCheck *ic, FocusGroupWalk *walk, int at);
static void check_row(FocusGroupWalk *walk, uint32 row, ItemPointer tid, Datum *values,
					  bool *isnull, void *arg);
static void look_up(IndexCheck *ic, Datum value);
static void begin_look_ups(IndexCheck *ic);
static uint64 hash_keys(Relation index, IndexTuple tuple, uint32 row);
static uint64 hash_key(Form_pg_attribute att, Datum value);

void
focus_check_indexes(FocusCheck *check)
{
	List	   *indexes = RelationGetIndexList(check->rel);
	Oid			user;
	int			security;
	int			nest_level;
	ListCell   *cell;

	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(check->rel->rd_rel->relowner, security | SECURITY_RESTRICTED_OPERATION);
	nest_level = NewGUCNestLevel();
	foreach(cell, indexes)
	{
		Oid			relid = lfirst_oid(cell);
		MemoryContext context = AllocSetContextCreate(check->context, "focus check of an index",
													  ALLOCSET_DEFAULT_SIZES);
		MemoryContext caller = MemoryContextSwitchTo(context);

		(void) focus_check_try(check, 0, check_index, &relid);
		MemoryContextSwitchTo(caller);
		MemoryContextDelete(context);
	}
	AtEOXact_GUC(false, nest_level);
	SetUserIdAndSecContext(user, security);
	list_free(indexes);
}

static void
check_index(FocusCheck *check, void *arg)
{
	IndexCheck	ic = {check};
	FocusGroupWalk walk;
	Oid			method;
	int			at;

	ic.index = index_open(*(Oid *) arg, AccessShareLock);
	method = ic.index->rd_rel->relam;
	if (!ic.index->rd_index->indisvalid ||
		(method != BTREE_AM_OID && method != HASH_AM_OID && method != GIST_AM_OID &&
		 method != SPGIST_AM_OID))
	{
		ereport(NOTICE,
				(errmsg("index \"%s\" is not checked", RelationGetRelationName(ic.index)),
				 ic.index->rd_index->indisvalid ?
				 errdetail("Its access method is not one of PostgreSQL's.") :
				 errdetail("It is not valid.")));
		index_close(ic.index, AccessShareLock);
		return;
	}
	ic.info = BuildIndexInfo(ic.index);
	ic.compares_keys = method == BTREE_AM_OID;
	ic.rows = palloc0(mul_size(Max(check->ngroups, 1), sizeof(IndexedRows)));
	if (method == HASH_AM_OID)
		begin_look_ups(&ic);
	else
		read_entries(&ic);

	focus_group_walk_begin(&walk, check->rel, ic.info);
	for (at = 0; at < check->ngroups; at++)
		if (check->groups[at].sound)
			check_rows(&ic, &walk, at);
	focus_group_walk_end(&walk);
	if (ic.lookup != NULL)
		index_endscan(ic.lookup);
	index_close(ic.index, AccessShareLock);
}

static void
read_entries(IndexCheck *ic)
{
	IndexScanDesc scan = focus_index_beginscan(ic->check->rel, ic->index, ic->check->snapshot, 0);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "focus index keys",
												  ALLOCSET_DEFAULT_SIZES);
	ItemPointer tid;

	scan->xs_want_itup = ic->compares_keys;
	index_rescan(scan, NULL, 0, NULL, 0);
	while ((tid = index_getnext_tid(scan, ForwardScanDirection)) != NULL)
	{
		MemoryContext caller;
		int			at;

		CHECK_FOR_INTERRUPTS();
		if (!focus_tid_is_grouped(tid) || !mark(ic, tid, &at) || !ic->compares_keys)
			continue;
		caller = MemoryContextSwitchTo(context);
		if (ic->check->groups[at].dead == NULL ||
			!is_marked(ic->check->groups[at].dead, focus_tid_row(tid)))
			ic->rows[at].keys += hash_keys(ic->index, scan->xs_itup, focus_tid_row(tid));
		MemoryContextSwitchTo(caller);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
	index_endscan(scan);
}

/*
 * Marks the row of an entry; false where the snapshot has no such row.  Of
 * groups that it does not see there may be entries: of such as are gone until
 * VACUUM, and of later ones.
 */
static bool
mark(IndexCheck *ic, const ItemPointerData *tid, int *at)
{
	FocusCheckGroup *group = focus_check_find_group(ic->check, focus_tid_group(tid));
	uint32		row = focus_tid_row(tid);
	IndexedRows *rows;

	if (group == NULL || !group->sound)
		return false;
	*at = group - ic->check->groups;
	rows = &ic->rows[*at];
	if (ItemPointerGetOffsetNumberNoCheck(tid) < 1 ||
		ItemPointerGetOffsetNumberNoCheck(tid) > FOCUS_TID_BLOCK_ROWS ||
		row >= group->group.rows)
	{
		if (rows->beyond++ == 0)
			rows->first_beyond = *tid;
		return false;
	}
	if (rows->marks == NULL)
		rows->marks = MemoryContextAllocZero(GetMemoryChunkContext(ic->rows),
											 FOCUS_BODY_ROWS_MAX / 8);
	rows->marks[row / 64] |= UINT64CONST(1) << (row % 64);
	return true;
}

static bool
is_marked(const uint64 *marks, uint32 row)
{
	return (marks[row / 64] >> (row % 64) & 1) != 0;
}

typedef struct RowsStep
{
	IndexCheck *ic;
	FocusGroupWalk *walk;
} RowsStep;

static void
walk_rows(FocusCheck *check, void *arg)
{
	RowsStep   *step = arg;
	FocusCheckGroup *group = &check->groups[step->ic->at];

	focus_group_walk(step->walk, &group->group, group->dead, check_row, step->ic);
}

/*
 * A damaged group has been reported as such.
 */
static void
check_rows(IndexCheck *ic, FocusGroupWalk *walk, int at)
{
	FocusCheck *check = ic->check;
	const char *name = RelationGetRelationName(ic->index);
	uint32		number = check->groups[at].group.number;
	IndexedRows *rows = &ic->rows[at];
	RowsStep	step = {ic, walk};
	bool		walked;

	ic->at = at;
	ic->keys = 0;
	walked = !check->groups[at].damaged && focus_check_try(check, number, walk_rows, &step);
	if (rows->beyond > 0)
		focus_check_report(check, number, NULL, &rows->first_beyond,
						   "index \"%s\" has %u entries of rows that the row group does not have",
						   name, rows->beyond);
	if (rows->missing > 0)
		focus_check_report(check, number, NULL, &rows->first_missing,
						   "index \"%s\" has no entry of %u rows", name, rows->missing);
	else if (walked && ic->compares_keys && rows->keys != ic->keys)
		focus_check_report(check, number, NULL, NULL,
						   "index \"%s\" has other keys or more entries than the rows", name);
}

static void
check_row(FocusGroupWalk *walk, uint32 row, ItemPointer tid, Datum *values, bool *isnull, void *arg)
{
	IndexCheck *ic = arg;
	IndexedRows *rows = &ic->rows[ic->at];

	if (ic->lookup != NULL)
	{
		/* Nulls are not in it. */
		if (isnull[0])
			return;
		if (rows->marks == NULL || !is_marked(rows->marks, row))
			look_up(ic, values[0]);
	}
	if (rows->marks == NULL || !is_marked(rows->marks, row))
	{
		if (rows->missing++ == 0)
			rows->first_missing = *tid;
	}
	if (ic->compares_keys)
	{
		MemoryContext caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(walk->estate));
		IndexTuple	tuple = index_form_tuple(RelationGetDescr(ic->index), values, isnull);

		ic->keys += hash_keys(ic->index, tuple, row);
		MemoryContextSwitchTo(caller);
	}
}

static void
look_up(IndexCheck *ic, Datum value)
{
	ItemPointer tid;
	int			at;

	ic->key.sk_argument = value;
	index_rescan(ic->lookup, &ic->key, 1, NULL, 0);
	while ((tid = index_getnext_tid(ic->lookup, ForwardScanDirection)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (focus_tid_is_grouped(tid))
			(void) mark(ic, tid, &at);
	}
}

static void
begin_look_ups(IndexCheck *ic)
{
	Oid			type = ic->index->rd_opcintype[0];
	Oid			operator = get_opfamily_member(ic->index->rd_opfamily[0], type, type,
											   HTEqualStrategyNumber);

	ic->lookup = focus_index_beginscan(ic->check->rel, ic->index, ic->check->snapshot, 1);
	ScanKeyEntryInitialize(&ic->key, 0, 1, HTEqualStrategyNumber, type,
						   ic->index->rd_indcollation[0], get_opcode(operator), (Datum) 0);
}

static uint64
hash_keys(Relation index, IndexTuple tuple, uint32 row)
{
	TupleDesc	desc = RelationGetDescr(index);
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];
	uint64		hash = hash_bytes_uint32_extended(row, 0);
	int			i;

	index_deform_tuple(tuple, desc, values, isnull);
	for (i = 0; i < desc->natts; i++)
		hash = hash_combine64(hash, isnull[i] ? 0 : hash_key(TupleDescAttr(desc, i), values[i]));
	return hash;
}

/*
 * Values that are equal but differ in bytes count as different: an index has
 * the bytes of the row.
 */
static uint64
hash_key(Form_pg_attribute att, Datum value)
{
	if (att->attbyval)
		return hash_bytes_extended((unsigned char *) &value, sizeof(value), 1);
	if (att->attlen == -1)
	{
		struct varlena *datum = pg_detoast_datum_packed((struct varlena *) DatumGetPointer(value));

		return hash_bytes_extended((unsigned char *) VARDATA_ANY(datum), VARSIZE_ANY_EXHDR(datum), 1);
	}
	return hash_bytes_extended((unsigned char *) DatumGetPointer(value),
							   att->attlen == -2 ? strlen(DatumGetCString(value)) : att->attlen, 1);
}
