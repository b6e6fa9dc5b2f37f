"""Lesson 03: why regression fails, Bayes' rule, Gaussians, their boundaries, and thresholds."""

from functools import cache, lru_cache

import numpy as np

from course_lib.datasets import STATS, load_pokemon
from course_lib.drawing import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    SKY,
    boundary_lines,
    class_image,
    class_scores,
    draw_classes,
    ellipses,
    moving_image,
    moving_lines,
    moving_polygons,
    moving_texts,
    plane,
)
from course_lib.explorer import choice, explorer, int_slider, slider
from course_lib.gaussian import GaussianClassifier, fit_gaussian, gaussian_log_density
from course_lib.linear_models import LinearRegression
from course_lib.logistic import LogisticRegression
from course_lib.metrics import (
    accuracy,
    confusion_matrix,
    f1,
    precision,
    recall,
    roc_auc,
    roc_curve,
    standard_error,
)

NAMES = ["HP", "Attack", "Defense", "Sp. Atk", "Sp. Def", "Speed"]
CLASSES = ["Water", "Normal"]  # the lecture's C₁ and C₂; blue circles and orange squares
KINDS = ("own", "shared", "diagonal")
LAST_TRAINING_NUMBER = 400
FAR_DIRECTION = np.array([0.96, -0.29])  # where the far points go
SEED_OF_CLOUDS = 6  # of the two classes that the lesson begins with
ALPHA = 0.1  # of the logistic line: the weight of ½ ‖w‖² in its loss


def water_and_normal():
    """Return the training and the test Pokémon of the lesson: two tables."""
    table = load_pokemon(CLASSES).rename(columns=dict(zip(STATS, NAMES, strict=True)))
    early = table["number"] <= LAST_TRAINING_NUMBER
    return table[early], table[~early]


def scores_of_cuts(model, X, y, cuts):
    """Return the shares that are right in both parts of each cut, shape (cuts, 2).

    A cut is a pair of arrays of rows: the model is fitted to the first, and judged on both.
    """
    X, y = np.asarray(X, dtype=float), np.asarray(y)
    fits = ((model.fit(X[first], y[first]), first, second) for first, second in cuts)
    return np.array([[one.score(X[part], y[part]) for part in parts] for one, *parts in fits])


def moving_plane(axes, limits, resolution=64, lines=True):
    """Add colours and boundaries of a classifier, and return a function that shows another one."""
    first, second, points = plane(limits, resolution)
    image = moving_image(axes, limits, (resolution, resolution))
    boundaries = moving_lines(axes, colors=INK, linewidths=2.6, zorder=4)
    axes.grid(False)

    def show(model, classes):
        scores = class_scores(model, points, classes).reshape(resolution, resolution, -1)
        image.set_data(class_image(scores))
        if lines:
            boundaries.set_segments(boundary_lines(first, second, scores))

    return show


def moving_classes(axes, classes, **style):
    """Add points of several classes, and return a function that moves them."""
    draw_classes(axes, np.zeros((0, 2)), np.zeros(0), classes, animated=True, **style)
    groups = axes.lines[-len(classes) :]
    for name, points in zip(classes, groups, strict=True):
        points.set_label(name)  # without the count

    def move(X, y):
        for name, points in zip(classes, groups, strict=True):
            points.set_data(*X[y == name].T)

    return move


def sigma_ellipses(mean, covariance):
    """Return two lines, shape (91, 2): (x − μ)ᵀ Σ⁻¹ (x − μ) is 1² on one and 2² on the other."""
    return ellipses(np.linalg.inv(covariance), levels=(0.5, 2), centre=mean)  # ½ · 1², ½ · 2²


# --- why regression fails ------------------------------------------------------------------------


@explorer(
    distance=slider(0, 20, start=0, step=0.5, label="how far"),
    far=int_slider(1, 15, start=5, label="far points"),
    presets={
        "none is far": {"distance": 0, "far": 5},
        "one far point": {"distance": 20, "far": 1},
        "five far points": {"distance": 20, "far": 5},
    },
)
def far_point(figure):
    """Points move away, deep into their own side: which line follows them, and why?"""
    near, y_near, group = far_point_data()
    alone = LinearRegression().fit(near, y_near)
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    left.set(title="Two classes", xlabel="x₁", ylabel="x₂", xlim=(-4, 22), ylim=(-11, 5))
    draw_classes(left, near, y_near, [1, -1])
    (far_points,) = left.plot([], [], "o", color=BLUE, mec=INK, mew=1.5, animated=True)
    left.plot(*line_through(alone.coef_, alone.intercept_), ":", color=GREY, label="without them")
    (by_squares,) = left.plot([], [], color=PINK, animated=True, label="least squares")
    (by_logistic,) = left.plot([], [], "--", color=GREEN, animated=True, label="logistic")
    left.legend(loc="lower left", ncols=2, fontsize=11.5)
    before, now = draw_cost_of_an_answer(right)

    def update(distance, far):
        X = np.concatenate([near, group[:far] + distance * FAR_DIRECTION])
        y = np.append(y_near, np.ones(far))
        squares, logistic = LinearRegression().fit(X, y), LogisticRegression(ALPHA).fit(X, y)
        far_points.set_data(*X[40:].T)
        by_squares.set_data(*line_through(squares.coef_, squares.intercept_))
        by_logistic.set_data(*line_through(logistic.coef_[0], logistic.intercept_[0]))
        answers = alone.predict(X[40:]), squares.predict(X[40:])
        for marks, answer in zip((before, now), answers, strict=True):
            marks.set_data(answer, (answer - 1) ** 2)
        return (
            f"least squares gets {np.sum(squares.predict(X) * y <= 0)} of {len(y)} points wrong, "
            f"the logistic line {np.sum(logistic.predict(X) != y)}. To the far points the line "
            f"without them would answer {answers[0].mean():.1f}; least squares now answers "
            f"{answers[1].mean():.1f}, as 1 is wanted"
        )

    return update


