"""Optimizers and `minimize`: the walk is the one of the theory, and it ends in plain words."""

import numpy as np
import pytest

from course_lib.linear_models import LinearRegression, squared_error, squared_error_gradient
from course_lib.optimizers import SGD, minimize

CURVATURES = np.array([1.0, 10.0])
START = np.array([3.0, -2.0])


def ravine(point):
    return 0.5 * CURVATURES @ point**2


def ravine_gradient(point):
    return CURVATURES * point


def walk(learning_rate=0.1, steps=50, **options):
    return minimize(ravine, ravine_gradient, START, SGD(learning_rate), steps, **options)


def test_one_step_goes_against_the_gradient():
    np.testing.assert_allclose(SGD(0.5).step(np.array([1.0, 2.0]), np.array([4.0, -2.0])), [-1, 3])


@pytest.mark.parametrize("learning_rate", [0.01, 0.1, 0.19, 0.21])
def test_each_direction_of_a_ravine_shrinks_by_its_own_factor(learning_rate):
    trace = walk(learning_rate)
    factors = (1 - learning_rate * CURVATURES) ** np.arange(51)[:, None]
    np.testing.assert_allclose(trace.points, START * factors, rtol=1e-9)
    np.testing.assert_allclose(trace.losses, [ravine(p) for p in trace.points], rtol=1e-12)


def test_gradient_descent_finds_the_closed_form_line_to_eight_digits():
    random = np.random.default_rng(0)
    x = random.normal(size=20)
    y = 3 * x + 1 + random.normal(size=20)
    trace = minimize(
        lambda p: squared_error(*p, x, y),
        lambda p: squared_error_gradient(*p, x, y),
        start=[0.0, 0.0],
        optimizer=SGD(0.01),
        steps=1000,
        tolerance=1e-9,
    )
    model = LinearRegression().fit(x[:, None], y)
    assert trace.converged
    np.testing.assert_allclose(trace.points[-1], [model.coef_[0], model.intercept_], rtol=1e-8)


@pytest.mark.parametrize("steps", [0, 1, 7])
def test_a_trace_holds_the_start_and_every_step(steps):
    trace = walk(steps=steps)
    assert trace.points.shape == (steps + 1, 2)
    assert trace.losses.shape == (steps + 1,)
    np.testing.assert_array_equal(trace.points[0], START)
    assert not trace.converged
    assert not trace.diverged


def test_a_tolerance_ends_the_walk_where_the_gradient_is_short():
    trace = walk(steps=1000, tolerance=1e-6)
    lengths = np.linalg.norm(ravine_gradient(trace.points), axis=1)
    assert trace.converged
    assert lengths[-1] < 1e-6
    assert lengths[-2] >= 1e-6
    assert len(trace.losses) < 1001


def test_the_last_step_may_be_the_one_that_converges():
    enough = len(walk(steps=1000, tolerance=1e-6).losses) - 1
    assert walk(steps=enough, tolerance=1e-6).converged
    assert not walk(steps=enough - 1, tolerance=1e-6).converged


def test_without_a_tolerance_all_steps_are_walked_even_at_the_minimum():
    trace = minimize(ravine, ravine_gradient, [0.0, 0.0], SGD(), 5)
    assert len(trace.losses) == 6


def steep(point):
    return float(np.exp(point[0] ** 2))


def steep_gradient(point):
    return 2 * point * np.exp(point**2)


DIVERGING = {
    "parabola": (ravine, ravine_gradient, START, 0.3, 5000),
    "exponential": (steep, steep_gradient, [2.0], 1.0, 50),
    "loss turns NaN": (lambda p: float(np.log(p[0])), lambda p: 1 / p, [0.5], 1.0, 50),
    "gradient is NaN": (lambda p: 0.0, lambda p: p * np.nan, [0.5], 1.0, 50),
    "bounded loss": (lambda p: float(np.tanh(p[0])), lambda p: -p * 1e100, [1.0], 1.0, 50),
}


@pytest.mark.parametrize(
    ("function", "gradient", "start", "learning_rate", "steps"), DIVERGING.values(), ids=DIVERGING
)
def test_divergence_ends_the_walk_at_the_last_finite_point(
    function, gradient, start, learning_rate, steps
):
    trace = minimize(function, gradient, start, SGD(learning_rate), steps)
    assert trace.diverged
    assert not trace.converged
    assert np.isfinite(trace.points).all()
    assert np.isfinite(trace.losses).all()
    assert 1 <= len(trace.losses) == len(trace.points) < steps + 1


def test_the_start_is_not_touched_and_not_shared():
    start = START.copy()
    trace = minimize(ravine, ravine_gradient, start, SGD(), 3)
    start[:] = 99
    np.testing.assert_array_equal(trace.points[0], START)


class Counting(SGD):
    """An optimizer with a memory: its steps shrink with their number."""

    def reset(self):
        self.count = 0

    def step(self, parameters, gradient):
        self.count += 1
        return parameters - self.learning_rate / self.count * gradient


def test_minimize_resets_the_optimizer_so_that_a_walk_can_be_repeated():
    optimizer = Counting(0.1)
    first, second = (minimize(ravine, ravine_gradient, START, optimizer, 9) for _ in range(2))
    np.testing.assert_array_equal(first.points, second.points)


REFUSED = {
    "negative learning rate": (
        lambda: SGD(-0.1),
        "learning_rate must be greater than 0, came -0.1",
    ),
    "zero learning rate": (lambda: SGD(0), "learning_rate must be greater than 0"),
    "infinite learning rate": (lambda: SGD(np.inf), "learning_rate must be a finite number"),
    "negative steps": (lambda: walk(steps=-1), "steps must be at least 0, came -1"),
    "negative tolerance": (lambda: walk(tolerance=-1), "tolerance must be at least 0"),
    "gradient of another shape": (
        lambda: minimize(ravine, lambda p: np.ones(3), START, SGD(), 1),
        r"gradient must return shape \(2,\) as start, came \(3,\)",
    ),
    "loss that is an array": (
        lambda: minimize(ravine_gradient, ravine_gradient, START, SGD(), 1),
        r"function must return a number, came shape \(2,\)",
    ),
    "start with NaN": (
        lambda: minimize(ravine, ravine_gradient, [np.nan, 0], SGD(), 1),
        "start must be finite",
    ),
    "start with two axes": (
        lambda: minimize(ravine, ravine_gradient, [[1.0, 2.0]], SGD(), 1),
        "start must be 1-dimensional",
    ),
    "start without a loss": (
        lambda: minimize(lambda p: np.nan, ravine_gradient, START, SGD(), 1),
        "start must have a finite loss",
    ),
}


@pytest.mark.parametrize(("call", "words"), REFUSED.values(), ids=REFUSED)
def test_bad_values_are_refused_in_plain_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_learning_rate_that_is_no_number_is_refused():
    with pytest.raises(TypeError, match="learning_rate must be a number, came 'fast'"):
        SGD("fast")
