"""Linear models: equal to scikit-learn, as accurate as `lstsq`, true to the theory."""

import copy

import numpy as np
import pytest
from sklearn import linear_model, metrics, model_selection, preprocessing

from course_lib import linear_models
from course_lib.datasets import sample_evolutions
from course_lib.explorers.regression import fit_each
from course_lib.linear_models import (
    LinearRegression,
    Polynomial,
    Ridge,
    StandardScaler,
    best_by_validation,
    bias_variance,
    cross_validate,
    error_table,
    holdout,
    indicators,
    k_fold,
    least_squares,
    line_objective,
    lines_per_category,
    mean_squared_error,
    polynomial_features,
    r_squared,
    root_mean_squared_error,
    split_error,
    squared_error,
    squared_error_gradient,
    training_and_test_error,
)

ALPHAS = [0.0, 1e-3, 1.0, 100.0]


def regression(n, d, targets=None, seed=0):
    """A design with means far from zero and columns of different sizes, and noisy targets."""
    random = np.random.default_rng(seed)
    X = (random.normal(size=(n, d)) + 5) * random.uniform(0.1, 10, size=d)
    shape = (d,) if targets is None else (d, targets)
    y = X @ random.normal(size=shape) + 7
    return X, y + random.normal(size=y.shape)


def same_fit(ours, theirs, X):
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-8, atol=1e-8)
    assert ours.coef_.shape == theirs.coef_.shape


def reference(alpha, fit_intercept):
    if alpha == 0:
        return linear_model.LinearRegression(fit_intercept=fit_intercept)
    return linear_model.Ridge(alpha, fit_intercept=fit_intercept)


# --- The loss ----------------------------------------------------------------------------------


def test_squared_error_is_the_sum_over_the_samples():
    assert squared_error(2, 1, [0, 1, 2], [1, 4, 7]) == 0 + 1 + 4


def test_squared_error_of_a_grid_is_the_loss_surface():
    x, y = np.array([1.0, 2.0, 4.0]), np.array([3.0, 1.0, 5.0])
    w, b = np.meshgrid(np.linspace(-2, 2, 4), np.linspace(-5, 5, 6))
    surface = squared_error(w, b, x, y)
    one_by_one = [[squared_error(w[i, j], b[i, j], x, y) for j in range(4)] for i in range(len(w))]
    np.testing.assert_allclose(surface, one_by_one, rtol=1e-13)
    np.testing.assert_array_equal(surface, squared_error(w[:1], b[:, :1], x, y))


def test_gradient_agrees_with_central_differences():
    x, y, w, b, h = np.arange(5.0), np.array([1.0, 0, 4, 2, 9]), 0.7, -1.3, 1e-5
    by_w = (squared_error(w + h, b, x, y) - squared_error(w - h, b, x, y)) / (2 * h)
    by_b = (squared_error(w, b + h, x, y) - squared_error(w, b - h, x, y)) / (2 * h)
    np.testing.assert_allclose(squared_error_gradient(w, b, x, y), (by_w, by_b), rtol=1e-8)


def test_the_objective_of_a_line_takes_one_point():
    loss, gradient = line_objective([0.0, 1.0, 2.0], [1.0, 3.0, 4.0])
    assert loss((1.5, 1.0)) == squared_error(1.5, 1.0, [0.0, 1.0, 2.0], [1.0, 3.0, 4.0])
    np.testing.assert_allclose(gradient((0.0, 0.0)), [-22.0, -16.0])


def test_root_mean_squared_error_is_in_the_units_of_y():
    assert root_mean_squared_error([0.0, 0.0], [30.0, 40.0]) == np.sqrt((900 + 1600) / 2)


