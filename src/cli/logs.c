#include "cli/logs.h"

#include "cli/cli.h"
#include "cli/model.h"
#include "core/file.h"
#include "core/path.h"
#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static hf_status read_input(hf_log *log, const hf_log_wish *wish, hf_error *err)
{
    hf_fault fault = {.line = 0};
    char *text;
    const hf_status status = hf_text_read(stdin, &text, &fault);
    if (status != HF_OK)
        return hf_fail(err, status, "standard input: %s", fault.text);
    return hf_log_parse(log, "standard input", text, strlen(text), wish, err);
}

hf_status hf_cli_read_log(hf_log *log, const char *argument, const hf_log_wish *wish, hf_error *err)
{
    return hf_cli_is_input(argument) ? read_input(log, wish, err) : hf_log_read(log, argument, wish, err);
}

hf_status hf_cli_open_folder(const char *directory, hf_error *err)
{
    char *model = hf_path_join(directory, "model.conf");
    hf_status status = model == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
    if (status == HF_OK && hf_file_exists(model))
        status = hf_fail(err, HF_EUSAGE,
                         "-o %s: a run is in this folder, whose tables have the same names: name another one", directory);
    free(model);
    if (status == HF_OK)
        status = hf_directory_make(directory, err);
    return status == HF_OK ? hf_cli_lock(directory, "lock", NULL, err) : status;
}

hf_status hf_cli_find_clock(const hf_config *model, const char *argument, const char *option, double lr, hf_clock *clock,
                            hf_error *err)
{
    *clock = model->declared.train ? hf_clock_of(&model->train) : (hf_clock){.is_time = true};
    if (lr > 0)
        clock->lr = lr;
    if (hf_config_reads_tokens(model))
        return hf_fail(err, HF_EUSAGE, "%s%.200s: a model that reads tokens has no flow, expected train.task = \"regression\"",
                       option, argument);
    if (model->declared.sweep)
        return hf_fail(err, HF_EUSAGE, "%s%.200s: this model is a sweep; take one without", option, argument);
    if (!clock->is_time)
        return hf_fail(err, HF_EUSAGE,
                       "%s%.200s: the steps of its train section (optimizer, schedule or clipping) stand for no flow "
                       "time; expected sgd or momentum of a steady lr",
                       option, argument);
    if (!(clock->lr > 0))
        return hf_fail(err, HF_EUSAGE, "%s%.200s: --lr X is missing, the log's learning rate: the model has none", option,
                       argument);
    return HF_OK;
}
