/* Instants, of which readers do nothing. */
typedef int64 TimestampTz;
