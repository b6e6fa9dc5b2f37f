"""Lesson 04: sigmoid, cross-entropy, its gradient, Newton, softmax, one-hot, gates, XOR."""

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
        "this is the squared error.": lambda y, f: np.sum((y - f) ** 2),
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
        "the bias is missing in z = X w + b.": lambda w, b, X, y: gradient(w, 0.0, X, y),
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
    X = np.array([[1.0], [2.0], [-1.0]])
    cases = [(np.array([0.5]), X, np.array([1.0, 0.0, 0.0]))]
    for n, d in ((6, 2), (9, 2), (12, 3)):
        y = random.permutation(np.arange(n) % 2).astype(float)
        cases.append((random.normal(0, 0.5, d), random.normal(size=(n, d)), y))
    return cases


def _newton_with(solve, weights=lambda f: f * (1 - f)):
    """Return one step in which slope and curvature meet in another way."""

    def slip(w, X, y):
        f = _sigmoid(X @ w)
        return solve(w, -(y - f) @ X, (X.T * weights(f)) @ X)

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
            _newton_with(lambda w, g, H: w - np.linalg.solve(H, g), np.ones_like)
        ),
        "the factor in H is f alone: the slope of σ is f (1 − f).": (
            _newton_with(lambda w, g, H: w - np.linalg.solve(H, g), lambda f: f)
        ),
        "only the diagonal of H is used: a matrix is not divided by entry by entry.": (
            _newton_with(lambda w, g, H: w - g / np.diag(H))
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


SOFTMAX = Exercise(
    key="04.5",
    title="a softmax that never overflows",
    task="Return softmax(z) of a list of scores z, shape (k,), also where they are around 800.",
    solution=softmax,
    inputs=lambda random: [
        (np.array([1.0, 0.0]),),
        (np.array([3.0, 1.0, -3.0]),),
        (random.normal(0, 2, 4),),
        (random.normal(800, 2, 5),),
        (random.normal(-800, 2, 5),),
    ],
    slips={
        "right for small scores, but e^800 overflows: subtract the largest z first.": (
            lambda z: np.exp(z) / np.sum(np.exp(z))
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
    cases = [(np.array([1, 1]), 2), (np.array([2, 0, 1]), 3)]
    return cases + [(random.integers(0, k, n), k) for n, k in ((4, 3), (5, 4), (7, 5))]


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


def _gates(and_, or_, not_):
    """Return three gates from three pairs or triples (w1, w2, b)."""
    return lambda x1, x2: tuple(
        w1 * x1 + w2 * x2 + b > 0 for w1, w2, b in (and_, or_, not_)
    )  # fmt: skip


AND, OR, NOT = (1, 1, -1.5), (1, 1, -0.5), (-1, 0, 0.5)

GATES = Exercise(
    key="04.8",
    title="AND, OR and NOT by hand",
    task="Return the triple (x₁ AND x₂, x₁ OR x₂, NOT x₁), each as w₁·x₁ + w₂·x₂ + b > 0.",
    solution=gates,
    inputs=bits,
    slips={
        "your AND is an OR: one 1 alone must not reach 0, so b must be below −w₁ and −w₂.": (
            _gates(OR, OR, NOT)
        ),
        "your OR is an AND: one 1 alone must be enough, so b must be above −w₁ and −w₂.": (
            _gates(AND, AND, NOT)
        ),
        "AND and OR have changed places.": _gates(OR, AND, NOT),
        "your AND is never 1: for two ones, w₁ + w₂ + b must be above 0, not equal to it.": (
            _gates((1, 1, -2), OR, NOT)
        ),
        "your OR is always 1: for two zeros, b alone decides; it must not be above 0.": (
            _gates(AND, (1, 1, 0.5), NOT)
        ),
        "your NOT is x₁ itself: its weight must be negative and its bias positive.": (
            _gates(AND, OR, (1, 0, -0.5))
        ),
        "your NOT is always 0: −x₁ is never above 0 without a positive bias.": (
            _gates(AND, OR, (-1, 0, 0))
        ),
        "your NOT turns x₂ round; x₁ is wanted.": _gates(AND, OR, (0, -1, 0.5)),
        "your NOT is NOT (x₁ OR x₂): x₂ must have the weight 0.": _gates(AND, OR, (-1, -1, 0.5)),
        "your third gate is NOT (x₁ AND x₂): x₂ must have the weight 0.": (
            _gates(AND, OR, (-1, -1, 1.5))
        ),
    },
    hints=(
        "With w₁ = w₂ = 1 the sum counts the ones: 0, 1 or 2. Where must the threshold lie?",
        "AND: x1 + x2 - 1.5 > 0. OR needs another bias; NOT a negative weight and a positive bias.",
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
    task="Return x₁ XOR x₂ from perceptrons in two layers: 1 where just one of the two is 1.",
    solution=xor,
    inputs=bits,
    slips={
        "this is OR: where both are 1, the answer must be 0.": lambda x1, x2: x1 + x2 > 0.5,
        "this is AND: it is 1 where both are 1.": lambda x1, x2: x1 + x2 > 1.5,
        "this is NOT (x₁ AND x₂): where both are 0, the answer must be 0.": (
            lambda x1, x2: x1 + x2 < 1.5
        ),
        "this is 1 where both are equal: XOR turned round.": lambda x1, x2: x1 == x2,
        "this is always 1: the second layer is an OR of OR and NAND; it must be an AND.": (
            lambda x1, x2: x1 + x2 > -1
        ),
        "this is always 0: no example passes both of your hidden units.": (
            lambda x1, x2: x1 + x2 > 9
        ),
        "this is 1 only for (1, 0): the case (0, 1) is missing.": lambda x1, x2: x1 - x2 > 0.5,
        "this is 1 only for (0, 1): the case (1, 0) is missing.": lambda x1, x2: x2 - x1 > 0.5,
    },
    hints=(
        "XOR means: at least one is 1, and not both are. Each half is one perceptron.",
        "First layer: OR and NAND (an AND with all signs flipped). Second layer: AND of the two.",
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
