/*-------------------------------------------------------------------------
 *
 * decimal.c
 *	  Between numeric and whole numbers of a stated scale.
 *
 * The insides of a numeric are private to PostgreSQL's numeric.c.  Its binary
 * wire format is not: numeric_send and numeric_recv are the way in and out,
 * and neither rounds.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"

#include "compat.h"
#include "decimal.h"

/* Signs in the wire format */
#define WIRE_POSITIVE		0x0000
#define WIRE_NEGATIVE		0x4000

#define WIRE_HEADER_BYTES	8
#define GROUP_BASE			10000

static const uint32_t power_of_ten[FOCUS_DECIMAL_GROUP] = {1, 10, 100, 1000};

static int
read_uint16(const unsigned char *bytes)
{
	return (bytes[0] << 8) | bytes[1];
}

/*
 * Takes a numeric apart.  The result points into memory of the current
 * context.
 */
FocusDecimal
focus_decimal_open(Numeric value)
{
	bytea	   *wire = DatumGetByteaP(DirectFunctionCall1(numeric_send,
														  NumericGetDatum(value)));
	const unsigned char *bytes = (const unsigned char *) VARDATA(wire);
	int			sign = read_uint16(bytes + 4);
	FocusDecimal decimal;

	decimal.count = read_uint16(bytes);
	decimal.weight = (int16) read_uint16(bytes + 2);
	decimal.finite = sign == WIRE_POSITIVE || sign == WIRE_NEGATIVE;
	decimal.negative = sign == WIRE_NEGATIVE;
	decimal.scale = read_uint16(bytes + 6);
	decimal.digits = bytes + WIRE_HEADER_BYTES;
	return decimal;
}

/*
 * The exponent, of 10000, of the last digit.  The value is not zero.
 */
int
focus_decimal_lowest(const FocusDecimal *decimal)
{
	return decimal->weight - decimal->count + 1;
}

/*
 * The smallest scale that holds the value exactly.
 */
int
focus_decimal_min_scale(const FocusDecimal *decimal)
{
	int			scale;
	int			last;

	if (decimal->count == 0)
		return 0;
	scale = -focus_decimal_lowest(decimal) * FOCUS_DECIMAL_GROUP;
	last = read_uint16(decimal->digits + (decimal->count - 1) * 2);
	for (; scale > 0 && last % 10 == 0; last /= 10)
		scale--;
	return Max(scale, 0);
}

/*
 * An upper bound of the decimal digits of the value in units of 10^-scale.
 */
int
focus_decimal_digits(const FocusDecimal *decimal, int scale)
{
	if (decimal->count == 0)
		return 0;
	return Max((decimal->weight + 1) * FOCUS_DECIMAL_GROUP + scale, 0);
}

/*
 * Sets limbs to the magnitude in units of 10^-scale.  The scale, which may be
 * negative, is at least what the value needs, and the digits fit the limbs.
 */
void
focus_decimal_to_limbs(const FocusDecimal *decimal, int scale,
					   uint32_t *limbs, int count)
{
	uint32_t	carry = 0;
	int			exponent;
	int			i;

	memset(limbs, 0, sizeof(uint32_t) * count);
	if (decimal->count == 0)
		return;

	for (i = 0; i < decimal->count; i++)
		carry |= focus_limbs_multiply_small(limbs, count, GROUP_BASE,
											read_uint16(decimal->digits + i * 2));

	exponent = focus_decimal_lowest(decimal) * FOCUS_DECIMAL_GROUP + scale;
	for (; exponent >= FOCUS_DECIMAL_GROUP; exponent -= FOCUS_DECIMAL_GROUP)
		carry |= focus_limbs_multiply_small(limbs, count, GROUP_BASE, 0);
	if (exponent > 0)
		carry |= focus_limbs_multiply_small(limbs, count, power_of_ten[exponent], 0);
	else if (exponent > -FOCUS_DECIMAL_GROUP)
		carry |= focus_limbs_divide_small(limbs, count, power_of_ten[-exponent]);

	if (carry != 0 || exponent <= -FOCUS_DECIMAL_GROUP)
		elog(ERROR, "number does not fit %d limbs at scale %d", count, scale);
}

/*
 * The numeric of limbs * 10^-scale, showing scale digits after the point.
 * Result in the current context.
 */
Numeric
focus_decimal_from_limbs(const uint32_t *limbs, int count, bool negative, int scale)
{
	int			fraction_groups = (scale + FOCUS_DECIMAL_GROUP - 1) / FOCUS_DECIMAL_GROUP;
	int			length = focus_limbs_length(limbs, count);
	uint32_t   *rest = palloc(sizeof(uint32_t) * (length + 1));
	int			groups_max = (length + 1) * 3;	/* 10000^3 > 2^32 */
	char	   *wire = palloc(WIRE_HEADER_BYTES + groups_max * 2);
	char	   *place = wire + WIRE_HEADER_BYTES + groups_max * 2;
	int			groups = 0;
	uint16		header[4];
	StringInfoData buffer;
	Datum		result;

	memcpy(rest, limbs, sizeof(uint32_t) * length);
	rest[length] = 0;
	focus_limbs_multiply_small(rest, length + 1,
							   power_of_ten[fraction_groups * FOCUS_DECIMAL_GROUP - scale], 0);
	for (length = focus_limbs_length(rest, length + 1); length > 0;
		 length = focus_limbs_length(rest, length))
	{
		uint16		group = pg_hton16(focus_limbs_divide_small(rest, length, GROUP_BASE));

		place -= 2;
		memcpy(place, &group, 2);
		groups++;
	}

	header[0] = pg_hton16(groups);
	header[1] = pg_hton16((uint16) (groups - 1 - fraction_groups));
	header[2] = pg_hton16(negative && groups > 0 ? WIRE_NEGATIVE : WIRE_POSITIVE);
	header[3] = pg_hton16(scale);
	place -= WIRE_HEADER_BYTES;
	memcpy(place, header, WIRE_HEADER_BYTES);

	buffer.data = place;
	buffer.len = WIRE_HEADER_BYTES + groups * 2;
	buffer.maxlen = buffer.len;
	buffer.cursor = 0;
	result = DirectFunctionCall3(numeric_recv, PointerGetDatum(&buffer),
								 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	pfree(wire);
	pfree(rest);
	return DatumGetNumeric(result);
}
