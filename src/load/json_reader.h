/*-------------------------------------------------------------------------
 *
 * json_reader.h
 *	  JSON Lines, or an array of JSON objects -> rows of fields.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_JSON_READER_H
#define FOCUS_JSON_READER_H

#include "load/csv_reader.h"

extern void focus_json_read(FocusInput *input, FocusBytesCallback on_bytes,
							FocusRowCallback on_names, FocusRowCallback on_row, void *arg);

#endif							/* FOCUS_JSON_READER_H */
