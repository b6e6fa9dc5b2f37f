"""Lesson 04: sigmoid, cross-entropy, its gradient, Newton, softmax, one-hot, gates, XOR."""

from itertools import product

import numpy as np

from course_lib.exercise import Exercise

LESSON = "04"


# --- 04.1 ------------------------------------------------------------------------------------


def sigmoid(z):
    small = np.exp(-np.abs(z))  # never above 1
    return np.where(z >= 0, 1, small) / (1 + small)


SIGMOID = Exercise(
    key="04.1",
    title="the sigmoid",
    task="Return σ(z) = 1 / (1 + e^(−z)) for an array z, also where z is −800 or 800.",
    solution=sigmoid,
    inputs=lambda random: [
        (np.array([0.0, 2.0]),),
        (random.normal(0, 3, 4),),
        (np.array([-800.0, -2.0, 0.0, 2.0, 800.0]),),
        (random.normal(0, 300, 8),),
    ],
    slips={
        "the minus is missing: e^(−z) is wanted; this is σ(−z), which falls where σ rises.": (
            lambda z: sigmoid(-z)
        ),
        "parentheses are missing: 1 / 1 + e^(−z) divides first.": lambda z: 1 + np.exp(-z),
        "the 1 in the denominator is missing: 1 / e^(−z) is e^z, which has no bound.": np.exp,
        "this is tanh, which goes from −1 to 1; σ goes from 0 to 1.": np.tanh,
        "this is e^(−z) / (1 + e^(−z)) = σ(−z), and at −800 it is ∞ / ∞.": (
            lambda z: np.exp(-z) / (1 + np.exp(-z))
        ),
        "right up to z = 700, then e^z overflows, and ∞ / ∞ is NaN; use 1 / (1 + e^(−z)) there.": (
            lambda z: np.exp(z) / (1 + np.exp(z))
        ),
        "this is σ(|z|), right for z ≥ 0 only: for z < 0 it is e^z / (1 + e^z).": (
            lambda z: sigmoid(np.abs(z))
        ),
        "this is a step, the perceptron's; the sigmoid rises smoothly.": lambda z: (z > 0).astype(
            float
        ),
    },
    hints=(
        "np.exp works on a whole array. 1 / (1 + np.exp(-z)) gives the right numbers.",
        "It warns at −800, though: take e^(−|z|), and for z < 0 use σ(z) = e^z / (1 + e^z).",
    ),
    verified=(
        "4 cases agree with the reference to 1e-9, also at −800 and 800. (Written as "
        "1 / (1 + np.exp(-z)) it gets through by way of e^800 = ∞ and 1/∞ = 0, with a warning that "
        "is not shown here; e^(−|z|) never overflows.)"
    ),
)


# --- 04.2 ------------------------------------------------------------------------------------


def cross_entropy(y, f):
    return -np.sum(y * np.log(f) + (1 - y) * np.log(1 - f))


def labels_and_probabilities(random):
    """Return a few pairs (y, f), the smallest first."""
    cases = [(np.array([1.0, 0.0]), np.array([0.8, 0.4]))]
    for n in (3, 5, 9):
        y = random.permutation(np.arange(n) % 2).astype(float)
        cases.append((y, random.uniform(0.05, 0.95, n)))
    return cases


