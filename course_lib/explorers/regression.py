"""Lesson 01: a line by hand, how rich a model may be, how tightly to hold it, and why it errs."""

import numpy as np

from course_lib.datasets import cp_noise_variance, expected_cp_after, sample_evolutions
from course_lib.explorer import explorer, int_slider, log_slider, slider
from course_lib.linear_models import (
    Polynomial,
    bias_variance,
    cross_validate,
    k_fold,
    root_mean_squared_error,
    squared_error,
)
from course_lib.plotting import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    moving_lines,
    moving_polygons,
    residual_squares,
    unit_ratio,
)

SEED = 8  # of the ten Pokémon that the lesson begins with
DEGREES = np.arange(1, 6)
CP = np.linspace(20, 800, 150)  # where curves are drawn


def draw_sample(seed, n):
    """Return n Pokémon's CP before and after, drawn with this seed."""
    return sample_evolutions(seed, n)[:2]


def draw_growing_sample(n):
    """Return n Pokémon's CP before and after: the lesson's ten, then others."""
    samples = draw_sample(SEED, 10), draw_sample(SEED + 1, 90)
    return tuple(np.concatenate(parts)[:n] for parts in zip(*samples, strict=True))


def error(model, x, y):
    """Return how far off the model's predictions typically are, in CP."""
    return root_mean_squared_error(y, model.predict(x))


def cp_axes(axes, title="", height=2200):
    """Label axes on which CP before and after are drawn."""
    axes.set(xlabel="CP before", ylabel="CP after", xlim=(0, 800), ylim=(-200, height), title=title)
    return axes


def error_axes(axes, title, **labels):
    """Label axes on which the training and the test error are drawn, in CP, on a log scale."""
    axes.set(title=title, ylabel="error (CP)", yscale="log", ylim=(20, 4000), **labels)
    return axes


def two_curves(axes, x, labels=("training", "test")):
    """Add two error curves over x, and a mark; return a function that sets all three."""
    style = {"animated": True, "marker": "o", "markersize": 6}
    (training,) = axes.plot(x, x, color=BLUE, label=labels[0], **style)
    (test,) = axes.plot(x, x, color=ORANGE, label=labels[1], **style)
    mark = axes.axvline(x[0], color=INK, linewidth=1.5, linestyle=":", animated=True)
    axes.legend(loc="lower left")

    def set_curves(training_errors, test_errors, at):
        training.set_ydata(training_errors)
        test.set_ydata(test_errors)
        mark.set_xdata([at, at])

    return set_curves


@explorer(
    w=slider(0, 5, start=0.5, step=0.05, label="slope w"),
    b=slider(-500, 500, start=300, step=10, label="bias b"),
    presets={
        "flat": {"w": 0, "b": 400},
        "too steep": {"w": 4.5, "b": -400},
        "near the best": {"w": 2.65, "b": -140},
    },
)
def line_by_hand(figure):
    """Which line b + w·x has the smallest sum of squared residuals?"""
    x, y = draw_sample(SEED, 10)
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    cp_axes(left, "Ten Pokémon, one line, ten squares").plot(x, y, "o", color=BLUE, zorder=4)
    draw_loss_surface(right, x, y)
    (line,) = left.plot([], [], color=ORANGE, animated=True)
    squares = moving_polygons(left, facecolors=ORANGE, edgecolors=ORANGE, alpha=0.25)
    (point,) = right.plot([], [], "o", color=ORANGE, markersize=13, mec="white", animated=True)
    ratio = unit_ratio(left)

    def update(w, b):
        line.set_data([0, 800], [b, b + 800 * w])
        squares.set_verts(residual_squares(x, y, b + w * x, ratio))
        point.set_data([w], [b])
        loss = squared_error(w, b, x, y)
        return f"L(w, b) = {loss:,.0f}, a typical residual is {np.sqrt(loss / 10):.0f} CP"

    return update


def draw_loss_surface(axes, x, y):
    """Draw log₁₀ L(w, b) with its contours."""
    w, b = np.linspace(0, 5, 101), np.linspace(-500, 500, 101)
    loss = np.log10(squared_error(w[None, :], b[:, None], x, y))
    picture = axes.imshow(loss, extent=(0, 5, -500, 500), origin="lower", aspect="auto")
    axes.contour(w, b, loss, levels=12, colors="white", linewidths=0.7, alpha=0.7)
    axes.figure.colorbar(picture, ax=axes, label="log₁₀ L")
    axes.set(title="The same line on L(w, b)", xlabel="slope w", ylabel="bias b (CP)")
    axes.grid(False)


