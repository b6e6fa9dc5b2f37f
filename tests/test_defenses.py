"""Defences: filters do what they say, each falls to who knows it, and training on attacks helps."""

from functools import partial

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import nn

from course_lib.attacks import Average, fgsm, input_gradient, pgd
from course_lib.cnn import digit_cnn, digit_images, load_digit_network
from course_lib.defenses import (
    Defended,
    adversarial_fit,
    randomize,
    robust_accuracy,
    smooth,
    soft_squeeze,
    squeeze,
    squeezing_score,
)
from course_lib.metrics import roc_auc
from course_lib.training import build, evaluate, fit


def some_images(n=4, channels=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, channels, 9, 10, generator=generator, dtype=torch.double)


def digits(n, part="test"):
    return [torch.from_numpy(array[:n]) for array in digit_images(part)]


# --- Filters -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 3, 5])
def test_the_median_is_scipys(size):
    x = some_images()
    theirs = ndimage.median_filter(x.numpy(), size=(1, 1, size, size), mode="nearest")
    np.testing.assert_allclose(smooth(x, size).numpy(), theirs)


@pytest.mark.parametrize("size", [3, 5])
def test_the_gaussian_mean_is_scipys(size):
    x = some_images()
    theirs = ndimage.gaussian_filter(
        x.numpy(), size / 4, axes=(2, 3), mode="nearest", radius=size // 2
    )
    np.testing.assert_allclose(smooth(x, size, "gaussian").numpy(), theirs)


def test_squeezing_leaves_so_many_levels_and_takes_the_nearest():
    x = torch.linspace(0, 1, 101)
    for bits in (1, 2, 3):
        squeezed = squeeze(x, bits)
        assert len(squeezed.unique()) == 2**bits
        assert (squeezed - x).abs().max() <= 0.5 / (2**bits - 1) + 1e-6
        assert torch.equal(squeeze(squeezed, bits), squeezed)


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_the_soft_levels_grow_with_the_pixels_and_come_near_the_hard_ones(bits):
    x = torch.linspace(0, 1, 601)
    soft = soft_squeeze(x, bits)
    assert (soft.diff() > 0).all()
    sharp, away = soft_squeeze(x, bits, 400), ((x * (2**bits - 1)) % 1 - 0.5).abs() > 0.05
    torch.testing.assert_close(sharp[away], squeeze(x, bits)[away], atol=1e-4, rtol=0)


def test_a_randomized_image_is_whole_smaller_and_somewhere_else_each_time():
    x, generator = torch.ones(200, 1, 20, 20), torch.Generator().manual_seed(0)
    seen = randomize(x, generator, smallest=0.5)
    area = seen.sum(dim=(1, 2, 3)) / 400
    assert area.min() > 0.23
    assert area.max() < 1.01
    assert area.std() > 0.1
    assert not torch.equal(seen, randomize(x, generator, smallest=0.5))


def test_nothing_is_randomized_where_nothing_may_be_smaller():
    x = some_images()
    torch.testing.assert_close(randomize(x, torch.Generator(), smallest=1), x, atol=1e-6, rtol=0)


# --- Behind a filter -----------------------------------------------------------------------------


def test_straight_through_says_the_same_and_has_the_gradient_behind_the_filter():
    network = build(lambda: nn.Sequential(nn.Flatten(), nn.Linear(180, 3))).double()
    x, y = some_images(), torch.tensor([0, 1, 2, 0])
    blind, seeing = Defended(network, squeeze), Defended(network, squeeze, straight_through=True)
    torch.testing.assert_close(blind(x), seeing(x))
    assert input_gradient(blind, x, y).abs().max() == 0
    behind = input_gradient(network, squeeze(x), y)
    torch.testing.assert_close(input_gradient(seeing, x, y), behind)
    soft = Defended(network, squeeze, straight_through=soft_squeeze)
    torch.testing.assert_close(blind(x), soft(x))
    inside = x.clone().requires_grad_()
    slope = torch.autograd.grad(soft_squeeze(inside).sum(), inside)[0]
    torch.testing.assert_close(input_gradient(soft, x, y), behind * slope)


@pytest.mark.parametrize("kind", ["median", "gaussian"])
def test_smoothing_helps_against_who_does_not_know_it_more_than_against_who_does(kind):
    network, (x, y) = load_digit_network(), digits(100)
    model, attack = (
        Defended(network, partial(smooth, kind=kind)),
        partial(pgd, epsilon=0.2, steps=10),
    )
    none, unaware, aware = (
        robust_accuracy(network, x, y, attack), robust_accuracy(model, x, y, attack, network),
        robust_accuracy(model, x, y, attack),
    )  # fmt: skip
    assert none < unaware
    assert aware < unaware
    assert robust_accuracy(model, x, y) > 0.9


def test_one_bit_falls_in_l2_to_who_takes_a_smooth_function_in_its_place():
    network, (x, y) = load_digit_network(), digits(100)
    attack = partial(pgd, epsilon=2.0, norm="l2", steps=40)
    hard, soft = (Defended(network, squeeze, straight_through=s) for s in (False, soft_squeeze))
    unaware = robust_accuracy(hard, x, y, attack, made_for=network)
    assert robust_accuracy(hard, x, y, attack, made_for=soft) < unaware - 0.1


