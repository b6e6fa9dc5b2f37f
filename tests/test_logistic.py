"""Logistic regression: equal to scikit-learn and SciPy, true to the theory, safe at the edges."""

from itertools import product

import numpy as np
import pytest
import scipy.special
import scipy.stats
from sklearn import linear_model

from course_lib.datasets import make_blobs, make_xor
from course_lib.linear_models import Ridge, indicators
from course_lib.logistic import (
    CascadedLogisticRegression,
    LogisticRegression,
    Perceptron,
    SoftmaxRegression,
    cascade_objective,
    cross_entropy,
    cross_entropy_from_logits,
    entropy,
    half_planes,
    hardmax,
    inside_polygons,
    is_separable,
    kl_divergence,
    log_softmax,
    logical_and,
    logical_or,
    logistic_objective,
    newton,
    sigmoid,
    softmax,
    softmax_objective,
    squared_error_objective,
    threshold,
)
from course_lib.optimizers import SGD, minimize

ALPHAS = [0.0, 1e-3, 1.0, 100.0]
CORNERS, XOR = make_xor(4, noise=0)
BOTH = [LogisticRegression, SoftmaxRegression]


def classification(n, d, classes=2, seed=0):
    """Features of different sizes and means, labels drawn from a true softmax regression."""
    random = np.random.default_rng(seed)
    scale = random.uniform(0.1, 10, size=d)
    X = random.normal(size=(n, d))
    y = (X @ random.normal(size=(d, classes)) + random.gumbel(size=(n, classes))).argmax(axis=1)
    return (X + 3) * scale, y


def same_fit(ours, X, y):
    C = 1 / ours.alpha if ours.alpha else np.inf
    theirs = linear_model.LogisticRegression(C=C, solver="newton-cholesky", tol=1e-12).fit(X, y)
    assert ours.coef_.shape == theirs.coef_.shape
    assert ours.intercept_.shape == theirs.intercept_.shape
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=0, atol=1e-6)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-9)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y))


def central_differences(function, point, h=1e-6):
    return np.array(
        [(function(point + e) - function(point - e)) / (2 * h) for e in h * np.eye(len(point))]
    )


# --- Probabilities -----------------------------------------------------------------------------

EXTREME = np.array([-1e308, -800.0, -37.0, -1e-9, 0.0, 1e-9, 37.0, 800.0, 1e308])


def test_sigmoid_is_scipys_to_the_last_digits_even_in_the_tails():
    np.testing.assert_allclose(sigmoid(EXTREME), scipy.special.expit(EXTREME), rtol=4e-16)
    assert sigmoid(0) == 0.5


def test_sigmoid_is_symmetric_about_one_half():
    z = np.linspace(-30, 30, 101)
    np.testing.assert_allclose(sigmoid(-z), 1 - sigmoid(z), atol=3e-16)


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_softmax_and_its_logarithm_are_scipys_also_for_logits_of_800(axis):
    z = np.random.default_rng(0).normal(size=(4, 3)) * 400
    z[0] = 800, -800, 0
    np.testing.assert_allclose(softmax(z, axis), scipy.special.softmax(z, axis), rtol=1e-12)
    np.testing.assert_allclose(log_softmax(z, axis), scipy.special.log_softmax(z, axis), rtol=1e-12)
    np.testing.assert_allclose(softmax(z, axis).sum(axis), 1)


def test_softmax_gives_the_numbers_of_the_notes():
    np.testing.assert_allclose(softmax([3, 1, -3]), [0.88, 0.12, 0.0], atol=0.005)
    np.testing.assert_allclose(np.exp([5, 2, -1, 3]), [148.4, 7.4, 0.4, 20.1], atol=0.05)
    assert np.exp([5, 2, -1, 3]).sum() == pytest.approx(176.3, abs=0.05)


def test_softmax_of_two_logits_is_the_sigmoid_of_their_difference():
    z = np.random.default_rng(0).normal(size=(5, 2)) * 5
    np.testing.assert_allclose(softmax(z)[:, 1], sigmoid(z[:, 1] - z[:, 0]), rtol=1e-13)


def test_softmax_stays_when_all_logits_shift_and_turns_into_hardmax_when_it_is_cold():
    z = np.array([[1.0, 3.0, 2.0], [0.0, -1.0, -3.0]])
    np.testing.assert_allclose(softmax(z + 100), softmax(z), rtol=1e-13)
    np.testing.assert_allclose(softmax(z / 0.01), hardmax(z), atol=1e-30)
    np.testing.assert_allclose(softmax(z / 1e9), np.full((2, 3), 1 / 3), atol=1e-8)


