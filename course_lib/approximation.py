"""How near a network with one hidden layer comes to a function on [0, 1]: by formula, by training.

Lecture: "Deep Learning Theory 1-1: Can shallow network fit any function?"
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from course_lib.depth import Regressor
from course_lib.networks import train
from course_lib.optimizers import Adam, linear_decay
from course_lib.relu_networks import interpolating_network, merged_network
from course_lib.validation import as_integer


class Target(NamedTuple):
    """A function on [0, 1], and its smallest L with |f(x) − f(y)| ≤ L |x − y|."""

    function: Callable
    lipschitz: float

    def __call__(self, x):
        return self.function(x)


def _triangle(x):
    return np.abs(x - np.round(x))


CORNERS = (0, 0.23, 0.41, 0.78, 1), (0.3, 0.53, 0.35, 0.72, 0.5)  # no K steps meet all of them

TARGETS = {
    "smooth": Target(lambda x: 0.5 + 0.4 * np.sin(2 * np.pi * x), 0.8 * np.pi),
    "corners": Target(lambda x: np.interp(x, *CORNERS), 1.0),
    "jagged": Target(lambda x: sum(_triangle(2**k * x) / 2**k for k in range(7)), 7.0),
    "root": Target(np.sqrt, np.inf),
}
X = np.linspace(0, 1, 1201)  # where errors are looked at
SEGMENTS = np.arange(1, 65)


def fit_by_formula(target, segments, merged=False):
    """The network that joins a target's values at equal steps by straight lines.

    It has two ReLUs a segment; `merged`, one. `target` is a name of `TARGETS`.
    """
    knots = np.linspace(0, 1, as_integer(segments, "segments", minimum=1) + 1)
    build = merged_network if merged else interpolating_network
    return build(knots, TARGETS[target](knots))


def largest_error(network, target):
    """The largest distance of a network, a function of x, from a target, at 1,201 points."""
    return np.abs(network(X) - TARGETS[target](X)).max()


@cache
def errors_by_formula(target):
    """The largest errors with 1, 2, …, 64 segments."""
    return np.array([largest_error(fit_by_formula(target, k), target) for k in SEGMENTS])


def fit_by_training(target, neurons, start="spread", updates=1000, seed=0):
    """A network with one hidden layer, trained on 128 points of a target, and its history: a pair.

    `start` says where the neurons switch at first: "spread" over [0, 1], or "all at 0".
    """
    if start not in ("spread", "all at 0"):
        raise ValueError(f'start must be "spread" or "all at 0", came {start!r}')
    x = np.linspace(0, 1, 128)
    network = Regressor((1, neurons, 1), seed=seed)
    if start == "spread":
        network.spread(x[:, None], seed)
    optimizer, y = Adam(linear_decay(0.02, updates)), TARGETS[target](x)
    return network, train(network, x[:, None], y, optimizer, updates, batch_size=128, keep=True)


def one_layer_square_error(neurons):
    """An error that no network of N ReLUs in one layer can go below, for x² on [0, 1].

    They draw at most N + 1 pieces, one of which is 1/(N + 1) long at least; no line is nearer to a
    parabola than (length)²/8 (the chord, lowered by half of its error, (length)²/4).
    """
    return 1 / (8 * (np.asarray(neurons) + 1.0) ** 2)


def chebyshev(degree):
    """The coefficients, a₀ first, of the Chebyshev polynomial: on [−1, 1] it stays in [−1, 1]."""
    return np.polynomial.chebyshev.cheb2poly([0] * as_integer(degree, "degree", 1) + [1])
