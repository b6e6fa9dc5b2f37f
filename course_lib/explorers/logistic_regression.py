"""Lesson 04: likelihood, two losses, two solvers, two kinds of model, softmax, beyond a line."""

from functools import cache, lru_cache

import numpy as np

from course_lib.datasets import load_twenty_pokemon, make_patients, make_xor
from course_lib.drawing import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    boundary_lines,
    class_image,
    contour_lines,
    draw_classes,
    draw_surface,
    moving_image,
    moving_lines,
    moving_polygons,
    plane,
)
from course_lib.explorer import choice, explorer, int_slider, log_slider, slider
from course_lib.gaussian import BernoulliNaiveBayes
from course_lib.logistic import (
    CascadedLogisticRegression,
    LogisticRegression,
    cross_entropy,
    entropy,
    half_planes,
    hardmax,
    inside_polygons,
    logistic_objective,
    newton,
    sigmoid,
    softmax,
    squared_error_objective,
    threshold,
)
from course_lib.optimizers import SGD, minimize
from course_lib.plotting import number

CORNERS, XOR = make_xor(4, noise=0)  # 1 where just one of the two inputs is 1
CLASSES = ["Water", "Normal"]  # the lecture's C₁ and C₂, as in lesson 03: label 1 and label 0


def surface_of(loss, w, b):
    """Return the loss at all pairs of w and b, shape (len(b), len(w))."""
    return loss(np.stack(np.meshgrid(w, b), axis=-1))


def moving_map(axes, limits, size=70, boundary=True):
    """Add a map of the probability of class 1, with its boundary.

    Returns the points, shape (size², 2), and `show(p)`, which shows the probabilities at them.
    """
    first, second, points = plane(limits, size)
    image = moving_image(axes, limits, (size, size))
    lines = moving_lines(axes, colors=INK, linewidths=3, zorder=4)

    def show(p):
        scores = np.stack([1 - p, p], axis=-1).reshape(size, size, 2)
        image.set_data(class_image(scores))
        if boundary:
            lines.set_segments(boundary_lines(first, second, scores))

    return points, show


def moving_groups(axes, name="class", **style):
    """Add points of the classes 0 and 1, and return a function that moves them."""
    draw_classes(axes, np.zeros((0, 2)), np.zeros(0), [0, 1], animated=True, **style)
    groups = axes.lines[-2:]
    for label, points in enumerate(groups):
        points.set_label(f"{name} {label}")

    def move(X, y):
        for label, points in enumerate(groups):
            points.set_data(*X[y == label].T)

    return move


# --- cross-entropy ---------------------------------------------------------------------------


@explorer(
    p=slider(0, 1, start=0.7, label="truth p(Water)"),
    q=slider(0.01, 0.99, start=0.2, step=0.01, label="model q(Water)"),
    presets={
        "the model is the truth": {"p": 0.7, "q": 0.7},
        "sure and wrong": {"p": 1, "q": 0.01},
        "a label: p is 0 or 1": {"p": 1, "q": 0.7},
        "a fair coin": {"p": 0.5, "q": 0.5},
    },
)
def q_against_p(figure):
    """How surprised is a model q by a world p?"""
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.4))
    left.set(title="Truth and model", ylabel="probability", ylim=(0, 1.25), xlim=(-0.6, 1.6))
    left.set_xticks([0, 1], ["Water", "Normal"])
    bars = moving_lines(left, colors=[GREEN, PINK] * 2, linewidths=26, capstyle="butt")
    left.plot([], [], color=GREEN, linewidth=9, label="truth p")
    left.plot([], [], color=PINK, linewidth=9, label="model q")
    left.legend(loc="upper center", ncols=2, fontsize=11.5)
    grid = np.linspace(0.01, 0.99, 197)
    models = np.column_stack([grid, 1 - grid])
    right.set(title="Surprise on average", xlabel="q(Water)", ylabel="nats", ylim=(0, 5))
    right.set_xlim(0, 1)
    (curve,) = right.plot(grid, grid, color=PINK, animated=True, label="H(p, q)")
    least = right.axhline(0, color=GREEN, linestyle="--", animated=True, label="H(p)")
    gap = moving_lines(right, colors=INK, linewidths=5, label="KL(p ‖ q)")
    style = {"markersize": 13, "mec": "white", "clip_on": False, "in_layout": False, "zorder": 5}
    (dot,) = right.plot([], [], "o", color=PINK, animated=True, **style)
    right.legend(loc="upper center", ncols=3, fontsize=11.5)

    def update(p, q):
        truth, model = np.array([p, 1 - p]), np.array([q, 1 - q])
        bars.set_segments(
            [
                [(column + side, 0), (column + side, height)]
                for column, heights in enumerate(zip(truth, model, strict=True))
                for side, height in zip((-0.17, 0.17), heights, strict=True)
            ]
        )
        h_pq, h_p = cross_entropy(truth, model), entropy(truth)
        seen = grid <= q + 1e-9  # what lies to the right is left to be predicted
        curve.set_data(grid[seen], cross_entropy(truth, models[seen]))
        least.set_ydata([h_p, h_p])
        gap.set_segments([[(q, h_p), (q, h_pq)]])
        dot.set_data([q], [h_pq])
        return f"H(p, q) = {h_pq:.3f} = H(p) {h_p:.3f} + KL(p ‖ q) {abs(h_pq - h_p):.3f} nats"

    return update


