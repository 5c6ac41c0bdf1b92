#include "config/fill.h"

#include <stdlib.h>

hf_status hf_fill_problem(const hf_config *config, hf_problem_params *params, hf_error *err)
{
    *params = (hf_problem_params){
        .heads = config->heads,
        .positions = config->positions,
        .target = config->target,
        .data = config->data,
        .test = config->test,
        .init = config->init,
        .flow = config->flow,
    };
    if (config->init.state == NULL)
        return HF_OK;
    char *path = hf_config_resolve(config, config->init.state);
    if (path == NULL)
        return hf_fail_memory(err, "the path of the state table");
    const hf_status status =
        hf_state_read(&params->state, path, config->heads, config->positions, config->target.count, err);
    free(path);
    return status;
}

void hf_fill_clear_problem(hf_problem_params *params)
{
    hf_state_clear(&params->state);
}

hf_status hf_fill_create_problem(const hf_config *config, hf_problem **problem, hf_error *err)
{
    hf_problem_params params;
    hf_status status = hf_fill_problem(config, &params, err);
    if (status == HF_OK)
        status = hf_config_place(config, hf_problem_create(problem, &params, err), err);
    hf_fill_clear_problem(&params);
    return status;
}

hf_detector_params hf_fill_detector(const hf_config *config)
{
    return (hf_detector_params){.detect = config->detect,
                                .stop_loss = config->solver.stop_loss,
                                .rtol = config->solver.rtol,
                                .atol = config->solver.atol,
                                .is_noisy = config->train.batch > 0};
}
