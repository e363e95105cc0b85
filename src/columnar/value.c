/*-------------------------------------------------------------------------
 *
 * value.c
 *	  Between datums and what a group's body stores.
 *
 * Numbers are taken out of a numeric's digits and put back without numeric's
 * functions, which would take several times as long.  What is relied on is
 * the short form of a numeric on disk, which PostgreSQL cannot change without
 * breaking pg_upgrade:
 *
 *	uint16	0x8000, 0x2000 where negative, 6 bits from 0x0080 on of decimals
 *			shown, 7 bits of weight in two's complement
 *	int16[]	digits to the base of 10,000, first and last one not zero; digit i
 *			stands for digit * 10000^(weight - i)
 *
 * Everything that 64 bits and 63 decimals can hold has that form.  A numeric
 * of any other form, or one whose bytes differ from those that would be put
 * back, is none of ours: focus_value_to_decimal() compares them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "utils/lsyscache.h"

#include "columnar/value.h"
#include "compat.h"

#define NUMERIC_FORM_MASK		0xC000
#define NUMERIC_FORM_SHORT		0x8000
#define NUMERIC_SHORT_NEGATIVE	0x2000
#define NUMERIC_SHORT_SCALE(header) (((header) >> 7) & 0x3F)
#define NUMERIC_SHORT_WEIGHT(header) (((int) ((header) & 0x7F) ^ 0x40) - 0x40)

#define DIGIT_BASE		10000
#define DIGIT_DECIMALS	4
/* Digits that 64 bits can need, three decimals being lost to alignment */
#define DIGITS_MAX		6
#define SCALE_MAX		63

static const uint64 power_of_ten[] = {
	UINT64CONST(1), UINT64CONST(10), UINT64CONST(100), UINT64CONST(1000),
	UINT64CONST(10000), UINT64CONST(100000), UINT64CONST(1000000),
	UINT64CONST(10000000), UINT64CONST(100000000), UINT64CONST(1000000000),
	UINT64CONST(10000000000), UINT64CONST(100000000000),
	UINT64CONST(1000000000000), UINT64CONST(10000000000000),
	UINT64CONST(100000000000000), UINT64CONST(1000000000000000),
	UINT64CONST(10000000000000000), UINT64CONST(100000000000000000),
	UINT64CONST(1000000000000000000), UINT64CONST(10000000000000000000)
};

static bool read_magnitude(const char *digits, int count, int exponent, uint64 *magnitude);
static Size write_payload(int64 number, int scale, int shown, char *dest);

FocusBodyKind
focus_value_kind(Form_pg_attribute att)
{
	if (att->attbyval)
		return FOCUS_BODY_INT;
	if (OidIsValid(att->atttypid) && getBaseType(att->atttypid) == NUMERICOID)
		return FOCUS_BODY_DECIMAL;
	return FOCUS_BODY_BYTES;
}

int64
focus_value_to_int(Datum value, int attlen)
{
	switch (attlen)
	{
		case 1:
			return (int8) DatumGetChar(value);
		case 2:
			return DatumGetInt16(value);
		case 4:
			return DatumGetInt32(value);
		case 8:
			return DatumGetInt64(value);
		default:
			elog(ERROR, "by-value type of %d bytes", attlen);
	}
}

/*
 * The datum is as the type's functions make it, the bits beyond its length
 * included: bool is 0 or 1, and char is signed or not as the platform has it.
 */
Datum
focus_value_from_int(int64 number, int attlen)
{
	switch (attlen)
	{
		case 1:
			return CharGetDatum((char) number);
		case 2:
			return Int16GetDatum((int16) number);
		case 4:
			return Int32GetDatum((int32) number);
		case 8:
			return Int64GetDatum(number);
		default:
			elog(ERROR, "by-value type of %d bytes", attlen);
	}
}

/*
 * The value may have a short length word, but it is inline and uncompressed.
 */
bool
focus_value_to_decimal(Numeric value, int64 *number, uint8 *scale)
{
	const struct varlena *datum = (const struct varlena *) value;
	const char *payload = VARDATA_ANY(datum);
	Size		size = VARSIZE_ANY_EXHDR(datum);
	int			count = (int) (size / sizeof(int16)) - 1;
	char		again[FOCUS_VALUE_DECIMAL_SIZE];
	uint16		header;
	uint64		magnitude;
	bool		negative;

	if (count < 0 || count > DIGITS_MAX)
		return false;
	memcpy(&header, payload, sizeof(header));
	if ((header & NUMERIC_FORM_MASK) != NUMERIC_FORM_SHORT)
		return false;
	*scale = NUMERIC_SHORT_SCALE(header);
	negative = (header & NUMERIC_SHORT_NEGATIVE) != 0;
	if (!read_magnitude(payload + sizeof(header), count,
						(NUMERIC_SHORT_WEIGHT(header) - count + 1) * DIGIT_DECIMALS + *scale,
						&magnitude))
		return false;
	if (magnitude > (uint64) PG_INT64_MAX + (negative ? 1 : 0))
		return false;
	*number = (int64) (negative ? -magnitude : magnitude);
	return write_payload(*number, *scale, *scale, again) == size &&
		memcmp(again, payload, size) == 0;
}

