"""How the benchmarks measure time: it is no benchmark itself."""

import time

import numpy as np

ROUNDS = 15


def medians(jobs, rounds=ROUNDS, repeat=1):
    """Median seconds of each job, in rounds A B A B, so that a drifting clock hits all alike.

    `jobs` maps names to functions without arguments; in a round each runs `repeat` times.
    """
    seconds = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            start = time.perf_counter()
            for _ in range(repeat):
                job()
            seconds[name].append((time.perf_counter() - start) / repeat)
    return {name: float(np.median(values)) for name, values in seconds.items()}
