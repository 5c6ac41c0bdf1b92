#include "sweep/workers.h"

#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a worker tells, in one write of at most 512 bytes, the least PIPE_BUF: reports of several workers do not mix. */
typedef struct {
    size_t worker;
    bool failed;  /* the task */
    bool lost;    /* the task, to the system (memory, file system), for this reason: it has no result */
    bool aborted; /* the worker, for this reason; the task does not count */
    hf_status status;
    char message[472];
} report;
#define STOP SIZE_MAX /* instead of a task: there is nothing more to do. Pipes may stay open where a close fails */
enum { ENDED = 0, INTERRUPTED = 130, LOST_MAX = 100 }; /* exit codes of workers; tasks lost to the system until all stop */

/* Where tasks are quick, a worker has one more to go on with, and need not wait until it is told. Who has nothing else to do takes one
 * that waits behind a long one. */
enum { AHEAD = 2 };
static const double quick = 0.01; /* s */
_Static_assert(sizeof(report) <= 512, "a report is longer than POSIX lets all systems write at once");

typedef struct {
    pid_t process;             /* 0: none */
    int jobs, back;            /* the ends to write tasks to, and to take them back from; -1: closed */
    size_t task[AHEAD], count; /* it has been told; the first is being worked on */
    struct timespec since;     /* the first one's beginning */
    bool is_quick;             /* its last task was */
} worker;

typedef struct {
    const hf_sweep *sweep;
    const hf_workers_options *options;
    size_t count;
    const size_t *tasks;
    size_t next; /* in tasks */
    size_t worker_count;
    worker *workers;
    int reports[2]; /* read end, write end; -1: not open */
    size_t *lost;   /* tasks to try once more */
    size_t lost_count, lost_next;
    size_t given_up; /* tasks lost to the system twice */
    bool told_to_stop;
    hf_part part; /* the parent's own, for tasks that end their workers */
    hf_sweep_progress progress;
    bool stopping;
    hf_status status;
    hf_error *err;
} pool;

static void close_end(int *end)
{
    if (*end >= 0)
        close(*end);
    *end = -1;
}

static void close_jobs(worker *w)
{
    close_end(&w->jobs);
    close_end(&w->back);
}

/* ---- in the worker ---- */

static bool is_interrupted(const pool *p)
{
    return p->options->interrupted != NULL && *p->options->interrupted;
}

/* Waits until there is something to read; false when interrupted, or when the parent is gone. */
static bool wait_for_task(const pool *p, int end, pid_t parent)
{
    struct pollfd wanted = {.fd = end, .events = POLLIN};
    while (!is_interrupted(p) && getppid() == parent)
        if (poll(&wanted, 1, 1000) > 0)
            return true;
    return false;
}

/* The next task; false: there is none, or the worker was interrupted, or it cannot read. */
static bool hear_task(const pool *p, int end, pid_t parent, size_t *task)
{
    ssize_t got = -1;
    errno = EINTR;
    while (got < 0 && (errno == EINTR || errno == EAGAIN) &&
           wait_for_task(p, end, parent)) { /* EAGAIN: it was taken back */
        errno = 0;
        got = read(end, task, sizeof *task);
    }
    return got == (ssize_t)sizeof *task && *task != STOP; /* as one write, it comes as one read */
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + 1e-9 * (double)(now.tv_nsec - start->tv_nsec);
}

static void explain(report *told, const hf_error *why)
{
    told->status = why->status;
    hf_text_show(why->message, told->message, sizeof told->message); /* cut where it is too long */
}

static void abort_with(report *told, const hf_error *why)
{
    told->aborted = true;
    explain(told, why);
}

/* Runs one task and appends its result. False: this worker is done for, because it was interrupted or cannot write. */
static bool work_on(const pool *p, hf_part *part, size_t task, hf_sweep_last *last, double *values, char **texts,
                    report *told)
{
    hf_error why, trouble;
    bool stopped;
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    const hf_status status =
        hf_sweep_run_task(p->sweep, task, last, p->options->interrupted, values, texts, &stopped, &why);
    if (stopped)
        return false;
    told->failed = status != HF_OK;
    told->lost = status == HF_ESYSTEM; /* which says nothing about the task */
    if (told->lost)
        explain(told, &why);
    else if (hf_part_append(part, task, seconds_since(&start), values, texts, status == HF_OK ? NULL : &why, &trouble) !=
             HF_OK)
        abort_with(told, &trouble);
    return !told->aborted;
}

