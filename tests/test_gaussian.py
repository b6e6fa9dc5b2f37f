"""Gaussian classifiers and naive Bayes: equal to scikit-learn and SciPy, true to Bayes' rule."""

import inspect

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.naive_bayes import BernoulliNB, GaussianNB

from course_lib import gaussian
from course_lib.datasets import STATS, load_pokemon
from course_lib.gaussian import (
    BernoulliNaiveBayes,
    GaussianClassifier,
    fit_gaussian,
    gaussian_log_density,
)

KINDS = ["own", "shared", "diagonal"]


def clouds(classes, d, n=60, seed=0, labels="texts"):
    """Clouds of different sizes, shapes and places, their features in different units."""
    random = np.random.default_rng(seed)
    counts = n + 7 * np.arange(classes)
    X = [random.normal(size=(c, d)) @ random.normal(size=(d, d)) + k for k, c in enumerate(counts)]
    y = np.repeat(np.arange(classes), counts)
    X = np.concatenate(X) * 10.0 ** random.integers(-1, 2, d)
    return X, y if labels == "numbers" else np.array([f"class {k}" for k in y])


def reference(kind, X, y):
    """scikit-learn's estimator, fitted, and whether it divides by n_k − 1 (before version 1.9)."""
    if kind == "own":
        theirs = QuadraticDiscriminantAnalysis(store_covariance=True, tol=1e-12).fit(X, y)
        first = np.cov(X[y == theirs.classes_[0]].T, ddof=1)
        return theirs, np.allclose(theirs.covariance_[0], first, rtol=1e-9, atol=0)
    theirs = LinearDiscriminantAnalysis("lsqr") if kind == "shared" else GaussianNB(var_smoothing=0)
    return theirs.fit(X, y), False


@pytest.fixture
def pokemon():
    table = load_pokemon(("Water", "Normal"))
    return table[table["number"] <= 400], table[table["number"] > 400]


# --- against scikit-learn ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("classes", "d"), [(2, 1), (2, 2), (2, 6), (3, 4), (5, 3)])
def test_posteriors_equal_scikit_learns(kind, classes, d):
    X, y = clouds(classes, d)
    new = clouds(classes, d, seed=1)[0]
    theirs, unbiased = reference(kind, X, y)
    ours = GaussianClassifier(kind, unbiased=unbiased).fit(X, y)
    np.testing.assert_allclose(
        ours.predict_proba(new), theirs.predict_proba(new), rtol=0, atol=1e-10
    )
    np.testing.assert_array_equal(ours.predict(new), theirs.predict(new))
    np.testing.assert_allclose(ours.priors_, np.unique(y, return_counts=True)[1] / len(y))
    assert ours.score(X, y) == theirs.score(X, y)


@pytest.mark.parametrize("kind", KINDS)
def test_posteriors_of_real_pokemon_equal_scikit_learns(kind, pokemon):
    training, test = pokemon
    theirs, unbiased = reference(kind, training[STATS], training["type1"].to_numpy())
    ours = GaussianClassifier(kind, unbiased=unbiased).fit(training[STATS], training["type1"])
    came, wanted = ours.predict_proba(test[STATS]), theirs.predict_proba(test[STATS])
    np.testing.assert_allclose(came, wanted, rtol=0, atol=1e-10)


def test_posteriors_equal_the_svd_solver_of_lda_up_to_its_divisor():
    X, y = clouds(3, 4)
    theirs = LinearDiscriminantAnalysis("svd", store_covariance=True).fit(X, y)
    fits = [GaussianClassifier("shared", unbiased=flag).fit(X, y) for flag in (False, True)]
    gaps = [abs(fit.predict_proba(X) - theirs.predict_proba(X)).max() for fit in fits]
    assert min(gaps) < 1e-10  # n before version 1.9: n − K
    ratio = fits[1].covariances_[0] / fits[0].covariances_[0]
    np.testing.assert_allclose(ratio, len(y) / (len(y) - 3))


