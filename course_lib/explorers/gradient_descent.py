"""Lesson 02: how to walk down a loss, and what makes the walk long, short, or impossible."""

import math
from functools import cache, lru_cache

import numpy as np
from matplotlib.colors import to_rgba_array

from course_lib import surfaces
from course_lib.drawing import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    SKY,
    contour_lines,
    draw_surface,
    ellipses,
    moving_image,
    moving_lines,
    moving_polygons,
    moving_texts,
    ranks_of,
    shades,
)
from course_lib.explorer import choice, explorer, int_slider, log_slider, slider
from course_lib.linear_models import StandardScaler
from course_lib.optimizers import (
    SGD,
    Adagrad,
    Adam,
    Momentum,
    Nadam,
    Nesterov,
    RMSprop,
    exponential_decay,
    exponentially_weighted_average,
    inverse_root_decay,
    inverse_time_decay,
    linear_decay,
    minimize,
    step_decay,
    stochastic_gradient,
)

PATH = {"color": ORANGE, "linewidth": 2, "markersize": 5, "animated": True}


def path_on(axes, **style):
    """Add a path that moves, and return a function that sets its points, shape (n, 2)."""
    (path,) = axes.plot([], [], "o-", **(PATH | style))
    (end,) = axes.plot([], [], "o", color=style.get("color", ORANGE), markersize=12, mec="white",
                       animated=True)  # fmt: skip
    low, high = np.array([axes.get_xlim(), axes.get_ylim()]).T
    far = 5 * (high - low)

    def set_points(points):
        points = np.clip(points, low - far, high + far)  # a diverging walk leaves every page
        path.set_data(*points.T)
        end.set_data(*points[-1:].T)

    return set_points


def loss_axes(axes, low, high, steps, title="Loss"):
    """Label axes on which a loss is drawn, step by step, on a log scale."""
    axes.set(title=title, xlabel="step", yscale="log", ylim=(low, high), xlim=(0, steps))
    return axes


def ended(trace, share):
    """Say how a walk on a bowl ended; `share` is η · λₘₐₓ, by which it converges or does not."""
    steps = len(trace.losses) - 1
    plural = "" if steps == 1 else "s"
    if trace.diverged:
        return f"after {steps} step{plural} the numbers overflow: it diverges"
    trend = "it converges" if share < 2 else "it diverges"
    if np.isclose(share, 2):
        trend = "it neither settles nor grows"
    return f"after {steps} step{plural} the loss is {trace.losses[-1]:.3g}: {trend}"


# --- the learning rate ------------------------------------------------------------------------


@explorer(
    learning_rate=log_slider(1e-3, 1.0, start=0.005, label="learning rate η"),
    condition=int_slider(1, 50, start=20, label="curvature λₘₐₓ"),
    steps=int_slider(1, 100, start=40),
    presets={
        "too small": {"learning_rate": 0.005, "condition": 20},
        "right": {"learning_rate": 0.09, "condition": 20},
        "on the edge": {"learning_rate": 0.098, "condition": 20},
        "diverges": {"learning_rate": 0.104, "condition": 20},
    },
)
def learning_rate(figure):
    """How large may a step be?"""
    left, right, strip = _two_and_a_strip(figure)
    left.set(xlim=(-5, 5), ylim=(-2, 2), title="½ (a² + λₘₐₓ b²)", xlabel="a", ylabel="b")
    contours = moving_lines(left, colors=GREY, linewidths=1.2)
    set_path = path_on(left)
    loss_axes(right, 1e-8, 1e5, 100)
    (losses,) = right.plot([], [], color=ORANGE, animated=True)
    strip.set(xscale="log", xlim=(1e-3, 3), ylim=(0, 1), yticks=[], xlabel="η")
    regions = moving_polygons(strip, facecolors=[GREEN, PINK], alpha=0.55)
    (edge,) = strip.plot([], [], color=INK, linewidth=2, linestyle="--", animated=True)
    edge_label = strip.text(0, 0.73, " 2/λₘₐₓ ", va="center", fontsize=13, animated=True)
    (here,) = strip.plot([], [], "o", color=ORANGE, markersize=12, mec="white", animated=True)

    def update(learning_rate, condition, steps):
        bowl, critical = surfaces.ravine(condition), 2 / condition
        contours.set_segments(ellipses(np.diag([1, condition]), levels=2.0 ** np.arange(-3, 7)))
        trace = minimize(bowl.loss, bowl.gradient, bowl.start, SGD(learning_rate), steps)
        set_path(trace.points)
        losses.set_data(np.arange(len(trace.losses)), np.clip(trace.losses, 1e-12, 1e12))
        spans = (1e-3, critical), (critical, 3)
        regions.set_verts([[(a, 0), (b, 0), (b, 1), (a, 1)] for a, b in spans])
        edge.set_data([critical, critical], [0, 1])
        edge_label.set_position((critical, 0.73))
        edge_label.set_horizontalalignment("right" if critical > 0.3 else "left")
        here.set_data([learning_rate], [0.27])
        return f"2/λₘₐₓ = {critical:.3g}, {ended(trace, learning_rate * condition)}"

    return update


