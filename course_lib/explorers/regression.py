"""Lesson 01: a line by hand, how rich a model may be, how tightly to hold it, and why it errs."""

from functools import cache, lru_cache

import numpy as np

from course_lib.datasets import cp_noise_variance, expected_cp_after, sample_evolutions
from course_lib.drawing import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    moving_lines,
    moving_polygons,
    residual_squares,
    unit_ratio,
)
from course_lib.explorer import explorer, int_slider, log_slider, slider
from course_lib.linear_models import (
    Polynomial,
    cross_validate,
    k_fold,
    root_mean_squared_error,
    split_error,
    squared_error,
)

SEED = 8  # of the ten Pokémon that the lesson begins with
TEST_SEED = 9999  # of the Pokémon that nothing is ever fitted to
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
    axes.set(title=title, ylabel="error (CP)", yscale="log", ylim=(20, 10_000), **labels)
    return axes


def two_curves(axes, x, labels=("training", "test"), reveal=False, place="upper left"):
    """Add two error curves over x, and a mark; return a function that sets all three.

    With `reveal` the curves end at the mark: what comes after it is left to be predicted.
    """
    style = {"animated": True, "marker": "o", "markersize": 6}
    (training,) = axes.plot(x, x, color=BLUE, label=labels[0], **style)
    (test,) = axes.plot(x, x, color=ORANGE, label=labels[1], **style)
    mark = axes.axvline(x[0], color=INK, linewidth=1.5, linestyle=":", animated=True)
    axes.legend(loc=place)

    def set_curves(training_errors, test_errors, at):
        end = np.searchsorted(x, at, side="right") if reveal else len(x)
        training.set_data(x[:end], training_errors[:end])
        test.set_data(x[:end], test_errors[:end])
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
    x_test, y_test = draw_sample(TEST_SEED, 500)
    shift, shift_test = (np.random.default_rng(SEED).standard_normal(n) for n in (100, 500))
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    cp_axes(left, "Fit and truth").plot(
        CP, expected_cp_after(CP), "--", color=GREY, label="truth f*"
    )
    left.legend(loc="upper left")
    (points,) = left.plot([], [], "o", color=BLUE, markersize=7, alpha=0.8, animated=True)
    (curve,) = left.plot([], [], color=ORANGE, animated=True)
    set_curves = two_curves(error_axes(right, "Error", xlabel="degree"), DEGREES, reveal=True)

    @lru_cache(maxsize=200)  # a move of the degree, or one back, fits nothing again
    def fits(n, noise):
        x, y, new_y = x_all[:n], y_all[:n] + noise * shift[:n], y_test + noise * shift_test
        models = [Polynomial(d).fit(x, y) for d in DEGREES]
        training = [error(model, x, y) for model in models]
        return x, y, models, training, [error(model, x_test, new_y) for model in models]

    def update(degree, n, noise):
        x, y, models, training, test = fits(n, noise)
        points.set_data(x, y)
        curve.set_data(CP, models[degree - 1].predict(CP))
        set_curves(training, test, at=degree)
        return f"training error {training[degree - 1]:.0f} CP, test error {test[degree - 1]:.0f} CP"

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
    x_test, y_test = draw_sample(TEST_SEED, 500)
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
    set_curves = two_curves(right, penalties, reveal=True, place="upper right")

    @cache  # both curves are the same wherever λ stands
    def errors(degree):
        models = [Polynomial(degree, alpha).fit(x, y) for alpha in penalties]
        training = [error(model, x, y) for model in models]
        return training, [error(model, x_test, y_test) for model in models]

    def update(penalty, degree):
        training, test = errors(degree)
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
            f"largest weight {np.abs(model.coef_).max():,.0f} CP"
        )

    return update


