/* Training runs in directories: the same bytes after any interruption or kill, and what is said of the early stop. */
#include "support.h"
#include "core/path.h"
#include "training.h"

#include "core/channel.h"
#include "core/file.h"
#include "detect/snapshots.h"
#include "train/clock.h"
#include "train/optimizer.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- runs in directories ---- */

/* name in this run's own folder. Valid until the call after the next. */
static const char *directory(const char *name)
{
    static char path[2][192];
    static size_t turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", temporary_folder(), name);
    return path[turn];
}

static void for_each_file(const char *folder, void (*act)(const char *name, const char *path, void *data), void *data)
{
    char path[512];
    DIR *files = opendir(folder);
    assert_non_null(files);
    for (const struct dirent *entry = readdir(files); entry != NULL; entry = readdir(files)) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        act(entry->d_name, path, data);
    }
    closedir(files);
}

static void remove_file(const char *name, const char *path, void *data)
{
    (void)name;
    (void)data;
    assert_int_equal(unlink(path), 0);
}

static void remove_directory(const char *name)
{
    for_each_file(directory(name), remove_file, NULL);
    assert_int_equal(rmdir(directory(name)), 0);
}

static void copy_file(const char *name, const char *path, void *data)
{
    char *target = hf_path_join(data, name);
    hf_error err = {0};
    if (target == NULL || hf_file_copy(path, target, &err) != HF_OK)
        fail_msg("%s", err.message);
    free(target);
}

static void compare_file(const char *name, const char *path, void *data)
{
    char *other_path = hf_path_join(data, name);
    assert_same_bytes(path, other_path);
    free(other_path);
}

/* Also of what is saved for a resumption. */
static void assert_same_files(const char *a, const char *b)
{
    char *other = strdup(directory(b));
    for_each_file(directory(a), compare_file, other);
    free(other);
    other = strdup(directory(a));
    for_each_file(directory(b), compare_file, other);
    free(other);
}

/* ---- interruptions ---- */

/* At a step: raises the flag, or copies the directory as a kill leaves it. */
typedef struct {
    uint64_t at;
    volatile sig_atomic_t flag;
    const char *copy_from;
    char *copy_to;
} interruption;

static void interrupt(void *data, const hf_run_progress *progress)
{
    interruption *now = data;
    if (progress->step != now->at)
        return;
    if (now->copy_to != NULL)
        for_each_file(now->copy_from, copy_file, now->copy_to);
    else
        now->flag = 1;
}

static const double run_levels[] = {5.5, 3, 1.2};

static training_options options_for(const char *folder, bool resume, const hf_curve *reference, interruption *now)
{
    return (training_options){.run.directory = folder,
                              .run.resume = resume,
                              .run.threads = 1,
                              .beside.level_count = 3,
                              .beside.level = run_levels,
                              .beside.curve = reference,
                              .beside.settled = 3,
                              .run.interrupted = now == NULL ? NULL : &now->flag,
                              .run.progress = now == NULL ? NULL : interrupt,
                              .run.progress_data = now};
}

static const char *const resumed_texts[] = {
    THREE SINE(
        "0.3") "data = { noise = 0.4; }; train = { dim = 6; batch = 40; lr = 0.1; steps = 300; save_every = 70; }; output "
               "= { states = true; spectrum = 2; points = 60; };",
    THREE SINE(
        "0.3") "train = { dim = 6; batch = 40; lr = 0.05; steps = 300; optimizer = \"adam\"; sampling = \"projected\"; "
               "save_every = 35; log_every = 7; };",
    THREE SINE(
        "0.3") "data = { noise = 1.0; }; train = { dim = 6; samples = 50; batch = 12; validation = 40; lr = 0.1; steps = "
               "300; optimizer = \"momentum\"; momentum = 0.5; };",
    THREE SINE("0.3") "train = { dim = 3; batch = 0; lr = 0.1; steps = 300; }; solver = { stop_loss = 3.0; };",
    THREE SINE(
        "0.3") "train = { dim = 2; batch = 2; lr = 0.1; steps = 300; optimizer = \"adamw\"; }; detect = { events = false; "
               "};",
};

