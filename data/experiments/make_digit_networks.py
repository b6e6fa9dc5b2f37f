"""Train the digit networks of lesson 07 and judge them: about 8 minutes of one core.

Run it from the root of the repository: python data/experiments/make_digit_networks.py [name …]
Without a name it makes what is not there yet; with names it makes those anew. A run that was cut
off goes on where it was: finished rows are in NAME.part; `--jobs` says how many cores work.

CNN and MLP, as many parameters; the pixels in order, and shuffled. For each of these four cases it
is chosen on 2,000 of the 8,000 training digits (their loss after the last epoch, seed 0,
`digit_networks_validation.csv`): the dropout, whether to train on four moved copies of each digit,
too, and how many hidden layers the MLP has. The chosen one is then trained anew on all 8,000, with
three seeds, and judged once on the 2,000 test digits: `digit_networks.csv`. The weights of seed 0,
pixels in order, ship as `digit_cnn.npz` and `digit_mlp.npz`: several lessons use them. How well
they read test digits that were all moved right by so many pixels is in `moved_digits.csv`.
"""

from functools import partial

from course_lib.cnn import (
    digit_cnn,
    digit_images,
    digit_mlp,
    load_digit_network,
    save_weights,
    shift,
    shuffle_pixels,
    train_classifier,
    with_shifted_copies,
)
from course_lib.experiments import EXPERIMENTS, load_experiment
from course_lib.storing import grid, main
from course_lib.training import count_parameters, evaluate

PIXELS = {"in order": lambda images: images, "shuffled": shuffle_pixels}
HIDDEN = {"cnn": ("100",), "mlp": ("173", "150 124")}  # neurons of the hidden dense layers
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


def digit_networks_validation(network, pixels, hidden, copies, dropout, seed, passes=PASSES):
    """Train on 6,000 digits; a row an epoch, with loss and accuracy on the other 2,000."""
    images, labels = digit_images("train")
    epochs = passes // (copies + 1)
    _, history = train_classifier(
        maker(network, hidden, dropout),
        *digits((images[:N_FIT], labels[:N_FIT]), pixels, copies), epochs, seed=seed,
        validation=digits((images[N_FIT:], labels[N_FIT:]), pixels), device="cpu",
    )  # fmt: skip
    for epoch in range(epochs):
        yield {
            "epoch": epoch + 1,
            "loss": history.epoch_losses[epoch],
            "validation_loss": history.validation_losses[epoch],
            "validation": history.validation_accuracies[epoch],
        }


def chosen():
    """For each network and order of pixels the settings with the least validation loss."""
    table = load_experiment("digit_networks_validation").astype({"hidden": str})
    names = ["network", "pixels", "hidden", "copies", "dropout"]
    last = table.groupby(names, as_index=False)["validation_loss"].last()
    best = last.groupby(["network", "pixels"])["validation_loss"].idxmin()
    return last.loc[best, names].to_dict("records")


def digit_networks(network, pixels, hidden, copies, dropout, seed, passes=PASSES):
    """Train on all 8,000 digits: the accuracy on the 2,000 others. Seed 0, in order, is stored."""
    images, labels = digits(digit_images("train"), pixels, copies)
    epochs = passes // (copies + 1)
    make = maker(network, hidden, dropout)
    trained, _ = train_classifier(make, images, labels, epochs, seed=seed, device="cpu")
    if seed == 0 and pixels == "in order" and passes == PASSES:
        save_weights(trained, EXPERIMENTS / f"digit_{network}.npz")
    test = evaluate(trained, *digits(digit_images("test"), pixels)).accuracy
    yield {"parameters": count_parameters(trained), "epochs": epochs, "test": test}


def moved_digits(network, right):
    """The accuracy of a stored network on test digits that were moved."""
    images, labels = digit_images("test")
    moved = shift(images, right=right)
    yield {"accuracy": evaluate(load_digit_network(network), moved, labels).accuracy}


TABLES = {
    digit_networks_validation: [
        case
        for network, hidden in HIDDEN.items()
        for case in grid(
            network=(network,),
            pixels=tuple(PIXELS),
            hidden=hidden,
            copies=(0, 4),
            dropout=(0.25, 0.5),
            seed=(0,),
        )
    ],
    digit_networks: lambda: [case | {"seed": seed} for case in chosen() for seed in range(3)],
    moved_digits: grid(network=("cnn", "mlp"), right=range(-8, 9)),
}


if __name__ == "__main__":
    main(TABLES, __doc__)
