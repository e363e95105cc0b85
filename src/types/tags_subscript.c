/*-------------------------------------------------------------------------
 *
 * tags_subscript.c
 *	  Data type focus_tags: tags['key'] in expressions and assignments.
 *
 * One text subscript, no slice; the element type is text.  Reading gives NULL
 * for a key that is absent and for a JSON null.  Assigning a text stores a
 * string, assigning NULL stores a JSON null; a map that is NULL becomes one
 * with the assigned key only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/execExpr.h"
#include "nodes/nodeFuncs.h"
#include "nodes/subscripting.h"
#include "parser/parse_coerce.h"
#include "parser/parse_expr.h"
#include "utils/builtins.h"

#include "compat.h"
#include "types/tags.h"

static void transform_subscript(SubscriptingRef *reference, List *indirection,
								ParseState *pstate, bool is_slice, bool is_assignment);
static void setup_subscript(const SubscriptingRef *reference, SubscriptingRefState *state,
							SubscriptExecSteps *steps);
static void fetch_subscript(ExprState *state, ExprEvalStep *op, ExprContext *econtext);
static void fetch_old_subscript(ExprState *state, ExprEvalStep *op, ExprContext *econtext);
static void assign_subscript(ExprState *state, ExprEvalStep *op, ExprContext *econtext);
static void fetch_element(ExprEvalStep *op, Datum *value, bool *is_null);

PG_FUNCTION_INFO_V1(focus_tags_subscript);

Datum
focus_tags_subscript(PG_FUNCTION_ARGS)
{
	static const SubscriptRoutines routines = {
		.transform = transform_subscript,
		.exec_setup = setup_subscript,
		.fetch_strict = true,
		.fetch_leakproof = true,	/* fails only on damaged data */
		.store_leakproof = false	/* the result can be too large */
	};

	PG_RETURN_POINTER(&routines);
}

static void
transform_subscript(SubscriptingRef *reference, List *indirection, ParseState *pstate,
					bool is_slice, bool is_assignment)
{
	A_Indices  *indices = linitial_node(A_Indices, indirection);
	Node	   *key;
	Node	   *coerced;

	if (is_slice)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("type focus_tags does not support slices"),
				 parser_errposition(pstate, exprLocation(indices->uidx))));
	if (list_length(indirection) != 1)
	{
		indices = lsecond_node(A_Indices, indirection);
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("type focus_tags allows only one subscript"),
				 errdetail("The values of a focus_tags are not nested."),
				 parser_errposition(pstate, exprLocation(indices->uidx))));
	}

	key = transformExpr(pstate, indices->uidx, pstate->p_expr_kind);
	coerced = coerce_to_target_type(pstate, key, exprType(key), TEXTOID, -1,
									COERCION_IMPLICIT, COERCE_IMPLICIT_CAST, -1);
	if (coerced == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("subscript of type focus_tags must have type text"),
				 parser_errposition(pstate, exprLocation(key))));

	reference->refupperindexpr = list_make1(coerced);
	reference->reflowerindexpr = NIL;
	reference->refrestype = TEXTOID;
	reference->reftypmod = -1;
}

static void
setup_subscript(const SubscriptingRef *reference, SubscriptingRefState *state,
				SubscriptExecSteps *steps)
{
	steps->sbs_check_subscripts = NULL;
	steps->sbs_fetch = fetch_subscript;
	steps->sbs_assign = assign_subscript;
	steps->sbs_fetch_old = fetch_old_subscript;
}

static void
fetch_subscript(ExprState *state, ExprEvalStep *op, ExprContext *econtext)
{
	/* fetch_strict: the executor has dealt with a map that is NULL */
	Assert(!*op->resnull);
	fetch_element(op, op->resvalue, op->resnull);
}

/* The element before an assignment, for an expression that refers to it. */
static void
fetch_old_subscript(ExprState *state, ExprEvalStep *op, ExprContext *econtext)
{
	SubscriptingRefState *subscripts = op->d.sbsref.state;

	if (*op->resnull)
	{
		subscripts->prevvalue = (Datum) 0;
		subscripts->prevnull = true;
	}
	else
		fetch_element(op, &subscripts->prevvalue, &subscripts->prevnull);
}

/* Looks the subscript up in the map that op->resvalue holds. */
static void
fetch_element(ExprEvalStep *op, Datum *value, bool *is_null)
{
	SubscriptingRefState *subscripts = op->d.sbsref.state;
	FocusTagsMap map;
	FocusTagsPair pair;
	text	   *key;
	text	   *found = NULL;

	if (!subscripts->upperindexnull[0])
	{
		focus_tags_open(&map, PG_DETOAST_DATUM_PACKED(*op->resvalue));
		key = DatumGetTextPP(subscripts->upperindex[0]);
		if (focus_tags_find(&map, VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key), &pair))
			found = focus_tags_value_text(&pair);
	}
	*value = PointerGetDatum(found);
	*is_null = found == NULL;
}

static void
assign_subscript(ExprState *state, ExprEvalStep *op, ExprContext *econtext)
{
	SubscriptingRefState *subscripts = op->d.sbsref.state;
	FocusTagsMap old = {0};
	FocusTagsMap new;
	FocusTagsPair pair = {0};
	text	   *key;
	text	   *value;

	if (subscripts->upperindexnull[0])
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("subscript of type focus_tags in assignment must not be null")));

	key = DatumGetTextPP(subscripts->upperindex[0]);
	pair.key = VARDATA_ANY(key);
	pair.key_length = VARSIZE_ANY_EXHDR(key);
	pair.kind = FOCUS_TAGS_NULL;
	pair.value = "";
	if (!subscripts->replacenull)
	{
		value = DatumGetTextPP(subscripts->replacevalue);
		pair.kind = FOCUS_TAGS_STRING;
		pair.value = VARDATA_ANY(value);
		pair.value_length = VARSIZE_ANY_EXHDR(value);
	}
	if (!*op->resnull)
		focus_tags_open(&old, PG_DETOAST_DATUM_PACKED(*op->resvalue));
	focus_tags_open(&new, focus_tags_from_pairs(&pair, 1));
	*op->resvalue = PointerGetDatum(focus_tags_merge(&old, &new));
	*op->resnull = false;
}
