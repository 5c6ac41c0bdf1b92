/* What heads do in a stage, from attention that is made up so that the answer is known. */
#include "check.h"
#include "support.h"

#include "run/token_turn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 6, HEADS = 3, SPANS = 2 };

/* One stage from step 12 to settle. Rows at steps 0, 10, ...: before until step 10, behind from 30 on, something else at 20. */
static hf_token_numbers look(size_t heads, const double *before, const double *behind, double settle, hf_search_stage *stage)
{
    double at[ROWS], last[ROWS * HEADS * SPANS];
    const size_t width = heads * SPANS;
    for (size_t r = 0; r < ROWS; r++) {
        at[r] = 10.0 * (double)r;
        for (size_t i = 0; i < width; i++)
            last[r * width + i] = r < 2 ? before[i] : r == 2 ? 7 : behind[i];
    }
    *stage = (hf_search_stage){.t_onset = 12, .t_settle = settle};
    hf_token_numbers numbers = {.heads = heads, .levels = SPANS, .stages = {.stage_count = 1, .stage = stage}};
    assert_int_equal(hf_token_turn_find(&numbers, ROWS, at, last, NULL), HF_OK);
    return numbers;
}

static void says(const hf_token_numbers *numbers, const char *move, const char *turn)
{
    char text[600] = "", want[600];
    FILE *stream = tmpfile();
    assert_non_null(stream);
    hf_token_turn_print_move(numbers, 0, stream);
    hf_token_turn_print(numbers, stream);
    rewind(stream);
    text[fread(text, 1, sizeof text - 1, stream)] = '\0';
    fclose(stream);
    snprintf(want, sizeof want, "    %s\n%s%s", move, turn, turn[0] == '\0' ? "" : "\n");
    assert_string_equal(text, want);
}

static const char no_turn[] = "  no turn from competition to cooperation found";

static void test_one_leaves(void **state)
{
    (void)state;
    const double before[] = {0.7, 0.2, 0.8, 0.1, 0.75, 0.2}, behind[] = {0.9, 0.0, 0.3, 0.6, 0.7, 0.3};
    const double settle[] = {25, 30, 1e9, NAN};
    hf_search_stage stage;
    for (size_t i = 0; i < 4; i++) {
        hf_token_numbers n = look(3, before, behind, settle[i], &stage);
        const hf_token_move *m = n.move;
        assert_true(m->head == 2 && m->pattern == 2 && m->mode == HF_MODE_COOPERATIVE && m->together == 1 && n.turn == 1);
        assert_true(m->on[0] == 1 && m->on[1] == 1 && m->on[2] == 1);
        assert_true(m->to[0] == 0 && m->to[1] == 2 && m->to[2] == 0); /* 0.2 is less than half of 0.5 */
        assert_true(close_to(m->gain[0], 0.2, 1e-14) && close_to(m->gain[1], 0.5, 1e-14) && close_to(m->gain[2], 0.1, 1e-14));
        says(&n, "head 2 leaves span 1 for span 2 (cooperative)",
             "  heads turn from competition to cooperation in stage 1, at step 12: head 2 leaves span 1 for span 2");
        hf_token_turn_clear(&n);
    }
}

static void test_all_move(void **state)
{
    (void)state;
    const double before[] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1}, behind[] = {0.8, 0.1, 0.7, 0.1, 0.5, 0.1};
    hf_search_stage stage;
    hf_token_numbers n = look(3, before, behind, 30, &stage);
    assert_true(n.move->head == 1 && n.move->pattern == 1 && n.move->mode == HF_MODE_COMPETITIVE && n.turn == 0);
    assert_true(isnan(n.move->together) && n.move->on[0] == 0 && n.move->to[2] == 1);
    says(&n, "head 1 turns to span 1, head 2 turns to span 1, head 3 turns to span 1 (competitive)", no_turn);
    hf_token_turn_clear(&n);
}

