"""The house style, and the few pictures that many lessons draw.

Importing this module puts the house style (`course.mplstyle`) on every figure of the session.
"""

import html
import io
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from PIL import Image

DPI = 100
BLUE, ORANGE, GREEN, PINK, SKY, AMBER, INK = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#222222",
)  # fmt: skip
GREY = "#8A8880"

matplotlib.rc_file(Path(__file__).with_name("course.mplstyle"))


class Picture:
    """A finished figure and its words: what it shows, said in a sentence with its numbers.

    A notebook displays the figure as a PNG with the words as its alternative text, and the words
    again below it, so that a screen reader, a test and the last row of the hall all get them.
    """

    def __init__(self, figure, words):
        self.figure = figure
        self.words = words

    def _ipython_display_(self):
        show_picture(to_png(self.figure), self.words)


def new_figure(columns=1, size=(9, 3.8), **subplots):
    """Return a figure in the house style and its axes, one a column."""
    figure = Figure(figsize=size, dpi=DPI)
    FigureCanvasAgg(figure)
    return figure, figure.subplots(1, columns, **subplots)


def to_png(figure):
    """Return the figure as the bytes of a PNG file, moving parts included."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def show_picture(png, words, picture_view=None, words_view=None):
    """Display a picture and, below it, its words.

    `picture_view` and `words_view` are the live widgets' parts of the two outputs, where there are
    any; the PNG and the text beside them are what remains in a notebook without a kernel.
    """
    from IPython.display import display

    display(
        {
            "image/png": with_few_colors(png),
            "text/plain": f"<picture> {words}",
            **(picture_view or {}),
        },
        raw=True,
        metadata={"image/png": {"alt": words}},
    )
    text = {"text/html": f"<em>{html.escape(words)}</em>", "text/plain": words}
    display({**text, **(words_view or {})}, raw=True)


def with_few_colors(png):
    """Return the picture with its 256 most needed colours: a third of the bytes in a notebook."""
    buffer = io.BytesIO()
    few = Image.open(io.BytesIO(png)).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    few.save(buffer, format="png", optimize=True)
    return buffer.getvalue()


# --- pictures that many lessons draw ---------------------------------------------------------


def plot_curves(x, curves, marker="o", **axes_properties):
    """Draw one or more curves over the same x: `curves` maps names to values of shape (n,).

    `axes_properties` are Matplotlib's: title, xlabel, ylabel, xscale, yscale, ylim, …
    """
    figure, axes = new_figure()
    for name, values in curves.items():
        axes.plot(x, values, marker=marker, label=name)
    axes.set(**axes_properties)
    axes.legend()
    return Picture(figure, f"{axes.get_title()}. {say_curves(x, curves, axes.get_xlabel())}")


def say_curves(x, curves, xlabel):
    """Say in words what curves show: all values of a short one, else its ends and extremes."""
    sentences = [f"{xlabel}: {_join(x)}."] if len(x) <= 8 else []
    for name, values in curves.items():
        values = np.asarray(values, dtype=float)
        if len(x) <= 8:
            sentences.append(f"{name}: {_join(values)}.")
        else:
            least = f"{number(values.min())} at {number(x[values.argmin()])}"
            ends = f"from {number(values[0])} to {number(values[-1])}"
            sentences.append(f"{name}: {ends}, the least is {least}.")
    return " ".join(sentences)


def _join(values):
    return " → ".join(map(number, values))


def number(value):
    """Write a number with 3 significant digits: 0.00123, 12.3, 12,300."""
    return f"{float(f'{value:.3g}'):,.12g}"


def plot_groups(x, y, groups, line=None, **axes_properties):
    """Draw points (x, y), a colour and a shape a group, and a `line` of values at the same x."""
    figure, axes = new_figure()
    x, y = np.asarray(x), np.asarray(y)
    for group, shape in zip(dict.fromkeys(groups), "os^Dvp*X", strict=False):
        here = np.asarray(groups) == group
        label = f"{group} ({here.sum()})"
        (points,) = axes.plot(x[here], y[here], shape, alpha=0.8, label=label)
        if line is not None:
            order = np.argsort(x[here])
            axes.plot(x[here][order], line[here][order], color=points.get_color())
    axes.set(**axes_properties)
    names = ", ".join(axes.legend().texts[i].get_text() for i in range(len(dict.fromkeys(groups))))
    return Picture(figure, f"{axes.get_title()}. {len(x)} points: {names}.")


def plot_trace(function, trace, limits, labels=("w", "b")):
    """Draw a walk on the contours of a function of two parameters, and its loss step by step.

    `function((first, second))` is evaluated on a grid within `limits`, two pairs (low, high).
    """
    figure, (left, right) = new_figure(columns=2, width_ratios=(1.25, 1))
    first, second = (np.linspace(low, high, 120) for low, high in limits)
    surface = function((first[None, :], second[:, None]))
    left.contourf(first, second, np.log10(surface), levels=20)
    left.plot(*trace.points.T, "o-", color=ORANGE, markersize=5, linewidth=1.5)
    left.set(title="The walk", xlabel=labels[0], ylabel=labels[1], xlim=limits[0], ylim=limits[1])
    left.grid(False)
    right.semilogy(trace.losses, color=ORANGE)
    right.set(title="The loss", xlabel="step", ylabel="loss")
    start, *steps = trace.losses
    words = (
        f"After {len(steps)} steps the loss has gone from {number(start)} to {number(steps[-1])}."
    )
    return Picture(figure, words)


# --- parts of pictures -----------------------------------------------------------------------


def residual_squares(x, y, prediction, scale):
    """Return the corners, shape (n, 4, 2), of the square on each residual y − prediction.

    `scale` is (data units of x) / (data units of y) for one and the same length on the page, so
    that the squares look square.
    """
    side = (prediction - y) * scale
    corners = [(x, y), (x, prediction), (x + side, prediction), (x + side, y)]
    return np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1)


def unit_ratio(axes):
    """Return (data units of x) / (data units of y) for one and the same length on the page."""
    axes.figure.draw_without_rendering()  # so that the layout is settled
    width, height = axes.bbox.size
    x_low, x_high = axes.get_xlim()
    y_low, y_high = axes.get_ylim()
    return ((x_high - x_low) / width) / ((y_high - y_low) / height)


def moving_polygons(axes, **style):
    """Add an empty set of polygons that an explorer moves with `set_verts`."""
    polygons = PolyCollection([], animated=True, **style)
    axes.add_collection(polygons, autolim=False)
    return polygons


def moving_lines(axes, **style):
    """Add an empty set of line segments that an explorer moves with `set_segments`."""
    lines = LineCollection([], animated=True, **style)
    axes.add_collection(lines, autolim=False)
    return lines
