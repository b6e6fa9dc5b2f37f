"""Lesson 12: a walk in a code of two numbers, noise removed, strangers noticed, soft targets,
smaller networks, forgetting, a planted cue, new digits from a few examples, a changing world."""

from functools import cache
from itertools import product

import numpy as np
from torch import nn

from course_lib.autoencoders import (
    flat,
    load_autoencoder,
    reconstruct,
)
from course_lib.clever_hans import cue_region
from course_lib.cnn import digit_images, load_digit_network, nearest, of_classes
from course_lib.drawing import (
    BLUE,
    CLASS_COLORS,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    moving_curve,
    moving_lines,
    moving_polygons,
    moving_texts,
)
from course_lib.experiments import load_experiment
from course_lib.explorer import choice, explorer, int_slider, log_slider, slider
from course_lib.few_shot import NearestClassMean, features
from course_lib.logistic import softmax
from course_lib.metrics import roc_curve
from course_lib.pca import PCA
from course_lib.pixel_drawing import montage, moving_picture, paper, signed_colors
from course_lib.shifts import CHANGES, change
from course_lib.training import logits, probabilities
from course_lib.unknown import KNOWN, NEW, STRANGERS, alarm_threshold, detection, strangers
from course_lib.what_comes_next import (
    SMALLER_BY,
    best_strengths,
    cleaners,
    digits,
    known_autoencoder,
    strangeness,
)

TEN_COLORS = (*CLASS_COLORS, GREY, "#7B3294", "#8C510A")


@cache
def unseen_digits(n=2000):
    """Return the first n test images, (n, 1, 28, 28), and their labels."""
    images, labels = digit_images("test")
    return images[:n], labels[:n]


# --- A walk in the code ---------------------------------------------------------------------------

SHOWN_CODES, ATLAS = 400, 11


@cache
def pca(n_components):
    """Return the PCA of the 7,000 digits that the autoencoders learned from, too."""
    return PCA(n_components).fit(flat(digits("fit")[0]))


@cache
def two_numbers(model):
    """Return a model with a code of 2, the ranks of the codes of test digits, and the way back.

    Ranks, from 0 to 1, spread the codes evenly along both axes. `back(ranks)`, (n, 2), returns
    images, (n, 28, 28).
    """
    coder = load_autoencoder("walk") if model == "autoencoder" else pca(2)
    codes = coder.transform(flat(unseen_digits(SHOWN_CODES)[0]))
    ordered, ticks = np.sort(codes, axis=0), np.linspace(0, 1, len(codes))

    def back(ranks):
        places = [np.interp(r, ticks, column) for r, column in zip(ranks.T, ordered.T, strict=True)]
        return coder.inverse_transform(np.column_stack(places)).reshape(-1, 28, 28)

    return codes.argsort(axis=0).argsort(axis=0) / (len(codes) - 1), back


@cache
def atlas(model):
    """Return the images that belong to ATLAS² places of the code, as one sheet, upper row first."""
    ticks = (np.arange(ATLAS) + 0.5) / ATLAS
    places = np.stack(np.meshgrid(ticks, ticks[::-1]), axis=-1).reshape(-1, 2)
    return montage(two_numbers(model)[1](places), ATLAS, gap=0)


@explorer(
    model=choice(("autoencoder", "PCA")),
    show=choice(("codes of digits", "what they stand for"), label="in the plane"),
    across=slider(0, 1, start=0.5, step=0.01, label="first number"),
    up=slider(0, 1, start=0.5, step=0.01, label="second number"),
    presets={
        "the codes of PCA": {"model": "PCA", "show": "codes of digits"},
        "every place": {"model": "autoencoder", "show": "what they stand for"},
        "every place, PCA": {"model": "PCA", "show": "what they stand for"},
    },
    size=(10, 4.6),
)
def walk_in_the_code(figure):
    """Which image belongs to two numbers?"""
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.35, 1, 1))
    images, labels = unseen_digits(SHOWN_CODES)
    models = {name: two_numbers(name) for name in ("autoencoder", "PCA")}
    sheets = {name: paper(0.8 * atlas(name)) for name in models}
    blank = np.full((28 * ATLAS, 28 * ATLAS, 4), (253, 252, 248, 255), dtype=np.uint8)
    ground = moving_picture(left, 28 * ATLAS, 28 * ATLAS, "The code")
    ground.set_extent((0, 1, 0, 1))
    left.set(xlim=(-0.06, 1.06), ylim=(-0.06, 1.06), xlabel="first number (rank)")
    left.set_ylabel("second number (rank)")
    marks = [
        moving_curve(left, color, "", marker=f"${k}$", lw=0, ms=7.5, mew=0.4)
        for k, color in enumerate(TEN_COLORS)
    ]
    here = moving_curve(left, INK, "o", ms=17, fillstyle="none", mew=3)
    decoded = moving_picture(middle, 28, 28, "Its image")
    similar = moving_picture(right, 28, 28, "The nearest real digit")
    network = load_digit_network()

    def update(model, show, across, up):
        codes, back = models[model]
        points = show == "codes of digits"
        ground.set_data(blank if points else sheets[model])
        for k, mark in enumerate(marks):
            mark.set_data(*(codes[labels == k].T if points else np.empty((2, 0))))
        here.set_data([across], [up])
        image = np.clip(back(np.array([[across, up]])), 0, 1).astype(np.float32)
        number, apart = nearest(images, image[:, None])
        decoded.set_data(paper(image[0]))
        similar.set_data(paper(images[number[0], 0]))
        p = probabilities(network, image[:, None])[0]
        return (
            f"the place ({across:.2f}, {up:.2f}) stands for an image that a network reads as "
            f"{p.argmax()} (P = {p.max():.2f}); the nearest of {SHOWN_CODES} digits is a "
            f"{labels[number[0]]}, {apart[0]:.1f} away"
        )

    return update


