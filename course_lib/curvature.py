"""Curvature of a loss: Hessians, products with them, their spectra, and points without a slope.

Everything here takes a function of one vector: `loss(theta)`, a tensor of shape (n,) in, a number
out. `loss_of(model, X, y)` makes one of a network. Lecture: "Optimization", "Hessian matrix:
when gradient is zero". H is symmetric: H_ij = ∂²L/∂θ_i ∂θ_j.
"""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import eigh_tridiagonal
from torch.func import functional_call
from torch.nn import functional

from course_lib.validation import as_array, as_integer, as_number

# --- The loss as a function of one vector --------------------------------------------------------


def loss_of(model, X, y, loss=functional.cross_entropy, training=False):
    """The loss of a network as a function of all its parameters, and where they are now.

    Returns `(function, theta)`; `theta` has shape (n,), in the order of `model.parameters()`. The
    function has its own copy of the model, in testing mode; or in `training` mode: then what batch
    norm takes from the batch depends on θ, too, and is differentiated.
    """
    model = deepcopy(model).train(training)
    names, shapes = zip(*((k, p.shape) for k, p in model.named_parameters()), strict=True)
    sizes = [shape.numel() for shape in shapes]

    def function(theta):
        parts = (part.view(shape) for part, shape in zip(theta.split(sizes), shapes, strict=True))
        return loss(functional_call(model, dict(zip(names, parts, strict=True)), (X,)), y)

    return function, torch.nn.utils.parameters_to_vector(model.parameters()).detach()


def gradient(loss, theta):
    """∇L(θ), shape (n,)."""
    theta = theta.detach().requires_grad_()
    return torch.autograd.grad(loss(theta), theta)[0]


# --- The Hessian and its products ----------------------------------------------------------------


def hessian(loss, theta, rows=32):
    """The Hessian of a loss at θ, shape (n, n): n products, `rows` of them at a time.

    It needs 8 n² bytes in float64, so it is for a few thousand parameters. Symmetric up to
    rounding; the mean with its transpose is returned.
    """
    theta, slope = _slope(loss, theta)
    parts = [
        torch.autograd.grad(slope, theta, some, retain_graph=True, is_grads_batched=True)[0]
        for some in torch.eye(len(theta), dtype=theta.dtype).split(rows)
    ]
    H = torch.cat(parts)
    return (H + H.T) / 2


def hessian_vector_product(loss, theta):
    """A function v ↦ H v, without H: the gradient of ∇L · v, as dear as two gradients.

    The graph of ∇L is kept, so that each further product is one walk backwards. v has shape (n,).
    Pearlmutter, "Fast Exact Multiplication by the Hessian" (1994).
    """
    theta, slope = _slope(loss, theta)

    def product(v):
        return torch.autograd.grad(slope, theta, v, retain_graph=True)[0]

    return product


def _slope(loss, theta):
    """θ, and ∇L as a function of it, to be differentiated once more."""
    theta = theta.detach().requires_grad_()
    (slope,) = torch.autograd.grad(loss(theta), theta, create_graph=True)
    if not slope.requires_grad:  # a linear loss: its slope depends on nothing
        slope = slope + 0 * theta
    return theta, slope


# --- Spectra -------------------------------------------------------------------------------------


def direction(n, seed=0, dtype=torch.float64):
    """A vector of length 1 in a direction drawn evenly from all, shape (n,)."""
    generator = torch.Generator().manual_seed(as_integer(seed, "seed", minimum=0))
    v = torch.randn(as_integer(n, "n", minimum=1), generator=generator, dtype=torch.float64)
    return (v / v.norm()).to(dtype)


