"""Newton, BFGS and conjugate gradients against algebra, SciPy and the theorems about them."""

from functools import partial

import numpy as np
import pytest
import torch
from scipy.optimize import minimize as scipy_minimize
from scipy.sparse.linalg import LinearOperator, cg

from course_lib import surfaces
from course_lib.optimizers import minimize
from course_lib.second_order import (
    BFGS,
    ConjugateGradient,
    Newton,
    SaddleFreeNewton,
    hessian_by_differences,
    line_search,
    newton_step,
    solve_by_products,
)

CURVED = [surfaces.ROSENBROCK, surfaces.BEALE]


def bowl(n, seed=0, condition=100.0):
    """A turned bowl ½ θᵀHθ − bᵀθ: its loss, gradient, H, and the minimum."""
    random = np.random.default_rng(seed)
    turn = np.linalg.qr(random.normal(size=(n, n)))[0]
    H = turn * np.geomspace(1, condition, n) @ turn.T
    b = random.normal(size=n)
    return (lambda p: p @ H @ p / 2 - b @ p), (lambda p: H @ p - b), H, np.linalg.solve(H, b)


def differences(surface):
    return partial(hessian_by_differences, surface.gradient)


# --- the Hessian by differences ------------------------------------------------------------------


@pytest.mark.parametrize("surface", [*CURVED, surfaces.SADDLE], ids=lambda s: s.name)
def test_differences_give_the_hessian_that_torch_gives(surface):
    point = np.array([0.7, -0.4])
    exact = torch.autograd.functional.hessian(surface.loss, torch.tensor(point)).numpy()
    np.testing.assert_allclose(differences(surface)(point), exact, rtol=1e-6, atol=1e-6)


def test_many_points_at_once_give_the_same_hessians():
    points = np.random.default_rng(0).normal(size=(2, 3, 4))
    together = differences(surfaces.BEALE)(points)
    assert together.shape == (2, 2, 3, 4)
    one = differences(surfaces.BEALE)(points[:, 1, 2])
    np.testing.assert_allclose(together[:, :, 1, 2], one, atol=1e-9)


# --- Newton --------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 7])
def test_newton_reaches_the_minimum_of_a_quadratic_in_one_step(n):
    loss, gradient, H, best = bowl(n)
    walk = minimize(loss, gradient, np.full(n, 5.0), Newton(lambda p: H), steps=1)
    np.testing.assert_allclose(walk.points[1], best, atol=1e-10)


def test_newtons_step_solves_the_linear_equations():
    random = np.random.default_rng(1)
    H, g = random.normal(size=(5, 5)), random.normal(size=5)
    H = H + H.T
    np.testing.assert_allclose(newton_step(g, H), -np.linalg.solve(H, g), atol=1e-10)


def test_newton_goes_up_to_a_saddle_and_a_maximum():
    for H in (np.diag([1.0, -2.0]), np.diag([-1.0, -3.0])):
        np.testing.assert_allclose(newton_step(H @ [2.0, 1.0], H), [-2, -1], atol=1e-12)


def test_the_saddle_free_step_leaves_a_saddle_and_equals_newtons_in_a_bowl():
    H = np.diag([1.0, -2.0])
    np.testing.assert_allclose(newton_step(H @ [2.0, 1.0], H, absolute=True), [-2, 1], atol=1e-12)
    loss, gradient, H, best = bowl(4)
    walk = minimize(loss, gradient, np.ones(4), SaddleFreeNewton(lambda p: H), steps=1)
    np.testing.assert_allclose(walk.points[1], best, atol=1e-10)


def test_no_step_is_made_where_there_is_no_curvature():
    np.testing.assert_allclose(newton_step(np.array([2.0, 3.0]), np.diag([4.0, 0.0])), [-0.5, 0])
    np.testing.assert_array_equal(newton_step(np.ones(2), np.zeros((2, 2))), [0, 0])


def test_newton_doubles_the_digits_near_a_minimum():
    surface = surfaces.BEALE
    hessian = partial(torch_hessian, surface)
    walk = minimize(surface.loss, surface.gradient, (2.8, 0.45), Newton(hessian), steps=8)
    errors = np.linalg.norm(walk.points - surface.minima[0], axis=1)
    assert errors[-1] < 1e-12
    last = errors[(errors < 0.1) & (errors > 1e-7)]  # before rounding sets in
    assert len(last) >= 2
    assert np.all(errors[errors < 0.1][1 : len(last) + 1] < 10 * last**2)


def torch_hessian(surface, point):
    return torch.autograd.functional.hessian(surface.loss, torch.tensor(point)).numpy()


# --- line search ---------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [1e-4, 1.0, 300.0])
def test_the_line_search_meets_both_wolfe_conditions(first):
    surface, point = surfaces.ROSENBROCK, np.array([-1.2, 1.0])
    slope = surface.gradient(point)
    t, tried = line_search(surface.loss, surface.gradient, point, -slope, slope, first)
    m, end = -slope @ slope, point - t * slope
    assert surface.loss(end) <= surface.loss(point) + 1e-4 * t * m
    assert abs(-slope @ surface.gradient(end)) <= 0.1 * abs(m)
    assert 1 <= tried <= 40


def test_on_a_parabola_the_line_search_needs_at_most_three_tries():
    loss, gradient, _, _ = bowl(5)
    point = np.ones(5)
    slope = gradient(point)
    t, tried = line_search(loss, gradient, point, -slope, slope, flatness=1e-8)
    assert tried <= 3
    assert abs(gradient(point - t * slope) @ slope) <= 1e-8 * (slope @ slope)


