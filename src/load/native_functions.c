/*-------------------------------------------------------------------------
 *
 * native_functions.c
 *	  Cells of files in expressions of mappings.
 *
 * What cannot be read becomes a value that no cell may have, so that an
 * expression over it gives one as well and the row goes to quarantine, instead
 * of ending the load.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "load/cell_format.h"

#define UNIX_TO_POSTGRES_US \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

PG_FUNCTION_INFO_V1(focus_number);
PG_FUNCTION_INFO_V1(focus_instant);
PG_FUNCTION_INFO_V1(focus_members);

static bool is_null(const char *text, size_t len);

/*
 * focus_number(value text) returns numeric
 */
Datum
focus_number(PG_FUNCTION_ARGS)
{
	char	   *value = text_to_cstring(PG_GETARG_TEXT_PP(0));
	size_t		len = strlen(value);
	FocusCellNumber decimal;

	if (is_null(value, len))
		PG_RETURN_NULL();
	switch (focus_cell_decimal(value, len, &decimal))
	{
		case FOCUS_DECIMAL_SMALL:
			PG_RETURN_NUMERIC(int64_div_fast_to_numeric(decimal.mantissa, decimal.scale));
		case FOCUS_DECIMAL_LARGE:
			break;
		default:
			value = "NaN";
	}
	return DirectFunctionCall3(numeric_in, CStringGetDatum(value), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

/*
 * focus_instant(value text) returns timestamptz
 */
Datum
focus_instant(PG_FUNCTION_ARGS)
{
	char	   *value = text_to_cstring(PG_GETARG_TEXT_PP(0));
	size_t		len = strlen(value);
	int64		unix_us;

	if (is_null(value, len))
		PG_RETURN_NULL();
	if (focus_cell_time(value, len, &unix_us) == FOCUS_TIME_BAD)
		PG_RETURN_TIMESTAMPTZ(DT_NOEND);
	PG_RETURN_TIMESTAMPTZ(unix_us - UNIX_TO_POSTGRES_US);
}

/*
 * focus_members(record jsonb, prefix text) returns jsonb
 */
Datum
focus_members(PG_FUNCTION_ARGS)
{
	Jsonb	   *record = PG_GETARG_JSONB_P(0);
	text	   *prefix = PG_GETARG_TEXT_PP(1);
	int			len = VARSIZE_ANY_EXHDR(prefix);
	JsonbParseState *state = NULL;
	JsonbIterator *iterator = JsonbIteratorInit(&record->root);
	JsonbValue	key;
	JsonbValue	value;

	if (!JB_ROOT_IS_OBJECT(record))
		PG_RETURN_NULL();
	(void) JsonbIteratorNext(&iterator, &key, true);
	while (JsonbIteratorNext(&iterator, &key, true) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&iterator, &value, true);
		if (key.val.string.len < len || memcmp(key.val.string.val, VARDATA_ANY(prefix), len) != 0)
			continue;
		if (state == NULL)
			pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		key.val.string.val += len;
		key.val.string.len -= len;
		pushJsonbValue(&state, WJB_KEY, &key);
		pushJsonbValue(&state, WJB_VALUE, &value);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

/* None is no number and no instant, as in cell.c. */
static bool
is_null(const char *text, size_t len)
{
	bool		spelled;

	return focus_cell_is_null(text, len, &spelled) || strcmp(text, "None") == 0;
}
