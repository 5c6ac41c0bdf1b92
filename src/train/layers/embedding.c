#include "train/layers/layers.h"

#include <math.h>
#include <string.h>

void hf_embedding_forward(size_t n, size_t places, size_t C, const hf_token *tokens, const double *token,
                          const double *place, double *x)
{
    for (size_t r = 0; r < n; r++) {
        const double *by_token = token + tokens[r] * C;
        for (size_t c = 0; c < C; c++)
            x[r * C + c] = by_token[c] + (place != NULL ? place[r % places * C + c] : 0);
    }
}

void hf_embedding_backward(size_t n, size_t places, size_t C, const hf_token *tokens, const double *dx, double *dtoken,
                           double *dplace)
{
    for (size_t r = 0; r < n; r++)
        for (size_t c = 0; c < C; c++) {
            if (dtoken != NULL)
                dtoken[tokens[r] * C + c] += dx[r * C + c];
            if (dplace != NULL)
                dplace[r % places * C + c] += dx[r * C + c];
        }
}

void hf_embedding_sinusoids(size_t places, size_t C, double *place)
{
    for (size_t t = 0; t < places; t++)
        for (size_t c = 0; c < C; c++) {
            const double angle = (double)t / pow(10000, (double)(c / 2 * 2) / (double)C);
            place[t * C + c] = c % 2 == 0 ? sin(angle) : cos(angle);
        }
}
