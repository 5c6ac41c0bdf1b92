#include "core/decimal.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { DIGITS = 17, WORDS = 28 }; /* 2^53 5^340 has 843 bits */

static const uint64_t least = 10000000000000000u; /* of 17 digits */

/* A whole number, the lowest word first. */
typedef struct {
    uint32_t word[WORDS];
    size_t count;
} whole;

static void multiply(whole *n, uint32_t factor)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < n->count; i++) {
        carry += (uint64_t)n->word[i] * factor;
        n->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0)
        n->word[n->count++] = (uint32_t)carry;
}

static void multiply_by_power_of_5(whole *n, unsigned exponent)
{
    static const uint32_t power[] = {1,     5,      25,      125,     625,      3125,      15625,
                                     78125, 390625, 1953125, 9765625, 48828125, 244140625, 1220703125};
    enum { LARGEST = 13 };
    for (; exponent > LARGEST; exponent -= LARGEST)
        multiply(n, power[LARGEST]);
    multiply(n, power[exponent]);
}

static uint32_t word_at(const whole *n, size_t i)
{
    return i < n->count ? n->word[i] : 0;
}

/* n / 2^shift, which is below 2^64, to the nearest whole number, ties to even. */
static uint64_t shift_down(const whole *n, unsigned shift)
{
    const size_t at = shift / 32;
    const unsigned bits = shift % 32;
    const uint64_t low = word_at(n, at) | (uint64_t)word_at(n, at + 1) << 32;
    const uint64_t quotient = bits == 0 ? low : low >> bits | (uint64_t)word_at(n, at + 2) << (64 - bits);
    if (shift == 0)
        return quotient;
    const size_t half_at = (shift - 1) / 32;
    const uint32_t half = (uint32_t)1 << (shift - 1) % 32;
    bool beyond = (word_at(n, half_at) & (half - 1)) != 0;
    for (size_t i = 0; i < half_at && !beyond; i++)
        beyond = word_at(n, i) != 0;
    const bool up = (word_at(n, half_at) & half) != 0 && (beyond || quotient % 2 == 1);
    return quotient + up;
}

/* mantissa 2^binary 10^k to the nearest whole number; mantissa < 2^53, the result below 2^60, k >= 0. */
static uint64_t scale(uint64_t mantissa, int binary, int k)
{
    whole n; /* most of its words stay unused */
    n.word[0] = (uint32_t)mantissa;
    n.word[1] = (uint32_t)(mantissa >> 32);
    n.count = 2;
    multiply_by_power_of_5(&n, (unsigned)k);
    const int exponent = binary + k;
    return exponent < 0 ? shift_down(&n, (unsigned)-exponent) : shift_down(&n, 0) << exponent;
}

/* x = 0.d1 d2 .. d17 10^exponent with d1 != 0, for 0 < x < 10^16. */
static uint64_t digits_of(double x, int *exponent)
{
    int binary;
    const double fraction = frexp(x, &binary); /* in [1/2, 1) */
    const uint64_t mantissa = (uint64_t)ldexp(fraction, 53);
    int decimal = (int)floor((binary - 1) * 0.30102999566398120); /* floor(log10 x), or one less */
    uint64_t digits = scale(mantissa, binary - 53, DIGITS - 1 - decimal);
    if (digits >= 10 * least) {
        decimal++;
        digits = scale(mantissa, binary - 53, DIGITS - 1 - decimal);
    }
    *exponent = decimal + 1;
    return digits;
}

static char *write_exponent(char *at, int exponent)
{
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    const unsigned size = (unsigned)(exponent < 0 ? -exponent : exponent);
    if (size >= 100)
        *at++ = (char)('0' + size / 100);
    *at++ = (char)('0' + size / 10 % 10);
    *at++ = (char)('0' + size % 10);
    return at;
}

/* A point stands behind the first so many of count digits; 0 or less: zeros come first. */
static char *write_fixed(char *at, const char *digit, int count, int before)
{
    const int whole_digits = before < 0 ? 0 : before < count ? before : count;
    memcpy(at, digit, (size_t)whole_digits);
    at += whole_digits;
    for (int i = count; i < before; i++)
        *at++ = '0';
    if (before <= 0)
        *at++ = '0';
    if (before < count)
        *at++ = '.';
    for (int i = before; i < 0; i++)
        *at++ = '0';
    memcpy(at, digit + whole_digits, (size_t)(count - whole_digits));
    return at + count - whole_digits;
}

size_t hf_decimal(double x, char text[HF_DECIMAL_TEXT])
{
    char *at = text, digit[DIGITS];
    int exponent;
    if (isnan(x))
        return (size_t)snprintf(text, HF_DECIMAL_TEXT, "nan");
    if (x == 0 || fabs(x) >= (double)least)
        return (size_t)snprintf(text, HF_DECIMAL_TEXT, "%.17g", x);
    const uint64_t digits = digits_of(fabs(x), &exponent);
    enum { LOW = 8 }; /* two halves, neither of which waits for the other */
    uint32_t high = (uint32_t)(digits / 100000000), low = (uint32_t)(digits % 100000000);
    for (int i = LOW; i-- > 0; high /= 10, low /= 10) {
        digit[i + DIGITS - LOW] = (char)('0' + low % 10);
        digit[i + 1] = (char)('0' + high % 10);
    }
    digit[0] = (char)('0' + high);
    int count = DIGITS;
    while (digit[count - 1] == '0')
        count--;
    if (x < 0)
        *at++ = '-';
    if (exponent > -4) { /* 10^-4 and more */
        at = write_fixed(at, digit, count, exponent);
    } else {
        at = write_fixed(at, digit, count, 1);
        at = write_exponent(at, exponent - 1);
    }
    *at = '\0';
    return (size_t)(at - text);
}

void hf_decimal_put(double x, FILE *stream)
{
    char text[HF_DECIMAL_TEXT];
    fwrite(text, 1, hf_decimal(x, text), stream);
}
