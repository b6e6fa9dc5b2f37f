"""What foretells the error on new data: capacity, sensitivity to the input, sharpness of a minimum.

Lecture: "Generalization", "Indicator of generalization: sensitivity, sharpness".
"""

from itertools import product

import numpy as np
import torch
from scipy.optimize import linprog
from torch.nn import functional

from course_lib.curvature import direction, gradient
from course_lib.training import in_test_mode
from course_lib.validation import (
    DivergedError,
    as_array,
    as_integer,
    as_number,
    check_same_length,
)

# --- Capacity ------------------------------------------------------------------------------------


def vc_bound(R, M, delta=0.05):
    """Ω(R, M, δ) = √( (M (ln(2R/M) + 1) + ln(4/δ)) / R ), for R examples and VC dimension M ≤ R.

    Whatever the data, with probability 1 − δ the error on new data is at most the error on the
    training data plus Ω. Vapnik, "The Nature of Statistical Learning Theory" (1995), § 3.4.
    """
    M = as_integer(M, "M", minimum=1)
    R, delta = as_integer(R, "R", minimum=M), as_number(delta, "delta", above=0)
    if delta >= 1:
        raise ValueError(f"delta must be below 1, came {delta}")
    return float(np.sqrt((M * (np.log(2 * R / M) + 1) + np.log(4 / delta)) / R))


def separable(points, labels):
    """Whether a line (a plane, …) has all that is labelled True on one side, the rest on the other.

    `points` has shape (k, d), `labels` (k,). Linear programming: are there w, b with
    w·x + b ≥ 1 for the first and ≤ −1 for the others? Points in any position, also twice the same.
    RuntimeError where the solver cannot tell.
    """
    points, labels = as_array(points, "points", ndim=2), as_array(labels, "labels", ndim=1)
    check_same_length(points=points, labels=labels)
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(f"labels must be True or False, came {labels}")
    side = 2 * labels - 1
    rows = side[:, None] * np.column_stack([points, np.ones(len(points))])
    nothing = np.zeros(rows.shape[1])
    found = linprog(nothing, A_ub=-rows, b_ub=-np.ones(len(rows)), bounds=(None, None))
    if found.status not in (0, 2):  # 0: here they are, 2: there are none
        raise RuntimeError(f"linear programming did not come to an end: {found.message}")
    return found.status == 0


def not_separable(points):
    """The labelings, tuples of k truth values, that no line (no plane, …) gets right.

    A labeling and its opposite are right together, so half of the 2ᵏ are tried.
    """
    points = as_array(points, "points", ndim=2)
    half = ((False, *rest) for rest in product((False, True), repeat=len(points) - 1))
    wrong = [labels for labels in half if not separable(points, labels)]
    return wrong + [tuple(not label for label in labels) for labels in wrong]


def shatters(points):
    """Whether lines (planes, …) can label these points in all 2ᵏ ways.

    The VC dimension is the largest k for which some k points can be shattered: d + 1 in d
    dimensions. Vapnik and Chervonenkis (1971).
    """
    return not not_separable(points)


# --- Sensitivity ---------------------------------------------------------------------------------


def jacobian(model, X):
    """∂p_c / ∂x_j of the probabilities of c = 1 … C classes, for each input: shape (n, C, *input).

    The model's outputs are logits, in testing mode. One walk backwards a class serves all inputs,
    since an input's probabilities depend on that input alone.
    """
    X = torch.tensor(as_array(X, "X", keep_single=True), dtype=next(model.parameters()).dtype)
    X.requires_grad_()
    with in_test_mode(model):
        sums = functional.softmax(model(X), dim=1).sum(dim=0)
    rows = [torch.autograd.grad(one, X, retain_graph=True)[0] for one in sums]
    return torch.stack(rows, dim=1)


def sensitivity(model, X, at_once=100):
    """‖∂p/∂x‖_F for each input, shape (n,): how far the answer moves when the input does.

    It needs no labels. Novak and others, "Sensitivity and Generalization in Neural Networks"
    (2018). Inputs are looked at `at_once` many at a time.
    """
    parts = torch.as_tensor(X).split(as_integer(at_once, "at_once", minimum=1))
    return torch.cat([jacobian(model, part).flatten(start_dim=1).norm(dim=1) for part in parts])


# --- Sharpness -----------------------------------------------------------------------------------


def _loss_at(loss, theta):
    value = float(loss(theta))
    if not np.isfinite(value):
        raise DivergedError(f"the loss is {value}: how flat it is can only be told of finite ones")
    return value


def widths_at_height(loss, theta, height, directions=10, farthest=100.0, seed=0):
    """How wide the valley around θ is at `height` above L(θ), along random directions of length 1.

    The lecture's first definition: the distance between the two points, one on either side, where
    the loss first has risen by `height`; the wider, the flatter. Shape (directions,). Each side is
    doubled until it is high enough, then halved down to a thousandth of the width; where the loss
    stays low up to `farthest`, that is the side, and where it jumps it is 0. DivergedError where
    L(θ) is no finite number. Hochreiter and Schmidhuber, "Flat Minima" (1997).
    """
    height = as_number(height, "height", above=0)
    with torch.no_grad():
        floor = _loss_at(loss, theta) + height
        widths = []
        for i in range(as_integer(directions, "directions", minimum=1)):
            v = direction(len(theta), seed + i, theta.dtype)
            sides = [
                _reach(lambda t, s=s: float(loss(theta + t * s)) < floor, farthest) for s in (v, -v)
            ]
            widths.append(sum(sides))
    return np.array(widths)


def _reach(low, farthest):
    """The largest distance with `low(t)` for all the distances tried up to it."""
    inside, outside = 0.0, 1e-3
    while low(outside):
        if outside >= farthest:
            return farthest
        inside, outside = outside, min(2 * outside, farthest)
    while outside - inside > 1e-3 * outside and outside > NO_WIDTH:
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if low(middle) else (inside, middle)
    return inside


NO_WIDTH = 1e-12  # where so short a step is too high, the valley has no width


def sharpness(loss, theta, radius, steps=20, starts=3, seed=0):
    """max L(θ + δ) − L(θ) over ‖δ‖ ≤ `radius`: how much worse it can get nearby.

    The lecture's second definition. The maximum is searched for, so this is what was found, at
    most the truth: `steps` steps uphill of a quarter of the radius each, drawn back into the ball,
    from `starts` random places. Keskar and others, "On Large-Batch Training" (2017), take a box
    and divide by 1 + L(θ). DivergedError where the loss is no finite number, at θ or nearby.
    """
    radius = as_number(radius, "radius", above=0)
    here = worst = _loss_at(loss, theta)
    for start in range(as_integer(starts, "starts", minimum=1)):
        delta = radius * direction(len(theta), seed + start, theta.dtype)
        for _ in range(as_integer(steps, "steps", minimum=1)):
            uphill = gradient(loss, theta + delta)
            delta = delta + radius / 4 * uphill / uphill.norm().clamp(min=1e-30)
            delta = delta * min(1.0, radius / float(delta.norm()))
            worst = max(worst, _loss_at(loss, theta + delta))
    return worst - here
