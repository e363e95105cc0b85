/*-------------------------------------------------------------------------
 *
 * body_size.c
 *	  Size and speed of group bodies.
 *
 *	  body_size COLUMNS FILE [GROUPS]
 *
 * Reads a file of focusgen, whose columns and their kinds are in COLUMNS, cuts
 * it into groups of 65,536 rows in the order of the file, writes each as a
 * body, reads that back and compares.  Prints the bits per row of each column,
 * bytes per row, and times.  GROUPS limits how many groups are read.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "columnar/body.h"

#define COLUMNS		65
#define SLOTS		(1 << 18)
#define ROUNDS		5

/* A column of the group that is being made */
typedef struct Column
{
	char		name[64];
	char		type[8];
	FocusBodyInput input;
	uint16_t   *codes;
	int64_t    *numbers;
	uint8_t    *scales;
	uint32_t   *offsets;
	char	   *bytes;
	size_t		space;
	uint32_t   *slots;			/* entry + 1, by hash */
	/* results */
	double		stored;
	double		codes_ns;
	double		numbers_ns;
	uint64_t	code_rows;
	uint64_t	number_rows;
	int			encodings[8];
	int			parents[COLUMNS];
} Column;

/* An arena that is emptied at once */
typedef struct Arena
{
	char	   *data;
	size_t		size;
	size_t		used;
	size_t		most;
} Arena;

static Column columns[COLUMNS];
static uint64_t sink;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

static void
fail(const char *message)
{
	fprintf(stderr, "body_size: %s\n", message);
	exit(1);
}

static void *
arena_allocate(void *context, size_t size)
{
	Arena	   *arena = context;
	void	   *result = arena->data + arena->used;

	arena->used += (size + 15) & ~(size_t) 15;
	if (arena->used > arena->size)
		fail("the arena is too small");
	arena->most = arena->used > arena->most ? arena->used : arena->most;
	return result;
}

/*
 * Reading the file
 */
static void
read_columns(const char *path)
{
	FILE	   *file = fopen(path, "r");

	if (!file)
		fail("cannot open the list of columns");
	for (int i = 0; i < COLUMNS; i++)
	{
		Column	   *column = &columns[i];

		if (fscanf(file, "%63s %7s", column->name, column->type) != 2)
			fail("the list of columns is too short");
		column->codes = malloc(sizeof(uint16_t) * FOCUS_BODY_ROWS_MAX);
		column->numbers = malloc(sizeof(int64_t) * FOCUS_BODY_ROWS_MAX);
		column->scales = malloc(FOCUS_BODY_ROWS_MAX);
		column->offsets = malloc(sizeof(uint32_t) * (FOCUS_BODY_ROWS_MAX + 1));
		column->slots = malloc(sizeof(uint32_t) * SLOTS);
		column->input.kind = strcmp(column->type, "num") == 0 ? FOCUS_BODY_DECIMAL
			: strcmp(column->type, "time") == 0 ? FOCUS_BODY_INT : FOCUS_BODY_BYTES;
	}
	fclose(file);
}

static void
reset_columns(void)
{
	for (int i = 0; i < COLUMNS; i++)
	{
		columns[i].input.entries = 0;
		columns[i].offsets[0] = 0;
		memset(columns[i].slots, 0, sizeof(uint32_t) * SLOTS);
	}
}

static uint32_t
hash_bytes(const char *bytes, size_t size)
{
	uint64_t	hash = size;

	for (; size >= 8; size -= 8, bytes += 8)
	{
		uint64_t	word;

		memcpy(&word, bytes, 8);
		hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
		hash ^= hash >> 29;
	}
	for (; size > 0; size--, bytes++)
		hash = (hash ^ (uint8_t) *bytes) * UINT64_C(0x9E3779B97F4A7C15);
	return (uint32_t) (hash >> 40) & (SLOTS - 1);
}

static uint16_t
code_of_bytes(Column *column, const char *bytes, size_t size)
{
	uint32_t	slot = hash_bytes(bytes, size);
	uint32_t	at;

	for (; column->slots[slot] != 0; slot = (slot + 1) & (SLOTS - 1))
	{
		uint32_t	entry = column->slots[slot] - 1;

		if (column->offsets[entry + 1] - column->offsets[entry] == size &&
			memcmp(column->bytes + column->offsets[entry], bytes, size) == 0)
			return (uint16_t) (entry + 1);
	}
	at = column->offsets[column->input.entries];
	if (at + size > column->space)
	{
		column->space = (at + size) * 2;
		column->bytes = realloc(column->bytes, column->space);
	}
	memcpy(column->bytes + at, bytes, size);
	column->slots[slot] = ++column->input.entries;
	column->offsets[column->input.entries] = at + (uint32_t) size;
	return (uint16_t) column->input.entries;
}

