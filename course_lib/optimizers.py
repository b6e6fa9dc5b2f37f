"""Walking down a loss: optimizers, and `minimize`, which records every step of the walk.

An optimizer turns parameters and a gradient into new parameters. Whatever it remembers from step
to step lives in the optimizer; `reset` forgets it. The parameters are one flat array.
"""

import math
from dataclasses import dataclass

import numpy as np

from course_lib.validation import as_array, as_integer, as_number


class SGD:
    """Gradient descent: θ ← θ − η g, with the learning rate η > 0 and the gradient g at θ.

    It is called *stochastic* gradient descent where g comes from a part of the data only; the step
    is the same. Lecture: "Gradient Descent".
    """

    def __init__(self, learning_rate=0.1):
        self.learning_rate = as_number(learning_rate, "learning_rate", above=0)

    def reset(self):
        """Forget all earlier steps (plain gradient descent remembers none)."""

    def step(self, parameters, gradient):
        """The parameters after one step, a new array."""
        return parameters - self.learning_rate * gradient


@dataclass(frozen=True, eq=False)
class Trace:
    """A walk down a loss: where it went, and how it ended."""

    points: np.ndarray  # (steps + 1, d), the start first; fewer where the walk ended early
    losses: np.ndarray  # (steps + 1,), the loss at each point
    converged: bool  # the gradient at the last point is shorter than the tolerance
    diverged: bool  # the next step would have left the finite numbers


def minimize(function, gradient, start, optimizer, steps, tolerance=0.0):
    """Walk `steps` steps of `optimizer` from `start` and record the walk: a `Trace`.

    `function(θ)` gives the loss, a number; `gradient(θ)` its gradient, of shape (d,) as `start`.
    The walk ends early, at a point that is recorded,

    - converged: where the gradient's length is below `tolerance` (with 0 all steps are walked);
    - diverged: at the last finite point, where the next one or its loss would be infinite or NaN.

    The optimizer is reset first, so the same call gives the same walk. Raises ValueError for a
    `start` whose loss is not finite, and for a gradient of another shape.
    """
    points = [as_array(start, "start", ndim=1).copy()]
    steps = as_integer(steps, "steps", minimum=0)
    tolerance = as_number(tolerance, "tolerance", minimum=0)
    optimizer.reset()
    with np.errstate(all="ignore"):  # divergence is told in the trace, not in a warning
        losses = [_loss_at_start(function, points[0])]
        diverged = False
        while True:
            slope = _checked_gradient(gradient(points[-1]), points[0].shape)
            converged = math.sqrt(slope.dot(slope)) < tolerance
            if converged or len(losses) > steps:
                break
            point = optimizer.step(points[-1], slope)
            loss = float(function(point)) if math.isfinite(point.dot(point)) else math.nan
            diverged = not math.isfinite(loss)
            if diverged:
                break
            points.append(point)
            losses.append(loss)
    return Trace(np.array(points), np.array(losses), converged, diverged)


def _loss_at_start(function, start):
    loss = function(start)
    if np.ndim(loss) != 0:
        raise ValueError(f"function must return a number, came shape {np.shape(loss)}")
    if not math.isfinite(loss):
        raise ValueError(f"start must have a finite loss, function(start) is {loss}")
    return float(loss)


def _checked_gradient(gradient, shape):
    gradient = np.asarray(gradient, dtype=float)
    if gradient.shape != shape:
        raise ValueError(f"gradient must return shape {shape} as start, came {gradient.shape}")
    return gradient
