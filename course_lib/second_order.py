"""Walking down a loss with curvature: Newton, quasi-Newton (BFGS), conjugate gradients.

They are optimizers as in `optimizers`: `minimize(loss, gradient, start, Newton(hessian), steps)`.
Gradient descent knows the slope g = ∇L only; these also know, or learn, how fast the slope changes,
the Hessian H. Lecture: "Optimization" (Newton's method). Line searches, BFGS and conjugate
gradients after Nocedal and Wright, "Numerical Optimization" (2006), chapters 3, 5 and 6.
"""

import math

import numpy as np

from course_lib.validation import as_array, as_integer, as_number

# --- Newton --------------------------------------------------------------------------------------


def hessian_by_differences(gradient, points, step=1e-5):
    """H at `points`, shape (n, …), from differences of the gradient: shape (n, n, …).

    Column i is (∇L(θ + h eᵢ) − ∇L(θ − h eᵢ)) / 2h, with the error O(h²) + O(10⁻¹⁶/h); the mean
    with the transpose is returned. It takes 2n gradients: for losses of a few parameters.
    """
    points, columns = np.asarray(points, dtype=float), []
    for i in range(len(points)):
        moved = np.zeros_like(points)
        moved[i] = step
        columns.append((gradient(points + moved) - gradient(points - moved)) / (2 * step))
    H = np.stack(columns, axis=1)
    return (H + H.swapaxes(0, 1)) / 2


def newton_step(slope, hessian, absolute=False):
    """The step −H⁻¹ g, for a slope of shape (n, …) and a Hessian of shape (n, n, …).

    With H = Σ λᵢ vᵢ vᵢᵀ it is −Σ (vᵢᵀ g / λᵢ) vᵢ: to the place where the parabola along each vᵢ is
    level, the top of one that opens downwards. With `absolute`, |λᵢ| takes the place of λᵢ. Along
    directions without curvature (|λᵢ| ≤ 10⁻¹² of the largest) no step is made.
    """
    values, vectors = np.linalg.eigh(np.moveaxis(hessian, (0, 1), (-2, -1)))
    along = np.einsum("...ji,j...->...i", vectors, slope)
    sizes = np.abs(values)
    flat = sizes <= 1e-12 * sizes.max(axis=-1, keepdims=True)
    lengths = np.where(flat, 0, along / np.where(flat, 1, sizes if absolute else values))
    return -np.moveaxis(np.einsum("...ij,...j->...i", vectors, lengths), -1, 0)


class Newton:
    """θ ← θ − H⁻¹ g: to the place where the quadratic that fits here is level, in one step.

    `hessian(θ)` gives H, shape (n, n). It goes to a point without a slope: a minimum, a saddle or
    a maximum, whichever the quadratic has.
    """

    absolute = False

    def __init__(self, hessian):
        self.hessian = hessian

    def reset(self):
        """Forget nothing: each step looks anew."""

    def step(self, parameters, gradient):
        """The parameters after one step, shape (n,)."""
        return parameters + newton_step(gradient, self.hessian(parameters), self.absolute)


class SaddleFreeNewton(Newton):
    """θ ← θ − |H|⁻¹ g: as Newton, but downhill along negative curvature, too.

    |H| has the eigenvectors of H and the sizes of its eigenvalues. Dauphin, Pascanu, Gulcehre, Cho,
    Ganguli, Bengio, "Identifying and attacking the saddle point problem" (2014).
    """

    absolute = True


# --- Searching along a line ----------------------------------------------------------------------


def line_search(function, gradient, point, direction, slope, first=1.0, flatness=0.1, tries=40):
    """How far to go along a direction that leads downhill: t, and how many places were tried.

    With φ(t) = L(θ + t d) it looks for the strong Wolfe conditions: low enough,
    φ(t) ≤ φ(0) + 10⁻⁴ t φ′(0), and nearly level, |φ′(t)| ≤ `flatness` |φ′(0)|. Each new t is where
    the straight line through two values of φ′ is 0 (on a quadratic: the minimum), kept off the ends
    of the stretch that must hold it. `slope` is ∇L(θ). Where nothing was found the lowest t is
    returned that is known to be low enough, perhaps 0.
    """
    value, m = function(point), float(slope @ direction)
    low, m_low, high, m_high = 0.0, m, math.inf, math.inf
    t = first
    for tried in range(1, tries + 1):
        here = point + t * direction
        m_here = float(gradient(here) @ direction)
        low_enough = function(here) <= value + 1e-4 * t * m
        if low_enough and abs(m_here) <= flatness * abs(m):
            return t, tried
        if low_enough and m_here < 0:
            low, m_low, before = t, m_here, (low, m_low)
            t = _further(before, (low, m_low)) if math.isinf(high) else t
        else:
            high, m_high = t, m_here
        if math.isfinite(high):
            t = _between(low, m_low, high, m_high)
    return low, tries


def _further(before, now):
    """Where the line through two slopes is 0, if that is beyond, and at most ten times as far."""
    (a, m_a), (b, m_b) = before, now
    zero = b - m_b * (b - a) / (m_b - m_a) if m_b > m_a else math.inf
    return min(max(zero, 1.1 * b), 10 * b)


