/*-------------------------------------------------------------------------
 *
 * csv_split.h
 *	  CSV bytes -> rows of fields, for rows that are written regularly.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_CSV_SPLIT_H
#define FOCUS_CSV_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct FocusField
{
	const char *data;			/* a NUL byte follows the last one */
	size_t		len;
} FocusField;

typedef struct FocusRow
{
	int64_t		line;			/* line of the file where the row begins */
	int			nfields;
	bool		ascii;			/* no NUL byte, and none beyond ASCII; may be
								 * false all the same */
	const char *broken;			/* why the row has no fields but its text, or
								 * NULL; only JSON has such rows */
	const FocusField *fields;
	size_t		len;			/* in the file, or about that */
} FocusRow;

typedef enum FocusCsvStatus
{
	FOCUS_CSV_ROW,				/* row and lines are set */
	FOCUS_CSV_END,				/* the bytes end before the row does */
	FOCUS_CSV_IRREGULAR			/* the row is none of ours */
} FocusCsvStatus;

typedef struct FocusCsvSplitter
{
	/* the caller's memory */
	uint32_t   *marks;			/* as many as there are bytes, and 64 more */
	uint32_t   *odd_blocks;		/* one for 64 bytes begun, and one more */
	FocusField *fields;
	int		   *doubled;		/* as many as fields */
	int			max_fields;

	/* the rest is the splitter's own */
	char	   *bytes;
	size_t		len;
	size_t		at;				/* where the next row begins */
	size_t		nmarks;
	size_t		mark;
	size_t		nodd_blocks;
	size_t		odd_block;
	int			ndoubled;
	int			lines;			/* of the last row */
} FocusCsvSplitter;

/* Bytes behind the buffer's end that are read */
#define FOCUS_CSV_PADDING	64
#define FOCUS_CSV_BLOCK		64

extern void focus_csv_split_begin(FocusCsvSplitter *splitter, char *bytes, size_t len);
extern FocusCsvStatus focus_csv_split_next(FocusCsvSplitter *splitter, FocusRow *row);

#endif							/* FOCUS_CSV_SPLIT_H */