def _two_and_a_strip(figure):
    """A tall panel on the left; on the right one panel, and a strip below it."""
    grid = figure.add_gridspec(2, 2, width_ratios=(1.2, 1), height_ratios=(3.6, 1))
    left = figure.add_subplot(grid[:, 0])
    right, strip = (figure.add_subplot(grid[i, 1]) for i in (0, 1))
    for axes in (left, strip):
        axes.grid(False)
    return left, right, strip


# --- decay ------------------------------------------------------------------------------------

SCHEDULES = {
    "constant": lambda rate: lambda t: rate,
    "1/√(t + 1)": inverse_root_decay,
    "1/(1 + t/20)": lambda rate: inverse_time_decay(rate, 1 / 20),
    "0.95ᵗ": exponential_decay,
    "halved every 50": lambda rate: step_decay(rate, every=50),
    "linear": lambda rate: linear_decay(rate, 200),
}


@explorer(
    schedule=choice(SCHEDULES),
    learning_rate=log_slider(0.01, 1.0, start=0.5, label="first η"),
    noise=slider(0, 2, start=1, label="noise of the gradient"),
    presets={
        "never settles": {"schedule": "constant", "learning_rate": 0.5, "noise": 1},
        "settles": {"schedule": "1/(1 + t/20)", "learning_rate": 0.5, "noise": 1},
        "stops too early": {"schedule": "0.95ᵗ", "learning_rate": 0.02, "noise": 1},
    },
)
def decay(figure):
    """What happens if steps get shorter with time?"""
    t, walks = np.arange(201), 100
    shocks = np.random.default_rng(0).standard_normal((200, walks))
    left, right = figure.subplots(1, 2)
    left.set(title="η, step by step", xlabel="step", yscale="log", ylim=(1e-4, 2), xlim=(0, 200))
    right.set(title="Distance from the minimum", xlabel="step", yscale="log", ylim=(5e-3, 8))
    right.set(xlim=(0, 200))
    others = moving_lines(left, colors=GREY, linewidths=1, alpha=0.6)
    (rates,) = left.plot([], [], color=ORANGE, animated=True)
    (constant,) = right.plot([], [], color=GREY, label="constant η", animated=True)
    (distance,) = right.plot([], [], color=ORANGE, label="this schedule", animated=True)
    right.legend(loc="lower left")

    def walk(schedule, noise):
        """The typical (root mean square) distance from 0 of a hundred noisy walks on ½θ²."""
        optimizer, thetas = SGD(schedule), [np.full(walks, 3.0)]
        for shock in shocks:
            thetas.append(optimizer.step(thetas[-1], thetas[-1] + noise * shock))
        return np.sqrt(np.mean(np.square(thetas), axis=1)).clip(1e-12)

    def update(schedule, learning_rate, noise):
        tables = {
            name: np.array([make(learning_rate)(step) for step in t[:-1]])
            for name, make in SCHEDULES.items()
        }
        others.set_segments([np.column_stack([t[:-1], table]) for table in tables.values()])
        rates.set_data(t[:-1], tables[schedule])
        constant.set_data(t, walk(SCHEDULES["constant"](learning_rate), noise))
        distances = walk(SCHEDULES[schedule](learning_rate), noise)
        distance.set_data(t, distances)
        return (
            f"the last of 200 steps has η = {tables[schedule][-1]:.2g}, and then a typical "
            f"distance from the minimum is {distances[-1]:.2g}"
        )

    return update


