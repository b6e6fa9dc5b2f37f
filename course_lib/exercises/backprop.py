"""Lesson 05: a layer, the chain rule, three backward passes, differences, a bug, first weights."""

from itertools import product

import numpy as np

from course_lib.exercise import Exercise
from course_lib.logistic import softmax
from course_lib.networks import MLP, Dense

LESSON = "05"


# --- 05.1 ------------------------------------------------------------------------------------


def layer(W, b, x):
    z = W @ x + b
    return 1 / (1 + np.exp(-z))


def _layers(random):
    cases = [(np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([0.5, -1.0]), np.array([1.0, -2.0]))]
    for outputs, inputs in ((3, 2), (2, 4), (4, 3)):
        W = random.normal(size=(outputs, inputs))
        cases.append((W, random.normal(size=outputs), random.normal(size=inputs)))
    return cases


def _sum_then(function):
    """Return a layer with another function in place of the sigmoid."""
    return lambda W, b, x: function(W @ x + b)


LAYER = Exercise(
    key="05.1",
    title="the output of a layer",
    task="Return a = σ(W x + b) of one layer: W (outputs, inputs), b (outputs,), x (inputs,).",
    solution=layer,
    inputs=_layers,
    slips={
        "this is z; the activation σ is still to be applied to it.": _sum_then(lambda z: z),
        "the bias b is missing.": lambda W, b, x: layer(W, 0 * b, x),
        "the minus is missing in σ: it is 1 / (1 + e^(−z)).": _sum_then(
            lambda z: 1 / (1 + np.exp(z))
        ),
        "this is 1 + e^(−z); σ is 1 divided by all of it (1 / 1 + … divides first).": _sum_then(
            lambda z: 1 / 1 + np.exp(-z)
        ),
        "parentheses are missing in σ: b stands outside of the exponent.": (
            lambda W, b, x: 1 / (1 + np.exp(-W @ x) + b)
        ),
        "this is a softmax, over all neurons; σ acts on each neuron alone.": _sum_then(softmax),
        "the matrix lies on its side: row i of W belongs to neuron i, so it is W @ x.": (
            lambda W, b, x: layer(W.T, b, x)
        ),
        "W * x multiplies entry by entry; W @ x sums over the inputs of each neuron.": (
            lambda W, b, x: 1 / (1 + np.exp(-(W * x + b)))
        ),
        "b is inside the product: W x + b is wanted, not W (x + b).": (
            lambda W, b, x: layer(W, 0 * b, x + b)
        ),
        "b came in with a minus: it is W x + b, and in e^(−z) the minus is for both, −(W x + b).": (
            lambda W, b, x: layer(W, -b, x)
        ),
        "σ was applied before b was added.": lambda W, b, x: layer(W, 0 * b, x) + b,
        "this is tanh; the lecture's σ is 1 / (1 + e^(−z)).": _sum_then(np.tanh),
        "this is ReLU; the lecture's σ is 1 / (1 + e^(−z)).": _sum_then(lambda z: np.maximum(z, 0)),
    },
    hints=(
        "First z, one number for each neuron: W @ x + b.",
        "Then 1 / (1 + np.exp(-z)), entry by entry.",
    ),
)


# --- 05.2 ------------------------------------------------------------------------------------


def slopes(x, y):
    left, right = x + y, y + 1
    return right, right + left


