"""What the scripts in data/experiments/ have stored, and how a table of trainings is read."""

import numpy as np
import pandas as pd

from course_lib.datasets import DATA

EXPERIMENTS = DATA / "experiments"


def load_experiment(name):
    """A stored experiment: a DataFrame, a row a training, or a dictionary of arrays.

    data/README.md lists them, with the scripts that made them. The first line of a table says
    when and with which packages it was made.
    """
    path = EXPERIMENTS / name
    if (table := path.with_suffix(".csv")).is_file():
        return pd.read_csv(table, comment="#")
    if (arrays := path.with_suffix(".npz")).is_file():
        with np.load(arrays, allow_pickle=False) as file:
            return dict(file)
    raise FileNotFoundError(f"{name} is missing: a script in data/experiments/ makes it")


def at_best(table, by, setting, score, least=False):
    """The rows of the setting that is best, for each group of the columns `by`.

    Best is the one whose mean of the column `score`, over the seeds, is the largest; with `least`
    the smallest. What is to be reported on new data is chosen by other data: the dev set.
    `setting` is a column, too.
    """
    means = table.groupby([*by, setting])[score].mean()
    groups = means.groupby(by)
    best = means.loc[groups.idxmin() if least else groups.idxmax()]
    return table.merge(best.reset_index()[[*by, setting]])


def summary(table, by, value):
    """The mean of `value` in each group, its standard error s/√n, and the number of trainings.

    `by` is the name of a column, or a list of names.
    """
    groups = table.groupby(by, sort=False)[value]
    return groups.agg(mean="mean", error="sem", trainings="count").reset_index()
