#include "integrate/vector.h"

#include "core/simd.h"

#include <math.h>
#include <nvector/nvector_serial.h>
#include <stdbool.h>
#include <stdlib.h>

static size_t length_of(N_Vector x)
{
    return (size_t)NV_LENGTH_S(x);
}

/* z = x + y, where z may be x or y. Sixteen at a time: counting takes as long as adding. */
HF_INLINE void add(size_t length, const double *x, const double *y, double *z)
{
    enum { FOURS = 4, STRIDE = 4 * FOURS };
    size_t i = 0;
    for (; i + STRIDE <= length; i += STRIDE) {
        HF_UNROLL
        for (size_t k = 0; k < STRIDE; k += 4)
            *(hf_four *)(z + i + k) = *(const hf_four *)(x + i + k) + *(const hf_four *)(y + i + k);
    }
    for (; i < length; i++)
        z[i] = x[i] + y[i];
}

HF_CLONES static void linear_sum(sunrealtype a, N_Vector x, sunrealtype b, N_Vector y, N_Vector z)
{
    const double *xs = NV_DATA_S(x), *ys = NV_DATA_S(y);
    double *zs = NV_DATA_S(z);
    size_t length = length_of(z);
    if (a == 1 && b == 1) { /* most of all: every prediction is a sum of sums; the same bits */
        add(length, xs, ys, zs);
        return;
    }
    HF_SIMD
    for (size_t i = 0; i < length; i++)
        zs[i] = a * xs[i] + b * ys[i];
}

HF_CLONES static void scale(sunrealtype c, N_Vector x, N_Vector z)
{
    const double *xs = NV_DATA_S(x);
    double *zs = NV_DATA_S(z);
    size_t length = length_of(z);
    HF_SIMD
    for (size_t i = 0; i < length; i++)
        zs[i] = c * xs[i];
}

HF_CLONES static void set_constant(sunrealtype c, N_Vector z)
{
    double *zs = NV_DATA_S(z);
    size_t length = length_of(z);
    HF_SIMD
    for (size_t i = 0; i < length; i++)
        zs[i] = c;
}

HF_CLONES static sunrealtype wrms_norm(N_Vector x, N_Vector w)
{
    const double *xs = NV_DATA_S(x), *ws = NV_DATA_S(w);
    size_t length = length_of(x);
    double sum = 0;
    HF_SIMD_SUM(sum)
    for (size_t i = 0; i < length; i++) {
        double scaled = xs[i] * ws[i];
        sum += scaled * scaled;
    }
    return sqrt(sum / (double)length);
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
    bool is_taken, is_alone; /* is_alone: made for itself, and freed by itself */
} slot;

struct store {
    struct _generic_N_Vector_Ops ops;
    double *data; /* (count, stride) */
    size_t length, stride, count;
    slot slot[];
};

static void fill_slot(slot *s, store *room, double *data, SUNContext context)
{
    s->content = (struct _N_VectorContent_Serial){.length = (sunindextype)room->length, .own_data = SUNFALSE, .data = data};
    s->vector = (struct _generic_N_Vector){.content = &s->content, .ops = &room->ops, .sunctx = context};
    s->room = room;
    s->is_taken = true;
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
    double *data = calloc(room->length, sizeof *data);
    if (alone == NULL || data == NULL) {
        free(alone);
        free(data);
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
        free(s->content.data);
        free(s);
    } else if (s == room->slot) { /* the first one */
        free(room->data);
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
    const size_t line = 8; /* numbers: every vector begins a cache line behind the one before */
    store *room = calloc(1, sizeof *room + (1 + clones) * sizeof *room->slot);
    if (room == NULL)
        return NULL;
    room->length = length;
    room->stride = (length / line + 2) * line;
    room->count = 1 + clones;
    room->data = calloc(room->count * room->stride, sizeof *room->data);
    if (room->data == NULL || !take_operations(room, context)) {
        free(room->data);
        free(room);
        return NULL;
    }
    fill_slot(&room->slot[0], room, room->data, context);
    return &room->slot[0].vector;
}
