/*-------------------------------------------------------------------------
 *
 * csv_reader.h
 *	  CSV bytes -> rows of fields.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_CSV_READER_H
#define FOCUS_CSV_READER_H

#include "load/input.h"

typedef struct FocusField
{
	const char *data;			/* a NUL byte follows the last one */
	size_t		len;
} FocusField;

typedef struct FocusRow
{
	int64		line;			/* line of the file where the row begins */
	int			nfields;
	const FocusField *fields;
	const char *data;			/* all fields, one NUL byte between them */
	size_t		len;
} FocusRow;

/* Gets each row; its memory is reused for the next. */
typedef void (*FocusRowCallback) (const FocusRow *row, void *arg);

/* Gets the bytes of the stream as they are read. */
typedef void (*FocusBytesCallback) (const char *data, size_t len, void *arg);

extern void focus_csv_read(FocusInput *input, FocusBytesCallback on_bytes,
						   FocusRowCallback on_row, void *arg);

#endif							/* FOCUS_CSV_READER_H */
