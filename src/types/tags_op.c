/*-------------------------------------------------------------------------
 *
 * tags_op.c
 *	  Data type focus_tags: operators, functions, btree and hash support.
 *
 * Two values are equal when they have the same keys and each key has the same
 * kind of value with the same text; so the number 1.0 is not the number 1.
 * As a map has one stored form only, that is equality of bytes.  The btree
 * order compares pair by pair in key order: first the key's bytes, then the
 * kind (null, boolean, number, string), then the bytes of the value's text; a
 * map that is a prefix of another comes first.  Numbers are not ordered by
 * their magnitude.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "types/tags.h"

/* Columns of focus_tags_each(). */
#define EACH_COLUMNS	3

static int	compare_tags(const struct varlena *left, const struct varlena *right);
static int	compare_maps(const FocusTagsMap *left, const FocusTagsMap *right);
static int	compare_values(const FocusTagsPair *left, const FocusTagsPair *right);
static bool equal_arguments(FunctionCallInfo fcinfo);
static bool contains_map(const FocusTagsMap *whole, const FocusTagsMap *part);
static bool has_key(const FocusTagsMap *map, const text *key);
static void key_elements(ArrayType *array, Datum **keys, bool **nulls, int *count);
static struct varlena *delete_keys(const struct varlena *tags, const FocusTagsPair *keys,
								   uint32 key_count);
static FocusTagsPair *allocate_pairs(uint64 count);
static void pair_from_texts(FocusTagsPair *pair, Datum key, Datum value, bool value_is_null);
static text *kind_name(FocusTagsKind kind);

PG_FUNCTION_INFO_V1(focus_tags_make);
PG_FUNCTION_INFO_V1(focus_tags_get);
PG_FUNCTION_INFO_V1(focus_tags_exists);
PG_FUNCTION_INFO_V1(focus_tags_exists_any);
PG_FUNCTION_INFO_V1(focus_tags_exists_all);
PG_FUNCTION_INFO_V1(focus_tags_contains);
PG_FUNCTION_INFO_V1(focus_tags_contained);
PG_FUNCTION_INFO_V1(focus_tags_concat);
PG_FUNCTION_INFO_V1(focus_tags_delete);
PG_FUNCTION_INFO_V1(focus_tags_delete_array);
PG_FUNCTION_INFO_V1(focus_tags_keys);
PG_FUNCTION_INFO_V1(focus_tags_each);
PG_FUNCTION_INFO_V1(focus_tags_count);
PG_FUNCTION_INFO_V1(focus_tags_eq);
PG_FUNCTION_INFO_V1(focus_tags_ne);
PG_FUNCTION_INFO_V1(focus_tags_lt);
PG_FUNCTION_INFO_V1(focus_tags_le);
PG_FUNCTION_INFO_V1(focus_tags_gt);
PG_FUNCTION_INFO_V1(focus_tags_ge);
PG_FUNCTION_INFO_V1(focus_tags_cmp);
PG_FUNCTION_INFO_V1(focus_tags_hash);
PG_FUNCTION_INFO_V1(focus_tags_hash_extended);

/* focus_tags(keys text[], values text[]): strings, NULL becomes JSON null. */
Datum
focus_tags_make(PG_FUNCTION_ARGS)
{
	Datum	   *keys;
	Datum	   *values;
	bool	   *key_nulls;
	bool	   *value_nulls;
	int			key_count;
	int			value_count;
	FocusTagsPair *pairs;
	int			i;

	key_elements(PG_GETARG_ARRAYTYPE_P(0), &keys, &key_nulls, &key_count);
	key_elements(PG_GETARG_ARRAYTYPE_P(1), &values, &value_nulls, &value_count);
	if (key_count != value_count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("arrays of keys and values must have the same length"),
				 errdetail("There are %d keys and %d values.", key_count, value_count)));
	pairs = allocate_pairs(key_count);
	for (i = 0; i < key_count; i++)
	{
		if (key_nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("key of focus_tags must not be null")));
		pair_from_texts(&pairs[i], keys[i], values[i], value_nulls[i]);
	}
	focus_tags_sort_pairs(pairs, key_count);
	for (i = 1; i < key_count; i++)
	{
		if (focus_tags_compare_keys(pairs[i - 1].key, pairs[i - 1].key_length,
									pairs[i].key, pairs[i].key_length) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("duplicate key \"%s\" in focus_tags",
							focus_tags_show_key(pairs[i].key, pairs[i].key_length))));
	}
	PG_RETURN_POINTER(focus_tags_from_pairs(pairs, key_count));
}

