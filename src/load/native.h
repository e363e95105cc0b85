/*-------------------------------------------------------------------------
 *
 * native.h
 *	  Files that are not FOCUS -> rows of FOCUS, by a mapping.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_NATIVE_H
#define FOCUS_NATIVE_H

#include "load/native_stage.h"
#include "load/rows.h"

typedef struct FocusNative FocusNative;

extern FocusNative *focus_native_create(FocusDelivery *delivery, FocusRows *rows, const char *mapping);
extern const char *focus_native_mapping(const FocusNative *native);
extern const char *focus_native_query(const FocusNative *native);
extern FocusStage *focus_native_stage(FocusNative *native);
extern int64 focus_native_add_query(FocusNative *native, const char *query, FocusBytesCallback on_bytes, void *arg);
extern void focus_native_finish(FocusNative *native);

#endif							/* FOCUS_NATIVE_H */
