/*-------------------------------------------------------------------------
 *
 * cell_format.c
 *	  Text of a cell -> number or instant, without PostgreSQL.
 *
 * Numbers follow the FOCUS NumericFormat attribute: an optional minus sign,
 * digits, an optional fraction, an optional exponent.  A plus sign in the
 * exponent and blanks around the number, which real files have, are read too.
 * Thousands separators, currency signs, NaN and infinity are not numbers.
 *
 * What FOCUS does not allow and is read all the same is told to the caller, who
 * reports it.
 *
 * Instants are UTC when no zone is written.  M/D/Y is read as month, day,
 * year, whatever the server's DateStyle, because all known writers of slashes
 * are American.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "load/cell_format.h"

#define MAX_NUMBER_LENGTH	1000
#define MAX_EXPONENT		1000

#define SECONDS_PER_DAY		86400
#define US_PER_SECOND		INT64_C(1000000)

typedef struct Scanner
{
	const char *p;
	const char *end;
} Scanner;

/* A time of day */
typedef struct Clock
{
	int64_t		us;
	bool		is_usual;		/* with seconds, and not 24:00:00 */
	bool		is_cut;			/* there was more than microseconds */
} Clock;

typedef struct Zone
{
	int			offset_s;
	bool		is_z;
	bool		is_told;		/* there is one */
} Zone;

static bool scan_number(Scanner *s, int digits_min, int digits_max, int *value);
static bool scan_char(Scanner *s, char c);
static bool scan_iso_date(Scanner *s, int *year, int *month, int *day);
static bool scan_us_date(Scanner *s, int *year, int *month, int *day);
static bool scan_clock(Scanner *s, Clock *clock);
static bool scan_zone(Scanner *s, Zone *zone);
static bool date_is_valid(int year, int month, int day);
static int64_t days_from_epoch(int year, int month, int day);
static void trim(const char **text, size_t *len);

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * Reads a number.  For FOCUS_DECIMAL_SMALL, *decimal holds its exact value;
 * for FOCUS_DECIMAL_LARGE numeric_in() accepts the (trimmed) text.
 */
FocusDecimalClass
focus_cell_decimal(const char *text, size_t len, FocusCellNumber *decimal)
{
	const char *p;
	const char *end;
	bool		negative = false;
	uint64_t	mantissa = 0;
	int			digits = 0;		/* significant ones */
	int			seen = 0;
	int			scale = 0;
	long		exponent = 0;
	size_t		untrimmed_len = len;

	trim(&text, &len);
	decimal->is_lenient = (len != untrimmed_len);
	p = text;
	end = text + len;

	if (p < end && *p == '-')
	{
		negative = true;
		p++;
	}
	for (; p < end && is_digit(*p); p++, seen++)
	{
		if (digits > 0 || *p != '0')
			digits++;
		if (digits <= FOCUS_DECIMAL_MAX_DIGITS)
			mantissa = mantissa * 10 + (uint64_t) (*p - '0');
	}
	if (p < end && *p == '.')
	{
		for (p++; p < end && is_digit(*p); p++, seen++, scale++)
		{
			if (digits > 0 || *p != '0')
				digits++;
			if (digits <= FOCUS_DECIMAL_MAX_DIGITS)
				mantissa = mantissa * 10 + (uint64_t) (*p - '0');
		}
	}
	if (seen == 0)
		return FOCUS_DECIMAL_BAD;

	if (p < end && (*p == 'e' || *p == 'E'))
	{
		bool		exponent_negative = false;
		const char *first;

		p++;
		if (p < end && (*p == '-' || *p == '+'))
		{
			exponent_negative = (*p == '-');
			decimal->is_lenient |= (*p++ == '+');
		}
		for (first = p; p < end && is_digit(*p); p++)
		{
			if (exponent <= MAX_EXPONENT)
				exponent = exponent * 10 + (*p - '0');
		}
		if (p == first)
			return FOCUS_DECIMAL_BAD;
		if (exponent_negative)
			exponent = -exponent;
	}
	if (p != end)
		return FOCUS_DECIMAL_BAD;
	if (len > MAX_NUMBER_LENGTH || exponent > MAX_EXPONENT || exponent < -MAX_EXPONENT)
		return FOCUS_DECIMAL_EXCESSIVE;

	/* numeric drops digits beyond the point as the exponent rises */
	scale -= (int) exponent;
	while (scale < 0 && digits < FOCUS_DECIMAL_MAX_DIGITS)
	{
		mantissa *= 10;
		if (mantissa != 0)
			digits++;
		scale++;
	}
	if (digits > FOCUS_DECIMAL_MAX_DIGITS || scale < 0 || scale > FOCUS_DECIMAL_MAX_SCALE)
		return FOCUS_DECIMAL_LARGE;

	decimal->mantissa = negative ? -(int64_t) mantissa : (int64_t) mantissa;
	decimal->scale = scale;
	return FOCUS_DECIMAL_SMALL;
}

