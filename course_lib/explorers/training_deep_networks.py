"""Lesson 06: five patients, layers while they train, batch norm, learning rates, maxout, dropout,
overfitting held back, transformed digits, depth, gates, dev sets, and where to look for a setting.

Longer trainings were stored by data/experiments/make_training_deep_networks.py; the sliders walk
through them.
"""

from functools import cache

import numpy as np
import torch

from course_lib import deep_training
from course_lib.deep_networks import dense_network
from course_lib.deep_training import CURES, HOLDS, PATIENTS, PLANE, RATES, moons, small_digits
from course_lib.diagnosis import diagnose
from course_lib.drawing import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    boundary_lines,
    class_image,
    moving_curve,
    moving_image,
    moving_lines,
    moving_polygons,
    moving_texts,
    plane,
    ridges,
    shades,
)
from course_lib.experiments import at_best, load_experiment
from course_lib.explorer import choice, explorer, int_slider, log_slider, slider
from course_lib.regularization import transform_images
from course_lib.search import average_best, best_score, grid_points, response
from course_lib.training import build, fit

stored = cache(load_experiment)


# --- The recipe ----------------------------------------------------------------------------------

GOAL = 0.15


@explorer(
    patient=choice(tuple(PATIENTS)),
    cure=choice(tuple(CURES)),
    update=int_slider(0, 400, start=0),
    presets={
        "patient A": {"patient": "A", "cure": "as it is", "update": 400},
        "patient D": {"patient": "D", "cure": "as it is", "update": 400},
        "patient E": {"patient": "E", "cure": "as it is", "update": 400},
    },
    size=(10, 4.2),
)
def clinic(figure):
    """What is wrong with this network, and which knob cures it?"""
    table = stored("clinic")
    columns = ["update", "training", "dev"]
    runs = {key: rows[columns].to_numpy() for key, rows in table.groupby(["patient", "cure"])}
    left, right = figure.subplots(1, 2, width_ratios=(1.6, 1))
    before, after = draw_errors(left)
    bars, write, write_cure = draw_last_errors(right)

    def update(patient, cure, update):
        for name, curves in (("as it is", before), (cure, after)):
            rows = runs[patient, name]
            rows = rows[rows[:, 0] <= update]
            for i, curve in enumerate(curves, 1):
                curve.set_data(rows[:, 0], rows[:, i])
        last, *errors = rows[-1]
        write_cure([f"{patient}: {cure}"])
        bars.set_segments([[(i, 0), (i, max(e, 0.004))] for i, e in enumerate(errors)])
        write([f"{e:.3f}" for e in errors], [(i, e + 0.06) for i, e in enumerate(errors)])
        ended = "" if update - last < 20 else ", then its loss was no number"
        return (
            f"after {last:.0f} updates{ended}: training error {errors[0]:.3f}, dev error "
            f"{errors[1]:.3f}, goal {GOAL}: {diagnose(*errors, GOAL)}"
        )

    return update


def draw_errors(axes):
    """Return the curves of a training: (training, dev) as it is, and with a cure."""
    axes.set(title="Errors while training", xlabel="update", ylabel="error", xlim=(0, 400))
    axes.set(ylim=(0, 1.4), yticks=np.linspace(0, 1, 6))
    before = [
        moving_curve(axes, GREY, "-", "training, as it is"),
        moving_curve(axes, GREY, "--", "dev, as it is"),
    ]
    after = [
        moving_curve(axes, BLUE, "-o", "training", ms=5),
        moving_curve(axes, ORANGE, "--s", "dev", ms=5),
    ]
    axes.axhline(GOAL, color=GREEN, linestyle=":", label=f"goal {GOAL:.2f}")
    axes.legend(loc="upper right", fontsize=12, ncols=2)
    return before, after


def draw_last_errors(axes):
    """Return two bars, and the writers of their heights and of a line above them."""
    axes.set(title="At this update", ylabel="error", ylim=(0, 1.4), xlim=(-0.6, 1.6))
    axes.set(yticks=np.linspace(0, 1, 6), xticks=[0, 1], xticklabels=["training", "dev"])
    axes.axhline(GOAL, color=GREEN, linestyle=":")
    bars = moving_lines(axes, colors=[BLUE, ORANGE], linewidths=60, capstyle="butt")
    write = moving_texts(axes, [(0, 0.5), (1, 0.5)], INK, size=16, weight="bold")
    return bars, write, moving_texts(axes, [(0.5, 1.27)], GREEN, size=16, weight="bold")


