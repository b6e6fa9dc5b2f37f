"""The experiments of lesson 06 do what they say, and the stored runs come from them."""

import itertools

import numpy as np
import pandas as pd
import pytest
import torch

from course_lib import deep_training as deep
from course_lib.deep_networks import ACTIVATIONS, NORMALIZATIONS, deep_network
from course_lib.experiments import EXPERIMENTS, load_experiment
from course_lib.layers import Highway
from course_lib.training import build, evaluate

SEEDS = {"seed": range(3)}
CONNECTION_RATES = {"plain": 4, "residual": 3, "highway": 1}
TABLES = {  # the settings of each table, every combination of them once
    "learning_rates": {"normalization": NORMALIZATIONS, "rate": deep.RATES, **SEEDS},
    "activations": {
        "activation": ACTIVATIONS, "layers": (2, 6), **SEEDS,
        "learning_rate": (0.003, 0.01, 0.03, 0.1, 0.3, 1),
    },
    "transfer": {
        "task": deep.TASKS, "n": (1, 2, 5, 10, 30, 100, 300), "way": deep.WAYS,
        "learning_rate": (0.005, 0.02, 0.08), "seed": range(5),
    },
}  # fmt: skip


def only(table, **setting):
    """The rows of a stored table with this setting."""
    for name, value in setting.items():
        table = table[table[name] == value]
    return table


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
    whole = evaluate(model, *digits.training).accuracy
    assert deep.accuracy_without(model, [1], *digits.training) == whole
    assert deep.accuracy_without(model, [0], *digits.training) != whole


def test_the_layers_that_are_least_open_are_bypassed_first():
    digits = deep.small_digits(200)
    model = build(lambda: deep_network("highway", 4))
    with torch.no_grad():
        for layer, bias in zip(model[1:5], (-40, 1, -40, 2), strict=True):
            layer.gate_layer.bias.fill_(bias)
    whole = evaluate(model, *digits.training).accuracy
    least_open, at_random = deep.accuracies_without(model, [0, 2, 4], *digits.training)
    assert least_open[0] == least_open[1] == whole
    assert at_random[0] == pytest.approx(whole)
    assert at_random[1] != pytest.approx(whole)
    assert least_open[2] == pytest.approx(at_random[2])
    assert least_open[2] == deep.accuracy_without(model, range(4), *digits.training)


@pytest.mark.parametrize(("task", "classes"), [("5 to 9", 5), ("odd or even", 2)])
def test_a_new_task_leaves_the_model_alone(task, classes):
    model = build(lambda: deep.dense_network((196, 64, 64, 5)))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for way in deep.WAYS:
        dev, test = deep.transfer(model, task, way, 2, updates=20)
        assert 1 / classes < dev < 1
        assert 1 / classes < test < 1
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_frozen_layers_are_those_of_the_model_and_are_not_trained(monkeypatch):
    trained, whole = [], deep.fit
    monkeypatch.setattr(
        deep, "fit", lambda model, *a, **k: (trained.append(model), whole(model, *a, **k))
    )
    model = build(lambda: deep.dense_network((196, 64, 64, 5)))
    for way in deep.WAYS:
        deep.transfer(model, "5 to 9", way, 2, updates=5)
    frozen, moved, new = (torch.equal(net[0][0].weight, model[0][0].weight) for net in trained)
    assert (frozen, moved, new) == (True, False, False)


def test_a_rate_that_is_too_large_for_the_moons_gives_no_number():
    X, y = deep.moons(100, seed=1)
    assert np.isnan(deep.accuracy_on_moons(X * [1, 1000], y, 1e3, epochs=3))
    assert deep.accuracy_on_moons(X, y, 0.1, epochs=5) > 0.7


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
        (lambda: deep.transfer(None, "5 to 9", "frozen", 0), "n must be at least 1"),
        (lambda: deep.treat("Z"), "patient must be one of A"),
        (lambda: deep.treat("A", "prayer"), "cure must be one of as it is"),
        (lambda: deep.treat("A", updates=50), "updates must be a multiple of looks"),
        (lambda: deep.overfit_moons("hope", 1), "kind must be one of L2"),
        (lambda: deep.learn_few(dropuot=0.5), "a change must be one of n, layers"),
        (lambda: deep.learn_few(connection="residual", dropout=0.5), "no choice of dropout"),
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
        ("b", "-", 0, 0.50, 0.51, 0.60, 0.01),
    ]
    kept = deep.kept_errors(pd.DataFrame(rows, columns=columns)).set_index("method")
    assert kept["dev"].to_dict() == {"a": 0.10, "b": 0.50}
    assert kept["test"].to_dict() == {"a": 0.15, "b": 0.51}


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
    holdout, folds = np.sqrt((deep.accuracy_estimates(n=20, draws=40) ** 2).mean(axis=1))
    assert folds < 0.6 * holdout