/* Equal heads, bit by bit: the first of them stands for all. */
static void test_equal_heads(void **state)
{
    (void)state;
    const double before[] = {0.6, 0.3, 0.6, 0.3, 0.6, 0.3}, behind[] = {0.2, 0.7, 0.2, 0.7, 0.2, 0.7};
    hf_search_stage stage;
    hf_token_numbers n = look(3, before, behind, 30, &stage);
    assert_true(n.move->head == 1 && n.move->pattern == 2 && n.move->mode == HF_MODE_COMPETITIVE && n.move->together == 1);
    assert_int_equal(n.turn, 0);
    hf_token_turn_clear(&n);
}

/* A head that is neither here nor there; heads that are apart already; heads that leave for different spans at once. */
static void test_unclear(void **state)
{
    (void)state;
    const double before[] = {0.7, 0.2, 0.7, 0.2, 0.4, 0.3}, behind[] = {0.3, 0.7, 0.4, 0.4, 0.3, 0.6};
    hf_search_stage stage;
    hf_token_numbers n = look(3, before, behind, 30, &stage);
    assert_true(n.move->mode == HF_MODE_NONE && n.move->head == 1 && isnan(n.move->together) && n.turn == 0);
    says(&n, "head 1 leaves span 1 for span 2, head 3 turns to span 2 (whether the others move, too, is not clear)", no_turn);
    hf_token_turn_clear(&n);
    const double apart[] = {0.7, 0.2, 0.2, 0.7, 0.7, 0.2}, later[] = {0.7, 0.2, 0.1, 0.8, 0.2, 0.7};
    n = look(3, apart, later, 30, &stage);
    assert_true(n.move->mode == HF_MODE_COOPERATIVE && n.move->together == 0 && n.move->head == 3 && n.turn == 0);
    says(&n, "head 3 leaves span 1 for span 2 (cooperative)", no_turn);
    hf_token_turn_clear(&n);
    const double start[] = {0.3, 0.3, 0.3, 0.3, 0.5, 0.1}, end[] = {0.1, 0.8, 0.7, 0.1, 0.8, 0.1};
    n = look(3, start, end, 30, &stage);
    assert_true(n.move->pattern == 2 && n.move->head == 1 && n.move->to[1] == 1 && n.move->to[2] == 1);
    says(&n, "head 1 turns to span 2, head 2 turns to span 1, head 3 turns to its span 1 still more (cooperative)", no_turn);
    hf_token_turn_clear(&n);
}

static void test_none(void **state)
{
    (void)state;
    const double before[] = {0.7, 0.2, 0.8, 0.1, 0.75, 0.2}, behind[] = {0.79, 0.1, 0.7, 0.19, 0.75, 0.2};
    hf_search_stage stage;
    hf_token_numbers n = look(3, before, behind, 30, &stage);
    assert_true(n.move->head == 0 && n.move->pattern == 0 && n.move->mode == HF_MODE_NONE && n.move->to[0] == 0);
    assert_true(close_to(n.move->gain[1], 0.09, 1e-12));
    says(&n, "no head's attention to a span grows by 0.1", no_turn);
    hf_token_turn_clear(&n);
    const double one[] = {0.7, 0.2}, moved[] = {0.2, 0.7};
    n = look(1, one, moved, 30, &stage);
    assert_true(n.move->head == 1 && n.move->mode == HF_MODE_NONE && isnan(n.move->together) && n.turn == 0);
    says(&n, "head 1 leaves span 1 for span 2", "");
    hf_token_turn_clear(&n);
    hf_token_turn_clear(&n);
    hf_token_numbers nothing = {.heads = 3, .levels = 2};
    assert_int_equal(hf_token_turn_find(&nothing, ROWS, before, before, NULL), HF_OK);
    assert_null(nothing.move);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_leaves), cmocka_unit_test(test_all_move), cmocka_unit_test(test_equal_heads),
        cmocka_unit_test(test_unclear),    cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
