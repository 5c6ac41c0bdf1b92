#include "sweep/workers.h"

#include "config/text.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a worker tells, in one write of at most 512 bytes, the least PIPE_BUF: reports of several workers do not mix. */
typedef struct {
    size_t worker;
    bool failed;  /* the task */
    bool aborted; /* the worker, for this reason; the task does not count */
    hf_status status;
    char message[480];
} report;
_Static_assert(sizeof(report) <= 512, "a report is longer than POSIX lets all systems write at once");

typedef struct {
    pid_t process; /* 0: none */
    int jobs;      /* to write tasks to; -1: closed */
    size_t task;   /* it works on; meaningful if busy */
    bool busy;
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

/* ---- in the worker ---- */

static bool is_interrupted(const pool *p)
{
    return p->options->interrupted != NULL && *p->options->interrupted;
}

/* All size bytes; false at the end of the pipe or when interrupted. */
static bool read_all(const pool *p, int end, void *bytes, size_t size)
{
    char *at = bytes;
    while (size > 0) {
        const ssize_t got = read(end, at, size);
        if (got == 0 || (got < 0 && errno != EINTR) || is_interrupted(p))
            return false;
        at += got > 0 ? got : 0;
        size -= got > 0 ? (size_t)got : 0;
    }
    return true;
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + 1e-9 * (double)(now.tv_nsec - start->tv_nsec);
}

static void abort_with(report *told, const hf_error *why)
{
    told->aborted = true;
    told->status = why->status;
    hf_text_show(why->message, told->message, sizeof told->message); /* cut where it is too long */
}

/* Runs one task and appends its result. False: this worker is done for, because it was interrupted or cannot write. */
static bool work_on(const pool *p, hf_part *part, size_t task, double *values, report *told)
{
    hf_error why, trouble;
    bool stopped;
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    const hf_status status = hf_sweep_run_task(p->sweep, task, p->options->interrupted, values, &stopped, &why);
    if (stopped)
        return false;
    told->failed = status != HF_OK;
    if (hf_part_append(part, task, seconds_since(&start), values, status == HF_OK ? NULL : &why, &trouble) != HF_OK)
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

static _Noreturn void work(const pool *p, size_t number, int jobs)
{
    hf_part part = {.sweep = p->sweep};
    report told;
    memset(&told, 0, sizeof told);
    told.worker = number;
    hf_error trouble;
    double *values = malloc(p->sweep->report_count * sizeof *values);
    size_t task;
    bool go_on = true;
    if (values == NULL) {
        hf_fail_memory(&trouble, "a worker");
        abort_with(&told, &trouble);
        tell(p, &told);
        _exit(HF_ESYSTEM);
    }
    while (go_on && read_all(p, jobs, &task, sizeof task)) {
        go_on = work_on(p, &part, task, values, &told);
        if (go_on || told.aborted)
            go_on = tell(p, &told) && go_on;
    }
    if (!told.aborted && hf_part_close(&part, &trouble) != HF_OK) {
        abort_with(&told, &trouble);
        tell(p, &told);
    }
    free(values);
    _exit(0); /* what the parent has buffered is the parent's to write */
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
    const pid_t process = fork();
    if (process == 0) {
        for (size_t i = 0; i < p->worker_count; i++)
            close_end(&p->workers[i].jobs);
        close_end(&p->reports[0]);
        close(ends[1]);
        work(p, number, ends[0]);
    }
    close(ends[0]);
    if (process < 0) {
        close(ends[1]);
        fail(p, HF_ESYSTEM, "a worker cannot be started");
        return;
    }
    p->workers[number] = (worker){.process = process, .jobs = ends[1]};
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

/* Gives a worker its next task, or lets it go. A worker that is gone already is noticed when it is waited for. */
static void give_task(pool *p, worker *w)
{
    w->busy = !p->stopping && take_task(p, &w->task);
    if (!w->busy)
        close_end(&w->jobs);
    else if (write(w->jobs, &w->task, sizeof w->task) < 0 && errno != EPIPE)
        fail(p, HF_ESYSTEM, "a worker cannot be reached");
}

static void hear(pool *p, const report *told)
{
    if (told->aborted) {
        if (p->status == HF_OK)
            p->status = hf_fail(p->err, told->status, "%s", told->message);
        p->stopping = true;
        p->workers[told->worker].busy = false;
        return;
    }
    p->progress.done += !told->failed;
    p->progress.failed += told->failed;
    give_task(p, &p->workers[told->worker]);
}

/* All reports that are there; waits for the first one at most so long. */
static void hear_all(pool *p, int milliseconds)
{
    struct pollfd end = {.fd = p->reports[0], .events = POLLIN};
    report told;
    while (poll(&end, 1, milliseconds) > 0 && (end.revents & POLLIN) != 0) {
        if (read(p->reports[0], &told, sizeof told) == (ssize_t)sizeof told)
            hear(p, &told);
        milliseconds = 0;
    }
}

static bool was_lost_before(const pool *p, size_t task)
{
    for (size_t i = 0; i < p->lost_count; i++)
        if (p->lost[i] == task)
            return true;
    return false;
}

/* The task of a worker that was killed. */
static void lose_task(pool *p, size_t task, int signal)
{
    if (was_lost_before(p, task)) {
        hf_error why;
        hf_fail(&why, HF_ESYSTEM, "its worker was killed twice, by signal %d", signal);
        p->progress.failed++;
        if (hf_part_append(&p->part, task, 0, NULL, &why, p->err) == HF_OK)
            return;
        p->status = HF_ESYSTEM;
        p->stopping = true;
        return;
    }
    size_t *grown = realloc(p->lost, (p->lost_count + 1) * sizeof *grown);
    if (grown == NULL) {
        fail(p, HF_ESYSTEM, "out of memory");
        return;
    }
    p->lost = grown;
    p->lost[p->lost_count++] = task;
}

/* Looks whether a worker has ended; one that was killed is replaced. */
static void look_after(pool *p, size_t number)
{
    int state;
    worker *w = &p->workers[number];
    if (w->process == 0 || waitpid(w->process, &state, WNOHANG) != w->process)
        return;
    hear_all(p, 0); /* its last words */
    const bool was_busy = w->busy;
    const size_t task = w->task;
    close_end(&w->jobs);
    *w = (worker){.jobs = -1};
    if (!was_busy || p->stopping)
        return;
    if (!WIFSIGNALED(state)) { /* it was interrupted by itself */
        p->stopping = true;
        return;
    }
    lose_task(p, task, WTERMSIG(state));
    start_worker(p, number);
    if (w->process != 0)
        give_task(p, w);
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
        worker *w = &p->workers[i];
        close_end(&w->jobs);
        if (w->process != 0)
            kill(w->process, SIGTERM);
    }
}

static void supervise(pool *p)
{
    bool told_to_stop = false;
    while (any_alive(p)) {
        bool leaving = true;
        for (size_t i = 0; i < p->worker_count; i++)
            leaving = leaving && !p->workers[i].busy;
        hear_all(p, leaving ? 5 : 200);
        p->stopping = p->stopping || is_interrupted(p);
        if (p->stopping && !told_to_stop) {
            stop_workers(p);
            told_to_stop = true;
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
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, &before); /* a worker that is gone is found by waiting for it */
    if (pipe(p->reports) != 0)
        fail(p, HF_ESYSTEM, "workers cannot be started");
    for (size_t i = 0; i < p->worker_count && p->status == HF_OK; i++)
        start_worker(p, i);
    for (size_t i = 0; i < p->worker_count; i++)
        if (p->workers[i].process != 0)
            give_task(p, &p->workers[i]);
    supervise(p);
    if (hf_part_close(&p->part, p->err) != HF_OK)
        p->status = HF_ESYSTEM;
    close_end(&p->reports[0]);
    close_end(&p->reports[1]);
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
        p.workers[i].jobs = -1;
    run_pool(&p);
    *stopped = p.status == HF_OK && p.stopping;
    free(p.workers);
    free(p.lost);
    return p.status;
}
