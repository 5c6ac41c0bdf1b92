#include "api/outcome.h"

#include "core/path.h"
#include "core/text.h"
#include "run/layout.h"

#include "api/headflow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

hf_status hf_outcome_create(hf_outcome **outcome, hf_error *err)
{
    *outcome = calloc(1, sizeof **outcome);
    return *outcome == NULL ? hf_fail_memory(err, "the outcome") : HF_OK;
}

void hf_outcome_free(hf_outcome *outcome)
{
    if (outcome == NULL)
        return;
    hf_frames_clear(&outcome->frames);
    hf_layout_free_list(&outcome->tables);
    free(outcome->directory);
    free(outcome);
}

/* ---- folders ---- */

/* Takes the tables out of a list of files, by their paths without ending. */
static hf_status take_tables(hf_outcome *outcome, hf_strings *files, hf_error *err)
{
    static const char ending[] = ".tsv";
    char **grown = realloc(outcome->tables.at, (outcome->tables.count + files->count + 1) * sizeof *grown);
    if (grown == NULL)
        return hf_fail_memory(err, "file names");
    outcome->tables.at = grown;
    for (size_t i = 0; i < files->count; i++) {
        const size_t length = strlen(files->at[i]), end = sizeof ending - 1;
        if (length <= end || strcmp(files->at[i] + length - end, ending) != 0)
            continue;
        files->at[i][length - end] = '\0';
        outcome->tables.at[outcome->tables.count++] = files->at[i];
        files->at[i] = NULL;
    }
    return HF_OK;
}

hf_status hf_outcome_add_folder(hf_outcome *outcome, const char *directory, hf_error *err)
{
    static const hf_layout_kind kinds[] = {HF_LAYOUT_RUN, HF_LAYOUT_RESULTS};
    hf_status status = HF_OK;
    outcome->directory = strdup(directory);
    if (outcome->directory == NULL)
        return hf_fail_memory(err, "a file name");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && status == HF_OK; i++) {
        hf_strings files;
        status = hf_layout_list(directory, kinds[i], &files, err);
        if (status == HF_OK)
            status = take_tables(outcome, &files, err);
        hf_layout_free_list(&files);
    }
    return status;
}

hf_status hf_outcome_load(hf_outcome **outcome, const char *directory, hf_error *err)
{
    char shown[HF_SHOWN];
    hf_status status = hf_outcome_create(outcome, err);
    if (status == HF_OK)
        status = hf_outcome_add_folder(*outcome, directory, err);
    if (status == HF_OK && (*outcome)->tables.count == 0)
        status = hf_fail(err, HF_EUSAGE, "%s: there are no tables of a run or a sweep",
                         hf_text_show(directory, shown, sizeof shown));
    if (status == HF_OK)
        return status;
    hf_outcome_free(*outcome);
    *outcome = NULL;
    return status;
}

/* ---- tables ---- */

/* The table of the folder that a name means: itself, or the flow's; NULL: there is none. */
static const char *find_table(const hf_outcome *outcome, const char *name)
{
    static const char *const folders[] = {"", "flow/"};
    for (size_t f = 0; f < sizeof folders / sizeof *folders; f++)
        for (size_t i = 0; i < outcome->tables.count; i++) {
            const size_t length = strlen(folders[f]);
            if (strncmp(outcome->tables.at[i], folders[f], length) == 0 && strcmp(outcome->tables.at[i] + length, name) == 0)
                return outcome->tables.at[i];
        }
    return NULL;
}

/* Reads directory/table.tsv. */
static hf_status read_table(hf_outcome *outcome, const char *table, hf_error *err)
{
    const size_t size = strlen(table) + sizeof ".tsv";
    char *file = malloc(size), *path = NULL;
    hf_frame *frame = hf_frames_add(&outcome->frames, table);
    if (file != NULL) {
        snprintf(file, size, "%s.tsv", table);
        path = hf_path_join(outcome->directory, file);
    }
    const hf_status status = path == NULL || frame == NULL ? hf_fail_memory(err, table) : hf_frame_read(frame, path, err);
    if (status != HF_OK && frame != NULL)
        frame->failed = true;
    free(file);
    free(path);
    return status;
}

hf_status hf_outcome_frame(hf_outcome *outcome, const char *name, const hf_frame **frame, hf_error *err)
{
    char shown[HF_SHOWN];
    *frame = hf_frames_find(&outcome->frames, name);
    const char *table = *frame == NULL ? find_table(outcome, name) : NULL;
    if (*frame == NULL && table == NULL)
        return hf_fail(err, HF_EUSAGE, "there is no table %s", hf_text_show(name, shown, sizeof shown));
    if (table != NULL)
        *frame = hf_frames_find(&outcome->frames, table);
    const bool is_there = *frame != NULL && !(*frame)->failed;
    const hf_status status = is_there ? HF_OK : read_table(outcome, table == NULL ? name : table, err);
    *frame = status == HF_OK ? hf_frames_find(&outcome->frames, table == NULL ? name : table) : NULL;
    return status;
}

size_t hf_outcome_count(const hf_outcome *outcome)
{
    size_t count = outcome->tables.count;
    for (size_t i = 0; i < outcome->frames.count; i++)
        count += find_table(outcome, outcome->frames.frame[i]->name) == NULL;
    return count;
}

const char *hf_outcome_name(const hf_outcome *outcome, size_t index)
{
    if (index < outcome->tables.count)
        return outcome->tables.at[index];
    index -= outcome->tables.count;
    for (size_t i = 0; i < outcome->frames.count; i++)
        if (find_table(outcome, outcome->frames.frame[i]->name) == NULL && index-- == 0)
            return outcome->frames.frame[i]->name;
    return NULL;
}