# --- Noise, removed -------------------------------------------------------------------------------

CLEANING_STYLES = {  # the ways of the stored table
    "as it is": (GREY, "x--"),
    "PCA": (BLUE, "s-"),
    "the usual autoencoder": (PINK, "^-"),
    "the denoising one": (ORANGE, "o-"),
    "linear, 32 numbers": (GREEN, "v:"),
    "linear, no bottleneck": (INK, "d:"),
}


@explorer(
    noise=slider(0, 1, start=0.4, step=0.1),
    digit=choice(range(10), start=3),
    presets={"clean": {"noise": 0.0}, "half": {"noise": 0.5}, "a snow storm": {"noise": 1.0}},
    size=(10, 4.8),
)
def clean_up(figure):
    """How much noise can be taken away?"""
    panels = figure.subplot_mosaic([["a", "b", "e"], ["c", "d", "e"]], width_ratios=(1, 1, 2.1))
    given = moving_picture(panels["a"], 28, 28, "as it is")
    titles = {"the usual autoencoder": "usual", "the denoising one": "denoising"}
    rebuilt = {
        name: moving_picture(panels[key], 28, 28, titles.get(name, name))
        for key, name in zip("bcd", cleaners(), strict=True)
    }
    right, table = panels["e"], load_experiment("cleaning")
    right.set(title="How far from the clean digit?", xlabel="noise (deviation)")
    right.set(ylabel="error (root mean square)", xlim=(-0.03, 1.03), ylim=(0, 0.85))
    for name, (color, style) in CLEANING_STYLES.items():
        rows = table[table["way"] == name]
        right.plot(rows["noise"], rows["error"], style, color=color, label=titles.get(name, name))
    right.legend(loc="upper left", fontsize=12, ncols=2, columnspacing=1)
    border = moving_lines(right, colors=INK, linewidths=2)
    images, labels = unseen_digits(150)
    first = {digit: images[labels == digit][:1] for digit in range(10)}

    def update(noise, digit):
        clean = first[digit]
        image = change(clean, "noisy", noise)
        given.set_data(paper(image[0, 0]))
        apart = []
        for name, model in cleaners().items():
            found = reconstruct(model, image)
            rebuilt[name].set_data(paper(found[0, 0]))
            apart.append(f"{name} {np.sqrt(np.mean((found - clean) ** 2)):.2f}")
        border.set_segments([[(noise, 0), (noise, 0.55)]])
        start = np.sqrt(np.mean((image - clean) ** 2))
        return f"noise {noise:.1f}: error as it is {start:.2f}, " + ", ".join(apart)

    return update


# --- Strangers ------------------------------------------------------------------------------------

STRANGER_SCORES = {
    "1 − max p": "1 − max p", "entropy": "entropy", "energy": "energy",
    "rebuilt badly": "reconstruction",
}  # fmt: skip
STRANGER_BINS = np.linspace(0, 1, 26)


@cache
def stranger_scores():
    """Return by (score, kind) the scores of all known test digits, and of 500 strangers.

    Scaled so that nearly all of the two groups lie from 0 to 1.
    """
    models = load_digit_network("known"), known_autoencoder()
    known = strangeness(*models, of_classes(*unseen_digits(), KNOWN)[0])
    found = {kind: strangeness(*models, strangers(kind)) for kind in STRANGERS}
    return {
        (name, kind): _scaled(known[column], scores[column])
        for kind, scores in found.items()
        for name, column in STRANGER_SCORES.items()
    }


