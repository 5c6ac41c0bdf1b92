/* check: what every test program needs beside cmocka. */
#ifndef HF_TESTS_CHECK_H
#define HF_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

/* |got - want| <= rtol |want| + atol; false for nan. Prints all of them when it is false. */
static inline bool is_close(double got, double want, double rtol, double atol)
{
    if (fabs(got - want) <= rtol * fabs(want) + atol)
        return true;
    fprintf(stderr, "got %.17g, want %.17g within %.3g relative or %.3g absolute\n", got, want, rtol, atol);
    return false;
}

static inline bool close_to(double got, double want, double rtol)
{
    return is_close(got, want, rtol, 0);
}

/* Prints and returns whether got <= limit; false for nan. */
static inline bool at_most(double got, double limit)
{
    if (got <= limit)
        return true;
    fprintf(stderr, "got %.3g, want at most %.3g\n", got, limit);
    return false;
}

#endif
