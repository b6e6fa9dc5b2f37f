"""Linear regression: fitting it, making it richer, holding it back, and judging it.

The three steps of the lecture ("Regression"): a set of functions ŷ = b + w·x, a loss
L(w, b) = Σ (y − ŷ)², and the best function of the set. Then what follows from it: polynomial
features, regularisation, cross-validation, and where the error comes from (bias and variance).

The estimators follow scikit-learn: `fit(X, y)` returns the estimator, `X` has the shape
(n_samples, n_features), `y` has (n_samples,) or (n_samples, n_targets).
"""

import copy
import math
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from scipy.linalg import lapack

from course_lib.validation import (
    as_array,
    as_design,
    as_integer,
    as_number,
    check_broadcast,
    check_fitted,
    check_same_length,
    check_same_shape,
)

# Both are values of 1 / cond(XᵀX), between 0 (singular) and 1 (orthogonal columns).
REFINE_BELOW = 1e-2
SVD_BELOW = 1e-6


# --- The loss ----------------------------------------------------------------------------------


def squared_error(w, b, x, y):
    """L(w, b) = Σ (y − (b + w x))², the lecture's loss of the line b + w x: a sum, not a mean.

    `x` and `y` have shape (n,). `w` and `b` are numbers, or arrays that broadcast with each other:
    grids of shape (k, m) give the loss surface, of shape (k, m), in one call.
    """
    errors = _errors_of_line(w, b, x, y)[0]
    loss = np.einsum("...n,...n", errors, errors)
    return float(loss) if loss.ndim == 0 else loss


def squared_error_gradient(w, b, x, y):
    """The two partial derivatives of `squared_error`.

    ∂L/∂w = −2 Σ x (y − (b + w x)) and ∂L/∂b = −2 Σ (y − (b + w x)), as a pair, each a number or
    an array of the shape to which `w` and `b` broadcast.
    """
    errors, x = _errors_of_line(w, b, x, y)
    return -2 * (errors @ x), -2 * errors.sum(axis=-1)


def line_objective(x, y):
    """The loss of the line b + w x and its gradient, as functions of one point (w, b).

    That is the form in which an optimizer wants them: `loss(point)` is `squared_error`, and
    `gradient(point)` is the array (∂L/∂w, ∂L/∂b).
    """

    def loss(point):
        return squared_error(*point, x, y)

    def gradient(point):
        return np.array(squared_error_gradient(*point, x, y))

    return loss, gradient


def linear_objective(X, y):
    """L(w) = 1/(2n) ‖y − X w‖² and its gradient, on all samples or on a mini-batch of them.

    X has the shape (n, d), y and w (n,) and (d,). `gradient(w, batch)` is the mean over the samples
    whose indices are in `batch`; without it, over all: −1/n Xᵀ(y − X w).
    """
    X, y = as_design(X), as_array(y, "y", ndim=1)
    check_same_length(X=X, y=y)

    def loss(w):
        errors = y - X @ w
        return errors @ errors / (2 * len(y))

    def gradient(w, batch=slice(None)):
        X_batch = X[batch]
        return X_batch.T @ (X_batch @ w - y[batch]) / len(X_batch)

    return loss, gradient


def _errors_of_line(w, b, x, y):
    x, y = as_array(x, "x", ndim=1), as_array(y, "y", ndim=1)
    w, b = as_array(w, "w"), as_array(b, "b")
    check_same_length(x=x, y=y)
    check_broadcast(w=w, b=b)
    return y - (b[..., None] + w[..., None] * x), x


def mean_squared_error(y, prediction):
    """The mean of (y − prediction)² over all values; both must have the same shape."""
    y, prediction = as_array(y, "y"), as_array(prediction, "prediction")
    check_same_shape(y=y, prediction=prediction)
    return float(np.mean((y - prediction) ** 2))


def root_mean_squared_error(y, prediction):
    """√ of `mean_squared_error`: how far off a prediction typically is, in the units of y."""
    return math.sqrt(mean_squared_error(y, prediction))


