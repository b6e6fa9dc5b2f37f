"""Classification by a model of how the examples of each class arise: generative models.

The lecture's three steps ("Classification"): a class C_k has a prior P(C_k), and its examples come
from a distribution P(x | C_k). The best parameters are those that make the training data most
probable (maximum likelihood). Bayes' rule turns the two into the posterior P(C_k | x).

The estimators follow scikit-learn: `fit(X, y)` returns the estimator, `X` has the shape
(n_samples, n_features), `y` has (n_samples,) and holds numbers or texts; the classes are sorted.
Σ is a covariance matrix, ∑ a sum.
"""

import math

import numpy as np
from scipy.linalg import cho_solve, lapack, solve_triangular

from course_lib.logistic import log_softmax
from course_lib.metrics import accuracy, as_labels
from course_lib.validation import (
    as_array,
    as_design,
    as_integer,
    as_number,
    check_fitted,
    check_same_length,
)

# 1 − R² of a feature, given those before it: less, and it counts as a combination of them.
DEPENDENT_BELOW = 1e-10
# Spread over size of a feature: less is rounding of the mean, and it counts as constant.
CONSTANT_BELOW = 1e-12


# --- The normal distribution ---------------------------------------------------------------------


def fit_gaussian(X):
    """The mean μ and the covariance Σ that make the rows of X, shape (n, d), most probable.

    μ = 1/n ∑ xₙ and Σ = 1/n ∑ (xₙ − μ)(xₙ − μ)ᵀ, shapes (d,) and (d, d). They maximise the
    likelihood L(μ, Σ) = Π N(xₙ; μ, Σ). (Dividing by n − 1 would make Σ right on average; maximum
    likelihood divides by n.) Lecture: "Classification", maximum likelihood.
    """
    X = as_design(X)
    mean = X.mean(axis=0)
    deviations = X - mean
    return mean, deviations.T @ deviations / len(X)


def gaussian_log_density(X, mean, covariance):
    """ln N(x; μ, Σ) for each row x of X, shape (n,).

    = −½ (x − μ)ᵀ Σ⁻¹ (x − μ) − ½ ln |Σ| − d/2 ln 2π. With Σ = L Lᵀ (Cholesky) the first term is
    −½ ‖L⁻¹(x − μ)‖², and ½ ln |Σ| is ∑ ln Lᵢᵢ: no inverse, no determinant that overflows.
    ValueError where Σ is singular, with the features that depend on each other.
    """
    names, X = _names_of(X), as_design(X)
    d = X.shape[1]
    mean, covariance = as_array(mean, "mean", ndim=1), as_array(covariance, "covariance", ndim=2)
    if mean.shape != (d,) or covariance.shape != (d, d):
        raise ValueError(
            f"mean and covariance must have shapes ({d},) and ({d}, {d}) as X has {d} features, "
            f"came {mean.shape} and {covariance.shape}"
        )
    rounding = 1e-9 * abs(covariance).max()
    least = np.linalg.eigvalsh(covariance)[0]
    if abs(covariance - covariance.T).max() > rounding or least < -rounding:
        raise ValueError("covariance must be symmetric, with no negative eigenvalue")
    return _log_density(X, mean, _cholesky(covariance, abs(mean), names, "the covariance"))


def _log_density(X, mean, factor):
    in_place = {"overwrite_b": True, "check_finite": False}  # no copy: three times as fast
    whitened = solve_triangular(factor, (X - mean).T, lower=True, **in_place)
    squared_distance = np.einsum("ij,ij->j", whitened, whitened)
    log_normaliser = np.log(factor.diagonal()).sum() + len(mean) / 2 * math.log(2 * math.pi)
    return -squared_distance / 2 - log_normaliser


def _cholesky(covariance, size, names, what, within=""):
    """The lower triangular L with L Lᵀ = Σ; a ValueError that says why where there is none.

    It factorises the matrix of correlations, so that the units do not matter. There the square of
    Lⱼⱼ is 1 − R² of feature j, given the features before it: near 0, it is a combination of them.
    `size` is how large the features are: next to it, the spread of a constant is only rounding.
    """
    lengths = np.sqrt(covariance.diagonal())
    constant = np.flatnonzero(lengths <= CONSTANT_BELOW * size)
    if len(constant):
        name = names[constant[0]]
        raise ValueError(f"{what} is singular: {name} does not vary{within}; leave {name} out")
    correlations = covariance / lengths / lengths[:, None]
    factor, failed = lapack.dpotrf(correlations, lower=True)
    right = failed - 1 if failed else len(lengths)
    weak = np.flatnonzero(factor.diagonal()[:right] ** 2 < DEPENDENT_BELOW)
    dependent = weak[0] if len(weak) else right
    if dependent < len(lengths):
        relation = _relation(factor, correlations, lengths, names, dependent)
        raise ValueError(
            f"{what} is singular: up to a constant, {relation}; leave one of these features out"
        )
    return lengths[:, None] * factor


