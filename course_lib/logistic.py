"""Logistic regression: probabilities from a weighted sum, and what one such unit cannot do.

The three steps of the lecture ("Logistic Regression"): the functions f(x) = σ(w·x + b), the
cross-entropy as the loss, and the best function of the set, by Newton's method or by gradient
descent. Then more than two classes (softmax), the perceptron, and two layers of such units.

The estimators follow scikit-learn: `X` has the shape (n_samples, n_features), `y` holds n_samples
class labels of any kind, `coef_` and `intercept_` have scikit-learn's shapes.
"""

import math

import numpy as np
import scipy.linalg
import scipy.optimize

from course_lib.linear_models import StandardScaler, indicators
from course_lib.metrics import accuracy, as_labels
from course_lib.optimizers import SGD, Trace, minimize
from course_lib.validation import (
    as_array,
    as_design,
    as_integer,
    as_number,
    check_broadcast,
    check_fitted,
    check_same_length,
)

# The most unknown weights for which Newton's matrix of second derivatives is formed.
LARGEST_HESSIAN = 2000

# --- From numbers to probabilities -------------------------------------------------------------


def sigmoid(z):
    """σ(z) = 1 / (1 + e^(−z)): any number becomes one between 0 and 1; z may have any shape.

    e^(−z) overflows for z = −800. So e is only raised to −|z|: for z < 0 the fraction is
    multiplied by e^z above and below, σ(z) = e^z / (1 + e^z).
    """
    z = as_array(z, "z")
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, e) / (1 + e)