SLOPES = Exercise(
    key="05.2",
    title="a node that is used twice",
    task="Return the pair (∂f/∂x, ∂f/∂y) of f = (x + y)·(y + 1), for any numbers x and y.",
    solution=slopes,
    inputs=lambda random: [
        (2.0, 1.0),
        *((float(x), float(y)) for x, y in random.normal(0, 3, (4, 2)).round(2)),
    ],
    slips={
        "y is used twice, and one use is missing: the path through y + 1 brings x + y.": (
            lambda x, y: (y + 1, y + 1)
        ),
        "y is used twice, and one use is missing: the path through x + y brings y + 1.": (
            lambda x, y: (y + 1, x + y)
        ),
        "the contributions of two paths are added, not multiplied.": (
            lambda x, y: (y + 1, (y + 1) * (x + y))
        ),
        "the derivative of a product by one factor is the *other* factor.": (
            lambda x, y: (x + y, x + y + y + 1)
        ),
        "the pair is the wrong way round: ∂f/∂x comes first.": lambda x, y: slopes(x, y)[::-1],
        "in ∂f/∂y a 1 is lost: the path through x + y brings y + 1, not y.": (
            lambda x, y: (y + 1, x + 2 * y)
        ),
        "each is one factor of f: ∂f/∂x is the *other* one, y + 1, and for y both count.": (
            lambda x, y: (x + y, y + 1)
        ),
        "these are the numbers of paths; along each path multiply the local derivatives.": (
            lambda x, y: (1, 2)
        ),
    },
    hints=(
        "Two products of local derivatives for y, one for each way from y to f. Then add them.",
        "∂f/∂(x + y) is y + 1, and ∂f/∂(y + 1) is x + y. x goes through the first, y through both.",
    ),
)


# --- 05.3 ------------------------------------------------------------------------------------


def relu_backward(D, Z):
    return np.where(Z > 0, D, 0.0)


def _two_arrays(random):
    cases = [(np.array([[2.0, -3.0, -1.0]]), np.array([[1.5, -0.5, 0.5]]))]
    for shape in ((2, 3), (3, 3), (4, 5)):
        cases.append((random.normal(size=shape), random.normal(size=shape)))
    return cases


RELU_BACKWARD = Exercise(
    key="05.3",
    title="backward through ReLU",
    task="D is ∂C/∂A for A = max(0, Z). Return ∂C/∂Z, of the same shape.",
    solution=relu_backward,
    inputs=_two_arrays,
    slips={
        "this is the local derivative alone; the chain rule multiplies it by D.": (
            lambda D, Z: (Z > 0) * 1.0
        ),
        "this is ReLU of D: what decides is the sign of Z, not of D.": (
            lambda D, Z: np.maximum(D, 0)
        ),
        "D is multiplied by ReLU(Z); its derivative is 1 where Z > 0, whatever the size of Z.": (
            lambda D, Z: D * np.maximum(Z, 0)
        ),
        "D is multiplied by Z itself; the derivative of ReLU is 1 where Z > 0, else 0.": (
            lambda D, Z: D * Z
        ),
        "the gate is the wrong way round: it is open where Z > 0.": lambda D, Z: D * (Z < 0),
        "nothing is stopped: where Z < 0 a change of Z changes nothing, so ∂C/∂Z is 0.": (
            lambda D, Z: D
        ),
        "this is the forward pass, ReLU of Z; D must come through it backwards.": (
            lambda D, Z: np.maximum(Z, 0)
        ),
        "this is the derivative of the sigmoid, σ (1 − σ); that of ReLU is 1 or 0.": (
            lambda D, Z: D / (2 + np.exp(Z) + np.exp(-Z))
        ),
        "negative entries of D are lost: where Z > 0, D passes as it is, whatever its sign.": (
            lambda D, Z: np.maximum(0, D) * (Z > 0)
        ),
        "this is ReLU of D · Z: Z only opens or shuts the gate, it multiplies nothing.": (
            lambda D, Z: np.maximum(0, D * Z)
        ),
        "where Z < 0 the derivative is 0, not −1: this is the derivative of |Z|.": (
            lambda D, Z: D * np.sign(Z)
        ),
    },
    hints=(
        "Where Z > 0, A = Z and a change passes unchanged; elsewhere A is 0 whatever Z does.",
        "np.where(Z > 0, …, …) chooses entry by entry; or multiply D by (Z > 0).",
    ),
)


# --- 05.4 ------------------------------------------------------------------------------------


def dense_backward(D, X, W):
    return D.T @ X, D.sum(axis=0), D @ W


