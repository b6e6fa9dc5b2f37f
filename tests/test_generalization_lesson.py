"""What the explorers of lesson 10 compute, against the library and against theory."""

import numpy as np
import pytest

from course_lib.deep_training import small_digits
from course_lib.experiments import load_experiment
from course_lib.explorers import generalization as lesson
from course_lib.flatness import correlation, reached
from course_lib.linear_models import indicators
from course_lib.memorisation import RandomFeatures, some_digits


@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize("place", [2, 12])
def test_the_live_double_descent_is_least_squares_on_the_same_features(alpha, place):
    X, y = some_digits(lesson.DIGITS, 0.2)
    model = RandomFeatures(lesson.FEATURES[place], alpha).fit(X, indicators(y, range(10)))
    digits = small_digits(7000)
    new = model.predict(digits.X_test[:500]).argmax(axis=1)
    errors, test_errors, norms = lesson.fits_by_width(0.2, alpha)
    assert errors[place] == np.mean(model.predict(X).argmax(axis=1) != y)
    assert test_errors[place] == np.mean(new != digits.y_test[:500])
    assert norms[place] == pytest.approx(model.norm_, rel=1e-6)


@pytest.mark.parametrize("kind", ["noise", "width"])
@pytest.mark.parametrize("measure", ["sensitivity", "adaptive", "curvature"])
def test_what_foretells_among_networks_alike_is_what_the_library_says(kind, measure):
    nets = reached(load_experiment("trained_nets"))
    found = lesson.alike(nets)
    rho, _ = correlation(nets, measure, within=["noise", "width"])
    assert found[None].at["gap", measure] == pytest.approx(rho)
    for value, part in nets.groupby(kind):
        rho, _ = correlation(part, measure, "test", within=["noise", "width"])
        assert found[kind, value].at["test", measure] == pytest.approx(rho)


def test_what_is_said_of_a_slice_is_not_what_the_axis_can_show():
    stored, slices = load_experiment("slices"), lesson.slice_between()
    place = stored["t"][stored["noise_0_seed_1_training_error"].argmin()]
    slices.set(t=float(place), pair=1, noise=0, shown="error")
    assert "training 0, new digits" in slices.words


def test_letters_of_points_at_one_place_are_written_once():
    points = np.array([(-0.7, -0.6), (0.7, -0.6), (0.3, 0.3), (0.35, 0.3)])
    names, places = lesson._names(points)
    assert [name for name in names if name] == ["A", "B", "C, D"]
    assert len(places) == 4


@pytest.mark.parametrize("width", [0.02, 0.1, 0.24])
@pytest.mark.parametrize("radius", [0.0, 0.2, 0.5])
def test_the_worst_loss_near_a_place_is_that_of_a_search_up_to_the_edge_of_the_picture(
    width, radius
):
    shown = lesson.WAY[np.abs(lesson.WAY) <= 1.8]
    highest = lesson.worst_within(radius, width)[np.abs(lesson.WAY) <= 1.8]
    nearby = shown[:, None] + np.linspace(-radius, radius, 1001)
    wanted = lesson.crack_and_basin(nearby, width).max(axis=1)
    np.testing.assert_allclose(highest, wanted, atol=0.01)


@pytest.mark.parametrize("alpha", [0.25, 1.0, 3.0])
def test_the_worst_loss_around_two_weights_is_that_of_a_fine_search(alpha):
    (worst,), _ = lesson.worst_around([alpha], 0.3)
    angles, radii = np.meshgrid(np.linspace(0, 2 * np.pi, 721), np.linspace(0, 0.3, 61))
    nearby = alpha + radii * np.cos(angles), 1 / alpha + radii * np.sin(angles)
    assert worst == pytest.approx(lesson.two_weights_loss(*nearby).max(), rel=5e-3)


def test_relative_sharpness_is_the_same_along_the_whole_valley():
    worst, _ = lesson.worst_around(lesson.ALPHAS, 0.3, relative=True)
    np.testing.assert_allclose(worst, worst[0], rtol=1e-9)


def test_a_line_that_passes_by_has_no_chord():
    assert len(lesson._chord(np.array([1.0, 0.0]), 2.0, 1.15)) == 0
    ends = lesson._chord(np.array([0.6, 0.8]), -0.5, 1.15)
    np.testing.assert_allclose(ends @ [0.6, 0.8], 0.5)
    np.testing.assert_allclose(np.hypot(*ends.T), 1.15)


@pytest.mark.parametrize(
    ("count", "words"),
    [(999, "999"), (12_345, "12,345"), (844e6, "844 million"), (1.2e9, "1.2 billion"),
     (150_000, "150,000")],
)  # fmt: skip
def test_counts_are_written_to_be_read(count, words):
    assert lesson.brief(round(count)) == words
