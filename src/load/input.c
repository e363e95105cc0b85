/*-------------------------------------------------------------------------
 *
 * input.c
 *	  Where the bytes of a delivery come from.
 *
 * An input is a file, the output of a program, or the COPY data that a client
 * sends.  Gzip and zstd are recognised from their first bytes and inflated on
 * the way; a stream that ends inside a member or frame is an error.
 *
 * Files and pipes are opened through fd.c, so that they are closed when the
 * surrounding (sub)transaction ends, however it ends.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/stat.h>

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"

/*
 * libpq.h is needed for the messages of the COPY protocol.  It includes
 * libpq-be.h, which wants the GSSAPI headers where the server was built with
 * them; nothing of that is used here.
 */
#define LIBPQ_BE_H
typedef struct Port Port;
typedef struct ClientSocket ClientSocket;
#include "libpq/libpq.h"

#include "compat.h"
#include "load/inflate.h"
#include "load/input.h"

#define RAW_SIZE	(256 * 1024)
#define AHEAD_SIZE	4096

typedef size_t (*RawReader) (FocusInput *input, char *buffer, size_t size);

struct FocusInput
{
	const char *name;			/* path, command or "STDIN" */
	FILE	   *file;			/* file or pipe; NULL for the client */
	bool		is_program;
	RawReader	read_raw;
	int64		bytes;			/* read so far, before inflation */

	char	   *raw;			/* bytes not yet handed on */
	size_t		raw_at;
	size_t		raw_len;
	bool		raw_eof;

	StringInfoData message;		/* the client's current CopyData message */

	bool		started;
	FocusInflater *inflater;	/* NULL: not compressed */

	char	   *ahead;			/* inflated bytes that were looked at; NULL:
								 * none */
	size_t		ahead_at;
	size_t		ahead_len;
};

static FocusInput *input_create(const char *name, RawReader read_raw);
static size_t read_file(FocusInput *input, char *buffer, size_t size);
static size_t read_frontend(FocusInput *input, char *buffer, size_t size);
static bool next_copy_message(FocusInput *input);
static bool fill_raw(FocusInput *input);
static size_t read_stream(FocusInput *input, char *buffer, size_t size);
static size_t read_plain(FocusInput *input, char *buffer, size_t size);
static size_t read_compressed(FocusInput *input, char *buffer, size_t size);

/*
 * Opens a server file.  The caller has checked the role's right to do so.
 */
FocusInput *
focus_input_open_file(const char *path)
{
	FocusInput *input = input_create(path, read_file);
	struct stat st;

	input->file = AllocateFile(path, PG_BINARY_R);
	if (input->file == NULL)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open file \"%s\" for reading: %m", path)));
	if (fstat(fileno(input->file), &st) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not stat file \"%s\": %m", path)));
	if (S_ISDIR(st.st_mode))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is a directory", path)));
	return input;
}

/*
 * Starts a program and reads what it prints.
 */
FocusInput *
focus_input_open_program(const char *command)
{
	FocusInput *input = input_create(command, read_file);

	input->is_program = true;
	input->file = OpenPipeStream(command, PG_BINARY_R);
	if (input->file == NULL)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not execute command \"%s\": %m", command)));
	return input;
}

/*
 * Asks the client to send COPY data, as COPY FROM STDIN does.
 */
FocusInput *
focus_input_open_frontend(int ncolumns)
{
	FocusInput *input = input_create("STDIN", read_frontend);
	StringInfoData buf;

	if (whereToSendOutput != DestRemote)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("COPY FROM STDIN in FOCUS format needs a client connection")));

	pq_beginmessage(&buf, 'G');
	pq_sendbyte(&buf, 0);		/* overall format: text */
	pq_sendint16(&buf, ncolumns);
	for (int i = 0; i < ncolumns; i++)
		pq_sendint16(&buf, 0);
	pq_endmessage(&buf);
	pq_flush();

	initStringInfo(&input->message);
	return input;
}

/*
 * The first byte of the inflated stream that is neither blank nor a byte order
 * mark; NUL if there is none near its beginning.  To be called before anything
 * is read.
 */
char
focus_input_first(FocusInput *input)
{
	size_t		n;

	Assert(!input->started);
	input->ahead = palloc(AHEAD_SIZE);
	do
	{
		n = read_stream(input, input->ahead + input->ahead_len, AHEAD_SIZE - input->ahead_len);
		input->ahead_len += n;
		for (size_t i = 0; i < input->ahead_len; i++)
		{
			char		c = input->ahead[i];

			if (strchr("\xef\xbb\xbf \t\r\n", c) == NULL)
				return c;
		}
	} while (n > 0 && input->ahead_len < AHEAD_SIZE);
	return '\0';
}

/*
 * Reads up to size bytes of the inflated stream; 0 means its end.
 */
size_t
focus_input_read(FocusInput *input, char *buffer, size_t size)
{
	if (input->ahead_at < input->ahead_len)
	{
		size_t		n = Min(size, input->ahead_len - input->ahead_at);

		memcpy(buffer, input->ahead + input->ahead_at, n);
		input->ahead_at += n;
		return n;
	}
	return read_stream(input, buffer, size);
}
/*
 * Ends reading.  A program that failed is an error, even if it wrote enough.
 */
void
focus_input_close(FocusInput *input)
{
	if (input->file != NULL && input->is_program)
	{
		int			status = ClosePipeStream(input->file);

		if (status == -1)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not close pipe to external command: %m")));
		if (status != 0)
			ereport(ERROR,
					(errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
					 errmsg("program \"%s\" failed", input->name),
					 errdetail_internal("%s", wait_result_to_str(status))));
	}
	else if (input->file != NULL && FreeFile(input->file) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not close file \"%s\": %m", input->name)));
	input->file = NULL;
	pfree(input->raw);
	if (input->ahead != NULL)
		pfree(input->ahead);
}