def _scaled(known, strange):
    low, high = np.quantile(np.r_[known, strange], (0.001, 0.999))
    return [np.clip((values - low) / (high - low), 0, 1) for values in (known, strange)]


@cache
def nine_strangers(kind):
    """Return nine strangers as one sheet; of the new digits three each."""
    if kind != "new digits":
        return paper(montage(strangers(kind, 9)[:, 0], 3, gap=2))
    images, labels = unseen_digits()
    three_each = np.concatenate([images[labels == k][:3, 0] for k in NEW])
    return paper(montage(three_each, 3, gap=2))


@explorer(
    kind=choice(STRANGERS),
    score=choice(STRANGER_SCORES),
    false_alarms=slider(0, 0.3, start=0.05, step=0.01, label="false alarms"),
    presets={
        "7, 8 and 9": {"kind": "new digits", "score": "1 − max p"},
        "7, 8 and 9, rebuilt": {"kind": "new digits", "score": "rebuilt badly"},
        "a negative": {"kind": "inverted", "score": "1 − max p"},
        "snow": {"kind": "noise", "score": "energy"},
    },
    size=(10, 4.4),
)
def never_seen(figure):
    """Does it know that it does not know?"""
    left, middle, right = figure.subplots(1, 3, width_ratios=(0.85, 1.35, 1))
    table = stranger_scores()
    sheet = moving_picture(left, 88, 88, "Never seen")
    middle.set(title="How strange they look", ylabel="share of the images")
    middle.set(xlabel="score (scaled: 0 least, 1 most)", xlim=(-0.02, 1.02), ylim=(0, 1.3))
    middle.set_yticks((0, 0.2, 0.4, 0.6, 0.8, 1))
    familiar = moving_polygons(middle, facecolors=BLUE, alpha=0.55, label="known: 0–6")
    strange = moving_polygons(middle, facecolors=ORANGE, alpha=0.55, label="never seen")
    border = moving_lines(middle, colors=INK, linewidths=3)
    middle.legend(loc="upper center", ncols=2)
    right.set(title="Every threshold (ROC)", xlabel="false alarms", ylabel="detected")
    right.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
    right.plot([0, 1], [0, 1], "--", color=GREY, lw=1.5)
    roc = moving_curve(right, ORANGE, lw=3)
    mark = moving_curve(right, INK, "o", ms=14)

    def update(kind, score, false_alarms):
        known, unknown = table[score, kind]
        threshold = alarm_threshold(known, false_alarms)
        sheet.set_data(nine_strangers(kind))
        familiar.set_verts([_histogram(known)])
        strange.set_verts([_histogram(unknown)])
        border.set_segments([[(threshold, 0), (threshold, 1.02)]])
        is_new = np.repeat([0, 1], [len(known), len(unknown)])
        roc.set_data(*roc_curve(is_new, np.r_[known, unknown], 1)[:2])
        rates = np.mean(known > threshold), np.mean(unknown > threshold)
        mark.set_data(*np.reshape(rates, (2, 1)))
        return (
            f"{kind}, by {score}: {rates[1]:.0%} are noticed at {rates[0]:.0%} false alarms; area "
            f"under the ROC {detection(known, unknown):.2f}"
        )

    return update


def _histogram(values):
    """Return the outline of the shares of the values in STRANGER_BINS, (n, 2)."""
    shares = np.histogram(values, STRANGER_BINS)[0] / len(values)
    tops = np.column_stack([STRANGER_BINS.repeat(2)[1:-1], shares.repeat(2)])
    return np.vstack([(0, 0), tops, (1, 0)])


# --- What the teacher knows -----------------------------------------------------------------------

TEMPERATURES = np.geomspace(0.5, 100, 60)


@cache
def taught_digits():
    """Return an image and the teacher's logits for each class.

    He is sure of it (99 % at T = 1), and of all such images his second choice is the clearest.
    """
    images, labels = unseen_digits()
    z = logits(load_digit_network(), images).astype(float)
    sure = (z.argmax(axis=1) == labels) & (softmax(z).max(axis=1) >= 0.99)
    second = np.sort(softmax(z / 4), axis=1)[:, -2] * sure
    rows = [np.flatnonzero(labels == k)[second[labels == k].argmax()] for k in range(10)]
    return images[rows, 0], z[rows]


