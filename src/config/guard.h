/* guard: a look at the tokens of a model file before libconfig 1.5 parses it.
 *
 * libconfig leaves some things to its caller. An integer of more than 32 bits wraps around silently unless it ends in L, a
 * lone point is 0, a number too small for a double is 0 too, strings without a comma between them are joined, \x00 is
 * dropped; a string where none may stand is leaked, including a directory ends the process, deep nesting exhausts its
 * stack, and a comment at the end of a text without a newline is an error that says nothing. The guard rejects these,
 * everything it includes examined in place; all other syntax is libconfig's to judge. */
#ifndef HF_CONFIG_GUARD_H
#define HF_CONFIG_GUARD_H

#include "core/text.h"

/* HF_EUSAGE: text, or a file it includes from directory, must not be parsed; *fault says why. HF_ESYSTEM: memory. */
hf_status hf_guard_check(const char *text, const char *directory, hf_fault *fault);

#endif