const char *
focus_input_name(const FocusInput *input)
{
	return input->name;
}

bool
focus_input_is_client(const FocusInput *input)
{
	return input->read_raw == read_frontend;
}

/* Bytes read so far, before inflation. */
int64
focus_input_bytes(const FocusInput *input)
{
	return input->bytes;
}

static FocusInput *
input_create(const char *name, RawReader read_raw)
{
	FocusInput *input = palloc0(sizeof(FocusInput));

	input->name = pstrdup(name);
	input->read_raw = read_raw;
	input->raw = palloc(RAW_SIZE);
	return input;
}

static size_t
read_file(FocusInput *input, char *buffer, size_t size)
{
	size_t		n = fread(buffer, 1, size, input->file);

	if (ferror(input->file))
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read file \"%s\": %m", input->name)));
	return n;
}

static size_t
read_frontend(FocusInput *input, char *buffer, size_t size)
{
	size_t		n;

	while (input->message.cursor >= input->message.len)
	{
		if (!next_copy_message(input))
			return 0;
	}
	n = Min(size, (size_t) (input->message.len - input->message.cursor));
	memcpy(buffer, input->message.data + input->message.cursor, n);
	input->message.cursor += n;
	return n;
}

/*
 * Waits for the client's next CopyData message; false at the end of the copy.
 * Follows the frontend/backend protocol's rules for COPY-in mode.
 */
static bool
next_copy_message(FocusInput *input)
{
	for (;;)
	{
		int			type;

		HOLD_CANCEL_INTERRUPTS();
		pq_startmsgread();
		type = pq_getbyte();
		if (type == EOF)
			ereport(ERROR,
					(errcode(ERRCODE_CONNECTION_FAILURE),
					 errmsg("unexpected EOF on client connection with an open transaction")));
		resetStringInfo(&input->message);
		if (pq_getmessage(&input->message, MaxAllocSize - 1))
			ereport(ERROR,
					(errcode(ERRCODE_CONNECTION_FAILURE),
					 errmsg("unexpected EOF on client connection with an open transaction")));
		RESUME_CANCEL_INTERRUPTS();

		switch (type)
		{
			case 'd':			/* CopyData */
				return true;
			case 'c':			/* CopyDone */
				return false;
			case 'f':			/* CopyFail */
				ereport(ERROR,
						(errcode(ERRCODE_QUERY_CANCELED),
						 errmsg("COPY from stdin failed: %s", pq_getmsgstring(&input->message))));
				break;
			case 'H':			/* Flush */
			case 'S':			/* Sync */
				break;
			default:
				ereport(ERROR,
						(errcode(ERRCODE_PROTOCOL_VIOLATION),
						 errmsg("unexpected message type 0x%02X during COPY from stdin", type)));
		}
	}
}

/*
 * Reads more raw bytes behind those not yet used; false at the end.
 */
static bool
fill_raw(FocusInput *input)
{
	size_t		n;

	if (input->raw_eof)
		return false;
	if (input->raw_at > 0)
	{
		memmove(input->raw, input->raw + input->raw_at, input->raw_len - input->raw_at);
		input->raw_len -= input->raw_at;
		input->raw_at = 0;
	}
	n = input->read_raw(input, input->raw + input->raw_len, RAW_SIZE - input->raw_len);
	input->raw_len += n;
	input->bytes += n;
	input->raw_eof = (n == 0);
	return n > 0;
}

static size_t
read_stream(FocusInput *input, char *buffer, size_t size)
{
	if (!input->started)
	{
		input->started = true;
		/* a client may send a single byte at first */
		while (input->raw_len < FOCUS_INFLATE_MAGIC && fill_raw(input))
			;
		input->inflater = focus_inflater_create(input->raw, input->raw_len);
	}
	return input->inflater != NULL ? read_compressed(input, buffer, size) : read_plain(input, buffer, size);
}

static size_t
read_plain(FocusInput *input, char *buffer, size_t size)
{
	size_t		n;

	if (input->raw_at == input->raw_len && size >= RAW_SIZE && !input->raw_eof)
	{
		/* nothing is pending, and a copy can be spared */
		n = input->read_raw(input, buffer, size);
		input->bytes += n;
		input->raw_eof = (n == 0);
		return n;
	}
	if (input->raw_at == input->raw_len && !fill_raw(input))
		return 0;
	n = Min(size, input->raw_len - input->raw_at);
	memcpy(buffer, input->raw + input->raw_at, n);
	input->raw_at += n;
	return n;
}

static size_t
read_compressed(FocusInput *input, char *buffer, size_t size)
{
	FocusInflater *inflater = input->inflater;

	for (;;)
	{
		const char *bytes = input->raw + input->raw_at;
		size_t		len = input->raw_len - input->raw_at;
		size_t		produced = focus_inflate(inflater, &bytes, &len, buffer, size);

		input->raw_at = input->raw_len - len;
		if (produced > 0)
			return produced;
		if (focus_inflater_damage(inflater) != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
					 errmsg("%s stream in \"%s\" is damaged near byte " INT64_FORMAT,
							focus_inflater_format(inflater), input->name, input->bytes - (int64) len),
					 errdetail_internal("%s", focus_inflater_damage(inflater)),
					 errhint("Fetch the file again; nothing of it has been loaded.")));
		if (!fill_raw(input))
		{
			if (!focus_inflater_may_end(inflater))
				ereport(ERROR,
						(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
						 errmsg("%s stream in \"%s\" is truncated", focus_inflater_format(inflater), input->name),
						 errhint("Fetch the file again; nothing of it has been loaded.")));
			return 0;
		}
	}
}
