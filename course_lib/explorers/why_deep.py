"""Lesson 08: straight pieces, regions of the plane, folds, x² and polynomials, which layer matters,
and what becomes of a circle."""

from functools import cache, lru_cache

import matplotlib
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap
from numpy.polynomial.polynomial import polyval

from course_lib import depth as experiments
from course_lib.approximation import (
    SEGMENTS,
    TARGETS,
    X,
    chebyshev,
    errors_by_formula,
    fit_by_formula,
    fit_by_training,
    largest_error,
    one_layer_square_error,
)
from course_lib.drawing import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    SKY,
    moving_lines,
    moving_polygons,
    moving_texts,
    new_figure,
)
from course_lib.explorer import choice, explorer, int_slider, log_slider, slider
from course_lib.plotting import Picture
from course_lib.relu_networks import (
    affine,
    affine_pieces,
    count_functions,
    fold_net,
    horner_nets,
    horner_values,
    most_regions,
    random_network,
    rotation,
    sawtooth,
    square_net,
)

# --- One hidden layer, piece by piece -------------------------------------------------------------


@explorer(
    start=slider(0, 0.9, start=0.2, step=0.01, label="start"),
    width=log_slider(0.01, 0.5, start=0.5, label="width"),
    height=slider(-1, 1, start=0.8, step=0.05, label="height"),
    presets={
        "a gentle ramp": {"start": 0.2, "width": 0.5, "height": 0.8},
        "almost a step": {"start": 0.5, "width": 0.01, "height": 0.8},
        "down": {"start": 0.4, "width": 0.2, "height": -0.8},
    },
    size=(10, 4),
)
def two_relus(figure):
    """What do two ReLUs make together?"""
    left, right = figure.subplots(1, 2, sharey=True)
    left.set(title="Two ReLUs", xlabel="x", ylabel="value", xlim=(0, 1), ylim=(-2.1, 2.1))
    right.set(title="Their sum: up, then flat", xlabel="x", xlim=(0, 1))
    (up,) = left.plot([], [], color=BLUE, animated=True, label="one to go")
    (stop,) = left.plot([], [], "--", color=GREEN, animated=True, label="one to stop")
    left.legend(loc="lower left")
    (total,) = right.plot([], [], color=ORANGE, lw=4, animated=True)

    def update(start, width, height):
        slope = height / width
        first, second = slope * np.maximum(X - start, 0), -slope * np.maximum(X - start - width, 0)
        up.set_data(X, first)
        stop.set_data(X, second)
        total.set_data(X, first + second)
        first, second = f"{abs(slope):.3g} ReLU(x − {start:.2f})", f"ReLU(x − {start + width:.2f})"
        signs = ("−", "+") if slope < 0 else ("", "−")
        return (
            f"{signs[0]}{first} {signs[1]} {abs(slope):.3g} {second}: 0 up to {start:.2f}, "
            f"then slope {slope:.3g}, flat from {start + width:.2f} on"
        )

    return update


