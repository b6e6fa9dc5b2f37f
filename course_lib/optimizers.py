"""Walking down a loss: optimizers, learning-rate schedules, and `minimize`, which records a walk.

An optimizer turns parameters and a gradient into new parameters. The parameters are one flat
array. Every optimizer here works entry by entry, and goes

    θ ← θ − η d,

with the learning rate η and a direction d; `direction` is all in which they differ. What they
remember from step to step is in `memory`; `reset` forgets it. All of them give the same walk as
the optimizers of their names in `torch.optim` (AMSGrad: `Adam(amsgrad=True)`; Momentum and
Nesterov: `SGD(momentum=…)`), and from Adagrad on they have the same default values.
"""

import math
from dataclasses import dataclass

import numpy as np

from course_lib.validation import as_array, as_integer, as_number

BLOCK = 32_768  # entries that are worked on at a time


# --- Optimizers --------------------------------------------------------------------------------


class SGD:
    """Gradient descent: d = g, the gradient at θ.

    It is called *stochastic* gradient descent where g comes from a part of the data only; the step
    is the same. Lecture: "Gradient Descent".

    `learning_rate` is η > 0, or a schedule: a function that gives η for the steps t = 0, 1, 2, …
    With a `weight_decay` λ > 0, λθ is added to the gradient: that is the gradient of ½ λ‖θ‖².
    """

    arrays_to_remember = 0

    def __init__(self, learning_rate=0.1, weight_decay=0.0):
        if not callable(learning_rate):
            learning_rate = as_number(learning_rate, "learning_rate", above=0)
        self.learning_rate = learning_rate
        self.weight_decay = as_number(weight_decay, "weight_decay", minimum=0)
        self.reset()

    def reset(self):
        """Forget all earlier steps."""
        self.t = 0  # the number of steps so far
        self.memory = None

    def step(self, parameters, gradient):
        """The parameters after one step, a new array; both arguments have the shape (n,)."""
        _check_step(parameters, gradient, self.memory)
        if self.memory is None:
            self.memory = np.zeros((self.arrays_to_remember, *parameters.shape), parameters.dtype)
        rate = self._rate()
        self.t += 1
        moved = np.empty_like(parameters)
        for here in _blocks(len(parameters)):
            old, slope = parameters[here], gradient[here]
            if self.weight_decay:
                old, slope = self.decay(rate, old, slope)
            direction = self.direction(slope, *self.memory[:, here])
            np.subtract(old, rate * direction, out=moved[here])
        return moved

    def _rate(self):
        """η of the step that comes."""
        if not callable(self.learning_rate):
            return self.learning_rate
        return as_number(self.learning_rate(self.t), f"learning_rate({self.t})", minimum=0)

    def decay(self, rate, parameters, gradient):
        """What weight decay makes of the two: here it is a part of the gradient."""
        return parameters, gradient + self.weight_decay * parameters

    def direction(self, gradient):
        """d, of the gradient's shape; `gradient` and what is remembered have the same shape."""
        return gradient


class Momentum(SGD):
    """Gradient descent with momentum: v ← β v + g, d = v, from v = 0.

    A ball that rolls: along a valley the gradients add up, to 1/(1 − β) times one of them; across
    it they cancel. β is called `momentum`.

    Notation: Polyak's v has the learning rate in it and points downhill (v ← βv − ηg, θ ← θ + v);
    some notes write v ← βv + (1 − β)g. For a constant η the first is the same walk, and so is the
    second with a learning rate of η/(1 − β).
    Source: B. T. Polyak 1964, "Some methods of speeding up the convergence of iteration methods".
    """

    arrays_to_remember = 1

    def __init__(self, learning_rate=0.01, momentum=0.9, weight_decay=0.0):
        super().__init__(learning_rate, weight_decay)
        self.momentum = _as_fraction(momentum, "momentum")

    def direction(self, gradient, v):
        """d = v; `v` is brought up to date."""
        v *= self.momentum
        v += gradient
        return v