def far_point_data():
    """Return two clouds, shape (40, 2), their classes 1 and −1, and 15 points of class 1."""
    random = np.random.default_rng(SEED_OF_CLOUDS)
    y = np.repeat([1.0, -1.0], 20)
    near = y[:, None] * np.array([1, -1]) + 0.8 * random.standard_normal((40, 2))
    return near, y, np.array([1, -1]) + 0.5 * random.standard_normal((15, 2))


def draw_cost_of_an_answer(axes):
    """Draw what an answer costs; return the marks of the far points, before and now."""
    answer = np.linspace(-2, 13, 151)
    axes.axvspan(-2, 0, color=ORANGE, alpha=0.12, lw=0)
    axes.plot(answer, (answer - 1) ** 2, color=PINK)
    axes.set(title="What an answer costs", xlabel="answer w·x + b, if 1 is wanted")
    axes.set(xlim=(-2, 13), ylim=(-6, 140), ylabel="(answer − 1)²")
    axes.text(-1, 12, "wrong", rotation=90, ha="center", fontsize=12)
    style = {"linestyle": "", "marker": "o", "animated": True, "zorder": 5}
    before = axes.plot([], [], mfc="none", mec=GREY, mew=2, label="without them", **style)[0]
    now = axes.plot([], [], color=BLUE, mec=INK, mew=1.5, label="now", **style)[0]
    axes.legend(title="far points", loc=(0.2, 0.62))
    return before, now


def line_through(w, b, reach=60):
    """Return two points far out on the line w·x + b = 0, as columns: x and y of both."""
    foot = -b * w / (w @ w)
    along = np.array([-w[1], w[0]]) / np.linalg.norm(w)
    return np.column_stack([foot - reach * along, foot + reach * along])


def three_clouds(height=0):
    """Return points, shape (90, 2), and their classes A, B and C: a row, with B this much above."""
    centers = np.array([(-5, 0), (0, height), (5, 0)])
    noise = np.random.default_rng(1).standard_normal((90, 2))
    return noise + np.repeat(centers, 30, axis=0), np.repeat(["A", "B", "C"], 30)


class RoundedRegression:
    """Regression on the numbers of the classes; the prediction is the nearest number's class.

    That is what one should not do: it takes the distance from class 1 to class 3 to be twice the
    distance from class 1 to class 2. After `fit`, `line_` is the `LinearRegression`.
    """

    def __init__(self, classes):
        self.classes_ = np.array(list(classes))  # in the order of their numbers 1, 2, 3

    def fit(self, X, y):
        """Fit the least-squares plane through the numbers."""
        number = 1 + (y[:, None] == self.classes_).argmax(axis=1)
        self.line_ = LinearRegression().fit(X, number)
        return self

    def predict(self, X):
        """Round to the nearest of 1, 2, 3."""
        nearest = np.clip(np.rint(self.line_.predict(X)), 1, len(self.classes_))
        return self.classes_[nearest.astype(int) - 1]


@explorer(
    numbers=choice(["A B C", "A C B", "B A C"], label="numbered 1, 2, 3"),
    height=slider(-8, 8, start=0, step=0.5, label="height of B"),
    presets={
        "in line, in order": {"numbers": "A B C", "height": 0},
        "in line, other numbers": {"numbers": "A C B", "height": 0},
        "a triangle": {"numbers": "A C B", "height": 8},
    },
    size=(9, 4),
)
def invented_order(figure):
    """Three classes are called 1, 2, 3: does it matter which is which?"""
    left, right = figure.subplots(1, 2, sharey=True)
    limits = (-9, 9), (-11, 11)
    for axes, title in ((left, "Regression on the numbers"), (right, "A Gaussian for each class")):
        axes.set(title=title, xlabel="x₁", xlim=limits[0], ylim=limits[1])
    left.set_ylabel("x₂")
    planes = [moving_plane(left, limits, lines=False), moving_plane(right, limits)]
    cuts = moving_lines(left, colors=INK, linewidths=2.6)  # where the prediction is 1.5 and 2.5
    points = [moving_classes(axes, ["A", "B", "C"]) for axes in (left, right)]
    figure.legend(handles=left.lines, loc="outside lower center", ncols=3, frameon=False)

    def update(numbers, height):
        X, y = three_clouds(height)
        models = RoundedRegression(numbers.split()), GaussianClassifier("shared")
        shares = []
        for model, show, move in zip(models, planes, points, strict=True):
            show(model.fit(X, y), ["A", "B", "C"])
            move(X, y)
            shares.append(accuracy(y, model.predict(X)))
        line = models[0].line_
        cuts.set_segments([line_through(line.coef_, line.intercept_ - c).T for c in (1.5, 2.5)])
        return (
            f"regression on the numbers is right for {shares[0]:.0%}, "
            f"Gaussians, which know no numbers, for {shares[1]:.0%}"
        )

    return update


