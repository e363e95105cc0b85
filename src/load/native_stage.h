/*-------------------------------------------------------------------------
 *
 * native_stage.h
 *	  Rows of files that are not FOCUS, until the mapping's query reads them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_NATIVE_STAGE_H
#define FOCUS_NATIVE_STAGE_H

#include "utils/jsonb.h"
#include "utils/tuplestore.h"

#include "load/cell.h"
#include "load/delivery.h"

/* Fields of a file in the order of their names in jsonb; equal names in that of the file. */
typedef struct FocusStageOrder
{
	int		   *fields;
	int			nfields;		/* fewer than the file has: to be made again */
} FocusStageOrder;

/* Names of the fields; files with the same names share them. */
typedef struct FocusStageNames
{
	FocusHeader header;			/* names only */
	FocusField *sent;
	FocusField *folded;
	FocusStageOrder by_sent;
	FocusStageOrder by_folded;
} FocusStageNames;

typedef struct FocusStageFile
{
	const char *name;
	bool		from_client;
	FocusStageNames *names;		/* NULL: rows are records of a query */
} FocusStageFile;

typedef struct FocusStage
{
	FocusDelivery *delivery;
	MemoryContext context;		/* as long as the load */
	MemoryContext scratch;		/* of a row */
	MemoryContextCallback forget;	/* of the context */
	FocusCellReader *cells;		/* in scratch */

	Tuplestorestate *store;
	TupleDesc	desc;
	int64		nrows;
	int64		bytes;			/* of the rows */
	List	   *files;			/* FocusStageFile * */
	int64		count;			/* rows of the last file, good or bad */

	/* the row that was read last, for error context; file 0: none */
	int			file_at;
	int64		line_at;
} FocusStage;

extern FocusStage *focus_stage_create(FocusDelivery *delivery);
extern void focus_stage_begin_file(FocusStage *stage, const char *file, bool from_client, const FocusRow *names);
extern void focus_stage_name(FocusStage *stage, const FocusRow *names);
extern void focus_stage_add(FocusStage *stage, const FocusRow *row);
extern void focus_stage_add_record(FocusStage *stage, Jsonb *record);
extern FocusStage *focus_stage_set_at_work(FocusStage *stage);
extern void focus_stage_register(FocusStage *stage);
extern void focus_stage_end(FocusStage *stage);
extern const FocusStageFile *focus_stage_file(const FocusStage *stage, int number);

/* A row as it is stored, field by field; see native_stage.c. */
typedef struct FocusStageCell
{
	FocusField	field;			/* no length: empty */
	bool		is_json;		/* the field is a container of jsonb */
} FocusStageCell;

extern int	focus_stage_unpack(const struct varlena *packed, FocusStageCell *cells);

#endif							/* FOCUS_NATIVE_STAGE_H */
