/*-------------------------------------------------------------------------
 *
 * key_share.h
 *	  Locks FOR KEY SHARE on new versions of rows of groups.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_KEY_SHARE_H
#define FOCUS_KEY_SHARE_H

#include "access/tableam.h"

extern TM_Result focus_share_key(Relation rel, const ItemPointerData *first, TransactionId xmin,
								 const TransactionId *lockers, int count,
								 TransactionId *wait_for);

#endif							/* FOCUS_KEY_SHARE_H */