# --- Activation functions ------------------------------------------------------------------------

TARGETS = {
    "ReLU": lambda z: np.maximum(z, 0),
    "|z|": np.abs,
    "leaky ReLU": lambda z: np.maximum(z, 0.1 * z),
    "tanh": np.tanh,
}


@explorer(
    target=choice(tuple(TARGETS), label="wanted"),
    w1=slider(-2, 2, start=1, step=0.1, label="w₁"),
    b1=slider(-2, 2, start=0.5, step=0.1, label="b₁"),
    w2=slider(-2, 2, start=-0.5, step=0.1, label="w₂"),
    b2=slider(-2, 2, start=0.5, step=0.1, label="b₂"),
    presets={
        "like ReLU": {"target": "ReLU", "w1": 1, "b1": 0, "w2": 0, "b2": 0},
        "like |z|": {"target": "|z|", "w1": 1, "b1": 0, "w2": -1, "b2": 0},
        "like leaky ReLU": {"target": "leaky ReLU", "w1": 1, "b1": 0, "w2": 0.1, "b2": 0},
    },
    size=(8, 4.4),
)
def maxout(figure):
    """Which activation functions can the larger of two lines be?"""
    axes = figure.subplots()
    axes.set(
        title="max(w₁z + b₁, w₂z + b₂)", xlabel="z", ylabel="output", xlim=(-3, 3), ylim=(-2.2, 3.2)
    )
    z = np.linspace(-3, 3, 121)
    lines = [moving_curve(axes, GREY, "-", lw=1.5), moving_curve(axes, GREY, "--", lw=1.5)]
    wanted = moving_curve(axes, BLUE, ":", "wanted", lw=4)
    largest = moving_curve(axes, ORANGE, "-", "maxout", lw=3)
    axes.legend(loc="lower right")

    def update(target, w1, b1, w2, b2):
        pieces = w1 * z + b1, w2 * z + b2
        for line, piece in zip(lines, pieces, strict=True):
            line.set_data(z, piece)
        wanted.set_data(z, TARGETS[target](z))
        largest.set_data(z, np.maximum(*pieces))
        apart = np.abs(np.maximum(*pieces) - TARGETS[target](z)).max()
        return f"the furthest from {target} on [−3, 3] is {apart:.2f}"

    return update


# --- Normalisation -------------------------------------------------------------------------------

LAYERS = 8


@explorer(
    update=int_slider(0, 90, start=0),
    normalization=choice(("none", "batch", "layer", "weight")),
    scale=choice((0.5, 1.0, 1.5), start=1.0, label="first weights ×"),
    presets={
        "small weights, none": {"scale": 0.5, "normalization": "none", "update": 90},
        "small weights, batch norm": {"scale": 0.5, "normalization": "batch", "update": 90},
        "large weights, none": {"scale": 1.5, "normalization": "none", "update": 90},
        "large weights, batch norm": {"scale": 1.5, "normalization": "batch", "update": 90},
    },
    size=(10, 4.8),
)
def layers_while_training(figure):
    """What arrives at each layer while a network trains, with and without normalisation?"""
    runs = stored("layers")
    hills, sizes, loss, here = draw_layers(figure)

    def update(update, normalization, scale):
        run = {kind: runs[f"{normalization}_{scale:g}_{kind}"] for kind in KINDS}
        look = round(update / 2)
        shares = run["shares"][look] / 255.0
        hills.set_verts(ridges(shares, -4, 4))
        gradients = run["gradients"][look][:LAYERS]
        sizes.set_data(np.clip(gradients, 1e-6, 10), range(1, LAYERS + 1))
        steps = 2 * np.arange(len(run["losses"]))
        loss.set_data(steps[: look + 1], np.minimum(run["losses"][: look + 1], 3.95))
        here.set_data([2 * look], [min(run["losses"][look], 3.95)])
        first, last = run["spreads"][look][[0, -1]]
        return (
            f"z spreads by {first:.2g} in layer 1 and {last:.2g} in layer 8; gradients "
            f"{gradients[0]:.1g} and {gradients[-1]:.1g}; loss {run['losses'][look]:.2f}"
        )

    return update


KINDS = ("shares", "spreads", "gradients", "losses")