/*
 * Reads an instant as microseconds since 1970-01-01 00:00:00 UTC.  Digits
 * beyond the microsecond are cut off.
 */
FocusTimeForm
focus_cell_time(const char *text, size_t len, int64_t *unix_us)
{
	FocusTimeForm form = FOCUS_TIME_ISO;
	Scanner		s;
	int			year,
				month,
				day;
	int64_t		clock_us = 0;
	int			offset_s = 0;
	size_t		untrimmed_len = len;

	trim(&text, &len);
	s.p = text;
	s.end = text + len;

	if (!scan_iso_date(&s, &year, &month, &day))
	{
		s.p = text;
		if (!scan_us_date(&s, &year, &month, &day))
			return FOCUS_TIME_BAD;
		form = FOCUS_TIME_US_DATE;
	}
	if (!date_is_valid(year, month, day))
		return FOCUS_TIME_BAD;

	if (s.p == s.end)
	{
		if (form == FOCUS_TIME_ISO)
			form = FOCUS_TIME_DATE_ONLY;
	}
	else
	{
		bool		has_t = (*s.p == 'T');
		Clock		clock;
		Zone		zone;

		if (*s.p != 'T' && *s.p != ' ')
			return FOCUS_TIME_BAD;
		s.p++;
		if (!scan_clock(&s, &clock) || !scan_zone(&s, &zone) || s.p != s.end)
			return FOCUS_TIME_BAD;
		clock_us = clock.us;
		offset_s = zone.offset_s;
		if (form == FOCUS_TIME_ISO && !zone.is_told)
			form = FOCUS_TIME_NO_ZONE;
		else if (form == FOCUS_TIME_ISO && clock.is_cut)
			form = FOCUS_TIME_CUT;
		else if (form == FOCUS_TIME_ISO && !(has_t && clock.is_usual && zone.is_z))
			form = FOCUS_TIME_LENIENT;
	}
	if (form == FOCUS_TIME_ISO && len != untrimmed_len)
		form = FOCUS_TIME_LENIENT;

	*unix_us = (days_from_epoch(year, month, day) * SECONDS_PER_DAY - offset_s) * US_PER_SECOND + clock_us;
	return form;
}

/*
 * Is the cell a null?  An empty cell is one, and so are the words that
 * exporters write for it; *spelled tells the latter.
 */
bool
focus_cell_is_null(const char *text, size_t len, bool *spelled)
{
	*spelled = false;
	if (len == 0)
		return true;
	if ((len == 4 && (memcmp(text, "NULL", 4) == 0 || memcmp(text, "null", 4) == 0)) ||
		(len == 6 && (memcmp(text, "(null)", 6) == 0 || memcmp(text, "(NULL)", 6) == 0)))
		*spelled = true;
	return *spelled;
}

static bool
scan_number(Scanner *s, int digits_min, int digits_max, int *value)
{
	int			n = 0;

	*value = 0;
	while (n < digits_max && s->p < s->end && is_digit(*s->p))
	{
		*value = *value * 10 + (*s->p++ - '0');
		n++;
	}
	return n >= digits_min;
}

