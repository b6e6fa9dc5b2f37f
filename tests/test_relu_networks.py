"""ReLU networks by hand: exact where the theory is exact, and every piece is counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.networks import MLP
from course_lib.relu_networks import (
    ReLUNetwork,
    affine,
    affine_pieces,
    bit_patterns,
    breakpoints,
    carry,
    count_by_grid,
    count_functions,
    count_regions,
    fold_net,
    from_mlp,
    horner_nets,
    horner_values,
    interpolating_network,
    linear_regions,
    lines_in_general_position,
    merged_network,
    most_regions,
    multiply_net,
    parity_by_chain,
    parity_by_folding,
    parity_by_patterns,
    parity_by_sum,
    polynomial_net,
    random_network,
    sawtooth,
    square_net,
)

T = np.linspace(0, 1, 2**12 + 1)


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


def test_a_random_network_is_the_same_for_the_same_seed_and_has_kaimings_variance():
    one, same, other = (random_network((100, 300, 1), seed) for seed in (0, 0, 1))
    x = np.random.default_rng(0).normal(size=(5, 100))
    np.testing.assert_array_equal(one(x), same(x))
    assert (one(x) != other(x)).all()
    W, b = one.layers[0]
    assert W.var() == pytest.approx(2 / 100, rel=0.05)
    assert b.std() == pytest.approx(0.5, rel=0.1)


def test_the_network_of_an_mlp_gives_its_logits():
    mlp = MLP((3, 7, 5, 2), seed=1)
    x = np.random.default_rng(0).normal(size=(20, 3))
    np.testing.assert_allclose(from_mlp(mlp)(x), mlp.forward(x), atol=1e-13)


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


def test_merged_ramps_draw_the_same_graph_with_half_of_the_neurons():
    x, y = np.array([-1.0, 0.2, 0.3, 2.0]), np.array([1.0, -3.0, 4.0, 0.5])
    network, t = merged_network(x, y), np.linspace(-1, 2, 500)
    np.testing.assert_allclose(network(t), np.interp(t, x, y), atol=1e-12)
    assert network.neurons == 3


@pytest.mark.parametrize("m", [1, 2, 5, 9])
def test_a_sawtooth_has_two_to_the_m_straight_pieces_with_two_neurons_a_layer(m):
    teeth = sawtooth(m)(T)
    ends = np.arange(2**m + 1) / 2**m
    np.testing.assert_array_equal(sawtooth(m)(ends), np.arange(2**m + 1) % 2)
    slopes = np.diff(teeth) * (len(T) - 1)
    np.testing.assert_allclose(np.abs(slopes), 2**m)
    assert sawtooth(m).neurons == 2 * m


def test_the_bends_of_a_graph_are_where_it_was_told_to_bend():
    x = np.array([0.0, 0.2, 0.35, 0.7, 1.0])
    network = interpolating_network(x, [0.0, 1.0, 1.0, -1.0, 0.5])
    np.testing.assert_allclose(breakpoints(network), x[1:-1], atol=1e-12)
    np.testing.assert_allclose(breakpoints(network, -1, 2), x, atol=1e-12)
    straight = interpolating_network([0.0, 0.5, 1.0], [0.0, 1.0, 2.0])
    assert len(breakpoints(straight)) == 0  # two ReLUs that cancel bend nothing


@pytest.mark.parametrize(
    ("x", "y"),
    [([0, 0.5, 1], [0, 1e-10, 0]), ([0, 1e-6, 0.5, 0.75, 1], [0, 1e6, 0, 0.1, 0])],
    ids=["all slopes tiny", "a tiny bend beside a huge one"],
)
def test_a_bend_is_seen_however_steep_the_others_are(x, y):
    np.testing.assert_allclose(breakpoints(interpolating_network(x, y)), x[1:-1], atol=1e-9)


@pytest.mark.parametrize("m", [1, 3, 6, 10])
def test_bends_are_found_through_all_layers(m):
    np.testing.assert_allclose(breakpoints(sawtooth(m)), np.arange(1, 2**m) / 2**m, atol=1e-12)
    np.testing.assert_allclose(breakpoints(square_net(m)), np.arange(1, 2**m) / 2**m, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_between_its_bends_a_random_network_is_straight(seed):
    network = random_network((1, 6, 6, 1), seed)
    ends = np.concatenate([[-2.0], breakpoints(network, -2, 2), [2.0]])
    middles = (ends[:-1] + ends[1:]) / 2
    np.testing.assert_allclose(network(middles), (network(ends[:-1]) + network(ends[1:])) / 2)
    assert len(np.unique(ends)) == len(ends)


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
    np.testing.assert_allclose(
        horner_values(horner_nets(coefficients, 9)[0], x)[-1], network(x), atol=1e-12
    )
    error = np.abs(network(x) - np.polynomial.polynomial.polyval(x, coefficients)).max()
    assert 1e-9 < error <= bound
    finer, smaller = polynomial_net(coefficients, m=10)
    assert smaller == pytest.approx(bound / 4)


# --- parity -----------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [2, 3, 5, 8])
@pytest.mark.parametrize(
    ("network", "neurons"),
    [
        (parity_by_patterns, lambda d: 2 ** (d - 1)),
        (parity_by_chain, lambda d: 2 * (d - 1) + (d - 1) * (d - 2) // 2),  # with what waits
        (parity_by_sum, lambda d: d),
    ],
)
def test_parity_is_right_on_all_patterns_of_bits(network, neurons, d):
    bits = bit_patterns(d)
    assert bits.shape == (2**d, d)
    np.testing.assert_array_equal(network(d)(bits)[:, 0], bits.sum(axis=1) % 2)
    assert network(d).neurons == neurons(d)


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_folding_gives_parity_with_two_neurons_a_layer(m):
    bits = bit_patterns(2**m)
    np.testing.assert_array_equal(parity_by_folding(m)(bits)[:, 0], bits.sum(axis=1) % 2)
    assert (parity_by_folding(m).neurons, parity_by_folding(m).depth) == (2 * m, m)


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


@pytest.mark.parametrize(("n", "seed"), [(1, 0), (2, 1), (3, 2), (50, 3), (50, 4), (200, 0)])
def test_lines_in_general_position_cut_as_often_as_they_can(n, seed):
    network, box = lines_in_general_position(n, seed), ((-1e4, 1e4), (-1e4, 1e4))
    assert count_regions(network, box) == most_regions(n) == 1 + n + n * (n - 1) // 2


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


def test_the_affine_piece_of_a_region_is_the_network_there():
    network = random_network((2, 9, 7, 2), seed=4)
    polygons, maps, middles = affine_pieces(network)
    assert maps.shape == (len(polygons), 2, 3)
    np.testing.assert_allclose(middles, [corners.mean(axis=0) for corners in polygons])
    values = (maps[:, :, :2] * middles[:, None]).sum(axis=2) + maps[:, :, 2]
    np.testing.assert_allclose(values, network(middles), atol=1e-12)


def test_regions_of_unlike_patterns_may_carry_the_same_function():
    network = random_network((2, 3, 3, 3, 3, 1), seed=0)  # constant: the last layer is off
    _, maps, _ = affine_pieces(network)
    assert (count_regions(network), count_functions(maps)) == (4, 1)
    one_layer = random_network((2, 9, 1), seed=0)
    assert count_functions(affine_pieces(one_layer)[1]) == count_regions(one_layer)


@pytest.mark.parametrize(("neurons", "pieces"), [(0, 1), (1, 2), (2, 4), (3, 7), (10, 56)])
def test_the_most_regions_in_the_plane_follow_the_formula(neurons, pieces):
    assert most_regions(neurons) == pieces == 1 + neurons + neurons * (neurons - 1) // 2


def test_with_as_many_dimensions_as_hyperplanes_all_patterns_occur():
    assert [most_regions(n, n) for n in (1, 3, 7)] == [2, 8, 128]
    assert most_regions(5, 1) == 6  # five points on a line


@pytest.mark.parametrize("m", range(1, 6))
def test_each_fold_of_the_plane_makes_four_times_as_many_pieces(m):
    assert count_regions(fold_net(m)) == 4**m
    assert (fold_net(m).neurons, fold_net(m).depth) == (4 * m, m)


def test_a_fold_lays_four_points_on_one():
    x, y = np.random.default_rng(0).uniform(-1, 1, (2, 50))
    folded = fold_net(3)(np.column_stack([x, y]))
    assert np.abs(folded).max() <= 1
    for signs in ((1, -1), (-1, 1), (-1, -1)):
        np.testing.assert_allclose(fold_net(3)(np.column_stack([x, y]) * signs), folded)


@pytest.mark.parametrize("angle", [30.0, 45.0])
def test_what_is_drawn_after_a_turned_fold_is_mirrored_at_the_turned_axes(angle):
    turn = np.deg2rad(angle)
    axis = np.array([np.cos(turn), -np.sin(turn)])  # its own coordinate is folded first
    points = np.random.default_rng(0).normal(size=(50, 2))
    mirrored = points - 2 * (points @ axis)[:, None] * axis
    np.testing.assert_allclose(fold_net(2, angle)(points), fold_net(2, angle)(mirrored))


def test_a_grid_sees_no_region_that_the_count_does_not_have():
    network = random_network((2, 12, 12, 1), seed=5)
    coarse, fine = count_by_grid(network, 30), count_by_grid(network, 400)
    assert coarse < fine <= count_regions(network)
    assert fine > 0.8 * count_regions(network)


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
    "one bit": (lambda: parity_by_chain(1), "d must be at least 2"),
    "a grid of one point": (lambda: count_by_grid(fold_net(1), 1), "resolution must be at least 2"),
    "negative seed": (lambda: random_network((2, 3, 1), -1), "seed must be at least 0"),
    "three inputs": (lambda: count_regions(random_network((3, 4, 1))), "must have two inputs"),
    "a grid of three inputs": (
        lambda: count_by_grid(random_network((3, 4, 1)), 9),
        "must have two inputs",
    ),
    "half a box": (lambda: count_regions(fold_net(1), ((0, 1),)), "box must be two pairs"),
    "an empty box": (lambda: count_regions(fold_net(1), ((1, 1), (0, 1))), "box must be two pairs"),
    "no layer": (lambda: ReLUNetwork([]), "layers must hold at least one pair"),
    "inputs only": (lambda: random_network((2,)), "sizes must count inputs and outputs"),
    "networks that do not fit": (
        lambda: sawtooth(1).then(fold_net(1)),
        "other must take 1 inputs, it takes 2",
    ),
    "another activation": (lambda: from_mlp(MLP((2, 3, 1), "tanh")), "must use ReLU, came tanh"),
    "no width": (lambda: breakpoints(sawtooth(1), 1, 1), "high must be greater than 1"),
    "bends of a plane": (lambda: breakpoints(fold_net(1)), "one input and one output"),
    "lines of a negative seed": (
        lambda: lines_in_general_position(3, -1),
        "seed must be at least 0",
    ),
    "a negative depth": (lambda: carry(2, -1), "depth must be at least 0"),
}


@pytest.mark.parametrize(("call", "words"), REFUSED.values(), ids=REFUSED)
def test_bad_values_are_refused_in_plain_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()
