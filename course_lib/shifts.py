"""When the world changes: images unlike those of training, and what confidence is worth.

How often is a network right, and how often does it say it is? The two are compared before and under
a change of the images. Lecture: "The next step", training and test data that differ.
"""

import math

import numpy as np
import pandas as pd
import torch
from scipy.optimize import minimize_scalar
from torch.nn import functional

from course_lib.logistic import log_softmax
from course_lib.metrics import as_labels
from course_lib.regularization import transform_images
from course_lib.validation import as_array, as_integer, as_number, as_option, check_same_length

# --- Changes -------------------------------------------------------------------------------------


def _moved(x, **changes):
    return transform_images(x[:, 0], **changes)[:, None]


def _thicker(x, amount):
    """Each pixel comes near the largest of the 3 × 3 around it; 2: twice in a row."""
    for step in range(math.ceil(amount)):
        largest = functional.max_pool2d(x, 3, stride=1, padding=1)
        x = torch.lerp(x, largest, min(1.0, amount - step))
    return x


def _noisy(x, amount, seed):
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))
    return (x + amount * noise).clamp(0, 1)


CHANGES = {  # the largest amount, its unit, and the change of images by an amount
    "turned": (180.0, "degrees", lambda x, a, seed: _moved(x, degrees=a)),
    "moved": (10.0, "pixels", lambda x, a, seed: _moved(x, dx=a)),
    "smaller": (0.7, "share of the side", lambda x, a, seed: _moved(x, zoom=1 - a)),
    "noisy": (1.0, "standard deviation", _noisy),
    "inverted": (1.0, "share", lambda x, a, seed: (1 - a) * x + a * (1 - x)),
    "thicker": (2.0, "pixels", lambda x, a, seed: _thicker(x, a)),
    "fainter": (0.95, "share", lambda x, a, seed: (1 - a) * x),
}


def change(images, kind, amount, seed=0):
    """The images (n, 1, height, width), changed; 0 leaves them as they are; an array.

    `CHANGES` names the kinds with their largest amounts and units. "turned" goes counter-clockwise,
    "moved" to the right, "smaller" shrinks the digit by this share, "inverted" fades to the
    negative: x → (1 − a) x + a (1 − x), grey everywhere in the middle. The seed is for the noise.
    """
    most, _, function = CHANGES[as_option(kind, "kind", CHANGES)]
    amount = as_number(amount, "amount", minimum=0, maximum=most)
    x = torch.from_numpy(as_array(images, "images", ndim=4, keep_single=True)).float()
    if x.min() < 0 or x.max() > 1:
        raise ValueError(f"images must lie in [0, 1], came {x.min():g} to {x.max():g}")
    return function(x, amount, as_integer(seed, "seed", minimum=0)).numpy()


# --- What is confidence worth? -------------------------------------------------------------------


def _classes(y, K):
    y = as_labels(y)
    if not np.isin(y, range(K)).all():
        raise ValueError(f"y must hold classes from 0 to {K - 1}, came {y.min()} to {y.max()}")
    return y


def _confidence(p, y):
    p, y = as_array(p, "p", ndim=2), _classes(y, np.shape(p)[1])
    check_same_length(p=p, y=y)
    if p.min() < 0 or np.abs(p.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError("p must hold probabilities: each row ≥ 0 and of sum 1")
    return p.max(axis=1), p.argmax(axis=1) == y


def reliability(p, y, bins=10):
    """Confidence and accuracy where the confidence max_k p_k is alike: a table, a row a bin.

    The bins are equal parts of [0, 1]; one that nothing falls into has no row. Columns: confidence
    and accuracy (means), count. p has the shape (n, classes), y holds the true classes.
    """
    confidence, right = _confidence(p, y)
    bins = as_integer(bins, "bins", minimum=1)
    where = np.minimum((confidence * bins).astype(int), bins - 1)
    table = pd.DataFrame({"bin": where, "confidence": confidence, "accuracy": right})
    groups = table.groupby("bin")
    return groups[["confidence", "accuracy"]].mean().assign(count=groups.size())


def expected_calibration_error(p, y, bins=15):
    """ECE = Σ_b n_b/n |accuracy_b − confidence_b|, over bins of the confidence.

    0 says: where the network is 80 % sure, it is right in 80 of 100 cases. (Also a network that is
    hardly ever right can be calibrated.) Source: Guo et al. (2017), "On calibration of modern
    neural networks".
    """
    table = reliability(p, y, bins)
    gaps = (table.accuracy - table.confidence).abs()
    return float((gaps * table["count"]).sum() / table["count"].sum())


def fit_temperature(logits, y):
    """The T > 0 that makes the labels most likely under softmax(z / T).

    One number, fitted on data that were not trained on: it changes how sure the network is, but not
    one of its answers. Source: Guo et al. (2017), temperature scaling.
    """
    logits, y = as_array(logits, "logits", ndim=2), _classes(y, np.shape(logits)[1])
    check_same_length(logits=logits, y=y)

    def loss(log_T):
        return -log_softmax(logits / math.exp(log_T))[np.arange(len(y)), y].mean()

    return math.exp(minimize_scalar(loss, bounds=(-5, 5), method="bounded").x)


# --- Has the world changed? ----------------------------------------------------------------------


def detection_rate(reference, scores, n, draws=1000, level=0.05, seed=0):
    """How often n new images are enough to see, by their mean score, that something has changed.

    The alarm is given where the mean of n scores is above what n scores of the `reference` exceed
    only in a share `level` of all draws. For scores like those of the reference it is about
    `level`. No label of the new images is needed.
    """
    n, draws = as_integer(n, "n", minimum=1), as_integer(draws, "draws", minimum=1)
    level = as_number(level, "level", above=0, maximum=1)
    random = np.random.default_rng(as_integer(seed, "seed", minimum=0))
    means = [
        random.choice(as_array(values, name, ndim=1), (draws, n)).mean(axis=1)
        for name, values in (("reference", reference), ("scores", scores))
    ]
    return float(np.mean(means[1] > np.quantile(means[0], 1 - level)))
