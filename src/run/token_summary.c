#include "run/token_summary.h"

#include "run/token_turn.h"

#include <inttypes.h>

static void print_stages(const hf_token_numbers *n, FILE *stream)
{
    for (size_t i = 0; i < n->stages.stage_count; i++) {
        const hf_search_stage *stage = &n->stages.stage[i];
        fprintf(stream, "  stage %zu: excess %.4g to %.4g; begins at step %.0f, ", i + 1, stage->before, stage->after,
                stage->t_onset);
        if (stage->settled)
            fprintf(stream, "half at %.0f, settles at %.0f\n", stage->t_half, stage->t_settle);
        else
            fputs("the run ends inside it\n", stream);
        hf_token_turn_print_move(n, i, stream);
    }
    if (n->stages.stage_count == 0)
        fputs("  no stage found\n", stream);
    else
        hf_token_turn_print(n, stream);
}

static void print_divergences(const hf_token_numbers *n, FILE *stream)
{
    if (n->levels == 1 && n->level_names != NULL) /* it is the excess once more */
        return;
    for (size_t k = 0; k < n->levels; k++) {
        if (n->level_names != NULL)
            fprintf(stream, "%s%s: %.4g", k == 0 ? "  divergence from who knows " : ", and ", n->level_names[k].knowledge,
                    n->kl[k]);
        else
            fprintf(stream, "%s%zu: %.4g", k == 0 ? "  divergence from who knows the k strongest spans, k = " : ", ", k + 1,
                    n->kl[k]);
    }
    fputc('\n', stream);
}

void hf_token_summary_print(const hf_run_summary *s, FILE *stream)
{
    const hf_token_numbers *n = &s->tokens;
    fprintf(stream, "seed %" PRIu64 ": excess loss %.4g at the start, %.4g after step %" PRIu64 " (training: %.4g)",
            s->seed, s->loss_start, s->loss, s->steps, n->train_excess);
    fprintf(stream, ", least %.4g at step %" PRIu64 "; overlap of heads %.4g\n", n->best, n->best_step, s->overlap);
    print_divergences(n, stream);
    for (size_t r = 0; r < n->cuts; r++)
        fprintf(stream, "%s%zu: %.4g%s", r == 0 ? "  from models that see the k nearest spans, k = " : ", ",
                n->cut_spans[r], n->cut[r], r + 1 == n->cuts ? "\n" : "");
    if (n->searched)
        print_stages(n, stream);
}
