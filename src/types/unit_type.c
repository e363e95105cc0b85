/*-------------------------------------------------------------------------
 *
 * unit_type.c
 *	  SQL type focus_unit: a unit of the FOCUS unit format, parsed once.
 *
 * A value holds what the parser (unit.c) found: the factor, the dimension and
 * the canonical text.  Factors are 16 bytes each, most significant first, so
 * that the value needs no alignment and equal factors are equal bytes.
 *
 *		version					1 byte, FOCUS_UNIT_VERSION
 *		numerator				16 bytes
 *		denominator				16 bytes
 *		length of dimension		2 bytes, most significant first
 *		dimension				no NUL
 *		text					the rest, no NUL
 *
 * Units are equal when dimension and factor are equal; their texts may differ
 * ("60 Minutes", "Hour").  The order is by dimension, then by factor.
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
#include "types/unit.h"

#define FOCUS_UNIT_VERSION	1
#define INTEGER_BYTES		16
#define MESSAGE_BYTES_MAX	128 /* of a refused text */
#define ROUNDED_DECIMALS	30	/* of a quotient that no decimal is equal to */

typedef struct StoredUnit
{
	uint8		version;
	uint8		numerator[INTEGER_BYTES];
	uint8		denominator[INTEGER_BYTES];
	uint8		dimension_length[2];
	char		data[FLEXIBLE_ARRAY_MEMBER];	/* dimension, then text */
} StoredUnit;

StaticAssertDecl(offsetof(StoredUnit, data) == 35, "the layout of focus_unit is fixed");

/* a stored unit, opened for reading; the pointers go into the value */
typedef struct UnitView
{
	FocusUnitInteger numerator;
	FocusUnitInteger denominator;
	const char *dimension;
	int			dimension_length;
	const char *text;
	int			text_length;
	const uint8 *key;			/* factor and dimension: equal in equal units */
	int			key_length;
} UnitView;

PG_FUNCTION_INFO_V1(focus_unit_in);
PG_FUNCTION_INFO_V1(focus_unit_out);
PG_FUNCTION_INFO_V1(focus_unit_recv);
PG_FUNCTION_INFO_V1(focus_unit_send);
PG_FUNCTION_INFO_V1(focus_unit_eq);
PG_FUNCTION_INFO_V1(focus_unit_ne);
PG_FUNCTION_INFO_V1(focus_unit_lt);
PG_FUNCTION_INFO_V1(focus_unit_le);
PG_FUNCTION_INFO_V1(focus_unit_gt);
PG_FUNCTION_INFO_V1(focus_unit_ge);
PG_FUNCTION_INFO_V1(focus_unit_cmp);
PG_FUNCTION_INFO_V1(focus_unit_hash);
PG_FUNCTION_INFO_V1(focus_unit_hash_extended);
PG_FUNCTION_INFO_V1(focus_try_unit);
PG_FUNCTION_INFO_V1(focus_unit_block);
PG_FUNCTION_INFO_V1(focus_unit_dimension);
PG_FUNCTION_INFO_V1(focus_unit_factor);
PG_FUNCTION_INFO_V1(focus_convert);

static struct varlena *unit_from_text(const char *text, int length, Node *escontext);
static struct varlena *store_unit(const FocusUnit *unit);
static void open_unit(Datum value, UnitView *view);
static int	compare_units(FunctionCallInfo fcinfo);
static Numeric numeric_from_integer(FocusUnitInteger value);
static Numeric divide(Numeric dividend, Numeric divisor, int decimals);
static Numeric convert(Numeric quantity, const UnitView *from, const UnitView *to);
static void check_convertible(const UnitView *from, const UnitView *to);

/* ---- input and output ---- */

Datum
focus_unit_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	struct varlena *result = unit_from_text(text, strlen(text), FOCUS_ESCONTEXT(fcinfo));

	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(result);
}

Datum
focus_unit_out(PG_FUNCTION_ARGS)
{
	UnitView	unit;

	open_unit(PG_GETARG_DATUM(0), &unit);
	PG_RETURN_CSTRING(pnstrdup(unit.text, unit.text_length));
}

