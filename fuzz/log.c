/* Somebody's training log: read, and its curves searched for stages. */
#include "fuzz.h"

#include "core/init.h"
#include "log/log.h"
#include "log/look.h"

FUZZ_TARGET(log)
{
    hf_log log = {0};
    hf_error err = {0};
    const hf_log_wish wish = {0};
    hf_init(); /* as every program begins: what GSL refuses is a status, no abort */
    hf_status status = hf_log_parse(&log, "fuzzed", fuzz_text(bytes, size), size, &wish, &err);
    fuzz_judge(status, &err);
    if (status == HF_OK)
        status = hf_log_name(&log, &err);
    fuzz_judge(status, &err);
    for (size_t i = 0; i < log.count && status == HF_OK; i++) {
        hf_log_look look;
        const hf_status found = hf_log_look_at(&look, &log.curve[i], &hf_search_usual, &err);
        fuzz_judge(found, &err);
        if (found == HF_OK)
            hf_log_look_clear(&look);
    }
    hf_log_clear(&log);
    return 0;
}
