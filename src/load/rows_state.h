/*-------------------------------------------------------------------------
 *
 * rows_state.h
 *	  What rows.c, rows_store.c and rows_notes.c share of the rows at work.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_ROWS_STATE_H
#define FOCUS_ROWS_STATE_H

#include "utils/jsonb.h"
#include "utils/rel.h"

#include "load/cell.h"
#include "load/group_sink.h"
#include "load/place.h"
#include "load/rows.h"
#include "load/sink.h"

#define FOCUS_ROWS_COSTS	4

struct FocusRows
{
	FocusDelivery *delivery;
	const FocusDataset *expected;
	MemoryContext context;		/* as long as the load */
	MemoryContext batch;		/* values not yet stored */

	/* the file being read */
	const char *file;
	FocusHeader *header;		/* NULL before its first row */
	const char **findings;		/* of each field of the row, or NULL */
	bool	   *keep;			/* the field's text goes to x_columns */
	bool		has_tags;		/* fields of one tag each are in the tags */
	bool		noted;			/* a row has left any of these */
	char	   *beyond;			/* "#n" of the first field beyond the header */
	bool		from_client;
	bool		is_json;		/* the header may grow */
	int64		count;			/* rows but the header */
	FocusLines	lines;			/* for error context */
	const char *column;			/* for error context, or NULL */

	/* the last file that was compared, and which costs it has */
	const char *costs_file;
	bool		costs_there[FOCUS_ROWS_COSTS];

	/* the table; NULL before the first header */
	Relation	rel;
	FocusGroupSink *groups;		/* NULL: rows go to sink */
	FocusSink  *sink;			/* NULL: rows go to groups */
	FocusCellReader *cells;
	FocusPlace *place;
	AttrNumber *attnums;		/* of the dataset's columns */
	AttrNumber	x_columns;
	AttrNumber	x_loadid;

	/* dataset columns that are looked at here; -1: not in the dataset */
	int			billing_period_start;
	int			billing_period_end;
	int			charge_period_start;
	int			charge_class;
	int			billing_currency;
	int			costs[FOCUS_TOTALS_COSTS];
	int			tags;
	int			provider_name;
	int			service_provider_name;
};

extern void focus_rows_reset_batch(FocusRows *rows);

/* rows_store.c */
extern void focus_rows_store_in_slot(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields);
extern void focus_rows_store_in_group(FocusRows *rows, FocusLoadPart *part, const FocusRow *row, const FocusField *fields);

/* rows_notes.c */
extern void focus_rows_note_others(FocusRows *rows, const FocusField *fields);
extern void focus_rows_forget_notes(FocusRows *rows);
extern bool focus_rows_reject_noted(FocusRows *rows, FocusLoadPart *part, const FocusRow *row);
extern void focus_rows_note_cell(FocusRows *rows, int field, FocusCellStatus status, const FocusCell *cell);
extern void focus_rows_write_findings(FocusRows *rows, const FocusRow *row, const FocusField *fields);
extern Datum focus_rows_x_columns(FocusRows *rows, const FocusField *fields, bool *isnull);

/* findings */
extern const char focus_rows_month_taken[];
extern const char focus_rows_own_column[];

#endif							/* FOCUS_ROWS_STATE_H */