static bool tell(const pool *p, const report *told)
{
    ssize_t written;
    while ((written = write(p->reports[1], told, sizeof *told)) < 0 && errno == EINTR)
        continue;
    return written == (ssize_t)sizeof *told;
}

static void forget_texts(const pool *p, char **texts)
{
    for (size_t i = 0; i < p->sweep->report_count; i++) {
        free(texts[i]);
        texts[i] = NULL;
    }
}

/* All tasks that come; the exit code. */
static int work(const pool *p, size_t number, int jobs, pid_t parent)
{
    hf_part part = {.sweep = p->sweep};
    hf_sweep_last last = {0};
    report told;
    memset(&told, 0, sizeof told);
    told.worker = number;
    hf_error trouble;
    double *values = malloc(p->sweep->report_count * sizeof *values);
    char **texts = calloc(p->sweep->report_count, sizeof *texts);
    size_t task;
    bool go_on = true, heard = true;
    if (values == NULL || texts == NULL) {
        hf_fail_memory(&trouble, "a worker");
        abort_with(&told, &trouble);
        heard = tell(p, &told);
    }
    while (go_on && !told.aborted && hear_task(p, jobs, parent, &task)) {
        go_on = work_on(p, &part, task, &last, values, texts, &told);
        forget_texts(p, texts);
        if (go_on || told.aborted)
            heard = tell(p, &told);
        go_on = go_on && heard;
    }
    if (hf_part_close(&part, &trouble) != HF_OK && !told.aborted) {
        abort_with(&told, &trouble);
        heard = tell(p, &told);
    }
    hf_sweep_forget(&last);
    free(values);
    free(texts);
    return told.aborted || !heard ? HF_ESYSTEM : is_interrupted(p) ? INTERRUPTED : ENDED;
}

/* ---- in the parent ---- */

static void fail(pool *p, hf_status status, const char *what)
{
    if (p->status == HF_OK)
        p->status = hf_fail(p->err, status, "%s: %s", what, strerror(errno));
    p->stopping = true;
}

static void start_worker(pool *p, size_t number)
{
    int ends[2];
    if (pipe(ends) != 0) {
        fail(p, HF_ESYSTEM, "a worker cannot be started");
        return;
    }
    /* Two read there: who comes second must not wait. */
    const pid_t parent = getpid(), process = fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 ? fork() : -1;
    if (process == 0) {
        for (size_t i = 0; i < p->worker_count; i++)
            close_jobs(&p->workers[i]);
        close_end(&p->reports[0]);
        close(ends[1]);
        _exit(work(p, number, ends[0], parent)); /* what the parent has buffered is the parent's to write */
    }
    if (process < 0) {
        close(ends[0]);
        close(ends[1]);
        fail(p, HF_ESYSTEM, "a worker cannot be started");
        return;
    }
    p->workers[number] = (worker){.process = process, .jobs = ends[1], .back = ends[0]};
}

/* The next task, lost ones first; false: there is none. */
static bool take_task(pool *p, size_t *task)
{
    if (p->lost_next < p->lost_count)
        *task = p->lost[p->lost_next++];
    else if (p->next < p->count)
        *task = p->tasks[p->next++];
    else
        return false;
    return true;
}

/* False: the worker could not be told. */
static bool send_task(const worker *w, size_t task)
{
    ssize_t written;
    while ((written = write(w->jobs, &task, sizeof task)) < 0 && errno == EINTR)
        continue;
    return written == (ssize_t)sizeof task;
}

/* Lets a worker go that has nothing to do. */
static void let_go(worker *w)
{
    if (w->process != 0 && w->jobs >= 0 && !send_task(w, STOP))
        kill(w->process, SIGTERM);
    close_jobs(w);
}

/* A worker that is gone already is noticed when it is waited for. */
static void give_task(pool *p, worker *w, size_t task)
{
    if (w->count == 0)
        clock_gettime(CLOCK_MONOTONIC, &w->since);
    if (send_task(w, task) || errno == EPIPE)
        w->task[w->count++] = task;
    else
        fail(p, HF_ESYSTEM, "a worker cannot be reached");
}

