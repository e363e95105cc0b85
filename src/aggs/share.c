/*-------------------------------------------------------------------------
 *
 * share.c
 *	  Window functions that split an amount over the rows of a partition.
 *
 * At its first row a partition is read once, split as a whole by split.c, and
 * the parts are kept, as limbs, in memory of the partition; each row then
 * takes its own.  The frame clause plays no part, as with row_number().
 *
 * Memory is linear in the rows of the partition: while splitting about 100
 * bytes a row for ordinary amounts and weights, afterwards the parts alone.
 * It is not bounded by work_mem, as a partition cannot be split in pieces.
 *
 * All functions share one body; they differ in how a row's weight is made,
 * which ShareFunction describes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "windowapi.h"

#include "compat.h"
#include "decimal.h"
#include "split.h"

/* The scale when none is given is this, or the amount's own if larger. */
#define SHARE_SCALE_DEFAULT		12
#define SHARE_SCALE_MAX			FOCUS_SPLIT_DIGITS_MAX

/* Price of a core-hour in GiB-hours, when the caller does not say */
#define CPU_PER_MEMORY			9

#define SHARE_ARGS_MAX			5

typedef enum ShareWeighting
{
	SHARE_EVENLY,				/* no driver */
	SHARE_BY_DRIVER,			/* the weight is the driver */
	SHARE_BY_PERCENT,			/* the same, and the sum is 100 */
	SHARE_BY_CPU_AND_MEMORY,	/* 9 * cpu + memory */
	SHARE_BY_PRICED_CPU_AND_MEMORY, /* cpu_weight * cpu + memory_weight *
									 * memory */
} ShareWeighting;

typedef struct ShareFunction
{
	const char *name;			/* SQL name, for messages */
	ShareWeighting weighting;
	int			arg_count;		/* without the optional last one, scale */
	const char *arg_name[SHARE_ARGS_MAX];
} ShareFunction;

/* Kept while the partition lasts */
typedef struct ShareState
{
	bool		computed;
	bool		amount_is_null;
	bool		amount_is_negative;
	int			scale;
	int			amount_limbs;
	uint32_t   *parts;
} ShareState;

/* The partition as read */
typedef struct ShareRows
{
	int64		count;
	Numeric		amount;			/* NULL when null */
	int			amount_scale;	/* largest scale that the amount shows */
	bool		scale_is_given;
	int			scale;
	Numeric    *weights;		/* NULL stands for zero */
	int			lowest;			/* exponents, of 10000, of the last and first */
	int			highest;		/* digits over all weights that are not zero */
	bool		any_weight;
	Numeric		weight_sum;		/* of percentages only */
} ShareRows;

static Datum share(FunctionCallInfo fcinfo, const ShareFunction *function);
static void compute_partition(WindowObject winobj, const ShareFunction *function,
							  int nargs, ShareState *state);
static void read_rows(WindowObject winobj, const ShareFunction *function, int nargs,
					  ShareRows *rows, MemoryContext row_context);
static void read_amount(WindowObject winobj, const ShareFunction *function,
						int64 row, ShareRows *rows, MemoryContext keep);
static void read_scale(WindowObject winobj, const ShareFunction *function,
					   int64 row, ShareRows *rows);
static Numeric read_weight(WindowObject winobj, const ShareFunction *function, int64 row);
static Numeric read_driver(WindowObject winobj, const ShareFunction *function,
						   int64 row, int argno);
static void keep_weight(const ShareFunction *function, int64 row, Numeric weight,
						ShareRows *rows, MemoryContext keep);
static void choose_scale(const ShareFunction *function, const FocusDecimal *amount,
						 ShareRows *rows);
static void split_rows(const ShareFunction *function, ShareRows *rows,
					   MemoryContext row_context, ShareState *state,
					   MemoryContext partition_context);

PG_FUNCTION_INFO_V1(focus_share);
PG_FUNCTION_INFO_V1(focus_allocate_by_cpu);
PG_FUNCTION_INFO_V1(focus_allocate_by_memory);
PG_FUNCTION_INFO_V1(focus_allocate_by_cpu_and_memory);
PG_FUNCTION_INFO_V1(focus_allocate_by_priced_cpu_and_memory);
PG_FUNCTION_INFO_V1(focus_allocate_evenly);
PG_FUNCTION_INFO_V1(focus_allocate_by_fixed_share);

