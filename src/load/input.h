/*-------------------------------------------------------------------------
 *
 * input.h
 *	  Where the bytes of a delivery come from.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_INPUT_H
#define FOCUS_INPUT_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

typedef struct FocusInput FocusInput;

/* A file of a delivery */
typedef struct FocusInputFile
{
	const char *path;
	int64		rows;			/* that its manifest says it has, or -1 */
	TimestampTz run_at;			/* of the provider's run, by its manifest;
								 * DT_NOBEGIN: not told */
} FocusInputFile;

extern FocusInput *focus_input_open_file(const char *path);
extern FocusInput *focus_input_open_program(const char *command);
extern FocusInput *focus_input_open_frontend(int ncolumns);
extern char focus_input_first(FocusInput *input);
extern size_t focus_input_read(FocusInput *input, char *buffer, size_t size);
extern void focus_input_close(FocusInput *input);
extern const char *focus_input_name(const FocusInput *input);
extern bool focus_input_is_client(const FocusInput *input);
extern int64 focus_input_bytes(const FocusInput *input);

extern List *focus_input_list_files(const char *path);
extern FocusInputFile *focus_input_file(const char *path, int64 rows, TimestampTz run_at);
extern bool focus_input_is_data(const char *name);
extern bool focus_input_is_manifest(const char *name);

#endif							/* FOCUS_INPUT_H */
