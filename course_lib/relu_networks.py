"""ReLU networks built by hand: what they can draw, in how many pieces, and how deep ones save.

Lecture: "Deep Learning Theory 1-1 to 1-3" (can a shallow network fit any function? is deep better
than shallow?). A network here is a list of layers; between them stands the ReLU, max(0, z).
"""

from itertools import pairwise

import numpy as np
from scipy.linalg import block_diag

from course_lib.validation import as_array, as_design, as_integer, as_number, check_same_length


class ReLUNetwork:
    """x → W_L ReLU(… ReLU(W_1 x + b_1) …) + b_L: a ReLU after every layer but the last.

    `layers` is a list of pairs (W, b) of shapes (outputs, inputs) and (outputs,).
    """

    def __init__(self, layers):
        self.layers = [(as_array(W, "W", ndim=2), as_array(b, "b", ndim=1)) for W, b in layers]
        for W, b in self.layers:
            check_same_length(W=W, b=b)
        for (W, _), (V, _) in pairwise(self.layers):
            if V.shape[1] != len(W):
                raise ValueError(f"a layer must take {len(W)} inputs, W has {V.shape[1]} columns")

    @property
    def inputs(self):
        """The number of inputs."""
        return self.layers[0][0].shape[1]

    @property
    def neurons(self):
        """The number of ReLUs."""
        return sum(len(b) for _, b in self.layers[:-1])

    @property
    def depth(self):
        """The number of layers of ReLUs."""
        return len(self.layers) - 1

    @property
    def parameters(self):
        """The number of weights and biases."""
        return sum(W.size + b.size for W, b in self.layers)

    def __call__(self, x):
        """The outputs, shape (n, outputs), for x of shape (n, inputs); with one of each, (n,)."""
        x = np.asarray(x, dtype=float)
        flat = x.ndim == 1 and self.inputs == 1
        h = as_design(x[:, None] if flat else x)
        if h.shape[1] != self.inputs:
            raise ValueError(f"x must have {self.inputs} columns, came shape {x.shape}")
        for W, b in self.layers[:-1]:
            h = np.maximum(h @ W.T + b, 0)
        W, b = self.layers[-1]
        y = h @ W.T + b
        return y[:, 0] if flat and len(b) == 1 else y

    def then(self, other):
        """One network after another: other(self(x)). Linear maps that meet become one."""
        (W, b), (V, c) = self.layers[-1], other.layers[0]
        return ReLUNetwork([*self.layers[:-1], (V @ W, V @ b + c), *other.layers[1:]])

    def beside(self, other):
        """Two networks of equal depth side by side: (x, y) → (self(x), other(y))."""
        if self.depth != other.depth:
            raise ValueError(f"both must be equally deep, came {self.depth} and {other.depth}")
        return ReLUNetwork(
            [
                (block_diag(W, V), np.concatenate([b, c]))
                for (W, b), (V, c) in zip(self.layers, other.layers, strict=True)
            ]
        )


def affine(W, b=0.0):
    """The network without a ReLU: x → W x + b."""
    W = np.atleast_2d(np.asarray(W, dtype=float))
    return ReLUNetwork([(W, np.broadcast_to(np.asarray(b, dtype=float), len(W)).copy())])


# --- One hidden layer fits any function, piece by piece ------------------------------------------


def interpolating_network(x, y):
    """The network with one hidden layer whose graph joins the points (xᵢ, yᵢ) by straight lines.

    As in the lecture, each of the K segments is a step of its own: 0 before it, rising in it, flat
    after it. That takes two ReLUs, one to go up and one to stop: slope·ReLU(x − xᵢ) −
    slope·ReLU(x − xᵢ₊₁). Their sum plus y₀ is the function: 2K ReLUs. It is constant outside.
    x must rise; both have the shape (K + 1,).
    """
    x, y = as_array(x, "x", ndim=1), as_array(y, "y", ndim=1)
    check_same_length(x=x, y=y)
    if len(x) < 2 or (np.diff(x) <= 0).any():
        raise ValueError("x must hold at least two values, each larger than the one before")
    slopes = np.diff(y) / np.diff(x)
    starts, stops = x[:-1], x[1:]
    hidden = np.ones((2 * len(slopes), 1)), -np.concatenate([starts, stops])
    return ReLUNetwork([hidden, (np.concatenate([slopes, -slopes])[None], y[:1])])


# --- Deep: folding ------------------------------------------------------------------------------