static uint16_t
code_of_number(Column *column, int64_t number, uint8_t scale)
{
	char		key[9];
	uint32_t	slot;

	memcpy(key, &number, 8);
	key[8] = (char) scale;
	for (slot = hash_bytes(key, 9); column->slots[slot] != 0; slot = (slot + 1) & (SLOTS - 1))
	{
		uint32_t	entry = column->slots[slot] - 1;

		if (column->numbers[entry] == number && column->scales[entry] == scale)
			return (uint16_t) (entry + 1);
	}
	column->numbers[column->input.entries] = number;
	column->scales[column->input.entries] = scale;
	column->slots[slot] = ++column->input.entries;
	return (uint16_t) column->input.entries;
}

static int
read_digits(const char *text, int count)
{
	int			result = 0;

	for (int i = 0; i < count; i++)
		result = result * 10 + (text[i] - '0');
	return result;
}

/* Microseconds since 1970 of the generator's instants */
static int64_t
read_time(const char *text)
{
	struct tm	tm = {0};

	tm.tm_year = read_digits(text, 4) - 1900;
	tm.tm_mon = read_digits(text +5, 2) - 1;
	tm.tm_mday = read_digits(text +8, 2);
	tm.tm_hour = read_digits(text +11, 2);
	tm.tm_min = read_digits(text +14, 2);
	tm.tm_sec = read_digits(text +17, 2);
	return (int64_t) timegm(&tm) * 1000000;
}

static int64_t
read_decimal(const char *text, size_t size, uint8_t *scale)
{
	bool		negative = false;
	bool		behind_point = false;
	int64_t		number = 0;

	*scale = 0;
	for (size_t i = 0; i < size; i++)
	{
		if (text[i] == '-')
			negative = true;
		else if (text[i] == '.')
			behind_point = true;
		else
		{
			number = number * 10 + (text[i] - '0');
			*scale += behind_point;
		}
	}
	return negative ? -number : number;
}

static void
add_cell(Column *column, uint32_t row, const char *text, size_t size)
{
	char		unquoted[4096];
	size_t		n = 0;
	uint8_t		scale;
	int64_t		number;

	if (size == 0)
	{
		column->codes[row] = 0;
		return;
	}
	if (column->input.kind == FOCUS_BODY_INT)
		column->codes[row] = code_of_number(column, read_time(text), 0);
	else if (column->input.kind == FOCUS_BODY_DECIMAL)
	{
		number = read_decimal(text, size, &scale);
		column->codes[row] = code_of_number(column, number, scale);
	}
	else if (*text !='"')
		column->codes[row] = code_of_bytes(column, text, size);
	else
	{
		for (size_t i = 1; i + 1 < size && n < sizeof(unquoted); i++)
		{
			unquoted[n++] = text[i];
			i += text[	i] == '"';
		}
		column->codes[row] = code_of_bytes(column, unquoted, n);
	}
}

/* Reads up to a group of rows and returns the place behind them. */
static const char *
read_group(const char *at, const char *end, uint32_t *rows)
{
	reset_columns();
	for (*rows = 0; at < end && *rows < FOCUS_BODY_ROWS_MAX; (*rows)++)
		for (int i = 0; i < COLUMNS; i++)
		{
			const char *start = at;
			bool		quoted = false;

			while (quoted || (*at != ',' && *at != '\n'))
				quoted ^= *at++ == '"';
			add_cell(&columns[i], *rows, start, (size_t) (at++ - start));
		}
	for (int i = 0; i < COLUMNS; i++)
	{
		columns[i].input.codes = columns[i].codes;
		columns[i].input.numbers = columns[i].numbers;
		columns[i].input.scales = columns[i].scales;
		columns[i].input.offsets = columns[i].offsets;
		columns[i].input.bytes = columns[i].bytes;
	}
	return at;
}

/*
 * Reading bodies
 */
