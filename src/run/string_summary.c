#include "run/string_summary.h"

#include "core/plural.h"
#include "run/string_record.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>

void hf_string_summary_print(const hf_run_summary *s, FILE *stream)
{
    const hf_string_numbers *n = &s->strings;
    fprintf(stream, "seed %" PRIu64 ": ", s->seed);
    if (isnan(n->learned))
        fprintf(stream, "not learned in %g epochs, with less than %g of the training strings right", n->epochs,
                n->threshold);
    else
        fprintf(stream, "learned after %g epochs, with %g of the training strings right", n->learned, n->threshold);
    fprintf(stream,
            "\n  accuracy at the end, step %" PRIu64 ": training %.4g, held-out %.4g (highest %.4g); held-out loss %.4g\n",
            s->steps, n->train_accuracy, n->accuracy, n->best, s->loss);
    fprintf(stream, "  attention: entropy %.4g nats; range of logits %.4g", n->entropy, n->spread);
    if (isnan(n->holds))
        fputs("; no more keys than a mask would keep\n", stream);
    else
        fprintf(stream,
                ", of the k largest %.4g, gap behind these %.4g; %.3g of the queries meet the condition for sparse masks\n",
                n->inside, n->gap, n->holds);
    if (!isnan(n->lipschitz))
        fprintf(stream,
                "  along random lines the held-out loss changes by at most %.4g per unit; curvature (median) %.4g\n",
                n->lipschitz, n->curvature);
}

/* "12", or "later". */
static const char *describe(double x, char text[32])
{
    if (isinf(x))
        snprintf(text, 32, "later");
    else
        snprintf(text, 32, "%.4g", x);
    return text;
}

static hf_status print_spread(size_t count, const hf_run_summary *summary, const char *what, size_t offset, FILE *stream,
                              hf_error *err)
{
    hf_string_spread s;
    char median[32], low[32], high[32];
    const hf_status status = hf_string_spread_of(count, summary, offset, &s, err);
    if (status == HF_OK)
        fprintf(stream, "%s %s (%s to %s)", what, describe(s.median, median), describe(s.low, low), describe(s.high, high));
    return status;
}

hf_status hf_string_summary_print_all(size_t count, const hf_run_summary *summary, FILE *stream, hf_error *err)
{
    size_t later = 0;
    double epochs = 0;
    if (count < 2)
        return HF_OK;
    for (size_t i = 0; i < count; i++) {
        later += isnan(summary[i].strings.learned) ? 1 : 0;
        epochs = fmax(epochs, summary[i].strings.epochs);
    }
    fprintf(stream, "%zu seeds, median (quartiles): ", count);
    hf_status status =
        print_spread(count, summary, "epochs until learned", offsetof(hf_run_summary, strings.learned), stream, err);
    if (status == HF_OK)
        status =
            print_spread(count, summary, ", held-out accuracy", offsetof(hf_run_summary, strings.accuracy), stream, err);
    if (status == HF_OK && later > 0)
        fprintf(stream, "; %zu run%s had not learned by epoch %g and count%s as later", later, hf_plural(later), epochs,
                later == 1 ? "s" : "");
    fputc('\n', stream);
    return status;
}