/* A version byte, then the canonical text. */
Datum
focus_unit_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(buffer);
	char	   *text;
	int			length;

	if (version != FOCUS_UNIT_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("unsupported version %d of binary focus_unit", version)));
	text = pq_getmsgtext(buffer, buffer->len - buffer->cursor, &length);
	PG_RETURN_POINTER(unit_from_text(text, length, NULL));
}

Datum
focus_unit_send(PG_FUNCTION_ARGS)
{
	UnitView	unit;
	StringInfoData buffer;

	open_unit(PG_GETARG_DATUM(0), &unit);
	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, FOCUS_UNIT_VERSION);
	pq_sendtext(&buffer, unit.text, unit.text_length);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* ---- comparison ---- */

Datum
focus_unit_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_units(fcinfo) == 0);
}

Datum
focus_unit_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_units(fcinfo) != 0);
}

Datum
focus_unit_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_units(fcinfo) < 0);
}

Datum
focus_unit_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_units(fcinfo) <= 0);
}

Datum
focus_unit_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_units(fcinfo) > 0);
}

Datum
focus_unit_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_units(fcinfo) >= 0);
}

Datum
focus_unit_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare_units(fcinfo));
}

Datum
focus_unit_hash(PG_FUNCTION_ARGS)
{
	UnitView	unit;

	open_unit(PG_GETARG_DATUM(0), &unit);
	return hash_any(unit.key, unit.key_length);
}

Datum
focus_unit_hash_extended(PG_FUNCTION_ARGS)
{
	UnitView	unit;

	open_unit(PG_GETARG_DATUM(0), &unit);
	return hash_any_extended(unit.key, unit.key_length, PG_GETARG_INT64(1));
}

/* ---- what a unit is ---- */

/* NULL for a text that is no unit. */
Datum
focus_try_unit(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);
	FocusUnit	unit;
	FocusUnitError error;

	if (!focus_unit_parse(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), &unit, &error))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(store_unit(&unit));
}

/* The quantity in front of the canonical text, 1 where there is none. */
Datum
focus_unit_block(PG_FUNCTION_ARGS)
{
	UnitView	unit;
	int			length = 0;
	char	   *digits;

	open_unit(PG_GETARG_DATUM(0), &unit);
	while (length < unit.text_length && strchr("0123456789.", unit.text[length]) != NULL)
		length++;
	digits = length > 0 ? pnstrdup(unit.text, length) : pstrdup("1");
	return DirectFunctionCall3(numeric_in, CStringGetDatum(digits),
							   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

Datum
focus_unit_dimension(PG_FUNCTION_ARGS)
{
	UnitView	unit;

	open_unit(PG_GETARG_DATUM(0), &unit);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(unit.dimension, unit.dimension_length));
}

/* The worth of the unit in base units, rounded where no decimal is equal to it. */
Datum
focus_unit_factor(PG_FUNCTION_ARGS)
{
	UnitView	unit;
	char		digits[FOCUS_UNIT_DECIMAL_SIZE];

	open_unit(PG_GETARG_DATUM(0), &unit);
	if (focus_unit_decimal(unit.numerator, unit.denominator, digits))
		return DirectFunctionCall3(numeric_in, CStringGetDatum(digits),
								   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	PG_RETURN_NUMERIC(divide(numeric_from_integer(unit.numerator),
							 numeric_from_integer(unit.denominator), ROUNDED_DECIMALS));
}

/* A quantity counted in one unit, counted in another unit of the same dimension. */
Datum
focus_convert(PG_FUNCTION_ARGS)
{
	Numeric		quantity = PG_GETARG_NUMERIC(0);
	UnitView	from;
	UnitView	to;

	open_unit(PG_GETARG_DATUM(1), &from);
	open_unit(PG_GETARG_DATUM(2), &to);
	check_convertible(&from, &to);
	if (numeric_is_nan(quantity) || numeric_is_inf(quantity))
		PG_RETURN_NUMERIC(quantity);
	PG_RETURN_NUMERIC(convert(quantity, &from, &to));
}

/* ---- the stored value ---- */

/*
 * Parses a text in the server's encoding.  On bad text raises an error, or
 * returns NULL after reporting to escontext.
 */
static struct varlena *
unit_from_text(const char *text, int length, Node *escontext)
{
	FocusUnit	unit;
	FocusUnitError error;

	if (!focus_unit_parse(text, length, &unit, &error))
		ereturn(escontext, NULL,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%.*s\"", "focus_unit",
						pg_mbcliplen(text, length, MESSAGE_BYTES_MAX), text),
				 errdetail("At byte %d: %s", (int) error.offset + 1, error.reason)));
	return store_unit(&unit);
}

