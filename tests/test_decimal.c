/* Numbers with 17 digits are those of printf, byte for byte: at powers of ten and two and their neighbours, at ties, at the ends, and
 * for random bits. */
#include "check.h"

#include "core/decimal.h"

#include <stdlib.h>
#include <string.h>

static void assert_same(double x)
{
    char got[HF_DECIMAL_TEXT], want[64];
    const size_t length = hf_decimal(x, got);
    snprintf(want, sizeof want, "%.17g", x);
    if (strcmp(got, want) != 0 || length != strlen(want))
        fail_msg("%s, want %s", got, want);
}

static void assert_same_around(double x)
{
    assert_same(x);
    assert_same(-x);
    assert_same(nextafter(x, 0));
    assert_same(nextafter(x, INFINITY));
}

static void test_powers(void **state)
{
    (void)state;
    for (int e = -330; e <= 308; e++) {
        char text[32];
        snprintf(text, sizeof text, "1e%d", e);
        assert_same_around(strtod(text, NULL));
        snprintf(text, sizeof text, "9.9999999999999996e%d", e);
        assert_same_around(strtod(text, NULL));
    }
    for (int e = -1074; e < 1024; e++)
        assert_same_around(ldexp(1, e));
}

/* Halves of the last of 17 digits: odd multiples of 2^-s with 18 digits, all of them exact. */
static void test_ties(void **state)
{
    (void)state;
    for (double whole = 1e15 + 1; whole < 1e15 + 2000; whole++)
        for (int part = 1; part < 8; part += 2)
            assert_same_around(whole + part / 8.0); /* 16 digits and three more, the last of which is 5 */
    for (double whole = 1e14 + 1; whole < 1e14 + 2000; whole++)
        assert_same_around(whole + 1 / 16.0);
}

static void test_ends(void **state)
{
    (void)state;
    char text[HF_DECIMAL_TEXT];
    assert_same(0);
    assert_same(-0.0);
    assert_same(INFINITY);
    assert_same(-INFINITY);
    assert_same_around(5e-324);
    assert_same_around(1e16);
    assert_same_around(1e17);
    assert_int_equal(hf_decimal(NAN, text), 3);
    assert_string_equal(text, "nan");
    assert_int_equal(hf_decimal(-NAN, text), 3);
    assert_string_equal(text, "nan");
}

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static void test_random(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252;
    for (int i = 0; i < 200000; i++) {
        const uint64_t bits = next(&random);
        double x;
        memcpy(&x, &bits, sizeof x);
        if (!isnan(x))
            assert_same(x);
        assert_same(ldexp((double)(next(&random) >> 11), -53 - (int)(next(&random) % 60)));
        assert_same((double)(next(&random) % 1000000) / 1000);
        assert_same(ldexp((double)(next(&random) % 4096), (int)(next(&random) % 120) - 100));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_powers), cmocka_unit_test(test_ties),
                                       cmocka_unit_test(test_ends), cmocka_unit_test(test_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
