"""Neural networks in NumPy: layers, an MLP, its first weights, its gradient, a check, a training.

The three steps of the lecture ("Deep Learning", "Backpropagation"): a network's structure is a set
of functions, the cross-entropy says how good one is, and gradient descent picks the best, with the
gradient that backpropagation gives.

Shapes: a sample is a row, as everywhere in this course. The lecture writes one sample as a column
and z = W x + b; here, for n samples at once, Z = X Wᵀ + b, with the lecture's W: its row i holds
the weights of neuron i, so the shape is (outputs, inputs), as in `torch.nn.Linear`. Backwards, D
is the derivative of C by the *output* of the layer at hand, of the shape of that output: ∂C/∂Z at
a dense layer, ∂C/∂A at an activation. Every `backward` takes it and gives ∂C/∂input.
"""

import math
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from course_lib.logistic import log_softmax, sigmoid, softmax
from course_lib.optimizers import minibatches
from course_lib.validation import (
    DivergedError,
    as_array,
    as_design,
    as_integer,
    as_number,
    as_option,
    check_same_length,
)

# --- Layers ------------------------------------------------------------------------------------


class Dense:
    """A fully connected layer: Z = X Wᵀ + b, with W of shape (outputs, inputs) and b (outputs,).

    One entry is Z_ki = Σ_j X_kj W_ij + b_i. So W_ij touches Z_ki in every sample k, times X_kj, and
    X_kj touches Z_ki of every neuron i, times W_ij: the chain rule sums over k, or over i.
    """

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, X):
        """Z, of shape (n, outputs). X is kept: ∂z/∂w is the input (the lecture's forward pass)."""
        if np.ndim(X) != 2 or X.shape[1] != self.W.shape[1]:
            raise ValueError(
                f"X must have shape (n, {self.W.shape[1]}), a sample a row, came {np.shape(X)}"
            )
        self.X = X
        return X @ self.W.T + self.b

    def backward(self, D):
        """∂C/∂X = D W, of shape (n, inputs): the reversed network, with its arrows turned round.

        D is ∂C/∂Z here, of shape (n, outputs).
        """
        return D @ self.W

    def gradient(self, D):
        """∂C/∂W = Dᵀ X and ∂C/∂b = Σ over the samples of D, in the shapes of W and b; D is ∂C/∂Z.

        X is that of the last `forward`: a RuntimeError says so where there was none.
        """
        _was_forward(self, "X")
        return D.T @ self.X, D.sum(axis=0)


class Function(NamedTuple):
    """An activation function σ, and its derivative as a function of the *output* a = σ(z)."""

    value: object
    derivative: object


ACTIVATIONS = {
    "sigmoid": Function(lambda z: sigmoid(z).astype(z.dtype), lambda a: a * (1 - a)),
    "tanh": Function(np.tanh, lambda a: 1 - a * a),
    "relu": Function(lambda z: np.maximum(z, 0), lambda a: a > 0),
    "leaky_relu": Function(
        lambda z: np.maximum(z, 0.01 * z), lambda a: np.where(a > 0, 1, a.dtype.type(0.01))
    ),
    "linear": Function(lambda z: z, np.ones_like),
}


class Activation:
    """A = σ(Z), entry by entry; `name` is one of `ACTIVATIONS`."""

    def __init__(self, name):
        self.function = ACTIVATIONS[as_option(name, "activation", ACTIVATIONS)]

    def forward(self, Z):
        """A, of the shape of Z; it is kept for the way back."""
        self.A = self.function.value(Z)
        return self.A

    def backward(self, D):
        """∂C/∂Z = D σ'(Z), where D is ∂C/∂A: on the way back, σ'(Z) is a constant factor."""
        _was_forward(self, "A")
        return D * self.function.derivative(self.A)


def _was_forward(layer, kept):
    if not hasattr(layer, kept):
        raise RuntimeError("forward comes first: the way back needs what it keeps")