def test_training_and_test_error_come_from_one_fit_and_leave_the_model_unfitted():
    training, test = regression(20, 1), regression(30, 1, seed=1)
    model = LinearRegression()
    errors = training_and_test_error(model, training, test)
    assert not hasattr(model, "coef_")
    fitted = model.fit(*training)
    assert errors == tuple(
        np.sqrt(metrics.mean_squared_error(y, fitted.predict(X))) for X, y in (training, test)
    )


def test_error_table_has_a_row_a_training_set_and_a_column_a_model():
    models = [LinearRegression(), Ridge(10.0)]
    training_sets, test = [regression(20, 1, seed=s) for s in (0, 1, 2)], regression(30, 1, seed=3)
    table = error_table(models, training_sets, test)
    assert table.shape == (3, 2, 2)
    assert tuple(table[2, 1]) == training_and_test_error(models[1], training_sets[2], test)


def test_best_by_validation_finds_the_degree_that_made_the_data():
    x = np.linspace(-1, 1, 40)
    y = x**3 + 0.01 * np.random.default_rng(0).standard_normal(40)
    models = [Polynomial(degree) for degree in (1, 2, 3)]
    assert best_by_validation(models, x, y, k_fold(40, 5, seed=0)) == 2


def test_gradient_is_zero_at_the_least_squares_line():
    X, y = regression(20, 1)
    model = LinearRegression().fit(X, y)
    slope = squared_error_gradient(model.coef_[0], model.intercept_, X[:, 0], y)
    np.testing.assert_allclose(slope, 0, atol=1e-8)


def test_gradient_of_a_grid_has_the_shape_of_the_grid():
    slopes = squared_error_gradient(np.zeros((3, 1)), np.zeros(4), [1.0, 2.0], [1.0, 3.0])
    np.testing.assert_array_equal(slopes[0], np.full((3, 4), -14.0))
    np.testing.assert_array_equal(slopes[1], np.full((3, 4), -8.0))


@pytest.mark.parametrize("targets", [None, 3])
def test_mean_squared_error_and_r_squared_are_scikit_learns(targets):
    X, y = regression(30, 2, targets)
    model = LinearRegression().fit(X, y)
    prediction = model.predict(X)
    np.testing.assert_allclose(
        mean_squared_error(y, prediction), metrics.mean_squared_error(y, prediction)
    )
    np.testing.assert_allclose(model.score(X, y), metrics.r2_score(y, prediction), rtol=1e-12)


# --- OLS and ridge against scikit-learn ---------------------------------------------------------


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("targets", [None, 4])
@pytest.mark.parametrize(("n", "d"), [(60, 5), (10, 1), (8, 20), (1, 2)])
def test_fit_equals_scikit_learn(n, d, targets, fit_intercept, alpha):
    X, y = regression(n, d, targets)
    ours = Ridge(alpha, fit_intercept).fit(X, y)
    same_fit(ours, reference(alpha, fit_intercept).fit(X, y), X)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_linear_regression_is_ridge_without_a_penalty(fit_intercept):
    X, y = regression(40, 3)
    ols = LinearRegression(fit_intercept=fit_intercept).fit(X, y)
    same_fit(ols, Ridge(0.0, fit_intercept).fit(X, y), X)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_rank_deficient_design_gives_the_solution_of_smallest_norm(fit_intercept):
    X, y = regression(30, 3)
    X = np.column_stack([X, X[:, 0], X[:, 1] - 2 * X[:, 2], np.full(30, 3.0)])
    ours = LinearRegression(fit_intercept=fit_intercept).fit(X, y)
    same_fit(ours, reference(0, fit_intercept).fit(X, y), X)


@pytest.mark.parametrize("alpha", [0.0, 0.1])
def test_ridge_on_polynomial_features_equals_scikit_learn(alpha):
    x = np.random.default_rng(1).normal(size=40)
    y = np.sin(2 * x)
    ours = Ridge(alpha).fit(polynomial_features(x, 5), y)
    same_fit(
        ours, reference(alpha, True).fit(polynomial_features(x, 5), y), polynomial_features(x, 5)
    )


