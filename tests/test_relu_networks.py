"""ReLU networks by hand: exact where the theory is exact, and every piece is counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.relu_networks import (
    ReLUNetwork,
    affine,
    carry,
    count_regions,
    interpolating_network,
    linear_regions,
    multiply_net,
    polynomial_net,
    sawtooth,
    square_net,
)

T = np.linspace(0, 1, 2**12 + 1)


def random_network(sizes, seed=0):
    random = np.random.default_rng(seed)
    return ReLUNetwork(
        [
            (random.normal(size=(out, into)) / np.sqrt(into), 0.3 * random.normal(size=out))
            for into, out in zip(sizes, sizes[1:], strict=False)
        ]
    )


# --- networks are put together ----------------------------------------------------------------


def test_one_network_after_another_is_the_composition():
    first, second = random_network((2, 5, 3)), random_network((3, 4, 4, 1), seed=1)
    x = np.random.default_rng(0).normal(size=(20, 2))
    both = first.then(second)
    np.testing.assert_allclose(both(x), second(first(x)), atol=1e-13)
    assert (both.depth, both.neurons) == (3, 13)


def test_two_networks_side_by_side_do_not_touch():
    left, right = random_network((1, 4, 1)), random_network((2, 3, 2), seed=1)
    x = np.random.default_rng(0).normal(size=(20, 3))
    expected = np.hstack([left(x[:, :1]), right(x[:, 1:])])
    np.testing.assert_allclose(left.beside(right)(x), expected, atol=1e-13)


def test_numbers_are_carried_unchanged():
    x = np.random.default_rng(0).normal(size=(20, 3))
    np.testing.assert_array_equal(carry(3, 4)(x), x)
    assert carry(3, 4).depth == 4


def test_neurons_and_parameters_are_counted():
    network = random_network((2, 5, 3, 1))
    assert network.neurons == 8
    assert network.parameters == 2 * 5 + 5 + 5 * 3 + 3 + 3 + 1


# --- one dimension ----------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(-50, 50), min_size=2, max_size=9, unique=True).map(sorted),
    st.integers(0, 10**6),
)
def test_an_interpolating_network_joins_its_points_exactly(knots, seed):
    x = np.array(knots, dtype=float)
    y = np.random.default_rng(seed).normal(size=len(x))
    network = interpolating_network(x, y)
    t = np.linspace(x[0] - 5, x[-1] + 5, 500)
    np.testing.assert_allclose(network(t), np.interp(t, x, y), atol=1e-12)
    assert network.neurons == 2 * (len(x) - 1)


@pytest.mark.parametrize("m", [1, 2, 5, 9])
def test_a_sawtooth_has_two_to_the_m_straight_pieces_with_two_neurons_a_layer(m):
    teeth = sawtooth(m)(T)
    ends = np.arange(2**m + 1) / 2**m
    np.testing.assert_array_equal(sawtooth(m)(ends), np.arange(2**m + 1) % 2)
    slopes = np.diff(teeth) * (len(T) - 1)
    np.testing.assert_allclose(np.abs(slopes), 2**m)
    assert sawtooth(m).neurons == 2 * m


@pytest.mark.parametrize("m", range(1, 11))
def test_the_square_nets_largest_error_is_exactly_what_yarotsky_says(m):
    middles = (np.arange(2**m) + 0.5) / 2**m
    error = square_net(m)(middles) - middles**2
    np.testing.assert_allclose(error, 2.0 ** -(2 * m + 2), atol=1e-12)
    everywhere = square_net(m)(T) - T**2
    assert everywhere.min() >= -1e-12
    assert everywhere.max() <= 2.0 ** -(2 * m + 2) + 1e-12
    assert square_net(m).neurons == 3 * m


@pytest.mark.parametrize("bound", [1.0, 5.0])
@pytest.mark.parametrize("m", [2, 5, 8])
def test_a_product_is_as_near_as_its_bound_says(m, bound):
    xy = np.random.default_rng(0).uniform(-bound, bound, (20_000, 2))
    error = multiply_net(m, bound)(xy)[:, 0] - xy.prod(axis=1)
    assert np.abs(error).max() <= bound**2 * 2.0 ** (-2 * m)
    assert np.abs(error).max() >= 0.9 * bound**2 * 2.0 ** (-2 * m)  # the bound is no exaggeration


def test_a_product_with_zero_is_zero():
    x = np.linspace(-1, 1, 50)
    network = multiply_net(4)
    np.testing.assert_allclose(network(np.column_stack([x, 0 * x])), 0, atol=1e-15)
    np.testing.assert_allclose(network(np.column_stack([0 * x, x])), 0, atol=1e-15)


@pytest.mark.parametrize("coefficients", [[0, 0, 1], [1, -2, 0.5, 3], [0.3, 0, -1, 0, 2, -1]])
def test_a_polynomial_is_as_near_as_its_bound_says(coefficients):
    network, bound = polynomial_net(coefficients, m=9)
    x = np.linspace(-1, 1, 5001)
    error = np.abs(network(x) - np.polynomial.polynomial.polyval(x, coefficients)).max()
    assert 1e-9 < error <= bound
    finer, smaller = polynomial_net(coefficients, m=10)
    assert smaller == pytest.approx(bound / 4)


# --- the plane --------------------------------------------------------------------------------


def regions_of_lines(W, b, box):
    """1 + lines that cross the box + crossings of two lines in the box: the arrangement's count."""
    (left, right), (low, high) = box
    corners = np.array([[left, low], [right, low], [right, high], [left, high]]) @ W.T + b
    count = 1 + int(((corners.max(axis=0) > 0) & (corners.min(axis=0) < 0)).sum())
    for i in range(len(b)):
        for j in range(i):
            x, y = np.linalg.solve(W[[i, j]], -b[[i, j]])
            count += left < x < right and low < y < high
    return count


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_one_layer_cuts_the_plane_as_its_lines_do(n):
    network = random_network((2, n, 1), seed=n)
    box = ((-2.0, 2.0), (-1.0, 3.0))
    assert count_regions(network, box) == regions_of_lines(*network.layers[0], box)