# --- one unit by hand ------------------------------------------------------------------------


@explorer(
    w=slider(-4, 4, start=-1, step=0.1, label="weight w"),
    b=slider(-4, 4, start=1, step=0.1, label="bias b"),
    presets={
        "all the same": {"w": 0, "b": 0},
        "the wrong way": {"w": -3, "b": 0},
        "too sure": {"w": 4, "b": -2},
        "near the best": {"w": 1.3, "b": -0.7},
    },
)
def by_hand(figure):
    """Which curve σ(w·x + b) makes these twenty types most likely?"""
    x, y = load_twenty_pokemon()
    loss = logistic_objective(x, y)[0]
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    left.set(title="Twenty Pokémon and a curve", xlabel="Sp. Atk (standard deviations)")
    left.set(ylabel="f(x) = P(Water | x)", xlim=(-2.2, 3.2), ylim=(-0.06, 1.06))
    grid = np.linspace(-2.2, 3.2, 200)
    (curve,) = left.plot(grid, grid, color=INK, animated=True, zorder=4)
    colors = np.where(y == 1, BLUE, ORANGE)
    sticks = moving_lines(left, colors=colors, linewidths=3, alpha=0.5)
    draw_classes(left, np.column_stack([x[:, 0], y]), y, [1, 0], markersize=9, zorder=5)
    for line, name in zip(left.lines[-2:], CLASSES, strict=True):
        line.set_label(name)
    left.legend(loc=(0.655, 0.4))
    w_grid, b_grid = np.linspace(-4, 4, 81), np.linspace(-4, 4, 81)
    draw_surface(right, w_grid, b_grid, surface_of(loss, w_grid, b_grid))
    right.set(title="The loss L(w, b)", xlabel="weight w", ylabel="bias b")
    style = {
        "markersize": 14,
        "mec": "white",
        "mew": 2,
        "clip_on": False,
        "in_layout": False,
        "zorder": 5,
    }
    (dot,) = right.plot([], [], "o", color=ORANGE, animated=True, **style)

    def update(w, b):
        f = sigmoid(w * x[:, 0] + b)
        curve.set_ydata(sigmoid(w * grid + b))
        ends = zip(x[:, 0], y, f, strict=True)
        sticks.set_segments([[(at, label), (at, chance)] for at, label, chance in ends])
        dot.set_data([w], [b])
        value = loss(np.array([w, b]))
        return (
            f"likelihood {np.exp(-value):.1e}, a product of 20 chances; −ln of it is {value:.2f}; "
            f"{np.sum((f - 0.5) * (y - 0.5) > 0)} of 20 are on the right side of one half"
        )

    return update


# --- two losses ------------------------------------------------------------------------------

REACH = 8  # how far w and b go


