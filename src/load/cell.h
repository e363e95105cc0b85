/*-------------------------------------------------------------------------
 *
 * cell.h
 *	  Cells of a file -> datums of a column.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_CELL_H
#define FOCUS_CELL_H

#include "load/cell_format.h"
#include "load/csv_reader.h"
#include "load/dataset.h"

/* unix microseconds - this = TimestampTz */
#define FOCUS_UNIX_TO_POSTGRES_US \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

typedef enum FocusCellStatus
{
	FOCUS_CELL_OK,				/* value and isnull are set */
	FOCUS_CELL_MISFIT,			/* does not fit its type; why is set */
	FOCUS_CELL_BAD				/* the row cannot be stored; why is set */
} FocusCellStatus;

typedef struct FocusCell
{
	Datum		value;
	bool		isnull;
	const char *finding;		/* what was read leniently, or NULL */
	bool		keep_text;		/* the text says more than the value */
	bool		is_decimal;		/* decimal is set and not value; only
								 * focus_group_sink_cell() does that */
	FocusCellNumber decimal;
	int			sqlerrcode;		/* when not OK */
	const char *why;
} FocusCell;

typedef struct FocusCellReader FocusCellReader;

/* a finding */
extern const char focus_cell_null_as_word[];

extern FocusCellReader *focus_cell_reader_create(MemoryContext batch);
extern void focus_cell_reader_forget(FocusCellReader *reader);
extern bool focus_cell_is_null_of(const FocusColumn *column, const FocusField *field, bool *spelled);
extern FocusCellStatus focus_cell_read(FocusCellReader *reader, const FocusColumn *column,
									   const FocusField *field, FocusCell *cell);

#endif							/* FOCUS_CELL_H */
