"""Experiments on depth: shapes with equally many parameters, noise on one layer, trajectories,
parts that are shared, features made by hand.

Lecture: "Deep Learning Theory 1-2" (deep against shallow, the first layers), "Why deep?" (fat and
short against thin and tall, modularisation, end-to-end learning). The long runs are stored in
data/experiments/ by `make_depth.py`, which calls the functions of this file.
"""

from itertools import pairwise

import numpy as np
from threadpoolctl import threadpool_limits

from course_lib.datasets import load_digits
from course_lib.linear_models import r_squared
from course_lib.networks import MLP, softmax_cross_entropy, train
from course_lib.optimizers import Adam, linear_decay
from course_lib.relu_networks import sawtooth
from course_lib.validation import as_array, as_integer, as_number, as_option, check_same_length

# --- A network that predicts a number -------------------------------------------------------------


class Regressor(MLP):
    """An MLP with one output and the mean squared error, for `networks.train`.

    `score` is R², as in scikit-learn, so `History.accuracies` holds that.
    """

    def __init__(self, sizes, *settings, **more):
        super().__init__(sizes, *settings, **more)
        if self.sizes[-1] != 1:
            raise ValueError(f"sizes must end with 1 output, came {self.sizes[-1]}")

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
    depth, parameters = as_integer(depth, "depth", 1), as_integer(parameters, "parameters", 1)
    inputs, outputs = as_integer(inputs, "inputs", 1), as_integer(outputs, "outputs", 1)
    # for the width w: (depth − 1) w² + (inputs + outputs + depth) w + outputs = parameters
    linear, rest = inputs + outputs + depth, max(parameters - outputs, 0)
    width = int(2 * rest / (linear + np.sqrt(linear**2 + 4 * (depth - 1) * rest)))
    candidates = [(inputs, *[max(w, 1)] * depth, outputs) for w in (width, width + 1)]
    return min(candidates, key=lambda sizes: abs(count_parameters(sizes) - parameters))


TARGETS = {  # the number of folds is that of `sawtooth`: 3 make 8 straight pieces, 5 make 32
    "product": lambda X: X[:, 0] * X[:, 1],
    "rings": lambda X: np.cos(3 * np.pi * np.hypot(X[:, 0], X[:, 1])),
    "3 folds": lambda X: 2 * sawtooth(3)((X[:, 0] + 1) / 2) - 1,
    "5 folds": lambda X: 2 * sawtooth(5)((X[:, 0] + 1) / 2) - 1,
}


def regression_data(target, n, seed):
    """n points of the square [−1, 1]², uniform, and the target's values there."""
    as_option(target, "target", TARGETS)
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


def fit_classifier(sizes, X, y, learning_rate=0.002, updates=1500, seed=0, kind=MLP):
    """A ReLU network trained with Adam, batches of 64 and a falling learning rate.

    `updates` is rounded to whole epochs, so that small and large data sets get equally many.
    """
    epochs, updates = whole_epochs(len(X), updates)
    network = kind(sizes, seed=seed, dtype=np.float32)
    train(network, X, y, Adam(linear_decay(learning_rate, updates)), epochs, seed=seed)
    return network