@explorer(
    w=slider(-REACH, REACH, start=-6, step=0.5, label="start w"),
    b=slider(-REACH, REACH, start=6, step=0.5, label="start b"),
    rate=log_slider(0.01, 1, start=0.1, label="learning rate"),
    steps=int_slider(0, 100, start=1),
    presets={
        "far, before": {"w": -6, "b": 6, "rate": 0.1, "steps": 0},
        "far, after 100 steps": {"w": -6, "b": 6, "rate": 0.1, "steps": 100},
        "far, ten times the rate": {"w": -6, "b": 6, "rate": 1.0, "steps": 100},
        "near": {"w": -1, "b": 1, "rate": 0.1, "steps": 100},
    },
    size=(10, 4.3),
)
def two_losses(figure):
    """Cross-entropy or squared error: which one shows the way from far off?"""
    x, y = load_twenty_pokemon()
    objectives = [logistic_objective(x, y)[:2], squared_error_objective(x, y)]
    grid = figure.add_gridspec(1, 3, width_ratios=(1.25, 1.25, 1))
    colors, names, walks = (BLUE, ORANGE), ("Cross-entropy", "Squared error"), []
    for column, (loss, _) in enumerate(objectives):
        axes = figure.add_subplot(grid[column], projection="3d")
        walks.append(draw_landscape(axes, loss, names[column]))
    slope = figure.add_subplot(grid[2])
    slope.set(title="Length of the gradient", yscale="log", ylim=(1e-6, 1e3))
    slope.set(xlabel="step", xlim=(-2, 102))
    curves = [
        slope.plot([], [], style, color=color, label=name, animated=True)[0]
        for style, color, name in zip(("-", "--"), colors, names, strict=True)
    ]
    dots = [slope.plot([], [], "o", color=color, animated=True)[0] for color in colors]
    slope.legend(loc="upper right", fontsize=11)

    @lru_cache(maxsize=200)  # a move of `steps`, or one back, walks nothing again
    def descend(w, b, rate):
        found = []
        for loss, gradient in objectives:
            points = minimize(loss, gradient, np.array([w, b]), SGD(rate), 100).points
            found.append((points, loss(points), np.linalg.norm(gradient(points), axis=1)))
        return found

    def update(w, b, rate, steps):
        words = []
        for i, (points, losses, slopes) in enumerate(descend(w, b, rate)):
            walked = np.column_stack([np.clip(points, -REACH, REACH), losses])[: steps + 1]
            for line, part in zip(walks[i], (walked, walked[-1:], walked[:1]), strict=True):
                line.set_data_3d(*part.T)
            shown = np.maximum(slopes[: steps + 1], 1e-12)  # what is below 1e-6 leaves the picture
            curves[i].set_data(range(steps + 1), shown)
            dots[i].set_data([steps], shown[-1:])
            words.append(f"{names[i].lower()} {losses[0]:.1f} → {losses[steps]:.1f}")
            words[-1] += f" (gradient {slopes[steps]:.2g})"
        return f"step {steps}: {', '.join(words)}"

    return update


def draw_landscape(axes, loss, title):
    """Draw a loss as a landscape; return three moving lines: a walk, its end, and its start."""
    ticks = np.linspace(-REACH, REACH, 41)
    heights = surface_of(loss, ticks, ticks)
    w, b = np.meshgrid(ticks, ticks)
    axes.plot_surface(w, b, heights, cmap="viridis", rstride=1, cstride=1, alpha=0.85, linewidth=0)
    top = heights.max()
    axes.set(title=f"{title}, 0 to {top:.0f}", zlim=(0, top))
    axes.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH))
    axes.set(xticks=(-8, 0, 8), yticks=(0, 8))
    axes.set_xlabel("w", labelpad=-6)
    axes.set_ylabel("b", labelpad=-6)
    axes.tick_params(labelsize=10, pad=-2)
    axes.view_init(elev=38, azim=-62)
    style = {"animated": True, "zorder": 10}
    (walk,) = axes.plot([], [], [], color=PINK, linewidth=3.5, **style)
    (end,) = axes.plot([], [], [], "o", color=PINK, markersize=11, mec="white", mew=1.5, **style)
    (start,) = axes.plot([], [], [], "s", color=INK, markersize=8, mec="white", mew=1.5, **style)
    return walk, end, start


# --- Newton beside gradient descent ----------------------------------------------------------