/*
 * focus_share(amount, weight [, scale])
 */
Datum
focus_share(PG_FUNCTION_ARGS)
{
	static const ShareFunction function = {
		"focus_share", SHARE_BY_DRIVER, 2, {"amount", "weight"}
	};

	return share(fcinfo, &function);
}

/*
 * focus_allocate_by_cpu(amount, cpu [, scale])
 */
Datum
focus_allocate_by_cpu(PG_FUNCTION_ARGS)
{
	static const ShareFunction function = {
		"focus_allocate_by_cpu", SHARE_BY_DRIVER, 2, {"amount", "cpu"}
	};

	return share(fcinfo, &function);
}

/*
 * focus_allocate_by_memory(amount, memory [, scale])
 */
Datum
focus_allocate_by_memory(PG_FUNCTION_ARGS)
{
	static const ShareFunction function = {
		"focus_allocate_by_memory", SHARE_BY_DRIVER, 2, {"amount", "memory"}
	};

	return share(fcinfo, &function);
}

/*
 * focus_allocate_by_cpu_and_memory(amount, cpu, memory [, scale])
 */
Datum
focus_allocate_by_cpu_and_memory(PG_FUNCTION_ARGS)
{
	static const ShareFunction function = {
		"focus_allocate_by_cpu_and_memory", SHARE_BY_CPU_AND_MEMORY, 3,
		{"amount", "cpu", "memory"}
	};

	return share(fcinfo, &function);
}

/*
 * focus_allocate_by_cpu_and_memory(amount, cpu, memory, cpu_weight,
 * memory_weight [, scale])
 */
Datum
focus_allocate_by_priced_cpu_and_memory(PG_FUNCTION_ARGS)
{
	static const ShareFunction function = {
		"focus_allocate_by_cpu_and_memory", SHARE_BY_PRICED_CPU_AND_MEMORY, 5,
		{"amount", "cpu", "memory", "cpu_weight", "memory_weight"}
	};

	return share(fcinfo, &function);
}

/*
 * focus_allocate_evenly(amount [, scale])
 */
Datum
focus_allocate_evenly(PG_FUNCTION_ARGS)
{
	static const ShareFunction function = {
		"focus_allocate_evenly", SHARE_EVENLY, 1, {"amount"}
	};

	return share(fcinfo, &function);
}

/*
 * focus_allocate_by_fixed_share(amount, percent [, scale])
 */
Datum
focus_allocate_by_fixed_share(PG_FUNCTION_ARGS)
{
	static const ShareFunction function = {
		"focus_allocate_by_fixed_share", SHARE_BY_PERCENT, 2, {"amount", "percent"}
	};

	return share(fcinfo, &function);
}

/*
 * The body of all of them: the current row's part.
 *
 * No mark is set on the rows that are done with.  It would save nothing that
 * work_mem does not bound, and where the partition has gone to disk it would
 * seek from its end, where reading stopped, to the current row and back, for
 * each row.
 */
static Datum
share(FunctionCallInfo fcinfo, const ShareFunction *function)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	ShareState *state = WinGetPartitionLocalMemory(winobj, sizeof(ShareState));
	int64		row = WinGetCurrentPosition(winobj);

	if (!state->computed)
		compute_partition(winobj, function, PG_NARGS(), state);

	if (state->amount_is_null)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(focus_decimal_from_limbs(state->parts + row * state->amount_limbs,
											   state->amount_limbs,
											   state->amount_is_negative, state->scale));
}

static char *
numeric_text(Numeric value)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value)));
}

static void
check_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

/*
 * Fills the state.  All but the parts is freed again.
 */