Datum
focus_tags_get(PG_FUNCTION_ARGS)
{
	text	   *key = PG_GETARG_TEXT_PP(1);
	FocusTagsMap map;
	FocusTagsPair pair;
	text	   *value = NULL;

	focus_tags_open(&map, PG_GETARG_TAGS_P(0));
	if (focus_tags_find(&map, VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key), &pair))
		value = focus_tags_value_text(&pair);
	if (value == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(value);
}

Datum
focus_tags_exists(PG_FUNCTION_ARGS)
{
	FocusTagsMap map;

	focus_tags_open(&map, PG_GETARG_TAGS_P(0));
	PG_RETURN_BOOL(has_key(&map, PG_GETARG_TEXT_PP(1)));
}

/* NULL elements are ignored, as jsonb does. */
Datum
focus_tags_exists_any(PG_FUNCTION_ARGS)
{
	FocusTagsMap map;
	Datum	   *keys;
	bool	   *nulls;
	int			count;
	int			i;

	focus_tags_open(&map, PG_GETARG_TAGS_P(0));
	key_elements(PG_GETARG_ARRAYTYPE_P(1), &keys, &nulls, &count);
	for (i = 0; i < count; i++)
	{
		if (!nulls[i] && has_key(&map, DatumGetTextPP(keys[i])))
			PG_RETURN_BOOL(true);
	}
	PG_RETURN_BOOL(false);
}

/* NULL elements are ignored, as jsonb does. */
Datum
focus_tags_exists_all(PG_FUNCTION_ARGS)
{
	FocusTagsMap map;
	Datum	   *keys;
	bool	   *nulls;
	int			count;
	int			i;

	focus_tags_open(&map, PG_GETARG_TAGS_P(0));
	key_elements(PG_GETARG_ARRAYTYPE_P(1), &keys, &nulls, &count);
	for (i = 0; i < count; i++)
	{
		if (!nulls[i] && !has_key(&map, DatumGetTextPP(keys[i])))
			PG_RETURN_BOOL(false);
	}
	PG_RETURN_BOOL(true);
}

Datum
focus_tags_contains(PG_FUNCTION_ARGS)
{
	FocusTagsMap whole;
	FocusTagsMap part;

	focus_tags_open(&whole, PG_GETARG_TAGS_P(0));
	focus_tags_open(&part, PG_GETARG_TAGS_P(1));
	PG_RETURN_BOOL(contains_map(&whole, &part));
}

Datum
focus_tags_contained(PG_FUNCTION_ARGS)
{
	FocusTagsMap part;
	FocusTagsMap whole;

	focus_tags_open(&part, PG_GETARG_TAGS_P(0));
	focus_tags_open(&whole, PG_GETARG_TAGS_P(1));
	PG_RETURN_BOOL(contains_map(&whole, &part));
}

Datum
focus_tags_concat(PG_FUNCTION_ARGS)
{
	FocusTagsMap left;
	FocusTagsMap right;

	focus_tags_open(&left, PG_GETARG_TAGS_P(0));
	focus_tags_open(&right, PG_GETARG_TAGS_P(1));
	PG_RETURN_POINTER(focus_tags_merge(&left, &right));
}

Datum
focus_tags_delete(PG_FUNCTION_ARGS)
{
	text	   *key = PG_GETARG_TEXT_PP(1);
	FocusTagsPair pair = {0};

	pair.key = VARDATA_ANY(key);
	pair.key_length = VARSIZE_ANY_EXHDR(key);
	PG_RETURN_POINTER(delete_keys(PG_GETARG_TAGS_P(0), &pair, 1));
}

/* NULL elements are ignored. */
Datum
focus_tags_delete_array(PG_FUNCTION_ARGS)
{
	Datum	   *keys;
	bool	   *nulls;
	int			count;
	FocusTagsPair *pairs;
	uint32		pair_count = 0;
	int			i;

	key_elements(PG_GETARG_ARRAYTYPE_P(1), &keys, &nulls, &count);
	pairs = allocate_pairs(count);
	for (i = 0; i < count; i++)
	{
		if (!nulls[i])
			pair_from_texts(&pairs[pair_count++], keys[i], (Datum) 0, true);
	}
	focus_tags_sort_pairs(pairs, pair_count);
	PG_RETURN_POINTER(delete_keys(PG_GETARG_TAGS_P(0), pairs, pair_count));
}

/* The keys as text[], in key order. */
Datum
focus_tags_keys(PG_FUNCTION_ARGS)
{
	FocusTagsMap map;
	FocusTagsPair pair;
	Datum	   *keys;
	uint32		i;

	focus_tags_open(&map, PG_GETARG_TAGS_P(0));
	keys = palloc(Max(map.count, 1) * sizeof(Datum));
	for (i = 0; i < map.count; i++)
	{
		focus_tags_pair(&map, i, &pair);
		keys[i] = PointerGetDatum(cstring_to_text_with_len(pair.key, pair.key_length));
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(keys, map.count, TEXTOID, -1, false, TYPALIGN_INT));
}