@pytest.mark.parametrize("kind", KINDS)
def test_given_priors_are_used_as_scikit_learn_uses_them(kind):
    X, y = clouds(2, 2)
    priors = [0.9, 0.1]
    theirs = {
        "own": QuadraticDiscriminantAnalysis(priors=priors),
        "shared": LinearDiscriminantAnalysis("lsqr", priors=priors),
        "diagonal": GaussianNB(priors=priors, var_smoothing=0),
    }[kind].fit(X, y)
    unbiased = kind == "own" and reference(kind, X, y)[1]
    ours = GaussianClassifier(kind, priors=priors, unbiased=unbiased).fit(X, y)
    if kind == "shared":  # scikit-learn weights the covariances by the priors, we by the counts
        own = GaussianClassifier("own").fit(X, y).covariances_
        np.testing.assert_allclose(theirs.covariance_, np.tensordot(priors, own, 1), rtol=1e-9)
        theirs = LinearDiscriminantAnalysis("lsqr").fit(X, y)  # so its Σ, moved to these priors
        theirs.intercept_ += np.diff(np.log(priors) - np.log(theirs.priors_))
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=0, atol=1e-10)


@pytest.mark.parametrize("alpha", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("classes", [2, 3])
def test_bernoulli_naive_bayes_equals_scikit_learns(alpha, classes):
    random = np.random.default_rng(0)
    y = random.integers(classes, size=80)
    X = random.uniform(size=(80, 6)) < (1 + y[:, None]) / (classes + 2)
    ours, theirs = BernoulliNaiveBayes(alpha).fit(X, y), BernoulliNB(alpha=alpha).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=0, atol=1e-12)
    np.testing.assert_allclose(np.log(ours.probabilities_), theirs.feature_log_prob_, atol=1e-12)


# --- the normal distribution ---------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 2, 5])
def test_log_density_is_scipys(d):
    random = np.random.default_rng(d)
    X, root = 3 * random.normal(size=(20, d)), random.normal(size=(d, d))
    mean, covariance = random.normal(size=d), root @ root.T + 0.1 * np.eye(d)
    expected = multivariate_normal(mean, covariance).logpdf(X)
    came = gaussian_log_density(X, mean, covariance)
    np.testing.assert_allclose(came, expected.ravel(), rtol=1e-10)


def test_log_density_names_the_columns_of_a_data_frame():
    frame = pd.DataFrame([[1.0, 2.0]], columns=["height", "length"])
    with pytest.raises(ValueError, match="up to a constant, length = 2·height"):
        gaussian_log_density(frame, [0, 0], [[1, 2], [2, 4]])


def test_fit_gaussian_is_the_mean_and_the_covariance_that_divides_by_n():
    X = clouds(2, 3)[0]
    mean, covariance = fit_gaussian(X)
    np.testing.assert_allclose(mean, X.mean(axis=0))
    np.testing.assert_allclose(covariance, np.cov(X.T, ddof=0), rtol=1e-10)


def test_no_other_mean_or_covariance_makes_the_data_more_probable():
    random = np.random.default_rng(0)
    X = random.normal(size=(30, 3)) @ random.normal(size=(3, 3))
    mean, covariance = fit_gaussian(X)
    best = gaussian_log_density(X, mean, covariance).sum()
    for size in (1e-3, 0.1, 1):
        shift, root = size * random.normal(size=(2, 3, 3))
        turn = np.eye(3) + root
        assert gaussian_log_density(X, mean + shift[0], covariance).sum() < best
        assert gaussian_log_density(X, mean, turn @ covariance @ turn.T).sum() < best


# --- Bayes' rule ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_posterior_is_likelihood_times_prior_over_their_sum(kind):
    X, y = clouds(3, 2)
    model = GaussianClassifier(kind).fit(X, y)
    joint = np.stack(
        [
            prior * multivariate_normal(mean, covariance).pdf(X)
            for prior, mean, covariance in zip(
                model.priors_, model.means_, model.covariances_, strict=True
            )
        ],
        axis=1,
    )
    expected = joint / joint.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-8, atol=1e-12)


def test_far_away_the_posteriors_still_sum_to_one_without_a_warning():
    X, y = clouds(3, 2)
    for kind in KINDS:
        posterior = GaussianClassifier(kind).fit(X, y).predict_proba([[1e50, -1e60], [0, 1e70]])
        np.testing.assert_allclose(posterior.sum(axis=1), 1)


