"""Lesson 09: points without a slope, steps that know the curvature, deep linear networks, spectra,
random matrices, and what is stored of real networks' landscapes."""

from functools import cache, lru_cache, partial

import matplotlib
import numpy as np
import torch
from matplotlib.colors import to_rgba_array

from course_lib import landscapes, surfaces
from course_lib.curvature import (
    classify_critical_point,
    find_critical_point,
    hessian,
    kind_by_looking,
)
from course_lib.deep_linear import chain_loss, critical_losses, descent_losses
from course_lib.drawing import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    contour_lines,
    draw_surface,
    moving_curve,
    moving_image,
    moving_lines,
    moving_polygons,
    moving_texts,
    ranks_of,
    shades,
)
from course_lib.experiments import load_experiment
from course_lib.explorer import choice, explorer, int_slider, slider
from course_lib.optimizers import SGD, minimize
from course_lib.random_matrices import RATE, exact_chance, spectra
from course_lib.second_order import (
    BFGS,
    ConjugateGradient,
    Newton,
    SaddleFreeNewton,
    hessian_by_differences,
    newton_step,
)

hessian(lambda theta: theta @ theta, torch.ones(1))  # torch loads much at its first product: now

# --- What the eigenvalues say ---------------------------------------------------------------------

SIDE = np.linspace(-1, 1, 64)
PLANE = np.array(np.meshgrid(SIDE, SIDE))
HEIGHTS = matplotlib.colormaps["BrBG_r"](np.linspace(0.12, 0.88, 256))
BEYOND = {
    "nothing": lambda u, v: 0 * u,
    "+ v⁴": lambda u, v: v**4,
    "− v⁴": lambda u, v: -(v**4),
    "+ u³ − 3uv²": lambda u, v: u**3 - 3 * u * v**2,
}


def turned(points, degrees):
    """Return the coordinates u, v of points along two axes that are turned by an angle."""
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return cos * points[0] + sin * points[1], cos * points[1] - sin * points[0]


def view_from_aside(axes, cells=16):
    """Draw a surface over [−1, 1]² as seen from one side; return what sets its heights."""
    axes.set(xlim=(-1.5, 1.5), ylim=(-2.15, 1.75), xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    quads = moving_polygons(axes, linewidths=0, antialiased=False)
    side = np.linspace(-1, 1, cells + 1)
    x, y = np.meshgrid(side, side)
    turn, tilt = np.deg2rad(-35), np.deg2rad(30)
    across, away = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    corners = [np.s_[:-1, :-1], np.s_[:-1, 1:], np.s_[1:, 1:], np.s_[1:, :-1]]
    order = np.argsort(-np.mean([away[c].ravel() for c in corners], axis=0))  # the far ones first

    def set_heights(height):
        z = np.clip(height(np.array([x, y])), -1.6, 1.6)
        seen = np.stack([across, away * np.sin(tilt) + 0.75 * z * np.cos(tilt)], axis=-1)
        quads.set_verts(np.stack([seen[c].reshape(-1, 2) for c in corners], axis=1)[order])
        middle = np.mean([z[c].ravel() for c in corners], axis=0)[order]
        quads.set_facecolor(HEIGHTS[np.clip(128 + 85 * middle, 0, 255).astype(int)])

    return set_heights


@explorer(
    first=slider(-2, 2, start=2, step=0.1, label="λ₁"),
    second=slider(-2, 2, start=1, step=0.1, label="λ₂"),
    angle=slider(0, 180, start=30, step=1, label="angle (°)"),
    beyond=choice(BEYOND, label="beyond H"),
    presets={
        "minimum": {"first": 2, "second": 1, "beyond": "nothing"},
        "saddle": {"first": 2, "second": -1, "beyond": "nothing"},
        "x² + y⁴": {"first": 2, "second": 0, "angle": 0, "beyond": "+ v⁴"},
        "monkey saddle": {"first": 0, "second": 0, "angle": 90, "beyond": "+ u³ − 3uv²"},
    },
    size=(10, 4.8),
)
def hessian_eigenvalues(figure):
    """What do two eigenvalues and an angle say about a point without a slope?"""
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.15))
    left.grid(False)
    left.set(title="Contours and eigenvectors", xlabel="x", ylabel="y", aspect="equal")
    colors = moving_image(left, ((-1, 1), (-1, 1)), (64, 64))
    contours = moving_lines(left, colors="#6b5a3a", linewidths=1)
    axes_of_h = moving_lines(left, colors=[ORANGE, BLUE], linewidths=4)
    name_axes = moving_texts(left, [(0, 0)] * 2, size=17, weight="bold")
    right.set_title("The surface")
    set_heights = view_from_aside(right)
    write = moving_texts(right, [(0, -1.98)], size=18, weight="bold")  # below the surface
    palette = (255 * HEIGHTS).astype(np.uint8)

    def update(first, second, angle, beyond):
        def height(u, v):
            return (first * u**2 + second * v**2) / 2 + BEYOND[beyond](u, v)

        z = height(*turned(PLANE, angle))
        colors.set_data(palette[np.clip(128 + 85 * z, 0, 255).astype(int)])
        contours.set_segments(contour_lines(SIDE, SIDE, z, *np.arange(-1.8, 1.9, 0.3)))
        cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
        e = 0.62 * np.array([(cos, sin), (-sin, cos)])
        axes_of_h.set_segments([(-e[0], e[0]), (-e[1], e[1])])
        name_axes(["λ₁", "λ₂"], 1.25 * e)
        set_heights(lambda points: height(*turned(points, angle)))
        verdict = classify_critical_point([first, second])
        write([f"H says: {verdict}"])
        looked = kind_by_looking(height)
        more = f"; it does not say more, and here it is {looked}" if verdict == "degenerate" else ""
        return f"the eigenvalues {first:.1f} and {second:.1f} of H say: {verdict}{more}"

    return update


