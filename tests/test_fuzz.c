/* What strangers may send: the fuzz targets with the corpus, the shipped models, and mutations of both. FUZZ=n takes so many mutations for
 * each target (default 300). fuzz/run does it with coverage and sanitizers. */
#include "support.h"

#include "../fuzz/fuzz.h"

#include <dirent.h>

enum { FILES = 512 };

typedef struct {
    size_t count;
    char *bytes[FILES];
    size_t size[FILES];
} corpus;

/* Adds all files of $srcdir/folder. */
static void collect(corpus *c, const char *folder)
{
    const char *source = getenv("srcdir");
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", source == NULL ? "." : source, folder);
    struct dirent **entry;
    const int found = scandir(path, &entry, NULL, alphasort);
    assert_true(found > 2);
    for (int i = 0; i < found; i++) {
        char file[8192];
        snprintf(file, sizeof file, "%s/%s", path, entry[i]->d_name);
        DIR *is_folder = opendir(file);
        if (is_folder != NULL)
            closedir(is_folder);
        else if (c->count < FILES) {
            c->bytes[c->count] = read_bytes(file, &c->size[c->count]);
            c->count++;
        }
        free(entry[i]);
    }
    free(entry);
}

/* A file of the corpus with up to eight bytes changed, taken out or put in, or its end cut off. *size: its length; to be freed. */
static uint8_t *mutate(const corpus *c, random_source *random, size_t *size)
{
    const size_t n = draw_count(random, 0, c->count - 1), changes = draw_count(random, 1, 8);
    uint8_t *bytes = malloc(c->size[n] + 16);
    assert_non_null(bytes);
    memcpy(bytes, c->bytes[n], c->size[n]);
    *size = c->size[n];
    for (size_t i = 0; i < changes; i++) {
        const size_t at = draw_count(random, 0, *size), kind = draw_count(random, 0, 9);
        const uint8_t byte = (uint8_t)draw_count(random, 0, 255);
        if (kind == 0)
            *size = at;
        else if (kind <= 2 && at < *size)
            memmove(bytes + at, bytes + at + 1, --*size - at);
        else if (kind <= 5) {
            memmove(bytes + at + 1, bytes + at, (*size)++ - at);
            bytes[at] = byte;
        } else if (at < *size)
            bytes[at] = kind == 6 ? byte : bytes[draw_count(random, 0, *size - 1)];
    }
    return bytes;
}

static void run(int (*target)(const uint8_t *bytes, size_t size), size_t folders, const char *const folder[])
{
    const char *wanted = getenv("FUZZ");
    const size_t mutations = wanted == NULL ? 300 : (size_t)strtoul(wanted, NULL, 10);
    corpus c = {0};
    random_source random = {1};
    for (size_t i = 0; i < folders; i++)
        collect(&c, folder[i]);
    for (size_t i = 0; i < c.count; i++)
        target((const uint8_t *)c.bytes[i], c.size[i]);
    for (size_t i = 0; i < mutations; i++) {
        size_t size;
        uint8_t *bytes = mutate(&c, &random, &size);
        target(bytes, size);
        free(bytes);
    }
    for (size_t i = 0; i < c.count; i++)
        free(c.bytes[i]);
}

#define TARGET(name, ...)                                                                                                  \
    static void test_##name(void **state)                                                                                  \
    {                                                                                                                      \
        (void)state;                                                                                                       \
        const char *const folder[] = {"tests/corpus/" #name, __VA_ARGS__};                                                 \
        run(fuzz_##name, sizeof folder / sizeof *folder, folder);                                                          \
    }
TARGET(model, "models", "models/paper")
TARGET(override, )
TARGET(state, )
TARGET(log, )
TARGET(table, "tests/data")
TARGET(checkpoint, )

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model), cmocka_unit_test(test_override), cmocka_unit_test(test_state),
        cmocka_unit_test(test_log),   cmocka_unit_test(test_table),    cmocka_unit_test(test_checkpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