/* Goes on in folder "again" until the run is over, and compares with the whole run. */
static void finish_and_compare(const hf_config *config, const hf_curve *reference, const hf_run_summary *whole)
{
    hf_run_summary summary;
    training_options options = options_for(directory("again"), true, reference, NULL);
    run_training(config, &options, &summary);
    assert_false(summary.already_complete);
    assert_same_summary(&summary, whole, 3);
    hf_run_summary_clear(&summary);
    assert_same_files("whole", "again");
    options = options_for(directory("again"), true, reference, NULL);
    run_training(config, &options, &summary);
    assert_true(summary.already_complete);
    assert_same_summary(&summary, whole, 3);
    hf_run_summary_clear(&summary);
    assert_same_files("whole", "again");
}

static void check_interruptions(const hf_config *config, const hf_curve *reference, const hf_run_summary *whole)
{
    const uint64_t last = whole->steps, at[] = {1, 2, 69, 70, 71, last - 1};
    hf_error err = {0};
    for (size_t n = 0; n <= sizeof at / sizeof *at; n++) { /* one of them, at last all in turn */
        assert_int_equal(hf_directory_make(directory("again"), &err), HF_OK);
        const bool all = n == sizeof at / sizeof *at;
        for (size_t i = all ? 0 : n; i < (all ? n : n + 1); i++) {
            interruption now = {.at = at[i] < last ? at[i] : last - 1};
            hf_run_summary summary;
            const training_options options = options_for(directory("again"), i > 0, reference, &now);
            run_training(config, &options, &summary);
            if (hf_run_was_interrupted(&summary))
                assert_int_equal(summary.steps, now.at);
            hf_run_summary_clear(&summary);
        }
        finish_and_compare(config, reference, whole);
        remove_directory("again");
    }
}

/* Kills leave what has reached the disk: the last saved state, rows that are newer than it or not yet there. */
static void check_kills(const hf_config *config, const hf_curve *reference, const hf_run_summary *whole)
{
    const uint64_t at[] = {1, 69, 71, 211, whole->steps};
    hf_error err = {0};
    for (size_t n = 0; n < sizeof at / sizeof *at; n++) {
        assert_int_equal(hf_directory_make(directory("killed"), &err), HF_OK);
        assert_int_equal(hf_directory_make(directory("again"), &err), HF_OK);
        char *from = strdup(directory("killed")), *to = strdup(directory("again"));
        interruption now = {.at = at[n], .copy_from = from, .copy_to = to};
        hf_run_summary summary;
        const training_options options = options_for(from, false, reference, &now);
        run_training(config, &options, &summary);
        hf_run_summary_clear(&summary);
        finish_and_compare(config, reference, whole);
        remove_directory("killed");
        remove_directory("again");
        free(from);
        free(to);
    }
}

static void test_resume(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof resumed_texts / sizeof *resumed_texts; n++) {
        hf_config config;
        hf_run_summary flow;
        hf_run_summary whole;
        hf_error err = {0};
        read_config(&config, resumed_texts[n]);
        config.solver.t_end = 40;
        follow_flow(&config, &flow);
        const hf_curve *reference = config.detect.events ? &flow.findings.curve : NULL;
        assert_int_equal(hf_directory_make(directory("whole"), &err), HF_OK);
        const training_options options = options_for(directory("whole"), false, reference, NULL);
        run_training(&config, &options, &whole);
        if (config.solver.stop_loss > 0)
            assert_true(whole.steps < config.train.steps && whole.loss <= 3);
        check_interruptions(&config, reference, &whole);
        check_kills(&config, reference, &whole);
        hf_run_summary_clear(&whole);
        hf_run_summary_clear(&flow);
        hf_config_clear(&config);
        remove_directory("whole");
    }
}

/* A saved state of another model is refused. */
static void test_resume_of_another(void **state)
{
    (void)state;
    hf_config config;
    hf_run_summary summary;
    hf_error err = {0};
    interruption now = {.at = 30};
    assert_int_equal(hf_directory_make(directory("whole"), &err), HF_OK);
    read_config(&config, resumed_texts[0]);
    training_options options = options_for(directory("whole"), false, NULL, &now);
    run_training(&config, &options, &summary);
    assert_true(hf_run_was_interrupted(&summary));
    hf_run_summary_clear(&summary);
    config.train.lr = 0.2;
    options = options_for(directory("whole"), true, NULL, NULL);
    assert_int_equal(try_training(&config, 1, &options, &summary, &err), HF_EUSAGE);
    remove_directory("whole");
    hf_config_clear(&config);
}

/* ---- early stops ---- */

