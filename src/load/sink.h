/*-------------------------------------------------------------------------
 *
 * sink.h
 *	  Rows -> a dataset's table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_SINK_H
#define FOCUS_SINK_H

#include "executor/tuptable.h"
#include "utils/rel.h"

typedef struct FocusSink FocusSink;

/* The lines of the file that are at work; 0: none. */
typedef struct FocusLines
{
	int64		first;
	int64		last;
} FocusLines;

extern FocusSink *focus_sink_open(Relation rel, FocusLines *lines);
extern TupleTableSlot *focus_sink_next_slot(FocusSink *sink);
extern bool focus_sink_store(FocusSink *sink, TupleTableSlot *slot, int64 line, size_t bytes);
extern void focus_sink_flush(FocusSink *sink);
extern void focus_sink_close(FocusSink *sink);

#endif							/* FOCUS_SINK_H */
