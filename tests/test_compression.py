"""Smaller networks: the smallest weights go, the rank is the best, the step the nearest; bytes."""

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.cnn import digit_cnn, digit_images, digit_mlp, load_digit_network
from course_lib.compression import (
    fine_tune,
    keep_zeros,
    low_rank,
    prune,
    quantize,
    saves,
    share_of_zeros,
    size_in_bytes,
    weights_of,
    with_low_rank,
)
from course_lib.training import build, count_parameters, evaluate


@pytest.fixture(scope="module")
def mlp():
    return load_digit_network("mlp")


def all_weights(model):
    return torch.cat([weight.detach().flatten() for weight in weights_of(model)])


# --- Pruning -------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("seed", [None, 0])
def test_just_the_share_is_pruned_and_the_rest_stays(mlp, share, seed):
    before, after = all_weights(mlp), all_weights(prune(mlp, share, seed))
    assert share_of_zeros(prune(mlp, share, seed)) == pytest.approx(share, abs=1e-5)
    assert torch.equal(after[after != 0], before[after != 0])
    if seed is None and 0 < share < 1:
        assert before[after == 0].abs().max() <= after[after != 0].abs().min()


def test_random_pruning_takes_weights_of_all_sizes(mlp):
    gone = all_weights(mlp)[all_weights(prune(mlp, 0.5, seed=3)) == 0]
    assert gone.abs().mean() == pytest.approx(all_weights(mlp).abs().mean().item(), rel=0.03)


def test_the_first_weights_are_equal_sizes_and_still_the_share_is_met():
    layer = nn.Linear(10, 10)
    nn.init.constant_(layer.weight, -2.0)
    assert share_of_zeros(prune(layer, 0.25)) == 0.25


def test_what_is_zero_goes_first_when_more_is_pruned(mlp):
    for seed in (None, 1):
        half = prune(mlp, 0.5, seed)
        more = all_weights(prune(half, 0.8, seed))
        assert (more[all_weights(half) == 0] == 0).all()
        assert (more == 0).double().mean() == pytest.approx(0.8, abs=1e-5)


def test_pruned_weights_stay_zero_while_the_others_learn(mlp):
    X, y = (array[:200] for array in digit_images("train"))
    pruned = prune(mlp, 0.9)
    tuned = fine_tune(pruned, X, y)
    assert torch.equal(all_weights(tuned) == 0, all_weights(pruned) == 0)
    assert not torch.equal(all_weights(tuned), all_weights(pruned))


def test_large_steps_with_momentum_leave_zeros_alone():
    layer = prune(build(lambda: nn.Linear(6, 4)), 0.5)
    zeros = layer.weight == 0
    optimizer = torch.optim.SGD(layer.parameters(), 0.5, momentum=0.9, weight_decay=0.1)
    keep_zeros(layer, optimizer)
    for _ in range(5):
        optimizer.zero_grad()
        layer(torch.ones(2, 6)).square().sum().backward()
        optimizer.step()
        assert (layer.weight[zeros] == 0).all()


def test_the_smallest_weights_matter_less_than_random_ones(mlp):
    X, y = digit_images("test")
    accuracies = [evaluate(prune(mlp, 0.7, seed), X, y).accuracy for seed in (None, 0)]
    assert accuracies[0] > 0.93
    assert accuracies[1] < accuracies[0] - 0.2


# --- Low rank ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rank", [1, 3, 6])
def test_what_low_rank_loses_is_the_sum_of_the_other_squared_singular_values(rank):
    layer = build(lambda: nn.Linear(9, 6)).double()
    first, second = low_rank(layer, rank)
    product = second.weight.double() @ first.weight.double()
    lost = (layer.weight - product).square().sum().item()
    s = np.linalg.svd(layer.weight.detach().numpy(), compute_uv=False)
    assert lost == pytest.approx((s[rank:] ** 2).sum(), abs=1e-6)
    assert np.linalg.matrix_rank(product.detach().numpy(), tol=1e-6) == rank


def test_full_rank_gives_the_same_outputs():
    for bias in (True, False):
        layer, x = build(lambda bias=bias: nn.Linear(7, 4, bias=bias)), torch.randn(5, 7)
        torch.testing.assert_close(low_rank(layer, 4)(x), layer(x), atol=1e-5, rtol=0)


def test_only_layers_that_get_smaller_are_replaced(mlp):
    small = with_low_rank(mlp, 8)
    wanted = 8 * (784 + 150) + 150 + 8 * (150 + 124) + 124 + 8 * (124 + 10) + 10
    assert count_parameters(small) == wanted
    assert not saves(nn.Linear(10, 10), 5)
    assert saves(nn.Linear(10, 10), 4)
    torch.testing.assert_close(with_low_rank(mlp, 500)(torch.ones(1, 784)), mlp(torch.ones(1, 784)))


# --- Bits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_no_weight_moves_by_more_than_half_a_step(mlp, bits):
    for before, after in zip(weights_of(mlp), weights_of(quantize(mlp, bits)), strict=True):
        step = before.abs().max() / (2 ** (bits - 1) - 1)
        assert (after - before).abs().max() <= step / 2 * (1 + 1e-4)
        multiples = after / step
        torch.testing.assert_close(multiples, multiples.round(), atol=1e-3, rtol=0)
        assert len(multiples.round().unique()) <= 2**bits - 1


def test_a_layer_of_zeros_stays_zero():
    layer = nn.Linear(3, 2)
    nn.init.zeros_(layer.weight)
    assert (quantize(layer, 4).weight == 0).all()


# --- Size ----------------------------------------------------------------------------------------


def test_bytes_are_counted_dense_or_with_a_bitmap_whichever_is_less():
    layer = nn.Linear(100, 10)  # 1,000 weights, 10 biases
    nn.init.ones_(layer.weight)
    assert size_in_bytes(layer) == 4 * 1010
    assert size_in_bytes(layer, bits=4) == 500 + 40
    assert size_in_bytes(prune(layer, 0.9)) == (1000 + 32 * 100) / 8 + 40
    assert size_in_bytes(prune(layer, 0.01)) == 4 * 1010  # the bitmap would cost more
    assert size_in_bytes(prune(layer, 0.9), bits=2) == (1000 + 2 * 100) / 8 + 40


@pytest.mark.parametrize(
    "change", [lambda m: prune(m, 0.5), lambda m: with_low_rank(m, 3), lambda m: quantize(m, 2)]
)
def test_the_model_itself_stays_as_it_is(change):
    for model in (build(lambda: digit_mlp((20,))), build(lambda: digit_cnn((2, 3), 16))):
        before = [p.clone() for p in model.parameters()]
        assert change(model)(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
        assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: prune(m, 1.5), "share must be at most 1, came 1.5"),
        (lambda m: quantize(m, 1), "bits must be at least 2, came 1"),
        (lambda m: low_rank(nn.Linear(5, 3), 4), "rank must be at most 3, came 4"),
        (lambda m: with_low_rank(m, 0), "rank must be at least 1, came 0"),
        (lambda m: fine_tune(m, [], [], batch_size=0), "batch_size must be at least 1"),
        (lambda m: size_in_bytes(m, 0), "bits must be at least 1"),
    ],
)
def test_bad_input_is_said(mlp, call, message):
    with pytest.raises(ValueError, match=message):
        call(mlp)
