"""Experiments on training: patients and cures, learning rates, connections, few digits, transfer.

All of them read the course's digits at half size, 14 × 14, with one thread: so they take a second
or two each, and the long series, stored in data/experiments/ by `make_training_deep_networks.py`,
take minutes. The same functions run in lesson 06, on one seed or two.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from threadpoolctl import threadpool_limits
from torch import nn

from course_lib import datasets
from course_lib.deep_networks import deep_network, dense_network
from course_lib.diagnosis import gradient_sizes, pre_activations, train_and_look
from course_lib.experiments import at_best
from course_lib.layers import Highway
from course_lib.linear_models import k_fold
from course_lib.logistic import LogisticRegression
from course_lib.regularization import PenalizedSGD, RandomTransform
from course_lib.training import build, evaluate, fit, probabilities
from course_lib.validation import DivergedError, as_integer, as_option

on_one_thread = threadpool_limits.wrap(limits=1)  # small products are not worth sharing
PIXELS = 14 * 14
N_DEV = 1000


# --- The data -----------------------------------------------------------------------------------


class Digits(NamedTuple):
    """Digits at half size, standardised with the mean and deviation of the training pixels."""

    X: np.ndarray  # (n, 196), float32
    y: np.ndarray  # (n,)
    X_dev: np.ndarray
    y_dev: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    @property
    def training(self):
        return self.X, self.y

    @property
    def dev(self):
        return self.X_dev, self.y_dev

    @property
    def test(self):
        return self.X_test, self.y_test


def small_digits(n=1000):
    """The first n training digits; the last 1,000 of the 8,000 as dev set; the 2,000 test digits.

    Four pixels become one, their mean. The dev and the test set are scaled by the mean and the
    standard deviation of the n training digits, too: these are part of what is learned.
    """
    if as_integer(n, "n", minimum=1) > datasets.N_TRAINING_DIGITS - N_DEV:
        raise ValueError(f"n must be at most {datasets.N_TRAINING_DIGITS - N_DEV:,}, came {n:,}")
    X, y = _halved("train")
    X_test, y_test = _halved("test")
    mean, deviation = X[:n].mean(), X[:n].std()
    X, X_test = (X - mean) / deviation, (X_test - mean) / deviation
    return Digits(X[:n], y[:n], X[-N_DEV:], y[-N_DEV:], X_test, y_test)


@cache
def _halved(subset):
    images, labels = datasets.load_digits(subset)
    return images.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, PIXELS), labels


def digits_network(seed=0):
    """A small network for these digits: two hidden layers of 32 ReLUs."""
    return build(lambda: dense_network((PIXELS, 32, 32, 10)), seed)


def sgd(model):
    """Gradient descent on the model's parameters, with rate 0.05 and momentum 0.9."""
    return torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)


# --- Patients and cures -------------------------------------------------------------------------

HEALTHY = {
    "n": 1000, "layers": 2, "width": 32, "activation": "relu", "normalization": "none",
    "connection": "plain", "rate": 0.03, "momentum": 0.9, "dropout": 0.0, "l1": 0.0, "l2": 0.0,
    "augment": False,
}  # fmt: skip
PATIENTS = {
    "A": {"layers": 8, "activation": "sigmoid"},
    "B": {"rate": 0.0001},
    "C": {"width": 2},
    "D": {"n": 100, "width": 256},
    "E": {"layers": 50},
}
CURES = {
    "as it is": lambda setting: {},
    "ReLU": lambda setting: {"activation": "relu"},
    "rate × 100": lambda setting: {"rate": 100 * setting["rate"]},
    "wider": lambda setting: {"width": min(8 * setting["width"], 512)},
    "batch norm": lambda setting: {"normalization": "batch"},
    "residual": lambda setting: {"connection": "residual", "activation": "relu"},
    "dropout": lambda setting: {"dropout": 0.5},
    "augmentation": lambda setting: {"augment": True},
    "data × 10": lambda setting: {"n": min(10 * setting["n"], 7000)},
}


