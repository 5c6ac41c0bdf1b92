#include "system/event.h"

#include <stdlib.h>
#include <string.h>

const char *const hf_event_names[] = {"plateau", "drop", "onset", "settle", "acquired", "split", "emerged", "stop", NULL};

const char *const hf_mode_names[] = {"nan", "competitive", "cooperative"};

/* All of text, of at most six digits; 0: it is no such number. */
static size_t read_number(const char *text)
{
    const size_t length = strspn(text, "0123456789");
    return length == 0 || length > 6 || text[length] != '\0' ? 0 : (size_t)strtoul(text, NULL, 10);
}

bool hf_event_await(const char *text, hf_awaited_event *awaited)
{
    const size_t length = strcspn(text, "=");
    *awaited = (hf_awaited_event){.wanted = true};
    if (text[length] == '=' && (awaited->number = read_number(text + length + 1)) == 0)
        return false;
    for (; hf_event_names[awaited->kind] != NULL; awaited->kind++)
        if (strlen(hf_event_names[awaited->kind]) == length && strncmp(text, hf_event_names[awaited->kind], length) == 0)
            return true;
    return false;
}

bool hf_event_is_crossing(hf_event_kind kind)
{
    return kind == HF_EVENT_ACQUIRED || kind == HF_EVENT_SPLIT || kind == HF_EVENT_EMERGED;
}

/* What may happen to one thing after the other does not count where it holds at the start. */
bool hf_event_is_awaited(const hf_awaited_event *awaited, hf_event_kind kind, size_t number, double t)
{
    const bool once = kind == HF_EVENT_SPLIT || kind == HF_EVENT_EMERGED;
    return awaited->wanted && awaited->kind == kind &&
           (awaited->number == 0 ? once || t > 0 : awaited->number == number);
}