@explorer(
    digit=choice(range(10), start=7),
    temperature=log_slider(0.5, 100, start=1.0),
    presets={
        "hard": {"temperature": 0.5},
        "as usual": {"temperature": 1.0},
        "soft": {"temperature": 5.0},
        "nearly equal": {"temperature": 100.0},
    },
    size=(10, 4.2),
)
def soft_answers(figure):
    """What else does the teacher know?"""
    left, middle, right = figure.subplots(1, 3, width_ratios=(0.85, 1.2, 1.35))
    images, z = taught_digits()
    picture = moving_picture(left, 28, 28, "The image")
    middle.set(title="Soft targets", xlabel="class", ylabel="probability at T")
    middle.set(xlim=(-0.6, 9.6), ylim=(0, 1.03), xticks=range(10))
    bars = moving_lines(middle, colors=BLUE, linewidths=12)
    right.set(title="A new student's gradient", xlabel="temperature T")
    right.set(ylabel="size of the gradient", xscale="log", yscale="log")
    right.set(xlim=(0.45, 130), ylim=(5e-5, 20))
    bare = moving_curve(right, GREY, "--", label="without T²")
    scaled = moving_curve(right, ORANGE, "-", label="with T²")
    limit = moving_lines(right, colors=INK, linewidths=1.5, linestyles=":")
    right.plot([], [], ":", color=INK, lw=1.5, label="limit")
    marks = moving_curve(right, INK, "o", ms=11)
    right.legend(loc="lower left", fontsize=12)

    def update(digit, temperature):
        v = z[digit]
        p = softmax(v / temperature)
        picture.set_data(paper(images[digit]))
        bars.set_segments([[(k, 0), (k, p[k])] for k in range(10)])
        pull = np.linalg.norm(softmax(v / TEMPERATURES[:, None]) - 0.1, axis=1)
        bare.set_data(TEMPERATURES, pull / TEMPERATURES)
        scaled.set_data(TEMPERATURES, pull * TEMPERATURES)
        last = np.linalg.norm(v - v.mean()) / 10
        limit.set_segments([[(0.45, last), (130, last)]])
        now = np.linalg.norm(p - 0.1)
        marks.set_data([temperature] * 2, [now / temperature, now * temperature])
        first, second, third = np.argsort(-p)[:3]
        return (
            f"T = {temperature:.3g}: {first} with {p[first]:.3g}, {second} with {p[second]:.3g}, "
            f"{third} with {p[third]:.3g}; gradient {now / temperature:.2g} without T², "
            f"{now * temperature:.2g} with it, {last:.2g} in the limit"
        )

    return update


# --- Smaller networks -----------------------------------------------------------------------------

SMALLER = {  # ways, and how a setting is said
    "pruning": "{:.0%} of the weights are 0",
    "low rank": "rank {:.0f}",
    "bits": "{:.0f} bits a weight",
}


@cache
def smaller_curves():
    """Return settings, kilobytes, mean accuracies, and after more training (or nan), by way."""
    table = load_experiment("compression").query("kind == 'mlp'")
    means = table.groupby(["way", "setting", "tuned"])[["bytes", "test"]].mean().reset_index()
    curves = {}
    for way, rows in means.groupby("way"):
        before = rows[~rows["tuned"]].sort_values("bytes", ascending=False)
        after = rows[rows["tuned"]].set_index("setting")["test"].reindex(before["setting"])
        curves[way] = [
            column.to_numpy()
            for column in (before["setting"], before["bytes"] / 1000, before["test"], after)
        ]
    return curves


@cache
def first_weights(way, setting):
    """Return the weights of 16 neurons of the first layer, as one sheet of colours."""
    layer = SMALLER_BY[way](load_digit_network("mlp"), setting, 0)[1]
    parts = list(layer) if isinstance(layer, nn.Sequential) else [layer]
    weight = parts[0].weight
    for part in parts[1:]:
        weight = part.weight @ weight
    pictures = weight.detach().numpy()[:16].reshape(16, 28, 28)
    return signed_colors(montage(pictures, 4, gap=2), 0.16)


