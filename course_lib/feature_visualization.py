"""What does a network look for? Images that excite a part of it, saliency, deep dream; in torch.

The weights stay as they are; what gradients change here is the *image*. Images have the shape
(n, channels, height, width) and values in [0, 1]. A network is a `Sequential`, so that
`network[: layer + 1]` ends with the layer of that number. No parameter's gradient is touched.

Lecture: "What does CNN learn?" and "Deep dream".
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from course_lib.validation import as_integer, as_number

# --- How strongly is something excited? ----------------------------------------------------------


def excitation(network, layer, channels):
    """A function of images: a^k = Σ_i Σ_j a^k_ij, the sum over the feature map of a filter k.

    It takes images (n, channels, height, width) and returns (n,). `channels` is one number k, or a
    list of n of them, one an image. A neuron of a dense layer, or an output, is a map of one place.
    """
    part = network[: _layer(network, layer) + 1]

    def a(x):
        maps, which = part(x), _one_each(channels, len(x), "channels")
        if int(which.max()) >= maps.shape[1]:
            raise ValueError(f"layer {layer} has {maps.shape[1]} channels, came {channels}")
        return maps[torch.arange(len(x)), which].reshape(len(x), -1).sum(dim=1)

    return a


def _one_each(numbers, n, name):
    """A whole number for each of n images: n of them came, or one for all."""
    which = torch.tensor([as_integer(number, name, minimum=0) for number in np.ravel(numbers)])
    if len(which) not in (1, n):
        raise ValueError(f"{name} must be one number, or one for each of {n}, came {numbers}")
    return which.expand(n)


def energy(network, layer):
    """A function of images: ½ Σ a², over all that a layer sees, divided by their number; (n,).

    Its gradient by a is a itself: what is large is made larger still. That is deep dream.
    """
    part = network[: _layer(network, layer) + 1]
    return lambda x: part(x).flatten(start_dim=1).square().mean(dim=1) / 2


def _layer(network, layer):
    layer = as_integer(layer, "layer", minimum=0)
    if layer >= len(network):
        raise ValueError(f"layer must be below {len(network)}, came {layer}")
    return layer


# --- Penalties: what an image should not be ------------------------------------------------------


def ink(x):
    """Σ |x| of each image, (n,): the lecture's penalty; a digit is mostly empty paper."""
    return x.abs().flatten(start_dim=1).sum(dim=1)


def roughness(x):
    """Σ |differences of neighbours| of each image, (n,): small where strokes are smooth.

    Also called total variation. Source: Mahendran, Vedaldi 2015, "Understanding deep image
    representations by inverting them".
    """
    down, across = x.diff(dim=-2).abs(), x.diff(dim=-1).abs()
    return down.flatten(start_dim=1).sum(dim=1) + across.flatten(start_dim=1).sum(dim=1)


# --- Gradient ascent on an image -----------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Ascent:
    """Images on their way up. `images[0]` is the start, `images[-1]` the result."""

    images: torch.Tensor  # (steps + 1, n, channels, height, width)
    excitations: torch.Tensor  # (steps + 1, n): without the penalties


def ascend(a, start, steps, rate, *, ink_penalty=0.0, roughness_penalty=0.0, progress=None):
    """x* = argmax a(x) − λ₁ Σ|x| − λ₂ Σ|differences|, by gradient ascent from `start`: an `Ascent`.

    `a` is a function of images, as `excitation` and `energy` make them. A step is the gradient
    divided by its root mean square, image by image, times `rate`: so one rate serves every layer.
    After each step the pixels are clipped to [0, 1]. `progress` gets a sentence after each step.
    """
    steps, rate = as_integer(steps, "steps", minimum=1), as_number(rate, "rate", above=0)
    x, images, excitations = _images(start), [], []
    for step in range(steps + 1):
        gradient, value = _gradient(a, x, ink_penalty, roughness_penalty)
        images.append(x)
        excitations.append(value)
        size = gradient.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        x = (x + rate * gradient / (size + 1e-12)).clamp(0, 1)
        if progress and step:
            progress(f"step {step} of {steps}: {value.mean():.4g}")
    return Ascent(torch.stack(images), torch.stack(excitations))


