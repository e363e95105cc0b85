/*-------------------------------------------------------------------------
 *
 * exec_agg_kind.c
 *	  Which aggregates and keys the node knows, and how it prepares for them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/nbtree.h"
#include "access/sysattr.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "columnar/exec_agg.h"
#include "compat.h"

static bool is_extreme(const Aggref *aggref, bool *is_max, Oid *compare);
static void begin_expr(FocusAggState *state, FocusAggExpr *expr, Expr *source);
static FocusAggCondition *begin_condition(FocusAggState *state, Expr *expr);
static void begin_branches(FocusAggState *state, FocusAggregate *agg, Expr *argument,
						   FocusAggWant want);
static void begin_branch(FocusAggState *state, FocusAggregate *agg, Expr *condition, Expr *value,
						 FocusAggWant want);
static void begin_parts(FocusAggState *state, FocusAggregate *agg, Aggref *aggref);
static void find_functions(FocusAggregate *agg, const Aggref *aggref);
static FocusAggWant begin_sum(FocusAggregate *agg, const Aggref *aggref);
static FocusAggWant want_of_extreme(Oid type);

/*
 * Does the node know the aggregate?  Its arguments and its filter are another
 * question.
 */
bool
focus_agg_kind(const Aggref *aggref, FocusAggKind *kind)
{
	bool		is_max;
	Oid			compare;

	if (aggref->aggorder != NIL || aggref->aggkind != AGGKIND_NORMAL)
		return false;
	if (aggref->aggdistinct != NIL)
	{
		*kind = FOCUS_AGG_DISTINCT;
		return aggref->aggfnoid == F_COUNT_ANY;
	}
	switch (aggref->aggfnoid)
	{
		case F_COUNT_:
		case F_COUNT_ANY:
			*kind = FOCUS_AGG_COUNT;
			return true;
		case F_SUM_NUMERIC:
		case F_AVG_NUMERIC:
		case F_SUM_INT2:
		case F_AVG_INT2:
		case F_SUM_INT4:
		case F_AVG_INT4:
		case F_SUM_INT8:
		case F_AVG_INT8:
			*kind = FOCUS_AGG_SUM;
			return true;
		default:
			*kind = FOCUS_AGG_PARTS;
			if (focus_agg_sums_of(aggref->aggfnoid) != NULL)
				return true;
			*kind = FOCUS_AGG_EXTREME;
			return is_extreme(aggref, &is_max, &compare);
	}
}

/*
 * The functions by which values of a type are told apart; *by_bytes says that
 * equal ones have equal bytes.  False if there are no such functions.
 */
bool
focus_agg_key_functions(Oid type, Oid collation, Oid *equal, Oid *hash, bool *by_bytes)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_EQ_OPR | TYPECACHE_HASH_PROC |
											  TYPECACHE_BTREE_OPFAMILY);
	Oid			equal_image;

	*equal = OidIsValid(entry->eq_opr) ? get_opcode(entry->eq_opr) : InvalidOid;
	*hash = entry->hash_proc;
	equal_image = OidIsValid(entry->btree_opf) && (OidIsValid(collation) || !type_is_collatable(type)) ?
		get_opfamily_proc(entry->btree_opf, entry->btree_opintype, entry->btree_opintype, BTEQUALIMAGE_PROC) :
		InvalidOid;
	*by_bytes = OidIsValid(equal_image) &&
		DatumGetBool(OidFunctionCall1Coll(equal_image, collation, ObjectIdGetDatum(entry->btree_opintype)));
	return OidIsValid(*equal) && OidIsValid(*hash);
}

void
focus_agg_begin_key(FocusAggState *state, FocusAggKey *key, Expr *expr, int output)
{
	Oid			equal;
	Oid			hash;

	key->output = output;
	key->row_group = -1;
	begin_expr(state, &key->expr, expr);
	key->by_bytes = true;
	if (!state->complete)
		return;
	key->collation = exprCollation((Node *) expr);
	if (!focus_agg_key_functions(exprType((Node *) expr), key->collation, &equal, &hash, &key->by_bytes))
		elog(ERROR, "could not find functions for type %u", exprType((Node *) expr));
	fmgr_info(equal, &key->equal);
	fmgr_info(hash, &key->hash);
}