def _dense_cases(random):
    rows = [[1], [-2]], [[1, 2, 0], [3, -1, 1]], [[1, 2, -1]]
    cases = [tuple(np.array(part, dtype=float) for part in rows)]  # the three shapes differ
    for n, inputs, outputs in ((3, 2, 4), (5, 4, 3), (4, 3, 2)):
        D, X = random.normal(size=(n, outputs)), random.normal(size=(n, inputs))
        cases.append((D.round(1), X.round(1), random.normal(size=(outputs, inputs)).round(1)))
    return cases


def _with(weights=None, bias=None, inputs=None):
    """Return the backward pass with one of its parts replaced by a slip."""

    def backward(D, X, W):
        right = dense_backward(D, X, W)
        changes = (weights, bias, inputs)
        return tuple(
            part if change is None else change(D, X, W)
            for part, change in zip(right, changes, strict=True)
        )

    return backward


DENSE_BACKWARD = Exercise(
    key="05.4",
    title="backward through a dense layer",
    task="Z = X Wᵀ + b, and D is ∂C/∂Z, shape (n, outputs). Return (∂C/∂W, ∂C/∂b, ∂C/∂X).",
    solution=dense_backward,
    inputs=_dense_cases,
    slips={
        "∂C/∂W lies on its side: it has the shape of W, (outputs, inputs).": _with(
            weights=lambda D, X, W: X.T @ D
        ),
        "∂C/∂b is not summed: one b serves all samples, so their parts are added.": _with(
            bias=lambda D, X, W: D
        ),
        "∂C/∂b is a mean here; it is a sum over the samples (a 1/n is in D already).": _with(
            bias=lambda D, X, W: D.mean(axis=0)
        ),
        "∂C/∂W is divided by n here; a 1/n is in D already, where the loss is a mean.": _with(
            weights=lambda D, X, W: D.T @ X / len(X)
        ),
        "∂C/∂b is summed over the neurons; sum over the samples, axis 0.": _with(
            bias=lambda D, X, W: D.sum(axis=1)
        ),
        "two shapes do not fit: forward it is X @ W.T, so backward D @ W; and ∂C/∂W is D.T @ X.": (
            _with(inputs=lambda D, X, W: D @ W.T)
        ),
        "∂C/∂X lies on its side: W.T @ D.T has a sample in each column; D @ W has it in a row.": (
            _with(inputs=lambda D, X, W: W.T @ D.T)
        ),
        "∂C/∂W and ∂C/∂b are both divided by n; a 1/n is in D already.": _with(
            weights=lambda D, X, W: D.T @ X / len(X), bias=lambda D, X, W: D.mean(axis=0)
        ),
        "D * X multiplies entry by entry; D.T @ X sums over the samples.": _with(
            weights=lambda D, X, W: D * X
        ),
        "the order is ∂C/∂W, ∂C/∂b, ∂C/∂X: here ∂C/∂X came first.": (
            lambda D, X, W: tuple(dense_backward(D, X, W)[i] for i in (2, 0, 1))
        ),
        "the order is ∂C/∂W, ∂C/∂b, ∂C/∂X: here ∂C/∂b came last.": (
            lambda D, X, W: tuple(dense_backward(D, X, W)[i] for i in (0, 2, 1))
        ),
        "∂C/∂X and ∂C/∂W have changed places.": lambda D, X, W: dense_backward(D, X, W)[::-1],
        "∂C/∂b is missing, it is all zeros.": _with(bias=lambda D, X, W: 0 * D.sum(axis=0)),
        "∂z/∂w is the input: ∂C/∂W is made of D and X, not of D and W.": _with(
            weights=lambda D, X, W: D.T @ D @ W
        ),
    },
    hints=(
        "Look at the shapes: W (outputs, inputs), D (n, outputs), X (n, inputs). What fits?",
        "∂C/∂W = D.T @ X, a sum over the samples; ∂C/∂b is D summed over them; ∂C/∂X = D @ W.",
    ),
)


# --- 05.5 ------------------------------------------------------------------------------------


def logits_gradient(Z, y):
    p = softmax(Z)
    p[np.arange(len(y)), y] -= 1
    return p / len(y)