def test_two_bits_look_safe_until_the_gradient_goes_straight_through():
    network, (x, y) = load_digit_network(), digits(100)
    filters = partial(squeeze, bits=2)
    blind, seeing = (Defended(network, filters, straight_through=s) for s in (False, True))
    attack = partial(pgd, epsilon=0.2, steps=20)
    looks = robust_accuracy(blind, x, y, attack)
    assert looks == robust_accuracy(blind, x, y)
    assert robust_accuracy(blind, x, y, attack, made_for=seeing) < looks - 0.15


def test_a_random_defence_falls_to_the_average_of_its_readings():
    network, (x, y) = load_digit_network(), digits(100)
    model = Defended(network, partial(randomize, generator=torch.Generator().manual_seed(0)))
    attack = partial(pgd, epsilon=0.15, steps=25)
    unaware = robust_accuracy(model, x, y, attack, network)
    assert robust_accuracy(model, x, y, attack, Average([model] * 6)) < unaware - 0.08


def test_the_score_of_an_attack_is_larger_than_that_of_a_clean_image():
    network, (x, y) = load_digit_network(), digits(100)
    attacked = pgd(network, x, y, 2.0, "l2", steps=10)
    scores = squeezing_score(network, torch.cat([x, attacked]), (squeeze, smooth))
    assert scores.shape == (200,)
    assert 0 <= scores.min() <= scores.max() <= 2
    assert roc_auc([0] * 100 + [1] * 100, scores.numpy(), 1) > 0.8


def test_a_filter_that_changes_nothing_scores_zero():
    network, (x, _) = load_digit_network(), digits(5)
    assert squeezing_score(network, x, [lambda x: x]).abs().max() == 0


# --- Training on attacks -------------------------------------------------------------------------


def test_without_an_attack_adversarial_training_is_training():
    X, y = digits(128, "train")
    plain, same = (build(lambda: digit_cnn((4, 8), 16)) for _ in range(2))
    fit(plain, X, y, torch.optim.Adam(plain.parameters()), 2)
    optimizer = torch.optim.Adam(same.parameters())
    adversarial_fit(same, X, y, optimizer, 2, lambda model, x, y, epsilon: x, 0.3)
    assert torch.equal(plain.eval()(X), same.eval()(X))


def test_epsilon_grows_to_its_size_and_stays():
    seen, (X, y) = [], digits(100, "train")
    model = build(lambda: digit_cnn((2, 2), 4))

    def attack(model, x, y, epsilon):
        seen.append(epsilon)
        return x

    optimizer = torch.optim.Adam(model.parameters())
    adversarial_fit(model, X, y, optimizer, 4, attack, 0.2, growing=0.5, batch_size=50)
    assert seen == pytest.approx([0.05, 0.1, 0.15, 0.2, 0.2, 0.2, 0.2, 0.2])


def test_a_network_trained_on_attacks_stands_where_a_plain_one_falls():
    X, y = digits(1500, "train")
    test, attack = digits(200), partial(pgd, epsilon=0.1, steps=10)
    plain, robust = (build(lambda: digit_cnn((8, 16), 32, dropout=0)) for _ in range(2))
    fit(plain, X, y, torch.optim.Adam(plain.parameters(), 0.003), 4)
    optimizer = torch.optim.Adam(robust.parameters(), 0.003)
    adversarial_fit(robust, X, y, optimizer, 4, partial(fgsm), 0.1)
    assert robust_accuracy(robust, *test, attack) > robust_accuracy(plain, *test, attack) + 0.2
    assert evaluate(robust, *test).accuracy > 0.8


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda x: smooth(x, 2), ValueError, "size must be odd, came 2"),
        (lambda x: smooth(x, 0), ValueError, "size must be at least 1"),
        (lambda x: smooth(x, 3, "mean"), ValueError, "kind must be one of median, gaussian"),
        (lambda x: squeeze(x, 0), ValueError, "bits must be at least 1"),
        (lambda x: soft_squeeze(x, 1, 0), ValueError, "sharpness must be greater than 0"),
        (lambda x: squeeze(x, 1.5), TypeError, "bits must be a whole number"),
        (lambda x: randomize(x, None, 0), ValueError, "smallest must be greater than 0"),
        (lambda x: randomize(x, None, 2), ValueError, "smallest must be at most 1"),
        (lambda x: smooth(x[:, 0]), ValueError, r"x must have the shape \(n, channels, height,"),
        (lambda x: squeeze(x, 2000), ValueError, "bits must be at most 16, came 2000"),
        (
            lambda x: adversarial_fit(nn.Linear(2, 2), x, x, None, 1, fgsm, 0.1, batch_size=0),
            ValueError, "batch_size must be at least 1",
        ),
        (
            lambda x: squeezing_score(nn.Flatten(), x, []), ValueError,
            "filters must hold at least one",
        ),
        (
            lambda x: adversarial_fit(nn.Linear(2, 2), x, x, None, 1, fgsm, -1), ValueError,
            "epsilon must be at least 0",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_said(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call(some_images())
