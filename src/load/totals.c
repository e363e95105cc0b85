/*-------------------------------------------------------------------------
 *
 * totals.c
 *	  Exact sums of a load's costs by currency.
 *
 * The sums are numeric and added by numeric's own code.  Costs that come as
 * decimals are added up in 64 bits first, one sum for each scale, until that is
 * full or the sum is asked for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "compat.h"
#include "load/totals.h"

/* ISO 4217: no currency involved; here: the cell was empty */
#define NO_CURRENCY "XXX"
#define CURRENCY_LENGTH 3

/* Sums of decimals, by scale, which are not yet in the sum that is numeric */
typedef struct PartialSums
{
	uint32		used;			/* bit i: there is one of scale i */
	int64		sums[FOCUS_DECIMAL_MAX_SCALE + 1];
} PartialSums;

typedef struct CurrencyTotal
{
	char		currency[CURRENCY_LENGTH + 1];
	int64		rows;
	Numeric		sums[FOCUS_TOTALS_COSTS];
	PartialSums partial[FOCUS_TOTALS_COSTS];
} CurrencyTotal;

struct FocusTotals
{
	MemoryContext context;
	int			count;
	int			max;
	CurrencyTotal *entries;
};

static const char *const cost_names[FOCUS_TOTALS_COSTS] = {"billedcost", "effectivecost"};

static CurrencyTotal *get_entry(FocusTotals *totals, const char *currency, size_t len);
static void add_decimal(FocusTotals *totals, CurrencyTotal *entry, int cost, const FocusCellNumber *decimal);
static void complete_sums(FocusTotals *totals);
static void add_numeric(FocusTotals *totals, Numeric *sum, Numeric value);
static JsonbValue string_value(const char *text);

/* Lives in the current memory context. */
FocusTotals *
focus_totals_create(void)
{
	FocusTotals *totals = palloc0(sizeof(FocusTotals));

	totals->context = CurrentMemoryContext;
	totals->max = 4;
	totals->entries = palloc(totals->max * sizeof(CurrencyTotal));
	return totals;
}

/*
 * Adds a row: its currency of three letters (no length when empty) and its
 * costs, NULLs being left out of the sums.
 */
void
focus_totals_add(FocusTotals *totals, const char *currency, size_t len, const FocusTotalsCost *costs)
{
	CurrencyTotal *entry = len > 0 ? get_entry(totals, currency, len) :
		get_entry(totals, NO_CURRENCY, CURRENCY_LENGTH);

	entry->rows++;
	for (int i = 0; i < FOCUS_TOTALS_COSTS; i++)
	{
		if (costs[i].isnull)
			continue;
		if (costs[i].is_decimal)
			add_decimal(totals, entry, i, &costs[i].decimal);
		else
			add_numeric(totals, &entry->sums[i], costs[i].value);
	}
}

void
focus_totals_merge(FocusTotals *totals, FocusTotals *other)
{
	complete_sums(other);
	for (int i = 0; i < other->count; i++)
	{
		CurrencyTotal *entry = get_entry(totals, other->entries[i].currency, CURRENCY_LENGTH);

		entry->rows += other->entries[i].rows;
		for (int k = 0; k < FOCUS_TOTALS_COSTS; k++)
		{
			if (other->entries[i].sums[k] != NULL)
				add_numeric(totals, &entry->sums[k], other->entries[i].sums[k]);
		}
	}
}

/*
 * {"USD": {"rows": 3, "billedcost": 1.20, "effectivecost": 1.10}, ...}; a sum
 * over no value is null.
 */
Jsonb *
focus_totals_jsonb(FocusTotals *totals)
{
	JsonbParseState *state = NULL;
	JsonbValue *result;

	complete_sums(totals);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < totals->count; i++)
	{
		const CurrencyTotal *entry = &totals->entries[i];
		JsonbValue	value = string_value(entry->currency);

		pushJsonbValue(&state, WJB_KEY, &value);
		pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		value = string_value("rows");
		pushJsonbValue(&state, WJB_KEY, &value);
		value.type = jbvNumeric;
		value.val.numeric = int64_to_numeric(entry->rows);
		pushJsonbValue(&state, WJB_VALUE, &value);
		for (int k = 0; k < FOCUS_TOTALS_COSTS; k++)
		{
			value = string_value(cost_names[k]);
			pushJsonbValue(&state, WJB_KEY, &value);
			value.type = entry->sums[k] != NULL ? jbvNumeric : jbvNull;
			if (entry->sums[k] != NULL)
				value.val.numeric = entry->sums[k];
			pushJsonbValue(&state, WJB_VALUE, &value);
		}
		pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	result = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(result);
}

static CurrencyTotal *
get_entry(FocusTotals *totals, const char *currency, size_t len)
{
	CurrencyTotal *entry;

	if (len != CURRENCY_LENGTH)
		elog(ERROR, "currency of %zu bytes", len);
	for (int i = 0; i < totals->count; i++)
	{
		if (memcmp(totals->entries[i].currency, currency, CURRENCY_LENGTH) == 0)
			return &totals->entries[i];
	}
	if (totals->count == totals->max)
	{
		totals->max *= 2;
		totals->entries = repalloc(totals->entries, totals->max * sizeof(CurrencyTotal));
	}
	entry = &totals->entries[totals->count++];
	memset(entry, 0, sizeof(*entry));
	memcpy(entry->currency, currency, CURRENCY_LENGTH);
	return entry;
}

static void
add_decimal(FocusTotals *totals, CurrencyTotal *entry, int cost, const FocusCellNumber *decimal)
{
	PartialSums *partial = &entry->partial[cost];
	int64		sum;

	if (pg_add_s64_overflow(partial->sums[decimal->scale], decimal->mantissa, &sum))
	{
		complete_sums(totals);
		sum = decimal->mantissa;
	}
	partial->sums[decimal->scale] = sum;
	partial->used |= (uint32) 1 << decimal->scale;
}

/* Puts the partial sums into those that are numeric. */
static void
complete_sums(FocusTotals *totals)
{
	for (int i = 0; i < totals->count; i++)
	{
		for (int k = 0; k < FOCUS_TOTALS_COSTS; k++)
		{
			PartialSums *partial = &totals->entries[i].partial[k];

			for (int scale = 0; scale <= FOCUS_DECIMAL_MAX_SCALE; scale++)
			{
				if ((partial->used & ((uint32) 1 << scale)) != 0)
					add_numeric(totals, &totals->entries[i].sums[k],
								int64_div_fast_to_numeric(partial->sums[scale], scale));
			}
			memset(partial, 0, sizeof(*partial));
		}
	}
}

static void
add_numeric(FocusTotals *totals, Numeric *sum, Numeric value)
{
	MemoryContext caller = MemoryContextSwitchTo(totals->context);
	Numeric		old = *sum;

	if (old == NULL)
		*sum = DatumGetNumericCopy(NumericGetDatum(value));
	else
	{
		*sum = DatumGetNumeric(DirectFunctionCall2(numeric_add, NumericGetDatum(old), NumericGetDatum(value)));
		pfree(old);
	}
	MemoryContextSwitchTo(caller);
}

static JsonbValue
string_value(const char *text)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = (char *) text;
	value.val.string.len = strlen(text);
	return value;
}
