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
    exponent = uniform(math.log(as_number(low, "low", above=0)), math.log(as_number(high, "high")))
    return lambda random: math.exp(exponent(random))


def one_minus(draw):
    """1 minus what `draw` gives: `one_minus(log_uniform(0.001, 0.1))` is a β from 0.9 to 0.999."""
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
    random = np.random.default_rng(seed)
    trials = as_integer(trials, "trials", minimum=1)
    return [{name: draw(random) for name, draw in draws.items()} for _ in range(trials)]


# --- The search ----------------------------------------------------------------------------------


def search(score, settings, n_jobs=-1, progress=None):
    """score(**setting) for each setting: a table of settings and scores, the best first.

    `score` is a function of a module (it travels to other processes); it returns a number, the
    larger the better, or raises `DivergedError` where the loss is no longer a number: then the
    score is −∞. It runs on one thread, so that its result does not depend on where.

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
            return float(score(**setting))
        except DivergedError:
            return -math.inf