static void check_early_stop(const char *text, const char *column)
{
    hf_config config;
    hf_run_summary summary;
    hf_error err = {0};
    read_config(&config, text);
    assert_int_equal(hf_directory_make(directory("early"), &err), HF_OK);
    const training_options options = {.run.directory = directory("early")};
    run_training(&config, &options, &summary);
    char *path = hf_path_join(directory("early"), "trajectory.tsv");
    hf_tsv table = read_tsv(path);
    assert_int_equal(table.rows, config.train.steps + 1);
    size_t best = 0, nearest = 0;
    for (size_t row = 0; row < table.rows; row++)
        if (number_in(&table, row, column) < number_in(&table, best, column))
            best = row;
    const double distance[] = {number_in(&table, best, "distance_0"), number_in(&table, best, "distance_1"),
                               number_in(&table, best, "distance_2")};
    for (size_t k = 0; k < 3; k++)
        nearest = distance[k] < distance[nearest] ? k : nearest;
    assert_true(best > 0 && best + 1 < table.rows); /* it overfits */
    assert_true((double)summary.training.early.step == number_in(&table, best, "step") &&
                summary.training.early.t == number_in(&table, best, "t"));
    assert_true(summary.training.early.loss == number_in(&table, best, column));
    assert_int_equal(summary.training.early.nearest, nearest);
    assert_true(summary.training.early.distance == distance[nearest]);
    assert_true(summary.training.train_loss == number_in(&table, table.rows - 1, "train_loss"));
    assert_true(summary.training.train_loss < number_in(&table, best, "train_loss"));
    assert_true(close_to(summary.training.early.t, hf_clock_time(hf_clock_of(&config.train), (double)best), 0));
    hf_tsv_clear(&table);
    free(path);
    hf_run_summary_clear(&summary);
    hf_config_clear(&config);
    remove_directory("early");
}

#define FEW                                                                                                                \
    "heads = 2; positions = 5; target = { strengths = (2.0, 1.0); patterns = ((1), (2)); }; init = { perturbation = 0.1; " \
    "}; "                                                                                                                  \
    "data = { noise = 1.0; }; "

static void test_early_stop(void **state)
{
    (void)state;
    check_early_stop(FEW "train = { dim = 8; samples = 30; batch = 0; lr = 0.2; steps = 600; log_every = 1; };", "loss");
    check_early_stop(
        FEW "train = { dim = 8; samples = 30; batch = 10; validation = 100; lr = 0.1; steps = 900; log_every = 1; };",
        "validation_loss");
}

static void transfer_number(hf_channel *channel, void *data)
{
    hf_channel_bytes(channel, data, sizeof(double));
}

/* A saved state: read again, of another configuration, of a machine that has the bytes of a number the other way round, cut off. */
static void test_saved_states(void **state)
{
    (void)state;
    static const char magic[8] = "trial01";
    const struct {
        uint64_t saved;
        const char *said; /* NULL: it is read */
    } cases[] = {{0x0123456789abcdefU, NULL},
                 {0x0123456789abcdeeU, "another configuration"},
                 {0xefcdab8967452301U, "the other byte order"}};
    hf_error err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double written = 1.5, read = 0;
        const char *path = directory("state");
        assert_int_equal(hf_channel_save(path, magic, cases[i].saved, transfer_number, &written, &err), HF_OK);
        const hf_status status = hf_channel_load(path, magic, cases[0].saved, transfer_number, &read, &err);
        assert_int_equal(status, cases[i].said == NULL ? HF_OK : HF_EUSAGE);
        assert_true(cases[i].said == NULL ? read == written : strstr(err.message, cases[i].said) != NULL);
    }
    const char *path = directory("state");
    double written = 1.5, read;
    assert_int_equal(hf_channel_save(path, magic, 1, transfer_number, &written, &err), HF_OK);
    assert_int_equal(truncate(path, 28), 0);
    assert_int_equal(hf_channel_load(path, magic, 1, transfer_number, &read, &err), HF_EUSAGE);
    assert_non_null(strstr(err.message, "damaged"));
}

static void transfer_snapshots(hf_channel *channel, void *data)
{
    hf_snapshots_transfer(data, channel);
}

static void expect_near(const hf_snapshots *s, double t, double factor)
{
    const double *found = hf_snapshots_nearest(s, t);
    assert_non_null(found);
    assert_true(found[0] == -found[1] && found[0] <= t * factor && found[0] >= t / factor);
}