Size
focus_value_from_decimal(int64 number, int scale, int shown, char *dest)
{
	Size		size = VARHDRSZ + write_payload(number, scale, shown, dest + VARHDRSZ);

	SET_VARSIZE(dest, size);
	return size;
}

Size
focus_value_bytes_size(Form_pg_attribute att, Size length)
{
	return att->attlen > 0 ? (Size) att->attlen : VARHDRSZ + length;
}

/*
 * A value of a fixed length that has another one is damage.
 */
Datum
focus_value_from_bytes(Form_pg_attribute att, const char *bytes, Size length, char *dest)
{
	if (att->attlen > 0)
	{
		if (length != (Size) att->attlen)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("value of column \"%s\" has %zu bytes instead of %d",
							NameStr(att->attname), length, att->attlen)));
		memcpy(dest, bytes, length);
	}
	else
	{
		SET_VARSIZE(dest, VARHDRSZ + length);
		if (length > 0)			/* there may be no bytes at all to point to */
			memcpy(dest + VARHDRSZ, bytes, length);
	}
	return PointerGetDatum(dest);
}

/*
 * The digits times 10^exponent, exponent being that of the last digit.  False
 * where the result is no integer of 64 bits.
 */
static bool
read_magnitude(const char *digits, int count, int exponent, uint64 *magnitude)
{
	uint64		result = 0;
	uint64		step = DIGIT_BASE;
	uint64		cut = 1;

	if (count > 0 && (exponent <= -DIGIT_DECIMALS || exponent >= (int) lengthof(power_of_ten)))
		return false;
	for (int i = 0; i < count; i++)
	{
		uint16		digit;

		memcpy(&digit, digits + i * sizeof(digit), sizeof(digit));
		if (i == count - 1 && exponent < 0)
		{
			/* of the last digit only the front is in front of the point */
			cut = power_of_ten[-exponent];
			step = DIGIT_BASE / cut;
		}
		if (digit >= DIGIT_BASE || digit % cut != 0 ||
			pg_mul_u64_overflow(result, step, &result) ||
			pg_add_u64_overflow(result, digit / cut, &result))
			return false;
	}
	*magnitude = result;
	return count == 0 || exponent <= 0 ||
		!pg_mul_u64_overflow(result, power_of_ten[exponent], magnitude);
}

/*
 * What follows the length word of the numeric number / 10^scale; returns its
 * size.
 */
static Size
write_payload(int64 number, int scale, int shown, char *dest)
{
	uint64		rest = number < 0 ? -(uint64) number : (uint64) number;
	int			weight = -((scale + DIGIT_DECIMALS - 1) / DIGIT_DECIMALS);
	int			in_last = scale % DIGIT_DECIMALS;
	int16		digits[DIGITS_MAX];
	int			count = 0;
	int			skipped = 0;
	uint16		header;

	Assert(scale >= 0 && scale <= SCALE_MAX && shown >= 0 && shown <= SCALE_MAX);

	/* backwards; the last digit has decimals of its own, the others four */
	if (in_last > 0 && rest > 0)
	{
		digits[count++] = (rest % power_of_ten[in_last]) * power_of_ten[DIGIT_DECIMALS - in_last];
		rest /= power_of_ten[in_last];
	}
	for (; rest > 0; rest /= DIGIT_BASE)
		digits[count++] = rest % DIGIT_BASE;
	weight += count - 1;
	while (skipped < count && digits[skipped] == 0)
		skipped++;
	if (skipped == count)
		weight = 0;

	header = NUMERIC_FORM_SHORT | (number < 0 ? NUMERIC_SHORT_NEGATIVE : 0) |
		(shown << 7) | (weight & 0x7F);
	memcpy(dest, &header, sizeof(header));
	for (int i = count - 1; i >= skipped; i--)
	{
		dest += sizeof(header);
		memcpy(dest, &digits[i], sizeof(int16));
	}
	return sizeof(header) + (count - skipped) * sizeof(int16);
}
