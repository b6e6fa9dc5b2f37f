"""Train the digit networks of lesson 07 and judge them: about 8 minutes on one core.

Run it from the root of the repository: python data/experiments/make_digit_networks.py

CNN and MLP, as many parameters; the pixels in order, and shuffled. For each of these four cases it
is chosen on 2,000 of the 8,000 training digits (their loss after the last epoch, seed 0,
`digit_networks_validation.csv`): the dropout, whether to train on four moved copies of each digit,
too, and how many hidden layers the MLP has. The chosen one is then trained anew on all 8,000, with
three seeds, and judged once on the 2,000 test digits: `digit_networks.csv`. The weights of seed 0,
pixels in order, ship as `digit_cnn.npz` and `digit_mlp.npz`: several lessons use them.
"""

from datetime import date
from functools import partial
from importlib.metadata import version
from itertools import product

import numpy as np
import pandas as pd
import torch

from course_lib.cnn import (
    digit_cnn,
    digit_images,
    digit_mlp,
    save_weights,
    shuffle_pixels,
    train_classifier,
    with_shifted_copies,
)
from course_lib.experiments import EXPERIMENTS
from course_lib.training import count_parameters, evaluate

PIXELS = {"in order": lambda images: images, "shuffled": shuffle_pixels}
HIDDEN = {"cnn": ("100",), "mlp": ("173", "150 124")}  # neurons of the hidden dense layers
COPIES, DROPOUTS = (0, 4), (0.25, 0.5)
SEEDS = (0, 1, 2)
PASSES = 20  # through 8,000 images: with 4 copies of each, 4 epochs
N_FIT = 6000  # of the training digits, for the choice; the other 2,000 validate


def maker(network, hidden, dropout):
    """The function that makes such a network, for `train_classifier`."""
    if network == "cnn":
        return partial(digit_cnn, hidden=int(hidden), dropout=dropout)
    return partial(digit_mlp, hidden=tuple(map(int, hidden.split())), dropout=dropout)


def digits(part, pixels, copies=0):
    """Images and labels, with moved copies; shuffled where wanted, after the moving."""
    images, labels = part
    if copies:
        images, labels = with_shifted_copies(images, labels, copies)
    return PIXELS[pixels](images), labels


def validate(network, pixels, hidden, copies, dropout, seed, passes=PASSES):
    """Train on 6,000 digits; a row an epoch, with loss and accuracy on the other 2,000."""
    images, labels = digit_images("train")
    epochs = passes // (copies + 1)
    _, history = train_classifier(
        maker(network, hidden, dropout),
        *digits((images[:N_FIT], labels[:N_FIT]), pixels, copies), epochs, seed=seed,
        validation=digits((images[N_FIT:], labels[N_FIT:]), pixels), device="cpu",
    )  # fmt: skip
    names = ("network", "pixels", "hidden", "copies", "dropout", "seed")
    case = dict(zip(names, (network, pixels, hidden, copies, dropout, seed), strict=True))
    seen = {
        "epoch": np.arange(1, epochs + 1),
        "loss": history.epoch_losses.round(4),
        "validation_loss": history.validation_losses.round(4),
        "validation": history.validation_accuracies.round(4),
    }
    return pd.DataFrame(case | seen)


def choose(table):
    """(network, pixels, hidden, copies, dropout) with the least validation loss, for each case."""
    names = ["network", "pixels", "hidden", "copies", "dropout"]
    last = table.groupby(names)["validation_loss"].last()
    return [(*case, *last[case].idxmin()) for case in product(HIDDEN, PIXELS)]


def judge(network, pixels, hidden, copies, dropout, seed, passes=PASSES):
    """Train on all 8,000 digits; the network, and a row with its accuracy on the 2,000 others."""
    images, labels = digits(digit_images("train"), pixels, copies)
    epochs = passes // (copies + 1)
    make = maker(network, hidden, dropout)
    trained, _ = train_classifier(make, images, labels, epochs, seed=seed, device="cpu")
    row = {
        "network": network, "pixels": pixels, "hidden": hidden, "copies": copies,
        "dropout": dropout, "seed": seed, "parameters": count_parameters(trained), "epochs": epochs,
        "test": round(evaluate(trained, *digits(digit_images("test"), pixels)).accuracy, 4),
    }  # fmt: skip
    return trained, row


def write(table, name):
    """Write a table as .csv; its first line says when, and with which versions."""
    versions = ", ".join(f"{package} {version(package)}" for package in ("numpy", "torch"))
    with (EXPERIMENTS / f"{name}.csv").open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"# {date.today()}, {versions}; seeds are in the column of that name\n")
        table.to_csv(file, index=False, lineterminator="\n")


def main():
    torch.set_num_threads(1)
    tables, rows = [], []
    for network in HIDDEN:
        for case in product(PIXELS, HIDDEN[network], COPIES, DROPOUTS):
            tables.append(validate(network, *case, seed=0))
            print(network, *case, tables[-1].iloc[-1, -2:].tolist(), flush=True)
    validation = pd.concat(tables)
    write(validation, "digit_networks_validation")
    for case, seed in product(choose(validation), SEEDS):
        trained, row = judge(*case, seed)
        rows.append(row)
        print(row, flush=True)
        if seed == 0 and row["pixels"] == "in order":
            save_weights(trained, EXPERIMENTS / f"digit_{row['network']}.npz")
    write(pd.DataFrame(rows), "digit_networks")


if __name__ == "__main__":
    main()
