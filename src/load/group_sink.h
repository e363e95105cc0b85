/*-------------------------------------------------------------------------
 *
 * group_sink.h
 *	  Cells of a file -> row groups of a dataset's table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_GROUP_SINK_H
#define FOCUS_GROUP_SINK_H

#include "utils/rel.h"

#include "load/cell.h"

typedef struct FocusGroupSink FocusGroupSink;

extern FocusGroupSink *focus_group_sink_open(Relation rel, const FocusDataset *dataset,
											 const AttrNumber *attnums, FocusCellReader *cells);
extern void focus_group_sink_begin_row(FocusGroupSink *sink);
extern FocusCellStatus focus_group_sink_cell(FocusGroupSink *sink, int column,
											 const FocusField *field, FocusCell *cell);
extern void focus_group_sink_text(FocusGroupSink *sink, AttrNumber attnum,
								  const char *text, size_t len);
extern void focus_group_sink_datum(FocusGroupSink *sink, AttrNumber attnum, Datum value);
extern bool focus_group_sink_is_full(FocusGroupSink *sink);
extern bool focus_group_sink_is_worth_a_group(FocusGroupSink *sink);
extern void focus_group_sink_end_row(FocusGroupSink *sink);
extern void focus_group_sink_flush(FocusGroupSink *sink);
extern void focus_group_sink_close(FocusGroupSink *sink);

#endif							/* FOCUS_GROUP_SINK_H */