def test_the_shared_covariance_is_the_average_weighted_by_the_class_sizes(pokemon):
    training, _ = pokemon
    own = GaussianClassifier("own").fit(training[STATS], training["type1"])
    shared = GaussianClassifier("shared").fit(training[STATS], training["type1"])
    expected = 60 / 133 * own.covariances_[0] + 73 / 133 * own.covariances_[1]
    for covariance in shared.covariances_:
        np.testing.assert_allclose(covariance, expected, rtol=1e-12)


def test_naive_bayes_is_a_product_of_one_dimensional_densities():
    X, y = clouds(2, 3)
    model = GaussianClassifier("diagonal").fit(X, y)
    each = [GaussianClassifier("own").fit(X[:, [j]], y) for j in range(3)]
    joint = sum(one.predict_joint_log_proba(X[:, [j]]) for j, one in enumerate(each))
    expected = joint - 2 * np.log(model.priors_)  # the prior was counted three times
    np.testing.assert_allclose(model.predict_joint_log_proba(X), expected, rtol=1e-10)


@pytest.mark.parametrize("d", [1, 2, 6])
@pytest.mark.parametrize("priors", [None, (0.8, 0.2)])
def test_with_a_shared_covariance_the_posterior_is_the_sigmoid_of_a_linear_function(d, priors):
    X, y = clouds(2, d)
    model = GaussianClassifier("shared", priors=priors).fit(X, y)
    w, b = model.linear_form()
    sigmoid = 1 / (1 + np.exp(-(X @ w + b)))
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], sigmoid, rtol=0, atol=1e-12)


def test_the_linear_form_is_the_formula_of_the_lecture(pokemon):
    training, _ = pokemon
    model = GaussianClassifier("shared").fit(training[STATS], training["type1"])
    w, b = model.linear_form()
    inverse, (mean_2, mean_1) = np.linalg.inv(model.covariances_[0]), model.means_
    np.testing.assert_allclose(w, inverse @ (mean_1 - mean_2), rtol=1e-9)
    expected = -mean_1 @ inverse @ mean_1 / 2 + mean_2 @ inverse @ mean_2 / 2 + np.log(73 / 60)
    assert b == pytest.approx(expected, rel=1e-9)


def test_samples_of_the_model_give_the_model_back():
    X, y = clouds(2, 2)
    model = GaussianClassifier("own").fit(X, y)
    again = GaussianClassifier("own").fit(*model.sample(200_000, seed=1))
    np.testing.assert_allclose(again.priors_, model.priors_, atol=0.005)
    spread = np.sqrt(model.covariances_[:, [0, 1], [0, 1]])
    np.testing.assert_allclose(again.means_ / spread, model.means_ / spread, atol=0.02)
    correlation = [S / np.sqrt(np.outer(np.diag(S), np.diag(S))) for S in again.covariances_]
    expected = [S / np.sqrt(np.outer(np.diag(S), np.diag(S))) for S in model.covariances_]
    np.testing.assert_allclose(correlation, expected, atol=0.02)
    np.testing.assert_array_equal(model.sample(5, seed=3)[0], model.sample(5, seed=3)[0])
    assert model.sample(True)[0].shape == (1, 2)  # True is 1, as in Python


@pytest.mark.parametrize("kind", KINDS)
def test_units_and_offsets_of_the_features_change_no_posterior(kind):
    X, y = clouds(2, 3)
    ordinary = GaussianClassifier(kind).fit(X, y).predict_proba(X)
    X_other = X * [1e-6, 1e3, 1e9] + [5, 1e3, 0]
    other = GaussianClassifier(kind).fit(X_other, y).predict_proba(X_other)
    np.testing.assert_allclose(other, ordinary, atol=1e-6)


def test_fit_leaves_its_input_alone_and_forgets_an_earlier_fit():
    X, y = clouds(2, 3)
    before = X.copy(), y.copy()
    again = GaussianClassifier().fit(X[:, :2], y == y[0]).fit(X, y)
    np.testing.assert_array_equal(again.means_, GaussianClassifier().fit(X, y).means_)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(y, before[1])


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["own", "shared"])
@pytest.mark.parametrize("place", range(7))
def test_a_total_is_named_as_the_sum_of_its_parts_wherever_it_stands(kind, place, pokemon):
    columns = [*STATS[:place], "total", *STATS[place:]]
    training, _ = pokemon
    words = r"total = hp \+ attack \+ defense \+ sp_attack \+ sp_defense \+ speed; leave one"
    with pytest.raises(ValueError, match=words):
        GaussianClassifier(kind).fit(training[columns], training["type1"])


