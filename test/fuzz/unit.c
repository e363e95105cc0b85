/*-------------------------------------------------------------------------
 *
 * unit.c
 *	  Fuzz harness for the unit parser.
 *
 * Any bytes are either refused with a reason inside the text, or give a unit
 * whose canonical text parses to the very same unit.
 *
 *-------------------------------------------------------------------------
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "types/unit.h"

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FocusUnit	unit;
	FocusUnit	again;
	FocusUnitError error = {0, NULL};
	FocusUnitInteger limit = ((FocusUnitInteger) 1) << 120;
	char		digits[FOCUS_UNIT_DECIMAL_SIZE];

	if (!focus_unit_parse((const char *) data, size, &unit, &error))
	{
		CHECK(error.reason != NULL && error.offset <= size);
		CHECK(!focus_unit_token_factor((const char *) data, size, digits, &error));
		return 0;
	}
	CHECK(unit.text_length == strlen(unit.text) && unit.text_length > 0);
	CHECK(unit.dimension_length == strlen(unit.dimension) && unit.dimension_length > 0);
	CHECK(unit.numerator > 0 && unit.numerator < limit);
	CHECK(unit.denominator > 0 && unit.denominator < limit);
	CHECK(focus_unit_common_divisor(unit.numerator, unit.denominator) == 1);
	CHECK(focus_unit_parse(unit.text, unit.text_length, &again, &error));
	CHECK(strcmp(unit.text, again.text) == 0);
	CHECK(strcmp(unit.dimension, again.dimension) == 0);
	CHECK(unit.numerator == again.numerator && unit.denominator == again.denominator);
	CHECK(focus_unit_compare_factors(unit.numerator, unit.denominator,
									 again.numerator, again.denominator) == 0);
	focus_unit_decimal(unit.numerator, unit.denominator, digits);
	focus_unit_token_factor(unit.text, unit.text_length, digits, &error);
	return 0;
}
