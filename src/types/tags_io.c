/*-------------------------------------------------------------------------
 *
 * tags_io.c
 *	  Data type focus_tags: text and binary I/O, construction, jsonb casts.
 *
 * The parser and the stored form are in tags_parse.c and tags_map.c; here
 * they meet palloc, encodings and error reports.  Every text error is made by
 * describe_failure(), so that the input function, the receive function and
 * the loader say the same.
 *
 * The binary form on the wire is a version byte, 1, and the JSON text in the
 * client's encoding.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "compat.h"
#include "types/tags.h"

/* Version byte of the binary form. */
#define WIRE_VERSION	1

/* Bytes of a key that error messages show. */
#define SHOWN_KEY_MAX	80

static const char *const nested_detail =
gettext_noop("A value is a string, a number, true, false or null.");

/* What the encode callback of a non-UTF-8 database keeps. */
typedef struct EscapeContext
{
	bool		conversion_known;
	Oid			conversion;
} EscapeContext;

static struct varlena *parse_tags(const char *data, size_t length, FocusTagsError *error);
static void *resize_memory(void *context, void *pointer, size_t size);
static int	encode_server(void *context, uint32_t code_point, char *out);
static void check_interrupts(void *context);
static void describe_failure(const FocusTagsParse *parse, FocusTagsStatus status,
							 FocusTagsError *error);
static char *nested_message(const char *key, bool is_array);
static const char *expectation(FocusTagsStatus status);
static void report_damage(void);
static void set_size_error(FocusTagsError *error);
static struct varlena *build_tags(const FocusTagsPair *pairs, uint32 count);
static char *print_tags(const struct varlena *tags, size_t *length);
static int	compare_pairs(const void *left, const void *right);
static void pair_from_jsonb(FocusTagsPair *pair, const JsonbValue *key,
							const JsonbValue *value);
static void pair_to_jsonb(const FocusTagsPair *pair, JsonbValue *value);

PG_FUNCTION_INFO_V1(focus_tags_in);
PG_FUNCTION_INFO_V1(focus_tags_out);
PG_FUNCTION_INFO_V1(focus_tags_recv);
PG_FUNCTION_INFO_V1(focus_tags_send);
PG_FUNCTION_INFO_V1(focus_tags_from_jsonb);
PG_FUNCTION_INFO_V1(focus_tags_to_jsonb);

Datum
focus_tags_in(PG_FUNCTION_ARGS)
{
	char	   *source = PG_GETARG_CSTRING(0);
	FocusTagsError error;
	struct varlena *tags = parse_tags(source, strlen(source), &error);

	if (tags == NULL)
		ereturn(FOCUS_ESCONTEXT(fcinfo), (Datum) 0,
				(errcode(error.sqlerrcode),
				 errmsg_internal("%s", error.message),
				 error.detail ? errdetail_internal("%s", error.detail) : 0));
	PG_RETURN_POINTER(tags);
}

Datum
focus_tags_out(PG_FUNCTION_ARGS)
{
	size_t		length;

	PG_RETURN_CSTRING(print_tags(PG_GETARG_TAGS_P(0), &length));
}

Datum
focus_tags_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgint(message, 1);
	FocusTagsError error;
	struct varlena *tags;
	char	   *source;
	int			length;

	if (version != WIRE_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("unsupported version number %d of binary focus_tags", version)));
	/* converts from the client's encoding and verifies the result */
	source = pq_getmsgtext(message, message->len - message->cursor, &length);
	tags = parse_tags(source, length, &error);
	if (tags == NULL)
		ereport(ERROR,
				(errcode(error.sqlerrcode == ERRCODE_INVALID_TEXT_REPRESENTATION ?
						 ERRCODE_INVALID_BINARY_REPRESENTATION : error.sqlerrcode),
				 errmsg_internal("%s", error.message),
				 error.detail ? errdetail_internal("%s", error.detail) : 0));
	pfree(source);
	PG_RETURN_POINTER(tags);
}

