"""Labelings by lines against linear programming and Cover's count; gaps against the bound."""

from itertools import product

import numpy as np
import pytest

from course_lib.capacity import count_labelings, examples_needed, label_all, threshold_gaps
from course_lib.generalization import not_separable, separable, vc_bound

SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]]
DEGENERATE = {
    "three on a line": [[0, 0], [1, 1], [2, 2]],
    "four on a line": [[0, 0], [1, 1], [2, 2], [3, 3]],
    "twice the same": [[0, 0], [0, 0], [1, 0]],
    "one inside of three": [[0, 0], [3, 0], [0, 3], [1, 1]],
    "one on a side": [[0, 0], [2, 0], [0, 2], [1, 1]],
    "all the same": [[1, 1], [1, 1]],
    "one": [[0.3, 0.2]],
}


def unseparated(points):
    found = label_all(points)
    return {tuple(labels) for labels in found.labels[found.gap == 0].tolist()}


@pytest.mark.parametrize("points", DEGENERATE.values(), ids=DEGENERATE)
def test_what_no_line_can_do_is_what_linear_programming_says_in_degenerate_positions(points):
    assert unseparated(points) == set(not_separable(points))


@pytest.mark.parametrize("seed", range(6))
def test_what_no_line_can_do_is_what_linear_programming_says_for_points_at_random(seed):
    points = np.random.default_rng(seed).normal(size=(4 + seed % 2, 2))
    assert unseparated(points) == set(not_separable(points))


def test_each_line_has_its_points_on_the_right_sides_with_half_the_gap_of_room():
    points = np.random.default_rng(1).normal(size=(4, 2))
    found = label_all(points)
    side = np.where(found.labels, 1, -1) * (points @ found.w.T + found.b[:, None].T).T
    separated = found.gap > 0
    assert (side[separated].min(axis=1) >= found.gap[separated] / 2 - 1e-12).all()


def test_the_square_has_two_labelings_that_no_line_makes():
    assert unseparated(SQUARE) == {(True, False, True, False), (False, True, False, True)}


def test_points_must_lie_in_the_plane():
    with pytest.raises(ValueError, match=r"points must have shape \(k, 2\)"):
        label_all([[1, 2, 3]])


@pytest.mark.parametrize(("k", "d"), [(1, 1), (3, 1), (3, 2), (4, 2), (5, 2), (6, 2), (5, 3)])
def test_covers_count_is_the_number_of_labelings_that_linear_programming_finds(k, d):
    points = np.random.default_rng(k).normal(size=(k, d))
    labelings = product((False, True), repeat=k)
    assert count_labelings(k, d) == sum(separable(points, labels) for labels in labelings)


@pytest.mark.parametrize("d", range(1, 7))
def test_all_labelings_up_to_the_vc_dimension_and_not_beyond(d):
    assert count_labelings(d + 1, d) == 2 ** (d + 1)
    assert count_labelings(d + 2, d) == 2 ** (d + 2) - 2


@pytest.mark.parametrize(("M", "omega"), [(1, 0.5), (3, 0.1), (1000, 0.1), (10**6, 0.02)])
def test_the_examples_needed_are_enough_and_hardly_fewer_would_be(M, omega):
    R = examples_needed(M, omega)
    assert vc_bound(R, M) <= omega < vc_bound(max(int(0.998 * R) - 1, M), M)


def test_the_gap_of_thresholds_is_the_best_of_all_thresholds():
    gaps = threshold_gaps(7, draws=20, seed=3)
    coins = np.random.default_rng(3).integers(2, size=(20, 7))
    errors = [np.mean((np.arange(7) >= t) != coins, axis=1) for t in range(8)]
    np.testing.assert_allclose(gaps, 0.5 - np.min(errors, axis=0), atol=1e-12)


@pytest.mark.parametrize("R", [10, 100, 1000])
def test_the_bound_holds_for_thresholds_much_more_often_than_promised(R):
    assert np.mean(threshold_gaps(R, draws=500) > vc_bound(R, 1, delta=0.05)) <= 0.05