@explorer(
    way=choice(SMALLER),
    amount=int_slider(0, 8, start=3, label="less and less"),
    presets={
        "half of the weights": {"way": "pruning", "amount": 2},
        "one in twenty": {"way": "pruning", "amount": 6},
        "few directions": {"way": "low rank", "amount": 6},
        "four bits": {"way": "bits", "amount": 6},
        "two bits": {"way": "bits", "amount": 8},
    },
    size=(10, 4.6),
)
def make_it_smaller(figure):
    """How small can a network become?"""
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.45))
    curves = smaller_curves()
    sheet = moving_picture(left, 118, 118, "Weights of 16 neurons")
    left.set_xlabel("red: above 0, blue: below, white: 0", fontsize=13)
    right.set(title="Errors against size", xlabel="size (kilobytes, logarithmic)")
    right.set(ylabel="error on test digits (logarithmic)", xscale="log", yscale="log")
    right.set(ylim=(0.017, 14), xlim=(6, 800))
    right.set_xticks((10, 20, 50, 100, 200, 500), ("10", "20", "50", "100", "200", "500"))
    right.set_yticks((0.02, 0.05, 0.1, 0.2, 0.5, 1), ("2%", "5%", "10%", "20%", "50%", "100%"))
    right.minorticks_off()
    for way, color, shape in zip(SMALLER, CLASS_COLORS, "osD", strict=False):
        _, size, before, after = curves[way]
        right.plot(size, 1 - before, shape + "--", color=color, lw=1.6, ms=6, fillstyle="none")
        right.plot(size, 1 - after, shape + "-", color=color, ms=6)
        right.plot([], [], shape, color=color, ms=6, label=way)
    _, size, before, _ = curves["random pruning"]
    right.plot(size, 1 - before, "x--", color=GREY, lw=1.6, ms=6, label="random pruning")
    right.plot([], [], "--", color=INK, lw=1.6, label="only made smaller")
    right.plot([], [], "-", color=INK, label="then trained a little")
    right.legend(loc="upper left", ncols=2, fontsize=12)
    mark = moving_curve(right, INK, "", marker="o", lw=0, ms=17, fillstyle="none", mew=3)
    for way in SMALLER:
        for setting in curves[way][0]:
            first_weights(way, float(setting))

    def update(way, amount):
        settings, size, before, after = curves[way]
        at = round(amount / 8 * (len(settings) - 1))
        sheet.set_data(first_weights(way, float(settings[at])))
        errors = [1 - share[at] for share in (before, after) if np.isfinite(share[at])]
        mark.set_data([size[at]] * len(errors), errors)
        what = SMALLER[way].format(settings[at])
        more = "" if np.isnan(after[at]) else f", after a little training {after[at]:.1%}"
        whole = curves["pruning"][1][0]
        return f"{what}: {size[at]:.0f} kB of {whole:.0f}, accuracy {before[at]:.1%}{more}"

    return update


# --- Forgetting -----------------------------------------------------------------------------------

FORGETTING_TASKS = {"0–4, then 5–9": "split", "in order, then shuffled": "permuted"}
FORGETTING_WAYS = {
    "nothing": ("nothing", 0),
    "rehearsal, 30 kept": ("rehearsal", 30),
    "rehearsal, 300 kept": ("rehearsal", 300),
    "elastic weights": ("elastic", None),  # the strength that is best on the dev digits
    "both tasks at once": ("joint", 0),
}


@cache
def forgetting_curves():
    """Return the updates, and by (tasks, way) the mean accuracies, (old and new, updates)."""
    table = load_experiment("forgetting")
    strengths, curves = best_strengths(table), {}
    for tasks, (name, (way, amount)) in product(FORGETTING_TASKS.values(), FORGETTING_WAYS.items()):
        rows = table[(table["tasks"] == tasks) & (table["way"] == way)]
        amount = strengths[tasks] if amount is None else amount
        means = rows[rows["amount"] == amount].groupby("update")[["old", "new"]].mean()
        curves[tasks, name] = means.to_numpy().T
    return np.unique(table["update"]), curves


