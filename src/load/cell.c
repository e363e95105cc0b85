/*-------------------------------------------------------------------------
 *
 * cell.c
 *	  Cells of a file -> datums of a column.
 *
 * Strict where money is, lenient where words are: a number or an instant that
 * cannot be read rejects its row; tags that are not a flat map and text that
 * is not JSON are misfits, which the caller keeps as text.
 *
 * Values of a batch of rows live in the batch's memory context.  Equal cells
 * of a batch are converted once: a small table remembers the last text per
 * hash value.  It must be told when the batch's memory goes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "common/jsonapi.h"
#include "datatype/timestamp.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "load/cell.h"
#include "load/tags_spelling.h"
#include "types/tags.h"

#define MEMO_SIZE			2048	/* a power of two */
#define MEMO_MAX_LENGTH		4096
#define JSON_MAX_DEPTH		64
#define JSON_MAX_NUMBER		300

typedef struct MemoEntry
{
	uint32		generation;
	uint32		len;
	const FocusColumn *column;
	const char *text;
	Datum		value;
	const char *finding;
	bool		keep_text;
} MemoEntry;

struct FocusCellReader
{
	MemoryContext batch;
	uint32		generation;
	MemoEntry	memo[MEMO_SIZE];
};

const char	focus_cell_null_as_word[] = "null written as a word";

static FocusCellStatus read_numeric(const FocusField *field, FocusCell *cell);
static void note_number(const FocusCellNumber *decimal, FocusCell *cell);
static FocusCellStatus read_time(const FocusField *field, FocusCell *cell);
static FocusCellStatus read_tags(const FocusField *field, FocusCell *cell);
static char *tags_array_to_object(const FocusField *field);
static JsonbValue *find_member(JsonbContainer *container, const char *name, const char *other_name);
static void append_scalar(StringInfo text, const JsonbValue *value);
static FocusCellStatus read_json(const FocusField *field, FocusCell *cell);
static FocusCellStatus read_currency(const FocusField *field, FocusCell *cell);
static FocusCellStatus unreadable(FocusCell *cell, FocusCellStatus status, int sqlerrcode, const char *why);
static bool json_is_storable(const FocusField *field);

FocusCellReader *
focus_cell_reader_create(MemoryContext batch)
{
	FocusCellReader *reader = palloc0(sizeof(FocusCellReader));

	reader->batch = batch;
	reader->generation = 1;
	return reader;
}

/* The batch's memory context is about to be reset. */
void
focus_cell_reader_forget(FocusCellReader *reader)
{
	if (++reader->generation == 0)
	{
		memset(reader->memo, 0, sizeof(reader->memo));
		reader->generation = 1;
	}
}

/*
 * Is the cell a null of that column?  None is one only where it can be no value:
 * Python prints it for a null, and in text it is the name of an operation.
 */
bool
focus_cell_is_null_of(const FocusColumn *column, const FocusField *field, bool *spelled)
{
	if (focus_cell_is_null(field->data, field->len, spelled))
		return true;
	*spelled = (column->kind != FOCUS_TEXT || column->strict) &&
		field->len == 4 && memcmp(field->data, "None", 4) == 0;
	return *spelled;
}

/*
 * Converts one cell, whose text is in the server's encoding.  The value is
 * allocated in the current context, which must be the batch's.
 */
FocusCellStatus
focus_cell_read(FocusCellReader *reader, const FocusColumn *column,
				const FocusField *field, FocusCell *cell)
{
	FocusCellStatus status;
	MemoEntry  *entry = NULL;
	bool		spelled;

	Assert(CurrentMemoryContext == reader->batch);
	cell->finding = NULL;
	cell->keep_text = false;
	cell->is_decimal = false;
	cell->isnull = focus_cell_is_null_of(column, field, &spelled);
	if (cell->isnull)
	{
		cell->value = (Datum) 0;
		if (spelled)
			cell->finding = focus_cell_null_as_word;
		return FOCUS_CELL_OK;
	}

	if (column->kind == FOCUS_TEXT)
	{
		if (column->strict)
			return read_currency(field, cell);
		cell->value = PointerGetDatum(cstring_to_text_with_len(field->data, field->len));
		return FOCUS_CELL_OK;
	}

	if (field->len <= MEMO_MAX_LENGTH)
	{
		uint32		hash = hash_bytes((const unsigned char *) field->data, field->len);

		entry = &reader->memo[(hash ^ column->kind) & (MEMO_SIZE - 1)];
		if (entry->generation == reader->generation && entry->len == field->len &&
			entry->column->kind == column->kind && memcmp(entry->text, field->data, field->len) == 0)
		{
			cell->value = entry->value;
			cell->finding = entry->finding;
			cell->keep_text = entry->keep_text;
			return FOCUS_CELL_OK;
		}
	}

	switch (column->kind)
	{
		case FOCUS_NUMERIC:
			status = read_numeric(field, cell);
			break;
		case FOCUS_TIME:
			status = read_time(field, cell);
			break;
		case FOCUS_TAGS:
			status = read_tags(field, cell);
			break;
		default:
			status = read_json(field, cell);
			break;
	}

	if (status == FOCUS_CELL_OK && entry != NULL)
	{
		entry->generation = reader->generation;
		entry->column = column;
		entry->len = field->len;
		entry->text = pnstrdup(field->data, field->len);
		entry->value = cell->value;
		entry->finding = cell->finding;
		entry->keep_text = cell->keep_text;
	}
	return status;
}