@explorer(
    steps=int_slider(0, 60, start=1),
    kind=choice(["damped", "plain"], label="Newton's method"),
    w=slider(-6, 6, start=-2, step=0.1, label="start w"),
    b=slider(-6, 6, start=2, step=0.1, label="start b"),
    rate=log_slider(0.01, 1, start=0.1, label="learning rate"),
    presets={
        "five steps": {"steps": 5, "kind": "damped", "w": -2, "b": 2, "rate": 0.1},
        "sixty steps": {"steps": 60, "kind": "damped", "w": -2, "b": 2, "rate": 0.1},
        "plain, from near": {"steps": 5, "kind": "plain", "w": -0.5, "b": 0.5, "rate": 0.1},
        "plain, from far": {"steps": 5, "kind": "plain", "w": -3, "b": 3, "rate": 0.1},
    },
)
def newton_or_gradient(figure):
    """Many small steps or a few clever ones: which way is shorter?"""
    loss, gradient, hessian = logistic_objective(*load_twenty_pokemon())
    best = newton(loss, gradient, hessian, np.zeros(2))
    left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
    ticks = np.linspace(-8, 8, 121)
    draw_surface(left, ticks, ticks, surface_of(loss, ticks, ticks))
    left.plot(*best.points[-1], "*", color="white", markersize=15)
    left.set(title="Two ways down L(w, b)", xlabel="weight w", ylabel="bias b")
    left.set(xticks=(-8, -4, 0, 4, 8), yticks=(-8, -4, 0, 4, 8))
    right.set(title="Loss above the lowest", xlabel="step", yscale="log", ylim=(1e-12, 1e6))
    right.set_xlim(-1, 61)
    styles = {
        "Newton": {"marker": "s", "color": PINK, "markersize": 9},
        "gradient descent": {"marker": "o", "color": ORANGE, "markersize": 5.5},
    }
    walks, curves = (
        [axes.plot([], [], label=name, animated=True, **style)[0] for name, style in styles.items()]
        for axes in (left, right)
    )
    right.legend(loc="upper right")

    @lru_cache(maxsize=200)  # a move of `steps`, or one back, walks nothing again
    def descend(kind, w, b, rate):
        start = np.array([w, b])
        return (
            newton(loss, gradient, hessian, start, steps=60, damped=kind == "damped"),
            minimize(loss, gradient, start, SGD(rate), 60),
        )

    def update(steps, kind, w, b, rate):
        words, traces = [], descend(kind, w, b, rate)
        for name, trace, walk, curve in zip(styles, traces, walks, curves, strict=True):
            walk.set_data(*np.clip(trace.points[: steps + 1], -1e4, 1e4).T)
            above = np.clip(trace.losses[: steps + 1] - best.losses[-1], 1e-13, 1e6)
            curve.set_data(range(len(above)), above)
            ended = how_it_ended(trace) if len(trace.losses) <= steps else ""
            words.append(f"{name} is {distance_in_words(above[-1])} the lowest loss{ended}")
        return f"step {steps}: {', '.join(words)}"

    return update


def how_it_ended(trace):
    """Say why a walk took no more steps."""
    return " (it flew off: no number any more)" if trace.diverged else " (it arrived)"


def distance_in_words(above):
    """Say how far above the lowest loss a walk is."""
    if above < 1e-10:
        return "within 1e-10 of"
    return "a million or more above" if above >= 1e6 else f"{number(above)} above"


# --- discriminative or generative ------------------------------------------------------------

SIZES = (10, 20, 40, 80, 160, 320, 640)
PENALTIES = (1e-3, 1.0)
DRAWS = 12


@cache
def errors_on_new_patients(alpha):
    """Return the average test errors of both models for each training size, shape (2, sizes)."""
    test = make_patients(4000, seed=9999)
    models = BernoulliNaiveBayes(), LogisticRegression(alpha)
    errors = [
        [[1 - m.fit(*make_patients(n, s)).score(*test) for n in SIZES] for s in range(DRAWS)]
        for m in models
    ]
    return np.mean(errors, axis=1)


@explorer(
    n=choice(SIZES, start=10, label="patients n"),
    draw=int_slider(0, DRAWS - 1, start=0, label="which n patients"),
    penalty=choice(PENALTIES, label="penalty α of logistic regression"),
    presets={
        "little data": {"n": 20, "draw": 0, "penalty": 1e-3},
        "much data": {"n": 640, "draw": 0, "penalty": 1e-3},
        "little data, a penalty": {"n": 20, "draw": 0, "penalty": 1.0},
    },
)
def how_much_data(figure):
    """The same functions, found in two ways: which way needs fewer patients?"""
    best = LogisticRegression(1e-3).fit(*make_patients(20_000, seed=7777)).coef_[0]
    left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
    symptoms, ticks = np.arange(1, 21), [-30, -10, -3, -1, 0, 1, 3, 10, 30]
    left.set(title="The weight of each symptom", xlabel="symptom", ylabel="weight")
    left.set_yscale("symlog", linthresh=1, linscale=1.2)
    left.set(ylim=(-40, 40), xticks=[1, 5, 10, 15, 20])
    left.set_yticks(ticks, [str(tick).replace("-", "−") for tick in ticks])
    left.minorticks_off()
    left.plot(symptoms, best, color=GREY, label="best line (20,000 patients)")
    style = [
        {"color": BLUE, "marker": "^", "markersize": 8, "label": "naive Bayes"},
        {"color": ORANGE, "marker": "o", "label": "logistic regression"},
    ]
    weights = [left.plot([], [], linestyle="", animated=True, **kind)[0] for kind in style]
    right.set(title="Errors on new patients", xlabel="training patients n", xscale="log")
    right.set(ylabel="share of errors", ylim=(0.15, 0.38), xlim=(8, 800))
    right.set_xticks(SIZES, SIZES)
    right.minorticks_off()
    curves = [right.plot([], [], animated=True, **kind)[0] for kind in style]
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    for alpha in PENALTIES:  # recorded once, so that no move has to wait
        errors_on_new_patients(alpha)

    def update(n, draw, penalty):
        X, y = make_patients(n, draw)
        bayes, logistic = BernoulliNaiveBayes().fit(X, y), LogisticRegression(penalty).fit(X, y)
        both = bayes.linear_form()[0], logistic.coef_[0]
        for line, values in zip(weights, both, strict=True):
            line.set_data(symptoms, values)
        end = SIZES.index(n) + 1
        errors = errors_on_new_patients(penalty)
        for curve, values in zip(curves, errors, strict=True):
            curve.set_data(SIZES[:end], values[:end])
        shares = " and ".join(f"{share:.1%}" for share in errors[:, end - 1])
        return (
            f"trained on {n} patients, naive Bayes and logistic regression are wrong for {shares} "
            f"of new ones, on average over {DRAWS} draws; from these {n} the weights reach "
            f"{np.abs(both[0]).max():.1f} and {np.abs(both[1]).max():.1f}"
        )

    return update