# --- mini-batches -----------------------------------------------------------------------------


@explorer(
    batch_size=int_slider(1, 128, start=1, label="batch size"),
    learning_rate=log_slider(1e-2, 1.0, start=0.05, label="learning rate η"),
    shuffle=int_slider(0, 20, start=0),
    presets={
        "one": {"batch_size": 1},
        "sixty-four": {"batch_size": 64},
        "all": {"batch_size": 128},
    },
)
def batch_size(figure):
    """One example, one update: how does the path tremble, and what does it gain?"""
    x, y, loss, gradient = noisy_line(128)
    epochs = 3
    left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
    w, b = np.linspace(-1.5, 3.5, 101), np.linspace(-2, 3, 101)
    draw_surface(left, w, b, loss(np.array(np.meshgrid(w, b))))
    left.set(title="Three epochs", xlabel="slope w", ylabel="bias b")
    set_path = path_on(left, markersize=3, linewidth=1.2)
    right.set(title="Loss above the least possible", xlabel="epoch", xlim=(0, epochs))
    right.set(yscale="log", ylim=(1e-5, 100))
    (losses,) = right.plot([], [], color=ORANGE, linewidth=1.5, animated=True)
    least = loss(np.polyfit(x, y, 1))

    def update(batch_size, learning_rate, shuffle):
        updates = int(np.ceil(len(x) / batch_size))
        walk = minimize(
            loss,
            stochastic_gradient(gradient, len(x), batch_size, seed=shuffle),
            (-1.0, -1.5),
            SGD(learning_rate),
            epochs * updates,
        )
        set_path(walk.points)
        above = walk.losses - least
        losses.set_data(np.arange(len(above)) / updates, above.clip(1e-9, 1e9))
        if walk.diverged or above[-1] > above[0]:
            return f"{updates} updates an epoch: with this η it diverges"
        plural = "" if updates == 1 else "s"
        return (
            f"{updates} update{plural} an epoch; after {epochs} epochs the loss is "
            f"{above[-1]:.2g} above the least possible"
        )

    return update


def noisy_line(n):
    """A cloud around the line y = 1 + 2x: x, y, the mean loss, and its gradient on a batch.

    The x lie to one side of 0, so that the valley lies aslant, and is narrow.
    """
    random = np.random.default_rng(4)
    x = 1.5 + 0.7 * random.standard_normal(n)
    y = 1 + 2 * x + 0.8 * random.standard_normal(n)
    moments = np.mean([x * x, x, x * y, y, y * y], axis=1)

    def loss(point):
        """½ mean (b + w x − y)², from the five moments: it need not see the samples again."""
        (w, b), (xx, x1, xy, y1, yy) = point, moments
        return 0.5 * (w * w * xx + 2 * w * b * x1 + b * b - 2 * w * xy - 2 * b * y1 + yy)

    def gradient(point, batch):
        w, b = point
        errors = b + w * x[batch] - y[batch]
        return np.array([errors @ x[batch], errors.sum()]) / len(batch)

    return x, y, loss, gradient


# --- feature scaling --------------------------------------------------------------------------