def test_hardmax_marks_the_first_of_the_largest():
    np.testing.assert_array_equal(hardmax([[1, 3, 3], [2, 0, 1]]), [[0, 1, 0], [1, 0, 0]])
    np.testing.assert_array_equal(hardmax([[1, 3], [2, 0]], axis=0), [[0, 1], [1, 0]])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("function", [sigmoid, softmax, log_softmax, hardmax, threshold])
@pytest.mark.parametrize("size", [0.0, 800.0, 1e5, 1e300])
def test_no_size_of_logits_overflows(function, size):
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(function([-size, 0.0, size])).all()


# --- Distributions -----------------------------------------------------------------------------


def test_entropy_and_kl_divergence_are_scipys():
    p, q = np.random.default_rng(0).dirichlet([1, 1, 1, 1], size=(2, 6))
    np.testing.assert_allclose(entropy(p), scipy.stats.entropy(p, axis=1), rtol=1e-12)
    np.testing.assert_allclose(kl_divergence(p, q), scipy.stats.entropy(p, q, axis=1), rtol=1e-10)
    np.testing.assert_allclose(cross_entropy(p, q), entropy(p) + kl_divergence(p, q), rtol=1e-12)


def test_cross_entropy_is_least_where_the_model_is_the_truth():
    p = np.array([0.2, 0.5, 0.3])
    others = np.random.default_rng(1).dirichlet([1, 1, 1], size=200)
    assert (cross_entropy(p, others) > entropy(p)).all()
    assert kl_divergence(p, p) == 0


def test_what_cannot_happen_and_happens_costs_infinitely_much_and_what_does_not_happen_nothing():
    assert cross_entropy([1, 0], [0, 1]) == np.inf
    assert cross_entropy([1, 0], [1, 0]) == 0
    assert cross_entropy([0, 1], [0.5, 0.5]) == np.log(2)


def test_cross_entropy_from_logits_keeps_what_a_rounded_softmax_would_lose():
    z = np.array([[3.0, 1.0, -3.0], [800.0, -800.0, 0.0]])
    p = np.array([[0.2, 0.5, 0.3], [0.0, 1.0, 0.0]])
    loss = cross_entropy_from_logits(p, z)
    np.testing.assert_allclose(loss, [cross_entropy(p[0], softmax(z[0])), 1600], rtol=1e-13)


@pytest.mark.parametrize("bad", [[0.5, 0.6], [-0.5, 1.5], [np.nan, 1.0], 0.5, []])
def test_what_is_no_distribution_is_refused(bad):
    with pytest.raises(ValueError, match="q must"):
        cross_entropy([0.5, 0.5], bad)


@pytest.mark.parametrize("function", [cross_entropy, kl_divergence])
@pytest.mark.parametrize(
    ("p", "q", "widths"),
    [
        ([[1.0], [1.0]], [0.5, 0.5], "1 and 2"),  # a column of labels, not rows of distributions
        ([0.5, 0.5], [0.2, 0.3, 0.5], "2 and 3"),
    ],
)
def test_distributions_over_different_classes_are_refused(function, p, q, widths):
    with pytest.raises(ValueError, match=f"same number of classes, came {widths}"):
        function(p, q)


