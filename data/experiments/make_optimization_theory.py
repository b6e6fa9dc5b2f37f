"""Write what lesson 09 stores: searches and trainings too long for a notebook, half an hour.

Run it from the root of the repository:
python data/experiments/make_optimization_theory.py [name ...] [--jobs=2]
Without a name it makes what is not there yet; with names it makes those anew. An experiment is a
list of tasks, which run side by side through joblib (all cores, or so many `--jobs`). What a task
has found is kept at once in a file beside the table (.NAME.part), so that a run that was cut off
goes on where it was. The functions are those of `course_lib.landscapes`, which run in the lesson,
too, on a few seeds.
"""

import pickle
import sys
import time
from datetime import date
from importlib.metadata import version
from itertools import product
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import torch
from threadpoolctl import threadpool_limits

from course_lib import landscapes
from course_lib.curvature import hessian, hessian_vector_product, loss_of, spectral_density
from course_lib.experiments import at_best, load_experiment

HERE = Path(__file__).parent
STAGES = 0, 5, 10, 20, 40, 80, 160, 500  # updates before the search for a critical point


# --- Tables: a task gives rows --------------------------------------------------------------------


def critical_points(hidden, seed, updates):
    """Points without a slope, searched from several stages of training, for three widths."""
    return [landscapes.critical_point(hidden, seed, updates)]


def minima(hidden, seed):
    """Where L-BFGS and Newton's steps end, by the width."""
    return [landscapes.minimum(hidden, seed)]


