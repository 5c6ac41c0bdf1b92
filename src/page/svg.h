/* svg: the images that gnuplot draws as SVG, smaller. */
#ifndef HF_PAGE_SVG_H
#define HF_PAGE_SVG_H

#include "core/error.h"

/* The same picture to a tenth of a pixel in fewer letters, for the caller to free: points on straight lines go, pixels of one
 * colour become larger rectangles, empty groups and blanks go. Errors: HF_ESYSTEM (memory). */
hf_status hf_svg_compact(const char *svg, char **smaller, hf_error *err);

#endif
