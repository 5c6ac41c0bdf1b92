#include "integrate/vector.h"

#include "core/simd.h"

#include <math.h>
#include <nvector/nvector_serial.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

static size_t length_of(N_Vector x)
{
    return (size_t)NV_LENGTH_S(x);
}

/* Vectors are made of whole cache lines. The numbers of the last line that are behind the last are worked on with the others, and
 * mean nothing: only norms leave them out. */
enum { LINE = 8 };

static size_t lines_of(N_Vector x)
{
    return (length_of(x) + LINE - 1) / LINE;
}

/* z = a x + b y for one line. */
HF_INLINE void add_line(size_t bytes, double a, const double *x, double b, const double *y, double *z)
{
    if (bytes == sizeof(hf_eight)) {
        *(hf_eight *)z = a * *(const hf_eight *)x + b * *(const hf_eight *)y;
        return;
    }
    HF_UNROLL
    for (size_t i = 0; i < LINE; i += HF_FOUR)
        *(hf_four *)(z + i) = a * *(const hf_four *)(x + i) + b * *(const hf_four *)(y + i);
}

HF_INLINE void linear_sum_registers(size_t bytes, double a, N_Vector x, double b, N_Vector y, N_Vector z)
{
    const size_t all = LINE * lines_of(z);
    const double *xs = NV_DATA_S(x), *ys = NV_DATA_S(y);
    double *zs = NV_DATA_S(z);
    if (a == 1 && b == 1) /* most of all: every prediction is a sum of sums; the same bits */
        for (size_t i = 0; i < all; i += LINE)
            add_line(bytes, 1, xs + i, 1, ys + i, zs + i);
    else
        for (size_t i = 0; i < all; i += LINE)
            add_line(bytes, a, xs + i, b, ys + i, zs + i);
}

HF_REGISTERS(void, linear_sum, (sunrealtype a, N_Vector x, sunrealtype b, N_Vector y, N_Vector z), a, x, b, y, z)

/* z = c x for one line. */
HF_INLINE void scale_line(size_t bytes, double c, const double *x, double *z)
{
    if (bytes == sizeof(hf_eight)) {
        *(hf_eight *)z = c * *(const hf_eight *)x;
        return;
    }
    HF_UNROLL
    for (size_t i = 0; i < LINE; i += HF_FOUR)
        *(hf_four *)(z + i) = c * *(const hf_four *)(x + i);
}

HF_INLINE void scale_registers(size_t bytes, double c, N_Vector x, N_Vector z)
{
    const size_t all = LINE * lines_of(z);
    const double *xs = NV_DATA_S(x);
    double *zs = NV_DATA_S(z);
    for (size_t i = 0; i < all; i += LINE)
        scale_line(bytes, c, xs + i, zs + i);
}

HF_REGISTERS(void, scale, (sunrealtype c, N_Vector x, N_Vector z), c, x, z)

HF_CLONES static void set_constant(sunrealtype c, N_Vector z)
{
    const size_t length = length_of(z);
    double *zs = NV_DATA_S(z);
    HF_SIMD
    for (size_t i = 0; i < length; i++)
        zs[i] = c;
}

HF_CLONES static sunrealtype wrms_norm(N_Vector x, N_Vector w)
{
    const size_t length = length_of(x);
    const double *xs = NV_DATA_S(x), *ws = NV_DATA_S(w);
    hf_four sum = {0}, other = {0};
    double rest = 0;
    size_t i = 0;
    for (; i + LINE <= length; i += LINE) {
        const hf_four one = *(const hf_four *)(xs + i) * *(const hf_four *)(ws + i),
                      two = *(const hf_four *)(xs + i + HF_FOUR) * *(const hf_four *)(ws + i + HF_FOUR);
        sum += one * one;
        other += two * two;
    }
    for (; i < length; i++)
        rest += xs[i] * ws[i] * (xs[i] * ws[i]);
    sum += other;
    return sqrt((((sum[0] + sum[2]) + (sum[1] + sum[3])) + rest) / (double)length);
}

/* Z_j = a_j x + Y_j */
static int scale_add_multi(int count, sunrealtype *a, N_Vector x, N_Vector *y, N_Vector *z)
{
    for (int j = 0; j < count; j++)
        linear_sum(a[j], x, 1, y[j], z[j]);
    return 0;
}