/* One row (key, value, kind) per pair, in key order. */
Datum
focus_tags_each(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	FocusTagsMap *map;
	FocusTagsPair pair;
	Datum		values[EACH_COLUMNS];
	bool		nulls[EACH_COLUMNS] = {false};
	text	   *value;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old_context;
		TupleDesc	descriptor;

		call = SRF_FIRSTCALL_INIT();
		old_context = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		call->tuple_desc = BlessTupleDesc(descriptor);
		map = palloc(sizeof(FocusTagsMap));
		focus_tags_open(map, (struct varlena *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0)));
		call->user_fctx = map;
		MemoryContextSwitchTo(old_context);
	}
	call = SRF_PERCALL_SETUP();
	map = call->user_fctx;
	if (call->call_cntr >= map->count)
		SRF_RETURN_DONE(call);

	focus_tags_pair(map, call->call_cntr, &pair);
	values[0] = PointerGetDatum(cstring_to_text_with_len(pair.key, pair.key_length));
	value = focus_tags_value_text(&pair);
	values[1] = PointerGetDatum(value);
	nulls[1] = value == NULL;
	values[2] = PointerGetDatum(kind_name(pair.kind));
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}

Datum
focus_tags_count(PG_FUNCTION_ARGS)
{
	FocusTagsMap map;

	focus_tags_open(&map, PG_GETARG_TAGS_P(0));
	PG_RETURN_INT32((int32) map.count);
}

Datum
focus_tags_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(equal_arguments(fcinfo));
}

Datum
focus_tags_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!equal_arguments(fcinfo));
}

Datum
focus_tags_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_tags(PG_GETARG_TAGS_P(0), PG_GETARG_TAGS_P(1)) < 0);
}

Datum
focus_tags_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_tags(PG_GETARG_TAGS_P(0), PG_GETARG_TAGS_P(1)) <= 0);
}

Datum
focus_tags_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_tags(PG_GETARG_TAGS_P(0), PG_GETARG_TAGS_P(1)) > 0);
}

Datum
focus_tags_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_tags(PG_GETARG_TAGS_P(0), PG_GETARG_TAGS_P(1)) >= 0);
}

/* A sort must not leak a detoasted copy per comparison. */
Datum
focus_tags_cmp(PG_FUNCTION_ARGS)
{
	struct varlena *left = PG_GETARG_TAGS_P(0);
	struct varlena *right = PG_GETARG_TAGS_P(1);
	int			order = compare_tags(left, right);

	PG_FREE_IF_COPY(left, 0);
	PG_FREE_IF_COPY(right, 1);
	PG_RETURN_INT32(order);
}

Datum
focus_tags_hash(PG_FUNCTION_ARGS)
{
	struct varlena *tags = PG_GETARG_TAGS_P(0);
	Datum		hash = hash_any((unsigned char *) VARDATA_ANY(tags), VARSIZE_ANY_EXHDR(tags));

	PG_FREE_IF_COPY(tags, 0);
	return hash;
}

Datum
focus_tags_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *tags = PG_GETARG_TAGS_P(0);
	Datum		hash = hash_any_extended((unsigned char *) VARDATA_ANY(tags),
										 VARSIZE_ANY_EXHDR(tags), PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(tags, 0);
	return hash;
}

/* All pairs of both; where both have a key, the right one's value. */
struct varlena *
focus_tags_merge(const FocusTagsMap *left, const FocusTagsMap *right)
{
	FocusTagsPair *pairs = allocate_pairs((uint64) left->count + right->count);
	FocusTagsPair from_left;
	FocusTagsPair from_right;
	uint32		i = 0;
	uint32		j = 0;
	uint32		count = 0;
	struct varlena *merged;

	while (i < left->count || j < right->count)
	{
		int			order;

		if (i < left->count)
			focus_tags_pair(left, i, &from_left);
		if (j < right->count)
			focus_tags_pair(right, j, &from_right);
		if (i == left->count)
			order = 1;
		else if (j == right->count)
			order = -1;
		else
			order = focus_tags_compare_keys(from_left.key, from_left.key_length,
											from_right.key, from_right.key_length);
		pairs[count++] = order < 0 ? from_left : from_right;
		i += order <= 0;
		j += order >= 0;
	}
	merged = focus_tags_from_pairs(pairs, count);
	pfree(pairs);
	return merged;
}

static int
compare_tags(const struct varlena *left, const struct varlena *right)
{
	FocusTagsMap left_map;
	FocusTagsMap right_map;

	focus_tags_open(&left_map, left);
	focus_tags_open(&right_map, right);
	return compare_maps(&left_map, &right_map);
}

