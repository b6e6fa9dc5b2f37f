"""The house style, and the few pictures that many lessons draw.

Importing this module puts the house style (`course.mplstyle`) on every figure of the session.
"""

import html
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

from course_lib.metrics import as_labels
from course_lib.validation import as_array, as_design, check_same_length

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


def plot_curves(x, curves, marker="o", words=None, **axes_properties):
    """Draw one or more curves over the same x: `curves` maps names to values of shape (n,).

    `words` say what is seen, instead of the numbers (where these differ from run to run).
    `axes_properties` are Matplotlib's: title, xlabel, ylabel, xscale, yscale, ylim, …
    """
    figure, axes = new_figure()
    for name, values in curves.items():
        axes.plot(x, values, marker=marker, label=name)
    axes.set(**axes_properties)
    axes.legend()
    words = words or say_curves(x, curves, axes.get_xlabel())
    return Picture(figure, f"{axes.get_title()}. {words}")


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


def plot_boundary(model, X, y, classes=None, limits=None, resolution=160, **axes_properties):
    """Draw points of several classes, and what a fitted classifier says of the whole plane.

    `X` has shape (n, 2); the columns of a DataFrame label the axes. `y` holds the classes. The
    model has `predict_proba(X)`, or at least `predict(X)`; its columns are the `classes_`, or the
    sorted classes of `y` where it has none. The plane has the colour of the class that is
    predicted, the paler the less sure; black lines are the boundaries. `classes` says the order
    of colours and shapes, `limits` are two pairs (low, high); `axes_properties` are Matplotlib's.
    ValueError where there are more than two features, or classes that the model does not know.
    """
    design, y = as_design(X), as_labels(y)
    if design.shape[1] != 2:
        raise ValueError(f"X must have 2 features, one an axis, came {design.shape[1]}")
    check_same_length(X=design, y=y)
    names = getattr(X, "columns", ("x₁", "x₂"))
    classes = _classes_to_draw(model, y, classes)
    limits = limits_around(design) if limits is None else limits
    figure, axes = new_figure(size=(8, 4.6))
    first, second, points = plane(limits, resolution)
    if hasattr(X, "columns"):  # the model knows its features by name
        points = type(X)(points, columns=names)
    scores = class_scores(model, points, classes).reshape(resolution, resolution, -1)
    axes.imshow(class_image(scores), extent=(*limits[0], *limits[1]), **PLANE_STYLE)
    lines = boundary_lines(first, second, scores)
    axes.add_collection(LineCollection(lines, colors=INK, linewidths=2.2), autolim=False)
    draw_classes(axes, design, y, classes)
    axes.set(**{"xlabel": names[0], "ylabel": names[1]} | axes_properties)
    axes.set(xlim=limits[0], ylim=limits[1])
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    right = np.mean(model.predict(X) == y)
    counts = ", ".join(f"{name} ({np.sum(y == name)})" for name in classes)
    words = f"{len(y)} points: {counts}. The classifier is right for {right:.0%} of them."
    return Picture(figure, f"{axes.get_title()}. {words}".removeprefix(". "))


def _classes_to_draw(model, y, classes):
    """The model's classes in the order asked for; ValueError where they cannot be drawn."""
    known = np.asarray(getattr(model, "classes_", np.unique(y))).tolist()
    classes = known if classes is None else list(classes)
    if set(classes) != set(known) or len(classes) != len(known):
        raise ValueError(f"classes must be the model's, each once: {known}, came {classes}")
    if len(classes) > len(CLASS_COLORS):
        most = len(CLASS_COLORS)
        raise ValueError(f"at most {most} classes have a colour, the model has {len(classes)}")
    if not np.isin(y, classes).all():
        raise ValueError(f"y must hold classes of the model: {known}, came {np.unique(y).tolist()}")
    return classes


def plot_confusion(table, classes, **axes_properties):
    """Draw a confusion matrix: a row a true class, a column a predicted one, the counts inside.

    `table` has shape (k, k), as `metrics.confusion_matrix` makes it, for the k `classes`.
    """
    table, classes = as_array(table, "table", ndim=2), [str(name) for name in classes]
    k = len(classes)
    if table.shape != (k, k):
        raise ValueError(f"table must have shape ({k}, {k}) for {k} classes, came {table.shape}")
    if (table < 0).any() or (table % 1).any():
        raise ValueError("table must hold counts: whole numbers from 0 on")
    table = table.astype(int)
    side = max(3.4, 1.6 + 0.55 * k)
    figure, axes = new_figure(size=(side + 1.2, side))
    axes.imshow(table / table.sum(axis=1, keepdims=True).clip(1), cmap="Blues", vmin=0, vmax=1.3)
    for i, j in np.ndindex(k, k):
        axes.text(j, i, table[i, j], ha="center", va="center")
    axes.set(xticks=range(k), xticklabels=classes, yticks=range(k), yticklabels=classes)
    axes.set(**{"xlabel": "predicted", "ylabel": "true", "title": "Confusion"} | axes_properties)
    axes.grid(False)
    rows = [f"{name}: {table[i, i]} of {table[i].sum()}" for i, name in enumerate(classes)]
    return Picture(figure, f"{axes.get_title()}. Predicted rightly: {', '.join(rows)}.")


