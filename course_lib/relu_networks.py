"""ReLU networks built by hand: what they can draw, in how many pieces, and how deep ones save.

Lecture: "Deep Learning Theory 1-1 to 1-3" (can a shallow network fit any function? is deep better
than shallow?). A network here is a list of layers; between them stands the ReLU, max(0, z).
"""

from functools import reduce
from itertools import pairwise, product
from math import comb

import numpy as np
from scipy.linalg import block_diag

from course_lib.networks import ACTIVATIONS
from course_lib.validation import as_array, as_design, as_integer, as_number, check_same_length


class ReLUNetwork:
    """x → W_L ReLU(… ReLU(W_1 x + b_1) …) + b_L: a ReLU after every layer but the last.

    `layers` is a list of pairs (W, b) of shapes (outputs, inputs) and (outputs,).
    """

    def __init__(self, layers):
        self.layers = [(as_array(W, "W", ndim=2), as_array(b, "b", ndim=1)) for W, b in layers]
        if not self.layers:
            raise ValueError("layers must hold at least one pair (W, b), came none")
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
        if other.inputs != len(b):
            raise ValueError(f"other must take {len(b)} inputs, it takes {other.inputs}")
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


def random_network(sizes, seed=0, bias=0.5):
    """A network at its start: weights from N(0, 2/n) for n inputs, biases from N(0, `bias`²).

    `sizes` counts the inputs first and the outputs last, as in `networks.MLP`.
    """
    random = np.random.default_rng(as_integer(seed, "seed", minimum=0))
    bias = as_number(bias, "bias", minimum=0)
    sizes = [as_integer(size, "sizes", minimum=1) for size in sizes]
    if len(sizes) < 2:
        raise ValueError(f"sizes must count inputs and outputs at least, came {sizes}")
    return ReLUNetwork(
        [
            (np.sqrt(2 / n) * random.normal(size=(m, n)), bias * random.normal(size=m))
            for n, m in pairwise(sizes)
        ]
    )


def from_mlp(mlp):
    """The ReLUNetwork with the weights of a `networks.MLP` that uses ReLU (without the softmax)."""
    used = {layer.function for layer in mlp.layers[1::2]}
    if came := [name for name in ACTIVATIONS if name != "relu" and ACTIVATIONS[name] in used]:
        raise ValueError(f"mlp must use ReLU, came {came[0]}")
    return ReLUNetwork([(layer.W, layer.b) for layer in mlp.dense_layers])


def affine(W, b=0.0):
    """The network without a ReLU: x → W x + b."""
    W = np.atleast_2d(np.asarray(W, dtype=float))
    return ReLUNetwork([(W, np.broadcast_to(np.asarray(b, dtype=float), len(W)).copy())])


# --- One hidden layer fits any function, piece by piece ------------------------------------------


def interpolating_network(x, y):
    """The network with one hidden layer whose graph joins the points (xᵢ, yᵢ) by straight lines.

    As in the lecture, each of the K segments is a ramp of its own: 0 before it, straight in it,
    flat after it. That takes two ReLUs, one to go and one to stop: slope·ReLU(x − xᵢ) −
    slope·ReLU(x − xᵢ₊₁). Their sum plus y₀ is the function: 2K ReLUs. It is constant outside.
    x must rise; both have the shape (K + 1,).
    """
    slopes, y = _slopes(x, y), as_array(y, "y", ndim=1)
    hidden = np.ones((2 * len(slopes), 1)), -np.concatenate([x[:-1], x[1:]])
    return ReLUNetwork([hidden, (np.concatenate([slopes, -slopes])[None], y[:1])])


def merged_network(x, y):
    """The same graph between x₀ and x_K with half of the ReLUs: one at each knot but the last.

    Where a ramp stops another goes: one ReLU changes the slope from the one to the other.
    """
    slopes, y = _slopes(x, y), as_array(y, "y", ndim=1)
    hidden = np.ones((len(slopes), 1)), -np.asarray(x, dtype=float)[:-1]
    return ReLUNetwork([hidden, (np.diff(slopes, prepend=0.0)[None], y[:1])])


