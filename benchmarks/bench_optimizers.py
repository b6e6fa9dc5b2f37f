"""How fast are the optimizers, beside torch's, and what does a step of `minimize` cost?

Run it from the root of the repository: python benchmarks/bench_optimizers.py
"""

from functools import partial

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from timing import ROUNDS, medians

from course_lib import optimizers, surfaces

PARAMETERS = 1_000_000
PAIRS = {
    "SGD": (optimizers.SGD, torch.optim.SGD, {}),
    "Momentum": (optimizers.Momentum, torch.optim.SGD, {"momentum": 0.9}),
    "Adagrad": (optimizers.Adagrad, torch.optim.Adagrad, {}),
    "RMSprop": (optimizers.RMSprop, torch.optim.RMSprop, {}),
    "Adam": (optimizers.Adam, torch.optim.Adam, {}),
    "AMSGrad": (optimizers.AMSGrad, torch.optim.Adam, {"amsgrad": True}),
    "Nadam": (optimizers.Nadam, torch.optim.NAdam, {}),
}


def compare_with_torch(name, dtype):
    """Time a step on a million parameters, ours and torch's in turn, and say how far apart."""
    ours, theirs, options = PAIRS[name]
    start = np.random.default_rng(0).normal(size=PARAMETERS).astype(dtype)
    gradient = start / 10
    point = torch.nn.Parameter(torch.tensor(start))
    point.grad = torch.tensor(gradient)
    mine, other, place = ours(0.01), theirs([point], lr=0.01, **options), [start]

    def step():
        place[0] = mine.step(place[0], gradient)

    t = medians({"ours": step, "torch": other.step})
    apart = np.abs(place[0] - point.detach().numpy()).max()
    print(
        f"{name:8} {np.dtype(dtype).name}  ours {t['ours'] * 1e3:6.2f} ms   "
        f"torch {t['torch'] * 1e3:6.2f} ms   ratio {t['ours'] / t['torch']:.2f}   "
        f"{apart:.0e} apart after {ROUNDS} steps"
    )


def what_a_walk_costs(steps=1000):
    """The microseconds of one step of `minimize` in two dimensions, the surface's part included."""
    bowl = surfaces.ravine(20)
    for kind in (optimizers.SGD, optimizers.Adam):
        walk = partial(optimizers.minimize, bowl.loss, bowl.gradient, bowl.start, kind(0.01), steps)
        seconds = medians({"walk": walk})["walk"]
        print(f"minimize with {kind.__name__:5} {seconds / steps * 1e6:5.1f} µs a step")


def main():
    torch.set_num_threads(1)
    with threadpool_limits(1):
        print(f"One thread, a million parameters, medians of {ROUNDS} rounds, in turn.")
        for dtype in (np.float32, np.float64):
            for name in PAIRS:
                compare_with_torch(name, dtype)
        what_a_walk_costs()


if __name__ == "__main__":
    main()
