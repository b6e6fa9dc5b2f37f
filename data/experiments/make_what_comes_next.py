"""Write the tables, networks and maps of lesson 12 that take too long for a notebook.

Run it from the root of the repository: python data/experiments/make_what_comes_next.py [name …]
Without a name it makes what is not there yet; with names it makes those anew. A run that was cut
off goes on where it was: finished rows are in NAME.part. All of it takes about half an hour of
one core; `--jobs` says how many cores work. The networks that ship with the course, plain_cnn.npz
and others, are those of seed 0; other tables need them.
"""

import copy
from functools import partial

import numpy as np
from torch import nn

from course_lib.autoencoders import STORED, flat, reconstruction_error, train_autoencoder
from course_lib.clever_hans import plant, train_hans
from course_lib.cnn import digit_mlp, load_digit_network, of_classes, save_weights
from course_lib.compression import fine_tune, prune, weights_of
from course_lib.distillation import raise_bias
from course_lib.experiments import EXPERIMENTS, load_experiment
from course_lib.few_shot import NearestClassMean, few_shot_accuracies, photo_code
from course_lib.pca import PCA, principal_angles
from course_lib.shifts import CHANGES
from course_lib.storing import grid, main
from course_lib.training import build, evaluate
from course_lib.unknown import KNOWN, NEW
from course_lib.validation import DivergedError
from course_lib.what_comes_next import (
    best_bias,
    cleaners,
    cleaning_errors,
    compress,
    digits,
    few_shots,
    forget,
    hans,
    linear_cleaners,
    marked_maps,
    network,
    never_seen,
    shifted,
    student,
    temperature,
    train_network,
)

SEEDS = range(3)

# --- Networks ------------------------------------------------------------------------------------


def small_networks(kind):
    """A small CNN, stored; its accuracy on the test digits of the classes that it saw."""
    model = train_network(kind)
    test = of_classes(*digits("test"), KNOWN) if kind == "known" else digits("test")
    yield {"test": evaluate(model, *test).accuracy}
    save_weights(model, EXPERIMENTS / f"{kind}_cnn.npz")


EPOCHS = {"walk": 40, "usual": 30, "denoising": 30, "known": 15}


def stored_autoencoders(kind):
    """An autoencoder, stored in half precision: its error on the test digits."""
    code, hidden = STORED[kind]
    X = of_classes(*digits("fit"), KNOWN)[0] if kind == "known" else digits("fit")[0]
    noise, epochs = 0.4 if kind == "denoising" else 0.0, EPOCHS[kind]
    model, _ = train_autoencoder(X, code, hidden, epochs, noise=noise)
    yield {"test": reconstruction_error(model, digits("test")[0]).mean()}
    save_weights(copy.deepcopy(model).half(), EXPERIMENTS / f"autoencoder_{kind}.npz")


def code_sizes(code, seed):
    """The reconstruction error on the test digits: PCA, a linear and a curved autoencoder."""
    X, X_test = digits("fit")[0], digits("test")[0]
    models = {
        "linear": train_autoencoder(X, code, (), 12, rate=0.005, output=nn.Identity, seed=seed)[0],
        "autoencoder": train_autoencoder(X, code, (128,), 12, seed=seed)[0],
    }
    models |= {"PCA": PCA(code).fit(flat(X))} if seed == 0 else {}
    for name, model in models.items():
        yield {"model": name, "error": reconstruction_error(model, X_test).mean()}


def linear_plane(epochs, seed):
    """A linear autoencoder beside PCA: the ratio of the errors, the angles of the planes."""
    X = digits("fit")[0][:1500]
    model, _ = train_autoencoder(X, 4, (), epochs, rate=0.005, output=nn.Identity, seed=seed)
    pca = PCA(4).fit(flat(X))
    ratio = reconstruction_error(model, X).mean() / reconstruction_error(pca, X).mean()
    directions = model.decoder[0][-1].weight.detach().numpy().T
    angles = principal_angles(directions, pca.components_)
    yield {"ratio": ratio} | {f"angle {k}": angle for k, angle in enumerate(angles, start=1)}


def cleaning():
    """What takes noise away: through 32 numbers, and without a bottleneck."""
    yield from cleaning_errors(cleaners() | linear_cleaners())


# --- Teacher and student -------------------------------------------------------------------------

RATES = (0.002, 0.008, 0.03, 0.1)
TARGETS = [("labels", 1.0), ("answers", 1.0), *(("soft", T) for T in (1.0, 4.0, 16.0))]


