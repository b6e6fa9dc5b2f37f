"""Capacity against counting, sensitivity against torch, sharpness against pencil and paper."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from torch import nn
from torch.func import jacrev, vmap
from torch.nn import functional

from course_lib.generalization import (
    jacobian,
    not_separable,
    sensitivity,
    separable,
    sharpness,
    shatters,
    vc_bound,
    widths_at_height,
)
from course_lib.validation import DivergedError

SQUARE = [[0, 0], [1, 0], [0, 1], [1, 1]]


# --- capacity ------------------------------------------------------------------------------------


def test_the_bound_falls_with_examples_and_rises_with_capacity():
    assert vc_bound(1000, 10) > vc_bound(10_000, 10)
    assert vc_bound(1000, 10) < vc_bound(1000, 100)
    assert vc_bound(1000, 10, delta=0.01) > vc_bound(1000, 10, delta=0.1)
    assert vc_bound(100, 1, delta=4 / np.e**3) == pytest.approx(np.sqrt((np.log(200) + 4) / 100))


@pytest.mark.parametrize(
    ("points", "wrong"),
    [
        ([[0, 0], [1, 0], [0, 1]], 0),
        (SQUARE, 2),  # both labelings of XOR
        ([[0, 0], [1, 1], [2, 2]], 2),  # on a line: the middle one against the ends
        ([[0, 0], [0, 0]], 2),  # one place, two labels
        ([[0, 0], [4, 0], [0, 4], [1, 1]], 2),  # one within the triangle of the others
        ([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], 0),
        ([[5.0]], 0),
        ([[1.0], [2.0], [3.0]], 2),
    ],
)
def test_the_labelings_that_no_line_gets_right_are_counted(points, wrong):
    assert len(not_separable(points)) == wrong
    assert shatters(points) == (wrong == 0)


def test_xor_is_what_no_line_gets_right():
    assert set(not_separable(SQUARE)) == {(False, True, True, False), (True, False, False, True)}


@settings(deadline=None, max_examples=20)
@given(some.integers(0, 10**6), some.integers(1, 4))
def test_points_in_general_position_can_be_labelled_as_cover_counts(seed, d):
    """k points in general position in d dimensions: 2 Σ_{i ≤ d} C(k − 1, i) labelings are right."""
    k = d + 2
    points = np.random.default_rng(seed).normal(size=(k, d))
    assert len(not_separable(points)) == 2  # of 2^(d + 2), all but two: Radon's
    assert shatters(points[:-1])


@settings(deadline=None, max_examples=20)
@given(some.integers(0, 10**6))
def test_what_a_line_has_labelled_is_separable(seed):
    rng = np.random.default_rng(seed)
    points = rng.integers(-3, 4, size=(6, 2))
    w, b = rng.normal(size=2), rng.normal()
    assert separable(points, points @ w + b > 0)


# --- sensitivity ---------------------------------------------------------------------------------


@pytest.fixture
def model():
    torch.manual_seed(0)
    layers = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 5)
    return nn.Sequential(*layers).double()


def test_the_jacobian_is_torchs_and_the_model_is_left_alone(model):
    X = torch.randn(7, 1, 6, 6, dtype=torch.float64)
    ours = jacobian(model, X)
    assert model.training
    assert all(p.grad is None for p in model.parameters())
    model.eval()
    theirs = vmap(jacrev(lambda x: functional.softmax(model(x[None]), dim=1)[0]))(X)
    torch.testing.assert_close(ours, theirs)


def test_sensitivity_is_the_frobenius_norm_of_each_input_in_whatever_chunks(model):
    X = torch.randn(7, 1, 6, 6, dtype=torch.float64)
    wanted = [torch.linalg.matrix_norm(J.reshape(5, 36)) for J in jacobian(model, X)]
    for at_once in (2, 7, 500):
        torch.testing.assert_close(sensitivity(model, X, at_once), torch.stack(wanted))


def test_arrays_do_as_well_as_tensors(model):
    X = np.random.default_rng(0).normal(size=(3, 1, 6, 6))
    torch.testing.assert_close(sensitivity(model, X), sensitivity(model, torch.from_numpy(X)))


def test_each_part_of_a_model_is_in_its_mode_again_also_after_an_error(model):
    model[1].eval()  # frozen, while the others train
    modes = [part.training for part in model.modules()]
    jacobian(model, torch.randn(2, 1, 6, 6))
    assert [part.training for part in model.modules()] == modes
    with pytest.raises(RuntimeError):
        jacobian(model, torch.randn(2, 1, 9, 9))
    assert [part.training for part in model.modules()] == modes


# --- sharpness -----------------------------------------------------------------------------------

CURVATURES = torch.tensor([8.0, 2.0, 0.5], dtype=torch.float64)


def bowl(theta):
    """½ Σ h θ² + 3: its width at height ξ along an axis is 2 √(2ξ/h)."""
    return (CURVATURES * theta**2).sum() / 2 + 3


def test_a_bowl_is_as_wide_as_its_curvature_says():
    bottom = torch.zeros(3, dtype=torch.float64)
    one = torch.tensor(4.0).double()
    widths = widths_at_height(lambda theta: one * theta @ theta, bottom, height=1.0)
    np.testing.assert_allclose(widths, 1.0, rtol=2e-3)
    low, high = (widths_at_height(bowl, bottom, height, 30) for height in (0.1, 0.4))
    np.testing.assert_allclose(high, 2 * low, rtol=4e-3)


def test_a_plain_is_as_wide_as_one_looks():
    widths = widths_at_height(lambda theta: theta.sum() * 0, torch.zeros(3), 1.0, 2, farthest=5.0)
    assert widths.tolist() == [10, 10]


def test_a_gorge_between_two_walls_has_no_width_and_is_soon_found():
    tried = []

    def walls(theta):
        tried.append(theta)
        return torch.where(theta.norm() > 0, 5.0, 0.0)

    assert widths_at_height(walls, torch.zeros(3), 1.0, directions=1).tolist() == [0]
    assert len(tried) < 100


@pytest.mark.parametrize("radius", [0.01, 0.3])
def test_the_worst_place_near_the_bottom_of_a_bowl_is_along_its_steepest_axis(radius):
    found = sharpness(bowl, torch.zeros(3, dtype=torch.float64), radius)
    assert found == pytest.approx(8 * radius**2 / 2, rel=1e-3)


def test_sharpness_never_leaves_the_ball_and_a_plain_has_none():
    def far(theta):
        return torch.where(theta.norm() > 0.5, 1000.0, 0.0) + 0 * theta.sum()

    assert sharpness(far, torch.zeros(3, dtype=torch.float64), 0.49) == 0


NAN = float("nan")


def hole(theta):
    """A loss that is no number a little aside."""
    return torch.where(theta.norm() > 0.1, NAN, 1.0) + 0 * theta.sum()


BAD = {
    "delta": (lambda: vc_bound(100, 10, delta=1), "delta must be below 1, came 1"),
    "R": (lambda: vc_bound(10, 11), "R must be at least 11, came 10"),
    "labels": (lambda: separable(SQUARE, [True]), "points and labels must have the same length"),
    "texts": (lambda: separable(SQUARE, list("abab")), "labels must hold real numbers"),
    "signs": (lambda: separable(SQUARE, [1, -1, 1, -1]), "labels must be True or False"),
    "no input": (lambda: sensitivity(nn.Linear(2, 2), np.ones((0, 2))), "X must not be empty"),
    "NaN": (lambda: sensitivity(nn.Linear(2, 2), [[NAN, 1]]), "X must be finite"),
    "at_once": (lambda: sensitivity(nn.Linear(2, 2), [[1, 2]], 0), "at_once must be at least 1"),
    "no width": (lambda: widths_at_height(lambda t: t.sum() * NAN, CURVATURES, 1), "loss is nan"),
    "no sharpness": (lambda: sharpness(lambda t: t.sum() * NAN, CURVATURES, 1), "loss is nan"),
    "hole": (lambda: sharpness(hole, torch.zeros(3), 0.5), "the loss is nan"),
    "radius": (lambda: sharpness(bowl, CURVATURES, 0), "radius must be greater than 0"),
    "height": (lambda: widths_at_height(bowl, CURVATURES, -1), "height must be greater than 0"),
}


@pytest.mark.parametrize(("call", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_said(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()


def test_a_loss_that_is_no_number_is_a_training_that_diverged():
    with pytest.raises(DivergedError, match="the loss is inf"):
        widths_at_height(lambda theta: torch.tensor(torch.inf), CURVATURES, 1)
