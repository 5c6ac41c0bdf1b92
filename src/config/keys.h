/* keys: the one table of everything a model file may say.
 *
 * A row per key, in the order in which they are printed, grouped by section; a section is what stands before the last dot
 * of a path, and sections nest. Reading, range checks, printing, documentation and suggestions are all made from the
 * table, so a new key is a field of hf_config and a row here. */
#ifndef HF_CONFIG_KEYS_H
#define HF_CONFIG_KEYS_H

#include "config/config.h"

/* What a key holds, and the field of hf_config it is stored in. */
typedef enum {
    HF_KIND_STRING,     /* char * */
    HF_KIND_PATH,       /* char *: not empty; on the command line relative to the current directory */
    HF_KIND_CHOICE,     /* an enum: one of key->choices */
    HF_KIND_BOOL,       /* bool */
    HF_KIND_COUNT,      /* size_t: of what is in memory */
    HF_KIND_NUMBER,     /* uint64_t: of steps, or a seed */
    HF_KIND_REAL,       /* double */
    HF_KIND_COUNTS,     /* hf_counts */
    HF_KIND_NUMBERS,    /* hf_numbers */
    HF_KIND_REALS,      /* hf_reals */
    HF_KIND_COUNT_ROWS, /* hf_count_rows */
    HF_KIND_REAL_ROWS,  /* hf_real_rows */
    HF_KIND_STRINGS,    /* hf_strings */
    HF_KIND_AXES,       /* hf_axes: groups, with a reader of their own (axes.h) */
    HF_KIND_FITS,       /* hf_fits: likewise */
    HF_KIND_LABELS      /* hf_labels: a group of strings and groups, likewise (label_groups.h) */
} hf_kind;

typedef struct {
    const char *name; /* with its article, for "expected ..." */
    bool is_list;
    hf_kind element; /* of a list */
    size_t size;     /* bytes of the field */
} hf_kind_info;

/* All numbers are limited to this magnitude, so that products of a few of them stay finite. */
#define HF_REAL_MAX 1e300

typedef struct {
    double low, high;
    bool low_open, high_open; /* the limit itself is excluded */
} hf_range;

typedef struct {
    const char *path; /* "target.strengths" stands for hf_config.target.strengths */
    size_t offset;    /* of that field in hf_config */
    hf_kind kind;
    const char *fallback; /* default as a model file or -s writes it; NULL: none (NULL, 0 or an empty list) */
    hf_range range;       /* of every number the key holds */
    const char *unit;
    const char *example; /* of a value, as a model file writes it */
    const char *help;
    const char *task_help[HF_TASKS]; /* instead of it in a model of this task; NULL: help */
    const char *const *choices;      /* in the order of the enum, ended by NULL */
    const char *replaces;            /* path of a key this one cannot be given together with: two ways to say one thing */
    const char *const *yields;       /* paths of keys, ended by NULL: their override drops this one of a file that lacks them */
    bool required;                   /* where it has an effect */
    bool decides;                    /* is read before the others, since what these must be depends on it */
    bool (*when)(const hf_config *); /* whether the key has an effect; NULL: always. Else it is not shown */
    bool (*derived)(
        const hf_config *); /* whether a reader is shown the keys that the value follows from instead; NULL: no */
    bool (*counts)(const hf_config *); /* whether the key tells one run from another; NULL: yes. Keys that came later count
                                           where they are not at their default, so that older runs keep their hashes */
} hf_key;

typedef struct {
    const char *path; /* "" for the top level */
    const char *help;
    bool (*when)(const hf_config *); /* as for a key */
    bool is_declared;                /* declared is set */
    size_t declared;                 /* offset in hf_config of whether the section is there */
} hf_section;

extern const hf_kind_info hf_kinds[]; /* by hf_kind */
extern const hf_key hf_keys[];
extern const size_t hf_key_count;
extern const hf_section hf_sections[];
extern const size_t hf_section_count;

#define HF_RANGE_TEXT 64

/* The row of path; NULL if there is none. */
const hf_key *hf_keys_find(const char *path);

/* The section with that path; NULL if there is none. */
const hf_section *hf_keys_find_section(const char *path);

/* The section that a key stands in. */
const hf_section *hf_keys_section(const hf_key *key);

/* Length of the section in front of a path: 6 for "target.base", 0 for "heads". */
size_t hf_keys_section_length(const char *path);

/* How far path is from known, in letters that are other ones: by the whole path, or by the last component alone, where another section
 * counts as one more. */
size_t hf_keys_distance(const char *path, const char *known);

/* The key or section most likely meant by an unknown path; NULL if nothing is close. */
const char *hf_keys_suggest(const char *path);

/* The one of names (ended by NULL) most likely meant by name; NULL if nothing is close. */
const char *hf_keys_nearest(const char *name, const char *const names[]);

bool hf_range_holds(const hf_range *range, double value);

/* Writes " >= 1", " in (0, 1)" and the like, or "" for a range without limits, and returns text. */
const char *hf_range_describe(const hf_range *range, char text[HF_RANGE_TEXT]);

/* The field of a key in config. */
void *hf_keys_field(const hf_key *key, hf_config *config);
const void *hf_keys_value(const hf_key *key, const hf_config *config);

/* hf_config_is_given for a row that is at hand. */
bool hf_keys_is_given(const hf_key *key, const hf_config *config);

#endif
