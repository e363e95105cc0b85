/*-------------------------------------------------------------------------
 *
 * header.h
 *	  The header line of a file: which field goes to which column.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_HEADER_H
#define FOCUS_HEADER_H

#include "load/csv_reader.h"
#include "load/dataset.h"

/* A column of which a JSON file has the name and the old name. */
typedef struct FocusHeaderPair
{
	int			column;
	int			field;
	int			old_field;
} FocusHeaderPair;

#define FOCUS_HEADER_PAIRS	8

typedef struct FocusHeader
{
	const FocusDataset *dataset;
	bool		is_json;		/* the header may grow */
	int			nfields;
	int			max_fields;		/* that there is memory for */
	char	  **names;			/* as sent */
	int		   *columns;		/* dataset column of each field, -1: x_columns */
	int		   *fields;			/* field of each dataset column, -1: absent */
	FocusHeaderPair pairs[FOCUS_HEADER_PAIRS];
	int			npairs;
	const char **tag_keys;		/* of fields that are a tag each, or NULL */
	bool		has_tag_keys;
	bool		has_equal_tag_keys; /* of which each row has one tag */
	int			billing_period_start;	/* dataset columns, -1: not in it */
	int			charge_period_start;
	bool		lacks_period;	/* the row tells when the charge was, and
								 * nothing of a billing period */
	const char *focus_version;	/* as the column names tell */
	const char *provider;		/* as the column names tell, or NULL */
} FocusHeader;

extern const FocusField *focus_header_field(const FocusHeader *header, const FocusField *fields, int column);
extern const char *focus_header_provider(const char *name);
extern FocusHeader *focus_header_parse(const FocusRow *row, const char *file, bool is_json);
extern void focus_header_extend(FocusHeader *header, const FocusRow *row, const char *file);
extern void focus_header_choose(FocusHeader *header, const FocusField *fields);
extern bool focus_header_lacks(const FocusHeader *header, const FocusField *fields, int column);
extern void focus_header_require(const FocusHeader *header, const char *file, bool strict);

#endif							/* FOCUS_HEADER_H */
