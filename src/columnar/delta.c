/*-------------------------------------------------------------------------
 *
 * delta.c
 *	  The delta of a table: heap's callbacks, called with our relation.
 *
 * Parts of heapam call heap_getnext(), or table_* functions whose scans they
 * then take for heap's.  heap_getnext() refuses a relation whose rd_tableam
 * is not heap's.  Such callbacks run with the relation in disguise:
 *
 *	- rd_tableam of the relation's relcache entry is heap's from
 *	  focus_put_on_disguise() to focus_take_off_disguise(), which PG_FINALLY
 *	  calls.
 *	- An invalidation message rebuilds the entry, also while it is open, and
 *	  sets rd_tableam to ours again.  The server calls relcache callbacks
 *	  after the rebuild; ours puts the disguise back on.
 *	- Whoever opens the relation meanwhile, such as a function in an index
 *	  expression, sees the delta only.
 *
 * Outside of a disguise, and at the entry of each callback, rd_tableam is
 * ours; focus_delta_of() asserts it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "catalog/pg_class.h"
#include "utils/inval.h"

#include "columnar/delta.h"

static const TableAmRoutine *ours = NULL;
static FocusDisguise *disguises = NULL; /* innermost first */

static void keep_disguises(Datum arg, Oid relid);

/*
 * To be called once per backend, when the library is loaded.
 */
void
focus_delta_init(const TableAmRoutine *am)
{
	ours = am;
	CacheRegisterRelcacheCallback(keep_disguises, (Datum) 0);
}

bool
focus_is_ours(Relation rel)
{
	return rel->rd_tableam == ours;
}

/*
 * For functions that take any relation
 */
void
focus_check_is_ours(Relation rel)
{
	if (!focus_is_ours(rel))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table with the table access method focus",
						RelationGetRelationName(rel)),
				 rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ?
				 errhint("Name one of its partitions.") : 0));
}

/*
 * Heap's callbacks, to be called with the relation of a callback of ours.
 */
const TableAmRoutine *
focus_delta_of(Relation rel)
{
	Assert(focus_is_ours(rel));
	return GetHeapamTableAmRoutine();
}

/*
 * Makes the relation pass for a heap table until focus_take_off_disguise(),
 * which the caller must reach in any case.
 */
const TableAmRoutine *
focus_put_on_disguise(FocusDisguise *disguise, Relation rel)
{
	Assert(focus_is_ours(rel));
	disguise->rel = rel;
	disguise->outer = disguises;
	disguises = disguise;
	rel->rd_tableam = GetHeapamTableAmRoutine();
	return rel->rd_tableam;
}

void
focus_take_off_disguise(FocusDisguise *disguise)
{
	Assert(disguises == disguise);
	disguises = disguise->outer;
	disguise->rel->rd_tableam = ours;
}

/*
 * Relcache callback: the entry of the relation, or of each relation where
 * relid is invalid, has been rebuilt.
 */
static void
keep_disguises(Datum arg, Oid relid)
{
	FocusDisguise *disguise;

	for (disguise = disguises; disguise != NULL; disguise = disguise->outer)
	{
		if (!OidIsValid(relid) || relid == RelationGetRelid(disguise->rel))
			disguise->rel->rd_tableam = GetHeapamTableAmRoutine();
	}
}
