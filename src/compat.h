/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  Differences between the supported PostgreSQL majors: 15, 16, 17, 18.
 *
 * The only place that looks at PG_VERSION_NUM.  A shim takes the newest
 * signature and adapts it downwards.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_COMPAT_H
#define FOCUS_COMPAT_H

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "focus supports PostgreSQL 15 to 18"
#endif

#define PG16_GE (PG_VERSION_NUM >= 160000)
#define PG17_GE (PG_VERSION_NUM >= 170000)
#define PG18_GE (PG_VERSION_NUM >= 180000)

/* 17 numbers processes from 0 on */
#if PG17_GE
#include "storage/procarray.h"
#define focus_proc_of(virtual_xid) ProcNumberGetProc((virtual_xid)->procNumber)
#define focus_proc_lxid(proc) ((proc)->vxid.lxid)
#else
#include "storage/sinvaladt.h"
#define focus_proc_of(virtual_xid) BackendIdGetProc((virtual_xid)->backendId)
#define focus_proc_lxid(proc) ((proc)->lxid)
#endif

/* 18 replaced pg_attribute_noreturn() behind a declaration by this before it */
#if !PG18_GE
#define pg_noreturn pg_attribute_noreturn()
#endif

/* 16 moved the VARATT macros out of postgres.h */
#if PG16_GE
#include "varatt.h"
#endif

/*
 * 16 brought soft errors to input functions.  On 15 an input function has no
 * escontext and an error is always hard.
 */
#if PG16_GE
#include "nodes/miscnodes.h"
#define FOCUS_ESCONTEXT(fcinfo) ((fcinfo)->context)
#else
#define ereturn(context, dummy_value, ...) \
	do { \
		(void) (context); \
		ereport(ERROR, __VA_ARGS__); \
		return dummy_value; \
	} while (0)
#define FOCUS_ESCONTEXT(fcinfo) ((Node *) NULL)
#endif

/* 17 lets the caller provide the lexer; 16 made JSON callbacks return a code */
#include "common/jsonapi.h"
#include "mb/pg_wchar.h"
#if PG17_GE
#define focus_json_lexer(json, len) \
	makeJsonLexContextCstringLen(NULL, json, len, GetDatabaseEncoding(), true)
#else
#define focus_json_lexer(json, len) \
	makeJsonLexContextCstringLen(json, len, GetDatabaseEncoding(), true)
#endif
#if PG16_GE
#define JSON_ACTION_RESULT JsonParseErrorType
#define JSON_ACTION_SUCCESS JSON_SUCCESS
#else
#define JSON_ACTION_RESULT void
#define JSON_ACTION_SUCCESS
#endif

/*
 * Range table of an executor state that has one table.  16 moved permissions
 * into RTEPermissionInfo; 18 wants to know which relations are not pruned.
 */
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "parser/parse_relation.h"
#include "utils/rel.h"
static inline void
focus_init_range_table(EState *estate, Relation rel)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	List	   *range_table = list_make1(rte);

	rte->rtekind = RTE_RELATION;
	rte->relid = RelationGetRelid(rel);
	rte->relkind = rel->rd_rel->relkind;
	rte->rellockmode = RowExclusiveLock;
#if PG16_GE
	{
		List	   *permissions = NIL;

		addRTEPermissionInfo(&permissions, rte);
#if PG18_GE
		ExecInitRangeTable(estate, range_table, permissions, bms_make_singleton(1));
#else
		ExecInitRangeTable(estate, range_table, permissions);
#endif
	}
#else
	ExecInitRangeTable(estate, range_table);
#endif
}

/* ExecInsertIndexTuples: 16 added onlySummarizing */
#if PG16_GE
#define focus_insert_index_tuples(result_rel, slot, estate) \
	ExecInsertIndexTuples(result_rel, slot, estate, false, false, NULL, NIL, false)
#else
#define focus_insert_index_tuples(result_rel, slot, estate) \
	ExecInsertIndexTuples(result_rel, slot, estate, false, false, NULL, NIL)
#endif

/*
 * Table access methods.  16 renamed relfilenodes and made "update indexes"
 * an enumeration.
 */
#if !PG16_GE
#include "storage/relfilenode.h"
#define RelFileLocator RelFileNode
#define RelFileLocatorEquals RelFileNodeEquals
#define focus_rel_locator(rel) ((rel)->rd_node)
#define TU_UpdateIndexes bool
#define relation_set_new_filelocator relation_set_new_filenode
#define rd_newRelfilelocatorSubid rd_newRelfilenodeSubid
#define rd_firstRelfilelocatorSubid rd_firstRelfilenodeSubid
#else
#define focus_rel_locator(rel) ((rel)->rd_locator)
#endif

/* 16 says which kind of indexes need new entries, and where an update went */
#if PG16_GE
#define FOCUS_UPDATE_ALL_INDEXES TU_All
#define focus_count_update(rel) pgstat_count_heap_update(rel, false, false)
#else
#define FOCUS_UPDATE_ALL_INDEXES true
#define focus_count_update(rel) pgstat_count_heap_update(rel, false)
#endif