void
focus_agg_begin_aggregate(FocusAggState *state, Aggref *aggref, int output)
{
	FocusAggregate *agg = &state->aggs[state->naggs++];
	FocusAggWant want = FOCUS_WANT_NOTHING;
	Expr	   *argument = NULL;

	if (!focus_agg_kind(aggref, &agg->kind))
		elog(ERROR, "aggregate %u is not known to the node", aggref->aggfnoid);
	agg->output = output;
	if (aggref->aggfilter != NULL)
		agg->filter = begin_condition(state, aggref->aggfilter);
	if (aggref->args != NIL)
		argument = linitial_node(TargetEntry, aggref->args)->expr;

	switch (agg->kind)
	{
		case FOCUS_AGG_COUNT:
			break;
		case FOCUS_AGG_SUM:
			want = begin_sum(agg, aggref);
			break;
		case FOCUS_AGG_EXTREME:
			{
				Oid			compare;

				(void) is_extreme(aggref, &agg->is_max, &compare);
				fmgr_info(compare, &agg->compare);
				agg->keeps_first = aggref->aggfnoid == F_MAX_BPCHAR || aggref->aggfnoid == F_MIN_BPCHAR;
				agg->collation = aggref->inputcollid;
				want = want_of_extreme(exprType((Node *) argument));
				break;
			}
		case FOCUS_AGG_DISTINCT:
			agg->distinct = palloc0(sizeof(FocusAggKey));
			focus_agg_begin_key(state, agg->distinct, argument, -1);
			return;
		case FOCUS_AGG_PARTS:
			begin_parts(state, agg, aggref);
			return;
	}
	if (argument != NULL)
		begin_branches(state, agg, argument, want);
}

/*
 * min and max have a sort operator, whose order says what the extreme value is.
 */
static bool
is_extreme(const Aggref *aggref, bool *is_max, Oid *compare)
{
	HeapTuple	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggref->aggfnoid));
	Form_pg_aggregate form;
	bool		result = false;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for aggregate %u", aggref->aggfnoid);
	form = (Form_pg_aggregate) GETSTRUCT(tuple);
	if (OidIsValid(form->aggsortop) && !OidIsValid(form->aggfinalfn) && OidIsValid(form->aggcombinefn) &&
		aggref->aggfnoid < FirstNormalObjectId && list_length(aggref->args) == 1 &&
		aggref->aggtranstype == exprType((Node *) linitial_node(TargetEntry, aggref->args)->expr))
	{
		Oid			family;
		Oid			type;
		FocusOrder	strategy;

		result = get_ordering_op_properties(form->aggsortop, &family, &type, &strategy);
		*is_max = strategy == BTGreaterStrategyNumber;
		*compare = result ? get_opfamily_proc(family, type, type, BTORDER_PROC) : InvalidOid;
		result = OidIsValid(*compare);
	}
	ReleaseSysCache(tuple);
	return result;
}

static FocusAggWant
want_of_extreme(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case DATEOID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return FOCUS_WANT_INTEGER;
		case NUMERICOID:
			return FOCUS_WANT_DECIMAL;
		default:
			return FOCUS_WANT_DATUM;
	}
}

static void
begin_expr(FocusAggState *state, FocusAggExpr *expr, Expr *source)
{
	Bitmapset  *attnos = NULL;
	Expr	   *inner = source;
	int			member = -1;

	pull_varattnos((Node *) source, ((Scan *) state->scan.css.ss.ps.plan)->scanrelid, &attnos);
	expr->columns = palloc(mul_size(Max(bms_num_members(attnos), 1), sizeof(int)));
	while ((member = bms_next_member(attnos, member)) >= 0)
		expr->columns[expr->ncolumns++] = member + FirstLowInvalidHeapAttributeNumber - 1;
	while (IsA(inner, RelabelType))
		inner = ((RelabelType *) inner)->arg;
	expr->is_column = IsA(inner, Var);
	get_typlenbyval(exprType((Node *) source), &expr->typlen, &expr->typbyval);
	expr->state = ExecInitExpr(source, &state->scan.css.ss.ps);
}

static FocusAggCondition *
begin_condition(FocusAggState *state, Expr *expr)
{
	FocusAggCondition *condition = palloc0(sizeof(FocusAggCondition));
	ScanState  *ss = &state->scan.css.ss;
	List	   *quals = make_ands_implicit(expr);
	List	   *levels = NIL;
	List	   *rest;
	int			i;

	/* What it is applied to has passed all quals. */
	for (i = 0; i < list_length(quals); i++)
		levels = lappend_int(levels, 0);
	condition->row_group = -1;
	condition->all = ExecInitQual(quals, &ss->ps);
	condition->filter = focus_filter_create(ss, quals, levels, &rest);
	if (rest != NIL)
	{
		begin_expr(state, &condition->rest, make_ands_explicit(rest));
		condition->rest.state = ExecInitQual(rest, &ss->ps);
	}
	return condition;
}

