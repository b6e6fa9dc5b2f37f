"""The experiments of lesson 12, a seed at a time.

The lesson runs them once; `data/experiments/make_what_comes_next.py` runs them for all seeds and
settings, and stores what they give. Networks learn from the first 7,000 of the 8,000 training
digits; by the other 1,000, the dev set, settings are chosen. Seed 0 of each network is stored.
"""

from functools import cache, partial
from itertools import product

import numpy as np
import torch
from torch.nn import functional

from course_lib.autoencoders import (
    LinearDenoiser,
    flat,
    load_autoencoder,
    reconstruction_error,
    train_autoencoder,
)
from course_lib.clever_hans import cue_region, judge, plant, share_in_region, train_hans
from course_lib.cnn import (
    digit_images,
    digit_mlp,
    load_digit_network,
    of_classes,
    small_cnn,
    train_classifier,
)
from course_lib.compression import fine_tune, prune, quantize, size_in_bytes, with_low_rank
from course_lib.distillation import distil, shuffle_wrong
from course_lib.experiments import load_experiment
from course_lib.feature_visualization import smooth_saliency
from course_lib.few_shot import NearestClassMean, features, few_shot_accuracies
from course_lib.forgetting import (
    accuracy_when_told,
    elastic_penalty,
    fisher,
    learn,
    new_network,
    permuted_tasks,
    split_tasks,
    with_rehearsal,
)
from course_lib.logistic import SoftmaxRegression
from course_lib.metrics import accuracy
from course_lib.pca import PCA
from course_lib.physical_attacks import view
from course_lib.shifts import change, expected_calibration_error, fit_temperature
from course_lib.training import build, evaluate, logits
from course_lib.unknown import KNOWN, NEW, SCORES, STRANGERS, alarm_threshold, detection, strangers
from course_lib.validation import as_integer, as_option

N_FIT = 7000
FLATTENED = 7  # the layer of `small_cnn` before which all filters' maps are in one row

# --- Digits and networks -------------------------------------------------------------------------


@cache
def digits(part):
    """The images and labels to "fit", the "dev" set, or the "test" set."""
    X, y = digit_images("test" if part == "test" else "train")
    rows = {"fit": slice(N_FIT), "dev": slice(N_FIT, None), "test": slice(None)}
    rows = rows[as_option(part, "part", rows)]
    return X[rows], y[rows]


def turn_move_zoom(model, x, y):
    """Augmentation: up to ±45 degrees, ±3 pixels, and a factor between 0.7 and 1/0.7."""
    degrees, zoom, dx, dy = 2 * torch.rand(4, len(x), device=x.device) - 1
    return view(x, 45 * degrees, 0.7**zoom, 3 * dx, 3 * dy)


EPOCHS = {"plain": 8, "turned": 12, "known": 8}


def train_network(kind, seed=0, epochs=None):
    """A `small_cnn`: "plain", "turned" (its digits turned, moved, enlarged), "known" (0–6 only)."""
    epochs = epochs or EPOCHS[as_option(kind, "kind", EPOCHS)]
    X, y = of_classes(*digits("fit"), KNOWN) if kind == "known" else digits("fit")
    augment = turn_move_zoom if kind == "turned" else None
    return train_classifier(small_cnn, X, y, epochs, seed=seed, augment=augment)[0]


def network(kind, seed=0):
    """The network of seed 0 as it is stored; one with another seed is trained."""
    return load_digit_network(kind) if seed == 0 else train_network(kind, seed)


def known_autoencoder(seed=0):
    """An autoencoder of the digits 0–6; that of seed 0 is stored."""
    if seed == 0:
        return load_autoencoder("known")
    X, _ = of_classes(*digits("fit"), KNOWN)
    return train_autoencoder(X, code=16, hidden=(64,), epochs=15, seed=seed)[0]


# --- Noise, removed ------------------------------------------------------------------------------

DEVIATIONS = np.linspace(0, 1, 11)