CROSS_ENTROPY = Exercise(
    key="04.2",
    title="the cross-entropy",
    task="Return L = −Σ [y ln f + (1 − y) ln(1 − f)]; y holds 0 or 1, f the probabilities of 1.",
    solution=cross_entropy,
    inputs=labels_and_probabilities,
    slips={
        "the minus is missing: logarithms of probabilities are negative, a loss is positive.": (
            lambda y, f: -cross_entropy(y, f)
        ),
        "this is the mean; the lecture's loss is the sum, without 1/n.": (
            lambda y, f: cross_entropy(y, f) / len(y)
        ),
        "only the examples with y = 1 count here: (1 − y) ln(1 − f) is missing.": (
            lambda y, f: -np.sum(y * np.log(f))
        ),
        "only the examples with y = 0 count here: y ln f is missing.": (
            lambda y, f: -np.sum((1 - y) * np.log(1 - f))
        ),
        "y and 1 − y have changed places: where y = 1, ln f counts.": (
            lambda y, f: cross_entropy(1 - y, f)
        ),
        "these are logarithms to the base 2; ln is the natural one, np.log.": (
            lambda y, f: cross_entropy(y, f) / np.log(2)
        ),
        "these are logarithms to the base 10; ln is the natural one, np.log.": (
            lambda y, f: cross_entropy(y, f) / np.log(10)
        ),
        "the minus is missing, and this is the mean: the loss is minus the sum.": (
            lambda y, f: -cross_entropy(y, f) / len(y)
        ),
        "this is the squared error.": lambda y, f: np.sum((y - f) ** 2),
        "this is the mean squared error.": lambda y, f: np.mean((y - f) ** 2),
        "f and y have changed places: the logarithm is of f, the probability, not of the label.": (
            lambda y, f: -np.sum(f * np.log(y) + (1 - f) * np.log(1 - y))
        ),
        "the logarithm is of the label in the second term: it is ln(1 − f).": (
            lambda y, f: -np.sum(y * np.log(f) + (1 - y) * np.log(1 - y))
        ),
        "this is the entropy of f: outside of the logarithms stand y and 1 − y.": (
            lambda y, f: cross_entropy(f, f)
        ),
        "parentheses are missing: (1 − y) is one factor.": (
            lambda y, f: -np.sum(y * np.log(f) + 1 - y * np.log(1 - f))
        ),
        "1 − ln f is not ln(1 − f).": (
            lambda y, f: -np.sum(y * np.log(f) + (1 - y) * (1 - np.log(f)))
        ),
        "the factor 1 − y is missing: ln(1 − f) counts only where y = 0.": (
            lambda y, f: -np.sum(y * np.log(f) + np.log(1 - f))
        ),
        "the factors y and 1 − y are missing: of the two terms, the label switches off one.": (
            lambda y, f: -np.sum(np.log(f) + np.log(1 - f))
        ),
        "f is a probability already: no sigmoid any more.": (
            lambda y, f: cross_entropy(y, 1 / (1 + np.exp(-f)))
        ),
        "the two terms are subtracted; they are added inside the bracket.": (
            lambda y, f: -np.sum(y * np.log(f) - (1 - y) * np.log(1 - f))
        ),
        "this is the likelihood itself, the product; the loss is −ln of it.": (
            lambda y, f: np.exp(-cross_entropy(y, f))
        ),
    },
    hints=(
        "Two arrays of terms, added entry by entry: one counts where y = 1, one where y = 0.",
        "-np.sum(y * np.log(f) + …); the second term is the first with 1 - y and 1 - f.",
    ),
)


# --- 04.3 ------------------------------------------------------------------------------------


def gradient(w, b, X, y):
    f = 1 / (1 + np.exp(-(X @ w + b)))
    return -(y - f) @ X, -np.sum(y - f)


def units_and_examples(random):
    """Return a few cases (w, b, X, y), the smallest first."""
    cases = [(np.array([1.0]), 1.0, np.array([[1.0], [-2.0]]), np.array([1.0, 0.0]))]
    for n, d in ((3, 2), (6, 2), (8, 3)):
        y = random.permutation(np.arange(n) % 2).astype(float)
        cases.append((random.normal(size=d), float(random.normal()), random.normal(size=(n, d)), y))
    return cases


def _gradient_with(error):
    """Return the gradient with another error in place of y − f: the slips of step 3."""

    def slip(w, b, X, y):
        e = error(y, X @ w + b)
        return -e @ X, -np.sum(e)

    return slip


def _parts_times(signs, change=0):
    """Return the gradient with other signs of its two parts, added to `change` times (w, b)."""

    def slip(w, b, X, y):
        parts = zip(signs, (w, b), gradient(w, b, X, y), strict=True)
        return tuple(change * old + sign * slope for sign, old, slope in parts)

    return slip


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