# --- The quadratic that fits here -----------------------------------------------------------------

STRETCH = np.linspace(-2, 2, 81)


@explorer(
    a=slider(-4, 4, start=1.3, step=0.1),
    b=slider(-3, 3, start=0.3, step=0.1),
    angle=slider(0, 180, start=80, step=2, label="direction (°)"),
    presets={
        "on a saddle, downhill": {"a": 1.3, "b": 0.3, "angle": 64},
        "the same, uphill": {"a": 1.3, "b": 0.3, "angle": 154},
        "in a valley": {"a": 0.4, "b": -2.1, "angle": 0},
        "on a slope": {"a": -3, "b": -1, "angle": 30},
    },
    size=(10, 4.4),
)
def taylor(figure):
    """How far does the parabola that fits here tell the truth?"""
    surface = surfaces.valleys()
    left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
    a_grid, b_grid, loss = surface.on_grid(61)
    draw_surface(left, a_grid, b_grid, loss)
    grid = np.array(np.meshgrid(a_grid, b_grid))
    left.set(title="L, and contours of the quadratic", xlabel="a", ylabel="b")
    model = moving_lines(left, colors=PINK, linewidths=2)
    way = moving_curve(left, ORANGE, lw=4)
    here = moving_curve(left, ORANGE, "o", ms=12, mec="white")
    right.set(title="Along the orange line", xlabel="distance t", ylabel="loss")
    right.set(xlim=(-2, 2), ylim=(0, 8))
    truth = moving_curve(right, ORANGE, lw=4, label="L")
    line = moving_curve(right, GREY, "--", label="slope only")
    parabola = moving_curve(right, PINK, lw=2.5, label="slope and curvature")
    right.legend(loc="upper center", ncols=3, fontsize=10)

    def update(a, b, angle):
        point = np.array([a, b])
        direction = np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
        value, g = surface.loss(point), surface.gradient(point)
        H = hessian_by_differences(surface.gradient, point)
        s = grid - point[:, None, None]
        quadratic = value + g[0] * s[0] + g[1] * s[1] + np.einsum("ij,iab,jab->ab", H, s, s) / 2
        levels = value + np.array([-0.8, -0.4, -0.1, 0.1, 0.4, 0.8])
        model.set_segments(contour_lines(a_grid, b_grid, quadratic, *levels))
        places = point[:, None] + direction[:, None] * STRETCH
        way.set_data(*places)
        here.set_data(*point[:, None])
        slope, bend = g @ direction, direction @ H @ direction
        straight = value + slope * STRETCH
        fitted = straight + bend / 2 * STRETCH**2
        truth.set_data(STRETCH, surface.loss(places))
        line.set_data(STRETCH, straight)
        parabola.set_data(STRETCH, fitted)
        gaps = np.abs(fitted - surface.loss(places))
        small, large = (np.linalg.eigvalsh(H)[i] for i in (0, 1))
        return (
            f"slope {slope:.2f}, curvature vᵀHv = {bend:.2f} (between the eigenvalues {small:.2f} "
            f"and {large:.2f}); the parabola is off by {gaps[45]:.2g} at t = 0.25 and by "
            f"{gaps[50]:.2g} at t = 0.5"
        )

    return update


PLACES = ("a saddle", "a minimum")
ALONG = np.linspace(-3, 3, 31)


@cache
def place_of_the_net(place):
    """A point without a slope of the small net's loss: (loss, θ, eigenvalues, vectors)."""
    loss, start = landscapes.small_loss(hidden=4, seed=2)
    at = start if place == PLACES[0] else landscapes.lowest(loss, start)
    theta = find_critical_point(loss, at, tolerance=1e-4).theta
    values, vectors = torch.linalg.eigh(hessian(loss, theta))
    return loss, theta, values.numpy(), vectors