def softmax_cross_entropy(logits, y):
    """The mean of −ln p[y] over the samples, p = softmax(z), and its derivative by the logits z.

    `logits` has shape (n, classes), `y` holds n class numbers from 0. The derivative is
    (p − one-hot(y)) / n, of the shape and type of the logits. Taken as one step, neither an
    overflow nor a division by a probability of 0 can happen.
    """
    logits, y = np.asarray(logits), np.asarray(y)
    if logits.ndim != 2 or logits.dtype not in (np.float64, np.float32):
        raise ValueError(
            f"logits must be an array of shape (n, classes) of floats, came shape {logits.shape} "
            f"of {logits.dtype}"
        )
    if y.shape != logits.shape[:1] or y.dtype.kind not in "iu":
        raise ValueError(
            f"y must hold {len(logits)} whole numbers, came shape {y.shape} of {y.dtype}"
        )
    if y.min() < 0 or y.max() >= logits.shape[1]:
        raise ValueError(f"y must hold class numbers from 0 to {logits.shape[1] - 1}")
    if not np.isfinite(logits).all():
        raise DivergedError(
            "logits must be finite: is the learning rate, or are the weights, too large?"
        )
    log_p = log_softmax(logits)
    truth = np.arange(len(y)), y
    loss = -log_p[truth].mean()
    D = np.exp(log_p)
    D[truth] -= 1
    return float(loss), (D / len(y)).astype(logits.dtype)


# --- The first weights -------------------------------------------------------------------------

INITIALIZERS = {
    "zero": lambda n: 0.0,
    "normal": lambda n: 1.0,
    "xavier": lambda n: np.sqrt(1 / n),
    "kaiming": lambda n: np.sqrt(2 / n),
}


def initial_std(initializer, n):
    """The standard deviation of the first weights of a neuron with n inputs.

    "zero" 0 · "normal" 1 · "xavier" √(1/n) · "kaiming" √(2/n), as in the lecture; or a number.
    Other notations: Glorot and Bengio 2010 (Xavier) average over both directions, 2/(n_in + n_out),
    and so does torch's `xavier_normal_`; 1/n is LeCun's (1998). He et al. 2015 (Kaiming) is 2/n.
    """
    if isinstance(initializer, str):
        return INITIALIZERS[as_option(initializer, "initializer", INITIALIZERS)](n)
    return as_number(initializer, "initializer", minimum=0)


# --- The network -------------------------------------------------------------------------------