GRADIENT = Exercise(
    key="04.3",
    title="the gradient of the cross-entropy",
    task="Return the pair (∂L/∂w, ∂L/∂b): −Σ (y − f) x and −Σ (y − f), with f = σ(X w + b).",
    solution=gradient,
    inputs=units_and_examples,
    slips={
        "this is the gradient with its sign flipped: it is −Σ (y − f) x.": (
            _gradient_with(lambda y, z: -(y - _sigmoid(z)))
        ),
        "the sigmoid is missing: f is σ(X w + b). This is linear regression.": (
            _gradient_with(lambda y, z: y - z)
        ),
        "this is the gradient of the squared error: the cross-entropy has no factor f (1 − f).": (
            _gradient_with(lambda y, z: 2 * (y - _sigmoid(z)) * _sigmoid(z) * (1 - _sigmoid(z)))
        ),
        "there is a factor f (1 − f) too many: in the cross-entropy it cancels.": (
            _gradient_with(lambda y, z: (y - _sigmoid(z)) * _sigmoid(z) * (1 - _sigmoid(z)))
        ),
        "there is a factor 2 too many: the 2 came from the square, and here is no square.": (
            _gradient_with(lambda y, z: 2 * (y - _sigmoid(z)))
        ),
        "this is the gradient of the mean; the loss is the sum, so there is no 1/n.": (
            _gradient_with(lambda y, z: (y - _sigmoid(z)) / len(y))
        ),
        "the sign of ∂L/∂w is flipped, that of ∂L/∂b is right: both have a minus.": (
            _parts_times((-1, 1))
        ),
        "the sign of ∂L/∂b is flipped, that of ∂L/∂w is right: both have a minus.": (
            _parts_times((1, -1))
        ),
        "this is the new w and b after a step; the gradient alone is wanted.": (
            _parts_times((-1, -1), change=1)
        ),
        "∂L/∂b is the mean of the errors, ∂L/∂w the sum; both are sums.": (
            lambda w, b, X, y: (gradient(w, b, X, y)[0], gradient(w, b, X, y)[1] / len(y))
        ),
        "y is missing: this is Σ f x and Σ f.": _gradient_with(lambda y, z: -_sigmoid(z)),
        "σ(X w) + b stands for f: the bias belongs inside, σ(X w + b).": (
            lambda w, b, X, y: _gradient_with(lambda y, z: y - _sigmoid(z - b) - b)(w, b, X, y)
        ),
        "f is σ(−z): e^(−z) is wanted, with its minus.": (
            _gradient_with(lambda y, z: y - _sigmoid(-z))
        ),
        "the bias is missing in z = X w + b.": lambda w, b, X, y: gradient(w, 0.0, X, y),
        "the bias is missing in z = X w + b, and this is the mean; the sum is wanted.": (
            lambda w, b, X, y: tuple(part / len(y) for part in gradient(w, 0.0, X, y))
        ),
        "the pair is the wrong way round: ∂L/∂w comes first.": (
            lambda *case: gradient(*case)[::-1]
        ),
        "f is rounded to 0 or 1: then it is the perceptron's rule, not this gradient.": (
            _gradient_with(lambda y, z: y - (z > 0))
        ),
    },
    hints=(
        "First z = X @ w + b, then f = σ(z), then the errors y − f: one number an example.",
        "-(y - f) @ X sums error times x over the examples; for b, every x is 1.",
    ),
)


# --- 04.4 ------------------------------------------------------------------------------------


def newton_step(w, X, y):
    f = 1 / (1 + np.exp(-(X @ w)))
    slope = -(y - f) @ X
    curvature = (X.T * (f * (1 - f))) @ X
    return w - np.linalg.solve(curvature, slope)


def _newton_inputs(random):
    X = np.array([[1.0, 0.0], [2.0, 1.0], [-1.0, 1.0]])
    cases = [(np.array([0.5, -1.0]), X, np.array([1.0, 0.0, 0.0]))]
    for n, d in ((6, 2), (9, 2), (12, 3)):
        y = random.permutation(np.arange(n) % 2).astype(float)
        cases.append((random.normal(0, 0.5, d), random.normal(size=(n, d)), y))
    return cases


def _jump(w, g, H):
    return w - np.linalg.solve(H, g)


def _newton_with(solve=_jump, weights=lambda f: f * (1 - f), error=lambda y, z: y - _sigmoid(z)):
    """Return one step with another f (1 − f), or y − f, or in which g and H meet otherwise."""

    def slip(w, X, y):
        z = X @ w
        return solve(w, -error(y, z) @ X, (X.T * weights(_sigmoid(z))) @ X)

    return slip


