/* What a summary says, near the edges of what it can say: lists of any length, fractions near 1, defects near their limit. */
#include "support.h"

#include "report/acquired.h"
#include "report/findings.h"
#include "run/flow_run.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 40 };

/* One stage in which patterns 1..count are acquired by heads 1..count, and how the run ends. */
typedef struct {
    hf_event event[MOST + 2];
    hf_plateau plateau[2];
    hf_stage stage;
    hf_findings findings;
} one_stage;

static void make_stage(one_stage *s, size_t count)
{
    *s = (one_stage){.plateau = {{.loss = 2}, {.loss = 1}}};
    for (size_t j = 0; j < count; j++)
        s->event[j] = (hf_event){.kind = HF_EVENT_ACQUIRED,
                                 .mode = j + 1 == count && count > 1 ? HF_MODE_COOPERATIVE : HF_MODE_COMPETITIVE,
                                 .t = 2,
                                 .stage = 1,
                                 .head = count - j,
                                 .pattern = j + 1};
    s->event[count] = (hf_event){.kind = HF_EVENT_STOP, .t = 100};
    s->stage = (hf_stage){.before = &s->plateau[0], .t_onset = 1, .t_peak = 2, .t_settle = NAN, .loss_after = 1,
                          .predicted_loss_after = 123456};
    s->findings = (hf_findings){.event_count = count + 1,
                                .event = s->event,
                                .plateau_count = 2,
                                .plateau = s->plateau,
                                .stage_count = 1,
                                .stage = &s->stage,
                                .heads = 1};
}

static void test_lists(void **state)
{
    static const struct {
        size_t count;
        const char *text;
    } cases[] = {
        {0, "stage   t_onset    t_peak  t_settle      loss predicted pattern head        mode\n"
            "    1         1         2         -         1         -       -    -           -\n"},
        {1, "stage   t_onset    t_peak  t_settle      loss predicted pattern head        mode\n"
            "    1         1         2         -         1    123456       1    1 competitive\n"},
        {3, "stage   t_onset    t_peak  t_settle      loss predicted pattern  head        mode\n"
            "    1         1         2         -         1    123456   1,2,3 3,2,1 cooperative\n"},
        {8, "stage   t_onset    t_peak  t_settle      loss predicted         pattern            head        mode\n"
            "    1         1         2         -         1    123456 1,2,3,4,5,6,7,8 8,7,6,5,4,3,2,1 cooperative\n"},
        {40, "stage   t_onset    t_peak  t_settle      loss predicted                 pattern                   head        mode\n"
             "    1         1         2         -         1    123456 1,2,3,4,5,6,7,8,.. (40) 40,39,38,37,36,.. (40) cooperative\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        one_stage s;
        char *text;
        size_t size;
        make_stage(&s, cases[i].count);
        FILE *stream = open_memstream(&text, &size);
        assert_non_null(stream);
        hf_acquired_print(&s.findings, stream);
        fclose(stream);
        assert_string_equal(text, cases[i].text);
        const hf_event *first = hf_acquired_first(&s.findings, 1);
        assert_int_equal(first == NULL ? 0 : first->pattern, cases[i].count > 0 ? 1 : 0);
        assert_null(hf_acquired_first(&s.findings, 2));
        free(text);
    }
}

static void test_fractions(void **state)
{
    static const struct {
        double fraction;
        bool emerged, test;
        const char *text;
    } cases[] = {
        {0.2, false, false, "Not emerged by t = 100: the loss has not fallen to 0.2 of its start.\n"},
        {0.9999999, true, false, "Emerged at t = 7: the loss falls to 0.9999999 of its start.\n"},
        {1 - 0x1p-53, true, true, "Emerged at t = 7: the test loss falls to 0.9999999999999999 of its start.\n"},
        {1e-300, false, true, "Not emerged by t = 100: the test loss has not fallen to 1e-300 of its start.\n"},
        {0, false, false, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        one_stage s;
        char *text;
        size_t size;
        make_stage(&s, 1);
        s.findings.loss_fraction = cases[i].fraction;
        s.findings.on_test = cases[i].test;
        if (cases[i].emerged) {
            s.event[2] = s.event[1];
            s.event[1] = (hf_event){.kind = HF_EVENT_EMERGED, .t = 7};
            s.findings.event_count++;
        }
        FILE *stream = open_memstream(&text, &size);
        assert_non_null(stream);
        hf_findings_print(&s.findings, stream);
        fclose(stream);
        const char *said = strstr(text, cases[i].emerged ? "Emerged" : "Not emerged");
        assert_int_equal(said == NULL, cases[i].text[0] == '\0');
        if (said != NULL)
            assert_int_equal(strncmp(said, cases[i].text, strlen(cases[i].text)), 0);
        free(text);
    }
}

static void test_energy_defect(void **state)
{
    (void)state;
    assert_true(hf_run_is_accurate(0, 1e-14));
    assert_true(hf_run_is_accurate(1e-12, 1e-14)); /* rounding */
    assert_true(hf_run_is_accurate(1.99e-6, 1e-8));
    assert_false(hf_run_is_accurate(2.01e-6, 1e-8));
    assert_true(hf_run_is_accurate(0.99e-2, 1e-2));
    assert_false(hf_run_is_accurate(1.01e-2, 1e-2)); /* however loose the tolerance */
    assert_false(hf_run_is_accurate(NAN, 1e-2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_fractions),
        cmocka_unit_test(test_energy_defect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
