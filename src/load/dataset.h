/*-------------------------------------------------------------------------
 *
 * dataset.h
 *	  What the loader knows of a FOCUS dataset: its table and its columns.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_DATASET_H
#define FOCUS_DATASET_H

typedef enum FocusColumnKind
{
	FOCUS_TEXT,
	FOCUS_NUMERIC,
	FOCUS_TIME,
	FOCUS_TAGS,
	FOCUS_JSON
} FocusColumnKind;

typedef struct FocusColumn
{
	const char *name;			/* as FOCUS spells it */
	FocusColumnKind kind;
	bool		strict;			/* an unreadable cell rejects its row */
} FocusColumn;

typedef struct FocusDataset
{
	const char *id;				/* FOCUS dataset id */
	const char *table;			/* table in the extension's schema */
	const FocusColumn *columns;
	int			ncolumns;
	bool		has_period;		/* rows belong to billing periods */
} FocusDataset;

extern const FocusDataset focus_cost_and_usage;
extern const FocusDataset focus_contract_commitment;

extern int	focus_dataset_column(const FocusDataset *dataset, const char *name);

#endif							/* FOCUS_DATASET_H */
