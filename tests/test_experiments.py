"""Stored experiments: what is there is read, what is best is chosen by validation alone."""

import importlib.util
from itertools import islice

import numpy as np
import pandas as pd
import pytest
import torch

from course_lib import landscapes
from course_lib.attacks import Average, fgsm, pgd
from course_lib.black_box import success
from course_lib.cnn import KINDS, digit_images, load_digit_network
from course_lib.curvature import (
    hessian_vector_product,
    smooth_density,
    spectral_density,
    top_eigenvalues,
)
from course_lib.datasets import load_imagenet_network
from course_lib.defenses import robust_accuracy
from course_lib.experiments import EXPERIMENTS, at_best, load_experiment, summary
from course_lib.physical_attacks import view
from course_lib.reprogramming import CELLS, Reprogrammed, make_squares
from course_lib.training import evaluate


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


def load_script(name):
    """A script of data/experiments/, as a module."""
    file = EXPERIMENTS / f"{name}.py"
    spec = importlib.util.spec_from_file_location(file.stem, file)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


SCRIPTS = [path.stem for path in EXPERIMENTS.glob("make_*.py") if "excited" not in path.stem]


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_table_holds_the_cases_of_its_script(script):
    for experiment, cases in load_script(script).TABLES.items():
        name, cases = experiment.__name__, cases() if callable(cases) else cases
        if not cases[0] or not (EXPERIMENTS / f"{name}.csv").exists():
            continue  # one case, or arrays
        wanted = pd.DataFrame(cases)
        there = load_experiment(name)[list(wanted)]
        both = wanted.merge(there.drop_duplicates(), how="outer", indicator="where")
        assert "right_only" not in both["where"].to_list(), name
        gone = both[both["where"] == "left_only"]
        if name == "forgetting":  # where the springs are too stiff, training diverges: no rows
            assert (gone["way"] == "elastic").all()
            assert (gone["amount"] >= 3000).all()
        else:
            assert gone.empty, name


# --- Optimization theory: a small part of each table is made again --------------------------------


def stored(name, **setting):
    """The rows of a table with these settings."""
    table = load_experiment(name)
    for column, value in setting.items():
        table = table[table[column] == value]
    return table


@pytest.mark.parametrize("hidden", [3, 6])
def test_a_stored_critical_point_is_found_again(hidden):
    [row] = stored("critical_points", hidden=hidden, seed=0, updates=0).to_dict("records")
    found = landscapes.critical_point(hidden, 0, 0)
    assert found["converged"] == row["converged"]
    assert found["loss"] == pytest.approx(row["loss"], rel=1e-5)
    assert found["negative"] == pytest.approx(row["negative"])
    assert found["silent"] == row["silent"]


def test_a_stored_minimum_is_found_again():
    [row] = stored("minima", hidden=2, seed=0).to_dict("records")
    found = landscapes.minimum(2, 0)
    assert found["kind"] == row["kind"]
    assert found["loss"] == pytest.approx(row["loss"], rel=1e-5)


def test_no_stored_point_that_is_called_converged_has_a_slope():
    points, minima = load_experiment("critical_points"), load_experiment("minima")
    good = points[points.converged]
    assert (good.slope <= 1e-6 * good.slope_at_start).all()
    assert (minima[minima.converged].slope <= 1e-10).all()
    assert 0 < len(good) < len(points)


def test_where_a_stored_search_got_stuck_the_hessian_does_not_see_the_slope():
    points = load_experiment("critical_points")
    stuck = points[~points.converged]
    assert (stuck.seen < 1e-3).mean() > 0.9


def test_stored_students_end_where_they_ended():
    [row] = stored("student_minima", teachers=6, neurons=6, seed=0).to_dict("records")
    _, losses, _ = landscapes.fit_students(6, 6, int(row["starts"]), 0, steps=1500)
    assert (losses < 1e-4).sum() == pytest.approx(row["good"], abs=1)


def test_the_stored_way_to_the_edge_begins_as_it_did():
    rows = stored("edge_of_stability", kind="squared error", rate=0.4, seed=1).head(4)
    again = landscapes.edge_of_stability("squared error", 0.4, 1, steps=60)
    np.testing.assert_allclose(again.loss, rows.loss, rtol=1e-5)
    np.testing.assert_allclose(again.top, rows.top, rtol=0.01)


def test_stored_outliers_are_counted_again():
    [row] = stored("outliers", activation="relu", classes=3, updates=20, seed=0).to_dict("records")
    loss, theta = landscapes.trained_mlp("relu", 3, 20, 0)
    assert loss(theta).item() == pytest.approx(row["loss"], rel=1e-3)
    top = landscapes.largest(loss, theta, 3, 1e-3)
    np.testing.assert_allclose(top, [row[f"top{i}"] for i in (1, 2, 3)], rtol=0.01)