def test_two_hundred_lines_in_general_position_cut_as_often_as_they_can():
    angles = np.pi * (np.arange(200) + 0.5) / 200
    W = np.column_stack([np.cos(angles), np.sin(angles)])
    b = np.random.default_rng(0).uniform(-1, 1, 200)
    network = ReLUNetwork([(W, b), (np.ones((1, 200)), np.zeros(1))])
    box = ((-1e4, 1e4), (-1e4, 1e4))
    assert count_regions(network, box) == 1 + 200 + 200 * 199 // 2


def test_lines_through_one_point_cut_into_twice_as_many_pieces():
    angles = np.pi * np.arange(6) / 6 + 0.1
    W = np.column_stack([np.cos(angles), np.sin(angles)])
    assert count_regions(ReLUNetwork([(W, np.zeros(6)), (np.ones((1, 6)), np.zeros(1))])) == 12


def test_the_same_neuron_twice_cuts_once():
    network = ReLUNetwork([([[1, 0.5], [1, 0.5], [-2, -1]], [0.1, 0.1, -0.2]), ([[1, 1, 1]], [0])])
    assert count_regions(network) == 2


@pytest.mark.parametrize("sizes", [(2, 8, 1), (2, 6, 6, 1), (2, 5, 5, 5, 1)])
def test_on_each_region_the_network_is_one_affine_function_and_the_regions_fill_the_box(sizes):
    network = random_network(sizes, seed=3)
    regions = linear_regions(network)
    assert len(regions) == count_regions(network)
    area = 0.0
    for corners in regions:
        x, y = corners.T
        area += 0.5 * abs(x @ np.roll(y, -1) - y @ np.roll(x, -1))
        if len(corners) > 3:  # the value at a fourth corner follows from three
            design = np.column_stack([corners, np.ones(len(corners))])
            values = network(corners)[:, 0]
            fitted = design @ np.linalg.lstsq(design, values, rcond=None)[0]
            np.testing.assert_allclose(fitted, values, atol=1e-9)
    assert area == pytest.approx(4.0)


def test_a_grid_sees_no_region_that_the_count_does_not_have():
    network = random_network((2, 12, 12, 1), seed=5)
    ticks = np.linspace(-1, 1, 400)
    h, patterns = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2), []
    for W, b in network.layers[:-1]:
        patterns.append(h @ W.T + b > 0)
        h = np.maximum(h @ W.T + b, 0)
    seen = len(np.unique(np.hstack(patterns), axis=0))
    assert 0.8 * count_regions(network) < seen <= count_regions(network)


REFUSED = {
    "layers that do not fit": (
        lambda: ReLUNetwork([(np.ones((3, 2)), np.ones(3)), (np.ones((1, 2)), np.ones(1))]),
        "a layer must take 3 inputs, W has 2 columns",
    ),
    "bias of another length": (
        lambda: ReLUNetwork([(np.ones((3, 2)), np.ones(2))]),
        "W and b must have the same length",
    ),
    "input of another width": (lambda: affine(np.eye(2))(np.ones((4, 3))), "x must have 2 columns"),
    "unequal depth": (
        lambda: sawtooth(1).beside(sawtooth(2)),
        "must be equally deep, came 1 and 2",
    ),
    "knots that fall": (lambda: interpolating_network([1.0, 0.0], [0.0, 1.0]), "x must hold at"),
    "one knot": (lambda: interpolating_network([1.0], [0.0]), "x must hold at least two"),
    "no fold": (lambda: sawtooth(0), "m must be at least 1"),
    "negative bound": (lambda: multiply_net(3, -1.0), "bound must be greater than 0"),
    "a line": (lambda: polynomial_net([1, 2], 3), "coefficients must reach x²"),
    "m too small": (lambda: polynomial_net([1, 2, 3], 1), "m must be larger"),
    "three inputs": (lambda: count_regions(random_network((3, 4, 1))), "must have two inputs"),
}


@pytest.mark.parametrize(("call", "words"), REFUSED.values(), ids=REFUSED)
def test_bad_values_are_refused_in_plain_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()
