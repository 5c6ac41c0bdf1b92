/* simd: loops that the compiler may vectorize without -ffast-math.
 *
 * HF_CLONES compiles a function for several instruction sets and picks one when the program starts: a package built for
 * any x86-64 uses AVX2 where there is AVX2, and one machine always gives the same bits. For static functions only
 * (clang). */
#ifndef HF_CORE_SIMD_H
#define HF_CORE_SIMD_H

#ifdef HF_HAVE_TARGET_CLONES
#define HF_CLONES __attribute__((target_clones("default", "avx2")))
#else
#define HF_CLONES
#endif

/* The same with AVX-512, for long loops whose lanes are laid out by hand, so that their results do not depend on the
 * instruction set. */
#ifdef HF_HAVE_TARGET_CLONES
#define HF_WIDE_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define HF_WIDE_CLONES
#endif

/* A helper of such functions, to be compiled with its caller's instruction set. */
#define HF_INLINE static inline __attribute__((always_inline))

/* A function compiled for registers of 64, 32 and 16 bytes: NAME PARAMETERS runs NAME_registers(BYTES, ARGUMENTS...), which is
 * HF_INLINE and sees the size as a constant, so that it can lay out what it keeps in registers; what it computes must not
 * depend on it. */
#ifdef HF_HAVE_TARGET_CLONES
#define HF_REGISTERS(type, name, parameters, ...)                                                                          \
    __attribute__((target("avx512f"))) static type name##_64 parameters                                                    \
    {                                                                                                                      \
        return name##_registers(64, __VA_ARGS__);                                                                          \
    }                                                                                                                      \
    __attribute__((target("avx2"))) static type name##_32 parameters                                                       \
    {                                                                                                                      \
        return name##_registers(32, __VA_ARGS__);                                                                          \
    }                                                                                                                      \
    static type name##_16 parameters                                                                                       \
    {                                                                                                                      \
        return name##_registers(16, __VA_ARGS__);                                                                          \
    }                                                                                                                      \
    static type name parameters                                                                                            \
    {                                                                                                                      \
        if (__builtin_cpu_supports("avx512f"))                                                                             \
            return name##_64(__VA_ARGS__);                                                                                 \
        return __builtin_cpu_supports("avx2") ? name##_32(__VA_ARGS__) : name##_16(__VA_ARGS__);                           \
    }
#else
#define HF_REGISTERS(type, name, parameters, ...)                                                                          \
    static type name parameters                                                                                            \
    {                                                                                                                      \
        return name##_registers(16, __VA_ARGS__);                                                                          \
    }
#endif

/* Four numbers side by side, anywhere in memory. Sums in such lanes have the same bits on every instruction set. */
typedef double hf_four __attribute__((vector_size(32), aligned(8), may_alias));

/* The same for registers of 64 bytes, of HF_REGISTERS. */
typedef double hf_eight __attribute__((vector_size(64), aligned(8), may_alias));

enum { HF_FOUR = 4 };

#define HF_PRAGMA(text)      _Pragma(#text)
#define HF_SIMD              HF_PRAGMA(omp simd)
#define HF_SIMD_SUM(...)     HF_PRAGMA(omp simd reduction(+ : __VA_ARGS__))
#define HF_SIMD_MAX(largest) HF_PRAGMA(omp simd reduction(max : largest))

/* Before a short loop of constant length whose variables are to stay in registers; clang does so by itself. */
#if defined __GNUC__ && !defined __clang__
#define HF_UNROLL HF_PRAGMA(GCC unroll 16)
#else
#define HF_UNROLL
#endif

#endif
