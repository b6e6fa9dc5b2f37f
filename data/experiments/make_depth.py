"""Write the tables of lesson 08 that take too long for a notebook: 25 minutes on one core.

Run it from the root of the repository: python data/experiments/make_depth.py [name ...]
Without a name it makes the tables that are not there yet (so a run that was cut off goes on where
it was); with names it makes those anew. A row is one training. The same functions of
`course_lib.depth` run in the lesson, on a few seeds.

A rate is chosen on validation data (the last 1,000 of the 8,000 training digits, or new points of a
target), by who reads the table: so every rate is in it. The test data choose nothing.
"""

import sys
import time
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
from course_lib.experiments import at_best, load_experiment
from course_lib.relu_networks import count_regions, from_mlp
from course_lib.training import build, evaluate, fit

HERE = Path(__file__).parent
N = 7000  # digits to learn from; the other 1,000 are for validation
RATES = (0.001, 0.003, 0.01)


def regression_shapes():
    """Targets in the plane, networks of equally many parameters, trained briefly and for long."""
    cases = product(
        depth.TARGETS, (300, 1200), (1, 2, 4, 6), (100, 400), (0.003, 0.01, 0.03, 0.1), range(5)
    )
    for target, parameters, layers, epochs, rate, seed in cases:
        sizes = depth.shape(layers, parameters, 2, 1)
        network = depth.fit_regression(target, sizes, rate, seed, epochs)
        yield {
            "target": target,
            "parameters": parameters,
            "depth": layers,
            "width": sizes[1],
            "epochs": epochs,
            "learning_rate": rate,
            "seed": seed,
            "validation": depth.regression_error(network, target, seed=1),
            "test": depth.regression_error(network, target, seed=2),
        }


def ring_pieces():
    """Into how many pieces networks that learned the rings cut the square, at the best rates."""
    table = load_experiment("regression_shapes").query(
        "target == 'rings' and parameters == 1200 and epochs == 400"
    )
    for row in at_best(table, ["depth"], "learning_rate", "validation", least=True).itertuples():
        sizes = depth.shape(row.depth, 1200, 2, 1)
        network = depth.fit_regression("rings", sizes, row.learning_rate, row.seed, 400)
        yield {
            "depth": row.depth,
            "learning_rate": row.learning_rate,
            "seed": row.seed,
            "pieces": count_regions(from_mlp(network)),
            "test": depth.regression_error(network, "rings", seed=2),
        }


def digit_shapes():
    """Handwritten digits, networks of equally many parameters."""
    (X, y), (X_new, y_new) = (flat(*load_digits(part)) for part in ("train", "test"))
    cases = product((10_000, 40_000), (1, 2, 3, 5, 8), (*RATES, 0.03), range(5))
    for parameters, layers, rate, seed in cases:
        sizes = depth.shape(layers, parameters, 784, 10)
        network = depth.fit_classifier(sizes, X[:N], y[:N], rate, updates=2200, seed=seed)
        yield {
            "parameters": parameters,
            "depth": layers,
            "width": sizes[1],
            "learning_rate": rate,
            "seed": seed,
            "training": 1 - network.score(X[:N], y[:N]),
            "validation": 1 - network.score(X[N:], y[N:]),
            "test": 1 - network.score(X_new, y_new),
        }


def layer_noise():
    """Noise on the weights of one layer: of one size in all layers, or relative to the weights."""
    for name, seed in product(depth.SIX_LAYERS, range(8)):
        network, X, y = depth.fit_six_layers(name, seed)
        for relative, std in ((False, 0.36), (True, 1.1)):
            scores = depth.scores_with_noise(network, X, y, std, relative)
            for layer, score in enumerate(scores, 1):
                yield {
                    "network": name,
                    "seed": seed,
                    "relative": relative,
                    "std": std,
                    "layer": layer,
                    "accuracy": score,
                }


def two_digit_numbers():
    """Numbers of two digits, read whole or in parts; ten of them are never trained on."""
    (images, labels), new = load_digits("train"), load_digits("test")
    seen, unseen = (depth.two_digit_numbers(*new, 2000, 1, unseen=u) for u in (False, True))
    held_out = depth.two_digit_numbers(images[N:], labels[N:], 2000, 2, unseen=False)
    cases = product((100, 1000, 3000, 10_000), depth.NumberReader.WAYS, RATES, range(5))
    for n, way, rate, seed in cases:
        training = depth.two_digit_numbers(images[:N], labels[:N], n, 100 + seed, unseen=False)
        reader = depth.NumberReader(way, seed, rate).fit(*training)
        yield {
            "n": n,
            "way": way,
            "learning_rate": rate,
            "seed": seed,
            "validation": reader.score(*held_out),
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
    ways = {
        "by hand, linear": (hand, lambda *a: network((324, 10), *a), 5),
        "by hand, network": (hand, lambda *a: network((324, 64, 10), *a), 5),
        "pixels, linear": (pixels, lambda *a: network((784, 10), *a), 5),
        "pixels, network": (pixels, lambda *a: network((784, 64, 64, 10), *a), 5),
        "pixels, CNN": ([images[:, None], new[:, None]], convolutional, 3),
    }
    for name, ((X, X_new), train, seeds) in ways.items():
        for n, rate, seed in product((50, 200, 1000, N), RATES, range(seeds)):
            chosen = np.random.default_rng(seed).permutation(N)[:n]
            accuracy = train(X[chosen], y[chosen], rate, seed)
            yield {
                "n": n,
                "features": name,
                "learning_rate": rate,
                "seed": seed,
                "validation": 1 - accuracy(X[N:], y[N:]),
                "test": 1 - accuracy(X_new, y_new),
            }


def network(sizes, X, y, rate, seed):
    """Train a fully connected network; return the function that measures its accuracy."""
    return depth.fit_classifier(sizes, X, y, rate, seed=seed).score


def convolutional(X, y, rate, seed):
    """The same for a small CNN: as many updates of 64 images, the same falling rate."""
    model, (epochs, updates) = build(small_cnn, seed), depth.whole_epochs(len(X), 1500)
    optimizer = torch.optim.Adam(model.parameters(), rate)
    falling = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: max(0, 1 - t / updates))
    optimizer.register_step_post_hook(lambda *_: falling.step())
    fit(model, X, y, optimizer, epochs, seed=seed, device="cpu")
    return lambda X_new, y_new: evaluate(model, X_new, y_new).accuracy


def small_cnn():
    """About 6,000 parameters."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(256, 10),
    )  # fmt: skip


def flat(images, labels):
    return images.reshape(len(images), -1), labels


EXPERIMENTS = {
    experiment.__name__: experiment
    for experiment in (
        regression_shapes, ring_pieces, digit_shapes, layer_noise, two_digit_numbers, features
    )
}  # fmt: skip


def main(names):
    if unknown := set(names) - set(EXPERIMENTS):
        sys.exit(f"no experiment {', '.join(unknown)}; there are {', '.join(EXPERIMENTS)}")
    torch.set_num_threads(1)
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "torch", "scikit-image"))
    for name, experiment in EXPERIMENTS.items():
        path = HERE / f"{name}.csv"
        if path.exists() and name not in names:
            print(f"{path.name} is there already", flush=True)
            continue
        print(f"{path.name}: {experiment.__doc__}", flush=True)
        start = time.process_time()
        with threadpool_limits(1):
            table = pd.DataFrame(experiment())
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.write(f"# {date.today()}, {versions}; seeds are in the column of that name\n")
            table.to_csv(file, index=False, float_format="%.5g", lineterminator="\n")
        print(f"{len(table)} rows, {time.process_time() - start:.0f} s of one core", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
