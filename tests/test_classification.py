"""What the explorers of lesson 03 compute beside the library: lines, errors, ellipses, clouds."""

import numpy as np
import pytest

from course_lib.explorers import classification as explorers
from course_lib.gaussian import GaussianClassifier
from course_lib.linear_models import LinearRegression


@pytest.mark.parametrize("w", [(1.0, 0.0), (0.0, -2.0), (0.6, 3.0)])
@pytest.mark.parametrize("b", [0.0, 1.5])
def test_a_line_goes_through_points_where_its_function_is_zero(w, b):
    w = np.array(w)
    ends = explorers.line_through(w, b, reach=7)
    np.testing.assert_allclose(w @ ends + b, 0, atol=1e-12)
    assert np.linalg.norm(ends[:, 1] - ends[:, 0]) == pytest.approx(14)


def test_errors_of_a_line_are_counted_as_one_would_by_hand():
    X, y = np.array([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0]]), np.array([1, -1, -1])
    lines = [(1, 0, 0), (-1, 0, 0), (1, 0, -1.5), (0, 0, 1), (1, 0, -1)]
    np.testing.assert_array_equal(explorers.count_errors(lines, X, y), [1, 2, 2, 2, 2])
    np.testing.assert_array_equal(explorers.margins([(1, 0, -1)], X, y), [[0, -1, 2]])


def test_lines_in_a_direction_have_normals_of_length_one():
    lines = explorers.lines_in_direction([0, 90, 180], 0.3)
    np.testing.assert_allclose(lines, [(1, 0, 0.3), (0, 1, 0.3), (-1, 0, 0.3)], atol=1e-15)


def test_a_preset_called_a_step_shows_one():
    words = explorers.counting_errors().preset("a step").words
    assert "a jump here, from 22 to 21" in words
    assert "flat here" in explorers.counting_errors().preset("far off").words


def test_rounded_regression_predicts_the_class_of_the_nearest_number():
    X, y = explorers.three_clouds()
    for order in ("ABC", "BAC"):
        model = explorers.RoundedRegression(order).fit(X, y)
        numbers = np.array([1 + order.index(name) for name in y])
        np.testing.assert_allclose(model.line_.coef_, LinearRegression().fit(X, numbers).coef_)
        answers = model.line_.predict(X)
        nearest = abs(answers[:, None] - [1, 2, 3]).argmin(axis=1)
        np.testing.assert_array_equal(model.predict(X), np.array(list(order))[nearest])
    far = np.array([[-100.0, 0], [100.0, 0]])
    model = explorers.RoundedRegression("ABC").fit(X, y)
    assert model.predict(far).tolist() == ["A", "C"]  # what is beyond 1 or 3 is the last class


def test_three_clouds_are_a_row_until_b_is_moved():
    (low, y), (high, _) = explorers.three_clouds(), explorers.three_clouds(4)
    centers = np.array([low[y == name].mean(axis=0) for name in "ABC"])
    np.testing.assert_allclose(centers, [(-5, 0), (0, 0), (5, 0)], atol=0.5)
    np.testing.assert_allclose(high - low, np.outer(y == "B", (0, 4)), atol=1e-12)


def test_scores_of_cuts_judge_on_both_parts_what_was_fitted_to_the_first():
    (X, y), random = explorers.three_clouds(), np.random.default_rng(0)
    y = random.permutation(y)
    cuts = [np.split(random.permutation(90), [50]) for _ in range(3)]
    came = explorers.scores_of_cuts(GaussianClassifier("own"), X, y, cuts)
    for scores, (first, second) in zip(came, cuts, strict=True):
        model = GaussianClassifier("own").fit(X[first], y[first])
        expected = model.score(X[first], y[first]), model.score(X[second], y[second])
        assert tuple(scores) == expected


def test_the_ellipses_are_one_and_two_standard_deviations_away():
    mean, covariance = np.array([3.0, -1.0]), np.array([[4.0, 1.5], [1.5, 1.0]])
    for radius, line in zip((1, 2), explorers.sigma_ellipses(mean, covariance), strict=True):
        d = line - mean
        distance = np.einsum("ni,ij,nj->n", d, np.linalg.inv(covariance), d)
        np.testing.assert_allclose(distance, radius**2)
        np.testing.assert_allclose(abs(d).max(axis=0), radius * np.array([2, 1]), rtol=0.01)


def test_every_preset_of_the_boundary_sets_every_control():
    one = explorers.gaussian_boundary()
    for name, values in one.presets.items():
        assert set(values) == set(one.controls), name


def test_the_share_of_always_water_is_that_of_the_pokemon_shown():
    training, test = explorers.water_and_normal()
    one = explorers.gaussian_boundary()
    for shown, table in (("training", training), ("test", test)):
        share = (table["type1"] == "Water").mean()
        assert f"always saying Water: {share:.0%}" in one.set(pokemon=shown).words