NEWTON_STEP = Exercise(
    key="04.4",
    title="one step of Newton's method",
    task=(
        "Return w − H⁻¹g with g = −Σ (y − f) x and H = Σ f (1 − f) x xᵀ, where f = σ(X w) "
        "(no bias here)."
    ),
    solution=newton_step,
    inputs=_newton_inputs,
    tolerance=1e-8,
    slips={
        "this walks uphill: subtract H⁻¹g.": (
            _newton_with(lambda w, g, H: w + np.linalg.solve(H, g))
        ),
        "this is gradient descent with the learning rate 1: H is not used.": (
            _newton_with(lambda w, g, H: w - g)
        ),
        "H multiplies here; it is H⁻¹ that is wanted: np.linalg.solve(H, g).": (
            _newton_with(lambda w, g, H: w - H @ g)
        ),
        "the factor f (1 − f) is missing in H: this is the H of linear regression.": (
            _newton_with(weights=np.ones_like)
        ),
        "the factor in H is f alone: the slope of σ is f (1 − f).": (
            _newton_with(weights=lambda f: f)
        ),
        "the factor in H is 1 − f alone: the slope of σ is f (1 − f).": (
            _newton_with(weights=lambda f: 1 - f)
        ),
        "the factor in H is squared: f (1 − f) comes in once.": (
            _newton_with(weights=lambda f: (f * (1 - f)) ** 2)
        ),
        "the sigmoid is missing in g: it is −Σ (y − σ(X w)) x.": (
            _newton_with(error=lambda y, z: y - z)
        ),
        "the sigmoid is missing: this is linear regression's step, straight to its lowest point.": (
            _newton_with(weights=np.ones_like, error=lambda y, z: y - z)
        ),
        "g is the squared error's: the cross-entropy's is −Σ (y − f) x.": (
            _newton_with(error=lambda y, z: 2 * (y - _sigmoid(z)) * _sigmoid(z) * _sigmoid(-z))
        ),
        "g is a mean and H a sum: 1/n belongs in both or in neither.": (
            _newton_with(error=lambda y, z: (y - _sigmoid(z)) / len(y))
        ),
        "H is a mean and g a sum: 1/n belongs in both or in neither.": (
            _newton_with(weights=lambda f: f * (1 - f) / len(f))
        ),
        "H is a matrix, and g / H divides by each of its numbers: H⁻¹g is np.linalg.solve(H, g).": (
            _newton_with(lambda w, g, H: w - g / H)
        ),
        "Σ f (1 − f) is no H yet: each term is times the matrix x xᵀ.": (
            lambda w, X, y: (
                w + (y - _sigmoid(X @ w)) @ X / np.sum(_sigmoid(X @ w) * _sigmoid(-X @ w))
            )
        ),
        "only the diagonal of H is used: a matrix is not divided by entry by entry.": (
            _newton_with(lambda w, g, H: w - g / np.diag(H))
        ),
        "this is H⁻¹g; w minus it is wanted.": (
            _newton_with(lambda w, g, H: np.linalg.solve(H, g))
        ),
        "this is only the change −H⁻¹g: add it to the old w.": (
            _newton_with(lambda w, g, H: -np.linalg.solve(H, g))
        ),
        "this is half a step of Newton's method.": (
            _newton_with(lambda w, g, H: w - np.linalg.solve(H, g) / 2)
        ),
    },
    hints=(
        "g is the gradient of 04.3 without the bias. H is X.T @ (f(1 − f) times the rows of X).",
        "H = (X.T * (f * (1 - f))) @ X, and np.linalg.solve(H, g) is H⁻¹g.",
    ),
)


# --- 04.5 ------------------------------------------------------------------------------------


def softmax(z):
    e = np.exp(z - np.max(z))
    return e / np.sum(e)


def _softmax_less(z, c):
    return np.exp(z - c) / np.sum(np.exp(z - c))


