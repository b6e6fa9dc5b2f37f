"""Forgetting: what two tasks share, the exact Fisher information, and what cures bring back."""

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.forgetting import (
    Task,
    accuracy_when_told,
    elastic_penalty,
    fisher,
    learn,
    new_network,
    permuted_tasks,
    split_tasks,
    with_rehearsal,
)
from course_lib.training import build, logits
from course_lib.what_comes_next import forget


def test_split_tasks_share_no_class():
    a, b = split_tasks(1000)
    for part in ("training", "dev", "test"):
        assert set(getattr(a, part)[1]) == {0, 1, 2, 3, 4}
        assert set(getattr(b, part)[1]) == {5, 6, 7, 8, 9}
    assert len(a.training[0]) + len(b.training[0]) == 1000


def test_permuted_tasks_have_the_same_pixels_in_another_order_and_other_training_digits():
    a, b = permuted_tasks(100, seed=2)
    assert len(a.training[0]) == len(b.training[0]) == 100
    np.testing.assert_array_equal(np.sort(a.test[0], axis=1), np.sort(b.test[0], axis=1))
    assert (a.test[0] != b.test[0]).any(axis=1).all()
    np.testing.assert_array_equal(a.test[1], b.test[1])
    rows = np.sort(np.concatenate([a.training[0], b.training[0]]), axis=1)
    assert len(np.unique(rows, axis=0)) == 200


@pytest.mark.parametrize("kept", [0, 3, 7, 40])
def test_rehearsal_adds_as_many_old_examples_drawn_from_those_that_were_kept(kept):
    new, old = (np.zeros((20, 2)), np.zeros(20)), (np.arange(1, 81.0).reshape(40, 2), np.ones(40))
    X, y = with_rehearsal(new, old, kept, seed=1)
    assert len(X) == len(y) == (40 if kept else 20)
    again = X[20:]
    assert len(np.unique(again, axis=0)) == min(kept, 20)
    assert all((row == old[0]).all(axis=1).any() for row in again)
    if kept == 7:
        assert np.unique(again, axis=0, return_counts=True)[1].min() >= 2


def test_the_fisher_information_of_a_softmax_regression_is_its_formula():
    model = build(lambda: nn.Linear(3, 4))
    X = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    p = torch.from_numpy(logits(model, X)).softmax(dim=1).numpy()
    spread = p * (1 - p)  # Σ_k p_k (1[j = k] − p_j)²
    weight, bias = fisher(model, X)
    np.testing.assert_allclose(weight, spread.T @ X**2 / 50, rtol=1e-4)
    np.testing.assert_allclose(bias, spread.mean(axis=0), rtol=1e-4)


def test_it_is_the_diagonal_of_the_hessian_of_the_divergence():
    """KL(p_θ* ‖ p_θ) has at θ* the Hessian F."""
    model = build(lambda: nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 3))).double()
    X = torch.randn(20, 2, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    p = model(X).softmax(dim=1).detach()
    shapes = [(name, value.shape) for name, value in model.named_parameters()]

    def divergence(theta):
        parts = theta.split([shape.numel() for _, shape in shapes])
        state = {n: part.view(s) for (n, s), part in zip(shapes, parts, strict=True)}
        log_q = torch.func.functional_call(model, state, (X,)).log_softmax(dim=1)
        return -(p * log_q).sum(dim=1).mean()

    theta = torch.cat([value.detach().flatten() for value in model.parameters()])
    hessian = torch.autograd.functional.hessian(divergence, theta)
    ours = torch.cat([part.flatten() for part in fisher(model, X)])
    torch.testing.assert_close(ours, hessian.diagonal(), rtol=1e-6, atol=1e-10)


def test_the_springs_pull_back_to_where_they_were_hung():
    model = build(lambda: nn.Linear(2, 2))
    information = [torch.tensor([[1.0, 2.0], [0.0, 4.0]]), torch.zeros(2)]
    penalty = elastic_penalty(model, information, strength=10)
    assert penalty().item() == 0
    with torch.no_grad():
        model.weight += 0.1
        model.bias += 5  # no one needs the bias
    assert penalty().item() == pytest.approx(10 / 2 * 0.01 * 7, rel=1e-4)
    penalty().backward()
    torch.testing.assert_close(model.weight.grad, 10 * 0.1 * information[0])


def test_learning_is_watched_and_repeatable():
    a, b = split_tasks(600)
    tables = [learn(new_network(1), a.training, (a, b), updates=40, looks=4) for _ in range(2)]
    assert tables[0].equals(tables[1])
    assert tables[0]["update"].tolist() == [0, 10, 20, 30, 40]
    assert tables[0][a.name].iloc[-1] > 0.7
    assert (tables[0][b.name].iloc[1:] < 0.2).all()


def test_who_is_told_the_task_never_answers_a_class_of_the_other():
    a, _ = split_tasks(600)
    never = nn.Linear(196, 10)
    with torch.no_grad():
        never.weight.zero_()
        never.bias.copy_(torch.arange(10.0))  # always says 9; of 0–4 it says 4
    X, y = a.test
    assert accuracy_when_told(never, a) == pytest.approx(np.mean(y == 4))
    assert accuracy_when_told(never, Task("4 alone", a.training, a.dev, (X, y))) > 0


def test_a_split_task_is_forgotten_and_a_few_kept_examples_bring_it_back():
    nothing, rehearsal = (forget("split", way, 100).iloc[-1] for way in ("nothing", "rehearsal"))
    assert nothing.old < 0.05
    assert rehearsal.old > 0.6
    assert min(nothing.new, rehearsal.new) > 0.9


@pytest.mark.parametrize(("tasks", "least", "most"), [("permuted", 0.85, 1), ("split", 0, 0.4)])
def test_springs_help_permuted_digits_and_not_new_classes(tasks, least, most):
    assert least <= forget(tasks, "elastic", 100, updates=200, looks=1).old.iloc[-1] <= most


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: learn(new_network(), None, [], updates=10, looks=3), "updates must be a multiple"),
        (
            lambda: with_rehearsal((np.zeros((3, 1)), []), (np.zeros((2, 1)), []), 5),
            "kept must be at most 2, came 5",
        ),
        (lambda: elastic_penalty(new_network(), [], -1), "strength must be at least 0"),
        (lambda: elastic_penalty(new_network(), [], 1), "information and parameters must have"),
        (lambda: fisher(new_network(), np.zeros((0, 196))), "X must not be empty"),
        (lambda: forget("other"), "tasks must be one of split, permuted"),
        (lambda: forget(way="sleep"), "way must be one of nothing, rehearsal"),
        (lambda: permuted_tasks(5000), "n must be at most 7,000, came 10,000"),
    ],
)
def test_bad_input_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()
