"""Lesson 07: filters, pooling, what a network has learned, dreams, and boards, voices and texts."""

from functools import cache

import matplotlib
import numpy as np
import torch
from matplotlib.patches import Rectangle
from PIL import Image

from course_lib import beyond_images
from course_lib.cnn import digit_images, load_digit_network, nearest, shift
from course_lib.convolution import conv2d, convolution_matrix, max_pool2d, max_pool2d_backward
from course_lib.datasets import load_photo
from course_lib.drawing import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    moving_lines,
    moving_texts,
    new_figure,
)
from course_lib.experiments import EXPERIMENTS, load_experiment
from course_lib.explorer import choice, explorer, int_slider, slider
from course_lib.feature_visualization import smooth_saliency
from course_lib.pixel_drawing import (
    SHEET,
    bare,
    montage,
    moving_picture,
    paper,
    signed_colors,
)
from course_lib.plotting import Picture
from course_lib.training import probabilities

UNSEEN = (240, 238, 232, 255)  # of a cell that holds nothing yet

# --- small drawings ------------------------------------------------------------------------------


def number(value, digits=0):
    """Return a number as text: a true minus sign, and never "-0"."""
    return f"{round(float(value), digits) + 0.0:.{digits}f}".replace("-", "−")


def moving_numbers(axes, rows, columns, size=15, color=INK, off=0.0):
    """Add a number to every cell of a grid; return a function that writes an array of texts.

    They stand in the middle of the cells, or `off` it, to the left and up.
    """
    ticks = np.meshgrid(np.arange(columns) - off, np.arange(rows) - off)
    places = np.stack(ticks, axis=-1).reshape(-1, 2)
    write, shown = moving_texts(axes, places, color=color, size=size), []

    def write_once(texts):
        texts = list(np.asarray(texts).ravel())
        if texts != shown:  # an outline is dear: none is made anew for nothing
            write(texts)
            shown[:] = texts

    return write_once


def moving_box(axes, color=ORANGE, linewidth=4):
    """Add a rectangle; return a function that puts it around rows × columns of cells."""
    box = Rectangle((-0.5, -0.5), 1, 1, fill=False, edgecolor=color, linewidth=linewidth)
    box.set_animated(True)
    box.set_zorder(8)
    axes.add_patch(box)

    def put(row, column, rows, columns):
        box.set_bounds(column - 0.5, row - 0.5, columns, rows)

    return put


def on_canvas(colors, rows, columns):
    """Return the colours in the upper left corner of an empty sheet of rows × columns."""
    canvas = np.full((rows, columns, 4), SHEET, dtype=np.uint8)
    canvas[: colors.shape[0], : colors.shape[1]] = colors[:rows, :columns]
    return canvas


def texts_on_canvas(texts, rows, columns):
    """Return texts in the upper left corner of rows × columns, and nothing elsewhere."""
    canvas = np.full((rows, columns), "", dtype=object)
    canvas[: texts.shape[0], : texts.shape[1]] = texts
    return canvas


@cache
def digits(subset):
    """Return images and labels of the digits, read once."""
    return digit_images(subset)


# --- one filter, step by step --------------------------------------------------------------------

LECTURE_IMAGE = np.array(
    [[1, 0, 0, 0, 0, 1],
     [0, 1, 0, 0, 1, 0],
     [0, 0, 1, 1, 0, 0],
     [1, 0, 0, 0, 1, 0],
     [0, 1, 0, 0, 1, 0],
     [0, 0, 1, 0, 1, 0]], dtype=float,
)  # fmt: skip
LECTURE_FILTERS = {
    "diagonal": np.array([[1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=float),
    "column": np.array([[-1, 1, -1], [-1, 1, -1], [-1, 1, -1]], dtype=float),
    "empty": np.zeros((3, 3)),
}
MIDDLE = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]])


def convolve(image, kernel, **settings):
    """Return the feature map, (rows, columns), of one channel and one filter."""
    return conv2d(image[None, None], kernel[None, None], **settings)[0, 0]


