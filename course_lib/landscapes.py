"""Experiments on the landscapes of losses: critical points, minima, spectra, the edge of stability,
batch norm, slices.

Lecture: "Optimization", "Conjecture about deep learning", "Batch normalization". As in
`curvature`, a loss is a function of one vector θ. The nets are small, so that much can be exact.
The long runs are stored in data/experiments/ by `make_optimization_theory.py`, which calls the
functions of this file.
"""

import math
import time
from functools import cache, partial

import numpy as np
import pandas as pd
import torch
from scipy.optimize import minimize
from sklearn.decomposition import PCA
from torch import nn
from torch.nn import functional

from course_lib import datasets
from course_lib.curvature import (
    classify_critical_point,
    direction,
    find_critical_point,
    gradient,
    hessian,
    hessian_vector_product,
    loss_of,
    negative_share,
    top_eigenvalues,
)
from course_lib.deep_networks import dense_network
from course_lib.deep_training import PIXELS, small_digits
from course_lib.second_order import hessian_by_differences
from course_lib.training import build, evaluate
from course_lib.validation import DivergedError, as_array, as_integer, as_number, as_option

# --- Data and losses ------------------------------------------------------------------------------


@cache
def digit_components(n=300, features=8, classes=5, skip=0):
    """n digits below `classes`, by their first principal components: X (n, features) and y (n,).

    The training digits at half size, 14 × 14, after the first `skip`. Each component has mean 0;
    all together have variance 1. float64: a Hessian needs the places.
    """
    images, labels = datasets.load_digits("train")
    skip = as_integer(skip, "skip", minimum=0)
    few = np.flatnonzero(labels < classes)[skip : skip + as_integer(n, "n", minimum=1)]
    if len(few) < n:
        raise ValueError(f"n must be at most {len(few):,} for {classes} classes, came {n:,}")
    pixels = images[few].astype(float).reshape(n, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(n, 196)
    X = PCA(as_integer(features, "features", 1), svd_solver="full").fit_transform(pixels)
    return torch.from_numpy(X / X.std()), torch.from_numpy(labels[few].astype(np.int64))


def network(sizes, activation="tanh", seed=0, scale=1.0):
    """A fully connected net in float64; its first weights depend on the seed alone."""
    return build(lambda: dense_network(sizes, activation, scale=scale), seed).double()


def with_decay(loss, weight_decay):
    """L(θ) + ½ λ‖θ‖²: then minima lie at finite places, and H has λ more on its diagonal."""
    half = as_number(weight_decay, "weight_decay", minimum=0) / 2
    return lambda theta: loss(theta) + half * theta @ theta


def small_loss(hidden=6, seed=0, weight_decay=0.01):
    """The loss of a net with one hidden layer of tanh on 300 digits 0 to 4, and where θ begins.

    8 inputs, 5 classes: 14·hidden + 5 parameters. Cross-entropy plus ½ `weight_decay` ‖θ‖².
    """
    loss, theta = loss_of(network((8, hidden, 5), seed=seed), *digit_components())
    return with_decay(loss, weight_decay), theta


def descend(loss, theta, rate, steps):
    """Yield θ after 0, 1, …, `steps` steps of gradient descent on the whole loss."""
    rate = as_number(rate, "rate", above=0)
    yield theta
    for step in range(as_integer(steps, "steps", minimum=0)):
        theta = theta - rate * gradient(loss, theta)
        if not theta.isfinite().all():
            raise DivergedError(f"rate = {rate:g} is too large: step {step + 1} leads to no number")
        yield theta


# --- Critical points and minima of a small net ----------------------------------------------------

FOUND = "loss", "slope", "slope_at_start", "steps", "converged"


def critical_point(hidden=6, seed=0, updates=0):
    """Search a critical point near a place on the way of gradient descent: what was found, a dict.

    From the first weights it goes `updates` steps down at rate 0.1, and then where the slope falls.
    "negative" is the share of the Hessian's eigenvalues below 0, the index; "silent" and "seen" are
    `silent_neurons` and `seen_by_hessian` where it ended. After Dauphin et al. (2014), "Identifying
    and attacking the saddle point problem in high-dimensional non-convex optimization".
    """
    loss, theta = small_loss(hidden, seed)
    *_, start = descend(loss, theta, 0.1, updates)
    found = find_critical_point(loss, start, steps=150)
    return {
        "hidden": hidden,
        "parameters": len(theta),
        "updates": updates,
        "seed": seed,
        "start_loss": float(loss(start)),
        **{name: getattr(found, name) for name in FOUND},
        **_index(loss, found.theta),
        "silent": silent_neurons(found.theta, hidden),
        "seen": seen_by_hessian(loss, found.theta),
    }


def silent_neurons(theta, hidden):
    """How many neurons of the net of `small_loss` have no weight, in or out, above 1e-4.

    With k of them a critical point is that of a smaller net, too, with `hidden` − k neurons.
    """
    first, biases, second, _ = theta.split([8 * hidden, hidden, 5 * hidden, 5])
    weights = torch.hstack([first.view(-1, 8), biases[:, None], second.view(5, -1).T])
    return int((weights.abs().amax(dim=1) < 1e-4).sum())


def _index(loss, theta):
    values = np.linalg.eigvalsh(hessian(loss, theta).numpy())
    return {
        "negative": negative_share(values),
        "least": float(values[0]),
        "largest": float(values[-1]),
        "kind": classify_critical_point(values),
        "size": float(theta.norm()),
    }


def seen_by_hessian(loss, theta):
    """‖H ∇L‖ / (max |λ| ‖∇L‖), from 0 to 1: is there a step that makes the slope smaller?

    ½‖∇L‖² has the gradient H ∇L. Where this is 0, but ∇L is not, a search for ∇L = 0 is stuck: the
    loss is straight along its gradient. Frye et al. (2021), "Critical point-finding methods reveal
    gradient-flat regions of deep network losses".
    """
    slope, H = gradient(loss, theta), hessian(loss, theta)
    return float((H @ slope).norm() / (torch.linalg.matrix_norm(H, 2) * slope.norm()))


def minimum(hidden=6, seed=0):
    """Go down to a local minimum of the small net's loss, to many digits: what it is, a dict.

    L-BFGS goes down, Newton's steps make the slope 0 (it "converged" where it is below 1e-10); the
    eigenvalues of the Hessian say whether it is a minimum. "data_loss" leaves weight decay out.
    """
    loss, theta = small_loss(hidden, seed)
    data = small_loss(hidden, seed, weight_decay=0)[0]
    found = find_critical_point(loss, lowest(loss, theta), tolerance=1e-4)
    return {
        "hidden": hidden,
        "parameters": len(theta),
        "seed": seed,
        "start_loss": loss(theta).item(),
        "data_loss": data(found.theta).item(),
        "loss": found.loss,
        "slope": found.slope,
        "converged": found.slope <= 1e-10,
        **_index(loss, found.theta),
    }


def lowest(loss, theta, updates=3000):
    """Where L-BFGS comes to from θ."""

    def both(x):
        at = torch.from_numpy(x).requires_grad_()
        value = loss(at)
        return value.item(), torch.autograd.grad(value, at)[0].numpy()

    options = {"maxiter": updates, "maxfun": 2 * updates, "ftol": 1e-15, "gtol": 1e-9}
    end = minimize(both, theta.numpy(), jac=True, method="L-BFGS-B", options=options)
    return torch.from_numpy(end.x)


def distinct(losses, apart=1e-6):
    """How many losses differ by more than `apart`: points that mirror each other have the same."""
    ordered = np.sort(np.asarray(losses, dtype=float))
    return int(len(ordered) > 0) + int((np.diff(ordered) > apart).sum())


# --- Students and a teacher: bad minima that are there --------------------------------------------


def student_loss(W):
    """½ E (Σᵢ relu(wᵢ·x) − Σⱼ relu(vⱼ·x))² over x ~ N(0, I), for students W of shape (…, n, k).

    The teacher's k neurons vⱼ are the unit vectors of the k inputs. With the angle φ between u and
    v, E relu(u·x) relu(v·x) = ‖u‖‖v‖ (sin φ + (π − φ) cos φ) / 2π: no sample is drawn.
    Safran and Shamir (2018), "Spurious local minima are common in two-layer ReLU networks".
    """
    V = torch.eye(W.shape[-1], dtype=W.dtype)
    return sum(
        factor * _overlap(*pair)[0].sum(dim=(-2, -1))
        for factor, pair in ((0.5, (W, W)), (-1, (W, V)), (0.5, (V, V)))
    )


def student_gradient(W):
    """∇ of `student_loss`, the shape of W."""
    V = torch.eye(W.shape[-1], dtype=W.dtype)
    return _overlap(W, W)[1] - _overlap(W, V)[1]


def _overlap(U, V):
    """E relu(uᵢ·x) relu(vⱼ·x), (…, n, m), and Σⱼ of its gradients by uᵢ, (…, n, k)."""
    u, v = U.norm(dim=-1, keepdim=True), V.norm(dim=-1, keepdim=True).mT
    cos = (U @ V.mT / (u * v)).clamp(-1, 1)
    sin, turned = (1 - cos**2).sqrt(), math.pi - cos.arccos()
    values = u * v * (sin + turned * cos) / (2 * math.pi)
    return values, ((v * sin).sum(dim=-1, keepdim=True) / u * U + turned @ V) / (2 * math.pi)


def fit_students(neurons, teachers, starts=100, seed=0, rate=0.3, steps=4000):
    """Where gradient descent ends from many random starts, all at once: W, losses, slopes.

    Shapes (starts, neurons, teachers), (starts,), (starts,). First weights: variance 1/k.
    """
    generator = torch.Generator().manual_seed(as_integer(seed, "seed", minimum=0))
    sizes = {"starts": starts, "neurons": neurons, "teachers": teachers}
    shape = [as_integer(size, name, minimum=1) for name, size in sizes.items()]
    W = torch.randn(shape, generator=generator, dtype=torch.float64) / math.sqrt(teachers)
    for _ in range(as_integer(steps, "steps", minimum=0)):
        W = W - rate * student_gradient(W)
    return W, student_loss(W).numpy(), student_gradient(W).norm(dim=(1, 2)).numpy()


def student_curvature(W):
    """The least eigenvalue of the Hessian of `student_loss` at one W (n, k).

    The Hessian comes from differences of the gradient: torch's second derivative of the angle is
    no number where the angle is 0, and each neuron meets itself.
    """

    def slope(flat):
        return student_gradient(torch.from_numpy(flat).view(W.shape)).flatten().numpy()

    return float(np.linalg.eigvalsh(hessian_by_differences(slope, W.flatten().numpy()))[0])


# --- Spectra --------------------------------------------------------------------------------------


def spectrum_along(seed=0, sizes=(16, 12, 10), rate=0.2, steps=3000, looks=41):
    """All eigenvalues of the Hessian along gradient descent, and the loss and the accuracy there.

    A ReLU net on 500 digits. A dictionary of arrays: "steps", "losses", "accuracies" of shape
    (looks,), "eigenvalues" of shape (looks, parameters), each row rising. The looks are denser at
    the start; two that fall on the same step are one.
    """
    model = network(sizes, "relu", seed)
    X, y = digit_components(500, sizes[0], sizes[-1])
    loss, theta = loss_of(model, X, y)
    right = loss_of(model, X, y, _accuracy)[0]
    looks = as_integer(looks, "looks", minimum=2)
    at = {0} | {round(step) for step in np.geomspace(1, steps, looks - 1)}
    names, rows = ("steps", "losses", "accuracies", "eigenvalues"), []
    for step, here in enumerate(descend(loss, theta, rate, steps)):
        if step in at:
            values = np.linalg.eigvalsh(hessian(loss, here).numpy())
            rows.append((step, loss(here).item(), right(here).item(), values))
    return dict(zip(names, map(np.array, zip(*rows, strict=True)), strict=True))


def _accuracy(outputs, y):
    return (outputs.argmax(dim=1) == y).double().mean()


MLP_SIZES = 64, 60, 20  # with 10 classes: 5,330 parameters


def trained_mlp(activation="tanh", classes=10, updates=50, seed=0):
    """The loss of a larger net on 500 digits, and θ after some updates of Adam: (loss, θ)."""
    X, y = digit_components(500, MLP_SIZES[0], classes)
    return _trained(network((*MLP_SIZES, classes), activation, seed), X, y, updates)


def trained_cnn(updates=50, seed=0):
    """The same for a CNN of 9,930 parameters with ReLU, on 150 digits of 14 × 14."""
    X, y = digits_to_learn(n=150)
    return _trained(build(_cnn, seed).double(), X.view(-1, 1, 14, 14), y, updates)


def _cnn():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3), nn.ReLU(),
        nn.Flatten(), nn.Linear(512, 10),
    )  # fmt: skip


