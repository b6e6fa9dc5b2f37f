"""Random symmetric matrices against exact chances, the semicircle and matrices drawn whole."""

import numpy as np
import pytest

from course_lib.random_matrices import (
    RATE,
    chances_all_positive,
    exact_chance,
    random_symmetric,
    spectra,
)


def test_the_matrices_are_symmetric_with_the_variances_of_the_ensemble():
    G = random_symmetric(4, 50_000)
    np.testing.assert_array_equal(G, G.swapaxes(1, 2))
    wanted = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    np.testing.assert_allclose(G.var(axis=0), wanted, atol=0.03)


def test_the_chances_are_the_exact_ones_where_these_are_known():
    chances = chances_all_positive(3)
    for n in (1, 2, 3):
        exact = exact_chance(n)
        assert abs(chances[n - 1] - exact) < 5 * n * np.sqrt(exact / 100_000)


def test_growing_matrices_give_the_same_chance_as_whole_ones():
    least = np.linalg.eigvalsh(random_symmetric(4, 200_000, seed=1))[:, 0]
    assert chances_all_positive(4)[3] == pytest.approx(np.mean(least > 0), rel=0.15)


def test_the_chance_falls_towards_the_rate_of_large_matrices():
    chances = chances_all_positive(12, 20_000)
    n = np.arange(1, 13)
    rates = -np.diff(np.log(chances)) / np.diff(n**2)
    assert rates[-1] == pytest.approx(RATE, rel=0.15)
    assert np.all(chances[1:] < 0.5 ** n[1:])


def test_the_same_seed_gives_the_same_chances():
    np.testing.assert_array_equal(chances_all_positive(3, 999, 7), chances_all_positive(3, 999, 7))


def test_spectra_fill_the_semicircle():
    values = spectra(200, 20)
    assert np.abs(values).max() < 1.1
    assert np.mean(values**2) == pytest.approx(0.25, rel=0.05)  # the semicircle's variance
    assert np.mean(values < 0) == pytest.approx(0.5, abs=0.02)


def test_a_shift_of_one_leaves_hardly_any_negative_eigenvalue():
    assert np.mean(spectra(100, 20, shift=1.0) < 0) < 0.01


@pytest.mark.parametrize("bad", [0, -1])
def test_a_size_below_one_is_said(bad):
    with pytest.raises(ValueError, match="n must be at least 1"):
        random_symmetric(bad, 3)