def plot_means(table, x, by, **axes_properties):
    """Draw means with bars of one standard error, a curve for each value of the column `by`.

    `table` is a DataFrame with the columns `x`, `by`, "mean" and "error" (the standard error).
    """
    figure, axes = new_figure()
    said = []
    for (name, group), shape in zip(table.groupby(by, sort=False), "os^Dvp*X", strict=False):
        bars = {"capsize": 4, "elinewidth": 1.6, "marker": shape, "label": name}
        axes.errorbar(group[x], group["mean"], group["error"], **bars)
        said.append(f"{name}: {_join(group['mean'])}.")
    axes.set(**{"xlabel": x} | axes_properties)
    if axes_properties.keys() & {"xticks", "yticks"}:
        axes.minorticks_off()  # where we choose the ticks, no other has a label
    axes.legend()
    at = f"{axes.get_xlabel()}: {_join(table[x].unique())}."
    return Picture(figure, " ".join([f"{axes.get_title()}. {at}", *said]))


def plot_images(images, titles=None, columns=10, words=None, title="", cmap="gray_r"):
    """Draw images side by side: (n, height, width) in one colour, or (n, height, width, 3).

    `titles` has a text for each. Images in one colour share a scale: from 0, or with a diverging
    `cmap` such as "RdBu_r" from minus to plus their largest size, up to that.
    """
    images, titles = as_array(images, "images", ndim=(3, 4)), list(titles or [])
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    width = 9 / columns
    height = rows * (width * images.shape[1] / images.shape[2] + 0.25 * bool(titles))
    figure = Figure(figsize=(9, height + 0.5 * bool(title)), dpi=DPI)
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False)
    top = np.abs(images).max()
    limits = {} if images.ndim == 4 else {"vmin": -top if images.min() < 0 else 0, "vmax": top}
    for place in axes.ravel():
        place.axis("off")
    for place, image in zip(axes.ravel(), images, strict=False):
        place.imshow(image, cmap=cmap, **limits)
    for place, text in zip(axes.ravel(), titles, strict=False):
        place.set_title(text, fontsize=12)
    figure.suptitle(title, fontweight="bold")
    words = words or f"{len(images)} images" + ": " * bool(titles) + ", ".join(titles) + "."
    return Picture(figure, f"{title}. {words}".removeprefix(". "))


# --- parts of pictures -----------------------------------------------------------------------

CLASS_COLORS = (BLUE, ORANGE, GREEN, PINK, SKY, AMBER, INK)
CLASS_SHAPES = "os^Dvp*"  # a shape a class, for those who cannot tell its colour
PLANE_STYLE = {"origin": "lower", "aspect": "auto", "interpolation": "bilinear", "zorder": 0}


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
    """An image that fills its axes, scaled by Pillow: several times as fast as Matplotlib."""

    def make_image(self, renderer, magnification=1.0, unsampled=False):
        """Return the pixels, and where they go: what `AxesImage.draw` asks for."""
        left, bottom, right, top = np.rint(self.axes.bbox.extents).astype(int)
        pixels = Image.fromarray(np.ascontiguousarray(self.get_array()))
        scaled = pixels.resize((right - left, top - bottom), Image.Resampling.BILINEAR)
        return np.array(scaled), left, bottom, None


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


def moving_texts(axes, places, color=INK, size=13, weight="normal", zorder=6):
    """Add texts in the middle of `places`, shape (n, 2), that an explorer sets: returns `write`.

    `write(texts)` takes n strings, `write(texts, places)` moves them, too; ValueError unless there
    is a text for each place. All of them are drawn as outlines in one go, many times as fast as
    Matplotlib's own `Text`. `size` is in points.
    """
    points = Affine2D().scale(size / 72) + axes.figure.dpi_scale_trans
    style = {"offset_transform": axes.transData, "transform": points, "zorder": zorder}
    letters = PathCollection([], offsets=places, color=color, linewidths=0, animated=True, **style)
    axes.add_collection(letters, autolim=False)

    def write(texts, places=None):
        wanted = len(letters.get_offsets() if places is None else places)
        if len(texts) != wanted:
            raise ValueError(f"{wanted} texts are wanted, one for each place, came {len(texts)}")
        letters.set_paths([_outline(text, weight) for text in texts])
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
