/* value: one key's value, between a setting of the parsed model file, a field of hf_config and the text of a model file. */
#ifndef HF_CONFIG_VALUE_H
#define HF_CONFIG_VALUE_H

#include "config/keys.h"
#include "config/tree.h"

#define HF_EXPECTED 200

/* The layout that hf_counts, hf_reals and lists of them share. */
typedef struct {
    size_t count;
    void *at;
} hf_list;

/* Converts setting into field, which must be zeroed. HF_EUSAGE: wrong type or out of range, described in *fault;
 * HF_ESYSTEM: memory. On failure field may be half filled. */
hf_status hf_value_read(const hf_key *key, const hf_setting *setting, void *field, hf_fault *fault);

/* Frees what field owns and zeroes it; legal on a half-filled field. */
void hf_value_clear(hf_kind kind, void *field);

/* False for a missing string and an empty list. */
bool hf_value_is_set(hf_kind kind, const void *field);

void hf_value_print(const hf_key *key, const void *field, FILE *stream);

/* What hf_value_print writes. Caller frees; NULL: memory. */
char *hf_value_text(const hf_key *key, const void *field);

/* What a key holds, "an integer >= 1", and returns text. */
const char *hf_value_expected(const hf_key *key, char text[HF_EXPECTED]);

/* What a setting is, for "got ...", and returns text. */
const char *hf_value_describe(const hf_setting *setting, char text[HF_EXPECTED]);

#endif