class Nesterov(Momentum):
    """Nesterov's accelerated gradient: v ← β v + g, d = g + β v.

    The idea: momentum will carry us from θ to θ − ηβv anyway, so take the gradient *there*:

        v ← β v + ∇L(θ − ηβv),   θ ← θ − η v.

    The form above is the same walk with the look-ahead point θ − ηβv called θ (for a constant η):
    then the gradient is wanted where we stand, as in every other optimizer.
    Source: Y. Nesterov 1983; with the look-ahead I. Sutskever et al. 2013, "On the importance of
    initialization and momentum in deep learning".
    """

    def direction(self, gradient, v):
        """d = g + β v; `v` is brought up to date."""
        return gradient + self.momentum * super().direction(gradient, v)


class Adagrad(SGD):
    """Adagrad: s ← s + g², d = g / (√s + ε), entry by entry, from s = 0.

    Each parameter has a learning rate of its own, small where its gradients have been large. The
    steps shrink for ever, since s only grows.

    The lecture divides by σ, the root mean square of all gradients so far, and lets η shrink as
    η/√(t + 1): the two √(t + 1) cancel, and this short form is left (`adagrad_long_form`).
    Source: J. Duchi, E. Hazan, Y. Singer 2011, "Adaptive subgradient methods".
    """

    arrays_to_remember = 1

    def __init__(self, learning_rate=0.01, epsilon=1e-10, weight_decay=0.0):
        super().__init__(learning_rate, weight_decay)
        self.epsilon = as_number(epsilon, "epsilon", minimum=0)

    def direction(self, gradient, s):
        """d = g / (√s + ε); `s` is brought up to date."""
        s += gradient**2
        return gradient / (np.sqrt(s) + self.epsilon)


class RMSprop(SGD):
    """RMSprop: s ← ρ s + (1 − ρ) g², d = g / (√s + ε), entry by entry, from s = 0.

    Adagrad that forgets: s is an exponentially weighted average, so old gradients fade, and the
    steps need not shrink. Some notes write √(s + ε); here ε is outside of the root, as in torch.
    Source: T. Tieleman, G. Hinton 2012, lecture 6.5 of "Neural networks for machine learning".
    """

    arrays_to_remember = 1

    def __init__(self, learning_rate=0.01, rho=0.99, epsilon=1e-8, weight_decay=0.0):
        super().__init__(learning_rate, weight_decay)
        self.rho = _as_fraction(rho, "rho")
        self.epsilon = as_number(epsilon, "epsilon", minimum=0)

    def direction(self, gradient, s):
        """d = g / (√s + ε); `s` is brought up to date."""
        _average_in(s, gradient**2, self.rho)
        return gradient / (np.sqrt(s) + self.epsilon)