def _logits(random):
    cases = [(np.array([[0.0, 1.0], [2.0, 0.0]]), np.array([0, 0]))]
    for n, k in ((3, 3), (4, 3), (5, 4)):
        cases.append((random.normal(0, 2, (n, k)).round(2), random.integers(k, size=n)))
    return cases


def _with_softmax(p_of):
    """Return the gradient with another softmax."""
    return lambda Z, y: (p_of(np.exp(Z)) - _one_hot(y, Z.shape[1])) / len(y)


def _one_hot(y, k):
    return np.eye(k)[y]


def _all_columns(Z, y):
    p = softmax(Z)
    p[:, y] -= 1
    return p / len(y)


LOGITS_GRADIENT = Exercise(
    key="05.5",
    title="backward through softmax and cross-entropy",
    task=(
        "C is the mean over n samples of −ln p[y], p = softmax(z). Return ∂C/∂Z, of the shape of "
        "Z, (n, classes); y holds the n true class numbers. softmax(Z) gives p, row by row."
    ),
    solution=logits_gradient,
    inputs=_logits,
    slips={
        "the sign is flipped: it is softmax minus one-hot.": lambda Z, y: -logits_gradient(Z, y),
        "the 1/n of the mean is missing.": lambda Z, y: logits_gradient(Z, y) * len(y),
        "the sign is flipped, and the 1/n of the mean is missing.": (
            lambda Z, y: -logits_gradient(Z, y) * len(y)
        ),
        "this is the softmax, divided by n; the one-hot truth is still to be subtracted.": (
            lambda Z, y: softmax(Z) / len(y)
        ),
        "this is the softmax alone: subtract the one-hot truth, and divide by n.": (
            lambda Z, y: softmax(Z)
        ),
        "the one-hot truth is subtracted without its 1/n: parentheses around softmax − one-hot.": (
            lambda Z, y: logits_gradient(Z, y) - _one_hot(y, Z.shape[1]) * (1 - 1 / len(y))
        ),
        "p[:, y] takes these columns in *every* row; p[np.arange(n), y] takes one in each.": (
            _all_columns
        ),
        "this is divided by the number of classes; the mean is over the samples.": (
            lambda Z, y: logits_gradient(Z, y) * len(y) / Z.shape[1]
        ),
        "the softmax is taken over the samples; each row must sum to 1, so sum over axis 1.": (
            _with_softmax(lambda e: e / e.sum(axis=0))
        ),
        "the softmax is taken over all entries; each row must sum to 1, so sum over axis 1.": (
            _with_softmax(lambda e: e / e.sum())
        ),
        "each row is to be divided by its own sum: sum(axis=1, keepdims=True) keeps a column.": (
            _with_softmax(lambda e: e / e.sum(axis=1))
        ),
        "these are logits minus one-hot: the softmax is missing.": (
            lambda Z, y: (Z - _one_hot(y, Z.shape[1])) / len(y)
        ),
    },
    hints=(
        "The result of lesson 04, row by row: the softmax less the one-hot label. And C is a mean.",
        "p = softmax(Z); p[np.arange(n), y] -= 1 subtracts the one-hot rows. Then divide by n.",
    ),
)


# --- 05.6 ------------------------------------------------------------------------------------


def two_sided(f, x, epsilon):
    return (f(x + epsilon) - f(x - epsilon)) / (2 * epsilon)


