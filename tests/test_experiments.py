"""Stored experiments: what is there is read, what is best is chosen by validation alone."""

import numpy as np
import pandas as pd
import pytest

from course_lib.experiments import EXPERIMENTS, at_best, load_experiment, summary


@pytest.mark.parametrize("path", sorted(EXPERIMENTS.glob("*.csv")), ids=lambda path: path.stem)
def test_a_table_is_read_whole_and_its_first_line_says_how_it_was_made(path):
    first, *lines = path.read_text("utf-8").splitlines()
    assert first.startswith("# ")
    assert "numpy" in first
    assert len(load_experiment(path.stem)) == len(lines) - 1


@pytest.mark.parametrize("path", sorted(EXPERIMENTS.glob("*.npz")), ids=lambda path: path.stem)
def test_arrays_are_read_by_name_without_pickle(path):
    arrays = load_experiment(path.stem)
    assert arrays
    assert all(isinstance(array, np.ndarray) for array in arrays.values())


def test_what_is_not_stored_is_said():
    with pytest.raises(FileNotFoundError, match="nothing is missing: a script in data/experiments"):
        load_experiment("nothing")


def test_the_best_setting_of_each_group_is_the_one_with_the_best_mean():
    table = pd.DataFrame(
        [
            ("a", 1, 0.5, 7),
            ("a", 1, 0.7, 8),
            ("a", 2, 0.9, 9),
            ("a", 2, 0.1, 10),
            ("b", 1, 0.2, 11),
        ],
        columns=["group", "rate", "dev", "test"],
    )
    assert at_best(table, ["group"], "rate", "dev").test.tolist() == [7, 8, 11]


def test_the_best_rate_is_chosen_by_validation_alone():
    table = pd.DataFrame(
        {
            "depth": [1, 1, 1, 1, 2, 2],
            "learning_rate": [0.1, 0.1, 0.2, 0.2, 0.1, 0.2],
            "validation": [0.5, 0.7, 0.6, 0.7, 0.3, 0.2],
            "test": [9.0, 9.0, 1.0, 1.0, 1.0, 4.0],
        }
    )
    best = at_best(table, ["depth"], "learning_rate", "validation", least=True)
    assert best["test"].tolist() == [9.0, 9.0, 4.0]
    means = summary(best, "depth", "validation").set_index("depth")
    assert means.loc[1, "mean"] == pytest.approx(0.6)
    assert means.loc[1, "error"] == pytest.approx(0.1)  # s/√n with s = 0.1414
    assert means.loc[1, "trainings"] == 2