static void
store_integer(FocusUnitInteger value, uint8 *bytes)
{
	int			i;

	for (i = INTEGER_BYTES - 1; i >= 0; i--)
	{
		bytes[i] = (uint8) value;
		value >>= 8;
	}
}

static FocusUnitInteger
read_integer(const uint8 *bytes)
{
	FocusUnitInteger value = 0;
	int			i;

	for (i = 0; i < INTEGER_BYTES; i++)
		value = (value << 8) | bytes[i];
	return value;
}

static struct varlena *
store_unit(const FocusUnit *unit)
{
	Size		size = VARHDRSZ + offsetof(StoredUnit, data) +
		unit->dimension_length + unit->text_length;
	struct varlena *result = (struct varlena *) palloc(size);
	StoredUnit *stored = (StoredUnit *) VARDATA(result);

	SET_VARSIZE(result, size);
	stored->version = FOCUS_UNIT_VERSION;
	store_integer(unit->numerator, stored->numerator);
	store_integer(unit->denominator, stored->denominator);
	stored->dimension_length[0] = unit->dimension_length >> 8;
	stored->dimension_length[1] = unit->dimension_length & 0xff;
	memcpy(stored->data, unit->dimension, unit->dimension_length);
	memcpy(stored->data + unit->dimension_length, unit->text, unit->text_length);
	return result;
}

/* Detoasts a value into the current memory context where it has to. */
static void
open_unit(Datum value, UnitView *view)
{
	struct varlena *packed = PG_DETOAST_DATUM_PACKED(value);
	const StoredUnit *stored = (const StoredUnit *) VARDATA_ANY(packed);
	int			size = (int) VARSIZE_ANY_EXHDR(packed) - (int) offsetof(StoredUnit, data);

	if (size >= 0 && stored->version != FOCUS_UNIT_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("unsupported version %d of stored focus_unit", stored->version)));
	if (size >= 0)
		view->dimension_length = stored->dimension_length[0] << 8 | stored->dimension_length[1];
	if (size < 0 || view->dimension_length >= size)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("stored focus_unit is damaged")));
	view->numerator = read_integer(stored->numerator);
	view->denominator = read_integer(stored->denominator);
	if (view->numerator == 0 || view->denominator == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("stored focus_unit is damaged")));
	view->dimension = stored->data;
	view->text = stored->data + view->dimension_length;
	view->text_length = size - view->dimension_length;
	view->key = stored->numerator;
	view->key_length = offsetof(StoredUnit, data) - offsetof(StoredUnit, numerator) +
		view->dimension_length;
}

/* The two arguments: by dimension in byte order, then by factor. */
static int
compare_units(FunctionCallInfo fcinfo)
{
	UnitView	a;
	UnitView	b;
	int			order;

	open_unit(PG_GETARG_DATUM(0), &a);
	open_unit(PG_GETARG_DATUM(1), &b);
	order = memcmp(a.dimension, b.dimension, Min(a.dimension_length, b.dimension_length));
	if (order == 0)
		order = a.dimension_length - b.dimension_length;
	if (order == 0)
		order = focus_unit_compare_factors(a.numerator, a.denominator,
										   b.numerator, b.denominator);
	return order;
}

/* ---- conversion ---- */

/* Whether a dimension has the base unit, above or below the slash. */
static bool
has_base(const UnitView *unit, const char *base)
{
	const char *p = unit->dimension;
	const char *end = unit->dimension + unit->dimension_length;
	size_t		length = strlen(base);

	while (p < end)
	{
		const char *stop = p;

		while (stop < end && *stop != '-' && *stop != '/')
			stop++;
		if (stop - p == length && memcmp(p, base, length) == 0)
			return true;
		p = stop + 1;
	}
	return false;
}