def test_a_search_is_told_the_dev_accuracy():
    assert deep.dev_accuracy(rate=0.05, beta=0.9, updates=40) > 0.5
    with pytest.raises(ValueError, match="the loss is"):
        deep.dev_accuracy(rate=1e4, beta=0.9, updates=40)


@pytest.mark.parametrize(
    "name", [*TABLES, "clinic", "shifted_batch_norm", "connections", "few_digits"]
)
def test_a_stored_table_says_how_it_was_made(name):
    first = (EXPERIMENTS / f"{name}.csv").read_text("utf-8").split("\n")[0]
    assert "numpy" in first
    assert "torch" in first


@pytest.mark.parametrize("name", TABLES)
def test_a_stored_table_holds_every_combination_once(name):
    settings = load_experiment(name)[list(TABLES[name])]
    wanted = itertools.product(*TABLES[name].values())
    assert sorted(settings.itertuples(index=False, name=None)) == sorted(wanted)


def test_the_other_stored_tables_are_whole():
    runs = load_experiment("clinic").groupby(["patient", "cure"])["update"]
    assert set(runs.groups) == set(itertools.product(deep.PATIENTS, deep.CURES))
    assert runs.min().eq(0).all()
    few = load_experiment("few_digits").groupby("method")["setting"].size()
    assert few.to_dict() == {name: 15 * len(tried) for name, tried in deep.METHODS.items()}
    sizes = load_experiment("connections").groupby(["connection", "layers"]).size()
    assert {key: 3 * CONNECTION_RATES[key[0]] for key in sizes.index} == sizes.to_dict()
    assert len(sizes) == 3 * 6
    noisy = load_experiment("shifted_batch_norm").groupby(["normalization", "noise"]).size()
    assert noisy.to_dict() == {("none", 0): 35, ("batch", 0): 35, ("batch", 0.5): 35}


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


def test_the_stored_activations_come_from_the_function():
    row = only(load_experiment("activations"), activation="tanh", layers=6, seed=0)
    row = only(row, learning_rate=0.03)
    again = deep.accuracy_of_activation("tanh", 6, 0.03, seed=0)
    np.testing.assert_allclose(row[["training", "dev", "test"]].iloc[0], again, atol=0.03)


def test_the_stored_connections_come_from_the_function():
    row = only(load_experiment("connections"), connection="residual", layers=5, rate=0.01, seed=0)
    _, losses, _ = deep.train_deep("residual", 5, 0.01, seed=0, epochs=2)
    np.testing.assert_allclose(row[["loss_1", "loss_2"]].iloc[0], losses, rtol=0.05)


def test_the_stored_few_digits_come_from_the_function():
    row = only(load_experiment("few_digits"), method="L2", setting="l2=0.03", seed=0)
    again = deep.learn_few(seed=0, l2=0.03)
    for name in ("dev", "test", "early"):
        assert row[name].item() == pytest.approx(again[name], abs=0.02)
    assert row["early_loss"].item() == pytest.approx(again["early_loss"], rel=0.05)


def test_the_stored_transfer_comes_from_the_function():
    row = only(load_experiment("transfer"), task="5 to 9", way="frozen", n=5, seed=0)
    row = only(row, learning_rate=0.02)
    again = deep.transfer(deep.pretrained("5 to 9"), "5 to 9", "frozen", 5, seed=0)
    np.testing.assert_allclose(row[["dev", "test"]].iloc[0], again, atol=0.04)


def test_the_stored_shifts_come_from_the_function():
    row = only(load_experiment("shifted_batch_norm"), normalization="batch", noise=0.5, seed=0)
    _, accuracy = deep.losses_at_rate("batch", 0.5, seed=0, noise=0.5)
    assert only(row, rate=0.5).accuracy.item() == pytest.approx(accuracy, abs=0.06)


def test_the_stored_layers_come_from_the_function():
    runs = load_experiment("layers")
    again = deep.watch_layers("batch", 1.5, looks=2)
    for kind, values in zip(("shares", "spreads", "gradients", "losses"), again, strict=True):
        stored = runs[f"batch_1.5_{kind}"][:3].astype(float)
        np.testing.assert_allclose(
            stored / (255 if kind == "shares" else 1), values, rtol=0.05, atol=0.01
        )


def test_the_stored_gates_are_of_the_networks_in_the_table_of_connections():
    runs, table = load_experiment("gates"), load_experiment("connections")
    rows = only(table, connection="highway", layers=50)
    _, losses, _ = deep.train_deep("highway", 50, 0.03, epochs=1)
    assert rows["loss_1"].iloc[0] == pytest.approx(losses[0], rel=0.05)
    least_open, at_random = runs["without_least_open"], runs["without_random"]
    np.testing.assert_allclose(least_open[:3, 0], rows["accuracy"])  # with all layers
    np.testing.assert_allclose(least_open[:, [0, -1]], at_random[:, [0, -1]])  # no choice
    assert runs["gates"].shape == (10, 50, 32)
