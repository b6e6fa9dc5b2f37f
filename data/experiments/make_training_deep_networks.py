"""Write what lesson 06 stores: trainings that take too long for a notebook, a quarter of an hour.

Run it from the root of the repository:
python data/experiments/make_training_deep_networks.py [name ...]
Every row of a table is one training (or one look at it), by the functions of
`course_lib.deep_training`, which run in the lesson, too, on a few seeds.
"""

import sys
from contextlib import suppress
from datetime import date
from importlib.metadata import version
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from threadpoolctl import threadpool_limits

from course_lib import deep_training as deep
from course_lib.validation import DivergedError

HERE = Path(__file__).parent


def clinic():
    """Five patients, nine cures."""
    for patient, cure in product(deep.PATIENTS, deep.CURES):
        table = deep.treat(patient, cure)
        yield from table.assign(patient=patient, cure=cure, seed=0).to_dict("records")


def learning_rates():
    """Which learning rates work, for each normalisation."""
    for normalization, rate, seed in product(
        ("none", "batch", "layer", "weight"), deep.RATES, range(3)
    ):
        row = {"normalization": normalization, "rate": rate, "seed": seed, "accuracy": 0.1}
        losses = np.full(deep.N_RATE_UPDATES, np.nan)
        with suppress(DivergedError):
            losses, row["accuracy"] = deep.losses_at_rate(normalization, rate, seed)
        yield row | {f"loss_{i}": loss for i, loss in enumerate(losses[::5])}


def shifted_batch_norm():
    """Batch norm with its distributions disturbed on purpose."""
    for name, noise, seed in product(("none", "batch"), (0.0, 0.5), range(5)):
        if name == "none" and noise:
            continue
        for rate in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2):
            try:
                accuracy = deep.losses_at_rate(name, rate, seed, noise=noise)[1]
            except DivergedError:
                accuracy = 0.1
            yield {
                "normalization": name,
                "noise": noise,
                "rate": rate,
                "seed": seed,
                "accuracy": accuracy,
            }


def activations():
    """Activation functions, shallow and deeper."""
    kinds = "sigmoid", "tanh", "relu", "leaky_relu", "maxout"
    for activation, layers, rate, seed in product(
        kinds, (2, 6), (0.003, 0.01, 0.03, 0.1, 0.3, 1), range(3)
    ):
        training, dev, test = deep.accuracy_of_activation(activation, layers, rate, seed)
        yield {
            "activation": activation, "layers": layers, "learning_rate": rate, "seed": seed,
            "training": training, "dev": dev, "test": test,
        }  # fmt: skip


def connections():
    """Plain, residual and highway nets from shallow to deep."""
    rates = {
        "plain": (0.001, 0.003, 0.01, 0.03),
        "residual": (0.003, 0.01, 0.03),
        "highway": (0.03,),
    }
    for connection, layers in product(rates, (2, 5, 10, 20, 30, 50)):
        for rate, seed in product(rates[connection], range(3)):
            _, losses, accuracy = deep.train_deep(connection, layers, rate, seed)
            row = {"connection": connection, "layers": layers, "rate": rate, "seed": seed}
            yield (
                row
                | {"accuracy": accuracy}
                | {f"loss_{i + 1}": loss for i, loss in enumerate(losses)}
            )


def few_digits():
    """What helps with 300 digits."""
    for method, seed in product(deep.METHODS, range(15)):
        for setting in deep.METHODS[method]:
            text = ", ".join(f"{name}={value}" for name, value in setting.items())
            yield {"method": method, "setting": text, "seed": seed} | deep.learn_few(
                seed=seed, **setting
            )


def transfer():
    """A new task from few examples, after another one."""
    models = {task: deep.pretrained(task) for task in deep.TASKS}
    sizes, rates = (1, 2, 5, 10, 30, 100, 300), (0.005, 0.02, 0.08)
    for task, n, way, rate, seed in product(deep.TASKS, sizes, deep.WAYS, rates, range(5)):
        row = {"task": task, "n": n, "way": way, "learning_rate": rate, "seed": seed}
        try:
            dev, test = deep.transfer(models[task], task, way, n, seed, rate)
        except DivergedError:  # the loss is no number: as good as guessing
            dev = test = 0.5 if task == "odd or even" else 0.2
        yield row | {"dev": dev, "test": test}


def layers():
    """What goes into each layer: histograms as shares in 1/255, spreads, gradients, losses."""
    arrays = {}
    for name, scale in product(("none", "batch", "layer", "weight"), (0.5, 1.0, 1.5)):
        shares, spreads, gradients, losses = deep.watch_layers(name, scale)
        key = f"{name}_{scale:g}"
        arrays[f"{key}_shares"] = np.rint(255 * shares).astype(np.uint8)
        for kind, values in (("spreads", spreads), ("gradients", gradients), ("losses", losses)):
            arrays[f"{key}_{kind}"] = values.astype(np.float32)
    return arrays


def gates():
    """Highway nets of 50 layers: the first one's mean gates for each digit, and how well all five
    do without the layers that are least open, and without random ones."""
    digits, counts = deep.small_digits(1000), np.array([0, 1, 10, 25, 40, 45, 50])
    models = [deep.train_deep("highway", 50, 0.03, seed)[0] for seed in range(5)]
    seen = deep.gates_of(models[0], digits.X_dev)
    means = np.array([seen[digits.y_dev == c].mean(axis=0) for c in range(10)])
    without = [deep.accuracies_without(model, counts, *digits.training) for model in models]
    least_open, at_random = np.swapaxes(without, 0, 1)
    return {
        "gates": means.astype(np.float32),  # (10, 50, 32)
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
        arrays[f"{kind} losses"] = np.array([losses for _, losses in runs], dtype=np.float32)
    return arrays


TABLES = (
    clinic,
    learning_rates,
    shifted_batch_norm,
    activations,
    connections,
    few_digits,
    transfer,
)
ARRAYS = (layers, gates, plane)


def main(names):
    torch.set_num_threads(1)
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "torch"))
    for experiment in TABLES + ARRAYS:
        name = experiment.__name__
        if names and name not in names:
            continue
        with threadpool_limits(1):
            result = experiment()
            if experiment in ARRAYS:
                made = np.array(f"{date.today()}, {versions}; seed 0")
                np.savez_compressed(HERE / f"{name}.npz", made=made, **result)
            else:
                write_table(pd.DataFrame(result), HERE / f"{name}.csv", versions)
        print(name, "is written", flush=True)


def write_table(table, path, versions):
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"# {date.today()}, {versions}; seeds are in the column of that name\n")
        table.to_csv(file, index=False, float_format="%.4g", lineterminator="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