def distillation(n, targets, T, rate, seed, width=100):
    """A student's accuracy; no row where the rate is too large."""
    try:
        model = student(targets, n, T, rate, seed, width=width)
    except DivergedError:
        return
    yield {part: evaluate(model, *digits(part)).accuracy for part in ("dev", "test")}


def distillation_controls(**case):
    """Students from smoothed labels and shuffled soft targets; wide students."""
    yield from distillation(**case)


def never_saw_a_three(targets, T, seed):
    """A student taught with no digit 3: how often it reads a 3, before and after its bias grew."""
    model = student(targets, 7000, T, seed=seed, without=3)
    threes = of_classes(*digits("test"), [3])
    others = of_classes(*digits("test"), set(range(10)) - {3})
    for raised in (0.0, best_bias(model, 3)):
        changed = raise_bias(model, 3, raised)
        yield {
            "raised": raised,
            "threes": evaluate(changed, *threes).accuracy,
            "others": evaluate(changed, *others).accuracy,
        }


# --- Smaller -------------------------------------------------------------------------------------

SHARES = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
SETTINGS = {
    "pruning": SHARES,
    "random pruning": SHARES,
    "low rank": (2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0),
    "bits": (2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 12.0, 16.0),
}


def compression(kind, way, setting, epochs, seed):
    """A stored network made smaller, then trained a little more."""
    yield from compress(kind, way, setting, seed, epochs)


def iterative_pruning(seed):
    """Pruning in steps, with training after each; or at once, with as much training."""
    model, fit, test = load_digit_network("mlp"), digits("fit"), digits("test")
    for step, share in enumerate((0.5, 0.8, 0.9, 0.95, 0.98), start=1):
        model = fine_tune(prune(model, share), *fit, 2, seed=seed)
        at_once = fine_tune(prune(load_digit_network("mlp"), share), *fit, 2 * step, seed=seed)
        for way, tuned in (("in steps", model), ("at once", at_once)):
            accuracy = evaluate(tuned, *test).accuracy
            yield {"way": way, "share": share, "epochs": 2 * step, "test": accuracy}


def lottery(share, seed):
    """The weights that pruning keeps, trained again from their old start, and its controls."""
    make, (X, y) = partial(digit_mlp, (100,), 0.0), digits("fit")
    start = build(make, seed)
    dense = fine_tune(start, X, y, 8, 0.002, seed)
    kept = [weight != 0 for weight in weights_of(prune(dense, share))]
    random = [weight != 0 for weight in weights_of(prune(dense, share, seed=seed))]
    for name, begin, mask in (
        ("old start", start, kept),
        ("new start", build(make, 100 + seed), kept),
        ("random weights", start, random),
    ):
        model = copy.deepcopy(begin)
        for weight, there in zip(weights_of(model), mask, strict=True):
            weight.data.mul_(there)
        model = fine_tune(model, X, y, 8, 0.002, seed)
        yield {"start": name, "test": evaluate(model, *digits("test")).accuracy}
    yield {"start": "all weights", "test": evaluate(dense, *digits("test")).accuracy}


# --- Forgetting ----------------------------------------------------------------------------------

WAYS = {  # what is done, and how much of it: examples kept, strengths of the springs
    "nothing": (0,),
    "rehearsal": (10, 30, 100, 300, 1000),
    "elastic": (1, 10, 30, 100, 300, 1000, 3000, 10000),
    "joint": (0,),
}


def forgetting(tasks, way, amount, seed):
    """The accuracies on both tasks while the second one is learned; no rows where it diverges."""
    try:
        yield from forget(tasks, way, amount, seed).to_dict("records")
    except DivergedError:
        return


# --- Clever Hans ---------------------------------------------------------------------------------


def clever_hans(kind, share, seed):
    """What a network relies on whose training images had a mark, right in this share."""
    yield hans(kind, share, seed)