Datum
focus_tags_send(PG_FUNCTION_ARGS)
{
	size_t		length;
	char	   *printed = print_tags(PG_GETARG_TAGS_P(0), &length);
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendint8(&message, WIRE_VERSION);
	pq_sendtext(&message, printed, length);
	pfree(printed);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* An object of scalars; anything else is an error that names the key. */
Datum
focus_tags_from_jsonb(PG_FUNCTION_ARGS)
{
	Jsonb	   *jsonb = PG_GETARG_JSONB_P(0);
	uint32		count = JB_ROOT_COUNT(jsonb);
	FocusTagsPair *pairs;
	JsonbIterator *iterator;
	JsonbValue	key;
	JsonbValue	value;
	uint32		i;

	if (!JB_ROOT_IS_OBJECT(jsonb))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot cast jsonb %s to type focus_tags",
						JB_ROOT_IS_SCALAR(jsonb) ? "scalar" : "array"),
				 errdetail("A focus_tags is made from a JSON object.")));
	pairs = MemoryContextAllocHuge(CurrentMemoryContext, (count + 1) * sizeof(FocusTagsPair));
	iterator = JsonbIteratorInit(&jsonb->root);
	(void) JsonbIteratorNext(&iterator, &key, true);	/* begin of object */
	for (i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		(void) JsonbIteratorNext(&iterator, &key, true);
		(void) JsonbIteratorNext(&iterator, &value, true);
		pair_from_jsonb(&pairs[i], &key, &value);
	}
	focus_tags_sort_pairs(pairs, count);
	PG_RETURN_POINTER(focus_tags_from_pairs(pairs, count));
}

Datum
focus_tags_to_jsonb(PG_FUNCTION_ARGS)
{
	FocusTagsMap map;
	FocusTagsPair pair;
	JsonbParseState *state = NULL;
	JsonbValue *result;
	JsonbValue	value;
	uint32		i;

	focus_tags_open(&map, PG_GETARG_TAGS_P(0));
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (i = 0; i < map.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		focus_tags_pair(&map, i, &pair);
		value.type = jbvString;
		value.val.string.val = unconstify(char *, pair.key);
		value.val.string.len = pair.key_length;
		pushJsonbValue(&state, WJB_KEY, &value);
		pair_to_jsonb(&pair, &value);
		pushJsonbValue(&state, WJB_VALUE, &value);
	}
	result = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(result));
}

/*
 * Makes a datum, in the current memory context, from the JSON text that stands
 * in a file or message.  The bytes need no NUL at the end and are checked to
 * be valid in the database's encoding.  When they are not a focus_tags the
 * result is NULL and *error says why; only running out of memory, a cancelled
 * query or a failing encoding conversion function is thrown.
 */
struct varlena *
focus_tags_from_bytes(const char *data, size_t length, FocusTagsError *error)
{
	int			encoding = GetDatabaseEncoding();

	if (length > FOCUS_TAGS_SIZE_MAX)
	{
		set_size_error(error);
		return NULL;
	}
	if (!pg_verify_mbstr(encoding, data, length, true))
	{
		error->sqlerrcode = ERRCODE_CHARACTER_NOT_IN_REPERTOIRE;
		error->message = psprintf("invalid byte sequence for encoding \"%s\"",
								  pg_encoding_to_char(encoding));
		error->detail = NULL;
		return NULL;
	}
	return parse_tags(data, length, error);
}

/*
 * Makes a datum from pairs that are in key order without duplicates, or raises
 * PROGRAM_LIMIT_EXCEEDED.
 */
struct varlena *
focus_tags_from_pairs(const FocusTagsPair *pairs, uint32 count)
{
	if (count > FOCUS_TAGS_KEYS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many keys for type focus_tags"),
				 errdetail("The limit is %d keys.", FOCUS_TAGS_KEYS_MAX)));
	if (focus_tags_body_size(pairs, count) > FOCUS_TAGS_SIZE_MAX)
	{
		FocusTagsError error;

		set_size_error(&error);
		ereport(ERROR,
				(errcode(error.sqlerrcode),
				 errmsg_internal("%s", error.message),
				 errdetail_internal("%s", error.detail)));
	}
	return build_tags(pairs, count);
}

/* Puts pairs into key order. */
void
focus_tags_sort_pairs(FocusTagsPair *pairs, uint32 count)
{
	qsort(pairs, count, sizeof(FocusTagsPair), compare_pairs);
}

/*
 * Opens a detoasted datum, whose header may be short; raises DATA_CORRUPTED.
 * A build with assertions looks at all of it, others at what they use.
 */
