/*-------------------------------------------------------------------------
 *
 * manifest.h
 *	  Manifests of exports: which files count.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_MANIFEST_H
#define FOCUS_MANIFEST_H

#include "nodes/pg_list.h"

typedef struct FocusManifest FocusManifest;

extern FocusManifest *focus_manifest_read(const char *path);
extern List *focus_manifest_newest(List *manifests);
extern List *focus_manifest_files(List *manifests, List *found);

#endif							/* FOCUS_MANIFEST_H */
