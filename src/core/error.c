#define HF_CORE_ERROR_ITSELF
#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>

hf_status hf_fail(hf_error *err, hf_status status, const char *format, ...)
{
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->message, sizeof err->message, format, args);
        va_end(args);
        err->status = status;
        err->key = NULL;
    }
    return status;
}

hf_status hf_reject(hf_error *err, const char *key, const char *format, ...)
{
    char what[640];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    hf_fail(err, HF_EUSAGE, "%s: %s", key, what);
    if (err != NULL)
        err->key = key;
    return HF_EUSAGE;
}

hf_status hf_fail_memory(hf_error *err, const char *what)
{
    return hf_fail(err, HF_ESYSTEM, "out of memory for %s", what);
}
