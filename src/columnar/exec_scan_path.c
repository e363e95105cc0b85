/*-------------------------------------------------------------------------
 *
 * exec_scan_path.c
 *	  Plans with the scan node.
 *
 * The scan takes the place of sequential scans of our tables, which return the
 * same rows and do strictly more for them.  Everything else that the planner
 * has found, scans of indexes above all, is compared with it by cost.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/table.h"
#include "catalog/pg_class.h"
#include "nodes/extensible.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "utils/rel.h"
#include "access/sysattr.h"
#include "utils/snapmgr.h"

#include "columnar/delta.h"
#include "columnar/exec_scan.h"
#include "compat.h"
#include "guc.h"

/*
 * Work of a vector's row, in units of cpu_operator_cost: to apply a qual, and
 * to make a datum
 */
#define VECTOR_QUAL_COST	0.05
#define DATUM_COST			0.2

/* Rows that are as much work for a worker as a page of heap */
#define ROWS_OF_PAGE		64

static set_rel_pathlist_hook_type next_hook = NULL;

static void add_paths(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte);
static void cost_path(PlannerInfo *root, CustomPath *path, const FocusScanEstimate *estimate);
static List *without_seq_scans(List *paths);
static Plan *plan_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist,
					   List *clauses, List *custom_plans);

static const CustomPathMethods path_methods = {
	.CustomName = FOCUS_SCAN_NAME,
	.PlanCustomPath = plan_path,
};

/*
 * To be called once per backend, when the library is loaded.
 */
void
focus_exec_scan_init(void)
{
	RegisterCustomScanMethods(&focus_scan_methods);
	next_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = add_paths;
}

static void
add_paths(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	FocusScanEstimate known;
	CustomPath *path;

	if (next_hook)
		next_hook(root, rel, rti, rte);
	if (!focus_enable_scan || !focus_scan_is_candidate(rel, rte))
		return;

	focus_scan_estimate(root, rel, rte, rel->reltarget->exprs, &known);
	path = focus_scan_make_path(root, rel, rel->reltarget, &known, 0);
	rel->pathlist = without_seq_scans(rel->pathlist);
	add_path(rel, &path->path);

	if (rel->consider_parallel && rel->lateral_relids == NULL)
	{
		int			workers = focus_scan_workers(rel);

		rel->partial_pathlist = without_seq_scans(rel->partial_pathlist);
		if (workers > 0)
			add_partial_path(rel, &focus_scan_make_path(root, rel, rel->reltarget, &known, workers)->path);
	}
}

static bool
is_current_of(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return IsA(node, CurrentOfExpr) || expression_tree_walker(node, is_current_of, context);
}

/*
 * Is it a table of ours, scanned as a whole?  Of other tables we cost one look
 * into the cache of relations.
 */
bool
focus_scan_is_candidate(RelOptInfo *rel, RangeTblEntry *rte)
{
	Relation	relation;
	bool		result;
	ListCell   *cell;

	if (rte->rtekind != RTE_RELATION || rte->inh || rte->tablesample != NULL ||
		(rte->relkind != RELKIND_RELATION && rte->relkind != RELKIND_MATVIEW) || IS_DUMMY_REL(rel))
		return false;

	relation = table_open(rte->relid, NoLock);
	result = focus_is_ours(relation);
	table_close(relation, NoLock);
	foreach(cell, rel->baserestrictinfo)
	{
		if (result && is_current_of((Node *) lfirst_node(RestrictInfo, cell)->clause, NULL))
			result = false;
	}
	return result;
}

/*
 * What part of the groups do the columns take?  One group stands for all of
 * them.
 */
static double
part_of_groups(Relation relation, Bitmapset *attnos, double *body_bytes)
{
	FocusStore	store;
	FocusGroup *groups;
	FocusArenaPool *pool;
	FocusGroupReader *reader;
	const FocusBodyHeader *header;
	double		bytes = 0;
	int			count;
	int			i;

	*body_bytes = 0;
	focus_store_open(&store, relation, AccessShareLock);
	groups = focus_store_groups(&store, SnapshotSelf, &count);
	for (i = 0; i < count; i++)
		*body_bytes += groups[i].body_size;
	if (count > 0)
	{
		pool = focus_arena_pool_create(CurrentMemoryContext);
		reader = focus_group_reader_create(&store, &groups[count - 1], pool);
		header = focus_group_reader_header(reader);
		for (i = 0; i < header->ncolumns; i++)
			if (bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber, attnos))
				bytes += header->columns[i].length;
		bytes = (bytes + groups[count - 1].header_size) / Max(groups[count - 1].body_size, 1);
		focus_arena_pool_delete(pool);
	}
	focus_store_close(&store);
	return Min(bytes, 1.0);
}

/*
 * exprs is what is wanted of rows.
 */
void
focus_scan_estimate(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte, List *exprs,
					FocusScanEstimate *result)
{
	Relation	relation = table_open(rte->relid, NoLock);
	Bitmapset  *attnos = NULL;
	double		body_bytes;
	double		part;
	double		group_pages;
	int			attno;
	ListCell   *cell;

	pull_varattnos((Node *) exprs, rel->relid, &attnos);
	result->outputs = bms_num_members(attnos);
	foreach(cell, rel->baserestrictinfo)
		pull_varattnos((Node *) lfirst_node(RestrictInfo, cell)->clause, rel->relid, &attnos);
	if (bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, attnos))
	{
		result->outputs = RelationGetDescr(relation)->natts;
		for (attno = 1; attno <= result->outputs; attno++)
			attnos = bms_add_member(attnos, attno - FirstLowInvalidHeapAttributeNumber);
	}

	part = part_of_groups(relation, attnos, &body_bytes);
	group_pages = Min(ceil(body_bytes / BLCKSZ), rel->pages);
	result->pages = rel->pages - group_pages + ceil(group_pages * part);
	table_close(relation, NoLock);
}

