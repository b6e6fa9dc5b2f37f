"""What makes a network do better on new data than it would: penalties on the weights, and more
examples made from those we have.

Dropout is in `layers`, early stopping in `training.fit`. Lecture notes: "Regularisation", "Other
regularisation methods".
"""

import math

import torch
from torch import nn
from torch.nn import functional

from course_lib.validation import as_integer, as_number

# --- Penalties ----------------------------------------------------------------------------------


def l2_step(w, gradient, learning_rate, penalty, m):
    """A step of gradient descent on C + λ/(2m) ‖w‖²: w ← (1 − ηλ/m) w − η ∂C/∂w.

    Every step shrinks the weights by the same *factor*: "weight decay". λ is `penalty`, m the
    number of training examples.
    """
    m = as_number(m, "m", above=0)
    return (1 - learning_rate * penalty / m) * w - learning_rate * gradient


def l1_step(w, gradient, learning_rate, penalty, m):
    """A step on C + λ/m ‖w‖₁: by the same *amount* ηλ/m towards 0, and stop there.

    w ← S(w − η ∂C/∂w, ηλ/m) with S(v, a) = sign(v)·max(|v| − a, 0). Without the stop a small weight
    would jump to and fro across 0 and never be 0. Works for arrays and tensors.
    Source: Parikh, Boyd 2014, "Proximal algorithms", section 6.5.2.
    """
    v, amount = w - learning_rate * gradient, learning_rate * penalty / as_number(m, "m", above=0)
    return v - v.clip(-amount, amount)


class PenalizedSGD(torch.optim.SGD):
    """Gradient descent with momentum, and with L1 or L2 on the weights, as the two steps above say.

    `l2` and `l1` are λ/m. Biases, γ and β (all that has one dimension) are not penalised. The
    penalties act on the weights directly, L2 before the step and L1 after it, not through the
    momentum; torch's own `weight_decay` goes through it.
    """

    def __init__(self, parameters, learning_rate, momentum=0.0, l1=0.0, l2=0.0):
        super().__init__(
            parameters, lr=as_number(learning_rate, "learning_rate", 0), momentum=momentum
        )
        self.l1, self.l2 = as_number(l1, "l1", minimum=0), as_number(l2, "l2", minimum=0)

    @torch.no_grad()
    def step(self, closure=None):
        """One update of all parameters."""
        rate = self.param_groups[0]["lr"]
        weights = [p for group in self.param_groups for p in group["params"] if p.ndim > 1]
        for w in weights:
            w.mul_(1 - rate * self.l2)
        value = super().step(closure)
        for w in weights:
            w.copy_(l1_step(w, 0.0, rate, self.l1, 1))
        return value


# --- Data augmentation ----------------------------------------------------------------------------


def transform_images(images, dx=0.0, dy=0.0, degrees=0.0, zoom=1.0):
    """Images moved by (dx, dy) pixels, turned counter-clockwise and enlarged about their middle.

    `images` is a tensor (n, height, width); the four others are numbers, or tensors of shape (n,):
    one for each image. What comes in from outside is 0; in between, pixels are interpolated.
    """
    images = torch.as_tensor(images)
    if images.ndim != 3 or not (torch.as_tensor(zoom) > 0).all():
        raise ValueError(
            "images must have the shape (n, height, width) and zoom be above 0, came "
            f"{tuple(images.shape)} and {zoom}"
        )
    n, height, width = images.shape
    dx, dy, degrees, zoom = (
        torch.as_tensor(value, dtype=images.dtype).expand(n) for value in (dx, dy, degrees, zoom)
    )
    angle = degrees * math.pi / 180
    cos, sin = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    across, down = 2 * dx / width, 2 * dy / height  # torch measures from −1 to 1
    rows = torch.stack([cos, -sin, sin * down - cos * across, sin, cos, -sin * across - cos * down])
    places = functional.affine_grid(rows.T.reshape(n, 2, 3), (n, 1, height, width), False)
    return functional.grid_sample(images[:, None], places, align_corners=False)[:, 0]


class RandomTransform(nn.Module):
    """While training, each image is moved, turned and enlarged at random; when testing, nothing is.

    So the network never sees the same image twice. The changes are uniform, up to ±`shift` pixels,
    ±`degrees`, and a factor from 1/`zoom` to `zoom`. Images come and go flat, (n, side²).
    It is the first layer of a model: `nn.Sequential(RandomTransform(28, shift=2), …)`.
    """

    def __init__(self, side, shift=0.0, degrees=0.0, zoom=1.0):
        super().__init__()
        self.side = as_integer(side, "side", minimum=1)
        self.shift, self.degrees = as_number(shift, "shift", 0), as_number(degrees, "degrees", 0)
        self.zoom = as_number(zoom, "zoom", minimum=1)

    def forward(self, x):
        """Of the shape of x."""
        if x.shape[-1] != self.side**2:
            raise ValueError(f"images must be flat, (n, {self.side}²), came {tuple(x.shape)}")
        if not self.training:
            return x
        dx, dy, turn, size = 2 * torch.rand(4, len(x), dtype=x.dtype, device=x.device) - 1
        images = x.reshape(-1, self.side, self.side)
        changed = transform_images(
            images, self.shift * dx, self.shift * dy, self.degrees * turn, self.zoom**size
        )
        return changed.reshape(x.shape)