@explorer(
    scale=log_slider(0.2, 5.0, start=5.0, label="scale of x₂"),
    learning_rate=slider(0.1, 2.2, start=1.0, label="η · λₘₐₓ"),
    presets={
        "x₂ too large": {"scale": 5.0, "learning_rate": 1.0},
        "scaled": {"scale": 1.0, "learning_rate": 1.0},
        "x₂ too small": {"scale": 0.2, "learning_rate": 1.0},
    },
)
def feature_scaling(figure):
    """What does the unit of a feature do to the walk?"""
    steps, truth = 60, np.array([1.5, 1.0])
    X = StandardScaler().fit_transform(np.random.default_rng(0).standard_normal((200, 2)))
    left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
    left.set(title="L(w₁, w₂)", xlabel="w₁", ylabel="w₂", xlim=(-4, 6), ylim=(-4, 6))
    left.grid(False)
    contours = moving_lines(left, colors=GREY, linewidths=1.2)
    set_path = path_on(left)
    loss_axes(right, 1e-6, 100, steps)
    (losses,) = right.plot([], [], color=ORANGE, animated=True)

    def update(scale, learning_rate):
        scaled = X * [1, scale]
        hessian, best = scaled.T @ scaled / len(X), truth / [1, scale]
        eigenvalues = np.linalg.eigvalsh(hessian)
        contours.set_segments(ellipses(hessian, levels=4.0 ** np.arange(-3, 5), centre=best))
        trace = minimize(
            lambda w: 0.5 * (w - best) @ hessian @ (w - best),
            lambda w: hessian @ (w - best),
            (-3.0, -3.0),
            SGD(learning_rate / eigenvalues[-1]),
            steps,
        )
        set_path(trace.points)
        losses.set_data(np.arange(len(trace.losses)), np.clip(trace.losses, 1e-12, 1e12))
        ratio = eigenvalues[-1] / eigenvalues[0]
        return f"the condition number is {ratio:.3g}; {ended(trace, learning_rate)}"

    return update


# --- why it works -----------------------------------------------------------------------------


@explorer(
    radius=log_slider(0.05, 4.0, start=0.3, label="radius d"),
    a=slider(-4, 4, start=-3.2, step=0.1),
    b=slider(-3, 3, start=-0.8, step=0.1),
    presets={
        "the promise is kept": {"radius": 0.1, "a": -3.2, "b": -0.8},
        "it is broken": {"radius": 3.0, "a": -3.2, "b": -0.8},
        "on a ridge": {"radius": 0.5, "a": -0.2, "b": 1.0},
    },
)
def circle(figure):
    """The best point in a small circle is against the gradient: how small is small?"""
    surface = surfaces.valleys()
    left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
    draw_surface(left, *surface.on_grid())
    left.set(title="L(a, b) and the circle", xlabel="a", ylabel="b")
    angles = np.linspace(0, 2 * np.pi, 181)
    directions = np.array([np.cos(angles), np.sin(angles)])
    (ring,) = left.plot([], [], color="white", linewidth=2, animated=True)
    (arrow,) = left.plot([], [], color=ORANGE, linewidth=3, animated=True)
    style = {"linestyle": "", "mec": "white", "animated": True}
    (gone,) = left.plot([], [], marker="o", color=ORANGE, markersize=12, **style)
    (best,) = left.plot([], [], marker="*", color=PINK, markersize=19, **style)
    radii = np.geomspace(0.05, 4, 80)
    right.set(title="What the step brings", xlabel="radius d", ylabel="L after the step")
    right.set(xlim=(0, 4), ylim=(0, 9))
    (promise,) = right.plot([], [], "--", color=GREY, label="promise L − d‖g‖", animated=True)
    (truth,) = right.plot([], [], color=ORANGE, label="against the gradient", animated=True)
    (mark,) = right.plot([], [], marker="o", color=ORANGE, markersize=12, **style)
    (star,) = right.plot([], [], marker="*", color=PINK, markersize=19, **style,
                         label="best on the circle")  # fmt: skip
    right.legend(loc="upper right")

    def update(radius, a, b):
        here = np.array([a, b])
        slope = surface.gradient(here)
        length = max(np.linalg.norm(slope), 1e-9)
        downhill = -slope / length
        around = here[:, None] + radius * directions
        losses = surface.loss(around)
        lowest, end = around[:, losses.argmin()], here + radius * downhill
        ring.set_data(*around)
        arrow.set_data(*np.column_stack([here, end]))
        gone.set_data(*end[:, None])
        best.set_data(*lowest[:, None])
        before = surface.loss(here)
        promise.set_data(radii, before - radii * length)
        truth.set_data(radii, surface.loss(here[:, None] + radii * downhill[:, None]))
        after = surface.loss(end)
        mark.set_data([radius], [after])
        star.set_data([radius], [losses.min()])
        cosine = np.clip(downhill @ (lowest - here) / radius, -1, 1)
        return (
            f"promised change {-radius * length:.3g}, real change {after - before:.3g}; the best "
            f"point on the circle lies {np.degrees(np.arccos(cosine)):.0f}° off that way"
        )

    return update


