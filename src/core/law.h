/* law: the forms of law that can be fitted to what a sweep reports. Each is a straight line
 *
 *     response' = a + sum_k b_k x_k'
 *
 * in response and parameters, both as they are, by their natural logarithms or by their square roots. */
#ifndef HF_CORE_LAW_H
#define HF_CORE_LAW_H

#include <stddef.h>

typedef enum { HF_SCALE_PLAIN, HF_SCALE_LOG, HF_SCALE_ROOT } hf_scale;

typedef struct {
    const char *name; /* in a model file */
    const char *form; /* for help: with one parameter */
    hf_scale response, parameter;
} hf_law;

/* Laws by number; the first is the one that a fit has if it names none. */
enum { HF_LAWS = 5 };
extern const hf_law hf_laws[HF_LAWS];

/* Their names, ended by NULL. */
extern const char *const hf_law_names[HF_LAWS + 1];

/* x on a scale; nan where it has no place there (a logarithm takes x > 0, a root x >= 0). */
double hf_scale_of(hf_scale scale, double x);

/* Back; below the lowest place of a scale, its lowest number. */
double hf_scale_back(hf_scale scale, double y);

#endif
