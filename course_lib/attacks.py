"""Adversarial attacks: the network stays as it is, the image is changed until it is misread.

Training changes θ so that the loss falls. An attack leaves θ alone and moves the image x′ so that
the loss rises, within a ball of radius ε around the true image x⁰ and within the box [0, 1] of
what pixels can be. Lecture: "Attack ML Models".

Every attack is called as `attack(model, x, y, epsilon=…, norm=…, target=…)` and returns images.
`x` holds n images in [0, 1], of the shape (n, channels, height, width); `y` their n classes. With
`target`, a class or n of them, the model is to say just that; without, anything but y. `norm` says
how far x′ is from x⁰: "linf" is the largest change of a pixel, "l2" the length of the change as a
vector. The model is used in test mode, and left as it was found: its mode, its parameters and
their gradients.
"""

import math
from contextlib import contextmanager
from itertools import islice

import torch
from torch import nn
from torch.nn import functional

from course_lib.optimizers import minibatches
from course_lib.training import in_test_mode
from course_lib.validation import (
    as_integer,
    as_number,
    as_option,
    check_same_length,
    check_same_shape,
)

NORMS = ("linf", "l2")
LOSSES = ("cross_entropy", "lecture", "margin")
TINY = 1e-12  # a length that is divided by is at least so large
AT_ONCE = 100  # images: so many fit into a processor's cache

# --- Balls and steps -----------------------------------------------------------------------------


def distance(x_new, x, norm):
    """d(x′, x⁰), one number an image: max |x′ − x⁰| for "linf", √Σ (x′ − x⁰)² for "l2"."""
    as_option(norm, "norm", NORMS)
    check_same_shape(x_new=x_new, x=x)
    change = (x_new - x).flatten(1)
    return change.abs().amax(dim=1) if norm == "linf" else change.norm(dim=1)


def project(x_new, x, epsilon, norm):
    """x′ pulled back into the ball d(x′, x⁰) ≤ ε, and then into the box [0, 1].

    For "linf" each pixel's change is cut at ±ε, for "l2" the whole change is made shorter. As x⁰
    lies in the box, cutting there only brings x′ nearer to x⁰: it stays in the ball.
    """
    return (x + _into_ball(x_new - x, *_ball(epsilon, norm))).clamp(0, 1)


def _into_ball(change, epsilon, norm):
    if norm == "linf":
        return change.clamp(-epsilon, epsilon)
    length = _of_image(change.flatten(1).norm(dim=1), change)
    return change * (epsilon / length.clamp_min(TINY)).clamp_max(1)


def steepest(gradient, norm):
    """The step of size 1, in the norm, along which the loss grows most, to first order.

    g·s under max |s| ≤ 1 is largest for s = sign(g); under ‖s‖₂ ≤ 1 for s = g / ‖g‖₂.
    """
    as_option(norm, "norm", NORMS)
    if norm == "linf":
        return gradient.sign()
    return gradient / _of_image(gradient.flatten(1).norm(dim=1), gradient).clamp_min(TINY)


def random_start(x, epsilon, norm, generator):
    """An image drawn evenly from the ball around each x, then cut to the box."""
    if norm == "linf":
        change = torch.rand(x.shape, generator=generator, dtype=x.dtype) * 2 - 1
    else:  # a direction, and the d-th root of an even number: most of a ball's volume lies outside
        change = steepest(torch.randn(x.shape, generator=generator, dtype=x.dtype), norm)
        radius = torch.rand(len(x), generator=generator, dtype=x.dtype) ** (1 / x[0].numel())
        change = change * _of_image(radius, x)
    return project(x + epsilon * change.to(x.device), x, epsilon, norm)


def _of_image(values, x):
    """One value an image, in a shape that multiplies the images x."""
    return values.view(-1, *[1] * (x.ndim - 1))


# --- What the attacker wants ---------------------------------------------------------------------


def margin(logits, y, target=None):
    """How far the attack has come, one number an image: it has won where this is above 0.

    max over j ≠ y of z_j, minus z_y; with a target t: z_t minus the max over j ≠ t of z_j.
    ValueError for logits that are NaN: no comparison with NaN is true, as if no attack could win.
    """
    if logits.isnan().any():
        raise ValueError("logits must be numbers, came NaN: did the training diverge?")
    wanted = y if target is None else target
    own = logits.gather(1, wanted[:, None])[:, 0]
    others = logits.scatter(1, wanted[:, None], -math.inf).amax(dim=1)
    return others - own if target is None else own - others