@explorer(
    place=int_slider(1, 36, start=2),
    filter=choice(LECTURE_FILTERS),
    middle=int_slider(-8, 8, start=0, label="add to the middle weight"),
    others=int_slider(-2, 2, start=0, label="add to the 8 others"),
    stride=choice((1, 2)),
    padding=choice((0, 1)),
    presets={
        "the second place": {"place": 2, "middle": 0, "others": 0, "stride": 1, "padding": 0},
        "the whole map": {"place": 16, "middle": 0, "others": 0, "stride": 1, "padding": 0},
        "a stride of 2": {"place": 4, "stride": 2, "padding": 0},
        "a frame of zeros": {"place": 36, "stride": 1, "padding": 1},
        "counting neighbours": {
            "place": 36, "filter": "empty", "middle": 0, "others": 1, "stride": 1, "padding": 1,
        },
        "ends of lines": {
            "place": 36, "filter": "empty", "middle": 2, "others": -1, "stride": 1, "padding": 1,
        },
    },
    size=(9, 4),
)  # fmt: skip
def filter_by_hand(figure):
    """What does a filter write into its feature map?"""
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.15, 0.6, 1))
    image = moving_picture(left, 8, 8, "Image, 6 × 6")
    weights = moving_picture(middle, 3, 3, "Filter, 3 × 3")
    fmap = moving_picture(right, 6, 6, "Feature map")
    write_image, write_weights = moving_numbers(left, 8, 8), moving_numbers(middle, 3, 3, 17)
    write_map = moving_numbers(right, 6, 6, 17)
    put_window, put_cell = moving_box(left), moving_box(right)
    figure.supxlabel(
        "red: above 0 · blue: below 0 · orange: where the filter lies now", fontsize=13
    )
    framed = np.pad(LECTURE_IMAGE, 1)

    def update(place, filter, middle, others, stride, padding):
        kernel = LECTURE_FILTERS[filter] + middle * MIDDLE + others * (1 - MIDDLE)
        full = convolve(LECTURE_IMAGE, kernel, stride=stride, padding=padding)
        last = " (the last)" if place >= full.size else ""
        place = min(place, full.size)
        row, column = divmod(place - 1, full.shape[1])
        inside = np.ones((8, 8), dtype=bool) if padding else np.pad(np.ones((6, 6), bool), 1)
        colors = np.where(inside[..., None], paper(0.45 * framed), SHEET).astype(np.uint8)
        image.set_data(colors)
        write_image(np.where(inside, framed.astype(int).astype(str), ""))
        weights.set_data(signed_colors(kernel, max(2, 1.6 * np.abs(kernel).max())))
        write_weights([number(weight) for weight in kernel.ravel()])
        seen = np.arange(full.size).reshape(full.shape) < place
        shown = np.where(
            seen[..., None], signed_colors(full, max(4, 1.6 * np.abs(full).max())), UNSEEN
        )
        fmap.set_data(on_canvas(shown.astype(np.uint8), 6, 6))
        texts = np.where(seen, [[number(value) for value in line] for line in full], "")
        write_map(texts_on_canvas(texts, 6, 6))
        top, start = row * stride + 1 - padding, column * stride + 1 - padding
        put_window(top, start, 3, 3)
        put_cell(row, column, 1, 1)
        return (
            f"place {place} of {full.size}{last}: nine products add up to "
            f"{number(full[row, column])}; the map is {full.shape[0]} × {full.shape[1]}"
        )

    return update


# --- a filter over a photograph ------------------------------------------------------------------

PHOTO_SIDE = 120