SOFTMAX = Exercise(
    key="04.5",
    title="a softmax that never overflows",
    task="Return softmax(z) of an array of scores z, shape (k,), also where they are 800 and −800.",
    solution=softmax,
    inputs=lambda random: [
        (np.array([1.0, 0.0]),),
        (np.array([3.0, 1.0, -3.0]),),
        (random.normal(0, 2, 4),),
        (random.normal(800, 2, 5),),
        (random.normal(-800, 2, 5),),
        (np.array([800.0, -800.0, 0.0]),),
    ],
    slips={
        "right for small scores, but e^800 overflows: subtract the largest z first "
        "(np.max(z), not its place np.argmax(z)).": (lambda z: np.exp(z) / np.sum(np.exp(z))),
        "the mean is subtracted: for 800, −800, 0 that still leaves e^800; subtract the largest.": (
            lambda z: _softmax_less(z, np.mean(z))
        ),
        "the smallest is subtracted: for 800, −800, 0 that leaves e^1600; subtract the largest.": (
            lambda z: _softmax_less(z, np.min(z))
        ),
        "800 is subtracted: at −800 all powers are 0, and 0/0 is NaN; subtract the largest.": (
            lambda z: _softmax_less(z, 800)
        ),
        "the largest |z| is subtracted: at −800 all powers are 0; subtract np.max(z).": (
            lambda z: _softmax_less(z, np.max(np.abs(z)))
        ),
        "this is the logarithm of softmax.": (
            lambda z: z - np.max(z) - np.log(np.sum(np.exp(z - np.max(z))))
        ),
        "divided by the largest power, not by their sum: the parts do not sum to 1.": (
            lambda z: np.exp(z) / np.max(np.exp(z))
        ),
        "divided by the number of scores, not by the sum of the powers.": (
            lambda z: np.exp(z - np.max(z)) / len(z)
        ),
        "divided by the length of the vector; divide by the sum.": (
            lambda z: np.exp(z - np.max(z)) / np.linalg.norm(np.exp(z - np.max(z)))
        ),
        "these are powers of 10; softmax takes powers of e, np.exp.": (
            lambda z: softmax(z * np.log(10))
        ),
        "these are powers of 2; softmax takes powers of e, np.exp.": (
            lambda z: softmax(z * np.log(2))
        ),
        "the scores are not raised: each is e^z first, and then divided by the sum.": (
            lambda z: z / np.sum(z)
        ),
        "these are the powers; they are still to be divided by their sum.": (
            lambda z: np.exp(z - np.max(z))
        ),
        "this is hardmax: 1 for the largest, 0 for the others.": (
            lambda z: (z == np.max(z)).astype(float)
        ),
        "the sign is flipped: e^(−z) gives the smallest score the largest part.": (
            lambda z: softmax(-z)
        ),
        "the largest z is subtracted above, but not below the line: both must change alike.": (
            lambda z: np.exp(z - np.max(z)) / np.sum(np.exp(z))
        ),
        "dividing by the largest z changes the result; subtract it.": (
            lambda z: softmax(z / np.max(z))
        ),
        "each score went through a sigmoid: the parts do not sum to 1.": (
            lambda z: 1 / (1 + np.exp(-z))
        ),
    },
    hints=(
        "softmax(z) and softmax(z − c) are the same for every number c. Which c is safe?",
        "e = np.exp(z - z.max()), then e / e.sum().",
    ),
)


# --- 04.6 ------------------------------------------------------------------------------------


def one_hot(labels, k):
    return np.eye(k)[labels]


def _one_hot_inputs(random):
    cases = [(np.array([1, 1]), 2), (np.array([2, 0, 0]), 3)]
    return cases + [(random.integers(0, k, n), k) for n, k in ((4, 3), (5, 4), (7, 5))]


def _with_ones_at(place):
    """Return the rows of zeros, made 1 at `place(labels)`."""

    def slip(labels, k):
        Y = np.zeros((len(labels), k))
        Y[place(labels)] = 1
        return Y

    return slip


ONE_HOT = Exercise(
    key="04.6",
    title="one-hot",
    task="Return the one-hot rows, shape (n, k), of n labels 0 … k−1.",
    solution=one_hot,
    inputs=_one_hot_inputs,
    slips={
        "the matrix lies on its side: one row an example, one column a class.": (
            lambda labels, k: one_hot(labels, k).T
        ),
        "the labels count from 0: label 0 belongs to the first column.": (
            lambda labels, k: np.eye(k)[labels - 1]
        ),
        "0 and 1 have changed places: one is hot, the others are cold.": (
            lambda labels, k: 1 - one_hot(labels, k)
        ),
        "the label itself stands in its column; a 1 is wanted.": (
            lambda labels, k: one_hot(labels, k) * labels[:, None]
        ),
        "Y[labels] = 1 fills whole rows: a row and a column are wanted, Y[np.arange(n), labels].": (
            _with_ones_at(lambda labels: labels)
        ),
        "Y[:, labels] = 1 fills whole columns: each row has its own, Y[np.arange(n), labels].": (
            _with_ones_at(lambda labels: (slice(None), labels))
        ),
        "row i is 1 in column i here; it is 1 in the column of its label.": (
            _with_ones_at(lambda labels: (np.arange(len(labels)), np.arange(len(labels))))
        ),
        "np.eye(k) holds each class once; pick the row of each label: np.eye(k)[labels].": (
            lambda labels, k: np.eye(k)
        ),
        "np.eye(n) has a column an example; k classes need np.eye(k).": (
            lambda labels, k: np.eye(len(labels))[labels]
        ),
        "the columns are the labels that occur; all k classes have one.": (
            lambda labels, k: (labels[:, None] == np.unique(labels)).astype(float)
        ),
        "these are the labels; a row of k numbers, 0 or 1, is wanted for each.": (
            lambda labels, k: labels
        ),
        "all classes up to the label are hot; only its own is.": (
            lambda labels, k: (np.arange(k) <= labels[:, None]).astype(float)
        ),
    },
    hints=(
        "np.eye(k) holds the k one-hot rows; which of them does each example need?",
        "np.eye(k)[labels] picks rows; or compare labels[:, None] with np.arange(k).",
    ),
)


