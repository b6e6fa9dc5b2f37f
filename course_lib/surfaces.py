"""Losses of two parameters, to walk on: each has its formula, its gradient and a place to start.

A point is an array of shape (2,), or (2, …) for many points at once. The loss of such an array has
the shape (…), and the gradient the shape of the points.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from course_lib.optimizers import SGD, minimize
from course_lib.validation import as_array, as_number


@dataclass(frozen=True)
class Surface:
    """A loss L(a, b), where it is looked at, and what is known of it."""

    name: str
    loss: Callable  # (2, …) → (…)
    gradient: Callable  # (2, …) → (2, …)
    start: tuple[float, float]  # where walks begin
    limits: tuple[tuple[float, float], tuple[float, float]]  # of a and of b, for a picture
    minima: tuple[tuple[float, float], ...]  # the local ones within the limits

    def on_grid(self, n=121):
        """The loss on a grid within the limits: a and b of shape (n,), and the loss, (n, n)."""
        a, b = (np.linspace(low, high, n) for low, high in self.limits)
        return a, b, self.loss(np.array(np.meshgrid(a, b)))

    def walk_from(self, starts, optimizer, steps):
        """Where walks end that begin at `starts`, shape (2, …): all of them at once."""
        points = as_array(starts, "starts")
        if len(points) != 2:
            raise ValueError(f"starts must have the shape (2, …), came {points.shape}")
        optimizer.reset()
        for _ in range(steps):
            slope = self.gradient(points)
            points = optimizer.step(points.ravel(), slope.ravel()).reshape(points.shape)
        return points

    def nearest_minimum(self, points):
        """The index in `minima` of the nearest one, for points of shape (2, …)."""
        away = [sum((p - c) ** 2 for p, c in zip(points, m, strict=True)) for m in self.minima]
        return np.argmin(away, axis=0)


def ravine(condition=20.0, angle=0.0):
    """L = ½ (u² + κ v²), an elongated bowl; the Hessian's eigenvalues are 1 and κ = `condition`.

    u and v are a and b, turned by `angle` degrees: u = a cos + b sin, v = b cos − a sin.
    """
    kappa = as_number(condition, "condition", above=0)
    turn = np.deg2rad(as_number(angle, "angle"))
    cos, sin = np.cos(turn), np.sin(turn)
    aa, ab, bb = cos**2 + kappa * sin**2, (1 - kappa) * cos * sin, sin**2 + kappa * cos**2
    return Surface(
        name="ravine",
        loss=lambda p: 0.5 * (aa * p[0] ** 2 + 2 * ab * p[0] * p[1] + bb * p[1] ** 2),
        gradient=lambda p: np.array([aa * p[0] + ab * p[1], ab * p[0] + bb * p[1]]),
        start=(-4 * cos - sin, cos - 4 * sin),
        limits=((-5.0, 5.0), (-2.0, 2.0) if angle == 0 else (-5.0, 5.0)),
        minima=((0.0, 0.0),),
    )


def _saddle_gradient(p):
    a, b = p
    return np.array([a, b**3 - b])


SADDLE = Surface(
    name="saddle",
    loss=lambda p: 0.5 * p[0] ** 2 + 0.25 * p[1] ** 4 - 0.5 * p[1] ** 2,
    gradient=_saddle_gradient,
    start=(-2.5, 0.001),
    limits=((-3.0, 3.0), (-1.6, 1.6)),
    minima=((0.0, -1.0), (0.0, 1.0)),
)


def _plateau_loss(p):
    a, b = p
    return 1 - np.exp(-(a**2 + b**2) / 2) + 0.005 * (a**2 + b**2)


def _plateau_gradient(p):
    a, b = p
    return np.exp(-(a**2 + b**2) / 2) * np.array([a, b]) + 0.01 * np.array([a, b])


PLATEAU = Surface(
    name="plateau",
    loss=_plateau_loss,
    gradient=_plateau_gradient,
    start=(-4.0, 2.5),
    limits=((-5.0, 5.0), (-4.0, 4.0)),
    minima=((0.0, 0.0),),
)


def _beale_terms(p):
    a, b = p
    powers = (b, b**2, b**3)
    return [c - a + a * power for c, power in zip((1.5, 2.25, 2.625), powers, strict=True)]


def _beale_gradient(p):
    a, b = p
    first, second, third = _beale_terms(p)
    by_a = first * (b - 1) + second * (b**2 - 1) + third * (b**3 - 1)
    by_b = a * (first + 2 * b * second + 3 * b**2 * third)
    return np.array([2 * by_a, 2 * by_b])


# E. M. L. Beale 1958, "On an iterative method for finding a local minimum"
BEALE = Surface(
    name="Beale",
    loss=lambda p: sum(term**2 for term in _beale_terms(p)),
    gradient=_beale_gradient,
    start=(1.0, 1.5),
    limits=((-0.5, 4.5), (-1.5, 2.0)),
    minima=((3.0, 0.5),),
)


def _rosenbrock_gradient(p):
    a, b = p
    return np.array([-2 * (1 - a) - 400 * a * (b - a**2), 200 * (b - a**2)])


# H. H. Rosenbrock 1960, "An automatic method for finding the greatest or least value of a function"
ROSENBROCK = Surface(
    name="Rosenbrock",
    loss=lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2,
    gradient=_rosenbrock_gradient,
    start=(-1.2, 1.0),
    limits=((-2.0, 2.0), (-1.0, 3.0)),
    minima=((1.0, 1.0),),
)


_PITS = ((-2.6, 1.6, 1.6, 1.0), (2.2, 2.0, 2.4, 1.1), (0.4, -2.2, 4.0, 1.3))  # x, y, depth, width


def _pit_depths(p):
    """How deep each pit is at p: d exp(−‖p − c‖²/(2s²))."""
    return [
        depth * np.exp(-((p[0] - x) ** 2 + (p[1] - y) ** 2) / (2 * width**2))
        for x, y, depth, width in _PITS
    ]


def _valleys_loss(p):
    return 4.5 + 0.06 * (p[0] ** 2 + p[1] ** 2) - sum(_pit_depths(p))


def _valleys_gradient(p):
    slope = 0.12 * np.asarray(p)
    for (x, y, _, width), depth in zip(_PITS, _pit_depths(p), strict=True):
        slope = slope + depth / width**2 * np.array([p[0] - x, p[1] - y])
    return slope


@cache
def valleys():
    """Three valleys of different depth on the floor of a bowl: where a walk ends is where it began.

    L = 4.5 + 0.06 (a² + b²) − Σ dᵢ exp(−‖p − cᵢ‖²/(2sᵢ²)). The minima are listed from the
    shallowest to the deepest.
    """
    ends = [minimize(_valleys_loss, _valleys_gradient, pit[:2], SGD(0.2), 500) for pit in _PITS]
    return Surface(
        name="valleys",
        loss=_valleys_loss,
        gradient=_valleys_gradient,
        start=(-4.0, -3.0),
        limits=((-5.0, 5.0), (-4.0, 4.0)),
        minima=tuple(tuple(end.points[-1].tolist()) for end in ends),
    )