def _trained(model, X, y, updates):
    optimizer = torch.optim.Adam(model.parameters(), 0.005)
    for _ in range(as_integer(updates, "updates", minimum=0)):
        optimizer.zero_grad()
        functional.cross_entropy(model(X), y).backward()
        optimizer.step()
    return loss_of(model, X, y)


def largest(loss, theta, k=30, tolerance=1e-4):
    """The k largest eigenvalues of the Hessian at θ, by Lanczos, the largest first."""
    product = hessian_vector_product(loss, theta)
    return top_eigenvalues(product, len(theta), k, tolerance)[0]


def count_outliers(eigenvalues, most=15):
    """How many of the largest eigenvalues stand apart from the next: (k, λ_k / λ_{k+1}).

    k, at most `most`, is where this ratio is largest. Where it is little above 1, none stands
    apart.
    """
    top = np.sort(as_array(eigenvalues, "eigenvalues", ndim=1))[::-1]
    top = top[top > 0][: as_integer(most, "most", minimum=1) + 1]
    if len(top) < 2:
        raise ValueError(f"eigenvalues must hold two above 0 or more, came {len(top)}")
    ratios = top[:-1] / top[1:]
    k = int(np.argmax(ratios))
    return k + 1, float(ratios[k])


# --- The edge of stability ------------------------------------------------------------------------