@explorer(
    n=int_slider(2, 50, start=50, label="sample size N"),
    presets={"N = 2": {"n": 2}, "N = 10": {"n": 10}, "N = 50": {"n": 50}},
)
def estimators(figure):
    """Do the mean m and the variance s² of a sample hit what they estimate?"""
    samples = 100 + 15 * np.random.default_rng(0).standard_normal((4000, 50))
    left, right = figure.subplots(1, 2)
    left.set(title="Mean m of 4,000 samples", xlabel="m", ylabel="share of samples", xlim=(70, 130))
    right.set(title="Variance s² = Σ(x − m)²/N", xlabel="s²", xlim=(0, 690))
    set_left = moving_histogram(left, np.linspace(70, 130, 61), truth=100, top=0.2)
    set_right = moving_histogram(right, np.linspace(0, 690, 51), truth=225, top=0.25)

    def update(n):
        means, variances = samples[:, :n].mean(axis=1), samples[:, :n].var(axis=1)
        set_left(means)
        set_right(variances)
        m, s2 = means.mean(), variances.mean()
        return f"on average m is {m:.1f} (μ = 100) and s² is {s2:.0f} (σ² = 225)"

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
    x = middle_of_cp(40)
    truth, noise = expected_cp_after(x), cp_noise_variance(x)
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    cp_axes(left, "100 universes", height=1600).set_xlim(0, 550)
    universes = moving_lines(left, colors=ORANGE, linewidths=0.8, alpha=0.25)
    left.plot(CP, expected_cp_after(CP), "--", color=INK, label="truth f*", animated=True)
    (average,) = left.plot([], [], color=BLUE, animated=True, label="average fit")
    left.legend(loc="upper left")
    parts = ["bias²", "variance", "noise", "sum", "measured"]
    right.set(title="Squared error, split", xlabel="CP²", xscale="log", xlim=(100, 1e5))
    right.set(yticks=range(5), yticklabels=parts, ylim=(4.6, -0.6))
    colors = [BLUE, ORANGE, GREEN, INK, PINK]
    bars = moving_lines(right, colors=colors, linewidths=24, capstyle="butt")
    caught = np.array([draw_sample(seed, 100) for seed in range(100)])  # universe, CP or CP', 100

    def update(degree, n, penalty):
        fits = fit_each(caught[:, 0, :n], caught[:, 1, :n], degree, penalty, at=x)
        seen = split_error(fits, truth, noise)
        universes.set_segments(np.stack(np.broadcast_arrays(x, fits), axis=-1))
        average.set_data(x, seen.mean)
        values = [seen.bias_squared, seen.variance, seen.noise]
        values += [sum(values), seen.measured_error]
        bars.set_segments([[(1, row), (value, row)] for row, value in enumerate(values)])
        return (
            f"bias² {values[0]:,.0f} + variance {values[1]:,.0f} + noise {values[2]:,.0f} = "
            f"{values[3]:,.0f}; measured {values[4]:,.0f} CP²"
        )

    return update


def fit_each(x, y, degree, penalty, at):
    """The fits of `Polynomial(degree, penalty)` to each row of x and y, shape (universes, n).

    Returns their values at the points `at`, shape (universes, m). All universes go through each
    step together: a hundred fits take a tenth of the time that they take one by one.
    """
    middle, spread = x.mean(axis=1, keepdims=True), x.std(axis=1, keepdims=True)
    powers, wanted = (
        ((values - middle) / spread)[..., None] ** np.arange(1, degree + 1) for values in (x, at)
    )
    middle, spread = powers.mean(axis=1, keepdims=True), powers.std(axis=1, keepdims=True)
    powers, wanted = (powers - middle) / spread, (wanted - middle) / spread
    transposed, level = np.swapaxes(powers, 1, 2), y.mean(axis=1, keepdims=True)
    gram = transposed @ powers + penalty * np.eye(degree)
    weights = np.linalg.solve(gram, transposed @ (y - level)[..., None])
    return level + (wanted @ weights)[..., 0]


def middle_of_cp(n):
    """Return n values of CP, evenly among the middle 80 % of Pokémon: there a fit is judged."""
    cp = draw_sample(TEST_SEED, 2000)[0]
    return np.quantile(cp, np.linspace(0.1, 0.9, n), method="closest_observation")


@explorer(
    k=int_slider(2, 10, start=3, label="folds k"),
    n=int_slider(10, 60, start=30, label="examples n"),
    shuffle=int_slider(0, 50, start=0, label="shuffle"),
    presets={"3 folds": {"k": 3}, "10 folds": {"k": 10}},
)
def cross_validation(figure):
    """Which degree does cross-validation pick, and how sure is it?"""
    x_all, y_all = draw_sample(36, 60)
    x_test, y_test = draw_sample(TEST_SEED, 500)
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    cp_axes(left, "One colour a fold")
    points = left.scatter(x_all, y_all, c=np.zeros(60), cmap="tab10", vmin=0, vmax=9, animated=True)
    error_axes(right, "Error by degree", xlabel="degree")
    folds_lines = moving_lines(right, colors=GREY, linewidths=1)
    set_curves = two_curves(right, DEGREES, labels=("k-fold average", "true"))

    @lru_cache(maxsize=500)
    def fold_errors(k, n, shuffle):
        folds = k_fold(n, k, seed=shuffle)
        return np.sqrt(
            [cross_validate(Polynomial(d), x_all[:n], y_all[:n], folds) for d in DEGREES]
        )

    @cache  # the true errors are the same however the examples are dealt into folds
    def true_errors(n):
        models = [Polynomial(d).fit(x_all[:n], y_all[:n]) for d in DEGREES]
        return [error(model, x_test, y_test) for model in models]

    def update(k, n, shuffle):
        x, y = x_all[:n], y_all[:n]
        folds = k_fold(n, k, seed=shuffle)
        fold_of = np.concatenate([np.full(len(v), i) for i, (_, v) in enumerate(folds)])
        points.set_offsets(np.column_stack([x, y])[np.concatenate([v for _, v in folds])])
        points.set_array(fold_of)
        errors = fold_errors(k, n, shuffle)
        average = np.sqrt((errors**2).mean(axis=1))
        true = true_errors(n)
        folds_lines.set_segments([np.column_stack([DEGREES, fold]) for fold in errors.T])
        picked = DEGREES[np.argmin(average)]
        set_curves(average, true, at=picked)
        return (
            f"cross-validation picks degree {picked}, with an error of {average.min():.0f} CP; "
            f"on 500 new Pokémon degree {DEGREES[np.argmin(true)]} is best"
        )

    return update