static void
compute_partition(WindowObject winobj, const ShareFunction *function, int nargs,
				  ShareState *state)
{
	MemoryContext partition_context = GetMemoryChunkContext(state);
	MemoryContext work_context = AllocSetContextCreate(partition_context,
													   "focus share rows",
													   ALLOCSET_DEFAULT_SIZES);
	MemoryContext row_context = AllocSetContextCreate(work_context,
													  "focus share row",
													  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(work_context);
	ShareRows	rows = {0};

	read_rows(winobj, function, nargs, &rows, row_context);
	if (rows.amount == NULL)
		state->amount_is_null = true;
	else
		split_rows(function, &rows, row_context, state, partition_context);
	state->computed = true;

	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(work_context);
}

/*
 * Reads and checks the arguments of every row.  What is kept goes into the
 * current context.
 */
static void
read_rows(WindowObject winobj, const ShareFunction *function, int nargs,
		  ShareRows *rows, MemoryContext row_context)
{
	MemoryContext keep = CurrentMemoryContext;
	int64		row;

	rows->count = WinGetPartitionRowCount(winobj);
	if (rows->count > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows in a partition for %s", function->name),
				 errdetail("The limit is %d rows.", PG_INT32_MAX)));
	if (function->weighting != SHARE_EVENLY)
		rows->weights = MemoryContextAllocHuge(keep, mul_size(rows->count, sizeof(Numeric)));

	MemoryContextSwitchTo(row_context);
	for (row = 0; row < rows->count; row++)
	{
		CHECK_FOR_INTERRUPTS();
		read_amount(winobj, function, row, rows, keep);
		if (nargs > function->arg_count)
			read_scale(winobj, function, row, rows);
		if (function->weighting != SHARE_EVENLY)
			keep_weight(function, row, read_weight(winobj, function, row), rows, keep);
		MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(keep);

	if (function->weighting == SHARE_BY_PERCENT)
	{
		Datum		hundred = NumericGetDatum(int64_to_numeric(100));
		Datum		sum = NumericGetDatum(rows->any_weight ? rows->weight_sum : int64_to_numeric(0));

		if (!DatumGetBool(DirectFunctionCall2(numeric_eq, sum, hundred)))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("percentages of %s must add up to 100, not %s",
							function->name, numeric_text(DatumGetNumeric(sum)))));
	}
}

/*
 * One argument of one row.  Its memory is the current context's.
 */
static Datum
read_argument(WindowObject winobj, int64 row, int argno, bool *isnull)
{
	bool		isout;

	return WinGetFuncArgInPartition(winobj, argno, (int) row, WINDOW_SEEK_HEAD,
									false, isnull, &isout);
}

static void
report_different_amounts(const ShareFunction *function, Numeric first,
						 int64 row, Numeric other)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("amount of %s must be the same in every row of a partition",
					function->name),
			 errdetail("Row 1 has %s, row %lld has %s.",
					   first ? numeric_text(first) : "null", (long long) row + 1,
					   other ? numeric_text(other) : "null"),
			 errhint("PARTITION BY the key of the amount that is to be split.")));
}

/*
 * Reads a row's amount; keeps it if the row is the first, else compares.
 */
static void
read_amount(WindowObject winobj, const ShareFunction *function, int64 row,
			ShareRows *rows, MemoryContext keep)
{
	bool		isnull;
	Datum		value = read_argument(winobj, row, 0, &isnull);
	Numeric		amount = isnull ? NULL : DatumGetNumeric(value);
	MemoryContext old_context;

	if (row > 0)
	{
		/* The usual case is the same bytes again. */
		if (amount == NULL && rows->amount == NULL)
			return;
		if (amount != NULL && rows->amount != NULL &&
			VARSIZE(amount) == VARSIZE(rows->amount) &&
			memcmp(amount, rows->amount, VARSIZE(amount)) == 0)
			return;
		if (amount == NULL || rows->amount == NULL ||
			!DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(amount),
											  NumericGetDatum(rows->amount))))
			report_different_amounts(function, rows->amount, row, amount);
	}

	if (amount == NULL)
		return;
	if (numeric_is_nan(amount) || numeric_is_inf(amount))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("amount of %s must be a finite number, not %s",
						function->name, numeric_text(amount))));

	rows->amount_scale = Max(rows->amount_scale, focus_decimal_open(amount).scale);
	if (rows->amount == NULL)
	{
		old_context = MemoryContextSwitchTo(keep);
		rows->amount = DatumGetNumericCopy(NumericGetDatum(amount));
		MemoryContextSwitchTo(old_context);
	}
}

/*
 * Reads a row's scale, the last argument; null is as though it were not
 * there.
 */
