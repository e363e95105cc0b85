/* A server whose encoding is UTF-8, which the harness checks. */
#define PG_UTF8 6

extern bool pg_verify_mbstr(int encoding, const char *text, int len, bool no_error);
#define pg_any_to_server(text, len, encoding)	(text)