void
focus_tags_open(FocusTagsMap *map, const struct varlena *tags)
{
	bool		sound = focus_tags_map_open(map, VARDATA_ANY(tags), VARSIZE_ANY_EXHDR(tags));

#ifdef USE_ASSERT_CHECKING
	sound = sound && focus_tags_map_check(map);
#endif
	if (!sound)
		report_damage();
}

/* The pair at index < map->count; raises DATA_CORRUPTED. */
void
focus_tags_pair(const FocusTagsMap *map, uint32 index, FocusTagsPair *pair)
{
	if (!focus_tags_map_pair(map, index, pair))
		report_damage();
}

/* Looks a key up; sets the pair and returns true when it is there. */
bool
focus_tags_find(const FocusTagsMap *map, const char *key, size_t key_length, FocusTagsPair *pair)
{
	FocusTagsSearch search = focus_tags_map_find(map, key, key_length, pair);

	if (search == FOCUS_TAGS_DAMAGED)
		report_damage();
	return search == FOCUS_TAGS_FOUND;
}

/* The value as text, NULL for a JSON null. */
text *
focus_tags_value_text(const FocusTagsPair *pair)
{
	if (pair->kind == FOCUS_TAGS_NULL)
		return NULL;
	return cstring_to_text_with_len(pair->value, pair->value_length);
}

/* Parses text that is valid in the database's encoding; NULL and *error. */
static struct varlena *
parse_tags(const char *data, size_t length, FocusTagsError *error)
{
	EscapeContext context = {0};
	FocusTagsParse parse = {0};
	FocusTagsStatus status;
	struct varlena *tags = NULL;

	parse.source = data;
	parse.length = length;
	parse.resize = resize_memory;
	parse.encode = GetDatabaseEncoding() == PG_UTF8 ? NULL : encode_server;
	parse.progress = check_interrupts;
	parse.context = &context;
	status = focus_tags_parse(&parse);
	if (status != FOCUS_TAGS_OK)
		describe_failure(&parse, status, error);
	else if (focus_tags_body_size(parse.pairs, parse.count) > FOCUS_TAGS_SIZE_MAX)
		set_size_error(error);
	else
		tags = build_tags(parse.pairs, parse.count);
	if (parse.pairs != NULL)
		pfree(parse.pairs);
	if (parse.decoded != NULL)
		pfree(parse.decoded);
	return tags;
}

static void *
resize_memory(void *context, void *pointer, size_t size)
{
	if (pointer == NULL)
		return MemoryContextAllocHuge(CurrentMemoryContext, size);
	return repalloc_huge(pointer, size);
}

/* Encodes for a database that is not in UTF-8; 0 when it lacks the character. */
static int
encode_server(void *context, uint32_t code_point, char *out)
{
	EscapeContext *escape = context;
	unsigned char utf8[8];
	unsigned char converted[(sizeof(utf8) + 1) * MAX_CONVERSION_GROWTH];
	int			length;

	if (!escape->conversion_known)
	{
		escape->conversion = FindDefaultConversionProc(PG_UTF8, GetDatabaseEncoding());
		escape->conversion_known = true;
	}
	if (!OidIsValid(escape->conversion))
		return 0;
	unicode_to_utf8(code_point, utf8);
	length = pg_utf_mblen(utf8);
	utf8[length] = '\0';
	if (pg_do_encoding_conversion_buf(escape->conversion, PG_UTF8, GetDatabaseEncoding(),
									  utf8, length, converted, sizeof(converted), true) != length)
		return 0;
	length = strlen((char *) converted);
	if (length > MAX_MULTIBYTE_CHAR_LEN)
		return 0;
	memcpy(out, converted, length);
	return length;
}

static void
check_interrupts(void *context)
{
	CHECK_FOR_INTERRUPTS();
}

