"""Random symmetric matrices: are all eigenvalues above 0?

If the Hessian at a point without a slope were such a matrix, that would be the chance that the
point is a minimum. The Gaussian orthogonal ensemble: a matrix G of independent N(0, 1), and
(G + Gᵀ)/2. Lecture: "Optimization", "conjecture".
"""

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.special import gamma, gammainc, gammaln, ndtr, ndtri

from course_lib.validation import as_integer

RATE = np.log(3) / 4  # of exp(−RATE n²), for large n


def random_symmetric(n, matrices, seed=0):
    """Matrices of the Gaussian orthogonal ensemble, shape (matrices, n, n).

    Off the diagonal the variance is ½, on it 1; the eigenvalues lie within about ±√(2n).
    """
    n, matrices = as_integer(n, "n", minimum=1), as_integer(matrices, "matrices", minimum=1)
    random = np.random.default_rng(as_integer(seed, "seed", minimum=0))
    G = random.normal(size=(matrices, n, n))
    return (G + G.swapaxes(1, 2)) / 2


def chances_all_positive(most, matrices=100_000, seed=0):
    """For n = 1, …, `most`: the chance that all eigenvalues are above 0, measured, shape (most,).

    So rare an event is not met by drawing whole matrices. But a matrix has it only if the block A
    without the last row and column has it, so matrices grow. One of size n − 1 that has it gets a
    random row g; it has it still where the new corner c, N(0, 1), is above gᵀ A⁻¹ g: with a chance
    Φ(−gᵀ A⁻¹ g). The mean of these is the share that remains, the product of the shares the chance
    wanted. The next matrices are drawn in proportion to them, with a corner that is large enough.
    Matrices that were drawn twice are alike, so the error grows with n: with 20,000 matrices about
    1 % for n = 4, 10 % for n = 9, 30 % for n = 12.
    """
    most, matrices = as_integer(most, "most", minimum=1), as_integer(matrices, "matrices", 1)
    random = np.random.default_rng(as_integer(seed, "seed", minimum=0))
    inverse, chances = np.empty((matrices, 0, 0)), [1.0]
    for n in range(most):
        row = random.normal(0, 0.5**0.5, (matrices, n))
        image = np.einsum("mij,mj->mi", inverse, row)
        least = np.einsum("mi,mi->m", row, image)
        remain = ndtr(-least)
        chances.append(chances[-1] * remain.mean())
        chosen = random.choice(matrices, matrices, p=remain / remain.sum())
        corner = -ndtri(random.uniform(size=matrices) * remain[chosen])  # N(0, 1) above `least`
        inverse = _bordered(inverse[chosen], image[chosen], corner - least[chosen])
    return np.array(chances[1:])


def _bordered(inverse, image, rest):
    """The inverse of a matrix A with one more row g and corner c; image A⁻¹g, rest c − gᵀA⁻¹g."""
    last = np.concatenate([-image, np.ones((len(rest), 1))], axis=1)
    larger = np.pad(inverse, ((0, 0), (0, 1), (0, 1)))
    return larger + last[:, :, None] * last[:, None, :] / rest[:, None, None]


def exact_chance(n):
    """The chance by integrals, n ≤ 20: 1/2, (2 − √2)/4, (π − 2√2)/(4π), … to five digits or more.

    The density of the eigenvalues is ∝ Π_{i<j} |λᵢ − λⱼ| Π exp(−λᵢ²/2). Over all λᵢ > 0 its
    integral is n! √det A (de Bruijn 1955), with polynomials pⱼ of degree j = 0, …, n − 1 and

        A_jk = ∫∫ sign(y − x) pⱼ(x) pₖ(y) exp(−(x² + y²)/2) dx dy     over x, y > 0

    and, for odd n, one more row and column, ∫ pⱼ exp(−x²/2). Over all λᵢ it is Mehta's
    (2π)^{n/2} Π Γ(1 + j/2)/Γ(3/2), j = 1, …, n. For large n the chance is exp(−n² ln(3)/4 + …):
    Dean and Majumdar, "Large deviations of extreme eigenvalues of random matrices" (2006).
    """
    if as_integer(n, "n", minimum=1) > 20:
        raise ValueError(f"n must be at most 20, came {n}: beyond, rounding takes the digits")
    x, weights = leggauss(100)
    reach = np.sqrt(2 * n) + 9  # beyond, exp(−x²/2) is nothing
    x, weights = reach / 2 * (x + 1), reach / 2 * weights
    halves, density = np.arange(1, n + 1) / 2, weights * np.exp(-(x**2) / 2)
    powers = x[:, None] ** np.arange(n)
    below = 2 ** (halves - 1) * gamma(halves) * gammainc(halves, x[:, None] ** 2 / 2)  # ∫ from 0
    R = np.linalg.qr(powers * np.sqrt(density)[:, None])[1]  # powers R⁻¹ are orthonormal: pⱼ
    p, below = (np.linalg.solve(R.T, f.T) for f in (powers * density[:, None], below))
    A = below @ p.T - p @ below.T
    if n % 2:
        edge = p.sum(axis=1, keepdims=True)
        A = np.block([[A, edge], [-edge.T, np.zeros((1, 1))]])
    log_inside = np.linalg.slogdet(A)[1] / 2 + np.log(np.abs(np.diag(R))).sum() + gammaln(n + 1)
    log_all = n / 2 * np.log(2 * np.pi) + (gammaln(1 + halves) - gammaln(1.5)).sum()
    return float(np.exp(log_inside - log_all))


def spectra(n, matrices, shift=0.0, seed=0):
    """Eigenvalues of random symmetric matrices in units in which they lie within ±1, + `shift`.

    Shape (matrices, n), ascending. With shift 0 half of them are negative, with shift 1 hardly
    any: for random functions in many dimensions the shift falls with the loss (Bray and Dean 2007).
    """
    return np.linalg.eigvalsh(random_symmetric(n, matrices, seed)) / np.sqrt(2 * n) + shift
