#include "sweep/slurm.h"

#include "core/path.h"
#include "core/text.h"
#include "core/file.h"
#include "core/plural.h"
#include "core/shell.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_missing(const hf_results *results, size_t chunk, size_t chunks)
{
    for (size_t i = chunk - 1; i < results->count; i += chunks)
        if (results->task[i].state != HF_SWEEP_TASK_OK)
            return true;
    return false;
}

char *hf_slurm_missing(const hf_results *results, size_t chunks, size_t *count)
{
    char *text = NULL;
    size_t size, first = 0; /* of the present run of neighbours; 0: none */
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL)
        return NULL;
    *count = 0;
    for (size_t chunk = 1; chunk <= chunks + 1; chunk++) {
        const bool missing = chunk <= chunks && is_missing(results, chunk, chunks);
        *count += missing;
        if (missing && first == 0) {
            first = chunk;
            fprintf(stream, "%s%zu", *count > 1 ? "," : "", chunk);
        } else if (!missing && first != 0) {
            if (chunk - 1 > first)
                fprintf(stream, "-%zu", chunk - 1);
            first = 0;
        }
    }
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

/* A title in one word, without what Slurm takes for quotes, replacements and comments. */
static void write_name(const char *title, FILE *stream)
{
    if (*title == '\0')
        fputs("headflow", stream);
    for (; *title != '\0'; title++)
        putc(strchr(" \t\"'\\%#", *title) != NULL ? '-' : *title, stream);
}

/* Whether Slurm takes a path in double quotes as it is. It has characters for quotes, replacements and comments, and no
 * way to say some of them in a name that has replacements, too. */
static bool is_plain_for_slurm(const char *path)
{
    return strpbrk(path, "\"'\\%#\n\r") == NULL;
}

static void write_log(const char *folder, FILE *stream)
{
    if (is_plain_for_slurm(folder))
        fprintf(stream, "#SBATCH --output=\"%s/slurm/%%A_%%a.log\"\n", folder);
    else
        fputs("#SBATCH --output=/dev/null\n", stream);
}

static void write_script(const hf_sweep *sweep, const char *missing, const hf_slurm_options *options, const char *folder,
                         FILE *stream)
{
    fputs("#!/bin/sh\n#SBATCH --job-name=", stream);
    write_name(sweep->config.title, stream);
    fprintf(stream, "\n#SBATCH --array=%s\n#SBATCH --ntasks=1\n#SBATCH --cpus-per-task=%zu\n", missing, options->jobs);
    write_log(folder, stream);
    fprintf(stream,
            "# %zu task%s in %zu chunk%s. Time and memory limits are yours to add, here or to sbatch.\n"
            "# On another machine: HEADFLOW says where the program is, HEADFLOW_DIR where this sweep is.\n"
            "headflow=${HEADFLOW:-",
            sweep->tasks.count, hf_plural(sweep->tasks.count), options->chunks, hf_plural(options->chunks));
    hf_shell_write(options->program, HF_SHELL_QUOTED, stream);
    fputs("}\ndir=${HEADFLOW_DIR:-", stream);
    hf_shell_write(folder, HF_SHELL_QUOTED, stream);
    fputs("}\n", stream);
    if (!is_plain_for_slurm(folder)) /* then its log is for the shell to open */
        fputs("exec >\"$dir/slurm/${SLURM_ARRAY_JOB_ID:-0}_$SLURM_ARRAY_TASK_ID.log\" 2>&1\n", stream);
    fprintf(stream,
            "exec \"$headflow\" task \"$dir\" --chunk \"$SLURM_ARRAY_TASK_ID/%zu\" -j \"${SLURM_CPUS_PER_TASK:-%zu}\" "
            "--quiet\n",
            options->chunks, options->jobs);
}

hf_status hf_slurm_write(const hf_sweep *sweep, const char *missing, const hf_slurm_options *options, hf_error *err)
{
    char *absolute = hf_path_absolute(sweep->directory), *folder = hf_path_join(sweep->directory, "slurm");
    char *path = folder == NULL ? NULL : hf_path_join(folder, "array.sh");
    hf_file file;
    hf_status status =
        absolute == NULL || path == NULL ? hf_fail_memory(err, "a file name") : hf_directory_make(folder, err);
    if (status == HF_OK)
        status = hf_file_open(&file, path, err);
    if (status == HF_OK) {
        write_script(sweep, missing, options, absolute, file.stream);
        status = hf_file_commit(&file, err);
    }
    if (status == HF_OK)
        chmod(path, 0755); /* it runs as it is, too: SLURM_ARRAY_TASK_ID=3 array.sh */
    free(absolute);
    free(folder);
    free(path);
    return status;
}
