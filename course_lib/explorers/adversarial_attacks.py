"""Lesson 11: steps in a ball, an attack on a digit, the goldfish, the plane of two directions,
transfer, one noise for all, a printed picture that turns, a detector, and robust networks."""

from functools import cache, lru_cache
from itertools import product

import matplotlib
import numpy as np
import torch
from scipy.ndimage import distance_transform_edt, label, zoom
from torch import nn

from course_lib.attacks import (
    attack_path,
    input_gradient,
    inwards,
    margin,
    pgd,
    steepest,
    universal_perturbation,
)
from course_lib.cnn import digit_images, load_digit_network
from course_lib.datasets import (
    imagenet_classes,
    imagenet_image,
    load_imagenet_network,
    load_photo,
    make_blobs,
    make_xor,
)
from course_lib.drawing import (
    BLUE,
    CLASS_COLORS,
    CLASS_SHAPES,
    GREY,
    INK,
    ORANGE,
    boundary_lines,
    class_image,
    moving_curve,
    moving_image,
    moving_lines,
    moving_polygons,
    moving_texts,
    plane,
)
from course_lib.experiments import load_experiment
from course_lib.explorer import choice, explorer, int_slider, slider
from course_lib.metrics import roc_auc, roc_curve
from course_lib.physical_attacks import view
from course_lib.pixel_drawing import montage, moving_picture, paper, signed_colors
from course_lib.reprogramming import CELLS, frame_mask, make_squares
from course_lib.training import build, fit, probabilities

# --- Steps in a ball ------------------------------------------------------------------------------

NORMS = {"L∞": "linf", "L2": "l2"}
TWO_PIXELS = {
    "a straight boundary": lambda: nn.Sequential(nn.Flatten(), nn.Linear(2, 2)),
    "a network": lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(2, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 2)
    ),
}


@cache
def two_pixels(model):
    """Return images of two pixels, (n, 2), and their classes: two blobs, or XOR for the network."""
    if model == "a network":
        X, y = make_xor(200, noise=0.16, seed=0)
    else:
        X, y = make_blobs(200, noise=1.2, seed=0, classes=2)
    low, high = X.min(axis=0), X.max(axis=0)
    return 0.04 + 0.92 * (X - low) / (high - low), y


@cache
def two_pixel_network(model):
    """Return a network that was trained on the two pixels, within half a second."""
    X, y = two_pixels(model)
    network = build(TWO_PIXELS[model], 0)
    images = X.reshape(-1, 1, 1, 2).astype(np.float32)
    fit(network, images, y, torch.optim.Adam(network.parameters(), 0.03), 45, batch_size=40)
    return network.eval().requires_grad_(False)


@cache
def two_pixel_landscape(model):
    """Return the colours, (120, 120, 4), of what the network says of all images of two pixels."""
    _, _, points = plane(((0, 1), (0, 1)), 120)
    images = torch.tensor(points, dtype=torch.float32).view(-1, 1, 1, 2)
    return class_image(probabilities(two_pixel_network(model), images).reshape(120, 120, 2))


def ball_outline(x, epsilon, norm):
    """Return the corners of the ball around a point of the plane, cut to the box [0, 1]²."""
    if norm == "linf":
        corners = epsilon * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    else:
        angles = np.linspace(0, 2 * np.pi, 73)[:-1]
        corners = epsilon * np.column_stack([np.cos(angles), np.sin(angles)])
    return np.clip(x + corners, 0, 1)


