"""Lesson 08: a ramp, how many segments, how many pieces, a fold, a square from saw-teeth, a product
from squares, parameters of a shape, parity from one XOR."""

import math
from itertools import pairwise

import numpy as np

from course_lib.exercise import Exercise

LESSON = "08"


def relu(z):
    return np.maximum(z, 0)


# --- 08.1 -----------------------------------------------------------------------------------------


def ramp(x, start, stop, height):
    slope = height / (stop - start)
    return slope * np.maximum(x - start, 0) - slope * np.maximum(x - stop, 0)


def _ramps(random):
    cases = [(np.array([0.0, 1.0, 2.0, 3.0, 4.0]), 1.0, 3.0, 4.0)]
    for _ in range(3):
        start, stop = np.sort(random.uniform(-1, 1, 2).round(2)) + [0, 0.5]
        height = round(float(random.normal()), 2)
        cases.append((np.linspace(-2, 2, 9), float(start), float(stop), height))
    return cases


RAMP = Exercise(
    key="08.1",
    title="up, then flat",
    task="With two ReLUs: 0 up to start, a straight rise, and height from stop on. x is an array.",
    solution=ramp,
    inputs=_ramps,
    slips={
        "this goes on rising after stop: the second ReLU, which stops it, is missing.": (
            lambda x, start, stop, height: height / (stop - start) * relu(x - start)
        ),
        "the second ReLU has no slope: it must take away all of the first one's.": (
            lambda x, start, stop, height: (
                height / (stop - start) * relu(x - start) - relu(x - stop)
            )
        ),
        "the second ReLU has another slope than the first; it must take away just that.": (
            lambda x, start, stop, height: (
                height / (stop - start) * relu(x - start) - height * relu(x - stop)
            )
        ),
        "the second ReLU switches at stop − start; stop itself is the place.": (
            lambda x, start, stop, height: (
                height / (stop - start) * (relu(x - start) - relu(x - (stop - start)))
            )
        ),
        "height is subtracted everywhere; a second ReLU, at stop, must take the slope away.": (
            lambda x, start, stop, height: height / (stop - start) * relu(x - start) - height
        ),
        "the slope is inside of the ReLU: outside, else a ramp that goes down is cut off.": (
            lambda x, start, stop, height: (
                relu(height / (stop - start) * (x - start))
                - relu(height / (stop - start) * (x - stop))
            )
        ),
        "the second ReLU counts twice: this goes down again after stop; once makes it flat.": (
            lambda x, start, stop, height: (
                height / (stop - start) * (relu(x - start) - 2 * relu(x - stop))
            )
        ),
        "np.max takes the largest entry of all; np.maximum compares entry by entry.": (
            lambda x, start, stop, height: (
                height / (stop - start) * (np.max(x - start, 0) - np.max(x - stop, 0))
            )
        ),
        "the slope is height divided by the way, height / (stop − start); here it is height.": (
            lambda x, start, stop, height: height * (relu(x - start) - relu(x - stop))
        ),
        "the second ReLU is added; it must be subtracted, to take the slope away again.": (
            lambda x, start, stop, height: (
                height / (stop - start) * (relu(x - start) + relu(x - stop))
            )
        ),
        "a ReLU that switches at start is ReLU(x − start), not ReLU(x + start).": (
            lambda x, start, stop, height: (
                height / (stop - start) * (relu(x + start) - relu(x + stop))
            )
        ),
        "the difference of the two ReLUs ends at stop − start; scale it to end at height.": (
            lambda x, start, stop, height: relu(x - start) - relu(x - stop)
        ),
        "the slope is turned upside down: height / (stop − start).": (
            lambda x, start, stop, height: (
                (stop - start) / height * (relu(x - start) - relu(x - stop))
            )
        ),
        "the slope divides by stop; the rise goes from start to stop, so by stop − start.": (
            lambda x, start, stop, height: height / stop * (relu(x - start) - relu(x - stop))
        ),
        "this jumps to height at start; it should rise from start to stop, in a straight line.": (
            lambda x, start, stop, height: height * (x > start)
        ),
        "the second ReLU switches at start + stop; stop is a place, not a length.": (
            lambda x, start, stop, height: (
                height / (stop - start) * (relu(x - start) - relu(x - start - stop))
            )
        ),
        "the sign is flipped: it goes down where it should go up.": (
            lambda x, start, stop, height: -ramp(x, start, stop, height)
        ),
    },
    hints=(
        "One ReLU begins to rise at start. A second one, at stop, must take that slope away again.",
        "With s = height / (stop − start): s·ReLU(x − start) − s·ReLU(x − stop).",
    ),
)