def _slopes(x, y):
    x, y = as_array(x, "x", ndim=1), as_array(y, "y", ndim=1)
    check_same_length(x=x, y=y)
    if len(x) < 2 or (np.diff(x) <= 0).any():
        raise ValueError("x must hold at least two values, each larger than the one before")
    return np.diff(y) / np.diff(x)


def breakpoints(network, low=0.0, high=1.0):
    """Where between low and high the graph of a network with one input and one output bends.

    Exact up to rounding, layer by layer: on a straight piece of the layers before, each neuron is
    a straight line, too, and the ReLU bends it where it crosses 0. The pieces are one more.
    """
    if (network.inputs, len(network.layers[-1][1])) != (1, 1):
        raise ValueError("network must have one input and one output")
    low = as_number(low, "low")
    ends = np.array([low, as_number(high, "high", above=low)])
    for depth in range(network.depth):
        z = _before_relu(network, ends, depth)
        left, right = z[:-1], z[1:]
        crossing = left * right < 0
        share = np.divide(left, left - right, where=crossing, out=0 * left)
        points = ends[:-1, None] + share * np.diff(ends)[:, None]
        ends = np.unique(np.concatenate([ends, points[crossing]]))
        ends = ends[np.append(True, np.diff(ends) > 1e-12 * np.abs(ends).max())]
    return ends[1:-1][_bends(network, ends)]


def _bends(network, x):
    """Whether the slope changes at x₁ … x_(n−1), by more than the values are rounded."""
    W, b = network.layers[-1]
    z = _before_relu(network, x, network.depth - 1) if network.depth else x[:, None]
    rounding = 1e-14 * (np.maximum(z, 0) @ np.abs(W[0]) + np.abs(b))
    slopes = np.diff(network(x)) / np.diff(x)
    unsure = (rounding[:-1] + rounding[1:]) / np.diff(x) + 1e-9 * np.abs(slopes)
    return np.abs(np.diff(slopes)) > unsure[:-1] + unsure[1:]


def _before_relu(network, x, depth):
    """The inputs of the ReLUs of hidden layer `depth` (from 0), (n, neurons), for x (n,)."""
    return ReLUNetwork(network.layers[: depth + 1])(x[:, None])


# --- Deep: folding ------------------------------------------------------------------------------


def rotation(angle):
    """The matrix that turns the plane by an angle in degrees."""
    turn = np.deg2rad(as_number(angle, "angle"))
    return np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])


def fold_net(m, angle=0.0):
    """The network that folds the square [−1, 1]² m times: 4 ReLUs a fold, 4^m pieces at angle 0.

    One fold is (x, y) → (2|x| − 1, 2|y| − 1): the left half comes to lie on the right half, the
    lower on the upper, and the quarter that is left is stretched to the square again. Whatever a
    later layer draws on the folded sheet appears in all its copies. With `angle` (in degrees) the
    sheet is turned before each fold: then its corners stick out of the square, and a little fewer
    pieces are made. Lecture: "like folding paper"; source: Montúfar, Pascanu, Cho, Bengio 2014, "On
    the number of linear regions of deep neural networks".
    """
    turn = rotation(angle)
    hidden = np.vstack([turn, -turn]), np.zeros(4)
    fold = ReLUNetwork([hidden, (2 * np.hstack([np.eye(2), np.eye(2)]), -np.ones(2))])
    network = fold
    for _ in range(as_integer(m, "m", minimum=1) - 1):
        network = network.then(fold)
    return network


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
    layers = [(np.ones((3, 1)), np.array([0.0, -0.5, 0.0]))]
    for s in range(1, m):
        tent = np.array([2.0, -4.0, 0.0])
        f = np.array([0.0, 0.0, 1.0]) - tent * 0.25**s
        layers.append((np.array([tent, tent, f]), np.array([0.0, -0.5, 0.0])))
    layers.append((np.array([[-2 * 0.25**m, 4 * 0.25**m, 1.0]]), np.array([0.0])))
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
    one = np.eye(as_integer(numbers, "numbers", minimum=1))
    there_and_back = ReLUNetwork(
        [
            (np.vstack([one, -one]), np.zeros(2 * numbers)),
            (np.hstack([one, -one]), np.zeros(numbers)),
        ]
    )
    network = affine(one)
    for _ in range(as_integer(depth, "depth", minimum=0)):
        network = network.then(there_and_back)
    return network


