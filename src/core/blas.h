/* blas: what the BLAS underneath is asked and told: an OpenBLAS has threads of its own, which others have not. */
#ifndef HF_CORE_BLAS_H
#define HF_CORE_BLAS_H

#include "core/error.h"

#include <stdbool.h>

/* Every product is made by the thread that asks for it, in the whole process. */
void hf_blas_use_one_thread(void);

/* Whether several threads may make products at the same time. Not so with an OpenBLAS that was built for one thread and
 * without locks (Debian: libopenblas0-serial), whose products are then wrong. */
bool hf_blas_is_shared(void);

/* Whether a product can be made. An OpenBLAS takes 128 MiB of addresses at a thread's first one, and tries for ever where there are none.
 * Errors: HF_ESYSTEM. */
hf_status hf_blas_check_room(hf_error *err);

#endif
