typedef struct List List;
