"""The few pictures that many lessons draw; their parts are in `drawing`."""

import html
import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from PIL import Image

from course_lib.drawing import (
    CLASS_COLORS,
    DPI,
    INK,
    ORANGE,
    PLANE_STYLE,
    boundary_lines,
    class_image,
    class_scores,
    draw_classes,
    limits_around,
    new_figure,
    plane,
    to_png,
)
from course_lib.metrics import as_labels
from course_lib.validation import as_array, as_design, check_same_length


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
    return " → ".join(value if isinstance(value, str) else number(value) for value in values)


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
    Where `x` holds names, not numbers, no line joins the marks.
    """
    figure, axes = new_figure()
    said, line = [], "none" if isinstance(table[x].iloc[0], str) else "-"
    curves = list(table.groupby(by, sort=False))
    shared = len({tuple(group[x]) for _, group in curves}) == 1
    for (name, group), shape in zip(curves, "os^Dvp*X", strict=False):
        bars = {"capsize": 4, "elinewidth": 1.6, "marker": shape, "label": name, "linestyle": line}
        axes.errorbar(group[x], group["mean"], group["error"], **bars)
        where = "" if shared else f" ({_join(group[x])})"
        said.append(f"{name}{where}: {_join(group['mean'])}.")
    axes.set(**{"xlabel": x} | axes_properties)
    if axes_properties.keys() & {"xticks", "yticks"}:
        axes.minorticks_off()  # where we choose the ticks, no other has a label
    axes.legend()
    at = f": {_join(table[x].unique())}" if shared else " in brackets"
    return Picture(figure, " ".join([f"{axes.get_title()}. {axes.get_xlabel()}{at}.", *said]))


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