# --- averages ---------------------------------------------------------------------------------


def temperatures():
    """A year of daily temperatures (°C): a season's wave and the weather's noise."""
    days = np.arange(365)
    weather = np.random.default_rng(1).normal(0, 3.5, 365)
    return days, 14 - 9 * np.cos(2 * np.pi * (days + 10) / 365) + weather


@explorer(
    beta=slider(0.5, 0.99, start=0.9, step=0.01, label="β"),
    correction=choice(("without", "with"), label="bias correction"),
    presets={
        "ten days": {"beta": 0.9},
        "fifty days": {"beta": 0.98},
        "two days": {"beta": 0.5},
    },
)
def weighted_average(figure):
    """How many days does an exponentially weighted average remember?"""
    days, degrees = temperatures()
    left, right = figure.subplots(1, 2, width_ratios=(1.4, 1))
    left.plot(days, degrees, ".", color=SKY, markersize=5)
    left.set(title="A year of (made-up) temperatures", xlabel="day", ylabel="°C", ylim=(-8, 35))
    (average,) = left.plot([], [], color=ORANGE, animated=True)
    ages = np.arange(101)
    right.set(title="Weight of a day", xlabel="days ago k", ylabel="weight, today's = 1")
    right.set(xlim=(0, 100), ylim=(0, 1.05))
    right.axhline(1 / np.e, color=GREY, linestyle="--", label="1/e")
    (weights,) = right.plot([], [], color=ORANGE, animated=True)
    (span,) = right.plot([], [], color=INK, linestyle=":", label="1/(1 − β)", animated=True)
    right.legend(loc="upper right")

    def update(beta, correction):
        averages = exponentially_weighted_average(degrees, beta, correction == "with")
        average.set_data(days, averages)
        weights.set_data(ages, beta**ages)
        window = 1 / (1 - beta)
        span.set_data([window, window], [0, 1.05])
        return (
            f"about {window:.0f} days: a day {window:.0f} days ago counts "
            f"{beta ** round(window):.2f} of today; the first average is {averages[0]:.1f} °C, "
            f"the first day had {degrees[0]:.1f} °C"
        )

    return update


# --- the race ---------------------------------------------------------------------------------

RACERS = {
    "SGD": (SGD, GREY, "o"),
    "Momentum": (Momentum, BLUE, "s"),
    "Nesterov": (Nesterov, SKY, "D"),
    "Adagrad": (Adagrad, GREEN, "^"),
    "RMSprop": (RMSprop, PINK, "v"),
    "Adam": (Adam, ORANGE, "P"),
    "Nadam": (Nadam, AMBER, "X"),
}
TRACKS = {
    track.name: track
    for track in (
        surfaces.ravine(20, angle=30),
        surfaces.SADDLE,
        surfaces.PLATEAU,
        surfaces.BEALE,
        surfaces.ROSENBROCK,
    )
}
RACE_STEPS = 100
ARRIVED = 1e-12  # so near above the minimum a racer has arrived


def run_race(track, kind, rate, steps=RACE_STEPS):
    """One racer's walk on a track."""
    return minimize(track.loss, track.gradient, track.start, kind(rate), steps)


@cache
def tuned_rate(track_name, kind):
    """Of 21 learning rates from 10⁻⁴ to 10, the one with which this racer ends lowest."""
    rates = np.geomspace(1e-4, 10, 21)
    ends = [run_race(TRACKS[track_name], kind, rate) for rate in rates]
    final = [np.inf if end.diverged else end.losses[-1] for end in ends]
    return rates[int(np.argmin(final))]


def standing(heights, start):
    """Say who has arrived, who leads the others, and who has run away from the start's height."""
    arrived = [name for name, height in heights.items() if height < ARRIVED]
    away = [name for name, height in heights.items() if not height <= 10 * start]
    others = {name: height for name, height in heights.items() if name not in arrived + away}
    sentences = [f"at the minimum: {', '.join(arrived)}"] if arrived else []
    if others:
        first, last = min(others, key=others.get), max(others, key=others.get)
        lead = f"{first} is {others[first]:.2g} above the minimum"
        sentences.append(f"{lead}, {last} {others[last]:.2g}" if first != last else lead)
    return "; ".join(sentences + ([f"run away: {', '.join(away)}"] if away else []))


