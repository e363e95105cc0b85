/*-------------------------------------------------------------------------
 *
 * native_mapping.h
 *	  Mappings: which file each is for, and the query that it amounts to.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_NATIVE_MAPPING_H
#define FOCUS_NATIVE_MAPPING_H

#include "utils/jsonb.h"

#include "load/delivery.h"

typedef struct FocusMapping
{
	const char *name;
	const char *provider;		/* or NULL */
	bool		takes_all;		/* needs no column to be there */
	const char *query;			/* SELECT over raw; see native_mapping.c */
	int			ntargets;
	FocusField *targets;		/* names of columns, in the query's order */
} FocusMapping;

/* columns of the query in front of the targets, from 1 */
#define FOCUS_MAPPING_FILE		1
#define FOCUS_MAPPING_LINE		2
#define FOCUS_MAPPING_RECORD	3
#define FOCUS_MAPPING_LEAVE_OUT	4
#define FOCUS_MAPPING_REJECT	5
#define FOCUS_MAPPING_COLUMNS	5

extern FocusMapping *focus_mapping_read(const FocusDelivery *delivery, const char *name);
extern char *focus_mapping_recognise(const FocusDelivery *delivery, const FocusRow *names,
									 const FocusRow *first, const char *file);
extern char *focus_mapping_fold(const char *name, size_t len);

#endif							/* FOCUS_NATIVE_MAPPING_H */
