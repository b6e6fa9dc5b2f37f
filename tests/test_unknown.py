"""Scores for what was never seen: their formulas, their order, and what each of them overlooks."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from course_lib.cnn import load_digit_network
from course_lib.unknown import (
    SCORES,
    STRANGERS,
    alarm_threshold,
    confidence_far_away,
    detection,
    energy,
    prediction_entropy,
    strangers,
    unsure,
)

Z = np.random.default_rng(0).normal(size=(40, 10)) * 4


def test_the_scores_are_their_formulas():
    p = torch.from_numpy(Z).softmax(dim=1).numpy()
    np.testing.assert_allclose(unsure(Z), 1 - p.max(axis=1), atol=1e-12)
    np.testing.assert_allclose(prediction_entropy(Z), stats.entropy(p, axis=1), atol=1e-12)
    for T in (0.5, 1.0, 3.0):
        wanted = -T * torch.logsumexp(torch.from_numpy(Z) / T, dim=1)
        np.testing.assert_allclose(energy(Z, T), wanted)


@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
def test_all_scores_rise_when_the_only_large_logit_falls(score):
    z = np.zeros((5, 10))
    z[:, 3] = [20, 10, 5, 2, 0]
    assert (np.diff(score(z)) > 0).all()


def test_only_the_energy_sees_that_all_logits_fell():
    np.testing.assert_allclose(unsure(Z - 5), unsure(Z), atol=1e-12)
    np.testing.assert_allclose(prediction_entropy(Z - 5), prediction_entropy(Z), atol=1e-9)
    np.testing.assert_allclose(energy(Z - 5), energy(Z) + 5)


def test_detection_is_the_chance_that_an_unknown_one_scores_higher():
    assert detection([1, 2, 3], [4, 5]) == 1
    assert detection([4, 5], [1, 2]) == 0
    known, unknown = np.random.default_rng(1).normal(size=(2, 60)).round(1)
    pairs = unknown[:, None] - known
    assert detection(known, unknown) == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 1.0])
def test_no_more_than_the_allowed_share_of_the_known_gives_an_alarm(share):
    for known in (np.arange(40.0), np.ones(7), np.array([3.0]), np.repeat([1.0, 2.0], 10)):
        assert np.mean(known > alarm_threshold(known, share)) <= share


@pytest.mark.parametrize("share", np.arange(100) / 100)
def test_all_false_alarms_that_are_allowed_are_given(share):
    scores = np.arange(100.0)
    assert np.mean(scores > alarm_threshold(scores, share)) == share


@pytest.mark.parametrize("kind", STRANGERS)
def test_strangers_are_images_and_the_seed_fixes_them(kind):
    images = strangers(kind, 20, seed=3)
    assert images.shape == (20, 1, 28, 28)
    assert images.dtype == np.float32
    assert images.min() >= 0
    assert images.max() <= 1
    np.testing.assert_array_equal(images, strangers(kind, 20, seed=3))
    assert (images != strangers(kind, 20, seed=4)).any()


def test_far_away_a_relu_network_is_sure_of_anything():
    noise = strangers("noise", 20)
    network = load_digit_network("known")
    near, far = (
        np.mean([confidence_far_away(network, image, [factor])[0] for image in noise])
        for factor in (1, 1000)
    )
    assert far > 0.99
    assert far > near


def test_along_a_ray_the_last_linear_piece_decides():
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    found = confidence_far_away(network, np.array([0.3, -0.2]), [0.0, 1.0, 1e6])
    with torch.no_grad():
        start = network(torch.zeros(1, 2)).softmax(dim=1).max().item()
    assert found[0] == pytest.approx(start, rel=1e-5)
    assert found[2] == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: unsure([1.0, 2.0]), "logits must be 2-dimensional"),
        (lambda: energy([[1.0, np.inf]]), "logits must be finite"),
        (lambda: energy(Z, T=0), "T must be greater than 0, came 0"),
        (lambda: strangers("cats"), "kind must be one of new digits, shuffled pixels"),
        (lambda: strangers("noise", 0), "n must be at least 1"),
        (lambda: strangers("new digits", 5000), "n must be at most .* for 'new digits', came 5000"),
        (lambda: alarm_threshold([1.0], 2), "false_alarms must be at most 1"),
        (lambda: detection([], [1.0]), "known must not be empty"),
    ],
)
def test_bad_input_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()
