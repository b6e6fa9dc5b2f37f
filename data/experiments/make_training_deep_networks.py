"""Write what lesson 06 stores: trainings that take too long for a notebook, a quarter of an hour.

Run it from the root of the repository:
python data/experiments/make_training_deep_networks.py [name …]
Without a name it makes what is not there yet; with names it makes those anew. A run that was cut
off goes on where it was: finished rows are in NAME.part; `--jobs` says how many cores work. A case
is one training, by the functions of `course_lib.deep_training`, which run in the lesson, too, on a
few seeds.
"""

from contextlib import suppress
from itertools import product

import numpy as np

from course_lib import deep_training as deep
from course_lib.storing import grid, main
from course_lib.validation import DivergedError

SEEDS = range(3)


def clinic(patient, cure, seed):
    """A patient, an ill training, and a cure."""
    yield from deep.treat(patient, cure, seed=seed).to_dict("records")


def learning_rates(normalization, rate, seed):
    """Does a learning rate work, with this normalisation? The loss at every fifth update."""
    losses, accuracy = np.full(deep.N_RATE_UPDATES, np.nan), 0.1
    with suppress(DivergedError):
        losses, accuracy = deep.losses_at_rate(normalization, rate, seed)
    yield {"accuracy": accuracy} | {f"loss_{i}": loss for i, loss in enumerate(losses[::5])}


def shifted_batch_norm(normalization, noise, rate, seed):
    """Batch norm with its distributions disturbed on purpose."""
    accuracy = 0.1
    with suppress(DivergedError):
        accuracy = deep.losses_at_rate(normalization, rate, seed, noise=noise)[1]
    yield {"accuracy": accuracy}


def activations(activation, layers, learning_rate, seed):
    """An activation function, in a shallow or a deeper network."""
    found = deep.accuracy_of_activation(activation, layers, learning_rate, seed)
    yield dict(zip(("training", "dev", "test"), found, strict=True))


def connections(connection, layers, rate, seed):
    """A plain, residual or highway net, from shallow to deep; its loss after each epoch."""
    _, losses, accuracy = deep.train_deep(connection, layers, rate, seed)
    yield {"accuracy": accuracy} | {f"loss_{i}": loss for i, loss in enumerate(losses, start=1)}


def few_digits(method, setting, seed):
    """What helps with 300 digits."""
    yield deep.learn_few(seed=seed, **SETTINGS[method, setting])


def transfer(task, way, seed):
    """A new task from few examples, after another one."""
    model = deep.pretrained(task)
    for n, rate in product((1, 2, 5, 10, 30, 100, 300), (0.005, 0.02, 0.08)):
        try:
            dev, test = deep.transfer(model, task, way, n, seed, rate)
        except DivergedError:  # the loss is no number: as good as guessing
            dev = test = 0.5 if task == "odd or even" else 0.2
        yield {"n": n, "learning_rate": rate, "dev": dev, "test": test}


def layers():
    """What goes into each layer: histograms as shares in 1/255, spreads, gradients, losses."""
    arrays = {}
    for case in grid(normalization=("none", "batch", "layer", "weight"), scale=(0.5, 1.0, 1.5)):
        shares, *others = deep.watch_layers(**case)
        key = f"{case['normalization']}_{case['scale']:g}"
        arrays[f"{key}_shares"] = np.rint(255 * shares).astype(np.uint8)
        for kind, values in zip(("spreads", "gradients", "losses"), others, strict=True):
            arrays[f"{key}_{kind}"] = values
    return arrays


def gates():
    """Highway nets of 50 layers: the first one's mean gates for each digit, (10, 50, 32), and how
    well all five do without the layers that are least open, and without random ones."""
    digits, counts = deep.small_digits(1000), np.array([0, 1, 10, 25, 40, 45, 50])
    models = [deep.train_deep("highway", 50, 0.03, seed)[0] for seed in range(5)]
    seen = deep.gates_of(models[0], digits.X_dev)
    without = [deep.accuracies_without(model, counts, *digits.training) for model in models]
    least_open, at_random = np.swapaxes(without, 0, 1)
    return {
        "gates": np.array(
            [seen[digits.y_dev == c].mean(axis=0) for c in range(10)]
        ),  # (10, 50, 32)
        "counts": counts,  # of layers bypassed
        "without_least_open": least_open,  # (5, counts): training accuracies
        "without_random": at_random,
    }


def plane():
    """Overfitting in the plane, held back: probabilities as shares in 1/255, and losses."""
    arrays = {}
    for kind, strengths in deep.HOLDS.items():
        runs = [deep.overfit_moons(kind, strength) for strength in strengths]
        arrays[kind] = np.rint(255 * np.array([p for p, _ in runs])).astype(np.uint8)
        arrays[f"{kind} losses"] = np.array([losses for _, losses in runs])
    return arrays


SETTINGS = {  # of `few_digits`, by their words
    (method, ", ".join(f"{name}={value}" for name, value in setting.items()) or "-"): setting
    for method, settings in deep.METHODS.items()
    for setting in settings
}
DEPTHS = (2, 5, 10, 20, 30, 50)

TABLES = {
    clinic: grid(patient=tuple(deep.PATIENTS), cure=tuple(deep.CURES), seed=(0,)),
    learning_rates: grid(
        normalization=("none", "batch", "layer", "weight"), rate=tuple(deep.RATES), seed=SEEDS
    ),
    shifted_batch_norm: [
        case
        for normalization, noise in (("none", 0.0), ("batch", 0.0), ("batch", 0.5))
        for case in grid(
            normalization=(normalization,),
            noise=(noise,),
            rate=(0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0),
            seed=range(5),
        )
    ],
    activations: grid(
        activation=("sigmoid", "tanh", "relu", "leaky_relu", "maxout"),
        layers=(2, 6),
        learning_rate=(0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
        seed=SEEDS,
    ),
    connections: grid(
        connection=("plain",), layers=DEPTHS, rate=(0.001, 0.003, 0.01, 0.03), seed=SEEDS
    )
    + grid(connection=("residual",), layers=DEPTHS, rate=(0.003, 0.01, 0.03), seed=SEEDS)
    + grid(connection=("highway",), layers=DEPTHS, rate=(0.03,), seed=SEEDS),
    few_digits: [
        {"method": method, "setting": setting, "seed": seed}
        for method, setting in SETTINGS
        for seed in range(15)
    ],
    transfer: grid(task=tuple(deep.TASKS), way=tuple(deep.WAYS), seed=range(5)),
    layers: [{}],
    gates: [{}],
    plane: [{}],
}


if __name__ == "__main__":
    main(TABLES, __doc__)
