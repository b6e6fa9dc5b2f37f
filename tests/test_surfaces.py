"""The toy losses: their gradients are their losses' gradients, their minima are minima."""

import numpy as np
import pytest

from course_lib import surfaces
from course_lib.optimizers import SGD, Momentum, minimize

SURFACES = {
    "ravine": surfaces.ravine(),
    "turned ravine": surfaces.ravine(20, angle=30),
    "saddle": surfaces.SADDLE,
    "plateau": surfaces.PLATEAU,
    "beale": surfaces.BEALE,
    "rosenbrock": surfaces.ROSENBROCK,
    "valleys": surfaces.valleys(),
}


@pytest.fixture(params=SURFACES.values(), ids=SURFACES)
def surface(request):
    return request.param


def points(surface, n=50):
    low, high = np.array(surface.limits).T
    return np.random.default_rng(0).uniform(low, high, (n, 2)).T


def test_its_gradient_is_that_of_its_loss(surface):
    at, step = points(surface), 1e-5
    shifts = step * np.eye(2)[:, :, None]
    numeric = [(surface.loss(at + s) - surface.loss(at - s)) / (2 * step) for s in shifts]
    np.testing.assert_allclose(surface.gradient(at), numeric, rtol=1e-6, atol=1e-6)


def test_many_points_at_once_are_what_one_by_one_gives(surface):
    at = points(surface, 6)
    grids = at.reshape(2, 2, 3)
    one_by_one = [surface.loss(p) for p in at.T]
    np.testing.assert_allclose(surface.loss(grids).ravel(), one_by_one, rtol=1e-14)
    gradients = np.transpose([surface.gradient(p) for p in at.T])
    np.testing.assert_allclose(surface.gradient(grids).reshape(2, 6), gradients, rtol=1e-14)


def test_at_its_minima_every_direction_goes_up(surface):
    angles = np.linspace(0, 2 * np.pi, 100)
    circle = 1e-3 * np.array([np.cos(angles), np.sin(angles)])
    for minimum in map(np.array, surface.minima):
        np.testing.assert_allclose(surface.gradient(minimum), 0, atol=1e-8)
        assert (surface.loss(minimum[:, None] + circle) > surface.loss(minimum)).all()


def test_a_grid_has_b_down_the_rows_and_a_along_them(surface):
    a, b, loss = surface.on_grid(5)
    assert loss.shape == (5, 5)
    assert loss[1, 3] == surface.loss(np.array([a[3], b[1]]))
    assert ((a[0], a[-1]), (b[0], b[-1])) == surface.limits


def test_many_walks_at_once_end_where_single_ones_do():
    valleys = surfaces.valleys()
    starts = points(valleys, 8).reshape(2, 2, 4)
    ends = valleys.walk_from(starts, Momentum(0.05), 40)
    assert ends.shape == starts.shape
    for i, j in np.ndindex(2, 4):
        one = minimize(valleys.loss, valleys.gradient, starts[:, i, j], Momentum(0.05), 40)
        np.testing.assert_allclose(ends[:, i, j], one.points[-1], rtol=1e-9)


def test_the_nearest_minimum_of_a_minimum_is_itself():
    minima = np.array(surfaces.valleys().minima)
    np.testing.assert_array_equal(surfaces.valleys().nearest_minimum(minima.T + 0.1), [0, 1, 2])
    assert surfaces.valleys().nearest_minimum(minima[1]) == 1


def test_the_valleys_are_listed_from_the_shallowest_to_the_deepest():
    losses = [surfaces.valleys().loss(np.array(m)) for m in surfaces.valleys().minima]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("angle", [0, 30])
@pytest.mark.parametrize("condition", [1.0, 20.0, 1e4])
def test_a_ravine_is_as_narrow_as_it_says_however_it_is_turned(condition, angle):
    gradient = surfaces.ravine(condition, angle).gradient
    hessian = np.array([gradient(np.array(e)) for e in ([1.0, 0.0], [0.0, 1.0])])
    assert np.linalg.cond(hessian) == pytest.approx(condition)


def test_a_turned_ravine_is_the_same_walk_turned_for_gradient_descent():
    walks = []
    for angle in (0, 30):
        bowl = surfaces.ravine(20, angle)
        walks.append(minimize(bowl.loss, bowl.gradient, bowl.start, SGD(0.05), 30).losses)
    np.testing.assert_allclose(walks[0], walks[1], rtol=1e-9)


@pytest.mark.parametrize("condition", [0, -1, np.nan])
def test_a_ravine_without_a_bottom_is_refused(condition):
    with pytest.raises(ValueError, match="condition must be"):
        surfaces.ravine(condition)
