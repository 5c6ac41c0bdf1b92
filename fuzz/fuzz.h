/* fuzz: what the targets share. A target hands bytes to one reader of the library, as a file or a text that somebody has sent, uses what is
 * read, and frees it. It aborts where a reader breaks its word: another status than HF_OK and HF_EUSAGE, an error without a sentence.
 *
 * fuzz/run builds every target with clang's libFuzzer and sanitizers; tests/test_fuzz calls the same targets with the corpus and with
 * mutations of it, without clang; all but tree, which needs libconfig. */
#ifndef HF_FUZZ_FUZZ_H
#define HF_FUZZ_FUZZ_H

#include "core/error.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Begins a target, fuzz_NAME(bytes, size), which returns 0. FUZZ_ALONE: it is all of a program of libFuzzer's. */
#ifdef FUZZ_ALONE
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
#define FUZZ_TARGET(name) int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
#else
#define FUZZ_TARGET(name) int fuzz_##name(const uint8_t *bytes, size_t size)
int fuzz_model(const uint8_t *bytes, size_t size);
int fuzz_override(const uint8_t *bytes, size_t size);
int fuzz_state(const uint8_t *bytes, size_t size);
int fuzz_log(const uint8_t *bytes, size_t size);
int fuzz_table(const uint8_t *bytes, size_t size);
int fuzz_checkpoint(const uint8_t *bytes, size_t size);
int fuzz_tree(const uint8_t *bytes, size_t size);
#endif

/* What a reader may say of a file whose bytes are somebody else's. */
static inline void fuzz_judge(hf_status status, const hf_error *err)
{
    if ((status != HF_OK && status != HF_EUSAGE) || (status != HF_OK && err->message[0] == '\0')) {
        fprintf(stderr, "status %d: %s\n", (int)status, err->message);
        abort();
    }
}

/* The bytes with a zero behind them, to be freed. */
static inline char *fuzz_text(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL)
        abort();
    if (size > 0)
        memcpy(text, bytes, size);
    text[size] = '\0';
    return text;
}

/* The bytes as a file of this process's own, the same at every call: its path. */
const char *fuzz_file(const void *bytes, size_t size);

#endif
