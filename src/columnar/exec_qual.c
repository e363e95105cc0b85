/*-------------------------------------------------------------------------
 *
 * exec_qual.c
 *	  Which quals of a scan can be applied to vectors, and how.
 *
 * A user must not notice that quals are applied to vectors.  Row by row, a
 * qual is evaluated for the rows that have passed all quals before it, and
 * nobody else's: an error, or what a function with side effects does, is about
 * such rows only.  So are quals applied to vectors: in their order, to those
 * rows of the vector that have passed so far.  A qual that cannot be applied
 * to vectors is applied afterwards, and then so are the ones behind it, except
 * those that can be evaluated for any value without failing and without
 * telling anybody.
 *
 * Functions that are not volatile may be evaluated less often than once per
 * row: that is what dictionaries are good for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/pg_list.h"
#include "nodes/subscripting.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "columnar/exec_filter.h"
#include "compat.h"

/* The qual that is being looked at */
typedef struct Looking
{
	ScanState  *ss;
	Index		relid;			/* in the range table */
	bool		may_skip;
	bool		first;
} Looking;

static FocusQual *make_qual(Looking *looking, Expr *expr);
static FocusQual *make_leaf(Looking *looking, Expr *expr);
static bool find_column(Looking *looking, Expr *expr, int *column);
static void find_test(Looking *looking, FocusQual *leaf, Expr *expr);
static void find_comparison(Looking *looking, FocusQual *leaf, Oid opno, Oid collation, Expr *left,
							Expr *right, bool is_list);
static bool collect_params(Node *node, List **params);
static bool all_safe(const FocusQual *qual);
static void add_columns(const FocusQual *qual, Bitmapset **columns);

FocusFilter *
focus_filter_create(ScanState *ss, List *quals, List *security_levels, List **rest)
{
	FocusFilter *filter = palloc0(sizeof(FocusFilter));
	EState	   *estate = ss->ps.state;
	Looking		looking = {ss, ((Scan *) ss->ps.plan)->scanrelid};
	int			least = PG_INT32_MAX;
	bool		in_order = true;
	ListCell   *cell;
	ListCell   *level;

	filter->ps = &ss->ps;
	filter->econtext = ss->ps.ps_ExprContext;
	filter->desc = RelationGetDescr(ss->ss_currentRelation);
	filter->slot = ExecInitExtraTupleSlot(estate, filter->desc, &TTSOpsVirtual);
	memset(filter->slot->tts_isnull, true, filter->desc->natts * sizeof(bool));
	filter->quals = palloc(mul_size(Max(list_length(quals), 1), sizeof(FocusQual *)));
	filter->constants = AllocSetContextCreate(CurrentMemoryContext, "focus filter constants",
											  ALLOCSET_SMALL_SIZES);
	filter->group = AllocSetContextCreate(CurrentMemoryContext, "focus filter group",
										  ALLOCSET_DEFAULT_SIZES);

	foreach(level, security_levels)
		least = Min(least, lfirst_int(level));

	*rest = NIL;
	forboth(cell, quals, level, security_levels)
	{
		FocusQual  *qual;

		/* What a barrier is there to hide must not be seen in what is skipped. */
		looking.may_skip = lfirst_int(level) == least;
		looking.first = foreach_current_index(cell) == 0;
		qual = make_qual(&looking, lfirst(cell));
		if (qual == NULL)
			in_order = false;
		if (qual != NULL && (in_order || all_safe(qual)))
		{
			filter->quals[filter->nquals++] = qual;
			add_columns(qual, &filter->columns);
		}
		else
			*rest = lappend(*rest, lfirst(cell));
	}
	return filter;
}

/*
 * NULL if the qual cannot be applied to vectors.
 */
static FocusQual *
make_qual(Looking *looking, Expr *expr)
{
	BoolExpr   *clause = (BoolExpr *) expr;
	bool		first = looking->first;
	FocusQual  *qual;
	ListCell   *cell;

	if (!IsA(expr, BoolExpr) || clause->boolop == NOT_EXPR)
		return make_leaf(looking, expr);

	qual = palloc0(sizeof(FocusQual));
	qual->kind = clause->boolop == AND_EXPR ? FOCUS_QUAL_AND : FOCUS_QUAL_OR;
	qual->parts = palloc(mul_size(list_length(clause->args), sizeof(FocusQual *)));
	foreach(cell, clause->args)
	{
		looking->first = first && qual->nparts == 0;
		qual->parts[qual->nparts] = make_qual(looking, lfirst(cell));
		if (qual->parts[qual->nparts++] == NULL)
			return NULL;
	}
	return qual;
}