static FocusCellStatus
read_numeric(const FocusField *field, FocusCell *cell)
{
	FocusCellNumber decimal;

	switch (focus_cell_decimal(field->data, field->len, &decimal))
	{
		case FOCUS_DECIMAL_SMALL:
			note_number(&decimal, cell);
			cell->value = NumericGetDatum(int64_div_fast_to_numeric(decimal.mantissa, decimal.scale));
			return FOCUS_CELL_OK;
		case FOCUS_DECIMAL_LARGE:
			note_number(&decimal, cell);
			cell->value = DirectFunctionCall3(numeric_in, CStringGetDatum(field->data),
											  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
			return FOCUS_CELL_OK;
		case FOCUS_DECIMAL_EXCESSIVE:
			return unreadable(cell, FOCUS_CELL_BAD, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
							  "number is out of range");
		default:
			return unreadable(cell, FOCUS_CELL_BAD, ERRCODE_INVALID_TEXT_REPRESENTATION,
							  "not a number");
	}
}

static void
note_number(const FocusCellNumber *decimal, FocusCell *cell)
{
	if (decimal->is_lenient)
		cell->finding = "number with blanks around it or a plus sign in its exponent";
}

static FocusCellStatus
read_time(const FocusField *field, FocusCell *cell)
{
	int64		unix_us;

	switch (focus_cell_time(field->data, field->len, &unix_us))
	{
		case FOCUS_TIME_BAD:
			return unreadable(cell, FOCUS_CELL_BAD, ERRCODE_INVALID_DATETIME_FORMAT,
							  "not a date and time");
		case FOCUS_TIME_US_DATE:
			cell->finding = "date read as month/day/year";
			break;
		case FOCUS_TIME_DATE_ONLY:
			cell->finding = "date without a time read as midnight UTC";
			break;
		case FOCUS_TIME_NO_ZONE:
			cell->finding = "time without a zone read as UTC";
			break;
		case FOCUS_TIME_CUT:
			cell->finding = "fraction of a second cut to microseconds";
			break;
		case FOCUS_TIME_LENIENT:
			cell->finding = "date and time not written as YYYY-MM-DDThh:mm:ssZ";
			break;
		default:
			break;
	}
	cell->value = TimestampTzGetDatum(unix_us - FOCUS_UNIX_TO_POSTGRES_US);
	return FOCUS_CELL_OK;
}

/*
 * Most tags are a JSON object.  All else is tried only when that fails.
 */
static FocusCellStatus
read_tags(const FocusField *field, FocusCell *cell)
{
	static const char *const findings[] = {
		[FOCUS_TAGS_AS_WRITTEN] = "tags read from an array of keys and values",
		[FOCUS_TAGS_WITHOUT_BRACES] = "tags read from pairs without braces",
		[FOCUS_TAGS_PYTHON] = "tags read from a Python literal",
		[FOCUS_TAGS_PAIRS] = "tags read from k:v pairs"
	};
	FocusTagsError error;
	FocusTagsError other_error;
	FocusTagsSpelling spelling = FOCUS_TAGS_AS_WRITTEN;
	FocusField	json = *field;
	struct varlena *tags = focus_tags_from_bytes(field->data, field->len, &error);
	char	   *object;

	if (tags != NULL)
	{
		cell->value = PointerGetDatum(tags);
		return FOCUS_CELL_OK;
	}

	object = tags_array_to_object(field);
	if (object == NULL)
	{
		char	   *text = palloc(add_size(mul_size(field->len, 4), 8));

		spelling = focus_tags_respell(field->data, field->len, text, &json.len);
		json.data = text;
		if (spelling != FOCUS_TAGS_AS_WRITTEN)
			object = text[0] == '[' ? tags_array_to_object(&json) : text;
	}
	if (object != NULL)
		tags = focus_tags_from_bytes(object, strlen(object), &other_error);
	if (tags == NULL)
		return unreadable(cell, FOCUS_CELL_MISFIT, error.sqlerrcode, error.message);
	cell->finding = findings[spelling];
	/* such arrays may say more than keys and values */
	cell->keep_text = (object != json.data && json.data[0] == '[');
	cell->value = PointerGetDatum(tags);
	return FOCUS_CELL_OK;
}

/*
 * Google Cloud writes tags as [{"key": "k", "value": "v", ...}, ...].  Returns
 * the same as one JSON object, or NULL when the text is anything else.  A key
 * without a value is a tag without a value: true.
 */
static char *
tags_array_to_object(const FocusField *field)
{
	StringInfoData object;
	Jsonb	   *array;

	if (field->data[0] != '[' || !json_is_storable(field))
		return NULL;
	array = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(field->data)));
	initStringInfo(&object);
	appendStringInfoChar(&object, '{');
	for (uint32 i = 0; i < JB_ROOT_COUNT(array); i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(&array->root, i);
		JsonbValue *key;
		JsonbValue *value;

		if (element->type != jbvBinary || !JsonContainerIsObject(element->val.binary.data))
			return NULL;
		key = find_member(element->val.binary.data, "key", "Key");
		value = find_member(element->val.binary.data, "value", "Value");
		if (key == NULL || key->type != jbvString || (value != NULL && !IsAJsonbScalar(value)))
			return NULL;

		if (i > 0)
			appendStringInfoChar(&object, ',');
		escape_json(&object, pnstrdup(key->val.string.val, key->val.string.len));
		appendStringInfoChar(&object, ':');
		if (value == NULL)
			appendStringInfoString(&object, "true");
		else
			append_scalar(&object, value);
	}
	appendStringInfoChar(&object, '}');
	return object.data;
}

