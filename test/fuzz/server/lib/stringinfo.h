typedef struct StringInfoData
{
	char	   *data;
	size_t		len;
	size_t		maxlen;
} StringInfoData;

#define initStringInfo(s) \
	((s)->data = palloc(64), (s)->maxlen = 64, (s)->len = 0, (s)->data[0] = '\0')
#define resetStringInfo(s)	((s)->len = 0, (s)->data[0] = '\0')
#define enlargeStringInfo(s, needed) \
	((s)->maxlen = (s)->len + (needed) + 1, (s)->data = repalloc((s)->data, (s)->maxlen))