@explorer(
    k=int_slider(1, 61, start=1, label="eigenvector"),
    place=choice(PLACES),
    presets={
        "steepest down": {"k": 1, "place": "a saddle"},
        "nearly level": {"k": 30, "place": "a saddle"},
        "steepest up": {"k": 61, "place": "a saddle"},
        "in the valley": {"k": 1, "place": "a minimum"},
    },
    size=(10, 4.2),
)
def walk_along(figure):
    """What does a network's loss do along the eigenvectors of its Hessian?"""
    for place in PLACES:  # now, so that no move waits for it
        place_of_the_net(place)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.1))
    left.set(title="Eigenvalues of H", xlabel="number, from below", ylabel="λ", xlim=(-1, 63))
    left.set_yscale("symlog", linthresh=0.01)
    left.set(ylim=(-0.9, 3), yticks=[-0.1, -0.01, 0, 0.01, 0.1, 1])
    left.set_yticklabels(["−0.1", "−0.01", "0", "0.01", "0.1", "1"])
    left.axhline(0, color=GREY, lw=1.5)
    all_values = moving_curve(left, BLUE, "o", ms=5)
    one = moving_curve(left, ORANGE, "o", ms=13, mec="white")
    right.set(title="Along this eigenvector", xlabel="distance t", ylabel="L(θ + t v) − L(θ)")
    right.set(xlim=(-3, 3), ylim=(-0.6, 1.2))
    right.axhline(0, color=GREY, lw=1)
    truth = moving_curve(right, ORANGE, lw=4, label="the loss")
    parabola = moving_curve(right, PINK, lw=2.5, label="½ λ t²")
    right.legend(loc="upper center", ncols=2)

    @lru_cache(maxsize=200)
    def along(k, place):
        loss, theta, _, vectors = place_of_the_net(place)
        with torch.no_grad():
            base = loss(theta).item()
            return np.array([loss(theta + t * vectors[:, k - 1]).item() - base for t in ALONG])

    def update(k, place):
        _, theta, values, _ = place_of_the_net(place)
        value, change = values[k - 1], along(k, place)
        all_values.set_data(np.arange(1, len(values) + 1), values)
        one.set_data([k], [value])
        truth.set_data(ALONG, change)
        parabola.set_data(ALONG, value / 2 * ALONG**2)
        lowest = ALONG[change.argmin()]
        end = f"the loss falls by {-change.min():.2g} at t = {lowest:.2g}"
        down = int((values < -1e-8).sum())
        blind = theta[:32].abs().max() < 0.001  # the weights of the inputs
        where = f"{place} where the network says the same for every digit" if blind else place
        return (
            f"{where}: {down} of {len(values)} eigenvalues are negative; λ = {value:.2g} here, "
            + (end if change.min() < -1e-6 else "and the loss only rises")
        )

    return update


# --- Newton and its relatives ---------------------------------------------------------------------

ENDS = ("in a valley", "at a saddle", "nowhere on this map")
END_COLORS = (GREEN, PINK, GREY)
NEWTONS = ("Newton", "saddle-free", "gradient descent")


def steps_on(surface, method, points):
    """Return where one step of a method leads, for points of shape (2, …)."""
    slope = surface.gradient(points)
    if method == NEWTONS[2]:
        return points - 0.3 * slope
    H = hessian_by_differences(surface.gradient, points)
    return points + newton_step(slope, H, absolute=method == NEWTONS[1])


def end_of(surface, points):
    """What walks ended at: 0 for a minimum, 1 for another point without a slope, 2 for neither."""
    (a, b), (low_a, high_a), (low_b, high_b) = points, *surface.limits
    inside = (low_a < a) & (a < high_a) & (low_b < b) & (b < high_b)
    level = np.linalg.norm(surface.gradient(points), axis=0) < 1e-4
    H = np.moveaxis(hessian_by_differences(surface.gradient, points), (0, 1), (-2, -1))
    return np.where(~(inside & level), 2, np.linalg.eigvalsh(H)[..., 0] < 0)


@cache
def newton_map(method, n=61):
    """Where 30 steps of Newton's method (100 of gradient descent) end from each start, (n, n)."""
    surface = surfaces.valleys()
    a, b, _ = surface.on_grid(n)
    points = np.array(np.meshgrid(a, b))
    for _ in range(100 if method == NEWTONS[2] else 30):
        points = np.clip(steps_on(surface, method, points), -30, 30)
    return end_of(surface, points)


@explorer(
    a=slider(-4.8, 4.8, start=-1.0, step=0.1, label="start a"),
    b=slider(-3.8, 3.8, start=0.9, step=0.1, label="start b"),
    method=choice(NEWTONS),
    presets={
        "drawn to a saddle": {"a": -1.0, "b": 0.9, "method": "Newton"},
        "the same, saddle-free": {"a": -1.0, "b": 0.9, "method": "saddle-free"},
        "into a valley": {"a": 1.0, "b": -2.5, "method": "Newton"},
        "off the map": {"a": -4.0, "b": -1.0, "method": "Newton"},
    },
    size=(10, 4.4),
)
def newton_start(figure):
    """Where does Newton's method end, from which start?"""
    surface = surfaces.valleys()
    left, right = figure.subplots(1, 2)
    draw_surface(left, *surface.on_grid())
    left.set(title="The walk", xlabel="a", ylabel="b", xlim=(-5, 5), ylim=(-4, 4))
    path = moving_curve(left, ORANGE, "o-", lw=2, ms=6)
    end = moving_curve(left, ORANGE, "o", ms=13, mec="white")
    right.set(title="Where each start ends", xlabel="start a", ylabel="start b")
    right.grid(False)
    image = moving_image(right, ((-5, 5), (-4, 4)), (61, 61))
    for place, color in enumerate(END_COLORS):
        right.plot([], [], "s", color=color, ms=11, label=ENDS[place])
    right.legend(loc="lower center", ncols=3, fontsize=10.5, bbox_to_anchor=(0.5, -0.31))
    right.plot(*np.array(surface.minima).T, "*", color="white", mec=INK, ms=17, animated=True)
    here = moving_curve(right, ORANGE, "o", ms=12, mec="white")
    palette = (255 * to_rgba_array(END_COLORS)).astype(np.uint8)
    for method in NEWTONS:
        newton_map(method)

    def update(a, b, method):
        points = [np.array([a, b])]
        for _ in range(100 if method == NEWTONS[2] else 30):
            points.append(np.clip(steps_on(surface, method, points[-1]), -30, 30))
        path.set_data(*np.array(points).T)
        end.set_data(*points[-1][:, None])
        here.set_data([a], [b])
        ends = newton_map(method)
        image.set_data(palette[ends])
        shares = np.bincount(ends.ravel(), minlength=3) / ends.size
        lost = f", {shares[2]:.0%} {ENDS[2]} (nothing shortens the steps)" if shares[2] else ""
        last = surface.loss(points[-1])
        return (
            f"this walk ends {ENDS[int(end_of(surface, points[-1]))]} (loss {last:.2f}); of all "
            f"starts {shares[0]:.0%} end in a valley, {shares[1]:.0%} at a saddle{lost}"
        )

    return update