static void
compare_codes(const Column *column, const FocusBodyColumn *read, uint32_t rows, const uint16_t *order)
{
	static uint16_t codes[FOCUS_BODY_ROWS_MAX];

	if (focus_body_codes(read, 0, rows, codes) != FOCUS_BODY_OK)
		fail("codes are damaged");
	for (uint32_t row = 0; row < rows; row++)
	{
		uint16_t	code = column->codes[order[row]];
		uint32_t	size;
		uint32_t	entry = codes[row] - 1u;

		if ((code == 0) != (codes[row] == 0))
			fail("a NULL differs");
		if (code == 0)
			continue;
		if (column->input.kind == FOCUS_BODY_BYTES)
		{
			size = column->offsets[code] - column->offsets[code - 1];
			if (read->offsets[entry + 1] - read->offsets[entry] != size ||
				memcmp(read->bytes + read->offsets[entry], column->bytes + column->offsets[code - 1], size) != 0)
				fail("bytes differ");
		}
	}
}

static void
compare_numbers(const Column *column, const FocusBodyColumn *read, uint32_t rows, const uint16_t *order)
{
	static int64_t numbers[FOCUS_BODY_ROWS_MAX];
	static bool nulls[FOCUS_BODY_ROWS_MAX];
	static uint8_t scales[FOCUS_BODY_ROWS_MAX];
	bool		known = false;
	int64_t		min = 0;
	int64_t		max = 0;

	if (focus_body_numbers(read, 0, rows, numbers, nulls, scales) != FOCUS_BODY_OK)
		fail("numbers are damaged");
	for (uint32_t row = 0; row < rows; row++)
	{
		uint16_t	code = column->codes[order[row]];
		int64_t		number;

		if (row % FOCUS_BODY_VECTOR_ROWS == 0)
			known = focus_body_vector_bounds(read, row / FOCUS_BODY_VECTOR_ROWS, &min, &max);
		if ((code == 0) != nulls[row])
			fail("a NULL differs");
		if (code == 0)
			continue;
		number = column->numbers[code - 1];
		if (column->input.kind == FOCUS_BODY_DECIMAL)
		{
			if (scales[row] != column->scales[code - 1])
				fail("decimals shown differ");
			for (int i = scales[row]; i < read->scale; i++)
				number *= 10;
		}
		if (numbers[row] != number)
			fail("a number differs");
		if (known && (number < min || number > max))
			fail("a number is out of bounds");
	}
}

/* Times the decoding of all vectors. */
static void
time_column(Column *column, const FocusBodyColumn *read, uint32_t rows)
{
	static int64_t numbers[FOCUS_BODY_VECTOR_ROWS];
	static uint16_t codes[FOCUS_BODY_VECTOR_ROWS];
	double		best = 1;

	for (int round = 0; round < ROUNDS; round++)
	{
		double		start = now();

		for (uint32_t row = 0; row < rows; row += FOCUS_BODY_VECTOR_ROWS)
		{
			uint32_t	count = rows - row < FOCUS_BODY_VECTOR_ROWS ? rows - row : FOCUS_BODY_VECTOR_ROWS;

			if (read->form == FOCUS_BODY_CODES)
				focus_body_codes(read, row, count, codes);
			else
				focus_body_numbers(read, row, count, numbers, NULL, NULL);
			sink += codes[0] + (uint64_t) numbers[0];
		}
		start = now() - start;
		best = start < best ? start : best;
	}
	if (read->form == FOCUS_BODY_CODES)
	{
		column->codes_ns += best * 1e9;
		column->code_rows += rows;
	}
	else
	{
		column->numbers_ns += best * 1e9;
		column->number_rows += rows;
	}
}

/* Returns the seconds that opening all columns took. */
static double
read_body(const uint8_t *body, size_t size, uint32_t rows, const uint16_t *order, Arena *arena)
{
	FocusBodyMemory memory = {arena_allocate, arena};
	FocusBodyHeader header;
	FocusBodyColumn opened[COLUMNS];
	double		start = now();

	if (focus_body_read_header(body, size, size, &memory, &header) != FOCUS_BODY_OK ||
		header.rows != rows || header.ncolumns != COLUMNS)
		fail("the header is damaged");
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < COLUMNS; i++)
		{
			const FocusBodyColumnInfo *info = &header.columns[i];

			if ((info->parent >= 0) != (pass == 1))
				continue;
			if (focus_body_open(&header, i, body + info->offset,
								info->parent < 0 ? NULL : &opened[info->parent], &memory, &opened[i]) != FOCUS_BODY_OK)
				fail("a segment is damaged");
		}
	start = now() - start;
	for (int i = 0; i < COLUMNS; i++)
	{
		Column	   *column = &columns[i];

		column->stored += header.columns[i].length;
		column->encodings[header.columns[i].encoding]++;
		if (header.columns[i].parent >= 0)
			column->parents[header.columns[i].parent]++;
		if (opened[i].form == FOCUS_BODY_CODES)
			compare_codes(column, &opened[i], rows, order);
		if (opened[i].kind != FOCUS_BODY_BYTES)
			compare_numbers(column, &opened[i], rows, order);
		time_column(column, &opened[i], rows);
	}
	return start;
}