def squared_error(outputs, y):
    """½ ‖f(x) − the unit vector of the class‖², the mean over the inputs."""
    wanted = functional.one_hot(y, outputs.shape[1]).to(outputs.dtype)
    return ((outputs - wanted) ** 2).sum(dim=1).mean() / 2


LOSSES = {"squared error": squared_error, "cross-entropy": functional.cross_entropy}
EDGE_NET = 10, 32, 32, 10


def edge_loss(kind, seed=0):
    """The loss of a net of 1,738 parameters on 500 digits, and where θ begins: (loss, θ).

    `kind` is one of `LOSSES`. The first weights are half as large as usual: then the curvature
    begins low, and there is room to rise.
    """
    measure = LOSSES[as_option(kind, "kind", LOSSES)]
    X, y = digit_components(500, EDGE_NET[0], EDGE_NET[-1])
    return loss_of(network(EDGE_NET, seed=seed, scale=0.5), X, y, measure)


def edge_of_stability(kind, rate, seed=0, steps=2000, every=20):
    """Full-batch gradient descent, looked at `every` so many steps: a table.

    Columns: step, loss, top (the largest eigenvalue of H), rises (in how many steps since the last
    look the loss went up). On a quadratic, gradient descent with rate η diverges where an
    eigenvalue is above 2/η. Cohen et al. (2021), "Gradient descent on neural networks typically
    occurs at the edge of stability".
    """
    every = as_integer(every, "every", minimum=1)
    loss, theta = edge_loss(kind, seed)
    rows, losses = [], []
    for step, here in enumerate(descend(loss, theta, rate, steps)):
        losses.append(loss(here).item())
        if step % every == 0:
            rises = int((np.diff(losses[-every - 1 :]) > 0).sum())
            rows.append((step, losses[-1], float(largest(loss, here, 1, 1e-3)[0]), rises))
    return pd.DataFrame(rows, columns=["step", "loss", "top", "rises"])


