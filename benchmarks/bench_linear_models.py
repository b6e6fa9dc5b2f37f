"""How fast and how accurate are the linear models, beside scikit-learn and `numpy.linalg.lstsq`?

Run it from the root of the repository: python benchmarks/bench_linear_models.py
"""

import numpy as np
import sklearn.linear_model
from threadpoolctl import threadpool_limits
from timing import ROUNDS, medians

from course_lib.linear_models import (
    LinearRegression,
    Polynomial,
    Ridge,
    bias_variance,
    least_squares,
    polynomial_features,
)
from course_lib.optimizers import SGD, minimize


def distance_from_optimum(model, X, y, alpha):
    """|gradient of the ridge loss| at the fit, relative to its size at w = 0: 0 is perfect."""
    X, y = X - X.mean(axis=0), y - y.mean()
    gradient = X.T @ (y - X @ model.coef_) - alpha * model.coef_
    return np.linalg.norm(gradient) / np.linalg.norm(X.T @ y)


def compare_with_scikit_learn(n, d, repeat):
    """Time both libraries' OLS and ridge on one design, and say how near the optimum they are."""
    random = np.random.default_rng(0)
    X = random.normal(size=(n, d)) + 3
    y = X @ random.normal(size=d) + random.normal(size=n)
    pairs = {
        "OLS": (0.0, LinearRegression(), sklearn.linear_model.LinearRegression()),
        "ridge": (1.0, Ridge(1.0), sklearn.linear_model.Ridge(1.0)),
    }
    for name, (alpha, ours, theirs) in pairs.items():
        jobs = {"ours": lambda m=ours: m.fit(X, y), "theirs": lambda m=theirs: m.fit(X, y)}
        t = medians(jobs, repeat=repeat)
        off = [distance_from_optimum(model, X, y, alpha) for model in (ours, theirs)]
        print(
            f"{name:5} n={n:<6} d={d:<2}  ours {t['ours'] * 1e3:8.3f} ms   "
            f"scikit-learn {t['theirs'] * 1e3:8.3f} ms   ratio {t['ours'] / t['theirs']:.2f}   "
            f"off the optimum {off[0]:.0e}, {off[1]:.0e}"
        )


def accuracy_where_it_is_hard():
    """The error of the weights for the powers of x in [0, 1], where the true ones are known."""
    x = np.linspace(0, 1, 1000)
    for degree in (3, 5, 7, 10):
        X, truth = polynomial_features(x, degree), np.ones(degree)
        y = X @ truth
        fits = {
            "ours": least_squares(X, y),
            "lstsq": np.linalg.lstsq(X, y, rcond=None)[0],
            "plain normal equations": np.linalg.solve(X.T @ X, X.T @ y),
        }
        errors = [f"{name} {np.abs(w - truth).max():.0e}" for name, w in fits.items()]
        print(f"degree {degree:2}, condition {np.linalg.cond(X):.0e}: error " + ", ".join(errors))


def loss(point):
    return point @ point


def gradient(point):
    return 2 * point


def what_an_explorer_waits_for():
    """The costs of one move of a slider in lesson 01."""
    random, grid = np.random.default_rng(1), np.linspace(-1, 1, 100)

    def draw(random):
        x = random.uniform(-1, 1, size=10)
        return x, np.sin(3 * x) + random.normal(size=10)

    x, y = draw(random)
    start, steps = np.ones(2), 300
    jobs = {
        "Polynomial(5).fit, n = 10": lambda: Polynomial(5).fit(x, y),
        "bias_variance, 100 universes": lambda: bias_variance(
            Polynomial(5), draw, grid, np.sin(3 * grid), 1.0
        ),
        "minimize, 300 steps": lambda: minimize(loss, gradient, start, SGD(0.1), steps),
        "the same calls, no minimize": lambda: [
            (loss(start), gradient(start)) for _ in range(steps)
        ],
    }
    t = medians(jobs, repeat=5)
    for name, seconds in t.items():
        print(f"{name:30} {seconds * 1e3:8.3f} ms")
    walk, calls = t["minimize, 300 steps"], t["the same calls, no minimize"]
    print(f"minimize adds {(walk - calls) / steps * 1e6:.1f} µs a step, the step of SGD included")


def main():
    with threadpool_limits(1):
        print(f"One thread, medians of {ROUNDS} rounds, ours and theirs in turn.")
        compare_with_scikit_learn(n=100_000, d=50, repeat=1)
        compare_with_scikit_learn(n=10, d=5, repeat=200)
        accuracy_where_it_is_hard()
        what_an_explorer_waits_for()


if __name__ == "__main__":
    main()