# --- 04.7 ------------------------------------------------------------------------------------


def softmax_gradient(W, b, x, label):
    p = softmax(W @ x + b)
    y = np.eye(len(b))[label]
    return -np.outer(y - p, x)


def _softmax_gradient_inputs(random):
    first = np.array([[1.0], [-1.0]]), np.array([0.0, 0.5]), np.array([2.0]), 0
    cases = [first]
    for k, d in ((3, 2), (3, 4), (5, 3)):
        W, b, x = random.normal(size=(k, d)), random.normal(size=k), random.normal(size=d)
        cases.append((W, b, x, int(random.integers(k))))
    return cases


def _outer(error):
    """Return a gradient with another error in place of y − p."""

    def slip(W, b, x, label):
        return -np.outer(error(softmax(W @ x + b), np.eye(len(b))[label]), x)

    return slip


SOFTMAX_GRADIENT = Exercise(
    key="04.7",
    title="the gradient for k classes",
    task=(
        "For one example x with this label, return ∂L/∂W, shape (k, d): row j is −(y_j − p_j) x, "
        "with p = softmax(W x + b) and y the one-hot label."
    ),
    solution=softmax_gradient,
    inputs=_softmax_gradient_inputs,
    slips={
        "this is the gradient with its sign flipped: it is −(y − p) x.": (
            _outer(lambda p, y: p - y)
        ),
        "the matrix lies on its side: row j belongs to class j.": (
            lambda *case: softmax_gradient(*case).T
        ),
        "only the row of the true class is filled: the others are pushed away, their y is 0.": (
            _outer(lambda p, y: (y - p) * y)
        ),
        "the row of the true class is empty: its y is 1, and it is pulled towards x.": (
            _outer(lambda p, y: (y - p) * (1 - y))
        ),
        "y is missing: p x is only one half of −(y − p) x.": _outer(lambda p, y: -p),
        "p is missing: −y x is only one half of −(y − p) x.": _outer(lambda p, y: y),
        "there is a factor p (1 − p) too many: in the cross-entropy it cancels.": (
            _outer(lambda p, y: (y - p) * p * (1 - p))
        ),
        "each score went through a sigmoid of its own: p is softmax(W x + b).": (
            lambda W, b, x, label: -np.outer(np.eye(len(b))[label] - _sigmoid(W @ x + b), x)
        ),
        "the label's number stands for y here; y is its one-hot vector.": (
            lambda W, b, x, label: -np.outer(label - softmax(W @ x + b), x)
        ),
        "the softmax is missing: p is softmax(W x + b), not W x + b.": (
            lambda W, b, x, label: -np.outer(np.eye(len(b))[label] - (W @ x + b), x)
        ),
        "the powers are not divided by their sum: p is e^z / Σ e^z.": (
            lambda W, b, x, label: -np.outer(np.eye(len(b))[label] - np.exp(W @ x + b), x)
        ),
        "the labels count from 0: the 1 stands at y[label], not one before it.": (
            lambda W, b, x, label: softmax_gradient(W, b, x, label - 1)
        ),
        "p is made hard here, 1 for the largest: that is a perceptron's rule.": (
            _outer(lambda p, y: y - (p == p.max()))
        ),
        "this is −(y − p) = ∂L/∂b, shape (k,); times x it is a matrix: np.outer.": (
            lambda W, b, x, label: softmax(W @ x + b) - np.eye(len(b))[label]
        ),
        "this is the new W after a step; the gradient alone is wanted.": (
            lambda W, b, x, label: W - softmax_gradient(W, b, x, label)
        ),
        "there is a factor 2 too many: the 2 came from a square, and here is no square.": (
            _outer(lambda p, y: 2 * (y - p))
        ),
        "this is the derivative by p, −y/p, times x: the softmax's own slope is still missing.": (
            _outer(lambda p, y: y / p)
        ),
        "the bias is missing in z = W x + b.": (
            lambda W, b, x, label: softmax_gradient(W, 0 * b, x, label)
        ),
        "x is missing: this is ∂L/∂b, once for each feature.": (
            lambda W, b, x, label: softmax_gradient(W, b, x, label) / x
        ),
    },
    hints=(
        "y is 0 but for a 1 at the label; p is the softmax of 04.5 of W @ x + b.",
        "np.outer(a, x) is the matrix with the rows a[0] * x, a[1] * x, …",
    ),
)


