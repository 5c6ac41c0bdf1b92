#include "run/token_turn.h"

#include <math.h>
#include <stdlib.h>

enum { LEVEL_TEXT = 32 };

static const double least_gain = 0.1;  /* of a query's attention: less is no move */
static const double with_others = 0.5; /* of the largest gain: who moves with it, */
static const double stays = 0.25;      /* and who does not */
static const double preference = 1.5;  /* of a head for the span that it is on */

/* ---- a stage ---- */

/* The span that a head with this attention (levels) is on; 0: of none. */
static size_t span_of(size_t levels, const double *attention)
{
    size_t most = 0;
    for (size_t k = 1; k < levels; k++)
        most = attention[k] > attention[most] ? k : most;
    for (size_t k = 0; k < levels; k++)
        if (k != most && !(attention[most] > preference * attention[k]))
            return 0;
    return most + 1;
}

static void look_before(const hf_token_numbers *n, const double *before, hf_token_move *move)
{
    bool differ = false, known = true;
    for (size_t h = 0; h < n->heads; h++) {
        move->on[h] = span_of(n->levels, before + h * n->levels);
        known = known && move->on[h] > 0;
        for (size_t l = 0; l < h; l++)
            differ = differ || (move->on[l] > 0 && move->on[h] > 0 && move->on[l] != move->on[h]);
    }
    move->together = n->heads < 2 ? NAN : differ ? 0 : known ? 1 : NAN;
}

static double gain_of(const hf_token_numbers *n, const double *before, const double *behind, size_t h, size_t k)
{
    return behind[h * n->levels + k] - before[h * n->levels + k];
}

static hf_mode judge_mode(const hf_token_numbers *n, const double *before, const double *behind, const hf_token_move *move)
{
    const double largest = move->gain[move->head - 1];
    bool all = true, some_stay = false;
    for (size_t h = 0; h < n->heads; h++) {
        const double gain = gain_of(n, before, behind, h, move->pattern - 1);
        all = all && gain >= with_others * largest;
        some_stay = some_stay || gain <= stays * largest;
    }
    return n->heads < 2 ? HF_MODE_NONE : all ? HF_MODE_COMPETITIVE : some_stay ? HF_MODE_COOPERATIVE : HF_MODE_NONE;
}

static void look_at_stage(const hf_token_numbers *n, const double *before, const double *behind, hf_token_move *move)
{
    double largest = least_gain;
    look_before(n, before, move);
    for (size_t h = 0; h < n->heads; h++) {
        size_t k = 0;
        for (size_t l = 1; l < n->levels; l++)
            k = gain_of(n, before, behind, h, l) > gain_of(n, before, behind, h, k) ? l : k;
        move->gain[h] = gain_of(n, before, behind, h, k);
        move->to[h] = k + 1;
        if (move->gain[h] > largest || (move->head == 0 && move->gain[h] >= largest)) {
            largest = move->gain[h];
            move->head = h + 1;
            move->pattern = k + 1;
        }
    }
    for (size_t h = 0; h < n->heads; h++)
        if (move->head == 0 || move->gain[h] < least_gain || move->gain[h] < with_others * largest)
            move->to[h] = 0;
    if (move->head > 0)
        move->mode = judge_mode(n, before, behind, move);
}

/* ---- all of them ---- */

static bool is_turn(const hf_token_move *move)
{
    return move->together == 1 && move->mode == HF_MODE_COOPERATIVE && move->pattern != move->on[move->head - 1];
}

hf_status hf_token_turn_find(hf_token_numbers *n, size_t rows, const double *at, const double *last, hf_error *err)
{
    const size_t count = n->stages.stage_count, width = n->heads * n->levels;
    if (count == 0)
        return HF_OK;
    n->move = calloc(count, sizeof *n->move);
    n->move_spans = calloc(2 * count * n->heads, sizeof *n->move_spans);
    n->move_gains = calloc(count * n->heads, sizeof *n->move_gains);
    if (n->move == NULL || n->move_spans == NULL || n->move_gains == NULL)
        return hf_fail_memory(err, "the moves of heads");
    for (size_t i = 0; i < count; i++) {
        const hf_search_stage *stage = &n->stages.stage[i];
        size_t a = 0, b = rows - 1;
        while (a + 1 < rows && at[a + 1] <= stage->t_onset)
            a++;
        while (b > 0 && at[b - 1] >= stage->t_settle) /* nan: the last row */
            b--;
        n->move[i] = (hf_token_move){.on = n->move_spans + 2 * i * n->heads,
                                     .to = n->move_spans + (2 * i + 1) * n->heads,
                                     .gain = n->move_gains + i * n->heads};
        look_at_stage(n, last + a * width, last + b * width, &n->move[i]);
        if (n->turn == 0 && is_turn(&n->move[i]))
            n->turn = i + 1;
    }
    return HF_OK;
}

void hf_token_turn_clear(hf_token_numbers *n)
{
    free(n->move);
    free(n->move_spans);
    free(n->move_gains);
    n->move = NULL;
    n->move_spans = NULL;
    n->move_gains = NULL;
}

/* ---- for the eye ---- */

/* What a level is called; text: room for that. */
static const char *name_level(const hf_token_numbers *n, size_t level, char text[LEVEL_TEXT])
{
    if (n->level_names != NULL)
        return n->level_names[level - 1].place;
    snprintf(text, LEVEL_TEXT, "span %zu", level);
    return text;
}

static void print_head(const hf_token_numbers *n, const hf_token_move *move, size_t h, FILE *stream)
{
    const size_t from = move->on[h], to = move->to[h];
    char one[LEVEL_TEXT], other[LEVEL_TEXT];
    if (from == to && n->level_names == NULL)
        fprintf(stream, "head %zu turns to its span %zu still more", h + 1, to);
    else if (from == to)
        fprintf(stream, "head %zu turns to %s still more", h + 1, name_level(n, to, one));
    else if (from > 0)
        fprintf(stream, "head %zu leaves %s for %s", h + 1, name_level(n, from, one), name_level(n, to, other));
    else
        fprintf(stream, "head %zu turns to %s", h + 1, name_level(n, to, one));
}

void hf_token_turn_print_move(const hf_token_numbers *n, size_t i, FILE *stream)
{
    const hf_token_move *move = &n->move[i];
    bool first = true;
    if (move->head == 0) {
        fprintf(stream, "    no head's attention to %s grows by %g\n", n->level_names == NULL ? "a span" : n->level_names[n->levels - 1].place,
                least_gain);
        return;
    }
    fputs("    ", stream);
    for (size_t h = 0; h < n->heads; h++) {
        if (move->to[h] == 0)
            continue;
        fputs(first ? "" : ", ", stream);
        print_head(n, move, h, stream);
        first = false;
    }
    fputs(n->heads < 2                        ? "\n"
          : move->mode == HF_MODE_COMPETITIVE ? " (competitive)\n"
          : move->mode == HF_MODE_COOPERATIVE ? " (cooperative)\n"
                                              : " (whether the others move, too, is not clear)\n",
          stream);
}

void hf_token_turn_print(const hf_token_numbers *n, FILE *stream)
{
    if (n->heads < 2)
        return;
    if (n->turn == 0) {
        fputs("  no turn from competition to cooperation found\n", stream);
        return;
    }
    fprintf(stream, "  heads turn from competition to cooperation in stage %zu, at step %.0f: ", n->turn,
            n->stages.stage[n->turn - 1].t_onset);
    print_head(n, &n->move[n->turn - 1], n->move[n->turn - 1].head - 1, stream);
    fputc('\n', stream);
}