def test_logits_of_other_classes_than_the_truths_are_refused():
    with pytest.raises(
        ValueError, match="p and z must have the same number of classes, came 1 and"
    ):
        cross_entropy_from_logits([[1.0]], [[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match="p and z must broadcast"):
        cross_entropy_from_logits([[1.0, 0.0]] * 2, [[1.0, 2.0]] * 3)


def test_a_divergence_is_never_negative_and_infinite_where_the_impossible_happens():
    p = np.random.default_rng(0).dirichlet([1, 1, 1], size=5000)
    near = np.abs(p + [1e-9, -1e-9, 0])
    assert (kl_divergence(p, near / near.sum(axis=1, keepdims=True)) >= 0).all()
    np.testing.assert_array_equal(kl_divergence([[1, 0], [0, 1]], [[0, 1], [0, 1]]), [np.inf, 0])


@pytest.mark.parametrize("function", [softmax, log_softmax, hardmax])
def test_an_axis_that_scores_do_not_have_is_named(function):
    with pytest.raises(ValueError, match=r"z must have the axis -1, came an array of shape \(\)"):
        function(3.0)
    with pytest.raises(
        ValueError, match=r"z must have the axis 2, came an array of shape \(1, 2\)"
    ):
        function([[1.0, 2.0]], axis=2)
    with pytest.raises(TypeError, match="axis must be a whole number"):
        function([1.0, 2.0], axis=0.5)


# --- The objective of one unit -----------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.0, 0.7])
def test_gradient_and_hessian_of_the_cross_entropy_agree_with_central_differences(alpha):
    X, y = classification(20, 3)
    loss, gradient, hessian = logistic_objective(X, y, alpha)
    point = np.array([0.1, -0.05, 0.02, 0.3])
    np.testing.assert_allclose(gradient(point), central_differences(loss, point), rtol=1e-6)
    np.testing.assert_allclose(hessian(point), central_differences(gradient, point), rtol=1e-6)


def test_the_loss_is_minus_the_logarithm_of_the_likelihood():
    X, y = classification(15, 2)
    point = np.array([0.1, 0.02, -0.4])
    f = scipy.special.expit(X @ point[:-1] + point[-1])
    likelihood = np.prod(np.where(y == 1, f, 1 - f))
    np.testing.assert_allclose(logistic_objective(X, y)[0](point), -np.log(likelihood), rtol=1e-12)


def test_gradient_of_the_squared_error_agrees_with_central_differences():
    X, y = classification(20, 3)
    loss, gradient = squared_error_objective(X, y)
    point = np.array([0.1, -0.05, 0.02, 0.3])
    np.testing.assert_allclose(gradient(point), central_differences(loss, point), rtol=1e-6)


@pytest.mark.parametrize("objective", [logistic_objective, squared_error_objective])
def test_a_grid_of_points_gives_the_surface(objective):
    X, y = classification(10, 1)
    loss, gradient = objective(X, y)[:2]
    grid = np.stack(np.meshgrid(np.linspace(-2, 2, 3), np.linspace(-5, 5, 4)), axis=-1)
    for i, j in product(range(4), range(3)):
        np.testing.assert_allclose(loss(grid)[i, j], loss(grid[i, j]), rtol=1e-13)
        np.testing.assert_allclose(
            gradient(grid)[i, j], gradient(grid[i, j]), rtol=1e-12, atol=1e-14
        )


def test_where_the_unit_is_surely_wrong_only_the_cross_entropy_has_a_slope():
    X, y = np.array([[1.0]]), [1]
    point = np.array([-20.0, 0.0])
    assert np.abs(logistic_objective(X, y)[1](point)).min() > 0.99
    assert np.abs(squared_error_objective(X, y)[1](point)).max() < 1e-8


@pytest.mark.filterwarnings("error")
def test_logits_of_800_neither_overflow_nor_warn():
    X, y = np.array([[800.0], [-800.0]]), [0, 1]  # both surely wrong at w = 1
    loss, gradient, hessian = logistic_objective(X, y)
    with np.errstate(all="raise", under="ignore"):
        assert loss(np.array([1.0, 0.0])) == 1600
        np.testing.assert_array_equal(gradient(np.array([1.0, 0.0])), [1600, 0])
        assert np.isfinite(hessian(np.array([1.0, 0.0]))).all()


# --- Newton's method ---------------------------------------------------------------------------


def test_one_step_solves_a_quadratic():
    A, b = np.array([[3.0, 1.0], [1.0, 2.0]]), np.array([1.0, -4.0])
    walk = newton(lambda x: x @ A @ x / 2 - b @ x, lambda x: A @ x - b, lambda x: A, [5.0, 5.0])
    np.testing.assert_allclose(walk.points[1], np.linalg.solve(A, b), rtol=1e-12)
    assert walk.converged


def test_a_step_is_a_reweighted_least_squares_problem():
    X, y = classification(40, 3)
    start = np.array([0.05, -0.02, 0.01, 0.1])
    walk = newton(*logistic_objective(X, y), start, steps=1, damped=False)
    z = X @ start[:-1] + start[-1]
    f = sigmoid(z)
    weights = f * (1 - f)
    theirs = linear_model.LinearRegression().fit(X, z + (y - f) / weights, sample_weight=weights)
    np.testing.assert_allclose(walk.points[1], [*theirs.coef_, theirs.intercept_], rtol=1e-8)


def test_newton_needs_few_steps_and_gradient_descent_many():
    X, y = classification(100, 2)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    loss, gradient, hessian = logistic_objective(X, y)
    fast = newton(loss, gradient, hessian, np.zeros(3))
    slow = minimize(loss, gradient, np.zeros(3), SGD(0.02), steps=5000, tolerance=1e-8)
    np.testing.assert_allclose(fast.points[-1], slow.points[-1], atol=1e-8)
    assert len(fast.losses) < 10 < 10 * len(fast.losses) < len(slow.losses)


def test_the_error_is_squared_with_each_step_near_the_minimum():
    X, y = classification(100, 2)
    walk = newton(*logistic_objective(X, y), np.zeros(3), tolerance=1e-25)
    errors = np.linalg.norm(walk.points[:-1] - walk.points[-1], axis=1)
    late = errors[(errors < 0.1) & (errors > 1e-7)]
    assert (late[1:] < 2 * late[:-1] ** 2).all()


def test_damping_saves_newton_from_a_far_start():
    X, y = classification(100, 1)
    X = (X - X.mean()) / X.std()
    objective, start = logistic_objective(X, y), np.array([8.0, 0.0])
    damped, bare = newton(*objective, start), newton(*objective, start, steps=20, damped=False)
    assert damped.converged
    assert (np.diff(damped.losses) <= 0).all()
    assert not bare.converged
    assert bare.losses[1] > bare.losses[0]


@pytest.mark.parametrize("far", [30.0, 1e3, 1e100])
def test_a_bare_walk_into_the_void_is_told_in_the_trace(far):
    X, y = classification(50, 1)
    walk = newton(*logistic_objective(X, y), [far, -far], damped=False)
    assert walk.diverged
    assert not walk.converged
    assert np.isfinite(walk.points).all()
    assert np.isfinite(walk.losses).all()


def test_a_start_without_a_finite_loss_is_refused():
    with pytest.raises(ValueError, match="start must have a finite loss"):
        newton(*logistic_objective(CORNERS, XOR), np.full(3, 1e200))


def test_a_start_at_the_minimum_stays_there():
    walk = newton(*logistic_objective(CORNERS, XOR), np.zeros(3))
    assert walk.converged
    np.testing.assert_array_equal(walk.points[-1], 0)


@pytest.mark.parametrize(
    "objective",
    [
        logistic_objective(CORNERS, XOR),
        squared_error_objective(CORNERS, XOR),
        softmax_objective(CORNERS, indicators(XOR)),
        cascade_objective(CORNERS, XOR),
    ],
)
def test_a_point_of_another_length_is_refused(objective):
    for function in objective:
        with pytest.raises(
            ValueError, match=r"a point must hold \d weights and biases, came an arr"
        ):
            function(np.zeros(4))


def test_newton_names_a_start_and_a_tolerance_that_make_no_sense():
    objective = logistic_objective(CORNERS, XOR)
    with pytest.raises(ValueError, match=r"a point must hold 3 .*came an array of shape \(2,\)"):
        newton(*objective, np.ones(2))
    with pytest.raises(ValueError, match="tolerance must be a finite number"):
        newton(*objective, np.ones(3), tolerance=np.nan)
    with pytest.raises(TypeError, match="tolerance must be a number, came 'x'"):
        newton(*objective, np.ones(3), tolerance="x")


@pytest.mark.parametrize("objective", [logistic_objective, softmax_objective])
@pytest.mark.parametrize("alpha", [-1.0, [1.0, 2.0, 3.0], np.nan, "much"])
def test_a_bad_penalty_of_an_objective_is_named(objective, alpha):
    X, y = classification(10, 2)
    labels = y if objective is logistic_objective else indicators(y)
    with pytest.raises((ValueError, TypeError), match="alpha must"):
        objective(X, labels, alpha)


# --- The estimators against scikit-learn -------------------------------------------------------


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize(("n", "d"), [(300, 5), (60, 1), (400, 20)])
def test_logistic_regression_equals_scikit_learn(n, d, alpha):
    X, y = classification(n, d)
    same_fit(LogisticRegression(alpha).fit(X, y), X, y)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize(("n", "d", "classes"), [(300, 4, 3), (200, 1, 4), (600, 10, 5)])
def test_softmax_regression_equals_scikit_learn(n, d, classes, alpha):
    X, y = classification(n, d, classes)
    same_fit(SoftmaxRegression(alpha).fit(X, y), X, y)


@pytest.mark.parametrize("alpha", [1e-3, 1.0])
def test_more_features_than_samples_are_fitted_as_by_scikit_learn(alpha):
    X, y = classification(15, 40)
    same_fit(LogisticRegression(alpha).fit(X, y), X, y)


@pytest.mark.parametrize("alpha", [1e-3, 1.0, 100.0])
def test_features_in_very_different_units_are_fitted_as_by_scikit_learn(alpha):
    X, y = classification(300, 3)
    X = X * [1e-4, 1.0, 1e3]
    ours = LogisticRegression(alpha).fit(X, y)
    loss, gradient, _ = logistic_objective(X, y, alpha)
    slope = gradient(np.append(ours.coef_[0], ours.intercept_))
    assert np.abs(slope / np.append(X.std(axis=0), 1)).max() < 1e-6


@pytest.mark.parametrize("labels", [("Normal", "Water"), (-1, 1), (False, True), (3.0, 7.0)])
def test_labels_may_be_of_any_kind(labels):
    X, y = classification(50, 2)
    named = LogisticRegression().fit(X, np.array(labels)[y])
    plain = LogisticRegression().fit(X, y)
    np.testing.assert_array_equal(named.coef_, plain.coef_)
    np.testing.assert_array_equal(named.predict(X), np.array(labels)[plain.predict(X)])
    np.testing.assert_allclose(named.predict_proba(X)[:, 1], sigmoid(named.decision_function(X)))


def test_two_classes_by_softmax_are_logistic_regression_with_half_the_penalty():
    X, y = classification(100, 3)
    two, one = SoftmaxRegression(4.0).fit(X, y), LogisticRegression(2.0).fit(X, y)
    np.testing.assert_allclose(two.coef_[1] - two.coef_[0], one.coef_[0], atol=1e-8)
    np.testing.assert_allclose(two.predict_proba(X), one.predict_proba(X), atol=1e-10)


def test_half_of_the_ridge_loss_has_the_gradient_of_logistic_regression_without_the_sigmoid():
    X, y = classification(30, 2)
    ridge = Ridge(3.0).fit(X, y)
    slope = -(y - ridge.predict(X)) @ X + 3.0 * ridge.coef_
    np.testing.assert_allclose(slope, 0, atol=1e-8)


def test_weights_shrink_with_the_penalty_and_the_bias_does_not_pay():
    X, y = classification(200, 3)
    y[:150] = 1
    sizes = [np.linalg.norm(LogisticRegression(a).fit(X, y).coef_) for a in (0.1, 10, 1e3, 1e6)]
    assert (np.diff(sizes) < 0).all()
    held = LogisticRegression(1e12).fit(X, y)
    np.testing.assert_allclose(held.predict_proba(X)[:, 1], y.mean(), rtol=1e-3)


def test_softmax_weights_sum_to_zero_over_the_classes():
    model = SoftmaxRegression(0.1).fit(*classification(200, 3, 4))
    np.testing.assert_allclose(model.coef_.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(model.intercept_.sum(), 0, atol=1e-12)


@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_softmax_gradient_and_hessian_agree_with_central_differences(alpha):
    X, y = classification(12, 2, 3)
    loss, gradient, hessian = softmax_objective(X, indicators(y), alpha)
    point = np.random.default_rng(0).normal(size=9) / 10
    np.testing.assert_allclose(
        gradient(point), central_differences(loss, point), rtol=1e-6, atol=1e-7
    )
    np.testing.assert_allclose(
        hessian(point), central_differences(gradient, point), rtol=1e-5, atol=1e-6
    )


def test_fit_leaves_its_input_alone_and_forgets_an_earlier_fit():
    X, y = classification(30, 4)
    X_before, y_before = X.copy(), y.copy()
    model = LogisticRegression().fit(X, y)
    again = LogisticRegression().fit(X[:, :2] * 3, 1 - y).fit(X, y)
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)
    np.testing.assert_array_equal(model.coef_, again.coef_)


# --- At the edges ------------------------------------------------------------------------------

SEPARABLE = {
    "a gap": ([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]),
    "touching": ([[0.0], [1.0], [1.0], [3.0]], [0, 0, 1, 1]),  # quasi-separation
    "a whole class on one value": ([[0.0], [0.0], [0.0], [1.0], [0.0]], [0, 0, 1, 1, 0]),
    "more features than samples": (np.random.default_rng(0).normal(size=(6, 9)), [0, 1] * 3),
    "AND": (CORNERS, [0, 0, 0, 1]),
}


@pytest.mark.parametrize("estimator", BOTH)
@pytest.mark.parametrize(("X", "y"), SEPARABLE.values(), ids=SEPARABLE)
def test_separable_classes_without_a_penalty_are_refused_with_a_reason(estimator, X, y):
    assert is_separable(np.array(X), y)
    with pytest.raises(ValueError, match="grow without bound.*alpha > 0"):
        estimator(0.0).fit(X, y)


@pytest.mark.parametrize("alpha", [1e-6, 1e-3])
@pytest.mark.parametrize(("X", "y"), SEPARABLE.values(), ids=SEPARABLE)
def test_separable_classes_with_a_penalty_are_fitted(X, y, alpha):
    model = LogisticRegression(alpha).fit(X, y)
    slope = logistic_objective(X, y, alpha)[1](np.append(model.coef_[0], model.intercept_))
    assert np.abs(slope).max() < 1e-6


def test_one_class_of_three_that_can_be_parted_is_enough_to_be_refused():
    X, y = classification(60, 2, 2)
    X, y = np.vstack([X, X + 1000]), np.concatenate([y, np.full(60, 2)])
    with pytest.raises(ValueError, match="separated"):
        SoftmaxRegression(0.0).fit(X, y)


def test_xor_and_overlapping_classes_are_not_separable():
    assert not is_separable(CORNERS, XOR)
    assert not is_separable(*classification(100, 2))


@pytest.mark.parametrize("estimator", BOTH)
def test_one_far_but_right_example_is_no_reason_to_refuse(estimator):
    X, y = classification(60, 1)
    far = 1000 * np.sign(LogisticRegression().fit(X, y).coef_[0, 0])
    model = estimator(0.0).fit(np.vstack([X, [[far]]]), np.append(y, 1))
    assert np.abs(model.decision_function([[far]])).max() > 100


@pytest.mark.parametrize("alpha", [0.0, 1.0])
@pytest.mark.parametrize("estimator", BOTH)
@pytest.mark.parametrize("constant", [0.0, 0.1, 1e6])
def test_a_constant_feature_gets_no_weight_and_changes_nothing(estimator, constant, alpha):
    X, y = classification(80, 2)
    alone = estimator(alpha).fit(X, y)
    model = estimator(alpha).fit(np.column_stack([X, np.full(80, constant)]), y)
    np.testing.assert_allclose(model.coef_[:, 2], 0, atol=1e-15)
    np.testing.assert_allclose(model.coef_[:, :2], alone.coef_, rtol=1e-9)


def test_a_copied_feature_without_a_penalty_leaves_the_probabilities_as_they_are():
    X, y = classification(80, 2)
    alone = LogisticRegression(0.0).fit(X, y)
    model = LogisticRegression(0.0).fit(np.column_stack([X, X[:, 0]]), y)
    np.testing.assert_allclose(
        model.predict_proba(np.column_stack([X, X[:, 0]])), alone.predict_proba(X), atol=1e-9
    )
    np.testing.assert_allclose(model.coef_[0, 0], model.coef_[0, 2], rtol=1e-6)


def test_predictions_far_away_are_certain_and_silent():
    X, y = classification(50, 1)
    model = LogisticRegression().fit(X, y)
    with np.errstate(all="raise", under="ignore"):
        assert set(model.predict_proba([[-1e6], [1e6]]).ravel()) <= {0.0, 1.0}


@pytest.mark.parametrize("estimator", [LogisticRegression, SoftmaxRegression, Perceptron])
@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        ([[1.0], [np.nan]], [0, 1], "X must be finite"),
        ([1.0, 2.0], [0, 1], "n_samples, n_features"),
        ([[1.0], [2.0]], [0, 1, 1], "X and y must have the same length"),
        ([[1.0], [2.0]], [1, 1], "came 1"),
        ([[1.0], [2.0]], [0.5, 1.0], "class labels"),
        ([[1.0], [2.0]], [np.nan, 1.0], "missing"),
        ([[1.0], [2.0]], [[0], [1]], "y must be 1-dimensional"),
    ],
)
def test_bad_input_is_named(estimator, X, y, words):
    with pytest.raises(ValueError, match=words):
        estimator().fit(X, y)


