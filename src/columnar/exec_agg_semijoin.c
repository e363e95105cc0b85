/*-------------------------------------------------------------------------
 *
 * exec_agg_semijoin.c
 *	  Aggregation of the rows that another plan has values for.
 *
 * WHERE column IN (SELECT ...) is a join to the planner.  If the other side of
 * it is only there to say which rows are wanted, and is small, the node runs it
 * first, and filters by "column = ANY (its values)", which dictionaries and
 * bounds can be asked about.  The values are in an executor parameter, for which
 * the planner reserves a number.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/subselect.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "columnar/exec_agg.h"
#include "compat.h"

/* Values that are expected, and taken, at most */
#define VALUES_MAX		1000

static bool match_path(PlannerInfo *root, RelOptInfo *rel, Path *path, FocusSemijoin *semijoin);
static bool match_clause(PlannerInfo *root, RelOptInfo *rel, const RestrictInfo *info,
						 FocusSemijoin *semijoin);

/*
 * Is a join relation one of a table, rel, with something that only says which
 * rows are wanted?
 */
bool
focus_semijoin_find(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *rel, FocusSemijoin *semijoin)
{
	ListCell   *cell;

	foreach(cell, joinrel->pathlist)
	{
		Path	   *path = lfirst(cell);

		while (IsA(path, ProjectionPath))
			path = ((ProjectionPath *) path)->subpath;
		if (match_path(root, rel, path, semijoin))
			return true;
	}
	return false;
}

/*
 * One value at most of the inner side goes with each row.
 */
static bool
match_path(PlannerInfo *root, RelOptInfo *rel, Path *path, FocusSemijoin *semijoin)
{
	JoinPath   *join = (JoinPath *) path;

	if (!IsA(path, HashPath) && !IsA(path, NestPath) && !IsA(path, MergePath))
		return false;
	if ((join->jointype != JOIN_SEMI && !(join->jointype == JOIN_INNER && join->inner_unique)) ||
		join->outerjoinpath->parent != rel || list_length(join->joinrestrictinfo) != 1)
		return false;
	semijoin->inner = join->innerjoinpath->parent->cheapest_total_path;
	return semijoin->inner->param_info == NULL && semijoin->inner->rows <= VALUES_MAX &&
		semijoin->inner->parent->lateral_relids == NULL &&
		match_clause(root, rel, linitial_node(RestrictInfo, join->joinrestrictinfo), semijoin);
}

/*
 * Is it a strict operator, between an expression over the table and a column of
 * the inner side?
 */
static bool
match_clause(PlannerInfo *root, RelOptInfo *rel, const RestrictInfo *info, FocusSemijoin *semijoin)
{
	OpExpr	   *clause = (OpExpr *) info->clause;
	Node	   *inner;
	Oid			opno;
	ListCell   *cell;

	if (!IsA(clause, OpExpr) || list_length(clause->args) != 2 || contain_volatile_functions((Node *) clause) ||
		contain_subplans((Node *) clause))
		return false;
	opno = clause->opno;
	semijoin->outer = linitial(clause->args);
	inner = lsecond(clause->args);
	if (!bms_is_subset(info->left_relids, rel->relids))
	{
		opno = get_commutator(opno);
		semijoin->outer = lsecond(clause->args);
		inner = linitial(clause->args);
	}
	if (!OidIsValid(opno) || !op_strict(opno) || !bms_is_subset(pull_varnos(root, semijoin->outer), rel->relids))
		return false;

	semijoin->type = exprType(inner);
	semijoin->opno = opno;
	semijoin->collation = clause->inputcollid;
	semijoin->level = info->security_level;
	while (IsA(inner, RelabelType))
		inner = (Node *) ((RelabelType *) inner)->arg;
	foreach(cell, semijoin->inner->pathtarget->exprs)
	{
		semijoin->position = foreach_current_index(cell);
		if (equal(lfirst(cell), inner))
			return OidIsValid(get_array_type(semijoin->type));
	}
	return false;
}

/*
 * The condition for the filter, given what the planner has left of it.
 */
Expr *
focus_semijoin_condition(Expr *outer, List *oids, int paramid)
{
	ScalarArrayOpExpr *result = makeNode(ScalarArrayOpExpr);
	Param	   *param = makeNode(Param);

	param->paramkind = PARAM_EXEC;
	param->paramid = paramid;
	param->paramtype = get_array_type(lthird_oid(oids));
	param->paramtypmod = -1;
	param->paramcollid = lsecond_oid(oids);
	param->location = -1;

	result->opno = linitial_oid(oids);
	result->opfuncid = get_opcode(result->opno);
	result->useOr = true;
	result->inputcollid = lsecond_oid(oids);
	result->args = list_make2(outer, param);
	result->location = -1;
	return (Expr *) result;
}

/*
 * Runs the inner plan and sets the parameter to its values.  NULL goes with no
 * row.  False if there are too many.  The values are the node's: what the parameter has held may be that of
 * another executor, which this one rechecks a row for.
 */
bool
focus_semijoin_run(FocusAggState *state)
{
	ExprContext *econtext = state->scan.css.ss.ps.ps_ExprContext;
	ParamExecData *param = &econtext->ecxt_param_exec_vals[state->param];
	ArrayBuildState *values;

	MemoryContextReset(state->inner_context);
	values = initArrayResult(state->value_type, state->inner_context, false);
	for (;;)
	{
		TupleTableSlot *slot = ExecProcNode(state->inner);
		Datum		value;
		bool		isnull;

		if (TupIsNull(slot))
			break;
		value = slot_getattr(slot, state->position + 1, &isnull);
		if (isnull)
			continue;
		if (values->nelems == VALUES_MAX)
			return false;
		values = accumArrayResult(values, value, false, state->value_type, state->inner_context);
	}
	param->execPlan = NULL;
	param->isnull = false;
	param->value = makeArrayResult(values, state->inner_context);
	state->inner_is_done = true;
	return true;
}
