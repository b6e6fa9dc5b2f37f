"""Write what lesson 09 stores: searches and trainings too long for a notebook, half an hour.

Run it from the root of the repository:
python data/experiments/make_optimization_theory.py [name ...] [--jobs 2]
Without a name it makes what is not there yet; with names it makes those anew. It works on all
cores, or in so many `--jobs`; what a case has given is kept at once (NAME.part), so that a run that
was cut off goes on where it was. The functions are those of `course_lib.landscapes`, which run in
the lesson, too, on a few seeds.
"""

from itertools import product

import numpy as np
import torch

from course_lib import landscapes
from course_lib.curvature import hessian, hessian_vector_product, loss_of, spectral_density
from course_lib.experiments import at_best, load_experiment
from course_lib.storing import grid, main

STAGES = 0, 5, 10, 20, 40, 80, 160, 500  # updates before the search for a critical point


# --- Tables: a case gives rows --------------------------------------------------------------------


def critical_points(hidden, seed, updates):
    """Points without a slope, searched from several stages of training, for three widths."""
    return [landscapes.critical_point(hidden, seed, updates)]


def minima(hidden, seed):
    """Where L-BFGS and Newton's steps end, by the width."""
    return [landscapes.minimum(hidden, seed)]


def student_minima(teachers, neurons, seed):
    """Where students of a ReLU teacher end: the teacher itself, or a bad minimum."""
    W, losses, slopes = landscapes.fit_students(neurons, teachers, 100, seed, steps=6000)
    ended = (slopes < 1e-7) & (losses > 1e-4)
    curvatures = [landscapes.student_curvature(w) for w in W[torch.from_numpy(ended)]]
    return [
        {
            "starts": 100,
            "good": int((losses <= 1e-4).sum()),
            "bad": int((np.array(curvatures) > 1e-6).sum()),
            "bad_loss": np.median(losses[ended]) if ended.any() else np.nan,
        }
    ]


def outliers(activation, classes, updates, seed):
    """How many eigenvalues stand apart, by the number of classes."""
    loss, theta = landscapes.trained_mlp(activation, classes, updates, seed)
    top = landscapes.largest(loss, theta, 16, 1e-3)
    k, ratio = landscapes.count_outliers(top)
    row = {"loss": loss(theta).item(), "outliers": k, "ratio": ratio}
    return [row | {f"top{i}": value for i, value in enumerate(top, 1)}]


def edge_of_stability(kind, rate, seed):
    """The top eigenvalue along full-batch gradient descent, by the learning rate."""
    steps, every = (2400, 20) if kind == "squared error" else (1000, 10)
    return landscapes.edge_of_stability(kind, rate, seed, steps, every).to_dict("records")


def batch_norm_rates(layers, normalization, rate, seed):
    """Which learning rate is best on the dev set, with and without batch norm."""
    names = "training_loss", "dev_loss", "dev_error"
    found = landscapes.errors_at_rate(layers, normalization, rate, seed)
    return [dict(zip(names, found, strict=True))]