@pytest.mark.parametrize("alpha", [-1.0, np.nan, np.inf])
def test_a_bad_penalty_is_named(alpha):
    with pytest.raises(ValueError, match="alpha"):
        LogisticRegression(alpha).fit([[1.0], [2.0]], [0, 1])


@pytest.mark.parametrize("estimator", [LogisticRegression, Perceptron])
def test_three_classes_are_one_too_many_for_two_sides(estimator):
    with pytest.raises(ValueError, match="y must hold 2 classes, came 3"):
        estimator().fit([[1.0], [2.0], [3.0]], [0, 1, 2])


def test_too_many_weights_for_newton_are_refused():
    X = np.random.default_rng(0).normal(size=(20, 300))
    with pytest.raises(ValueError, match="3010 weights and biases are too many"):
        SoftmaxRegression().fit(X, np.arange(20) % 10)


@pytest.mark.parametrize("estimator", [*BOTH, Perceptron, CascadedLogisticRegression])
def test_an_unfitted_model_says_so(estimator):
    with pytest.raises(ValueError, match="not fitted yet"):
        estimator().predict([[1.0]])


def test_a_fit_that_fails_leaves_the_earlier_one_as_it_was():
    X, y = classification(30, 1)
    model = LogisticRegression(0.0).fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match="separated"):
        model.fit([[0.0], [1.0]], ["a", "b"])
    np.testing.assert_array_equal(model.predict_proba(X), before)
    np.testing.assert_array_equal(model.classes_, [0, 1])


