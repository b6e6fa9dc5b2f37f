"""Optimizers: the walks are torch's and the theory's; `minimize` ends them in plain words."""

import inspect
import itertools
import math

import numpy as np
import pytest
import torch

from course_lib import optimizers, surfaces
from course_lib.linear_models import LinearRegression, squared_error, squared_error_gradient
from course_lib.optimizers import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    AMSGrad,
    Momentum,
    Nadam,
    Nesterov,
    RMSprop,
    adagrad_long_form,
    exponentially_weighted_average,
    minibatches,
    minimize,
    stochastic_gradient,
)

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


# --- the nine optimizers beside torch's -------------------------------------------------------
# Where an adaptive optimizer has come to a valley's floor it jumps to and fro, and its walk is
# chaotic: rounding errors grow tenfold in a few steps. The rates below end the walks before that.

torch_sgd, torch_adam = torch.optim.SGD, torch.optim.Adam
SAME = {
    "SGD": (SGD, torch_sgd, {}, {}),
    "SGD, weight decay": (SGD, torch_sgd, {"weight_decay": 0.3}, {"weight_decay": 0.3}),
    "Momentum": (Momentum, torch_sgd, {}, {"momentum": 0.9}),
    "Momentum 0.5, weight decay": (
        Momentum,
        torch_sgd,
        {"momentum": 0.5, "weight_decay": 0.1},
        {"momentum": 0.5, "weight_decay": 0.1},
    ),
    "Nesterov": (Nesterov, torch_sgd, {}, {"momentum": 0.9, "nesterov": True}),
    "Nesterov 0.99, weight decay": (
        Nesterov,
        torch_sgd,
        {"momentum": 0.99, "weight_decay": 0.1},
        {"momentum": 0.99, "nesterov": True, "weight_decay": 0.1},
    ),
    "Adagrad": (Adagrad, torch.optim.Adagrad, {}, {}),
    "Adagrad, large epsilon, weight decay": (
        Adagrad,
        torch.optim.Adagrad,
        {"epsilon": 0.1, "weight_decay": 0.2},
        {"eps": 0.1, "weight_decay": 0.2},
    ),
    "RMSprop": (RMSprop, torch.optim.RMSprop, {}, {}),
    "RMSprop 0.9, weight decay": (
        RMSprop,
        torch.optim.RMSprop,
        {"rho": 0.9, "epsilon": 1e-3, "weight_decay": 0.2},
        {"alpha": 0.9, "eps": 1e-3, "weight_decay": 0.2},
    ),
    "Adam": (Adam, torch_adam, {}, {}),
    "Adam 0.5 0.9, weight decay": (
        Adam,
        torch_adam,
        {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-4, "weight_decay": 0.2},
        {"betas": (0.5, 0.9), "eps": 1e-4, "weight_decay": 0.2},
    ),
    "AdamW": (AdamW, torch.optim.AdamW, {}, {}),
    "AdamW, strong decay": (
        AdamW,
        torch.optim.AdamW,
        {"weight_decay": 0.5},
        {"weight_decay": 0.5},
    ),
    "AMSGrad": (AMSGrad, torch_adam, {}, {"amsgrad": True}),
    "AMSGrad 0.5 0.8, weight decay": (
        AMSGrad,
        torch_adam,
        {"beta1": 0.5, "beta2": 0.8, "weight_decay": 0.1},
        {"betas": (0.5, 0.8), "amsgrad": True, "weight_decay": 0.1},
    ),
    "Nadam": (Nadam, torch.optim.NAdam, {}, {}),
    "Nadam, fast momentum decay": (
        Nadam,
        torch.optim.NAdam,
        {"beta1": 0.95, "beta2": 0.9, "momentum_decay": 0.5, "weight_decay": 0.1},
        {"betas": (0.95, 0.9), "momentum_decay": 0.5, "weight_decay": 0.1},
    ),
}
VALLEY = {
    "rosenbrock": (surfaces.ROSENBROCK.gradient, surfaces.ROSENBROCK.start, 5e-4, 0.05),
    "ill-conditioned": (
        lambda p: np.logspace(0, 4, 10) * p - np.arange(10),
        np.linspace(-2, 3, 10),
        3e-5,
        0.01,
    ),
}