def _relation(factor, correlations, lengths, names, j):
    """How feature j depends on those before it: "total = hp + attack", the sum on the left."""
    before = slice(0, j)
    slopes = cho_solve((factor[before, before], True), correlations[before, j])
    coefficients = np.append(slopes / lengths[before], -1 / lengths[j])  # ∑ c (x − μ) = 0
    coefficients[abs(coefficients * lengths[: j + 1]) < 1e-4] = 0
    positive, negative = np.flatnonzero(coefficients > 0), np.flatnonzero(coefficients < 0)
    left = positive[0] if len(positive) == 1 < len(negative) else j
    weights = -coefficients / coefficients[left]
    weights[left] = 0
    terms = [_term(weights[i], names[i]) for i in np.flatnonzero(weights)]
    return f"{names[left]} = {' '.join(terms).removeprefix('+ ')}"


def _term(weight, name):
    size = "" if abs(abs(weight) - 1) < 1e-4 else f"{abs(weight):.4g}·"
    return f"{'-' if weight < 0 else '+'} {size}{name}"


# --- Bayes' rule ---------------------------------------------------------------------------------


class BayesClassifier:
    """Bayes' rule: P(C_k | x) = P(x | C_k) P(C_k) / ∑_j P(x | C_j) P(C_j).

    The estimators below are this, with different distributions P(x | C_k): they have
    `predict_joint_log_proba(X)`, ln P(x | C_k) + ln P(C_k) of shape (n, classes).
    """

    def predict_log_proba(self, X):
        """ln P(C_k | x), shape (n, classes), in the order of `classes_`.

        Written with z_k = ln P(x | C_k) P(C_k), Bayes' rule is a softmax: e^(z_k) / ∑_j e^(z_j).
        """
        return log_softmax(self.predict_joint_log_proba(X))

    def predict_proba(self, X):
        """The posteriors P(C_k | x), shape (n, classes): each row sums to 1."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X):
        """The class with the largest posterior, shape (n,)."""
        best = self.predict_joint_log_proba(X).argmax(axis=1)
        return self.classes_[best]

    def score(self, X, y):
        """The accuracy: the share that is classified rightly."""
        return accuracy(y, self.predict(X))

    def _start_fit(self, X, y):
        """Check X and y, set names, classes and priors; return X and the class index of each."""
        columns, names, X, y = _columns_of(X), _names_of(X), as_design(X), as_labels(y)
        check_same_length(X=X, y=y)
        self.feature_names_in_, self.n_features_in_ = names, X.shape[1]
        self._fitted_columns = columns
        self.classes_, index, self.class_count_ = np.unique(
            y, return_inverse=True, return_counts=True
        )
        if len(self.classes_) < 2:
            raise ValueError(f"y must hold at least two classes, came only {y.tolist()[0]!r}")
        self.priors_ = _checked_priors(self.priors, self.class_count_ / len(y))
        return X, index

    def _fitted_design(self, X):
        check_fitted(self, "priors_")
        columns, wanted = _columns_of(X), self._fitted_columns
        if columns is not None and wanted is not None and columns != wanted:
            raise ValueError(f"X must have the columns {wanted}, in this order, came {columns}")
        return as_design(X, self.n_features_in_)


def _columns_of(X):
    """The column names of a DataFrame, None for an array."""
    columns = getattr(X, "columns", None)
    return None if columns is None else [str(name) for name in columns]


def _names_of(X):
    """What the features are called in messages: x0, x1, … where X is an array."""
    d = np.shape(X)[1] if np.ndim(X) == 2 else 0
    return _columns_of(X) or [f"x{i}" for i in range(d)]


def _checked_priors(priors, shares):
    """The shares of the classes in the training data, or else the given priors."""
    if priors is None:
        return shares
    priors = as_array(priors, "priors", ndim=1)
    if priors.shape != shares.shape:
        raise ValueError(f"priors must have one value a class ({len(shares)}), came {len(priors)}")
    if (priors <= 0).any() or abs(priors.sum() - 1) > 1e-9:
        raise ValueError(f"priors must be positive and sum to 1, came {priors.tolist()}")
    return priors


class GaussianClassifier(BayesClassifier):
    """Each class a normal distribution: P(x | C_k) = N(x; μ_k, Σ_k).

    μ_k is the mean of the class. `covariance` says what Σ_k may be, each time the one of maximum
    likelihood; S_k is ∑ (x − μ_k)(x − μ_k)ᵀ over the n_k samples of class k:

    - "own": Σ_k = S_k / n_k. The boundary is a curve of second degree. (scikit-learn:
      `QuadraticDiscriminantAnalysis`)
    - "shared": all classes have Σ = ∑_k S_k / n, the average of their own, weighted by n_k / n.
      The boundary is straight. (`LinearDiscriminantAnalysis`)
    - "diagonal": the off-diagonal of the own Σ_k is set to 0, the features of a class are taken
      as independent: *naive Bayes*. (`GaussianNB`, which adds 1e-9 of the largest variance)

    With `unbiased=True` the division is by n_k − 1, and by n − K for "shared" with K classes: what
    scikit-learn's QDA and its LDA with `solver="svd"` did before version 1.9.
    Without `priors`, P(C_k) = n_k / n; else they are given in the order of `classes_`. (Given
    priors leave the shared Σ alone; scikit-learn's LDA weights it by them.)

    After `fit`: `classes_` (sorted), `priors_`, `means_` (K, d), `covariances_` (K, d, d).
    A singular Σ_k is refused with a ValueError that says which features depend on each other.
    Lecture: "Classification".
    """

    def __init__(self, covariance="own", priors=None, unbiased=False):
        self.covariance = covariance
        self.priors = priors
        self.unbiased = unbiased

    def fit(self, X, y):
        """Find the mean and the covariance of each class."""
        if self.covariance not in ("own", "shared", "diagonal"):
            raise ValueError(
                f"covariance must be 'own', 'shared' or 'diagonal', came {self.covariance!r}"
            )
        X, index = self._start_fit(X, y)
        groups = [X.compress(index == k, axis=0) for k in range(len(self.classes_))]
        self._check_enough_samples()
        own = [fit_gaussian(group) for group in groups]
        self.means_ = np.array([mean for mean, _ in own])
        self.covariances_ = self._constrained(np.array([covariance for _, covariance in own]))
        self._factors = self._cholesky_factors()
        return self

    def _constrained(self, own):
        """From the classes' own S_k / n_k to the covariances that the model allows."""
        n, K = self.class_count_, len(own)
        if self.covariance == "shared":
            shared = np.einsum("k,kij->ij", n, own) / (n.sum() - K * bool(self.unbiased))
            return np.broadcast_to(shared, own.shape).copy()
        own *= (n / (n - bool(self.unbiased)))[:, None, None]
        return own * np.eye(own.shape[1]) if self.covariance == "diagonal" else own

    def _check_enough_samples(self):
        """A class of n_k samples spreads over at most n_k − 1 dimensions."""
        n, K, d = self.class_count_, len(self.classes_), self.n_features_in_
        if self.covariance == "shared":
            few, needed = f"{n.sum()} samples of {K} classes", d + K
            enough = n.sum() >= needed
        else:
            needed = 2 if self.covariance == "diagonal" else d + 1
            few = f"{n.min()} samples of class {self.classes_[n.argmin()]!s}"
            enough = n.min() >= needed
        if not enough:
            raise ValueError(
                f"{few} are too few for {d} features and covariance={self.covariance!r}: "
                f"at least {needed} are needed"
            )

    def _cholesky_factors(self):
        names, sizes, within = self.feature_names_in_, abs(self.means_), " within a class"
        if self.covariance == "shared":
            what, size = "the shared covariance", sizes.max(axis=0)
            factor = _cholesky(self.covariances_[0], size, names, what, within)
            return [factor] * len(sizes)
        classes = zip(self.covariances_, sizes, self.classes_, strict=True)
        return [
            _cholesky(S, size, names, f"the covariance of {name}", within)
            for S, size, name in classes
        ]

    def predict_joint_log_proba(self, X):
        """ln P(x | C_k) + ln P(C_k), shape (n, classes)."""
        X = self._fitted_design(X)
        classes = zip(self.means_, self._factors, self.priors_, strict=True)
        return np.column_stack([_log_density(X, m, L) + math.log(p) for m, L, p in classes])

    def linear_form(self):
        """(w, b) with P(C₁ | x) = σ(w·x + b), σ(z) = 1 / (1 + e⁻ᶻ), for two classes that share Σ.

        w = Σ⁻¹ (μ₁ − μ₂) and b = −½ μ₁ᵀΣ⁻¹μ₁ + ½ μ₂ᵀΣ⁻¹μ₂ + ln (P(C₁) / P(C₂)). The lecture's C₁
        is `classes_[1]` here and its C₂ is `classes_[0]`, so that w has the sign of scikit-learn's
        `coef_`. ValueError with more classes, or with covariances that differ.
        """
        if self.covariance != "shared":
            raise ValueError(f"linear_form needs covariance='shared', came {self.covariance!r}")
        check_fitted(self, "priors_")
        if len(self.classes_) != 2:
            raise ValueError(f"linear_form needs two classes, came {len(self.classes_)}")
        mean_2, mean_1 = self.means_
        solve = (self._factors[0], True)
        w = cho_solve(solve, mean_1 - mean_2)
        b = -(mean_1 + mean_2) @ w / 2 + math.log(self.priors_[1] / self.priors_[0])
        return w, b

    def sample(self, n, seed=0):
        """Draw n new examples from the model, (X, y): a class by its prior, then x from N(μ, Σ)."""
        check_fitted(self, "priors_")
        n, random = as_integer(n, "n", 1), np.random.default_rng(seed)
        index = random.choice(len(self.classes_), size=n, p=self.priors_)
        noise = random.standard_normal((n, self.n_features_in_))
        spread = np.einsum("nij,nj->ni", np.array(self._factors)[index], noise)
        return self.means_[index] + spread, self.classes_[index]


class BernoulliNaiveBayes(BayesClassifier):
    """Naive Bayes for yes/no features: P(x | C_k) = Π pᵢ^xᵢ (1 − pᵢ)^(1 − xᵢ), pᵢ = P(xᵢ=1 | C_k).

    Maximum likelihood says pᵢ = (count of 1) / n_k. Then a feature that a class has never shown
    would veto that class for ever, whatever the others say. So each answer is counted `alpha`
    times more than it was seen: pᵢ = (count + α) / (n_k + 2α), α > 0 (α = 1: Laplace). It equals
    scikit-learn's `BernoulliNB`. After `fit`: `classes_`, `priors_`, `probabilities_` (K, d).
    """

    def __init__(self, alpha=1.0, priors=None):
        self.alpha = alpha
        self.priors = priors

    def fit(self, X, y):
        """Count. X, shape (n, d), holds 0 and 1, or False and True."""
        alpha = as_number(self.alpha, "alpha", above=0)
        X, index = self._start_fit(X, y)
        _check_yes_no(X)
        ones = np.array([X[index == k].sum(axis=0) for k in range(len(self.classes_))])
        self.probabilities_ = (ones + alpha) / (self.class_count_[:, None] + 2 * alpha)
        return self

    def predict_joint_log_proba(self, X):
        """ln P(C_k) + ∑ᵢ xᵢ ln pᵢ + (1 − xᵢ) ln (1 − pᵢ), shape (n, classes)."""
        X = self._fitted_design(X)
        _check_yes_no(X)
        yes, no = np.log(self.probabilities_), np.log1p(-self.probabilities_)
        return X @ yes.T + (1 - X) @ no.T + np.log(self.priors_)

    def linear_form(self):
        """(w, b) with P(C₁ | x) = σ(w·x + b) for two classes, as `GaussianClassifier.linear_form`.

        With logit(p) = ln (p / (1 − p)), wᵢ = logit(pᵢ of C₁) − logit(pᵢ of C₂), and
        b = ∑ᵢ ln ((1 − pᵢ of C₁) / (1 − pᵢ of C₂)) + ln (P(C₁) / P(C₂)); C₁ is `classes_[1]`.
        """
        check_fitted(self, "priors_")
        if len(self.classes_) != 2:
            raise ValueError(f"linear_form needs two classes, came {len(self.classes_)}")
        yes, no = np.log(self.probabilities_), np.log1p(-self.probabilities_)
        w_2, w_1 = yes - no
        b_2, b_1 = no.sum(axis=1) + np.log(self.priors_)
        return w_1 - w_2, b_1 - b_2


def _check_yes_no(X):
    if not ((X == 0) | (X == 1)).all():
        odd = X[(X != 0) & (X != 1)][0]
        raise ValueError(f"X must hold only 0 and 1 (no and yes), came {odd:g}")
