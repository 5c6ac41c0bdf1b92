/* philox_blocks: the rounds of Philox (core/philox.h) for whole blocks of counters, in registers of one instruction set. A
 * template, included for each (private to normal.c), with
 *
 *     NAME              of the function
 *     ISA, IN_REGISTER  instruction set, and numbers of 64 bits in a register of it
 *     INTEGERS, PRODUCT its type and its product of the low halves of 64 bits: compilers that are not told of it multiply all 64
 *
 * A word is in the low half of 64 bits, where a product finds it without being moved; what is left above it no product reads. One
 * round waits for the one before: groups of counters side by side give the processor something to do meanwhile. */
__attribute__((target(ISA))) static void NAME(const philox_stream *stream, uint32_t first, size_t blocks,
                                              philox_block *block)
{
    enum { ROUNDS = 10, GROUPS = 4 };
    typedef uint64_t wide __attribute__((vector_size(8 * IN_REGISTER)));
    const wide left = (wide){0} + 0xD2511F53u, right = (wide){0} + 0xCD9E8D57u;
    wide key0[ROUNDS], key1[ROUNDS], counter;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        key0[round] = (wide){0} + (stream->key[0] + round * 0x9E3779B9u);
        key1[round] = (wide){0} + (stream->key[1] + round * 0xBB67AE85u);
    }
    for (uint32_t i = 0; i < IN_REGISTER; i++)
        counter[i] = first + i;
    for (size_t at = 0; at < blocks * LANES; at += GROUPS * IN_REGISTER) {
        wide x0[GROUPS], x1[GROUPS], x2[GROUPS], x3[GROUPS];
#pragma GCC unroll 4
        for (size_t g = 0; g < GROUPS; g++) {
            x0[g] = counter + (at + g * IN_REGISTER);
            x1[g] = (wide){0} + stream->word[0];
            x2[g] = (wide){0} + stream->word[1];
            x3[g] = (wide){0} + stream->word[2];
        }
        for (size_t round = 0; round < ROUNDS; round++) {
#pragma GCC unroll 4
            for (size_t g = 0; g < GROUPS; g++) {
                const wide a = (wide)PRODUCT((INTEGERS)x0[g], (INTEGERS)left),
                           c = (wide)PRODUCT((INTEGERS)x2[g], (INTEGERS)right);
                x0[g] = c >> 32 ^ x1[g] ^ key0[round];
                x1[g] = c;
                x2[g] = a >> 32 ^ x3[g] ^ key1[round];
                x3[g] = a;
            }
        }
#pragma GCC unroll 4
        for (size_t g = 0; g < GROUPS; g++) {
            uint64_t *word = &block[(at + g * IN_REGISTER) / LANES].word[0][(at + g * IN_REGISTER) % LANES];
            memcpy(word, &x0[g], sizeof(wide));
            memcpy(word + LANES, &x1[g], sizeof(wide));
            memcpy(word + 2 * LANES, &x2[g], sizeof(wide));
            memcpy(word + 3 * LANES, &x3[g], sizeof(wide));
        }
    }
}
#undef NAME
#undef ISA
#undef IN_REGISTER
#undef INTEGERS
#undef PRODUCT
