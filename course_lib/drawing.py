"""The house style, and the parts of which pictures are made.

Importing this module puts the house style (`course.mplstyle`) on every figure of the session.
"""

import io
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from contourpy import contour_generator
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage
from matplotlib.path import Path as Outline
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Affine2D
from PIL import Image

DPI = 100
BLUE, ORANGE, GREEN, PINK, SKY, AMBER, INK = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#222222",
)  # fmt: skip
GREY = "#8A8880"
CLASS_COLORS = (BLUE, ORANGE, GREEN, PINK, SKY, AMBER, INK)
CLASS_SHAPES = "os^Dvp*"  # a shape a class, for those who cannot tell its colour
PLANE_STYLE = {"origin": "lower", "aspect": "auto", "interpolation": "bilinear", "zorder": 0}

matplotlib.rc_file(Path(__file__).with_name("course.mplstyle"))


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


def limits_around(X, margin=0.06):
    """Return two pairs (low, high) that hold the points X, shape (n, 2), with a margin."""
    low, high = X.min(axis=0), X.max(axis=0)
    space = margin * np.where(high > low, high - low, 1)
    return tuple(zip(low - space, high + space, strict=True))


def plane(limits, resolution):
    """Return the ticks of both axes and all the points of a grid, shape (resolution², 2)."""
    first, second = (np.linspace(low, high, resolution) for low, high in limits)
    return first, second, np.stack(np.meshgrid(first, second), axis=-1).reshape(-1, 2)


def class_scores(model, points, classes):
    """Return the model's probabilities, shape (n, classes); 1 and 0 where it has only classes.

    `classes` gives their order; the model has them in the order of its `classes_`, or sorted.
    """
    if hasattr(model, "predict_proba"):
        known = list(getattr(model, "classes_", sorted(classes)))
        places = [known.index(name) for name in classes]
        return np.asarray(model.predict_proba(points), dtype=float)[:, places]
    return (np.asarray(model.predict(points))[:, None] == np.asarray(classes)).astype(float)


def class_image(scores):
    """Return colours, (…, 4) in 0 … 255, for probabilities, (…, classes): pale where unsure.

    Whole numbers from 0 to 255, opacity included, are what Matplotlib draws fastest.
    """
    k = scores.shape[-1]
    sheet = np.array(to_rgb(matplotlib.rcParams["axes.facecolor"]))
    colors = np.array([to_rgb(color) for color in CLASS_COLORS[:k]])
    sure = np.clip(scores * k - 1, 0, None) / (k - 1)  # 0 for the k-th part, 1 for certainty
    mixed = np.clip(sheet + 0.55 * sure @ (colors - sheet), 0, 1)
    image = np.full((*mixed.shape[:-1], 4), 255, dtype=np.uint8)
    image[..., :3] = np.rint(255 * mixed)
    return image


class FillingImage(AxesImage):
    """An image that fills its axes, scaled by Pillow: several times as fast as Matplotlib.

    The colours that it was given last are not scaled again.
    """

    _colors = _scaled = None

    def set_data(self, colors):
        """Take colours, shape (height, width, 4), whole numbers 0 … 255."""
        if colors is not self._colors:
            self._colors, self._scaled = colors, None
            super().set_data(colors)

    def make_image(self, renderer, magnification=1.0, unsampled=False):
        """Return the pixels, and where they go: what `AxesImage.draw` asks for."""
        left, bottom, right, top = np.rint(self.axes.bbox.extents).astype(int)
        size = right - left, top - bottom
        if self._scaled is None or self._scaled.shape[1::-1] != size:
            pixels = np.ascontiguousarray(self.get_array())
            opaque = (pixels[..., 3] == 255).all()
            picture = without_opacity(pixels) if opaque else Image.fromarray(pixels)
            self._scaled = np.array(picture.resize(size, Image.Resampling.BILINEAR))
        return self._scaled, left, bottom, None


def without_opacity(pixels):
    """Return Pillow's image of pixels, shape (height, width, 4), 0 … 255; the fourth is unused."""
    return Image.frombuffer("RGBX", pixels.shape[1::-1], pixels, "raw", "RGBX", 0, 1)


def moving_image(axes, limits, shape):
    """Add an image over the whole axes, from `limits`, two pairs, and return it.

    An explorer moves it with `set_data(colours)`, shape (*shape, 4), whole numbers 0 … 255, the
    lowest row first.
    """
    axes.set(xlim=limits[0], ylim=limits[1])
    extent = (*limits[0], *limits[1])
    image = FillingImage(axes, extent=extent, origin="lower", animated=True, zorder=0)
    image.set_data(np.full((*shape, 4), 255, dtype=np.uint8))
    axes.add_image(image)
    return image


def boundary_lines(first, second, scores):
    """Return the lines, each (m, 2), where another class becomes the most probable.

    `scores` has shape (len(second), len(first), classes). Class k is ahead of all others where
    its score minus the best other score is above 0: the lines are the contours at 0.
    """
    lines = []
    for k in range(scores.shape[-1] - (scores.shape[-1] == 2)):
        lead = scores[..., k] - np.delete(scores, k, axis=-1).max(axis=-1)
        lines += contour_lines(first, second, lead, 0)
    return lines