def _between(low, m_low, high, m_high):
    """Where the line through two slopes is 0, off both ends; the middle where there is none."""
    share = -m_low / (m_high - m_low) if m_high > 0 else 0.5
    return low + (high - low) * min(max(share, 0.1), 0.9)


class _LineSearcher:
    """What the methods with a line search share; `_direction` is all in which they differ.

    `flatness` says how exact the line searches are. `evaluations` counts the places that they
    tried, a loss and a gradient each.
    """

    flatness = 0.1

    def __init__(self, function, gradient, flatness=None):
        self.function, self.gradient = function, gradient
        if flatness is not None:
            self.flatness = as_number(flatness, "flatness", above=0)
        self.reset()

    def reset(self):
        """Forget all earlier steps."""
        self.before = None  # θ, g, d, t of the step before
        self.evaluations = 0

    def step(self, parameters, gradient):
        """The parameters after one step, shape (n,)."""
        direction = self._direction(parameters, gradient)
        if gradient @ direction >= 0:  # not downhill: begin anew
            self.before = None
            direction = self._direction(parameters, gradient)
        t, tried = line_search(self.function, self.gradient, parameters, direction, gradient,
                               self._first(gradient, direction), self.flatness)  # fmt: skip
        self.evaluations += tried
        self.before = parameters, gradient, direction, t
        return parameters + t * direction

    def _first(self, gradient, direction):
        return 1.0


class BFGS(_LineSearcher):
    """Quasi-Newton: θ ← θ − t B g, where B learns H⁻¹ from how the gradient changes on the way.

    After a step s = θ − θ_before, on which the gradient changed by y, B must give B y = s:

        B ← (I − ρ s yᵀ) B (I − ρ y sᵀ) + ρ s sᵀ,   ρ = 1 / (yᵀ s)

    B begins as (yᵀs / yᵀy) I. It costs n² numbers, and no second derivative. Broyden, Fletcher,
    Goldfarb and Shanno (1970, each alone).
    """

    flatness = 0.9  # t = 1 is the right step near the minimum, so mostly the first try does

    def _direction(self, parameters, gradient):
        if self.before is None:
            self.inverse = None
            return -gradient
        s, y = parameters - self.before[0], gradient - self.before[1]
        sy = s @ y
        if self.inverse is None:
            self.inverse = np.eye(len(s)) * (sy / (y @ y) if sy > 0 else 1.0)
        if sy > 0:
            left = np.eye(len(s)) - np.outer(s, y) / sy
            self.inverse = left @ self.inverse @ left.T + np.outer(s, s) / sy
        return -self.inverse @ gradient


class ConjugateGradient(_LineSearcher):
    """d ← −g + β d_before: a direction that does not spoil what the one before has reached.

    β = max(0, gᵀ(g − g_before) / g_beforeᵀ g_before): Polak and Ribière (1969); that β below 0
    counts as 0, which begins anew, came later (Powell 1986; Gilbert and Nocedal 1992). On a
    quadratic with exact line searches all directions are conjugate, dᵢᵀ H dⱼ = 0, and n steps are
    enough. It remembers two vectors.
    """

    def _direction(self, parameters, gradient):
        if self.before is None:
            return -gradient
        _, old, direction, _ = self.before
        beta = max(0.0, gradient @ (gradient - old) / (old @ old))
        return -gradient + beta * direction

    def _first(self, gradient, direction):
        """Try the t that promises as much as the step before did."""
        if self.before is None:
            return 1.0
        _, old, old_direction, t = self.before
        return max(t * (old @ old_direction) / (gradient @ direction), 1e-10)


# --- Newton's step without a matrix --------------------------------------------------------------


def solve_by_products(product, b, steps=None, tolerance=1e-8):
    """Solve H x = b, known by its `product` v ↦ H v: returns x, and how many products it took.

    The conjugate gradients of Hestenes and Stiefel (1952), for a positive definite H: at most n
    products but for rounding, fewer where the eigenvalues lie in clusters; the error shrinks by
    (√κ − 1)/(√κ + 1) a step, κ the condition number. It ends where ‖b − H x‖ ≤ `tolerance` ‖b‖, or
    after as many products as you allow by `steps`, however near it is. With b = −g it is Newton's
    step ("Hessian-free", Martens 2010). RuntimeError where a direction with dᵀ H d ≤ 0 shows that H
    is not positive definite, and where 10 n products were not enough, if you set no `steps`.
    """
    b = as_array(b, "b", ndim=1)
    most = 10 * len(b) if steps is None else as_integer(steps, "steps", minimum=0)
    x, residual = np.zeros_like(b), b
    direction, size = residual, residual @ residual
    enough = as_number(tolerance, "tolerance", minimum=0) ** 2 * size
    for k in range(most):
        if size <= enough:
            return x, k
        image = product(direction)
        curvature = direction @ image
        if curvature <= 0:
            raise RuntimeError("the matrix is not positive definite: a direction has dᵀ H d ≤ 0")
        x = x + size / curvature * direction
        residual = residual - size / curvature * image
        size, before = residual @ residual, size
        direction = residual + size / before * direction
    if steps is None and size > enough:
        raise RuntimeError(f"{most} products were not enough: H is too ill-conditioned for them")
    return x, most
