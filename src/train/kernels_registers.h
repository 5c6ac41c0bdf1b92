/* kernels_registers: sums that stay in registers of one size while rows or columns go by. A template, included for each size
 * and precision (private to kernels.c), with
 *
 *     REAL      double or float
 *     TARGET    what a function must be compiled for: an attribute, or nothing
 *     BYTES     of a register
 *     NAME(of)  names of functions and types
 *
 * Counts of rows and vectors are constants where the innermost functions are used, so that loops over them are unrolled. Every
 * sum has its terms in an order of its own, whatever the registers. */
#define WIDE  NAME(wide)
#define LANES (BYTES / sizeof(REAL))
#define SUMS  (HF_KERNEL_BYTES / sizeof(REAL)) /* lanes of a product */

typedef REAL WIDE __attribute__((vector_size(BYTES), aligned(sizeof(REAL)), may_alias));

/* Anywhere in memory. volatile, which changes nothing of what is computed, has gcc load a register once and not once more for
 * every product that it is in: a third fewer cycles. */
#define LOAD(at)        (*(const volatile WIDE *)(at))
#define STORE(at, what) (*(WIDE *)(at) = (what))

/* ---- rows that are shorter than a register ---- */

TARGET static void NAME(combine_narrow)(size_t vectors, size_t rows, size_t d, const REAL *x, const REAL *weight,
                                        size_t weight_row, REAL *sum, size_t sum_row)
{
    for (size_t v = 0; v < vectors; v++)
        for (size_t c = 0; c < d; c++) {
            REAL s = 0;
            for (size_t i = 0; i < rows; i++)
                s += weight[v * weight_row + i] * x[i * d + c];
            sum[v * sum_row + c] = s;
        }
}

TARGET static void NAME(products_narrow)(size_t vectors, size_t rows, size_t d, const REAL *x, const REAL *w, size_t w_row,
                                         REAL *lanes)
{
    for (size_t v = 0; v < vectors; v++)
        for (size_t i = 0; i < rows; i++)
            for (size_t c = 0; c < d; c++)
                lanes[(v * rows + i) * SUMS + c] += x[i * d + c] * w[v * w_row + c];
}

/* ---- combinations of rows ---- */

/* Sums of as many columns as one register has lanes, or two. */
TARGET HF_INLINE void NAME(combine_columns)(bool two, size_t vectors, size_t rows, size_t d, const REAL *x,
                                            const REAL *weight, size_t weight_row, REAL *sum, size_t sum_row)
{
    WIDE left[TOGETHER] = {{0}}, right[TOGETHER] = {{0}};
    for (size_t i = 0; i < rows; i++) {
        const WIDE a = LOAD(x + i * d), b = two ? LOAD(x + i * d + LANES) : a;
        HF_UNROLL
        for (size_t v = 0; v < vectors; v++) {
            const REAL w = weight[v * weight_row + i];
            left[v] += w * a;
            if (two)
                right[v] += w * b;
        }
    }
    HF_UNROLL
    for (size_t v = 0; v < vectors; v++) {
        STORE(sum + v * sum_row, left[v]);
        if (two)
            STORE(sum + v * sum_row + LANES, right[v]);
    }
}

/* All columns, of which there are LANES at least. The last register overlaps the one before: the same sums once more. */
TARGET HF_INLINE void NAME(combine_vectors)(size_t vectors, size_t rows, size_t d, const REAL *x, const REAL *weight,
                                            size_t weight_row, REAL *sum, size_t sum_row)
{
    size_t c = 0;
    for (; c + 2 * LANES <= d; c += 2 * LANES)
        NAME(combine_columns)(true, vectors, rows, d, x + c, weight, weight_row, sum + c, sum_row);
    for (; c < d; c += LANES) {
        const size_t at = c + LANES <= d ? c : d - LANES;
        NAME(combine_columns)(false, vectors, rows, d, x + at, weight, weight_row, sum + at, sum_row);
    }
}

TARGET static void NAME(combine)(size_t vectors, size_t rows, size_t d, const REAL *x, const REAL *weight,
                                 size_t weight_row, REAL *sum, size_t sum_row)
{
    if (d < LANES) {
        NAME(combine_narrow)(vectors, rows, d, x, weight, weight_row, sum, sum_row);
        return;
    }
    for (; vectors >= TOGETHER; vectors -= TOGETHER, weight += TOGETHER * weight_row, sum += TOGETHER * sum_row)
        NAME(combine_vectors)(TOGETHER, rows, d, x, weight, weight_row, sum, sum_row);
    if (vectors == 2)
        NAME(combine_vectors)(2, rows, d, x, weight, weight_row, sum, sum_row);
    else if (vectors == 1)
        NAME(combine_vectors)(1, rows, d, x, weight, weight_row, sum, sum_row);
}

/* ---- products with rows ---- */

