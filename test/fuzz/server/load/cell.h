/* As much of the reader of cells as the header map needs; see header.c. */
#include "load/csv_split.h"
#include "load/dataset.h"

extern bool focus_cell_is_null_of(const FocusColumn *column, const FocusField *field, bool *spelled);