def test_naive_bayes_needs_no_correlations_and_takes_the_total_too(pokemon):
    training, _ = pokemon
    model = GaussianClassifier("diagonal").fit(training[["total", *STATS]], training["type1"])
    assert np.isfinite(model.predict_proba(training[["total", *STATS]])).all()


def test_a_dependence_has_its_factors_and_leaves_out_what_takes_no_part():
    X, y = clouds(2, 4)
    X = np.random.default_rng(0).normal(size=X.shape)
    X[:, 3] = 3 * X[:, 0] - 0.5 * X[:, 2] + 7
    with pytest.raises(ValueError, match=r"up to a constant, x0 = 0.1667·x2 \+ 0.3333·x3; leave"):
        GaussianClassifier("shared").fit(X, y)


def test_a_dependence_within_one_class_names_the_class():
    X, y = clouds(2, 2, labels="numbers")
    X = np.random.default_rng(0).normal(size=X.shape)
    X[y == 1, 1] = X[y == 1, 0]
    frame = pd.DataFrame(X, columns=["height", "tallness"])
    with pytest.raises(ValueError, match="of 1 is singular: up to a constant, tallness = height"):
        GaussianClassifier("own").fit(frame, y)
    theirs = LinearDiscriminantAnalysis("lsqr").fit(X, y).predict_proba(X)
    ours = GaussianClassifier("shared").fit(frame, y).predict_proba(frame)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("constant", [0.0, 0.1, -1e9])
def test_a_constant_feature_is_named(kind, constant):
    X, y = clouds(2, 2)
    X[:, 1] = constant
    with pytest.raises(ValueError, match="singular: x1 does not vary within a class; leave x1 out"):
        GaussianClassifier(kind).fit(X, y)
    with pytest.raises(ValueError, match="covariance is singular: x1 does not vary; leave x1 out"):
        gaussian_log_density(X, *fit_gaussian(X))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("values", [(0, 0.3), (0.1, 0.3), (-1e9, 1)])
def test_a_feature_that_is_constant_within_each_class_is_named(kind, values):
    X, y = clouds(2, 2, labels="numbers")
    X[:, 1] = np.array(values)[y]  # it tells the classes apart, but no Gaussian is so narrow
    with pytest.raises(ValueError, match="singular: x1 does not vary within a class; leave x1 out"):
        GaussianClassifier(kind).fit(X, y)


@pytest.mark.parametrize(
    "columns", [["b", "a"], ["a", "B"], ["a", "b", "c"]], ids=["permuted", "renamed", "one more"]
)
def test_a_data_frame_with_other_columns_than_in_fit_is_refused(columns):
    X, y = clouds(2, 2)
    model = GaussianClassifier().fit(pd.DataFrame(X, columns=["a", "b"]), y)
    frame = pd.DataFrame(np.ones((2, len(columns))), columns=columns)
    with pytest.raises(ValueError, match=r"columns \['a', 'b'\], in this order, came"):
        model.predict(frame)


def test_an_array_may_stand_for_a_data_frame_and_the_other_way_round():
    X, y = clouds(2, 2)
    frame = pd.DataFrame(X, columns=["a", "b"])
    expected = GaussianClassifier().fit(X, y).predict_proba(X)
    for fitted, asked in ((frame, X), (X, frame), (frame, frame)):
        came = GaussianClassifier().fit(fitted, y).predict_proba(asked)
        np.testing.assert_array_equal(came, expected)


def test_features_that_are_nearly_dependent_are_accepted():
    X, y = clouds(2, 2)
    noise = np.random.default_rng(0).normal(size=len(X))
    X[:, 1] = X[:, 0] * (1 + 1e-3 * noise)
    theirs, unbiased = reference("own", X, y)
    ours = GaussianClassifier("own", unbiased=unbiased).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-7)


FEW = np.array([[0.0, 1], [1, 0], [2, 2], [0, 3], [1, 5]]), np.array(list("aaabb"))


def test_too_few_samples_of_a_class_are_named():
    with pytest.raises(
        ValueError, match="2 samples of class b are too few for 2 features .*'own': at least 3"
    ):
        GaussianClassifier("own").fit(*FEW)