# --- softmax ---------------------------------------------------------------------------------


@explorer(
    z_1=slider(-5, 5, start=3, step=0.1, label="z₁"),
    z_2=slider(-5, 5, start=1, step=0.1, label="z₂"),
    z_3=slider(-5, 5, start=-3, step=0.1, label="z₃"),
    temperature=log_slider(0.01, 100, start=1),
    presets={
        "the lecture's": {"z_1": 3, "z_2": 1, "z_3": -3, "temperature": 1},
        "cold: hardmax": {"z_1": 3, "z_2": 1, "z_3": -3, "temperature": 0.1},
        "hot: all alike": {"z_1": 3, "z_2": 1, "z_3": -3, "temperature": 100},
        "all shifted by 2": {"z_1": 5, "z_2": 3, "z_3": -1, "temperature": 1},
    },
)
def temperature(figure):
    """How soft is softmax, and what does a temperature do to it?"""
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.25))
    for axes, title in ((left, "z"), (middle, "softmax(z / T)")):
        axes.set(title=title, xlim=(0.4, 3.6), xticks=[1, 2, 3])
        axes.set_xticklabels(["z₁", "z₂", "z₃"])
    left.set(ylim=(-5.5, 5.5), ylabel="score")
    left.axhline(0, color=GREY, linewidth=1)
    middle.set(ylim=(0, 1.32), yticks=np.linspace(0, 1, 6), ylabel="probability")
    colors = [BLUE, ORANGE, GREEN]
    scores = moving_lines(left, colors=colors, linewidths=34, capstyle="butt")
    bars = moving_lines(middle, colors=colors, linewidths=34, capstyle="butt")
    (hard,) = middle.plot([], [], "_", color=INK, ms=42, mew=3, animated=True, label="hardmax")
    style = {"ha": "center", "va": "bottom", "animated": True, "fontsize": 13}
    labels = [middle.text(column, 0, "", **style) for column in (1, 2, 3)]
    middle.legend(loc="upper right", fontsize=11, markerscale=0.5)
    show_curves = curves_over_temperature(right, colors)

    def update(z_1, z_2, z_3, temperature):
        z = np.array([z_1, z_2, z_3])
        p = softmax(z / temperature)
        scores.set_segments([[(i, 0), (i, score)] for i, score in enumerate(z, 1)])
        bars.set_segments([[(i, 0), (i, share)] for i, share in enumerate(p, 1)])
        hard.set_data([1, 2, 3], hardmax(z))
        for label, share in zip(labels, p, strict=True):
            label.set_text(f"{share:.2f}")
            label.set_y(share + 0.01)
        show_curves(z, temperature)
        shares = ", ".join(f"{share:.3f}" for share in p)
        return f"softmax = {shares}; {what_hardmax_picks(z)}"

    return update


def what_hardmax_picks(z):
    """Say which score is the largest, or which ones share the first place."""
    first = [f"z{'₁₂₃'[i]}" for i in np.flatnonzero(z == z.max())]
    if len(first) == 1:
        return f"hardmax picks {first[0]}"
    return f"{' and '.join(first)} share the first place, and hardmax takes the first of them"


