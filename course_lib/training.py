"""Training networks in torch: the loop that every lesson from 06 on uses, written once.

The model is any `torch.nn.Module` that turns inputs into logits; the optimizer one of
`torch.optim`. Everything random takes a seed, and torch's own random state is left as it was.
"""

import copy
import math
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch.nn import functional

from course_lib.optimizers import minibatches
from course_lib.validation import DivergedError, as_array, as_integer, check_same_length

EVALUATED_AT_ONCE = 1000  # inputs; so many need little memory


def build(make_model, seed=0):
    """make_model(), with first weights that depend on the seed alone."""
    with torch.random.fork_rng():
        torch.manual_seed(as_integer(seed, "seed", minimum=0))
        return make_model()


def count_parameters(model):
    """The number of weights and biases that training changes."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


@contextmanager
def in_test_mode(model):
    """The model in test mode for a while: no dropout, batch norm with its running averages.

    After it each of its parts is in the mode that it was in: `with in_test_mode(model): …`.
    """
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield model.eval()
    finally:
        for module, mode in modes:
            module.training = mode


@dataclass(frozen=True)
class Evaluation:
    """How good a model is on some data."""

    loss: float  # the mean over the inputs
    accuracy: float  # the share that is classified rightly; NaN for a regression


def evaluate(model, X, y, loss=functional.cross_entropy):
    """The mean loss and the accuracy of a model on inputs X and targets y: an `Evaluation`.

    It is judged in test mode, and put back after it.
    """
    X, y, device = _tensors(model, X, y, loss)
    total, right = 0.0, 0
    with in_test_mode(model), torch.no_grad():
        for here in torch.arange(len(X)).split(EVALUATED_AT_ONCE):
            output, target = model(X[here].to(device)), y[here].to(device)
            total += float(loss(output, target)) * len(here)
            if not target.is_floating_point():
                right += int((output.argmax(dim=1) == target).sum())
    return Evaluation(total / len(X), math.nan if y.is_floating_point() else right / len(X))


def logits(model, X):
    """model(X) in NumPy, for so many inputs as there are, in test mode: mostly (n, classes)."""
    weights = next(model.parameters())
    X = torch.as_tensor(as_array(X, "X", keep_single=True), dtype=weights.dtype)
    with in_test_mode(model), torch.no_grad():
        parts = [model(part.to(weights.device)) for part in X.split(EVALUATED_AT_ONCE)]
    return torch.cat(parts).cpu().numpy()


def probabilities(model, X):
    """softmax(model(X)), the probability of each class, (n, classes), in NumPy; in test mode."""
    return torch.from_numpy(logits(model, X)).softmax(dim=1).numpy()


@dataclass(frozen=True, eq=False)
class History:
    """What a training saw. The validation's arrays are empty where there was none."""

    losses: np.ndarray  # (updates,): of each mini-batch, just before its update
    epoch_losses: np.ndarray  # (epochs,): their means
    validation_losses: np.ndarray  # (epochs,): after each epoch
    validation_accuracies: np.ndarray  # (epochs,)
    best_epoch: int  # from 1: of the weights that are kept; without validation the last whole one
    ended: str  # "all epochs", "early" or "interrupted"


def fit(
    model, X, y, optimizer, epochs, *, batch_size=64, validation=None, patience=None,
    loss=functional.cross_entropy, augment=None, seed=0, device=None, progress=None,
):  # fmt: skip
    """Train a model in place, an update a mini-batch; returns a `History`.

    X and y are arrays or tensors: y whole numbers (classes) or, with another `loss`, floats.
    `seed` fixes the shuffling and the model's own chance, such as dropout. The work is done on
    `device`; without one, on a GPU where there is one. With `augment`, it trains on
    augment(model, inputs, targets) instead of the inputs of each mini-batch.

    With `validation`, a pair (X, y) of other data, the model gets the weights of its best epoch
    (the least validation loss) in the end; training ends early where `patience` epochs have brought
    none better. On an interrupt it ends at once with what it has learned so far.

    `progress` is called with a sentence after each epoch. Raises `DivergedError` (a ValueError),
    with the step, where the loss is no longer a finite number.
    """
    model.to(_device(device))
    X, y, device = _tensors(model, X, y, loss)
    epochs, batch_size = as_integer(epochs, "epochs", 1), as_integer(batch_size, "batch_size", 1)
    batches, updates = minibatches(len(X), batch_size, seed), math.ceil(len(X) / batch_size)
    record, best, ended = _Record(), _Best(patience, validation), "all epochs"
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        try:
            for epoch in range(1, epochs + 1):
                for batch in map(torch.from_numpy, islice(batches, updates)):
                    inputs, targets = X[batch].to(device), y[batch].to(device)
                    inputs = augment(model, inputs, targets) if augment else inputs
                    step = len(record.losses) + 1
                    record.losses.append(train_step(model, inputs, targets, optimizer, loss, step))
                record.end_of_epoch(evaluate(model, *validation, loss) if validation else None)
                if progress:
                    progress(f"epoch {epoch} of {epochs}: {record.sentence}")
                if validation and best.is_over(epoch, record.evaluations[-1].loss, model):
                    ended = "early"
                    break
        except KeyboardInterrupt:
            ended = "interrupted"
    best.restore(model)
    return record.history(best.epoch, ended)