def whole_epochs(samples, updates):
    """The epochs that come nearest to so many updates with batches of 64, and their updates."""
    per_epoch = -(-as_integer(samples, "samples", 1) // 64)
    epochs = max(1, round(as_integer(updates, "updates", 1) / per_epoch))
    return epochs, epochs * per_epoch


# --- Which layer matters? -------------------------------------------------------------------------


SIX_LAYERS = {"tanh": ("tanh", "xavier"), "ReLU": ("relu", "kaiming")}


def fit_six_layers(name, seed=0):
    """A network of six layers of weights, a name of `SIX_LAYERS`, and 400 new digits: (n, X, y).

    It has learned 4,000 digits in 4 epochs, and reads about nine in ten new ones rightly.
    """
    (images, labels), (new, truth) = load_digits("train"), load_digits("test")
    settings = SIX_LAYERS[as_option(name, "name", SIX_LAYERS)]
    network = MLP([784] + [48] * 5 + [10], *settings, seed=seed)
    X, epochs = images[:4000].reshape(4000, 784), 4
    train(network, X, labels[:4000], Adam(linear_decay(0.002, epochs * 63)), epochs, seed=seed)
    return network, new[:400].reshape(400, 784), truth[:400]


@threadpool_limits.wrap(limits=1, user_api="blas")  # products this small are not worth sharing
def scores_with_noise(network, X, y, std, relative=False, seeds=5):
    """The accuracy after normal noise on the weights of one layer: an array (layers,).

    The noise has the standard deviation `std`, with `relative` in units of that of the layer's
    weights. Each number is a mean over `seeds` draws; the network is left as it was.
    Source: Raghu, Poole, Kleinberg, Ganguli, Sohl-Dickstein 2017, section 3.
    """
    std, seeds = as_number(std, "std", minimum=0), as_integer(seeds, "seeds", minimum=1)
    scores = []
    for layer in network.dense_layers:
        size = std * (layer.W.std() if relative else 1)
        draws = [size * _noise_source(k).standard_normal(layer.W.shape) for k in range(seeds)]
        scores.append(np.mean([_moved(layer, by, network.score, X, y) for by in draws]))
    return np.array(scores)


def changes_by_noise(network, X, share=0.01, seed=0):
    """How far the outputs move, relative to their size, after noise on one layer: (layers,).

    The noise on the weights of a layer has `share` times their standard deviation. No training is
    needed: this is what becomes of a small change on its way to the outputs.
    """
    share, random = as_number(share, "share", above=0), _noise_source(seed)
    before, changes = network.forward(X), []
    for layer in network.dense_layers:
        noise = share * layer.W.std() * random.standard_normal(layer.W.shape)
        after = _moved(layer, noise, network.forward, X)
        changes.append(np.linalg.norm(after - before) / np.linalg.norm(before))
    return np.array(changes)


def _moved(layer, noise, function, *arguments):
    """function(*arguments) while `noise` is added to the weights of a layer."""
    weights = layer.W.copy()
    try:
        layer.W += noise
        return function(*arguments)
    finally:
        layer.W[:] = weights


def _noise_source(seed):
    """A stream of its own: default_rng(seed) has drawn the weights of an `MLP` with this seed."""
    return np.random.default_rng((1, seed))


def circle(points, dimensions, seed=0):
    """A closed circle of radius √dimensions in a random plane: shape (points + 1, dimensions)."""
    points, dimensions = as_integer(points, "points", 3), as_integer(dimensions, "dimensions", 2)
    random = np.random.default_rng((2, seed))  # another stream than that of the weights
    plane = np.linalg.qr(random.standard_normal((dimensions, 2)))[0]
    angles = 2 * np.pi * np.arange(points + 1) / points
    return np.sqrt(dimensions) * np.column_stack([np.cos(angles), np.sin(angles)]) @ plane.T


def after_each_layer(network, points):
    """What becomes of a curve: its images after each activation, a list of arrays (n, neurons)."""
    network.forward(points)
    return [layer.A for layer in network.layers[1::2]]


def circle_through(activation, scale, layers, seed=0, points=500, width=100):
    """A circle and its images in a random network, layer by layer, and their lengths: a pair.

    The network has so many layers of `width` neurons, weights from N(0, scale²/width), no biases.
    """
    sizes = [width] * (as_integer(layers, "layers", minimum=1) + 1) + [1]
    network = MLP(sizes, activation, scale / np.sqrt(width), seed=seed)
    start = circle(points, width, seed)
    curves = [start, *after_each_layer(network, start)]
    return curves, np.array([length(curve) for curve in curves])


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
    draws = 20 * as_integer(n, "n", minimum=1) + 400  # one in ten is of `UNSEEN`
    pairs = random.integers(len(labels), size=(draws, 2))
    numbers = 10 * labels[pairs[:, 0]] + labels[pairs[:, 1]]
    fits = slice(None) if unseen is None else np.isin(numbers, UNSEEN) == unseen
    pairs, numbers = pairs[fits][:n], numbers[fits][:n]
    if len(numbers) < n:
        raise ValueError(f"labels must make more such numbers, {len(numbers)} of {n} were found")
    return np.concatenate([images[pairs[:, 0]], images[pairs[:, 1]]], axis=2), numbers


class TwoAnswers(MLP):
    """An MLP for two-digit numbers with 20 outputs: ten for the left digit, ten for the right.

    The loss is the sum of two cross-entropies, each with a softmax of its own.
    """

    def _loss_and_gradient(self, X, y):
        logits = self.forward(X)
        tens, D_tens = softmax_cross_entropy(logits[:, :10], y // 10)
        ones, D_ones = softmax_cross_entropy(logits[:, 10:], y % 10)
        return tens + ones, self.backward(np.hstack([D_tens, D_ones]))

    def predict(self, X):
        """The numbers, 0 … 99, of shape (n,)."""
        logits = self.forward(self._inputs(X))
        return 10 * logits[:, :10].argmax(axis=1) + logits[:, 10:].argmax(axis=1)

    def _samples(self, X, y):
        return self._inputs(X), np.asarray(y)


class NumberReader:
    """Reads two-digit numbers, in one of the ways of `WAYS`.

    "whole": one network with 100 answers. "deep": with three hidden layers, and as many parameters
    (nearly all are in the first layer, so it is nearly as wide). "two answers": one network with
    one hidden layer, and an answer for each digit. "two readers": a network for the left digit,
    another for the right. "shared reader": one network for both.
    """

    WAYS = ("whole", "deep", "two answers", "two readers", "shared reader")

    def __init__(self, way, seed=0, learning_rate=0.002, updates=1500):
        self.way, self.seed = as_option(way, "way", self.WAYS), seed
        self.learning_rate, self.updates = learning_rate, updates

    def fit(self, images, numbers):
        """Train on images (n, 28, 56) and numbers (n,); return the reader."""
        numbers = np.asarray(numbers)
        check_same_length(images=images, numbers=numbers)
        (left, right), (tens, ones) = _halves(images), (numbers // 10, numbers % 10)
        if self.way == "two readers":
            self.networks_ = [self._digits(left, tens), self._digits(right, ones)]
        elif self.way == "shared reader":
            both = np.concatenate([left, right]), np.concatenate([tens, ones])
            self.networks_ = [self._digits(*both)] * 2
        else:
            hidden, outputs, kind = {
                "whole": ((64,), 100, MLP),
                "deep": ((60, 60, 60), 100, MLP),
                "two answers": ((64,), 20, TwoAnswers),
            }[self.way]
            self.networks_ = [self._fit((1568, *hidden, outputs), images, numbers, kind)]
        return self

    def _digits(self, images, digits):
        return self._fit((784, 64, 10), images, digits)

    def _fit(self, sizes, images, y, kind=MLP):
        rows = images.reshape(len(images), -1)
        return fit_classifier(sizes, rows, y, self.learning_rate, self.updates, self.seed, kind)

    def predict(self, images):
        """The numbers, (n,)."""
        if not hasattr(self, "networks_"):
            raise ValueError("this reader has not learned yet: call fit first")
        if len(self.networks_) == 1:
            return self.networks_[0].predict(images.reshape(len(images), -1))
        tens, ones = (
            network.predict(half.reshape(len(half), -1))
            for network, half in zip(self.networks_, _halves(images), strict=True)
        )
        return 10 * tens + ones

    def score(self, images, numbers):
        """The share of the numbers that are read rightly."""
        check_same_length(images=images, numbers=numbers)
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

    images = as_array(images, "images", ndim=3, keep_single=True)
    if images.shape[1:] != (28, 28):
        raise ValueError(f"images must have shape (n, 28, 28), came {images.shape}")
    return np.array([hog(image, 9, (7, 7), (2, 2)) for image in images], dtype=np.float32)