def draw_layers(figure):
    """Return what moves: histograms, sizes of gradients, the loss and its last point."""
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.25, 1, 1.1))
    rows = {"ylim": (LAYERS + 0.5, -0.1), "yticks": range(1, LAYERS + 1)}
    left.set(title="z before the ReLU", ylabel="layer (heights: √ of the share)", **rows)
    left.set(xlabel="z (beyond ±4: in the outer bins)", xlim=(-4, 4))
    middle.set(title="Size of ∂C/∂W", xlabel="root mean square", xscale="log", xlim=(1e-6, 10))
    middle.set(xticks=[1e-5, 1e-3, 0.1], **rows)
    right.set(title="Loss", xlabel="update", ylabel="cross-entropy", xlim=(0, 90), ylim=(0, 4))
    right.axhline(np.log(10), color=GREY, linestyle=":", label="guessing, ln 10")
    hills = moving_polygons(left, facecolors=BLUE, edgecolors="white", linewidths=0.5, zorder=3)
    sizes = moving_curve(middle, ORANGE, "s-", ms=8)
    loss, here = moving_curve(right, BLUE), moving_curve(right, BLUE, "o", ms=10)
    right.legend(loc="upper right")
    return hills, sizes, loss, here


@explorer(
    n=int_slider(2, 64, start=16, label="batch size n"),
    gamma=slider(0, 3, start=1, step=0.1, label="γ"),
    beta=slider(-3, 3, start=0, step=0.1, label="β"),
    momentum=slider(0.01, 1, start=0.1, step=0.01),
    batches=int_slider(1, 60, start=1, label="batches seen"),
    presets={
        "two examples a batch": {"n": 2, "gamma": 1, "beta": 0, "batches": 1},
        "undo it: γ = 2, β = 3": {"n": 64, "gamma": 2, "beta": 3},
        "settled": {"n": 16, "gamma": 1, "beta": 0, "momentum": 0.1, "batches": 60},
        "no memory": {"n": 4, "gamma": 1, "beta": 0, "momentum": 1, "batches": 60},
    },
    size=(10, 4.2),
)
def batch_norm(figure):
    """What does batch norm make of one neuron's values, and what does it remember?"""
    values = 3 + 2 * np.random.default_rng(0).standard_normal((60, 64))
    rows, means, single, running = draw_batches(figure)

    def update(n, gamma, beta, momentum, batches):
        z = values[batches - 1, :n]
        scaled = (z - z.mean()) / np.sqrt(z.var() + 1e-5)
        outputs = z, scaled, gamma * scaled + beta
        for row, (points, level) in enumerate(zip(outputs, (2, 1, 0), strict=True)):
            rows[row].set_data(points, np.full(n, level))
        means.set_segments([[(p.mean(), level - 0.3), (p.mean(), level + 0.3)]
                            for p, level in zip(outputs, (2, 1, 0), strict=True)])  # fmt: skip
        batch_means, average = values[:batches, :n].mean(axis=1), [0.0]
        for mean in batch_means:
            average.append((1 - momentum) * average[-1] + momentum * mean)
        single.set_data(np.arange(1, batches + 1), batch_means)
        running.set_data(np.arange(batches + 1), average)
        return (
            f"this batch has mean {z.mean():.2f} and deviation {z.std():.2f}; the output has "
            f"{round(outputs[2].mean(), 2) + 0.0:.2f} and {outputs[2].std():.2f}; the running "
            f"mean is {average[-1]:.2f}"
        )

    return update


def draw_batches(figure):
    """Return what moves: the rows of points, their means, and the averages over the batches."""
    left, right = figure.subplots(1, 2, width_ratios=(1.2, 1))
    left.set(title="The last batch, one neuron", xlabel="value", xlim=(-8, 10), ylim=(-0.7, 2.7))
    left.set(yticks=[2, 1, 0], yticklabels=["z", "x̂", "γx̂ + β"])
    rows = [moving_curve(left, color, "o", ms=9, alpha=0.6) for color in (GREY, BLUE, ORANGE)]
    means = moving_lines(left, colors=INK, linewidths=3)
    right.set(
        title="For test time", xlabel="batches seen", ylabel="mean of z", xlim=(0, 60), ylim=(-1, 7)
    )
    right.axhline(3, color=GREY, linestyle="--", label="truth, μ = 3")
    single = moving_curve(right, BLUE, "x", "mean of a batch", ms=8)
    running = moving_curve(right, ORANGE, "-", "running mean", lw=3)
    right.legend(loc="lower right")
    return rows, means, single, running


