"""Trained networks, and what may foretell their gap: sensitivity, flatness, the size of weights.

Lecture: "Indicator of generalization: sensitivity, sharpness". Networks are trained with different
batch sizes and measured; a ReLU network is rescaled, so that its sharpness changes and its function
does not; and remedies are compared. The long runs are stored in data/experiments/ by
`make_generalization.py`, which calls the functions of this file.
"""

from copy import deepcopy
from itertools import islice

import numpy as np
import pandas as pd
import torch
from scipy.stats import rankdata
from threadpoolctl import threadpool_limits
from torch import nn
from torch.nn import functional
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from course_lib.curvature import hessian_vector_product, loss_of, top_eigenvalues
from course_lib.deep_networks import dense_network
from course_lib.deep_training import PIXELS, Augment, small_digits
from course_lib.experiments import at_best, summary
from course_lib.generalization import sensitivity, sharpness, widths_at_height
from course_lib.memorisation import some_digits
from course_lib.optimizers import minibatches
from course_lib.regularization import PenalizedSGD
from course_lib.training import build, evaluate, train_step
from course_lib.validation import DivergedError, as_integer, as_number, as_option

on_one_thread = threadpool_limits.wrap(limits=1)  # small products are not worth sharing

# --- Sharpness-aware steps ------------------------------------------------------------------------


def sam_step(model, X, y, optimizer, radius, loss=functional.cross_entropy):
    """A step of the optimizer with the gradient at the worst place nearby; returns the loss before.

    The gradient is not taken at θ but uphill, at θ + ρ ∇L(θ)/‖∇L(θ)‖, where L is largest within the
    `radius` ρ, as far as a straight line tells; the step is made from θ. So it goes down the loss
    of the neighbourhood, at the price of two gradients. DivergedError where the loss is no number.
    Foret, Kleiner, Mobahi, Neyshabur (2021), "Sharpness-Aware Minimization".
    """
    model.train()
    weights = list(model.parameters())
    value = loss(model(X), y)
    if not torch.isfinite(value):
        raise DivergedError(f"the loss is {value.item()}: is the learning rate too large?")
    slopes = torch.autograd.grad(value, weights)
    size = torch.stack([slope.norm() for slope in slopes]).norm().clamp(min=1e-12)
    here = [w.detach().clone() for w in weights]
    with torch.no_grad():
        for w, slope in zip(weights, slopes, strict=True):
            w += as_number(radius, "radius", minimum=0) * slope / size
    optimizer.zero_grad()
    loss(model(X), y).backward()
    with torch.no_grad():
        for w, before in zip(weights, here, strict=True):
            w.copy_(before)
    optimizer.step()
    return value.item()


def train_until(
    model, X, y, optimizer, batch_size, updates, goal=0.0, radius=0.0, look=None, every=10, seed=0
):  # fmt: skip
    """Train until the loss on all of X is at most `goal`, or for so many updates: how many it took.

    The loss is looked at every so many updates; `look(update)`, if there is one, is called then,
    too. With a `radius` the steps are `sam_step`s. DivergedError where the loss is no number.
    """
    X, y = torch.as_tensor(X), torch.as_tensor(y)
    batches = islice(minibatches(len(X), batch_size, seed), updates)
    for update, batch in enumerate(map(torch.from_numpy, batches), 1):
        if radius:
            sam_step(model, X[batch], y[batch], optimizer, radius)
        else:
            train_step(model, X[batch], y[batch], optimizer, functional.cross_entropy, update)
        if update % every == 0 or update == updates:
            if look:
                look(update)
            if goal and evaluate(model, X, y).loss <= goal:
                return update
    return updates


# --- Measures of a trained network ----------------------------------------------------------------

RADIUS, RELATIVE_RADIUS, HEIGHT = 0.5, 2.0, 0.1


def relative(loss, theta):
    """The loss as a function of relative changes u of the weights, L(θ ∘ (1 + u)), and u = 0.

    Where a layer is multiplied by α and the next one divided by it, this function stays the same:
    so any sharpness of it is one that rescaling cannot change. After Kwon, Kim, Park, Choi (2021),
    "ASAM".
    """
    return lambda u: loss(theta * (1 + u)), torch.zeros_like(theta)


