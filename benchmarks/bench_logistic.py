"""How fast and how accurate is logistic regression, beside scikit-learn's Newton solver?

Run it from the root of the repository: python benchmarks/bench_logistic.py
"""

import numpy as np
import sklearn.linear_model
from threadpoolctl import threadpool_limits
from timing import ROUNDS, medians

from course_lib.datasets import load_twenty_pokemon, load_water_or_normal, make_xor
from course_lib.linear_models import indicators
from course_lib.logistic import (
    CascadedLogisticRegression,
    LogisticRegression,
    SoftmaxRegression,
    logistic_objective,
    newton,
    softmax_objective,
)


def slope(model, X, y):
    """The largest entry of the gradient of Σ cross-entropy + ½‖w‖² at the fit: 0 is perfect."""
    if model.coef_.shape[0] == 1:
        gradient = logistic_objective(X, y, 1.0)[1]
    else:
        gradient = softmax_objective(X, indicators(y), 1.0)[1]
    return np.abs(gradient(np.column_stack([model.coef_, model.intercept_]).ravel())).max()


def compare_with_scikit_learn(n, d, classes, repeat=1):
    """Time both until the gradient is below 1e-6, and say how far below, and how far apart."""
    random = np.random.default_rng(0)
    X = random.normal(size=(n, d))
    scores = 0.3 * X @ random.normal(size=(d, classes))
    y = (scores + random.gumbel(size=scores.shape)).argmax(axis=1)
    ours = LogisticRegression(1.0) if classes == 2 else SoftmaxRegression(1.0)
    theirs = sklearn.linear_model.LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-6 / n)
    t = medians({"ours": lambda: ours.fit(X, y), "theirs": lambda: theirs.fit(X, y)}, repeat)
    apart = np.abs(ours.coef_ - theirs.coef_).max()
    print(
        f"{classes} classes, n={n:<6} d={d:<4} ours {t['ours'] * 1e3:8.2f} ms   "
        f"scikit-learn {t['theirs'] * 1e3:8.2f} ms   ratio {t['ours'] / t['theirs']:.2f}   "
        f"steps {ours.n_iter_}, {theirs.n_iter_[0]}   "
        f"gradient {slope(ours, X, y):.0e}, {slope(theirs, X, y):.0e}   apart {apart:.0e}"
    )


def what_an_explorer_waits_for():
    """The costs of one move of a slider in lesson 04."""
    objective = logistic_objective(*load_twenty_pokemon())
    stats, types = load_water_or_normal(last=400)
    corners, xor = make_xor(4, noise=0)
    jobs = {
        "LogisticRegression, 133 Pokémon": lambda: LogisticRegression().fit(stats, types),
        "newton, 20 points": lambda: newton(*objective, np.zeros(2)),
        "600 steps of a cascade": lambda: CascadedLogisticRegression(steps=600).fit(corners, xor),
    }
    for name, seconds in medians(jobs, repeat=3).items():
        print(f"{name:32} {seconds * 1e3:8.2f} ms")


def main():
    with threadpool_limits(1):
        print(f"One thread, medians of {ROUNDS} rounds, ours and theirs in turn.")
        compare_with_scikit_learn(n=10_000, d=100, classes=2)
        compare_with_scikit_learn(n=200, d=5, classes=2, repeat=10)
        compare_with_scikit_learn(n=5_000, d=20, classes=4)
        what_an_explorer_waits_for()


if __name__ == "__main__":
    main()