@explorer(
    model=choice(TWO_PIXELS),
    norm=choice(NORMS),
    epsilon=slider(0.02, 0.4, start=0.2, step=0.02, label="ε"),
    steps=int_slider(1, 12, start=1),
    across=slider(0.02, 0.98, start=0.46, step=0.02, label="first pixel"),
    up=slider(0.02, 0.98, start=0.28, step=0.02, label="second pixel"),
    presets={
        "FGSM": {
            "model": "a straight boundary", "norm": "L∞", "steps": 1, "epsilon": 0.2,
            "across": 0.46, "up": 0.28,
        },
        "one step, L2": {
            "model": "a straight boundary", "norm": "L2", "steps": 1, "epsilon": 0.2,
            "across": 0.46, "up": 0.28,
        },
        "one step goes too far": {
            "model": "a network", "norm": "L∞", "steps": 1, "epsilon": 0.4, "across": 0.46,
            "up": 0.72,
        },
        "twelve small steps": {
            "model": "a network", "norm": "L∞", "steps": 12, "epsilon": 0.4, "across": 0.46,
            "up": 0.72,
        },
        "at the rim of the box": {
            "model": "a network", "norm": "L∞", "steps": 12, "epsilon": 0.3, "across": 0.9,
            "up": 0.24,
        },
    },
    size=(10, 4.8),
)  # fmt: skip
def steps_in_a_ball(figure):
    """Where do the steps lead, and how far may they go?"""
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.1))
    sheet = moving_image(left, ((0, 1), (0, 1)), (120, 120))
    left.set(title="All images of two pixels", xlabel="first pixel", ylabel="second pixel")
    left.set(aspect="equal", xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    marks = [
        moving_curve(left, color, shape, ms=4.5, mec="white", mew=0.5)
        for color, shape in zip(CLASS_COLORS[:2], CLASS_SHAPES[:2], strict=True)
    ]
    ball = moving_polygons(left, facecolors="none", edgecolors=INK, linewidths=2.5)
    path = moving_curve(left, INK, "o-", ms=5, lw=1.8)
    ends = moving_curve(left, INK, "*", ms=17, mec="white")
    start = moving_curve(left, INK, "o", ms=11, mec="white")
    right.set(title="How far the attack has come", xlabel="step", ylabel="z of the other − z of y")
    right.set(xlim=(-0.3, 12.3), ylim=(-13, 19), xticks=range(0, 13, 2))
    rise = moving_curve(right, ORANGE, "o-", ms=8, label="the margin")
    promise = moving_curve(
        right, GREY, "_", ms=26, mew=4, label="to first order, for one step of size ε"
    )
    right.axhline(0, color=GREY, ls="--", lw=1.5)
    right.text(12.2, 0.4, "above: it has won", ha="right", color=INK, fontsize=12)
    right.legend(loc="upper left", fontsize=12)

    landscapes = {model: two_pixel_landscape(model) for model in TWO_PIXELS}

    def update(model, norm, epsilon, steps, across, up):
        network, kind = two_pixel_network(model), NORMS[norm]
        x = torch.tensor([[[[across, up]]]], dtype=torch.float32)
        y = network(x).argmax(dim=1)
        pace = epsilon if steps == 1 else None
        found = attack_path(network, x, y, epsilon, kind, steps=steps, step_size=pace)[:, 0]
        with torch.no_grad():
            margins = margin(network(found), y.expand(steps + 1)).numpy()
        gradient = input_gradient(network, x, y, loss="margin")
        dual = gradient.abs().sum() if kind == "linf" else gradient.norm()
        first_order = float(margins[0] + epsilon * dual)
        places = found.view(-1, 2).numpy()
        sheet.set_data(landscapes[model])
        X, labels = two_pixels(model)
        for k, mark in enumerate(marks):
            mark.set_data(*X[labels == k].T)
        ball.set_verts([ball_outline(places[0], epsilon, kind)])
        path.set_data(*places.T)
        start.set_data(*places[:1].T)
        ends.set_data(*places[-1:].T)
        rise.set_data(range(steps + 1), np.clip(margins, -12.8, 12.8))
        promise.set_data([1], [np.clip(first_order, -12.8, 12.8)])
        end = "the class has changed" if margins[-1] > 0 else "the class is still the same"
        return (
            f"margin {margins[0]:.2f} → {margins[-1]:.2f}: {end}; to first order one step of size "
            f"{epsilon:g} gives {first_order:.2f}"
        )

    return update


# --- An attack on a digit -------------------------------------------------------------------------

BALLS = {
    "L∞ 0.05": ("linf", 0.05), "L∞ 0.1": ("linf", 0.1), "L∞ 0.2": ("linf", 0.2),
    "L∞ 0.3": ("linf", 0.3), "L2 1": ("l2", 1.0), "L2 2": ("l2", 2.0), "L2 3": ("l2", 3.0),
}  # fmt: skip
TARGETS = {"any other": None, "0": 0, "3": 3, "8": 8}
ATTACKED_DIGITS, DIGIT_STEPS = (4, 7, 5), 12


@cache
def attacked_digit(digit):
    """Return the first test image of a digit, (1, 1, 28, 28)."""
    images, labels = digit_images("test")
    return torch.from_numpy(images[labels == digit][:1])


@cache
def digit_attacks():
    """Attack three digits in every ball towards every target; `where` says which row is whose.

    Returns the images, (balls, DIGIT_STEPS + 1, 12, 28, 28), their probabilities, and `where`.
    """
    network = load_digit_network()
    goals = [(digit, name) for digit in ATTACKED_DIGITS for name in TARGETS]
    x = torch.cat([attacked_digit(digit) for digit, _ in goals])
    y = torch.tensor([digit for digit, _ in goals])
    free = torch.tensor([TARGETS[name] is None for _, name in goals])
    target = torch.tensor([TARGETS[name] or 0 for _, name in goals])
    paths = []
    for norm, epsilon in BALLS.values():
        path = torch.empty(DIGIT_STEPS + 1, *x.shape)
        for rows, wanted in ((free, None), (~free, target[~free])):
            path[:, rows] = attack_path(
                network, x[rows], y[rows], epsilon, norm, wanted, DIGIT_STEPS
            )
        paths.append(path)
    paths = torch.stack(paths)
    p = np.stack([probabilities(network, path.flatten(0, 1)) for path in paths])
    p = p.reshape(*paths.shape[:3], 10)
    return paths[:, :, :, 0].numpy(), p, {goal: row for row, goal in enumerate(goals)}


@cache
def random_changes(kind):
    """Return a random change of size 1, (28, 28): random signs, or a random direction."""
    noise = torch.randn((1, 1, 28, 28), generator=torch.Generator().manual_seed(0))
    return steepest(noise, kind)[0, 0].numpy()


@explorer(
    ball=choice(BALLS, start="L∞ 0.2"),
    change=choice(("attack", "random noise")),
    target=choice(TARGETS),
    digit=choice(ATTACKED_DIGITS),
    step=int_slider(0, DIGIT_STEPS, start=2),
    presets={
        "a haze (L∞)": {"ball": "L∞ 0.2", "change": "attack", "step": 12},
        "spots (L2)": {"ball": "L2 2", "change": "attack", "step": 12},
        "random, as large": {"ball": "L∞ 0.2", "change": "random noise", "step": 12},
        "make it a 3": {"ball": "L∞ 0.3", "change": "attack", "target": "3", "step": 12},
        "too small a ball": {"ball": "L∞ 0.05", "change": "attack", "target": "3", "step": 12},
    },
    size=(10, 4.2),
)
def attack_a_digit(figure):
    """How small a change is enough, and what does it look like?"""
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.25))
    paths, p, where = digit_attacks()
    network = load_digit_network()
    picture = moving_picture(left, 28, 28, "What the network sees")
    changed = moving_picture(middle, 28, 28, "The change")
    middle.set_xlabel("red: more ink, blue: less", fontsize=13)
    right.set(title="What it says", xlabel="class", ylabel="probability")
    right.set(xlim=(-0.6, 9.6), ylim=(0, 1.08), xticks=range(10))
    bars = moving_lines(right, colors=BLUE, linewidths=13)
    mark = moving_curve(right, GREY, "v", ms=12, label="the truth")
    wish = moving_curve(right, ORANGE, "*", ms=15, label="the target")
    right.legend(loc="upper right", fontsize=11)

    @lru_cache(maxsize=256)
    def noisy(ball, digit, step):
        norm, epsilon = BALLS[ball]
        original = attacked_digit(digit)[0, 0]
        noise = epsilon * torch.from_numpy(random_changes(norm))
        if norm == "l2":  # cut to the box it would be shorter; the largest change would stay
            noise = inwards(original, noise)
        image = (original + step / DIGIT_STEPS * noise).clamp(0, 1).numpy()
        return image, probabilities(network, image[None, None])[0]

    def update(ball, change, target, digit, step):
        k, row = list(BALLS).index(ball), where[digit, target]
        original = paths[k, 0, row]
        if change == "attack":
            image, now = paths[k, step, row], p[k, step, row]
        else:
            image, now = noisy(ball, digit, step)
        picture.set_data(paper(image))
        changed.set_data(signed_colors(image - original, 0.35))
        bars.set_segments([[(j, 0), (j, now[j])] for j in range(10)])
        mark.set_data([digit], [min(now[digit] + 0.06, 1.02)])
        wanted = TARGETS[target]
        aims = wanted is not None and change == "attack"
        wish.set_data([wanted] if aims else [], [min(now[wanted] + 0.06, 1.02)] if aims else [])
        apart = image - original
        return (
            f"it says {now.argmax()}, P = {now.max():.2f}, P({digit}) = {now[digit]:.2f}; the "
            f"largest change is {np.abs(apart).max():.2f}, the length "
            f"{np.sqrt(np.sum(apart**2)):.2f}"
        )

    return update