/* sum += products of one register of columns: x (rows, d), w (vectors, w_row). */
TARGET HF_INLINE void NAME(add_column)(size_t vectors, size_t rows, size_t d, const REAL *x, const REAL *w, size_t w_row,
                                       WIDE sum[TOGETHER][ROWS])
{
    WIDE y[TOGETHER];
    HF_UNROLL
    for (size_t v = 0; v < vectors; v++)
        y[v] = LOAD(w + v * w_row);
    HF_UNROLL
    for (size_t r = 0; r < rows; r++) {
        const WIDE z = LOAD(x + r * d);
        HF_UNROLL
        for (size_t v = 0; v < vectors; v++)
            sum[v][r] += z * y[v];
    }
}

/* Some lanes of so many rows: column c counts in lane c % SUMS, but the last columns with tail (vectors,
 * SUMS) in those of the last SUMS; tail is 0 where a column has been counted. lanes: (vectors, lanes_row) */
TARGET HF_INLINE void NAME(add_rows)(size_t vectors, size_t rows, size_t d, const REAL *x, const REAL *w, size_t w_row,
                                     const REAL *tail, REAL *lanes, size_t lanes_row)
{
    WIDE sum[TOGETHER][ROWS];
    HF_UNROLL
    for (size_t v = 0; v < vectors; v++) {
        HF_UNROLL
        for (size_t r = 0; r < rows; r++)
            sum[v][r] = LOAD(lanes + v * lanes_row + r * SUMS);
    }
    for (size_t c = 0; c + SUMS <= d; c += SUMS)
        NAME(add_column)(vectors, rows, d, x + c, w + c, w_row, sum);
    if (d % SUMS > 0)
        NAME(add_column)(vectors, rows, d, x + (d - SUMS), tail, SUMS, sum);
    HF_UNROLL
    for (size_t v = 0; v < vectors; v++) {
        HF_UNROLL
        for (size_t r = 0; r < rows; r++)
            STORE(lanes + v * lanes_row + r * SUMS, sum[v][r]);
    }
}

TARGET HF_INLINE void NAME(add_vectors)(size_t vectors, size_t rows, size_t d, const REAL *x, const REAL *w, size_t w_row,
                                        REAL *lanes, size_t lanes_row)
{
    const size_t rest = d % SUMS, few = vectors == 1 || BYTES == 64 ? ROWS : ROWS / 2;
    REAL tail[TOGETHER][SUMS] = {{0}};
    for (size_t v = 0; v < vectors; v++)
        memcpy(&tail[v][SUMS - rest], w + v * w_row + d - rest, rest * sizeof *w);
    for (size_t at = 0; at < SUMS; at += LANES) {
        size_t i = 0;
        for (; i + few <= rows; i += few)
            NAME(add_rows)
        (vectors, few, d, x + i * d + at, w + at, w_row, &tail[0][at], lanes + i * SUMS + at, lanes_row);
        for (; i < rows; i++)
            NAME(add_rows)
        (vectors, 1, d, x + i * d + at, w + at, w_row, &tail[0][at], lanes + i * SUMS + at, lanes_row);
    }
}

TARGET static void NAME(products)(size_t vectors, size_t rows, size_t d, const REAL *x, const REAL *w, size_t w_row,
                                  REAL *lanes)
{
    const size_t lanes_row = rows * SUMS;
    if (d < SUMS) {
        NAME(products_narrow)(vectors, rows, d, x, w, w_row, lanes);
        return;
    }
    for (; vectors >= TOGETHER; vectors -= TOGETHER, w += TOGETHER * w_row, lanes += TOGETHER * lanes_row)
        NAME(add_vectors)(TOGETHER, rows, d, x, w, w_row, lanes, lanes_row);
    if (vectors == 2)
        NAME(add_vectors)(2, rows, d, x, w, w_row, lanes, lanes_row);
    else if (vectors == 1)
        NAME(add_vectors)(1, rows, d, x, w, w_row, lanes, lanes_row);
}

/* ---- products of vectors ---- */

TARGET static double NAME(dot)(size_t count, const REAL *x, const REAL *y)
{
    double tile[HF_KERNEL_LANES] = {0};
    const size_t whole = count - count % HF_KERNEL_LANES;
    for (size_t c = 0; c < whole; c += HF_KERNEL_LANES) {
        HF_SIMD
        for (size_t l = 0; l < HF_KERNEL_LANES; l++)
            tile[l] += (double)x[c + l] * (double)y[c + l];
    }
    for (size_t c = whole; c < count; c++)
        tile[c - whole] += (double)x[c] * (double)y[c];
    return hf_kernel_sum(tile);
}

#undef STORE
#undef LOAD
#undef SUMS
#undef LANES
#undef WIDE
#undef NAME
#undef BYTES
#undef TARGET
#undef REAL
