#include "config/system_check.h"

#include "config/keys.h"

/* Whether a key would have an effect with this system. */
static bool applies(const hf_config *config, const hf_key *key, hf_system_choice system)
{
    hf_config as = *config; /* looked at only */
    const hf_section *section = hf_keys_section(key);
    as.flow.system = system;
    return (section->when == NULL || section->when(&as)) && (key->when == NULL || key->when(&as));
}

hf_status hf_system_check_keys(hf_config *config, hf_error *err)
{
    const hf_system_choice own = config->flow.system;
    for (size_t k = 0; k < hf_key_count; k++) {
        const hf_key *key = &hf_keys[k];
        if (!hf_keys_is_given(key, config) || applies(config, key, own))
            continue;
        for (hf_system_choice other = 0; hf_system_names[other] != NULL; other++)
            if (other != own && applies(config, key, other))
                return hf_config_reject(config, err, key->path, "has no effect with flow.system = \"%s\", only with \"%s\"",
                                        hf_system_names[own], hf_system_names[other]);
    }
    return HF_OK;
}

hf_status hf_system_check_in_context(hf_config *config, hf_error *err)
{
    const size_t dimension = config->in_context.eigenvalues.count;
    if (config->declared.train)
        return hf_config_reject(config, err, "flow.system",
                                "is \"in-context\", of which there is no training, expected no train section");
    if (dimension == 0)
        return hf_config_reject(config, err, "in_context.eigenvalues", "is empty, expected one number at least");
    config->target.count = dimension; /* that is what can be learned */
    return HF_OK;
}

hf_status hf_system_check_content(hf_config *config, hf_error *err)
{
    if (config->declared.train)
        return hf_config_reject(config, err, "flow.system",
                                "is \"content\", of which there is no training, expected no train section");
    if (config->init.state != NULL)
        return hf_config_reject(config, err, "init.state",
                                "is no start of flow.system = \"content\", expected content.kappa and content.nu");
    config->heads = config->target.count = 1; /* there is one head, and one thing to find */
    return HF_OK;
}