def softmax(z, axis=-1):
    """softmax(z)ᵢ = e^(zᵢ) / Σⱼ e^(zⱼ) along an axis: positive numbers that sum to 1.

    The largest z is subtracted first. That multiplies numerator and denominator by the same
    e^(−max z), so the result is the same, and no power is larger than e⁰ = 1.
    """
    z = _as_scores(z, axis)
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def log_softmax(z, axis=-1):
    """ln softmax(z)ᵢ = zᵢ − ln Σⱼ e^(zⱼ), exact also where softmax(z)ᵢ is too small to hold."""
    z = _as_scores(z, axis)
    z = z - z.max(axis=axis, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


def _as_scores(z, axis):
    z, axis = as_array(z, "z"), as_integer(axis, "axis", minimum=-math.inf)
    if not -z.ndim <= axis < z.ndim:
        raise ValueError(f"z must have the axis {axis}, came an array of shape {z.shape}")
    return z


# --- How far is one distribution from another? -------------------------------------------------


def cross_entropy(p, q):
    """H(p, q) = −Σᵢ pᵢ ln qᵢ, over the last axis: `p` is the truth, `q` the model.

    The unit is the nat: 1 nat = 1/ln 2 = 1.44 bits. `p` and `q` are distributions, shape (k,), or
    rows of them, shape (n, k), and broadcast. Where pᵢ = 0 the term is 0; where qᵢ = 0 and pᵢ > 0
    the result is ∞: what "cannot happen" happened.
    """
    p, q = _as_distribution(p, "p"), _as_distribution(q, "q")
    _check_same_classes(p=p, q=q)
    with np.errstate(divide="ignore"):  # ln 0 = −∞ is meant
        return 0.0 - _expected(p, np.log(q))


def entropy(p):
    """H(p) = −Σᵢ pᵢ ln pᵢ, in nats: the least cross-entropy that any q can have against p."""
    return cross_entropy(p, p)


def kl_divergence(p, q):
    """KL(p ‖ q) = H(p, q) − H(p) = Σᵢ pᵢ ln(pᵢ / qᵢ) ≥ 0, and 0 only where q = p.

    (With rounding also where q is within about 1e-8 of p.) Arguments as in `cross_entropy`.
    """
    p, q = _as_distribution(p, "p"), _as_distribution(q, "q")
    _check_same_classes(p=p, q=q)
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 ln 0 is left out, 1 ln(1/0) = ∞
        return np.maximum(_expected(p, np.log(p) - np.log(q)), 0.0)


def cross_entropy_from_logits(p, z):
    """H(p, softmax(z)) over the last axis, without ever forming a softmax that rounds to 0.

    `p` holds the true distributions, mostly one-hot rows, `z` the logits. Its derivative by z is
    softmax(z) − p. (PyTorch's `cross_entropy(z, p)` takes the logits first and averages.)
    """
    p, z = _as_distribution(p, "p"), _as_scores(z, -1)
    _check_same_classes(p=p, z=z)
    return -(p * log_softmax(z)).sum(axis=-1)


def _as_distribution(values, name):
    p = as_array(values, name)
    if p.ndim == 0 or (p < 0).any() or (np.abs(p.sum(axis=-1) - 1) > 1e-8).any():
        raise ValueError(f"{name} must be probabilities that sum to 1 in each row, came {values}")
    return p


def _check_same_classes(**rows):
    widths = [row.shape[-1] for row in rows.values()]
    if len(set(widths)) > 1:
        raise ValueError(
            f"{' and '.join(rows)} must have the same number of classes, "
            f"came {' and '.join(map(str, widths))}"
        )
    check_broadcast(**rows)


def _expected(p, values):
    """Σᵢ pᵢ valuesᵢ over the last axis; what never happens, pᵢ = 0, adds nothing, not even ∞."""
    terms = np.zeros(np.broadcast_shapes(p.shape, values.shape))
    np.multiply(p, values, where=p > 0, out=terms)
    return terms.sum(axis=-1)


# --- The losses of one logistic unit -----------------------------------------------------------


def logistic_objective(X, y, alpha=0.0):
    """The loss of logistic regression, its gradient and its Hessian, as functions of one point.

    X has shape (n, d), y holds 0 or 1, a point is (w₁, …, w_d, b). With z = X w + b, f = σ(z):

    - loss      L = −Σ [y ln f + (1 − y) ln(1 − f)] + α/2 ‖w‖² = Σ [ln(1 + e^z) − y z] + α/2 ‖w‖²
    - gradient  ∂L/∂w = −Σ (y − f) x + α w,  ∂L/∂b = −Σ (y − f)
    - Hessian   Σ f (1 − f) x xᵀ + α I (the bias is the weight of a feature 1, with α = 0)

    Loss and gradient also take points of shape (…, d + 1): a grid of points gives the loss surface.
    `alpha` is one number, or one for each weight; the bias is never penalised. (The lecture writes
    ŷ for the label.) Lecture: "Logistic Regression", steps 2 and 3.
    """
    X, y, alpha = _checked_objective(X, y, alpha)

    def loss(point):
        z = _linear(X, point)
        return (np.logaddexp(0, z) - y * z).sum(axis=-1) + (alpha * point**2).sum(axis=-1) / 2

    def gradient(point):
        return (sigmoid(_linear(X, point)) - y) @ X + alpha * point

    def hessian(point):
        f = sigmoid(_linear(X, point))
        rows = np.sqrt(f * (1 - f))[:, None] * X
        return rows.T @ rows + np.diag(alpha)

    return loss, gradient, hessian


def squared_error_objective(X, y):
    """The loss Σ (y − σ(z))² of one logistic unit and its gradient: what *not* to minimise.

    ∂L/∂w = −2 Σ (y − f) f (1 − f) x: the factor f (1 − f) is nearly 0 wherever the unit is sure,
    also where it is surely wrong. Arguments and points as in `logistic_objective`.
    Lecture: "Logistic Regression + Square Error".
    """
    X, y, _ = _checked_objective(X, y, 0.0)

    def loss(point):
        return ((y - sigmoid(_linear(X, point))) ** 2).sum(axis=-1)

    def gradient(point):
        f = sigmoid(_linear(X, point))
        return (-2 * (y - f) * f * (1 - f)) @ X

    return loss, gradient


def _checked_objective(X, y, alpha):
    X, y = as_design(X), as_array(y, "y", ndim=1)
    check_same_length(X=X, y=y)
    if not np.isin(y, (0, 1)).all():
        raise ValueError(f"y must hold only 0 and 1, came {np.unique(y)[:5].tolist()}")
    return _with_ones(X), y, _penalty(alpha, X.shape[1])


def _penalty(alpha, features):
    """The α of each weight, and 0 for the bias, shape (features + 1,)."""
    alpha = as_array(alpha, "alpha", ndim=(0, 1))
    if (alpha < 0).any() or alpha.size not in (1, features):
        raise ValueError(f"alpha must be one number ≥ 0, or {features} of them, came {alpha}")
    return np.append(np.broadcast_to(alpha, features), 0.0)


def _with_ones(X):
    return np.column_stack([X, np.ones(len(X))])


def _linear(X, point):
    """z = X w + b, shape (…, n), at points (w, b) of shape (…, d + 1); X has its column of ones."""
    _check_point(point, X.shape[1])
    return point @ X.T


def _check_point(point, size):
    if np.shape(point)[-1:] != (size,):
        raise ValueError(
            f"a point must hold {size} weights and biases, came an array of shape {np.shape(point)}"
        )


# --- The best function: Newton's method --------------------------------------------------------


@np.errstate(over="ignore", invalid="ignore")  # divergence is told in the trace
def newton(function, gradient, hessian, start, steps=100, tolerance=1e-16, damped=True):
    """Newton's method, θ ← θ − t H⁻¹ g, for a convex function: a `Trace`, as from `minimize`.

    Each step goes to the lowest point of the parabola that has the function's value, gradient g
    and Hessian H here. `damped` halves t, from 1, until the loss falls by at least a quarter of
    what the slope promises (Armijo's rule): far from the minimum the parabola is only a guess.

    The walk ends, converged, where another step promises to gain less than `tolerance`. That
    promise, gᵀH⁻¹g / 2, does not depend on the units of the features. (It is made with the H of
    the step before, which hardly changes any more.) It ends, diverged, where H has vanished or
    the next loss would be infinite.

    For logistic regression one step solves a least-squares problem with the weights f (1 − f):
    *iteratively reweighted least squares*, IRLS. Sources: Boyd & Vandenberghe 2004, "Convex
    Optimization", 9.5; Bishop 2006, "Pattern Recognition and Machine Learning", 4.3.3.
    """
    points, converged, diverged = [as_array(start, "start", ndim=1)], False, False
    tolerance = as_number(tolerance, "tolerance", minimum=0)
    losses, slope = [float(function(points[0]))], gradient(points[0])
    if not math.isfinite(losses[0]):
        raise ValueError(f"start must have a finite loss, function(start) is {losses[0]}")
    for _ in range(as_integer(steps, "steps", minimum=0)):
        curvature = hessian(points[-1])
        inverse = _inverse(curvature)
        direction = inverse @ slope
        miss = np.linalg.norm(curvature @ direction - slope)
        diverged = bool(miss > 1e-3 * np.linalg.norm(slope))  # the function is flat here, no bowl
        if diverged:
            break
        needed = slope @ direction / 4 if damped else -np.inf
        point, loss = _step(function, points[-1], losses[-1], direction, needed)
        diverged = not math.isfinite(loss)
        if diverged:
            break
        points.append(point)
        losses.append(loss)
        slope = gradient(point)
        converged = bool(slope @ inverse @ slope / 2 <= tolerance)
        if converged:
            break
    return Trace(np.array(points), np.array(losses), converged, diverged)


def _inverse(hessian):
    """H⁻¹; where H is singular, the inverse on all directions that have a curvature.

    Rows and columns are scaled so that the diagonal is 1: then it does not matter in which units
    the features come, and a direction without curvature is told from one in small units.
    """
    scale = np.sqrt(hessian.diagonal())
    scale = np.where(scale > 0, scale, 1.0)
    scaled = hessian / scale / scale[:, None]
    if np.linalg.cond(scaled, 1) < 1e12:
        inverse = np.linalg.inv(scaled)
    else:  # five times slower
        inverse = np.linalg.pinv(scaled, rcond=1e-13, hermitian=True)
    return inverse / scale / scale[:, None]


def _step(function, point, loss, direction, needed):
    """The first step t = 1, ½, ¼, … with which the loss falls by t · `needed`, and that loss."""
    size, rounding = 1.0, 1e-12 * abs(loss)
    while True:
        new_point = point - size * direction
        new_loss = float(function(new_point))
        enough = new_loss <= loss - size * needed + rounding
        if enough or needed < 0 or size < 1e-12:
            return new_point, new_loss
        size /= 2


def is_separable(X, y):
    """Can lines (hyperplanes) part the classes? Some examples may lie on them, but not all.

    If so the likelihood has no maximum: longer weights of the same directions are always better.
    A linear programme decides. For an example of class c and any other class j, the margin is
    z_c − z_j, where z_j = w_j·x + b_j: maximise the sum of all margins, each ≥ 0, with every
    |w| and |b| ≤ 1. It is above 0 if they are separable. Source: Albert & Anderson 1984.
    """
    X, (_, index) = _with_ones(StandardScaler().fit_transform(X)), _classes_of(y)
    check_same_length(X=X, y=index)
    own = indicators(index)
    sample, other = np.nonzero(own == 0)
    signs = own[sample] - np.eye(own.shape[1])[other]
    margins = (signs[:, :, None] * X[sample][:, None, :]).reshape(len(sample), -1)
    best = scipy.optimize.linprog(
        -margins.sum(axis=0), -margins, np.zeros(len(sample)), bounds=(-1, 1)
    )
    return bool(-best.fun > 1e-6 * len(sample))


def _classes_of(y, at_most=None):
    """The sorted classes in y, and the index of each label among them."""
    y = as_labels(y)
    if y.dtype.kind == "f" and not (y == np.floor(y)).all():
        raise ValueError(f"y must hold class labels, came the numbers {y[:5].tolist()} …")
    classes, index = np.unique(y, return_inverse=True)
    if len(classes) < 2 or len(classes) > (at_most or len(classes)):
        wanted = f"{at_most}" if at_most else "at least 2"
        raise ValueError(
            f"y must hold {wanted} classes, came {len(classes)}: {classes[:5].tolist()}"
        )
    return classes, index


def _check_minimum_exists(X, y, logits):
    """Without a penalty: raise where the weights would grow without bound.

    Then the logits are large when Newton's method stops; small ones need no further look.
    """
    if np.ptp(logits) > 15 and is_separable(X, y):
        raise ValueError(SEPARABLE)


SEPARABLE = (
    "the classes can be separated (at most with ties on the boundary), so without a penalty the "
    "weights would grow without bound: a steeper curve is always a little more likely. "
    "Give alpha > 0, such as alpha=1e-3, or more data"
)


class _Classifier:
    """What all estimators below share: the more probable class, and how often it is right."""

    def predict(self, X):
        """The more probable class of each row."""
        chosen = self.predict_proba(X).argmax(axis=1)
        return self.classes_[chosen]

    def score(self, X, y):
        """The accuracy: the share of rows whose class is predicted rightly."""
        return accuracy(y, self.predict(X))


class _LinearClassifier(_Classifier):
    """The scores W x + b that a fit has found: `coef_`, shape (k, d), and `intercept_`, (k,)."""

    def decision_function(self, X):
        """The score z = w·x + b of each row, shape (n,); (n, k) where there are k of them."""
        check_fitted(self, "classes_")
        z = as_design(X, self.coef_.shape[1]) @ self.coef_.T + self.intercept_
        return z[:, 0] if len(self.coef_) == 1 else z


class _PenalisedClassifier(_LinearClassifier):
    """The frame of `fit`: standardise, minimise, undo the standardising."""

    most_classes = None

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def fit(self, X, y):
        """Find weights and biases for X of shape (n, d) and n labels y.

        Raises ValueError where no best weights exist: separable classes and alpha = 0.
        """
        alpha, scaler = as_number(self.alpha, "alpha", minimum=0), StandardScaler()
        Z = scaler.fit_transform(X)
        check_same_length(X=Z, y=y)
        classes, index = _classes_of(y, self.most_classes)
        weights = self._minimise(Z, index, alpha / scaler.scale_**2)
        if alpha == 0:
            _check_minimum_exists(Z, index, _with_ones(Z) @ weights.T)
        if not self.converged_:
            raise ValueError("Newton's method found no minimum: give a larger alpha")
        self.classes_ = classes
        self.coef_ = weights[:, :-1] / scaler.scale_
        self.intercept_ = weights[:, -1] - self.coef_ @ scaler.mean_
        return self

    def _newton(self, objective, shape):
        """The weights and biases, in this shape, where Newton's method ends; from zeros."""
        size = shape[0] * shape[1]
        if size > LARGEST_HESSIAN:
            raise ValueError(
                f"{size} weights and biases are too many for Newton's method, whose matrix has the "
                f"square of that; at most {LARGEST_HESSIAN} are allowed"
            )
        walk = newton(*objective, np.zeros(size))
        self.n_iter_, self.converged_ = len(walk.losses) - 1, walk.converged
        return walk.points[-1].reshape(shape)


class LogisticRegression(_PenalisedClassifier):
    """P(C | x) = σ(w·x + b) for two classes; the best w and b minimise, by Newton's method,

    L(w, b) = Σ cross-entropy(y, f(x)) + α/2 ‖w‖²,     with α `alpha` and b not penalised.

    α = 1/C of scikit-learn, whose C multiplies the sum instead. It also is the α of `Ridge`: half
    of its loss, ½ Σ (y − ŷ)² + α/2 ‖w‖², has the same minimum. α = 0 is maximum likelihood.

    `classes_` are the two labels in order; f(x) is the probability of the *second* (the lecture
    calls that class C₁ and gives it the label 1). `coef_` has shape (1, d), `intercept_` (1,).

    A constant feature gets the weight 0: the bias says all that it could say. Where other features
    depend on each other and α = 0, many weights give the same best f; this is one of them.
    """

    most_classes = 2

    def _minimise(self, Z, y, alpha):
        return self._newton(logistic_objective(Z, y, alpha), (1, Z.shape[1] + 1))

    def predict_proba(self, X):
        """The probabilities of both classes, shape (n, 2).

        `decision_function` is the logit z, ln of P(second class) / P(first class).
        """
        z = self.decision_function(X)
        return sigmoid(np.column_stack([-z, z]))


# --- More than two classes ---------------------------------------------------------------------


def hardmax(z, axis=-1):
    """1 at the largest z (the first, where there are several), 0 elsewhere."""
    z = _as_scores(z, axis)
    largest = z.argmax(axis=axis)
    return (np.indices(z.shape)[axis] == np.expand_dims(largest, axis)).astype(float)


def softmax_objective(X, Y, alpha=0.0):
    """The loss of softmax regression, its gradient and its Hessian, as functions of one point.

    X has shape (n, d), Y holds one-hot rows, shape (n, k) (`indicators` makes them). A point is
    the matrix of rows (w_j, b_j), shape (k, d + 1), laid out flat. With P = softmax(z) by rows,

    - loss      L = −Σ Σ_j Y_j ln P_j + α/2 Σ_j ‖w_j‖²
    - gradient  ∂L/∂w_j = −Σ (Y_j − P_j) x + α w_j: each class as in logistic regression
    - Hessian   blocks ∂²L/∂w_j∂w_k = Σ P_j (δ_jk − P_k) x xᵀ + δ_jk α I

    The Hessian is singular: the same vector added to all (w_j, b_j) leaves every P as it is.
    Lecture: "Multi-class Classification"; Bishop 2006, 4.3.4.
    """
    X, Y = as_design(X), _as_distribution(Y, "Y")
    check_same_length(X=X, Y=Y)
    shape = Y.shape[1], X.shape[1] + 1
    penalty = np.tile(_penalty(alpha, X.shape[1]), shape[0])
    X = _with_ones(X)

    def logits(point):
        _check_point(point, len(penalty))
        return X @ point.reshape(shape).T

    def loss(point):
        return cross_entropy_from_logits(Y, logits(point)).sum() + penalty @ point**2 / 2

    def gradient(point):
        return ((softmax(logits(point)) - Y).T @ X).ravel() + penalty * point

    def hessian(point):
        P = softmax(logits(point))
        rows = (P[:, :, None] * X[:, None, :]).reshape(len(X), -1)
        blocks = [(p[:, None] * X).T @ X for p in P.T]
        return scipy.linalg.block_diag(*blocks) - rows.T @ rows + np.diag(penalty)

    return loss, gradient, hessian


class SoftmaxRegression(_PenalisedClassifier):
    """P(C_j | x) = softmax(W x + b)_j for k classes, also called multinomial logistic regression.

    The loss is Σ cross-entropy(one-hot y, P) + α/2 Σ_j ‖w_j‖², as in `LogisticRegression`, and
    α = 1/C again. `coef_` has shape (k, d), `intercept_` (k,); both sum to 0 over the classes, to
    choose one of the many W and b with the same probabilities. (Two classes have two rows, ±w/2:
    the penalty is half that of `LogisticRegression`, so α counts double.)

    Newton's method needs a matrix of k(d + 1) by k(d + 1) numbers: above `LARGEST_HESSIAN` rows
    `fit` refuses. (A network without a hidden layer is the same function; lesson 05 trains it.)
    """

    def _minimise(self, Z, y, alpha):
        Y = indicators(y)
        weights = self._newton(softmax_objective(Z, Y, alpha), (Y.shape[1], Z.shape[1] + 1))
        return weights - weights.mean(axis=0)

    def predict_proba(self, X):
        """The probabilities of the classes, shape (n, k)."""
        return softmax(self.decision_function(X))


# --- The perceptron ----------------------------------------------------------------------------


def threshold(z):
    """1 where z > 0, else 0: the perceptron's step, in place of the sigmoid's smooth one."""
    return (as_array(z, "z") > 0).astype(int)


class Perceptron(_LinearClassifier):
    """Rosenblatt's perceptron: the second class where w·x + b > 0, learned from its mistakes.

    Example after example, and only where the answer is wrong: w ← w + η (y − ŷ) x and
    b ← b + η (y − ŷ), with y and ŷ 0 or 1. The order matters and each step needs the one before,
    so here the samples are walked through one by one. Learning ends with a pass without a
    mistake, which comes if the classes can be separated strictly (Novikoff 1962), or after
    `epochs` passes. `converged_` says which, `mistakes_` counts them pass by pass.

    The notes write sgn(Σ θᵢ xᵢ − T): the threshold T is −b. Source: Rosenblatt 1958.
    """

    def __init__(self, learning_rate=1.0, epochs=1000):
        self.learning_rate = learning_rate
        self.epochs = epochs

    def fit(self, X, y):
        """Learn from X of shape (n, d) and n labels y of two classes, in the order given."""
        rate = as_number(self.learning_rate, "learning_rate", above=0)
        (classes, y), X = _classes_of(y, at_most=2), _with_ones(as_design(X))
        check_same_length(X=X, y=y)
        epochs = as_integer(self.epochs, "epochs", minimum=1)
        w, self.mistakes_ = np.zeros(X.shape[1]), []
        for _ in range(epochs):
            mistakes = 0
            for x, label in zip(X, y, strict=True):
                error = label - (w @ x > 0)
                w += rate * error * x
                mistakes += abs(error)
            self.mistakes_.append(int(mistakes))
            if mistakes == 0:
                break
        self.classes_, self.converged_ = classes, self.mistakes_[-1] == 0
        self.coef_, self.intercept_ = w[None, :-1], w[-1:]
        return self

    def predict(self, X):
        """The second class where w·x + b > 0, else the first."""
        chosen = threshold(self.decision_function(X))
        return self.classes_[chosen]


def half_planes(corners):
    """The perceptrons (W, b), shapes (k, 2) and (k,), of the k sides of a convex polygon.

    Perceptron i is 1 where W[i]·x + b[i] > 0: on the inner side of the line through corners i
    and i + 1. `corners`, shape (k, 2), go round anticlockwise; ValueError where they do not, or
    where the polygon is not convex. ‖W[i]‖ = 1, so W[i]·x + b[i] is the distance from the line.
    """
    corners = as_array(corners, "corners", ndim=2)
    if corners.shape[1] != 2 or len(corners) < 3:
        raise ValueError(f"corners must have shape (3 or more, 2), came {corners.shape}")
    sides = np.roll(corners, -1, axis=0) - corners
    W = np.column_stack([-sides[:, 1], sides[:, 0]])
    W /= np.maximum(np.linalg.norm(W, axis=1, keepdims=True), 1e-300)
    b = -(W * corners).sum(axis=1)
    heights = ((corners[:, None] - corners) * W).sum(axis=-1)  # of each corner over each side
    if (heights < -1e-9 * np.ptp(corners)).any() or not W.any(axis=1).all():
        raise ValueError("corners must go anticlockwise round a convex polygon")
    return W, b


def logical_and(inputs):
    """The perceptron that is 1 where all k inputs are 1: Σ inputs − (k − ½) > 0; inputs (n, k)."""
    inputs = as_array(inputs, "inputs", ndim=2)
    return threshold(inputs.sum(axis=1) - (inputs.shape[1] - 0.5))


def logical_or(inputs):
    """The perceptron that is 1 where at least one input is 1: Σ inputs − ½ > 0; inputs (n, k)."""
    return threshold(as_array(inputs, "inputs", ndim=2).sum(axis=1) - 0.5)


def inside_polygons(X, polygons):
    """1 for each point of X, shape (n, 2), that lies in one of the convex polygons, else 0.

    Three layers of perceptrons: half-planes, a polygon is the AND of its half-planes, and the
    union is the OR of the polygons. Notes: "MLP", real inputs and logic combined.
    """
    X, planes = as_design(X), [half_planes(corners) for corners in polygons]
    if X.shape[1] != 2:
        raise ValueError(f"X must have 2 features, the coordinates, came {X.shape[1]}")
    if not planes:
        raise ValueError("polygons must hold at least one polygon, came none")
    return logical_or(np.column_stack([logical_and(threshold(X @ W.T + b)) for W, b in planes]))


# --- Two layers: logistic regression on features that logistic units find ------------------------


def cascade_objective(X, y, hidden=2):
    """The loss of cascaded logistic regression and its gradient, as functions of one point.

    Hidden units hᵢ = σ(wᵢ·x + bᵢ), output f = σ(v·h + c), loss L = −Σ [y ln f + (1 − y) ln(1 − f)].
    A point holds the rows (wᵢ, bᵢ), shape (hidden, d + 1), then (v, c), all laid out flat.

    The gradient by v and c is that of logistic regression, with h as features: −Σ (y − f) h.
    For wᵢ the chain rule goes on through hᵢ: −Σ (y − f) vᵢ hᵢ (1 − hᵢ) x. (Lesson 05 does
    this for any number of layers.) Lecture: "Cascading logistic regression models".
    """
    X, y, _ = _checked_objective(X, y, 0.0)
    hidden = as_integer(hidden, "hidden", minimum=1)

    def loss(point):
        z = _cascade_layers(X, point, hidden)[1]
        return (np.logaddexp(0, z) - y * z).sum()

    def gradient(point):
        h, z = _cascade_layers(X, point, hidden)
        error = sigmoid(z) - y
        by_hidden = np.outer(error, point[-hidden - 1 : -1]) * h * (1 - h)
        return np.concatenate([(by_hidden.T @ X).ravel(), error @ h, [error.sum()]])

    return loss, gradient


def _cascade_layers(X, point, hidden):
    """The hidden values, shape (n, hidden), and the logit of the output, shape (n,)."""
    _check_point(point, hidden * (X.shape[1] + 1) + 1)
    W, v = point[: -hidden - 1].reshape(hidden, -1), point[-hidden - 1 :]
    h = sigmoid(X @ W.T)
    return h, h @ v[:-1] + v[-1]


class CascadedLogisticRegression(_Classifier):
    """Logistic regression on features that are found, too: `hidden` logistic units below it.

    That is a neural network with one hidden layer. It is trained by gradient descent on the
    mean cross-entropy from small random weights, and unlike logistic regression its loss is no
    bowl: from another `seed` it may get into a valley that leads nowhere. `trace_` records the
    walk.

    `classes_`, `predict`, `predict_proba` and `score` are those of `LogisticRegression`;
    `transform` gives the features that the hidden units have found.
    """

    def __init__(self, hidden=2, learning_rate=1.0, steps=1000, seed=0):
        self.hidden = hidden
        self.learning_rate = learning_rate
        self.steps = steps
        self.seed = seed

    def fit(self, X, y):
        """Train on X of shape (n, d) and n labels y of two classes."""
        X, (classes, index) = as_design(X), _classes_of(y, at_most=2)
        loss, gradient = cascade_objective(X, index, self.hidden)
        size = self.hidden * (X.shape[1] + 2) + 1
        start = np.random.default_rng(as_integer(self.seed, "seed", 0)).normal(size=size)
        optimizer = SGD(as_number(self.learning_rate, "learning_rate", above=0) / len(X))
        self.trace_ = minimize(loss, gradient, start, optimizer, self.steps)
        self.classes_, self.n_features_in_ = classes, X.shape[1]
        return self

    def _layers(self, X, step):
        check_fitted(self, "classes_")
        X, points = as_design(X, self.n_features_in_), self.trace_.points
        if as_integer(step, "step", minimum=-len(points)) >= len(points):
            raise ValueError(f"step must be at most {len(points) - 1}, came {step}")
        return _cascade_layers(_with_ones(X), points[step], self.hidden)

    def transform(self, X, step=-1):
        """The hidden units' values, shape (n, hidden), at a step of the training (−1: the last)."""
        return self._layers(X, step)[0]

    def predict_proba(self, X, step=-1):
        """The probabilities of both classes, shape (n, 2), at a step of the training."""
        z = self._layers(X, step)[1]
        return sigmoid(np.column_stack([-z, z]))