/* Words for what the parser refused. */
static void
describe_failure(const FocusTagsParse *parse, FocusTagsStatus status, FocusTagsError *error)
{
	char	   *key = focus_tags_show_key(parse->error_key, parse->error_key_length);
	size_t		position = parse->error_offset + 1;

	error->sqlerrcode = ERRCODE_INVALID_TEXT_REPRESENTATION;
	error->detail = NULL;
	switch (status)
	{
		case FOCUS_TAGS_DUPLICATE_KEY:
			error->message = psprintf(_("duplicate key \"%s\" in focus_tags"), key);
			error->detail = psprintf(_("The key is repeated at byte %zu."), position);
			break;
		case FOCUS_TAGS_NESTED_ARRAY:
		case FOCUS_TAGS_NESTED_OBJECT:
			error->message = nested_message(key, status == FOCUS_TAGS_NESTED_ARRAY);
			error->detail = pstrdup(_(nested_detail));
			break;
		case FOCUS_TAGS_NUL_ESCAPE:
			error->sqlerrcode = ERRCODE_UNTRANSLATABLE_CHARACTER;
			error->message = pstrdup(_("unsupported Unicode escape sequence"));
			error->detail = psprintf(_("\\u0000 at byte %zu cannot be converted to text."), position);
			break;
		case FOCUS_TAGS_UNTRANSLATABLE:
			error->sqlerrcode = ERRCODE_UNTRANSLATABLE_CHARACTER;
			error->message = pstrdup(_("unsupported Unicode escape sequence"));
			error->detail = psprintf(_("The escape at byte %zu has no equivalent in encoding \"%s\"."),
									 position, GetDatabaseEncodingName());
			break;
		case FOCUS_TAGS_NUMBER_TOO_LONG:
			error->sqlerrcode = ERRCODE_PROGRAM_LIMIT_EXCEEDED;
			error->message = psprintf(_("number of key \"%s\" in focus_tags is too long"), key);
			error->detail = psprintf(_("The limit is %d characters."), FOCUS_TAGS_NUMBER_MAX);
			break;
		case FOCUS_TAGS_TOO_MANY_KEYS:
			error->sqlerrcode = ERRCODE_PROGRAM_LIMIT_EXCEEDED;
			error->message = pstrdup(_("too many keys for type focus_tags"));
			error->detail = psprintf(_("The limit is %d keys."), FOCUS_TAGS_KEYS_MAX);
			break;
		case FOCUS_TAGS_TOO_LARGE:
			set_size_error(error);
			break;
		default:
			error->message = psprintf(_("invalid input syntax for type %s"), "focus_tags");
			error->detail = parse->error_key == NULL ?
				psprintf(_("%s at byte %zu."), expectation(status), position) :
				psprintf(_("%s at byte %zu, after key \"%s\"."), expectation(status), position, key);
			break;
	}
}

/* The refusal of a value that is not a scalar. */
static char *
nested_message(const char *key, bool is_array)
{
	return psprintf(is_array ? _("value of key \"%s\" in focus_tags is an array") :
					_("value of key \"%s\" in focus_tags is an object"), key);
}

/* The subject of the sentence "... at byte 7." */
static const char *
expectation(FocusTagsStatus status)
{
	switch (status)
	{
		case FOCUS_TAGS_NOT_OBJECT:
			return _("JSON object expected");
		case FOCUS_TAGS_EXPECTED_KEY:
			return _("Key in double quotes expected");
		case FOCUS_TAGS_EXPECTED_COLON:
			return _("\":\" expected");
		case FOCUS_TAGS_EXPECTED_VALUE:
			return _("String, number, true, false or null expected");
		case FOCUS_TAGS_EXPECTED_COMMA:
			return _("\",\" or \"}\" expected");
		case FOCUS_TAGS_TRAILING_TEXT:
			return _("End of text expected");
		case FOCUS_TAGS_UNTERMINATED_STRING:
			return _("String without closing double quote");
		case FOCUS_TAGS_CONTROL_CHARACTER:
			return _("Control character that is not escaped");
		case FOCUS_TAGS_BAD_ESCAPE:
			return _("Invalid escape sequence");
		case FOCUS_TAGS_BAD_UNICODE_ESCAPE:
			return _("\"\\u\" without four hexadecimal digits");
		case FOCUS_TAGS_BAD_SURROGATE:
			return _("Unicode surrogate without its other half");
		case FOCUS_TAGS_BAD_NUMBER:
			return _("Invalid number");
		default:
			elog(ERROR, "unexpected parser status %d", (int) status);
			return NULL;		/* keep compiler quiet */
	}
}