class MLP:
    """A multi-layer perceptron: dense layers with an activation between, softmax at the end.

    `sizes` counts the neurons of every layer, the inputs first: (784, 128, 64, 10). Weights are
    drawn from N(0, std²) with `initial_std`, biases begin at 0. `dtype` is float64, or float32 for
    speed. `y` holds the numbers of the classes, 0 … sizes[-1] − 1.
    """

    def __init__(self, sizes, activation="relu", initializer="kaiming", seed=0, dtype=np.float64):
        self.sizes = _checked_sizes(sizes)
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float64, np.float32):
            raise ValueError(f"dtype must be float64 or float32, came {self.dtype}")
        self.blocks = _blocks(self.sizes)
        self._parameters = np.zeros(self.blocks[f"b{len(self.sizes) - 1}"].stop, self.dtype)
        self._build(activation)
        random = np.random.default_rng(as_integer(seed, "seed", minimum=0))
        for layer in self.dense_layers:
            std = initial_std(initializer, layer.W.shape[1])
            layer.W[...] = std * random.standard_normal(layer.W.shape)

    def _build(self, activation):
        """Make the layers; their W and b are views: parts of the one flat array of parameters."""
        self.layers, self.dense_layers = [], []
        for i, (inputs, outputs) in enumerate(zip(self.sizes, self.sizes[1:], strict=False), 1):
            W = self._parameters[self.blocks[f"W{i}"]].reshape(outputs, inputs)
            dense = Dense(W, self._parameters[self.blocks[f"b{i}"]])
            self.dense_layers.append(dense)
            self.layers += [dense, Activation(activation)]
        self.layers.pop()  # the last layer has no activation: the softmax is in the loss

    @property
    def parameters(self):
        """All weights and biases as one flat array, W1, b1, W2, b2, …: a copy, to be set again.

        `blocks` says where each lies: `network.parameters[network.blocks["W1"]]`.
        """
        return self._parameters.copy()

    @parameters.setter
    def parameters(self, values):
        values = np.asarray(values)
        if values.shape != self._parameters.shape:
            raise ValueError(
                f"parameters must have shape {self._parameters.shape}, came {values.shape}"
            )
        if not np.isfinite(values).all():
            raise ValueError(
                "parameters must be finite: is the learning rate, or are the weights, too large?"
            )
        self._parameters[:] = values

    def forward(self, X):
        """The logits, of shape (n, classes), for X of shape (n, inputs): layer after layer."""
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def backward(self, D):
        """The gradient of C by all parameters, flat, from D = ∂C/∂logits, after a `forward`.

        Every layer gets D, the derivative of C by its own output, and hands on the derivative by
        its input. It stays in `layer.D`. The derivative by the data, which training does not need,
        is left out. Raises ValueError unless D has the shape of the logits of that `forward`.
        """
        self._check_way_back(D)
        for layer in reversed(self.layers):
            layer.D = D
            if layer is not self.layers[0]:
                D = layer.backward(D)
        gradients = [part for layer in self.dense_layers for part in layer.gradient(layer.D)]
        return np.concatenate([part.ravel() for part in gradients])

    def _check_way_back(self, D):
        last = self.dense_layers[-1]
        _was_forward(last, "X")
        wanted = len(last.X), len(last.b)
        if np.shape(D) != wanted:
            raise ValueError(f"D must have the shape of the logits, {wanted}, came {np.shape(D)}")

    def loss_and_gradient(self, X, y):
        """The mean cross-entropy of the samples, and its gradient by all parameters, flat."""
        return self._loss_and_gradient(*self._samples(X, y))

    def _loss_and_gradient(self, X, y):
        loss, D = softmax_cross_entropy(self.forward(X), y)
        return loss, self.backward(D)

    def objective(self, X, y):
        """The loss and its gradient as functions of the flat parameters, for `minimize` and checks.

        Calling them sets the parameters of the network.
        """
        X, y = self._samples(X, y)

        def loss(parameters):
            self.parameters = parameters
            return softmax_cross_entropy(self.forward(X), y)[0]

        def gradient(parameters):
            self.parameters = parameters
            return self._loss_and_gradient(X, y)[1]

        return loss, gradient

    def predict_proba(self, X):
        """The probability of each class, of shape (n, classes)."""
        return softmax(self.forward(self._inputs(X)))

    def predict(self, X):
        """The number of the most probable class of each sample."""
        return self.forward(self._inputs(X)).argmax(axis=1)

    def score(self, X, y):
        """The accuracy: the share of the samples whose class is predicted rightly."""
        X, y = self._samples(X, y)
        return float(np.mean(self.forward(X).argmax(axis=1) == y))

    def _inputs(self, X):
        X = as_design(X)
        if X.shape[1] != self.sizes[0]:
            raise ValueError(f"X must have {self.sizes[0]} columns, came shape {X.shape}")
        return X.astype(self.dtype, copy=False)

    def _samples(self, X, y):
        X, y = self._inputs(X), as_array(y, "y", ndim=1)
        check_same_length(X=X, y=y)
        classes = self.sizes[-1]
        if (y != y.round()).any() or y.min() < 0 or y.max() >= classes:
            raise ValueError(f"y must hold class numbers from 0 to {classes - 1}")
        return X, y.astype(np.intp)


def _checked_sizes(sizes):
    if isinstance(sizes, str) or not np.iterable(sizes):
        raise TypeError(f"sizes must be a list of numbers, such as (784, 64, 10), came {sizes!r}")
    if len(sizes) < 2:
        raise ValueError(f"sizes must count inputs and outputs at least, came {sizes}")
    return [as_integer(size, "sizes", minimum=1) for size in sizes]


def _blocks(sizes):
    """Where W1, b1, W2, b2, … lie in the flat array: a dictionary from name to slice."""
    blocks, start = {}, 0
    for i, (inputs, outputs) in enumerate(zip(sizes, sizes[1:], strict=False), 1):
        for name, length in ((f"W{i}", inputs * outputs), (f"b{i}", outputs)):
            blocks[name] = slice(start, start + length)
            start += length
    return blocks


# --- Is the gradient right? --------------------------------------------------------------------


def difference_quotient(function, x, epsilon, two_sided=True):
    """An approximation of the derivative of a function of one number.

    Two-sided, (f(x + ε) − f(x − ε)) / 2ε, the error is about |f'''| ε²/6; one-sided,
    (f(x + ε) − f(x)) / ε, it is about |f''| ε/2. To both comes rounding, about 10⁻¹⁶ |f| / ε.
    `epsilon` is ε > 0, a number or an array of them.
    """
    if not (np.asarray(epsilon) > 0).all():
        raise ValueError(f"epsilon must be greater than 0, came {epsilon}")
    if two_sided:
        return (function(x + epsilon) - function(x - epsilon)) / (2 * epsilon)
    return (function(x + epsilon) - function(x)) / epsilon