def sawtooth(m):
    """The network [0, 1] → [0, 1] with 2^(m − 1) teeth: the tent map, folded over itself m times.

    One tent, g(x) = 2 ReLU(x) − 4 ReLU(x − ½), goes up to 1 at ½ and down again. Put into
    itself m times it has 2^m straight pieces, with only two ReLUs a layer.
    Source: Telgarsky 2016, "Benefits of depth in neural networks".
    """
    tent = ReLUNetwork([([[1.0], [1.0]], [0.0, -0.5]), ([[2.0, -4.0]], [0.0])])
    network = tent
    for _ in range(as_integer(m, "m", minimum=1) - 1):
        network = network.then(tent)
    return network


def square_net(m):
    """A network for x² on [0, 1], m layers of three ReLUs; its largest error is 2^−(2m + 2).

    Let f_m join the points of x² at the multiples of 2^−m. Then f_m = f_(m−1) − g_m / 4^m, with
    g_m the sawtooth of m folds: each fold halves the pieces and quarters the error. f_m lies above
    x², by exactly 2^−(2m + 2) in the middle of each piece.
    Source: Yarotsky 2017, "Error bounds for approximations with deep ReLU networks".
    """
    m = as_integer(m, "m", minimum=1)
    # carried along: the two halves of the tent, and f so far (it is never negative)
    first = np.array([[1.0], [1.0], [1.0]]), np.array([0.0, -0.5, 0.0])
    layers = [first]
    for s in range(1, m):
        tent = np.array([2.0, -4.0, 0.0])
        f = np.array([0.0, 0.0, 1.0]) - tent / 4**s
        layers.append((np.array([tent, tent, f]), np.array([0.0, -0.5, 0.0])))
    layers.append((np.array([[-2.0 / 4**m, 4.0 / 4**m, 1.0]]), np.array([0.0])))
    return ReLUNetwork(layers)


def multiply_net(m, bound=1.0):
    """A network (x, y) → x·y for |x|, |y| ≤ B = `bound`; error at most B²·2^(−2m), 0 where y = 0.

    x y = 2B² [u² − v² − w²] with u = |x + y|/2B, v = |x|/2B, w = |y|/2B, all in [0, 1]: three
    square nets side by side. Each is too large by at most 2^−(2m + 2), so the sum is too large by
    at most 2B² of these, or too small by 4B² of them. Source: Yarotsky 2017, proposition 3.
    """
    bound = as_number(bound, "bound", above=0)
    sums = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]) / (2 * bound)
    absolute = ReLUNetwork(  # |z| = ReLU(z) + ReLU(−z)
        [(np.vstack([sums, -sums]), np.zeros(6)), (np.hstack([np.eye(3), np.eye(3)]), np.zeros(3))]
    )
    squares = square_net(m).beside(square_net(m)).beside(square_net(m))
    return absolute.then(squares).then(affine([[2 * bound**2, -2 * bound**2, -2 * bound**2]]))


def carry(numbers, depth):
    """The network that leaves its inputs as they are, for `depth` layers: ReLU(x) − ReLU(−x)."""
    one = np.eye(numbers)
    there_and_back = ReLUNetwork(
        [
            (np.vstack([one, -one]), np.zeros(2 * numbers)),
            (np.hstack([one, -one]), np.zeros(numbers)),
        ]
    )
    network = affine(one)
    for _ in range(depth):
        network = network.then(there_and_back)
    return network


def polynomial_net(coefficients, m):
    """A network for a₀ + a₁x + … + a_d x^d with |x| ≤ 1, d ≥ 2, and a bound of its error: a pair.

    Horner's rule, a₀ + x (a₁ + x (a₂ + …)), needs d − 1 products; the innermost, x·a_d, is linear.
    All numbers in between are at most Σ|aᵢ|, up to the errors; B is one more than that. A product
    adds an error of B²·2^(−2m), and hands on the error of the one before times |x| ≤ 1. So the
    errors add up, to (d − 1)·B²·2^(−2m): ValueError where that is above 1, since m is too small.
    """
    a = as_array(coefficients, "coefficients", ndim=1)
    if len(a) < 3:
        raise ValueError(f"coefficients must reach x² at least, came {len(a)} of them")
    bound = 1 + np.abs(a).sum()
    error = (len(a) - 2) * bound**2 * 2.0 ** (-2 * as_integer(m, "m", minimum=1))
    if error > 1:
        raise ValueError(f"m must be larger for these coefficients: the error may be {error:.3g}")
    product = multiply_net(m, bound)
    step = affine([[1, 0], [1, 0], [0, 1]]).then(carry(1, product.depth).beside(product))
    network = affine([[1], [a[-1]]], [0, a[-2]])  # (x, a_(d−1) + a_d x)
    for constant in a[-3::-1]:
        network = network.then(step).then(affine(np.eye(2), [0, constant]))
    return network.then(affine([[0, 1]])), error