@on_one_thread
def treat(patient, cure="as it is", updates=400, looks=20, seed=0):
    """Train a patient with a cure: a table of the training and the dev error, `looks` + 1 rows.

    Every patient and cure gets as many updates, of 50 examples each, so the comparison is one of
    knobs, not of effort. A loss that is no number ends the table early.
    """
    if as_integer(updates, "updates", 1) % as_integer(looks, "looks", 1):
        raise ValueError(f"updates must be a multiple of looks, came {updates} and {looks}")
    setting = HEALTHY | PATIENTS[as_option(patient, "patient", PATIENTS)]
    setting |= CURES[as_option(cure, "cure", CURES)](setting)
    digits = small_digits(setting["n"])
    model = build(lambda: _network_of(setting), seed)
    optimizer = _optimizer_of(model, setting)
    every, rows = updates // looks, []

    def look(step):
        errors = [1 - evaluate(model, *part).accuracy for part in (digits.training, digits.dev)]
        rows.append((step, *errors))

    look(0)
    try:
        for step in range(every, updates + 1, every):
            part = batches_of(digits.X, digits.y, every, seed=1000 * seed + step)
            fit(model, *part, optimizer, 1, batch_size=50, seed=step, device="cpu")
            look(step)
    except DivergedError:
        pass
    return pd.DataFrame(rows, columns=["update", "training", "dev"])


