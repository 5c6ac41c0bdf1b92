/* Tables as others write them: separators, quotes, comments, line ends, blank cells, names that stand in a comment or nowhere,
 * and what is said of tables that are none. */
#include "support.h"

#include "core/tsv.h"

#include <stdlib.h>
#include <string.h>

/* The table of a text, which may hold zero bytes. */
static hf_status parse(hf_tsv *table, const char *text, size_t size, hf_error *err)
{
    char *copy = malloc(size + 1);
    assert_non_null(copy);
    memcpy(copy, text, size);
    copy[size] = '\0';
    *err = (hf_error){0};
    return hf_tsv_parse(table, "log", copy, size, err);
}

static hf_tsv good(const char *text)
{
    hf_tsv table;
    hf_error err;
    if (parse(&table, text, strlen(text), &err) != HF_OK)
        fail_msg("%s: %s", text, err.message);
    return table;
}

/* The same cells, row by row; the first row are the names. */
static void assert_cells(const char *text, size_t columns, size_t rows, const char *const cells[])
{
    hf_tsv table = good(text);
    if (table.columns != columns || table.rows != rows)
        fail_msg("%s: %zu columns and %zu rows", text, table.columns, table.rows);
    for (size_t i = 0; i < (1 + rows) * columns; i++)
        if (strcmp(table.cell[i], cells[i]) != 0)
            fail_msg("%s: cell %zu is '%s'", text, i, table.cell[i]);
    hf_tsv_clear(&table);
}

static void test_same_table_in_many_forms(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "step,loss\n0,2.5\n10,1.5\n",
        "step\tloss\n0\t2.5\n10\t1.5\n",
        "step;loss\n0;2.5\n10;1.5\n",
        "step loss\n0 2.5\n10 1.5\n",
        "  step    loss\n     0\t2.5   \n    10     1.5\n",
        "\xef\xbb\xbfstep,loss\r\n0,2.5\r\n10,1.5\r\n",
        "step,loss\r0,2.5\r10,1.5\r",
        "step,loss\n0,2.5\n10,1.5", /* no line end */
        "\"step\",\"loss\"\n\"0\",\"2.5\"\n10,1.5\n",
        "\"step\" \"loss\"\n0 \"2.5\"\n\"10\" 1.5 \n",
        "# made by\n\n# nobody\nstep,loss\n0,2.5\n# 5,9\n\n10,1.5\n\n",
        "# step loss\n0 2.5\n10 1.5\n", /* numpy.savetxt */
        "# a run\n# step,loss\n0,2.5\n10,1.5\n",
        "#step loss\n0,2.5\n10,1.5\n",
        "# \"step\"\tloss\n0\t2.5\n10\t1.5\n",
        "step , loss\n0 , 2.5\n10 , 1.5\n",
        "step,loss,\n0,2.5,\n10,1.5,\n",
        "step,loss\n0,2.5,,\n10,1.5,\n", /* blank fields too many */
        "step,loss\n0,2.5\nstep,loss\n10,1.5\n",
        "step,loss\n0,2.5\n10,1.5\n20", /* breaks off */
    };
    static const char *const cells[] = {"step", "loss", "0", "2.5", "10", "1.5"};
    static const char *const with_blank[] = {"step", "loss", "", "0", "2.5", "", "10", "1.5", ""};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strncmp(forms[i], "step,loss,\n", 11) == 0)
            assert_cells(forms[i], 3, 2, with_blank);
        else
            assert_cells(forms[i], 2, 2, cells);
}

static void test_quotes(void **state)
{
    (void)state;
    static const char *const cells[] = {"a, \"b\"", "c\nd", "", "1", "x\r\ny", "2"};
    assert_cells("\"a, \"\"b\"\"\",\"c\nd\",\"\"\n\"1\",\"x\r\ny\" ,2\n", 3, 1, cells);
    hf_tsv table = good("step,\"the\nloss\"\n1,2\n2,x\n");
    double x[2];
    hf_error err;
    assert_int_equal(hf_tsv_numbers(&table, 1, x, &err), HF_EUSAGE);
    assert_string_equal(err.message, "log:4: the\nloss: expected a number, got 'x'");
    hf_tsv_clear(&table);
}

static void test_names_that_are_not_there(void **state)
{
    (void)state;
    static const char *const numbered[] = {"1", "2", "0", "2.5", "10", "1.5"};
    assert_cells("0,2.5\n10,1.5\n", 2, 1 + 1, numbered);
    assert_cells("# nothing to do with it at all\n0 2.5\n10 1.5\n", 2, 2, numbered);
    static const char *const one[] = {"train loss", "3", "2"};
    assert_cells("train loss\n3\n2\n", 1, 2, one);
}

static void test_numbers(void **state)
{
    (void)state;
    hf_tsv table = good("x\ty\n1e3\t\nnan\t-NaN\nNA\tnull\n-1.5E-3\tinf\n0x10\t1,5\n");
    const double want[][2] = {{1e3, NAN}, {NAN, NAN}, {NAN, NAN}, {-1.5e-3, INFINITY}};
    double x;
    for (size_t row = 0; row < 4; row++)
        for (size_t column = 0; column < 2; column++) {
            assert_true(hf_tsv_number(&table, row, column, &x));
            assert_true(x == want[row][column] || (isnan(x) && isnan(want[row][column])));
        }
    assert_false(hf_tsv_number(&table, 4, 0, &x) || hf_tsv_number(&table, 4, 1, &x));
    hf_tsv_clear(&table);
    table = good("x;y\n1,5;2.5\n1,2,3;1.2,3\n");
    assert_true(hf_tsv_number(&table, 0, 0, &x) && x == 1.5 && hf_tsv_number(&table, 0, 1, &x) && x == 2.5);
    assert_false(hf_tsv_number(&table, 1, 0, &x) || hf_tsv_number(&table, 1, 1, &x));
    hf_tsv_clear(&table);
}