static int
compare_maps(const FocusTagsMap *left, const FocusTagsMap *right)
{
	uint32		shorter = Min(left->count, right->count);
	uint32		i;

	for (i = 0; i < shorter; i++)
	{
		FocusTagsPair a;
		FocusTagsPair b;
		int			order;

		focus_tags_pair(left, i, &a);
		focus_tags_pair(right, i, &b);
		order = focus_tags_compare_keys(a.key, a.key_length, b.key, b.key_length);
		if (order == 0)
			order = compare_values(&a, &b);
		if (order != 0)
			return order < 0 ? -1 : 1;
	}
	return (left->count > right->count) - (left->count < right->count);
}

static int
compare_values(const FocusTagsPair *left, const FocusTagsPair *right)
{
	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	return focus_tags_compare_keys(left->value, left->value_length,
								   right->value, right->value_length);
}

/* Both arguments are equal.  Sizes that differ say no without detoasting. */
static bool
equal_arguments(FunctionCallInfo fcinfo)
{
	struct varlena *left;
	struct varlena *right;

	if (toast_raw_datum_size(PG_GETARG_DATUM(0)) != toast_raw_datum_size(PG_GETARG_DATUM(1)))
		return false;
	left = PG_GETARG_TAGS_P(0);
	right = PG_GETARG_TAGS_P(1);
	return memcmp(VARDATA_ANY(left), VARDATA_ANY(right), VARSIZE_ANY_EXHDR(left)) == 0;
}

/* Whether each pair of the part is in the whole. */
static bool
contains_map(const FocusTagsMap *whole, const FocusTagsMap *part)
{
	FocusTagsPair wanted;
	FocusTagsPair found;
	uint32		i;

	if (part->count > whole->count)
		return false;
	for (i = 0; i < part->count; i++)
	{
		focus_tags_pair(part, i, &wanted);
		if (!focus_tags_find(whole, wanted.key, wanted.key_length, &found) ||
			compare_values(&wanted, &found) != 0)
			return false;
	}
	return true;
}

static bool
has_key(const FocusTagsMap *map, const text *key)
{
	FocusTagsPair pair;

	return focus_tags_find(map, VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key), &pair);
}

/* The elements of a text[] of any shape. */
static void
key_elements(ArrayType *array, Datum **keys, bool **nulls, int *count)
{
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, keys, nulls, count);
}

/* The map without some keys, which come in key order and may repeat. */
static struct varlena *
delete_keys(const struct varlena *tags, const FocusTagsPair *keys, uint32 key_count)
{
	FocusTagsMap map;
	FocusTagsPair *pairs;
	uint32		count = 0;
	uint32		i;
	uint32		j = 0;

	focus_tags_open(&map, tags);
	pairs = allocate_pairs(map.count);
	for (i = 0; i < map.count; i++)
	{
		FocusTagsPair *pair = &pairs[count];
		int			order = -1;

		focus_tags_pair(&map, i, pair);
		while (j < key_count &&
			   (order = focus_tags_compare_keys(pair->key, pair->key_length,
												keys[j].key, keys[j].key_length)) > 0)
			j++;
		if (j == key_count || order != 0)
			count++;
	}
	return focus_tags_from_pairs(pairs, count);
}

static FocusTagsPair *
allocate_pairs(uint64 count)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, Max(count, 1) * sizeof(FocusTagsPair));
}

static void
pair_from_texts(FocusTagsPair *pair, Datum key, Datum value, bool value_is_null)
{
	text	   *key_text = DatumGetTextPP(key);
	text	   *value_text;

	pair->key = VARDATA_ANY(key_text);
	pair->key_length = VARSIZE_ANY_EXHDR(key_text);
	pair->offset = 0;
	if (value_is_null)
	{
		pair->kind = FOCUS_TAGS_NULL;
		pair->value = "";
		pair->value_length = 0;
		return;
	}
	value_text = DatumGetTextPP(value);
	pair->kind = FOCUS_TAGS_STRING;
	pair->value = VARDATA_ANY(value_text);
	pair->value_length = VARSIZE_ANY_EXHDR(value_text);
}

static text *
kind_name(FocusTagsKind kind)
{
	switch (kind)
	{
		case FOCUS_TAGS_NULL:
			return cstring_to_text("null");
		case FOCUS_TAGS_BOOLEAN:
			return cstring_to_text("boolean");
		case FOCUS_TAGS_NUMBER:
			return cstring_to_text("number");
		case FOCUS_TAGS_STRING:
			return cstring_to_text("string");
	}
	elog(ERROR, "unexpected kind of value %d", (int) kind);
	return NULL;				/* keep compiler quiet */
}