def lanczos(product, start, steps):
    """Yield, step by step, T's diagonal α, its off-diagonal β, and the basis Q in which A is T.

    A is symmetric, known by its `product` v ↦ A v. After k steps Q has shape (k, n), α and β have k
    entries, and A Qᵀ = Qᵀ T + β_k q_{k+1} e_kᵀ. Every new vector is made orthogonal to all before
    it, twice: else rounding brings back directions that were found already, and copies ("ghosts")
    of their eigenvalues. It ends before `steps` where nothing new is left (then the last β is 0).
    Golub and Van Loan, "Matrix Computations" (2013), § 10.1 and 10.3.
    """
    steps = min(as_integer(steps, "steps", minimum=1), len(start))
    Q = start.new_empty(steps, len(start))
    alpha, beta, q = [], [], start / start.norm()
    for k in range(steps):
        Q[k] = q
        w = product(q)
        alpha.append(float(w @ q))
        for _ in range(2):
            w = w - Q[: k + 1].T @ (Q[: k + 1] @ w)
        size = float(w.norm())
        ended = k + 1 == len(start) or size <= NOTHING_NEW[w.dtype] * max(map(abs, alpha))
        beta.append(0.0 if ended else size)
        yield np.array(alpha), np.array(beta), Q[: k + 1]
        if ended:
            return
        q = w / size


NOTHING_NEW = {torch.float64: 1e-13, torch.float32: 1e-6}


def top_eigenvalues(product, n, k=1, tolerance=1e-8, steps=300, seed=0, dtype=torch.float64):
    """The k largest eigenvalues of a symmetric matrix, the largest first, and their vectors.

    Shapes (k,) and (k, n). The matrix is known by its `product`. An eigenvalue θ of T is within
    β |last entry of its vector| of one of A's: Lanczos goes on until that is below `tolerance`
    times the largest |θ|, for all k. An eigenvalue that comes several times is found once.
    RuntimeError where there are fewer than k different ones, or where `steps` were not enough.
    For the smallest eigenvalues, hand over v ↦ −A v.
    """
    k, n = as_integer(k, "k", minimum=1), as_integer(n, "n", minimum=1)
    if k > n:
        raise ValueError(f"k must be at most n = {n}, came {k}")
    tolerance = as_number(tolerance, "tolerance", minimum=0)
    for alpha, beta, Q in lanczos(product, direction(n, seed, dtype), steps):
        done, looks = beta[-1] == 0, len(alpha) % 5 == 0 or len(alpha) == steps
        if done and len(alpha) < k:
            raise RuntimeError(f"k is {k}, but there are only {len(alpha)} different eigenvalues")
        if len(alpha) < k or not (looks or done):
            continue
        values, vectors = eigh_tridiagonal(alpha, beta[:-1])
        error = beta[-1] * np.abs(vectors[-1, -k:])
        if done or error.max() <= tolerance * np.abs(values).max():
            found = torch.from_numpy(vectors[:, : -k - 1 : -1].T.copy()).to(Q.dtype)
            return values[: -k - 1 : -1], found @ Q
    raise RuntimeError(f"{steps} steps were not enough for {k} eigenvalues: allow more steps")


def spectral_density(product, n, probes=5, steps=80, seed=0, dtype=torch.float64):
    """The spectrum of a symmetric matrix as places λ_i with shares w_i, Σ w_i = 1.

    Stochastic Lanczos quadrature: for a random direction v, vᵀ f(A) v = Σ_i w_i f(λ_i) with the
    eigenvalues λ_i of T and the squared first entries w_i of their vectors; the mean over
    directions is the mean of f over A's eigenvalues. A share p of the n eigenvalues comes out with
    a standard error of √(2 p (1 − p) / (n · probes)): four times the probes halve it; more steps
    show finer detail. Ubaru, Chen and Saad (2017); of networks, Ghorbani, Krishnan and Xiao (2019).
    """
    places, shares = [], []
    for probe in range(as_integer(probes, "probes", minimum=1)):
        *_, (alpha, beta, _) = lanczos(product, direction(n, seed + probe, dtype), steps)
        values, vectors = eigh_tridiagonal(alpha, beta[:-1])
        places.append(values)
        shares.append(vectors[0] ** 2 / probes)
    return np.concatenate(places), np.concatenate(shares)


def smooth_density(x, places, shares, width):
    """The density Σ_i w_i N(x; λ_i, width²) at the places x: a spectrum as a curve."""
    z = (np.asarray(x)[:, None] - places) / as_number(width, "width", above=0)
    return np.exp(-(z**2) / 2) @ shares / (width * np.sqrt(2 * np.pi))


# --- Points without a slope ----------------------------------------------------------------------


