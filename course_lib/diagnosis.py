"""What is wrong with a training? The questions to ask, and what to look at.

The recipe of the lecture ("Recipe of deep learning"): first the error on the training data, then
that on new data; each has remedies of its own. Then looking inside: what goes into the activation
functions, layer by layer, and how large the gradients are.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from course_lib.training import evaluate, fit
from course_lib.validation import DivergedError, as_number

ACTIVATION_MODULES = nn.Sigmoid, nn.Tanh, nn.ReLU, nn.LeakyReLU


def diagnose(training_error, dev_error, goal):
    """The recipe: "bad on training data", "bad on new data" or "good".

    The training error is asked first: as long as it is above the `goal`, the dev error tells
    nothing of overfitting. Errors are shares between 0 and 1.
    """
    if as_number(training_error, "training_error", 0) > as_number(goal, "goal", 0):
        return "bad on training data"
    return "bad on new data" if as_number(dev_error, "dev_error", 0) > goal else "good"


def overfit_a_few(model, optimizer, X, y, updates=200):
    """Train on a few examples, all of them at each update; returns the accuracy on just them.

    A network that can learn should reach 1. If not, look for a mistake before all else.
    """
    fit(model, X, y, optimizer, updates, batch_size=len(X), device="cpu")
    return evaluate(model, X, y).accuracy


def train_and_look(model, X, y, optimizer, epochs, look, **options):
    """Train, and call `look(model)` before the first and after each epoch; returns what it gave.

    `options` are those of `training.fit`; each epoch shuffles with a seed of its own.
    """
    seen = [look(model)]
    for epoch in range(epochs):
        fit(model, X, y, optimizer, 1, seed=epoch, **options)
        seen.append(look(model))
    return seen


def pre_activations(model, X):
    """What goes into each activation function for the inputs X: a list of arrays (n, neurons).

    The model is left as it is, in its mode: in training mode batch norm takes the statistics of
    these X (its running averages are not touched).
    """
    seen, kept = [], {name: value.clone() for name, value in model.named_buffers()}
    hooks = [
        module.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().numpy()))
        for module in model.modules()
        if isinstance(module, ACTIVATION_MODULES)
    ]
    try:
        with torch.no_grad():
            model(torch.as_tensor(X))
            for name, value in model.named_buffers():
                value.copy_(kept[name])
    finally:
        for hook in hooks:
            hook.remove()
    return seen


def gradient_sizes(model, X, y, loss=functional.cross_entropy):
    """The root mean square of ∂C/∂W for each weight matrix of the model, the first layer first.

    The gradients of the model are cleared after it.
    """
    model.zero_grad()
    loss(model(torch.as_tensor(X)), torch.as_tensor(y)).backward()
    sizes = [float(p.grad.square().mean().sqrt()) for p in model.parameters() if p.ndim == 2]
    model.zero_grad()
    return np.array(sizes)


def usable_rates(train, rates, accuracy):
    """Those of the learning rates with which `train(rate)` reaches at least this accuracy.

    `train` returns an accuracy, or raises DivergedError where the loss is no longer a number.
    """
    usable = []
    for rate in rates:
        try:
            reached = train(rate)
        except DivergedError:
            continue
        if reached >= accuracy:
            usable.append(rate)
    return usable
