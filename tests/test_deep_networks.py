"""Networks to compare: their first weights keep the signal, and each part sits where it says."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.deep_networks import ACTIVATIONS, NORMALIZATIONS, deep_network, dense_network
from course_lib.layers import BatchNorm, Dropout, Highway, LayerNorm, Maxout, WeightNormLinear
from course_lib.training import build, count_parameters

X = torch.as_tensor(np.random.default_rng(0).normal(size=(64, 20)), dtype=torch.float32)


def kinds(model):
    return [type(module) for module in model.modules()]


PARTS = {"batch": BatchNorm, "layer": LayerNorm, "weight": WeightNormLinear}
COMBINATIONS = [
    pair for pair in itertools.product(ACTIVATIONS, NORMALIZATIONS) if pair != ("maxout", "weight")
]


@pytest.mark.parametrize(("activation", "normalization"), COMBINATIONS)
def test_every_combination_has_its_parts_and_gives_a_gradient_to_every_parameter(
    activation, normalization
):
    model = build(lambda: dense_network((20, 8, 8, 3), activation, normalization))
    for name, part in PARTS.items():
        assert kinds(model).count(part) == (2 if name == normalization else 0)
    biases = [name for name, _ in model[:2].named_parameters() if name.endswith(("bias", ".b"))]
    assert len(biases) == (0 if normalization == "batch" else 2)
    logits = model(X)
    assert logits.shape == (64, 3)
    logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize(("normalization", "part"), PARTS.items())
def test_a_normalisation_is_in_every_hidden_layer_and_not_at_the_output(normalization, part):
    model = dense_network((20, 8, 8, 3), normalization=normalization)
    assert kinds(model).count(part) == 2
    assert type(model[-1]) is nn.Linear


def test_batch_norm_takes_the_place_of_the_bias():
    plain, normalised = dense_network((20, 8, 3)), dense_network((20, 8, 3), normalization="batch")
    assert normalised[0][0].bias is None
    assert count_parameters(normalised) == count_parameters(plain) + 8  # γ more


def test_dropout_and_maxout_are_there_where_wanted():
    assert Dropout not in kinds(dense_network((20, 8, 3)))
    assert kinds(dense_network((20, 8, 8, 3), dropout=0.2)).count(Dropout) == 2
    assert kinds(dense_network((20, 8, 8, 3), "maxout")).count(Maxout) == 2


@pytest.mark.parametrize(("activation", "gain"), [("relu", 2), ("leaky_relu", 2), ("tanh", 1)])
@pytest.mark.parametrize("normalization", ["none", "weight"])
def test_the_first_weights_have_the_deviation_of_lesson_05(activation, gain, normalization):
    model = build(lambda: dense_network((400, 300, 2), activation, normalization, scale=1.5))
    layer = model[0][0]
    weights = (
        layer.g[:, None] * layer.v / layer.v.norm(dim=1, keepdim=True)
        if (normalization == "weight")
        else layer.weight
    )
    assert weights.std().item() == pytest.approx(1.5 * math.sqrt(gain / 400), rel=0.02)
    assert not (layer.b if normalization == "weight" else layer.bias).any()


def test_residual_and_plain_layers_differ_in_nothing_but_x():
    plain = build(lambda: deep_network("plain", 1, 8, 20, 3))
    residual = build(lambda: deep_network("residual", 1, 8, 20, 3))
    residual[1].block.load_state_dict(plain[1].state_dict())
    residual[0].load_state_dict(plain[0].state_dict())
    a = plain[0](X)
    torch.testing.assert_close(residual[1](a), a + plain[1](a))


def test_residual_layers_keep_the_size_of_the_signal_at_any_depth():
    model = build(lambda: deep_network("residual", 100, 64, 20, 3))
    with torch.no_grad():
        a = model[0](X)
        before = a.square().mean()
        after = model[1:101](a).square().mean()
    assert 1.5 < after / before < 2 * math.e


def test_the_gates_of_a_highway_begin_at_their_bias_whatever_comes_in():
    model = build(lambda: deep_network("highway", 3, 8, 20, 3, gate_bias=-3))
    gates = [layer.gate(model[0](X)) for layer in model if isinstance(layer, Highway)]
    assert len(gates) == 3
    for gate in gates:
        torch.testing.assert_close(gate, torch.full_like(gate, 1 / (1 + math.exp(3))))


def test_the_same_seed_gives_the_same_weights():
    a, b, c = (build(lambda: deep_network("plain", 2), seed)[0].weight for seed in (1, 1, 2))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dense_network((20, 8, 3), "gelu"), "activation must be one of sigmoid"),
        (lambda: dense_network((20, 8, 3), normalization="group"), "normalization must be one of"),
        (lambda: dense_network((20, 8, 3), "maxout", "weight"), "maxout has no weight norm here"),
        (lambda: dense_network((20,)), "inputs and outputs at least"),
        (lambda: dense_network((20, 0, 3)), "sizes must be at least 1"),
        (lambda: dense_network((20, 8, 3), scale=0), "scale must be greater than 0"),
        (lambda: deep_network("dense", 3), "connection must be one of plain"),
        (lambda: deep_network("plain", 0), "layers must be at least 1"),
    ],
)
def test_bad_arguments_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
