"""Hessians against pencil and paper and against torch; spectra against eigendecompositions."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from course_lib.curvature import (
    classify_critical_point,
    direction,
    find_critical_point,
    gradient,
    hessian,
    hessian_vector_product,
    kind_by_looking,
    lanczos,
    loss_of,
    negative_share,
    smooth_density,
    spectral_density,
    top_eigenvalues,
)
from course_lib.datasets import load_digits


def bowl(matrix):
    """½ θᵀ A θ, whose Hessian is A."""
    return lambda theta: theta @ matrix @ theta / 2


def symmetric(n, seed=0):
    matrix = np.random.default_rng(seed).normal(size=(n, n))
    return torch.from_numpy(matrix + matrix.T)


def tanh_net(*sizes, seed=0):
    torch.manual_seed(seed)
    layers = [nn.Sequential(nn.Linear(a, b), nn.Tanh()) for a, b in pairwise(sizes[:-1])]
    return nn.Sequential(*layers, nn.Linear(*sizes[-2:])).double()


@pytest.fixture(scope="module")
def small():
    """A loss of a net of 262 parameters on 100 digits, after some steps: (loss, θ, H)."""
    images, labels = load_digits("train")
    X = torch.from_numpy(images[:100, 2:26:6, 2:26:6].reshape(100, 16)).double()
    loss, theta = loss_of(tanh_net(16, 9, 10), X, torch.from_numpy(labels[:100]).long())
    for _ in range(5):
        theta = theta - 0.5 * gradient(loss, theta)
    return loss, theta, hessian(loss, theta)


# --- the Hessian ---------------------------------------------------------------------------------


def test_the_hessian_of_a_bowl_is_its_matrix():
    A = symmetric(7)
    torch.testing.assert_close(hessian(bowl(A), torch.ones(7, dtype=torch.float64)), A)


def test_the_hessian_of_a_surface_is_that_of_pencil_and_paper():
    def rosenbrock(theta):
        return (1 - theta[0]) ** 2 + 100 * (theta[1] - theta[0] ** 2) ** 2

    a, b = 0.3, -0.7
    wanted = [[2 - 400 * b + 1200 * a**2, -400 * a], [-400 * a, 200]]
    found = hessian(rosenbrock, torch.tensor([a, b], dtype=torch.float64))
    np.testing.assert_allclose(found, wanted, rtol=1e-13)


def test_the_hessian_of_a_network_is_torchs(small):
    loss, theta, H = small
    theirs = torch.autograd.functional.hessian(loss, theta)
    torch.testing.assert_close(H, theirs, rtol=1e-12, atol=1e-12)
    assert torch.equal(H, H.T)


def test_a_straight_loss_has_no_curvature():
    slope = torch.arange(3, dtype=torch.float64)
    assert not hessian(lambda theta: theta @ slope, torch.ones(3, dtype=torch.float64)).any()


def test_products_need_no_matrix_and_can_be_repeated(small):
    loss, theta, H = small
    product = hessian_vector_product(loss, theta)
    for seed in range(3):
        v = direction(len(theta), seed)
        torch.testing.assert_close(product(v), H @ v, rtol=1e-11, atol=1e-13)


def test_the_loss_as_a_function_is_the_networks_and_leaves_it_alone():
    layers = nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 3)
    model = nn.Sequential(*layers).double()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    X, y = torch.randn(6, 5, dtype=torch.float64), torch.tensor([0, 1, 2, 0, 1, 2])
    loss, theta = loss_of(model, X, y)
    hessian(loss, theta + 1)
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    assert loss(theta).item() == functional.cross_entropy(model.eval()(X), y).item()


# --- spectra -------------------------------------------------------------------------------------


def test_lanczos_makes_the_matrix_tridiagonal_in_an_orthonormal_basis(small):
    _, theta, H = small
    *_, (alpha, beta, Q) = lanczos(lambda v: H @ v, direction(len(theta)), 120)
    torch.testing.assert_close(Q @ Q.T, torch.eye(len(Q), dtype=Q.dtype), rtol=0, atol=1e-13)
    T = np.diag(alpha) + np.diag(beta[:-1], 1) + np.diag(beta[:-1], -1)
    np.testing.assert_allclose(Q @ H @ Q.T, T, atol=1e-12)


def test_lanczos_ends_where_nothing_new_is_left():
    A = torch.diag(torch.tensor([3.0, 3, 3, 1, 1, 0], dtype=torch.float64))
    *_, (alpha, beta, Q) = lanczos(lambda v: A @ v, direction(6), 6)
    assert len(alpha) == len(Q) == 3  # as many as there are different eigenvalues
    assert beta[-1] == 0
    values, _ = top_eigenvalues(lambda v: A @ v, 6, k=3)
    np.testing.assert_allclose(values, [3, 1, 0], atol=1e-12)


def test_no_eigenvalue_comes_back_as_a_ghost():
    """Without making it orthogonal again, the far eigenvalue is found several times."""
    A = torch.diag(torch.cat([torch.linspace(0, 1, 199), torch.tensor([100.0])]).double())
    *_, (alpha, beta, _) = lanczos(lambda v: A @ v, direction(200), 100)
    T = np.diag(alpha) + np.diag(beta[:-1], 1) + np.diag(beta[:-1], -1)
    assert (np.linalg.eigvalsh(T) > 50).sum() == 1


@pytest.mark.parametrize("sign", [1, -1])
def test_the_top_eigenvalues_are_those_of_the_whole_spectrum(small, sign):
    _, theta, H = small
    values, vectors = top_eigenvalues(lambda v: sign * (H @ v), len(theta), k=10)
    wanted = np.sort(np.linalg.eigvalsh(sign * H.numpy()))[::-1][:10]
    np.testing.assert_allclose(values, wanted, rtol=1e-7)
    stretched = torch.from_numpy(values.copy())[:, None] * vectors
    torch.testing.assert_close(sign * vectors @ H, stretched, atol=1e-6, rtol=0)


def test_the_top_eigenvalues_of_float32_are_found_too(small):
    _, theta, H = small
    values, _ = top_eigenvalues(
        lambda v: H.float() @ v, len(theta), k=3, tolerance=1e-5, dtype=torch.float32
    )
    np.testing.assert_allclose(values, np.linalg.eigvalsh(H.numpy())[: -3 - 1 : -1], rtol=1e-4)


def test_fewer_different_eigenvalues_than_wanted_are_said():
    with pytest.raises(RuntimeError, match="k is 2, but there are only 1 different eigenvalues"):
        top_eigenvalues(lambda v: 3 * v, 5, k=2)


def test_the_last_step_that_is_allowed_counts():
    A = torch.diag(torch.tensor([1.0, 2, 3, 4, 5, 6, 1e6], dtype=torch.float64))
    values, _ = top_eigenvalues(lambda v: A @ v, 7, steps=3, tolerance=1e-3)
    assert values[0] == pytest.approx(1e6)


def test_too_few_steps_are_said(small):
    _, theta, H = small
    with pytest.raises(RuntimeError, match="12 steps were not enough for 10 eigenvalues"):
        top_eigenvalues(lambda v: H @ v, len(theta), k=10, steps=12)


def test_the_density_is_near_that_of_all_eigenvalues(small):
    _, theta, H = small
    values = np.linalg.eigvalsh(H.numpy())
    x = np.linspace(values[0] - 1, values[-1] + 1, 4001)
    places, shares = spectral_density(lambda v: H @ v, len(theta), probes=20, steps=80)
    assert shares.sum() == pytest.approx(1)
    ours = smooth_density(x, places, shares, width=0.05)
    all_of_them = smooth_density(x, values, np.full(len(values), 1 / len(values)), width=0.05)
    assert np.trapezoid(all_of_them, x) == pytest.approx(1, abs=1e-3)
    assert np.trapezoid(np.abs(ours - all_of_them), x) < 0.03


def test_lanczos_to_the_end_counts_the_negative_eigenvalues_exactly(small):
    loss, theta, H = small
    *_, (alpha, beta, _) = lanczos(hessian_vector_product(loss, theta), direction(len(H)), len(H))
    T = np.diag(alpha) + np.diag(beta[:-1], 1) + np.diag(beta[:-1], -1)
    theirs = np.linalg.eigvalsh(torch.autograd.functional.hessian(loss, theta))
    size = 1e-9 * np.abs(theirs).max()
    assert (theirs < -size).sum() == (np.linalg.eigvalsh(T) < -size).sum() > 10


def test_moments_of_the_density_are_traces(small):
    _, theta, H = small
    places, shares = spectral_density(lambda v: H @ v, len(theta), probes=200, steps=20)
    n = len(theta)
    assert shares @ places == pytest.approx(float(H.trace()) / n, rel=0.05)
    assert shares @ places**2 == pytest.approx(float((H * H).sum()) / n, rel=0.1)


# --- points without a slope ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("eigenvalues", "kind"),
    [
        ([1, 2], "minimum"),
        ([-1, -2], "maximum"),
        ([1, -2], "saddle"),
        ([1, 0, -2], "saddle"),
        ([1, 0], "degenerate"),
        ([-1, 1e-9], "degenerate"),
        ([0, 0], "degenerate"),
    ],
)
def test_eigenvalues_tell_what_a_point_is(eigenvalues, kind):
    assert classify_critical_point(eigenvalues) == kind


def test_the_share_of_negative_eigenvalues_leaves_out_what_is_zero_by_rounding():
    assert negative_share([-1, -1e-12, 0, 3]) == 0.25


@pytest.mark.parametrize(
    ("height", "kind"),
    [
        (lambda u, v: u**2 + v**4, "a minimum"),
        (lambda u, v: u**2 - v**4, "a saddle with 2 ways down"),
        (lambda u, v: u**3 - 3 * u * v**2, "a saddle with 3 ways down"),
        (lambda u, v: -(u**2) - v**4, "a maximum"),
        (lambda u, v: u**2 + 0 * v, "a valley with a level floor"),
        (lambda u, v: -(v**2) + 0 * u, "a ridge with a level top"),
        (lambda u, v: 0 * u, "a plain, level everywhere"),
    ],
)
def test_the_heights_around_say_what_a_degenerate_hessian_does_not(height, kind):
    assert kind_by_looking(height) == kind


def test_a_search_from_a_point_high_up_ends_in_a_saddle_and_not_in_a_minimum():
    A = torch.diag(torch.tensor([2.0, -1.0], dtype=torch.float64))
    found = find_critical_point(bowl(A), torch.tensor([3.0, 4.0], dtype=torch.float64))
    assert found.converged
    assert found.slope <= 1e-6 * found.slope_at_start
    np.testing.assert_allclose(found.theta, [0, 0], atol=1e-5)


def test_critical_points_of_a_network_are_found_and_the_lower_ones_have_fewer_ways_down():
    rng = np.random.default_rng(0)
    X = torch.from_numpy(rng.normal(size=(60, 2)))
    labels = (torch.atan2(X[:, 1], X[:, 0]) // 1.6 + 2).long()
    base, theta = loss_of(tanh_net(2, 4, 4), X, labels)

    def loss(theta):
        return base(theta) + 0.005 * theta @ theta

    found = []
    for updates in (0, 300):
        for _ in range(updates):
            theta = theta - 0.5 * gradient(loss, theta)
        found.append(find_critical_point(loss, theta))
    high, low = found
    assert high.converged
    assert low.converged
    assert high.loss > 2 * low.loss
    shares = [negative_share(np.linalg.eigvalsh(hessian(loss, one.theta))) for one in found]
    assert shares[0] > shares[1]
    for one in found:
        assert gradient(loss, one.theta).norm().item() == one.slope <= 1e-6 * one.slope_at_start


def test_a_search_of_no_steps_stays_where_it_is():
    found = quadratic_search(steps=0)
    assert (found.steps, found.converged) == (0, False)
    torch.testing.assert_close(found.theta, torch.ones(2, dtype=torch.float64))


def test_where_there_is_none_the_search_says_so():
    """eˣ has no critical point; x³ + x has none either, and a least slope in between."""
    for loss, start in ((torch.exp, 0.0), (lambda t: t**3 + t, 1.0)):
        found = find_critical_point(
            lambda t, loss=loss: loss(t).sum(), torch.tensor([start], dtype=torch.float64), steps=8
        )
        assert not found.converged
        assert found.slope > 1e-6 * found.slope_at_start


def quadratic_search(**settings):
    return find_critical_point(bowl(symmetric(2)), torch.ones(2, dtype=torch.float64), **settings)


BAD = {
    "NaN": (lambda: negative_share([np.nan, 1.0]), "eigenvalues must be finite, 1 of 2"),
    "NaN kind": (lambda: classify_critical_point([np.nan]), "eigenvalues must be finite"),
    "none": (lambda: negative_share([]), "eigenvalues must not be empty"),
    "a matrix": (lambda: classify_critical_point(np.eye(2)), "eigenvalues must be 1-dimensional"),
    "search": (lambda: quadratic_search(steps=-1), "steps must be at least 0, came -1"),
    "tolerance": (lambda: quadratic_search(tolerance=-1), "tolerance must be at least 0, came -1"),
    "k": (lambda: top_eigenvalues(None, 3, k=4), "k must be at most n = 3, came 4"),
    "steps": (lambda: next(lanczos(None, torch.ones(3), 0)), "steps must be at least 1"),
    "probes": (lambda: spectral_density(None, 3, probes=0), "probes must be at least 1"),
    "width": (lambda: smooth_density([0], [0], [1], width=0), "width must be greater than 0"),
}


@pytest.mark.parametrize(("call", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_said(call, words):
    with pytest.raises(ValueError, match=words):
        call()