# --- 08.2 -----------------------------------------------------------------------------------------


def segments(bend, epsilon):
    return math.ceil(math.sqrt(bend / (8 * epsilon)))


def _bends(random):
    cases = [(8.0, 0.01), (1.0, 0.001)]
    for _ in range(5):
        cases.append(
            (round(float(random.uniform(1, 50)), 1), float(random.choice([1e-2, 3e-3, 1e-4])))
        )
    return cases


SEGMENTS = Exercise(
    key="08.2",
    title="how many segments?",
    task=(
        "A function on [0, 1] has |f''| ≤ bend. On a segment of length h the error is at most "
        "bend·h²/8. Return the smallest whole number K of equal segments whose error is at most "
        "epsilon."
    ),
    solution=segments,
    inputs=_bends,
    slips={
        "this rounds down, and the error is then above ε: round up.": (
            lambda bend, epsilon: math.floor(math.sqrt(bend / (8 * epsilon)))
        ),
        "this rounds to the nearest; where that is down, the error is above ε: round up.": (
            lambda bend, epsilon: round(math.sqrt(bend / (8 * epsilon)))
        ),
        "this is one too many where the root is a whole number: math.ceil, not floor + 1.": (
            lambda bend, epsilon: math.floor(math.sqrt(bend / (8 * epsilon))) + 1
        ),
        (
            "this is 1 for every input: the fraction is upside down, or bend / 8 * epsilon "
            "multiplies by ε. It is bend / (8 * epsilon)."
        ): lambda bend, epsilon: math.ceil(math.sqrt(bend / 8 * epsilon)),
        "only bend is under the root; ε belongs under it, too.": (
            lambda bend, epsilon: math.ceil(math.sqrt(bend / 8) / epsilon)
        ),
        "the 8 stands outside of the root: √(bend / (8 ε)).": (
            lambda bend, epsilon: math.ceil(math.sqrt(bend / epsilon) / 8)
        ),
        "this multiplies by 8 where it should divide.": (
            lambda bend, epsilon: math.ceil(math.sqrt(8 * bend / epsilon))
        ),
        "these are the knots, one more than the segments.": (
            lambda bend, epsilon: segments(bend, epsilon) + 1
        ),
        "the square root is missing: the error falls with K², so K grows with the root only.": (
            lambda bend, epsilon: math.ceil(bend / (8 * epsilon))
        ),
        "the 8 is missing: the error is bend·h²/8.": (
            lambda bend, epsilon: math.ceil(math.sqrt(bend / epsilon))
        ),
        "this is not a whole number: round up.": (
            lambda bend, epsilon: math.sqrt(bend / (8 * epsilon))
        ),
        "this is 1/K, the length of a segment: K = 1/h.": (
            lambda bend, epsilon: math.sqrt(8 * epsilon / bend)
        ),
        "this is the law for a target with corners, K = L/ε; this one is smooth.": (
            lambda bend, epsilon: math.ceil(bend / epsilon)
        ),
        "these are the ReLUs, two a segment; the segments are asked for.": (
            lambda bend, epsilon: 2 * segments(bend, epsilon)
        ),
    },
    hints=(
        "With K equal segments h = 1/K. Put that into the bound, set it equal to ε, solve for K.",
        "K² = bend / (8 ε); then math.ceil.",
    ),
)


# --- 08.3 -----------------------------------------------------------------------------------------


def most_pieces(n):
    return 1 + n + n * (n - 1) // 2