/*
 * 18 has an entry for groups in the range table, which does not count where
 * EXPLAIN decides on names of tables, can log that a lock was not to be had, and
 * has kinds of comparison, which are btree's strategies.
 */
#if PG18_GE
#define focus_explain_relations(es) ((es)->rtable_size)
#define FocusOrder CompareType
#define focus_conditional_wait(xid) ConditionalXactLockTableWait(xid, false)
#else
#define focus_explain_relations(es) list_length((es)->rtable)
#define FocusOrder int16
#define focus_conditional_wait(xid) ConditionalXactLockTableWait(xid)
#endif

/* 15 brought options to tuplesorts, 16 a choice to copy */
#include "catalog/pg_operator_d.h"
#include "catalog/pg_type_d.h"
#include "utils/tuplesort.h"
#define focus_tuplesort_tids(memory) \
	tuplesort_begin_datum(INT8OID, Int8LessOperator, InvalidOid, false, memory, NULL, TUPLESORT_NONE)
#define focus_tuplesort_begin_cluster(desc, index, memory) \
	tuplesort_begin_cluster(desc, index, memory, NULL, TUPLESORT_NONE)
#if PG16_GE
#define focus_tuplesort_getdatum(sort, value, isnull) \
	tuplesort_getdatum(sort, true, false, value, isnull, NULL)
#else
#define focus_tuplesort_getdatum(sort, value, isnull) \
	tuplesort_getdatum(sort, true, value, isnull, NULL)
#endif

/* 16 has one function for owners of all kinds of objects */
#include "utils/acl.h"
#if PG16_GE
#define focus_owns_relation(relid) object_ownercheck(RelationRelationId, relid, GetUserId())
#else
#define focus_owns_relation(relid) pg_class_ownercheck(relid, GetUserId())
#endif

/* 18 tells a table's vacuum_truncate that is not set, and has a setting for it */
#if PG18_GE
#define focus_wants_truncate(rel) \
	((rel)->rd_options != NULL && ((StdRdOptions *) (rel)->rd_options)->vacuum_truncate_set ? \
	 ((StdRdOptions *) (rel)->rd_options)->vacuum_truncate : vacuum_truncate)
#else
#define focus_wants_truncate(rel) \
	((rel)->rd_options == NULL || ((StdRdOptions *) (rel)->rd_options)->vacuum_truncate)
#endif

/* 18 counts what a scan of an index does */
#include "access/genam.h"
#if PG18_GE
#define focus_index_beginscan(rel, index, snapshot, nkeys) \
	index_beginscan(rel, index, snapshot, NULL, nkeys, 0)
#else
#define focus_index_beginscan(rel, index, snapshot, nkeys) \
	index_beginscan(rel, index, snapshot, nkeys, 0)
#endif

/* 16 wants to know the table of an index that is vacuumed */
#if PG16_GE
#define focus_set_heaprel(info, rel) ((info)->heaprel = (rel))
#else
#define focus_set_heaprel(info, rel) ((void) (rel))
#endif

/* 18 counts all-frozen pages, too */
#if PG18_GE
#define focus_update_relstats(rel, form, tuples) \
	vac_update_relstats(rel, (form)->relpages, tuples, (form)->relallvisible, (form)->relallfrozen, \
						(form)->relhasindex, InvalidTransactionId, InvalidMultiXactId, NULL, NULL, true)
#else
#define focus_update_relstats(rel, form, tuples) \
	vac_update_relstats(rel, (form)->relpages, tuples, (form)->relallvisible, \
						(form)->relhasindex, InvalidTransactionId, InvalidMultiXactId, NULL, NULL, true)
#endif

/* 18 no longer says whether the executor is run once only */
#if PG18_GE
#define FOCUS_EXECUTOR_RUN_ARGS QueryDesc *query, ScanDirection direction, uint64 count
#define FOCUS_EXECUTOR_RUN_PASS query, direction, count
#else
#define FOCUS_EXECUTOR_RUN_ARGS \
	QueryDesc *query, ScanDirection direction, uint64 count, bool execute_once
#define FOCUS_EXECUTOR_RUN_PASS query, direction, count, execute_once
#endif

/* 16 leaves redundant columns out of GROUP BY while planning */
#include "nodes/pathnodes.h"
#if PG16_GE
#define focus_group_clause(root) ((root)->processed_groupClause)
#else
#define focus_group_clause(root) ((root)->parse->groupClause)
#endif

/* 16 takes relations where there were sets of their numbers */
#include "optimizer/appendinfo.h"
#if PG16_GE
#define focus_adjust_appendrel_attrs_multilevel adjust_appendrel_attrs_multilevel
#else
#define focus_adjust_appendrel_attrs_multilevel(root, node, child, parent) \
	adjust_appendrel_attrs_multilevel(root, node, (child)->relids, (parent)->relids)
#endif

/* 18 split EXPLAIN's header */
#if PG18_GE
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif

#endif							/* FOCUS_COMPAT_H */