@cache
def small_cat():
    """Return the cat as a grey image, PHOTO_SIDE squared, values in [0, 1]."""
    photo = load_photo("cat").mean(axis=2)[:, 75:375]
    pixels = Image.fromarray(np.rint(255 * photo).astype(np.uint8))
    return np.asarray(pixels.resize((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.LANCZOS)) / 255


def photo_filter(kind, half):
    """Return a filter of 2·half + 1 rows and columns: "blur", "edges ↔", "edges ↕" or "spots"."""
    ticks = np.arange(-half, half + 1)
    across, down = np.meshgrid(ticks, ticks)
    bell = np.exp(-(across**2 + down**2) / (2 * (half / 2) ** 2))
    if kind == "blur":
        return bell / bell.sum()
    if kind == "spots":
        wide = np.exp(-(across**2 + down**2) / (2 * half**2))
        return bell / bell.sum() - wide / wide.sum()
    slope = bell * (across if kind == "edges ↔" else down)
    return slope / np.abs(slope).sum()


@explorer(
    filter=choice(("blur", "edges ↔", "edges ↕", "spots"), start="edges ↔"),
    half=int_slider(1, 6, start=1, label="half size (size = 2·half + 1)"),
    stride=int_slider(1, 6, start=1),
    padding=int_slider(0, 12, start=0),
    presets={
        "fine edges": {"filter": "edges ↔", "half": 1, "stride": 1, "padding": 0},
        "coarse edges": {"filter": "edges ↔", "half": 5, "stride": 1, "padding": 5},
        "blur and shrink": {"filter": "blur", "half": 2, "stride": 4, "padding": 0},
        "large spots": {"filter": "spots", "half": 4, "stride": 1, "padding": 4},
    },
    size=(9, 4),
)
def filter_over_photo(figure):
    """What does a filter see, and how large is what it makes?"""
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 0.4, 1.2))
    cat, limit = small_cat(), PHOTO_SIDE + 24
    bare(left, f"Image, {PHOTO_SIDE} × {PHOTO_SIDE}").imshow(cat, cmap="gray", vmin=0, vmax=1)
    weights = moving_picture(middle, 13, 13, "Filter")
    fmap = moving_picture(right, limit, limit, "Feature map, same scale")

    def update(filter, half, stride, padding):
        kernel = photo_filter(filter, half)
        found = convolve(cat, kernel, stride=stride, padding=padding)
        inside = on_canvas(signed_colors(kernel), 2 * half + 1, 2 * half + 1)
        sheet = np.full((13, 13, 4), SHEET, dtype=np.uint8)
        sheet[6 - half : 7 + half, 6 - half : 7 + half] = inside
        weights.set_data(sheet)
        one_sign = found.min() >= 0
        colors = paper(1 - found) if one_sign else signed_colors(found)
        fmap.set_data(on_canvas(colors, limit, limit))
        size = 2 * half + 1
        return (
            f"a filter of {size} × {size}, {size * size} weights; the feature map is "
            f"{found.shape[0]} × {found.shape[1]} = ⌊({PHOTO_SIDE} + 2·{padding} − {size}) / "
            f"{stride}⌋ + 1 a side"
        )

    return update


# --- subsampling ---------------------------------------------------------------------------------


def nearest_neighbour_accuracy(step):
    """Return the accuracy of the nearest neighbour where every step-th pixel is kept."""
    images, labels = digits("train")
    kept = images[..., ::step, ::step]
    which, _ = nearest(kept[:1500], kept[7000:7300])
    return float(np.mean(labels[which] == labels[7000:7300]))


@explorer(
    step=int_slider(1, 9, start=1, label="keep every … pixel"),
    digit=int_slider(0, 30, start=3, label="image"),
    presets={"all of them": {"step": 1}, "every 2nd": {"step": 2}, "every 7th": {"step": 7}},
)
def subsampling(figure):
    """How many pixels can you throw away and still read the digit?"""
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.3))
    images, labels = (part[7000:] for part in digits("train"))
    whole = moving_picture(left, 28, 28, "28 × 28 pixels")
    small = moving_picture(middle, 28, 28, "What is kept")
    steps = np.arange(1, 10)
    accuracies = [nearest_neighbour_accuracy(step) for step in steps]
    right.set(title="Nearest neighbour", xlabel="every … pixel is kept", ylabel="accuracy")
    right.set(xlim=(0.5, 9.5), ylim=(0, 1), xticks=steps)
    right.axhline(0.1, color=GREY, linestyle="--", label="guessing")
    (curve,) = right.plot([], [], "o-", color=ORANGE, animated=True)
    right.legend(loc="upper right")

    def update(step, digit):
        kept = images[digit, 0, ::step, ::step]
        whole.set_data(paper(images[digit, 0]))
        small.set_data(paper(kept).repeat(step, axis=0).repeat(step, axis=1)[:28, :28])
        curve.set_data(steps[:step], accuracies[:step])
        return (
            f"{kept.size} of 784 pixels are left; a nearest-neighbour classifier that sees only "
            f"them is right for {accuracies[step - 1]:.0%} (this one is a {labels[digit]})"
        )

    return update


# --- the same as a sparse dense layer ------------------------------------------------------------

NINE = matplotlib.colormaps["tab20"](np.linspace(0, 1, 16), bytes=True)