class Adam(SGD):
    """Adam: momentum above, RMSprop below, both corrected for their start from 0.

        m ← β₁ m + (1 − β₁) g,   m̂ = m / (1 − β₁ᵗ)
        v ← β₂ v + (1 − β₂) g²,  v̂ = v / (1 − β₂ᵗ)      d = m̂ / (√v̂ + ε)

    with t = 1 at the first step. There m̂/√v̂ is g/|g|: a step of length η in every parameter.
    Source: D. P. Kingma, J. Ba 2015, "Adam: a method for stochastic optimization".
    """

    arrays_to_remember = 2  # m and v

    def __init__(self, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
        super().__init__(learning_rate, weight_decay)
        self.beta1 = _as_fraction(beta1, "beta1")
        self.beta2 = _as_fraction(beta2, "beta2")
        self.epsilon = as_number(epsilon, "epsilon", minimum=0)

    def direction(self, gradient, m, v):
        """d = m̂ / (√v̂ + ε); `m` and `v` are brought up to date."""
        _average_in(m, gradient, self.beta1)
        _average_in(v, gradient**2, self.beta2)
        return m / (1 - self.beta1**self.t) / self.root_mean_square(v)

    def root_mean_square(self, v):
        """√v̂ + ε."""
        return np.sqrt(v / (1 - self.beta2**self.t)) + self.epsilon


class AdamW(Adam):
    """Adam with *decoupled* weight decay: θ ← (1 − ηλ) θ, and then Adam's step.

    In `Adam`, λθ is a part of the gradient, and is divided by √v̂ like the rest: large gradients
    leave little decay. Here every weight shrinks by the same factor.
    Source: I. Loshchilov, F. Hutter 2019, "Decoupled weight decay regularization".
    """

    def __init__(
        self, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01
    ):
        super().__init__(learning_rate, beta1, beta2, epsilon, weight_decay)

    def decay(self, rate, parameters, gradient):
        """The parameters shrink, whatever the gradient is."""
        return (1 - rate * self.weight_decay) * parameters, gradient


class AMSGrad(Adam):
    """Adam that never forgets a large gradient: d = m̂ / (√v̂ₘₐₓ + ε), where vₘₐₓ ← max(vₘₐₓ, v).

    With Adam a rare, large gradient is soon forgotten, and then every step is large again, also
    in the wrong direction: there are convex problems on which it ends in the worst place.
    The paper leaves the bias correction out: then η/√vₘₐₓ never rises. Here, as in torch, v̂ₘₐₓ is
    vₘₐₓ / (1 − β₂ᵗ), which may still fall during the first 1/(1 − β₂) steps or so.
    Source: S. Reddi, S. Kale, S. Kumar 2018, "On the convergence of Adam and beyond".
    """

    arrays_to_remember = 3  # m, v and the largest v so far

    def direction(self, gradient, m, v, v_max):
        """d = m̂ / (√v̂ₘₐₓ + ε); `m`, `v` and `v_max` are brought up to date."""
        _average_in(m, gradient, self.beta1)
        _average_in(v, gradient**2, self.beta2)
        np.maximum(v_max, v, out=v_max)
        return m / (1 - self.beta1**self.t) / self.root_mean_square(v_max)


class Nadam(Adam):
    """Adam with Nesterov's look-ahead: the momentum of the *next* step is used already.

        d = [ μ' m / (1 − Πμ·μ') + (1 − μ) g / (1 − Πμ) ] / (√v̂ + ε)

    with μ = β₁ (1 − ½·0.96^(ψt)), which rises from about β₁/2 to β₁, μ' the μ of the next step, and
    Πμ the product of all μ up to this step. ψ is called `momentum_decay`. (Some notes call Adam
    with Nesterov's momentum RAdam: that is another method, Adam with a *rectified* first phase.)
    Source: T. Dozat 2016, "Incorporating Nesterov momentum into Adam".
    """

    def __init__(
        self,
        learning_rate=0.002,
        beta1=0.9,
        beta2=0.999,
        epsilon=1e-8,
        weight_decay=0.0,
        momentum_decay=0.004,
    ):
        super().__init__(learning_rate, beta1, beta2, epsilon, weight_decay)
        self.momentum_decay = as_number(momentum_decay, "momentum_decay", minimum=0)

    def momentum(self, t):
        """μ at step t = 1, 2, …"""
        return self.beta1 * (1 - 0.5 * 0.96 ** (t * self.momentum_decay))

    def step(self, parameters, gradient):
        """The parameters after one step, a new array of the same shape, (n,)."""
        self.product = self.momentum(self.t + 1) * (self.product if self.t else 1.0)
        return super().step(parameters, gradient)

    def direction(self, gradient, m, v):
        """The formula above; `m` and `v` are brought up to date."""
        _average_in(m, gradient, self.beta1)
        _average_in(v, gradient**2, self.beta2)
        now, following = self.momentum(self.t), self.momentum(self.t + 1)
        ahead = following / (1 - self.product * following) * m
        here = (1 - now) / (1 - self.product) * gradient
        return (ahead + here) / self.root_mean_square(v)


def _average_in(average, values, beta):
    """average ← β average + (1 − β) values, in place."""
    average *= beta
    average += (1 - beta) * values


def _blocks(n):
    """Slices of 0 … n, of a length that stays in the processor's cache from line to line."""
    return [slice(start, start + BLOCK) for start in range(0, n, BLOCK)]


def _check_step(parameters, gradient, memory):
    for name, array in (("parameters", parameters), ("gradient", gradient)):
        if not (isinstance(array, np.ndarray) and array.dtype.kind == "f" and array.ndim == 1):
            raise TypeError(f"{name} must be a 1-dimensional array of floats: np.array([1.0, 2.0])")
    if gradient.shape != parameters.shape:
        raise ValueError(
            f"gradient must have the shape {parameters.shape} of the parameters, "
            f"came {gradient.shape}"
        )
    if memory is not None and memory.shape[1:] != parameters.shape:
        raise ValueError(
            f"parameters must keep their shape {memory.shape[1:]}, came {parameters.shape}: "
            "call reset before another walk"
        )


def _as_fraction(value, name):
    """A float with 0 ≤ value < 1."""
    fraction = as_number(value, name, minimum=0)
    if fraction >= 1:
        raise ValueError(f"{name} must be below 1, came {fraction:g}")
    return fraction


def adagrad_long_form(gradients, learning_rate):
    """Adagrad's steps as the lecture first writes them, for gradients of shape (steps, n).

    Step t = 0, 1, … is −(ηᵗ/σᵗ) gᵗ with ηᵗ = η/√(t + 1) and σᵗ = √( (1/(t + 1)) Σ (gⁱ)² ), the root
    mean square of the gradients so far. The result has the gradients' shape. Lecture: "Gradient
    Descent".
    """
    gradients = as_array(gradients, "gradients", ndim=2)
    learning_rate = as_number(learning_rate, "learning_rate", above=0)
    if (gradients[0] == 0).any():
        raise ValueError("gradients must not begin with 0: σ would be 0")
    counts = np.arange(1, len(gradients) + 1)[:, None]
    root_mean_squares = np.sqrt(np.cumsum(gradients**2, axis=0) / counts)
    return -learning_rate / np.sqrt(counts) / root_mean_squares * gradients


# --- Learning-rate schedules -------------------------------------------------------------------


def inverse_root_decay(learning_rate):
    """η/√(t + 1) for the steps t = 0, 1, 2, … (counted from 1, that is η/√t)."""
    learning_rate = as_number(learning_rate, "learning_rate", above=0)
    return lambda t: learning_rate / math.sqrt(t + 1)


def inverse_time_decay(learning_rate, decay):
    """η/(1 + decay·t)."""
    learning_rate = as_number(learning_rate, "learning_rate", above=0)
    decay = as_number(decay, "decay", minimum=0)
    return lambda t: learning_rate / (1 + decay * t)


def exponential_decay(learning_rate, factor=0.95):
    """η·factorᵗ, with 0 < factor < 1."""
    learning_rate = as_number(learning_rate, "learning_rate", above=0)
    factor = _as_fraction(factor, "factor")
    return lambda t: learning_rate * factor**t


def step_decay(learning_rate, every, factor=0.5):
    """η for `every` steps, η·factor for as many, η·factor² …: a staircase."""
    learning_rate = as_number(learning_rate, "learning_rate", above=0)
    every, factor = as_integer(every, "every", minimum=1), _as_fraction(factor, "factor")
    return lambda t: learning_rate * factor ** (t // every)


def linear_decay(learning_rate, steps):
    """From η in a straight line down to 0 at step t = `steps`, and 0 from there on."""
    learning_rate = as_number(learning_rate, "learning_rate", above=0)
    steps = as_integer(steps, "steps", minimum=1)
    return lambda t: learning_rate * max(0.0, 1 - t / steps)


# --- Averages and mini-batches -----------------------------------------------------------------


def exponentially_weighted_average(values, beta, correct_bias=True):
    """v_t = β v_{t−1} + (1 − β) x_t from v_0 = 0, over the first axis of `values`, shape (n, …).

    x_{t−k} has the weight (1 − β)βᵏ, which has fallen to 1/e of its start after about 1/(1 − β)
    steps: so many values are averaged, roughly. The weights add up to 1 − βᵗ only, so the first
    averages are too small; `correct_bias` divides by just that.
    """
    values, beta = as_array(values, "values"), _as_fraction(beta, "beta")
    averages, average = [], np.zeros(values.shape[1:])
    for value in values:
        average = beta * average + (1 - beta) * value
        averages.append(average)
    weights = 1 - beta ** np.arange(1, len(values) + 1)
    scale = weights if correct_bias else np.ones(len(values))
    return np.array(averages) / scale.reshape(-1, *[1] * (values.ndim - 1))


def minibatches(n, batch_size, seed=0):
    """Index arrays without end: every epoch a new shuffle of 0 … n − 1, cut into batches.

    The last batch of an epoch is smaller where `batch_size` does not divide n.
    """
    n, batch_size = as_integer(n, "n", minimum=1), as_integer(batch_size, "batch_size", minimum=1)
    return _endless_batches(n, batch_size, np.random.default_rng(seed))


def _endless_batches(n, batch_size, random):
    while True:
        order = random.permutation(n)
        for start in range(0, n, batch_size):
            yield order[start : start + batch_size]


def stochastic_gradient(gradient, n, batch_size, seed=0):
    """A gradient for `minimize` that sees one mini-batch at each call, the next at the next.

    `gradient(θ, batch)` is the gradient over the samples whose indices are in `batch`; the result
    is a function of θ alone. It is used up by a walk: make a new one for the next.
    """
    batches = minibatches(n, batch_size, seed)
    return lambda parameters: gradient(parameters, next(batches))


# --- A walk ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Trace:
    """A walk down a loss: where it went, and how it ended."""

    points: np.ndarray  # (steps + 1, d), the start first; fewer where the walk ended early
    losses: np.ndarray  # (steps + 1,), the loss at each point
    converged: bool  # the gradient at the last point is shorter than the tolerance
    diverged: bool  # the next step would have left the finite numbers


def minimize(function, gradient, start, optimizer, steps, tolerance=0.0):
    """Walk `steps` steps of `optimizer` from `start` and record the walk: a `Trace`.

    `function(θ)` gives the loss, a number; `gradient(θ)` its gradient, of shape (d,) as `start`.
    The walk ends early, at a point that is recorded,

    - converged: where the gradient's length is below `tolerance` (with 0 all steps are walked);
    - diverged: at the last finite point, where the next one or its loss would be infinite or NaN.

    The optimizer is reset first, so the same call gives the same walk. Raises ValueError for a
    `start` whose loss is not finite, and for a gradient of another shape.
    """
    points = [as_array(start, "start", ndim=1).copy()]
    steps = as_integer(steps, "steps", minimum=0)
    tolerance = as_number(tolerance, "tolerance", minimum=0)
    if isinstance(optimizer, type):
        raise TypeError(f"optimizer must be an object: {optimizer.__name__}(), with parentheses")
    optimizer.reset()
    with np.errstate(all="ignore"):  # divergence is told in the trace, not in a warning
        losses = [_loss_at_start(function, points[0])]
        diverged = False
        while True:
            slope = _checked_gradient(gradient(points[-1]), points[0].shape)
            converged = math.sqrt(slope.dot(slope)) < tolerance
            if converged or len(losses) > steps:
                break
            point = optimizer.step(points[-1], slope)
            loss = float(function(point)) if math.isfinite(point.dot(point)) else math.nan
            diverged = not math.isfinite(loss)
            if diverged:
                break
            points.append(point)
            losses.append(loss)
    return Trace(np.array(points), np.array(losses), converged, diverged)


def _loss_at_start(function, start):
    loss = function(start)
    if np.ndim(loss) != 0:
        raise ValueError(f"function must return a number, came shape {np.shape(loss)}")
    if not math.isfinite(loss):
        raise ValueError(f"start must have a finite loss, function(start) is {loss}")
    return float(loss)


def _checked_gradient(gradient, shape):
    gradient = np.asarray(gradient, dtype=float)
    if gradient.shape != shape:
        raise ValueError(f"gradient must return shape {shape} as start, came {gradient.shape}")
    return gradient
