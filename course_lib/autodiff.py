"""A scalar engine for derivatives: the computational graph on one page.

Every operation makes a node that knows its value, the nodes that it was made of (its *parents*)
and the *local derivative* by each of them. That is all the chain rule needs: `backward` walks the
graph once, from the output to the inputs, and every node gets ∂output/∂node.

Lecture: "Backpropagation" and "computational graph". In the terms of the field this is reverse-mode
automatic differentiation (Linnainmaa 1970; Rumelhart, Hinton, Williams 1986).
"""

import math

from course_lib.validation import as_number


class Value:
    """A number that remembers how it was made.

    `data` is the number, `grad` is ∂output/∂self after `output.backward()`. `parents` are the nodes
    that it was made of, and `slopes` the derivatives ∂self/∂parent, in the same order.
    `operation` and `name` are for drawings. Raises ValueError where a result or a slope is no
    finite number (too large, for instance), and TypeError for what is no number at all.
    """

    def __init__(self, data, name="", parents=(), slopes=(), operation=""):
        if isinstance(data, str):
            raise TypeError(f"data must be a number, came {data!r}")
        self.data = (
            _finite(data, f"the result of {operation}") if parents else as_number(data, "data")
        )
        self.grad = 0.0
        self.name = name
        self.parents = parents
        self.slopes = tuple(_finite(slope, f"a derivative of {operation}") for slope in slopes)
        self.operation = operation

    def __repr__(self):
        name = f"{self.name}: " if self.name else ""
        return f"Value({name}data={self.data:.6g}, grad={self.grad:.6g})"

    # Every operation: its value, its parents, and its derivative by each parent.

    def __add__(self, other):
        other = _as_value(other)
        return Value(self.data + other.data, "", (self, other), (1.0, 1.0), "+")

    def __neg__(self):
        return Value(-self.data, "", (self,), (-1.0,), "−")

    def __sub__(self, other):
        other = _as_value(other)
        return Value(self.data - other.data, "", (self, other), (1.0, -1.0), "−")

    def __mul__(self, other):
        other = _as_value(other)
        return Value(self.data * other.data, "", (self, other), (other.data, self.data), "×")

    def __truediv__(self, other):
        other = _as_value(other)
        if other.data == 0:
            raise ValueError(f"{self.data:g} / 0 is not a number")
        result = self.data / other.data
        slopes = 1 / other.data, -result / other.data
        return Value(result, "", (self, other), slopes, "÷")

    def __pow__(self, exponent):
        """self ** exponent, for an exponent that is a number, not a Value."""
        if isinstance(exponent, Value):
            raise TypeError("the exponent must be a number: write (b * a.log()).exp() for a ** b")
        exponent = as_number(exponent, "exponent")
        if self.data == 0 and exponent < 0:
            raise ValueError("0 has no negative power: there is a division by zero")
        if self.data == 0 and 0 < exponent < 1:
            raise ValueError(f"x ** {exponent:g} has no derivative at 0: it is infinitely steep")
        if self.data < 0 and exponent != int(exponent):
            raise ValueError(f"{self.data:g} ** {exponent:g} is not a real number")
        slope = exponent * _or_infinite(pow, self.data, exponent - 1) if exponent else 0.0
        result = _or_infinite(pow, self.data, exponent)
        return Value(result, "", (self,), (slope,), f"^{exponent:g}")

    def exp(self):
        """e^self, its own derivative."""
        result = _or_infinite(math.exp, self.data)
        return Value(result, "", (self,), (result,), "exp")

    def log(self):
        """ln(self), for a positive number."""
        if self.data <= 0:
            raise ValueError(f"log needs a positive number, came {self.data:g}")
        return Value(math.log(self.data), "", (self,), (1 / self.data,), "ln")

    def tanh(self):
        """tanh(self), whose derivative is 1 − tanh²."""
        result = math.tanh(self.data)
        return Value(result, "", (self,), (1 - result**2,), "tanh")

    def relu(self):
        """max(0, self); at 0 the derivative is taken as 0, as torch does."""
        return Value(max(0.0, self.data), "", (self,), (float(self.data > 0),), "ReLU")

    def sigmoid(self):
        """σ(self) = 1 / (1 + e^(−self)), whose derivative is σ (1 − σ)."""
        small = math.exp(-abs(self.data))  # never overflows
        result = 1 / (1 + small) if self.data >= 0 else small / (1 + small)
        return Value(result, "", (self,), (small / (1 + small) ** 2,), "σ")

    def __rsub__(self, other):
        return _as_value(other) - self

    def __rtruediv__(self, other):
        return _as_value(other) / self

    __radd__, __rmul__ = __add__, __mul__

    def backward(self):
        """Set `grad` of every node that this one is made of, and of itself, to ∂self/∂node.

        A node's gradient is complete once all that is made of it is done: so the walk goes
        backwards. Where a node was used several times, its gradient is the sum over its uses. (A
        second call begins anew at 0, where torch adds to what is there.) Raises ValueError where a
        gradient is too large to be held.
        """
        order = topological_order(self)
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.grad += node.grad * slope
        for node in order:
            _finite(node.grad, f"the gradient by {node.name or node.operation or 'an input'}")


def _as_value(number):
    return number if isinstance(number, Value) else Value(number)


def _or_infinite(function, *numbers):
    """function(*numbers), or ∞ where that is too large for Python: `Value` refuses it by name."""
    try:
        return function(*numbers)
    except OverflowError:
        return math.inf


def _finite(number, what):
    if not math.isfinite(number):
        raise ValueError(f"{what} is too large to be held: {number:g} is no finite number")
    return float(number)


# --- Walking the graph -------------------------------------------------------------------------


def topological_order(output):
    """All nodes that `output` is made of and itself, a list: every node after its parents."""
    order, seen, to_do = [], set(), [(output, False)]
    while to_do:  # a stack instead of a recursion: a graph may be deep
        node, parents_are_done = to_do.pop()
        if parents_are_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            to_do.append((node, True))
            to_do.extend((parent, False) for parent in reversed(node.parents))
    return order


def edges(output):
    """All edges of the graph: a list of (parent, child, local derivative ∂child/∂parent)."""
    return [
        (parent, node, slope)
        for node in topological_order(output)
        for parent, slope in zip(node.parents, node.slopes, strict=True)
    ]


def count_paths(output):
    """How many paths lead from each node to the output: a dictionary from node to number.

    It is the backward pass with every local derivative replaced by 1: paths(output) = 1, and
    paths(node) is the sum of paths(child) over its uses. One visit an edge counts them all, however
    many paths there are: that is dynamic programming.
    """
    order = topological_order(output)
    paths = dict.fromkeys(order, 0)
    paths[output] = 1
    for node in reversed(order):
        for parent in node.parents:
            paths[parent] += paths[node]
    return paths