def horner_nets(coefficients, m):
    """Horner's rule, a₀ + x (a₁ + x (a₂ + …)), in steps, and the error of one product: a pair.

    The first network is x → (x, a_(d−1) + a_d x), each further one (x, h) → (x, aᵢ + x·h), with a
    `multiply_net` of m saw-teeth. All numbers in between are at most Σ|aᵢ|, up to the errors; its
    bound B is one more than that. So a product adds an error of B²·2^(−2m) at most, as long as all
    errors together stay below 1.
    """
    a = as_array(coefficients, "coefficients", ndim=1)
    if len(a) < 3:
        raise ValueError(f"coefficients must reach x² at least, came {len(a)} of them")
    bound = 1 + np.abs(a).sum()
    times = multiply_net(m, bound)
    step = affine([[1, 0], [1, 0], [0, 1]]).then(carry(1, times.depth).beside(times))
    steps = [step.then(affine(np.eye(2), [0, constant])) for constant in a[-3::-1]]
    return [affine([[1], [a[-1]]], [0, a[-2]]), *steps], bound**2 * 0.25**m


def horner_values(steps, x):
    """The values h after each of the steps of `horner_nets`, (d, n), for |x| ≤ 1 of shape (n,)."""
    values, pairs = [], as_array(x, "x", ndim=1)
    for step in steps:
        pairs = step(pairs)
        values.append(pairs[:, 1])
    return np.array(values)


def polynomial_net(coefficients, m):
    """A network for a₀ + a₁x + … + a_d x^d with |x| ≤ 1, d ≥ 2, and a bound of its error: a pair.

    It is the steps of `horner_nets`, one after another, with d − 1 products: the innermost, x·a_d,
    is linear. Each hands on the error of the one before times |x| ≤ 1 and adds its own. So they
    add up to (d − 1)·B²·2^(−2m): ValueError where that is above 1, since m is too small.
    """
    steps, error = horner_nets(coefficients, m)
    if (total := (len(steps) - 1) * error) > 1:
        raise ValueError(f"m must be larger for these coefficients: the error may be {total:.3g}")
    return reduce(ReLUNetwork.then, steps).then(affine([[0, 1]])), total


# --- Logic: the parity of d bits ------------------------------------------------------------------


def parity_by_patterns(d):
    """Parity in two levels: an AND for each pattern with an odd number of ones, then an OR.

    The AND of d bits or negated bits is ReLU(their sum − (d − 1)): 1 for its pattern, else 0. At
    most one of them is on, so the OR is their sum. It takes 2^(d − 1) ReLUs.
    """
    patterns = bit_patterns(d)
    odd = patterns[patterns.sum(axis=1) % 2 == 1]
    hidden = 2 * odd - 1, 1.0 - odd.sum(axis=1)
    return ReLUNetwork([hidden, (np.ones((1, len(odd))), np.zeros(1))])


def parity_by_chain(d):
    """Parity bit by bit: XOR of the first two, XOR of that and the third, …: d − 1 links.

    XOR(a, b) = ReLU(a + b) − 2 ReLU(a + b − 1): two ReLUs a link, 2(d − 1) in all. The bits that
    wait for their turn are handed on by a ReLU each (they are never negative).
    """
    network = affine(np.eye(as_integer(d, "d", minimum=2)))
    for waiting in range(d - 2, -1, -1):
        hand_on = np.eye(waiting)
        hidden = block_diag([[1.0, 1.0], [1.0, 1.0]], hand_on), np.zeros(waiting + 2)
        hidden[1][1] = -1  # the second ReLU of the link
        output = block_diag([[1.0, -2.0]], hand_on), np.zeros(waiting + 1)
        network = network.then(ReLUNetwork([hidden, output]))
    return network