LOOKS = {"none": (GREY, "o"), "batch": (BLUE, "s"), "layer": (GREEN, "^"), "weight": (PINK, "D")}


@explorer(
    rate=log_slider(RATES[0], RATES[-1], start=RATES[0], label="learning rate"),
    presets={"small": {"rate": 0.005}, "middle": {"rate": 0.08}, "a large one": {"rate": 1.28},
             "huge": {"rate": RATES[-1]}},
    size=(10, 4.4),
)  # fmt: skip
def learning_rates(figure):
    """How large a learning rate does a deep network bear, with and without normalisation?"""
    table = stored("learning_rates")
    groups = table.groupby(["normalization", "rate"])
    losses = [column for column in table if column.startswith("loss_")]
    curves = groups[losses].agg(lambda values: values.mean(skipna=False))  # NaN: not all have one
    shares, lost = (
        groups["accuracy"].mean(),
        groups["loss_0"].agg(lambda values: values.isna().sum()),
    )
    paths, found, mark = draw_rates(figure)

    def update(rate):
        k = int(np.abs(np.log(np.array(RATES) / rate)).argmin())
        said = []
        for name in LOOKS:
            loss, failed = curves.loc[name].iloc[k].to_numpy(), lost[name].iloc[k]
            shown = np.flatnonzero(np.isfinite(loss))
            paths[name].set_data(5 * shown, np.minimum(loss[shown], 3.95))
            found[name].set_data(RATES[: k + 1], shares[name].to_numpy()[: k + 1])
            no_number = f" (no number in {failed} of 3)" if failed else ""
            said.append(f"{name} {shares[name].iloc[k]:.0%}{no_number}")
        mark.set_xdata([RATES[k]] * 2)
        return f"at {RATES[k]:.3g}: training accuracy {', '.join(said)}"

    return update


def draw_rates(figure):
    """Return what moves: the losses and the accuracies of each normalisation, and a mark."""
    left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
    left.set(title="Loss, mean of 3 seeds", xlabel="update", ylabel="cross-entropy")
    left.set(xlim=(0, 100), ylim=(0, 4))
    right.set(title="After 100 updates", xlabel="learning rate", ylabel="training accuracy")
    right.set(xscale="log", xlim=(RATES[0] / 1.3, RATES[-1] * 1.3), ylim=(0, 1.02))
    paths, found = {}, {}
    for name, (color, shape) in LOOKS.items():
        paths[name] = moving_curve(left, color, shape + "-", name, ms=6)
        found[name] = moving_curve(right, color, shape + "-", ms=7)
    left.legend(loc="upper right", ncols=2)
    return paths, found, right.axvline(RATES[0], color=INK, linestyle=":", animated=True)


# --- Regularisation ------------------------------------------------------------------------------

N_MASKS = 500


@explorer(
    p=slider(0, 0.9, start=0.5, step=0.05),
    masks=int_slider(1, N_MASKS, start=10, label="masks drawn"),
    kind=choice(("inverted", "not divided")),
    presets={
        "one mask": {"p": 0.5, "masks": 1, "kind": "inverted"},
        "many masks": {"p": 0.5, "masks": N_MASKS, "kind": "inverted"},
        "many, not divided": {"p": 0.5, "masks": N_MASKS, "kind": "not divided"},
        "almost all dropped": {"p": 0.9, "masks": N_MASKS, "kind": "inverted"},
    },
    size=(10, 4.2),
)
def dropout(figure):
    """What does the next neuron get when its inputs are dropped at random?"""
    random = np.random.default_rng(3)
    a, w = random.uniform(0.2, 1, 48), random.normal(0.06, 0.1, 48)
    drawn, truth = random.random((N_MASKS, 48)), float(a @ w)
    tiles, crosses, each, average = draw_masks(figure, truth)
    columns, rows = np.meshgrid(np.arange(8) + 0.5, np.arange(6) + 0.5)

    def update(p, masks, kind):
        kept = (drawn[:masks] >= p) / (1 - p if kind == "inverted" else 1)
        z = (kept * a) @ w
        sheet = shades(np.append(a * kept[-1], [0, 4]))[:-2].reshape(6, 8, 4)
        tiles.set_data(sheet.repeat(8, axis=0).repeat(8, axis=1))
        gone = kept[-1] == 0
        crosses.set_data(columns.ravel()[gone], rows.ravel()[gone])
        steps = np.arange(1, masks + 1)
        each.set_data(steps, z)
        average.set_data(steps, np.cumsum(z) / steps)
        spread = f", spread {z.std():.2f}" if masks > 1 else ""
        return (
            f"{gone.sum()} of 48 are dropped by the last mask; z is {truth:.2f} without dropout, "
            f"{z.mean():.2f} on average over the masks drawn ({masks}){spread}"
        )

    return update


