"""The recipe, and looking inside a network that trains."""

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.deep_networks import dense_network
from course_lib.diagnosis import (
    diagnose,
    gradient_sizes,
    overfit_a_few,
    pre_activations,
    train_and_look,
    usable_rates,
)
from course_lib.training import build, fit
from course_lib.validation import DivergedError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 6)).astype(np.float32)
Y = RANDOM.integers(0, 3, 60)


@pytest.mark.parametrize(
    ("training", "dev", "verdict"),
    [
        (0.2, 0.2, "bad on training data"),
        (0.2, 0.5, "bad on training data"),  # whatever the dev error says
        (0.01, 0.2, "bad on new data"),
        (0.01, 0.05, "good"),
        (0.1, 0.1, "good"),  # the goal is met where it is reached
    ],
)
def test_the_recipe_asks_the_training_data_first(training, dev, verdict):
    assert diagnose(training, dev, goal=0.1) == verdict


def test_a_sound_network_overfits_a_few_examples_even_with_random_labels():
    model = build(lambda: dense_network((6, 32, 3)))
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    assert overfit_a_few(model, optimizer, X[:12], Y[:12], 100) == 1


def test_a_network_of_zeros_does_not():
    model = build(lambda: dense_network((6, 32, 3)))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    accuracy = overfit_a_few(model, optimizer, X[:12], Y[:12], 100)
    assert accuracy == np.bincount(Y[:12]).max() / 12


def test_pre_activations_are_the_dense_layers_outputs():
    model = build(lambda: dense_network((6, 5, 4, 3)))
    first, second = pre_activations(model, X)
    W, b = (p.detach().numpy() for p in model[0][0].parameters())
    np.testing.assert_allclose(first, X @ W.T + b, atol=1e-6)
    np.testing.assert_allclose(
        second, model[1][0](torch.relu(torch.tensor(first))).detach(), atol=1e-6
    )


def test_looking_changes_nothing_not_even_running_averages():
    model = build(lambda: dense_network((6, 5, 3), normalization="batch"))
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    (z,) = pre_activations(model, X)
    gradient_sizes(build(lambda: dense_network((6, 5, 3))), X, Y)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(z.std(axis=0), 1, atol=1e-3)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_pre_hooks for module in model.modules())
    assert model.training


def test_gradient_sizes_are_root_mean_squares_of_torchs_gradients():
    model = build(lambda: dense_network((6, 5, 3)))
    sizes = gradient_sizes(model, X, Y)
    nn.functional.cross_entropy(model(torch.tensor(X)), torch.tensor(Y)).backward()
    wanted = [np.sqrt(np.mean(w.grad.numpy() ** 2)) for w in (model[0][0].weight, model[1].weight)]
    np.testing.assert_allclose(sizes, wanted, rtol=1e-6)


def test_training_with_looks_is_the_same_training():
    models = [build(lambda: dense_network((6, 5, 3))) for _ in range(2)]
    optimizers = [torch.optim.SGD(model.parameters(), 0.1, momentum=0.9) for model in models]
    seen = train_and_look(
        models[0], X, Y, optimizers[0], 3, lambda m: m[1].bias[0].item(), device="cpu"
    )
    for epoch in range(3):
        fit(models[1], X, Y, optimizers[1], 1, seed=epoch, device="cpu")
    assert len(seen) == 4
    assert seen[0] == 0
    assert seen[-1] == models[1][1].bias[0].item()


def test_a_rate_is_usable_where_training_reaches_the_accuracy():
    def train(rate):
        if rate > 5:
            raise DivergedError("the loss is nan at step 3")
        return 0.9 if 0.1 <= rate <= 1 else 0.2

    assert usable_rates(train, [0.01, 0.1, 1, 3, 10], 0.5) == [0.1, 1]
