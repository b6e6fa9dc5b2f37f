"""Random symmetric matrices: are all eigenvalues above 0?

If the Hessian at a point without a slope were such a matrix, that would be the chance that the
point is a minimum. The Gaussian orthogonal ensemble: a matrix G of independent N(0, 1), and
(G + Gᵀ)/2. Lecture: "Optimization", "conjecture".
"""

import numpy as np

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

    So rare an event is not met by drawing whole matrices. But a matrix has it only if the block
    without the last row and column has it, so matrices grow: from those of size n − 1 that have it,
    drawn anew with replacement, each gets a random row g and a random corner c, and has it still
    where c − gᵀ A⁻¹ g > 0. The chance is the product of the shares that remain.
    """
    most, matrices = as_integer(most, "most", minimum=1), as_integer(matrices, "matrices", 1)
    random = np.random.default_rng(as_integer(seed, "seed", minimum=0))
    inverse, chances = np.empty((matrices, 0, 0)), [1.0]
    for n in range(most):
        row, corner = random.normal(0, 0.5**0.5, (matrices, n)), random.normal(size=matrices)
        image = np.einsum("mij,mj->mi", inverse, row)
        rest = corner - np.einsum("mi,mi->m", row, image)
        chances.append(chances[-1] * np.mean(rest > 0))
        chosen = random.choice(np.flatnonzero(rest > 0), matrices)
        inverse = _bordered(inverse[chosen], image[chosen], rest[chosen])
    return np.array(chances[1:])


def _bordered(inverse, image, rest):
    """The inverse of a matrix A with one more row g and corner c; image A⁻¹g, rest c − gᵀA⁻¹g."""
    last = np.concatenate([-image, np.ones((len(rest), 1))], axis=1)
    larger = np.pad(inverse, ((0, 0), (0, 1), (0, 1)))
    return larger + last[:, :, None] * last[:, None, :] / rest[:, None, None]


def exact_chance(n):
    """The exact chance for n = 1, 2, 3: 1/2, (2 − √2)/4, (π − 2√2)/(4π).

    Dean and Majumdar, "Large deviations of extreme eigenvalues of random matrices" (2006), who
    show that it is exp(−n² ln(3)/4 + …) for large n.
    """
    return {1: 1 / 2, 2: (2 - 2**0.5) / 4, 3: (np.pi - 8**0.5) / (4 * np.pi)}[n]


def spectra(n, matrices, shift=0.0, seed=0):
    """Eigenvalues of random symmetric matrices in units in which they lie within ±1, + `shift`.

    Shape (matrices, n), ascending. With shift 0 half of them are negative, with shift 1 hardly
    any: for random functions in many dimensions the shift falls with the loss (Bray and Dean 2007).
    """
    return np.linalg.eigvalsh(random_symmetric(n, matrices, seed)) / np.sqrt(2 * n) + shift
