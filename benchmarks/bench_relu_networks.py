"""How fast are pieces counted exactly, beside a grid; and a ReLU network, beside torch's?

Run it from the root of the repository: python benchmarks/bench_relu_networks.py
"""

from functools import partial

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from timing import medians

from course_lib.depth import Regressor, regression_data
from course_lib.explorers.why_deep import facets, motif
from course_lib.networks import train
from course_lib.optimizers import Adam
from course_lib.relu_networks import (
    count_by_grid,
    count_regions,
    fold_net,
    lines_in_general_position,
    most_regions,
    multiply_net,
    random_network,
)

ROUNDS = 7


def exact_or_grid():
    """Count the pieces of three networks: by polygons, and by looking at a grid of points."""
    for sizes in ((2, 40, 1), (2, 16, 16, 1), (2, 12, 12, 12, 1)):
        network = random_network(sizes)
        jobs = {"polygons": lambda n=network: count_regions(n)}
        for side in (100, 500):
            jobs[f"grid {side}²"] = lambda n=network, s=side: count_by_grid(n, s)
        seconds = medians(jobs, rounds=ROUNDS)
        found = "   ".join(
            f"{name} {t * 1e3:8.1f} ms {jobs[name]():5}" for name, t in seconds.items()
        )
        print(f"{'-'.join(map(str, sizes)):12} {found}")
    network, box = lines_in_general_position(200), ((-1e4, 1e4), (-1e4, 1e4))
    seconds = medians({"": lambda: count_regions(network, box)}, rounds=3)[""]
    right = count_regions(network, box) == most_regions(200)
    print(f"200 lines: {seconds * 1e3:.0f} ms, as many pieces as the formula says: {right}")


def as_torch(network):
    """The same network in torch, in float64."""
    layers = []
    for W, b in network.layers:
        layer = torch.nn.Linear(W.shape[1], W.shape[0], dtype=torch.float64)
        layer.weight.data, layer.bias.data = torch.tensor(W), torch.tensor(b)
        layers += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def beside_torch():
    """The values of networks built by hand at 10,000 points, ours and torch's in turn."""
    x = np.random.default_rng(0).uniform(-1, 1, (10_000, 2))
    points = torch.tensor(x)
    for name, network in (("multiply, m = 10", multiply_net(10)), ("6 folds", fold_net(6))):
        theirs = as_torch(network)
        with torch.no_grad():
            t = medians({"ours": lambda n=network: n(x), "torch": lambda n=theirs: n(points)})
            gap = np.abs(network(x) - theirs(points).numpy()).max()
        print(
            f"{name:17} ours {t['ours'] * 1e3:7.2f} ms   torch {t['torch'] * 1e3:7.2f} ms   "
            f"ratio {t['ours'] / t['torch']:.2f}   values {gap:.0e} apart"
        )


def an_epoch_of_regression():
    """An epoch of 1,000 points in batches of 64, four layers of 19: ours and torch eager."""
    X, y = regression_data("rings", 1000, 0)
    ours, sizes = Regressor((2, 19, 19, 19, 19, 1)), (2, 19, 19, 19, 19, 1)
    theirs = as_torch(random_network(sizes))
    optimizer = torch.optim.Adam(theirs.parameters(), 0.01)
    points, targets = torch.tensor(X), torch.tensor(y)[:, None]

    def epoch():
        for batch in torch.randperm(1000).split(64):
            loss = torch.nn.functional.mse_loss(theirs(points[batch]), targets[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    t = medians({"ours": lambda: train(ours, X, y, Adam(0.01), 1), "torch": epoch})
    print(
        f"an epoch: ours {t['ours'] * 1e3:.1f} ms   torch {t['torch'] * 1e3:.1f} ms   "
        f"ratio {t['ours'] / t['torch']:.2f}"
    )


def what_an_explorer_waits_for():
    """The costs of one move of a slider in lesson 08."""
    networks = {
        "2 layers of 6": random_network([2, 6, 6, 1]),
        "4 layers of 10": random_network([2, 10, 10, 10, 10, 1]),
        "3 folds": fold_net(3, 30).then(motif()),
    }
    jobs = {name: partial(facets, network) for name, network in networks.items()}
    for name, seconds in medians(jobs).items():
        print(f"facets of {name:15} {seconds * 1e3:6.2f} ms")


def main():
    torch.set_num_threads(1)
    with threadpool_limits(1):
        print(
            "One thread, medians, ours and the other in turn. Time, and how many pieces are found:"
        )
        exact_or_grid()
        beside_torch()
        an_epoch_of_regression()
        what_an_explorer_waits_for()


if __name__ == "__main__":
    main()