static void test_what_was_left_out(void **state)
{
    (void)state;
    hf_tsv table = good("a,b\n1,2\na,b\n3,4\n5");
    assert_true(table.breaks_off && table.repeated_names == 1 && table.rows == 2);
    assert_true(table.line[0] == 2 && table.line[1] == 4);
    hf_tsv_clear(&table);
}

static void test_no_table(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size; /* 0: of the string */
        const char *message;
    } cases[] = {
        {"", 0, "log: there is no table: the file is empty"},
        {"# a\n\n", 0, "log: there is no table: the file is empty but for comments"},
        {"a,b\n1,2\n3\n4,5\n", 0, "log:3: 1 field in this line, expected 2"},
        {"a,b\n1,2\n3,4,5\n", 0, "log:3: 3 fields in this line, expected 2"},
        {"a,b\n1,2\n5\n", 0, "log:3: 1 field in this line, expected 2"}, /* the line does not break off */
        {"a,b\n1,\"2\n3,4\n", 0, "log:2: a quote is opened here and never closed"},
        {"a,b\n1,\"2\"x\n", 0, "log:2: text behind a closing quote: a quote inside quotes is doubled"},
        {"a,b\n1,\0\n", 8, "log:2: a zero byte stands here: this is no text"},
        {"\xff\xfe"
         "a\0",
         4, "log: this is UTF-16, expected UTF-8: save it as that"},
        {"\x1f\x8b\x08", 3, "log: this is compressed, expected text: gunzip it first"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hf_tsv table;
        hf_error err;
        const size_t size = cases[i].size == 0 ? strlen(cases[i].text) : cases[i].size;
        if (parse(&table, cases[i].text, size, &err) == HF_OK)
            fail_msg("taken for a table: %s", cases[i].text);
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(err.status, HF_EUSAGE);
    }
    hf_tsv table;
    hf_error err;
    assert_int_equal(hf_tsv_read(&table, "/nowhere/log", &err), HF_EUSAGE);
    assert_int_equal(hf_tsv_read(&table, "/", &err), HF_EUSAGE);
}

/* Tables of our own, row by row. */
static void test_rows(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf# made by\n\nkind\thead\r\nlogit\t1\n# end\n\t\nx\n"
                               "a\0b\n";
    static const char *const header[] = {"kind", "head"}, *const first[] = {"logit", "1"}, *const blank[] = {"", ""},
                             *const last[] = {"x"};
    static const struct {
        size_t line, count;
        const char *const *fields;
    } want[] = {{3, 2, header}, {4, 2, first}, {6, 2, blank}, {7, 1, last}};
    hf_tsv_rows rows;
    hf_error err = {0};
    bool more;
    const char *path = temporary_path("rows.tsv");
    write_text(path, text, sizeof text - 1);
    assert_int_equal(hf_tsv_open(&rows, path, &err), HF_OK);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_int_equal(hf_tsv_next(&rows, &more, &err), HF_OK);
        assert_true(more && rows.line == want[i].line && hf_tsv_is(&rows, want[i].count, want[i].fields));
        assert_false(hf_tsv_is(&rows, want[i].count - 1, want[i].fields));
    }
    assert_int_equal(hf_tsv_next(&rows, &more, &err), HF_EUSAGE);
    assert_false(more);
    assert_non_null(strstr(err.message, "rows.tsv:8: a zero byte stands here"));
    hf_tsv_close(&rows);
    assert_int_equal(hf_tsv_open(&rows, "/nowhere/rows", &err), HF_EUSAGE);
    hf_tsv_close(&rows);
    char lines[] = "a\tb\nc\nrest", *at = lines, *line = hf_tsv_cut_line(&at);
    assert_string_equal(hf_tsv_cut_field(&line), "a");
    assert_string_equal(hf_tsv_cut_field(&line), "b");
    assert_null(hf_tsv_cut_field(&line));
    assert_string_equal(hf_tsv_cut_line(&at), "c");
    assert_null(hf_tsv_cut_line(&at));
}

/* Whatever the bytes: an answer, no crash. */
static void test_any_bytes(void **state)
{
    (void)state;
    static const char alphabet[] = "a1,;\t \"\"\n\r#.-\n";
    uint64_t random = 1;
    for (int again = 0; again < 20000; again++) {
        char text[40];
        const size_t size = (size_t)again % sizeof text;
        for (size_t i = 0; i < size; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            text[i] = alphabet[(random >> 33) % (sizeof alphabet - 1)];
        }
        hf_tsv table;
        hf_error err;
        if (parse(&table, text, size, &err) == HF_OK) {
            for (size_t i = 0; i < (1 + table.rows) * table.columns; i++)
                assert_true(strlen(table.cell[i]) <= sizeof text);
            hf_tsv_clear(&table);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_table_in_many_forms),
                                       cmocka_unit_test(test_quotes),
                                       cmocka_unit_test(test_names_that_are_not_there),
                                       cmocka_unit_test(test_numbers),
                                       cmocka_unit_test(test_what_was_left_out),
                                       cmocka_unit_test(test_no_table),
                                       cmocka_unit_test(test_rows),
                                       cmocka_unit_test(test_any_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