@explorer(
    track=choice(TRACKS),
    step=int_slider(1, RACE_STEPS, start=10),
    factor=log_slider(0.1, 10.0, start=1.0, label="η ÷ tuned η"),
    presets={
        "a narrow valley": {"track": "ravine", "step": 100, "factor": 1.0},
        "a saddle": {"track": "saddle", "step": 100, "factor": 1.0},
        "a plateau": {"track": "plateau", "step": 100, "factor": 1.0},
        "ten times too fast": {"track": "Rosenbrock", "step": 100, "factor": 10.0},
    },
    size=(9, 4.5),
)
def race(figure):
    """Seven optimizers, each at its best learning rate: who is down first?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
    left.set(xticks=[], yticks=[], title="The track, seen from above")
    left.grid(False)
    picture = moving_image(left, ((0, 1), (0, 1)), (201, 201))
    contours = moving_lines(left, colors="white", linewidths=0.8)
    loss_axes(right, ARRIVED, 1e3, RACE_STEPS, "Loss above the lowest point")
    paths = moving_lines(left, colors=[color for _, color, _ in RACERS.values()], linewidths=2)
    racers = {}
    for name, (kind, color, marker) in RACERS.items():
        style = {"color": color, "animated": True}
        (head,) = left.plot([], [], marker, mec="white", markersize=11, **style)
        (curve,) = right.plot([], [], marker=marker, markevery=20, label=name, **style)
        racers[name] = kind, head, curve
    figure.legend(loc="outside lower center", ncols=7, fontsize=11, columnspacing=0.9)

    @cache
    def scenery(name):
        a, _, loss = TRACKS[name].on_grid(201)
        height = np.log(loss - loss.min() + 1e-3 * np.ptp(loss))  # a plateau has no contours
        levels = np.linspace(height.min(), height.max(), 14)[1:-1]
        unit = np.linspace(0, 1, len(a))
        coarse = contour_lines(unit[::2], unit[::2], height[::2, ::2], *levels)
        return shades(height), coarse

    @lru_cache(maxsize=100)
    def walks(name, factor, steps):
        """Each racer's places, from 0 to 1, and its heights above the minimum; ∞ where lost."""
        track, found = TRACKS[name], {}
        lowest = min(track.loss(np.array(minimum)) for minimum in track.minima)
        low, high = np.array(track.limits).T
        for racer, (kind, *_) in racers.items():
            trace = run_race(track, kind, factor * tuned_rate(name, kind), steps)
            heights = np.full(steps + 1, np.inf)
            heights[: len(trace.losses)] = trace.losses - lowest
            found[racer] = np.clip((trace.points - low) / (high - low), -1, 2), heights
        return found

    def update(track, step, factor):
        colors, segments = scenery(track)
        picture.set_data(colors)
        contours.set_segments(segments)
        now = {}
        found = walks(track, factor, 25 * math.ceil(step / 25))
        paths.set_segments([points[: step + 1] for points, _ in found.values()])
        for racer, (points, heights) in found.items():
            _, head, curve = racers[racer]
            head.set_data(*points[: step + 1][-1:].T)
            curve.set_data(np.arange(step + 1), heights[: step + 1].clip(1e-15, 1e6))
            now[racer], start = heights[step], heights[0]
        return f"after {step} step{'' if step == 1 else 's'} {standing(now, start)}"

    return update


# --- limits -----------------------------------------------------------------------------------

WALKERS = {
    "gradient descent": lambda: SGD(0.1),
    "momentum": lambda: Momentum(0.1, 0.9),
}
VALLEY_COLORS = (SKY, AMBER, GREEN)