@explorer(
    neuron=int_slider(1, 25, start=1),
    kernel=choice((2, 3, 4), start=3, label="filter size"),
    stride=choice((1, 2)),
    presets={
        "the first neuron": {"neuron": 1, "kernel": 3, "stride": 1},
        "a later one": {"neuron": 11, "kernel": 3, "stride": 1},
        "stride 2": {"neuron": 3, "kernel": 2, "stride": 2},
    },
    size=(9, 4.2),
)
def sparse_dense_layer(figure):
    """Which dense layer does just the same?"""
    left, right = figure.subplots(1, 2, width_ratios=(0.62, 1.4))
    image = moving_picture(left, 6, 6, "36 inputs: the pixels")
    matrix = moving_picture(right, 25, 36, "The weight matrix")
    right.set(xlabel="input 1 … 36 (the image, row by row)", ylabel="neuron (place of the filter)")
    right.set_aspect("auto")
    write = moving_numbers(left, 6, 6, 14)
    put_row = moving_box(right, linewidth=3)

    @cache
    def colored(size, stride):
        names = np.arange(1.0, size * size + 1).reshape(1, 1, size, size)
        dense = convolution_matrix(names, 6, 6, stride=stride).round().astype(int)
        colors = np.where((dense > 0)[..., None], NINE[dense - 1], UNSEEN)
        return dense, colors.astype(np.uint8)

    def update(neuron, kernel, stride):
        dense, colors = colored(kernel, stride)
        last = " (the last)" if neuron >= len(dense) else ""
        neuron = min(neuron, len(dense))
        matrix.set_data(on_canvas(colors, 25, 36))
        image.set_data(colors[neuron - 1].reshape(6, 6, 4))
        used = dense[neuron - 1].reshape(6, 6)
        write(np.where(used > 0, np.char.add("w", used.astype(str)), ""))
        put_row(neuron - 1, 0, 1, 36)
        links = np.count_nonzero(dense)
        return (
            f"neuron {neuron} of {len(dense)}{last}, 36 inputs: a dense layer has {dense.size} "
            f"weights; here {dense.size - links} of them are 0, and the {links} others are copies "
            f"of only {kernel**2}"
        )

    return update


# --- max pooling ---------------------------------------------------------------------------------

POOLED = np.array(
    [[0, 1, 0, 2, 0, 0],
     [1, 7, 3, 0, 1, 0],
     [0, 2, 9, 4, 0, 1],
     [0, 0, 5, 8, 2, 0],
     [1, 0, 0, 3, 6, 1],
     [0, 0, 1, 0, 2, 0]], dtype=float,
)  # fmt: skip


@explorer(
    shown=choice(("forward", "backward")),
    window=choice((2, 3)),
    moved=int_slider(0, 3, start=0, label="image moved right by"),
    presets={
        "the largest": {"shown": "forward", "moved": 0},
        "moved by one": {"shown": "forward", "moved": 1},
        "the gradient": {"shown": "backward", "moved": 0},
    },
    size=(9, 4),
)
def max_pooling(figure):
    """What is left after max pooling, and which way does the gradient go back?"""
    left, right = figure.subplots(1, 2)
    large = moving_picture(left, 6, 6, "x, or ∂C/∂x (small: x)")
    small = moving_picture(right, 3, 3, "y, or ∂C/∂y")
    write_x = moving_numbers(left, 6, 6, 11, off=0.3)
    write_large, write_small = moving_numbers(left, 6, 6, 17), moving_numbers(right, 3, 3, 20)
    grid = moving_lines(left, colors=INK, linewidths=2.5)
    upstream = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], dtype=float)

    def update(shown, window, moved):
        x = shift(POOLED, right=moved)[None, None]
        y = max_pool2d(x, window)
        G = upstream[: y.shape[2], : y.shape[3]]
        back = max_pool2d_backward(G[None, None], x, y, window)[0, 0]
        edges = np.arange(0, 7, window) - 0.5
        grid.set_segments(
            [[(e, -0.5), (e, 5.5)] for e in edges] + [[(-0.5, e), (5.5, e)] for e in edges]
        )
        inputs, outputs = (x[0, 0], y[0, 0]) if shown == "forward" else (back, G)
        tint, scale = (paper, 20) if shown == "forward" else (lambda g: signed_colors(g, 1), 16)
        large.set_data(tint(inputs / scale))
        small.set_data(on_canvas(tint(outputs / scale), 3, 3))
        write_large(np.where(inputs == 0, "0", inputs.astype(int).astype(str)))
        write_small(texts_on_canvas(outputs.astype(int).astype(str), 3, 3))
        write_x(np.where(shown == "backward", x[0, 0].astype(int).astype(str), ""))
        if shown == "backward":
            return (
                f"∂C/∂y on the right; on the left ∂C/∂x: {np.count_nonzero(back)} of 36 pixels, "
                "the largest of each window (the first of several), get all of it, the others 0"
            )
        before = max_pool2d(POOLED[None, None], window)[0, 0]
        changed = np.sum(shift(POOLED, right=moved) != POOLED)
        return (
            f"{y.size} of 36 numbers are left, the largest of each window; the move has changed "
            f"{changed} of 36 inputs and {np.sum(before != y[0, 0])} of {y.size} outputs"
        )

    return update


