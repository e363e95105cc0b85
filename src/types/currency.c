/*-------------------------------------------------------------------------
 *
 * currency.c
 *	  Finds a currency by its code.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "types/currency.h"
#include "types/currency_table.h"

/*
 * The currency with the code, in any case, or NULL.  The result is constant.
 * Withdrawn currencies are found too.
 */
const FocusCurrency *
focus_currency_find(const char *code, size_t length)
{
	char		upper[4] = "";
	size_t		low = 0;
	size_t		high = sizeof(currencies) / sizeof(currencies[0]);
	size_t		i;

	if (length != 3)
		return NULL;
	for (i = 0; i < 3; i++)
		upper[i] = code[i] >= 'a' && code[i] <= 'z' ? code[i] - ('a' - 'A') : code[i];
	while (low < high)
	{
		size_t		middle = (low + high) / 2;
		int			order = memcmp(upper, currencies[middle].code, 3);

		if (order == 0)
			return &currencies[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
