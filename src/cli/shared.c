#include "cli/cli.h"

#include "core/file.h"
#include "core/path.h"
#include "report/draw.h"
#include "report/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

hf_status hf_cli_open_streams(hf_error *err)
{
    for (int number = 0; number <= STDERR_FILENO; number++)
        if (fcntl(number, F_GETFD) == -1 && errno == EBADF && open("/dev/null", O_RDWR) != number)
            return hf_fail(err, HF_ESYSTEM, "/dev/null: cannot be opened in place of a closed stream: %s", strerror(errno));
    return HF_OK;
}

int hf_cli_fail(const hf_error *err)
{
    fprintf(stderr, "headflow: %s\n", err->message);
    return (int)err->status;
}

bool hf_cli_says(const hf_cli_options *options)
{
    return !options->quiet && !options->json;
}

volatile sig_atomic_t hf_cli_signal; /* the one thing a signal handler can reach */

static void catch_signal(int number)
{
    hf_cli_signal = number;
}

void hf_cli_watch_signals(void)
{
    struct sigaction action = {.sa_handler = catch_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like a full disk */
}

double hf_cli_clock(void *unused)
{
    struct timespec now;
    (void)unused;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void hf_cli_tell_failure(void *data, const char *message)
{
    (void)data;
    fprintf(stderr, "headflow: %s\n", message);
}

hf_status hf_cli_draw(const char *directory, bool quiet, hf_error *err)
{
    const hf_draw_listener listener = {.failed = hf_cli_tell_failure};
    if (hf_gnuplot_is_there())
        return hf_draw_figures(directory, &(hf_draw_options){.terminal = "png"}, &listener, err);
    if (!quiet)
        fprintf(stderr, "headflow: gnuplot is not installed, so no figures were drawn; the scripts are in %s/plots\n",
                directory);
    return HF_OK;
}

hf_status hf_cli_lock(const char *directory, const char *name, bool *forbidden, hf_error *err)
{
    char *path = hf_path_join(directory, name);
    const hf_status status = path == NULL ? hf_fail_memory(err, "a file name") : hf_file_lock(path, forbidden, err);
    free(path);
    return status;
}

hf_status hf_cli_flush(hf_error *err)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return HF_OK;
    const int reason = errno; /* 0: of a write before this one */
    return hf_fail(err, HF_ESYSTEM, "standard output: cannot be written%s%s", reason == 0 ? "" : ": ",
                   reason == 0 ? "" : strerror(reason));
}