/* A task that a worker has been told and has not begun: mostly its second, and where it has been told just now its first. */
static bool take_back(pool *p, size_t *task)
{
    for (size_t i = 0; i < p->worker_count; i++) {
        worker *w = &p->workers[i];
        if (w->count == AHEAD && w->back >= 0 && read(w->back, task, sizeof *task) == (ssize_t)sizeof *task) {
            if (w->task[0] == *task)
                w->task[0] = w->task[1];
            w->count--;
            return true;
        }
    }
    return false;
}

/* Gives a worker what it is to do next, or lets it go. */
static void keep_busy(pool *p, worker *w)
{
    const size_t most = w->is_quick ? AHEAD : 1;
    size_t task;
    while (w->count < most && !p->stopping && take_task(p, &task))
        give_task(p, w, task);
    if (w->count == 0 && !p->stopping && take_back(p, &task))
        give_task(p, w, task);
    if (w->count == 0)
        let_go(w);
}

/* The first task of a worker, which is done. */
static size_t finish_task(worker *w)
{
    const size_t task = w->task[0];
    w->is_quick = seconds_since(&w->since) < quick;
    clock_gettime(CLOCK_MONOTONIC, &w->since);
    w->count--;
    memmove(w->task, w->task + 1, w->count * sizeof *w->task);
    return task;
}

static bool was_lost_before(const pool *p, size_t task)
{
    for (size_t i = 0; i < p->lost_count; i++)
        if (p->lost[i] == task)
            return true;
    return false;
}

static void try_again(pool *p, size_t task)
{
    size_t *grown = realloc(p->lost, (p->lost_count + 1) * sizeof *grown);
    if (grown == NULL) {
        errno = ENOMEM;
        fail(p, HF_ESYSTEM, "a task cannot be tried again");
        return;
    }
    p->lost = grown;
    p->lost[p->lost_count++] = task;
}

/* A task that the system failed, not itself. The first time it is tried again; after that it stays without a result, and the
 * sweep has failed, but other tasks may have what they need. */
static void lose_to_system(pool *p, const report *told, size_t task)
{
    if (!was_lost_before(p, task)) {
        try_again(p, task);
        return;
    }
    if (p->status == HF_OK)
        p->status = hf_fail(p->err, HF_ESYSTEM, "task %zu: %s", task + 1, told->message);
    p->stopping = p->stopping || ++p->given_up >= LOST_MAX;
}

static void hear(pool *p, const report *told)
{
    worker *w = &p->workers[told->worker];
    if (told->aborted) {
        if (p->status == HF_OK)
            p->status = hf_fail(p->err, told->status, "%s", told->message);
        p->stopping = true;
        w->count = 0;
        return;
    }
    const size_t task = finish_task(w);
    if (told->lost)
        lose_to_system(p, told, task);
    else {
        p->progress.done += !told->failed;
        p->progress.failed += told->failed;
    }
    keep_busy(p, w);
}

/* All reports that are there; waits for the first one at most so long. */
static void hear_all(pool *p, int milliseconds)
{
    struct pollfd end = {.fd = p->reports[0], .events = POLLIN};
    report told;
    while (poll(&end, 1, milliseconds) > 0 && (end.revents & POLLIN) != 0) {
        const ssize_t got = read(p->reports[0], &told, sizeof told);
        if (got == (ssize_t)sizeof told)
            hear(p, &told);
        else if (got >= 0 || errno != EINTR) {
            fail(p, HF_ESYSTEM, "workers cannot be heard");
            return;
        }
        milliseconds = 0;
    }
}

/* The task of a worker that was killed. */
static void lose_task(pool *p, size_t task, int signal)
{
    if (was_lost_before(p, task)) {
        hf_error why;
        hf_fail(&why, HF_ESYSTEM, "its worker was killed twice, by signal %d", signal);
        p->progress.failed++;
        hf_error trouble;
        if (hf_part_append(&p->part, task, 0, NULL, NULL, &why, &trouble) == HF_OK)
            return;
        if (p->status == HF_OK)
            p->status = hf_fail(p->err, trouble.status, "%s", trouble.message);
        p->stopping = true;
        return;
    }
    try_again(p, task);
}

/* A worker has ended by itself though it had something to do. */
static void worker_left(pool *p, size_t task, int code)
{
    p->stopping = true;
    if (code != INTERRUPTED && p->status == HF_OK)
        p->status = hf_fail(p->err, HF_ESYSTEM, "the worker of task %zu ended with exit code %d", task + 1, code);
}

