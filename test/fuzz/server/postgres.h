/*-------------------------------------------------------------------------
 *
 * postgres.h
 *	  As much of a server as readers of files need, for the fuzzer.
 *
 * Memory is malloc'd and freed by the harness; an error writes its texts
 * to fuzz_error and jumps to fuzz_handler.
 *
 *-------------------------------------------------------------------------
 */
#ifndef POSTGRES_H
#define POSTGRES_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int64_t int64;
typedef uint32_t uint32;

#define Max(x, y)	((x) > (y) ? (x) : (y))
#define Min(x, y)	((x) < (y) ? (x) : (y))
#define lengthof(array)	(sizeof(array) / sizeof((array)[0]))
#define INT64_FORMAT "%ld"
#define Assert(condition)	do { if (!(condition)) abort(); } while (0)
#define StaticAssertDecl(condition, message)	_Static_assert(condition, message)
#define pg_noreturn _Noreturn

extern jmp_buf fuzz_handler;
extern char fuzz_error[1000];
extern void *palloc(size_t size);
extern void *palloc0(size_t size);
extern void *repalloc(void *pointer, size_t size);
extern void pfree(void *pointer);
extern char *pnstrdup(const char *bytes, size_t len);
extern int	pg_strcasecmp(const char *a, const char *b);
extern int	pg_strncasecmp(const char *a, const char *b, size_t n);

#define ERROR 21
#define fuzz_say(...) \
	snprintf(fuzz_error + strlen(fuzz_error), sizeof(fuzz_error) - strlen(fuzz_error), __VA_ARGS__)
#define errcode(code)	fuzz_say("%s", "")
#define errmsg(...)		fuzz_say(__VA_ARGS__)
#define errdetail(...)	fuzz_say(__VA_ARGS__)
#define errdetail_internal(...)	fuzz_say(__VA_ARGS__)
#define errhint(...)	fuzz_say(__VA_ARGS__)
#define ereport(level, ...) \
	do { \
		(void) (__VA_ARGS__); \
		longjmp(fuzz_handler, 1); \
	} while (0)
#define elog(level, ...) abort()

#endif							/* POSTGRES_H */