/*
 * Processes beside this one that are worth it; up to the planner's limits.
 */
int
focus_scan_workers(RelOptInfo *rel)
{
	return compute_parallel_worker(rel, Max(rel->pages, rel->tuples / ROWS_OF_PAGE), -1,
								   max_parallel_workers_per_gather);
}

/*
 * Has EXPLAIN tell why rows of a table are returned one by one rather than
 * aggregated by vectors.
 */
void
focus_scan_explain_why(RelOptInfo *rel, const char *reason)
{
	List	   *paths = list_concat_copy(rel->pathlist, rel->partial_pathlist);
	ListCell   *cell;

	foreach(cell, paths)
	{
		Path	   *path = lfirst(cell);

		while (IsA(path, ProjectionPath))
			path = ((ProjectionPath *) path)->subpath;
		if (IsA(path, CustomPath) && ((CustomPath *) path)->methods == &path_methods)
			((CustomPath *) path)->custom_private = list_make1(makeString(pstrdup(reason)));
	}
}

CustomPath *
focus_scan_make_path(PlannerInfo *root, RelOptInfo *rel, PathTarget *target,
					 const FocusScanEstimate *estimate, int workers)
{
	CustomPath *path = makeNode(CustomPath);

	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = target;
	path->path.param_info = get_baserel_parampathinfo(root, rel, rel->lateral_relids);
	path->path.parallel_aware = workers > 0;
	path->path.parallel_safe = rel->consider_parallel;
	path->path.parallel_workers = workers;
	path->flags = CUSTOMPATH_SUPPORT_BACKWARD_SCAN | CUSTOMPATH_SUPPORT_PROJECTION;
	path->methods = &path_methods;
	cost_path(root, path, estimate);
	return path;
}

/*
 * Each qual is applied to what the ones before it have left over.  As the
 * planner does, assume that all of them together leave path->rows.
 */
static void
cost_path(PlannerInfo *root, CustomPath *path, const FocusScanEstimate *estimate)
{
	RelOptInfo *rel = path->path.parent;
	ParamPathInfo *param_info = path->path.param_info;
	double		rows = param_info ? param_info->ppi_rows : rel->rows;
	double		divisor = 1;
	int			nquals = list_length(rel->baserestrictinfo);
	QualCost	quals = rel->baserestrictcost;
	Cost		startup;
	Cost		cpu;

	if (param_info)
	{
		QualCost	more;

		cost_qual_eval(&more, param_info->ppi_clauses, root);
		quals.startup += more.startup;
		quals.per_tuple += more.per_tuple;
		nquals += list_length(param_info->ppi_clauses);
	}
	startup = quals.startup + path->path.pathtarget->cost.startup;

	/* Of a qual's own cost little is left where there are dictionaries. */
	cpu = rel->tuples * (VECTOR_QUAL_COST * nquals * cpu_operator_cost + quals.per_tuple * VECTOR_QUAL_COST);
	cpu += rows * (cpu_tuple_cost + DATUM_COST * cpu_operator_cost * estimate->outputs);
	cpu += rows * path->path.pathtarget->cost.per_tuple;

	if (path->path.parallel_workers > 0)
	{
		divisor = path->path.parallel_workers;
		if (parallel_leader_participation)
			divisor += Max(1.0 - 0.3 * path->path.parallel_workers, 0);
		cpu /= divisor;
		rows = clamp_row_est(rows / divisor);
	}

	path->path.rows = rows;
#if PG18_GE
	path->path.disabled_nodes = enable_seqscan ? 0 : 1;
#else
	if (!enable_seqscan)
		startup += disable_cost;
#endif
	path->path.startup_cost = startup;
	path->path.total_cost = startup + cpu + seq_page_cost * estimate->pages;
}

static List *
without_seq_scans(List *paths)
{
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, paths)
	{
		if (((Path *) lfirst(cell))->pathtype != T_SeqScan)
			result = lappend(result, lfirst(cell));
	}
	return result;
}

/*
 * The executor decides what to do with the clauses.  What it cannot see in
 * them is how far security barriers allow that.
 */
static Plan *
plan_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses,
		  List *custom_plans)
{
	CustomScan *plan = makeNode(CustomScan);
	List	   *levels = NIL;
	ListCell   *cell;

	foreach(cell, clauses)
	{
		RestrictInfo *info = lfirst_node(RestrictInfo, cell);

		if (!info->pseudoconstant)
			levels = lappend_int(levels, (int) info->security_level);
	}
	plan->scan.scanrelid = rel->relid;
	plan->scan.plan.targetlist = tlist;
	plan->scan.plan.qual = extract_actual_clauses(clauses, false);
	plan->flags = path->flags;
	plan->custom_private = list_make2(levels, path->custom_private != NIL ?
									  linitial(path->custom_private) : makeString(""));
	plan->methods = &focus_scan_methods;
	return &plan->scan.plan;
}