def student_minima(teachers, more, seed):
    """Where students of a ReLU teacher end: the teacher itself, or a bad minimum."""
    neurons = teachers + more
    W, losses, slopes = landscapes.fit_students(neurons, teachers, 100, seed, steps=6000)
    ended = (slopes < 1e-7) & (losses > 1e-4)
    curvatures = [landscapes.student_curvature(w) for w in W[torch.from_numpy(ended)]]
    return [
        {
            "teachers": teachers,
            "neurons": neurons,
            "seed": seed,
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
    row = {"activation": activation, "classes": classes, "updates": updates, "seed": seed}
    row |= {"loss": loss(theta).item(), "outliers": k, "ratio": ratio}
    return [row | {f"top{i}": value for i, value in enumerate(top, 1)}]


def edge_of_stability(kind, rate, seed):
    """The top eigenvalue along full-batch gradient descent, by the learning rate."""
    steps, every = (2400, 20) if kind == "squared error" else (1000, 10)
    table = landscapes.edge_of_stability(kind, rate, seed, steps, every)
    return table.assign(kind=kind, rate=rate, seed=seed).to_dict("records")


def batch_norm_rates(layers, normalization, rate, seed):
    """Which learning rate is best on the dev set, with and without batch norm."""
    names = "training_loss", "dev_loss", "dev_error"
    found = landscapes.errors_at_rate(layers, normalization, rate, seed)
    row = {"layers": layers, "normalization": normalization, "rate": rate, "seed": seed}
    return [row | dict(zip(names, found, strict=True))]


def batch_norm_landscape(layers, normalization, tuned, rate, seed):
    """The landscape along training: at each arm's best rate, at the plain net's, at a small one."""
    steps = 1000 if rate == SMALL_RATE else 200
    table = landscapes.batch_norm_arm(layers, normalization, rate, seed, steps, steps // 10)
    arm = {"layers": layers, "normalization": normalization, "tuned": tuned, "rate": rate}
    return table.assign(**arm, seed=seed).to_dict("records")


# --- Arrays: a task gives a dictionary ------------------------------------------------------------


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
    return {f"{'plain' if normalization == 'none' else 'batch'}_{layers}_{seed}": losses}


# --- The settings ---------------------------------------------------------------------------------


def tuned_rates():
    """(layers, normalization, rate) of each arm's best rate on the dev set."""
    table = load_experiment("batch_norm_rates")
    best = at_best(table, ["layers", "normalization"], "rate", "dev_error", least=True)
    arms = best[["layers", "normalization", "rate"]].drop_duplicates()
    return list(arms.itertuples(index=False, name=None))


SMALL_RATE = 0.01  # so small that 2/η = 200 is hardly ever reached


def arms_of_landscape():
    """Each arm at its own rate; batch norm at that of the plain net, too; both at a small rate."""
    arms = tuned_rates()
    own = [(layers, name, True, rate) for layers, name, rate in arms]
    others = [(layers, "batch", False, rate) for layers, name, rate in arms if name == "none"]
    small = [(layers, name, False, SMALL_RATE) for layers, name, _ in arms]
    return [(*arm, seed) for arm, seed in product(own + others + small, range(3))]


TASKS = {
    critical_points: lambda: [
        (hidden, seed, updates)
        for hidden, seeds in ((3, 12), (6, 32), (12, 8))
        for seed, updates in product(range(seeds), STAGES)
    ],
    edge_of_stability: lambda: [
        (kind, rate, seed)
        for kind, rates in (
            ("squared error", (0.1, 0.2, 0.3, 0.4, 0.6)),
            ("cross-entropy", (0.5, 1.0, 2.0, 4.0)),
        )
        for rate, seed in product(rates, range(3))
    ],
    student_minima: lambda: list(product((4, 6, 8, 10, 12), (0, 1, 2), range(3))),
    spectrum_training: lambda: [(seed,) for seed in range(3)],
    batch_norm_rates: lambda: list(
        product((2, 8), landscapes.NORMALIZATIONS, landscapes.BATCH_NORM_RATES, range(3))
    ),
    batch_norm_landscape: arms_of_landscape,
    loss_slices: lambda: [(*arm, seed) for arm, seed in product(tuned_rates(), range(3))],
    minima: lambda: list(product((1, 2, 3, 4, 6, 8, 12, 16), range(20))),
    outliers: lambda: list(product(("relu", "tanh"), (3, 5, 10), (20, 50, 500), range(3))),
    spectra: lambda: list(product(("tanh", "relu", "cnn"), (0, 50))),
}
ARRAYS = spectrum_training, spectra, loss_slices


# --- Running them ---------------------------------------------------------------------------------


def run(experiment, task):
    """One task on one thread: the task and what it found."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        return task, experiment(*task)


def results(experiment, jobs):
    """What all tasks found, in their order; those that were done in an earlier run are read."""
    part = HERE / f".{experiment.__name__}.part"
    done, tasks = dict(read_part(part)), TASKS[experiment]()
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    left = [task for task in tasks if task not in done]
    with part.open("ab") as file:
        for task, found in parallel(joblib.delayed(run)(experiment, task) for task in left):
            pickle.dump((task, found), file)
            file.flush()
            done[task] = found
            print(f"  {task}: {len(done)} of {len(tasks)}", flush=True)
    return [done[task] for task in tasks]


def read_part(path):
    """What an earlier run of this script kept; its last task may have been cut off."""
    if not path.exists():
        return
    with path.open("rb") as file:
        while True:
            try:
                yield pickle.load(file)
            except (EOFError, pickle.UnpicklingError):
                return


def write(experiment, found):
    """The table or the arrays of an experiment, with the date and the versions."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "torch"))
    name = HERE / experiment.__name__
    if experiment in ARRAYS:
        arrays = {key: values for some in found for key, values in some.items()}
        made = np.array(f"{date.today()}, {versions}; seeds are in the names, or 0")
        np.savez_compressed(name.with_suffix(".npz"), made=made, **compact(arrays))
        return
    table = pd.DataFrame([row for rows in found for row in rows])
    with name.with_suffix(".csv").open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"# {date.today()}, {versions}; seeds are in the column of that name\n")
        table.to_csv(file, index=False, float_format="%.7g", lineterminator="\n")


def compact(arrays):
    """float32, which has digits enough for a picture; with the ticks of the slices."""
    if any(name.startswith("plain") for name in arrays):
        arrays["span"] = SLICE
    return {
        name: values.astype(np.float32) if values.dtype == float else values
        for name, values in arrays.items()
    }


def main(arguments):
    jobs = int(next((a.removeprefix("--jobs=") for a in arguments if a.startswith("--jobs=")), -1))
    names = [a for a in arguments if not a.startswith("--")]
    known = {experiment.__name__: experiment for experiment in TASKS}
    if unknown := set(names) - set(known):
        sys.exit(f"no experiment {', '.join(unknown)}; there are {', '.join(known)}")
    for name, experiment in known.items():
        made = any((HERE / name).with_suffix(suffix).exists() for suffix in (".csv", ".npz"))
        if (names and name not in names) or (made and not names):
            continue
        print(f"{name}: {experiment.__doc__}", flush=True)
        start = time.perf_counter()
        write(experiment, results(experiment, jobs))
        (HERE / f".{name}.part").unlink()
        print(f"{name} is written after {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