def batches_of(X, y, updates, seed, batch_size=50):
    """Examples for so many mini-batches: all of them shuffled, as often as it takes."""
    random, wanted = np.random.default_rng(seed), updates * batch_size
    order = np.concatenate([random.permutation(len(X)) for _ in range(-(-wanted // len(X)))])
    return X[order[:wanted]], y[order[:wanted]]


def _network_of(setting):
    if setting["connection"] == "residual":
        for part in ("activation", "normalization", "dropout"):
            if setting[part] != HEALTHY[part]:
                raise ValueError(f"residual layers have no choice of {part} here")
        network = deep_network("residual", setting["layers"], setting["width"], PIXELS)
    else:
        sizes = [PIXELS, *[setting["width"]] * setting["layers"], 10]
        parts = setting["activation"], setting["normalization"], setting["dropout"]
        network = dense_network(sizes, *parts)
    if not setting["augment"]:
        return network
    return nn.Sequential(Augment(), network)


def _optimizer_of(model, setting):
    penalties = setting["l1"], setting["l2"]
    return PenalizedSGD(model.parameters(), setting["rate"], setting["momentum"], *penalties)


class Augment(nn.Module):
    """The digits' augmentation: up to 1.5 of 14 pixels, 12 degrees and a tenth larger or smaller.

    The background of a standardised image is not 0, so it is lifted to 0 before and back after.
    """

    def __init__(self, shift=1.5, degrees=12.0, zoom=1.1):
        super().__init__()
        self.transform = RandomTransform(14, shift, degrees, zoom)

    def forward(self, x):
        background = x.amin()
        return self.transform(x - background) + background


# --- Learning rates, with and without normalisation ---------------------------------------------

RATES = tuple(float(0.0025 * 2**k) for k in range(13))  # up to 10.24
N_RATE_UPDATES = 100


@on_one_thread
def losses_at_rate(normalization, rate, seed=0, layers=8, updates=N_RATE_UPDATES, noise=0.0):
    """Train a deep net on 1,000 digits by plain gradient descent: (losses, training accuracy).

    Raises DivergedError where the loss is no longer a number. With `noise`, every normalised layer
    is disturbed by `RandomShift`.
    """
    digits = small_digits(1000)
    sizes = [PIXELS, *[32] * layers, 10]
    model = build(lambda: dense_network(sizes, normalization=normalization), seed)
    if noise:
        for block in list(model)[:-1]:
            block.insert(2, RandomShift(noise))
    optimizer = torch.optim.SGD(model.parameters(), rate)
    part = batches_of(*digits.training, updates, seed)
    history = fit(model, *part, optimizer, 1, batch_size=50, seed=seed, device="cpu")
    return history.losses, evaluate(model, *digits.training).accuracy


class RandomShift(nn.Module):
    """While training: each neuron's values times a random factor, plus a random shift.

    The factor is 1 ± `size`, uniform, the shift normal with standard deviation `size`, both drawn
    anew at every step. So the distributions that the next layer sees jump: just what batch norm was
    said to prevent. After Santurkar et al. 2018, "How does batch normalization help optimization?";
    their noise differs from sample to sample, too, and its law changes at each step.
    """

    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, x):
        if not self.training:
            return x
        factor = 1 + self.size * (2 * torch.rand(x.shape[1]) - 1)
        return factor * x + self.size * torch.randn(x.shape[1])


@on_one_thread
def accuracy_on_moons(X, y, rate, seed=0, epochs=15):
    """Train a small net by plain gradient descent on points (n, 2) of two classes: its accuracy.

    Where the loss is no longer a number: NaN.
    """
    model = build(lambda: dense_network((2, 16, 16, 2)), seed)
    optimizer = torch.optim.SGD(model.parameters(), rate)
    try:
        fit(model, X, y, optimizer, epochs, batch_size=20, seed=seed, device="cpu")
    except DivergedError:
        return np.nan
    return evaluate(model, X, y).accuracy


# --- What goes into each layer, while it trains -------------------------------------------------

HISTOGRAM_EDGES = np.linspace(-4, 4, 42)


@on_one_thread
def watch_layers(normalization, scale, rate=0.02, seed=0, looks=45):
    """Train a net of 8 hidden layers for 2·looks updates, and look inside every second update.

    Returns the histograms of z before each activation, (looks + 1, 8, 41) shares of 200 training
    digits (what lies beyond ±4 is in the outer bins); the spreads of z, (looks + 1, 8); the sizes
    of the gradients, (looks + 1, 9); the losses of these digits, (looks + 1,).
    """
    digits = small_digits(1000)
    X, y = digits.X[:200], digits.y[:200]
    sizes = [PIXELS, *[32] * 8, 10]
    model = build(lambda: dense_network(sizes, normalization=normalization, scale=scale), seed)
    model.train()

    def look(model):
        z = pre_activations(model, X)
        shares = [np.histogram(a.clip(-4, 4), HISTOGRAM_EDGES)[0] / a.size for a in z]
        return shares, [a.std() for a in z], gradient_sizes(model, X, y)[-9:], _loss(model, X, y)

    optimizer, seen = torch.optim.SGD(model.parameters(), rate), [look(model)]
    for step in range(looks):
        part = batches_of(*digits.training, 2, seed=step)
        fit(model, *part, optimizer, 1, batch_size=50, seed=seed, device="cpu")
        model.train()
        seen.append(look(model))
    return tuple(np.array(values) for values in zip(*seen, strict=True))


def _loss(model, X, y):
    with torch.no_grad():
        return float(nn.functional.cross_entropy(model(torch.as_tensor(X)), torch.as_tensor(y)))


# --- Activation functions -------------------------------------------------------------------------


@on_one_thread
def accuracy_of_activation(activation, layers, rate, seed=0, updates=300):
    """Train a net of so many hidden layers of 32: (training, dev, test accuracy).

    A maxout neuron has two pieces, so its layer has twice the weights of the others. Where the
    loss is no longer a number, the accuracies are those of guessing, 0.1.
    """
    digits = small_digits(1000)
    model = build(lambda: dense_network([PIXELS, *[32] * layers, 10], activation), seed)
    optimizer = torch.optim.SGD(model.parameters(), rate, momentum=0.9)
    part = batches_of(*digits.training, updates, seed)
    try:
        fit(model, *part, optimizer, 1, batch_size=50, seed=seed, device="cpu")
    except DivergedError:
        return 0.1, 0.1, 0.1
    return tuple(evaluate(model, *p).accuracy for p in (digits.training, digits.dev, digits.test))


# --- Overfitting in the plane ---------------------------------------------------------------------

HOLDS = {
    "L2": (0.0, 0.003, 0.01, 0.03, 0.1),
    "L1": (0.0, 0.0003, 0.001, 0.003, 0.01),
    "dropout": (0.0, 0.1, 0.2, 0.3, 0.5),
    "more data": (30, 60, 120, 240, 480),
}
PLANE = (-2.2, 3.2), (-1.8, 2.3)
PLANE_POINTS = 48  # an axis


def moons(n, seed=5):
    """n points of two noisy half moons: too noisy for any curve to part all of them rightly."""
    return datasets.make_moons(n, noise=0.35, seed=seed)


@on_one_thread
def overfit_moons(kind, strength, epochs=12, steps=80, seed=0):
    """Train a net of two hidden layers of 32 on half moons, held back in one way.

    Returns the probabilities of class 1 on a grid of the plane, (epochs + 1, 48, 48), and the
    losses on the training points and on 1,000 others, (epochs + 1, 2). An epoch here is 80 steps on
    all points.
    """
    as_option(kind, "kind", HOLDS)
    X, y = moons(strength if kind == "more data" else 30)
    X_new, y_new = moons(1000, seed=99)
    ticks = [np.linspace(*limits, PLANE_POINTS) for limits in PLANE]
    grid = np.stack(np.meshgrid(*ticks), axis=-1).reshape(-1, 2).astype(np.float32)
    dropout = strength if kind == "dropout" else 0.0
    model = build(lambda: dense_network((2, 32, 32, 2), dropout=dropout), seed)
    held = {kind.lower(): strength} if kind in ("L1", "L2") else {}
    optimizer = PenalizedSGD(model.parameters(), 0.1, 0.9, **held)

    def look(model):
        p = probabilities(model, grid)[:, 1]
        losses = [evaluate(model, *part).loss for part in ((X, y), (X_new, y_new))]
        return p.reshape(PLANE_POINTS, -1), losses

    many = np.tile(X, (steps, 1)), np.tile(y, steps)
    options = {"batch_size": len(X), "device": "cpu"}
    seen = train_and_look(model, *many, optimizer, epochs, look, **options)
    return tuple(np.array(values) for values in zip(*seen, strict=True))


# --- Deep: plain, residual, highway -------------------------------------------------------------


@on_one_thread
def train_deep(connection, layers, rate, seed=0, epochs=15, n=1000):
    """Train a deep network of width 32 on n digits: (the model, its losses, training accuracy).

    The losses are one an epoch, (epochs,); after a loss that was no number they are NaN, and the
    accuracy is that of guessing, 0.1.
    """
    digits = small_digits(n)
    model = build(lambda: deep_network(connection, layers), seed)
    optimizer = torch.optim.SGD(model.parameters(), rate, momentum=0.9)
    try:
        history = fit(
            model, *digits.training, optimizer, epochs, batch_size=50, seed=seed, device="cpu"
        )
    except DivergedError:
        return model, np.full(epochs, np.nan), 0.1
    return model, history.epoch_losses, evaluate(model, *digits.training).accuracy


@on_one_thread
def gates_of(model, X):
    """How far each highway gate is open for the inputs X: shape (n, layers, width)."""
    gates, a = [], torch.as_tensor(X)
    with torch.no_grad():
        for layer in model:
            if isinstance(layer, Highway):
                gates.append(layer.gate(a).numpy())
            a = layer(a)
    return np.stack(gates, axis=1)


@on_one_thread
def accuracy_without(model, layers, X, y):
    """The accuracy of a deep network with some of its layers bypassed, counted from 0.

    The dense layer before the first of them, and the two parts behind the last, stay.
    """
    kept = [part for i, part in enumerate(model) if i - 1 not in set(layers)]
    return evaluate(nn.Sequential(*kept), X, y).accuracy


@on_one_thread
def accuracies_without(model, counts, X, y, draws=20, seed=0):
    """Bypass so many layers of a highway network: those that are least open, or any.

    Returns the accuracies (without the least open ones, without random ones), two arrays with an
    entry a count; a layer is as open as its gates are on average over X, and the random layers
    are drawn `draws` times.
    """
    order = gates_of(model, X).mean(axis=(0, 2)).argsort()
    random, accuracies = np.random.default_rng(seed), []
    for count in counts:
        any_layers = [random.permutation(len(order))[:count] for _ in range(draws)]
        any_right = np.mean([accuracy_without(model, some, X, y) for some in any_layers])
        accuracies.append((accuracy_without(model, order[:count], X, y), any_right))
    return np.array(accuracies).T


# --- Few digits ---------------------------------------------------------------------------------

FEW = HEALTHY | {"n": 300, "width": 64}
METHODS = {
    "nothing": [{}],
    "L2": [{"l2": value} for value in (0.003, 0.01, 0.03)],
    "L1": [{"l1": value} for value in (0.0003, 0.001, 0.003)],
    "dropout": [{"dropout": value} for value in (0.2, 0.5)],
    "batch norm": [{"normalization": "batch"}],
    "augmentation": [{"augment": True}],
    "augmentation, dropout": [{"augment": True, "dropout": 0.2}],
}


@on_one_thread
def learn_few(seed=0, epochs=60, **changes):
    """Train on 300 digits, by the setting of `FEW` with some changes: its errors, a dictionary.

    "dev" and "test" are those at the end, "early_dev" and "early" those of the epoch whose dev loss
    was the least; "loss" and "early_loss" are the losses on the test digits. The 300 digits are
    drawn with the seed.
    """
    for name in changes:
        as_option(name, "a change", FEW)
    setting = FEW | changes
    pool = small_digits(7000)
    chosen = np.random.default_rng(seed).permutation(7000)[: setting["n"]]
    X, y = pool.X[chosen], pool.y[chosen]
    model = build(lambda: _network_of(setting), seed)
    optimizer = _optimizer_of(model, setting)

    def look(model):
        dev, test = evaluate(model, *pool.dev), evaluate(model, *pool.test)
        return dev.loss, 1 - dev.accuracy, 1 - test.accuracy, test.loss

    seen = np.array(
        train_and_look(model, X, y, optimizer, epochs, look, batch_size=50, device="cpu")
    )
    last, early = seen[-1, 1:], seen[seen[:, 0].argmin(), 1:]
    names = ("dev", "test", "loss"), ("early_dev", "early", "early_loss")
    return dict(zip(names[0] + names[1], [*last, *early], strict=True))


@on_one_thread
def thinned_predictions(model, X, masks, seed=0):
    """What so many thinned networks say: their probabilities, shape (masks, n, classes).

    The model has dropout; each of its forward passes in training mode drops other neurons, so it is
    another network. Torch's own chance is left as it was.
    """
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        model.train()
        p = [torch.softmax(model(torch.as_tensor(X)), dim=1).numpy() for _ in range(masks)]
        model.eval()
    return np.array(p)


# --- Transfer -----------------------------------------------------------------------------------

WAYS = ("frozen", "all layers", "from scratch")
TASKS = ("odd or even", "5 to 9")  # after all ten digits, and after 0 to 4
N_BEFORE = 4000  # digits for the task before; the few examples come from those that follow


def _task(name, X, y):
    """The inputs and the labels of a task, and the number of its classes."""
    if name == "odd or even":
        return X, y % 2, 2
    return X[y >= 5], y[y >= 5] - 5, 5


@on_one_thread
def pretrained(task, seed=0, epochs=10):
    """A network that has learned the task before: all ten digits, or only 0 to 4, on 4,000 images.

    It has two hidden layers of 64.
    """
    as_option(task, "task", TASKS)
    digits = small_digits(7000)
    classes = 10 if task == "odd or even" else 5
    X, y = digits.X[:N_BEFORE], digits.y[:N_BEFORE]
    model = build(lambda: dense_network((PIXELS, 64, 64, classes)), seed)
    optimizer = torch.optim.SGD(model.parameters(), 0.03, momentum=0.9)
    fit(model, X[y < classes], y[y < classes], optimizer, epochs, seed=seed, device="cpu")
    return model


@on_one_thread
def transfer(model, task, way, n, seed=0, rate=0.02, updates=200):
    """Learn a new task from n examples of each class (or all): (dev accuracy, test accuracy).

    "frozen": the hidden layers of `model` stay as they are, only new logits are trained. "all
    layers": they are where training begins. "from scratch": all weights are new. The model itself
    is not changed. The examples are drawn with the seed.
    """
    as_option(way, "way", WAYS), as_option(task, "task", TASKS), as_integer(n, "n", minimum=1)
    digits = small_digits(7000)
    X, y, classes = _task(task, digits.X[N_BEFORE:], digits.y[N_BEFORE:])
    order = np.random.default_rng(seed).permutation(len(y))
    chosen = np.concatenate([order[y[order] == c][:n] for c in range(classes)])
    new = build(lambda: dense_network((PIXELS, 64, 64, classes)), seed + 1)
    if way != "from scratch":
        new[:2].load_state_dict(model[:2].state_dict())
    trained = new[2] if way == "frozen" else new
    optimizer = torch.optim.SGD(trained.parameters(), rate, momentum=0.9)
    batch = min(50, classes * n)
    part = batches_of(X[chosen], y[chosen], updates, seed, batch)
    fit(new, *part, optimizer, 1, batch_size=batch, seed=seed, device="cpu")
    parts = [_task(task, *part)[:2] for part in (digits.dev, digits.test)]
    return tuple(evaluate(new, *part).accuracy for part in parts)


# --- A search -----------------------------------------------------------------------------------


def dev_accuracy(rate, beta, width=32, dropout=0.0, n=500, updates=150, seed=0):
    """The accuracy on the dev set after a short training: what a hyper-parameter search asks for.

    `beta` is the momentum. Raises DivergedError where the loss is no longer a number.
    """
    digits = small_digits(n)
    model = build(lambda: dense_network((PIXELS, width, width, 10), dropout=dropout), seed)
    optimizer = torch.optim.SGD(model.parameters(), rate, momentum=beta)
    part = batches_of(*digits.training, updates, seed)
    fit(model, *part, optimizer, 1, batch_size=50, seed=seed, device="cpu")
    return evaluate(model, *digits.dev).accuracy


# --- Stored runs --------------------------------------------------------------------------------


def kept_errors(table):
    """The errors of "few_digits" with the best setting of each method: dev and test, a row a run.

    A run keeps its last weights or its early-stopped ones, whichever did better on the dev set; the
    setting is chosen by the dev set, too.
    """
    early = table["early_dev"] < table["dev"]
    kept = table.assign(
        dev=table["early_dev"].where(early, table["dev"]),
        test=table["early"].where(early, table["test"]),
    )
    best = at_best(kept, ["method"], "setting", "dev", least=True)
    return best[["method", "seed", "dev", "test"]]


# --- How sure is an estimate? ---------------------------------------------------------------------


def accuracy_estimates(n=30, k=5, draws=200, seed=0):
    """Estimate a classifier's accuracy from n points, many times: (by one holdout, by k folds).

    The classifier is logistic regression on half moons; the holdout is the first of the k folds.
    Returns two arrays of shape (draws,): how far each estimate is from the accuracy on 2,000 new
    points of the classifier that was fitted to all n.
    """
    X_new, y_new = datasets.make_moons(2000, noise=0.3, seed=seed)
    misses = np.empty((2, draws))
    for draw in range(draws):
        X, y = datasets.make_moons(n, noise=0.3, seed=seed + 1 + draw)
        scores = [
            LogisticRegression(alpha=1).fit(X[train], y[train]).score(X[held], y[held])
            for train, held in k_fold(n, k, seed=draw)
        ]
        truth = LogisticRegression(alpha=1).fit(X, y).score(X_new, y_new)
        misses[:, draw] = scores[0] - truth, np.mean(scores) - truth
    return misses
