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


def test_the_error_of_a_regression_is_one_for_the_mean_and_zero_for_the_truth():
    class Constant:
        def score(self, X, y):
            return 0.0

    assert depth.regression_error(Constant(), "rings", seed=1) == 1
    assert np.abs(depth.regression_data("saw-tooth", 500, 0)[1]).max() <= 1


# --- which layer matters --------------------------------------------------------------------------


def test_noise_on_a_layer_is_taken_away_again_and_no_noise_changes_nothing():
    random = np.random.default_rng(0)
    network = MLP((4, 20, 20, 3))
    X, y = random.normal(size=(300, 4)), random.integers(3, size=300)
    before, score = network.parameters, network.score(X, y)
    np.testing.assert_array_equal(depth.scores_with_noise(network, X, y, 0), [score] * 3)
    noisy = depth.scores_with_noise(network, X, y, 3.0)
    np.testing.assert_array_equal(network.parameters, before)
    assert (noisy != score).any()


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
    (image,) = depth.trajectory(network, curve)
    np.testing.assert_allclose(image, 3 * curve)
    assert depth.length(image) == pytest.approx(3 * depth.length(curve))


@pytest.mark.parametrize(("scale", "factor"), [(1.0, 0.5**0.5), (2**0.5, 1.0), (2.0, 2**0.5)])
def test_a_relu_layer_scales_the_length_by_its_weights(scale, factor):
    growth = []
    for seed in range(10):
        network = MLP([200] * 7, "relu", scale / np.sqrt(200), seed=seed)
        curves = depth.trajectory(network, depth.circle(500, 200, seed))
        growth.append((depth.length(curves[-1]) / depth.length(curves[0])) ** (1 / 4))
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
    assert len(reader.networks_) == (1 if way in ("whole", "deep") else 2)


def test_only_a_reader_of_digits_can_read_a_number_that_it_never_saw(digits):
    training = depth.two_digit_numbers(*digits, 300, seed=0, unseen=False)
    new = depth.two_digit_numbers(*load_digits("train"), 500, seed=1, unseen=True)
    scores = {
        way: depth.NumberReader(way, updates=400).fit(*training).score(*new)
        for way in ("whole", "shared reader")
    }
    assert scores["whole"] < 0.02
    assert scores["shared reader"] > 0.4


def test_features_by_hand_are_the_same_for_a_brighter_image(digits):
    images = digits[0][:5]
    features = depth.oriented_gradients(images)
    assert features.shape == (5, 324)
    np.testing.assert_allclose(depth.oriented_gradients(images / 2), features, atol=2e-3)


# --- stored runs ----------------------------------------------------------------------------------

TABLES = {
    "regression_shapes": 3 * 2 * 5 * 4 * 8,
    "digit_shapes": 2 * 5 * 4 * 5,
    "two_digit_numbers": 5 * 4 * 5,
    "features": 6 * 5 * 5,
}


@pytest.mark.parametrize(("name", "rows"), TABLES.items())
def test_a_stored_table_is_complete_and_says_its_versions(name, rows):
    table = load_experiment(name)
    assert len(table) == rows
    assert not table.isna().any().any()
    first = (EXPERIMENTS / f"{name}.csv").read_text("utf-8").split("\n")[0]
    assert "numpy" in first
    assert "seed" in first


def test_a_stored_regression_comes_out_again():
    table = load_experiment("regression_shapes").query(
        "target == 'product' and parameters == 300 and depth == 2"
    )
    row = table.query("learning_rate == 0.01 and seed == 0").iloc[0]
    network = depth.fit_regression("product", (2, int(row["width"]), int(row["width"]), 1), 0.01, 0)
    spread = table.query("learning_rate == 0.01")["test"].std()
    assert depth.regression_error(network, "product", 2) == pytest.approx(
        row["test"], abs=3 * spread
    )


def test_a_stored_reading_of_numbers_comes_out_again():
    images, labels = load_digits("train")
    seen = depth.two_digit_numbers(*load_digits("test"), 2000, 1, unseen=False)
    training = depth.two_digit_numbers(images, labels, 100, 100, unseen=False)
    table = load_experiment("two_digit_numbers").query("n == 100 and seed == 0").set_index("way")
    found = depth.NumberReader("shared reader", 0).fit(*training).score(*seen)
    assert found == pytest.approx(table.loc["shared reader", "seen"], abs=0.03)


REFUSED = {
    "no depth": (lambda: depth.shape(0, 100, 2, 1), ValueError, "depth must be at least 1"),
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
