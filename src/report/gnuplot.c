#include "report/gnuplot.h"

#include "core/program.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What became of a program. */
typedef struct {
    int error;      /* errno: it could not be started; 0 */
    int status;     /* its exit status, if it ended by itself */
    int killed_by;  /* the signal that ended it; 0 */
    char said[600]; /* the end of what it wrote, in one line */
} outcome;

/* ---- starting a program ---- */

/* The environment with LC_ALL = C.UTF-8: neither numbers nor letters depend on whose desk this is. Freed by the caller; NULL:
 * memory. */
static char **neutral_environment(void)
{
    static char locale[] = "LC_ALL=C.UTF-8";
    char *const *all = hf_program_environment();
    size_t count = 0, kept = 0;
    while (all != NULL && all[count] != NULL)
        count++;
    char **copy = malloc((count + 2) * sizeof *copy);
    if (copy == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (strncmp(all[i], "LC_ALL=", 7) != 0)
            copy[kept++] = all[i];
    copy[kept++] = locale;
    copy[kept] = NULL;
    return copy;
}

/* The last line that says something, without what a terminal should not see. */
static void keep_last_line(const char *text, size_t size, outcome *result)
{
    size_t end = size, used = 0;
    while (end > 0 && strchr(" \t\r\n^", text[end - 1]) != NULL)
        end--;
    size_t start = end;
    while (start > 0 && text[start - 1] != '\n')
        start--;
    while (start < end && (text[start] == ' ' || text[start] == '\t'))
        start++;
    for (; start < end && used + 1 < sizeof result->said; start++) {
        const unsigned char c = (unsigned char)text[start];
        result->said[used++] = c < ' ' || c == 127 ? ' ' : (char)c;
    }
    result->said[used] = '\0';
}

/* Reads all that comes and keeps its end. */
static void listen_to(int from, outcome *result)
{
    char text[2048], piece[512];
    size_t used = 0;
    ssize_t got;
    while ((got = read(from, piece, sizeof piece)) > 0 || (got < 0 && errno == EINTR)) {
        const size_t size = got > 0 ? (size_t)got : 0;
        if (used + size > sizeof text) {
            const size_t excess = used + size - sizeof text;
            memmove(text, text + excess, used - excess);
            used -= excess;
        }
        memcpy(text + used, piece, size);
        used += size;
    }
    keep_last_line(text, used, result);
}

static void wait_for(pid_t child, outcome *result)
{
    int state = 0;
    pid_t done;
    while ((done = waitpid(child, &state, 0)) < 0 && errno == EINTR)
        continue;
    if (done != child)
        result->error = errno;
    else if (WIFEXITED(state))
        result->status = WEXITSTATUS(state);
    else
        result->killed_by = WTERMSIG(state);
}

/* Starts a program; to: where its output goes, -1: to ours. Returns errno, 0 for success. */
static int start(char *const arguments[], int to, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    char **environment = neutral_environment();
    if (environment == NULL)
        return ENOMEM;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) {
        free(environment);
        return error;
    }
    error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (error == 0 && to >= 0)
        error = posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
    if (error == 0 && to >= 0)
        error = posix_spawn_file_actions_adddup2(&actions, to, STDERR_FILENO);
    if (error == 0)
        error = posix_spawnp(child, arguments[0], &actions, NULL, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    free(environment);
    return error;
}

/* Both ends closed in what we start, but for the one that becomes its output. */
static int open_pipe(int ends[2])
{
    if (pipe(ends) != 0)
        return errno;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
}

/* Runs a program to its end. silent: what it says is kept and not shown. */
static outcome run_program(char *const arguments[], bool silent)
{
    outcome result = {0};
    int ends[2] = {-1, -1};
    pid_t child;
    result.error = silent ? open_pipe(ends) : 0;
    if (result.error != 0)
        return result;
    result.error = start(arguments, ends[1], &child);
    const bool is_deaf = silent && close(ends[1]) != 0; /* if it is still open, nobody would see the other end close */
    if (result.error == 0) {
        if (silent && !is_deaf)
            listen_to(ends[0], &result);
        wait_for(child, &result);
    }
    if (silent)
        close(ends[0]);
    return result;
}

/* ---- gnuplot ---- */

static bool is_good(const outcome *result)
{
    return result->error == 0 && result->status == 0 && result->killed_by == 0;
}

/* There is no such program; one that is there and cannot load its libraries says so, with the same status. */
static bool is_missing(const outcome *result)
{
    return result->error == ENOENT || (result->error == 0 && result->status == 127 && result->said[0] == '\0');
}

/* What went wrong, after "what: ". */
static hf_status explain(const outcome *result, const char *what, hf_error *err)
{
    const char *said = result->said[0] == '\0' ? "it said nothing" : result->said;
    if (is_missing(result))
        return hf_fail(err, HF_ESYSTEM, "%.300s: gnuplot is not installed (Debian: gnuplot-nox)", what);
    if (result->error != 0)
        return hf_fail(err, HF_ESYSTEM, "%.300s: gnuplot cannot be started: %s", what, strerror(result->error));
    if (result->killed_by != 0)
        return hf_fail(err, HF_ESYSTEM, "%.300s: gnuplot was ended by signal %d (%s)", what, result->killed_by,
                       strsignal(result->killed_by));
    return hf_fail(err, HF_ESYSTEM, "%.300s: gnuplot failed with exit status %d: %s", what, result->status, said);
}

hf_status hf_gnuplot_check(hf_error *err)
{
    const outcome result = run_program((char *[]){"gnuplot", "--version", NULL}, true);
    return is_good(&result) ? HF_OK : explain(&result, "figures", err);
}

bool hf_gnuplot_is_there(void)
{
    const outcome result = run_program((char *[]){"gnuplot", "--version", NULL}, true);
    return !is_missing(&result);
}

hf_status hf_gnuplot_check_terminal(const char *terminal, hf_error *err)
{
    char command[64];
    const bool by_cairo = strcmp(terminal, "png") == 0 || strcmp(terminal, "pdf") == 0 || strcmp(terminal, "eps") == 0;
    snprintf(command, sizeof command, "set terminal %.16s%s", terminal, by_cairo ? "cairo" : "");
    const outcome result = run_program((char *[]){"gnuplot", "-d", "-e", command, NULL}, true);
    if (is_good(&result))
        return HF_OK;
    if (result.error != 0 || result.killed_by != 0)
        return explain(&result, "figures", err);
    const char *said = result.said[0] == '\0' ? "it said nothing" : result.said;
    if (strcmp(terminal, "qt") == 0)
        return hf_fail(err, HF_ESYSTEM,
                       "--terminal qt: this gnuplot opens no windows (Debian: gnuplot-qt; gnuplot-nox draws files only): %s", said);
    return hf_fail(err, HF_ESYSTEM, "--terminal %s: this gnuplot cannot draw for it: %s", terminal, said);
}

hf_status hf_gnuplot_draw(const char *script, const char *settings, bool is_window, int *killed_by, hf_error *err)
{
    char path[4200];
    *killed_by = 0;
    /* a name that looks like an option is none with a folder before it */
    if (snprintf(path, sizeof path, "%s%s", script[0] == '-' ? "./" : "", script) >= (int)sizeof path)
        return hf_fail(err, HF_ESYSTEM, "%.300s...: this path is too long for gnuplot", script);
    char *commands = strdup(settings);
    if (commands == NULL)
        return hf_fail_memory(err, "gnuplot's settings");
    char *const to_file[] = {"gnuplot", "-d", "-e", commands, path, NULL}, *const to_window[] = {"gnuplot", "-d", "-p", "-e",
                                                                                                commands,  path, NULL};
    const outcome result = run_program(is_window ? to_window : to_file, !is_window);
    free(commands);
    *killed_by = result.killed_by;
    return is_good(&result) ? HF_OK : explain(&result, script, err);
}