def curves_over_temperature(axes, colors):
    """Add the probabilities over T; return a function that draws them from T = 1 to where it is."""
    every = np.logspace(-2, 2, 121)
    axes.set(title="The way from T = 1", xlabel="temperature T", xscale="log", xlim=(0.01, 100))
    axes.set(ylim=(0, 1.05), ylabel="probability")
    axes.set_xticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"])
    styles = list(zip(("-", "--", "-."), ("o", "s", "^"), colors, strict=True))
    curves = [axes.plot([], [], kind, color=color, animated=True)[0] for kind, _, color in styles]
    more = {
        "markersize": 11,
        "mec": "white",
        "animated": True,
        "clip_on": False,
        "in_layout": False,
        "zorder": 5,
    }
    dots = [axes.plot([], [], shape, color=color, **more)[0] for _, shape, color in styles]
    mark = axes.axvline(1, color=INK, linewidth=1.5, linestyle=":", animated=True)

    def show(z, temperature):
        low, high = min(1, temperature) / 1.001, max(1, temperature) * 1.001
        between = every[(low <= every) & (every <= high)]
        for curve, values in zip(curves, softmax(z / between[:, None]).T, strict=True):
            curve.set_data(between, values)
        for dot, share in zip(dots, softmax(z / temperature), strict=True):
            dot.set_data([temperature], [share])
        mark.set_xdata([temperature] * 2)

    return show


# --- XOR: other features ---------------------------------------------------------------------

PLACES = {"(0, 0)": 0, "(0, 1)": 1, "(1, 0)": 2, "(1, 1)": 3}


@explorer(
    first=choice(PLACES, start="(0, 0)", label="distance to"),
    second=choice(PLACES, start="(1, 1)", label="and to"),
    morph=slider(0, 1, start=0, label="old → new features"),
    noise=slider(0, 0.3, start=0.05, step=0.01),
    presets={
        "before": {"first": "(0, 0)", "second": "(1, 1)", "morph": 0},
        "half way": {"first": "(0, 0)", "second": "(1, 1)", "morph": 0.5},
        "the lecture's features": {"first": "(0, 0)", "second": "(1, 1)", "morph": 1},
        "a choice that does not help": {"first": "(0, 0)", "second": "(0, 1)", "morph": 1},
    },
    size=(9, 4.3),
)
def feature_transformation(figure):
    """XOR defeats a line: do other features help?"""
    shift = np.random.default_rng(3).standard_normal((80, 2))
    corner = np.arange(80) % 4
    y = XOR[corner]
    left, right = figure.subplots(1, 2)
    left.set(title="The plane as it was", xlabel="x₁", ylabel="x₂")
    right.set(title="The plane of the features", xlabel="first feature", ylabel="second feature")
    old_points, show_old = moving_map(left, ((-0.7, 1.7), (-0.7, 1.7)))
    new_points, show_new = moving_map(right, ((-0.7, 2.2), (-0.7, 2.2)))
    mesh = moving_lines(right, colors=GREY, linewidths=0.9, alpha=0.7)
    groups = [moving_groups(axes) for axes in (left, right)]
    style = {"color": INK, "ms": 13, "mew": 3.5, "zorder": 6, "label": "measured from here"}
    (anchors,) = left.plot([], [], "x", animated=True, **style)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)

    def update(first, second, morph, noise):
        measured_from = CORNERS[[PLACES[first], PLACES[second]]]
        X = CORNERS[corner] + noise * shift
        features = towards_distances(X, measured_from, morph)
        model = LogisticRegression(1e-3).fit(features, y)
        show_old(model.predict_proba(towards_distances(old_points, measured_from, morph))[:, 1])
        show_new(model.predict_proba(new_points)[:, 1])
        mesh.set_segments([towards_distances(thread, measured_from, morph) for thread in THREADS])
        for move, where in zip(groups, (X, features), strict=True):
            move(where, y)
        anchors.set_data(*measured_from.T)
        right_ones = model.score(features, y)
        return (
            "on these features the line that logistic regression chooses is right for "
            f"{right_ones:.0%} of the 80 points"
        )

    return update


def towards_distances(X, places, morph):
    """Return X, shape (n, 2), on its way (0 … 1) to its distances from two places."""
    distances = np.linalg.norm(X[:, None] - places, axis=-1)
    return (1 - morph) * X + morph * distances


def _threads():
    """The lines of a mesh over the old plane: the picture of a sheet that is bent."""
    along, ticks = np.linspace(-0.4, 1.4, 40), np.linspace(-0.4, 1.4, 10)
    across = [np.column_stack([along, np.full(40, tick)]) for tick in ticks]
    return across + [thread[:, ::-1] for thread in across]


THREADS = _threads()


# --- XOR: who finds the features? ------------------------------------------------------------

STEPS = 600


@cache
def cascade_from(seed):
    """Return a cascade that was trained on the four corners from the start number `seed`."""
    model = CascadedLogisticRegression(2, learning_rate=4, steps=STEPS, seed=seed)
    return model.fit(CORNERS, XOR)