# --- 04.8 ------------------------------------------------------------------------------------


def gates(x1, x2):
    return 1 * (x1 + x2 - 1.5 > 0), 1 * (x1 + x2 - 0.5 > 0), 1 * (-x1 + 0.5 > 0)


def bits(random):
    """Return a few pairs of arrays of 0 and 1, the smallest first."""
    cases = [(np.array([0, 1]), np.array([0, 1]))]
    cases.append((np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])))
    return cases + [tuple(random.integers(0, 2, (2, n))) for n in (5, 8, 9)]


def _gate(w1, w2, b):
    return lambda x1, x2: 1 * (w1 * x1 + w2 * x2 + b > 0)


AND, OR, NOT = (1, 1, -1.5), (1, 1, -0.5), (-1, 0, 0.5)
WRONG_AND = {
    "your AND is an OR: one 1 alone must not reach 0, so b must be below −w₁ and −w₂.": OR,
    "your AND is never 1: for two ones, w₁ + w₂ + b must be above 0, not equal to it.": (1, 1, -2),
    "your AND is always 1: for two zeros b alone decides, and one 1 must not be enough.": (1, 1, 1),
    "your AND is NOT (x₁ AND x₂): all its signs are turned round.": (-1, -1, 1.5),
    "your AND looks at x₁ alone: x₂ needs a weight, too.": (1, 0, -0.5),
    "your AND looks at x₂ alone: x₁ needs a weight, too.": (0, 1, -0.5),
}
WRONG_OR = {
    "your OR is an AND: one 1 alone must be enough, so b must be above −w₁ and −w₂.": AND,
    "your OR is always 1: for two zeros, b alone decides; it must not be above 0.": (1, 1, 0.5),
    "your OR is never 1: one 1 alone must be enough, so b must be above −w₁ and −w₂.": (1, 1, -2),
    "your OR is NOT (x₁ OR x₂): all its signs are turned round.": (-1, -1, 0.5),
}
WRONG_NOT = {
    "your NOT is x₁ itself: its weight must be negative and its bias positive.": (1, 0, -0.5),
    "your NOT is always 0: −x₁ is never above 0 without a positive bias.": (-1, 0, 0),
    "your NOT is always 1: where x₁ is 1, w₁ + b must not be above 0.": (-1, 0, 1.5),
    "your NOT turns x₂ round; x₁ is wanted.": (0, -1, 0.5),
    "your NOT is NOT (x₁ OR x₂): x₂ must have the weight 0.": (-1, -1, 0.5),
    "your third gate is NOT (x₁ AND x₂): x₂ must have the weight 0.": (-1, -1, 1.5),
}


def _triple(and_=AND, or_=OR, not_=NOT):
    """Return three gates from three triples (w1, w2, b)."""
    three = _gate(*and_), _gate(*or_), _gate(*not_)
    return lambda x1, x2: tuple(gate(x1, x2) for gate in three)


def _wrong_gates():
    """Return the slips: one gate wrong, or AND and OR both, each in one of the first three ways."""
    slips = {words: _triple(and_=wrong) for words, wrong in WRONG_AND.items()}
    slips |= {words: _triple(or_=wrong) for words, wrong in WRONG_OR.items()}
    slips |= {words: _triple(not_=wrong) for words, wrong in WRONG_NOT.items()}
    for (first, and_), (second, or_) in product([*WRONG_AND.items()][:3], [*WRONG_OR.items()][:3]):
        if (and_, or_) != (OR, AND):
            slips[f"{first[:-1]}; and {second}"] = _triple(and_, or_)
    return slips


