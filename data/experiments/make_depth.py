"""Write the tables of lesson 08 that take too long for a notebook: about 15 minutes on one core.

Run it from the root of the repository: python data/experiments/make_depth.py [name ...]
A row is one training. The same functions of `course_lib.depth` run in the lesson, on a few seeds.
"""

import sys
from datetime import date
from importlib.metadata import version
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from threadpoolctl import threadpool_limits
from torch import nn

from course_lib import depth
from course_lib.datasets import load_digits
from course_lib.training import build, evaluate, fit

HERE = Path(__file__).parent
DEPTHS = (1, 2, 3, 4, 6)
N_VALIDATION = 1000  # of the 8,000 training digits, the last ones


def regression_shapes():
    """Targets in the plane, networks of equally many parameters."""
    cases = product(depth.TARGETS, (300, 1200), DEPTHS, (0.003, 0.01, 0.03, 0.1), range(8))
    for target, parameters, layers, rate, seed in cases:
        sizes = depth.shape(layers, parameters, 2, 1)
        network = depth.fit_regression(target, sizes, rate, seed)
        yield {
            "target": target,
            "parameters": parameters,
            "depth": layers,
            "width": sizes[1],
            "learning_rate": rate,
            "seed": seed,
            "validation": depth.regression_error(network, target, seed=1),
            "test": depth.regression_error(network, target, seed=2),
        }


def digit_shapes():
    """Handwritten digits, networks of equally many parameters."""
    (X, y), (X_new, y_new) = (flat(*load_digits(part)) for part in ("train", "test"))
    X, X_held, y, y_held = (
        X[:-N_VALIDATION],
        X[-N_VALIDATION:],
        y[:-N_VALIDATION],
        y[-N_VALIDATION:],
    )
    cases = product((10_000, 40_000), (1, 2, 3, 5, 8), (0.001, 0.003, 0.01, 0.03), range(5))
    for parameters, layers, rate, seed in cases:
        sizes = depth.shape(layers, parameters, 784, 10)
        network = depth.fit_classifier(sizes, X, y, rate, updates=2200, seed=seed)
        yield {
            "parameters": parameters,
            "depth": layers,
            "width": sizes[1],
            "learning_rate": rate,
            "seed": seed,
            "training": 1 - network.score(X, y),
            "validation": 1 - network.score(X_held, y_held),
            "test": 1 - network.score(X_new, y_new),
        }


def two_digit_numbers():
    """Numbers of two digits, read whole or digit by digit; ten of them are never trained on."""
    (images, labels), new = load_digits("train"), load_digits("test")
    seen, unseen = (depth.two_digit_numbers(*new, 2000, 1, unseen=u) for u in (False, True))
    cases = product((100, 300, 1000, 3000, 10_000), depth.NumberReader.WAYS, range(5))
    for n, way, seed in cases:
        training = depth.two_digit_numbers(images, labels, n, 100 + seed, unseen=False)
        reader = depth.NumberReader(way, seed).fit(*training)
        yield {
            "n": n,
            "way": way,
            "seed": seed,
            "seen": reader.score(*seen),
            "unseen": reader.score(*unseen),
        }


def features():
    """Digits end-to-end from pixels, and from features made by hand, on n examples."""
    (images, y), (new, y_new) = load_digits("train"), load_digits("test")
    pixels, hand = (
        [part(images), part(new)]
        for part in (lambda x: x.reshape(len(x), 784), depth.oriented_gradients)
    )
    cases = product((50, 100, 300, 1000, 3000, 8000), range(5))
    for n, seed in cases:
        chosen = np.random.default_rng(seed).permutation(len(y))[:n]
        for name, (X, X_new), hidden in (
            ("by hand, linear", hand, ()),
            ("by hand, network", hand, (64,)),
            ("pixels, linear", pixels, ()),
            ("pixels, network", pixels, (64, 64)),
        ):
            sizes = (X.shape[1], *hidden, 10)
            network = depth.fit_classifier(sizes, X[chosen], y[chosen], seed=seed)
            yield {"n": n, "features": name, "seed": seed, "test": 1 - network.score(X_new, y_new)}
        score = convolutional(images[chosen], y[chosen], new, y_new, seed)
        yield {"n": n, "features": "pixels, CNN", "seed": seed, "test": 1 - score}


def convolutional(images, y, new, y_new, seed):
    """The accuracy of a small CNN, trained with as many updates of 64 images as the networks."""
    model = build(small_cnn, seed)
    optimizer = torch.optim.Adam(model.parameters(), 0.002)
    epochs = max(1, round(1500 / -(-len(y) // 64)))
    fit(model, images[:, None], y, optimizer, epochs, seed=seed, device="cpu")
    return evaluate(model, new[:, None], y_new).accuracy


def small_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(256, 10),
    )  # fmt: skip


def flat(images, labels):
    return images.reshape(len(images), -1), labels


EXPERIMENTS = (regression_shapes, digit_shapes, two_digit_numbers, features)


def main(names):
    torch.set_num_threads(1)
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "torch", "scikit-image"))
    for experiment in EXPERIMENTS:
        if names and experiment.__name__ not in names:
            continue
        with threadpool_limits(1):
            table = pd.DataFrame(experiment())
        path = HERE / f"{experiment.__name__}.csv"
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.write(f"# {date.today()}, {versions}; seeds are in the column of that name\n")
            table.to_csv(file, index=False, float_format="%.5g", lineterminator="\n")
        print(path.name, len(table), "trainings", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
