"""Figures in matplotlib, at the widths of venues, with text of 8 points."""

import contextlib
import io

import numpy as np

# Those of headflow plot --width (doc/print.md).
INCHES = {"neurips": 5.5, "iclr": 5.5, "icml": 3.25, "icml-wide": 6.75, "aistats": 3.25, "jmlr": 6.0, "colt": 6.0, "tmlr": 6.5,
          "prl": 246 / 72.27, "prl-wide": 510 / 72.27, "pre": 246 / 72.27, "prx": 246 / 72.27, "nature": 89 / 25.4,
          "nature-wide": 183 / 25.4, "pnas": 87 / 25.4, "ieee": 3.5, "ieee-wide": 7.16}


def _inches(width):
    if isinstance(width, str) and width in INCHES:
        return INCHES[width]
    if isinstance(width, str) and width.endswith("mm"):
        return float(width[:-2]) / 25.4
    if isinstance(width, str):
        raise ValueError(f"width {width!r}: expected a number of inches, such as '85mm', or one of {', '.join(INCHES)}")
    return float(width)


@contextlib.contextmanager
def _figure(width, rows, height=0.42):
    import matplotlib
    from matplotlib.figure import Figure

    class Shown(Figure):
        """One that notebooks show."""

        def _repr_png_(self):
            image = io.BytesIO()
            self.savefig(image, format="png", dpi=150)
            return image.getvalue()

    style = {"font.size": 8, "axes.labelsize": 8, "xtick.labelsize": 7, "ytick.labelsize": 7, "legend.fontsize": 7,
             "lines.linewidth": 1, "pdf.fonttype": 42}
    with matplotlib.rc_context(style):
        size = _inches(width)
        figure = Shown(figsize=(size, size * height * rows), layout="constrained")
        yield figure, np.atleast_1d(figure.subplots(rows, 1, sharex=rows > 1))


def _stages(axes, stages):
    for peak in stages["t_peak"] if len(stages) else []:
        axes.axvline(peak, color="0.7", linewidth=0.6, zorder=0)


def run(r, width, log):
    with _figure(width, 2) as (figure, (top, bottom)):
        table, t = r.trajectory, r.t
        top.plot(t, table["loss"], color="k")
        top.set_ylabel("loss")
        for name in (n for n in table if n.startswith("mass_")):
            _, head, pattern = name.split("_")
            bottom.plot(t, table[name], color=f"C{int(head) - 1}", linestyle=["-", "--", ":", "-."][(int(pattern) - 1) % 4],
                        label=f"head {head}, pattern {pattern}")
        bottom.set_ylabel("attention")
        bottom.set_xlabel("flow time")
        if bottom.lines:
            bottom.legend(ncols=2, frameon=False)
        for axes in (top, bottom):
            _stages(axes, r.stages)
        if log and np.any(t > 0):
            bottom.set_xscale("log")
            bottom.set_xlim(t[t > 0][0], t[-1])
    return figure


def attention(r, time, width):
    shares = r.attention
    with _figure(width, 1) as (figure, (axes,)):
        if time is None:
            image = axes.pcolormesh(np.arange(1, shares.shape[2] + 1), np.arange(len(r.t)), shares.mean(axis=1), vmin=0)
            axes.set_ylabel("output time")
        else:
            image = axes.imshow(shares[time], aspect="auto", vmin=0, vmax=1, interpolation="nearest",
                                extent=(0.5, shares.shape[2] + 0.5, shares.shape[1] + 0.5, 0.5))
            axes.set_yticks(range(1, shares.shape[1] + 1))
            axes.set_ylabel("head")
        axes.set_xlabel("position")
        figure.colorbar(image, ax=axes, label="attention")
    return figure


def sweep(s, x, y, width):
    with _figure(width, 1, 0.6) as (figure, (axes,)):
        results = s.results
        axes.plot(results[x], results[y], ".", color="k", markersize=3)
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        if np.all(results[x] > 0) and np.max(results[x]) > 20 * np.min(results[x]):
            axes.set_xscale("log")
    return figure


def detection(d, width):
    if not d._shown:
        raise ValueError("the curve is in a file: headflow detect LOG -o DIR draws it")
    with _figure(width, 1, 0.6) as (figure, (axes,)):
        for t, loss in d._shown:
            axes.plot(t, loss, color="0.6", linewidth=0.6)
        for stage in d.stages.rows():
            axes.axvspan(stage["t_onset"], stage["t_settle"], color="C0", alpha=0.15, linewidth=0)
            axes.axvline(stage["t_half"], color="C0", linewidth=0.8)
        axes.set_xlabel("t")
        axes.set_ylabel("loss")
    return figure
