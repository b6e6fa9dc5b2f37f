"""Black box: images made for one network are read by another; a proxy learns from answers."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.attacks import fgsm, fooled, pgd
from course_lib.black_box import imitate, success, transfer_matrix
from course_lib.cnn import digit_images, load_digit_network, residual_cnn, tanh_cnn
from course_lib.training import build


def linear(seed):
    """A linear model of 4 × 4 pixels and three classes."""
    return build(lambda: nn.Sequential(nn.Flatten(), nn.Linear(16, 3)), seed)


def some_images(n=60, seed=0):
    x = torch.rand(n, 1, 4, 4, generator=torch.Generator().manual_seed(seed))
    return x, linear(0)(x).argmax(dim=1)


def digits(n):
    return [torch.from_numpy(array[:n]) for array in digit_images("test")]


def test_success_is_counted_among_the_images_that_were_read_rightly():
    x = torch.eye(3)[[0, 0, 1, 2]]
    y = torch.tensor([0, 0, 1, 0])  # the last one is read as 2 from the start
    images = torch.eye(3)[[0, 1, 1, 1]]
    assert success(nn.Identity(), images, x, y) == pytest.approx(1 / 3)
    with pytest.raises(ValueError, match="reads none of the 4 images x rightly"):
        success(nn.Identity(), images, x, (y + 1) % 3)


def test_the_diagonal_of_the_matrix_is_the_attack_on_the_model_itself():
    models, (x, y) = {"a": linear(0), "b": linear(1)}, some_images()
    attack = partial(fgsm, epsilon=0.1)
    table = transfer_matrix(models, x, y, attack)
    assert table.index.tolist() == ["a", "b", "all others"]
    assert table.columns.tolist() == ["a", "b"]
    own = fooled(models["a"], attack(models["a"], x, y), y).double().mean()
    assert table.loc["a", "a"] == pytest.approx(float(own))


def test_of_two_models_all_others_is_the_other_one():
    models, (x, y) = {"a": linear(0), "b": linear(1)}, some_images()
    table = transfer_matrix(models, x, y, partial(fgsm, epsilon=0.1))
    assert table.loc["all others", "a"] == table.loc["b", "a"]
    assert table.loc["all others", "b"] == table.loc["a", "b"]


def test_only_images_that_the_reader_reads_rightly_are_counted():
    models, (x, y) = {"a": linear(0), "wrong": linear(7)}, some_images()
    read = ~fooled(models["wrong"], x, y)
    assert 0 < int(read.sum()) < len(x)
    table = transfer_matrix(models, x, y, lambda model, x, y: x)
    assert (table == 0).all(axis=None)


def test_an_attack_transfers_between_digit_networks_and_noise_does_not_fool_them():
    models = {kind: load_digit_network(kind) for kind in ("cnn", "mlp")}
    table = transfer_matrix(models, *digits(100), partial(pgd, epsilon=0.2, steps=10))
    assert table.loc["mlp", "cnn"] > 0.1
    assert table.loc["cnn", "cnn"] > 0.8


def test_a_matrix_needs_two_models():
    with pytest.raises(ValueError, match="models must hold at least two, came 1"):
        transfer_matrix({"a": linear(0)}, *some_images(), partial(fgsm, epsilon=0.1))


@pytest.mark.parametrize("way", ["jacobian", "noise"])
def test_a_proxy_learns_the_answers_and_asks_twice_as_much_in_each_round(way):
    secret, (x, _) = linear(0), some_images(16)
    asked = []

    def answers(images):
        asked.append(len(images))
        return secret(images).argmax(dim=1)

    found = imitate(answers, x, partial(linear, 5), rounds=4, way=way, updates=200)
    assert found.queries == [16, 32, 64, 128]
    assert asked == [16, 16, 32, 64]  # no image is asked about twice
    new = some_images(500, seed=9)[0]
    agreement = found.proxies[-1](new).argmax(dim=1) == secret(new).argmax(dim=1)
    assert agreement.double().mean() > 0.9


def test_the_questions_stay_images_and_differ_by_one_step():
    seen, (x, _) = [], some_images(10)

    def answers(images):
        seen.append(images)
        return torch.zeros(len(images), dtype=torch.long)

    imitate(answers, x, partial(linear, 1), rounds=2, step=0.2, updates=5)
    assert torch.equal(seen[0], x)
    assert 0 <= seen[1].min() <= seen[1].max() <= 1
    assert (seen[1] - x).abs().max() <= 0.2 + 1e-6
    assert not torch.equal(seen[1], x)


def test_the_copies_lie_where_the_proxy_is_less_sure_of_its_class():
    seen, (x, y) = [], some_images(40)

    def answers(images):
        seen.append(images)
        return linear(0)(images).argmax(dim=1)

    first = imitate(answers, x, partial(linear, 5), rounds=2, step=0.2, updates=200).proxies[0]
    asked, copies = (first(images).softmax(dim=1).gather(1, y[:, None]) for images in seen)
    assert (copies < asked).all()


def test_one_seed_gives_one_proxy():
    x = some_images(10)[0]
    one, two = (
        imitate(lambda x: np.zeros(len(x), int), x, partial(linear, 1), 2, "noise", updates=5)
        for _ in range(2)
    )
    assert torch.equal(one.proxies[-1](x), two.proxies[-1](x))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"way": "guess"}, "way must be one of jacobian, noise"),
        ({"rounds": 0}, "rounds must be at least 1"),
        ({"step": -1}, "step must be at least 0"),
        ({"updates": 0}, "updates must be at least 1"),
    ],
)
def test_bad_input_is_said(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        imitate(lambda x: torch.zeros(len(x)), some_images()[0], partial(linear, 0), **changes)


@pytest.mark.parametrize("make", [residual_cnn, tanh_cnn])
def test_the_other_networks_read_digits(make):
    assert build(make)(torch.rand(2, 1, 28, 28)).shape == (2, 10)


def test_a_model_may_not_have_the_name_of_the_last_row():
    models = dict.fromkeys(("one", "all others"), load_digit_network())
    with pytest.raises(ValueError, match='no model may be called "all others"'):
        transfer_matrix(models, None, None, None)


def test_no_image_to_ask_about_is_said():
    with pytest.raises(ValueError, match="x must not be empty"):
        imitate(None, torch.zeros(0, 1, 28, 28), None)
