"""Attacks beside torchattacks, foolbox and AutoAttack: how strong, and how fast?

Run it from the root of the repository: python benchmarks/bench_attacks.py [number of images]
The peers are compared where they are installed (pip install torchattacks foolbox); AutoAttack is
that of torchattacks. Strength is the robust accuracy, the share of the test digits that are still
read rightly (the less, the stronger the attack); for Carlini–Wagner the share fooled and the median
length of the change. With 500 images and all peers it takes an hour, with 50 some minutes.
"""

import sys
from functools import partial
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from timing import medians

from course_lib.attacks import carlini_wagner, distance, fgsm, fooled, pgd
from course_lib.cnn import digit_images, load_digit_network

BALLS = (("linf", 0.1), ("linf", 0.3), ("l2", 0.5), ("l2", 1.0))
STEPS, RESTARTS = 40, 20
CW_STEPS, CW_SEARCHES, CW_RATE = 200, 6, 0.1


def of_the_course(norm, epsilon):
    """Our attacks, by name: functions of (model, x, y) that return images."""
    ball = {"epsilon": epsilon, "norm": norm}
    return {"FGSM": partial(fgsm, **ball), "PGD": partial(pgd, **ball, steps=STEPS)}


def of_torchattacks(norm, epsilon):
    """Theirs; a fast gradient method for L2 they have not."""
    ta = import_module("torchattacks")
    pace = {"eps": epsilon, "alpha": 2.5 * epsilon / STEPS, "steps": STEPS, "random_start": False}
    many = ta.PGD if norm == "linf" else ta.PGDL2
    attacks = {"PGD": lambda model, x, y: many(model, **pace)(x, y)}
    if norm == "linf":
        attacks["FGSM"] = lambda model, x, y: ta.FGSM(model, eps=epsilon)(x, y)
    return attacks


def of_foolbox(norm, epsilon):
    """Theirs."""
    fb = import_module("foolbox.attacks")
    one = fb.LinfFastGradientAttack if norm == "linf" else fb.L2FastGradientAttack
    many = fb.LinfPGD if norm == "linf" else fb.L2PGD
    pgd40 = many(rel_stepsize=2.5 / STEPS, steps=STEPS, random_start=False)
    return {"FGSM": with_foolbox(one(), epsilon), "PGD": with_foolbox(pgd40, epsilon)}


def with_foolbox(attack, epsilon=None):
    """A function of (model, x, y) that returns what an attack of foolbox finds."""
    wrap = import_module("foolbox").PyTorchModel
    return lambda model, x, y: attack(wrap(model, (0, 1)), x, y, epsilons=epsilon)[1]


LIBRARIES = {"ours": of_the_course}
if find_spec("torchattacks"):
    LIBRARIES["torchattacks"] = of_torchattacks
if find_spec("foolbox"):
    LIBRARIES["foolbox"] = of_foolbox


def race(jobs, model, x, y, rounds):
    """What each attack found, and its median seconds: two dictionaries by name."""
    found = {}

    def job(name, attack):
        found[name] = attack(model, x, y).detach()

    return found, medians({name: partial(job, name, run) for name, run in jobs.items()}, rounds)


def robust(model, found, y):
    """The share that is still read rightly, in percent."""
    return 100 * float((~fooled(model, found, y)).double().mean())


def compare_balls(kind, model, x, y):
    """FGSM and PGD, in each ball, by all libraries."""
    for norm, epsilon in BALLS:
        attacks = {name: make(norm, epsilon) for name, make in LIBRARIES.items()}
        for attack, rounds in (("FGSM", 5), ("PGD", 1)):
            jobs = {name: runs[attack] for name, runs in attacks.items() if attack in runs}
            found, seconds = race(jobs, model, x, y, rounds)
            said = (f"{name} {robust(model, found[name], y):.1f} % {seconds[name]:.2f} s"
                    for name in jobs)  # fmt: skip
            print(f"{kind}, {norm} {epsilon}, {attack}: {', '.join(said)}", flush=True)


def compare_strongest(kind, model, x, y):
    """PGD with restarts, with both losses, beside AutoAttack."""
    for norm, epsilon in BALLS:
        pace = {"epsilon": epsilon, "norm": norm, "steps": STEPS, "restarts": RESTARTS}
        pace["step_size"] = epsilon / 4  # larger than usual: it jumps out of flat places
        jobs = {loss: partial(pgd, **pace, loss=loss) for loss in ("cross_entropy", "margin")}
        if find_spec("torchattacks"):
            ball = {"norm": "Linf" if norm == "linf" else "L2", "eps": epsilon}
            jobs["AutoAttack"] = partial(auto_attack, **ball)
        found, seconds = race(jobs, model, x, y, 1)
        said = (f"{name} {robust(model, found[name], y):.1f} % {seconds[name]:.0f} s"
                for name in jobs)  # fmt: skip
        print(f"{kind}, {norm} {epsilon}, {RESTARTS} restarts: {', '.join(said)}", flush=True)


def auto_attack(model, x, y, **ball):
    """That of torchattacks."""
    return import_module("torchattacks").AutoAttack(model, **ball, seed=0)(x, y)


def compare_carlini_wagner(kind, model, x, y):
    """Carlini–Wagner with a search over c, the same number of steps; and without a search."""
    ours = partial(carlini_wagner, steps=CW_STEPS, rate=CW_RATE)
    jobs = {
        "ours": partial(ours, searches=CW_SEARCHES),
        "ours, one c": partial(ours, searches=1),
    }
    if find_spec("foolbox"):
        Theirs = import_module("foolbox.attacks").L2CarliniWagnerAttack
        search = {"steps": CW_STEPS, "binary_search_steps": CW_SEARCHES, "initial_const": 1.0}
        for rate in (CW_RATE, 0.01):
            jobs[f"foolbox, rate {rate}"] = with_foolbox(Theirs(**search, stepsize=rate))
    if find_spec("torchattacks"):
        CW = import_module("torchattacks").CW
        jobs["torchattacks, one c"] = lambda model, x, y: CW(
            model, c=1.0, steps=CW_STEPS, lr=CW_RATE
        )(x, y)
    found, seconds = race(jobs, model, x, y, 1)
    for name in jobs:
        won = fooled(model, found[name], y)
        length = float(np.median(distance(found[name], x, "l2")[won]))
        print(f"{kind}, Carlini–Wagner, {name}: {100 * won.double().mean():.1f} % fooled, "
              f"median length {length:.3f}, {seconds[name]:.1f} s", flush=True)  # fmt: skip


def main(n=50):
    torch.set_num_threads(1)
    x, y = (torch.from_numpy(part[:n]) for part in digit_images("test"))
    for kind in ("cnn", "robust_cnn"):
        model = load_digit_network(kind)
        compare_balls(kind, model, x, y)
        compare_carlini_wagner(kind, model, x, y)
        compare_strongest(kind, model, x, y)


if __name__ == "__main__":
    with threadpool_limits(1):
        main(*map(int, sys.argv[1:]))