def train_step(model, X, y, optimizer, loss, step):
    """One step on one mini-batch; returns the loss before it."""
    model.train()
    value = loss(model(X), y)
    if not torch.isfinite(value):
        raise DivergedError(
            f"the loss is {value.item()} at step {step}: is the learning rate, or are the first "
            "weights, too large?"
        )
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    return value.item()


class _Record:
    """What is written down while training."""

    def __init__(self):
        self.losses, self.ends, self.evaluations = [], [0], []

    def end_of_epoch(self, evaluation):
        self.ends.append(len(self.losses))
        self.evaluations += [evaluation] if evaluation else []

    @property
    def epoch_losses(self):
        return [np.mean(self.losses[a:b]) for a, b in zip(self.ends, self.ends[1:], strict=False)]

    @property
    def sentence(self):
        sentence = f"loss {self.epoch_losses[-1]:.3f}"
        if not self.evaluations:
            return sentence
        last = self.evaluations[-1]
        accuracy = "" if math.isnan(last.accuracy) else f", accuracy {last.accuracy:.1%}"
        return f"{sentence}; validation loss {last.loss:.3f}{accuracy}"

    def history(self, best_epoch, ended):
        return History(
            losses=np.array(self.losses),
            epoch_losses=np.array(self.epoch_losses),
            validation_losses=np.array([e.loss for e in self.evaluations]),
            validation_accuracies=np.array([e.accuracy for e in self.evaluations]),
            best_epoch=best_epoch or len(self.ends) - 1,
            ended=ended,
        )


class _Best:
    """Early stopping: the weights of the best epoch so far, and how long ago that was."""

    def __init__(self, patience, validation):
        _check_validation(validation, patience)
        self.patience = math.inf if patience is None else as_integer(patience, "patience", 1)
        self.epoch, self.loss, self.weights = 0, math.inf, None

    def is_over(self, epoch, loss, model):
        if loss < self.loss:
            self.epoch, self.loss, self.weights = epoch, loss, copy.deepcopy(model.state_dict())
        return epoch - self.epoch >= self.patience

    def restore(self, model):
        if self.weights is not None:
            model.load_state_dict(self.weights)


def _device(device):
    if device is not None:
        return torch.device(device)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _check_validation(validation, patience):
    if patience is not None and validation is None:
        raise ValueError("patience needs validation data to watch: validation=(X_dev, y_dev)")
    is_pair = isinstance(validation, tuple | list) and len(validation) == 2
    if not (validation is None or is_pair):
        raise TypeError("validation must be a pair (X, y)")


def _tensors(model, X, y, loss):
    """X and y as tensors, X in the type of the model's weights; and the model's device."""
    weights = next(model.parameters())
    X, y = torch.as_tensor(X, dtype=weights.dtype), torch.as_tensor(y)
    check_same_length(X=X, y=y)
    if len(X) == 0:
        raise ValueError("X must not be empty")
    if not torch.isfinite(X).all():
        raise ValueError("X must be finite, some values are NaN or infinite")
    if loss is functional.cross_entropy and y.ndim == 1 and y.is_floating_point():
        raise TypeError("y must hold classes, whole numbers, for the cross-entropy; came floats")
    return X, y.to(weights.dtype) if y.is_floating_point() else y.long(), weights.device