def test_another_number_of_features_is_refused():
    model = LogisticRegression().fit(*classification(20, 2))
    with pytest.raises(ValueError, match="2 features as in fit, came 3"):
        model.predict(np.zeros((1, 3)))


def test_labels_of_the_objective_are_0_and_1():
    with pytest.raises(ValueError, match="only 0 and 1"):
        logistic_objective([[1.0], [2.0]], [-1, 1])


# --- XOR ---------------------------------------------------------------------------------------


def test_no_line_gets_more_than_three_corners_of_xor_and_the_cross_entropy_is_least_at_zero():
    random = np.random.default_rng(0)
    right = [
        np.mean(threshold(CORNERS @ random.normal(size=2) + random.normal()) == XOR)
        for _ in range(2000)
    ]
    assert max(right) == 0.75
    model = LogisticRegression(0.0).fit(CORNERS, XOR)
    np.testing.assert_allclose([*model.coef_[0], *model.intercept_], 0, atol=1e-12)
    np.testing.assert_allclose(model.predict_proba(CORNERS), 0.5)


def test_with_the_distances_to_two_opposite_corners_a_line_is_enough():
    features = np.linalg.norm(CORNERS[:, None] - [[0, 0], [1, 1]], axis=-1)
    assert is_separable(features, XOR)
    assert LogisticRegression(1e-3).fit(features, XOR).score(features, XOR) == 1


