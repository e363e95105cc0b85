/*-------------------------------------------------------------------------
 *
 * reader_server.h
 *	  What readers of files need of a server, for their fuzz harnesses.
 *
 * Memory is malloc'd and freed all at once.  The input is in memory and comes in
 * pieces.  Errors are those of test/fuzz/server/postgres.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FUZZ_READER_SERVER_H
#define FUZZ_READER_SERVER_H

#define ALLOCATIONS_MAX 10000
#define OUTPUT_SIZE		100000
#define FILE_NAME		"file"

struct FocusInput
{
	const char *data;
	size_t		size;
	size_t		piece;
};

/* What a reader saw, as text */
typedef struct Output
{
	char		text[OUTPUT_SIZE];
	size_t		len;
} Output;

jmp_buf		fuzz_handler;
char		fuzz_error[1000];
static void *allocations[ALLOCATIONS_MAX];
static int	nallocations;

static void
require(bool condition)
{
	if (!condition)
		abort();
}

static void **
find(void *pointer)
{
	for (int i = nallocations - 1; i >= 0; i--)
	{
		if (allocations[i] == pointer)
			return &allocations[i];
	}
	require(pointer == NULL && nallocations < ALLOCATIONS_MAX);
	return &allocations[nallocations++];
}

void *
repalloc(void *pointer, size_t size)
{
	void	  **entry = find(pointer);

	return *entry = realloc(pointer, size);
}

void *
palloc(size_t size)
{
	return repalloc(NULL, size);
}

void *
palloc0(size_t size)
{
	return memset(palloc(size), 0, size);
}

void
pfree(void *pointer)
{
	void	  **entry = find(pointer);

	free(pointer);
	*entry = allocations[--nallocations];
}

static void
free_all(void)
{
	while (nallocations > 0)
		free(allocations[--nallocations]);
}

size_t
focus_input_read(FocusInput *input, char *buffer, size_t size)
{
	size_t		len = Min(Min(input->piece, size), input->size);

	memcpy(buffer, input->data, len);
	input->data += len;
	input->size -= len;
	return len;
}

const char *
focus_input_name(const FocusInput *input)
{
	(void) input;
	return FILE_NAME;
}

static void
append(Output *output, const void *bytes, size_t len)
{
	require(output->len + len <= OUTPUT_SIZE);
	memcpy(output->text + output->len, bytes, len);
	output->len += len;
}

static void
append_number(Output *output, int64_t number)
{
	append(output, &number, sizeof(number));
}

#endif							/* FUZZ_READER_SERVER_H */
