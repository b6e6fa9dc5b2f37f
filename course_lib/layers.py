"""What makes deep networks trainable, each a few lines of torch: normalisation, dropout, maxout,
residual and highway connections.

They do what torch's own layers of these names do; here one can read how.
"""

import torch
from torch import nn

from course_lib.validation import as_integer, as_number


class BatchNorm(nn.Module):
    """Batch normalisation, for inputs of shape (n, features) or (n, channels, height, width).

    While training, with the mean μ and the variance σ² of this mini-batch, feature by feature:

        x̂ = (x − μ)/√(σ² + ε),   y = γ x̂ + β

    γ and β are learned (first 1 and 0). β does what a bias of the layer before would do: that one
    can be left out, μ would take it away again. When testing there may be one sample only, so μ
    and σ² are running averages of training: running ← (1 − momentum)·running + momentum·batch
    (for the running σ², with n − 1 in the denominator). As `torch.nn.BatchNorm1d` and `2d`.
    Source: Ioffe, Szegedy 2015, "Batch normalization".
    """

    def __init__(self, features, epsilon=1e-5, momentum=0.1):
        super().__init__()
        self.epsilon = as_number(epsilon, "epsilon", above=0)
        self.momentum = as_number(momentum, "momentum", minimum=0, maximum=1)
        self.gamma = nn.Parameter(torch.ones(as_integer(features, "features", minimum=1)))
        self.beta = nn.Parameter(torch.zeros(features))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_variance", torch.ones(features))

    def forward(self, x):
        """y, of the shape of x."""
        _check_features(self, x, axis=1)
        others = [0, *range(2, x.ndim)]  # all axes but the features'
        if self.training:
            mean, variance = x.mean(dim=others), x.var(dim=others, unbiased=False)
            self._remember(mean, variance, count=x.numel() // x.shape[1])
        else:
            mean, variance = self.running_mean, self.running_variance
        shape = (1, -1, *[1] * (x.ndim - 2))
        scale = self.gamma / torch.sqrt(variance + self.epsilon)
        return (x - mean.reshape(shape)) * scale.reshape(shape) + self.beta.reshape(shape)

    @torch.no_grad()
    def _remember(self, mean, variance, count):
        if count < 2:
            raise ValueError("a batch must hold at least two values a feature: one has no variance")
        self.running_mean.lerp_(mean, self.momentum)
        self.running_variance.lerp_(variance * count / (count - 1), self.momentum)


class LayerNorm(nn.Module):
    """Layer normalisation: as batch norm, but over the features of one sample, shape (n, features).

    No other sample is needed: so training and testing are the same. As `torch.nn.LayerNorm`.
    Source: Ba, Kiros, Hinton 2016, "Layer normalization".
    """

    def __init__(self, features, epsilon=1e-5):
        super().__init__()
        self.epsilon = as_number(epsilon, "epsilon", above=0)
        self.gamma = nn.Parameter(torch.ones(as_integer(features, "features", minimum=1)))
        self.beta = nn.Parameter(torch.zeros(features))

    def forward(self, x):
        """γ (x − μ)/√(σ² + ε) + β, with μ and σ² of each row."""
        _check_features(self, x, axis=-1)
        mean, variance = x.mean(dim=-1, keepdim=True), x.var(dim=-1, unbiased=False, keepdim=True)
        return self.gamma * (x - mean) / torch.sqrt(variance + self.epsilon) + self.beta


def _check_features(layer, x, axis):
    if x.shape[axis] != len(layer.gamma):
        raise ValueError(
            f"the layer has {len(layer.gamma)} features: axis {axis} of its input must be so long, "
            f"came the shape {tuple(x.shape)}"
        )


class WeightNormLinear(nn.Module):
    """A dense layer whose weights are w = g·v/‖v‖, row by row: length and direction apart.

    As `torch.nn.utils.parametrizations.weight_norm` of a `Linear`.
    Source: Salimans, Kingma 2016, "Weight normalization".
    """

    def __init__(self, inputs, outputs):
        super().__init__()
        dense = nn.Linear(inputs, outputs)
        self.v, self.b = nn.Parameter(dense.weight.detach().clone()), dense.bias
        self.g = nn.Parameter(self.v.detach().norm(dim=1))

    def forward(self, x):
        """x Wᵀ + b."""
        weight = (self.g / self.v.norm(dim=1))[:, None] * self.v
        return nn.functional.linear(x, weight, self.b)


class Dropout(nn.Module):
    """Dropout: while training each number is 0 with probability p, and else divided by 1 − p.

    The division keeps the mean ("inverted" dropout): p·0 + (1 − p)·x/(1 − p) = x. So nothing is to
    be done when testing. As `torch.nn.Dropout`. Source: Srivastava et al. 2014, "Dropout".
    """

    def __init__(self, p=0.5):
        super().__init__()
        self.p = as_number(p, "p", minimum=0)
        if self.p >= 1:
            raise ValueError(f"p must be below 1, came {p}")

    def forward(self, x):
        """x where testing; with holes where training."""
        if not self.training or self.p == 0:
            return x
        kept = torch.rand_like(x) >= self.p
        return x * kept / (1 - self.p)


class Maxout(nn.Module):
    """The largest of `pieces` linear functions, for each output: an activation that is learned.

    ReLU is the maximum of x and 0; with two pieces maxout can be that, |x|, or any other convex
    function of two straight parts. Source: Goodfellow et al. 2013, "Maxout networks".
    """

    def __init__(self, inputs, outputs, pieces=2, bias=True):
        super().__init__()
        self.pieces = as_integer(pieces, "pieces", minimum=1)
        self.dense = nn.Linear(inputs, outputs * self.pieces, bias=bias)

    def forward(self, x):
        """Shape (n, outputs)."""
        return self.dense(x).unflatten(-1, (-1, self.pieces)).amax(dim=-1)


class Residual(nn.Module):
    """A residual connection: y = x + f(x). f learns what is to be changed, and may be 0.

    The derivative is 1 + f'(x): the 1 carries the gradient down through any number of layers.
    Source: He et al. 2016, "Deep residual learning for image recognition".
    """

    def __init__(self, block):
        super().__init__()
        self.block = block

    def forward(self, x):
        """x + f(x); the block must keep the shape."""
        change = self.block(x)
        if change.shape != x.shape:
            raise ValueError(
                f"the block must keep the shape {tuple(x.shape)}, came {tuple(change.shape)}"
            )
        return x + change


class Highway(nn.Module):
    """A highway layer: y = t·h(x) + (1 − t)·x, with a gate t = σ(W x + b) that is learned.

    t near 0 lets x pass as it is. So b begins at `gate_bias` below 0: most lanes are open at first.
    `gate(x)` shows what the gates have learned.
    Source: Srivastava, Greff, Schmidhuber 2015, "Highway networks".
    """

    def __init__(self, features, gate_bias=-4.0):
        super().__init__()
        self.transform = nn.Linear(features, features)
        self.gate_layer = nn.Linear(features, features)
        nn.init.constant_(self.gate_layer.bias, as_number(gate_bias, "gate_bias"))

    def gate(self, x):
        """t, between 0 and 1, of the shape of x."""
        return torch.sigmoid(self.gate_layer(x))

    def forward(self, x):
        """y, of the shape of x."""
        t = self.gate(x)
        return t * torch.relu(self.transform(x)) + (1 - t) * x
