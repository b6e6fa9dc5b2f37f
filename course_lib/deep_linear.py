"""Deep linear networks: f(x) = W_L … W₂ W₁ x, the simplest networks with a loss that is no bowl.

All they can say is linear, yet their loss is not convex: the weights are multiplied. Of its points
without a slope everything is known: every local minimum is global (Baldi and Hornik 1989 for two
layers, Kawaguchi 2016 for any depth). Lecture: "Optimization", "Deep linear network".
"""

from itertools import accumulate, combinations

import numpy as np
import torch

from course_lib.curvature import find_critical_point, hessian
from course_lib.validation import as_array, as_design, as_integer, as_number

# --- One weight a layer: L = (1 − w₁ w₂ … w_L)² --------------------------------------------------


def chain_loss(weights):
    """The lecture's loss (ŷ − w₁ w₂ … w_L x)² with x = ŷ = 1; weights (L, …) in, (…) out."""
    return (1 - np.prod(weights, axis=0)) ** 2


def chain_gradient(weights):
    """∂/∂wᵢ = −2 (1 − w₁ … w_L) Π_{j≠i} wⱼ, shape (L, …) as the weights."""
    weights = np.asarray(weights, dtype=float)
    others = [np.prod(np.delete(weights, i, axis=0), axis=0) for i in range(len(weights))]
    return -2 * (1 - np.prod(weights, axis=0)) * np.array(others)


def chain_hessian(weights):
    """∂²/∂wᵢ∂wⱼ = 2 pᵢ pⱼ − 2 (1 − p) pᵢⱼ, shape (L, L).

    p is the product of all weights (L,), pᵢ the one without wᵢ, pᵢⱼ the one without wᵢ and wⱼ,
    and pᵢᵢ = 0.
    """
    w = as_array(weights, "weights", ndim=1)
    one = np.array([np.prod(np.delete(w, i)) for i in range(len(w))])
    two = [[np.prod(np.delete(w, [i, j])) for j in range(len(w))] for i in range(len(w))]
    two = np.array(two) * (1 - np.eye(len(w)))
    return 2 * np.outer(one, one) - 2 * (1 - np.prod(w)) * two


def steps_to_leave(depth, start, learning_rate=0.01, goal=0.5, most=1_000_000):
    """How many steps of gradient descent lead from wᵢ = `start`, all alike, to a loss below `goal`.

    With all weights alike one number walks: w ← w + 2η (1 − w^L) w^(L − 1). `most` where it has
    not left the saddle at 0 by then.
    """
    depth = as_integer(depth, "depth", minimum=1)
    w, rate = as_number(start, "start"), as_number(learning_rate, "learning_rate", above=0)
    for step in range(most):
        if (1 - w**depth) ** 2 < goal:
            return step
        w += 2 * rate * (1 - w**depth) * w ** (depth - 1)
    return most


# --- Matrices ------------------------------------------------------------------------------------


def linear_net_loss(sizes, X, Y):
    """L(θ) = 1/(2n) Σ ‖y − W_L … W₁ x‖² as a function of one vector, and the length of θ.

    `sizes` are the layers' widths, inputs first, outputs last; X is (n, inputs), Y (n, outputs).
    θ holds W₁, …, W_L, row by row. For `hessian` and `find_critical_point` of `curvature`.
    """
    X, Y = torch.from_numpy(as_design(X)), torch.from_numpy(as_array(Y, "Y", ndim=2))
    if (X.shape[1], Y.shape[1]) != (sizes[0], sizes[-1]) or len(X) != len(Y):
        raise ValueError(
            f"sizes must begin and end with the widths of X and Y, {X.shape[1]} and {Y.shape[1]}, "
            f"and these have as many rows, came {list(sizes)} for {len(X)} and {len(Y)} rows"
        )
    shapes = [(b, a) for a, b in zip(sizes, sizes[1:], strict=False)]
    lengths = [rows * columns for rows, columns in shapes]

    def loss(theta):
        hidden = X
        for part, shape in zip(theta.split(lengths), shapes, strict=True):
            hidden = hidden @ part.view(shape).T
        return ((hidden - Y) ** 2).sum() / (2 * len(X))

    return loss, sum(lengths)