def r_squared(y, prediction):
    """R² = 1 − Σ (y − prediction)² / Σ (y − ȳ)²: 1 is perfect, 0 no better than the mean of y.

    With several targets, shape (n, targets), it is the average of their R². A `y` that does not
    vary has no R²: ValueError.
    """
    y, prediction = as_array(y, "y"), as_array(prediction, "prediction")
    check_same_shape(y=y, prediction=prediction)
    if (np.ptp(y, axis=0) == 0).any():
        raise ValueError("y must vary: R² is not defined for a constant y")
    spread = ((y - y.mean(axis=0)) ** 2).sum(axis=0)
    return float(np.mean(1 - ((y - prediction) ** 2).sum(axis=0) / spread))


# --- The best function of the set --------------------------------------------------------------


def least_squares(X, y, alpha=0.0):
    """The weights w that minimise ‖y − X w‖² + α‖w‖², for float arrays, without intercept.

    X has shape (n, d), y (n,) or (n, targets), the result (d,) or (d, targets). (The estimators
    below check their input and care for the intercept.)

    Where the gradient is zero, (XᵀX + αI) w = Xᵀy: the *normal equations*. Cholesky solves them
    fast, but XᵀX has the condition number cond(X)², and the rounding error grows with it. So the
    reciprocal condition number of XᵀX + αI chooses the way (LAPACK's `pocon` estimates it, with
    the columns scaled to length 1, since Cholesky does not feel their lengths):

    - down to `REFINE_BELOW`, cond(X) up to about 10: Cholesky alone.
    - down to `SVD_BELOW`, cond(X) up to about 1000: Cholesky, and one step of refinement, which
      solves again for the errors y − X w that are left. About eleven digits or more are right.
    - less: `numpy.linalg.lstsq`, a singular value decomposition of X, its columns scaled to one
      size: several times slower, but it never forms XᵀX. Where X has not full rank (n < d, copies
      of a column), it gives the solution with the smallest ‖w‖; then the units of X matter.

    Source: Björck 1996, "Numerical Methods for Least Squares Problems".
    """
    targets = y.reshape(len(y), -1)
    with np.errstate(over="ignore"):  # an XᵀX that overflows is left to the SVD
        solve, reciprocal_condition = _cholesky(X.T @ X + alpha * np.eye(X.shape[1]))
    if reciprocal_condition < SVD_BELOW:
        weights = _least_squares_by_svd(X, targets, alpha)
    else:
        weights = solve(X.T @ targets)
        if reciprocal_condition < REFINE_BELOW:
            weights += solve(X.T @ (targets - X @ weights) - alpha * weights)
    return weights.reshape(-1, *y.shape[1:])


def _cholesky(gram):
    """A function that solves gram · w = v, and 1 / cond(gram), which is 0 where there is none."""
    lengths = np.sqrt(gram.diagonal())[:, None]
    if not ((lengths > 1e-150) & (lengths < 1e150)).all():  # their squares would lose digits
        return None, 0.0
    scaled = gram / (lengths * lengths.T)
    factor, failed = lapack.dpotrf(scaled)
    if failed:
        return None, 0.0
    reciprocal_condition, _ = lapack.dpocon(factor, abs(scaled).sum(axis=0).max())
    return lambda v: lapack.dpotrs(factor, v / lengths)[0] / lengths, reciprocal_condition


def _least_squares_by_svd(X, targets, alpha):
    """The same weights by `lstsq`. The penalty is d more samples: the rows of √α·I, targets 0."""
    d = X.shape[1]
    if alpha > 0:
        X = np.vstack([X, np.sqrt(alpha) * np.eye(d)])
        targets = np.vstack([targets, np.zeros((d, targets.shape[1]))])
    sizes = np.exp2(np.frexp(abs(X).max(axis=0))[1] - 1)  # powers of 2: dividing rounds nothing
    weights, _, rank, _ = np.linalg.lstsq(X / sizes, targets, rcond=None)
    if rank < d:  # which of many solutions is the smallest depends on the units: take X as it is
        return np.linalg.lstsq(X, targets, rcond=None)[0]
    return weights / sizes[:, None]


