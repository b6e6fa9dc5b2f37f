"""How long does it take to train the digit networks that the course ships, and how good are they?

Run it from the root of the repository: python benchmarks/bench_cnn.py
It trains on all cores: at most 40 seconds for the CNN on two of them.
"""

import time
from functools import partial

import torch

from course_lib.cnn import (
    digit_cnn,
    digit_images,
    digit_mlp,
    train_classifier,
    with_shifted_copies,
)
from course_lib.experiments import load_experiment
from course_lib.training import count_parameters, evaluate

HIDDEN = {  # how the stored table's column of that name is read
    "cnn": lambda text: int(text),
    "mlp": lambda text: tuple(map(int, text.split())),
}


def train(name, make, row):
    """Train as the stored table's row says; print seconds, and the accuracy on the test digits."""
    make = partial(make, hidden=HIDDEN[name](row["hidden"]), dropout=row["dropout"])
    images, labels = digit_images("train")
    begin = time.perf_counter()
    images, labels = with_shifted_copies(images, labels, int(row["copies"]))
    network, _ = train_classifier(make, images, labels, int(row["epochs"]), device="cpu")
    seconds = time.perf_counter() - begin
    accuracy = evaluate(network, *digit_images("test")).accuracy
    print(
        f"{name}: {count_parameters(network):,} parameters, {row['epochs']} epochs of "
        f"{len(images):,} images in {seconds:.1f} s; {accuracy:.2%} of 2,000 test digits"
    )


def main():
    stored = load_experiment("digit_networks")
    first = stored[(stored["pixels"] == "in order") & (stored["seed"] == 0)].set_index("network")
    print(f"{torch.get_num_threads()} threads, seed 0")
    for name, make in (("cnn", digit_cnn), ("mlp", digit_mlp)):
        train(name, make, first.loc[name])


if __name__ == "__main__":
    main()
