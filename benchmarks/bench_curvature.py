"""The ten largest eigenvalues of a Hessian: ours beside SciPy's eigsh and PyHessian; a spectrum.

Run it from the root of the repository: python benchmarks/bench_curvature.py
PyHessian is compared where it is installed (pip install pyhessian).
"""

import importlib
import importlib.util

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits
from timing import medians
from torch import nn
from torch.nn.functional import cross_entropy

from course_lib.curvature import (
    hessian,
    hessian_vector_product,
    loss_of,
    smooth_density,
    spectral_density,
    top_eigenvalues,
)

K, PROBES, STEPS = 10, (5, 20), 80


def trained(*layers, X, y, updates=60):
    """A network after some steps of Adam, in float64."""
    torch.manual_seed(0)
    model = nn.Sequential(*layers).double()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(updates):
        optimizer.zero_grad()
        cross_entropy(model(X), y).backward()
        optimizer.step()
    return model


def compare(name, model, X, y, rounds):
    """Time ours, eigsh and PyHessian on one loss; print seconds, ratios and how they agree."""
    loss, theta = loss_of(model, X, y)
    product, n = hessian_vector_product(loss, theta), len(theta)
    found = {}

    def ours():
        found["ours"] = top_eigenvalues(product, n, K)[0]

    def scipys():
        matrix = LinearOperator(
            (n, n), lambda v: product(torch.from_numpy(v.ravel().copy())), dtype=float
        )
        found["eigsh"] = np.sort(eigsh(matrix, K, which="LA", tol=1e-8)[0])[::-1]

    def pyhessians():
        theirs = importlib.import_module("pyhessian").hessian(
            model, cross_entropy, (X, y), cuda=False
        )
        values, _ = theirs.eigenvalues(1000, 1e-6, K)
        found["PyHessian"] = np.array(values)

    t = medians({"ours": ours, "eigsh": scipys}, rounds)
    if importlib.util.find_spec("pyhessian"):
        t |= medians({"PyHessian": pyhessians}, 1)
    print(f"{name}, {n:,} parameters: the {K} largest eigenvalues in {t['ours']:.2f} s")
    for other, seconds in list(t.items())[1:]:
        apart = np.abs(found[other] / found["ours"] - 1).max()
        ratio = seconds / t["ours"]
        print(f"  {other:10}{seconds:6.2f} s, {ratio:5.1f} times ours; {apart:.0e} apart")
    return product, loss, theta, found["ours"]


def compare_with_all_eigenvalues(product, loss, theta, top):
    """Say how far the largest eigenvalues and the density are from those of the whole matrix.

    Both densities are smoothed with the same bell, 2 % of the spread of the spectrum wide.
    """
    values = np.linalg.eigvalsh(hessian(loss, theta).numpy())
    print(f"  {np.abs(top / values[: -K - 1 : -1] - 1).max():.0e} off the full decomposition")
    width = 0.02 * (values[-1] - values[0])
    x = np.linspace(values[0] - 5 * width, values[-1] + 5 * width, 20001)
    full = smooth_density(x, values, np.full(len(values), 1 / len(values)), width)
    for probes in PROBES:
        ours = smooth_density(x, *spectral_density(product, len(theta), probes, STEPS), width)
        error = np.trapezoid(abs(ours - full), x)
        print(f"  density, {probes} probes of {STEPS} steps: L1 error {error:.4f}")


def main():
    torch.set_num_threads(1)
    digits = load_digits()
    X, y = torch.from_numpy(digits.data / 16)[:500], torch.from_numpy(digits.target)[:500]
    with threadpool_limits(1):
        sizes = nn.Linear(64, 60), nn.Tanh(), nn.Linear(60, 20), nn.Tanh(), nn.Linear(20, 10)
        model = trained(*sizes, X=X, y=y)
        compare_with_all_eigenvalues(*compare("tanh MLP", model, X, y, rounds=5))
        images = X.view(-1, 1, 8, 8)[:60]
        filters = nn.Conv2d(1, 32, 3, padding=1), nn.Tanh(), nn.Conv2d(32, 64, 3), nn.Tanh()
        model = trained(
            *filters,
            nn.Flatten(),
            nn.Linear(2304, 35),
            nn.Tanh(),
            nn.Linear(35, 10),
            X=images,
            y=y[:60],
            updates=30,
        )
        compare("CNN", model, images, y[:60], rounds=3)


if __name__ == "__main__":
    main()