static void
check_convertible(const UnitView *from, const UnitView *to)
{
	bool		calendar;

	if (from->dimension_length == to->dimension_length &&
		memcmp(from->dimension, to->dimension, from->dimension_length) == 0)
		return;
	calendar = (has_base(from, "Month") && has_base(to, "Second")) ||
		(has_base(from, "Second") && has_base(to, "Month"));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("cannot convert from unit \"%.*s\" to unit \"%.*s\"",
					from->text_length, from->text, to->text_length, to->text),
			 errdetail("The first has dimension \"%.*s\", the second \"%.*s\".",
					   from->dimension_length, from->dimension,
					   to->dimension_length, to->dimension),
			 calendar ?
			 errhint("Months and years have no fixed number of days or hours; "
					 "multiply by the length of the period in question.") : 0));
}

static Numeric
numeric_from_digits(const char *digits)
{
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(digits),
											   ObjectIdGetDatum(InvalidOid),
											   Int32GetDatum(-1)));
}

static Numeric
numeric_from_integer(FocusUnitInteger value)
{
	char		digits[FOCUS_UNIT_DECIMAL_SIZE];

	focus_unit_decimal(value, 1, digits);
	return numeric_from_digits(digits);
}

static Numeric
multiply(Numeric a, Numeric b)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_mul, NumericGetDatum(a),
											   NumericGetDatum(b)));
}

/*
 * The quotient at the given number of decimals, rounded half away from zero,
 * without trailing zeros.  The divisor is an integer above zero.
 */
static Numeric
divide(Numeric dividend, Numeric divisor, int decimals)
{
	Numeric		two = int64_to_numeric(2);
	Numeric		quotient;
	Datum		sign = DirectFunctionCall1(numeric_sign, NumericGetDatum(dividend));

	/*
	 * trunc((2 |dividend| 10^decimals + divisor) / (2 divisor)) rounds
	 * exactly
	 */
	quotient = DatumGetNumeric(DirectFunctionCall1(numeric_abs, NumericGetDatum(dividend)));
	quotient = multiply(multiply(quotient, two), numeric_from_digits(psprintf("1e%d", decimals)));
	quotient = DatumGetNumeric(DirectFunctionCall2(numeric_add, NumericGetDatum(quotient),
												   NumericGetDatum(divisor)));
	quotient = DatumGetNumeric(DirectFunctionCall2(numeric_div_trunc, NumericGetDatum(quotient),
												   NumericGetDatum(multiply(divisor, two))));
	quotient = multiply(quotient, numeric_from_digits(psprintf("1e-%d", decimals)));
	quotient = multiply(quotient, DatumGetNumeric(sign));
	return DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale, NumericGetDatum(quotient)));
}

/* How often a prime divides the value, which loses it. */
static int
remove_prime(FocusUnitInteger *value, int prime)
{
	int			count = 0;

	for (; *value % prime == 0; *value /= prime)
		count++;
	return count;
}

/*
 * quantity * from / to, exact where a decimal is equal to it.  The quotient of
 * the factors is (up1 * up2) / (down1 * down2) in lowest terms; each of the
 * four fits an integer, the products need not.
 */
static Numeric
convert(Numeric quantity, const UnitView *from, const UnitView *to)
{
	FocusUnitInteger divisor = focus_unit_common_divisor(from->numerator, to->numerator);
	FocusUnitInteger up1 = from->numerator / divisor;
	FocusUnitInteger down1 = to->numerator / divisor;
	FocusUnitInteger up2;
	FocusUnitInteger down2;
	Numeric		dividend;
	Numeric		divided_by;
	int			twos;
	int			fives;
	int			scale = DatumGetInt32(DirectFunctionCall1(numeric_scale, NumericGetDatum(quantity)));

	divisor = focus_unit_common_divisor(to->denominator, from->denominator);
	up2 = to->denominator / divisor;
	down2 = from->denominator / divisor;
	dividend = multiply(multiply(quantity, numeric_from_integer(up1)), numeric_from_integer(up2));
	divided_by = multiply(numeric_from_integer(down1), numeric_from_integer(down2));

	twos = remove_prime(&down1, 2) + remove_prime(&down2, 2);
	fives = remove_prime(&down1, 5) + remove_prime(&down2, 5);
	if (down1 == 1 && down2 == 1)
		return divide(dividend, divided_by, scale + Max(twos, fives));
	return divide(dividend, divided_by, Max(scale, ROUNDED_DECIMALS));
}