TRACKS = {
    "bowl": surfaces.ravine(20, 30),
    "Rosenbrock": surfaces.ROSENBROCK,
    "Beale": surfaces.BEALE,
    "saddle": surfaces.SADDLE,
}
RATES = {"bowl": 0.09, "Rosenbrock": 0.002, "Beale": 0.02, "saddle": 0.3}
RACERS = ("gradient descent", "Newton", "saddle-free", "BFGS", "conjugate gradient")


def racer(name, track):
    """Return an optimizer for a track; gradient descent with a rate that suits it."""
    surface = TRACKS[track]
    H = partial(hessian_by_differences, surface.gradient)
    return {
        "gradient descent": lambda: SGD(RATES[track]),
        "Newton": lambda: Newton(H),
        "saddle-free": lambda: SaddleFreeNewton(H),
        "BFGS": lambda: BFGS(surface.loss, surface.gradient),
        "conjugate gradient": lambda: ConjugateGradient(surface.loss, surface.gradient),
    }[name]()


@explorer(
    a=slider(0, 1, start=0.2, step=0.02, label="start, across"),
    b=slider(0, 1, start=0.5, step=0.02, label="start, up"),
    track=choice(TRACKS),
    presets={
        "one step": {"a": 0.1, "b": 0.8, "track": "bowl"},
        "banana valley": {"a": 0.2, "b": 0.5, "track": "Rosenbrock"},
        "Newton goes wrong": {"a": 0.3, "b": 0.86, "track": "Beale"},
        "at a saddle": {"a": 0.1, "b": 0.56, "track": "saddle"},
    },
    size=(10, 4.6),
)
def second_order(figure):
    """Who is down first: slope alone, all of the curvature, or curvature that is learned?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.05, 1))
    left.set(title="The ways", xticks=[], yticks=[])
    left.grid(False)
    image = moving_image(left, ((0, 1), (0, 1)), (64, 64))
    contours = moving_lines(left, colors="white", linewidths=0.7, alpha=0.8)
    right.set(title="Loss above the least", xlabel="step", yscale="log", xlim=(0, 40))
    right.set(ylim=(1e-12, 1e9))
    colors = GREY, ORANGE, AMBER, BLUE, PINK
    looks = list(zip(RACERS, colors, "os^Dv", (2, 5, 2, 2, 2), strict=True))  # Newton's lies below
    ways = [moving_curve(left, c, f"{m}-", lw=w, ms=w + 2) for _, c, m, w in looks]
    curves = [moving_curve(right, c, f"{m}-", lw=w, ms=w + 3, label=n) for n, c, m, w in looks]
    right.legend(loc="upper right", fontsize=10.5, ncols=2)

    @cache
    def drawn(track):
        surface, side = TRACKS[track], np.linspace(0, 1, 64)
        ranks = ranks_of(surface.on_grid(64)[2])
        return shades(ranks), contour_lines(side, side, ranks, *np.linspace(0.02, 0.98, 12))

    for track in TRACKS:  # now, so that no move waits for it
        drawn(track)

    def update(a, b, track):
        surface = TRACKS[track]
        low, high = np.array(surface.limits).T
        start, goal = low + (high - low) * (a, b), surface.loss(np.array(surface.minima[0]))
        heights, lines = drawn(track)
        image.set_data(heights)
        contours.set_segments(lines)
        needed = {}
        for name, way, curve in zip(RACERS, ways, curves, strict=True):
            walk = minimize(surface.loss, surface.gradient, start, racer(name, track), 40, 1e-8)
            way.set_data(*np.clip((walk.points - low) / (high - low), -2, 3).T)
            above = np.clip(walk.losses - goal, 1e-13, 1e6)
            curve.set_data(np.arange(len(above)), above)
            there = np.flatnonzero(above < 1e-6)
            needed[name] = f"{there[0]}" if len(there) else "over 40"
        steps = ", ".join(f"{name} {n}" for name, n in needed.items())
        return f"steps to 10⁻⁶: {steps} (the last two do not search their lines exactly)"

    return update


# --- Deep linear networks -------------------------------------------------------------------------

SPAN = np.linspace(-1.6, 1.6, 64)


def two_weights(u, v, depth):
    """All weights of a chain of `depth` layers, the odd ones u, the even ones v: (depth, …)."""
    return np.array([v if layer % 2 else u for layer in range(depth)])


@explorer(
    depth=int_slider(2, 6, start=2, label="layers"),
    u=slider(-1.5, 1.5, start=0.3, step=0.02, label="start u"),
    v=slider(-1.5, 1.5, start=-0.2, step=0.02, label="start v"),
    presets={
        "two layers": {"depth": 2, "u": 0.3, "v": -0.2},
        "three layers": {"depth": 3, "u": 0.3, "v": -0.2},
        "six layers": {"depth": 6, "u": 0.6, "v": 0.5},
        "on the ridge": {"depth": 2, "u": 0.6, "v": -0.6},
    },
    size=(10, 4.6),
)
def deep_linear(figure):
    """The loss of y = w₁ w₂ … w_L x: where is it level, and how long does a walk stay there?"""
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.1))
    left.set(title="Odd layers u, even layers v", xlabel="u", ylabel="v", aspect="equal")
    left.grid(False)
    image = moving_image(left, ((-1.6, 1.6),) * 2, (64, 64))
    contours = moving_lines(left, colors="white", linewidths=0.8, alpha=0.8)
    goals = moving_lines(left, colors=GREEN, linewidths=3)
    path = moving_curve(left, ORANGE, lw=3)
    end = moving_curve(left, ORANGE, "o", ms=12, mec="white")
    right.set(title="Gradient descent, η = 0.02", xlabel="step", ylabel="loss (1 − product)²")
    right.set(xlim=(1, 1000), xscale="log", ylim=(-0.05, 2.05))
    right.axhline(1, color=GREY, lw=1.5, ls="--")
    curve = moving_curve(right, ORANGE, lw=3)
    grid = np.array(np.meshgrid(SPAN, SPAN))

    @cache
    def drawn(depth):
        loss = chain_loss(two_weights(*grid, depth))
        low = contour_lines(SPAN, SPAN, loss, 0.1, 0.4, 0.8, 0.99, 1.01, 1.3, 2.5, 6)
        goal = contour_lines(SPAN, SPAN, np.prod(two_weights(*grid, depth), axis=0), 1)
        return shades(ranks_of(loss)), low, goal

    @lru_cache(maxsize=500)
    def walk(depth, u, v):
        """At most 1,000 steps: each weight's slope is −2 (1 − p) p / itself, p their product."""
        odd, even, points = (depth + 1) // 2, depth // 2, []
        for _ in range(1001):
            points.append((u, v))
            if max(abs(u), abs(v)) > 10:  # it will never come back
                break
            pull = 0.04 * (1 - u**odd * v**even)
            u, v = u + pull * u ** (odd - 1) * v**even, v + pull * u**odd * v ** (even - 1)
        return np.array(points)

    def update(depth, u, v):
        colors, lines, goal = drawn(depth)
        image.set_data(colors)
        contours.set_segments(lines)
        goals.set_segments(goal)
        points = walk(depth, u, v)
        losses = chain_loss(two_weights(*points.T, depth))
        path.set_data(*points.T)
        end.set_data(*points[-1:].T)
        curve.set_data(np.arange(1, len(losses)), losses[1:])
        left_it = np.flatnonzero(losses < 0.5)
        when = f"is below ½ after {left_it[0]} steps" if len(left_it) else "stays above ½"
        if (points[0] == points[-1]).all():
            when = "never changes: the slope is 0"
        elif np.abs(points[-1]).max() > 10:
            when = "grows without end: η is too large here"
        return f"{depth} layers: the loss begins at {losses[0]:.2f} and {when}"

    return update


