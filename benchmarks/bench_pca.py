"""Principal components of the digits: ours beside scikit-learn's three solvers; and how far apart.

Run it from the root of the repository: python benchmarks/bench_pca.py
"""

import numpy as np
from sklearn.decomposition import PCA as TheirPCA
from threadpoolctl import threadpool_limits
from timing import medians

from course_lib.datasets import load_digits
from course_lib.pca import PCA

SOLVERS = ("auto", "covariance_eigh", "full")


def lost(pca, X):
    """The mean squared difference between X and what is rebuilt."""
    return np.square(X - pca.inverse_transform(pca.transform(X))).mean()


def compare(X, k, rounds=5):
    """Time a fit, and say by how much more the data differ from what is rebuilt than they must."""
    candidates = {"ours": PCA(k)}
    candidates |= {solver: TheirPCA(k, svd_solver=solver, random_state=0) for solver in SOLVERS}
    t = medians({name: lambda p=p: p.fit(X) for name, p in candidates.items()}, rounds)
    best = lost(candidates["full"], X)
    print(f"{len(X):,} digits, {k} components: ours in {1000 * t['ours']:.0f} ms")
    for name in SOLVERS:
        ratio, error = t[name] / t["ours"], lost(candidates[name], X) / best - 1
        print(f"  scikit-learn, {name:16}{ratio:5.1f} times ours; loses {error:.0e} more")
    print(f"  ours loses {lost(candidates['ours'], X) / best - 1:.0e} more than the full SVD")


def main():
    images, _ = load_digits("train")
    X = images.reshape(len(images), -1).astype(float)
    with threadpool_limits(1):
        for n, k in ((1000, 16), (8000, 2), (8000, 64)):
            compare(X[:n], k)


if __name__ == "__main__":
    main()