def draw_masks(figure, truth):
    """Return what moves: the activations, the crosses of those dropped, z and its mean so far."""
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.3))
    left.set(title="48 activations, the last mask", xlim=(0, 8), ylim=(0, 6), xticks=[], yticks=[])
    tiles = moving_image(left, ((0, 8), (0, 6)), (48, 64))
    crosses = moving_curve(left, INK, "x", ms=14)
    left.grid(False)
    right.set(title="z = Σ wᵢaᵢ, mask by mask", xlabel="masks drawn", ylabel="z", xscale="log")
    right.set(xlim=(0.9, N_MASKS * 1.1), ylim=(truth - 4.6, truth + 4.6))
    right.axhline(truth, color=INK, linestyle="--", label="z without dropout")
    each = moving_curve(right, BLUE, "o", "one mask", ms=6, alpha=0.5)
    average = moving_curve(right, ORANGE, "s-", "mean so far", lw=3, ms=4)
    right.legend(loc="lower left")
    return tiles, crosses, each, average


@explorer(
    kind=choice(tuple(HOLDS)),
    strength=int_slider(0, 4, start=0, label="strength (step)"),
    epoch=int_slider(0, 12, start=12),
    presets={
        "free": {"kind": "L2", "strength": 0, "epoch": 12},
        "stopped early": {"kind": "L2", "strength": 0, "epoch": 1},
        "held by L2": {"kind": "L2", "strength": 2, "epoch": 12},
        "held by dropout": {"kind": "dropout", "strength": 2, "epoch": 12},
        "480 points": {"kind": "more data", "strength": 4, "epoch": 12},
    },
    size=(10, 4.4),
)
def held_back(figure):
    """How is a network kept from winding around every single point?"""
    runs = stored("plane")
    left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
    first, second, _ = plane(PLANE, deep_training.PLANE_POINTS)
    region, edge, dots, write = draw_moons(left)
    training, new, mark = draw_two_losses(right)

    @cache
    def points_of(kind, strength):
        return moons(HOLDS[kind][strength] if kind == "more data" else 30)

    def update(kind, strength, epoch):
        p = runs[kind][strength, epoch] / 255.0
        scores, losses = np.stack([1 - p, p], axis=-1), runs[f"{kind} losses"][strength]
        X, y = points_of(kind, strength)
        region.set_data(class_image(scores))
        edge.set_segments(boundary_lines(first, second, scores))
        for c, dot in enumerate(dots):
            dot.set_data(*X[y == c].T)
        epochs = np.arange(len(losses))
        training.set_data(epochs, np.maximum(losses[:, 0], 0.01))
        new.set_data(epochs, np.minimum(losses[:, 1], 5))
        mark.set_xdata([epoch, epoch])
        best = int(losses[:, 1].argmin())
        held = name_of_hold(kind, strength)
        write([held])
        return (
            f"{held}, epoch {epoch}: loss {losses[epoch, 0]:.2g} on its points, "
            f"{losses[epoch, 1]:.2g} on new ones; best on new ones at epoch {best}"
        )

    return update


def name_of_hold(kind, strength):
    """Return "L2 0.01", "no L2" or "480 points"."""
    value = HOLDS[kind][strength]
    if kind == "more data":
        return f"{value} points"
    return f"{kind} {value:g}" if value else f"no {kind}"


def draw_two_losses(axes):
    """Return the curves of the loss on the training points and on new ones, and a mark."""
    axes.set(title="Loss", xlabel="epoch (of 80 steps)", ylabel="cross-entropy", yscale="log")
    axes.set(xlim=(-0.3, 12.3), ylim=(0.01, 5))
    training = moving_curve(axes, BLUE, "o-", "on its own points")
    new = moving_curve(axes, ORANGE, "s--", "on 1,000 new ones")
    axes.legend(loc="lower left")
    return training, new, axes.axvline(0, color=INK, linestyle=":", animated=True)


