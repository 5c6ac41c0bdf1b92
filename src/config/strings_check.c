#include "config/strings_check.h"

#include "config/task_check.h"

static hf_status check_encoder(hf_config *c, hf_error *err)
{
    if (c->encoder.width % c->encoder.heads != 0)
        return hf_config_reject(c, err, "encoder.width", "is %zu, expected a multiple of encoder.heads = %zu",
                                c->encoder.width, c->encoder.heads);
    const hf_status status = hf_task_check_effect(c, "encoder", "on this mask", err);
    return status == HF_OK ? hf_task_check_effect(c, "output", "without output.slices", err) : status;
}

static hf_status check_strings(hf_config *c, hf_error *err)
{
    const hf_strings_length wanted = hf_strings_tasks[c->strings.task].length;
    if (wanted == HF_STRINGS_ODD && c->strings.length % 2 == 0)
        return hf_config_reject(c, err, "strings.length",
                                "is %zu, expected an odd number: an operator stands between any two numbers",
                                c->strings.length);
    if (wanted == HF_STRINGS_EVEN && c->strings.length % 2 != 0)
        return hf_config_reject(c, err, "strings.length",
                                "is %zu, expected an even number: the second half repeats the first", c->strings.length);
    return HF_OK;
}

static hf_status check_training(hf_config *c, hf_error *err)
{
    static const char reason[] = "this key is required with train.task = \"strings\", expected a number of";
    if (c->train.steps == 0)
        return hf_config_reject(c, err, "train.steps", "%s steps", reason);
    if (c->train.samples == 0)
        return hf_config_reject(c, err, "train.samples", "%s strings", reason);
    if (c->train.validation == 0)
        return hf_config_reject(c, err, "train.validation", "%s strings", reason);
    if (c->train.batch > c->train.samples)
        return hf_config_reject(c, err, "train.batch", "is %zu, expected no more than train.samples = %zu", c->train.batch,
                                c->train.samples);
    return hf_task_check_epochs(c, err);
}

hf_status hf_strings_check(hf_config *config, hf_error *err)
{
    static hf_status (*const steps[])(hf_config *, hf_error *) = {check_strings, check_encoder, check_training};
    hf_status status = HF_OK;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == HF_OK; i++)
        status = steps[i](config, err);
    return status;
}