# --- a digit moves -------------------------------------------------------------------------------


@cache
def digit_networks():
    """Return the trained CNN and the trained MLP with as many parameters."""
    return {"CNN": load_digit_network("cnn"), "MLP": load_digit_network("mlp")}


@explorer(
    right=int_slider(-8, 8, start=0, label="moved right by (pixels)"),
    down=int_slider(-6, 6, start=0, label="moved down by (pixels)"),
    digit=int_slider(0, 30, start=1, label="image"),
    presets={
        "in the middle": {"right": 0, "down": 0},
        "a little": {"right": 3, "down": 0},
        "far": {"right": 7, "down": 0},
    },
)
def moved_digit(figure):
    """A digit is moved: who still knows it?"""
    left, middle, curves = figure.subplots(1, 3, width_ratios=(0.8, 1.2, 1.2))
    left.set_anchor("W")
    images, labels = digits("test")
    picture = moving_picture(left, 28, 28, "Moved")
    middle.set(title="Who says what", xlabel="class", ylabel="probability")
    middle.set(xlim=(-0.6, 9.6), ylim=(0, 1.02), xticks=range(10))
    bars = {
        "CNN": moving_lines(middle, colors=BLUE, linewidths=7),
        "MLP": moving_lines(middle, colors=ORANGE, linewidths=7),
    }
    curves.set(title="2,000 test digits", xlabel="moved right by (pixels)")
    curves.set(ylabel="accuracy", ylim=(0, 1.02))
    table = load_experiment("moved_digits").pivot(index="right", columns="network")["accuracy"]
    for kind, style, color in (("cnn", "o-", BLUE), ("mlp", "s--", ORANGE)):
        curves.plot(table.index, table[kind], style, color=color, label=kind.upper())
    curves.legend(loc="lower center")
    mark = curves.axvline(0, color=INK, linewidth=1.5, linestyle=":", animated=True)

    def update(right, down, digit):
        image = shift(images[digit : digit + 1], down, right)
        picture.set_data(paper(image[0, 0]))
        said = []
        for (name, network), step in zip(digit_networks().items(), (-0.2, 0.2), strict=True):
            p = probabilities(network, image)[0]
            bars[name].set_segments([[(k + step, 0), (k + step, p[k])] for k in range(10)])
            said.append(f"{name}: {p.argmax()} ({p.max():.0%} sure)")
        mark.set_xdata([right, right])
        at = ", ".join(f"{kind.upper()} {table[kind][right]:.0%}" for kind in ("cnn", "mlp"))
        return (
            f"a {labels[digit]}. {', '.join(said)}. "
            f"Of 2,000 moved right by {right} (and not down): {at}"
        )

    return update


# --- what the filters see ------------------------------------------------------------------------

STAGES = {"convolution": 1, "ReLU": 2, "max pooling": 3}


@explorer(
    filter=int_slider(1, 25, start=1),
    stage=choice(STAGES),
    digit=int_slider(0, 30, start=1, label="image"),
    presets={
        "weighted sums": {"stage": "convolution", "filter": 1},
        "nothing below 0": {"stage": "ReLU", "filter": 1},
        "a quarter left": {"stage": "max pooling", "filter": 1},
    },
    size=(9, 4),
)
def feature_maps(figure):
    """What has a filter of the first layer learned to see?"""
    left, middle, right = figure.subplots(1, 3)
    images, labels = digits("test")
    network = digit_networks()["CNN"]
    weights = network[0].weight.detach().numpy()[:, 0]
    middle.imshow(signed_colors(montage(weights, 5), np.abs(weights).max()))
    bare(middle, "The 25 filters, 3 × 3")
    put_box = moving_box(middle, color=GREEN)
    picture = moving_picture(left, 28, 28, "Digit")
    fmap = moving_picture(right, 26, 26, "Feature map")

    def update(filter, stage, digit):
        picture.set_data(paper(images[digit, 0]))
        with torch.no_grad():
            x = torch.as_tensor(images[digit : digit + 1])
            maps = network[: STAGES[stage]](x)[0].numpy()
        found = maps[filter - 1]
        times = 26 // found.shape[0]
        fmap.set_data(signed_colors(found, np.abs(maps).max()).repeat(times, 0).repeat(times, 1))
        put_box(*[4 * int(k) for k in divmod(filter - 1, 5)], 3, 3)
        bias = network[0].bias[filter - 1].item()
        blank = bias if stage == "convolution" else max(bias, 0)
        return (
            f"filter {filter} on a {labels[digit]}, after {stage}: {found.shape[0]} × "
            f"{found.shape[1]} numbers from {number(found.min(), 2)} to {number(found.max(), 2)}; "
            f"blank paper gives {number(blank, 2)}, by the bias"
        )

    return update