@pytest.mark.parametrize("kind", ["shared", "diagonal"])
def test_with_fewer_parameters_fewer_samples_are_enough(kind):
    X, y = FEW
    theirs, _ = reference(kind, X, y)
    ours = GaussianClassifier(kind).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=0, atol=1e-10)
    with pytest.raises(ValueError, match="too few for 2 features"):
        GaussianClassifier(kind).fit(X[[0, 1, 3]], y[[0, 1, 3]])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda X, y: GaussianClassifier("full").fit(X, y), ValueError, "'own', 'shared' or"),
        (lambda X, y: GaussianClassifier().predict(X), ValueError, "is not fitted yet"),
        (lambda X, y: GaussianClassifier("shared").linear_form(), ValueError, "not fitted yet"),
        (lambda X, y: GaussianClassifier().sample(3), ValueError, "not fitted yet"),
        (lambda X, y: GaussianClassifier().fit(X, y[:-1]), ValueError, "same length"),
        (lambda X, y: GaussianClassifier().fit(X[:, 0], y), ValueError, "n_samples, n_features"),
        (lambda X, y: GaussianClassifier().fit(X * np.nan, y), ValueError, "finite"),
        (lambda X, y: GaussianClassifier().fit(X, y * 0), ValueError, "at least two classes"),
        (lambda X, y: GaussianClassifier().fit(X, y).predict(X[:, :1]), ValueError, "2 features"),
        (lambda X, y: GaussianClassifier("own").fit(X, y).linear_form(), ValueError, "shared"),
        (lambda X, y: GaussianClassifier(priors=[1, 1]).fit(X, y), ValueError, "sum to 1"),
        (lambda X, y: GaussianClassifier(priors=[1.0]).fit(X, y), ValueError, "one value a class"),
        (lambda X, y: GaussianClassifier().fit([["a", "b"]], [1]), TypeError, "real numbers"),
        (lambda X, y: BernoulliNaiveBayes().fit(X, y), ValueError, "X must hold only 0 and 1"),
        (lambda X, y: BernoulliNaiveBayes(0).fit(X > 0, y), ValueError, "alpha must be greater"),
        (lambda X, y: fit_gaussian(X[:0]), ValueError, "must not be empty"),
        (
            lambda X, y: gaussian_log_density(X, [0, 0], [[1, 2], [2, 1]]),
            ValueError,
            "no negative eigenvalue",
        ),
        (
            lambda X, y: gaussian_log_density(X, [0], np.eye(2)),
            ValueError,
            r"must have shapes \(2,\) and \(2, 2\)",
        ),
        (
            lambda X, y: gaussian_log_density(X, [0, 0], [[1, 1], [1, 1]]),
            ValueError,
            "singular: up to a constant, x",
        ),
    ],
)
def test_bad_input_is_refused_in_plain_words(call, error, words):
    X, y = clouds(2, 2, labels="numbers")
    with pytest.raises(error, match=words):
        call(X, y)


def test_the_linear_form_is_for_two_classes():
    with pytest.raises(ValueError, match="two classes, came 3"):
        GaussianClassifier("shared").fit(*clouds(3, 2)).linear_form()


def test_the_linear_form_of_naive_bayes_gives_its_posterior():
    random = np.random.default_rng(0)
    X, y = (random.random((60, 4)) < 0.4).astype(float), random.integers(2, size=60)
    model = BernoulliNaiveBayes().fit(X, y)
    w, b = model.linear_form()
    posterior = 1 / (1 + np.exp(-(X @ w + b)))
    np.testing.assert_allclose(posterior, model.predict_proba(X)[:, 1], rtol=1e-12)
    with pytest.raises(ValueError, match="two classes, came 3"):
        BernoulliNaiveBayes().fit(X, random.integers(3, size=60)).linear_form()


def test_a_function_fits_on_a_slide():
    members = vars(gaussian).values()
    classes = [thing for thing in members if inspect.isclass(thing)]
    for thing in [*members, *(method for one in classes for method in vars(one).values())]:
        if getattr(thing, "__module__", "") != gaussian.__name__ or inspect.isclass(thing):
            continue
        assert len(inspect.getsource(thing).splitlines()) <= 40
