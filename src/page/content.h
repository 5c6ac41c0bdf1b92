/* content: what the sections of a page are made from. */
#ifndef HF_PAGE_CONTENT_H
#define HF_PAGE_CONTENT_H

#include "page/page.h"
#include "page/runs.h"

enum { HF_PAGE_SHOWN_RUNS = 6, HF_PAGE_ROOM = 600000 };

/* What a table of ours says of itself in its first lines. */
typedef struct {
    char version[32];
    char *title; /* owned */
    uint64_t hash, seed;
    bool is_there;
} hf_page_origin;

typedef struct {
    const hf_page_params *params;
    hf_page_origin origin; /* of its first table */
    char *first_table;     /* its name in the folder; owned */
    size_t runs, left_out; /* left_out: training runs, or curves, that are not shown */
    hf_page_run *run;      /* (runs); owned */
    char (*folder)[64];    /* (runs) of each in the directory; owned */
    size_t other_hashes;   /* runs whose tables are of another configuration */
    char *model_text;      /* owned; NULL: none */
    char *stopped;         /* how the first run ended; owned, NULL: not known */
    hf_page_figures *figures;
    size_t sweep_shown, sweep_count;
} hf_page_content;

/* Whether run i has the positions of the model: a training with replicas has more. */
bool hf_page_content_has_classes(const hf_page_content *content, size_t i);

/* Errors: as hf_page_write. Free with hf_page_content_clear. */
hf_status hf_page_content_read(hf_page_content *content, const hf_page_params *params, hf_error *err);
void hf_page_content_clear(hf_page_content *content);

#endif