@explorer(
    a=slider(-4.8, 4.8, start=-4.0, step=0.1, label="start a"),
    b=slider(-3.8, 3.8, start=-3.0, step=0.1, label="start b"),
    walker=choice(WALKERS),
    presets={
        "shallow valley": {"a": -4.5, "b": 2.5, "walker": "gradient descent"},
        "the same, with momentum": {"a": -4.5, "b": 2.5, "walker": "momentum"},
        "on the watershed": {"a": -2.6, "b": -0.5, "walker": "gradient descent"},
    },
)
def which_valley(figure):
    """Three valleys: which one does the walk end in?"""
    surface = surfaces.valleys()
    left, right = figure.subplots(1, 2)
    draw_surface(left, *surface.on_grid())
    left.set(title="The walk", xlabel="a", ylabel="b")
    set_path = path_on(left, markersize=3)
    right.set(title="Where each start ends", xlabel="start a", ylabel="start b")
    names = ("shallow", "middle", "deepest")
    right.grid(False)
    maps = moving_image(right, ((-5, 5), (-4, 4)), (81, 81))
    lows = np.array(surface.minima)
    right.plot(*lows.T, "*", color="white", mec=INK, markersize=18, animated=True)
    moving_texts(right, lows - (0, 0.75), size=14)(names)
    (here,) = right.plot([], [], "o", color=ORANGE, mec="white", markersize=12, animated=True)
    a_grid, b_grid, _ = surface.on_grid(81)
    starts = np.array(np.meshgrid(a_grid, b_grid))

    palette = (255 * to_rgba_array(VALLEY_COLORS)).astype(np.uint8)

    @cache
    def basins(walker):
        """Where each start ends, as colours, and the share of each valley."""
        ends = surface.nearest_minimum(surface.walk_from(starts, WALKERS[walker](), 300))
        return palette[ends], np.bincount(ends.ravel(), minlength=3) / ends.size

    @lru_cache(maxsize=500)
    def walk(a, b, walker):
        optimizer = WALKERS[walker]()
        return minimize(surface.loss, surface.gradient, (a, b), optimizer, 200, tolerance=1e-3)

    def update(a, b, walker):
        trace = walk(a, b, walker)
        set_path(trace.points)
        colors, shares = basins(walker)
        maps.set_data(colors)
        here.set_data([a], [b])
        return (
            f"this walk ends in the {names[surface.nearest_minimum(trace.points[-1])]} valley; "
            f"of all starts {shares[2]:.0%} end in the deepest"
        )

    return update


@explorer(
    a=slider(-4.8, 4.8, start=4.4, step=0.1, label="start a"),
    b=slider(-3.8, 3.8, start=3.4, step=0.1, label="start b"),
    steps=int_slider(0, 100, start=0),
    sky=choice(("fog", "clear")),
    presets={
        "a new game": {"a": 4.4, "b": 3.4, "steps": 0, "sky": "fog"},
        "walk": {"steps": 100},
        "clear sky": {"sky": "clear"},
    },
)
def fog_of_war(figure):
    """Only where the walk has been can be seen: where is the deepest valley?"""
    surface = surfaces.valleys()
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    a_grid, b_grid, loss = surface.on_grid(161)
    left.set(title="What has been seen", xlabel="a", ylabel="b")
    left.grid(False)
    picture = moving_image(left, ((-5, 5), (-4, 4)), (161, 161))
    set_path = path_on(left, markersize=3)
    (downhill,) = left.plot([], [], color=ORANGE, linewidth=3, animated=True)
    right.set(title="Height along the way", xlabel="step", ylabel="L", ylim=(0, 9), xlim=(-1, 100))
    (heights,) = right.plot([], [], color=ORANGE, marker="o", markersize=4, animated=True)
    fogless, grey = shades(ranks_of(loss)), np.full(4, (115, 115, 115, 255), dtype=np.uint8)

    def update(a, b, steps, sky):
        walk = minimize(surface.loss, surface.gradient, (a, b), SGD(0.1), steps)
        seen = np.zeros(loss.shape, dtype=bool)
        for at in walk.points:
            seen |= (a_grid - at[0]) ** 2 + (b_grid[:, None] - at[1]) ** 2 < 0.6**2
        picture.set_data(np.where(seen[:, :, None] | (sky == "clear"), fogless, grey))
        set_path(walk.points)
        end, slope = walk.points[-1], surface.gradient(walk.points[-1])
        downhill.set_data(*np.column_stack([end, end - 0.6 * slope]))
        heights.set_data(np.arange(steps + 1), walk.losses)
        return (
            f"height {walk.losses[-1]:.2f}, slope {np.linalg.norm(slope):.2f}; "
            f"{seen.mean():.0%} of the map has been seen"
        )

    return update