PIECES = Exercise(
    key="08.3",
    title="pieces of the plane",
    task="Return the largest number of pieces into which n straight lines can cut the plane.",
    solution=most_pieces,
    inputs=lambda random: [(1,), (2,), (3,), *((int(n),) for n in random.integers(4, 60, 4))],
    slips={
        "2ⁿ is the number of on-off patterns; from three lines on, some occur nowhere.": (
            lambda n: 2**n
        ),
        "this counts the crossings of the lines; each adds a piece, and so does each line.": (
            lambda n: n * (n - 1) // 2
        ),
        "the plane itself is one piece before the first line: add 1.": (
            lambda n: n + n * (n - 1) // 2
        ),
        "n + 1 would be right if no two lines crossed.": lambda n: n + 1,
        "a pair of lines crosses once, and (i, j) is the pair (j, i): divide by 2.": (
            lambda n: 1 + n + n * (n - 1)
        ),
        "the k-th line gets k new pieces, 1 + 2 + … + n in all, and the plane was 1.": (
            lambda n: 1 + n * (n - 1) // 2
        ),
        "2n is what you get if all lines go through one point; they can do better.": (
            lambda n: 2 * n
        ),
        "n² − n + 2 is for circles, which cross in two points; two lines cross in one.": (
            lambda n: n * n - n + 2
        ),
        "n² says that one line leaves the plane in one piece; it makes two.": lambda n: n * n,
        "this begins with 2: without a line the plane is 1 piece.": (
            lambda n: 2 + n * (n + 1) // 2
        ),
        "this is for one line more than n.": lambda n: (n + 1) * (n + 2) // 2 + 1,
        "this is 1 + 2 + … + (n + 1); it should be 1 + (1 + 2 + … + n).": (
            lambda n: (n + 1) * (n + 2) // 2
        ),
        "these are the pieces with an end on all sides; the open ones count, too.": (
            lambda n: (n - 1) * (n - 2) // 2
        ),
        "this is for planes that cut a space of three dimensions.": (
            lambda n: 1 + n + n * (n - 1) // 2 + n * (n - 1) * (n - 2) // 6
        ),
        "one line cuts the plane into 2 pieces; 2n + 1 says 3.": (
            lambda n: 2 * n + 1
        ),
        "a line does not cross itself: n(n − 1)/2 pairs, not n²/2.": lambda n: 1 + n + n * n // 2,
    },
    hints=(
        "Draw lines one after another. The k-th crosses the k − 1 others: into how many parts do "
        "they cut it? Each part cuts a piece in two.",
        "The k-th line adds k pieces. So 1 + (1 + 2 + … + n).",
    ),
)  # fmt: skip


# --- 08.4 -----------------------------------------------------------------------------------------


def saw(x, m):
    for _ in range(m):
        x = 2 * np.maximum(x, 0) - 4 * np.maximum(x - 0.5, 0)
    return x


def _tent(x):
    return 2 * relu(x) - 4 * relu(x - 0.5)


def _composed(function):
    """Return the slip that puts another function into itself."""

    def slip(x, m):
        for _ in range(m):
            x = function(x)
        return x

    return slip


def _first_only(x, m):
    return _tent(x)


def _powers(x, m):
    return _tent(x) ** m


SAW = Exercise(
    key="08.4",
    title="fold m times",
    task=(
        "The tent on [0, 1] goes up to 1 at ½ and down again: g(x) = 2 ReLU(x) − 4 ReLU(x − ½). "
        "Return g(g(… g(x))), with g applied m times. x is an array."
    ),
    solution=saw,
    inputs=lambda random: [
        (np.array([0.0, 0.25, 0.5, 0.75, 1.0]), 1),
        (np.array([0.0, 0.125, 0.25, 0.5, 1.0]), 2),
        *((random.uniform(0, 1, 5).round(3), m) for m in (3, 4, 6)),
    ],
    slips={
        "this is one tent, whatever m is: put the result into g again, m times.": _first_only,
        "this is the tent times itself, g(x)ᵐ; it should be put into itself.": _powers,
        "this is m tents added, m·g(x); the tent should be put into itself.": (
            lambda x, m: m * _tent(x)
        ),
        "this is one fold too many.": lambda x, m: saw(x, m + 1),
        "this is one fold too few.": lambda x, m: saw(x, m - 1),
        "this is upside down: the tent is 0 at both ends and 1 in the middle.": (
            lambda x, m: 1 - saw(x, m)
        ),
        "the tent does not come down: it must lose 4 of its slope at ½, to go from 2 to −2.": (
            _composed(lambda x: 2 * relu(x) - 2 * relu(x - 0.5))
        ),
        "the second ReLU is added; the slope must fall at ½, so subtract it.": (
            _composed(lambda x: 2 * relu(x) + 4 * relu(x - 0.5))
        ),
        "g(mx) squeezes one tent; it makes no new teeth. Put the result into g again.": (
            lambda x, m: _tent(m * x)
        ),
        "g(2ᵐx) squeezes one tent; it makes no new teeth. Put the result into g again.": (
            lambda x, m: _tent(2**m * x)
        ),
        "g is put into itself twice in every round: x = g(x), once a round.": (
            lambda x, m: saw(x, 2 * m)
        ),
        "2x − 4(x − ½) is a straight line: without the ReLU nothing bends.": (
            _composed(lambda x: 2 * x - 4 * (x - 0.5))
        ),
        "tents of ever smaller width are added; each should be put into the next.": (
            lambda x, m: sum(_tent(2**k * x % 1) for k in range(m))
        ),
        "np.max takes the largest entry of all; np.maximum compares entry by entry.": (
            _composed(lambda x: 2 * np.max(x, 0) - 4 * np.max(x - 0.5, 0))
        ),
        "the second ReLU switches at 0: it should be ReLU(x − ½).": (
            _composed(lambda x: 2 * relu(x) - 4 * relu(x))
        ),
    },
    hints=(
        "A loop: x = g(x), m times.",
        "for _ in range(m): x = 2 * np.maximum(x, 0) - 4 * np.maximum(x - 0.5, 0)",
    ),
)