def contour_lines(first, second, values, *levels):
    """Return the lines, each (m, 2), on which values, shape (len(second), len(first)), are level.

    `moving_lines(axes).set_segments(contour_lines(…))` moves a contour without drawing anew.
    """
    generator = contour_generator(first, second, values)
    return [line for level in levels for line in generator.lines(level)]


def draw_classes(axes, X, y, classes, **style):
    """Draw the points X, shape (n, 2): a colour and a shape a class, in the order of `classes`."""
    style = {"markersize": 7, "markeredgecolor": "white", "markeredgewidth": 0.8, **style}
    for name, color, shape in zip(classes, CLASS_COLORS, CLASS_SHAPES, strict=False):
        here = y == name
        axes.plot(*X[here].T, shape, color=color, label=f"{name} ({here.sum()})", **style)
    axes.grid(False)


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


def draw_surface(axes, x, y, loss, levels=14):
    """Draw a loss, shape (len(y), len(x)), as colours and contours of its ranks."""
    ranks, extent = ranks_of(loss), (x[0], x[-1], y[0], y[-1])
    axes.imshow(shades(ranks), extent=extent, **PLANE_STYLE)
    heights = np.linspace(0.02, 0.98, levels)
    axes.contour(x, y, ranks, heights, colors="white", linewidths=0.8, alpha=0.8)
    axes.grid(False)


def ranks_of(values):
    """Return for each value the share of values below it: so that every level of a loss shows."""
    return np.searchsorted(np.sort(values, axis=None), values) / values.size


def shades(values):
    """Return colours, shape (…, 4) in 0 … 255, from dark at the least value to light."""
    colors = matplotlib.colormaps["viridis"]((values - values.min()) / np.ptp(values))
    return (255 * (0.3 + 0.7 * colors)).astype(np.uint8)


def ellipses(hessian, levels, centre=(0.0, 0.0)):
    """Return the contours ½ (p − c)ᵀ H (p − c) = level of a bowl, as lines of shape (91, 2)."""
    angles = np.linspace(0, 2 * np.pi, 91)
    circle = np.array([np.cos(angles), np.sin(angles)])
    unit = np.linalg.solve(np.linalg.cholesky(hessian).T, circle).T  # there pᵀ H p = 1
    return [np.asarray(centre) + np.sqrt(2 * level) * unit for level in levels]


def ridges(shares, low, high, height=0.9):
    """Return the outlines of histograms, one below the other: row k stands on the line k + 1.

    The square root of the shares is drawn, so that a tall bar does not hide the small ones.
    """
    x = np.linspace(low, high, shares.shape[1] + 1).repeat(2)
    tops = height * np.sqrt(shares / np.maximum(shares.max(axis=1, keepdims=True), 1e-9))
    return [
        np.column_stack([x, k - np.concatenate([[0], top.repeat(2), [0]])])
        for k, top in enumerate(tops, 1)
    ]


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


def moving_curve(axes, color, style="-", label=None, **look):
    """Add an empty line that an explorer moves with `set_data`."""
    return axes.plot([], [], style, color=color, label=label, animated=True, **look)[0]


def moving_texts(axes, places, color=INK, size=13, weight="normal", zorder=6, angle=0, on="data"):
    """Add texts in the middle of `places`, shape (n, 2), that an explorer sets: returns `write`.

    The places are in data units, or with on="axes" shares of the width and the height of the axes
    (below 0 and above 1 is outside). `angle` turns the texts, in degrees.

    `write(texts)` takes n strings, `write(texts, places)` moves them, too; ValueError unless there
    is a text for each place. All of them are drawn as outlines in one go, many times as fast as
    Matplotlib's own `Text`. `size` is in points.
    """
    points = Affine2D().scale(size / 72).rotate_deg(angle) + axes.figure.dpi_scale_trans
    where = axes.transData if on == "data" else axes.transAxes
    style = {"offset_transform": where, "transform": points, "zorder": zorder, "linewidths": 0}
    letters = PathCollection([], offsets=places, color=color, animated=True, **style)
    axes.add_collection(letters, autolim=False)
    letters.set_clip_on(on == "data")

    def write(texts, places=None):
        wanted = len(letters.get_offsets() if places is None else places)
        if len(texts) != wanted:
            raise ValueError(f"{wanted} texts are wanted, one for each place, came {len(texts)}")
        outlines = [_outline(text, weight) for text in texts]
        if len(outlines) == 1:  # Matplotlib draws a path that is alone slowly
            outlines.append(_outline("", weight))
        letters.set_paths(outlines)
        if places is not None:
            letters.set_offsets(places)

    return write


def _outline(text, weight):
    """The outline of a text of size 1, its middle at 0."""
    vertices, codes, x = [np.empty((0, 2))], [np.empty(0, np.uint8)], 0.0
    for letter in text:
        points, kinds, width = _letter(letter, weight)
        vertices.append(points + (x, 0))
        codes.append(kinds)
        x += width
    middle = x / 2, 0.36  # of capitals and digits
    return Outline(np.concatenate(vertices) - middle, np.concatenate(codes))


@cache
def _letter(letter, weight):
    """The points of a letter's outline of size 1, their kinds, and its width."""
    font = FontProperties(weight=weight, size=1)
    vertices, codes = text_to_path.get_text_path(font, letter)
    points = np.reshape(vertices, (-1, 2)) / text_to_path.FONT_SCALE
    width, _, _ = text_to_path.get_text_width_height_descent(letter, font, ismath=False)
    return points, np.asarray(codes, np.uint8), width
