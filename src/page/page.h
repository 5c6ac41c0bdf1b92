/* page: what a folder holds, as one HTML file that needs nothing else: tables, figures, attention over time, sweep maps, the model
 * file and a certificate.
 *
 * The file is made from page/page.html, page.css and page.js, which make embeds; this room fills in tables, images and data. */
#ifndef HF_PAGE_PAGE_H
#define HF_PAGE_PAGE_H

#include "core/error.h"
#include "core/lists.h"
#include "page/figures.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { HF_PAGE_RUN, HF_PAGE_SWEEP, HF_PAGE_LOGS } hf_page_kind;

/* A folder, and what its model says. Of a sweep and of logs only the first fields count. */
typedef struct {
    const char *directory;
    hf_page_kind kind;
    const char *model; /* name of the model file in directory; NULL: there is none */
    bool runs_flow, runs_drift, is_chain, is_strings;
    size_t seeds; /* training runs; 0: it does not train */
    uint64_t first_seed;
    const hf_count_rows *patterns;      /* positions of every pattern, from 1; NULL: there are none */
    const hf_counts *copies, *replicas; /* of every class, likewise */
    uint64_t hash;                      /* of the model's configuration */
    double rtol;
    bool (*is_accurate)(double energy_defect, double rtol);
} hf_page_params;

/* What directory holds. Errors: HF_EUSAGE, in words: no folder, nothing of headflow's, an unfinished run, a sweep without results. */
hf_status hf_page_look(const char *directory, hf_page_kind *kind, hf_error *err);

/* Writes the page to path. Errors: HF_EUSAGE (a table is missing or damaged), HF_ESYSTEM. *size: bytes of the page. */
hf_status hf_page_write(const hf_page_params *params, const char *path, hf_page_figures *figures, size_t *size,
                        hf_error *err);

#endif