# --- 08.5 -----------------------------------------------------------------------------------------


def square_from(teeth, x):
    return x - sum(g / 4**s for s, g in enumerate(teeth, start=1))


def _teeth(random):
    cases = []
    for m, x in ((1, 0.5), (2, 0.25), *((m, round(float(random.uniform()), 3)) for m in (2, 3, 5))):
        teeth = [float(saw(np.array(x), s)) for s in range(1, m + 1)]
        cases.append((teeth, x))
    return cases


SQUARE = Exercise(
    key="08.5",
    title="x² from saw-teeth",
    task=(
        "teeth holds the values g₁(x), g₂(x), …, g_m(x) of the saw-teeth at x. "
        "Return the approximation of x² made of them."
    ),
    solution=square_from,
    inputs=_teeth,
    slips={
        "the teeth are added to x; x lies above x², so they must be subtracted.": (
            lambda teeth, x: 2 * x - square_from(teeth, x)
        ),
        "the first tooth is divided by 4, not by 1: begin with 4¹.": (
            lambda teeth, x: x - sum(g / 4**s for s, g in enumerate(teeth))
        ),
        "a tooth must shrink by 4 each time, not by 2: the error is quartered.": (
            lambda teeth, x: x - sum(g / 2**s for s, g in enumerate(teeth, start=1))
        ),
        "only the last tooth was subtracted: each f_m takes away one more, so all are needed.": (
            lambda teeth, x: x - teeth[-1] / 4 ** len(teeth)
        ),
        "only the first tooth was subtracted.": lambda teeth, x: x - teeth[0] / 4,
        "the teeth must be made smaller before they are subtracted: the s-th divided by 4ˢ.": (
            lambda teeth, x: x - sum(teeth)
        ),
        "the s-th tooth is divided by 4ˢ; here it is divided by 4^(s + 1).": (
            lambda teeth, x: x - sum(g / 4 ** (s + 1) for s, g in enumerate(teeth, start=1))
        ),
        "every tooth is divided by 4; the s-th by 4ˢ.": lambda teeth, x: x - sum(teeth) / 4,
        "this is what must be subtracted from x.": (lambda teeth, x: x - square_from(teeth, x)),
        "this is what must be subtracted, with its minus sign; x is missing.": (
            lambda teeth, x: square_from(teeth, x) - x
        ),
        "begin with x, not with x²: the teeth lead from x down to x².": (
            lambda teeth, x: square_from(teeth, x) - x + x * x
        ),
        "every tooth is divided by 4ᵐ; the s-th by 4ˢ.": (
            lambda teeth, x: x - sum(teeth) / 4 ** len(teeth)
        ),
        "the teeth come in reverse order: the first, g₁, is divided by 4.": (
            lambda teeth, x: square_from(teeth[::-1], x)
        ),
        "the last tooth is left out.": lambda teeth, x: square_from(teeth[:-1], x),
        "this divides by s⁴; it should be 4ˢ.": (
            lambda teeth, x: x - sum(g / s**4 for s, g in enumerate(teeth, start=1))
        ),
        "this is the true x²; build it from the teeth.": lambda teeth, x: x * x,
        "this divides by 4s; by 4ˢ, 4 to the power s, it should be.": (
            lambda teeth, x: x - sum(g / (4 * s) for s, g in enumerate(teeth, start=1))
        ),
    },
    hints=(
        "f₀(x) = x, and f_s = f_(s−1) − g_s / 4ˢ.",
        "x − g₁/4 − g₂/16 − g₃/64 − …; enumerate(teeth, start=1) counts s from 1.",
    ),
)