TWO_SIDED = Exercise(
    key="05.6",
    title="a derivative without a formula",
    task="Return the two-sided difference quotient of the function f at x with the step epsilon.",
    solution=two_sided,
    inputs=lambda random: [
        (np.exp, 1.0, 0.5),
        (np.cos, 1.0, 0.5),  # its slope is negative
        *(
            (f, round(float(random.normal()), 2), float(random.choice([0.1, 0.03])))
            for f in (np.sin, np.tanh, np.square, np.exp)
        ),
    ],
    slips={
        "this is the one-sided quotient, from x to x + ε: its error is O(ε), not O(ε²).": (
            lambda f, x, epsilon: (f(x + epsilon) - f(x)) / epsilon
        ),
        "this is the one-sided quotient, from x − ε to x: its error is O(ε), not O(ε²).": (
            lambda f, x, epsilon: (f(x) - f(x - epsilon)) / epsilon
        ),
        "the way from x − ε to x + ε is 2ε long, and this divides by ε.": (
            lambda f, x, epsilon: 2 * two_sided(f, x, epsilon)
        ),
        "parentheses are missing: … / 2 * epsilon divides by 2 and multiplies by ε.": (
            lambda f, x, epsilon: two_sided(f, x, epsilon) * epsilon**2
        ),
        "parentheses are missing: f(x + ε) − f(x − ε) / (2ε) divides only the second.": (
            lambda f, x, epsilon: f(x + epsilon) - f(x - epsilon) / (2 * epsilon)
        ),
        "the sign is flipped: the value at x + ε comes first.": (
            lambda f, x, epsilon: -two_sided(f, x, epsilon)
        ),
        "the sign is lost: where f falls, its derivative is negative.": (
            lambda f, x, epsilon: abs(two_sided(f, x, epsilon))
        ),
        "from x to x + ε the way is ε long, and this divides by 2ε.": (
            lambda f, x, epsilon: (f(x + epsilon) - f(x)) / (2 * epsilon)
        ),
        "this is the difference; it is still to be divided by 2ε.": (
            lambda f, x, epsilon: f(x + epsilon) - f(x - epsilon)
        ),
        "the values are added; a difference is wanted.": (
            lambda f, x, epsilon: (f(x + epsilon) + f(x - epsilon)) / (2 * epsilon)
        ),
    },
    hints=(
        "How much does f change from x − ε to x + ε, and how long is that way?",
        "(f(x + epsilon) - f(x - epsilon)) / (2 * epsilon), with both pairs of parentheses.",
    ),
)


# --- 05.7 ------------------------------------------------------------------------------------


class _MeanOfBiases(Dense):
    def gradient(self, D):
        return D.T @ self.X, D.mean(axis=0)


class _HalfWayBack(Dense):
    def backward(self, D):
        return D / 2 @ self.W


class _NetworkWithoutMean(MLP):
    def backward(self, D):
        return super().backward(len(D) * D)


def suspect(name):
    """Return a network "A", "B" or "C" with a bug, for the gradient check.

    It is a dictionary with the four arguments of `gradient_check`: loss, gradient, parameters and
    blocks.
    """
    random = np.random.default_rng(5)
    network = (_NetworkWithoutMean if name == "C" else MLP)((6, 5, 4, 3), "tanh", "xavier")
    kind = {"A": _MeanOfBiases, "B": _HalfWayBack, "C": Dense}[name]
    network.dense_layers = [kind(layer.W, layer.b) for layer in network.dense_layers]
    network.layers[::2] = network.dense_layers  # between them are the activations
    X, y = random.normal(size=(20, 6)), random.integers(3, size=20)
    loss, gradient = network.objective(X, y)
    return {
        "loss": loss, "gradient": gradient, "parameters": network.parameters,
        "blocks": network.blocks,
    }  # fmt: skip


PLACES = "output", "way back", "weights", "biases"
BUGS = {"A": "biases", "B": "way back", "C": "output"}
LOOK_AGAIN = {
    ("A", "output"): "all weights agree, so D is right in every layer, also at the output",
    ("A", "way back"): "all weights agree, so D is right in every layer, however far back",
    ("A", "weights"): "all weights agree",
    ("B", "output"): "layer 3 agrees, so the D that leaves the output is right",
    ("B", "weights"): "biases are wrong as well as weights, and in layer 3 both are right",
    ("B", "biases"): "weights are wrong as well as biases, and in layer 3 both are right",
    ("C", "way back"): "layer 3 is wrong as well, and no way back leads to it",
    ("C", "weights"): "the biases are wrong as well, by the same factor: what they share is D",
    ("C", "biases"): "the weights are wrong as well, by the same factor: what they share is D",
}


