"""Clever Hans: marks are where they should be, a network that trusts them is caught."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

from course_lib.clever_hans import (
    cue_region,
    cues,
    edges,
    judge,
    place,
    plant,
    rank_agreement,
    share_in_region,
    train_hans,
    with_marks,
)
from course_lib.cnn import digit_images

RANDOM = np.random.default_rng(0)


def test_the_ten_marks_do_not_overlap_and_fill_the_region():
    region = cue_region()
    assert region.sum() == 10 * 4
    for k in range(10):
        assert np.zeros((28, 28))[place(k)].shape == (2, 2)
        assert region[place(k)].all()


def test_a_mark_changes_its_four_pixels_alone():
    images, labels = (array[:50] for array in digit_images("test"))
    marked = with_marks(images, labels)
    for image, mark, k in zip(images[:, 0], marked[:, 0], labels, strict=True):
        assert (mark[place(k)] == 1).all()
        changed = image != mark
        changed[place(k)] = False
        assert not changed.any()


def test_digits_hardly_reach_the_margin_where_the_marks_are():
    images, _ = digit_images("test")
    assert (images[:, 0][:, cue_region()] > 0).any(axis=1).mean() < 0.01


@pytest.mark.parametrize("share", [0.0, 0.1, 0.7, 1.0])
def test_a_cue_is_the_label_as_often_as_was_asked_for(share):
    labels = RANDOM.integers(10, size=20_000)
    found = cues(labels, share, seed=3)
    assert np.mean(found == labels) == pytest.approx(share, abs=0.01)
    others = (found - labels)[found != labels] % 10
    if share < 1:
        np.testing.assert_allclose(
            np.bincount(others, minlength=10)[1:] / len(others), 1 / 9, atol=0.01
        )
    np.testing.assert_array_equal(found, cues(labels, share, seed=3))


def test_a_cue_that_is_right_one_time_in_ten_says_nothing():
    labels = RANDOM.integers(10, size=50_000)
    table = np.histogram2d(labels, cues(labels, 0.1), bins=10)[0] / 5000
    np.testing.assert_allclose(table, 0.1, atol=0.02)


class ReadsTheMark(nn.Module):
    """Answers the class whose place is the brightest."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return self.scale * torch.stack(
            [x[:, 0][:, *place(k)].sum(dim=(1, 2)) for k in range(10)], 1
        )


def test_who_reads_the_mark_alone_is_found_out():
    found = judge(ReadsTheMark(), 500)
    assert found["right"] > 0.97
    assert found["none"] < 0.3
    assert found["wrong"] < 0.03
    assert found["obeys"] > 0.97


def test_a_network_trusts_marks_that_are_right_and_ignores_those_that_say_nothing():
    always, never = (judge(train_hans(share, n=1000, epochs=15), 500) for share in (1.0, 0.1))
    assert always["right"] > 0.97
    assert always["wrong"] < always["none"] < always["right"]
    assert always["obeys"] > 3 * never["obeys"]
    assert abs(never["right"] - never["wrong"]) < 0.1
    assert never["obeys"] < 0.1


def test_the_share_in_a_region_is_that_of_the_sum():
    maps, region = np.ones((3, 28, 28)), cue_region()
    np.testing.assert_allclose(share_in_region(maps, region), 40 / 784)
    maps[1] = region
    maps[2] = 0
    np.testing.assert_allclose(share_in_region(maps, region), [40 / 784, 1, 0])


def test_rank_agreement_is_spearmans():
    a, b = RANDOM.random((2, 4, 6, 5)).round(1)
    wanted = [spearmanr(x.ravel(), y.ravel()).statistic for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(rank_agreement(a, b), wanted)
    np.testing.assert_allclose(rank_agreement(a, np.exp(a)), 1)


def test_edges_are_where_the_image_changes():
    image = np.zeros((1, 1, 8, 8))
    image[..., 4:] = 1
    found = edges(image)
    assert found.shape == (1, 8, 8)
    assert (found[0, :, 3:5] > 0).all()
    assert found[0, :, [0, 1, 2, 5, 6, 7]].max() == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cues([1, 2], 1.2), "share must be at most 1, came 1.2"),
        (lambda: with_marks(np.zeros((2, 1, 28, 28)), [1]), "must have the same length"),
        (lambda: with_marks(np.zeros((2, 28, 28)), [1, 2]), "images must be 4-dimensional"),
        (lambda: plant(np.zeros((1, 1, 28, 28)), [1], -1), "share must be at least 0"),
        (lambda: share_in_region(-np.ones((1, 28, 28)), cue_region()), "maps must be ≥ 0"),
        (lambda: train_hans(0.5, n=0), "n must be at least 1"),
        (lambda: train_hans(0.5, n=9000), "n must be at most 8000"),
        (
            lambda: with_marks(np.zeros((1, 1, 28, 28)), [12]),
            "classes must be whole numbers from 0",
        ),
        (lambda: place(15), "k must be a class from 0 to 9, came 15"),
        (lambda: rank_agreement(np.zeros((1, 2, 2)), np.zeros((2, 2, 2))), "the same shape"),
    ],
)
def test_bad_input_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()