# --- which image excites it most? ----------------------------------------------------------------

KEPT_STEPS = (0, 4, 10, 20, 40, 60)


@cache
def excited_images():
    """Return what `data/experiments/make_excited_images.py` recorded: arrays by name."""
    return load_experiment("excited_images")


@explorer(
    part=choice(("filters", "neurons", "outputs"), start="outputs"),
    penalty=choice(("none", "ink", "ink and roughness")),
    begun=choice(("noise", "blank paper"), label="begun with"),
    walked=int_slider(0, 5, start=1, label="step (0, 4, 10, 20, 40, 60)"),
    presets={
        "the start": {"walked": 0},
        "an output": {"part": "outputs", "penalty": "none", "begun": "noise", "walked": 5},
        "an output, from paper": {
            "part": "outputs", "penalty": "none", "begun": "blank paper", "walked": 5,
        },
        "an output, regularised": {
            "part": "outputs", "penalty": "ink and roughness", "begun": "noise", "walked": 5,
        },
        "ten filters": {"part": "filters", "penalty": "none", "walked": 5},
        "ten neurons": {"part": "neurons", "penalty": "ink", "walked": 5},
    },
    size=(9, 4.4),
)  # fmt: skip
def what_excites(figure):
    """Which image excites a filter, a neuron, an output most?"""
    axes = figure.subplots()
    record = excited_images()
    sheet = moving_picture(axes, 57, 144, "Ten of them: 0 … 4 above, 5 … 9 below")

    def update(part, penalty, begun, walked):
        key = f"{part}, {penalty}, {begun}"
        ten, mean = record[key][walked] / 255, record[f"excitation, {key}"].mean(axis=1)
        sheet.set_data(paper(montage(ten, 5)))
        words = (
            f"after {KEPT_STEPS[walked]} steps: excitation {number(mean[0], 1)} → "
            f"{number(mean[walked], 1)} on average; {ten.mean():.0%} of the sheet is ink"
        )
        if part != "outputs":
            return words
        sure, other = record[f"sure, {penalty}, {begun}"][:, walked].mean(axis=1)
        return f"{words}; the CNN is {sure:.0%} sure of 0 to 9 on average, the MLP {other:.0%}"

    return update


# --- saliency ------------------------------------------------------------------------------------

COPIES = 6  # with noise, of which the mean is taken


@explorer(
    target=int_slider(0, 9, start=9, label="class"),
    noise=slider(0, 0.5, start=0, step=0.02),
    digit=int_slider(0, 30, start=0, label="image"),
    presets={
        "as it is": {"digit": 0, "target": 9, "noise": 0},
        "smoothed": {"digit": 0, "target": 9, "noise": 0.2},
        "why not another class?": {"target": 3, "noise": 0.2},
    },
)
def which_pixels(figure):
    """Which pixels sway the network most?"""
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.1))
    images, labels = digits("test")
    network = digit_networks()["CNN"]
    picture = moving_picture(left, 28, 28, "Digit")
    salient = moving_picture(middle, 28, 28, "Saliency")
    right.set(title="Probability", xlabel="class", xlim=(-0.6, 9.6), ylim=(0, 1.02))
    right.set(xticks=range(10))
    bars = moving_lines(right, colors=BLUE, linewidths=12)
    (chosen,) = right.plot([], [], "v", color=ORANGE, markersize=12, animated=True)

    def update(target, noise, digit):
        one, samples = images[digit : digit + 1], COPIES if noise else 1
        found = smooth_saliency(network, torch.as_tensor(one), target, noise, samples)[0].numpy()
        picture.set_data(paper(images[digit, 0]))
        salient.set_data(signed_colors(found))
        p = probabilities(network, one)[0]
        bars.set_segments([[(k, 0), (k, p[k])] for k in range(10)])
        chosen.set_data([target], [min(p[target] + 0.06, 0.98)])
        on_ink = found[images[digit, 0] > 0.1].sum() / found.sum()
        return (
            f"a {labels[digit]}, P({target}) = {p[target]:.2f}: {on_ink:.0%} of the saliency for "
            f"class {target} lies on ink, where {np.mean(images[digit, 0] > 0.1):.0%} of pixels are"
        )

    return update


# --- deep dream ----------------------------------------------------------------------------------