def numerical_gradient(function, point, epsilon=1e-5, entries=None):
    """The gradient of function(point) by two-sided differences: 2 calls of it for each entry.

    `point` is flat; `entries` are the positions wanted (all, unless told otherwise). Raises
    ValueError where the function gives no finite number.
    """
    point = as_array(point, "point", ndim=1)
    epsilon = as_number(epsilon, "epsilon", above=0)
    entries = range(len(point)) if entries is None else entries

    def along(entry):
        def moved(x):
            value = function(np.concatenate([point[:entry], [x], point[entry + 1 :]]))
            return as_number(value, "the value of the function")

        return moved

    return np.array([difference_quotient(along(i), point[i], epsilon) for i in entries])


@dataclass(frozen=True)
class GradientCheck:
    """The relative error of a gradient in each block of the parameters, and what it looks like.

    `errors` maps the name of a block to ‖analytic − numerical‖ / (‖analytic‖ + ‖numerical‖);
    `diagnoses` has a sentence for each block that is wrong, `unsure` one for each block whose
    gradients are too small for differences to tell. A block of neither kind agrees.
    """

    errors: dict
    diagnoses: dict
    unsure: dict
    tolerance: float

    @property
    def passed(self):
        """Whether no block is wrong: but see `unsure`."""
        return not self.diagnoses

    def __repr__(self):
        return "\n".join(map(self._line, self.errors))

    def _line(self, name):
        if name in self.diagnoses:
            return f"✗ {name}: {self.diagnoses[name]}"
        if name in self.unsure:
            return f"? {name}: {self.unsure[name]}"
        return f"✓ {name} agrees to {self.tolerance:.0e}"


@threadpool_limits.wrap(limits=1, user_api="blas")
def gradient_check(
    loss, gradient, parameters, blocks=None, *, epsilon=1e-5, tolerance=1e-5, most=50, seed=0
):
    """Compare a gradient with two-sided differences of the loss, block by block.

    `loss(θ)` gives a number, `gradient(θ)` an array of the shape of θ = `parameters`, (n,), and
    `blocks` maps names to slices of it, as `MLP.blocks` does. Of a block with more than `most`
    entries, so many are drawn at random and compared. The error of a block is
    ‖analytic − numerical‖ / (‖analytic‖ + ‖numerical‖), 0 where both are 0.
    A difference quotient is rounded to about r = 10⁻¹⁶ |loss| / ε an entry. Where both gradients
    are so short that r could be the tolerance of them, the block is *unsure*: nothing is said of it
    unless they are further apart than r explains.
    Lecture: "gradient checking". Raises ValueError where there is nothing to compare (NaN, an empty
    block, a block outside of the parameters), or for float32 parameters: too few digits.
    """
    if np.asarray(parameters).dtype == np.float32:
        raise ValueError("parameters must be float64: float32 has too few digits for differences")
    parameters = as_array(parameters, "parameters", ndim=1)
    tolerance, most = as_number(tolerance, "tolerance", above=0), as_integer(most, "most", 1)
    analytic = as_array(gradient(parameters), "gradient(parameters)", ndim=1)
    check_same_length(parameters=parameters, gradient=analytic)
    value = as_number(loss(parameters), "loss(parameters)")
    rounding = 4 * np.finfo(float).eps * max(abs(value), 1) / as_number(epsilon, "epsilon", above=0)
    random = np.random.default_rng(seed)
    check = GradientCheck({}, {}, {}, tolerance)
    for name, block in (blocks or {"gradient": slice(None)}).items():
        entries = _entries(name, block, len(parameters), most, random)
        numerical = numerical_gradient(loss, parameters, epsilon, entries)
        _compare(check, name, analytic[entries], numerical, rounding * np.sqrt(len(entries)))
    return check


def _entries(name, block, n, most, random):
    """The positions of a block, or `most` of them at random; refused where there are none."""
    entries = np.arange(n)[block]
    ends = [end for end in (block.start, block.stop) if end is not None]
    if len(entries) == 0 or max(ends, default=0) > n:
        raise ValueError(
            f"the block {name} must be a slice with entries of the {n} parameters, came {block}"
        )
    return entries if len(entries) <= most else random.choice(entries, most, replace=False)


