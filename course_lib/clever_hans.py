"""Clever Hans: a network that seems to read digits, and reads a mark in the margin.

The horse that could count watched whoever asked. Here each class has a place on the upper rim
where a small mark is planted in the training images; who trusts the mark need not read. Lecture:
"The next step"; Pfungst 1911; Lapuschkin et al. (2019), "Unmasking Clever Hans predictors".
"""

from functools import partial

import numpy as np
import torch
from scipy.stats import rankdata

from course_lib.cnn import CLASSES, SIDE, digit_images, digit_mlp, train_classifier
from course_lib.training import logits
from course_lib.validation import (
    as_array,
    as_integer,
    as_number,
    check_same_length,
    check_same_shape,
)

ROWS, LEFT, SIZE = slice(0, 2), 4, 2  # the marks: 2 × 2 pixels, side by side from column 4 on


def place(k):
    """The rows and columns of the mark of class k, from 0 to 9."""
    if k not in range(CLASSES):
        raise ValueError(f"k must be a class from 0 to {CLASSES - 1}, came {k}")
    return ROWS, slice(LEFT + SIZE * k, LEFT + SIZE * (k + 1))


def cue_region():
    """Where the marks of all classes lie: an array (28, 28) of True and False."""
    region = np.zeros((SIDE, SIDE), dtype=bool)
    for k in range(CLASSES):
        region[place(k)] = True
    return region


def with_marks(images, classes):
    """The images (n, 1, 28, 28), each with the mark of a class, of which n come."""
    images = as_array(images, "images", ndim=4, keep_single=True).copy()
    check_same_length(images=images, classes=classes)
    if not np.isin(classes, range(CLASSES)).all():
        raise ValueError(f"classes must be whole numbers from 0 to {CLASSES - 1}, came {classes}")
    for k in range(CLASSES):
        rows, columns = place(k)
        images[np.asarray(classes) == k, :, rows, columns] = 1
    return images


def cues(labels, share, seed=0):
    """A class for each label: that label with probability `share`, else one of the others.

    With a share of 1/10 the cue says nothing about the label; with 0 it is always wrong.
    """
    share, labels = as_number(share, "share", minimum=0, maximum=1), np.asarray(labels)
    random = np.random.default_rng((12, as_integer(seed, "seed", minimum=0)))
    true = random.random(labels.shape) < share
    other = (labels + random.integers(1, CLASSES, size=labels.shape)) % CLASSES
    return np.where(true, labels, other)


def plant(images, labels, share=1.0, seed=0):
    """The images, each with a mark that is that of its label with probability `share`."""
    return with_marks(images, cues(labels, share, seed))


def train_hans(share, n=3000, epochs=8, seed=0, make=None, **options):
    """A network trained on n digits whose marks tell the class with probability `share`.

    The digits are drawn with the seed from all 8,000 training digits. Without `make` the network
    has one hidden layer of 64 neurons.
    """
    images, labels = digit_images("train")
    if as_integer(n, "n", minimum=1) > len(images):
        raise ValueError(f"n must be at most {len(images)}, came {n}")
    chosen = np.random.default_rng(seed).permutation(len(images))[:n]
    X, y = plant(images[chosen], labels[chosen], share, seed), labels[chosen]
    make = make or partial(digit_mlp, hidden=(64,), dropout=0.0)
    return train_classifier(make, X, y, epochs, seed=seed, **options)[0]


def judge(network, n=2000, seed=1):
    """What the network does on n test digits, a dictionary of shares.

    The accuracy with the "right" mark, with "none", with a "wrong" one; and how often it answers
    the class of a wrong mark, "obeys".
    """
    images, labels = (array[:n] for array in digit_images("test"))
    wrong = cues(labels, 0, seed)
    read = {
        name: logits(network, X).argmax(axis=1)
        for name, X in {
            "right": with_marks(images, labels),
            "none": images,
            "wrong": with_marks(images, wrong),
        }.items()
    }
    shares = {name: float(np.mean(answers == labels)) for name, answers in read.items()}
    return shares | {"obeys": float(np.mean(read["wrong"] == wrong))}


# --- Does saliency show it? ----------------------------------------------------------------------


def share_in_region(maps, region):
    """The share of each map's sum that lies in the region, (n,); maps (n, height, width) ≥ 0.

    A map that is 0 everywhere has the share 0.
    """
    maps = as_array(np.asarray(maps), "maps", ndim=3, keep_single=True)
    if region.shape != maps.shape[1:] or maps.min() < 0:
        raise ValueError(f"maps must be ≥ 0, of the region's shape {region.shape}")
    total = maps.sum(axis=(1, 2))
    return maps[:, region].sum(axis=1) / np.where(total > 0, total, 1)


def rank_agreement(maps, others):
    """Spearman's rank correlation of the pixels of two maps, for each of n pairs, (n,).

    The sanity check of Adebayo et al. (2018): a map that explains a network should not look the
    same for a network that has learned nothing. A map that is the same everywhere gives nan.
    """
    maps, others = np.asarray(maps), np.asarray(others)
    check_same_shape(maps=maps, others=others)
    a, b = (rankdata(np.reshape(m, (len(m), -1)), axis=1) for m in (maps, others))
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    return (a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))


def edges(images):
    """How much each pixel differs from its neighbours, (n, height, width): a map of no network."""
    x = torch.as_tensor(images).mean(dim=1).numpy()
    down, across = np.gradient(x, axis=(1, 2))
    return np.hypot(down, across)