def classify_critical_point(eigenvalues, tolerance=1e-6):
    """What a point with ∇L = 0 is, by the eigenvalues of H: "minimum", "maximum", "saddle", …

    Eigenvalues within `tolerance` times the largest size count as 0. With any of these, where all
    others have one sign, H alone does not say: "degenerate".
    """
    values = as_array(eigenvalues, "eigenvalues", ndim=1)
    small = as_number(tolerance, "tolerance", minimum=0) * np.abs(values).max()
    above, below = (values > small).any(), (values < -small).any()
    if above and below:
        return "saddle"
    if not (above or below) or (np.abs(values) <= small).any():
        return "degenerate"
    return "minimum" if above else "maximum"


def negative_share(eigenvalues, tolerance=1e-6):
    """The share of eigenvalues below 0 (by more than `tolerance` times the largest size)."""
    values = as_array(eigenvalues, "eigenvalues", ndim=1)
    small = as_number(tolerance, "tolerance", minimum=0) * np.abs(values).max()
    return float(np.mean(values < -small))


def kind_by_looking(height, radius=0.02):
    """Say in words what 0 is, by the heights on a small circle around it.

    `height(u, v)` takes arrays and is 0 at 0. It sees what H does not say where it is degenerate;
    it does not see what happens inside of the circle, or between its 360 places.
    """
    angles = np.deg2rad(np.arange(360))
    ring = height(radius * np.cos(angles), radius * np.sin(angles))
    ring = np.where(np.abs(ring) < 1e-12, 0, ring)
    if ring.max() > 0 > ring.min():
        signs = np.sign(ring[ring != 0])
        return f"a saddle with {np.sum(signs != np.roll(signs, 1)) // 2} ways down"
    if (ring == 0).all():
        return "a plain, level everywhere"
    above = ring.max() > 0
    if (ring != 0).all():
        return "a minimum" if above else "a maximum"
    return "a valley with a level floor" if above else "a ridge with a level top"


@dataclass
class CriticalPoint:
    """Where a search for ∇L = 0 ended: the point, its loss, ‖∇L‖ there and at the start."""

    theta: torch.Tensor
    loss: float
    slope: float
    slope_at_start: float
    steps: int
    converged: bool


def find_critical_point(loss, theta, tolerance=1e-6, steps=200):
    """Walk to a point where the slope is 0, of whatever kind: minimise ½‖∇L‖², not L.

    Levenberg and Marquardt's step for the equations ∇L = 0: with H = Σ λ_i v_i v_iᵀ,

        step = −Σ_i  λ_i / (λ_i² + μ)  (v_iᵀ ∇L) v_i

    μ → 0 is Newton's step, which does not care whether λ_i is above or below 0; a large μ is a
    short step down ½‖∇L‖², whose gradient is H ∇L. μ falls after a step that made the slope
    smaller, and grows (the step is not made) after another. `converged` says whether ‖∇L‖ came
    to `tolerance` times its size at the start. Where H ∇L = 0, but not ∇L, it is stuck: the slope
    is as small as it gets around there, yet not 0. Each step needs all of H and its
    eigenvectors: for some hundred parameters.
    """
    tolerance = as_number(tolerance, "tolerance", minimum=0)
    steps = as_integer(steps, "steps", minimum=0)
    theta = theta.detach()
    slope = gradient(loss, theta)
    start, damping = float(slope.norm()), 1e-3
    for step in range(steps + 1):
        size = float(slope.norm())
        converged = size <= tolerance * start
        if converged or step == steps:
            break
        values, vectors = torch.linalg.eigh(hessian(loss, theta))
        along = vectors.T @ slope
        while damping < MOST_DAMPING:
            mu = damping * float(values.abs().max()) ** 2
            new = theta - vectors @ (values / (values**2 + mu) * along)
            new_slope = gradient(loss, new)
            if float(new_slope.norm()) < size:
                break
            damping *= 10
        else:
            break
        theta, slope, damping = new, new_slope, max(damping / 10, LEAST_DAMPING)
    return CriticalPoint(theta, float(loss(theta)), size, start, step, converged)


LEAST_DAMPING, MOST_DAMPING = 1e-14, 1e8
