"""Lesson 10: what a bound promises, labelings by lines, labels learned by heart, two descents, what
foretells the gap, flat and sharp valleys, and what rescaling does to them."""

from functools import cache, lru_cache
from itertools import zip_longest

import numpy as np
from matplotlib.colors import to_rgba
from scipy.ndimage import maximum_filter1d
from scipy.stats import rankdata

from course_lib.capacity import examples_needed, label_all
from course_lib.deep_training import small_digits
from course_lib.drawing import (
    BLUE,
    CLASS_COLORS,
    CLASS_SHAPES,
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
from course_lib.flatness import reached
from course_lib.generalization import vc_bound
from course_lib.linear_models import indicators
from course_lib.memorisation import RandomFeatures, decompose, random_labels, shrink, some_digits

# --- A promise ------------------------------------------------------------------------------------

EXAMPLES = np.unique(np.geomspace(10, 1e9, 120).astype(int))
CAPACITIES = np.unique(np.geomspace(1, 1e6, 25).astype(int))


@explorer(
    R=log_slider(10, 1e9, start=1000, label="examples R"),
    M=log_slider(1, 1e6, start=10, label="VC dimension M"),
    delta=log_slider(1e-6, 0.5, start=0.05, label="δ"),
    presets={
        "a line, 1,000 examples": {"R": 1000, "M": 3, "delta": 0.05},
        "VC dimension a million": {"R": 60_000, "M": 1e6, "delta": 0.05},
        "enough for them": {"R": 1e9, "M": 1e6, "delta": 0.05},
        "almost certain": {"R": 1000, "M": 3, "delta": 1e-6},
    },
    size=(10, 4.4),
)
def bound(figure):
    """How much worse can it be on new data?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.2, 1))
    left.set(title="The promise", xlabel="examples R", ylabel="Ω(R, M, δ)", xscale="log")
    left.set(yscale="log", xlim=(7, 1.5e9), ylim=(5e-5, 5))
    left.axhspan(1, 5, color=GREY, alpha=0.35, lw=0)
    left.text(1e9, 2.1, "above 1: says nothing", ha="right", va="center", fontsize=13)
    curve = moving_curve(left, ORANGE)
    mark = moving_curve(left, ORANGE, "o", ms=13)
    right.set(title="Examples for Ω ≤ 0.1", xlabel="VC dimension M", ylabel="examples R")
    right.set(xscale="log", yscale="log", xlim=(0.7, 1.5e6), ylim=(50, 1e10))
    need = moving_curve(right, BLUE)
    here = moving_curve(right, BLUE, "o", ms=13)

    @lru_cache(maxsize=1)
    def promises(M, delta):
        usable = EXAMPLES[EXAMPLES >= M]
        return usable, np.array([vc_bound(R, M, delta) for R in usable])

    @lru_cache(maxsize=4)
    def needed(delta):
        return np.array([examples_needed(M, 0.1, delta) for M in CAPACITIES])

    def update(R, M, delta):
        R, M = round(R), round(M)
        curve.set_data(*promises(M, delta))
        need.set_data(CAPACITIES, needed(delta))
        wanted = examples_needed(M, 0.1, delta)
        here.set_data([M], [wanted])
        said = f"Ω ≤ 0.1 would need {brief(wanted)} examples, {wanted / M:,.0f} for each unit of M"
        if R < M:
            mark.set_data([], [])
            return f"R < M: nothing is promised, for some examples any labels can be fitted; {said}"
        omega = vc_bound(R, M, delta)
        mark.set_data([R], [omega])
        vain = "above 1, so it says nothing" if omega >= 1 else f"with probability {1 - delta:.6g}"
        return f"error_test ≤ error_train + {omega:.3g}, {vain}; {said}"

    return update


def brief(count):
    """Write a count: 123,456, and from a million on in millions or billions."""
    for size, name in ((1e9, "billion"), (1e6, "million")):
        if count >= size:
            return f"{count / size:.3g} {name}"
    return f"{count:,}"


# --- Three points and four ------------------------------------------------------------------------

CORNERS = np.array(
    [[-0.7, -0.6], [0.7, -0.6]]
)  # A and B stay: only where C and D lie to them counts
NAMES = "ABCD"


@explorer(
    points=choice((3, 4)),
    c_x=slider(-1, 1, start=0.0, step=0.05, label="C, across"),
    c_y=slider(-1, 1, start=0.7, step=0.05, label="C, up"),
    d_x=slider(-1, 1, start=0.8, step=0.05, label="D, across"),
    d_y=slider(-1, 1, start=0.6, step=0.05, label="D, up"),
    labeling=int_slider(0, 15, start=2),
    presets={
        "a triangle": {"points": 3, "c_x": 0, "c_y": 0.7, "labeling": 2},
        "three on a line": {"points": 3, "c_x": 0, "c_y": -0.6, "labeling": 6},
        "a square": {"points": 4, "c_x": 0.7, "c_y": 0.7, "d_x": -0.7, "d_y": 0.7, "labeling": 10},
        "one inside": {"points": 4, "c_x": 0, "c_y": 0.8, "d_x": 0, "d_y": -0.2, "labeling": 1},
    },
    size=(10, 5),
)
def shattering(figure):
    """Can a straight line make every labeling of these points?"""
    left, right = figure.subplots(1, 2, width_ratios=(1, 1))
    left.set(title="One labeling", xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal")
    left.set(xticks=[], yticks=[])
    right.set(title="All of them", xlim=(-0.05, 4.05), ylim=(-0.05, 4.05), aspect="equal")
    right.axis("off")
    frames = moving_polygons(right, edgecolors=GREY, linewidths=1.2, zorder=0)
    chosen = moving_polygons(right, facecolors="none", edgecolors=INK, linewidths=3.5)
    tints = np.array([to_rgba(PINK, 0.45), to_rgba(PINK, 0)])  # impossible, possible
    big = _label_marks(left, 17), moving_lines(left, colors=INK, linewidths=3)
    small = _label_marks(right, 8), moving_lines(right, colors=INK, linewidths=1.8)
    spare = moving_curve(left, GREY, "o", ms=15, fillstyle="none", mew=2)
    write = moving_texts(left, [], size=16, weight="bold")
    verdict = moving_texts(left, [(0.5, 0.05)], color=PINK, size=17, weight="bold", on="axes")

    def update(points, c_x, c_y, d_x, d_y, labeling):
        everything = np.vstack([CORNERS, [(c_x, c_y), (d_x, d_y)]])
        some, shown = everything[:points], labeling % 2**points
        found = label_all(some)
        able = found.gap > 0
        places = _cells(2**points)
        frames.set_verts(_squares(places))
        frames.set_facecolors(tints[able.astype(int)])
        chosen.set_verts(_squares(places[shown : shown + 1]))
        _put(small, some, found, np.arange(2**points), places, 1 / 2.6)
        _put(big, some, found, [shown], np.zeros((1, 2)), 1)
        spare.set_data(*everything[points:].T)
        write(*_names(some))
        verdict(["" if able[shown] else "no line does this"])
        done = "shattered" if able.all() else "not shattered"
        return f"lines make {able.sum()} of the {2**points} labelings: {done}"

    return update


def _names(points):
    """What is written above the points, and where: "C, D" once where they lie on each other."""
    apart = np.hypot(*(points[:, None] - points).T)
    first = (apart < 0.12).argmax(axis=0)  # of those that lie here
    names = [
        ", ".join(np.array(list(NAMES))[: len(points)][first == i]) for i in range(len(points))
    ]
    return names, points + (0, 0.2)


def _label_marks(axes, size):
    """Two moving sets of marks, one a label: a circle shows behind a square at the same place."""
    shapes = zip(CLASS_COLORS[1::-1], "os", (1.15 * size, 0.7 * size), strict=True)
    style = {"mec": "white", "mew": size / 17}
    return [moving_curve(axes, color, shape, ms=ms, **style) for color, shape, ms in shapes]


def _cells(n):
    """The middles of n cells, four a row, from the top: shape (n, 2)."""
    rows, columns = np.divmod(np.arange(n), 4)
    return np.column_stack([columns + 0.5, 3.5 - rows])


def _squares(places, half=0.46):
    corners = half * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    return places[:, None] + corners


def _put(artists, points, found, which, places, scale):
    """Draw some labelings around their places: the marks, and the lines where there are any."""
    marks, lines = artists
    spots = places[:, None] + scale * points  # (labelings, k, 2)
    labels = found.labels[which]
    marks[0].set_data(*spots[labels].T)
    marks[1].set_data(*spots[~labels].T)
    segments = []
    for i, place in zip(which, places, strict=True):
        if found.gap[i] and 0 < found.labels[i].sum() < len(points):
            ends = _chord(found.w[i], found.b[i], 1.15)
            segments += [place + scale * ends] if len(ends) else []
    lines.set_segments(segments)


def _chord(w, b, radius):
    """The two ends of the line w·x + b = 0 in a circle around 0; none if it passes by."""
    foot, along = -b * w, np.array([-w[1], w[0]])  # w has length 1
    half = np.sqrt(max(radius**2 - b**2, 0))
    return foot + half * np.array([-along, along]) if half else ()


# --- Labels learned by heart ----------------------------------------------------------------------

SHARES = (0, 0.2, 0.5, 1)


@cache
def recorded_memories():
    """Return the mean of five stored trainings: (update, training, test error) by share."""
    table = load_experiment("random_labels_curves")
    table = table[table["update"] > 0]
    means = table.groupby(["share", "update"], as_index=False)[["training", "test"]].mean()
    return {share: part.to_numpy()[:, 1:].T for share, part in means.groupby("share")}


@explorer(
    share=choice(SHARES, label="share of random labels"),
    update=log_slider(20, 1200, start=40),
    presets={
        "true labels": {"share": 0, "update": 1200},
        "half of them random": {"share": 0.5, "update": 1200},
        "all of them random": {"share": 1, "update": 1200},
    },
    size=(10, 4.4),
)
def memorising(figure):
    """What does a network do with labels that make no sense?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    runs = recorded_memories()
    left.set(
        title="While they learn: the mean of five", xlabel="update", ylabel="error", xscale="log"
    )
    left.set(xlim=(18, 1300), ylim=(-0.03, 1.3), yticks=[0, 0.2, 0.4, 0.6, 0.8, 1])
    left.set_xticks([20, 50, 100, 200, 500, 1000], ["20", "50", "100", "200", "500", "1,000"])
    left.minorticks_off()
    left.axhline(0.9, color=GREY, ls="--", lw=1.5)
    training = moving_curve(left, BLUE, label="on the labels it was given")
    new = moving_curve(left, ORANGE, label="on new digits")
    left.legend(loc="upper right")
    right.set(title="At the end", xlabel="share of random labels", ylabel="error")
    right.set(xlim=(-0.06, 1.06), ylim=(-0.03, 1.3), yticks=[0, 0.2, 0.4, 0.6, 0.8, 1])
    right.axhline(0.9, color=GREY, ls="--", lw=1.5)
    right.text(0.02, 0.93, "guessing", color=GREY)
    fitted = moving_curve(right, BLUE, "o-", ms=9)
    tested = moving_curve(right, ORANGE, "s-", ms=9)

    def update_(share, update):
        seen = runs[share][:, runs[share][0] <= update]
        training.set_data(*seen[:2])
        new.set_data(*seen[::2])
        passed = [one for one in SHARES if one <= share]
        fitted.set_data(passed, [runs[one][1, -1] for one in passed])
        tested.set_data(passed, [runs[one][2, -1] for one in passed])
        done, wrong, wrong_new = seen[:, -1]
        return (
            f"after {done:,.0f} updates it errs on {wrong:.1%} of the labels it was given and on "
            f"{wrong_new:.1%} of new digits (mean of five networks)"
        )

    return update_


# --- Two descents ---------------------------------------------------------------------------------

DIGITS = 200
FEATURES = (10, 20, 40, 70, 100, 130, 160, 180, 200, 220, 250, 300, 400, 600, 1000, 2000)
RIDGES = {"no ridge": 0.0, "α = 0.001": 1e-3, "α = 0.1": 0.1, "α = 10": 10.0}


@cache
def decomposed_features():
    """Return what noise and ridge leave as it is: parts, true labels, those of new digits.

    The parts are one a number of features, (U, s, new Φ V): Φ = U S Vᵀ holds the random features of
    200 digits, new Φ those of 500 others.
    """
    (X, y), digits = some_digits(DIGITS), small_digits(7000)
    new, y_new = digits.X_test[:500], digits.y_test[:500]
    parts = []
    for features in FEATURES:
        model = RandomFeatures(features, seed=0)
        U, s, V = decompose(model.transform(X))
        parts.append((U, s, model.transform(new) @ V))
    return parts, y, y_new


def fits_by_width(noise, alpha):
    """Return the errors on 200 digits and on new ones, and the size of the weights, by width."""
    parts, y, y_new = decomposed_features()
    given, rows = random_labels(y, noise), []
    targets = indicators(given, range(10))
    for U, s, outward in parts:
        along = shrink(U, s, targets, alpha)  # Vᵀ c
        fitted = U @ (s[:, None] * along)
        wrong = [
            np.mean(part.argmax(axis=1) != labels)
            for part, labels in ((fitted, given), (outward @ along, y_new))
        ]
        rows.append((*wrong, np.linalg.norm(along)))
    return np.array(rows).T


@explorer(
    width=int_slider(0, len(FEATURES) - 1, start=2, label="features, step"),
    noise=slider(0, 0.6, start=0.2, step=0.05, label="share of random labels"),
    ridge=choice(RIDGES),
    presets={
        "one feature a digit": {"width": 8, "noise": 0.2, "ridge": "no ridge"},
        "ten features a digit": {"width": 15, "noise": 0.2, "ridge": "no ridge"},
        "true labels": {"width": 15, "noise": 0, "ridge": "no ridge"},
        "with a ridge": {"width": 15, "noise": 0.2, "ridge": "α = 0.1"},
    },
    size=(10, 4.6),
)
def double_descent(figure):
    """Two hundred digits and more and more features: when is it worst?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.2, 1))
    scale = {"xlabel": "random features", "xscale": "log", "xlim": (8, 2500)}
    left.set(title="Misread digits", ylabel="error", ylim=(-0.03, 1.2), **scale)
    right.set(title="Size of the weights", ylabel="‖c‖", yscale="log", ylim=(0.3, 3000), **scale)
    for axes in (left, right):
        axes.set_xticks([10, 50, 200, 1000], ["10", "50", "200", "1,000"])
        axes.axvline(DIGITS, color=GREY, ls=":")
    left.text(DIGITS * 1.08, 1.1, "as many as digits", color=GREY, va="center")
    fitted = moving_curve(left, BLUE, "o-", ms=7, label="the 200")
    new = moving_curve(left, ORANGE, "s-", ms=7, label="new digits")
    left.legend(loc="upper left")
    sizes = moving_curve(right, GREEN, "D-", ms=7)
    found = cache(lambda noise, ridge: fits_by_width(noise, RIDGES[ridge]))
    decomposed_features()  # now, so that no move has to wait for it

    def update(width, noise, ridge):
        errors, test_errors, norms = found(noise, ridge)
        seen = FEATURES[: width + 1]
        fitted.set_data(seen, errors[: width + 1])
        new.set_data(seen, test_errors[: width + 1])
        sizes.set_data(seen, norms[: width + 1])
        return (
            f"{FEATURES[width]:,} features misread {errors[width]:.0%} of the 200 and "
            f"{test_errors[width]:.0%} of new digits; the weights have size {norms[width]:.3g}"
        )

    return update


# --- What foretells the gap -----------------------------------------------------------------------

MEASURES = {
    "sensitivity": "sensitivity",
    "sharpness": "sharpness",
    "relative sharpness": "adaptive",
    "top eigenvalue": "curvature",
    "width of the valley": "valley",
    "size of the weights": "norm",
}
GROUPS = {
    "random labels": "noise", "width": "width", "batch size": "batch", "learning rate": "rate",
}  # fmt: skip
TARGETS = {"gap": "gap", "test error": "test"}


def alike(nets):
    """Return the rank correlations of nets that differ in batch size and learning rate only.

    They are the means of those within each share of random labels, width and seed: a dictionary of
    tables, a row and a column a measure, by kind and value. ("width", 32) are the nets of this
    width; ("noise", 0.2) those with this share; None all of them.
    """
    columns = [*MEASURES.values(), *TARGETS.values()]
    inside = nets.groupby(["noise", "width", "seed"])[columns].corr(method="spearman")
    parts = [((kind, v), part) for kind in ("noise", "width") for v, part in inside.groupby(kind)]
    return {of: part.groupby(level=-1).mean() for of, part in [(None, inside), *parts]}


@explorer(
    measure=choice(MEASURES),
    target=choice(TARGETS, label="against"),
    colour=choice(GROUPS, label="coloured by"),
    group=int_slider(0, 6, start=0, label="show a group (0: all)"),
    presets={
        "sensitivity, all": {"measure": "sensitivity", "colour": "random labels", "group": 0},
        "sensitivity, true labels": {
            "measure": "sensitivity",
            "colour": "random labels",
            "group": 1,
        },
        "sharpness, true labels": {"measure": "sharpness", "colour": "random labels", "group": 1},
        "sharpness by batch size": {"measure": "sharpness", "colour": "batch size", "group": 0},
    },
    size=(10, 5),
)
def what_foretells(figure):
    """Which measure of a trained network foretells how it does on new data?"""
    nets = reached(load_experiment("trained_nets"))
    axes = figure.subplots()
    axes.set(title="Each mark is a trained network", xlabel="rank of the measure among those shown")
    axes.set(ylabel="gap, or test error", xlim=(-0.03, 1.42), ylim=(0.08, 0.34), xticks=[0, 0.5, 1])
    heights = 0.325 - 0.018 * np.arange(len(CLASS_COLORS))
    styles = zip(CLASS_COLORS, CLASS_SHAPES, strict=True)
    marks = [moving_curve(axes, *style, ms=8, alpha=0.8, mec="white") for style in styles]
    write = moving_texts(axes, [(1.25, height) for height in heights])
    columns = {name: column.to_numpy() for name, column in nets.items()}
    inside = alike(nets)

    def update(measure, target, colour, group):
        values, y = columns[GROUPS[colour]], columns[TARGETS[target]]
        kinds = np.unique(values)
        chosen = kinds if group == 0 else kinds[min(group, len(kinds)) - 1 :][:1]
        shown = np.isin(values, chosen)
        ranks = np.zeros(len(y))
        ranks[shown] = (rankdata(columns[MEASURES[measure]][shown]) - 1) / (shown.sum() - 1)
        for kind, mark, height in zip_longest(kinds, marks, heights):
            here, key = shown & (values == kind), [height] * int(kind in chosen)
            mark.set_data([*ranks[here], *[1.08] * len(key)], [*y[here], *key])
        names = [f"{colour} {kind:g}" if kind in chosen else "" for kind in kinds]
        write(names + [""] * (len(marks) - len(names)))
        pooled = np.corrcoef(ranks[shown], rankdata(y[shown]))[0, 1]
        same = inside.get((GROUPS[colour], chosen[0]) if len(chosen) == 1 else None, inside[None])
        within = same.at[TARGETS[target], MEASURES[measure]]
        return (
            f"rank correlation {pooled:+.2f} among these {shown.sum()} networks, {within:+.2f} "
            "among those that differ in batch size and learning rate only"
        )

    return update


# --- Two definitions of flat ----------------------------------------------------------------------

THETA = np.linspace(-2, 2, 401)
REFERENCE = 8.0  # the curvature of the grey valley, on both sides


def valley(theta, left, right):
    """Return ½hθ², with the curvature h of each side."""
    return np.where(theta < 0, left, right) * theta**2 / 2


def _level(pair, height):
    """A horizontal line between two places."""
    return [(x, height) for x in pair]


def _show(mark, wanted, x, y):
    """Put a mark at a place, or nowhere."""
    mark.set_data(*([x], [y]) if wanted else ([], []))


def width_at(height, left, right):
    """Return where the valley reaches the height, to the left and to the right of 0."""
    return -np.sqrt(2 * height / left), np.sqrt(2 * height / right)


@explorer(
    left=log_slider(0.5, 100, start=8, label="curvature, left"),
    right=log_slider(0.5, 100, start=8, label="curvature, right"),
    height=slider(0.2, 2.5, start=1, step=0.05, label="height ξ"),
    radius=slider(0.1, 1, start=0.4, step=0.02, label="radius ε"),
    presets={
        "as the grey one": {"left": 8, "right": 8, "height": 1, "radius": 0.4},
        "sharp": {"left": 60, "right": 60, "height": 1, "radius": 0.4},
        "flat": {"left": 1.5, "right": 1.5, "height": 1, "radius": 0.4},
        "the two disagree": {"left": 1, "right": 60, "height": 1, "radius": 0.4},
    },
    size=(10, 4.6),
)
def two_definitions(figure):
    """Is the orange valley flatter than the grey one?"""
    one, two = figure.subplots(1, 2, sharey=True)
    one.set(title="Width at the height ξ", ylabel="loss", ylim=(0, 4.2))
    two.set(title="Worst loss within ε")
    for axes in (one, two):
        axes.set(xlabel="θ", xlim=(-2, 2))
        axes.plot(THETA, valley(THETA, REFERENCE, REFERENCE), color=GREY, lw=5, alpha=0.5)
    curves = [moving_curve(axes, ORANGE) for axes in (one, two)]
    level = moving_curve(one, INK, ":")
    bars = moving_lines(one, colors=[ORANGE, GREY], linewidths=[6, 6])
    band = moving_polygons(two, facecolors=BLUE, edgecolors="none", alpha=0.2)
    worst = moving_lines(two, colors=[ORANGE, GREY], linewidths=[6, 6])
    tops = moving_curve(two, ORANGE, "o", ms=11)
    arrows = [moving_curve(*place, ms=17) for place in ((one, ORANGE, "<"), (one, ORANGE, ">"))]
    upward = moving_curve(two, ORANGE, "^", ms=17)

    def update(left, right, height, radius):
        for curve in curves:
            curve.set_data(THETA, valley(THETA, left, right))
        ends, grey = width_at(height, left, right), width_at(height, REFERENCE, REFERENCE)
        level.set_data([-2, 2], [height] * 2)
        drawn = np.clip(ends, -2, 2)
        bars.set_segments([_level(drawn, height + 0.06), _level(grey, height - 0.06)])
        for arrow, end in zip(arrows, ends, strict=True):  # where the bar is cut off
            _show(arrow, abs(end) > 2, 1.93 * np.sign(end), height + 0.06)
        band.set_verts([[(-radius, 0), (radius, 0), (radius, 4.2), (-radius, 4.2)]])
        rise, usual = max(left, right) * radius**2 / 2, REFERENCE * radius**2 / 2
        side = radius if right >= left else -radius
        worst.set_segments([[(side, 0), (side, min(rise, 4))], [(-side, 0), (-side, usual)]])
        _show(tops, rise <= 4, side, rise)
        _show(upward, rise > 4, side, 4)
        wide, flat = ends[1] - ends[0] >= grey[1] - grey[0], rise <= usual
        verdict = "the two agree" if wide == flat else "the two definitions disagree"
        return (
            f"width {ends[1] - ends[0]:.2f} (grey {grey[1] - grey[0]:.2f}), worst rise {rise:.2f} "
            f"(grey {usual:.2f}): {verdict}"
        )

    return update


# --- Between two solutions ------------------------------------------------------------------------

FLOOR = 1e-3  # an error of 0 is drawn here


@explorer(
    t=slider(-1, 2, start=0, step=0.05, label="place"),
    pair=int_slider(0, 2, start=0, label="pair of networks"),
    noise=choice((0, 0.2), label="share of random labels"),
    shown=choice(("loss", "error")),
    presets={
        "small batches": {"t": 0, "shown": "loss"},
        "large batches": {"t": 1, "shown": "loss"},
        "half-way": {"t": 0.5, "shown": "loss"},
        "wrong labels: errors": {"t": 0.5, "noise": 0.2, "shown": "error"},
    },
    size=(10, 4.6),
)
def slice_between(figure):
    """What lies between a small-batch and a large-batch solution?"""
    slices = load_experiment("slices")
    axes = figure.subplots()
    axes.set(title="A straight line through both", xlabel="0: small batches … 1: large batches")
    axes.set(ylabel="loss, or share of errors", xlim=(-1.02, 2.02), yscale="log", ylim=(8e-4, 50))
    axes.set_yticks([1e-3, 0.01, 0.1, 1, 10], ["≤ 0.001", "0.01", "0.1", "1", "10"])
    for place in (0, 1):
        axes.axvline(place, color=GREY, ls=":")
    training = moving_curve(axes, BLUE, label="training")
    test = moving_curve(axes, ORANGE, label="new digits")
    marks = moving_curve(axes, INK, "o", ms=11)
    best = moving_curve(axes, ORANGE, "^", ms=13, label="new digits at their best")
    axes.legend(loc="upper right")
    ts = slices["t"]

    def update(t, pair, noise, shown):
        of = f"noise_{noise}_seed_{pair}"
        lines = [slices[f"{of}_{part}_{shown}"] for part in ("training", "test")]
        training.set_data(ts, np.maximum(lines[0], FLOOR))
        test.set_data(ts, np.maximum(lines[1], FLOOR))
        here = [np.interp(t, ts, line) for line in lines]
        marks.set_data([t, t], np.maximum(here, FLOOR))
        lowest = lines[1].argmin()
        best.set_data([ts[lowest]], [0.7 * lines[1][lowest]])
        return (
            f"{shown} at {t:.2f}: training {here[0]:.3g}, new digits {here[1]:.3g}; "
            f"these are at their best at {ts[lowest]:.2f}: {lines[1][lowest]:.3g}"
        )

    return update


# --- Rescaling ------------------------------------------------------------------------------------

ALPHAS = np.geomspace(0.25, 4, 33)
CIRCLE = np.linspace(0, 2 * np.pi, 91)
INSIDE = np.array([0.5, 1.0])  # shares of the radius that are looked at
UNIT = np.array([np.cos(CIRCLE), np.sin(CIRCLE)])


def two_weights_loss(first, second):
    """Return (w₁w₂ − 1)²: y = w₂ ReLU(w₁x) should be 1 at x = 1."""
    return (first * second - 1) ** 2


def worst_around(alphas, radius, relative=False):
    """Return the worst loss within the radius around each (α, 1/α), and the circles, (2, n, 91).

    With `relative` a weight is moved by its share of the radius: the circles are ellipses.
    """
    here = np.array([alphas, 1 / np.asarray(alphas)])[..., None]
    outward = radius * UNIT[:, None] * (here if relative else 1)
    nearby = here[..., None] + outward[..., None] * INSIDE
    return two_weights_loss(*nearby).max(axis=(1, 2)), here + outward


def _draw_two_weights(left, axes):
    """Draw the one function, and its loss over the weights, the darker the larger."""
    left.set(title="The function", xlabel="x", ylabel="y = w₂ ReLU(w₁x)")
    left.set(xlim=(-1, 2), ylim=(-0.2, 2.6))
    left.plot([-1, 0, 2], [0, 0, 2], color=BLUE, lw=4)
    grid = np.linspace(0, 4.7, 140)
    loss = np.log10(two_weights_loss(grid[None], grid[:, None]) + 1e-3)
    everywhere = {"extent": (0, 4.7, 0, 4.7), "origin": "lower", "aspect": "auto"}
    axes.imshow(loss, cmap="Greys", zorder=0, **everywhere)
    axes.plot(grid[7:], 1 / grid[7:], color=GREEN, lw=2, label="loss 0")
    axes.set(title="Where it stands", xlabel="w₁", ylabel="w₂", xlim=(0, 4.7), ylim=(0, 4.7))
    axes.grid(False)


@explorer(
    alpha=log_slider(0.25, 4, start=1, label="α"),
    radius=slider(0.05, 0.5, start=0.2, step=0.01, label="radius ε"),
    presets={
        "balanced": {"alpha": 1, "radius": 0.2},
        "first layer × 3": {"alpha": 3, "radius": 0.2},
        "first layer × 1/4": {"alpha": 0.25, "radius": 0.2},
    },
    size=(10, 4.4),
)
def rescaling(figure):
    """Same function, other weights: is the valley still as flat?"""
    left, middle, right = figure.subplots(1, 3, width_ratios=(0.8, 1.25, 1.1))
    formula = moving_texts(left, [(0.5, 0.9)], size=14, on="axes")
    _draw_two_weights(left, middle)
    ball = moving_curve(middle, ORANGE, label="within ε")
    share = moving_curve(middle, BLUE, "--", label="relative")
    spot = moving_curve(middle, ORANGE, "o", ms=7)
    middle.legend(loc="upper right")
    right.set(title="Worst loss nearby", xlabel="α", ylabel="sharpness", xscale="log", yscale="log")
    right.set(xlim=(0.23, 4.4), ylim=(2e-3, 20))
    right.set_xticks([0.25, 0.5, 1, 2, 4], ["¼", "½", "1", "2", "4"])
    right.minorticks_off()
    absolute = moving_curve(right, ORANGE, label="within ε")
    constant = moving_curve(right, BLUE, "--", label="relative")
    dots = moving_curve(right, INK, "o", ms=10)
    right.legend(loc="upper center")

    both = (False, True)
    curves = cache(lambda radius: [worst_around(ALPHAS, radius, kind)[0] for kind in both])

    def update(alpha, radius):
        formula([f"{1 / alpha:.2f} ReLU({alpha:.2f} x)"])
        ((worst,), ring), ((worst_share,), oval) = (
            worst_around([alpha], radius, kind) for kind in both
        )
        ball.set_data(*ring[:, 0])
        share.set_data(*oval[:, 0])
        spot.set_data([alpha], [1 / alpha])
        for curve, values in zip((absolute, constant), curves(radius), strict=True):
            curve.set_data(ALPHAS, values)
        dots.set_data([alpha] * 2, [worst, worst_share])
        top = 2 * (alpha**2 + alpha**-2)
        return (
            f"the same function; top eigenvalue of the Hessian {top:.3g}, worst loss within ε "
            f"{worst:.3g}, within ε of each weight's size {worst_share:.3g}"
        )

    return update


# --- The worst loss nearby ------------------------------------------------------------------------

WAY = np.linspace(-2.5, 2.5, 1001)  # the widest radius beyond what is shown


def crack_and_basin(theta, width):
    """Return the loss of a broad basin around 0.6 with a deep narrow crack at −0.6."""
    return 0.3 + 0.25 * (theta - 0.6) ** 2 - 0.55 * np.exp(-(((theta + 0.6) / width) ** 2) / 2)


def worst_within(radius, width):
    """Return the largest loss within the radius around each place of the way."""
    reach = 2 * round(radius / (WAY[1] - WAY[0])) + 1
    return maximum_filter1d(crack_and_basin(WAY, width), reach, mode="nearest")


@explorer(
    radius=slider(0, 0.5, start=0, step=0.02, label="radius ρ"),
    width=slider(0.02, 0.24, start=0.08, step=0.02, label="width of the crack"),
    shift=slider(-0.5, 0.5, start=0, step=0.02, label="new data: shifted by"),
    presets={
        "the loss alone": {"radius": 0, "width": 0.08, "shift": 0},
        "new data": {"radius": 0, "width": 0.08, "shift": 0.2},
        "the worst within 0.2": {"radius": 0.2, "width": 0.08, "shift": 0.2},
        "a wide crack": {"radius": 0.2, "width": 0.24, "shift": 0.2},
    },
    size=(10, 4.4),
)
def worst_nearby(figure):
    """Which valley is better if the loss on new data lies a little aside?"""
    left, right = figure.subplots(1, 2, sharey=True)
    left.set(title="Training loss, and on new data", xlabel="θ", ylabel="loss")
    left.set(xlim=(-1.6, 1.8), ylim=(0, 1.4))
    right.set(title="What is minimised: the worst within ρ", xlabel="θ", xlim=(-1.6, 1.8))
    training = moving_curve(left, BLUE, label="training")
    moved = moving_curve(left, ORANGE, "--", label="new data")
    marks = moving_curve(left, ORANGE, "o", ms=12)
    left.legend(loc="upper right")
    worst = moving_curve(right, BLUE)
    lowest = moving_curve(right, INK, "v", ms=13)

    def update(radius, width, shift):
        highest = worst_within(radius, width)
        training.set_data(WAY, crack_and_basin(WAY, width))
        moved.set_data(WAY, crack_and_basin(WAY - shift, width))
        worst.set_data(WAY, highest)
        found = WAY[highest.argmin()]
        there = crack_and_basin(found - shift, width)
        marks.set_data([found], [there])
        lowest.set_data([found], [highest.min() + 0.03])
        where = "in the crack" if found < 0 else "in the basin"
        return (
            f"the worst loss within {radius:.2f} is smallest {where}, at θ = {found:.2f}: "
            f"loss {crack_and_basin(found, width):.2f}, on new data {there:.2f}"
        )

    return update
