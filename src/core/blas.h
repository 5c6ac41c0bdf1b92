/* blas: what the BLAS underneath is asked and told: an OpenBLAS has threads of its own, which others have not. */
#ifndef HF_CORE_BLAS_H
#define HF_CORE_BLAS_H

#include <stdbool.h>

/* Every product is made by the thread that asks for it, in the whole process. */
void hf_blas_use_one_thread(void);

/* Whether several threads may make products at the same time. Not so with an OpenBLAS that was built for one thread and
 * without locks (Debian: libopenblas0-serial), whose products are then wrong. */
bool hf_blas_is_shared(void);

#endif