def test_a_shift_of_the_target_moves_only_the_unpenalised_bias():
    X, y = regression(30, 4)
    near, far = Ridge(50.0).fit(X, y), Ridge(50.0).fit(X, y + 1000)
    np.testing.assert_allclose(far.coef_, near.coef_, atol=1e-9)
    np.testing.assert_allclose(far.intercept_, near.intercept_ + 1000, rtol=1e-12)


def test_fit_leaves_its_input_alone_and_forgets_an_earlier_fit():
    X, y = regression(30, 4)
    X_before, y_before = X.copy(), y.copy()
    model = LinearRegression().fit(X, y)
    again = LinearRegression().fit(X[:, :2] * 3, -y).fit(X, y)
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)
    np.testing.assert_array_equal(model.coef_, again.coef_)


def test_a_target_of_one_column_stays_a_column():
    X, y = regression(10, 3, targets=1)
    model = Ridge().fit(X, y)
    assert model.coef_.shape == (1, 3)
    assert model.intercept_.shape == (1,)
    assert model.predict(X).shape == (10, 1)


def test_whole_numbers_and_lists_are_welcome():
    model = LinearRegression().fit([[1], [2], [3]], [3, 5, 7])
    np.testing.assert_allclose([model.coef_[0], model.intercept_], [2, 1], rtol=1e-13)


# --- Accuracy ----------------------------------------------------------------------------------


def nearly_collinear(distance):
    X = np.random.default_rng(3).normal(size=(100, 5))
    X[:, 4] = X[:, 3] + distance * X[:, 4]
    return X


def hilbert(n, d):
    return 1 / (1 + np.arange(n)[:, None] + np.arange(d))


ILL_CONDITIONED = {
    "degree 10 on [0, 1]": polynomial_features(np.linspace(0, 1, 100), 10),
    "hilbert": hilbert(12, 8),
    **{f"collinear {d:g}": nearly_collinear(d) for d in (1e-2, 1e-3, 1e-4, 1e-5, 1e-7)},
}


@pytest.mark.parametrize("residual", [0.0, 1.0])
@pytest.mark.parametrize("X", ILL_CONDITIONED.values(), ids=ILL_CONDITIONED)
def test_ill_conditioned_designs_are_solved_as_accurately_as_by_lstsq(X, residual):
    truth = np.arange(1.0, X.shape[1] + 1)
    basis = np.linalg.qr(X)[0]
    noise = np.random.default_rng(0).normal(size=len(X))
    for _ in range(2):  # twice, so that the noise is orthogonal to X to the last digit
        noise -= basis @ (basis.T @ noise)
    y = (X.astype(np.longdouble) @ truth).astype(float) + residual * noise
    error = np.linalg.norm(least_squares(X, y) - truth)
    lstsq_error = np.linalg.norm(np.linalg.lstsq(X, y, rcond=None)[0] - truth)
    assert error <= max(3 * lstsq_error, 1e-10)


def test_plain_normal_equations_would_fail_on_such_a_design():
    X = ILL_CONDITIONED["degree 10 on [0, 1]"]
    truth = np.ones(X.shape[1])
    plain = np.linalg.solve(X.T @ X, X.T @ (X @ truth))
    assert np.linalg.norm(plain - truth) > 1e4 * np.linalg.norm(least_squares(X, X @ truth) - truth)


def test_the_two_ways_agree_on_a_well_conditioned_design(monkeypatch):
    X, y = regression(50, 6, targets=2)
    fast = Ridge(2.0).fit(X, y)
    monkeypatch.setattr(linear_models, "SVD_BELOW", 2.0)
    same_fit(fast, Ridge(2.0).fit(X, y), X)


