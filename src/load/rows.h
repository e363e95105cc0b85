/*-------------------------------------------------------------------------
 *
 * rows.h
 *	  Rows of files -> rows of a dataset's table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_ROWS_H
#define FOCUS_ROWS_H

#include "load/csv_reader.h"
#include "load/delivery.h"

typedef struct FocusRows FocusRows;

extern FocusRows *focus_rows_create(FocusDelivery *delivery, const FocusDataset *expected);
extern void focus_rows_begin_file(FocusRows *rows, const char *file, bool from_client);
extern void focus_rows_go_to_file(FocusRows *rows, int number, const char *file);
extern void focus_rows_name(FocusRows *rows, const FocusRow *row);
extern void focus_rows_add(FocusRows *rows, const FocusRow *row);
extern int64 focus_rows_end_file(FocusRows *rows);
extern void focus_rows_close(FocusRows *rows);
extern void focus_rows_error_context(void *arg);
extern bool focus_field_to_server(const FocusField *field, FocusField *converted);

/* a finding */
extern const char focus_rows_beyond[];

#endif							/* FOCUS_ROWS_H */