static void
report_column(const Column *column, uint64_t rows)
{
	printf("%-34s %8.3f ", column->name, column->stored * 8 / (double) rows);
	if (column->code_rows > 0)
		printf(" %6.2f", column->codes_ns / (double) column->code_rows);
	else
		printf("       ");
	if (column->number_rows > 0)
		printf(" %6.2f", column->numbers_ns / (double) column->number_rows);
	else
		printf("       ");
	for (int e = 1; e < 8; e++)
		if (column->encodings[e] > 0)
			printf(" %s:%d", focus_body_encoding_name(e), column->encodings[e]);
	for (int i = 0; i < COLUMNS; i++)
		if (column->parents[i] > 0)
			printf(" <%s:%d", columns[i].name, column->parents[i]);
	printf("\n");
}

int
main(int argc, char **argv)
{
	int			file = argc > 2 ? open(argv[2], O_RDONLY) : -1;
	struct stat st;
	const char *at;
	const char *end;
	Arena		arena = {NULL, (size_t) 1 << 30, 0, 0};
	Arena		read_arena = {NULL, (size_t) 1 << 29, 0, 0};
	FocusBodyMemory memory = {arena_allocate, &arena};
	static uint16_t order[FOCUS_BODY_ROWS_MAX];
	uint64_t	all_rows = 0;
	uint64_t	all_bytes = 0;
	double		write_sum = 0;
	double		write_most = 0;
	double		open_sum = 0;
	int			groups = 0;
	int			groups_max = argc > 3 ? atoi(argv[3]) : 1 << 30;

	if (file < 0 || fstat(file, &st) != 0)
		fail("usage: body_size COLUMNS FILE [GROUPS]");
	read_columns(argv[1]);
	arena.data = malloc(arena.size);
	read_arena.data = malloc(read_arena.size);
	memset(arena.data, 1, 200 << 20);
	at = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, file, 0);
	end = at + st.st_size;
	while (*at++ != '\n');
	while (at < end && groups < groups_max)
	{
		FocusBodyInput inputs[COLUMNS];
		uint32_t	rows;
		double		best = 1e9;
		uint8_t    *body = NULL;
		size_t		size = 0;

		at = read_group(at, end, &rows);
		for (int i = 0; i < COLUMNS; i++)
			inputs[i] = columns[i].input;
		for (int round = 0; round < ROUNDS; round++)
		{
			double		start = now();

			arena.used = 0;
			body = focus_body_write(inputs, COLUMNS, rows, FOCUS_BODY_SORT | FOCUS_BODY_COMPRESS, 0,
									&memory, order, &size);
			start = now() - start;
			best = start < best ? start : best;
		}
		read_arena.used = 0;
		open_sum += read_body(body, size, rows, order, &read_arena);
		all_rows += rows;
		all_bytes += size;
		groups++;
		write_sum += best * 65536 / rows;
		write_most = best > write_most ? best : write_most;
	}
	printf("column                             bits/row  ns/code ns/num encodings and parents\n");
	for (int i = 0; i < COLUMNS; i++)
		report_column(&columns[i], all_rows);
	printf("%d groups, %llu rows: %.3f bytes/row\n", groups, (unsigned long long) all_rows,
		   (double) all_bytes / (double) all_rows);
	printf("write: %.1f ms per group of 65536 rows, at most %.1f; memory %zu MB\n",
		   write_sum / groups * 1e3, write_most * 1e3, arena.most >> 20);
	printf("open: %.2f ms per group, all columns; memory %zu MB\n", open_sum / groups * 1e3, read_arena.most >> 20);
	return 0;
}