@pytest.mark.parametrize("size", [1e-200, 1e-100, 1e100, 1e200])
def test_features_of_extreme_size_keep_their_digits(size):
    X, y = regression(30, 3)
    ordinary, extreme = LinearRegression().fit(X, y), LinearRegression().fit(X * size, y)
    np.testing.assert_allclose(extreme.coef_ * size, ordinary.coef_, rtol=1e-9)


def test_a_large_offset_of_the_features_does_not_spoil_the_slopes():
    X, y = regression(100, 3)
    near, far = LinearRegression().fit(X, y), LinearRegression().fit(X + 1e8, y)
    np.testing.assert_allclose(far.coef_, near.coef_, rtol=1e-6)


# --- Features ----------------------------------------------------------------------------------


@pytest.mark.parametrize("degree", [1, 2, 5])
@pytest.mark.parametrize("shape", [(7,), (7, 1), (7, 2), (7, 4)])
def test_polynomial_features_are_scikit_learns(shape, degree):
    x = np.random.default_rng(2).normal(size=shape)
    theirs = preprocessing.PolynomialFeatures(degree, include_bias=False)
    expected = theirs.fit_transform(x.reshape(7, -1))
    np.testing.assert_allclose(polynomial_features(x, degree), expected, rtol=1e-12, atol=1e-12)


def test_standard_scaler_is_scikit_learns_and_leaves_a_constant_at_zero():
    X = np.column_stack([regression(20, 3)[0], np.full(20, 0.1)])
    ours, theirs = StandardScaler().fit(X), preprocessing.StandardScaler().fit(X)
    np.testing.assert_allclose(ours.mean_, theirs.mean_, rtol=1e-13)
    np.testing.assert_allclose(ours.scale_, theirs.scale_, rtol=1e-13)
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), atol=1e-12)


@pytest.mark.parametrize("alpha", [0.0, 5.0])
def test_polynomial_is_a_chain_of_scikit_learns_steps(alpha):
    random = np.random.default_rng(4)
    x = random.uniform(10, 1000, size=30)
    y = 2 * x + random.normal(size=30)
    scale = preprocessing.StandardScaler
    powers = preprocessing.PolynomialFeatures(4, include_bias=False)
    design = scale().fit_transform(powers.fit_transform(scale().fit_transform(x[:, None])))
    same = reference(alpha, True).fit(design, y)
    ours = Polynomial(4, alpha).fit(x, y)
    np.testing.assert_allclose(ours.coef_, same.coef_, rtol=1e-8)
    np.testing.assert_allclose(ours.predict(x[:, None]), same.predict(design), rtol=1e-8)
    np.testing.assert_allclose(ours.score(x, y), same.score(design, y), rtol=1e-8)


def test_polynomial_recovers_a_polynomial_of_combat_powers():
    x = np.linspace(10, 1000, 30)
    model = Polynomial(3).fit(x, 1e-6 * x**3 - 2e-3 * x**2 + x)
    np.testing.assert_allclose(model.predict([500.0]), 125 - 500 + 500, rtol=1e-10)


def test_training_error_never_rises_with_the_degree():
    random = np.random.default_rng(5)
    x = random.uniform(10, 1000, size=12)
    y = x + 50 * random.normal(size=12)
    errors = [mean_squared_error(y, Polynomial(d).fit(x, y).predict(x)) for d in range(1, 9)]
    assert (np.diff(errors) <= 1e-9).all()


def test_weights_shrink_and_the_training_error_grows_with_the_penalty():
    x = np.linspace(-1, 1, 20)
    y = np.sin(3 * x)
    models = [Polynomial(7, alpha).fit(x, y) for alpha in [0.01, 0.1, 1, 10, 100]]
    assert (np.diff([np.linalg.norm(m.coef_) for m in models]) < 0).all()
    assert (np.diff([mean_squared_error(y, m.predict(x)) for m in models]) > 0).all()


def test_indicators_mark_the_category_of_each_sample():
    table = indicators(["b", "a", "b"])
    np.testing.assert_array_equal(table, [[0, 1], [1, 0], [0, 1]])
    assert table.dtype == float


