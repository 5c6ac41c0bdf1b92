/* movie: the attention of a run, or what else its tables say of its heads, as pictures at some of its times.
 *
 * A picture is one panel or several, each a matrix of numbers from 0 to 1: all heads and the positions (attention.tsv); of a
 * Markov chain one panel a head, queries and keys (maps.tsv); else heads and patterns, from the trajectory. */
#ifndef HF_PAGE_MOVIE_H
#define HF_PAGE_MOVIE_H

#include "core/error.h"
#include "core/lists.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HF_MOVIE_NONE   4095 /* of a cell: there is no number */
#define HF_MOVIE_LEVELS 4094 /* a number x in [0, 1] is kept as the whole number next to sqrt(x) times this */

enum { HF_MOVIE_FRAMES = 150, HF_MOVIE_COLUMNS = 200, HF_MOVIE_ROOM = 400000 };

/* What rows and columns of a panel are. */
typedef enum { HF_MOVIE_POSITIONS, HF_MOVIE_MAPS, HF_MOVIE_PATTERNS } hf_movie_kind;

typedef struct {
    hf_movie_kind kind;
    size_t panels, rows, columns;
    size_t heads;               /* of maps: panel p shows head p % heads + 1 of block p / heads + 1 */
    size_t first_row;           /* number of the first row: of a head 1; of maps the first query */
    size_t *from, *to;          /* (columns) numbers from 1 that the column stands for, with their mean; owned */
    size_t singles;             /* columns that stand for one */
    size_t positions;           /* in the table */
    bool classes;               /* positions are classes of several */
    size_t frames, rows_before; /* rows_before: times in the table */
    size_t *row;                /* (frames) numbers of these times, from 0; owned */
    double *time;               /* (frames) first field of the table: t or step, nan where it is none; owned */
    uint16_t *cell;             /* (frames, panels, rows, columns); owned */
} hf_movie;

/* How many positions each class has: copies times replicas, each a list of one number for all, one for each class, or none. */
typedef struct {
    const hf_counts *copies, *replicas; /* NULL: none */
} hf_movie_sizes;

bool hf_movie_has_sizes(const hf_movie_sizes *sizes);

/* Reads attention.tsv, maps.tsv. A cell of a class is the attention on all of its positions. room: letters that the pictures may take, two a cell; fewer than two pictures are no movie, and
 * frames is 0. Errors: HF_EUSAGE (it cannot be read, or is no such table), HF_ESYSTEM. Free with hf_movie_clear. */
hf_status hf_movie_read_attention(hf_movie *movie, const char *path, const hf_movie_sizes *sizes, size_t room,
                                  hf_error *err);
hf_status hf_movie_read_maps(hf_movie *movie, const char *path, size_t room, hf_error *err);

/* The number of a cell; nan: none. */
double hf_movie_value(uint16_t cell);
uint16_t hf_movie_cell(double value);

/* Legal on a zeroed movie. */
void hf_movie_clear(hf_movie *movie);

#endif