static FocusQual *
make_leaf(Looking *looking, Expr *expr)
{
	FocusQual  *leaf;
	int			column;

	if (!find_column(looking, expr, &column) || contain_volatile_functions((Node *) expr) ||
		contain_subplans((Node *) expr))
		return NULL;

	leaf = palloc0(sizeof(FocusQual));
	leaf->kind = FOCUS_QUAL_LEAF;
	leaf->column = column;
	leaf->first = looking->first;
	leaf->constant.harmless = true;
	if (column >= 0)
		find_test(looking, leaf, expr);
	leaf->safe = column >= 0 && !contain_leaked_vars((Node *) expr) &&
		(leaf->test != FOCUS_TEST_NONE ? leaf->constant.harmless :
		 !focus_expr_may_fail((Node *) expr, NULL));
	leaf->may_skip = looking->may_skip || leaf->safe;
	leaf->state = ExecInitQual(list_make1(expr), &looking->ss->ps);
	return leaf;
}

/*
 * The only column in an expression, -1 if there is none.  False if there are
 * more, or others than those of the user.
 */
static bool
find_column(Looking *looking, Expr *expr, int *column)
{
	Bitmapset  *attnos = NULL;
	int			attno;

	pull_varattnos((Node *) expr, looking->relid, &attnos);
	*column = -1;
	if (bms_is_empty(attnos))
		return true;
	if (!bms_get_singleton_member(attnos, &attno))
		return false;
	attno += FirstLowInvalidHeapAttributeNumber;
	*column = attno - 1;
	return attno > 0;
}

static void
find_test(Looking *looking, FocusQual *leaf, Expr *expr)
{
	if (IsA(expr, NullTest))
	{
		NullTest   *test = (NullTest *) expr;

		if (IsA(test->arg, Var) && !test->argisrow)
			leaf->test = test->nulltesttype == IS_NULL ? FOCUS_TEST_NULL : FOCUS_TEST_NOT_NULL;
	}
	else if (IsA(expr, OpExpr) && list_length(((OpExpr *) expr)->args) == 2)
	{
		OpExpr	   *op = (OpExpr *) expr;

		find_comparison(looking, leaf, op->opno, op->inputcollid, linitial(op->args),
						lsecond(op->args), false);
	}
	else if (IsA(expr, ScalarArrayOpExpr) && ((ScalarArrayOpExpr *) expr)->useOr)
	{
		ScalarArrayOpExpr *op = (ScalarArrayOpExpr *) expr;

		find_comparison(looking, leaf, op->opno, op->inputcollid, linitial(op->args),
						lsecond(op->args), true);
	}
}

static Expr *
strip_relabel(Expr *expr)
{
	while (IsA(expr, RelabelType))
		expr = ((RelabelType *) expr)->arg;
	return expr;
}

/*
 * Types whose values compare as the numbers that they are stored as; the
 * result is the same for types that can be compared with each other.
 */
static Oid
class_of_numbers(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return INT8OID;
		case DATEOID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case NUMERICOID:
			return type;
		default:
			return InvalidOid;
	}
}

/*
 * Equality of bytes?
 */
static bool
compares_bytes(Oid opno, Oid collation)
{
	switch (get_opcode(opno))
	{
		case F_BYTEAEQ:
		case F_UUID_EQ:
			return true;
		case F_TEXTEQ:
			return OidIsValid(collation) && get_collation_isdeterministic(collation);
		default:
			return false;
	}
}

static bool
compares_numbers(Oid opno, FocusComparison *comparison)
{
	Oid			left;
	Oid			right;
	TypeCacheEntry *type;
	int			strategy;

	op_input_types(opno, &left, &right);
	if (!OidIsValid(class_of_numbers(left)) || class_of_numbers(left) != class_of_numbers(right))
		return false;
	type = lookup_type_cache(left, TYPECACHE_BTREE_OPFAMILY);
	strategy = get_op_opfamily_strategy(opno, type->btree_opf);
	if (strategy == InvalidStrategy)
	{
		Oid			negator = get_negator(opno);

		if (!OidIsValid(negator) ||
			get_op_opfamily_strategy(negator, type->btree_opf) != BTEqualStrategyNumber)
			return false;
		*comparison = FOCUS_NOT_EQUAL;
		return true;
	}

	StaticAssertStmt(FOCUS_LESS + 1 == BTLessStrategyNumber &&
					 FOCUS_GREATER + 1 == BTGreaterStrategyNumber,
					 "comparisons are not in the order of strategies");
	*comparison = (FocusComparison) (strategy - 1);
	return true;
}

