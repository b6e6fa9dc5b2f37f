"""A new class from a few examples: the nearest class mean, in pixels or in a learned code.

A network that was trained on other classes turns each image into numbers that tell classes apart.
In these numbers a new class may need no training at all: its mean is enough. Lecture: "The next
step", few-shot learning; Snell, Swersky & Zemel (2017), "Prototypical networks" (who also train the
code for this; here it is one that was trained to classify).
"""

import numpy as np
import torch
from torch.nn import functional

from course_lib.datasets import load_imagenet_network
from course_lib.metrics import accuracy, as_labels
from course_lib.training import logits
from course_lib.validation import as_design, as_integer, check_fitted, check_same_length


class NearestClassMean:
    """The class whose mean is nearest: argmin_k ‖x − μ_k‖², as scikit-learn's NearestCentroid.

    It is a linear classifier: ‖x‖² is the same for all classes, so that μ_k·x − ‖μ_k‖²/2 decides.
    After `fit`: `classes_` (K,) and `means_` (K, d).
    """

    def fit(self, X, y):
        """Take the mean of each class."""
        X, y = as_design(X), as_labels(y)
        check_same_length(X=X, y=y)
        self.classes_ = np.unique(y)
        self.means_ = np.stack([X[y == k].mean(axis=0) for k in self.classes_])
        return self

    def predict(self, X):
        """The nearest class of each row."""
        check_fitted(self, "means_")
        X = as_design(X, self.means_.shape[1])
        scores = X @ self.means_.T - np.square(self.means_).sum(axis=1) / 2
        return self.classes_[scores.argmax(axis=1)]

    def score(self, X, y):
        """The accuracy: the share of rows whose class is predicted rightly."""
        return accuracy(y, self.predict(X))


def features(network, X, layer=-1):
    """What the layer of this number gets to see, (n, d), in NumPy: network[:layer](X), flattened.

    By default the last layer: its inputs are the code that the network has learned.
    """
    if layer % len(network) == 0:
        raise ValueError(f"layer must come after the first one, came {layer}")
    return logits(network[:layer], X).reshape(len(X), -1)


def photo_code(images, layer=16, side=64):
    """What a network that learned 1,000 classes of photographs sees in digits, (n, channels).

    Black on white, three times the same channel, enlarged to side × side; the means of what
    `layer` of the ImageNet network gets to see, over all places. None of its classes is a digit.
    """
    network = load_imagenet_network()[: as_integer(layer, "layer", minimum=1)]
    x = 1 - torch.as_tensor(images).expand(-1, 3, -1, -1)
    with torch.no_grad():
        parts = [
            network(functional.interpolate(part, (side, side), mode="bilinear")).mean(dim=(2, 3))
            for part in x.split(100)
        ]
    return torch.cat(parts).numpy()


def episode(y, shots, queries, random):
    """Rows to learn from and others to be tested on, so many of each class: two arrays of indices.

    `random` is a numpy Generator.
    """
    shots, queries = as_integer(shots, "shots", minimum=1), as_integer(queries, "queries", 1)
    support, tested = [], []
    for k in np.unique(as_labels(y)):
        rows = random.permutation(np.flatnonzero(y == k))
        if len(rows) < shots + queries:
            raise ValueError(
                f"class {k} has {len(rows)} examples, wanted: {shots} shots and {queries} queries"
            )
        support.append(rows[:shots])
        tested.append(rows[shots : shots + queries])
    return np.concatenate(support), np.concatenate(tested)


def few_shot_accuracies(X, y, make, shots, episodes=100, queries=50, seed=0):
    """The accuracy of a classifier of `make()` that learned so many of each class, (episodes,).

    Each episode draws what is learned from, and what is tested on, anew. Their standard error is
    that of the draw of the examples; the code is one, and what another one would give is not in it.
    """
    random, found = np.random.default_rng(as_integer(seed, "seed", minimum=0)), []
    for _ in range(as_integer(episodes, "episodes", minimum=1)):
        support, tested = episode(y, shots, queries, random)
        found.append(make().fit(X[support], y[support]).score(X[tested], y[tested]))
    return np.array(found)
