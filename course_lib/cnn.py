"""The convolutional networks of the course, in torch, and what they are compared with.

Images have the shape (n, channels, height, width), as in torch. A network is a `Sequential`:
`network[:k]` are its first k layers, and their output is what the next one sees.
Lecture: "Convolutional Neural Network", whose example in Keras has the shapes of `digit_cnn`.
"""

from functools import partial
from itertools import product

import numpy as np
import pandas as pd
import torch
from torch import nn

from course_lib.datasets import load_digits
from course_lib.experiments import EXPERIMENTS
from course_lib.layers import Residual
from course_lib.training import build, count_parameters, fit, in_test_mode
from course_lib.validation import (
    as_array,
    as_integer,
    as_number,
    as_option,
    check_same_length,
    check_same_shape,
)

SIDE, CLASSES = 28, 10  # of the digits

# --- The networks --------------------------------------------------------------------------------


def digit_cnn(filters=(25, 50), hidden=100, dropout=0.25):
    """The lecture's network: convolution and max pooling, twice; flatten; two dense layers.

    (n, 1, 28, 28) → 25 filters 3×3 → (25, 26, 26) → pool → (25, 13, 13) → 50 filters 3×3 →
    (50, 11, 11) → pool → (50, 5, 5) → flatten 1250 → 100 → 10 logits. Dropout, of which the
    lecture's picture has none, before each dense layer.
    """
    first, second = filters
    side = ((SIDE - 2) // 2 - 2) // 2  # a 3×3 filter takes 2 pixels away, pooling a half
    return nn.Sequential(
        nn.Conv2d(1, first, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(first, second, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(dropout), nn.Linear(second * side**2, hidden), nn.ReLU(),
        nn.Dropout(dropout), nn.Linear(hidden, CLASSES),
    )  # fmt: skip


def small_cnn():
    """`digit_cnn` with 8 and 16 filters and 32 hidden neurons: 14,410 parameters, no dropout."""
    return digit_cnn(filters=(8, 16), hidden=32, dropout=0.0)


def digit_mlp(hidden=(150, 124), dropout=0.25, inputs=SIDE**2):
    """Dense layers with ReLU; as it is, it has as many parameters as `digit_cnn()`, within 0.1 %.

    One hidden layer of as many parameters has 173 neurons: `hidden=(173,)`.
    """
    layers = [nn.Flatten()]
    for width in hidden:
        layers += [nn.Linear(inputs, width), nn.ReLU(), nn.Dropout(dropout)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, CLASSES))


def residual_cnn(filters=16, blocks=3):
    """Another way to read digits: 5×5 filters, residual blocks of two 3×3 layers, means, logits."""
    block = [
        Residual(nn.Sequential(
            nn.Conv2d(filters, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU(),
            nn.Conv2d(filters, filters, 3, padding=1), nn.BatchNorm2d(filters),
        ))
        for _ in range(as_integer(blocks, "blocks", minimum=1))
    ]  # fmt: skip
    return nn.Sequential(
        nn.Conv2d(1, filters, 5, stride=2), nn.ReLU(), *block, nn.ReLU(),
        nn.AvgPool2d(3), nn.Flatten(), nn.Linear(16 * filters, CLASSES),
    )  # fmt: skip


def tanh_cnn(filters=(6, 16), hidden=84):
    """After LeNet-5 (LeCun et al. 1998): 5×5 filters, tanh, and means in place of maxima."""
    first, second = filters
    return nn.Sequential(
        nn.Conv2d(1, first, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(first, second, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(25 * second, hidden), nn.Tanh(), nn.Linear(hidden, CLASSES),
    )  # fmt: skip


def layer_table(network, shape):
    """What each layer makes of one input of `shape`: a DataFrame of output shapes and parameters.

    `each` are the weights that one output number is computed from, without its bias.
    """
    x, rows = torch.zeros(1, *shape), []
    with in_test_mode(network):
        for layer in network:
            x = layer(x)
            weight = getattr(layer, "weight", None)
            each = 0 if weight is None else weight[0].numel()
            rows.append((type(layer).__name__, tuple(x.shape[1:]), each, count_parameters(layer)))
    return pd.DataFrame(rows, columns=["layer", "output shape", "each", "parameters"])


# --- The digits ----------------------------------------------------------------------------------


def digit_images(subset=None):
    """`load_digits` as images with one channel, (n, 1, 28, 28), and the labels, (n,)."""
    images, labels = load_digits(subset)
    return images[:, None], labels


def of_classes(images, labels, classes):
    """The images whose label is one of `classes`, and their labels."""
    check_same_length(images=images, labels=labels)
    chosen = np.isin(labels, list(classes))
    if not chosen.any():
        raise ValueError(f"no image has one of the classes {list(classes)}")
    return images[chosen], labels[chosen]


def shuffle_pixels(images, seed=0):
    """The images with their pixels in another order, the same for all of them.

    No pixel is lost: who looks at all pixels alike, as a dense layer does, notices nothing. But
    neighbours are no neighbours any more. `images` has the shape (n, 1, height, width).
    """
    images = as_array(images, "images", ndim=4, keep_single=True)
    random = np.random.default_rng(as_integer(seed, "seed", minimum=0))
    order = random.permutation(images[0, 0].size)
    return images.reshape(*images.shape[:2], -1)[..., order].reshape(images.shape)


def shift(images, down=0, right=0):
    """The images moved by whole pixels; what comes in at the rim is 0."""
    images = as_array(images, "images", keep_single=True)
    height, width = images.shape[-2:]
    down, right = as_integer(down, "down", 1 - height), as_integer(right, "right", 1 - width)
    if down >= height or right >= width:
        raise ValueError(f"the shift must be smaller than the image, came {down} and {right}")
    moved = np.zeros_like(images)
    (to_row, from_row), (to_column, from_column) = _overlap(down), _overlap(right)
    moved[..., to_row, to_column] = images[..., from_row, from_column]
    return moved


def with_shifted_copies(images, labels, copies=4, most=2, seed=0):
    """The images and so many copies of each, moved at random by up to `most` pixels; and labels.

    A digit that was moved is the same digit: the simplest data augmentation. The originals are
    first; (copies + 1) · n images come, and their labels.
    """
    images = as_array(images, "images", ndim=4, keep_single=True)
    check_same_length(images=images, labels=labels)
    copies, most = as_integer(copies, "copies", minimum=0), as_integer(most, "most", minimum=0)
    random = np.random.default_rng(as_integer(seed, "seed", minimum=0))
    steps = random.integers(-most, most + 1, size=(copies * len(images), 2))
    moved = np.tile(images, (copies, 1, 1, 1))
    for step in product(range(-most, most + 1), repeat=2):
        here = (steps == step).all(axis=1)
        if here.any():
            moved[here] = shift(moved[here], *step)
    return np.concatenate([images, moved]), np.tile(labels, copies + 1)


def nearest(images, new):
    """The most similar image for each new one: (its number, how far away it is as a vector)."""
    check_same_shape(an_image=images[0], a_new_one=new[0])
    X, new = images.reshape(len(images), -1), new.reshape(len(new), -1)
    squares = (X**2).sum(axis=1) - 2 * new @ X.T + (new**2).sum(axis=1)[:, None]
    return squares.argmin(axis=1), np.sqrt(np.maximum(squares.min(axis=1), 0))


def _overlap(step):
    """The part of the new axis that is filled, and the part of the old one that fills it."""
    if step == 0:
        return slice(None), slice(None)
    return (slice(step, None), slice(-step)) if step > 0 else (slice(step), slice(-step, None))


# --- Training ------------------------------------------------------------------------------------


def falling_adam(network, rate, updates):
    """Adam whose learning rate falls in a straight line from `rate` to 0, after so many updates."""
    optimizer = torch.optim.Adam(network.parameters(), lr=as_number(rate, "rate", above=0))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: max(0.0, 1 - k / updates))
    optimizer.register_step_post_hook(lambda *_: schedule.step())
    return optimizer


def train_classifier(make, X, y, epochs, *, rate=0.002, batch_size=64, seed=0, **options):
    """A network made by `make()` and trained with `falling_adam`: (network, History).

    `options` are those of `training.fit`, such as `validation` and `progress`.
    """
    network = build(make, seed)
    batches = -(-len(X) // as_integer(batch_size, "batch_size", minimum=1))
    updates = as_integer(epochs, "epochs", minimum=1) * batches
    optimizer = falling_adam(network, rate, updates)
    history = fit(network, X, y, optimizer, epochs, batch_size=batch_size, seed=seed, **options)
    return network.eval(), history


# --- Trained networks that ship with the course --------------------------------------------------


def save_weights(network, path):
    """Write a network's weights, an array each, as .npz."""
    arrays = {name: value.detach().cpu().numpy() for name, value in network.state_dict().items()}
    np.savez_compressed(path, **arrays)


def load_weights(network, path):
    """Give a network the weights that `save_weights` wrote; returns it, ready for testing."""
    with np.load(path, allow_pickle=False) as file:
        state = {name: torch.from_numpy(file[name]) for name in file.files}
    network.load_state_dict(state)
    return network.eval()


KINDS = {  # of trained networks that are stored: what makes them, and the file
    "cnn": (digit_cnn, "digit_cnn"),
    "mlp": (digit_mlp, "digit_mlp"),
    "residual": (residual_cnn, "digit_residual"),
    "tanh": (tanh_cnn, "digit_tanh"),
    "robust_cnn": (partial(digit_cnn, dropout=0.0), "robust_cnn"),
    "robust_l2": (partial(digit_cnn, dropout=0.0), "robust_l2"),
    "fgsm_cnn": (partial(digit_cnn, dropout=0.0), "fgsm_cnn"),
    "plain": (small_cnn, "plain_cnn"),
    "turned": (small_cnn, "turned_cnn"),
    "known": (small_cnn, "known_cnn"),
}


def load_digit_network(kind="cnn"):
    """A network trained on the 8,000 training digits.

    "cnn" (`digit_cnn`), "mlp" (`digit_mlp`), "residual" (`residual_cnn`), "tanh" (`tanh_cnn`). And
    `digit_cnn` after adversarial training: "robust_cnn" against PGD in L∞, "robust_l2" against PGD
    in L2, "fgsm_cnn" against FGSM. `data/experiments/make_digit_networks.py` trained the first two,
    `make_adversarial_attacks.py` the others; they say how good they are.
    """
    make, name = KINDS[as_option(kind, "kind", KINDS)]
    return load_weights(build(make), EXPERIMENTS / f"{name}.npz")