@explorer(
    degree=int_slider(1, 5, start=1),
    n=int_slider(8, 100, start=10, label="training examples n"),
    noise=slider(0, 300, start=0, step=10, label="extra noise (CP)"),
    presets={
        "a line": {"degree": 1, "n": 10, "noise": 0},
        "overfitting": {"degree": 5, "n": 10, "noise": 0},
        "more data": {"degree": 5, "n": 100, "noise": 0},
    },
)
def model_selection(figure):
    """How rich should the set of functions be?"""
    x_all, y_all = draw_growing_sample(100)
    shift = np.random.default_rng(SEED).standard_normal(len(x_all))
    x_test, y_test = draw_sample(SEED + 2, 500)
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    cp_axes(left, "Fit and truth").plot(
        CP, expected_cp_after(CP), "--", color=GREY, label="truth f*"
    )
    left.legend(loc="upper left")
    (points,) = left.plot([], [], "o", color=BLUE, markersize=7, alpha=0.8, animated=True)
    (curve,) = left.plot([], [], color=ORANGE, animated=True)
    set_curves = two_curves(error_axes(right, "Error", xlabel="degree"), DEGREES)

    def update(degree, n, noise):
        x, y = x_all[:n], y_all[:n] + noise * shift[:n]
        models = [Polynomial(d).fit(x, y) for d in DEGREES]
        training = [error(model, x, y) for model in models]
        test = [error(model, x_test, y_test) for model in models]
        points.set_data(x, y)
        curve.set_data(CP, models[degree - 1].predict(CP))
        set_curves(training, test, at=degree)
        return (
            f"training error {training[degree - 1]:.0f} CP, test error {test[degree - 1]:.0f} CP; "
            f"the best degree on the test data is {DEGREES[np.argmin(test)]}"
        )

    return update


@explorer(
    penalty=log_slider(1e-3, 1e3, start=1e-3, label="λ"),
    degree=int_slider(1, 9, start=5),
    presets={
        "λ too small": {"penalty": 1e-3, "degree": 5},
        "about right": {"penalty": 1.0, "degree": 5},
        "λ too large": {"penalty": 1e3, "degree": 5},
    },
    size=(9, 4.2),
)
def regularisation(figure):
    """How tightly should the weights be held?"""
    x, y = draw_sample(20, 20)
    x_test, y_test = draw_sample(SEED + 2, 500)
    penalties = np.logspace(-3, 3, 25)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.3, 0.8, 1.1))
    cp_axes(left, "Curve").plot(x, y, "o", color=BLUE, markersize=7)
    left.plot(CP, expected_cp_after(CP), "--", color=GREY, label="truth f*")
    left.legend(loc="upper left")
    (curve,) = left.plot([], [], color=ORANGE, animated=True)
    middle.set(title="Weights", xlabel="power", ylabel="weight (CP)", yscale="symlog")
    middle.set(xlim=(0.3, 9.7), ylim=(-1e5, 1e5), xticks=range(1, 10, 2))
    middle.set_yticks([-1e4, -1e2, 0, 1e2, 1e4])
    weights = moving_lines(middle, colors=GREEN, linewidths=6)
    error_axes(right, "Error", xlabel="λ", xscale="log")
    set_curves = two_curves(right, penalties)

    def update(penalty, degree):
        models = [Polynomial(degree, alpha).fit(x, y) for alpha in penalties]
        training = [error(model, x, y) for model in models]
        test = [error(model, x_test, y_test) for model in models]
        model = Polynomial(degree, penalty).fit(x, y)
        curve.set_data(CP, model.predict(CP))
        powers = np.arange(1, degree + 1)
        bars = [
            [(power, 0), (power, weight)] for power, weight in zip(powers, model.coef_, strict=True)
        ]
        weights.set_segments(bars)
        set_curves(training, test, at=penalty)
        return (
            f"training error {error(model, x, y):.0f} CP, test error "
            f"{error(model, x_test, y_test):.0f} CP, "
            f"largest weight {np.abs(model.coef_).max():,.0f} CP; "
            f"the best λ on the test data is near {penalties[np.argmin(test)]:.2g}"
        )

    return update


@explorer(
    n=int_slider(2, 50, start=5, label="sample size N"),
    presets={"N = 2": {"n": 2}, "N = 10": {"n": 10}, "N = 50": {"n": 50}},
)
def estimators(figure):
    """Do the mean m and the variance s² of a sample hit what they estimate?"""
    samples = 100 + 15 * np.random.default_rng(0).standard_normal((4000, 50))
    left, right = figure.subplots(1, 2)
    left.set(title="Mean m of 4,000 samples", xlabel="m", ylabel="share of samples", xlim=(70, 130))
    right.set(title="Variance s² = Σ(x − m)²/N", xlabel="s²", xlim=(0, 700))
    set_left = moving_histogram(left, np.linspace(70, 130, 61), truth=100, top=0.25)
    set_right = moving_histogram(right, np.linspace(0, 700, 51), truth=225, top=0.4)

    def update(n):
        means, variances = samples[:, :n].mean(axis=1), samples[:, :n].var(axis=1)
        set_left(means)
        set_right(variances)
        return (
            f"the mean of m is {means.mean():.1f} (μ = 100); the mean of s² is "
            f"{variances.mean():.0f} = {variances.mean() / 225:.3f} σ², "
            f"and (N − 1)/N = {(n - 1) / n:.3f}"
        )

    return update