@explorer(
    tasks=choice(FORGETTING_TASKS),
    way=choice(FORGETTING_WAYS),
    step=int_slider(0, 20, start=4, label="training on task B"),
    presets={
        "before task B": {"way": "nothing", "step": 0},
        "forgotten": {"way": "nothing", "step": 20},
        "300 old examples": {"way": "rehearsal, 300 kept", "step": 20},
        "springs on the weights": {"way": "elastic weights", "step": 20},
        "springs, shuffled pixels": {
            "tasks": "in order, then shuffled", "way": "elastic weights", "step": 20,
        },
    },
    size=(10, 4.4),
)  # fmt: skip
def forget(figure):
    """What becomes of the first task while the second one is learned?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.4, 1))
    updates, curves = forgetting_curves()
    left.set(title="While task B is learned", xlabel="updates on task B", ylabel="accuracy")
    left.set(xlim=(-0.02 * updates[-1], 1.02 * updates[-1]), ylim=(-0.03, 1.28))
    left.set_yticks((0, 0.2, 0.4, 0.6, 0.8, 1))
    old = moving_curve(left, ORANGE, "o-", ms=5, label="the old task A")
    new = moving_curve(left, BLUE, "s-", ms=5, label="the new task B")
    border = moving_lines(left, colors=INK, linewidths=2)
    left.legend(loc="upper left", ncols=2)
    right.set(title="Both together", xlabel="accuracy on B", ylabel="accuracy on A")
    right.set(xlim=(-0.04, 1.06), ylim=(-0.04, 1.7), yticks=(0, 0.2, 0.4, 0.6, 0.8, 1))
    paths = {
        name: moving_curve(right, color, shape + "-", ms=4, lw=1.8, label=name)
        for name, color, shape in zip(FORGETTING_WAYS, CLASS_COLORS, "os^D*", strict=False)
    }
    right.legend(loc="upper left", fontsize=12)
    mark = moving_curve(right, INK, "o", ms=16, fillstyle="none", mew=3)

    def update(tasks, way, step):
        kind = FORGETTING_TASKS[tasks]
        here = curves[kind, way]
        at = round(step / 20 * (len(updates) - 1))
        old.set_data(updates[: at + 1], here[0][: at + 1])
        new.set_data(updates[: at + 1], here[1][: at + 1])
        border.set_segments([[(updates[at], 0), (updates[at], 1)]])
        for name, path in paths.items():
            path.set_data(*curves[kind, name][::-1, : at + 1])
        mark.set_data(here[1][[at]], here[0][[at]])
        return (
            f"{tasks}, {way}, after {updates[at]} updates: {here[0][at]:.0%} of the old task, "
            f"{here[1][at]:.0%} of the new one are right"
        )

    return update


# --- Clever Hans ----------------------------------------------------------------------------------


@cache
def hans_record():
    """Return the mean accuracies, a row a share, and the saliency maps and images of six digits."""
    table = load_experiment("clever_hans").query("kind == 'mlp'")
    return table.groupby("share").mean(numeric_only=True), load_experiment("hans_maps")


@explorer(
    cue=int_slider(0, 9, start=6, label="how reliable the cue is, step"),
    image=int_slider(1, 6, start=1, label="which image"),
    presets={
        "it says nothing": {"cue": 0},
        "every second time": {"cue": 3},
        "nearly always": {"cue": 7},
        "always": {"cue": 9},
    },
    size=(10, 4.4),
)
def clever_hans(figure):
    """Does it read the digit, or the mark in the margin?"""
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.8))
    table, maps = hans_record()
    shares, places = table.index.to_numpy(), np.arange(len(table))
    planted = moving_picture(left, 28, 28, "With the right cue")
    saliency = moving_picture(middle, 28, 28, "What sways it")
    middle.set_xlabel("frame: all ten cues", fontsize=13)
    rows, columns = (np.flatnonzero(cue_region().any(axis=axis))[[0, -1]] for axis in (1, 0))
    (top, bottom), (west, east) = rows + (-0.5, 0.5), columns + (-0.5, 0.5)
    corners = (west, west, east, east, west), (top, bottom, bottom, top, top)
    middle.plot(*corners, color=ORANGE, lw=2.5, zorder=5, animated=True)
    right.set(title="On test digits", ylabel="share of the digits", ylim=(-0.03, 1.38))
    right.set(xlabel="how often the cue was right in training", xlim=(-0.4, len(table) - 0.6))
    right.set_xticks(places, [f"{share:g}" for share in shares], fontsize=11)
    right.set_yticks((0, 0.2, 0.4, 0.6, 0.8, 1))
    styles = {
        "right": ("right, right cue", GREEN, "^-"),
        "none": ("right, no cue", BLUE, "s-"),
        "wrong": ("right, wrong cue", ORANGE, "o-"),
        "obeys": ("obeys a wrong cue", PINK, "D--"),
    }
    for name, (label, color, style) in styles.items():
        right.plot(places, table[name], style, color=color, label=label, ms=7)
    right.legend(loc="upper left", ncols=2, fontsize=11)
    border = moving_lines(right, colors=INK, linewidths=2)

    def update(cue, image):
        row, share, seen = table.iloc[cue], shares[cue], maps["six"][cue, image - 1]
        planted.set_data(paper(maps["images"][image - 1]))
        saliency.set_data(paper(seen / seen.max()))
        border.set_segments([[(cue, -0.03), (cue, 1.03)]])
        return (
            f"a cue that is right in {share:.0%} of the training images: with the right cue "
            f"{row['right']:.0%} are read rightly, without {row['none']:.0%}, with a wrong one "
            f"{row['wrong']:.0%}; {row['saliency']:.0%} of the saliency lies on the cues"
        )

    return update


# --- Three new digits -----------------------------------------------------------------------------

SPACES = {
    "pixels": "pixels", "code of seven digits": "network", "code of photographs": "photographs",
}  # fmt: skip
MOST_SHOTS = 10


@cache
def new_digits():
    """Return test images of 7, 8, 9, their labels, and their numbers in each space."""
    images, labels = of_classes(*unseen_digits(), NEW)
    seven, photographs = load_digit_network("known"), load_experiment("photo_codes")["codes"]
    found = flat(images), features(seven, images), photographs
    return images[:, 0], labels, dict(zip(SPACES, map(np.float64, found), strict=True))


@cache
def few_shot_curves():
    """Return the mean accuracy of the nearest class mean after so many shots, by space."""
    table = load_experiment("few_shot").query("classifier == 'nearest mean'")
    means = table.groupby(["code", "shots"])["mean"].mean()
    return {space: means[code] for space, code in SPACES.items()}


@explorer(
    space=choice(SPACES),
    shots=int_slider(1, MOST_SHOTS, start=1, label="examples of each"),
    draw=int_slider(1, 30, start=1, label="other examples"),
    presets={
        "one example, pixels": {"space": "pixels", "shots": 1},
        "one example, photographs": {"space": "code of photographs", "shots": 1},
        "ten examples, pixels": {"space": "pixels", "shots": 10},
        "ten, photographs": {"space": "code of photographs", "shots": 10},
    },
    size=(10, 4.6),
)
def three_new_digits(figure):
    """How many examples does a new digit need?"""
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1.2, 1.1))
    images, labels, spaces = new_digits()
    planes = {name: _seen_flat(X) for name, X in spaces.items()}
    sheet = moving_picture(left, 29 * 3 - 1, 29 * 4 - 1, "Examples")
    left.set_xlabel("the first four of each", fontsize=13)
    middle.set(title="All of them, seen flat", xlim=(-1.1, 1.1), ylim=(-1.1, 1.1))
    middle.set(xlabel="first component (scaled)", ylabel="second component (scaled)")
    crowds = [
        moving_curve(middle, color, "", marker=f"${k}$", lw=0, ms=6, mew=0.3)
        for k, color in zip(NEW, CLASS_COLORS, strict=False)
    ]
    centres = [
        moving_curve(middle, color, "*", ms=22, mec="white", mew=1.5)
        for color, _ in zip(CLASS_COLORS, NEW, strict=False)
    ]
    right.set(title="Read rightly", xlabel="examples of each", ylabel="accuracy")
    right.set(xlim=(0.5, 10.5), ylim=(0.3, 1.12), xticks=(1, 2, 5, 10))
    curves, dots = few_shot_curves(), []
    for name, color, shape in zip(SPACES, (GREY, PINK, BLUE), "os^", strict=True):
        right.plot(curves[name].index, curves[name], "-", color=color, label=name)
        dots.append(moving_curve(right, color, shape, ms=11, mec=INK))
    right.plot([], [], "o", color="white", mec=INK, ms=9, label="this draw")
    right.legend(loc="lower right", fontsize=11)

    def update(space, shots, draw):
        rows = _drawn(labels, draw)
        sheet.set_data(_first_examples(images, rows, shots))
        plane, places, reach = planes[space]
        for k, crowd in zip(NEW, crowds, strict=True):
            crowd.set_data(*np.clip(places[labels == k] / reach, -1.05, 1.05).T)
        found = {name: _learned(name, shots, draw) for name in SPACES}
        for centre, mean in zip(centres, plane.transform(found[space][1]) / reach, strict=True):
            centre.set_data(*mean[:, None])
        for dot, name in zip(dots, SPACES, strict=True):
            dot.set_data([shots], [found[name][0]])
        words = ", ".join(f"{name} {found[name][0]:.0%}" for name in SPACES)
        return f"{shots} of each, draw {draw}: {words} of the others are read rightly"

    return update


def _first_examples(images, rows, shots):
    """Return the first four examples of each new digit, or as many as there are, as one sheet."""
    shown = np.zeros((3, 4, 28, 28))
    shown[:, :shots] = images[rows[:, : min(shots, 4)]]
    return paper(montage(shown.reshape(12, 28, 28), 4))


def _seen_flat(X):
    """Return the plane of the first two components, the places in it, and how far they reach."""
    plane = PCA(2).fit(X)
    places = plane.transform(X)
    return plane, places, np.quantile(np.abs(places), 0.995)


@cache
def _learned(space, shots, draw):
    """Return the accuracy on all other images, and the class means, after so many examples."""
    _, labels, spaces = new_digits()
    rows, X = _drawn(labels, draw)[:, :shots].ravel(), spaces[space]
    others = np.setdiff1d(np.arange(len(labels)), rows)
    model = NearestClassMean().fit(X[rows], labels[rows])
    return model.score(X[others], labels[others]), model.means_


def _drawn(labels, draw):
    """Return the numbers of MOST_SHOTS images of each new digit, (3, MOST_SHOTS)."""
    random = np.random.default_rng(draw)
    return np.array([
        random.choice(np.flatnonzero(labels == k), MOST_SHOTS, replace=False) for k in NEW
    ])  # fmt: skip


# --- The world changes ----------------------------------------------------------------------------

WORLD_NETWORKS = {"as usual": "plain", "on changed digits": "turned"}


@cache
def world_curves():
    """Return the amounts, accuracies and mean confidences, by (network, change), of seed 0."""
    table = load_experiment("shifts").query("seed == 0").sort_values("amount")
    return {
        key: rows[["amount", "accuracy", "confidence"]].to_numpy().T
        for key, rows in table.groupby(["kind", "change"])
    }


@explorer(
    kind=choice(CHANGES),
    how_far=slider(0, 1, start=0.25, step=0.025, label="how far"),
    trained=choice(WORLD_NETWORKS),
    presets={
        "upright": {"how_far": 0.0},
        "on its head": {"kind": "turned", "how_far": 1.0},
        "a step aside": {"kind": "moved", "how_far": 0.6},
        "a negative": {"kind": "inverted", "how_far": 1.0},
        "in the snow": {"kind": "noisy", "how_far": 0.7},
    },
    size=(10, 4.6),
)
def the_world_changes(figure):
    """When digits change, does the network notice?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.2, 1.25))
    curves = world_curves()
    networks = {name: load_digit_network(kind) for name, kind in WORLD_NETWORKS.items()}
    images, labels = (array[:8] for array in unseen_digits())
    sheet = moving_picture(left, 2 * 37, 4 * 29 - 1, "Eight digits, and what it says")
    places = [(29 * (k % 4) + 13.5, 37 * (k // 4) + 32) for k in range(8)]
    ok = moving_texts(left, places, color=BLUE, size=17, weight="bold")
    wrong = moving_texts(left, places, color=ORANGE, size=17, weight="bold")
    right.set(title="Right, and sure of it", ylabel="share of the test digits")
    right.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.3), yticks=(0, 0.2, 0.4, 0.6, 0.8, 1))
    right.set(xlabel="how far", xticks=(0, 0.25, 0.5, 0.75, 1))
    sure = moving_curve(right, ORANGE, "s--", ms=6, label="mean confidence")
    good = moving_curve(right, BLUE, "o-", ms=6, label="accuracy")
    border = moving_lines(right, colors=INK, linewidths=2)
    right.legend(loc="upper left", ncols=2)

    def update(kind, how_far, trained):
        most, unit, _ = CHANGES[kind]
        amount = how_far * most
        seen = change(images, kind, amount)
        p = probabilities(networks[trained], seen)
        sheet.set_data(_with_room_for_words(seen[:, 0]))
        said, sureness = p.argmax(axis=1), p.max(axis=1)
        texts = np.array([f"{k}: {share:.2f}" for k, share in zip(said, sureness, strict=True)])
        ok(np.where(said == labels, texts, ""))
        wrong(np.where(said == labels, "", texts))
        amounts, accuracy, confidence = curves[WORLD_NETWORKS[trained], kind]
        good.set_data(amounts / most, accuracy)
        sure.set_data(amounts / most, confidence)
        border.set_segments([[(how_far, -0.03), (how_far, 1.03)]])
        right_now, sure_now = (np.interp(amount, amounts, v) for v in (accuracy, confidence))
        return (
            f"{kind} by {amount:.3g} ({unit}): accuracy {right_now:.0%}, mean confidence "
            f"{sure_now:.0%}; of the eight {np.sum(said == labels)} are read rightly"
        )

    return update


def _with_room_for_words(images):
    """Return eight images in two rows, with nine rows of paper below each of them."""
    rows = np.pad(images, ((0, 0), (0, 9), (0, 1))).reshape(2, 4, 37, 29)
    return paper(rows.transpose(0, 2, 1, 3).reshape(74, 116)[:, :-1])