@cache
def cleaners():
    """Three that rebuild an image from 32 numbers; all learned from the same 7,000 digits."""
    return {
        "PCA": PCA(32).fit(flat(digits("fit")[0])),
        "the usual autoencoder": load_autoencoder("usual"),
        "the denoising one": load_autoencoder("denoising"),
    }


@cache
def linear_cleaners(noise=0.4):
    """The best linear maps from digits with this noise to clean ones, by the size of the code."""
    X = digits("fit")[0]
    return {
        name: LinearDenoiser(code).fit(change(X, "noisy", noise), X)
        for name, code in (("linear, 32 numbers", 32), ("linear, no bottleneck", 784))
    }


def cleaning_errors(models, deviations=DEVIATIONS, n=500):
    """Rows: how far what each model makes of noisy test digits is from the clean ones.

    The root of the mean square over all pixels of n digits; the way "as it is" does nothing.
    """
    images = digits("test")[0][:n]
    for deviation in deviations:
        given = change(images, "noisy", deviation)
        errors = {"as it is": np.square(given - images).mean()}
        for name, model in models.items():
            errors[name] = reconstruction_error(model, given, images).mean()
        for way, error in errors.items():
            yield {"noise": deviation, "way": way, "error": error**0.5}


# --- Never seen ----------------------------------------------------------------------------------


def strangeness(classifier, autoencoder, images):
    """Each score of the images, the larger the stranger: a dictionary of arrays (n,)."""
    z = logits(classifier, images)
    return {name: score(z) for name, score in SCORES.items()} | {
        "reconstruction": reconstruction_error(autoencoder, images)
    }


def never_seen(seed=0, n=500):
    """Rows: how well each score tells each kind of stranger from known digits of the test set."""
    models = network("known", seed), known_autoencoder(seed)
    known = strangeness(*models, of_classes(*digits("test"), KNOWN)[0])
    limits = {name: alarm_threshold(scores) for name, scores in known.items()}
    for kind in STRANGERS:
        for name, scores in strangeness(*models, strangers(kind, n, seed)).items():
            yield {
                "kind": kind,
                "score": name,
                "auc": detection(known[name], scores),
                "detected": np.mean(scores > limits[name]),
            }


# --- Teacher and student -------------------------------------------------------------------------


@cache
def teacher_logits():
    """What the stored CNN says of the 7,000 digits to fit."""
    return logits(load_digit_network(), digits("fit")[0])


TARGETS = ("labels", "answers", "soft", "smoothed", "shuffled")


def student(targets, n=300, T=4.0, rate=0.008, seed=0, without=None, updates=2000, width=100):
    """A shallow student, one hidden layer, that learns from n digits.

    From their "labels"; from the teacher's "answers", its most likely class; or from its "soft"
    targets at the temperature T. Two controls: labels "smoothed" by a tenth, and soft targets with
    the wrong classes "shuffled". With `without`, the digits of that class are left out. (The
    teacher, the stored CNN, was trained on all 8,000 training digits, the dev set among them.)
    """
    as_option(targets, "targets", TARGETS)
    X, y, z = *digits("fit"), teacher_logits()
    if as_integer(n, "n", minimum=1) > N_FIT:
        raise ValueError(f"n must be at most {N_FIT}, came {n}")
    rows = np.random.default_rng((4, seed)).permutation(N_FIT)[:n]
    if without is not None:
        if without not in range(10):
            raise ValueError(f"without must be a digit from 0 to 9, came {without!r}")
        rows = rows[y[rows] != without]
    X, y, z = X[rows], y[rows], z[rows]
    make, epochs = partial(digit_mlp, (width,), 0.0), max(1, round(updates / np.ceil(len(X) / 64)))
    if targets in ("soft", "shuffled"):
        z = shuffle_wrong(z, seed) if targets == "shuffled" else z
        return distil(make, X, z, epochs=epochs, T=T, rate=rate, seed=seed)[0]
    y = z.argmax(axis=1) if targets == "answers" else y
    smoothing = 0.1 if targets == "smoothed" else 0.0
    loss = partial(functional.cross_entropy, label_smoothing=smoothing)
    return train_classifier(make, X, y, epochs, rate=rate, seed=seed, loss=loss)[0]