def parity_by_sum(d):
    """Parity from the sum s of the bits, in one layer of d ReLUs: up, down, up, … at 0, 1, 2, …"""
    d = as_integer(d, "d", minimum=2)
    bends = 2 * (-1.0) ** np.arange(d)  # slope 1, then −1, then 1, …
    bends[0] = 1
    hidden = np.ones((d, d)), -np.arange(d, dtype=float)
    return ReLUNetwork([hidden, (bends[None], np.zeros(1))])


def parity_by_folding(m):
    """Parity of d = 2^m bits with 2m ReLUs: a sawtooth of m folds is 0, 1, 0, 1, … at s / 2^m."""
    d = 2 ** as_integer(m, "m", minimum=1)
    return affine(np.full((1, d), 1 / d)).then(sawtooth(m))


def bit_patterns(d):
    """All patterns of d bits, an array (2^d, d) of zeros and ones."""
    return np.array(list(product((0.0, 1.0), repeat=as_integer(d, "d", minimum=1))))


# --- The pieces of a network in the plane ---------------------------------------------------------


def most_regions(neurons, inputs=2):
    """The most pieces into which N hyperplanes cut a space of d dimensions: Σ C(N, i), i = 0 … d.

    In the plane that is 1 + N + N(N − 1)/2. In general position (no two lines parallel, no three
    through one point) it is reached, on the whole plane. Source: Zaslavsky 1975.
    """
    neurons, inputs = as_integer(neurons, "neurons", 0), as_integer(inputs, "inputs", 1)
    return sum(comb(neurons, i) for i in range(inputs + 1))


def lines_in_general_position(n, seed=0):
    """A network of one layer whose n lines have evenly spread directions and random places.

    So no two are parallel, no three meet (with probability 1), and all crossings lie in a box that
    is not too large: the places are uniform in −1 … 1 from the origin.
    """
    angles = np.pi * (np.arange(as_integer(n, "n", minimum=1)) + 0.5) / n
    b = np.random.default_rng(as_integer(seed, "seed", minimum=0)).uniform(-1, 1, n)
    return ReLUNetwork(
        [(np.column_stack([np.cos(angles), np.sin(angles)]), b), (np.ones((1, n)), np.zeros(1))]
    )


def count_by_grid(network, resolution, box=((-1.0, 1.0), (-1.0, 1.0))):
    """The patterns of ReLUs that are on, as seen at the points of a grid: `resolution` a side.

    It overlooks every region that slips between the points: at most `count_regions`.
    """
    (left, right), (low, high) = _checked_plane(network, box)
    n = as_integer(resolution, "resolution", minimum=2)
    ticks = np.meshgrid(np.linspace(left, right, n), np.linspace(low, high, n))
    h, patterns = np.stack(ticks, axis=-1).reshape(-1, 2), []
    for W, b in network.layers[:-1]:
        z = h @ W.T + b
        patterns.append(np.packbits(z > 0, axis=1))
        h = np.maximum(z, 0)
    return len(np.unique(np.hstack(patterns), axis=0))


def linear_regions(network, box=((-1.0, 1.0), (-1.0, 1.0))):
    """The pieces of the plane on which each ReLU is either on or off: a list of polygons (k, 2).

    On such a piece the network is one affine function. (They are activation regions: neighbours
    may have the same function, where later neurons are off; `count_functions`.) `network` has two
    inputs, `box` is the part of the plane that is looked at, two pairs (low, high). Exact up to
    rounding: each neuron cuts the polygons of the layer before where its input is 0.
    """
    return _cut_by_all(network, box)[0].separate()


def affine_pieces(network, box=((-1.0, 1.0), (-1.0, 1.0))):
    """The polygons of `linear_regions`, the network on each, and their centres.

    The second holds rows (a, b, c) of a·x + b·y + c, in the shape (regions, outputs, 3); the third
    has the shape (regions, 2).
    """
    polygons, maps = _cut_by_all(network, box)
    W, b = network.layers[-1]
    maps = W @ maps
    maps[:, :, 2] += b
    return polygons.separate(), maps, _centres(polygons)


