"""How the scripts in data/experiments/ run: on all cores, resumed where they were cut off, stored.

An experiment is a function that returns rows (dictionaries), or a dictionary of arrays; its cases
are the arguments that it is called with. `store` runs it for each of them.
"""

import argparse
import json
from datetime import date
from importlib.metadata import version
from itertools import chain, product

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from course_lib.experiments import EXPERIMENTS


def grid(**options):
    """All combinations, the last option the fastest: a list of dictionaries."""
    return [dict(zip(options, values, strict=True)) for values in product(*options.values())]


def made(seeds="seeds are in the column of that name, else 0"):
    """The day and the versions, for the first line of a table or for an array named "made"."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "torch"))
    return f"{date.today()}, {packages}; {seeds}"


def store(experiment, cases, jobs=-1, folder=EXPERIMENTS):
    """Run experiment(**case) for each case and write NAME.csv, or NAME.npz where it gives arrays.

    What a case gave is noted in NAME.part as soon as it is there, and found there by the next run,
    if this one is cut off. A table has the columns of the case, then those of the rows. Floats of
    arrays are stored as float32, whole numbers in as few bytes as hold them.
    """
    results = _results(experiment, cases, jobs, folder / f"{experiment.__name__}.part")
    path = folder / experiment.__name__
    if isinstance(results[0], dict):
        small = {name: _compact(values) for found in results for name, values in found.items()}
        np.savez_compressed(path.with_suffix(".npz"), made=made("seeds are in the names"), **small)
    else:
        rows = chain.from_iterable(
            [case | row for row in found] for case, found in zip(cases, results, strict=True)
        )
        with path.with_suffix(".csv").open("w", encoding="utf-8", newline="\n") as file:
            file.write(f"# {made()}\n")
            table = pd.DataFrame(rows)
            table.to_csv(file, index=False, float_format="%.6g", lineterminator="\n")
    path.with_suffix(".part").unlink()


def _compact(values):
    """An array: floats in half as many bytes, whole numbers in as few as hold them."""
    array = np.array(values)
    if array.dtype == float:
        return array.astype(np.float32)
    if array.dtype == int and array.size:
        return array.astype(np.promote_types(*map(np.min_scalar_type, (array.min(), array.max()))))
    return array


def _results(experiment, cases, jobs, part):
    """What each case gave, in their order; those that `part` holds are not run again."""
    lines = part.read_text().splitlines(keepends=True) if part.exists() else []
    lines = [line for line in lines if line.endswith("\n")]  # the last one may be cut off
    part.write_text("".join(lines))
    done = {json.dumps(case): found for case, found in map(json.loads, lines)}
    left = [case for case in cases if json.dumps(case) not in done]
    print(f"{experiment.__name__}: {len(left)} of {len(cases)} to do", flush=True)
    work = Parallel(jobs, return_as="generator_unordered")
    with part.open("a") as file:
        for line in work(delayed(_line)(experiment, case) for case in left):
            print(line, file=file, flush=True)
            case, found = json.loads(line)
            done[json.dumps(case)] = found
    return [done[json.dumps(case)] for case in cases]


def _line(experiment, case):
    """One case and what it gave, as JSON; on one thread, whatever process it runs in."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        found = experiment(**case)
    found = found if isinstance(found, dict) else list(found)
    return json.dumps([case, found], default=lambda value: value.tolist())


def main(experiments, text):
    """The command line of a script: names of experiments, or those that are not stored yet.

    `experiments` maps functions to their cases, or to a function that gives them (where they
    depend on another experiment's table). `text` is the script's own docstring.
    """
    known = {experiment.__name__: experiment for experiment in experiments}
    parser = argparse.ArgumentParser(description=text.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(known))
    parser.add_argument("--jobs", type=int, default=-1, help="processes; all cores without it")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(known):
        parser.error(f"no experiment {', '.join(unknown)}; there are {', '.join(known)}")
    for name, experiment in known.items():
        there = any((EXPERIMENTS / f"{name}.{kind}").exists() for kind in ("csv", "npz"))
        if name in arguments.names or not (arguments.names or there):
            cases = experiments[experiment]
            store(experiment, cases() if callable(cases) else cases, arguments.jobs)
