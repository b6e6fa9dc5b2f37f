"""Deep linear networks against derivatives by torch and the theorems about them."""

import numpy as np
import pytest
import torch

from course_lib.curvature import gradient, hessian
from course_lib.deep_linear import (
    chain_gradient,
    chain_hessian,
    chain_loss,
    critical_losses,
    descent_losses,
    linear_net_loss,
    search_critical_points,
    steps_to_leave,
)


def data(n=40, inputs=3, outputs=3, seed=0):
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, inputs))
    return X, X @ random.normal(size=(inputs, outputs)) + 0.3 * random.normal(size=(n, outputs))


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_the_chains_derivatives_are_torchs(depth):
    w = np.random.default_rng(depth).normal(size=depth)

    def loss(v):
        return (1 - torch.prod(v)) ** 2

    at = torch.from_numpy(w)
    assert chain_loss(w) == pytest.approx(float(loss(at)))
    np.testing.assert_allclose(chain_gradient(w), gradient(loss, at), atol=1e-12)
    exact = torch.autograd.functional.hessian(loss, at)
    np.testing.assert_allclose(chain_hessian(w), exact, atol=1e-12)


def test_many_points_at_once_give_the_same_losses_and_slopes():
    W = np.random.default_rng(0).normal(size=(3, 4, 5))
    assert chain_loss(W).shape == (4, 5)
    np.testing.assert_allclose(chain_gradient(W)[:, 2, 3], chain_gradient(W[:, 2, 3]))


def test_at_zero_two_layers_have_a_saddle_and_more_have_no_curvature():
    np.testing.assert_allclose(np.linalg.eigvalsh(chain_hessian([0, 0])), [-2, 2])
    for depth in (3, 4, 5):
        np.testing.assert_array_equal(chain_hessian(np.zeros(depth)), 0)


def test_three_layers_have_saddles_with_a_negative_direction_off_zero():
    k = 0.7
    np.testing.assert_allclose(
        np.linalg.eigvalsh(chain_hessian([0, 0, k])), [-2 * k, 0, 2 * k], atol=1e-12
    )


def test_a_saddle_of_more_layers_holds_gradient_descent_longer():
    steps = [steps_to_leave(depth, 0.1) for depth in (2, 3, 4)]
    assert steps[0] * 3 < steps[1] < steps[2] / 3
    assert steps_to_leave(3, 0.0, most=10) == 10


def test_the_nets_loss_is_that_of_its_matrices():
    X, Y = data()
    loss, n = linear_net_loss((3, 2, 4, 3), X, Y)
    theta = torch.from_numpy(np.random.default_rng(1).normal(size=n))
    W1, W2, W3 = (
        part.numpy().reshape(shape)
        for part, shape in zip(theta.split([6, 8, 12]), [(2, 3), (4, 2), (3, 4)], strict=True)
    )
    wanted = ((X @ (W3 @ W2 @ W1).T - Y) ** 2).sum() / (2 * len(X))
    assert float(loss(theta)) == pytest.approx(wanted)


def test_the_least_critical_loss_is_the_least_loss_of_that_rank():
    X, Y = data()
    best = np.linalg.lstsq(X, Y, rcond=None)[0]
    wanted = ((X @ best - Y) ** 2).sum() / (2 * len(X))
    assert critical_losses(X, Y, 3)[0] == pytest.approx(wanted)
    assert critical_losses(X, Y, 2)[0] > wanted
    np.testing.assert_allclose(critical_losses(X, Y, 2)[-1], (Y**2).sum() / (2 * len(X)))
    assert [len(critical_losses(X, Y, width)) for width in (1, 2, 3, 9)] == [4, 7, 8, 8]


@pytest.mark.parametrize("sizes", [(3, 2, 3), (3, 2, 2, 3), (3, 4, 2, 3)])
def test_every_point_that_a_search_finds_has_a_loss_of_the_formula(sizes):
    X, Y = data()
    known = critical_losses(X, Y, min(sizes))
    found = [f for f in search_critical_points(sizes, X, Y, 12, scale=1.5) if f["converged"]]
    assert len(found) >= 10
    for point in found:
        assert np.abs(known - point["loss"]).min() < 1e-7


def test_with_two_layers_every_point_found_is_global_or_has_a_negative_direction():
    X, Y = data(seed=3)
    least = critical_losses(X, Y, 2)[0]
    for point in search_critical_points((3, 2, 3), X, Y, 25):
        if point["converged"] and point["loss"] > least + 1e-8:
            assert point["least"] < -1e-4 * point["largest"]


def test_at_zero_the_matrix_net_is_flat_from_three_layers_on():
    X, Y = data()
    for sizes, flat in (((3, 2, 3), False), ((3, 2, 2, 3), True)):
        loss, n = linear_net_loss(sizes, X, Y)
        H = hessian(loss, torch.zeros(n, dtype=torch.float64))
        assert bool((H == 0).all()) == flat


@pytest.mark.parametrize("depth", [2, 3])
def test_descent_follows_the_gradient_of_the_loss_and_ends_at_the_least(depth):
    X, Y = data()
    starts = [np.random.default_rng(0).normal(0, 0.3, (1, 3, 3)) for _ in range(depth)]
    losses = descent_losses(starts, X, Y, learning_rate=0.05, steps=3000)
    assert losses.shape == (3001, 1)
    loss, n = linear_net_loss((3,) * (depth + 1), X, Y)
    theta = torch.from_numpy(np.concatenate([W.ravel() for W in starts]))
    assert losses[0, 0] == pytest.approx(float(loss(theta)))
    assert losses[1, 0] == pytest.approx(float(loss(theta - 0.05 * gradient(loss, theta))))
    assert losses[-1, 0] == pytest.approx(critical_losses(X, Y, 3)[0], abs=1e-6)


def test_widths_that_do_not_fit_are_said():
    X, Y = data()
    with pytest.raises(ValueError, match="sizes must begin and end"):
        linear_net_loss((2, 2, 3), X, Y)


def equal_strengths():
    X = np.linalg.qr(np.random.default_rng(0).normal(size=(20, 2)))[0]
    return X, X


BAD = {
    "X": (lambda: critical_losses(np.ones((5, 2)), np.ones((5, 1)), 1), "linearly independent"),
    "equal": (lambda: critical_losses(*equal_strengths(), 2), "must differ and be above 0"),
    "0": (lambda: critical_losses(*data(inputs=2, outputs=3), 2), "must differ and be above 0"),
    "scale": (lambda: search_critical_points((3, 3), *data(), 1, scale=0), "scale must be greater"),
    "steps": (lambda: descent_losses([], *data(), 0.1, -1), "steps must be at least 0"),
    "rate": (lambda: descent_losses([], *data(), 0, 1), "learning_rate must be greater than 0"),
}


@pytest.mark.parametrize(("call", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_said(call, words):
    with pytest.raises(ValueError, match=words):
        call()
