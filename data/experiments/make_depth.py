"""Write the tables of lesson 08 that take too long for a notebook: 25 minutes of one core.

Run it from the root of the repository: python data/experiments/make_depth.py [name …]
Without a name it makes what is not there yet; with names it makes those anew. A run that was cut
off goes on where it was: finished rows are in NAME.part; `--jobs` says how many cores work. A case
is one training. The same functions of `course_lib.depth` run in the lesson, on a few seeds.

A rate is chosen on validation data (the last 1,000 of the 8,000 training digits, or new points of a
target), by who reads the table: so every rate is in it. The test data choose nothing.
"""

import numpy as np
import torch
from torch import nn

from course_lib import depth as of_depth
from course_lib.datasets import load_digits
from course_lib.experiments import at_best, load_experiment
from course_lib.relu_networks import count_regions, from_mlp
from course_lib.storing import grid, main
from course_lib.training import build, evaluate, fit

N = 7000  # digits to learn from; the other 1,000 are for validation
RATES = (0.001, 0.003, 0.01)


def regression_shapes(target, parameters, depth, epochs, learning_rate, seed):
    """A target in the plane, networks of equally many parameters, trained briefly and for long."""
    sizes = of_depth.shape(depth, parameters, 2, 1)
    network = of_depth.fit_regression(target, sizes, learning_rate, seed, epochs)
    yield {
        "width": sizes[1],
        "validation": of_depth.regression_error(network, target, seed=1),
        "test": of_depth.regression_error(network, target, seed=2),
    }


def ring_pieces(depth, learning_rate, seed):
    """Into how many pieces a network that learned the rings cuts the square."""
    sizes = of_depth.shape(depth, 1200, 2, 1)
    network = of_depth.fit_regression("rings", sizes, learning_rate, seed, 400)
    yield {
        "pieces": count_regions(from_mlp(network)),
        "test": of_depth.regression_error(network, "rings", seed=2),
    }


def at_the_best_rates():
    """The networks of `regression_shapes` that learned the rings, at their best rates."""
    table = load_experiment("regression_shapes").query(
        "target == 'rings' and parameters == 1200 and epochs == 400"
    )
    best = at_best(table, ["depth"], "learning_rate", "validation", least=True)
    return best[["depth", "learning_rate", "seed"]].to_dict("records")


def digit_shapes(parameters, depth, learning_rate, seed):
    """Handwritten digits, networks of equally many parameters."""
    (images, y), (new, y_new) = load_digits("train"), load_digits("test")
    X, X_new = rows(images), rows(new)
    sizes = of_depth.shape(depth, parameters, 784, 10)
    network = of_depth.fit_classifier(sizes, X[:N], y[:N], learning_rate, updates=2200, seed=seed)
    yield {
        "width": sizes[1],
        "training": 1 - network.score(X[:N], y[:N]),
        "validation": 1 - network.score(X[N:], y[N:]),
        "test": 1 - network.score(X_new, y_new),
    }


def layer_noise(network, seed):
    """Noise on the weights of one layer: of one size in all layers, or relative to the weights."""
    trained, X, y = of_depth.fit_six_layers(network, seed)
    for relative, std in ((False, 0.36), (True, 1.1)):
        scores = of_depth.scores_with_noise(trained, X, y, std, relative)
        for layer, score in enumerate(scores, 1):
            yield {"relative": relative, "std": std, "layer": layer, "accuracy": score}


def two_digit_numbers(n, way, learning_rate, seed):
    """Numbers of two digits, read whole or in parts; ten of them are never trained on."""
    (images, labels), new = load_digits("train"), load_digits("test")
    numbers = of_depth.two_digit_numbers
    training = numbers(images[:N], labels[:N], n, 100 + seed, unseen=False)
    reader = of_depth.NumberReader(way, seed, learning_rate).fit(*training)
    yield {
        "validation": reader.score(*numbers(images[N:], labels[N:], 2000, 2, unseen=False)),
        "seen": reader.score(*numbers(*new, 2000, 1, unseen=False)),
        "unseen": reader.score(*numbers(*new, 2000, 1, unseen=True)),
    }


def features(n, features, learning_rate, seed):
    """Digits end-to-end from pixels, and from features made by hand, on n examples."""
    (images, y), (new, y_new) = load_digits("train"), load_digits("test")
    chosen = np.random.default_rng(seed).permutation(N)[:n]
    seen_by, train, _ = WAYS[features]
    accuracy = train(seen_by(images[chosen]), y[chosen], learning_rate, seed)
    yield {
        "validation": 1 - accuracy(seen_by(images[N:]), y[N:]),
        "test": 1 - accuracy(seen_by(new), y_new),
    }


def network(*sizes):
    """A function that trains a network of these sizes, and returns what measures its accuracy."""
    return lambda X, y, rate, seed: of_depth.fit_classifier(sizes, X, y, rate, seed=seed).score


def convolutional(X, y, rate, seed):
    """The same for a small CNN: as many updates of 64 images, the same falling rate."""
    model, (epochs, updates) = build(small_cnn, seed), of_depth.whole_epochs(len(X), 1500)
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


def rows(images):
    return images.reshape(len(images), -1)


WAYS = {  # what a network gets to see, how it is trained, with how many seeds
    "by hand, linear": (of_depth.oriented_gradients, network(324, 10), 5),
    "by hand, network": (of_depth.oriented_gradients, network(324, 64, 10), 5),
    "pixels, linear": (rows, network(784, 10), 5),
    "pixels, network": (rows, network(784, 64, 64, 10), 5),
    "pixels, CNN": (lambda images: images[:, None], convolutional, 3),
}

TABLES = {
    regression_shapes: grid(
        target=tuple(of_depth.TARGETS),
        parameters=(300, 1200),
        depth=(1, 2, 4, 6),
        epochs=(100, 400),
        learning_rate=(0.003, 0.01, 0.03, 0.1),
        seed=range(5),
    ),
    ring_pieces: at_the_best_rates,
    digit_shapes: grid(
        parameters=(10_000, 40_000),
        depth=(1, 2, 3, 5, 8),
        learning_rate=(*RATES, 0.03),
        seed=range(5),
    ),
    layer_noise: grid(network=tuple(of_depth.SIX_LAYERS), seed=range(8)),
    two_digit_numbers: grid(
        n=(100, 1000, 3000, 10_000),
        way=tuple(of_depth.NumberReader.WAYS),
        learning_rate=RATES,
        seed=range(5),
    ),
    features: [
        case
        for name, (_, _, seeds) in WAYS.items()
        for case in grid(
            n=(50, 200, 1000, N), features=(name,), learning_rate=RATES, seed=range(seeds)
        )
    ],
}


if __name__ == "__main__":
    main(TABLES, __doc__)
