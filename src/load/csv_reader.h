/*-------------------------------------------------------------------------
 *
 * csv_reader.h
 *	  CSV bytes -> rows of fields.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_CSV_READER_H
#define FOCUS_CSV_READER_H

#include "load/csv_split.h"
#include "load/input.h"

/* Gets each row; its memory is reused for the next. */
typedef void (*FocusRowCallback) (const FocusRow *row, void *arg);

/* Gets the bytes of the stream as they are read. */
typedef void (*FocusBytesCallback) (const char *data, size_t len, void *arg);

extern void focus_csv_read(FocusInput *input, FocusBytesCallback on_bytes,
						   FocusRowCallback on_row, void *arg);

#endif							/* FOCUS_CSV_READER_H */