@explorer(
    step=int_slider(0, STEPS, start=0),
    start=int_slider(0, 11, start=0, label="start number"),
    presets={
        "before": {"step": 0, "start": 0},
        "on the way": {"step": 200, "start": 0},
        "found": {"step": STEPS, "start": 0},
        "lost in a valley": {"step": STEPS, "start": 8},
    },
    size=(10, 4.3),
)
def cascade(figure):
    """Can two logistic units find the features of XOR for a third one?"""
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.1, 1.1, 1))
    left.set(title="Input, with both units", xlabel="x₁", ylabel="x₂", xticks=[0, 1], yticks=[0, 1])
    middle.set(title="What they make of it", xlabel="first unit h₁", ylabel="second unit h₂")
    middle.set(xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    right.set(title="Cross-entropy", xlabel="step", xlim=(-15, STEPS + 15), ylim=(0, 5))
    points, show_output = moving_map(left, ((-0.4, 1.4), (-0.4, 1.4)), boundary=False)
    ticks = np.linspace(-0.4, 1.4, 70)
    units = [
        moving_lines(left, colors=color, linewidths=3.5, label=f"{name} = ½")
        for color, name in ((GREEN, "h₁"), (PINK, "h₂"))
    ]
    middle.xaxis.label.set(color=GREEN, weight="bold")
    middle.yaxis.label.set(color=PINK, weight="bold")
    hidden_points, show_hidden = moving_map(middle, ((-0.1, 1.1), (-0.1, 1.1)))
    groups = [moving_groups(axes, markersize=13, zorder=6) for axes in (left, middle)]
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    (curve,) = right.plot([], [], color=BLUE, animated=True)
    (dot,) = right.plot([], [], "o", color=BLUE, markersize=12, mec="white", animated=True)
    for number_of_start in range(12):  # trained once, so that no move has to wait
        cascade_from(number_of_start)

    def update(step, start):
        model = cascade_from(start)
        show_output(model.predict_proba(points, step)[:, 1])
        hidden, unseen = model.transform(points, step).T.reshape(2, 70, 70), ""
        for i, unit in enumerate(units):
            unit.set_segments(contour_lines(ticks, ticks, hidden[i], 0.5))
            unseen += (
                "" if unit.get_segments() else f"; the line of h{'₁₂'[i]} is out of the picture"
            )
        v, c = model.trace_.points[step][-3:-1], model.trace_.points[step][-1]
        show_hidden(sigmoid(hidden_points @ v + c))
        for move, where in zip(groups, (CORNERS, model.transform(CORNERS, step)), strict=True):
            move(where, XOR)
        losses = model.trace_.losses[: step + 1]
        curve.set_data(range(step + 1), losses)
        dot.set_data([step], losses[-1:])
        right_ones = np.sum(model.predict_proba(CORNERS, step).argmax(axis=1) == XOR)
        return f"loss {losses[-1]:.3f}, {right_ones} of 4 corners right{unseen}"

    return update


# --- the perceptron --------------------------------------------------------------------------

GATES = {
    "AND": [0, 0, 0, 1],
    "OR": [0, 1, 1, 1],
    "NAND": [1, 1, 1, 0],
    "XOR": [0, 1, 1, 0],
    "NOT x₁": [1, 1, 0, 0],
}


@explorer(
    w_1=slider(-2, 2, start=1, step=0.1, label="w₁"),
    w_2=slider(-2, 2, start=0, step=0.1, label="w₂"),
    b=slider(-2, 2, start=-0.5, step=0.1, label="bias b"),
    presets={
        "x₁ alone": {"w_1": 1, "w_2": 0, "b": -0.5},
        "always 1": {"w_1": 0.5, "w_2": 0.5, "b": 0.5},
        "never 1": {"w_1": 1, "w_2": 1, "b": -2},
        "only (1, 0)": {"w_1": 1, "w_2": -1, "b": -0.5},
    },
    size=(9, 4.2),
)
def gates(figure):
    """Which truth tables can a single perceptron have?"""
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.35))
    left.set(title="1 where w₁x₁ + w₂x₂ + b > 0", xlabel="x₁", ylabel="x₂")
    left.set(xticks=[0, 1], yticks=[0, 1])
    points, show_output = moving_map(left, ((-0.5, 1.5), (-0.5, 1.5)), boundary=False)
    groups = moving_groups(left, name="output", markersize=17, zorder=5)
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, markerscale=0.7)
    right.set(title="Its table, beside some gates", xlim=(-0.5, 7.5), ylim=(4.6, -0.8))
    right.axis("off")
    names = ["x₁", "x₂", "yours", *GATES]
    style = {"ha": "center", "va": "center"}
    for column, name in enumerate(names):
        right.text(column, -0.4, name.replace(" ", "\n"), weight="bold", fontsize=11.5, **style)
    table = np.column_stack([CORNERS.astype(int), [0] * 4, *GATES.values()])
    for row, column in np.ndindex(4, 8):
        if column != 2:
            right.text(column, row + 0.6, table[row, column], fontsize=16, **style)
    yours = [
        right.text(2, row + 0.6, "", fontsize=18, weight="bold", color=PINK, animated=True, **style)
        for row in range(4)
    ]
    frame = moving_polygons(right, facecolors="none", edgecolors=PINK, linewidths=3)

    def update(w_1, w_2, b):
        z, z_everywhere = (X @ [w_1, w_2] + b for X in (CORNERS, points))
        out = threshold(z.round(9))  # 0.1 + 0.2 − 0.3 must be 0
        show_output(threshold(z_everywhere.round(9)))
        groups(CORNERS, out)
        for text, value in zip(yours, out, strict=True):
            text.set_text(str(value))
        same = [name for name, values in GATES.items() if list(out) == values]
        columns = [3 + list(GATES).index(name) for name in same]
        frame.set_verts([box_around(column) for column in columns])
        found = f"this is {same[0]}" if same else "none of the gates on the right"
        return f"outputs {', '.join(map(str, out))} for (0,0), (0,1), (1,0), (1,1): {found}"

    return update


