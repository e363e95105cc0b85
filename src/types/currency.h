/*-------------------------------------------------------------------------
 *
 * currency.h
 *	  Currencies of ISO 4217, without a server.
 *
 * Pure C: never includes postgres.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_CURRENCY_H
#define FOCUS_CURRENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct FocusCurrency
{
	char		code[4];		/* upper case, with NUL */
	int16_t		numeric_code;
	int8_t		minor_units;	/* decimals, -1 where there are none to speak
								 * of */
	bool		is_active;		/* false: withdrawn */
	const char *name;
} FocusCurrency;

extern const FocusCurrency *focus_currency_find(const char *code, size_t length);

#endif							/* FOCUS_CURRENCY_H */