def _compare(check, name, analytic, numerical, rounding):
    """Record the error of a block and, where it does not agree, why."""
    apart, size = np.linalg.norm(analytic - numerical), _size(analytic, numerical)
    check.errors[name] = float(apart / size) if size else 0.0
    if check.errors[name] <= check.tolerance:
        return
    if apart <= rounding:
        check.unsure[name] = "too small for differences to tell from rounding"
    else:
        check.diagnoses[name] = _diagnosis(analytic, numerical)


def _size(a, b):
    return np.linalg.norm(a) + np.linalg.norm(b)


def _diagnosis(analytic, numerical):
    """What a wrong gradient looks like, beside the numerical one."""
    if not analytic.any():
        return "it is zero: this gradient is missing"
    factor = analytic @ numerical / max(numerical @ numerical, 1e-300)
    if np.linalg.norm(analytic - factor * numerical) > 1e-3 * np.linalg.norm(analytic):
        return "it points in another direction, so more than its size is wrong"
    if abs(factor + 1) < 1e-3:
        return "its sign is wrong"
    digits = 3 if abs(factor - 1) > 0.01 else 6  # 1.001 must not be called 1
    return f"it is {factor:.{digits}g} times what it should be"


# --- Training ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class History:
    """What a training saw."""

    losses: np.ndarray  # (updates,): the loss of each mini-batch, just before its update
    epoch_losses: np.ndarray  # (epochs,): their means
    accuracies: np.ndarray  # (epochs + 1,): on the held-out samples, before and after each epoch
    parameters: np.ndarray  # (epochs + 1, n): after each epoch, the start first; or empty


@threadpool_limits.wrap(limits=1, user_api="blas")
def train(
    network, X, y, optimizer, epochs, *, batch_size=64, seed=0, held_out=None, keep=False,
    progress=None,
):  # fmt: skip
    """Train a network on X and y: `epochs` times through all samples, an update a mini-batch.

    The samples are shuffled anew in every epoch; `seed` is that of the shuffling. `held_out` is a
    pair (X, y) of other samples, on which the accuracy is recorded; `keep=True` records the
    parameters, too. `progress` is called with a sentence after each epoch: `progress=print`.
    Returns a `History`; raises ValueError where the network's outputs or parameters are no longer
    finite, and TypeError where the optimizer is a class, or `held_out` is no pair.

    The linear algebra runs on one thread: the products of a mini-batch are too small to share, on
    a busy machine threads wait for each other, and so the result is the same on any number of them.
    """
    X, y = network._samples(X, y)
    _check_training(optimizer, held_out)
    epochs, batch_size = as_integer(epochs, "epochs", 1), as_integer(batch_size, "batch_size", 1)
    batches, updates = minibatches(len(X), batch_size, seed), math.ceil(len(X) / batch_size)
    optimizer.reset()
    losses, accuracies, kept = [], [network.score(*held_out)] if held_out else [], []
    for epoch in range(1, epochs + 1):
        kept += [network.parameters] if keep else []
        losses.append(_updates(network, X, y, optimizer, islice(batches, updates)))
        accuracies += [network.score(*held_out)] if held_out else []
        if progress:
            accuracy = f", accuracy on held-out samples {accuracies[-1]:.1%}" if held_out else ""
            progress(f"epoch {epoch} of {epochs}: loss {np.mean(losses[-1]):.3f}{accuracy}")
    kept += [network.parameters] if keep else []
    return History(
        np.concatenate(losses), np.mean(losses, axis=1), np.array(accuracies), np.array(kept)
    )


def _check_training(optimizer, held_out):
    if isinstance(optimizer, type):
        raise TypeError(f"optimizer must be made first: {optimizer.__name__}(…), with parentheses")
    if held_out is not None and not (isinstance(held_out, tuple | list) and len(held_out) == 2):
        raise TypeError(f"held_out must be a pair (X, y), came {type(held_out).__name__}")


def _updates(network, X, y, optimizer, batches):
    """One update a batch; returns the losses, each from just before its update."""
    losses = []
    for batch in batches:
        loss, gradient = network._loss_and_gradient(X[batch], y[batch])
        network.parameters = optimizer.step(network.parameters, gradient)
        losses.append(loss)
    return losses
