"""The digit networks: the lecture's shapes, equal sizes, moved and shuffled digits, training."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.neighbors import NearestNeighbors
from torch import nn

from course_lib import cnn
from course_lib.experiments import EXPERIMENTS, load_experiment
from course_lib.explorers import cnn as explorers
from course_lib.plotting import plot_images
from course_lib.training import build, count_parameters, evaluate, probabilities


def test_the_network_has_the_shapes_of_the_lecture():
    table = cnn.layer_table(cnn.digit_cnn(), (1, 28, 28))
    shapes = [shape for shape in table["output shape"] if len(shape) == 3]
    wanted = [(25, 26, 26), (25, 13, 13), (50, 11, 11), (50, 5, 5)]
    assert list(dict.fromkeys(shapes)) == wanted
    assert (1250,) in list(table["output shape"])
    weights = table[table["layer"] == "Conv2d"]["each"]
    assert list(weights) == [9, 225]
    assert table["parameters"].sum() == count_parameters(cnn.digit_cnn())


@pytest.mark.parametrize("hidden", [(150, 124), (173,)])
def test_the_mlp_has_as_many_parameters(hidden):
    ours, theirs = (count_parameters(n) for n in (cnn.digit_mlp(hidden), cnn.digit_cnn()))
    assert abs(ours / theirs - 1) < 1e-3


def test_the_small_network_has_a_tenth_of_the_parameters():
    assert count_parameters(cnn.small_cnn()) == 14_410


def test_images_of_some_classes_keep_their_order_and_labels():
    images, labels = np.arange(6.0), np.array([3, 1, 2, 3, 1, 1])
    some, theirs = cnn.of_classes(images, labels, range(1, 3))
    assert (some.tolist(), theirs.tolist()) == ([1, 2, 4, 5], [1, 2, 1, 1])
    with pytest.raises(ValueError, match=r"no image has one of the classes \[7\]"):
        cnn.of_classes(images, labels, [7])


def test_a_table_of_layers_leaves_the_network_as_it_was():
    network = cnn.digit_cnn().train()
    cnn.layer_table(network, (1, 28, 28))
    assert network.training


def test_shuffling_loses_no_pixel_and_is_the_same_for_all_images():
    images, _ = cnn.digit_images("test")
    shuffled = cnn.shuffle_pixels(images[:50], seed=3)
    assert shuffled.shape == images[:50].shape
    np.testing.assert_array_equal(
        np.sort(shuffled.reshape(50, -1)), np.sort(images[:50].reshape(50, -1))
    )
    np.testing.assert_array_equal(cnn.shuffle_pixels(images[7:8], seed=3)[0], shuffled[7])
    assert not np.array_equal(shuffled, images[:50])


@pytest.mark.parametrize(("down", "right"), [(0, 0), (2, 0), (-3, 1), (0, -4), (5, 5)])
def test_a_shift_moves_what_stays_inside(down, right):
    image = np.zeros((1, 1, 28, 28))
    image[..., 10:15, 12:17] = np.random.default_rng(0).uniform(size=(5, 5))
    np.testing.assert_array_equal(
        cnn.shift(image, down, right), np.roll(image, (down, right), (-2, -1))
    )


def test_what_is_moved_over_the_rim_is_gone():
    assert cnn.shift(np.ones((4, 6)), 1, -2).sum() == 3 * 4
    with pytest.raises(ValueError, match="smaller than the image"):
        cnn.shift(np.ones((4, 6)), 4, 0)


def test_moved_copies_keep_their_labels_and_the_originals_come_first():
    images, labels = (part[:20] for part in cnn.digit_images("train"))
    more, their_labels = cnn.with_shifted_copies(images, labels, copies=3, seed=1)
    assert more.shape == (80, 1, 28, 28)
    np.testing.assert_array_equal(more[:20], images)
    np.testing.assert_array_equal(their_labels.reshape(4, 20), [labels] * 4)
    places = [(a, b) for a in range(-2, 3) for b in range(-2, 3)]
    assert any(np.array_equal(more[25], cnn.shift(images[5], *place)) for place in places)


def test_the_nearest_image_is_scikit_learns():
    (images, _), (new, _) = (cnn.digit_images(part) for part in ("train", "test"))
    which, apart = cnn.nearest(images[:300], new[:40])
    model = NearestNeighbors(n_neighbors=1).fit(images[:300].reshape(300, -1))
    distances, numbers = model.kneighbors(new[:40].reshape(40, -1))
    np.testing.assert_array_equal(which, numbers[:, 0])
    np.testing.assert_allclose(apart, distances[:, 0], rtol=1e-3)


def test_probabilities_are_the_softmax_in_test_mode():
    network = build(cnn.digit_cnn).train()
    images, labels = (part[:1200] for part in cnn.digit_images("test"))
    p = probabilities(network, images)
    assert network.training
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    wanted = network.eval()(torch.tensor(images[1100:])).softmax(dim=1).detach().numpy()
    np.testing.assert_allclose(p[1100:], wanted, atol=1e-6)
    assert np.mean(p.argmax(axis=1) == labels) == evaluate(network, images, labels).accuracy
    with pytest.raises(ValueError, match="X must be finite"):
        probabilities(network, images * np.nan)


SOME, NAMES = cnn.digit_images("train")[0][:3], np.arange(3)
REFUSED = {
    "labels missing": (lambda: cnn.with_shifted_copies(SOME, NAMES[:2]), ValueError, "same length"),
    "copies": (lambda: cnn.with_shifted_copies(SOME, NAMES, -1), ValueError, "copies must be at"),
    "most": (lambda: cnn.with_shifted_copies(SOME, NAMES, most=1.5), TypeError, "most must be a"),
    "half a pixel": (lambda: cnn.shift(SOME, 1.5), TypeError, "down must be a whole number"),
    "far left": (lambda: cnn.shift(SOME, 0, -28), ValueError, "right must be at least -27"),
    "batch": (
        lambda: cnn.train_classifier(cnn.digit_mlp, SOME, NAMES, 1, batch_size=0),
        ValueError,
        "batch_size must be at least 1",
    ),
    "other sides": (lambda: cnn.nearest(SOME, SOME[..., ::2]), ValueError, "must have the same"),
}


@pytest.mark.parametrize(("call", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_bad_values_are_refused_in_plain_words(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_the_learning_rate_falls_to_zero():
    layer = nn.Linear(2, 1)
    optimizer, rates = cnn.falling_adam(layer, 0.1, updates=4), []
    for _ in range(4):
        layer(torch.ones(1, 2)).sum().backward()
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
    np.testing.assert_allclose(rates, [0.1, 0.075, 0.05, 0.025])
    assert optimizer.param_groups[0]["lr"] == 0


def test_training_is_reproducible_and_learns():
    X, y = (part[:600] for part in cnn.digit_images("train"))
    networks = [cnn.train_classifier(cnn.digit_mlp, X, y, 4, seed=5)[0] for _ in range(2)]
    scores = [evaluate(network, *cnn.digit_images("test")) for network in networks]
    assert scores[0] == scores[1]
    assert scores[0].accuracy > 0.4
    assert not networks[0].training


def test_weights_are_stored_without_pickle(tmp_path):
    ours = build(cnn.digit_cnn, seed=1)
    cnn.save_weights(ours, tmp_path / "weights.npz")
    theirs = cnn.load_weights(build(cnn.digit_cnn, seed=2), tmp_path / "weights.npz")
    x = torch.rand(2, 1, 28, 28)
    assert torch.equal(ours.eval()(x), theirs(x))


# --- what is stored ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def script():
    return run_script("make_digit_networks")


def run_script(name):
    spec = importlib.util.spec_from_file_location(name, EXPERIMENTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("kind", ["cnn", "mlp"])
def test_the_shipped_network_is_as_good_as_its_table_says(kind):
    table = load_experiment("digit_networks")
    row = table[(table["network"] == kind) & (table["pixels"] == "in order") & (table["seed"] == 0)]
    found = evaluate(cnn.load_digit_network(kind), *cnn.digit_images("test"))
    assert found.accuracy == pytest.approx(row["test"].item(), abs=0.0011)  # two digits of 2,000


def test_the_chosen_settings_are_those_with_the_least_validation_loss(script):
    table = load_experiment("digit_networks").astype({"hidden": str})
    judged = table[["network", "pixels", "hidden", "copies", "dropout"]].drop_duplicates()
    assert judged.to_dict("records") == script.chosen()


def test_a_small_part_of_the_experiment_runs_again(script, monkeypatch):
    images, labels = cnn.digit_images("train")
    monkeypatch.setattr(script, "digit_images", lambda part: (images[:500], labels[:500]))
    monkeypatch.setattr(script, "N_FIT", 400)
    case = {"network": "mlp", "pixels": "shuffled", "hidden": "173", "copies": 1, "dropout": 0.25}
    rows = list(script.digit_networks_validation(**case, seed=0, passes=6))
    stored = load_experiment("digit_networks_validation")
    assert [*case, "seed", *rows[0]] == list(stored.columns)
    assert len(rows) == 3
    assert rows[-1]["validation"] > 0.5
    case |= {"pixels": "in order", "hidden": "150 124", "copies": 0}
    [row] = script.digit_networks(**case, seed=0, passes=2)
    assert [*case, "seed", *row] == list(load_experiment("digit_networks").columns)
    assert row["test"] > 0.5


def test_the_moved_digits_are_as_the_table_says(script):
    table = load_experiment("moved_digits").set_index(["network", "right"])["accuracy"]
    assert list(table.index) == [(network, k) for network in ("cnn", "mlp") for k in range(-8, 9)]
    for network, right in (("cnn", 4), ("mlp", -3)):
        [row] = script.moved_digits(network, right)
        assert row["accuracy"] == pytest.approx(table[network, right], abs=0.0016)  # 3 of 2,000


def test_the_explorer_says_what_networks_and_table_say():
    one = explorers.moved_digit().set(right=4, digit=2)
    images, _ = cnn.digit_images("test")
    moved = cnn.shift(images[2:3], right=4)
    for kind in ("cnn", "mlp"):
        p = probabilities(cnn.load_digit_network(kind), moved)[0]
        assert f"{kind.upper()}: {p.argmax()} ({p.max():.0%} sure)" in one.words
        table = load_experiment("moved_digits").set_index(["network", "right"])["accuracy"]
        assert f"{kind.upper()} {table[kind, 4]:.0%}" in one.words


def test_the_filter_that_is_made_by_hand_counts_neighbours():
    one = explorers.filter_by_hand().set(filter="empty", others=1, padding=1, place=8)
    image = explorers.LECTURE_IMAGE
    assert f"add up to {image[0:3, 0:3].sum() - image[1, 1]:.0f};" in one.words
    ends = [one.preset("ends of lines").set(place=k).words for k in range(1, 37)]
    assert sum("add up to 1;" in words for words in ends) == 5
    assert not any(f"add up to {k};" in words for words in ends for k in range(2, 10))


def test_unknown_names_are_said():
    with pytest.raises(ValueError, match="kind must be one of cnn, mlp"):
        cnn.load_digit_network("resnet")


def test_tables_are_frames_of_one_row_a_layer():
    table = cnn.layer_table(cnn.digit_mlp(), (1, 28, 28))
    assert isinstance(table, pd.DataFrame)
    assert list(table["layer"][:2]) == ["Flatten", "Linear"]


# --- pictures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3, 4, 5), (7, 28, 28), (1, 8, 8), (2, 6, 6, 3)])
def test_images_are_drawn_side_by_side_with_their_words(shape):
    images = np.random.default_rng(0).uniform(size=shape)
    picture = plot_images(images, [f"no. {k}" for k in range(len(images))], columns=4, title="Some")
    drawn = [axes for axes in picture.figure.axes if axes.images]
    assert len(drawn) == len(images)
    assert picture.words.startswith(f"Some. {len(images)} images: no. 0")
    assert picture.figure.get_size_inches()[0] == 9


def test_images_must_be_numbers_of_two_or_three_axes_each():
    with pytest.raises(ValueError, match="images must be 3-dimensional or 4-dimensional"):
        plot_images(np.zeros((3, 3)))


def test_the_contest_is_told_in_words():
    assert "ResNet 2015: 152 layers, 3.57 %" in explorers.plot_contest().words