SIZES = np.geomspace(1e-4, 0.5, 12)
STAIRS = 2000


@cache
def staircase_data():
    """Five inputs and outputs that are joined by four strengths: X (200, 4), Y (200, 4)."""
    random = np.random.default_rng(0)
    X = np.linalg.qr(random.normal(size=(200, 4)))[0] * np.sqrt(200)
    left, right = (np.linalg.qr(random.normal(size=(4, 4)))[0] for _ in range(2))
    return X, X @ left @ np.diag([3.0, 2.0, 1.2, 0.6]) @ right


@cache
def staircases(depth):
    """The loss along gradient descent for each size of the first weights, (steps + 1, sizes)."""
    random = np.random.default_rng(1)
    starts = [SIZES[:, None, None] ** (2 / depth) * random.normal(size=(4, 4)) / 2
              for _ in range(depth)]  # fmt: skip
    return descent_losses(starts, *staircase_data(), learning_rate=0.05 / depth, steps=STAIRS)


@explorer(
    depth=int_slider(1, 4, start=2, label="layers"),
    weights=int_slider(1, len(SIZES), start=1, label="size of the first weights"),
    presets={
        "one layer": {"depth": 1, "weights": 1},
        "two, begun small": {"depth": 2, "weights": 1},
        "two, begun large": {"depth": 2, "weights": 12},
        "four, begun small": {"depth": 4, "weights": 6},
    },
    size=(10, 4.2),
)
def staircase(figure):
    """Why does the loss of a deep network fall in stairs?"""
    axes = figure.subplots()
    for depth in range(1, 5):  # now (under a second), so that no move waits for it
        staircases(depth)
    levels = critical_losses(*staircase_data(), 4)
    axes.set(title="A linear network, 4 × 4 matrices, gradient descent", xlabel="step")
    axes.set(ylabel="loss", xlim=(0, STAIRS), ylim=(-0.3, 9.2))
    axes.hlines(levels, 0, STAIRS, color=GREY, lw=0.8)
    axes.plot([], [], color=GREY, lw=1.5, label="losses of all points without a slope")
    curve = moving_curve(axes, ORANGE, lw=4, label="the walk")
    axes.legend(loc="upper right", ncols=2)

    def update(depth, weights):
        losses = staircases(depth)[:, weights - 1]
        curve.set_data(np.arange(len(losses)), losses)
        nearest = np.abs(losses[:, None] - levels).argmin(axis=1)
        close = np.abs(losses - levels[nearest]) < 0.03
        rested = np.bincount(nearest[close], minlength=len(levels)) >= 15
        stairs = ", ".join(f"{level:.2f}" for level in levels[:0:-1][rested[:0:-1]])
        layers = f"{depth} layer{'s' * (depth > 1)}"
        return (
            f"{layers}, first weights of size {SIZES[weights - 1]:.2g}: the walk rests 15 steps or "
            f"more at {f'the loss {stairs}' if stairs else 'no saddle'}; after {STAIRS:,} steps it "
            f"is at {max(losses[-1], 0):.2f}"
        )

    return update