PAPER = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 2}
LABEL = {"ha": "center", "va": "center", "weight": "bold", "fontsize": 15, "animated": True}


@explorer(
    angle=slider(0, 180, start=20, step=1, label="direction (degrees)"),
    shift=slider(-3, 3, start=0, step=0.1, label="shift"),
    presets={
        "far off": {"angle": 20, "shift": 0},
        "a step": {"angle": 15, "shift": 0},
        "near the best": {"angle": 135, "shift": 0},
    },
)
def counting_errors(figure):
    """Can gradient descent walk down the number of errors?"""
    random = np.random.default_rng(4)
    y = np.repeat([1, -1], 15)
    X = random.normal(0, 1, (30, 2)) + y[:, None] * np.array([-0.9, 0.9])
    left, right = two_and_one(figure)
    move_line = moving_half_planes(left)
    draw_classes(left, X, y, [1, -1], animated=True, zorder=3)
    left.legend(loc="lower left", fontsize=11.5, framealpha=1)
    angles = np.linspace(0, 180, 721)
    curves, dots = draw_two_losses(right, angles)

    def losses(angle, shift):
        """The number of errors and the smooth loss in each of these directions."""
        lines = lines_in_direction(angle, shift)
        return count_errors(lines, X, y), np.logaddexp(0, -2 * margins(lines, X, y)).sum(axis=1)

    def update(angle, shift):
        move_line(angle, shift)
        here = losses(angle + np.array([-0.05, 0, 0.05]), shift)
        for curve, values in zip(curves, losses(angles, shift), strict=True):
            curve.set_ydata(values)
        for dot, values in zip(dots, here, strict=True):
            dot.set_data([angle], [values[1]])
        return say_losses(*here)

    return update


def margins(lines, X, y):
    """Return y (w·x + b) of each line and point, shape (lines, n): negative on the wrong side.

    A row of `lines` is (w₁, w₂, b); y, shape (n,), holds 1 and −1.
    """
    lines = np.asarray(lines)
    return y * (lines[:, :2] @ X.T + lines[:, 2:])


def count_errors(lines, X, y):
    """Return how many of the points each line classifies wrongly, shape (lines,)."""
    return np.count_nonzero(margins(lines, X, y) <= 0, axis=1)


def lines_in_direction(angle, shift):
    """Return the lines (w₁, w₂, b) = (cos, sin, shift) of these angles in degrees, a row each."""
    along = np.deg2rad(np.atleast_1d(angle))
    return np.column_stack([np.cos(along), np.sin(along), np.full(len(along), shift)])


def moving_half_planes(axes):
    """Add a line and the colours of its sides, below the points; return what moves them."""
    axes.set(title="A line", xlabel="x₁", ylabel="x₂", xlim=(-4, 4), ylim=(-4, 4))
    sides = moving_polygons(axes, facecolors=[BLUE, ORANGE], alpha=0.15, zorder=1)
    (line,) = axes.plot([], [], color=INK, animated=True, zorder=2)

    def move(angle, shift):
        (*w, b) = lines_in_direction(angle, shift)[0]
        w = np.array(w)
        ends, away = line_through(w, b, reach=9), 9 * w[:, None]
        line.set_data(*ends)
        sides.set_verts([np.hstack([ends, ends[:, ::-1] + way]).T for way in (away, -away)])

    return move


def draw_two_losses(places, angles):
    """Draw the axes of both losses against the direction; return a curve and a dot of each."""
    top, bottom = places
    top.set(title="Errors", xlim=(0, 180), ylim=(0, 32), xticklabels=[])
    bottom.set(title="A smooth loss", xlim=(0, 180), ylim=(0, 160), xlabel="direction (degrees)")
    curves = [axes.plot(angles, angles, color=PINK, animated=True)[0] for axes in places]
    dots = [axes.plot([], [], "o", color=INK, animated=True)[0] for axes in places]
    return curves, dots