static JsonbValue *
find_member(JsonbContainer *container, const char *name, const char *other_name)
{
	JsonbValue *member = getKeyJsonValueFromContainer(container, name, strlen(name), NULL);

	if (member == NULL)
		member = getKeyJsonValueFromContainer(container, other_name, strlen(other_name), NULL);
	return member;
}

static void
append_scalar(StringInfo text, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			escape_json(text, pnstrdup(value->val.string.val, value->val.string.len));
			break;
		case jbvNumeric:
			appendStringInfoString(text, DatumGetCString(DirectFunctionCall1(numeric_out,
																			 NumericGetDatum(value->val.numeric))));
			break;
		case jbvBool:
			appendStringInfoString(text, value->val.boolean ? "true" : "false");
			break;
		default:
			appendStringInfoString(text, "null");
			break;
	}
}

static FocusCellStatus
read_json(const FocusField *field, FocusCell *cell)
{
	if (!json_is_storable(field))
		return unreadable(cell, FOCUS_CELL_MISFIT, ERRCODE_INVALID_TEXT_REPRESENTATION,
						  "not JSON that jsonb can hold");
	cell->value = DirectFunctionCall1(jsonb_in, CStringGetDatum(field->data));
	return FOCUS_CELL_OK;
}

/* A currency has three letters; whether ISO knows it is a matter of conformance. */
static FocusCellStatus
read_currency(const FocusField *field, FocusCell *cell)
{
	for (size_t i = 0; i < field->len; i++)
	{
		char		c = field->data[i];

		if (field->len != 3 || !((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')))
			return unreadable(cell, FOCUS_CELL_BAD, ERRCODE_INVALID_TEXT_REPRESENTATION,
							  "not a currency code of three letters");
	}
	cell->value = PointerGetDatum(cstring_to_text_with_len(field->data, field->len));
	return FOCUS_CELL_OK;
}

static FocusCellStatus
unreadable(FocusCell *cell, FocusCellStatus status, int sqlerrcode, const char *why)
{
	cell->value = (Datum) 0;
	cell->isnull = true;
	cell->sqlerrcode = sqlerrcode;
	cell->why = why;
	return status;
}

/* Numbers of reasonable length only, so that numeric cannot overflow. */
static JSON_ACTION_RESULT
check_number(void *state, char *token, JsonTokenType type)
{
	FocusCellNumber decimal;

	if (type == JSON_TOKEN_NUMBER &&
		(strlen(token) > JSON_MAX_NUMBER ||
		 focus_cell_decimal(token, strlen(token), &decimal) == FOCUS_DECIMAL_EXCESSIVE))
		*(bool *) state = false;
	return JSON_ACTION_SUCCESS;
}

/*
 * Would jsonb_in() accept the text?  Told by core's own JSON parser, which
 * reports errors by code, and by what jsonb adds to it.
 */
static bool
json_is_storable(const FocusField *field)
{
	JsonSemAction actions = {0};
	JsonLexContext *lexer;
	bool		storable = true;
	int			depth = 0;

	/* brackets inside strings count as well: too strict, but only beyond 64 */
	for (size_t i = 0; i < field->len; i++)
	{
		if (field->data[i] == '{' || field->data[i] == '[')
			depth++;
		else if (field->data[i] == '}' || field->data[i] == ']')
			depth--;
		if (depth > JSON_MAX_DEPTH)
			return false;
	}

	/* to another encoding than UTF-8 escapes may have no way, which throws */
	if (GetDatabaseEncoding() != PG_UTF8 && strstr(field->data, "\\u") != NULL)
		return false;

	lexer = focus_json_lexer((char *) field->data, field->len);
	actions.semstate = &storable;
	actions.scalar = check_number;
	return pg_parse_json(lexer, &actions) == JSON_SUCCESS && storable;
}