def _centered(values):
    """The mean of the rows, and the rows minus it: exactly 0 in a column that is constant."""
    deviations = values - values[0]
    shift = deviations.sum(axis=0) / len(values)
    return values[0] + shift, deviations - shift


class LinearRegression:
    """Ordinary least squares: ŷ = X w + b with the smallest Σ (y − ŷ)².

    After `fit`, `coef_` is w, of shape (n_features,), and `intercept_` is b; for a `y` of shape
    (n, targets) they have shapes (targets, n_features) and (targets,): many data sets that share
    one X are fitted in one solve. `least_squares` tells how the weights are found.

    The intercept needs no column of ones: the best b makes the errors sum to zero, so
    b = ȳ − x̄·w, and w is the least-squares solution for the centred data X − x̄, y − ȳ.
    """

    alpha = 0.0

    def __init__(self, fit_intercept=True):
        self.fit_intercept = fit_intercept

    def fit(self, X, y):
        """Find w and b for X of shape (n, d) and y of shape (n,) or (n, targets)."""
        X, y = as_design(X), as_array(y, "y", ndim=(1, 2))
        check_same_length(X=X, y=y)
        alpha = as_number(self.alpha, "alpha", minimum=0)
        if self.fit_intercept:
            (x_mean, X), (y_mean, y) = _centered(X), _centered(y)
            weights = least_squares(X, y, alpha)
            self.intercept_ = y_mean - x_mean @ weights
        else:
            weights = least_squares(X, y, alpha)
            self.intercept_ = 0.0
        self.coef_ = weights.T
        return self

    def predict(self, X):
        """ŷ = X w + b, of shape (n,) or (n, targets)."""
        check_fitted(self, "coef_")
        return as_design(X, self.coef_.shape[-1]) @ self.coef_.T + self.intercept_

    def score(self, X, y):
        """R² of the predictions, see `r_squared`."""
        return r_squared(y, self.predict(X))


class Ridge(LinearRegression):
    """Linear regression with L2 regularisation: the smallest Σ (y − ŷ)² + λ‖w‖²; λ is `alpha`.

    Small weights make a smooth function: where the input moves by Δx, the output moves by w·Δx,
    so noise in the input counts less. The bias b is not in the penalty: it moves the
    function up and down and does not change how smooth it is. (A penalty on b would
    only pull the predictions towards zero, and the fit would depend on where y has its zero.)

    The loss is a sum: the same λ weighs less the more samples there are. The penalty
    depends on the units of the features: standardise them first. λ = 0 is ordinary least squares.
    Lecture: "Regression", back to step 2.
    """

    def __init__(self, alpha=1.0, fit_intercept=True):
        super().__init__(fit_intercept)
        self.alpha = alpha


# --- Richer features ---------------------------------------------------------------------------


def polynomial_features(x, degree):
    """All monomials of the features up to `degree`, without the constant 1.

    `x` of shape (n,) or (n, 1) gives the powers x, x², …, x^degree, shape (n, degree). `x` of
    shape (n, d) gives x₁, …, x_d, x₁², x₁x₂, …: lower degrees first, as scikit-learn's
    `PolynomialFeatures(degree, include_bias=False)`. Raises ValueError where a power overflows.
    """
    X = _as_column(x)
    columns = {(): np.ones(len(X))}
    with np.errstate(over="ignore"):
        for size in range(1, as_integer(degree, "degree", minimum=1) + 1):
            for factors in combinations_with_replacement(range(X.shape[1]), size):
                columns[factors] = columns[factors[:-1]] * X[:, factors[-1]]
    features = np.array(list(columns.values())[1:]).T
    if not np.isfinite(features).all():
        raise ValueError(f"x is too large, powers up to {degree} overflow: standardise x first")
    return features


