"""Experiments on depth: the parts are right, the stored tables are complete and come out again."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.container import ErrorbarContainer

from course_lib import depth
from course_lib.datasets import load_digits
from course_lib.experiments import EXPERIMENTS, load_experiment
from course_lib.networks import MLP, gradient_check, train
from course_lib.optimizers import Adam
from course_lib.plotting import plot_means
from course_lib.relu_networks import count_regions, from_mlp

# --- a network that predicts a number -------------------------------------------------------------


def test_the_gradient_of_the_squared_error_is_right():
    random = np.random.default_rng(0)
    network = depth.Regressor((3, 6, 5, 1), activation="tanh")
    X, y = random.normal(size=(20, 3)), random.normal(size=20)

    def loss(parameters):
        network.parameters = parameters
        return np.mean((network.predict(X) - y) ** 2)

    def gradient(parameters):
        network.parameters = parameters
        return network._loss_and_gradient(X, y)[1]

    assert gradient_check(loss, gradient, network.parameters, network.blocks).passed
    assert network._loss_and_gradient(X, y)[0] == pytest.approx(loss(network.parameters))


def test_a_regressor_learns_a_line_and_its_score_is_r_squared():
    X = np.random.default_rng(0).uniform(-1, 1, (200, 1))
    y = 3 * X[:, 0] - 1
    network = depth.Regressor((1, 8, 1))
    history = train(network, X, y, Adam(0.02), 60, held_out=(X, y))
    assert history.accuracies[-1] == network.score(X, y) > 0.999
    assert depth.Regressor((1, 8, 1)).score(X, y) < 0.5


def test_spread_neurons_switch_at_samples():
    X = np.random.default_rng(0).uniform(2, 3, (50, 1))
    layer = depth.Regressor((1, 20, 1)).spread(X, seed=1).dense_layers[0]
    switch = -layer.b / layer.W[:, 0]
    assert np.isclose(switch[:, None], X[:, 0]).any(axis=1).all()
    assert len(np.unique(switch.round(9))) > 10


# --- shapes ---------------------------------------------------------------------------------------


def test_parameters_are_counted_as_a_network_has_them():
    assert depth.count_parameters((784, 20, 7, 10)) == MLP((784, 20, 7, 10)).parameters.size


@pytest.mark.parametrize("layers", [1, 2, 5, 8])
@pytest.mark.parametrize(("inputs", "outputs", "parameters"), [(2, 1, 300), (784, 10, 40_000)])
def test_a_shape_has_the_width_that_comes_nearest(layers, inputs, outputs, parameters):
    sizes = depth.shape(layers, parameters, inputs, outputs)
    assert (sizes[0], sizes[-1], len(sizes)) == (inputs, outputs, layers + 2)
    gaps = [
        abs(depth.count_parameters((inputs, *[width] * layers, outputs)) - parameters)
        for width in range(1, 200)
    ]
    assert sizes[1] == 1 + int(np.argmin(gaps))


def test_a_shape_has_a_neuron_at_least_and_a_large_one_is_found_at_once():
    assert depth.shape(3, 1, 784, 10) == (784, 1, 1, 1, 10)
    sizes = depth.shape(2, 10**12, 2, 1)
    assert depth.count_parameters(sizes) == pytest.approx(10**12, rel=1e-5)


def test_the_error_of_a_regression_is_one_for_the_mean_and_zero_for_the_truth():
    class Constant:
        def score(self, X, y):
            return 0.0

    assert depth.regression_error(Constant(), "rings", seed=1) == 1
    assert np.abs(depth.regression_data("3 folds", 500, 0)[1]).max() <= 1


# --- which layer matters --------------------------------------------------------------------------


def test_noise_on_a_layer_is_taken_away_again_and_no_noise_changes_nothing():
    random = np.random.default_rng(0)
    network = MLP((4, 20, 20, 3))
    X, y = random.normal(size=(300, 4)), random.integers(3, size=300)
    before, score = network.parameters, network.score(X, y)
    np.testing.assert_array_equal(depth.scores_with_noise(network, X, y, 0), [score] * 3)
    depth.scores_with_noise(network, X, y, 3.0)
    np.testing.assert_array_equal(network.parameters, before)


@pytest.mark.parametrize("tender", [0, 1, 2])
def test_noise_moves_the_layer_that_it_is_given_to(tender):
    network = MLP((3, 3, 3, 3), "linear")
    for k, layer in enumerate(network.dense_layers):
        layer.W[:] = np.eye(3) * (1e-3 if k == tender else 1e3)  # noise of 1 matters only there
    X = np.random.default_rng(0).normal(size=(500, 3))
    scores = depth.scores_with_noise(network, X, X.argmax(axis=1), 1.0)
    assert scores[tender] < 0.8
    assert np.delete(scores, tender).min() > 0.99


def test_a_network_is_as_it_was_after_a_score_that_fails():
    network, before = MLP((4, 5, 3)), MLP((4, 5, 3)).parameters
    with pytest.raises(ValueError, match="y must hold"):
        depth.scores_with_noise(network, np.ones((2, 4)), [0, 7], 1.0)
    np.testing.assert_array_equal(network.parameters, before)


@pytest.mark.parametrize("name", depth.SIX_LAYERS)
def test_the_network_of_six_layers_reads_most_digits(name):
    network, X, y = depth.fit_six_layers(name)
    assert len(network.dense_layers) == 6
    assert network.score(X, y) > 0.85


def test_relative_noise_is_in_units_of_the_layers_weights():
    random = np.random.default_rng(0)
    X, y = random.normal(size=(300, 4)), random.integers(3, size=300)
    network = MLP((4, 20, 3))
    for layer in network.dense_layers:
        layer.W /= layer.W.std()
    same = depth.scores_with_noise(network, X, y, 0.7)
    np.testing.assert_array_equal(depth.scores_with_noise(network, X, y, 0.7, relative=True), same)


def test_a_change_of_any_layer_of_a_linear_network_arrives_equally_large():
    network = MLP([200] * 5 + [200], "linear", "xavier")
    X, before = np.random.default_rng(5).normal(size=(20, 200)), network.parameters
    changes = depth.changes_by_noise(network, X, share=0.01)
    np.testing.assert_allclose(changes, 0.01, rtol=0.1)  # each is 1 % of a random product
    np.testing.assert_array_equal(network.parameters, before)


def test_a_chaotic_network_makes_a_change_of_its_first_layer_large():
    network = MLP([100] * 9, "tanh", 0.4)
    X = np.random.default_rng(5).normal(size=(20, 100))
    changes = depth.changes_by_noise(network, X)
    assert changes[0] > 5 * changes[-1]


def test_means_are_drawn_with_their_errors_and_said():
    table = pd.DataFrame({"n": [1, 2, 1, 2], "way": ["a", "a", "b", "b"], "mean": [1.0, 2, 3, 4]})
    picture = plot_means(table.assign(error=0.5), "n", "way", title="Ways", xticks=[1, 2])
    assert picture.words == "Ways. n: 1 → 2. a: 1 → 2. b: 3 → 4."
    bars = [bar for bar in picture.figure.axes[0].containers if isinstance(bar, ErrorbarContainer)]
    assert len(bars) == 2
    (low, high), _ = (segment[:, 1] for segment in bars[0].lines[2][0].get_segments())
    assert (low, high) == (0.5, 1.5)


def test_a_circle_is_closed_and_round():
    curve = depth.circle(400, 50, seed=3)
    np.testing.assert_allclose(np.linalg.norm(curve, axis=1), np.sqrt(50))
    np.testing.assert_allclose(curve[0], curve[-1], atol=1e-12)
    assert depth.length(curve) == pytest.approx(2 * np.pi * np.sqrt(50), rel=1e-4)


def test_a_linear_layer_of_width_one_scales_the_length():
    network = MLP((2, 2, 1), activation="linear")
    network.dense_layers[0].W[:] = 3 * np.eye(2)
    curve = depth.circle(100, 2)
    (image,) = depth.after_each_layer(network, curve)
    np.testing.assert_allclose(image, 3 * curve)
    assert depth.length(image) == pytest.approx(3 * depth.length(curve))


@pytest.mark.parametrize(("scale", "factor"), [(1.0, 0.5**0.5), (2**0.5, 1.0), (2.0, 2**0.5)])
def test_a_relu_layer_scales_the_length_by_its_weights(scale, factor):
    growth = []
    for seed in range(10):
        curves, lengths = depth.circle_through("relu", scale, 6, seed, width=200)
        assert len(curves) == len(lengths) == 7
        growth.append((lengths[6] / lengths[2]) ** (1 / 4))
    assert np.mean(growth) == pytest.approx(factor, rel=0.05)


# --- parts that are shared ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits():
    images, labels = load_digits("test")
    return images, labels


@pytest.mark.parametrize("unseen", [True, False, None])
def test_two_digit_numbers_are_the_digits_side_by_side(digits, unseen):
    images, numbers = depth.two_digit_numbers(*digits, 300, seed=1, unseen=unseen)
    assert images.shape == (300, 28, 56)
    assert numbers.shape == (300,)
    if unseen is not None:
        assert (np.isin(numbers, depth.UNSEEN) == unseen).all()
    known = {image.tobytes(): label for image, label in zip(*digits, strict=True)}
    for image, number in zip(images[:20], numbers, strict=False):
        halves = image[:, :28].copy(), image[:, 28:].copy()
        assert [known[half.tobytes()] for half in halves] == [number // 10, number % 10]


@pytest.mark.parametrize("way", depth.NumberReader.WAYS)
def test_a_reader_reads_what_it_was_trained_on(digits, way):
    images, numbers = depth.two_digit_numbers(*digits, 60, seed=0, unseen=False)
    reader = depth.NumberReader(way, updates=200).fit(images, numbers)
    assert reader.score(images, numbers) > 0.95
    assert len(reader.networks_) == (2 if way.endswith(("reader", "readers")) else 1)


def test_the_gradient_of_two_answers_is_right():
    random = np.random.default_rng(0)
    network = depth.TwoAnswers((4, 6, 20), activation="tanh")
    X, y = random.normal(size=(30, 4)), random.integers(100, size=30)

    def loss(parameters):
        network.parameters = parameters
        p = [np.exp(half) for half in np.hsplit(network.forward(X), 2)]
        tens, ones = (part / part.sum(axis=1, keepdims=True) for part in p)
        rows = np.arange(30)
        return -np.mean(np.log(tens[rows, y // 10]) + np.log(ones[rows, y % 10]))

    def gradient(parameters):
        network.parameters = parameters
        return network._loss_and_gradient(X, y)[1]

    assert gradient_check(loss, gradient, network.parameters, network.blocks).passed


def test_a_number_that_was_never_an_answer_is_read_where_the_answer_is_cut_in_two(digits):
    training = depth.two_digit_numbers(*digits, 300, seed=0, unseen=False)
    new = depth.two_digit_numbers(*load_digits("train"), 500, seed=1, unseen=True)
    scores = {
        way: depth.NumberReader(way, updates=400).fit(*training).score(*new)
        for way in ("whole", "two answers", "shared reader")
    }
    assert scores["whole"] == 0
    assert 0.05 < scores["two answers"] < scores["shared reader"]
    assert scores["shared reader"] > 0.4


def test_features_by_hand_are_the_same_for_a_brighter_image(digits):
    images = digits[0][:5]
    features = depth.oriented_gradients(images)
    assert features.shape == (5, 324)
    np.testing.assert_allclose(depth.oriented_gradients(images / 2), features, atol=2e-3)


# --- stored runs ----------------------------------------------------------------------------------

TABLES = {
    "regression_shapes": 4 * 2 * 4 * 2 * 4 * 5,
    "ring_pieces": 4 * 5,
    "digit_shapes": 2 * 5 * 4 * 5,
    "layer_noise": 2 * 8 * 2 * 6,
    "two_digit_numbers": 4 * 5 * 3 * 5,
    "features": 4 * 3 * (4 * 5 + 3),
}
SAME = 0.05  # the same code and seed: what is left is rounding on another machine, amplified


@pytest.mark.parametrize(("name", "rows"), TABLES.items())
def test_a_stored_table_is_complete_and_says_its_versions(name, rows):
    table = load_experiment(name)
    assert len(table) == rows
    assert not table.isna().any().any()
    first = (EXPERIMENTS / f"{name}.csv").read_text("utf-8").split("\n")[0]
    assert "numpy" in first
    assert "seed" in first


def stored(name, **values):
    """The one row of a stored table with these values."""
    table = load_experiment(name)
    (found,) = np.flatnonzero((table[list(values)] == pd.Series(values)).all(axis=1))
    return table.iloc[found]


@pytest.mark.parametrize("epochs", [100, 400])
def test_a_stored_regression_comes_out_again(epochs):
    case = {"target": "product", "parameters": 300, "depth": 2, "seed": 0}
    row = stored("regression_shapes", **case, learning_rate=0.01, epochs=epochs)
    width = int(row["width"])
    network = depth.fit_regression("product", (2, width, width, 1), 0.01, 0, epochs)
    assert depth.regression_error(network, "product", 2) == pytest.approx(row["test"], rel=SAME)


def test_the_stored_pieces_of_the_rings_come_out_again():
    row = stored("ring_pieces", depth=4, seed=0)
    network = depth.fit_regression(
        "rings", depth.shape(4, 1200, 2, 1), row["learning_rate"], epochs=400
    )
    assert count_regions(from_mlp(network)) == pytest.approx(row["pieces"], rel=SAME)


def test_a_stored_shape_for_digits_comes_out_again(digits):
    row = stored("digit_shapes", parameters=10_000, depth=1, learning_rate=0.01, seed=0)
    images, labels = load_digits("train")
    X = images[:7000].reshape(7000, 784)
    network = depth.fit_classifier((784, int(row["width"]), 10), X, labels[:7000], 0.01, 2200)
    new, truth = digits[0].reshape(2000, 784), digits[1]
    assert 1 - network.score(new, truth) == pytest.approx(row["test"], rel=SAME)


@pytest.mark.parametrize(("way", "which"), [("two answers", "unseen"), ("shared reader", "seen")])
def test_a_stored_reading_of_numbers_comes_out_again(way, which):
    images, labels = (part[:7000] for part in load_digits("train"))
    new = depth.two_digit_numbers(*load_digits("test"), 2000, 1, unseen=which == "unseen")
    training = depth.two_digit_numbers(images, labels, 100, 100, unseen=False)
    row = stored("two_digit_numbers", n=100, way=way, learning_rate=0.003, seed=0)
    found = depth.NumberReader(way, 0, 0.003).fit(*training).score(*new)
    assert found == pytest.approx(row[which], rel=SAME)


def test_a_stored_noise_comes_out_again():
    scores = depth.scores_with_noise(*depth.fit_six_layers("tanh", 0), 0.36)
    rows = [
        stored("layer_noise", network="tanh", seed=0, relative=False, layer=layer)
        for layer in range(1, 7)
    ]
    np.testing.assert_allclose(scores, [row["accuracy"] for row in rows], rtol=SAME)


def test_stored_features_by_hand_come_out_again(digits):
    images, labels = (part[:7000] for part in load_digits("train"))
    chosen = np.random.default_rng(0).permutation(7000)[:50]
    network = depth.fit_classifier(
        (324, 10), depth.oriented_gradients(images[chosen]), labels[chosen], 0.01
    )
    row = stored("features", n=50, features="by hand, linear", learning_rate=0.01, seed=0)
    found = 1 - network.score(depth.oriented_gradients(digits[0]), digits[1])
    assert found == pytest.approx(row["test"], rel=SAME)


REFUSED = {
    "no depth": (lambda: depth.shape(0, 100, 2, 1), ValueError, "depth must be at least 1"),
    "no parameters": (lambda: depth.shape(1, -5, 2, 1), ValueError, "parameters must be at least"),
    "parameters that are no number": (
        lambda: depth.shape(1, float("nan"), 2, 1),
        TypeError,
        "parameters must be a whole number",
    ),
    "no inputs": (lambda: depth.shape(1, 100, 0, 1), ValueError, "inputs must be at least 1"),
    "a target": (lambda: depth.fit_regression("waves", (2, 3, 1), 0.01), ValueError, "product, ri"),
    "two outputs": (lambda: depth.Regressor((2, 3, 2)), ValueError, "sizes must end with 1 output"),
    "no samples": (
        lambda: depth.fit_classifier((2, 2), np.ones((0, 2)), []),
        ValueError,
        "samples must be at least 1",
    ),
    "no draws": (
        lambda: depth.scores_with_noise(MLP((2, 2)), np.ones((1, 2)), [0], 1, seeds=0),
        ValueError,
        "seeds must be at least 1",
    ),
    "a circle of no dimension": (lambda: depth.circle(5, 0), ValueError, "dimensions must be"),
    "six layers": (lambda: depth.fit_six_layers("sigmoid"), ValueError, "name must be one of tanh"),
    "only fives": (
        lambda: depth.two_digit_numbers(np.ones((9, 28, 28)), [5] * 9, 3, unseen=True),
        ValueError,
        "0 of 3 were found",
    ),
    "no picture": (
        lambda: depth.two_digit_numbers(np.ones((9, 28, 28)), [5] * 9, -1),
        ValueError,
        "n must be at least 1",
    ),
    "not learned": (
        lambda: depth.NumberReader("whole").predict(np.ones((1, 28, 56))),
        ValueError,
        "has not learned yet",
    ),
    "small images": (
        lambda: depth.oriented_gradients(np.ones((2, 20, 20))),
        ValueError,
        "images must have shape",
    ),
    "a way": (lambda: depth.NumberReader("wide"), ValueError, "way must be one of whole, deep"),
    "noise": (
        lambda: depth.scores_with_noise(MLP((2, 2)), np.ones((1, 2)), [0], -1),
        ValueError,
        "std must be at least 0",
    ),
    "lengths": (
        lambda: depth.Regressor((1, 2, 1)).score(np.ones((3, 1)), np.ones(2)),
        ValueError,
        "same length|same shape",
    ),
}


@pytest.mark.parametrize(("call", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_bad_values_are_refused_in_plain_words(call, error, words):
    with pytest.raises(error, match=words):
        call()