# --- 08.6 -----------------------------------------------------------------------------------------


def product_of(square, x, y):
    return 2 * square((x + y) / 2) - square(x) / 2 - square(y) / 2


def _kept(name):
    operation = getattr(float, name)
    return lambda self, *other: _Number(operation(self, *other))


class _Number(float):
    """A number as in a network: it can be added and multiplied by constants, and not more."""

    __add__, __radd__, __sub__, __rsub__ = map(
        _kept, ("__add__", "__radd__", "__sub__", "__rsub__")
    )
    __neg__, __abs__, __truediv__ = map(_kept, ("__neg__", "__abs__", "__truediv__"))

    def __mul__(self, other):
        if isinstance(other, _Number):
            raise TypeError("x and y may not be multiplied, only squared by square")
        return _Number(float(self) * other)

    __rmul__ = __mul__

    def __pow__(self, exponent):
        raise TypeError("use square for a square")


def _square(z):
    if not 0 <= z <= 1:
        raise ValueError(f"square works on [0, 1] only, and {z:.3g} came")
    return _Number(float(z) ** 2)


PRODUCT = Exercise(
    key="08.6",
    title="a product from squares",
    task=(
        "square(z) is z², but for z in [0, 1] only. x and y lie in [0, 1]. Return x·y, by means "
        "of square, sums and constant factors only: halve x + y, so that it stays in [0, 1]."
    ),
    solution=product_of,
    inputs=lambda random: [
        (_square, _Number(0.5), _Number(0.25)),
        (_square, _Number(0.25), _Number(0.5)),
        (_square, _Number(0.9), _Number(0.8)),
        *((_square, *map(_Number, random.uniform(0, 1, 2).round(2))) for _ in range(3)),
    ],
    slips={
        "this is ((x + y)/2)² only; the squares of x and of y are in it, and must go.": (
            lambda square, x, y: square((x + y) / 2)
        ),
        "((x + y)/2)² is a quarter of (x + y)², so it counts 2, not ½.": (
            lambda square, x, y: square((x + y) / 2) / 2 - square(x) / 2 - square(y) / 2
        ),
        "this is 2xy: halve it all.": lambda square, x, y: 2 * product_of(square, x, y),
        "the squares of x and y are added; subtract them.": (
            lambda square, x, y: 2 * square((x + y) / 2) + square(x) / 2 + square(y) / 2
        ),
        "x² and y² count half: (x + y)² = x² + 2xy + y², and xy is half of what is left.": (
            lambda square, x, y: 2 * square((x + y) / 2) - square(x) - square(y)
        ),
        "this is the square of half the difference, ((x − y)/2)²; it is one part of a product.": (
            lambda square, x, y: square(abs(x - y) / 2)
        ),
        (
            "this is xy/4, four times too small: (x/2)·(y/2) is xy/4, and "
            "((x + y)/2)² − ((x − y)/2)² is xy already."
        ): lambda square, x, y: (square((x + y) / 2) - square(x / 2) - square(y / 2)) / 2,
        "the square of y is missing.": (
            lambda square, x, y: 2 * square((x + y) / 2) - square(x) / 2
        ),
    },
    hints=(
        "(x + y)² = x² + 2xy + y². Solve for xy.",
        "xy = ½[(x + y)² − x² − y²], and (x + y)² = 4 ((x + y)/2)².",
    ),
)


# --- 08.7 -----------------------------------------------------------------------------------------


def count(sizes):
    return sum((sizes[i] + 1) * sizes[i + 1] for i in range(len(sizes) - 1))


def _sizes(random):
    cases = [([2, 3, 1],), ([4, 5, 5, 2],)]
    for layers in (2, 3, 4):
        cases.append(([int(n) for n in random.integers(2, 30, layers + 2)],))
    return cases


