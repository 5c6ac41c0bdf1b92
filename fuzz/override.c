/* Overrides of the command line, path=value, on top of a model that is right. */
#include "fuzz.h"

#include "config/config.h"

FUZZ_TARGET(override)
{
    static const char model[] =
        "heads = 2; positions = 6; target = { strengths = (2.0, 1.0); }; flow = { }; train = { dim = 4; };";
    char *text = fuzz_text(bytes, size);
    const char *const overrides[] = {text};
    const hf_config_source source = {"model.conf", model, "/nonexistent"};
    hf_config config;
    hf_error err = {0};
    const hf_status status = hf_config_read_from(&config, &source, 1, overrides, &err);
    fuzz_judge(status, &err);
    if (status == HF_OK)
        hf_config_clear(&config);
    free(text);
    return 0;
}
