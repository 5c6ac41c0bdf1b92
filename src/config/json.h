/* json: the effective configuration as a JSON object: sections are objects, lists are lists, paths are absolute. */
#ifndef HF_CONFIG_JSON_H
#define HF_CONFIG_JSON_H

#include "config/config.h"
#include "report/json.h"

/* Errors: HF_ESYSTEM. */
hf_status hf_config_write_json(const hf_config *config, const char *name, hf_json *json, hf_error *err);

#endif