@on_one_thread
def flatness(model, X, y, seed=0):
    """How flat the loss on X is around a network's weights, in five ways: a dictionary.

    "valley": the mean width at the height `HEIGHT` above (5 directions), the flatter the wider.
    "sharpness": the worst rise found within `RADIUS`. "adaptive": the same for relative changes,
    within `RELATIVE_RADIUS`. "curvature": the largest eigenvalue of the Hessian. "norm": the length
    of all weights as one vector. Both rises are what 20 steps from two starts find, so they are at
    most the truth: for one net 100 steps from four starts found 2 % more, and 14 % of the second.
    """
    loss, theta = loss_of(model, torch.as_tensor(X), torch.as_tensor(y))
    product, n = hessian_vector_product(loss, theta), len(theta)
    return {
        "valley": widths_at_height(loss, theta, HEIGHT, directions=5, seed=seed).mean(),
        "sharpness": sharpness(loss, theta, RADIUS, starts=2, seed=seed),
        "adaptive": sharpness(*relative(loss, theta), RELATIVE_RADIUS, starts=2, seed=seed),
        "curvature": top_eigenvalues(product, n, tolerance=1e-3, dtype=theta.dtype)[0][0],
        "norm": float(theta.norm()),
    }


# --- Rescaling ------------------------------------------------------------------------------------


def rescaled(model, alpha, layer=0):
    """The same function with other weights: a dense layer times α, the next one divided by it.

    For a network of dense layers and ReLUs, since relu(αz) = α relu(z) for α > 0: weights and
    biases of the layer (counted from 0) are multiplied by α, the weights of the one after it
    divided. Returns a copy. Dinh, Pascanu, Bengio, Bengio (2017), "Sharp Minima Can Generalize For
    Deep Nets".
    """
    alpha, model = as_number(alpha, "alpha", above=0), deepcopy(model)
    parts = [part for part in model.modules() if not isinstance(part, nn.Sequential)]
    if strange := [part for part in parts if not isinstance(part, nn.Linear | nn.ReLU)]:
        raise ValueError(f"model must consist of dense layers and ReLUs, there is {strange[0]}")
    dense = [part for part in parts if isinstance(part, nn.Linear)]
    if len(dense) < 2:
        raise ValueError(f"model must have two dense layers or more, came {len(dense)}")
    if as_integer(layer, "layer", minimum=0) > len(dense) - 2:
        raise ValueError(f"layer must be at most {len(dense) - 2}, came {layer}")
    with torch.no_grad():
        dense[layer].weight *= alpha
        dense[layer].bias *= alpha
        dense[layer + 1].weight /= alpha
    return model


# --- A slice of the loss --------------------------------------------------------------------------


def slice_between(model, other, parts, places):
    """Loss and error along the straight line through two networks' weights: a dictionary.

    θ(t) = (1 − t) θ_model + t θ_other for each t of `places`. `parts` maps names to pairs (X, y);
    for each there are arrays NAME_loss and NAME_error, one value a place. Goodfellow, Vinyals, Saxe
    (2015); between small-batch and large-batch solutions, Keskar and others (2017), figure 3.
    """
    here, there = (parameters_to_vector(m.parameters()).detach() for m in (model, other))
    moved, seen = deepcopy(model), {f"{name}_{kind}": [] for name in parts for kind in KINDS}
    for t in places:
        vector_to_parameters((1 - t) * here + t * there, moved.parameters())
        for name, part in parts.items():
            found = evaluate(moved, *part)
            seen[f"{name}_loss"].append(found.loss)
            seen[f"{name}_error"].append(1 - found.accuracy)
    return {"t": np.array(places)} | {name: np.array(values) for name, values in seen.items()}


KINDS = "loss", "error"

# --- The grid of trained networks -----------------------------------------------------------------

GOAL, N = 0.01, 500
LOOKED_AT = 500  # test inputs for the sensitivity