def draw_moons(axes):
    """Return what moves in the plane: its colours, the boundary, the points, and a writer."""
    region = moving_image(axes, PLANE, (deep_training.PLANE_POINTS,) * 2)
    edge = moving_lines(axes, colors=INK, linewidths=2.4, zorder=2)
    looks = (BLUE, "o"), (ORANGE, "s")
    dots = [moving_curve(axes, color, shape, ms=8, mec="white") for color, shape in looks]
    axes.set(title="What the network says", xlabel="x₁", ylabel="x₂")
    axes.grid(False)
    return region, edge, dots, moving_texts(axes, [(1.9, 1.95)], INK, size=16, weight="bold")


@cache
@deep_training.on_one_thread
def upright_reader():
    """Return a network trained on 1,500 upright digits, in about a second."""
    digits = small_digits(1500)
    model = build(lambda: dense_network((196, 48, 10)))
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    fit(model, *digits.training, optimizer, 5, batch_size=50, device="cpu")
    return model.eval()


@explorer(
    degrees=int_slider(-180, 180, start=0, label="turn (°)"),
    dx=slider(-6, 6, start=0, step=0.5, label="move right (pixels)"),
    zoom=slider(0.5, 1.5, start=1, step=0.05),
    presets={
        "harmless": {"degrees": 10, "dx": 0, "zoom": 1},
        "too far": {"degrees": 60, "dx": 0, "zoom": 1},
        "6 becomes 9": {"degrees": 180, "dx": 0, "zoom": 1},
    },
    size=(10, 4.2),
)
def transformed_digits(figure):
    """Which changes leave a digit what it is?"""
    model, digits = upright_reader(), small_digits(1500)
    background = float(digits.X.min())
    chosen = np.concatenate([np.flatnonzero(digits.y_test == c)[:20] for c in range(10)])
    images = torch.as_tensor(digits.X_test[chosen].reshape(-1, 14, 14)) - background
    top = float(images.max())
    sheet, bars = draw_digits(figure)

    def update(degrees, dx, zoom):
        changed = transform_images(images, dx=dx, degrees=degrees, zoom=zoom)
        page = changed[::20].reshape(2, 5, 14, 14).permute(0, 2, 1, 3).reshape(28, 70).numpy()
        ink = 255 - np.rint(255 * np.clip(page[::-1] / top, 0, 1)).astype(np.uint8)
        sheet.set_data(np.dstack([ink, ink, ink, np.full_like(ink, 255)]))
        with torch.no_grad():
            said = model((changed + background).reshape(-1, 196)).argmax(dim=1).numpy()
        right_ones = (said.reshape(10, 20) == np.arange(10)[:, None]).mean(axis=1)
        bars.set_segments([[(c, 0), (c, max(share, 0.005))] for c, share in enumerate(right_ones)])
        nine = (said[120:140] == 9).mean()
        return (
            f"{right_ones.mean():.0%} of 200 test digits are read rightly; of the sixes "
            f"{right_ones[6]:.0%}, and {nine:.0%} of them are taken for a nine"
        )

    return update


def draw_digits(figure):
    """Return what moves: the sheet of ten digits, and a bar for each."""
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    sheet = moving_image(left, ((0, 5 * 14), (0, 2 * 14)), (28, 70))
    left.set(title="The first of each digit", xticks=[], yticks=[])
    left.grid(False)
    right.set(title="Read rightly", xlabel="digit", ylabel="accuracy")
    right.set(ylim=(0, 1.02), xlim=(-0.7, 9.7), xticks=range(10))
    return sheet, moving_lines(right, colors=BLUE, linewidths=22, capstyle="butt")


# --- Depth ---------------------------------------------------------------------------------------

DEPTHS = (2, 5, 10, 20, 30, 50)
GATE_AT_START = 1 / (1 + np.exp(4.0))  # of the highway networks that were stored
CONNECTION_LOOKS = {"plain": (GREY, "o"), "residual": (BLUE, "s"), "highway": (ORANGE, "^")}


