/* State tables: init.state of 2 heads, 3 positions and 2 features. */
#include "fuzz.h"

#include "flow/state.h"

FUZZ_TARGET(state)
{
    hf_state state;
    hf_error err = {0};
    const hf_status status = hf_state_read(&state, fuzz_file(bytes, size), 2, 3, 2, &err);
    fuzz_judge(status, &err);
    if (status == HF_OK)
        hf_state_clear(&state);
    return 0;
}
