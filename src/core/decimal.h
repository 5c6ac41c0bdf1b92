/* decimal: numbers as text with 17 significant digits, many times as fast as printf.
 *
 * The text is that of printf("%.17g") in the C locale, byte for byte, so a number reads back to the same bits. The digits come from
 * whole numbers alone: with k = 16 - floor(log10 x), x 10^k = m 5^k 2^(e + k) for x = m 2^e is exact in words of 32 bits, and is
 * rounded once, ties to even. */
#ifndef HF_CORE_DECIMAL_H
#define HF_CORE_DECIMAL_H

#include <stddef.h>
#include <stdio.h>

enum { HF_DECIMAL_TEXT = 32 }; /* more than the longest, "-1.2345678901234567e-308" */

/* Writes x and a NUL byte; nan, of either sign, is "nan". Returns the length. */
size_t hf_decimal(double x, char text[HF_DECIMAL_TEXT]);

/* The same to a stream, which keeps its own record of failures. */
void hf_decimal_put(double x, FILE *stream);

#endif