COUNT = Exercise(
    key="08.7",
    title="how many parameters?",
    task=(
        "sizes lists the neurons of every layer, inputs first and outputs last. Return the number "
        "of weights and biases of the fully connected network."
    ),
    solution=count,
    inputs=_sizes,
    slips={
        "the biases are missing: one for each neuron that is no input.": (
            lambda sizes: sum(sizes[i] * sizes[i + 1] for i in range(len(sizes) - 1))
        ),
        "inputs have no bias: count a bias for all layers but the first.": (
            lambda sizes: count(sizes) + sizes[0]
        ),
        "this counts neurons, not weights.": lambda sizes: sum(sizes),
        "outputs have a bias, too.": lambda sizes: count(sizes) - sizes[-1],
        "one bias a layer; every neuron has its own.": (
            lambda sizes: sum(sizes[i] * sizes[i + 1] + 1 for i in range(len(sizes) - 1))
        ),
        "these are the biases; the weights are missing.": lambda sizes: sum(sizes[1:]),
        "this is right for one hidden layer; sum over all pairs of neighbouring layers.": (
            lambda sizes: (sizes[0] + 1) * sizes[1] + (sizes[1] + 1) * sizes[2]
        ),
        "(m + 1)(n + 1) gives the next layer one neuron too many: (m + 1)·n.": (
            lambda sizes: sum((m + 1) * (n + 1) for m, n in pairwise(sizes))
        ),
        "this is the number of paths through the network, from any input to any output.": (
            lambda sizes: math.prod(sizes)
        ),
        "these are the parameters of the first layer only.": (
            lambda sizes: (sizes[0] + 1) * sizes[1]
        ),
        "these are the parameters of the last layer only.": (
            lambda sizes: (sizes[-2] + 1) * sizes[-1]
        ),
        "the weights to the outputs are missing.": lambda sizes: count(sizes[:-1]),
        "the biases belong to the layer that is entered: (inputs + 1)·outputs.": (
            lambda sizes: sum(sizes[i] * (sizes[i + 1] + 1) for i in range(len(sizes) - 1))
        ),
    },
    hints=(
        "Between two layers, every neuron of the one meets every neuron of the other.",
        "Between layers of m and n neurons: m·n weights and n biases. Sum over the pairs.",
    ),
)


# --- 08.8 -----------------------------------------------------------------------------------------


def parity(xor, bits):
    result = bits[0]
    for bit in bits[1:]:
        result = xor(result, bit)
    return result


class _Bit(float):
    """0 or 1, for xor: it cannot be added."""

    def __add__(self, other):
        raise TypeError("bits are not to be added: use xor only")

    __radd__ = __add__


def _xor(a, b):
    total = float(a) + float(b)
    return _Bit(relu(total) - 2 * relu(total - 1))


PARITY = Exercise(
    key="08.8",
    title="parity from one module",
    task=(
        "xor(a, b) is 1 where exactly one of two bits is 1. Return the parity of bits, a list of "
        "two or more: 1 where the number of ones is odd. Use xor only."
    ),
    solution=parity,
    inputs=lambda random: [
        *((_xor, list(map(_Bit, bits))) for bits in ((1, 0), (1, 1, 1), (0, 0, 1), (0, 1, 1))),
        *((_xor, list(map(_Bit, random.integers(0, 2, d)))) for d in (4, 5, 8, 9)),
    ],
    slips={
        "only the first two bits are looked at.": lambda xor, bits: xor(bits[0], bits[1]),
        "this is 1 where the number of ones is even: one xor with 1 too many.": (
            lambda xor, bits: 1 - parity(xor, bits)
        ),
        "the first bit is used twice, and cancels itself: begin the loop at the second.": (
            lambda xor, bits: parity(xor, [bits[0], *bits])
        ),
        "the last bit is left out.": lambda xor, bits: parity(xor, bits[:-1]),
        "this is the xor of the first and the last bit; those between count, too.": (
            lambda xor, bits: xor(bits[0], bits[-1])
        ),
        "this is 1 where all bits are 1: that is AND, not parity.": lambda xor, bits: min(bits),
        "this is 1 where exactly one bit is 1; three ones are odd, too.": (
            lambda xor, bits: bits.count(1) == 1
        ),
        "this is 1 where any two neighbours differ; each result should go into the next xor.": (
            lambda xor, bits: max(map(xor, bits, bits[1:]))
        ),
        "this is 1 where any bit is 1: that is OR, not parity.": lambda xor, bits: max(bits),
        "the xor is taken with the bit before; it should be taken with the result so far.": (
            lambda xor, bits: xor(bits[-2], bits[-1])
        ),
    },
    hints=(
        "The parity of three bits is xor(xor(a, b), c).",
        "result = bits[0]; then for each further bit, result = xor(result, bit).",
    ),
)

EXERCISES = [RAMP, SEGMENTS, PIECES, SAW, SQUARE, PRODUCT, COUNT, PARITY]
