"""The experiments of lesson 06 do what they say, and the stored runs come from them."""

import numpy as np
import pandas as pd
import pytest
import torch

from course_lib import deep_training as deep
from course_lib.deep_networks import deep_network
from course_lib.experiments import EXPERIMENTS, load_experiment
from course_lib.layers import Highway
from course_lib.training import build, evaluate

TABLES = {
    "clinic": 5 * 9 * 15,
    "learning_rates": 4 * 13 * 3,
    "shifted_batch_norm": 3 * 5 * 5,
    "activations": 5 * 2 * 3 * 2,
    "connections": 6 * (4 + 3 + 1) * 2,
    "few_digits": 12 * 3,
    "transfer": 2 * 7 * 3 * 3 * 5,
}


def test_the_three_parts_of_the_digits_do_not_overlap_and_share_one_scale():
    digits = deep.small_digits(1000)
    assert digits.X.shape == (1000, 196)
    assert len(digits.X_dev) == 1000
    assert len(digits.X_test) == 2000
    assert digits.X.mean() == pytest.approx(0, abs=1e-5)
    assert digits.X.std() == pytest.approx(1, abs=1e-5)
    assert abs(digits.X_dev.mean()) > 1e-4  # scaled by the training digits, not by itself
    assert not set(map(bytes, digits.X)) & set(map(bytes, digits.X_dev))


def test_more_digits_than_there_are_is_said():
    with pytest.raises(ValueError, match="at most 7,000"):
        deep.small_digits(7001)


def test_batches_use_every_example_before_any_twice():
    X, y = np.arange(120)[:, None], np.arange(120)
    drawn, labels = deep.batches_of(X, y, 7, seed=0)
    assert drawn.shape == (350, 1)
    np.testing.assert_array_equal(drawn[:, 0], labels)
    counts = np.bincount(labels)
    assert counts.min() >= 2
    assert counts.max() == 3


def test_a_patient_is_looked_at_before_and_while_it_trains_and_a_cure_helps():
    ill, cured = deep.treat("B", updates=40, looks=2), deep.treat("B", "rate × 100", 40, 2)
    assert list(cured["update"]) == [0, 20, 40]
    assert cured.iloc[0].tolist() == ill.iloc[0].tolist()
    assert cured.training.iloc[-1] < 0.6 < ill.training.iloc[-1]


@pytest.mark.parametrize("cure", deep.CURES)
def test_every_cure_can_be_given(cure):
    assert len(deep.treat("C", cure, updates=4, looks=2)) == 3


def test_a_loss_that_is_no_number_ends_the_table():
    assert len(deep.treat("D", "rate × 100", 40, 2)) == 1


def test_random_shifts_disturb_training_alone():
    x = torch.ones(50, 4)
    layer = deep.RandomShift(0.5)
    shifted = layer(x)
    assert (shifted == shifted[0]).all()  # one factor and one shift a neuron
    assert not torch.equal(shifted[0], x[0])
    assert layer.eval()(x) is x


def test_gates_are_those_of_each_layer_on_its_own_input():
    model = build(lambda: deep_network("highway", 3, 8, 20, 3))
    X = np.ones((5, 20), np.float32)
    gates = deep.gates_of(model, X)
    assert gates.shape == (5, 3, 8)
    layers = [layer for layer in model if isinstance(layer, Highway)]
    a = layers[0](model[0](torch.tensor(X)))
    np.testing.assert_allclose(gates[:, 1], layers[1].gate(a).detach(), rtol=1e-6)


def test_a_layer_that_does_nothing_can_be_bypassed():
    digits = deep.small_digits(200)
    model = build(lambda: deep_network("residual", 3))
    with torch.no_grad():
        for parameter in model[2].parameters():
            parameter.zero_()
    accuracies = deep.accuracies_without(model, *digits.training)
    assert len(accuracies) == 3
    assert accuracies[1] == evaluate(model, *digits.training).accuracy


