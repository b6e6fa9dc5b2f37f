"""The scalar engine: equal to torch on random programs, and every use of a node counted."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.autodiff import Value, count_paths, edges, topological_order

# Each operation on two numbers a and b, written for `Value` and for a torch tensor alike, so that
# no result is large and no argument is forbidden.
OPERATIONS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / (b * b + 1),
    "**2": lambda a, b: a**2,
    "**-1.5": lambda a, b: (a * a + 1) ** -1.5,
    "exp": lambda a, b: (-(a * a)).exp() + b,
    "log": lambda a, b: (a * a + 0.5).log(),
    "tanh": lambda a, b: a.tanh() * b,
    "relu": lambda a, b: a.relu() - b,
    "sigmoid": lambda a, b: a.sigmoid() + b,
    "number on the left": lambda a, b: 2 - a + 3 * b + 1 / (a * a + 2),
    "number on the right": lambda a, b: (a + 1) / 2 - 3 + b * 0.5,
}

programs = st.lists(
    st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, 99), st.integers(0, 99)),
    min_size=1,
    max_size=12,
)
inputs = st.lists(st.floats(-2, 2).map(lambda x: round(x, 3)), min_size=3, max_size=3)


def run(program, numbers):
    """Apply the operations in turn, each to two earlier results; squash, so that none explodes."""
    values = list(numbers)
    for name, i, j in program:
        values.append(OPERATIONS[name](values[i % len(values)], values[j % len(values)]).tanh())
    return sum(values[len(numbers) :], 0.0)


@settings(max_examples=150, deadline=None)
@given(programs, inputs)
def test_gradients_of_random_programs_agree_with_torch(program, numbers):
    ours = [Value(x) for x in numbers]
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]
    result, expected = run(program, ours), run(program, theirs)
    result.backward()
    expected.backward()
    assert result.data == pytest.approx(expected.item(), rel=1e-12, abs=1e-12)
    slopes = [0.0 if x.grad is None else x.grad.item() for x in theirs]
    np.testing.assert_allclose([x.grad for x in ours], slopes, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("numbers", [(0.7, -1.3), (-0.4, 2.0)])
def test_each_operation_alone_agrees_with_torch(name, numbers):
    test_gradients_of_random_programs_agree_with_torch.hypothesis.inner_test(
        [(name, 0, 1)], [*numbers, 0.0]
    )


def test_a_node_that_is_used_twice_gets_both_parts():
    x = Value(3.0)
    (x * x + x).backward()
    assert x.grad == 2 * 3 + 1


def test_a_node_is_passed_on_only_when_it_is_complete():
    x = Value(2.0)
    a = x * 3
    (a * (a + x)).backward()  # 3x · 4x = 12 x²
    assert x.grad == 24 * 2


def test_backward_begins_anew():
    x = Value(3.0)
    y = x**2
    y.backward()
    y.backward()
    assert x.grad == 6


def test_what_the_output_is_not_made_of_keeps_the_gradient_zero():
    x, z = Value(1.0), Value(5.0)
    x.exp().backward()
    assert z.grad == 0


@pytest.mark.parametrize("z", [-800.0, 800.0])
def test_the_sigmoid_does_not_overflow(z):
    x = Value(z)
    y = x.sigmoid()
    y.backward()
    assert (y.data, x.grad) == (float(z > 0), 0.0)


def test_a_quotient_of_numbers_far_apart_has_finite_slopes():
    a, b = Value(1e-200), Value(1e-170)  # b² would be 0
    (a / b).backward()
    assert (a.grad, b.grad) == pytest.approx((1e170, -1e140))


def test_relu_has_the_slope_zero_at_zero_as_in_torch():
    x = Value(0.0)
    x.relu().backward()
    assert x.grad == 0


def test_a_zero_has_powers():
    x = Value(0.0)
    (x**2 + x**1 + 3 * x**0).backward()
    assert x.grad == 1


def test_a_deep_graph_needs_no_recursion():
    x = y = Value(1.0)
    for _ in range(5000):
        y = y + 1
    y.backward()
    assert (y.data, x.grad) == (5001, 1)


# --- The graph ---------------------------------------------------------------------------------


def neuron():
    x, w, b = Value(2.0, "x"), Value(3.0, "w"), Value(-1.0, "b")
    return (w * x + b).sigmoid(), (x, w, b)


def test_every_node_comes_once_and_after_its_parents():
    output, _ = neuron()
    order = topological_order(output * output)
    assert len(order) == len(set(order)) == 7
    assert all(order.index(p) < order.index(node) for node in order for p in node.parents)


def test_edges_carry_the_local_derivatives():
    output, (x, w, b) = neuron()
    slopes = {(parent.name, child.operation): slope for parent, child, slope in edges(output)}
    assert slopes["w", "×"] == x.data
    assert slopes["x", "×"] == w.data
    assert slopes["b", "+"] == 1
    assert slopes["", "σ"] == pytest.approx(output.data * (1 - output.data))


def test_the_gradient_is_the_sum_over_all_paths_of_the_products_of_slopes():
    random = np.random.default_rng(0)
    x, weights = Value(0.5), random.normal(size=(2, 3))
    hidden = [(x * Value(w)).tanh() for w in weights[0]]
    output = sum((h * Value(w) for h, w in zip(hidden, weights[1], strict=True)), Value(0.0))
    output.backward()

    def over_paths(node):
        if node is x:
            return 1.0
        return sum(s * over_paths(p) for p, s in zip(node.parents, node.slopes, strict=True))

    assert x.grad == pytest.approx(over_paths(output), rel=1e-13)


@pytest.mark.parametrize(("width", "depth"), [(1, 4), (2, 3), (3, 5)])
def test_paths_multiply_with_depth(width, depth):
    x = Value(1.0)
    layer = [x * 1 for _ in range(width)]
    for _ in range(depth - 1):
        layer = [sum((h * 1 for h in layer), 0) for _ in range(width)]
    assert count_paths(sum(layer, 0))[x] == width**depth


def test_both_edges_of_a_square_are_counted():
    x = Value(3.0)
    assert count_paths(x * x)[x] == 2


def test_a_value_shows_its_name_its_number_and_its_gradient():
    x = Value(2.0, "x")
    (x * 3).backward()
    assert repr(x) == "Value(x: data=2, grad=3)"


# --- What is refused ---------------------------------------------------------------------------

REFUSED = {
    "NaN": (lambda: Value(math.nan), ValueError, "data must be a finite number, came nan"),
    "text": (lambda: Value("3 apples"), TypeError, "data must be a number, came '3 apples'"),
    "log of 0": (lambda: Value(0).log(), ValueError, "log needs a positive number, came 0"),
    "division by 0": (lambda: 1 / Value(0), ValueError, "1 / 0 is not a number"),
    "negative power of 0": (lambda: Value(0) ** -1, ValueError, "0 has no negative power"),
    "root of −1": (lambda: Value(-1) ** 0.5, ValueError, r"-1 \*\* 0.5 is not a real number"),
    "root of 0": (lambda: Value(0) ** 0.5, ValueError, "has no derivative at 0"),
    "exponent": (lambda: Value(2) ** Value(2), TypeError, "the exponent must be a number"),
    "a text": (lambda: Value("3"), TypeError, "data must be a number, came '3'"),
    "a text as a factor": (lambda: Value(2) * "3", TypeError, "came '3'"),
    "an array": (lambda: Value(2) * np.ones(2), TypeError, "data must be a number, came array"),
    "too large": (lambda: Value(1e200) * 1e200, ValueError, "the result of × is too large"),
    "sum too large": (lambda: Value(1e308) + 1e308, ValueError, r"the result of \+ is too large"),
    "exp too large": (lambda: Value(1000).exp(), ValueError, "the result of exp is too large"),
    "power too large": (lambda: Value(1e200) ** 2, ValueError, r"the result of \^2 is too large"),
    "a steep quotient": (lambda: 1 / Value(1e-170), ValueError, "a derivative of ÷ is too large"),
    "a steep power": (
        lambda: Value(1e-200) ** -1,
        ValueError,
        r"a derivative of \^-1 is too large",
    ),
    "a steep log": (lambda: Value(1e-310).log(), ValueError, "a derivative of ln is too large"),
    "gradient too large": (
        lambda: (Value(1e-5, "x") * 1e200 * 1e-200 * 1e200 * 1e-190 * 1e200).backward(),
        ValueError,
        "the gradient by .* is too large",
    ),
}


@pytest.mark.parametrize(("call", "kind", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_number_is_refused_in_plain_words(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