/* Looks whether a worker has ended; one that was killed is replaced. */
static void look_after(pool *p, size_t number)
{
    int state = 0;
    worker *w = &p->workers[number];
    const pid_t ended = w->process == 0 ? 0 : waitpid(w->process, &state, WNOHANG);
    if (ended == 0 || (ended < 0 && errno != ECHILD)) /* ECHILD: somebody else has waited for it */
        return;
    hear_all(p, 0); /* its last words */
    const worker gone = *w;
    close_jobs(w);
    *w = (worker){.jobs = -1, .back = -1};
    if (gone.count == 0 || p->stopping)
        return;
    if (!WIFSIGNALED(state)) {
        worker_left(p, gone.task[0], WEXITSTATUS(state));
        return;
    }
    lose_task(p, gone.task[0], WTERMSIG(state));
    start_worker(p, number);
    for (size_t i = 1; i < gone.count && w->process != 0; i++)
        give_task(p, w, gone.task[i]);
    if (w->process != 0)
        keep_busy(p, w);
}

static bool any_alive(const pool *p)
{
    for (size_t i = 0; i < p->worker_count; i++)
        if (p->workers[i].process != 0)
            return true;
    return false;
}

/* Idle workers go at once; busy ones finish their step. */
static void stop_workers(pool *p)
{
    for (size_t i = 0; i < p->worker_count; i++) {
        if (p->workers[i].process != 0)
            kill(p->workers[i].process, SIGTERM);
        let_go(&p->workers[i]);
    }
}

static void supervise(pool *p)
{
    while (any_alive(p)) {
        bool leaving = true;
        for (size_t i = 0; i < p->worker_count; i++)
            leaving = leaving && p->workers[i].count == 0;
        hear_all(p, leaving ? 5 : 200);
        p->stopping = p->stopping || is_interrupted(p);
        if (p->stopping && !p->told_to_stop) {
            stop_workers(p);
            p->told_to_stop = true;
        }
        for (size_t i = 0; i < p->worker_count; i++)
            look_after(p, i);
        if (p->options->progress != NULL)
            p->options->progress(p->options->progress_data, &p->progress);
    }
    hear_all(p, 0);
}

static void run_pool(pool *p)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, usual = {.sa_handler = SIG_DFL}, before, before_child;
    sigemptyset(&ignore.sa_mask);
    sigemptyset(&usual.sa_mask);
    sigaction(SIGPIPE, &ignore, &before);      /* a worker that is gone is found by waiting for it, */
    sigaction(SIGCHLD, &usual, &before_child); /* for which it must not be waited for by the system */
    if (pipe(p->reports) != 0)
        fail(p, HF_ESYSTEM, "workers cannot be started");
    for (size_t i = 0; i < p->worker_count && p->status == HF_OK; i++)
        start_worker(p, i);
    for (size_t i = 0; i < p->worker_count; i++)
        if (p->workers[i].process != 0)
            keep_busy(p, &p->workers[i]);
    supervise(p);
    hf_error trouble;
    if (hf_part_close(&p->part, &trouble) != HF_OK && p->status == HF_OK)
        p->status = hf_fail(p->err, trouble.status, "%s", trouble.message);
    close_end(&p->reports[0]);
    close_end(&p->reports[1]);
    sigaction(SIGCHLD, &before_child, NULL);
    sigaction(SIGPIPE, &before, NULL);
}

hf_status hf_workers_run(const hf_sweep *sweep, size_t count, const size_t *tasks, const hf_workers_options *options,
                         bool *stopped, hf_error *err)
{
    pool p = {.sweep = sweep,
              .options = options,
              .count = count,
              .tasks = tasks,
              .worker_count = options->jobs < count ? options->jobs : count,
              .reports = {-1, -1},
              .part = {.sweep = sweep},
              .progress = {.total = count},
              .err = err};
    *stopped = false;
    if (count == 0)
        return HF_OK;
    p.workers = calloc(p.worker_count, sizeof *p.workers);
    if (p.workers == NULL)
        return hf_fail_memory(err, "the workers");
    for (size_t i = 0; i < p.worker_count; i++)
        p.workers[i].jobs = p.workers[i].back = -1;
    run_pool(&p);
    *stopped = p.status == HF_OK && p.stopping;
    free(p.workers);
    free(p.lost);
    return p.status;
}