class StandardScaler:
    """z = (x − mean) / standard deviation, feature by feature: mean 0, standard deviation 1.

    `mean_` and `scale_` are learnt by `fit` from the training data alone. The standard deviation
    is the plain one (divided by n). A constant feature has scale 1, so that it becomes 0.
    """

    def fit(self, X, y=None):
        """Learn the mean and the scale of each feature of X, shape (n, d); `y` is not used."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X, y=None):
        """`fit(X)` and `transform(X)` in one pass."""
        X = as_design(X)
        self.mean_, deviations = _centered(X)
        scale = np.sqrt(np.einsum("ij,ij->j", deviations, deviations) / len(X))
        self.scale_ = np.where(scale == 0, 1.0, scale)
        return deviations / self.scale_

    def transform(self, X):
        """(X − mean_) / scale_."""
        check_fitted(self, "mean_")
        return (as_design(X, len(self.mean_)) - self.mean_) / self.scale_


class Polynomial:
    """A polynomial of the input, fitted by least squares, with a ridge penalty `alpha` (λ) or none.

    Input → standardise → powers 1 … degree → standardise → `Ridge(alpha)`.

    The input is standardised since CP goes up to 1000, and its fifth power to 10¹⁵: no penalty
    and no solver suits columns that differ so much. The powers are standardised again since λ
    compares weights: with z up to 3, z⁵ reaches 243, so a small weight would do much and pay
    little, and λ would spare just the highest powers. With a standard deviation of 1, each
    power pays the same price.

    `coef_` has one weight a standardised power, in units of y; `intercept_` is the mean of y.
    """

    def __init__(self, degree, alpha=0.0):
        self.degree = degree
        self.alpha = alpha

    def fit(self, x, y):
        """Fit to x of shape (n,) or (n, 1) and y of shape (n,) or (n, targets)."""
        x = _as_column(x)
        self.input_scaler_, self.power_scaler_ = StandardScaler(), StandardScaler()
        powers = polynomial_features(self.input_scaler_.fit_transform(x), self.degree)
        self.model_ = Ridge(self.alpha).fit(self.power_scaler_.fit_transform(powers), y)
        self.coef_, self.intercept_ = self.model_.coef_, self.model_.intercept_
        return self

    def predict(self, x):
        """The value of the polynomial at x, of shape (n,) or (n, 1)."""
        check_fitted(self, "model_")
        z = self.input_scaler_.transform(_as_column(x))
        powers = polynomial_features(z, self.degree)
        return self.model_.predict(self.power_scaler_.transform(powers))

    def score(self, x, y):
        """R² of the predictions, see `r_squared`."""
        return r_squared(y, self.predict(x))


def _as_column(x):
    x = as_array(x, "x", ndim=(1, 2))
    return x[:, None] if x.ndim == 1 else x


def indicators(labels, categories=None):
    """δ(label = category): 1.0 where a sample belongs to the category, else 0.0; shape (n, k).

    `categories` fixes the columns and their order; without it they are the sorted labels.
    Raises ValueError for a label that is none of the categories.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.size == 0:
        raise ValueError(f"labels must be 1-dimensional, not empty, came shape {labels.shape}")
    categories = np.unique(labels) if categories is None else np.asarray(categories)
    table = labels[:, None] == categories
    if not (table.sum(axis=1) == 1).all():
        odd = labels[table.sum(axis=1) != 1][0]
        raise ValueError(f"each label must be one of {categories.tolist()}, once, came {odd!r}")
    return table.astype(float)


def lines_per_category(x, labels, categories=None):
    """The design matrix of one line a category: columns δ_s, then x·δ_s; shape (n, 2k).

    y = Σ_s δ(label = s) (b_s + w_s x) is linear in the b_s and w_s, so one linear model fits
    all the lines at once. Use `fit_intercept=False`: the δ_s are the intercepts already. `coef_`
    is then b_1 … b_k, w_1 … w_k. Lecture: "Regression", the hidden factor "species".
    """
    x = as_array(x, "x", ndim=1)
    table = indicators(labels, categories)
    check_same_length(x=x, labels=table)
    return np.hstack([table, x[:, None] * table])


