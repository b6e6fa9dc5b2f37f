"""A new class from a few examples: the nearest mean is scikit-learn's, episodes are fair."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestCentroid

from course_lib.cnn import digit_images, load_digit_network, small_cnn
from course_lib.few_shot import NearestClassMean, episode, features, few_shot_accuracies

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(("n", "d", "classes"), [(30, 2, 2), (200, 10, 5), (12, 4, 6)])
def test_the_nearest_class_mean_is_scikit_learns(n, d, classes):
    y = np.arange(n) % classes
    X = RANDOM.normal(size=(n, d)) + 0.5 * y[:, None]
    new = RANDOM.normal(size=(100, d))
    ours, theirs = NearestClassMean().fit(X, y), NearestCentroid().fit(X, y)
    np.testing.assert_allclose(ours.means_, theirs.centroids_)
    np.testing.assert_array_equal(ours.predict(new), theirs.predict(new))
    assert ours.score(X, y) == theirs.score(X, y)


def test_classes_may_have_names_and_one_example_each():
    model = NearestClassMean().fit([[0.0, 0], [4, 0]], ["left", "right"])
    assert model.predict([[1.0, 9], [3, -9]]).tolist() == ["left", "right"]


def test_it_is_a_linear_classifier():
    X, y = RANDOM.normal(size=(40, 3)), np.arange(40) % 2
    model = NearestClassMean().fit(X, y)
    a, b = model.means_
    side = (X - (a + b) / 2) @ (b - a)
    np.testing.assert_array_equal(model.predict(X), (side > 0).astype(int))


def test_features_are_what_the_last_layer_sees():
    network, X = load_digit_network("known"), digit_images("test")[0][:20]
    code = features(network, X)
    assert code.shape == (20, 32)
    with torch.no_grad():
        wanted = network(torch.from_numpy(X))
        ours = network[-1](torch.from_numpy(code))
    torch.testing.assert_close(ours, wanted)
    assert features(network, X, 3).shape == (20, 8 * 13 * 13)


def test_an_episode_has_its_shots_and_queries_of_each_class_and_none_twice():
    y = np.repeat([7, 8, 9], [30, 20, 12])
    support, tested = episode(y, 2, 10, np.random.default_rng(1))
    assert np.bincount(y[support])[7:].tolist() == [2, 2, 2]
    assert np.bincount(y[tested])[7:].tolist() == [10, 10, 10]
    assert len({*support, *tested}) == 36


def test_more_examples_help_and_the_seed_fixes_the_episodes():
    y = np.arange(300) % 3
    X = RANDOM.normal(size=(300, 8)) + 0.7 * np.eye(8)[y]
    scores = {n: few_shot_accuracies(X, y, NearestClassMean, n, 50) for n in (1, 10)}
    assert scores[1].shape == (50,)
    assert scores[10].mean() > scores[1].mean() + 0.05
    again = few_shot_accuracies(X, y, NearestClassMean, 10, 50)
    np.testing.assert_array_equal(again, scores[10])


def test_labels_that_say_nothing_are_read_by_chance():
    X, y = RANDOM.normal(size=(600, 4)), np.arange(600) % 3
    scores = few_shot_accuracies(X, y, NearestClassMean, 5, 100)
    assert scores.mean() == pytest.approx(1 / 3, abs=0.02)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: NearestClassMean().fit([[1.0]], [1, 2]), "X and y must have the same length"),
        (lambda: NearestClassMean().fit([1.0], [1]), r"X must have shape \(n_samples"),
        (lambda: NearestClassMean().predict([[1.0]]), "NearestClassMean is not fitted yet"),
        (
            lambda: NearestClassMean().fit([[1.0]], [1]).predict([[1.0, 2.0]]),
            "1 features as in fit",
        ),
        (lambda: features(small_cnn(), np.zeros((1, 1, 28, 28)), 0), "layer must come after the"),
        (lambda: episode([1, 1, 2], 1, 1, RANDOM), "class 2 has 1 examples, wanted: 1 shots"),
        (lambda: episode([1, 2], 0, 1, RANDOM), "shots must be at least 1"),
    ],
)
def test_bad_input_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()