def say_losses(errors, smooth):
    """Say both losses and their slopes, from their values 0.05° before, here and 0.05° after."""
    change = "flat here"
    if errors[0] != errors[2]:
        change = f"a jump here, from {errors[0]} to {errors[2]}: no slope"
    slope = (smooth[2] - smooth[0]) / 0.1
    return (
        f"{errors[1]} errors, {change}; the smooth loss is {smooth[1]:.1f}, "
        f"its slope {slope:+.2f} a degree"
    )


def two_and_one(figure):
    """Return an axes on the left, and two on the right, one above the other."""
    left, right = figure.add_gridspec(1, 2, width_ratios=(1, 1.2))
    top, bottom = right.subgridspec(2, 1)
    return figure.add_subplot(left), [figure.add_subplot(place) for place in (top, bottom)]


# --- Bayes' rule ---------------------------------------------------------------------------------


@explorer(
    prior=slider(0.01, 0.99, start=2 / 3, step=0.01, label="P(box 1)"),
    blue_1=slider(0.01, 0.99, start=0.6, step=0.01, label="blue in box 1"),
    blue_2=slider(0.01, 0.99, start=0.6, step=0.01, label="blue in box 2"),
    presets={
        "blue tells nothing": {"prior": 2 / 3, "blue_1": 0.6, "blue_2": 0.6},
        "the lecture's boxes": {"prior": 2 / 3, "blue_1": 0.8, "blue_2": 0.4},
        "a rare disease, a good test": {"prior": 0.01, "blue_1": 0.99, "blue_2": 0.05},
    },
)
def boxes(figure):
    """A marble is blue: from which box did it come?"""
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.15))
    move_areas = draw_boxes(left)
    right.set(title="What we think of box 1", xlabel="probability", xlim=(0, 1), ylim=(-0.6, 1.6))
    right.set(yticks=[1, 0], yticklabels=["before", "after\na blue one"])
    bars = moving_lines(right, colors=[GREY, BLUE], linewidths=40, capstyle="butt")

    def update(prior, blue_1, blue_2):
        move_areas(prior, blue_1, blue_2)
        from_1, from_2 = prior * blue_1, (1 - prior) * blue_2
        posterior = from_1 / (from_1 + from_2)
        bars.set_segments([[(0, 1), (prior, 1)], [(0, 0), (posterior, 0)]])
        return (
            f"of all marbles {from_1:.3g} are blue and from box 1, {from_2:.3g} blue and from "
            f"box 2: P(box 1 | blue) = {posterior:.3g}, before it was {prior:.3g}"
        )

    return update


def draw_boxes(axes):
    """Draw a square of area 1; return what divides it into two boxes and their blue parts."""
    axes.set_title("All marbles: the blue ones", pad=36)
    axes.set(xlabel="share of all", ylabel="share of the box", xlim=(0, 1), ylim=(0, 1))
    axes.grid(False)
    colors = [BLUE, SKY, "#CFE3D8", "#E4EFE8"]
    areas = moving_polygons(axes, facecolors=colors, edgecolors="white", linewidths=3)
    ticks = moving_lines(axes, colors=INK, linewidths=1.5, clip_on=False)
    names = [axes.text(0, 1.085, f"box {n}", clip_on=False, **LABEL) for n in "12"]

    def move(prior, blue_1, blue_2):
        areas.set_verts(
            [
                rectangle(0, 0, prior, blue_1),
                rectangle(prior, 0, 1, blue_2),
                rectangle(0, blue_1, prior, 1),
                rectangle(prior, blue_2, 1, 1),
            ]
        )
        middles = prior / 2, (1 + prior) / 2
        places = np.clip(middles[0], 0.08, 0.62), np.clip(middles[1], 0.38, 0.92)
        for name, place in zip(names, places, strict=True):
            name.set_x(place)
        pairs = zip(places, middles, strict=True)
        ticks.set_segments([[(place, 1.04), (middle, 1)] for place, middle in pairs])

    return move


def rectangle(left, bottom, right, top):
    """Return the four corners."""
    return [(left, bottom), (right, bottom), (right, top), (left, top)]


