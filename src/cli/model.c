#include "cli/model.h"
#include "cli/models.h"

#include "core/file.h"
#include "core/shell.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

static const char input[] = "standard input";

bool hf_cli_is_input(const char *argument)
{
    return strcmp(argument, "-") == 0;
}

static hf_status find_file(hf_cli_model *model, const char *argument, hf_error *err)
{
    char shown[HF_SHOWN];
    model->path = hf_cli_models_resolve(argument);
    if (model->path == NULL)
        return hf_fail_memory(err, "a file name");
    model->source.path = model->path;
    char *meant = hf_file_exists(model->path) ? NULL : hf_cli_models_suggest(argument);
    if (meant == NULL)
        return HF_OK; /* who reads the file says what is wrong with it */
    hf_fail(err, HF_EUSAGE,
            "%s: cannot be read: there is no such file or model; did you mean '%s'? headflow models lists them",
            hf_text_show(argument, shown, sizeof shown), meant);
    free(meant);
    return HF_EUSAGE;
}

hf_status hf_cli_model_open(hf_cli_model *model, const char *argument, hf_error *err)
{
    hf_fault fault = {.line = 0};
    *model = (hf_cli_model){.source = {.path = argument}};
    if (!hf_cli_is_input(argument))
        return find_file(model, argument, err);
    const hf_status status = hf_text_read(stdin, &model->text, &fault);
    model->source = (hf_config_source){.path = input, .text = model->text, .directory = "."};
    if (status == HF_OK)
        return HF_OK;
    return fault.line == 0 ? hf_fail(err, status, "%s: %s", input, fault.text)
                           : hf_fail(err, status, "%s:%u: %s", input, fault.line, fault.text);
}

void hf_cli_model_close(hf_cli_model *model)
{
    free(model->text);
    free(model->path);
    model->text = model->path = NULL;
}

hf_status hf_cli_read_config(hf_config *config, const char *argument, size_t override_count, const char *const overrides[],
                             hf_error *err)
{
    hf_cli_model model;
    *config = (hf_config){0};
    hf_status status = hf_cli_model_open(&model, argument, err);
    if (status == HF_OK)
        status = hf_config_read_from(config, &model.source, override_count, overrides, err);
    hf_cli_model_close(&model);
    return status;
}

char *hf_cli_model_word(const char *argument)
{
    return hf_cli_is_input(argument) ? strdup(argument) : hf_shell_path(argument);
}
