"""Hyper-parameter search: grid and random, on all cores of this machine or on a cluster.

The trials run through joblib. It uses all cores; inside `joblib.parallel_config("dask")`, with a
`dask.distributed.Client` connected, the same call runs unchanged on a cluster, which repeats what
a lost worker had begun. Lecture notes: "Tuning process".
"""

import itertools
import math

import joblib
import numpy as np
import pandas as pd
from scipy.special import bdtr
from threadpoolctl import threadpool_limits

from course_lib.validation import DivergedError, as_integer, as_number

# --- From what a trial may draw ----------------------------------------------------------------


def uniform(low, high):
    """Numbers between low and high, all equally probable: a function of a generator."""
    low, high = as_number(low, "low"), as_number(high, "high")
    if not low < high:
        raise ValueError(f"low must be below high, came {low:g} and {high:g}")
    return lambda random: float(random.uniform(low, high))


def log_uniform(low, high):
    """Positive numbers whose logarithm is uniform: 0.001 to 0.01 is as probable as 0.1 to 1.

    For what works in orders of magnitude, such as a learning rate; drawn uniformly from [10⁻⁴, 1],
    nine in ten would lie above 0.1.
    """
    low = as_number(low, "low", above=0)
    exponent = uniform(0, math.log(as_number(high, "high", above=low) / low))
    return lambda random: low * math.exp(exponent(random))


def one_minus(draw):
    """1 minus what `draw` gives: `one_minus(log_uniform(0.001, 0.1))` is a β from 0.9 to 0.999."""
    _check_draws(draw=draw)
    return lambda random: 1 - draw(random)


def one_of(options):
    """One of the options, each equally probable."""
    options = list(options)
    if not options:
        raise ValueError("options must not be empty")
    return lambda random: options[random.integers(len(options))]


# --- Which settings are tried -------------------------------------------------------------------


def grid(**values):
    """All combinations of the values: `grid(rate=[0.1, 0.01], size=[8, 16])` are four settings."""
    return [
        dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())
    ]


def draw_settings(trials, seed=0, **draws):
    """So many random settings: `draw_settings(20, rate=log_uniform(1e-4, 1))`.

    In 25 trials each hyper-parameter is tried at 25 values; a grid of 5 × 5 tries each at 5.
    Source: Bergstra, Bengio 2012, "Random search for hyper-parameter optimization".
    """
    _check_draws(**draws)
    random = np.random.default_rng(seed)
    trials = as_integer(trials, "trials", minimum=1)
    return [{name: draw(random) for name, draw in draws.items()} for _ in range(trials)]


def _check_draws(**draws):
    for name, draw in draws.items():
        if not callable(draw):
            raise TypeError(f"{name} must be drawn, as by uniform(0, 1) or one_of, came {draw!r}")


# --- The search ----------------------------------------------------------------------------------


def search(score, settings, n_jobs=-1, progress=None):
    """score(**setting) for each setting: a table of settings and scores, the best first.

    `score` is a function of a module (it travels to other processes); it returns a number, the
    larger the better. Where it raises `DivergedError`, or the number is NaN, the score is −∞. It
    runs on one thread, so that its result does not depend on where.

    `n_jobs` is joblib's: −1 means all cores, or all workers of a cluster. `progress` is called
    with a sentence after each trial.
    """
    settings = list(settings)
    if not settings:
        raise ValueError("settings must not be empty")
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator")
    scores = []
    for value in parallel(joblib.delayed(_on_one_thread)(score, setting) for setting in settings):
        scores.append(value)
        if progress:
            progress(f"trial {len(scores)} of {len(settings)}: {value:.3g}, best {max(scores):.3g}")
    table = pd.DataFrame(settings).assign(score=scores)
    return table.sort_values("score", ascending=False, kind="stable", ignore_index=True)


def _on_one_thread(score, setting):
    with threadpool_limits(1):
        try:
            value = float(score(**setting))
        except DivergedError:
            return -math.inf
    return -math.inf if math.isnan(value) else value


# --- A surface to search on ----------------------------------------------------------------------


def response(rate, other, peak, weight):
    """The accuracy that a setting would reach: a hill on the unit square, narrow in the first.

    Both coordinates are 0 … 1, on their own scales; `weight` says how much the second matters,
    from 0 (not at all) to 1 (as much as the first).
    """
    first = ((rate - peak[0]) / 0.13) ** 2
    second = weight * ((other - peak[1]) / 0.13) ** 2
    return 0.55 + 0.4 * np.exp(-first / 2 - second / 2)


def grid_points(side):
    """The points of a grid in the unit square, shape (side², 2), in the middle of its cells."""
    ticks = (np.arange(side) + 0.5) / side
    return np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)


def average_best(side, weight, ignored=0, surfaces=2000, seed=1):
    """The best accuracies that a grid and as many random trials find: means over surfaces.

    The grid has `side` values of each hyper-parameter: of the two of `response`, and of so many
    more (`ignored`) that do not matter at all. So it needs side^(2 + ignored) trials.
    """
    random, trials = np.random.default_rng(seed), side ** (2 + ignored)
    peaks = random.random((surfaces, 1, 2)).transpose(2, 0, 1)
    on_grid = response(*grid_points(side).T[:, None, :], peaks, weight).max(axis=1)
    at_random = response(*random.random((2, surfaces, trials)), peaks, weight).max(axis=1)
    return on_grid.mean(), at_random.mean()


# --- How much a choice flatters ------------------------------------------------------------------


def best_score(models, n, accuracy):
    """What the best of equal models shows on n examples: the probabilities of k right, k = 0 … n.

    Each model is right with probability `accuracy`, on its own, so P(best ≤ k) = P(one ≤ k)^models.
    `models` is a number or an array; the result has one axis more, of n + 1.
    """
    one = np.maximum(bdtr(np.arange(n + 1), n, accuracy), 1e-200)  # its powers are no NaN
    return np.diff(one ** np.asarray(models)[..., None], prepend=0.0)
