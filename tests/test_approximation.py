"""A target, the network of the formula and the one that training finds: errors as proved."""

import numpy as np
import pytest

from course_lib.approximation import (
    SEGMENTS,
    TARGETS,
    X,
    chebyshev,
    errors_by_formula,
    fit_by_formula,
    fit_by_training,
    largest_error,
    one_layer_square_error,
)
from course_lib.relu_networks import from_mlp, square_net


@pytest.mark.parametrize("name", ["smooth", "corners", "jagged"])
def test_a_target_changes_at_most_as_fast_as_it_says_and_somewhere_as_fast(name):
    slopes = np.abs(np.diff(TARGETS[name](X))) / np.diff(X)
    assert slopes.max() == pytest.approx(TARGETS[name].lipschitz, rel=1e-3)


@pytest.mark.parametrize("name", ["smooth", "corners", "jagged"])
def test_half_of_the_promise_is_kept_with_every_number_of_segments(name):
    assert (errors_by_formula(name) <= TARGETS[name].lipschitz / (2 * SEGMENTS) + 1e-12).all()


def test_no_number_of_segments_meets_all_corners():
    assert (errors_by_formula("corners") * SEGMENTS).min() > 0.2


def test_a_smooth_target_is_missed_by_an_eighth_of_bend_times_length_squared():
    bend = 0.4 * (2 * np.pi) ** 2
    assert errors_by_formula("smooth")[63] == pytest.approx(bend / 8 / 64**2, rel=0.01)


def test_merged_ramps_are_the_same_network_with_half_of_the_neurons():
    pairs, merged = (fit_by_formula("root", 9, merged) for merged in (False, True))
    assert (pairs.neurons, merged.neurons) == (18, 9)
    np.testing.assert_allclose(merged(X), pairs(X), atol=1e-12)


def test_training_comes_nearer_where_the_neurons_begin_spread_out():
    found = [
        largest_error(from_mlp(fit_by_training("smooth", 32, start, 300)[0]), "smooth")
        for start in ("spread", "all at 0")
    ]
    assert found[0] < 0.2 < found[1]


@pytest.mark.parametrize("m", [1, 3, 6])
def test_no_layer_of_as_many_pieces_is_better_for_the_square_than_its_bound(m):
    pieces = 2**m
    x = np.linspace(0, 1, 2**12 + 1)
    lowered = square_net(m)(x) - 2.0 ** (-2 * m - 3)  # the best, with the kinks where they are
    error = np.abs(lowered - x**2).max()
    assert error == pytest.approx(one_layer_square_error(pieces - 1), rel=1e-9)


@pytest.mark.parametrize("degree", [1, 2, 5])
def test_a_chebyshev_polynomial_is_a_cosine(degree):
    t = np.linspace(0, np.pi, 50)
    values = np.polynomial.polynomial.polyval(np.cos(t), chebyshev(degree))
    np.testing.assert_allclose(values, np.cos(degree * t), atol=1e-12)


def test_bad_values_are_refused_in_plain_words():
    with pytest.raises(ValueError, match="segments must be at least 1"):
        fit_by_formula("smooth", 0)
    with pytest.raises(ValueError, match='start must be "spread" or "all at 0", came'):
        fit_by_training("smooth", 3, "random")