def critical_losses(X, Y, width):
    """All the losses that a linear network can have where its slope is 0, the least first.

    `width` is that of its narrowest layer. At such a point the network is the least squares
    solution, projected on some of the eigenvectors of Σ = Σ_yx Σ_xx⁻¹ Σ_xy, at most `width` of
    them; with their eigenvalues λᵢ its loss is

        ½ (tr Σ_yy − Σ_{chosen} λᵢ)

    Chosen are the largest ones in every minimum; all other choices are saddles. It holds where
    Σ_xx is regular and the λᵢ are different and above 0 (else ValueError). Baldi and Hornik (1989);
    for more than two layers Achour, Malgouyres and Gerchinovitz (2024). "Σ" is a mean over the
    examples here.
    """
    X, Y = as_design(X), as_array(Y, "Y", ndim=2)
    fitted = X @ np.linalg.lstsq(X, Y, rcond=None)[0]
    eigenvalues = np.linalg.eigvalsh(fitted.T @ fitted / len(X))[::-1]
    if np.linalg.matrix_rank(X) < X.shape[1]:
        raise ValueError("X must have linearly independent columns: Σ_xx is not regular")
    gaps = -np.diff(eigenvalues, append=0)
    if gaps.min() <= 1e-9 * eigenvalues[0]:
        raise ValueError(f"the λᵢ of X and Y must differ and be above 0, came {eigenvalues}")
    total = (Y**2).sum() / len(X)
    most = min(as_integer(width, "width", minimum=1), len(eigenvalues))
    chosen = (c for k in range(most + 1) for c in combinations(eigenvalues, k))
    return np.sort([(total - sum(some)) / 2 for some in chosen])


def search_critical_points(sizes, X, Y, searches, scale=1.0, seed=0, tolerance=1e-8):
    """Look for points without a slope from random starts: a list of dictionaries.

    Weights begin as N(0, scale²/fan-in). Each dictionary has the `loss` where the search ended,
    the `least` eigenvalue of H there, the `largest` size of one, `theta`, and `converged`: only
    then it is a point without a slope.
    """
    loss, n = linear_net_loss(sizes, X, Y)
    scale = as_number(scale, "scale", above=0)
    generator = torch.Generator().manual_seed(as_integer(seed, "seed", minimum=0))
    fans = torch.cat([
        torch.full((a * b,), scale / a**0.5) for a, b in zip(sizes, sizes[1:], strict=False)
    ])  # fmt: skip
    found = []
    for _ in range(as_integer(searches, "searches", minimum=1)):
        start = fans * torch.randn(n, generator=generator, dtype=torch.float64)
        end = find_critical_point(loss, start, tolerance)
        values = torch.linalg.eigvalsh(hessian(loss, end.theta))
        sizes_of = {"least": float(values[0]), "largest": float(values.abs().max())}
        found.append({"loss": end.loss, "converged": end.converged, "theta": end.theta, **sizes_of})
    return found


def descent_losses(weights, X, Y, learning_rate, steps):
    """Gradient descent on several matrix networks at once: their losses, (steps + 1, networks).

    `weights` lists W₁, …, W_L, each of shape (networks, rows, columns). With Σ_xx and Σ_yx, means
    over the examples, and W = W_L … W₁, the slope by Wᵢ is

        (W_L … Wᵢ₊₁)ᵀ (W Σ_xx − Σ_yx) (Wᵢ₋₁ … W₁)ᵀ
    """
    X, Y = as_design(X), as_array(Y, "Y", ndim=2)
    xx, yx, yy = X.T @ X / len(X), Y.T @ X / len(X), (Y**2).sum() / len(X)
    rate = as_number(learning_rate, "learning_rate", above=0)
    steps = as_integer(steps, "steps", minimum=0)
    losses = np.empty((steps + 1, len(weights[0])))
    for step in range(steps + 1):
        before = list(accumulate(weights, lambda below, W: W @ below))
        after = list(accumulate(weights[:0:-1], lambda above, W: above @ W))[::-1]
        W = before[-1]
        error = W @ xx - yx
        losses[step] = (yy + (W * (error - yx)).sum(axis=(1, 2))) / 2
        slopes = [after[i].swapaxes(1, 2) @ error for i in range(len(weights) - 1)] + [error]
        for i in range(1, len(weights)):
            slopes[i] = slopes[i] @ before[i - 1].swapaxes(1, 2)
        weights = [W - rate * slope for W, slope in zip(weights, slopes, strict=True)]
    return losses