# --- BFGS and conjugate gradients ----------------------------------------------------------------


@pytest.mark.parametrize("method", [BFGS, ConjugateGradient])
@pytest.mark.parametrize("surface", CURVED, ids=lambda s: s.name)
def test_they_end_where_scipys_methods_end(method, surface):
    ours = method(surface.loss, surface.gradient)
    walk = minimize(surface.loss, surface.gradient, surface.start, ours, 300, tolerance=1e-8)
    name = {BFGS: "BFGS", ConjugateGradient: "CG"}[method]
    theirs = scipy_minimize(surface.loss, surface.start, jac=surface.gradient, method=name,
                            options={"gtol": 1e-8})  # fmt: skip
    assert walk.converged
    np.testing.assert_allclose(walk.points[-1], theirs.x, atol=1e-6)
    assert ours.evaluations <= 2 * theirs.nfev
    assert np.all(np.diff(walk.losses) < 0)


@pytest.mark.parametrize("method", [BFGS, ConjugateGradient])
@pytest.mark.parametrize("n", [2, 5, 10])
def test_with_exact_line_searches_n_steps_are_enough_on_a_quadratic(method, n):
    loss, gradient, _, best = bowl(n)
    exact = method(loss, gradient, flatness=1e-10)
    walk = minimize(loss, gradient, np.zeros(n), exact, steps=n)
    np.testing.assert_allclose(walk.points[-1], best, atol=1e-6)


def test_with_exact_line_searches_both_walk_the_same_way_on_a_quadratic():
    loss, gradient, _, _ = bowl(6, condition=30.0)  # Nazareth 1979: B begins as a multiple of I
    walks = [
        minimize(loss, gradient, np.ones(6), method(loss, gradient, flatness=1e-12), steps=5)
        for method in (BFGS, ConjugateGradient)
    ]
    np.testing.assert_allclose(walks[0].points, walks[1].points, atol=1e-6)


def test_bfgs_has_learned_the_inverse_hessian_of_a_quadratic():
    loss, gradient, H, _ = bowl(4, condition=20.0)
    method = BFGS(loss, gradient, flatness=1e-12)
    walk = minimize(loss, gradient, np.ones(4), method, steps=4)
    method._direction(walk.points[-1], gradient(walk.points[-1]))
    np.testing.assert_allclose(method.inverse, np.linalg.inv(H), atol=1e-5)


@pytest.mark.parametrize("method", [BFGS, ConjugateGradient])
def test_the_same_method_walks_the_same_way_twice(method):
    surface = surfaces.BEALE
    one = method(surface.loss, surface.gradient)
    walks = [minimize(surface.loss, surface.gradient, surface.start, one, 9) for _ in range(2)]
    np.testing.assert_array_equal(walks[0].points, walks[1].points)


# --- by products ---------------------------------------------------------------------------------


def test_conjugate_gradients_solve_linear_equations_as_scipys_do():
    _, _, H, _ = bowl(30)
    b = np.random.default_rng(3).normal(size=30)
    x, products = solve_by_products(lambda v: H @ v, b, tolerance=1e-10)
    theirs, _ = cg(LinearOperator(H.shape, matvec=lambda v: H @ v), b, rtol=1e-10)
    np.testing.assert_allclose(x, np.linalg.solve(H, b), atol=1e-8)
    np.testing.assert_allclose(x, theirs, atol=1e-8)
    assert products <= 60


def test_as_many_products_are_enough_as_there_are_different_eigenvalues():
    random = np.random.default_rng(0)
    turn = np.linalg.qr(random.normal(size=(50, 50)))[0]
    H = turn * np.repeat([1.0, 3.0, 10.0], [40, 8, 2]) @ turn.T
    _, products = solve_by_products(lambda v: H @ v, random.normal(size=50), tolerance=1e-9)
    assert products == 3


def test_a_matrix_that_is_not_positive_definite_is_said():
    with pytest.raises(RuntimeError, match="not positive definite"):
        solve_by_products(lambda v: np.array([1.0, -1.0]) * v, [1.0, 2.0])


def test_b_of_zeros_and_no_steps_at_all_are_possible():
    assert solve_by_products(lambda v: v, np.zeros(3))[1] == 0
    np.testing.assert_array_equal(solve_by_products(lambda v: v, np.ones(3), steps=0)[0], 0)


def test_a_system_that_needs_more_products_says_so_and_one_that_you_cut_short_does_not():
    hilbert = 1 / (np.arange(12)[:, None] + np.arange(12) + 1)  # condition number 10¹⁶
    b = np.random.default_rng(0).normal(size=12)
    with pytest.raises(RuntimeError, match="120 products were not enough|not positive definite"):
        solve_by_products(lambda v: hilbert @ v, b, tolerance=1e-15)
    assert solve_by_products(lambda v: hilbert @ v, b, steps=3)[1] == 3


BAD = {
    "flatness": (lambda: BFGS(None, None, flatness=0), "flatness must be greater than 0"),
    "b": (lambda: solve_by_products(None, [np.nan, 1]), "b must be finite, 1 of 2"),
    "steps": (lambda: solve_by_products(None, [1.0], steps=-1), "steps must be at least 0"),
}


@pytest.mark.parametrize(("call", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_said(call, words):
    with pytest.raises(ValueError, match=words):
        call()