/*
 * A CASE over several columns is taken apart, so that its conditions can be
 * applied to vectors and its results need not be evaluated.  Then values do not
 * come in the order of rows, which matters where one of equal ones is returned.
 */
static void
begin_branches(FocusAggState *state, FocusAggregate *agg, Expr *argument, FocusAggWant want)
{
	CaseExpr   *expr = (CaseExpr *) argument;
	Bitmapset  *attnos = NULL;
	ListCell   *cell;

	pull_varattnos((Node *) argument, ((Scan *) state->scan.css.ss.ps.plan)->scanrelid, &attnos);
	if (!IsA(argument, CaseExpr) || expr->arg != NULL || bms_num_members(attnos) < 2 ||
		(agg->kind == FOCUS_AGG_EXTREME && want != FOCUS_WANT_INTEGER))
	{
		agg->branches = palloc0(sizeof(FocusAggBranch));
		begin_branch(state, agg, NULL, argument, want);
		return;
	}
	agg->branches = palloc0(mul_size(list_length(expr->args) + 1, sizeof(FocusAggBranch)));
	foreach(cell, expr->args)
	{
		CaseWhen   *when = lfirst_node(CaseWhen, cell);

		begin_branch(state, agg, when->expr, when->result, want);
	}
	begin_branch(state, agg, NULL, expr->defresult, want);
}

static void
begin_branch(FocusAggState *state, FocusAggregate *agg, Expr *condition, Expr *value,
			 FocusAggWant want)
{
	FocusAggBranch *branch = &agg->branches[agg->nbranches++];

	if (condition != NULL)
		branch->condition = begin_condition(state, condition);
	begin_expr(state, &branch->value.expr, value);
	branch->value.want = want;
	branch->value.is_summed = agg->kind == FOCUS_AGG_SUM;
	branch->value.row_group = -1;
	branch->value.context = AllocSetContextCreate(CurrentMemoryContext, "focus aggregate values",
												  ALLOCSET_SMALL_SIZES);
}

/*
 * Labels are told apart by their bytes, whatever their collation.
 */
static void
begin_parts(FocusAggState *state, FocusAggregate *agg, Aggref *aggref)
{
	int			i;

	agg->sums = focus_agg_sums_of(aggref->aggfnoid);
	find_functions(agg, aggref);
	agg->branches = palloc0(mul_size(agg->sums->nsums, sizeof(FocusAggBranch)));
	for (i = 0; i < agg->sums->nsums; i++)
		begin_branch(state, agg, NULL, list_nth_node(TargetEntry, aggref->args, i)->expr, FOCUS_WANT_DECIMAL);
	if (agg->sums->label_of < 0)
		return;
	agg->label = palloc0(sizeof(FocusAggKey));
	focus_agg_begin_key(state, agg->label, list_nth_node(TargetEntry, aggref->args, i)->expr, -1);
	agg->label->by_bytes = true;
}

/*
 * The functions of an aggregate whose state is internal
 */
static void
find_functions(FocusAggregate *agg, const Aggref *aggref)
{
	HeapTuple	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggref->aggfnoid));
	Form_pg_aggregate form;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for aggregate %u", aggref->aggfnoid);
	form = (Form_pg_aggregate) GETSTRUCT(tuple);
	if (form->aggtranstype == INTERNALOID)
	{
		fmgr_info(form->aggtransfn, &agg->transfn);
		fmgr_info(form->aggcombinefn, &agg->combinefn);
		fmgr_info(form->aggserialfn, &agg->serialfn);
		fmgr_info(form->aggdeserialfn, &agg->deserialfn);
		fmgr_info(form->aggfinalfn, &agg->finalfn);
	}
	ReleaseSysCache(tuple);
}

static FocusAggWant
begin_sum(FocusAggregate *agg, const Aggref *aggref)
{
	find_functions(agg, aggref);
	switch (aggref->aggfnoid)
	{
		case F_SUM_NUMERIC:
		case F_AVG_NUMERIC:
			agg->form = FOCUS_SUM_NUMERIC;
			break;
		case F_SUM_INT8:
		case F_AVG_INT8:
			agg->form = FOCUS_SUM_INT8;
			break;
		default:
			agg->form = FOCUS_SUM_INT4;
			break;
	}
	agg->is_average = aggref->aggfnoid == F_AVG_NUMERIC || aggref->aggfnoid == F_AVG_INT8 ||
		aggref->aggfnoid == F_AVG_INT4 || aggref->aggfnoid == F_AVG_INT2;
	return agg->form == FOCUS_SUM_NUMERIC ? FOCUS_WANT_DECIMAL : FOCUS_WANT_INTEGER;
}