GATES = Exercise(
    key="04.8",
    title="AND, OR and NOT by hand",
    task="Return the triple (x₁ AND x₂, x₁ OR x₂, NOT x₁), each as 1 * (w₁·x₁ + w₂·x₂ + b > 0).",
    solution=gates,
    inputs=bits,
    slips={
        "the step is missing: 1 * (… > 0) makes 0 and 1 of the three sums.": (
            lambda x1, x2: (x1 + x2 - 1.5, x1 + x2 - 0.5, -x1 + 0.5)
        ),
        "AND and OR have changed places.": _triple(OR, AND),
        "all three biases have the wrong sign: b is minus the threshold.": (
            _triple((1, 1, 1.5), (1, 1, 0.5), (-1, 0, -0.5))
        ),
        "the order is turned round: AND, OR, NOT are wanted.": (lambda x1, x2: gates(x1, x2)[::-1]),
        **_wrong_gates(),
    },
    hints=(
        "With w₁ = w₂ = 1 the sum counts the ones: 0, 1 or 2. Where must the threshold lie?",
        "AND: x1 + x2 - 1.5 > 0. OR needs another bias; NOT a negative weight and a positive bias.",
    ),
    verified=(
        "All inputs are right. (What cannot be seen from them: is each gate one "
        "w₁·x₁ + w₂·x₂ + b > 0?)"
    ),
)


# --- 04.9 ------------------------------------------------------------------------------------


def xor(x1, x2):
    at_least_one = 1 * (x1 + x2 - 0.5 > 0)
    not_both = 1 * (-x1 - x2 + 1.5 > 0)
    return 1 * (at_least_one + not_both - 1.5 > 0)


XOR = Exercise(
    key="04.9",
    title="XOR with two layers",
    task=(
        "Return x₁ XOR x₂, 1 where just one of the two is 1, from perceptrons in two layers, each "
        "as 1 * (… > 0)."
    ),
    solution=xor,
    inputs=bits,
    slips={
        "this is OR: where both are 1, the answer must be 0.": _gate(*OR),
        "this is AND: it is 1 where both are 1.": _gate(*AND),
        "this is NOT (x₁ AND x₂): where both are 0, the answer must be 0.": _gate(-1, -1, 1.5),
        "this is NOT (x₁ OR x₂): it is 1 only where both are 0.": _gate(-1, -1, 0.5),
        "this is x₁ alone.": _gate(1, 0, -0.5),
        "this is x₂ alone.": _gate(0, 1, -0.5),
        "this is 1 where both are equal: XOR turned round.": lambda x1, x2: 1 * (x1 == x2),
        "this is always 1: the second layer is an OR of OR and NAND; it must be an AND.": (
            _gate(0, 0, 1)
        ),
        "this is always 0: no example passes your output unit. If your hidden units are True and "
        "False: in NumPy True + True is True, which counts 1, not 2; write 1 * (… > 0).": (
            _gate(0, 0, -1)
        ),
        "this is 1 only for (1, 0): the case (0, 1) is missing.": _gate(1, -1, -0.5),
        "this is 1 only for (0, 1): the case (1, 0) is missing.": _gate(-1, 1, -0.5),
        "this is the sum of OR and NAND, 1 or 2: the output unit is still to come, an AND.": (
            lambda x1, x2: 1 * (x1 + x2 > 0.5) + 1 * (x1 + x2 < 1.5)
        ),
        "this is OR + NAND − 1.5: the output unit's step is missing, 1 * (… > 0).": (
            lambda x1, x2: 1 * (x1 + x2 > 0.5) + 1 * (x1 + x2 < 1.5) - 1.5
        ),
    },
    hints=(
        "XOR means: at least one is 1, and not both are. Each half is one perceptron.",
        "First layer: OR and NAND (an AND with all signs flipped). Second layer: AND of the two.",
    ),
    verified=(
        "All inputs are right. (What cannot be seen from them: is each unit, in both layers, one "
        "w₁·a + w₂·b + c > 0?)"
    ),
)


EXERCISES = [
    SIGMOID,
    CROSS_ENTROPY,
    GRADIENT,
    NEWTON_STEP,
    SOFTMAX,
    ONE_HOT,
    SOFTMAX_GRADIENT,
    GATES,
    XOR,
]
