"""Reprogramming: squares are drawn as said; the frame learns, and nothing in the network does."""

import copy
import math

import pytest
import torch
from torch import nn

from course_lib.cnn import load_digit_network
from course_lib.reprogramming import Reprogrammed, frame_mask, make_squares
from course_lib.training import build, evaluate, fit


@pytest.mark.parametrize(("side", "cell"), [(28, 3), (96, 8), (9, 2)])
def test_there_are_as_many_squares_as_the_class_says_all_in_the_middle(side, cell):
    x, y = make_squares(200, side=side, cell=cell)
    assert x.shape == (200, 1, side, side)
    assert set(x.unique().tolist()) == {0, 1}
    pixels = x.sum(dim=(1, 2, 3))
    assert torch.equal(pixels, (y + 1.0) * (cell - 1) ** 2)
    assert (x * frame_mask(side, 4 * cell)).max() == 0
    assert set(y.tolist()) == set(range(10))


def test_every_place_is_taken_equally_often():
    x, y = make_squares(8000, side=12)
    corners = x[:, 0, ::3, ::3].mean(dim=0)
    torch.testing.assert_close(corners, (y + 1.0).mean().expand(4, 4) / 16, atol=0.02, rtol=0)


def test_one_seed_gives_one_set():
    assert torch.equal(make_squares(20, 3)[0], make_squares(20, 3)[0])
    assert not torch.equal(make_squares(20, 3)[0], make_squares(20, 4)[0])


def test_the_network_sees_the_frame_outside_and_the_image_inside():
    model = build(lambda: Reprogrammed(nn.Flatten(), side=8, width=4), 0)
    model.network = nn.Identity()
    seen, x = [], torch.rand(3, 1, 8, 8)
    model.network.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    model(x)
    inside = torch.zeros(8, 8, dtype=bool)
    inside[2:6, 2:6] = True
    assert torch.equal(seen[0][..., inside], x[..., inside])
    assert torch.equal(seen[0][..., ~inside], model.frame[..., ~inside].expand(3, -1, -1))
    assert model.frame[..., inside].abs().max() == 0


def test_a_grey_image_is_given_to_a_network_of_three_channels():
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 20))
    model = Reprogrammed(network, side=8, width=4, channels=3)
    assert model(torch.rand(2, 1, 8, 8)).shape == (2, 10)


def test_the_frame_learns_to_count_and_the_network_stays_as_it_was():
    network = load_digit_network()
    before = copy.deepcopy(network.state_dict())
    model = build(lambda: Reprogrammed(network), 0)
    (X, y), test = make_squares(1500), make_squares(500, seed=1)
    guessing = math.log(10)  # the loss of who says all ten counts with equal probability
    assert evaluate(model, *test).loss > guessing
    fit(model, X, y, torch.optim.Adam([model.w], 0.1), 3)
    assert evaluate(model, *test).loss < guessing - 0.1
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_only_the_frame_is_trained_and_dropout_stays_off():
    network = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, 10))
    model = Reprogrammed(network, side=8, width=4).train()
    assert [name for name, p in model.named_parameters() if p.requires_grad] == ["w"]
    assert not network[1].training


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: make_squares(0), "n must be at least 1"),
        (lambda: make_squares(5, side=10), "side must be at least 12, came 10"),
        (lambda: make_squares(5, cell=1), "cell must be at least 2"),
        (lambda: make_squares(5, seed=-1), "seed must be at least 0"),
        (lambda: frame_mask(8, 9), "width must be at most 8"),
        (lambda: Reprogrammed(nn.Flatten(), channels=0), "channels must be at least 1"),
    ],
)
def test_bad_input_is_said(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
