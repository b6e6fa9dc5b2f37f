"""Attacks that leave the computer: a printed image comes back turned, nearer, darker.

The attacker does not know how the camera will see the print. So the change is made for many views
at once, drawn at random: the expectation over transformations of Athalye et al. (2018). A patch
goes further: it covers a part of whatever image it is stuck on (Brown et al. 2017).
Lecture: "Attack ML Models", attacks in the real world.
"""

import torch
from torch import nn

from course_lib.attacks import Average
from course_lib.regularization import transform_images
from course_lib.training import in_test_mode
from course_lib.validation import as_integer, as_number, check_images


def view(x, degrees=0.0, zoom=1.0, dx=0.0, dy=0.0, light=1.0):
    """The images as a camera may see them: turned, enlarged, moved, and lit differently.

    `x` has the shape (n, channels, height, width); the others are numbers, or tensors of shape
    (n,). Pixels are multiplied by `light` and cut to [0, 1]; what comes in from outside is 0.
    """
    x = torch.as_tensor(x)
    check_images(x)
    n, channels = x.shape[:2]
    light, *changes = (
        torch.as_tensor(value, dtype=x.dtype).expand(n) for value in (light, dx, dy, degrees, zoom)
    )
    each = [change.repeat_interleave(channels) for change in changes]
    moved = transform_images(x.flatten(0, 1), *each).view(x.shape)
    return (moved * light[:, None, None, None]).clamp(0, 1)


class RandomView(nn.Module):
    """A model behind a camera: it reads each image turned, enlarged, moved and lit at random.

    Drawn evenly, anew at every reading, also in test mode: up to ±`degrees`, a factor from
    1/`zoom` to `zoom`, up to ±`shift` pixels, and light from 1 − `light` to 1 + `light`.
    """

    def __init__(self, model, degrees=30.0, zoom=1.25, shift=0.0, light=0.3, seed=0):
        super().__init__()
        self.model = model
        self.degrees, self.shift = as_number(degrees, "degrees", 0), as_number(shift, "shift", 0)
        self.zoom = as_number(zoom, "zoom", minimum=1)
        self.light = as_number(light, "light", minimum=0, maximum=1)
        self.generator = torch.Generator().manual_seed(as_integer(seed, "seed", minimum=0))

    def forward(self, x):
        """Logits of one random view of each image."""
        turn, size, dx, dy, light = self.draw(len(x), x.dtype)
        return self.model(view(x, turn, size, dx, dy, light))

    def draw(self, n, dtype=torch.float32):
        """Degrees, zoom, dx, dy and light, drawn for n images: a tensor (5, n)."""
        even = torch.rand(5, n, generator=self.generator, dtype=dtype) * 2 - 1
        turn, size, dx, dy, light = even
        return torch.stack([
            self.degrees * turn, self.zoom**size, self.shift * dx, self.shift * dy,
            1 + self.light * light,
        ])  # fmt: skip


def over_views(model, views=8, **ranges):
    """The model as the attacker of a print takes it: the average of so many random views.

    `pgd(over_views(model), x, y, …)` is the attack; `ranges` are those of `RandomView`.
    """
    return Average([RandomView(model, **ranges)] * as_integer(views, "views", minimum=1))


# --- A patch -------------------------------------------------------------------------------------


def disc(size):
    """A round patch's mask, (1, 1, size, size): 1 within the circle, 0 outside."""
    size = as_integer(size, "size", minimum=2)
    places = (2 * torch.arange(size) + 1) / size - 1  # of the middles of pixels, from −1 to 1
    return (places[:, None] ** 2 + places**2 <= 1).float()[None, None]


def stick(x, patch, degrees=0.0, zoom=1.0, dx=0.0, dy=0.0, light=1.0):
    """The images with a round patch (1, channels, size, size) stuck on: x·(1 − m) + patch·m.

    The patch lies in the middle, then is turned, enlarged and moved by (dx, dy) pixels, numbers or
    one an image, and lit; m is the disc after the same move.
    """
    x, patch = torch.as_tensor(x), torch.as_tensor(patch)
    n, channels, height, width = x.shape
    size = patch.shape[-1]
    if patch.shape != (1, channels, size, size):
        came = tuple(patch.shape)
        raise ValueError(f"patch must have the shape (1, {channels}, size, size), came {came}")
    top, left = (height - size) // 2, (width - size) // 2
    if min(top, left) < 0:
        raise ValueError(f"the patch must be smaller than the images, came {size} pixels")
    rim = (left, width - size - left, top, height - size - top)
    mask = disc(size).to(patch.dtype)
    both = torch.cat([patch * mask, mask], dim=1)
    both = nn.functional.pad(both, rim).expand(n, -1, -1, -1)
    both = view(both, degrees, zoom, dx, dy)
    printed, m = both[:, :channels], both[:, channels:]
    light = torch.as_tensor(light, dtype=x.dtype).expand(n)[:, None, None, None]
    return x * (1 - m) + (printed * light).clamp(0, 1)


def make_patch(model, x, target, size, steps=100, rate=0.1, batch_size=8, ranges=None, seed=0):
    """A round patch, (1, channels, size, size), that makes the model say `target` wherever it is.

    In each of `steps` steps it is stuck on `batch_size` images of x, in random views at random
    places, and Adam moves w, patch = (1 + tanh w) / 2, so that the mean of ln p(target) grows.
    `ranges` are those of `RandomView`; without a `shift`, the patch is put anywhere inside.
    """
    x, size = torch.as_tensor(x), as_integer(size, "size", minimum=2)
    batch_size = as_integer(batch_size, "batch_size", minimum=1)
    if size > min(x.shape[-2:]):
        raise ValueError(f"size must be at most that of the images, came {size}")
    anywhere = {"shift": (min(x.shape[-2:]) - size) / 2}
    views = RandomView(model, seed=seed, **(anywhere | (ranges or {})))
    w = 0.1 * torch.randn(1, x.shape[1], size, size, generator=views.generator)
    optimizer = torch.optim.Adam([w.requires_grad_()], as_number(rate, "rate", above=0))
    goal = torch.full((batch_size,), as_integer(target, "target", minimum=0))
    with in_test_mode(model):
        if target >= (classes := model(x[:1]).shape[1]):
            raise ValueError(f"target must be a class from 0 to {classes - 1}, came {target}")
        for _ in range(as_integer(steps, "steps", minimum=1)):
            batch = torch.randint(len(x), (batch_size,), generator=views.generator)
            logits = model(stick(x[batch], (1 + torch.tanh(w)) / 2, *views.draw(batch_size)))
            loss = nn.functional.cross_entropy(logits, goal)
            w.grad = torch.autograd.grad(loss, w)[0]
            optimizer.step()
    return ((1 + torch.tanh(w)) / 2).detach()