def test_indicators_keep_the_order_of_given_categories():
    np.testing.assert_array_equal(indicators([3, 1], [3, 2, 1]), [[1, 0, 0], [0, 0, 1]])


def test_one_design_fits_the_lines_of_all_species_at_once():
    random = np.random.default_rng(6)
    x, species = random.uniform(10, 600, size=60), random.choice(["Eevee", "Pidgey"], size=60)
    y = np.where(species == "Eevee", 2.5 * x + 10, 1.8 * x - 3) + random.normal(size=60)
    design = lines_per_category(x, species)
    together = LinearRegression(fit_intercept=False).fit(design, y)
    for column, name in enumerate(["Eevee", "Pidgey"]):
        own = species == name
        alone = LinearRegression().fit(x[own, None], y[own])
        np.testing.assert_allclose(together.coef_[column], alone.intercept_, rtol=1e-8)
        np.testing.assert_allclose(together.coef_[2 + column], alone.coef_[0], rtol=1e-8)


# --- Model selection ---------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "k"), [(10, 2), (10, 3), (11, 4), (5, 5)])
def test_consecutive_folds_are_scikit_learns(n, k):
    theirs = list(model_selection.KFold(k).split(np.zeros(n)))
    for (train, validation), (their_train, their_validation) in zip(
        k_fold(n, k), theirs, strict=True
    ):
        np.testing.assert_array_equal(train, their_train)
        np.testing.assert_array_equal(validation, their_validation)


def test_shuffled_folds_validate_each_sample_once_and_follow_the_seed():
    folds = k_fold(23, 4, seed=1)
    assert sorted(np.concatenate([validation for _, validation in folds])) == list(range(23))
    for train, validation in folds:
        assert sorted(np.concatenate([train, validation])) == list(range(23))
    np.testing.assert_array_equal(folds[0][1], k_fold(23, 4, seed=1)[0][1])
    assert not np.array_equal(folds[0][1], k_fold(23, 4, seed=2)[0][1])


def test_holdout_puts_the_fraction_aside():
    train, validation = holdout(20, fraction=0.25, seed=3)
    assert len(validation) == 5
    assert sorted([*train, *validation]) == list(range(20))
    np.testing.assert_array_equal(validation, holdout(20, fraction=0.25, seed=3)[1])


@pytest.mark.parametrize("alpha", [0.0, 2.0])
def test_cross_validation_is_scikit_learns(alpha):
    X, y = regression(25, 3)
    theirs = model_selection.cross_val_score(
        reference(alpha, True), X, y, cv=5, scoring="neg_mean_squared_error"
    )
    np.testing.assert_allclose(
        cross_validate(Ridge(alpha), X, y, k_fold(25, 5)), -theirs, rtol=1e-8
    )


def test_cross_validation_leaves_the_model_unfitted():
    X, y = regression(25, 3)
    model = LinearRegression()
    cross_validate(model, X, y, k_fold(25, 5))
    assert not hasattr(model, "coef_")


# --- Bias and variance -------------------------------------------------------------------------

POINTS = np.linspace(-0.8, 0.8, 40)  # not to the ends: there a high degree runs wild
SIGMA = 0.5


def wave(x):
    return np.sin(3 * x)


def draw_wave(random, n=20):
    x = random.uniform(-1, 1, size=n)
    return x, wave(x) + SIGMA * random.normal(size=n)


def judge(model, seed=0, universes=200, draw=draw_wave):
    return bias_variance(model, draw, POINTS, wave(POINTS), SIGMA**2, universes, seed)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("model", [Polynomial(1), Polynomial(3), Polynomial(5, alpha=1.0)])
def test_bias_variance_and_noise_add_up_to_the_measured_error(model, seed):
    result = judge(model, seed)
    assert abs(result.expected_error - result.measured_error) < 4 * result.standard_error


