/* The library where memory is short: the n-th allocation fails, for every n, once and for good. No crash, the right status, nothing half
 * made, and the same call afterwards works. The linker lets calls of the library and of this program pass through here; allocations
 * of other libraries are theirs. */
#include "check.h"

#include "headflow.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t calls, failing; /* failing: the number of the call that fails; 0: none */
static bool goes_on;          /* and all behind it */

static bool fails(void)
{
    calls++;
    return failing > 0 && (goes_on ? calls >= failing : calls == failing);
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t length)
{
    return fails() ? NULL : __real_strndup(text, length);
}

/* ---- what is called ---- */

#define MODEL                                                                                                              \
    "heads = 2; positions = 4; target = { strengths = (2.0, 1.0); }; init = { perturbation = 0.1; };\n"                    \
    "solver = { t_end = 6.0; rtol = 1e-4; }; output = { points = 3; states = true; spectrum = 1; plots = false;\n"         \
    "times = (1.0, 2.0); at_events = true; };\n"

static char folder[64];

static hf_status run_model(const char *text, const char *setting, const char *directory, hf_outcome **outcome, hf_error *err)
{
    hf_job *job = NULL;
    hf_status status = hf_job_parse(&job, "m", text, NULL, err);
    if (status == HF_OK && setting != NULL)
        status = hf_job_set(job, setting, err);
    if (status == HF_OK && directory != NULL)
        status = hf_job_write_to(job, directory, false, err);
    if (status == HF_OK)
        status = hf_job_run(job, outcome, err);
    hf_job_free(job);
    return status;
}

static hf_status run_in_memory(hf_outcome **outcome, hf_error *err)
{
    return run_model(MODEL, "solver.stop=acquired=1", NULL, outcome, err);
}

static hf_status run_in_folder(hf_outcome **outcome, hf_error *err)
{
    return run_model(MODEL, NULL, folder, outcome, err);
}

static hf_status load(hf_outcome **outcome, hf_error *err)
{
    return hf_outcome_load(outcome, folder, err);
}

/* Two drops, and a rise now and then. */
static hf_status detect(hf_outcome **outcome, hf_error *err)
{
    enum { COUNT = 120 };
    double loss[COUNT];
    for (int i = 0; i < COUNT; i++)
        loss[i] = (i < 30 ? 3.0 : i < 40 ? 3.0 - 0.1 * (i - 30) : i < 80 ? 2.0 : i < 90 ? 2.0 - 0.1 * (i - 80) : 1.0) + 1e-3 * ((i * 7) % 5);
    return hf_detect(outcome, COUNT, NULL, loss, err);
}

typedef hf_status call(hf_outcome **outcome, hf_error *err);

/* Of call number n of all that it takes: what comes of it, and whether it happened. */
static hf_status try(call *what, size_t n, bool for_good, bool *happened)
{
    hf_outcome *outcome = NULL;
    hf_error err = {.message = ""};
    calls = 0;
    failing = n;
    goes_on = for_good;
    const hf_status status = what(&outcome, &err);
    failing = 0;
    *happened = n > 0 && calls >= n;
    if (status == HF_OK)
        assert_non_null(outcome);
    else {
        assert_null(outcome);
        assert_true(err.message[0] != '\0');
    }
    hf_outcome_free(outcome);
    return status;
}

/* Every place, or, of more than most, one of so many. needless: how many allocations it may do without. */
static void fail_everywhere(const char *name, call *what, size_t most, size_t needless)
{
    bool happened;
    size_t places = 0, passed = 0;
    assert_int_equal(try(what, 0, false, &happened), HF_OK);
    const size_t count = calls, stride = count / most + 1;
    for (int for_good = 0; for_good < 2; for_good++)
        for (size_t n = 1 + (size_t)for_good % stride; n <= count; n += stride) {
            const hf_status status = try(what, n, for_good, &happened);
            places++;
            passed += status == HF_OK;
            if (!happened || (status != HF_ESYSTEM && status != HF_OK))
                fail_msg("%s: allocation %zu of %zu fails: status %d", name, n, count, status);
            if (status == HF_OK && for_good)
                fail_msg("%s: allocation %zu of %zu and all behind it fail, and that is no failure", name, n, count);
        }
    print_message("# %s: %zu allocations, %zu places, %zu needless\n", name, count, places, passed);
    if (passed > needless)
        fail_msg("%s: %zu allocations fail without a word", name, passed);
    assert_int_equal(try(what, 0, false, &happened), HF_OK);
}

static void test_run(void **state)
{
    (void)state;
    fail_everywhere("run", run_in_memory, 400, 0);
}

static void test_folder(void **state)
{
    (void)state;
    /* a folder that is empty stays, or a saved state that is not needed is not seen */
    fail_everywhere("run in a folder", run_in_folder, 60, 8);
}

static void test_load(void **state)
{
    (void)state;
    bool happened;
    assert_int_equal(try(run_in_folder, 0, false, &happened), HF_OK);
    fail_everywhere("load", load, 500, 0);
}

static void test_detect(void **state)
{
    (void)state;
    fail_everywhere("detect", detect, 500, 0);
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/headflow-memory-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    char command[100];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_run), cmocka_unit_test(test_folder), cmocka_unit_test(test_load),
                                       cmocka_unit_test(test_detect)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