DREAM_LAYERS = (6, 8, 13, 16)
DREAM_STEPS = (0, 1, 2, 4, 8, 12, 16, 20, 24)
DREAM_SIDE = 224


@cache
def dreams():
    """Return the recorded dreams, (layers, steps, side, side, 3), values 0 … 255."""
    with Image.open(EXPERIMENTS / "deep_dream.jpg") as sheet:
        pixels = np.asarray(sheet.convert("RGB"))
    shape = (len(DREAM_LAYERS), DREAM_SIDE, len(DREAM_STEPS), DREAM_SIDE, 3)
    return pixels.reshape(shape).transpose(0, 2, 1, 3, 4)


@explorer(
    layer=choice(DREAM_LAYERS, start=13),
    walked=int_slider(0, 8, start=0, label="step (0, 1, 2, 4, 8, 12, 16, 20, 24)"),
    presets={
        "awake": {"walked": 0},
        "an early layer": {"layer": 6, "walked": 8},
        "a middle layer": {"layer": 8, "walked": 8},
        "a later layer": {"layer": 13, "walked": 8},
    },
    size=(9, 4.4),
)
def dream(figure):
    """What does a network see in a photograph, if one lets it exaggerate?"""
    left, right = figure.subplots(1, 2)
    record = dreams()
    bare(left, "The photograph").imshow(record[0, 0])
    picture = moving_picture(right, DREAM_SIDE, DREAM_SIDE, "The dream")

    def update(layer, walked):
        frame = record[DREAM_LAYERS.index(layer), walked]
        picture.set_data(frame)
        apart = np.abs(frame - record[0, 0].astype(float)).mean() / 255
        return (
            f"layer {layer} of 29, {DREAM_STEPS[walked]} of 24 steps: a pixel has changed by "
            f"{apart:.0%} of the range, on average"
        )

    return update


# --- a Go board ----------------------------------------------------------------------------------

CAPTURE = np.zeros((1, 3, 3, 3))  # black around, white inside, and the place below is free
CAPTURE[0, 0] = [[0, 1, 0], [1, 0, 1], [0, -1, 0]]
CAPTURE[0, 1] = [[0, -1, 0], [-1, 1, -1], [0, -1, 0]]


def threatened(row, column, size=9):
    """Return a board, (3, size, size): a white stone with black ones above, left and right."""
    board = np.zeros((3, size, size))
    board[2] = 1
    board[1, row, column] = 1
    for place in ((row - 1, column), (row, column - 1), (row, column + 1)):
        board[0][place] = 1
    for color, *place in ((0, 7, 1), (1, 1, 7), (0, 7, 7), (1, 4, 4)):
        free = board[:2, max(place[0] - 1, 0) : place[0] + 2, max(place[1] - 1, 0) : place[1] + 2]
        if not free.any() and tuple(place) != (row + 1, column):
            board[color][tuple(place)] = 1
    return board


@explorer(
    row=int_slider(2, 8, start=3),
    column=int_slider(2, 8, start=3),
    pooling=choice(("no pooling", "3 × 3 pooling")),
    presets={
        "upper left": {"row": 3, "column": 3, "pooling": "no pooling"},
        "lower right": {"row": 7, "column": 8, "pooling": "no pooling"},
        "pooled": {"row": 5, "column": 4, "pooling": "3 × 3 pooling"},
    },
    size=(9, 4.2),
)
def go_board(figure):
    """One filter finds the threatened stone: may we pool?"""
    left, right = figure.subplots(1, 2)
    left.set(title="White can be captured below", xticks=range(9), yticks=range(9))
    left.set(xticklabels=range(1, 10), yticklabels=range(1, 10), aspect="equal")
    left.set(xlim=(-0.6, 8.6), ylim=(8.6, -0.6), facecolor="#E8C57E")
    left.grid(True, color="#8A6A30", linewidth=1)
    stones = {"animated": True, "markersize": 19, "markeredgecolor": INK, "linestyle": ""}
    (black,) = left.plot([], [], "o", color="#111111", **stones)
    (white,) = left.plot([], [], "o", color="white", **stones)
    (target,) = left.plot([], [], "x", color=ORANGE, markersize=13, mew=4, animated=True)
    fmap = moving_picture(right, 9, 9, "Response of the filter")
    write = moving_numbers(right, 9, 9, 14)

    def update(row, column, pooling):
        board = threatened(row - 1, column - 1)
        found = conv2d(board[None, :2], CAPTURE[:, :2], padding=1)
        if pooling != "no pooling":
            found = max_pool2d(found, 3).repeat(3, axis=2).repeat(3, axis=3)
        found = found[0, 0]
        black.set_data(*np.argwhere(board[0])[:, ::-1].T)
        white.set_data(*np.argwhere(board[1])[:, ::-1].T)
        target.set_data([column - 1], [row])
        fmap.set_data(signed_colors(found, 7))
        write([number(value) for value in found.ravel()])
        best = int(np.sum(found == found.max()))
        where = "one point: there it is" if best == 1 else f"{best} points alike: which one?"
        return f"the largest response, {found.max():.0f}, is at {where}"

    return update


