/*-------------------------------------------------------------------------
 *
 * tags_gin.c
 *	  GIN support of focus_tags: @>, ?, ?| and ?&.
 *
 * A map gives two index entries per pair, of type bytea, compared as bytes:
 *
 *		'K' key									the key is there
 *		'P' kind length-of-key key value	the pair is there
 *
 * where kind and length-of-key are one byte each.  An entry of more than
 * ENTRY_MAX bytes would bloat the index, and GIN has a limit, so it becomes
 *
 *		'k' or 'p', 64 bits of hash
 *
 * The first byte keeps the four sorts apart.  An entry in full says exactly
 * what it stands for, so that a query made of such entries needs no recheck;
 * one with a hashed entry does.
 *
 * Every query asks for all of its entries (@>, ?, ?&) or for any (?|).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/gin.h"
#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "compat.h"
#include "types/tags.h"

/* Strategy numbers of focus_tags_gin_ops, those of jsonb_ops. */
#define STRATEGY_CONTAINS	7
#define STRATEGY_EXISTS		9
#define STRATEGY_EXISTS_ANY	10
#define STRATEGY_EXISTS_ALL	11

/* First byte of an entry. */
#define ENTRY_KEY			'K'
#define ENTRY_PAIR			'P'
#define ENTRY_KEY_HASHED	'k'
#define ENTRY_PAIR_HASHED	'p'

/* The longest entry that is kept in full, its first byte included. */
#define ENTRY_MAX			125

/* First byte, kind and length of the key. */
#define ENTRY_HEAD_MAX		3

static Datum *query_pairs(const struct varlena *query, int32 *count, bool *hashed);
static Datum *query_keys(ArrayType *query, int32 *count, bool *hashed);
static void set_key(FocusTagsPair *pair, const text *key);
static Datum make_entry(char sort, const FocusTagsPair *pair, bool *hashed);
static Datum make_hashed_entry(char sort, const FocusTagsPair *pair);

PG_FUNCTION_INFO_V1(focus_tags_gin_extract_value);
PG_FUNCTION_INFO_V1(focus_tags_gin_extract_query);
PG_FUNCTION_INFO_V1(focus_tags_gin_consistent);
PG_FUNCTION_INFO_V1(focus_tags_gin_triconsistent);

Datum
focus_tags_gin_extract_value(PG_FUNCTION_ARGS)
{
	int32	   *count = (int32 *) PG_GETARG_POINTER(1);
	FocusTagsMap map;
	FocusTagsPair pair;
	Datum	   *entries;
	bool		hashed = false;
	uint32		i;

	focus_tags_open(&map, PG_GETARG_TAGS_P(0));
	entries = palloc(Max(map.count, 1) * 2 * sizeof(Datum));
	for (i = 0; i < map.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		focus_tags_pair(&map, i, &pair);
		entries[2 * i] = make_entry(ENTRY_KEY, &pair, &hashed);
		entries[2 * i + 1] = make_entry(ENTRY_PAIR, &pair, &hashed);
	}
	*count = (int32) map.count * 2;
	PG_RETURN_POINTER(entries);
}

/*
 * Extra data: every entry points to the same flag, whether the query has a
 * hashed entry.
 */
Datum
focus_tags_gin_extract_query(PG_FUNCTION_ARGS)
{
	int32	   *count = (int32 *) PG_GETARG_POINTER(1);
	StrategyNumber strategy = PG_GETARG_UINT16(2);
	Pointer   **extra_data = (Pointer **) PG_GETARG_POINTER(4);
	int32	   *search_mode = (int32 *) PG_GETARG_POINTER(6);
	Datum	   *entries;
	bool	   *hashed = palloc0(sizeof(bool));
	FocusTagsPair pair = {0};
	int32		i;

	switch (strategy)
	{
		case STRATEGY_CONTAINS:
			entries = query_pairs(PG_GETARG_TAGS_P(0), count, hashed);
			break;
		case STRATEGY_EXISTS:
			set_key(&pair, PG_GETARG_TEXT_PP(0));
			entries = palloc(sizeof(Datum));
			entries[0] = make_entry(ENTRY_KEY, &pair, hashed);
			*count = 1;
			break;
		case STRATEGY_EXISTS_ANY:
		case STRATEGY_EXISTS_ALL:
			entries = query_keys(PG_GETARG_ARRAYTYPE_P(0), count, hashed);
			break;
		default:
			elog(ERROR, "unrecognized strategy number: %d", strategy);
	}

	/* every map contains the empty map and has all of no keys */
	if (*count == 0 && strategy != STRATEGY_EXISTS_ANY)
		*search_mode = GIN_SEARCH_MODE_ALL;
	if (*count > 0)
	{
		*extra_data = palloc(*count * sizeof(Pointer));
		for (i = 0; i < *count; i++)
			(*extra_data)[i] = (Pointer) hashed;
	}
	PG_RETURN_POINTER(entries);
}