/* A copy of a key for a message, cut at a character when it is long. */
char *
focus_tags_show_key(const char *key, uint32 length)
{
	int			shown;

	if (key == NULL)
		return pstrdup("");
	if (length <= SHOWN_KEY_MAX)
		return pnstrdup(key, length);
	shown = pg_mbcliplen(key, length, SHOWN_KEY_MAX);
	return psprintf("%.*s...", shown, key);
}

/* A stored value that this module cannot have written. */
static void
report_damage(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("invalid stored value of type focus_tags")));
}

static void
set_size_error(FocusTagsError *error)
{
	error->sqlerrcode = ERRCODE_PROGRAM_LIMIT_EXCEEDED;
	error->message = pstrdup(_("value of type focus_tags is too large"));
	error->detail = psprintf(_("The limit is %zu bytes."), (size_t) FOCUS_TAGS_SIZE_MAX);
}

/* The datum of pairs whose size has been checked. */
static struct varlena *
build_tags(const FocusTagsPair *pairs, uint32 count)
{
	size_t		size = VARHDRSZ + focus_tags_body_size(pairs, count);
	struct varlena *tags = palloc(size);

	SET_VARSIZE(tags, size);
	focus_tags_body_write(pairs, count, VARDATA(tags));
#ifdef USE_ASSERT_CHECKING
	{
		FocusTagsMap map;

		Assert(focus_tags_map_open(&map, VARDATA(tags), size - VARHDRSZ));
		Assert(focus_tags_map_check(&map));
	}
#endif
	return tags;
}

/* The canonical JSON text, with a NUL at its end. */
static char *
print_tags(const struct varlena *tags, size_t *length)
{
	FocusTagsMap map;
	uint64		size;
	char	   *printed;

	focus_tags_open(&map, tags);
	if (!focus_tags_map_text_size(&map, &size))
		report_damage();
	if (size >= MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("value of type focus_tags is too large to be shown as JSON")));
	printed = palloc(size + 1);
	*focus_tags_map_print(&map, printed) = '\0';
	*length = size;
	return printed;
}

static int
compare_pairs(const void *left, const void *right)
{
	const FocusTagsPair *a = left;
	const FocusTagsPair *b = right;

	return focus_tags_compare_keys(a->key, a->key_length, b->key, b->key_length);
}

static void
pair_from_jsonb(FocusTagsPair *pair, const JsonbValue *key, const JsonbValue *value)
{
	pair->key = key->val.string.val;
	pair->key_length = key->val.string.len;
	pair->offset = 0;
	switch (value->type)
	{
		case jbvNull:
			pair->kind = FOCUS_TAGS_NULL;
			pair->value = "";
			break;
		case jbvBool:
			pair->kind = FOCUS_TAGS_BOOLEAN;
			pair->value = value->val.boolean ? "true" : "false";
			break;
		case jbvNumeric:
			pair->kind = FOCUS_TAGS_NUMBER;
			pair->value = DatumGetCString(DirectFunctionCall1(numeric_out,
															  NumericGetDatum(value->val.numeric)));
			break;
		case jbvString:
			pair->kind = FOCUS_TAGS_STRING;
			pair->value = value->val.string.val;
			pair->value_length = value->val.string.len;
			return;
		default:
			Assert(value->type == jbvBinary);
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg_internal("%s",
									 nested_message(focus_tags_show_key(pair->key, pair->key_length),
													JsonContainerIsArray(value->val.binary.data))),
					 errdetail_internal("%s", _(nested_detail))));
	}
	pair->value_length = strlen(pair->value);
}

static void
pair_to_jsonb(const FocusTagsPair *pair, JsonbValue *value)
{
	switch (pair->kind)
	{
		case FOCUS_TAGS_NULL:
			value->type = jbvNull;
			break;
		case FOCUS_TAGS_BOOLEAN:
			value->type = jbvBool;
			value->val.boolean = pair->value[0] == 't';
			break;
		case FOCUS_TAGS_NUMBER:
			value->type = jbvNumeric;
			value->val.numeric =
				DatumGetNumeric(DirectFunctionCall3(numeric_in,
													CStringGetDatum(pnstrdup(pair->value, pair->value_length)),
													ObjectIdGetDatum(InvalidOid),
													Int32GetDatum(-1)));
			break;
		case FOCUS_TAGS_STRING:
			value->type = jbvString;
			value->val.string.val = unconstify(char *, pair->value);
			value->val.string.len = pair->value_length;
			break;
	}
}
