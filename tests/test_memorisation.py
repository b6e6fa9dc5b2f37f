"""Random labels are learned, least squares descends twice, and what is stored comes out again."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from course_lib import memorisation
from course_lib.experiments import load_experiment, summary
from course_lib.memorisation import RandomFeatures, decompose, random_labels, ridge_path

SAME = 0.05  # the same code and seed: what is left is rounding on another machine, amplified


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


# --- random labels --------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_nine_in_ten_of_the_replaced_labels_are_wrong(share):
    y = np.arange(20_000) % 10
    new = random_labels(y, share, seed=1)
    assert np.mean(new != y) == pytest.approx(0.9 * share, abs=0.012)
    assert set(new) <= set(range(10))
    np.testing.assert_array_equal(new, random_labels(y, share, seed=1))


def test_random_labels_do_not_depend_on_the_true_ones():
    y = np.arange(20_000) % 10
    table = np.zeros((10, 10))
    np.add.at(table, (y, random_labels(y, 1.0)), 1)
    assert abs(table - 200).max() < 60  # each cell is 200, give or take 14


def test_a_network_learns_random_labels_and_nothing_else():
    table = memorisation.memorise(1.0, n=150)
    assert table.training.iloc[-1] == 0 < table.training.iloc[-2]
    assert table.test.iloc[-1] > 0.8
    assert table["update"].tolist() == [3 * epoch for epoch in range(len(table))]


def test_looks_can_be_rarer_and_need_not_stop_the_training():
    table = memorisation.memorise(0.0, n=100, epochs=60, every=20, stop=False)
    assert table["update"].tolist() == [0, 40, 80, 120]
    assert table.training_loss.iloc[-1] < 0.05


# --- random features ------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(30, 10), (30, 30), (10, 30)])
@pytest.mark.parametrize("targets", [(), (3,)])
def test_ridge_path_is_the_pseudo_inverse_and_sklearns_ridge(shape, targets):
    X, y = normal(*shape), normal(shape[0], *targets, seed=1)
    smallest, ridge = ridge_path(X, y, [0.0, 0.5])
    np.testing.assert_allclose(smallest, np.linalg.pinv(X) @ y, atol=1e-9)
    np.testing.assert_allclose(ridge, Ridge(0.5, fit_intercept=False).fit(X, y).coef_.T, atol=1e-9)


def test_without_a_penalty_the_weights_are_the_smallest_of_all_that_fit():
    X, y = normal(10, 30), normal(10, seed=1)
    (w,) = ridge_path(X, y, [0.0])
    unseen = np.linalg.svd(X)[2][10:].T @ normal(20, seed=2)  # X does not see this direction
    np.testing.assert_allclose(X @ (w + unseen), y)
    assert np.linalg.norm(w) < np.linalg.norm(w + unseen)
    assert w @ unseen == pytest.approx(0)


@pytest.mark.parametrize("targets", [(), (3,)])
def test_where_no_feature_says_anything_the_smallest_weights_are_zero(targets):
    for weights in ridge_path(np.zeros((4, 6)), normal(4, *targets), [0.0, 0.5]):
        np.testing.assert_array_equal(weights, np.zeros((6, *targets)))


def test_the_parts_of_a_matrix_give_it_back_without_its_empty_directions():
    X = normal(8, 3) @ normal(3, 6, seed=1)  # rank 3
    U, s, V = decompose(X)
    assert s.shape == (3,)
    np.testing.assert_allclose(U * s @ V.T, X, atol=1e-12)


def test_copies_of_a_feature_share_its_weight():
    X, y = normal(20, 3), normal(20, seed=1)
    (once,), (twice,) = ridge_path(X, y, [0.0]), ridge_path(np.hstack([X, X]), y, [0.0])
    np.testing.assert_allclose(twice, np.tile(once / 2, 2))


def test_more_features_than_examples_leave_no_error():
    X, y = normal(40, 6), normal(40, 2, seed=1)
    model = RandomFeatures(200).fit(X, y)
    np.testing.assert_allclose(model.predict(X), y, atol=1e-8)
    assert model.coef_.shape == (200, 2)
    assert model.norm_ == pytest.approx(np.linalg.norm(model.coef_))
    assert RandomFeatures(200, alpha=1.0).fit(X, y).norm_ < model.norm_


def test_a_larger_model_has_the_features_of_the_smaller_one():
    X = normal(5, 3)
    few, many = RandomFeatures(7, seed=2), RandomFeatures(50, seed=2)
    small = few.transform(X) * np.sqrt(7)
    np.testing.assert_allclose(many.transform(X)[:, :7] * np.sqrt(50), small)


def test_one_input_gives_a_curve():
    x = np.linspace(-1, 1, 12)[:, None]
    model = RandomFeatures(100).fit(x, np.sin(3 * x[:, 0]))
    np.testing.assert_allclose(model.predict(x), np.sin(3 * x[:, 0]), atol=1e-6)


def test_the_test_error_descends_twice_and_a_tuned_penalty_takes_the_peak_away():
    tables = [
        memorisation.descend_twice((10, 60, 600), memorisation.ALPHAS, n=60, seed=seed)
        for seed in range(2)
    ]
    table = pd.concat(tables)
    few, as_many, many = summary(table[table.alpha == 0], "features", "test_loss")["mean"]
    assert as_many > 3 * max(few, many)
    few, as_many, many = summary(memorisation.tuned(table), "features", "test_loss")["mean"]
    assert few > as_many > many


def test_the_training_error_of_least_squares_never_rises_with_more_features():
    losses = memorisation.descend_twice((10, 30, 50, 60, 80), n=60)["training_loss"]
    assert (losses.diff().dropna() < 1e-12).all()
    assert losses.iloc[-1] < 1e-9


# --- stored runs ----------------------------------------------------------------------------------


def test_stored_random_labels_were_all_learned_and_come_out_again():
    table = load_experiment("random_labels")
    assert len(table) == 3 * 2 * 2 * 4
    assert (table.training == 0).all()
    case = {"seed": 0, "n": 300, "learning_rate": 0.1, "share": 0.5}
    (row,) = table[(table[list(case)] == pd.Series(case)).all(axis=1)].itertuples()
    last = memorisation.memorise(0.5, 300, rate=0.1).iloc[-1]
    assert last["update"] == pytest.approx(row.updates, abs=12)
    assert last["test"] == pytest.approx(row.test, rel=SAME)


def test_stored_curves_are_complete_and_begin_again():
    table = load_experiment("random_labels_curves")
    assert len(table) == 5 * 4 * 61
    assert (table.groupby(["seed", "share"])["update"].max() == 1200).all()
    before = table[(table.seed == 0) & (table.share == 0.5) & (table["update"] <= 60)]
    again = memorisation.memorise(0.5, 1000, rate=0.03, epochs=3, stop=False)
    for column in ("training", "test", "test_loss"):
        np.testing.assert_allclose(again[column], before[column], rtol=SAME)


def test_the_stored_double_descent_comes_out_again():
    table = load_experiment("double_descent")
    assert len(table) == 20 * len(memorisation.WIDTHS) * len(memorisation.ALPHAS)
    again = memorisation.descend_twice((100, 1000), (0.0, 1.0), seed=3)
    before = again[["features", "alpha", "seed"]].merge(table)
    for column in ("training", "test", "test_loss", "norm"):
        np.testing.assert_allclose(again[column], before[column], rtol=0.02)


def test_a_stored_network_comes_out_again():
    table = load_experiment("network_double_descent")
    assert len(table) == 4 * 14 * 9
    rows = table[(table.seed == 0) & (table.width == 24) & (table["update"] <= 300)]
    again = memorisation.memorise(0.2, 300, 24, 0.03, 0, epochs=50, every=50, stop=False)
    np.testing.assert_allclose(again["test"], rows["test"], rtol=SAME)
    assert (table.parameters == 207 * table.width + 10).all()


BAD = {
    "share": (lambda: random_labels([1], 1.5), "share must be at most 1, came 1.5"),
    "features": (lambda: RandomFeatures(0).transform([[1.0]]), "features must be at least 1"),
    "X": (lambda: RandomFeatures(3).transform([1.0]), "X must be 2-dimensional"),
    "lengths": (lambda: RandomFeatures(3).fit([[1.0]], [1.0, 2.0]), "X and y must have the same"),
    "alpha": (lambda: RandomFeatures(3, alpha=-1).fit([[1.0]], [1.0]), "alpha must be at least 0"),
    "not fitted": (lambda: RandomFeatures(3).predict([[1.0]]), "not fitted yet: call fit first"),
    "n": (lambda: memorisation.some_digits(0), "n must be at least 1"),
    "rows": (lambda: ridge_path(normal(3, 2), normal(4), [0]), "X and y must have the same"),
    "every": (lambda: memorisation.memorise(0, every=0), "every must be at least 1"),
    "epochs": (lambda: memorisation.memorise(0, epochs=0), "epochs must be at least 1"),
}


@pytest.mark.parametrize(("call", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_said(call, words):
    with pytest.raises(ValueError, match=words):
        call()
