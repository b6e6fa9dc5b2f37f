"""Networks that learn labels by heart, and the second descent of the test error.

Lecture: "Generalization": error_test ≤ error_train + Ω(R, M, δ). A network that fits random labels
has a capacity for which the bound says nothing; and beyond the capacity that just fits all
training examples, more of it makes the test error fall again. The long runs are stored in
data/experiments/ by `make_generalization.py`, which calls the functions of this file.
"""

import numpy as np
import pandas as pd
import torch
from threadpoolctl import threadpool_limits

from course_lib.deep_networks import dense_network
from course_lib.deep_training import PIXELS, small_digits
from course_lib.experiments import at_best
from course_lib.linear_models import indicators
from course_lib.training import build, evaluate, fit
from course_lib.validation import (
    as_array,
    as_integer,
    as_number,
    check_fitted,
    check_same_length,
)

on_one_thread = threadpool_limits.wrap(limits=1)  # small products are not worth sharing

# --- Random labels --------------------------------------------------------------------------------


def random_labels(y, share, seed=0, classes=10):
    """The labels y, each replaced with probability `share` by a class drawn evenly from all.

    A tenth of those that are replaced are right by chance. Zhang, Bengio, Hardt, Recht, Vinyals
    (2017), "Understanding Deep Learning Requires Rethinking Generalization", section 2.1.
    """
    y, share = np.asarray(y), as_number(share, "share", minimum=0, maximum=1)
    random = np.random.default_rng((3, seed))  # a stream of its own
    replaced = random.random(y.shape) < share
    return np.where(replaced, random.integers(classes, size=y.shape), y)


def some_digits(n, share=0.0, seed=0):
    """n small digits drawn by the seed, their labels replaced with probability `share`: (X, y).

    They come from the first 7,000 of the training digits; the others are the dev set.
    """
    pool = small_digits(7000)
    chosen = np.random.default_rng(seed).permutation(7000)[: as_integer(n, "n", minimum=1)]
    return pool.X[chosen], random_labels(pool.y[chosen], share, seed)


