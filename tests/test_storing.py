"""Experiments are run for all cases, go on where they were cut off, and are stored."""

import json
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from course_lib import storing
from course_lib.storing import grid, main, store


def toy(seed):
    """An experiment of one row, and one more for each seed before."""
    toy.seen.append(seed)
    return [{"value": torch.tensor(10.0 * seed + i)} for i in range(seed + 1)]


def arrays(seed):
    """An experiment that gives arrays."""
    return {"place": np.arange(3), f"loss_{seed}": np.full((2, 2), seed / 3)}


@pytest.fixture(autouse=True)
def nothing_seen(monkeypatch):
    monkeypatch.setattr(toy, "seen", [], raising=False)


def test_a_grid_has_all_combinations_and_the_last_option_is_the_fastest():
    assert grid(a=(1, 2), b="xy") == [
        {"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, {"a": 2, "b": "y"},
    ]  # fmt: skip


def test_a_run_that_was_cut_off_goes_on_and_keeps_what_was_done(tmp_path):
    done = json.dumps([{"seed": 2}, [{"value": 0.5}]])
    (tmp_path / "toy.part").write_text(f"{done}\n{done[:20]}")  # the second was cut off
    store(toy, grid(seed=(0, 1, 2)), jobs=1, folder=tmp_path)
    assert toy.seen == [0, 1]
    table = pd.read_csv(tmp_path / "toy.csv", comment="#")
    assert table.columns.tolist() == ["seed", "value"]
    assert table.seed.tolist() == [0, 1, 1, 2]  # in the order of the cases
    assert table.value.tolist() == [0, 10, 11, 0.5]
    assert not (tmp_path / "toy.part").exists()


def test_what_was_done_before_an_error_is_kept(tmp_path):
    def fails(seed):
        if seed == 1:
            raise ValueError("the disk is full")
        return [{"value": seed}]

    with pytest.raises(ValueError, match="the disk is full"):
        store(fails, grid(seed=(0, 1)), jobs=1, folder=tmp_path)
    assert json.loads((tmp_path / "fails.part").read_text()) == [{"seed": 0}, [{"value": 0}]]
    assert not (tmp_path / "fails.csv").exists()


def test_arrays_of_all_cases_go_into_one_file_and_say_when_they_were_made(tmp_path):
    store(arrays, grid(seed=(0, 1)), jobs=2, folder=tmp_path)
    with np.load(tmp_path / "arrays.npz", allow_pickle=False) as file:
        found = dict(file)
    assert set(found) == {"made", "place", "loss_0", "loss_1"}
    assert "torch" in str(found["made"])
    assert found["place"].tolist() == [0, 1, 2]
    assert found["place"].dtype == np.uint8
    assert found["loss_1"].dtype == np.float32
    np.testing.assert_allclose(found["loss_1"], 1 / 3, rtol=1e-6)


def test_the_command_line_makes_what_is_named_or_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(storing, "EXPERIMENTS", tmp_path)
    ran = []
    monkeypatch.setattr(storing, "store", lambda experiment, cases, jobs: ran.append(
        (experiment.__name__, len(cases), jobs)
    ))  # fmt: skip
    (tmp_path / "toy.csv").touch()
    experiments = {toy: grid(seed=(0, 1)), arrays: lambda: grid(seed=(5,))}
    for arguments in ([], ["toy", "--jobs", "2"]):
        monkeypatch.setattr(sys, "argv", ["script.py", *arguments])
        main(experiments, "What a script does.")
    assert ran == [("arrays", 1, -1), ("toy", 2, 2)]


def test_an_experiment_that_is_not_there_is_said(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["script.py", "toys"])
    with pytest.raises(SystemExit):
        main({toy: []}, "What a script does.")
    assert "no experiment toys; there are toy" in capsys.readouterr().err