def test_stored_rates_of_batch_norm_give_the_same_errors():
    [row] = stored("batch_norm_rates", layers=2, normalization="batch", rate=0.4, seed=0).to_dict(
        "records"
    )
    training, _, error = landscapes.errors_at_rate(2, "batch", 0.4, 0)
    assert training == pytest.approx(row["training_loss"], rel=0.01)
    assert error == pytest.approx(row["dev_error"], abs=0.01)


def test_the_stored_landscape_of_batch_norm_begins_as_it_did():
    rows = stored("batch_norm_landscape", layers=2, normalization="none", seed=0).head(1)
    again = landscapes.batch_norm_arm(2, "none", rows.rate.item(), 0, steps=0)
    for name in ("loss", "top", "scaled", "beta"):
        assert again[name].item() == pytest.approx(rows[name].item(), rel=0.01)


def test_the_stored_spectrum_begins_as_it_did():
    table = load_experiment("spectrum_training")
    again = landscapes.spectrum_along(0, steps=1, looks=2)
    np.testing.assert_allclose(again["eigenvalues"][0], table["eigenvalues"][0], atol=1e-5)
    assert table["eigenvalues"].shape == (len(table["steps"]), 334)


def area_between(values, places, shares, width=0.02):
    """Between the densities of all eigenvalues and of Lanczos; the bell is `width` spreads wide."""
    width *= values[-1] - values[0]
    x = np.linspace(values[0] - 5 * width, values[-1] + 5 * width, 4001)
    full = smooth_density(x, values, np.full(len(values), 1 / len(values)), width)
    return np.trapezoid(abs(smooth_density(x, places, shares, width) - full), x)


@pytest.mark.parametrize("name", ["tanh_start", "tanh_trained", "relu_start", "relu_trained"])
def test_stored_lanczos_agrees_with_all_eigenvalues(name):
    table = load_experiment("spectra")
    values, places, shares, top = (
        table[f"{name}_{part}"].astype(float) for part in ("eigenvalues", "places", "shares", "top")
    )
    np.testing.assert_allclose(top, values[: -len(top) - 1 : -1], rtol=1e-3)
    assert area_between(values, places, shares) < 0.01  # 20 probes of 80 steps
    five = area_between(values, places[:400], 4 * shares[:400])
    assert five < (0.01 if name.endswith("trained") else 0.02)


def test_lanczos_on_5330_parameters_agrees_with_the_full_decomposition():
    loss, theta = landscapes.trained_mlp("tanh")
    product = hessian_vector_product(loss, theta)
    values = load_experiment("spectra")["tanh_trained_eigenvalues"].astype(float)
    top, _ = top_eigenvalues(product, len(values), k=10)
    np.testing.assert_allclose(top, values[:-11:-1], rtol=1e-5)
    assert area_between(values, *spectral_density(product, len(values), probes=5, steps=80)) < 0.01


def test_steps_of_lanczos_are_enough_and_probes_make_the_density_exact():
    """The same for a diagonal matrix: a random direction is random in the eigenvectors, too."""
    values = load_experiment("spectra")["tanh_start_eigenvalues"].astype(float)
    diagonal = torch.from_numpy(values)
    areas = {
        (probes, steps): area_between(
            values, *spectral_density(lambda v: diagonal * v, len(values), probes, steps, seed=7)
        )
        for probes, steps in ((5, 80), (5, 120), (20, 80))
    }
    assert areas[5, 120] == pytest.approx(areas[5, 80], rel=1e-3)
    assert areas[20, 80] < 0.7 * areas[5, 80]


def test_the_middle_of_a_stored_slice_is_the_loss_that_was_learned():
    table = load_experiment("loss_slices")
    setting = {"layers": 2, "normalization": "none", "tuned": True}
    rows = stored("batch_norm_landscape", **setting, seed=1, step=200)
    assert table["plain_2_1"].shape == (25, 25)
    assert table["span"][12] == 0
    assert table["plain_2_1"][12, 12] == pytest.approx(rows.loss.item(), rel=1e-3)


# --- Adversarial attacks: a small part of each table is made again --------------------------------


@pytest.fixture(scope="module")
def attacks_script():
    return load_script("make_adversarial_attacks")