@on_one_thread
def memorise(share, n=300, width=128, rate=0.1, seed=0, epochs=400, every=1, stop=True):
    """Train a net of one hidden layer on labels some of which are random: a table, a row a look.

    Columns: update, training (the error on the labels as they were given), test (the error on the
    true labels of new digits), training_loss, test_loss. Gradient descent with momentum 0.9,
    batches of 50, a look every so many epochs. With `stop` it ends at the first look at which all
    labels are learned: the training error is 0.
    """
    X, y = some_digits(n, share, seed)
    test = small_digits(7000).test
    model = build(lambda: dense_network((PIXELS, width, 10)), seed)
    optimizer = torch.optim.SGD(model.parameters(), rate, momentum=0.9)
    rows, per_epoch, every = [], -(-n // 50), as_integer(every, "every", minimum=1)
    for epoch in range(0, as_integer(epochs, "epochs", minimum=1) + 1, every):
        if epoch:
            fit(model, X, y, optimizer, every, batch_size=50, seed=epoch, device="cpu")
        training, new = evaluate(model, X, y), evaluate(model, *test)
        errors = 1 - training.accuracy, 1 - new.accuracy
        rows.append((epoch * per_epoch, *errors, training.loss, new.loss))
        if stop and training.accuracy == 1:
            break
    return pd.DataFrame(rows, columns=["update", *LOOKS])


LOOKS = "training", "test", "training_loss", "test_loss"

# --- Double descent -------------------------------------------------------------------------------


class RandomFeatures:
    """Least squares on random ReLU features: φ(x) = max(0, W x + b) / √features.

    W and b are drawn once, W from N(0, 1/d) and b from N(0, 1), and stay; only the weights c of
    ŷ = φ(x)·c are learned: those that minimise ‖y − Φc‖² + α‖c‖². With α = 0 and more features than
    examples many c make no error; it takes the one with the smallest ‖c‖. A model with the same
    seed and more features has all those of the smaller one, too. Rahimi and Recht (2007); for the
    double descent Belkin, Hsu, Ma, Mandal (2019).
    """

    def __init__(self, features=300, alpha=0.0, seed=0):
        self.features, self.alpha, self.seed = features, alpha, seed

    def transform(self, X):
        """φ of each row of X, shape (n, features)."""
        X = as_array(X, "X", ndim=2)
        shape = as_integer(self.features, "features", minimum=1), X.shape[1]
        W = np.random.default_rng((4, self.seed)).normal(size=shape) / np.sqrt(X.shape[1])
        b = np.random.default_rng((5, self.seed)).normal(size=self.features)
        return np.maximum(X @ W.T + b, 0) / np.sqrt(self.features)

    def fit(self, X, y):
        """Learn c, here `coef_` of shape (features,) or (features, targets), and its `norm_`."""
        (self.coef_,) = ridge_path(self.transform(X), y, [self.alpha])
        self.norm_ = float(np.linalg.norm(self.coef_))
        return self

    def predict(self, X):
        """φ(x)·c, shape (n,) or (n, targets)."""
        check_fitted(self, "coef_")
        return self.transform(X) @ self.coef_


def ridge_path(X, y, alphas):
    """The weights that minimise ‖y − X w‖² + α‖w‖², for each α: a list; for α = 0 the smallest.

    From one singular value decomposition X = U S Vᵀ: w = V diag(s / (s² + α)) Uᵀ y.
    """
    X, y = as_array(X, "X", ndim=2), as_array(y, "y", ndim=(1, 2))
    check_same_length(X=X, y=y)
    U, s, V = decompose(X)
    return [V @ shrink(U, s, y, alpha) for alpha in alphas]


def decompose(X):
    """U, s and V of X = U S Vᵀ, without the singular values that are 0 up to rounding.

    Which are 0 is told as in `numpy.linalg.lstsq`. Shapes (n, rank), (rank,) and (features, rank).
    """
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    kept = s > s[0] * max(X.shape) * np.finfo(float).eps
    return U[:, kept], s[kept], Vt[kept].T


def shrink(U, s, y, alpha):
    """Vᵀw = diag(s / (s² + α)) Uᵀ y, the ridge weights w along V: shape (rank,) or (rank, targets).

    With α = 0 whatever is in y is divided by s, with α > 0 by s + α/s.
    """
    factors = s / (s**2 + as_number(alpha, "alpha", minimum=0))
    return (factors * (U.T @ y).T).T


WIDTHS = (10, 20, 40, 60, 80, 100, 120, 140, 160, 180, 190, 200, 210, 220, 240, 270, 300, 400, 600,
          1000, 2000)  # fmt: skip
ALPHAS = (0.0, *(float(10.0**k) for k in range(-4, 3)))


@on_one_thread
def descend_twice(widths=WIDTHS, alphas=(0.0,), n=200, noise=0.2, seed=0):
    """Random features and least squares on n digits with wrong labels: a row a width and α.

    Columns: features, alpha, seed; the errors training, dev, test; the mean squared errors (of ten
    targets, 1 for the class and 0 for the others) training_loss, dev_loss, test_loss; norm = ‖c‖.
    `noise` is the share of random labels in training; dev and test labels are the true ones.
    """
    X, y = some_digits(n, noise, seed)
    digits = small_digits(7000)
    parts = {"training": (X, y), "dev": digits.dev, "test": digits.test}
    rows = []
    for width in widths:
        model = RandomFeatures(width, seed=seed)
        features = {name: model.transform(part[0]) for name, part in parts.items()}
        for alpha, c in zip(
            alphas, ridge_path(features["training"], indicators(y, range(10)), alphas), strict=True
        ):
            row = {"features": width, "alpha": alpha, "seed": seed, "norm": np.linalg.norm(c)}
            for name, (_, labels) in parts.items():
                row |= _errors(name, features[name] @ c, labels)
            rows.append(row)
    return pd.DataFrame(rows)


def _errors(name, predictions, labels):
    targets = indicators(labels, range(10))
    return {
        name: np.mean(predictions.argmax(axis=1) != labels),
        f"{name}_loss": np.mean((predictions - targets) ** 2),
    }


def tuned(table):
    """The rows of the α with the least mean dev loss, for each number of features."""
    return at_best(table, ["features"], "alpha", "dev_loss", least=True)