# --- Batch norm and the landscape -----------------------------------------------------------------

BATCH_NORM_RATES = tuple(0.05 * 2**k for k in range(9))  # up to 12.8
NORMALIZATIONS = "none", "batch"


def relu_network(layers, normalization, seed=0):
    """`layers` hidden layers of 32 ReLUs on digits of 14 × 14, in float64, ready to be trained."""
    sizes = PIXELS, *[32] * layers, 10
    make = partial(dense_network, sizes, normalization=normalization)
    return build(make, seed).double().train()


def digits_to_learn(part="training", n=500):
    """(X, y) in float64: n training digits, or the 1,000 of the dev set ("dev")."""
    X, y = getattr(small_digits(n), part)
    return torch.from_numpy(X).double(), torch.from_numpy(y).long()


def train_full_batch(model, rate, steps):
    """Gradient descent on all 500 digits; yield the model before each step, and at the end."""
    X, y = digits_to_learn()
    optimizer = torch.optim.SGD(model.parameters(), as_number(rate, "rate", above=0))
    for step in range(as_integer(steps, "steps", minimum=0)):
        yield model
        optimizer.zero_grad()
        value = functional.cross_entropy(model(X), y)
        if not value.isfinite():
            raise DivergedError(f"rate = {rate:g} is too large: no finite loss at step {step}")
        value.backward()
        optimizer.step()
    yield model


def errors_at_rate(layers, normalization, rate, seed=0, steps=200):
    """(Training loss, dev loss, dev error) after training; (NaN, NaN, 0.9) where it diverged."""
    try:
        *_, model = train_full_batch(relu_network(layers, normalization, seed), rate, steps)
    except DivergedError:
        return math.nan, math.nan, 0.9
    training, dev = (evaluate(model, *digits_to_learn(part)) for part in ("training", "dev"))
    return training.loss, dev.loss, 1 - dev.accuracy


STRETCHES = 0.5, 1, 2, 4  # times the rate: the step sizes that are looked along