def _wrong_places():
    """Return {diagnosis: answer} for all wrong answers: a sentence for each wrong suspect."""
    answers = (dict(zip(BUGS, places, strict=True)) for places in product(PLACES, repeat=3))
    slips = {}
    for answer in answers:
        words = [f"{x}: {LOOK_AGAIN[x, place]}." for x, place in answer.items() if place != BUGS[x]]
        slips[f"look again at {' '.join(words)}"] = answer
    return {words: answer for words, answer in slips.items() if answer != BUGS}


BUG = Exercise(
    key="05.7",
    title="where is the bug?",
    task=(
        "Run gradient_check on the three suspects. Say for each where the bug is: "
        '"output", "way back", "weights" or "biases".'
    ),
    solution=BUGS,
    slips=_wrong_places(),
    hints=(
        "The last layer comes first: is it right? Then D is right at the output.",
        "A bug in how D travels back spoils the layers before, not the last one.",
    ),
    verified=(
        "A divides its biases by n once too often, B halves D from layer to layer (so layer 1 is "
        "a quarter of what it should be), C forgets the 1/n of the mean."
    ),
)


# --- 05.8 ------------------------------------------------------------------------------------


def first_std(n, activation):
    return np.sqrt(2 / n) if activation == "relu" else np.sqrt(1 / n)


def _first_std_with(tanh, relu):
    """Return other rules for the two activations."""
    return lambda n, activation: (relu if activation == "relu" else tanh)(n)


FIRST_STD = Exercise(
    key="05.8",
    title="how large should the first weights be?",
    task=(
        "Return the standard deviation of the first weights of a neuron with n inputs that keeps "
        'the variance from layer to layer; activation is "tanh" or "relu".'
    ),
    solution=first_std,
    inputs=lambda random: [
        (9, "tanh"),
        (9, "relu"),
        *((int(n), ("tanh", "relu")[i % 2]) for i, n in enumerate(random.integers(10, 900, 4))),
    ],
    slips={
        "these are variances; the standard deviation is the root.": (
            lambda n, activation: first_std(n, activation) ** 2
        ),
        "ReLU sets half of the values to 0, so it needs twice the variance, 2/n.": (
            _first_std_with(lambda n: np.sqrt(1 / n), lambda n: np.sqrt(1 / n))
        ),
        "tanh loses nothing near 0: 1/n is enough, the 2 is for ReLU.": (
            _first_std_with(lambda n: np.sqrt(2 / n), lambda n: np.sqrt(2 / n))
        ),
        "the two activations have changed places: the 2 is for ReLU.": (
            _first_std_with(lambda n: np.sqrt(2 / n), lambda n: np.sqrt(1 / n))
        ),
        "the 2 is outside the root: twice the *variance* is wanted.": (
            _first_std_with(lambda n: np.sqrt(1 / n), lambda n: 2 * np.sqrt(1 / n))
        ),
        "for tanh this is the variance, 1/n; the standard deviation is its root.": (
            _first_std_with(lambda n: 1 / n, lambda n: np.sqrt(2 / n))
        ),
        "the root is for n, too: √(2/n) and √(1/n).": (
            _first_std_with(lambda n: 1 / n, lambda n: np.sqrt(2) / n)
        ),
        "in ReLU's rule the root is for n, too: √(2/n), not √2 / n.": (
            _first_std_with(lambda n: np.sqrt(1 / n), lambda n: np.sqrt(2) / n)
        ),
        "n is above the line: the more inputs, the smaller each weight.": (
            _first_std_with(lambda n: np.sqrt(n), lambda n: np.sqrt(2 * n))
        ),
        "ReLU halves the variance, so it must be doubled, not halved again.": (
            _first_std_with(lambda n: np.sqrt(1 / n), lambda n: np.sqrt(0.5 / n))
        ),
    },
    hints=(
        "Xavier for tanh, Kaiming for ReLU: variances 1/n and 2/n.",
        "np.sqrt(2 / n) for ReLU, np.sqrt(1 / n) for tanh.",
    ),
)


EXERCISES = [
    LAYER, SLOPES, RELU_BACKWARD, DENSE_BACKWARD, LOGITS_GRADIENT, TWO_SIDED, BUG, FIRST_STD,
]  # fmt: skip