def batch_norm_landscape(layers, normalization, tuned, rate, seed):
    """The landscape along training: at each arm's best rate, at the plain net's, at a small one."""
    steps = 1000 if rate == SMALL_RATE else 200
    table = landscapes.batch_norm_arm(layers, normalization, rate, seed, steps, steps // 10)
    return table.to_dict("records")


# --- Arrays: a case gives a dictionary ------------------------------------------------------------


def spectrum_training(seed):
    """All eigenvalues along training: of one net whole, of two more what sums them up."""
    found = landscapes.spectrum_along(seed)
    values = found["eigenvalues"].astype(np.float32)
    small = 0.01 * values[:, -1:]
    summary = {
        f"losses_{seed}": found["losses"],
        f"top_{seed}": values[:, -1],
        f"negative_{seed}": (values < -1e-6 * values[:, -1:]).mean(axis=1),
        f"near_zero_{seed}": (abs(values) < small).mean(axis=1),
    }
    return found | summary | {"eigenvalues": values} if seed == 0 else summary


def spectra(net, updates):
    """Larger nets at the start and trained: Lanczos, and beside it all eigenvalues of the MLP."""
    name = f"{net}_{'start' if updates == 0 else 'trained'}"
    make = landscapes.trained_cnn if net == "cnn" else landscapes.trained_mlp
    loss, theta = make(updates) if net == "cnn" else make(net, updates=updates)
    places, shares = spectral_density(hessian_vector_product(loss, theta), len(theta), probes=20)
    found = {"places": places, "shares": shares, "top": landscapes.largest(loss, theta, 20)}
    if net != "cnn":
        found["eigenvalues"] = np.linalg.eigvalsh(hessian(loss, theta).numpy())
    found["loss"] = np.array(loss(theta).item())
    return {f"{name}_{part}": values for part, values in found.items()}


SLICE = np.linspace(-1, 1, 25)


def loss_slices(layers, normalization, rate, seed):
    """The loss in a plane through what was learned, spanned by two random filters' directions."""
    model = landscapes.relu_network(layers, normalization, seed)
    *_, model = landscapes.train_full_batch(model, rate, 200)
    loss, theta = loss_of(model, *landscapes.digits_to_learn(), training=True)
    directions = [landscapes.filter_direction(model, 100 * seed + k) for k in range(2)]
    losses = landscapes.loss_slice(loss, theta, *directions, SLICE)
    name = f"{'plain' if normalization == 'none' else 'batch'}_{layers}_{seed}"
    return {"span": SLICE, name: losses}


# --- The settings ---------------------------------------------------------------------------------


def tuned_rates():
    """Each arm's layers, normalization and rate that is best on the dev set."""
    table = load_experiment("batch_norm_rates")
    best = at_best(table, ["layers", "normalization"], "rate", "dev_error", least=True)
    arms = best[["layers", "normalization", "rate"]].drop_duplicates()
    return arms.to_dict("records")


SMALL_RATE = 0.01  # so small that 2/η = 200 is hardly ever reached


def arms_of_landscape():
    """Each arm at its own rate; batch norm at that of the plain net, too; both at a small rate."""
    own = [arm | {"tuned": True} for arm in tuned_rates()]
    others = [arm | {"normalization": "batch"} for arm in own if arm["normalization"] == "none"]
    small = [arm | {"rate": SMALL_RATE} for arm in own]
    arms = own + [arm | {"tuned": False} for arm in others + small]
    return with_seeds(arms)


def with_seeds(arms):
    """Each arm with three seeds."""
    return [arm | {"seed": seed} for arm, seed in product(arms, range(3))]


TABLES = {
    critical_points: [
        case
        for hidden, seeds in ((3, 12), (6, 32), (12, 8))
        for case in grid(hidden=(hidden,), seed=range(seeds), updates=STAGES)
    ],
    edge_of_stability: grid(
        kind=("squared error",), rate=(0.1, 0.2, 0.3, 0.4, 0.6), seed=range(3)
    ) + grid(kind=("cross-entropy",), rate=(0.5, 1.0, 2.0, 4.0), seed=range(3)),
    student_minima: [
        case
        for teachers in (4, 6, 8, 10, 12)
        for case in grid(teachers=(teachers,), neurons=range(teachers, teachers + 3), seed=range(3))
    ],
    spectrum_training: grid(seed=range(3)),
    batch_norm_rates: grid(
        layers=(2, 8), normalization=landscapes.NORMALIZATIONS,
        rate=landscapes.BATCH_NORM_RATES, seed=range(3),
    ),
    batch_norm_landscape: arms_of_landscape,
    loss_slices: lambda: with_seeds(tuned_rates()),
    minima: grid(hidden=(1, 2, 3, 4, 6, 8, 12, 16), seed=range(20)),
    outliers: grid(
        activation=("relu", "tanh"), classes=(3, 5, 10), updates=(20, 50, 500), seed=range(3)
    ),
    spectra: grid(net=("tanh", "relu", "cnn"), updates=(0, 50)),
}  # fmt: skip


if __name__ == "__main__":
    main(TABLES, __doc__)
