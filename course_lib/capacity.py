"""Capacity, counted: labelings of points by straight lines, and how large a gap a small class has.

Lecture: "Generalization", the capacity M (VC dimension) of a model.
"""

from itertools import product
from math import comb
from typing import NamedTuple

import numpy as np

from course_lib.generalization import vc_bound
from course_lib.validation import as_array, as_integer, as_number

# --- Labelings of points in the plane -------------------------------------------------------------


class Labelings(NamedTuple):
    """All 2ᵏ labelings of k points, and for each the line w·x + b = 0 with the widest gap found."""

    labels: np.ndarray  # (2ᵏ, k), truth values
    w: np.ndarray  # (2ᵏ, 2), of length 1; the side w·x + b > 0 is True
    b: np.ndarray  # (2ᵏ,)
    gap: np.ndarray  # (2ᵏ,), the room between the two sides; 0 where no line separates them


def label_all(points, tolerance=1e-9):
    """Every labeling of k points of the plane, shape (k, 2), and a separating line if there is one.

    Exact, without a search: turned by an angle, the points come in some order, and a line across
    that angle can cut between any two neighbours. The order changes only at the angles across
    which two of them lie side by side; so one angle between any two of these is enough. (More are
    tried, for a line that leaves much room.) Quick enough for a slider, unlike a linear program.
    """
    points = as_array(points, "points", ndim=2)
    if points.shape[1] != 2:
        raise ValueError(f"points must have shape (k, 2), came {points.shape}")
    labels = np.array(list(product((False, True), repeat=len(points))))
    angles = _angles(points, tolerance)
    directions = np.column_stack([np.cos(angles), np.sin(angles)])
    along = points @ directions.T  # (k, directions)
    edge = np.abs(points).max() + 1  # beyond all points: for a side that has none
    lowest = np.where(labels[:, :, None], along, edge).min(axis=1)
    highest = np.where(labels[:, :, None], -edge, along).max(axis=1)
    gaps = lowest - highest
    best, each = gaps.argmax(axis=1), np.arange(len(labels))
    gap = gaps[each, best]
    gap = np.where(gap > tolerance, gap, 0)
    return Labelings(labels, directions[best], -(lowest + highest)[each, best] / 2, gap)


def _angles(points, tolerance):
    """One angle between any two at which the order of the points changes, and 120 even ones."""
    first, second = np.triu_indices(len(points), 1)
    between = points[second] - points[first]
    between = between[np.hypot(*between.T) > tolerance]
    across = np.arctan2(between[:, 1], between[:, 0]) + np.pi / 2
    turns = np.sort(np.concatenate([across, across + np.pi]) % (2 * np.pi))
    if not len(turns):
        return np.linspace(0, 2 * np.pi, 120, endpoint=False)
    middles = turns + np.diff(turns, append=turns[0] + 2 * np.pi) / 2
    return np.concatenate([middles, np.linspace(0, 2 * np.pi, 120, endpoint=False)])


def count_labelings(k, d=2):
    """How many of the 2ᵏ labelings of k points in d dimensions a plane can make (a line for d = 2).

    2 Σ_{i=0}^{d} C(k − 1, i), for points in general position. Cover, "Geometrical and Statistical
    Properties of Systems of Linear Inequalities" (1965), theorem 1.
    """
    k, d = as_integer(k, "k", minimum=1), as_integer(d, "d", minimum=1)
    return 2 * sum(comb(k - 1, i) for i in range(d + 1))


# --- What the bound promises, and what happens ----------------------------------------------------


def examples_needed(M, omega, delta=0.05):
    """The least number of examples R (to a thousandth) for which Ω(R, M, δ) ≤ `omega`.

    Ω falls with R, so R is doubled until it is enough, then halved down. It grows in proportion to
    M, up to the logarithm.
    """
    M, omega = as_integer(M, "M", minimum=1), as_number(omega, "omega", above=0)
    low, high = M, 2 * M
    while vc_bound(high, M, delta) > omega:
        low, high = high, 2 * high
    while high - low > max(1, high // 1000):
        middle = (low + high) // 2
        enough = vc_bound(middle, M, delta) <= omega
        low, high = (low, middle) if enough else (middle, high)
    return high


def threshold_gaps(R, draws=1000, seed=0):
    """The worst gap of all thresholds on R examples whose labels are tossed coins: (draws,).

    The functions are x ↦ 1 where x ≥ t, one for each t: VC dimension 1. Labels say nothing about
    x, so each of them errs on half of the new examples. The gap is ½ minus the error on the R
    examples of the threshold that fits these best, in each of `draws` worlds: the largest
    error_test − error_train in the class. Nothing is approximated: with the examples sorted by x,
    only R + 1 thresholds differ.
    """
    R = as_integer(R, "R", minimum=1)
    random = np.random.default_rng(seed)
    coins = 2 * random.integers(2, size=(as_integer(draws, "draws", minimum=1), R)) - 1
    below = np.cumsum(coins, axis=1)  # labels 1 minus labels 0 that lie below t
    lead = below[:, -1:] - 2 * below  # examples that are right minus those that are wrong
    return np.maximum(lead.max(axis=1), below[:, -1]) / (2 * R)