@explorer(
    target=choice(TARGETS),
    segments=int_slider(1, 64, start=3, label="segments K"),
    presets={
        "smooth, 8": {"target": "smooth", "segments": 8},
        "corners, 64": {"target": "corners", "segments": 64},
        "jagged, 64": {"target": "jagged", "segments": 64},
        "root, 64": {"target": "root", "segments": 64},
    },
    size=(10, 4.2),
)
def piecewise_fit(figure):
    """How fast does the error fall with more segments?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    left.set(title="Target and network", xlabel="x", ylabel="y", xlim=(0, 1), ylim=(-0.05, 1.15))
    (truth,) = left.plot([], [], color=GREY, lw=5, alpha=0.55, animated=True, label="target")
    (fit,) = left.plot([], [], color=ORANGE, lw=2, animated=True, label="network")
    (knots,) = left.plot([], [], "o", color=ORANGE, ms=6, animated=True)
    left.legend(loc="upper right", ncols=2)
    right.set(title="Largest error", xlabel="segments K", ylabel="error", xscale="log")
    right.set(yscale="log", xlim=(0.9, 72), ylim=(5e-5, 12))
    right.minorticks_off()
    right.set_xticks([1, 2, 4, 8, 16, 32, 64], ["1", "2", "4", "8", "16", "32", "64"])
    (promise,) = right.plot([], [], "--", color=GREY, animated=True, label="promise L/K")
    (curve,) = right.plot([], [], color=BLUE, animated=True, label="measured")
    (here,) = right.plot([], [], "o", color=BLUE, ms=12, animated=True)
    right.legend(loc="lower left")
    for name in TARGETS:  # now, so that no move has to wait for it
        errors_by_formula(name)

    def update(target, segments):
        function, lipschitz = TARGETS[target], TARGETS[target].lipschitz
        network, found = fit_by_formula(target, segments), errors_by_formula(target)
        at = np.linspace(0, 1, segments + 1)
        truth.set_data(X, function(X))
        fit.set_data(X, network(X))
        knots.set_data(at, function(at))
        bounded = np.isfinite(lipschitz)
        promise.set_data(SEGMENTS, lipschitz / SEGMENTS) if bounded else promise.set_data([], [])
        curve.set_data(SEGMENTS[:segments], found[:segments])  # the rest is left to be predicted
        here.set_data([segments], [found[segments - 1]])
        said = f"the promise is {lipschitz / segments:.2g}" if bounded else "nothing is promised"
        return f"{network.neurons} ReLUs, largest error {found[segments - 1]:.2g}; {said}"

    return update


# --- By formula or by training --------------------------------------------------------------------

HIDDEN = (8, 16, 32)
STARTS = ("spread", "all at 0")
UPDATES = 1000
SHOWN = np.unique(np.append(0, np.geomspace(1, UPDATES, 48).round()).astype(int))


@cache
def recorded_fits():
    """Return all trainings of the explorer: (network, history) by neurons and start (a second)."""
    return {  # of several runs one in the middle: other seeds end nearer, or farther
        (neurons, start): fit_by_training("smooth", neurons, start, UPDATES, seed=2)
        for neurons in HIDDEN
        for start in STARTS
    }


@cache
def recorded_errors(neurons, start):
    """Return the largest error of a recorded training at each snapshot."""
    network, history = recorded_fits()[neurons, start]
    found = []
    for update in SHOWN:
        network.parameters = history.parameters[update]
        found.append(largest_error(lambda x: network.predict(x[:, None]), "smooth"))
    return np.array(found)


@explorer(
    neurons=choice(HIDDEN, start=16),
    start=choice(STARTS, label="first kinks"),
    snapshot=int_slider(0, len(SHOWN) - 1, start=0, label="training, snapshot"),
    presets={
        "8, trained": {"neurons": 8, "start": "spread", "snapshot": len(SHOWN) - 1},
        "32, trained": {"neurons": 32, "start": "spread", "snapshot": len(SHOWN) - 1},
        "32, all kinks at 0": {"neurons": 32, "start": "all at 0", "snapshot": len(SHOWN) - 1},
    },
    size=(10, 4.2),
)
def formula_or_training(figure):
    """Does gradient descent find what the formula gives?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    left.set(title="Same neurons, two ways", xlabel="x", ylabel="y", xlim=(0, 1), ylim=(-0.2, 1.35))
    left.plot(X, TARGETS["smooth"](X), color=GREY, lw=5, alpha=0.55, label="target")
    (built,) = left.plot([], [], color=BLUE, lw=2, animated=True, label="formula")
    (trained,) = left.plot([], [], color=ORANGE, lw=2, animated=True, label="trained")
    (kinks,) = left.plot([], [], "|", color=ORANGE, ms=16, mew=2, animated=True)
    left.legend(loc="upper center", ncols=3)
    left.text(0.02, -0.17, "kinks of the trained network", color=ORANGE, va="bottom")
    right.set(title="Largest error", xlabel="update", ylabel="error", xscale="symlog", yscale="log")
    right.set(xlim=(0, UPDATES * 1.2), ylim=(1e-3, 8))
    right.set_xticks([0, 10, 100, 1000], ["0", "10", "100", "1000"])
    (level,) = right.plot([], [], color=BLUE, animated=True, label="formula")
    (curve,) = right.plot([], [], color=ORANGE, animated=True, label="trained")
    right.legend(loc="upper right")

    def update(neurons, start, snapshot):
        found = recorded_errors(neurons, start)  # first: it moves the network's parameters
        network, history = recorded_fits()[neurons, start]
        network.parameters = history.parameters[SHOWN[snapshot]]
        formula = fit_by_formula("smooth", neurons, merged=True)
        built.set_data(X, formula(X))
        trained.set_data(X, network.predict(X[:, None]))
        layer = network.dense_layers[0]
        at = -layer.b / layer.W[:, 0]
        inside = at[(at >= 0) & (at <= 1)]
        kinks.set_data(inside, np.full(len(inside), -0.02))
        by_formula = largest_error(formula, "smooth")
        level.set_data([0, UPDATES], [by_formula] * 2)
        curve.set_data(SHOWN[: snapshot + 1], found[: snapshot + 1])
        moved = f"{np.sum(np.abs(at) < 0.01)} of {neurons} kinks are still at 0"
        where = f"{len(inside)} of {neurons} kinks lie in the picture"
        return (
            f"after {SHOWN[snapshot]} updates the trained network errs by {found[snapshot]:.2g}, "
            f"the formula by {by_formula:.2g}; {where if start == 'spread' else moved}"
        )

    return update


