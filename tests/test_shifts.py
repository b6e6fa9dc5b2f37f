"""When the world changes: each change does what it says, and confidence is measured fairly."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from course_lib.cnn import digit_images, load_digit_network, shift
from course_lib.shifts import (
    CHANGES,
    change,
    detection_rate,
    expected_calibration_error,
    fit_temperature,
    reliability,
)
from course_lib.training import logits, probabilities

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def X():
    return digit_images("test")[0][:20]


# --- Changes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CHANGES)
def test_an_amount_of_0_changes_nothing_and_the_largest_keeps_images_images(X, kind):
    most = CHANGES[kind][0]
    np.testing.assert_allclose(change(X, kind, 0), X, atol=1e-5)
    changed = change(X, kind, most)
    assert changed.shape == X.shape
    assert changed.dtype == np.float32
    assert changed.min() >= 0
    assert changed.max() <= 1 + 1e-6
    assert abs(changed - X).mean() > 0.02


def test_changes_are_those_of_their_names(X):
    np.testing.assert_allclose(change(X, "turned", 180), X[..., ::-1, ::-1], atol=1e-4)
    np.testing.assert_allclose(change(X, "turned", 90), np.rot90(X, axes=(2, 3)), atol=1e-4)
    np.testing.assert_allclose(change(X, "moved", 4), shift(X, right=4), atol=1e-5)
    np.testing.assert_allclose(change(X, "inverted", 1), 1 - X)
    np.testing.assert_allclose(change(X, "inverted", 0.5), 0.5)
    np.testing.assert_allclose(change(X, "fainter", 0.4), 0.6 * X, rtol=1e-5)
    largest = ndimage.grey_dilation(X, size=(1, 1, 3, 3), mode="constant")
    np.testing.assert_allclose(change(X, "thicker", 1), largest)
    np.testing.assert_allclose(change(X, "thicker", 0.5), (X + largest) / 2, atol=1e-6)
    assert change(X, "smaller", 0.5).sum() == pytest.approx(X.sum() / 4, rel=0.05)


def test_noise_has_its_deviation_and_its_seed():
    grey = np.full((10, 1, 28, 28), 0.5, dtype=np.float32)
    assert change(grey, "noisy", 0.1).std() == pytest.approx(0.1, rel=0.03)
    np.testing.assert_array_equal(change(grey, "noisy", 0.3, 1), change(grey, "noisy", 0.3, 1))
    assert (change(grey, "noisy", 0.3, 1) != change(grey, "noisy", 0.3, 2)).any()
    assert {0, 1} < set(change(grey, "noisy", 1.0).ravel())


# --- Confidence ----------------------------------------------------------------------------------


def test_reliability_by_hand():
    p = np.array([[0.9, 0.1], [0.85, 0.15], [0.4, 0.6], [0.35, 0.65]])
    table = reliability(p, [0, 1, 1, 1], bins=10)
    assert table.index.tolist() == [6, 8, 9]
    assert table["count"].tolist() == [2, 1, 1]
    np.testing.assert_allclose(table.confidence, [0.625, 0.85, 0.9])
    np.testing.assert_allclose(table.accuracy, [1, 0, 1])
    gaps = 2 * 0.375 + 0.85 + 0.1
    assert expected_calibration_error(p, [0, 1, 1, 1], bins=10) == pytest.approx(gaps / 4)


def test_in_one_bin_the_error_is_the_gap_of_the_means():
    p = RANDOM.dirichlet(np.ones(4), 300)
    y = RANDOM.integers(4, size=300)
    gap = abs(p.max(axis=1).mean() - np.mean(p.argmax(axis=1) == y))
    assert expected_calibration_error(p, y, bins=1) == pytest.approx(gap)


def test_who_means_what_it_says_is_calibrated_and_who_is_always_sure_is_not():
    p = RANDOM.dirichlet(np.ones(3), 20_000)
    y = (p.cumsum(axis=1) < RANDOM.random((20_000, 1))).sum(axis=1)
    assert expected_calibration_error(p, y) < 0.02
    sure = np.eye(3)[p.argmax(axis=1)]
    wrong = 1 - np.mean(p.argmax(axis=1) == y)
    assert expected_calibration_error(sure, y) == pytest.approx(wrong)


@pytest.mark.parametrize("T", [0.3, 1.0, 4.0])
def test_the_temperature_of_made_labels_is_found_again(T):
    z = 3 * RANDOM.normal(size=(20_000, 5))
    p = torch.from_numpy(z / T).softmax(dim=1).numpy()
    y = (p.cumsum(axis=1) < RANDOM.random((20_000, 1))).sum(axis=1)
    assert fit_temperature(z, y) == pytest.approx(T, rel=0.05)


def test_the_temperature_is_where_the_loss_of_real_digits_is_least():
    X, y = (array[-500:] for array in digit_images("train"))
    z = logits(load_digit_network("plain"), X)
    T = fit_temperature(z, y)

    def loss(T):
        target = torch.from_numpy(y)
        return torch.nn.functional.cross_entropy(torch.from_numpy(z / T).double(), target).item()

    assert loss(T) < min(loss(0.98 * T), loss(1.02 * T))


def test_turned_digits_are_misread_with_confidence(X):
    images, y = (array[:300] for array in digit_images("test"))
    p = probabilities(load_digit_network("plain"), change(images, "turned", 90))
    assert np.mean(p.argmax(axis=1) == y) < 0.4
    assert p.max(axis=1).mean() > 0.6


# --- Detection -----------------------------------------------------------------------------------


def test_nothing_new_gives_an_alarm_at_the_level_and_a_shift_is_seen_the_sooner_the_more_come():
    reference, moved = RANDOM.normal(size=(2, 5000))
    assert detection_rate(reference, moved, 30, level=0.1) == pytest.approx(0.1, abs=0.05)
    rates = [detection_rate(reference, moved + 0.5, n) for n in (1, 10, 100)]
    assert rates[0] < rates[1] < rates[2]
    assert rates[2] > 0.98


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: change(np.zeros((1, 1, 28, 28)), "eaten", 1), "kind must be one of turned, moved"),
        (lambda: change(np.zeros((1, 1, 28, 28)), "moved", 11), "amount must be at most 10"),
        (lambda: change(np.zeros((28, 28)), "moved", 1), "images must be 4-dimensional"),
        (lambda: change(np.full((1, 1, 8, 8), 255), "inverted", 1), r"images must lie in \[0, 1\]"),
        (lambda: reliability([[0.5, 0.5]], [0, 1]), "p and y must have the same length"),
        (lambda: fit_temperature([1.0], [0]), "logits must be 2-dimensional"),
        (lambda: fit_temperature([[1.0, 2.0]], [-1]), "y must hold classes from 0 to 1"),
        (lambda: reliability([[2.0, -1.0]], [0]), "p must hold probabilities"),
        (lambda: reliability([[0.5, 0.5]], [2]), "y must hold classes from 0 to 1"),
        (lambda: detection_rate([1.0], [2.0], 1, level=0), "level must be greater than 0"),
    ],
)
def test_bad_input_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()
