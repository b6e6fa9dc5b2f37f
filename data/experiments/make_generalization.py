"""Write the tables of lesson 10 that take too long for a notebook: half an hour on one core.

Run it from the root of the repository: python data/experiments/make_generalization.py [name ...]
Without a name it makes what is not there yet, with names it makes those anew. It works on all cores
(`--jobs 1`: on one), and notes each training in NAME.part as soon as it is done: a run that was cut
off goes on from there. A row of a table is one training, or one look at it, by the functions of
`course_lib.memorisation` and `course_lib.flatness`, which the lesson runs, too.

Learning rates and strengths are chosen on the dev digits by who reads a table: so all of them are
in it. The test digits choose nothing.
"""

from itertools import product

import numpy as np

from course_lib import flatness, memorisation
from course_lib.deep_training import small_digits
from course_lib.experiments import load_experiment
from course_lib.storing import grid, main
from course_lib.validation import DivergedError

SHARES = (0.0, 0.2, 0.5, 1.0)
RATES = {  # by batch size: a larger one stands larger steps
    8: (0.025, 0.05, 0.1, 0.2),
    32: (0.05, 0.1, 0.2, 0.4),
    128: (0.05, 0.1, 0.2, 0.4, 0.8),
    500: (0.05, 0.1, 0.2, 0.4, 0.8),
}
BUDGETS = {  # batch size and updates; 500 digits, so an epoch with batches of 8 has 63
    "8, 60 epochs": (8, 60 * 63),
    "500, 60 epochs": (500, 60),
    "500, as many updates": (500, 60 * 63),
}


def random_labels(share, n, learning_rate, seed):
    """How long it takes to learn labels of which some are random, and what is learned thereby."""
    last = memorisation.memorise(share, n, rate=learning_rate, seed=seed).iloc[-1]
    return [last.rename({"update": "updates"}).to_dict()]


def random_labels_curves(share, seed):
    """The same, look by look: 1,000 digits."""
    table = memorisation.memorise(share, 1000, rate=0.03, seed=seed, epochs=60, stop=False)
    return table.to_dict("records")


def double_descent(seed):
    """Least squares on random features of 200 digits, a fifth of the labels random."""
    return memorisation.descend_twice(alphas=memorisation.ALPHAS, seed=seed).to_dict("records")


def network_double_descent(width, noise, seed):
    """Trained networks of one hidden layer, narrow and wide, on 300 digits."""
    table = memorisation.memorise(noise, 300, width, 0.03, seed, epochs=400, every=50, stop=False)
    return table.assign(parameters=(196 + 1) * width + (width + 1) * 10).to_dict("records")


def trained_nets(noise, width, batch, rate, seed):
    """The grid: networks that were trained to the same loss, and their measures."""
    try:
        model, X, y, updates = flatness.train_net(
            batch, rate, width, noise, seed, updates=int(600 / rate)
        )
    except DivergedError:
        return []
    return [{"updates": updates, **flatness.examine(model, X, y)}]


def batch_budgets(noise, arm, rate, seed):
    """Small and large batches: as many epochs, or as many updates."""
    batch, updates = BUDGETS[arm]
    try:
        model, X, y, _ = flatness.train_net(batch, rate, 32, noise, seed, updates, goal=0)
    except DivergedError:
        return []
    return [{"batch": batch, "updates": updates, **flatness.examine(model, X, y)}]


def what_helps(noise, remedy, strength, rate, seed):
    """Remedies against overfitting, each with its strengths and learning rates."""
    try:
        return [flatness.learn(remedy, strength, rate, noise, seed)]
    except DivergedError:  # as good as guessing
        names = "training", "dev", "test", "early_update", "early_dev", "early"
        return [dict.fromkeys(names, 0.9)]


def what_lasts(seed, remedy):
    """The strength and rate that are best for 2,000 updates, for 8,000: look by look."""
    best = flatness.remedied(load_experiment("what_helps"))
    ((strength, rate),) = best[best.remedy == remedy][["strength", "rate"]].drop_duplicates().values
    looks = flatness.learning(remedy, strength, rate, 0.2, seed, updates=8000, every=200)
    return looks.assign(strength=strength, rate=rate).to_dict("records")


def slices():
    """The loss between small-batch and large-batch solutions, with the rates of the grid."""
    best, arrays = flatness.at_tuned_rate(load_experiment("trained_nets")), {}
    test = small_digits(7000).test
    rates = best.groupby(["noise", "width", "batch"])["rate"].first()
    places = np.linspace(-1, 2, 61)
    for noise, seed in product((0.0, 0.2), range(3)):
        small, X, y, _ = flatness.train_net(8, rates[noise, 32, 8], 32, noise, seed)
        large, *_ = flatness.train_net(500, rates[noise, 32, 500], 32, noise, seed)
        parts = {"training": (X, y), "test": test}
        for name, values in flatness.slice_between(small, large, parts, places).items():
            arrays[name if name == "t" else f"noise_{noise:g}_seed_{seed}_{name}"] = values
        norms = [flatness.flatness(model, X, y)["norm"] for model in (small, large)]
        arrays[f"noise_{noise:g}_seed_{seed}_norms"] = np.array(norms)
    return arrays


TABLES = {
    random_labels_curves: grid(seed=range(5), share=SHARES),
    double_descent: grid(seed=range(20)),
    random_labels: grid(
        seed=range(3), n=(300, 1000), learning_rate=(0.03, 0.1), share=SHARES
    ),
    network_double_descent: grid(
        seed=range(4), noise=(0.2,),
        width=(1, 2, 3, 4, 6, 8, 10, 12, 16, 24, 32, 64, 128, 256),
    ),
    trained_nets: [
        {"seed": seed, "noise": noise, "width": width, "batch": batch, "rate": rate}
        for seed, noise, width, batch in product(range(6), (0.0, 0.2), (32, 128), RATES)
        for rate in RATES[batch]
    ],
    what_helps: [
        {"noise": noise, "seed": seed, "remedy": remedy, "strength": strength, "rate": rate}
        for noise, seed, remedy in product((0.2,), range(5), flatness.REMEDIES)
        for strength, rate in product(flatness.REMEDIES[remedy], (0.01, 0.03, 0.1, 0.3))
    ],
    what_lasts: grid(seed=range(5), remedy=tuple(flatness.REMEDIES)),
    batch_budgets: [
        {"seed": seed, "noise": noise, "arm": arm, "rate": rate}
        for seed, noise, arm in product(range(6), (0.0, 0.2), BUDGETS)
        for rate in RATES[BUDGETS[arm][0]]
    ],
    slices: [{}],
}  # fmt: skip


if __name__ == "__main__":
    main(TABLES, __doc__)