static bool
scan_char(Scanner *s, char c)
{
	if (s->p >= s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

static bool
scan_iso_date(Scanner *s, int *year, int *month, int *day)
{
	return scan_number(s, 4, 4, year) && scan_char(s, '-') &&
		scan_number(s, 2, 2, month) && scan_char(s, '-') &&
		scan_number(s, 2, 2, day);
}

static bool
scan_us_date(Scanner *s, int *year, int *month, int *day)
{
	const char *first;

	if (!(scan_number(s, 1, 2, month) && scan_char(s, '/') &&
		  scan_number(s, 1, 2, day) && scan_char(s, '/')))
		return false;
	first = s->p;
	if (!scan_number(s, 2, 4, year) || s->p - first == 3)
		return false;
	if (s->p - first == 2)
		*year += 2000;
	return true;
}

/* hh:mm[:ss[.fraction]], and 24:00:00 for the end of the day */
static bool
scan_clock(Scanner *s, Clock *clock)
{
	int			hour,
				minute,
				second = 0;
	int64_t		fraction_us = 0;

	if (!(scan_number(s, 2, 2, &hour) && scan_char(s, ':') && scan_number(s, 2, 2, &minute)))
		return false;
	clock->is_cut = false;
	clock->is_usual = scan_char(s, ':');
	if (clock->is_usual)
	{
		if (!scan_number(s, 2, 2, &second))
			return false;
		if (scan_char(s, '.'))
		{
			int64_t		unit = US_PER_SECOND / 10;
			const char *first = s->p;

			for (; s->p < s->end && is_digit(*s->p); s->p++, unit /= 10)
			{
				fraction_us += unit * (*s->p - '0');
				clock->is_cut |= (unit == 0 && *s->p != '0');
			}
			if (s->p == first)
				return false;
		}
	}
	clock->is_usual &= (hour != 24);
	clock->us = ((hour * 60 + minute) * 60 + second) * US_PER_SECOND + fraction_us;
	return minute <= 59 && second <= 59 && clock->us <= SECONDS_PER_DAY * US_PER_SECOND;
}

/* Z, UTC, +hh, +hhmm, +hh:mm, "+0000 UTC" or nothing, perhaps after a blank */
static bool
scan_zone(Scanner *s, Zone *zone)
{
	int			sign;
	int			hours,
				minutes = 0;

	zone->offset_s = 0;
	zone->is_told = (s->p < s->end);
	zone->is_z = scan_char(s, 'Z');
	if (zone->is_z || !zone->is_told)
		return true;

	(void) scan_char(s, ' ');
	if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
	{
		sign = (*s->p++ == '-') ? -1 : 1;
		if (!scan_number(s, 2, 2, &hours))
			return false;
		if (scan_char(s, ':') || (s->p < s->end && is_digit(*s->p)))
		{
			if (!scan_number(s, 2, 2, &minutes))
				return false;
		}
		if (hours > 15 || minutes > 59)
			return false;
		zone->offset_s = sign * (hours * 60 + minutes) * 60;
		if (s->p == s->end)
			return true;
		if (!scan_char(s, ' '))
			return false;
	}
	if (s->end - s->p != 3 || memcmp(s->p, "UTC", 3) != 0)
		return false;
	s->p += 3;
	return true;
}

static bool
date_is_valid(int year, int month, int day)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool		leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (year < 1900 || month < 1 || month > 12 || day < 1)
		return false;
	return day <= days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* Days since 1970-01-01 in the Gregorian calendar; years begin in March. */
static int64_t
days_from_epoch(int year, int month, int day)
{
	int64_t		y = year - (month <= 2 ? 1 : 0);
	int64_t		era_day = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return y * 365 + y / 4 - y / 100 + y / 400 + era_day - 719468;
}

static void
trim(const char **text, size_t *len)
{
	while (*len > 0 && (**text == ' ' || **text == '\t'))
	{
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && ((*text)[*len - 1] == ' ' || (*text)[*len - 1] == '\t'))
		(*len)--;
}