/* However long a run is, its states on the way are few, near any time, and the same once they have been saved and read. */
static void test_snapshots(void **state)
{
    (void)state;
    static const char magic[8] = "trial02";
    hf_snapshots kept, read;
    double last = 1;
    hf_snapshots_init(&kept, 2);
    hf_snapshots_init(&read, 2);
    assert_null(hf_snapshots_nearest(&kept, 1));
    for (double t = 1; t < 1e8; t *= 1.01) {
        const double y[2] = {t, -t};
        assert_true(hf_snapshots_add(&kept, t, y));
        assert_true(kept.count <= kept.limit);
        last = t;
    }
    assert_true(kept.factor > 1.04 && kept.factor < 1.05); /* one half of them went, once */
    assert_true(kept.count > kept.limit / 2);
    for (double t = 1; t < last; t *= 3)
        expect_near(&kept, t, 1.05);
    const char *path = directory("snapshots");
    assert_int_equal(hf_channel_save(path, magic, 1, transfer_snapshots, &kept, NULL), HF_OK);
    assert_int_equal(hf_channel_load(path, magic, 1, transfer_snapshots, &read, NULL), HF_OK);
    assert_true(read.count == kept.count && read.factor == kept.factor);
    assert_memory_equal(read.at, kept.at, kept.count * 3 * sizeof *kept.at);
    hf_snapshots_clear(&read);
    hf_snapshots_clear(&kept);
    assert_int_equal(unlink(path), 0);
}

static void expect_failure(hf_status status, const hf_error *err, const char *text)
{
    assert_int_equal(status, HF_ESYSTEM);
    if (strstr(err->message, text) == NULL)
        fail_msg("\"%s\", expected \"...%s...\"", err->message, text);
}

static void open_and_write(hf_file *file, const char *path)
{
    assert_int_equal(hf_file_open(file, path, NULL), HF_OK);
    assert_int_equal(fputs("four", file->stream) < 0, 0);
}

static void expect_text(const char *path, const char *expected)
{
    char *text;
    assert_int_equal(hf_file_load(path, &text, NULL), HF_OK);
    assert_string_equal(text, expected);
    free(text);
}

/* A file is there or not; taken up again it goes on where it was, or says why it cannot. */
static void test_files(void **state)
{
    (void)state;
    const char *path = directory("file"), *part = directory("file.part");
    hf_error err;
    hf_file file;
    open_and_write(&file, path);
    hf_file_spoil(file.stream);
    expect_failure(hf_file_commit(&file, &err), &err, "file.part: cannot be written (is the disk full, or memory short?)");
    assert_false(hf_file_exists(path));
    open_and_write(&file, path);
    assert_int_equal(hf_file_commit(&file, &err), HF_OK);
    expect_text(path, "four");
    assert_int_equal(hf_file_reopen(&file, path, 2, &err), HF_OK); /* it had its name already */
    assert_false(hf_file_exists(path));
    assert_int_equal(fputs("x", file.stream) < 0, 0);
    hf_file_abandon(&file);
    expect_text(part, "fox");
    expect_failure(hf_file_reopen(&file, path, 4, &err), &err, "file.part: is shorter than when the run was interrupted");
    assert_int_equal(unlink(part), 0);
    expect_failure(hf_file_reopen(&file, path, 2, &err), &err, "file.part: is gone since the run was interrupted");
}

static hf_status no_visit(void *data, const char *path, hf_error *err)
{
    (void)data, (void)path;
    return hf_fail(err, HF_EUSAGE, "nothing is to be seen");
}

/* What is no folder, and what is one. */
static void test_other_things_than_files(void **state)
{
    (void)state;
    const char *path = directory("thing");
    char *text;
    hf_error err;
    hf_file file;
    open_and_write(&file, path);
    assert_int_equal(hf_file_commit(&file, &err), HF_OK);
    expect_failure(hf_directory_walk(path, no_visit, NULL, &err), &err, "cannot be read: Not a directory");
    expect_failure(hf_directory_make(path, &err), &err, "thing: cannot be made a directory");
    expect_failure(hf_directory_sync(path, &err), &err, "thing: cannot be brought to the disk");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(hf_directory_walk(path, no_visit, NULL, &err), HF_OK); /* nothing is there */
    assert_int_equal(hf_directory_make(path, &err), HF_OK);
    expect_failure(hf_file_load(path, &text, &err), &err, "thing: cannot be read: Is a directory");
    open_and_write(&file, path);
    expect_failure(hf_file_commit(&file, &err), &err, "thing: cannot be written: Is a directory");
    assert_int_equal(rmdir(path), 0);
}

int main(void)
{
    hf_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_resume_of_another),
        cmocka_unit_test(test_early_stop),
        cmocka_unit_test(test_saved_states),
        cmocka_unit_test(test_snapshots),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_other_things_than_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
