"""Judge the digit networks of lesson 07 on moved test digits: half a minute on one core.

Run it from the root of the repository: python data/experiments/make_moved_digits.py

`moved_digits.csv`: the accuracy of `digit_cnn.npz` and `digit_mlp.npz` on the 2,000 test digits,
all of them moved right by so many pixels.
"""

from datetime import date
from importlib.metadata import version

import pandas as pd
import torch

from course_lib.cnn import digit_images, load_digit_network, shift
from course_lib.experiments import EXPERIMENTS
from course_lib.training import evaluate

MOVES = range(-8, 9)


def judge(kind, right, n=2000):
    """A row: the accuracy of a network on n test digits that were moved."""
    images, labels = (part[:n] for part in digit_images("test"))
    found = evaluate(load_digit_network(kind), shift(images, right=right), labels)
    return {"network": kind, "right": right, "accuracy": round(found.accuracy, 4)}


def main():
    torch.set_num_threads(1)
    table = pd.DataFrame([judge(kind, right) for kind in ("cnn", "mlp") for right in MOVES])
    versions = ", ".join(f"{package} {version(package)}" for package in ("numpy", "torch"))
    with (EXPERIMENTS / "moved_digits.csv").open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"# {date.today()}, {versions}\n")
        table.to_csv(file, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