def count_functions(maps):
    """How many different affine functions are among the maps of `affine_pieces`, up to rounding."""
    flat = maps.reshape(len(maps), -1)
    return len(np.unique((flat / (np.abs(flat).max() + 1e-300)).round(9), axis=0))


def count_regions(network, box=((-1.0, 1.0), (-1.0, 1.0))):
    """The number of `linear_regions`: at most 1 + N + N(N − 1)/2 for one layer of N neurons."""
    return len(_cut_by_all(network, box)[1])


class _Polygons:
    """Convex polygons, their corners one after the other: `owner` says whose a corner is."""

    def __init__(self, corners, owner):
        self.corners, self.owner = corners, owner  # (t, 2) and (t,), sorted

    def separate(self):
        """A list of arrays (k, 2), one a polygon."""
        starts = np.flatnonzero(np.diff(self.owner, prepend=-1))
        return np.split(self.corners, starts[1:])

    def cut(self, lines):
        """Cut polygon p along a·x + b·y + c = 0, (a, b, c) = lines[p]: new ones, and their origin.

        A polygon with corners on both sides becomes two: the corners on one side, and the points
        where the line crosses an edge; the corners on the other side, and the same points.
        """
        values = (self.corners * lines[self.owner, :2]).sum(axis=1) + lines[self.owner, 2]
        values[np.abs(values) < 1e-12 * (1 + np.abs(lines).max(axis=1))[self.owner]] = 0
        starts = np.flatnonzero(np.diff(self.owner, prepend=-1))
        split = (np.maximum.reduceat(values, starts) > 0) & (
            np.minimum.reduceat(values, starts) < 0
        )
        stays = ~split[self.owner]
        parts = _split(self.corners[~stays], self.owner[~stays], values[~stays])
        return _joined([(self.corners[stays], self.owner[stays]), *parts])


def _split(corners, owner, values):
    """The two parts of polygons that a line divides; `values` are above 0 on one side of it."""
    if not len(owner):
        return []
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    following = np.append(np.arange(1, len(values)), 0)
    following[np.append(starts[1:], len(values)) - 1] = starts
    crossing = values * values[following] < 0
    share = np.divide(values, values - values[following], where=crossing, out=0 * values)
    points = corners + share[:, None] * (corners[following] - corners)
    both = np.stack([corners, points], axis=1).reshape(-1, 2)  # corner, crossing, corner …
    sides = (np.column_stack([keep, crossing]).ravel() for keep in (values >= 0, values <= 0))
    return [(both[side], np.repeat(owner, 2)[side]) for side in sides]


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
    (left, right), (low, high) = _checked_plane(network, box)
    corners = np.array([[left, low], [right, low], [right, high], [left, high]])
    polygons, maps = _Polygons(corners, np.zeros(4, dtype=int)), np.eye(2, 3)[None]
    for W, b in network.layers[:-1]:
        before_relu = W @ maps  # for each polygon the neurons' inputs, as rows (a, b, c)
        before_relu[:, :, 2] += b
        parent = np.arange(len(maps))  # the polygon of the layer before that each is a part of
        for neuron in range(len(b)):
            polygons, origin = polygons.cut(before_relu[parent, neuron])
            parent = parent[origin]
        maps, middles = before_relu[parent], _centres(polygons)
        maps *= (np.einsum("kni,ki->kn", maps[:, :, :2], middles) + maps[:, :, 2] > 0)[:, :, None]
    return polygons, maps


def _checked_plane(network, box):
    if network.inputs != 2:
        raise ValueError(f"network must have two inputs, came {network.inputs}")
    box = as_array(box, "box", ndim=2)
    if box.shape != (2, 2) or (box[:, 0] >= box[:, 1]).any():
        raise ValueError(f"box must be two pairs (low, high) with low < high, came {box.tolist()}")
    return box


def _centres(polygons):
    starts = np.flatnonzero(np.diff(polygons.owner, prepend=-1))
    counts = np.diff(np.append(starts, len(polygons.owner)))
    return np.add.reduceat(polygons.corners, starts) / counts[:, None]
