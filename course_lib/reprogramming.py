"""Adversarial reprogramming: a network does another's work, for who finds the right frame.

Elsayed, Goodfellow & Sohl-Dickstein (2019) let a network for ImageNet count squares: nothing in it
is changed, the small picture of squares only gets a frame. The lesson gives the same job to an
ImageNet network and to the network for digits. Lecture: "Attack ML Models", adversarial
reprogramming.
"""

import numpy as np
import torch
from torch import nn

from course_lib.validation import as_integer

CELLS = 4  # squares stand on a grid of CELLS × CELLS
MOST = 10  # squares; there are ten classes


def make_squares(n, seed=0, side=28, cell=3):
    """Images of 1 to 10 small squares, (n, 1, side, side), and how many less one, (n,).

    The squares stand in 10 of the 16 cells of a grid in the middle, drawn by chance, each with a
    dark rim; the rest of the canvas is 0. All counts are drawn equally often, on average.
    """
    n, cell = as_integer(n, "n", minimum=1), as_integer(cell, "cell", minimum=2)
    width = CELLS * cell
    if width > as_integer(side, "side", minimum=1):
        raise ValueError(f"side must be at least {width}, came {side}")
    random = np.random.default_rng(as_integer(seed, "seed", minimum=0))
    counts = random.integers(1, MOST + 1, size=n)
    order = random.random((n, CELLS**2)).argsort(axis=1)
    filled = (order < counts[:, None]).reshape(n, CELLS, CELLS)
    square = np.zeros((cell, cell), np.float32)
    square[: cell - 1, : cell - 1] = 1
    images = np.zeros((n, 1, side, side), np.float32)
    start = (side - width) // 2
    middle = slice(start, start + width)
    images[:, 0, middle, middle] = np.kron(filled, square)
    return torch.from_numpy(images), torch.from_numpy(counts - 1)


def frame_mask(side=28, width=12):
    """1 where the frame is, 0 in the middle square of `width` pixels: (1, 1, side, side)."""
    side = as_integer(side, "side", minimum=1)
    if as_integer(width, "width", minimum=1) > side:
        raise ValueError(f"width must be at most {side}, came {width}")
    mask, start = torch.ones(1, 1, side, side), (side - width) // 2
    mask[..., start : start + width, start : start + width] = 0
    return mask


class Reprogrammed(nn.Module):
    """A fixed network that reads its images in a frame: only the frame is trained.

    network(m · (1 + tanh w) / 2 + (1 − m) · x), where m is 1 in the frame and 0 in the middle. w,
    of the shape of an image, is the one parameter; it starts at random. Of the network's classes
    the first ten are heard: k means k + 1 squares. The network itself, not a copy, is put into test
    mode for good, and its parameters no longer ask for a gradient.
    """

    def __init__(self, network, side=28, width=12, channels=1):
        super().__init__()
        self.network = network.requires_grad_(False).eval()
        self.register_buffer("mask", frame_mask(side, width))
        self.w = nn.Parameter(torch.randn(1, as_integer(channels, "channels", 1), side, side))

    @property
    def frame(self):
        """What lies around each image: (1, channels, side, side), in [0, 1], 0 in the middle."""
        return self.mask * (1 + torch.tanh(self.w)) / 2

    def forward(self, x):
        """(n, 10) logits for images (n, 1, side, side); grey images get as many channels."""
        return self.network(self.frame + (1 - self.mask) * x)[:, :MOST]

    def train(self, mode=True):
        """The frame learns; the network stays in test mode."""
        super().train(mode)
        self.network.eval()
        return self