def look_along_gradient(loss, theta, rate):
    """The loss along θ − s ∇L, and how the slope changes: a dict.

    s is the rate times each of `STRETCHES`. "low" and "high" are the extremes of L(θ − s ∇L);
    "beta" is the largest ‖∇L(θ − s ∇L) − ∇L(θ)‖ / (s ‖∇L‖), a lower bound of the slope's Lipschitz
    constant there. Santurkar et al. (2018), "How does batch normalization help optimization?"
    """
    slope = gradient(loss, theta)
    places = [theta - stretch * rate * slope for stretch in STRETCHES]
    losses = [loss(place).item() for place in places]
    changes = [
        float((gradient(loss, place) - slope).norm() / (stretch * rate * slope.norm()))
        for stretch, place in zip(STRETCHES, places, strict=True)
    ]
    return {"low": min(losses), "high": max(losses), "beta": max(changes)}


def filter_norms(model):
    """For each parameter the length of the row of weights that it belongs to, (n,); else 0.

    0 for biases and for the γ and β of batch norm: they are not filters.
    """
    parts = [
        p.flatten(1).norm(dim=1).repeat_interleave(p[0].numel()) if p.ndim > 1 else 0 * p
        for p in model.parameters()
    ]
    return torch.cat(parts).detach()


def scaled_top(loss, theta, lengths, tolerance=1e-3):
    """The largest eigenvalue of D H D, D = diag(`lengths`): the curvature in units of the weights.

    A row of weights may be multiplied by c where batch norm comes after it: the net stays the same,
    and so does this, with the filters' lengths, while the row's part of H changes by 1/c².
    """
    product = hessian_vector_product(loss, theta)
    scaled = top_eigenvalues(
        lambda v: lengths * product(lengths * v), len(theta), tolerance=tolerance
    )
    return float(scaled[0][0])


def batch_norm_arm(layers, normalization, rate, seed=0, steps=200, every=10):
    """Train with or without batch norm, and look at the landscape `every` so many steps: a table.

    Columns: step, loss, slope (‖∇L‖), top and scaled (the largest eigenvalue of H, `scaled_top`),
    low, high and beta (`look_along_gradient`).
    """
    rows, training = [], train_full_batch(relu_network(layers, normalization, seed), rate, steps)
    for step, model in enumerate(training):
        if step % every == 0:
            loss, theta = loss_of(model, *digits_to_learn(), training=True)
            rows.append({"step": step, "loss": loss(theta).item()})
            rows[-1]["slope"] = float(gradient(loss, theta).norm())
            rows[-1]["top"] = float(largest(loss, theta, 1, 1e-3)[0])
            rows[-1]["scaled"] = scaled_top(loss, theta, filter_norms(model))
            rows[-1] |= look_along_gradient(loss, theta, rate)
    return pd.DataFrame(rows)


# --- Slices ---------------------------------------------------------------------------------------


def filter_direction(model, seed=0):
    """A random direction, (n,), in which each row of weights has the length it has in the model.

    0 for biases, γ and β. Li et al. (2018), "Visualizing the loss landscape of neural nets".
    """
    lengths = [p.numel() for p in model.parameters()]
    v = direction(sum(lengths), seed).split(lengths)
    rows = [part.view(len(p), -1) for p, part in zip(model.parameters(), v, strict=True)]
    return torch.cat([functional.normalize(r).flatten() for r in rows]) * filter_norms(model)


def loss_slice(loss, theta, first, second, places):
    """L(θ + a·first + b·second) for all a and b in `places`: (places, places), a row for each b."""
    with torch.no_grad():
        return np.array(
            [[loss(theta + a * first + b * second).item() for a in places] for b in places]
        )


# --- What curvature costs -------------------------------------------------------------------------


def cost_of_curvature(hidden, n=100, repeats=3):
    """What a gradient, a product H v and all of H cost for a net with one hidden layer: a dict.

    Seconds, the least of some repeats; "bytes" is the memory of H in float64.
    """
    X, y = digit_components(n, 16, 10)
    loss, theta = loss_of(network((16, hidden, 10)), X, y)
    v, product = direction(len(theta)), hessian_vector_product(loss, theta)
    work = {
        "gradient": lambda: gradient(loss, theta),
        "product": lambda: product(v),
        "hessian": lambda: hessian(loss, theta),
    }
    seconds = {name: _seconds(do, repeats) for name, do in work.items()}
    return {"parameters": len(theta), **seconds, "bytes": 8 * len(theta) ** 2}


def _seconds(do, repeats):
    def once():
        start = time.perf_counter()
        do()
        return time.perf_counter() - start

    return min(once() for _ in range(as_integer(repeats, "repeats", minimum=1)))
