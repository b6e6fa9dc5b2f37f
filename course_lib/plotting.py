"""The house style, and the few pictures that many lessons draw.

Importing this module puts the house style (`course.mplstyle`) on every figure of the session.
"""

import io
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

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
        {"image/png": png, "text/plain": f"<picture> {words}", **(picture_view or {})},
        raw=True,
        metadata={"image/png": {"alt": words}},
    )
    text = {"text/markdown": f"*{words}*", "text/plain": words}
    display({**text, **(words_view or {})}, raw=True)


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
    width, height = axes.bbox.size
    x_low, x_high = axes.get_xlim()
    y_low, y_high = axes.get_ylim()
    return ((x_high - x_low) / width) / ((y_high - y_low) / height)


def residual_lines(x, y, prediction):
    """Return the n segments, shape (n, 2, 2), from each point to its prediction."""
    return np.stack([np.stack([x, y], axis=-1), np.stack([x, prediction], axis=-1)], axis=1)


def moving_lines(axes, **style):
    """Add an empty set of line segments that an explorer moves with `set_segments`."""
    lines = LineCollection([], animated=True, **style)
    axes.add_collection(lines, autolim=False)
    return lines