def test_gradient_of_the_cascade_agrees_with_central_differences():
    X, y = classification(12, 3)
    loss, gradient = cascade_objective(X / 10, y, hidden=4)
    point = np.random.default_rng(0).normal(size=4 * 4 + 5)
    np.testing.assert_allclose(
        gradient(point), central_differences(loss, point), rtol=1e-5, atol=1e-8
    )


def test_a_cascade_finds_the_features_of_xor_by_itself():
    model = CascadedLogisticRegression(seed=0).fit(CORNERS, XOR)
    assert model.score(CORNERS, XOR) == 1
    assert is_separable(model.transform(CORNERS), XOR)
    assert not is_separable(model.transform(CORNERS, step=0), XOR)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda m: m.predict([[1.0, 2.0, 3.0]]), ValueError, "X must have 2 features as in fit"),
        (lambda m: m.transform(CORNERS, step=4), ValueError, "step must be at most 3, came 4"),
        (lambda m: m.transform(CORNERS, step=-5), ValueError, "step must be at least -4, came -5"),
        (lambda m: m.predict_proba(CORNERS, "a"), TypeError, "step must be a whole number"),
    ],
)
def test_a_cascade_names_what_it_cannot_answer(call, error, words):
    model = CascadedLogisticRegression(steps=3).fit(CORNERS, XOR)
    with pytest.raises(error, match=words):
        call(model)