def box_around(column):
    """Return the corners of a box around a column of the table of gates."""
    left, right = column - 0.45, column + 0.45
    return [(left, -0.75), (right, -0.75), (right, 4.1), (left, 4.1)]


@explorer(
    sides=int_slider(3, 12, start=6, label="sides of a polygon"),
    polygons=int_slider(1, 4, start=1),
    turn=slider(0, 90, start=0, step=1, label="turned by (degrees)"),
    presets={
        "a triangle": {"sides": 3, "polygons": 1, "turn": 0},
        "nearly a disc": {"sides": 12, "polygons": 1, "turn": 0},
        "a union of squares": {"sides": 4, "polygons": 3, "turn": 20},
        "four pentagons": {"sides": 5, "polygons": 4, "turn": 0},
    },
    size=(9, 4.3),
)
def polygon_layers(figure):
    """How many perceptrons does a shape need?"""
    limits = ((-3, 3), (-2.2, 2.2))
    left, right = figure.subplots(1, 2)
    for axes in (left, right):
        axes.set_aspect("equal", adjustable="box")  # squares are to look square
    left.set(title="Layer 1: half-planes", xlabel="x₁", ylabel="x₂")
    right.set(title="Layers 2 and 3: AND, then OR", xlabel="x₁")
    counts = moving_image(left, limits, (90, 90))
    points, show_output = moving_map(right, limits, 90, boundary=False)
    lines = moving_lines(left, colors=INK, linewidths=1.6)
    outline = moving_polygons(right, facecolors="none", edgecolors=INK, linewidths=2.5)
    shade = np.array([np.linspace(a, b, 13) for a, b in ((253, 86), (252, 180), (248, 233))]).T

    def update(sides, polygons, turn):
        shapes = [corners_of(sides, turn, center) for center in CENTERS[:polygons]]
        planes = [half_planes(corners) for corners in shapes]
        agree = np.max([threshold(points @ W.T + b).mean(axis=1) for W, b in planes], axis=0)
        color = np.full((90, 90, 4), 255, dtype=np.uint8)
        color[..., :3] = shade[np.rint(12 * agree).astype(int)].reshape(90, 90, 3)
        counts.set_data(color)
        inside = inside_polygons(points, shapes)
        show_output(inside)
        lines.set_segments([long_side(corners, i) for corners in shapes for i in range(sides)])
        outline.set_verts(shapes)
        total = polygons * (sides + 1) + (polygons > 1)
        last = f" + {polygons} AND" + (" + 1 OR" if polygons > 1 else "")
        return (
            f"{polygons * sides} half-planes{last} = {total} perceptrons; the shape covers "
            f"{inside.mean():.0%} of the picture"
        )

    return update


CENTERS = np.array([(-1.3, 0.7), (1.1, 0.9), (0.3, -0.9), (-1.6, -0.9)])


def corners_of(sides, turn, center):
    """Return the corners of a regular polygon with radius 0.95, anticlockwise."""
    angles = np.deg2rad(turn) + 2 * np.pi * np.arange(sides) / sides
    return center + 0.95 * np.column_stack([np.cos(angles), np.sin(angles)])


def long_side(corners, i):
    """Return side i, made so long that it crosses the picture."""
    start, end = corners[i], corners[(i + 1) % len(corners)]
    along = (end - start) / np.linalg.norm(end - start)
    return np.array([start - 8 * along, end + 8 * along])
