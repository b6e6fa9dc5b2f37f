"""Experiments on depth: shapes with equally many parameters, noise on one layer, trajectories,
parts that are shared, features made by hand.

Lecture: "Deep Learning Theory 1-2" (deep against shallow, the first layers), "Why deep?" (fat and
short against thin and tall, modularisation, end-to-end learning). The long runs are stored in
data/experiments/ by `make_depth.py`, which calls the functions of this file.
"""

from itertools import pairwise

import numpy as np
from threadpoolctl import threadpool_limits

from course_lib.linear_models import r_squared
from course_lib.networks import MLP, train
from course_lib.optimizers import Adam, linear_decay
from course_lib.relu_networks import sawtooth
from course_lib.validation import as_array, as_integer, as_number, check_same_length

# --- A network that predicts a number -------------------------------------------------------------


class Regressor(MLP):
    """An MLP with one output and the mean squared error, for `networks.train`.

    `score` is R², as in scikit-learn, so `History.accuracies` holds that.
    """

    def _loss_and_gradient(self, X, y):
        errors = self.forward(X)[:, 0] - y
        return float(np.mean(errors**2)), self.backward(2 * errors[:, None] / len(y))

    def predict(self, X):
        """The predictions, of shape (n,)."""
        return self.forward(self._inputs(X))[:, 0]

    def score(self, X, y):
        """R², 1 for a perfect prediction, 0 for one that is no better than the mean of y."""
        return r_squared(y, self.predict(X))

    def spread(self, X, seed=0):
        """Let each neuron of the first layer switch at a random sample of X; return the network.

        A neuron with the bias 0 switches at x = 0. With one input, all of them at one point!
        """
        X, layer = self._inputs(X), self.dense_layers[0]
        at = X[np.random.default_rng(seed).integers(len(X), size=len(layer.b))]
        layer.b[:] = -(layer.W * at).sum(axis=1)
        return self

    def _samples(self, X, y):
        X, y = self._inputs(X), as_array(y, "y", ndim=1)
        check_same_length(X=X, y=y)
        return X, y.astype(self.dtype)


# --- Fat and short, thin and tall -----------------------------------------------------------------


def count_parameters(sizes):
    """The number of weights and biases of a fully connected network with these layer sizes."""
    return sum((inputs + 1) * outputs for inputs, outputs in pairwise(sizes))


def shape(depth, parameters, inputs, outputs):
    """The sizes of a network with `depth` equal hidden layers and about so many `parameters`."""
    depth = as_integer(depth, "depth", minimum=1)
    sizes, width = None, 0
    gap = np.inf
    while True:  # the count rises with the width: stop when it is no longer nearer
        width += 1
        candidate = (inputs, *[width] * depth, outputs)
        if abs(count_parameters(candidate) - parameters) >= gap:
            return sizes
        sizes, gap = candidate, abs(count_parameters(candidate) - parameters)


TARGETS = {
    "product": lambda X: X[:, 0] * X[:, 1],
    "rings": lambda X: np.cos(3 * np.pi * np.hypot(X[:, 0], X[:, 1])),
    "saw-tooth": lambda X: 2 * sawtooth(3)((X[:, 0] + 1) / 2) - 1,
}


def regression_data(target, n, seed):
    """n points of the square [−1, 1]², uniform, and the target's values there."""
    X = np.random.default_rng(seed).uniform(-1, 1, (as_integer(n, "n", 1), 2))
    return X, TARGETS[target](X)


def fit_regression(target, sizes, learning_rate, seed=0, epochs=100):
    """A `Regressor` trained with Adam and a falling rate on 1,000 points of a target."""
    X, y = regression_data(target, 1000, 1000 + seed)
    network = Regressor(sizes, seed=seed).spread(X, seed)
    train(network, X, y, Adam(linear_decay(learning_rate, 16 * epochs)), epochs, seed=seed)
    return network


def regression_error(network, target, seed):
    """The error on 2,000 new points of a target: √(1 − R²), 0 perfect, 1 no better than the mean.

    The points are drawn with this seed: 1 for validation, 2 for the test.
    """
    return float(np.sqrt(1 - network.score(*regression_data(target, 2000, seed))))