@on_one_thread
def train_net(batch, rate, width=32, noise=0.0, seed=0, updates=20_000, goal=GOAL):
    """Train two hidden layers on 500 digits until the loss is `goal`: (net, X, y, updates made).

    Plain gradient descent, without momentum. The digits, the share `noise` of random labels, the
    first weights and the batches depend on the seed.
    """
    X, y = some_digits(N, noise, seed)
    model = build(lambda: dense_network((PIXELS, width, width, 10)), seed)
    optimizer = torch.optim.SGD(model.parameters(), rate)
    return model, X, y, train_until(model, X, y, optimizer, batch, updates, goal, seed=seed)


@on_one_thread
def judge(model, X, y):
    """Errors and losses of a net on its training data X, y, on dev and test digits: a dictionary.

    "gap" is the test error minus the training error, "loss_gap" the same of the losses, both with
    the labels as they are: random ones only in training.
    """
    digits = small_digits(7000)
    training, dev, test = (evaluate(model, *part) for part in ((X, y), digits.dev, digits.test))
    return {
        "training": 1 - training.accuracy,
        "dev": 1 - dev.accuracy,
        "test": 1 - test.accuracy,
        "gap": training.accuracy - test.accuracy,
        "training_loss": training.loss,
        "test_loss": test.loss,
        "loss_gap": test.loss - training.loss,
    }


@on_one_thread
def examine(model, X, y):
    """All measures of a net: those of `judge` and `flatness`, and its mean "sensitivity".

    The sensitivity is that to the first 500 test digits; it needs no labels.
    """
    inputs = torch.as_tensor(small_digits(7000).X_test[:LOOKED_AT])
    seen = {"sensitivity": float(sensitivity(model, inputs, at_once=LOOKED_AT).mean())}
    return judge(model, X, y) | seen | flatness(model, X, y)


def reached(table):
    """The rows of nets that did come to the loss `GOAL`: only these are compared."""
    return table[table.training_loss <= GOAL]


def at_tuned_rate(table):
    """The rows of "trained_nets" with the best rate for each share of noise, width and batch size.

    Best is the least mean dev error, among the rates at which the nets of all seeds came to `GOAL`.
    """
    arm = ["noise", "width", "batch"]
    good = reached(table)
    seeds = good.groupby([*arm, "rate"])["seed"].transform("nunique")
    return at_best(good[seeds == table.seed.nunique()], arm, "rate", "dev", least=True)


# --- Correlation with the gap ---------------------------------------------------------------------


def correlation(table, measure, target="gap", within=()):
    """Spearman's rank correlation of two columns, and its standard error over the seeds: a pair.

    Nets of one seed share digits and wrong labels. So each seed is an experiment of its own: ρ is
    that of its nets, and what is returned are the mean over the seeds and s/√n (NaN for one seed).
    With `within`, names of columns, a seed's ρ is the mean of those inside each group of nets that
    agree in these columns; so what differs between the groups explains nothing. Jiang, Neyshabur,
    Mobahi, Krishnan, Bengio (2020), "Fantastic Generalization Measures and Where to Find Them".
    """
    found = {}
    for (seed, *_), group in table.groupby(["seed", *within]):
        x, y = (rankdata(group[column]) for column in (measure, target))
        if len(group) < 3 or min(np.ptp(x), np.ptp(y)) == 0:
            raise ValueError(
                f"{measure} and {target} must have 3 values, not all the same, in each group: "
                f"not so among {len(group)} nets of seed {seed}"
            )
        found.setdefault(seed, []).append(np.corrcoef(x, y)[0, 1])
    by_seed = pd.Series([np.mean(inside) for inside in found.values()])
    return float(by_seed.mean()), float(by_seed.sem())


def differences(table, column, one, other, value="test", by=("noise",)):
    """How much more `value` is where `column` is `one` than where it is `other`, for each of `by`.

    Nets are paired that agree in noise, width and seed, and in the columns `by`; those without a
    partner are left out. A seed's difference is the mean of its pairs; a row of the table that
    comes back has mean, error (over the seeds) and trainings (their number).
    """
    pairs = list(dict.fromkeys([*by, "noise", "width", "seed"]))
    wide = table.pivot_table(index=pairs, columns=column, values=value)
    more = (wide[one] - wide[other]).dropna().groupby([*by, "seed"]).mean()
    return summary(more.rename("more").reset_index(), list(by), "more").set_index(list(by))


