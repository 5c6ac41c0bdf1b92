/* folder_run: everything that a model declares, into a folder, as headflow run does it, but nothing is printed or drawn. */
#ifndef HF_API_FOLDER_RUN_H
#define HF_API_FOLDER_RUN_H

#include "config/config.h"
#include "run/run.h"

typedef struct {
    const char *directory;
    bool resume;
    size_t threads;
    const hf_run_watch *watch; /* of the flow; NULL: nobody */
} hf_folder_run;

/* Runs it. *summary: of the flow, or of the first seed where there is none; to be cleared also after an error. *stopped: the watcher
 * wanted it, and the folder can be gone on with. Errors: HF_EUSAGE, HF_ENUMERIC, HF_ESYSTEM. */
hf_status hf_folder_run_model(const hf_folder_run *run, const hf_config *config, hf_run_summary *summary, bool *stopped,
                              hf_error *err);

#endif
