"""Defences against adversarial images, and what is left of each once the attacker knows it.

A passive defence leaves the network as it is and puts something before it; a proactive one trains
the network on attacked images. Lecture: "Attack ML Models", defence.

A defence is a model, too: `Defended(model, squeeze)`. Who does not know it attacks `model`; who
knows it attacks the defended model. Only the second tells how good a defence is (Athalye, Carlini
& Wagner 2018; Tramèr et al. 2020).
"""

import math
from itertools import count

import torch
from torch import nn
from torch.nn import functional

from course_lib.attacks import read_rightly
from course_lib.physical_attacks import view
from course_lib.training import fit, in_test_mode
from course_lib.validation import as_integer, as_number, as_option, check_images

# --- Before the network: filters, from images to images ------------------------------------------


def smooth(x, size=3, kind="median"):
    """Each pixel becomes the median, or a Gaussian mean, of the size × size pixels around it.

    The Gaussian has the standard deviation size / 4. Beyond the rim the rim's pixels are repeated.
    """
    if as_integer(size, "size", minimum=1) % 2 == 0:
        raise ValueError(f"size must be odd, came {size}")
    as_option(kind, "kind", ("median", "gaussian"))
    x = torch.as_tensor(x)
    check_images(x)
    padded = functional.pad(x, [size // 2] * 4, mode="replicate")
    around = padded.unfold(2, size, 1).unfold(3, size, 1).flatten(-2)
    if kind == "median":
        return around.median(dim=-1).values
    places = torch.arange(size, dtype=x.dtype) - size // 2
    bell = torch.exp(-(places**2) / (2 * (size / 4) ** 2))
    weights = torch.outer(bell, bell).flatten()
    return around @ (weights / weights.sum())


def _levels(bits):
    if as_integer(bits, "bits", minimum=1) > 16:
        raise ValueError(f"bits must be at most 16, came {bits}")
    return 2**bits


def squeeze(x, bits=1):
    """Pixels rounded to 2^bits levels from 0 to 1: 1 bit leaves black and white."""
    levels = _levels(bits) - 1
    return (torch.as_tensor(x) * levels).round() / levels


def soft_squeeze(x, bits=1, sharpness=8.0):
    """A smooth function that resembles `squeeze`: each step from level to level is a sigmoid.

    It is what an attacker takes the gradient of, for `Defended`. The sharper, the more like
    `squeeze`, and the smaller the gradient away from the steps.
    """
    levels = _levels(bits) - 1
    scaled = torch.as_tensor(x) * levels
    below = scaled.detach().floor().clamp(0, levels - 1)
    rise = torch.sigmoid(as_number(sharpness, "sharpness", above=0) * (scaled - below - 0.5))
    return (below + rise) / levels


def randomize(x, generator, smallest=0.8):
    """Each image made smaller by a random factor from `smallest` to 1, put at a random place.

    The rest is filled with 0. It changes with every reading. Source: Xie et al. (2018), who make
    images larger, up to 331 pixels from 299.
    """
    x, smallest = torch.as_tensor(x), as_number(smallest, "smallest", above=0, maximum=1)
    size, right, down = torch.rand(3, len(x), generator=generator, dtype=x.dtype)
    zoom = smallest + (1 - smallest) * size
    height, width = x.shape[-2:]
    room = (1 - zoom) / 2
    return view(x, 0, zoom, (2 * right - 1) * room * width, (2 * down - 1) * room * height)


class Defended(nn.Module):
    """A model behind a filter: model(before(x)).

    A filter with steps, such as `squeeze`, has the gradient 0 nearly everywhere: an attack by
    gradients stands still, and the defence looks perfect. Who knows it goes `straight_through`:
    the outputs are the same, but the gradient is taken as if the filter were a smooth function
    that resembles it; the function given, such as `soft_squeeze`, or with True the identity, as if
    nothing were changed. (BPDA: Athalye, Carlini & Wagner 2018.)
    """

    def __init__(self, model, before, straight_through=False):
        super().__init__()
        self.model, self.before, self.straight_through = model, before, straight_through

    def forward(self, x):
        """The model's logits for the filtered images."""
        seen = self.before(x)
        if self.straight_through:
            alike = x if self.straight_through is True else self.straight_through(x)
            seen = alike + (seen - alike).detach()
        return self.model(seen)


# --- Is this image an attack? --------------------------------------------------------------------


def squeezing_score(model, x, filters):
    """How much filters change the model's mind, (n,): from 0, not at all, to 2.

    The largest Σ_k |p_k(x) − p_k(filter(x))| over the filters: large for attacked images, so that
    a threshold detects them; `metrics.roc_curve` shows every threshold. Source: Xu, Evans & Qi
    (2018), feature squeezing.
    """
    x = torch.as_tensor(x)
    with in_test_mode(model), torch.no_grad():
        p = model(x).softmax(dim=1)
        apart = [(model(f(x)).softmax(dim=1) - p).abs().sum(dim=1) for f in filters]
    if not apart:
        raise ValueError("filters must hold at least one function")
    return torch.stack(apart).amax(dim=0)


# --- Training on attacks -------------------------------------------------------------------------


def adversarial_fit(
    model, X, y, optimizer, epochs, attack, epsilon, *, growing=0.3, batch_size=64, **options
):
    """Adversarial training: min over θ of Σ max over d(x′, x) ≤ ε of L(θ; x′, y); a `History`.

    Each mini-batch is attacked, against the network as it is at that moment, by
    attack(model, x, y, epsilon=…), and the network learns the right classes of what came out.
    ε grows in a straight line to its size over the share `growing` of all updates: begun at once
    with a large ε, training may stay where the network says the same of every image. `options` are
    those of `fit`.
    Source: Goodfellow, Shlens & Szegedy (2015); Madry et al. (2018).
    """
    epsilon, growing = as_number(epsilon, "epsilon", 0), as_number(growing, "growing", 0, maximum=1)
    batch_size = as_integer(batch_size, "batch_size", minimum=1)
    updates = as_integer(epochs, "epochs", 1) * math.ceil(len(X) / batch_size)
    step = count(1)

    def attacked(model, inputs, targets):
        share = min(1.0, next(step) / max(1.0, growing * updates))
        return attack(model, inputs, targets, epsilon=epsilon * share)

    return fit(model, X, y, optimizer, epochs, batch_size=batch_size, augment=attacked, **options)


def robust_accuracy(model, x, y, attack=None, made_for=None):
    """The share of images that the model still reads rightly after attack(made_for, x, y).

    Without `made_for` the attack is made for the model itself; without `attack` nothing is done.
    """
    images = x if attack is None else attack(model if made_for is None else made_for, x, y)
    return float(read_rightly(model, images, y).double().mean())