def test_a_seed_of_a_cascade_is_a_whole_number():
    with pytest.raises(TypeError, match="seed must be a whole number, came 'x'"):
        CascadedLogisticRegression(seed="x").fit(CORNERS, XOR)


def test_in_a_valley_without_a_bottom_the_loss_falls_towards_2_ln_2_and_the_weights_grow():
    model = CascadedLogisticRegression(2, learning_rate=4, steps=4000, seed=8).fit(CORNERS, XOR)
    assert 2 * np.log(2) < model.trace_.losses[-1] < model.trace_.losses[600] < 2 * np.log(2) + 0.02
    assert np.abs(model.trace_.points[-1]).max() > np.abs(model.trace_.points[600]).max() + 2
    np.testing.assert_allclose(model.predict_proba(CORNERS)[:, 1], [0, 0.5, 1, 0.5], atol=0.02)


def test_a_cascade_of_one_hidden_unit_cannot():
    scores = [
        CascadedLogisticRegression(1, seed=s).fit(CORNERS, XOR).score(CORNERS, XOR)
        for s in range(5)
    ]
    assert max(scores) <= 0.75


# --- The perceptron ----------------------------------------------------------------------------

GATES = {"AND": ([1, 1], -1.5), "OR": ([1, 1], -0.5), "NAND": ([-1, -1], 1.5)}