static int scale_vectors(int count, sunrealtype *c, N_Vector *x, N_Vector *z)
{
    for (int j = 0; j < count; j++)
        scale(c[j], x[j], z[j]);
    return 0;
}

/* z = sum_j c_j X_j; z may be X_0. */
static int linear_combination(int count, sunrealtype *c, N_Vector *x, N_Vector z)
{
    scale(c[0], x[0], z);
    for (int j = 1; j < count; j++)
        linear_sum(1, z, c[j], x[j], z);
    return 0;
}

/* ---- room for clones ---- */

typedef struct store store;

/* A vector, and what it is made of. Its content, a serial one, stands first: that is what the macros of SUNDIALS look at. */
typedef struct {
    struct _N_VectorContent_Serial content;
    struct _generic_N_Vector vector;
    store *room;
    void *memory;            /* of its data where it is alone */
    bool is_taken, is_alone; /* is_alone: made for itself, and freed by itself */
} slot;

struct store {
    struct _generic_N_Vector_Ops ops;
    void *memory;                 /* of data */
    double *data;                 /* (count, stride) */
    size_t length, stride, count; /* stride: whole lines, and one more, so that not all vectors begin alike */
    slot slot[];
};

static void fill_slot(slot *s, store *room, double *data, SUNContext context)
{
    s->content = (struct _N_VectorContent_Serial){.length = (sunindextype)room->length, .own_data = SUNFALSE, .data = data};
    s->vector = (struct _generic_N_Vector){.content = &s->content, .ops = &room->ops, .sunctx = context};
    s->room = room;
    s->is_taken = true;
}

/* Zeros, from a cache line on; *memory is to be freed. What is never written to takes no memory (calloc). */
static double *make_data(size_t count, void **memory)
{
    const size_t bytes = LINE * sizeof(double);
    char *all = calloc(1, count * sizeof(double) + bytes);
    *memory = all;
    return all == NULL ? NULL : (double *)(void *)(all + (bytes - (uintptr_t)all % bytes));
}

static N_Vector clone(N_Vector x)
{
    store *room = ((slot *)x->content)->room;
    for (size_t i = 0; i < room->count; i++)
        if (!room->slot[i].is_taken) {
            fill_slot(&room->slot[i], room, room->data + i * room->stride, x->sunctx);
            return &room->slot[i].vector;
        }
    slot *alone = calloc(1, sizeof *alone);
    double *data = alone == NULL ? NULL : make_data(room->stride, &alone->memory);
    if (data == NULL) {
        free(alone);
        return NULL;
    }
    fill_slot(alone, room, data, x->sunctx);
    alone->is_alone = true;
    return &alone->vector;
}

static void destroy(N_Vector x)
{
    slot *s = x->content;
    store *room = s->room;
    s->is_taken = false;
    if (s->is_alone) {
        free(s->memory);
        free(s);
    } else if (s == room->slot) { /* the first one */
        free(room->memory);
        free(room);
    }
}

/* What a serial vector does, but for what is rewritten here. */
static bool take_operations(store *room, SUNContext context)
{
    N_Vector serial = N_VNewEmpty_Serial(1, context);
    if (serial == NULL)
        return false;
    room->ops = *serial->ops;
    N_VDestroy(serial);
    room->ops.nvclone = clone;
    room->ops.nvcloneempty = NULL;
    room->ops.nvdestroy = destroy;
    room->ops.nvlinearsum = linear_sum;
    room->ops.nvscale = scale;
    room->ops.nvconst = set_constant;
    room->ops.nvwrmsnorm = wrms_norm;
    room->ops.nvscaleaddmulti = scale_add_multi;
    room->ops.nvscalevectorarray = scale_vectors;
    room->ops.nvlinearcombination = linear_combination;
    return true;
}

N_Vector hf_vector_create(size_t length, size_t clones, SUNContext context)
{
    store *room = calloc(1, sizeof *room + (1 + clones) * sizeof *room->slot);
    if (room == NULL)
        return NULL;
    room->length = length;
    room->stride = (length / LINE + 2) * LINE;
    room->count = 1 + clones;
    room->data = make_data(room->count * room->stride, &room->memory);
    if (room->data == NULL || !take_operations(room, context)) {
        free(room->memory);
        free(room);
        return NULL;
    }
    fill_slot(&room->slot[0], room, room->data, context);
    return &room->slot[0].vector;
}