static void
read_scale(WindowObject winobj, const ShareFunction *function, int64 row, ShareRows *rows)
{
	bool		isnull;
	int			scale = DatumGetInt32(read_argument(winobj, row, function->arg_count, &isnull));

	if (!isnull && (scale < 0 || scale > SHARE_SCALE_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("scale of %s must be between 0 and %d, not %d",
						function->name, SHARE_SCALE_MAX, scale)));
	if (row > 0 && (rows->scale_is_given == isnull ||
					(rows->scale_is_given && rows->scale != scale)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("scale of %s must be the same in every row of a partition",
						function->name)));
	rows->scale_is_given = !isnull;
	rows->scale = isnull ? 0 : scale;
}

static Numeric
multiply(Numeric a, Numeric b)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_mul, NumericGetDatum(a),
											   NumericGetDatum(b)));
}

static Numeric
add(Numeric a, Numeric b)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_add, NumericGetDatum(a),
											   NumericGetDatum(b)));
}

/*
 * The weight of one row, made of its drivers; NULL for zero.
 */
static Numeric
read_weight(WindowObject winobj, const ShareFunction *function, int64 row)
{
	Numeric		cpu = read_driver(winobj, function, row, 1);
	Numeric		memory;
	Numeric		cpu_weight;
	Numeric		memory_weight = NULL;

	if (function->weighting == SHARE_BY_DRIVER || function->weighting == SHARE_BY_PERCENT)
		return cpu;

	memory = read_driver(winobj, function, row, 2);
	if (function->weighting == SHARE_BY_CPU_AND_MEMORY)
		cpu_weight = int64_to_numeric(CPU_PER_MEMORY);
	else
	{
		cpu_weight = read_driver(winobj, function, row, 3);
		memory_weight = read_driver(winobj, function, row, 4);
		if (cpu_weight == NULL || memory_weight == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s of %s must not be null",
							function->arg_name[cpu_weight == NULL ? 3 : 4], function->name)));
		if (memory != NULL)
			memory = multiply(memory, memory_weight);
	}
	if (cpu == NULL)
		return memory;
	cpu = multiply(cpu, cpu_weight);
	return memory == NULL ? cpu : add(cpu, memory);
}

/*
 * One driver of one row: a number, zero or greater, or NULL when null.
 */
static Numeric
read_driver(WindowObject winobj, const ShareFunction *function, int64 row, int argno)
{
	bool		isnull;
	Datum		value = read_argument(winobj, row, argno, &isnull);
	Numeric		driver;
	FocusDecimal decimal;

	if (isnull)
		return NULL;
	driver = DatumGetNumeric(value);
	decimal = focus_decimal_open(driver);
	if (!decimal.finite || decimal.negative)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s of %s must be zero or a positive number, not %s",
						function->arg_name[argno], function->name, numeric_text(driver)),
				 errdetail("The value is in row %lld of its partition.",
						   (long long) row + 1)));
	return driver;
}

/*
 * Keeps a row's weight, and with it what is known of all weights.
 */
static void
keep_weight(const ShareFunction *function, int64 row, Numeric weight,
			ShareRows *rows, MemoryContext keep)
{
	FocusDecimal decimal;
	MemoryContext old_context;

	rows->weights[row] = NULL;
	if (weight == NULL)
		return;
	decimal = focus_decimal_open(weight);
	if (decimal.count == 0)
		return;

	if (!rows->any_weight || focus_decimal_lowest(&decimal) < rows->lowest)
		rows->lowest = focus_decimal_lowest(&decimal);
	if (!rows->any_weight || decimal.weight > rows->highest)
		rows->highest = decimal.weight;

	old_context = MemoryContextSwitchTo(keep);
	rows->weights[row] = DatumGetNumericCopy(NumericGetDatum(weight));
	if (function->weighting == SHARE_BY_PERCENT)
	{
		Numeric		old_sum = rows->weight_sum;

		rows->weight_sum = old_sum ? add(old_sum, weight) :
			DatumGetNumericCopy(NumericGetDatum(weight));
		if (old_sum)
			pfree(old_sum);
	}
	MemoryContextSwitchTo(old_context);
	rows->any_weight = true;
}

/*
 * Settles the scale of the parts, and sees that the amount is a whole number
 * of units of it.
 */