def test_bias_and_variance_are_exactly_the_distance_to_the_truth():
    result = judge(Polynomial(4))
    distance = ((result.predictions - wave(POINTS)) ** 2).mean()
    np.testing.assert_allclose(result.bias_squared + result.variance, distance, rtol=1e-12)
    np.testing.assert_allclose(result.mean, result.predictions.mean(axis=0))
    assert result.predictions.shape == (200, 40)


def test_variance_of_least_squares_on_a_fixed_design_is_the_one_of_the_theory():
    X = np.random.default_rng(7).normal(size=(30, 4))
    truth = X @ np.ones(4) + 2
    with_ones = np.column_stack([np.ones(30), X])
    leverage = np.diag(with_ones @ np.linalg.pinv(with_ones))

    def draw(random):
        return X, truth + SIGMA * random.normal(size=30)

    result = bias_variance(LinearRegression(), draw, X, truth, SIGMA**2, universes=4000)
    # The mean of U chi-squared sums with 5 degrees of freedom: relative standard error √(2 / 5U).
    np.testing.assert_allclose(
        result.variance, SIGMA**2 * leverage.mean(), rtol=3 * (2 / 2e4) ** 0.5
    )
    assert result.bias_squared < 3 * result.variance / 4000


def test_a_high_degree_has_less_bias_and_more_variance():
    low, high = judge(Polynomial(1)), judge(Polynomial(5))
    assert high.bias_squared < low.bias_squared
    assert high.variance > low.variance


def test_more_data_cut_the_variance():
    few = judge(Polynomial(3))
    many = judge(Polynomial(3), draw=lambda random: draw_wave(random, n=150))
    assert many.variance < few.variance / 5


def test_a_penalty_trades_variance_for_bias():
    free, held = judge(Polynomial(5)), judge(Polynomial(5, alpha=3.0))
    assert held.variance < free.variance
    assert held.bias_squared > free.bias_squared


def test_noise_may_differ_from_point_to_point():
    noise = np.linspace(0, 2, 40)
    result = bias_variance(Polynomial(1), draw_wave, POINTS, wave(POINTS), noise, universes=300)
    assert result.noise == noise.mean()
    assert abs(result.expected_error - result.measured_error) < 4 * result.standard_error


