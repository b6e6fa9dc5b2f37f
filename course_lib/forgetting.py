"""Two tasks in a row: what is left of the first when the second has been learned?

A network that learns task B, and sees nothing of task A any more, forgets A: all its weights are
free to move. Two cures: to go on showing a few examples of A, and to hold those weights that A
needs. Lecture: "The next step", life-long learning and catastrophic forgetting.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch.func import functional_call, grad, vmap
from torch.nn import functional

from course_lib.cnn import of_classes
from course_lib.deep_networks import dense_network
from course_lib.deep_training import PIXELS, batches_of, small_digits
from course_lib.training import build, evaluate, fit, in_test_mode, logits
from course_lib.validation import as_array, as_integer, as_number, check_same_length

BATCH = 50


class Task(NamedTuple):
    """Digits to be learned, at half size: pairs (X, y) of arrays."""

    name: str
    training: tuple
    dev: tuple
    test: tuple


def split_tasks(n=6000):
    """Task A: the digits 0–4; task B: 5–9. One network with ten outputs learns both.

    They share n training digits. The classes of B are new: "class-incremental" learning.
    """
    digits = small_digits(n)
    parts = digits.training, digits.dev, digits.test
    return tuple(
        Task(f"{classes[0]}–{classes[-1]}", *(of_classes(*part, classes) for part in parts))
        for classes in (range(5), range(5, 10))
    )


def permuted_tasks(n=3000, seed=0):
    """Task A: n digits; task B: n others, their pixels in another order, the same for all of them.

    Ten classes both times, but nothing that is known of the pixels helps ("domain-incremental").
    """
    digits = small_digits(2 * as_integer(n, "n", minimum=1))
    order = np.random.default_rng(as_integer(seed, "seed", minimum=0)).permutation(PIXELS)
    X, y = digits.training
    a = Task("in order", (X[:n], y[:n]), digits.dev, digits.test)
    others = (X[n:], y[n:]), digits.dev, digits.test
    return a, Task("shuffled", *((X[:, order], y) for X, y in others))


def new_network(seed=0):
    """196 pixels → 100 → 100 → 10, with ReLU."""
    return build(lambda: dense_network((PIXELS, 100, 100, 10)), seed)


# --- Learning, and watching what is left ---------------------------------------------------------


def learn(model, training, tasks, *, updates=400, looks=20, rate=0.02, penalty=None, seed=0):
    """Train a model in place, and look now and then at its test accuracy on each task: a DataFrame.

    The columns are "update" and the names of the tasks; the first row is before training. An update
    of gradient descent takes 50 examples of `training`, a pair (X, y). `penalty`, a function of
    nothing such as `elastic_penalty` makes, is added to the loss.
    """
    if as_integer(updates, "updates", 1) % as_integer(looks, "looks", 1):
        raise ValueError(f"updates must be a multiple of looks, came {updates} and {looks}")
    optimizer = torch.optim.SGD(model.parameters(), as_number(rate, "rate", 0), momentum=0.9)
    every, rows = updates // looks, []

    def loss(output, target):
        return functional.cross_entropy(output, target) + (penalty() if penalty else 0)

    def look(update):
        accuracies = {task.name: evaluate(model, *task.test).accuracy for task in tasks}
        rows.append({"update": update, **accuracies})

    look(0)
    for update in range(every, updates + 1, every):
        part = batches_of(*training, every, seed=1000 * seed + update, batch_size=BATCH)
        fit(model, *part, optimizer, 1, batch_size=BATCH, loss=loss, seed=update, device="cpu")
        look(update)
    return pd.DataFrame(rows)


def accuracy_when_told(model, task):
    """The test accuracy on a task if only its own classes may be answered: the task is told."""
    X, y = task.test
    classes = np.unique(y)
    return float(np.mean(classes[logits(model, X)[:, classes].argmax(axis=1)] == y))


# --- Two cures -----------------------------------------------------------------------------------


def with_rehearsal(new, old, kept, seed=0):
    """The examples of a new task, and as many repeated from a few of an old one: (X, y).

    `new` and `old` are pairs (X, y); `kept` examples of `old` are drawn at random. So a mini-batch
    is half new, half old, however few were kept. With kept = 0 only the new ones come.
    """
    (X, y), (X_old, y_old) = new, old
    if as_integer(kept, "kept", minimum=0) > len(X_old):
        raise ValueError(f"kept must be at most {len(X_old):,}, came {kept:,}")
    if kept == 0:
        return X, y
    memory = np.random.default_rng(seed).permutation(len(X_old))[:kept]
    again = np.resize(memory, len(X))
    return np.concatenate([X, X_old[again]]), np.concatenate([y, y_old[again]])


def fisher(model, X):
    """The diagonal of the Fisher information: F_i = E_x Σ_k p_k (∂ ln p_k / ∂θ_i)², a tensor each.

    How much what the model says of the inputs X changes with each parameter θ_i. The expectation
    over the classes is exact, by the model's own p: no labels are needed.
    """
    parameters = {name: p.detach() for name, p in model.named_parameters()}
    dtype = next(iter(parameters.values())).dtype
    X = torch.as_tensor(as_array(X, "X", keep_single=True), dtype=dtype)

    def log_p(parameters, x, k):
        return functional_call(model, parameters, (x[None],)).log_softmax(dim=1)[0, k]

    with in_test_mode(model):
        p = model(X).detach().softmax(dim=1)
        found = [torch.zeros_like(value) for value in parameters.values()]
        for k in range(p.shape[1]):
            each = vmap(grad(log_p), in_dims=(None, 0, None), chunk_size=100)(parameters, X, k)
            for total, g in zip(found, each.values(), strict=True):
                total += torch.einsum("n,n...->...", p[:, k], g.square()) / len(X)
    return found


def elastic_penalty(model, information, strength):
    """Elastic weight consolidation: the function λ/2 Σ_i F_i (θ_i − θ*_i)², θ* as θ is now.

    Each weight hangs on a spring; it is the stiffer, the more the old task needs that weight.
    `information` is F, from `fisher`. Source: Kirkpatrick et al. (2017), "Overcoming catastrophic
    forgetting in neural networks", equation 3.
    """
    strength = as_number(strength, "strength", minimum=0)
    anchors = [p.detach().clone() for p in model.parameters()]
    check_same_length(information=information, parameters=anchors)

    def penalty():
        springs = zip(information, model.parameters(), anchors, strict=True)
        return strength / 2 * sum((F * (p - anchor).square()).sum() for F, p, anchor in springs)

    return penalty
