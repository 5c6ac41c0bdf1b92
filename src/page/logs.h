/* logs: the curves that headflow detect has looked at, as runs of a page. */
#ifndef HF_PAGE_LOGS_H
#define HF_PAGE_LOGS_H

#include "page/content.h"

/* Reads samples.tsv, curves.tsv and stages.tsv into content->run. Errors: HF_EUSAGE (missing, damaged), HF_ESYSTEM. */
hf_status hf_page_logs_read(hf_page_content *content, hf_error *err);

#endif
