"""Principal component analysis: the flat space of few dimensions that is nearest to the data.

Lecture notes: "Auto-encoder", where PCA is the one without a non-linearity.
"""

import numpy as np
from scipy.linalg import eigh, subspace_angles

from course_lib.validation import (
    as_array,
    as_design,
    as_integer,
    check_fitted,
    check_same_shape,
)


class PCA:
    """Principal component analysis: the k directions along which the data vary most.

    They are the eigenvectors of the covariance matrix with the largest eigenvalues (the right
    singular vectors of X − μ); the code of x is c = V (x − μ), the rebuilt x is μ + Vᵀ c. No other
    plane of k dimensions is nearer to the data, by squared distances.

    After `fit`: `mean_` (d,), `components_` V (k, d), `explained_variance_` (k,), the eigenvalues,
    with n − 1 in the denominator, and `explained_variance_ratio_`, their share of all variance. As
    scikit-learn's: the largest entry of each component is positive. Bishop 2006, section 12.1.
    """

    def __init__(self, n_components):
        self.n_components = n_components

    def fit(self, X, y=None):
        """Find the components of X, (n, d); y is not looked at."""
        X, k = as_design(X), as_integer(self.n_components, "n_components", minimum=1)
        if k > min(X.shape) or len(X) < 2:
            raise ValueError(
                f"n_components must be at most the samples and the features, came {k} for X of "
                f"shape {X.shape}"
            )
        self.mean_ = X.mean(axis=0)
        covariance = np.cov(X, rowvar=False).reshape(X.shape[1], -1)
        d = len(covariance)
        values, vectors = eigh(covariance, subset_by_index=[d - k, d - 1])
        self.components_ = vectors.T[::-1]  # the largest first
        largest = np.abs(self.components_).argmax(axis=1)
        self.components_ = self.components_ * np.sign(self.components_[range(k), largest])[:, None]
        self.explained_variance_ = np.maximum(values[::-1], 0)
        total = np.trace(covariance)
        self.explained_variance_ratio_ = (
            self.explained_variance_ / total if total > 0 else np.zeros(k)
        )
        return self

    def transform(self, X):
        """The codes of X: (n, k)."""
        check_fitted(self, "components_")
        return (as_design(X, len(self.mean_)) - self.mean_) @ self.components_.T

    def inverse_transform(self, codes):
        """What is rebuilt from codes (n, k): (n, d)."""
        check_fitted(self, "components_")
        codes, k = as_array(codes, "codes", ndim=2), len(self.components_)
        if codes.shape[1] != k:
            raise ValueError(f"codes must have {k} columns, came {codes.shape[1]}")
        return codes @ self.components_ + self.mean_


def principal_angles(A, B):
    """The angles between the spaces spanned by the rows of A and of B, (k, d): degrees, (k,).

    The first is the smallest between any direction of one and any of the other, the second the
    smallest between what is perpendicular to these two, and so on (Björck & Golub 1973).
    """
    A, B = as_design(A), as_design(B)
    check_same_shape(A=A, B=B)
    return np.degrees(subspace_angles(A.T, B.T))[::-1]


def subspace_angle(A, B):
    """The largest of the principal angles: 0 where the two spaces are the same."""
    return float(principal_angles(A, B)[-1])
