/*-------------------------------------------------------------------------
 *
 * value.h
 *	  Between datums and what a group's body stores.
 *
 *	- Types passed by value are INT: the datum, sign-extended.
 *	- numeric, and domains over it, is DECIMAL.  Where one of a group's values
 *	  is not finite, or does not fit into 64 bits at the largest scale of the
 *	  group, the column is BYTES: the datums without their length words.
 *	- All else is BYTES: what follows the length word of a varlena, inline
 *	  and uncompressed, or the attlen bytes of a type of fixed length.
 *
 * Reading goes by the kind that is stored and the attribute's length, not by
 * its type, which ALTER TABLE may have changed without a rewrite.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FOCUS_VALUE_H
#define FOCUS_VALUE_H

#include "access/tupdesc.h"
#include "utils/numeric.h"

#include "columnar/body.h"

/* The kind that an attribute is to be stored as, if its values allow it */
extern FocusBodyKind focus_value_kind(Form_pg_attribute att);

/* By-value datums; attlen is 1, 2, 4 or 8 */
extern int64 focus_value_to_int(Datum value, int attlen);
extern Datum focus_value_from_int(int64 number, int attlen);

/*
 * numeric.  False where the value is not finite, shows more than 63 decimals,
 * does not fit into 64 bits, or would not come back as the same bytes.
 */
extern bool focus_value_to_decimal(Numeric value, int64 *number, uint8 *scale);

/* Bytes that focus_value_from_decimal() writes at most, with the length word */
#define FOCUS_VALUE_DECIMAL_SIZE	32

/*
 * Writes number / 10^scale, shown with decimals shown decimals, as a varlena
 * with a long length word, and returns its size.  The bytes are those that
 * the functions of numeric make.  dest is aligned for int32.
 */
extern Size focus_value_from_decimal(int64 number, int scale, int shown, char *dest);

/*
 * BYTES.  The datum of one value, written to dest, of at most
 * focus_value_bytes_size() bytes, which is aligned for any type.
 */
extern Size focus_value_bytes_size(Form_pg_attribute att, Size length);
extern Datum focus_value_from_bytes(Form_pg_attribute att, const char *bytes,
									Size length, char *dest);

#endif							/* FOCUS_VALUE_H */
