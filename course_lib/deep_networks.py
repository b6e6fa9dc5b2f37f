"""Dense networks in torch, with a choice of all that lesson 06 compares.

`dense_network` stacks layers of different sizes; `deep_network` stacks many layers of one size,
joined plainly, by residual or by highway connections. Both begin with the first weights of lesson
05. A model is made by `training.build(lambda: dense_network(…), seed)`, so that a seed fixes it.
"""

import math

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
from course_lib.validation import as_integer, as_number, as_option

ACTIVATIONS = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "maxout": nn.Identity,  # Maxout is the dense layer and the activation in one
}
NORMALIZATIONS = ("none", "batch", "layer", "weight")
CONNECTIONS = ("plain", "residual", "highway")


def dense_network(sizes, activation="relu", normalization="none", dropout=0.0, scale=1.0):
    """A multi-layer perceptron that turns (n, sizes[0]) into logits (n, sizes[-1]).

    A hidden layer is dense → normalisation → activation → dropout; the last layer is dense alone.
    `normalization` is one of `NORMALIZATIONS`; with batch norm the dense layer has no bias, as β
    does its work. The first weights are normal, with standard deviation scale·√(2/n) for ReLU and
    its kin and scale·√(1/n) for the others, and biases 0.
    """
    as_option(activation, "activation", ACTIVATIONS)
    as_option(normalization, "normalization", NORMALIZATIONS)
    if (activation, normalization) == ("maxout", "weight"):
        raise ValueError("maxout has no weight norm here: take another activation or normalization")
    sizes = [as_integer(size, "sizes", minimum=1) for size in sizes]
    if len(sizes) < 2:
        raise ValueError(f"sizes must count inputs and outputs at least, came {sizes}")
    layers = [
        _hidden_layer(inputs, outputs, activation, normalization, dropout)
        for inputs, outputs in zip(sizes, sizes[1:-1], strict=False)
    ]
    model = nn.Sequential(*layers, nn.Linear(*sizes[-2:]))
    gain = 2 if "relu" in activation else 1
    _set_first_weights(model, as_number(scale, "scale", above=0) * math.sqrt(gain))
    return model


def _hidden_layer(inputs, outputs, activation, normalization, dropout):
    bias = normalization != "batch"
    if activation == "maxout":
        parts = [Maxout(inputs, outputs, bias=bias)]
    elif normalization == "weight":
        parts = [WeightNormLinear(inputs, outputs)]
    else:
        parts = [nn.Linear(inputs, outputs, bias=bias)]
    parts += [BatchNorm(outputs)] if normalization == "batch" else []
    parts += [LayerNorm(outputs)] if normalization == "layer" else []
    parts += [ACTIVATIONS[activation]()]
    return nn.Sequential(*parts, *([Dropout(dropout)] if dropout else []))


class DenseLayer(nn.Module):
    """h(x) = W relu(x) + b: one layer of a deep network, of one width.

    Source of the order, activation first: He et al. 2016, "Identity mappings in deep residual
    networks".
    """

    def __init__(self, width):
        super().__init__()
        self.dense = nn.Linear(width, width)

    def forward(self, x):
        """h(x), of the shape of x."""
        return self.dense(torch.relu(x))


def deep_network(connection, layers, width=32, inputs=196, outputs=10, gate_bias=-4.0):
    """A dense layer, then `layers` layers of one width, then the logits.

    `connection` is "plain" (h), "residual" (x + h) or "highway" (t·h + (1 − t)·x). Plain and
    residual differ in nothing but x, so a comparison of them is fair. The weights
    begin as Kaiming says; those of the L residual layers are smaller by 1/√L, so that the variance
    of the sum stays of one size: (1 + 1/L)^L < e. The gates of a highway begin at σ(gate_bias) for
    every x: their weights are 0 at first.
    """
    as_option(connection, "connection", CONNECTIONS)
    layers, width = as_integer(layers, "layers", 1), as_integer(width, "width", 1)
    make = {
        "plain": lambda: DenseLayer(width),
        "residual": lambda: Residual(DenseLayer(width)),
        "highway": lambda: Highway(width, gate_bias),
    }
    middle = [make[connection]() for _ in range(layers)]
    model = nn.Sequential(nn.Linear(inputs, width), *middle, nn.ReLU(), nn.Linear(width, outputs))
    _set_first_weights(model, math.sqrt(2))
    with torch.no_grad():
        for layer in middle:
            if connection == "highway":
                nn.init.zeros_(layer.gate_layer.weight)
                layer.gate_layer.bias.fill_(gate_bias)
            elif connection == "residual":
                layer.block.dense.weight /= math.sqrt(layers)
    return model


@torch.no_grad()
def _set_first_weights(model, scale):
    """Weights of standard deviation scale/√n, and biases 0, in all dense layers."""
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=scale / math.sqrt(layer.in_features))
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, WeightNormLinear):
            nn.init.normal_(layer.v, std=scale / math.sqrt(layer.v.shape[1]))
            layer.g.copy_(layer.v.norm(dim=1))
            nn.init.zeros_(layer.b)
