/* headflow help columns: what stands in the tables of a run. */
#include "cli/cli.h"
#include "compare/bands.h"
#include "compare/beside.h"
#include "compare/comparison.h"
#include "compare/ladder.h"
#include "compare/predicted.h"
#include "estimate/tables.h"
#include "log/tables.h"
#include "report/findings.h"
#include "report/sensitivities.h"
#include "run/record.h"
#include "run/systems.h"
#include "run/slices.h"
#include "run/string_record.h"
#include "run/token_maps.h"
#include "run/token_record.h"
#include "run/train_run.h"
#include "sweep/collect.h"
#include "sweep/tasks.h"

#include <stdio.h>
#include <string.h>

bool hf_cli_explain_columns(const char *name, FILE *stream)
{
    const hf_table_kind *const *const rooms[] = {
        hf_train_run_tables,  hf_findings_tables,     hf_sensitivities_tables, hf_record_tables, hf_bands_tables,
        hf_comparison_tables, hf_predicted_tables,    hf_ladder_tables,        hf_log_tables,    hf_beside_tables,
        hf_estimate_tables,   hf_token_record_tables, hf_token_maps_tables,    hf_string_record_tables, hf_slices_tables, hf_tasks_tables,  hf_collect_tables};
    bool found = name == NULL || strcmp(name, "trajectory.tsv") == 0;
    if (found)
        hf_systems_explain(stream);
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++)
        for (const hf_table_kind *const *kind = rooms[i]; *kind != NULL; kind++) {
            char title[80];
            hf_table_title(*kind, title, sizeof title);
            if (name != NULL && strcmp(name, title) != 0)
                continue;
            fputs(found ? "\n" : "", stream);
            hf_table_explain(*kind, stream);
            found = true;
        }
    return found;
}
