/* words: what a column, a quantity or an event is, for headflow help. */
#ifndef HF_CLI_WORDS_H
#define HF_CLI_WORDS_H

#include <stdbool.h>

/* Prints what is to be known of a column of any table ("t_onset", "mass_1_2", "mass"), of a quantity ("t_split"),
 * or of an event. False: topic is none of them. */
bool hf_cli_words_explain(const char *topic);

/* Prints all events, with when they happen. */
void hf_cli_words_print_events(void);

/* The column, quantity, event or table that topic is most likely meant to be, for the caller to free; NULL: nothing is close. */
char *hf_cli_words_suggest(const char *topic);

/* Calls see for every column, quantity, table and event. */
void hf_cli_words_each(void (*see)(void *data, const char *word), void *data);

/* Calls see for every event of events.tsv: its name, when it happens, and what its value is. */
void hf_cli_words_each_event(void (*see)(void *data, const char *name, const char *when, const char *value), void *data);

#endif