# --- The pieces of a network in the plane ---------------------------------------------------------


def linear_regions(network, box=((-1.0, 1.0), (-1.0, 1.0))):
    """The pieces of the plane on which each ReLU is either on or off: a list of polygons (k, 2).

    On such a piece the network is one affine function. `network` has two inputs, `box` is the part
    of the plane that is looked at, two pairs (low, high). Exact up to rounding: each neuron cuts
    the polygons of the layer before along the line on which its input is 0.
    """
    polygons, _ = _cut_by_all(network, box)
    starts = np.flatnonzero(np.diff(polygons.owner, prepend=-1))
    return np.split(polygons.corners, starts[1:])


def count_regions(network, box=((-1.0, 1.0), (-1.0, 1.0))):
    """The number of `linear_regions`; one layer of N neurons has at most 1 + N + N(N − 1)/2."""
    return len(_cut_by_all(network, box)[1])


class _Polygons:
    """Convex polygons, their corners one after the other: `owner` says whose a corner is."""

    def __init__(self, corners, owner):
        self.corners, self.owner = corners, owner  # (t, 2) and (t,), sorted

    def cut(self, lines):
        """Cut polygon p along a·x + b·y + c = 0, (a, b, c) = lines[p]: new ones, and their origin.

        Corners on one side, and the points where the line crosses an edge, are one part; those on
        the other side, and the same points, are the other.
        """
        values = (self.corners * lines[self.owner, :2]).sum(axis=1) + lines[self.owner, 2]
        values[np.abs(values) < 1e-12 * (1 + np.abs(lines[self.owner]).max(axis=1))] = 0
        starts = np.flatnonzero(np.diff(self.owner, prepend=-1))
        above = np.maximum.reduceat(values, starts) > 0
        below = np.minimum.reduceat(values, starts) < 0
        following = np.append(np.arange(1, len(values)), 0)
        following[np.append(starts[1:], len(values)) - 1] = starts
        crossing = values * values[following] < 0
        share = np.divide(values, values - values[following], where=crossing, out=0 * values)
        points = self.corners + share[:, None] * (self.corners[following] - self.corners)
        both = np.stack([self.corners, points], axis=1).reshape(-1, 2)  # corner, crossing, corner …
        owner = np.repeat(self.owner, 2)
        sides = []
        for keep, side in (
            (values >= 0, above),
            (values <= 0, below & above),
            (values <= 0, ~above),
        ):
            chosen = np.column_stack([keep, crossing]).ravel() & side[owner]
            sides.append((both[chosen], owner[chosen]))
        return _joined(sides)


def _joined(sides):
    """The polygons of all sides, numbered anew, and for each the number of the one it came from."""
    corners, origins, owners, count = [], [], [], 0
    for points, owner in sides:
        new = np.diff(owner, prepend=-1) != 0
        corners.append(points)
        owners.append(count + np.cumsum(new) - 1)
        origins.append(owner[new])
        count += new.sum()
    return _Polygons(np.concatenate(corners), np.concatenate(owners)), np.concatenate(origins)


def _cut_by_all(network, box):
    """The polygons of all layers, and the affine map of each to the last hidden layer."""
    if network.inputs != 2:
        raise ValueError(f"network must have two inputs, came {network.inputs}")
    (left, right), (low, high) = as_array(box, "box", ndim=2)
    corners = np.array([[left, low], [right, low], [right, high], [left, high]])
    polygons, maps = _Polygons(corners, np.zeros(4, dtype=int)), np.eye(2, 3)[None]
    for W, b in network.layers[:-1]:
        before_relu = W @ maps  # for each polygon the neurons' inputs, as rows (a, b, c)
        before_relu[:, :, 2] += b
        for neuron in range(len(b)):
            polygons, origin = polygons.cut(before_relu[:, neuron])
            before_relu = before_relu[origin]
        centres = _centres(polygons)
        on = (before_relu[:, :, :2] * centres[:, None]).sum(axis=2) + before_relu[:, :, 2] > 0
        maps = before_relu * on[:, :, None]
    return polygons, maps


def _centres(polygons):
    starts = np.flatnonzero(np.diff(polygons.owner, prepend=-1))
    counts = np.diff(np.append(starts, len(polygons.owner)))
    return np.add.reduceat(polygons.corners, starts) / counts[:, None]
