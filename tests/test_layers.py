"""Layers written out: equal to torch's, in training and in testing, forward and backward."""

import pytest
import torch
from torch import nn

from course_lib.layers import (
    BatchNorm,
    Dropout,
    Highway,
    LayerNorm,
    Maxout,
    Residual,
    WeightNormLinear,
)

SHAPES = {"features": (6, 4), "images": (3, 4, 5, 5)}


@pytest.fixture(autouse=True)
def _in_double_precision():
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)


def same(ours, theirs, x):
    """Both give the same outputs and the same gradients by x and by all parameters."""
    results = []
    for layer in (ours, theirs):
        inputs = x.clone().requires_grad_()
        y = layer(inputs)
        (y * torch.arange(y.numel()).reshape(y.shape).sin()).sum().backward()
        results.append([y, inputs.grad, *(p.grad for p in layer.parameters())])
    for mine, other in zip(*results, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-10, rtol=0)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_batch_norm_is_torchs_in_training_and_then_in_testing(shape):
    theirs = nn.BatchNorm1d(4) if len(shape) == 2 else nn.BatchNorm2d(4)
    ours = BatchNorm(4)
    for _ in range(3):
        same(ours, theirs, 3 + 2 * torch.randn(shape))
        torch.testing.assert_close(ours.running_mean, theirs.running_mean)
        torch.testing.assert_close(ours.running_variance, theirs.running_var)
    ours.eval()
    theirs.eval()
    same(ours, theirs, torch.randn(shape))


def test_batch_norm_tells_training_from_testing():
    norm, x = BatchNorm(4), 5 + 3 * torch.randn(50, 4)
    trained = norm(x)
    torch.testing.assert_close(trained.mean(dim=0), torch.zeros(4), atol=1e-10, rtol=0)
    torch.testing.assert_close(trained.var(dim=0, unbiased=False), torch.ones(4), atol=1e-4, rtol=0)
    norm.eval()
    tested, running = norm(x), norm.running_mean.clone()
    assert tested.mean() > 1  # the running averages have hardly begun
    torch.testing.assert_close(
        norm(x[:1]), tested[:1]
    )  # one sample alone is judged as among others
    torch.testing.assert_close(norm.running_mean, running)  # testing leaves no trace


def test_a_bias_before_batch_norm_does_nothing():
    norm, x = BatchNorm(4), torch.randn(20, 4)
    torch.testing.assert_close(norm(x + torch.tensor([1.0, -2.0, 30.0, 0.0])), norm(x))


def test_layer_norm_is_torchs_and_the_same_in_testing():
    ours, x = LayerNorm(4), torch.randn(6, 4)
    same(ours, nn.LayerNorm(4), x)
    trained = ours(x)
    torch.testing.assert_close(ours.eval()(x), trained)


def test_weight_norm_is_torchs():
    ours, dense = WeightNormLinear(5, 3), nn.Linear(5, 3)
    theirs = nn.utils.parametrizations.weight_norm(dense)
    parts = theirs.parametrizations.weight
    ours.load_state_dict(
        {
            "g": parts.original0[:, 0].detach(),
            "v": parts.original1.detach(),
            "b": dense.bias.detach(),
        }
    )
    x = torch.randn(7, 5)
    torch.testing.assert_close(ours(x), theirs(x))
    ours(x).pow(2).sum().backward()
    theirs(x).pow(2).sum().backward()
    torch.testing.assert_close(ours.v.grad, parts.original1.grad)
    torch.testing.assert_close(ours.g.grad, parts.original0.grad[:, 0])


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_dropout_makes_holes_and_keeps_the_mean(p):
    ones, n = torch.ones(200_000), 200_000
    dropped = Dropout(p)(ones)
    assert dropped.unique().tolist() == pytest.approx([0, 1 / (1 - p)])
    error = (p / (1 - p) / n) ** 0.5  # the standard error of the mean
    assert abs(dropped.mean() - 1) < 4 * error
    assert abs((dropped == 0).double().mean() - p) < 4 * (p * (1 - p) / n) ** 0.5


def test_dropout_is_nothing_in_testing():
    x = torch.randn(10)
    torch.testing.assert_close(Dropout(0.5).eval()(x), x)
    torch.testing.assert_close(Dropout(0.0)(x), x)


def test_maxout_of_two_pieces_can_be_relu_and_the_absolute_value():
    x = torch.linspace(-2, 2, 9)[:, None]
    for slopes, wanted in (((1.0, 0.0), torch.relu(x)), ((1.0, -1.0), x.abs())):
        layer = Maxout(1, 1)
        with torch.no_grad():
            layer.dense.weight[:], layer.dense.bias[:] = torch.tensor(slopes)[:, None], 0.0
        torch.testing.assert_close(layer(x), wanted)


def test_maxout_takes_the_largest_of_each_outputs_own_pieces():
    layer, x = Maxout(3, 4, pieces=5), torch.randn(6, 3)
    all_pieces = layer.dense(x).reshape(6, 4, 5)
    torch.testing.assert_close(layer(x), all_pieces.max(dim=2).values)


def test_a_residual_block_of_zeros_changes_nothing_and_lets_the_gradient_pass():
    dense = nn.Linear(4, 4)
    nn.init.zeros_(dense.weight)
    nn.init.zeros_(dense.bias)
    deep = nn.Sequential(*[Residual(dense) for _ in range(50)])
    x = torch.randn(3, 4, requires_grad=True)
    torch.testing.assert_close(deep(x), x)
    deep(x).sum().backward()
    torch.testing.assert_close(x.grad, torch.ones(3, 4))


@pytest.mark.parametrize(("bias", "open_lane"), [(-50.0, True), (50.0, False)])
def test_a_highways_gate_chooses_between_passing_and_changing(bias, open_lane):
    layer, x = Highway(4, gate_bias=bias), torch.randn(5, 4)
    wanted = x if open_lane else torch.relu(layer.transform(x))
    torch.testing.assert_close(layer(x), wanted)
    assert torch.allclose(layer.gate(x), torch.tensor(0.0 if open_lane else 1.0))


REFUSED = {
    "a batch of one": (lambda: BatchNorm(2)(torch.ones(1, 2)), "at least two values a feature"),
    "no features": (lambda: LayerNorm(0), "features must be at least 1"),
    "all dropped": (lambda: Dropout(1.0), "p must be below 1"),
    "negative dropout": (lambda: Dropout(-0.1), "p must be at least 0"),
    "momentum of two": (lambda: BatchNorm(2, momentum=2), "momentum must be at most 1, came 2"),
    "other features": (lambda: BatchNorm(2)(torch.ones(4, 3)), "the layer has 2 features: axis 1"),
    "images": (lambda: LayerNorm(3)(torch.ones(2, 3, 4, 4)), "the layer has 3 features: axis -1"),
    "no pieces": (lambda: Maxout(2, 2, 0), "pieces must be at least 1"),
    "block of another shape": (
        lambda: Residual(nn.Linear(4, 3))(torch.ones(2, 4)),
        r"must keep the shape \(2, 4\), came \(2, 3\)",
    ),
}


@pytest.mark.parametrize(("call", "words"), REFUSED.values(), ids=REFUSED)
def test_bad_values_are_refused_in_plain_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()