@pytest.mark.parametrize(("task", "classes"), [("5 to 9", 5), ("odd or even", 2)])
def test_a_new_task_leaves_the_model_alone(task, classes):
    model = build(lambda: deep.dense_network((196, 64, 64, 5)))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for way in deep.WAYS:
        dev, test = deep.transfer(model, task, way, 2, updates=20)
        assert 1 / classes < dev < 1
        assert 1 / classes < test < 1
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_tasks_before_are_learned():
    digits = deep.small_digits(7000)
    model = deep.pretrained("odd or even", epochs=2)
    assert evaluate(model, *digits.dev).accuracy > 0.85
    assert deep.pretrained("5 to 9", epochs=1)[2].out_features == 5


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: deep.transfer(None, "5 to 9", "thawed", 2), "way must be one of frozen"),
        (lambda: deep.pretrained("letters"), "task must be one of odd or even"),
    ],
)
def test_an_unknown_name_is_said(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_kept_errors_are_those_that_the_dev_set_chose():
    columns = ["method", "setting", "seed", "dev", "test", "early_dev", "early"]
    rows = [
        ("a", "weak", 0, 0.30, 0.31, 0.40, 0.41),
        ("a", "strong", 0, 0.20, 0.22, 0.10, 0.15),
        ("b", None, 0, 0.50, 0.51, 0.60, 0.01),
    ]
    errors = deep.kept_errors(pd.DataFrame(rows, columns=columns))
    assert errors.loc[0].to_dict() == {"a": 0.15, "b": 0.51}


def test_thinned_networks_differ_and_the_seed_fixes_them():
    model = build(lambda: deep.dense_network((6, 16, 3), dropout=0.5))
    X = np.ones((4, 6), np.float32)
    p, again = (deep.thinned_predictions(model, X, 5) for _ in range(2))
    assert p.shape == (5, 4, 3)
    np.testing.assert_array_equal(p, again)
    assert not np.array_equal(p[0], p[1])
    np.testing.assert_allclose(p.sum(axis=2), 1, rtol=1e-6)
    assert not model.training


def test_k_folds_miss_the_accuracy_by_less_than_one_holdout():
    holdout, folds = deep.accuracy_estimates(n=20, draws=40).std(axis=1)
    assert folds < holdout / 2


def test_a_search_is_told_the_dev_accuracy():
    assert deep.dev_accuracy(rate=0.05, beta=0.9, updates=40) > 0.5
    with pytest.raises(ValueError, match="the loss is"):
        deep.dev_accuracy(rate=1e4, beta=0.9, updates=40)


@pytest.mark.parametrize("name", TABLES)
def test_a_stored_table_says_how_it_was_made_and_is_whole(name):
    first = (EXPERIMENTS / f"{name}.csv").read_text("utf-8").split("\n")[0]
    assert "numpy" in first
    assert "torch" in first
    table = load_experiment(name)
    assert "seed" in table
    assert len(table) >= TABLES[name]


@pytest.mark.parametrize("name", ["layers", "gates", "plane"])
def test_stored_arrays_say_how_they_were_made(name):
    assert "torch" in str(load_experiment(name)["made"])


def test_the_stored_learning_rates_come_from_the_function():
    table = load_experiment("learning_rates")
    row = table[(table.normalization == "batch") & (table.rate == 0.32) & (table.seed == 0)]
    losses, accuracy = deep.losses_at_rate("batch", 0.32, seed=0, updates=100)
    assert accuracy == pytest.approx(row.accuracy.item(), abs=0.05)
    np.testing.assert_allclose(
        losses[:20:5], row[["loss_0", "loss_1", "loss_2", "loss_3"]].iloc[0], rtol=0.1
    )


def test_the_stored_clinic_comes_from_the_function():
    table = load_experiment("clinic")
    rows = table[(table.patient == "D") & (table.cure == "as it is")]
    again = deep.treat("D")
    np.testing.assert_allclose(again.dev, rows.dev, atol=0.03)


def test_the_stored_moons_come_from_the_function():
    runs = load_experiment("plane")
    p, losses = deep.overfit_moons("L2", 0.01, epochs=1)
    np.testing.assert_allclose(p[:2], runs["L2"][2, :2] / 255, atol=0.02)
    np.testing.assert_allclose(losses, runs["L2 losses"][2, :2], rtol=0.05)
