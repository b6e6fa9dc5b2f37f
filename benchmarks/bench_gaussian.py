"""How fast and how accurate are the Gaussian classifiers, beside scikit-learn's?

Run it from the root of the repository: python benchmarks/bench_gaussian.py
"""

import numpy as np
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.naive_bayes import GaussianNB
from threadpoolctl import threadpool_limits
from timing import ROUNDS, medians

from course_lib.datasets import load_water_or_normal
from course_lib.drawing import class_image, plane
from course_lib.gaussian import GaussianClassifier
from course_lib.metrics import roc_curve

THEIRS = {
    "own": QuadraticDiscriminantAnalysis(),
    "shared": LinearDiscriminantAnalysis(solver="lsqr"),
    "diagonal": GaussianNB(var_smoothing=0),
}


def fit_and_predict(X, y, repeat):
    """Time fit + predict of both libraries, and say how far apart their posteriors are."""
    for kind, theirs in THEIRS.items():
        ours = GaussianClassifier(kind)
        t = medians(
            {
                "ours": lambda m=ours: m.fit(X, y).predict(X),
                "theirs": lambda m=theirs: m.fit(X, y).predict(X),
            },
            repeat,
        )
        gap = abs(ours.predict_proba(X) - theirs.predict_proba(X)).max()
        print(
            f"{kind:8} n={X.shape[0]:<6} d={X.shape[1]:<3} ours {t['ours'] * 1e3:8.3f} ms   "
            f"scikit-learn {t['theirs'] * 1e3:8.3f} ms   ratio {t['ours'] / t['theirs']:.2f}   "
            f"posteriors {gap:.0e} apart"
        )


def pokemon():
    stats, types = load_water_or_normal()
    return stats.to_numpy(float), types


def clouds(n, d, classes):
    random = np.random.default_rng(0)
    y = random.integers(classes, size=n)
    X = random.normal(size=(n, d)) @ random.normal(size=(d, d)) + y[:, None]
    return X, y


def what_an_explorer_waits_for():
    """The costs of one move of a slider in lesson 03."""
    X, y = pokemon()
    X = X[:, [2, 4]]
    points = plane(((0, 200), (0, 200)), 100)[2]
    model = GaussianClassifier("own").fit(X, y)
    scores = model.predict_proba(X)[:, 1]
    image = model.predict_proba(points)
    jobs = {
        "fit, 252 Pokémon": lambda: model.fit(X, y),
        "posteriors on a grid of 100 × 100": lambda: model.predict_proba(points),
        "their colours": lambda: class_image(image),
        "a ROC curve": lambda: roc_curve(y, scores, "Water"),
    }
    for name, seconds in medians(jobs, repeat=5).items():
        print(f"{name:34} {seconds * 1e3:8.3f} ms")


def main():
    with threadpool_limits(1):
        print(f"One thread, medians of {ROUNDS} rounds, ours and theirs in turn: fit + predict.")
        fit_and_predict(*pokemon(), repeat=10)
        fit_and_predict(*clouds(10_000, 20, classes=3), repeat=1)
        fit_and_predict(*clouds(100_000, 5, classes=2), repeat=1)
        what_an_explorer_waits_for()


if __name__ == "__main__":
    main()