def attack_loss(logits, y, target=None, loss="cross_entropy"):
    """What an attack makes large, one number an image; C is the cross-entropy.

    "cross_entropy": C(y′, y), or −C(y′, target). "lecture": C(y′, y) − C(y′, target), which is
    z_target − z_y, as ln Σ e^z is in both; it needs a target. "margin": `margin`, above.
    """
    as_option(loss, "loss", LOSSES)
    if loss == "lecture" and target is None:
        raise ValueError('loss "lecture" needs a target, came None: it leads from y to that class')
    if loss == "margin":
        return margin(logits, y, target)
    if target is None:
        return functional.cross_entropy(logits, y, reduction="none")
    towards = -functional.cross_entropy(logits, target, reduction="none")
    if loss == "cross_entropy":
        return towards
    return towards + functional.cross_entropy(logits, y, reduction="none")


def input_gradient(model, x, y, target=None, loss="cross_entropy"):
    """∇L, the derivative of each image's own loss by its pixels: of the shape of x."""
    x, y, target = _attack_arguments(model, x, y, target)
    with _theta_fixed(model):
        return _gradient(model, y, target, loss)(x)


def fooled(model, x, y, target=None):
    """Whether the model says what the attacker wants: True or False for each image."""
    x, y, target = _attack_arguments(model, x, y, target)
    with in_test_mode(model), torch.no_grad():
        return margin(model(x), y, target) > 0


def read_rightly(model, x, y):
    """Whether the true class has the largest logit, it alone: True or False for each image.

    Where two classes share the largest one an image is not fooled, and not read rightly either: a
    network that says the same of every image is no robust one.
    """
    x, y, _ = _attack_arguments(model, x, y)
    with in_test_mode(model), torch.no_grad():
        return margin(model(x), y) < 0


@contextmanager
def _theta_fixed(model):
    """The model in test mode, with parameters that are not derived by; then as it was."""
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in learning:
        parameter.requires_grad_(False)
    try:
        with in_test_mode(model):
            yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)


def _gradient(model, y, target, loss):
    """The function x′ ↦ ∇L, some images at a time."""

    def of_some(here, x_new):
        x_new = x_new.detach().requires_grad_()
        goal = None if target is None else target[here]
        total = attack_loss(model(x_new), y[here], goal, loss).sum()
        return torch.autograd.grad(total, x_new)[0]

    def gradient(x_new):
        parts = torch.arange(len(x_new)).split(AT_ONCE)
        return torch.cat([of_some(here, x_new[here]) for here in parts])

    return gradient


# --- Attacks within a ball -----------------------------------------------------------------------


def fgsm(model, x, y, epsilon, norm="linf", target=None, loss="cross_entropy"):
    """Fast gradient sign method: one step to the rim, x′ = x⁰ + ε sign(∇L), cut to the box.

    For "l2" the step is ε ∇L / ‖∇L‖₂. Source: Goodfellow, Shlens & Szegedy (2015).
    """
    return attack_path(model, x, y, epsilon, norm, target, 1, epsilon, loss)[-1]


def attack_path(
    model, x, y, epsilon, norm="linf", target=None, steps=40, step_size=None, loss="cross_entropy",
):  # fmt: skip
    """Every image that `pgd` comes by from x⁰ on: (steps + 1, n, channels, height, width)."""
    x, y, target = _attack_arguments(model, x, y, target)
    ball, pace = _ball(epsilon, norm), _pace(epsilon, steps, step_size)
    with _theta_fixed(model):
        return torch.stack(list(_walk(_gradient(model, y, target, loss), x, x, *ball, *pace)))


def pgd(
    model, x, y, epsilon, norm="linf", target=None, steps=40, step_size=None, restarts=0,
    loss="cross_entropy", seed=0,
):  # fmt: skip
    """Projected gradient descent: many steps, each pulled back into the ball.

    x′ ← project(x′ + step_size · steepest(∇L)), with step_size = 2.5 ε / steps unless it is given.
    It starts at x⁰: the iterated FGSM of Kurakin, Goodfellow & Bengio (2017). With `restarts`,
    images that are not fooled yet are tried so often again, from random places in the ball (Madry
    et al. 2018), and the largest `margin` is kept. `loss` is one of those of `attack_loss`.
    """
    x, y, target = _attack_arguments(model, x, y, target)
    ball, pace = _ball(epsilon, norm), _pace(epsilon, steps, step_size)
    generator = torch.Generator().manual_seed(as_integer(seed, "seed", minimum=0))
    with _theta_fixed(model):
        *_, found = _walk(_gradient(model, y, target, loss), x, x, *ball, *pace)
        reached = _margins(model, found, y, target)
        for _ in range(as_integer(restarts, "restarts", minimum=0)):
            left = torch.nonzero(reached <= 0)[:, 0]
            if len(left) == 0:
                break
            goal = y[left], target if target is None else target[left]
            start = random_start(x[left], *ball, generator)
            *_, again = _walk(_gradient(model, *goal, loss), x[left], start, *ball, *pace)
            now = _margins(model, again, *goal)
            better = now > reached[left]
            found[left[better]], reached[left[better]] = again[better], now[better]
    return found