# --- Which model is best? ----------------------------------------------------------------------


def training_and_test_error(model, training, test):
    """Fit a copy of the model to `training`; its root mean squared errors on both: a pair.

    `training` and `test` are pairs (X, y). Both errors are in the units of y.
    """
    fitted = copy.deepcopy(model).fit(*training)
    return tuple(root_mean_squared_error(y, fitted.predict(X)) for X, y in (training, test))


def error_table(models, training_sets, test):
    """`training_and_test_error` of every model on every training set, against the same test set.

    Shape (training sets, models, 2): `error_table(…)[:, :, 1]` are the test errors.
    """
    return np.array(
        [[training_and_test_error(m, training, test) for m in models] for training in training_sets]
    )


def k_fold(n, k, seed=None):
    """Cut n samples into k folds: a list of k pairs (train_index, validation_index).

    Each sample is validated once. The first n mod k folds have one sample more. Without a seed
    the folds are consecutive, as scikit-learn's `KFold(k)`; with one the samples are shuffled.
    """
    n, k = as_integer(n, "n", minimum=2), as_integer(k, "k", minimum=2)
    if k > n:
        raise ValueError(f"k must be at most n = {n}, came {k}")
    order = np.arange(n) if seed is None else np.random.default_rng(seed).permutation(n)
    folds = np.array_split(order, k)
    return [(np.concatenate(folds[:i] + folds[i + 1 :]), folds[i]) for i in range(k)]


def holdout(n, fraction=0.3, seed=0):
    """Put a random `fraction` of n samples aside: (train_index, validation_index)."""
    n, fraction = as_integer(n, "n", minimum=2), as_number(fraction, "fraction", above=0)
    held_out = round(n * fraction)
    if not 1 <= held_out < n:
        raise ValueError(f"fraction must leave samples on both sides of n = {n}, came {fraction:g}")
    order = np.random.default_rng(seed).permutation(n)
    return order[held_out:], order[:held_out]


def cross_validate(model, X, y, folds):
    """The mean squared error on each fold's validation part, after a fit on its training part.

    `folds` is a list of pairs (train_index, validation_index), as `k_fold` gives; the result
    has one error a fold. The work is done on a copy of the model.
    """
    X, y, folds = as_array(X, "X"), as_array(y, "y"), list(folds)
    check_same_length(X=X, y=y)
    for index in (index for fold in folds for index in fold):
        if np.max(index, initial=0) >= len(y) or np.min(index, initial=0) < 0:
            raise ValueError(f"folds must hold indices from 0 to {len(y) - 1}, came others")
    if not folds:
        raise ValueError("folds must not be empty")
    model = copy.deepcopy(model)
    errors = [
        mean_squared_error(y[validation], model.fit(X[train], y[train]).predict(X[validation]))
        for train, validation in folds
    ]
    return np.array(errors)


def best_by_validation(models, X, y, folds):
    """The index of the model with the smallest average validation error over the folds."""
    if not len(models):
        raise ValueError("models must not be empty")
    folds = list(folds)  # for every model the same, also where they come from a generator
    return int(np.argmin([cross_validate(model, X, y, folds).mean() for model in models]))


# --- Where does the error come from? -----------------------------------------------------------


@dataclass(frozen=True, eq=False)
class BiasVariance:
    """What `split_error` found; errors are in squared units of y, averaged over the points x."""

    predictions: np.ndarray  # (universes, m): one fitted function a row
    mean: np.ndarray  # (m,): the average of the fitted functions, f̄(x)
    bias_squared: float  # mean of (f̄(x) − f*(x))²
    variance: float  # mean of the variance of f(x) over the universes
    noise: float  # mean of the variance of y around f*(x)
    measured_error: float  # mean of (y − f(x))² for fresh y
    standard_error: float  # of measured_error − expected_error, over the points x

    @property
    def expected_error(self):
        """bias² + variance + noise."""
        return self.bias_squared + self.variance + self.noise


