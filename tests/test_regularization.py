"""Penalties shrink weights as derived; transformed images are where they should be."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import nn

from course_lib.regularization import (
    PenalizedSGD,
    RandomTransform,
    l1_step,
    l2_step,
    transform_images,
)

RANDOM = np.random.default_rng(0)
W, G = RANDOM.normal(size=(2, 4, 3))


def test_the_l2_step_goes_down_the_loss_with_its_penalty():
    rate, penalty, m = 0.1, 0.7, 20
    w = torch.tensor(W, requires_grad=True)
    (torch.sum(torch.tensor(G) * w) + penalty / (2 * m) * w.square().sum()).backward()
    np.testing.assert_allclose(l2_step(W, G, rate, penalty, m), (w - rate * w.grad).detach())


def test_the_l1_step_is_the_proximal_point():
    rate, penalty, m = 0.1, 5.0, 20
    v, grid = W - rate * G, np.linspace(-4, 4, 160_001)
    objective = (grid[:, None] - v.ravel()) ** 2 / 2 + rate * penalty / m * abs(grid)[:, None]
    nearest = grid[objective.argmin(axis=0)].reshape(W.shape)
    np.testing.assert_allclose(l1_step(W, G, rate, penalty, m), nearest, atol=5e-5)


def test_without_a_gradient_l2_shrinks_by_a_factor_and_l1_by_an_amount():
    np.testing.assert_allclose(l2_step(W, 0, 0.1, 2, 4) / W, 0.95)
    w = np.array([1.0, -1.0, 0.04, 0.0])
    np.testing.assert_allclose(l1_step(w, 0, 0.1, 2, 4), [0.95, -0.95, 0, 0])


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_the_optimizer_without_penalties_is_torchs(momentum):
    models = [nn.Linear(3, 2) for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    optimizers = (
        PenalizedSGD(models[0].parameters(), 0.1, momentum),
        torch.optim.SGD(models[1].parameters(), 0.1, momentum=momentum),
    )
    for model, optimizer in zip(models, optimizers, strict=True):
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.ones(4, 3)).square().sum().backward()
            optimizer.step()
    assert torch.equal(models[0].weight, models[1].weight)


def test_the_optimizer_takes_the_two_steps_on_weights_and_spares_biases():
    model = nn.Linear(3, 4).double()
    with torch.no_grad():
        model.weight.copy_(torch.tensor(W))
    model.weight.grad, model.bias.grad = torch.tensor(G), torch.zeros(4, dtype=torch.float64)
    bias = model.bias.detach().clone()
    PenalizedSGD(model.parameters(), 0.1, l1=0.3, l2=0.2).step()
    shrunk = l2_step(W, G, 0.1, 0.2, 1)
    np.testing.assert_allclose(model.weight.detach(), l1_step(shrunk, 0, 0.1, 0.3, 1))
    assert torch.equal(model.bias, bias)


IMAGES = torch.tensor(RANDOM.random((3, 8, 8)))


def test_a_whole_number_of_pixels_only_moves_the_image():
    moved = transform_images(IMAGES, dx=2, dy=1)
    torch.testing.assert_close(moved[:, 1:, 2:], IMAGES[:, :-1, :-2])
    assert moved[:, 0].abs().max() < 1e-12
    assert moved[:, :, :2].abs().max() < 1e-12


def test_a_quarter_turn_is_exact_and_counter_clockwise():
    torch.testing.assert_close(transform_images(IMAGES, degrees=90), torch.rot90(IMAGES, 1, (1, 2)))


@pytest.mark.parametrize(("dx", "dy", "degrees", "zoom"), [(1.3, -0.6, 20, 1.2), (0, 2, -35, 0.8)])
def test_it_agrees_with_scipy(dx, dy, degrees, zoom):
    image = np.zeros((31, 31))
    image[10:21, 12:18] = RANDOM.random((11, 6))
    angle = math.radians(degrees)
    back = (
        np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]) / zoom
    )
    centre = np.array([15, 15])
    wanted = ndimage.affine_transform(image, back, centre - back @ (centre + [dy, dx]), order=1)
    came = transform_images(torch.tensor(image)[None], dx, dy, degrees, zoom)[0]
    np.testing.assert_allclose(came, wanted, atol=1e-10)


def test_each_image_may_have_its_own_change():
    together = transform_images(IMAGES, dx=torch.tensor([0.0, 1.0, 2.0]))
    for i in range(3):
        torch.testing.assert_close(together[i], transform_images(IMAGES, dx=float(i))[i])


def test_random_transforms_are_for_training_alone_and_differ_each_time():
    layer, flat = RandomTransform(8, shift=1, degrees=10, zoom=1.1), IMAGES.reshape(3, 64)
    a, b = layer(flat), layer(flat)
    assert a.shape == flat.shape
    assert not torch.equal(a, b)
    assert layer.eval()(flat) is flat


def test_no_change_is_no_change():
    torch.testing.assert_close(RandomTransform(8)(IMAGES.reshape(3, 64)), IMAGES.reshape(3, 64))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: RandomTransform(8, zoom=0.9), "zoom must be at least 1"),
        (lambda: transform_images(IMAGES[0]), r"\(n, height, width\)"),
        (lambda: transform_images(IMAGES, zoom=0), "zoom be above 0"),
        (lambda: RandomTransform(7)(IMAGES.reshape(3, 64)), "images must be flat"),
        (lambda: l2_step(1.0, 0.0, 0.1, 1.0, 0), "m must be greater than 0"),
        (lambda: l1_step(1.0, 0.0, 0.1, 1.0, 0), "m must be greater than 0"),
        (lambda: RandomTransform(8, shift=-1), "shift must be at least 0"),
        (lambda: PenalizedSGD([nn.Parameter(torch.ones(2, 2))], 0.1, l2=-1), "l2 must be at least"),
    ],
)
def test_bad_arguments_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