def _walk(gradient, x, start, epsilon, norm, steps, step_size):
    """x′ at the start, and after each step."""
    x_new = start
    yield x_new
    for _ in range(steps):
        x_new = project(x_new + step_size * steepest(gradient(x_new), norm), x, epsilon, norm)
        yield x_new


def _margins(model, x_new, y, target):
    with torch.no_grad():
        return margin(model(x_new), y, target)


# --- The smallest change that suffices -----------------------------------------------------------


def carlini_wagner(
    model, x, y, epsilon=math.inf, norm="l2", target=None, steps=200, rate=0.1, searches=6,
    c=1.0, confidence=0.0,
):  # fmt: skip
    """The shortest change that fools the model: min ‖x′ − x⁰‖² + c max(confidence − margin, 0).

    The second part is 0 once the attack has won. x′ = (1 + tanh w) / 2 cannot leave the box, so
    that Adam may move w freely, `steps` steps of size `rate`. How much winning weighs, c, is
    searched for, an image each: where the attack has won, c goes half-way down to the largest that
    lost; where it has lost, half-way up to the smallest that won, or tenfold as long as there is
    none. The last two searches go on from the best image so far, where the others begin at x⁰. An
    image that was not fooled within ε comes back as it was. Only for "l2".
    Source: Carlini & Wagner (2017), section V: f₆, and 10,000 steps, with c from 0.001.
    """
    x, y, target = _attack_arguments(model, x, y, target)
    as_option(norm, "norm", ("l2",))
    limit = math.inf if epsilon == math.inf else as_number(epsilon, "epsilon", minimum=0)
    rate, confidence = as_number(rate, "rate", above=0), as_number(confidence, "confidence", 0)
    c = torch.full((len(x),), as_number(c, "c", above=0), dtype=x.dtype)
    low, high = torch.zeros_like(c), torch.full_like(c, math.inf)
    best, shortest = x.clone(), torch.full_like(c, limit)
    steps, searches = as_integer(steps, "steps", 1), as_integer(searches, "searches", 1)
    with _theta_fixed(model):
        for left in reversed(range(searches)):
            start = x if left >= 2 else best
            found, length = _shortest(model, x, start, y, target, c, steps, rate, confidence)
            better, won = length <= shortest, length < math.inf
            best[better], shortest[better] = found[better], length[better]
            low, high = torch.where(won, low, c), torch.where(won, c, high)
            c = torch.where(high < math.inf, (low + high) / 2, 10 * c)
    return best