@pytest.mark.parametrize("trained", ["fgsm linf", "pgd linf", "pgd l2"])
def test_the_stored_networks_are_as_robust_as_their_table_says(attacks_script, trained):
    x, y = (torch.from_numpy(array) for array in digit_images("test"))
    rows = stored("adversarial_training", trained=trained, seed=0).set_index(["attack", "epsilon"])
    network = load_digit_network(attacks_script.SHIPPED[trained])
    clean = rows.loc[("none", 0.0), "accuracy"]
    assert evaluate(network, x, y).accuracy == pytest.approx(clean, abs=0.001)
    for epsilon in (0.1, 0.3):
        again = robust_accuracy(network, x[:300], y[:300], lambda *a, e=epsilon: fgsm(*a, e))
        assert again == pytest.approx(rows.loc[("fgsm", epsilon), "accuracy"], abs=0.011)


@pytest.mark.parametrize("kind", ["residual", "tanh"])
def test_the_other_networks_read_digits_as_well_as_their_table_says(kind):
    accuracy = evaluate(load_digit_network(kind), *digit_images("test")).accuracy
    assert accuracy == pytest.approx(stored("other_networks", kind=kind).accuracy.item(), abs=0.001)


def test_every_kind_of_digit_network_is_stored():
    assert all(
        load_digit_network(kind)(torch.zeros(1, 1, 28, 28)).shape == (1, 10) for kind in KINDS
    )


SHORT = [  # an experiment, its case, the rows that are made again, and how far they may be off
    ("universal", {"seed": 0, "images": 10, "epsilon": 0.3}, 1, 0.1),
    ("imitation", {"seed": 1, "proxy": "tanh", "way": "new digits"}, 1, 0.08),
    ("reprogramming", {"network": "digits", "seed": 0}, 2, 0.03),
    ("reprogramming", {"network": "random imagenet", "seed": 0}, 1, 0.02),
    ("defences", {"defence": "2 bits"}, 3, 0.03),
    ("defences", {"defence": "median"}, 2, 0.03),
    ("squeezing_scores", {"kind": "clean"}, 200, 0.01),
]


@pytest.mark.parametrize(("name", "case", "n", "off"), SHORT, ids=lambda value: str(value)[:30])
def test_the_first_rows_of_an_attack_are_made_again(attacks_script, name, case, n, off):
    rows = stored(name, **case).to_dict("records")
    for row, again in zip(rows[:n], islice(getattr(attacks_script, name)(**case), n), strict=True):
        for column, value in again.items():
            if isinstance(value, str):
                assert row[column] == value
            else:
                assert row[column] == pytest.approx(float(value), abs=off), column


def test_stored_prints_are_read_as_their_table_says():
    network, prints = load_imagenet_network(), load_experiment("printed_cat")
    for name, degrees in (("plain", 0), ("plain", 30), ("many_views", 0), ("many_views", 30)):
        image = torch.from_numpy(prints[name][None]).float() / 255
        goldfish = float(network(view(image, degrees)).softmax(dim=1)[0, 1])
        setting = {"image": name.replace("_", " "), "change": "degrees", "value": degrees}
        assert goldfish == pytest.approx(stored("printed", **setting).goldfish.item(), abs=0.01)


@pytest.mark.parametrize(("made_for", "read_by"), [("mlp", "tanh"), ("all others", "cnn")])
def test_a_stored_transfer_is_made_again(attacks_script, made_for, read_by):
    x, y = attacks_script.digits("test", 200)
    networks = {kind: load_digit_network(kind) for kind in attacks_script.MODELS}
    reader = networks.pop(read_by)
    proxy = Average(networks.values()) if made_for == "all others" else networks[made_for]
    again = success(reader, pgd(proxy, x, y, 0.2, steps=20), x, y)
    row = stored("transfer_attacks", made_for=made_for, read_by=read_by, epsilon=0.2)
    assert again == pytest.approx(row.success.item(), abs=0.03)


def test_the_stored_frame_counts_squares_as_well_as_its_table_says(attacks_script):
    frame = torch.from_numpy(load_experiment("frame")["frame"])
    model = Reprogrammed(load_imagenet_network(), 96, CELLS * 8, channels=3)
    model.w.data = torch.atanh(frame[None] / 127.5 - 1).clamp(-9, 9)
    row = stored("reprogramming", network="imagenet", seed=0, updates=800)
    again = attacks_script.counted(model, *make_squares(300, 1000, 96, 8))
    assert float(again["accuracy"]) == pytest.approx(row.accuracy.item(), abs=0.02)
    assert float(again["off"]) == pytest.approx(row.off.item(), abs=0.05)


@pytest.mark.parametrize("photo", ["coffee", "cat"])
def test_the_stored_patch_is_as_strong_as_its_table_says(attacks_script, photo):
    sticker = torch.from_numpy(load_experiment("patch")["patch"][None]) / 255
    again = attacks_script.stuck_on(photo, sticker, 1, load_imagenet_network())
    rows = stored("patches", photo=photo, patch="made").set_index("area")
    row = rows.loc[min(rows.index, key=lambda area: abs(area - float(again["area"])))]
    for share in ("goldfish", "unchanged"):
        assert float(again[share]) == pytest.approx(row[share], abs=0.07), share  # a crop of 16


