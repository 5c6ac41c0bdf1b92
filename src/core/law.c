#include "core/law.h"

#include <math.h>

const hf_law hf_laws[HF_LAWS] = {
    {"power", "t = c x^e", HF_SCALE_LOG, HF_SCALE_LOG},
    {"exponential", "t = c exp(b x)", HF_SCALE_LOG, HF_SCALE_PLAIN},
    {"log", "t = a + b log x", HF_SCALE_PLAIN, HF_SCALE_LOG},
    {"sqrt-log", "sqrt(t) = a + b log x", HF_SCALE_ROOT, HF_SCALE_LOG},
    {"linear", "t = a + b x", HF_SCALE_PLAIN, HF_SCALE_PLAIN},
};

const char *const hf_law_names[HF_LAWS + 1] = {"power", "exponential", "log", "sqrt-log", "linear", NULL};

double hf_scale_of(hf_scale scale, double x)
{
    switch (scale) {
    case HF_SCALE_LOG:
        return x > 0 ? log(x) : NAN;
    case HF_SCALE_ROOT:
        return x >= 0 ? sqrt(x) : NAN;
    case HF_SCALE_PLAIN:
        break;
    }
    return x;
}

double hf_scale_back(hf_scale scale, double y)
{
    switch (scale) {
    case HF_SCALE_LOG:
        return exp(y);
    case HF_SCALE_ROOT:
        return y > 0 ? y * y : 0;
    case HF_SCALE_PLAIN:
        break;
    }
    return y;
}