# --- a voice -------------------------------------------------------------------------------------


@explorer(
    pitch=int_slider(2, 28, start=7, label="lowest band of the voice"),
    word=choice(beyond_images.WORDS),
    presets={
        "a low voice": {"pitch": 7, "word": "rising"},
        "a high voice": {"pitch": 24, "word": "rising"},
        "another word": {"pitch": 7, "word": "falling"},
    },
)
def shifted_voice(figure):
    """Somebody else says the same word, higher: which filter still hears it?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
    bands, times = beyond_images.FREQUENCIES, beyond_images.TIMES
    sound = moving_picture(left, bands, times, "Spectrogram")
    left.set(xlabel="time (moments)", ylabel="frequency (bands)", aspect="auto")
    left.set(xticks=range(0, times, 8), yticks=range(bands - 1, 0, -10))
    left.set_yticklabels(range(0, bands, 10))
    put_box = moving_box(left)
    right.set(title="Response to “rising”", xlabel="band at which the filter lies")
    right.set(ylabel="response", xlim=(-1, 29), ylim=(-12, 40))
    (response,) = right.plot([], [], color=BLUE, animated=True, label="slides along frequency")
    (fixed,) = right.plot([], [], "s", color=ORANGE, animated=True, label="stays at band 5")
    right.legend(loc="upper left")
    template = _word("rising", 2)[:12, 4:20]
    template = template - template.mean()
    own = convolve(_word("rising", 2), template).max()

    def update(pitch, word):
        spectrogram = _word(word, pitch)
        found = convolve(spectrogram, template)
        best = found.max(axis=1)
        at = int(best.argmax())
        sound.set_data(paper(spectrogram[::-1]))  # low frequencies at the bottom
        put_box(bands - 12 - at, int(found[at].argmax()), 12, 16)
        response.set_data(np.arange(len(best)), best)
        fixed.set_data([5], [best[5]])
        heard = "it is the word" if best.max() > own / 2 else f"its own word gives {number(own, 1)}"
        return (
            f"sliding, the largest response is {number(best.max(), 1)}, at band {at}: {heard}; "
            f"the filter that stays at band 5 hears {number(best[5], 1)}"
        )

    return update


@cache
def _word(word, pitch):
    """Return a clean spectrogram of a word, (bands, moments), that begins at moment 4."""
    which = beyond_images.WORDS.index(word)
    return beyond_images.spectrogram(*np.array([[which], [pitch], [4]]))[0]


# --- the ImageNet contest ------------------------------------------------------------------------

CONTEST = {  # layers, error in % (top 5); the lecture's table
    "AlexNet\n2012": (8, 16.4),
    "VGG\n2014": (19, 7.3),
    "GoogLeNet\n2014": (22, 6.7),
    "ResNet\n2015": (152, 3.57),
}


def plot_contest():
    """Draw the depth and the error of the networks that made the ImageNet contest famous."""
    figure, (left, right) = new_figure(2)
    layers, errors = zip(*CONTEST.values(), strict=True)
    for axes, values, title, unit in (
        (left, layers, "Layers", "layers (log scale)"),
        (right, errors, "Error", "top-5 error (%)"),
    ):
        bars = axes.bar(list(CONTEST), values, color=BLUE if axes is left else ORANGE, width=0.6)
        axes.bar_label(bars, padding=2)
        axes.set(title=title, ylabel=unit)
        axes.tick_params(axis="x", labelsize=10)
    left.set(yscale="log", ylim=(4, 400))
    right.axhline(5.1, color=GREY, linestyle="--")
    right.set(xlim=(-0.6, 4.3))
    right.text(3.4, 5.4, "a person:\n5.1", fontsize=12, color="#555555")
    words = "; ".join(
        f"{name.replace(chr(10), ' ')}: {depth} layers, {error} %"
        for name, (depth, error) in CONTEST.items()
    )
    return Picture(figure, f"The ImageNet contest. {words}. A trained person: 5.1 %.")