static void
choose_scale(const ShareFunction *function, const FocusDecimal *amount, ShareRows *rows)
{
	int			scale_min = focus_decimal_min_scale(amount);

	if (!rows->scale_is_given)
		rows->scale = Max(rows->amount_scale, SHARE_SCALE_DEFAULT);
	else if (rows->scale < scale_min)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("amount %s of %s does not fit scale %d",
						numeric_text(rows->amount), function->name, rows->scale),
				 errhint("Pass a scale of %d or more, or round the amount first.",
						 scale_min)));

	if (focus_decimal_digits(amount, rows->scale) > FOCUS_SPLIT_DIGITS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("amount of %s has too many digits", function->name),
				 errdetail("The limit is %d digits, counting %d after the point.",
						   FOCUS_SPLIT_DIGITS_MAX, rows->scale)));
}

/*
 * Brings all weights to one scale, as whole numbers of limbs_each limbs, one
 * after the other.  Result in the current context.
 */
static uint32_t *
scale_weights(const ShareRows *rows, int limbs_each, MemoryContext row_context)
{
	uint32_t   *limbs = MemoryContextAllocHuge(CurrentMemoryContext,
											   mul_size(mul_size(rows->count, limbs_each),
														sizeof(uint32_t)));
	MemoryContext old_context = MemoryContextSwitchTo(row_context);
	int64		row;

	for (row = 0; row < rows->count; row++)
	{
		uint32_t   *place = limbs + row * limbs_each;

		CHECK_FOR_INTERRUPTS();
		if (!rows->any_weight || rows->weights[row] == NULL)
			memset(place, 0, sizeof(uint32_t) * limbs_each);
		else
		{
			FocusDecimal decimal = focus_decimal_open(rows->weights[row]);

			focus_decimal_to_limbs(&decimal, -rows->lowest * FOCUS_DECIMAL_GROUP,
								   place, limbs_each);
		}
		MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(old_context);
	return limbs;
}

/*
 * Limbs that each weight needs when all are brought to one scale.
 */
static int
weight_limbs(const ShareFunction *function, const ShareRows *rows)
{
	int			digits;

	if (!rows->any_weight)
		return 1;
	digits = (rows->highest - rows->lowest + 1) * FOCUS_DECIMAL_GROUP;
	if (digits > FOCUS_SPLIT_DIGITS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("weights of %s have too many digits", function->name),
				 errdetail("The limit is %d digits, from the first of the largest weight to the last of the most precise one.",
						   FOCUS_SPLIT_DIGITS_MAX)));
	return FOCUS_LIMBS_FOR_DIGITS(digits);
}

/*
 * Splits the amount, which is not null, and leaves the parts in the state.
 */
static void
split_rows(const ShareFunction *function, ShareRows *rows, MemoryContext row_context,
		   ShareState *state, MemoryContext partition_context)
{
	FocusDecimal amount = focus_decimal_open(rows->amount);
	FocusSplit	split = {0};
	uint32_t   *units;
	size_t		workspace_size = 0;

	choose_scale(function, &amount, rows);
	split.row_count = rows->count;
	split.amount_limbs = FOCUS_LIMBS_FOR_DIGITS(focus_decimal_digits(&amount, rows->scale));
	split.weight_limbs = weight_limbs(function, rows);
	split.interrupt = check_interrupts;
	if (focus_split_workspace_size(&split, &workspace_size) != FOCUS_SPLIT_OK)
		elog(ERROR, "cannot split %lld rows", (long long) rows->count);

	units = palloc(sizeof(uint32_t) * split.amount_limbs);
	focus_decimal_to_limbs(&amount, rows->scale, units, split.amount_limbs);
	split.amount = units;
	split.weights = scale_weights(rows, split.weight_limbs, row_context);
	split.workspace = MemoryContextAllocHuge(CurrentMemoryContext, workspace_size);
	split.parts = MemoryContextAllocHuge(partition_context,
										 mul_size(mul_size(rows->count, split.amount_limbs),
												  sizeof(uint32_t)));
	focus_split(&split);
	Assert(focus_split_adds_up(&split));

	state->amount_is_negative = amount.negative;
	state->scale = rows->scale;
	state->amount_limbs = split.amount_limbs;
	state->parts = split.parts;
}