def _shortest(model, x, start, y, target, c, steps, rate, confidence):
    """One run of Adam for a given c: the nearest images that won, and their ‖x′ − x⁰‖, else ∞."""
    w = torch.atanh((2 * start - 1) * 0.999999).requires_grad_()
    optimizer, last = torch.optim.Adam([w], rate), math.inf
    best, shortest = x.clone(), torch.full_like(c, math.inf)
    for step in range(steps):
        x_new = (1 + torch.tanh(w)) / 2
        ahead = margin(model(x_new), y, target)
        square = (x_new - x).flatten(1).square().sum(dim=1)
        loss = (square + c * (confidence - ahead).clamp_min(0)).sum()
        w.grad = torch.autograd.grad(loss, w)[0]
        optimizer.step()
        with torch.no_grad():
            nearer = (ahead > confidence) & (square < shortest)
            best[nearer], shortest[nearer] = x_new[nearer], square[nearer]
            if step % (steps // 10 + 1) == 0:
                if loss > 0.9999 * last:
                    break  # it has stopped falling
                last = loss
    return best, shortest.sqrt()


# --- One change for all images -------------------------------------------------------------------


def universal_perturbation(
    model, x, y, epsilon, norm="linf", target=None, epochs=10, batch_size=100, step_size=None,
    loss="cross_entropy", seed=0,
):  # fmt: skip
    """One change v, (1, channels, height, width), that fools the model on most images: x + v.

    PGD on what the images share: for one mini-batch after another, v moves along the steepest
    direction of the sum of the losses, and is pulled back into the ball d(v, 0) ≤ ε. The step
    falls in a straight line from `step_size`, ε / 4 unless it is given, to 0. `add` adds v to
    images. Moosavi-Dezfooli et al. (2017) found such changes; the loop is that of Shafahi et al.
    (2020). Where an image is fooled already, its loss no longer counts: it has no more to gain.
    """
    x, y, target = _attack_arguments(model, x, y, target)
    epsilon, norm = _ball(epsilon, norm)
    change, size = torch.zeros_like(x[:1]), _pace(epsilon, 10, step_size)[1]
    epochs, batches = as_integer(epochs, "epochs", 1), minibatches(len(x), batch_size, seed)
    steps = epochs * math.ceil(len(x) / batch_size)
    with _theta_fixed(model):
        for step, batch in enumerate(map(torch.from_numpy, islice(batches, steps))):
            goal = y[batch], None if target is None else target[batch]
            images = add(x[batch], change)
            gradient = _gradient(model, *goal, loss)(images)
            open_yet = _of_image((_margins(model, images, *goal) <= 0).to(x.dtype), x)
            along = steepest((open_yet * gradient).sum(dim=0, keepdim=True), norm)
            change = _into_ball(change + size * (1 - step / steps) * along, epsilon, norm)
    return change


def add(x, change):
    """The images with a change on them, cut to the box [0, 1]."""
    return (torch.as_tensor(x) + change).clamp(0, 1)


def inwards(x, change):
    """The change, with its sign turned round in each pixel where x + change leaves the box [0, 1].

    A change that is cut to the box gets smaller, by half or so on digits, most of whose pixels are
    0. Turned round, random noise is really as large as the attack that it stands beside.
    """
    inside = (x + change >= 0) & (x + change <= 1)
    return torch.where(inside, change, -change)


# --- Several readings of one image ---------------------------------------------------------------


class Average(nn.Module):
    """What several readings of an image say together: ln of the mean of their probabilities.

    A reading is a module that turns images into logits. With several networks, an attack on their
    average fools them all, and often networks that it never saw (Liu et al. 2017). With one
    network, read again and again behind a random change of the image, it is the expectation over
    transformations: the attack holds whatever the change is (Athalye et al. 2018, who average
    ln p in place of p). Any attack of this module takes it as its model.
    """

    def __init__(self, readings):
        super().__init__()
        self.readings = nn.ModuleList(readings)
        if len(self.readings) == 0:
            raise ValueError("readings must hold at least one model")

    def forward(self, x):
        """(n, classes): numbers ≤ 0, whose exponentials sum to 1 for each image."""
        logs = torch.stack([reading(x).log_softmax(dim=1) for reading in self.readings])
        return logs.logsumexp(dim=0) - math.log(len(self.readings))


# --- Arguments -----------------------------------------------------------------------------------


def _ball(epsilon, norm):
    return as_number(epsilon, "epsilon", minimum=0), as_option(norm, "norm", NORMS)


def _pace(epsilon, steps, step_size):
    steps = as_integer(steps, "steps", minimum=1)
    if step_size is None:
        return steps, 2.5 * epsilon / steps
    return steps, as_number(step_size, "step_size", minimum=0)


def _attack_arguments(model, x, y, target=None):
    """x as a tensor of the model's type, in [0, 1]; y and the target as n whole numbers."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch module, came {model!r}")
    x, y = torch.as_tensor(x), torch.as_tensor(y)
    if x.ndim < 2 or y.ndim != 1:
        shapes = f"{tuple(x.shape)} and {tuple(y.shape)}"
        raise ValueError(f"x must hold images and y their classes, a number each, came {shapes}")
    check_same_length(x=x, y=y)
    if len(x) == 0:
        raise ValueError("x must not be empty")
    if not (x.is_floating_point() and ((x >= 0) & (x <= 1)).all()):
        came = f"{x.dtype}, {x.min():g} to {x.max():g}"
        raise ValueError(f"x must hold images, floats in [0, 1], came {came}")
    x = x.detach().to(next(model.parameters(), x))
    with in_test_mode(model), torch.no_grad():
        classes = model(x[:1]).shape[1]
    if target is not None:
        target = _as_classes(torch.as_tensor(target), "target", classes)
        if target.shape not in ((), (1,), (len(x),)):
            came = tuple(target.shape)
            raise ValueError(f"target must be one class or {len(x)} of them, came the shape {came}")
        target = target.expand(len(x))
    return x, _as_classes(y, "y", classes), target


def _as_classes(values, name, classes):
    """Class numbers, whole numbers from 0 to classes − 1."""
    if values.is_floating_point() or values.dtype == torch.bool:
        raise TypeError(f"{name} must hold classes, whole numbers, came {values.dtype}")
    low, high = int(values.min()), int(values.max())
    if low < 0 or high >= classes:
        wanted = f"class numbers from 0 to {classes - 1}"
        raise ValueError(f"{name} must hold {wanted}, came {low} to {high}")
    return values.long()