def _gradient(a, x, ink_penalty=0.0, roughness_penalty=0.0):
    """The gradient of a(x) less its penalties by the pixels of each image, and a(x)."""
    x = x.detach().requires_grad_(True)
    value = a(x)
    height = value - ink_penalty * ink(x) - roughness_penalty * roughness(x)
    (gradient,) = torch.autograd.grad(height.sum(), x)
    if not torch.isfinite(gradient).all():
        raise ValueError("the gradient is no longer finite: is the rate, or a penalty, too large?")
    return gradient, value.detach()


def _images(x):
    x = torch.as_tensor(x)
    if x.ndim != 4 or x.numel() == 0:
        raise ValueError(f"images must have shape (n, channels, height, width), came {x.shape}")
    if not torch.isfinite(x).all() or x.min() < 0 or x.max() > 1:
        raise ValueError("images must have values in [0, 1]")
    return x if x.is_floating_point() else x.float()


# --- Saliency ------------------------------------------------------------------------------------

NUMBERS_AT_ONCE = 200_000  # of the images for one backward pass: more need much memory


def saliency(network, x, target):
    """|∂z_target/∂x|, the largest of the channels: which pixels sway the logit of a class most?

    x has the shape (n, channels, height, width), `target` is a class or n of them; (n, height,
    width) comes. Source: Simonyan, Vedaldi, Zisserman 2014, "Deep inside convolutional networks".
    """
    x = _images(x)
    logit = excitation(network, len(network) - 1, _one_each(target, len(x), "target"))
    gradient, _ = _gradient(logit, x)
    return gradient.abs().amax(dim=1)


def smooth_saliency(network, x, target, noise=0.15, samples=25, seed=0):
    """The mean saliency of so many copies of x, each with Gaussian noise of this deviation.

    Averaging takes away what jumps from pixel to pixel. Source: Smilkov et al. 2017, "SmoothGrad"
    (who average the gradient with its sign; here its size).
    """
    x, samples = _images(x), as_integer(samples, "samples", minimum=1)
    chance = torch.Generator().manual_seed(as_integer(seed, "seed", minimum=0))
    targets = _one_each(target, len(x), "target").repeat_interleave(samples)
    copies = x.repeat_interleave(samples, dim=0)
    grain = torch.randn(copies.shape, generator=chance, dtype=x.dtype)
    copies = (copies + as_number(noise, "noise", minimum=0) * grain).clamp(0, 1)
    at_once = max(1, NUMBERS_AT_ONCE // x[0].numel())
    parts = zip(copies.split(at_once), targets.split(at_once), strict=True)
    found = torch.cat([saliency(network, *part) for part in parts])
    return found.unflatten(0, (len(x), samples)).mean(dim=1)


# --- Deep dream ----------------------------------------------------------------------------------


def deep_dream(network, image, layer, steps=10, rate=0.02, octaves=3, scale=1.4, progress=None):
    """Let a network exaggerate what a layer sees in a photograph; the pictures on the way.

    Gradient ascent on `energy(network, layer)`, first on a small copy of the image, then on larger
    ones ("octaves"): so patterns of all sizes come. What was dreamt on a small copy is enlarged and
    added to the next. Returns (octaves · steps + 1, channels, height, width), all of full size.
    Source: Mordvintsev, Olah, Tyka 2015, "Inceptionism: going deeper into neural networks".
    """
    image, a = _images(image), energy(network, layer)
    octaves, scale = as_integer(octaves, "octaves", 1), as_number(scale, "scale", above=1)
    if min(image.shape[2:]) < scale ** (octaves - 1):
        raise ValueError(f"octaves must leave a pixel of the image, came {octaves}")
    frames, dream = [image], torch.zeros_like(image)
    for octave in reversed(range(octaves)):
        small = _resized(image, [round(side / scale**octave) for side in image.shape[2:]])
        start = (small + _resized(dream, small.shape[2:])).clamp(0, 1)
        walk = ascend(a, start, steps, rate, progress=progress)
        frames += [(image + _resized(x - small, image.shape[2:])).clamp(0, 1)
                   for x in walk.images[1:]]  # fmt: skip
        dream = walk.images[-1] - small
    return torch.cat(frames)


def _resized(x, size):
    return functional.interpolate(x, tuple(size), mode="bilinear", align_corners=False)