@pytest.fixture
def _torch_counts_in_float64():
    """NAdam keeps the product of its momenta in torch's default type: in float32 it drifts off."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def walk_of_torch(optimizer, gradient, start, steps):
    parameters = torch.nn.Parameter(torch.tensor(np.array(start)))
    theirs = optimizer([parameters])
    points = [parameters.detach().numpy().copy()]
    for _ in range(steps):
        parameters.grad = torch.from_numpy(gradient(points[-1]))
        theirs.step()
        points.append(parameters.detach().numpy().copy())
    return np.array(points)


@pytest.mark.usefixtures("_torch_counts_in_float64")
@pytest.mark.parametrize(
    ("gradient", "start", "rate", "adaptive_rate"), VALLEY.values(), ids=VALLEY
)
@pytest.mark.parametrize(("ours", "theirs", "options", "names"), SAME.values(), ids=SAME)
def test_an_optimizer_walks_as_its_namesake_in_torch(
    ours, theirs, options, names, gradient, start, rate, adaptive_rate
):
    if issubclass(ours, (Adagrad, RMSprop, Adam)):
        rate = adaptive_rate
    wanted = walk_of_torch(lambda p: theirs(p, lr=rate, **names), gradient, start, 100)
    optimizer, points = ours(rate, **options), [np.array(start, dtype=float)]
    for _ in range(100):
        points.append(optimizer.step(points[-1], gradient(points[-1])))
    assert np.abs(wanted[-1] - wanted[0]).max() > 0.01  # it did walk
    np.testing.assert_allclose(points, wanted, rtol=0, atol=1e-10)


@pytest.mark.parametrize(("ours", "theirs", "options", "names"), SAME.values(), ids=SAME)
def test_from_adagrad_on_it_has_torchs_settings_without_being_told(ours, theirs, options, names):
    defaults = theirs([torch.zeros(1)], lr=1.0).defaults
    plain = ours()
    assert plain.weight_decay == defaults["weight_decay"]
    for mine, name in [("epsilon", "eps"), ("rho", "alpha"), ("momentum_decay",) * 2]:
        if hasattr(plain, mine):
            assert getattr(plain, mine) == defaults[name]
    if isinstance(plain, Adam | Adagrad | RMSprop):
        assert plain.learning_rate == inspect.signature(theirs).parameters["lr"].default
    if isinstance(plain, Adam):
        assert (plain.beta1, plain.beta2) == defaults["betas"]


@pytest.mark.parametrize(
    "kind", [SGD, Momentum, Nesterov, Adagrad, RMSprop, Adam, AdamW, AMSGrad, Nadam]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_long_array_is_walked_in_blocks_as_in_one_piece(kind, dtype, monkeypatch):
    start = np.random.default_rng(0).normal(size=50).astype(dtype)
    ends = []
    for block in (7, 50, 1000):
        monkeypatch.setattr(optimizers, "BLOCK", block)
        optimizer, point = kind(0.01, weight_decay=0.1), start
        for _ in range(5):
            point = optimizer.step(point, point**3)
        ends.append(point)
    assert ends[0].dtype == dtype
    np.testing.assert_array_equal(ends[0], ends[2])
    np.testing.assert_array_equal(ends[1], ends[2])


@pytest.mark.parametrize(
    "kind", [Momentum, Nesterov, Adagrad, RMSprop, Adam, AdamW, AMSGrad, Nadam]
)
def test_reset_forgets_the_walk_before(kind):
    optimizer, point = kind(0.1), np.array([1.0, -2.0])
    first = [optimizer.step(point, g) for g in (point, 2 * point)]
    optimizer.reset()
    again = [optimizer.step(point, g) for g in (point, 2 * point)]
    np.testing.assert_array_equal(first, again)


def test_a_step_leaves_its_arguments_as_they_were():
    for kind in (SGD, Momentum, Nesterov, Adagrad, RMSprop, Adam, AdamW, AMSGrad, Nadam):
        point, slope = np.array([1.0, 2.0]), np.array([3.0, -4.0])
        optimizer = kind(0.1, weight_decay=0.1)
        for _ in range(3):
            optimizer.step(point, slope)
        np.testing.assert_array_equal([point, slope], [[1, 2], [3, -4]])


# --- what the lecture and the papers say of them ----------------------------------------------


def test_adagrads_long_form_is_its_short_form():
    gradients = np.random.default_rng(0).normal(size=(50, 3))
    optimizer, point, steps = Adagrad(0.3, epsilon=0.0), np.zeros(3), []
    for gradient in gradients:
        new = optimizer.step(point, gradient)
        steps.append(new - point)
        point = new
    np.testing.assert_allclose(steps, adagrad_long_form(gradients, 0.3), atol=1e-12)


def test_nesterov_is_the_papers_look_ahead_seen_from_the_look_ahead_point():
    rate, beta = 0.02, 0.9
    theta, v, looked = START, np.zeros(2), []
    for _ in range(30):
        looked.append(theta - rate * beta * v)
        v = beta * v + ravine_gradient(looked[-1])
        theta = theta - rate * v
    trace = minimize(ravine, ravine_gradient, START, Nesterov(rate, beta), 29)
    np.testing.assert_allclose(trace.points, looked, atol=1e-12)


def test_momentum_in_the_notes_form_is_the_same_walk_with_the_rate_divided():
    rate, beta = 0.02, 0.9
    theta, v, points = START, np.zeros(2), [START]
    for _ in range(30):
        v = beta * v + (1 - beta) * ravine_gradient(theta)
        theta = theta - rate / (1 - beta) * v
        points.append(theta)
    trace = minimize(ravine, ravine_gradient, START, Momentum(rate, beta), 30)
    np.testing.assert_allclose(trace.points, points, atol=1e-12)


def test_adams_first_step_has_the_length_of_the_learning_rate_in_every_entry():
    moved = Adam(0.1).step(np.zeros(3), np.array([1e-3, -5.0, 1e6]))
    np.testing.assert_allclose(moved, [-0.1, 0.1, -0.1], rtol=1e-4)


def test_amsgrad_remembers_its_largest_second_moment_and_only_the_correction_of_it_fades():
    optimizer, point, largest = AMSGrad(0.1), np.zeros(1), []
    for gradient in (10.0, *[0.01] * 50):
        point = optimizer.step(point, np.array([gradient]))
        largest.append(optimizer.memory[2, 0])
    assert len(set(largest)) == 1  # the small gradients change nothing
    corrected = largest / (1 - optimizer.beta2 ** np.arange(1, 52))
    assert (np.diff(corrected) < 0).all()


# --- schedules, averages, mini-batches --------------------------------------------------------

SCHEDULES = {
    "inverse root": (optimizers.inverse_root_decay(2.0), [2, 2 / math.sqrt(2), 2 / math.sqrt(3)]),
    "inverse time": (optimizers.inverse_time_decay(2.0, 0.5), [2, 2 / 1.5, 1]),
    "exponential": (optimizers.exponential_decay(2.0), [2, 1.9, 1.805]),
    "steps": (optimizers.step_decay(2.0, every=2, factor=0.1), [2, 2, 0.2]),
    "linear": (optimizers.linear_decay(2.0, steps=2), [2, 1, 0]),
}


@pytest.mark.parametrize(("schedule", "rates"), SCHEDULES.values(), ids=SCHEDULES)
def test_an_optimizer_follows_its_schedule(schedule, rates):
    points = [np.zeros(1)]
    optimizer = SGD(schedule)
    for _ in range(3):
        points.append(optimizer.step(points[-1], np.array([-1.0])))
    np.testing.assert_allclose(np.diff(np.ravel(points)), rates, rtol=1e-12)


def test_a_linear_schedule_stays_at_zero():
    assert optimizers.linear_decay(1.0, 5)(9) == 0


@pytest.mark.parametrize("correct_bias", [True, False])
@pytest.mark.parametrize("beta", [0.0, 0.5, 0.98])
def test_a_weighted_average_is_the_sum_that_its_weights_say(beta, correct_bias):
    values = np.random.default_rng(0).normal(size=(30, 2))
    averages = exponentially_weighted_average(values, beta, correct_bias)
    for t in (1, 2, 30):
        weights = (1 - beta) * beta ** np.arange(t)[::-1]
        total = weights.sum() if correct_bias else 1.0
        np.testing.assert_allclose(averages[t - 1], weights @ values[:t] / total, rtol=1e-10)


def test_the_corrected_average_of_a_constant_is_the_constant():
    np.testing.assert_allclose(exponentially_weighted_average(np.full(9, 7.0), 0.9), 7.0)


@pytest.mark.parametrize(("n", "size"), [(10, 3), (10, 5), (10, 10), (10, 64), (1, 1)])
def test_an_epoch_of_batches_holds_each_sample_once_in_a_new_order(n, size):
    batches = minibatches(n, size, seed=3)
    per_epoch = math.ceil(n / size)
    epochs = [np.concatenate(list(itertools.islice(batches, per_epoch))) for _ in range(3)]
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(epoch), np.arange(n))
    if n > 1:
        assert not np.array_equal(epochs[0], epochs[1])
    again = next(minibatches(n, size, seed=3))
    np.testing.assert_array_equal(again, epochs[0][:size])


def test_a_stochastic_gradient_of_all_samples_is_the_gradient():
    X = np.random.default_rng(0).normal(size=(6, 2))

    def gradient(parameters, batch):
        return X[batch].mean(axis=0) - parameters

    whole = stochastic_gradient(gradient, 6, 6)
    np.testing.assert_allclose(whole(START), gradient(START, np.arange(6)))
    ones = stochastic_gradient(gradient, 6, 1, seed=1)
    epoch = np.array([ones(START) for _ in range(6)])
    np.testing.assert_allclose(epoch.mean(axis=0), whole(START))


ONE = np.ones(1)
REFUSED = {
    "momentum of one": (lambda: Momentum(0.1, momentum=1), "momentum must be below 1, came 1"),
    "negative beta": (lambda: Adam(0.1, beta1=-0.1), "beta1 must be at least 0"),
    "beta of one": (lambda: Adam(0.1, beta2=1.0), "beta2 must be below 1"),
    "rho of one": (lambda: RMSprop(0.1, rho=1.0), "rho must be below 1"),
    "negative epsilon": (lambda: Adagrad(0.1, epsilon=-1), "epsilon must be at least 0"),
    "negative weight decay": (lambda: SGD(0.1, weight_decay=-1), "weight_decay must be at least 0"),
    "gradient of the step": (
        lambda: SGD(0.1).step(np.zeros(2), np.zeros(3)),
        r"gradient must have the shape \(2,\) of the parameters, came \(3,\)",
    ),
    "other parameters": (
        lambda: (o := Adam(0.1), o.step(np.zeros(2), np.zeros(2)), o.step(np.ones(3), np.ones(3))),
        r"parameters must keep their shape \(2,\), came \(3,\): call reset",
    ),
    "no batches": (lambda: minibatches(5, 0), "batch_size must be at least 1"),
    "no samples": (lambda: minibatches(0, 5), "n must be at least 1"),
    "uphill schedule": (lambda: optimizers.inverse_root_decay(-1), "learning_rate must be greater"),
    "growing schedule": (lambda: optimizers.exponential_decay(0.1, 2), "factor must be below 1"),
    "negative decay": (lambda: optimizers.inverse_time_decay(0.1, -1), "decay must be at least 0"),
    "no stairs": (lambda: optimizers.step_decay(0.1, 0), "every must be at least 1"),
    "no way down": (lambda: optimizers.linear_decay(0.1, 0), "steps must be at least 1"),
    "own schedule uphill": (
        lambda: minimize(ravine, ravine_gradient, START, SGD(lambda t: 0.1 - t), 3),
        r"learning_rate\(1\) must be at least 0, came -0.9",
    ),
    "Adagrad from a flat place": (
        lambda: adagrad_long_form(np.zeros((2, 1)), 0.1),
        "gradients must not begin with 0",
    ),
    "average of one": (lambda: exponentially_weighted_average([1.0], 1.0), "beta must be below 1"),
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


NO_NUMBERS = {
    "learning rate": (lambda: SGD("fast"), "learning_rate must be a number, came 'fast'"),
    "list": (lambda: SGD().step([1.0], np.ones(1)), "parameters must be a 1-dim"),
    "integers": (lambda: Adam().step(np.array([1]), np.ones(1)), "parameters must be a 1-dim"),
    "list for a gradient": (lambda: SGD().step(np.ones(1), [1.0]), "gradient must be a 1-dim"),
    "class": (lambda: minimize(ravine, ravine_gradient, START, SGD, 1), r"an object: SGD\(\)"),
    "schedule of text": (lambda: SGD(lambda t: "fast").step(ONE, ONE), r"learning_rate\(0\) must"),
}


@pytest.mark.parametrize(("call", "words"), NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_what_is_no_number_is_refused(call, words):
    with pytest.raises(TypeError, match=words):
        call()