@pytest.mark.parametrize("degree", [1, 3, 5])
@pytest.mark.parametrize("penalty", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("n", [20, 100])
def test_the_explorers_fits_at_once_are_those_of_polynomial_one_by_one(degree, penalty, n):
    caught = [sample_evolutions(seed, n)[:2] for seed in range(20)]
    x, y = np.stack(caught, axis=1)
    at = np.linspace(50, 600, 7)
    one_by_one = [Polynomial(degree, penalty).fit(*pair).predict(at) for pair in caught]
    np.testing.assert_allclose(fit_each(x, y, degree, penalty, at), one_by_one, rtol=1e-7)


def test_the_measured_error_can_be_that_of_given_targets():
    y = wave(POINTS) + 0.5
    result = bias_variance(Polynomial(2), draw_wave, POINTS, wave(POINTS), universes=20, y=y)
    assert result.measured_error == pytest.approx(((y - result.predictions) ** 2).mean())
    wrong = bias_variance(Polynomial(2), draw_wave, POINTS, wave(POINTS), universes=20, y=y + 5)
    assert abs(wrong.expected_error - wrong.measured_error) > 10 * wrong.standard_error


@pytest.mark.parametrize("constant", [0.1, 0.3, 0.7, 1e12 + 0.1])
def test_a_constant_column_gets_the_weight_zero(constant):
    x = np.arange(10.0)
    model = LinearRegression().fit(
        np.column_stack([x, np.full(10, constant)]), 3 + 2 * x + np.sin(x)
    )
    assert model.coef_[1] == 0


def test_nearly_dependent_columns_leave_a_column_in_small_units_alone():
    a, b, c = np.random.default_rng(0).standard_normal((3, 100))
    X = np.column_stack([1e8 * a, a + 1e-5 * b, 1e-8 * c])
    assert LinearRegression().fit(X, a + c).score(X, a + c) > 0.9999


def test_folds_may_come_from_a_generator():
    X, y = regression(12, 2)
    folds = k_fold(12, 3)
    models = [Ridge(1e6), LinearRegression()]
    assert best_by_validation(models, X, y, (fold for fold in folds)) == 1
    np.testing.assert_array_equal(
        cross_validate(Ridge(), X, y, iter(folds)), cross_validate(Ridge(), X, y, folds)
    )


def test_a_seed_gives_every_model_the_same_universes():
    seen = {}

    def remember(key):
        def draw(random):
            data = draw_wave(random)
            seen.setdefault(key, []).append(data[1])
            return data

        return draw

    for degree in (1, 5):
        judge(Polynomial(degree), universes=3, draw=remember(degree))
    np.testing.assert_array_equal(seen[1], seen[5])


def test_bias_variance_leaves_the_model_unfitted():
    model = Polynomial(2)
    judge(model, universes=3)
    assert vars(model) == vars(copy.deepcopy(Polynomial(2)))


# --- What is refused, and how it is said -------------------------------------------------------

X, Y = regression(10, 3)
WITH_NAN = np.where(np.arange(30).reshape(10, 3) == 4, np.nan, X)

REFUSED = {
    "X with NaN": (lambda: LinearRegression().fit(WITH_NAN, Y), "X must be finite, 1 of 30"),
    "X with one axis": (lambda: LinearRegression().fit(Y, Y), r"shape \(10,\): write x\[:, None\]"),
    "X empty": (lambda: LinearRegression().fit(np.empty((0, 3)), []), "X must not be empty"),
    "y too short": (lambda: LinearRegression().fit(X, Y[:4]), "same length, came X 10, y 4"),
    "y infinite": (lambda: LinearRegression().fit(X, np.full(10, np.inf)), "y must be finite"),
    "alpha negative": (lambda: Ridge(-1).fit(X, Y), "alpha must be at least 0, came -1"),
    "alpha NaN": (lambda: Ridge(np.nan).fit(X, Y), "alpha must be a finite number"),
    "not fitted": (lambda: Ridge().predict(X), "this Ridge is not fitted yet"),
    "polynomial not fitted": (lambda: Polynomial(2).predict(Y), "this Polynomial is not fitted"),
    "scaler not fitted": (lambda: StandardScaler().transform(X), "this StandardScaler is not"),
    "other features": (lambda: Ridge().fit(X, Y).predict(X[:, :2]), "X must have 3 features"),
    "other columns": (lambda: StandardScaler().fit(X).transform(X[:, :2]), "must have 3 features"),
    "constant y": (lambda: r_squared(np.ones(3), np.ones(3)), "y must vary"),
    "other shapes": (
        lambda: mean_squared_error(Y, Y[:, None]),
        r"came y \(10,\), prediction \(10, 1",
    ),
    "line of unequal data": (lambda: squared_error(1, 1, Y, Y[:3]), "x and y must have the same"),
    "grids that do not fit": (
        lambda: squared_error(np.ones(2), np.ones(3), Y, Y),
        r"w and b must broadcast, came w \(2,\), b \(3,\)",
    ),
    "degree 0": (lambda: polynomial_features(Y, 0), "degree must be at least 1, came 0"),
    "overflow": (lambda: polynomial_features([1e200], 2), "standardise x first"),
    "unknown label": (lambda: indicators(["a", "c"], ["a", "b"]), "one of .*, came .*'c'"),
    "category twice": (lambda: indicators(["a"], ["a", "a"]), "each label must be one of"),
    "labels in a table": (lambda: indicators([["a"]]), "labels must be 1-dimensional"),
    "one label short": (lambda: lines_per_category(Y, ["a"] * 9), "x 10, labels 9"),
    "k larger than n": (lambda: k_fold(3, 4), "k must be at most n = 3, came 4"),
    "one fold": (lambda: k_fold(3, 1), "k must be at least 2, came 1"),
    "nothing held out": (lambda: holdout(10, 0.01), "fraction must leave samples on both sides"),
    "everything held out": (lambda: holdout(10, 1.5), "fraction must leave samples on both sides"),
    "folds of other data": (lambda: cross_validate(Ridge(), X, Y, k_fold(12, 3)), "folds"),
    "negative noise": (
        lambda: bias_variance(Ridge(), draw_wave, X, Y, noise_variance=-1),
        "noise_variance must not be negative",
    ),
    "one universe": (
        lambda: bias_variance(Ridge(), draw_wave, X, Y, universes=1),
        "universes must be at least 2",
    ),
    "one fit": (lambda: split_error(Y[None], Y), "number of predictions must be at least 2"),
    "fits at other points": (
        lambda: split_error(np.ones((3, 4)), Y),
        r"came truth \(10,\), prediction \(4,\)",
    ),
    "y of other shape": (
        lambda: bias_variance(Polynomial(1), draw_wave, Y, Y, y=Y[:4]),
        "truth and y must have the same shape",
    ),
    "no folds": (lambda: cross_validate(Ridge(), X, Y, []), "folds must not be empty"),
    "no models": (lambda: best_by_validation([], X, Y, k_fold(10, 2)), "models must not be empty"),
    "a negative index": (
        lambda: cross_validate(Ridge(), X, Y, [([0, 1], [-1])]),
        "folds must hold indices from 0 to 9",
    ),
    "truth of other length": (
        lambda: bias_variance(Ridge(), draw_wave, X, Y[:4]),
        "x and truth must have the same length, came x 10, truth 4",
    ),
}


@pytest.mark.parametrize(("call", "words"), REFUSED.values(), ids=REFUSED)
def test_bad_values_are_refused_in_plain_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()


NOT_NUMBERS = {
    "X of text": (lambda: LinearRegression().fit([["a"]], [1]), "X must hold real numbers"),
    "X of rows of other lengths": (
        lambda: LinearRegression().fit([[1], [1, 2]], [1, 2]),
        "X must hold real numbers",
    ),
    "X complex": (lambda: LinearRegression().fit([[1j]], [1]), "X must hold real numbers"),
    "degree 2.5": (lambda: polynomial_features(Y, 2.5), "degree must be a whole number, came 2.5"),
    "alpha text": (lambda: Ridge("much").fit(X, Y), "alpha must be a number, came 'much'"),
    "draw of one thing": (
        lambda: bias_variance(Ridge(), lambda random: X, X, Y),
        r"draw must return a pair \(X, y\), came ndarray",
    ),
}


@pytest.mark.parametrize(("call", "words"), NOT_NUMBERS.values(), ids=NOT_NUMBERS)
def test_things_of_the_wrong_kind_are_refused_in_plain_words(call, words):
    with pytest.raises(TypeError, match=words):
        call()


def test_the_linear_objective_is_half_the_mean_squared_error_and_has_its_gradient():
    loss, gradient = linear_models.linear_objective(X, Y)
    w, step = np.arange(X.shape[1]) / 3, 1e-5
    assert loss(w) == pytest.approx(mean_squared_error(Y, X @ w) / 2)
    numeric = [(loss(w + shift) - loss(w - shift)) / (2 * step) for shift in step * np.eye(len(w))]
    np.testing.assert_allclose(gradient(w), numeric, rtol=1e-6)
    one_by_one = [gradient(w, np.array([i])) for i in range(len(Y))]
    np.testing.assert_allclose(np.mean(one_by_one, axis=0), gradient(w), rtol=1e-10)
