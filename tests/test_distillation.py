"""Distillation: the loss is torch's, its limits are those of the paper, and soft targets teach."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from course_lib.cnn import digit_mlp
from course_lib.distillation import (
    distil,
    distillation_loss,
    matching_loss,
    raise_bias,
    shuffle_wrong,
    soft_targets,
)
from course_lib.training import build, count_parameters

RANDOM = torch.Generator().manual_seed(0)


def logits(n=8, classes=5, size=3.0):
    return size * torch.randn(n, classes, generator=RANDOM, dtype=torch.double)


def gradient(loss, z):
    z = z.clone().requires_grad_(True)
    return torch.autograd.grad(loss(z), z)[0]


def test_a_high_temperature_makes_the_probabilities_alike_and_a_low_one_the_largest_sure():
    z = logits()
    torch.testing.assert_close(soft_targets(z), z.softmax(dim=1))
    torch.testing.assert_close(soft_targets(z, 1e6), torch.full_like(z, 0.2), atol=1e-5, rtol=0)
    assert (soft_targets(z, 1e-3).max(dim=1).values > 0.999).all()
    assert torch.equal(soft_targets(z, 7.0).argsort(), z.argsort())


@pytest.mark.parametrize("T", [1.0, 3.0, 20.0])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_loss_has_the_gradient_of_the_papers_two_cross_entropies(T, share):
    z, v, y = logits(), logits(), torch.arange(8) % 5

    def papers(z):
        soft = functional.cross_entropy(z / T, (v / T).softmax(dim=1))
        return share * T**2 * soft + (1 - share) * functional.cross_entropy(z, y)

    ours = gradient(lambda z: distillation_loss(z, v, y, T, share), z)
    torch.testing.assert_close(ours, gradient(papers, z))


def test_the_gradient_is_that_of_the_softened_probabilities_times_T():
    z, v = logits(), logits()
    for T in (1.0, 5.0):
        wanted = T * (soft_targets(z, T) - soft_targets(v, T)) / len(z)
        torch.testing.assert_close(gradient(lambda z, T=T: distillation_loss(z, v, T=T), z), wanted)


def test_the_loss_is_0_where_the_student_says_what_the_teacher_says():
    z = logits()
    assert distillation_loss(z + 4, z).item() == pytest.approx(0, abs=1e-12)
    assert distillation_loss(-z, z) > 0


def test_for_a_large_temperature_the_student_learns_the_logits_themselves():
    z, v = logits(), logits()
    limit = gradient(lambda z: matching_loss(z, v), z)
    off = [
        (gradient(lambda z, T=T: distillation_loss(z, v, T=T), z) - limit).abs().max().item()
        for T in (10.0, 100.0, 1000.0)
    ]
    assert off[2] < 1e-3 * limit.abs().max().item() * 10
    assert off[0] / off[1] == pytest.approx(10, rel=0.35)  # the error falls as 1/T
    assert off[1] / off[2] == pytest.approx(10, rel=0.1)


def test_without_the_factor_the_gradient_would_fall_as_1_over_T_squared():
    z, v = logits(), logits()
    sizes = [
        gradient(lambda z, T=T: distillation_loss(z, v, T=T) / T**2, z).norm().item()
        for T in (50.0, 500.0)
    ]
    assert sizes[0] / sizes[1] == pytest.approx(100, rel=0.05)


def test_a_student_comes_to_say_what_its_teacher_says_without_a_label():
    X = torch.randn(300, 6, generator=RANDOM)
    teacher = build(lambda: nn.Sequential(nn.Linear(6, 20), nn.Tanh(), nn.Linear(20, 3)), 7)
    with torch.no_grad():
        said = 3 * teacher(X)
    make = partial(digit_mlp, (20,), 0.0, inputs=6)
    student, history = distil(make, X, np.pad(said, ((0, 0), (0, 7))), epochs=60, T=2.0, rate=0.01)
    with torch.no_grad():
        agree = (student(X)[:, :3].argmax(dim=1) == said.argmax(dim=1)).double().mean()
    assert agree > 0.9
    assert history.epoch_losses[-1] < 0.1 * history.epoch_losses[0]


def test_with_share_0_it_is_the_usual_training():
    X, y = torch.randn(100, 6, generator=RANDOM), np.arange(100) % 10
    make = partial(digit_mlp, (5,), 0.0, inputs=6)
    models = [
        distil(make, X, teacher, y, epochs=2, share=0.0)[0]
        for teacher in (np.zeros((100, 10)), np.ones((100, 10)))
    ]
    torch.testing.assert_close(models[0](X), models[1](X))


def test_a_raised_bias_moves_one_logit_and_leaves_the_network_alone():
    network, x = build(lambda: digit_mlp((5,), 0.0)), torch.rand(3, 1, 28, 28)
    raised = raise_bias(network, 3, 2.5)
    wanted = torch.zeros(3, 10)
    wanted[:, 3] = 2.5
    torch.testing.assert_close(raised(x) - network(x), wanted)
    assert count_parameters(raised) == count_parameters(network)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: soft_targets([1.0], 0), "T must be greater than 0"),
        (lambda: distillation_loss(logits(), logits(), share=0.5), "without labels y the share"),
        (lambda: distillation_loss(logits(), logits(), share=2), "share must be at most 1"),
        (lambda: distillation_loss(logits(), logits(1)), "must have the same shape"),
        (lambda: matching_loss(logits(), logits(1)), "must have the same shape"),
        (lambda: raise_bias(digit_mlp((5,)), 10, 1.0), "k must be below 10, came 10"),
        (
            lambda: distil(digit_mlp, np.zeros((3, 784)), np.zeros((2, 10)), epochs=1),
            "X and teacher_logits and y must have the same length",
        ),
    ],
)
def test_bad_input_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_shuffled_logits_keep_their_softness_and_the_answer_but_not_the_second_choice():
    z = logits(200, 10).numpy()
    shuffled = shuffle_wrong(z, 1)
    np.testing.assert_array_equal(np.sort(shuffled), np.sort(z))
    np.testing.assert_array_equal(shuffled.argmax(axis=1), z.argmax(axis=1))
    second = [np.argsort(-values)[:, 1] for values in (z, shuffled)]
    assert np.mean(second[0] == second[1]) < 0.3