/*
 * A column compared with what is no column?
 */
static void
find_comparison(Looking *looking, FocusQual *leaf, Oid opno, Oid collation, Expr *left,
				Expr *right, bool is_list)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(looking->ss->ss_currentRelation),
										  leaf->column);
	FocusConstant *constant = &leaf->constant;
	Oid			type;

	if (!IsA(strip_relabel(left), Var))
	{
		Expr	   *other = left;

		opno = is_list ? InvalidOid : get_commutator(opno);
		if (!OidIsValid(opno) || !IsA(strip_relabel(right), Var))
			return;
		left = right;
		right = other;
	}

	/* The column is on the left, so this is about the other side. */
	if (contain_var_clause((Node *) right))
		return;

	if (compares_numbers(opno, &leaf->comparison))
	{
		if (is_list && leaf->comparison != FOCUS_EQUAL)
			return;
		op_input_types(opno, &type, &constant->type);
		if (type == NUMERICOID ? att->attlen != -1 : att->attlen != get_typlen(type))
			return;
		leaf->test = FOCUS_TEST_NUMBERS;
	}
	else if (compares_bytes(opno, collation))
	{
		op_input_types(opno, &type, &constant->type);
		leaf->test = FOCUS_TEST_BYTES;
	}
	else
		return;

	constant->is_list = is_list;
	constant->state = ExecInitExpr(right, &looking->ss->ps);
	constant->harmless = !focus_expr_may_fail((Node *) right, NULL);
	(void) collect_params((Node *) right, &constant->params);
}

static bool
leaks(Oid function, void *context)
{
	return !get_func_leakproof(function);
}

/*
 * What CASE compares with is the whole's, so it cannot be told here.
 */
static bool
may_fail(Node *node, void *function_may_fail)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Const:
		case T_Param:
		case T_Var:
		case T_RelabelType:
		case T_CollateExpr:
		case T_SQLValueFunction:
		case T_FuncExpr:
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
		case T_ScalarArrayOpExpr:
		case T_ArrayExpr:
		case T_BoolExpr:
		case T_NullTest:
		case T_BooleanTest:
		case T_CoalesceExpr:
		case T_CaseExpr:
		case T_CaseWhen:
		case T_List:
		case T_TargetEntry:
			break;
		case T_SubscriptingRef:
			{
				const SubscriptRoutines *routines =
					getSubscriptingRoutines(((SubscriptingRef *) node)->refcontainertype, NULL);

				if (((SubscriptingRef *) node)->refassgnexpr != NULL || !routines->fetch_leakproof)
					return true;
				break;
			}
		default:
			return true;
	}
	if (check_functions_in_node(node, *(check_function_callback *) function_may_fail, NULL))
		return true;
	return expression_tree_walker(node, may_fail, function_may_fail);
}

bool
focus_expr_may_fail(Node *node, check_function_callback function_may_fail)
{
	if (function_may_fail == NULL)
		function_may_fail = leaks;
	return may_fail(node, &function_may_fail);
}

static bool
collect_params(Node *node, List **params)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
		*params = list_append_unique_int(*params, ((Param *) node)->paramid);
	return expression_tree_walker(node, collect_params, params);
}

static bool
all_safe(const FocusQual *qual)
{
	int			i;

	if (qual->kind == FOCUS_QUAL_LEAF)
		return qual->safe;
	for (i = 0; i < qual->nparts; i++)
		if (!all_safe(qual->parts[i]))
			return false;
	return true;
}

static void
add_columns(const FocusQual *qual, Bitmapset **columns)
{
	int			i;

	if (qual->kind == FOCUS_QUAL_LEAF && qual->column >= 0)
		*columns = bms_add_member(*columns, qual->column);
	for (i = 0; i < qual->nparts; i++)
		add_columns(qual->parts[i], columns);
}