@explorer(
    x=slider(0, 160, start=100, step=1, label="Sp. Atk x"),
    prior=slider(0.02, 0.98, start=0.55, step=0.01, label="P(Water)"),
    spread=slider(10, 50, start=26, step=0.5, label="σ of Normal"),
    presets={
        "the same σ": {"x": 100, "prior": 0.55, "spread": 26},
        "as measured": {"x": 100, "prior": 0.55, "spread": 20},
        "Normal is narrow": {"x": 0, "prior": 0.55, "spread": 12},
        "Normal is wide": {"x": 140, "prior": 0.55, "spread": 45},
        "Water is rare": {"x": 100, "prior": 0.06, "spread": 26},
    },
)
def posterior(figure):
    """How do prior and likelihood make a posterior, and when is it a sigmoid?"""
    (mean_1, mean_2), sigma_1 = means_and_sigma("Sp. Atk")
    grid = np.linspace(0, 160, 161)
    left, right = figure.subplots(1, 2)
    curves, sticks = draw_numerators(left, grid)
    right.set(title="P(Water | x)", xlabel="Sp. Atk x", ylabel="probability")
    right.set(xlim=(0, 160), ylim=(-0.03, 1.03))
    right.axhline(0.5, color=GREY, linestyle=":", linewidth=1.5)
    (curve,) = right.plot(grid, grid, color=INK, animated=True)
    (dot,) = right.plot([], [], "o", color=PINK, markersize=13, mec="white", animated=True)

    def joint(x, prior, spread):
        x = np.reshape(x, (-1, 1))
        water, normal = density(x, mean_1, sigma_1), density(x, mean_2, spread)
        return np.array([prior * water, (1 - prior) * normal])

    def update(x, prior, spread):
        both, (here_1, here_2) = joint(grid, prior, spread), joint(x, prior, spread).ravel()
        for line, values in zip(curves, both, strict=True):
            line.set_ydata(values)
        curve.set_ydata(both[0] / both.sum(axis=0))
        sticks.set_segments([[(x - 0.7, 0), (x - 0.7, here_1)], [(x + 0.7, 0), (x + 0.7, here_2)]])
        share = here_1 / (here_1 + here_2)
        dot.set_data([x], [share])
        turns = np.count_nonzero(np.diff(np.sign(both[0] - both[1])))
        return (
            f"P(Water | x = {x:.0f}) = {share:.2f}; σ of Water is {sigma_1:.0f}; the prediction "
            f"changes {turns} time{'' if turns == 1 else 's'} between 0 and 160"
        )

    return update


def means_and_sigma(stat):
    """Return the means of Water and Normal in this stat, and the σ of Water, rounded."""
    training, _ = water_and_normal()
    water, normal = (training.loc[training["type1"] == name, stat] for name in CLASSES)
    return (water.mean(), normal.mean()), round(water.std(ddof=0), 0)


def draw_numerators(axes, grid):
    """Draw the axes of P(x | C) P(C); return the curves of both classes, and two sticks."""
    axes.set(title="P(x | C) P(C)", xlabel="Sp. Atk x", xlim=(0, 160), ylim=(0, 0.022))
    axes.set(ylabel="density · prior")
    styles = {"color": BLUE}, {"color": ORANGE, "linestyle": "--"}
    curves = [
        axes.plot(grid, grid, animated=True, label=name, **style)[0]
        for name, style in zip(CLASSES, styles, strict=True)
    ]
    axes.legend(loc="upper right")
    return curves, moving_lines(axes, colors=[BLUE, ORANGE], linewidths=[7, 4])


# --- the Gaussian of a class ---------------------------------------------------------------------


@explorer(
    mean=slider(30, 120, start=50, step=1, label="μ"),
    sigma=slider(8, 60, start=45, step=0.5, label="σ"),
    presets={
        "too narrow": {"mean": 72, "sigma": 9},
        "too wide": {"mean": 72, "sigma": 60},
        "beside": {"mean": 110, "sigma": 27},
    },
)
def likelihood(figure):
    """Which μ and σ make the Defense of the Water Pokémon most probable?"""
    training, _ = water_and_normal()
    x = training.loc[training["type1"] == "Water", ["Defense"]].to_numpy(float)
    grid = np.linspace(0, 190, 191)
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    left.set(title=f"{len(x)} Pokémon, one Gaussian", xlabel="Defense", ylabel="density")
    left.set(xlim=(0, 190), ylim=(-0.002, 0.04))
    left.plot(x, np.full(len(x), -0.001), "|", color=BLUE, markersize=12)
    (curve,) = left.plot([], [], color=ORANGE, animated=True)
    sticks = moving_lines(left, colors=BLUE, linewidths=1.2, alpha=0.7)
    draw_log_likelihood(right, x)
    (dot,) = right.plot([], [], "o", color=ORANGE, markersize=13, mec="white", animated=True)
    best_mean, best_variance = fit_gaussian(x)
    best = gaussian_log_density(x, best_mean, best_variance).sum()

    def update(mean, sigma):
        curve.set_data(grid, density(grid[:, None], mean, sigma))
        heights = density(x, mean, sigma)
        sticks.set_segments([[(v, 0), (v, h)] for v, h in zip(x[:, 0], heights, strict=True)])
        dot.set_data([mean], [sigma])
        here = gaussian_log_density(x, [mean], [[sigma**2]]).sum()
        return (
            f"ln L(μ, σ) = {here:.1f}, that is {best - here:.2f} below the highest there is "
            f"({len(np.unique(x))} sticks for {len(x)} Pokémon: some share their Defense)"
        )

    return update


def density(x, mean, sigma):
    """Return N(x; μ, σ²) for a column x."""
    return np.exp(gaussian_log_density(x, [mean], [[sigma**2]]))


