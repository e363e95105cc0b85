/*-------------------------------------------------------------------------
 *
 * delivery.h
 *	  Bookkeeping of a delivery: its loads, its rejected rows, its findings.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_DELIVERY_H
#define FOCUS_DELIVERY_H

#include "datatype/timestamp.h"
#include "executor/spi.h"
#include "nodes/pg_list.h"
#include "utils/hsearch.h"

#include "load/csv_reader.h"
#include "load/dataset.h"
#include "load/header.h"
#include "load/totals.h"

/* What the caller asks for; NULL where it does not say. */
typedef struct FocusDeliveryOptions
{
	char	   *source;
	char	   *mode;
	char	   *provider;
	char	   *focus_version;
	int64		reject_limit;	/* -1: none */
	bool		strict;			/* what would be a finding rejects the row */
	bool		force;			/* older or much smaller than what it replaces */
	char	   *mapping;		/* for files that are not FOCUS */
	char	   *query;			/* that gives the rows, instead of files */
} FocusDeliveryOptions;

/* The rows of one source and billing period. */
typedef struct FocusLoadPart
{
	int64		loadid;
	const char *source;			/* NULL: no row told */
	TimestampTz period;
	bool		has_period;
	List	   *accounts;		/* provider/billing account pairs, char * */
	const char *mode;			/* "replace", "append", or NULL: unresolved */
	bool		meets_earlier;	/* there are current loads of the pair */
	bool		closed;			/* the billing period is */
	TimestampTz run_at;			/* the latest of its files; DT_NOBEGIN: not told */
	bool		has_charges;	/* rows that are not of ChargeClass Correction */
	int64		rows_stored;
	int64		rows_rejected;
	FocusTotals *totals;
} FocusLoadPart;

typedef struct FocusDelivery
{
	MemoryContext context;		/* everything here lives in it */
	const char *schema;			/* of the extension */
	FocusDeliveryOptions options;
	const char *path;
	const FocusDataset *dataset;
	const char *provider;
	const char *source_provider;	/* of focus_sources, or NULL */
	const char *focus_version;
	TimestampTz started_at;
	TimestampTz run_at;			/* of the file being read; DT_NOBEGIN: not told */
	TimestampTz finished_at;	/* when it takes effect */
	const char *sha256;			/* of the content; NULL before it has been read */
	const char *mapping;		/* by which it was read; NULL: it is FOCUS */
	const char *mapping_sha256; /* of the mapping's query */
	int64		deliveryid;
	List	   *parts;			/* FocusLoadPart *, in order of loadid */
	HTAB	   *part_buckets;	/* the same by source and period */
	HTAB	   *account_buckets;	/* their accounts */
	SPIPlanPtr	reject_plan;	/* NULL: not made yet */
	HTAB	   *findings;
	List	   *findings_in_order;
	List	   *words;			/* char *, that findings point to */
	int			files;
	int			files_begun;
	int			file_number;	/* of the row at work, in order of the files */
	int64		bytes;			/* of the files that have been read */
	int64		bytes_total;	/* 0: not known */
	int64		rows_staged;	/* read, for a mapping */
	int64		rows_rejected;
	int64		rows_replaced;
	bool		shows;			/* in focus_load_progress */

	/* what the row at work was read from, if that is not FOCUS; else NULL */
	Jsonb	   *record;

	/*
	 * A part meets earlier loads and nobody said what to do, or would change a
	 * closed billing period.  No more rows are stored; the rest is read only to
	 * learn whether the content is the same.
	 */
	bool		refused;
} FocusDelivery;

extern FocusDelivery *focus_delivery_begin(const char *schema, const char *path,
										   const FocusDeliveryOptions *options);
extern const char *focus_delivery_provider(const FocusDelivery *delivery);
extern FocusLoadPart *focus_delivery_part(FocusDelivery *delivery, const char *source,
										  bool has_period, TimestampTz period,
										  const char *account);
extern void focus_delivery_lock(FocusDelivery *delivery);
extern bool focus_delivery_size_is_known(FocusDelivery *delivery, int64 bytes);
extern int64 focus_delivery_find_content(FocusDelivery *delivery, const char *sha256);
extern void focus_delivery_finish(FocusDelivery *delivery, const char *sha256);

extern void focus_delivery_reject(FocusDelivery *delivery, FocusLoadPart *part,
								  const FocusHeader *header, const char *file, const FocusRow *row,
								  int field, int sqlerrcode, const char *why);
extern void focus_delivery_find(FocusDelivery *delivery, const char *column, const char *finding,
								const char *file, int64 line, const FocusField *example);
extern const char *focus_delivery_word(FocusDelivery *delivery, const char *text);
extern void focus_delivery_write_findings(FocusDelivery *delivery);

/* SPI with arguments; types and nulls as SPI_execute_with_args() takes them */
extern void focus_delivery_spi(const char *query, int nargs, Oid *types, Datum *values,
							   const char *nulls, int expected);
extern char *focus_delivery_text(FocusDelivery *delivery, uint64 row, int column);
extern const char *focus_delivery_setting(FocusDelivery *delivery, const char *source, const char *column);

#endif							/* FOCUS_DELIVERY_H */