def best_bias(model, k, most=40.0):
    """By how much to raise the bias of class k so that the dev accuracy is the largest."""
    (X, y), raises = digits("dev"), np.linspace(0, most, 161)
    z, unit = logits(model, X), np.eye(10)[k]
    return float(max(raises, key=lambda by: np.mean((z + by * unit).argmax(axis=1) == y)))


# --- Smaller -------------------------------------------------------------------------------------


def _whole(setting):
    return as_integer(int(setting) if setting == int(setting) else setting, "setting", minimum=1)


SMALLER_BY = {  # settings: shares of the weights, ranks, bits
    "pruning": lambda model, share, seed: prune(model, share),
    "random pruning": lambda model, share, seed: prune(model, share, seed),
    "low rank": lambda model, rank, seed: with_low_rank(model, _whole(rank)),
    "bits": lambda model, bits, seed: quantize(model, _whole(bits)),
}


def compress(kind, way, setting, seed=0, epochs=5):
    """Rows: a stored network made smaller, and after a little more training; bytes and accuracy.

    On the test digits: the stored networks have been trained on the dev digits, too. A quantised
    network is not trained on: its weights would not stay on their steps.
    """
    model = SMALLER_BY[as_option(way, "way", SMALLER_BY)](load_digit_network(kind), setting, seed)
    size = size_in_bytes(model, int(setting)) if way == "bits" else size_in_bytes(model)
    for tuned in (False,) if way == "bits" else (False, True):
        model = fine_tune(model, *digits("fit"), epochs, seed=seed) if tuned else model
        test = evaluate(model, *digits("test")).accuracy
        yield {"tuned": tuned, "bytes": size, "test": test}


# --- Forgetting ----------------------------------------------------------------------------------

TASKS = {"split": cache(split_tasks), "permuted": cache(permuted_tasks)}


def forget(tasks="split", way="nothing", amount=0, seed=0, updates=400, looks=20):
    """Learn task A, then task B; a table of the accuracies on both, the old and the new, during B.

    `way`: "nothing"; "rehearsal" of `amount` kept examples of A; "elastic", with that strength;
    "joint", all of A again. The columns old_dev and new_dev are of the dev digits; "told" is the
    accuracy on A at the end if only its classes may be answered.
    """
    as_option(way, "way", ("nothing", "rehearsal", "elastic", "joint"))
    a, b = TASKS[as_option(tasks, "tasks", TASKS)]()
    model, training, penalty = new_network(seed), b.training, None
    learn(model, a.training, [], updates=updates, looks=1, seed=seed)
    if way in ("rehearsal", "joint"):
        kept = amount if way == "rehearsal" else len(a.training[0])
        training = with_rehearsal(b.training, a.training, kept, seed)
    elif way == "elastic":
        penalty = elastic_penalty(model, fisher(model, a.training[0][:500]), amount)
    watched = [
        task._replace(name=name + end, test=test)
        for task, name in ((a, "old"), (b, "new"))
        for end, test in (("", task.test), ("_dev", task.dev))
    ]
    options = {"updates": updates, "looks": looks, "penalty": penalty, "seed": 100 + seed}
    table = learn(model, training, watched, **options)
    return table.assign(told=accuracy_when_told(model, a))


def best_strengths(table):
    """The strength of "elastic" that is best on the dev digits at the end: {tasks: strength}.

    `table` is the stored one. A strength at which one of the trainings diverged is out.
    """
    end = table[(table["way"] == "elastic") & (table["update"] == table["update"].max())]
    groups = end.assign(dev=end["old_dev"] + end["new_dev"]).groupby(["tasks", "amount"])["dev"]
    means = groups.mean()[groups.size() == end["seed"].nunique()]
    return dict(means.groupby("tasks").idxmax().to_list())


# --- Clever Hans ---------------------------------------------------------------------------------


