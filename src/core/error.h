/* error: how the library reports what went wrong.
 *
 * A function that can fail returns an hf_status and fills the caller's hf_error with one sentence for the user. The
 * library never prints and never exits; the values of hf_status are the exit codes of the program. */
#ifndef HF_CORE_ERROR_H
#define HF_CORE_ERROR_H

typedef enum {
    HF_OK = 0,
    HF_EUSAGE = 2,   /* command line, model file or state table */
    HF_ENUMERIC = 3, /* the numerics failed: not finite, too many steps, no convergence */
    HF_ESYSTEM = 4   /* file system or memory */
} hf_status;

typedef struct {
    hf_status status;
    char message[1024]; /* one sentence without a final newline; "" while nothing has failed */
    const char *key;    /* of a model file, that the message is about and starts with; NULL: none */
} hf_error;

/* Stores status and the formatted message in *err (err may be NULL) and returns status. */
hf_status hf_fail(hf_error *err, hf_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* HF_EUSAGE for what the key of a model file says (for example "init.state"): "KEY: " and the formatted message. key is a
 * literal. */
hf_status hf_reject(hf_error *err, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* hf_fail for an allocation of what (for example "the trajectory") that failed. */
hf_status hf_fail_memory(hf_error *err, const char *what);

#if defined(__clang_analyzer__) && !defined(HF_CORE_ERROR_ITSELF) /* it sees one file at a time: a failure is not HF_OK */
#define hf_fail(err, status, ...) (hf_fail(err, status, __VA_ARGS__), (status))
#define hf_reject(err, key, ...)  (hf_reject(err, key, __VA_ARGS__), HF_EUSAGE)
#define hf_fail_memory(err, what) (hf_fail_memory(err, what), HF_ESYSTEM)
#endif

#endif
