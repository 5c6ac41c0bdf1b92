#include "detect/findings.h"

#include <stdlib.h>

void hf_findings_add(hf_findings *f, hf_event event)
{
    f->event[f->event_count++] = event; /* room was made for all */
}

void hf_findings_clear(hf_findings *f)
{
    free(f->event);
    free(f->plateau);
    free(f->stage);
    free(f->start_overlaps);
    free(f->curve.at);
    *f = (hf_findings){0};
}
