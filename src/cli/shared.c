#include "cli/cli.h"

#include "report/plots.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

double hf_cli_seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + 1e-9 * (double)(now.tv_nsec - start->tv_nsec);
}

hf_status hf_cli_draw(const char *directory, hf_error *err)
{
    if (hf_plots_have_gnuplot())
        return hf_plots_draw(directory, "png", err);
    fprintf(stderr, "headflow: gnuplot is not installed, so no figures were drawn; the scripts are in %s/plots\n",
            directory);
    return HF_OK;
}

hf_status hf_cli_flush(hf_error *err)
{
    if (fflush(stdout) == 0)
        return HF_OK;
    return hf_fail(err, HF_ESYSTEM, "standard output: cannot be written: %s", strerror(errno));
}