def fit_classifier(sizes, X, y, learning_rate=0.002, updates=1500, seed=0):
    """A ReLU network trained with Adam, batches of 64 and a falling learning rate.

    `updates` is rounded to whole epochs, so that small and large data sets get equally many.
    """
    per_epoch = -(-len(X) // 64)
    epochs = max(1, round(updates / per_epoch))
    network = MLP(sizes, seed=seed, dtype=np.float32)
    train(network, X, y, Adam(linear_decay(learning_rate, epochs * per_epoch)), epochs, seed=seed)
    return network


# --- Which layer matters? -------------------------------------------------------------------------


@threadpool_limits.wrap(limits=1, user_api="blas")  # products this small are not worth sharing
def scores_with_noise(network, X, y, std, relative=False, seeds=5):
    """The accuracy after normal noise on the weights of one layer: an array (layers,).

    The noise has the standard deviation `std`, with `relative` in units of that of the layer's
    weights. Each number is a mean over `seeds` draws; the network is left as it was.
    Source: Raghu, Poole, Kleinberg, Ganguli, Sohl-Dickstein 2017, section 3.
    """
    std, scores = as_number(std, "std", minimum=0), []
    for layer in network.dense_layers:
        weights, found = layer.W.copy(), []
        for seed in range(seeds):
            noise = _noise_source(seed).standard_normal(weights.shape)
            layer.W[:] = weights + std * (weights.std() if relative else 1) * noise
            found.append(network.score(X, y))
        layer.W[:] = weights
        scores.append(np.mean(found))
    return np.array(scores)


def changes_by_noise(network, X, share=0.01, seed=0):
    """How far the outputs move, relative to their size, after noise on one layer: (layers,).

    The noise on the weights of a layer has `share` times their standard deviation. No training is
    needed: this is what becomes of a small change on its way to the outputs.
    """
    random, before, changes = _noise_source(seed), network.forward(X), []
    for layer in network.dense_layers:
        weights = layer.W.copy()
        layer.W += (
            as_number(share, "share", above=0)
            * weights.std()
            * random.standard_normal(weights.shape)
        )
        changes.append(np.linalg.norm(network.forward(X) - before) / np.linalg.norm(before))
        layer.W[:] = weights
    return np.array(changes)


def _noise_source(seed):
    """A stream of its own: default_rng(seed) has drawn the weights of an `MLP` with this seed."""
    return np.random.default_rng((1, seed))


def circle(points, dimensions, seed=0):
    """A closed circle of radius √dimensions in a random plane: shape (points + 1, dimensions)."""
    random = np.random.default_rng((2, seed))  # another stream than that of the weights
    plane = np.linalg.qr(random.standard_normal((dimensions, 2)))[0]
    angles = 2 * np.pi * np.arange(points + 1) / points
    return np.sqrt(dimensions) * np.column_stack([np.cos(angles), np.sin(angles)]) @ plane.T


def trajectory(network, points):
    """What becomes of a curve: its images after each activation, a list of arrays (n, neurons)."""
    network.forward(points)
    return [layer.A for layer in network.layers[1::2]]


def length(curve):
    """The length of a curve given by its points, (n, dimensions)."""
    return float(np.linalg.norm(np.diff(curve, axis=0), axis=1).sum())


# --- Parts that are shared ------------------------------------------------------------------------

UNSEEN = tuple(10 * i + (i + 3) % 10 for i in range(10))  # 03, 14, 25, …: never trained on


def two_digit_numbers(images, labels, n, seed=0, unseen=None):
    """n pictures of two digits side by side, (n, 28, 56), and the numbers, 0 … 99.

    The digits are drawn from `images`, (m, 28, 28). With `unseen=True` only the ten numbers in
    `UNSEEN` appear, with False only the ninety others.
    """
    random, labels = np.random.default_rng(seed), np.asarray(labels)
    pairs = random.integers(len(labels), size=(20 * n, 2))
    numbers = 10 * labels[pairs[:, 0]] + labels[pairs[:, 1]]
    fits = slice(None) if unseen is None else np.isin(numbers, UNSEEN) == unseen
    pairs, numbers = pairs[fits][:n], numbers[fits][:n]
    return np.concatenate([images[pairs[:, 0]], images[pairs[:, 1]]], axis=2), numbers


class NumberReader:
    """Reads two-digit numbers, in one of the ways of `WAYS`.

    "whole": one network with 100 answers. "deep": the same, thin and tall. "two readers": a network
    for the left digit, another for the right. "shared reader": one network for both.
    """

    WAYS = ("whole", "deep", "two readers", "shared reader")

    def __init__(self, way, seed=0, updates=1500):
        if way not in self.WAYS:
            raise ValueError(f"way must be one of {', '.join(self.WAYS)}, came {way!r}")
        self.way, self.seed, self.updates = way, seed, updates

    def fit(self, images, numbers):
        """Train on images (n, 28, 56) and numbers (n,); return the reader."""
        left, right, numbers = *_halves(images), np.asarray(numbers)
        digits = numbers // 10, numbers % 10
        if self.way == "whole":
            self.networks_ = [self._fit((1568, 64, 100), images, numbers)]
        elif self.way == "deep":
            self.networks_ = [self._fit((1568, 60, 60, 60, 100), images, numbers)]
        elif self.way == "two readers":
            self.networks_ = [self._fit((784, 64, 10), left, digits[0]),
                              self._fit((784, 64, 10), right, digits[1])]  # fmt: skip
        else:
            both = np.concatenate([left, right])
            self.networks_ = [self._fit((784, 64, 10), both, np.concatenate(digits))] * 2
        return self

    def _fit(self, sizes, images, y):
        X = images.reshape(len(images), -1)
        return fit_classifier(sizes, X, y, updates=self.updates, seed=self.seed)

    def predict(self, images):
        """The numbers, (n,)."""
        if len(self.networks_) == 1:
            return self.networks_[0].predict(images.reshape(len(images), -1))
        tens, ones = (
            network.predict(half.reshape(len(half), -1))
            for network, half in zip(self.networks_, _halves(images), strict=True)
        )
        return 10 * tens + ones

    def score(self, images, numbers):
        """The share of the numbers that are read rightly."""
        return float(np.mean(self.predict(images) == numbers))


def _halves(images):
    return images[:, :, :28], images[:, :, 28:]


# --- Features made by hand ------------------------------------------------------------------------


def oriented_gradients(images):
    """Histograms of oriented gradients of images (n, 28, 28): features (n, 324) made by hand.

    In each cell of 7 × 7 pixels, how much edge there is in each of 9 directions, normalised over
    blocks of 2 × 2 cells. Source: Dalal, Triggs 2005; scikit-image computes them.
    """
    from skimage.feature import hog

    return np.array([hog(image, 9, (7, 7), (2, 2)) for image in images], dtype=np.float32)