# --- The cat becomes a goldfish -------------------------------------------------------------------

GOLDFISH, CAT_STEPS, CAT_EPSILON = 1, 8, 4 / 255
CAT_CHANGES = {"attack": 1, "random": 1, "random, × 16": 16, "random, × 32": 32}


@cache
def imagenet_network():
    """Return the ImageNet network, read once."""
    return load_imagenet_network()


@cache
def goldfish_record():
    """Attack the photograph of the cat, about a second: (images, probabilities) by kind of change.

    Images have the shape (CAT_STEPS + 1, 3, 224, 224): the attack's steps, and random signs that
    grow as far, or so many times as far.
    """
    network, x = imagenet_network(), imagenet_image(load_photo("cat"))
    with torch.no_grad():
        y = network(x).argmax(dim=1)
    attack = attack_path(network, x, y, CAT_EPSILON, target=GOLDFISH, steps=CAT_STEPS)[:, 0]
    noise = steepest(torch.randn(x.shape, generator=torch.Generator().manual_seed(0)), "linf")
    record = {}
    for kind, times in CAT_CHANGES.items():
        share = torch.linspace(0, times * CAT_EPSILON, CAT_STEPS + 1).view(-1, 1, 1, 1)
        images = attack if kind == "attack" else (x + share * noise).clamp(0, 1)
        record[kind] = images, np.concatenate([probabilities(network, x[None]) for x in images])
    return record


@explorer(
    change=choice(CAT_CHANGES),
    step=int_slider(0, CAT_STEPS, start=CAT_STEPS),
    magnified=int_slider(1, 40, start=20, label="change shown × "),
    presets={
        "the photograph": {"step": 0},
        "half-way": {"change": "attack", "step": 3},
        "a goldfish": {"change": "attack", "step": CAT_STEPS},
        "random, as large": {"change": "random", "step": CAT_STEPS},
        "random, 32 times as large": {
            "change": "random, × 32", "step": CAT_STEPS, "magnified": 1,
        },
    },
    size=(10, 4.0),
)  # fmt: skip
def goldfish(figure):
    """How many steps, until the cat is a goldfish?"""
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 0.9))
    record, names = goldfish_record(), imagenet_classes()
    picture = moving_picture(left, 224, 224, "The photograph")
    changed = moving_picture(middle, 224, 224, "The change, magnified")
    right.set(title="What the network says", xlim=(0, 1.05), ylim=(2.6, -0.6))
    right.set(xlabel="probability", yticks=[])
    right.grid(False)
    bars = moving_lines(right, linewidths=18)
    write = moving_texts(right, [(0.52, k - 0.24) for k in range(3)], size=16)

    @lru_cache(maxsize=64)
    def pixels(change, step):
        image = record[change][0][step]
        return np.rint(255 * image.permute(1, 2, 0).numpy()).astype(np.uint8)

    def update(change, step, magnified):
        now = record[change][1][step]
        image, original = pixels(change, step), pixels("attack", 0)
        apart = image.astype(np.int16) - original
        largest = float((record[change][0][step] - record[change][0][0]).abs().max())
        picture.set_data(image)
        changed.set_data(np.clip(128 + magnified * apart, 0, 255).astype(np.uint8))
        top = np.argsort(-now)[:3]
        bars.set_segments([[(0, k + 0.12), (now[j], k + 0.12)] for k, j in enumerate(top)])
        bars.set_color([ORANGE if j == GOLDFISH else BLUE for j in top])
        texts = [f"{names[j]}  {now[j]:.2f}" for j in top]
        write(texts)
        moved = f"no pixel has changed by more than {255 * largest:.0f} of 255"
        return (
            f"{names[top[0]]}, P = {now[top[0]]:.2f}; P(goldfish) = {now[GOLDFISH]:.4f}; "
            f"{moved if largest else 'nothing has changed'}"
        )

    return update


# --- What happened? The plane of two directions ---------------------------------------------------

READERS = {"trained as usual": "cnn", "trained on attacks": "robust_cnn"}
PLANE_DIGITS, REACH, PLANE_SIDE, DRAWN_SIDE = (4, 7, 5), 0.5, 25, 97