HANS_SHARES = (0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


def hans_maps():
    """The mean saliency of 100 marked test digits for each share, and of a network not trained."""
    models = [train_hans(share) for share in HANS_SHARES]
    models.append(build(partial(digit_mlp, (64,), 0.0)))
    maps = np.stack([marked_maps(model) for model in models])
    X, y = (array[:6] for array in digits("test"))
    return {
        "shares": np.array(HANS_SHARES),
        "maps": maps.mean(axis=1)[:-1].astype(float),
        "untrained": maps.mean(axis=1)[-1].astype(float),
        "six": maps[:-1, :6].astype(float),
        "images": plant(X, y)[:, 0].astype(float),
        "labels": y,
    }


# --- All tables ----------------------------------------------------------------------------------


def unknown(seed):
    """How well each score tells strangers from known digits."""
    yield from never_seen(seed)


def few_shot_layers(layer, shots):
    """Which layer of the ImageNet network is a good code? By the known digits of the dev set."""
    X, y = of_classes(*digits("dev"), KNOWN)
    scores = few_shot_accuracies(photo_code(X, layer), y, NearestClassMean, shots)
    yield {"mean": scores.mean(), "error": scores.std(ddof=1) / len(scores) ** 0.5}


def photo_codes():
    """The code of the test digits 7–9 in the layer that is best for the known digits."""
    table = load_experiment("few_shot_layers")
    layer = int(table.groupby("layer")["mean"].mean().idxmax())
    X, y = of_classes(*digits("test"), NEW)
    return {"codes": photo_code(X, layer).astype(float), "labels": y, "layer": np.array(layer)}


def few_shot(seed):
    """A new class from a few examples."""
    yield from few_shots(seed)


def longer_training(epochs, seed):
    """A small network after many epochs: how sure it is, upright and turned by 80 degrees."""
    model = train_network("plain", seed, epochs)
    T, learned = temperature(model), evaluate(model, *digits("fit")).accuracy
    for amount in (0.0, 80.0):
        row = {"amount": amount, "learned": learned, "temperature": T}
        yield row | shifted(model, "turned", amount, T)


def shifts(kind, seed):
    """A network under each change of the images, by its amount."""
    model = network(kind, seed)
    T = temperature(model)
    for change, (most, _, _) in CHANGES.items():
        for amount in np.linspace(0, most, 10):
            yield {"change": change, "amount": amount, "temperature": T} | shifted(
                model, change, amount, T
            )


TABLES = {
    small_networks: grid(kind=("plain", "turned", "known")),
    stored_autoencoders: grid(kind=tuple(STORED)),
    compression: [
        case
        for way, settings in SETTINGS.items()
        for case in grid(
            kind=("mlp",),
            way=(way,),
            setting=settings,
            epochs=(5,),
            seed=(0,) if way == "bits" else SEEDS,
        )
        + grid(kind=("cnn",), way=(way,), setting=settings[::2], epochs=(2,), seed=(0,))
    ],
    iterative_pruning: grid(seed=SEEDS),
    forgetting: [
        case
        for way, amounts in WAYS.items()
        for case in grid(seed=SEEDS, tasks=("split", "permuted"), way=(way,), amount=amounts)
    ],
    clever_hans: grid(seed=SEEDS, kind=("mlp",), share=HANS_SHARES)
    + grid(seed=SEEDS, kind=("cnn",), share=(0.1, 0.5, 0.9, 0.99, 1.0)),
    hans_maps: [{}],
    unknown: grid(seed=SEEDS),
    few_shot_layers: grid(layer=(8, 12, 16, 20, 24), shots=(1, 5)),
    photo_codes: [{}],
    few_shot: grid(seed=SEEDS),
    shifts: grid(seed=SEEDS, kind=("plain", "turned")),
    distillation: [
        {"n": n, "targets": targets, "T": T, "rate": rate, "seed": seed}
        for n in (300, 7000)
        for targets, T in TARGETS
        for rate in RATES
        for seed in range(5)
    ],
    distillation_controls: grid(
        n=(300,),
        targets=("smoothed", "shuffled"),
        T=(4.0,),
        rate=RATES,
        seed=range(5),
        width=(100,),
    )
    + grid(
        n=(7000,),
        targets=("labels", "soft"),
        T=(4.0,),
        rate=(0.002, 0.008, 0.03),
        seed=SEEDS,
        width=(800,),
    ),
    never_saw_a_three: [
        {"targets": targets, "T": T, "seed": seed} for targets, T in TARGETS for seed in range(5)
    ],
    code_sizes: grid(seed=SEEDS, code=(2, 4, 8, 16, 32)),
    linear_plane: grid(epochs=(30, 150), seed=SEEDS),
    cleaning: [{}],
    longer_training: grid(epochs=(2, 40), seed=SEEDS),
    lottery: grid(seed=SEEDS, share=(0.8, 0.9, 0.95, 0.98)),
}


if __name__ == "__main__":
    main(TABLES, __doc__)