def bias_variance(model, draw, x, truth, noise_variance=0.0, universes=100, seed=0, y=None):
    """Fit `model` in many parallel universes and split its error: bias² + variance + noise.

    `draw(random)` returns the training set (X, y) of one universe, made with the
    `numpy.random.Generator` that it is given. The fits are judged at the points `x`, shape
    (m, d) or whatever the model predicts from, where the true function f* has the values `truth`,
    shape (m,), and where y has the variance `noise_variance`, a number or shape (m,).
    `split_error` tells what is computed from the fits, and what `y` and `seed` are.

    The same seed gives the same training sets to every model. Lecture: "Where does the error come
    from".
    """
    truth = as_array(truth, "truth", ndim=1)
    noise_variance = _noise_at(noise_variance, truth)
    universes = as_integer(universes, "universes", minimum=2)
    check_same_length(x=x, truth=truth)
    training, targets = np.random.default_rng(seed).spawn(2)
    model = copy.deepcopy(model)
    fits = (model.fit(*_universe(draw, training)) for _ in range(universes))
    predictions = [as_array(fit.predict(x), "prediction", ndim=1) for fit in fits]
    return split_error(predictions, truth, noise_variance, seed=targets, y=y)


def split_error(predictions, truth, noise_variance=0.0, seed=0, y=None):
    """Split the error of fits f, one a universe: bias² + variance + noise, a `BiasVariance`.

    `predictions` are the fits' values at m points, shape (universes, m); there the true function
    f* has the values `truth`, shape (m,), and y the variance `noise_variance`, a number or (m,).

    With f̄ the average fit, bias² is the mean of (f̄ − f*)², and the variance is the mean of
    (f − f̄)², divided by the number U of universes, not U − 1. So bias² + variance is *exactly* the
    mean of (f − f*)² over these universes. (With infinitely many, f̄ would be known exactly; with
    U of them, about variance / U is counted as bias²: it matters where the variance is large.)

    The measured error is the mean of (y − f)² over all fits, for fresh targets `y` at the points,
    shape (m,). It equals the sum up to chance if f* and the noise are what they are said to be.
    Without `y`, Gaussian targets f* + noise are drawn, others in each universe, with `seed`.
    """
    truth = as_array(truth, "truth", ndim=1)
    noise_variance = _noise_at(noise_variance, truth)
    predictions = as_array(predictions, "predictions", ndim=2)
    as_integer(len(predictions), "the number of predictions", minimum=2)
    check_same_shape(truth=truth, prediction=predictions[0])
    if y is None:
        chance = np.random.default_rng(seed).standard_normal(predictions.shape)
        y = truth + np.sqrt(noise_variance) * chance
    else:
        y = as_array(y, "y", ndim=1)
        check_same_shape(truth=truth, y=y)
    errors, distances = (y - predictions) ** 2, (truth - predictions) ** 2
    difference = (errors - distances).mean(axis=0) - noise_variance
    mean = predictions.mean(axis=0)
    return BiasVariance(
        predictions=predictions,
        mean=mean,
        bias_squared=float(((mean - truth) ** 2).mean()),
        variance=float(predictions.var(axis=0).mean()),
        noise=float(noise_variance.mean()),
        measured_error=float(errors.mean()),
        standard_error=float(difference.std(ddof=1) / np.sqrt(len(truth))),
    )


def _universe(draw, random):
    training_set = draw(random)
    if not (isinstance(training_set, tuple) and len(training_set) == 2):
        raise TypeError(f"draw must return a pair (X, y), came {type(training_set).__name__}")
    return training_set


def _noise_at(noise_variance, truth):
    noise_variance = as_array(noise_variance, "noise_variance", ndim=(0, 1))
    if (noise_variance < 0).any():
        raise ValueError(f"noise_variance must not be negative, came {noise_variance.min():g}")
    if noise_variance.ndim:
        check_same_length(noise_variance=noise_variance, truth=truth)
    return np.broadcast_to(noise_variance, truth.shape)