def hans(kind, share, seed=0):
    """A row: what a network relies on whose training images had a mark, right in this share.

    `judge`'s shares, and "saliency": the share of the saliency that lies where marks are.
    """
    make = small_cnn if as_option(kind, "kind", ("mlp", "cnn")) == "cnn" else None
    model = train_hans(share, seed=seed, make=make)
    return judge(model) | {"saliency": share_in_region(marked_maps(model), cue_region()).mean()}


def marked_maps(model, n=100):
    """The smooth saliency of n test digits with their right marks, (n, 28, 28), in NumPy."""
    X, y = (array[:n] for array in digits("test"))
    return smooth_saliency(model, torch.from_numpy(plant(X, y)), y, samples=10).numpy()


# --- A new class ---------------------------------------------------------------------------------


def codes(images, seed=0):
    """What a new digit may be compared in: a dictionary of arrays (n, d).

    The pixels; 16 principal components and 16 numbers of an autoencoder, both of the digits 0–6;
    what the last layer, and the first dense one, see of a CNN that learned to tell these apart; and
    what the last layer of one sees that learned nothing.
    """
    pca = PCA(16).fit(flat(of_classes(*digits("fit"), KNOWN)[0]))
    return {
        "pixels": flat(images),
        "PCA": pca.transform(flat(images)),
        "autoencoder": known_autoencoder(seed).transform(flat(images)),
        "network": features(network("known", seed), images),
        "conv layers": features(network("known", seed), images, FLATTENED),
        "random network": features(build(small_cnn, seed), images),
    }


class NewNetwork:
    """A `small_cnn` trained from nothing on a few images, with fit and score; rows are pixels."""

    def fit(self, X, y):
        """Train it, for about 300 updates."""
        images, epochs = X.reshape(-1, 1, 28, 28), round(300 / np.ceil(len(X) / 16))
        self.network, _ = train_classifier(small_cnn, images, y, epochs, batch_size=16)
        return self

    def score(self, X, y):
        """The accuracy."""
        return evaluate(self.network, X.reshape(-1, 1, 28, 28), y).accuracy


def few_shots(seed=0, shots=(1, 2, 5, 10), episodes=100):
    """Rows: 7, 8 and 9 told apart after so many shots, examples of each, in each code.

    "photographs" is `photo_code`; "new network" learns from nothing else than the few examples.
    """
    X, y = of_classes(*digits("test"), NEW)
    found = codes(X, seed) | {"photographs": load_experiment("photo_codes")["codes"]}
    arms = [(code, "nearest mean", NearestClassMean, episodes) for code in found]
    arms += [
        (code, "linear", partial(SoftmaxRegression, 1.0), episodes)
        for code in ("network", "photographs")
    ]
    arms += [("pixels", "new network", NewNetwork, episodes // 10)]
    for (code, classifier, make, n), few in product(arms, shots):
        scores = few_shot_accuracies(found[code], y, make, few, n, seed=seed)
        row = {"code": code, "classifier": classifier, "shots": few, "episodes": n}
        yield row | {"mean": scores.mean(), "error": scores.std(ddof=1) / np.sqrt(n)}


# --- When the world changes ----------------------------------------------------------------------


def temperature(model):
    """The temperature that fits the dev digits."""
    X, y = digits("dev")
    return fit_temperature(logits(model, X), y)


def shifted(model, kind, amount, T=1.0, n=1000):
    """A row: accuracy, confidence and calibration of a network on n changed test digits.

    "tempered" is the calibration error at the temperature T; "reconstruction" the mean error of the
    usual autoencoder, which sees no labels.
    """
    X, y = (array[:n] for array in digits("test"))
    X = change(X, kind, amount)
    z = torch.from_numpy(logits(model, X))
    p, tempered = z.softmax(dim=1).numpy(), (z / T).softmax(dim=1).numpy()
    return {
        "accuracy": accuracy(y, p.argmax(axis=1)),
        "confidence": p.max(axis=1).mean(),
        "calibration": expected_calibration_error(p, y),
        "tempered": expected_calibration_error(tempered, y),
        "reconstruction": reconstruction_error(load_autoencoder("usual"), X).mean(),
    }
