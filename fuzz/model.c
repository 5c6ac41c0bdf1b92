/* Model files: read and validated, and read again from what is printed of them, which must be the same model. */
#include "fuzz.h"

#include "config/config.h"

static hf_status read_text(hf_config *config, const char *text, hf_error *err)
{
    const hf_config_source source = {"fuzzed.conf", text, "/nonexistent"};
    return hf_config_read_from(config, &source, 0, NULL, err);
}

/* What is printed is a model file of the same model. One that names tables, which are not there, has no hash. */
static void read_again(const hf_config *config)
{
    char *printed = NULL;
    size_t size;
    hf_config again;
    hf_error err = {0};
    uint64_t hash = 0, hash_again = 1;
    if (hf_config_hash(config, &hash, &err) != HF_OK)
        return;
    FILE *stream = open_memstream(&printed, &size);
    if (stream == NULL || !hf_config_print(config, NULL, stream) || fclose(stream) != 0)
        abort();
    if (read_text(&again, printed, &err) != HF_OK || hf_config_hash(&again, &hash_again, &err) != HF_OK ||
        hash != hash_again) {
        fprintf(stderr, "printed: %s\n%s\n", err.message, printed);
        abort();
    }
    hf_config_clear(&again);
    free(printed);
}

FUZZ_TARGET(model)
{
    char *text = fuzz_text(bytes, size);
    hf_config config;
    hf_error err = {0};
    const hf_status status = read_text(&config, text, &err);
    fuzz_judge(status, &err);
    if (status == HF_OK) {
        read_again(&config);
        hf_config_clear(&config);
    }
    free(text);
    return 0;
}