# --- What comes next: a small part of each table is made again ------------------------------------


@pytest.fixture(scope="module")
def next_script():
    return load_script("make_what_comes_next")


MADE_AGAIN = [  # an experiment, its case, and how far the numbers may be off
    ("clever_hans", {"kind": "mlp", "share": 0.9, "seed": 0}, 0.03),
    ("compression", {"kind": "mlp", "way": "pruning", "setting": 0.5, "seed": 0}, 0.01),
    ("compression", {"kind": "mlp", "way": "bits", "setting": 4, "seed": 0}, 0.003),
    ("compression", {"kind": "mlp", "way": "low rank", "setting": 8, "seed": 0}, 0.03),
    ("forgetting", {"tasks": "split", "way": "rehearsal", "amount": 100, "seed": 0}, 0.06),
    ("unknown", {"seed": 0}, 0.03),
    ("few_shot", {"seed": 0}, 0.02),
    ("iterative_pruning", {"seed": 0}, 0.01),
    ("linear_plane", {"epochs": 30, "seed": 0}, 3),
    (
        "distillation_controls",
        {"n": 300, "targets": "smoothed", "T": 4, "rate": 0.008, "seed": 0, "width": 100},
        0.03,
    ),
    ("never_saw_a_three", {"targets": "soft", "T": 4, "seed": 0}, 0.05),
    ("code_sizes", {"code": 2, "seed": 1}, 0.001),
    ("few_shot_layers", {"layer": 8, "shots": 5}, 0.005),
    ("longer_training", {"epochs": 2, "seed": 0}, 0.05),
    ("lottery", {"share": 0.9, "seed": 0}, 0.015),
]
FIRST_ROWS = {"few_shot": 8, "iterative_pruning": 2, "never_saw_a_three": 1, "lottery": 1}


@pytest.mark.parametrize(("name", "case", "off"), MADE_AGAIN, ids=lambda value: str(value)[:40])
def test_a_case_of_what_comes_next_is_made_again(next_script, name, case, off):
    rows = stored(name, **case).to_dict("records")
    if name == "compression":
        case = case | {"epochs": rows[0]["epochs"]}
    again, n = getattr(next_script, name)(**case), FIRST_ROWS.get(name, len(rows))
    for row, new in zip(rows[:n], islice(again, n), strict=True):
        for column, value in new.items():
            if isinstance(value, str):
                assert row[column] == value
            else:
                assert row[column] == pytest.approx(float(value), abs=off), column


@pytest.mark.parametrize("kind", ["plain", "turned"])
def test_stored_shifts_are_measured_again(next_script, kind):
    rows = stored("shifts", kind=kind, seed=0, change="turned").to_dict("records")
    model = load_digit_network(kind)
    for row in rows[:5:2]:
        again = next_script.shifted(model, "turned", row["amount"], row["temperature"])
        assert all(row[name] == pytest.approx(value, abs=0.01) for name, value in again.items())


def test_the_small_networks_read_digits_as_well_as_their_table_says():
    X, y = digit_images("test")
    for row in load_experiment("small_networks").itertuples():
        seen = y < 7 if row.kind == "known" else y >= 0
        accuracy = evaluate(load_digit_network(row.kind), X[seen], y[seen]).accuracy
        assert accuracy == pytest.approx(row.test, abs=0.002)


def test_the_stored_error_of_pca_is_found_again(next_script):
    X, X_test = next_script.digits("fit")[0], next_script.digits("test")[0]
    pca = next_script.PCA(16).fit(next_script.flat(X))
    [row] = stored("code_sizes", model="PCA", code=16).to_dict("records")
    again = next_script.reconstruction_error(pca, X_test).mean()
    assert again == pytest.approx(row["error"], rel=1e-4)


def test_stored_codes_and_maps_are_those_of_the_digits(next_script):
    codes = load_experiment("photo_codes")
    X, y = next_script.of_classes(*digit_images("test"), (7, 8, 9))
    np.testing.assert_array_equal(codes["labels"], y)
    again = next_script.photo_code(X[:20], int(codes["layer"]))
    np.testing.assert_allclose(again, codes["codes"][:20], atol=0.02)
    maps = load_experiment("hans_maps")
    assert maps["maps"].shape == (len(maps["shares"]), 28, 28)
    network = next_script.train_hans(float(maps["shares"][-1]))
    again = next_script.marked_maps(network)[:6]
    assert abs(again - maps["six"][-1]).mean() < 0.2 * maps["six"][-1].mean()
