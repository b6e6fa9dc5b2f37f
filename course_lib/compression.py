"""Smaller networks: weights left out, matrices of low rank, weights of few bits.

All three start from a trained network and return another one; the first stays as it is. Only weight
matrices and filters are made smaller, not biases: these are few. What is won is counted in bytes
(`size_in_bytes`), what is lost in accuracy; a little training afterwards brings much of it back.
Lecture: "The next step", network compression.
"""

import copy

import torch
from torch import nn

from course_lib.cnn import falling_adam
from course_lib.training import fit
from course_lib.validation import as_integer, as_number

FLOAT_BITS = 32


def weights_of(model):
    """Its weight matrices and filters: the parameters with more than one dimension."""
    return [weight for weight in model.parameters() if weight.ndim > 1]


# --- Pruning: leave the small ones out -----------------------------------------------------------


@torch.no_grad()
def prune(model, share, seed=None):
    """A copy in which this share of all weights is 0: the smallest |w|, over all layers together.

    With a `seed`, the weights are drawn by chance instead: what one compares with. The share counts
    those that were 0 before. Source: Han et al. (2015), "Learning both weights and connections".
    """
    share, model = as_number(share, "share", minimum=0, maximum=1), copy.deepcopy(model)
    sizes = torch.cat([weight.abs().flatten() for weight in weights_of(model)])
    if seed is not None:
        generator = torch.Generator().manual_seed(as_integer(seed, "seed", minimum=0))
        chance = 1 + torch.rand(len(sizes), generator=generator)
        sizes = chance * (sizes > 0)  # what is 0 already goes first
    kept = torch.ones_like(sizes)
    kept[sizes.argsort()[: round(share * len(sizes))]] = 0
    parts = kept.split([weight.numel() for weight in weights_of(model)])
    for weight, part in zip(weights_of(model), parts, strict=True):
        weight.mul_(part.view_as(weight))
    return model


def share_of_zeros(model):
    """The share of the weights that are 0."""
    zeros = sum(int((weight == 0).sum()) for weight in weights_of(model))
    return zeros / sum(weight.numel() for weight in weights_of(model))


def keep_zeros(model, optimizer):
    """From now on, each step of the optimizer leaves at 0 the weights that are 0 now."""
    masks = [(weight, weight != 0) for weight in weights_of(model)]

    @torch.no_grad()
    def erase(*_):
        for weight, mask in masks:
            weight.mul_(mask)

    optimizer.register_step_post_hook(erase)


def fine_tune(model, X, y, epochs=5, rate=0.002, seed=0, batch_size=64):
    """A copy, trained a little more; weights that are 0 stay 0."""
    model, epochs = copy.deepcopy(model), as_integer(epochs, "epochs", minimum=1)
    batch_size = as_integer(batch_size, "batch_size", minimum=1)
    optimizer = falling_adam(model, rate, epochs * -(-len(X) // batch_size))
    keep_zeros(model, optimizer)
    fit(model, X, y, optimizer, epochs, batch_size=batch_size, seed=seed)
    return model.eval()


# --- Low rank: one matrix becomes two thin ones --------------------------------------------------


@torch.no_grad()
def low_rank(layer, rank):
    """Two dense layers with `rank` neurons between them, as near to `layer` as can be.

    W = U S Vᵀ ≈ (U_r √S_r)(√S_r V_rᵀ): of all matrices of this rank the one with the least
    Σ (difference)², which is the sum of the other σ² (Eckart & Young 1936). It takes
    rank · (inputs + outputs) numbers, in place of inputs · outputs.
    """
    rank = as_integer(rank, "rank", minimum=1)
    if rank > min(layer.weight.shape):
        raise ValueError(f"rank must be at most {min(layer.weight.shape)}, came {rank}")
    U, s, Vt = torch.linalg.svd(layer.weight, full_matrices=False)
    first = nn.Linear(layer.in_features, rank, bias=False)
    second = nn.Linear(rank, layer.out_features, bias=layer.bias is not None)
    first.weight.copy_(s[:rank].sqrt()[:, None] * Vt[:rank])
    second.weight.copy_(U[:, :rank] * s[:rank].sqrt())
    if layer.bias is not None:
        second.bias.copy_(layer.bias)
    return nn.Sequential(first, second)


def saves(layer, rank):
    """Does a dense layer have more weights than its two parts of this rank would have?"""
    return rank * (layer.in_features + layer.out_features) < layer.weight.numel()


def with_low_rank(model, rank):
    """A copy of a `Sequential`; its own dense layers have this rank, where it is smaller."""
    layers = [
        low_rank(layer, rank)
        if isinstance(layer, nn.Linear) and saves(layer, as_integer(rank, "rank", minimum=1))
        else copy.deepcopy(layer)
        for layer in model
    ]
    return nn.Sequential(*layers).eval()


# --- Quantisation: few bits a weight -------------------------------------------------------------


@torch.no_grad()
def quantize(model, bits):
    """A copy whose weights are whole multiples of a step, one step for each matrix of weights.

    The multiples go from −m to m with m = 2^(bits − 1) − 1, and step = max |w| / m: so 0 stays 0,
    and no weight changes by more than half a step. Two bits leave −step, 0 and step.
    """
    most, model = 2 ** (as_integer(bits, "bits", minimum=2) - 1) - 1, copy.deepcopy(model)
    for weight in weights_of(model):
        step = weight.abs().max() / most
        if step > 0:
            weight.copy_((weight / step).round() * step)
    return model


# --- What is won ---------------------------------------------------------------------------------


def size_in_bytes(model, bits=FLOAT_BITS):
    """What a network takes on a disk with so many bits a weight, and 32 a bias.

    A matrix of n weights is written whole, n · bits; or, where that is less, as one bit for each
    weight that says whether it is there, and those that are: n + bits · (weights that are not 0).
    """
    bits = as_integer(bits, "bits", minimum=1)
    total = sum(FLOAT_BITS * p.numel() for p in model.parameters() if p.ndim < 2)
    for weight in weights_of(model):
        total += min(bits * weight.numel(), weight.numel() + bits * int(weight.count_nonzero()))
    return total / 8
