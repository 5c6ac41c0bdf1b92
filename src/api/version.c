#include "core/error.h"

#include "api/headflow.h"
#include "core/blas.h"

#include <gsl/gsl_errno.h>

int hf_api_version(void)
{
    return HF_API_VERSION;
}

const char *hf_version(void)
{
    return PACKAGE_VERSION;
}

void hf_prepare_process(void)
{
    gsl_set_error_handler_off();
    hf_blas_use_one_thread();
}