# --- What helps -----------------------------------------------------------------------------------

REMEDIES = {
    "nothing": (0.0,),
    "weight decay": (0.003, 0.01, 0.03, 0.1),
    "augmentation": (1.0, 2.0, 3.0),
    "SAM": (0.2, 0.5, 1.0, 2.0),
}


@on_one_thread
def learn(remedy, strength, rate, noise=0.2, seed=0, width=64, updates=2000):
    """Train on 500 digits with a remedy, by `learning`: errors, last and early-stopped.

    A dictionary: "training", "dev", "test" are the errors at the end, "early_dev" and "early" those
    at the look (one in 50 updates) with the least dev loss, "early_update" when that was.
    """
    looks = learning(remedy, strength, rate, noise, seed, width, updates)
    last, best = looks.iloc[-1], looks.loc[looks.dev_loss.idxmin()]
    early = {"early_update": best["update"], "early_dev": best["dev"], "early": best["test"]}
    return last[["training", "dev", "test"]].to_dict() | early


@on_one_thread
def learning(
    remedy, strength, rate, noise=0.2, seed=0, width=64, updates=2000, every=50
):  # fmt: skip
    """Train on 500 digits with a remedy: a table of update, errors and dev loss, a row a look.

    `strength` is λ/m of the weight decay, the most pixels that a digit is shifted by, or SAM's
    radius. The batches have 32 digits, and every remedy gets as many updates; a step of SAM needs
    two gradients. Columns: update, training, dev, test (errors), dev_loss.
    """
    as_option(remedy, "remedy", REMEDIES)
    X, y = some_digits(N, noise, seed)
    network = build(lambda: dense_network((PIXELS, width, width, 10)), seed)
    model = network
    if remedy == "augmentation":
        model = nn.Sequential(Augment(strength, degrees=0, zoom=1), network)
    decay, radius = (strength * (remedy == name) for name in ("weight decay", "SAM"))
    optimizer = PenalizedSGD(model.parameters(), rate, l2=decay)
    digits, looks = small_digits(7000), []

    def look(update):
        training, dev, test = (evaluate(model, *part) for part in ((X, y), digits.dev, digits.test))
        errors = (1 - part.accuracy for part in (training, dev, test))
        looks.append((update, *errors, dev.loss))

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        train_until(model, X, y, optimizer, 32, updates, 0.0, radius, look, every, seed)
    return pd.DataFrame(looks, columns=["update", "training", "dev", "test", "dev_loss"])


def remedied(table, early=False):
    """The stored "what_helps" with the best strength and rate of each remedy: a row a training.

    Columns noise, remedy, strength, rate, seed, dev, test. Chosen by the mean dev error. "early
    stopping" is one remedy more: no other one, and the weights with the least dev loss. With
    `early` all the others are stopped early, too.
    """
    stopped = table.assign(dev=table["early_dev"], test=table["early"])
    alone = stopped[table.remedy == "nothing"].assign(remedy="early stopping")
    table = pd.concat([stopped[table.remedy != "nothing"], alone] if early else [table, alone])
    table = table.assign(setting=table.strength.astype(str) + ", " + table.rate.astype(str))
    best = at_best(table, ["noise", "remedy"], "setting", "dev", least=True)
    return best[["noise", "remedy", "strength", "rate", "seed", "dev", "test"]]


def gains(table, over="nothing"):
    """How much less the test error is than that of another remedy: mean, standard error, trainings.

    `table` is one of `remedied`. The differences are those of trainings with the same seed: with
    the same digits, wrong labels and first weights.
    """
    errors = table.pivot(index=["noise", "seed"], columns="remedy", values="test")
    as_option(over, "over", list(errors))
    gained = errors.rsub(errors[over], axis=0).drop(columns=over)
    return summary(gained.melt(value_name="gain", ignore_index=False).reset_index(),
                   ["noise", "remedy"], "gain")  # fmt: skip
