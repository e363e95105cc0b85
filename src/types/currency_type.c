/*-------------------------------------------------------------------------
 *
 * currency_type.c
 *	  SQL type focus_currency: a currency of ISO 4217.
 *
 * A value is the code itself, its three letters in the low three bytes of a
 * 32-bit integer, first letter highest, so that integers sort as codes do.
 * What else there is to know of a currency comes from the table of currency.c
 * and is not stored.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "compat.h"
#include "types/currency.h"

#define CODE_LENGTH			3
#define MESSAGE_BYTES_MAX	64	/* of a refused text */

PG_FUNCTION_INFO_V1(focus_currency_in);
PG_FUNCTION_INFO_V1(focus_currency_out);
PG_FUNCTION_INFO_V1(focus_currency_recv);
PG_FUNCTION_INFO_V1(focus_currency_send);
PG_FUNCTION_INFO_V1(focus_currency_eq);
PG_FUNCTION_INFO_V1(focus_currency_ne);
PG_FUNCTION_INFO_V1(focus_currency_lt);
PG_FUNCTION_INFO_V1(focus_currency_le);
PG_FUNCTION_INFO_V1(focus_currency_gt);
PG_FUNCTION_INFO_V1(focus_currency_ge);
PG_FUNCTION_INFO_V1(focus_currency_cmp);
PG_FUNCTION_INFO_V1(focus_currency_hash);
PG_FUNCTION_INFO_V1(focus_currency_hash_extended);
PG_FUNCTION_INFO_V1(focus_try_currency);
PG_FUNCTION_INFO_V1(focus_currency_minor_units);
PG_FUNCTION_INFO_V1(focus_currency_numeric_code);
PG_FUNCTION_INFO_V1(focus_currency_name);
PG_FUNCTION_INFO_V1(focus_currency_is_active);
PG_FUNCTION_INFO_V1(focus_round);

static int32 currency_from_text(const char *text, int length, Node *escontext);
static int32 pack_code(const char *code);
static void unpack_code(int32 currency, char *code);
static const FocusCurrency *currency_of(int32 currency);

/* ---- input and output ---- */

Datum
focus_currency_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);

	PG_RETURN_INT32(currency_from_text(text, strlen(text), FOCUS_ESCONTEXT(fcinfo)));
}

Datum
focus_currency_out(PG_FUNCTION_ARGS)
{
	char	   *code = palloc(CODE_LENGTH + 1);

	unpack_code(PG_GETARG_INT32(0), code);
	PG_RETURN_CSTRING(code);
}

/* The code as text. */
Datum
focus_currency_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	int			length;
	char	   *text = pq_getmsgtext(buffer, buffer->len - buffer->cursor, &length);

	PG_RETURN_INT32(currency_from_text(text, length, NULL));
}

Datum
focus_currency_send(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;
	char		code[CODE_LENGTH + 1];

	unpack_code(PG_GETARG_INT32(0), code);
	pq_begintypsend(&buffer);
	pq_sendtext(&buffer, code, CODE_LENGTH);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* ---- comparison, by code ---- */

Datum
focus_currency_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_INT32(0) == PG_GETARG_INT32(1));
}

Datum
focus_currency_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_INT32(0) != PG_GETARG_INT32(1));
}

Datum
focus_currency_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_INT32(0) < PG_GETARG_INT32(1));
}

Datum
focus_currency_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_INT32(0) <= PG_GETARG_INT32(1));
}

Datum
focus_currency_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_INT32(0) > PG_GETARG_INT32(1));
}

Datum
focus_currency_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_INT32(0) >= PG_GETARG_INT32(1));
}

Datum
focus_currency_cmp(PG_FUNCTION_ARGS)
{
	int32		a = PG_GETARG_INT32(0);
	int32		b = PG_GETARG_INT32(1);

	PG_RETURN_INT32((a > b) - (a < b));
}

Datum
focus_currency_hash(PG_FUNCTION_ARGS)
{
	return hash_uint32(PG_GETARG_INT32(0));
}

Datum
focus_currency_hash_extended(PG_FUNCTION_ARGS)
{
	return hash_uint32_extended(PG_GETARG_INT32(0), PG_GETARG_INT64(1));
}

/* ---- what a currency is ---- */

/* NULL for a text that is no code of ISO 4217. */
Datum
focus_try_currency(PG_FUNCTION_ARGS)
{
	text	   *code = PG_GETARG_TEXT_PP(0);
	const FocusCurrency *currency = focus_currency_find(VARDATA_ANY(code),
														VARSIZE_ANY_EXHDR(code));

	if (currency == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT32(pack_code(currency->code));
}

/* NULL where the currency has no minor unit to speak of, as gold. */
Datum
focus_currency_minor_units(PG_FUNCTION_ARGS)
{
	const FocusCurrency *currency = currency_of(PG_GETARG_INT32(0));

	if (currency->minor_units < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(currency->minor_units);
}

Datum
focus_currency_numeric_code(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(currency_of(PG_GETARG_INT32(0))->numeric_code);
}

Datum
focus_currency_name(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(currency_of(PG_GETARG_INT32(0))->name));
}

Datum
focus_currency_is_active(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(currency_of(PG_GETARG_INT32(0))->is_active);
}

/* The amount at the minor unit of its currency, rounded half away from zero. */
Datum
focus_round(PG_FUNCTION_ARGS)
{
	const FocusCurrency *currency = currency_of(PG_GETARG_INT32(1));

	if (currency->minor_units < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("currency \"%s\" has no minor unit to round to", currency->code)));
	return DirectFunctionCall2(numeric_round, PG_GETARG_DATUM(0),
							   Int32GetDatum(currency->minor_units));
}

/* ---- helpers ---- */

/*
 * The currency of a code in any case.  Of bad text raises an error, or returns
 * 0 after reporting to escontext.
 */
static int32
currency_from_text(const char *text, int length, Node *escontext)
{
	const FocusCurrency *currency = focus_currency_find(text, length);

	if (currency == NULL)
		ereturn(escontext, 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%.*s\"", "focus_currency",
						pg_mbcliplen(text, length, MESSAGE_BYTES_MAX), text),
				 errdetail("A currency is a code of three letters that ISO 4217 lists."),
				 errhint("Virtual currencies are kept as text.")));
	return pack_code(currency->code);
}

static int32
pack_code(const char *code)
{
	return (int32) code[0] << 16 | (int32) code[1] << 8 | (int32) code[2];
}

static void
unpack_code(int32 currency, char *code)
{
	code[0] = (char) (currency >> 16);
	code[1] = (char) (currency >> 8);
	code[2] = (char) currency;
	code[3] = '\0';
}

/* Raises an error for a value that is not of this version of the table. */
static const FocusCurrency *
currency_of(int32 currency)
{
	char		code[CODE_LENGTH + 1];
	const FocusCurrency *found;

	unpack_code(currency, code);
	found = focus_currency_find(code, CODE_LENGTH);
	if (found == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("stored focus_currency is unknown")));
	return found;
}