# --- Regions of the plane -------------------------------------------------------------------------

BOX = ((-1.0, 1.0), (-1.0, 1.0))
LIGHT = np.array([-0.5, 0.6])  # where the light comes from, on the map
GEM = LinearSegmentedColormap.from_list(
    "gem", ["#062B49", BLUE, SKY, "#F3E9D2", AMBER, ORANGE, "#6B2A00"]
)


def facets(network):
    """Return the regions of a network as polygons, a colour for each, (k, 4), and their maps.

    The network is drawn as a landscape: the colour says how high the middle of a region lies (by
    rank), and what looks to the light is lighter. Each region has one colour: it is flat.
    """
    polygons, maps, middles = affine_pieces(network, BOX)
    slopes = maps[:, 0, :2]
    heights = (slopes * middles).sum(axis=1) + maps[:, 0, 2]
    levels, ranks = np.unique(heights.round(9), return_inverse=True)
    ranks = ranks / max(len(levels) - 1, 1)
    steepness = np.median(np.linalg.norm(slopes, axis=1)) + 1e-12
    tilt = -slopes @ LIGHT / steepness
    shade = 0.5 + 0.5 * tilt / np.sqrt(1 + tilt**2)
    rgba = GEM(0.04 + 0.92 * ranks)
    rgba[:, :3] = np.clip(rgba[:, :3] * (0.7 + 0.42 * shade[:, None]), 0, 1)
    return polygons, rgba, maps