@cache
def plane_record(network, digit):
    """Classify the digits x⁰ + a·sign(∇C) + b·random signs, cut to [0, 1], for a, b ≤ REACH.

    Returns the two directions, (28, 28) each, and the probabilities, (side, side, 10), rows by b.
    """
    reader, x = load_digit_network(READERS[network]), attacked_digit(digit)
    with torch.no_grad():
        y = reader(x).argmax(dim=1)
    attack = steepest(input_gradient(reader, x, y), "linf")[0, 0].numpy()
    noise = random_changes("linf")
    a, b, _ = plane([(-REACH, REACH)] * 2, PLANE_SIDE)
    images = on_plane(x[0, 0].numpy(), attack, noise, a, b[:, None])
    p = probabilities(reader, images.reshape(-1, 1, 28, 28))
    return attack, noise, p.reshape(PLANE_SIDE, PLANE_SIDE, 10)


def on_plane(x, first, second, a, b):
    """Return the images x + a·first + b·second, cut to [0, 1]; a and b of any shape that fits."""
    a, b = (np.asarray(value)[..., None, None] for value in (a, b))
    return np.clip(x + a * first + b * second, 0, 1).astype(np.float32)


@explorer(
    network=choice(READERS),
    digit=choice(PLANE_DIGITS),
    a=slider(-REACH, REACH, start=0.0, step=0.02, label="along the attack"),
    b=slider(-REACH, REACH, start=0.0, step=0.02, label="along the random signs"),
    presets={
        "a random walk": {"a": 0.0, "b": 0.4},
        "the attack": {"a": 0.26, "b": 0.0},
        "against the attack": {"a": -0.4, "b": 0.0},
    },
    size=(10, 4.2),
)
def plane_of_two_directions(figure):
    """How far away is the next class, along a random direction and along the attack?"""
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.15, 0.8, 1.05))
    limits = [(-REACH, REACH)] * 2
    a_ticks, b_ticks, _ = plane(limits, PLANE_SIDE)
    pairs = product(READERS, PLANE_DIGITS)
    sheet = moving_image(left, limits, (DRAWN_SIDE, DRAWN_SIDE))
    left.set(title="What it says, by place", xlabel="along the attack, a", aspect="equal")
    left.set(ylabel="along random signs, b", xticks=[-0.4, 0, 0.4], yticks=[-0.4, 0, 0.4])
    left.grid(False)
    borders = moving_lines(left, colors=INK, linewidths=1.8)
    names = moving_texts(left, [], size=20, weight="bold")
    here = moving_curve(left, INK, "o", ms=12, mec="white", mew=2, clip_on=False)
    picture = moving_picture(middle, 28, 28, "The image there")
    right.set(title="Along both directions", xlabel="distance ε from the digit, L∞")
    right.set(ylabel="P(true class)", xlim=(-0.52, 0.52), ylim=(-0.03, 1.35), xticks=[-0.4, 0, 0.4])
    right.set_yticks([0, 0.5, 1])
    adversarial = moving_curve(right, ORANGE, label="along the attack")
    random = moving_curve(right, BLUE, "--", label="along random signs")
    right.legend(loc="upper right", fontsize=11, ncols=1)

    drawings = {(network, digit): plane_drawing(network, digit) for network, digit in pairs}

    def update(network, digit, a, b):
        colors, lines, texts, spots = drawings[network, digit]
        attack, noise, p = plane_record(network, digit)
        sheet.set_data(colors)
        borders.set_segments(lines)
        names(texts, spots)
        here.set_data([a], [b])
        image = on_plane(attacked_digit(digit)[0, 0].numpy(), attack, noise, a, b)
        picture.set_data(paper(image))
        adversarial.set_data(a_ticks, p[PLANE_SIDE // 2, :, digit])
        random.set_data(b_ticks, p[:, PLANE_SIDE // 2, digit])
        now = probabilities(load_reader(network), image[None, None])[0]
        return (
            f"a {digit} moved by {a:.2f} along the attack and {b:.2f} along random signs: it says "
            f"{now.argmax()}, P = {now.max():.2f}; P({digit}) = {now[digit]:.2f}"
        )

    return update


@cache
def plane_drawing(network, digit):
    """Return the colours of the plane, the borders, the names of the classes, and their places.

    Between the places of the record, ln p is a straight line. A class is left out if it has no part
    that its name fits into.
    """
    more = DRAWN_SIDE / PLANE_SIDE
    logs = zoom(np.log(plane_record(network, digit)[2] + 1e-9), (more, more, 1), order=1)
    a, b, _ = plane([(-REACH, REACH)] * 2, DRAWN_SIDE)
    said = logs.argmax(axis=-1)
    order = np.argsort(-np.bincount(said.ravel(), minlength=10))
    middles = {k: _middles(said == k) for k in order[: len(CLASS_COLORS)]}
    known = [k for k, places in middles.items() if places]
    scores = np.exp(logs[..., known])
    scores /= scores.sum(axis=-1, keepdims=True)
    names = [str(k) for k in known for _ in middles[k]]
    spots = [(a[column], b[row]) for k in known for row, column in middles[k]]
    return class_image(scores), boundary_lines(a, b, scores), names, spots


def _middles(mask, least=4):
    """Return the (row, column) of a place well inside of each part that is wide enough."""
    depth = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    parts, n = label(mask)
    places = [np.where(parts == part, depth, 0).argmax() for part in range(1, n + 1)]
    return [np.unravel_index(at, mask.shape) for at in places if depth.flat[at] >= least]


@cache
def load_reader(network):
    """Return the digit network of this name, read once."""
    return load_digit_network(READERS[network])


# --- One noise for all ----------------------------------------------------------------------------

LARGEST, NOISE_TICKS = 0.3, np.linspace(0, 0.3, 11)
SHOWN_DIGITS = 12
NOISES = ("one for all", "random")


@cache
def universal_record():
    """Make one noise on 300 training digits; try it, and random signs, on 200 new ones.

    Returns the noises, (28, 28) each, and by noise the classes said of the digits, (sizes, 200).
    """
    network = load_digit_network()
    x, y = map(torch.from_numpy, digit_images("train"))
    new, _ = new_digits()
    universal = universal_perturbation(network, x[:300], y[:300], LARGEST, epochs=5)
    noises = dict(zip(NOISES, (universal[0, 0].numpy(), random_changes("linf")), strict=True))
    noises["random"] = LARGEST * noises["random"]
    said = {}
    for name, noise in noises.items():
        changes = noise * NOISE_TICKS[:, None, None] / LARGEST
        images = (np.clip(new + change, 0, 1).astype(np.float32) for change in changes)
        said[name] = np.stack([probabilities(network, x).argmax(axis=1) for x in images])
    return noises, said


@cache
def new_digits():
    """Return 200 test digits, (200, 1, 28, 28), and their labels."""
    images, labels = digit_images("test")
    return images[:200], labels[:200]


@explorer(
    noise=choice(NOISES),
    epsilon=slider(0, LARGEST, start=0.3, step=0.03, label="ε"),
    presets={
        "a third of them": {"noise": "one for all", "epsilon": 0.24},
        "it fools most": {"noise": "one for all", "epsilon": 0.3},
        "random, as large": {"noise": "random", "epsilon": 0.3},
    },
    size=(10, 4.0),
)
def one_for_all(figure):
    """Can one and the same noise fool the network on many digits?"""
    left, middle, right = figure.subplots(1, 3, width_ratios=(0.75, 1.2, 1.1))
    noises, said = universal_record()
    images, labels = new_digits()
    right_at_first = said["random"][0] == labels
    fooled = {name: (rows != labels)[:, right_at_first].mean(axis=1) for name, rows in said.items()}
    noise_picture = moving_picture(left, 28, 28, "The noise")
    sheet = moving_picture(middle, 3 * 29 - 1, 4 * 29 - 1, "Twelve new digits with it")
    places = [(29 * (k % 4) + 23, 29 * (k // 4) + 24) for k in range(SHOWN_DIGITS)]
    ok = moving_texts(middle, places, color=BLUE, size=17, weight="bold")
    wrong = moving_texts(middle, places, color=ORANGE, size=17, weight="bold")
    right.set(title="Two hundred new digits", xlabel="ε (L∞)", ylabel="fooled (share)")
    right.set(xlim=(-0.01, 0.31), ylim=(-0.03, 1.03), xticks=[0, 0.1, 0.2, 0.3])
    right.plot(NOISE_TICKS, fooled["one for all"], "o-", color=ORANGE, label="one for all")
    right.plot(NOISE_TICKS, fooled["random"], "s--", color=BLUE, label="random signs")
    right.legend(loc="upper left")
    mark = moving_curve(right, INK, "o", ms=15, fillstyle="none", mew=3)

    def update(noise, epsilon):
        k = int(np.abs(NOISE_TICKS - epsilon).argmin())
        change = noises[noise] * NOISE_TICKS[k] / LARGEST
        changed = np.clip(images[:SHOWN_DIGITS, 0] + change, 0, 1)
        noise_picture.set_data(signed_colors(change, LARGEST))
        sheet.set_data(paper(montage(changed, 4)))
        answers = said[noise][k, :SHOWN_DIGITS]
        good = answers == labels[:SHOWN_DIGITS]
        ok([str(j) if fine else "" for j, fine in zip(answers, good, strict=True)])
        wrong(["" if fine else str(j) for j, fine in zip(answers, good, strict=True)])
        share = fooled[noise][k]
        mark.set_data([NOISE_TICKS[k]], [share])
        misread = said[noise][k][right_at_first & (said[noise][k] != labels)]
        counts = np.bincount(misread, minlength=10)
        often = f", as {counts.argmax()} most often ({counts.max()} of {len(misread)})"
        weaker = noise == "one for all" and 0 < epsilon < LARGEST
        return (
            f"{share:.0%} of the new digits that it read rightly are misread"
            f"{often if len(misread) else ''}; of the twelve {np.sum(~good)}"
            f"{f'. Made for ε = {LARGEST:g}; here it is weaker' if weaker else ''}"
        )

    return update


# --- Does it transfer? ----------------------------------------------------------------------------

NETWORKS = {  # the name here, and in the table
    "cnn": "cnn", "mlp": "mlp", "residual": "residual", "tanh": "tanh",
    "trained on attacks": "robust_cnn",
}  # fmt: skip
MADE_FOR = NETWORKS | {"all others": "all others", "noise": "noise"}
TRANSFER_EPSILONS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
WARM = matplotlib.colormaps["OrRd"]


@explorer(
    epsilon=choice(TRANSFER_EPSILONS, start=0.2, label="ε"),
    made_for=choice(MADE_FOR),
    presets={
        "white box and black box": {"epsilon": 0.2, "made_for": "cnn"},
        "a weak proxy": {"epsilon": 0.3, "made_for": "mlp"},
        "an ensemble": {"epsilon": 0.2, "made_for": "all others"},
        "the robust one as proxy": {"epsilon": 0.3, "made_for": "trained on attacks"},
    },
    size=(10, 4.4),
)
def transfer(figure):
    """Made for one network: which others does it fool?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    table = load_experiment("transfer_attacks")
    stored = table.set_index(["epsilon", "made_for", "read_by"])["success"]
    shares = {
        (epsilon, made_for, read_by): stored[epsilon, MADE_FOR[made_for], NETWORKS[read_by]]
        for epsilon, made_for, read_by in product(TRANSFER_EPSILONS, MADE_FOR, NETWORKS)
    }
    sheet = moving_picture(left, len(MADE_FOR), len(NETWORKS), "Fooled, share")
    left.set(aspect="auto", xlabel="read by", ylabel="made for")
    left.set_xticks(range(len(NETWORKS)), [name.replace(" on ", " on\n") for name in NETWORKS])
    left.set_yticks(range(len(MADE_FOR)), [name.replace(" on ", "\non ") for name in MADE_FOR])
    places = [(column, row) for row in range(len(MADE_FOR)) for column in range(len(NETWORKS))]
    write = moving_texts(left, places, size=17, weight="bold")
    frame = moving_polygons(left, facecolors="none", edgecolors=BLUE, linewidths=4)
    right.set(title="This row, by ε", xlabel="ε (L∞)", ylabel="fooled (share)")
    right.set(xlim=(0.04, 0.31), ylim=(-0.04, 1.5), xticks=[0.1, 0.2, 0.3])
    right.set_yticks([0, 0.5, 1])
    curves = [
        moving_curve(right, color, f"{shape}-", ms=9, label=name)
        for name, color, shape in zip(NETWORKS, CLASS_COLORS, CLASS_SHAPES, strict=False)
    ]
    right.legend(loc="upper left", ncols=2, fontsize=11)

    def update(epsilon, made_for):
        matrix = np.array([[shares[epsilon, a, b] for b in NETWORKS] for a in MADE_FOR])
        sheet.set_data(WARM(0.75 * matrix, bytes=True))
        write([f"{share:.2f}" for share in matrix.ravel()])
        row = list(MADE_FOR).index(made_for)
        frame.set_verts([[(-0.48, row - 0.48), (4.48, row - 0.48), (4.48, row + 0.48),
                          (-0.48, row + 0.48)]])  # fmt: skip
        for name, curve in zip(NETWORKS, curves, strict=True):
            curve.set_data(
                TRANSFER_EPSILONS, [shares[e, made_for, name] for e in TRANSFER_EPSILONS]
            )
        others = {name: share for name, share in zip(NETWORKS, matrix[row], strict=True)
                  if name != made_for}  # fmt: skip
        most = max(others, key=others.get)
        own = made_for in NETWORKS
        whom = f"itself {matrix[row, row]:.0%}, the others" if own else "them"
        return (
            f"{'' if made_for == 'noise' else 'made for '}{made_for}, ε = {epsilon:g}: it fools "
            f"{whom} {min(others.values()):.0%} to {others[most]:.0%} (most: {most})"
        )

    return update


# --- Counting squares -----------------------------------------------------------------------------

FRAMES = ("the trained frame", "no frame")
DRAWS, PROGRAM_SIDE, PROGRAM_CELL = 3, 96, 8


@cache
def counted_squares():
    """Let the ImageNet network read squares: by frame (pictures, probabilities of ten classes).

    Pictures have the shape (10 counts, DRAWS, 3, side, side), values 0 to 1.
    """
    squares, counts = make_squares(300, 0, PROGRAM_SIDE, PROGRAM_CELL)
    order = np.concatenate([np.flatnonzero(counts == k)[:DRAWS] for k in range(10)])
    frame = torch.from_numpy(load_experiment("frame")["frame"] / np.float32(255))
    middle = 1 - frame_mask(PROGRAM_SIDE, CELLS * PROGRAM_CELL)
    record = {}
    for name, around in zip(FRAMES, (frame, torch.zeros_like(frame)), strict=True):
        pictures = squares[order] * middle + around
        with torch.no_grad():
            logits = torch.cat([imagenet_network()(part) for part in pictures.split(5)])
        p = logits[:, :10].softmax(dim=1).numpy().reshape(10, DRAWS, 10)
        record[name] = pictures.numpy().reshape(10, DRAWS, 3, PROGRAM_SIDE, PROGRAM_SIDE), p
    return record


@explorer(
    frame=choice(FRAMES),
    squares=int_slider(1, 10, start=4),
    picture=int_slider(1, DRAWS, start=1),
    presets={
        "framed": {"frame": "the trained frame", "squares": 4},
        "without it": {"frame": "no frame", "squares": 4},
        "ten of them": {"frame": "the trained frame", "squares": 10},
    },
    size=(10, 4.4),
)
def count_squares(figure):
    """Can a network for photographs count squares?"""
    left, right = figure.subplots(1, 2, width_ratios=(0.9, 1.2))
    record, names = counted_squares(), imagenet_classes()[:10]
    seen = moving_picture(left, PROGRAM_SIDE, PROGRAM_SIDE, "What the network sees")
    right.set(title="Its first ten classes", ylabel="probability among the ten")
    right.set(xlim=(0.4, 10.6), ylim=(0, 1.12), xticks=range(1, 11))
    right.set_xlabel("squares that the class stands for")
    bars = moving_lines(right, colors=BLUE, linewidths=18)
    truth = moving_curve(right, ORANGE, "v", ms=14, label="the true count")
    right.legend(loc="upper right")
    right_share = {frame: np.mean(p.argmax(-1) == np.arange(10)[:, None]) for frame, (_, p) in
                   record.items()}  # fmt: skip

    def update(frame, squares, picture):
        pictures, p = record[frame]
        now = p[squares - 1, picture - 1]
        image = pictures[squares - 1, picture - 1].transpose(1, 2, 0)
        seen.set_data(np.rint(255 * image).astype(np.uint8))
        bars.set_segments([[(k + 1, 0), (k + 1, now[k])] for k in range(10)])
        truth.set_data([squares], [min(now[squares - 1] + 0.06, 1.06)])
        k = int(now.argmax())
        return (
            f'it says "{names[k]}", which means {k + 1}; there are {squares}. Of the '
            f"{10 * DRAWS} pictures {right_share[frame]:.0%} are counted rightly so"
        )

    return update


# --- Through a camera -----------------------------------------------------------------------------

PRINTS = ("plain", "many views")
CAMERA = {"degrees": ("turned by", "°"), "zoom": ("enlarged ×", ""), "light": ("light ×", "")}


@cache
def prints():
    """Return the two adversarial photographs, (1, 3, 224, 224) in [0, 1]."""
    stored = load_experiment("printed_cat")
    return {
        name: torch.from_numpy(stored[name.replace(" ", "_")][None] / np.float32(255))
        for name in PRINTS
    }


@cache
def camera_curves():
    """Return (values, P(goldfish)) by image and kind of change."""
    table = load_experiment("printed").sort_values("value")
    return {
        key: rows[["value", "goldfish"]].to_numpy().T
        for key, rows in table.groupby(["image", "change"])
    }


@explorer(
    image=choice(PRINTS),
    change=choice(CAMERA),
    how_far=slider(-1, 1, start=0.1, step=0.05, label="from least to most"),
    presets={
        "as it was made": {"how_far": 0.0, "change": "degrees"},
        "a little turned": {"image": "plain", "change": "degrees", "how_far": 0.3},
        "made for many views": {"image": "many views", "change": "degrees", "how_far": 0.3},
        "in the dark": {"image": "many views", "change": "light", "how_far": -1.0},
    },
    size=(10, 4.4),
)
def through_a_camera(figure):
    """Does the goldfish survive a camera that turns?"""
    left, right = figure.subplots(1, 2, width_ratios=(0.9, 1.2))
    curves = camera_curves()
    picture = moving_picture(left, 224, 224, "What the camera sees")
    right.set(title="Is it a goldfish?", ylabel="P(goldfish)", xlim=(-1.06, 1.06))
    right.set_xlabel("what the camera does", labelpad=22)
    right.set(ylim=(-0.04, 1.35), xticks=[-1, 0, 1], xticklabels=["", "", ""])
    right.set_yticks([0, 0.5, 1])
    plain = moving_curve(right, BLUE, "s--", ms=6, label="made for one view")
    many = moving_curve(right, ORANGE, "o-", ms=6, label="made for many views")
    mark = moving_curve(right, INK, "o", ms=16, fillstyle="none", mew=3)
    right.legend(loc="upper left", fontsize=12, ncols=2)
    under = [(0.03, -0.06), (0.5, -0.06), (0.97, -0.06)]
    write = moving_texts(right, under, size=13, on="axes")

    def update(image, change, how_far):
        for curve, name in ((plain, "plain"), (many, "many views")):
            values, p = curves[name, change]
            curve.set_data(np.linspace(-1, 1, len(values)), p)
        values, p = curves[image, change]
        at = round((how_far + 1) / 2 * (len(values) - 1))
        value = float(values[at])
        seen = view(prints()[image], **{change: value})[0].permute(1, 2, 0).numpy()
        picture.set_data(np.rint(255 * seen).astype(np.uint8))
        mark.set_data([-1 + 2 * at / (len(values) - 1)], [p[at]])
        words, unit = CAMERA[change]
        ends = values[[0, len(values) // 2, -1]]
        left_end, between, right_end = (f"{end:.3g}{unit}".replace("-", "−") for end in ends)
        write([left_end, f"{words} {between}", right_end])
        return f"{words} {value:.3g}{unit}: P(goldfish) = {p[at]:.3f}"

    return update


# --- A detector -----------------------------------------------------------------------------------

SUSPECTS = {  # the name here, and in the table
    "PGD, L∞ 0.2": "pgd linf 0.2", "PGD, L2 2": "pgd l2 2", "PGD, L2 3": "pgd l2 3",
    "Carlini–Wagner": "carlini wagner", "noise, L∞ 0.2": "noise", "knows it, L2 2": "aware l2 2",
    "knows it, L2 3": "aware l2 3",
}  # fmt: skip
BINS = np.linspace(0, 2, 21)


@cache
def detector_scores():
    """Return the scores of clean images, and by attack those of the images that fool."""
    table = load_experiment("squeezing_scores")
    kept = table[table["fooled"].astype(bool) | table["kind"].isin(["clean", "noise"])]
    return {kind: np.sort(rows.to_numpy()) for kind, rows in kept.groupby("kind")["score"]}


@explorer(
    attack=choice(SUSPECTS),
    threshold=slider(0, 2, start=1, step=0.05),
    presets={
        "it does not know": {"attack": "PGD, L2 3", "threshold": 0.5},
        "the smallest changes": {"attack": "Carlini–Wagner", "threshold": 0.5},
        "it knows the detector": {"attack": "knows it, L2 3", "threshold": 0.5},
    },
    size=(10, 4.4),
)
def detector(figure):
    """Can one see that an image was attacked?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    scores = detector_scores()
    left.set(title="How much the filters change its mind", ylabel="share of the images")
    left.set(xlabel="score", xlim=(-0.04, 2.04), ylim=(0, 1.02))
    honest = moving_polygons(left, facecolors=BLUE, alpha=0.55, label="not attacked")
    attacked = moving_polygons(left, facecolors=ORANGE, alpha=0.55, label="as chosen")
    border = moving_lines(left, colors=INK, linewidths=3)
    left.legend(loc="upper right")
    right.set(title="Every threshold (ROC)", xlabel="false alarms", ylabel="detected")
    right.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
    right.plot([0, 1], [0, 1], "--", color=GREY, lw=1.5)
    roc = moving_curve(right, ORANGE, lw=3)
    mark = moving_curve(right, INK, "o", ms=14)

    def update(attack, threshold):
        clean, bad = scores["clean"], scores[SUSPECTS[attack]]
        honest.set_verts([_histogram(clean)])
        attacked.set_verts([_histogram(bad)])
        border.set_segments([[(threshold, 0), (threshold, 1.02)]])
        truth = np.r_[np.zeros(len(clean)), np.ones(len(bad))]
        both = np.r_[clean, bad]
        alarms, detected = _roc(truth, both)
        roc.set_data(alarms, detected)
        rates = np.mean(clean > threshold), np.mean(bad > threshold)
        mark.set_data(*np.reshape(rates, (2, 1)))
        what = "noisy images" if "noise" in attack else "images that fool the network"
        return (
            f"above {threshold:.2f} it gives the alarm: {rates[1]:.0%} of the {len(bad)} {what}, "
            f"{rates[0]:.0%} of those not attacked; area under the ROC "
            f"{roc_auc(truth, both, 1):.2f}"
        )

    return update


def _roc(truth, scores):
    """Return the false alarms and the detected share at every threshold."""
    return roc_curve(truth, scores, 1)[:2]


def _histogram(values):
    """Return the outline of the shares of the values in BINS, (n, 2)."""
    shares = np.histogram(values, BINS)[0] / len(values)
    tops = np.column_stack([BINS.repeat(2)[1:-1], shares.repeat(2)])
    return np.vstack([(BINS[0], 0), tops, (BINS[-1], 0)])


# --- Trained on attacks ---------------------------------------------------------------------------

TRAINED = {  # the name here, in the table, and of the network that ships with the course
    "as usual": ("nothing", "cnn"),
    "on FGSM": ("fgsm linf", "fgsm_cnn"),
    "on PGD, L∞ 0.3": ("pgd linf", "robust_cnn"),
    "on PGD, L2 2": ("pgd l2", "robust_l2"),
}
GRID = {  # ε, as many for both, so that each place of the slider is another attack
    "linf": np.array([0, 0.05, 0.1, 0.2, 0.3, 0.35, 0.4]),
    "l2": np.array([0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]),
}
SAMPLES, SAMPLE_STEPS = 4, 7


@cache
def robust_curves():
    """Return the mean accuracy under PGD at each ε of GRID, by (way of training, norm)."""
    table = load_experiment("adversarial_training")
    clean = table[table["attack"] == "none"].groupby("trained")["accuracy"].mean()
    hit = table[table["attack"] == "pgd"]
    means = hit.groupby(["trained", "norm", "epsilon"])["accuracy"].mean()
    return {
        (name, norm): np.r_[clean[row], [means[row, norm, e] for e in GRID[norm][1:]]]
        for name, (row, _) in TRAINED.items()
        for norm in GRID
    }


@cache
def robust_samples(trained, norm):
    """Attack four digits at each ε of GRID: (images, (ε, 4, 28, 28), what the network says)."""
    network = load_digit_network(TRAINED[trained][1])
    images, labels = digit_images("test")
    x, y = torch.from_numpy(images[:SAMPLES]), torch.from_numpy(labels[:SAMPLES])
    found = torch.stack([
        pgd(network, x, y, float(epsilon), norm, steps=SAMPLE_STEPS) for epsilon in GRID[norm]
    ])  # fmt: skip
    said = probabilities(network, found.flatten(0, 1)).argmax(axis=1)
    return found[:, :, 0].numpy(), said.reshape(len(found), SAMPLES)


@explorer(
    trained=choice(TRAINED),
    norm=choice(NORMS),
    strength=int_slider(0, 6, start=3, label="size of the attack"),
    presets={
        "as usual, L∞": {"trained": "as usual", "norm": "L∞", "strength": 3},
        "the attack it saw": {"trained": "on PGD, L∞ 0.3", "norm": "L∞", "strength": 4},
        "larger than it saw": {"trained": "on PGD, L∞ 0.3", "norm": "L∞", "strength": 6},
        "another ball": {"trained": "on PGD, L∞ 0.3", "norm": "L2", "strength": 6},
        "one step only": {"trained": "on FGSM", "norm": "L∞", "strength": 4},
    },
    size=(10, 4.4),
)
def trained_on_attacks(figure):
    """What does a network learn from the attacks on it?"""
    left, right = figure.subplots(1, 2, width_ratios=(1.45, 1))
    curves, labels = robust_curves(), digit_images("test")[1][:SAMPLES]
    for pair in product(TRAINED, GRID):
        robust_samples(*pair)
    left.set(title="Still read rightly under PGD", ylabel="accuracy")
    left.set_xlabel("size of the attack, ε", labelpad=22)
    left.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.45), xticks=[0, 0.5, 1], xticklabels=[""] * 3)
    left.set_yticks([0, 0.5, 1])
    lines = [
        moving_curve(left, color, f"{shape}-", ms=8, label=name)
        for name, color, shape in zip(TRAINED, CLASS_COLORS, CLASS_SHAPES, strict=False)
    ]
    mark = moving_curve(left, INK, "o", ms=17, fillstyle="none", mew=3)
    write = moving_texts(left, [(0.03, -0.06), (0.5, -0.06), (0.97, -0.06)], size=13, on="axes")
    left.legend(loc="upper left", ncols=2, fontsize=12)
    sheet = moving_picture(right, 57, 57, "Attacked, and what it says")
    size = moving_texts(right, [(0.5, -0.06)], size=15, on="axes")
    places = [(29 * (k % 2) + 23, 29 * (k // 2) + 23.5) for k in range(SAMPLES)]
    ok = moving_texts(right, places, color=BLUE, size=24, weight="bold")
    wrong = moving_texts(right, places, color=ORANGE, size=24, weight="bold")

    def update(trained, norm, strength):
        kind = NORMS[norm]
        ticks = GRID[kind]
        for name, line in zip(TRAINED, lines, strict=True):
            line.set_data(ticks / ticks[-1], curves[name, kind])
        epsilon, accuracy = ticks[strength], curves[trained, kind][strength]
        mark.set_data([epsilon / ticks[-1]], [accuracy])
        size([f"{norm}, ε = {epsilon:g}"])
        write([f"{norm} {value:.2g}" for value in (0, ticks[-1] / 2, ticks[-1])])
        images, said = (array[strength] for array in robust_samples(trained, kind))
        sheet.set_data(paper(montage(images, 2)))
        ok([str(k) if k == true else "" for k, true in zip(said, labels, strict=True)])
        wrong([str(k) if k != true else "" for k, true in zip(said, labels, strict=True)])
        four = " (the network of section 1)" if trained == "as usual" else ""
        return (
            f"trained {trained}, PGD with {norm} {epsilon:g}: {accuracy:.0%} are read rightly; "
            f"of the four{four}, after {SAMPLE_STEPS} steps, {np.sum(said == labels)}"
        )

    return update
