"""Do I know that I do not know? Scores that should be large for images of a kind never seen.

A classifier answers everything, with one of its classes. Four numbers may tell that it should not:
how unsure it is, in three ways, and how badly an autoencoder rebuilds the image
(`autoencoders.reconstruction_error`). Lecture: "The next step", anomaly detection.
"""

from functools import cache

import numpy as np
from scipy.special import logsumexp

from course_lib.cnn import digit_images, of_classes, shuffle_pixels
from course_lib.datasets import PHOTOS, load_photo
from course_lib.logistic import entropy, softmax
from course_lib.metrics import roc_auc
from course_lib.training import probabilities
from course_lib.validation import as_array, as_integer, as_number, as_option

KNOWN, NEW = range(7), range(7, 10)  # the digits that the network "known" saw, and the others
SMALLER = 4  # photographs are shrunk by this factor before patches are cut out


# --- How unsure is a classifier? -----------------------------------------------------------------


def unsure(logits):
    """1 − max_k p_k of logits (n, classes): 0 where the network is quite sure of a class, (n,).

    The simplest score of all. Source: Hendrycks & Gimpel (2017), "A baseline for detecting
    misclassified and out-of-distribution examples in neural networks".
    """
    return 1 - softmax(_as_logits(logits)).max(axis=1)


def prediction_entropy(logits):
    """H(p) = −Σ p_k ln p_k in nats, (n,): ln K where all K classes are equally likely."""
    return entropy(softmax(_as_logits(logits)))


def energy(logits, T=1.0):
    """E = −T ln Σ_k e^(z_k / T), (n,): large where no class at all gets a large logit.

    The softmax does not change when all logits are moved by the same amount; the energy does.
    Source: Liu et al. (2020), "Energy-based out-of-distribution detection".
    """
    T = as_number(T, "T", above=0)
    return -T * logsumexp(_as_logits(logits) / T, axis=1)


SCORES = {"1 − max p": unsure, "entropy": prediction_entropy, "energy": energy}


def _as_logits(logits):
    return as_array(logits, "logits", ndim=2)


# --- Is a score good? ----------------------------------------------------------------------------


def detection(known, unknown):
    """The area under the ROC curve, where the unknown are to be found by their larger scores.

    The chance that a random unknown image has a larger score than a random known one: 1 is
    perfect, 1/2 is guessing, below 1/2 the unknown look *more* familiar than the known.
    """
    known, unknown = as_array(known, "known", ndim=1), as_array(unknown, "unknown", ndim=1)
    is_new = np.repeat([0, 1], [len(known), len(unknown)])
    return roc_auc(is_new, np.concatenate([known, unknown]), positive=1)


def alarm_threshold(known, false_alarms=0.05):
    """The smallest score of the known so that at most this share of them lies above it."""
    share = as_number(false_alarms, "false_alarms", minimum=0, maximum=1)
    ordered = np.sort(as_array(known, "known", ndim=1))
    most = int(share * len(ordered) + 1e-9)  # so many false alarms are allowed
    return float(ordered[max(0, len(ordered) - 1 - most)])


# --- Images of a kind that was never seen --------------------------------------------------------


def _patches(n, random):
    """Pieces of photographs, 28 × 28, in grey; after the photographs were shrunk."""
    found = []
    for name in random.choice(sorted(PHOTOS), n):
        grey = _small_grey(name)
        top, left = (random.integers(0, side - 27) for side in grey.shape)
        found.append(grey[top : top + 28, left : left + 28])
    return np.stack(found)[:, None].astype(np.float32)


@cache
def _small_grey(name):
    grey = load_photo(name).mean(axis=2)
    rows, columns = (side // SMALLER for side in grey.shape)
    grey = grey[: rows * SMALLER, : columns * SMALLER]
    return grey.reshape(rows, SMALLER, columns, SMALLER).mean(axis=(1, 3))


STRANGERS = ("new digits", "shuffled pixels", "inverted", "noise", "photographs")


def strangers(kind, n=500, seed=0):
    """n images that a network which saw the digits 0–6 has never seen, (n, 1, 28, 28).

    "new digits" are 7, 8 and 9; "shuffled pixels" and "inverted" are made of known digits, all of
    the test set; "noise" is even noise; "photographs" are pieces of photographs.
    """
    as_option(kind, "kind", STRANGERS)
    n, random = as_integer(n, "n", minimum=1), np.random.default_rng(as_integer(seed, "seed", 0))
    if kind == "noise":
        return random.random((n, 1, 28, 28), dtype=np.float32)
    if kind == "photographs":
        return _patches(n, random)
    images, _ = of_classes(*digit_images("test"), NEW if kind == "new digits" else KNOWN)
    if n > len(images):
        raise ValueError(f"n must be at most {len(images)} for {kind!r}, came {n}")
    images = images[random.permutation(len(images))[:n]]
    if kind == "inverted":
        return 1 - images
    return shuffle_pixels(images, seed) if kind == "shuffled pixels" else images


def confidence_far_away(model, image, factors):
    """max_k p_k for the image times each factor, (len(factors),): far beyond what pixels can be.

    A ReLU network is linear in each of its pieces, and the last piece goes on for ever: along
    almost every ray the confidence tends to 1. Source: Hein, Andriushchenko & Bitterwolf (2019).
    """
    factors = as_array(factors, "factors", ndim=1)
    image = as_array(image, "image", keep_single=True)
    rays = factors.reshape(-1, *[1] * image.ndim) * image
    return probabilities(model, rays).max(axis=1)
