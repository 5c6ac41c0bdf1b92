/* html: text and numbers of anybody's in a page, so that nothing in them is taken for markup or for a script. */
#ifndef HF_PAGE_HTML_H
#define HF_PAGE_HTML_H

#include <stddef.h>
#include <stdio.h>

/* Text between tags, or in an attribute between double quotes. Line ends and tabs stay; what is neither printable nor UTF-8
 * becomes U+FFFD. */
void hf_html_text(const char *text, FILE *stream);

/* A JSON string with its quotes that may stand in a script element: no < > & in it. */
void hf_html_string(const char *text, FILE *stream);

/* A JSON number with so many significant digits; null where x is not finite. */
void hf_html_number(double x, int digits, FILE *stream);

/* An image of ours as the value of src="...": SVG text, in which line ends become blanks, as a data URL. */
void hf_html_svg(const char *svg, FILE *stream);

#endif
