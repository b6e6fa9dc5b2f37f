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


def test_the_integrals_give_the_chances_that_are_known_in_closed_form():
    known = 1 / 2, (2 - 2**0.5) / 4, (np.pi - 8**0.5) / (4 * np.pi)
    np.testing.assert_allclose([exact_chance(n) for n in (1, 2, 3)], known, rtol=1e-12)


def test_the_chances_are_the_exact_ones():
    exact = [exact_chance(n) for n in range(1, 11)]
    chances = chances_all_positive(10, 20_000)
    np.testing.assert_allclose(chances[:4], exact[:4], rtol=0.06)
    np.testing.assert_allclose(chances, exact, rtol=0.5)


def test_growing_matrices_give_the_same_chance_as_whole_ones():
    least = np.linalg.eigvalsh(random_symmetric(4, 200_000, seed=1))[:, 0]
    assert chances_all_positive(4)[3] == pytest.approx(np.mean(least > 0), rel=0.15)


def test_the_chance_falls_towards_the_rate_of_large_matrices():
    n = np.arange(1, 21)
    chances = np.array([exact_chance(size) for size in n])
    rates = -np.diff(np.log(chances)) / np.diff(n**2)
    assert np.all(np.diff(rates) < 0)
    assert rates[-1] == pytest.approx(RATE, rel=0.05)
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


def test_a_size_that_would_lose_its_digits_is_said():
    with pytest.raises(ValueError, match="n must be at most 20, came 21"):
        exact_chance(21)


def test_few_matrices_give_a_chance_too():
    assert 0 < chances_all_positive(6, matrices=3)[-1] < 1e-3