@explorer(
    layers=choice(DEPTHS),
    presets={"2 layers": {"layers": 2}, "20 layers": {"layers": 20}, "50 layers": {"layers": 50}},
    size=(10, 4.2),
)
def depth(figure):
    """How deep can a network be and still learn its training data?"""
    table = stored("connections")
    losses = [column for column in table if column.startswith("loss_")]
    left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
    left.set(title="Training loss, mean of 3 seeds", xlabel="epoch", ylabel="cross-entropy")
    left.set(xlim=(0.5, 15.5), ylim=(0, 2.6))
    right.set(title="After 15 epochs", xlabel="layers", ylabel="training accuracy", ylim=(0, 1.02))
    right.set(xscale="log", xticks=DEPTHS, xticklabels=map(str, DEPTHS), xlim=(1.7, 60))
    right.minorticks_off()
    paths, found = {}, {}
    for name, (color, shape) in CONNECTION_LOOKS.items():
        paths[name] = moving_curve(left, color, shape + "-", name, ms=6)
        found[name] = moving_curve(right, color, shape + "-", ms=8)
    left.legend(loc="upper right")
    best = at_best(table, ["connection", "layers"], "rate", "accuracy")
    best = dict(iter(best.groupby(["connection", "layers"])))

    def update(layers):
        upto = DEPTHS[: DEPTHS.index(layers) + 1]
        said = []
        for name in CONNECTION_LOOKS:
            rows = best[name, layers]
            paths[name].set_data(range(1, 16), rows[losses].mean().clip(upper=2.55))
            accuracies = [best[name, d]["accuracy"].mean() for d in upto]
            found[name].set_data(upto, accuracies)
            said.append(f"{name} {accuracies[-1]:.0%} (rate {rows.rate.iloc[0]:g})")
        return f"{layers} layers, training accuracy: {', '.join(said)}"

    return update


@explorer(
    digit=int_slider(0, 9, start=0),
    other=int_slider(0, 9, start=1, label="compared with"),
    presets={"0 and 1": {"digit": 0, "other": 1}, "4 and 9": {"digit": 4, "other": 9}},
    size=(10, 4.6),
)
def gates(figure):
    """What have the gates of 50 highway layers learned?"""
    runs = stored("gates")
    means = runs["gates"].astype(float)
    left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
    image = moving_image(left, ((0.5, 50.5), (0, 32)), (128, 200))
    left.set(title="Open gates (yellow: 0.3 or more)", xlabel="layer", ylabel="neuron")
    left.grid(False)
    right.set(title="Mean gate a layer", xlabel="layer", ylabel="t", xlim=(0, 51), yscale="log")
    right.set(ylim=(0.005, 0.2))
    right.axhline(GATE_AT_START, color=GREY, linestyle=":", label="at the start")
    one = moving_curve(right, ORANGE, "o-", "digit", ms=5)
    two = moving_curve(right, BLUE, "^-", "compared with", ms=5)
    right.legend(loc="upper right")

    def update(digit, other):
        openness = np.minimum(means[digit].T / 0.3, 1)
        shown = shades(np.append(openness, [[0.0] * 50, [1.0] * 50], axis=0))[:32]
        image.set_data(shown.repeat(4, axis=0).repeat(4, axis=1))
        one.set_data(np.arange(1, 51), means[digit].mean(axis=1))
        two.set_data(np.arange(1, 51), means[other].mean(axis=1))
        apart = np.abs(means[digit] - means[other]).max(axis=1)
        differ = (
            f"they differ most from those for a {other} in layer {apart.argmax() + 1}, by up to "
            f"{apart.max():.2f}"
        )
        return (
            f"for a {digit} the mean gate is {means[digit].mean():.3f}, "
            f"{np.mean(means[digit] > 0.1):.1%} of the gates are open by more than 0.1; "
            f"{differ if digit != other else 'choose another digit to compare with'}"
        )

    return update


# --- Choosing ------------------------------------------------------------------------------------

TRUTH = 0.8