@pytest.mark.parametrize("name", GATES)
def test_gates_by_hand(name):
    (w, b), inputs = GATES[name], CORNERS.astype(bool)
    truth = {"AND": inputs.all(axis=1), "OR": inputs.any(axis=1), "NAND": ~inputs.all(axis=1)}[name]
    np.testing.assert_array_equal(threshold(CORNERS @ w + b), truth)


def test_and_and_or_of_any_number_of_inputs():
    inputs = np.array(list(product([0, 1], repeat=5)))
    np.testing.assert_array_equal(logical_and(inputs), inputs.all(axis=1))
    np.testing.assert_array_equal(logical_or(inputs), inputs.any(axis=1))


def test_the_threshold_is_strict():
    np.testing.assert_array_equal(threshold([-1.0, 0.0, 1e-300]), [0, 0, 1])


@pytest.mark.parametrize("seed", range(3))
def test_the_perceptron_walks_as_scikit_learns_does(seed):
    X, y = make_blobs(60, noise=1.0, seed=seed, classes=2)
    ours = Perceptron(epochs=50).fit(X, y)
    theirs = linear_model.Perceptron(shuffle=False, tol=None, max_iter=len(ours.mistakes_)).fit(
        X, y
    )
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-9)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-9)


def test_the_perceptron_ends_with_a_pass_without_mistakes_where_a_line_can_do_it():
    model = Perceptron().fit(CORNERS, [0, 0, 0, 1])
    assert model.converged_
    assert model.mistakes_[-1] == 0
    assert model.score(CORNERS, [0, 0, 0, 1]) == 1


def test_the_perceptron_never_ends_on_xor():
    model = Perceptron(epochs=200).fit(CORNERS, XOR)
    assert not model.converged_
    assert model.score(CORNERS, XOR) <= 0.75


# --- Polygons ----------------------------------------------------------------------------------

SQUARE = np.array([[0.0, 0], [2, 0], [2, 2], [0, 2]])


def test_half_planes_give_the_distance_from_the_sides():
    W, b = half_planes(SQUARE)
    np.testing.assert_allclose(W @ [0.5, 0.3] + b, [0.3, 1.5, 1.7, 0.5], rtol=1e-13)


def test_inside_polygons_is_matplotlibs_answer():
    from matplotlib.path import Path

    angles = np.linspace(0, 2 * np.pi, 7)[:-1]
    hexagon = np.column_stack([np.cos(angles), np.sin(angles)]) + [3, 1]
    X = np.random.default_rng(0).uniform(-1, 5, size=(500, 2))
    inside = Path(SQUARE).contains_points(X) | Path(hexagon).contains_points(X)
    np.testing.assert_array_equal(inside_polygons(X, [SQUARE, hexagon]), inside)


@pytest.mark.parametrize("shift", [0.0, 1e8, -1e10])
def test_convexity_is_judged_by_the_polygons_own_size_wherever_it_lies(shift):
    W, _ = half_planes(SQUARE + shift)
    np.testing.assert_array_equal(W, half_planes(SQUARE)[0])
    with pytest.raises(ValueError, match="anticlockwise round a convex"):
        half_planes(np.array([[0, 0], [2, 0], [0.5, 0.5], [0, 2]]) + shift)


def test_polygons_and_points_that_make_no_sense_are_named():
    with pytest.raises(ValueError, match="polygons must hold at least one polygon, came none"):
        inside_polygons([[0.0, 0.0]], [])
    with pytest.raises(ValueError, match="X must have 2 features, the coordinates, came 3"):
        inside_polygons([[0.0, 0.0, 1.0]], [SQUARE])


@pytest.mark.parametrize(
    "corners",
    [
        SQUARE[::-1],
        SQUARE[[0, 1, 1, 2]],
        SQUARE[[0, 2, 1, 3]],
        [[0, 0], [2, 0], [0.5, 0.5], [0, 2]],
    ],
)
def test_other_polygons_are_refused(corners):
    with pytest.raises(ValueError, match="anticlockwise round a convex"):
        half_planes(np.array(corners, dtype=float))
