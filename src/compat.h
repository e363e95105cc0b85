/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  Differences between the supported PostgreSQL majors: 15, 16, 17, 18.
 *
 * The only place that looks at PG_VERSION_NUM.  A shim takes the newest
 * signature and adapts it downwards.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_COMPAT_H
#define FOCUS_COMPAT_H

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "focus supports PostgreSQL 15 to 18"
#endif

#define PG16_GE (PG_VERSION_NUM >= 160000)
#define PG17_GE (PG_VERSION_NUM >= 170000)
#define PG18_GE (PG_VERSION_NUM >= 180000)

/* 16 moved the VARATT macros out of postgres.h */
#if PG16_GE
#include "varatt.h"
#endif

/*
 * 16 brought soft errors to input functions.  On 15 an input function has no
 * escontext and an error is always hard.
 */
#if PG16_GE
#include "nodes/miscnodes.h"
#define FOCUS_ESCONTEXT(fcinfo) ((fcinfo)->context)
#else
#define ereturn(context, dummy_value, ...) \
	do { \
		(void) (context); \
		ereport(ERROR, __VA_ARGS__); \
		return dummy_value; \
	} while (0)
#define FOCUS_ESCONTEXT(fcinfo) ((Node *) NULL)
#endif

#endif							/* FOCUS_COMPAT_H */