def plane_axes(axes, title):
    """Label axes for a picture of the square [−1, 1]²."""
    axes.set(title=title, xlabel="x₁", ylabel="x₂", xlim=BOX[0], ylim=BOX[1], aspect="equal")
    axes.set(xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    axes.grid(False)


def plot_facets(networks, words=None):
    """Draw networks of two inputs as landscapes of flat facets: `networks` maps titles to them."""
    figure, axes = new_figure(len(networks), size=(5 * len(networks), 5.4), squeeze=False)
    counts = []
    for one, (title, network) in zip(axes.flat, networks.items(), strict=True):
        plane_axes(one, title)
        polygons, colors, _ = facets(network)
        edges = {"edgecolors": "white", "linewidths": min(1, 60 / len(polygons) ** 0.7)}
        one.add_collection(PolyCollection(polygons, facecolors=colors, **edges))
        counts.append(f"{title}: {len(polygons):,} flat facets from {network.neurons} ReLUs.")
    return Picture(figure, words or " ".join(counts))


def region_bars(axes, names, ylim):
    """Label axes for counts on a log scale; return what sets the bars and their numbers."""
    axes.set(title="How many?", yscale="log", ylim=ylim, ylabel="count")
    axes.set(xlim=(-0.6, len(names) - 0.4), xticks=range(len(names)), xticklabels=names)
    colors = [ORANGE, BLUE, GREY][: len(names)]
    bars = moving_lines(axes, colors=colors, linewidths=52, capstyle="butt")
    write = moving_texts(axes, [], size=14)

    def set_counts(counts):
        bars.set_segments([[(i, ylim[0]), (i, count)] for i, count in enumerate(counts)])
        lift = (ylim[1] / ylim[0]) ** 0.045
        write([brief(count) for count in counts], [(i, c * lift) for i, c in enumerate(counts)])

    return set_counts


SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def brief(count):
    """Write a count: 1,234, and from a million on as a power, 2.8 · 10¹⁴."""
    if count < 1e6:
        return f"{count:,}"
    power = int(np.log10(float(count)))
    return f"{count / 10**power:.1f} · 10{raised(power)}"


def raised(number):
    """Write a whole number as a superscript."""
    return str(number).translate(SUPERSCRIPTS)


@explorer(
    depth=int_slider(1, 4, start=1, label="layers"),
    width=int_slider(2, 10, start=3, label="neurons a layer"),
    seed=int_slider(0, 30, start=4, label="random weights"),
    presets={
        "three lines": {"depth": 1, "width": 3, "seed": 4},
        "ten lines": {"depth": 1, "width": 10, "seed": 0},
        "two layers of five": {"depth": 2, "width": 5, "seed": 0},
        "four layers of ten": {"depth": 4, "width": 10, "seed": 2},
    },
    size=(10, 5.2),
)
def regions(figure):
    """Into how many flat pieces does a random ReLU network cut the plane?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
    plane_axes(left, "On-off regions, each flat")
    pieces = moving_polygons(left, edgecolors="white", linewidths=1.1)
    names = "regions\nhere", "one layer,\nat most", "patterns,\n2ᴺ"
    set_counts = region_bars(right, names, (1, 1e14))

    def update(depth, width, seed):
        polygons, colors, maps = facets(random_network([2] + [width] * depth + [1], seed))
        pieces.set_verts(polygons)
        pieces.set_facecolor(colors)
        n = depth * width
        set_counts((len(polygons), most_regions(n), 2**n))
        functions = count_functions(maps)
        return (
            f"{n} neurons in {depth} layer{'s' * (depth > 1)} cut the square into {len(polygons)} "
            f"regions, with {functions} different function{'s' * (functions > 1)}; one layer of "
            f"{n} makes at most {most_regions(n):,} in the plane; there are 2{raised(n)} = "
            f"{brief(2**n)} on-off patterns"
        )

    return update


@cache
def motif():
    """Return the network that is drawn on the folded sheet: a small hill, off the middle."""
    return random_network([2, 4, 1], seed=11)


@explorer(
    folds=int_slider(0, 3, start=0),
    angle=slider(0, 45, start=0, step=1, label="turn the sheet (°)"),
    presets={
        "flat": {"folds": 0, "angle": 0},
        "one fold": {"folds": 1, "angle": 0},
        "three folds": {"folds": 3, "angle": 0},
        "kaleidoscope": {"folds": 3, "angle": 30},
    },
    size=(10, 5.2),
)
def folded_plane(figure):
    """What does a fold of the plane do to everything that is drawn after it?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
    plane_axes(left, "Four ReLUs, seen through the folds")
    pieces = moving_polygons(left, edgecolors="white", linewidths=0.6)
    set_counts = region_bars(right, ("pieces\nhere", "one layer,\nat most"), (1, 1e4))

    def update(folds, angle):
        sheet = fold_net(folds, angle) if folds else affine(rotation(angle))
        network = sheet.then(motif())
        polygons, colors, _ = facets(network)
        pieces.set_verts(polygons)
        pieces.set_facecolor(colors)
        n = network.neurons
        set_counts((len(polygons), most_regions(n)))
        said = f"{folds} fold{'s' * (folds != 1)} of 4 ReLUs, and 4 more"
        return (
            f"{said}: {n} ReLUs cut the square into {len(polygons)} pieces; "
            f"one layer of {n} at most {most_regions(n)}"
        )

    return update


# --- Folding a line: saw-teeth and x² -------------------------------------------------------------

FOLDS = np.arange(1, 9)


@explorer(
    folds=int_slider(1, 8, start=1, label="folds m"),
    presets={"one tent": {"folds": 1}, "three folds": {"folds": 3}, "eight folds": {"folds": 8}},
    size=(10, 4.2),
)
def folding(figure):
    """How many teeth has a tent that is folded again and again?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    left.set(title="The tent in itself, m times", xlabel="x", ylabel="g(g(… g(x)))")
    left.set(xlim=(0, 1), ylim=(-0.05, 1.1))
    (teeth,) = left.plot([], [], color=ORANGE, lw=2, animated=True)
    right.set(title="Straight pieces", xlabel="ReLUs", ylabel="pieces", yscale="log")
    right.set(xlim=(1, 17), ylim=(1, 500), xticks=2 * FOLDS)
    right.plot(2 * FOLDS, 2 * FOLDS + 1, "s-", color=BLUE, ms=7, label="one layer, at most")
    (deep,) = right.plot([], [], "o-", color=ORANGE, ms=9, animated=True, label="two a layer")
    right.legend(loc="upper left")

    def update(folds):
        ends = np.arange(2**folds + 1) / 2**folds
        teeth.set_data(ends, sawtooth(folds)(ends))
        deep.set_data(2 * FOLDS[:folds], 2.0 ** FOLDS[:folds])
        return (
            f"{2 * folds} ReLUs in {folds} layer{'s' * (folds > 1)} draw {2**folds} straight "
            f"pieces; in one layer they draw at most {2 * folds + 1}"
        )

    return update


def largest_square_error(m):
    """Return the largest error of the square net at the middles of its pieces and in between."""
    x = np.arange(2 ** (m + 2) + 1) / 2 ** (m + 2)
    return np.abs(square_net(m)(x) - x**2).max()


@explorer(
    m=int_slider(1, 8, start=1, label="saw-teeth m"),
    presets={"one": {"m": 1}, "two": {"m": 2}, "four": {"m": 4}, "eight": {"m": 8}},
    size=(10, 4.2),
)
def square(figure):
    """How good is x² made of m saw-teeth?"""
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.15, 1, 1.15))
    left.set(title="x − g₁/4 − g₂/16 − …", xlabel="x", ylabel="y", xlim=(0, 1), ylim=(-0.02, 1.02))
    left.plot(X, X**2, color=GREY, lw=5, alpha=0.55, label="x²")
    (fit,) = left.plot([], [], color=ORANGE, lw=2, animated=True, label="network")
    left.legend(loc="upper left")
    middle.set(
        title="The last row of teeth", xlabel="x", ylabel="gₘ(x)", xlim=(0, 1), ylim=(-0.02, 1.1)
    )
    (tooth,) = middle.plot([], [], color=GREEN, lw=2, animated=True)
    right.set(title="Largest error", xlabel="ReLUs", ylabel="error", yscale="log")
    right.set(xlim=(1, 25), ylim=(2e-6, 0.3), xticks=range(3, 25, 3))
    n = np.arange(2, 25)
    right.plot(n, one_layer_square_error(n), color=BLUE, label="one layer: not below")
    (curve,) = right.plot([], [], "o-", color=ORANGE, ms=9, animated=True, label="m saw-teeth")
    right.legend(loc="lower left")
    found = np.array([largest_square_error(m) for m in FOLDS])

    def update(m):
        ends = np.arange(2**m + 1) / 2**m
        fit.set_data(ends, square_net(m)(ends))
        tooth.set_data(ends, sawtooth(m)(ends))
        curve.set_data(3 * FOLDS[:m], found[:m])
        return (
            f"{3 * m} ReLUs, {2**m} pieces, largest error {found[m - 1]:.3g} = "
            f"2^{np.log2(found[m - 1]):.0f}"
        )

    return update


@explorer(
    degree=int_slider(2, 6, start=3),
    m=int_slider(6, 14, start=6, label="saw-teeth m"),
    presets={
        "a parabola": {"degree": 2, "m": 6},
        "too coarse": {"degree": 6, "m": 6},
        "degree 6": {"degree": 6, "m": 9},
        "degree 6, fine": {"degree": 6, "m": 12},
    },
    size=(10, 4.2),
)
def polynomial(figure):
    """Where does the error of a polynomial come from?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    t = np.linspace(-1, 1, 401)
    left.set(title="Polynomial and network", xlabel="x", ylabel="y", xlim=(-1, 1), ylim=(-2, 2))
    left.set_xticks([-1, -0.5, 0, 0.5, 1], ["−1", "−½", "0", "½", "1"])
    (truth,) = left.plot([], [], color=GREY, lw=5, alpha=0.55, animated=True, label="polynomial")
    (fit,) = left.plot([], [], color=ORANGE, lw=2, animated=True, label="network")
    left.legend(loc="upper center", ncols=2)
    right.set(title="Error after each product", xlabel="products done", ylabel="largest error")
    right.set(yscale="log", xlim=(0.7, 5.3), ylim=(1e-9, 1e2), xticks=range(1, 6))
    (bound,) = right.plot([], [], "--", color=GREY, animated=True, label="bound: they add up")
    (curve,) = right.plot([], [], "o-", color=ORANGE, animated=True, label="measured")
    right.legend(loc="lower right")

    def update(degree, m):
        a = chebyshev(degree)
        nets, one = horner_nets(a, m)
        made = horner_values(nets, t)
        true = np.array([polyval(t, a[k:]) for k in range(degree - 1, -1, -1)])
        truth.set_data(t, true[-1])
        fit.set_data(t, made[-1])
        steps, errors = np.arange(1, degree), np.abs(made - true).max(axis=1)[1:]
        proved = steps[-1] * one <= 1
        bound.set_data(steps, steps * one) if proved else bound.set_data([], [])
        curve.set_data(steps, errors)
        count = f"{degree - 1} product{'s' * (degree > 2)}"
        added = f"each adds at most {one:.2g}, all of them {steps[-1] * one:.2g}"
        return (
            f"degree {degree}, {count}, largest error {errors[-1]:.2g}; "
            f"{added if proved else 'm is too small: nothing is promised'}"
        )

    return update


# --- Which layer matters? -------------------------------------------------------------------------

NOISES = np.geomspace(0.02, 2, 9)
LAYERS = 6
NETWORKS = tuple(experiments.SIX_LAYERS)
MEASURES = ("the same", "relative to the weights")
digit_network = cache(experiments.fit_six_layers)


@cache
def noise_scores(network, measure, level):
    """Return the accuracy of a network with noise on one layer, for each layer, (layers,)."""
    trained, Z, y = digit_network(network)
    relative = measure == MEASURES[1]
    return experiments.scores_with_noise(trained, Z, y, NOISES[level], relative, seeds=3)


@explorer(
    noise=int_slider(0, len(NOISES) - 1, start=2, label="noise, level"),
    measure=choice(MEASURES, label="noise in all layers"),
    network=choice(NETWORKS),
    presets={
        "with tanh": {"noise": 5, "measure": "the same", "network": "tanh"},
        "with ReLU": {"noise": 4, "measure": "the same", "network": "ReLU"},
        "ReLU, relative": {"noise": 7, "measure": MEASURES[1], "network": "ReLU"},
    },
    size=(10, 4.4),
)
def noise_on_a_layer(figure):
    """Which layer bears noise on its weights the worst?"""
    for name in NETWORKS:  # now (a second), so that no move has to wait for it
        digit_network(name)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    colors = matplotlib.colormaps["plasma"](np.linspace(0, 0.85, LAYERS))
    left.set(title="At this noise", xlabel="layer with noise", ylabel="accuracy", ylim=(0, 1.05))
    left.set(xlim=(0.4, LAYERS + 0.6), xticks=range(1, LAYERS + 1))
    bars = moving_lines(left, colors=colors, linewidths=34, capstyle="butt")
    right.set(title="One curve a layer", xlabel="standard deviation of the noise", xscale="log")
    right.set(xlim=(0.018, 2.3), ylim=(0, 1.05), xticks=[0.02, 0.1, 0.5, 2])
    right.set_xticklabels(["0.02", "0.1", "0.5", "2"])
    right.minorticks_off()
    curves = [
        right.plot([], [], f"{shape}-", color=c, ms=7, lw=2, animated=True, label=f"layer {k}")[0]
        for k, (c, shape) in enumerate(zip(colors, "os^DvP", strict=True), 1)
    ]
    right.legend(loc="lower left", fontsize=11)

    def update(noise, measure, network):
        table = np.array([noise_scores(network, measure, k) for k in range(noise + 1)])
        bars.set_segments([[(k, 0), (k, a)] for k, a in enumerate(table[noise], 1)])
        for curve, found in zip(curves, table.T, strict=True):
            curve.set_data(NOISES[: noise + 1], found)
        a = table[noise]
        clear = a.max() - a.min() > 0.02
        verdict = f"layer {a.argmin() + 1} bears it worst" if clear else "no layer suffers yet"
        return (
            f"noise {NOISES[noise]:.2g} on one layer of this {network} network: accuracy "
            + ", ".join(f"{value:.0%}" for value in a)
            + f"; {verdict}"
        )

    return update


# --- What becomes of a circle ---------------------------------------------------------------------

POINTS = 500
HUES = 50  # parts of the circle, each of one colour


@explorer(
    layers=int_slider(0, 8, start=1),
    scale=slider(0.5, 4, start=1, step=0.1, label="std of the weights · √n"),
    activation=choice(["tanh", "relu"]),
    presets={
        "tanh, calm": {"layers": 8, "scale": 1, "activation": "tanh"},
        "tanh, chaotic": {"layers": 6, "scale": 4, "activation": "tanh"},
        "relu, Kaiming": {"layers": 8, "scale": 1.4, "activation": "relu"},
        "relu, large": {"layers": 8, "scale": 2.8, "activation": "relu"},
    },
    size=(10, 4.4),
)
def trajectory(figure):
    """What becomes of a circle, layer by layer?"""
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.2))
    left.set(title="In its widest plane, scaled to fit", xticks=[], yticks=[], aspect="equal")
    left.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1))
    left.grid(False)
    hues = matplotlib.colormaps["twilight_shifted"](np.linspace(0, 1, HUES))
    line = moving_lines(left, colors=hues, linewidths=2.6)
    step = POINTS // HUES
    parts = [slice(start, start + step + 1) for start in range(0, POINTS, step)]
    right.set(title="Length of the curve", xlabel="layer", ylabel="length ÷ the circle's")
    right.set(yscale="log", xlim=(-0.3, 8.3), ylim=(1e-4, 1e4), xticks=range(9))
    (curve,) = right.plot([], [], "o-", color=ORANGE, ms=9, animated=True)
    right.axhline(1, color=GREY, lw=1.5)

    @lru_cache(maxsize=1)  # a move of the depth alone computes no curve again
    def images(activation, scale):
        curves, lengths = experiments.circle_through(activation, scale, 8, points=POINTS)
        return curves, lengths / lengths[0]

    def update(layers, scale, activation):
        curves, lengths = images(activation, scale)
        seen = _seen(curves[layers])
        line.set_segments([seen[part] for part in parts])
        curve.set_data(np.arange(layers + 1), np.maximum(lengths[: layers + 1], 1e-4))
        said = f"after {layers} layer{'s' * (layers != 1)} the curve is {lengths[layers]:.3g} times"
        return f"{said} as long as the circle"

    return update


def _seen(curve):
    """Return a curve in its plane of largest variance, shape (n, 2), scaled to −1 … 1."""
    centred = curve - curve.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    flat = centred @ directions[:, :-3:-1]
    return flat / max(np.abs(flat).max(), 1e-300)