def draw_log_likelihood(axes, x):
    """Draw ln L(μ, σ) of the numbers x, shape (n, 1), and its contours."""
    mean, sigma = np.linspace(30, 120, 91), np.linspace(8, 60, 105)
    deviations = np.reshape(x - mean, (-1, 1))  # N(x; μ, σ²) = N(x − μ; 0, σ²)
    rows = [gaussian_log_density(deviations, [0], [[s**2]]) for s in sigma]
    surface = np.reshape(rows, (len(sigma), len(x), len(mean))).sum(axis=1)
    extent, style = (30, 120, 8, 60), {"colors": "white", "linewidths": 0.7, "linestyles": "-"}
    picture = axes.imshow(surface, extent=extent, origin="lower", aspect="auto", vmin=-600)
    levels = [-550, -500, -450, -420, -400, -380, -370, -360, -355, -350]
    axes.contour(mean, sigma, surface, levels=levels, **style)
    axes.figure.colorbar(picture, ax=axes, label="ln L", extend="min")
    axes.set(title="The same on ln L(μ, σ)", xlabel="μ", ylabel="σ")
    axes.grid(False)


@explorer(
    sigma_1=slider(0.5, 2, start=1.5, step=0.05, label="σ₁"),
    sigma_2=slider(0.5, 2, start=1, step=0.05, label="σ₂"),
    correlation=slider(-0.9, 0.9, start=0, step=0.05, label="correlation ρ"),
    presets={
        "round": {"sigma_1": 1, "sigma_2": 1, "correlation": 0},
        "along an axis": {"sigma_1": 2, "sigma_2": 0.6, "correlation": 0},
        "aslant": {"sigma_1": 1.5, "sigma_2": 1, "correlation": 0.9},
    },
)
def covariance(figure):
    """What does a covariance say that two variances do not?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
    move_cloud = draw_cloud(left)
    right.set(title="Density at A and at B", xscale="log", xlim=(1e-10, 3), xlabel="density")
    rows = ["A, with Σ", "B, with Σ", "A, ρ left out", "B, ρ left out"]
    right.set(yticks=range(4), yticklabels=rows, ylim=(3.6, -0.6))
    right.set(xticks=[1e-9, 1e-6, 1e-3, 1])
    marks = [
        right.plot([], [], shape, color=color, markersize=16, animated=True)[0]
        for shape, color in (("o", BLUE), ("s", ORANGE))
    ]

    def update(sigma_1, sigma_2, correlation):
        off = correlation * sigma_1 * sigma_2
        matrix = np.array([[sigma_1**2, off], [off, sigma_2**2]])
        alone = np.diag([sigma_1**2, sigma_2**2])
        places = 1.4 * np.array([(sigma_1, sigma_2), (sigma_1, -sigma_2)])
        move_cloud(matrix, alone, places)
        values = [np.exp(gaussian_log_density(places, [0, 0], S)) for S in (matrix, alone)]
        for mark, pair, heights in zip(marks, values, [(0, 1), (2, 3)], strict=True):
            mark.set_data(pair, heights)
        times = [pair[0] / pair[1] for pair in values]
        return (
            f"Σ = [[{matrix[0, 0]:.2f}, {off:.2f}], [{off:.2f}, {matrix[1, 1]:.2f}]]; the density "
            f"at A is {times[0]:.3g} times that at B, without ρ {times[1]:.3g} times"
        )

    return update


def draw_cloud(axes):
    """Draw the axes of a Gaussian; return what moves its points, ellipses, and A and B."""
    noise = np.random.default_rng(3).standard_normal((250, 2))
    axes.set(title="Σ and its ellipses", xlabel="x₁", ylabel="x₂", xlim=(-7, 7), ylim=(-6.5, 6.5))
    (points,) = axes.plot([], [], "o", color=GREY, markersize=4, alpha=0.6, animated=True)
    full = moving_lines(axes, colors=BLUE, linewidths=3)
    independent = moving_lines(axes, colors=ORANGE, linewidths=2.2, linestyles="--")
    (spots,) = axes.plot([], [], "D", color=INK, markersize=9, mec="white", animated=True)
    letters = [axes.text(0, 0, name, **LABEL) for name in "AB"]

    def move(matrix, alone, places):
        points.set_data(*np.linalg.cholesky(matrix) @ noise.T)
        full.set_segments(sigma_ellipses((0, 0), matrix))
        independent.set_segments(sigma_ellipses((0, 0), alone))
        spots.set_data(*places.T)
        for letter, (x, y) in zip(letters, places, strict=True):
            letter.set_position((x + 0.6, y))

    return move


# --- the Gaussian boundary -----------------------------------------------------------------------

PAIRS = ["Defense, Sp. Def", "Attack, Sp. Atk", "Sp. Atk, Speed", "Attack, Defense"]
LIMITS = (0, 200), (0, 190)
START = {"prior": 0.55, "pokemon": "training"}  # of every preset below


@explorer(
    covariance=choice(KINDS, label="Σ"),
    features=choice(PAIRS, label="features"),
    pokemon=choice(["training", "test"], label="shown"),
    prior=slider(0.05, 0.95, start=0.55, step=0.01, label="P(Water)"),
    presets={
        "the lecture's first try": {"covariance": "own", "features": PAIRS[0], **START},
        "one Σ for both": {"covariance": "shared", "features": PAIRS[0], **START},
        "naive Bayes": {"covariance": "diagonal", "features": PAIRS[0], **START},
        "other features": {"covariance": "shared", "features": PAIRS[2], **START},
    },
    size=(9.6, 4.6),
)
def gaussian_boundary(figure):
    """Where is the boundary between Water and Normal, and what shape has it?"""
    labels, parts = labels_and_features()
    left, right = figure.subplots(1, 2, width_ratios=(2.2, 1))
    left.set(title="P(Water | x), and the boundary", xlim=LIMITS[0], ylim=LIMITS[1])
    set_labels = moving_labels(left)
    show_plane = moving_plane(left, LIMITS)
    move_points = moving_classes(left, CLASSES, alpha=0.9)
    set_gaussians = moving_gaussians(left)
    set_accuracies = draw_accuracies(right, labels, left.lines)

    @lru_cache(maxsize=200)  # which Pokémon are shown, or which Σ, fits nothing again
    def fits(features, prior):
        models = [GaussianClassifier(kind, priors=(1 - prior, prior)) for kind in KINDS]
        for model in models:
            model.fit(parts[features, "training"], labels["training"])
        return models, [
            [model.score(parts[features, name], labels[name]) for name in labels]
            for model in models
        ]

    def update(covariance, features, pokemon, prior):
        models, shares = fits(features, prior)
        kind = KINDS.index(covariance)
        show_plane(models[kind], CLASSES)
        move_points(parts[features, pokemon], labels[pokemon])
        set_gaussians(models[kind])
        set_labels(*features.split(", "))
        seen = set_accuracies(shares, kind, pokemon)
        return f"right for {shares[kind][0]:.0%} of the training Pokémon{seen}"

    return update


def labels_and_features():
    """Return the types of the training and the test Pokémon, and each pair of features of both."""
    tables = dict(zip(("training", "test"), water_and_normal(), strict=True))
    labels = {name: table["type1"].to_numpy() for name, table in tables.items()}
    parts = {
        (pair, name): table[pair.split(", ")].to_numpy(float)
        for pair in PAIRS
        for name, table in tables.items()
    }
    return labels, parts


def moving_gaussians(axes):
    """Add the ellipses and means of two classes; return what shows those of a fitted model."""
    shapes = moving_lines(axes, colors=[BLUE, BLUE, ORANGE, ORANGE], linewidths=3, zorder=5)
    axes.plot([], [], color=BLUE, linewidth=3, label="ellipses: 1, 2 σ")
    style = {"color": "w", "mec": INK, "ms": 15, "mew": 2, "linestyle": "", "animated": True}
    (means,) = axes.plot([], [], marker="X", label="mean", zorder=6, **style)

    def show(model):
        places = [list(model.classes_).index(name) for name in CLASSES]
        pairs = [sigma_ellipses(model.means_[k], model.covariances_[k]) for k in places]
        shapes.set_segments(sum(pairs, []))
        means.set_data(*model.means_.T)

    return show


def moving_labels(axes):
    """Add labels of both axes that move without drawing anew, and return what sets them."""
    axes.set(xlabel=" ", ylabel=" ")  # their place
    below = moving_texts(axes, [(0.5, -0.12)], size=14, on="axes")
    beside = moving_texts(axes, [(-0.11, 0.5)], size=14, on="axes", angle=90)

    def set_labels(first, second):
        below([first])
        beside([second])

    return set_labels


def draw_accuracies(axes, labels, more_marks):
    """Draw the accuracy of each kind of Σ; return what moves the marks and rings the chosen one.

    The legend is that of the whole figure: `more_marks` are the artists of the other axes.
    The test Pokémon stay a secret until they are shown: their share is there to be predicted.
    """
    axes.set(title="Accuracy", xlim=(0.35, 0.8), ylim=(7, -0.5))
    axes.set(yticks=range(3), yticklabels=KINDS)
    always = {name: np.mean(y == "Water") for name, y in labels.items()}
    style = {"linestyle": ":", "label": "always Water", "animated": True}
    line = axes.axvline(0.5, ymin=0.55, color=GREY, **style)
    errors = moving_lines(axes, colors=INK, linewidths=2)
    style = {"linestyle": "", "animated": True, "markersize": 10}
    (training,) = axes.plot([], [], "^", color=GREEN, label="training", **style)
    (test,) = axes.plot([], [], "D", color=INK, label="test ± 1 s.e.", **style)
    (ring,) = axes.plot([], [], "o", color=PINK, mfc="none", mew=3, **style | {"markersize": 22})
    marks = [*more_marks, line, training, test]
    axes.legend(handles=marks, loc="lower center", fontsize=11.5, framealpha=1)
    rows = {"training": np.arange(3) - 0.16, "test": np.arange(3) + 0.16}

    def set_accuracies(shares, kind, shown):
        by = dict(zip(rows, np.transpose(shares), strict=True))
        training.set_data(by["training"], rows["training"])
        ring.set_data([by[shown][kind]], [rows[shown][kind]])
        line.set_xdata([always[shown]] * 2)
        seen = rows["test"] if shown == "test" else []
        test.set_data(by["test"][: len(seen)], seen)
        spread = [standard_error(share, len(labels["test"])) for share in by["test"]]
        bars = zip(by["test"], spread, seen, strict=False)
        errors.set_segments([[(share - e, row), (share + e, row)] for share, e, row in bars])
        words = f" and {by['test'][kind]:.0%} of the test Pokémon" if shown == "test" else ""
        return f"{words}; always saying Water: {always[shown]:.0%}"

    return set_accuracies


# --- how good is it? -----------------------------------------------------------------------------


@explorer(
    threshold=slider(0, 1, start=0.5, step=0.01),
    covariance=choice(KINDS, start="shared", label="Σ"),
    presets={
        "one half": {"threshold": 0.5, "covariance": "shared"},
        "find nearly all": {"threshold": 0.25, "covariance": "shared"},
        "only when sure": {"threshold": 0.9, "covariance": "shared"},
    },
    size=(9.6, 4),
)
def threshold(figure):
    """When is it sure enough to be called Water?"""
    training, test = water_and_normal()
    y = test["type1"].to_numpy()
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.35, 1.1, 1))
    move_histogram = draw_histogram(left, y)
    middle.set(title="ROC", xlabel="false positive rate", ylabel="true positive rate")
    middle.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    middle.plot([0, 1], [0, 1], ":", color=GREY)
    (curve,) = middle.plot([], [], color=PINK, animated=True)
    (dot,) = middle.plot([], [], "o", color=INK, markersize=12, mec="white", animated=True)
    set_table = moving_confusion(right)

    @cache
    def scores(covariance):
        model = GaussianClassifier(covariance).fit(training[NAMES], training["type1"])
        probability = model.predict_proba(test[NAMES])[:, list(model.classes_).index("Water")]
        return probability, roc_curve(y, probability, "Water"), roc_auc(y, probability, "Water")

    def update(threshold, covariance):
        probability, (false_rate, true_rate, _), area = scores(covariance)
        called = np.where(probability >= threshold, "Water", "Normal")
        move_histogram(probability, threshold)
        curve.set_data(false_rate, true_rate)
        dot.set_data([1 - recall(y, called, "Normal")], [recall(y, called, "Water")])
        set_table(confusion_matrix(y, called, CLASSES))
        return (
            f"Water where P(Water | x) ≥ {threshold:.2f}: {say_rates(y, called)}; "
            f"area under the curve {area:.2f}"
        )

    return update


def draw_histogram(axes, y):
    """Draw the axes of a histogram of P(Water | x), Normal hanging; return what moves it."""
    axes.set(title=f"{len(y)} test Pokémon", xlabel="P(Water | x)", xlim=(-0.02, 1.02))
    axes.set(ylabel="Normal | Water", ylim=(-16, 16))
    axes.set(yticks=[-15, -10, -5, 0, 5, 10, 15], yticklabels=[15, 10, 5, 0, 5, 10, 15])
    edges = np.linspace(0, 1, 21)
    style = {"fill": True, "animated": True}
    bars = [axes.stairs(np.zeros(20), edges, color=color, **style) for color in (BLUE, ORANGE)]
    cut = axes.axvline(0.5, color=INK, linewidth=3, animated=True)

    def move(probability, threshold):
        for bar, name, sign in zip(bars, CLASSES, (1, -1), strict=True):
            bar.set_data(sign * np.histogram(probability[y == name], edges)[0])
        cut.set_xdata([threshold] * 2)

    return move


def say_rates(y, called):
    """Say accuracy, precision, recall and F1 of "Water"."""
    of = "nothing is called Water, so there is no precision"
    if (called == "Water").any():
        of = f"precision {precision(y, called, 'Water'):.2f}"
    rates = f"recall {recall(y, called, 'Water'):.2f}, F1 {f1(y, called, 'Water'):.2f}"
    return f"accuracy {accuracy(y, called):.2f}, {of}, {rates}"


def moving_confusion(axes):
    """Add a confusion matrix of two classes, and return what sets its counts."""
    axes.set(title="Confusion", xlabel="called", ylabel="true", xticks=[0, 1], yticks=[0, 1])
    axes.set(xticklabels=CLASSES, yticklabels=CLASSES)
    axes.grid(False)
    shades = axes.imshow(np.zeros((2, 2)), cmap="Blues", vmin=0, vmax=90, animated=True)
    style = LABEL | {"fontsize": 24}
    counts = [axes.text(j, i, "", **style) for i in range(2) for j in range(2)]

    def set_table(table):
        shades.set_data(table)
        for text, count in zip(counts, table.ravel(), strict=True):
            text.set_text(str(count))

    return set_table
