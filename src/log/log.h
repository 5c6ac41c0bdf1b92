/* log: curves out of somebody's tables. */
#ifndef HF_LOG_LOG_H
#define HF_LOG_LOG_H

#include "log/columns.h"

/* One curve, as it stands in its file. */
typedef struct {
    char *file;        /* owned, as are all names */
    char *step, *loss; /* names of columns; step "": the number of the row */
    char *name;        /* what tells it from the others: the loss, the file, or both */
    size_t count;
    double *x, *y;   /* (count) owned, one block at x */
    size_t joined;   /* lines of names between the rows */
    bool breaks_off; /* a last line was left out */
    size_t others;   /* columns of numbers that were not taken, though their name holds "loss" */
} hf_log_curve;

/* Zeroed: empty. */
typedef struct {
    size_t count, capacity;
    hf_log_curve *curve; /* (count) owned */
} hf_log;

/* Appends the curves of a file. Errors: HF_EUSAGE, HF_ESYSTEM. */
hf_status hf_log_read(hf_log *log, const char *path, const hf_log_wish *wish, hf_error *err);

/* The same of a text, which becomes the log's also where that fails: size bytes, and a zero behind them. name: in place of the file's. */
hf_status hf_log_parse(hf_log *log, const char *name, char *text, size_t size, const hf_log_wish *wish, hf_error *err);

/* Appends a curve of count numbers that somebody has; steps NULL: the number of the row. Errors: HF_ESYSTEM. */
hf_status hf_log_add(hf_log *log, const char *name, size_t count, const double *steps, const double *losses, hf_error *err);

/* Gives every curve its name, when all are read. Errors: HF_ESYSTEM. */
hf_status hf_log_name(hf_log *log, hf_error *err);

/* Legal on a zeroed log. */
void hf_log_clear(hf_log *log);

#endif
