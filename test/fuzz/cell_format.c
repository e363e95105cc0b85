/*-------------------------------------------------------------------------
 *
 * cell_format.c
 *	  Fuzz harness for the readers of numbers and instants.
 *
 * Any bytes are read within their bounds.  A small number, printed from its
 * mantissa and scale, reads as the same number; so it does with blanks around
 * it, with an exponent of zero, and with the sign turned.  An instant, printed
 * the ISO way, reads as the same instant.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "load/cell_format.h"

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

#define TEXT_SIZE	128

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The number as text with all digits that its scale asks for. */
static void
print_number(const FocusCellNumber *number, bool negate, char *text)
{
	uint64_t	magnitude = number->mantissa < 0 ? -(uint64_t) number->mantissa : (uint64_t) number->mantissa;
	char		digits[TEXT_SIZE];
	int			len = snprintf(digits, sizeof(digits), "%0*" PRIu64, number->scale + 1, magnitude);
	bool		negative = (number->mantissa < 0) != negate;

	snprintf(text, TEXT_SIZE, "%s%.*s%s%s", negative ? "-" : "", len - number->scale, digits,
			 number->scale > 0 ? "." : "", digits + len - number->scale);
}

static void
check_reads_as(const char *text, int64_t mantissa, int scale)
{
	FocusCellNumber number;

	CHECK(focus_cell_decimal(text, strlen(text), &number) == FOCUS_DECIMAL_SMALL);
	CHECK(number.mantissa == mantissa && number.scale == scale);
}

static void
check_number(const char *data, size_t size)
{
	FocusCellNumber number;
	char		text[TEXT_SIZE];
	char		other[TEXT_SIZE + 16];

	if (focus_cell_decimal(data, size, &number) != FOCUS_DECIMAL_SMALL)
		return;
	CHECK(number.scale >= 0 && number.scale <= FOCUS_DECIMAL_MAX_SCALE);
	print_number(&number, false, text);
	check_reads_as(text, number.mantissa, number.scale);
	snprintf(other, sizeof(other), " \t%s ", text);
	check_reads_as(other, number.mantissa, number.scale);
	snprintf(other, sizeof(other), "%se-0", text);
	check_reads_as(other, number.mantissa, number.scale);
	print_number(&number, true, text);
	check_reads_as(text, -number.mantissa, number.scale);
}

static void
check_time(const char *data, size_t size)
{
	int64_t		unix_us;
	int64_t		again;
	int64_t		fraction;
	time_t		seconds;
	struct tm	tm;
	char		text[TEXT_SIZE];

	if (focus_cell_time(data, size, &unix_us) == FOCUS_TIME_BAD)
		return;

	/* 1900 to 9999, and a day for zones and the hour 24 */
	CHECK(unix_us >= INT64_C(-2209075200000000) && unix_us <= INT64_C(253402387200000000));
	fraction = ((unix_us % 1000000) + 1000000) % 1000000;
	seconds = (unix_us - fraction) / 1000000;
	CHECK(gmtime_r(&seconds, &tm) != NULL);
	if (tm.tm_year < 0 || tm.tm_year > 8099)
		return;
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%06" PRId64 "Z", tm.tm_year + 1900,
			 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, fraction);
	CHECK(focus_cell_time(text, strlen(text), &again) == FOCUS_TIME_ISO);
	CHECK(again == unix_us);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool		spelled;

	check_number((const char *) data, size);
	check_time((const char *) data, size);
	if (focus_cell_is_null((const char *) data, size, &spelled))
		CHECK(spelled == (size > 0));
	return 0;
}
