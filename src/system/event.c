#include "system/event.h"

const char *const hf_event_names[] = {"plateau", "drop", "onset", "settle", "acquired", "split", "emerged", "stop"};

const char *const hf_mode_names[] = {"nan", "competitive", "cooperative"};