def moving_histogram(axes, edges, truth, top):
    """Add a histogram, its mean and the truth; return a function that sets its values."""
    axes.set_ylim(0, top)
    axes.axvline(truth, color=GREY, linestyle="--", label="truth")
    bars = axes.stairs(np.zeros(len(edges) - 1), edges, fill=True, color=BLUE, animated=True)
    mean = axes.axvline(truth, color=ORANGE, animated=True, label="average")
    axes.legend(loc="upper right")

    def set_values(values):
        counts, _ = np.histogram(values, edges)
        bars.set_data(counts / len(values))
        mean.set_xdata([values.mean()] * 2)

    return set_values


@explorer(
    degree=int_slider(1, 5, start=1),
    n=int_slider(20, 100, start=30, label="training examples n"),
    penalty=log_slider(1e-3, 1e3, start=1e-3, label="λ"),
    presets={
        "high bias": {"degree": 1, "n": 30, "penalty": 1e-3},
        "high variance": {"degree": 5, "n": 30, "penalty": 1e-3},
        "more data": {"degree": 5, "n": 100, "penalty": 1e-3},
        "regularised": {"degree": 5, "n": 30, "penalty": 1.0},
    },
)
def parallel_universes(figure):
    """A hundred universes, a hundred fits: do they miss together, or each its own way?"""
    x = middle_of_cp(60)
    truth, noise = expected_cp_after(x), cp_noise_variance(x)
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    cp_axes(left, "100 universes")
    universes = moving_lines(left, colors=BLUE, linewidths=0.8, alpha=0.25)
    left.plot(CP, expected_cp_after(CP), "--", color=INK, label="truth f*", animated=True)
    (average,) = left.plot([], [], color=ORANGE, animated=True, label="average fit")
    left.legend(loc="upper left")
    parts = ["bias²", "variance", "noise", "sum", "measured"]
    right.set(title="Squared error, split", xlabel="CP²", xscale="log", xlim=(100, 1e6))
    right.set(yticks=range(5), yticklabels=parts, ylim=(4.6, -0.6))
    colors = [ORANGE, BLUE, GREY, INK, AMBER]
    bars = moving_lines(right, colors=colors, linewidths=24, capstyle="butt")

    def update(degree, n, penalty):
        model = Polynomial(degree, penalty)
        seen = bias_variance(model, lambda random: draw_sample(random, n), x, truth, noise)
        universes.set_segments([np.column_stack([x, fit]) for fit in seen.predictions])
        average.set_data(x, seen.mean)
        values = [seen.bias_squared, seen.variance, seen.noise]
        values += [sum(values), seen.measured_error]
        bars.set_segments([[(1, row), (value, row)] for row, value in enumerate(values)])
        return (
            f"bias² {values[0]:,.0f} + variance {values[1]:,.0f} + noise {values[2]:,.0f} = "
            f"{values[3]:,.0f}; measured {values[4]:,.0f} CP²"
        )

    return update


def middle_of_cp(n):
    """Return n values of CP, evenly among the middle 90 % of Pokémon: there a fit is judged."""
    return np.quantile(draw_sample(0, 2000)[0], np.linspace(0.05, 0.95, n))


@explorer(
    k=int_slider(2, 10, start=3, label="folds k"),
    n=int_slider(10, 60, start=30, label="examples n"),
    shuffle=int_slider(0, 50, start=0, label="shuffle"),
    presets={"3 folds": {"k": 3}, "10 folds": {"k": 10}},
)
def cross_validation(figure):
    """Which degree does cross-validation pick, and how sure is it?"""
    x_all, y_all = draw_sample(36, 60)
    x_test, y_test = draw_sample(SEED + 2, 500)
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    cp_axes(left, "One colour a fold")
    points = left.scatter(x_all, y_all, c=np.zeros(60), cmap="tab10", vmin=0, vmax=9, animated=True)
    error_axes(right, "Error by degree", xlabel="degree")
    folds_lines = moving_lines(right, colors=GREY, linewidths=1)
    set_curves = two_curves(right, DEGREES, labels=("k-fold average", "true"))

    def update(k, n, shuffle):
        x, y = x_all[:n], y_all[:n]
        folds = k_fold(n, k, seed=shuffle)
        fold_of = np.concatenate([np.full(len(v), i) for i, (_, v) in enumerate(folds)])
        points.set_offsets(np.column_stack([x, y])[np.concatenate([v for _, v in folds])])
        points.set_array(fold_of)
        errors = np.sqrt([cross_validate(Polynomial(d), x, y, folds) for d in DEGREES])
        average = np.sqrt((errors**2).mean(axis=1))
        true = [error(Polynomial(d).fit(x, y), x_test, y_test) for d in DEGREES]
        folds_lines.set_segments([np.column_stack([DEGREES, fold]) for fold in errors.T])
        picked = DEGREES[np.argmin(average)]
        set_curves(average, true, at=picked)
        return (
            f"cross-validation picks degree {picked}, with an error of {average.min():.0f} CP; "
            f"on 500 new Pokémon degree {DEGREES[np.argmin(true)]} is best"
        )

    return update