@explorer(
    models=choice((1, 3, 10, 30, 100, 300, 1000), label="models tried"),
    n=choice((20, 100, 500, 1000, 5000), start=100, label="dev examples"),
    presets={
        "one model": {"models": 1, "n": 100},
        "a hundred models": {"models": 100, "n": 100},
        "a large dev set": {"models": 100, "n": 5000},
    },
)
def optimism(figure):
    """How good does the best of many equal models look on the dev set that chose it?"""
    shape, mean, curve, here = draw_optimism(figure)
    many = np.unique(np.logspace(0, 3, 40).round())

    def too_good(p):
        return 100 * (p @ np.linspace(0, 1, p.shape[-1]) - TRUTH) + 0.0

    known = cache(lambda n: too_good(best_score(many, n, TRUTH)))

    def update(models, n):
        p = best_score(models, n, TRUTH)
        points = max(0.0, round(float(too_good(p)), 9))
        shape.set_data(np.arange(n + 2) / n, np.append(p, 0) / p.max())
        mean.set_xdata([TRUTH + points / 100] * 2)
        curve.set_data(many, np.maximum(known(n), 0))
        here.set_data([models], [points])
        return (
            f"the best of {models} model{'s' * (models > 1)}, all truly {TRUTH:.0%} right, shows "
            f"{TRUTH + points / 100:.1%} on {n} dev examples: {points:.1f} points too good"
        )

    return update


def draw_optimism(figure):
    """Return what moves: the distribution, its mean, the curve of the means and a point on it."""
    left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
    left.set(title="Dev accuracy of the chosen one", xlabel="accuracy", ylabel="probability")
    left.set(xlim=(0.4, 1.04), ylim=(0, 1.5), yticks=[])
    left.axvline(TRUTH, color=INK, linestyle="--", label="its true accuracy")
    look = {"lw": 3, "drawstyle": "steps-mid"}
    shape = moving_curve(left, ORANGE, "-", "what the dev set says", **look)
    mean = left.axvline(TRUTH, color=ORANGE, linestyle=":", animated=True)
    left.legend(loc="upper left", fontsize=12)
    right.set(title="Too good by", xlabel="models tried", ylabel="accuracy points (%)")
    right.set(xlim=(0.9, 1100), ylim=(0, 22), xscale="log")
    return shape, mean, moving_curve(right, ORANGE), moving_curve(right, ORANGE, "o", ms=11)


@explorer(
    side=int_slider(2, 7, start=3, label="grid side (trials = side²)"),
    weight=choice((0, 0.02, 0.05, 0.2, 1), label="how much the second matters"),
    seed=int_slider(0, 30, start=0, label="another surface"),
    presets={
        "one matters": {"side": 3, "weight": 0},
        "both matter": {"side": 3, "weight": 1},
        "a little": {"side": 3, "weight": 0.05},
    },
    size=(10, 4.6),
)
def grid_and_random(figure):
    """Nine trials: on a grid, or at random?"""
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 0.75))
    searches = draw_search(left, "Grid"), draw_search(middle, "Random")
    right.set(title="Best, on average", ylabel="accuracy", ylim=(0.5, 1), xlim=(-0.6, 1.6))
    right.set(xticks=[0, 1], xticklabels=["grid", "random"])
    bars = moving_lines(right, colors=[BLUE, ORANGE], linewidths=40, capstyle="butt")
    ticks = np.linspace(0, 1, 60)

    known = cache(average_best)

    def update(side, weight, seed):
        random = np.random.default_rng(seed)
        peak = random.random(2)
        sheet = shades(response(ticks[None, :], ticks[:, None], peak, max(weight, 1e-9)))
        points, found = (grid_points(side), random.random((side**2, 2))), []
        for places, show in zip(points, searches, strict=True):
            values = response(*places.T, peak, weight)
            found.append(values.max())
            show(sheet, places, values.argmax())
        averages = known(side, weight)
        bars.set_segments([[(i, 0.5), (i, value)] for i, value in enumerate(averages)])
        return (
            f"{side**2} trials: the grid tries {side} learning rates and finds {found[0]:.2f}, "
            f"random tries {side**2} and finds {found[1]:.2f}; on average over 2,000 surfaces "
            f"{averages[0]:.3f} and {averages[1]:.3f}"
        )

    return update


def draw_search(axes, title):
    """Return a function that shows a surface, the trials on it, the best, and their shadows."""
    image = moving_image(axes, ((0, 1), (0, 1)), (60, 60))
    axes.set(title=title, xlabel="log learning rate", ylabel="second hyper-parameter")
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    dots = moving_curve(axes, "white", "o", ms=8, mec=INK)
    star = moving_curve(axes, ORANGE, "*", ms=20, mec="white")
    shadows = moving_lines(axes, colors="white", linewidths=3, zorder=4)

    def show(sheet, places, best):
        image.set_data(sheet)
        dots.set_data(*places.T)
        star.set_data(*places[[best]].T)
        shadows.set_segments([[(x, 0), (x, 0.05)] for x in places[:, 0]])

    return show