Datum
focus_tags_gin_consistent(PG_FUNCTION_ARGS)
{
	bool	   *check = (bool *) PG_GETARG_POINTER(0);
	StrategyNumber strategy = PG_GETARG_UINT16(1);
	int32		count = PG_GETARG_INT32(3);
	Pointer    *extra_data = (Pointer *) PG_GETARG_POINTER(4);
	bool	   *recheck = (bool *) PG_GETARG_POINTER(5);
	bool		any = strategy == STRATEGY_EXISTS_ANY;
	int32		i;

	*recheck = count > 0 && *(bool *) extra_data[0];
	for (i = 0; i < count; i++)
	{
		if (check[i] == any)
			PG_RETURN_BOOL(any);
	}
	PG_RETURN_BOOL(!any);
}

Datum
focus_tags_gin_triconsistent(PG_FUNCTION_ARGS)
{
	GinTernaryValue *check = (GinTernaryValue *) PG_GETARG_POINTER(0);
	StrategyNumber strategy = PG_GETARG_UINT16(1);
	int32		count = PG_GETARG_INT32(3);
	Pointer    *extra_data = (Pointer *) PG_GETARG_POINTER(4);
	bool		any = strategy == STRATEGY_EXISTS_ANY;
	GinTernaryValue decisive = any ? GIN_TRUE : GIN_FALSE;
	GinTernaryValue result = any ? GIN_FALSE : GIN_TRUE;
	int32		i;

	for (i = 0; i < count; i++)
	{
		if (check[i] == decisive)
		{
			result = decisive;
			break;
		}
		if (check[i] == GIN_MAYBE)
			result = GIN_MAYBE;
	}
	/* a hash that is found may be another text's; one that is not, is not */
	if (result == GIN_TRUE && count > 0 && *(bool *) extra_data[0])
		result = GIN_MAYBE;
	PG_RETURN_GIN_TERNARY_VALUE(result);
}

/* One entry per pair of a map that is to be contained. */
static Datum *
query_pairs(const struct varlena *query, int32 *count, bool *hashed)
{
	FocusTagsMap map;
	FocusTagsPair pair;
	Datum	   *entries;
	uint32		i;

	focus_tags_open(&map, query);
	entries = palloc(Max(map.count, 1) * sizeof(Datum));
	for (i = 0; i < map.count; i++)
	{
		focus_tags_pair(&map, i, &pair);
		entries[i] = make_entry(ENTRY_PAIR, &pair, hashed);
	}
	*count = (int32) map.count;
	return entries;
}

/* One entry per key of an array; NULL elements are ignored. */
static Datum *
query_keys(ArrayType *query, int32 *count, bool *hashed)
{
	FocusTagsPair pair = {0};
	Datum	   *keys;
	bool	   *nulls;
	int			key_count;
	Datum	   *entries;
	int			i;

	deconstruct_array(query, TEXTOID, -1, false, TYPALIGN_INT, &keys, &nulls, &key_count);
	entries = palloc(Max(key_count, 1) * sizeof(Datum));
	*count = 0;
	for (i = 0; i < key_count; i++)
	{
		if (nulls[i])
			continue;
		set_key(&pair, DatumGetTextPP(keys[i]));
		entries[(*count)++] = make_entry(ENTRY_KEY, &pair, hashed);
	}
	return entries;
}

static void
set_key(FocusTagsPair *pair, const text *key)
{
	pair->key = VARDATA_ANY(key);
	pair->key_length = VARSIZE_ANY_EXHDR(key);
}

/*
 * The entry of a pair, ENTRY_PAIR, or of its key alone, ENTRY_KEY.  Sets
 * *hashed when the entry is a hash, and leaves it alone otherwise.
 */
static Datum
make_entry(char sort, const FocusTagsPair *pair, bool *hashed)
{
	char		head[ENTRY_HEAD_MAX] = {sort};
	size_t		head_length = 1;
	size_t		value_length = 0;
	size_t		length;
	bytea	   *entry;
	char	   *out;

	if (sort == ENTRY_PAIR)
	{
		value_length = pair->value_length;
		head[head_length++] = (char) pair->kind;
		head[head_length++] = (char) Min(pair->key_length, ENTRY_MAX);
	}
	length = head_length + pair->key_length + value_length;
	if (length > ENTRY_MAX)
	{
		*hashed = true;
		return make_hashed_entry(sort, pair);
	}
	entry = palloc(VARHDRSZ + length);
	SET_VARSIZE(entry, VARHDRSZ + length);
	out = VARDATA(entry);
	memcpy(out, head, head_length);
	memcpy(out + head_length, pair->key, pair->key_length);
	if (value_length > 0)
		memcpy(out + head_length + pair->key_length, pair->value, value_length);
	return PointerGetDatum(entry);
}

static Datum
make_hashed_entry(char sort, const FocusTagsPair *pair)
{
	size_t		length = VARHDRSZ + 1 + sizeof(uint64);
	bytea	   *entry = palloc(length);
	uint64		hash;

	hash = DatumGetUInt64(hash_any_extended((const unsigned char *) pair->key,
											pair->key_length, 0));
	if (sort == ENTRY_PAIR)
		hash = DatumGetUInt64(hash_any_extended((const unsigned char *) pair->value,
												pair->value_length, hash + pair->kind));
	SET_VARSIZE(entry, length);
	*VARDATA(entry) = sort == ENTRY_PAIR ? ENTRY_PAIR_HASHED : ENTRY_KEY_HASHED;
	memcpy(VARDATA(entry) + 1, &hash, sizeof(hash));
	return PointerGetDatum(entry);
}