# --- Random symmetric matrices --------------------------------------------------------------------

SIZES_OF_MATRICES = np.arange(1, 13)
exact = cache(exact_chance)
BINS = np.linspace(-2.3, 2.3, 47)


@cache
def some_spectra(n):
    """Eigenvalues of random matrices, ascending, (matrices, n): fewer matrices of larger size."""
    return spectra(n, max(40, 20_000 // n**2))


def power_above(n):
    """Return the power of ten above the law for large n, which itself is above the chance."""
    return f"1e-{int(RATE * n**2 / np.log(10))}"


@explorer(
    n=int_slider(1, 40, start=2, label="size n"),
    shift=slider(-1.2, 1.2, start=0, step=0.02, label="shift of the spectrum"),
    presets={
        "2 × 2": {"n": 2, "shift": 0},
        "12 × 12": {"n": 12, "shift": 0},
        "low loss": {"n": 40, "shift": 1.0},
        "high loss": {"n": 40, "shift": -0.6},
    },
    size=(10, 4.2),
)
def random_matrices(figure):
    """How likely are all eigenvalues of a random matrix above zero?"""
    left, right = figure.subplots(1, 2)
    left.set(title="Eigenvalues of random matrices", xlabel="λ / √(2n)", ylabel="density")
    left.set(xlim=(-2.3, 2.3), ylim=(0, 0.9))
    left.axvline(0, color=INK, lw=1.5)
    bars = moving_lines(left, linewidths=8, capstyle="butt")
    bars.set_color([ORANGE if x < 0 else BLUE for x in (BINS[1:] + BINS[:-1]) / 2])
    right.set(title="All above 0 (no shift)", xlabel="size n", ylabel="chance", yscale="log")
    right.set(xlim=(0.5, 12.5), ylim=(1e-21, 2), xticks=range(1, 13, 2))
    right.plot(SIZES_OF_MATRICES, 0.5**SIZES_OF_MATRICES, "--", color=GREY, label="coins, 2⁻ⁿ")
    law = np.exp(-RATE * SIZES_OF_MATRICES**2)
    right.plot(SIZES_OF_MATRICES, law, ":", color=PINK, lw=3, label="exp(−0.275 n²)")
    chances = [exact(n) for n in SIZES_OF_MATRICES]
    right.plot(SIZES_OF_MATRICES, chances, "o-", color=BLUE, label="the chance")
    here = moving_curve(right, ORANGE, "o", ms=13, mec="white")
    right.legend(loc="lower left", fontsize=12)
    middles = (BINS[1:] + BINS[:-1]) / 2

    def update(n, shift):
        values = some_spectra(n) + shift
        heights = np.histogram(values, BINS, density=True)[0]
        bars.set_segments([[(x, 0), (x, h)] for x, h in zip(middles, heights, strict=True)])
        here.set_data(*([[n], [exact(n)]] if n <= len(chances) else [[], []]))
        chance = f"{exact(n):.2g}" if n <= 20 else f"below {power_above(n)}"
        seen = f", {np.mean(values[:, 0] > 0):.0%} of these matrices have none" if shift else ""
        return (
            f"{np.mean(values < 0):.0%} of the eigenvalues are negative{seen}; the chance that a "
            f"matrix without a shift has none is {chance}"
        )

    return update


# --- The spectrum of a real network ---------------------------------------------------------------


@explorer(
    look=int_slider(0, 39, start=0),
    presets={
        "at the start": {"look": 0},
        "on the way": {"look": 25},
        "trained": {"look": 39},
    },
    size=(10, 4.4),
)
def spectrum(figure):
    """What becomes of the eigenvalues while a network is trained?"""
    stored = load_experiment("spectrum_training")
    steps, losses, values = (stored[name] for name in ("steps", "losses", "eigenvalues"))
    left, right = figure.subplots(1, 2, width_ratios=(1.4, 1))
    high = 1.05 * values.max()
    bins = np.linspace(min(1.1 * values.min(), -0.05 * high), high, 81)
    middles = (bins[1:] + bins[:-1]) / 2
    left.set(title=f"All {values.shape[1]} eigenvalues of H", xlabel="λ", ylabel="how many")
    left.set(yscale="log", ylim=(0.6, values.shape[1]), xlim=(bins[0], bins[-1]))
    left.axvline(0, color=INK, lw=1)
    bars = moving_lines(left, linewidths=5, capstyle="butt")
    bars.set_color([ORANGE if x < -(bins[1] - bins[0]) / 2 else BLUE for x in middles])
    right.set(title="Loss and largest eigenvalue", xlabel="step", xscale="log", yscale="log")
    shown = np.maximum(steps, 0.7)
    right.set(xlim=(0.6, 1.3 * steps[-1]))
    right.plot(shown, losses, color=GREY, label="loss")
    right.plot(shown, values[:, -1], color=BLUE, ls="--", label="λ, the largest")
    dots = moving_curve(right, ORANGE, "o", ms=12, mec="white")
    right.legend(loc="best", fontsize=12)

    def update(look):
        here = round(look * (len(steps) - 1) / 39)
        now, largest = values[here], values[here, -1]
        counts = np.histogram(now, bins)[0]
        bars.set_segments([[(x, 0.6), (x, c)] for x, c in zip(middles, counts, strict=True)])
        dots.set_data([shown[here]] * 2, [losses[here], largest])
        tiny, below = np.mean(np.abs(now) < 0.01 * largest), np.mean(now < -0.01 * largest)
        return (
            f"step {steps[here]}, loss {losses[here]:.3g}, largest eigenvalue {largest:.3g}: "
            f"{tiny:.0%} lie within a hundredth of it around 0, {below:.0%} clearly below"
        )

    return update


# --- Critical points of a real network ------------------------------------------------------------


@cache
def stored_points(hidden):
    """The critical points of the small net that were found, by rising loss: a table."""
    table = load_experiment("critical_points")
    return table[table["converged"] & (table["hidden"] == hidden)].sort_values("loss")


@explorer(
    hidden=choice((3, 6, 12), start=6, label="hidden neurons"),
    rank=int_slider(0, 100, start=50, label="rank by loss (%)"),
    presets={
        "the lowest": {"rank": 0},
        "in the middle": {"rank": 50},
        "the highest": {"rank": 100},
    },
    size=(10, 4.4),
)
def index_against_loss(figure):
    """How many directions lead down, at which height?"""
    left, right = figure.subplots(1, 2)
    tables = [stored_points(hidden) for hidden in (3, 6, 12)]
    high = 1.04 * max(table["loss"].max() for table in tables)
    low = 0.9 * min(table["loss"].min() for table in tables)
    left.set(title="Points without a slope", xlabel="loss", ylabel="share of negative eigenvalues")
    left.set(xlim=(low, high), ylim=(-0.02, 1.05 * max(t["negative"].max() for t in tables)))
    points = moving_curve(left, BLUE, "o", ms=6, alpha=0.5, mec="none")
    one = moving_curve(left, ORANGE, "o", ms=14, mec="white")
    right.set(title="Their lowest eigenvalue", xlabel="loss", ylabel="least λ", xlim=(low, high))
    right.set_yscale("symlog", linthresh=0.01)
    right.set_ylim(1.3 * min(t["least"].min() for t in tables), 0.1)
    right.axhline(0, color=GREY, lw=1.5)
    least = moving_curve(right, BLUE, "o", ms=6, alpha=0.5, mec="none")
    its = moving_curve(right, ORANGE, "o", ms=14, mec="white")

    def update(hidden, rank):
        table = stored_points(hidden)
        points.set_data(table["loss"], table["negative"])
        least.set_data(table["loss"], table["least"])
        row = table.iloc[round(rank / 100 * (len(table) - 1))]
        one.set_data([row["loss"]], [row["negative"]])
        its.set_data([row["loss"]], [row["least"]])
        down = round(row["negative"] * row["parameters"])
        kind = "degenerate" if row["kind"] == "degenerate" else f"a {row['kind']}"
        silent = f", {row['silent']} of its {hidden} neurons silent" if row["silent"] else ""
        return (
            f"{len(table)} points; this one has the loss {row['loss']:.3f} and {down} of "
            f"{row['parameters']} eigenvalues below 0 ({row['negative']:.0%}): {kind}{silent}"
        )

    return update


# --- The edge of stability ------------------------------------------------------------------------


@cache
def stored_edges(kind):
    """The stored runs by rate: {rate: {seed: (steps, losses, top eigenvalues)}}."""
    table = load_experiment("edge_of_stability")
    table = table[table["kind"] == kind]
    return {
        rate: {
            seed: run[["step", "loss", "top"]].to_numpy().T for seed, run in runs.groupby("seed")
        }
        for rate, runs in table.groupby("rate")
    }


@explorer(
    rate=int_slider(1, 5, start=3, label="learning rate, level"),
    kind=choice(landscapes.LOSSES, label="loss"),
    progress=int_slider(1, 100, start=30, label="progress (%)"),
    presets={
        "it rises": {"rate": 3, "kind": "squared error", "progress": 30},
        "and hovers": {"rate": 3, "kind": "squared error", "progress": 100},
        "a larger rate": {"rate": 5, "kind": "squared error", "progress": 100},
        "another loss": {"rate": 5, "kind": "cross-entropy", "progress": 100},
    },
    size=(10, 4.4),
)
def edge_of_stability(figure):
    """How sharp does it get, if the learning rate is η?"""
    left, right = figure.subplots(1, 2)
    left.set(title="Sharpness ÷ (2/η)", xlabel="share of the training (%)", ylabel="λ_max · η / 2")
    left.set(xlim=(0, 100), ylim=(0, 4.2))
    left.axhline(1, color=INK, ls="--", lw=2.5, label="the edge, λ_max = 2/η")
    right.set(title="Loss", xlabel="share of the training (%)", ylabel="loss", xlim=(0, 100))
    right.set(yscale="log", ylim=(5e-4, 4))
    looks = ((BLUE, "-"), (GREEN, "--"), (PINK, ":"))
    tops = [moving_curve(left, c, s, lw=2.5, label=f"seed {k}") for k, (c, s) in enumerate(looks)]
    falls = [moving_curve(right, c, s, lw=2.5) for c, s in looks]
    left.legend(loc="upper right", ncols=2, fontsize=11)
    for kind in landscapes.LOSSES:  # now, so that no move waits for it
        stored_edges(kind)

    def update(rate, kind, progress):
        runs = stored_edges(kind)
        eta = sorted(runs)[max(rate - 6, -len(runs))]  # the five largest that are stored
        ends = []
        for (steps, losses, top), above, below in zip(runs[eta].values(), tops, falls, strict=True):
            so_far = slice(0, max(2, round(progress / 100 * len(steps))))
            share = 100 * steps / steps[-1]
            above.set_data(share[so_far], top[so_far] * eta / 2)
            below.set_data(share[so_far], losses[so_far])
            ends.append((steps[so_far][-1], losses[so_far][-1], top[so_far][-1]))
        now, loss, largest = np.mean(ends, axis=0)
        return (
            f"{kind}, η = {eta:g}, 2/η = {2 / eta:.3g}, step {now:.0f}, means of {len(ends)} "
            f"seeds: the largest eigenvalue is {largest:.3g}, {largest * eta / 2:.2f} times 2/η; "
            f"the loss is {loss:.2g}"
        )

    return update


# --- Slices of a landscape ------------------------------------------------------------------------

NETS = {"plain": "plain", "with batch norm": "batch"}
DEPTHS = {"2 layers": 2, "8 layers": 8}


@explorer(
    net=choice(NETS, label="network"),
    depth=choice(DEPTHS, start="8 layers"),
    seed=int_slider(0, 2, start=0),
    cut=int_slider(0, 24, start=12, label="cut, row"),
    presets={
        "deep and plain": {"net": "plain", "depth": "8 layers"},
        "deep, batch norm": {"net": "with batch norm", "depth": "8 layers"},
        "shallow and plain": {"net": "plain", "depth": "2 layers"},
        "shallow, batch norm": {"net": "with batch norm", "depth": "2 layers"},
    },
    size=(10, 4.4),
)
def slices(figure):
    """What does a slice through the loss look like, with batch norm and without?"""
    stored = load_experiment("loss_slices")
    span = stored["span"]
    tables = {k: np.log10(stored[k]) for k in stored if k.startswith(tuple(NETS.values()))}
    low, high = min(map(np.min, tables.values())), max(map(np.max, tables.values()))
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.15))
    left.set(title="log₁₀ of the loss, around the end", xlabel="along v₁", ylabel="along v₂")
    left.grid(False)
    limits = (span[0], span[-1])
    image = moving_image(left, (limits, limits), (len(span),) * 2)
    contours = moving_lines(left, colors="white", linewidths=1, alpha=0.85)
    row = moving_curve(left, ORANGE, lw=3)
    right.set(title="Along the orange line", xlabel="along v₁", ylabel="log₁₀ of the loss")
    right.set(xlim=limits, ylim=(low - 0.1, high + 0.5), xticks=[-1, -0.5, 0, 0.5, 1])
    curves = {
        name: moving_curve(right, color, style, lw=3, label=name)
        for name, color, style in zip(NETS, (BLUE, GREEN), ("-", "--"), strict=True)
    }
    right.legend(loc="upper center", ncols=2)
    palette = shades(np.arange(256.0))

    def update(net, depth, seed, cut):
        layers = DEPTHS[depth]
        shown = tables[f"{NETS[net]}_{layers}_{seed}"]
        image.set_data(palette[(255 * (shown - low) / (high - low)).astype(int)])
        contours.set_segments(contour_lines(span, span, shown, *np.arange(-4, 4, 0.25)))
        row.set_data(limits, [span[cut]] * 2)
        for name, curve in curves.items():
            curve.set_data(span, tables[f"{NETS[name]}_{layers}_{seed}"][cut])
        lowest, highest = 10 ** shown.min(), 10 ** shown.max()
        return (
            f"{net}, {depth}: on this slice the loss lies between {lowest:.2g} and {highest:.1f}; "
            f"in the middle it is {10 ** shown[12, 12]:.2g}"
        )

    return update
